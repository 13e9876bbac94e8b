//! Answers to findings: by their keys on the command line, or in the filled-in workbook of findings.

use std::collections::BTreeMap;

use super::check::{self, ReleaseYear};
use super::decision::{Desk, record};
use super::filled::{NotesTaken, UnrecordedNote, name_of};
use super::{Failure, Global, load};
use crate::decisions::{self, Override, findings};
use crate::definitions::Definitions;
use crate::finding::{self, Finding, Rule, Severity};
use crate::period::ReportYear;
use crate::pipeline::{Examination, ReleaseSource};
use crate::position;
use crate::report::findings::FilledFinding;
use crate::settings::{Overrides, Settings};
use crate::tables;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::Manifest;

/// The findings of one year of a release, with which rows of a workbook are compared.
struct YearFindings<'a> {
    source: ReleaseYear<'a>,
    findings: Vec<Finding>,
    /// Without answers; made when it is needed first.
    examined: Option<Examination>,
}

/// The records of the answers in a workbook of findings; those to what the release no longer says are reported.
pub(super) fn of_rows(
    global: &Global,
    (data, desk): (&DataRoot, &Desk),
    manifest: &Manifest,
    rows: Vec<FilledFinding>,
    by: Option<&str>,
    when: &str,
) -> Result<NotesTaken, Failure> {
    let (settings, definitions) = load(global, Overrides::default())?;
    let all = decisions::all(data)?;
    // The newest answer to each finding; the year is part of the key.
    let given: BTreeMap<(&str, &str), &Override> = decisions::not_withdrawn(&all)
        .into_iter()
        .filter(|decision| decision.about.as_ref().is_some_and(|about| !about.relation.is_empty()))
        .filter(|decision| !manifest.lapsed.contains(&decision.id))
        .map(|decision| ((decision.rule.as_str(), decision.key.as_str()), decision))
        .collect();
    let mut years: BTreeMap<ReportYear, YearFindings<'_>> = BTreeMap::new();
    let mut taken = NotesTaken::default();
    for row in rows {
        if let std::collections::btree_map::Entry::Vacant(entry) = years.entry(row.year) {
            let source = ReleaseYear { source: ReleaseSource::Published(manifest), year: row.year };
            let path = manifest.table(data, "finding", row.year);
            let findings = path.map(|path| tables::finding::read(&path)).transpose();
            let findings = findings.map_err(|error| Failure::internal(&error))?.unwrap_or_default();
            entry.insert(YearFindings { source, findings, examined: None });
        }
        let Some(year) = years.get_mut(&row.year) else { continue };
        match name_of(desk, &row.by, by) {
            Err(why) => taken.not_recorded.push(not_recorded(&row, why)),
            Ok(by) => match judge(&row, year, &given, &by) {
                Judged::Known => taken.known += 1,
                Judged::Refused(why) => taken.not_recorded.push(not_recorded(&row, why)),
                Judged::New(finding) => {
                    let known = given.get(&(finding.rule.as_str(), finding.key.as_str())).copied();
                    match year.answer(&settings, &definitions, &finding, known)? {
                        None => {
                            let why = format!("no check asks about `{}` now", position::redact(&row.key));
                            taken.not_recorded.push(not_recorded(&row, why));
                        }
                        Some(answer) => taken.recorded.push(Override {
                            key: finding.key.clone(),
                            ..of_person(answer, record(row.year, &by, &row.note, when))
                        }),
                    }
                }
            },
        }
    }
    Ok(taken)
}

fn not_recorded(row: &FilledFinding, why: String) -> UnrecordedNote {
    UnrecordedNote { sheet: position::redact(&row.sheet), row: row.row, why }
}

/// What an answer is about, in the record of who gave it.
fn of_person(answer: Override, person: Override) -> Override {
    let Override { rule, value, about, .. } = answer;
    Override { rule, value, about, ..person }
}

enum Judged {
    Known,
    New(Box<Finding>),
    Refused(String),
}

/// Compares a row with the finding that it is about, and with the answer that was given to it.
fn judge(
    row: &FilledFinding,
    year: &YearFindings<'_>,
    given: &BTreeMap<(&str, &str), &Override>,
    by: &str,
) -> Judged {
    let refused = |why: &str| Judged::Refused(why.to_owned());
    if row.note.is_empty() {
        return refused("处理人 is filled in and 处理说明 is empty");
    }
    if row.key.is_empty() {
        return refused("it is not answered in this workbook: 在何处答复 says where");
    }
    let Some(finding) = year.findings.iter().find(|finding| finding.key == row.key) else {
        return Judged::Refused(format!("nothing asks about `{}` now", position::redact(&row.key)));
    };
    let known = given.get(&(finding.rule.as_str(), finding.key.as_str()));
    if known.is_some_and(|known| (known.who.as_str(), known.reason.as_str()) == (by, row.note.as_str())) {
        return Judged::Known;
    }
    if !is_same(&row.message, &finding.message) {
        return refused("the release says something else about it now: fill in the new workbook");
    }
    if finding.severity != Severity::S2 && known.is_none() {
        return Judged::Refused(format!("it is {}: it waits for no answer", finding.severity.code()));
    }
    Judged::New(Box::new(finding.clone()))
}

/// Whether a text that was read back is what was written: an underscore may come back escaped.
fn is_same(read: &str, written: &str) -> bool {
    read.trim() == written.trim() || read.replace("_x005F_", "_").trim() == written.trim()
}

impl YearFindings<'_> {
    /// What an answer to a finding is about; `None` where no check has the finding.
    fn answer(
        &mut self,
        settings: &Settings,
        definitions: &Definitions,
        finding: &Finding,
        known: Option<&Override>,
    ) -> Result<Option<Override>, Failure> {
        let rule = finding.rule.clone();
        let blank = record(finding.report_year, "", "", "");
        if finding::rule(&rule).is_some_and(Rule::is_answered_by_key) {
            // Of an answered question the words hold the answer too: what it was about is in the record.
            let about = known.and_then(|known| known.about.clone());
            let about = about.unwrap_or_else(|| findings::about_question(finding));
            return Ok(Some(Override { rule, about: Some(about), ..blank }));
        }
        if self.examined.is_none() {
            self.examined = Some(check::examine(settings, definitions, &self.source, &[], None)?);
        }
        let found = self.examined.iter().flat_map(|examined| &examined.found);
        let found = found.into_iter().find(|found| found.key == finding.key);
        Ok(found.map(|found| Override {
            rule: found.rule.clone(),
            value: found.answer.printed.clone(),
            about: Some(findings::about(&found.answer, &found.unit)),
            ..blank
        }))
    }
}
