//! How many of everything each school has, so that the city's totals hold for every seed.
//!
//! Nothing is drawn and rejected: each total is apportioned over the schools by random weights
//! and caps, and whatever must partition a number is cut from what is left of it. One plan serves
//! every copy of a scaled city.

use crate::apportion::{apportion, float, spread};
use crate::city::{BIFF8_SCHOOL, SCHOOL_WITHOUT_DIRECT_EMPLOYMENT, SCHOOLS, TECHNICAL_SCHOOLS};
use crate::majors::{MAJORS, Major};
use crate::rng::Rng;
use crate::totals::{Destinations, Staff, TOTALS, Totals};

pub const ELECTRONICS: &str = "71";
const ARTS: &str = "75";

/// Schools that teach each class. The two classes every school teaches are not listed; the last
/// two were opened in 2022 and have no graduates yet.
const SCHOOLS_BY_CLASS: [(&str, usize); 14] = [
    ("67", 2),
    ("72", 4),
    ("64", 6),
    ("61", 9),
    ("74", 11),
    ("76", 9),
    ("70", 12),
    ("77", 14),
    ("78", 6),
    ("73", 16),
    ("79", 14),
    ("66", 22),
    ("63", 2),
    ("69", 2),
];

const FIRST_NEW_CLASS: usize = 12;

/// Majors for which schools take pupils for five years.
const FIVE_YEAR_CODES: [&str; 3] = ["720201", "730301", "770101"];
const FIVE_YEAR_SCHOOLS: usize = 8;
pub const FIRST_FIVE_YEAR_INTAKE: u16 = 2019;

/// The BIFF8 file is committed, so that these numbers hold for every seed.
const BIFF8_STUDENTS: [usize; 2] = [160, 166];
const BIFF8_GRADUATES: [(&str, usize); 2] = [(ELECTRONICS, 28), (ARTS, 24)];
const BIFF8_ELECTRONICS: usize = 60;
const BIFF8_OFFERS: [&str; 3] = ["710201", "750101", "770101"];

type PerSchool = [usize; SCHOOLS];
type Weights = [f64; SCHOOLS];

#[derive(Debug, Clone)]
pub struct Offer {
    pub major: &'static Major,
    /// Opened in 2024: only the intake of that year studies it.
    pub since_2024: bool,
}

impl Offer {
    /// Of a class that came to the city in 2022.
    pub fn is_new_class(&self) -> bool {
        SCHOOLS_BY_CLASS[FIRST_NEW_CLASS..].iter().any(|(class, _)| *class == self.major.class())
    }
}

