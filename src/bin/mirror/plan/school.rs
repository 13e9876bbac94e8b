//! How many of everything each school has, so that the city's totals hold for every seed.
//!
//! Nothing is drawn and rejected: each total is apportioned over the schools by random weights
//! and caps, and whatever must partition a number is cut from what is left of it. One plan serves
//! every copy of a scaled city.

use crate::city::schools::{SCHOOLS, TECHNICAL_SCHOOLS};
use crate::numbers::apportion::float;
use crate::numbers::rng::Rng;
use crate::plan::cohorts::{Cohorts, cohorts, five_year};
use crate::plan::graduates::{ByClass, destinations, earlier_by_class, graduates, graduates_by_class};
use crate::plan::offers::{Offer, offers};
use crate::plan::shares::{PerSchool, Weights, around_fixed, floats, noisy, over_schools};
use crate::plan::staff::staff;
use crate::printed::totals::{Destinations, StaffCounts, TOTALS, Totals};
use crate::printed::years::{ByYear, FIRST_YEAR, LATEST_YEAR, YEARS};

/// The BIFF8 file is committed, so that these numbers hold for every seed.
const BIFF8_STUDENTS: ByYear<usize> = ByYear([160, 166]);

#[derive(Debug, Clone)]
pub struct YearPlan {
    pub students: usize,
    /// By 2021 class, whatever catalogue the graduates are kept under.
    pub graduates: Vec<(&'static str, usize)>,
    pub destinations: Destinations,
    pub staff: StaffCounts,
    pub establishment: usize,
}

#[derive(Debug, Clone)]
pub struct SchoolPlan {
    pub offers: Vec<Offer>,
    pub cohorts: Cohorts,
    pub years: ByYear<YearPlan>,
}

impl SchoolPlan {
    /// The 专业点 that it has in a year.
    pub fn offered(&self, year: u16) -> impl Iterator<Item = &Offer> {
        self.offers.iter().filter(move |offer| offer.is_open(year))
    }
}

/// The plan of every school of one copy, in order.
pub fn plan(seed: u64) -> Vec<SchoolPlan> {
    let mut rng = Rng::stream(seed, "plan", 0);
    let sizes = sizes(&mut rng);
    let students = ByYear::of(|year| students(year, &sizes, &mut rng));
    // Graduates are on the roster of the year before; the first year's are of about that year's size.
    let graduates = ByYear::of(|year| {
        let roster = &students[FIRST_YEAR.max(year - 1)];
        graduates(&TOTALS[year], roster, &mut rng)
    });
    let mut by_class = ByYear::of(|_| Vec::new());
    by_class[LATEST_YEAR] = graduates_by_class(&graduates[LATEST_YEAR], &mut rng);
    for year in YEARS.into_iter().rev().skip(1) {
        by_class[year] = earlier_by_class(&graduates[year], &by_class[year + 1], &mut rng);
    }
    let latest = &by_class[LATEST_YEAR];
    let offers = offers(latest, &graduates[LATEST_YEAR], &mut rng);
    let last_two = [&students[LATEST_YEAR - 1], &students[LATEST_YEAR]];
    let five_year = five_year(&offers, last_two[0], &mut rng);
    let cohorts = cohorts(last_two, latest, &five_year, &mut rng);
    let staffing = noisy(&[1.0; SCHOOLS], 0.2, &mut rng);
    let years =
        ByYear::of(|year| year_plans(&TOTALS[year], &students[year], &by_class[year], &staffing, &mut rng));
    let plan = |(school, (offers, cohorts)): (usize, (Vec<Offer>, Cohorts))| {
        let years = ByYear::of(|year| years[year][school].clone());
        SchoolPlan { offers, cohorts, years }
    };
    offers.into_iter().zip(cohorts).enumerate().map(plan).collect()
}

/// Relative sizes: a few large schools, many small ones, as in life.
fn sizes(rng: &mut Rng) -> Weights {
    let mut technical: Vec<f64> = odds(TECHNICAL_SCHOOLS).map(|odds| odds.sqrt().sqrt()).collect();
    let mut vocational: Vec<f64> = odds(SCHOOLS - TECHNICAL_SCHOOLS)
        .map(|odds| odds.sqrt().sqrt() * odds.sqrt().sqrt().sqrt() + 0.05)
        .collect();
    rng.shuffle(&mut technical);
    rng.shuffle(&mut vocational);
    let mut sizes = [0.0; SCHOOLS];
    for (size, drawn) in sizes.iter_mut().zip(technical.into_iter().chain(vocational)) {
        *size = drawn * rng.within(0.95, 1.05);
    }
    sizes
}

/// Odds of evenly spaced probabilities. A root of them is a quantile of the log-logistic
/// distribution, much like a lognormal one; and roots, unlike exponentials, come out the same bit
/// for bit on every machine.
fn odds(count: usize) -> impl Iterator<Item = f64> {
    (0..count).map(move |index| {
        let p = (float(index) + 0.5) / float(count);
        p / (1.0 - p)
    })
}

fn students(year: u16, sizes: &Weights, rng: &mut Rng) -> PerSchool {
    let mut weights = noisy(sizes, 0.04, rng);
    let totals = &TOTALS[year];
    let caps =
        std::array::from_fn(|index| usize::from(index < TECHNICAL_SCHOOLS) * totals.students_technical);
    let technical = over_schools(totals.students_technical, &weights, &caps);
    let caps =
        std::array::from_fn(|index| usize::from(index >= TECHNICAL_SCHOOLS) * totals.students_vocational);
    for weight in &mut weights[..TECHNICAL_SCHOOLS] {
        *weight = 0.0;
    }
    let vocational = around_fixed(totals.students_vocational, &weights, &caps, BIFF8_STUDENTS[year]);
    std::array::from_fn(|index| technical[index] + vocational[index])
}

fn year_plans(
    totals: &Totals,
    students: &PerSchool,
    graduates: &[ByClass],
    staffing: &Weights,
    rng: &mut Rng,
) -> Vec<YearPlan> {
    let counts = std::array::from_fn(|i| graduates[i].iter().map(|(_, n)| n).sum());
    let destinations = destinations(&totals.destinations, &counts, rng);
    let staff = staff(&totals.staff, students, staffing, rng);
    let sizes: PerSchool = std::array::from_fn(|i| staff[i].total);
    let weights = noisy(&floats(&sizes), 0.1, rng);
    let establishment = over_schools(totals.establishment, &weights, &[totals.establishment; SCHOOLS]);
    graduates
        .iter()
        .cloned()
        .zip(destinations.into_iter().zip(staff))
        .enumerate()
        .map(|(index, (graduates, (destinations, staff)))| YearPlan {
            students: students[index],
            graduates,
            destinations,
            staff,
            establishment: establishment[index],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::city::schools::SCHOOL_WITHOUT_DIRECT_EMPLOYMENT;
    use std::collections::BTreeSet;

    #[test]
    fn every_seed_has_a_plan_with_the_published_majors() {
        for seed in 0..100 {
            let plans = plan(seed);
            let offers = || plans.iter().flat_map(|plan| &plan.offers);
            assert_eq!(offers().count(), TOTALS[LATEST_YEAR].majors);
            assert_eq!(offers().filter(|offer| offer.is_open(FIRST_YEAR)).count(), TOTALS[FIRST_YEAR].majors);
            let classes: BTreeSet<_> = offers().map(|offer| offer.major.class()).collect();
            assert_eq!(classes.len(), 16);
        }
    }

    #[test]
    fn intakes_make_up_both_rosters() {
        for (school, plan) in plan(7).iter().enumerate() {
            let cohorts = &plan.cohorts;
            let stayers: usize = cohorts.stayers.iter().sum();
            let leavers: usize = cohorts.leavers.iter().sum();
            let graduating: usize = cohorts.graduating.iter().map(|(_, n)| n).sum();
            let earlier: usize = cohorts.five_year[..5].iter().sum();
            let later: usize = cohorts.five_year[1..].iter().sum();
            let rosters = plan.years.0.each_ref().map(|year| year.students);
            assert_eq!(graduating + stayers + leavers + earlier, rosters[0], "{school}");
            assert_eq!(stayers + cohorts.entrants + later, rosters[1], "{school}");
            assert!(cohorts.entrants * 9 >= rosters[1], "{school}");
        }
    }

    #[test]
    fn a_class_is_spread_over_its_schools() {
        let plans = plan(2);
        for (class, total) in TOTALS[LATEST_YEAR].graduates_by_class {
            let parts = plans.iter().flat_map(|plan| &plan.years[LATEST_YEAR].graduates);
            let parts: Vec<usize> = parts.filter(|(c, _)| c == class).map(|(_, n)| *n).collect();
            assert_eq!(parts.iter().sum::<usize>(), *total);
            assert!(parts.len() >= 2, "{class}");
        }
    }

    #[test]
    fn every_school_has_graduates() {
        for seed in 0..100 {
            for plan in plan(seed) {
                for year in plan.years.0 {
                    let graduates: usize = year.graduates.iter().map(|(_, n)| n).sum();
                    assert!(graduates >= 20, "{seed}");
                    assert!(graduates * 2 < year.students, "{seed}");
                }
            }
        }
    }

    #[test]
    fn one_school_has_no_direct_employment() {
        let plans = plan(5);
        for year in YEARS {
            let without = &plans[SCHOOL_WITHOUT_DIRECT_EMPLOYMENT].years[year];
            assert_eq!(without.destinations.direct(), 0);
            assert!(without.destinations.further_study > 0);
        }
    }
}
