//! What the schools filed: 表1 to 表6 of each school's own report.
//!
//! Where the city's printed figure equals the system's, every school files its system count;
//! where it differs, several schools are off by a little each.

use std::collections::BTreeMap;

use crate::filings::bandwidths::file_bandwidths;
use crate::filings::clerk::file_year;
use crate::filings::filing::Filing;
use crate::numbers::rng::Rng;
use crate::plan::school::SchoolPlan;
use crate::printed::layout::{Combination, INDUSTRIES, ROWS};
use crate::printed::value::Value;
use crate::printed::years::{FIRST_YEAR, YEAR_BEFORE, YEARS};

/// What each school of one copy filed, by year; the year before the first is known as last year only.
pub struct Filings {
    by_year: BTreeMap<u16, Vec<Filing>>,
}

impl Filings {
    pub fn new(plans: &[SchoolPlan], seed: u64) -> Self {
        let mut rng = Rng::stream(seed, "filings", 0);
        let mut by_year: BTreeMap<u16, Vec<Filing>> =
            YEARS.into_iter().map(|year| (year, file_year(plans, year, &mut rng))).collect();
        let before = by_year[&FIRST_YEAR].iter().map(|filing| year_before(filing, &mut rng)).collect();
        by_year.insert(YEAR_BEFORE, before);
        file_bandwidths(&mut by_year, &mut rng);
        Self { by_year }
    }

    pub fn filing(&self, base: usize, year: u16) -> &Filing {
        &self.by_year[&year][base]
    }

    pub fn last_year(&self, base: usize, year: u16) -> &Filing {
        &self.by_year[&(year - 1)][base]
    }
}

/// Near the first year known, as nothing was printed; parts stay within their whole. Bandwidths
/// are filed later.
fn year_before(filing: &Filing, rng: &mut Rng) -> Filing {
    let percent = rng.between(88, 103);
    let mut before = Filing::default();
    for row in &ROWS {
        let less = rng.below(6) as u64;
        let value = match (filing.get(row.id), row.combination) {
            (Value::Count(count), _) => Value::Count(count * percent / 100),
            (Value::Hundredths(rate), Combination::Mean(_)) => Value::Hundredths(rate - rate * less / 100),
            (Value::Hundredths(money), Combination::Sum | Combination::Max) => {
                Value::Hundredths(money * percent as u64 / 100)
            }
            (Value::Dash, _) => Value::Dash,
            (Value::Blank, _) => continue,
        };
        before.set(row.id, value);
    }
    let sum = INDUSTRIES.iter().map(|id| before.count(id)).sum();
    before.set("graduates_three_industries", Value::Count(sum));
    before
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::city::schools::SCHOOLS;
    use crate::plan::school::plan;
    use crate::printed::figures::{Division, FIGURES};

    #[test]
    fn the_printed_figures_are_divided_exactly() {
        let plans = plan(8);
        let filings = Filings::new(&plans, 8);
        for year in YEARS {
            let all: Vec<&Filing> = (0..SCHOOLS).map(|school| filings.filing(school, year)).collect();
            for figure in FIGURES.iter().filter(|figure| !matches!(figure.division, Division::MeanBy(..))) {
                let sum: u64 = all.iter().filter_map(|filing| filing.get(figure.id).amount()).sum();
                assert_eq!(sum, figure.printed[year].amount().unwrap_or_default(), "{}", figure.id);
            }
        }
    }
}
