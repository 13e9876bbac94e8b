//! The printed cells of one report year; last year's column comes from last year's release.

use std::collections::{BTreeMap, HashMap};
use std::ops::Deref;
use std::sync::Arc;

use crate::definitions::code_table::CodeTable;
use crate::definitions::layout::{Each, Layout, ListLayout, RowLayout, TableLayout};
use crate::figure::{Basis, Level, State, Unit};
use crate::figures::{Coverage, IndicatorValue, Subject, ValueKey};
use crate::number::Decimal;
use crate::period::ReportYear;
use crate::tables::indicator_value::stands_for;
use crate::tables::report_cell::ReportCellRow;

/// One printed cell. The part shared with the cells of other units is stored once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportCell {
    pub report_year: ReportYear,
    pub row: Arc<CellRow>,
    pub column_year: ReportYear,
    pub unit: Arc<Unit>,
    pub basis: Basis,
    pub state: State,
    /// `None` for missing.
    pub printed_text: Option<String>,
    /// Numerator and denominator of a ratio.
    pub parts: Option<Box<(Decimal, Decimal)>>,
    /// Schools whose part should be in it but is not.
    pub n_missing: i32,
    /// What is in it, where that is not everything: [`Coverage::note`] says it for people.
    pub incomplete: Option<Box<Coverage>>,
}

/// A row of a printed table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CellRow {
    pub report_table: String,
    pub report_path: String,
    pub measure: String,
    pub indicator_id: String,
    pub breakdown: String,
    pub breakdown_code: String,
    /// As printed next to it: 序号, 指标, 单位.
    pub serial: String,
    pub label: String,
    pub printed_unit: String,
}

impl From<&ReportCell> for ReportCellRow {
    fn from(cell: &ReportCell) -> Self {
        ReportCellRow {
            report_year: cell.report_year,
            report_table: cell.report_table.clone(),
            report_path: cell.report_path.clone(),
            measure: cell.measure.clone(),
            column_year: cell.column_year,
            level: cell.unit.level,
            region_code: cell.unit.region_code.clone(),
            school_code: cell.unit.school_code.clone(),
            indicator_id: cell.indicator_id.clone(),
            breakdown: cell.breakdown.clone(),
            breakdown_code: cell.breakdown_code.clone(),
            basis: cell.basis.name().to_owned(),
            stands_for: stands_for(cell.basis).to_owned(),
            state: cell.state,
            printed_text: cell.printed_text.clone(),
            complete: cell.state != State::Missing && cell.n_missing == 0,
            incomplete: cell.incomplete.as_deref().and_then(Coverage::note),
        }
    }
}

impl Deref for ReportCell {
    type Target = CellRow;

    fn deref(&self) -> &CellRow {
        &self.row
    }
}

/// Everything that cells are computed from.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    pub values: &'a Values<'a>,
    pub layouts: &'a [Layout],
    pub units: &'a [Unit],
    pub counties: &'a [Unit],
    pub regions: Option<&'a CodeTable>,
    pub major_classes: Option<&'a CodeTable>,
    /// The report year, and the county each school was under the year before.
    pub year: ReportYear,
    pub last_regions: &'a BTreeMap<String, String>,
    /// The lists that schools filed under tables, this year.
    pub lines: &'a Lines,
}

/// Values by year and key.
pub type Values<'a> = HashMap<(ReportYear, &'a ValueKey), &'a IndicatorValue>;

/// Indexes values of several years.
#[must_use]
pub fn indexed<'a>(values: impl Iterator<Item = &'a IndicatorValue>) -> Values<'a> {
    values.map(|value| ((value.report_year, &value.key), value)).collect()
}

/// Lines by table and school, each with its words in the order of the list's columns.
pub type Lines = BTreeMap<(String, String), Vec<Vec<String>>>;

