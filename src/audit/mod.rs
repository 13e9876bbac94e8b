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

pub use grid::list_key;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::checks::audit_rules::{AskedOf, AuditDefinitions, RelationDefinition};
use crate::checks::relation::{Asked, Context, Figure, Judgement, Kind, Operand, Unexamined, Verdict, judge};
use crate::definition::Definitions;
use crate::finding::Severity;
use instances::{Finder, Relation};
use printing::{Report, RowKey, Unasked};

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
    /// The row that it is asked of, where it is asked of every row.
    pub row: Option<RowKey>,
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
    /// Whose figures of a release it is about; none for a published report.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub at: Option<OfUnit>,
    /// The relation itself is wrong, or nothing was there to examine where something should be.
    #[serde(skip)]
    pub open: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// Whose figures a finding is about, and how it is answered.
#[derive(Debug, Clone, Serialize)]
pub struct OfUnit {
    pub report_year: i32,
    pub level: &'static str,
    pub region_code: String,
    pub school_code: String,
    /// What the run does with it: S0, S2, S3.
    pub does: &'static str,
    /// What a person names it by.
    pub key: String,
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
        let finder = Finder::new(report, &definitions.codes);
        for relation in instances::relations(&audit.relations) {
            let definition = relation.definition;
            if !definition.levels.contains(&AskedOf::Report) {
                continue;
            }
            if report.decimals_unknown && relation.kind == Kind::FormatMix {
                let why = "工作簿的数值单元格看不出印出的小数位数";
                answers.extend(instances::nothing(definition, why));
                continue;
            }
            let found = relation.instances(&finder);
            if found.is_empty() {
                answers.extend(instances::nothing(definition, "报告没有印出所需的数"));
            }
            answers.extend(found.iter().map(|stated| answer(stated, audit, &context)));
            asked.push(relation.kind);
        }
    }
    let tallies = tallies(&answers, &asked.into_iter().collect(), audit);
    Audit { title: report.title.clone(), answers, tallies, figures: report.figure_count() }
}

fn answer(stated: &Stated, audit: &AuditDefinitions, context: &Context<'_>) -> Answer {
    let (judgement, examined, open) = judged(stated, context);
    told(stated, judgement, examined, open, audit)
}

/// What the rule says, how many figures it looked at, and whether the relation itself is wrong.
fn judged(stated: &Stated, context: &Context<'_>) -> (Judgement, usize, bool) {
    match judge(stated.kind, &stated.asked, context) {
        Ok(mut judgement) => {
            if stated.interpretation && judgement.verdict == Verdict::Inconsistent {
                judgement.verdict = Verdict::ToConfirm;
            }
            (judgement, stated.asked.examined().max(stated.looked_at), false)
        }
        Err(Unexamined { why, faulty }) => (Judgement::new(Verdict::NotExamined, why), 0, faulty),
    }
}

fn told(
    stated: &Stated,
    judgement: Judgement,
    examined: usize,
    open: bool,
    audit: &AuditDefinitions,
) -> Answer {
    let finding = !matches!(judgement.verdict, Verdict::Holds | Verdict::NotExamined);
    let one = |(operand, figure): (&str, &Figure)| Told {
        operand: operand.to_owned(),
        name: figure.name.clone(),
        printed: figure.text.clone(),
    };
    let figures: Vec<Told> = stated.asked.told().map(one).collect();
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
        at: None,
        open,
    }
}

/// Last year's and this year's figure of one row, of the other units of a level.
pub type Peers<'a> = &'a dyn Fn(&RowKey) -> (Vec<Figure>, Vec<Figure>);

/// The relations of `pipelines/audit/`, read once and asked of the figures of many units.
pub struct Asking<'d> {
    definitions: &'d Definitions,
    relations: Vec<Relation<'d>>,
}

/// What was found of one unit; what holds, or cannot be examined, is counted alone.
#[derive(Debug)]
pub struct OfReport {
    /// By relation, in their order.
    pub counts: Vec<Counted>,
    /// What its own cells state, by kind.
    pub stated: BTreeMap<Kind, Counted>,
    pub found: Vec<FoundAt>,
}

/// How much a relation looked at, and what it said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    pub relations: usize,
    /// Figures.
    pub examined: usize,
    pub inconsistent: usize,
    pub to_confirm: usize,
    pub rounding: usize,
    pub not_examined: usize,
}

impl Counted {
    fn add(&mut self, verdict: Verdict, examined: usize) {
        self.relations += 1;
        self.examined += examined;
        match verdict {
            Verdict::Inconsistent => self.inconsistent += 1,
            Verdict::ToConfirm => self.to_confirm += 1,
            Verdict::Rounding => self.rounding += 1,
            Verdict::NotExamined => self.not_examined += 1,
            Verdict::Holds => {}
        }
    }
}

impl std::ops::AddAssign for Counted {
    fn add_assign(&mut self, other: Self) {
        self.relations += other.relations;
        self.examined += other.examined;
        self.inconsistent += other.inconsistent;
        self.to_confirm += other.to_confirm;
        self.rounding += other.rounding;
        self.not_examined += other.not_examined;
    }
}

