//! One run, top to bottom: from what was dropped to a published release and its reports.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int32Type};
use arrow::error::ArrowError;
use polars::prelude::PolarsError;
use rust_xlsxwriter::XlsxError;

use crate::checks::{self, Checked};
use crate::contract::Dataset;
use crate::definition::Definitions;
use crate::finding::{self, Finding, RULES, Severity};
use crate::indicators::compute::{self, Filed, Inputs, School};
use crate::indicators::definition::{Calculation, Combination};
use crate::indicators::{IndicatorValue, State, Unit, ValueKey};
use crate::intake::{self, Delivered, Fragment, Intake, IntakeError, Outcome, TakenIn};
use crate::layout::{Basis, Level};
use crate::normalise::identity::PseudonymKey;
use crate::normalise::{Context, Counts};
use crate::number::Decimal;
use crate::period::ReportYear;
use crate::position::Place;
use crate::report::cells::{self, ReportCell};
use crate::report::workbook::{self, Heading};
use crate::runs::{Seen, Stage};
use crate::settings::Settings;
use crate::sources::drop_folder::{self, Dropped, Listing};
use crate::tables::{self, Delivery, SchoolRow};
use crate::warehouse::assemble::{self, AssembleError, Decision};
use crate::warehouse::files::{self, Access};
use crate::warehouse::layout::{DataRoot, flat_file, table_file};
use crate::warehouse::publish::{
    self, DatasetSummary, FORMAT, FileCounts, Headline, Input, KeyId, Manifest, PublishError, ReleaseOutcome,
    RuleCount, StagedFile, Summary,
};
use crate::warehouse::table_file::{self as parquet_file, TableFileError};

/// What a run is asked to do.
#[derive(Debug, Clone)]
pub struct Request {
    /// Empty for every year found.
    pub years: Vec<ReportYear>,
    /// The clock, read once by the caller: `2024-10-08T02:00:00+08:00`.
    pub now: String,
}

/// What came of it.
#[derive(Debug)]
pub enum RunOutcome {
    Published(Box<Manifest>),
    /// The same inputs, definitions, settings, program and key as the release that stands.
    NothingToDo(Box<Manifest>),
    /// Something stops the release; what stands, stays.
    HeldBack { findings: Vec<Finding>, summary: Box<Summary> },
    /// No delivery for any year asked for.
    NothingFound,
}

/// A run's result, with how long its stages took.
#[derive(Debug)]
pub struct RunReport {
    pub outcome: RunOutcome,
    pub stages: Vec<Stage>,
    pub checks: Vec<Checked>,
}

/// How far a run is, for whoever watches.
pub trait Watch: Sync {
    fn stage(&self, name: &str, steps: usize);
    fn step(&self);
}

#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("`{}`: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Intake(#[from] IntakeError),
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    #[error(transparent)]
    Table(#[from] TableFileError),
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
    #[error("{0}")]
    Key(String),
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> RunError + '_ {
    move |source| RunError::Io { path: path.to_owned(), source }
}

/// Program and version, as manifests name it.
pub const PROGRAM: &str = concat!("nianbao ", env!("CARGO_PKG_VERSION"));

/// Runs: list → hash → compare → take in → assemble → compute → check → publish → report.
///
/// # Errors
/// Only for the world failing; what is wrong with deliveries is in the outcome.
pub fn run(
    settings: &Settings,
    definitions: &Definitions,
    request: &Request,
    watch: &dyn Watch,
) -> Result<RunReport, RunError> {
    let mut run = Run::new(settings, definitions, request, watch)?;
    let listing = run.timed("list", Run::list)?;
    let inputs = run.timed("hash", |run| run.hash(&listing.files))?;
    let years = run.years_to_do(&inputs);
    if inputs.is_empty() && run.last.is_none() {
        return Ok(run.report(RunOutcome::NothingFound));
    }
    if years.is_empty() {
        let last = run.last.clone();
        return Ok(run.report(last.map_or(RunOutcome::NothingFound, |last| RunOutcome::NothingToDo(Box::new(last)))));
    }
    run.make_staging()?;
    let taken = run.timed("decode and normalise", |run| run.take_in(&listing, &inputs, &years))?;
    run.timed("assemble", |run| run.assemble(taken))?;
    run.timed("compute", Run::compute)?;
    run.timed("check", Run::check)?;
    run.timed("stage", Run::stage)?;
    if let Some(held) = run.held_back(&listing) {
        return Ok(run.report(held));
    }
    let manifest = run.timed("publish", |run| run.publish(&listing, &inputs))?;
    run.timed("report", |run| write_reports(run.settings, run.definitions, &run.data, &manifest, &run.cells))?;
    Ok(run.report(RunOutcome::Published(Box::new(manifest))))
}

/// One delivery in the drop folder, with the hash of its bytes, which lie in landing.
#[derive(Debug, Clone)]
struct Hashed {
    file: Dropped,
    sha256: String,
}

/// A year being put together.
#[derive(Debug, Default)]
struct Year {
    /// Fragments by dataset, in an order that names do not change.
    fragments: BTreeMap<String, Vec<(TakenIn, Fragment)>>,
    deliveries: Vec<Delivery>,
    findings: Vec<Finding>,
    tables: BTreeMap<String, (PathBuf, u64)>,
    schools: BTreeMap<String, School>,
    values: Vec<IndicatorValue>,
}

struct Run<'a> {
    settings: &'a Settings,
    definitions: &'a Definitions,
    request: &'a Request,
    watch: &'a dyn Watch,
    data: DataRoot,
    key: PseudonymKey,
    last: Option<Manifest>,
    stages: Vec<Stage>,
    checks: Vec<Checked>,
    years: BTreeMap<ReportYear, Year>,
    fingerprints: BTreeMap<ReportYear, String>,
    cells: BTreeMap<ReportYear, Vec<ReportCell>>,
    staged: Vec<StagedFile>,
    repeated: u64,
}

