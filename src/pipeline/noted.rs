//! What a stage comes to, with what it found on the way and the decisions it stands on.

use super::ByYear;
use crate::decisions::Override;
use crate::finding::Finding;

#[derive(Debug, Default)]
pub(super) struct Noted<T> {
    pub value: T,
    pub findings: Vec<Finding>,
    /// Each once.
    pub decisions: Vec<Override>,
}

impl<T> Noted<T> {
    pub fn of(value: T) -> Self {
        Noted { value, findings: Vec::new(), decisions: Vec::new() }
    }

    pub fn stands_on(&mut self, decision: &Override) {
        if !self.decisions.contains(decision) {
            self.decisions.push(decision.clone());
        }
    }

    /// Writes down what a part of the stage noted, and gives its value.
    pub fn take<U>(&mut self, part: Noted<U>) -> U {
        self.findings.extend(part.findings);
        self.decisions.extend(part.decisions);
        part.value
    }
}

/// What the stages of a run noted of each year, in their order.
#[derive(Debug, Default)]
pub(super) struct Notes(ByYear<Noted<()>>);

impl Notes {
    /// Writes down what a stage noted of each year, and gives its values.
    pub fn take<T>(&mut self, stage: ByYear<Noted<T>>) -> ByYear<T> {
        let value = |(year, noted)| (year, self.0.entry(year).or_default().take(noted));
        stage.into_iter().map(value).collect()
    }

    pub fn by_year(self) -> ByYear<Noted<()>> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::finding;
    use crate::period::ReportYear;

    fn stage<T>(year: ReportYear, value: T, finding: Finding) -> BTreeMap<ReportYear, Noted<T>> {
        BTreeMap::from([(year, Noted { findings: vec![finding], ..Noted::of(value) })])
    }

    #[test]
    fn what_stages_note_of_a_year_stays_in_their_order() {
        let found = |detail: &str| Finding::new(finding::CHECK_IDLE, 2024, "", detail);
        let mut notes = Notes::default();
        assert_eq!(notes.take(stage(2024, 1, found("b"))), BTreeMap::from([(2024, 1)]));
        assert_eq!(notes.take(stage(2024, "two", found("a"))), BTreeMap::from([(2024, "two")]));
        notes.take(stage(2023, 3, found("c")));
        let notes = notes.by_year();
        assert_eq!(notes[&2024].findings, [found("b"), found("a")]);
        assert_eq!(notes[&2023].findings, [found("c")]);
    }
}
