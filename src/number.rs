//! Exact decimals, and the one place where anything is divided or rounded.
//!
//! A value is an `i128` count of 10⁻¹⁰, which is what DECIMAL(38,10) holds in
//! Parquet. Engines return only integers and sums of these; a printed text is
//! made from numerator and denominator in a single rounding, half up, never from
//! a value that was already rounded.

use std::fmt;

/// The number of decimal places.
pub const SCALE: u32 = 10;
/// The number 1, in units of 10⁻¹⁰.
pub const ONE: i128 = 10_i128.pow(SCALE);

/// A decimal number with ten places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Decimal(pub i128);

impl Decimal {
    pub const ZERO: Decimal = Decimal(0);

    #[must_use]
    pub fn from_int(value: i64) -> Self {
        Decimal(i128::from(value) * ONE)
    }

    /// Reads plain decimal notation: `12`, `-3.50`. At most ten places and 18 digits before the
    /// point, so that no sum of cells overflows.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let places = u32::try_from(fraction.len()).ok()?;
        if whole.is_empty() || whole.len() > 18 || places > SCALE || !plain(whole) || !plain(fraction) {
            return None;
        }
        let whole: i128 = whole.parse().ok()?;
        let fraction: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
        let value = whole * ONE + fraction * 10_i128.pow(SCALE - places);
        Some(Decimal(if negative { -value } else { value }))
    }

    /// Rounded half up (away from zero) to `places`, all of them printed.
    #[must_use]
    pub fn printed(self, places: u32) -> String {
        Ratio { numerator: self, denominator: Decimal(ONE), factor: 1 }.printed(places).unwrap_or_default()
    }
}

impl std::ops::Add for Decimal {
    type Output = Decimal;
    fn add(self, other: Decimal) -> Decimal {
        Decimal(self.0 + other.0)
    }
}

impl std::ops::AddAssign for Decimal {
    fn add_assign(&mut self, other: Decimal) {
        self.0 += other.0;
    }
}

impl std::iter::Sum for Decimal {
    fn sum<I: Iterator<Item = Decimal>>(values: I) -> Decimal {
        values.fold(Decimal::ZERO, |sum, value| sum + value)
    }
}

impl fmt::Display for Decimal {
    /// The shortest exact form: `12`, `-3.5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.printed(SCALE);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// `factor × numerator ÷ denominator`, not yet divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    pub numerator: Decimal,
    pub denominator: Decimal,
    /// 100 for percentages, 1 for plain ratios.
    pub factor: i64,
}

impl Ratio {
    /// The quotient rounded half up to ten places; `None` when the denominator is zero.
    #[must_use]
    pub fn value(&self) -> Option<Decimal> {
        self.rounded(SCALE).map(Decimal)
    }

    /// The quotient rounded half up to `places`, all of them printed; `None` when the denominator is zero.
    #[must_use]
    pub fn printed(&self, places: u32) -> Option<String> {
        let rounded = self.rounded(places)?;
        let unit = 10_u128.pow(places);
        let sign = if rounded < 0 { "-" } else { "" };
        let magnitude = rounded.unsigned_abs();
        let (whole, fraction) = (magnitude / unit, magnitude % unit);
        Some(match places {
            0 => format!("{sign}{whole}"),
            _ => format!("{sign}{whole}.{fraction:0width$}", width = places as usize),
        })
    }

    /// The quotient in units of 10^-places, rounded half away from zero.
    fn rounded(&self, places: u32) -> Option<i128> {
        let divisor = self.denominator.0;
        if divisor == 0 {
            return None;
        }
        // Long division, digit by digit, so that nothing overflows unless the result does.
        let product = self.numerator.0.checked_mul(i128::from(self.factor))?;
        let negative = (product < 0) != (divisor < 0);
        let (product, divisor) = (product.unsigned_abs(), divisor.unsigned_abs());
        let (mut quotient, mut rest) = (product / divisor, product % divisor);
        for _ in 0..places {
            rest = rest.checked_mul(10)?;
            quotient = quotient.checked_mul(10)?.checked_add(rest / divisor)?;
            rest %= divisor;
        }
        if rest >= divisor - rest {
            quotient += 1;
        }
        let quotient = i128::try_from(quotient).ok()?;
        Some(if negative { -quotient } else { quotient })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ratio(numerator: i64, denominator: i64, factor: i64) -> Ratio {
        Ratio { numerator: Decimal::from_int(numerator), denominator: Decimal::from_int(denominator), factor }
    }

    #[test]
    fn the_reports_own_ratios_come_out() {
        assert_eq!(ratio(9198, 9397, 100).printed(2).unwrap(), "97.88");
        assert_eq!(ratio(27534, 2869, 1).printed(2).unwrap(), "9.60");
        assert_eq!(ratio(24, 2181, 100).printed(2).unwrap(), "1.10");
        assert_eq!(ratio(1, 0, 1).printed(2), None);
    }

    #[test]
    fn halves_go_up_and_all_places_are_printed() {
        assert_eq!(Decimal::parse("2.5").unwrap().printed(0), "3");
        assert_eq!(Decimal::parse("-2.5").unwrap().printed(0), "-3");
        assert_eq!(Decimal::parse("3167").unwrap().printed(2), "3167.00");
        assert_eq!(Decimal::parse("76.80").unwrap().to_string(), "76.8");
    }

    #[test]
    fn only_plain_notation_is_a_decimal() {
        for text in ["", ".", ".5", "1e3", "1,2", "约300", "12a", "0.00000000001"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    proptest! {
        /// The slow obvious oracle: the printed integer p is right when p - 1/2 <= quotient < p + 1/2.
        #[test]
        fn rounding_is_to_the_nearest(n in 0_i64..1_000_000, d in 1_i64..1_000_000, places in 0_u32..5) {
            let rounded = ratio(n, d, 100).rounded(places).unwrap();
            let exact = i128::from(n) * 100 * 10_i128.pow(places) * 2;
            prop_assert!(i128::from(d) * (2 * rounded - 1) <= exact);
            prop_assert!(exact < i128::from(d) * (2 * rounded + 1));
        }

        #[test]
        fn printing_and_parsing_agree(raw in -1_000_000_000_000_000_i128..1_000_000_000_000_000) {
            prop_assert_eq!(Decimal::parse(&Decimal(raw).to_string()), Some(Decimal(raw)));
        }
    }
}
