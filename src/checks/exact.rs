//! Exact fractions, and intervals of them: the values that a printed figure can mean. No floats.
//!
//! Every operation returns `None` instead of overflowing; printed figures never come close.

use std::cmp::Ordering;
use std::fmt;

use crate::number::{Decimal, Ratio};

/// A fraction in lowest terms; the denominator is positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rational {
    numerator: i128,
    denominator: i128,
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl Rational {
    pub const ZERO: Rational = Rational { numerator: 0, denominator: 1 };
    pub const ONE: Rational = Rational { numerator: 1, denominator: 1 };
    pub const HUNDREDTH: Rational = Rational { numerator: 1, denominator: 100 };

    /// `None` for a denominator of zero.
    #[must_use]
    pub fn new(numerator: i128, denominator: i128) -> Option<Self> {
        let divisor = i128::try_from(gcd(numerator.unsigned_abs(), denominator.unsigned_abs())).ok()?;
        if denominator == 0 {
            return None;
        }
        let (numerator, denominator) = (numerator / divisor, denominator / divisor);
        if denominator > 0 {
            return Some(Rational { numerator, denominator });
        }
        Some(Rational { numerator: numerator.checked_neg()?, denominator: denominator.checked_neg()? })
    }

    #[must_use]
    pub fn int(value: i128) -> Self {
        Rational { numerator: value, denominator: 1 }
    }

    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        Self::new(left.checked_add(right)?, self.denominator.checked_mul(other.denominator)?)
    }

    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        self.plus(other.negated())
    }

    #[must_use]
    pub fn times(self, other: Self) -> Option<Self> {
        // Reduced crosswise first, so that products stay small.
        let a = Self::new(self.numerator, other.denominator)?;
        let b = Self::new(other.numerator, self.denominator)?;
        Self::new(a.numerator.checked_mul(b.numerator)?, a.denominator.checked_mul(b.denominator)?)
    }

    #[must_use]
    pub fn over(self, other: Self) -> Option<Self> {
        self.times(Self::new(other.denominator, other.numerator)?)
    }

    #[must_use]
    pub fn negated(self) -> Self {
        Rational { numerator: self.numerator.saturating_neg(), denominator: self.denominator }
    }

    #[must_use]
    pub fn size(self) -> Self {
        if self < Self::ZERO { self.negated() } else { self }
    }

    #[must_use]
    pub fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// The largest whole number that is at most it.
    #[must_use]
    pub fn floor(self) -> i128 {
        self.numerator.div_euclid(self.denominator)
    }

    /// Rounded half up to at most `places`, without trailing zeros.
    #[must_use]
    pub fn shown(self, places: u32) -> String {
        let ratio =
            Ratio { numerator: Decimal(self.numerator), denominator: Decimal(self.denominator), factor: 1 };
        let text = ratio.printed(places).unwrap_or_else(|| self.floor().to_string());
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        if text == "-0" { "0".to_owned() } else { text.to_owned() }
    }
}

impl PartialOrd for Rational {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Rational {
    /// By whole parts, then by the inverted remainders: nothing is multiplied, so nothing overflows.
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut a, mut b) = (*self, *other);
        let mut flipped = false;
        loop {
            let whole = a.floor().cmp(&b.floor());
            let rest = |x: Rational| (x.numerator.rem_euclid(x.denominator), x.denominator);
            let ((rest_a, _), (rest_b, _)) = (rest(a), rest(b));
            let order = match (whole, rest_a == 0, rest_b == 0) {
                (Ordering::Equal, true, true) => Ordering::Equal,
                (Ordering::Equal, true, false) => Ordering::Less,
                (Ordering::Equal, false, true) => Ordering::Greater,
                (Ordering::Equal, false, false) => {
                    a = Rational { numerator: a.denominator, denominator: rest_a };
                    b = Rational { numerator: b.denominator, denominator: rest_b };
                    flipped = !flipped;
                    continue;
                }
                (order, ..) => order,
            };
            return if flipped { order.reverse() } else { order };
        }
    }
}

/// From `low` to `high`; an open end is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    pub low: Rational,
    pub high: Rational,
    pub low_open: bool,
    pub high_open: bool,
}

/// An end of an interval: its value, and whether it is open.
type End = (Rational, bool);

impl Interval {
    #[must_use]
    pub fn point(value: Rational) -> Self {
        Self::closed(value, value)
    }

    #[must_use]
    pub fn closed(low: Rational, high: Rational) -> Self {
        Interval { low, high, low_open: false, high_open: false }
    }

    /// `[low, high)`.
    #[must_use]
    pub fn half_open(low: Rational, high: Rational) -> Self {
        Interval { low, high, low_open: false, high_open: true }
    }

    #[must_use]
    pub fn contains(&self, value: Rational) -> bool {
        let above = value > self.low || (value == self.low && !self.low_open);
        let below = value < self.high || (value == self.high && !self.high_open);
        above && below
    }

    /// Whether they have a value in common.
    #[must_use]
    pub fn meets(&self, other: &Interval) -> bool {
        self.can_be_at_most(other) && other.can_be_at_most(self)
    }

    /// Whether some value of this one is at most some value of the other.
    #[must_use]
    pub fn can_be_at_most(&self, other: &Interval) -> bool {
        self.low < other.high || (self.low == other.high && !self.low_open && !other.high_open)
    }

