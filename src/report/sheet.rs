//! The layout of the tables of a unit's report, for any writer.
//!
//! One sheet per table, as in the printed report: serial, label, unit, last year, this year, other measures,
//! and what the figures lack; the list under a table is a sheet of its own, under its own heads. Next to a
//! table, outside the print area, are the basis and the parts of ratios.

use std::collections::BTreeSet;

use super::cells::ReportCell;
use super::incomplete::{self, Printed, Undelivered};
use super::signing::Signing;
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
    /// What is asked for, above the heads of a list.
    pub caption: Option<String>,
    /// Heads of the printed columns.
    pub heads: Vec<String>,
    /// Heads of the further columns, for checking, and what they say.
    pub aside_heads: Vec<&'static str>,
    pub aside_note: Option<&'static str>,
    pub lines: Vec<Line>,
    /// Under the lines, in print.
    pub notes: Vec<String>,
    /// A line for each of those who sign.
    pub signing: Vec<String>,
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
    /// A number, or a dash, that is not of all schools.
    Partial,
    Words,
    Missing,
}

/// What the aside columns are.
const ASIDE_NOTE: &str = "说明：右侧各栏为核对用，不打印。口径：系统＝全国系统逐条数据汇总，填报＝各校填报汇总，调查＝问卷调查，核定＝负责人核定后的数（见表下注）；分子、分母为本年数，填报比率的分子由各校填报值乘以权数还原。";

/// The heads of the numbers of schools that a row lacks, from this year back.
const SCHOOLS_MISSED: [&str; 3] = ["缺报校数", "上年缺报校数", "前年缺报校数"];

/// The sheets of one unit from its cells in printed order.
#[must_use]
pub fn sheets(cells: &[&ReportCell], layout: &Layout, heading: &Heading, signing: &Signing) -> Vec<Sheet> {
    let tables = cells.chunk_by(|a, b| a.report_table == b.report_table);
    let of_table = |cells: &[&ReportCell]| {
        let table = layout.table(&cells[0].report_table)?;
        let list = table.list.as_ref().map(|list| list_sheet(cells, table, list, heading, signing));
        Some(std::iter::once(sheet(cells, table, heading, signing)).chain(list))
    };
    tables.filter_map(of_table).flatten().collect()
}

fn sheet(cells: &[&ReportCell], table: &TableLayout, heading: &Heading, signing: &Signing) -> Sheet {
    let rows = printed_rows(table, cells);
    let printed: Vec<Printed> = rows.iter().flat_map(|row| of_row(row, &rows, table)).collect();
    let undelivered = incomplete::undelivered(&printed, heading.year);
    let columns = Columns::of(table, &rows, &undelivered);
    let second = |index: usize| index > 0 && is_second_measure(&rows[index], &rows[index - 1]);
    let lines = rows.iter().enumerate().map(|(index, row)| columns.line(row, second(index)));
    let footnotes = heading.footnotes.iter().filter(|note| cells.iter().any(|cell| note.is_of(cell)));
    let lacking = incomplete::notes(&printed, &undelivered);
    let foot = Foot::of(cells, heading, signing);
    let footnotes = footnotes.map(|footnote| footnote.text.clone());
    Sheet {
        name: sheet_name(table),
        title: table.title.clone(),
        unit: format!("名称：{}", heading.name),
        caption: None,
        heads: columns.heads(),
        aside_heads: vec!["口径", "分子", "分母"],
        aside_note: Some(ASIDE_NOTE),
        lines: lines.collect(),
        notes: lacking.into_iter().chain(of_some_schools(&rows)).chain(footnotes).chain(foot.notes).collect(),
        signing: foot.signing,
    }
}

/// As in the printed captions; with a blank, every program quotes the name and finds the print area.
fn sheet_name(table: &TableLayout) -> String {
    match table.kind {
        TableKind::Official => table.id.clone(),
        TableKind::Body => table.id.replacen('表', "表 ", 1),
    }
}

