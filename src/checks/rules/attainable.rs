//! Whether whole numbers can give a percentage at all, and which denominator it implies.

use crate::checks::exact::{Interval, Rational};
use crate::checks::quantity::{Grain, Measure, Quantity};
use crate::checks::relation::{Context, Judgement, Obstacle, Operands, Verdict};

/// An index of satisfaction is a mean of scores, not a share of people.
const INDEX: &str = "满意";

/// At worst a question: the denominator that was meant is not printed.
pub fn attainable_percent(operands: &Operands, _: &Context<'_>) -> Result<Judgement, Obstacle> {
    let figure = operands.figure("printed_pct")?;
    if figure.name.contains(INDEX) {
        return Err(Obstacle::absent("满意度是得分的均值，不适用"));
    }
    let printed = percent(operands.number("printed_pct")?)?;
    let whole = operands.number("whole")?;
    if whole.grain != Grain::Exact || whole.value <= Rational::ZERO {
        return Err(Obstacle::absent("分母不是确定的整数"));
    }
    let (Some(rounded), Some(cut)) = (printed.rounded(), printed.truncated()) else {
        return Err(Obstacle::too_large());
    };
    let found = |interval: &Interval| whole_in(&interval.scaled(whole.value)?);
    let text = &figure.text;
    let denominator = operands.text("whole")?;
    let (verdict, message) = if let Some(part) = found(&rounded) {
        (Verdict::Holds, format!("{part}/{denominator} 可得 {text}"))
    } else if let Some(part) = found(&cut) {
        (Verdict::Rounding, format!("{part}/{denominator} 截断后可得 {text}"))
    } else {
        (Verdict::ToConfirm, format!("以 {denominator} 为分母，没有整数可得 {text}，请核对分母"))
    };
    let parts = rounded.scaled(whole.value).map(|interval| interval.to_string()).unwrap_or_default();
    Ok(Judgement::new(verdict, message).printed(text).interval(parts))
}

/// Several shares of one whole that is not printed: whether a whole number gives them all.
pub fn implied_denominator(operands: &Operands, _: &Context<'_>) -> Result<Judgement, Obstacle> {
    let (parts, shares) = (operands.numbers("parts")?, operands.numbers("printed_pcts")?);
    if parts.len() != shares.len() {
        return Err(Obstacle::faulty("parts 与 printed_pcts 的个数不同"));
    }
    let mut low = Rational::ZERO;
    let mut high: Option<Rational> = None;
    for (part, share) in parts.iter().zip(&shares) {
        let share = percent(share)?.rounded().ok_or_else(Obstacle::too_large)?;
        let part = Interval::point(part.value);
        let whole = part.over(&share).ok_or_else(|| Obstacle::absent("百分比可能为 0"))?;
        low = low.max(whole.low);
        high = Some(high.map_or(whole.high, |high| high.min(whole.high)));
    }
    let range = Interval::closed(low, high.unwrap_or(low));
    let printed = operands.texts("printed_pcts")?.join("、");
    let (verdict, message) = match whole_in(&range) {
        Some(whole) => (Verdict::Holds, format!("各百分比可有同一分母，如 {whole}")),
        None => (Verdict::ToConfirm, "没有一个整数分母能同时得到这些百分比，请核对口径".to_owned()),
    };
    Ok(Judgement::new(verdict, message).printed(printed).interval(range.to_string()))
}

fn percent(quantity: &Quantity) -> Result<Quantity, Obstacle> {
    match quantity.measure {
        Measure::Percent => Ok(quantity.clone()),
        _ => quantity.rescaled(Rational::HUNDREDTH, Measure::Percent).ok_or_else(Obstacle::too_large),
    }
}

/// The smallest whole number in the interval.
fn whole_in(interval: &Interval) -> Option<i128> {
    let first = interval.low.floor();
    (first..=first + 1).find(|&whole| interval.contains(Rational::int(whole)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::checks::relation::{Context, Operand, Verdict};
    use crate::checks::rules::judge;
    use crate::checks::rules::testing::{read_operands, verdict};
    use crate::definitions::relation::kind::RelationKind;

    fn attained(printed: &str, whole: &str) -> Verdict {
        verdict(RelationKind::AttainablePercent, &[("printed_pct", printed), ("whole", whole)])
    }

    #[test]
    fn a_percentage_needs_a_whole_numerator() {
        assert_eq!(attained("18.51", "2869"), Verdict::Holds);
        assert_eq!(attained("18.51", "1308"), Verdict::ToConfirm);
        assert_eq!(attained("15.68%", "354"), Verdict::ToConfirm);
        assert_eq!(attained("11.62%", "43"), Verdict::Rounding);
        assert_eq!(attained("11.62%", "4.3万"), Verdict::NotExamined);
    }

    #[test]
    fn an_index_of_satisfaction_is_never_checked() {
        let mut operands = read_operands(&[("printed_pct", "95.04"), ("whole", "1332")]);
        if let Some(Operand::Figure(figure)) = operands.by_field.get_mut("printed_pct").unwrap().get_mut(0) {
            figure.name = "用人单位满意度".to_owned();
        }
        let (limits, codes) = Default::default();
        let context = Context { limits: &limits, codes: &codes, year: 2024 };
        assert!(judge(RelationKind::AttainablePercent, &operands, &context).is_err());
    }

    #[test]
    fn shares_of_one_whole_agree_on_it() {
        let verdict_on = |parts, shares| {
            verdict(RelationKind::ImpliedDenominator, &[("parts", parts), ("printed_pcts", shares)])
        };
        assert_eq!(verdict_on("21|25", "43%|51%"), Verdict::Holds);
        assert_eq!(verdict_on("21|25", "43%|61%"), Verdict::ToConfirm);
        assert_eq!(verdict_on("21", "43%|61%"), Verdict::NotExamined);
    }

    proptest! {
        /// By brute force: every numerator, divided and rounded in thousandths.
        #[test]
        fn a_percentage_is_attainable_if_some_numerator_gives_it(hundredths in 1_i64..10_000, whole in 2_i64..400) {
            let half_up = |k: i64| (2 * k * 10_000 + whole) / (2 * whole);
            let rounded = (0..=whole).any(|k| half_up(k) == hundredths);
            let cut = (0..=whole).any(|k| k * 10_000 / whole == hundredths);
            let expected = if rounded { Verdict::Holds } else if cut { Verdict::Rounding } else { Verdict::ToConfirm };
            let printed = format!("{}.{:02}%", hundredths / 100, hundredths % 100);
            prop_assert_eq!(attained(&printed, &whole.to_string()), expected);
        }
    }
}
