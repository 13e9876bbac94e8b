//! How many graduate from each school, in which class of majors, and where they go.

use crate::city::schools::{BIFF8_SCHOOL, SCHOOL_WITHOUT_DIRECT_EMPLOYMENT, SCHOOLS};
use crate::numbers::apportion::{apportion, float};
use crate::numbers::rng::Rng;
use crate::plan::shares::{PerSchool, around_fixed, floats, minus, noisy, over_schools};
use crate::printed::totals::{Destinations, TOTALS, Totals};
use crate::printed::years::LATEST_YEAR;

pub const ELECTRONICS: &str = "71";
const ARTS: &str = "75";

/// Schools that teach each class. The two classes every school teaches are not listed; the last
/// two were opened in `YEAR_OF_NEW_CLASSES` and have no graduates yet.
pub const SCHOOLS_BY_CLASS: [(&str, usize); 14] = [
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

pub const FIRST_NEW_CLASS: usize = 12;
pub const YEAR_OF_NEW_CLASSES: u16 = 2022;

const BIFF8_GRADUATES: [(&str, usize); 2] = [(ELECTRONICS, 28), (ARTS, 24)];

/// Every school has graduates: an export with only a header would name no school.
pub fn graduates(totals: &Totals, students: &PerSchool, rng: &mut Rng) -> PerSchool {
    let weights = noisy(&floats(students), 0.08, rng);
    let caps = students.map(|n| n * 45 / 100);
    let fixed = BIFF8_GRADUATES.iter().map(|(_, n)| n).sum();
    around_fixed(totals.graduates, &weights, &caps, fixed)
}

pub type ByClass = Vec<(&'static str, usize)>;

/// Divides each class of the latest graduates over schools. 文化艺术 takes its part of what the
/// smaller classes leave of a school's graduates, and 电子与信息 is the rest: so both margins hold.
pub fn graduates_by_class(graduates: &PerSchool, rng: &mut Rng) -> Vec<ByClass> {
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
    let mut classes = TOTALS[LATEST_YEAR].graduates_by_class.iter();
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

/// Earlier years were not printed by class: each school's graduates are near those of the year after.
pub fn earlier_by_class(graduates: &PerSchool, later: &[ByClass], rng: &mut Rng) -> Vec<ByClass> {
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

pub fn destinations(totals: &Destinations, graduates: &PerSchool, rng: &mut Rng) -> Vec<Destinations> {
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
