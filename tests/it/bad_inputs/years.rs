//! Entries of the list that take several years or several runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::definitions::copied_definitions;
use crate::support::{City, HONGTONG, Record, Village, YAODU, a_year_before, files, get, register};

/// The village, delivered for 2023 as well without the last of its people: a year is not a copy of
/// another. `change` makes what 2023 delivered of a file's text.
fn two_years(change: impl Fn(&str, String) -> String) -> City {
    let city = City::empty();
    Village::new().deliver(&city);
    for file in ["schools/register.csv", "students/all.csv", "staff/all.csv"] {
        let text = fs::read_to_string(city.drop_folder().join("2024").join(file)).unwrap();
        let shorter = text.trim_end().rsplit_once('\n').unwrap().0.to_owned() + "\n";
        let text = if file.starts_with("schools") { text } else { shorter };
        city.deliver(&format!("2023/{file}"), change(file, a_year_before(&text)));
    }
    city
}

fn of_year(city: &City, table: &str, year: &str) -> Vec<Record> {
    let mut rows = city.table(table);
    rows.retain(|row| get(row, "report_year") == year);
    rows
}

fn regions(city: &City, table: &str, year: &str, school: &str) -> BTreeSet<String> {
    let rows = of_year(city, table, year);
    let of_school = rows.iter().filter(|row| get(row, "school_code") == school);
    of_school.map(|row| get(row, "region_code").to_owned()).collect()
}

fn findings(city: &City, rule: &str, year: &str) -> usize {
    of_year(city, "finding", year).iter().filter(|row| get(row, "rule") == rule).count()
}

fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// F16.
#[test]
fn a_school_that_closed_keeps_its_past_and_is_unknown_afterwards() {
    let city = two_years(|_, text| text);
    let without: Vec<String> =
        register().lines().filter(|line| !line.starts_with(HONGTONG)).map(str::to_owned).collect();
    city.deliver("2024/schools/register.csv", without.join("\n"));
    city.run();
    assert_eq!(regions(&city, "student", "2023", HONGTONG), set(&["141024"]));
    assert_eq!(regions(&city, "student", "2024", HONGTONG), set(&["141099"]));
    assert_eq!(findings(&city, "E-SCHOOL-UNKNOWN", "2023"), 0);
    assert_eq!(findings(&city, "E-SCHOOL-UNKNOWN", "2024"), 3, "students, graduates, staff");
    assert_eq!(of_year(&city, "student", "2024").len(), 9);
}

/// A school that closed goes on delivering, after its pupils are at another: whichever code is lower.
#[test]
fn who_is_at_a_school_of_the_register_too_counts_there() {
    let counted = |city: &City, school: &str| {
        let rows = of_year(city, "student", "2024");
        let own = rows.iter().filter(|row| get(row, "school_code").contains(school));
        own.filter(|row| get(row, "counted") == "true").count()
    };
    let before = two_years(|_, text| text);
    before.run();
    for (closed, successor) in [(YAODU, HONGTONG), (HONGTONG, YAODU)] {
        let city = two_years(|_, text| text);
        let without: Vec<String> =
            register().lines().filter(|line| !line.starts_with(closed)).map(str::to_owned).collect();
        city.deliver("2024/schools/register.csv", without.join("\n"));
        let roster = fs::read_to_string(city.drop_folder().join("2024/students/all.csv")).unwrap();
        let moved: Vec<&str> = roster.lines().filter(|line| line.starts_with(closed)).collect();
        let now = moved.join("\n").replace(closed, successor);
        let header = roster.lines().next().unwrap();
        city.deliver(&format!("2024/students/{successor}.csv"), format!("{header}\n{now}\n"));
        city.run();
        assert_eq!(
            (counted(&city, closed), counted(&city, successor)),
            (0, counted(&before, closed) + counted(&before, successor))
        );
        assert_eq!(findings(&city, "Q-TWO-SCHOOLS", "2024"), counted(&before, closed));
    }
}

