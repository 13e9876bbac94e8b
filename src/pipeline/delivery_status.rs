//! Who has delivered what: every school of the register with every dataset. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::acceptance::YearDeliveries;
use crate::deadlines::Deadlines;
use crate::definitions::Definitions;
use crate::definitions::contract::Dataset;
use crate::delivery::{DeliveryOutcome, StatusOutcome};
use crate::figures::compute::School;
use crate::finding::Finding;
use crate::period::ReportYear;
use crate::tables::delivery_status::DeliveryStatusRow;

/// The days on which the bytes of a dataset arrived, `2024-10-08`.
pub(super) trait Arrivals {
    /// `None` where it is not known.
    fn day(&self, dataset: &str, file: &str, sha256: &str) -> Option<String>;
}

/// What is known of a year when its deliveries are looked at school by school.
pub(super) struct KnownDeliveries<'a> {
    pub year: ReportYear,
    pub schools: &'a BTreeMap<String, School>,
    pub deliveries: &'a YearDeliveries,
    /// Rows of each school in the table of a dataset, by the table's name.
    pub rows: &'a BTreeMap<String, BTreeMap<String, u64>>,
    pub findings: &'a [Finding],
    pub arrivals: &'a dyn Arrivals,
    /// The rows of the current release: a school that was in time stays in time when it delivers again.
    pub before: &'a [DeliveryStatusRow],
}

/// A file of a school.
#[derive(Debug, Clone, Copy)]
struct Sent<'a> {
    file: &'a str,
    sha256: &'a str,
    became: Became,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Became {
    Counted,
    SetAside,
    Rejected,
}

/// A row for every school of the register with every dataset.
pub(super) fn rows(
    definitions: &Definitions,
    deadlines: &Deadlines,
    known: &KnownDeliveries<'_>,
) -> Vec<DeliveryStatusRow> {
    let before: BTreeMap<(&str, &str), &DeliveryStatusRow> =
        known.before.iter().map(|row| ((row.school_code.as_str(), row.dataset.as_str()), row)).collect();
    let mut kept_out: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for finding in known.findings.iter().filter(|finding| finding.rows_out > 0) {
        *kept_out.entry((&finding.school_code, &finding.dataset)).or_default() += finding.rows_out;
    }
    let mut rows = Vec::new();
    for dataset in &definitions.datasets {
        let deadline = deadlines.of(&dataset.dataset, known.year).map(|date| date.to_string());
        let sent = sent(dataset, known);
        for (code, school) in known.schools {
            let key = (code.as_str(), dataset.dataset.as_str());
            let sent = sent.get(code.as_str()).map(Vec::as_slice).unwrap_or_default();
            let row = DeliveryStatusRow {
                report_year: known.year,
                region_code: school.region_code.clone(),
                school_code: code.clone(),
                dataset: dataset.dataset.clone(),
                expected: is_expected(definitions, dataset, known.year),
                outcome: StatusOutcome::NotAsked,
                rows_loaded: known
                    .rows
                    .get(&dataset.table)
                    .and_then(|rows| rows.get(code))
                    .copied()
                    .unwrap_or_default(),
                rows_quarantined: kept_out.get(&key).copied().unwrap_or_default()
                    + aside_rows(dataset, code, known.deliveries),
                files: sent.iter().map(|sent| sent.sha256).collect::<BTreeSet<_>>().len() as u64,
                first_file: String::new(),
                first_seen: String::new(),
                last_file: String::new(),
                last_seen: String::new(),
                deadline: deadline.clone().unwrap_or_default(),
            };
            rows.push(with_outcome(row, sent, before.get(&key).copied(), known.arrivals));
        }
    }
    rows.sort_by(|a, b| {
        (&a.region_code, &a.school_code, &a.dataset).cmp(&(&b.region_code, &b.school_code, &b.dataset))
    });
    rows
}

