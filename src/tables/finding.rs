//! `finding`: something wrong, or worth asking.

use std::path::Path;

use super::row;
use crate::finding::{Finding, PrintedRow, Severity};
use crate::period::ReportYear;
use crate::position::{Place, column_letters, column_number};
use crate::tables::parquet_file::TableFileError;

row::named_cell!(Severity, code, Severity::coded);

row::row! {
    /// The worst first.
    FindingRow, "finding", {
        /// The report year that it is about.
        report_year: ReportYear = "报告年度",
        /// See the list of rules.
        rule: String = "规则",
        /// `S0` stops a release, `S1` takes something out, `S2` asks, `S3` notes.
        severity: Severity = "严重程度",
        /// Dimension of data quality.
        dimension: String = "质量维度（GB/T 36344）",
        /// The dataset that it is about; empty where it is about a figure.
        dataset: String = "数据集",
        /// Empty where no school is known, or none is meant.
        school_code: String = "学校标识码",
        /// Path below the drop folder; a member of a bundle follows a `!`.
        file: String = "文件",
        /// Empty for text and HTML files.
        sheet: String = "工作表",
        /// Physical row, from 1; 0 where no row is meant.
        row: i32 = "行",
        /// Letters, as a spreadsheet shows them; empty where the whole row is meant.
        column: String = "列",
        /// Header of that column, as delivered.
        header: String = "表头",
        /// What was found, without anything personal.
        message: String = "问题",
        /// What to do about it.
        remedy: String = "处理办法",
        /// The number of places it represents: sum it to count findings.
        count: u64 = "处数" in "处",
        /// County, or city; empty where neither is known.
        region_code: String = "县（市、区）代码",
        /// Rows that it keeps out of what counts.
        rows_out: u64 = "未入库的行" in "行",
        /// What an answer names it by; empty where no answer is asked for.
        key: String = "答复所用的编号",
        /// The figures that it is about, separated by commas.
        indicators: String = "有关的指标，以逗号分开",
        /// The printed table that it is about.
        report_table: String = "报告表",
        /// The row of that table.
        report_path: String = "报告表行",
    }
}

/// Separates the ids of indicators in a cell, as tables are not nested.
const INDICATORS_APART: &str = ",";

impl From<&Finding> for FindingRow {
    fn from(finding: &Finding) -> Self {
        FindingRow {
            report_year: finding.report_year,
            rule: finding.rule.clone(),
            severity: finding.severity,
            dimension: finding.dimension.clone(),
            dataset: finding.dataset.clone(),
            school_code: finding.school_code.clone(),
            file: finding.place.file.clone(),
            sheet: finding.place.sheet.clone(),
            row: i32::try_from(finding.place.row).unwrap_or(i32::MAX),
            column: column_letters(finding.place.column),
            header: finding.place.header.clone(),
            message: finding.message.clone(),
            remedy: finding.remedy.clone(),
            count: finding.count,
            region_code: finding.region_code.clone(),
            rows_out: finding.rows_out,
            key: finding.key.clone(),
            indicators: finding.indicators.join(INDICATORS_APART),
            report_table: finding.printed.report_table.clone(),
            report_path: finding.printed.report_path.clone(),
        }
    }
}

impl From<FindingRow> for Finding {
    fn from(row: FindingRow) -> Self {
        let indicators = row.indicators.split(INDICATORS_APART).filter(|id| !id.is_empty());
        Finding {
            indicators: indicators.map(str::to_owned).collect(),
            rule: row.rule,
            severity: row.severity,
            dimension: row.dimension,
            report_year: row.report_year,
            dataset: row.dataset,
            region_code: row.region_code,
            school_code: row.school_code,
            place: Place {
                file: row.file,
                sheet: row.sheet,
                row: row.row.unsigned_abs(),
                column: column_number(&row.column),
                header: row.header,
            },
            message: row.message,
            remedy: row.remedy,
            // Earlier releases had a row for each place.
            count: row.count.max(1),
            rows_out: row.rows_out,
            key: row.key,
            printed: PrintedRow { report_table: row.report_table, report_path: row.report_path },
            other_files: Vec::new(),
        }
    }
}

/// Reads the findings in a table file.
///
/// # Errors
/// When the file cannot be read.
pub fn read(path: &Path) -> Result<Vec<Finding>, TableFileError> {
    row::read(path)?.map(|row| row.map(|row: FindingRow| row.into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::ROW_CODE;

    #[test]
    fn a_finding_comes_back_as_it_was() {
        let place = Place {
            file: "2024/students/a.csv".to_owned(),
            sheet: "表".to_owned(),
            row: 12,
            column: 30,
            header: "专业".to_owned(),
        };
        let finding = Finding::new(ROW_CODE, 2024, "students", "x").at(place).about(["students", "classes"]);
        let finding = Finding { count: 3, rows_out: 2, key: "k".to_owned(), ..finding };
        assert_eq!(Finding::from(FindingRow::from(&finding)), finding);
    }
}