/// What is under every table: the release, and who signs.
struct Foot {
    notes: Vec<String>,
    signing: Vec<String>,
}

impl Foot {
    fn of(cells: &[&ReportCell], heading: &Heading, signing: &Signing) -> Self {
        let release = format!("注：本表取自{}。", heading.release);
        // Who signs is the bureau; its schools and counties sign their own tables by hand.
        if cells.first().is_none_or(|cell| cell.unit.level == Level::City) {
            return Foot { notes: vec![release], signing: signing.block() };
        }
        let notes = std::iter::once(release).chain(signing.note()).collect();
        Foot { notes, signing: Signing::empty_block() }
    }
}

/// The figures of a row, for what they lack.
fn of_row(row: &PrintedLine<'_>, rows: &[PrintedLine<'_>], table: &TableLayout) -> Vec<Printed> {
    let is_twice = |label: &str| rows.iter().filter(|row| row.years[0].label == label).count() > 1;
    let printed = |cell: &&ReportCell, beside: bool| {
        let mut name =
            bare_label(&cell.report_path, is_twice(&cell.label) && table.kind == TableKind::Official);
        if beside || cell.measure != "值" {
            name += &format!("（{}）", cell.measure);
        }
        Printed {
            name,
            year: cell.column_year,
            basis: cell.basis,
            state: cell.state,
            schools: cell.n_missing,
        }
    };
    let years = row.years.iter().map(|cell| printed(cell, false));
    let words = |cell: &&&ReportCell| !is_words(table, cell);
    years.chain(row.beside.iter().filter(words).map(|cell| printed(cell, true))).collect()
}

/// The last label of a path, and the one that contains it where several rows have that label.
fn bare_label(path: &str, is_twice: bool) -> String {
    let mut labels = path.rsplit('/');
    let label = labels.next().unwrap_or_default();
    match labels.next().filter(|_| is_twice) {
        Some(above) => format!("{above}—{label}"),
        None => label.to_owned(),
    }
}

/// Whether a cell holds words, not a figure.
fn is_words(table: &TableLayout, cell: &ReportCell) -> bool {
    table.rows.iter().any(|row| row.text && row.measure == cell.measure && row.path == cell.report_path)
}

/// A printed row: its cells, last year first, and those next to the years.
struct PrintedLine<'a> {
    years: Vec<&'a ReportCell>,
    beside: Vec<&'a ReportCell>,
}

