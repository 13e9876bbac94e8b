//! `.xlsx`, streamed sheet by sheet.
//!
//! [`preflight`] reads every entry of the zip to its end first, and refuses what is harmful before a
//! parser sees it.

use std::borrow::Cow;
use std::io::Cursor;

use calamine::{DataRef, Dimensions, ExcelDateTime, Reader, SheetVisible, StyleRange, Xlsx};
use jiff::civil::Date;

use super::cell::{Cell, NO_RESULT, Row, day_meant, unprefixed};
use super::preflight::{self, Preflight, Spelling};
use super::respell;
use super::text::LINE_MAX;
use super::{COLUMNS_MAX, DecodeError, Event, FileNotes, Limit, Note, Numbers, Occurrences, printed};
use crate::finding;

/// Rows of a sheet.
const ROWS_MAX: u32 = 1_048_576;
/// Cells, filled or empty, up to which [`SPREAD_RATIO`] is not applied: a cell in the last column of
/// every row would cost a minute.
const SPREAD_MAX: u64 = 100_000_000;
const SPREAD_RATIO: u64 = 100;

/// Emits the rows of every visible sheet.
///
/// # Errors
/// Those of [`preflight`]; `Cell` when a cell does not parse, `Damaged` when the XML does not.
pub fn read(
    bytes: &[u8],
    (numbers, unpacked_max): (Numbers, u64),
    each: &mut dyn FnMut(Event<'_>),
) -> Result<FileNotes, DecodeError> {
    let mut found = preflight::look_through(bytes, unpacked_max)?;
    let is_odd = found.spelling == Spelling::Odd;
    let respelt = if is_odd { Some(respell::respell(bytes, unpacked_max)?) } else { None };
    if let Some(respelt) = &respelt {
        let Preflight { macros, links, .. } = found;
        found = Preflight { macros, links, ..preflight::look_through(respelt, u64::MAX)? };
    }
    let bytes = respelt.as_deref().unwrap_or(bytes);
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(damaged)?;
    let mut notes = notes(&found, book.has_1904_epoch());
    let sheets: Vec<_> = book.sheets_metadata().to_vec();
    // The reader treats a workbook whose list of sheets is not found as one without sheets.
    if sheets.is_empty() {
        return Err(damaged("no sheets"));
    }
    // They are read by their names.
    for (index, sheet) in sheets.iter().enumerate() {
        if sheets[..index].iter().any(|other| other.name == sheet.name) {
            return Err(DecodeError::SheetTwice(sheet.name.clone()));
        }
    }
    for sheet in sheets {
        if sheet.visible != SheetVisible::Visible {
            notes.push(Note::new(finding::SHEET_HIDDEN, &sheet.name, ""));
            continue;
        }
        let merged = if found.merged_down {
            book.merge_cells_by_sheet_name(&sheet.name).map_err(damaged)?
        } else {
            Vec::new()
        };
        let styles = match numbers {
            Numbers::Printed => styles(&mut book, &sheet.name)?,
            Numbers::Stored => None,
        };
        each(Event::Sheet(&sheet.name));
        let mut reading = Sheet { merges: Merges::new(merged), styles, ..Sheet::default() };
        reading.read(&mut book, &sheet.name, each)?;
        notes.extend(reading.formulas.note(finding::FORMULA, &sheet.name, "个单元格"));
        if reading.last_row == ROWS_MAX {
            notes.push(Note::new(finding::ROW_LIMIT, &sheet.name, "").at_row(ROWS_MAX));
        }
    }
    Ok(FileNotes { encoding: "", notes })
}

fn notes(found: &Preflight, epoch_1904: bool) -> Vec<Note> {
    let mut notes = Vec::new();
    notes.extend(found.hidden_rows.note(finding::HIDDEN_ROWS, "", "行"));
    if found.macros {
        notes.push(Note::new(finding::MACRO, "", ""));
    }
    if found.links {
        notes.push(Note::new(finding::FORMULA, "", "引用了其他工作簿，未打开"));
    }
    if epoch_1904 {
        notes.push(Note::new(finding::EPOCH_1904, "", ""));
    }
    notes
}

/// The styles of a sheet's cells; a chart sheet has none.
fn styles(book: &mut Xlsx<Cursor<&[u8]>>, name: &str) -> Result<Option<StyleRange>, DecodeError> {
    match book.worksheet_style(name) {
        Ok(styles) => Ok(Some(styles)),
        Err(calamine::XlsxError::NotAWorksheet(_)) => Ok(None),
        Err(error) => Err(damaged(error)),
    }
}

/// A number as its cell prints it.
fn printed(styles: &StyleRange, position: (u32, u32), number: f64) -> Cell<'static> {
    let format = styles.get(position).and_then(|style| style.number_format.as_ref());
    let code = format.map_or("General", |format| printed::format_of(&format.format_code, format.format_id));
    Cell::Text(Cow::Owned(printed::text(number, code)))
}

