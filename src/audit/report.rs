//! A report as read, in whatever form it came.

use serde::Serialize;

use crate::audit::answer::{RelationInstance, UnaskedRelation};
use crate::audit::printing::PrintedFigure;
use crate::checks::quantity::{Reading, fold, read};
use crate::figure::Level;

/// The figures of a report, and the relations that it states itself.
#[derive(Debug, Default)]
pub struct Report {
    pub title: String,
    pub year: i32,
    pub figures: Vec<PrintedFigure>,
    /// Relations stated by the report itself, or seen by its reader; some cannot be examined.
    pub stated: Vec<Result<RelationInstance, UnaskedRelation>>,
    /// Whether the relations of `pipelines/audit/` are checked too.
    pub takes_definitions: bool,
    /// Whether decimals are unknown: the number cells of an `.xls` are read without their formats.
    pub decimals_unknown: bool,
    /// The level of its unit, for a document that this program printed.
    pub level: Option<Level>,
    /// Whether it has the six tables: what is not there of them is missing.
    pub has_tables: bool,
    pub cells: CellsRead,
    pub headless: Vec<HeadlessTable>,
    /// Number of figures named by keys, which are in no table.
    pub keyed: usize,
    /// Set for a report that is printed from a release.
    pub own_report: Option<OwnReport>,
}

/// The cells of tables in which figures stand, by what was read in them.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CellsRead {
    /// Numbers, and dashes that say that there is none to give.
    pub read: usize,
    pub blank: usize,
    /// 缺报: it was not delivered.
    pub missing: usize,
    pub unreadable: Vec<CellAt>,
    /// Rows whose labels no layout and no relation names.
    pub unknown_rows: Vec<CellAt>,
}

/// A cell, and what stands there.
#[derive(Debug, Clone, Serialize)]
pub struct CellAt {
    pub sheet: String,
    pub row: u32,
    /// `E`.
    pub column: String,
    /// `表3 生师比 2024`.
    pub figure: String,
    pub text: String,
}

/// A table that is titled, with a header that lacks a column.
#[derive(Debug, Clone, Serialize)]
pub struct HeadlessTable {
    pub table: String,
    pub sheet: String,
    pub row: u32,
    pub lacks: Vec<&'static str>,
}

/// Printed in place of a figure that was not delivered.
const MISSING: &str = "缺报";

impl CellsRead {
    /// Counts a cell; `at` says where it is, if it cannot be read.
    pub fn count(&mut self, text: &str, at: impl FnOnce() -> CellAt) {
        match read(text, "") {
            Reading::Number(_) | Reading::Dash => self.read += 1,
            Reading::Blank => self.blank += 1,
            Reading::Unreadable if fold(text) == MISSING => self.missing += 1,
            Reading::Unreadable => self.unreadable.push(at()),
        }
    }

    #[must_use]
    pub fn all(&self) -> usize {
        self.read + self.blank + self.missing + self.unreadable.len()
    }
}

/// The letters of a column, from its index.
#[must_use]
pub fn column_name(index: usize) -> String {
    let mut name = String::new();
    let mut rest = index + 1;
    while rest > 0 {
        let letter = u8::try_from((rest - 1) % 26).unwrap_or_default();
        name.insert(0, char::from(b'A' + letter));
        rest = (rest - 1) / 26;
    }
    name
}

/// A report printed by this program: its rows are where the layout has them, and last year's column
/// was checked a year ago.
#[derive(Debug, Default)]
pub struct OwnReport {
    /// Whether a person set a value, which only some places show.
    pub adjusted: bool,
}

impl Report {
    #[must_use]
    pub fn figure_count(&self) -> usize {
        self.figures.len() + self.keyed
    }

    /// The years of its figures, in ascending order.
    #[must_use]
    pub fn years(&self) -> Vec<i32> {
        let mut years: Vec<i32> = self.figures.iter().filter_map(|figure| figure.year).collect();
        years.sort_unstable();
        years.dedup();
        years
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_counted_by_what_stands_in_them() {
        let mut cells = CellsRead::default();
        for text in ["92.80", "-", "", "缺报", "很多", "约 300"] {
            cells.count(text, || CellAt {
                sheet: "表1".to_owned(),
                row: 4,
                column: column_name(4),
                figure: String::new(),
                text: text.to_owned(),
            });
        }
        assert_eq!((cells.read, cells.blank, cells.missing, cells.all()), (3, 1, 1, 6));
        assert_eq!(cells.unreadable[0].text, "很多");
    }

    #[test]
    fn columns_have_letters() {
        for (index, name) in [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")] {
            assert_eq!(column_name(index), name);
        }
    }
}
