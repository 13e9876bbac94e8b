//! Sheets beside the data: covers, contents, instructions, lists to choose from.

use super::text;
use crate::decode::{Cell, Row};

const NAMES: [&str; 12] =
    ["说明", "须知", "指南", "封面", "封皮", "目录", "帮助", "要求", "代码表", "字典", "选项", "示例"];

/// Whether a sheet's name is one of those that templates give to what is no data.
#[must_use]
pub fn is_named_so(sheet: &str) -> bool {
    let name = text::compact(sheet);
    let bare = name.split('(').next().unwrap_or_default();
    let bare = bare.trim_matches(|c: char| c.is_ascii_digit() || "-_.、【】[]*".contains(c));
    NAMES.iter().any(|known| bare.ends_with(known))
        || bare.starts_with("填表说明")
        || bare.starts_with("填报说明")
}

/// Whether rows are of delivered items: more than the one of an example hold the code of a school or a number
/// of a person.
#[must_use]
pub fn holds_items(rows: &[Row<'static>]) -> bool {
    let is_item = |row: &&Row<'_>| row.cells.iter().any(is_code);
    rows.iter().filter(is_item).count() > 1
}

fn is_code(cell: &Cell<'_>) -> bool {
    let text = text::compact(&cell.text());
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    matches!((text.len(), digits), (10, 10) | (18, 17..=18))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covers_are_known_by_what_they_are_called() {
        for name in [
            "填表说明",
            "说明",
            " 填报说明（必读）",
            "说明1",
            "填写须知",
            "封面",
            "专业代码表",
            "2024填表说明-新",
        ] {
            assert!(is_named_so(name), "{name}");
        }
        for name in ["学生信息", "Sheet1", "说明书专业学生", ""] {
            assert!(!is_named_so(name), "{name}");
        }
    }

    #[test]
    fn one_example_is_no_delivery() {
        let row = |text: &str| Row { number: 1, cells: vec![Cell::Text(text.to_owned().into())] };
        assert!(!holds_items(&[row("学校标识码填 10 位数字"), row("3614000001")]));
        assert!(holds_items(&[row("3614000001"), row("14100219900101123x")]));
    }
}
