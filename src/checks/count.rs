//! A number of things in a text, in digits or in Han characters.

use crate::checks::quantity::fold;

/// A number of things, in digits or in Han characters: 九方面, 十四大类, 21个. Years and ordinals
/// do not count.
#[must_use]
pub fn count(text: &str) -> Option<i128> {
    let folded = fold(text);
    let is_han = |c: char| han_digit(c).is_some() || matches!(c, '十' | '百' | '千');
    let is_part = |c: char| c.is_ascii_digit() || is_han(c);
    let mut rest = folded.as_str();
    let mut before = "";
    while let Some(start) = rest.find(is_part) {
        let (head, from) = rest.split_at(start);
        let end = from.find(|c: char| !is_part(c)).unwrap_or(from.len());
        let (run, after) = from.split_at(end);
        let head = if head.is_empty() { before } else { head };
        let dated = after.starts_with(['年', '月', '日', '届', '.', '%']);
        if !dated && !head.ends_with('第') && !head.ends_with('.') {
            let digits = run.chars().all(|c| c.is_ascii_digit());
            return if digits { run.parse().ok() } else { han_number(run) };
        }
        (before, rest) = (run, after);
    }
    None
}

fn han_number(text: &str) -> Option<i128> {
    let (mut total, mut digit) = (0_i128, None);
    for c in text.chars() {
        let unit = match c {
            '十' => 10,
            '百' => 100,
            '千' => 1000,
            _ => {
                digit = Some(han_digit(c)?);
                continue;
            }
        };
        total = total.checked_add(digit.take().unwrap_or(1) * unit)?;
    }
    total.checked_add(digit.unwrap_or(0))
}

fn han_digit(c: char) -> Option<i128> {
    const DIGITS: [char; 10] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
    if c == '两' {
        return Some(2);
    }
    DIGITS.iter().position(|&digit| digit == c).and_then(|at| i128::try_from(at).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_of_things_are_read_in_han_characters() {
        for (text, expected) in [
            ("2024年开展九方面", 9),
            ("第十八届共3项", 3),
            ("九方面", 9),
            ("十四大类", 14),
            ("两个", 2),
            ("二十一项", 21),
            ("一百零五", 105),
            ("21个", 21),
        ] {
            assert_eq!(count(text), Some(expected), "{text}");
        }
        assert_eq!(count("若干"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_fail(text in "[-0-9.,年月第项个 零一二两九十百千]{0,12}") {
            let _ = count(&text);
        }
    }
}
