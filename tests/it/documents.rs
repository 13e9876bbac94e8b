//! The workbooks: laid out as printed, one for every unit, and readable as what they print.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use nianbao::number::Decimal;

use crate::support::{City, Record, YAODU, files, get, register, save, sheets, whole_city};

fn workbooks(city: &City, folder: &str) -> Vec<PathBuf> {
    files(&city.data().join("reports/2024").join(folder))
}

#[test]
fn the_city_each_county_and_each_school_have_a_workbook() {
    let city = whole_city();
    assert_eq!(workbooks(city, "县（市、区）").len(), 17 + 1);
    assert_eq!(workbooks(city, "学校").len(), 45);
    assert!(city.data().join("reports/2024/临汾市2024年度质量报告数据表.xlsx").exists());
    assert!(city.data().join("reports/2024/指标目录.xlsx").exists());
}

#[test]
fn the_six_tables_are_set_out_as_printed() {
    let path = whole_city().data().join("reports/2024/临汾市2024年度质量报告数据表.xlsx");
    let sheets: BTreeMap<String, Vec<Vec<String>>> = sheets(&path).into_iter().collect();
    let row = |sheet: &str, at: usize| sheets[sheet][at].join("|");
    assert!(row("表1", 2).starts_with("序号|指标|单位|2023年|2024年||口径"), "{}", row("表1", 2));
    assert!(row("表1", 3).starts_with("1|毕业生人数|人|7800|9397||填报|"));
    assert!(row("表1", 5).starts_with("|其中：升学人数|人|6397|7017|"));
    assert!(row("表2", 2).starts_with("序号|指标|单位|2023年|2024年|调查人次|调查方式|"));
    assert!(row("表2", 3).starts_with("1|在校生满意度|%|92.72|91.89|5984|全国统一网上调查|"));
    // The second measure of a row is under it, without a label of its own.
    let courses = sheets["表3"].iter().position(|row| row[1] == "教学计划内课程总数").unwrap();
    assert!(row("表3", courses).starts_with("5|教学计划内课程总数|门|3111|3362|"));
    assert!(row("表3", courses + 1).starts_with("||学时|482781|528252|"));
    // Ten rows were not asked for in 2023.
    let blank = sheets["表3"].iter().find(|row| row[1] == "“双师型”教师比例").unwrap();
    assert_eq!((blank[3].as_str(), blank[4].as_str()), ("", "45.59"));
    let footed = sheets["表6"].iter().take_while(|row| !row[0].starts_with('注')).count();
    assert_eq!(footed, 3 + 21 + 1);
}

/// The cells of the six tables, by place, as they are printed for one school this year.
fn printed(city: &City, school: &str) -> BTreeMap<[String; 4], String> {
    let cells = city.table("report_cell").into_iter().filter(|cell| {
        get(cell, "report_year") == "2024"
            && get(cell, "school_code") == school
            && get(cell, "report_table").chars().count() == 2
    });
    let place = ["report_table", "report_path", "measure", "column_year"];
    cells
        .map(|cell| {
            (place.map(|column| get(&cell, column).to_owned()), get(&cell, "printed_text").to_owned())
        })
        .collect()
}

#[test]
fn the_workbook_of_a_school_reads_as_a_filing_of_what_it_prints() {
    let whole = whole_city();
    let with_groups = whole.table("filing").into_iter().find(|row| get(row, "report_path") == "专业群清单/2");
    let school = get(&with_groups.unwrap(), "school_code").to_owned();
    let workbook = workbooks(whole, "学校").into_iter().find(|path| path.to_string_lossy().contains(&school));
    let city = City::empty();
    city.deliver("2024/schools/register.csv", register().replace(YAODU, &school));
    city.deliver("2024/filings/as-printed.xlsx", fs::read(workbook.unwrap()).unwrap());
    city.run();
    let expected = printed(whole, &school);
    let place = ["report_table", "report_path", "measure", "value_year"];
    let filed: BTreeMap<[String; 4], Record> = city
        .table("filing")
        .into_iter()
        .map(|row| (place.map(|column| get(&row, column).to_owned()), row))
        .collect();
    assert!(expected.len() > 246 + 24, "{}", expected.len());
    for (place, text) in &expected {
        // A row that the year before did not ask is a row all the same; its cell is blank.
        let row = filed.get(place).unwrap_or_else(|| panic!("{place:?} was not read"));
        let filed = get(row, "printed_text");
        let is_same =
            |filed: &str| Decimal::parse(filed).zip(Decimal::parse(text)).is_some_and(|(a, b)| a == b);
        assert!(filed == text || is_same(filed), "{place:?}: {filed} for {text}");
    }
    assert_eq!(filed.len(), expected.len());
}