impl<'a> Run<'a> {
    fn new(
        settings: &'a Settings,
        definitions: &'a Definitions,
        request: &'a Request,
        watch: &'a dyn Watch,
    ) -> Result<Self, RunError> {
        let data = DataRoot::new(&settings.data_dir);
        files::make_folder(data.path(), Access::Open).map_err(io_error(data.path()))?;
        for folder in data.restricted() {
            files::make_folder(&folder, Access::Restricted).map_err(io_error(&folder))?;
        }
        let last = publish::current(&data)?;
        let key = pseudonym_key(&data, last.as_ref())?;
        Ok(Run {
            settings,
            definitions,
            request,
            watch,
            data,
            key,
            last,
            stages: Vec::new(),
            checks: Vec::new(),
            years: BTreeMap::new(),
            fingerprints: BTreeMap::new(),
            cells: BTreeMap::new(),
            staged: Vec::new(),
            repeated: 0,
        })
    }

    fn timed<T>(&mut self, stage: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        let start = Instant::now();
        let done = work(self);
        let milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.stages.push(Stage { stage: stage.to_owned(), milliseconds });
        done
    }

    fn report(self, outcome: RunOutcome) -> RunReport {
        RunReport { outcome, stages: self.stages, checks: self.checks }
    }

    fn list(&mut self) -> Result<Listing, RunError> {
        let drop = &self.settings.drop_dir;
        drop_folder::list(drop).map_err(|source| RunError::Source { path: drop.clone(), source })
    }

    /// The hash of every file of the years asked for; what is new is copied to landing.
    fn hash(&mut self, dropped: &[Dropped]) -> Result<Vec<Hashed>, RunError> {
        let mut seen = Seen::load(&self.data);
        self.watch.stage("hash", dropped.len());
        let mut hashed = Vec::with_capacity(dropped.len());
        for file in dropped {
            self.watch.step();
            if file.year.is_some_and(|year| !self.is_asked(year)) || self.is_no_table(file)? {
                continue;
            }
            let known = seen.sha256(file).filter(|sha256| self.data.landing(sha256).exists());
            let sha256 = match known {
                Some(sha256) => sha256.to_owned(),
                None => self.land(file)?,
            };
            seen.remember(file, &sha256);
            hashed.push(Hashed { file: file.clone(), sha256 });
        }
        seen.save(&self.data).map_err(io_error(&self.data.seen()))?;
        Ok(hashed)
    }

    fn is_asked(&self, year: ReportYear) -> bool {
        self.request.years.is_empty() || self.request.years.contains(&year)
    }

    /// A file beside the year folders that is no table at all (notes, a truth file) is no delivery.
    fn is_no_table(&self, file: &Dropped) -> Result<bool, RunError> {
        if file.year.is_some() {
            return Ok(false);
        }
        let mut head = vec![0; 4096];
        let mut open = fs::File::open(&file.path).map_err(io_error(&file.path))?;
        let read = io::Read::read(&mut open, &mut head).map_err(io_error(&file.path))?;
        Ok(crate::decode::sniff::sniff(&head[..read]).is_err())
    }

    /// Keeps the bytes as received under their hash.
    fn land(&self, file: &Dropped) -> Result<String, RunError> {
        let bytes = fs::read(&file.path).map_err(io_error(&file.path))?;
        let sha256 = files::sha256(&bytes);
        let path = self.data.landing(&sha256);
        if !path.exists() {
            files::write_whole(&path, &bytes, Access::Restricted).map_err(io_error(&path))?;
        }
        Ok(sha256)
    }

