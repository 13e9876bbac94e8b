//! `delivery`: a delivered file, and where its rows went.

use std::path::Path;

use super::row;
use crate::delivery::{Delivery, DeliveryOutcome, RowCounts};
use crate::period::ReportYear;
use crate::tables::parquet_file::TableFileError;

row::named_cell!(DeliveryOutcome, name, DeliveryOutcome::named);

row::row! {
    /// Every file, including those that do not read.
    DeliveryRow, "delivery", {
        /// The report year that it was delivered for.
        report_year: ReportYear = "报告年度",
        /// The dataset that it was delivered for.
        dataset: String = "数据集",
        /// Path below the drop folder; a member of a bundle follows a `!`.
        file: String = "文件",
        /// SHA-256 of its bytes.
        sha256: String = "SHA-256",
        /// As its bytes say, whatever its name.
        format: String = "格式",
        /// Of text and HTML files.
        encoding: String = "编码",
        /// `decoded`, `set_aside`, `kept`, `rejected` or `repeated`.
        outcome: DeliveryOutcome = "结果",
        /// Rows that it has; the sum of the four that follow.
        rows_physical: u64 = "物理行" in "行",
        /// Rows in the table of the dataset.
        rows_loaded: u64 = "入库行" in "行",
        /// Rows kept out until they are corrected.
        rows_quarantined: u64 = "隔离行" in "行",
        /// Rows that are in the table from another file or row.
        rows_duplicate: u64 = "重复行" in "行",
        /// Titles, headers, totals, notes and empty rows.
        rows_structural: u64 = "结构行" in "行",
    }
}

impl From<&Delivery> for DeliveryRow {
    fn from(delivery: &Delivery) -> Self {
        DeliveryRow {
            report_year: delivery.report_year,
            dataset: delivery.dataset.clone(),
            file: delivery.file.clone(),
            sha256: delivery.sha256.clone(),
            format: delivery.format.clone(),
            encoding: delivery.encoding.clone(),
            outcome: delivery.outcome,
            rows_physical: delivery.rows.physical,
            rows_loaded: delivery.rows.loaded,
            rows_quarantined: delivery.rows.quarantined,
            rows_duplicate: delivery.rows.duplicate,
            rows_structural: delivery.rows.structural,
        }
    }
}

impl From<DeliveryRow> for Delivery {
    fn from(row: DeliveryRow) -> Self {
        Delivery {
            report_year: row.report_year,
            dataset: row.dataset,
            file: row.file,
            sha256: row.sha256,
            format: row.format,
            encoding: row.encoding,
            outcome: row.outcome,
            rows: RowCounts {
                physical: row.rows_physical,
                loaded: row.rows_loaded,
                quarantined: row.rows_quarantined,
                duplicate: row.rows_duplicate,
                structural: row.rows_structural,
            },
        }
    }
}

/// Reads the deliveries in a table file.
///
/// # Errors
/// When the file cannot be read.
pub fn read(path: &Path) -> Result<Vec<Delivery>, TableFileError> {
    row::read(path)?.map(|row| row.map(|row: DeliveryRow| row.into())).collect()
}
