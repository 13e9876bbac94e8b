//! Everything that must hold before anybody sees a figure, asked of one year's figures: of those a
//! run is about to publish, and again of those that stand.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int32Type;

use super::{RunError, documents, parallel};
use crate::audit::printing::{RowKey, name};
use crate::audit::{
    Audit, FigureText as Told, FindingUnit as OfUnit, NotableAnswer as FoundAt, RelationAnswer as Answer,
    RelationCount as Counted, RelationSet as Asking, Tally,
};
use crate::checks::definition::{
    Names, PrintedPlace as Place, ROWS, RelationDefinition, RelationLevel as AskedOf, Source,
};
use crate::checks::kind::RelationKind as Kind;
use crate::checks::relation::Verdict;
use crate::checks::totals::{self as checks, CheckCount, CheckOutcome as Checked};
use crate::contract::Role;
use crate::decisions::Override;
use crate::decisions::findings::{self, Answers};
use crate::definition::Definitions;
use crate::finding::{self, Finding, Findings, PrintedRow, Severity};
use crate::indicators::definition::{Answers as Surveyed, Calculation, Combination};
use crate::indicators::{IndicatorValue, State, Unit, adjust};
use crate::layout::{Basis, Level, label_key};
use crate::period::ReportYear;
use crate::position::Place as FilePlace;
use crate::report::cells::{CellRow, ReportCell};
use crate::report::figures::{self, Keys, OfDeliveries, Peers};
use crate::settings::Settings;
use crate::table_file::{self as parquet_file, text_at};
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::{Accepted, Manifest};

/// The figures of one year.
#[derive(Clone, Copy)]
pub struct Figures<'a> {
    pub year: ReportYear,
    pub values: &'a [IndicatorValue],
    pub cells: &'a [ReportCell],
    /// By code.
    pub schools: &'a BTreeMap<String, String>,
    pub deliveries: &'a [OfDeliveries],
}

/// What was found, and how much was looked at.
#[derive(Debug, Default)]
pub struct Examined {
    year: ReportYear,
    figures: usize,
    pub found: Vec<Found>,
    /// By rule kind.
    counts: BTreeMap<Kind, Counted>,
    /// Checks of values.
    checked: Vec<Checked>,
    /// Relations that looked at nothing, though the year's report prints what they need.
    idle: BTreeMap<Kind, Vec<String>>,
    /// The printed rows of figures, by the figures' names: all units print the same.
    rows: HashMap<String, FigureRow>,
}

/// The printed row that a figure stands in.
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
pub struct Found {
    pub unit: Unit,
    pub rule: String,
    pub severity: Severity,
    ratchet: bool,
    row: Option<RowKey>,
    pub key: String,
    pub answer: Answer,
}

/// Holds a year's figures against everything.
#[must_use]
pub fn examine(settings: &Settings, definitions: &Definitions, of: Figures<'_>) -> Examined {
    let asking = Asking::new(definitions);
    // A year that no layout prints has deliveries all the same.
    let units = figures::by_unit(of.cells, of.values.iter().map(|value| &*value.key.unit));
    let deliveries = figures::deliveries_by_unit(&units, of.deliveries);
    let peers = Peers::of(of.cells);
    let asked = parallel::each(settings.threads(), &units, Keys::new, |keys, (unit, cells)| {
        // Made here and forgotten here: those of all units would be as large as the year.
        let mut report = figures::report(cells, of.year, keys);
        report.figures.extend(deliveries.get(unit).into_iter().flat_map(figures::of_deliveries));
        let level = AskedOf::from(unit.level);
        (report.figures.len(), asking.ask(&report, level, &|row| peers.figures(row, unit)))
    });
    let mut examined = Examined {
        year: of.year,
        figures: asked.iter().map(|(figures, _)| figures).sum(),
        checked: of_values(definitions, of),
        rows: rows_by_name(of.cells),
        ..Examined::default()
    };
    let mut by_relation: Vec<Counted> = vec![Counted::default(); asking.relations().count()];
    for ((unit, _), (_, answered)) in units.iter().zip(asked) {
        for (sum, counted) in by_relation.iter_mut().zip(answered.counts) {
            *sum += counted;
        }
        for (kind, counted) in answered.stated {
            *examined.counts.entry(kind).or_default() += counted;
        }
        let name = unit_name(settings, definitions, of, unit);
        examined.take(unit, &name, answered.found);
    }
    for ((kind, definition), counted) in asking.relations().zip(by_relation) {
        if counted.relations > 0 {
            *examined.counts.entry(kind).or_default() += counted;
        }
        if counted.examined == 0 && is_expected(definition, kind, definitions, of.year) {
            examined.idle.entry(kind).or_default().push(definition.id.clone());
        }
    }
    examined.leave_to_schools();
    examined
}

