//! A workbook with the six tables: recognised by their titles, and their rows by their labels.

use std::collections::BTreeSet;

use crate::audit::parts::PartColumns;
use crate::audit::printing::{PrintedFigure, year_in};
use crate::audit::recogniser::{Place, Recogniser};
use crate::audit::report::{CellAt, CellsRead, HeadlessTable, Report, column_name};
use crate::audit::{grid, titles};
use crate::checks::quantity::{Reading, fold, read};
use crate::decode::Event;
use crate::definitions::Definitions;
use crate::definitions::layout::label_key;
use crate::definitions::relation::Source;
use crate::figure::Level;

/// Sheets of rows of text cells, as decoded.
#[derive(Debug, Default)]
pub struct Sheets {
    sheets: Vec<(String, Vec<SheetRow>)>,
}

#[derive(Debug, Clone)]
struct SheetRow {
    number: u32,
    cells: Vec<String>,
}

impl Sheets {
    /// Collects what a decoder emits.
    pub fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Sheet(name) => self.sheets.push(((*name).to_owned(), Vec::new())),
            Event::Row(row) => {
                if self.sheets.is_empty() {
                    self.sheets.push((String::new(), Vec::new()));
                }
                let cells = row.cells.iter().map(|cell| cell.text().into_owned()).collect();
                if let Some((_, rows)) = self.sheets.last_mut() {
                    rows.push(SheetRow { number: row.number, cells });
                }
            }
            Event::BadRow { .. } => {}
        }
    }
}

/// A header and the rows under it.
struct Section {
    kind: SectionKind,
    sheet: String,
    /// The name of the sheet, and the lines before the header.
    titles: Vec<String>,
    header: SheetRow,
    rows: Vec<SheetRow>,
}

#[derive(Clone, PartialEq, Eq)]
enum SectionKind {
    Official,
    List,
    Body,
    /// A header of one of the six that lacks a column.
    Headless(Vec<&'static str>),
}

/// Reads a workbook; one without figures is not a report.
#[must_use]
pub fn read_report(sheets: &Sheets, decimals_unknown: bool, definitions: &Definitions) -> Report {
    let mut report =
        Report { takes_definitions: true, decimals_unknown, has_tables: true, ..Report::default() };
    let mut lines = sheets.sheets.iter().flat_map(|(_, rows)| rows).filter_map(|row| alone(&row.cells));
    report.level = lines.find_map(|(_, line)| level_of(line));
    let mut table = String::new();
    for section in sheets.sheets.iter().flat_map(|(name, rows)| sections(name, rows)) {
        let cells = || section.rows.iter().map(|row| row.cells.clone()).collect::<Vec<_>>();
        match &section.kind {
            SectionKind::Official => table = official(&section, definitions, &mut report),
            SectionKind::List => {
                let name = section.name();
                let name = if table.is_empty() { &name } else { &table };
                report.figures.extend(grid::list(name, &section.header.cells, &cells()));
            }
            SectionKind::Body => {
                report.figures.extend(grid::body(&section.name(), &section.header.cells, &cells()));
            }
            SectionKind::Headless(lacks) => {
                let table = section.id(&[], definitions);
                report.headless.extend(table.map(|table| {
                    let (sheet, row) = (section.sheet.clone(), section.header.number);
                    HeadlessTable { table, sheet, row, lacks: lacks.clone() }
                }));
            }
        }
    }
    report.year = report.years().last().copied().unwrap_or_default();
    report
}

/// The level of the unit that a document of this program names: `名称：临汾市(141000)`. Codes of schools are longer
/// than those of places, and a city's ends in 00.
fn level_of(line: &str) -> Option<Level> {
    let folded = fold(line);
    let (_, code) = folded.strip_prefix("名称:")?.strip_suffix(')')?.rsplit_once('(')?;
    let is_code = code.len() >= 6 && code.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then(|| match code.len() {
        6 if code.ends_with("00") => Level::City,
        6 => Level::County,
        _ => Level::School,
    })
}

fn kind_of(row: &[String]) -> Option<SectionKind> {
    if grid::columns(row).is_some() {
        return Some(SectionKind::Official);
    }
    let names: Vec<String> = row.iter().map(|cell| label_key(cell)).collect();
    let has = |name: &str| names.iter().any(|known| known == name);
    if has("专业群名称") {
        return Some(SectionKind::List);
    }
    let first = names.first().map_or("", String::as_str);
    let body = ["年份", "年度"].contains(&first)
        || (first == "项目" && row.iter().any(|cell| year_in(cell).is_some()));
    if body && names.len() > 1 {
        return Some(SectionKind::Body);
    }
    grid::lacking(row).map(SectionKind::Headless)
}

/// The only cell of a row that is filled, with its column.
fn alone(cells: &[String]) -> Option<(usize, &str)> {
    let mut filled = cells.iter().enumerate().filter(|(_, cell)| !cell.trim().is_empty());
    let (column, cell) = filled.next()?;
    filled.next().is_none().then_some((column, cell.as_str()))
}

fn sections(sheet: &str, rows: &[SheetRow]) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut titles = vec![sheet.to_owned()];
    let mut open = false;
    for row in rows {
        if let Some(kind) = kind_of(&row.cells) {
            let titles = std::mem::take(&mut titles);
            let sheet = sheet.to_owned();
            sections.push(Section { kind, sheet, titles, header: row.clone(), rows: Vec::new() });
            open = true;
        } else if let Some((column, alone)) = alone(&row.cells) {
            // A line of its own is the title of what follows, unless it is a note, or heads a group of rows.
            let is_heading = open && sections.last().is_some_and(|section| section.has_labels_at(column));
            if !is_heading && !["说明", "注"].iter().any(|word| fold(alone).starts_with(word)) {
                titles.push(alone.to_owned());
                open = false;
            }
        } else if open && let Some(section) = sections.last_mut() {
            section.rows.push(row.clone());
        }
    }
    sections
}

