//! The same rows in two files: one delivery, saved twice, whatever the bytes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::candidates::Candidate;
use super::{Acceptance, Selection, WHOLE};
use crate::finding;
use crate::pipeline::noted::Noted;

impl Acceptance<'_> {
    /// Finds the deliveries whose rows of a unit are those of another. The one that a person named counts, else
    /// the one that counts already, else any, as they say the same.
    pub(super) fn find_repeated(&self, candidates: &mut [Candidate], noted: &mut Noted<Selection>) {
        let mut alike: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
        for (index, candidate) in candidates.iter().enumerate() {
            for unit in candidate.open_units() {
                if let Some(contents) = contents(candidate, unit) {
                    alike.entry((unit.clone(), contents)).or_default().push(index);
                }
            }
        }
        let mut repeated: BTreeMap<(usize, usize), BTreeSet<String>> = BTreeMap::new();
        for ((unit, _), indices) in alike.into_iter().filter(|(_, indices)| indices.len() > 1) {
            let rank = |&index: &usize| {
                let sha256 = &candidates[index].present.sha256;
                let named = self.accepted_by(finding::TWO_DELIVERIES.id, sha256, noted).map(|named| named.id);
                let counts = |known: &crate::warehouse::publish::CountedDelivery| {
                    known.sha256 == *sha256 && known.units.contains_key(&unit)
                };
                (Reverse(named), Reverse(self.current.iter().any(counts)), sha256.clone())
            };
            let Some(first) = indices.iter().copied().min_by_key(rank) else { continue };
            for index in indices.into_iter().filter(|index| *index != first) {
                repeated.entry((index, first)).or_default().insert(unit.clone());
            }
        }
        for ((index, first), units) in repeated {
            let other = candidates[first].present.label.clone();
            let candidate = &mut candidates[index];
            let all = units.len() == candidate.units.len();
            let detail = if all { other.clone() } else { format!("{other}；学校 {} 所", units.len()) };
            let mut finding = self.finding(finding::DELIVERY_SAME_ROWS, &detail).at(candidate.place());
            finding.other_files = vec![other];
            if let Some(unit) = units.first().filter(|unit| units.len() == 1 && *unit != WHOLE) {
                finding = finding.of_school(unit);
            }
            noted.findings.push(finding);
            candidate.repeated.extend(units);
        }
    }
}

/// What the rows of a unit say; `None` for a fragment of an older program.
fn contents(candidate: &Candidate, unit: &str) -> Option<String> {
    let contents = &candidate.present.fragment.contents;
    if unit != WHOLE || contents.contains_key(WHOLE) && candidate.units.len() > 1 {
        return contents.get(unit).cloned();
    }
    let of_schools: Vec<String> =
        contents.iter().map(|(school, contents)| format!("{school} {contents}")).collect();
    (!of_schools.is_empty()).then(|| of_schools.join("\n"))
}
