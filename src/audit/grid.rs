//! Rows of cells → figures: the six tables, with rows shifted by a column, and tables of the body.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::answer::RelationInstance;
use crate::audit::printing::{PrintedFigure, path_key, year_in};
use crate::checks::quantity::{Reading, fold, read};
use crate::checks::relation::{Figure, Operand, Operands};
use crate::definitions::layout::label_key;
use crate::definitions::relation::Source;
use crate::definitions::relation::kind::RelationKind;

/// The columns of one of the six tables.
#[derive(Debug, Clone)]
pub struct Columns {
    label: usize,
    unit: usize,
    years: Vec<(usize, i32)>,
    /// 调查人次 and the other measures next to the years.
    others: Vec<(usize, String)>,
}

/// A row as intended.
#[derive(Debug)]
pub struct GridRow {
    pub label: String,
    pub unit: String,
    pub values: Vec<GridValue>,
    pub shifted: bool,
}

/// A cell of a year, or of a measure next to the years.
#[derive(Debug, Clone)]
pub struct GridValue {
    pub measure: String,
    pub year: Option<i32>,
    pub text: String,
    /// Index of the column.
    pub column: usize,
}

const LABELS: [&str; 5] = ["指标", "指标名称", "指标内容", "项目", "内容"];
const UNITS: [&str; 2] = ["单位", "计量单位"];

/// The columns of a header; `None` unless it is that of a table with units and years.
#[must_use]
pub fn columns(header: &[String]) -> Option<Columns> {
    let label = column_of(header, &LABELS)?;
    let unit = column_of(header, &UNITS)?;
    let cells = || header.iter().enumerate().skip(label + 1).filter(|(index, _)| *index != unit);
    let years: Vec<(usize, i32)> =
        cells().filter_map(|(index, cell)| Some((index, year_in(cell)?))).collect();
    let other = |(index, cell): (usize, &String)| {
        let name = label_key(cell);
        (year_in(cell).is_none() && !name.is_empty() && name != "备注").then_some((index, name))
    };
    let others = cells().filter_map(other).collect();
    (!years.is_empty()).then_some(Columns { label, unit, years, others })
}

fn column_of(header: &[String], names: &[&str]) -> Option<usize> {
    header.iter().position(|cell| names.contains(&label_key(cell).as_str()))
}

/// The columns that a row lacks of the header of a table with units and years: empty for a whole header, none for
/// what is not one.
#[must_use]
pub fn lacking(row: &[String]) -> Option<Vec<&'static str>> {
    let found = [
        ("指标", column_of(row, &LABELS).is_some()),
        ("单位", column_of(row, &UNITS).is_some()),
        (
            "年份",
            row.iter().any(|cell| year_in(cell).is_some_and(|_| fold(cell).chars().count() <= HEADING_MAX)),
        ),
    ];
    let lacking: Vec<&str> = found.iter().filter(|(_, is_there)| !is_there).map(|(name, _)| *name).collect();
    (lacking.len() < found.len() - 1).then_some(lacking)
}

/// Characters of a heading of a year: `2023年度数据`.
const HEADING_MAX: usize = 10;

impl Columns {
    /// Index of the column of labels.
    #[must_use]
    pub fn label(&self) -> usize {
        self.label
    }

    /// The units that the rows name: words in the column of units, next to a label.
    #[must_use]
    pub fn units(&self, rows: &[Vec<String>]) -> BTreeSet<String> {
        let labelled =
            rows.iter().filter(|row| row.get(self.label).is_some_and(|label| !label.trim().is_empty()));
        let units = labelled.filter_map(|row| row.get(self.unit)).map(|unit| fold(unit));
        units.filter(|unit| !unit.is_empty() && !unit.contains(|c: char| c.is_ascii_digit())).collect()
    }

