//! Which deliveries count: those that would do harm are set aside, and what a school delivered
//! last stays until something sound replaces it.
//!
//! A delivery is set aside when its own rows say so (a total that disagrees, a file cut short),
//! when it has much less than what stands, when it is another year's, or when it contradicts
//! another. A named person can accept it by an override, which holds for these bytes alone. What
//! counts is written into the manifest as accepted; it stays accepted when its file is gone.

use std::collections::{BTreeMap, BTreeSet};

use super::noted::Noted;
use super::{Given, Run, RunError, Year};
use crate::contract::{Dataset, Role};
use crate::decisions::Override;
use crate::delivery::DeliveryOutcome;
use crate::finding::{self, Finding, Rule, Severity};
use crate::indicators::compute::School;
use crate::intake::{Fragment, Outcome};
use crate::normalise::Counts;
use crate::period::ReportYear;
use crate::position::Place;
use crate::tables::Delivery;
use crate::warehouse::publish::Accepted;

/// A delivery that counts.
#[derive(Debug)]
pub(super) struct Used {
    pub label: String,
    /// SHA-256 of the file as dropped, under which landing keeps it: of the bundle, for a member.
    pub landing: String,
    pub sha256: String,
    pub fragment: Fragment,
    /// The units whose rows of it count; the rest is somebody else's, or set aside.
    pub units: BTreeSet<String>,
    /// Of an earlier night: what was delivered since for these units cannot be used.
    pub kept: bool,
    /// Ids of the decisions without which it would not count, and what counted before them.
    pub under: Vec<u32>,
    pub former: Vec<Accepted>,
}

impl Used {
    /// The schools whose rows of it count.
    pub fn schools(&self) -> impl Iterator<Item = &String> {
        let whole = self.units.contains(WHOLE);
        self.fragment.schools.keys().filter(move |school| whole || self.units.contains(*school))
    }
}

/// The unit of what is of the whole city: the register of schools, and exports in which a school
/// without rows has none.
const WHOLE: &str = "";

/// What stands or falls together: a school's rows; all of an export of the whole city.
pub(super) fn units(dataset: &Dataset, fragment: &Fragment) -> BTreeMap<String, u64> {
    if dataset.role == Some(Role::Register) || dataset.whole_city {
        return BTreeMap::from([(WHOLE.to_owned(), fragment.schools.values().sum())]);
    }
    fragment.schools.clone()
}

/// A delivery that reads.
#[derive(Debug)]
pub(super) struct Present {
    pub label: String,
    /// SHA-256 of the file as dropped: of the bundle, for a member.
    pub landing: String,
    pub sha256: String,
    pub fragment: Fragment,
}

/// A delivery that reads, and what keeps it from counting.
struct Candidate {
    present: Present,
    units: BTreeMap<String, u64>,
    /// Units whose rows of it do not count.
    aside: BTreeSet<String>,
    /// Its own rows, or its being another year's, hold it back: it must not stay as accepted either.
    harmful: bool,
    /// Ids of the decisions without which it would not count.
    under: Vec<u32>,
}

impl Candidate {
    fn open_units(&self) -> impl Iterator<Item = &String> {
        self.units.keys().filter(|unit| !self.aside.contains(*unit))
    }

    fn set_aside(&mut self) {
        self.aside = self.units.keys().cloned().collect();
    }

    fn place(&self) -> Place {
        Place { file: self.present.label.clone(), ..Place::default() }
    }

    /// As an override of it names it.
    fn named(&self) -> String {
        named(&self.present.sha256)
    }
}

/// What does not count of a delivery.
struct Aside {
    label: String,
    sha256: String,
    units: BTreeSet<String>,
}

/// A fall to this share of what stands, or below, sets a delivery aside.
const SHORT_PERCENT: u64 = 70;
/// Schools with fewer rows lose a third of them by chance: only the whole file is held against what stands.
const SMALL_ROWS: u64 = 10;

/// What decides which deliveries of one dataset and year count.
pub(super) struct Acceptance<'a> {
    pub year: ReportYear,
    pub dataset: &'a Dataset,
    /// What counts of it in the release that is current.
    pub standing: Vec<Accepted>,
    /// Decisions of named persons that apply.
    pub applying: &'a [Override],
    /// Those that no longer apply too.
    pub recorded: &'a [Override],
    /// Digests of the rows that count in the years before and after.
    pub neighbours: Vec<(ReportYear, BTreeSet<String>)>,
    /// The year's register; empty while that itself is decided on.
    pub schools: &'a BTreeMap<String, School>,
    /// Files of which nothing could be read.
    pub rejected: BTreeSet<String>,
}

