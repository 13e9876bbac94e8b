//! The printing of figures: blanks and dashes, decimals, columns.

use crate::checks::quantity::Reading;
use crate::checks::relation::{Context, Judgement, Obstacle, Operands, Verdict};

/// A total left empty above parts that are printed.
pub fn missing_total(operands: &Operands, _: &Context<'_>) -> Result<Judgement, Obstacle> {
    let total = operands.figure("total")?;
    let parts = operands.all("parts")?;
    if !parts.iter().all(|part| matches!(part.printed, Reading::Number(_))) {
        return Err(Obstacle::absent("分项不全是数"));
    }
    Ok(match total.printed {
        Reading::Blank => Judgement::new(Verdict::ToConfirm, format!("“{}”为空，而各分项都有数", total.name)),
        _ => Judgement::new(Verdict::Holds, "总数与分项都已填写").printed(&total.text),
    })
}

/// Two prints of one figure are both numbers or both dashes: 0 and - contradict each other.
pub fn same_state(operands: &Operands, _: &Context<'_>) -> Result<Judgement, Obstacle> {
    let (a, b) = (operands.figure("a")?, operands.figure("b")?);
    let zero = |printed: &Reading| matches!(printed, Reading::Number(quantity) if quantity.value.is_zero());
    let mixed =
        (a.printed == Reading::Dash && zero(&b.printed)) || (zero(&a.printed) && b.printed == Reading::Dash);
    let both = format!("{}、{}", a.text, b.text);
    Ok(if mixed {
        Judgement::new(Verdict::ToConfirm, format!("同一情形一处印“{}”、一处印“{}”", a.text, b.text))
    } else {
        Judgement::new(Verdict::Holds, "两处的写法一致")
    }
    .printed(both))
}

/// Different decimals in two figures printed next to each other. Values are not compared.
pub fn format_mix(operands: &Operands, _: &Context<'_>) -> Result<Judgement, Obstacle> {
    let (a, b) = (operands.number("a")?, operands.number("b")?);
    let (first, second) = (operands.text("a")?, operands.text("b")?);
    Ok(if a.decimals == b.decimals {
        Judgement::new(Verdict::Holds, "小数位数一致")
    } else {
        let message = format!("{first} 与 {second} 的小数位数不一致，各按所印的精度比较");
        Judgement::new(Verdict::Rounding, message)
    }
    .printed(format!("{first}、{second}")))
}

/// Reports a row that its reader found shifted and put right; an empty row represents all rows that were
/// not shifted.
pub fn column_shift(operands: &Operands, _: &Context<'_>) -> Result<Judgement, Obstacle> {
    let row = operands.text("row")?;
    if row.is_empty() {
        return Ok(Judgement::new(Verdict::Holds, "其余各行没有错列"));
    }
    Ok(Judgement::new(Verdict::Inconsistent, format!("该行各单元格错开一列：{row}")).printed(row))
}

/// One key with two figures.
pub fn duplicate_key(operands: &Operands, _: &Context<'_>) -> Result<Judgement, Obstacle> {
    let (a, b) = (operands.text("a")?, operands.text("b")?);
    Ok(Judgement::new(Verdict::ToConfirm, format!("同一键名出现两次：{a}、{b}")).printed(format!("{a}、{b}")))
}

#[cfg(test)]
mod tests {
    use crate::checks::relation::Verdict;
    use crate::checks::rules::testing::verdict;
    use crate::definitions::relation::kind::RelationKind;

    #[test]
    fn an_empty_total_above_printed_parts_raises_a_question() {
        let verdict_on =
            |total, parts| verdict(RelationKind::MissingTotal, &[("total", total), ("parts", parts)]);
        assert_eq!(verdict_on("", "0|0|0"), Verdict::ToConfirm);
        assert_eq!(verdict_on("5", "1|4"), Verdict::Holds);
        assert_eq!(verdict_on("", "1|-"), Verdict::NotExamined);
    }

    #[test]
    fn a_dash_and_a_zero_for_one_figure_raise_a_question() {
        let verdict_on = |a, b| verdict(RelationKind::SameState, &[("a", a), ("b", b)]);
        assert_eq!(verdict_on("-", "0"), Verdict::ToConfirm);
        assert_eq!(verdict_on("0", "-"), Verdict::ToConfirm);
        assert_eq!(verdict_on("0", "0"), Verdict::Holds);
        assert_eq!(verdict_on("-", "-"), Verdict::Holds);
    }

    #[test]
    fn decimals_that_differ_are_rounding() {
        let verdict_on = |a, b| verdict(RelationKind::FormatMix, &[("a", a), ("b", b)]);
        assert_eq!(verdict_on("3487", "3167.00"), Verdict::Rounding);
        assert_eq!(verdict_on("88.01", "83.00"), Verdict::Holds);
        assert_eq!(verdict_on("", "83.00"), Verdict::NotExamined);
    }
}
