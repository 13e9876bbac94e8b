//! BIFF `.xls`: read whole, as there is no streaming reader for it.

use std::borrow::Cow;
use std::io::Cursor;

use calamine::{Data, Reader, SheetVisible, Xls, XlsError};
use memchr::memmem;

use super::cell::{Cell, Row, unprefixed};
use super::sniff::utf16;
use super::xlsx::Merges;
use super::{DecodeError, Event, FileNotes, Note};
use crate::finding;

/// Rows of a sheet.
const ROWS_MAX: u32 = 65_536;

/// Emits the rows of every visible sheet.
///
/// # Errors
/// `Truncated` when sectors are missing, `Encrypted`, and `Damaged` when records do not parse.
pub fn read(bytes: &[u8], each: &mut dyn FnMut(Event<'_>)) -> Result<FileNotes, DecodeError> {
    let cut = is_cut(bytes);
    let fault = |error: XlsError| match error {
        _ if cut => DecodeError::Truncated("sectors are missing".into()),
        XlsError::Password => DecodeError::Encrypted,
        // A container without a workbook's stream was written by another program.
        XlsError::Cfb(error) if error.to_string().starts_with("Cannot find") => {
            DecodeError::UnknownFormat("doc, ppt, wps".into())
        }
        error => DecodeError::Damaged(error.to_string()),
    };
    let mut book = Xls::new(Cursor::new(bytes)).map_err(fault)?;
    let mut notes = Vec::new();
    if cut {
        notes.push(Note::new(finding::FILE_TRUNCATED, "", "文件末尾缺失"));
    }
    if memmem::find(bytes, &utf16("_VBA_PROJECT")).is_some() {
        notes.push(Note::new(finding::MACRO, "", ""));
    }
    if book.has_1904_epoch() {
        notes.push(Note::new(finding::EPOCH_1904, "", ""));
    }
    let sheets: Vec<_> = book.sheets_metadata().to_vec();
    for sheet in sheets {
        if sheet.visible != SheetVisible::Visible {
            notes.push(Note::new(finding::SHEET_HIDDEN, &sheet.name, ""));
            continue;
        }
        let mut merges = Merges::new(book.merge_cells_by_sheet_name(&sheet.name).map_err(fault)?);
        each(Event::Sheet(&sheet.name));
        let range = book.worksheet_range(&sheet.name).map_err(fault)?;
        let Some((first_row, first_column)) = range.start() else { continue };
        let mut last_row = 0;
        for (index, cells) in range.rows().enumerate() {
            let mut row = Row {
                number: first_row + u32::try_from(index).unwrap_or(u32::MAX - first_row) + 1,
                cells: vec![Cell::Empty; first_column as usize],
            };
            row.cells.extend(cells.iter().map(cell));
            if !row.is_blank() {
                merges.fill(&mut row);
                last_row = row.number;
                each(Event::Row(&row));
            }
        }
        if last_row == ROWS_MAX {
            notes.push(Note::new(finding::ROW_LIMIT, &sheet.name, "").at_row(last_row));
        }
    }
    Ok(FileNotes { encoding: "", notes })
}

/// Whether the container's own table of sectors names sectors beyond the end of the file.
pub(super) fn is_cut(bytes: &[u8]) -> bool {
    const FREE: u32 = u32::MAX;
    let word =
        |at: usize| -> Option<u32> { Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?)) };
    let Some(shift) = bytes.get(30).filter(|shift| (7..=20).contains(*shift)) else { return true };
    let size = 1_usize << shift;
    let start = |sector: u32| (sector as usize + 1).checked_mul(size);
    let Some(tables) = word(44) else { return true };
    // The header names the first 109 sectors of the table. Files larger than 7 MB have more, but these
    // show a cut just as well.
    for table in 0..tables.min(109) {
        let Some(sector) = word(76 + 4 * table as usize) else { return true };
        let Some(at) = start(sector).filter(|at| at + size <= bytes.len()) else { return true };
        let entries = size / 4;
        let used = (0..entries).rev().find(|entry| word(at + 4 * entry) != Some(FREE));
        let Some(used) = used else { continue };
        let last = table as usize * entries + used;
        if (last + 2).checked_mul(size).is_none_or(|end| end > bytes.len()) {
            return true;
        }
    }
    false
}

fn cell(value: &Data) -> Cell<'_> {
    match value {
        Data::Empty => Cell::Empty,
        #[expect(clippy::cast_precision_loss, reason = "BIFF stores every number as f64")]
        Data::Int(number) => Cell::Number(*number as f64),
        Data::Float(number) => Cell::Number(*number),
        Data::Bool(value) => Cell::Bool(*value),
        Data::DateTime(when) => super::xlsx::date(when),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => {
            Cell::Text(Cow::Borrowed(unprefixed(text)))
        }
        Data::Error(error) => Cell::Error(error.to_string()),
    }
}
