//! `report_cell`: a printed cell, for the city, each county and each school.

use crate::figure::Level;
use crate::figure::{State, Unit};
use crate::period::ReportYear;

super::row::row! {
    /// In printed order.
    ReportCellRow, "report_cell", {
        /// The year of the report.
        report_year: ReportYear = "报告年度",
        /// As its caption numbers it: `表1.3`.
        report_table: String = "报告表",
        /// The labels that lead to the row, joined by `/`.
        report_path: String = "报告表行",
        /// What is printed of the row: 数值, 比例, ….
        measure: String = "度量",
        /// The year that the column is of.
        column_year: ReportYear = "列年度",
        /// `city`, `county` or `school`: for whom it is printed.
        level: Level = "层级",
        /// The city, the county, or the county of the school.
        region_code: String = "县（市、区）代码",
        /// Empty above the school.
        school_code: String = "学校标识码",
        /// See `dim_indicator`.
        indicator_id: String = "指标",
        /// The attribute that the figure is a part by; empty for the whole.
        breakdown: String = "分组",
        /// The code of that attribute.
        breakdown_code: String = "分组代码",
        /// `system`, `filed`, `survey`; `adjusted` where a person set a value.
        basis: String = "口径",
        /// Of an adjusted value, the basis in whose place it is.
        stands_for: String = "核定值所代替的口径",
        /// `value`, `blank`, `dash` or `missing`.
        state: State = "状态",
        /// As printed; null where the figure is missing.
        printed_text: Option<String> = "印出文本",
        /// Whether everything is in the figure that should be: no school is missing.
        complete: bool = "是否完整",
        /// What is said beside a figure that is not complete: how many schools are in it, of how many.
        incomplete: Option<String> = "不完整说明",
    }
}

impl ReportCellRow {
    #[must_use]
    pub fn place(&self) -> Unit {
        Unit {
            level: self.level,
            region_code: self.region_code.clone(),
            school_code: self.school_code.clone(),
        }
    }
}
