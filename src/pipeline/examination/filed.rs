//! Where each school filed each of its figures.

use std::collections::HashMap;
use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::Int32Type;

use crate::audit::printing::name;
use crate::definition::Definitions;
use crate::period::ReportYear;
use crate::pipeline::RunError;
use crate::position::Place;
use crate::table_file::{self as parquet_file, text_at};

/// Where each school filed its figures: by school and the name of the figure.
#[derive(Debug, Default)]
pub struct FiledPlaces(pub(super) HashMap<(String, String), Place>);

/// Reads them from a table `filing`; `files` names a file by its hash.
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
    for batch in parquet_file::read(path)? {
        let batch = batch?;
        let number = |column: &str| batch.column_by_name(column).map(AsArray::as_primitive::<Int32Type>);
        let (Some(years), Some(rows)) = (number("value_year"), number("source_row")) else { continue };
        for row in (0..batch.num_rows()).filter(|row| years.value(*row) == year) {
            let get = |column: &str| text_at(&batch, column, row);
            let (table, path, measure) = (get("report_table"), get("report_path"), get("measure"));
            let list = layout.and_then(|layout| layout.table(&table)).and_then(|table| table.list.as_ref());
            let line = list.and_then(|list| path.strip_prefix(&list.title)?.strip_prefix('/')?.parse().ok());
            let name = match line {
                Some(line) => name(&table, &measure, "值", line, Some(year)),
                None => name(&table, &path, &measure, 0, Some(year)),
            };
            let place = Place {
                file: files.get(get("source_file").as_str()).copied().unwrap_or_default().to_owned(),
                sheet: get("source_sheet"),
                row: rows.value(row).unsigned_abs(),
                column: 0,
                header: path,
            };
            places.insert((get("school_code"), name), place);
        }
    }
    Ok(FiledPlaces(places))
}
