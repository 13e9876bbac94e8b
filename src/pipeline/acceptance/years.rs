//! The deliveries of several years. Each dataset is decided on its own; within a dataset, a year is decided
//! with the deliveries that count in the neighbouring years.

use std::collections::{BTreeMap, BTreeSet};

use super::{Acceptance, AcceptedDelivery, ReadAgain, Selection, YearDeliveries};
use crate::checks::missing;
use crate::decisions::Override;
use crate::definitions::Definitions;
use crate::definitions::contract::{Dataset, Role};
use crate::figures::compute::School;
use crate::finding::{self, Finding};
use crate::ingest::{Fragment, Outcome};
use crate::period::ReportYear;
use crate::pipeline::enrolled::{EnrolledYear, Roll, decoded_of};
use crate::pipeline::noted::Noted;
use crate::pipeline::received::DecodedDelivery;
use crate::pipeline::{ByYear, RunContext, RunError, parallel};
use crate::position::Place;
use crate::warehouse::publish::{CountedDelivery, Manifest};

/// A year whose deliveries are decided on.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct AcceptedYear {
    pub deliveries: YearDeliveries,
    pub roll: Roll,
}

/// The facts about a year that its deliveries are decided by.
pub(in crate::pipeline) struct KnownYear<'a> {
    /// Its register; empty while the register itself is being decided on.
    pub schools: &'a BTreeMap<String, School>,
    /// Files of which nothing could be read.
    pub rejected: BTreeSet<String>,
}

/// Decides which deliveries count, except those of the register, which are decided already.
///
/// # Errors
/// When the file system fails.
pub(in crate::pipeline) fn accept(
    context: &RunContext<'_>,
    mut enrolled: ByYear<EnrolledYear>,
) -> Result<ByYear<Noted<AcceptedYear>>, RunError> {
    let others: Vec<(&Dataset, _)> = context
        .definitions
        .datasets
        .iter()
        .filter(|dataset| dataset.role != Some(Role::Register))
        .map(|dataset| (dataset, decoded_of(&mut enrolled, dataset)))
        .collect();
    let known: ByYear<KnownYear> = enrolled
        .iter()
        .map(|(year, enrolled)| {
            let rejected = enrolled.deliveries.rejected();
            (*year, KnownYear { schools: &enrolled.roll.schools, rejected })
        })
        .collect();
    let selections = parallel::all(context.settings.threads(), others, |(dataset, decoded)| {
        Ok((dataset, accept_dataset(context, dataset, decoded, &known)?))
    });
    let selections = selections.into_iter().collect::<Result<Vec<_>, RunError>>()?;
    let accepted = |EnrolledYear { deliveries, roll, .. }| Noted::of(AcceptedYear { deliveries, roll });
    let mut accepted: ByYear<Noted<AcceptedYear>> =
        enrolled.into_iter().map(|(year, enrolled)| (year, accepted(enrolled))).collect();
    for (dataset, by_year) in selections {
        let years_with = years_with(dataset, context.last.as_ref(), &by_year);
        for (year, selection) in by_year {
            let Some(noted) = accepted.get_mut(&year) else { continue };
            let selection = noted.take(selection);
            let roll = &noted.value.roll;
            let found =
                schools_found(&selection.used, roll, context.definitions, (year, dataset), &years_with);
            noted.findings.extend(found);
            noted.value.deliveries.record(dataset, selection);
        }
    }
    Ok(accepted)
}

/// Decides which deliveries of one dataset count in each year.
///
/// # Errors
/// When the file system fails.
pub(in crate::pipeline) fn accept_dataset(
    context: &RunContext<'_>,
    dataset: &Dataset,
    decoded: ByYear<Vec<DecodedDelivery>>,
    known: &ByYear<KnownYear<'_>>,
) -> Result<ByYear<Noted<Selection>>, RunError> {
    let past = Past {
        accepted: context.last.as_ref().map(|last| last.accepted.as_slice()).unwrap_or_default(),
        applying: &context.overrides,
        recorded: &context.recorded,
    };
    past.decide(dataset, decoded, known, &|accepted| context.read_landed(accepted))
}

