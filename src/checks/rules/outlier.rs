//! Changes from last year that a person should look at. Never more than a question.

use crate::checks::exact::Rational;
use crate::checks::quantity::{Grain, Quantity};
use crate::checks::relation::{Context, Judgement, Obstacle, Operands, Verdict};
use crate::checks::rules::peers::{PEERS_MIN, median};

/// `b` compared with last year's `a`: within the band of ratios, or similar to the changes of its peers.
pub fn yoy_outlier(operands: &Operands, context: &Context<'_>) -> Result<Judgement, Obstacle> {
    let (earlier, later) = (operands.number("a")?, operands.number("b")?);
    let (from, to) = (operands.text("a")?, operands.text("b")?);
    let judged = |verdict, message: String, recomputed: String| {
        Ok(Judgement::new(verdict, message).printed(to).recomputed(recomputed))
    };
    let least = Rational::int(i128::from(context.limits.change_least));
    let few = |quantity: &Quantity| quantity.grain == Grain::Exact && quantity.value < least;
    if few(earlier) && few(later) {
        return judged(Verdict::Holds, format!("{from} → {to}，数小，变化不论"), String::new());
    }
    if earlier.value.is_zero() || later.value.is_zero() {
        let same = earlier.value == later.value;
        let usual = !same && from_or_to_zero_is_usual(operands)?;
        let verdict = if same || usual { Verdict::Holds } else { Verdict::ToConfirm };
        let message = match (same, usual) {
            (true, _) => "两年都为 0",
            (_, true) => "一年为 0，另一年不为 0，同类中常见",
            _ => "一年为 0，另一年不为 0",
        };
        return judged(verdict, format!("{message}：{from} → {to}"), String::new());
    }
    let ratio = later.value.over(earlier.value).ok_or_else(Obstacle::too_large)?;
    let shown = format!("{} 倍", ratio.shown(2));
    if let Some(factor) = unit_slip(ratio) {
        return judged(Verdict::ToConfirm, format!("{from} → {to}，约为 {factor} 倍，疑为单位有误"), shown);
    }
    let peers = peers(operands)?;
    if peers.len() >= PEERS_MIN {
        let strange = is_unlike_peers(ratio, peers, context.limits.peer_score_tenths)
            .ok_or_else(Obstacle::too_large)?;
        let verdict = if strange { Verdict::ToConfirm } else { Verdict::Holds };
        let wording =
            if strange { "与同类变化相差悬殊，请核实" } else { "与同类变化相近" };
        return judged(verdict, format!("{from} → {to}（{shown}）{wording}"), shown);
    }
    let limits = context.limits;
    let bound = |percent: i64| Rational::new(i128::from(100 + percent), 100).unwrap_or(Rational::ONE);
    let strange = ratio <= bound(-limits.fall_percent) || ratio >= bound(limits.rise_percent);
    let (verdict, wording) = if strange {
        (Verdict::ToConfirm, "变化异常，请核实")
    } else {
        (Verdict::Holds, "变化在常见范围之内")
    };
    judged(verdict, format!("{from} → {to}（{shown}）{wording}"), shown)
}

/// A ratio within a twentieth of 100, 1000 or 10 000, up or down.
fn unit_slip(ratio: Rational) -> Option<&'static str> {
    [(100, "100", "1/100"), (1000, "1000", "1/1000"), (10_000, "1 万", "1/1 万")].into_iter().find_map(
        |(factor, up, down)| {
            let close = |ratio: Rational| {
                let off = ratio.over(Rational::int(factor))?.minus(Rational::ONE)?.size();
                Some(off.times(Rational::int(20))? <= Rational::ONE)
            };
            if close(ratio)? {
                return Some(up);
            }
            close(Rational::ONE.over(ratio)?)?.then_some(down)
        },
    )
}

fn peers(operands: &Operands) -> Result<Vec<Rational>, Obstacle> {
    let (before, after) = (operands.numbers("peers_a")?, operands.numbers("peers_b")?);
    if before.len() != after.len() {
        return Err(Obstacle::faulty("peers_a 与 peers_b 的个数不同"));
    }
    Ok(before.iter().zip(&after).filter_map(|(before, after)| after.value.over(before.value)).collect())
}

/// Whether there are enough peers, and a tenth of them changed from or to zero too.
fn from_or_to_zero_is_usual(operands: &Operands) -> Result<bool, Obstacle> {
    let (before, after) = (operands.numbers("peers_a")?, operands.numbers("peers_b")?);
    let alike =
        before.iter().zip(&after).filter(|(before, after)| before.value.is_zero() != after.value.is_zero());
    Ok(before.len() >= PEERS_MIN && 10 * alike.count() >= before.len())
}

