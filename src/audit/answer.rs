//! A relation with its figures, and its answer in an audit.

use serde::Serialize;

use crate::audit::printing::RowKey;
use crate::checks::relation::{Context, Figure, Judgement, Obstacle, Operands, Verdict};
use crate::checks::rules::judge;
use crate::definitions::relation::AuditDefinitions;
use crate::definitions::relation::kind::RelationKind;

/// A relation with its figures found, not yet judged.
#[derive(Debug, Clone)]
pub struct RelationInstance {
    /// Id in the definition or the report; may be empty.
    pub id: String,
    pub kind: RelationKind,
    pub place: String,
    pub note: String,
    pub operands: Operands,
    /// When broken, it is only a question.
    pub interpretation: bool,
    /// Number of figures looked at, where these are more than the operands; otherwise 0.
    pub looked_at: usize,
    /// The row it is repeated for, if any.
    pub row: Option<RowKey>,
}

/// The answer of an audit to one relation.
#[derive(Debug, Clone, Serialize)]
pub struct RelationAnswer {
    pub kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    pub place: String,
    pub verdict: Verdict,
    pub printed: String,
    pub recomputed: String,
    pub interval: String,
    pub message: String,
    /// Number of figures looked at.
    pub examined: usize,
    pub figures: Vec<FigureText>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleWording>,
    /// In the baseline, and its rule has a ratchet.
    #[serde(skip_serializing_if = "is_false")]
    pub known: bool,
    /// The unit of a release whose figures it is about; none for a published report.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub at: Option<FindingUnit>,
    /// The relation itself is wrong, or there was nothing to examine where there should be.
    #[serde(skip)]
    pub open: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// The unit that a finding is about, and how it is answered.
#[derive(Debug, Clone, Serialize)]
pub struct FindingUnit {
    pub report_year: i32,
    pub level: &'static str,
    pub region_code: String,
    pub school_code: String,
    /// Severity in the run: S0, S2, S3.
    pub does: &'static str,
    /// The key by which a person answers it.
    pub key: String,
}

/// A figure as shown in an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FigureText {
    pub operand: String,
    pub name: String,
    pub printed: String,
}

/// The wording of the rule, for the verdict.
#[derive(Debug, Clone, Serialize)]
pub struct RuleWording {
    pub title: String,
    /// Severity of the finding.
    pub severity: &'static str,
    pub dimension: String,
    pub level: String,
    pub owner: String,
    pub cause: String,
    pub remedy: String,
    pub ratchet: bool,
}

/// A relation that cannot be examined: its kind is unknown, or it is malformed.
#[derive(Debug, Clone)]
pub struct UnaskedRelation {
    pub id: String,
    pub kind: String,
    pub place: String,
    pub note: String,
    pub why: String,
}

impl UnaskedRelation {
    #[must_use]
    pub fn answer(&self) -> RelationAnswer {
        RelationAnswer {
            kind: self.kind.clone(),
            id: self.id.clone(),
            place: self.place.clone(),
            verdict: Verdict::NotExamined,
            printed: String::new(),
            recomputed: String::new(),
            interval: String::new(),
            message: self.why.clone(),
            examined: 0,
            figures: Vec::new(),
            note: self.note.clone(),
            rule: None,
            known: false,
            at: None,
            open: true,
        }
    }
}

/// The answer to a relation, by its rule.
pub fn answer(
    instance: &RelationInstance,
    audit: &AuditDefinitions,
    context: &Context<'_>,
) -> RelationAnswer {
    let (judgement, examined, open) = judge_instance(instance, context);
    with_judgement(instance, judgement, examined, open, audit)
}

/// The judgement of the rule, how many figures it looked at, and whether the relation itself is wrong.
pub fn judge_instance(instance: &RelationInstance, context: &Context<'_>) -> (Judgement, usize, bool) {
    match judge(instance.kind, &instance.operands, context) {
        Ok(mut judgement) => {
            if instance.interpretation && judgement.verdict == Verdict::Inconsistent {
                judgement.verdict = Verdict::ToConfirm;
            }
            (judgement, instance.operands.examined().max(instance.looked_at), false)
        }
        Err(Obstacle { why, faulty }) => (Judgement::new(Verdict::NotExamined, why), 0, faulty),
    }
}

/// The answer with a given judgement.
pub fn with_judgement(
    instance: &RelationInstance,
    judgement: Judgement,
    examined: usize,
    open: bool,
    audit: &AuditDefinitions,
) -> RelationAnswer {
    let finding = !matches!(judgement.verdict, Verdict::Holds | Verdict::NotExamined);
    let text = |(operand, figure): (&str, &Figure)| FigureText {
        operand: operand.to_owned(),
        name: figure.name.clone(),
        printed: figure.text.clone(),
    };
    let figures: Vec<FigureText> = instance.operands.named().map(text).collect();
    RelationAnswer {
        kind: instance.kind.name().to_owned(),
        id: instance.id.clone(),
        place: if instance.place.is_empty() { place(&figures) } else { instance.place.clone() },
        verdict: judgement.verdict,
        printed: judgement.printed,
        recomputed: judgement.recomputed,
        interval: judgement.interval,
        message: judgement.message,
        examined,
        figures,
        note: instance.note.clone(),
        rule: finding.then(|| rule(instance.kind, judgement.verdict, audit)).flatten(),
        known: false,
        at: None,
        open,
    }
}

/// The names of the figures, for a relation without a named place.
fn place(figures: &[FigureText]) -> String {
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

fn rule(kind: RelationKind, verdict: Verdict, audit: &AuditDefinitions) -> Option<RuleWording> {
    let rule = audit.rules.get(&kind)?.clone();
    Some(RuleWording {
        title: verdict.words(&rule),
        severity: verdict.severity(rule.severity).code(),
        dimension: rule.dimension,
        level: rule.level,
        owner: rule.owner,
        cause: rule.cause,
        remedy: rule.remedy,
        ratchet: rule.ratchet,
    })
}

impl RelationAnswer {
    /// Identifies the same finding in another audit.
    #[must_use]
    pub fn signature(&self) -> String {
        signature(&self.kind, &self.id, &self.place, &self.printed, &self.recomputed)
    }
}

/// The signature of a finding read from JSON.
#[must_use]
pub fn signature(kind: &str, id: &str, place: &str, printed: &str, recomputed: &str) -> String {
    [kind, id, place, printed, recomputed].join("\u{1f}")
}
