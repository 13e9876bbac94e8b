//! Fragments → one table for each dataset and year, the register first: it says in which county each school is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::acceptance::{AcceptedDelivery, AcceptedYear, KnownYear, YearDeliveries, accept_dataset};
use super::enrolled::{ClosedSchool, EnrolledYear, Roll, YearTable, decoded_of};
use super::noted::Noted;
use super::received::ReceivedYear;
use super::{ByYear, RunContext, RunError, corrected, parallel};
use crate::decisions::corrections::{FileCorrections, FileKey};
use crate::definitions::Definitions;
use crate::definitions::contract::{Dataset, Role};
use crate::figures::compute::School;
use crate::finding::{self, Finding};
use crate::period::ReportYear;
use crate::position::Place;
use crate::tables::dataset::RegisterRow;
use crate::tables::row;
use crate::warehouse::assemble::{self, AssembledTable, Decision, EqualRows, Source};

/// A year's tables.
#[derive(Debug, Default)]
pub(super) struct AssembledYear {
    pub deliveries: YearDeliveries,
    /// By code.
    pub schools: BTreeMap<String, School>,
    /// By name.
    pub tables: BTreeMap<String, YearTable>,
}

/// Puts the register of each year together from its deliveries that count.
///
/// # Errors
/// When the file system fails.
pub(super) fn enrol(
    context: &RunContext<'_>,
    received: ByYear<ReceivedYear>,
) -> Result<ByYear<Noted<EnrolledYear>>, RunError> {
    let register = context.definitions.of_role(Role::Register);
    let mut years: ByYear<EnrolledYear> =
        received.into_iter().map(|(year, received)| (year, received.into())).collect();
    let decoded = register.map(|dataset| decoded_of(&mut years, dataset));
    let no_schools = BTreeMap::new();
    let known: ByYear<KnownYear> = years
        .iter()
        .map(|(year, enrolled)| {
            (*year, KnownYear { schools: &no_schools, rejected: enrolled.deliveries.rejected() })
        })
        .collect();
    let selections = match register.zip(decoded) {
        Some((dataset, decoded)) => accept_dataset(context, dataset, decoded, &known)?,
        None => BTreeMap::new(),
    };
    let mut enrolled: ByYear<Noted<EnrolledYear>> =
        years.into_iter().map(|(year, enrolled)| (year, Noted::of(enrolled))).collect();
    if let Some(dataset) = register {
        for (year, selection) in selections {
            let Some(noted) = enrolled.get_mut(&year) else { continue };
            let selection = noted.take(selection);
            noted.value.deliveries.record(dataset, selection);
        }
        let job = |(year, noted): (&ReportYear, &Noted<EnrolledYear>)| {
            Job::of(context, *year, dataset, &noted.value.deliveries, &no_schools)
        };
        let jobs: Vec<Job> = enrolled.iter().filter_map(job).collect();
        for (job, assembled) in jobs.iter().zip(put_together(context, &jobs)?) {
            let Some(noted) = enrolled.get_mut(&job.year) else { continue };
            let settled = job.settled(&context.corrections, &mut noted.value.deliveries, assembled);
            let table = noted.take(settled);
            let roll = roll_of(&table.path, context.definitions, job.year)?;
            noted.value.roll = Roll { table: Some(table), ..roll };
        }
    }
    let register = register.map_or("", |dataset| dataset.dataset.as_str());
    for (&year, noted) in &mut enrolled {
        let EnrolledYear { deliveries, roll, .. } = &noted.value;
        if roll.schools.is_empty() && !deliveries.all.is_empty() {
            noted.findings.push(Finding::new(finding::REGISTER_MISSING, year, register, ""));
        }
    }
    Ok(enrolled)
}

