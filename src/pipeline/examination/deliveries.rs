//! The figures about deliveries that relations check: how many rows, and how new they are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::definitions::Definitions;
use crate::definitions::relation::{ROWS, RelationDefinition};
use crate::period::ReportYear;
use crate::pipeline::RunError;
use crate::report::figures::DeliveryProperty;
use crate::tables::dataset::SchoolOfRow;
use crate::tables::row;
use crate::warehouse::publish::CountedDelivery;

/// The figures about the deliveries of a year that relations check: their rows and last year's, and the newest
/// times in columns.
///
/// # Errors
/// When a table cannot be read.
pub(in crate::pipeline) fn of_deliveries(
    definitions: &Definitions,
    accepted: &[CountedDelivery],
    table: &dyn Fn(&str, ReportYear) -> Option<PathBuf>,
    year: ReportYear,
) -> Result<Vec<DeliveryProperty>, RunError> {
    let measures: BTreeSet<(String, String)> =
        definitions.audit.relations.iter().flat_map(RelationDefinition::deliveries).collect();
    let mut figures = Vec::new();
    for (title, measure) in measures {
        let Some(dataset) = definitions.datasets.iter().find(|dataset| dataset.title_zh == title) else {
            continue;
        };
        let figure = |year: ReportYear, school: String, text: String| DeliveryProperty {
            dataset: title.clone(),
            measure: measure.clone(),
            year,
            school_code: school,
            text,
        };
        if measure == ROWS {
            let mut rows: BTreeMap<(ReportYear, &str), u64> = BTreeMap::new();
            for accepted in accepted.iter().filter(|accepted| accepted.dataset == dataset.dataset) {
                for (school, count) in &accepted.units {
                    *rows.entry((accepted.report_year, school)).or_default() += count;
                }
            }
            let before: Vec<&str> = rows
                .keys()
                .filter(|(rows_year, _)| *rows_year == year - 1)
                .map(|(_, school)| *school)
                .collect();
            // A school that delivered last year and not now has 0, where any school delivered now.
            if rows.keys().any(|(rows_year, _)| *rows_year == year) {
                for school in before {
                    rows.entry((year, school)).or_default();
                }
            }
            let compared =
                rows.into_iter().filter(|((rows_year, _), _)| [year - 1, year].contains(rows_year));
            figures.extend(
                compared.map(|((rows_year, school), rows)| {
                    figure(rows_year, school.to_owned(), rows.to_string())
                }),
            );
            continue;
        }
        let column = dataset.columns.iter().find(|column| column.title_zh == measure);
        let Some((column, path)) = column.zip(table(&dataset.table, year)) else { continue };
        let newest = newest(&path, &column.name)?;
        figures.extend(newest.into_iter().map(|(school, text)| figure(year, school, text)));
    }
    Ok(figures)
}

/// The newest time in a column for each school, among the rows that count.
fn newest(path: &Path, column: &str) -> Result<BTreeMap<String, String>, RunError> {
    let mut newest: BTreeMap<String, String> = BTreeMap::new();
    row::scan(path, &[column], |row: SchoolOfRow, texts| {
        let Some(time) = texts[0].filter(|_| row.counted) else { return };
        let known = newest.entry(row.school_code).or_default();
        if known.as_str() < time {
            time.clone_into(known);
        }
    })?;
    Ok(newest)
}