    /// Reads a row; one that is shifted by a column is put right and marked.
    #[must_use]
    pub fn read(&self, cells: &[String], units: &BTreeSet<String>) -> GridRow {
        let straight = |index: usize| cells.get(index).map_or("", String::as_str);
        let is_unit = |text: &str| units.contains(&fold(text));
        let is_word = |text: &str| matches!(read(text, ""), Reading::Unreadable) && !is_unit(text);
        let is_figure = |text: &str| matches!(read(text, ""), Reading::Number(_) | Reading::Dash);
        let slid_left = self.label > 0
            && is_word(straight(self.label - 1))
            && is_unit(straight(self.label))
            && is_figure(straight(self.unit));
        let first_year = self.years.first().map_or(self.unit + 1, |(index, _)| *index);
        let slid_right =
            straight(self.label).is_empty() && is_word(straight(self.unit)) && is_unit(straight(first_year));
        let cell = |index: usize| match (slid_left, slid_right) {
            (true, _) => index.checked_sub(1).map_or("", straight).trim(),
            (_, true) => straight(index + 1).trim(),
            _ => straight(index).trim(),
        };
        let value = |measure: &str, year: Option<i32>, column: usize| GridValue {
            measure: measure.to_owned(),
            year,
            text: cell(column).to_owned(),
            column,
        };
        let years = self.years.iter().map(|(index, year)| value("值", Some(*year), *index));
        let latest = self.years.iter().map(|(_, year)| *year).max();
        let others = self.others.iter().map(|(index, name)| value(name, latest, *index));
        GridRow {
            label: cell(self.label).to_owned(),
            unit: cell(self.unit).to_owned(),
            values: years.chain(others).collect(),
            shifted: slid_left || slid_right,
        }
    }
}

/// The figures of a row of one of the six tables; `counted` are the measures next to the years that are numbers
/// in every row.
#[must_use]
pub fn figures(
    table: &str,
    path: &str,
    measure: &str,
    row: &GridRow,
    counted: &BTreeSet<String>,
) -> Vec<PrintedFigure> {
    let is_figure = |value: &&GridValue| {
        value.measure == "值"
            || counted.contains(&value.measure)
            || matches!(read(&value.text, ""), Reading::Number(_) | Reading::Dash)
    };
    let figure = |value: &GridValue| PrintedFigure {
        source: Source::Official(table.to_owned()),
        table: table.to_owned(),
        label: path.to_owned(),
        key: path_key(path),
        measure: if value.measure == "值" { measure.to_owned() } else { value.measure.clone() },
        year: value.year,
        unit: if value.measure == "值" { row.unit.clone() } else { String::new() },
        text: value.text.clone(),
        row: 0,
    };
    row.values.iter().filter(is_figure).map(figure).collect()
}

/// The figures of a row of a table of the body with units and years as in the six tables.
#[must_use]
pub fn items(table: &str, row: &GridRow) -> Vec<PrintedFigure> {
    let mut figures = figures(table, &row.label, "值", row, &BTreeSet::new());
    figures.retain(|figure| figure.measure == "值" && !row.label.is_empty());
    for figure in &mut figures {
        figure.source = Source::Body;
    }
    figures
}

/// An instance for each shifted row, and one for all other rows of a table.
#[must_use]
pub fn shifts(table: &str, rows: &[(String, &GridRow, &[String])]) -> Vec<RelationInstance> {
    let new = |place: String, text: String, looked_at| RelationInstance {
        id: "cells_in_their_columns".to_owned(),
        kind: RelationKind::ColumnShift,
        place: place.clone(),
        note: String::new(),
        operands: Operands {
            by_field: BTreeMap::from([(
                "row".to_owned(),
                vec![Operand::Figure(Figure {
                    name: place,
                    text,
                    unit: String::new(),
                    printed: Reading::Unreadable,
                })],
            )]),
        },
        interpretation: false,
        looked_at,
        row: None,
    };
    let slid = rows.iter().filter(|(_, row, _)| row.shifted).map(|(path, _, cells)| {
        // A workbook keeps no blanks after the last cell.
        let last = cells.iter().rposition(|cell| !cell.trim().is_empty()).map_or(0, |last| last + 1);
        let text =
            cells[..last].iter().map(|cell| format!("[{}]", cell.trim())).collect::<Vec<_>>().join(" ");
        new(format!("{table} {path}"), text, 1)
    });
    let straight = rows.iter().filter(|(_, row, _)| !row.shifted).count();
    let rest = (straight > 0).then(|| new(table.to_owned(), String::new(), straight));
    slid.chain(rest).collect()
}

