//! A published report, held against itself: its figures, the relations they stand in, the answers.
//!
//! Three forms are read ([`plain`], [`published`], [`workbook`]); `samples/published/README.md`
//! documents them. Which figures stand in which relation is said by the plain form itself, and for
//! the others by `pipelines/audit/`. Nothing here knows a city, and nothing decides: rules do.

pub mod printing;

pub mod plain;

mod claims;

mod grid;

pub mod published;

pub mod workbook;

mod instances;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::checks::audit_rules::AuditDefinitions;
use crate::checks::relation::{Asked, Context, Judgement, Kind, Unexamined, Verdict, judge};
use crate::definition::Definitions;
use printing::{Report, Unasked};

/// A relation with its figures found, not yet judged.
#[derive(Debug, Clone)]
pub struct Stated {
    /// Of the definition or of the report; may be empty.
    pub id: String,
    pub kind: Kind,
    pub place: String,
    pub note: String,
    pub asked: Asked,
    /// Broken, it is a question.
    pub interpretation: bool,
    /// Figures that were looked at, where these are not the operands alone; 0 where they are.
    pub looked_at: usize,
}

/// What an audit says of one relation.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    pub kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    pub place: String,
    pub verdict: Verdict,
    pub printed: String,
    pub recomputed: String,
    pub interval: String,
    pub message: String,
    /// Figures that were looked at.
    pub examined: usize,
    pub figures: Vec<Told>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleTold>,
    /// Found before, by the baseline, under a rule with a ratchet.
    #[serde(skip_serializing_if = "is_false")]
    pub known: bool,
    /// The relation itself is wrong, or nothing was there to examine where something should be.
    #[serde(skip)]
    pub open: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// A figure as an answer names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    pub operand: String,
    pub name: String,
    pub printed: String,
}

/// The human half of the rule, beside what it found.
#[derive(Debug, Clone, Serialize)]
pub struct RuleTold {
    pub title: String,
    pub severity: &'static str,
    pub dimension: String,
    pub level: String,
    pub owner: String,
    pub cause: String,
    pub remedy: String,
    pub ratchet: bool,
}

/// How much one rule kind looked at.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Tally {
    pub kind: String,
    pub title: String,
    pub relations: usize,
    /// Figures.
    pub examined: usize,
    pub verdicts: BTreeMap<Verdict, usize>,
}

/// A report's audit.
#[derive(Debug)]
pub struct Audit {
    pub title: String,
    pub answers: Vec<Answer>,
    pub tallies: Vec<Tally>,
    /// Figures that the report prints.
    pub figures: usize,
}

/// Holds a report against its own relations, and against those that are defined.
#[must_use]
pub fn audit(report: &Report, definitions: &Definitions) -> Audit {
    let audit = &definitions.audit;
    let context = Context { limits: &audit.limits, codes: &definitions.codes, year: report.year };
    let one = |stated: &Result<Stated, Unasked>| match stated {
        Ok(stated) => answer(stated, audit, &context),
        Err(unasked) => unasked.answer(),
    };
    let mut answers: Vec<Answer> = report.stated.iter().map(one).collect();
    let mut asked: Vec<Kind> = report.stated.iter().flatten().map(|stated| stated.kind).collect();
    if report.takes_definitions {
        for definition in &audit.relations {
            if report.decimals_unknown && Kind::named(&definition.kind) == Some(Kind::FormatMix) {
                let why = "工作簿的数值单元格看不出印出的小数位数";
                answers.extend(instances::nothing(definition, why));
                continue;
            }
            let found = instances::of(definition, report, &definitions.codes);
            if found.is_empty() {
                answers.extend(instances::nothing(definition, "报告没有印出所需的数"));
            }
            answers.extend(found.iter().map(|stated| answer(stated, audit, &context)));
            asked.extend(Kind::named(&definition.kind));
        }
    }
    let tallies = tallies(&answers, &asked.into_iter().collect(), audit);
    Audit { title: report.title.clone(), answers, tallies, figures: report.figure_count() }
}

