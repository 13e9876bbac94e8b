//! Units stated in headers, and exact conversion between units of one kind.
//!
//! One school writes 万元 and another 元; one writes Mbps and another bps. The unit in the header's
//! brackets decides, or else the line `单位：万元` above it; it is never guessed from the numbers.
//! Ten decimal places are kept: a value that needs more is refused, but for land.
//!
//! 25.3 亩 are 16 866.666… ㎡, which no number of places can hold, and people do measure land so: the number is
//! right, and there is nothing to correct. Such an amount is rounded once, half up, to the tenth place, for reading.
//! The table has three times the amount beside it, which is exact for every unit of area, as 3 is the only factor
//! between them that decimals lack. Sums and greatest values are taken of these and divided once, so that three
//! amounts of 1 亩 are 2000 ㎡ and not 2000.0000000001. A numerator over a denominator that is known suits tables
//! of decimals, in which any program can add; the delivered amount and its unit would have to be converted again
//! before schools with different units are added up.

use crate::definitions::code_table::folded;
use crate::number::{Decimal, Ratio};

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

    /// Whether amounts in other units of its kind may be no decimals in it.
    #[must_use]
    pub fn has_thirds(self) -> bool {
        self.kind == Kind::Area
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

    /// The same amount in the other unit; `None` where ten places hold neither it nor three times it.
    #[must_use]
    pub fn apply(self, value: Decimal) -> Option<Amount> {
        let product = value.0.checked_mul(self.factor)?;
        if product % self.divisor == 0 {
            return Amount::exact(Decimal(product / self.divisor));
        }
        let threefold = product.checked_mul(3)?;
        let thirds = (threefold % self.divisor == 0).then(|| Decimal(threefold / self.divisor))?;
        Some(Amount { value: third(thirds)?, thirds, is_rounded: true })
    }
}

/// A converted amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// Rounded half up to the tenth place where it is no decimal.
    pub value: Decimal,
    /// Three times the amount, exactly.
    pub thirds: Decimal,
    pub is_rounded: bool,
}

impl Amount {
    /// An amount that is a decimal.
    #[must_use]
    pub fn exact(value: Decimal) -> Option<Amount> {
        Some(Amount { value, thirds: Decimal(value.0.checked_mul(3)?), is_rounded: false })
    }
}

/// A third of a number, rounded half up to the tenth place.
#[must_use]
pub fn third(of: Decimal) -> Option<Decimal> {
    Ratio { numerator: of, denominator: Decimal::from_int(3), factor: 1 }.value()
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
        let amount = conversion(from, to)?.apply(Decimal::parse(text)?)?;
        Some(format!("{}{}", if amount.is_rounded { "≈" } else { "" }, amount.value))
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
        for (text, from, to) in
            [("0.0000001", "元", "万元"), ("1", "bps", "万元"), ("0.0000001", "㎡", "公顷")]
        {
            assert_eq!(converted(text, from, to), None, "{text} {from}");
        }
        for (text, from, to, expected) in [
            ("1", "亩", "平方米", "≈666.6666666667"),
            ("25.3", "亩", "平方米", "≈16866.6666666667"),
            ("-0.4", "亩", "平方米", "≈-266.6666666667"),
            ("25.3", "亩", "公顷", "≈1.6866666667"),
            ("25.3", "亩", "亩", "25.3"),
            ("666.67", "㎡", "亩", "1.000005"),
        ] {
            assert_eq!(converted(text, from, to).as_deref(), Some(expected), "{text} {from}");
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
        /// The slow obvious oracle: parts of a whole, in any units of area, add up to the whole exactly.
        #[test]
        fn parts_of_an_area_add_up(
            parts in prop::collection::vec((0_i128..1_000_000, 6..12_usize), 1..20),
            to in 6..12_usize,
        ) {
            let to = UNITS[to];
            // In hundredths, so that six places more are enough for every unit.
            let amounts = parts.iter().map(|(hundredths, from)| (Decimal(hundredths * 100_000_000), UNITS[*from]));
            let (mut thirds, mut numerator) = (0, 0);
            for (amount, from) in amounts {
                let converted = Conversion::between(from, to).unwrap().apply(amount).unwrap();
                thirds += converted.thirds.0;
                // Over the common denominator of all units: 3 times that of `to`.
                numerator += amount.0 * from.numerator * (3 / from.denominator) * to.denominator;
                let apart = converted.value.0 * 3 - converted.thirds.0;
                prop_assert!(apart.abs() <= 1, "within half of the last place");
                prop_assert_eq!(converted.is_rounded, apart != 0);
            }
            prop_assert_eq!(thirds * to.numerator, numerator);
            // The sum is a decimal exactly when a third of the thirds is.
            let sum = third(Decimal(thirds)).unwrap();
            prop_assert!((sum.0 * 3 - thirds).abs() <= 1);
        }

        /// Converting there and back gives the same amount, wherever the first step is exact.
        #[test]
        fn nothing_is_lost_on_the_way(
            raw in -1_000_000_000_000_000_000_i128..1_000_000_000_000_000_000,
            from in 0..UNITS.len(),
            to in 0..UNITS.len(),
        ) {
            let (from, to) = (UNITS[from], UNITS[to]);
            if let Some(there) = Conversion::between(from, to)
                && let Some(Amount { value, is_rounded: false, .. }) = there.apply(Decimal(raw))
            {
                let back = Conversion::between(to, from).unwrap().apply(value).unwrap();
                prop_assert_eq!((back.value, back.is_rounded), (Decimal(raw), false));
                // Both amounts are equal in units of 10⁻¹⁰ of the smallest, cross-multiplied.
                prop_assert_eq!(
                    raw * from.numerator * to.denominator,
                    value.0 * to.numerator * from.denominator
                );
            }
        }
    }
}