/// Whether the robust z exceeds the score: 0.6745 × the distance from the median ÷ the median distance.
fn is_unlike_peers(ratio: Rational, mut peers: Vec<Rational>, score_tenths: i64) -> Option<bool> {
    let middle = median(&mut peers)?;
    let mut distances = Vec::new();
    for peer in &peers {
        distances.push(peer.minus(middle)?.size());
    }
    let spread = median(&mut distances)?;
    let distance = ratio.minus(middle)?.size();
    let score = Rational::new(i128::from(score_tenths) * 1000, 6745)?;
    Some(distance > spread.times(score)?)
}

/// This year's block equals last year's, figure by figure.
pub fn identical_block(operands: &Operands, _: &Context<'_>) -> Result<Judgement, Obstacle> {
    const BLOCK_MIN: usize = 3;
    let (earlier, later) = (operands.numbers("earlier")?, operands.numbers("later")?);
    if earlier.len() != later.len() {
        return Err(Obstacle::faulty("earlier 与 later 的个数不同"));
    }
    let worth: Vec<(&Quantity, &Quantity)> =
        earlier.iter().zip(&later).filter(|(a, b)| !(a.value.is_zero() && b.value.is_zero())).collect();
    if worth.len() < BLOCK_MIN {
        return Err(Obstacle::absent("不为 0 的数太少，不足以判断"));
    }
    let printed = operands.texts("later")?.join("、");
    let copied = worth.iter().all(|(a, b)| a.value == b.value);
    let (verdict, message) = if copied {
        (Verdict::ToConfirm, format!("{} 个数与上年完全相同，疑为照抄上年", worth.len()))
    } else {
        (Verdict::Holds, "与上年不同".to_owned())
    };
    Ok(Judgement::new(verdict, message).printed(printed))
}

#[cfg(test)]
mod tests {
    use crate::checks::relation::Verdict;
    use crate::checks::rules::testing::{judged, verdict};
    use crate::definitions::relation::kind::RelationKind;

    #[test]
    fn great_changes_raise_questions_and_never_more() {
        for (a, b, expected) in [
            ("765", "1308", Verdict::ToConfirm),
            ("265", "165", Verdict::ToConfirm),
            ("7800", "9397", Verdict::Holds),
            ("0", "12", Verdict::ToConfirm),
            ("0", "0", Verdict::Holds),
            ("1", "6", Verdict::Holds),
            ("0.49 %", "2.66 %", Verdict::ToConfirm),
            ("12", "0", Verdict::ToConfirm),
            ("-", "0", Verdict::NotExamined),
            ("1000", "1030", Verdict::Holds),
        ] {
            assert_eq!(verdict(RelationKind::YoyOutlier, &[("a", a), ("b", b)]), expected, "{a} {b}");
        }
        let slipped = judged(RelationKind::YoyOutlier, &[("a", "4702"), ("b", "47100000")]).unwrap();
        assert!(slipped.message.contains("约为 1 万 倍"), "{}", slipped.message);
    }

    #[test]
    fn peers_say_what_is_usual() {
        let verdict_on = |b, peers| {
            verdict(
                RelationKind::YoyOutlier,
                &[("a", "100"), ("b", b), ("peers_a", "10|10|10|10|10"), ("peers_b", peers)],
            )
        };
        assert_eq!(verdict_on("210", "20|21|22|19|20"), Verdict::Holds, "everybody doubled");
        assert_eq!(verdict_on("105", "20|21|22|19|20"), Verdict::ToConfirm);
        assert_eq!(verdict_on("0", "20|21|22|19|0"), Verdict::Holds, "others ceased too");
        assert_eq!(verdict_on("0", "20|21|22|19|20"), Verdict::ToConfirm);
    }

    #[test]
    fn a_copied_block_is_seen() {
        let verdict_on =
            |later| verdict(RelationKind::IdenticalBlock, &[("earlier", "33|80|126"), ("later", later)]);
        assert_eq!(verdict_on("33|80|126"), Verdict::ToConfirm);
        assert_eq!(verdict_on("36|97|204"), Verdict::Holds);
        assert_eq!(verdict_on("33|80"), Verdict::NotExamined);
        assert_eq!(
            verdict(RelationKind::IdenticalBlock, &[("earlier", "0|0|5"), ("later", "0|0|5")]),
            Verdict::NotExamined
        );
    }
}
