//! Section B: the structure of separated text.

use super::{Case, Roster, check, gbk};

fn case(id: &'static str, input: &'static str, bytes: impl Into<Vec<u8>>, expected: &'static str) -> Case {
    Case { id, input, file: "名册.csv", dataset: "students", bytes: bytes.into(), expected }
}

const CLEAN: &str = "decoded 1000+0+0+1";
const NAME: usize = 1;
const STATUS: usize = 10;

fn roster(id: &str) -> Roster {
    Roster::of(id, 1_000)
}

/// With a column of addresses before the last five.
fn with_addresses(id: &str) -> Roster {
    let mut roster = roster(id);
    roster.header.insert(ADDRESS, "家庭现地址".to_owned());
    for row in &mut roster.rows {
        row.insert(ADDRESS, "平阳北街".to_owned());
    }
    roster
}

const ADDRESS: usize = 6;

/// One cell of a roster changed.
fn with(mut roster: Roster, row: usize, column: usize, text: &str) -> Roster {
    text.clone_into(&mut roster.rows[row][column]);
    roster
}

/// Lines of text, one of them changed.
fn line(text: &str, number: usize, change: impl Fn(&str) -> String) -> String {
    let lines = text.lines().enumerate();
    lines
        .map(|(index, line)| if index + 1 == number { change(line) } else { line.to_owned() } + "\n")
        .collect()
}

#[test]
fn a_table_of_text_loses_only_the_rows_that_are_broken() {
    let mut cases = quotes_and_fields();
    cases.extend(dialects());
    cases.extend(rows_without_data());
    cases.extend(whole_files());
    check("B", &cases);
}

fn quotes_and_fields() -> Vec<Case> {
    let broken = with(with_addresses("B01"), 2, ADDRESS, "\"平阳北街\r\n2号\"");
    let b01 = with(broken, 9, STATUS + 1, "不明").csv();
    let b01 = b01.replace("\r\n", "\u{0}").replace(['\n', '\u{0}'], "\r\n");
    let b04 = with(with_addresses("B04"), 3, ADDRESS, "平阳\"北街");
    vec![
        case("B01", "CRLF within a quoted cell", b01, "decoded 999+1+0+2 E-CODE@12"),
        case(
            "B02",
            "a line break in an unquoted cell",
            with(with_addresses("B02"), 3, ADDRESS, "平阳\n北街").csv(),
            "decoded 999+2+0+1 E-REQUIRED@5 E-SCHOOL-CODE@6",
        ),
        case(
            "B03",
            "a quote that never closes",
            with(roster("B03"), 3, NAME, "\"欧阳").csv(),
            "decoded 999+1+0+1 E-QUOTE@5",
        ),
        case(
            "B03b",
            "a quote left open that meets another",
            with(with(roster("B03b"), 3, NAME, "\"欧阳"), 6, NAME, "\"欧阳文\"").csv(),
            "decoded 999+1+0+1 E-QUOTE@5",
        ),
        case(
            "B04",
            "quotes amid a cell",
            with(b04, 4, ADDRESS, "\"平阳\"北街").csv(),
            "decoded 999+1+0+1 E-QUOTE@6 W-QUOTE@5",
        ),
        case(
            "B05",
            "more fields than the header",
            line(&roster("B05").csv(), 5, |row| format!("{row},x,y")),
            "decoded 999+1+0+1 E-COLS@5",
        ),
        case(
            "B06",
            "fewer fields than the header",
            line(&roster("B06").csv(), 5, |row| row.rsplitn(4, ',').last().unwrap().to_owned()),
            "decoded 999+1+0+1 E-REQUIRED@5",
        ),
        case(
            "B06b",
            "fewer fields, none of them needed",
            roster("B06b").csv().replacen("学生当前状态\n", "学生当前状态,毕业学校,体检结论\n", 1),
            CLEAN,
        ),
    ]
}

