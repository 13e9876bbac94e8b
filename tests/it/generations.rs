//! The meaning of a header belongs to a span of years, and a register's attributes to its definition.

use std::fs;
use std::path::PathBuf;

use crate::support::{City, Village, YAODU, get, text};

/// The end of a file's name, and what becomes of its text.
type Edit<'a> = (&'a str, &'a dyn Fn(&str) -> String);

fn definitions(city: &City, changes: &[Edit<'_>]) -> PathBuf {
    let folder = city.path().join("pipelines");
    for (name, content) in nianbao::definitions::embedded() {
        let path = city.path().join(&name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let change = changes.iter().find(|(file, _)| name.ends_with(file));
        let edited = change.map_or(content.clone(), |(_, change)| change(&content));
        assert!(change.is_none() || edited != content, "{name}");
        fs::write(path, edited).unwrap();
    }
    folder
}

/// Until 2023 the header 级别 is the grade as words; from 2024 it is a code, and the words are under 说明.
fn with_two_generations(text: &str) -> String {
    text.replacen(
        "[[column]]\nname = \"grade\"\ntitle_zh = \"年级\"\nnames = [\"年级\"]\ntype = \"text\"\n",
        "[[column]]\nname = \"grade\"\ntitle_zh = \"年级\"\nnames = [\"级别\"]\ntype = \"text\"\nlast_year = 2023\n\n\
         [[column]]\nname = \"grade\"\ntitle_zh = \"年级\"\nnames = [\"说明\"]\ntype = \"text\"\nfirst_year = 2024\n\n\
         [[column]]\nname = \"sex\"\ntitle_zh = \"性别\"\nnames = [\"级别\"]\ntype = \"code\"\ncodes = \"sex\"\n\
         first_year = 2024\n",
        1,
    )
}

#[test]
fn one_header_means_two_things_in_two_generations() {
    let city = City::empty();
    Village::new().deliver(&city);
    let folder = definitions(&city, &[("datasets/fitness.toml", &with_two_generations)]);
    let head = "学校标识码,级别,说明,参加测试人数,合格人数\n";
    city.deliver("2023/schools/register.csv", crate::support::register());
    city.deliver(
        "2023/fitness/a.csv",
        format!("学校标识码,级别,参加测试人数,合格人数\n{YAODU},一年级,10,9\n"),
    );
    city.deliver("2024/fitness/a.csv", format!("{head}{YAODU},男,二年级,20,18\n{YAODU},不明,三年级,5,4\n"));
    let output = city.nianbao(&["run", "--pipelines", folder.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(10), "{}", text(&output.stderr));
    let mut rows: Vec<[String; 4]> = city
        .table("fitness")
        .iter()
        .map(|row| ["report_year", "grade", "sex", "tested"].map(|column| get(row, column).to_owned()))
        .collect();
    rows.sort();
    let row = |texts: [&str; 4]| texts.map(str::to_owned);
    assert_eq!(rows, [row(["2023", "一年级", "", "10"]), row(["2024", "二年级", "1", "20"])]);
    // An invalid code is reported at its header, in that year alone.
    let bad: Vec<_> = city.table("finding").into_iter().filter(|row| get(row, "rule") == "E-CODE").collect();
    assert_eq!(bad.len(), 1);
    let shown = ["report_year", "header", "rows_out"].map(|column| get(&bad[0], column));
    assert_eq!(shown, ["2024", "级别", "1"]);
}

#[test]
fn columns_of_one_name_may_not_overlap_nor_differ_in_what_a_table_carries() {
    let city = City::empty();
    let overlapping =
        |text: &str| with_two_generations(text).replacen("first_year = 2024", "first_year = 2023", 1);
    let folder = definitions(&city, &[("datasets/fitness.toml", &overlapping)]);
    let output = city.nianbao(&["validate", "--pipelines", folder.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("column `grade` is defined twice for the same years"), "{said}");
    let of_another_type = |text: &str| {
        with_two_generations(text).replacen(
            "names = [\"说明\"]\ntype = \"text\"",
            "names = [\"说明\"]\ntype = \"integer\"",
            1,
        )
    };
    let folder = definitions(&city, &[("datasets/fitness.toml", &of_another_type)]);
    let output = city.nianbao(&["validate", "--pipelines", folder.to_str().unwrap()]);
    let said = text(&output.stderr);
    assert!(said.contains("column `grade` is of another type or unit in other years"), "{said}");
}

#[test]
fn a_new_attribute_of_schools_is_a_line_of_the_register() {
    let city = City::empty();
    Village::new().deliver(&city);
    let attribute = |text: &str| {
        text.replacen("codes = \"school_status\"\n", "codes = \"school_status\"\nattribute = true\n", 1)
    };
    let folder = definitions(&city, &[("datasets/schools.toml", &attribute)]);
    let output = city.nianbao(&["run", "--pipelines", folder.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(10), "{}", text(&output.stderr));
    assert!(city.table("dim_school").iter().all(|row| get(row, "status") == "1"));
}

#[test]
fn a_dataset_of_persons_must_say_so_and_is_in_no_flat_table() {
    let city = City::empty();
    Village::new().deliver(&city);
    let silent = |text: &str| text.replacen("personal = true\n", "", 1);
    let folder = definitions(&city, &[("datasets/staff.toml", &silent)]);
    let output = city.nianbao(&["validate", "--pipelines", folder.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("is not `personal`"), "{}", text(&output.stderr));
    let persons =
        |text: &str| text.replacen("table = \"mentor\"\n", "table = \"mentor\"\npersonal = true\n", 1);
    let folder = definitions(&city, &[("datasets/mentors.toml", &persons)]);
    city.run_with(&["--pipelines", folder.to_str().unwrap()]);
    let flat: Vec<String> = crate::support::files(&city.release().join("flat"))
        .iter()
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    for table in ["student", "graduate", "staff", "mentor"] {
        assert!(!flat.iter().any(|known| known == table), "{table}");
    }
    assert!(flat.iter().any(|known| known == "finding"));
}
