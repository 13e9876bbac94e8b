//! The deliveries of each year: all of them in the books, and those that could be read. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::ByYear;
use super::noted::Noted;
use crate::delivery::Delivery;
use crate::delivery::DeliveryOutcome;
use crate::delivery::RowCounts;
use crate::ingest::{Fragment, IntakeResult, Outcome};
use crate::period::ReportYear;

/// A delivery that could be read.
#[derive(Debug)]
pub(super) struct DecodedDelivery {
    pub label: String,
    /// SHA-256 of the file as dropped: of the bundle, for a member.
    pub landing: String,
    pub sha256: String,
    pub fragment: Fragment,
}

/// The deliveries of a year.
#[derive(Debug, Default)]
pub(super) struct ReceivedYear {
    /// Deliveries that could be read, by dataset, until it is decided which count.
    pub decoded: BTreeMap<String, Vec<DecodedDelivery>>,
    /// All deliveries, as in the books.
    pub deliveries: Vec<Delivery>,
    /// Keys of all fragments.
    pub fragments: BTreeSet<String>,
    /// A reader was killed from outside: the next run tries again even if nothing changes.
    pub try_again: bool,
}

/// Sorts results by year and dataset; the same bytes twice are one delivery. Every year of the run has an
/// entry, even where none of its files could be read.
pub(super) fn receive(taken: Vec<IntakeResult>, years: &[ReportYear]) -> ByYear<Noted<ReceivedYear>> {
    let mut received: ByYear<Noted<ReceivedYear>> =
        years.iter().map(|year| (*year, Noted::default())).collect();
    let mut seen = BTreeSet::new();
    for file in taken {
        let noted = received.entry(file.year).or_default();
        let year = &mut noted.value;
        year.try_again |= file.try_again;
        if let Outcome::Normalised(fragment) = &file.outcome {
            year.fragments.insert(fragment.key.clone());
        }
        let repeated = !seen.insert((file.year, file.dataset.clone(), file.sha256.clone()));
        let mut delivery = Delivery {
            report_year: file.year,
            dataset: file.dataset.clone(),
            file: file.label.clone(),
            sha256: file.sha256.clone(),
            format: String::new(),
            encoding: String::new(),
            outcome: DeliveryOutcome::Repeated,
            rows: RowCounts::default(),
        };
        if repeated {
            year.deliveries.push(delivery);
            continue;
        }
        match file.outcome {
            Outcome::Rejected(finding) => {
                delivery.outcome = DeliveryOutcome::Rejected;
                noted.findings.push(*finding);
            }
            Outcome::Normalised(fragment) => {
                delivery.outcome = DeliveryOutcome::Decoded;
                fragment.format.name().clone_into(&mut delivery.format);
                delivery.encoding.clone_from(&fragment.encoding);
                delivery.rows = fragment.counts;
                let decoded = DecodedDelivery {
                    label: file.label,
                    landing: file.landing,
                    sha256: file.sha256,
                    fragment: *fragment,
                };
                year.decoded.entry(file.dataset).or_default().push(decoded);
            }
        }
        year.deliveries.push(delivery);
    }
    received
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{self, Finding};

    fn taken(year: ReportYear, name: &str, bytes: &str, outcome: Outcome) -> IntakeResult {
        IntakeResult {
            label: format!("{year}/students/{name}.csv"),
            year,
            dataset: "students".to_owned(),
            sha256: bytes.to_owned(),
            landing: bytes.to_owned(),
            outcome,
            try_again: false,
        }
    }

    fn normalised(key: &str) -> Outcome {
        let mut fragment = Fragment::of_schools([("1114000001", 3)]);
        key.clone_into(&mut fragment.key);
        Outcome::Normalised(Box::new(fragment))
    }

    fn rejected() -> Outcome {
        Outcome::Rejected(Box::new(Finding::new(finding::FILE_EMPTY, 2024, "students", "")))
    }

    #[test]
    fn the_same_bytes_twice_are_one_delivery_of_a_year() {
        let twice = vec![
            taken(2024, "a", "one", normalised("k")),
            taken(2024, "b", "one", normalised("k")),
            taken(2023, "a", "one", normalised("l")),
        ];
        let received = receive(twice, &[]);
        let outcomes = |year| -> Vec<DeliveryOutcome> {
            received[&year].value.deliveries.iter().map(|delivery| delivery.outcome).collect()
        };
        assert_eq!(outcomes(2024), [DeliveryOutcome::Decoded, DeliveryOutcome::Repeated]);
        assert_eq!(outcomes(2023), [DeliveryOutcome::Decoded]);
        let of_2024 = &received[&2024].value;
        assert_eq!((of_2024.decoded["students"].len(), of_2024.fragments.len()), (1, 1));
        let loaded: Vec<u64> = of_2024.deliveries.iter().map(|delivery| delivery.rows.loaded).collect();
        assert_eq!(loaded, [3, 0]);
    }

    #[test]
    fn a_delivery_that_cannot_be_read_is_in_the_books_with_its_finding() {
        let killed = IntakeResult { try_again: true, ..taken(2024, "a", "one", rejected()) };
        let received = receive(vec![killed], &[2023, 2024]);
        assert_eq!(received.keys().collect::<Vec<_>>(), [&2023, &2024], "both are there");
        let noted = &received[&2024];
        assert_eq!(noted.findings[0].rule, finding::FILE_EMPTY.id);
        assert_eq!(noted.value.deliveries[0].outcome, DeliveryOutcome::Rejected);
        assert!(noted.value.decoded.is_empty() && noted.value.try_again);
        assert!(!received[&2023].value.try_again && received[&2023].findings.is_empty());
    }
}