/// Puts all other tables together, several at once.
///
/// # Errors
/// When the file system fails.
pub(super) fn assemble(
    context: &RunContext<'_>,
    accepted: ByYear<AcceptedYear>,
) -> Result<ByYear<Noted<AssembledYear>>, RunError> {
    let register = context.definitions.table_of_role(Role::Register);
    let assembled = |AcceptedYear { deliveries, roll: Roll { table, schools, .. } }| {
        let tables = table.map(|table| (register.to_owned(), table)).into_iter().collect();
        Noted::of(AssembledYear { deliveries, schools, tables })
    };
    let mut years: ByYear<Noted<AssembledYear>> =
        accepted.into_iter().map(|(year, accepted)| (year, assembled(accepted))).collect();
    let others =
        || context.definitions.datasets.iter().filter(|dataset| dataset.role != Some(Role::Register));
    let jobs = years.iter().flat_map(|(&year, Noted { value, .. })| {
        others().filter_map(move |dataset| Job::of(context, year, dataset, &value.deliveries, &value.schools))
    });
    let jobs: Vec<Job> = jobs.collect();
    for (job, assembled) in jobs.iter().zip(put_together(context, &jobs)?) {
        let Some(noted) = years.get_mut(&job.year) else { continue };
        let settled = job.settled(&context.corrections, &mut noted.value.deliveries, assembled);
        let table = noted.take(settled);
        noted.value.tables.insert(job.dataset.table.clone(), table);
    }
    for (&year, noted) in &mut years {
        let answers = corrected::answers(&context.overrides, year, &noted.value.deliveries);
        noted.take(answers);
    }
    Ok(years)
}

/// A table to put together.
struct Job<'d> {
    year: ReportYear,
    dataset: &'d Dataset,
    sources: Vec<Source>,
    /// Region of each school.
    regions: BTreeMap<String, String>,
    to: PathBuf,
}

impl<'d> Job<'d> {
    /// The job for one table; `None` where no delivery counts.
    fn of(
        context: &RunContext<'_>,
        year: ReportYear,
        dataset: &'d Dataset,
        deliveries: &YearDeliveries,
        schools: &BTreeMap<String, School>,
    ) -> Option<Self> {
        let accepted = Some(deliveries.of(dataset)).filter(|accepted| !accepted.is_empty())?;
        let source = |accepted: &AcceptedDelivery| Source {
            path: context.data.fragment(&accepted.fragment.key).join("rows.parquet"),
            rows: accepted.fragment.schools.values().sum(),
            schools: accepted.schools().cloned().collect(),
            repeated: accepted.repeated.clone(),
        };
        Some(Job {
            year,
            dataset,
            sources: accepted.iter().map(source).collect(),
            regions: schools
                .iter()
                .map(|(code, school)| (code.clone(), school.region_code.clone()))
                .collect(),
            to: context.data.staged_release().join(format!("{}-{year}.parquet", dataset.table)),
        })
    }

    /// A table that is put together, with the books of its deliveries settled.
    fn settled(
        &self,
        corrections: &BTreeMap<FileKey, FileCorrections>,
        deliveries: &mut YearDeliveries,
        assembled: AssembledTable,
    ) -> Noted<YearTable> {
        let accepted = deliveries.of(self.dataset);
        let mut findings = rows_out(self.year, self.dataset, accepted, corrections, &assembled);
        findings.extend(equal_rows(self.year, self.dataset, accepted, &assembled.equal));
        deliveries.settle(self.dataset, &assembled);
        let table = YearTable { path: assembled.path, rows: assembled.rows };
        Noted { findings, ..Noted::of(table) }
    }
}

/// Puts tables together, several at once.
fn put_together(context: &RunContext<'_>, jobs: &[Job<'_>]) -> Result<Vec<AssembledTable>, RunError> {
    let residual = &context.settings.residual_region_code;
    let assembled = parallel::all(context.settings.threads(), jobs, |job| {
        assemble::assemble(job.dataset, &job.sources, (&job.regions, residual), &job.to)
    });
    Ok(assembled.into_iter().collect::<Result<_, _>>()?)
}

