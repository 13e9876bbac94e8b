//! Decimal strings from whole numbers: nothing printed here ever was a binary fraction.

/// Digits after the point of a ratio in the truth.
const RATIO_DECIMALS: u32 = 10;

/// `numerator / denominator`, both non-negative and the latter positive, rounded half up at ten
/// decimals.
pub fn ratio(numerator: u128, denominator: u128) -> String {
    let scaled = numerator * 10u128.pow(RATIO_DECIMALS);
    self::scaled((scaled * 2 + denominator) / (denominator * 2), RATIO_DECIMALS)
}

/// Hundredths, as `12.5` or `3`.
pub fn hundredths(value: u64) -> String {
    scaled(u128::from(value), 2)
}

/// `value / 10^decimals` without trailing zeros.
pub fn scaled(value: u128, decimals: u32) -> String {
    let unit = 10u128.pow(decimals);
    let fraction = format!("{:0width$}", value % unit, width = decimals as usize);
    match fraction.trim_end_matches('0') {
        "" => (value / unit).to_string(),
        fraction => format!("{}.{fraction}", value / unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_rounded_half_up_and_lose_trailing_zeros() {
        assert_eq!(ratio(1, 3), "0.3333333333");
        assert_eq!(ratio(2, 3), "0.6666666667");
        assert_eq!(ratio(1, 20_000_000_000), "0.0000000001");
        assert_eq!(ratio(300, 4), "75");
    }

    #[test]
    fn hundredths_keep_what_they_need() {
        assert_eq!(hundredths(1_174_123), "11741.23");
        assert_eq!(hundredths(8_810), "88.1");
        assert_eq!(hundredths(0), "0");
    }
}