/// Whether every school must deliver a dataset: a year without a report asks for nothing.
fn is_expected(definitions: &Definitions, dataset: &Dataset, year: ReportYear) -> bool {
    dataset.every_school && definitions.layout(year).is_some()
}

/// A row with its outcome, by the files of the school.
fn with_outcome(
    row: DeliveryStatusRow,
    sent: &[Sent<'_>],
    before: Option<&DeliveryStatusRow>,
    arrivals: &dyn Arrivals,
) -> DeliveryStatusRow {
    let day = |sent: &Sent<'_>| arrivals.day(&row.dataset, sent.file, sent.sha256).unwrap_or_default();
    let counted = || sent.iter().filter(|sent| sent.became == Became::Counted);
    // A day that is not known is no early one.
    let first = counted()
        .map(|sent| (day(sent), sent.file))
        .min_by_key(|(day, file)| (day.is_empty(), day.clone(), *file));
    let earlier = before.filter(|before| !before.first_file.is_empty() && !before.first_seen.is_empty());
    let first = match (first, earlier) {
        (Some((seen, _)), Some(before)) if seen.is_empty() || before.first_seen <= seen => {
            Some((before.first_seen.clone(), before.first_file.clone()))
        }
        (first, _) => first.map(|(seen, file)| (seen, file.to_owned())),
    };
    let last = sent.iter().map(|sent| (day(sent), sent.file)).max();
    let outcome = match sent.iter().map(|sent| sent.became).min() {
        Some(Became::Counted) => {
            let is_late =
                first.as_ref().is_some_and(|(seen, _)| !row.deadline.is_empty() && *seen > row.deadline);
            if is_late { StatusOutcome::Late } else { StatusOutcome::Delivered }
        }
        Some(Became::SetAside) => StatusOutcome::SetAside,
        Some(Became::Rejected) => StatusOutcome::Rejected,
        None if row.expected => StatusOutcome::Missing,
        None => StatusOutcome::NotAsked,
    };
    let (first_seen, first_file) = first.unwrap_or_default();
    let (last_seen, last_file) = last.map(|(seen, file)| (seen, file.to_owned())).unwrap_or_default();
    DeliveryStatusRow { outcome, first_file, first_seen, last_file, last_seen, ..row }
}

/// The files of each school, by its code.
fn sent<'a>(dataset: &Dataset, known: &KnownDeliveries<'a>) -> BTreeMap<&'a str, Vec<Sent<'a>>> {
    let deliveries = known.deliveries;
    let mut sent: BTreeMap<&str, Vec<Sent>> = BTreeMap::new();
    for used in deliveries.of(dataset) {
        let file = Sent { file: &used.label, sha256: &used.sha256, became: Became::Counted };
        for school in used.schools() {
            sent.entry(school).or_default().push(file);
        }
    }
    for aside in deliveries.aside.get(&dataset.dataset).into_iter().flatten() {
        let file = Sent { file: &aside.label, sha256: &aside.sha256, became: Became::SetAside };
        for school in aside.schools.keys() {
            sent.entry(school).or_default().push(file);
        }
    }
    let is_rejected = |outcome: DeliveryOutcome| outcome == DeliveryOutcome::Rejected;
    for rejected in deliveries.all.iter().filter(|delivery| is_rejected(delivery.outcome)) {
        if rejected.dataset != dataset.dataset {
            continue;
        }
        let Some(school) = school_named(&rejected.file, known.schools) else { continue };
        let file = Sent { file: &rejected.file, sha256: &rejected.sha256, became: Became::Rejected };
        sent.entry(school).or_default().push(file);
    }
    sent
}