/// How many entered in which year, and how long they stayed.
#[derive(Debug, Clone, Default)]
pub struct Cohorts {
    /// Intake 2021 by class: on the 2023 roster, graduates of 2024.
    pub graduating: Vec<(&'static str, usize)>,
    /// Intakes 2022 and 2023, on both rosters.
    pub stayers: [usize; 2],
    /// Intakes 2022 and 2023, gone before September 2024.
    pub leavers: [usize; 2],
    pub entrants: usize,
    /// Those of 电子与信息 among the stayers of 2022, of 2023 and the entrants.
    pub electronics: [usize; 3],
    /// Intakes 2019 to 2024 of the five-year course.
    pub five_year: [usize; 6],
}

#[derive(Debug, Clone)]
pub struct YearPlan {
    pub students: usize,
    /// By 2021 class, whatever catalogue the graduates are kept under.
    pub graduates: Vec<(&'static str, usize)>,
    pub destinations: Destinations,
    pub staff: Staff,
    pub establishment: usize,
}

#[derive(Debug, Clone)]
pub struct SchoolPlan {
    pub offers: Vec<Offer>,
    pub cohorts: Cohorts,
    /// In the order of `TOTALS`.
    pub years: [YearPlan; 2],
}

impl SchoolPlan {
    /// How many majors it offers, with those opened in 2024 or without.
    pub fn offered(&self, since_2024: bool) -> usize {
        self.offers.iter().filter(|offer| since_2024 || !offer.since_2024).count()
    }
}

/// The plan of every school of one copy, in order.
pub fn plan(seed: u64) -> Vec<SchoolPlan> {
    let mut rng = Rng::stream(seed, "plan", 0);
    let sizes = sizes(&mut rng);
    let students = [0, 1].map(|year| students(year, &sizes, &mut rng));
    let graduates = [0, 1].map(|year| graduates(&TOTALS[year], &students[0], &mut rng));
    let by_class = graduates_by_class(&graduates[1], &mut rng);
    let earlier = earlier_by_class(&graduates[0], &by_class, &mut rng);
    let offers = offers(&by_class, &graduates[1], &mut rng);
    let five_year = five_year(&offers, &students[0], &mut rng);
    let cohorts = cohorts(&students, &by_class, &five_year, &mut rng);
    let staffing = noisy(&[1.0; SCHOOLS], 0.2, &mut rng);
    let first = year_plans(&TOTALS[0], &students[0], earlier, &staffing, &mut rng);
    let second = year_plans(&TOTALS[1], &students[1], by_class, &staffing, &mut rng);
    offers
        .into_iter()
        .zip(cohorts)
        .zip(first.into_iter().zip(second))
        .map(|((offers, cohorts), (first, second))| SchoolPlan { offers, cohorts, years: [first, second] })
        .collect()
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

fn noisy(weights: &Weights, spread: f64, rng: &mut Rng) -> Weights {
    weights.map(|weight| weight * rng.within(1.0 - spread, 1.0 + spread))
}

fn floats(counts: &PerSchool) -> Weights {
    counts.map(float)
}

/// [`spread`] over all schools.
fn over_schools(total: usize, weights: &Weights, caps: &PerSchool) -> PerSchool {
    to_array(&spread(total, weights, caps))
}

fn to_array(parts: &[usize]) -> PerSchool {
    std::array::from_fn(|index| parts[index])
}

/// Sets one school aside, gives it `fixed` and the others the rest of `total`.
fn around_fixed(total: usize, weights: &Weights, caps: &PerSchool, fixed: usize) -> PerSchool {
    let (mut weights, mut caps) = (*weights, *caps);
    weights[BIFF8_SCHOOL] = 0.0;
    caps[BIFF8_SCHOOL] = 0;
    let mut parts = over_schools(total - fixed, &weights, &caps);
    parts[BIFF8_SCHOOL] = fixed;
    parts
}

fn students(year: usize, sizes: &Weights, rng: &mut Rng) -> PerSchool {
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

/// Every school has graduates: an export with only a header would name no school.
fn graduates(totals: &Totals, students: &PerSchool, rng: &mut Rng) -> PerSchool {
    let weights = noisy(&floats(students), 0.08, rng);
    let caps = students.map(|n| n * 45 / 100);
    let fixed = BIFF8_GRADUATES.iter().map(|(_, n)| n).sum();
    around_fixed(totals.graduates, &weights, &caps, fixed)
}

type ByClass = Vec<(&'static str, usize)>;

/// Divides each class of the 2024 graduates over schools. 文化艺术 takes its part of what the
/// smaller classes leave of a school's graduates, and 电子与信息 is the rest: so both margins hold.
fn graduates_by_class(graduates: &PerSchool, rng: &mut Rng) -> Vec<ByClass> {
    let mut left = *graduates;
    left[BIFF8_SCHOOL] = 0;
    let mut by_class = vec![ByClass::new(); SCHOOLS];
    by_class[BIFF8_SCHOOL] = BIFF8_GRADUATES.to_vec();
    for (class, schools) in SCHOOLS_BY_CLASS.into_iter().take(FIRST_NEW_CLASS) {
        let parts = small_class(printed(class), schools, graduates, &left, rng);
        take(class, &parts, &mut left, &mut by_class);
    }
    let caps: PerSchool = std::array::from_fn(|i| left[i].saturating_sub(graduates[i] / 8));
    let arts = printed(ARTS) - fixed_graduates(ARTS);
    let parts = over_schools(arts, &noisy(&floats(&left), 0.3, rng), &caps);
    take(ARTS, &parts, &mut left, &mut by_class);
    let rest = left;
    take(ELECTRONICS, &rest, &mut left, &mut by_class);
    by_class
}

fn printed(class: &str) -> usize {
    let mut classes = TOTALS[1].graduates_by_class.iter();
    classes.find(|(code, _)| *code == class).map_or(0, |(_, n)| *n)
}

fn fixed_graduates(class: &str) -> usize {
    let mut classes = BIFF8_GRADUATES.iter();
    classes.find(|(code, _)| *code == class).map_or(0, |(_, n)| *n)
}

/// A class that some schools teach: at most three in ten graduates of a school, and never so many
/// that the two great classes find no room. Schools are added until there is room for all.
fn small_class(
    total: usize,
    schools: usize,
    graduates: &PerSchool,
    left: &PerSchool,
    rng: &mut Rng,
) -> PerSchool {
    let room: PerSchool =
        std::array::from_fn(|i| (graduates[i] * 3 / 10).min(left[i].saturating_sub(graduates[i] * 45 / 100)));
    let mut weights = floats(&room);
    let mut caps = [0; SCHOOLS];
    let mut chosen = 0;
    while chosen < schools || caps.iter().sum::<usize>() < total * 3 / 2 {
        if weights.iter().sum::<f64>() <= 0.0 {
            break;
        }
        let school = rng.weighted(&weights);
        weights[school] = 0.0;
        caps[school] = room[school];
        chosen += 1;
    }
    over_schools(total, &noisy(&floats(&caps), 0.5, rng), &caps)
}

fn take(class: &'static str, parts: &PerSchool, left: &mut PerSchool, by_class: &mut [ByClass]) {
    for (school, &part) in parts.iter().enumerate().filter(|(_, part)| **part > 0) {
        left[school] -= part;
        by_class[school].push((class, part));
    }
}

/// 2023 was not printed by class: each school's graduates are near those of 2024.
fn earlier_by_class(graduates: &PerSchool, later: &[ByClass], rng: &mut Rng) -> Vec<ByClass> {
    later
        .iter()
        .zip(graduates)
        .map(|(classes, &total)| {
            let weights: Vec<f64> = classes.iter().map(|(_, n)| float(*n) * rng.within(0.75, 1.25)).collect();
            let parts = apportion(total, &weights, &vec![total; classes.len()]);
            let codes = classes.iter().map(|(class, _)| *class);
            codes.zip(parts).filter(|(_, n)| *n > 0).collect()
        })
        .collect()
}

/// The 专业点: one for each class a school teaches, then more where there are many pupils. Those
/// added last are the ones opened in 2024.
fn offers(by_class: &[ByClass], graduates: &PerSchool, rng: &mut Rng) -> Vec<Vec<Offer>> {
    let mut offers: Vec<Vec<Offer>> = by_class
        .iter()
        .map(|classes| classes.iter().map(|(class, _)| first_offer(class, rng)).collect())
        .collect();
    offers[BIFF8_SCHOOL] = fixed_offers();
    for (class, schools) in &SCHOOLS_BY_CLASS[FIRST_NEW_CLASS..] {
        let mut candidates: Vec<usize> =
            (0..SCHOOLS).filter(|&i| graduates[i] > 60 && i != BIFF8_SCHOOL).collect();
        rng.shuffle(&mut candidates);
        for &school in candidates.iter().take(*schools) {
            offers[school].push(first_offer(class, rng));
        }
    }
    let weights: Vec<f64> = graduates.iter().map(|&n| float(n).sqrt()).collect();
    for (year, since_2024) in [(0, false), (1, true)] {
        while offers.iter().map(Vec::len).sum::<usize>() < TOTALS[year].majors {
            let school = rng.weighted(&weights);
            if school != BIFF8_SCHOOL {
                let more = another_offer(&offers[school], since_2024, rng);
                offers[school].extend(more);
            }
        }
    }
    offers
}

/// A major that already was in the 2010 catalogue, so that graduates of 2023 can have entered it.
fn first_offer(class: &str, rng: &mut Rng) -> Offer {
    let majors: Vec<&Major> =
        MAJORS.iter().filter(|major| major.class() == class && major.has_2010()).collect();
    Offer { major: rng.pick(&majors), since_2024: false }
}

fn fixed_offers() -> Vec<Offer> {
    MAJORS
        .iter()
        .filter(|major| BIFF8_OFFERS.contains(&major.code))
        .map(|major| Offer { major, since_2024: false })
        .collect()
}

/// One more major in a class the school teaches already.
fn another_offer(offers: &[Offer], since_2024: bool, rng: &mut Rng) -> Option<Offer> {
    let taught = |major: &Major| offers.iter().any(|offer| offer.major.code == major.code);
    let related = |major: &Major| offers.iter().any(|offer| offer.major.class() == major.class());
    let free: Vec<&Major> = MAJORS.iter().filter(|m| related(m) && !taught(m)).collect();
    (!free.is_empty()).then(|| Offer { major: rng.pick(&free), since_2024 })
}

fn five_year(offers: &[Vec<Offer>], students: &PerSchool, rng: &mut Rng) -> [[usize; 6]; SCHOOLS] {
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

pub fn is_five_year(offer: &Offer) -> bool {
    FIVE_YEAR_CODES.contains(&offer.major.code) && !offer.since_2024
}

fn cohorts(
    students: &[PerSchool; 2],
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
    let total = TOTALS[1].students_electronics.unwrap_or_default();
    let electronics = around_fixed(total, &weights, &caps, BIFF8_ELECTRONICS);
    for (cohort, part) in cohorts.iter_mut().zip(electronics) {
        let sizes = [cohort.stayers[0], cohort.stayers[1], cohort.entrants];
        let parts = apportion(part, &sizes.map(float), &sizes);
        cohort.electronics = [parts[0], parts[1], parts[2]];
    }
    cohorts
}

/// Cuts two rosters into intakes: of 2023's, those who graduate in 2024 leave, of the others one
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

fn year_plans(
    totals: &Totals,
    students: &PerSchool,
    graduates: Vec<ByClass>,
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
        .into_iter()
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

fn destinations(totals: &Destinations, graduates: &PerSchool, rng: &mut Rng) -> Vec<Destinations> {
    let sizes = floats(graduates);
    let mut share =
        |total: usize, noise: f64, caps: &PerSchool| over_schools(total, &noisy(&sizes, noise, rng), caps);
    let unemployed = share(totals.unemployed, 0.6, &graduates.map(|n| n / 4));
    let mut left = minus(graduates, &unemployed);
    left[SCHOOL_WITHOUT_DIRECT_EMPLOYMENT] = 0;
    let direct = share(totals.direct(), 0.5, &left);
    let further_study = minus(&minus(graduates, &unemployed), &direct);
    let bachelor = share(totals.bachelor, 0.5, &further_study);
    let startup = share(totals.startup, 0.8, &direct);
    let left = minus(&direct, &startup);
    let enlisted = share(totals.enlisted, 0.8, &left);
    let left = minus(&left, &enlisted);
    let contract = share(totals.contract, 0.5, &left);
    let flexible = minus(&left, &contract);
    let matched = share(totals.matched, 0.5, &direct);
    let primary = share(totals.industries[0], 0.5, &direct);
    let left = minus(&direct, &primary);
    let secondary = share(totals.industries[1], 0.4, &left);
    let tertiary = minus(&left, &secondary);
    (0..SCHOOLS)
        .map(|i| Destinations {
            further_study: further_study[i],
            bachelor: bachelor[i],
            contract: contract[i],
            flexible: flexible[i],
            startup: startup[i],
            enlisted: enlisted[i],
            matched: matched[i],
            unemployed: unemployed[i],
            industries: [primary[i], secondary[i], tertiary[i]],
        })
        .collect()
}

fn minus(whole: &PerSchool, part: &PerSchool) -> PerSchool {
    std::array::from_fn(|i| whole[i] - part[i])
}

/// `staffing` is how well a school is staffed for its size; it stays from year to year.
fn staff(totals: &Staff, students: &PerSchool, staffing: &Weights, rng: &mut Rng) -> Vec<Staff> {
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
        .map(|i| Staff {
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

/// A part of `whole`, in no school more than `max_percent` of it.
fn share_of(total: usize, whole: &PerSchool, max_percent: usize, rng: &mut Rng) -> PerSchool {
    let caps = whole.map(|n| n * max_percent / 100);
    over_schools(total, &noisy(&floats(whole), 0.2, rng), &caps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_seed_has_a_plan_with_the_published_majors() {
        for seed in 0..100 {
            let plans = plan(seed);
            let offers = || plans.iter().flat_map(|plan| &plan.offers);
            assert_eq!(offers().count(), TOTALS[1].majors);
            assert_eq!(offers().filter(|offer| !offer.since_2024).count(), TOTALS[0].majors);
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
            let rosters = plan.years.each_ref().map(|year| year.students);
            assert_eq!(graduating + stayers + leavers + earlier, rosters[0], "{school}");
            assert_eq!(stayers + cohorts.entrants + later, rosters[1], "{school}");
            assert!(cohorts.entrants * 9 >= rosters[1], "{school}");
        }
    }

    #[test]
    fn a_class_is_spread_over_its_schools() {
        let plans = plan(2);
        for (class, total) in TOTALS[1].graduates_by_class {
            let parts = plans.iter().flat_map(|plan| &plan.years[1].graduates);
            let parts: Vec<usize> = parts.filter(|(c, _)| c == class).map(|(_, n)| *n).collect();
            assert_eq!(parts.iter().sum::<usize>(), *total);
            assert!(parts.len() >= 2, "{class}");
        }
    }

    #[test]
    fn every_school_has_graduates() {
        for seed in 0..100 {
            for plan in plan(seed) {
                for year in plan.years {
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
        for year in 0..2 {
            let without = &plans[SCHOOL_WITHOUT_DIRECT_EMPLOYMENT].years[year];
            assert_eq!(without.destinations.direct(), 0);
            assert!(without.destinations.further_study > 0);
        }
    }
}
