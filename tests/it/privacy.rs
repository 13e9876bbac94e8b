//! People's data is nowhere outside the restricted folders.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{City, Village, files, read, text, whole_city};

/// Numbers and names of everybody that was loaded.
fn people(city: &City) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut numbers = BTreeSet::new();
    let mut names = BTreeSet::new();
    for path in files(&city.data().join("identity/people")) {
        for line in fs::read_to_string(path).unwrap().lines() {
            let person: serde_json::Value = serde_json::from_str(line).unwrap();
            numbers.insert(person["id_number"].as_str().unwrap().to_owned());
            names.insert(person["name"].as_str().unwrap().to_owned());
        }
    }
    // Damaged numbers in quarantine are somebody's too.
    for path in files(&city.data().join("quarantine")) {
        let kept = fs::read_to_string(path).unwrap();
        numbers.extend(long_numbers(&kept).filter(|word| word.len() >= 17).map(str::to_owned));
    }
    (numbers, names)
}

/// All runs of 15 or more digits, with a closing X: what an ID number would be seen as.
fn long_numbers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| {
        word.len() >= 15 && word.trim_end_matches(['X', 'x']).bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[test]
fn no_number_or_name_of_a_person_is_in_any_table() {
    let city = whole_city();
    let (numbers, names) = people(city);
    assert!(numbers.len() > 30_000 && names.len() > 1_000, "{} people", numbers.len());
    let mut looked_at = 0;
    for path in files(&city.release()).iter().filter(|path| path.extension().is_some_and(|e| e == "parquet"))
    {
        for row in read(path) {
            for (column, value) in &row {
                looked_at += 1;
                assert!(!numbers.contains(value) && !names.contains(value), "{} {column}", path.display());
                assert_eq!(long_numbers(value).next(), None, "{} {column}", path.display());
            }
        }
    }
    assert!(looked_at > 1_000_000);
}

#[test]
fn no_number_of_a_person_is_in_any_other_file_or_output() {
    let city = whole_city();
    let restricted = ["landing", "identity", "staging", "quarantine"].map(|name| city.data().join(name));
    let mut looked_at = 0;
    for path in files(&city.data()) {
        let closed = restricted.iter().any(|folder| path.starts_with(folder));
        if closed || path.extension().is_some_and(|e| e == "parquet" || e == "xlsx") {
            continue;
        }
        looked_at += 1;
        let content = text(&fs::read(&path).unwrap());
        let found: Vec<_> = long_numbers(&content).filter(|word| word.len() == 18).collect();
        assert!(found.is_empty(), "{}", path.display());
    }
    assert!(looked_at >= 4);
}

#[test]
fn restricted_folders_and_files_are_closed_to_others() {
    let city = whole_city();
    for name in ["landing", "identity", "staging", "quarantine"] {
        let folder = city.data().join(name);
        let mode = fs::metadata(&folder).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o700, "{name}");
    }
    let key = city.data().join("identity/pseudonym.key");
    assert_eq!(fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_bad_row_is_told_by_its_place_and_kept_apart() {
    let city = City::empty();
    let village = Village::new();
    village.deliver(&city);
    let file = city.drop_folder().join("2024/students/all.csv");
    let roster = fs::read_to_string(&file).unwrap();
    let damaged = roster.replacen(",居民身份证,14100220080302", ",居民身份证,14100220080399", 1);
    assert_ne!(roster, damaged);
    fs::write(&file, &damaged).unwrap();
    let output = city.nianbao(&["run"]);
    assert_eq!(output.status.code(), Some(10));
    let everything = text(&output.stdout) + &text(&output.stderr);
    assert!(!everything.contains("14100220080399"));
    let findings = city.table("finding");
    let finding = findings.iter().find(|row| row["rule"] == "E-ID-FORMAT").unwrap();
    assert_eq!(
        (
            finding["file"].as_str(),
            finding["row"].as_str(),
            finding["column"].as_str(),
            finding["header"].as_str()
        ),
        ("2024/students/all.csv", "3", "F", "身份证件号")
    );
    assert!(findings.iter().all(|row| row.values().all(|value| !value.contains("14100220080399"))));
    let kept: String =
        files(&city.data().join("quarantine")).iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    assert!(kept.contains("14100220080399"));
}
