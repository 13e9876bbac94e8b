//! Where schools filled in something wrong.

use std::collections::BTreeMap;

use crate::city::schools::{SCHOOLS, School};
use crate::numbers::rng::Rng;

/// Where this year's filing repeats last year's wrongly: a school, and the row id.
pub type Slips = BTreeMap<usize, &'static str>;

/// The year for which slips are planted.
pub const SLIP_YEAR: u16 = 2024;

/// Schools of one copy that wrote something else for last year than they had filed.
const SLIPS: usize = 3;

pub fn deal_slips(schools: &[School], seed: u64) -> Slips {
    const IDS: [&str; 4] = ["certificates", "fitness_tested", "students", "staff"];
    let mut rng = Rng::stream(seed, "slips", 0);
    let mut slips = Slips::new();
    for copy in schools.chunks(SCHOOLS) {
        let mut order: Vec<usize> = (0..copy.len()).collect();
        rng.shuffle(&mut order);
        let first = copy[0].copy * SCHOOLS;
        for base in order.into_iter().take(SLIPS) {
            slips.insert(first + base, rng.pick(&IDS));
        }
    }
    slips
}

/// Rows whose first cell is empty: where it is lost, the row stands one cell further left.
pub const SHIFTED: [&str; 3] = [
    "resource_libraries_school_platform",
    "online_courses_school_platform",
    "simulation_bases_school_platform",
];
