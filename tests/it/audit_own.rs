//! Workbooks of the program, audited as anybody's: whole, and with something gone, changed or unreadable.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rust_xlsxwriter::{Format, Workbook};
use serde_json::Value;

use crate::support::{City, Sheets, files, save, sheets, text, whole_city};

/// What an audit says of a file: its exit code, what was expected and found, and the answers.
struct Audited {
    code: Option<i32>,
    coverage: Value,
    answers: Vec<Value>,
}

fn audit(path: &Path) -> Audited {
    let output = City::empty().nianbao(&["audit", &path.display().to_string(), "--json"]);
    let printed = text(&output.stdout);
    let mut lines = printed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let first = lines.next().unwrap_or_else(|| panic!("{}", text(&output.stderr)));
    Audited { code: output.status.code(), coverage: first["coverage"].clone(), answers: lines.collect() }
}

impl Audited {
    fn inconsistent(&self) -> Vec<&Value> {
        self.answers.iter().filter(|answer| answer["verdict"] == "inconsistent").collect()
    }

    fn inconsistent_ids(&self) -> Vec<&str> {
        self.inconsistent().iter().map(|answer| word(answer, "id")).collect()
    }

    fn count(&self, path: &str) -> u64 {
        self.coverage.pointer(path).and_then(Value::as_u64).unwrap_or_else(|| panic!("{path}"))
    }

    /// How many things of a sort were expected and are not there.
    fn absent(&self, list: &str) -> usize {
        self.coverage[list].as_array().unwrap().len()
    }
}

fn word<'a>(answer: &'a Value, field: &str) -> &'a str {
    answer[field].as_str().unwrap_or_default()
}

/// Workbooks of the printed tables of a year: of the city, its counties and its schools.
fn documents(year: i32) -> Vec<PathBuf> {
    let folder = whole_city().data().join("reports").join(year.to_string());
    let is_document = |path: &PathBuf| path.display().to_string().ends_with("数据表.xlsx");
    files(&folder).into_iter().filter(is_document).collect()
}

fn city_document() -> PathBuf {
    let found = documents(2024).into_iter().find(|path| path.parent().unwrap().ends_with("2024"));
    found.expect("a workbook of the city")
}

/// The figures of an answer as numbers, by operand.
fn numbers(answer: &Value, operand: &str) -> Vec<f64> {
    let figures = answer["figures"].as_array().unwrap().iter();
    figures
        .filter(|figure| figure["operand"] == operand)
        .map(|figure| word(figure, "printed").parse().unwrap())
        .collect()
}

/// Whether the figures that an answer shows contradict each other, by an arithmetic of its own.
fn contradicts(answer: &Value) -> bool {
    match word(answer, "kind") {
        "mean_within_parts" => {
            let (mean, parts) = (numbers(answer, "mean")[0], numbers(answer, "parts"));
            parts.iter().all(|part| *part > mean + 0.01) || parts.iter().all(|part| *part < mean - 0.01)
        }
        "ratio" => {
            let value = |operand| numbers(answer, operand)[0];
            (value("numerator") / value("denominator") - value("printed")).abs() > 0.01
        }
        // The sample has two names that no catalogue has, as the published report does.
        "catalogue_name" => {
            ["会计事物", "动漫与游戏制造"].iter().any(|name| word(answer, "printed").contains(name))
        }
        _ => false,
    }
}

