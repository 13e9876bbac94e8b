//! One run, top to bottom: from what was dropped to a published release and its reports.

mod parallel;

mod noted;

mod stages;

mod key;

mod history;

mod context;

mod survey;

mod plan;

mod rehearsal;

mod deliveries;

mod received;

mod acceptance;

mod enrolled;

mod assembly;

mod figures;

mod examination;

mod checked;

mod reconciled;

mod corrected;

mod delivery_status;

mod arrivals;

mod staging;

mod result;

mod release;

mod questions;

mod documents;

mod dimensions;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use arrow::error::ArrowError;
use polars::prelude::PolarsError;
use rust_xlsxwriter::XlsxError;

use crate::checks::CheckCount;
use crate::decisions::DecisionError;
use crate::definitions::Definitions;
use crate::delivery::Delivery;
use crate::delivery::RowCounts;
use crate::delivery::RunOutcome;
use crate::documents::{DocumentError, Register};
use crate::figures::combinations::TableError;
use crate::finding::Finding;
use crate::ingest::IntakeError;
use crate::ledger::Stage;
use crate::period::ReportYear;
use crate::report::cells::ReportCell;
use crate::settings::Settings;
use crate::sources::drop_folder::Listing;
use crate::tables::parquet_file::TableFileError;
use crate::warehouse::files::{self, Access};
use crate::warehouse::layout::DataRoot;
use crate::warehouse::persons;
use crate::warehouse::publish::{self, Manifest, PublishError, StagedFile, Summary};

use assembly::AssembledYear;
use checked::CheckedYear;
use context::RunContext;
use figures::ComputedYear;
use history::History;
use noted::{Noted, Notes};
use plan::PlannedYear;
use result::MadeYear;
use result::Results;
use stages::Stages;
use survey::Inventory;

pub use documents::{report_again, report_signed};
pub use examination::{
    Examination, Figures, RelationFinding, Release, ReleaseSource, examine, examine_release, read_release,
};
pub use key::pseudonym_key;
pub use plan::{Change, ChangeKind, made_with_these};
pub use rehearsal::{Figures as PlannedFigures, MovedFigure, RunPlan, rehearse};
pub use staging::catalogue_sql;

/// The parameters of a run.
#[derive(Debug, Clone)]
pub struct Request {
    /// Empty for every year found.
    pub years: Vec<ReportYear>,
    /// The clock, read once by the caller: `2024-10-08T02:00:00+08:00`.
    pub now: String,
    /// The program that is started to decode: `nianbao` itself.
    pub decode_program: PathBuf,
}

/// How a run ended.
#[derive(Debug)]
pub enum RunEnd {
    Published(Box<Manifest>),
    /// Inputs, definitions, settings, program and key are those of the current release.
    NothingToDo(Box<Manifest>),
    /// Something stops the release; the current one stays.
    HeldBack {
        findings: Vec<Finding>,
        summary: Box<Summary>,
    },
    /// No delivery for any year asked for.
    NothingFound,
}

impl RunEnd {
    /// The outcome that the ledger records.
    #[must_use]
    pub fn outcome(&self) -> RunOutcome {
        match self {
            RunEnd::Published(_) => RunOutcome::Published,
            RunEnd::NothingToDo(_) => RunOutcome::NothingToDo,
            RunEnd::HeldBack { .. } => RunOutcome::HeldBack,
            RunEnd::NothingFound => RunOutcome::NothingFound,
        }
    }
}

/// A run's result, with how long its stages took.
#[derive(Debug)]
pub struct RunReport {
    pub outcome: RunEnd,
    pub stages: Vec<Stage>,
    /// The files that were taken in.
    pub deliveries: Vec<Delivery>,
    pub checks: Vec<CheckCount>,
    /// Frozen years, which were left as they are, and how many files in the folder of each are not, by name and
    /// size, those it was made of.
    pub frozen: BTreeMap<ReportYear, usize>,
}

/// Receives the progress of a run.
pub trait Watch: Sync {
    fn stage(&self, name: &str, steps: usize);
    fn step(&self);
    /// A stage has ended, well or not.
    fn ended(&self, _stage: &Stage) {}
}