/// F17.
#[test]
fn a_county_that_was_renumbered_is_each_years_own() {
    let city = two_years(|_, text| text.replace(",141002,", ",141035,"));
    let pipelines = copied_definitions(&city);
    let path = Path::new(&pipelines).join("codes/region.toml");
    let renumbered = r#"
[[code]]
code = "141035"
label = "旧城县"
parent = "141000"
last_year = 2023

[[code]]
code = "141036"
label = "新城区"
aliases = ["141035", "旧城县"]
parent = "141000"
first_year = 2024
"#;
    let known = fs::read_to_string(&path).unwrap();
    fs::write(&path, known + renumbered).unwrap();
    let this_year = register().replace(",141002,", ",141035,").replace("洪洞县(141024)", "141037");
    city.deliver("2024/schools/register.csv", this_year);
    city.run_with(&["--pipelines", &pipelines]);
    assert_eq!(regions(&city, "school", "2023", YAODU), set(&["141035"]));
    assert_eq!(regions(&city, "school", "2024", YAODU), set(&["141036"]));
    assert_eq!(regions(&city, "school", "2024", HONGTONG), set(&["141099"]));
    assert_eq!((findings(&city, "Q-REGION", "2023"), findings(&city, "Q-REGION", "2024")), (0, 1));
}

/// F09.
#[test]
fn a_temporary_number_is_another_person_next_year() {
    let temporary = |text: String| {
        let id = text.lines().nth(1).unwrap().split(',').nth(5).unwrap().to_owned();
        text.replacen(&format!("居民身份证,{id}"), &format!("其他,999{YAODU}00001"), 1)
    };
    let city = two_years(|file, text| if file.starts_with("students") { temporary(text) } else { text });
    let path = city.drop_folder().join("2024/students/all.csv");
    fs::write(&path, temporary(fs::read_to_string(&path).unwrap())).unwrap();
    city.run();
    let keys = |year| -> BTreeSet<(String, String)> {
        let rows = of_year(&city, "student", year);
        rows.iter().map(|row| (get(row, "id_kind").into(), get(row, "student_key").into())).collect()
    };
    let (before, after) = (keys("2023"), keys("2024"));
    let mut same = before.intersection(&after).map(|(kind, _)| kind.as_str());
    assert!(same.clone().count() == 7 && same.all(|kind| kind == "verified"));
    assert!(before.iter().any(|(kind, _)| kind == "temporary"));
}

/// H04 and H05.
#[test]
fn new_content_is_a_new_release_and_a_new_name_is_nothing() {
    let city = City::empty();
    Village::new().deliver(&city);
    city.run();
    let first = city.release();
    let drop = city.drop_folder().join("2024/students");
    fs::rename(drop.join("all.csv"), drop.join("重发.csv")).unwrap();
    assert_eq!(city.run()["outcome"], "nothing_to_do");
    on_leave(&drop.join("重发.csv"));
    assert_eq!(city.run()["outcome"], "published");
    assert_eq!(uncounted(&city, "2024"), 1);
    assert!(first.exists() && first != city.release());
    assert_eq!(city.nianbao(&["verify"]).status.code(), Some(0));
}

/// The first student of a roster takes leave.
fn on_leave(path: &Path) {
    let roster = fs::read_to_string(path).unwrap();
    fs::write(path, roster.replacen(",在读", ",休学", 1)).unwrap();
}

fn uncounted(city: &City, year: &str) -> usize {
    of_year(city, "student", year).iter().filter(|row| get(row, "counted") == "false").count()
}

/// H06. A year prints last year's column, and asks about it: that alone may change with last year.
#[test]
fn a_file_of_a_past_year_changes_that_years_partitions_alone() {
    let city = two_years(|_, text| text);
    city.run();
    let of_rows = |city: &City| -> BTreeMap<String, Vec<u8>> {
        let tables = city.release().join("tables");
        let tables_of_year = files(&tables).into_iter().map(|file| {
            (file.strip_prefix(&tables).unwrap().display().to_string(), fs::read(&file).unwrap())
        });
        tables_of_year
            .filter(|(name, _)| name.contains("report_year=2024") && !name.starts_with("report_cell"))
            .collect()
    };
    let before = of_rows(&city);
    assert!(before.len() > 5);
    on_leave(&city.drop_folder().join("2023/students/all.csv"));
    city.run();
    assert_eq!((uncounted(&city, "2023"), uncounted(&city, "2024")), (1, 0));
    assert!(of_rows(&city) == before);
}
