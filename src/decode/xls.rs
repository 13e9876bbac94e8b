//! BIFF `.xls`: read whole, as there is no streaming reader for it.

use std::borrow::Cow;
use std::io::Cursor;

use calamine::{Data, Reader, SheetVisible, Xls};

use super::cell::{Cell, Row};
use super::{DecodeError, Event};

/// Tells the rows of every visible sheet; returns the names of hidden ones.
///
/// # Errors
/// `Damaged` when the container or its records do not parse.
pub fn read(bytes: &[u8], each: &mut dyn FnMut(Event<'_>)) -> Result<Vec<String>, DecodeError> {
    let mut book = Xls::new(Cursor::new(bytes)).map_err(|error| DecodeError::Damaged(error.to_string()))?;
    let sheets: Vec<_> = book.sheets_metadata().to_vec();
    let mut hidden = Vec::new();
    for sheet in sheets {
        if sheet.visible != SheetVisible::Visible {
            hidden.push(sheet.name);
            continue;
        }
        each(Event::Sheet(&sheet.name));
        let range =
            book.worksheet_range(&sheet.name).map_err(|error| DecodeError::Damaged(error.to_string()))?;
        let Some((first_row, first_column)) = range.start() else { continue };
        for (index, cells) in range.rows().enumerate() {
            let mut row = Row {
                number: first_row + u32::try_from(index).unwrap_or(u32::MAX - first_row) + 1,
                cells: vec![Cell::Empty; first_column as usize],
            };
            row.cells.extend(cells.iter().map(cell));
            if !row.is_blank() {
                each(Event::Row(&row));
            }
        }
    }
    Ok(hidden)
}

fn cell(value: &Data) -> Cell<'_> {
    match value {
        Data::Empty => Cell::Empty,
        #[expect(clippy::cast_precision_loss, reason = "BIFF stores every number as f64; this was one")]
        Data::Int(number) => Cell::Number(*number as f64),
        Data::Float(number) => Cell::Number(*number),
        Data::Bool(value) => Cell::Bool(*value),
        Data::DateTime(when) => super::xlsx::date(when),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => {
            Cell::Text(Cow::Borrowed(text))
        }
        Data::Error(error) => Cell::Error(error.to_string()),
    }
}