    /// Years whose own inputs, or whose last year's, are not those of the release that stands.
    fn years_to_do(&mut self, inputs: &[Hashed]) -> Vec<ReportYear> {
        let found: BTreeSet<ReportYear> = inputs.iter().filter_map(|input| input.file.year).collect();
        for &year in &found {
            let fingerprint = self.fingerprint(inputs, year);
            self.fingerprints.insert(year, fingerprint);
        }
        let last = self.last.as_ref();
        let changed = |year: &ReportYear| last.is_none_or(|last| last.fingerprints.get(year) != self.fingerprints.get(year));
        let own: BTreeSet<ReportYear> = found.iter().copied().filter(changed).collect();
        let beside = own.iter().map(|year| year + 1).filter(|year| found.contains(year));
        own.iter().copied().chain(beside).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// SHA-256 over what decides one year: its deliveries, definitions, settings, program, key.
    fn fingerprint(&self, inputs: &[Hashed], year: ReportYear) -> String {
        let mut lines: Vec<String> = inputs
            .iter()
            .filter(|input| input.file.year == Some(year))
            .map(|input| format!("{} {}", input.file.dataset, input.sha256))
            .collect();
        lines.sort();
        lines.dedup();
        let settings = [
            &self.settings.city_code,
            &self.settings.residual_region_code,
            &self.settings.residual_region_name,
            &self.settings.city_name,
        ];
        lines.extend(settings.into_iter().cloned());
        lines.push(self.settings.file_size_max_mb.to_string());
        lines.extend([PROGRAM.to_owned(), self.definitions.digest.clone(), self.key.check_value()]);
        files::sha256(lines.join("\n").as_bytes())
    }

    fn make_staging(&self) -> Result<(), RunError> {
        let staged = self.data.staged_release();
        if staged.exists() {
            fs::remove_dir_all(&staged).map_err(io_error(&staged))?;
        }
        files::make_folder(&staged, Access::Restricted).map_err(io_error(&staged))
    }

    /// Every file decoded and normalised, on all threads, in the order of the listing.
    fn take_in(
        &mut self,
        listing: &Listing,
        inputs: &[Hashed],
        years: &[ReportYear],
    ) -> Result<Vec<TakenIn>, RunError> {
        let wanted: Vec<&Hashed> =
            inputs.iter().filter(|input| input.file.year.is_none_or(|year| years.contains(&year))).collect();
        self.watch.stage("decode and normalise", wanted.len());
        let results: Vec<Mutex<Option<Result<Vec<TakenIn>, RunError>>>> =
            wanted.iter().map(|_| Mutex::new(None)).collect();
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..self.threads() {
                scope.spawn(|| {
                    while let Some(input) = wanted.get(next.fetch_add(1, Ordering::Relaxed)).copied() {
                        let index = wanted.iter().position(|other| std::ptr::eq(*other, input));
                        let result = self.take_in_one(input);
                        self.watch.step();
                        if let Some(slot) = index.and_then(|index| results.get(index))
                            && let Ok(mut slot) = slot.lock()
                        {
                            *slot = Some(result);
                        }
                    }
                });
            }
        });
        let mut taken = Vec::new();
        for slot in results {
            if let Ok(Some(result)) = slot.into_inner() {
                taken.extend(result?);
            }
        }
        for refused in &listing.refused {
            let year = refused.split('/').next().and_then(|year| year.parse().ok());
            if let Some(year) = year.filter(|year| years.contains(year)) {
                let place = Place { file: refused.clone(), ..Place::default() };
                let finding = Finding::new(finding::FILE_FORMAT, year, "", "不是普通文件").at(place);
                self.year(year).findings.push(finding);
            }
        }
        Ok(taken)
    }

    fn threads(&self) -> usize {
        match self.settings.threads {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            threads => threads,
        }
    }

    fn take_in_one(&self, input: &Hashed) -> Result<Vec<TakenIn>, RunError> {
        let file = &input.file;
        if file.bytes > self.settings.file_size_max_mb << 20 {
            let place = Place { file: file.label.clone(), ..Place::default() };
            let year = file.year.unwrap_or_default();
            let detail = format!("{} MB", self.settings.file_size_max_mb);
            let finding = Finding::new(finding::FILE_LIMIT, year, &file.dataset, &detail).at(place);
            return Ok(vec![TakenIn {
                label: file.label.clone(),
                year,
                dataset: file.dataset.clone(),
                sha256: input.sha256.clone(),
                outcome: Outcome::Rejected(Box::new(finding)),
            }]);
        }
        let landed = self.data.landing(&input.sha256);
        let bytes = fs::read(&landed).map_err(io_error(&landed))?;
        let intake = Intake { data: &self.data, definitions: self.definitions, context: self.context() };
        let delivered = Delivered { label: &file.label, year: file.year, dataset: &file.dataset, bytes: &bytes };
        Ok(intake::take_in(intake, delivered)?)
    }

    fn context(&self) -> Context<'_> {
        Context {
            codes: &self.definitions.codes,
            key: &self.key,
            city_code: &self.settings.city_code,
            residual_code: &self.settings.residual_region_code,
        }
    }

    fn year(&mut self, year: ReportYear) -> &mut Year {
        self.years.entry(year).or_default()
    }

    /// Fragments → one table for each dataset and year, the register first: it says where schools are.
    fn assemble(&mut self, taken: Vec<TakenIn>) -> Result<(), RunError> {
        self.sort_out(taken);
        let years: Vec<ReportYear> = self.years.keys().copied().collect();
        for year in years {
            let definitions = self.definitions;
            let (register, others): (Vec<&Dataset>, Vec<&Dataset>) =
                definitions.datasets.iter().partition(|dataset| dataset.table == "school");
            for dataset in register {
                self.assemble_table(year, dataset)?;
                self.read_register(year)?;
            }
            for dataset in others {
                self.assemble_table(year, dataset)?;
                self.note_schools(year, dataset);
            }
        }
        Ok(())
    }

    /// Results by year and dataset; the same bytes twice are one delivery.
    fn sort_out(&mut self, taken: Vec<TakenIn>) {
        let mut seen = BTreeSet::new();
        for mut one in taken {
            let repeated = !seen.insert((one.year, one.dataset.clone(), one.sha256.clone()));
            let mut delivery = Delivery {
                report_year: one.year,
                dataset: one.dataset.clone(),
                file: one.label.clone(),
                sha256: one.sha256.clone(),
                format: String::new(),
                encoding: String::new(),
                outcome: "repeated".to_owned(),
                rows: Counts::default(),
            };
            if repeated {
                self.repeated += 1;
                self.year(one.year).deliveries.push(delivery);
                continue;
            }
            let label = one.label.clone();
            let year = self.year(one.year);
            match &mut one.outcome {
                Outcome::Rejected(finding) => {
                    "rejected".clone_into(&mut delivery.outcome);
                    year.findings.push((**finding).clone());
                }
                Outcome::Normalised(fragment) => {
                    "decoded".clone_into(&mut delivery.outcome);
                    fragment.format.name().clone_into(&mut delivery.format);
                    delivery.encoding.clone_from(&fragment.encoding);
                    delivery.rows = fragment.counts;
                    year.findings.extend(fragment.findings.iter().cloned().map(|mut finding| {
                        finding.place.file.clone_from(&label);
                        finding
                    }));
                    let fragment = fragment.clone();
                    year.fragments.entry(one.dataset.clone()).or_default().push((one, fragment));
                }
            }
            year.deliveries.push(delivery);
        }
        for year in self.years.values_mut() {
            for fragments in year.fragments.values_mut() {
                fragments.sort_by(|(a, x), (b, y)| (x.schools.first(), &a.sha256).cmp(&(y.schools.first(), &b.sha256)));
            }
        }
    }

    fn assemble_table(&mut self, year: ReportYear, dataset: &Dataset) -> Result<(), RunError> {
        let staged = self.data.staged_release();
        let residual = self.settings.residual_region_code.clone();
        let paths: Vec<PathBuf> = match self.years.get(&year).and_then(|of| of.fragments.get(&dataset.dataset)) {
            Some(fragments) => {
                fragments.iter().map(|(_, fragment)| self.data.fragment(&fragment.key).join("rows.parquet")).collect()
            }
            None => return Ok(()),
        };
        let to = staged.join(format!("{}-{year}.parquet", dataset.table));
        let of = self.year(year);
        let regions: HashMap<String, String> =
            of.schools.iter().map(|(code, school)| (code.clone(), school.region_code.clone())).collect();
        let assembled = assemble::assemble(dataset, &paths, &regions, &residual, &to)?;
        let fragments = of.fragments.get(&dataset.dataset).map(Vec::as_slice).unwrap_or_default();
        for (told, (taken, _)) in assembled.told.iter().map(|told| (told, &fragments[told.fragment])) {
            let rule = match told.decision {
                Decision::OtherSchool => finding::STUDENT_TWO_SCHOOLS,
                Decision::Repeated => finding::STUDENT_TWICE,
                _ => finding::ROW_ID_SHARED,
            };
            let place = Place { file: taken.label.clone(), sheet: told.sheet.clone(), row: told.row, ..Place::default() };
            let finding = Finding::new(rule, year, &dataset.dataset, "").at(place).of_school(&told.school_code);
            of.findings.push(finding);
        }
        for (index, (taken, _)) in fragments.iter().enumerate() {
            let shared = assembled
                .told
                .iter()
                .filter(|told| told.fragment == index && told.decision == Decision::SharedId)
                .count() as u64;
            let delivery = of.deliveries.iter_mut().find(|delivery| delivery.file == taken.label);
            if let Some(delivery) = delivery {
                let rows = &mut delivery.rows;
                rows.duplicate += assembled.duplicates[index];
                rows.quarantined += shared;
                rows.loaded -= assembled.duplicates[index] + shared;
                assert!(rows.holds(), "rows were lost or counted twice: {rows:?}");
            }
        }
        of.tables.insert(dataset.table.clone(), (assembled.path, assembled.rows));
        Ok(())
    }

    /// The schools of one year, from its own register.
    fn read_register(&mut self, year: ReportYear) -> Result<(), RunError> {
        let Some((path, _)) = self.year(year).tables.get("school").cloned() else { return Ok(()) };
        let mut schools = BTreeMap::new();
        for batch in parquet_file::read(&path)? {
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
                for name in ["school_type", "ownership", "affiliation"] {
                    school.attributes.insert(name.to_owned(), text_at(&batch, name, row));
                }
                schools.insert(text_at(&batch, "school_code", row), school);
            }
        }
        self.year(year).schools = schools;
        Ok(())
    }

    /// Schools that the register does not know, that sent two files, or none.
    fn note_schools(&mut self, year: ReportYear, dataset: &Dataset) {
        let of = self.year(year);
        let mut files: BTreeMap<&String, Vec<&str>> = BTreeMap::new();
        for (taken, fragment) in of.fragments.get(&dataset.dataset).into_iter().flatten() {
            for school in &fragment.schools {
                files.entry(school).or_default().push(&taken.label);
            }
        }
        let finding = |rule, detail: &str, school: &str| Finding::new(rule, year, &dataset.dataset, detail).of_school(school);
        let mut found = Vec::new();
        for (school, labels) in &files {
            let place = Place { file: labels[0].to_owned(), ..Place::default() };
            if !of.schools.contains_key(*school) {
                found.push(finding(finding::SCHOOL_UNKNOWN, school, school).at(place.clone()));
            }
            if labels.len() > 1 {
                found.push(finding(finding::SCHOOL_TWO_FILES, &labels.join("、"), school).at(place));
            }
        }
        if dataset.every_school {
            for school in of.schools.keys().filter(|school| !files.contains_key(school)) {
                found.push(finding(finding::SCHOOL_MISSING, &dataset.title_zh, school));
            }
        }
        of.findings.extend(found);
    }

    /// Values of each year, then the printed cells, whose last-year column is last year's release.
    fn compute(&mut self) -> Result<(), RunError> {
        let years: Vec<ReportYear> = self.years.keys().copied().collect();
        for &year in &years {
            let inputs = self.inputs(year)?;
            let values = compute::compute(self.definitions, &inputs)?;
            self.year(year).values = values;
            self.compare_last_year(year)?;
        }
        for year in years {
            let mut values: Vec<IndicatorValue> = self.years[&year].values.clone();
            values.extend(self.values_of(year - 1)?);
            let values = tables::indexed(values.into_iter());
            let cells = self.cells_of(year, &values);
            self.cells.insert(year, cells);
        }
        Ok(())
    }

    fn inputs(&self, year: ReportYear) -> Result<Inputs, RunError> {
        let of = &self.years[&year];
        let mut delivered: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for dataset in &self.definitions.datasets {
            let fragments = of.fragments.get(&dataset.dataset).into_iter().flatten();
            let schools = fragments.flat_map(|(_, fragment)| fragment.schools.iter().cloned());
            delivered.entry(dataset.table.clone()).or_default().extend(schools);
        }
        let filed = match of.tables.get("filing") {
            Some((path, _)) => filed_values(path, year)?,
            None => BTreeMap::new(),
        };
        Ok(Inputs {
            year,
            tables: of.tables.iter().map(|(table, (path, _))| (table.clone(), path.clone())).collect(),
            schools: of.schools.clone(),
            delivered,
            filed,
            counties: counties(self.settings, self.definitions, year),
            city: self.settings.city_code.clone(),
            residual: self.settings.residual_region_code.clone(),
        })
    }

    /// The file of a table of a year: of this run, else of the release that stands.
    fn table_of(&self, table: &str, year: ReportYear) -> Option<PathBuf> {
        if let Some(of) = self.years.get(&year) {
            return of.tables.get(table).map(|(path, _)| path.clone());
        }
        let last = self.last.as_ref()?;
        let folder = format!("tables/{table}/report_year={year}/");
        let file = last.files.iter().find(|file| file.path.starts_with(&folder))?;
        Some(self.data.release(last.release).join(&file.path))
    }

    fn values_of(&self, year: ReportYear) -> Result<Vec<IndicatorValue>, RunError> {
        if let Some(of) = self.years.get(&year) {
            return Ok(of.values.clone());
        }
        match self.table_of("indicator_value", year) {
            Some(path) => Ok(tables::read_indicator_values(&path, self.definitions)?),
            None => Ok(Vec::new()),
        }
    }

    /// A filing repeats last year's figures: they are compared with last year's filing, never printed.
    fn compare_last_year(&mut self, year: ReportYear) -> Result<(), RunError> {
        let (Some(this), Some(last)) = (self.table_of("filing", year), self.table_of("filing", year - 1)) else {
            return Ok(());
        };
        let repeated = filed_values(&this, year - 1)?;
        let original = filed_values(&last, year - 1)?;
        let mut found = Vec::new();
        for ((indicator, school), said) in &repeated {
            let Some(before) = original.get(&(indicator.clone(), school.clone())) else { continue };
            if said != before {
                let title = self.definitions.indicator(indicator).map_or(indicator.as_str(), |of| &of.title_zh);
                let detail = format!("{title}（{}年）", year - 1);
                found.push(Finding::new(finding::FILING_LAST_YEAR, year, "filings", &detail).of_school(school));
            }
        }
        self.year(year).findings.extend(found);
        Ok(())
    }

    fn cells_of(&self, year: ReportYear, values: &HashMap<(ReportYear, ValueKey), IndicatorValue>) -> Vec<ReportCell> {
        let schools: Vec<(String, String)> =
            self.years[&year].schools.iter().map(|(code, school)| (code.clone(), school.region_code.clone())).collect();
        printed_cells(self.settings, self.definitions, year, &schools, values)
    }

    /// Everything that must hold before anybody sees a figure.
    fn check(&mut self) -> Result<(), RunError> {
        let definitions = self.definitions;
        let additive = |indicator: &str, basis: Basis| {
            let Some(indicator) = definitions.indicator(indicator) else { return false };
            match basis {
                Basis::System => {
                    matches!(indicator.system, Some(Calculation::Count(_) | Calculation::Sum(_) | Calculation::SumOf(_)))
                }
                Basis::Filed => matches!(indicator.filed, Some(Combination::Sum)),
            }
        };
        for (&year, of) in &mut self.years {
            let mut checked = vec![
                checks::counties_and_residual_sum_to_city(year, &of.values, &additive),
                checks::schools_sum_to_county(year, &of.values, &additive),
                checks::parts_sum_to_whole(year, &of.values),
            ];
            if let Some(layout) = definitions.layout(year) {
                checked.push(checks::printed_on_one_basis(year, layout, &of.values));
            }
            for check in &checked {
                of.findings.extend(check.findings.iter().cloned());
            }
            self.checks.extend(checked);
            of.findings.sort_by(|a, b| {
                (a.severity, &a.rule, &a.place, &a.school_code, &a.message).cmp(&(
                    b.severity,
                    &b.rule,
                    &b.place,
                    &b.school_code,
                    &b.message,
                ))
            });
        }
        Ok(())
    }

    /// Puts every file of the release in its place under the staged folder.
    fn stage(&mut self) -> Result<(), RunError> {
        let years: Vec<ReportYear> = self.years.keys().copied().collect();
        for year in years {
            let of = &self.years[&year];
            let mut batches = vec![
                ("indicator_value", tables::indicator_values(&of.values, self.definitions)?),
                ("finding", tables::findings(&of.findings)?),
                ("delivery", tables::deliveries(&of.deliveries)?),
                ("dim_school", tables::dim_school(&self.school_rows(year))?),
                ("override", tables::overrides()?),
            ];
            if let Some(cells) = self.cells.get(&year) {
                batches.push(("report_cell", tables::report_cells(cells)?));
            }
            let assembled: Vec<(String, PathBuf)> =
                of.tables.iter().map(|(table, (path, _))| (table.clone(), path.clone())).collect();
            for (table, batch) in batches {
                self.stage_batch(table, Some(year), &batch)?;
            }
            for (table, path) in assembled {
                self.stage_file(&table, Some(year), &path)?;
            }
        }
        let residual = (self.settings.residual_region_code.as_str(), self.settings.residual_region_name.as_str());
        let dims = [
            ("dim_region", tables::dim_region(self.definitions, &self.settings.city_code, residual)?),
            ("dim_major", tables::dim_major(self.definitions)?),
            ("dim_indicator", tables::dim_indicator(self.definitions)?),
        ];
        for (table, batch) in dims {
            self.stage_batch(table, None, &batch)?;
        }
        self.carry_over()
    }

    fn school_rows(&self, year: ReportYear) -> Vec<SchoolRow> {
        let attribute = |school: &School, name: &str| school.attributes.get(name).cloned().unwrap_or_default();
        let row = |(code, school): (&String, &School)| SchoolRow {
            report_year: year,
            school_code: code.clone(),
            school_name: school.name.clone(),
            region_code: school.region_code.clone(),
            school_type: attribute(school, "school_type"),
            ownership: attribute(school, "ownership"),
            affiliation: attribute(school, "affiliation"),
        };
        self.years[&year].schools.iter().map(row).collect()
    }

    fn stage_batch(&mut self, table: &str, year: Option<ReportYear>, batch: &RecordBatch) -> Result<(), RunError> {
        let path = self.data.staged_release().join(format!("{table}-{}.parquet", year.unwrap_or_default()));
        parquet_file::write(&path, batch)?;
        self.stage_file(table, year, &path)
    }

    /// Moves a finished table file under the name that its content gives it.
    fn stage_file(&mut self, table: &str, year: Option<ReportYear>, path: &Path) -> Result<(), RunError> {
        let sha256 = files::sha256_of_file(path).map_err(io_error(path))?;
        let below = table_file(table, year, &sha256);
        let to = self.data.staged_release().join(&below);
        let folder = to.parent().unwrap_or(path);
        files::make_folder(folder, Access::Open).map_err(io_error(folder))?;
        fs::rename(path, &to).map_err(io_error(&to))?;
        let rows = rows_of(&to)?;
        self.staged.push(StagedFile { path: below, rows, in_digest: true });
        if let Some(of) = year.and_then(|year| self.years.get_mut(&year)) {
            of.tables.insert(table.to_owned(), (to, rows));
        }
        Ok(())
    }

    /// Years that were not done again keep the files of the release that stands.
    fn carry_over(&mut self) -> Result<(), RunError> {
        let Some(last) = &self.last else { return Ok(()) };
        for year in last.years.iter().filter(|year| !self.years.contains_key(year)) {
            let part = format!("/report_year={year}/");
            for file in last.files.iter().filter(|file| file.path.contains(&part)) {
                let from = self.data.release(last.release).join(&file.path);
                let to = self.data.staged_release().join(&file.path);
                let folder = to.parent().unwrap_or(&to);
                files::make_folder(folder, Access::Open).map_err(io_error(folder))?;
                if fs::hard_link(&from, &to).is_err() {
                    fs::copy(&from, &to).map_err(io_error(&to))?;
                }
                self.staged.push(StagedFile { path: PathBuf::from(&file.path), rows: file.rows, in_digest: true });
            }
        }
        Ok(())
    }

    /// S0 findings, or too many schools that delivered nothing.
    fn held_back(&self, listing: &Listing) -> Option<RunOutcome> {
        let stops = |finding: &&Finding| finding.severity == Severity::S0;
        let mut findings: Vec<Finding> =
            self.years.values().flat_map(|of| of.findings.iter().filter(stops)).cloned().collect();
        for (&year, of) in &self.years {
            let silent = of.schools.keys().filter(|school| {
                !of.fragments.iter().any(|(dataset, fragments)| {
                    dataset != "schools" && fragments.iter().any(|(_, fragment)| fragment.schools.contains(*school))
                })
            });
            let silent: Vec<&String> = silent.collect();
            if silent.len() > self.settings.max_missing_schools as usize {
                let detail = format!("{} 所学校没有任何报送，超过 max_missing_schools", silent.len());
                let mut finding = Finding::new(finding::SCHOOL_MISSING, year, "", &detail);
                finding.severity = Severity::S0;
                findings.push(finding);
            }
        }
        if findings.is_empty() {
            return None;
        }
        Some(RunOutcome::HeldBack { findings, summary: Box::new(self.summary(listing)) })
    }

    fn publish(&mut self, listing: &Listing, inputs: &[Hashed]) -> Result<Manifest, RunError> {
        let staged = self.data.staged_release();
        let number = publish::releases(&self.data)?.last().copied().unwrap_or_default() + 1;
        let summary = self.summary(listing);
        self.stage_flat()?;
        let run = tables::run(number, &self.request.now, PROGRAM, &self.definitions.digest, summary.rows)?;
        let path = staged.join("tables/run/run.parquet");
        files::make_folder(&staged.join("tables/run"), Access::Open).map_err(io_error(&staged))?;
        parquet_file::write(&path, &run)?;
        self.staged.push(StagedFile { path: "tables/run/run.parquet".into(), rows: 1, in_digest: false });
        let catalogue = staged.join("catalog.sql");
        fs::write(&catalogue, catalogue_sql(&self.staged, "")).map_err(io_error(&catalogue))?;
        self.staged.push(StagedFile { path: "catalog.sql".into(), rows: 0, in_digest: true });
        self.staged.sort_by(|a, b| a.path.cmp(&b.path));
        let (files, digest) = publish::describe(&staged, &self.staged)?;
        let outcome = if summary.is_open() { ReleaseOutcome::Draft } else { ReleaseOutcome::Clean };
        let mut fingerprints = self.last.as_ref().map(|last| last.fingerprints.clone()).unwrap_or_default();
        fingerprints.extend(self.years.keys().filter_map(|year| Some((*year, self.fingerprints.get(year)?.clone()))));
        let manifest = Manifest {
            format: FORMAT,
            release: number,
            created: self.request.now.clone(),
            program: PROGRAM.to_owned(),
            definitions: self.definitions.digest.clone(),
            key: KeyId { id: self.key.id(), check_value: self.key.check_value() },
            years: fingerprints.keys().copied().collect(),
            fingerprints,
            digest,
            outcome,
            inputs: self.manifest_inputs(inputs),
            files,
            summary,
        };
        publish::publish(&self.data, &staged, &manifest, self.last.as_ref())?;
        fs::remove_dir_all(&staged).map_err(io_error(&staged))?;
        Ok(manifest)
    }

    fn manifest_inputs(&self, inputs: &[Hashed]) -> Vec<Input> {
        let kept = self.last.iter().flat_map(|last| &last.inputs);
        let mut all: Vec<Input> = kept.filter(|input| !self.years.contains_key(&input.report_year)).cloned().collect();
        all.extend(inputs.iter().filter_map(|input| {
            let report_year = input.file.year.filter(|year| self.years.contains_key(year))?;
            Some(Input {
                report_year,
                dataset: input.file.dataset.clone(),
                file: input.file.label.clone(),
                sha256: input.sha256.clone(),
                bytes: input.file.bytes,
            })
        }));
        all.sort();
        all
    }

    /// One file for each small table, all years together.
    fn stage_flat(&mut self) -> Result<(), RunError> {
        /// Too large for readers that take one path, and of no use to them without a key.
        const NOT_FLAT: [&str; 3] = ["student", "graduate", "staff"];
        let mut by_table: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for file in &self.staged {
            if let Some(table) = table_name(&file.path).filter(|table| !NOT_FLAT.contains(table)) {
                by_table.entry(table.to_owned()).or_default().push(file.path.clone());
            }
        }
        let staged = self.data.staged_release();
        files::make_folder(&staged.join("flat"), Access::Open).map_err(io_error(&staged))?;
        for (table, mut paths) in by_table {
            paths.sort();
            let below = flat_file(&table);
            let mut writer: Option<parquet_file::TableWriter> = None;
            for path in paths {
                let reader = parquet_file::read(&staged.join(path))?;
                if writer.is_none() {
                    let schema = arrow::array::RecordBatchReader::schema(&reader);
                    writer = Some(parquet_file::TableWriter::create(&staged.join(&below), schema)?);
                }
                for batch in reader {
                    if let Some(writer) = &mut writer {
                        writer.write(&batch?)?;
                    }
                }
            }
            let rows = writer.map_or(Ok(0), parquet_file::TableWriter::finish)?;
            self.staged.push(StagedFile { path: below, rows, in_digest: true });
        }
        Ok(())
    }

    fn summary(&self, listing: &Listing) -> Summary {
        let mut summary = Summary::default();
        let carried = self.last.as_ref().filter(|last| last.years.iter().any(|year| !self.years.contains_key(year)));
        if let Some(last) = carried {
            let kept = |year: &ReportYear| !self.years.contains_key(year);
            summary.datasets = last.summary.datasets.iter().filter(|d| kept(&d.report_year)).cloned().collect();
            summary.headlines = last.summary.headlines.iter().filter(|h| kept(&h.report_year)).cloned().collect();
        }
        summary.files.ignored = listing.ignored;
        let mut rules: BTreeMap<(Severity, String), u64> = BTreeMap::new();
        for (&year, of) in &self.years {
            for dataset in &self.definitions.datasets {
                let own = of.deliveries.iter().filter(|delivery| delivery.dataset == dataset.dataset);
                let mut line = DatasetSummary {
                    report_year: year,
                    dataset: dataset.dataset.clone(),
                    title_zh: dataset.title_zh.clone(),
                    files: 0,
                    rows: Counts::default(),
                };
                for delivery in own {
                    line.files += 1;
                    line.rows += delivery.rows;
                }
                summary.datasets.push(line);
            }
            for delivery in &of.deliveries {
                summary.files.files += 1;
                match delivery.outcome.as_str() {
                    "decoded" => summary.files.decoded += 1,
                    "rejected" => summary.files.rejected += 1,
                    _ => summary.files.repeated += 1,
                }
                summary.rows += delivery.rows;
            }
            for finding in &of.findings {
                *summary.findings.entry(finding.severity).or_default() += 1;
                *rules.entry((finding.severity, finding.rule.clone())).or_default() += 1;
            }
            summary.headlines.extend(self.headlines(year));
        }
        summary.rules = rules
            .into_iter()
            .map(|((severity, rule), count)| {
                let title = RULES.iter().find(|known| known.id == rule).map_or("", |known| known.title).to_owned();
                RuleCount { rule, severity, title, count }
            })
            .collect();
        assert!(summary.rows.holds(), "rows were lost or counted twice: {:?}", summary.rows);
        let FileCounts { files, decoded, rejected, repeated, .. } = summary.files;
        assert_eq!(files, decoded + rejected + repeated, "files were lost or counted twice");
        summary
    }

    /// The figures a statistician looks at first.
    fn headlines(&self, year: ReportYear) -> Vec<Headline> {
        const HEADLINES: [(&str, Basis, u32); 8] = [
            ("schools", Basis::System, 0),
            ("students", Basis::System, 0),
            ("graduates", Basis::System, 0),
            ("placement_rate", Basis::System, 2),
            ("further_study_rate", Basis::System, 2),
            ("teachers_full_time", Basis::System, 0),
            ("student_teacher_ratio", Basis::System, 2),
            ("graduates_placed", Basis::Filed, 0),
        ];
        let city = |id: &str, basis: Basis| {
            self.years[&year].values.iter().find(|value| {
                let key = &value.key;
                key.indicator_id == id && key.basis == basis && key.breakdown.is_empty() && key.unit.level == Level::City
            })
        };
        let headline = |(id, basis, decimals): (&str, Basis, u32)| {
            let indicator = self.definitions.indicator(id)?;
            let text = city(id, basis)?.printed(decimals)?;
            Some(Headline {
                report_year: year,
                indicator_id: id.to_owned(),
                title_zh: indicator.title_zh.clone(),
                basis: basis.label().to_owned(),
                text,
                unit: indicator.unit.clone(),
            })
        };
        HEADLINES.into_iter().filter_map(headline).collect()
    }
}