/// All cells of one year's report, in printed order.
#[must_use]
pub fn cells(sources: Sources<'_>) -> Vec<ReportCell> {
    let Some(layout) = sources.layouts.iter().find(|layout| layout.year == sources.year) else {
        return Vec::new();
    };
    let classes = Classes::of(sources);
    let units: Vec<Arc<Unit>> = sources.units.iter().cloned().map(Arc::new).collect();
    let mut cells = Vec::new();
    for table in &layout.tables {
        let mut places = Places { sources, table, classes: &classes, known: HashMap::new() };
        for unit in units.iter().filter(|unit| table.levels.contains(&unit.level)) {
            for (place, source) in places.of(unit) {
                cells.extend(place.columns.iter().map(|column| cell(sources, &place, column, &source, unit)));
            }
            if let Some(list) = &table.list {
                cells.extend(listed(sources, table, list, unit));
            }
        }
    }
    cells
}

/// The lists that the schools of a unit filed under a table, school by school.
fn listed<'a>(
    sources: Sources<'a>,
    table: &'a TableLayout,
    list: &'a ListLayout,
    unit: &'a Arc<Unit>,
) -> impl Iterator<Item = ReportCell> + 'a {
    let school_units = sources.units.iter().filter(move |school| {
        school.level == Level::School
            && match unit.level {
                Level::School => *school == &**unit,
                Level::County => school.region_code == unit.region_code,
                Level::City => true,
            }
    });
    let lines_of = |school: &Unit| sources.lines.get(&(table.id.clone(), school.school_code.clone()));
    let lines = school_units.filter_map(lines_of).flatten().zip(1..);
    lines.flat_map(move |(words, number): (&Vec<String>, u32)| {
        list.columns.iter().zip(words).map(move |(column, words)| ReportCell {
            report_year: sources.year,
            row: Arc::new(CellRow {
                report_table: table.id.clone(),
                report_path: format!("{}/{number}", list.title),
                measure: column.clone(),
                indicator_id: list.indicator.clone(),
                serial: number.to_string(),
                ..CellRow::default()
            }),
            column_year: sources.year,
            unit: unit.clone(),
            basis: Basis::Filed,
            state: if words.is_empty() { State::Blank } else { State::Value },
            printed_text: Some(words.clone()),
            parts: None,
            n_missing: 0,
            incomplete: None,
        })
    })
}

/// A row of a table, ready to be printed for any unit.
struct Place {
    row: Arc<CellRow>,
    columns: Vec<Column>,
}

/// One year of a row, printed according to that year's layout.
struct Column {
    year: ReportYear,
    /// The printed subject, where a person set no value.
    subject: Arc<Subject>,
    /// The printed subject where a person did.
    adjusted: Arc<Subject>,
    /// The whole that the row is a part of, if any.
    whole: Option<Arc<Subject>>,
    decimals: u32,
    /// Whether that year's layout has the row.
    in_layout: InLayout,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum InLayout {
    Yes,
    /// The row is not in that year's layout.
    No,
    /// There is no layout of that year.
    Unknown,
}

/// The rows of one table, each computed once.
struct Places<'a> {
    sources: Sources<'a>,
    table: &'a TableLayout,
    classes: &'a Classes<'a>,
    /// By the index of the row and the code it is repeated for.
    known: HashMap<(usize, String), Arc<Place>>,
}

