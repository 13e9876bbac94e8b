//! Decisions of persons about values, in a run: figures computed with set values, differences with the
//! notes about them, and the documents that show both.

use std::collections::{BTreeMap, BTreeSet};

use super::noted::Noted;
use super::{RunError, io_error};
use crate::decisions::Override;
use crate::decisions::values::{self, AppliedValue, SetValue, read_applied};
use crate::definitions::Definitions;
use crate::definitions::contract::{Dataset, Role};
use crate::definitions::indicator::Indicator;
use crate::documents::{self, DocumentKind, Draft};
use crate::figure::Delivered;
use crate::figures::compute::Inputs;
use crate::figures::reconcile::{self, Difference};
use crate::figures::{IndicatorValue, adjust, shown};
use crate::finding::{self, Finding};
use crate::period::ReportYear;
use crate::report::differences::{self, Names};
use crate::report::sheet::{Footnote, Heading};
use crate::settings::Settings;
use crate::tables::row;
use crate::tables::school::SchoolRow;
use crate::warehouse::files::Access;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::Manifest;

/// The decisions about the values of a year.
pub(super) struct Decisions<'a> {
    pub year: ReportYear,
    pub definitions: &'a Definitions,
    /// Decisions that were not withdrawn.
    pub recorded: &'a [Override],
    /// Ids of those that had lapsed by the release before.
    pub lapsed: &'a BTreeSet<u32>,
}

/// Adjusted values, in addition to the delivered ones.
#[derive(Debug, Default)]
pub(super) struct AdjustedValues {
    pub values: Vec<IndicatorValue>,
    /// Set values that hold.
    pub set: Vec<SetValue>,
    /// Ids of decisions that lapsed by this year's deliveries.
    pub lapsed: Vec<u32>,
}

/// The differences between bases, with the notes about them.
#[derive(Debug, Default)]
pub(super) struct ReconciledValues {
    pub differences: Vec<Difference>,
    pub lapsed: Vec<u32>,
}

impl Decisions<'_> {
    /// # Errors
    /// When a table cannot be read.
    pub fn adjust(
        &self,
        inputs: &Inputs,
        delivered: &[IndicatorValue],
    ) -> Result<Noted<AdjustedValues>, RunError> {
        let (year, indicators) = (self.year, &self.definitions.indicators);
        let judgement = values::judge(year, self.recorded, self.lapsed, indicators, delivered);
        let layout = self.definitions.layout(year);
        let adjusted = adjust::adjusted(indicators, layout, inputs, &judgement.set_values(), delivered)?;
        let datasets = &self.definitions.datasets;
        let set = judgement.holding.iter().map(|set| value_set(year, indicators, datasets, set));
        let lapsed =
            judgement.lapsed.iter().map(|(decision, now)| value_lapsed(year, indicators, decision, now));
        Ok(Noted {
            findings: set.chain(lapsed).collect(),
            decisions: judgement.holding.iter().map(|set| set.decision.clone()).collect(),
            value: AdjustedValues {
                values: adjusted,
                lapsed: judgement.lapsed.iter().map(|(decision, _)| decision.id).collect(),
                set: judgement.holding,
            },
        })
    }

    pub fn reconcile(&self, of_year: &[IndicatorValue], set: &[SetValue]) -> Noted<ReconciledValues> {
        let (year, indicators) = (self.year, &self.definitions.indicators);
        let layout = self.definitions.layout(year);
        let mut differences = reconcile::differences(year, indicators, layout, of_year);
        let lapsed_notes = values::close(&mut differences, year, self.recorded, self.lapsed, set);
        let mut findings = reconcile::findings(year, indicators, &differences);
        let mut by_indicator: BTreeMap<&str, u64> = BTreeMap::new();
        for about in lapsed_notes.iter().filter_map(|note| note.about.as_ref()) {
            *by_indicator.entry(&about.indicator_id).or_default() += 1;
        }
        for (id, count) in by_indicator {
            let detail = format!("{}：{count} 条处理说明失效", title(indicators, id));
            let mut finding = Finding::new(finding::NOTE_LAPSED, year, "", &detail).about([id]);
            finding.count = count;
            findings.push(finding);
        }
        let lapsed = lapsed_notes.iter().map(|note| note.id).collect();
        Noted { value: ReconciledValues { differences, lapsed }, findings, decisions: Vec::new() }
    }
}

fn title<'a>(indicators: &'a [Indicator], id: &'a str) -> &'a str {
    indicators.iter().find(|indicator| indicator.id == id).map_or(id, |indicator| &indicator.title_zh)
}

fn value_set(year: ReportYear, indicators: &[Indicator], datasets: &[Dataset], set: &SetValue) -> Finding {
    let decision = &set.decision;
    let mut detail = format!(
        "{}（{}）原数 {}，核定 {}（{}：{}）",
        title(indicators, &set.indicator_id),
        set.basis.label(),
        shown(&set.under),
        set.value,
        decision.who,
        decision.reason
    );
    if keeps_breakdowns(indicators, datasets, &set.indicator_id, set.basis) {
        detail += "；按专业大类等的分组仍为原数";
    }
    let finding = Finding::new(finding::VALUE_SET, year, "", &detail).of_school(&set.school_code);
    finding.about([&*set.indicator_id])
}