/// What was decided about the deliveries of one dataset and year.
#[derive(Debug, Default)]
pub(super) struct Decided {
    pub used: Vec<Used>,
    /// Files of which nothing counts.
    pub set_aside: BTreeSet<String>,
    /// Deliveries of earlier nights that go on counting.
    pub kept: Vec<Delivery>,
    /// What counted of schools that the register does not have now.
    pub dormant: Vec<Accepted>,
    /// Hashes of deliveries that are set aside for what they are.
    harmful: BTreeSet<String>,
}

/// Reads a delivery again that counts already: `None` when its bytes are gone, or give no rows any more.
pub(super) type ReadAgain<'r> = &'r dyn Fn(&Accepted) -> Result<Option<Fragment>, RunError>;

impl<'a> Acceptance<'a> {
    /// # Errors
    /// Those of `read_again`.
    pub fn decide(
        &self,
        present: Vec<Present>,
        read_again: ReadAgain<'_>,
    ) -> Result<Noted<Decided>, RunError> {
        let mut noted = Noted::default();
        let candidate = |present: Present| Candidate {
            units: units(self.dataset, &present.fragment),
            present,
            aside: BTreeSet::new(),
            harmful: false,
            under: Vec::new(),
        };
        let mut candidates: Vec<Candidate> = present.into_iter().map(candidate).collect();
        for candidate in &mut candidates {
            self.hold_against_itself(candidate, &mut noted);
        }
        if self.dataset.one_delivery {
            self.hold_against_each_other(&mut candidates, &mut noted);
        }
        self.hold_against_what_stands(&mut candidates, &mut noted);
        let aside: Vec<Aside> = candidates
            .iter()
            .map(|candidate| Aside {
                label: candidate.present.label.clone(),
                sha256: candidate.present.sha256.clone(),
                units: candidate.aside.clone(),
            })
            .collect();
        let mut used = self.settle(candidates, &mut noted);
        let kept = self.keep(&used, &aside, read_again, &mut noted)?;
        used.extend(kept);
        used.sort_by(|a, b| (a.units.first(), &a.sha256).cmp(&(b.units.first(), &b.sha256)));
        noted.value.used = used;
        Ok(noted)
    }

    fn finding(&self, rule: &'static Rule, detail: &str) -> Finding {
        Finding::new(rule, self.year, &self.dataset.dataset, detail)
    }

