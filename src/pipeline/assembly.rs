//! Fragments → one table for each dataset and year; what their schools tell.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::acceptance::Present;
use super::{Run, RunError, Used, parallel};
use arrow::array::AsArray;

use crate::contract::{Column, Dataset, Role};
use crate::definition::Definitions;
use crate::delivery::DeliveryOutcome;
use crate::finding::{self, Finding};
use crate::indicators::compute::School;
use crate::intake::{Outcome, TakenIn};
use crate::normalise::Counts;
use crate::period::ReportYear;
use crate::position::Place;
use crate::table_file::{self as parquet_file, text_at};
use crate::tables::Delivery;
use crate::warehouse::assemble::{self, Assembled, Decision, Source};

/// A table to put together.
struct Job<'d> {
    year: ReportYear,
    dataset: &'d Dataset,
    sources: Vec<Source>,
    /// Region of each school.
    regions: BTreeMap<String, String>,
    to: PathBuf,
}

impl Run<'_> {
    /// Fragments → one table for each dataset and year, the register first: it says where schools are.
    pub(super) fn assemble(&mut self, taken: Vec<TakenIn>) -> Result<(), RunError> {
        self.sort_out(taken);
        let definitions = self.given.definitions;
        let (register, others): (Vec<&Dataset>, Vec<&Dataset>) =
            definitions.datasets.iter().partition(|dataset| dataset.role == Some(Role::Register));
        let years: Vec<ReportYear> = self.years.keys().copied().collect();
        let missing = register.first().map_or(String::new(), |dataset| dataset.dataset.clone());
        let mut jobs = Vec::new();
        for year in years {
            for &dataset in &register {
                self.accept(year, dataset)?;
                let registers: Vec<Job> = self.job(year, dataset).into_iter().collect();
                self.put_together(&registers)?;
                let path = self.years[&year].tables.get(&dataset.table).map(|(path, _)| path.clone());
                if let Some(path) = path {
                    self.year(year).schools = schools_of(&path, definitions)?;
                }
            }
            let of = self.year(year);
            if of.schools.is_empty() && !of.deliveries.is_empty() {
                of.findings.push(Finding::new(finding::REGISTER_MISSING, year, &missing, ""));
            }
            for &dataset in &others {
                self.accept(year, dataset)?;
                let of = self.year(year);
                let used = of.fragments.get(&dataset.dataset).map(Vec::as_slice).unwrap_or_default();
                of.findings.extend(schools_found(used, &of.schools, definitions, year, dataset));
                jobs.extend(self.job(year, dataset));
            }
        }
        self.put_together(&jobs)?;
        self.note_corrections();
        Ok(())
    }

    /// What is to be put together for one table; nothing where nothing of it counts.
    fn job<'d>(&self, year: ReportYear, dataset: &'d Dataset) -> Option<Job<'d>> {
        let of = self.years.get(&year)?;
        let used = of.fragments.get(&dataset.dataset).filter(|used| !used.is_empty())?;
        let source = |used: &Used| Source {
            path: self.given.data.fragment(&used.fragment.key).join("rows.parquet"),
            rows: used.fragment.schools.values().sum(),
            schools: used.schools().cloned().collect(),
        };
        let regions = of.schools.iter().map(|(code, school)| (code.clone(), school.region_code.clone()));
        Some(Job {
            year,
            dataset,
            sources: used.iter().map(source).collect(),
            regions: regions.collect(),
            to: self.given.data.staged_release().join(format!("{}-{year}.parquet", dataset.table)),
        })
    }

    /// Puts tables together, several at once, and tells what came of each.
    fn put_together(&mut self, jobs: &[Job<'_>]) -> Result<(), RunError> {
        let residual = &self.given.settings.residual_region_code;
        let assembled = parallel::each(
            self.given.settings.threads(),
            jobs,
            || (),
            |(), job| assemble::assemble(job.dataset, &job.sources, (&job.regions, residual), &job.to),
        );
        for (job, assembled) in jobs.iter().zip(assembled) {
            self.note_assembled(job.year, job.dataset, assembled?);
        }
        Ok(())
    }

    /// Results by year and dataset; the same bytes twice are one delivery.
    pub(super) fn sort_out(&mut self, taken: Vec<TakenIn>) {
        let mut seen = BTreeSet::new();
        for one in taken {
            self.year(one.year).try_again |= one.try_again;
            let repeated = !seen.insert((one.year, one.dataset.clone(), one.sha256.clone()));
            let mut delivery = Delivery {
                report_year: one.year,
                dataset: one.dataset.clone(),
                file: one.label.clone(),
                sha256: one.sha256.clone(),
                format: String::new(),
                encoding: String::new(),
                outcome: DeliveryOutcome::Repeated,
                rows: Counts::default(),
            };
            if repeated {
                self.year(one.year).deliveries.push(delivery);
                continue;
            }
            let year = self.year(one.year);
            match one.outcome {
                Outcome::Rejected(finding) => {
                    delivery.outcome = DeliveryOutcome::Rejected;
                    year.findings.push(*finding);
                }
                Outcome::Normalised(fragment) => {
                    delivery.outcome = DeliveryOutcome::Decoded;
                    fragment.format.name().clone_into(&mut delivery.format);
                    delivery.encoding.clone_from(&fragment.encoding);
                    delivery.rows = fragment.counts;
                    let present = Present {
                        label: one.label,
                        landing: one.landing,
                        sha256: one.sha256,
                        fragment: *fragment,
                    };
                    year.present.entry(one.dataset).or_default().push(present);
                }
            }
            year.deliveries.push(delivery);
        }
    }

    /// Rows that others count for, in the books of their files.
    fn note_assembled(&mut self, year: ReportYear, dataset: &Dataset, assembled: Assembled) {
        let corrections = &self.given.corrections;
        let of = self.years.entry(year).or_default();
        let fragments = of.fragments.get(&dataset.dataset).map(Vec::as_slice).unwrap_or_default();
        for (told, used) in assembled.told.iter().map(|told| (told, &fragments[told.fragment])) {
            let rule = match told.decision {
                Decision::OtherSchool => finding::STUDENT_TWO_SCHOOLS,
                Decision::Repeated => finding::STUDENT_TWICE,
                _ => finding::ROW_ID_SHARED,
            };
            let place = Place {
                file: used.label.clone(),
                sheet: told.sheet.clone(),
                row: told.row,
                ..Place::default()
            };
            let mut finding =
                Finding::new(rule, year, &dataset.dataset, "").at(place).of_school(&told.school_code);
            finding.rows_out = u64::from(told.decision == Decision::SharedId);
            let key = (year, dataset.dataset.clone(), used.sha256.clone());
            if let Some(said) = corrections.get(&key) {
                said.answers.answer(&mut finding);
            }
            of.findings.push(finding);
        }
        for (index, used) in fragments.iter().enumerate() {
            let mut deliveries = of.deliveries.iter_mut();
            let own = deliveries.find(|delivery| {
                delivery.file == used.label
                    && delivery.sha256 == used.sha256
                    && (delivery.outcome == DeliveryOutcome::Kept) == used.kept
                    && delivery.outcome != DeliveryOutcome::Repeated
            });
            if let Some(delivery) = own {
                // Of a kept file only the rows that count are in the books.
                let aside = if used.kept { 0 } else { assembled.set_aside[index] };
                let out = assembled.shared[index] + aside;
                let rows = &mut delivery.rows;
                rows.duplicate += assembled.duplicates[index];
                rows.quarantined += out;
                rows.loaded -= assembled.duplicates[index] + out;
                assert!(rows.holds(), "rows were lost or counted twice: {rows:?}");
            }
        }
        of.tables.insert(dataset.table.clone(), (assembled.path, assembled.rows));
    }
}

