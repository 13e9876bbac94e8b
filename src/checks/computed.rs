//! Values computed from printed figures, with the range they may have, and whether a printed figure
//! fits them.

use crate::checks::exact::{Interval, Rational};
use crate::checks::quantity::{Measure, Quantity};

/// A value computed from printed figures.
#[derive(Debug, Clone, Copy)]
pub struct ComputedValue {
    /// Computed from the figures as printed.
    pub point: Rational,
    /// Range over all values that round to the printed figures.
    pub rounded: Interval,
    /// Range over all values that truncate to the printed figures.
    pub truncated: Interval,
    /// The coarsest precision of the figures if they were only added; zero if they were divided.
    pub step: Rational,
    pub approximate: bool,
}

/// How a printed figure fits a computed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// Equal when rounded to the coarser of both precisions.
    Same,
    /// Truncated instead of rounded.
    Truncated,
    /// Only within the rounding of the operands.
    WithinOperands,
    /// Outside what 约 or 近 allow, by less than that amount again.
    Near,
    Off,
}

impl ComputedValue {
    #[must_use]
    pub fn of(quantity: &Quantity) -> Option<Self> {
        Some(ComputedValue {
            point: quantity.value,
            rounded: quantity.rounded()?,
            truncated: quantity.truncated()?,
            step: if quantity.rounded()? == Interval::point(quantity.value) {
                Rational::ZERO
            } else {
                quantity.step
            },
            approximate: quantity.is_approximate(),
        })
    }

    #[must_use]
    pub fn exactly(value: Rational) -> Self {
        let point = Interval::point(value);
        ComputedValue {
            point: value,
            rounded: point,
            truncated: point,
            step: Rational::ZERO,
            approximate: false,
        }
    }

    #[must_use]
    pub fn plus(&self, other: &Self) -> Option<Self> {
        Some(ComputedValue {
            point: self.point.plus(other.point)?,
            rounded: self.rounded.plus(&other.rounded)?,
            truncated: self.truncated.plus(&other.truncated)?,
            step: self.step.max(other.step),
            approximate: self.approximate || other.approximate,
        })
    }

    #[must_use]
    pub fn minus(&self, other: &Self) -> Option<Self> {
        let turned = ComputedValue {
            point: other.point.negated(),
            rounded: other.rounded.negated(),
            truncated: other.truncated.negated(),
            ..*other
        };
        self.plus(&turned)
    }

    #[must_use]
    pub fn times(&self, other: &Self) -> Option<Self> {
        Some(ComputedValue {
            point: self.point.times(other.point)?,
            rounded: self.rounded.times(&other.rounded)?,
            truncated: self.truncated.times(&other.truncated)?,
            step: Rational::ZERO,
            approximate: self.approximate || other.approximate,
        })
    }

    /// `None` for a division by a value that may be zero.
    #[must_use]
    pub fn over(&self, other: &Self) -> Option<Self> {
        Some(ComputedValue {
            point: self.point.over(other.point)?,
            rounded: self.rounded.over(&other.rounded)?,
            truncated: self.truncated.over(&other.truncated)?,
            step: Rational::ZERO,
            approximate: self.approximate || other.approximate,
        })
    }

    #[must_use]
    pub fn sum(quantities: &[Quantity]) -> Option<Self> {
        let nothing = ComputedValue::exactly(Rational::ZERO);
        quantities.iter().try_fold(nothing, |sum, quantity| sum.plus(&ComputedValue::of(quantity)?))
    }
}

/// How `printed` fits `computed`; `None` when the numbers are too large.
#[must_use]
pub fn fit(printed: &Quantity, computed: &ComputedValue) -> Option<Fit> {
    let (rounded, cut) = (printed.rounded()?, printed.truncated()?);
    if printed.is_approximate() || computed.approximate {
        return approximately(&rounded, &computed.rounded);
    }
    let half = computed.step.over(Rational::int(2))?;
    let coarse = Interval::half_open(computed.point.minus(half)?, computed.point.plus(half)?);
    let coarser = computed.step > printed.step
        || (computed.step > Rational::ZERO && rounded == Interval::point(printed.value));
    Some(if rounded.contains(computed.point) || (coarser && coarse.contains(printed.value)) {
        Fit::Same
    } else if cut.contains(computed.point) {
        Fit::Truncated
    } else if [rounded, cut]
        .iter()
        .any(|range| range.meets(&computed.rounded) || range.meets(&computed.truncated))
    {
        Fit::WithinOperands
    } else {
        Fit::Off
    })
}

