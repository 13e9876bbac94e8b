//! A figure that lacks a school says so, and a ratio is of the schools that have both of its parts.

use std::collections::BTreeMap;
use std::fs;

use nianbao::definitions;
use nianbao::definitions::indicator::{Calculation, Indicator};
use nianbao::number::{Decimal, ONE};
use serde_json::Value;

use crate::reconcile::filing;
use crate::support::{City, HONGTONG, PROVINCIAL, Record, Village, YAODU, decimal, get, text, whole_city};

/// The value of an indicator as a whole on a basis, by school or else by region.
fn values(city: &City, indicator: &str, basis: &str) -> BTreeMap<String, Record> {
    let mut rows = city.table("indicator_value");
    rows.retain(|row| {
        get(row, "indicator_id") == indicator
            && get(row, "basis") == basis
            && get(row, "breakdown").is_empty()
            && get(row, "report_year") == "2024"
    });
    let place = |row: &Record| {
        let school = get(row, "school_code");
        if school.is_empty() { get(row, "region_code") } else { school }.to_owned()
    };
    rows.into_iter().map(|row| (place(&row), row)).collect()
}

/// `value 2 = 6/3, 2 of 3, 0.6666666667`.
fn described(row: &Record) -> String {
    let number = |column: &str| {
        let text = get(row, column);
        if text.is_empty() { String::new() } else { decimal(text).to_string() }
    };
    let count = |column: &str| get(row, column).parse::<u32>().unwrap();
    let (schools, missing) = (count("n_schools"), count("n_missing"));
    assert_eq!(get(row, "complete") == "true", missing == 0 && get(row, "state") != "missing");
    format!(
        "{} {} = {}/{}, {schools} of {}, {}",
        get(row, "state"),
        number("value"),
        number("numerator"),
        number("denominator"),
        schools + missing,
        number("share"),
    )
}

fn without_staff_of(school: &str) -> City {
    let city = City::empty();
    Village::new().deliver(&city);
    let file = city.drop_folder().join("2024/staff/all.csv");
    let staff = fs::read_to_string(&file).unwrap();
    let kept: Vec<&str> = staff.lines().filter(|line| !line.starts_with(school)).collect();
    fs::write(&file, kept.join("\n")).unwrap();
    city.run();
    city
}

#[test]
fn a_ratio_leaves_out_the_school_that_has_one_part_only() {
    let city = without_staff_of(HONGTONG);
    let ratio = values(&city, "student_teacher_ratio", "system");
    let expected = [
        ("141000", "value 2 = 6/3, 2 of 3, 0.6666666667"),
        ("141002", "value 2 = 4/2, 1 of 1, "),
        ("141024", "missing  = /, 0 of 1, "),
        ("141099", "value 2 = 2/1, 1 of 1, "),
        (YAODU, "value 2 = 4/2, 1 of 1, "),
        (HONGTONG, "missing  = /, 0 of 1, "),
        (PROVINCIAL, "value 2 = 2/1, 1 of 1, "),
    ];
    for (place, row) in expected {
        assert_eq!(described(&ratio[place]), row, "{place}");
    }
    // Sums have what there is.
    assert_eq!(described(&values(&city, "students", "system")["141000"]), "value 9 = /, 3 of 3, ");
    assert_eq!(described(&values(&city, "teachers_full_time", "system")["141000"]), "value 3 = /, 2 of 3, ");
}

#[test]
fn what_is_incomplete_is_said_beside_the_figure_and_explained() {
    let city = without_staff_of(HONGTONG);
    let cells = city.table("report_cell");
    let of_city = |indicator: &str| {
        let is_cell = |row: &&Record| {
            get(row, "level") == "city"
                && get(row, "indicator_id") == indicator
                && get(row, "breakdown").is_empty()
                && get(row, "report_year") == get(row, "column_year")
                && get(row, "basis") == "system"
        };
        cells.iter().find(is_cell).unwrap_or_else(|| panic!("{indicator} is not printed"))
    };
    let teachers = of_city("teachers_full_time");
    assert_eq!(get(teachers, "complete"), "false");
    assert_eq!(get(teachers, "incomplete"), "应含 3 所学校，实含 2 所，缺 1 所");
    let students = of_city("students");
    assert_eq!((get(students, "complete"), get(students, "incomplete")), ("true", ""));
    let ratio = of_city("student_teacher_ratio");
    assert_eq!(get(ratio, "incomplete"), "应含 3 所学校，实含 2 所，缺 1 所（占已知数的 66.67%）");
    let arguments = ["explain", "student_teacher_ratio", "--year", "2024"];
    let explained: Value =
        serde_json::from_slice(&city.nianbao(&[&arguments[..], &["--json"]].concat()).stdout).unwrap();
    let basis = &explained["bases"][0];
    assert_eq!(
        (&basis["complete"], &basis["n_schools"], &basis["n_missing"], &basis["share"]),
        (&false.into(), &2.into(), &1.into(), &"0.6666666667".into())
    );
    assert_eq!(basis["missing_schools"][0]["school_code"], HONGTONG);
    let said = text(&city.nianbao(&arguments).stdout);
    assert!(said.contains("6 ÷ 3 = 2（只计两项都有的 2 所学校）"), "{said}");
    assert!(said.contains("不完整  应含 3 所学校，实含 2 所，缺 1 所（占已知数的 66.67%）"), "{said}");
    // It is not held against the totals of all schools.
    let doubted = city.table("finding").into_iter().filter(|row| get(row, "rule") == "C-RATIO");
    assert_eq!(doubted.count(), 0);
}

