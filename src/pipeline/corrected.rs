//! What persons said of single rows, in a run: told, counted, and lapsed with their delivery.

use super::acceptance::is_there;
use super::{Run, Year};
use crate::decisions::Override;
use crate::decisions::corrections::{self, Kind};
use crate::finding::{self, Finding};
use crate::position::Place;
use crate::warehouse::publish::Corrections;

impl Run<'_> {
    /// Once it is decided which deliveries count: the answers about their rows are the year's, and
    /// those about a delivery that another took the place of are told.
    pub(super) fn note_corrections(&mut self) {
        let newest = corrections::newest(&self.given.overrides);
        for (decision, correction) in newest.into_values() {
            let Some(of) = self.years.get_mut(&decision.report_year) else { continue };
            if is_there(of, decision) {
                of.overrides.push(decision.clone());
                continue;
            }
            let place = Place { file: decision.key.clone(), ..correction.place.clone() };
            let finding = Finding::new(
                finding::CORRECTION_LAPSED,
                decision.report_year,
                &correction.dataset,
                &told(decision),
            );
            of.findings.push(finding.at(place).of_school(&correction.school_code));
        }
    }
}

fn told(decision: &Override) -> String {
    format!("第 {} 号决定（{}：{}）", decision.id, decision.who, decision.reason)
}

/// What a year stands on.
pub(super) fn counts(of: &Year) -> Corrections {
    let kinds = || of.overrides.iter().filter_map(|decision| decision.correction.as_ref()).map(|of| of.kind);
    let count = |kind: Kind| kinds().filter(|own| *own == kind).count() as u64;
    let used = of.findings.iter().filter(|finding| finding.rule == finding::ROW_CORRECTED.id);
    let corrected = used.map(|finding| finding.count).sum();
    let new = of.fragments.values().flatten().filter(|used| !used.kept);
    Corrections {
        corrected,
        still_wrong: count(Kind::Corrected).saturating_sub(corrected),
        given_up: count(Kind::GivenUp),
        confirmed: count(Kind::Confirmed),
        rows_given_up: new.map(|used| used.fragment.given_up).sum(),
    }
}
