//! Which table a title names: by its number, else by the words of its title.

use crate::decode::cell::is_blank;
use crate::definitions::Definitions;
use crate::definitions::code_table::narrow;
use crate::definitions::layout::label_key;

/// The number of a table at the beginning of its title: `表1.4` of `表 1.4　教师队伍变化情况`.
#[must_use]
pub fn number(title: &str) -> Option<String> {
    let rest = title.trim_matches(is_blank).strip_prefix('表')?.trim_start_matches(is_blank);
    let number: String =
        rest.chars().map(narrow).take_while(|c| c.is_ascii_digit() || matches!(c, '.' | '-')).collect();
    let number = number.trim_end_matches(['.', '-']).replace('-', ".");
    number.starts_with(|c: char| c.is_ascii_digit()).then(|| format!("表{number}"))
}

/// Whether a number is that of a table within a chapter, which is none of the six.
#[must_use]
pub fn is_of_body(number: &str) -> bool {
    number.contains('.')
}

/// The one of the six tables that a title names. A table of the body may repeat its words.
#[must_use]
pub fn table_id(title: &str, definitions: &Definitions) -> Option<String> {
    let number = number(title);
    if number.as_deref().is_some_and(is_of_body) {
        return None;
    }
    let tables = &definitions.audit.tables;
    let key = label_key(title);
    let titled = tables.iter().find(|table| table.titles.iter().any(|name| key.contains(&label_key(name))));
    let numbered = || tables.iter().find(|table| number.as_deref() == Some(table.id.as_str()));
    titled.or_else(numbered).map(|table| table.id.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions::{embedded, load};

    #[test]
    fn a_number_ends_where_its_digits_do() {
        for (title, expected) in [
            ("表 1.4", Some("表1.4")),
            ("表1.4 2023年与2024年教师队伍变化情况", Some("表1.4")),
            ("表１．４　教师", Some("表1.4")),
            ("表1-4 教师", Some("表1.4")),
            ("　表3　教学资源表", Some("表3")),
            ("表1 2024年人才培养", Some("表1")),
            ("表10", Some("表10")),
            ("表3. 教学资源", Some("表3")),
            ("表格", None),
            ("名称：表3", None),
            ("", None),
        ] {
            assert_eq!(number(title).as_deref(), expected, "{title}");
        }
    }

    #[test]
    fn one_of_the_six_is_named_by_its_number_or_its_words() {
        let definitions = load(&embedded()).unwrap();
        for (title, expected) in [
            ("表3", Some("表3")),
            ("表1 2024年度", Some("表1")),
            ("附件2：教学资源表", Some("表3")),
            ("表7 满意度调查表", Some("表2")),
            ("表1.1 人才培养质量计分卡摘要", None),
            ("表31", None),
            ("教师", None),
        ] {
            assert_eq!(table_id(title, &definitions).as_deref(), expected, "{title}");
        }
    }
}
