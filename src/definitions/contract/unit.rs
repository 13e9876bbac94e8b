//! Units stated in headers, and exact conversion between units of one kind.
//!
//! One school writes 万元 and another 元; one writes Mbps and another bps. The unit in the header's
//! brackets decides, or else the line `单位：万元` above it; it is never guessed from the numbers.
//! Ten decimal places are kept: a value that needs more is refused.

use crate::definitions::code_table::folded;
use crate::number::Decimal;

/// Units of one kind can be converted to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Money,
    Area,
    Bandwidth,
}

/// A unit as a multiple of the smallest of its kind, as a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    name: &'static str,
    kind: Kind,
    numerator: i128,
    denominator: i128,
}

const fn unit(name: &'static str, kind: Kind, numerator: i128, denominator: i128) -> Unit {
    Unit { name, kind, numerator, denominator }
}

/// Names in the form that [`folded`] returns. 15 亩 are a hectare.
const UNITS: [Unit; 18] = [
    unit("元", Kind::Money, 1, 1),
    unit("人民币元", Kind::Money, 1, 1),
    unit("千元", Kind::Money, 1_000, 1),
    unit("万元", Kind::Money, 10_000, 1),
    unit("百万元", Kind::Money, 1_000_000, 1),
    unit("亿元", Kind::Money, 100_000_000, 1),
    unit("平方米", Kind::Area, 1, 1),
    unit("㎡", Kind::Area, 1, 1),
    unit("M²", Kind::Area, 1, 1),
    unit("亩", Kind::Area, 2_000, 3),
    unit("公顷", Kind::Area, 10_000, 1),
    unit("万平方米", Kind::Area, 10_000, 1),
    unit("BPS", Kind::Bandwidth, 1, 1),
    unit("KBPS", Kind::Bandwidth, 1_000, 1),
    unit("MBPS", Kind::Bandwidth, 1_000_000, 1),
    unit("GBPS", Kind::Bandwidth, 1_000_000_000, 1),
    unit("兆", Kind::Bandwidth, 1_000_000, 1),
    unit("千兆", Kind::Bandwidth, 1_000_000_000, 1),
];

impl Unit {
    /// The unit with this name; `None` for one without conversions, such as 人 or 学时.
    #[must_use]
    pub fn named(name: &str) -> Option<Unit> {
        let name = folded(name);
        UNITS.into_iter().find(|unit| unit.name == name)
    }

    #[must_use]
    pub fn is_of_kind(self, other: Unit) -> bool {
        self.kind == other.kind
    }
}

/// The conversion of a delivered number to the contract's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conversion {
    factor: i128,
    divisor: i128,
}

impl Conversion {
    /// Between two units of the same kind.
    #[must_use]
    pub fn between(from: Unit, to: Unit) -> Option<Conversion> {
        let (factor, divisor) = (from.numerator * to.denominator, from.denominator * to.numerator);
        let common = greatest_common_divisor(factor, divisor);
        from.is_of_kind(to).then_some(Conversion { factor: factor / common, divisor: divisor / common })
    }

    /// The same amount in the other unit; `None` where ten places cannot hold it.
    #[must_use]
    pub fn apply(self, value: Decimal) -> Option<Decimal> {
        let product = value.0.checked_mul(self.factor)?;
        (product % self.divisor == 0).then(|| Decimal(product / self.divisor))
    }
}

fn greatest_common_divisor(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// The texts in brackets in a header, the last first: `金额（必填）（万元）`.
#[must_use]
pub fn bracketed(header: &str) -> Vec<String> {
    let folded = folded(header).replace(['[', '【'], "(").replace([']', '】'], ")");
    let parts = folded.split('(').skip(1);
    let mut inside: Vec<String> =
        parts.filter_map(|part| part.split_once(')')).map(|(text, _)| text.to_owned()).collect();
    inside.reverse();
    inside
}

/// The units that a line such as `教基5377　单位：平方米、万元` states for the columns under it.
#[must_use]
pub fn stated(line: &str) -> Vec<Unit> {
    let Some((_, rest)) = line.split_once("单位") else { return Vec::new() };
    let rest = rest.trim_start_matches([':', '：', ' ', '\u{3000}']);
    let names = rest.split(|c: char| c.is_whitespace() || "、，,;；/)）".contains(c));
    names.map_while(Unit::named).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn conversion(from: &str, to: &str) -> Option<Conversion> {
        Conversion::between(Unit::named(from)?, Unit::named(to)?)
    }

    fn converted(text: &str, from: &str, to: &str) -> Option<String> {
        let value = conversion(from, to)?.apply(Decimal::parse(text)?)?;
        Some(value.to_string())
    }

    #[test]
    fn amounts_are_converted_exactly_or_not_at_all() {
        for (text, from, to, expected) in [
            ("117412.35", "元", "万元", "11.741235"),
            ("6886.59", "万元", "元", "68865900"),
            ("0.0001", "亿元", "万元", "1"),
            ("1000000000", "bps", "Mbps", "1000"),
            ("1.5", "Gbps", "Mbps", "1500"),
            ("3", "亩", "平方米", "2000"),
            ("-12", "元", "万元", "-0.0012"),
        ] {
            assert_eq!(converted(text, from, to).as_deref(), Some(expected), "{text} {from}");
        }
        assert_eq!(converted("0.000001", "元", "万元").as_deref(), Some("0.0000000001"));
        for (text, from, to) in [("0.0000001", "元", "万元"), ("1", "亩", "平方米"), ("1", "bps", "万元")]
        {
            assert_eq!(converted(text, from, to), None, "{text} {from}");
        }
    }

    #[test]
    fn units_are_found_where_people_write_them() {
        assert_eq!(bracketed("金额（必填）(万元)"), ["万元", "必填"]);
        assert_eq!(bracketed("出口带宽【Mbps】"), ["MBPS"]);
        assert_eq!(bracketed("金额"), Vec::<String>::new());
        let names = |line| stated(line).into_iter().map(|unit| unit.name).collect::<Vec<_>>();
        assert_eq!(names("教基5377 学校办学条件　单位：平方米、万元"), ["平方米", "万元"]);
        assert_eq!(names("（单位：元）"), ["元"]);
        assert_eq!(names("填报单位：临汾市教育局"), Vec::<&str>::new());
        assert_eq!(names("单位:人"), Vec::<&str>::new());
    }

    proptest! {
        /// Converting there and back gives the same amount, wherever the first step is possible.
        #[test]
        fn nothing_is_lost_on_the_way(
            raw in -1_000_000_000_000_000_000_i128..1_000_000_000_000_000_000,
            from in 0..UNITS.len(),
            to in 0..UNITS.len(),
        ) {
            let (from, to) = (UNITS[from], UNITS[to]);
            if let Some(there) = Conversion::between(from, to)
                && let Some(value) = there.apply(Decimal(raw))
            {
                prop_assert_eq!(Conversion::between(to, from).unwrap().apply(value), Some(Decimal(raw)));
                // Both amounts are equal in units of 10⁻¹⁰ of the smallest, cross-multiplied.
                prop_assert_eq!(
                    raw * from.numerator * to.denominator,
                    value.0 * to.numerator * from.denominator
                );
            }
        }
    }
}
