//! Deliveries that count already and go on counting until a sound one replaces them.

use std::collections::BTreeSet;

use super::{Acceptance, AcceptedDelivery, ReadAgain, Selection, delivery_name, units};
use crate::delivery::Delivery;
use crate::delivery::DeliveryOutcome;
use crate::delivery::RowCounts;
use crate::finding::{self, Rule};
use crate::ingest::Fragment;
use crate::pipeline::RunError;
use crate::pipeline::noted::Noted;
use crate::position::Place;
use crate::warehouse::publish::CountedDelivery;

/// The units of a delivery that do not count.
pub(super) struct SetAsideUnits {
    pub label: String,
    pub sha256: String,
    pub units: BTreeSet<String>,
    /// The units that another delivery has as well.
    pub repeated: BTreeSet<String>,
}

impl Acceptance<'_> {
    /// Keeps the deliveries that no sound one replaced, in whole or for some schools.
    pub(super) fn keep(
        &self,
        used: &[AcceptedDelivery],
        aside: &[SetAsideUnits],
        read_again: ReadAgain<'_>,
        noted: &mut Noted<Selection>,
    ) -> Result<Vec<AcceptedDelivery>, RunError> {
        let mut kept = Vec::new();
        for accepted in &self.current {
            if used.iter().any(|used| used.sha256 == accepted.sha256)
                || noted.value.harmful.contains(&accepted.sha256)
            {
                continue;
            }
            let mut left: BTreeSet<String> = accepted.units.keys().cloned().collect();
            let is_repeated = |unit: &String| {
                aside.iter().any(|aside| aside.sha256 == accepted.sha256 && aside.repeated.contains(unit))
            };
            left.retain(|unit| {
                if is_repeated(unit) {
                    return false;
                }
                let is_new = |used: &&AcceptedDelivery| {
                    let counts = |known: &CountedDelivery| {
                        known.sha256 == used.sha256 && known.units.contains_key(unit)
                    };
                    used.units.contains(unit) && !self.current.iter().any(counts)
                };
                // A file of the same name came with bytes that cannot be used: another file does not replace it.
                let spoiled = self.rejected.contains(&accepted.file)
                    || aside.iter().any(|aside| {
                        aside.label == accepted.file
                            && aside.sha256 != accepted.sha256
                            && aside.units.contains(unit)
                    });
                spoiled || !used.iter().any(|used| is_new(&used))
            });
            if left.is_empty()
                || self.accepted_by(finding::DELIVERY_KEPT.id, &accepted.sha256, noted).is_some()
            {
                continue;
            }
            let registered = |unit: &String| unit.is_empty() || self.schools.contains_key(unit);
            let (left, gone): (BTreeSet<String>, BTreeSet<String>) = left.into_iter().partition(registered);
            self.leave_dormant(accepted, &gone, noted);
            if !left.is_empty() {
                kept.extend(self.keep_delivery(accepted, left, read_again, noted)?);
            }
        }
        Ok(kept)
    }

    /// A school that the register does not have now may be in it again tomorrow.
    fn leave_dormant(
        &self,
        accepted: &CountedDelivery,
        gone: &BTreeSet<String>,
        noted: &mut Noted<Selection>,
    ) {
        let rule = finding::SCHOOL_UNREGISTERED;
        if gone.is_empty() || self.accepted_by(rule.id, &accepted.sha256, noted).is_some() {
            return;
        }
        self.note_units(rule, accepted, gone, noted);
        let mut dormant = accepted.clone();
        dormant.units.retain(|unit, _| gone.contains(unit));
        noted.value.dormant.push(dormant);
    }

    fn note_units(
        &self,
        rule: &'static Rule,
        accepted: &CountedDelivery,
        units: &BTreeSet<String>,
        noted: &mut Noted<Selection>,
    ) {
        let place = Place { file: accepted.file.clone(), ..Place::default() };
        let finding = self.finding(rule, &delivery_name(&accepted.sha256)).at(place);
        noted.findings.extend(units.iter().map(|unit| finding.clone().of_school(unit)));
    }

    fn keep_delivery(
        &self,
        accepted: &CountedDelivery,
        left: BTreeSet<String>,
        read_again: ReadAgain<'_>,
        noted: &mut Noted<Selection>,
    ) -> Result<Option<AcceptedDelivery>, RunError> {
        let fragment = read_again(accepted)?;
        let rule = if fragment.is_some() { finding::DELIVERY_KEPT } else { finding::DELIVERY_LOST };
        self.note_units(rule, accepted, &left, noted);
        let Some(fragment) = fragment else { return Ok(None) };
        // Findings that were open in it are still open.
        for mut finding in fragment.findings.clone() {
            if finding.school_code.is_empty() || left.contains(&finding.school_code) {
                finding.place.file.clone_from(&accepted.file);
                if finding::rule(&finding.rule).is_some_and(Rule::sets_aside) {
                    self.ask(finding, &accepted.sha256, &mut Vec::new(), noted);
                } else {
                    noted.findings.push(finding);
                }
            }
        }
        for &id in &accepted.under {
            self.repeat(id, &accepted.file, noted);
        }
        noted.value.kept.push(self.kept_delivery(accepted, &fragment, &left));
        Ok(Some(AcceptedDelivery {
            label: accepted.file.clone(),
            landing: accepted.landing.clone(),
            sha256: accepted.sha256.clone(),
            fragment,
            units: left,
            repeated: BTreeSet::new(),
            kept: true,
            under: accepted.under.clone(),
            former: accepted.former.clone(),
        }))
    }

    /// The entry of a kept delivery in the books, with only the rows that count.
    fn kept_delivery(
        &self,
        accepted: &CountedDelivery,
        fragment: &Fragment,
        left: &BTreeSet<String>,
    ) -> Delivery {
        let all = units(self.dataset, fragment);
        let rows = if all.len() == left.len() {
            fragment.counts.loaded
        } else {
            left.iter().filter_map(|unit| all.get(unit)).sum()
        };
        Delivery {
            report_year: accepted.report_year,
            dataset: self.dataset.dataset.clone(),
            file: accepted.file.clone(),
            sha256: accepted.sha256.clone(),
            format: fragment.format.name().to_owned(),
            encoding: fragment.encoding.clone(),
            outcome: DeliveryOutcome::Kept,
            rows: RowCounts { physical: rows, loaded: rows, ..RowCounts::default() },
        }
    }
}
