//! Names of people: compared in one form, kept as they were delivered.
//!
//! Names are never put through NFKC, which turns ① into 1 and Ⅲ into III.

use std::borrow::Cow;

use crate::decode::cell::is_blank;

/// A name in the form in which it is compared: without blanks, with one kind of separator.
#[must_use]
pub fn folded(name: &str) -> String {
    let name = without_entities(name);
    name.chars()
        .filter(|&c| !is_blank(c))
        .map(|c| if matches!(c, '•' | '・' | '‧' | '∙' | '⋅' | '．' | '.') { '·' } else { c })
        .collect()
}

/// A page may have left `&middot;` or `&#134071;` where the character was.
fn without_entities(name: &str) -> Cow<'_, str> {
    if !name.contains('&') {
        return Cow::Borrowed(name);
    }
    let mut text = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('&') {
        text += before;
        let entity = after.split_once(';').and_then(|(entity, after)| Some((character(entity)?, after)));
        if let Some((character, after)) = entity {
            text.push(character);
            rest = after;
        } else {
            text.push('&');
            rest = after;
        }
    }
    Cow::Owned(text + rest)
}

fn character(entity: &str) -> Option<char> {
    match entity.strip_prefix('#') {
        None => (entity == "middot").then_some('·'),
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(digits) => char::from_u32(u32::from_str_radix(digits, 16).ok()?),
            None => char::from_u32(number.parse().ok()?),
        },
    }
}

/// Whether a name was destroyed by a wrong encoding: it has the characters of uninitialised memory or of
/// replaced bytes, the euro sign that a lone byte 80 becomes, or Han characters made of the bytes of
/// others. The original is never guessed.
#[must_use]
pub fn is_mojibake(name: &str) -> bool {
    if ["锟斤拷", "烫烫", "屯屯", "€"].iter().any(|ruin| name.contains(ruin)) {
        return true;
    }
    let (bytes, _, unmapped) = encoding_rs::GBK.encode(name);
    let other = std::str::from_utf8(&bytes).unwrap_or_default();
    !unmapped && !name.is_ascii() && other.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// Whether a name has a character that only its own system knows.
#[must_use]
pub fn has_private_use(name: &str) -> bool {
    name.chars().any(|c| matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}'))
}

/// Whether a rare character of it was lost on the way: replaced by a mark, by a description of how it is
/// written (上龙下天), or by its reading among Han characters.
#[must_use]
pub fn has_lost(name: &str) -> bool {
    let is_han = |c: char| matches!(c, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}');
    let is_mark = |c: char| matches!(c, '?' | '？' | '*' | '＊' | '□' | '〓' | '■' | '_' | '＿');
    let han = name.chars().filter(|&c| is_han(c)).count();
    // A single letter distinguishes two people of one name: 张伟A.
    let latin = name.chars().filter(char::is_ascii_alphabetic).count() > 1;
    let described =
        name.contains(['(', '（']) && ["上", "下", "左", "右"].iter().any(|side| name.contains(side));
    han > 0 && (name.chars().any(is_mark) || latin || described)
}

/// Whether a name has invisible characters.
#[must_use]
pub fn has_invisible(name: &str) -> bool {
    name.chars().any(|c| is_blank(c) && !c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ruined_names_are_recognised_and_good_ones_left_alone() {
        for name in ["锟斤拷", "寮犱笁", "烫烫烫", "张€"] {
            assert!(is_mojibake(name), "{name}");
        }
        for name in ["张三", "欧阳文雅", "买买提·艾力", "𠮷田", "Anna", "李一", "张①", "李Ⅲ"]
        {
            assert!(!is_mojibake(name), "{name}");
        }
    }

    #[test]
    fn names_that_lost_a_character_are_seen() {
        for name in ["张??", "王*", "钱□", "赵〓", "周YAN", "孙（上龙下天）", "李？"] {
            assert!(has_lost(name), "{name}");
        }
        for name in ["张三", "张伟A", "Anna", "买买提·艾力", "李一", "𠮷田"] {
            assert!(!has_lost(name), "{name}");
        }
        assert_eq!(folded("买买提&middot;艾力"), folded("买买提·艾力"));
        assert_eq!(folded("周&#134071;"), "周𠮷");
        assert_eq!(folded("A&B; &#xzz;"), "A&B;&#xzz;");
    }

    #[test]
    fn spellings_of_one_name_compare_equal_and_other_names_do_not() {
        for name in ["买买提·艾力", "买买提•艾力", "买买提 ·艾力", "买买提.艾力", "买买提\u{200b}‧艾力"]
        {
            assert_eq!(folded(name), "买买提·艾力", "{name}");
        }
        assert_eq!(folded(" 张　三 "), "张三");
        assert_ne!(folded("张①"), folded("张1"));
        assert_eq!(folded("\u{2f800}"), "\u{2f800}");
    }
}
