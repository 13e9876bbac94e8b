//! The decisions about single rows in a run: applied, counted, and lapsed with their delivery.

use super::acceptance::record::YearDeliveries;
use super::noted::Noted;
use crate::decisions::Override;
use crate::decisions::corrections::{self, Kind};
use crate::finding::{self, Finding};
use crate::period::ReportYear;
use crate::position::Place;
use crate::warehouse::publish::Corrections;

/// Once it is decided which deliveries count, takes the answers about their rows, and reports those about a
/// delivery that another replaced.
pub(super) fn answers(overrides: &[Override], year: ReportYear, deliveries: &YearDeliveries) -> Noted<()> {
    let mut noted = Noted::default();
    let newest = corrections::newest(overrides).into_values();
    for (decision, correction) in newest.filter(|(decision, _)| decision.report_year == year) {
        if deliveries.has(decision) {
            noted.decisions.push(decision.clone());
            continue;
        }
        let place = Place { file: decision.key.clone(), ..correction.place.clone() };
        let detail = format!("第 {} 号决定（{}：{}）", decision.id, decision.who, decision.reason);
        let finding = Finding::new(finding::CORRECTION_LAPSED, year, &correction.dataset, &detail);
        noted.findings.push(finding.at(place).of_school(&correction.school_code));
    }
    noted
}

/// Counts the decisions about single rows that a year depends on.
pub(super) fn counts(
    decisions: &[Override],
    findings: &[Finding],
    deliveries: &YearDeliveries,
) -> Corrections {
    let kinds = || {
        decisions.iter().filter_map(|decision| decision.correction.as_ref()).map(|correction| correction.kind)
    };
    let count = |kind: Kind| kinds().filter(|known| *known == kind).count() as u64;
    let used = findings.iter().filter(|finding| finding.rule == finding::ROW_CORRECTED.id);
    let corrected = used.map(|finding| finding.count).sum();
    let new = deliveries.accepted.values().flatten().filter(|accepted| !accepted.kept);
    Corrections {
        corrected,
        still_wrong: count(Kind::Corrected).saturating_sub(corrected),
        given_up: count(Kind::GivenUp),
        confirmed: count(Kind::Confirmed),
        rows_given_up: new.map(|accepted| accepted.fragment.given_up).sum(),
    }
}
