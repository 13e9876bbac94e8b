//! Parts add up to the whole; disjoint parts stay within it.

use crate::checks::computed::{ComputedValue, Fit, comparable, fit, slip};
use crate::checks::quantity::{Quantity, Reading};
use crate::checks::relation::{Context, Judgement, Obstacle, Operands, Verdict, number};

/// The total, its readable parts, and whether a part is a dash or a blank.
fn total_and_parts(operands: &Operands) -> Result<(Quantity, Vec<Quantity>, bool), Obstacle> {
    let total = operands.number("total")?.clone();
    let figures = operands.all("parts")?;
    let silent = |printed: &Reading| matches!(printed, Reading::Dash | Reading::Blank);
    let mut quantities = vec![total];
    for figure in figures.iter().filter(|figure| !silent(&figure.printed)) {
        quantities.push(number(figure)?.clone());
    }
    let missing = figures.len() + 1 > quantities.len();
    let mut quantities = comparable(&quantities).ok_or_else(|| Obstacle::faulty("总数与分项的单位不可比"))?;
    let total = quantities.remove(0);
    Ok((total, quantities, missing))
}

pub fn sum_of_parts(operands: &Operands, _: &Context<'_>) -> Result<Judgement, Obstacle> {
    let (total, parts, missing) = total_and_parts(operands)?;
    let sum = ComputedValue::sum(&parts).ok_or_else(Obstacle::too_large)?;
    let fits = fit(&total, &sum).ok_or_else(Obstacle::too_large)?;
    let printed = operands.text("total")?;
    let shown = total.shown(sum.point);
    let exceeds = !sum.rounded.can_be_at_most(&total.rounded().ok_or_else(Obstacle::too_large)?);
    if missing && fits != Fit::Same && !exceeds {
        return Err(Obstacle::absent("有分项为空或印为“-”，其余分项之和小于总数"));
    }
    let difference =
        sum.point.minus(total.value).map(|difference| total.shown(difference)).unwrap_or_default();
    let (verdict, message) = match fits {
        Fit::Same if missing => (Verdict::Holds, format!("分项之和 {shown} 等于总数（空项与“-”按没有计）")),
        Fit::Same => (Verdict::Holds, format!("分项之和 {shown} 与总数相符")),
        Fit::Truncated | Fit::WithinOperands => {
            (Verdict::Rounding, format!("分项之和 {shown}，总数印 {printed}，相差在舍入范围之内"))
        }
        Fit::Near => (Verdict::ToConfirm, format!("分项之和 {shown}，总数印 {printed}，都是约数，请核对")),
        Fit::Off => {
            let hint =
                slip(&total, &sum).map_or_else(String::new, |by| format!("；恰差 {by} 倍，疑为单位有误"));
            (Verdict::Inconsistent, format!("分项之和 {shown}，总数印 {printed}，相差 {difference}{hint}"))
        }
    };
    let interval = total.shown_interval(&sum.rounded);
    Ok(Judgement::new(verdict, message).printed(printed).recomputed(shown).interval(interval))
}

pub fn sum_of_parts_le(operands: &Operands, _: &Context<'_>) -> Result<Judgement, Obstacle> {
    let (total, parts, _) = total_and_parts(operands)?;
    let sum = ComputedValue::sum(&parts).ok_or_else(Obstacle::too_large)?;
    let printed = operands.text("total")?;
    let shown = total.shown(sum.point);
    let whole = total.rounded().ok_or_else(Obstacle::too_large)?;
    let (verdict, message) = if sum.point <= total.value {
        (Verdict::Holds, format!("互不重叠的分项之和 {shown} 不超过 {printed}"))
    } else if sum.rounded.can_be_at_most(&whole) {
        (Verdict::Rounding, format!("互不重叠的分项之和 {shown} 超过 {printed}，相差在舍入范围之内"))
    } else {
        (Verdict::Inconsistent, format!("互不重叠的分项之和 {shown} 超过总数 {printed}"))
    };
    let interval = total.shown_interval(&sum.rounded);
    Ok(Judgement::new(verdict, message).printed(printed).recomputed(shown).interval(interval))
}

#[cfg(test)]
mod tests {
    use crate::checks::relation::Verdict;
    use crate::checks::rules::testing::{judged, verdict};
    use crate::definitions::relation::kind::RelationKind;

    fn verdict_on(total: &str, parts: &str) -> Verdict {
        verdict(RelationKind::SumOfParts, &[("total", total), ("parts", parts)])
    }

    #[test]
    fn counts_add_up_or_do_not() {
        assert_eq!(verdict_on("4777", "3059|1057|114|547"), Verdict::Holds);
        assert_eq!(verdict_on("4305", "3246|251|114|394"), Verdict::Inconsistent);
        assert_eq!(verdict_on("4305", "3246|251|413|394"), Verdict::Inconsistent, "a count has no rounding");
        let found =
            judged(RelationKind::SumOfParts, &[("total", "4305"), ("parts", "3246|251|114|394")]).unwrap();
        assert_eq!(
            (found.recomputed.as_str(), found.message.as_str()),
            ("4005", "分项之和 4005，总数印 4305，相差 -300")
        );
    }

    #[test]
    fn rounded_parts_may_miss_by_their_rounding() {
        assert_eq!(verdict_on("10.0 万人", "3.3 万人|3.3 万人|3.3 万人"), Verdict::Rounding);
        assert_eq!(verdict_on("10.0 万人", "3.3 万人|3.3 万人|3.0 万人"), Verdict::Inconsistent);
        assert_eq!(verdict_on("999912 人", "70.0 万人|30.0 万人"), Verdict::Holds);
        assert_eq!(verdict_on("5 元", "5 人"), Verdict::NotExamined);
        assert!(
            judged(RelationKind::SumOfParts, &[("total", "7万"), ("parts", "4|3")])
                .unwrap()
                .message
                .contains("1 万 倍")
        );
    }

    #[test]
    fn a_dash_among_the_parts_is_zero_only_where_the_rest_makes_the_whole() {
        assert_eq!(verdict_on("9", "4|5|-"), Verdict::Holds);
        assert_eq!(verdict_on("9", "4|3|-"), Verdict::NotExamined);
        assert_eq!(verdict_on("9", "4|7|-"), Verdict::Inconsistent);
        assert_eq!(verdict_on("-", "4|7"), Verdict::NotExamined);
    }

    #[test]
    fn disjoint_parts_stay_within() {
        let verdict_on =
            |parts| verdict(RelationKind::SumOfPartsLe, &[("total", "9.0 万元"), ("parts", parts)]);
        assert_eq!(verdict_on("4 万元|5 万元"), Verdict::Holds);
        assert_eq!(verdict_on("4 万元|5.04 万元"), Verdict::Rounding);
        assert_eq!(verdict_on("4.0 万元|5.2 万元"), Verdict::Inconsistent);
    }
}
