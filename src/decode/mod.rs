//! Bytes → rows of text cells with positions. The content decides the format, never the name.
//!
//! Nothing is inferred here: a cell is text, a number, a date or an error as its
//! file says; what it should have been is the contract's business. Rows are
//! streamed, except from BIFF8 `.xls`, which has no streaming reader and is read whole.

pub mod cell;

pub mod sniff;

mod preflight;

mod printed;

mod respell;

pub mod paging;

pub mod xlsx;

pub mod xls;

mod unlock;

pub mod html;

pub mod text;

pub mod json;

pub mod worker;

use serde::{Deserialize, Serialize};

use crate::finding::{self, Rule};
use crate::sources::bundle::{BundleError, UNPACKED_MAX};

pub use cell::{Cell, Row};
pub use sniff::Format;
pub(crate) use text::LINE_MAX;

/// The format of a file, once decoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decoded {
    pub format: Format,
    /// `utf-8`, `gb18030`, …; empty for binary formats.
    pub encoding: String,
    /// Doubts raised by the format itself, whatever the rows contain.
    pub notes: Vec<Note>,
}

/// Something a decoder noticed. It becomes a finding, whose rule says what follows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Id of a rule of [`crate::finding`].
    pub rule: String,
    /// Empty where a format has no sheets, or the whole file is meant.
    pub sheet: String,
    /// Physical row; 0 for the whole sheet.
    pub row: u32,
    /// Never a delivered value: anyone may see it.
    pub detail: String,
}

impl Note {
    /// A note on a whole sheet, or on the file where `sheet` is empty.
    #[must_use]
    pub fn new(rule: &Rule, sheet: &str, detail: &str) -> Self {
        Note { rule: rule.id.to_owned(), sheet: sheet.to_owned(), row: 0, detail: detail.to_owned() }
    }

    #[must_use]
    pub fn at_row(self, row: u32) -> Self {
        Note { row, ..self }
    }
}

/// The number of rows or cells with some peculiarity, and the row of the first: one note reports them.
#[derive(Debug, Default)]
pub(crate) struct Occurrences {
    count: u64,
    first: u32,
}

impl Occurrences {
    pub(crate) fn at(&mut self, row: u32) {
        if self.count == 0 {
            self.first = row;
        }
        self.count += 1;
    }

    fn note(&self, rule: &Rule, sheet: &str, counted: &str) -> Option<Note> {
        let note = || Note::new(rule, sheet, &format!("共 {} {counted}", self.count)).at_row(self.first);
        (self.count > 0).then(note)
    }
}

/// What the reader of a format reports besides the rows.
#[derive(Debug, Default)]
pub struct FileNotes {
    pub encoding: &'static str,
    pub notes: Vec<Note>,
}

/// What of a file is more than is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Limit {
    /// Bytes once unpacked, as far as they are known, and the most that a setting allows.
    Unpacked {
        size: u64,
        most: u64,
    },
    /// Entries of a zip.
    Entries(u64),
    Rows,
    Columns,
    /// Bytes of a cell, or of a line of text.
    Cell,
    /// Bytes of a row.
    Row,
    /// Bytes of all rows together.
    AllRows,
}

/// The reason why a file gives no rows.
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
    #[error("over the limit: {0:?}")]
    Limit(Limit),
    /// A header and nothing under it, in a format that states this itself.
    #[error("no rows")]
    NoRows,
    #[error("no encoding fits: {0}")]
    Encoding(String),
    #[error("not an encoding that is read: {0}")]
    OtherEncoding(String),
    #[error("no known delimiter")]
    Dialect,
    #[error("locked with a password")]
    Encrypted,
    #[error("encrypted by a program against leaks")]
    Protected,
    #[error("no pattern in its bytes")]
    Noise,
    #[error("two sheets have one name")]
    SheetTwice(String),
    #[error("unpacks to far more than its size")]
    Ratio,
    #[error("an entry fails its checksum")]
    Checksum,
    #[error("two entries have one name")]
    Twice,
    #[error("a cell lies outside the sheet")]
    Grid,
    /// A workbook that claims more than it can hold, or spreads what it holds too far.
    #[error("over the limit of a workbook: {0}")]
    Workbook(String),
    #[error("entities are declared")]
    Entities,
    /// A cell whose value is not of its declared type: the cell after this one.
    #[error("a cell that does not parse, after row {row} column {column} of a sheet")]
    Cell { sheet: String, row: u32, column: u32 },
    #[error("does not parse at {line}:{column}")]
    Syntax { line: u64, column: u64 },
    #[error("its reader died: {0:?}")]
    ReaderDied(worker::Death),
}