fn approximately(printed: &Interval, computed: &Interval) -> Option<Fit> {
    if printed.meets(computed) {
        return Some(Fit::Same);
    }
    let width = |interval: &Interval| interval.high.minus(interval.low);
    let reach = width(printed)?.max(width(computed)?);
    let gap = printed.low.minus(computed.high)?.max(computed.low.minus(printed.high)?);
    Some(if gap <= reach { Fit::Near } else { Fit::Off })
}

/// The power of ten by which a printed figure misses a computed one, where nothing else is wrong.
#[must_use]
pub fn slip(printed: &Quantity, computed: &ComputedValue) -> Option<&'static str> {
    const SLIPS: [(i128, &str); 5] =
        [(10, "10"), (100, "100"), (1000, "1000"), (10_000, "1 万"), (100_000_000, "1 亿")];
    let fits = |factor: Rational| {
        let scaled = computed.times(&ComputedValue::exactly(factor))?;
        let scaled = ComputedValue { step: computed.step.times(factor)?, ..scaled };
        (fit(printed, &scaled)? == Fit::Same && !printed.value.is_zero()).then_some(())
    };
    SLIPS.iter().find_map(|&(factor, name)| {
        let factor = Rational::int(factor);
        fits(factor).or_else(|| fits(Rational::ONE.over(factor)?)).map(|()| name)
    })
}

/// Converts figures to comparable ones: where one is a percentage, bare numbers are percentages too.
/// `None` when they measure different things.
#[must_use]
pub fn comparable(quantities: &[Quantity]) -> Option<Vec<Quantity>> {
    let mut measures: Vec<Measure> = quantities
        .iter()
        .map(|quantity| quantity.measure)
        .filter(|measure| *measure != Measure::Unmarked)
        .collect();
    measures.dedup();
    if measures.iter().any(|measure| *measure != measures[0]) {
        return None;
    }
    if measures.first() == Some(&Measure::Percent) {
        return quantities.iter().map(Quantity::as_percent).collect();
    }
    Some(quantities.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::quantity::{Reading, read};

    fn quantity(text: &str) -> Quantity {
        match read(text, "") {
            Reading::Number(quantity) => *quantity,
            other => panic!("`{text}` is {other:?}"),
        }
    }

    fn sum_fits(total: &str, parts: &[&str]) -> Fit {
        let parts: Vec<Quantity> = parts.iter().map(|part| quantity(part)).collect();
        fit(&quantity(total), &ComputedValue::sum(&parts).unwrap()).unwrap()
    }

    #[test]
    fn sums_fit_within_the_precision_of_their_figures() {
        assert_eq!(sum_fits("9", &["4", "5"]), Fit::Same);
        assert_eq!(sum_fits("10", &["4", "5"]), Fit::Off);
        assert_eq!(sum_fits("70.3万", &["703245"]), Fit::Same);
        assert_eq!(sum_fits("703245", &["50.1万", "20.2万"]), Fit::Same);
        assert_eq!(sum_fits("100.09万", &["50.06万", "50.02万"]), Fit::WithinOperands);
        assert_eq!(sum_fits("100.2万", &["50.06万", "50.02万"]), Fit::Off);
        assert_eq!(sum_fits("约8800", &["8700", "83"]), Fit::Same);
        assert_eq!(sum_fits("约8800", &["8600", "80"]), Fit::Near);
        assert_eq!(sum_fits("约8800", &["4000"]), Fit::Off);
    }

    #[test]
    fn a_quotient_fits_rounded_or_truncated_or_not() {
        let quotient_fits = |printed: &str, part: i128, whole: i128| {
            let point = Rational::new(part, whole).unwrap();
            fit(&quantity(printed), &ComputedValue::exactly(point)).unwrap()
        };
        assert_eq!(quotient_fits("11.63%", 5, 43), Fit::Same);
        assert_eq!(quotient_fits("11.62%", 5, 43), Fit::Truncated);
        assert_eq!(quotient_fits("45.61%", 1308, 2869), Fit::Off);
        assert_eq!(quotient_fits("2.5%", 2446, 100_000), Fit::Off, "2.446 is 2.4, whatever 2.45 would be");
    }

    #[test]
    fn a_slip_of_the_unit_is_recognised() {
        let computed = ComputedValue::exactly(Rational::int(4702));
        assert_eq!(slip(&quantity("4702万"), &computed), Some("1 万"));
        assert_eq!(slip(&quantity("470.2"), &computed), Some("10"));
        assert_eq!(slip(&quantity("4701"), &computed), None);
    }
}
