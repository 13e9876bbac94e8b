//! `delivery_status`: who has delivered what.

use super::row;
use crate::delivery::StatusOutcome;
use crate::period::ReportYear;

row::named_cell!(StatusOutcome, name, StatusOutcome::named);

row::row! {
    /// Every school of the register with every dataset.
    DeliveryStatusRow, "delivery_status", {
        /// The report year.
        report_year: ReportYear = "报告年度",
        /// County of the school.
        region_code: String = "县（市、区）代码",
        /// A school of the register.
        school_code: String = "学校标识码",
        /// The dataset.
        dataset: String = "数据集",
        /// Whether the contract asks every school for it, in a year with a report.
        expected: bool = "是否应报",
        /// `delivered`, `late`, `set_aside`, `rejected`, `missing` or `not_asked`.
        outcome: StatusOutcome = "报送情况",
        /// Rows of the school in the table of the dataset.
        rows_loaded: u64 = "入库行" in "行",
        /// Rows of the school that are kept out, or set aside.
        rows_quarantined: u64 = "隔离行" in "行",
        /// Files with rows of the school, and unreadable ones with its code or name in their names.
        files: u64 = "文件数" in "个",
        /// The first of its files that counted; empty where none did.
        first_file: String = "首次计入的文件",
        /// The day on which it arrived; empty where that is not known.
        first_seen: String = "首次计入的到达日期",
        /// The file that arrived last, whatever became of it.
        last_file: String = "最近的文件",
        /// The day on which it arrived; empty where that is not known.
        last_seen: String = "最近的到达日期",
        /// The last day in time; empty where the settings name none.
        deadline: String = "截止日期",
    }
}
