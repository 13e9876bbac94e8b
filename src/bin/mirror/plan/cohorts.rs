//! How many entered each school in which year, and how long they stayed.

use crate::city::schools::{BIFF8_SCHOOL, SCHOOLS};
use crate::numbers::apportion::{apportion, float};
use crate::numbers::rng::Rng;
use crate::plan::graduates::ByClass;
use crate::plan::offers::{Offer, is_five_year};
use crate::plan::shares::{PerSchool, around_fixed, floats, noisy};
use crate::printed::totals::TOTALS;
use crate::printed::years::LATEST_YEAR;

/// Schools that take pupils for five years.
const FIVE_YEAR_SCHOOLS: usize = 8;
pub const FIRST_FIVE_YEAR_INTAKE: u16 = LATEST_YEAR - 5;

/// Those who entered then are on the last roster but one, and graduate in the latest year.
pub const GRADUATING_INTAKE: u16 = LATEST_YEAR - 3;

const BIFF8_ELECTRONICS: usize = 60;

/// How many entered in which year, and how long they stayed: what the last two rosters need.
#[derive(Debug, Clone, Default)]
pub struct Cohorts {
    /// `GRADUATING_INTAKE` by class.
    pub graduating: Vec<(&'static str, usize)>,
    /// The two intakes after that one, on both rosters.
    pub stayers: [usize; 2],
    /// The same intakes, gone before the latest roster.
    pub leavers: [usize; 2],
    pub entrants: usize,
    /// Those of 电子与信息 among the stayers of both intakes and the entrants.
    pub electronics: [usize; 3],
    /// Intakes since `FIRST_FIVE_YEAR_INTAKE` of the five-year course.
    pub five_year: [usize; 6],
}

pub fn five_year(offers: &[Vec<Offer>], students: &PerSchool, rng: &mut Rng) -> [[usize; 6]; SCHOOLS] {
    let mut intakes = [[0; 6]; SCHOOLS];
    let mut candidates: Vec<usize> = (0..SCHOOLS)
        .filter(|&i| i != BIFF8_SCHOOL && students[i] >= 300)
        .filter(|&i| offers[i].iter().any(is_five_year))
        .collect();
    rng.shuffle(&mut candidates);
    for &school in candidates.iter().take(FIVE_YEAR_SCHOOLS) {
        intakes[school] = std::array::from_fn(|_| rng.between(3, 8));
    }
    intakes
}

pub fn cohorts(
    students: [&PerSchool; 2],
    by_class: &[ByClass],
    five_year: &[[usize; 6]; SCHOOLS],
    rng: &mut Rng,
) -> Vec<Cohorts> {
    let mut cohorts: Vec<Cohorts> =
        (0..SCHOOLS).map(|i| cohort([students[0][i], students[1][i]], &by_class[i], five_year[i])).collect();
    let sizes: PerSchool = std::array::from_fn(|i| {
        let cohort = &cohorts[i];
        cohort.stayers[0] + cohort.stayers[1] + cohort.entrants
    });
    let weights = noisy(&floats(&sizes), 0.4, rng);
    let caps = sizes.map(|size| size * 6 / 10);
    let total = TOTALS[LATEST_YEAR].students_electronics.unwrap_or_default();
    let electronics = around_fixed(total, &weights, &caps, BIFF8_ELECTRONICS);
    for (cohort, part) in cohorts.iter_mut().zip(electronics) {
        let sizes = [cohort.stayers[0], cohort.stayers[1], cohort.entrants];
        let parts = apportion(part, &sizes.map(float), &sizes);
        cohort.electronics = [parts[0], parts[1], parts[2]];
    }
    cohorts
}

/// Cuts two rosters into intakes: of the first, those who graduate leave, of the others one
/// in fifty, or as many more as the next roster has no room for beside a new intake.
fn cohort(students: [usize; 2], graduating: &ByClass, five_year: [usize; 6]) -> Cohorts {
    let graduates: usize = graduating.iter().map(|(_, n)| n).sum();
    let continuing = students[0] - graduates - five_year[..5].iter().sum::<usize>();
    let five_year_later: usize = five_year[1..].iter().sum();
    let room = students[1] * 7 / 8 - five_year_later;
    let staying = (continuing - continuing / 50).min(room);
    let first = continuing / 2;
    let stayers = apportion(staying, &[1.0, 1.0], &[first, continuing - first]);
    Cohorts {
        graduating: graduating.clone(),
        stayers: [stayers[0], stayers[1]],
        leavers: [first - stayers[0], continuing - first - stayers[1]],
        entrants: students[1] - five_year_later - staying,
        electronics: [0; 3],
        five_year,
    }
}
