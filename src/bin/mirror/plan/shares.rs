//! Shares of a total for every school.

use crate::city::schools::{BIFF8_SCHOOL, SCHOOLS};
use crate::numbers::apportion::{float, spread};
use crate::numbers::rng::Rng;

pub type PerSchool = [usize; SCHOOLS];
pub type Weights = [f64; SCHOOLS];

pub fn noisy(weights: &Weights, spread: f64, rng: &mut Rng) -> Weights {
    weights.map(|weight| weight * rng.within(1.0 - spread, 1.0 + spread))
}

pub fn floats(counts: &PerSchool) -> Weights {
    counts.map(float)
}

/// [`spread`] over all schools.
pub fn over_schools(total: usize, weights: &Weights, caps: &PerSchool) -> PerSchool {
    to_array(&spread(total, weights, caps))
}

pub fn to_array(parts: &[usize]) -> PerSchool {
    std::array::from_fn(|index| parts[index])
}

/// Sets one school aside, gives it `fixed` and the others the rest of `total`.
pub fn around_fixed(total: usize, weights: &Weights, caps: &PerSchool, fixed: usize) -> PerSchool {
    let (mut weights, mut caps) = (*weights, *caps);
    weights[BIFF8_SCHOOL] = 0.0;
    caps[BIFF8_SCHOOL] = 0;
    let mut parts = over_schools(total - fixed, &weights, &caps);
    parts[BIFF8_SCHOOL] = fixed;
    parts
}

pub fn minus(whole: &PerSchool, part: &PerSchool) -> PerSchool {
    std::array::from_fn(|i| whole[i] - part[i])
}

/// A part of `whole`, in no school more than `max_percent` of it.
pub fn share_of(total: usize, whole: &PerSchool, max_percent: usize, rng: &mut Rng) -> PerSchool {
    let caps = whole.map(|n| n * max_percent / 100);
    over_schools(total, &noisy(&floats(whole), 0.2, rng), &caps)
}
