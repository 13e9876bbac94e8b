//! A mean lies between its parts, and matches their weighted mean.

use crate::checks::computed::{ComputedValue, Fit, comparable, fit};
use crate::checks::exact::Rational;
use crate::checks::quantity::Quantity;
use crate::checks::relation::{Context, Judgement, Obstacle, Operands, Verdict};
use crate::checks::rules::recomputed::compared;

pub fn mean_within_parts(operands: &Operands, _: &Context<'_>) -> Result<Judgement, Obstacle> {
    let mut all = vec![operands.number("mean")?.clone()];
    all.extend(operands.numbers("parts")?);
    let mut all = comparable(&all).ok_or_else(|| Obstacle::faulty("均值与分项的单位不可比"))?;
    let mean = all.remove(0);
    let text = operands.text("mean")?;
    // Without a printed weight, only the bounds are checked.
    let weights = operands.numbers("weights").unwrap_or_default();
    let between = within(text, &mean, &all)?;
    if weights.is_empty() || between.verdict == Verdict::Inconsistent {
        return Ok(between);
    }
    if weights.len() != all.len() {
        return Err(Obstacle::faulty("weights 与 parts 的个数不同"));
    }
    let Some(weighted) = weighted(&all, &weights) else { return Ok(between) };
    let fits = fit(&mean, &weighted).ok_or_else(Obstacle::too_large)?;
    let mut judged = compared(text, &mean, fits, &weighted);
    if fits == Fit::Off {
        judged.message = format!("按权数重算的均值为 {}，所印为 {text}", judged.recomputed);
    }
    Ok(judged)
}

fn within(text: &str, mean: &Quantity, parts: &[Quantity]) -> Result<Judgement, Obstacle> {
    let low = parts.iter().min_by_key(|part| part.value);
    let high = parts.iter().max_by_key(|part| part.value);
    let (Some(low), Some(high)) = (low, high) else { return Err(Obstacle::faulty("缺少 parts")) };
    let (Some(interval), Some(least), Some(most)) = (mean.rounded(), low.rounded(), high.rounded()) else {
        return Err(Obstacle::too_large());
    };
    let range = format!("[{}, {}]", mean.shown(low.value), mean.shown(high.value));
    let (verdict, message) = if mean.value >= low.value && mean.value <= high.value {
        (Verdict::Holds, format!("{text} 在分项范围 {range} 之内"))
    } else if least.can_be_at_most(&interval) && interval.can_be_at_most(&most) {
        (Verdict::Rounding, format!("{text} 略出分项范围 {range}，相差在舍入范围之内"))
    } else {
        let side = if mean.value < low.value { "低于全部分项" } else { "高于全部分项" };
        (Verdict::Inconsistent, format!("{text} {side}，分项范围 {range}"))
    };
    Ok(Judgement::new(verdict, message).printed(text).recomputed(range.clone()).interval(range))
}

/// Weights are counts, taken as printed. `None` where they add up to zero.
fn weighted(parts: &[Quantity], weights: &[Quantity]) -> Option<ComputedValue> {
    let nothing = ComputedValue::exactly(Rational::ZERO);
    let mut total = Rational::ZERO;
    let mut sum = nothing;
    for (part, weight) in parts.iter().zip(weights) {
        sum = sum.plus(&ComputedValue::of(part)?.times(&ComputedValue::exactly(weight.value))?)?;
        total = total.plus(weight.value)?;
    }
    sum.over(&ComputedValue::exactly(total))
}

#[cfg(test)]
mod tests {
    use crate::checks::relation::Verdict;
    use crate::checks::rules::testing::{judged, verdict};
    use crate::definitions::relation::kind::RelationKind;

    #[test]
    fn a_mean_lies_between_its_parts() {
        let verdict_on =
            |mean, parts| verdict(RelationKind::MeanWithinParts, &[("mean", mean), ("parts", parts)]);
        assert_eq!(verdict_on("95.67", "94.65|95.79"), Verdict::Holds);
        assert_eq!(verdict_on("95.83", "95.46|94.91"), Verdict::Inconsistent);
        assert_eq!(verdict_on("92.72", "93.90|93.14"), Verdict::Inconsistent);
        assert_eq!(verdict_on("95.5 %", "95.46|94.91"), Verdict::Rounding);
        assert_eq!(verdict_on("95.5", "95.46|-"), Verdict::NotExamined);
    }

    #[test]
    fn weights_decide_where_a_mean_lies() {
        let weighted = |mean, weights| {
            judged(
                RelationKind::MeanWithinParts,
                &[("mean", mean), ("parts", "95.46|94.91"), ("weights", weights)],
            )
            .unwrap()
        };
        assert_eq!(weighted("95.22", "3969|3033").verdict, Verdict::Holds);
        assert_eq!(weighted("95.00", "3969|3033").verdict, Verdict::Inconsistent);
        assert_eq!(weighted("95.00", "3969|3033").message, "按权数重算的均值为 95.2218，所印为 95.00");
        assert_eq!(weighted("95.00", "3969|-").verdict, Verdict::Holds, "only the bounds are known");
        assert_eq!(weighted("95.83", "3969|3033").message, "95.83 高于全部分项，分项范围 [94.91, 95.46]");
    }
}
