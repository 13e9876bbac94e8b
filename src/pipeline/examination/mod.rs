//! Checks everything that must hold before a figure is shown, on one year's figures: those a run is
//! about to publish, and again those of the current release.

mod deliveries;

mod filed;

mod published;

mod wording;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::parallel;
use crate::audit::printing::RowKey;
use crate::audit::{NotableAnswer, RelationAnswer, RelationCount, RelationSet};
use crate::checks::relation::Verdict;
use crate::checks::totals::{self as checks, CheckOutcome};
use crate::decisions::Override;
use crate::decisions::findings::{self, FindingAnswers};
use crate::definitions::Definitions;
use crate::definitions::indicator::{Calculation, Combination, SurveyMeasure};
use crate::definitions::layout::label_key;
use crate::definitions::relation::kind::RelationKind;
use crate::definitions::relation::{Names, PrintedPlace, RelationDefinition, RelationLevel, Source};
use crate::figure::{Basis, Level, Unit};
use crate::figures::{IndicatorValue, adjust};
use crate::finding::Severity;
use crate::period::ReportYear;
use crate::report::cells::ReportCell;
use crate::report::figures::{self, DeliveryProperty, Keys, Peers};
use crate::settings::Settings;

pub(super) use deliveries::of_deliveries;
pub(super) use filed::{FiledPlaces, filed_places};
pub use published::{Release, ReleaseSource, examine_release, read_release};

/// The figures of one year.
#[derive(Clone, Copy)]
pub struct Figures<'a> {
    pub year: ReportYear,
    pub values: &'a [IndicatorValue],
    pub cells: &'a [ReportCell],
    /// By code.
    pub schools: &'a BTreeMap<String, String>,
    pub deliveries: &'a [DeliveryProperty],
}

/// The findings, and how much was examined.
#[derive(Debug, Default)]
pub struct Examination {
    year: ReportYear,
    figures: usize,
    pub found: Vec<RelationFinding>,
    /// By rule kind.
    counts: BTreeMap<RelationKind, RelationCount>,
    /// Outcomes of the checks of values.
    checked: Vec<CheckOutcome>,
    /// Relations that examined nothing, although the year's report prints what they need.
    idle: BTreeMap<RelationKind, Vec<String>>,
    /// The printed rows of figures, by the figures' names: all units print the same rows.
    rows: HashMap<String, FigureRow>,
}

/// The printed row that a figure is in.
#[derive(Debug, Clone)]
struct FigureRow {
    indicator_id: String,
    report_table: String,
    report_path: String,
}

/// The rows that any unit prints, by the names of their figures.
fn rows_by_name(cells: &[ReportCell]) -> HashMap<String, FigureRow> {
    let mut seen = HashSet::new();
    let mut rows = HashMap::new();
    for cell in cells {
        if seen.insert((Arc::as_ptr(&cell.row), cell.column_year)) {
            rows.insert(
                figures::name_of(cell),
                FigureRow {
                    indicator_id: cell.indicator_id.clone(),
                    report_table: cell.report_table.clone(),
                    report_path: cell.report_path.clone(),
                },
            );
        }
    }
    rows
}

/// One finding of a relation.
#[derive(Debug)]
pub struct RelationFinding {
    pub unit: Unit,
    pub rule: String,
    pub severity: Severity,
    ratchet: bool,
    row: Option<RowKey>,
    pub key: String,
    pub answer: RelationAnswer,
}