/// Replaces one cell of one sheet of a filing, and returns its old text; every cell becomes text.
fn refile(path: &Path, sheet: &str, label: &str, value: &str) -> String {
    let mut filing = sheets(path);
    let (_, rows) = filing.iter_mut().find(|(name, _)| name == sheet).unwrap();
    let row = rows.iter_mut().find(|row| row[1] == label).unwrap();
    let old = std::mem::replace(&mut row[4], value.to_owned());
    save(&filing, path);
    old
}

#[test]
fn one_cell_of_one_filing_changes_exactly_what_depends_on_it() {
    let city = City::mirrored(6);
    city.run();
    let cells = |city: &City| -> BTreeMap<Vec<String>, (String, String)> {
        const KEY: [&str; 7] = [
            "report_year",
            "report_table",
            "report_path",
            "measure",
            "column_year",
            "region_code",
            "school_code",
        ];
        let rows = city.table("report_cell").into_iter();
        rows.map(|row| {
            let key = KEY.iter().map(|column| get(&row, column).to_owned()).collect();
            (key, (get(&row, "indicator_id").to_owned(), get(&row, "printed_text").to_owned()))
        })
        .collect()
    };
    let before = cells(&city);
    let filing = city.table("filing").into_iter().find(|row| {
        let asked = get(row, "report_path") == "参加国家学生体质健康标准测试人数";
        asked && get(row, "report_year") == "2024" && get(row, "value_year") == "2024"
    });
    let filing = filing.unwrap();
    let (school, sha256) = (get(&filing, "school_code").to_owned(), get(&filing, "source_file").to_owned());
    let delivery = city.table("delivery").into_iter().find(|row| get(row, "sha256") == sha256).unwrap();
    let path = city.drop_folder().join(get(&delivery, "file"));
    let tested: u32 = get(&filing, "printed_text").parse().unwrap();
    let old = refile(&path, "表6", "参加国家学生体质健康标准测试人数", &(tested - 10).to_string());
    assert_eq!(old, tested.to_string());
    city.run();
    let after = cells(&city);
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    let changed: BTreeSet<(&str, &str)> = before
        .iter()
        .filter(|(key, cell)| after[*key] != **cell)
        .map(|(key, cell)| {
            (cell.0.as_str(), if key[6].is_empty() { key[5].as_str() } else { key[6].as_str() })
        })
        .collect();
    let region = before.keys().find(|key| key[6] == school).unwrap()[5].clone();
    // The school's own rate is as it filed it; where several are put together, its weight is less.
    let sums = ["141000", region.as_str(), school.as_str()].map(|unit| ("fitness_tested", unit));
    let means = changed.iter().filter(|(indicator, _)| *indicator == "fitness_pass_rate");
    assert!(means.into_iter().all(|(_, unit)| *unit == "141000" || *unit == region), "{changed:?}");
    let others: BTreeSet<_> =
        changed.iter().copied().filter(|(indicator, _)| *indicator != "fitness_pass_rate").collect();
    assert_eq!(others, BTreeSet::from(sums));
}

#[test]
fn a_filing_may_name_rows_as_the_body_of_the_report_does() {
    let city = City::empty();
    city.deliver("2024/schools/register.csv", register());
    let filing = format!(
        "表6 落实政策表\n名称：某校({YAODU})\n序号,指标,单位,2023年,2024年\n4,教职工额定编制数,人,8,9\n,班主任数,人,2,3\n,门卫人数,人,1,1\n"
    );
    city.deliver("2024/filings/a.csv", filing);
    city.run();
    let read: BTreeSet<(String, String)> = city
        .table("filing")
        .iter()
        .filter(|row| get(row, "value_year") == "2024")
        .map(|row| (get(row, "report_path").to_owned(), get(row, "printed_text").to_owned()))
        .collect();
    let expected = [("教职员工额定编制数", "9"), ("教职工总数/班主任人数", "3")];
    assert_eq!(read, expected.map(|(path, text)| (path.to_owned(), text.to_owned())).into());
    let unknown = city.table("finding").iter().filter(|row| get(row, "rule") == "Q-FILING-ROW").count();
    assert_eq!(unknown, 1);
}