/// Whether an indicator is broken down by a column of its rows: a set value leaves the parts as delivered.
fn keeps_breakdowns(indicators: &[Indicator], datasets: &[Dataset], id: &str, basis: Delivered) -> bool {
    let Some(indicator) = indicators.iter().find(|indicator| indicator.id == id) else { return false };
    let of_school = datasets.iter().find(|dataset| dataset.role == Some(Role::Register));
    let is_attribute = |name: &String| {
        of_school.is_some_and(|school| school.columns.iter().any(|column| column.name == *name))
    };
    basis == Delivered::System && indicator.breakdowns.iter().any(|name| !is_attribute(name))
}

fn value_lapsed(year: ReportYear, indicators: &[Indicator], decision: &Override, now: &str) -> Finding {
    let about = decision.about.as_ref();
    let (basis, under) = about.and_then(|about| about.under.iter().next()).unzip();
    let basis = basis.and_then(|basis| Delivered::named(basis)).map_or("", Delivered::label);
    let detail = format!(
        "{}（{basis}）核定 {} 时原数为 {}，现为 {}（第 {} 号决定，{}）",
        about.map_or("", |about| title(indicators, &about.indicator_id)),
        decision.value,
        under.map_or("", |under| shown(under)),
        shown(now),
        decision.id,
        decision.who
    );
    let school = about.map_or("", |about| about.school_code.as_str());
    let finding = Finding::new(finding::VALUE_LAPSED, year, "", &detail).of_school(school);
    finding.about(about.map(|about| &*about.indicator_id))
}

/// Names of one year's schools and of all regions, from a release, and the region of each school.
pub(super) fn names(
    settings: &Settings,
    definitions: &Definitions,
    data: &DataRoot,
    manifest: &Manifest,
    year: ReportYear,
) -> Result<(Names, BTreeMap<String, String>), RunError> {
    let residual = (settings.residual_region_code.as_str(), settings.residual_region_name.as_str());
    let regions = definitions.region_names(year, residual);
    let mut names = Names { regions, ..Names::default() };
    let mut region_of = BTreeMap::new();
    if let Some(path) = manifest.table(data, "dim_school", year) {
        for school in row::read(&path)? {
            let SchoolRow { school_code, school_name, region_code, .. } = school?;
            names.schools.insert(school_code.clone(), school_name);
            region_of.insert(school_code, region_code);
        }
    }
    Ok((names, region_of))
}

/// The footnotes under the tables of a year's report: the values that were set, of this year and last.
pub(super) fn footnotes(
    settings: &Settings,
    definitions: &Definitions,
    data: &DataRoot,
    manifest: &Manifest,
    year: ReportYear,
) -> Result<Vec<Footnote>, RunError> {
    let mut footnotes = Vec::new();
    for year in [year - 1, year] {
        let Some(path) = manifest.table(data, "override", year) else { continue };
        let applied = read_applied(&path)?;
        if applied.is_empty() {
            continue;
        }
        let (names, region_of) = names(settings, definitions, data, manifest, year)?;
        for set in &applied {
            let residual = &settings.residual_region_code;
            footnotes.push(Footnote {
                year,
                region_code: region_of.get(&set.school_code).unwrap_or(residual).clone(),
                school_code: set.school_code.clone(),
                stands_for: set.stands_for,
                indicators: adjust::dependents(&definitions.indicators, &set.indicator_id, set.stands_for),
                text: footnote(definitions, &names, set),
            });
        }
    }
    Ok(footnotes)
}

/// `核定：云岭职业学校(3614000001) 2024年“在校生数”（填报）原数 610，核定 612：转出二人（王科长，2024-10-08）`.
fn footnote(definitions: &Definitions, names: &Names, set: &AppliedValue) -> String {
    let mut text = format!(
        "核定：{}({}) {}年“{}”（{}）原数 {}，核定 {}：{}（{}，{}）",
        names.schools.get(&set.school_code).map_or("", String::as_str),
        set.school_code,
        set.report_year,
        title(&definitions.indicators, &set.indicator_id),
        set.stands_for.label(),
        shown(&set.under),
        set.value,
        set.reason,
        set.who,
        set.when.split('T').next().unwrap_or_default()
    );
    if keeps_breakdowns(&definitions.indicators, &definitions.datasets, &set.indicator_id, set.stands_for) {
        text += "；按专业大类等的分组仍为原数";
    }
    text
}

/// Drafts the workbook of a year's differences from its release; nothing for releases without them.
pub(super) fn write_differences(
    settings: &Settings,
    definitions: &Definitions,
    data: &DataRoot,
    manifest: &Manifest,
    heading: &Heading,
) -> Result<Option<Draft>, RunError> {
    let year = heading.year;
    let Some(path) = manifest.table(data, "difference", year) else { return Ok(None) };
    let (names, _) = names(settings, definitions, data, manifest, year)?;
    let rows = reconcile::read(&path)?;
    let bytes = differences::workbook(&rows, definitions, &names, heading)?;
    let path = data.reports(year).join(format!("{}{year}年度填报与系统差异表.xlsx", settings.city_name));
    let draft = documents::draft(path.clone(), &bytes, DocumentKind::Differences, Access::Open);
    Ok(Some(draft.map_err(io_error(&path))?))
}