/// The figures and names of a table of the body: years down the side, years along the top, or none.
#[must_use]
pub fn body(table: &str, header: &[String], rows: &[Vec<String>]) -> Vec<PrintedFigure> {
    let first = header.first().map(|cell| label_key(cell)).unwrap_or_default();
    let years_down = ["年份", "年度", "年"].contains(&first.as_str());
    let years_along: Vec<Option<i32>> = header.iter().map(|cell| year_in(cell)).collect();
    let along = years_along.iter().any(Option::is_some);
    let mut figures = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let name = row.first().map_or("", String::as_str);
        for (index, text) in row.iter().enumerate() {
            let heading = header.get(index).map_or("", String::as_str);
            let (label, year) = match (years_down, along) {
                (true, _) if index > 0 => (heading, year_in(name)),
                (false, true) if index > 0 => (name, years_along.get(index).copied().flatten()),
                (false, false) => (heading, None),
                _ => continue,
            };
            if along && !years_down && year.is_none() {
                continue;
            }
            figures.push(PrintedFigure {
                source: Source::Body,
                table: table.to_owned(),
                label: label.to_owned(),
                key: label_key(label),
                measure: "值".to_owned(),
                year,
                unit: bracketed(label).unwrap_or_default(),
                text: text.trim().to_owned(),
                row: if years_down || along { 0 } else { at + 1 },
            });
        }
    }
    figures
}

/// The unit in brackets at the end of a heading: 获奖总数（项）.
fn bracketed(label: &str) -> Option<String> {
    const LONGEST: usize = 5;
    let label = fold(label);
    let inside = label.strip_suffix(')')?.rsplit_once('(')?.1;
    (inside.chars().count() <= LONGEST).then(|| inside.to_owned())
}

/// The columns of a list of 专业群.
#[must_use]
pub fn list(table: &str, header: &[String], rows: &[Vec<String>]) -> Vec<PrintedFigure> {
    let mut figures = body(table, header, rows);
    for figure in &mut figures {
        figure.source = Source::List;
        figure.key = list_key(&figure.label);
    }
    figures
}

/// A heading of a list in the form in which it is compared: 包含专业数量（个） is 包含专业数量.
#[must_use]
pub fn list_key(label: &str) -> String {
    let key = label_key(label);
    match bracketed(label) {
        Some(unit) => key.trim_end_matches(')').trim_end_matches(&unit).trim_end_matches('(').to_owned(),
        None => key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(row: &str) -> Vec<String> {
        row.split('|').map(str::to_owned).collect()
    }

    fn read_all(rows: &[&str]) -> Vec<GridRow> {
        let rows: Vec<Vec<String>> = rows.iter().map(|row| cells(row)).collect();
        let columns = columns(&cells("序号|指标|单位|2023年|2024 年|调查人次|调查方式")).unwrap();
        let units = columns.units(&rows);
        rows.iter().map(|row| columns.read(row, &units)).collect()
    }

    #[test]
    fn a_shifted_row_is_read_where_it_belongs() {
        let rows = read_all(&["1|校级数量|个|104|97||", "接入平台数|个|15|1|||", "||接入平台数|个|15|1|"]);
        assert!(!rows[0].shifted && rows[1].shifted && rows[2].shifted);
        for row in &rows[1..] {
            assert_eq!((row.label.as_str(), row.unit.as_str()), ("接入平台数", "个"));
            let texts: Vec<&str> = row.values.iter().map(|value| value.text.as_str()).collect();
            assert_eq!(texts[..2], ["15", "1"]);
        }
    }

    #[test]
    fn a_row_without_a_label_or_with_a_dash_is_not_shifted() {
        let rows =
            read_all(&["1|课程总数|门|3111|3362||", "||学时|482781|528252||", "2|满意度|%|-|-|-|网上"]);
        assert!(rows.iter().all(|row| !row.shifted));
        let value = &rows[2].values[2];
        assert_eq!((value.measure.as_str(), value.year, value.text.as_str()), ("调查人次", Some(2024), "-"));
    }

    #[test]
    fn tables_of_the_body_have_years_in_rows_or_columns_or_none() {
        let body_of = |header: &str, row: &str| {
            let found = body("表9", &cells(header), &[cells(row)]);
            found.into_iter().map(|f| (f.label, f.year, f.unit, f.text)).collect::<Vec<_>>()
        };
        let text = str::to_owned;
        assert_eq!(
            body_of("年份|奖（项）", "2024年|5"),
            [(text("奖（项）"), Some(2024), text("项"), text("5"))]
        );
        assert_eq!(
            body_of("项目|2024 年数据|备注", "教师|7|x"),
            [(text("教师"), Some(2024), text(""), text("7"))]
        );
        assert_eq!(body_of("序号|学 校", "1|甲校")[1], (text("学 校"), None, text(""), text("甲校")));
    }
}
