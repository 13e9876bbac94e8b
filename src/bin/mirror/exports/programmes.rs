//! 1+X certificates, contest prizes and aid: what the report prints of the city, divided over its
//! schools. No school files these; only the exports have them.

use std::collections::BTreeMap;

use crate::city::schools::SCHOOLS;
use crate::filings::history::Filings;
use crate::numbers::apportion::{float, spread};
use crate::numbers::rng::Rng;
use crate::plan::shares::PerSchool;
use crate::printed::programmes::{AID, CERTIFICATES_1X, PRIZES};
use crate::printed::years::{ByYear, FIRST_YEAR, YEAR_BEFORE};

/// By year, by state or kind, by base.
pub struct Programmes {
    certificates_1x: BTreeMap<u16, [PerSchool; 4]>,
    prizes: ByYear<[PerSchool; 3]>,
    aid: ByYear<[PerSchool; 2]>,
}

impl Programmes {
    pub fn new(filings: &Filings, seed: u64) -> Self {
        let mut rng = Rng::stream(seed, "programmes", 0);
        let sizes = |year: u16| -> PerSchool {
            std::array::from_fn(|base| filings.filing(base, year.max(FIRST_YEAR)).count("students"))
        };
        let takes_part: Vec<bool> = (0..SCHOOLS).map(|base| base < 6 || rng.chance(0.7)).collect();
        let mut divided = |total: usize, sizes: &PerSchool, all: bool| -> PerSchool {
            let weights: Vec<f64> =
                (0..SCHOOLS)
                    .map(|base| {
                        if all || takes_part[base] { float(sizes[base]) * rng.within(0.5, 1.5) } else { 0.0 }
                    })
                    .collect();
            let caps = weights.iter().map(|weight| if *weight > 0.0 { total } else { 0 });
            let parts = spread(total, &weights, &caps.collect::<Vec<_>>());
            std::array::from_fn(|base| parts[base])
        };
        let certificates_1x = (YEAR_BEFORE..)
            .zip(CERTIFICATES_1X)
            .map(|(year, states)| (year, states.map(|total| divided(total, &sizes(year), false))))
            .collect();
        let prizes = ByYear::of(|year| PRIZES[year].map(|total| divided(total, &sizes(year), false)));
        let aid = ByYear::of(|year| AID[year].map(|total| divided(total, &sizes(year), true)));
        Self { certificates_1x, prizes, aid }
    }

    pub fn certificates_1x(&self, base: usize, year: u16) -> [usize; 4] {
        std::array::from_fn(|state| self.certificates_1x[&year][state][base])
    }

    pub fn prizes(&self, base: usize, year: u16) -> [usize; 3] {
        std::array::from_fn(|rank| self.prizes[year][rank][base])
    }

    /// In 百元.
    pub fn aid(&self, base: usize, year: u16) -> [usize; 2] {
        std::array::from_fn(|kind| self.aid[year][kind][base])
    }
}