impl Places<'_> {
    /// The rows for a unit, each with the unit whose value it prints, which in 表1.1 is not the unit it is
    /// printed for. Neighbouring rows that repeat over the same things repeat together.
    fn of(&mut self, unit: &Arc<Unit>) -> Vec<(Arc<Place>, Arc<Unit>)> {
        let (sources, table) = (self.sources, self.table);
        let mut places = Vec::new();
        let mut index = 0;
        for together in table.rows.chunk_by(|a, b| a.each.is_some() && a.each == b.each) {
            let rows = index..index + together.len();
            index = rows.end;
            match together[0].each {
                None => places.extend(rows.map(|row| (self.place(row, "", ""), unit.clone()))),
                Some(Each::County) => {
                    for county in sources.counties {
                        let label = label(sources.regions, &county.region_code, sources.year);
                        let county = Arc::new(county.clone());
                        places.extend(rows.clone().map(|row| (self.place(row, &label, ""), county.clone())));
                    }
                }
                Some(Each::MajorClass) => {
                    for (code, _) in self.classes.largest_first(&together[0], unit) {
                        let label = label(sources.major_classes, code, sources.year);
                        places.extend(rows.clone().map(|row| (self.place(row, &label, code), unit.clone())));
                    }
                }
            }
        }
        places
    }

    fn place(&mut self, row: usize, label: &str, class: &str) -> Arc<Place> {
        let (sources, table) = (self.sources, self.table);
        let place = self.known.entry((row, label.to_owned()));
        place.or_insert_with(|| Arc::new(place_of(sources, table, &table.rows[row], label, class))).clone()
    }
}

/// A row with the code it is repeated for filled in.
fn place_of(sources: Sources<'_>, table: &TableLayout, row: &RowLayout, label: &str, class: &str) -> Place {
    let (breakdown, code) = if class.is_empty() {
        (row.breakdown.as_str(), row.breakdown_code.as_str())
    } else {
        ("major_class", class)
    };
    let path = row.path.replace("{}", label);
    let earlier = if table.is_beside(row) { 0 } else { table.earlier_years() };
    let columns = (sources.year - earlier..=sources.year).map(|year| {
        let layout = sources.layouts.iter().find(|layout| layout.year == year);
        let printed = layout.and_then(|layout| printed_row(layout, table, row, &path));
        let whole = Subject::whole(&row.indicator, printed.map_or(row.basis, |printed| printed.basis));
        let is_part = !breakdown.is_empty();
        let (breakdown, breakdown_code) = (breakdown.to_owned(), code.to_owned());
        let subject = Subject { breakdown, breakdown_code, ..whole.clone() };
        Column {
            year,
            adjusted: Arc::new(Subject { basis: whole.basis.adjusted(), ..subject.clone() }),
            subject: Arc::new(subject),
            whole: is_part.then(|| Arc::new(whole)),
            decimals: printed.map_or(row.decimals, |printed| printed.decimals),
            in_layout: match (layout, printed) {
                (None, _) => InLayout::Unknown,
                (Some(_), None) => InLayout::No,
                (Some(_), Some(_)) => InLayout::Yes,
            },
        }
    });
    Place {
        columns: columns.collect(),
        row: Arc::new(CellRow {
            report_table: table.id.clone(),
            measure: row.measure.clone(),
            indicator_id: row.indicator.clone(),
            breakdown: breakdown.to_owned(),
            breakdown_code: code.to_owned(),
            serial: row.serial.clone(),
            label: row.label.replace("{}", label),
            printed_unit: row.unit.clone(),
            report_path: path,
        }),
    }
}

fn label(table: Option<&CodeTable>, code: &str, year: ReportYear) -> String {
    let code_found = table.and_then(|table| table.look_up_any_year(code, year));
    match code_found {
        Some(found) => found.label.clone(),
        None if code == "unknown" => "专业待确认".to_owned(),
        None => code.to_owned(),
    }
}

/// Major classes with their values, by indicator, basis and unit.
struct Classes<'a>(HashMap<ClassKey<'a>, Vec<(&'a str, Decimal)>>);

type ClassKey<'a> = (&'a str, Basis, &'a Unit);

impl<'a> Classes<'a> {
    fn of(sources: Sources<'a>) -> Self {
        let mut classes: HashMap<ClassKey<'_>, Vec<(&str, Decimal)>> = HashMap::new();
        let of_year = sources.values.iter().filter(|((year, _), _)| *year == sources.year);
        for ((_, key), value) in of_year.filter(|((_, key), _)| key.breakdown == "major_class") {
            if let Some(value) = value.value {
                let class_key = (key.indicator_id.as_str(), key.basis, &*key.unit);
                classes.entry(class_key).or_default().push((key.breakdown_code.as_str(), value));
            }
        }
        for classes in classes.values_mut() {
            classes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        }
        Classes(classes)
    }

    /// The classes with a value, the largest first.
    fn largest_first<'s>(&'s self, row: &'s RowLayout, unit: &'s Unit) -> &'s [(&'s str, Decimal)] {
        let classes = self.0.get(&(row.indicator.as_str(), row.basis, unit));
        classes.map(Vec::as_slice).unwrap_or_default()
    }
}

