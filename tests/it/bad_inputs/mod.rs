//! Files as schools really send them, and worse: what each must get.
//!
//! Every case is the delivery of one school. The cases of a section are dropped together and run
//! once, so that each also shows that it costs the others nothing. The outcome of a file is described in
//! one line, and compared with the expected one as a whole: outcome, rows
//! (loaded+quarantined+duplicate+structural), and every finding with its row.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;

use crate::support::{City, Record, get, text, with_check_digit};

/// One file, and the line that must come of it: `decoded 999+1+0+1 E-QUOTE@5`.
pub struct Case {
    /// As in the list of bad inputs: `A01`, or `A01b` for a second file of one entry.
    pub id: &'static str,
    /// The special feature of the file, in a few words.
    pub input: &'static str,
    /// Name of the delivered file; it decides nothing.
    pub file: &'static str,
    /// `students` unless the case is about another dataset.
    pub dataset: &'static str,
    pub bytes: Vec<u8>,
    pub expected: &'static str,
}

/// A roster of one school: header and rows of text cells, clean until a case spoils it.
#[derive(Clone)]
pub struct Roster {
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

pub const HEADER: [&str; 11] = [
    "学校标识码",
    "姓名",
    "性别",
    "出生日期",
    "身份证件类型",
    "身份证件号",
    "民族",
    "入学方式",
    "入学年月",
    "专业名称",
    "学生当前状态",
];

impl Roster {
    /// `rows` clean students of the school of `id`; no student is in two rosters of different ids.
    pub fn of(id: &str, rows: usize) -> Self {
        let first = school_serial(id) * 2_000;
        let rows = (0..rows).map(|index| student(&school_code(id), first + index)).collect();
        Roster { header: HEADER.map(str::to_owned).to_vec(), rows }
    }

    /// Comma separated text with LF line ends.
    pub fn csv(&self) -> String {
        let lines = std::iter::once(&self.header).chain(&self.rows);
        lines.map(|cells| cells.join(",") + "\n").collect()
    }

    /// One `.xlsx` sheet named `sheet1`, every cell text.
    pub fn xlsx(&self) -> Vec<u8> {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet().set_name("sheet1").unwrap();
        for (row, cells) in std::iter::once(&self.header).chain(&self.rows).enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                let (row, column) = (u32::try_from(row).unwrap(), u16::try_from(column).unwrap());
                sheet.write_string(row, column, cell).unwrap();
            }
        }
        book.save_to_buffer().unwrap()
    }
}

/// The place of an id in the list, so that every case has its own school and people.
fn school_serial(id: &str) -> usize {
    let section = usize::from(id.as_bytes()[0] - b'A');
    let number: usize = id[1..3].parse().unwrap();
    let variant = id.as_bytes().get(3).map_or(0, |letter| usize::from(letter - b'a' + 1));
    section * 400 + number * 8 + variant
}

/// 学校标识码 of the school that delivers a case.
pub fn school_code(id: &str) -> String {
    format!("3614{:06}", 100_000 + school_serial(id))
}

