//! The printed cells that no honest computation gives: every integer is tried, with the
//! program's own rounding.

use nianbao::number::{Decimal, Ratio};

fn printed(part: i64, whole: i64, factor: i64) -> String {
    let (numerator, denominator) = (Decimal::from_int(part), Decimal::from_int(whole));
    Ratio { numerator, denominator, factor }.printed(2).unwrap()
}

/// Whether some part of `whole` prints as `percent`.
fn is_attainable(percent: &str, whole: i64) -> bool {
    (0..=whole).any(|part| printed(part, whole, 100) == percent)
}

#[test]
fn no_number_of_senior_teachers_prints_17_73_or_16_89() {
    assert!(!is_attainable("17.73", 2869));
    assert!(!is_attainable("16.89", 2844));
}

#[test]
fn no_number_of_dual_teachers_prints_45_61() {
    assert!(!is_attainable("45.61", 2869));
    // It is 1308 of one teacher fewer.
    assert_eq!(printed(1308, 2868, 100), "45.61");
}

#[test]
fn the_printed_ratio_of_2023_is_of_no_students_that_the_report_has() {
    for students in [27_540, 27_863, 27_534] {
        assert_ne!(printed(students, 2_844, 1), "9.47");
    }
    // And with the students it has, the teachers would have to be others than the report has.
    let teachers: Vec<i64> =
        (1..=10_000).filter(|teachers| printed(27_540, *teachers, 1) == "9.47").collect();
    assert!(!teachers.is_empty() && !teachers.contains(&2_844) && !teachers.contains(&2_869));
}

#[test]
fn county_shares_over_43_schools_were_cut_off_not_rounded() {
    assert!(!is_attainable("11.62", 43) && is_attainable("11.63", 43));
    assert!(!is_attainable("2.32", 43) && is_attainable("2.33", 43));
}

#[test]
fn printed_percentages_are_attainable() {
    for (percent, part, whole) in
        [("18.51", 531, 2869), ("97.88", 9198, 9397), ("10.32", 225, 2181), ("2.66", 58, 2181)]
    {
        assert_eq!(printed(part, whole, 100), percent);
    }
}
