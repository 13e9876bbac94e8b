//! One run, top to bottom: from what was dropped to a published release and its reports.

mod key;

mod noted;

mod acceptance;

mod parallel;

mod survey;

mod plan;

mod recorded;

mod rehearsal;

mod deliveries;

mod assembly;

mod figures;

mod examined;

mod checked;

mod reconciled;

mod corrected;

mod staging;

mod release;

mod documents;

mod dimensions;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use arrow::error::ArrowError;
use polars::prelude::PolarsError;
use rust_xlsxwriter::XlsxError;

use crate::checks::CheckCount;
use crate::combinations::TableError;
use crate::decisions::corrections::{self, FileKey, OfFile};
use crate::decisions::values::SetValue;
use crate::decisions::{DecisionError, Override};
use crate::definition::Definitions;
use crate::delivery::RunOutcome;
use crate::documents::{DocumentError, Register};
use crate::finding::Finding;
use crate::indicators::IndicatorValue;
use crate::indicators::compute::School;
use crate::intake::{IntakeError, Outcome, TakenIn};
use crate::normalise::Counts;
use crate::normalise::identity::PseudonymKey;
use crate::period::ReportYear;
use crate::reconcile::Difference;
use crate::report::cells::ReportCell;
use crate::runs::Stage;
use crate::settings::Settings;
use crate::sources::drop_folder::Listing;
use crate::table_file::TableFileError;
use crate::tables::Delivery;
use crate::warehouse::files::{self, Access};
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::{self, Accepted, Manifest, PublishError, StagedFile, Summary};

use acceptance::{Present, Used};
use deliveries::decode_limits;
use plan::{Before, Makers, PlannedYear};
use recorded::Recorded;
use survey::{Hashed, Inventory};

pub use documents::report_again;
pub use examined::{Examined, Figures, Found, Release, Standing, examine, examine_release, read_release};
pub use key::pseudonym_key;
pub use plan::{Change, How, made_with_these};
pub use rehearsal::{Figures as PlannedFigures, Moved, Planned, rehearse};
pub use staging::catalogue_sql;

/// What a run is asked to do.
#[derive(Debug, Clone)]
pub struct Request {
    /// Empty for every year found.
    pub years: Vec<ReportYear>,
    /// The clock, read once by the caller: `2024-10-08T02:00:00+08:00`.
    pub now: String,
    /// The program that is started to decode: `nianbao` itself.
    pub decode_program: PathBuf,
}

/// What came of it.
#[derive(Debug)]
pub enum Ended {
    Published(Box<Manifest>),
    /// The same inputs, definitions, settings, program and key as the release that stands.
    NothingToDo(Box<Manifest>),
    /// Something stops the release; what stands, stays.
    HeldBack {
        findings: Vec<Finding>,
        summary: Box<Summary>,
    },
    /// No delivery for any year asked for.
    NothingFound,
}

impl Ended {
    /// As the ledger has it.
    #[must_use]
    pub fn outcome(&self) -> RunOutcome {
        match self {
            Ended::Published(_) => RunOutcome::Published,
            Ended::NothingToDo(_) => RunOutcome::NothingToDo,
            Ended::HeldBack { .. } => RunOutcome::HeldBack,
            Ended::NothingFound => RunOutcome::NothingFound,
        }
    }
}

/// A run's result, with how long its stages took.
#[derive(Debug)]
pub struct RunReport {
    pub outcome: Ended,
    pub stages: Vec<Stage>,
    /// The files that were taken in.
    pub deliveries: Vec<Delivery>,
    pub checks: Vec<CheckCount>,
    /// Years that were left as they are, as somebody froze them, and how many files in the folder of each
    /// are not, by name and size, those it was made of.
    pub frozen: BTreeMap<ReportYear, usize>,
}

/// How far a run is, for whoever watches.
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
    /// Everything else was done: the release stands.
    #[error("release {release:06} is published, but its documents are not written: {source}")]
    Documents { release: u32, source: Box<RunError> },
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> RunError + '_ {
    move |source| RunError::Io { path: path.to_owned(), source }
}

