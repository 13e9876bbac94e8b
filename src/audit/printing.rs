//! A printed figure and its place.

use crate::checks::quantity::{fold, read};
use crate::checks::relation::Figure;
use crate::definitions::layout::label_key;
use crate::definitions::relation::Source;

/// A printed figure, or a printed name.
#[derive(Debug, Clone)]
pub struct PrintedFigure {
    pub source: Source,
    /// `表1`; empty for the text.
    pub table: String,
    /// Row labels joined by `/`, as printed or as in the template.
    pub label: String,
    /// Labels in the form in which they are compared.
    pub key: String,
    /// 值, 学时, 调查人次, ….
    pub measure: String,
    pub year: Option<i32>,
    pub unit: String,
    pub text: String,
    /// Row number in a list.
    pub row: usize,
}

/// A row of one of the six tables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    pub table: String,
    pub label: String,
    pub measure: String,
}

/// A path of labels in the form in which paths are compared.
#[must_use]
pub fn path_key(path: &str) -> String {
    path.split('/').map(label_key).collect::<Vec<_>>().join("/")
}

impl PrintedFigure {
    /// As an operand of a relation.
    #[must_use]
    pub fn figure(&self) -> Figure {
        Figure {
            name: self.name(),
            text: self.text.clone(),
            unit: self.unit.clone(),
            printed: read(&self.text, &self.unit),
        }
    }

    /// Its row, in any year.
    #[must_use]
    pub fn row_key(&self) -> RowKey {
        RowKey { table: self.table.clone(), label: self.label.clone(), measure: self.measure.clone() }
    }

    #[must_use]
    pub fn name(&self) -> String {
        name(&self.table, &self.label, &self.measure, self.row, self.year)
    }
}

/// The name of a figure: `表3 教学计划内课程总数（学时） 2024`; `row` is a line of a list.
#[must_use]
pub fn name(table: &str, label: &str, measure: &str, row: usize, year: Option<i32>) -> String {
    let place = if table.is_empty() { "正文" } else { table };
    let measure = if measure == "值" { String::new() } else { format!("（{measure}）") };
    let year = year.map_or_else(String::new, |year| format!(" {year}"));
    let row = if row > 0 { format!(" 第 {row} 行") } else { String::new() };
    format!("{place} {label}{measure}{row}{year}")
}

/// The first year named in a heading: `2023 年数据`.
#[must_use]
pub fn year_in(text: &str) -> Option<i32> {
    let folded = fold(text);
    let runs = folded.split(|c: char| !c.is_ascii_digit());
    runs.filter(|run| run.len() == 4)
        .filter_map(|run| run.parse().ok())
        .find(|year| (1990..2100).contains(year))
}