    /// The decision of the person who accepted these bytes in spite of a rule.
    fn accepted_by(&self, rule: &str, sha256: &str, noted: &mut Noted<Decided>) -> Option<&'a Override> {
        let folder = format!("{}/{}/", self.year, self.dataset.dataset);
        let mut decisions = self.applying.iter().rev();
        let decision = decisions.find(|decision| {
            decision.correction.is_none()
                && decision.rule == rule
                && decision.value == sha256
                && decision.key.starts_with(&folder)
        })?;
        noted.stands_on(decision);
        Some(decision)
    }

    /// Notes a finding about a delivery, and whether it sets it aside: a named person may have
    /// accepted it, whose decision is then added to `under`.
    fn ask(
        &self,
        mut finding: Finding,
        sha256: &str,
        under: &mut Vec<u32>,
        noted: &mut Noted<Decided>,
    ) -> bool {
        let decision = self.accepted_by(&finding.rule, sha256, noted);
        if let Some(decision) = decision {
            answer(&mut finding, decision);
            under.push(decision.id);
        }
        noted.findings.push(finding);
        decision.is_none()
    }

    /// What a delivery's own rows say of it, and whether it is another year's.
    fn hold_against_itself(&self, candidate: &mut Candidate, noted: &mut Noted<Decided>) {
        let sha256 = candidate.present.sha256.clone();
        for mut finding in candidate.present.fragment.findings.clone() {
            finding.place.file.clone_from(&candidate.present.label);
            if finding::rule(&finding.rule).is_some_and(Rule::sets_aside) {
                finding.message += &format!("；{}", candidate.named());
                candidate.harmful |= self.ask(finding, &sha256, &mut candidate.under, noted);
            } else {
                noted.findings.push(finding);
            }
        }
        let known = self.standing.iter().any(|accepted| accepted.sha256 == sha256);
        if !known && !self.dataset.may_repeat_last_year {
            let digest = &candidate.present.fragment.rows_digest;
            let same = |(_, digests): &&(ReportYear, BTreeSet<String>)| digests.contains(digest);
            let other = self.neighbours.iter().filter(|_| !digest.is_empty()).find(same);
            if let Some((other, _)) = other {
                let detail = format!("与 {other} 年已采用的报送逐行相同；{}", candidate.named());
                let finding = self.finding(finding::DELIVERY_REPEATS_YEAR, &detail).at(candidate.place());
                candidate.harmful |= self.ask(finding, &sha256, &mut candidate.under, noted);
            }
        }
        if candidate.harmful {
            candidate.set_aside();
        }
    }

    /// Of two different deliveries of one school, where rows cannot tell which holds, the one that
    /// counts already stays; without one, neither is used, until a person names one of them.
    fn hold_against_each_other(&self, candidates: &mut [Candidate], noted: &mut Noted<Decided>) {
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
            let stands = |&index: &usize| {
                let sha256 = &candidates[index].present.sha256;
                self.standing.iter().any(|known| known.sha256 == *sha256 && known.units.contains_key(&unit))
            };
            let stays: Vec<usize> = match named {
                Some((_, index)) => vec![index],
                None => indices.iter().copied().filter(stands).collect(),
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
                let detail = format!("{labels}；{}", candidate.named());
                let mut finding = self.finding(finding::TWO_DELIVERIES, &detail);
                finding.other_files.clone_from(&other_files);
                // A person chose; what lies beside is still asked about.
                if named.is_some() {
                    finding.severity = Severity::S2;
                }
                noted.findings.push(finding.at(candidate.place()).of_school(&unit));
            }
        }
    }

    /// Much less than what counts now: of a file as a whole, or of one school in it.
    fn hold_against_what_stands(&self, candidates: &mut [Candidate], noted: &mut Noted<Decided>) {
        let mut stood: BTreeMap<&str, u64> = BTreeMap::new();
        for (unit, rows) in self.standing.iter().flat_map(|accepted| &accepted.units) {
            *stood.entry(unit).or_default() += rows;
        }
        let mut now: BTreeMap<String, u64> = BTreeMap::new();
        for candidate in candidates.iter() {
            for unit in candidate.open_units() {
                *now.entry(unit.clone()).or_default() += candidate.units[unit];
            }
        }
        let of = |unit: &str| {
            (now.get(unit).copied().unwrap_or_default(), stood.get(unit).copied().unwrap_or_default())
        };
        let is_short = |(now, stood): (u64, u64)| stood > 0 && now * 100 <= stood * SHORT_PERCENT;
        for candidate in candidates.iter_mut() {
            let sha256 = candidate.present.sha256.clone();
            // What counts already is not asked again because another file came short.
            let counts = |unit: &&String| {
                self.standing.iter().any(|known| known.sha256 == sha256 && known.units.contains_key(*unit))
            };
            let open: Vec<String> = candidate.open_units().filter(|unit| !counts(unit)).cloned().collect();
            if open.is_empty() {
                continue;
            }
            let whole = open.iter().map(|unit| of(unit)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
            let short: Vec<(String, (u64, u64))> = if is_short(whole) {
                vec![(String::new(), whole)]
            } else {
                let rows = open.iter().map(|unit| (unit.clone(), of(unit)));
                rows.filter(|(_, rows)| rows.1 >= SMALL_ROWS && is_short(*rows)).collect()
            };
            for (unit, (now, stood)) in short {
                let detail = format!("本次 {now} 行，已采用的 {stood} 行；{}", candidate.named());
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

    /// What counts of the candidates.
    fn settle(&self, candidates: Vec<Candidate>, noted: &mut Noted<Decided>) -> Vec<Used> {
        let mut used = Vec::new();
        for candidate in candidates {
            let open: BTreeSet<String> = candidate.open_units().cloned().collect();
            let Candidate { present, aside, harmful, mut under, .. } = candidate;
            if !aside.is_empty() && open.is_empty() {
                // Nothing of it counts: no row of it is missing for a fault of its own.
                let own = noted.findings.iter_mut().filter(|finding| finding.place.file == present.label);
                own.for_each(|finding| finding.rows_out = 0);
                if harmful {
                    noted.value.harmful.insert(present.sha256);
                }
                noted.value.set_aside.insert(present.label);
                continue;
            }
            let known = self.standing.iter().find(|known| known.sha256 == present.sha256);
            for &id in known.into_iter().flat_map(|known| &known.under) {
                if !under.contains(&id) {
                    self.repeat(id, &present.label, noted);
                    under.push(id);
                }
            }
            under.sort_unstable();
            under.dedup();
            let replaces = |known: &&Accepted| known.units.keys().any(|unit| open.contains(unit));
            let former = match known {
                Some(known) => known.former.clone(),
                None if under.is_empty() => Vec::new(),
                None => self.standing.iter().filter(replaces).cloned().collect(),
            };
            let Present { label, landing, sha256, fragment } = present;
            used.push(Used { label, landing, sha256, fragment, units: open, kept: false, under, former });
        }
        used
    }

    /// A figure that stands on a person's decision says so in every release.
    fn repeat(&self, id: u32, label: &str, noted: &mut Noted<Decided>) {
        let Some(decision) = self.recorded.iter().find(|decision| decision.id == id) else { return };
        if let Some(rule) = finding::rule(&decision.rule) {
            let place = Place { file: label.to_owned(), ..Place::default() };
            let mut finding = self.finding(rule, "").at(place);
            answer(&mut finding, decision);
            noted.findings.push(finding);
        }
        noted.stands_on(decision);
    }

    /// What counts already and was not replaced by something sound, in whole or for some schools.
    fn keep(
        &self,
        used: &[Used],
        aside: &[Aside],
        read_again: ReadAgain<'_>,
        noted: &mut Noted<Decided>,
    ) -> Result<Vec<Used>, RunError> {
        let mut kept = Vec::new();
        for accepted in &self.standing {
            if used.iter().any(|used| used.sha256 == accepted.sha256)
                || noted.value.harmful.contains(&accepted.sha256)
            {
                continue;
            }
            let mut left: BTreeSet<String> = accepted.units.keys().cloned().collect();
            left.retain(|unit| {
                let is_new = |used: &&Used| {
                    let counts =
                        |known: &Accepted| known.sha256 == used.sha256 && known.units.contains_key(unit);
                    used.units.contains(unit) && !self.standing.iter().any(counts)
                };
                // Its own name came with bytes that cannot be used: others do not stand for it.
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
                kept.extend(self.keep_one(accepted, left, read_again, noted)?);
            }
        }
        Ok(kept)
    }

    /// A school that the register does not have now may be in it again tomorrow.
    fn leave_dormant(&self, accepted: &Accepted, gone: &BTreeSet<String>, noted: &mut Noted<Decided>) {
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
        accepted: &Accepted,
        units: &BTreeSet<String>,
        noted: &mut Noted<Decided>,
    ) {
        let place = Place { file: accepted.file.clone(), ..Place::default() };
        let finding = self.finding(rule, &named(&accepted.sha256)).at(place);
        noted.findings.extend(units.iter().map(|unit| finding.clone().of_school(unit)));
    }

    fn keep_one(
        &self,
        accepted: &Accepted,
        left: BTreeSet<String>,
        read_again: ReadAgain<'_>,
        noted: &mut Noted<Decided>,
    ) -> Result<Option<Used>, RunError> {
        let fragment = read_again(accepted)?;
        let rule = if fragment.is_some() { finding::DELIVERY_KEPT } else { finding::DELIVERY_LOST };
        self.note_units(rule, accepted, &left, noted);
        let Some(fragment) = fragment else { return Ok(None) };
        // What was open in it is open still.
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
        Ok(Some(Used {
            label: accepted.file.clone(),
            landing: accepted.landing.clone(),
            sha256: accepted.sha256.clone(),
            fragment,
            units: left,
            kept: true,
            under: accepted.under.clone(),
            former: accepted.former.clone(),
        }))
    }

    /// A kept delivery in the books: only the rows that count of it.
    fn kept_delivery(&self, accepted: &Accepted, fragment: &Fragment, left: &BTreeSet<String>) -> Delivery {
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
            rows: Counts { physical: rows, loaded: rows, ..Counts::default() },
        }
    }
}

impl Year {
    /// Writes down what was decided about the deliveries of a dataset.
    fn note_decided(&mut self, dataset: &Dataset, noted: Noted<Decided>) {
        let Noted { value, findings, decisions } = noted;
        let aside = self.deliveries.iter_mut().filter(|delivery| value.set_aside.contains(&delivery.file));
        for delivery in aside.filter(|delivery| delivery.outcome == DeliveryOutcome::Decoded) {
            delivery.outcome = DeliveryOutcome::SetAside;
            delivery.rows.quarantined += delivery.rows.loaded;
            delivery.rows.loaded = 0;
        }
        self.deliveries.extend(value.kept);
        self.findings.extend(findings);
        for decision in decisions {
            if !self.overrides.contains(&decision) {
                self.overrides.push(decision);
            }
        }
        self.dormant.extend(value.dormant);
        self.fragments.insert(dataset.dataset.clone(), value.used);
    }
}

impl Given<'_> {
    /// What counts in the release that stands; where a decision was taken back, what counted before.
    fn standing(&self, year: ReportYear, dataset: &Dataset) -> Vec<Accepted> {
        let mut standing = Vec::new();
        let of = |accepted: &&Accepted| accepted.report_year == year && accepted.dataset == dataset.dataset;
        let mut open: Vec<Accepted> =
            self.last.iter().flat_map(|last| &last.accepted).filter(of).cloned().collect();
        while let Some(accepted) = open.pop() {
            if accepted.under.iter().all(|id| self.recorded.iter().any(|decision| decision.id == *id)) {
                standing.push(accepted);
            } else {
                open.extend(accepted.former);
            }
        }
        standing.sort();
        standing.dedup();
        standing
    }

    /// The fragment of a delivery that counts already, from the bytes that landing kept; `None`
    /// when they are gone, or no longer give rows.
    fn taken_again(&self, accepted: &Accepted) -> Result<Option<Fragment>, RunError> {
        let taken = self.take_in_landed(accepted, &mut self.decoder())?;
        let own = taken.into_iter().find(|taken| taken.sha256 == accepted.sha256);
        Ok(own.and_then(|taken| match taken.outcome {
            Outcome::Normalised(fragment) => Some(*fragment),
            Outcome::Rejected(_) => None,
        }))
    }
}

impl Run<'_> {
    /// Decides which deliveries of one dataset and year count.
    ///
    /// # Errors
    /// Of the file system.
    pub(super) fn accept(&mut self, year: ReportYear, dataset: &Dataset) -> Result<(), RunError> {
        let present = self.year(year).present.remove(&dataset.dataset).unwrap_or_default();
        let of = &self.years[&year];
        let rejected = of.deliveries.iter().filter(|of| of.outcome == DeliveryOutcome::Rejected);
        let neighbours = [year - 1, year + 1].map(|other| (other, self.digests(other, &dataset.dataset)));
        let acceptance = Acceptance {
            year,
            dataset,
            standing: self.given.standing(year, dataset),
            applying: &self.given.overrides,
            recorded: &self.given.recorded,
            neighbours: neighbours.into(),
            schools: &of.schools,
            rejected: rejected.map(|delivery| delivery.file.clone()).collect(),
        };
        let decided = acceptance.decide(present, &|accepted| self.given.taken_again(accepted))?;
        self.year(year).note_decided(dataset, decided);
        Ok(())
    }

    /// Digests of the rows that count in another year.
    fn digests(&self, year: ReportYear, dataset: &str) -> BTreeSet<String> {
        // A later year of this run is not decided yet: what stands of it speaks for it.
        if let Some(used) = self.years.get(&year).and_then(|of| of.fragments.get(dataset)) {
            return used.iter().map(|used| used.fragment.rows_digest.clone()).collect();
        }
        let present = self.years.get(&year).and_then(|of| of.present.get(dataset));
        let still_there = |accepted: &&Accepted| {
            !self.years.contains_key(&year)
                || present.into_iter().flatten().any(|present| present.sha256 == accepted.sha256)
        };
        let accepted = self.given.last.iter().flat_map(|last| &last.accepted);
        let of_year = accepted.filter(|accepted| accepted.report_year == year && accepted.dataset == dataset);
        of_year.filter(still_there).map(|accepted| accepted.rows_digest.clone()).collect()
    }

    /// What counts in this run and in the years it leaves alone.
    pub(super) fn accepted(&self) -> Vec<Accepted> {
        let standing = self.given.last.iter().flat_map(|last| &last.accepted);
        let mut all: Vec<Accepted> =
            standing.filter(|known| !self.years.contains_key(&known.report_year)).cloned().collect();
        for (&year, of) in &self.years {
            for (dataset, used) in &of.fragments {
                let Some(contract) = self.given.definitions.dataset(dataset) else { continue };
                all.extend(used.iter().map(|used| {
                    let mut units = units(contract, &used.fragment);
                    // Rows of a code that no register has are nobody's to keep.
                    units.retain(|unit, _| {
                        used.units.contains(unit) && (unit.is_empty() || of.schools.contains_key(unit))
                    });
                    Accepted {
                        report_year: year,
                        dataset: dataset.clone(),
                        file: used.label.clone(),
                        landing: used.landing.clone(),
                        sha256: used.sha256.clone(),
                        fragment: used.fragment.key.clone(),
                        rows_digest: used.fragment.rows_digest.clone(),
                        units,
                        under: used.under.clone(),
                        former: used.former.clone(),
                    }
                }));
            }
            all.extend(of.dormant.iter().cloned());
        }
        all.sort();
        all
    }

    /// Decisions that no longer apply: what they were about is neither delivered nor counts any
    /// more, or, where they stopped something, counts again.
    pub(super) fn lapsed(&self) -> BTreeSet<u32> {
        let mut lapsed = self.given.lapsed.clone();
        lapsed.extend(&self.lapsed_values);
        for decision in self.given.overrides.iter().filter(|decision| decision.about.is_none()) {
            let Some(of) = self.years.get(&decision.report_year) else { continue };
            if decision.correction.is_some() {
                if !is_there(of, decision) {
                    lapsed.insert(decision.id);
                }
                continue;
            }
            let stops = [finding::DELIVERY_KEPT.id, finding::SCHOOL_UNREGISTERED.id];
            let counts = of.fragments.values().flatten().any(|used| used.sha256 == decision.value);
            let there = of.deliveries.iter().any(|delivery| delivery.sha256 == decision.value);
            let over = if stops.contains(&decision.rule.as_str()) { counts } else { !counts && !there };
            if over {
                lapsed.insert(decision.id);
            }
        }
        lapsed
    }
}

/// Whether the delivery that a decision is about counts, or lies in the drop folder.
pub(super) fn is_there(of: &Year, decision: &Override) -> bool {
    let mut used = of.fragments.values().flatten();
    used.any(|used| used.sha256 == decision.value)
        || of.deliveries.iter().any(|delivery| delivery.sha256 == decision.value)
}

/// A delivery as a decision about it names it.
fn named(sha256: &str) -> String {
    format!("文件标识 {}", &sha256[..12])
}

/// A finding that a named person answered.
fn answer(finding: &mut Finding, decision: &Override) {
    finding.severity = Severity::S3;
    finding.message += &format!("（{}已批准采用：{}）", decision.who, decision.reason);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::{self, Definitions};

    const YEAR: ReportYear = 2024;
    const A: &str = "1114000001";
    const B: &str = "1114000002";

    fn definitions() -> Definitions {
        definition::load(&definition::embedded()).unwrap()
    }

    fn hash(letter: char) -> String {
        letter.to_string().repeat(64)
    }

    /// A delivery whose bytes are named by a letter.
    fn delivered<const N: usize>(letter: char, rows: [(&str, u64); N]) -> Present {
        Present {
            label: format!("{YEAR}/x/{letter}.csv"),
            landing: hash(letter),
            sha256: hash(letter),
            fragment: Fragment::of_schools(rows),
        }
    }

    fn standing<const N: usize>(letter: char, rows: [(&str, u64); N]) -> Accepted {
        Accepted {
            report_year: YEAR,
            dataset: "students".to_owned(),
            file: format!("{YEAR}/x/{letter}.csv"),
            landing: hash(letter),
            sha256: hash(letter),
            fragment: String::new(),
            rows_digest: String::new(),
            units: rows.map(|(school, rows)| (school.to_owned(), rows)).into(),
            under: Vec::new(),
            former: Vec::new(),
        }
    }

    fn decision(id: u32, dataset: &str, rule: &Rule, letter: char) -> Override {
        serde_json::from_value(serde_json::json!({
            "format": 1, "id": id, "report_year": YEAR, "rule": rule.id,
            "key": format!("{YEAR}/{dataset}/{letter}.csv"), "value": hash(letter),
            "who": "王科长", "when": "2024-10-08T02:00:00+08:00", "reason": "属实", "withdraws": null
        }))
        .unwrap()
    }

    /// What is known before anything is decided.
    struct Known {
        definitions: Definitions,
        dataset: &'static str,
        standing: Vec<Accepted>,
        decisions: Vec<Override>,
        neighbours: Vec<(ReportYear, BTreeSet<String>)>,
        schools: BTreeMap<String, School>,
        rejected: BTreeSet<String>,
        /// Whether landing has what stands.
        landed: bool,
    }

    impl Known {
        fn nothing(dataset: &'static str) -> Self {
            Known {
                definitions: definitions(),
                dataset,
                standing: Vec::new(),
                decisions: Vec::new(),
                neighbours: Vec::new(),
                schools: [A, B].map(|code| (code.to_owned(), School::default())).into(),
                rejected: BTreeSet::new(),
                landed: true,
            }
        }

        fn decide(&self, present: Vec<Present>) -> Noted<Decided> {
            let acceptance = Acceptance {
                year: YEAR,
                dataset: self.definitions.dataset(self.dataset).unwrap(),
                standing: self.standing.clone(),
                applying: &self.decisions,
                recorded: &self.decisions,
                neighbours: self.neighbours.clone(),
                schools: &self.schools,
                rejected: self.rejected.clone(),
            };
            let read_again = |accepted: &Accepted| {
                let mut fragment = Fragment::of_schools([]);
                fragment.schools.clone_from(&accepted.units);
                Ok(self.landed.then_some(fragment))
            };
            acceptance.decide(present, &read_again).unwrap()
        }
    }

    /// What counts, a line a delivery: its letter, its schools' last digits, `kept`, decisions.
    fn counts(noted: &Noted<Decided>) -> Vec<String> {
        let line = |used: &Used| {
            let units: String = used.units.iter().filter_map(|unit| unit.chars().last()).collect();
            let kept = if used.kept { " kept" } else { "" };
            let under: String = used.under.iter().map(|id| format!(" #{id}")).collect();
            format!("{} {units}{kept}{under}", &used.sha256[..1])
        };
        noted.value.used.iter().map(line).collect()
    }

    /// What was found, a line each: rule, school, severity.
    fn found(noted: &Noted<Decided>) -> Vec<String> {
        let line = |finding: &Finding| {
            let school = finding.school_code.chars().last().map(String::from).unwrap_or_default();
            format!("{} {school} {:?}", finding.rule, finding.severity)
        };
        noted.findings.iter().map(line).collect()
    }

    #[test]
    fn what_reads_counts_where_nothing_speaks_against_it() {
        let noted =
            Known::nothing("students").decide(vec![delivered('b', [(B, 3)]), delivered('a', [(A, 3)])]);
        assert_eq!(counts(&noted), ["a 1", "b 2"]);
        assert!(noted.findings.is_empty() && noted.value.set_aside.is_empty());
    }

    #[test]
    fn much_less_than_what_counts_is_set_aside_until_a_person_accepts_it() {
        let mut known = Known::nothing("students");
        known.standing = vec![standing('a', [(A, 100)])];
        // 71 of 100 is no fall of three in ten, 70 is.
        assert_eq!(counts(&known.decide(vec![delivered('b', [(A, 71)])])), ["b 1"]);
        let noted = known.decide(vec![delivered('b', [(A, 70)])]);
        assert_eq!(counts(&noted), ["a 1 kept"]);
        assert_eq!(found(&noted), ["E-VOLUME 1 S1", "Q-KEPT 1 S2"]);
        assert_eq!(noted.value.set_aside.len(), 1);
        known.decisions = vec![decision(7, "students", finding::DELIVERY_SHORT, 'b')];
        let noted = known.decide(vec![delivered('b', [(A, 70)])]);
        assert_eq!(counts(&noted), ["b 1 #7"]);
        assert_eq!(found(&noted), ["E-VOLUME 1 S3"]);
        assert_eq!(noted.decisions.iter().map(|decision| decision.id).collect::<Vec<_>>(), [7]);
        assert_eq!(noted.value.used[0].former, known.standing);
        // Of another dataset it says nothing.
        known.decisions = vec![decision(7, "graduates", finding::DELIVERY_SHORT, 'b')];
        assert_eq!(counts(&known.decide(vec![delivered('b', [(A, 70)])])), ["a 1 kept"]);
    }

    #[test]
    fn a_school_with_few_rows_is_not_asked_about_in_a_file_of_many() {
        let mut known = Known::nothing("students");
        known.standing = vec![standing('a', [(A, 9), (B, 100)])];
        let noted = known.decide(vec![delivered('b', [(A, 1), (B, 100)])]);
        assert_eq!((counts(&noted), found(&noted)), (vec!["b 12".to_owned()], Vec::new()));
        known.standing = vec![standing('a', [(A, 10), (B, 100)])];
        let noted = known.decide(vec![delivered('b', [(A, 1), (B, 100)])]);
        assert_eq!(counts(&noted), ["a 1 kept", "b 2"]);
        assert_eq!(found(&noted), ["E-VOLUME 1 S1", "Q-KEPT 1 S2"]);
        assert!(noted.value.set_aside.is_empty(), "the other school's rows count");
    }

    #[test]
    fn the_rows_of_another_year_count_in_none_but_that() {
        let mut known = Known::nothing("students");
        known.neighbours = vec![(YEAR - 1, BTreeSet::from(["rows".to_owned()]))];
        let repeated = || {
            let mut present = delivered('a', [(A, 3)]);
            "rows".clone_into(&mut present.fragment.rows_digest);
            present
        };
        let noted = known.decide(vec![repeated()]);
        assert_eq!((counts(&noted).len(), found(&noted)), (0, vec!["E-REPEATS-YEAR  S1".to_owned()]));
        // Nor does it stay where it counted.
        known.standing = vec![standing('a', [(A, 3)])];
        known.standing[0].rows_digest = "rows".to_owned();
        assert_eq!(counts(&known.decide(vec![repeated()])), ["a 1"], "it was there first");
        known.dataset = "conditions";
        known.standing = Vec::new();
        assert_eq!(counts(&known.decide(vec![repeated()])), ["a 1"], "buildings stay as they are");
    }

    #[test]
    fn of_two_files_of_one_school_the_one_that_counts_stays_or_the_one_a_person_names() {
        let mut known = Known::nothing("finance");
        let both = || vec![delivered('a', [(A, 1)]), delivered('b', [(A, 1)])];
        let noted = known.decide(both());
        assert_eq!((counts(&noted).len(), found(&noted)), (0, vec!["E-TWO-FILES 1 S1".to_owned(); 2]));
        assert_eq!(noted.findings[0].other_files.len(), 2);
        known.standing = vec![standing('a', [(A, 1)])];
        let noted = known.decide(both());
        assert_eq!(
            (counts(&noted), found(&noted)),
            (vec!["a 1".to_owned()], vec!["E-TWO-FILES 1 S1".to_owned()])
        );
        let rule = finding::TWO_DELIVERIES;
        known.decisions = vec![decision(3, "finance", rule, 'a'), decision(4, "finance", rule, 'b')];
        let noted = known.decide(both());
        assert_eq!(counts(&noted), ["b 1 #4"], "the newest decision holds");
        assert_eq!(found(&noted), ["E-TWO-FILES 1 S2"]);
    }

    #[test]
    fn what_counted_stays_when_its_file_goes_and_sleeps_when_its_school_does() {
        let mut known = Known::nothing("students");
        known.standing = vec![standing('a', [(A, 5), (B, 5)])];
        let noted = known.decide(Vec::new());
        assert_eq!(counts(&noted), ["a 12 kept"]);
        assert_eq!(found(&noted), ["Q-KEPT 1 S2", "Q-KEPT 2 S2"]);
        known.schools.remove(B);
        let noted = known.decide(Vec::new());
        assert_eq!(counts(&noted), ["a 1 kept"]);
        assert_eq!(found(&noted), ["Q-UNREGISTERED 2 S2", "Q-KEPT 1 S2"]);
        assert_eq!(noted.value.dormant[0].units.keys().collect::<Vec<_>>(), [B]);
        known.landed = false;
        let noted = known.decide(Vec::new());
        assert_eq!((counts(&noted).len(), found(&noted)[1].as_str()), (0, "E-LANDING 1 S1"));
        known.decisions = vec![decision(9, "students", finding::DELIVERY_KEPT, 'a')];
        let noted = known.decide(Vec::new());
        assert_eq!((counts(&noted).len(), noted.findings.len()), (0, 0), "a person let it go");
    }

    #[test]
    fn bytes_that_cannot_be_used_under_its_own_name_leave_what_counted() {
        let mut known = Known::nothing("students");
        known.standing = vec![standing('a', [(A, 5)])];
        let other = || vec![delivered('b', [(A, 5)])];
        assert_eq!(counts(&known.decide(other())), ["b 1"], "another file replaces it");
        known.rejected = BTreeSet::from([known.standing[0].file.clone()]);
        assert_eq!(counts(&known.decide(other())), ["a 1 kept", "b 1"]);
    }
}