/// Findings for the rows that another row counts for.
fn rows_out(
    year: ReportYear,
    dataset: &Dataset,
    accepted: &[AcceptedDelivery],
    corrections: &BTreeMap<FileKey, FileCorrections>,
    assembled: &AssembledTable,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (row, accepted) in assembled.rows_out.iter().map(|row| (row, &accepted[row.fragment])) {
        let rule = match row.decision {
            Decision::OtherSchool => finding::STUDENT_TWO_SCHOOLS,
            Decision::Repeated => finding::STUDENT_TWICE,
            _ => finding::ROW_ID_SHARED,
        };
        let place = Place {
            file: accepted.label.clone(),
            sheet: row.sheet.clone(),
            row: row.row,
            ..Place::default()
        };
        let mut finding =
            Finding::new(rule, year, &dataset.dataset, "").at(place).of_school(&row.school_code);
        finding.rows_out = u64::from(row.decision == Decision::SharedId);
        let key = (year, dataset.dataset.clone(), accepted.sha256.clone());
        if let Some(corrected) = corrections.get(&key) {
            corrected.answers.answer(&mut finding);
        }
        findings.push(finding);
    }
    findings
}

/// A question for each file and school with equal rows that may be different things.
fn equal_rows(
    year: ReportYear,
    dataset: &Dataset,
    accepted: &[AcceptedDelivery],
    equal: &[EqualRows],
) -> Vec<Finding> {
    const NAMED: usize = 10;
    let mut by_file: BTreeMap<(usize, &str), Vec<&EqualRows>> = BTreeMap::new();
    for group in equal {
        if let Some((fragment, ..)) = group.rows.first() {
            by_file.entry((*fragment, &group.school_code)).or_default().push(group);
        }
    }
    let question = |((fragment, school), groups): ((usize, &str), Vec<&EqualRows>)| {
        let label = |fragment: usize| accepted.get(fragment).map_or("", |accepted| accepted.label.as_str());
        let rows = groups.iter().map(|group| group.rows.len()).sum::<usize>();
        let words = |group: &&EqualRows| {
            let mut words = Vec::new();
            for (of, sheet, row) in group.rows.iter().take(NAMED) {
                let file = if *of == fragment { String::new() } else { format!("{} ", label(*of)) };
                let several =
                    groups.iter().any(|group| group.rows.iter().any(|(_, other, _)| other != sheet));
                let sheet = if several { format!("工作表 {sheet} ") } else { String::new() };
                words.push(format!("{file}{sheet}第 {row} 行"));
            }
            let more = if group.rows.len() > NAMED { "等" } else { "" };
            format!("{}{more}", words.join("、"))
        };
        let named: Vec<String> = groups.iter().take(NAMED).map(words).collect();
        let more = if groups.len() > NAMED { "；等" } else { "" };
        let detail = format!("共 {} 组 {rows} 行：{}{more}", groups.len(), named.join("；"));
        let first = groups.first().and_then(|group| group.rows.first());
        let (sheet, row) = first.map(|(_, sheet, row)| (sheet.clone(), *row)).unwrap_or_default();
        let place = Place { file: label(fragment).to_owned(), sheet, row, ..Place::default() };
        let finding = Finding::new(finding::EQUAL_ROWS, year, &dataset.dataset, &detail);
        let others = groups.iter().flat_map(|group| &group.rows).map(|(of, ..)| *of);
        let others: BTreeSet<usize> = others.filter(|of| *of != fragment).collect();
        Finding {
            count: rows as u64,
            other_files: others.into_iter().map(|of| label(of).to_owned()).collect(),
            ..finding.at(place).of_school(school)
        }
    };
    by_file.into_iter().map(question).collect()
}

