//! 1+X certificates, contest prizes and aid: what the report prints of the city, divided over its
//! schools. No school files these; only the exports have them.

use crate::city::schools::SCHOOLS;
use crate::filings::history::Filings;
use crate::numbers::apportion::{float, spread};
use crate::numbers::rng::Rng;

/// 1+X certificates by state (已发放, 已完成考核待发放, 考核站点待签发, 培训组织待签发) of 2022, 2023 and
/// 2024. The report's table has 114 for the third of 2024, its text 414, which adds up.
const CERTIFICATES_1X: [[usize; 4]; 3] =
    [[1_697, 145, 292, 53], [3_059, 1_057, 114, 547], [3_246, 251, 414, 394]];

/// 一, 二 and 三等奖 of 2023 and 2024.
const PRIZES: [[usize; 3]; 2] = [[33, 80, 126], [36, 97, 204]];

/// 免学费 and 国家助学金 in 百元, of 2023 (chosen here: nothing was printed) and 2024.
const AID: [[usize; 2]; 2] = [[669_216, 79_403], [688_659, 81_817]];

type PerSchool = [usize; SCHOOLS];

/// By year, by state or kind, by base.
pub struct Programmes {
    certificates_1x: [[PerSchool; 4]; 3],
    prizes: [[PerSchool; 3]; 2],
    aid: [[PerSchool; 2]; 2],
}

/// The first year of the certificates; the others begin a year later.
const FIRST_YEAR: u16 = 2022;

impl Programmes {
    pub fn new(filings: &Filings, seed: u64) -> Self {
        let mut rng = Rng::stream(seed, "programmes", 0);
        let sizes = |year: usize| -> PerSchool {
            std::array::from_fn(|base| filings.of(base, year).count("students"))
        };
        let sizes = [sizes(0), sizes(0), sizes(1)];
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
        let certificates_1x = std::array::from_fn(|year| {
            CERTIFICATES_1X[year].map(|total| divided(total, &sizes[year], false))
        });
        let prizes =
            std::array::from_fn(|year| PRIZES[year].map(|total| divided(total, &sizes[year + 1], false)));
        let aid = std::array::from_fn(|year| AID[year].map(|total| divided(total, &sizes[year + 1], true)));
        Self { certificates_1x, prizes, aid }
    }

    pub fn certificates_1x(&self, base: usize, year: u16) -> [usize; 4] {
        std::array::from_fn(|state| self.certificates_1x[usize::from(year - FIRST_YEAR)][state][base])
    }

    pub fn prizes(&self, base: usize, year: u16) -> [usize; 3] {
        std::array::from_fn(|rank| self.prizes[usize::from(year - FIRST_YEAR - 1)][rank][base])
    }

    /// In 百元.
    pub fn aid(&self, base: usize, year: u16) -> [usize; 2] {
        std::array::from_fn(|kind| self.aid[usize::from(year - FIRST_YEAR - 1)][kind][base])
    }
}
