//! Command line → command → exit code. One file for each command.
//!
//! Data goes to standard output, progress and logs to standard error.

mod answers;

mod audit;

mod catalogue;

mod check;

mod corrections;

mod coverage;

mod decision;

mod daemon;

mod decode_worker;

mod documents;

mod explain;

mod filled;

mod freeze;

mod notify;

mod open;

mod plan;

mod pull;

mod output;

mod overrides;

mod quarantine;

mod releases;

mod report;

mod run;

mod runs;

mod schedule;

mod settings;

mod sign;

mod status;

mod units;

mod validate;

mod values;

mod verify;

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};

use crate::city::{self, CityError};
use crate::definitions::{self, DefinitionFile, Definitions, Fault};
use crate::ledger::{FormatError, LockError};
use crate::period::ReportYear;
use crate::pipeline::{self, RunError};
use crate::settings::{Overrides, Settings, SettingsError};
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::{self, Manifest, PublishError};

/// How a command ended. When several apply, the first in this order is returned:
/// internal, usage, locked, source, held back, draft, done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Done, nothing open.
    Done = 0,
    /// A fault of the program or the machine, or `verify` found damage.
    Internal = 1,
    /// Wrong usage or configuration; nothing was done.
    Usage = 2,
    /// Published as a draft: quarantine, rejected files or open queries.
    Draft = 10,
    /// Held back: the current release stays.
    HeldBack = 20,
    /// A configured source could not be read.
    Source = 30,
    /// Another run holds the lock.
    Locked = 75,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        std::process::ExitCode::from(code as u8)
    }
}

/// 年报: an education bureau's exports become Parquet, indicators and the yearly quality report.
#[derive(Debug, Parser)]
#[command(name = "nianbao", version)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Args)]
struct Global {
    /// The data root, where everything is kept [default: var]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A settings file; what it sets overrides the defaults
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A folder of definitions to use instead of the built-in ones
    #[arg(long, global = true, value_name = "DIR")]
    pipelines: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long, global = true)]
    json: bool,
    /// Show no progress
    #[arg(long, short, global = true)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read what was delivered, publish a release and write its reports
    Run(run::Args),
    /// Ask the sources for what they have, and keep what is proven complete for the next run
    Pull(pull::Args),
    /// Show what is going on: the last run, the release, open questions, and who has not delivered
    Status(status::Args),
    /// Run what is due by the schedule until it is ended, or show what is due when
    Schedule(schedule::Args),
    /// Show what a run would do and why, without changing anything
    Plan(plan::Args),
    /// Write all documents of a year again, from the current release
    Report(report::Args),
    /// Check that releases are as they were published, and signatures as they were signed
    Verify(verify::Args),
    /// List the documents written so far, and which of them people have filled in or have open
    Documents(documents::Args),
    /// List the releases, print where one is, or remove old ones
    Releases(releases::Args),
    /// List past runs, show one, or remove old records
    Runs(runs::Args),
    /// Record a named person's decision about a delivery, a value, a difference or a question
    Override(overrides::Args),
    /// Sign a year of a release as 填报人, 审核人 or 负责人; refused while a question about it is open
    Sign(sign::Args),
    /// Freeze a year that all three have signed, so that runs leave it as it is; or lift the freeze
    Freeze(freeze::Args),
    /// List the rows in quarantine, write the schools' correction sheets, or read them back
    Quarantine(quarantine::Args),
    /// Explain a figure down to its rows: formula, basis, schools, files, differences
    Explain(explain::Args),
    /// List the city, its counties and its schools, with their codes
    Units(units::Args),
    /// List the indicators: what each one is, where it comes from and where it is printed
    Catalogue(catalogue::Args),
    /// Check whether the figures of a report agree with each other
    Audit(audit::Args),
    /// Apply every check of a run again, to the current release and to one that was held back
    Check(check::Args),
    /// Check all definitions
    Validate,
    /// Decode files that come by a pipe: what a run starts to read deliveries
    #[command(hide = true)]
    DecodeWorker(decode_worker::Args),
    /// Show the settings and where each value comes from
    Settings(settings::Args),
}

/// Why a command failed: the message, what to do next, and the exit code.
#[derive(Debug)]
struct Failure {
    message: String,
    hint: Option<&'static str>,
    code: ExitCode,
}

impl Failure {
    fn new(code: ExitCode, message: &(impl ToString + ?Sized)) -> Self {
        Failure { message: message.to_string(), hint: None, code }
    }

    fn usage(message: &str) -> Self {
        Failure::new(ExitCode::Usage, message)
    }

    fn internal(error: &dyn std::fmt::Display) -> Self {
        Failure::new(ExitCode::Internal, &error.to_string())
    }

    fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match &error {
            RunError::Source { .. } => Failure::new(ExitCode::Source, &error).hint(
                "name the drop folder with --drop DIR, or set drop_dir; `mirror generate` makes one to try",
            ),
            RunError::Documents { .. } => Failure::new(ExitCode::Internal, &error)
                .hint("mend the cause and run again: the next run writes them"),
            RunError::Key(_) => Failure::new(ExitCode::Usage, &error),
            _ => Failure::new(ExitCode::Internal, &error).hint(
                "what is published is whole, this release or the one before; mend the cause and run again",
            ),
        }
    }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        Failure::new(ExitCode::Internal, &error)
    }
}

impl From<FormatError> for Failure {
    fn from(error: FormatError) -> Self {
        let failure = Failure::new(ExitCode::Internal, &error);
        match error {
            FormatError::Ground(_) => failure.hint("put the data root on a file system of this machine"),
            FormatError::Newer { .. } | FormatError::Publish(_) => {
                failure.hint("a newer nianbao wrote this data root: use that one; nothing was changed")
            }
            FormatError::Damaged { .. } | FormatError::Io { .. } => failure,
        }
    }
}

impl From<CityError> for Failure {
    fn from(error: CityError) -> Self {
        Failure::new(ExitCode::Usage, &error).hint(match error {
            CityError::Another { .. } => "another city has a data root of its own: name it with --data DIR",
            CityError::Unknown => {
                "set city_code and city_name in a settings file, and name that with --config FILE"
            }
        })
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Failure::new(ExitCode::Usage, &error)
            .hint("`nianbao settings show` prints all settings; config/default.toml explains them")
    }
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        match &error {
            LockError::Held { .. } => {
                Failure::new(ExitCode::Locked, &error).hint("wait for it to end, then run again")
            }
            LockError::Io { .. } => Failure::new(ExitCode::Internal, &error),
        }
    }
}

impl From<Vec<Fault>> for Failure {
    fn from(faults: Vec<Fault>) -> Self {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let count = if faults.len() == 1 { "1 fault".to_owned() } else { format!("{} faults", faults.len()) };
        Failure::new(ExitCode::Usage, &format!("{count} in the definitions\n{}", lines.join("\n")))
    }
}

/// Parses the command line, runs the command, and returns how it ended.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { ExitCode::Usage } else { ExitCode::Done };
            // Nothing can be printed when the terminal is gone.
            let _ = error.print();
            return code;
        }
    };
    let result = match &cli.command {
        Command::Run(args) if args.due => schedule::run_due(&cli.global, args),
        Command::Run(args) => run::run(&cli.global, args),
        Command::Pull(args) => pull::run(&cli.global, args),
        Command::Status(args) => status::run(&cli.global, args),
        Command::Schedule(args) => schedule::run(&cli.global, args),
        Command::Plan(args) => plan::run(&cli.global, args),
        Command::Report(args) => report::run(&cli.global, args),
        Command::Verify(args) => verify::run(&cli.global, args),
        Command::Documents(args) => documents::run(&cli.global, args),
        Command::Releases(args) => releases::run(&cli.global, args),
        Command::Runs(args) => runs::run(&cli.global, args),
        Command::Override(args) => overrides::run(&cli.global, args),
        Command::Sign(args) => sign::run(&cli.global, args),
        Command::Freeze(args) => freeze::run(&cli.global, args),
        Command::Quarantine(args) => quarantine::run(&cli.global, args),
        Command::Explain(args) => explain::run(&cli.global, args),
        Command::Units(args) => units::run(&cli.global, args),
        Command::Catalogue(args) => catalogue::run(&cli.global, args),
        Command::Audit(args) => audit::run(&cli.global, args),
        Command::Check(args) => check::run(&cli.global, args),
        Command::Validate => validate::run(&cli.global),
        Command::DecodeWorker(args) => decode_worker::run(args),
        Command::Settings(args) => settings::run(&cli.global, args),
    };
    let result = result.and_then(|code| output::write_failure().map_or(Ok(code), Err));
    result.unwrap_or_else(|failure| {
        output::error(&failure.message, failure.hint);
        failure.code
    })
}

