//! A number of things beside the things themselves.

use crate::checks::printed::count;
use crate::checks::relation::{Asked, Context, Judgement, Unexamined, Verdict};

pub fn count_of_listed_items(asked: &Asked, _: &Context<'_>) -> Result<Judgement, Unexamined> {
    let text = asked.text("count")?;
    let stated = count(text).ok_or_else(|| Unexamined::faulty(format!("“{text}”读不出个数")))?;
    let listed = asked.texts("listed")?.into_iter().filter(|item| !item.trim().is_empty()).count();
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
    use crate::checks::relation::testing::verdict;
    use crate::checks::relation::{Kind, Verdict};

    #[test]
    fn nine_things_are_nine() {
        let of = |count, listed| verdict(Kind::CountOfListedItems, &[("count", count), ("listed", listed)]);
        assert_eq!(of("三方面", "教学|安全|招生"), Verdict::Holds);
        assert_eq!(of("三方面", "教学|安全|招生|食品"), Verdict::Inconsistent);
        assert_eq!(of("3个", "教学|安全|招生"), Verdict::Holds);
        assert_eq!(of("若干", "教学"), Verdict::NotExamined);
    }
}
