//! People's data is nowhere outside the restricted folders.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nianbao::definitions::contract::{Column, ColumnType, Dataset, Shape};
use nianbao::definitions::layout::TableKind;
use nianbao::definitions::{self, Definitions};

use crate::support::{
    City, Record, Village, YAODU, files, get, identity, name, read, register, save, sheets, text, whole_city,
    with_check_digit,
};

/// Numbers and names of everybody that was loaded.
fn people(city: &City) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut numbers = BTreeSet::new();
    let mut names = BTreeSet::new();
    for path in files(&city.data().join("identity/people")) {
        for line in fs::read_to_string(path).unwrap().lines() {
            let person: serde_json::Value = serde_json::from_str(line).unwrap();
            numbers.insert(person["id_number"].as_str().unwrap().to_owned());
            names.insert(person["name"].as_str().unwrap().to_owned());
        }
    }
    // Damaged numbers in quarantine are personal, too.
    for path in files(&city.data().join("quarantine")) {
        let kept = fs::read_to_string(path).unwrap();
        numbers.extend(long_numbers(&kept).filter(|word| word.len() >= 17).map(str::to_owned));
    }
    (numbers, names)
}

/// All runs of 15 or more digits, with a closing X: what an ID number would be seen as.
fn long_numbers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| {
        word.len() >= 15 && word.trim_end_matches(['X', 'x']).bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[test]
fn no_number_or_name_of_a_person_is_in_any_table() {
    let city = whole_city();
    let (numbers, names) = people(city);
    assert!(numbers.len() > 30_000 && names.len() > 1_000, "{} people", numbers.len());
    let mut looked_at = 0;
    for path in files(&city.release()).iter().filter(|path| path.extension().is_some_and(|e| e == "parquet"))
    {
        for row in read(path) {
            for (column, value) in &row {
                looked_at += 1;
                assert!(!numbers.contains(value) && !names.contains(value), "{} {column}", path.display());
                assert_eq!(long_numbers(value).next(), None, "{} {column}", path.display());
            }
        }
    }
    assert!(looked_at > 1_000_000);
}

#[test]
fn no_number_or_name_of_a_person_is_in_any_workbook() {
    use calamine::{Reader, Xlsx, open_workbook};
    let city = whole_city();
    let (numbers, names) = people(city);
    let mut looked_at = 0;
    for path in files(&city.data().join("reports")).iter().filter(|path| path.extension().is_some()) {
        let mut book: Xlsx<_> = open_workbook(path).unwrap();
        for sheet in book.sheet_names() {
            for (row, column, cell) in book.worksheet_range(&sheet).unwrap().used_cells() {
                let value = cell.to_string();
                looked_at += 1;
                let at = format!("{} {sheet} {row} {column}", path.display());
                assert!(!numbers.contains(&value) && !names.contains(&value), "{at}");
                assert_eq!(long_numbers(&value).next(), None, "{at}");
            }
        }
    }
    assert!(looked_at > 5_000, "{looked_at}");
}

#[test]
fn no_number_of_a_person_is_in_any_other_file_or_output() {
    let city = whole_city();
    let restricted = ["landing", "identity", "staging", "quarantine"].map(|name| city.data().join(name));
    let mut looked_at = 0;
    for path in files(&city.data()) {
        let closed = restricted.iter().any(|folder| path.starts_with(folder));
        if closed || path.extension().is_some_and(|e| e == "parquet" || e == "xlsx") {
            continue;
        }
        looked_at += 1;
        let content = text(&fs::read(&path).unwrap());
        let found: Vec<_> = long_numbers(&content).filter(|word| word.len() == 18).collect();
        assert!(found.is_empty(), "{}", path.display());
    }
    assert!(looked_at >= 4);
}

#[test]
fn restricted_folders_and_files_are_closed_to_others() {
    let city = whole_city();
    for name in ["landing", "identity", "staging", "quarantine"] {
        let folder = city.data().join(name);
        let mode = fs::metadata(&folder).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o700, "{name}");
    }
    let key = city.data().join("identity/pseudonym.key");
    assert_eq!(fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);
}

/// Modes of the files and folders of a table in a release.
fn modes(release: &Path, table: &str) -> BTreeSet<u32> {
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = release.join("tables").join(table);
    let below = files(&folder).into_iter().flat_map(|file| [mode(&file), mode(file.parent().unwrap())]);
    below.chain([mode(&folder)]).collect()
}