/// The earlier acceptances and decisions.
struct Past<'a> {
    /// Deliveries that count in the current release.
    accepted: &'a [CountedDelivery],
    /// Decisions of named persons that apply, and all that were not withdrawn.
    applying: &'a [Override],
    recorded: &'a [Override],
}

impl Past<'_> {
    fn decide(
        &self,
        dataset: &Dataset,
        decoded: ByYear<Vec<DecodedDelivery>>,
        known: &ByYear<KnownYear<'_>>,
        read_again: ReadAgain<'_>,
    ) -> Result<ByYear<Noted<Selection>>, RunError> {
        let neighbours = Neighbours::new(&dataset.dataset, self.accepted, &decoded);
        let mut selections = BTreeMap::new();
        for (year, decoded) in decoded {
            let Some(KnownYear { schools, rejected }) = known.get(&year) else { continue };
            let acceptance = Acceptance {
                year,
                dataset,
                current: self.current(year, dataset),
                applying: self.applying,
                recorded: self.recorded,
                neighbours: neighbours.of(year, &selections),
                schools,
                rejected: rejected.clone(),
            };
            selections.insert(year, acceptance.decide(decoded, read_again)?);
        }
        Ok(selections)
    }

    /// The deliveries that count in the current release; where a decision was withdrawn, those that counted
    /// before it.
    fn current(&self, year: ReportYear, dataset: &Dataset) -> Vec<CountedDelivery> {
        let mut current = Vec::new();
        let is_of_dataset =
            |accepted: &&CountedDelivery| accepted.report_year == year && accepted.dataset == dataset.dataset;
        let mut open: Vec<CountedDelivery> = self.accepted.iter().filter(is_of_dataset).cloned().collect();
        while let Some(accepted) = open.pop() {
            if accepted.under.iter().all(|id| self.recorded.iter().any(|decision| decision.id == *id)) {
                current.push(accepted);
            } else {
                open.extend(accepted.former);
            }
        }
        current.sort();
        current.dedup();
        current
    }
}

/// The rows of one dataset in the neighbouring years of the one that is decided on.
///
/// When two years deliver the same rows, new in both, those of the earlier one count. So a year is decided
/// after the year before it, in whatever order years are given, and of the year after it only deliveries
/// that counted already and are still in its folder are known.
struct Neighbours<'a> {
    dataset: &'a str,
    /// Deliveries that count in the current release.
    current: &'a [CountedDelivery],
    /// Hashes of what was delivered for each year of this run.
    delivered: ByYear<BTreeSet<String>>,
}

impl<'a> Neighbours<'a> {
    fn new(dataset: &'a str, current: &'a [CountedDelivery], decoded: &ByYear<Vec<DecodedDelivery>>) -> Self {
        let hashes =
            |of_year: &Vec<DecodedDelivery>| of_year.iter().map(|decoded| decoded.sha256.clone()).collect();
        let delivered = decoded.iter().map(|(year, of_year)| (*year, hashes(of_year))).collect();
        Neighbours { dataset, current, delivered }
    }

    /// Digests of the rows that count in the years before and after.
    fn of(
        &self,
        year: ReportYear,
        decided: &ByYear<Noted<Selection>>,
    ) -> Vec<(ReportYear, BTreeSet<String>)> {
        let digest = |used: &AcceptedDelivery| used.fragment.rows_digest.clone();
        let before = match decided.get(&(year - 1)) {
            Some(decided) => decided.value.used.iter().map(digest).collect(),
            None => self.digests(year - 1),
        };
        vec![(year - 1, before), (year + 1, self.digests(year + 1))]
    }

