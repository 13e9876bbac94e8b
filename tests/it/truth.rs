//! Every value, file and planted row is what the mirror says it must be.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use nianbao::number::Decimal;
use serde_json::Value;

use crate::support::{City, decimal, get, whole_city};

#[test]
fn seed_1_comes_out_as_its_truth() {
    compare(whole_city());
}

#[test]
fn seeds_2_and_3_come_out_as_their_truths() {
    for seed in [2, 3] {
        let city = City::mirrored(seed);
        city.run();
        compare(&city);
    }
}

fn compare(city: &City) {
    let truth: Vec<Value> = fs::read_to_string(city.drop_folder().join("truth.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of_kind = |kind: &str| truth.iter().filter(move |line| line["kind"] == *kind).collect::<Vec<_>>();
    compare_values(city, &of_kind("value"));
    compare_files(city, &of_kind("file"));
    compare_planted(city, &of_kind("planted"));
}

fn string<'a>(line: &'a Value, key: &str) -> &'a str {
    line[key].as_str().unwrap_or_default()
}

const KEY: [&str; 7] =
    ["level", "region_code", "school_code", "indicator_id", "basis", "breakdown", "breakdown_code"];

fn key_of(line: &Value) -> Vec<String> {
    let year = line["report_year"].to_string();
    std::iter::once(year).chain(KEY.map(|key| string(line, key).to_owned())).collect()
}

/// State, value, and for ratios of system values numerator and denominator, at every level.
fn compare_values(city: &City, truth: &[&Value]) {
    const KIND: [&str; 3] = ["indicator_id", "basis", "breakdown"];
    let computed: BTreeMap<Vec<String>, _> = city
        .table("indicator_value")
        .into_iter()
        .map(|row| {
            let year = get(&row, "report_year").to_owned();
            let key = std::iter::once(year).chain(KEY.map(|column| get(&row, column).to_owned()));
            (key.collect(), row)
        })
        .collect();
    assert!(truth.len() > 10_000, "only {} values", truth.len());
    // The truth is complete for the kinds of values that it has: no other values are computed.
    let known: BTreeSet<Vec<String>> = truth.iter().map(|line| key_of(line)).collect();
    let kinds: BTreeSet<[&str; 3]> = truth.iter().map(|line| KIND.map(|key| string(line, key))).collect();
    for (key, row) in &computed {
        // A zero part of a breakdown may be missing from the truth.
        let zero_part = !get(row, "breakdown").is_empty() && decimal(get(row, "value")) == Decimal::ZERO;
        if !zero_part && kinds.contains(&KIND.map(|column| get(row, column))) {
            assert!(known.contains(key), "{key:?} is not in the truth");
        }
    }
    for line in truth {
        let key = key_of(line);
        let row = computed.get(&key).unwrap_or_else(|| panic!("{key:?} was not computed"));
        assert_eq!(get(row, "state"), string(line, "state"), "{key:?}");
        if !string(line, "value").is_empty() {
            assert_eq!(decimal(get(row, "value")), decimal(string(line, "value")), "{key:?}");
        }
        if string(line, "basis") != "filed" && !string(line, "denominator").is_empty() {
            for part in ["numerator", "denominator"] {
                assert_eq!(decimal(get(row, part)), decimal(string(line, part)), "{key:?} {part}");
            }
        }
    }
}

/// Where the physical rows of each file went.
fn compare_files(city: &City, truth: &[&Value]) {
    let delivered: BTreeMap<String, _> =
        city.table("delivery").into_iter().map(|row| (get(&row, "file").to_owned(), row)).collect();
    assert_eq!(delivered.len(), truth.len());
    for line in truth {
        let file = string(line, "file");
        let row = &delivered[file];
        for (count, column) in [
            ("rows", "rows_physical"),
            ("loaded", "rows_loaded"),
            ("quarantined", "rows_quarantined"),
            ("duplicate", "rows_duplicate"),
            ("structural", "rows_structural"),
        ] {
            assert_eq!(get(row, column), line[count].to_string(), "{file} {count}");
        }
    }
}

/// Every planted row has its outcome at its place, and no other row is quarantined.
fn compare_planted(city: &City, truth: &[&Value]) {
    let place = |file: &str, sheet: &str, row: &str| (file.to_owned(), sheet.to_owned(), row.to_owned());
    let findings: BTreeSet<_> = city
        .table("finding")
        .iter()
        .map(|row| (place(get(row, "file"), get(row, "sheet"), get(row, "row")), get(row, "rule").to_owned()))
        .collect();
    let mut expected = BTreeSet::new();
    let files: BTreeMap<String, String> = city
        .table("delivery")
        .iter()
        .map(|row| (get(row, "sha256").to_owned(), get(row, "file").to_owned()))
        .collect();
    let mut uncounted = BTreeSet::new();
    for table in ["student", "graduate", "staff", "major_offering"] {
        for row in city.table(table).iter().filter(|row| get(row, "counted") == "false") {
            let file = &files[get(row, "source_file")];
            uncounted.insert(place(file, get(row, "source_sheet"), get(row, "source_row")));
        }
    }
    let mut planted_uncounted = BTreeSet::new();
    for line in truth {
        let at = place(string(line, "file"), string(line, "sheet"), &line["row"].to_string());
        match string(line, "outcome") {
            "quarantined" => {
                expected.insert((at, string(line, "rule").to_owned()));
            }
            "not_counted" => {
                planted_uncounted.insert(at);
            }
            "query" if string(line, "fault") == "check_digit_wrong" => {
                assert!(findings.contains(&(at.clone(), "Q-ID-CHECK".to_owned())), "{at:?}");
            }
            _ => {}
        }
    }
    assert!(expected.len() > 50 && planted_uncounted.len() > 50);
    let quarantined: BTreeSet<_> =
        findings.iter().filter(|(_, rule)| rule.starts_with("E-")).cloned().collect();
    assert_eq!(quarantined, expected);
    assert_eq!(uncounted, planted_uncounted);
}