impl Section {
    /// Whether the labels of its rows stand in a column that titles do not begin in.
    fn has_labels_at(&self, column: usize) -> bool {
        column > 0 && grid::columns(&self.header.cells).is_some_and(|columns| columns.label() == column)
    }

    /// The number of its table in the title, 表1.4, or else the title.
    fn name(&self) -> String {
        let numbered = self.titles.iter().rev().find_map(|title| titles::number(title));
        numbered
            .unwrap_or_else(|| self.titles.last().map(|title| title.trim().to_owned()).unwrap_or_default())
    }

    /// The one of the six tables it is. The title next to it counts first, the name of its sheet last.
    fn id(&self, labels: &[&str], definitions: &Definitions) -> Option<String> {
        let numbers: Vec<String> = self.titles.iter().filter_map(|title| titles::number(title)).collect();
        if numbers.iter().any(|number| titles::is_of_body(number)) {
            return None;
        }
        let titled = self.titles.iter().rev().find_map(|title| titles::table_id(title, definitions));
        titled.or_else(|| if numbers.is_empty() { by_labels(labels, definitions) } else { None })
    }
}

/// Reads a section as one of the six tables, and returns which; any other is a table of the body.
fn official(section: &Section, definitions: &Definitions, report: &mut Report) -> String {
    let Some(columns) = grid::columns(&section.header.cells) else { return String::new() };
    let all: Vec<Vec<String>> = section.rows.iter().map(|row| row.cells.clone()).collect();
    let units = columns.units(&all);
    let read: Vec<grid::GridRow> = all.iter().map(|row| columns.read(row, &units)).collect();
    let labels: Vec<&str> = read.iter().map(|row| row.label.as_str()).collect();
    let id = section.id(&labels, definitions);
    let name = id.clone().unwrap_or_else(|| section.name());
    // Where the program printed it, its relations are those of the tables that the layouts have.
    let is_laid_out =
        report.level.is_some() && definitions.layouts.iter().any(|layout| layout.table(&name).is_some());
    let mut recogniser = Recogniser::new(&name, definitions);
    let counted = counted(&name, definitions);
    let parts = PartColumns::of(&section.header.cells).filter(|_| report.level.is_some());
    let mut placed: Vec<(String, &grid::GridRow, &[String])> = Vec::new();
    for (row, line) in read.iter().zip(&section.rows) {
        if row.label.is_empty() && row.unit.is_empty() {
            continue;
        }
        let place = recogniser.place(&row.label, &row.unit);
        if !place.is_known && row.unit.is_empty() && !has_figures(row) {
            // Signatures and remarks under a table.
            continue;
        }
        recogniser.seen(&place.path, &row.unit);
        if id.is_some() || is_laid_out {
            let at = CellsOf { section, line, name: &name, counted: &counted };
            at.count(row, &place, &columns, &mut report.cells);
        }
        if id.is_none() {
            report.figures.extend(grid::items(&name, row));
        }
        if id.is_some() || is_laid_out {
            let measure = row.values.iter().find_map(named_measure);
            let measure = measure.unwrap_or(&place.measure);
            report.figures.extend(grid::figures(&name, &place.path, measure, row, &counted));
            let relation = parts.and_then(|parts| parts.relation(&name, &place.path, row, &line.cells));
            report.stated.extend(relation.map(Ok));
        }
        placed.push((place.path, row, line.cells.as_slice()));
    }
    if id.is_some() {
        report.stated.extend(grid::shifts(&name, &placed).into_iter().map(Ok));
    }
    id.unwrap_or_default()
}

