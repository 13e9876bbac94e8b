//! Printed cells as figures for checking relations: one report for each unit, like the one for a city
//! in `audit`. The relations themselves are defined elsewhere.

use std::collections::{BTreeMap, HashMap};

use crate::audit::printing::{self, PrintedFigure, RowKey, path_key};
use crate::audit::report::{OwnReport, Report};
use crate::audit::{RelationInstance, list_key};
use crate::checks::quantity::{Reading, read};
use crate::checks::relation::{Figure, Operand, Operands};
use crate::definitions::relation::kind::RelationKind;
use crate::definitions::relation::{ROWS, Source};
use crate::figure::{Basis, Level, State, Unit};
use crate::period::ReportYear;
use crate::report::cells::ReportCell;

pub use crate::audit::RECOMPUTED;

/// Splits the cells of one year's report by unit, in printed order.
#[must_use]
pub fn by_unit<'u>(
    cells: &'u [ReportCell],
    others: impl Iterator<Item = &'u Unit>,
) -> Vec<(&'u Unit, Vec<&'u ReportCell>)> {
    let mut at: HashMap<&Unit, usize> = HashMap::new();
    let mut units: Vec<(&Unit, Vec<&ReportCell>)> = Vec::new();
    for cell in cells {
        let index = *at.entry(&*cell.unit).or_insert_with(|| {
            units.push((&*cell.unit, Vec::new()));
            units.len() - 1
        });
        units[index].1.push(cell);
    }
    for unit in others {
        at.entry(unit).or_insert_with(|| {
            units.push((unit, Vec::new()));
            units.len() - 1
        });
    }
    units
}

/// Keys of the labels met so far: all units print the same rows.
pub type Keys<'c> = HashMap<&'c str, String>;

/// The figures of one unit's report, in printed order.
#[must_use]
pub fn report<'c>(cells: &[&'c ReportCell], year: ReportYear, keys: &mut Keys<'c>) -> Report {
    let mut report = Report { year, ..Report::default() };
    let mut own_report = OwnReport::default();
    for &cell in cells {
        own_report.adjusted |= cell.basis.is_adjusted();
        let Some(text) = printed(cell) else { continue };
        report.stated.extend(recomputed(cell).map(Ok));
        // Of the schools that have both parts alone, it is not the ratio of the totals printed elsewhere.
        if cell.parts.is_some() && cell.n_missing > 0 {
            continue;
        }
        let listed = is_listed(cell);
        let label = if listed { &cell.measure } else { &cell.report_path };
        let key = keys.entry(label).or_insert_with(|| if listed { list_key(label) } else { path_key(label) });
        report.figures.push(PrintedFigure {
            source: if listed { Source::List } else { Source::Official(cell.report_table.clone()) },
            table: cell.report_table.clone(),
            label: label.clone(),
            key: key.clone(),
            measure: if listed { "值".to_owned() } else { cell.measure.clone() },
            year: Some(cell.column_year),
            unit: cell.printed_unit.clone(),
            text: text.to_owned(),
            row: if listed { cell.serial.parse().unwrap_or_default() } else { 0 },
        });
    }
    report.own_report = Some(own_report);
    report
}

/// The name of a cell's figure.
#[must_use]
pub fn name_of(cell: &ReportCell) -> String {
    if is_listed(cell) {
        let line = cell.serial.parse().unwrap_or_default();
        printing::name(&cell.report_table, &cell.measure, "值", line, Some(cell.column_year))
    } else {
        printing::name(&cell.report_table, &cell.report_path, &cell.measure, 0, Some(cell.column_year))
    }
}

/// A property of a dataset's deliveries in a year, for one school or the whole city.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryProperty {
    /// The dataset's title.
    pub dataset: String,
    /// [`ROWS`], or the title of a column, for its newest time.
    pub measure: String,
    pub year: ReportYear,
    /// Empty for an export of the whole city.
    pub school_code: String,
    pub text: String,
}

