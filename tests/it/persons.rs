//! Who decided: the account beside the name, and names held against the bureau's list of persons.

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

use crate::sign::{PEOPLE, described, sign, signed, village_answered};
use crate::support::{City, HONGTONG, Village, YAODU, save, sheets, text};

const LIST: &str = "\
[[person]]
name = '李晓燕'
aliases = ['李老师']
roles = ['填报人']

[[person]]
name = '王建国'
aliases = ['王科长']
roles = ['decider', 'reviewer', 'responsible']

[[person]]
name = '张三'
roles = ['responsible']
";

fn village() -> City {
    let city = City::empty();
    Village::new().deliver(&city);
    city.run();
    city
}

fn keep_list(city: &City, list: &str) {
    fs::write(city.path().join("persons.toml"), list).unwrap();
}

fn set(city: &City, value: &str, by: &str) -> Output {
    city.nianbao(&[
        "override", "set", "students", "--year", "2024", "--school", YAODU, "--basis", "system", "--value",
        value, "--by", by, "--why", "核实",
    ])
}

fn decisions(city: &City) -> Vec<Value> {
    serde_json::from_slice(&city.nianbao(&["override", "list", "--json"]).stdout).unwrap()
}

fn said(output: &Output) -> String {
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn every_record_has_the_account_and_the_machine_and_says_that_no_name_was_checked() {
    let city = signed();
    let freeze = city.nianbao(&["freeze", "--year", "2023", "--by", "张局长", "--why", "已上报"]);
    assert_eq!(freeze.status.code(), Some(0));
    let lift = city.nianbao(&["freeze", "--year", "2023", "--lift", "--by", "张局长", "--why", "更正"]);
    assert_eq!(lift.status.code(), Some(0));
    let mut command = Command::new("id");
    let user = text(&command.arg("-un").output().unwrap().stdout).trim().to_owned();
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().to_owned();
    let mut records = 0;
    for journal in ["overrides", "signatures"] {
        for entry in fs::read_dir(city.data().join("ledger").join(journal)).unwrap() {
            let path = entry.unwrap().path();
            let record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let origin = &record["origin"];
            assert_eq!(
                (&origin["user"], &origin["host"], &origin["name_checked"]),
                (&user.as_str().into(), &host.as_str().into(), &false.into()),
                "{}",
                path.display()
            );
            records += 1;
        }
    }
    // Answers, notes and confirmed rows; three signatures, the freeze and its end.
    assert!(records > 7, "{records}");
    assert_eq!(city.nianbao(&["verify"]).status.code(), Some(0));
    let listed = text(&city.nianbao(&["sign", "--list"]).stdout);
    assert!(listed.lines().all(|line| line.contains("(name not checked, ")), "{listed}");
    let releases = text(&city.nianbao(&["releases", "list"]).stderr);
    assert!(releases.contains("2023: names under these signatures were not checked"), "{releases}");
}

#[test]
fn whoever_calls_sudo_is_on_record() {
    let city = village();
    let output = Command::new(env!("CARGO_BIN_EXE_nianbao"))
        .args(["override", "set", "students", "--year", "2024", "--school", YAODU, "--basis", "system"])
        .args(["--value", "9", "--by", "王", "--why", "x", "--data"])
        .arg(city.data())
        .env("SUDO_USER", "wangjg")
        .current_dir(city.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(decisions(&city)[0]["origin"]["sudo_user"], "wangjg");
}

#[test]
fn names_that_are_not_on_the_list_decide_nothing() {
    let city = village();
    keep_list(&city, LIST);
    let refused = set(&city, "9", "王建");
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        said(&refused).contains("`王建` is not on the list of persons `persons.toml`; did you mean 王建国?")
    );
    let role = set(&city, "9", "李晓燕");
    assert_eq!(role.status.code(), Some(2));
    assert!(said(&role).contains("it takes the role decider (处理人)"), "{}", said(&role));
    assert_eq!(decisions(&city), Vec::<Value>::new());
    // Any spelling of a name is the person's, who is recorded by one.
    for (value, by) in [("9", "王 科長"), ("8", "王建國")] {
        assert_eq!(set(&city, value, by).status.code(), Some(0));
    }
    let decisions = decisions(&city);
    assert!(decisions.iter().all(|decision| decision["who"] == "王建国"), "{decisions:?}");
    assert_eq!(decisions[0]["origin"]["name_checked"], true);
}

#[test]
fn a_list_beside_the_settings_counts_and_one_with_faults_is_refused_by_line() {
    let city = village();
    let folder = city.path().join("settings");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("site.toml"), "threads = 1\n").unwrap();
    fs::write(folder.join("persons.toml"), LIST.replace("'填报人'", "'填表人'")).unwrap();
    let with = |by: &str| {
        city.nianbao(&[
            "override",
            "set",
            "students",
            "--year",
            "2024",
            "--school",
            YAODU,
            "--basis",
            "system",
            "--value",
            "9",
            "--by",
            by,
            "--why",
            "x",
            "--config",
            "settings/site.toml",
        ])
    };
    let refused = with("王建国");
    assert_eq!(refused.status.code(), Some(2));
    assert!(said(&refused).contains("settings/persons.toml:4: `填表人` is not a role"), "{}", said(&refused));
    fs::write(folder.join("persons.toml"), LIST).unwrap();
    assert_eq!(with("王建国").status.code(), Some(0));
    // Leaving the settings away does not leave the list away.
    let without = set(&city, "8", "anybody");
    assert_eq!(without.status.code(), Some(2));
    assert!(
        said(&without).contains("names were checked against a list of persons so far"),
        "{}",
        said(&without)
    );
    fs::write(folder.join("none.toml"), "persons_file = 'none'\n").unwrap();
    let given_up = city.nianbao(&[
        "override",
        "withdraw",
        "1",
        "--by",
        "anybody",
        "--why",
        "x",
        "--config",
        "settings/none.toml",
    ]);
    assert_eq!(given_up.status.code(), Some(0), "{}", said(&given_up));
    assert_eq!(decisions(&city)[1]["origin"]["name_checked"], false);
}

