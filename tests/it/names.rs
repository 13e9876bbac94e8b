//! Commands are told indicators, regions and schools by code or name, and ask about what they do not know.

use serde_json::Value;

use crate::support::{City, text, whole_city};

fn answer(city: &City, arguments: &[&str]) -> (Option<i32>, String) {
    let output = city.nianbao(arguments);
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

/// Name and code of a school of 洪洞县.
fn school(city: &City) -> (String, String) {
    let listed = city.nianbao(&["units", "--region", "洪洞县", "--level", "school", "--json"]).stdout;
    let listed: Vec<Value> = serde_json::from_slice(&listed).unwrap();
    assert!(listed.len() > 1 && listed.iter().all(|unit| unit["region_code"] == "141024"), "{listed:?}");
    let field = |name: &str| listed[0][name].as_str().unwrap().to_owned();
    (field("name"), field("school_code"))
}

#[test]
fn a_name_gives_what_its_code_gives() {
    let city = whole_city();
    let (name, code) = school(city);
    let same = |by_code: &[&str], by_name: &[&str]| {
        let (expected, given) = (answer(city, by_code), answer(city, by_name));
        assert_eq!((expected.0, &expected.1), (Some(0), &given.1), "{by_name:?}");
    };
    let explain = ["explain", "students", "--year", "2024"];
    same(&[&explain[..], &["--school", &code]].concat(), &[&explain[..], &["--school", &name]].concat());
    same(
        &[&explain[..], &["--region", "141024"]].concat(),
        &["explain", "全日制在校生人数", "--year", "2024", "--region", "洪洞"],
    );
    same(&["quarantine", "list", "--school", &code], &["quarantine", "list", "--school", &name]);
    same(&["quarantine", "list", "--dataset", "students"], &["quarantine", "list", "--dataset", "学生学籍"]);
    same(&["catalogue", "students"], &["catalogue", "全日制在校生人数"]);
}

#[test]
fn what_there_is_not_is_asked_about_and_ends_with_2() {
    let city = whole_city();
    let (name, code) = school(city);
    let part: String = name.chars().take(4).collect();
    let found = format!("did you mean {code} {name}");
    let explain = ["explain", "students", "--year", "2024"];
    for (arguments, words) in [
        ([&explain[..], &["--school", &part]].concat(), found.as_str()),
        (vec!["quarantine", "list", "--school", &part], &found),
        (vec!["quarantine", "export", "--school", &part], &found),
        ([&explain[..], &["--region", "洪桐县"]].concat(), "did you mean 141024 洪洞县?"),
        ([&explain[..], &["--region", "110000"]].concat(), "there is no region `110000` in 2024"),
        (vec!["units", "--region", "洪桐"], "did you mean 141024 洪洞县?"),
        (vec!["explain", "student", "--year", "2024"], "did you mean students 全日制在校生人数?"),
        (vec!["catalogue", "生师"], "did you mean student_teacher_ratio 生师比?"),
        (vec!["catalogue", "不存在的东西"], "there is no indicator `不存在的东西`\n"),
        (vec!["quarantine", "list", "--dataset", "student"], "did you mean students?"),
        (vec!["quarantine", "list", "--year", "2031"], "has no year 2031"),
        (vec!["units", "--year", "2031"], "has no year 2031"),
    ] {
        let (code, said) = answer(city, &arguments);
        assert_eq!(code, Some(2), "{arguments:?} {said}");
        assert!(said.contains(words), "{arguments:?} {said}");
    }
}

#[test]
fn the_units_of_a_year_are_listed_with_each_county_before_its_schools() {
    let city = whole_city();
    let (_, said) = answer(city, &["units"]);
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].ends_with("临汾市") && lines[1].starts_with("141002"), "{said}");
    assert_eq!(lines.iter().filter(|line| line.starts_with("  36")).count(), 45);
    assert_eq!(lines.iter().filter(|line| line.starts_with("1410")).count(), 1 + 17 + 1);
}

#[test]
fn a_misspelt_variable_is_refused_before_anything_is_done() {
    let city = City::empty();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_nianbao"))
        .args(["run", "--data"])
        .arg(city.data())
        .env("NIANBAO_DROPDIR", city.drop_folder())
        .current_dir(city.path())
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("no environment variable `NIANBAO_DROPDIR`; did you mean NIANBAO_DROP_DIR?"),
        "{said}"
    );
}
