//! Whether there is about as much as usual: as last year, or as peers have. Never more than a question.

use crate::checks::exact::Rational;
use crate::checks::quantity::{Grain, Measure, Quantity};
use crate::checks::relation::{Context, Judgement, Obstacle, Operands, Verdict};
use crate::checks::rules::peers::{PEERS_MIN, median};

/// A count compared with last year's, or with the median of its peers, in percent. A count of zero where
/// there was something always raises a question.
pub fn volume(operands: &Operands, context: &Context<'_>) -> Result<Judgement, Obstacle> {
    let (count, text) = (operands.number("count")?, operands.text("count")?);
    let (usual, is_exact, origin) = usual(operands)?;
    let judged = |verdict, message: String| Ok(Judgement::new(verdict, message).printed(text));
    let shown = count.shown(usual);
    if usual.is_zero() {
        return judged(Verdict::Holds, format!("{origin} 0，本次 {text}"));
    }
    if count.value.is_zero() {
        return judged(Verdict::ToConfirm, format!("{origin} {shown}，本次为 0，疑为漏报"));
    }
    let (least, most) = (operands.number_if_any("at_least")?, operands.number_if_any("at_most")?);
    let few = Rational::int(i128::from(context.limits.change_least));
    let is_few = count.grain == Grain::Exact && is_exact && count.value < few && usual < few;
    if least.is_none() && most.is_none() && is_few {
        return judged(Verdict::Holds, format!("{origin} {shown}，本次 {text}，数小，变化不论"));
    }
    let share = count.value.over(usual).ok_or_else(Obstacle::too_large)?;
    let percent = share.times(Rational::int(100)).ok_or_else(Obstacle::too_large)?;
    let limits = context.limits;
    let exactly = |percent: i64| Rational::int(i128::from(percent));
    let (least, most) = match (least, most) {
        // Where only one limit is given, the other side is open.
        (None, None) => (Some(exactly(100 - limits.fall_percent)), Some(exactly(100 + limits.rise_percent))),
        (least, most) => (least.map(in_percent).transpose()?, most.map(in_percent).transpose()?),
    };
    let percent_shown = percent.shown(2);
    let bounds: Vec<String> = [("不低于", least), ("不高于", most)]
        .into_iter()
        .filter_map(|(word, bound)| Some(format!("{word} {}%", bound?.shown(2))))
        .collect();
    let low = least.is_some_and(|least| percent < least);
    let high = most.is_some_and(|most| percent > most);
    let (verdict, wording) = match (low, high) {
        (true, _) => (Verdict::ToConfirm, "，少得异常，请核实是否漏报"),
        (_, true) => (Verdict::ToConfirm, "，多得异常，请核实是否重报"),
        _ => (Verdict::Holds, ""),
    };
    let message = format!("{origin} {shown}，本次 {text}，为其 {percent_shown}%{wording}");
    let judgement = Judgement::new(verdict, message).printed(text).recomputed(format!("{percent_shown}%"));
    Ok(judgement.interval(bounds.join("，")))
}

/// The usual count, whether it is a count, and its origin.
fn usual(operands: &Operands) -> Result<(Rational, bool, &'static str), Obstacle> {
    if let Some(before) = operands.number_if_any("before")? {
        return Ok((before.value, before.grain == Grain::Exact, "上年"));
    }
    let peers = operands.numbers("peers")?;
    if peers.is_empty() {
        return Err(Obstacle::faulty("缺少 before 或 peers"));
    }
    if peers.len() < PEERS_MIN {
        return Err(Obstacle::absent("同类太少，不足以判断"));
    }
    let mut values: Vec<Rational> = peers.iter().map(|peer| peer.value).collect();
    let middle = median(&mut values).ok_or_else(Obstacle::too_large)?;
    Ok((middle, peers.iter().all(|peer| peer.grain == Grain::Exact), "同类通常"))
}

/// A limit with or without its sign: `70` and `70%`.
fn in_percent(limit: &Quantity) -> Result<Rational, Obstacle> {
    match limit.measure {
        Measure::Percent => limit.value.times(Rational::int(100)).ok_or_else(Obstacle::too_large),
        _ => Ok(limit.value),
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::relation::Verdict;
    use crate::checks::rules::testing::{judged, verdict};
    use crate::definitions::relation::kind::RelationKind;

    fn verdict_on(count: &str, more: &[(&str, &str)]) -> Verdict {
        verdict(RelationKind::Volume, &[&[("count", count)], more].concat())
    }

    #[test]
    fn much_less_or_more_than_last_year_raises_a_question() {
        for (count, before, expected) in [
            ("612", "610", Verdict::Holds),
            ("427", "610", Verdict::Holds),
            ("426", "610", Verdict::ToConfirm),
            ("915", "610", Verdict::Holds),
            ("916", "610", Verdict::ToConfirm),
            ("0", "610", Verdict::ToConfirm),
            ("0", "3", Verdict::ToConfirm),
            ("0", "0", Verdict::Holds),
            ("5", "0", Verdict::Holds),
            ("2", "9", Verdict::Holds),
            ("-", "9", Verdict::NotExamined),
            ("0.5万", "1.2万", Verdict::ToConfirm),
        ] {
            assert_eq!(verdict_on(count, &[("before", before)]), expected, "{count} {before}");
        }
    }

    #[test]
    fn limits_are_in_percent_with_or_without_the_sign() {
        for least in ["80", "80%"] {
            assert_eq!(verdict_on("79", &[("before", "100"), ("at_least", least)]), Verdict::ToConfirm);
            assert_eq!(verdict_on("300", &[("before", "100"), ("at_least", least)]), Verdict::Holds);
        }
        assert_eq!(verdict_on("3", &[("before", "2"), ("at_most", "120")]), Verdict::ToConfirm);
        let found =
            judged(RelationKind::Volume, &[("count", "79"), ("before", "100"), ("at_least", "80")]).unwrap();
        assert_eq!(found.message, "上年 100，本次 79，为其 79%，少得异常，请核实是否漏报");
        assert_eq!((found.recomputed.as_str(), found.interval.as_str()), ("79%", "不低于 80%"));
    }

    #[test]
    fn peers_define_the_usual_count_where_last_year_is_unknown() {
        let peers = [("peers", "40|42|38|41|400")];
        assert_eq!(verdict_on("39", &peers), Verdict::Holds);
        assert_eq!(verdict_on("12", &peers), Verdict::ToConfirm);
        assert_eq!(verdict_on("12", &[("peers", "40|42")]), Verdict::NotExamined);
        assert_eq!(verdict_on("12", &[]), Verdict::NotExamined);
    }
}
