//! The printed cells of one report year: last year's column from last year's release.

use std::collections::{BTreeMap, HashMap};

use crate::code_table::CodeTable;
use crate::indicators::{IndicatorValue, State, Unit, ValueKey};
use crate::layout::{Basis, Each, Layout, Level, ListLayout, RowLayout, TableLayout};
use crate::number::Decimal;
use crate::period::ReportYear;

/// One printed cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportCell {
    pub report_year: ReportYear,
    pub report_table: String,
    pub report_path: String,
    pub measure: String,
    pub column_year: ReportYear,
    pub unit: Unit,
    pub indicator_id: String,
    pub breakdown: String,
    pub breakdown_code: String,
    pub basis: Basis,
    pub state: State,
    /// `None` for missing.
    pub printed_text: Option<String>,
    pub numerator: Option<Decimal>,
    pub denominator: Option<Decimal>,
    /// Schools whose part should be in it and is not.
    pub n_missing: i32,
    /// As printed beside it: 序号, 指标, 单位.
    pub serial: String,
    pub label: String,
    pub printed_unit: String,
}

/// Everything cells are made from.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    pub values: &'a HashMap<(ReportYear, ValueKey), IndicatorValue>,
    pub layouts: &'a [Layout],
    pub units: &'a [Unit],
    pub counties: &'a [Unit],
    pub regions: Option<&'a CodeTable>,
    pub major_classes: Option<&'a CodeTable>,
    /// The year of the report, and the county each school was under the year before.
    pub year: ReportYear,
    pub last_regions: &'a BTreeMap<String, String>,
    /// What the schools listed under tables, this year.
    pub lines: &'a Lines,
}

/// Lines by table and school, each with its words in the order of the list's columns.
pub type Lines = BTreeMap<(String, String), Vec<Vec<String>>>;

/// All cells of one year's report, in printed order.
#[must_use]
pub fn cells(sources: Sources<'_>) -> Vec<ReportCell> {
    let year = sources.year;
    let Some(layout) = sources.layouts.iter().find(|layout| layout.year == year) else { return Vec::new() };
    let mut cells = Vec::new();
    for table in &layout.tables {
        for unit in sources.units.iter().filter(|unit| table.levels.contains(&unit.level)) {
            for (row, place) in rows(sources, table, unit, year) {
                let earlier = if table.is_beside(&row) { 0 } else { table.earlier_years() };
                let years = year - earlier..=year;
                cells.extend(years.map(|column| cell(sources, table, &row, &place, (year, column), unit)));
            }
            if let Some(list) = &table.list {
                cells.extend(listed(sources, table, list, unit));
            }
        }
    }
    cells
}

/// What the schools of a unit listed under a table, school by school.
fn listed<'a>(
    sources: Sources<'a>,
    table: &'a TableLayout,
    list: &'a ListLayout,
    unit: &'a Unit,
) -> impl Iterator<Item = ReportCell> + 'a {
    let school_units = sources.units.iter().filter(move |school| {
        school.level == Level::School
            && match unit.level {
                Level::School => *school == unit,
                Level::County => school.region_code == unit.region_code,
                Level::City => true,
            }
    });
    let of = |school: &Unit| sources.lines.get(&(table.id.clone(), school.school_code.clone()));
    let lines = school_units.filter_map(of).flatten().zip(1..);
    lines.flat_map(move |(words, number): (&Vec<String>, u32)| {
        list.columns.iter().zip(words).map(move |(column, words)| ReportCell {
            report_year: sources.year,
            report_table: table.id.clone(),
            report_path: format!("{}/{number}", list.title),
            measure: column.clone(),
            column_year: sources.year,
            unit: unit.clone(),
            indicator_id: list.indicator.clone(),
            breakdown: String::new(),
            breakdown_code: String::new(),
            basis: Basis::Filed,
            state: if words.is_empty() { State::Blank } else { State::Value },
            printed_text: Some(words.clone()),
            numerator: None,
            denominator: None,
            n_missing: 0,
            serial: number.to_string(),
            label: String::new(),
            printed_unit: String::new(),
        })
    })
}

/// A row and the unit its value is of, which for 表1.1 is not the unit it is printed for.
/// Rows that stand together and repeat over the same things repeat together.
fn rows(sources: Sources<'_>, table: &TableLayout, unit: &Unit, year: ReportYear) -> Vec<(RowLayout, Unit)> {
    let mut rows = Vec::new();
    for together in table.rows.chunk_by(|a, b| a.each.is_some() && a.each == b.each) {
        match together[0].each {
            None => rows.extend(together.iter().map(|row| (filled(row, "", ""), unit.clone()))),
            Some(Each::County) => {
                for county in sources.counties {
                    let label = label(sources.regions, &county.region_code, year);
                    rows.extend(together.iter().map(|row| (filled(row, &label, ""), county.clone())));
                }
            }
            Some(Each::MajorClass) => {
                for (code, _) in classes(sources, &together[0], unit, year) {
                    let label = label(sources.major_classes, &code, year);
                    rows.extend(together.iter().map(|row| (filled(row, &label, &code), unit.clone())));
                }
            }
        }
    }
    rows
}

