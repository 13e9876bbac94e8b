//! The results of an examination as findings of a year, as counts of its checks, and as an audit.

use std::collections::BTreeMap;

use super::{Examination, FigureRow, FiledPlaces, RelationFinding};
use crate::audit::{Audit, FigureText, FindingUnit, RelationAnswer, RelationCount, RuleWording, Tally};
use crate::checks::relation::Verdict;
use crate::checks::totals::{CheckCount, CheckOutcome};
use crate::definitions::Definitions;
use crate::definitions::contract::Role;
use crate::definitions::relation::kind::RelationKind;
use crate::figure::{Level, Unit};
use crate::finding::{self, Finding, Findings, PrintedRow, Severity};

impl Examination {
    /// The counts of each check.
    #[must_use]
    pub fn check_counts(&self) -> Vec<CheckCount> {
        let of_kind = |(kind, counted): (&RelationKind, &RelationCount)| CheckCount {
            check: kind.name().to_owned(),
            examined: counted.examined as u64,
            inconsistent: counted.inconsistent as u64,
            to_confirm: counted.to_confirm as u64,
            rounding: counted.rounding as u64,
        };
        self.checked.iter().map(CheckCount::from).chain(self.counts.iter().map(of_kind)).collect()
    }

    /// All findings of the year: examples are capped, counts are complete. `filed` has the places where schools
    /// filed their figures.
    #[must_use]
    pub fn findings(&self, definitions: &Definitions, filed: &FiledPlaces) -> Vec<Finding> {
        let mut all: Vec<Finding> =
            self.checked.iter().flat_map(|checked| checked.findings.iter().cloned()).collect();
        // Capped by severity, so that notes do not hide what must be answered.
        let mut capped: BTreeMap<Severity, Findings> = BTreeMap::new();
        // One note represents all of a relation and unit.
        let mut notes: BTreeMap<(&str, &Unit, &str), usize> = BTreeMap::new();
        let mut listed: Vec<Finding> = Vec::new();
        for found in &self.found {
            let finding = self.finding(definitions, filed, found);
            if found.severity != Severity::S3 || found.answer.known {
                listed.push(finding);
                continue;
            }
            let position = *notes.entry((&found.answer.id, &found.unit, &found.rule)).or_insert_with(|| {
                listed.push(Finding { count: 0, ..finding.clone() });
                listed.len() - 1
            });
            if let Some(note) = listed.get_mut(position) {
                note.count += 1;
                let others = finding.indicators.into_iter().filter(|id| !note.indicators.contains(id));
                let others: Vec<String> = others.collect();
                note.indicators.extend(others);
            }
        }
        for finding in listed {
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

    fn finding(&self, definitions: &Definitions, filed: &FiledPlaces, found: &RelationFinding) -> Finding {
        const NAMED: usize = 4;
        let kind = RelationKind::named(&found.answer.kind);
        let rule = kind.and_then(|kind| definitions.audit.rules.get(&kind));
        // The figure that the others are compared with comes first: a total before its parts.
        let single = kind.map(|kind| kind.operands().0).unwrap_or_default();
        let mut figures: Vec<&FigureText> =
            found.answer.figures.iter().filter(|figure| !figure.name.is_empty()).collect();
        figures.sort_by_key(|figure| {
            single.iter().position(|operand| *operand == figure.operand).unwrap_or(usize::MAX)
        });
        let shown: Vec<String> =
            figures.iter().map(|figure| format!("{}＝{}", figure.name, figure.printed)).collect();
        let more = if shown.len() > NAMED { "等" } else { "" };
        let whose = match (found.unit.level, found.answer.place.split_once('：')) {
            (Level::City | Level::County, Some((name, _))) => format!("{name}，"),
            _ => String::new(),
        };
        let message = format!(
            "{}：{whose}{}{more}：{}",
            rule.map_or_else(String::new, |rule| found.answer.verdict.words(rule)),
            shown[..shown.len().min(NAMED)].join("，"),
            found.answer.message,
        );
        let place = figures
            .iter()
            .find_map(|figure| filed.0.get(&(found.unit.school_code.clone(), figure.name.clone())));
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
            rule: found.rule.clone(),
            severity: found.severity,
            dimension: rule.map_or_else(String::new, |rule| rule.dimension.clone()),
            report_year: self.year,
            dataset: filing
                .filter(|_| !place.file.is_empty())
                .map_or(String::new(), |filing| filing.dataset.clone()),
            region_code: found.unit.region_code.clone(),
            school_code: found.unit.school_code.clone(),
            place,
            message,
            remedy: rule
                .map_or_else(String::new, |rule| format!("{}；确属实情的，由负责人说明", rule.remedy)),
            count: 1,
            rows_out: 0,
            key: found.key.clone(),
            indicators,
            printed: printed.unwrap_or_default(),
            other_files: Vec::new(),
        }
    }

    /// The examination as `nianbao check` shows it.
    #[must_use]
    pub fn into_audit(self, title: String, definitions: &Definitions) -> Audit {
        let year = self.year;
        let mut tallies: Vec<Tally> = self.checked.iter().map(tally_of_values).collect();
        tallies.extend(self.counts.iter().map(|(kind, counted)| tally(*kind, counted, definitions)));
        let mut answers: Vec<RelationAnswer> = self.checked.iter().flat_map(broken).collect();
        answers.extend(self.found.into_iter().map(|found| {
            let at = FindingUnit {
                report_year: year,
                level: found.unit.level.name(),
                region_code: found.unit.region_code,
                school_code: found.unit.school_code,
                does: found.severity.code(),
                key: found.key,
            };
            // Of a run's finding there is one severity: what it does to the release.
            let severity = at.does;
            let rule = found.answer.rule.map(|rule| RuleWording { severity, ..rule });
            RelationAnswer { at: Some(at), rule, ..found.answer }
        }));
        Audit { title, answers, tallies, figures: self.figures, coverage: None }
    }
}

fn tally(kind: RelationKind, counted: &RelationCount, definitions: &Definitions) -> Tally {
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

fn tally_of_values(checked: &CheckOutcome) -> Tally {
    let examined = usize::try_from(checked.examined).unwrap_or(usize::MAX);
    let wrong = checked.findings.len();
    Tally {
        kind: checked.check.to_owned(),
        title: checked.title.to_owned(),
        relations: examined.max(wrong),
        examined,
        verdicts: BTreeMap::from([
            (Verdict::Inconsistent, wrong),
            (Verdict::Holds, examined.saturating_sub(wrong)),
        ]),
    }
}

/// The findings of a check of values, as answers of a relation.
fn broken(checked: &CheckOutcome) -> impl Iterator<Item = RelationAnswer> + '_ {
    checked.findings.iter().map(|finding| RelationAnswer {
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
