//! The value that a stage returns, with its findings and the decisions applied in it.

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

    pub fn add_decision(&mut self, decision: &Override) {
        if !self.decisions.contains(decision) {
            self.decisions.push(decision.clone());
        }
    }

    /// Adds the notes of a part of the stage, and returns the part's value.
    pub fn take<U>(&mut self, part: Noted<U>) -> U {
        self.findings.extend(part.findings);
        self.decisions.extend(part.decisions);
        part.value
    }
}

/// The notes of all stages of a run, by year and in the order of the stages.
#[derive(Debug, Default)]
pub(super) struct Notes(ByYear<Noted<()>>);

impl Notes {
    /// Adds the notes of a stage for each year, and returns its values.
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
    fn the_notes_of_a_year_stay_in_the_order_of_the_stages() {
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
