//! A small generator of pseudo-random numbers with named streams.
//!
//! Part of the promise is that one seed always gives the same bytes. A crate may change its
//! algorithm or its ranges between versions, so the few lines needed are kept here
//! (xoshiro256++, seeded by splitmix64, both in the public domain).

pub struct Rng {
    state: [u64; 4],
}

impl Rng {
    /// The stream of `seed` for one purpose. Streams are independent, so that work on several
    /// threads, or one more draw in one place, changes nothing anywhere else.
    pub fn stream(seed: u64, purpose: &str, index: usize) -> Self {
        let mut mixed = seed ^ fnv1a(purpose) ^ (index as u64).wrapping_mul(0xd6e8_feb8_6659_fd93);
        let state = std::array::from_fn(|_| splitmix64(&mut mixed));
        Self { state }
    }

    pub fn next_u64(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// A number in `0..bound`; `bound` must be positive.
    #[allow(clippy::cast_possible_truncation)]
    pub fn below(&mut self, bound: usize) -> usize {
        let wide = u128::from(self.next_u64()) * bound as u128;
        // The high half of a product of two 64-bit numbers is below `bound`.
        (wide >> 64) as usize
    }

    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// Like [`Self::between`], for years, months and days.
    #[allow(clippy::cast_possible_truncation)]
    pub fn between_u16(&mut self, low: u16, high: u16) -> u16 {
        // The draw is at most `high - low`.
        low + self.below(usize::from(high - low) + 1) as u16
    }

    /// A number in `[0, 1)` with 53 random bits, which an `f64` holds exactly.
    #[allow(clippy::cast_precision_loss)]
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// An index drawn with probability in proportion to its weight.
    pub fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut rest = self.unit() * weights.iter().sum::<f64>();
        for (index, weight) in weights.iter().enumerate() {
            if rest < *weight {
                return index;
            }
            rest -= weight;
        }
        weights.len() - 1
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// `count` decimal digits.
    pub fn digits(&mut self, count: usize) -> String {
        const DIGITS: [char; 10] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
        (0..count).map(|_| self.pick(&DIGITS)).collect()
    }
}

fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn fnv1a(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_repeats_and_differs_by_seed_purpose_and_index() {
        let first = |seed, purpose, index| Rng::stream(seed, purpose, index).next_u64();
        assert_eq!(first(1, "staff", 3), first(1, "staff", 3));
        assert_ne!(first(1, "staff", 3), first(2, "staff", 3));
        assert_ne!(first(1, "staff", 3), first(1, "shape", 3));
        assert_ne!(first(1, "staff", 3), first(1, "staff", 4));
    }

    #[test]
    fn draws_stay_in_range() {
        let mut rng = Rng::stream(7, "range", 0);
        for _ in 0..1000 {
            assert!(rng.below(3) < 3);
            assert!((5..=6).contains(&rng.between(5, 6)));
            assert!((0.0..1.0).contains(&rng.unit()));
        }
    }
}