    /// Digests of the rows that counted: all of a year that this run leaves alone, else those still delivered.
    fn digests(&self, year: ReportYear) -> BTreeSet<String> {
        let of_year = self.current.iter().filter(|accepted| {
            accepted.report_year == year
                && accepted.dataset == self.dataset
                && self.delivered.get(&year).is_none_or(|hashes| hashes.contains(&accepted.sha256))
        });
        of_year.map(|accepted| accepted.rows_digest.clone()).collect()
    }
}

impl RunContext<'_> {
    /// The fragment of a delivery that counts already, from the bytes in landing; `None`
    /// when they are gone or no longer give rows.
    fn read_landed(&self, accepted: &CountedDelivery) -> Result<Option<Fragment>, RunError> {
        let taken = self.take_in_landed(accepted, &mut self.decoder())?;
        let delivery = taken.into_iter().find(|taken| taken.sha256 == accepted.sha256);
        Ok(delivery.and_then(|taken| match taken.outcome {
            Outcome::Normalised(fragment) => Some(*fragment),
            Outcome::Rejected(_) => None,
        }))
    }
}

/// The years in which anything of a dataset counts: of this run, and those that it leaves alone.
fn years_with(
    dataset: &Dataset,
    last: Option<&Manifest>,
    selections: &ByYear<Noted<Selection>>,
) -> BTreeSet<ReportYear> {
    let made = selections.iter().filter(|(_, selection)| !selection.value.used.is_empty());
    let left = last.into_iter().flat_map(|last| &last.accepted);
    let left = left.filter(|known| known.dataset == dataset.dataset).map(|known| known.report_year);
    made.map(|(&year, _)| year).chain(left.filter(|year| !selections.contains_key(year))).collect()
}

