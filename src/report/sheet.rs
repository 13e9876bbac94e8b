//! The layout of the tables of a unit's report, for any writer.
//!
//! One sheet per table, as in the printed report: serial, label, unit, last year, this year, other measures,
//! and the list under the table. Next to that, outside the print area, are the basis, the parts of ratios and
//! the schools missed. Figures are text, exactly as printed.

use std::collections::BTreeSet;

use super::cells::ReportCell;
use crate::definitions::layout::{Layout, ListLayout, TableKind, TableLayout};
use crate::figure::{Basis, Delivered, Level, State};
use crate::figures::Coverage;
use crate::number::Decimal;
use crate::period::ReportYear;

/// The headings of a unit's documents.
#[derive(Debug, Clone)]
pub struct Heading {
    pub year: ReportYear,
    /// `临汾市(141000)`.
    pub name: String,
    /// `第 000017 版（草稿）`.
    pub release: String,
    /// The release's time, which makes the bytes reproducible.
    pub created: String,
    pub footnotes: Vec<Footnote>,
}

/// The footnote of a table with a figure that a person set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Footnote {
    pub year: ReportYear,
    pub region_code: String,
    pub school_code: String,
    pub stands_for: Delivered,
    /// The indicator that was set, and those computed from it.
    pub indicators: BTreeSet<String>,
    pub text: String,
}

impl Footnote {
    fn is_of(&self, cell: &ReportCell) -> bool {
        cell.basis == Basis::Adjusted(self.stands_for)
            && cell.column_year == self.year
            && self.indicators.contains(&cell.indicator_id)
            && match cell.unit.level {
                Level::School => cell.unit.school_code == self.school_code,
                Level::County => cell.unit.region_code == self.region_code,
                Level::City => true,
            }
    }
}

/// A table of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// `表1`, `表 1.2`.
    pub name: String,
    pub title: String,
    /// The unit: `名称：临汾市(141000)`.
    pub unit: String,
    /// Heads of the printed columns.
    pub heads: Vec<String>,
    /// Heads of the further columns, for checking.
    pub aside_heads: Vec<&'static str>,
    pub lines: Vec<Line>,
    pub list: Option<List>,
    pub notes: Vec<String>,
}

/// A printed row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The cells left of the figures.
    pub labels: Vec<Label>,
    pub figures: Vec<Figure>,
    pub aside: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub text: String,
    /// How many rows contain it, one within the other.
    pub depth: u8,
    /// The label of the line above continues here: both are measures of one row.
    pub goes_on: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    pub text: String,
    pub kind: FigureKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureKind {
    Number,
    Words,
    Missing,
}

/// The list under a table, filed by schools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    pub caption: String,
    pub heads: Vec<String>,
    /// The serial, and a text for each further head.
    pub lines: Vec<Vec<String>>,
}

/// The sheets of one unit from its cells in printed order.
#[must_use]
pub fn sheets(cells: &[&ReportCell], layout: &Layout, heading: &Heading) -> Vec<Sheet> {
    let tables = cells.chunk_by(|a, b| a.report_table == b.report_table);
    let sheet = |cells: &[&ReportCell]| Some(sheet(cells, layout.table(&cells[0].report_table)?, heading));
    tables.filter_map(sheet).collect()
}

fn sheet(cells: &[&ReportCell], table: &TableLayout, heading: &Heading) -> Sheet {
    let rows = printed_rows(table, cells);
    let columns = Columns::of(table, &rows);
    let second = |index: usize| index > 0 && is_second_measure(&rows[index], &rows[index - 1]);
    let lines = rows.iter().enumerate().map(|(index, row)| columns.line(row, second(index)));
    let listed: Vec<&ReportCell> = cells.iter().copied().filter(|cell| is_listed(table, cell)).collect();
    let note = format!(
        "{}；右侧为核对用：口径：系统＝全国系统逐条数据汇总，填报＝各校填报汇总，调查＝问卷调查，核定＝负责人核定后的数（见下）；分子、分母为本年数，填报比率的分子由各校填报值乘以权数还原。",
        heading.release
    );
    let footnotes = heading.footnotes.iter().filter(|note| cells.iter().any(|cell| note.is_of(cell)));
    let footnotes = footnotes.map(|footnote| footnote.text.clone());
    Sheet {
        // As in the printed captions; with a blank, every program quotes the name and finds the print area.
        name: match table.kind {
            TableKind::Official => table.id.clone(),
            TableKind::Body => table.id.replacen('表', "表 ", 1),
        },
        title: table.title.clone(),
        unit: format!("名称：{}", heading.name),
        heads: columns.heads(),
        aside_heads: columns.aside_heads(),
        lines: lines.collect(),
        list: table.list.as_ref().map(|list| list_of(list, &listed)),
        notes: std::iter::once(note).chain(incomplete(&rows)).chain(footnotes).collect(),
    }
}

/// A printed row: its cells, last year first, and those next to the years.
struct PrintedLine<'a> {
    years: Vec<&'a ReportCell>,
    beside: Vec<&'a ReportCell>,
}