fn answer(stated: &Stated, audit: &AuditDefinitions, context: &Context<'_>) -> Answer {
    let (judgement, examined, open) = match judge(stated.kind, &stated.asked, context) {
        Ok(mut judgement) => {
            if stated.interpretation && judgement.verdict == Verdict::Inconsistent {
                judgement.verdict = Verdict::ToConfirm;
            }
            (judgement, stated.asked.examined().max(stated.looked_at), false)
        }
        Err(Unexamined { why, faulty }) => (Judgement::new(Verdict::NotExamined, why), 0, faulty),
    };
    let finding = !matches!(judgement.verdict, Verdict::Holds | Verdict::NotExamined);
    let told = |(operand, figure): (&str, &crate::checks::relation::Figure)| Told {
        operand: operand.to_owned(),
        name: figure.name.clone(),
        printed: figure.text.clone(),
    };
    let figures: Vec<Told> = stated.asked.told().map(told).collect();
    Answer {
        kind: stated.kind.name().to_owned(),
        id: stated.id.clone(),
        place: if stated.place.is_empty() { place(&figures) } else { stated.place.clone() },
        verdict: judgement.verdict,
        printed: judgement.printed,
        recomputed: judgement.recomputed,
        interval: judgement.interval,
        message: judgement.message,
        examined,
        figures,
        note: stated.note.clone(),
        rule: finding.then(|| rule(stated.kind, audit)).flatten(),
        known: false,
        open,
    }
}

/// The names of the figures, where nobody named the place.
fn place(figures: &[Told]) -> String {
    const NAMED: usize = 3;
    let mut names: Vec<&str> = Vec::new();
    for figure in figures {
        if !figure.name.is_empty() && !names.contains(&figure.name.as_str()) {
            names.push(&figure.name);
        }
    }
    let more = if names.len() > NAMED { "等" } else { "" };
    names.truncate(NAMED);
    format!("{}{more}", names.join("；"))
}

fn rule(kind: Kind, audit: &AuditDefinitions) -> Option<RuleTold> {
    let rule = audit.rules.get(&kind)?.clone();
    Some(RuleTold {
        title: rule.title,
        severity: rule.severity.code(),
        dimension: rule.dimension,
        level: rule.level,
        owner: rule.owner,
        cause: rule.cause,
        remedy: rule.remedy,
        ratchet: rule.ratchet,
    })
}

fn tallies(answers: &[Answer], asked: &BTreeSet<Kind>, audit: &AuditDefinitions) -> Vec<Tally> {
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for kind in asked {
        tallies.entry(kind.name()).or_default();
    }
    for answer in answers {
        let tally = tallies.entry(&answer.kind).or_default();
        tally.relations += 1;
        tally.examined += answer.examined;
        *tally.verdicts.entry(answer.verdict).or_default() += 1;
    }
    let titled = |(kind, tally): (&str, Tally)| {
        let rule = Kind::named(kind).and_then(|kind| audit.rules.get(&kind));
        let title = rule.map_or_else(String::new, |rule| rule.title.clone());
        Tally { kind: kind.to_owned(), title, ..tally }
    };
    tallies.into_iter().map(titled).collect()
}

impl Audit {
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.answers.iter().filter(|answer| answer.verdict == verdict).count()
    }

    /// Findings of these signatures, under rules with a ratchet, were found before.
    pub fn forget(&mut self, baseline: &BTreeSet<String>) {
        for answer in &mut self.answers {
            let ratchet = answer.rule.as_ref().is_some_and(|rule| rule.ratchet);
            answer.known = ratchet && baseline.contains(&answer.signature());
        }
    }

    /// Whether something is inconsistent, and whether anything is open at all.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let counts = |verdict| self.answers.iter().any(|answer| answer.verdict == verdict && !answer.known);
        let examined: usize = self.answers.iter().map(|answer| answer.examined).sum();
        if counts(Verdict::Inconsistent) {
            Standing::Inconsistent
        } else if counts(Verdict::ToConfirm)
            || counts(Verdict::Rounding)
            || self.answers.iter().any(|answer| answer.open)
            || examined == 0
        {
            Standing::Open
        } else {
            Standing::Clean
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Clean,
    /// Rounding, questions, or relations that could not be examined though they should.
    Open,
    Inconsistent,
}

impl Answer {
    /// What makes a finding the same as one of another audit.
    #[must_use]
    pub fn signature(&self) -> String {
        signature(&self.kind, &self.id, &self.place, &self.printed, &self.recomputed)
    }
}

/// The signature of a finding that was written as JSON.
#[must_use]
pub fn signature(kind: &str, id: &str, place: &str, printed: &str, recomputed: &str) -> String {
    [kind, id, place, printed, recomputed].join("\u{1f}")
}