    #[must_use]
    pub fn plus(&self, other: &Interval) -> Option<Interval> {
        Some(Interval {
            low: self.low.plus(other.low)?,
            high: self.high.plus(other.high)?,
            low_open: self.low_open || other.low_open,
            high_open: self.high_open || other.high_open,
        })
    }

    #[must_use]
    pub fn negated(&self) -> Interval {
        Interval {
            low: self.high.negated(),
            high: self.low.negated(),
            low_open: self.high_open,
            high_open: self.low_open,
        }
    }

    #[must_use]
    pub fn minus(&self, other: &Interval) -> Option<Interval> {
        self.plus(&other.negated())
    }

    #[must_use]
    pub fn times(&self, other: &Interval) -> Option<Interval> {
        let mut ends: Vec<End> = Vec::new();
        for (a, a_open) in [(self.low, self.low_open), (self.high, self.high_open)] {
            for (b, b_open) in [(other.low, other.low_open), (other.high, other.high_open)] {
                // Zero times anything is zero, wherever the other end lies.
                let reached = (a.is_zero() && !a_open) || (b.is_zero() && !b_open);
                ends.push((a.times(b)?, !reached && (a_open || b_open)));
            }
        }
        let (low, low_open) = *ends.iter().min_by(|a, b| a.0.cmp(&b.0).then(a.1.cmp(&b.1)))?;
        let (high, high_open) = *ends.iter().max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)))?;
        Some(Interval { low, high, low_open, high_open })
    }

    /// `None` where the other contains or touches zero.
    #[must_use]
    pub fn over(&self, other: &Interval) -> Option<Interval> {
        if Interval::closed(other.low, other.high).contains(Rational::ZERO) {
            return None;
        }
        let turned = Interval {
            low: Rational::ONE.over(other.high)?,
            high: Rational::ONE.over(other.low)?,
            low_open: other.high_open,
            high_open: other.low_open,
        };
        self.times(&turned)
    }

    #[must_use]
    pub fn scaled(&self, factor: Rational) -> Option<Interval> {
        self.times(&Interval::point(factor))
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (open, close) = (if self.low_open { '(' } else { '[' }, if self.high_open { ')' } else { ']' });
        write!(f, "{open}{}, {}{close}", self.low.shown(6), self.high.shown(6))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rational(numerator: i128, denominator: i128) -> Rational {
        Rational::new(numerator, denominator).unwrap()
    }

    /// Every tenth of a unit that lies in `[value - 0.5, value + 0.5)`.
    fn members(value: i128) -> impl Iterator<Item = Rational> {
        (value * 10 - 5..value * 10 + 5).map(|tenths| rational(tenths, 10))
    }

    fn rounds_to(value: i128) -> Interval {
        Interval::half_open(rational(2 * value - 1, 2), rational(2 * value + 1, 2))
    }

    #[test]
    fn open_ends_do_not_meet() {
        assert!(!rounds_to(1).meets(&rounds_to(2)));
        assert!(Interval::closed(Rational::ZERO, rational(3, 2)).meets(&rounds_to(2)));
        assert_eq!(rounds_to(2).to_string(), "[1.5, 2.5)");
        assert_eq!(rounds_to(2).negated().to_string(), "(-2.5, -1.5]");
    }

    #[test]
    fn large_numbers_do_not_wrap() {
        let huge = Rational::int(i128::MAX);
        assert_eq!(huge.plus(Rational::ONE), None);
        assert_eq!(Rational::new(1, 0), None);
        assert!(rational(i128::MAX - 1, i128::MAX) < Rational::ONE);
    }

    proptest! {
        /// Whatever two figures were before they were rounded, a value computed from them lies in the
        /// interval computed from their intervals; and its ends are reached.
        #[test]
        fn intervals_hold_every_result_and_no_more(a in -30_i128..30, b in -30_i128..30) {
            let (ia, ib) = (rounds_to(a), rounds_to(b));
            let check = |name: &str, interval: Option<Interval>, compute: &dyn Fn(Rational, Rational) -> Option<Rational>| {
                let Some(interval) = interval else { return Ok(()) };
                let results: Vec<Rational> =
                    members(a).flat_map(|x| members(b).filter_map(move |y| compute(x, y))).collect();
                for result in &results {
                    prop_assert!(interval.contains(*result), "{name} {a} {b}: {} not in {interval}", result.shown(4));
                }
                // Ends are off by at most one step of the enumeration at both operands.
                let least = *results.iter().min().unwrap();
                let most = *results.iter().max().unwrap();
                let slack = rational(1, 5).times(Rational::int(a.abs() + b.abs() + 4)).unwrap();
                prop_assert!(least.minus(interval.low).unwrap() <= slack.times(Rational::int(4)).unwrap());
                prop_assert!(interval.high.minus(most).unwrap() <= slack.times(Rational::int(4)).unwrap());
                Ok(())
            };
            check("plus", ia.plus(&ib), &|x, y| x.plus(y))?;
            check("minus", ia.minus(&ib), &|x, y| x.minus(y))?;
            check("times", ia.times(&ib), &|x, y| x.times(y))?;
            check("over", ia.over(&ib), &|x, y| x.over(y))?;
        }

        #[test]
        fn order_is_that_of_cross_products(a in -999_i128..999, b in 1_i128..99, c in -999_i128..999, d in 1_i128..99) {
            prop_assert_eq!(rational(a, b).cmp(&rational(c, d)), (a * d).cmp(&(c * b)));
        }
    }
}