/// The schools of one year, from its own register.
fn schools_of(register: &Path, definitions: &Definitions) -> Result<BTreeMap<String, School>, RunError> {
    let attributes: Vec<&Column> = definitions.school_attributes().collect();
    let mut schools = BTreeMap::new();
    for batch in parquet_file::read(register)? {
        let batch = batch?;
        let counted = batch.column_by_name("counted").map(|column| column.as_boolean().clone());
        for row in 0..batch.num_rows() {
            if counted.as_ref().is_some_and(|counted| !counted.value(row)) {
                continue;
            }
            let mut school = School {
                region_code: text_at(&batch, "region_code", row),
                name: text_at(&batch, "school_name", row),
                attributes: BTreeMap::new(),
            };
            for Column { name, .. } in &attributes {
                school.attributes.insert(name.clone(), text_at(&batch, name, row));
            }
            schools.insert(text_at(&batch, "school_code", row), school);
        }
    }
    Ok(schools)
}

/// Schools that the register does not know, that sent two files, or none.
fn schools_found(
    used: &[Used],
    schools: &BTreeMap<String, School>,
    definitions: &Definitions,
    year: ReportYear,
    dataset: &Dataset,
) -> Vec<Finding> {
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
        if !schools.contains_key(*school) {
            found.push(finding(finding::SCHOOL_UNKNOWN, school, school).at(place.clone()));
        }
        if labels.len() > 1 && !dataset.one_delivery {
            let other_files = labels.iter().map(|&label| label.to_owned()).collect();
            let finding = finding(finding::SCHOOL_TWO_FILES, &labels.join("、"), school).at(place);
            found.push(Finding { other_files, ..finding });
        }
    }
    // Of a year without a report whole datasets may be wanting, and nobody misses them.
    let is_wanted = definitions.layout(year).is_some() || !files.is_empty();
    if dataset.every_school && is_wanted {
        for school in schools.keys().filter(|school| !files.contains_key(school)) {
            found.push(finding(finding::SCHOOL_MISSING, &dataset.title_zh, school));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition;
    use crate::intake::Fragment;

    const A: &str = "1114000001";
    const B: &str = "1114000002";
    const OTHER: &str = "1114000009";

    fn used<const N: usize>(label: &str, rows: [(&str, u64); N]) -> Used {
        let fragment = Fragment::of_schools(rows);
        Used {
            label: label.to_owned(),
            landing: String::new(),
            sha256: String::new(),
            units: fragment.schools.keys().cloned().collect(),
            fragment,
            kept: false,
            under: Vec::new(),
            former: Vec::new(),
        }
    }

    fn found(used: &[Used], dataset: &str, year: ReportYear) -> Vec<String> {
        let definitions = definition::load(&definition::embedded()).unwrap();
        let schools = [A, B].map(|code| (code.to_owned(), School::default())).into();
        let dataset = definitions.dataset(dataset).unwrap();
        let findings = schools_found(used, &schools, &definitions, year, dataset);
        findings.iter().map(|finding| format!("{} {}", finding.rule, finding.school_code)).collect()
    }

    #[test]
    fn schools_that_are_unknown_sent_two_files_or_none_are_found() {
        let deliveries = [used("a.csv", [(A, 3), (OTHER, 1)]), used("b.csv", [(A, 2)])];
        let told = [
            format!("{} {A}", finding::SCHOOL_TWO_FILES.id),
            format!("{} {OTHER}", finding::SCHOOL_UNKNOWN.id),
            format!("{} {B}", finding::SCHOOL_MISSING.id),
        ];
        assert_eq!(found(&deliveries, "students", 2024), told);
        // Of two files of one figure one is set aside before.
        let deliveries = [used("a.csv", [(A, 1)]), used("b.csv", [(A, 1), (B, 1)])];
        assert_eq!(found(&deliveries, "finance", 2024), Vec::<String>::new());
    }

    #[test]
    fn nobody_misses_a_dataset_of_a_year_without_a_report() {
        assert_eq!(found(&[], "students", 2022), Vec::<String>::new());
        assert_eq!(found(&[], "students", 2024).len(), 2);
        assert_eq!(found(&[used("a.csv", [(A, 3)])], "students", 2022).len(), 1);
    }
}
