//! The columns that every table of delivered rows has beside those of its contract.

use arrow::array::{AsArray, RecordBatch, StringArray};

super::row::row! {
    /// A delivered row, without what its contract says of it.
    DatasetRow, "", {
        /// The school whose row it is; empty where the row names none.
        school_code: String = "学校标识码",
        /// SHA-256 of the file that it stands in.
        source_file: String = "来源文件的 SHA-256",
        /// The sheet; empty for text and HTML files.
        source_sheet: String = "来源工作表",
        /// The physical row, from 1.
        source_row: i32 = "来源物理行",
        /// The county of the school.
        region_code: String = "县（市、区）代码",
        /// Whether the row counts.
        counted: bool = "是否计入",
        /// Why it does not.
        not_counted_because: String = "不计入的原因",
    }
}

pub const SCHOOL_CODE: &str = "school_code";
pub const COUNTED: &str = "counted";

/// A column of texts that a contract names; `None` where the table has none such.
#[must_use]
pub fn texts<'b>(batch: &'b RecordBatch, column: &str) -> Option<&'b StringArray> {
    batch.column_by_name(column)?.as_string_opt()
}
