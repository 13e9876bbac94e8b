//! Whether two spellings are one person's name.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::definitions::code_table::narrow;
use crate::normalise::name;

/// Pairs of a form and the simplified one, from the transliteration `Traditional-Simplified` of Unicode CLDR, with
/// forms that differ only in a font or an older standard.
static SIMPLIFIED: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let mut pairs = HashMap::new();
    for line in include_str!("simplified.txt").lines() {
        let mut characters = line.chars();
        while let (Some(form), Some(simplified)) = (characters.next(), characters.next()) {
            pairs.insert(form, simplified);
        }
    }
    pairs
});

/// A name as it is compared: blanks, width, case, separators and traditional forms do not matter.
#[must_use]
pub fn folded(name: &str) -> String {
    name::folded(name)
        .chars()
        .map(narrow)
        .map(|c| SIMPLIFIED.get(&c).copied().unwrap_or(c))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether two names are spellings of one.
#[must_use]
pub fn is_one_name(name: &str, other: &str) -> bool {
    folded(name) == folded(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_one_person() {
        for (name, other) in [
            ("王 科长", "王科长"),
            ("张\u{3000}三", "张三"),
            ("張三", "张三"),
            ("劉國強", "刘国强"),
            ("黄麗華", "黃丽华"),
            ("Ｌi", "li"),
            ("买买提·艾力", "買買提•艾力"),
            ("张\u{200b}三", "张三"),
            ("李\u{f9e1}", "李李"),
            ("⼒平", "力平"),
        ] {
            assert!(is_one_name(name, other), "{name} {other}");
        }
        for (name, other) in [("王科长", "王局长"), ("张三", "章三"), ("李一", "李二"), ("张伟A", "张伟B")]
        {
            assert!(!is_one_name(name, other), "{name} {other}");
        }
    }

    #[test]
    fn no_form_stands_for_one_that_stands_for_another() {
        assert!(SIMPLIFIED.len() > 3_000);
        for (form, simplified) in SIMPLIFIED.iter() {
            assert!(!SIMPLIFIED.contains_key(simplified), "{form}{simplified}");
        }
    }
}
