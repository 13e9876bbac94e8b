//! One figure printed in two places has one value.

use crate::checks::computed::{ComputedValue, Fit, comparable, fit, slip};
use crate::checks::exact::Rational;
use crate::checks::quantity::{Measure, Quantity};
use crate::checks::relation::{Context, Judgement, Obstacle, Operands, Verdict};

pub fn same_figure(operands: &Operands, _: &Context<'_>) -> Result<Judgement, Obstacle> {
    let (a, b) = (operands.number("a")?, operands.number("b")?);
    let pair = comparable(&[a.clone(), b.clone()]).ok_or_else(|| Obstacle::faulty("两处的单位不可比"))?;
    let [left, right] = pair.as_slice() else { return Err(Obstacle::too_large()) };
    let compared = ComputedValue::of(right).ok_or_else(Obstacle::too_large)?;
    let mut fits = fit(left, &compared).ok_or_else(Obstacle::too_large)?;
    if fits == Fit::Off && as_fraction(a, b) {
        fits = Fit::Same;
    }
    let (first, second) = (operands.text("a")?, operands.text("b")?);
    let (verdict, message) = match fits {
        Fit::Same => (Verdict::Holds, format!("两处相同：{first}，{second}")),
        Fit::Truncated | Fit::WithinOperands => {
            (Verdict::Rounding, format!("两处印 {first} 和 {second}，相差在舍入范围之内"))
        }
        Fit::Near => (Verdict::ToConfirm, format!("两处印 {first} 和 {second}，都是约数，请核对")),
        Fit::Off => {
            let hint =
                slip(left, &compared).map_or_else(String::new, |by| format!("；恰差 {by} 倍，疑为单位有误"));
            let gap = left.value.minus(right.value).map(|gap| left.shown(gap)).unwrap_or_default();
            (Verdict::Inconsistent, format!("两处印 {first} 和 {second}，相差 {gap}{hint}"))
        }
    };
    Ok(Judgement::new(verdict, message)
        .printed(first)
        .recomputed(second)
        .interval(left.shown_interval(&compared.rounded)))
}

/// Whether one is a fraction and the other a percentage: 0.88 and 88%.
fn as_fraction(a: &Quantity, b: &Quantity) -> bool {
    let (percent, bare) = match (a.measure, b.measure) {
        (Measure::Percent, Measure::Unmarked) => (a, b),
        (Measure::Unmarked, Measure::Percent) => (b, a),
        _ => return false,
    };
    let bare = bare.rescaled(Rational::ONE, Measure::Percent);
    let same = || fit(percent, &ComputedValue::of(&bare?)?);
    same() == Some(Fit::Same)
}

#[cfg(test)]
mod tests {
    use crate::checks::relation::Verdict;
    use crate::checks::rules::testing::{judged, verdict};
    use crate::definitions::relation::kind::RelationKind;

    #[test]
    fn places_are_compared_by_value_at_the_coarser_precision() {
        for (a, b, expected) in [
            ("2620.30 万元", "2620.3 万元", Verdict::Holds),
            ("2620.3 万元", "26203000 元", Verdict::Holds),
            ("4702 万元", "4702.4 万元", Verdict::Holds),
            ("88.0%", "88.01%", Verdict::Holds),
            ("88", "88.01 %", Verdict::Holds),
            ("0.88", "88%", Verdict::Holds),
            ("9.60:1", "9.6", Verdict::Holds),
            ("1:9.6", "9.60:1", Verdict::Holds),
            ("526.96万", "5269612 人", Verdict::Holds),
            ("526.96万", "5269700 人", Verdict::Inconsistent),
            ("11.62 %", "11.63 %", Verdict::Rounding),
            ("11.61 %", "11.63 %", Verdict::Inconsistent),
            ("354", "290", Verdict::Inconsistent),
            ("354", "353", Verdict::Inconsistent),
            ("-", "290", Verdict::NotExamined),
            ("100 亩", "66666.7 平方米", Verdict::Holds),
            ("12 万元", "12 人", Verdict::NotExamined),
        ] {
            let verdict_on = |a, b| verdict(RelationKind::SameFigure, &[("a", a), ("b", b)]);
            assert_eq!((verdict_on(a, b), verdict_on(b, a)), (expected, expected), "{a} {b}");
        }
    }

    #[test]
    fn a_slip_of_the_unit_is_named() {
        let found = judged(RelationKind::SameFigure, &[("a", "4702 万元"), ("b", "4702 元")]).unwrap();
        assert!(found.message.contains("恰差 1 万 倍"), "{}", found.message);
    }
}