#[test]
fn documents_of_the_program_contain_the_listed_contradictions_and_no_other() {
    let mut listed: BTreeMap<(i32, String, String), usize> = BTreeMap::new();
    let mut units: BTreeMap<(i32, String), usize> = BTreeMap::new();
    for year in [2023, 2024] {
        for path in documents(year) {
            let audited = audit(&path);
            let level = word(&audited.coverage, "level").to_owned();
            for found in audited.inconsistent() {
                assert!(contradicts(found), "{}: {found}", path.display());
                *listed.entry((year, level.clone(), word(found, "id").to_owned())).or_default() += 1;
            }
            *units.entry((year, level)).or_default() += 1;
            for list in ["absent_tables", "absent_rows", "absent_columns", "lacking"] {
                assert_eq!(audited.absent(list), 0, "{}: {list}", path.display());
            }
            for cells in ["unreadable", "unknown_rows"] {
                assert_eq!(audited.coverage["cells"][cells], Value::Array(Vec::new()), "{}", path.display());
            }
            let relations = ["examined", "without_number", "unreadable", "lacking"];
            let relations = relations.map(|name| audited.count(&format!("/relations/{name}")));
            assert_eq!(relations.iter().sum::<u64>(), audited.count("/relations/expected"));
            assert!(audited.count("/cells/read") > 100, "{}", path.display());
        }
    }
    let units = units.iter().map(|((year, level), count)| format!("{year} {level} {count}\n"));
    let listed = listed.iter().map(|((year, level, id), count)| format!("{year} {level} {id} {count}\n"));
    insta::assert_snapshot!(units.chain(listed).collect::<String>(), @r#"
    2023 city 1
    2023 county 18
    2023 school 45
    2024 city 1
    2024 county 18
    2024 school 45
    2023 city core_majors_in_catalogue 2
    2023 city student_satisfaction_between_its_parts 1
    2023 city students_per_teacher 1
    2023 county core_majors_in_catalogue 2
    2023 county graduate_satisfaction_between_its_parts 10
    2023 county student_satisfaction_between_its_parts 12
    2023 county students_per_teacher 6
    2023 school core_majors_in_catalogue 2
    2023 school graduate_satisfaction_between_its_parts 23
    2023 school student_satisfaction_between_its_parts 30
    2023 school students_per_teacher 13
    2024 city core_majors_in_catalogue 2
    2024 city graduate_satisfaction_between_its_parts 1
    2024 city student_satisfaction_between_its_parts 1
    2024 city students_per_teacher 1
    2024 county core_majors_in_catalogue 2
    2024 county graduate_satisfaction_between_its_parts 24
    2024 county student_satisfaction_between_its_parts 21
    2024 county students_per_teacher 6
    2024 school core_majors_in_catalogue 2
    2024 school graduate_satisfaction_between_its_parts 55
    2024 school student_satisfaction_between_its_parts 55
    2024 school students_per_teacher 13
    "#);
}

#[test]
fn the_document_of_the_city_repeats_five_faults_of_the_published_report() {
    let audited = audit(&city_document());
    assert_eq!(audited.code, Some(20));
    let found =
        audited.inconsistent().into_iter().map(|answer| format!("{} {}", answer["id"], answer["message"]));
    insta::assert_snapshot!(found.collect::<Vec<_>>().join("\n"), @r#"
    "student_satisfaction_between_its_parts" "92.72 低于全部分项，分项范围 [93.14%, 93.9%]"
    "graduate_satisfaction_between_its_parts" "95.83 高于全部分项，分项范围 [94.91%, 95.46%]"
    "students_per_teacher" "重算得 9.7971，所印为 9.68"
    "core_majors_in_catalogue" "“会计事物”不在目录内，疑为“会计事务”之误"
    "core_majors_in_catalogue" "“动漫与游戏制造”不在目录内，疑为“动漫与游戏制作”之误"
    "#);
    let named = audited.answers.iter().filter(|answer| word(answer, "id") == "ratio_in_body_and_tables");
    let named: Vec<String> = named.map(|answer| answer["figures"].to_string()).collect();
    assert!(named.iter().all(|figures| figures.contains("表1.4 生师比")), "{named:?}");
}

/// The rows of a sheet.
fn rows<'a>(book: &'a mut Sheets, sheet: &str) -> &'a mut Vec<Vec<String>> {
    &mut book.iter_mut().find(|(name, _)| name == sheet).unwrap().1
}

/// The row with this label.
fn row<'a>(book: &'a mut Sheets, sheet: &str, label: &str) -> &'a mut Vec<String> {
    rows(book, sheet).iter_mut().find(|row| row.iter().any(|cell| cell == label)).unwrap()
}

/// The column with this heading.
fn column(book: &mut Sheets, sheet: &str, heading: &str) -> usize {
    let heads = row(book, sheet, "指标");
    heads.iter().position(|cell| cell == heading).unwrap()
}

