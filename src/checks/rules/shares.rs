//! Shares of a whole add up to 100, within rounding or truncation.

use crate::checks::computed::{ComputedValue, comparable};
use crate::checks::exact::Rational;
use crate::checks::quantity::{Measure, Quantity};
use crate::checks::relation::{Context, Judgement, Obstacle, Operands, Verdict};

pub fn shares_sum_to_100(operands: &Operands, _: &Context<'_>) -> Result<Judgement, Obstacle> {
    let shares = operands.numbers("shares")?;
    let fractions =
        shares.iter().all(|share| share.measure != Measure::Percent && share.value <= Rational::ONE);
    let shares: Option<Vec<Quantity>> = if fractions {
        Some(shares)
    } else {
        comparable(&shares).and_then(|shares| shares.iter().map(Quantity::as_percent).collect())
    };
    let shares = shares.ok_or_else(|| Obstacle::faulty("各占比的单位不可比"))?;
    let sum = ComputedValue::sum(&shares).ok_or_else(Obstacle::too_large)?;
    let whole = Rational::ONE;
    let shown = shares.first().map(|share| share.shown(sum.point)).unwrap_or_default();
    let interval = shares.first().map(|share| share.shown_interval(&sum.rounded)).unwrap_or_default();
    let (verdict, message) = if sum.point == whole {
        (Verdict::Holds, format!("各占比之和为 {shown}"))
    } else if sum.rounded.contains(whole) {
        (Verdict::Rounding, format!("各占比之和为 {shown}，在四舍五入允许的范围之内"))
    } else if sum.truncated.contains(whole) {
        (Verdict::Rounding, format!("各占比之和为 {shown}，在截断允许的范围之内"))
    } else if sum.approximate {
        (Verdict::ToConfirm, format!("各占比之和为 {shown}，其中有约数，请核对"))
    } else {
        (Verdict::Inconsistent, format!("各占比之和为 {shown}，不是 100%"))
    };
    let printed = operands.texts("shares")?.join("、");
    Ok(Judgement::new(verdict, message).printed(printed).recomputed(shown).interval(interval))
}

#[cfg(test)]
mod tests {
    use crate::checks::relation::Verdict;
    use crate::checks::rules::testing::verdict;
    use crate::definitions::relation::kind::RelationKind;

    #[test]
    fn shares_miss_100_by_no_more_than_rounding_or_truncation() {
        let verdict_on = |shares: &str| verdict(RelationKind::SharesSumTo100, &[("shares", shares)]);
        assert_eq!(verdict_on("11.55|84.69|2.66|1.10"), Verdict::Holds);
        assert_eq!(verdict_on("33.33%|33.33%|33.33%"), Verdict::Rounding);
        assert_eq!(verdict_on("33.3%|33.3%|33.3%"), Verdict::Rounding);
        assert_eq!(verdict_on("33.3%|33.3%|33.0%"), Verdict::Inconsistent);
        assert_eq!(verdict_on("0.25|0.75"), Verdict::Holds);
        assert_eq!(verdict_on("60%|50%"), Verdict::Inconsistent);
        let cut = format!("46.51|9.3|11.62{}", "|2.32".repeat(14));
        assert_eq!(verdict_on(&cut), Verdict::Rounding);
        assert_eq!(verdict_on("46.5|53.51"), Verdict::Rounding);
        assert_eq!(verdict_on("50.01|50.01"), Verdict::Inconsistent);
    }
}