/// Program and version, as manifests name it.
pub const PROGRAM: &str = concat!("nianbao ", env!("CARGO_PKG_VERSION"));

/// Runs: list → hash → compare → take in → assemble → compute and reconcile → check → publish → report.
///
/// # Errors
/// Only for the world failing; what is wrong with deliveries is in the outcome.
pub fn run(
    settings: &Settings,
    definitions: &Definitions,
    request: &Request,
    watch: &dyn Watch,
) -> Result<RunReport, RunError> {
    let data = DataRoot::new(&settings.data_dir);
    prepare(&data)?;
    let mut run = Run::new(Given::read(settings, definitions, request, watch, data)?);
    let listing = run.timed("list", |run| run.given.survey(true).list())?;
    run.waiting = waiting(&listing, run.given.last.as_ref(), &run.given.frozen);
    let inventory = run.timed("hash", |run| run.given.survey(true).hash(listing))?;
    run.count((inventory.listing.files.len(), "files"), (inventory.inputs.len(), "files"));
    run.planned = run.given.plan(&inventory);
    let years = run.years_to_do();
    let Inventory { listing, inputs, unopened } = inventory;
    if inputs.is_empty() && run.given.last.is_none() {
        return Ok(run.report(Ended::NothingFound));
    }
    if years.is_empty() {
        let Some(last) = run.given.last.clone() else { return Ok(run.report(Ended::NothingFound)) };
        // The run that published it may have died before its documents were written, and what somebody
        // filled in may have been read back since.
        let data = &run.given.data;
        let register = Register::load(data)?;
        if !documents::are_of(data, &last) || register.is_behind(&data.all_reports())? {
            run.timed("report", |run| run.write_all_documents(&last))?;
        }
        return Ok(run.report(Ended::NothingToDo(Box::new(last))));
    }
    run.make_staging()?;
    let taken = run.timed("decode and normalise", |run| run.take_in(&inputs, &unopened, &years))?;
    let wanted = inputs.iter().filter(|input| input.file.year.is_none_or(|year| years.contains(&year)));
    run.count((wanted.count(), "files"), (taken.len(), "files"));
    run.note_fragments(&taken);
    run.timed("assemble", |run| run.assemble(taken))?;
    let loaded = run.rows(|rows| rows.loaded);
    run.count((run.rows(|rows| rows.physical), "rows"), (loaded, "rows"));
    run.timed("compute", Run::compute)?;
    let values = run.years.values().map(|of| of.values.len()).sum();
    run.count((loaded, "rows"), (values, "values"));
    run.timed("check", Run::check)?;
    run.count((values, "values"), (run.years.values().map(|of| of.findings.len()).sum(), "findings"));
    run.timed("stage", Run::stage)?;
    if let Some(held) = run.held_back(&listing) {
        return Ok(run.report(held));
    }
    let manifest = run.timed("publish", |run| run.publish(&listing, &inputs))?;
    run.count((run.staged.len(), "files"), (manifest.files.len(), "files"));
    run.timed("report", |run| run.write_documents(&manifest))?;
    Ok(run.report(Ended::Published(Box::new(manifest))))
}

/// How many files lie in the folder of each frozen year that are not, by name and size, those it was made of.
fn waiting(
    listing: &Listing,
    last: Option<&Manifest>,
    frozen: &BTreeSet<ReportYear>,
) -> BTreeMap<ReportYear, usize> {
    let mut counts: BTreeMap<ReportYear, usize> = frozen.iter().map(|year| (*year, 0)).collect();
    for file in &listing.files {
        let Some(count) = file.year.and_then(|year| counts.get_mut(&year)) else { continue };
        let mut inputs = last.iter().flat_map(|last| &last.inputs);
        let is_known = inputs.any(|input| input.file == file.label && input.bytes == file.bytes);
        *count += usize::from(!is_known);
    }
    counts
}

