//! Decisions about findings: a named person says why the doubted content is right. A decision about
//! a finding of a check holds for the finding's figures, one about another question for the question's
//! text and the files it names; each lapses when one of them changes.

use std::collections::{BTreeMap, BTreeSet};

use super::Override;
use super::values::{About, newest};
use crate::audit::RelationAnswer;
use crate::definitions::relation::kind::RelationKind;
use crate::figure::{Level, Unit};
use crate::finding::{self, ANSWERABLE, Finding, Rule, Severity};
use crate::period::ReportYear;
use crate::warehouse::files;

/// The rule that findings of a kind are recorded under: `C-SUM-OF-PARTS`.
#[must_use]
pub fn rule(kind: RelationKind) -> String {
    rule_named(kind.name())
}

#[must_use]
pub fn rule_named(kind: &str) -> String {
    format!("C-{}", kind.to_uppercase().replace('_', "-"))
}

/// The figures of a finding, by their names, as printed.
#[must_use]
pub fn under(answer: &RelationAnswer) -> BTreeMap<String, String> {
    let mut under: BTreeMap<String, String> = BTreeMap::new();
    for figure in answer.figures.iter().filter(|figure| !figure.name.is_empty()) {
        let texts = under.entry(figure.name.clone()).or_default();
        if !texts.is_empty() {
            *texts += "、";
        }
        *texts += &figure.printed;
    }
    under
}

/// The subject of a decision about a finding.
#[must_use]
pub fn about(answer: &RelationAnswer, unit: &Unit) -> About {
    About {
        indicator_id: String::new(),
        relation: answer.id.clone(),
        level: unit.level,
        region_code: unit.region_code.clone(),
        school_code: unit.school_code.clone(),
        under: under(answer),
    }
}

/// The decisions about findings of one year, by the key of each finding.
#[derive(Debug, Default)]
pub struct FindingAnswers<'a> {
    recorded: BTreeMap<(String, String), &'a Override>,
    lapsed: BTreeSet<u32>,
}

impl<'a> FindingAnswers<'a> {
    #[must_use]
    pub fn of(year: ReportYear, recorded: &'a [Override], lapsed: &BTreeSet<u32>) -> Self {
        let mut answers = FindingAnswers { lapsed: lapsed.clone(), ..FindingAnswers::default() };
        for kind in RelationKind::ALL {
            let rule = rule(*kind);
            for (key, decision) in newest(recorded, &rule, year) {
                answers.recorded.insert((rule.clone(), key.to_owned()), decision);
            }
        }
        answers
    }

    /// Takes the decision about a finding, if it is about the figures that the finding has now.
    ///
    /// # Errors
    /// The decision, when it has lapsed because the figures changed.
    pub fn take(
        &mut self,
        rule: &str,
        key: &str,
        answer: &RelationAnswer,
    ) -> Result<Option<&'a Override>, &'a Override> {
        let Some(decision) = self.recorded.remove(&(rule.to_owned(), key.to_owned())) else {
            return Ok(None);
        };
        let is_same = decision.about.as_ref().is_some_and(|about| about.under == under(answer));
        if is_same && !self.lapsed.contains(&decision.id) { Ok(Some(decision)) } else { Err(decision) }
    }

    /// The decisions whose findings no longer exist.
    #[must_use]
    pub fn rest(self) -> Vec<&'a Override> {
        let lapsed = self.lapsed;
        self.recorded.into_values().filter(|decision| !lapsed.contains(&decision.id)).collect()
    }
}

/// Whether a finding is a question that is answered by its key, and is not a finding of a check.
#[must_use]
pub fn is_question(finding: &Finding) -> bool {
    finding.severity == Severity::S2 && finding::rule(&finding.rule).is_some_and(Rule::is_answered_by_key)
}

/// The key that a question is answered by: `2024/Q-TWO-BASES/3fa9c1d207`, with its school where it has one.
/// Another text, or other bytes of a file that it names, make another question.
#[must_use]
pub fn question_key(finding: &Finding, files: &[(&str, &str)]) -> String {
    let Finding { report_year, rule, school_code, dataset, message, place, other_files, .. } = finding;
    let mut text = format!("{dataset}|{}|{message}", finding.place_text());
    let mut named: Vec<&str> = files
        .iter()
        .filter(|(file, _)| place.file == *file || other_files.iter().any(|other| other == file))
        .map(|(_, sha256)| *sha256)
        .collect();
    named.sort_unstable();
    for sha256 in named {
        text += &format!("|{sha256}");
    }
    let school = if school_code.is_empty() { String::new() } else { format!("{school_code}/") };
    format!("{report_year}/{rule}/{school}{}", &files::sha256(text.as_bytes())[..10])
}

/// The subject of a decision about such a question.
#[must_use]
pub fn about_question(finding: &Finding) -> About {
    About {
        indicator_id: String::new(),
        relation: finding.rule.clone(),
        level: if finding.school_code.is_empty() { Level::City } else { Level::School },
        region_code: finding.region_code.clone(),
        school_code: finding.school_code.clone(),
        under: BTreeMap::from([(finding.rule.clone(), finding.message.clone())]),
    }
}

