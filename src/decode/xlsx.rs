//! `.xlsx`, streamed sheet by sheet.
//!
//! The zip is read to the end of every entry first: the XML reader stops at
//! `</worksheet>`, before the entry's checksum, and of 800 single-bit flips 88
//! gave wrong cells in silence until that was done. The same pass bounds what
//! the file can unpack to.

use std::borrow::Cow;
use std::io::{Cursor, Read};

use calamine::{DataRef, ExcelDateTime, Reader, SheetVisible, Xlsx};
use jiff::civil::Date;

use super::cell::{Cell, Row};
use super::{DecodeError, Event};

/// Bytes that all entries of one workbook may unpack to.
const UNPACKED_MAX: u64 = 512 << 20;
const ENTRIES_MAX: usize = 2_000;
/// The grid of a sheet.
const ROWS_MAX: u32 = 1_048_576;
const COLUMNS_MAX: u32 = 16_384;

/// Tells the rows of every visible sheet; returns the names of hidden ones.
///
/// # Errors
/// `Damaged` when an entry fails its checksum or the XML does not parse, `Limit` over the bounds.
pub fn read(bytes: &[u8], each: &mut dyn FnMut(Event<'_>)) -> Result<Vec<String>, DecodeError> {
    preflight(bytes)?;
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(damaged)?;
    let sheets: Vec<_> = book.sheets_metadata().to_vec();
    let mut hidden = Vec::new();
    for sheet in sheets {
        if sheet.visible != SheetVisible::Visible {
            hidden.push(sheet.name);
            continue;
        }
        each(Event::Sheet(&sheet.name));
        read_sheet(&mut book, &sheet.name, each)?;
    }
    Ok(hidden)
}

fn read_sheet(
    book: &mut Xlsx<Cursor<&[u8]>>,
    name: &str,
    each: &mut dyn FnMut(Event<'_>),
) -> Result<(), DecodeError> {
    let mut cells = match book.worksheet_cells_reader(name) {
        Ok(cells) => cells,
        // A chart sheet holds no cells.
        Err(calamine::XlsxError::NotAWorksheet(_)) => return Ok(()),
        Err(error) => return Err(damaged(error)),
    };
    let mut row = Row::default();
    while let Some(cell) = cells.next_cell_with_formula().map_err(damaged)? {
        let (index, column) = cell.pos;
        if index >= ROWS_MAX || column >= COLUMNS_MAX {
            return Err(DecodeError::Damaged("a cell lies outside the sheet".into()));
        }
        if index + 1 != row.number {
            tell(&row, each);
            row.cells.clear();
            row.number = index + 1;
        }
        let value = match &cell.value {
            DataRef::SharedString(text) => Cell::Text(Cow::Borrowed(*text)),
            // Written by a program that did not compute: the value is not in the file.
            DataRef::Empty if cell.formula.is_some() => Cell::Error("formula without a value".to_owned()),
            other => owned(other),
        };
        if value == Cell::Empty {
            continue;
        }
        let column = column as usize;
        if row.cells.len() <= column {
            row.cells.resize(column + 1, Cell::Empty);
        }
        row.cells[column] = value;
    }
    tell(&row, each);
    Ok(())
}

fn tell(row: &Row<'_>, each: &mut dyn FnMut(Event<'_>)) {
    if !row.is_blank() {
        each(Event::Row(row));
    }
}

fn owned(value: &DataRef<'_>) -> Cell<'static> {
    match value {
        DataRef::Empty => Cell::Empty,
        DataRef::SharedString(text) => Cell::Text(Cow::Owned((*text).to_owned())),
        #[expect(clippy::cast_precision_loss, reason = "xlsx stores every number as f64; this was one")]
        DataRef::Int(number) => Cell::Number(*number as f64),
        DataRef::Float(number) => Cell::Number(*number),
        DataRef::Bool(value) => Cell::Bool(*value),
        DataRef::DateTime(when) => date(when),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            Cell::Text(Cow::Owned(text.clone()))
        }
        DataRef::Error(error) => Cell::Error(error.to_string()),
    }
}

/// A date cell; what Excel formats as a date but is none stays a number.
pub(super) fn date(when: &ExcelDateTime) -> Cell<'static> {
    let (year, month, day, ..) = when.to_ymd_hms_milli();
    let date = i16::try_from(year)
        .ok()
        .and_then(|year| Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok());
    match date {
        Some(date) if when.is_datetime() => Cell::Date(date),
        _ => Cell::Number(when.as_f64()),
    }
}

fn damaged(error: impl std::fmt::Display) -> DecodeError {
    DecodeError::Damaged(error.to_string())
}

/// Reads every entry to its end: checksums, and a bound on what it unpacks to.
fn preflight(bytes: &[u8]) -> Result<(), DecodeError> {
    let mut archive = crate::sources::bundle::open(bytes).map_err(damaged)?;
    if archive.len() > ENTRIES_MAX {
        return Err(DecodeError::Limit(format!("{} zip entries", archive.len())));
    }
    let mut left = UNPACKED_MAX;
    let mut buffer = vec![0; 1 << 16];
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(damaged)?;
        loop {
            let read = entry.read(&mut buffer).map_err(damaged)?;
            if read == 0 {
                break;
            }
            left = left.checked_sub(read as u64).ok_or_else(|| {
                DecodeError::Limit(format!("unpacks to more than {} MB", UNPACKED_MAX >> 20))
            })?;
        }
    }
    Ok(())
}
