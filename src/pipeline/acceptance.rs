//! Which deliveries count: those that would do harm are set aside, and what a school delivered
//! last stays until something sound replaces it.
//!
//! A delivery is set aside when its own rows say so (a total that disagrees, a file cut short),
//! when it has much less than what stands, when it is another year's, or when it contradicts
//! another. A named person can accept it by an override, which holds for these bytes alone. What
//! counts is written into the manifest as accepted; it stays accepted when its file is gone.

use std::collections::{BTreeMap, BTreeSet};

use super::{Run, RunError};
use crate::contract::Dataset;
use crate::decisions::Override;
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
}

impl Used {
    /// The schools whose rows of it count.
    pub fn schools(&self) -> impl Iterator<Item = &String> {
        let whole = self.units.contains(REGISTER);
        self.fragment.schools.keys().filter(move |school| whole || self.units.contains(*school))
    }
}

/// The unit of the register of schools.
const REGISTER: &str = "";

/// What stands or falls together: a school's rows; all of the register, as a city has one.
pub(super) fn units(dataset: &Dataset, fragment: &Fragment) -> BTreeMap<String, u64> {
    if dataset.table == "school" {
        return BTreeMap::from([(REGISTER.to_owned(), fragment.schools.values().sum())]);
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
        format!("文件标识 {}", &self.taken.sha256[..12])
    }
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
        let present = self.year(year).present.remove(&dataset.dataset).unwrap_or_default();
        let standing = self.standing(year, dataset);
        let mut candidates: Vec<Candidate> = present
            .into_iter()
            .map(|(taken, fragment)| Candidate {
                units: units(dataset, &fragment),
                taken,
                fragment,
                aside: BTreeSet::new(),
                harmful: false,
            })
            .collect();
        for candidate in &mut candidates {
            self.hold_against_itself(year, dataset, &standing, candidate);
        }
        if dataset.one_delivery {
            self.hold_against_each_other(year, dataset, &standing, &mut candidates);
        }
        self.hold_against_what_stands(year, dataset, &standing, &mut candidates);
        let mut used = self.settle(year, candidates);
        let kept = self.keep(year, dataset, &standing, &used)?;
        used.extend(kept);
        used.sort_by(|a, b| (a.units.first(), &a.sha256).cmp(&(b.units.first(), &b.sha256)));
        self.year(year).fragments.insert(dataset.dataset.clone(), used);
        Ok(())
    }

    /// What counts in the release that stands.
    fn standing(&self, year: ReportYear, dataset: &Dataset) -> Vec<Accepted> {
        let of = |accepted: &&Accepted| accepted.report_year == year && accepted.dataset == dataset.dataset;
        self.last.iter().flat_map(|last| &last.accepted).filter(of).cloned().collect()
    }

    /// The person who accepted these bytes in spite of a rule.
    fn accepted_by(&mut self, year: ReportYear, rule: &str, sha256: &str) -> Option<Override> {
        let decisions = self.overrides.iter();
        let decision = decisions
            .filter(|decision| decision.report_year == year)
            .find(|decision| decision.rule == rule && decision.value == sha256)?
            .clone();
        let applied = &mut self.year(year).overrides;
        if !applied.contains(&decision) {
            applied.push(decision.clone());
        }
        Some(decision)
    }

    /// Tells a finding about a candidate, and whether it sets it aside: a named person may have
    /// accepted it.
    fn ask(&mut self, year: ReportYear, mut finding: Finding, sha256: &str) -> bool {
        let decision = self.accepted_by(year, &finding.rule, sha256);
        if let Some(decision) = &decision {
            finding.severity = Severity::S3;
            finding.message += &format!("（{}已批准采用：{}）", decision.who, decision.reason);
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
                candidate.harmful |= self.ask(year, finding, &sha256);
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
                candidate.harmful |= self.ask(year, finding.at(candidate.place()), &sha256);
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
        let accepted = self.last.iter().flat_map(|last| &last.accepted);
        let of_year = accepted.filter(|accepted| accepted.report_year == year && accepted.dataset == dataset);
        of_year.map(|accepted| accepted.rows_digest.as_str()).collect()
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
            let named: Vec<usize> = indices
                .iter()
                .copied()
                .filter(|&index| self.accepted_by(year, finding::TWO_DELIVERIES.id, &sha256(index)).is_some())
                .collect();
            let stands = |&index: &usize| {
                let sha256 = &candidates[index].taken.sha256;
                standing.iter().any(|known| known.sha256 == *sha256 && known.units.contains_key(&unit))
            };
            let stays: Vec<usize> = match named.as_slice() {
                [only] => vec![*only],
                _ => indices.iter().copied().filter(stands).collect(),
            };
            let labels: Vec<&str> =
                indices.iter().map(|&index| candidates[index].taken.label.as_str()).collect();
            let labels = labels.join("、");
            for index in indices.into_iter().filter(|index| stays.as_slice() != [*index]) {
                let candidate = &mut candidates[index];
                candidate.aside.insert(unit.clone());
                let detail = format!("{labels}；{}", candidate.named());
                let mut finding = Finding::new(finding::TWO_DELIVERIES, year, &dataset.dataset, &detail);
                if !named.is_empty() && !stays.is_empty() {
                    finding.severity = Severity::S3;
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
        for candidate in candidates.iter_mut().filter(|candidate| candidate.open_units().next().is_some()) {
            let sha256 = candidate.taken.sha256.clone();
            let open: Vec<String> = candidate.open_units().cloned().collect();
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
                if self.ask(year, finding.at(candidate.place()).of_school(school), &sha256) {
                    if unit.is_empty() {
                        candidate.set_aside();
                    } else {
                        candidate.aside.insert(unit);
                    }
                }
            }
        }
    }

    /// What counts of the candidates; what does not is told in the books of its file.
    fn settle(&mut self, year: ReportYear, candidates: Vec<Candidate>) -> Vec<Used> {
        let mut used = Vec::new();
        for candidate in candidates {
            let open: BTreeSet<String> = candidate.open_units().cloned().collect();
            if !candidate.aside.is_empty() && open.is_empty() {
                let deliveries = &mut self.year(year).deliveries;
                if let Some(delivery) = deliveries.iter_mut().find(|d| d.file == candidate.taken.label) {
                    "set_aside".clone_into(&mut delivery.outcome);
                    delivery.rows.quarantined += delivery.rows.loaded;
                    delivery.rows.loaded = 0;
                }
                if candidate.harmful {
                    self.year(year).harmful.insert(candidate.taken.sha256);
                }
                continue;
            }
            used.push(Used {
                label: candidate.taken.label,
                landing: candidate.taken.landing,
                sha256: candidate.taken.sha256,
                fragment: candidate.fragment,
                units: open,
                kept: false,
            });
        }
        used
    }

    /// What stands for units that nothing usable was delivered for.
    fn keep(
        &mut self,
        year: ReportYear,
        dataset: &Dataset,
        standing: &[Accepted],
        used: &[Used],
    ) -> Result<Vec<Used>, RunError> {
        let covered: BTreeSet<&String> = used.iter().flat_map(|used| &used.units).collect();
        let mut kept = Vec::new();
        for accepted in standing {
            // A school that the register no longer has is not kept alive by an old file.
            let known = |unit: &&String| unit.is_empty() || self.years[&year].schools.contains_key(*unit);
            let left: BTreeSet<String> =
                accepted.units.keys().filter(|unit| !covered.contains(unit)).filter(known).cloned().collect();
            if left.is_empty() || self.years[&year].harmful.contains(&accepted.sha256) {
                continue;
            }
            if self.accepted_by(year, finding::DELIVERY_KEPT.id, &accepted.sha256).is_some() {
                continue;
            }
            let place = Place { file: accepted.file.clone(), ..Place::default() };
            let fragment = self.taken_again(accepted)?;
            let rule = if fragment.is_some() { finding::DELIVERY_KEPT } else { finding::DELIVERY_LOST };
            let named = format!("文件标识 {}", &accepted.sha256[..12]);
            for unit in &left {
                let finding = Finding::new(rule, year, &dataset.dataset, &named).at(place.clone());
                self.year(year).findings.push(finding.of_school(unit));
            }
            let Some(fragment) = fragment else { continue };
            self.note_kept(dataset, accepted, &fragment, &left);
            kept.push(Used {
                label: accepted.file.clone(),
                landing: accepted.landing.clone(),
                sha256: accepted.sha256.clone(),
                fragment,
                units: left,
                kept: true,
            });
        }
        Ok(kept)
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
            outcome: "kept".to_owned(),
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
                    units.retain(|unit, _| used.units.contains(unit));
                    Accepted {
                        report_year: year,
                        dataset: dataset.clone(),
                        file: used.label.clone(),
                        landing: used.landing.clone(),
                        sha256: used.sha256.clone(),
                        fragment: used.fragment.key.clone(),
                        rows_digest: used.fragment.rows_digest.clone(),
                        units,
                    }
                }));
            }
        }
        all.sort();
        all
    }
}
