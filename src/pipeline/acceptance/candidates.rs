//! The reasons why a delivery does not count: its own rows, another delivery, the current release.

use std::collections::{BTreeMap, BTreeSet};

use super::{Acceptance, AcceptedDelivery, AsideDelivery, Selection, WHOLE, delivery_name};
use crate::finding::{self, Finding, Rule, Severity};
use crate::period::ReportYear;
use crate::pipeline::noted::Noted;
use crate::pipeline::received::DecodedDelivery;
use crate::position::Place;
use crate::warehouse::publish::CountedDelivery;

/// A delivery that could be read, and what keeps it from counting.
pub(super) struct Candidate {
    pub present: DecodedDelivery,
    pub units: BTreeMap<String, u64>,
    /// Units of which no rows of this delivery count.
    pub aside: BTreeSet<String>,
    /// Units of which another delivery, which counts, has the same rows.
    pub repeated: BTreeSet<String>,
    /// Its own rows are faulty or another year's: it must not stay accepted either.
    pub harmful: bool,
    /// Ids of the decisions without which it would not count.
    pub under: Vec<u32>,
}

impl Candidate {
    pub fn open_units(&self) -> impl Iterator<Item = &String> {
        self.units.keys().filter(|unit| !self.aside.contains(*unit) && !self.repeated.contains(*unit))
    }

    /// The schools whose rows are set aside; `None` where no rows are.
    pub fn aside(&self) -> Option<AsideDelivery> {
        let whole = self.aside.contains(WHOLE);
        let mut schools = self.present.fragment.schools.clone();
        schools.retain(|school, _| whole || self.aside.contains(school));
        let (label, sha256) = (self.present.label.clone(), self.present.sha256.clone());
        (!schools.is_empty()).then_some(AsideDelivery { label, sha256, schools })
    }

    fn set_aside(&mut self) {
        self.aside = self.units.keys().cloned().collect();
    }

    pub fn place(&self) -> Place {
        Place { file: self.present.label.clone(), ..Place::default() }
    }

    /// Its name in an override.
    fn delivery_name(&self) -> String {
        delivery_name(&self.present.sha256)
    }
}

/// A delivery with this share of the rows that count now, or less, is set aside.
const SHORT_PERCENT: u64 = 70;
/// Schools with fewer rows may lose a third of them by chance: only the whole file is compared.
const SMALL_ROWS: u64 = 10;

