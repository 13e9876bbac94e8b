//! Names of people: compared in one form, kept as they were delivered.
//!
//! Names are never put through NFKC, which turns ① into 1 and Ⅲ into III.

use crate::decode::cell::is_blank;

/// A name in the form in which it is compared: without blanks, with one kind of separator.
#[must_use]
pub fn folded(name: &str) -> String {
    name.chars()
        .filter(|&c| !is_blank(c))
        .map(|c| if matches!(c, '•' | '・' | '‧' | '∙' | '⋅' | '．' | '.') { '·' } else { c })
        .collect()
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
