//! The end of a run, held back or published: the years that it made, with those that stay as they were.

use std::fs;

use super::plan::{AGAIN, PlannedYear};
use super::result::Results;
use super::staging::stage_flat;
use super::survey::Inventory;
use super::{ByYear, PROGRAM, RunContext, RunError, catalogue_sql, io_error};
use crate::finding::Finding;
use crate::period::ReportYear;
use crate::tables::row;
use crate::tables::run::RunRow;
use crate::warehouse::files::{self, Access};
use crate::warehouse::publish::{
    self, FORMAT, FileCounts, Input, KeyId, Manifest, Part, PartKind, ReleaseOutcome, StagedFile, Summary,
};

/// The findings that stop a release: those of severity S0, and too many schools that delivered nothing.
pub(super) fn stops(results: &Results) -> Vec<Finding> {
    let stops = results.values().flat_map(|result| &result.stops);
    stops.chain(results.values().filter_map(|result| result.silence.as_ref())).cloned().collect()
}

/// The summary of a release before it is published. `ignored` counts files in the drop folder that are not
/// deliveries.
pub(super) fn summary(last: Option<&Manifest>, ignored: u64, results: &Results) -> Summary {
    let mut summary = Summary::default();
    if let Some(last) = last {
        let kept = |year: &ReportYear| !results.contains_key(year);
        let Summary { datasets, headlines, years, .. } = &last.summary;
        summary.datasets = datasets.iter().filter(|line| kept(&line.report_year)).cloned().collect();
        summary.headlines = headlines.iter().filter(|line| kept(&line.report_year)).cloned().collect();
        for (&year, part) in years.iter().filter(|(year, _)| kept(year)) {
            summary.add_year(year, part.clone());
        }
    }
    for (&year, result) in results {
        summary.datasets.extend(result.datasets.iter().cloned());
        summary.headlines.extend(result.headlines.iter().cloned());
        summary.add_year(year, result.summary.clone());
    }
    summary.datasets.sort_by_key(|line| line.report_year);
    summary.headlines.sort_by_key(|line| line.report_year);
    summary.files.ignored = ignored;
    assert!(summary.rows.holds(), "rows were lost or counted twice: {:?}", summary.rows);
    let FileCounts { files, decoded, rejected, repeated, .. } = summary.files;
    assert_eq!(files, decoded + rejected + repeated, "files were lost or counted twice");
    summary
}

/// Publishes the years that were made, whose files are staged, and the others as they are. `shared` are the staged
/// files that are of no year made now.
///
/// # Errors
/// When the file system fails.
pub(super) fn publish(
    context: &RunContext<'_>,
    inventory: &Inventory,
    planned: &ByYear<PlannedYear>,
    results: Results,
    shared: Vec<StagedFile>,
    summary: Summary,
) -> Result<Manifest, RunError> {
    let number = publish::releases(&context.data)?.last().copied().unwrap_or_default() + 1;
    let last = context.last.clone().unwrap_or_default();
    let staged = stage_rest(context, number, &summary, &results, shared)?;
    let folder = context.data.staged_release();
    let (files, digest) = publish::describe(&folder, &staged)?;
    let mut manifest = Manifest {
        format: FORMAT,
        release: number,
        created: context.request.now.clone(),
        program: PROGRAM.to_owned(),
        definitions: context.definitions.digest.clone(),
        made_with: last.years.iter().map(|&year| (year, last.definitions_of(year).to_owned())).collect(),
        key: KeyId { id: context.key.id(), check_value: context.key.check_value() },
        inputs: inputs(&last.inputs, inventory, &results),
        earlier: publish::earlier_manifests(&context.data, context.last.as_ref())?,
        outcome: if summary.is_open() { ReleaseOutcome::Draft } else { ReleaseOutcome::Clean },
        digest,
        files,
        summary,
        lapsed: context.lapsed.clone(),
        years: Vec::new(),
        fingerprints: last.fingerprints,
        own_fingerprints: last.own_fingerprints,
        parts: last.parts,
        accepted: last.accepted,
        fragments: last.fragments,
    };
    manifest.accepted.retain(|known| !results.contains_key(&known.report_year));
    for (year, result) in results {
        manifest.accepted.extend(result.accepted);
        manifest.lapsed.extend(result.lapsed);
        manifest.fragments.insert(year, result.fragments);
        let planned = planned.get(&year);
        let parts = planned.map(|planned| planned.parts.as_slice()).unwrap_or_default();
        manifest.made_with.insert(year, definitions_in(parts));
        let Some(planned) = planned else { continue };
        // No inputs have such a fingerprint, so the year is made again.
        let again = if result.try_again { AGAIN } else { "" };
        manifest.fingerprints.insert(year, format!("{}{again}", planned.fingerprint));
        manifest.own_fingerprints.insert(year, planned.own_fingerprint.clone());
        manifest.parts.insert(year, planned.parts.clone());
    }
    manifest.accepted.sort();
    manifest.years = manifest.fingerprints.keys().copied().collect();
    let of_persons = context.definitions.tables_of_persons();
    publish::publish(&context.data, &folder, &manifest, context.last.as_ref(), &of_persons)?;
    // The next run clears whatever is left of it.
    let _ = fs::remove_dir_all(&folder);
    Ok(manifest)
}

