//! Section K: files that look like deliveries, and are something besides: a template with its sample, a page of a
//! list, what a program wrote for nothing.

use jiff::ToSpan;
use jiff::civil::Date;

use super::{Case, Roster, check};
use crate::support::{City, HONGTONG, PROVINCIAL, Record, Village, YAODU, get};

fn case(
    id: &'static str,
    input: &'static str,
    file: &'static str,
    bytes: impl Into<Vec<u8>>,
    expected: &'static str,
) -> Case {
    Case { id, input, file, dataset: "students", bytes: bytes.into(), expected }
}

const CLEAN: &str = "decoded 40+0+0+1";
const NAME: usize = 1;
const BIRTH: usize = 3;
const NATION: usize = 6;

fn roster(id: &str) -> Roster {
    Roster::of(id, 40)
}

/// A roster whose rows are changed one by one.
fn changed(id: &str, change: impl Fn(usize, &mut Vec<String>)) -> Roster {
    let mut roster = roster(id);
    roster.rows.iter_mut().enumerate().for_each(|(index, row)| change(index, row));
    roster
}

/// With one more column, that no contract knows.
fn with_column(id: &str, value: impl Fn(usize) -> String) -> Roster {
    let mut roster = changed(id, |index, row| row.push(value(index)));
    roster.header.push("家庭备用地址".to_owned());
    roster
}

fn objects(roster: &Roster) -> String {
    let object = |row: &Vec<String>| {
        let fields = roster.header.iter().zip(row).map(|(name, value)| format!("\"{name}\":\"{value}\""));
        format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
    };
    format!("[{}]", roster.rows.iter().map(object).collect::<Vec<_>>().join(","))
}

#[test]
fn what_is_not_a_delivered_person_is_not_counted() {
    check("K", &cases());
}

fn cases() -> Vec<Case> {
    [samples_and_pages(), values(), formats(), locked(), spellings()].into_iter().flatten().collect()
}

#[test]
fn a_good_city_is_the_same_with_all_of_it_beside() {
    const FOLDERS: [&str; 5] =
        ["#recycle", "@eaDir", ".stversions", ".Trash-1000/files", "$RECYCLE.BIN/S-1-5-21"];
    let alone = City::empty();
    Village::new().deliver(&alone);
    alone.run();
    let beside = City::empty();
    Village::new().deliver(&beside);
    let cases = cases();
    let schools = super::register(&cases.iter().map(|case| case.id).collect());
    let (_, schools) = schools.split_once('\n').unwrap();
    beside.deliver("2024/schools/register.csv", crate::support::register() + schools);
    for case in &cases {
        beside.deliver(&format!("2024/{}/{}/{}", case.dataset, case.id, case.file), &case.bytes);
    }
    for folder in FOLDERS {
        beside.deliver(&format!("2024/students/{folder}/old.csv"), Roster::of("K90", 5).csv());
    }
    let config = beside.path().join("site.toml");
    std::fs::write(&config, "max_missing_schools = 1000\n").unwrap();
    beside.run_with(&["--config", config.to_str().unwrap()]);
    let of = |city: &City| {
        let is_good = |record: &Record| [YAODU, HONGTONG, PROVINCIAL].contains(&get(record, "school_code"));
        let value = |row: &Record| {
            ["indicator_id", "basis", "breakdown", "school_code", "state", "value"]
                .map(|c| get(row, c).to_owned())
        };
        let values = city.table("indicator_value");
        let mut lines: Vec<_> =
            values.iter().filter(|row| is_good(row)).map(|row| value(row).join(" ")).collect();
        let deliveries = city.table("delivery");
        let files = deliveries.iter().filter(|row| get(row, "file").ends_with("/all.csv"));
        lines.extend(files.map(|row| {
            ["file", "outcome", "rows_loaded", "rows_quarantined"].map(|c| get(row, c)).join(" ")
        }));
        lines.sort();
        lines
    };
    let expected = of(&alone);
    assert!(expected.len() > 100, "{}", expected.len());
    assert_eq!(of(&beside), expected);
    let read = beside.table("delivery");
    assert!(FOLDERS.iter().all(|folder| read.iter().all(|row| !get(row, "file").contains(folder))));
}