#[test]
fn roles_are_held_to_and_one_person_signs_once_under_any_name() {
    let city = village_answered();
    keep_list(&city, LIST);
    let code = |role: &str, by: &str| sign(&city, "2023", role, by, &[]).status.code();
    assert_eq!(code("reviewer", "李老师"), Some(2));
    assert_eq!(code("preparer", "李 老师"), Some(0));
    assert_eq!(code("reviewer", "王科长"), Some(0));
    let twice = sign(&city, "2023", "responsible", "王建國", &[]);
    assert_eq!(twice.status.code(), Some(2));
    assert!(said(&twice).contains("the three are different people"), "{}", said(&twice));
    assert_eq!(code("responsible", "張 三"), Some(0));
    let listed = text(&city.nianbao(&["sign", "--list"]).stdout);
    assert!(listed.lines().all(|line| line.contains("(name on the list, ")), "{listed}");
    assert!(!listed.contains("李老师") && listed.contains("李晓燕"), "{listed}");
    let freeze =
        |by: &str| city.nianbao(&["freeze", "--year", "2023", "--by", by, "--why", "x"]).status.code();
    assert_eq!((freeze("李晓燕"), freeze("张三")), (Some(2), Some(0)));
}

#[test]
fn one_person_does_not_sign_twice_under_two_spellings_without_a_list_either() {
    let city = village_answered();
    assert_eq!(sign(&city, "2023", "preparer", "劉國強", &[]).status.code(), Some(0));
    for by in ["刘国强", "刘 国强", "刘\u{3000}国強"] {
        let twice = sign(&city, "2023", "reviewer", by, &[]);
        assert_eq!(twice.status.code(), Some(2), "{}", described(&twice));
    }
    assert_eq!(sign(&city, "2023", "reviewer", PEOPLE[1].1, &[]).status.code(), Some(0));
}

#[test]
fn names_in_workbooks_are_held_against_the_list() {
    let city = City::empty();
    Village::new().deliver(&city);
    // A damaged number, for a row to correct.
    let file = city.drop_folder().join("2024/students/all.csv");
    let roster = fs::read_to_string(&file).unwrap();
    fs::write(&file, roster.replacen(",居民身份证,14100220080302", ",居民身份证,14100220080399", 1)).unwrap();
    city.run();
    keep_list(&city, LIST);
    let written = city.nianbao(&["quarantine", "export", "--school", YAODU, "--json"]);
    let written: Vec<Value> = serde_json::from_slice(&written.stdout).unwrap();
    let path = city.path().join(written[0]["path"].as_str().unwrap());
    let answered_by = |by: &str| {
        let mut book = sheets(&path);
        for (_, rows) in &mut book {
            for row in rows.iter_mut().filter(|row| row[0].starts_with('R')) {
                (row[1], row[2]) = ("放弃".to_owned(), by.to_owned());
            }
        }
        let filled = city.path().join("filled.xlsx");
        save(&book, &filled);
        city.nianbao(&["quarantine", "release", filled.to_str().unwrap()])
    };
    let refused = answered_by("王科");
    assert_eq!(refused.status.code(), Some(2));
    assert!(said(&refused).contains("`王科` is not on the list of persons"), "{}", said(&refused));
    assert_eq!(decisions(&city), Vec::<Value>::new());
    assert_eq!(answered_by("王科长").status.code(), Some(0));
    assert_eq!(decisions(&city)[0]["who"], "王建国");
    // The same answer again is known, by whichever of the names.
    let again = answered_by("王建国");
    assert!(said(&again).contains("1 known already"), "{}", said(&again));
}

#[test]
fn a_set_value_is_shown_as_it_was_and_as_it_is_with_unit_and_basis() {
    let city = village();
    let units: Vec<Value> =
        serde_json::from_slice(&city.nianbao(&["units", "--level", "school", "--json"]).stdout).unwrap();
    let name = units.iter().find(|unit| unit["school_code"] == HONGTONG).unwrap()["name"].as_str().unwrap();
    let set = |value: &str, more: &[&str]| {
        let arguments =
            ["override", "set", "全日制在校生人数", "--year", "2024", "--school", name, "--value", value];
        city.nianbao(&[&arguments[..], &["--by", "王", "--why", "核实"], more].concat())
    };
    let filed = said(&set("9", &[]));
    assert!(filed.contains("on basis filed (填报): 缺报 (missing) → 9 人\n"), "{filed}");
    let first = said(&set("9", &["--basis", "系统"]));
    assert!(
        first.contains(&format!("{HONGTONG} {name}, 2024, on basis system (系统): 3 人 → 9 人\n")),
        "{first}"
    );
    let second = said(&set("8", &["--basis", "system"]));
    assert!(second.contains("3 人 → 8 人; this replaces decision 2, which set 9 人\n"), "{second}");
    let json: Value = serde_json::from_slice(&set("7", &["--basis", "system", "--json"]).stdout).unwrap();
    assert_eq!(
        [&json["before"], &json["after"], &json["unit"], &json["basis"], &json["id"]],
        [&Value::from("3"), &"7".into(), &"人".into(), &"system".into(), &4.into()]
    );
}
