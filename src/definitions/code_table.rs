//! Code tables with validity: which code a cell means in which year.
//!
//! A cell may hold the code, the label, an alias, `code-label` or `label(code)`;
//! the same spelling may mean another code in another year.

use std::collections::BTreeMap;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// A code table as written in `pipelines/codes/<id>.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeTableDefinition {
    pub id: String,
    pub title_zh: String,
    pub source: String,
    pub status: Status,
    #[serde(rename = "code", default)]
    pub codes: Vec<Code>,
}

/// How certain a definition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Found,
    Inferred,
    Assumed,
}

impl Status {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Status::Found => "found",
            Status::Inferred => "inferred",
            Status::Assumed => "assumed",
        }
    }
}

/// One code.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    pub code: String,
    pub label: String,
    #[serde(default)]
    pub aliases: Vec<String>,
    pub first_year: Option<i32>,
    pub last_year: Option<i32>,
    /// The parent code: the class of a major, the city of a county.
    pub parent: Option<String>,
    pub status: Option<Status>,
}

impl Code {
    #[must_use]
    pub fn valid_in(&self, year: i32) -> bool {
        self.first_year.is_none_or(|first| first <= year) && self.last_year.is_none_or(|last| year <= last)
    }
}

/// A table ready for look-ups.
#[derive(Debug)]
pub struct CodeTable {
    pub id: String,
    pub title_zh: String,
    codes: Vec<Code>,
    /// Folded spellings, and the plain ones too as they are written, since most cells use those.
    spellings: HashMap<String, Vec<usize>>,
}

impl CodeTable {
    /// Checks that no spelling means two codes in one year.
    ///
    /// # Errors
    /// One sentence for each clash.
    pub fn new(definition: CodeTableDefinition) -> Result<Self, Vec<String>> {
        let mut spellings: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, code) in definition.codes.iter().enumerate() {
            let plain = [&code.code, &code.label].into_iter().chain(&code.aliases).map(|s| folded(s));
            let composed = [
                format!("{}-{}", code.code, code.label),
                format!("{} {}", code.code, code.label),
                format!("{}({})", code.label, code.code),
            ];
            let written = [&code.code, &code.label].into_iter().cloned();
            for spelling in plain.chain(composed.iter().map(|s| folded(s))).chain(written) {
                let known = spellings.entry(spelling).or_default();
                if !known.contains(&index) {
                    known.push(index);
                }
            }
        }
        let clashes = clashes(&definition.codes, &spellings);
        if !clashes.is_empty() {
            return Err(clashes);
        }
        Ok(CodeTable { id: definition.id, title_zh: definition.title_zh, codes: definition.codes, spellings })
    }

    /// The code that `text` means in `year`.
    #[must_use]
    pub fn look_up(&self, text: &str, year: i32) -> Option<&Code> {
        self.spelled(text).find(|code| code.valid_in(year))
    }

    /// The code that `text` means in any year, the one valid in `year` first.
    #[must_use]
    pub fn look_up_any_year(&self, text: &str, year: i32) -> Option<&Code> {
        self.look_up(text, year).or_else(|| self.spelled(text).next())
    }

    fn spelled(&self, text: &str) -> impl Iterator<Item = &Code> {
        let written = self.spellings.get(text).or_else(|| self.spellings.get(&folded(text)));
        written.into_iter().flatten().map(|&index| &self.codes[index])
    }

    #[must_use]
    pub fn codes(&self) -> &[Code] {
        &self.codes
    }

    /// The label that shares most characters with `text`. For questions, never for answers.
    #[must_use]
    pub fn nearest(&self, text: &str) -> Option<&Code> {
        let shared = |code: &&Code| text.chars().filter(|&c| code.label.contains(c)).count();
        self.codes.iter().max_by_key(shared).filter(|code| shared(code) > 0)
    }
}

fn clashes(codes: &[Code], spellings: &HashMap<String, Vec<usize>>) -> Vec<String> {
    let mut clashes = Vec::new();
    for (spelling, indices) in spellings {
        for (position, &a) in indices.iter().enumerate() {
            for &b in &indices[position + 1..] {
                if overlap(&codes[a], &codes[b]) {
                    clashes.push(format!(
                        "`{spelling}` means both {} and {} in one year",
                        codes[a].code, codes[b].code
                    ));
                }
            }
        }
    }
    clashes.sort();
    clashes
}

fn overlap(a: &Code, b: &Code) -> bool {
    let first = a.first_year.max(b.first_year).unwrap_or(i32::MIN);
    let last = a.last_year.unwrap_or(i32::MAX).min(b.last_year.unwrap_or(i32::MAX));
    first <= last
}

/// A spelling without meaningless differences: white space, width, kind of brackets and quotes, case.
#[must_use]
pub fn folded(text: &str) -> String {
    text.chars()
        .filter(|&c| !crate::decode::cell::is_blank(c))
        .map(narrow)
        .flat_map(char::to_uppercase)
        .collect()
}

/// The ASCII form of a full-width character, straight quotes for curly ones; any other character unchanged.
#[must_use]
pub fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        '“' | '”' | '「' | '」' => '"',
        '‘' | '’' => '\'',
        '—' | '–' => '-',
        '\u{3000}' => ' ',
        _ => c,
    }
}

/// Code tables by id.
pub type CodeTables = BTreeMap<String, CodeTable>;

#[cfg(test)]
mod tests {
    use super::*;

    fn table(toml: &str) -> Result<CodeTable, Vec<String>> {
        let head = "id = 't'\ntitle_zh = ''\nsource = ''\nstatus = 'found'\n";
        CodeTable::new(toml::from_str(&format!("{head}{toml}")).unwrap())
    }

    #[test]
    fn every_spelling_of_a_code_is_read() {
        let table = table("[[code]]\ncode='141002'\nlabel='尧都区'\naliases=['尧都']").unwrap();
        for text in ["141002", "尧都区", " 尧都 ", "141002-尧都区", "尧都区（141002）", "１４１００２"]
        {
            assert_eq!(table.look_up(text, 2024).map(|c| c.code.as_str()), Some("141002"), "{text}");
        }
        assert!(table.look_up("尧都区x", 2024).is_none());
    }

    #[test]
    fn a_title_means_the_code_of_its_years_catalogue() {
        let table = table(
            "[[code]]\ncode='090100'\nlabel='计算机应用'\nlast_year=2020\n[[code]]\ncode='710201'\nlabel='计算机应用'\nfirst_year=2021",
        )
        .unwrap();
        assert_eq!(table.look_up("计算机应用", 2020).unwrap().code, "090100");
        assert_eq!(table.look_up("计算机应用", 2021).unwrap().code, "710201");
        assert!(table.look_up("090100", 2022).is_none());
        assert_eq!(table.look_up_any_year("090100", 2022).unwrap().code, "090100");
    }

    #[test]
    fn a_spelling_with_two_meanings_in_one_year_is_refused() {
        let clash = table("[[code]]\ncode='1'\nlabel='男'\n[[code]]\ncode='2'\nlabel='女'\naliases=['男']");
        assert_eq!(clash.unwrap_err(), ["`男` means both 1 and 2 in one year"]);
    }
}