fn samples_and_pages() -> Vec<Case> {
    let csv = |id: &str| roster(id).csv();
    let sample = |id: &str, place: usize, text: &str| {
        let mut roster = Roster::of(id, 41);
        roster.rows[0][place] += text;
        roster.csv()
    };
    let list = |id: &str| objects(&roster(id));
    let two_pages = {
        let text = csv("K07");
        let lines: Vec<&str> = text.lines().collect();
        let (first, second) = lines.split_at(21);
        format!("{}\n第1页/共2页\n{}\n第2页/共2页\n", first.join("\n"), second.join("\n"))
    };
    vec![
        case(
            "K01",
            "the template's sample, named so",
            "名册.csv",
            sample("K01", NAME, "（示例）"),
            "decoded 40+0+0+2 W-EXAMPLE@2",
        ),
        case(
            "K01b",
            "a person who lives at 示例路",
            "名册.csv",
            with_column("K01b", |_| "示例路1号".into()).csv(),
            "decoded 40+0+0+1 W-SCHEMA-NEW@1",
        ),
        case(
            "K02",
            "a count beside the rows",
            "名册.json",
            format!("{{\"code\":0,\"count\":340,\"data\":{}}}", list("K02")),
            "set_aside 0+40+0+1 E-PAGE",
        ),
        case(
            "K02b",
            "a count that is true",
            "名册.json",
            format!("{{\"code\":0,\"count\":40,\"data\":{}}}", list("K02b")),
            CLEAN,
        ),
        case(
            "K03",
            "a page within an answer",
            "名册.json",
            format!("{{\"content\":{},\"page\":{{\"size\":40,\"totalElements\":340}}}}", list("K03")),
            "set_aside 0+40+0+1 E-PAGE",
        ),
        case(
            "K04",
            "a first page",
            "名册.csv",
            csv("K04") + "第1页/共9页　共340条记录　每页40条\n",
            "set_aside 0+40+0+2 E-COUNT@42 E-PAGE@42",
        ),
        case(
            "K05",
            "a page that says of how many alone",
            "名册.csv",
            csv("K05") + "第 2 页 / 共 3 页\n",
            "set_aside 0+40+0+2 E-PAGE@42",
        ),
        case("K06", "the only page", "名册.csv", csv("K06") + "第1页/共1页，共40条\n", "decoded 40+0+0+2"),
        case("K07", "all pages, one under the other", "名册.csv", two_pages, "decoded 40+0+0+3"),
    ]
}

fn values() -> Vec<Case> {
    let day_before = |row: &mut Vec<String>, time: &str| {
        let born: Date = row[BIRTH].parse().unwrap();
        row[BIRTH] = format!("{} {time}", born.checked_sub(1.day()).unwrap());
    };
    let nothing = ["\\N", "(NULL)", "nan", "NaT", "None", "undefined", "NULL"];
    vec![
        case(
            "K11",
            "midnight in Shanghai's old zone",
            "名册.csv",
            changed("K11", |_, row| day_before(row, "23:54:17")).csv(),
            CLEAN,
        ),
        case(
            "K12",
            "the end of a day",
            "名册.csv",
            changed("K12", |_, row| row[BIRTH] += " 23:59:59").csv(),
            CLEAN,
        ),
        case(
            "K13",
            "words of programs for nothing",
            "名册.csv",
            changed("K13", |index, row| nothing[index % nothing.len()].clone_into(&mut row[NATION])).csv(),
            CLEAN,
        ),
        case(
            "K14",
            "controls where nothing is read",
            "名册.csv",
            with_column("K14", |index| format!("路{}号", if index % 9 == 0 { '\u{1f}' } else { '9' })).csv(),
            "decoded 40+0+0+1 W-SCHEMA-NEW@1",
        ),
        case(
            "K15",
            "a control in a name",
            "名册.csv",
            changed("K15", |index, row| {
                if index == 3 {
                    row[NAME].push('\u{1}');
                }
            })
            .csv(),
            "decoded 39+1+0+1 E-CTRL@5",
        ),
        case(
            "K16",
            "a lost character, and the same person whole",
            "名册.csv",
            lost_name(),
            "decoded 41+0+0+1 Q-NAME-LOST@2 Q-TWICE@42",
        ),
        case(
            "K17",
            "an entity in a name, and the same row without",
            "名册.csv",
            {
                let mut roster = changed("K17", |index, row| {
                    if index == 0 {
                        "买买提&middot;艾力".clone_into(&mut row[NAME]);
                    }
                });
                let mut whole = roster.rows[0].clone();
                "买买提·艾力".clone_into(&mut whole[NAME]);
                roster.rows.push(whole);
                roster.csv()
            },
            "decoded 41+0+0+1 Q-TWICE@42",
        ),
    ]
}