/// What is said of this year's figures that are not complete: once for all rows that it is true of.
fn incomplete(rows: &[PrintedLine<'_>]) -> Vec<String> {
    let mut notes: Vec<(String, Vec<&str>)> = Vec::new();
    for cell in rows.iter().filter_map(|row| row.years.last()) {
        let Some(note) = cell.incomplete.as_deref().and_then(Coverage::note) else { continue };
        match notes.iter_mut().find(|(known, _)| *known == note) {
            Some((_, paths)) if paths.last() == Some(&&*cell.report_path) => {}
            Some((_, paths)) => paths.push(&cell.report_path),
            None => notes.push((note, vec![&cell.report_path])),
        }
    }
    notes.into_iter().map(|(note, paths)| format!("不完整：{note}：{}", paths.join("、"))).collect()
}

/// The printed rows of a table, without the list under it.
fn printed_rows<'a>(table: &TableLayout, cells: &[&'a ReportCell]) -> Vec<PrintedLine<'a>> {
    let mut rows: Vec<PrintedLine<'a>> = Vec::new();
    for &cell in cells.iter().filter(|cell| !is_listed(table, cell)) {
        let beside = table.beside.contains(&cell.measure);
        let same = |row: &&mut PrintedLine<'a>| {
            let first = row.years[0];
            first.report_path == cell.report_path && (beside || first.measure == cell.measure)
        };
        match rows.last_mut().filter(same) {
            Some(row) if beside => row.beside.push(cell),
            Some(row) => row.years.push(cell),
            None => rows.push(PrintedLine { years: vec![cell], beside: Vec::new() }),
        }
    }
    rows
}

/// Whether a cell is of the list under its table.
fn is_listed(table: &TableLayout, cell: &ReportCell) -> bool {
    table.list.as_ref().is_some_and(|list| list.indicator == cell.indicator_id)
}

/// The columns of one table's sheet.
struct Columns<'a> {
    serial: bool,
    measure: bool,
    years: Vec<ReportYear>,
    beside: &'a [String],
    /// The number of schools missed in this year's figures.
    missing: bool,
}

impl<'a> Columns<'a> {
    fn of(table: &'a TableLayout, rows: &[PrintedLine<'_>]) -> Self {
        let years = rows.first().map(|row| row.years.iter().map(|cell| cell.column_year).collect());
        // In the six tables a second measure is a row of its own, distinguished by its unit.
        let measure = table.kind == TableKind::Body && rows.iter().any(|row| row.years[0].measure != "值");
        Columns {
            serial: table.kind == TableKind::Official,
            measure,
            years: years.unwrap_or_default(),
            beside: &table.beside,
            missing: rows.iter().any(|row| row.years[row.years.len() - 1].n_missing > 0),
        }
    }

    fn heads(&self) -> Vec<String> {
        let named = [("序号", self.serial), ("指标", true), ("度量", self.measure), ("单位", true)];
        let named = named.into_iter().filter(|(_, shown)| *shown).map(|(head, _)| head.to_owned());
        let years = self.years.iter().map(|year| format!("{year}年"));
        named.chain(years).chain(self.beside.iter().cloned()).collect()
    }

    fn aside_heads(&self) -> Vec<&'static str> {
        let missing = self.missing.then_some("缺报校数");
        ["口径", "分子", "分母"].into_iter().chain(missing).collect()
    }

    fn labels(&self, cell: &ReportCell, second_measure: bool) -> Vec<Label> {
        let all = [
            (&cell.serial, 0, self.serial),
            (&cell.label, depth(cell), true),
            (&cell.measure, 0, self.measure),
            (&cell.printed_unit, 0, true),
        ];
        let shown = all.into_iter().filter(|(.., shown)| *shown);
        let label = |(text, depth, _): (&String, u8, bool)| Label {
            text: text.clone(),
            depth,
            goes_on: second_measure && text.is_empty(),
        };
        shown.map(label).collect()
    }

    fn line(&self, row: &PrintedLine<'_>, second_measure: bool) -> Line {
        let this_year = row.years[row.years.len() - 1];
        let beside =
            self.beside.iter().map(|measure| row.beside.iter().find(|cell| cell.measure == *measure));
        let figure = |cell: Option<&&ReportCell>| {
            let text = cell.map_or(Some(""), |cell| cell.printed_text.as_deref()).unwrap_or("缺报");
            let is_words = cell.is_some_and(|cell| self.beside.last() == Some(&cell.measure));
            let kind = match cell.map_or(State::Blank, |cell| cell.state) {
                State::Missing => FigureKind::Missing,
                _ if is_words => FigureKind::Words,
                _ => FigureKind::Number,
            };
            Figure { text: text.to_owned(), kind }
        };
        let decimal = |value: Option<Decimal>| value.map(|value| value.to_string()).unwrap_or_default();
        let parts = this_year.parts.as_ref();
        let mut aside = vec![
            this_year.basis.label().to_owned(),
            decimal(parts.map(|parts| parts.0)),
            decimal(parts.map(|parts| parts.1)),
        ];
        if self.missing {
            aside.push(this_year.n_missing.to_string());
        }
        Line {
            labels: self.labels(this_year, second_measure),
            figures: row.years.iter().map(Some).chain(beside).map(figure).collect(),
            aside,
        }
    }
}

