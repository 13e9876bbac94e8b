//! The printed tables of one year: schools file them, and reports print them.
//!
//! The basis and the number of decimals belong to the printed place, not to the
//! indicator: 2023 students are 27,540 in 表1.3 and 27,863 in 表6, and both are right.

use serde::Deserialize;

use crate::definitions::code_table::{Status, folded};
use crate::figure::{Basis, Level};
use crate::period::ReportYear;

pub mod extension;

/// A complete `pipelines/layouts/<year>.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout<Row = RowLayout> {
    pub year: ReportYear,
    pub status: Status,
    pub source: String,
    #[serde(rename = "table")]
    pub tables: Vec<TableLayout<Row>>,
    /// Figures of the city that a run's summary shows.
    #[serde(rename = "headline", default)]
    pub headlines: Vec<HeadlineLayout>,
}

/// A figure of the summary.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadlineLayout {
    pub indicator: String,
    pub basis: Basis,
    pub decimals: u32,
}

/// One printed table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableLayout<Row = RowLayout> {
    /// `表1` … `表6`, `表1.2`, ….
    pub id: String,
    /// Years are written as `{year}`, `{year-1}`, …, and replaced by numbers on reading.
    pub title: String,
    pub kind: TableKind,
    /// Whether last year is printed next to this year.
    #[serde(default = "yes")]
    pub last_year: bool,
    /// How many earlier years are printed, where it is not last year alone.
    pub earlier_years: Option<u8>,
    /// Levels it is printed at.
    #[serde(default = "city_only")]
    pub levels: Vec<Level>,
    /// Measures printed next to the years of their row, for this year only: 调查人次, 调查方式.
    #[serde(default)]
    pub beside: Vec<String>,
    #[serde(rename = "row")]
    pub rows: Vec<Row>,
    /// The list under the table.
    pub list: Option<ListLayout>,
}

/// A list under a table: schools file it line by line, and it is printed line by line.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListLayout {
    /// The path of its lines is `<title>/<line>`.
    pub title: String,
    pub note: String,
    pub indicator: String,
    /// Headers of its columns after 序号; each is also the measure of its cells.
    pub columns: Vec<String>,
}

fn yes() -> bool {
    true
}

fn city_only() -> Vec<Level> {
    vec![Level::City]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    /// One of the six tables: schools file it too.
    Official,
    /// A table of the report's body.
    Body,
}

/// One printed row, or, with `each`, a row for each code of a breakdown.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowLayout {
    #[serde(default)]
    pub serial: String,
    /// As printed, with its 其中：; empty for the second measure of the row above.
    pub label: String,
    /// Row labels joined by `/`; `{}` is replaced by the label of `each`.
    pub path: String,
    #[serde(default = "value_measure")]
    pub measure: String,
    #[serde(default)]
    pub unit: String,
    pub indicator: String,
    pub basis: Basis,
    pub decimals: u32,
    /// Whether its cells hold words, not figures: 调查方式.
    #[serde(default)]
    pub text: bool,
    /// Other labels that filings have for the row.
    #[serde(default)]
    pub aliases: Vec<String>,
    #[serde(default)]
    pub breakdown: String,
    #[serde(default)]
    pub breakdown_code: String,
    pub each: Option<Each>,
}

fn value_measure() -> String {
    "值".to_owned()
}

/// The things a row is repeated over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Each {
    /// The counties of the city.
    County,
    /// The major classes that have a value, the largest first.
    MajorClass,
}

impl<Row> Layout<Row> {
    #[must_use]
    pub fn map_rows<Mapped>(self, mut map: impl FnMut(Row) -> Mapped) -> Layout<Mapped> {
        Layout {
            year: self.year,
            status: self.status,
            source: self.source,
            tables: self.tables.into_iter().map(|table| table.map_rows(&mut map)).collect(),
            headlines: self.headlines,
        }
    }
}

impl<Row> TableLayout<Row> {
    #[must_use]
    pub fn map_rows<Mapped>(self, map: impl FnMut(Row) -> Mapped) -> TableLayout<Mapped> {
        TableLayout {
            id: self.id,
            title: self.title,
            kind: self.kind,
            last_year: self.last_year,
            earlier_years: self.earlier_years,
            levels: self.levels,
            beside: self.beside,
            rows: self.rows.into_iter().map(map).collect(),
            list: self.list,
        }
    }
}

