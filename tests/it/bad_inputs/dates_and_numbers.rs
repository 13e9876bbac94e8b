//! Section G: dates, numbers, periods.

use jiff::civil::Date;

use super::rows::{BIRTH, ENTRY, ROW, Special, case, with_cells, workbook, workbook_bytes};
use super::{Case, Roster, check, school_code};

#[test]
fn dates_numbers_and_periods_are_read_exactly_or_not_at_all() {
    let mut cases = dates();
    cases.extend(units());
    cases.extend(numbers());
    cases.extend(periods());
    check("G", &cases);
}

fn birth(id: &str) -> Date {
    Roster::of(id, ROW + 1).rows[ROW][BIRTH].parse().unwrap()
}

/// The days that Excel counts for a date.
fn serial(date: Date) -> i32 {
    (date - Date::constant(1899, 12, 30)).get_days()
}

fn dates() -> Vec<Case> {
    let (g01, g05) = (birth("G01"), birth("G05").yesterday().unwrap());
    let (year, month, day) = (g01.year(), g01.month(), g01.day());
    let notations = [
        format!("{year}/{month}/{day}"),
        format!("{year}.{month}.{day}"),
        format!("{year}年{month}月{day}日"),
        format!("{year}{month:02}{day:02}"),
        format!("{year}-{month}-{day} 00:00:00"),
    ];
    let notations: Vec<&str> = notations.iter().map(String::as_str).collect();
    vec![
        with_cells("G01", "one day in five notations", BIRTH, &notations, "decoded 1000+0+0+1"),
        with_cells(
            "G02",
            "years of two digits",
            BIRTH,
            &["12-3-4", "99.09"],
            "decoded 998+2+0+1 E-DATE@5 E-DATE@6",
        ),
        with_cells(
            "G02b",
            "a month with two digits for its year",
            ENTRY,
            &["99.09"],
            "decoded 1000+0+0+1 E-CELL@5",
        ),
        workbook(
            "G03",
            "a date as the number of its day",
            &[(ROW, BIRTH, Special::Number(f64::from(serial(birth("G03")))))],
            "decoded 1000+0+0+1 W-DATE-SERIAL@5",
        ),
        with_cells(
            "G03b",
            "the same in a text file, which has no epoch",
            BIRTH,
            &["40972"],
            "decoded 999+1+0+1 E-DATE@5",
        ),
        workbook(
            "G04",
            "the day number 60, 29 February 1900",
            &[(ROW, BIRTH, Special::Number(60.0))],
            "decoded 999+1+0+1 E-DATE@5",
        ),
        with_cells(
            "G04b",
            "days and months that are none",
            BIRTH,
            &["2023-02-30", "2023-13-01"],
            "decoded 998+2+0+1 E-DATE@5 E-DATE@6",
        ),
        with_cells(
            "G05",
            "a day told in universal time",
            BIRTH,
            &[&format!("{g05}T16:00:00Z")],
            "decoded 1000+0+0+1",
        ),
        with_cells(
            "G06",
            "default dates, and one to come",
            BIRTH,
            &["1900-01-01", "1970-01-01", "2099-01-01"],
            "decoded 1000+0+0+1 Q-DATE-DEFAULT@5 Q-DATE-DEFAULT@6 Q-DATE-DEFAULT@7",
        ),
    ]
}

/// A filing of one table with last year next to this year.
fn filing(id: &'static str, input: &'static str, title: &str, rows: &str, expected: &'static str) -> Case {
    let code = school_code(id);
    let text = format!("{title}\n名称：云岭职业学校({code})\n序号,指标,单位,2023年,2024年\n{rows}");
    Case { dataset: "filings", ..case(id, input, text, expected) }
}

