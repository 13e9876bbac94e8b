//! `filing`: a filed cell.

use crate::figure::State;
use crate::number::Decimal;
use crate::period::ReportYear;

super::row::row! {
    /// A figure, or a line of a list, of one school and year.
    FilingRow, "filing", {
        /// The year of the report.
        report_year: ReportYear = "报告年度",
        /// The school that filed it.
        school_code: String = "学校标识码",
        /// As its caption numbers it: `表1.3`.
        report_table: String = "报告表",
        /// The labels that lead to the row, joined by `/`.
        report_path: String = "报告表行",
        /// What is filed of the row: 数值, 比例, ….
        measure: String = "度量",
        /// See `dim_indicator`.
        indicator_id: String = "指标",
        /// The year of the report that it was filed for.
        filed_in_year: ReportYear = "填报年度",
        /// The year that the value is of: the report's, or one before.
        value_year: ReportYear = "数值年度",
        /// `value`, `blank`, `dash` or `missing`.
        state: State = "状态",
        /// As filed; null where it is not an answer.
        printed_text: Option<String> = "填报原文",
        /// In the unit of the indicator; null where it is words.
        value: Option<Decimal> = "数值",
        /// SHA-256 of the file.
        source_file: String = "来源文件的 SHA-256",
        /// The sheet.
        source_sheet: String = "来源工作表",
        /// The physical row, from 1.
        source_row: i32 = "来源物理行",
    }
}

impl FilingRow {
    /// The filed words, where the figure is words and not a number.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let is_words = self.value.is_none() && self.state == State::Value;
        is_words.then(|| self.printed_text.clone().unwrap_or_default())
    }
}