#[test]
fn a_filed_mean_is_of_the_schools_that_filed_its_weight_too() {
    let city = City::empty();
    Village::new().deliver(&city);
    city.deliver("2024/filings/a.csv", filing(YAODU, "3", "4", "1000"));
    city.deliver("2024/filings/b.csv", filing(HONGTONG, "2", "", "2000"));
    city.run();
    let mean = values(&city, "funding_per_student", "filed");
    // The one school filed no weight, the other nothing.
    assert_eq!(described(&mean["141000"]), "value 1000 = 4000/4, 1 of 3, ");
    assert_eq!(described(&mean["141024"]), "missing  = /, 0 of 1, ");
    assert_eq!(described(&mean["141099"]), "missing  = /, 0 of 1, ");
    // A school's own is as it was filed.
    assert_eq!(described(&mean[HONGTONG]), "value 2000 = /, 1 of 1, ");
}

#[test]
fn a_value_that_a_person_set_makes_a_ratio_whole_again() {
    let city = without_staff_of(HONGTONG);
    let set = city.nianbao(&[
        "override",
        "set",
        "teachers_full_time",
        "--year",
        "2024",
        "--school",
        HONGTONG,
        "--basis",
        "system",
        "--value",
        "1",
        "--by",
        "王科长",
        "--why",
        "电话核实",
    ]);
    assert_eq!(set.status.code(), Some(0), "{}", text(&set.stderr));
    city.run();
    let adjusted = values(&city, "student_teacher_ratio", "adjusted");
    assert_eq!(described(&adjusted["141000"]), "value 2.25 = 9/4, 3 of 3, ");
    assert_eq!(described(&adjusted[HONGTONG]), "value 3 = 3/1, 1 of 1, ");
    let delivered = values(&city, "student_teacher_ratio", "system");
    assert_eq!(described(&delivered["141000"]), "value 2 = 6/3, 2 of 3, 0.6666666667");
}

#[test]
fn a_dataset_that_nobody_delivers_is_one_finding() {
    let city = City::empty();
    Village::new().deliver(&city);
    fs::remove_file(city.drop_folder().join("2024/staff/all.csv")).unwrap();
    city.run();
    let findings = city.table("finding");
    let about = |dataset: &str| -> Vec<&Record> {
        findings
            .iter()
            .filter(|row| get(row, "dataset") == dataset && get(row, "rule").contains("MISSING"))
            .collect()
    };
    let [staff] = about("staff")[..] else { panic!("{:?}", about("staff")) };
    assert_eq!((get(staff, "rule"), get(staff, "severity")), ("Q-DATASET-MISSING", "S2"));
    for said in ["教职工", "2024年", "3 所学校", "各校都应报送", "专任教师", "表1.4"] {
        assert!(get(staff, "message").contains(said), "{said}: {}", get(staff, "message"));
    }
    // Neither the contract nor an earlier year has it.
    assert_eq!(about("finance").len(), 0);
    let ratio = values(&city, "student_teacher_ratio", "system");
    assert_eq!(described(&ratio["141000"]), "missing  = /, 0 of 3, ");
}

/// State and parts agree in every row: only a value has a number or parts, and a ratio is what its parts give.
#[test]
fn in_every_row_state_and_parts_agree() {
    let files = definitions::embedded().into_iter();
    let files: Vec<_> = files.map(|(name, text)| (name, text.replace("{residual}", "141099"))).collect();
    let definitions = definitions::load(&files).unwrap();
    let factor_of = |indicator: &Indicator, basis: &str| match &indicator.system {
        Some(Calculation::Ratio(ratio)) if basis == "system" => i128::from(ratio.factor),
        _ => 1,
    };
    let (mut ratios, mut dashes) = (0, 0);
    for row in whole_city().table("indicator_value") {
        let number = |column: &str| Some(get(&row, column)).filter(|text| !text.is_empty()).map(decimal);
        let parts = (number("numerator"), number("denominator"));
        let what = format!("{row:?}");
        assert_eq!((get(&row, "complete"), get(&row, "n_missing")), ("true", "0"), "{what}");
        match get(&row, "state") {
            "value" => {
                let words = get(&row, "words");
                assert!(
                    number("value").is_some() == words.is_empty()
                        || get(&row, "indicator_id").ends_with("_list"),
                    "{what}"
                );
                let (Some(numerator), Some(denominator)) = parts else {
                    assert_eq!(parts, (None, None), "{what}");
                    continue;
                };
                let indicator = definitions.indicator(get(&row, "indicator_id")).unwrap();
                let factor = factor_of(indicator, get(&row, "basis"));
                // Half up to ten places, in whole numbers: (2·n·f·10¹⁰ + d) ÷ 2·d.
                assert!(numerator >= Decimal::ZERO && denominator > Decimal::ZERO, "{what}");
                let quotient = (2 * numerator.0 * factor * ONE + denominator.0) / (2 * denominator.0);
                assert_eq!(number("value"), Some(Decimal(quotient)), "{what}");
                ratios += 1;
            }
            state @ ("dash" | "blank" | "missing") => {
                assert_eq!((number("value"), parts), (None, (None, None)), "{what}");
                assert_eq!((get(&row, "words"), get(&row, "share")), ("", ""), "{what}");
                dashes += usize::from(state == "dash");
            }
            other => panic!("{other}"),
        }
    }
    assert!(ratios > 1_000 && dashes > 100, "{ratios} ratios, {dashes} dashes");
}
