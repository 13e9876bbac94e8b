//! The place where each school filed each of its figures.

use std::collections::HashMap;
use std::path::Path;

use crate::audit::printing::name;
use crate::definitions::Definitions;
use crate::period::ReportYear;
use crate::pipeline::RunError;
use crate::position::Place;
use crate::tables::filing::FilingRow;
use crate::tables::row;

/// The places where schools filed their figures, by school and the name of the figure.
#[derive(Debug, Default)]
pub struct FiledPlaces(pub(super) HashMap<(String, String), Place>);

/// Reads the places from a table `filing`; `files` gives the label of a file by its hash.
///
/// # Errors
/// When the table cannot be read.
pub fn filed_places(
    path: &Path,
    definitions: &Definitions,
    year: ReportYear,
    files: &HashMap<&str, &str>,
) -> Result<FiledPlaces, RunError> {
    let mut places = HashMap::new();
    let layout = definitions.layout(year);
    for row in row::read(path)? {
        let row: FilingRow = row?;
        if row.value_year != year {
            continue;
        }
        let FilingRow { report_table: table, report_path: path, measure, .. } = row;
        let list = layout.and_then(|layout| layout.table(&table)).and_then(|table| table.list.as_ref());
        let line = list.and_then(|list| path.strip_prefix(&list.title)?.strip_prefix('/')?.parse().ok());
        let name = match line {
            Some(line) => name(&table, &measure, "值", line, Some(year)),
            None => name(&table, &path, &measure, 0, Some(year)),
        };
        let place = Place {
            file: files.get(row.source_file.as_str()).copied().unwrap_or_default().to_owned(),
            sheet: row.source_sheet,
            row: row.source_row.unsigned_abs(),
            column: 0,
            header: path,
        };
        places.insert((row.school_code, name), place);
    }
    Ok(FiledPlaces(places))
}
