//! `override`: a decision of a named person that a year's figures depend on.

use std::collections::BTreeSet;
use std::path::Path;

use super::row;
use crate::period::ReportYear;
use crate::tables::parquet_file::TableFileError;

row::row! {
    /// Decisions that the release applied.
    DecisionRow, "override", {
        /// The report year that it is about.
        report_year: ReportYear = "报告年度",
        /// The rule that it answers.
        rule: String = "规则",
        /// The delivery, the value or the finding that it is about.
        key: String = "对象",
        /// SHA-256 of the delivery, the value that was set, or the values that differ.
        value: String = "数值",
        /// Who decided.
        decided_by: String = "决定人",
        /// When.
        decided_at: String = "决定时间",
        /// Why.
        reason: String = "理由",
        /// The figure whose value was set.
        indicator_id: String = "指标",
        /// The school that it is about.
        school_code: String = "学校标识码",
        /// The basis in whose place the set value is.
        stands_for: String = "核定值所代替的口径",
        /// What was delivered.
        value_under: String = "原数",
        /// The number of the decision.
        decision: Option<u32> = "处理记录编号",
        /// The row of a correction sheet that it came on.
        case_id: String = "更正表编号",
    }
}

/// Numbers of the decisions that a year of a release depends on; empty for releases that did not record it.
///
/// # Errors
/// When the file cannot be read.
pub fn numbers(path: &Path) -> Result<BTreeSet<u32>, TableFileError> {
    let numbers = row::read(path)?.map(|row| row.map(|row: DecisionRow| row.decision));
    numbers.filter_map(Result::transpose).collect()
}