/// What a run checks of the values it computed.
fn of_values(definitions: &Definitions, of: Figures<'_>) -> Vec<Checked> {
    let (year, values) = (of.year, of.values);
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
            Basis::Survey => matches!(indicator.survey, Some(Surveyed::Sum(_))),
            // Adjusted values stand at some places only.
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

fn unit_name(settings: &Settings, definitions: &Definitions, of: Figures<'_>, unit: &Unit) -> String {
    match unit.level {
        Level::School => of.schools.get(&unit.school_code).unwrap_or(&unit.school_code).clone(),
        Level::City => settings.city_name.clone(),
        Level::County if unit.region_code == settings.residual_region_code => {
            settings.residual_region_name.clone()
        }
        Level::County => definitions.region_name(&unit.region_code, of.year).to_owned(),
    }
}

/// Whether the year's report prints, at some level, all that the relation needs.
fn is_expected(
    definition: &RelationDefinition,
    kind: Kind,
    definitions: &Definitions,
    year: ReportYear,
) -> bool {
    let (one, many, _) = kind.operands();
    let of_field = |field: &&str| definition.of.get(*field).map(Names::all).unwrap_or_default();
    let prints = |place: &Place| {
        let Source::Official(table) = &place.source else { return place.source == Source::Literal };
        let rows = definitions.layout(year + place.years_after).and_then(|layout| layout.table(table));
        rows.is_some_and(|table| {
            table.levels.iter().any(|level| definition.levels.contains(&AskedOf::from(*level)))
                && place.labels.iter().any(|label| {
                    let is = |path: &str| path.split('/').map(label_key).eq(label.split('/').map(label_key));
                    table.rows.iter().any(|row| row.measure == place.measure && is(&row.path))
                })
        })
    };
    let mut names = one.iter().chain(many).flat_map(of_field).peekable();
    names.peek().is_some()
        && definition.each.is_none()
        && names.all(|name| Place::parse(name).is_some_and(|place| prints(&place)))
}

impl Examined {
    fn take(&mut self, unit: &Unit, unit_name: &str, found: Vec<FoundAt>) {
        let mut times: HashMap<String, usize> = HashMap::new();
        for FoundAt { row, severity, ratchet, mut answer } in found {
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
            self.found.push(Found {
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

    /// What is wrong in a county or in the city because it is wrong at a school is answered there.
    fn leave_to_schools(&mut self) {
        let doubted = |one: &Found| matches!(one.answer.verdict, Verdict::Inconsistent | Verdict::ToConfirm);
        let mut schools: HashMap<(String, Option<RowKey>), Vec<String>> = HashMap::new();
        for one in self.found.iter().filter(|one| one.unit.level == Level::School && doubted(one)) {
            let regions = schools.entry((one.answer.id.clone(), one.row.clone())).or_default();
            regions.push(one.unit.region_code.clone());
        }
        for one in self.found.iter_mut().filter(|one| one.unit.level != Level::School) {
            let regions = schools.get(&(one.answer.id.clone(), one.row.clone()));
            let own = |region: &&String| one.unit.level == Level::City || **region == one.unit.region_code;
            let count = regions.into_iter().flatten().filter(own).count();
            let change = one.answer.kind == Kind::YoyOutlier.name();
            if count > 0 && !change && one.severity == Severity::S2 {
                one.severity = Severity::S3;
                one.answer.message += &format!("；有 {count} 所学校的同一关系不成立，先由学校核对");
            }
        }
    }

    /// What the release that stands has found already, under a ratchet, is a note.
    pub fn forget(&mut self, before: &Examined) {
        let known: HashMap<&str, Verdict> =
            before.found.iter().map(|one| (one.key.as_str(), one.answer.verdict)).collect();
        for one in self.found.iter_mut().filter(|one| one.ratchet && one.severity == Severity::S2) {
            // Verdicts are in the order of their weight.
            if known.get(one.key.as_str()).is_some_and(|verdict| *verdict <= one.answer.verdict) {
                one.severity = Severity::S3;
                one.answer.known = true;
                one.answer.message += "；上一版已有，未变坏";
            }
        }
    }

    /// Puts beside each finding what a named person said of it. Returns the decisions that hold, and
    /// those that do so no longer.
    pub fn settle(&mut self, mut answers: Answers<'_>) -> (Vec<Override>, Vec<Override>) {
        let (mut holding, mut lapsed) = (Vec::new(), Vec::new());
        for one in &mut self.found {
            match answers.take(&one.rule, &one.key, &one.answer) {
                Ok(None) => {}
                Ok(Some(_)) if one.severity == Severity::S0 => {}
                Ok(Some(decision)) => {
                    one.severity = Severity::S3;
                    one.answer.known = true;
                    one.answer.message += &format!("（{}已说明：{}）", decision.who, decision.reason);
                    holding.push(decision.clone());
                }
                Err(decision) => {
                    one.answer.message += &format!("；第 {} 号说明是对以前的数，已失效", decision.id);
                    lapsed.push(decision.clone());
                }
            }
        }
        lapsed.extend(answers.rest().into_iter().cloned());
        (holding, lapsed)
    }

    /// A line for each check.
    #[must_use]
    pub fn check_counts(&self) -> Vec<CheckCount> {
        let of_kind = |(kind, counted): (&Kind, &Counted)| CheckCount {
            check: kind.name().to_owned(),
            examined: counted.examined as u64,
            inconsistent: counted.inconsistent as u64,
            to_confirm: counted.to_confirm as u64,
            rounding: counted.rounding as u64,
        };
        self.checked.iter().map(CheckCount::from).chain(self.counts.iter().map(of_kind)).collect()
    }

    /// Everything as findings of the year: examples are capped, counts complete. `filed` says where a
    /// school filed a figure.
    #[must_use]
    pub fn findings(&self, definitions: &Definitions, filed: &FiledPlaces) -> Vec<Finding> {
        let mut all: Vec<Finding> =
            self.checked.iter().flat_map(|checked| checked.findings.iter().cloned()).collect();
        // Of each severity its own: what must be answered is not hidden behind notes.
        let mut capped: BTreeMap<Severity, Findings> = BTreeMap::new();
        // Of notes one stands for all of a relation and a unit.
        let mut notes: BTreeMap<(&str, &Unit, &str), usize> = BTreeMap::new();
        let mut told: Vec<Finding> = Vec::new();
        for one in &self.found {
            let finding = self.finding(definitions, filed, one);
            if one.severity != Severity::S3 || one.answer.known {
                told.push(finding);
                continue;
            }
            let at = *notes.entry((&one.answer.id, &one.unit, &one.rule)).or_insert_with(|| {
                told.push(Finding { count: 0, ..finding.clone() });
                told.len() - 1
            });
            if let Some(note) = told.get_mut(at) {
                note.count += 1;
                let others = finding.indicators.into_iter().filter(|id| !note.indicators.contains(id));
                let others: Vec<String> = others.collect();
                note.indicators.extend(others);
            }
        }
        for finding in told {
            capped.entry(finding.severity).or_default().push(finding);
        }
        all.extend(capped.into_values().flat_map(Findings::finish));
        let printed = definitions.layout(self.year).is_some();
        let idle_checks = self.checked.iter().filter(|checked| printed && checked.examined == 0);
        let idle_checks = idle_checks.map(|checked| (checked.check.to_owned(), 1));
        let idle_kinds = self
            .idle
            .iter()
            .map(|(kind, ids)| (format!("{}（{}）", kind.name(), ids.join("、")), ids.len() as u64));
        for (detail, count) in idle_checks.chain(idle_kinds) {
            let idle = Finding::new(finding::CHECK_IDLE, self.year, "", &detail);
            all.push(Finding { count, ..idle });
        }
        all
    }

    fn finding(&self, definitions: &Definitions, filed: &FiledPlaces, one: &Found) -> Finding {
        const NAMED: usize = 4;
        let kind = Kind::named(&one.answer.kind);
        let rule = kind.and_then(|kind| definitions.audit.rules.get(&kind));
        // What the others are held against comes first: a total before its parts.
        let single = kind.map(|kind| kind.operands().0).unwrap_or_default();
        let mut figures: Vec<&Told> =
            one.answer.figures.iter().filter(|figure| !figure.name.is_empty()).collect();
        figures
            .sort_by_key(|figure| single.iter().position(|one| *one == figure.operand).unwrap_or(usize::MAX));
        let told: Vec<String> =
            figures.iter().map(|figure| format!("{}＝{}", figure.name, figure.printed)).collect();
        let more = if told.len() > NAMED { "等" } else { "" };
        let whose = match (one.unit.level, one.answer.place.split_once('：')) {
            (Level::City | Level::County, Some((name, _))) => format!("{name}，"),
            _ => String::new(),
        };
        let message = format!(
            "{}：{whose}{}{more}：{}",
            rule.map_or("", |rule| &rule.title),
            told[..told.len().min(NAMED)].join("，"),
            one.answer.message,
        );
        let place = figures
            .iter()
            .find_map(|figure| filed.0.get(&(one.unit.school_code.clone(), figure.name.clone())));
        let place = place.cloned().unwrap_or_default();
        let filing = definitions.of_role(Role::Filing);
        let rows: Vec<&FigureRow> = figures.iter().filter_map(|figure| self.rows.get(&figure.name)).collect();
        let mut indicators: Vec<String> = Vec::new();
        for row in &rows {
            if !row.indicator_id.is_empty() && !indicators.contains(&row.indicator_id) {
                indicators.push(row.indicator_id.clone());
            }
        }
        let printed = rows.first().map(|row| PrintedRow {
            report_table: row.report_table.clone(),
            report_path: row.report_path.clone(),
        });
        Finding {
            rule: one.rule.clone(),
            severity: one.severity,
            dimension: rule.map_or_else(String::new, |rule| rule.dimension.clone()),
            report_year: self.year,
            dataset: filing.filter(|_| !place.file.is_empty()).map_or(String::new(), |of| of.dataset.clone()),
            region_code: one.unit.region_code.clone(),
            school_code: one.unit.school_code.clone(),
            place,
            message,
            remedy: rule.map_or_else(String::new, |rule| {
                format!("{}；确属实情的，由负责人用 nianbao override answer 说明", rule.remedy)
            }),
            count: 1,
            rows_out: 0,
            key: one.key.clone(),
            indicators,
            printed: printed.unwrap_or_default(),
            other_files: Vec::new(),
        }
    }

    /// As `nianbao check` tells it.
    #[must_use]
    pub fn into_audit(self, title: String, definitions: &Definitions) -> Audit {
        let year = self.year;
        let mut tallies: Vec<Tally> = self.checked.iter().map(tally_of_values).collect();
        tallies.extend(self.counts.iter().map(|(kind, counted)| tally(*kind, counted, definitions)));
        let mut answers: Vec<Answer> = self.checked.iter().flat_map(broken).collect();
        answers.extend(self.found.into_iter().map(|one| {
            let at = OfUnit {
                report_year: year,
                level: one.unit.level.name(),
                region_code: one.unit.region_code,
                school_code: one.unit.school_code,
                does: one.severity.code(),
                key: one.key,
            };
            Answer { at: Some(at), ..one.answer }
        }));
        Audit { title, answers, tallies, figures: self.figures }
    }
}

fn tally(kind: Kind, counted: &Counted, definitions: &Definitions) -> Tally {
    let good = counted.relations
        - counted.inconsistent
        - counted.to_confirm
        - counted.rounding
        - counted.not_examined;
    let verdicts = [
        (Verdict::Inconsistent, counted.inconsistent),
        (Verdict::ToConfirm, counted.to_confirm),
        (Verdict::Rounding, counted.rounding),
        (Verdict::NotExamined, counted.not_examined),
        (Verdict::Holds, good),
    ];
    Tally {
        kind: kind.name().to_owned(),
        title: definitions.audit.rules.get(&kind).map_or_else(String::new, |rule| rule.title.clone()),
        relations: counted.relations,
        examined: counted.examined,
        verdicts: BTreeMap::from(verdicts),
    }
}

fn tally_of_values(checked: &Checked) -> Tally {
    let examined = usize::try_from(checked.examined).unwrap_or(usize::MAX);
    let wrong = checked.findings.len();
    Tally {
        kind: checked.check.to_owned(),
        title: String::new(),
        relations: examined.max(wrong),
        examined,
        verdicts: BTreeMap::from([
            (Verdict::Inconsistent, wrong),
            (Verdict::Holds, examined.saturating_sub(wrong)),
        ]),
    }
}

/// What a check of values found, as an answer.
fn broken(checked: &Checked) -> impl Iterator<Item = Answer> + '_ {
    checked.findings.iter().map(|finding| Answer {
        kind: checked.check.to_owned(),
        id: finding.rule.clone(),
        place: finding.school_code.clone(),
        verdict: Verdict::Inconsistent,
        printed: String::new(),
        recomputed: String::new(),
        interval: String::new(),
        message: finding.message.clone(),
        examined: 0,
        figures: Vec::new(),
        note: String::new(),
        rule: None,
        known: false,
        at: None,
        open: false,
    })
}

/// Where each school filed its figures: by school and the name of the figure.
#[derive(Debug, Default)]
pub struct FiledPlaces(HashMap<(String, String), FilePlace>);

/// Reads them from a table `filing`; `files` names a file by its hash.
///
/// # Errors
/// When the table cannot be read.
pub fn filed_places(
    path: &Path,
    definitions: &Definitions,
    year: ReportYear,
    files: &HashMap<&str, &str>,
) -> Result<FiledPlaces, RunError> {
    let mut places = HashMap::new();
    let layout = definitions.layout(year);
    for batch in parquet_file::read(path)? {
        let batch = batch?;
        let number = |column: &str| batch.column_by_name(column).map(AsArray::as_primitive::<Int32Type>);
        let (Some(years), Some(rows)) = (number("value_year"), number("source_row")) else { continue };
        for row in (0..batch.num_rows()).filter(|row| years.value(*row) == year) {
            let get = |column: &str| text_at(&batch, column, row);
            let (table, path, measure) = (get("report_table"), get("report_path"), get("measure"));
            let list = layout.and_then(|layout| layout.table(&table)).and_then(|table| table.list.as_ref());
            let line = list.and_then(|list| path.strip_prefix(&list.title)?.strip_prefix('/')?.parse().ok());
            let name = match line {
                Some(line) => name(&table, &measure, "值", line, Some(year)),
                None => name(&table, &path, &measure, 0, Some(year)),
            };
            let place = FilePlace {
                file: files.get(get("source_file").as_str()).copied().unwrap_or_default().to_owned(),
                sheet: get("source_sheet"),
                row: rows.value(row).unsigned_abs(),
                column: 0,
                header: path,
            };
            places.insert((get("school_code"), name), place);
        }
    }
    Ok(FiledPlaces(places))
}

/// The tables of a release: of one that is published, or of one that was held back.
#[derive(Clone, Copy)]
pub enum Standing<'a> {
    Published(&'a Manifest),
    HeldBack,
}

/// What a release has of one year, as it is checked.
#[derive(Debug)]
pub struct Release {
    pub year: ReportYear,
    pub values: Vec<IndicatorValue>,
    pub cells: Vec<ReportCell>,
    pub schools: BTreeMap<String, String>,
    pub deliveries: Vec<OfDeliveries>,
}

impl Release {
    #[must_use]
    pub fn figures(&self) -> Figures<'_> {
        let Release { year, values, cells, schools, deliveries } = self;
        Figures { year: *year, values, cells, schools, deliveries }
    }
}

/// Holds the figures of a release against everything: those that its tables print.
///
/// # Errors
/// When a table cannot be read.
pub fn examine_release(
    settings: &Settings,
    definitions: &Definitions,
    standing: Standing<'_>,
    year: ReportYear,
) -> Result<Examined, RunError> {
    Ok(examine(settings, definitions, read_release(settings, definitions, standing, year)?.figures()))
}

/// Reads what is checked.
///
/// # Errors
/// When a table cannot be read.
pub fn read_release(
    settings: &Settings,
    definitions: &Definitions,
    standing: Standing<'_>,
    year: ReportYear,
) -> Result<Release, RunError> {
    let data = DataRoot::new(&settings.data_dir);
    let table = |table: &str, year: ReportYear| match standing {
        Standing::Published(manifest) => manifest.table(&data, table, year),
        Standing::HeldBack => data.staged_table(table, year),
    };
    let (cells, values) = documents::cells_again(settings, definitions, &table, year)?;
    let schools = match table("dim_school", year) {
        Some(path) => documents::school_names(&path)?,
        None => BTreeMap::new(),
    };
    let cells = match table("report_cell", year) {
        Some(path) => as_printed(cells, &path)?,
        None => cells,
    };
    // Which deliveries counted is said by a manifest, which a release that was held back never got.
    let accepted = match standing {
        Standing::Published(manifest) => manifest.accepted.as_slice(),
        Standing::HeldBack => &[],
    };
    let deliveries = of_deliveries(definitions, accepted, &table, year)?;
    Ok(Release { year, values, cells, schools, deliveries })
}

/// What is asked about the deliveries of a year: their rows, and last year's; the newest times in columns.
///
/// # Errors
/// When a table cannot be read.
pub(super) fn of_deliveries(
    definitions: &Definitions,
    accepted: &[Accepted],
    table: &dyn Fn(&str, ReportYear) -> Option<PathBuf>,
    year: ReportYear,
) -> Result<Vec<OfDeliveries>, RunError> {
    let asked: BTreeSet<(String, String)> =
        definitions.audit.relations.iter().flat_map(RelationDefinition::deliveries).collect();
    let mut told = Vec::new();
    for (title, measure) in asked {
        let Some(dataset) = definitions.datasets.iter().find(|dataset| dataset.title_zh == title) else {
            continue;
        };
        let one = |year: ReportYear, school: String, text: String| OfDeliveries {
            dataset: title.clone(),
            measure: measure.clone(),
            year,
            school_code: school,
            text,
        };
        if measure == ROWS {
            let mut rows: BTreeMap<(ReportYear, &str), u64> = BTreeMap::new();
            for accepted in accepted.iter().filter(|accepted| accepted.dataset == dataset.dataset) {
                for (school, count) in &accepted.units {
                    *rows.entry((accepted.report_year, school)).or_default() += count;
                }
            }
            let before: Vec<&str> =
                rows.keys().filter(|(of, _)| *of == year - 1).map(|(_, school)| *school).collect();
            // Who delivered last year and nothing now has 0, where anybody delivered now.
            if rows.keys().any(|(of, _)| *of == year) {
                for school in before {
                    rows.entry((year, school)).or_default();
                }
            }
            let own = rows.into_iter().filter(|((of, _), _)| [year - 1, year].contains(of));
            told.extend(own.map(|((of, school), rows)| one(of, school.to_owned(), rows.to_string())));
            continue;
        }
        let column = dataset.columns.iter().find(|column| column.title_zh == measure);
        let Some((column, path)) = column.zip(table(&dataset.table, year)) else { continue };
        let newest = newest(&path, &column.name)?;
        told.extend(newest.into_iter().map(|(school, text)| one(year, school, text)));
    }
    Ok(told)
}

/// The newest time of a column at each school, of the rows that count.
fn newest(path: &Path, column: &str) -> Result<BTreeMap<String, String>, RunError> {
    let mut newest: BTreeMap<String, String> = BTreeMap::new();
    let columns = ["school_code", "counted", column].map(str::to_owned).into();
    for batch in parquet_file::read_plain(path, Some(&columns))? {
        let batch = batch?;
        let text = |name: &str| batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
        let (Some(schools), Some(times)) = (text("school_code"), text(column)) else { continue };
        let counted = batch.column_by_name("counted").and_then(|column| column.as_boolean_opt());
        for row in (0..batch.num_rows()).filter(|row| times.is_valid(*row)) {
            if counted.is_some_and(|counted| !counted.value(row)) {
                continue;
            }
            let (school, time) = (schools.value(row), times.value(row));
            match newest.get_mut(school) {
                Some(known) if known.as_str() >= time => {}
                Some(known) => time.clone_into(known),
                None => {
                    newest.insert(school.to_owned(), time.to_owned());
                }
            }
        }
    }
    Ok(newest)
}

/// The cells with the strings that a table `report_cell` has for them.
fn as_printed(mut cells: Vec<ReportCell>, path: &Path) -> Result<Vec<ReportCell>, RunError> {
    let mut at: HashMap<(&str, &str, &str, &Unit, ReportYear), usize> = HashMap::new();
    for (index, cell) in cells.iter().enumerate() {
        let CellRow { report_table, report_path, measure, .. } = &*cell.row;
        at.insert((report_table, report_path, measure, &cell.unit, cell.column_year), index);
    }
    let mut printed = Vec::new();
    for batch in parquet_file::read(path)? {
        let batch = batch?;
        let column_years = batch.column_by_name("column_year").map(AsArray::as_primitive::<Int32Type>);
        let (Some(column_years), Some(texts)) = (column_years, batch.column_by_name("printed_text")) else {
            continue;
        };
        for row in 0..batch.num_rows() {
            let get = |column: &str| text_at(&batch, column, row);
            let unit = Unit {
                level: Level::named(&get("level")),
                region_code: get("region_code"),
                school_code: get("school_code"),
            };
            let (table, path, measure) = (get("report_table"), get("report_path"), get("measure"));
            if let Some(&index) = at.get(&(&*table, &*path, &*measure, &unit, column_years.value(row))) {
                let text = texts.is_valid(row).then(|| get("printed_text"));
                let state = State::named(&get("state"));
                if (cells[index].state, &cells[index].printed_text) != (state, &text) {
                    printed.push((index, state, text));
                }
            }
        }
    }
    for (index, state, text) in printed {
        (cells[index].state, cells[index].printed_text) = (state, text);
    }
    Ok(cells)
}
