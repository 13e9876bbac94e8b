//! A change as described in words: its direction, its degree, its amount.

use crate::checks::exact::Rational;
use crate::checks::quantity::{Grain, Measure, Quantity, fold, number};

/// A described change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub direction: Option<Direction>,
    pub degree: Degree,
    pub amount: Option<Amount>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Up,
    Down,
    /// 基本持平.
    Level,
    /// 没有变化.
    Same,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Degree {
    Plain,
    Strong,
    Slight,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amount {
    /// Relative to the earlier figure: 12.3 %, 1.5 倍. Signed.
    Relative(Quantity),
    /// In percentage points. Signed.
    Points(Quantity),
    /// In the figure's own unit. Signed.
    Absolute(Quantity),
    /// The final value: 提高至98%.
    Reached(Quantity),
}

const UP: [&str; 17] = [
    "增长", "增加", "提高", "提升", "上升", "扩大", "增多", "上涨", "回升", "攀升", "增幅", "增至", "升至",
    "高于", "上调", "增", "升",
];
const DOWN: [&str; 17] = [
    "负增长",
    "下降",
    "减少",
    "降低",
    "下滑",
    "回落",
    "缩减",
    "减幅",
    "降幅",
    "缩小",
    "下跌",
    "萎缩",
    "降至",
    "减至",
    "低于",
    "降",
    "减",
];

/// Reads a claim: words, a number, or both.
#[must_use]
pub fn claim(text: &str) -> Claim {
    let folded = fold(text);
    let has = |words: &[&str]| words.iter().any(|word| folded.contains(word));
    let degree = if has(&["显著", "大幅", "明显", "迅速", "快速", "大大"]) {
        Degree::Strong
    } else if has(&["略", "小幅", "稍", "微"]) {
        Degree::Slight
    } else {
        Degree::Plain
    };
    let exact = ["没有变化", "无变化", "未变化", "保持不变", "不变", "一致"];
    let level = ["持平", "稳定", "相当", "变化不大"];
    if has(&exact) || has(&level) {
        let direction = if has(&level) { Direction::Level } else { Direction::Same };
        return Claim { direction: Some(direction), degree, amount: None };
    }
    let first = |words: &[&str]| {
        words
            .iter()
            .filter_map(|word| Some((folded.find(word)?, word.len())))
            .min_by_key(|(at, length)| (*at, usize::MAX - length))
    };
    let (up, down) = (first(&UP), first(&DOWN));
    let word = match (up, down) {
        (Some(up), Some(down)) if down.0 <= up.0 => Some((Direction::Down, down)),
        (Some(up), _) => Some((Direction::Up, up)),
        (None, Some(down)) => Some((Direction::Down, down)),
        (None, None) => None,
    };
    // 增速回落 does not describe the figure itself.
    let mixed = up.is_some() && down.is_some() && folded.contains("增速");
    let after = word.map_or(0, |(_, (at, length))| at + length);
    let amount = amount(&folded, after, word.map(|(direction, _)| direction));
    let word = if mixed { None } else { word };
    Claim { direction: word.map(|(direction, _)| direction), degree, amount }
}

fn amount(folded: &str, after: usize, direction: Option<Direction>) -> Option<Amount> {
    let down = direction == Some(Direction::Down);
    let tail = &folded[after..];
    let part = |text: &str| {
        text.split([',', ';', '。', '、'])
            .find(|part| part.contains(|c: char| c.is_ascii_digit()))
            .map(str::to_owned)
    };
    if folded.contains("翻一番") || folded.contains("翻番") {
        // 翻一番 is used for 1.95 and for 2.05 alike.
        let doubled = number("1.0", "")?;
        return Some(Amount::Relative(Quantity { measure: Measure::Other, ..doubled }));
    }
    let text = part(tail).or_else(|| part(&folded[..after]))?;
    let reached = ["至", "到", "为"].iter().any(|word| tail.starts_with(word))
        || ["增至", "升至", "降至", "减至"].iter().any(|word| folded.contains(word));
    let points = text.contains("百分点");
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let start = if text[..start].ends_with(['-', '+']) { start - 1 } else { start };
    let mut quantity = number(&text[start..], "")?;
    if text[..start].ends_with("负") {
        quantity = quantity.as_signed(true);
    }
    if let Some(times) = text.find('倍') {
        // 增长近一倍达到600人: the amount is in words, and the number is not the growth.
        let base = number(text.get(start..times)?, "")?;
        let more = base.rescaled(Rational::ONE, Measure::Unmarked)?;
        let level = folded.contains("的") || reached || direction.is_none();
        let value = if level { more.value.minus(Rational::ONE)? } else { more.value };
        return Some(Amount::Relative(Quantity {
            value,
            measure: Measure::Other,
            grain: Grain::Rounded,
            ..more
        }));
    }
    if reached {
        return Some(Amount::Reached(quantity));
    }
    let quantity = quantity.as_signed(down);
    Some(match quantity.measure {
        Measure::Percent if points => Amount::Points(quantity),
        Measure::Percent | Measure::Unmarked => Amount::Relative(quantity),
        _ => Amount::Absolute(quantity),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rational(numerator: i128, denominator: i128) -> Rational {
        Rational::new(numerator, denominator).unwrap()
    }

    #[test]
    fn claims_are_words_numbers_or_both() {
        assert_eq!(claim("比上年度有显著增长").direction, Some(Direction::Up));
        assert_eq!(claim("比上年度有显著增长").degree, Degree::Strong);
        assert_eq!(claim("基本持平").direction, Some(Direction::Level));
        assert_eq!(claim("带宽没有变化").direction, Some(Direction::Same));
        let relative = |text: &str| match claim(text).amount {
            Some(Amount::Relative(quantity)) => quantity.as_percent().unwrap().value,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(relative("增长12.3%"), rational(123, 1000));
        assert_eq!(relative("比2023年下降3.2%"), rational(-32, 1000));
        assert_eq!(relative("12.3"), rational(123, 1000));
        assert_eq!(relative("负增长1.5%"), rational(-15, 1000));
        assert_eq!(relative("增长1.5倍"), rational(3, 2));
        assert_eq!(relative("是上年的1.5倍"), rational(1, 2));
        assert!(matches!(claim("+3.2个百分点").amount, Some(Amount::Points(_))));
        assert!(
            matches!(claim("减少320人").amount, Some(Amount::Absolute(q)) if q.value == rational(-320, 1))
        );
        assert!(matches!(claim("提高至98%").amount, Some(Amount::Reached(_))));
        let doubled = claim("增长近一倍达到600人");
        assert_eq!((doubled.direction, doubled.amount), (Some(Direction::Up), None));
        assert_eq!(claim("增速回落").direction, None);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_fail(text in "[-+0-9.,%万亿约余多至 增长降减提高倍百分点的为持平]{0,12}") {
            let _ = claim(&text);
        }
    }
}
