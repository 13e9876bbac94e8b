//! Rates of schools whose mean is the printed one.

use std::cmp::Reverse;

use crate::numbers::rng::Rng;
use crate::plan::shares::PerSchool;

/// Rates in hundredths, between `target - spread` and `target + spread` but for small shifts,
/// whose mean by `weights` is as near `target` as whole hundredths allow.
pub fn rates(target: usize, spread: usize, weights: &PerSchool, rng: &mut Rng) -> Vec<Option<u64>> {
    // The mean is then shifted by less than the spread again, and no rate is negative.
    let spread = spread.min(target / 2);
    let signed = |count: usize| (count as u64).cast_signed();
    let mut rates: Vec<i64> =
        weights.iter().map(|_| signed(rng.between(target - spread, target + spread))).collect();
    let mut order: Vec<usize> = (0..weights.len()).filter(|&i| weights[i] > 0).collect();
    order.sort_by_key(|&school| Reverse(weights[school]));
    let total: i64 = order.iter().map(|&i| signed(weights[i])).sum();
    let sum: i64 = order.iter().map(|&i| signed(weights[i]) * rates[i]).sum();
    let mut excess = sum - signed(target) * total;
    let shift = excess / total.max(1);
    excess -= shift * total;
    // What is left is less than one hundredth for everybody: the largest schools that fit take it.
    for &school in &order {
        let step = (excess / signed(weights[school])).clamp(-1, 1);
        rates[school] -= shift + step;
        excess -= step * signed(weights[school]);
    }
    rates
        .into_iter()
        .zip(weights)
        .map(|(rate, &weight)| (weight > 0).then_some(rate.cast_unsigned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::city::schools::SCHOOLS;

    #[test]
    fn rates_average_to_their_target() {
        let mut rng = Rng::stream(5, "rates", 0);
        for target in [8_801, 316_700, 1_098, 9_578] {
            let weights: PerSchool = std::array::from_fn(|_| rng.below(400));
            let rates = rates(target, 300, &weights, &mut rng);
            let total: usize = weights.iter().sum();
            let sum: u64 = rates
                .iter()
                .zip(&weights)
                .filter_map(|(rate, &weight)| rate.map(|rate| rate * weight as u64))
                .sum();
            let mean = (sum * 2 + total as u64) / (2 * total as u64);
            assert_eq!(mean, target as u64);
        }
    }

    #[test]
    fn a_school_without_base_has_no_rate() {
        let mut weights = [5; SCHOOLS];
        weights[3] = 0;
        let rates = rates(1_000, 100, &weights, &mut Rng::stream(1, "rates", 0));
        assert_eq!(rates.iter().position(Option::is_none), Some(3));
    }
}