#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("`{}`: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Intake(#[from] IntakeError),
    #[error(transparent)]
    TableWork(#[from] TableError),
    #[error(transparent)]
    Table(#[from] TableFileError),
    #[error(transparent)]
    Decision(#[from] DecisionError),
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error("polars: {0}")]
    Polars(#[from] PolarsError),
    #[error("arrow: {0}")]
    Arrow(#[from] ArrowError),
    #[error("workbook: {0}")]
    Workbook(#[from] XlsxError),
    /// The folder of a configured source cannot be read.
    #[error("drop folder `{}`: {source}", path.display())]
    Source { path: PathBuf, source: io::Error },
    #[error("`{}` is not what it was when it was written", .0.display())]
    Damaged(PathBuf),
    #[error("{0}")]
    Key(String),
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Everything else was done, and the release is published.
    #[error("release {release:06} is published, but its documents are not written: {source}")]
    Documents { release: u32, source: Box<RunError> },
}

/// A value for each year.
type ByYear<T> = BTreeMap<ReportYear, T>;

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> RunError + '_ {
    move |source| RunError::Io { path: path.to_owned(), source }
}

/// Program and version, as written in manifests.
pub const PROGRAM: &str = concat!("nianbao ", env!("CARGO_PKG_VERSION"));

/// Runs: list → hash → compare → take in → assemble → compute and reconcile → check → publish → report.
///
/// # Errors
/// When the machine fails; faults of deliveries are in the outcome.
pub fn run(
    settings: &Settings,
    definitions: &Definitions,
    request: &Request,
    watch: &dyn Watch,
) -> Result<RunReport, RunError> {
    let data = DataRoot::new(&settings.data_dir);
    clear_staging(&data)?;
    make_folders(&data)?;
    persons::close(&data, &definitions.tables_of_persons())?;
    publish::restore_pointer(&data)?;
    let history = History::read(&data)?;
    let key = match key::read(&data, history.last.as_ref())? {
        Some(key) => key,
        None => key::make(&data)?,
    };
    let context =
        RunContext::new(settings, definitions, request, watch, data, key, history).with_corrections()?;
    let mut stages = Stages::new(watch);
    let listing = stages.timed("list", || context.survey(true).list())?;
    let frozen = files_waiting(&listing, context.last.as_ref(), &context.frozen);
    let inventory = stages.timed("hash", || context.survey(true).hash(listing))?;
    stages.count((inventory.listing.files.len(), "files"), (inventory.inputs.len(), "files"));
    let planned = context.plan(&inventory);
    let years = context.years_to_do(&planned);
    let made = if inventory.inputs.is_empty() && context.last.is_none() {
        RunResult::nothing(RunEnd::NothingFound)
    } else if years.is_empty() {
        RunResult::nothing(keep_release(&context, &mut stages)?)
    } else {
        make(&context, &mut stages, &inventory, &planned, &years)?
    };
    let RunResult { outcome, deliveries, checks } = made;
    Ok(RunReport { outcome, stages: stages.ended(), deliveries, checks, frozen })
}

/// The end of a run, with the deliveries and checks of the years that it made.
struct RunResult {
    outcome: RunEnd,
    deliveries: Vec<Delivery>,
    checks: Vec<CheckCount>,
}

impl RunResult {
    fn nothing(outcome: RunEnd) -> Self {
        RunResult { outcome, deliveries: Vec::new(), checks: Vec::new() }
    }
}

/// Keeps the release. Its documents may have to be written: the run that published it may have died before that,
/// or documents that were filled in may have been read back since.
fn keep_release(context: &RunContext<'_>, stages: &mut Stages<'_>) -> Result<RunEnd, RunError> {
    let Some(last) = context.last.clone() else { return Ok(RunEnd::NothingFound) };
    let register = Register::load(&context.data)?;
    if !documents::are_of(&context.data, &last)? || register.is_behind(&context.data.all_reports())? {
        stages.timed("report", || documents::write_all_documents(context, &last))?;
    }
    Ok(RunEnd::NothingToDo(Box::new(last)))
}

/// Makes years, and publishes them with those that stay as they are.
fn make(
    context: &RunContext<'_>,
    stages: &mut Stages<'_>,
    inventory: &Inventory,
    planned: &ByYear<PlannedYear>,
    years: &[ReportYear],
) -> Result<RunResult, RunError> {
    // The findings of each year and the decisions applied to it are collected here and nowhere else.
    let mut notes = Notes::default();
    make_staging(&context.data)?;
    let taken = stages.timed("decode and normalise", || deliveries::take_in(context, inventory, years))?;
    stages.count((inventory.of_years(years).count(), "files"), (taken.len(), "files"));
    let assembled = stages.timed("assemble", || {
        let received = notes.take(received::receive(taken, years));
        let enrolled = notes.take(assembly::enrol(context, received)?);
        let accepted = notes.take(acceptance::accept(context, enrolled)?);
        Ok::<_, RunError>(notes.take(assembly::assemble(context, accepted)?))
    })?;
    let loaded = rows(&assembled, |rows| rows.loaded);
    stages.count((rows(&assembled, |rows| rows.physical), "rows"), (loaded, "rows"));
    let (computed, cells) = stages.timed("compute", || {
        let computed = notes.take(figures::compute(context, &assembled)?);
        let cells = figures::print(context, &assembled, &computed)?;
        Ok::<_, RunError>((computed, cells))
    })?;
    let values = computed.values().map(|year| year.values.len()).sum();
    stages.count((loaded, "rows"), (values, "values"));
    let checked =
        stages.timed("check", || checked::check_years(context, &assembled, &computed, &cells, notes))?;
    stages.count((values, "values"), (checked.values().map(|year| year.findings.len()).sum(), "findings"));
    let (results, shared) =
        stages.timed("stage", || stage(context, inventory, assembled, computed, checked, &cells))?;
    let deliveries = results.values().flat_map(|year| year.deliveries.iter().cloned()).collect();
    let checks = results.values().flat_map(|year| year.checks.iter().cloned()).collect();
    let summary = release::summary(context.last.as_ref(), inventory.listing.ignored, &results);
    let stops = release::stops(&results);
    if !stops.is_empty() {
        let outcome = RunEnd::HeldBack { findings: stops, summary: Box::new(summary) };
        return Ok(RunResult { outcome, deliveries, checks });
    }
    let manifest = stages
        .timed("publish", || release::publish(context, inventory, planned, results, shared, summary))?;
    stages.count((manifest.files.len(), "files"), (manifest.files.len(), "files"));
    stages.timed("report", || documents::write_documents(context, &manifest, &cells))?;
    Ok(RunResult { outcome: RunEnd::Published(Box::new(manifest)), deliveries, checks })
}

/// Puts every table of the years in its place, with the tables that are of no year and the years that stay.
fn stage(
    context: &RunContext<'_>,
    inventory: &Inventory,
    assembled: ByYear<AssembledYear>,
    computed: ByYear<ComputedYear>,
    checked: ByYear<Noted<CheckedYear>>,
    cells: &ByYear<Vec<ReportCell>>,
) -> Result<(Results, Vec<StagedFile>), RunError> {
    let made = computed.into_values().zip(checked.into_values()).zip(cells.values());
    let made = assembled.into_iter().zip(made).map(|((year, assembled), ((computed, checked), cells))| {
        MadeYear { year, assembled, computed, checked, cells }
    });
    let results = staging::stage_years(context, inventory, made.collect())?;
    let mut shared = staging::stage_dimensions(context)?;
    shared.extend(staging::carry_over(context, &|year| results.contains_key(&year))?);
    Ok((results, shared))
}

/// Counts the rows of all deliveries of all years.
fn rows(years: &ByYear<AssembledYear>, count: fn(&RowCounts) -> u64) -> usize {
    let deliveries = years.values().flat_map(|year| &year.deliveries.all);
    let rows: u64 = deliveries.map(|delivery| count(&delivery.rows)).sum();
    usize::try_from(rows).unwrap_or(usize::MAX)
}

/// Removes the unfinished release of a run that died, which has personal rows in it.
fn clear_staging(data: &DataRoot) -> Result<(), RunError> {
    let staged = data.staged_release();
    if staged.exists() {
        fs::remove_dir_all(&staged).map_err(io_error(&staged))?;
    }
    Ok(())
}

/// Makes the folders of the data root.
fn make_folders(data: &DataRoot) -> Result<(), RunError> {
    files::make_folder(data.path(), Access::Open).map_err(io_error(data.path()))?;
    for folder in data.restricted() {
        files::make_folder(&folder, Access::Restricted).map_err(io_error(&folder))?;
    }
    Ok(())
}

fn make_staging(data: &DataRoot) -> Result<(), RunError> {
    let staged = data.staged_release();
    files::make_folder(&staged, Access::Restricted).map_err(io_error(&staged))
}

/// Counts the files in the folder of each frozen year that are not, by name and size, those it was made of.
fn files_waiting(listing: &Listing, last: Option<&Manifest>, frozen: &BTreeSet<ReportYear>) -> ByYear<usize> {
    let mut counts: ByYear<usize> = frozen.iter().map(|year| (*year, 0)).collect();
    for file in &listing.files {
        let Some(count) = file.year.and_then(|year| counts.get_mut(&year)) else { continue };
        let mut inputs = last.iter().flat_map(|last| &last.inputs);
        let is_known = inputs.any(|input| input.file == file.label && input.bytes == file.bytes);
        *count += usize::from(!is_known);
    }
    counts
}
