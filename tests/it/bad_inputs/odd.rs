//! Section K: files that look like deliveries, and are something besides: a template with its sample, a page of a
//! list, what a program wrote for nothing.

use jiff::ToSpan;
use jiff::civil::Date;

use super::{Case, Roster, check};

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
    let mut cases = samples_and_pages();
    cases.extend(values());
    cases.extend(formats());
    cases.extend(locked());
    check("K", &cases);
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
