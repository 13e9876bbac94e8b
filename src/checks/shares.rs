//! Shares of a whole sum to 100 within what rounding or truncation allows.

use crate::checks::computed::{Computed, comparable};
use crate::checks::exact::Rational;
use crate::checks::printed::{Measure, Quantity};
use crate::checks::relation::{Asked, Context, Judgement, Unexamined, Verdict};

pub fn shares_sum_to_100(asked: &Asked, _: &Context<'_>) -> Result<Judgement, Unexamined> {
    let shares = asked.numbers("shares")?;
    let fractions =
        shares.iter().all(|share| share.measure != Measure::Percent && share.value <= Rational::ONE);
    let shares: Option<Vec<Quantity>> = if fractions {
        Some(shares)
    } else {
        comparable(&shares).and_then(|shares| shares.iter().map(Quantity::as_percent).collect())
    };
    let shares = shares.ok_or_else(|| Unexamined::faulty("各占比的单位不可比"))?;
    let sum = Computed::sum(&shares).ok_or_else(Unexamined::too_large)?;
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
    let printed = asked.texts("shares")?.join("、");
    Ok(Judgement::new(verdict, message).printed(printed).recomputed(shown).interval(interval))
}

#[cfg(test)]
mod tests {
    use crate::checks::relation::testing::verdict;
    use crate::checks::relation::{Kind, Verdict};

    #[test]
    fn shares_miss_100_by_no_more_than_they_were_rounded_or_cut() {
        let of = |shares: &str| verdict(Kind::SharesSumTo100, &[("shares", shares)]);
        assert_eq!(of("11.55|84.69|2.66|1.10"), Verdict::Holds);
        assert_eq!(of("33.33%|33.33%|33.33%"), Verdict::Rounding);
        assert_eq!(of("33.3%|33.3%|33.3%"), Verdict::Rounding);
        assert_eq!(of("33.3%|33.3%|33.0%"), Verdict::Inconsistent);
        assert_eq!(of("0.25|0.75"), Verdict::Holds);
        assert_eq!(of("60%|50%"), Verdict::Inconsistent);
        let cut = format!("46.51|9.3|11.62{}", "|2.32".repeat(14));
        assert_eq!(of(&cut), Verdict::Rounding);
        assert_eq!(of("46.5|53.51"), Verdict::Rounding);
        assert_eq!(of("50.01|50.01"), Verdict::Inconsistent);
    }
}
