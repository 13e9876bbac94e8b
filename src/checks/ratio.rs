//! Ratios and percentages, computed again from their parts.

use crate::checks::computed::{Computed, Fit, fit, slip};
use crate::checks::exact::Rational;
use crate::checks::printed::{Form, Measure, Quantity};
use crate::checks::relation::{Asked, Context, Judgement, Unexamined, Verdict};

pub fn ratio(asked: &Asked, _: &Context<'_>) -> Result<Judgement, Unexamined> {
    let (numerator, denominator) = (asked.number("numerator")?, asked.number("denominator")?);
    let printed = asked.number("printed")?;
    let quotient = divided(numerator, denominator)?;
    // 1:18.5 names the larger first or last, as its writer likes.
    let turned = if printed.form == Form::OneTo { divided(denominator, numerator).ok() } else { None };
    let candidates = [turned, Some(quotient)].into_iter().flatten();
    let judged: Vec<(Fit, Computed)> =
        candidates.filter_map(|computed| Some((fit(printed, &computed)?, computed))).collect();
    // Where neither fits, the one that is above 1 is the one that was meant.
    let best = judged.iter().find(|(fits, _)| *fits != Fit::Off);
    let best = best.or(judged.iter().max_by_key(|(_, computed)| computed.point));
    let (fits, computed) = best.ok_or_else(Unexamined::too_large)?;
    Ok(compared(asked.text("printed")?, printed, *fits, computed))
}

pub fn ratio_percent(asked: &Asked, _: &Context<'_>) -> Result<Judgement, Unexamined> {
    let computed = divided(asked.number("part")?, asked.number("whole")?)?;
    let printed = asked.number("printed_pct")?;
    let text = asked.text("printed_pct")?;
    let percent = match printed.measure {
        Measure::Percent => printed.clone(),
        _ => printed.rescaled(hundredth()?, Measure::Percent).ok_or_else(Unexamined::too_large)?,
    };
    let fits = fit(&percent, &computed).ok_or_else(Unexamined::too_large)?;
    // 0.375 without a sign may be a fraction.
    let fraction = printed.rescaled(Rational::ONE, Measure::Unmarked).ok_or_else(Unexamined::too_large)?;
    if fits == Fit::Off
        && printed.measure == Measure::Unmarked
        && printed.decimals > 1
        && fit(&fraction, &computed) == Some(Fit::Same)
    {
        return Ok(compared(text, &fraction, Fit::Same, &computed));
    }
    Ok(compared(text, &percent, fits, &computed))
}

pub fn hundredth() -> Result<Rational, Unexamined> {
    Rational::new(1, 100).ok_or_else(Unexamined::too_large)
}

fn divided(numerator: &Quantity, denominator: &Quantity) -> Result<Computed, Unexamined> {
    let (Some(above), Some(below)) = (Computed::of(numerator), Computed::of(denominator)) else {
        return Err(Unexamined::too_large());
    };
    if below.point.is_zero() {
        return Err(Unexamined::absent("分母为 0"));
    }
    above.over(&below).ok_or_else(|| Unexamined::absent("分母可能为 0"))
}

/// The answer for a printed figure beside a computed one.
#[must_use]
pub fn compared(text: &str, printed: &Quantity, fits: Fit, computed: &Computed) -> Judgement {
    let shown = printed.shown(computed.point);
    let (verdict, message) = match fits {
        Fit::Same => (Verdict::Holds, format!("重算得 {shown}，与所印 {text} 相符")),
        Fit::Truncated => (Verdict::Rounding, format!("重算得 {shown}，所印 {text} 是截断而非四舍五入")),
        Fit::WithinOperands => {
            (Verdict::Rounding, format!("重算得 {shown}，与所印 {text} 之差在各数舍入范围之内"))
        }
        Fit::Near => (Verdict::ToConfirm, format!("重算得 {shown}，所印 {text} 是约数，请核对")),
        Fit::Off => {
            let hint = slip(printed, computed)
                .map_or_else(String::new, |by| format!("；恰差 {by} 倍，疑为单位有误"));
            (Verdict::Inconsistent, format!("重算得 {shown}，所印为 {text}{hint}"))
        }
    };
    Judgement::new(verdict, message)
        .printed(text)
        .recomputed(shown)
        .interval(printed.shown_interval(&computed.rounded))
}

#[cfg(test)]
mod tests {
    use crate::checks::relation::testing::{judged, verdict};
    use crate::checks::relation::{Kind, Verdict};

    fn percent(part: &str, whole: &str, printed: &str) -> Verdict {
        verdict(Kind::RatioPercent, &[("part", part), ("whole", whole), ("printed_pct", printed)])
    }

    #[test]
    fn percentages_are_computed_again() {
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
            judged(Kind::RatioPercent, &[("part", "252"), ("whole", "269"), ("printed_pct", "98%")]).unwrap();
        assert_eq!(found.recomputed, "93.68%");
    }

    #[test]
    fn ratios_are_read_from_both_ends() {
        let of = |numerator, denominator, printed| {
            verdict(
                Kind::Ratio,
                &[("numerator", numerator), ("denominator", denominator), ("printed", printed)],
            )
        };
        assert_eq!(of("27534", "2869", "9.60:1"), Verdict::Holds);
        assert_eq!(of("27534", "2869", "9.6"), Verdict::Holds);
        assert_eq!(of("27540", "2844", "9.47 :"), Verdict::Inconsistent);
        assert_eq!(of("2869", "27534", "1:9.60"), Verdict::Holds);
        assert_eq!(of("27534", "2869", "1:9.60"), Verdict::Holds);
        assert_eq!(of("73 万元", "15674 课时", "46.57 元/课时"), Verdict::Holds);
        assert_eq!(of("73 万元", "15674 课时", "46.9 元/课时"), Verdict::Rounding, "73万元 is 72.5 to 73.5");
    }
}
