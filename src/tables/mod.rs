//! The tables of a release, one file a table: the type of its rows, with their columns.
//!
//! - [`parquet_file`], [`column`], [`row`]: Parquet, typed columns, and a row as a value.
//! - [`indicator_value`], [`report_cell`], [`difference`]: figures.
//! - [`finding`], [`delivery`], [`decision`], [`run`]: their origin.
//! - [`school`], [`region`], [`major`], [`indicator`]: the meaning of their codes.
//! - [`dataset`], [`filing`]: tables of delivered rows, with the columns that the program itself uses.

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

/// The tables whose columns the program defines, with these; contracts define those of delivered rows.
pub const PROGRAM_TABLES: &[(&str, &[ColumnSpec])] = &[
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

/// The description of a column of a table; `None` where a contract defines the column.
#[must_use]
pub fn description(table: &str, column: &str) -> Option<&'static str> {
    let known_table = PROGRAM_TABLES.iter().find(|(name, _)| *name == table).map(|(_, columns)| *columns);
    let columns = known_table.unwrap_or(dataset::DatasetRow::COLUMNS);
    columns.iter().find(|known| known.name == column).map(|known| known.description.trim())
}
