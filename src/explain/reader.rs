//! The parts of a release that all explanations of a year need.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use super::{CellPlace, City, ExplainError, FilePlace};
use crate::definitions::Definitions;
use crate::definitions::contract::Role;
use crate::definitions::layout::{Each, Layout, RowLayout};
use crate::figure::{Level, State, Unit};
use crate::figures::{IndicatorValue, ValueKey, stored};
use crate::finding::Finding;
use crate::number::Decimal;
use crate::period::ReportYear;
use crate::tables::decision::DecisionRow;
use crate::tables::delivery::DeliveryRow;
use crate::tables::filing::FilingRow;
use crate::tables::finding;
use crate::tables::parquet_file::TableFileError;
use crate::tables::report_cell::ReportCellRow;
use crate::tables::row::{self, Row};
use crate::tables::school::SchoolRow;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::Manifest;

/// One year of a release, read for explanations.
pub struct Explainer<'a> {
    pub(super) data: &'a DataRoot,
    pub(super) manifest: &'a Manifest,
    pub(super) definitions: &'a Definitions,
    pub(super) city: City<'a>,
    pub(super) year: ReportYear,
    pub(super) values: HashMap<ValueKey, IndicatorValue>,
    /// Schools by code.
    pub(super) schools: BTreeMap<String, School>,
    /// Files by SHA-256.
    pub(super) files: HashMap<String, String>,
    /// Filed figures by indicator and school.
    pub(super) filed: BTreeMap<(String, String), FiledFigure>,
    pub(super) findings: Vec<Finding>,
    pub(super) decisions: Vec<DecisionRow>,
    pub(super) cells: Vec<PrintedCell>,
}

pub(super) struct School {
    pub region_code: String,
    pub name: String,
}

/// A figure that a school filed, and where.
pub(super) struct FiledFigure {
    pub state: State,
    pub value: Option<Decimal>,
    pub words: String,
    pub at: FilePlace,
}

/// A printed cell of this year's column, and the unit whose value it shows.
pub(super) struct PrintedCell {
    pub indicator_id: String,
    pub unit: Unit,
    pub printed: CellPlace,
}

impl<'a> Explainer<'a> {
    /// Reads everything that all explanations of a year need.
    ///
    /// # Errors
    /// When a table of the release cannot be read.
    pub fn new(
        data: &'a DataRoot,
        manifest: &'a Manifest,
        definitions: &'a Definitions,
        city: City<'a>,
        year: ReportYear,
    ) -> Result<Self, ExplainError> {
        let tables = Tables { data, manifest, year };
        let values = match tables.path("indicator_value") {
            Some(path) => stored::read(&path, &definitions.indicators)?,
            None => Vec::new(),
        };
        let findings = match tables.path("finding") {
            Some(path) => finding::read(&path)?,
            None => Vec::new(),
        };
        let school = |row: SchoolRow| {
            (row.school_code, School { region_code: row.region_code, name: row.school_name })
        };
        let mut files = HashMap::new();
        for delivery in tables.read::<DeliveryRow>(DeliveryRow::TABLE)? {
            files.entry(delivery.sha256).or_insert(delivery.file);
        }
        Ok(Explainer {
            data,
            manifest,
            definitions,
            city,
            year,
            values: values.into_iter().map(|value| (value.key.clone(), value)).collect(),
            schools: tables.read(SchoolRow::TABLE)?.into_iter().map(school).collect(),
            filed: filed(tables, definitions, &files)?,
            files,
            findings,
            decisions: tables.read(DecisionRow::TABLE)?,
            cells: cells(tables, definitions)?,
        })
    }

    pub(super) fn path(&self, table: &str) -> Option<PathBuf> {
        self.manifest.table(self.data, table, self.year)
    }
}

/// The tables of a year of a release.
#[derive(Clone, Copy)]
struct Tables<'a> {
    data: &'a DataRoot,
    manifest: &'a Manifest,
    year: ReportYear,
}

impl Tables<'_> {
    fn path(self, table: &str) -> Option<PathBuf> {
        self.manifest.table(self.data, table, self.year)
    }

    fn read<R: Row>(self, table: &str) -> Result<Vec<R>, TableFileError> {
        let Some(path) = self.path(table) else { return Ok(Vec::new()) };
        row::read(&path)?.collect()
    }
}

/// The figures that schools filed for the year, each at its first place.
fn filed(
    tables: Tables<'_>,
    definitions: &Definitions,
    files: &HashMap<String, String>,
) -> Result<BTreeMap<(String, String), FiledFigure>, TableFileError> {
    let mut figures = BTreeMap::new();
    let Some(path) = tables.path(definitions.table_of_role(Role::Filing)) else { return Ok(figures) };
    for row in row::read(&path)? {
        let row: FilingRow = row?;
        if row.value_year != tables.year {
            continue;
        }
        let at = FilePlace {
            file: files.get(&row.source_file).cloned().unwrap_or(row.source_file),
            sheet: row.source_sheet,
            row: row.source_row,
        };
        let words = row.printed_text.unwrap_or_default();
        let figure = FiledFigure { state: row.state, value: row.value, words, at };
        figures.entry((row.indicator_id, row.school_code)).or_insert(figure);
    }
    Ok(figures)
}

/// The printed cells of the year's own column. Parts of a breakdown are explained with their whole.
fn cells(tables: Tables<'_>, definitions: &Definitions) -> Result<Vec<PrintedCell>, TableFileError> {
    let mut cells = Vec::new();
    let Some(path) = tables.path(ReportCellRow::TABLE) else { return Ok(cells) };
    let layout = definitions.layout(tables.year);
    for row in row::read(&path)? {
        let row: ReportCellRow = row?;
        if row.column_year != tables.year || !row.breakdown.is_empty() {
            continue;
        }
        let layout_row = layout.and_then(|layout| layout_row(layout, &row));
        let mut unit = row.place();
        // A row of a county in the city's table shows the county's value.
        if let Some(county) = layout_row.filter(|repeated| repeated.each == Some(Each::County)) {
            let label = row.report_path.strip_prefix(county.path.split('{').next().unwrap_or_default());
            let regions = definitions.regions();
            let region = label.zip(regions).and_then(|(label, all)| all.look_up_any_year(label, tables.year));
            if let Some(region) = region {
                unit = Unit { level: Level::County, region_code: region.code.clone(), ..unit };
            }
        }
        cells.push(PrintedCell {
            indicator_id: row.indicator_id,
            unit,
            printed: CellPlace {
                report_table: row.report_table,
                report_path: row.report_path,
                measure: row.measure,
                basis: row.basis,
                decimals: layout_row.map_or(0, |layout_row| layout_row.decimals),
                printed_text: row.printed_text,
            },
        });
    }
    Ok(cells)
}

/// The layout row that prints a cell, also where the layout repeats it.
fn layout_row<'l>(layout: &'l Layout, cell: &ReportCellRow) -> Option<&'l RowLayout> {
    let table = layout.table(&cell.report_table)?;
    let repeated = |row: &&RowLayout| row.each.is_some() && row.measure == cell.measure;
    let exact = table.row(&cell.report_path, &cell.measure);
    exact.or_else(|| table.rows.iter().find(repeated))
}
