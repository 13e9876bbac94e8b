//! Opening stock plus inflow minus outflow is the closing stock.

use crate::checks::computed::{ComputedValue, Fit, fit};
use crate::checks::relation::{Context, Judgement, Obstacle, Operands, Verdict};
use crate::checks::rules::recomputed::compared;

pub fn stock_flow(operands: &Operands, _: &Context<'_>) -> Result<Judgement, Obstacle> {
    let (opening, closing) = (operands.number("opening")?, operands.number("closing")?);
    let (inflows, outflows) = (operands.numbers("inflows")?, operands.numbers("outflows")?);
    let text = operands.text("closing")?;
    let sum = |quantities| ComputedValue::sum(quantities).ok_or_else(Obstacle::too_large);
    let most = sum(std::slice::from_ref(opening))?.plus(&sum(&inflows)?).ok_or_else(Obstacle::too_large)?;
    if !outflows.is_empty() {
        let left = most.minus(&sum(&outflows)?).ok_or_else(Obstacle::too_large)?;
        let fits = fit(closing, &left).ok_or_else(Obstacle::too_large)?;
        return Ok(compared(text, closing, fits, &left));
    }
    // The outflow is not printed: the closing stock is at most opening stock plus inflow.
    let fits = fit(closing, &most).ok_or_else(Obstacle::too_large)?;
    let shown = closing.shown(most.point);
    let gone = most.point.minus(closing.value).map(|gone| closing.shown(gone)).unwrap_or_default();
    let (verdict, message) = match fits {
        Fit::Same => (Verdict::Holds, format!("上年数与新增之和 {shown} 等于本年 {text}")),
        _ if closing.value <= most.point => {
            (Verdict::Holds, format!("上年数与新增之和 {shown}，本年 {text}，须有 {gone} 退出"))
        }
        Fit::Off => (Verdict::Inconsistent, format!("上年数与新增之和 {shown}，少于本年 {text}")),
        _ => (Verdict::Rounding, format!("上年数与新增之和 {shown}，本年 {text}，相差在舍入范围之内")),
    };
    Ok(Judgement::new(verdict, message).printed(text).recomputed(shown))
}

#[cfg(test)]
mod tests {
    use crate::checks::relation::Verdict;
    use crate::checks::rules::testing::verdict;
    use crate::definitions::relation::kind::RelationKind;

    #[test]
    fn stocks_follow_from_flows() {
        let verdict_on = |closing, more: &[(&str, &str)]| {
            let given = [("opening", "258"), ("inflows", "36|1"), ("closing", closing)];
            verdict(RelationKind::StockFlow, &[&given[..], more].concat())
        };
        assert_eq!(verdict_on("290", &[]), Verdict::Holds);
        assert_eq!(verdict_on("295", &[]), Verdict::Holds);
        assert_eq!(verdict_on("296", &[]), Verdict::Inconsistent);
        assert_eq!(verdict_on("290", &[("outflows", "5")]), Verdict::Holds);
        assert_eq!(verdict_on("290", &[("outflows", "6")]), Verdict::Inconsistent);
    }
}