/// A sheet being read.
#[derive(Default)]
struct Sheet {
    merges: Merges,
    /// Where numbers are read as printed.
    styles: Option<StyleRange>,
    formulas: Occurrences,
    /// Cells that are filled, and these with the empty ones before them.
    filled: u64,
    spread: u64,
    /// The last row that is not blank.
    last_row: u32,
}

impl Sheet {
    fn read(
        &mut self,
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
        let mut before = (0, 0);
        loop {
            // Shared formulas are not expanded: their index may ask for any amount of memory.
            let next = cells.next_cell_with_formula_metadata().map_err(|error| fault(error, name, before))?;
            let Some(cell) = next else { break };
            let (index, column) = cell.pos;
            before = (index + 1, column + 1);
            let column = column as usize;
            if index >= ROWS_MAX || column >= COLUMNS_MAX {
                return Err(DecodeError::Grid);
            }
            if index + 1 != row.number {
                self.emit(&mut row, each)?;
                row.cells.clear();
                row.number = index + 1;
            }
            let value = match &cell.value {
                DataRef::SharedString(text) => Cell::Text(Cow::Borrowed(unprefixed(text))),
                // Written by a program that did not compute: the value is not in the file.
                DataRef::Empty if cell.formula.is_some() => Cell::Error(NO_RESULT.to_owned()),
                other => owned(other),
            };
            let value = match (value, &self.styles) {
                (Cell::Number(number), Some(styles)) => printed(styles, (index, cell.pos.1), number),
                (value, _) => value,
            };
            if value == Cell::Empty {
                continue;
            }
            if matches!(&value, Cell::Text(text) if text.len() > LINE_MAX) {
                return Err(DecodeError::Limit(Limit::Cell));
            }
            if cell.formula.is_some() && cell.value != DataRef::Empty {
                self.formulas.at(row.number);
            }
            self.filled += 1;
            if row.cells.len() <= column {
                row.cells.resize(column + 1, Cell::Empty);
            }
            row.cells[column] = value;
        }
        self.emit(&mut row, each)
    }

    fn emit(&mut self, row: &mut Row<'_>, each: &mut dyn FnMut(Event<'_>)) -> Result<(), DecodeError> {
        self.spread += row.cells.len() as u64;
        if self.spread > SPREAD_MAX && self.spread / SPREAD_RATIO > self.filled {
            return Err(DecodeError::Workbook("cells too far apart".into()));
        }
        if !row.is_blank() {
            self.merges.fill(row);
            self.last_row = self.last_row.max(row.number);
            each(Event::Row(row));
        }
        Ok(())
    }
}

/// Ranges merged over several rows: the value belongs to each row, though the file has it only in the
/// first. Nothing else is ever filled down.
#[derive(Default)]
pub(super) struct Merges {
    /// By first row, last to first.
    ahead: Vec<Dimensions>,
    /// Those that reach the current row: column, last row, value.
    open: Vec<(usize, u32, Cell<'static>)>,
}

impl Merges {
    pub fn new(mut ranges: Vec<Dimensions>) -> Self {
        ranges.retain(|range| range.end.0 > range.start.0);
        ranges.sort_unstable_by_key(|range| std::cmp::Reverse(range.start.0));
        Merges { ahead: ranges, open: Vec::new() }
    }

