//! The columns of a dataset's table, as staged.

use super::{Column, ColumnType, Dataset};
use crate::tables::column::{FieldKind, FieldSpec};

/// The position of a row, in every normalised table.
pub const SOURCE_FIELDS: [(&str, FieldKind, &str); 3] = [
    ("source_file", FieldKind::Text, "来源文件的 SHA-256"),
    ("source_sheet", FieldKind::Text, "来源工作表"),
    ("source_row", FieldKind::Int32, "来源物理行"),
];

/// Columns needed in staging and never released: keyed digests of the delivered row, of the name, and of the
/// number that the thing itself has.
pub const STAGING_FIELDS: [(&str, FieldKind, &str); 3] = [
    ("row_digest", FieldKind::Text, "整行摘要"),
    ("name_digest", FieldKind::Text, "姓名摘要"),
    ("own_key", FieldKind::Text, "自有编号摘要"),
];

/// The column beside a column of areas with three times each of them, exactly: the areas may be rounded.
#[must_use]
pub fn thirds_of(column: &str) -> String {
    format!("{column}_thirds")
}

/// The columns of a dataset's table as staged.
#[must_use]
pub fn staged_fields(dataset: &Dataset) -> Vec<FieldSpec> {
    let mut fields = vec![FieldSpec::new("report_year", FieldKind::Int32, "报告年度")];
    for column in table_columns(dataset) {
        for (name, kind, title) in carried_fields(column) {
            let unit = column.unit.clone().unwrap_or_default();
            let of_thirds = column.has_thirds() && name == thirds_of(&column.name);
            fields.push(FieldSpec {
                name,
                kind,
                title_zh: title,
                unit: if of_thirds { format!("1/3 {unit}") } else { unit },
                source: column.source.clone().unwrap_or_default(),
            });
        }
    }
    let more = SOURCE_FIELDS.into_iter().chain(STAGING_FIELDS);
    fields.extend(more.map(|(name, kind, title)| FieldSpec::new(name, kind, title)));
    fields
}

/// The contract's columns that its table carries. Where several share a name, with different meanings in
/// different years, one that is carried.
#[must_use]
pub fn table_columns(dataset: &Dataset) -> Vec<&Column> {
    let mut columns: Vec<&Column> = Vec::new();
    for column in dataset.columns.iter().filter(|column| column.carried) {
        if !columns.iter().any(|known| known.name == column.name) {
            columns.push(column);
        }
    }
    columns
}

/// The fields of one contract column.
#[must_use]
pub fn carried_fields(column: &Column) -> Vec<(String, FieldKind, String)> {
    let Column { name, title_zh: title, .. } = column;
    let single = |name: &str, kind| vec![(name.to_owned(), kind, title.to_owned())];
    match column.kind {
        ColumnType::PersonName | ColumnType::ReportYear | ColumnType::RegistrationNumber => Vec::new(),
        ColumnType::IdNumber => vec![
            (name.to_owned(), FieldKind::Text, "化名".to_owned()),
            ("id_kind".to_owned(), FieldKind::Text, "证件号码种类".to_owned()),
        ],
        ColumnType::BirthDate => vec![("birth_year".to_owned(), FieldKind::Int32, "出生年份".to_owned())],
        ColumnType::Major => vec![
            ("major_code".to_owned(), FieldKind::Text, "专业代码".to_owned()),
            ("major_class".to_owned(), FieldKind::Text, "专业大类代码".to_owned()),
        ],
        ColumnType::Integer => single(name, FieldKind::Int64),
        ColumnType::Decimal if column.has_thirds() => vec![
            (name.to_owned(), FieldKind::Decimal, title.to_owned()),
            (thirds_of(name), FieldKind::Decimal, format!("{title}的精确值，以三分之一计")),
        ],
        ColumnType::Decimal => single(name, FieldKind::Decimal),
        ColumnType::Region => single("region_code", FieldKind::Text),
        ColumnType::Text | ColumnType::SchoolCode | ColumnType::Code | ColumnType::YearMonth => {
            single(name, FieldKind::Text)
        }
    }
}