/// Checks a year's figures against every relation.
#[must_use]
pub fn examine(settings: &Settings, definitions: &Definitions, year_figures: Figures<'_>) -> Examination {
    let relation_set = RelationSet::new(definitions);
    // A year that no layout prints has deliveries all the same.
    let Figures { year, values, cells, deliveries, .. } = year_figures;
    let units = figures::by_unit(cells, values.iter().map(|value| &*value.key.unit));
    let deliveries = figures::deliveries_by_unit(&units, deliveries);
    let peers = Peers::of(cells);
    let answers = parallel::each(settings.threads(), &units, Keys::new, |keys, (unit, unit_cells)| {
        // Made and dropped here: the reports of all units together would be as large as the year.
        let mut report = figures::report(unit_cells, year, keys);
        report.figures.extend(deliveries.get(unit).into_iter().flat_map(figures::of_deliveries));
        let level = RelationLevel::from(unit.level);
        (report.figures.len(), relation_set.ask(&report, level, &|row| peers.figures(row, unit)))
    });
    let mut examined = Examination {
        year,
        figures: answers.iter().map(|(figures, _)| figures).sum(),
        checked: check_values(definitions, year_figures),
        rows: rows_by_name(cells),
        ..Examination::default()
    };
    let mut by_relation: Vec<RelationCount> =
        vec![RelationCount::default(); relation_set.relations().count()];
    for ((unit, _), (_, answered)) in units.iter().zip(answers) {
        for (sum, counted) in by_relation.iter_mut().zip(answered.counts) {
            *sum += counted;
        }
        for (kind, counted) in answered.stated {
            *examined.counts.entry(kind).or_default() += counted;
        }
        let name = unit_name(settings, definitions, year_figures, unit);
        examined.take(unit, &name, answered.found);
    }
    for ((kind, definition), counted) in relation_set.relations().zip(by_relation) {
        if counted.relations > 0 {
            *examined.counts.entry(kind).or_default() += counted;
        }
        if counted.examined == 0 && is_expected(definition, kind, definitions, year) {
            examined.idle.entry(kind).or_default().push(definition.id.clone());
        }
    }
    examined.leave_to_schools();
    examined
}

/// Checks the values that a run computed.
fn check_values(definitions: &Definitions, figures: Figures<'_>) -> Vec<CheckOutcome> {
    let Figures { year, values, .. } = figures;
    let additive = |indicator: &str, basis: Basis| {
        let Some(indicator) = definitions.indicator(indicator) else { return false };
        match basis {
            Basis::System => {
                matches!(
                    indicator.system,
                    Some(Calculation::Count(_) | Calculation::Sum(_) | Calculation::SumOf(_))
                )
            }
            Basis::Filed => matches!(indicator.filed, Some(Combination::Sum)),
            Basis::Survey => matches!(indicator.survey, Some(SurveyMeasure::Sum(_))),
            // Adjusted values exist at some places only.
            Basis::Adjusted(_) => false,
        }
    };
    let mut checked = vec![
        checks::counties_and_residual_sum_to_city(year, values, &additive),
        checks::schools_sum_to_county(year, values, &additive),
        checks::parts_sum_to_whole(year, &definitions.partitions, values),
    ];
    if values.iter().any(|value| value.key.basis.is_adjusted()) {
        let printed = adjust::as_printed(values);
        checked.push(checks::counties_and_residual_sum_to_city(year, &printed, &additive));
        checked.push(checks::schools_sum_to_county(year, &printed, &additive));
    }
    if let Some(layout) = definitions.layout(year) {
        checked.push(checks::printed_on_one_basis(year, layout, values));
    }
    checked
}

fn unit_name(settings: &Settings, definitions: &Definitions, figures: Figures<'_>, unit: &Unit) -> String {
    match unit.level {
        Level::School => figures.schools.get(&unit.school_code).unwrap_or(&unit.school_code).clone(),
        Level::City => settings.city_name.clone(),
        Level::County if unit.region_code == settings.residual_region_code => {
            settings.residual_region_name.clone()
        }
        Level::County => definitions.region_name(&unit.region_code, figures.year).to_owned(),
    }
}

/// Whether the year's report prints, at some level, all that the relation needs.
fn is_expected(
    definition: &RelationDefinition,
    kind: RelationKind,
    definitions: &Definitions,
    year: ReportYear,
) -> bool {
    let (single, many, _) = kind.operands();
    let of_field = |field: &&str| definition.operands.get(*field).map(Names::all).unwrap_or_default();
    let prints = |place: &PrintedPlace| {
        let Source::Official(table) = &place.source else { return place.source == Source::Literal };
        let rows = definitions.layout(year + place.years_after).and_then(|layout| layout.table(table));
        rows.is_some_and(|table| {
            table.levels.iter().any(|level| definition.levels.contains(&RelationLevel::from(*level)))
                && place.labels.iter().any(|label| {
                    let is_label =
                        |path: &str| path.split('/').map(label_key).eq(label.split('/').map(label_key));
                    table.rows.iter().any(|row| row.measure == place.measure && is_label(&row.path))
                })
        })
    };
    let mut names = single.iter().chain(many).flat_map(of_field).peekable();
    names.peek().is_some()
        && definition.each.is_none()
        && names.all(|name| PrintedPlace::parse(name).is_some_and(|place| prints(&place)))
}

