//! A relation between printed figures that were found, and the judgement of its rule.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::checks::quantity::{Quantity, Reading};
use crate::definitions::code_table::CodeTables;
use crate::definitions::relation::RuleText;
use crate::definitions::relation::limits::Limits;
use crate::finding::Severity;

/// The verdict on a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Inconsistent,
    ToConfirm,
    Rounding,
    NotExamined,
    Holds,
}

impl Verdict {
    pub const ALL: [Verdict; 5] =
        [Verdict::Inconsistent, Verdict::ToConfirm, Verdict::Rounding, Verdict::NotExamined, Verdict::Holds];

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Verdict::Inconsistent => "不一致",
            Verdict::ToConfirm => "待确认",
            Verdict::Rounding => "舍入",
            Verdict::NotExamined => "未检查",
            Verdict::Holds => "成立",
        }
    }

    /// What a rule says of a relation with this verdict: never that what is broken holds.
    #[must_use]
    pub fn words(self, rule: &RuleText) -> String {
        match self {
            Verdict::Inconsistent | Verdict::ToConfirm => rule.broken.clone(),
            Verdict::Rounding => format!("{}，只差舍入", rule.title),
            Verdict::NotExamined | Verdict::Holds => rule.title.clone(),
        }
    }

    /// How grave a finding of a rule is with this verdict: a doubt is at most a question, rounding a note.
    #[must_use]
    pub fn severity(self, rule: Severity) -> Severity {
        match self {
            Verdict::Inconsistent => rule,
            Verdict::ToConfirm => rule.max(Severity::S2),
            Verdict::Rounding | Verdict::NotExamined | Verdict::Holds => Severity::S3,
        }
    }
}

/// A figure named by a relation.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Its key, or where it is printed.
    pub name: String,
    pub text: String,
    pub unit: String,
    pub printed: Reading,
}

/// The value of an operand.
#[derive(Debug, Clone)]
pub enum Operand {
    Figure(Figure),
    /// Not printed: the key as named.
    Unknown(String),
    /// Several figures have this key.
    Ambiguous(String),
}

/// The operands of a relation, by field.
#[derive(Debug, Clone, Default)]
pub struct Operands {
    pub by_field: BTreeMap<String, Vec<Operand>>,
}

/// The context of a rule, besides its figures.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub limits: &'a Limits,
    pub codes: &'a CodeTables,
    pub year: i32,
}

/// Why a relation was not examined, in Chinese.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    pub why: String,
    /// The relation itself is wrong: an unknown key or kind, an unreadable string.
    pub faulty: bool,
}

impl Obstacle {
    /// The report does not print it.
    pub fn absent(why: impl Into<String>) -> Self {
        Obstacle { why: why.into(), faulty: false }
    }

    pub fn faulty(why: impl Into<String>) -> Self {
        Obstacle { why: why.into(), faulty: true }
    }

    #[must_use]
    pub fn too_large() -> Self {
        Obstacle::faulty("数字过大，无法计算")
    }
}

/// The judgement of a rule.
#[derive(Debug, Clone)]
pub struct Judgement {
    pub verdict: Verdict,
    pub printed: String,
    pub recomputed: String,
    pub interval: String,
    pub message: String,
}

impl Judgement {
    #[must_use]
    pub fn new(verdict: Verdict, message: impl Into<String>) -> Self {
        Judgement {
            verdict,
            printed: String::new(),
            recomputed: String::new(),
            interval: String::new(),
            message: message.into(),
        }
    }

    #[must_use]
    pub fn printed(mut self, printed: impl Into<String>) -> Self {
        self.printed = printed.into();
        self
    }

    #[must_use]
    pub fn recomputed(mut self, recomputed: impl Into<String>) -> Self {
        self.recomputed = recomputed.into();
        self
    }

    #[must_use]
    pub fn interval(mut self, interval: impl Into<String>) -> Self {
        self.interval = interval.into();
        self
    }
}

