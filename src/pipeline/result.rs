//! The result of a run for one year, for the manifest and its summary. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::ByYear;
use super::assembly::AssembledYear;
use super::checked::CheckedYear;
use super::corrected;
use super::figures::ComputedYear;
use super::noted::Noted;
use crate::checks::CheckCount;
use crate::decisions::{Override, findings};
use crate::definitions::Definitions;
use crate::definitions::contract::Role;
use crate::definitions::layout::HeadlineLayout;
use crate::delivery::Delivery;
use crate::delivery::DeliveryOutcome;
use crate::delivery::RowCounts;
use crate::figure::{Basis, Level};
use crate::figures::IndicatorValue;
use crate::figures::reconcile::ReconciliationCounts;
use crate::finding::{self, Finding, RULES, Severity};
use crate::period::ReportYear;
use crate::report::cells::ReportCell;
use crate::settings::Settings;
use crate::warehouse::publish::{
    CountedDelivery, DatasetSummary, Headline, RuleCount, StagedFile, YearSummary,
};

/// A year as its stages made it.
pub(super) struct MadeYear<'a> {
    pub year: ReportYear,
    pub assembled: AssembledYear,
    pub computed: ComputedYear,
    pub checked: Noted<CheckedYear>,
    /// Borrowed, as documents are made from them later.
    pub cells: &'a [ReportCell],
}

/// The results of a run for each year that it made.
pub(super) type Results = ByYear<YearResult>;

/// The result of a run for one year.
#[derive(Debug, Default)]
pub(super) struct YearResult {
    pub files: Vec<StagedFile>,
    pub deliveries: Vec<Delivery>,
    pub accepted: Vec<CountedDelivery>,
    /// Keys of all its fragments.
    pub fragments: BTreeSet<String>,
    pub try_again: bool,
    /// Ids of decisions that lapsed by this year's deliveries and values.
    pub lapsed: BTreeSet<u32>,
    pub checks: Vec<CheckCount>,
    /// Findings that stop it from being published.
    pub stops: Vec<Finding>,
    /// Set when too many schools delivered nothing.
    pub silence: Option<Finding>,
    pub summary: YearSummary,
    pub datasets: Vec<DatasetSummary>,
    pub headlines: Vec<Headline>,
}

impl YearResult {
    /// `applying` are the decisions of named persons that applied when the run began.
    pub fn of(
        settings: &Settings,
        definitions: &Definitions,
        applying: &[Override],
        made: MadeYear<'_>,
        files: Vec<StagedFile>,
    ) -> Self {
        let MadeYear { year, assembled, computed, checked, .. } = &made;
        let (year, AssembledYear { deliveries, schools, .. }) = (*year, assembled);
        let kept = deliveries.accepted.values().flatten().map(|accepted| &accepted.fragment.key);
        let stops = checked.findings.iter().filter(|finding| finding.severity == Severity::S0);
        YearResult {
            files,
            accepted: deliveries.entries(year, definitions, schools),
            fragments: deliveries.fragments.iter().chain(kept).cloned().collect(),
            try_again: deliveries.try_again,
            lapsed: lapsed(applying, &made),
            checks: checked.value.counts.clone(),
            stops: stops.cloned().collect(),
            silence: silence(settings, definitions, year, assembled),
            summary: year_summary(&made, definitions),
            datasets: datasets(definitions, year, &deliveries.all),
            headlines: headlines(definitions, year, &computed.values),
            deliveries: made.assembled.deliveries.all,
        }
    }
}

/// Ids of decisions that no longer apply to a year.
fn lapsed(applying: &[Override], made: &MadeYear<'_>) -> BTreeSet<u32> {
    let about_deliveries = applying.iter().filter(|decision| decision.about.is_none());
    let lapsed_deliveries = about_deliveries
        .filter(|decision| decision.report_year == made.year && made.assembled.deliveries.is_over(decision));
    let of_values = made.computed.lapsed.iter().chain(&made.checked.value.lapsed);
    lapsed_deliveries.map(|decision| decision.id).chain(of_values.copied()).collect()
}

