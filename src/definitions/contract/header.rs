//! Header texts in the form in which they are compared.

use std::collections::{HashMap, HashSet};

use super::Dataset;
use crate::decode::cell::is_blank;
use crate::definitions::code_table::narrow;

/// A header text without what varies between exports: spaces, width, quotes,
/// brackets with their contents such as （必填）, and how required columns are marked.
#[must_use]
pub fn header_key(text: &str) -> String {
    let mut key = String::new();
    let mut depth = 0_usize;
    // A line break within a cell, as some programs write it.
    for c in crate::definitions::code_table::folded(text).replace("_X000D_", "").chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            c if depth > 0 || is_mark(c) => {}
            c => key.push(c),
        }
    }
    match without_remark(&key) {
        "" => key,
        bare => bare.to_owned(),
    }
}

/// What stands before or after the name of a required column, and quotes.
fn is_mark(c: char) -> bool {
    matches!(
        c,
        '*' | '"'
            | '\''
            | '`'
            | '※'
            | '⁎'
            | '∗'
            | '＊'
            | '✱'
            | '✲'
            | '★'
            | '☆'
            | '✭'
            | '✮'
            | '⭐'
            | '●'
            | '○'
            | '◎'
            | '•'
            | '▲'
            | '△'
            | '▼'
            | '▽'
            | '◆'
            | '◇'
            | '■'
            | '□'
            | '\u{fe0f}'
    )
}

const REMARKS: [&str; 6] = ["必填项", "必填", "选填项", "选填", "必录", "必输"];

/// A key without the words of its filling-in: `必填:姓名`, `姓名[必填]`.
fn without_remark(key: &str) -> &str {
    let is_frame = |c: char| {
        matches!(
            c,
            '[' | ']'
                | '【'
                | '】'
                | '〔'
                | '〕'
                | '{'
                | '}'
                | '<'
                | '>'
                | ':'
                | '-'
                | '_'
                | '/'
                | ','
                | '、'
        )
    };
    let mut rest = key;
    loop {
        let inner = rest.trim_matches(is_frame);
        let bare = REMARKS
            .iter()
            .find_map(|remark| inner.strip_prefix(remark).or_else(|| inner.strip_suffix(remark)));
        match bare {
            Some(bare) => rest = bare.trim_matches(is_frame),
            None => return rest,
        }
    }
}

/// Whether the [`header_key`] of a text may begin with a character that `is_first` accepts; true where
/// only full folding could decide. Most texts of data rows fail this, and need not be folded.
pub fn may_begin(text: &str, is_first: impl Fn(char) -> bool) -> bool {
    let seen = text.chars().filter(|&c| !is_blank(c)).map(narrow).find(|&c| !is_mark(c));
    match seen {
        None | Some('(' | ')' | '_' | '必' | '选' | '[' | '【' | '〔' | '{' | '<') => true,
        Some(c) => c.to_uppercase().next().is_some_and(is_first),
    }
}

/// The header keys of a dataset's columns, computed once.
#[derive(Debug, Clone)]
pub struct HeaderKeys {
    /// Key → index of the column.
    known: HashMap<String, usize>,
    /// First characters of the known keys.
    firsts: HashSet<char>,
    /// For each column the keys of its names and of its fallback names.
    pub columns: Vec<[Vec<String>; 2]>,
}

impl HeaderKeys {
    #[must_use]
    pub fn of(dataset: &Dataset) -> &Self {
        dataset.header_keys.get_or_init(|| {
            let keys = |names: &[String]| names.iter().map(|name| header_key(name)).collect();
            let columns: Vec<[Vec<String>; 2]> = dataset
                .columns
                .iter()
                .map(|column| [keys(&column.names), keys(&column.fallback_names)])
                .collect();
            let known: HashMap<String, usize> = columns
                .iter()
                .enumerate()
                .flat_map(|(index, names)| names.iter().flatten().map(move |key| (key.clone(), index)))
                .collect();
            HeaderKeys { firsts: known.keys().filter_map(|key| key.chars().next()).collect(), known, columns }
        })
    }

    /// The column named by a header text.
    #[must_use]
    pub fn column(&self, label: &str) -> Option<usize> {
        let may_be = may_begin(label, |first| self.firsts.contains(&first));
        if may_be { self.known.get(&header_key(label)).copied() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_required_column_is_marked_is_none_of_its_name() {
        for text in [
            "★姓名",
            "姓名☆",
            "*姓 名*",
            "＊姓名",
            "●姓名",
            "姓名△",
            "▲姓名",
            "姓名（必填）",
            "必填 姓名",
            "姓名必填",
            "【必填】姓名",
            "姓名[必填项]",
            "姓名-必填",
            "★必填：姓名",
            "※姓名",
            "⭐️姓名",
            "（必填）★姓名",
        ] {
            assert_eq!(header_key(text), "姓名", "{text}");
            assert!(may_begin(text, |first| first == '姓'), "{text}");
        }
        for text in ["必填", "[代码]", "专业-代码"] {
            assert_eq!(header_key(text), text);
        }
    }
}
