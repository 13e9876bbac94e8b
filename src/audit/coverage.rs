//! How much of a report could be examined: what its year's tables lead one to expect, and what of it is there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use crate::audit::instances::{Finder, Relation};
use crate::audit::printing::{PrintedFigure, name, path_key};
use crate::audit::report::{CellsRead, HeadlessTable, Report};
use crate::checks::relation::Verdict;
use crate::definitions::Definitions;
use crate::definitions::layout::{Layout, RowLayout, TableKind, TableLayout};
use crate::definitions::relation::Source;
use crate::figure::Level;
use crate::period::ReportYear;

/// What was expected of a report, and what of it was found.
#[derive(Debug, Clone, Serialize)]
pub struct Coverage {
    /// The year whose tables were expected: the report's own, if these are defined.
    pub tables_of: ReportYear,
    /// The level of the unit, for a document that this program printed: it has tables of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<&'static str>,
    pub relations: RelationsExamined,
    pub tables: Found,
    pub rows: Found,
    pub columns: Found,
    pub absent_tables: Vec<AbsentTable>,
    pub absent_rows: Vec<AbsentRow>,
    pub absent_columns: Vec<AbsentColumn>,
    /// Relations that could not be examined for want of these.
    pub lacking: Vec<LackingRelation>,
    pub cells: CellsRead,
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Found {
    pub expected: usize,
    pub found: usize,
}

/// Relations by what became of them: each year and row counts.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct RelationsExamined {
    pub expected: usize,
    pub examined: usize,
    /// A blank or a dash stands there: there is nothing to examine.
    pub without_number: usize,
    /// What stands there cannot be read, or is 缺报.
    pub unreadable: usize,
    /// A table, row or column is not there.
    pub lacking: usize,
}

impl RelationsExamined {
    /// Counts a relation whose figures are there; `open` where they cannot be read.
    pub fn add(&mut self, verdict: Verdict, open: bool) {
        self.expected += 1;
        match verdict {
            Verdict::NotExamined if open => self.unreadable += 1,
            Verdict::NotExamined => self.without_number += 1,
            _ => self.examined += 1,
        }
    }
}

#[derive(Debug, Clone, Serialize)]
pub struct AbsentTable {
    pub table: String,
    pub title: String,
    /// Where its title stands over a header that lacks columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<HeadlessTable>,
    /// Number of relations that it is wanted for.
    pub relations: usize,
}

#[derive(Debug, Clone, Serialize)]
pub struct AbsentRow {
    pub table: String,
    pub row: String,
    pub measure: String,
    pub relations: usize,
}

#[derive(Debug, Clone, Serialize)]
pub struct AbsentColumn {
    pub table: String,
    /// `2023年`, `调查人次`.
    pub column: String,
    pub relations: usize,
}

#[derive(Debug, Clone, Serialize)]
pub struct LackingRelation {
    pub id: String,
    /// In how many years and rows.
    pub times: usize,
    pub wants: Vec<String>,
}

impl Coverage {
    /// Whether everything that was expected is there, and can be read.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let nothing_absent =
            self.absent_tables.is_empty() && self.absent_rows.is_empty() && self.absent_columns.is_empty();
        nothing_absent && self.cells.unreadable.is_empty() && self.cells.missing == 0
    }
}

/// What stands for a place in the tables of a year.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Absence {
    Table(String),
    Row(String, String, String),
    Column(String, String),
}

impl Absence {
    fn text(&self) -> String {
        match self {
            Absence::Table(table) => table.clone(),
            Absence::Row(table, label, measure) => name(table, label, measure, 0, None),
            Absence::Column(table, column) => format!("{table} {column}"),
        }
    }
}

