//! A plan says what a run would do and why, and changes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{City, Village, YAODU, a_year_before, files, text};

fn village() -> City {
    let city = City::empty();
    Village::new().deliver(&city);
    for file in ["schools/register.csv", "students/all.csv"] {
        let content = fs::read_to_string(city.drop_folder().join("2024").join(file)).unwrap();
        city.deliver(&format!("2023/{file}"), a_year_before(&content));
    }
    city
}

/// Every file of the data root with its bytes.
fn tree(city: &City) -> BTreeMap<PathBuf, Vec<u8>> {
    files(&city.data()).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// The output of a plan, once it is checked that nothing was changed.
fn plan(city: &City, more: &[&str]) -> String {
    let before = tree(city);
    let output = city.nianbao(&[&["plan"], more].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(tree(city) == before, "a plan changed the data root");
    text(&output.stdout)
}

/// The definitions that come with the program, in a folder to change one of them.
fn definitions(city: &City) -> PathBuf {
    let folder = city.path().join("pipelines");
    for (name, content) in nianbao::definitions::embedded() {
        let path = city.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn change(path: &Path, change: impl Fn(&str) -> String) {
    let content = fs::read_to_string(path).unwrap();
    let changed = change(&content);
    assert_ne!(content, changed, "{}", path.display());
    fs::write(path, changed).unwrap();
}

#[test]
fn a_plan_says_of_every_year_whether_it_would_be_made_again_and_why() {
    let city = village();
    let output = city.nianbao(&["plan"]);
    assert_eq!(
        text(&output.stdout),
        "2023  would be made again\n  it was never published\n2024  would be made again\n  it was never published\n"
    );
    assert!(!city.data().exists(), "a plan makes no data root");
    city.run();
    assert_eq!(plan(&city, &[]), "2023  stays as it is\n2024  stays as it is\n");
    assert_eq!(city.nianbao(&["plan", "--exit-code"]).status.code(), Some(0));

    let roster = city.drop_folder().join("2024/students/all.csv");
    let whole = fs::read_to_string(&roster).unwrap();
    fs::write(&roster, whole.lines().take(9).collect::<Vec<_>>().join("\n") + "\n").unwrap();
    insta::assert_snapshot!(plan(&city, &[]), @r"
    2023  stays as it is
    2024  would be made again
      delivery changed: 2024/students/all.csv
    ");
    assert_eq!(city.nianbao(&["plan", "--exit-code"]).status.code(), Some(10));
    fs::write(&roster, whole).unwrap();

    let decision = ["override", "set", "students", "--basis", "system", "--year", "2023", "--school", YAODU];
    let decided =
        city.nianbao(&[&decision[..], &["--value", "9", "--by", "王科长", "--why", "漏报"]].concat());
    assert_eq!(decided.status.code(), Some(0), "{}", text(&decided.stderr));
    insta::assert_snapshot!(plan(&city, &[]), @r"
    2023  would be made again
      decision recorded, of rule: W-ADJUSTED
    2024  would be made again
      2023 changes, which it prints beside its own year
    ");
    assert_eq!(plan(&city, &["--year", "2024"]).lines().count(), 2);
}

#[test]
fn a_definition_is_a_reason_for_the_years_that_read_it() {
    let city = village();
    let folder = definitions(&city);
    let with = ["--pipelines", folder.to_str().unwrap()];
    city.run_with(&with);
    let stays = "2023  stays as it is\n2024  stays as it is\n";
    assert_eq!(plan(&city, &with), stays);
    change(&folder.join("codes/sex.toml"), |text| format!("# 说明\n{text}"));
    assert_eq!(plan(&city, &with), stays, "a comment decides nothing");
    let layout = fs::read_to_string(folder.join("layouts/2023.toml")).unwrap();
    fs::write(folder.join("layouts/2019.toml"), layout.replacen("year = 2023", "year = 2019", 1)).unwrap();
    assert_eq!(plan(&city, &with), stays, "nor does the layout of a year that is not there");
    let code = "\n[[code]]\ncode = \"98\"\nlabel = \"借调\"\n";
    change(&folder.join("codes/staff_status.toml"), |text| text.to_owned() + code);
    insta::assert_snapshot!(plan(&city, &with), @r"
    2023  stays as it is
    2024  would be made again
      definition changed: codes/staff_status.toml
    ");
    // A run does what was planned, and decodes nothing again except the staff.
    let fragments = || -> Vec<PathBuf> { files(&city.data().join("staging/fragments")) };
    let before = fragments().len();
    let summary = city.run_with(&with);
    assert_eq!(summary["outcome"], "published");
    let new = fragments().iter().filter(|path| path.ends_with("fragment.json")).count();
    assert_eq!(fragments().len() - before, 2, "{new} fragments");
    assert_eq!(plan(&city, &with), stays);
    // A year is explained with what it read, whatever else was written in a definition since.
    change(&folder.join("codes/sex.toml"), |text| format!("# 又一说明\n{text}"));
    let explained = city.nianbao(&[&["explain", "students", "--year", "2024"], &with[..]].concat());
    assert_eq!(explained.status.code(), Some(0), "{}", text(&explained.stderr));
}

#[test]
fn a_plan_computes_what_would_move() {
    let city = village();
    let planned = |more: &[&str]| -> Value {
        let before = city.data().exists().then(|| tree(&city));
        let output = city.nianbao(&[&["plan", "--figures", "--json"], more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(before == city.data().exists().then(|| tree(&city)), "a plan changed the data root");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    // Without a data root everything is new, under a key that is forgotten.
    let first = planned(&[]);
    assert_eq!(first["figures"]["outcome"], "published");
    assert!(first["figures"]["moved"].as_array().unwrap().len() > 50);
    assert_eq!(fs::read_dir(city.path()).unwrap().count(), 1, "nothing is left beside the drop folder");
    city.run();
    assert_eq!(planned(&[])["figures"]["outcome"], "nothing_to_do");
    let roster = city.drop_folder().join("2024/students/all.csv");
    let whole = fs::read_to_string(&roster).unwrap();
    fs::write(&roster, whole.lines().take(9).collect::<Vec<_>>().join("\n") + "\n").unwrap();
    let planned = planned(&[]);
    let moved = planned["figures"]["moved"].as_array().unwrap().clone();
    let figure = |id: &str, region: &str| {
        let found = moved.iter().find(|moved| {
            moved["indicator_id"] == id && moved["region_code"] == region && moved["basis"] == "system"
        });
        let found = found.unwrap_or_else(|| panic!("{id} {region}"));
        ["before", "after", "change"].map(|key| found[key].as_str().unwrap().to_owned())
    };
    assert_eq!(figure("students", "141000"), ["9", "8", "-1"]);
    assert!(moved.iter().all(|moved| moved["report_year"] == 2024));
    let text = plan(&city, &["--figures", "--quiet"]);
    assert!(text.contains("临汾市 全日制在校生人数（系统） 9 → 8 (-1)"), "{text}");
    // The run results in what was planned.
    city.run();
    let students = city.table("indicator_value").into_iter().find(|row| {
        row["indicator_id"] == "students" && row["level"] == "city" && row["report_year"] == "2024"
    });
    assert_eq!(students.unwrap()["value"], "8.0000000000");
}

#[test]
fn a_plan_works_while_a_run_holds_the_lock_and_clears_what_a_killed_plan_left() {
    let city = village();
    city.run();
    let lock = fs::OpenOptions::new().write(true).open(city.data().join("ledger/lock")).unwrap();
    lock.try_lock().unwrap();
    assert_eq!(city.nianbao(&["run"]).status.code(), Some(75));
    assert_eq!(plan(&city, &[]), "2023  stays as it is\n2024  stays as it is\n");
    // No process has so large a number.
    let left = city.data().join("staging/plan-4194999");
    fs::create_dir(&left).unwrap();
    assert_eq!(city.nianbao(&["plan", "--figures"]).status.code(), Some(0));
    assert!(!left.exists());
}
