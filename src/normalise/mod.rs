//! Decoded rows → typed rows, or quarantine. Reads no files.
//!
//! Works row by row, while positions are known. Every physical row of a file ends
//! in exactly one of four places: loaded, quarantined, structural (title, header,
//! prompt, total, note, blank), or, once the table is put together, duplicate.
//! [`RowCounts::holds`] is asserted in release builds too.

pub mod identity;

pub mod binding;

pub mod alternatives;

pub mod text;

pub mod name;

pub mod totals;

pub mod stated_period;

pub mod cover;

pub mod rows;

pub mod form;

use std::borrow::Cow;
use std::collections::HashMap;

use arrow::array::RecordBatch;
use serde::{Deserialize, Serialize};

use crate::decode::{Cell, Row};
use crate::definitions::code_table::CodeTables;
use crate::delivery::RowCounts;
use crate::finding::{Finding, Rule, TAKES_CELL};
use binding::BindError;

/// What a normaliser needs besides the rows.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub codes: &'a CodeTables,
    pub key: &'a identity::PseudonymKey,
    /// GB/T 2260 code of the city; its counties are the regions with this parent.
    pub city_code: &'a str,
    /// The code of the residual, for schools under no county: counties and residual add up to the city.
    pub residual_code: &'a str,
}

/// Rejected rows with all their cells, one JSON object a line, for the restricted quarantine only.
/// Kept as bytes, as every row of a file may be among them, and up to a bound: rows beyond it are only
/// counted, and can be found in landing.
#[derive(Debug, Default)]
pub struct Rejects {
    lines: Vec<u8>,
    beyond: u64,
    /// The header of the rows to come, until the first of them is kept.
    header: Option<Vec<u8>>,
}

/// Bytes of rejected rows that are copied from one file.
const REJECTS_MAX: usize = 64 << 20;

/// One line of [`Rejects`]: a row, and the rule that keeps it, or a cell of it, out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reject<'a> {
    pub rule: Cow<'a, str>,
    pub sheet: Cow<'a, str>,
    pub row: u32,
    /// 0 when the whole row is meant.
    pub column: u32,
    /// Empty where no cell names the school.
    #[serde(default)]
    pub school: Cow<'a, str>,
    pub cells: Vec<Cow<'a, str>>,
}

/// A line of [`Rejects`] before the rows of a sheet: the header texts as delivered.
#[derive(Debug, Serialize, Deserialize)]
struct Header<'a> {
    header_of: Cow<'a, str>,
    headers: Vec<Cow<'a, str>>,
}

/// A rejected row that was read back, with its header.
#[derive(Debug, Clone)]
pub struct KeptRow {
    pub reject: Reject<'static>,
    pub headers: std::sync::Arc<Vec<String>>,
}

impl Rejects {
    /// Sets the headers of the rows to come.
    pub fn header(&mut self, sheet: &str, headers: &[String]) {
        let headers = headers.iter().map(|text| Cow::Borrowed(text.as_str())).collect();
        // Texts always serialise.
        self.header = serde_json::to_vec(&Header { header_of: sheet.into(), headers }).ok();
    }

    /// The rows to come have no headers.
    pub fn no_header(&mut self, sheet: &str) {
        self.header(sheet, &[]);
    }

    /// The rows in the output of [`Rejects::into_lines`], in order; lines of older programs are read too.
    #[must_use]
    pub fn read(lines: &[u8]) -> Vec<KeptRow> {
        let mut headers = std::sync::Arc::new(Vec::new());
        let mut rows = Vec::new();
        for line in lines.split(|&byte| byte == b'\n') {
            if let Ok(header) = serde_json::from_slice::<Header<'static>>(line) {
                headers = std::sync::Arc::new(header.headers.into_iter().map(Cow::into_owned).collect());
            } else if let Ok(reject) = serde_json::from_slice::<Reject<'static>>(line) {
                rows.push(KeptRow { reject, headers: std::sync::Arc::clone(&headers) });
            }
        }
        rows
    }

    /// Sheet and row of every row that is kept out; rows that count without one of their cells are not.
    #[must_use]
    pub fn places(&self) -> std::collections::BTreeSet<(String, u32)> {
        let rows = Rejects::read(&self.lines).into_iter();
        let is_out = |kept: &KeptRow| TAKES_CELL.iter().all(|rule| rule.id != kept.reject.rule);
        rows.filter(is_out).map(|kept| (kept.reject.sheet.into_owned(), kept.reject.row)).collect()
    }

    /// Adds a row that `rule` keeps out, or a row with a cell that it keeps out.
    pub fn push(&mut self, rule: &Rule, sheet: &str, row: &Row<'_>, column: u32, school: &str) {
        let bytes: usize = row.cells.iter().map(|cell| cell.text().len()).sum();
        if self.lines.len() + bytes > REJECTS_MAX {
            self.beyond += 1;
            return;
        }
        if let Some(header) = self.header.take() {
            self.lines.extend(header);
            self.lines.push(b'\n');
        }
        let cells = row.cells.iter().map(Cell::text).collect();
        let reject = Reject {
            rule: rule.id.into(),
            sheet: sheet.into(),
            row: row.number,
            column,
            school: school.into(),
            cells,
        };
        // Texts and numbers always serialise, and writing to memory does not fail.
        let _ = serde_json::to_writer(&mut self.lines, &reject);
        self.lines.push(b'\n');
    }

    #[must_use]
    pub fn into_lines(mut self) -> Vec<u8> {
        if self.beyond > 0 {
            self.lines.extend(format!("{{\"rows_beyond\":{}}}\n", self.beyond).into_bytes());
        }
        self.lines
    }
}