fn remove_column(book: &mut Sheets, sheet: &str, heading: &str) {
    let at = column(book, sheet, heading);
    for row in rows(book, sheet) {
        row.remove(at);
    }
}

/// The audit of the city's document after a change.
fn changed(change: impl FnOnce(&mut Sheets)) -> Audited {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("报告.xlsx");
    let mut book = sheets(&city_document());
    change(&mut book);
    save(&book, &path);
    audit(&path)
}

#[test]
fn what_is_gone_from_a_document_is_said_before_what_is_wrong_in_it() {
    let whole = changed(|_| ());
    let gone = changed(|book| book.retain(|(name, _)| name != "表3"));
    assert_eq!(word(&gone.coverage["absent_tables"][0], "table"), "表3");
    assert_eq!(gone.count("/tables/found") + 1, gone.count("/tables/expected"));
    assert!(gone.count("/relations/lacking") > 100);
    assert!(gone.count("/relations/examined") < whole.count("/relations/examined"));
    let lacking = gone.coverage["lacking"].as_array().unwrap();
    let named = lacking.iter().find(|lacking| word(lacking, "id") == "students_per_teacher").unwrap();
    assert_eq!(named["wants"], serde_json::json!(["表3"]));

    let gone = changed(|book| book.retain(|(name, _)| name != "表 1.4"));
    assert_eq!(word(&gone.coverage["absent_tables"][0], "table"), "表1.4");
    assert!(gone.count("/relations/lacking") > 0);

    let gone = changed(|book| remove_column(book, "表1", "2024年"));
    let absent = &gone.coverage["absent_columns"];
    assert_eq!((word(&absent[0], "table"), word(&absent[0], "column")), ("表1", "2024年"));
    assert_eq!(gone.absent("absent_columns"), 1);

    let gone = changed(|book| remove_column(book, "表2", "调查人次"));
    assert_eq!(word(&gone.coverage["absent_columns"][0], "column"), "调查人次");

    let gone = changed(|book| remove_column(book, "表1", "单位"));
    assert_eq!(gone.coverage["absent_tables"][0]["header"]["lacks"], serde_json::json!(["单位"]));

    let gone = changed(|book| {
        rows(book, "表6").retain(|row| !row.iter().any(|cell| cell == "其中：专任教师总数"));
    });
    assert_eq!(word(&gone.coverage["absent_rows"][0], "row"), "教职工总数/专任教师总数");
    assert_eq!(gone.absent("absent_rows"), 1);

    let renamed = changed(|book| {
        let row = row(book, "表3", "生师比");
        let at = row.iter().position(|cell| cell == "生师比").unwrap();
        row[at] = "师生比例".to_owned();
    });
    assert_eq!(word(&renamed.coverage["absent_rows"][0], "row"), "生师比");
    assert_eq!(word(&renamed.coverage["cells"]["unknown_rows"][0], "text"), "师生比例");
}

#[test]
fn words_in_a_cell_of_numbers_are_named_with_their_place() {
    for words in ["很多", "九千多人", "#REF!"] {
        let audited = changed(|book| {
            let at = column(book, "表1", "2024年");
            row(book, "表1", "毕业生人数")[at] = words.to_owned();
        });
        let unreadable = &audited.coverage["cells"]["unreadable"];
        assert_eq!(unreadable.as_array().unwrap().len(), 1, "{unreadable}");
        let cell = &unreadable[0];
        assert_eq!((word(cell, "sheet"), word(cell, "column"), cell["row"].as_u64()), ("表1", "E", Some(4)));
        assert_eq!((word(cell, "text"), word(cell, "figure")), (words, "表1 毕业生人数 2024"));
        assert!(audited.count("/relations/unreadable") > 0);
    }
    let audited = changed(|book| {
        let at = column(book, "表2", "调查人次");
        row(book, "表2", "在校生满意度")[at] = "很多".to_owned();
    });
    assert_eq!(word(&audited.coverage["cells"]["unreadable"][0], "column"), "F");
}