#[test]
fn tables_of_persons_are_closed_to_others_and_the_rest_is_open() {
    let city = City::empty();
    let mut village = Village::new();
    village.deliver(&city);
    city.run();
    let first = city.release();
    for table in ["student", "graduate", "staff"] {
        assert_eq!(modes(&first, table), BTreeSet::from([0o640, 0o750]), "{table}");
        assert!(!first.join("flat").join(format!("{table}.parquet")).exists());
    }
    assert_eq!(modes(&first, "indicator_value"), BTreeSet::from([0o644, 0o755]));
    // As an earlier program left them: `verify` says so, the next run closes them, unchanged ones too.
    for file in files(&first.join("tables/graduate")) {
        fs::set_permissions(file.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
    }
    let verified = city.nianbao(&["verify"]);
    assert_eq!(verified.status.code(), Some(0));
    assert!(
        text(&verified.stderr).contains("2 files and folders of tables of persons can be read by everybody")
    );
    village.students.pop();
    village.deliver(&city);
    city.run();
    for release in [&first, &city.release()] {
        assert_eq!(modes(release, "graduate"), BTreeSet::from([0o640, 0o750]));
    }
    assert!(!text(&city.nianbao(&["verify"]).stderr).contains("by everybody"));
}

#[test]
fn a_bad_row_is_reported_by_its_place_and_kept_apart() {
    let city = City::empty();
    let village = Village::new();
    village.deliver(&city);
    let file = city.drop_folder().join("2024/students/all.csv");
    let roster = fs::read_to_string(&file).unwrap();
    let damaged = roster.replacen(",居民身份证,14100220080302", ",居民身份证,14100220080399", 1);
    assert_ne!(roster, damaged);
    fs::write(&file, &damaged).unwrap();
    let output = city.nianbao(&["run"]);
    assert_eq!(output.status.code(), Some(10));
    let everything = text(&output.stdout) + &text(&output.stderr);
    assert!(!everything.contains("14100220080399"));
    let findings = city.table("finding");
    let finding = findings.iter().find(|row| row["rule"] == "E-ID-FORMAT").unwrap();
    assert_eq!(
        (
            finding["file"].as_str(),
            finding["row"].as_str(),
            finding["column"].as_str(),
            finding["header"].as_str()
        ),
        ("2024/students/all.csv", "3", "F", "身份证件号")
    );
    assert!(findings.iter().all(|row| row.values().all(|value| !value.contains("14100220080399"))));
    let kept: String =
        files(&city.data().join("quarantine")).iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    assert!(kept.contains("14100220080399"));
}

/// A text as it may be hidden in a file: UTF-8, GBK, hexadecimal digits, base64 at each alignment.
pub fn disguises(canary: &str) -> Vec<Vec<u8>> {
    let (gbk, _, _) = encoding_rs::GBK.encode(canary);
    let mut forms = vec![canary.as_bytes().to_vec(), gbk.to_vec()];
    for bytes in [canary.as_bytes(), gbk.as_ref()] {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        forms.push(hex.to_uppercase().into_bytes());
        forms.push(hex.into_bytes());
        for shift in 0..3 {
            let padded = [&b"\0\0"[..shift], bytes].concat();
            let encoded = base64(&padded);
            // The ends depend on the characters next to it.
            let (from, to) = (shift + usize::from(shift > 0), encoded.len() - 4);
            forms.push(encoded[from.max(shift * 4 / 3)..to].to_vec());
        }
    }
    forms.retain(|form| form.len() >= 6);
    forms
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = |chunk: &[u8]| {
        let bits = chunk.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte))
            << (8 * (3 - chunk.len()));
        [18, 12, 6, 0].map(|shift| LETTERS[bits >> shift & 63])
    };
    bytes.chunks(3).flat_map(letters).collect()
}

