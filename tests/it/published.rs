//! The figures of the printed 2024 report come out of the samples.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::{Record, decimal, get, whole_city};

/// Cells that no honest computation gives, and what is printed instead. This list may not grow.
const OTHERWISE: [(&str, &str, &str, &str, &str); 10] = [
    ("表3", "生师比", "2023", "9.47", "9.68"),
    ("表3", "“双师型”教师比例", "2024", "45.61", "45.59"),
    ("表3", "高级专业技术职务专任教师比例", "2024", "17.73", "17.71"),
    ("表3", "高级专业技术职务专任教师比例", "2023", "16.89", "16.88"),
    ("表1.4", "生师比", "2023", "9.47", "9.68"),
    ("表1.4", "高级专业技术职务专任教师占比", "2024", "17.73", "17.71"),
    ("表1.4", "高级专业技术职务专任教师占比", "2023", "16.89", "16.88"),
    ("表1.1", "洪洞县", "2024", "11.62", "11.63"),
    ("表1.1", "曲沃县", "2024", "2.32", "2.33"),
    // The text of the report has 414, and with it the parts are the whole.
    ("表6.1", "考核站点待签发证书", "2024", "114", "414"),
];

/// City cells of the 2024 report by table, path, measure and column.
fn printed() -> BTreeMap<[String; 4], Record> {
    let cells = whole_city().table("report_cell").into_iter();
    cells
        .filter(|row| get(row, "report_year") == "2024" && get(row, "level") == "city")
        .map(|row| {
            let key = ["report_table", "report_path", "measure", "column_year"];
            (key.map(|column| get(&row, column).to_owned()), row)
        })
        .collect()
}

fn cell(
    printed: &BTreeMap<[String; 4], Record>,
    table: &str,
    path: &str,
    measure: &str,
    year: &str,
) -> String {
    let key = [table, path, measure, year].map(str::to_owned);
    let row = printed.get(&key).unwrap_or_else(|| panic!("{key:?} is not printed"));
    get(row, "printed_text").to_owned()
}

fn samples(name: &str) -> Vec<Record> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/published").join(name);
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
    let head = lines.next().unwrap();
    lines.map(|line| head.iter().cloned().zip(line).collect()).collect()
}

#[test]
fn the_six_tables_print_as_published_except_for_figures_that_cannot_be_computed() {
    let printed = printed();
    let (mut compared, mut otherwise) = (0, 0);
    let mut comparison =
        String::from("report_table\treport_path\tmeasure\tcolumn_year\tpublished\tprinted\tsame\n");
    for published in samples("linfen-2024-cells.tsv") {
        let [table, path, measure, year] =
            ["report_table", "report_path", "measure", "column_year"].map(|column| get(&published, column));
        let ours = cell(&printed, table, path, measure, year);
        let theirs = get(&published, "printed_text");
        let same = if ours == theirs { "same" } else { "no honest computation gives it" };
        comparison += &format!("{table}\t{path}\t{measure}\t{year}\t{theirs}\t{ours}\t{same}\n");
        match OTHERWISE.iter().find(|(t, p, y, ..)| (*t, *p, *y) == (table, path, year)) {
            Some((.., known, expected)) => {
                assert_eq!((theirs, ours.as_str()), (*known, *expected));
                otherwise += 1;
            }
            None => assert_eq!(ours, theirs, "{table} {path} {measure} {year}"),
        }
        compared += 1;
    }
    assert_eq!((compared, otherwise), (246, 4));
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("published-2024.tsv");
    fs::write(file, comparison).unwrap();
}

#[test]
fn body_tables_print_as_published_except_for_figures_that_cannot_be_computed() {
    let printed = printed();
    let mut compared = 0;
    for published in samples("linfen-2024-body.tsv") {
        let [table, path, measure, year] =
            ["report_table", "report_path", "measure", "column_year"].map(|column| get(&published, column));
        let ours = match table {
            "表1.4" => cell(&printed, table, path, "值", year),
            // There a year is a row and an indicator a column; ours is the other way round.
            "表1.2" | "表6.1" => cell(&printed, table, measure, "值", year),
            "表2.3" => cell(&printed, table, measure.trim_end_matches(" (项)"), "值", year),
            _ => continue,
        };
        let row = if table == "表6.1" { measure } else { path };
        let text = get(&published, "printed_text");
        let digits = text.split([' ', '%', ':']).next().unwrap();
        let known = OTHERWISE.iter().find(|(t, p, y, _, _)| (*t, *p, *y) == (table, row, year));
        match known {
            Some((.., theirs, expected)) => assert_eq!((digits, ours.as_str()), (*theirs, *expected)),
            None => assert_eq!(ours, digits, "{table} {path} {measure} {year}"),
        }
        compared += 1;
    }
    assert_eq!(compared, 20 + 10 + 8 + 15);
}