impl Summary {
    /// Whether anything waits for an answer: rejected files, quarantined rows, open queries.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.files.rejected > 0
            || self.rows.quarantined > 0
            || self.findings.iter().any(|(severity, count)| *severity <= Severity::S2 && *count > 0)
    }
}

/// The table whose file lies at a path below a release.
fn table_name(path: &Path) -> Option<&str> {
    path.strip_prefix("tables").ok()?.iter().next()?.to_str()
}

/// Views over all tables, in paths below `prefix`; hive partitioning off, as the year is in the files.
#[must_use]
pub fn catalogue_sql(staged: &[StagedFile], prefix: &str) -> String {
    let mut by_table: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for file in staged {
        if let Some(table) = table_name(&file.path) {
            let path = format!("{prefix}{}", file.path.display()).replace('\'', "''");
            by_table.entry(table).or_default().push(format!("'{path}'"));
        }
    }
    let mut sql = String::new();
    for (table, mut paths) in by_table {
        paths.sort();
        sql += &format!(
            "CREATE OR REPLACE VIEW \"{table}\" AS SELECT * FROM read_parquet([{}], hive_partitioning = false);\n",
            paths.join(", ")
        );
    }
    sql
}

fn rows_of(path: &Path) -> Result<u64, RunError> {
    let mut rows = 0;
    for batch in parquet_file::read(path)? {
        rows += batch?.num_rows() as u64;
    }
    Ok(rows)
}

