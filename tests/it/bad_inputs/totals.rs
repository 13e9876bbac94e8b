//! Section B, what is decided of rows: headers, totals, notes, columns.

use super::dates_and_numbers::statistics;
use super::rows::{BIRTH, ID, ROW, SCHOOL, case, spoiled};
use super::{Case, Roster, check};

#[test]
fn rows_without_data_are_known_and_their_totals_are_compared_with_the_rows() {
    let mut cases = frames();
    cases.extend(totals());
    cases.extend(columns());
    check("B-totals", &cases);
}

/// A roster of 1,000 as text, with lines put in before physical row `at`.
fn with_lines(id: &'static str, input: &'static str, at: usize, put: &str, expected: &'static str) -> Case {
    let text = Roster::of(id, 1_000).csv();
    let mut lines: Vec<&str> = text.lines().collect();
    let header = lines[0];
    let put = put.replace("{header}", header);
    lines.splice(at - 1..at - 1, put.lines());
    case(id, input, lines.join("\n"), expected)
}

fn frames() -> Vec<Case> {
    let wrapped = |roster: &mut Roster| {
        roster.rows[0][ID] = format!("=\"{}\"", roster.rows[0][ID]);
        roster.rows[1][ID].insert(0, '\'');
        roster.rows[2][ID].insert(0, '\t');
        roster.rows[ROW][SCHOOL] = format!("=\"{}\"", roster.rows[ROW][SCHOOL]);
    };
    let mut blank = Roster::of("B16", 1_000);
    blank.rows[ROW][BIRTH] = "2008-02-30".into();
    let blank = blank.csv();
    let mut lines: Vec<&str> = blank.lines().collect();
    lines.splice(2..2, ["", ",,,,,,,,,,", "   "]);
    vec![
        with_lines("B10", "the header again amid the rows", 500, "{header}", "decoded 1000+0+0+2"),
        with_lines(
            "B11",
            "titles, unit and date above the header",
            1,
            "学生名册\n单位：云岭职业学校\n制表时间：2024年9月5日",
            "decoded 1000+0+0+4",
        ),
        spoiled("B15", "codes wrapped against Excel", wrapped, "decoded 1000+0+0+1"),
        case(
            "B16",
            "blank lines, lines of commas, and a bad row below",
            lines.join("\n"),
            "decoded 999+1+0+4 E-DATE@8",
        ),
        case("B17", "a header and no rows", Roster::of("B17", 0).csv(), "rejected E-EMPTY"),
    ]
}

fn totals() -> Vec<Case> {
    const MAJORS: [(&str, &str); 2] = [("护理", "30"), ("电子商务", "12")];
    let filing_case = |id, input, rows: &[(&str, &str)], foot, expected| Case {
        dataset: "graduate_stats",
        ..case(id, input, statistics(id, rows, foot), expected)
    };
    let mut one_bad = Roster::of("B13d", 1_000);
    one_bad.rows[ROW][BIRTH] = "2008-02-30".into();
    vec![
        filing_case(
            "B12",
            "a 合计 that is not the sum",
            &MAJORS,
            "合计,2024,,43,,\n",
            "set_aside 0+2+0+3 E-TOTAL@5",
        ),
        filing_case("B12b", "a 合计 that is", &MAJORS, "合计,2024,,42,,\n", "decoded 2+0+0+3"),
        filing_case(
            "B12c",
            "a 合计 over a row that cannot be read",
            &[("护理", "30"), ("电子商务", "约12")],
            "合计,2024,,42,,\n",
            "decoded 1+1+0+3 E-NUMBER@4",
        ),
        with_lines("B12d", "小计 amid the rows", 500, "小计,498", "decoded 1000+0+0+2"),
        with_lines("B12e", "合计 above the rows", 2, "合计,1000", "decoded 1000+0+0+2"),
        with_lines(
            "B12f",
            "合计 of fewer rows than there are",
            1_002,
            "合计,共999人",
            "set_aside 0+1000+0+2 E-COUNT@1002",
        ),
        with_lines(
            "B13",
            "who filled it in, a remark, and the number of rows",
            1_002,
            "填报人：教务处 审核人：校长室\n注：数据截至9月1日\n共1000条",
            "decoded 1000+0+0+4",
        ),
        with_lines(
            "B13b",
            "共1234条 under 1,000 rows",
            1_002,
            "共1234条",
            "set_aside 0+1000+0+2 E-COUNT@1002",
        ),
        case(
            "B13d",
            "共1000条, and one of the rows is bad",
            one_bad.csv() + "共1000条\n",
            "decoded 999+1+0+2 E-DATE@5",
        ),
    ]
}

fn columns() -> Vec<Case> {
    let too_many = |roster: &mut Roster| roster.rows[ROW].push("多余".into());
    let too_few = |roster: &mut Roster| roster.rows[ROW].truncate(7);
    let without_the_last = |roster: &mut Roster| {
        roster.header.push("就读方式".into());
        for row in roster.rows.iter_mut().skip(ROW + 1) {
            row.push("住校".into());
        }
    };
    let two_names = |roster: &mut Roster| {
        roster.header.push("姓名".into());
        for row in &mut roster.rows {
            row.push("司马安".into());
        }
    };
    let reordered = |roster: &mut Roster| {
        roster.header.reverse();
        for row in &mut roster.rows {
            row.reverse();
        }
    };
    let new = |roster: &mut Roster| {
        roster.header.push("是否住宿补贴".into());
        for row in &mut roster.rows {
            row.push("否".into());
        }
    };
    let missing = |roster: &mut Roster| {
        roster.header.pop();
        for row in &mut roster.rows {
            row.pop();
        }
    };
    vec![
        spoiled("B05", "more fields than the header", too_many, "decoded 999+1+0+1 E-COLS@5"),
        spoiled(
            "B06",
            "fewer fields, a required one among the lost",
            too_few,
            "decoded 999+1+0+1 E-REQUIRED@5",
        ),
        spoiled("B06b", "fewer fields, the lost ones optional", without_the_last, "decoded 1000+0+0+1"),
        spoiled("B14", "two columns 姓名", two_names, "rejected E-HDR-TWICE"),
        spoiled("B21", "columns in another order", reordered, "decoded 1000+0+0+1"),
        spoiled("B21b", "a new column", new, "decoded 1000+0+0+1 W-SCHEMA-NEW@1"),
        spoiled("B21c", "a required column missing", missing, "rejected E-HDR-MISSING"),
    ]
}