impl Layout {
    /// With the years of its titles.
    #[must_use]
    pub fn dated(mut self) -> Self {
        for table in &mut self.tables {
            table.title = title_in(&table.title, self.year);
        }
        self
    }

    #[must_use]
    pub fn table(&self, id: &str) -> Option<&TableLayout> {
        self.tables.iter().find(|table| table.id == id)
    }

    /// How many earlier years its tables print.
    #[must_use]
    pub fn earlier_years(&self) -> ReportYear {
        self.tables.iter().map(TableLayout::earlier_years).max().unwrap_or_default()
    }

    /// Rows of the official tables, which schools fill in.
    pub fn filed_rows(&self) -> impl Iterator<Item = (&TableLayout, &RowLayout)> {
        let official = self.tables.iter().filter(|table| table.kind == TableKind::Official);
        official.flat_map(|table| table.rows.iter().map(move |row| (table, row)))
    }
}

impl TableLayout {
    /// How many earlier years are printed before this year's column.
    #[must_use]
    pub fn earlier_years(&self) -> ReportYear {
        self.earlier_years.map_or(ReportYear::from(self.last_year), ReportYear::from)
    }

    /// Whether a row is a cell next to the years of the row above it.
    #[must_use]
    pub fn is_beside(&self, row: &RowLayout) -> bool {
        self.beside.contains(&row.measure)
    }

    /// The row with this path and measure.
    #[must_use]
    pub fn row(&self, path: &str, measure: &str) -> Option<&RowLayout> {
        self.rows.iter().find(|row| row.path == path && row.measure == measure)
    }
}

impl RowLayout {
    /// The [`label_key`]s that mean this row in a filing, its own label's first.
    #[must_use]
    pub fn label_keys(&self) -> Vec<String> {
        std::iter::once(&self.label).chain(&self.aliases).map(|label| label_key(label)).collect()
    }
}

/// A title with its years filled in: `{year}` is the layout's own, `{year-1}` the one before.
#[must_use]
pub fn title_in(title: &str, year: ReportYear) -> String {
    (0..=9).fold(title.replace("{year}", "{year-0}"), |title, back| {
        title.replace(&format!("{{year-{back}}}"), &year.saturating_sub(back).to_string())
    })
}

/// A row label without what varies: blanks, width, quotes, 其中：.
#[must_use]
pub fn label_key(label: &str) -> String {
    let folded = folded(label).replace(['"', '\''], "");
    folded.trim_start_matches("其中").trim_start_matches(':').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Delivered;

    #[test]
    fn a_basis_is_found_by_its_names() {
        for delivered in Delivered::ALL {
            for basis in [delivered.basis(), delivered.basis().adjusted()] {
                assert_eq!(Basis::named(basis.name(), delivered.name()), Some(basis));
                assert_eq!(basis.delivered(), delivered);
            }
            assert_eq!(Delivered::labelled(delivered.label()), Some(delivered));
        }
        assert_eq!(Basis::named("adjusted", ""), None);
    }

    #[test]
    fn no_place_of_a_layout_asks_for_an_adjusted_value() {
        #[derive(Debug, Deserialize)]
        struct Place {
            basis: Basis,
        }
        assert_eq!(toml::from_str::<Place>("basis = 'survey'").unwrap().basis, Basis::Survey);
        for text in ["basis = 'adjusted'", "basis = { adjusted = 'filed' }"] {
            let error = toml::from_str::<Place>(text).unwrap_err().to_string();
            assert!(error.contains("unknown variant"), "{error}");
        }
    }

    #[test]
    fn a_title_names_its_year() {
        let title = "表6.1 {year-2}年至{year}年 1+X 证书情况";
        assert_eq!(title_in(title, 2024), "表6.1 2022年至2024年 1+X 证书情况");
        assert_eq!(title_in("表1 人才培养质量计分卡", 2024), "表1 人才培养质量计分卡");
    }

    #[test]
    fn labels_are_compared_without_what_varies() {
        assert_eq!(label_key("其中：升学人数"), label_key(" 升学 人数"));
        assert_eq!(label_key("“双师型”教师比例"), label_key("\"双师型\"教师比例"));
    }
}