#[test]
fn no_canary_leaves_the_restricted_folders_in_any_disguise() {
    let city = City::empty();
    let village = Village::new();
    village.deliver(&city);
    let id = with_check_digit("14100220080417123");
    let canaries = ["欧阳金丝雀", &id, &id[..17], "13912345678", "滨河路七号院九单元", "名册金丝雀"];
    // In good rows, bad rows, headers, sheet names and places where a number was expected.
    let file = city.drop_folder().join("2024/students/all.csv");
    let mut roster = fs::read_to_string(&file).unwrap();
    let row = |name: &str, id: &str, birth: &str, status: &str| {
        format!("{YAODU},{name},男,{birth},居民身份证,{id},汉族,统一招生考试/普通入学,202309,护理,{status}\n")
    };
    roster += &row(canaries[0], &id, "2008-04-17", "在读");
    roster += &row(canaries[0], &id, canaries[3], canaries[4]);
    roster += &row(&id, canaries[0], "2008-04-17", "在读");
    roster += &format!("{},{}\n", canaries[0], id);
    roster += &format!("\"{},{}\n", canaries[0], id);
    fs::write(&file, roster).unwrap();
    city.deliver("2024/students/headers.csv", format!("学校标识码,{},{}\n1,2,3\n", canaries[0], id));
    city.deliver("2024/students/cut.xls", format!("<table><tr><td>{}</td><td>{id}", canaries[0]));
    city.deliver("2024/staff/wrong.csv", format!("{id},{},{}\n", canaries[0], canaries[3]));
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet().set_name(canaries[5]).unwrap();
    sheet.write_string(0, 0, canaries[4]).unwrap();
    sheet.write_string(1, 0, &id).unwrap();
    city.deliver("2024/filings/f.xlsx", book.save_to_buffer().unwrap());
    city.deliver(&format!("2024/students/{id}.csv"), "x,y\n1,2\n");
    city.deliver(&format!("2024/students/班{}/名册.csv", canaries[3]), "x,y\n1,3\n");
    let mut bundle = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    bundle.start_file(format!("{id}.csv"), zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut bundle, b"x,y\n1,4\n").unwrap();
    city.deliver("2024/students/all.zip", bundle.finish().unwrap().into_inner());
    let output = city.nianbao(&["run"]);
    assert_eq!(output.status.code(), Some(10), "{}", text(&output.stderr));
    let shown = city.nianbao(&["runs", "show", "latest"]);
    let mut looked_at: Vec<(String, Vec<u8>)> = vec![
        ("output".into(), [output.stdout, output.stderr].concat()),
        ("ledger".into(), [shown.stdout, shown.stderr].concat()),
    ];
    let restricted = ["landing", "identity", "staging", "quarantine"].map(|name| city.data().join(name));
    for path in
        files(&city.data()).iter().filter(|path| restricted.iter().all(|zone| !path.starts_with(zone)))
    {
        let name = path.display().to_string();
        looked_at.push((name.clone(), name.clone().into_bytes()));
        looked_at.push((name.clone(), fs::read(path).unwrap()));
        // Compressed pages hide what they hold from a search of their bytes.
        if path.extension().is_some_and(|extension| extension == "parquet") {
            let cells: Vec<String> = read(path).into_iter().flat_map(BTreeMap::into_values).collect();
            looked_at.push((name, cells.join("\n").into_bytes()));
        }
    }
    assert!(looked_at.len() > 60, "{}", looked_at.len());
    let finder = |form: &[u8]| {
        looked_at.iter().find(|(_, bytes)| bytes.windows(form.len()).any(|window| window == form))
    };
    for canary in canaries {
        for form in disguises(canary) {
            let found = finder(&form).map(|(name, _)| name);
            assert_eq!(found, None, "{canary} as {}", text(&form));
        }
    }
    // The test sees what is there: the school's code is in the open, in its own spelling.
    assert!(finder(YAODU.as_bytes()).is_some());
    // The canaries did go through: they are kept where they belong.
    let kept: Vec<u8> =
        files(&city.data().join("quarantine")).iter().flat_map(|path| fs::read(path).unwrap()).collect();
    assert!(text(&kept).contains(canaries[0]) && text(&kept).contains(canaries[4]));
}

/// An invented person, as clerks write them into any cell at hand.
struct Canary {
    name: &'static str,
    id: String,
    phone: &'static str,
}

impl Canary {
    fn new() -> Self {
        let id = with_check_digit("14100220080417123");
        Canary { name: "欧阳金丝雀", id, phone: "13791234600" }
    }

