//! Dividing a published total into whole parts, exactly.

/// No one school carries more than this share of a total that many schools have a part in.
const MAX_SHARE_PERCENT: usize = 12;

/// From this many takers on, `MAX_SHARE_PERCENT` applies.
const MANY_TAKERS: usize = 15;

/// `total` in whole parts in proportion to `weights`, no part above its cap, by the method of
/// largest remainders. The parts always add up to `total`.
///
/// # Panics
///
/// If the caps add up to less than `total`: the plan asked for the impossible.
pub fn apportion(total: usize, weights: &[f64], caps: &[usize]) -> Vec<usize> {
    let room: usize = caps.iter().sum();
    assert!(room >= total, "{total} do not fit into caps of {room}");
    let mut parts = vec![0; weights.len()];
    let mut open: Vec<usize> = (0..weights.len()).filter(|&i| weights[i] > 0.0).collect();
    let mut left = total;
    loop {
        let sum: f64 = open.iter().map(|&i| weights[i]).sum();
        let (full, rest): (Vec<usize>, Vec<usize>) =
            open.iter().partition(|&&i| float(left) * weights[i] / sum >= float(caps[i]));
        for &i in &full {
            parts[i] = caps[i];
            left -= caps[i];
        }
        open = rest;
        if full.is_empty() || open.is_empty() {
            break;
        }
    }
    share_by_remainder(left, weights, &open, &mut parts);
    fill_up(total, caps, &mut parts);
    parts
}

/// Like [`apportion`], and no part above 12 % where at least 15 take part and that is possible.
pub fn spread(total: usize, weights: &[f64], caps: &[usize]) -> Vec<usize> {
    let takers = weights.iter().zip(caps).filter(|(weight, cap)| **weight > 0.0 && **cap > 0);
    if takers.count() < MANY_TAKERS {
        return apportion(total, weights, caps);
    }
    let limit = (total * MAX_SHARE_PERCENT / 100).max(1);
    let lowered: Vec<usize> = caps.iter().map(|cap| *cap.min(&limit)).collect();
    let fits =
        weights.iter().zip(&lowered).filter(|(weight, _)| **weight > 0.0).map(|(_, cap)| cap).sum::<usize>()
            >= total;
    apportion(total, weights, if fits { &lowered } else { caps })
}

fn share_by_remainder(left: usize, weights: &[f64], open: &[usize], parts: &mut [usize]) {
    let sum: f64 = open.iter().map(|&i| weights[i]).sum();
    if left == 0 || open.is_empty() {
        return;
    }
    let exact = |i: usize| float(left) * weights[i] / sum;
    for &i in open {
        parts[i] = floor(exact(i));
    }
    let given: usize = open.iter().map(|&i| parts[i]).sum();
    let mut order = open.to_vec();
    order.sort_by(|&a, &b| exact(b).fract().total_cmp(&exact(a).fract()).then(a.cmp(&b)));
    for &i in order.iter().take(left.saturating_sub(given)) {
        parts[i] += 1;
    }
}

/// Gives what is still left to whoever has room; needed only where every weighted part is full.
fn fill_up(total: usize, caps: &[usize], parts: &mut [usize]) {
    let mut left = total - parts.iter().sum::<usize>();
    for (part, cap) in parts.iter_mut().zip(caps) {
        let more = left.min(cap - *part);
        *part += more;
        left -= more;
    }
}

/// Counts here are far below 2^53, so nothing is lost.
#[allow(clippy::cast_precision_loss)]
pub fn float(count: usize) -> f64 {
    count as f64
}

/// The whole part of a non-negative number.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn floor(value: f64) -> usize {
    value as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::rng::Rng;

    #[test]
    fn parts_add_up_and_keep_their_caps() {
        for seed in 0..200 {
            let mut rng = Rng::stream(seed, "apportion", 0);
            let weights: Vec<f64> = (0..20).map(|_| rng.within(0.0, 5.0)).collect();
            let caps: Vec<usize> = (0..20).map(|_| rng.below(30)).collect();
            let total = rng.below(caps.iter().sum::<usize>() + 1);
            let parts = apportion(total, &weights, &caps);
            assert_eq!(parts.iter().sum::<usize>(), total);
            assert!(parts.iter().zip(&caps).all(|(part, cap)| part <= cap));
        }
    }

    #[test]
    fn the_largest_remainder_gets_the_odd_one() {
        assert_eq!(apportion(10, &[1.0, 1.0, 2.0], &[9, 9, 9]), [3, 2, 5]);
        assert_eq!(apportion(3, &[0.0, 1.0], &[9, 2]), [1, 2]);
    }

    #[test]
    fn no_one_carries_more_than_twelve_percent_of_many() {
        let mut weights = vec![1.0; 20];
        weights[0] = 100.0;
        let parts = spread(1000, &weights, &[1000; 20]);
        assert_eq!(parts[0], 120);
        assert_eq!(parts.iter().sum::<usize>(), 1000);
    }
}