/// Stages the files made from the tables of all years, and returns everything that is staged.
fn stage_rest(
    context: &RunContext<'_>,
    number: u32,
    summary: &Summary,
    results: &Results,
    shared: Vec<StagedFile>,
) -> Result<Vec<StagedFile>, RunError> {
    let folder = context.data.staged_release();
    let mut staged: Vec<StagedFile> = results.values().flat_map(|result| &result.files).cloned().collect();
    staged.extend(shared);
    staged.extend(stage_flat(context, &staged)?);
    let rows = summary.rows;
    let run = RunRow {
        release: Some(number),
        created: context.request.now.clone(),
        program: PROGRAM.to_owned(),
        definitions: context.definitions.digest.clone(),
        rows_physical: rows.physical,
        rows_loaded: rows.loaded,
        rows_quarantined: rows.quarantined,
        rows_duplicate: rows.duplicate,
        rows_structural: rows.structural,
    };
    let path = folder.join("tables/run/run.parquet");
    files::make_folder(&folder.join("tables/run"), Access::Open).map_err(io_error(&folder))?;
    row::write(&path, [run].into_iter())?;
    staged.push(StagedFile { path: "tables/run/run.parquet".into(), rows: 1, in_digest: false });
    let catalogue = folder.join("catalog.sql");
    fs::write(&catalogue, catalogue_sql(&staged, "", &context.definitions.tables_of_persons()))
        .map_err(io_error(&catalogue))?;
    staged.push(StagedFile { path: "catalog.sql".into(), rows: 0, in_digest: true });
    staged.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(staged)
}

/// SHA-256 over the definitions that a year reads.
fn definitions_in(parts: &[Part]) -> String {
    let read = parts.iter().filter(|part| part.kind == PartKind::Definition);
    let lines: Vec<String> = read.map(|part| format!("{} {}", part.name, part.value)).collect();
    files::sha256(lines.join("\n").as_bytes())
}

/// The deliveries of the years that were made, and those of the others as they were.
fn inputs(last: &[Input], inventory: &Inventory, results: &Results) -> Vec<Input> {
    let kept = last.iter().filter(|input| !results.contains_key(&input.report_year));
    let made = inventory.inputs.iter().filter_map(|input| {
        let report_year = input.file.year.filter(|year| results.contains_key(year))?;
        Some(Input {
            report_year,
            dataset: input.file.dataset.clone(),
            file: input.file.label.clone(),
            sha256: input.sha256.clone(),
            bytes: input.file.bytes,
        })
    });
    let mut all: Vec<Input> = kept.cloned().chain(made).collect();
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::RowCounts;
    use crate::finding::{self, Severity};
    use crate::pipeline::result::YearResult;
    use crate::warehouse::publish::{DatasetSummary, YearSummary};

    fn result(year: ReportYear, loaded: u64) -> YearResult {
        let rows = RowCounts { physical: loaded, loaded, ..RowCounts::default() };
        let line = DatasetSummary {
            report_year: year,
            dataset: "students".to_owned(),
            title_zh: "学生".to_owned(),
            files: 1,
            rows,
        };
        let files = FileCounts { files: 1, decoded: 1, ..FileCounts::default() };
        YearResult {
            summary: YearSummary { files, rows, ..YearSummary::default() },
            datasets: vec![line],
            ..YearResult::default()
        }
    }

    #[test]
    fn a_summary_has_the_years_that_were_made_and_those_that_stay() {
        let both = Results::from([(2023, result(2023, 5)), (2024, result(2024, 7))]);
        let first = summary(None, 2, &both);
        assert_eq!((first.rows.loaded, first.files.files, first.files.ignored), (12, 2, 2));
        let last = Manifest { summary: first, ..Manifest::default() };
        let second = summary(Some(&last), 0, &Results::from([(2023, result(2023, 6))]));
        let rows: Vec<_> = second.datasets.iter().map(|line| (line.report_year, line.rows.loaded)).collect();
        assert_eq!(rows, [(2023, 6), (2024, 7)]);
        assert_eq!((second.rows.loaded, second.files.files, second.files.ignored), (13, 2, 0));
    }

    #[test]
    fn a_release_is_held_back_by_any_of_its_years() {
        let fatal = |year, detail: &str| Finding {
            severity: Severity::S0,
            ..Finding::new(finding::SCHOOL_MISSING, year, "", detail)
        };
        let mut results = Results::from([(2023, result(2023, 5)), (2024, result(2024, 7))]);
        assert_eq!(stops(&results), []);
        results.insert(2023, YearResult { silence: Some(fatal(2023, "b")), ..result(2023, 5) });
        results.insert(2024, YearResult { stops: vec![fatal(2024, "a")], ..result(2024, 7) });
        assert_eq!(stops(&results), [fatal(2024, "a"), fatal(2023, "b")]);
    }
}
