//! The findings of a year's checks, with the answers of named persons, joined with the earlier findings.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::acceptance::YearDeliveries;
use super::assembly::AssembledYear;
use super::examination::{self, Examination, Figures, FiledPlaces, ReleaseSource, examine_release};
use super::figures::ComputedYear;
use super::noted::{Noted, Notes};
use super::{ByYear, RunContext, RunError};
use crate::checks::totals::CheckCount;
use crate::decisions::Override;
use crate::decisions::findings::{self, FindingAnswers};
use crate::definitions::Definitions;
use crate::definitions::contract::Role;
use crate::definitions::relation::kind::RelationKind;
use crate::figures::compute::School;
use crate::finding::{self, Finding};
use crate::period::ReportYear;
use crate::position::Place;
use crate::report::cells::ReportCell;
use crate::warehouse::publish::CountedDelivery;

/// Checks everything that must hold before a figure is shown, with the answers of named persons and all that
/// earlier stages noted of each year.
///
/// One year after the other: the units of a year are examined in parallel, and the published figures of a year,
/// which its new figures are compared with, are as large as the year.
///
/// # Errors
/// When a table cannot be read.
pub(super) fn check_years(
    context: &RunContext<'_>,
    years: &ByYear<AssembledYear>,
    computed: &ByYear<ComputedYear>,
    cells: &ByYear<Vec<ReportCell>>,
    notes: Notes,
) -> Result<ByYear<Noted<CheckedYear>>, RunError> {
    let accepted = accepted(context, years);
    let table = |table: &str, year: ReportYear| context.table_of(years, table, year);
    let mut checked = BTreeMap::new();
    for (year, before) in notes.by_year() {
        let Some((assembled, computed)) = years.get(&year).zip(computed.get(&year)) else { continue };
        let schools =
            assembled.schools.iter().map(|(code, school)| (code.clone(), school.name.clone())).collect();
        let deliveries = examination::of_deliveries(context.definitions, &accepted, &table, year)?;
        let mut examined = examination::examine(
            context.settings,
            context.definitions,
            Figures {
                year,
                values: &computed.values,
                cells: cells.get(&year).map(Vec::as_slice).unwrap_or_default(),
                schools: &schools,
                deliveries: &deliveries,
            },
        );
        if context.definitions.audit.relations.iter().any(|relation| relation.ratchet)
            && let Some(last) = context.last.as_ref().filter(|last| last.years.contains(&year))
        {
            let published = ReleaseSource::Published(last);
            examined.forget(&examine_release(context.settings, context.definitions, published, year)?);
        }
        let places = match table(context.definitions.table_of_role(Role::Filing), year) {
            Some(path) => examination::filed_places(
                &path,
                context.definitions,
                year,
                &labels_by_hash(&assembled.deliveries),
            )?,
            None => FiledPlaces::default(),
        };
        let files = assembled.deliveries.all.iter();
        let files: Vec<(&str, &str)> =
            files.map(|delivery| (delivery.file.as_str(), delivery.sha256.as_str())).collect();
        let mut year_checked = check(
            examined,
            UncheckedYear {
                year,
                definitions: context.definitions,
                findings: before.findings,
                recorded: &context.recorded,
                lapsed: &context.lapsed,
                schools: &assembled.schools,
                files: &files,
                filed: &places,
            },
        );
        year_checked.decisions.splice(..0, before.decisions);
        checked.insert(year, year_checked);
    }
    Ok(checked)
}

/// The deliveries that count in this run and in the years it leaves alone.
fn accepted(context: &RunContext<'_>, years: &ByYear<AssembledYear>) -> Vec<CountedDelivery> {
    let unchanged = context.last.iter().flat_map(|last| &last.accepted);
    let unchanged = unchanged.filter(|known| !years.contains_key(&known.report_year)).cloned();
    let made = years.iter().flat_map(|(&year, AssembledYear { deliveries, schools, .. })| {
        deliveries.entries(year, context.definitions, schools)
    });
    unchanged.chain(made).collect()
}

fn labels_by_hash(deliveries: &YearDeliveries) -> HashMap<&str, &str> {
    let all = deliveries.all.iter();
    all.map(|delivery| (delivery.sha256.as_str(), delivery.file.as_str())).collect()
}

/// A year before its findings are final.
pub(super) struct UncheckedYear<'a> {
    pub year: ReportYear,
    pub definitions: &'a Definitions,
    /// Findings of the earlier stages.
    pub findings: Vec<Finding>,
    /// Decisions of named persons that were not withdrawn.
    pub recorded: &'a [Override],
    /// Ids of those that had lapsed by the release before.
    pub lapsed: &'a BTreeSet<u32>,
    pub schools: &'a BTreeMap<String, School>,
    /// Label and SHA-256 of each delivery.
    pub files: &'a [(&'a str, &'a str)],
    pub filed: &'a FiledPlaces,
}

#[derive(Debug, Default)]
pub(super) struct CheckedYear {
    pub counts: Vec<CheckCount>,
    /// Ids of decisions that have lapsed.
    pub lapsed: BTreeSet<u32>,
}

