//! Which deliveries count: those that would do harm are set aside, and what a school delivered
//! last stays until something sound replaces it.
//!
//! A delivery is set aside when its own rows say so (a total that disagrees, a file cut short),
//! when it has much less than what stands, when it is another year's, or when it contradicts
//! another. A named person can accept it by an override, which holds for these bytes alone. What
//! counts is written into the manifest as accepted; it stays accepted when its file is gone.

use std::collections::{BTreeMap, BTreeSet};

use super::{Run, RunError, Year};
use crate::contract::{Dataset, Role};
use crate::decisions::Override;
use crate::delivery::DeliveryOutcome;
use crate::finding::{self, Finding, Rule, Severity};
use crate::intake::{Fragment, Outcome, TakenIn};
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

/// A delivery that reads, and what keeps it from counting.
struct Candidate {
    taken: TakenIn,
    fragment: Fragment,
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
        Place { file: self.taken.label.clone(), ..Place::default() }
    }

    /// What an override of it is about, as its file is told.
    fn named(&self) -> String {
        named(&self.taken.sha256)
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

impl Run<'_> {
    /// Decides which deliveries of one dataset and year count.
    ///
    /// # Errors
    /// Of the file system.
    pub(super) fn accept(&mut self, year: ReportYear, dataset: &Dataset) -> Result<(), RunError> {
        let standing = self.standing(year, dataset);
        let present = self.year(year).present.remove(&dataset.dataset).unwrap_or_default();
        let mut candidates: Vec<Candidate> = present
            .into_iter()
            .map(|(taken, fragment)| Candidate {
                units: units(dataset, &fragment),
                taken,
                fragment,
                aside: BTreeSet::new(),
                harmful: false,
                under: Vec::new(),
            })
            .collect();
        for candidate in &mut candidates {
            self.hold_against_itself(year, dataset, &standing, candidate);
        }
        if dataset.one_delivery {
            self.hold_against_each_other(year, dataset, &standing, &mut candidates);
        }
        self.hold_against_what_stands(year, dataset, &standing, &mut candidates);
        let aside: Vec<Aside> = candidates
            .iter()
            .map(|candidate| Aside {
                label: candidate.taken.label.clone(),
                sha256: candidate.taken.sha256.clone(),
                units: candidate.aside.clone(),
            })
            .collect();
        let mut used = self.settle(year, dataset, &standing, candidates);
        let kept = self.keep(year, dataset, &standing, &used, &aside)?;
        used.extend(kept);
        used.sort_by(|a, b| (a.units.first(), &a.sha256).cmp(&(b.units.first(), &b.sha256)));
        self.year(year).fragments.insert(dataset.dataset.clone(), used);
        Ok(())
    }

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

    /// The person who accepted these bytes in spite of a rule.
    fn accepted_by(
        &mut self,
        year: ReportYear,
        dataset: &Dataset,
        rule: &str,
        sha256: &str,
    ) -> Option<Override> {
        let folder = format!("{year}/{}/", dataset.dataset);
        let mut decisions = self.overrides.iter().rev();
        let decision = decisions
            .find(|decision| {
                decision.correction.is_none()
                    && decision.rule == rule
                    && decision.value == sha256
                    && decision.key.starts_with(&folder)
            })?
            .clone();
        let applied = &mut self.year(year).overrides;
        if !applied.contains(&decision) {
            applied.push(decision.clone());
        }
        Some(decision)
    }

    /// Tells a finding about a delivery, and whether it sets it aside: a named person may have
    /// accepted it, whose decision is then noted in `under`.
    fn ask(&mut self, dataset: &Dataset, mut finding: Finding, sha256: &str, under: &mut Vec<u32>) -> bool {
        let year = finding.report_year;
        let decision = self.accepted_by(year, dataset, &finding.rule, sha256);
        if let Some(decision) = &decision {
            answer(&mut finding, decision);
            under.push(decision.id);
        }
        self.year(year).findings.push(finding);
        decision.is_none()
    }

    /// What a delivery's own rows say of it, and whether it is another year's.
    fn hold_against_itself(
        &mut self,
        year: ReportYear,
        dataset: &Dataset,
        standing: &[Accepted],
        candidate: &mut Candidate,
    ) {
        let sha256 = candidate.taken.sha256.clone();
        for mut finding in candidate.fragment.findings.clone() {
            finding.place.file.clone_from(&candidate.taken.label);
            if finding::rule(&finding.rule).is_some_and(Rule::sets_aside) {
                finding.message += &format!("；{}", candidate.named());
                candidate.harmful |= self.ask(dataset, finding, &sha256, &mut candidate.under);
            } else {
                self.year(year).findings.push(finding);
            }
        }
        let known = standing.iter().any(|accepted| accepted.sha256 == sha256);
        if !known && !dataset.may_repeat_last_year {
            let digest = &candidate.fragment.rows_digest;
            let other = [year - 1, year + 1].into_iter().find(|&other| {
                !digest.is_empty() && self.digests(other, &dataset.dataset).contains(digest.as_str())
            });
            if let Some(other) = other {
                let detail = format!("与 {other} 年已采用的报送逐行相同；{}", candidate.named());
                let finding = Finding::new(finding::DELIVERY_REPEATS_YEAR, year, &dataset.dataset, &detail);
                let finding = finding.at(candidate.place());
                candidate.harmful |= self.ask(dataset, finding, &sha256, &mut candidate.under);
            }
        }
        if candidate.harmful {
            candidate.set_aside();
        }
    }

    /// Digests of the rows that count in another year.
    fn digests(&self, year: ReportYear, dataset: &str) -> BTreeSet<&str> {
        // A later year of this run is not decided yet: what stands of it speaks for it.
        if let Some(used) = self.years.get(&year).and_then(|of| of.fragments.get(dataset)) {
            return used.iter().map(|used| used.fragment.rows_digest.as_str()).collect();
        }
        let present = self.years.get(&year).and_then(|of| of.present.get(dataset));
        let still_there = |accepted: &&Accepted| {
            !self.years.contains_key(&year)
                || present.into_iter().flatten().any(|(taken, _)| taken.sha256 == accepted.sha256)
        };
        let accepted = self.last.iter().flat_map(|last| &last.accepted);
        let of_year = accepted.filter(|accepted| accepted.report_year == year && accepted.dataset == dataset);
        of_year.filter(still_there).map(|accepted| accepted.rows_digest.as_str()).collect()
    }

    /// Of two different deliveries of one school, where rows cannot tell which holds, the one that
    /// stands stays; without one, neither is used, until a person names one of them.
    fn hold_against_each_other(
        &mut self,
        year: ReportYear,
        dataset: &Dataset,
        standing: &[Accepted],
        candidates: &mut [Candidate],
    ) {
        let mut by_unit: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, candidate) in candidates.iter().enumerate() {
            for unit in candidate.open_units() {
                by_unit.entry(unit.clone()).or_default().push(index);
            }
        }
        for (unit, indices) in by_unit.into_iter().filter(|(_, indices)| indices.len() > 1) {
            let sha256 = |index: usize| candidates[index].taken.sha256.clone();
            // The newest decision holds.
            let named = indices
                .iter()
                .filter_map(|&index| {
                    let rule = finding::TWO_DELIVERIES.id;
                    Some((self.accepted_by(year, dataset, rule, &sha256(index))?.id, index))
                })
                .max();
            let stands = |&index: &usize| {
                let sha256 = &candidates[index].taken.sha256;
                standing.iter().any(|known| known.sha256 == *sha256 && known.units.contains_key(&unit))
            };
            let stays: Vec<usize> = match named {
                Some((_, index)) => vec![index],
                None => indices.iter().copied().filter(stands).collect(),
            };
            let labels: Vec<&str> =
                indices.iter().map(|&index| candidates[index].taken.label.as_str()).collect();
            let other_files: Vec<String> = labels.iter().map(|&label| label.to_owned()).collect();
            let labels = labels.join("、");
            if let Some((id, index)) = named {
                candidates[index].under.push(id);
            }
            for index in indices.into_iter().filter(|index| stays.as_slice() != [*index]) {
                let candidate = &mut candidates[index];
                candidate.aside.insert(unit.clone());
                let detail = format!("{labels}；{}", candidate.named());
                let mut finding = Finding::new(finding::TWO_DELIVERIES, year, &dataset.dataset, &detail);
                finding.other_files.clone_from(&other_files);
                // A person chose; what lies beside is still asked about.
                if named.is_some() {
                    finding.severity = Severity::S2;
                }
                self.year(year).findings.push(finding.at(candidate.place()).of_school(&unit));
            }
        }
    }

    /// Much less than what stands: of a file as a whole, or of one school in it.
    fn hold_against_what_stands(
        &mut self,
        year: ReportYear,
        dataset: &Dataset,
        standing: &[Accepted],
        candidates: &mut [Candidate],
    ) {
        let mut stood: BTreeMap<&str, u64> = BTreeMap::new();
        for (unit, rows) in standing.iter().flat_map(|accepted| &accepted.units) {
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
            let sha256 = candidate.taken.sha256.clone();
            // What counts already is not asked again because another file came short.
            let counts = |unit: &&String| {
                standing.iter().any(|known| known.sha256 == sha256 && known.units.contains_key(*unit))
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
                let finding = Finding::new(finding::DELIVERY_SHORT, year, &dataset.dataset, &detail);
                let school = if open.len() == 1 { &open[0] } else { &unit };
                let finding = finding.at(candidate.place()).of_school(school);
                if self.ask(dataset, finding, &sha256, &mut candidate.under) {
                    if unit.is_empty() {
                        candidate.aside.extend(open.iter().cloned());
                    } else {
                        candidate.aside.insert(unit);
                    }
                }
            }
        }
    }

    /// What counts of the candidates; what does not is told in the books of its file.
    fn settle(
        &mut self,
        year: ReportYear,
        dataset: &Dataset,
        standing: &[Accepted],
        candidates: Vec<Candidate>,
    ) -> Vec<Used> {
        let mut used = Vec::new();
        for candidate in candidates {
            let open: BTreeSet<String> = candidate.open_units().cloned().collect();
            if !candidate.aside.is_empty() && open.is_empty() {
                let deliveries = &mut self.year(year).deliveries;
                if let Some(delivery) = deliveries.iter_mut().find(|d| d.file == candidate.taken.label) {
                    delivery.outcome = DeliveryOutcome::SetAside;
                    delivery.rows.quarantined += delivery.rows.loaded;
                    delivery.rows.loaded = 0;
                }
                // Nothing of it counts: no row of it is missing for a fault of its own.
                let label = &candidate.taken.label;
                let findings = &mut self.year(year).findings;
                for finding in findings.iter_mut().filter(|finding| finding.place.file == *label) {
                    finding.rows_out = 0;
                }
                if candidate.harmful {
                    self.year(year).harmful.insert(candidate.taken.sha256);
                }
                continue;
            }
            let known = standing.iter().find(|known| known.sha256 == candidate.taken.sha256);
            let mut under = candidate.under;
            for &id in known.into_iter().flat_map(|known| &known.under) {
                if !under.contains(&id) {
                    self.tell_again(dataset, id, &candidate.taken.label);
                    under.push(id);
                }
            }
            under.sort_unstable();
            under.dedup();
            let replaces = |known: &&Accepted| known.units.keys().any(|unit| open.contains(unit));
            let former = match known {
                Some(known) => known.former.clone(),
                None if under.is_empty() => Vec::new(),
                None => standing.iter().filter(replaces).cloned().collect(),
            };
            used.push(Used {
                label: candidate.taken.label,
                landing: candidate.taken.landing,
                sha256: candidate.taken.sha256,
                fragment: candidate.fragment,
                units: open,
                kept: false,
                under,
                former,
            });
        }
        used
    }

    /// A figure that stands on a person's decision says so in every release.
    fn tell_again(&mut self, dataset: &Dataset, id: u32, label: &str) {
        let Some(decision) = self.recorded.iter().find(|decision| decision.id == id).cloned() else {
            return;
        };
        let year = decision.report_year;
        if let Some(rule) = finding::rule(&decision.rule) {
            let place = Place { file: label.to_owned(), ..Place::default() };
            let mut finding = Finding::new(rule, year, &dataset.dataset, "").at(place);
            answer(&mut finding, &decision);
            self.year(year).findings.push(finding);
        }
        let applied = &mut self.year(year).overrides;
        if !applied.contains(&decision) {
            applied.push(decision);
        }
    }

    /// What stands and was not replaced by something sound, in whole or for some schools.
    fn keep(
        &mut self,
        year: ReportYear,
        dataset: &Dataset,
        standing: &[Accepted],
        used: &[Used],
        aside: &[Aside],
    ) -> Result<Vec<Used>, RunError> {
        let mut kept = Vec::new();
        for accepted in standing {
            if used.iter().any(|used| used.sha256 == accepted.sha256)
                || self.years[&year].harmful.contains(&accepted.sha256)
            {
                continue;
            }
            let rejected = self.is_rejected(year, &accepted.file);
            let mut left: BTreeSet<String> = accepted.units.keys().cloned().collect();
            left.retain(|unit| {
                let is_new = |used: &&Used| {
                    used.units.contains(unit)
                        && !standing
                            .iter()
                            .any(|known| known.sha256 == used.sha256 && known.units.contains_key(unit))
                };
                // Its own name came with bytes that cannot be used: others do not stand for it.
                let spoiled = rejected
                    || aside.iter().any(|aside| {
                        aside.label == accepted.file
                            && aside.sha256 != accepted.sha256
                            && aside.units.contains(unit)
                    });
                spoiled || !used.iter().any(|used| is_new(&used))
            });
            if left.is_empty()
                || self.accepted_by(year, dataset, finding::DELIVERY_KEPT.id, &accepted.sha256).is_some()
            {
                continue;
            }
            let registered = |unit: &String| unit.is_empty() || self.years[&year].schools.contains_key(unit);
            let (left, gone): (BTreeSet<String>, BTreeSet<String>) = left.into_iter().partition(registered);
            self.leave_dormant(year, dataset, accepted, &gone);
            if !left.is_empty() {
                kept.extend(self.keep_one(year, dataset, accepted, left)?);
            }
        }
        Ok(kept)
    }

    fn is_rejected(&self, year: ReportYear, label: &str) -> bool {
        let mut deliveries = self.years.get(&year).into_iter().flat_map(|of| &of.deliveries);
        deliveries.any(|delivery| delivery.file == label && delivery.outcome == DeliveryOutcome::Rejected)
    }

    /// A school that the register does not have now may be in it again tomorrow.
    fn leave_dormant(
        &mut self,
        year: ReportYear,
        dataset: &Dataset,
        accepted: &Accepted,
        gone: &BTreeSet<String>,
    ) {
        let rule = finding::SCHOOL_UNREGISTERED;
        if gone.is_empty() || self.accepted_by(year, dataset, rule.id, &accepted.sha256).is_some() {
            return;
        }
        let place = Place { file: accepted.file.clone(), ..Place::default() };
        for unit in gone {
            let finding = Finding::new(rule, year, &dataset.dataset, &named(&accepted.sha256));
            self.year(year).findings.push(finding.at(place.clone()).of_school(unit));
        }
        let mut dormant = accepted.clone();
        dormant.units.retain(|unit, _| gone.contains(unit));
        self.year(year).dormant.push(dormant);
    }

    fn keep_one(
        &mut self,
        year: ReportYear,
        dataset: &Dataset,
        accepted: &Accepted,
        left: BTreeSet<String>,
    ) -> Result<Option<Used>, RunError> {
        let place = Place { file: accepted.file.clone(), ..Place::default() };
        let fragment = self.taken_again(accepted)?;
        let rule = if fragment.is_some() { finding::DELIVERY_KEPT } else { finding::DELIVERY_LOST };
        for unit in &left {
            let finding = Finding::new(rule, year, &dataset.dataset, &named(&accepted.sha256));
            self.year(year).findings.push(finding.at(place.clone()).of_school(unit));
        }
        let Some(fragment) = fragment else { return Ok(None) };
        // What was open in it is open still.
        for mut finding in fragment.findings.clone() {
            if finding.school_code.is_empty() || left.contains(&finding.school_code) {
                finding.place.file.clone_from(&accepted.file);
                if finding::rule(&finding.rule).is_some_and(Rule::sets_aside) {
                    self.ask(dataset, finding, &accepted.sha256, &mut Vec::new());
                } else {
                    self.year(year).findings.push(finding);
                }
            }
        }
        for &id in &accepted.under {
            self.tell_again(dataset, id, &accepted.file);
        }
        self.note_kept(dataset, accepted, &fragment, &left);
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
    fn note_kept(
        &mut self,
        dataset: &Dataset,
        accepted: &Accepted,
        fragment: &Fragment,
        left: &BTreeSet<String>,
    ) {
        let all = units(dataset, fragment);
        let rows = if all.len() == left.len() {
            fragment.counts.loaded
        } else {
            left.iter().filter_map(|unit| all.get(unit)).sum()
        };
        let delivery = Delivery {
            report_year: accepted.report_year,
            dataset: dataset.dataset.clone(),
            file: accepted.file.clone(),
            sha256: accepted.sha256.clone(),
            format: fragment.format.name().to_owned(),
            encoding: fragment.encoding.clone(),
            outcome: DeliveryOutcome::Kept,
            rows: Counts { physical: rows, loaded: rows, ..Counts::default() },
        };
        self.year(accepted.report_year).deliveries.push(delivery);
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

    /// What counts in this run and in the years it leaves alone.
    pub(super) fn accepted(&self) -> Vec<Accepted> {
        let standing = self.last.iter().flat_map(|last| &last.accepted);
        let mut all: Vec<Accepted> =
            standing.filter(|known| !self.years.contains_key(&known.report_year)).cloned().collect();
        for (&year, of) in &self.years {
            for (dataset, used) in &of.fragments {
                let Some(contract) = self.definitions.dataset(dataset) else { continue };
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
        let mut lapsed = self.last.as_ref().map(|last| last.lapsed.clone()).unwrap_or_default();
        lapsed.extend(&self.lapsed_values);
        for decision in self.overrides.iter().filter(|decision| decision.about.is_none()) {
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