fn cell(
    sources: Sources<'_>,
    place: &Place,
    column: &Column,
    source: &Arc<Unit>,
    unit: &Arc<Unit>,
) -> ReportCell {
    let row = &place.row;
    let find = |subject: &Arc<Subject>| {
        let key = ValueKey { subject: Arc::clone(subject), unit: Arc::clone(source) };
        let found = sources.values.get(&(column.year, &key)).copied();
        found.or_else(|| value_before_move(sources, column.year, &key))
    };
    // A value that a person set is printed in place of the one it replaces.
    let value = find(&column.adjusted).or_else(|| find(&column.subject));
    let is_value = |whole: &Arc<Subject>| {
        let key = ValueKey { subject: Arc::clone(whole), unit: Arc::clone(source) };
        sources.values.get(&(column.year, &key)).is_some_and(|value| value.state == State::Value)
    };
    let (state, printed_text) = match (column.in_layout, value) {
        (InLayout::No, _) => (State::Blank, Some(String::new())),
        (_, Some(value)) => (value.state, value.printed(column.decimals)),
        // A part of a breakdown that has no members.
        (InLayout::Yes, None) if column.whole.as_ref().is_some_and(is_value) => {
            (State::Value, Some(Decimal::ZERO.printed(column.decimals)))
        }
        (_, None) => (State::Missing, None),
    };
    let ratio = value.and_then(|value| value.ratio);
    ReportCell {
        report_year: sources.year,
        row: row.clone(),
        column_year: column.year,
        unit: unit.clone(),
        basis: value.map_or(column.subject.basis, |value| value.key.basis),
        state,
        printed_text,
        parts: ratio.map(|ratio| Box::new((ratio.numerator, ratio.denominator))),
        n_missing: value.map_or(0, |value| i32::try_from(value.coverage.missing).unwrap_or(i32::MAX)),
        incomplete: value.and_then(IndicatorValue::incomplete).cloned().map(Box::new),
    }
}

/// The value of a school that was under another county at that time.
fn value_before_move<'a>(
    sources: Sources<'a>,
    year: ReportYear,
    key: &ValueKey,
) -> Option<&'a IndicatorValue> {
    if key.unit.level != Level::School || year == sources.year {
        return None;
    }
    let region = sources.last_regions.get(&key.unit.school_code)?;
    let unit = Arc::new(Unit { region_code: region.clone(), ..Unit::clone(&key.unit) });
    sources.values.get(&(year, &ValueKey { unit, subject: Arc::clone(&key.subject) })).copied()
}

/// The same place in another year's layout.
fn printed_row<'a>(
    layout: &'a Layout,
    table: &TableLayout,
    row: &RowLayout,
    path: &str,
) -> Option<&'a RowLayout> {
    let same_place = |other: &&RowLayout| {
        let template = other.each.is_some() && row.each == other.each;
        (other.path == path || template) && other.measure == row.measure
    };
    layout.table(&table.id)?.rows.iter().find(same_place)
}

/// The cells of each unit, in printed order.
#[must_use]
pub fn by_unit(cells: &[ReportCell]) -> HashMap<&Unit, Vec<&ReportCell>> {
    let mut units: HashMap<&Unit, Vec<&ReportCell>> = HashMap::new();
    for cell in cells {
        units.entry(&cell.unit).or_default().push(cell);
    }
    units
}