    /// Fills a row that is not blank; rows come in order.
    pub fn fill(&mut self, row: &mut Row<'_>) {
        if self.ahead.is_empty() && self.open.is_empty() {
            return;
        }
        let index = row.number - 1;
        self.open.retain(|(_, last, _)| *last >= index);
        for (column, _, value) in &self.open {
            if row.cells.len() <= *column {
                row.cells.resize(*column + 1, Cell::Empty);
            }
            if row.cells[*column].is_blank() {
                row.cells[*column] = value.clone();
            }
        }
        while let Some(range) = self.ahead.pop_if(|range| range.start.0 <= index) {
            let column = range.start.1 as usize;
            let value = row.cells.get(column).filter(|cell| range.start.0 == index && !cell.is_blank());
            if let Some(value) = value {
                self.open.push((column, range.end.0, value.clone().into_owned()));
            }
        }
    }
}

fn owned(value: &DataRef<'_>) -> Cell<'static> {
    match value {
        DataRef::Empty => Cell::Empty,
        DataRef::SharedString(text) => Cell::Text(Cow::Owned(unprefixed(text).to_owned())),
        #[expect(clippy::cast_precision_loss, reason = "xlsx stores every number as f64")]
        DataRef::Int(number) => Cell::Number(*number as f64),
        DataRef::Float(number) => Cell::Number(*number),
        DataRef::Bool(value) => Cell::Bool(*value),
        DataRef::DateTime(when) => date(when),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            Cell::Text(Cow::Owned(unprefixed(text).to_owned()))
        }
        DataRef::Error(error) => Cell::Error(error.to_string()),
    }
}

/// A date cell; a value that Excel formats as a date without being one stays a number.
pub(super) fn date(when: &ExcelDateTime) -> Cell<'static> {
    let (year, month, day, ..) = when.to_ymd_hms_milli();
    let date = i16::try_from(year)
        .ok()
        .and_then(|year| Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds of a day")]
    let seconds = (when.as_f64().rem_euclid(1.0) * 86_400.0).round() as u32;
    match date.map(|date| day_meant(date, seconds)) {
        Some(date) if when.is_datetime() => Cell::Date(date),
        _ => Cell::Number(when.as_f64()),
    }
}

fn damaged(error: impl std::fmt::Display) -> DecodeError {
    DecodeError::Damaged(error.to_string())
}

/// A value that is not of its type has a position; any other fault is damage.
fn fault(error: calamine::XlsxError, sheet: &str, (row, column): (u32, u32)) -> DecodeError {
    use calamine::XlsxError as E;
    match error {
        E::ParseFloat(_) | E::ParseInt(_) | E::Parse(_) | E::CellTAttribute(_) | E::Unrecognized { .. } => {
            DecodeError::Cell { sheet: sheet.to_owned(), row, column }
        }
        E::Alphanumeric(_) | E::RangeWithoutColumnComponent | E::RangeWithoutRowComponent => {
            DecodeError::Grid
        }
        error => damaged(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u32, cells: &[&str]) -> Row<'static> {
        let cells = cells.iter().map(|&text| Cell::Text(text.to_owned().into())).collect();
        Row { number, cells }
    }

    #[test]
    fn only_ranges_merged_downwards_are_filled() {
        let range = |start, end| Dimensions::new(start, end);
        let mut merges =
            Merges::new(vec![range((1, 0), (3, 0)), range((0, 0), (0, 3)), range((4, 1), (5, 1))]);
        let mut filled = |number, cells: &[&str]| {
            let mut row = row(number, cells);
            merges.fill(&mut row);
            row.cells.iter().map(|cell| cell.text().into_owned()).collect::<Vec<_>>().join(",")
        };
        assert_eq!(filled(1, &["title"]), "title");
        assert_eq!(filled(2, &["a", "1"]), "a,1");
        assert_eq!(filled(4, &["", "2"]), "a,2");
        assert_eq!(filled(5, &["", "x"]), ",x");
        assert_eq!(filled(6, &["own", "y"]), "own,y");
        assert_eq!(filled(7, &["", ""]), ",");
    }
}
