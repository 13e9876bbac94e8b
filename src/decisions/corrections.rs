//! Decisions about single rows of a delivery: corrected, given up, or confirmed as they are.
//!
//! The record is in the ledger, which everyone in the bureau may read: it names the place and the
//! rule. The corrected cells, which may be a person's number, are in the restricted quarantine, under
//! a keyed digest of themselves. Delivered bytes are never edited: a run reads them as they came and
//! puts the corrected cells in the row before it is normalised, so the row goes through the
//! same contract and keeps its place. A correction holds for the bytes of that one delivery.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use serde::{Deserialize, Serialize};

use super::{DecisionError, Override};
use crate::decode::{Cell, Row};
use crate::finding::{self, RowAnswers};
use crate::normalise::identity::PseudonymKey;
use crate::period::ReportYear;
use crate::position::Place;
use crate::warehouse::files::{self, Access};
use crate::warehouse::layout::DataRoot;

/// The kinds of decisions about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Some of its cells differ from those delivered.
    Corrected,
    /// It stays out, or the cell stays empty, and is not asked about again.
    GivenUp,
    /// The content that a query doubts is true.
    Confirmed,
}

impl Kind {
    /// The word that a clerk writes for it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Kind::Corrected => "更正",
            Kind::GivenUp => "放弃",
            Kind::Confirmed => "属实",
        }
    }

    #[must_use]
    pub fn labelled(text: &str) -> Option<Kind> {
        [Kind::Corrected, Kind::GivenUp, Kind::Confirmed].into_iter().find(|kind| kind.label() == text)
    }

    /// The rule that a decision of the kind is recorded under.
    #[must_use]
    pub fn rule(self) -> &'static str {
        match self {
            Kind::Corrected => finding::ROW_CORRECTED.id,
            Kind::GivenUp => finding::ROW_GIVEN_UP.id,
            Kind::Confirmed => finding::QUERY_CONFIRMED.id,
        }
    }
}

/// The row that a decision is about, without its cells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// The id under which the row was listed.
    pub case: String,
    pub kind: Kind,
    pub dataset: String,
    /// Empty where the row's school is unknown.
    pub school_code: String,
    pub place: Place,
    /// The rule that took the row out, or asked about it.
    pub rule: String,
    /// The name that the corrected cells are kept under; empty where there are none.
    pub cells: String,
}

/// A cell of a row as delivered, and as corrected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// From 1.
    pub column: u32,
    pub was: String,
    pub now: String,
}

/// A delivery: year, dataset, SHA-256 of its bytes.
pub type FileKey = (ReportYear, String, String);

/// A row that is corrected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectedRow {
    pub changes: Vec<Change>,
    pub school_code: String,
    /// The decision, for messages: who, and its number.
    pub words: String,
}

/// The decisions about the rows of one delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileCorrections {
    /// By sheet and row.
    pub rows: BTreeMap<(String, u32), CorrectedRow>,
    pub answers: RowAnswers,
    /// Keyed digest over all of it; it is part of the fragment's key.
    pub digest: String,
}

/// The id of a row of a delivery, short enough to type: `R3fa9c1d207`.
#[must_use]
pub fn row_id(key: &FileKey, sheet: &str, row: u32) -> String {
    let (year, dataset, sha256) = key;
    format!("R{}", &files::sha256(format!("{year}|{dataset}|{sha256}|{sheet}|{row}").as_bytes())[..10])
}

/// The id of a query about a row of a delivery: `Q09be71f5aa`.
#[must_use]
pub fn query_id(key: &FileKey, rule: &str, place: &Place) -> String {
    let (year, dataset, sha256) = key;
    let Place { sheet, row, column, .. } = place;
    let text = format!("{year}|{dataset}|{sha256}|{sheet}|{row}|{rule}|{column}");
    format!("Q{}", &files::sha256(text.as_bytes())[..10])
}

/// The newest of `decisions` on each row, by the row's id.
#[must_use]
pub fn newest<'a>(
    decisions: impl IntoIterator<Item = &'a Override>,
) -> BTreeMap<&'a str, (&'a Override, &'a Correction)> {
    let about_rows =
        decisions.into_iter().filter_map(|decision| Some((decision, decision.correction.as_ref()?)));
    about_rows.map(|(decision, correction)| (correction.case.as_str(), (decision, correction))).collect()
}

/// The decisions that apply to the rows of each delivery.
///
/// # Errors
/// When the cells of a correction are gone or damaged: a decision is never passed over.
pub fn by_file(
    data: &DataRoot,
    key: &PseudonymKey,
    decisions: &[Override],
) -> Result<BTreeMap<FileKey, FileCorrections>, DecisionError> {
    let mut files: BTreeMap<FileKey, FileCorrections> = BTreeMap::new();
    for (decision, correction) in newest(decisions).into_values() {
        let file = (decision.report_year, correction.dataset.clone(), decision.value.clone());
        let corrections = files.entry(file).or_default();
        let Place { sheet, row, column, .. } = &correction.place;
        let label = correction.kind.label();
        let words = format!("（{}：{label}，第 {} 号决定）", decision.who, decision.id);
        corrections.digest += &format!("{} {words} {label} {}\n", correction.case, correction.cells);
        match correction.kind {
            Kind::Corrected => {
                let changes = read_cells(data, key, correction)?;
                let school_code = correction.school_code.clone();
                corrections.rows.insert((sheet.clone(), *row), CorrectedRow { changes, school_code, words });
            }
            Kind::GivenUp => {
                corrections.answers.given_up.insert((sheet.clone(), *row), words);
            }
            Kind::Confirmed => {
                let rule = correction.rule.clone();
                corrections.answers.confirmed.insert((rule, sheet.clone(), *row, *column), words);
            }
        }
    }
    for corrections in files.values_mut() {
        corrections.digest = key.pseudonym("corrections|v1|", &corrections.digest);
    }
    Ok(files)
}

