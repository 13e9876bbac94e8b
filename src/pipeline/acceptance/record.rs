//! The deliveries of one year as recorded in the books and the manifest, once it is decided which count.

use std::collections::{BTreeMap, BTreeSet};

use super::{AcceptedDelivery, AsideDelivery, Selection, units};
use crate::decisions::Override;
use crate::definitions::Definitions;
use crate::definitions::contract::Dataset;
use crate::delivery::Delivery;
use crate::delivery::DeliveryOutcome;
use crate::figures::compute::School;
use crate::finding;
use crate::period::ReportYear;
use crate::warehouse::assemble::AssembledTable;
use crate::warehouse::publish::CountedDelivery;

/// The deliveries of a year.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct YearDeliveries {
    /// Deliveries that count, by dataset, in an order that does not depend on names.
    pub accepted: BTreeMap<String, Vec<AcceptedDelivery>>,
    /// Deliveries that counted for schools that the register does not have now.
    pub dormant: Vec<CountedDelivery>,
    /// Deliveries with rows that are set aside, by dataset.
    pub aside: BTreeMap<String, Vec<AsideDelivery>>,
    /// All deliveries, as in the books.
    pub all: Vec<Delivery>,
    /// Keys of all fragments, including those set aside.
    pub fragments: BTreeSet<String>,
    /// A reader was killed from outside: the next run tries again even if nothing changes.
    pub try_again: bool,
}

impl YearDeliveries {
    /// Records which deliveries of a dataset count.
    pub fn record(&mut self, dataset: &Dataset, selection: Selection) {
        let aside = self.all.iter_mut().filter(|delivery| selection.set_aside.contains(&delivery.file));
        for delivery in aside.filter(|delivery| delivery.outcome == DeliveryOutcome::Decoded) {
            let repeated = selection.repeated.get(&delivery.file).copied().unwrap_or_default();
            let aside = delivery.rows.loaded - repeated;
            delivery.outcome = if aside == 0 && repeated > 0 {
                DeliveryOutcome::Repeated
            } else {
                DeliveryOutcome::SetAside
            };
            delivery.rows.duplicate += repeated;
            delivery.rows.quarantined += aside;
            delivery.rows.loaded = 0;
        }
        self.all.extend(selection.kept);
        self.dormant.extend(selection.dormant);
        self.aside.insert(dataset.dataset.clone(), selection.aside);
        self.accepted.insert(dataset.dataset.clone(), selection.used);
    }

    /// Books the rows that another row counts for, in the entries of their files.
    pub fn settle(&mut self, dataset: &Dataset, assembled: &AssembledTable) {
        let accepted = self.accepted.get(&dataset.dataset).map(Vec::as_slice).unwrap_or_default();
        for (index, accepted) in accepted.iter().enumerate() {
            let entry = self.all.iter_mut().find(|delivery| {
                delivery.file == accepted.label
                    && delivery.sha256 == accepted.sha256
                    && (delivery.outcome == DeliveryOutcome::Kept) == accepted.kept
                    && delivery.outcome != DeliveryOutcome::Repeated
            });
            let Some(Delivery { rows, .. }) = entry else { continue };
            // The books have only the rows of a kept file that count.
            let aside = if accepted.kept { 0 } else { assembled.set_aside[index] };
            let out = assembled.shared[index] + aside;
            rows.duplicate += assembled.duplicates[index];
            rows.quarantined += out;
            rows.loaded -= assembled.duplicates[index] + out;
            assert!(rows.holds(), "rows were lost or counted twice: {rows:?}");
        }
    }

    /// The deliveries of a dataset that count.
    pub fn of(&self, dataset: &Dataset) -> &[AcceptedDelivery] {
        self.accepted.get(&dataset.dataset).map(Vec::as_slice).unwrap_or_default()
    }

    /// Files of which nothing could be read.
    pub fn rejected(&self) -> BTreeSet<String> {
        let rejected = self.all.iter().filter(|delivery| delivery.outcome == DeliveryOutcome::Rejected);
        rejected.map(|delivery| delivery.file.clone()).collect()
    }

    /// Whether the delivery that a decision is about counts, or is in the drop folder.
    pub fn has(&self, decision: &Override) -> bool {
        self.counts(&decision.value) || self.all.iter().any(|delivery| delivery.sha256 == decision.value)
    }

    fn counts(&self, sha256: &str) -> bool {
        self.accepted.values().flatten().any(|used| used.sha256 == sha256)
    }

    /// Whether a decision about a delivery no longer applies: the delivery is gone and no longer counts, or,
    /// where the decision stopped it, counts again.
    pub fn is_over(&self, decision: &Override) -> bool {
        let stops = [finding::DELIVERY_KEPT.id, finding::SCHOOL_UNREGISTERED.id];
        if decision.correction.is_none() && stops.contains(&decision.rule.as_str()) {
            return self.counts(&decision.value);
        }
        !self.has(decision)
    }

