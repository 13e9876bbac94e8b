//! How fast the lines of each school are, which hangs together over all years.

use std::collections::BTreeMap;

use crate::city::schools::SCHOOLS;
use crate::filings::filing::Filing;
use crate::numbers::rng::Rng;
use crate::plan::shares::PerSchool;
use crate::printed::totals::{BACKBONE_BANDWIDTH, INTERNET_BANDWIDTH};
use crate::printed::value::Value;

/// A row whose city figure is that of the fastest school, with what schools have, in Mbps, and how
/// common each is; the fastest comes last.
type Bandwidth = (&'static str, &'static [(usize, f64)]);

const BANDWIDTHS: [Bandwidth; 2] = [
    ("internet_bandwidth", &[(100, 3.0), (200, 4.0), (300, 4.0), (500, 3.0), (INTERNET_BANDWIDTH, 2.0)]),
    ("campus_backbone_bandwidth", &[(1_000, 12.0), (2_000, 1.0), (BACKBONE_BANDWIDTH, 3.0)]),
];

/// Schools that have the fastest line in every year, beside any that come to it by chance.
const FASTEST_SCHOOLS: usize = 3;

/// Files the bandwidths of all years, in their order.
pub fn file_bandwidths(by_year: &mut BTreeMap<u16, Vec<Filing>>, rng: &mut Rng) {
    for (id, lines) in BANDWIDTHS {
        let yearly = bandwidths(lines, by_year.len(), rng);
        for (filings, bandwidths) in by_year.values_mut().zip(yearly) {
            for (filing, bandwidth) in filings.iter_mut().zip(bandwidths) {
                filing.set(id, Value::Count(bandwidth));
            }
        }
    }
}

/// What each school has year by year: never less than before, and in several the most there is.
fn bandwidths(lines: &[(usize, f64)], years: usize, rng: &mut Rng) -> Vec<PerSchool> {
    let weights: Vec<f64> = lines.iter().map(|(_, weight)| *weight).collect();
    let mut order: Vec<usize> = (0..SCHOOLS).collect();
    rng.shuffle(&mut order);
    let mut levels = [0; SCHOOLS].map(|_: usize| rng.weighted(&weights));
    for &school in order.iter().take(FASTEST_SCHOOLS) {
        levels[school] = lines.len() - 1;
    }
    let in_year = |year: usize| {
        let chance = if year == 0 { 0.0 } else { 0.15 };
        for level in &mut levels {
            if rng.chance(chance) {
                *level = rng.weighted(&weights).max(*level);
            }
        }
        levels.map(|level| lines[level].0)
    };
    (0..years).map(in_year).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_grows_slower_and_several_schools_have_the_fastest() {
        for seed in 1..=5 {
            for (id, lines) in BANDWIDTHS {
                let years = bandwidths(lines, 3, &mut Rng::stream(seed, "bandwidths", 0));
                let fastest = lines[lines.len() - 1].0;
                for bandwidths in &years {
                    let have = |mbps: usize| bandwidths.iter().filter(|&&b| b == mbps).count();
                    assert!(have(fastest) >= FASTEST_SCHOOLS, "{id}");
                    assert!(have(fastest) < SCHOOLS / 2, "{id}");
                    assert_eq!(bandwidths.iter().max(), Some(&fastest), "{id}");
                }
                for (before, after) in years.iter().zip(&years[1..]) {
                    assert!(before.iter().zip(after).all(|(b, a)| b <= a), "{id}");
                }
            }
        }
    }
}
