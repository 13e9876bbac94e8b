//! A stated number of things compared with the things listed.

use crate::checks::count::count;
use crate::checks::relation::{Context, Judgement, Obstacle, Operands, Verdict};

pub fn count_of_listed_items(operands: &Operands, _: &Context<'_>) -> Result<Judgement, Obstacle> {
    let text = operands.text("count")?;
    let stated = count(text).ok_or_else(|| Obstacle::faulty(format!("“{text}”读不出个数")))?;
    let listed = operands.texts("listed")?.into_iter().filter(|item| !item.trim().is_empty()).count();
    let same = i128::try_from(listed).is_ok_and(|listed| listed == stated);
    let (verdict, message) = if same {
        (Verdict::Holds, format!("称“{text}”，列出 {listed} 项"))
    } else {
        (Verdict::Inconsistent, format!("称“{text}”，实际列出 {listed} 项"))
    };
    Ok(Judgement::new(verdict, message).printed(text).recomputed(listed.to_string()))
}

#[cfg(test)]
mod tests {
    use crate::checks::relation::Verdict;
    use crate::checks::rules::testing::verdict;
    use crate::definitions::relation::kind::RelationKind;

    #[test]
    fn nine_listed_things_are_nine() {
        let verdict_on = |count, listed| {
            verdict(RelationKind::CountOfListedItems, &[("count", count), ("listed", listed)])
        };
        assert_eq!(verdict_on("三方面", "教学|安全|招生"), Verdict::Holds);
        assert_eq!(verdict_on("三方面", "教学|安全|招生|食品"), Verdict::Inconsistent);
        assert_eq!(verdict_on("3个", "教学|安全|招生"), Verdict::Holds);
        assert_eq!(verdict_on("若干", "教学"), Verdict::NotExamined);
    }
}