    /// Alone, next to the name, split by all kinds of marks, in full width.
    fn spellings(&self) -> Vec<String> {
        let (id, phone, name) = (&self.id, self.phone, self.name);
        let wide = |text: &str| -> String {
            let widen = |c: char| char::from_u32(u32::from(c) + 0xfee0).unwrap();
            text.chars().map(|c| if c.is_ascii_graphic() { widen(c) } else { c }).collect()
        };
        let parts = |mark: &str| format!("{}{mark}{}{mark}{}", &phone[..3], &phone[3..7], &phone[7..]);
        let mut spellings = vec![id.clone(), wide(id), format!("{} {} {}", &id[..6], &id[6..14], &id[14..])];
        spellings.extend([phone.to_owned(), wide(&parts("-"))]);
        spellings.extend(["-", " ", ".", "_", "—", "·", "/", "，", "\u{200b}", " - "].map(parts));
        spellings.push(format!("({}){}", &phone[..3], &phone[3..]));
        spellings.push(format!("+86 {phone}"));
        spellings.extend([
            format!("{name}{phone}"),
            format!("{name} {}", parts("-")),
            format!("{id}（{name}）"),
        ]);
        spellings
    }
}

/// Everything that lies outside the restricted folders, by name: workbooks unpacked, tables decompressed.
fn in_the_open(city: &City) -> Vec<(String, Vec<u8>)> {
    let restricted = ["landing", "identity", "staging", "quarantine"].map(|name| city.data().join(name));
    let mut found = Vec::new();
    for path in
        files(&city.data()).iter().filter(|path| restricted.iter().all(|zone| !path.starts_with(zone)))
    {
        let name = path.display().to_string();
        found.push((name.clone(), name.clone().into_bytes()));
        found.push((name.clone(), fs::read(path).unwrap()));
        match path.extension().and_then(std::ffi::OsStr::to_str) {
            Some("parquet") => {
                let cells: Vec<String> = read(path).into_iter().flat_map(BTreeMap::into_values).collect();
                found.push((name, cells.join("\n").into_bytes()));
            }
            Some("xlsx") => found.extend(unpacked(path)),
            _ => {}
        }
    }
    found
}

fn unpacked(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    let mut members = Vec::new();
    for at in 0..archive.len() {
        let mut member = archive.by_index(at).unwrap();
        let name = format!("{}!{}", path.display(), member.name().unwrap());
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).unwrap();
        members.push((name.clone(), name.into_bytes()));
        members.push((format!("{}!{at}", path.display()), bytes));
    }
    members
}

/// The digits of a text, in whatever width, so that nothing between them hides anything.
fn digits(bytes: &[u8]) -> String {
    let narrow = |c: char| match c {
        '０'..='９' => char::from_u32(u32::from(c) - 0xfee0),
        _ => Some(c),
    };
    text(bytes).chars().filter_map(narrow).filter(char::is_ascii_digit).collect()
}

/// The places in the open where a canary is, in any disguise, with what is seen there.
fn leaks(canary: &Canary, open: &[(String, Vec<u8>)]) -> Vec<(String, String)> {
    let forms: Vec<Vec<u8>> = [canary.name, &canary.id, &canary.id[..17], canary.phone]
        .iter()
        .flat_map(|canary| disguises(canary))
        .collect();
    let has = |bytes: &[u8], form: &[u8]| bytes.windows(form.len()).any(|window| window == form);
    let mut leaks = Vec::new();
    for (name, bytes) in open {
        if let Some(form) = forms.iter().find(|form| has(bytes, form)) {
            leaks.push((name.clone(), text(form)));
        }
        // However it is spelled: in words, not where numbers follow each other in a file of numbers.
        for line in text(bytes).lines().filter(|line| line.len() < 300) {
            let digits = digits(line.as_bytes());
            if [canary.phone, &canary.id[..17]].iter().any(|number| digits.contains(number)) {
                leaks.push((name.clone(), line.to_owned()));
            }
        }
    }
    leaks
}

