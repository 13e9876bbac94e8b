//! Statutory thresholds, and rates per head that show a wrong unit.

use crate::checks::computed::ComputedValue;
use crate::checks::exact::Rational;
use crate::checks::quantity::{Measure, Quantity};
use crate::checks::relation::{Context, Judgement, Obstacle, Operands, Verdict};

/// A value compared with a standard.
pub fn threshold(operands: &Operands, _: &Context<'_>) -> Result<Judgement, Obstacle> {
    let value = operands.number("value")?;
    let computed = ComputedValue::of(value).ok_or_else(Obstacle::too_large)?;
    bounded(operands, operands.text("value")?, value, &computed, Verdict::Inconsistent)
}

/// Yuan per student and the like. The range is experience, so a value outside is a question.
pub fn unit_rate_in_range(operands: &Operands, _: &Context<'_>) -> Result<Judgement, Obstacle> {
    let (numerator, denominator) = (operands.number("numerator")?, operands.number("denominator")?);
    let rate = ComputedValue::of(numerator)
        .zip(ComputedValue::of(denominator))
        .and_then(|(above, below)| above.over(&below))
        .ok_or_else(|| Obstacle::absent("分母为 0"))?;
    let shown = rate.point.shown(2);
    let like = Quantity { scale: Rational::ONE, ..numerator.clone() };
    bounded(operands, &shown, &like, &rate, Verdict::ToConfirm)
}

fn bounded(
    operands: &Operands,
    text: &str,
    like: &Quantity,
    value: &ComputedValue,
    outside: Verdict,
) -> Result<Judgement, Obstacle> {
    let (least, most) = (operands.number_if_any("at_least")?, operands.number_if_any("at_most")?);
    if least.is_none() && most.is_none() {
        return Err(Obstacle::faulty("缺少 at_least 或 at_most"));
    }
    // A limit without a unit is in the figure's own: 20 for 17.73%.
    let limit = |limit: &Quantity| match (limit.measure, like.measure) {
        (Measure::Unmarked, Measure::Percent) => limit.value.times(like.scale),
        _ => Some(limit.value),
    };
    let mut broken = Vec::new();
    let mut excused = true;
    for (bound, is_least) in [(least, true), (most, false)] {
        let Some(bound) = bound else { continue };
        let at = limit(bound).ok_or_else(Obstacle::too_large)?;
        let beyond = if is_least { value.point < at } else { value.point > at };
        if beyond {
            let (word, reached) = if is_least {
                ("低于", value.rounded.high > at)
            } else {
                ("高于", value.rounded.low <= at)
            };
            excused &= reached;
            broken.push(format!("{word} {}", like.shown(at)));
        }
    }
    let bounds =
        ["at_least", "at_most"].iter().filter_map(|field| operands.text(field).ok()).collect::<Vec<_>>();
    let (verdict, message) = if broken.is_empty() {
        (Verdict::Holds, format!("{text} 符合界限 {}", bounds.join("、")))
    } else if excused {
        (Verdict::Rounding, format!("{text} {}，相差在舍入范围之内", broken.join("，")))
    } else {
        (outside, format!("{text} {}", broken.join("，")))
    };
    Ok(Judgement::new(verdict, message)
        .printed(text)
        .recomputed(like.shown(value.point))
        .interval(bounds.join("、")))
}

#[cfg(test)]
mod tests {
    use crate::checks::relation::Verdict;
    use crate::checks::rules::testing::verdict;
    use crate::definitions::relation::kind::RelationKind;

    #[test]
    fn a_standard_is_met_or_not() {
        let verdict_on =
            |value, field, limit| verdict(RelationKind::Threshold, &[("value", value), (field, limit)]);
        assert_eq!(verdict_on("17.73 %", "at_least", "20 %"), Verdict::Inconsistent);
        assert_eq!(verdict_on("17.73 %", "at_least", "20"), Verdict::Inconsistent);
        assert_eq!(verdict_on("45.61 %", "at_least", "30%"), Verdict::Holds);
        assert_eq!(verdict_on("9.60:1", "at_most", "20"), Verdict::Holds);
        assert_eq!(verdict_on("20.1:1", "at_most", "20:1"), Verdict::Inconsistent);
        assert_eq!(verdict_on("16", "at_most", "19"), Verdict::Holds);
        assert_eq!(verdict_on("0.12万 人", "at_least", "1201"), Verdict::Rounding);
        assert_eq!(verdict(RelationKind::Threshold, &[("value", "16")]), Verdict::NotExamined);
    }

    #[test]
    fn a_rate_out_of_its_range_is_a_question() {
        let verdict_on = |numerator| {
            verdict(
                RelationKind::UnitRateInRange,
                &[
                    ("numerator", numerator),
                    ("denominator", "27534 人"),
                    ("at_least", "500"),
                    ("at_most", "4000"),
                ],
            )
        };
        assert_eq!(verdict_on("6886.59 万元"), Verdict::Holds);
        assert_eq!(verdict_on("6886.59 元"), Verdict::ToConfirm);
    }
}