/// The row with its corrected cells; `None` where the row is not the one that was corrected.
#[must_use]
pub fn mended(row: &Row<'_>, changes: &[Change]) -> Option<Row<'static>> {
    let mut row = row.to_owned_row();
    for change in changes {
        let index = usize::try_from(change.column).ok()?.checked_sub(1)?;
        if row.cells.len() <= index {
            row.cells.resize(index + 1, Cell::Empty);
        }
        if row.cells[index].text() != change.was {
            return None;
        }
        row.cells[index] =
            if change.now.is_empty() { Cell::Empty } else { Cell::Text(change.now.clone().into()) };
    }
    Some(row)
}

fn cells_name(key: &PseudonymKey, case: &str, bytes: &[u8]) -> String {
    key.pseudonym("correction|v1|", &format!("{case}|{}", String::from_utf8_lossy(bytes)))
}

/// Keeps the corrected cells of a row, and returns the name that they are kept under.
///
/// # Errors
/// When the file system fails.
pub fn keep_cells(data: &DataRoot, key: &PseudonymKey, case: &str, changes: &[Change]) -> io::Result<String> {
    let bytes = serde_json::to_vec(changes).map_err(io::Error::other)?;
    let name = cells_name(key, case, &bytes);
    files::write_whole(&data.correction(&name), &bytes, Access::Restricted)?;
    Ok(name)
}

/// Reads the corrected cells of a row.
///
/// # Errors
/// When they cannot be read, or were changed.
pub fn read_cells(
    data: &DataRoot,
    key: &PseudonymKey,
    correction: &Correction,
) -> Result<Vec<Change>, DecisionError> {
    let path = data.correction(&correction.cells);
    let bytes = fs::read(&path).map_err(|source| DecisionError::Io { path: path.clone(), source })?;
    let damaged = || DecisionError::Damaged { path: path.clone(), message: "it was changed".to_owned() };
    if cells_name(key, &correction.case, &bytes) != correction.cells {
        return Err(damaged());
    }
    // A parser's message may quote a cell.
    serde_json::from_slice(&bytes).map_err(|_| damaged())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(column: u32, was: &str, now: &str) -> Change {
        Change { column, was: was.into(), now: now.into() }
    }

    fn decision(id: u32, kind: Kind, case: &str, row: u32, cells: &str) -> Override {
        let place = Place { sheet: "s".into(), row, column: 2, ..Place::default() };
        Override {
            format: 3,
            id,
            report_year: 2024,
            rule: kind.rule().into(),
            key: "2024/students/a.csv".into(),
            value: "ab".repeat(32),
            who: "李老师".into(),
            when: "2024-10-08T09:00:00+08:00".into(),
            reason: kind.label().into(),
            withdraws: None,
            about: None,
            correction: Some(Correction {
                case: case.into(),
                kind,
                dataset: "students".into(),
                school_code: "3614000001".into(),
                place,
                rule: "E-ID-FORMAT".into(),
                cells: cells.into(),
            }),
            origin: None,
        }
    }

    #[test]
    fn only_the_row_that_was_corrected_is_mended() {
        let text = |text: &str| Cell::Text(text.to_owned().into());
        let row = Row { number: 4, cells: vec![text(" 甲"), Cell::Number(12.0)] };
        let corrected = mended(&row, &[change(2, "12", "13"), change(4, "", "x")]).unwrap();
        assert_eq!(corrected.cells, [text(" 甲"), text("13"), Cell::Empty, text("x")]);
        assert_eq!(mended(&row, &[change(1, "甲", "")]).unwrap().cells[0], Cell::Empty);
        assert_eq!(mended(&row, &[change(2, "12", "13"), change(1, "乙", "丙")]), None);
    }

    #[test]
    fn the_newest_word_on_a_row_holds_and_its_cells_are_checked() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataRoot::new(folder.path());
        let key = PseudonymKey::new(&[7; 32]);
        let cells = keep_cells(&data, &key, "R1", &[change(2, "1", "2")]).unwrap();
        let all = [
            decision(1, Kind::GivenUp, "R1", 4, ""),
            decision(2, Kind::Corrected, "R1", 4, &cells),
            decision(3, Kind::Confirmed, "Q1", 5, ""),
        ];
        let files = by_file(&data, &key, &all).unwrap();
        let corrections = &files[&(2024, "students".into(), "ab".repeat(32))];
        assert_eq!(corrections.rows[&("s".to_owned(), 4)].changes, [change(2, "1", "2")]);
        assert!(corrections.answers.given_up.is_empty());
        assert_eq!(corrections.answers.confirmed.len(), 1);
        let other = by_file(&data, &key, &all[..2]).unwrap();
        assert_ne!(corrections.digest, other.values().next().unwrap().digest);
        fs::write(data.correction(&cells), "[]").unwrap();
        assert!(matches!(by_file(&data, &key, &all), Err(DecisionError::Damaged { .. })));
        fs::remove_file(data.correction(&cells)).unwrap();
        assert!(matches!(by_file(&data, &key, &all), Err(DecisionError::Io { .. })));
    }
}