/// A value that a column takes.
fn sound(column: &Column, definitions: &Definitions, serial: u32) -> String {
    match column.kind {
        ColumnType::Text => "甲".to_owned(),
        ColumnType::SchoolCode => YAODU.to_owned(),
        ColumnType::Code => {
            let table = &definitions.codes[column.codes.as_ref().unwrap()];
            table.codes().iter().find(|code| code.valid_in(2024)).unwrap().label.clone()
        }
        ColumnType::Integer | ColumnType::Decimal => "1".to_owned(),
        ColumnType::YearMonth => "202409".to_owned(),
        ColumnType::BirthDate => identity(serial).1,
        ColumnType::PersonName => name(serial),
        ColumnType::IdNumber => identity(serial).0,
        ColumnType::RegistrationNumber => String::new(),
        ColumnType::Region => "141002".to_owned(),
        ColumnType::Major => "710201".to_owned(),
        ColumnType::ReportYear => "2024".to_owned(),
    }
}

fn header(column: &Column) -> String {
    let name = column.names.first().or(column.fallback_names.first()).unwrap();
    match &column.unit {
        Some(unit) if column.states_unit => format!("{name}（{unit}）"),
        _ => name.clone(),
    }
}

fn csv(cells: impl IntoIterator<Item = String>) -> String {
    let quoted = |cell: String| format!("\"{}\"", cell.replace('"', "\"\""));
    cells.into_iter().map(quoted).collect::<Vec<_>>().join(",") + "\n"
}

/// A file of a dataset in which every column in turn has every spelling of a canary, and how many rows have
/// one in a column of words.
fn poisoned(dataset: &Dataset, definitions: &Definitions, spellings: &[String]) -> (String, usize) {
    let mut file = csv(dataset.columns.iter().map(header));
    if dataset.version(2024).unwrap().header_rows == 2 {
        file += &csv(dataset.columns.iter().map(|_| String::new()));
    }
    let (mut serial, mut words) = (300, 0);
    for (at, column) in dataset.columns.iter().enumerate() {
        for spelling in spellings {
            serial += 1;
            words += usize::from(column.kind == ColumnType::Text);
            file += &csv(dataset.columns.iter().enumerate().map(|(other, column)| {
                if other == at {
                    spelling.clone()
                } else if column.kind == ColumnType::SchoolCode && dataset.table == "school" {
                    // One school a row.
                    format!("361400{serial:04}")
                } else {
                    sound(column, definitions, serial)
                }
            }));
        }
    }
    (file + &csv([format!("注：{}", spellings[0])]), words)
}

#[test]
fn no_column_of_any_contract_carries_a_number_of_a_person() {
    let canary = Canary::new();
    let spellings = canary.spellings();
    let definitions = definitions::load(&definitions::embedded()).unwrap();
    let city = City::empty();
    Village::new().deliver(&city);
    let mut expected: BTreeMap<String, usize> = BTreeMap::new();
    for dataset in definitions.datasets.iter().filter(|dataset| dataset.shape == Shape::Rows) {
        let (file, words) = poisoned(dataset, &definitions, &spellings);
        let mut path = format!("2024/{}/poisoned.csv", dataset.dataset);
        if dataset.table == "school" {
            // The schools themselves come first.
            path = "2024/schools/register.csv".to_owned();
            let columns: Vec<String> = dataset.columns.iter().map(header).collect();
            let village = register();
            let heads: Vec<&str> = village.lines().next().unwrap().split(',').collect();
            let rows = village.lines().skip(1).map(|line| {
                let cells: Vec<&str> = line.split(',').collect();
                let cell = |column: &String| heads.iter().position(|head| head == column).map(|at| cells[at]);
                csv(columns.iter().map(|column| cell(column).unwrap_or_default().to_owned()))
            });
            let (head, rest) = file.split_once('\n').unwrap();
            city.deliver(&path, format!("{head}\n{}{rest}", rows.collect::<String>()));
        } else {
            city.deliver(&path, file);
        }
        if words > 0 {
            expected.insert(dataset.dataset.clone(), words);
        }
    }
    assert!(expected.len() >= 7, "{expected:?}");
    let site = city.path().join("site.toml");
    fs::write(&site, "max_missing_schools = 1000\n").unwrap();
    city.run_with(&["--config", site.to_str().unwrap()]);
    let findings = city.table("finding");
    let count = |dataset: &str| -> usize {
        let is_counted = |row: &&Record| get(row, "rule") == "E-PERSONAL" && get(row, "dataset") == dataset;
        findings.iter().filter(is_counted).map(|row| get(row, "count").parse::<usize>().unwrap()).sum()
    };
    for (dataset, words) in &expected {
        assert_eq!(count(dataset), *words, "{dataset}");
    }
    assert_eq!(leaks(&canary, &in_the_open(&city)), []);
    // Each is kept where it belongs, for who is to mend it, and the row counts without it.
    let kept: String = files(&city.data().join("quarantine/rows"))
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    for spelling in &spellings {
        assert!(kept.contains(spelling.as_str()), "{spelling}");
    }
    let prizes = city.table("contest_prize").iter().filter(|row| get(row, "contest").is_empty()).count();
    assert_eq!(prizes, spellings.len());
}