#[test]
fn a_changed_digit_is_found_and_a_changed_title_is_not_a_change() {
    let whole = changed(|_| ());
    let set = |sheet: &'static str, label: &'static str, value: &'static str| {
        changed(|book| {
            let at = column(book, sheet, "2024年");
            row(book, sheet, label)[at] = value.to_owned();
        })
    };
    for (sheet, label, value, relation) in [
        ("表1", "毕业去向落实人数", "9931", "placed_are_graduates"),
        ("表1", "自主创业率", "2.76", "printed_is_recomputed"),
        ("表6", "其中：专任教师总数", "2868", "teachers_in_body_and_tables"),
        ("表 1.4", "班主任数", "745", "form_teachers_in_body_and_tables"),
        ("表 2.4", "就业", "9199", "further_study_and_direct_are_placed"),
        ("表 2.3", "二等奖", "98", "prizes_make_all_prizes"),
        ("表 6.1", "已发放证书", "3346", "states_make_all_certificates"),
    ] {
        let audited = set(sheet, label, value);
        let ids = audited.inconsistent_ids();
        assert!(ids.contains(&relation), "{sheet} {label}: {ids:?}");
        assert!(ids.len() > whole.inconsistent_ids().len());
    }
    let retitled = changed(|book| {
        rows(book, "表3")[0][0] = "学校基本条件".to_owned();
        let sheet = book.iter_mut().find(|(name, _)| name == "表3").unwrap();
        sheet.0 = "Sheet3".to_owned();
    });
    assert_eq!(retitled.inconsistent_ids(), whole.inconsistent_ids());
    assert_eq!(retitled.count("/relations/examined"), whole.count("/relations/examined"));
    assert_eq!(retitled.absent("absent_tables"), 0);
}

/// A whole number and a decimal, as number cells under formats that print them as they were.
fn save_as_numbers(book: &Sheets, path: &Path) -> usize {
    let mut workbook = Workbook::new();
    let mut numbers = 0;
    for (name, rows) in book {
        let sheet = workbook.add_worksheet();
        sheet.set_name(name).unwrap();
        for (at, row) in (0..).zip(rows) {
            for (column, cell) in (0..).zip(row) {
                let places = cell.split_once('.').map_or(0, |(_, places)| places.len());
                let is_year = column < 5;
                let is_figure = column > 1 && at > 2 && cell.starts_with(|c: char| c.is_ascii_digit());
                match cell.parse::<f64>() {
                    Ok(number) if is_figure => {
                        numbers += 1;
                        // Percent, thousands, words and room for a bracket print the same figure.
                        let (number, format) = match (places, numbers % 4) {
                            (0, 0) => (number, "#,##0".to_owned()),
                            (0, _) => (number, "0".to_owned()),
                            (_, 0) => (number, format!("0.{}_);[Red]\\-0.{0}", "0".repeat(places))),
                            (_, 1) if is_year && row.contains(&"%".to_owned()) => {
                                (number / 100.0, format!("0.{}%", "0".repeat(places)))
                            }
                            (_, 2) if is_year && row.contains(&"%".to_owned()) => {
                                (number, format!("0.{}\"%\"", "0".repeat(places)))
                            }
                            _ => (number, format!("0.{}", "0".repeat(places))),
                        };
                        let format = Format::new().set_num_format(format);
                        sheet.write_with_format(at, column, number, &format).unwrap();
                    }
                    _ if cell.is_empty() => {}
                    _ => drop(sheet.write(at, column, cell).unwrap()),
                }
            }
        }
    }
    workbook.save(path).unwrap();
    numbers
}

#[test]
fn figures_that_are_numbers_are_read_as_they_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("报告.xlsx");
    let book = sheets(&city_document());
    assert!(save_as_numbers(&book, &path) > 300);
    let (of_text, of_numbers) = (changed(|_| ()), audit(&path));
    let told = |audited: &Audited| -> Vec<String> {
        let told = |answer: &Value| format!("{} {} {}", answer["id"], answer["place"], answer["verdict"]);
        audited.answers.iter().map(told).collect()
    };
    // 88.01 stays beside 83: two places and none.
    assert!(
        told(&of_numbers).iter().any(|told| told.contains("decimals_alike") && told.contains("rounding"))
    );
    assert_eq!(told(&of_numbers), told(&of_text));
    assert_eq!(of_numbers.coverage["relations"], of_text.coverage["relations"]);
}