/// Properties of deliveries by dataset, measure and year.
type Texts<'d> = BTreeMap<(&'d str, &'d str, ReportYear), String>;

/// The properties of deliveries for each unit's schools: rows are added up; of times, the newest counts.
#[must_use]
pub fn deliveries_by_unit<'u, 'd>(
    units: &[(&'u Unit, Vec<&ReportCell>)],
    properties: &'d [DeliveryProperty],
) -> HashMap<&'u Unit, Texts<'d>> {
    let of_level = |level: Level| units.iter().map(|(unit, _)| *unit).filter(move |unit| unit.level == level);
    let schools: HashMap<&str, &Unit> =
        of_level(Level::School).map(|unit| (unit.school_code.as_str(), unit)).collect();
    let counties: HashMap<&str, &Unit> =
        of_level(Level::County).map(|unit| (unit.region_code.as_str(), unit)).collect();
    let city = of_level(Level::City).next();
    let mut by_unit: HashMap<&Unit, Texts<'_>> = HashMap::new();
    for property in properties {
        let school = schools.get(property.school_code.as_str()).copied();
        let county = school.and_then(|school| counties.get(school.region_code.as_str()).copied());
        for unit in [school, county, city].into_iter().flatten() {
            let key = (property.dataset.as_str(), property.measure.as_str(), property.year);
            let text = by_unit.entry(unit).or_default().entry(key).or_default();
            *text = if property.measure == ROWS {
                let rows = |text: &str| text.parse::<u64>().unwrap_or_default();
                (rows(text) + rows(&property.text)).to_string()
            } else {
                std::mem::take(text).max(property.text.clone())
            };
        }
    }
    by_unit
}

/// Properties of deliveries as figures.
pub fn of_deliveries<'d>(texts: &'d Texts<'_>) -> impl Iterator<Item = PrintedFigure> + 'd {
    texts.iter().map(|((dataset, measure, year), text)| PrintedFigure {
        source: Source::Deliveries,
        table: "报送".to_owned(),
        label: (*dataset).to_owned(),
        key: path_key(dataset),
        measure: (*measure).to_owned(),
        year: Some(*year),
        unit: String::new(),
        text: text.clone(),
        row: 0,
    })
}

/// Whether a cell is of a line of a list, whose path ends in the line's number.
fn is_listed(cell: &ReportCell) -> bool {
    let line = cell.report_path.rsplit('/').next();
    cell.label.is_empty() && !cell.serial.is_empty() && line == Some(cell.serial.as_str())
}

/// The text of a cell that was asked and is not missing; others cannot be examined.
fn printed(cell: &ReportCell) -> Option<&str> {
    let says = matches!(cell.state, State::Value | State::Dash | State::Blank);
    cell.printed_text.as_deref().filter(|_| says)
}

/// A printed ratio with the whole numbers it was computed from, where these are counts of rows.
fn recomputed(cell: &ReportCell) -> Option<RelationInstance> {
    let (numerator, denominator) = **cell.parts.as_ref()?;
    if cell.basis != Basis::System || cell.state != State::Value || cell.column_year != cell.report_year {
        return None;
    }
    let percent = cell.printed_unit.contains('%');
    // Other units, such as yuan and ten thousand yuan, differ by a factor.
    if !percent && !cell.printed_unit.contains([':', '：']) {
        return None;
    }
    let (kind, fields) = if percent {
        (RelationKind::RatioPercent, ["part", "whole", "printed_pct"])
    } else {
        (RelationKind::Ratio, ["numerator", "denominator", "printed"])
    };
    let whole = |name: &str, value: String| Figure {
        name: name.to_owned(),
        printed: read(&value, ""),
        text: value,
        unit: String::new(),
    };
    let text = cell.printed_text.clone()?;
    let figures = [
        whole("分子", numerator.to_string()),
        whole("分母", denominator.to_string()),
        Figure {
            name: format!("{} {} {}", cell.report_table, cell.report_path, cell.column_year),
            printed: read(&text, &cell.printed_unit),
            text,
            unit: cell.printed_unit.clone(),
        },
    ];
    let operands = fields.into_iter().zip(figures);
    Some(RelationInstance {
        id: RECOMPUTED.to_owned(),
        kind,
        place: format!("{} {}", cell.report_table, cell.report_path),
        note: String::new(),
        operands: Operands {
            by_field: operands
                .map(|(field, figure)| (field.to_owned(), vec![Operand::Figure(figure)]))
                .collect(),
        },
        interpretation: false,
        looked_at: 0,
        row: Some(RowKey {
            table: cell.report_table.clone(),
            label: cell.report_path.clone(),
            measure: cell.measure.clone(),
        }),
    })
}

/// A row of one unit, last year and this year.
type Pair<'c> = (Option<&'c ReportCell>, Option<&'c ReportCell>);

/// Maximum number of peers that a change is compared with: more add nothing, and each of thousands would be
/// compared with all the others.
const PEERS_MOST: usize = 200;

/// The rows of all schools of a year, by which the change of one of them is judged.
#[derive(Debug, Default)]
pub struct Peers<'c> {
    rows: HashMap<(&'c str, &'c str, &'c str), BTreeMap<&'c str, Pair<'c>>>,
}

impl<'c> Peers<'c> {
    #[must_use]
    pub fn of(cells: &'c [ReportCell]) -> Self {
        let mut peers = Peers::default();
        for cell in cells.iter().filter(|cell| cell.unit.level == Level::School) {
            let row = (cell.report_table.as_str(), cell.report_path.as_str(), cell.measure.as_str());
            let pair = peers.rows.entry(row).or_default().entry(&cell.unit.school_code).or_default();
            let side = if cell.column_year == cell.report_year { &mut pair.1 } else { &mut pair.0 };
            *side = Some(cell);
        }
        peers
    }

    /// Last year's and this year's figures of other schools that print both as numbers: of all, or of
    /// [`PEERS_MOST`] of them where there are more, spread evenly over the order of their codes.
    #[must_use]
    pub fn figures(&self, row: &RowKey, but: &Unit) -> (Vec<Figure>, Vec<Figure>) {
        if but.level != Level::School {
            return (Vec::new(), Vec::new());
        }
        let key = (row.table.as_str(), row.label.as_str(), row.measure.as_str());
        let row = self.rows.get(&key);
        let step = row.map_or(1, |schools| schools.len().div_ceil(PEERS_MOST).max(1));
        let others =
            row.into_iter().flatten().step_by(step).filter(|(school, _)| **school != but.school_code);
        others.filter_map(|(_, (before, now))| Some((figure((*before)?)?, figure((*now)?)?))).unzip()
    }
}

fn figure(cell: &ReportCell) -> Option<Figure> {
    let text = printed(cell)?;
    let printed = read(text, &cell.printed_unit);
    matches!(printed, Reading::Number(_)).then(|| Figure {
        name: String::new(),
        text: text.to_owned(),
        unit: cell.printed_unit.clone(),
        printed,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::number::Decimal;
    use crate::report::cells::CellRow;

    fn unit(school: &str) -> Arc<Unit> {
        let (region_code, school_code) = ("141002".to_owned(), school.to_owned());
        Arc::new(Unit { level: Level::School, region_code, school_code })
    }

    fn cell(path: &str, text: Option<&str>, state: State) -> ReportCell {
        ReportCell {
            report_year: 2024,
            row: Arc::new(CellRow {
                report_table: "表3".into(),
                report_path: path.into(),
                measure: "值".into(),
                serial: "1".into(),
                label: path.into(),
                printed_unit: "%".into(),
                ..CellRow::default()
            }),
            column_year: 2024,
            unit: unit("1"),
            basis: Basis::System,
            state,
            printed_text: text.map(str::to_owned),
            parts: None,
            n_missing: 0,
            incomplete: None,
        }
    }

    #[test]
    fn missing_cells_are_left_out_and_blank_ones_are_kept() {
        let cells = [
            cell("甲", Some("9.60"), State::Value),
            cell("乙", None, State::Missing),
            cell("丙", Some(""), State::Blank),
            cell("丁", Some("-"), State::Dash),
        ];
        let units = by_unit(&cells, std::iter::empty());
        let report = report(&units[0].1, 2024, &mut Keys::new());
        let labels: Vec<&str> = report.figures.iter().map(|figure| figure.label.as_str()).collect();
        assert_eq!((units.len(), labels), (1, vec!["甲", "丙", "丁"]));
    }

    #[test]
    fn rows_of_deliveries_are_added_up_and_the_newest_time_counts() {
        let mut cells = vec![cell("甲", Some("1"), State::Value), cell("甲", Some("1"), State::Value)];
        cells[1].unit = unit("2");
        let mut city = cell("甲", Some("2"), State::Value);
        city.unit =
            Arc::new(Unit { level: Level::City, region_code: "141000".into(), school_code: String::new() });
        cells.push(city);
        let property = |measure: &str, school: &str, text: &str| DeliveryProperty {
            dataset: "学生学籍".into(),
            measure: measure.into(),
            year: 2024,
            school_code: school.into(),
            text: text.into(),
        };
        let properties = [
            property(ROWS, "1", "90"),
            property(ROWS, "2", "12"),
            property("入学年月", "1", "2023-09"),
            property("入学年月", "2", "2024-09"),
        ];
        let units = by_unit(&cells, std::iter::empty());
        let deliveries = deliveries_by_unit(&units, &properties);
        let texts = |at: usize| -> Vec<String> {
            of_deliveries(&deliveries[units[at].0]).map(|figure| figure.text).collect()
        };
        assert_eq!(
            [texts(0), texts(1), texts(2)],
            [vec!["2023-09", "90"], vec!["2024-09", "12"], vec!["2024-09", "102"]]
        );
    }

    #[test]
    fn a_ratio_comes_with_its_parts() {
        let ratio = |basis| ReportCell {
            parts: Decimal::parse("1308").zip(Decimal::parse("2869")).map(Box::new),
            basis,
            ..cell("双师", Some("45.59"), State::Value)
        };
        let report = report(&[&ratio(Basis::System)], 2024, &mut Keys::new());
        let stated = report.stated[0].as_ref().unwrap();
        assert_eq!((stated.kind, stated.id.as_str()), (RelationKind::RatioPercent, RECOMPUTED));
        assert!(recomputed(&ratio(Basis::Filed)).is_none());
    }

    #[test]
    fn peers_are_the_other_schools_that_print_numbers_in_both_years() {
        let mut cells = Vec::new();
        for (school, before, now) in [("1", "10", "20"), ("2", "5", "6"), ("3", "-", "6")] {
            for (year, text) in [(2023, before), (2024, now)] {
                let mut printed = cell("甲", Some(text), State::Value);
                (printed.column_year, printed.unit) = (year, unit(school));
                cells.push(printed);
            }
        }
        let row = RowKey { table: "表3".into(), label: "甲".into(), measure: "值".into() };
        let (before, now) = Peers::of(&cells).figures(&row, &cells[0].unit);
        assert_eq!((before.len(), now[0].text.as_str()), (1, "6"));
    }

    #[test]
    fn of_thousands_of_peers_only_some_hundred_are_compared() {
        let mut cells = Vec::new();
        for school in 0..2 * PEERS_MOST + 10 {
            for year in [2023, 2024] {
                let mut printed = cell("甲", Some("10"), State::Value);
                (printed.column_year, printed.unit) = (year, unit(&format!("{school:05}")));
                cells.push(printed);
            }
        }
        let row = RowKey { table: "表3".into(), label: "甲".into(), measure: "值".into() };
        let (before, now) = Peers::of(&cells).figures(&row, &cells[0].unit);
        assert!((PEERS_MOST / 2..=PEERS_MOST).contains(&before.len()), "{}", before.len());
        assert_eq!(before.len(), now.len());
    }
}