impl Acceptance<'_> {
    /// Checks a delivery by its own rows, and whether its rows are another year's.
    pub(super) fn check_itself(&self, candidate: &mut Candidate, noted: &mut Noted<Selection>) {
        let sha256 = candidate.present.sha256.clone();
        for mut finding in candidate.present.fragment.findings.clone() {
            finding.place.file.clone_from(&candidate.present.label);
            if finding::rule(&finding.rule).is_some_and(Rule::sets_aside) {
                finding.message += &format!("；{}", candidate.delivery_name());
                candidate.harmful |= self.ask(finding, &sha256, &mut candidate.under, noted);
            } else {
                noted.findings.push(finding);
            }
        }
        let known = self.current.iter().any(|accepted| accepted.sha256 == sha256);
        if !known && !self.dataset.may_repeat_last_year {
            let digest = &candidate.present.fragment.rows_digest;
            let has_rows = |(_, digests): &&(ReportYear, BTreeSet<String>)| digests.contains(digest);
            let other = self.neighbours.iter().filter(|_| !digest.is_empty()).find(has_rows);
            if let Some((other, _)) = other {
                let detail = format!("与 {other} 年已采用的报送逐行相同；{}", candidate.delivery_name());
                let finding = self.finding(finding::DELIVERY_REPEATS_YEAR, &detail).at(candidate.place());
                candidate.harmful |= self.ask(finding, &sha256, &mut candidate.under, noted);
            }
        }
        if candidate.harmful {
            candidate.set_aside();
        }
    }

    /// Chooses between different deliveries of one school whose rows do not show which is right: the one that
    /// counts already stays; without one, neither is used until a person names one of them.
    pub(super) fn compare_with_each_other(&self, candidates: &mut [Candidate], noted: &mut Noted<Selection>) {
        let mut by_unit: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, candidate) in candidates.iter().enumerate() {
            for unit in candidate.open_units() {
                by_unit.entry(unit.clone()).or_default().push(index);
            }
        }
        for (unit, indices) in by_unit.into_iter().filter(|(_, indices)| indices.len() > 1) {
            let sha256 = |index: usize| candidates[index].present.sha256.clone();
            // The newest decision holds.
            let named = indices
                .iter()
                .filter_map(|&index| {
                    let rule = finding::TWO_DELIVERIES.id;
                    Some((self.accepted_by(rule, &sha256(index), noted)?.id, index))
                })
                .max();
            let counts_already = |&index: &usize| {
                let sha256 = &candidates[index].present.sha256;
                self.current.iter().any(|known| known.sha256 == *sha256 && known.units.contains_key(&unit))
            };
            let stays: Vec<usize> = match named {
                Some((_, index)) => vec![index],
                None => indices.iter().copied().filter(counts_already).collect(),
            };
            let other_files: Vec<String> =
                indices.iter().map(|&index| candidates[index].present.label.clone()).collect();
            let labels = other_files.join("、");
            if let Some((id, index)) = named {
                candidates[index].under.push(id);
            }
            for index in indices.into_iter().filter(|index| stays.as_slice() != [*index]) {
                let candidate = &mut candidates[index];
                candidate.aside.insert(unit.clone());
                let detail = format!("{labels}；{}", candidate.delivery_name());
                let mut finding = self.finding(finding::TWO_DELIVERIES, &detail);
                finding.other_files.clone_from(&other_files);
                // A person chose; the other files are still asked about.
                if named.is_some() {
                    finding.severity = Severity::S2;
                }
                noted.findings.push(finding.at(candidate.place()).of_school(&unit));
            }
        }
    }

    /// Sets aside deliveries with far fewer rows than count now, as a whole or for one school in them.
    pub(super) fn compare_with_current(&self, candidates: &mut [Candidate], noted: &mut Noted<Selection>) {
        let mut before: BTreeMap<&str, u64> = BTreeMap::new();
        for (unit, rows) in self.current.iter().flat_map(|accepted| &accepted.units) {
            *before.entry(unit).or_default() += rows;
        }
        let mut now: BTreeMap<String, u64> = BTreeMap::new();
        for candidate in candidates.iter() {
            for unit in candidate.open_units() {
                *now.entry(unit.clone()).or_default() += candidate.units[unit];
            }
        }
        let rows_of = |unit: &str| {
            (now.get(unit).copied().unwrap_or_default(), before.get(unit).copied().unwrap_or_default())
        };
        let is_short = |(now, before): (u64, u64)| before > 0 && now * 100 <= before * SHORT_PERCENT;
        for candidate in candidates.iter_mut() {
            let sha256 = candidate.present.sha256.clone();
            // A delivery that counts already is not asked about again because another file is short.
            let counts = |unit: &&String| {
                self.current.iter().any(|known| known.sha256 == sha256 && known.units.contains_key(*unit))
            };
            let open: Vec<String> = candidate.open_units().filter(|unit| !counts(unit)).cloned().collect();
            if open.is_empty() {
                continue;
            }
            let whole = open.iter().map(|unit| rows_of(unit)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
            let short: Vec<(String, (u64, u64))> = if is_short(whole) {
                vec![(String::new(), whole)]
            } else {
                let rows = open.iter().map(|unit| (unit.clone(), rows_of(unit)));
                rows.filter(|(_, rows)| rows.1 >= SMALL_ROWS && is_short(*rows)).collect()
            };
            for (unit, (now, before)) in short {
                let detail = format!("本次 {now} 行，已采用的 {before} 行；{}", candidate.delivery_name());
                let school = if open.len() == 1 { &open[0] } else { &unit };
                let finding = self.finding(finding::DELIVERY_SHORT, &detail);
                let finding = finding.at(candidate.place()).of_school(school);
                if self.ask(finding, &sha256, &mut candidate.under, noted) {
                    if unit.is_empty() {
                        candidate.aside.extend(open.iter().cloned());
                    } else {
                        candidate.aside.insert(unit);
                    }
                }
            }
        }
    }

    /// The deliveries that count among the candidates.
    pub(super) fn settle(
        &self,
        candidates: Vec<Candidate>,
        noted: &mut Noted<Selection>,
    ) -> Vec<AcceptedDelivery> {
        let mut used = Vec::new();
        for candidate in candidates {
            let open: BTreeSet<String> = candidate.open_units().cloned().collect();
            let Candidate { present, units, aside, repeated, harmful, mut under } = candidate;
            if !(aside.is_empty() && repeated.is_empty()) && open.is_empty() {
                if aside.is_empty() {
                    leave_questions(&present.label, noted);
                } else {
                    // None of its rows count, so none is left out by a finding.
                    let findings =
                        noted.findings.iter_mut().filter(|finding| finding.place.file == present.label);
                    findings.for_each(|finding| finding.rows_out = 0);
                }
                // A row of a form is several of its table, and a form is of one school.
                let rows = if aside.is_empty() {
                    present.fragment.counts.loaded
                } else {
                    repeated.iter().filter_map(|unit| units.get(unit)).sum()
                };
                noted.value.repeated.insert(present.label.clone(), rows);
                if harmful {
                    noted.value.harmful.insert(present.sha256);
                }
                noted.value.set_aside.insert(present.label);
                continue;
            }
            let known = self.current.iter().find(|known| known.sha256 == present.sha256);
            for &id in known.into_iter().flat_map(|known| &known.under) {
                if !under.contains(&id) {
                    self.repeat(id, &present.label, noted);
                    under.push(id);
                }
            }
            under.sort_unstable();
            under.dedup();
            let replaces = |known: &&CountedDelivery| known.units.keys().any(|unit| open.contains(unit));
            let former = match known {
                Some(known) => known.former.clone(),
                None if under.is_empty() => Vec::new(),
                None => self.current.iter().filter(replaces).cloned().collect(),
            };
            let DecodedDelivery { label, landing, sha256, fragment } = present;
            used.push(AcceptedDelivery {
                label,
                landing,
                sha256,
                fragment,
                units: open,
                repeated,
                kept: false,
                under,
                former,
            });
        }
        used
    }
}

/// Of a file whose rows another file has, only what is about the file itself, or keeps a row out, is still said:
/// the other file is asked about the rest.
fn leave_questions(label: &str, noted: &mut Noted<Selection>) {
    let stays = |finding: &Finding| {
        let is_of_file = finding.severity == Severity::S3 && finding.place.row == 0;
        finding.place.file != label || finding.rows_out > 0 || is_of_file
    };
    noted.findings.retain(stays);
}