/// Compares a report with the tables of its year; `None` where it has none of them to begin with. `examined` are its
/// own relations, of which some are not.
#[must_use]
pub fn coverage(
    report: &Report,
    relations: &[&Relation<'_>],
    examined: RelationsExamined,
    definitions: &Definitions,
) -> Option<Coverage> {
    let layout = layout_of(report.year, definitions).filter(|_| report.has_tables)?;
    let expected = expected(layout, report);
    let there = There::of(report);
    let mut counted = examined;
    let mut wanted: BTreeMap<Absence, usize> = BTreeMap::new();
    let mut lacking = Vec::new();
    let finder = Finder::new(&expected, &definitions.codes);
    let by_name: HashMap<String, &PrintedFigure> =
        expected.figures.iter().map(|figure| (figure.name(), figure)).collect();
    for relation in relations {
        let mut wants: BTreeSet<Absence> = BTreeSet::new();
        let mut times = 0;
        for instance in relation.instances(&finder) {
            let figures = instance.operands.named().filter_map(|(_, figure)| by_name.get(&figure.name));
            let absent: BTreeSet<Absence> = figures.filter_map(|figure| there.absence(figure)).collect();
            if !absent.is_empty() {
                times += 1;
                for absence in &absent {
                    *wanted.entry(absence.clone()).or_default() += 1;
                }
                wants.extend(absent);
            }
        }
        if times > 0 {
            let wants = wants.iter().map(Absence::text).collect();
            lacking.push(LackingRelation { id: relation.definition.id.clone(), times, wants });
        }
        counted.lacking += times;
    }
    counted.expected += counted.lacking;
    let mut coverage = Coverage {
        tables_of: layout.year,
        level: report.level.map(Level::name),
        relations: counted,
        tables: Found::default(),
        rows: Found::default(),
        columns: Found::default(),
        absent_tables: Vec::new(),
        absent_rows: Vec::new(),
        absent_columns: Vec::new(),
        lacking,
        cells: report.cells.clone(),
    };
    for table in tables(layout, report.level) {
        coverage.add(table, &expected, &there, &wanted, report);
    }
    Some(coverage)
}

impl Coverage {
    fn add(
        &mut self,
        table: &TableLayout,
        expected: &Report,
        there: &There<'_>,
        wanted: &BTreeMap<Absence, usize>,
        report: &Report,
    ) {
        let relations = |absence: &Absence| wanted.get(absence).copied().unwrap_or_default();
        self.tables.expected += 1;
        if !there.tables.contains(table.id.as_str()) {
            let header = report.headless.iter().find(|headless| headless.table == table.id).cloned();
            let relations = relations(&Absence::Table(table.id.clone()));
            let (table, title) = (table.id.clone(), table.title.clone());
            self.absent_tables.push(AbsentTable { table, title, header, relations });
            return;
        }
        self.tables.found += 1;
        let official = Source::Official(table.id.clone());
        let (mut rows, mut columns) = (BTreeSet::new(), BTreeSet::new());
        for figure in expected.figures.iter().filter(|figure| figure.source == official) {
            let column = heading(figure, table);
            if columns.insert(column.clone()) {
                self.columns.expected += 1;
                let absence = Absence::Column(table.id.clone(), column.clone());
                if there.has_column(figure) {
                    self.columns.found += 1;
                } else {
                    let relations = relations(&absence);
                    self.absent_columns.push(AbsentColumn { table: table.id.clone(), column, relations });
                }
            }
            if table.beside.contains(&figure.measure) || !rows.insert((&figure.key, &figure.measure)) {
                continue;
            }
            self.rows.expected += 1;
            if there.has_row(figure) {
                self.rows.found += 1;
            } else {
                let absence = Absence::Row(table.id.clone(), figure.label.clone(), figure.measure.clone());
                let relations = relations(&absence);
                let (row, measure) = (figure.label.clone(), figure.measure.clone());
                self.absent_rows.push(AbsentRow { table: table.id.clone(), row, measure, relations });
            }
        }
    }
}

fn heading(figure: &PrintedFigure, table: &TableLayout) -> String {
    match figure.year {
        Some(year) if !table.beside.contains(&figure.measure) => format!("{year}年"),
        _ => figure.measure.clone(),
    }
}

/// The layout of a year, or else of the newest before it, or of the first there is.
fn layout_of(year: i32, definitions: &Definitions) -> Option<&Layout> {
    let before = definitions.layouts.iter().filter(|layout| layout.year <= year);
    before
        .max_by_key(|layout| layout.year)
        .or_else(|| definitions.layouts.iter().min_by_key(|layout| layout.year))
}

/// The tables that a report has: the six, and where the program printed it, those of its level.
fn tables(layout: &Layout, level: Option<Level>) -> impl Iterator<Item = &TableLayout> {
    layout.tables.iter().filter(move |table| match level {
        Some(level) => table.levels.contains(&level),
        None => table.kind == TableKind::Official,
    })
}

/// A report with a number at every place of the tables, without those that depend on the data.
fn expected(layout: &Layout, report: &Report) -> Report {
    let mut figures = Vec::new();
    for table in tables(layout, report.level) {
        for row in table.rows.iter().filter(|row| row.each.is_none() && !row.text) {
            let is_beside = table.beside.contains(&row.measure);
            let earlier = if is_beside { 0 } else { table.earlier_years() };
            for year in (0..=earlier).rev().map(|back| report.year - back) {
                figures.extend(places(table, row, year, report.level));
            }
        }
    }
    Report { year: report.year, figures, level: report.level, ..Report::default() }
}

/// A place, as the six tables have it; and as tables of the body are named in relations of any report.
fn places(
    table: &TableLayout,
    row: &RowLayout,
    year: ReportYear,
    level: Option<Level>,
) -> Vec<PrintedFigure> {
    let figure = |source: Source, label: &str, measure: &str| PrintedFigure {
        source,
        table: table.id.clone(),
        label: label.to_owned(),
        key: path_key(label),
        measure: measure.to_owned(),
        year: Some(year),
        unit: row.unit.clone(),
        text: "1".to_owned(),
        row: 0,
    };
    let own = figure(Source::Official(table.id.clone()), &row.path, &row.measure);
    let of_body = level.is_some() && table.kind == TableKind::Body && !row.label.is_empty();
    let item = of_body.then(|| figure(Source::Body, &row.label, "值"));
    std::iter::once(own).chain(item).collect()
}

/// What there is of the tables of a report.
struct There<'r> {
    tables: BTreeSet<&'r str>,
    /// By table, row and measure; also by the last label only, as a report may nest its rows in another way.
    rows: BTreeSet<(&'r str, &'r str, &'r str)>,
    places: BTreeSet<(&'r str, &'r str, &'r str, Option<i32>)>,
    columns: BTreeSet<(&'r str, Option<i32>)>,
    measures: BTreeSet<(&'r str, &'r str)>,
    /// Rows of the body by table, label and year.
    items: BTreeSet<(&'r str, &'r str, Option<i32>)>,
}

impl<'r> There<'r> {
    fn of(report: &'r Report) -> Self {
        let mut there = There {
            tables: BTreeSet::new(),
            rows: BTreeSet::new(),
            places: BTreeSet::new(),
            columns: BTreeSet::new(),
            measures: BTreeSet::new(),
            items: BTreeSet::new(),
        };
        let items = report.figures.iter().filter(|figure| figure.source == Source::Body);
        there.items.extend(items.map(|figure| (figure.table.as_str(), figure.key.as_str(), figure.year)));
        let tables = report.figures.iter().filter(|figure| matches!(figure.source, Source::Official(_)));
        for figure in tables {
            let table = figure.table.as_str();
            there.tables.insert(table);
            there.columns.insert((table, figure.year));
            there.measures.insert((table, &figure.measure));
            for key in [figure.key.as_str(), last(&figure.key)] {
                there.rows.insert((table, key, &figure.measure));
                there.places.insert((table, key, &figure.measure, figure.year));
            }
        }
        there
    }

    fn has_row(&self, figure: &PrintedFigure) -> bool {
        let has = |key| self.rows.contains(&(figure.table.as_str(), key, figure.measure.as_str()));
        has(figure.key.as_str()) || has(last(&figure.key))
    }

    /// Whether the table has the column of a year, or of a measure next to the years.
    fn has_column(&self, figure: &PrintedFigure) -> bool {
        let table = figure.table.as_str();
        self.columns.contains(&(table, figure.year))
            && self.measures.contains(&(table, figure.measure.as_str()))
    }

    /// What is absent, that the figure of this place is not there.
    fn absence(&self, figure: &PrintedFigure) -> Option<Absence> {
        let table = figure.table.as_str();
        let has = |key| self.places.contains(&(table, key, figure.measure.as_str(), figure.year));
        let is_there = match figure.source {
            Source::Body => self.items.contains(&(table, figure.key.as_str(), figure.year)),
            _ => has(figure.key.as_str()) || has(last(&figure.key)),
        };
        if is_there {
            return None;
        }
        let own = || table.to_owned();
        Some(if !self.tables.contains(table) {
            Absence::Table(own())
        } else if !self.columns.contains(&(table, figure.year)) {
            let year = figure.year.map_or_else(String::new, |year| format!("{year}年"));
            Absence::Column(own(), year)
        } else if figure.source == Source::Body || !self.has_row(figure) {
            Absence::Row(own(), figure.label.clone(), figure.measure.clone())
        } else {
            Absence::Column(own(), figure.measure.clone())
        })
    }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