/// A year being put together.
#[derive(Debug, Default)]
struct Year {
    /// What was delivered and reads, by dataset, until it is decided what counts.
    present: BTreeMap<String, Vec<Present>>,
    /// What counts, by dataset, in an order that names do not change.
    fragments: BTreeMap<String, Vec<Used>>,
    /// A reader was killed from outside: the next run tries again, though nothing changes.
    try_again: bool,
    /// Decisions that were applied.
    overrides: Vec<Override>,
    /// What counted of schools that the register does not have now.
    dormant: Vec<Accepted>,
    deliveries: Vec<Delivery>,
    findings: Vec<Finding>,
    tables: BTreeMap<String, (PathBuf, u64)>,
    schools: BTreeMap<String, School>,
    values: Vec<IndicatorValue>,
    /// Values that persons set, and that hold.
    set: Vec<SetValue>,
    differences: Vec<Difference>,
    checks: Vec<CheckCount>,
}

/// What a run is given, and what was published and decided before: no stage changes it.
struct Given<'a> {
    settings: &'a Settings,
    definitions: &'a Definitions,
    request: &'a Request,
    watch: &'a dyn Watch,
    data: DataRoot,
    key: PseudonymKey,
    last: Option<Manifest>,
    /// Decisions of named persons that stand and apply.
    overrides: Vec<Override>,
    /// All that stand, those that no longer apply too.
    recorded: Vec<Override>,
    /// Ids of those that the release before found to hold no longer.
    lapsed: BTreeSet<u32>,
    /// What they say of single rows, by delivery.
    corrections: BTreeMap<FileKey, OfFile>,
    /// Years that anything was ever decided about, also what was taken back since.
    decided_years: BTreeSet<ReportYear>,
    /// Years that change only when somebody lifts the freeze.
    frozen: BTreeSet<ReportYear>,
    /// Whether a year is asked for: nobody asks for a frozen one.
    wanted: Box<dyn Fn(ReportYear) -> bool + Sync>,
}

/// A run so far.
struct Run<'a> {
    given: Given<'a>,
    /// Frozen years, with the files that wait for somebody to lift the freeze.
    waiting: BTreeMap<ReportYear, usize>,
    /// Ids of decisions about values that this run found to hold no longer.
    lapsed_values: BTreeSet<u32>,
    stages: Vec<Stage>,
    checks: Vec<CheckCount>,
    years: BTreeMap<ReportYear, Year>,
    planned: BTreeMap<ReportYear, PlannedYear>,
    cells: BTreeMap<ReportYear, Vec<ReportCell>>,
    staged: Vec<StagedFile>,
    /// Keys of the normalised files of each year, those set aside too.
    fragments: BTreeMap<ReportYear, BTreeSet<String>>,
}

/// Makes the folders of the data root, clears what a run that died was putting together, with people's rows in
/// it, and mends the pointer to the release that is whole.
fn prepare(data: &DataRoot) -> Result<(), RunError> {
    files::make_folder(data.path(), Access::Open).map_err(io_error(data.path()))?;
    let staged = data.staged_release();
    if staged.exists() {
        fs::remove_dir_all(&staged).map_err(io_error(&staged))?;
    }
    for folder in data.restricted() {
        files::make_folder(&folder, Access::Restricted).map_err(io_error(&folder))?;
    }
    Ok(publish::restore_pointer(data)?)
}

impl<'a> Given<'a> {
    /// Reads what stands; a new data root gets its key.
    fn read(
        settings: &'a Settings,
        definitions: &'a Definitions,
        request: &'a Request,
        watch: &'a dyn Watch,
        data: DataRoot,
    ) -> Result<Self, RunError> {
        let recorded = Recorded::read(&data)?;
        let key = pseudonym_key(&data, recorded.last.as_ref())?;
        let corrections = corrections::by_file(&data, &key, &recorded.overrides)?;
        let given = Given::new(settings, definitions, request, watch, data, key, recorded);
        Ok(Given { corrections, ..given })
    }