/// Something read from a file, in file order.
#[derive(Debug)]
pub enum Event<'a> {
    /// The following rows belong to this sheet; the name is empty where a format has none.
    Sheet(&'a str),
    /// A row that is not blank. Blank rows are skipped: their numbers are missing.
    Row(&'a Row<'a>),
    /// A row that could not be split into cells.
    BadRow { number: u32, problem: RowProblem },
}

impl From<BundleError> for DecodeError {
    fn from(error: BundleError) -> Self {
        match error {
            BundleError::Truncated => DecodeError::Truncated("the end of the zip is missing".into()),
            BundleError::Damaged(what) => DecodeError::Damaged(what),
            BundleError::Checksum => DecodeError::Checksum,
            BundleError::Unpacked { size, most } => DecodeError::Limit(Limit::Unpacked { size, most }),
            BundleError::Entries(count) => DecodeError::Limit(Limit::Entries(count as u64)),
            BundleError::Ratio => DecodeError::Ratio,
            BundleError::Twice => DecodeError::Twice,
            BundleError::Encrypted => DecodeError::Encrypted,
            BundleError::Method => DecodeError::UnknownFormat("zip".into()),
        }
    }
}

/// The reason why a row could not be split into cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RowProblem {
    UnclosedQuote,
    /// The file ends inside the row.
    CutShort,
    /// The same name twice in an object: readers differ in which value they take.
    KeyTwice,
    /// Something other than an object.
    NotAnObject,
}

impl RowProblem {
    #[must_use]
    pub fn rule(self) -> &'static Rule {
        match self {
            RowProblem::UnclosedQuote => finding::ROW_QUOTE,
            RowProblem::CutShort => finding::FILE_TRUNCATED,
            RowProblem::KeyTwice => finding::ROW_KEY_TWICE,
            RowProblem::NotAnObject => finding::ROW_NO_OBJECT,
        }
    }
}

/// How the number cells of a workbook are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Numbers {
    /// As the file stores them: 92.8.
    #[default]
    Stored,
    /// As text, by the format of their cell: 92.80. `.xls` is read as stored: its reader has no formats.
    Printed,
}

/// Reads `bytes` to their end and passes every row to `each`, in order.
///
/// # Errors
/// [`DecodeError`] when the content is not a readable table file. Rows passed before
/// the error must be thrown away: a file that does not read to its end gives none.
pub fn decode(bytes: &[u8], each: &mut dyn FnMut(Event<'_>)) -> Result<Decoded, DecodeError> {
    decode_with(bytes, Numbers::Stored, UNPACKED_MAX, each)
}

/// Like [`decode`], with number cells as is asked, for workbooks that unpack to no more than `unpacked_max` bytes.
///
/// # Errors
/// Those of [`decode`].
pub fn decode_with(
    bytes: &[u8],
    numbers: Numbers,
    unpacked_max: u64,
    each: &mut dyn FnMut(Event<'_>),
) -> Result<Decoded, DecodeError> {
    let read = |bytes: &[u8], each: &mut dyn FnMut(Event<'_>)| {
        let format = sniff::sniff(bytes)?;
        let notes = read_as(format, bytes, (numbers, unpacked_max), each)?;
        Ok(Decoded { format, encoding: notes.encoding.to_owned(), notes: notes.notes })
    };
    // A file cut short makes the BIFF reader panic: that is one damaged file, not the end of a run.
    let is_container = sniff::is_container(bytes);
    let decoded = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let unlocked = if is_container { unlock::unlocked(bytes)? } else { None };
        read(unlocked.as_deref().unwrap_or(bytes), each)
    }));
    decoded.unwrap_or_else(|_| {
        Err(if is_container && xls::is_cut(bytes) {
            DecodeError::Truncated("sectors are missing".into())
        } else {
            DecodeError::Damaged("the reader of this format gave up".into())
        })
    })
}

fn read_as(
    format: Format,
    bytes: &[u8],
    (numbers, unpacked_max): (Numbers, u64),
    each: &mut dyn FnMut(Event<'_>),
) -> Result<FileNotes, DecodeError> {
    match format {
        Format::Xlsx => xlsx::read(bytes, (numbers, unpacked_max), each),
        Format::Xls => xls::read(bytes, each),
        Format::Html => html::read(bytes, each),
        Format::Text => text::read(bytes, each),
        Format::Json => json::read(bytes, each),
        Format::Zip => Err(DecodeError::UnknownFormat("a bundle inside a bundle".into())),
    }
}

/// Rows of a text file: four times those of a spreadsheet, and a hundred times those of a city. It
/// bounds files that are not tables at all, and are kept aside row by row.
pub const ROWS_MAX: u32 = 1 << 22;
/// Columns that a row may have: those of a spreadsheet. The widest export seen has 104.
pub const COLUMNS_MAX: usize = 16_384;