/// An answer that is neither silent nor good.
#[derive(Debug)]
pub struct FoundAt {
    pub row: Option<RowKey>,
    /// What a finding of it does, before anybody answered.
    pub severity: Severity,
    pub ratchet: bool,
    pub answer: Answer,
}

impl<'d> Asking<'d> {
    #[must_use]
    pub fn new(definitions: &'d Definitions) -> Self {
        Asking { definitions, relations: instances::relations(&definitions.audit.relations) }
    }

    /// The relations, in the order of the counts.
    pub fn relations(&self) -> impl Iterator<Item = (Kind, &'d RelationDefinition)> {
        self.relations.iter().map(|relation| (relation.kind, relation.definition))
    }

    /// Asks every relation that is asked of such figures, and what the report itself states.
    #[must_use]
    pub fn of(&self, report: &Report, whose: AskedOf, peers: Peers<'_>) -> OfReport {
        let audit = &self.definitions.audit;
        let limits = if whose == AskedOf::School { &audit.school_limits } else { &audit.limits };
        let context = Context { limits, codes: &self.definitions.codes, year: report.year };
        let finder = Finder::new(report, &self.definitions.codes);
        let adjusted = report.own.as_ref().is_some_and(|own| own.adjusted);
        let (mut found, mut stated_counts) = (Vec::new(), BTreeMap::<Kind, Counted>::new());
        let mut one = |stated: Stated, guaranteed: bool, definition: Option<&RelationDefinition>| {
            let (judgement, examined, open) =
                judged_by_peers(stated.kind, &stated, &context, definition, peers);
            let verdict = judgement.verdict;
            if !matches!(verdict, Verdict::Holds | Verdict::NotExamined) {
                let severity = does(stated.kind, verdict, guaranteed && !adjusted, definition, audit);
                let ratchet = definition.is_some_and(|definition| definition.ratchet);
                let answer = told(&stated, judgement, examined, open, audit);
                found.push(FoundAt { row: stated.row, severity, ratchet, answer });
            }
            (verdict, examined)
        };
        let counts = self.relations.iter().map(|relation| {
            let mut counted = Counted::default();
            let definition = relation.definition;
            if definition.levels.contains(&whose) {
                for stated in relation.instances(&finder) {
                    let (verdict, examined) = one(stated, definition.guaranteed, Some(definition));
                    counted.add(verdict, examined);
                }
            }
            counted
        });
        let counts = counts.collect();
        for stated in report.stated.iter().flatten() {
            let (verdict, examined) = one(stated.clone(), true, None);
            stated_counts.entry(stated.kind).or_default().add(verdict, examined);
        }
        OfReport { counts, stated: stated_counts, found }
    }
}

/// A change that is strange by itself is held against those of the peers, where the relation names them.
fn judged_by_peers(
    kind: Kind,
    stated: &Stated,
    context: &Context<'_>,
    definition: Option<&RelationDefinition>,
    peers: Peers<'_>,
) -> (Judgement, usize, bool) {
    let alone = judged(stated, context);
    let asks_peers = definition.is_some_and(|definition| definition.of.contains_key("peers_a"));
    let Some(row) = stated.row.as_ref().filter(|_| kind == Kind::YoyOutlier && asks_peers) else {
        return alone;
    };
    if alone.0.verdict != Verdict::ToConfirm {
        return alone;
    }
    let (before, after) = peers(row);
    let mut among = stated.clone();
    for (field, figures) in [("peers_a", before), ("peers_b", after)] {
        among.asked.operands.insert(field.to_owned(), figures.into_iter().map(Operand::Figure).collect());
    }
    let (judgement, _, open) = judged(&among, context);
    (judgement, alone.1, open)
}

/// What a finding does: what we guarantee stops the release, a doubt is asked about, rounding is noted.
fn does(
    kind: Kind,
    verdict: Verdict,
    guaranteed: bool,
    definition: Option<&RelationDefinition>,
    audit: &AuditDefinitions,
) -> Severity {
    let own = definition.and_then(|definition| definition.severity);
    let of_rule = audit.rules.get(&kind).map_or(Severity::S2, |rule| rule.severity);
    match verdict {
        Verdict::Inconsistent if guaranteed => Severity::S0,
        Verdict::Inconsistent => own.unwrap_or(Severity::S2),
        Verdict::ToConfirm => own.unwrap_or(of_rule.max(Severity::S2)),
        Verdict::Rounding | Verdict::NotExamined | Verdict::Holds => Severity::S3,
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
    /// Relations that were asked, whatever came of it.
    #[must_use]
    pub fn relations(&self) -> usize {
        self.tallies.iter().map(|tally| tally.relations).sum()
    }

    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.tallies.iter().filter_map(|tally| tally.verdicts.get(&verdict)).sum()
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
        let examined: usize = self.tallies.iter().map(|tally| tally.examined).sum();
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