fn student(school: &str, serial: usize) -> Vec<String> {
    const GIVEN: [char; 10] = ['安', '宁', '文', '雅', '远', '晨', '浩', '然', '思', '齐'];
    let digit = |n: usize| GIVEN[n % 10];
    let day = serial / 500;
    let (month, day) = (day / 28 % 12 + 1, day % 28 + 1);
    let year = 2005 + serial / 500 / 28 / 12;
    let id = with_check_digit(&format!("141002{year}{month:02}{day:02}{:03}", serial % 500 * 2));
    [
        school,
        &format!("欧阳{}{}{}", digit(serial / 100), digit(serial / 10), digit(serial)),
        "女",
        &format!("{year}-{month:02}-{day:02}"),
        "居民身份证",
        &id,
        "汉族",
        "统一招生考试/普通入学",
        "202309",
        "护理",
        "在读",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Drops all cases of a section, runs once, and compares every line.
pub fn check(section: &str, cases: &[Case]) {
    let city = City::empty();
    let ids: BTreeSet<&str> = cases.iter().map(|case| case.id).collect();
    assert_eq!(ids.len(), cases.len(), "an id is used twice");
    city.deliver("2024/schools/register.csv", register(&ids));
    for case in cases {
        city.deliver(&format!("2024/{}/{}/{}", case.dataset, case.id, case.file), &case.bytes);
    }
    // A school whose only file is rejected has sent nothing.
    let config = city.path().join("site.toml");
    fs::write(&config, "max_missing_schools = 1000\n").unwrap();
    let output = city.nianbao(&["run", "--json", "--config", config.to_str().unwrap()]);
    let code = output.status.code();
    assert!(matches!(code, Some(0 | 10)), "exit {code:?}: {}", text(&output.stderr));
    let lines = outcomes(&city);
    let mut table = String::from("id\tinput\texpected\tgot\tsame\n");
    let mut wrong = Vec::new();
    for case in cases {
        let got = lines.get(case.id).map_or("nothing", String::as_str);
        let same = got == case.expected;
        table += &format!("{}\t{}\t{}\t{got}\t{same}\n", case.id, case.input, case.expected);
        if !same {
            wrong.push(format!(
                "{} ({})\n  expected {}\n  got      {got}",
                case.id, case.input, case.expected
            ));
        }
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bad-inputs");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{section}.tsv")), table).unwrap();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn register(ids: &BTreeSet<&str>) -> String {
    let mut register = String::from(
        "学校标识码,学校名称,办学类型,举办者性质,隶属层级,属地管理行政区划码,学校状态,教职工额定编制数\n",
    );
    for id in ids {
        let code = school_code(id);
        register += &format!("{code},云岭{}职业学校,职业高中学校,公办,县属,141002,正常,30\n", &code[4..]);
    }
    register
}

/// The outcome of the delivery in each case's folder, in one line; members of a bundle joined by ` / `.
fn outcomes(city: &City) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for finding in city.table("finding") {
        for column in ["message", "remedy"] {
            let is_chinese = get(&finding, column).chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            assert!(is_chinese, "{column} of {}", get(&finding, "rule"));
        }
        // Places are complete: a finding with a column also has its header and row.
        if !get(&finding, "column").is_empty() {
            assert!(get(&finding, "row") != "0" && !get(&finding, "header").is_empty(), "{finding:?}");
        }
        let file = get(&finding, "file");
        assert!(get(&finding, "row") == "0" || !file.is_empty(), "{finding:?}");
        let place = match get(&finding, "row") {
            "0" => String::new(),
            row => format!("@{row}"),
        };
        let entry = found.entry(get(&finding, "file").to_owned()).or_default();
        entry.insert(format!("{}{place}", get(&finding, "rule")));
    }
    let mut lines: BTreeMap<String, String> = BTreeMap::new();
    for delivery in city.table("delivery") {
        let counts = ["rows_loaded", "rows_quarantined", "rows_duplicate", "rows_structural"]
            .map(|column| get(&delivery, column).parse::<u64>().unwrap());
        assert_eq!(counts.iter().sum::<u64>().to_string(), get(&delivery, "rows_physical"));
        let line = one_line(&delivery, counts, found.get(get(&delivery, "file")));
        let Some(id) = get(&delivery, "file").split('/').nth(2) else { continue };
        let known = lines.entry(id.to_owned()).or_default();
        *known = if known.is_empty() { line } else { format!("{known} / {line}") };
    }
    lines
}

fn one_line(delivery: &Record, counts: [u64; 4], found: Option<&BTreeSet<String>>) -> String {
    let outcome = get(delivery, "outcome");
    let rules: Vec<&str> = found.into_iter().flatten().map(String::as_str).collect();
    let counts = counts.map(|count| count.to_string()).join("+");
    let counts = if outcome == "rejected" { String::new() } else { format!(" {counts}") };
    let rules = if rules.is_empty() { String::new() } else { format!(" {}", rules.join(" ")) };
    format!("{outcome}{counts}{rules}")
}

/// Bytes of a text in GBK.
pub fn gbk(text: &str) -> Vec<u8> {
    let (bytes, _, unmapped) = encoding_rs::GBK.encode(text);
    assert!(!unmapped);
    bytes.into_owned()
}

/// A zip of these entries.
pub fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Every occurrence of some bytes replaced by as many others.
pub fn patched(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let places: Vec<usize> =
        bytes.windows(from.len()).enumerate().filter(|(_, w)| *w == from).map(|(at, _)| at).collect();
    assert!(!places.is_empty(), "nothing to replace");
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

mod text_encoding;

mod csv;

mod xlsx;

mod xls;

mod html;

mod json;

mod bundle;
mod rows;

mod names;

mod totals;

mod units;

mod cells;

mod identifiers;

mod dates_and_numbers;

mod years;

mod odd;

mod conservation;
