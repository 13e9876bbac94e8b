//! Sheets as an xlsx workbook.

use std::error::Error;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet};

use crate::sheets::cell::Cell;
use crate::sheets::sheet::Sheet;

/// A workbook without the time of its making, which would change the bytes of every run.
pub fn empty() -> Result<Workbook, Box<dyn Error>> {
    let created = ExcelDateTime::from_ymd(2024, 9, 5)?;
    let mut workbook = Workbook::new();
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&created));
    Ok(workbook)
}

pub fn write_lines(worksheet: &mut Worksheet, sheet: &Sheet) -> Result<(), Box<dyn Error>> {
    let date_format = Format::new().set_num_format("yyyy-mm-dd");
    for (row, line) in (0..).zip(&sheet.lines) {
        for (column, cell) in (0..).zip(&line.cells) {
            match cell {
                Cell::Text(text) => {
                    worksheet.write_string(row, column, text)?;
                }
                Cell::Number(number) => {
                    worksheet.write_number(row, column, *number)?;
                }
                Cell::Date(date) => {
                    let date = ExcelDateTime::from_ymd(
                        date.year,
                        u8::try_from(date.month)?,
                        u8::try_from(date.day)?,
                    )?;
                    worksheet.write_datetime_with_format(row, column, date, &date_format)?;
                }
                Cell::Empty => {}
            }
        }
    }
    Ok(())
}

pub fn single(sheet: &Sheet) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut workbook = empty()?;
    let worksheet = workbook.add_worksheet();
    worksheet.set_name(sheet.name)?;
    write_lines(worksheet, sheet)?;
    Ok(workbook.save_to_buffer()?)
}

/// Cells of one row that are merged, by the sheet's place in the workbook.
pub struct Merge {
    pub sheet: usize,
    pub row: u32,
    /// The first and the last.
    pub columns: (u16, u16),
}

/// A workbook of several sheets with merged cells.
pub fn merged(sheets: &[Sheet], merges: &[Merge]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut workbook = empty()?;
    for (index, sheet) in sheets.iter().enumerate() {
        let worksheet = workbook.add_worksheet();
        worksheet.set_name(sheet.name)?;
        for Merge { row, columns: (first, last), .. } in merges.iter().filter(|merge| merge.sheet == index) {
            worksheet.merge_range(*row, *first, *row, *last, "", &Format::new())?;
        }
        write_lines(worksheet, sheet)?;
    }
    Ok(workbook.save_to_buffer()?)
}