fn units() -> Vec<Case> {
    const SHARES: &str = "表1 人才培养质量计分卡";
    const MONEY: &str = "表6 落实政策表";
    vec![
        filing(
            "G07",
            "a share as a fraction, last year's in percent",
            SHARES,
            "3,毕业生本省去向落实率,%,94.1,0.95\n7,毕业三年晋升比例,%,30%,31%\n",
            "set_aside 0+2+0+3 E-UNIT@4",
        ),
        filing(
            "G07b",
            "all shares as fractions, as percent cells hold them",
            SHARES,
            "3,毕业生本省去向落实率,%,0.941,0.95\n7,毕业三年晋升比例,%,0.3,0.31\n",
            "set_aside 0+2+0+3 E-UNIT@4",
        ),
        filing(
            "G07c",
            "shares in percent, one of them small",
            SHARES,
            "3,毕业生本省去向落实率,%,94.1%,95\n6,自主创业率,%,0.3,1.1\n",
            "decoded 2+0+0+3",
        ),
        filing(
            "G08",
            "元 where last year was in 万元",
            MONEY,
            "1,全日制在校生人数,人,600,620\n3,年财政专项经费,万元,120.5,1310000\n",
            "set_aside 0+2+0+3 E-UNIT@5",
        ),
        filing(
            "G08b",
            "ten times as much money as last year",
            MONEY,
            "1,全日制在校生人数,人,600,620\n3,年财政专项经费,万元,120.5,1310\n",
            "decoded 2+0+0+3",
        ),
        filing(
            "H01",
            "a part larger than its whole",
            MONEY,
            "4,教职工总数,人,80,80\n,其中：专任教师总数,人,70,90\n",
            "decoded 2+0+0+3 C-SUBSET-LE-SUPERSET@5",
        ),
    ]
}

/// Graduates of one school by major, under the two header rows of the export.
pub fn statistics(id: &str, rows: &[(&str, &str)], foot: &str) -> String {
    let mut text = String::from("学校标识码,毕业年份,专业名称,人数,,\n,,,毕业生数,直接就业数,升学数\n");
    for (major, graduates) in rows {
        text += &format!("{},2024,{major},{graduates},,\n", school_code(id));
    }
    text + foot
}

fn numbers() -> Vec<Case> {
    let filing_case = |id, input, rows: &[(&str, &str)], expected| Case {
        dataset: "graduate_stats",
        ..case(id, input, statistics(id, rows, ""), expected)
    };
    vec![
        filing_case(
            "G09",
            "numbers of people that are none",
            &[
                ("护理", "30"),
                ("计算机应用", "-3"),
                ("会计事务", "12.5"),
                ("电子商务", "一百二十"),
                ("汽车运用与维修", "约300"),
            ],
            "decoded 1+4+0+2 E-NUMBER@4 E-NUMBER@5 E-NUMBER@6 E-NUMBER@7",
        ),
        filing_case(
            "G10",
            "one number in three notations",
            &[("护理", "\"1,234\""), ("计算机应用", "1，234"), ("电子商务", "１２３４")],
            "decoded 3+0+0+2",
        ),
    ]
}

fn periods() -> Vec<Case> {
    let titled = |id, input, titles: &str, expected| {
        case(id, input, format!("{titles}{}", Roster::of(id, 20).csv()), expected)
    };
    let sheet = workbook_bytes(&Roster::of("G11b", 20), "2023-2024学年", &[]);
    let graduates = format!(
        "2023-2024学年毕业生名册\n\
         学校标识码,毕业年份,姓名,性别,出生日期,身份证件类型,身份证件号,入学年月,专业代码,毕业去向\n\
         {},2024,欧阳安,女,,护照,E12345678,202109,710201,升学\n",
        school_code("G11d")
    );
    let last_year = format!(
        "表6 落实政策表\n名称：云岭职业学校({})\n序号,指标,单位,2022年,2023年\n1,全日制在校生人数,人,600,620\n",
        school_code("G11e")
    );
    vec![
        titled("G11", "2023学年 in the title of a roster of 2024", "2023学年学生名册\n", "rejected E-PERIOD"),
        Case {
            file: "名册.xlsx",
            ..case("G11b", "2023-2024学年 as the name of its sheet", sheet, "rejected E-PERIOD")
        },
        titled(
            "G11c",
            "the right school year, a later date, and an intake",
            "2024-2025学年度第一学期学生名册\n制表时间：2025年1月3日（2023级）\n",
            "decoded 20+0+0+3",
        ),
        Case {
            dataset: "graduates",
            ..case("G11d", "graduates of the school year that ended", graduates, "decoded 1+0+0+2")
        },
        Case {
            bytes: last_year.into_bytes(),
            ..filing("G11e", "last year's filing", "", "", "rejected E-PERIOD")
        },
    ]
}