/// A filing with a canary in every cell of words, and in every line of the lists under its tables.
fn poisoned_filing(definitions: &Definitions, spellings: &[String]) -> (Vec<u8>, usize) {
    let mut book = rust_xlsxwriter::Workbook::new();
    let mut next = spellings.iter().cycle();
    let mut planted = 0;
    let layout = definitions.layout(2024).unwrap();
    for table in layout.tables.iter().filter(|table| table.kind == TableKind::Official) {
        let sheet = book.add_worksheet().set_name(&table.id).unwrap();
        let mut at = 0;
        let mut write = |cells: &[String]| {
            for (column, cell) in (0..).zip(cells) {
                sheet.write_string(at, column, cell).unwrap();
            }
            at += 1;
        };
        write(std::slice::from_ref(&table.title));
        write(&[format!("名称：云岭职业学校({YAODU})")]);
        let mut head: Vec<String> = ["序号", "指标", "单位", "2023年", "2024年"].map(str::to_owned).into();
        head.extend(table.beside.iter().cloned());
        write(&head);
        for row in table.rows.iter().filter(|row| !table.beside.contains(&row.measure)) {
            let mut cells = vec![String::new(), row.label.clone(), row.unit.clone()];
            for _ in 0..2 {
                planted += usize::from(row.text);
                cells.push(if row.text { next.next().unwrap().clone() } else { "1".to_owned() });
            }
            for measure in &table.beside {
                let beside =
                    table.rows.iter().find(|other| other.path == row.path && other.measure == *measure);
                let is_words = beside.is_some_and(|row| row.text);
                planted += usize::from(is_words);
                cells.push(if is_words { next.next().unwrap().clone() } else { "1".to_owned() });
            }
            write(&cells);
        }
        if let Some(list) = &table.list {
            write(&[&["序号".to_owned()], &list.columns[..]].concat());
            for spelling in spellings {
                let line: Vec<String> = list.columns.iter().map(|_| spelling.clone()).collect();
                planted += line.len();
                write(&[&["1".to_owned()], &line[..]].concat());
            }
        }
    }
    (book.save_to_buffer().unwrap(), planted)
}

#[test]
fn no_cell_of_a_filing_carries_a_number_of_a_person() {
    let canary = Canary::new();
    let definitions = definitions::load(&definitions::embedded()).unwrap();
    let city = City::empty();
    Village::new().deliver(&city);
    let (filing, planted) = poisoned_filing(&definitions, &canary.spellings());
    assert!(planted > 60, "{planted}");
    city.deliver("2024/filings/f.xlsx", filing);
    city.run();
    let findings = city.table("finding");
    let personal = findings.iter().filter(|row| get(row, "rule") == "E-PERSONAL");
    assert_eq!(personal.map(|row| get(row, "count").parse::<usize>().unwrap()).sum::<usize>(), planted);
    assert_eq!(leaks(&canary, &in_the_open(&city)), []);
}