    /// The deliveries that count, as entries of the manifest.
    pub fn entries(
        &self,
        year: ReportYear,
        definitions: &Definitions,
        schools: &BTreeMap<String, School>,
    ) -> Vec<CountedDelivery> {
        let mut entries = self.dormant.clone();
        for (dataset, used) in &self.accepted {
            let Some(contract) = definitions.dataset(dataset) else { continue };
            entries.extend(used.iter().map(|used| {
                let mut units = units(contract, &used.fragment);
                // Rows of a school code that is in no register are not kept.
                units.retain(|unit, _| {
                    used.units.contains(unit) && (unit.is_empty() || schools.contains_key(unit))
                });
                CountedDelivery {
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
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions;
    use crate::delivery::RowCounts;

    const A: &str = "1114000001";
    const B: &str = "1114000002";

    fn delivery(name: &str, loaded: u64, outcome: DeliveryOutcome) -> Delivery {
        Delivery {
            report_year: 2024,
            dataset: "students".to_owned(),
            file: name.to_owned(),
            sha256: name.to_owned(),
            format: String::new(),
            encoding: String::new(),
            outcome,
            rows: RowCounts { physical: loaded, loaded, ..RowCounts::default() },
        }
    }

    /// `a` counts, `b` is set aside, `c` is kept, and `d` cannot be read.
    fn year(definitions: &Definitions) -> YearDeliveries {
        let decoded = |name| delivery(name, 5, DeliveryOutcome::Decoded);
        let rejected = delivery("d", 0, DeliveryOutcome::Rejected);
        let mut year =
            YearDeliveries { all: vec![decoded("a"), decoded("b"), rejected], ..YearDeliveries::default() };
        let kept = AcceptedDelivery { kept: true, ..AcceptedDelivery::of_schools("c", [(B, 4)]) };
        let selection = Selection {
            used: vec![AcceptedDelivery::of_schools("a", [(A, 5)]), kept],
            set_aside: BTreeSet::from(["b".to_owned()]),
            kept: vec![delivery("c", 4, DeliveryOutcome::Kept)],
            ..Selection::default()
        };
        year.record(definitions.dataset("students").unwrap(), selection);
        year
    }

    fn books(year: &YearDeliveries) -> Vec<String> {
        let line = |delivery: &Delivery| {
            let RowCounts { loaded, quarantined, duplicate, .. } = delivery.rows;
            format!("{} {:?} {loaded} {quarantined} {duplicate}", delivery.file, delivery.outcome)
        };
        year.all.iter().map(line).collect()
    }

    #[test]
    fn the_books_say_of_every_delivery_what_became_of_its_rows() {
        let definitions = definitions::load(&definitions::embedded()).unwrap();
        let mut year = year(&definitions);
        assert_eq!(books(&year), ["a Decoded 5 0 0", "b SetAside 0 5 0", "d Rejected 0 0 0", "c Kept 4 0 0"]);
        assert_eq!(year.rejected(), BTreeSet::from(["d".to_owned()]));
        let assembled = AssembledTable {
            path: "students.parquet".into(),
            rows: 6,
            duplicates: vec![1, 0],
            shared: vec![0, 1],
            set_aside: vec![1, 9],
            rows_out: Vec::new(),
            equal: Vec::new(),
        };
        year.settle(definitions.dataset("students").unwrap(), &assembled);
        // Rows of other schools in a kept file were never in the books.
        assert_eq!(books(&year), ["a Decoded 3 1 1", "b SetAside 0 5 0", "d Rejected 0 0 0", "c Kept 3 1 0"]);
    }

    #[test]
    fn rows_that_another_file_has_are_duplicates_in_the_books() {
        let definitions = definitions::load(&definitions::embedded()).unwrap();
        let decoded = |name| delivery(name, 5, DeliveryOutcome::Decoded);
        let mut year = YearDeliveries { all: vec![decoded("a"), decoded("b")], ..YearDeliveries::default() };
        let selection = Selection {
            set_aside: ["a", "b"].map(str::to_owned).into(),
            repeated: BTreeMap::from([("a".to_owned(), 5), ("b".to_owned(), 2)]),
            ..Selection::default()
        };
        year.record(definitions.dataset("students").unwrap(), selection);
        assert_eq!(books(&year), ["a Repeated 0 0 5", "b SetAside 0 3 2"]);
        assert!(year.all.iter().all(|delivery| delivery.rows.holds()));
    }

    #[test]
    fn the_manifest_has_what_counts_of_schools_that_the_register_has() {
        let definitions = definitions::load(&definitions::embedded()).unwrap();
        let year = year(&definitions);
        let schools = BTreeMap::from([(A.to_owned(), School::default())]);
        let entries = year.entries(2024, &definitions, &schools);
        let lines: Vec<(&str, Vec<&String>)> =
            entries.iter().map(|entry| (entry.file.as_str(), entry.units.keys().collect())).collect();
        assert_eq!(lines, [("a", vec![&A.to_owned()]), ("c", vec![])]);
    }
}