    /// Without what was said of single rows: no plan needs it.
    fn new(
        settings: &'a Settings,
        definitions: &'a Definitions,
        request: &'a Request,
        watch: &'a dyn Watch,
        data: DataRoot,
        key: PseudonymKey,
        recorded: Recorded,
    ) -> Self {
        let Recorded { last, standing, overrides, lapsed, decided_years, frozen } = recorded;
        let (asked, closed) = (request.years.clone(), frozen.clone());
        let wanted = move |year| !closed.contains(&year) && (asked.is_empty() || asked.contains(&year));
        Given {
            corrections: BTreeMap::new(),
            settings,
            definitions,
            request,
            watch,
            data,
            key,
            last,
            overrides,
            recorded: standing,
            lapsed,
            decided_years,
            frozen,
            wanted: Box::new(wanted),
        }
    }

    /// The years that are planned, by what decides them.
    fn plan(&self, inventory: &Inventory) -> BTreeMap<ReportYear, PlannedYear> {
        let before = Before {
            last: self.last.as_ref(),
            recorded: &self.recorded,
            decided_years: &self.decided_years,
            frozen: &self.frozen,
        };
        let key = self.key.check_value();
        let makers =
            Makers { settings: self.settings, definitions: self.definitions, program: PROGRAM, key: &key };
        plan::plan(inventory, before, makers)
    }
}

impl<'a> Run<'a> {
    fn new(given: Given<'a>) -> Self {
        Run {
            given,
            waiting: BTreeMap::new(),
            lapsed_values: BTreeSet::new(),
            stages: Vec::new(),
            checks: Vec::new(),
            years: BTreeMap::new(),
            planned: BTreeMap::new(),
            cells: BTreeMap::new(),
            staged: Vec::new(),
            fragments: BTreeMap::new(),
        }
    }

    fn timed<T>(&mut self, stage: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        let start = Instant::now();
        let done = work(self);
        let milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let stage = Stage { stage: stage.to_owned(), milliseconds, taken: None, given: None };
        self.given.watch.ended(&stage);
        self.stages.push(stage);
        done
    }

    /// Notes what went into the stage that has just ended, and what came out of it.
    fn count(&mut self, taken: (usize, &str), given: (usize, &str)) {
        if let Some(stage) = self.stages.last_mut() {
            (stage.taken, stage.given) = (Some(taken.into()), Some(given.into()));
        }
    }

    /// The years that are asked for and not as they were published.
    fn years_to_do(&self) -> Vec<ReportYear> {
        let to_do =
            self.planned.iter().filter(|(year, of)| (self.given.wanted)(**year) && !of.why.is_empty());
        to_do.map(|(year, _)| *year).collect()
    }

    fn note_fragments(&mut self, taken: &[TakenIn]) {
        for one in taken {
            if let Outcome::Normalised(fragment) = &one.outcome {
                self.fragments.entry(one.year).or_default().insert(fragment.key.clone());
            }
        }
    }

    fn rows(&self, count: fn(&Counts) -> u64) -> usize {
        let rows: u64 = self.years.values().flat_map(|of| &of.deliveries).map(|one| count(&one.rows)).sum();
        usize::try_from(rows).unwrap_or(usize::MAX)
    }

    fn report(self, outcome: Ended) -> RunReport {
        let deliveries = self.years.into_values().flat_map(|of| of.deliveries).collect();
        RunReport { outcome, stages: self.stages, deliveries, checks: self.checks, frozen: self.waiting }
    }

    fn make_staging(&self) -> Result<(), RunError> {
        let staged = self.given.data.staged_release();
        files::make_folder(&staged, Access::Restricted).map_err(io_error(&staged))
    }

    fn year(&mut self, year: ReportYear) -> &mut Year {
        self.years.entry(year).or_default()
    }

    /// The file of a table of a year: of this run, else of the release that stands.
    fn table_of(&self, table: &str, year: ReportYear) -> Option<PathBuf> {
        if let Some(of) = self.years.get(&year) {
            return of.tables.get(table).map(|(path, _)| path.clone());
        }
        self.given.last.as_ref()?.table(&self.given.data, table, year)
    }
}
