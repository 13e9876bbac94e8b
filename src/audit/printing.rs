//! A report as it was read: every figure with where it is printed.

use crate::audit::{Answer, Stated};
use crate::checks::audit_rules::Source;
use crate::checks::printed::read;
use crate::checks::relation::{Figure, Verdict};
use crate::layout::label_key;

/// A report, in whatever form it came.
#[derive(Debug, Default)]
pub struct Report {
    pub title: String,
    pub year: i32,
    pub figures: Vec<Printing>,
    /// Relations that the report itself states, or its reader saw; some in a way nobody can examine.
    pub stated: Vec<Result<Stated, Unasked>>,
    /// Whether the relations of `pipelines/audit/` are looked for.
    pub takes_definitions: bool,
    /// Decimals are not known where cells hold numbers: a workbook shows them as its formats say.
    pub decimals_unknown: bool,
    /// Figures named by keys, which are in no table.
    pub keyed: usize,
    /// Of one that is printed here.
    pub own: Option<Own>,
}

/// Figures that are printed here: rows are where the layout has them, and last year's column has been
/// asked a year ago.
#[derive(Debug, Default)]
pub struct Own {
    /// A person set a value, which stands at some places only.
    pub adjusted: bool,
}

/// A printed figure, or a printed name.
#[derive(Debug, Clone)]
pub struct Printing {
    pub source: Source,
    /// `表1`; empty for the text.
    pub table: String,
    /// Row labels joined by `/`, as printed or as the template has them.
    pub label: String,
    /// Labels as they are compared.
    pub key: String,
    /// 值, 学时, 调查人次, ….
    pub measure: String,
    pub year: Option<i32>,
    pub unit: String,
    pub text: String,
    /// Row of a list.
    pub row: usize,
}

/// A row of one of the six tables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    pub table: String,
    pub label: String,
    pub measure: String,
}

/// A relation with a kind nobody knows, or no relation at all.
#[derive(Debug, Clone)]
pub struct Unasked {
    pub id: String,
    pub kind: String,
    pub place: String,
    pub note: String,
    pub why: String,
}

impl Unasked {
    #[must_use]
    pub fn answer(&self) -> Answer {
        Answer {
            kind: self.kind.clone(),
            id: self.id.clone(),
            place: self.place.clone(),
            verdict: Verdict::NotExamined,
            printed: String::new(),
            recomputed: String::new(),
            interval: String::new(),
            message: self.why.clone(),
            examined: 0,
            figures: Vec::new(),
            note: self.note.clone(),
            rule: None,
            known: false,
            at: None,
            open: true,
        }
    }
}

/// A path of labels as paths are compared.
#[must_use]
pub fn path_key(path: &str) -> String {
    path.split('/').map(label_key).collect::<Vec<_>>().join("/")
}

impl Printing {
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

    /// The row that it stands in, in any year.
    #[must_use]
    pub fn row_key(&self) -> RowKey {
        RowKey { table: self.table.clone(), label: self.label.clone(), measure: self.measure.clone() }
    }

    #[must_use]
    pub fn name(&self) -> String {
        name(&self.table, &self.label, &self.measure, self.row, self.year)
    }
}

/// What a figure is called: `表3 教学计划内课程总数（学时） 2024`; `row` is a line of a list.
#[must_use]
pub fn name(table: &str, label: &str, measure: &str, row: usize, year: Option<i32>) -> String {
    let place = if table.is_empty() { "正文" } else { table };
    let measure = if measure == "值" { String::new() } else { format!("（{measure}）") };
    let year = year.map_or_else(String::new, |year| format!(" {year}"));
    let row = if row > 0 { format!(" 第 {row} 行") } else { String::new() };
    format!("{place} {label}{measure}{row}{year}")
}

impl Report {
    #[must_use]
    pub fn figure_count(&self) -> usize {
        self.figures.len() + self.keyed
    }

    /// The years that figures are of, the latest last.
    #[must_use]
    pub fn years(&self) -> Vec<i32> {
        let mut years: Vec<i32> = self.figures.iter().filter_map(|figure| figure.year).collect();
        years.sort_unstable();
        years.dedup();
        years
    }
}

/// The first year named in a heading: `2023 年数据`.
#[must_use]
pub fn year_in(text: &str) -> Option<i32> {
    let folded = crate::checks::printed::fold(text);
    let runs = folded.split(|c: char| !c.is_ascii_digit());
    runs.filter(|run| run.len() == 4)
        .filter_map(|run| run.parse().ok())
        .find(|year| (1990..2100).contains(year))
}