fn dialects() -> Vec<Case> {
    let b08 = with(roster("B08"), 3, NAME, "亅文").csv();
    let mut b20 = String::from("sep=,\n");
    b20 += &roster("B20").csv();
    vec![
        case("B07", "full-width commas", roster("B07").csv().replace(',', "，"), "rejected E-DIALECT"),
        case("B07b", "semicolons", roster("B07b").csv().replace(',', ";"), CLEAN),
        case("B07c", "tabs", roster("B07c").csv().replace(',', "\t"), CLEAN),
        case("B08", "bars in GBK, with a bar as half a character", gbk(&b08.replace(',', "|")), CLEAN),
        case("B09", "CR alone ends lines", roster("B09").csv().replace('\n', "\r"), CLEAN),
        case(
            "B15",
            "codes wrapped against a spreadsheet",
            {
                let mut roster = roster("B15");
                for (index, wrap) in [("=\"", "\""), ("'", ""), ("\t", "")].iter().enumerate() {
                    let (before, after) = wrap;
                    let id = &mut roster.rows[index][5];
                    *id = format!("{before}{id}{after}");
                }
                roster.csv()
            },
            CLEAN,
        ),
        case("B20", "a hint for a spreadsheet", b20, "decoded 1000+0+0+2"),
    ]
}

fn rows_without_data() -> Vec<Case> {
    let header = |text: &str| text.lines().next().unwrap().to_owned();
    let after = |text: &str, number: usize, added: &str| line(text, number, |row| format!("{row}\n{added}"));
    let b10 = roster("B10").csv();
    let b12 = roster("B12").csv();
    let b13 = roster("B13").csv();
    let b16 = with(roster("B16"), 9, STATUS, "不明").csv();
    vec![
        case(
            "B10",
            "the header again on every page",
            after(&after(&b10, 701, &header(&b10)), 301, &header(&b10)),
            "decoded 1000+0+0+3",
        ),
        case(
            "B11",
            "titles above the header",
            format!("临汾市学生名册,,,,\n单位：人\n\n制表时间：2024-09-05\n{}", roster("B11").csv()),
            "decoded 1000+0+0+5",
        ),
        case("B12", "a total that is right", format!("{b12}合计,1000\n"), "decoded 1000+0+0+2"),
        case(
            "B13",
            "notes and a count that is right",
            format!("{b13}注：数据截至9月1日\n共1000条\n填报人：王,,,审核人：李\n"),
            "decoded 1000+0+0+4",
        ),
        case(
            "B16",
            "blank lines and lines of commas",
            after(&after(&b16, 1, "\n,,,,,,,,,,"), 0, ""),
            "decoded 999+1+0+3 E-CODE@13",
        ),
    ]
}

fn whole_files() -> Vec<Case> {
    let b21 = roster("B21");
    let turned = |row: &Vec<String>| row.iter().rev().cloned().collect::<Vec<_>>();
    let b21 = Roster { header: turned(&b21.header), rows: b21.rows.iter().map(turned).collect() };
    let b14 = roster("B14").csv().replacen("学生当前状态\n", "学生当前状态,姓名\n", 1);
    let new_column = roster("B21b").csv().replacen("学生当前状态\n", "学生当前状态,星座\n", 1);
    let mut cell = roster("B19b").csv();
    cell += &format!("\"{}\",x\n", "长".repeat(7 << 20));
    vec![
        case("B14", "two columns of one name", b14, "rejected E-HDR-TWICE"),
        case("B17", "a header and nothing under it", Roster::of("B17", 0).csv(), "rejected E-EMPTY"),
        case("B18", "no bytes", "", "rejected E-EMPTY-FILE"),
        case("B19", "one line of 20 MB", "学".repeat(7 << 20), "rejected E-LIMIT"),
        case("B19b", "one cell of 20 MB", cell, "rejected E-LIMIT"),
        case("B19c", "a million columns", format!("{}\n", "a,".repeat(1_000_000)), "rejected E-LIMIT"),
        case("B21", "columns in another order", b21.csv(), CLEAN),
        case("B21b", "a new column", new_column, "decoded 1000+0+0+1 W-SCHEMA-NEW@1"),
        case(
            "B21c",
            "a required column missing",
            roster("B21c").csv().replacen("身份证件号", "备注", 1),
            "rejected E-HDR-MISSING",
        ),
    ]
}