/// The first student twice: once as a system without his character wrote him.
fn lost_name() -> String {
    let mut roster = roster("K16");
    let mut whole = roster.rows[0].clone();
    "张𠮷".clone_into(&mut whole[NAME]);
    "张?".clone_into(&mut roster.rows[0][NAME]);
    roster.rows.push(whole);
    roster.csv()
}

fn formats() -> Vec<Case> {
    let locked = [&b"\x62\x14\x23\x65\xa9\x01\x57\x00"[..], &[0x9c; 4096]].concat();
    let dbase = [&b"\x03\x7c\x09\x01\x02\0\0\0\x41\0\x20\0"[..], &[0; 52], &b"\r"[..], &[0xb0; 64]].concat();
    let page = |id: &str, charset: &str| {
        let roster = roster(id);
        let rows = std::iter::once(&roster.header).chain(&roster.rows);
        let row = |cells: &Vec<String>| format!("<tr><td>{}</td></tr>", cells.join("</td><td>"));
        let rows: String = rows.map(row).collect();
        format!("<html><head><meta charset=\"{charset}\"></head><table>{rows}</table></html>")
    };
    let gbk = |text: &str| encoding_rs::GBK.encode(text).0.into_owned();
    vec![
        case("K21", "encrypted by a program against leaks", "名册.xlsx", locked, "rejected E-PROTECTED"),
        case("K22", "a dBASE table", "SZBMK.DBF", dbase, "rejected E-FMT"),
        case("K23", "SYLK", "名册.xls", "ID;PWXL;N;E\r\nC;Y1;X1;K\"学校\"\r\n", "rejected E-FMT"),
        case(
            "K24",
            "a page that says gb2312 and is UTF-8",
            "名册.xls",
            page("K24", "gb2312"),
            "decoded 40+0+0+1 W-ENC-CONFLICT",
        ),
        case(
            "K26",
            "a page of two bytes a character",
            "名册.xls",
            {
                let page = page("K26", "utf-8");
                let units = page.encode_utf16().flat_map(u16::to_le_bytes);
                [0xff, 0xfe].into_iter().chain(units).collect::<Vec<u8>>()
            },
            CLEAN,
        ),
        case(
            "K27",
            "the end of a DOS file",
            "名册.csv",
            roster("K27").csv().replace('\n', "\r\n") + "\u{1a}",
            CLEAN,
        ),
        case(
            "K25",
            "a page that says UTF-8 and is GBK",
            "名册.xls",
            gbk(&page("K25", "utf-8")),
            "decoded 40+0+0+1 W-ENC-CONFLICT",
        ),
    ]
}

