//! A filled-in workbook, read in the same way as a delivery.

use std::fs;
use std::path::Path;

use serde::Serialize;

use super::Failure;
use super::decision::Desk;
use crate::decisions::Override;
use crate::decode::worker::{Decoder, Limits, OWN_PROGRAM};
use crate::decode::{DecodeError, Event, Format, Row};
use crate::settings::Settings;
use crate::warehouse::files;

/// Rows by sheet.
pub type FilledSheets = Vec<(String, Vec<Row<'static>>)>;

/// Reads the rows of a filled-in workbook, by sheet, and the SHA-256 of its bytes. `describe` words a
/// decoding error without quoting the file.
pub fn sheets_of(
    settings: &Settings,
    file: &Path,
    describe: &dyn Fn(&DecodeError) -> String,
) -> Result<(FilledSheets, String), Failure> {
    let name = file.display();
    let bytes = match fs::metadata(file) {
        Ok(found) if found.len() > settings.file_size_max_mb << 20 => {
            return Err(Failure::usage(&format!("`{name}` is over {} MB", settings.file_size_max_mb)));
        }
        Ok(_) => fs::read(file),
        Err(error) => Err(error),
    };
    let bytes = bytes.map_err(|error| Failure::usage(&format!("`{name}`: {error}")))?;
    let limits = Limits::of(settings);
    let mut sheets = FilledSheets::new();
    let mut bad = None;
    let mut decoder = Decoder::new(Path::new(OWN_PROGRAM), limits);
    let outcome = decoder.decode(&bytes, &mut |event| match event {
        Event::Sheet(name) => sheets.push((name.to_owned(), Vec::new())),
        Event::Row(row) => {
            if sheets.is_empty() {
                sheets.push((String::new(), Vec::new()));
            }
            if let Some((_, rows)) = sheets.last_mut() {
                rows.push(row.to_owned_row());
            }
        }
        Event::BadRow { number, .. } => bad = bad.or(Some(number)),
    });
    let outcome = outcome.map_err(|error| Failure::internal(&error))?;
    let file = outcome.map_err(|error| Failure::usage(&format!("`{name}`: {}", describe(&error))))?;
    if !matches!(file.format, Format::Xlsx | Format::Xls) {
        let what = match file.format {
            Format::Html => "a web page",
            Format::Json => "JSON",
            _ => "comma separated text (.csv)",
        };
        return Err(Failure::usage(&format!(
            "`{name}` is {what}, not a workbook: its sheets and their names are lost"
        ))
        .hint("fill in the workbook itself, and save it as .xlsx"));
    }
    match bad {
        Some(row) => Err(Failure::usage(&format!("`{name}`: row {row} does not split into cells"))),
        None => Ok((sheets, files::sha256(&bytes))),
    }
}

/// The outcome for a workbook's notes.
#[derive(Debug, Default, Serialize)]
pub struct NotesTaken {
    pub recorded: Vec<Override>,
    /// Rows whose notes are recorded already.
    pub known: usize,
    pub not_recorded: Vec<UnrecordedNote>,
}

#[derive(Debug, Serialize)]
pub struct UnrecordedNote {
    pub sheet: String,
    pub row: u32,
    pub why: String,
}

/// The name in a row, or else the one given for all, as the record has it.
pub fn name_of(desk: &Desk, in_row: &str, by: Option<&str>) -> Result<String, String> {
    let name = if in_row.is_empty() { by.unwrap_or_default().trim() } else { in_row };
    if name.is_empty() {
        return Err("no name is given: fill in 处理人, or give --by".to_owned());
    }
    desk.decider(name).map_err(|refusal| refusal.to_string())
}
