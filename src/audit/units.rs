//! The relations of `pipelines/audit/`, checked on the figures of many units: the audit within a run.

use std::collections::BTreeMap;

use crate::audit::answer::{RelationAnswer, RelationInstance, judge_instance, with_judgement};
use crate::audit::instances::{self, Finder, Relation};
use crate::audit::printing::RowKey;
use crate::audit::report::Report;
use crate::checks::relation::{Context, Figure, Judgement, Operand, Verdict};
use crate::definitions::Definitions;
use crate::definitions::relation::kind::RelationKind;
use crate::definitions::relation::{AuditDefinitions, RelationDefinition, RelationLevel};
use crate::finding::Severity;

/// Last year's and this year's figures of one row, for the other units of a level.
pub type Peers<'a> = &'a dyn Fn(&RowKey) -> (Vec<Figure>, Vec<Figure>);

/// The relations of `pipelines/audit/`, read once and checked on the figures of many units.
pub struct RelationSet<'d> {
    definitions: &'d Definitions,
    relations: Vec<Relation<'d>>,
}

/// Findings on one unit; relations that hold, or cannot be examined, are only counted.
#[derive(Debug)]
pub struct UnitAudit {
    /// Counts by relation, in the order of the relations.
    pub counts: Vec<RelationCount>,
    /// Counts for the relations that its own cells state, by kind.
    pub stated: BTreeMap<RelationKind, RelationCount>,
    pub found: Vec<NotableAnswer>,
}

/// The counts and verdicts of a relation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RelationCount {
    pub relations: usize,
    /// Number of figures.
    pub examined: usize,
    pub inconsistent: usize,
    pub to_confirm: usize,
    pub rounding: usize,
    pub not_examined: usize,
}

impl RelationCount {
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

impl std::ops::AddAssign for RelationCount {
    fn add_assign(&mut self, other: Self) {
        self.relations += other.relations;
        self.examined += other.examined;
        self.inconsistent += other.inconsistent;
        self.to_confirm += other.to_confirm;
        self.rounding += other.rounding;
        self.not_examined += other.not_examined;
    }
}

/// An answer that is worth a finding.
#[derive(Debug)]
pub struct NotableAnswer {
    pub row: Option<RowKey>,
    /// The severity of its finding, before it is answered.
    pub severity: Severity,
    pub ratchet: bool,
    pub answer: RelationAnswer,
}

impl<'d> RelationSet<'d> {
    #[must_use]
    pub fn new(definitions: &'d Definitions) -> Self {
        RelationSet { definitions, relations: instances::relations(&definitions.audit.relations) }
    }

    /// The relations, in the order of the counts.
    pub fn relations(&self) -> impl Iterator<Item = (RelationKind, &'d RelationDefinition)> {
        self.relations.iter().map(|relation| (relation.kind, relation.definition))
    }

    /// Checks every relation of such units, and those that the report itself states.
    #[must_use]
    pub fn ask(&self, report: &Report, level: RelationLevel, peers: Peers<'_>) -> UnitAudit {
        let audit = &self.definitions.audit;
        let limits = if level == RelationLevel::School { &audit.school_limits } else { &audit.limits };
        let context = Context { limits, codes: &self.definitions.codes, year: report.year };
        let finder = Finder::new(report, &self.definitions.codes);
        let adjusted = report.own_report.as_ref().is_some_and(|own_report| own_report.adjusted);
        let (mut found, mut stated_counts) = (Vec::new(), BTreeMap::<RelationKind, RelationCount>::new());
        let mut ask =
            |instance: RelationInstance, guaranteed: bool, definition: Option<&RelationDefinition>| {
                let (judgement, examined, open) =
                    judge_with_peers(instance.kind, &instance, &context, definition, peers);
                let verdict = judgement.verdict;
                if !matches!(verdict, Verdict::Holds | Verdict::NotExamined) {
                    let severity =
                        severity_of(instance.kind, verdict, guaranteed && !adjusted, definition, audit);
                    let ratchet = definition.is_some_and(|definition| definition.ratchet);
                    let answer = with_judgement(&instance, judgement, examined, open, audit);
                    found.push(NotableAnswer { row: instance.row, severity, ratchet, answer });
                }
                (verdict, examined)
            };
        let counts = self.relations.iter().map(|relation| {
            let mut counted = RelationCount::default();
            let definition = relation.definition;
            if definition.levels.contains(&level) {
                for instance in relation.instances(&finder) {
                    let (verdict, examined) = ask(instance, definition.guaranteed, Some(definition));
                    counted.add(verdict, examined);
                }
            }
            counted
        });
        let counts = counts.collect();
        for instance in report.stated.iter().flatten() {
            let (verdict, examined) = ask(instance.clone(), true, None);
            stated_counts.entry(instance.kind).or_default().add(verdict, examined);
        }
        UnitAudit { counts, stated: stated_counts, found }
    }
}

/// Compares a change that is unusual by itself with those of the peers, where the relation names them.
fn judge_with_peers(
    kind: RelationKind,
    instance: &RelationInstance,
    context: &Context<'_>,
    definition: Option<&RelationDefinition>,
    peers: Peers<'_>,
) -> (Judgement, usize, bool) {
    let alone = judge_instance(instance, context);
    let asks_peers = definition.is_some_and(|definition| definition.operands.contains_key("peers_a"));
    let Some(row) = instance.row.as_ref().filter(|_| kind == RelationKind::YoyOutlier && asks_peers) else {
        return alone;
    };
    if alone.0.verdict != Verdict::ToConfirm {
        return alone;
    }
    let (before, after) = peers(row);
    let mut among = instance.clone();
    for (field, figures) in [("peers_a", before), ("peers_b", after)] {
        among.operands.by_field.insert(field.to_owned(), figures.into_iter().map(Operand::Figure).collect());
    }
    let (judgement, _, open) = judge_instance(&among, context);
    (judgement, alone.1, open)
}

/// The severity of a finding: a broken guarantee stops the release, a doubt is a question, rounding a note.
fn severity_of(
    kind: RelationKind,
    verdict: Verdict,
    guaranteed: bool,
    definition: Option<&RelationDefinition>,
    audit: &AuditDefinitions,
) -> Severity {
    let defined = definition.and_then(|definition| definition.severity);
    let of_rule = audit.rules.get(&kind).map_or(Severity::S2, |rule| rule.severity);
    match verdict {
        Verdict::Inconsistent if guaranteed => Severity::S0,
        Verdict::Inconsistent => defined.unwrap_or(Severity::S2),
        Verdict::ToConfirm => defined.unwrap_or(verdict.severity(of_rule)),
        Verdict::Rounding | Verdict::NotExamined | Verdict::Holds => Severity::S3,
    }
}