/// Of 20 students each; as other programs wrote them.
fn locked() -> Vec<Case> {
    const READ: &str = "decoded 20+0+0+1";
    let file = |name: &str| {
        std::fs::read(format!("{}/tests/fixtures/locked/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    };
    vec![
        case("K31", "protected against changes", "名册.xlsx", file("agile.xlsx"), READ),
        case("K32", "protected against changes, RC4", "名册.xls", file("rc4.xls"), READ),
        case("K33", "protected against changes, XOR", "名册.xls", file("xor.xls"), READ),
        case("K34", "a password", "名册.xls", file("password.xls"), "rejected E-XL-ENCRYPTED"),
    ]
}

fn spellings() -> Vec<Case> {
    const MARKS: [&str; 11] = ["★", "☆", "*", "＊", "●", "△", "▲", "必填 ", "【必填】", "※", "◆"];
    let headed = |id: &str, head: &dyn Fn(&str, &str) -> String| {
        let mut roster = roster(id);
        roster.header.iter_mut().zip(MARKS).for_each(|(name, mark)| *name = head(name.as_str(), mark));
        roster.csv()
    };
    let quoted = |id: &str, mark: char| {
        changed(id, |_, row| {
            for place in [0, 5] {
                row[place].insert(0, mark);
            }
        })
    };
    let page = |id: &str, beside: &str| {
        let roster = roster(id);
        let rows = std::iter::once(&roster.header).chain(&roster.rows);
        let rows: String =
            rows.map(|cells| format!("<tr><td>{}</td></tr>", cells.join("</td><td>"))).collect();
        format!("<html><table>{rows}</table>{beside}</html>")
    };
    let sample = |id: &str, name: &str| {
        let mut roster = Roster::of(id, 41);
        name.clone_into(&mut roster.rows[0][NAME]);
        roster.csv()
    };
    vec![
        case(
            "K41",
            "marks before heads",
            "名册.csv",
            headed("K41", &|name, mark| format!("{mark}{name}")),
            CLEAN,
        ),
        case(
            "K42",
            "marks after heads",
            "名册.csv",
            headed("K42", &|name, mark| format!("{name}{mark}")),
            CLEAN,
        ),
        case("K43", "an apostrophe before codes", "名册.xlsx", quoted("K43", '\'').xlsx(), CLEAN),
        case("K43b", "another apostrophe before codes", "名册.csv", quoted("K43b", '’').csv(), CLEAN),
        case(
            "K44",
            "instructions beside the data",
            "名册.xlsx",
            book_of(
                "K44",
                &[("填表说明", &[&["填表说明"], &["学校标识码填 10 位"], &["例：3614000001", "张三"]])],
                "学生",
            ),
            "decoded 40+0+0+4 W-COVER",
        ),
        case(
            "K44b",
            "data in a sheet that is called as instructions are",
            "名册.xlsx",
            book_of("K44b", &[], "说明"),
            CLEAN,
        ),
        case(
            "K45",
            "a page that says so beside its table",
            "名册.xls",
            page("K45", "<div>第<b>1</b>页/共<b>9</b>页</div>"),
            "set_aside 0+40+0+1 E-PAGE",
        ),
        case(
            "K45b",
            "a page with its number of rows in a table of its own",
            "名册.xls",
            page("K45b", "<table><tr><td>共 340 条记录</td></tr></table>"),
            "set_aside 0+40+0+2 E-PAGE",
        ),
        case("K45c", "the only page", "名册.xls", page("K45c", "<p>第1页/共1页 共40条</p>"), CLEAN),
        case("K46", "a sample", "名册.csv", sample("K46", "样例：张三"), "decoded 40+0+0+2 W-EXAMPLE@2"),
        case(
            "K46b",
            "another sample",
            "名册.csv",
            sample("K46b", "（示例）张三"),
            "decoded 40+0+0+2 W-EXAMPLE@2",
        ),
        case(
            "K47",
            "an answer that goes on",
            "名册.json",
            format!("{{\"data\":{{\"list\":{},\"hasNextPage\":true}}}}", objects(&roster("K47"))),
            "set_aside 0+40+0+1 E-PAGE",
        ),
        case("K48", "noise", "名册.xlsx", noise(), "rejected E-FMT"),
    ]
}

/// Bytes as encryption leaves them.
fn noise() -> Vec<u8> {
    (0..6000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).collect()
}

/// A roster in a sheet of this name, with other sheets before it.
fn book_of(id: &str, sheets: &[(&str, &[&[&str]])], name: &str) -> Vec<u8> {
    let students = roster(id);
    let rows: Vec<Vec<&str>> = std::iter::once(&students.header)
        .chain(&students.rows)
        .map(|row| row.iter().map(String::as_str).collect())
        .collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    workbook(&[sheets, &[(name, &rows)]].concat())
}

fn workbook(sheets: &[(&str, &[&[&str]])]) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    for (name, rows) in sheets {
        let sheet = book.add_worksheet().set_name(*name).unwrap();
        for (number, cells) in (0..).zip(*rows) {
            for (column, cell) in (0..).zip(*cells) {
                sheet.write_string(number, column, *cell).unwrap();
            }
        }
    }
    book.save_to_buffer().unwrap()
}
