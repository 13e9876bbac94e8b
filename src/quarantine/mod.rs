//! The quarantine: rows kept out and queries, each with an id, until they are corrected.
//!
//! A case is a row of a delivery that counts in the current release, with everything that keeps
//! it or a cell of it out; or a query about something that was loaded. The cells of rows are shown
//! only in the restricted correction sheets ([`sheets`]); everything else uses place and rule.
//! A clerk's answers come back by [`filled`] and are decisions from then on; their effect on a
//! release is the state of the case.

pub mod cases;

pub mod names;

pub mod in_sheet;

pub mod people;

pub mod sheets;

pub mod summary;

pub mod filled;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use crate::decisions::corrections::Kind;
use crate::period::ReportYear;
use crate::position::{Place, column_letters};
use crate::tables::parquet_file::TableFileError;

pub use cases::cases;
pub use names::Names;
pub use people::name_people;

/// The cases that are wanted; all of them by default.
#[derive(Debug, Clone, Default)]
pub struct CaseFilter {
    pub year: Option<ReportYear>,
    pub school: Option<String>,
    pub dataset: Option<String>,
    /// Whether rows come with their cells: for the restricted sheets, and for reading them back.
    pub cells: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum QuarantineError {
    #[error("`{}`: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Table(#[from] TableFileError),
}

/// The state of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Open,
    /// A correction was used, and the row is still kept out.
    StillWrong,
    /// Answered; the next run acts on it.
    Recorded,
    /// Answered, and applied in the release.
    Closed,
    /// Answered, but another delivery has replaced the one it is about.
    Lapsed,
}

impl State {
    /// Whether the case still has to be answered.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, State::Open | State::StillWrong)
    }
}

/// A person's answer to a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseAnswer {
    pub decision: u32,
    pub kind: Kind,
    pub by: String,
    pub at: String,
}

/// One fault of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub rule: String,
    /// The fault in Chinese, without personal values.
    pub message: String,
    pub remedy: String,
    /// From 1; 0 when the whole row is meant.
    pub column: u32,
    pub header: String,
}

/// A row that is kept out, or a query.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    pub id: String,
    pub report_year: ReportYear,
    pub dataset: String,
    /// Empty where the school is unknown.
    pub school_code: String,
    pub file: String,
    /// SHA-256 of the delivery; empty where a query is about none.
    pub sha256: String,
    pub sheet: String,
    /// 0 for a whole sheet, or no row at all.
    pub row: u32,
    pub problems: Vec<Problem>,
    /// A query: something that loaded, or is missing.
    pub is_query: bool,
    /// How many rows or places it represents.
    pub count: u64,
    /// The answers that are allowed.
    pub answers: Vec<Kind>,
    pub state: State,
    pub answer: Option<CaseAnswer>,
    /// The row as the run saw it. Personal: for the restricted sheets only.
    #[serde(skip)]
    pub cells: Vec<String>,
    /// Whom it is about: a name, for the restricted sheets only; empty where unknown.
    #[serde(skip)]
    pub person: String,
    #[serde(skip)]
    pub headers: Arc<Vec<String>>,
}

impl Case {
    /// `2024/students/甲.xlsx 工作表 sheet1 第 17 行`.
    #[must_use]
    pub fn place_text(&self) -> String {
        let mut text = self.file.clone();
        if !self.sheet.is_empty() {
            text += &format!(" 工作表 {}", self.sheet);
        }
        if self.row > 0 {
            text += &format!(" 第 {} 行", self.row);
        }
        text
    }

    /// `E-CELL、E-DATE`.
    #[must_use]
    pub fn rules(&self) -> String {
        self.distinct(|problem| problem.rule.clone(), "、")
    }

    /// `H 列（身份证件号）：证件号码位数或格式不对`.
    #[must_use]
    pub fn messages(&self) -> String {
        let message = |problem: &Problem| match problem.column {
            0 => problem.message.clone(),
            column => format!("{} 列（{}）：{}", column_letters(column), problem.header, problem.message),
        };
        self.distinct(message, "；")
    }

    #[must_use]
    pub fn remedies(&self) -> String {
        self.distinct(|problem| problem.remedy.clone(), "；")
    }

    fn distinct(&self, text: impl Fn(&Problem) -> String, between: &str) -> String {
        let mut texts: Vec<String> = Vec::new();
        for text in self.problems.iter().map(text) {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        texts.join(between)
    }

    /// The head above a cell in a sheet: the delivered text, or the column's letters.
    #[must_use]
    pub fn head(&self, index: usize) -> String {
        let header = self.headers.get(index).filter(|header| !header.is_empty());
        let letters = || format!("{} 列", column_letters(u32::try_from(index + 1).unwrap_or_default()));
        header.map_or_else(letters, |header| sheets::shown(header))
    }
}

/// The place of a case, for a record.
#[must_use]
pub fn place_of(case: &Case) -> Place {
    let first = case.problems.first();
    Place {
        file: case.file.clone(),
        sheet: case.sheet.clone(),
        row: case.row,
        column: first.map(|problem| problem.column).unwrap_or_default(),
        header: first.map(|problem| problem.header.clone()).unwrap_or_default(),
    }
}