/// What is said of this year's ratios that are of some schools only: once for all rows that it is true of.
fn of_some_schools(rows: &[PrintedLine<'_>]) -> Vec<String> {
    let mut notes: Vec<(String, Vec<&str>)> = Vec::new();
    for cell in rows.iter().filter_map(|row| row.years.last()) {
        let of_ratio = cell.incomplete.as_deref().filter(|coverage| coverage.share.is_some());
        let Some(note) = of_ratio.and_then(Coverage::note) else { continue };
        match notes.iter_mut().find(|(known, _)| *known == note) {
            Some((_, paths)) if paths.last() == Some(&&*cell.report_path) => {}
            Some((_, paths)) => paths.push(&cell.report_path),
            None => notes.push((note, vec![&cell.report_path])),
        }
    }
    notes
        .into_iter()
        .map(|(note, paths)| format!("注：比率只含分子、分母都有的学校：{}，{note}。", paths.join("、")))
        .collect()
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
    table: &'a TableLayout,
    serial: bool,
    measure: bool,
    years: Vec<ReportYear>,
    /// The years, as places before this year, with figures that are not of all schools.
    missed: Vec<usize>,
    undelivered: &'a BTreeSet<Undelivered>,
}

impl<'a> Columns<'a> {
    fn of(table: &'a TableLayout, rows: &[PrintedLine<'_>], undelivered: &'a BTreeSet<Undelivered>) -> Self {
        let years = rows.first().map(|row| row.years.iter().map(|cell| cell.column_year).collect());
        // In the six tables a second measure is a row of its own, distinguished by its unit.
        let measure = table.kind == TableKind::Body && rows.iter().any(|row| row.years[0].measure != "值");
        let is_missed = |back: &usize| rows.iter().any(|row| missed(row, *back) > 0);
        Columns {
            table,
            serial: table.kind == TableKind::Official,
            measure,
            years: years.unwrap_or_default(),
            missed: (0..SCHOOLS_MISSED.len()).filter(is_missed).collect(),
            undelivered,
        }
    }

    fn heads(&self) -> Vec<String> {
        let named = [("序号", self.serial), ("指标", true), ("度量", self.measure), ("单位", true)];
        let named = named.into_iter().filter(|(_, shown)| *shown).map(|(head, _)| head.to_owned());
        let years = self.years.iter().map(|year| format!("{year}年"));
        let missed = self.missed.iter().filter_map(|back| SCHOOLS_MISSED.get(*back));
        let missed = missed.map(|head| (*head).to_owned());
        named.chain(years).chain(self.table.beside.iter().cloned()).chain(missed).collect()
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
            self.table.beside.iter().map(|measure| row.beside.iter().find(|cell| cell.measure == *measure));
        let figures = row.years.iter().map(Some).chain(beside).map(|cell| self.figure(cell.copied()));
        let missed = self.missed.iter().map(|back| match missed(row, *back) {
            0 => Figure { text: String::new(), kind: FigureKind::Number },
            schools => Figure { text: schools.to_string(), kind: FigureKind::Partial },
        });
        let decimal = |value: Option<Decimal>| value.map(|value| value.to_string()).unwrap_or_default();
        let parts = this_year.parts.as_ref();
        Line {
            labels: self.labels(this_year, second_measure),
            figures: figures.chain(missed).collect(),
            aside: vec![
                this_year.basis.label().to_owned(),
                decimal(parts.map(|parts| parts.0)),
                decimal(parts.map(|parts| parts.1)),
            ],
        }
    }

    fn figure(&self, cell: Option<&ReportCell>) -> Figure {
        let Some(cell) = cell else {
            return Figure { text: String::new(), kind: FigureKind::Number };
        };
        let is_undelivered = || self.undelivered.iter().any(|all| all.has(cell.column_year, cell.basis));
        let (text, kind) = match (cell.state, cell.printed_text.as_deref()) {
            (State::Missing, _) if is_undelivered() => ("", FigureKind::Number),
            (State::Missing, _) | (_, None) => (State::Missing.mark(), FigureKind::Missing),
            (_, Some(text)) if is_words(self.table, cell) => (text, FigureKind::Words),
            (_, Some(text)) if cell.n_missing > 0 => (text, FigureKind::Partial),
            (_, Some(text)) => (text, FigureKind::Number),
        };
        Figure { text: text.to_owned(), kind }
    }
}

/// How many schools the figure of a row lacks, so many years before this one; what is missing altogether says
/// so itself.
fn missed(row: &PrintedLine<'_>, back: usize) -> i32 {
    let cell = row.years.len().checked_sub(back + 1).and_then(|at| row.years.get(at));
    cell.filter(|cell| cell.state != State::Missing).map_or(0, |cell| cell.n_missing)
}

