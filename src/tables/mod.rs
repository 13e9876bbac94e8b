//! The tables of a release, one file a table: the type of its rows, with their columns.
//!
//! - [`parquet_file`], [`column`], [`row`]: Parquet, typed columns, and a row as a value, written and read back.
//! - [`indicator_value`], [`report_cell`], [`difference`]: figures.
//! - [`finding`], [`delivery`], [`decision`], [`run`]: how they came about.
//! - [`school`], [`region`], [`major`], [`indicator`]: what their codes mean.
//! - [`dataset`], [`filing`]: of the tables of delivered rows, the columns that the program itself looks at.

pub mod parquet_file;

pub mod column;

pub mod row;

pub mod indicator_value;

pub mod report_cell;

pub mod difference;

pub mod finding;

pub mod delivery;

pub mod decision;

pub mod run;

pub mod school;

pub mod region;

pub mod major;

pub mod indicator;

pub mod dataset;

pub mod filing;

use row::{ColumnSpec, Row};

/// The tables whose columns the program says, each with these; those of delivered rows are as the contracts say.
pub const OWN: &[(&str, &[ColumnSpec])] = &[
    (delivery::DeliveryRow::TABLE, delivery::DeliveryRow::COLUMNS),
    (difference::DifferenceRow::TABLE, difference::DifferenceRow::COLUMNS),
    (indicator::IndicatorRow::TABLE, indicator::IndicatorRow::COLUMNS),
    (major::MajorRow::TABLE, major::MajorRow::COLUMNS),
    (region::RegionRow::TABLE, region::RegionRow::COLUMNS),
    (school::SchoolRow::TABLE, school::SchoolRow::COLUMNS),
    (finding::FindingRow::TABLE, finding::FindingRow::COLUMNS),
    (indicator_value::IndicatorValueRow::TABLE, indicator_value::IndicatorValueRow::COLUMNS),
    (decision::DecisionRow::TABLE, decision::DecisionRow::COLUMNS),
    (report_cell::ReportCellRow::TABLE, report_cell::ReportCellRow::COLUMNS),
    (run::RunRow::TABLE, run::RunRow::COLUMNS),
    (filing::FilingRow::TABLE, filing::FilingRow::COLUMNS),
];

/// What a column of a table says; `None` where a contract says it.
#[must_use]
pub fn description(table: &str, column: &str) -> Option<&'static str> {
    let own = OWN.iter().find(|(name, _)| *name == table).map(|(_, columns)| *columns);
    let columns = own.unwrap_or(dataset::DatasetRow::COLUMNS);
    columns.iter().find(|known| known.name == column).map(|known| known.description.trim())
}
