//! The figures of a release, read again from its tables as they were printed.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::{Examination, Figures, examine, of_deliveries};
use crate::definitions::Definitions;
use crate::figure::Unit;
use crate::figures::IndicatorValue;
use crate::period::ReportYear;
use crate::pipeline::{RunError, documents};
use crate::report::cells::{CellRow, ReportCell};
use crate::report::figures::DeliveryProperty;
use crate::settings::Settings;
use crate::tables::report_cell::ReportCellRow;
use crate::tables::row;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::Manifest;

/// A release that figures are read from: a published one, or one that was held back.
#[derive(Clone, Copy)]
pub enum ReleaseSource<'a> {
    Published(&'a Manifest),
    HeldBack,
}

/// The contents of a release for one year that are checked.
#[derive(Debug)]
pub struct Release {
    pub year: ReportYear,
    pub values: Vec<IndicatorValue>,
    pub cells: Vec<ReportCell>,
    pub schools: BTreeMap<String, String>,
    pub deliveries: Vec<DeliveryProperty>,
}

impl Release {
    #[must_use]
    pub fn figures(&self) -> Figures<'_> {
        let Release { year, values, cells, schools, deliveries } = self;
        Figures { year: *year, values, cells, schools, deliveries }
    }
}

/// Checks the figures of a release, as its tables print them, against every relation.
///
/// # Errors
/// When a table cannot be read.
pub fn examine_release(
    settings: &Settings,
    definitions: &Definitions,
    source: ReleaseSource<'_>,
    year: ReportYear,
) -> Result<Examination, RunError> {
    Ok(examine(settings, definitions, read_release(settings, definitions, source, year)?.figures()))
}

/// Reads the contents that are checked.
///
/// # Errors
/// When a table cannot be read.
pub fn read_release(
    settings: &Settings,
    definitions: &Definitions,
    source: ReleaseSource<'_>,
    year: ReportYear,
) -> Result<Release, RunError> {
    let data = DataRoot::new(&settings.data_dir);
    let table = |table: &str, year: ReportYear| match source {
        ReleaseSource::Published(manifest) => manifest.table(&data, table, year),
        ReleaseSource::HeldBack => data.staged_table(table, year),
    };
    let (cells, values) = documents::cells_again(settings, definitions, &table, year)?;
    let schools = match table("dim_school", year) {
        Some(path) => documents::school_names(&path)?,
        None => BTreeMap::new(),
    };
    let cells = match table("report_cell", year) {
        Some(path) => as_printed(cells, &path)?,
        None => cells,
    };
    // The manifest says which deliveries counted; a release that was held back has none.
    let accepted = match source {
        ReleaseSource::Published(manifest) => manifest.accepted.as_slice(),
        ReleaseSource::HeldBack => &[],
    };
    let deliveries = of_deliveries(definitions, accepted, &table, year)?;
    Ok(Release { year, values, cells, schools, deliveries })
}

/// The cells, with the texts that a table `report_cell` has for them.
fn as_printed(mut cells: Vec<ReportCell>, path: &Path) -> Result<Vec<ReportCell>, RunError> {
    let mut positions: HashMap<(&str, &str, &str, &Unit, ReportYear), usize> = HashMap::new();
    for (index, cell) in cells.iter().enumerate() {
        let CellRow { report_table, report_path, measure, .. } = &*cell.row;
        positions.insert((report_table, report_path, measure, &cell.unit, cell.column_year), index);
    }
    let mut printed = Vec::new();
    for row in row::read(path)? {
        let row: ReportCellRow = row?;
        let unit = row.place();
        let key = (&*row.report_table, &*row.report_path, &*row.measure, &unit, row.column_year);
        if let Some(&index) = positions.get(&key)
            && (cells[index].state, &cells[index].printed_text) != (row.state, &row.printed_text)
        {
            printed.push((index, row.state, row.printed_text));
        }
    }
    for (index, state, text) in printed {
        (cells[index].state, cells[index].printed_text) = (state, text);
    }
    Ok(cells)
}
