//! What persons said of single rows, in a run: named, counted, and lapsed with their delivery.

use super::acceptance::record::YearDeliveries;
use super::noted::Noted;
use crate::decisions::Override;
use crate::decisions::corrections::{self, Kind};
use crate::finding::{self, Finding};
use crate::period::ReportYear;
use crate::position::Place;
use crate::warehouse::publish::Corrections;

/// Once it is decided which deliveries count: the answers about their rows are the year's, and those about a
/// delivery that another took the place of are named.
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

/// What a year stands on.
pub(super) fn counts(
    decisions: &[Override],
    findings: &[Finding],
    deliveries: &YearDeliveries,
) -> Corrections {
    let kinds = || decisions.iter().filter_map(|decision| decision.correction.as_ref()).map(|of| of.kind);
    let count = |kind: Kind| kinds().filter(|own| *own == kind).count() as u64;
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
