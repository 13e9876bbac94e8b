//! A part is at most its whole; where the whole is zero, so are its parts.

use crate::checks::computed::{ComputedValue, comparable};
use crate::checks::relation::{Context, Judgement, Obstacle, Operands, Verdict};

pub fn subset_le_superset(operands: &Operands, _: &Context<'_>) -> Result<Judgement, Obstacle> {
    let pair = [operands.number("subset")?.clone(), operands.number("superset")?.clone()];
    let pair = comparable(&pair).ok_or_else(|| Obstacle::faulty("部分与整体的单位不可比"))?;
    let [part, whole] = pair.as_slice() else { return Err(Obstacle::too_large()) };
    let (subset, superset) = (operands.text("subset")?, operands.text("superset")?);
    let interval = |quantity| ComputedValue::of(quantity).map(|computed| computed.rounded);
    let (Some(inner), Some(outer)) = (interval(part), interval(whole)) else {
        return Err(Obstacle::too_large());
    };
    let approximate = part.is_approximate() || whole.is_approximate();
    let (verdict, message) = if part.value <= whole.value || (approximate && inner.can_be_at_most(&outer)) {
        (Verdict::Holds, format!("{subset} 不超过 {superset}"))
    } else if inner.can_be_at_most(&outer) {
        (Verdict::Rounding, format!("{subset} 超过 {superset}，相差在舍入范围之内"))
    } else if whole.value.is_zero() {
        (Verdict::Inconsistent, format!("整体为 0，其中的一部分却为 {subset}"))
    } else {
        (Verdict::Inconsistent, format!("部分 {subset} 大于整体 {superset}"))
    };
    Ok(Judgement::new(verdict, message)
        .printed(subset)
        .recomputed(format!("≤ {}", part.shown(whole.value)))
        .interval(part.shown_interval(&outer)))
}

/// The parts may be of another kind than the whole: students without majors.
pub fn zero_implies_zero(operands: &Operands, _: &Context<'_>) -> Result<Judgement, Obstacle> {
    let whole = operands.number("whole")?;
    let parts = operands.numbers("parts")?;
    let printed = operands.texts("parts")?.join("、");
    let (verdict, message) = if !whole.value.is_zero() {
        (Verdict::Holds, "整体不为 0".to_owned())
    } else if parts.iter().all(|part| part.value.is_zero()) {
        (Verdict::Holds, "整体为 0，分项也为 0".to_owned())
    } else {
        (Verdict::Inconsistent, format!("整体为 0，分项却为 {printed}"))
    };
    Ok(Judgement::new(verdict, message).printed(printed))
}

#[cfg(test)]
mod tests {
    use crate::checks::relation::Verdict;
    use crate::checks::rules::testing::verdict;
    use crate::definitions::relation::kind::RelationKind;

    #[test]
    fn a_part_is_at_most_its_whole() {
        let verdict_on = |subset, superset| {
            verdict(RelationKind::SubsetLeSuperset, &[("subset", subset), ("superset", superset)])
        };
        assert_eq!(verdict_on("4", "4"), Verdict::Holds);
        assert_eq!(verdict_on("5", "4"), Verdict::Inconsistent);
        assert_eq!(verdict_on("1", "0"), Verdict::Inconsistent);
        assert_eq!(verdict_on("45.61 %", "45.6 %"), Verdict::Rounding);
        assert_eq!(verdict_on("18.51", "45.61 %"), Verdict::Holds);
        assert_eq!(verdict_on("5200 人", "0.5万 人"), Verdict::Rounding);
        assert_eq!(verdict_on("5 万元", "30000 元"), Verdict::Inconsistent);
        assert_eq!(verdict_on("5 人", "30000 元"), Verdict::NotExamined);
        assert_eq!(verdict_on("-", "4"), Verdict::NotExamined);
    }

    #[test]
    fn a_whole_of_zero_has_no_parts() {
        let verdict_on =
            |whole, parts| verdict(RelationKind::ZeroImpliesZero, &[("whole", whole), ("parts", parts)]);
        assert_eq!(verdict_on("0", "0|0"), Verdict::Holds);
        assert_eq!(verdict_on("0", "0|10"), Verdict::Inconsistent);
        assert_eq!(verdict_on("2", "10"), Verdict::Holds);
    }
}
