//! The printed cells that no honest computation gives: every integer is tried.

/// Whether some part of `whole` prints as `percent` with two decimals, rounded half up.
fn is_attainable(percent_hundredths: u64, whole: u64) -> bool {
    (0..=whole).any(|part| (part * 10_000 * 2 + whole) / (2 * whole) == percent_hundredths)
}

#[test]
fn no_number_of_senior_teachers_prints_17_73_or_16_89() {
    assert!(!is_attainable(1773, 2869));
    assert!(!is_attainable(1689, 2844));
}

#[test]
fn no_number_of_dual_teachers_prints_45_61() {
    assert!(!is_attainable(4561, 2869));
    // It is 1308 of one teacher fewer.
    assert!(is_attainable(4561, 2868));
}

#[test]
fn the_printed_ratio_of_2023_needs_other_students_or_other_teachers() {
    let printed = |students: u64, teachers: u64| (students * 100 * 2 + teachers) / (2 * teachers);
    assert!((1..=27_540).all(|teachers| printed(27_540, teachers) != 947 || teachers != 2_844));
    assert_eq!(printed(27_540, 2_844), 968);
    assert_eq!(printed(27_863, 2_844), 980);
}

#[test]
fn county_shares_over_43_schools_were_cut_off_not_rounded() {
    assert!(!is_attainable(1162, 43) && is_attainable(1163, 43));
    assert!(!is_attainable(232, 43) && is_attainable(233, 43));
}

#[test]
fn what_does_print_is_attainable() {
    for (percent, part, whole) in [(1851, 531, 2869), (9788, 9198, 9397), (1032, 225, 2181), (266, 58, 2181)]
    {
        assert!(is_attainable(percent, whole));
        assert_eq!((part * 20_000 + whole) / (2 * whole), percent);
    }
}