/// The current time, in this machine's time zone.
fn now() -> String {
    jiff::ZonedDateTime::now().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// Does something while no run, and no other command that writes, can.
fn under_lock<T>(
    data: &DataRoot,
    command: &str,
    now: &str,
    act: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let lock = crate::ledger::lock(data, command, now)?;
    let done = act();
    if !lock.was_left_behind() {
        lock.give_back().map_err(|error| Failure::internal(&error))?;
    }
    done
}

fn ledger_failure(error: &std::io::Error) -> Failure {
    Failure::new(ExitCode::Internal, &format!("ledger: {error}"))
}

/// The data root, if it exists: only a run with deliveries makes one.
fn data_root(settings: &Settings) -> Result<DataRoot, Failure> {
    let data = DataRoot::new(&settings.data_dir);
    if data.exists() {
        return Ok(data);
    }
    let message = format!("there is no data root at `{}`", absolute(data.path()).display());
    Err(Failure::new(ExitCode::Usage, &message)
        .hint("a run with deliveries makes one; look at --data, or data_dir in the settings"))
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The current release; `hint` says what makes one, or what it is needed for.
fn published(data: &DataRoot, hint: &'static str) -> Result<Manifest, Failure> {
    let nothing = || Failure::new(ExitCode::Usage, "nothing is published yet").hint(hint);
    publish::current(data)?.ok_or_else(nothing)
}

/// The current release, if it has the year and was made with these definitions.
fn published_year(data: &DataRoot, definitions: &Definitions, year: ReportYear) -> Result<Manifest, Failure> {
    let manifest = published(data, "`nianbao run` publishes a release")?;
    if !manifest.years.contains(&year) {
        return Err(open::no_year(&manifest, year));
    }
    if !pipeline::made_with_these(&manifest, definitions, year) {
        let message = format!("{year} of release {:06} was made with other definitions", manifest.release);
        return Err(Failure::new(ExitCode::Usage, &message)
            .hint("name them with --pipelines DIR, or `nianbao run` for a release with these"));
    }
    Ok(manifest)
}

fn load_settings(global: &Global, overrides: Overrides) -> Result<Settings, Failure> {
    let overrides =
        Overrides { data_dir: global.data.clone(), pipelines_dir: global.pipelines.clone(), ..overrides };
    Ok(crate::settings::load(global.config.as_deref(), &overrides)?.0)
}

/// Loads the settings, with the city filled in where they leave it open, and the definitions.
fn load(global: &Global, overrides: Overrides) -> Result<(Settings, Definitions), Failure> {
    let mut settings = load_settings(global, overrides)?;
    let files = definition_files(&settings)?;
    city::settle(&mut settings, &files)?;
    let definitions = checked_definitions(&settings, files)?;
    check_deadlines(global, &settings, &definitions)?;
    Ok((settings, definitions))
}

/// Refuses a deadline of a dataset that there is not: who sets it believes that it has an effect.
fn check_deadlines(global: &Global, settings: &Settings, definitions: &Definitions) -> Result<(), Failure> {
    let Some(name) = settings.deadlines.datasets().find(|name| definitions.dataset(name).is_none()) else {
        return Ok(());
    };
    let text =
        global.config.as_deref().and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    let key = |line: &str| {
        let key = line.split_once('=').map_or("", |(key, _)| key);
        key.trim().trim_matches(['"', '\'']) == name
    };
    let line = text.lines().position(key).map_or_else(String::new, |line| format!(" line {}:", line + 1));
    let file = global.config.as_deref().map_or_else(String::new, |path| format!(" `{}`:", path.display()));
    let known = definitions.datasets.iter().map(|dataset| dataset.dataset.as_str());
    let alike = crate::spelling::did_you_mean(&crate::spelling::alike(name, known));
    Err(Failure::usage(&format!("settings{file}{line} `deadlines`: there is no dataset `{name}`{alike}")))
}

/// Loads the definitions without a city, for commands that only describe them.
fn load_definitions(global: &Global) -> Result<Definitions, Failure> {
    let mut settings = load_settings(global, Overrides::default())?;
    let files = definition_files(&settings)?;
    if city::settle(&mut settings, &files).is_err() {
        "000099".clone_into(&mut settings.residual_region_code);
    }
    checked_definitions(&settings, files)
}

fn definition_files(settings: &Settings) -> Result<Vec<DefinitionFile>, Failure> {
    let folder = &settings.pipelines_dir;
    if folder.as_os_str().is_empty() {
        return Ok(definitions::embedded());
    }
    definitions::read_folder(folder).map_err(|error| {
        Failure::new(ExitCode::Usage, &format!("definitions `{}`: {error}", folder.display()))
    })
}

fn checked_definitions(settings: &Settings, files: Vec<DefinitionFile>) -> Result<Definitions, Failure> {
    // Definitions name no city: the residual is a setting.
    let files: Vec<_> = files
        .into_iter()
        .map(|(name, text)| (name, text.replace("{residual}", &settings.residual_region_code)))
        .collect();
    definitions::load(&files).map_err(|mut faults| {
        for fault in &mut faults {
            fault.file = readable_path(&settings.pipelines_dir, &fault.file);
        }
        faults.into()
    })
}

/// The path by which a user can open a definition file.
fn readable_path(folder: &Path, name: &str) -> String {
    match Path::new(name).strip_prefix("pipelines") {
        Ok(below) if !folder.as_os_str().is_empty() => folder.join(below).display().to_string(),
        _ => name.to_owned(),
    }
}
