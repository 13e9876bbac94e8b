//! One row of the input changes, and exactly the figures that depend on it.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{City, HONGTONG, PROVINCIAL, Village, YAODU, get};

type Values = BTreeMap<[String; 6], [String; 3]>;

/// Values by indicator, basis, breakdown, code, region and school.
fn values(village: &Village) -> Values {
    let city = City::empty();
    village.deliver(&city);
    city.run();
    let key = ["indicator_id", "basis", "breakdown", "breakdown_code", "region_code", "school_code"];
    let fields = ["state", "value", "n_missing"];
    let texts = |row: &_, columns: [&str; 6]| columns.map(|column| get(row, column).to_owned());
    city.table("indicator_value")
        .iter()
        .map(|row| (texts(row, key), fields.map(|column| get(row, column).to_owned())))
        .collect()
}

/// `indicator breakdown/code unit` of everything that differs; the unit is the school where there is one.
fn changed(before: &Values, after: &Values) -> BTreeSet<String> {
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let named = |[indicator, _, breakdown, code, region, school]: &[String; 6]| {
        let part = if breakdown.is_empty() { String::new() } else { format!(" {breakdown}/{code}") };
        format!("{indicator}{part} {}", if school.is_empty() { region } else { school })
    };
    keys.into_iter().filter(|key| before.get(*key) != after.get(*key)).map(named).collect()
}

fn expected(figures: &[&str], units: &[&str]) -> BTreeSet<String> {
    figures.iter().flat_map(|figure| units.iter().map(move |unit| format!("{figure} {unit}"))).collect()
}

#[test]
fn a_student_less_changes_the_students_above_and_nothing_else() {
    let mut village = Village::new();
    let before = values(&village);
    village.students.remove(0);
    let figures =
        ["students", "students school_type/365", "students major_class/71", "student_teacher_ratio"];
    assert_eq!(changed(&before, &values(&village)), expected(&figures, &[YAODU, "141002", "141000"]));
}

#[test]
fn a_student_on_leave_is_a_student_less() {
    let mut village = Village::new();
    let before = values(&village);
    let mut without = village.clone();
    without.students.remove(1);
    village.students[1].status = "休学";
    let on_leave = values(&village);
    assert_eq!(changed(&values(&without), &on_leave), BTreeSet::new());
    assert_ne!(before, on_leave);
}

#[test]
fn a_student_moved_to_another_school_leaves_the_city_as_it_was() {
    let mut village = Village::new();
    let before = values(&village);
    village.students[0].school = HONGTONG;
    let figures =
        ["students", "students school_type/365", "students major_class/71", "student_teacher_ratio"];
    let units = [YAODU, "141002", HONGTONG, "141024"];
    assert_eq!(changed(&before, &values(&village)), expected(&figures, &units));
}

#[test]
fn a_move_to_a_school_under_no_county_goes_to_the_residual() {
    let mut village = Village::new();
    let before = values(&village);
    village.students[0].school = PROVINCIAL;
    let mut should = expected(
        &["students", "students major_class/71", "student_teacher_ratio"],
        &[YAODU, "141002", PROVINCIAL, "141099"],
    );
    should.extend(expected(&["students school_type/365"], &[YAODU, "141002", "141000"]));
    should.extend(expected(&["students school_type/362"], &[PROVINCIAL, "141099", "141000"]));
    assert_eq!(changed(&before, &values(&village)), should);
}

#[test]
fn the_receiving_school_counts_a_student_who_is_in_two() {
    let village = Village::new();
    let before = values(&village);
    let mut transferred = village.clone();
    let mut second = village.students[0].clone();
    second.school = HONGTONG;
    second.entered_by = "外校转入";
    transferred.students.push(second);
    let mut moved = village;
    moved.students[0].school = HONGTONG;
    assert_eq!(changed(&values(&moved), &values(&transferred)), BTreeSet::new());
    assert_ne!(before, values(&transferred));
}

#[test]
fn the_same_row_twice_changes_nothing() {
    let mut village = Village::new();
    let before = values(&village);
    village.students.push(village.students[3].clone());
    assert_eq!(changed(&before, &values(&village)), BTreeSet::new());
}

#[test]
fn another_destination_changes_both_sides_and_the_rates_over_them() {
    let mut village = Village::new();
    let before = values(&village);
    // From flexible employment to further study.
    village.graduates[1].destination = "10";
    village.graduates[1].form = "";
    village.graduates[1].matched = "";
    let figures = [
        "graduates_flexible",
        "graduates_employed_direct",
        "graduates_further_study",
        "further_study_rate",
        "direct_employment_rate",
        "matched_employment_rate",
        "share_contract",
        "share_flexible",
        "startup_rate",
        "share_enlisted",
    ];
    let mut should = expected(&figures, &[YAODU, "141002", "141000"]);
    // No one started a business, and no one enlisted at the school and in the county: zero of two is zero of one.
    for same in ["startup_rate 3614000001", "startup_rate 141002", "startup_rate 141000"] {
        should.remove(same);
    }
    should.remove("share_enlisted 3614000001");
    should.remove("share_enlisted 141002");
    assert_eq!(changed(&before, &values(&village)), should);
}
