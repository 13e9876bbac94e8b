//! Decisions about findings of checks: a named person says why a figure is right as it is. Each
//! holds for the figures it was made of, and lapses when one of them changes.

use std::collections::{BTreeMap, BTreeSet};

use super::Override;
use super::values::{About, newest};
use crate::audit::Answer;
use crate::checks::relation::Kind;
use crate::indicators::Unit;
use crate::period::ReportYear;

/// The rule that findings of a kind are recorded under: `C-SUM-OF-PARTS`.
#[must_use]
pub fn rule(kind: Kind) -> String {
    rule_named(kind.name())
}

#[must_use]
pub fn rule_named(kind: &str) -> String {
    format!("C-{}", kind.to_uppercase().replace('_', "-"))
}

/// The figures of a finding, by their names, as printed.
#[must_use]
pub fn under(answer: &Answer) -> BTreeMap<String, String> {
    let mut under: BTreeMap<String, String> = BTreeMap::new();
    for figure in answer.figures.iter().filter(|figure| !figure.name.is_empty()) {
        let told = under.entry(figure.name.clone()).or_default();
        if !told.is_empty() {
            *told += "、";
        }
        *told += &figure.printed;
    }
    under
}

/// What a decision about a finding is about.
#[must_use]
pub fn about(answer: &Answer, unit: &Unit) -> About {
    About {
        indicator_id: String::new(),
        relation: answer.id.clone(),
        level: unit.level,
        region_code: unit.region_code.clone(),
        school_code: unit.school_code.clone(),
        under: under(answer),
    }
}

/// What persons said of findings of one year, by the key of each.
#[derive(Debug, Default)]
pub struct Answers<'a> {
    standing: BTreeMap<(String, String), &'a Override>,
    lapsed: BTreeSet<u32>,
}

impl<'a> Answers<'a> {
    #[must_use]
    pub fn of(year: ReportYear, standing: &'a [Override], lapsed: &BTreeSet<u32>) -> Self {
        let mut answers = Answers { lapsed: lapsed.clone(), ..Answers::default() };
        for kind in Kind::ALL {
            let rule = rule(*kind);
            for (key, decision) in newest(standing, &rule, year) {
                answers.standing.insert((rule.clone(), key.to_owned()), decision);
            }
        }
        answers
    }

    /// The decision about a finding, if it is of the figures that it has now; else the one that
    /// lapses by them.
    ///
    /// # Errors
    /// The decision that holds no longer.
    pub fn take(
        &mut self,
        rule: &str,
        key: &str,
        answer: &Answer,
    ) -> Result<Option<&'a Override>, &'a Override> {
        let Some(decision) = self.standing.remove(&(rule.to_owned(), key.to_owned())) else {
            return Ok(None);
        };
        let same = decision.about.as_ref().is_some_and(|about| about.under == under(answer));
        if same && !self.lapsed.contains(&decision.id) { Ok(Some(decision)) } else { Err(decision) }
    }

    /// Those whose finding is no more.
    #[must_use]
    pub fn rest(self) -> Vec<&'a Override> {
        let lapsed = self.lapsed;
        self.standing.into_values().filter(|decision| !lapsed.contains(&decision.id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Told;
    use crate::checks::relation::Verdict;
    use crate::layout::Level;

    fn answer(printed: &str) -> Answer {
        let figure = |name: &str, printed: &str| Told {
            operand: "total".into(),
            name: name.into(),
            printed: printed.into(),
        };
        Answer {
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
    fn an_answer_holds_for_the_figures_it_was_made_of() {
        let unit = Unit { level: Level::School, region_code: "141002".into(), school_code: "36".into() };
        let decision = Override {
            format: 0,
            id: 4,
            report_year: 2024,
            rule: rule(Kind::SumOfParts),
            key: "2024/r/36".into(),
            value: String::new(),
            who: "王科长".into(),
            when: "2024-10-08T09:00:00+08:00".into(),
            reason: "含转入".into(),
            withdraws: None,
            about: Some(about(&answer("5"), &unit)),
            correction: None,
        };
        assert_eq!(decision.rule, "C-SUM-OF-PARTS");
        let records = [decision];
        let take = |printed: &str, lapsed: &[u32]| {
            let lapsed = lapsed.iter().copied().collect();
            let mut answers = Answers::of(2024, &records, &lapsed);
            let taken = answers.take("C-SUM-OF-PARTS", "2024/r/36", &answer(printed));
            (taken.map(|one| one.map(|one| one.id)).map_err(|one| one.id), answers.rest().len())
        };
        assert_eq!(take("5", &[]), (Ok(Some(4)), 0));
        assert_eq!(take("6", &[]), (Err(4), 0));
        assert_eq!(take("5", &[4]), (Err(4), 0), "it does not come back with the old figures");
        let none = BTreeSet::new();
        assert_eq!(Answers::of(2024, &records, &none).rest().len(), 1);
        assert_eq!(Answers::of(2023, &records, &none).rest().len(), 0);
    }
}