fn text_at(batch: &RecordBatch, column: &str, row: usize) -> String {
    let column = batch.column_by_name(column).map(|column| column.as_string::<i32>());
    column.filter(|column| column.is_valid(row)).map(|column| column.value(row).to_owned()).unwrap_or_default()
}

/// Values of one year in a table `filing`, by indicator and school.
fn filed_values(path: &Path, year: ReportYear) -> Result<BTreeMap<(String, String), Filed>, RunError> {
    let mut filed = BTreeMap::new();
    for batch in parquet_file::read(path)? {
        let batch = batch?;
        let years = batch.column_by_name("value_year").map(|column| column.as_primitive::<Int32Type>());
        let values = batch.column_by_name("value").map(|column| column.as_primitive::<Decimal128Type>());
        let (Some(years), Some(values)) = (years, values) else { continue };
        for row in (0..batch.num_rows()).filter(|row| years.value(*row) == year) {
            let state = match text_at(&batch, "state", row).as_str() {
                "value" => State::Value,
                "dash" => State::Dash,
                "blank" => State::Blank,
                _ => State::Missing,
            };
            let value = values.is_valid(row).then(|| Decimal(values.value(row)));
            let key = (text_at(&batch, "indicator_id", row), text_at(&batch, "school_code", row));
            filed.entry(key).or_insert(Filed { state, value });
        }
    }
    Ok(filed)
}