/// The schools of one year, from its own register.
fn roll_of(register: &Path, definitions: &Definitions, year: ReportYear) -> Result<Roll, RunError> {
    const OF_CLOSED: [&str; 3] = ["status", "merged_into", "closed_month"];
    let attributes: Vec<&str> = definitions.school_attributes().map(|column| column.name.as_str()).collect();
    let statuses = definitions.codes.get("school_status");
    let named = [&OF_CLOSED[..], &attributes].concat();
    let mut roll = Roll::default();
    row::scan(register, &named, |row: RegisterRow, texts| {
        let mut texts = texts.iter().map(|text| text.unwrap_or_default().to_owned());
        let [status, merged_into, since] = OF_CLOSED.map(|_| texts.next().unwrap_or_default());
        if row.counted {
            let attributes = attributes.iter().map(|name| (*name).to_owned()).zip(texts);
            let school = School {
                region_code: row.region_code,
                name: row.school_name,
                attributes: attributes.collect(),
            };
            roll.schools.insert(row.school_code, school);
        } else {
            let label =
                statuses.and_then(|codes| codes.look_up(&status, year)).map(|code| code.label.clone());
            let closed = ClosedSchool { status: label.unwrap_or(status), merged_into, since };
            roll.closed.insert(row.school_code, closed);
        }
    })?;
    Ok(roll)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions;
    use crate::warehouse::assemble::RowOut;

    #[test]
    fn every_row_that_another_counts_for_is_a_finding_at_its_place() {
        let definitions = definitions::load(&definitions::embedded()).unwrap();
        let dataset = definitions.dataset("students").unwrap();
        let accepted = ["a", "b"].map(|name| AcceptedDelivery::of_schools(name, [("1114000001", 3)]));
        let row = |decision, fragment, row| RowOut {
            decision,
            fragment,
            school_code: "1114000001".to_owned(),
            sheet: String::new(),
            row,
        };
        let assembled = AssembledTable {
            path: "students.parquet".into(),
            rows: 6,
            duplicates: vec![0, 0],
            shared: vec![0, 1],
            set_aside: vec![0, 0],
            equal: Vec::new(),
            rows_out: vec![
                row(Decision::OtherSchool, 0, 7),
                row(Decision::Repeated, 1, 8),
                row(Decision::SharedId, 1, 9),
            ],
        };
        let found = rows_out(2024, dataset, &accepted, &BTreeMap::new(), &assembled);
        let lines: Vec<(&str, &str, u32, u64)> = found
            .iter()
            .map(|finding| {
                let place = &finding.place;
                (finding.rule.as_str(), place.file.as_str(), place.row, finding.rows_out)
            })
            .collect();
        let rules = [finding::STUDENT_TWO_SCHOOLS, finding::STUDENT_TWICE, finding::ROW_ID_SHARED];
        assert_eq!(lines, [(rules[0].id, "a", 7, 0), (rules[1].id, "b", 8, 0), (rules[2].id, "b", 9, 1)]);
    }

    #[test]
    fn equal_rows_are_one_question_for_each_file_and_school() {
        let definitions = definitions::load(&definitions::embedded()).unwrap();
        let dataset = definitions.dataset("finance").unwrap();
        let accepted = ["a", "b"].map(|name| AcceptedDelivery::of_schools(name, [("1114000001", 5)]));
        let equal = |school: &str, rows: &[(usize, u32)]| EqualRows {
            school_code: school.to_owned(),
            rows: rows.iter().map(|(fragment, row)| (*fragment, String::new(), *row)).collect(),
        };
        let groups = [
            equal("1114000001", &[(0, 4), (0, 9)]),
            equal("1114000001", &[(0, 5), (1, 6), (1, 7)]),
            equal("1114000002", &[(1, 8), (1, 9)]),
        ];
        let found = equal_rows(2024, dataset, &accepted, &groups);
        let said = |finding: &Finding| {
            let (_, detail) = finding.message.split_once('：').unwrap();
            format!("{} {} {} {detail}", finding.place_text(), finding.school_code, finding.count)
        };
        assert_eq!(
            found.iter().map(said).collect::<Vec<_>>(),
            [
                "a 第 4 行 1114000001 5 共 2 组 5 行：第 4 行、第 9 行；第 5 行、b 第 6 行、b 第 7 行",
                "b 第 8 行 1114000002 2 共 1 组 2 行：第 8 行、第 9 行",
            ]
        );
        assert_eq!(found[0].other_files, ["b"]);
    }
}