/// A repeated row with its label and code put in.
fn filled(row: &RowLayout, label: &str, class: &str) -> RowLayout {
    let mut row = row.clone();
    row.label = row.label.replace("{}", label);
    row.path = row.path.replace("{}", label);
    if !class.is_empty() {
        "major_class".clone_into(&mut row.breakdown);
        class.clone_into(&mut row.breakdown_code);
    }
    row
}

fn label(table: Option<&CodeTable>, code: &str, year: ReportYear) -> String {
    let code_found = table.and_then(|table| table.look_up_any_year(code, year));
    match code_found {
        Some(found) => found.label.clone(),
        None if code == "unknown" => "专业待确认".to_owned(),
        None => code.to_owned(),
    }
}

/// Major classes with a value, the largest first.
fn classes(sources: Sources<'_>, row: &RowLayout, unit: &Unit, year: ReportYear) -> Vec<(String, Decimal)> {
    let mut classes: Vec<(String, Decimal)> = sources
        .values
        .iter()
        .filter(|((of_year, key), _)| {
            *of_year == year
                && key.indicator_id == row.indicator
                && key.basis == row.basis
                && key.breakdown == "major_class"
                && key.unit == *unit
        })
        .filter_map(|((_, key), value)| Some((key.breakdown_code.clone(), value.value?)))
        .collect();
    classes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    classes
}

fn cell(
    sources: Sources<'_>,
    table: &TableLayout,
    row: &RowLayout,
    place: &Unit,
    (year, column): (ReportYear, ReportYear),
    unit: &Unit,
) -> ReportCell {
    // Each column is printed as its own year's layout prints it; a row it has not was not asked.
    let own = sources.layouts.iter().find(|layout| layout.year == column);
    let in_own_year = own.map(|layout| printed_row(layout, table, row));
    let key = ValueKey {
        indicator_id: row.indicator.clone(),
        basis: in_own_year.flatten().map_or(row.basis, |own| own.basis),
        breakdown: row.breakdown.clone(),
        breakdown_code: row.breakdown_code.clone(),
        unit: place.clone(),
    };
    let of =
        |key: &ValueKey| sources.values.get(&(column, key.clone())).or_else(|| moved(sources, column, key));
    // A value that a person set is printed where the one that it stands for would be.
    let adjusted = of(&ValueKey { basis: key.basis.adjusted(), ..key.clone() });
    let basis = adjusted.map_or(key.basis, |value| value.key.basis);
    let value = adjusted.or_else(|| of(&key));
    let (state, printed_text) = match (&in_own_year, value) {
        (Some(None), _) => (State::Blank, Some(String::new())),
        (_, Some(value)) => {
            let decimals = in_own_year.flatten().map_or(row.decimals, |own| own.decimals);
            (value.state, value.printed(decimals))
        }
        // A part of a breakdown that nobody is in.
        (Some(Some(_)), None) if !row.breakdown.is_empty() && has_whole(sources, row, column, place) => {
            (State::Value, Some(Decimal::ZERO.printed(row.decimals)))
        }
        (_, None) => (State::Missing, None),
    };
    let ratio = value.and_then(|value| value.ratio);
    ReportCell {
        report_year: year,
        report_table: table.id.clone(),
        report_path: row.path.clone(),
        measure: row.measure.clone(),
        column_year: column,
        unit: unit.clone(),
        indicator_id: row.indicator.clone(),
        breakdown: row.breakdown.clone(),
        breakdown_code: row.breakdown_code.clone(),
        basis,
        state,
        printed_text,
        numerator: ratio.map(|ratio| ratio.numerator),
        denominator: ratio.map(|ratio| ratio.denominator),
        n_missing: value.map_or(0, |value| value.n_missing),
        serial: row.serial.clone(),
        label: row.label.clone(),
        printed_unit: row.unit.clone(),
    }
}

/// The value of a school that was under another county then.
fn moved<'a>(sources: Sources<'a>, year: ReportYear, key: &ValueKey) -> Option<&'a IndicatorValue> {
    if key.unit.level != Level::School || year == sources.year {
        return None;
    }
    let region = sources.last_regions.get(&key.unit.school_code)?;
    let unit = Unit { region_code: region.clone(), ..key.unit.clone() };
    sources.values.get(&(year, ValueKey { unit, ..key.clone() }))
}

/// The same place in another year's layout.
fn printed_row<'a>(layout: &'a Layout, table: &TableLayout, row: &RowLayout) -> Option<&'a RowLayout> {
    let same_place = |other: &&RowLayout| {
        let template = other.each.is_some() && row.each == other.each;
        (other.path == row.path || template) && other.measure == row.measure
    };
    layout.table(&table.id)?.rows.iter().find(same_place)
}

fn has_whole(sources: Sources<'_>, row: &RowLayout, year: ReportYear, place: &Unit) -> bool {
    let whole = ValueKey {
        indicator_id: row.indicator.clone(),
        basis: row.basis,
        breakdown: String::new(),
        breakdown_code: String::new(),
        unit: place.clone(),
    };
    sources.values.get(&(year, whole)).is_some_and(|value| value.state == State::Value)
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
