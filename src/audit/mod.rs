//! A published report, checked against itself: its figures, the relations between them, the answers.
//!
//! Three forms are read ([`plain`], [`published`], [`workbook`]); `samples/published/README.md`
//! documents them. The relations are stated by the plain form itself, and for the others defined in
//! `pipelines/audit/`. Nothing here knows a city or decides anything; rules decide.

pub mod printing;

mod answer;

pub mod report;

pub mod plain;

mod claims;

mod grid;

mod parts;

mod titles;

mod recogniser;

pub mod published;

pub mod workbook;

mod instances;

pub mod coverage;

mod units;

pub use answer::{FigureText, FindingUnit, RelationAnswer, RelationInstance, RuleWording, signature};
pub use grid::list_key;
pub use parts::RECOMPUTED;
use std::collections::{BTreeMap, BTreeSet};
pub use units::{NotableAnswer, Peers, RelationCount, RelationSet, UnitAudit};

use serde::Serialize;

use crate::checks::relation::{Context, Verdict};
use crate::definitions::Definitions;
use crate::definitions::relation::kind::RelationKind;
use crate::definitions::relation::{AuditDefinitions, RelationLevel};
use answer::{UnaskedRelation, answer};
use coverage::{Coverage, RelationsExamined};
use instances::{Finder, Relation};
use report::Report;

/// The counts and verdicts of one rule kind.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Tally {
    pub kind: String,
    pub title: String,
    pub relations: usize,
    /// Number of figures.
    pub examined: usize,
    pub verdicts: BTreeMap<Verdict, usize>,
}

/// The audit of a report.
#[derive(Debug)]
pub struct Audit {
    pub title: String,
    pub answers: Vec<RelationAnswer>,
    pub tallies: Vec<Tally>,
    /// Number of figures that the report prints.
    pub figures: usize,
    /// What was expected and found; `None` where nothing says what a report must have.
    pub coverage: Option<Coverage>,
}

/// Checks a report against the relations that it states, and against those that are defined.
#[must_use]
pub fn audit(report: &Report, definitions: &Definitions) -> Audit {
    let audit = &definitions.audit;
    let level = report.level.map_or(RelationLevel::Report, RelationLevel::from);
    let limits = if level == RelationLevel::School { &audit.school_limits } else { &audit.limits };
    let context = Context { limits, codes: &definitions.codes, year: report.year };
    let mut examined = RelationsExamined::default();
    let stated_answer = |stated: &Result<RelationInstance, UnaskedRelation>| match stated {
        Ok(instance) => answer(instance, audit, &context),
        Err(unasked) => unasked.answer(),
    };
    let mut answers: Vec<RelationAnswer> = report.stated.iter().map(stated_answer).collect();
    for answer in &answers {
        examined.add(answer.verdict, answer.open);
    }
    let mut kinds: BTreeSet<RelationKind> =
        report.stated.iter().flatten().map(|instance| instance.kind).collect();
    let mut coverage = None;
    if report.takes_definitions {
        let finder = Finder::new(report, &definitions.codes);
        let relations = instances::relations(&audit.relations);
        // A document of this program is a report, and has the tables of its level besides.
        let is_asked = |relation: &&Relation<'_>| {
            let levels = &relation.definition.levels;
            levels.contains(&RelationLevel::Report) || levels.contains(&level)
        };
        let asked: Vec<&Relation<'_>> = relations.iter().filter(is_asked).collect();
        for relation in &asked {
            let definition = relation.definition;
            if report.decimals_unknown && relation.kind == RelationKind::FormatMix {
                let why = "xls 的数值单元格看不出印出的小数位数";
                answers.extend(instances::nothing(definition, why));
                continue;
            }
            let found = relation.instances(&finder);
            if found.is_empty() {
                answers.extend(instances::nothing(definition, "报告没有印出所需的数"));
            }
            for instance in &found {
                let answer = answer(instance, audit, &context);
                examined.add(answer.verdict, answer.open);
                answers.push(answer);
            }
            kinds.insert(relation.kind);
        }
        coverage = coverage::coverage(report, &asked, examined, definitions);
    }
    let tallies = tallies(&answers, &kinds, audit);
    Audit { title: report.title.clone(), answers, tallies, figures: report.figure_count(), coverage }
}

fn tallies(
    answers: &[RelationAnswer],
    kinds: &BTreeSet<RelationKind>,
    audit: &AuditDefinitions,
) -> Vec<Tally> {
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for kind in kinds {
        tallies.entry(kind.name()).or_default();
    }
    for answer in answers {
        let tally = tallies.entry(&answer.kind).or_default();
        tally.relations += 1;
        tally.examined += answer.examined;
        *tally.verdicts.entry(answer.verdict).or_default() += 1;
    }
    let titled = |(kind, tally): (&str, Tally)| {
        let rule = RelationKind::named(kind).and_then(|kind| audit.rules.get(&kind));
        let title = rule.map_or_else(String::new, |rule| rule.title.clone());
        Tally { kind: kind.to_owned(), title, ..tally }
    };
    tallies.into_iter().map(titled).collect()
}

impl Audit {
    /// Number of relations that were checked, whatever the verdict.
    #[must_use]
    pub fn relations(&self) -> usize {
        self.tallies.iter().map(|tally| tally.relations).sum()
    }

    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.tallies.iter().filter_map(|tally| tally.verdicts.get(&verdict)).sum()
    }

    /// Marks findings with these signatures, under rules with a ratchet, as known.
    pub fn forget(&mut self, baseline: &BTreeSet<String>) {
        for answer in &mut self.answers {
            let ratchet = answer.rule.as_ref().is_some_and(|rule| rule.ratchet);
            answer.known = ratchet && baseline.contains(&answer.signature());
        }
    }

    /// The most serious verdict, or whether anything is open.
    #[must_use]
    pub fn outcome(&self) -> AuditOutcome {
        let counts = |verdict| self.answers.iter().any(|answer| answer.verdict == verdict && !answer.known);
        let examined: usize = self.tallies.iter().map(|tally| tally.examined).sum();
        if counts(Verdict::Inconsistent) {
            AuditOutcome::Inconsistent
        } else if counts(Verdict::ToConfirm)
            || counts(Verdict::Rounding)
            || self.answers.iter().any(|answer| answer.open)
            || self.coverage.as_ref().is_some_and(|coverage| !coverage.is_whole())
            || examined == 0
        {
            AuditOutcome::Open
        } else {
            AuditOutcome::Clean
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditOutcome {
    Clean,
    /// Rounding, questions, or something that should have been there or been examined, and was not.
    Open,
    Inconsistent,
}