/// The finding that too many schools delivered nothing, in a year with a report: for a year without one, only
/// some datasets may ever be delivered.
fn silence(
    settings: &Settings,
    definitions: &Definitions,
    year: ReportYear,
    assembled: &AssembledYear,
) -> Option<Finding> {
    definitions.layout(year)?;
    let register = definitions.of_role(Role::Register).map(|dataset| dataset.dataset.as_str());
    let accepted = &assembled.deliveries.accepted;
    let others = || accepted.iter().filter(|(dataset, _)| Some(dataset.as_str()) != register);
    let silent = assembled.schools.keys().filter(|school| {
        !others().any(|(_, accepted)| accepted.iter().any(|delivery| delivery.units.contains(*school)))
    });
    let silent = silent.count();
    if silent <= settings.max_missing_schools as usize {
        return None;
    }
    let detail = format!("{silent} 所学校没有任何报送，超过 max_missing_schools");
    let finding = Finding::new(finding::SCHOOL_MISSING, year, "", &detail);
    Some(Finding { severity: Severity::S0, ..finding })
}

/// Files and rows of each dataset.
fn datasets(definitions: &Definitions, year: ReportYear, deliveries: &[Delivery]) -> Vec<DatasetSummary> {
    let mut lines = Vec::new();
    for dataset in &definitions.datasets {
        let mut line = DatasetSummary {
            report_year: year,
            dataset: dataset.dataset.clone(),
            title_zh: dataset.title_zh.clone(),
            files: 0,
            rows: RowCounts::default(),
        };
        for delivery in deliveries.iter().filter(|delivery| delivery.dataset == dataset.dataset) {
            line.files += u64::from(delivery.outcome != DeliveryOutcome::Kept);
            line.rows += delivery.rows;
        }
        // A dataset that every school delivers for a report has a line even if no school did.
        let is_expected = (dataset.every_school || dataset.role == Some(Role::Register))
            && definitions.layout(year).is_some();
        if line.files > 0 || line.rows.physical > 0 || is_expected {
            lines.push(line);
        }
    }
    lines
}

/// The figures a statistician looks at first.
fn headlines(definitions: &Definitions, year: ReportYear, values: &[IndicatorValue]) -> Vec<Headline> {
    let Some(layout) = definitions.layout(year) else { return Vec::new() };
    let city = |id: &str, basis: Basis| {
        let value_on = |basis: Basis| {
            values.iter().find(|value| {
                let key = &value.key;
                key.indicator_id == id
                    && key.basis == basis
                    && key.breakdown.is_empty()
                    && key.unit.level == Level::City
            })
        };
        value_on(basis.adjusted()).or_else(|| value_on(basis))
    };
    let headline = |line: &HeadlineLayout| {
        let indicator = definitions.indicator(&line.indicator)?;
        let value = city(&line.indicator, line.basis)?;
        let text = value.printed(line.decimals)?;
        Some(Headline {
            report_year: year,
            indicator_id: line.indicator.clone(),
            title_zh: indicator.title_zh.clone(),
            basis: value.key.basis.label().to_owned(),
            text,
            unit: indicator.unit.clone(),
        })
    };
    layout.headlines.iter().filter_map(headline).collect()
}