#[test]
fn names_of_files_sheets_and_headers_are_shown_without_numbers_of_persons() {
    let canary = Canary::new();
    let city = City::empty();
    let village = Village::new();
    village.deliver(&city);
    for (at, spelling) in canary.spellings().iter().filter(|spelling| !spelling.contains('/')).enumerate() {
        // No two are the same bytes: each is a delivery of its own.
        city.deliver(&format!("2024/students/{spelling}.csv"), format!("x,{spelling}\n1,{at}\n"));
        city.deliver(&format!("2024/students/{spelling}/{at}.csv"), format!("{spelling},y\n1,{at}\n"));
        let mut bundle = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        bundle.start_file(format!("{spelling}.csv"), zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut bundle, format!("x,y\n{at},4\n").as_bytes()).unwrap();
        city.deliver(&format!("2024/staff/{at}.zip"), bundle.finish().unwrap().into_inner());
        // Sheets that read, and are in every row's source; a header more than the contract knows.
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet().set_name(spelling).unwrap();
        let (id, ..) = identity(400 + u32::try_from(at).unwrap());
        let header = [
            "学校标识码",
            "姓名",
            "身份证件类型",
            "身份证件号",
            "教职工类别",
            "双师型",
            "当前状态",
            spelling,
        ];
        let row =
            [YAODU, &name(400 + u32::try_from(at).unwrap()), "居民身份证", &id, "专任教师", "是", "在职", ""];
        for (line, cells) in (0..).zip([header, row]) {
            for (column, cell) in (0..).zip(cells) {
                sheet.write_string(line, column, cell).unwrap();
            }
        }
        city.deliver(&format!("2024/staff/{at}.xlsx"), book.save_to_buffer().unwrap());
    }
    let output = city.nianbao(&["run"]);
    assert_eq!(output.status.code(), Some(10), "{}", text(&output.stderr));
    let mut open = in_the_open(&city);
    for command in [&["runs", "show", "latest"][..], &["quarantine", "list"], &["check"]] {
        let shown = city.nianbao(command);
        open.push((format!("{command:?}"), [shown.stdout, shown.stderr].concat()));
    }
    open.push(("run".to_owned(), [output.stdout, output.stderr].concat()));
    assert_eq!(leaks(&canary, &open), []);
    // Hidden names stay distinct: as many sheets as there were.
    let sheets: BTreeSet<String> =
        city.table("staff").iter().map(|row| get(row, "source_sheet").to_owned()).collect();
    assert_eq!(
        sheets.len(),
        1 + canary.spellings().iter().filter(|spelling| !spelling.contains('/')).count()
    );
}

#[test]
fn no_decision_takes_a_number_of_a_person() {
    let canary = Canary::new();
    let city = City::empty();
    Village::new().deliver(&city);
    city.deliver("2024/filings/a.csv", crate::reconcile::filing(YAODU, "3", "5", "1000"));
    city.run();
    let path = files(&city.data().join("reports/2024"))
        .into_iter()
        .find(|path| path.to_string_lossy().ends_with("差异表.xlsx"))
        .unwrap();
    let book = sheets(&path);
    let heads = book[0].1.iter().position(|row| row.iter().any(|cell| cell == "处理说明")).unwrap();
    let column = |head: &str| book[0].1[heads].iter().position(|cell| cell == head).unwrap();
    let filled = city.path().join("filled.xlsx");
    for spelling in canary.spellings() {
        let words = spelling.as_str();
        let commands: [&[&str]; 8] = [
            &[
                "override", "set", "students", "--year", "2024", "--school", YAODU, "--value", "9", "--by",
                "王", "--why", words,
            ],
            &[
                "override", "set", "students", "--year", "2024", "--school", YAODU, "--value", "9", "--by",
                words, "--why", "x",
            ],
            &["override", "accept", "--rule", "E-VOLUME", "--file", "x", "--by", "王", "--why", words],
            &["override", "answer", "2024/x", "--by", "王", "--why", words],
            &["override", "withdraw", "1", "--by", words, "--why", "x"],
            &["sign", "--year", "2024", "--as", "preparer", "--by", words],
            &["freeze", "--year", "2024", "--by", words, "--why", "x"],
            &["freeze", "--year", "2024", "--lift", "--by", "王", "--why", words],
        ];
        for command in commands {
            let output = city.nianbao(command);
            let said = text(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{command:?} {said}");
            assert!(said.contains("personal numbers must not be written there"), "{command:?} {said}");
        }
        for head in ["处理说明", "处理人"] {
            let mut book = book.clone();
            let row = &mut book[0].1[heads + 1];
            (row[column("处理说明")], row[column("处理人")]) = ("已核实".to_owned(), "王科长".to_owned());
            row[column(head)] = spelling.clone();
            save(&book, &filled);
            let output = city.nianbao(&["override", "read", filled.to_str().unwrap()]);
            assert_eq!(output.status.code(), Some(2), "{spelling} {head}");
        }
    }
    assert!(!city.data().join("ledger/overrides").exists());
    assert_eq!(leaks(&canary, &in_the_open(&city)), []);
}