/// Sets the key of each question, and marks the answered ones with who answered. Returns the decisions
/// that hold, and those whose questions no longer exist.
#[must_use]
pub fn settle_questions(
    found: &mut [Finding],
    files: &[(&str, &str)],
    year: ReportYear,
    recorded: &[Override],
    lapsed: &BTreeSet<u32>,
) -> (Vec<Override>, Vec<Override>) {
    let mut decisions: BTreeMap<&str, &Override> = BTreeMap::new();
    for rule in ANSWERABLE {
        let of_rule = newest(recorded, rule.id, year).into_iter();
        // A decision about a delivery may be of the same rule.
        decisions.extend(of_rule.filter(|(_, decision)| decision.about.is_some()));
    }
    let mut holding: BTreeMap<u32, Override> = BTreeMap::new();
    for finding in found.iter_mut().filter(|finding| is_question(finding)) {
        finding.key = question_key(finding, files);
        let decision = decisions.get(finding.key.as_str()).filter(|decision| !lapsed.contains(&decision.id));
        if let Some(decision) = decision {
            finding.severity = Severity::S3;
            finding.message += &format!("（{}已说明：{}）", decision.who, decision.reason);
            holding.insert(decision.id, (*decision).clone());
        }
    }
    let lapsed = decisions.into_values().filter(|decision| !holding.contains_key(&decision.id)).cloned();
    let lapsed = lapsed.collect();
    (holding.into_values().collect(), lapsed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::FigureText;
    use crate::checks::relation::Verdict;

    fn answer(printed: &str) -> RelationAnswer {
        let figure = |name: &str, printed: &str| FigureText {
            operand: "total".into(),
            name: name.into(),
            printed: printed.into(),
        };
        RelationAnswer {
            kind: "sum_of_parts".into(),
            id: "r".into(),
            place: String::new(),
            verdict: Verdict::Inconsistent,
            printed: String::new(),
            recomputed: String::new(),
            interval: String::new(),
            message: String::new(),
            examined: 2,
            figures: vec![figure("表1 甲 2024", printed), figure("表1 乙 2024", "3"), figure("", "=2")],
            note: String::new(),
            rule: None,
            known: false,
            at: None,
            open: false,
        }
    }

    #[test]
    fn an_answer_holds_for_the_figures_it_was_given_for() {
        let unit = Unit { level: Level::School, region_code: "141002".into(), school_code: "36".into() };
        let decision = Override {
            format: 0,
            id: 4,
            report_year: 2024,
            rule: rule(RelationKind::SumOfParts),
            key: "2024/r/36".into(),
            value: String::new(),
            who: "王科长".into(),
            when: "2024-10-08T09:00:00+08:00".into(),
            reason: "含转入".into(),
            withdraws: None,
            about: Some(about(&answer("5"), &unit)),
            correction: None,
            origin: None,
        };
        assert_eq!(decision.rule, "C-SUM-OF-PARTS");
        let records = [decision];
        let take = |printed: &str, lapsed: &[u32]| {
            let lapsed = lapsed.iter().copied().collect();
            let mut answers = FindingAnswers::of(2024, &records, &lapsed);
            let taken = answers.take("C-SUM-OF-PARTS", "2024/r/36", &answer(printed));
            let taken = taken.map(|decision| decision.map(|decision| decision.id));
            (taken.map_err(|decision| decision.id), answers.rest().len())
        };
        assert_eq!(take("5", &[]), (Ok(Some(4)), 0));
        assert_eq!(take("6", &[]), (Err(4), 0));
        assert_eq!(take("5", &[4]), (Err(4), 0), "it does not come back with the old figures");
        let none = BTreeSet::new();
        assert_eq!(FindingAnswers::of(2024, &records, &none).rest().len(), 1);
        assert_eq!(FindingAnswers::of(2023, &records, &none).rest().len(), 0);
    }

    #[test]
    fn a_question_is_answered_for_its_words_and_the_bytes_of_its_files() {
        let question = || {
            let place = crate::position::Place { file: "2024/staff/a.xlsx".into(), ..Default::default() };
            Finding::new(finding::EPOCH_1904, 2024, "staff", "").at(place).of_school("36")
        };
        let key = question_key(&question(), &[("2024/staff/a.xlsx", "ab"), ("2024/staff/b.xlsx", "cd")]);
        assert!(key.starts_with("2024/W-EPOCH-1904/36/"), "{key}");
        let decision = Override {
            format: 0,
            id: 4,
            report_year: 2024,
            rule: finding::EPOCH_1904.id.into(),
            key,
            value: String::new(),
            who: "王科长".into(),
            when: "2024-10-08T09:00:00+08:00".into(),
            reason: "已核对".into(),
            withdraws: None,
            about: Some(about_question(&question())),
            correction: None,
            origin: None,
        };
        let records = [decision];
        let settled = |sha256: &str, lapsed: &[u32]| {
            let mut found = vec![question()];
            let lapsed = lapsed.iter().copied().collect();
            let files = [("2024/staff/a.xlsx", sha256)];
            let (holding, lapsed) = settle_questions(&mut found, &files, 2024, &records, &lapsed);
            assert!(found[0].key.starts_with("2024/W-EPOCH-1904/36/"), "{}", found[0].key);
            (found[0].severity, holding.len(), lapsed.len())
        };
        assert_eq!(settled("ab", &[]), (Severity::S3, 1, 0));
        assert_eq!(settled("ef", &[]), (Severity::S2, 0, 1));
        assert_eq!(settled("ab", &[4]), (Severity::S2, 0, 1), "it does not come back");
    }
}
