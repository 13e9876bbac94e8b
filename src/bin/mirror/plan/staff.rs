//! How many of each school's staff are what.

use crate::city::schools::SCHOOLS;
use crate::numbers::apportion::float;
use crate::numbers::rng::Rng;
use crate::plan::shares::{PerSchool, Weights, minus, noisy, over_schools, share_of};
use crate::printed::totals::StaffCounts;

/// `staffing` is how well a school is staffed for its size; it stays from year to year.
pub fn staff(
    totals: &StaffCounts,
    students: &PerSchool,
    staffing: &Weights,
    rng: &mut Rng,
) -> Vec<StaffCounts> {
    let sizes = std::array::from_fn(|i| (float(students[i]) + 40.0) * staffing[i]);
    let staff = over_schools(totals.total, &noisy(&sizes, 0.03, rng), &[totals.total; SCHOOLS]);
    let teachers = share_of(totals.teachers, &staff, 95, rng);
    let politics = share_of(totals.politics, &teachers, 25, rng);
    let sports = share_of(totals.sports, &teachers, 25, rng);
    let arts = share_of(totals.arts, &teachers, 30, rng);
    // Those who teach these three subjects are no 双师.
    let others = minus(&minus(&minus(&teachers, &politics), &sports), &arts);
    let dual = share_of(totals.dual, &others, 100, rng);
    let dual_senior = share_of(totals.dual_senior, &dual, 100, rng);
    let senior_title = share_of(totals.senior_title, &teachers, 50, rng);
    let class_teachers = share_of(totals.class_teachers, &teachers, 70, rng);
    (0..SCHOOLS)
        .map(|i| StaffCounts {
            total: staff[i],
            teachers: teachers[i],
            dual: dual[i],
            dual_senior: dual_senior[i],
            senior_title: senior_title[i],
            politics: politics[i],
            sports: sports[i],
            arts: arts[i],
            class_teachers: class_teachers[i],
        })
        .collect()
}
