//! Header texts in the form in which they are compared.

use std::collections::{HashMap, HashSet};

use super::Dataset;
use crate::decode::cell::is_blank;
use crate::definitions::code_table::narrow;

/// A header text without what varies between exports: spaces, width, quotes,
/// brackets with their contents such as （必填）, and the star on required columns.
#[must_use]
pub fn header_key(text: &str) -> String {
    let mut key = String::new();
    let mut depth = 0_usize;
    // A line break within a cell, as some programs write it.
    for c in crate::definitions::code_table::folded(text).replace("_X000D_", "").chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '*' | '"' | '\'' => {}
            c if depth == 0 => key.push(c),
            _ => {}
        }
    }
    key
}

/// Whether the [`header_key`] of a text may begin with a character that `is_first` accepts; true where
/// only full folding could decide. Most texts of data rows fail this, and need not be folded.
pub fn may_begin(text: &str, is_first: impl Fn(char) -> bool) -> bool {
    let seen = text.chars().filter(|&c| !is_blank(c)).map(narrow).find(|c| !matches!(c, '*' | '"' | '\''));
    match seen {
        None | Some('(' | ')' | '_') => true,
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
