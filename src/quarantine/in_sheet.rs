//! How each fault of a row is corrected in place, on the sheet: nothing is delivered again for it.

use crate::finding::{self, Rule};

/// The rules that keep out rows or cells with something to correct, each with what the clerk does in the sheet.
const REMEDIES: &[(&Rule, &str)] = &[
    (finding::ROW_REQUIRED, "请在该单元格补填"),
    (finding::ROW_CODE, "请按代码表填写；确属新代码的，请告知市教育局"),
    (finding::ROW_DATE, "请写成 2008-03-04 的形式"),
    (finding::ROW_NUMBER, "请只填数字"),
    (finding::ROW_UNIT, "请核对该数的小数位数，或按约定的单位填写"),
    (finding::ROW_ID_NUMERIC, "请重新录入完整号码（本表的单元格已是文本格式）"),
    (finding::ROW_ID_FORMAT, "请核对证件后更正"),
    (finding::ROW_SCHOOL, "请填写 10 位学校标识码"),
    (finding::ROW_ENCODING, "请把乱码的字改正"),
    (finding::ROW_COLUMNS, "请把错位的单元格移回所属的列"),
    (finding::ROW_NO_RESULT, "请直接填写数值"),
    (finding::ROW_ERROR_CELL, "请直接填写正确的值"),
    (finding::ROW_MOJIBAKE, "请按有效证件填写姓名"),
    (finding::ROW_CONTROL, "请删去控制字符（显示为 �），改成正确的值"),
    (finding::ROW_MAJOR, "请填写完整的 6 位专业代码"),
    (finding::ROW_ID_SHARED, "请核对是哪一位学生的证件号码，改正有误的一行"),
    (finding::FILE_PERIOD, "年份写错的请改正；不是本年度数据的请放弃"),
    (finding::CELL_BAD, "请更正该单元格"),
    (finding::CELL_PERSONAL, "请删去该单元格中的个人信息，只填该栏应填的内容"),
    (finding::FILING_CELL, "请填数字、短横或留空"),
    (finding::FILING_ROW_TWICE, "重复的一行请放弃"),
    (finding::FILING_ROW_UNKNOWN, "请核对指标名称"),
];

/// Of faults that no remedy is written for.
const ANY: &str = "请改成正确的值";

/// How a row that a rule keeps out is corrected in the sheet.
#[must_use]
pub fn remedy(rule: &str) -> &'static str {
    REMEDIES.iter().find(|(known, _)| known.id == rule).map_or(ANY, |(_, remedy)| remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_corrected_in_the_sheet_is_not_delivered_again() {
        for rule in finding::RULES {
            let remedy = remedy(rule.id);
            for words in ["重新报送", "重新导出", "再报送", "nianbao"] {
                assert!(!remedy.contains(words), "{}: {remedy}", rule.id);
            }
        }
        assert_eq!(remedy(finding::ROW_REQUIRED.id), "请在该单元格补填");
        assert_eq!(remedy("X-NEW"), ANY);
    }
}
