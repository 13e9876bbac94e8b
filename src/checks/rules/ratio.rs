//! Ratios and percentages, recomputed from their parts.

use crate::checks::computed::{ComputedValue, Fit, fit};
use crate::checks::exact::Rational;
use crate::checks::quantity::{Form, Measure, Quantity};
use crate::checks::relation::{Context, Judgement, Obstacle, Operands};
use crate::checks::rules::recomputed::compared;

pub fn ratio(operands: &Operands, _: &Context<'_>) -> Result<Judgement, Obstacle> {
    let (numerator, denominator) = (operands.number("numerator")?, operands.number("denominator")?);
    let printed = operands.number("printed")?;
    let quotient = divided(numerator, denominator)?;
    // 1:18.5 may name the larger part first or last.
    let turned = if printed.form == Form::OneTo { divided(denominator, numerator).ok() } else { None };
    let candidates = [turned, Some(quotient)].into_iter().flatten();
    let judged: Vec<(Fit, ComputedValue)> =
        candidates.filter_map(|computed| Some((fit(printed, &computed)?, computed))).collect();
    // Where neither fits, the one above 1 was meant.
    let best = judged.iter().find(|(fits, _)| *fits != Fit::Off);
    let best = best.or(judged.iter().max_by_key(|(_, computed)| computed.point));
    let (fits, computed) = best.ok_or_else(Obstacle::too_large)?;
    Ok(compared(operands.text("printed")?, printed, *fits, computed))
}

pub fn ratio_percent(operands: &Operands, _: &Context<'_>) -> Result<Judgement, Obstacle> {
    let computed = divided(operands.number("part")?, operands.number("whole")?)?;
    let printed = operands.number("printed_pct")?;
    let text = operands.text("printed_pct")?;
    let percent = match printed.measure {
        Measure::Percent => printed.clone(),
        _ => printed.rescaled(Rational::HUNDREDTH, Measure::Percent).ok_or_else(Obstacle::too_large)?,
    };
    let fits = fit(&percent, &computed).ok_or_else(Obstacle::too_large)?;
    // 0.375 without a sign may be a fraction.
    let fraction = printed.rescaled(Rational::ONE, Measure::Unmarked).ok_or_else(Obstacle::too_large)?;
    if fits == Fit::Off
        && printed.measure == Measure::Unmarked
        && printed.decimals > 1
        && fit(&fraction, &computed) == Some(Fit::Same)
    {
        return Ok(compared(text, &fraction, Fit::Same, &computed));
    }
    Ok(compared(text, &percent, fits, &computed))
}

fn divided(numerator: &Quantity, denominator: &Quantity) -> Result<ComputedValue, Obstacle> {
    let (Some(above), Some(below)) = (ComputedValue::of(numerator), ComputedValue::of(denominator)) else {
        return Err(Obstacle::too_large());
    };
    if below.point.is_zero() {
        return Err(Obstacle::absent("分母为 0"));
    }
    above.over(&below).ok_or_else(|| Obstacle::absent("分母可能为 0"))
}

#[cfg(test)]
mod tests {
    use crate::checks::relation::Verdict;
    use crate::checks::rules::testing::{judged, verdict};
    use crate::definitions::relation::kind::RelationKind;

    fn percent(part: &str, whole: &str, printed: &str) -> Verdict {
        verdict(RelationKind::RatioPercent, &[("part", part), ("whole", whole), ("printed_pct", printed)])
    }

    #[test]
    fn percentages_are_recomputed() {
        for (part, whole, printed, expected) in [
            ("20", "43", "46.51", Verdict::Holds),
            ("4", "43", "9.3 %", Verdict::Holds),
            ("5", "43", "11.62%", Verdict::Rounding),
            ("1308", "2869", "45.61", Verdict::Inconsistent),
            ("252", "269", "98%", Verdict::Inconsistent),
            ("252", "269", "94%", Verdict::Holds),
            ("252", "269", "93.68 %", Verdict::Holds),
            ("252", "269", "0.9368", Verdict::Holds),
            ("526.96万", "1405.63万", "37.49%", Verdict::Holds),
            ("5.27万", "14.06万", "37.50%", Verdict::Rounding),
            ("5.27万", "14.06万", "38.50%", Verdict::Inconsistent),
            ("1", "0", "1%", Verdict::NotExamined),
            ("3", "2", "150%", Verdict::Holds),
            ("约300", "1000", "30.4%", Verdict::Holds),
        ] {
            assert_eq!(percent(part, whole, printed), expected, "{part}/{whole} {printed}");
        }
        let found =
            judged(RelationKind::RatioPercent, &[("part", "252"), ("whole", "269"), ("printed_pct", "98%")])
                .unwrap();
        assert_eq!(found.recomputed, "93.68%");
    }

    #[test]
    fn ratios_are_read_from_both_ends() {
        let verdict_on = |numerator, denominator, printed| {
            verdict(
                RelationKind::Ratio,
                &[("numerator", numerator), ("denominator", denominator), ("printed", printed)],
            )
        };
        assert_eq!(verdict_on("27534", "2869", "9.60:1"), Verdict::Holds);
        assert_eq!(verdict_on("27534", "2869", "9.6"), Verdict::Holds);
        assert_eq!(verdict_on("27540", "2844", "9.47 :"), Verdict::Inconsistent);
        assert_eq!(verdict_on("2869", "27534", "1:9.60"), Verdict::Holds);
        assert_eq!(verdict_on("27534", "2869", "1:9.60"), Verdict::Holds);
        assert_eq!(verdict_on("73 万元", "15674 课时", "46.57 元/课时"), Verdict::Holds);
        assert_eq!(
            verdict_on("73 万元", "15674 课时", "46.9 元/课时"),
            Verdict::Rounding,
            "73万元 is 72.5 to 73.5"
        );
    }
}