/// The sheet of the list under a table.
fn list_sheet(
    cells: &[&ReportCell],
    table: &TableLayout,
    list: &ListLayout,
    heading: &Heading,
    signing: &Signing,
) -> Sheet {
    let listed: Vec<&ReportCell> = cells.iter().copied().filter(|cell| is_listed(table, cell)).collect();
    let line = |cells: &[&ReportCell]| {
        let words = cells.iter().map(|cell| match cell.printed_text.as_deref() {
            Some(text) if is_count(&cell.measure) => {
                Figure { text: text.to_owned(), kind: FigureKind::Number }
            }
            Some(text) => Figure { text: text.to_owned(), kind: FigureKind::Words },
            None => Figure { text: State::Missing.mark().to_owned(), kind: FigureKind::Missing },
        });
        Line {
            labels: vec![Label { text: cells[0].serial.clone(), depth: 0, goes_on: false }],
            figures: words.collect(),
            aside: Vec::new(),
        }
    };
    let foot = Foot::of(cells, heading, signing);
    let none = listed.is_empty().then(|| "注：没有填报。".to_owned());
    let filed = cells.iter().filter(|cell| cell.basis == Basis::Filed && cell.column_year == heading.year);
    let is_school = cells.first().is_some_and(|cell| cell.unit.level == Level::School);
    let missed = if is_school { 0 } else { filed.map(|cell| cell.n_missing).max().unwrap_or_default() };
    let notes = none.into_iter().chain(incomplete::of_list(missed)).chain(foot.notes);
    Sheet {
        name: format!("{} {}", sheet_name(table), list.title),
        title: format!("{} {}", table.id, list.title),
        unit: format!("名称：{}", heading.name),
        caption: Some(list.note.clone()),
        heads: std::iter::once("序号".to_owned()).chain(list.columns.iter().cloned()).collect(),
        aside_heads: Vec::new(),
        aside_note: None,
        lines: listed.chunk_by(|a, b| a.report_path == b.report_path).map(line).collect(),
        notes: notes.collect(),
        signing: foot.signing,
    }
}

/// Whether a column of a list counts things, by the unit in its head: 包含专业数量（个）. Other columns are
/// words, whatever they look like: codes of majors are no numbers.
fn is_count(head: &str) -> bool {
    head.ends_with(['）', ')'])
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
        let sheets = sheets(&cells.iter().collect::<Vec<_>>(), layout, &heading, &Signing::default());
        assert_eq!((sheets.len(), &sheets[0].name), (1, &table.id));
        assert_eq!(sheets[0].heads, ["序号", "指标", "单位", "2023年", "2024年"]);
        let lines = &sheets[0].lines;
        assert_eq!(lines[0].figures[1], Figure { text: "27534".to_owned(), kind: FigureKind::Number });
        assert_eq!(lines[1].figures[1], Figure { text: "缺报".to_owned(), kind: FigureKind::Missing });
        let goes_on = |line: &Line| line.labels.iter().map(|label| label.goes_on).collect::<Vec<_>>();
        assert_eq!(goes_on(&lines[0]), [false, false, false]);
        assert_eq!(goes_on(&lines[1]), [true, true, false]);
        assert_eq!(
            sheets[0].notes,
            ["注：“缺报”指应当报送而没有报送，不是零。", "注：本表取自第 000001 版。"]
        );
        assert_eq!(sheets[0].signing.len(), 3);
    }

    #[test]
    fn what_this_years_figures_lack_is_said_once_under_the_table() {
        let incomplete = |path: &str, year, missing, share: Option<&str>| ReportCell {
            incomplete: Some(Box::new(Coverage {
                schools: 44,
                missing,
                share: share.and_then(Decimal::parse).map(Box::new),
            })),
            ..cell("表3", path, "值", year, Some("1"))
        };
        let cells = [
            cell("表3", "甲", "值", 2024, Some("1")),
            incomplete("乙", 2024, 1, Some("0.95")),
            incomplete("丙", 2023, 9, Some("0.5")),
            cell("表3", "丙", "值", 2024, Some("1")),
            incomplete("丁", 2024, 2, None),
            incomplete("戊", 2024, 1, Some("0.95")),
        ];
        let definitions = load(&embedded()).unwrap();
        let table = definitions.layout(2024).unwrap().table("表3").unwrap();
        let cells: Vec<&ReportCell> = cells.iter().collect();
        assert_eq!(
            of_some_schools(&printed_rows(table, &cells)),
            [
                "注：比率只含分子、分母都有的学校：乙、戊，应含 45 所学校，实含 44 所，缺 1 所（占已知数的 95.00%）。",
            ]
        );
    }
}
