//! Bytes → rows of text cells with positions. The content decides the format, never the name.
//!
//! Nothing is inferred here: a cell is text, a number, a date or an error as its
//! file says, and it is the contract that knows what it should have been. Rows
//! are streamed; only BIFF8 `.xls` has no streaming reader and is read whole.

pub mod cell;

pub mod sniff;

pub mod xlsx;

pub mod xls;

pub mod html;

pub mod text;

pub mod worker;

use serde::{Deserialize, Serialize};

use crate::finding::{self, Rule};

pub use cell::{Cell, Row};
pub use sniff::Format;

/// What a file was, once decoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decoded {
    pub format: Format,
    /// `utf-8`, `gb18030`, …; empty for binary formats.
    pub encoding: String,
    /// What the format itself shows to be doubtful, whatever the rows say.
    pub notes: Vec<Note>,
}

/// Something a decoder noticed: it becomes a finding, whose rule says what follows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Id of a rule of [`crate::finding`].
    pub rule: String,
    /// Empty where a format has no sheets, or the whole file is meant.
    pub sheet: String,
    /// Physical row; 0 for the whole sheet.
    pub row: u32,
    /// Never a delivered value: it is told to everybody.
    pub detail: String,
}

impl Note {
    /// A note on a whole sheet, or on the file where `sheet` is empty.
    #[must_use]
    pub fn new(rule: &Rule, sheet: &str, detail: &str) -> Self {
        Note { rule: rule.id.to_owned(), sheet: sheet.to_owned(), row: 0, detail: detail.to_owned() }
    }
}

/// Why a file gives no rows.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq, Serialize, Deserialize)]
pub enum DecodeError {
    #[error("the file is empty")]
    Empty,
    #[error("unknown format: {0}")]
    UnknownFormat(String),
    #[error("damaged: {0}")]
    Damaged(String),
    #[error("no data table in the page")]
    NotData,
    #[error("cut short: {0}")]
    Truncated(String),
    #[error("over the limit: {0}")]
    Limit(String),
    #[error("its reader died: {0:?}")]
    ReaderDied(worker::Death),
}

/// Something met while reading, in file order.
#[derive(Debug)]
pub enum Event<'a> {
    /// The rows that follow are of this sheet; the name is empty where a format has none.
    Sheet(&'a str),
    /// A row that holds something. Blank rows are not told: their numbers are missing.
    Row(&'a Row<'a>),
    /// A row that could not be split into cells.
    BadRow { number: u32, problem: RowProblem },
}

/// Why a row of a text file could not be split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RowProblem {
    UnclosedQuote,
}

/// Reads `bytes` to their end and tells every row to `each`, in order.
///
/// # Errors
/// [`DecodeError`] when the content is no readable table file. Rows told before
/// the error must be thrown away: a file that does not read to its end gives none.
pub fn decode(bytes: &[u8], each: &mut dyn FnMut(Event<'_>)) -> Result<Decoded, DecodeError> {
    let format = sniff::sniff(bytes)?;
    // A file cut short makes the BIFF reader panic: that is one damaged file, not the end of a run.
    let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| read_as(format, bytes, each)));
    read.unwrap_or_else(|_| Err(DecodeError::Damaged("the reader of this format gave up".into())))
}

fn read_as(format: Format, bytes: &[u8], each: &mut dyn FnMut(Event<'_>)) -> Result<Decoded, DecodeError> {
    let mut encoding = "";
    let mut hidden = Vec::new();
    match format {
        Format::Xlsx => hidden = xlsx::read(bytes, each)?,
        Format::Xls => hidden = xls::read(bytes, each)?,
        Format::Html => encoding = html::read(bytes, each)?,
        Format::Text => encoding = text::read(bytes, each)?,
        Format::Zip => return Err(DecodeError::UnknownFormat("a bundle inside a bundle".into())),
    }
    let notes = hidden.iter().map(|sheet| Note::new(finding::SHEET_HIDDEN, sheet, "")).collect();
    Ok(Decoded { format, encoding: encoding.to_owned(), notes })
}