/// A delivered file, normalised.
#[derive(Debug)]
pub struct Normalised {
    /// Rows of the dataset's table, with the staging columns; without those already handed on.
    pub rows: RecordBatch,
    /// Pseudonym and person, for the identity map; no rows for datasets without people.
    pub people: People,
    pub rejects: Rejects,
    /// Findings without the name of the file, which may be renamed.
    pub findings: Vec<Finding>,
    pub counts: RowCounts,
    /// The quarantined rows that a named person gave up.
    pub given_up: u64,
}

/// Pseudonyms and the persons that they represent, one JSON object a line, for the identity map.
#[derive(Debug, Default)]
pub struct People {
    lines: Vec<u8>,
    count: usize,
    /// Persons whose number ends in 000.
    ends_000: usize,
}

/// One line of [`People`].
#[derive(Serialize)]
struct Person<'a> {
    key: &'a str,
    id_number: &'a str,
    name: &'a str,
}

/// The names in the lines of [`People`], by pseudonym: all of them where one has several.
#[must_use]
pub fn names_of_people(lines: &[u8]) -> HashMap<String, String> {
    #[derive(Deserialize)]
    struct Named {
        key: String,
        name: String,
    }
    let mut names: HashMap<String, String> = HashMap::new();
    for Named { key, name } in
        lines.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok())
    {
        match names.get_mut(&key) {
            Some(known) if known.split('、').any(|known| known == name) => {}
            Some(known) if !known.is_empty() => *known += &format!("、{name}"),
            _ => drop(names.insert(key, name)),
        }
    }
    names
}

impl People {
    pub fn push(&mut self, key: &str, id_number: &str, name: &str) {
        self.count += 1;
        self.ends_000 += usize::from(id_number.ends_with("000"));
        // Texts always serialise, and writing to memory does not fail.
        let _ = serde_json::to_writer(&mut self.lines, &Person { key, id_number, name });
        self.lines.push(b'\n');
    }

    /// Whether so many numbers end in 000 that a spreadsheet must have rounded them: by chance one in
    /// a thousand does.
    fn are_mangled(&self) -> bool {
        self.ends_000 >= 5 && self.ends_000 * 200 > self.count
    }

    #[must_use]
    pub fn into_lines(self) -> Vec<u8> {
        self.lines
    }
}

/// The reason why no row of a file could be used.
#[derive(Debug)]
pub enum Unusable {
    /// No sheet has a header that fits; with the first rows, to find a dataset that they do fit.
    Header { error: BindError, head: Vec<Row<'static>> },
    /// A form without its school, or without its tables.
    Form(String),
    /// All rows belong to another report year.
    Period,
    /// So many identity numbers end in 000 that a spreadsheet must have rounded them: the check digit
    /// misses one case in eleven, and people would be merged.
    Mangled,
    /// A header and nothing under it: it names no school, and must not be mistaken for zeros.
    Empty,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding;

    #[test]
    fn kept_rows_are_read_back_under_their_own_headers() {
        let mut rejects = Rejects::default();
        let row = |number, texts: &[&str]| Row {
            number,
            cells: texts.iter().map(|text| Cell::Text((*text).to_owned().into())).collect(),
        };
        rejects.header("甲", &["姓名".to_owned(), "证件号".to_owned()]);
        rejects.push(finding::ROW_ID_FORMAT, "甲", &row(4, &["张", "1"]), 2, "3614000001");
        rejects.push(finding::CELL_BAD, "甲", &row(5, &["王", "x"]), 2, "3614000001");
        // A sheet without kept rows has no header among the lines.
        rejects.header("乙", &["其他".to_owned()]);
        rejects.no_header("丙");
        rejects.push(finding::HEADER_UNKNOWN, "丙", &row(1, &["注"]), 0, "");
        assert_eq!(rejects.places(), [("丙".to_owned(), 1), ("甲".to_owned(), 4)].into());
        let mut lines = rejects.into_lines();
        let old =
            "{\"rule\":\"E-DATE\",\"sheet\":\"\",\"row\":9,\"column\":1,\"cells\":[]}\n{\"rows_beyond\":3}\n";
        lines.extend(old.as_bytes());
        let read = Rejects::read(&lines);
        let rows: Vec<(u32, usize, &str, &str)> = read
            .iter()
            .map(|kept| (kept.reject.row, kept.headers.len(), &*kept.reject.rule, &*kept.reject.school))
            .collect();
        assert_eq!(
            rows,
            [
                (4, 2, "E-ID-FORMAT", "3614000001"),
                (5, 2, "E-CELL", "3614000001"),
                (1, 0, "E-HDR-UNKNOWN", ""),
                (9, 0, "E-DATE", "")
            ]
        );
    }
}