/// The school whose file this is by its name alone, as nothing in it could be read: the one whose code is in it, or
/// else whose name.
fn school_named<'s>(file: &str, schools: &'s BTreeMap<String, School>) -> Option<&'s str> {
    let only = |named: Vec<&'s str>| match named.as_slice() {
        [one] => Some(*one),
        _ => None,
    };
    let by_code = schools.keys().filter(|code| file.contains(code.as_str())).map(String::as_str);
    only(by_code.collect()).or_else(|| {
        let named: Vec<(&String, &School)> = schools
            .iter()
            .filter(|(_, school)| !school.name.is_empty() && file.contains(&school.name))
            .collect();
        // 甲学校 is in 县甲学校: the longer name is meant.
        let longest = named.iter().map(|(_, school)| school.name.len()).max();
        only(
            named
                .into_iter()
                .filter(|(_, school)| Some(school.name.len()) == longest)
                .map(|(code, _)| code.as_str())
                .collect(),
        )
    })
}

/// Rows of a school that wait for a named person.
fn aside_rows(dataset: &Dataset, school: &str, deliveries: &YearDeliveries) -> u64 {
    let aside = deliveries.aside.get(&dataset.dataset).into_iter().flatten();
    aside.filter_map(|aside| aside.schools.get(school)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions;
    use crate::delivery::{Delivery, RowCounts};
    use crate::pipeline::acceptance::{AcceptedDelivery, AsideDelivery};

    const A: &str = "1114000001";
    const B: &str = "1114000002";
    const C: &str = "1114000003";

    /// A file arrived on the day that its name begins with.
    struct ByName;

    impl Arrivals for ByName {
        fn day(&self, _: &str, file: &str, _: &str) -> Option<String> {
            file.get(..10).filter(|day| day.starts_with("20")).map(str::to_owned)
        }
    }

    struct Desk {
        definitions: Definitions,
        deadlines: Deadlines,
        schools: BTreeMap<String, School>,
        deliveries: YearDeliveries,
        before: Vec<DeliveryStatusRow>,
    }

    impl Desk {
        fn new() -> Self {
            let school = |name: &str| School {
                region_code: "141002".to_owned(),
                name: name.to_owned(),
                ..School::default()
            };
            Desk {
                definitions: definitions::load(&definitions::embedded()).unwrap(),
                deadlines: toml::from_str("all = '10-15'").unwrap(),
                schools: [(A, "甲学校"), (B, "乙学校"), (C, "县甲学校")]
                    .map(|(code, name)| (code.to_owned(), school(name)))
                    .into(),
                deliveries: YearDeliveries::default(),
                before: Vec::new(),
            }
        }

        fn counts<const N: usize>(&mut self, file: &str, rows: [(&str, u64); N]) {
            let accepted = self.deliveries.accepted.entry("students".to_owned()).or_default();
            accepted.push(AcceptedDelivery::of_schools(file, rows));
        }

        fn aside(&mut self, file: &str, school: &str) {
            let aside = self.deliveries.aside.entry("students".to_owned()).or_default();
            aside.push(AsideDelivery {
                label: file.to_owned(),
                sha256: file.to_owned(),
                schools: [(school.to_owned(), 7)].into(),
            });
        }

        fn rejected(&mut self, file: &str) {
            self.deliveries.all.push(Delivery {
                report_year: 2024,
                dataset: "students".to_owned(),
                file: file.to_owned(),
                sha256: file.to_owned(),
                format: String::new(),
                encoding: String::new(),
                outcome: DeliveryOutcome::Rejected,
                rows: RowCounts::default(),
            });
        }

        fn all(&self, year: ReportYear) -> Vec<DeliveryStatusRow> {
            let rows = [("student".to_owned(), [(A.to_owned(), 3)].into())].into();
            let known = KnownDeliveries {
                year,
                schools: &self.schools,
                deliveries: &self.deliveries,
                rows: &rows,
                findings: &[],
                arrivals: &ByName,
                before: &self.before,
            };
            super::rows(&self.definitions, &self.deadlines, &known)
        }

        fn students(&self) -> Vec<String> {
            let all = self.all(2024);
            let line = |row: &DeliveryStatusRow| {
                format!("{} {} {} {}", row.outcome.name(), row.files, row.first_seen, row.last_file)
            };
            all.iter().filter(|row| row.dataset == "students").map(line).collect()
        }
    }

    #[test]
    fn every_school_has_one_row_for_every_dataset_and_what_is_asked_follows_the_contract() {
        let mut desk = Desk::new();
        desk.counts("2024-10-01 a.csv", [(A, 3)]);
        let all = desk.all(2024);
        let keys: BTreeSet<_> = all.iter().map(|row| (&row.school_code, &row.dataset)).collect();
        assert_eq!(keys.len(), all.len());
        assert_eq!(all.len(), 3 * desk.definitions.datasets.len());
        for row in &all {
            let asked = desk.definitions.dataset(&row.dataset).unwrap().every_school;
            assert_eq!(row.expected, asked, "{}", row.dataset);
            let is_students = row.dataset == "students" && row.school_code == A;
            let silent = if asked { StatusOutcome::Missing } else { StatusOutcome::NotAsked };
            assert_eq!(row.outcome, if is_students { StatusOutcome::Delivered } else { silent });
            assert_eq!(row.rows_loaded, if is_students { 3 } else { 0 });
            assert_eq!(row.deadline, "2024-10-15");
        }
        assert!(desk.all(2022).iter().all(|row| !row.expected), "no report is printed of 2022");
    }

    #[test]
    fn a_school_is_late_if_the_first_that_counted_came_after_the_deadline() {
        let mut desk = Desk::new();
        desk.counts("2024-10-15 a.csv", [(A, 3)]);
        desk.counts("2024-10-16 b.csv", [(B, 3)]);
        desk.counts("unknown", [(C, 3)]);
        let lines = [
            "delivered 1 2024-10-15 2024-10-15 a.csv",
            "late 1 2024-10-16 2024-10-16 b.csv",
            "delivered 1  unknown",
        ];
        assert_eq!(desk.students(), lines);
        desk.deadlines = Deadlines::default();
        assert!(desk.students()[1].starts_with("delivered"));
    }

    #[test]
    fn who_was_in_time_stays_so_when_it_delivers_again() {
        let mut desk = Desk::new();
        desk.counts("2024-10-14 a.csv", [(A, 3)]);
        desk.before = desk.all(2024);
        desk.deliveries = YearDeliveries::default();
        desk.counts("2024-11-20 a.csv", [(A, 3), (B, 3)]);
        let lines = desk.students();
        assert_eq!(lines[0], "delivered 1 2024-10-14 2024-11-20 a.csv");
        assert_eq!(lines[1], "late 1 2024-11-20 2024-11-20 a.csv");
    }

    #[test]
    fn what_is_set_aside_or_cannot_be_read_is_neither_delivered_nor_missing() {
        let mut desk = Desk::new();
        desk.aside("2024-10-02 a.csv", A);
        desk.rejected("2024-10-03 1114000002.xls");
        desk.rejected("2024-10-04 县甲学校.xls");
        let lines = [
            "set_aside 1  2024-10-02 a.csv",
            "rejected 1  2024-10-03 1114000002.xls",
            "rejected 1  2024-10-04 县甲学校.xls",
        ];
        assert_eq!(desk.students(), lines);
        let aside = |row: &DeliveryStatusRow| row.school_code == A && row.dataset == "students";
        assert_eq!(desk.all(2024).iter().find(|row| aside(row)).unwrap().rows_quarantined, 7);
        // What counted before still does.
        desk.counts("2024-10-01 old.csv", [(A, 3)]);
        assert_eq!(desk.students()[0], "delivered 2 2024-10-01 2024-10-02 a.csv");
        // Of whom a file is that names nobody, or two schools, is not known.
        desk.deliveries.all.clear();
        desk.rejected("2024-10-03 all.xls");
        desk.rejected("2024-10-03 1114000002和1114000003.xls");
        assert!(desk.students()[1..].iter().all(|line| line == "missing 0  "), "{:?}", desk.students());
    }
}
