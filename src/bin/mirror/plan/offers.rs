//! The 专业点: which majors each school teaches.

use crate::city::majors::{MAJORS, Major};
use crate::city::schools::{BIFF8_SCHOOL, SCHOOLS};
use crate::numbers::apportion::float;
use crate::numbers::rng::Rng;
use crate::plan::graduates::{ByClass, FIRST_NEW_CLASS, SCHOOLS_BY_CLASS};
use crate::plan::shares::PerSchool;
use crate::printed::totals::TOTALS;
use crate::printed::years::{FIRST_YEAR, YEARS};

/// Majors for which schools take pupils for five years.
const FIVE_YEAR_CODES: [&str; 3] = ["720201", "730301", "770101"];

const BIFF8_OFFERS: [&str; 3] = ["710201", "750101", "770101"];

#[derive(Debug, Clone)]
pub struct Offer {
    pub major: &'static Major,
    /// Only intakes since then study it; `None` where it was there before all of them.
    pub opened: Option<u16>,
}

impl Offer {
    pub fn is_open(&self, intake: u16) -> bool {
        self.opened.is_none_or(|opened| opened <= intake)
    }

    /// Of a class that came to the city in `YEAR_OF_NEW_CLASSES`.
    pub fn is_new_class(&self) -> bool {
        SCHOOLS_BY_CLASS[FIRST_NEW_CLASS..].iter().any(|(class, _)| *class == self.major.class())
    }
}

/// The 专业点: one for each class a school teaches, then more where there are many pupils. Those
/// added last are the ones opened after the first year.
pub fn offers(by_class: &[ByClass], graduates: &PerSchool, rng: &mut Rng) -> Vec<Vec<Offer>> {
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
    for year in YEARS {
        let opened = (year > FIRST_YEAR).then_some(year);
        while offers.iter().map(Vec::len).sum::<usize>() < TOTALS[year].majors {
            let school = rng.weighted(&weights);
            if school != BIFF8_SCHOOL {
                let more = another_offer(&offers[school], opened, rng);
                offers[school].extend(more);
            }
        }
    }
    offers
}

/// A major that already was in the 2010 catalogue, so that graduates of the first year can have entered it.
fn first_offer(class: &str, rng: &mut Rng) -> Offer {
    let majors: Vec<&Major> =
        MAJORS.iter().filter(|major| major.class() == class && major.has_2010()).collect();
    Offer { major: rng.pick(&majors), opened: None }
}

fn fixed_offers() -> Vec<Offer> {
    MAJORS
        .iter()
        .filter(|major| BIFF8_OFFERS.contains(&major.code))
        .map(|major| Offer { major, opened: None })
        .collect()
}

/// One more major in a class the school teaches already.
fn another_offer(offers: &[Offer], opened: Option<u16>, rng: &mut Rng) -> Option<Offer> {
    let taught = |major: &Major| offers.iter().any(|offer| offer.major.code == major.code);
    let related = |major: &Major| offers.iter().any(|offer| offer.major.class() == major.class());
    let free: Vec<&Major> = MAJORS.iter().filter(|m| related(m) && !taught(m)).collect();
    (!free.is_empty()).then(|| Offer { major: rng.pick(&free), opened })
}

pub fn is_five_year(offer: &Offer) -> bool {
    FIVE_YEAR_CODES.contains(&offer.major.code) && offer.opened.is_none()
}