/// The key of this data root, made when there is none and nothing was published yet.
fn pseudonym_key(data: &DataRoot, last: Option<&Manifest>) -> Result<PseudonymKey, RunError> {
    let path = data.key_file();
    let bytes = match fs::read_to_string(&path) {
        Ok(text) => parse_key(&text).ok_or_else(|| RunError::Key(format!("`{}` holds no key of 64 hexadecimal digits", path.display())))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound && last.is_none() => {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).map_err(|error| RunError::Key(format!("no randomness: {error}")))?;
            let text = format!("{}\n", crate::normalise::identity::hex(&bytes));
            files::write_whole(&path, text.as_bytes(), Access::Restricted).map_err(io_error(&path))?;
            bytes
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(RunError::Key(format!(
                "the pseudonym key `{}` is gone; with another key every pseudonym would change: put it back",
                path.display()
            )));
        }
        Err(source) => return Err(RunError::Io { path, source }),
    };
    let key = PseudonymKey::new(&bytes);
    if last.is_some_and(|last| last.key.check_value != key.check_value()) {
        return Err(RunError::Key(format!(
            "the pseudonym key `{}` is not the one the published release was made with: put the right one back",
            path.display()
        )));
    }
    Ok(key)
}

fn parse_key(text: &str) -> Option<[u8; 32]> {
    let digits = text.trim();
    let mut key = [0; 32];
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[index * 2..index * 2 + 2], 16).ok()?;
    }
    Some(key)
}