/// Findings about schools that the register does not have, or that sent two files or none; one, where no
/// school sent any.
fn schools_found(
    used: &[AcceptedDelivery],
    roll: &Roll,
    definitions: &Definitions,
    (year, dataset): (ReportYear, &Dataset),
    years_with: &BTreeSet<ReportYear>,
) -> Vec<Finding> {
    let Roll { schools, closed, .. } = roll;
    let mut files: BTreeMap<&String, Vec<&str>> = BTreeMap::new();
    for used in used {
        for school in used.schools() {
            files.entry(school).or_default().push(&used.label);
        }
    }
    let finding = |rule, detail: &str, school: &str| {
        Finding::new(rule, year, &dataset.dataset, detail).of_school(school)
    };
    let mut found = Vec::new();
    for (school, labels) in &files {
        let place = Place { file: labels[0].to_owned(), ..Place::default() };
        if let Some(closed) = closed.get(*school) {
            let detail = format!("{school} {}", closed.words(schools));
            found.push(finding(finding::SCHOOL_CLOSED, &detail, school).at(place.clone()));
        } else if !schools.contains_key(*school) {
            found.push(finding(finding::SCHOOL_UNKNOWN, school, school).at(place.clone()));
        }
        if labels.len() > 1 && !dataset.one_delivery {
            let other_files = labels.iter().map(|&label| label.to_owned()).collect();
            let finding = finding(finding::SCHOOL_TWO_FILES, &labels.join("、"), school).at(place);
            found.push(Finding { other_files, ..finding });
        }
    }
    // A year without a report may lack whole datasets.
    if files.is_empty() {
        // Years that the report does not print decide nothing in it.
        let printed = year - definitions.earlier_years(year)..year;
        let earlier = years_with.range(printed).copied();
        let expected = missing::expected(definitions, dataset, year, earlier);
        found.extend(expected.map(|why| missing::finding(definitions, dataset, year, why, schools.len())));
    } else if dataset.every_school {
        for school in schools.keys().filter(|school| !files.contains_key(school)) {
            found.push(finding(finding::SCHOOL_MISSING, &dataset.title_zh, school));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions;
    use crate::pipeline::enrolled::ClosedSchool;

    const A: &str = "1114000001";
    const B: &str = "1114000002";
    const OTHER: &str = "1114000009";
    const CLOSED: &str = "1114000008";

    fn used<const N: usize>(label: &str, rows: [(&str, u64); N]) -> AcceptedDelivery {
        AcceptedDelivery::of_schools(label, rows)
    }

    fn found(used: &[AcceptedDelivery], dataset: &str, year: ReportYear) -> Vec<String> {
        found_beside(used, dataset, year, &BTreeSet::new())
    }

    fn found_beside(
        used: &[AcceptedDelivery],
        dataset: &str,
        year: ReportYear,
        years_with: &BTreeSet<ReportYear>,
    ) -> Vec<String> {
        let definitions = definitions::load(&definitions::embedded()).unwrap();
        let schools = [A, B].map(|code| (code.to_owned(), School::default())).into();
        let merged = ClosedSchool { status: "合并".into(), merged_into: B.into(), since: "2023-08".into() };
        let roll = Roll { schools, closed: [(CLOSED.to_owned(), merged)].into(), table: None };
        let dataset = definitions.dataset(dataset).unwrap();
        let findings = schools_found(used, &roll, &definitions, (year, dataset), years_with);
        findings.iter().map(|finding| format!("{} {}", finding.rule, finding.school_code)).collect()
    }

    #[test]
    fn schools_that_are_unknown_sent_two_files_or_none_are_found() {
        let deliveries = [used("a.csv", [(A, 3), (OTHER, 1), (CLOSED, 1)]), used("b.csv", [(A, 2)])];
        let expected = [
            format!("{} {A}", finding::SCHOOL_TWO_FILES.id),
            format!("{} {CLOSED}", finding::SCHOOL_CLOSED.id),
            format!("{} {OTHER}", finding::SCHOOL_UNKNOWN.id),
            format!("{} {B}", finding::SCHOOL_MISSING.id),
        ];
        assert_eq!(found(&deliveries, "students", 2024), expected);
        // One of two files with the same figure has been set aside before.
        let deliveries = [used("a.csv", [(A, 1)]), used("b.csv", [(A, 1), (B, 1)])];
        assert_eq!(found(&deliveries, "finance", 2024), Vec::<String>::new());
    }

    #[test]
    fn no_dataset_is_missing_in_a_year_without_a_report() {
        assert_eq!(found(&[], "students", 2022), Vec::<String>::new());
        assert_eq!(found(&[used("a.csv", [(A, 3)])], "students", 2022).len(), 1);
    }

    #[test]
    fn a_dataset_that_nobody_delivered_is_one_finding() {
        let missing = [format!("{} ", finding::DATASET_MISSING.id)];
        assert_eq!(found(&[], "students", 2024), missing);
        let beside = |dataset, years: &[ReportYear]| {
            found_beside(&[], dataset, 2024, &years.iter().copied().collect())
        };
        assert_eq!(beside("finance", &[2023]), missing);
        assert_eq!(beside("contest_prizes", &[2023]), missing);
        // What only later years have, or years that the report does not print, was never expected.
        for years in [&[][..], &[2025], &[2001]] {
            assert_eq!(beside("finance", years), Vec::<String>::new(), "{years:?}");
        }
        assert_eq!(
            found_beside(&[used("a.csv", [(A, 3)])], "finance", 2024, &[2023].into()),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_year_has_a_dataset_if_this_run_or_the_current_release_has_something_of_it() {
        let definitions = definitions::load(&definitions::embedded()).unwrap();
        let students = definitions.dataset("students").unwrap();
        let last = Manifest {
            accepted: vec![accepted(2022, "a", "d"), accepted(2023, "b", "d")],
            ..Manifest::default()
        };
        let selection = |used| Noted::of(Selection { used, ..Selection::default() });
        let made =
            ByYear::from([(2023, selection(Vec::new())), (2024, selection(vec![used("a.csv", [(A, 3)])]))]);
        assert_eq!(years_with(students, Some(&last), &made), [2022, 2024].into());
        assert_eq!(years_with(definitions.dataset("staff").unwrap(), Some(&last), &ByYear::new()), [].into());
    }

    fn decoded(name: &str, digest: &str) -> DecodedDelivery {
        let AcceptedDelivery { label, mut fragment, .. } = used(name, [(A, 3)]);
        digest.clone_into(&mut fragment.rows_digest);
        DecodedDelivery { label, landing: hash(name), sha256: hash(name), fragment }
    }

    fn hash(name: &str) -> String {
        name.repeat(64)
    }

    fn accepted(year: ReportYear, name: &str, digest: &str) -> CountedDelivery {
        CountedDelivery {
            report_year: year,
            dataset: "students".to_owned(),
            file: name.to_owned(),
            landing: hash(name),
            sha256: hash(name),
            fragment: String::new(),
            rows_digest: digest.to_owned(),
            units: BTreeMap::from([(A.to_owned(), 3)]),
            under: Vec::new(),
            former: Vec::new(),
        }
    }

    /// The deliveries that count: year and letter of each.
    fn counts<const N: usize>(
        accepted: &[CountedDelivery],
        delivered: [(ReportYear, DecodedDelivery); N],
    ) -> Vec<String> {
        let definitions = definitions::load(&definitions::embedded()).unwrap();
        let schools: BTreeMap<String, School> =
            [A, B].map(|code| (code.to_owned(), School::default())).into();
        let mut decoded: BTreeMap<ReportYear, Vec<DecodedDelivery>> = BTreeMap::new();
        for (year, delivery) in delivered {
            decoded.entry(year).or_default().push(delivery);
        }
        let known = |year: &ReportYear| (*year, KnownYear { schools: &schools, rejected: BTreeSet::new() });
        let known = decoded.keys().map(known).collect();
        let past = Past { accepted, applying: &[], recorded: &[] };
        let dataset = definitions.dataset("students").unwrap();
        let selections = past.decide(dataset, decoded, &known, &|_| Ok(None)).unwrap();
        let line = |year: &ReportYear, used: &AcceptedDelivery| format!("{year} {}", &used.sha256[..1]);
        selections
            .iter()
            .flat_map(|(year, noted)| noted.value.used.iter().map(move |used| line(year, used)))
            .collect()
    }

    #[test]
    fn the_same_rows_new_in_two_years_count_in_the_earlier_in_any_order() {
        let of_2023 = || (2023, decoded("a", "rows"));
        let of_2024 = || (2024, decoded("b", "rows"));
        assert_eq!(counts(&[], [of_2023(), of_2024()]), ["2023 a"]);
        assert_eq!(counts(&[], [of_2024(), of_2023()]), ["2023 a"]);
        // Years that are not neighbours are not compared.
        assert_eq!(counts(&[], [of_2023(), (2025, decoded("b", "rows"))]), ["2023 a", "2025 b"]);
    }

    #[test]
    fn rows_that_still_count_in_a_later_year_do_not_count_in_an_earlier() {
        let current = [accepted(2024, "b", "rows")];
        let new = || (2023, decoded("a", "rows"));
        // The later year is left alone, or made again with the same file.
        assert_eq!(counts(&current, [new()]), Vec::<String>::new());
        assert_eq!(counts(&current, [new(), (2024, decoded("b", "rows"))]), ["2024 b"]);
        // Its file was replaced by another: the rows moved to the right year.
        assert_eq!(counts(&current, [new(), (2024, decoded("c", "other"))]), ["2023 a", "2024 c"]);
    }

    #[test]
    fn a_delivery_of_an_earlier_year_that_does_not_count_affects_no_other() {
        let mut cut = decoded("a", "rows");
        cut.fragment.findings = vec![Finding::new(finding::TOTAL_DIFFERS, 2023, "students", "")];
        assert_eq!(counts(&[], [(2023, cut), (2024, decoded("b", "rows"))]), ["2024 b"]);
    }
}