impl Operands {
    fn figures<'a>(&'a self, field: &str) -> Result<Vec<&'a Figure>, Obstacle> {
        let operands = self.by_field.get(field).map(Vec::as_slice).unwrap_or_default();
        let figure = |operand: &'a Operand| match operand {
            Operand::Figure(figure) => Ok(figure),
            Operand::Unknown(key) => Err(Obstacle::faulty(format!("没有名为“{key}”的数字（{field}）"))),
            Operand::Ambiguous(key) => Err(Obstacle::faulty(format!("“{key}”出现多次且数值不同（{field}）"))),
        };
        operands.iter().map(figure).collect()
    }

    /// The single figure of an operand.
    pub fn figure(&self, field: &str) -> Result<&Figure, Obstacle> {
        match self.figures(field)?.as_slice() {
            [figure] => Ok(figure),
            [] => Err(Obstacle::faulty(format!("缺少 {field}"))),
            _ => Err(Obstacle::faulty(format!("{field} 只能有一个"))),
        }
    }

    pub fn text(&self, field: &str) -> Result<&str, Obstacle> {
        Ok(&self.figure(field)?.text)
    }

    pub fn texts(&self, field: &str) -> Result<Vec<&str>, Obstacle> {
        Ok(self.figures(field)?.into_iter().map(|figure| figure.text.as_str()).collect())
    }

    pub fn number(&self, field: &str) -> Result<&Quantity, Obstacle> {
        number(self.figure(field)?)
    }

    /// A figure that may be left out.
    pub fn number_if_any(&self, field: &str) -> Result<Option<&Quantity>, Obstacle> {
        if self.by_field.get(field).is_none_or(Vec::is_empty) {
            return Ok(None);
        }
        self.number(field).map(Some)
    }

    /// All figures of an operand, which must be numbers.
    pub fn numbers(&self, field: &str) -> Result<Vec<Quantity>, Obstacle> {
        self.figures(field)?.into_iter().map(|figure| number(figure).cloned()).collect()
    }

    /// All figures of an operand, numbers or not; at least one.
    pub fn all(&self, field: &str) -> Result<Vec<&Figure>, Obstacle> {
        let figures = self.figures(field)?;
        if figures.is_empty() {
            return Err(Obstacle::faulty(format!("缺少 {field}")));
        }
        Ok(figures)
    }

    /// The number of figures in the relation that are not blank.
    #[must_use]
    pub fn examined(&self) -> usize {
        let has_text = |operand: &&Operand| matches!(operand, Operand::Figure(figure) if figure.printed != Reading::Blank);
        self.by_field.values().flatten().filter(has_text).count()
    }

    /// Names and strings of all operands, in the order of their fields.
    pub fn named(&self) -> impl Iterator<Item = (&str, &Figure)> {
        let each = self.by_field.iter();
        each.flat_map(|(field, operands)| operands.iter().map(move |operand| (field.as_str(), operand)))
            .filter_map(|(field, operand)| match operand {
                Operand::Figure(figure) => Some((field, figure)),
                _ => None,
            })
    }
}

/// The number of a figure, or why it has none.
pub fn number(figure: &Figure) -> Result<&Quantity, Obstacle> {
    let name = &figure.name;
    match &figure.printed {
        Reading::Number(quantity) => Ok(quantity.as_ref()),
        Reading::Dash => Err(Obstacle::absent(format!("“{name}”印为“{}”，没有数", figure.text))),
        Reading::Blank => Err(Obstacle::absent(format!("“{name}”为空"))),
        Reading::Unreadable if figure.text == "缺报" => {
            Err(Obstacle::faulty(format!("“{name}”缺报，没有数")))
        }
        Reading::Unreadable => Err(Obstacle::faulty(format!("“{name}”印为“{}”，读不出数", figure.text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions;

    #[test]
    fn what_fails_is_never_said_to_hold() {
        let definitions = definitions::load(&definitions::embedded()).unwrap();
        for rule in definitions.audit.rules.values() {
            assert_eq!(Verdict::Holds.words(rule), rule.title);
            for failing in [Verdict::Inconsistent, Verdict::ToConfirm] {
                assert_eq!(failing.words(rule), rule.broken);
                assert_ne!(failing.words(rule), rule.title, "{}", rule.kind);
            }
            assert!(Verdict::Rounding.words(rule).ends_with("只差舍入"));
            assert!(Verdict::ToConfirm.severity(rule.severity) >= Severity::S2);
            assert_eq!(Verdict::Rounding.severity(rule.severity), Severity::S3);
        }
    }
}