/// Files, rows and findings of one year.
fn year_summary(made: &MadeYear<'_>, definitions: &Definitions) -> YearSummary {
    let MadeYear { assembled, computed, checked, .. } = made;
    let mut part = YearSummary::default();
    for delivery in &assembled.deliveries.all {
        let files = &mut part.files;
        files.files += u64::from(delivery.outcome != DeliveryOutcome::Kept);
        match delivery.outcome {
            DeliveryOutcome::Decoded => files.decoded += 1,
            DeliveryOutcome::SetAside => {
                files.decoded += 1;
                files.set_aside += 1;
            }
            DeliveryOutcome::Kept => files.kept += 1,
            DeliveryOutcome::Rejected => files.rejected += 1,
            DeliveryOutcome::Repeated => files.repeated += 1,
        }
        part.rows += delivery.rows;
    }
    let mut rules: BTreeMap<(Severity, &str), u64> = BTreeMap::new();
    for finding in &checked.findings {
        *rules.entry((finding.severity, &finding.rule)).or_default() += finding.count;
    }
    let title = |rule: &str| {
        let known = RULES.iter().find(|known| known.id == rule).map(|known| known.title);
        let mut kinds = definitions.audit.rules.iter();
        known.or_else(|| {
            kinds.find(|(kind, _)| findings::rule(**kind) == rule).map(|(_, text)| text.broken.as_str())
        })
    };
    let count = |((severity, rule), count): ((Severity, &str), u64)| RuleCount {
        rule: rule.to_owned(),
        severity,
        title: title(rule).unwrap_or_default().to_owned(),
        count,
    };
    part.rules = rules.into_iter().map(count).collect();
    part.reconciled = ReconciliationCounts::of(&computed.differences);
    part.corrections = corrected::counts(&checked.decisions, &checked.findings, &assembled.deliveries);
    part.checks.clone_from(&checked.value.counts);
    part
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions;
    use crate::figures::compute::School;
    use crate::pipeline::acceptance::AcceptedDelivery;
    use crate::settings;

    const A: &str = "1114000001";
    const B: &str = "1114000002";

    struct Desk {
        definitions: Definitions,
        settings: Settings,
        decisions: Vec<Override>,
        /// Ids of decisions that lapsed by values, and by findings.
        lapsed: [Vec<u32>; 2],
        findings: Vec<Finding>,
    }

    impl Desk {
        /// Two schools, one of which delivered students.
        fn new() -> Self {
            Desk {
                definitions: definitions::load(&definitions::embedded()).unwrap(),
                settings: settings::load(None, &settings::Overrides::default()).unwrap().0,
                decisions: Vec::new(),
                lapsed: Default::default(),
                findings: Vec::new(),
            }
        }

        fn result(&self, year: ReportYear) -> YearResult {
            let schools = [A, B].map(|code| (code.to_owned(), School::default())).into();
            let mut assembled = AssembledYear { schools, ..AssembledYear::default() };
            let accepted = vec![AcceptedDelivery::of_schools("a", [(A, 3)])];
            assembled.deliveries.accepted.insert("students".to_owned(), accepted);
            let computed = ComputedYear { lapsed: self.lapsed[0].clone(), ..ComputedYear::default() };
            let lapsed = self.lapsed[1].iter().copied().collect();
            let checked = Noted::of(CheckedYear { lapsed, ..CheckedYear::default() });
            let checked = Noted { findings: self.findings.clone(), ..checked };
            let made = MadeYear { year, assembled, computed, checked, cells: &[] };
            YearResult::of(&self.settings, &self.definitions, &self.decisions, made, Vec::new())
        }
    }

    fn decision(id: u32, year: ReportYear, rule: &str, sha256: &str) -> Override {
        serde_json::from_value(serde_json::json!({
            "format": 1, "id": id, "report_year": year, "rule": rule,
            "key": format!("{year}/students/a.csv"), "value": sha256,
            "who": "王科长", "when": "2024-10-08T02:00:00+08:00", "reason": "属实", "withdraws": null
        }))
        .unwrap()
    }

    #[test]
    fn a_decision_lapses_with_what_it_is_about_and_in_its_own_year() {
        let mut desk = Desk::new();
        let short = finding::DELIVERY_SHORT.id;
        let gone = finding::DELIVERY_KEPT.id;
        desk.decisions = vec![
            decision(1, 2024, short, "a"),
            decision(2, 2024, short, "gone"),
            decision(3, 2023, short, "gone"),
            decision(4, 2024, gone, "a"),
            decision(5, 2024, gone, "gone"),
        ];
        desk.lapsed = [vec![7], vec![8]];
        assert_eq!(
            desk.result(2024).lapsed,
            BTreeSet::from([2, 4, 7, 8]),
            "4: the delivery that was dropped counts again"
        );
    }

    #[test]
    fn a_fatal_finding_stops_a_year_and_so_does_silence_where_there_is_a_report() {
        let mut desk = Desk::new();
        desk.settings.max_missing_schools = 1;
        let result = desk.result(2024);
        assert!(result.stops.is_empty() && result.silence.is_none());
        desk.settings.max_missing_schools = 0;
        assert_eq!(desk.result(2024).silence.unwrap().severity, Severity::S0);
        assert_eq!(desk.result(2022).silence, None, "no layout prints it");
        let note = Finding::new(finding::CHECK_IDLE, 2024, "", "");
        desk.findings = vec![Finding { severity: Severity::S0, ..note.clone() }, note];
        let result = desk.result(2024);
        assert_eq!(result.stops.len(), 1);
        assert_eq!(result.summary.rules.iter().map(|rule| rule.count).collect::<Vec<_>>(), [1, 1]);
    }

    #[test]
    fn a_dataset_that_every_school_delivers_has_its_line_in_a_year_with_a_report() {
        let desk = Desk::new();
        let lines = |year| -> Vec<String> {
            desk.result(year).datasets.into_iter().map(|line| line.dataset).collect()
        };
        assert!(lines(2024).contains(&"students".to_owned()));
        assert_eq!(lines(2022), Vec::<String>::new());
    }
}