impl Examination {
    fn take(&mut self, unit: &Unit, unit_name: &str, found: Vec<NotableAnswer>) {
        let mut times: HashMap<String, usize> = HashMap::new();
        for NotableAnswer { row, severity, ratchet, mut answer } in found {
            let place = if unit.level == Level::School { &unit.school_code } else { &unit.region_code };
            let mut key = format!("{}/{}/{place}", self.year, answer.id);
            if let Some(row) = &row {
                let measure = if row.measure == "值" { String::new() } else { format!("#{}", row.measure) };
                key += &format!("/{}:{}{measure}", row.table, row.label);
            }
            let seen = times.entry(key.clone()).or_default();
            *seen += 1;
            if *seen > 1 {
                key += &format!("~{seen}");
            }
            answer.place = format!("{unit_name}：{}", answer.place);
            self.found.push(RelationFinding {
                unit: unit.clone(),
                rule: findings::rule_named(&answer.kind),
                severity,
                ratchet,
                row,
                key,
                answer,
            });
        }
    }

    /// Leaves to schools the questions that a county or the city has because of a school's figures.
    fn leave_to_schools(&mut self) {
        let is_doubted = |finding: &RelationFinding| {
            matches!(finding.answer.verdict, Verdict::Inconsistent | Verdict::ToConfirm)
        };
        let mut schools: HashMap<(String, Option<RowKey>), Vec<String>> = HashMap::new();
        for finding in
            self.found.iter().filter(|found| found.unit.level == Level::School && is_doubted(found))
        {
            let regions = schools.entry((finding.answer.id.clone(), finding.row.clone())).or_default();
            regions.push(finding.unit.region_code.clone());
        }
        for finding in self.found.iter_mut().filter(|found| found.unit.level != Level::School) {
            let regions = schools.get(&(finding.answer.id.clone(), finding.row.clone()));
            let is_below =
                |region: &&String| finding.unit.level == Level::City || **region == finding.unit.region_code;
            let count = regions.into_iter().flatten().filter(is_below).count();
            let is_change = finding.answer.kind == RelationKind::YoyOutlier.name();
            if count > 0 && !is_change && finding.severity == Severity::S2 {
                finding.severity = Severity::S3;
                finding.answer.message += &format!("；有 {count} 所学校的同一关系不成立，先由学校核对");
            }
        }
    }

    /// Turns findings under a ratchet that the current release has already into notes.
    pub fn forget(&mut self, before: &Examination) {
        let known: HashMap<&str, Verdict> =
            before.found.iter().map(|found| (found.key.as_str(), found.answer.verdict)).collect();
        for finding in self.found.iter_mut().filter(|found| found.ratchet && found.severity == Severity::S2) {
            // Verdicts are ordered by weight.
            if known.get(finding.key.as_str()).is_some_and(|verdict| *verdict <= finding.answer.verdict) {
                finding.severity = Severity::S3;
                finding.answer.known = true;
                finding.answer.message += "；上一版已有，未变坏";
            }
        }
    }

    /// Adds to each finding the answer of a named person. Returns the decisions that hold, and those that
    /// have lapsed.
    pub fn settle(&mut self, mut answers: FindingAnswers<'_>) -> (Vec<Override>, Vec<Override>) {
        let (mut holding, mut lapsed) = (Vec::new(), Vec::new());
        for finding in &mut self.found {
            match answers.take(&finding.rule, &finding.key, &finding.answer) {
                Ok(None) => {}
                Ok(Some(_)) if finding.severity == Severity::S0 => {}
                Ok(Some(decision)) => {
                    finding.severity = Severity::S3;
                    finding.answer.known = true;
                    finding.answer.message += &format!("（{}已说明：{}）", decision.who, decision.reason);
                    holding.push(decision.clone());
                }
                Err(decision) => {
                    finding.answer.message += &format!("；第 {} 号说明是对以前的数，已失效", decision.id);
                    lapsed.push(decision.clone());
                }
            }
        }
        lapsed.extend(answers.rest().into_iter().cloned());
        (holding, lapsed)
    }
}