/// All findings of a year, open or answered, worst first.
pub(super) fn check(mut examined: Examination, before: UncheckedYear<'_>) -> Noted<CheckedYear> {
    let UncheckedYear { year, definitions, recorded, schools, .. } = before;
    let region = |finding: &mut Finding| {
        if let Some(school) = schools.get(&finding.school_code).filter(|_| finding.region_code.is_empty()) {
            finding.region_code.clone_from(&school.region_code);
        }
    };
    let (mut decisions, mut lapsed) = examined.settle(FindingAnswers::of(year, recorded, before.lapsed));
    let found = examined.findings(definitions, before.filed);
    let mut findings = before.findings;
    findings.retain(|finding| finding.rule != finding::FILING_PART.id || !is_asked(finding, &found));
    findings.extend(found);
    findings.iter_mut().for_each(region);
    let (holding, now_lapsed) =
        findings::settle_questions(&mut findings, before.files, year, recorded, before.lapsed);
    decisions.extend(holding);
    lapsed.extend(now_lapsed);
    for decision in lapsed.iter().filter(|decision| !before.lapsed.contains(&decision.id)) {
        let detail = format!("第 {} 号决定（{}，{}）", decision.id, decision.key, decision.who);
        let school = decision.about.as_ref().map_or("", |about| about.school_code.as_str());
        let mut finding = Finding::new(finding::ANSWER_LAPSED, year, "", &detail).of_school(school);
        region(&mut finding);
        findings.push(finding);
    }
    findings.sort_by(|a, b| {
        (a.severity, &a.rule, &a.place, &a.school_code, &a.message).cmp(&(
            b.severity,
            &b.rule,
            &b.place,
            &b.school_code,
            &b.message,
        ))
    });
    let lapsed = lapsed.into_iter().map(|decision| decision.id).collect();
    Noted { value: CheckedYear { counts: examined.check_counts(), lapsed }, findings, decisions }
}

/// Whether a check asks about the same row: of two questions, the one that a person can answer stays.
fn is_asked(finding: &Finding, found: &[Finding]) -> bool {
    let rule = findings::rule(RelationKind::SubsetLeSuperset);
    let Place { file, sheet, row, .. } = &finding.place;
    let is_same = |place: &Place| place.file == *file && place.sheet == *sheet && place.row == *row;
    found.iter().any(|asked| asked.rule == rule && is_same(&asked.place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decisions::findings::question_key;
    use crate::definitions;
    use crate::finding::Severity;

    const SCHOOL: &str = "1114000001";
    const FILES: &[(&str, &str)] = &[("2024/students/a.csv", "a0")];

    fn missing() -> Finding {
        Finding::new(finding::SCHOOL_MISSING, 2024, "students", "学生").of_school(SCHOOL)
    }

    fn decision(id: u32, rule: &str, key: &str) -> Override {
        serde_json::from_value(serde_json::json!({
            "format": 1, "id": id, "report_year": 2024, "rule": rule, "key": key, "value": "",
            "who": "王科长", "when": "2024-10-08T02:00:00+08:00", "reason": "今年停招", "withdraws": null,
            "about": {"indicator_id": "", "level": "school", "region_code": "", "school_code": SCHOOL, "under": {}}
        }))
        .unwrap()
    }

    fn check_of(findings: Vec<Finding>, recorded: &[Override], lapsed: &BTreeSet<u32>) -> Noted<CheckedYear> {
        let school = School { region_code: "141002".to_owned(), ..School::default() };
        let before = UncheckedYear {
            year: 2024,
            definitions: &definitions::load(&definitions::embedded()).unwrap(),
            findings,
            recorded,
            lapsed,
            schools: &BTreeMap::from([(SCHOOL.to_owned(), school)]),
            files: FILES,
            filed: &FiledPlaces::default(),
        };
        check(Examination::default(), before)
    }

    #[test]
    fn findings_come_worst_first_each_with_its_county() {
        let worse = Finding::new(finding::ROW_CODE, 2024, "students", "").of_school(SCHOOL);
        let noted = check_of(vec![missing(), worse], &[], &BTreeSet::new());
        let found: Vec<_> = noted
            .findings
            .iter()
            .map(|finding| (finding.rule.as_str(), finding.region_code.as_str()))
            .collect();
        assert_eq!(found, [("E-CODE", "141002"), (finding::SCHOOL_MISSING.id, "141002")]);
        assert!(noted.decisions.is_empty() && noted.value.lapsed.is_empty());
    }

    #[test]
    fn an_answer_holds_while_its_question_is_there_and_its_lapse_is_reported_once() {
        let decision = decision(5, finding::SCHOOL_MISSING.id, &question_key(&missing(), FILES));
        let recorded = [decision];
        let noted = check_of(vec![missing()], &recorded, &BTreeSet::new());
        assert_eq!((noted.findings[0].severity, noted.decisions.len()), (Severity::S3, 1));
        assert!(
            noted.findings[0].message.ends_with("（王科长已说明：今年停招）"),
            "{}",
            noted.findings[0].message
        );
        let noted = check_of(Vec::new(), &recorded, &BTreeSet::new());
        assert_eq!(noted.value.lapsed, BTreeSet::from([5]));
        assert_eq!((noted.findings[0].rule.as_str(), noted.decisions.len()), (finding::ANSWER_LAPSED.id, 0));
        let again = check_of(vec![missing()], &recorded, &BTreeSet::from([5]));
        assert_eq!((again.findings[0].severity, again.findings.len()), (finding::SCHOOL_MISSING.severity, 1));
    }
}