/// The measure that a row names in a column of its own.
fn named_measure(value: &grid::GridValue) -> Option<&str> {
    (value.measure == "度量" && !value.text.is_empty()).then_some(value.text.as_str())
}

fn has_figures(row: &grid::GridRow) -> bool {
    row.values.iter().any(|value| matches!(read(&value.text, ""), Reading::Number(_) | Reading::Dash))
}

/// Measures next to the years of a table that are numbers in every row: 调查人次, but not 调查方式.
fn counted(id: &str, definitions: &Definitions) -> BTreeSet<String> {
    let tables = definitions.layouts.iter().flat_map(|layout| &layout.tables).filter(|table| table.id == id);
    let rows = tables.flat_map(|table| table.rows.iter().filter(|row| table.beside.contains(&row.measure)));
    rows.filter(|row| !row.text).map(|row| row.measure.clone()).collect()
}

/// The cells of a row.
struct CellsOf<'a> {
    section: &'a Section,
    line: &'a SheetRow,
    name: &'a str,
    counted: &'a BTreeSet<String>,
}

impl CellsOf<'_> {
    fn count(&self, row: &grid::GridRow, place: &Place, columns: &grid::Columns, cells: &mut CellsRead) {
        let at = |column: usize, text: &str, heading: &str| CellAt {
            sheet: self.section.sheet.clone(),
            row: self.line.number,
            column: column_name(column),
            figure: format!("{} {} {heading}", self.name, place.path).trim_end().to_owned(),
            text: text.to_owned(),
        };
        if !place.is_known {
            cells.unknown_rows.push(at(columns.label(), &row.label, ""));
        }
        for value in &row.values {
            if value.measure == "值" || self.counted.contains(&value.measure) {
                let heading = value.year.filter(|_| value.measure == "值");
                let heading = heading.map_or_else(|| value.measure.clone(), |year| year.to_string());
                cells.count(&value.text, || at(value.column, &value.text, &heading));
            }
        }
    }
}

/// The table to which most of the labels belong.
fn by_labels(labels: &[&str], definitions: &Definitions) -> Option<String> {
    let count = |id: &str| {
        let recogniser = Recogniser::new(id, definitions);
        labels.iter().filter(|label| recogniser.knows(label)).count()
    };
    let best = definitions.audit.tables.iter().max_by_key(|table| count(&table.id))?;
    (count(&best.id) * 2 > labels.iter().filter(|label| !label.is_empty()).count()).then(|| best.id.clone())
}

/// Whether anything was recognised.
#[must_use]
pub fn has_tables(figures: &[PrintedFigure]) -> bool {
    figures.iter().any(|figure| matches!(figure.source, Source::Official(_)))
}