fn list_of(list: &ListLayout, cells: &[&ReportCell]) -> List {
    let words = |cell: &&ReportCell| cell.printed_text.clone().unwrap_or_else(|| "缺报".to_owned());
    let lines = cells.chunk_by(|a, b| a.report_path == b.report_path);
    List {
        caption: format!("{}　{}", list.title, list.note),
        heads: std::iter::once("序号".to_owned()).chain(list.columns.iter().cloned()).collect(),
        lines: lines
            .map(|line| std::iter::once(line[0].serial.clone()).chain(line.iter().map(words)).collect())
            .collect(),
    }
}

/// Whether a row is a further measure of the row above it.
fn is_second_measure(row: &PrintedLine<'_>, above: &PrintedLine<'_>) -> bool {
    let (this, above) = (row.years[0], above.years[0]);
    this.label.is_empty() && this.report_path == above.report_path
}

/// How many rows above contain a row.
fn depth(cell: &ReportCell) -> u8 {
    u8::try_from(cell.report_path.matches('/').count()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::definitions::{embedded, load};
    use crate::figure::Unit;
    use crate::report::cells::CellRow;

    fn cell(table: &str, path: &str, measure: &str, year: ReportYear, text: Option<&str>) -> ReportCell {
        ReportCell {
            report_year: 2024,
            row: Arc::new(CellRow {
                report_table: table.to_owned(),
                report_path: path.to_owned(),
                measure: measure.to_owned(),
                serial: if measure == "值" { "1".to_owned() } else { String::new() },
                label: if measure == "值" { "在校生".to_owned() } else { String::new() },
                printed_unit: "人".to_owned(),
                ..CellRow::default()
            }),
            column_year: year,
            unit: Arc::new(Unit {
                level: Level::City,
                region_code: "1".to_owned(),
                school_code: String::new(),
            }),
            basis: Basis::System,
            state: if text.is_some() { State::Value } else { State::Missing },
            printed_text: text.map(str::to_owned),
            parts: None,
            n_missing: 0,
            incomplete: None,
        }
    }

    #[test]
    fn a_second_measure_goes_on_under_the_label_above() {
        let definitions = load(&embedded()).unwrap();
        let layout = definitions.layout(2024).unwrap();
        let table = layout.tables.iter().find(|table| table.kind == TableKind::Official).unwrap();
        let cells = [
            cell(&table.id, "在校生", "值", 2023, Some("27000")),
            cell(&table.id, "在校生", "值", 2024, Some("27534")),
            cell(&table.id, "在校生", "比例", 2023, Some("1.0")),
            cell(&table.id, "在校生", "比例", 2024, None),
        ];
        let heading = Heading {
            year: 2024,
            name: "临汾市(141000)".to_owned(),
            release: "第 000001 版".to_owned(),
            created: String::new(),
            footnotes: Vec::new(),
        };
        let sheets = sheets(&cells.iter().collect::<Vec<_>>(), layout, &heading);
        assert_eq!((sheets.len(), &sheets[0].name), (1, &table.id));
        assert_eq!(sheets[0].heads, ["序号", "指标", "单位", "2023年", "2024年"]);
        let lines = &sheets[0].lines;
        assert_eq!(lines[0].figures[1], Figure { text: "27534".to_owned(), kind: FigureKind::Number });
        assert_eq!(lines[1].figures[1], Figure { text: "缺报".to_owned(), kind: FigureKind::Missing });
        let goes_on = |line: &Line| line.labels.iter().map(|label| label.goes_on).collect::<Vec<_>>();
        assert_eq!(goes_on(&lines[0]), [false, false, false]);
        assert_eq!(goes_on(&lines[1]), [true, true, false]);
        assert!(sheets[0].notes[0].starts_with("第 000001 版；"));
    }

    #[test]
    fn what_this_years_figures_lack_is_said_once_under_the_table() {
        let incomplete = |path: &str, year, missing| ReportCell {
            incomplete: Some(Box::new(Coverage { schools: 44, missing, share: None })),
            ..cell("表3", path, "值", year, Some("1"))
        };
        let cells = [
            cell("表3", "甲", "值", 2024, Some("1")),
            incomplete("乙", 2024, 1),
            incomplete("丙", 2023, 9),
            cell("表3", "丙", "值", 2024, Some("1")),
            incomplete("丁", 2024, 2),
            incomplete("戊", 2024, 1),
        ];
        let definitions = load(&embedded()).unwrap();
        let table = definitions.layout(2024).unwrap().table("表3").unwrap();
        let cells: Vec<&ReportCell> = cells.iter().collect();
        assert_eq!(
            super::incomplete(&printed_rows(table, &cells)),
            [
                "不完整：应含 45 所学校，实含 44 所，缺 1 所：乙、戊",
                "不完整：应含 46 所学校，实含 44 所，缺 2 所：丁",
            ]
        );
    }
}