/// The counties of the city in one year.
fn counties(settings: &Settings, definitions: &Definitions, year: ReportYear) -> Vec<String> {
    let regions = definitions.codes.get("region").map(crate::code_table::CodeTable::codes).unwrap_or_default();
    let own = |code: &&crate::code_table::Code| {
        code.parent.as_deref() == Some(settings.city_code.as_str()) && code.valid_in(year)
    };
    regions.iter().filter(own).map(|code| code.code.clone()).collect()
}

/// The cells of one year for the city, its counties, the residual and its schools (code and region).
fn printed_cells(
    settings: &Settings,
    definitions: &Definitions,
    year: ReportYear,
    schools: &[(String, String)],
    values: &HashMap<(ReportYear, ValueKey), IndicatorValue>,
) -> Vec<ReportCell> {
    let above = |level, region: &str| Unit { level, region_code: region.to_owned(), school_code: String::new() };
    let own = counties(settings, definitions, year);
    let counties: Vec<Unit> = own.iter().map(|region| above(Level::County, region)).collect();
    let mut units = vec![above(Level::City, &settings.city_code)];
    units.extend(counties.iter().cloned());
    units.push(above(Level::County, &settings.residual_region_code));
    units.extend(schools.iter().map(|(code, region)| Unit {
        level: Level::School,
        region_code: region.clone(),
        school_code: code.clone(),
    }));
    let sources = cells::Sources {
        values,
        layouts: &definitions.layouts,
        units: &units,
        counties: &counties,
        regions: definitions.codes.get("region"),
        major_classes: definitions.codes.get("major_class"),
    };
    cells::cells(sources, year)
}

