//! The tables of a release, one file a table: the type of its rows, with their columns.
//!
//! - [`parquet_file`], [`column`], [`row`]: Parquet, typed columns, and a row as a value.
//! - [`indicator_value`], [`report_cell`], [`difference`]: figures.
//! - [`finding`], [`delivery`], [`delivery_status`], [`decision`], [`run`]: their origin.
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

pub mod delivery_status;

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
    (delivery_status::DeliveryStatusRow::TABLE, delivery_status::DeliveryStatusRow::COLUMNS),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::column::FieldKind;

    #[test]
    fn every_amount_says_its_unit_or_where_it_stands() {
        let amounts = PROGRAM_TABLES.iter().flat_map(|(table, columns)| {
            columns
                .iter()
                .filter(|column| column.kind == FieldKind::Decimal)
                .map(move |column| (*table, column))
        });
        let unclear: Vec<_> = amounts
            .filter(|(_, column)| column.unit.is_empty() && !column.description.contains("unit"))
            .map(|(table, column)| format!("{table}.{}", column.name))
            .collect();
        assert_eq!(unclear, Vec::<String>::new());
        let counts =
            ["rows_physical", "rows_loaded", "rows_quarantined", "rows_duplicate", "rows_structural"];
        for (_, columns) in PROGRAM_TABLES {
            for column in columns.iter().filter(|column| counts.contains(&column.name)) {
                assert_eq!(column.unit, "行", "{}", column.name);
            }
        }
    }
}