#[test]
fn figures_of_the_text_are_printed() {
    let printed = printed();
    let printed_cell = |table: &str, path: &str, measure: &str| cell(&printed, table, path, measure, "2024");
    for (table, path, measure, expected) in [
        ("表1.1", "合计", "学校数", "43"),
        ("表1.1", "尧都区", "学校数", "20"),
        ("表1.1", "尧都区", "占比", "46.51"),
        ("表1.1", "襄汾县", "占比", "9.30"),
        ("表1.1", "洪洞县", "占比", "11.63"),
        ("表1.1", "曲沃县", "占比", "2.33"),
        ("表1.3", "在校生", "值", "27534"),
        ("表1.3", "在校生/普通中专", "值", "3994"),
        ("表1.3", "在校生/职业高中（中专）", "值", "23540"),
        ("表2.4", "毕业生", "值", "9397"),
        ("表2.4", "就业", "值", "9198"),
        ("表2.4", "就业率", "值", "97.88"),
        ("表2.4", "直接就业", "值", "2181"),
        ("表2.4", "升学", "值", "7017"),
        ("表2.4", "未就业", "值", "199"),
        ("表2.4", "升学率", "值", "74.67"),
        ("表2.4", "直接就业率", "值", "23.21"),
        ("表2.4", "对口就业", "值", "225"),
        ("表2.4", "对口就业率", "值", "10.32"),
        ("表6.1", "证书总数", "值", "4305"),
        ("表6.1", "考核站点待签发证书", "值", "414"),
        ("表7.1", "免学费资金", "值", "6886.59"),
        ("表7.1", "国家助学金", "值", "818.17"),
        ("表2.5", "签订合同或就业协议", "人数", "252"),
        ("表2.5", "签订合同或就业协议", "占比", "11.55"),
        ("表2.5", "灵活就业", "人数", "1847"),
        ("表2.5", "灵活就业", "占比", "84.69"),
        ("表2.5", "自主创业", "人数", "58"),
        ("表2.5", "自主创业", "占比", "2.66"),
        ("表2.5", "应征义务兵", "人数", "24"),
        ("表2.5", "应征义务兵", "占比", "1.10"),
    ] {
        assert_eq!(printed_cell(table, path, measure), expected, "{table} {path} {measure}");
    }
    assert_eq!(cell(&printed, "表1.3", "在校生", "值", "2023"), "27540");
    let text = samples("linfen-2024-text.tsv");
    let classes: Vec<_> = text.iter().filter(|row| get(row, "item").ends_with("大类")).collect();
    assert_eq!(classes.len(), 14);
    for class in classes {
        assert_eq!(
            printed_cell("表2.4", &format!("专业大类/{}", get(class, "item")), "值"),
            get(class, "printed")
        );
    }
}

#[test]
fn counties_and_residual_add_up_to_the_city() {
    let mut sums: BTreeMap<Vec<String>, (nianbao::number::Decimal, Option<nianbao::number::Decimal>)> =
        BTreeMap::new();
    for row in whole_city().table("indicator_value") {
        // Ratios and maxima do not add up.
        let ratio = row.contains_key("denominator") || get(&row, "indicator_id").ends_with("bandwidth");
        if ratio || get(&row, "level") == "school" || !row.contains_key("value") {
            continue;
        }
        let key = ["report_year", "indicator_id", "basis", "breakdown", "breakdown_code"];
        let sum = sums.entry(key.map(|column| get(&row, column).to_owned()).to_vec()).or_default();
        let value = decimal(get(&row, "value"));
        if get(&row, "level") == "city" {
            sum.1 = Some(value);
        } else {
            sum.0 += value;
        }
    }
    assert!(sums.len() > 100, "only {} sums", sums.len());
    for (key, (counties, city)) in sums {
        assert_eq!(Some(counties), city, "{key:?}");
    }
}