/// The documents of one year again, from what its release holds.
///
/// # Errors
/// When a file of the release cannot be read, or a document not be written.
pub fn report_again(
    settings: &Settings,
    definitions: &Definitions,
    manifest: &Manifest,
    year: ReportYear,
) -> Result<(), RunError> {
    let data = DataRoot::new(&settings.data_dir);
    let table = |table: &str, year: ReportYear| {
        let folder = format!("tables/{table}/report_year={year}/");
        let file = manifest.files.iter().find(|file| file.path.starts_with(&folder))?;
        Some(data.release(manifest.release).join(&file.path))
    };
    let mut values = Vec::new();
    for path in [table("indicator_value", year), table("indicator_value", year - 1)].into_iter().flatten() {
        values.extend(tables::read_indicator_values(&path, definitions)?);
    }
    let mut schools = Vec::new();
    if let Some(path) = table("dim_school", year) {
        for batch in parquet_file::read(&path)? {
            let batch = batch?;
            let row = |row| (text_at(&batch, "school_code", row), text_at(&batch, "region_code", row));
            schools.extend((0..batch.num_rows()).map(row));
        }
    }
    let values = tables::indexed(values.into_iter());
    let cells = BTreeMap::from([(year, printed_cells(settings, definitions, year, &schools, &values))]);
    write_reports(settings, definitions, &data, manifest, &cells)
}

/// Every document of the years given, from a published release.
///
/// # Errors
/// Of the file system.
pub fn write_reports(
    settings: &Settings,
    definitions: &Definitions,
    data: &DataRoot,
    manifest: &Manifest,
    cells: &BTreeMap<ReportYear, Vec<ReportCell>>,
) -> Result<(), RunError> {
    for (&year, cells) in cells {
        let Some(layout) = definitions.layout(year) else { continue };
        let draft = if manifest.outcome == ReleaseOutcome::Draft { "（草稿）" } else { "" };
        let heading = Heading {
            year,
            name: format!("{}({})", settings.city_name, settings.city_code),
            release: format!("第 {:06} 版{draft}", manifest.release),
            created: manifest.created.clone(),
        };
        let city =
            Unit { level: Level::City, region_code: settings.city_code.clone(), school_code: String::new() };
        let bytes = workbook::workbook(cells, &city, layout, &heading)?;
        let path = data.reports(year).join(format!("{}{year}年度质量报告数据表.xlsx", settings.city_name));
        files::write_whole(&path, &bytes, Access::Open).map_err(io_error(&path))?;
    }
    Ok(())
}
