//! `nianbao pull`: what sources deliver over HTTP. A run begins with it.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::json;

use super::output;
use super::{ExitCode, Failure, Global, load, now, under_lock};
use crate::definitions::Definitions;
use crate::ledger;
use crate::period::{self, ReportYear};
use crate::settings::{Overrides, Settings};
use crate::sources::http::definition::{self, Source};
use crate::sources::http::failure::FailureClass;
use crate::sources::http::pull::{self, Outcome, PullOutcome, Wanted, Watch};
use crate::sources::http::store::Store;
use crate::warehouse::files::{self, Access};
use crate::warehouse::layout::DataRoot;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this report year; may be given several times [default: the current one]
    #[arg(long, value_name = "YEAR")]
    year: Vec<i32>,
    /// Only this source; may be given several times
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let (settings, definitions) = load(global, Overrides::default())?;
    let sources = sources(global, &settings, &definitions)?;
    if sources.is_empty() {
        return Err(Failure::usage("no source is defined")
            .hint("a folder `sources` beside the settings file has a file for each; or set sources_dir"));
    }
    let wanted = wanted(&sources, &args.source, &args.year, &now())?;
    let data = DataRoot::new(&settings.data_dir);
    ledger::refuse_newer(&data)?;
    let outcomes = under_lock(&data, "pull", &wanted.now, || pull_all(global, &data, &sources, &wanted))?;
    if global.json {
        output::json(&json!({ "pulls": outcomes }))?;
    } else {
        print_outcomes(&outcomes);
    }
    Ok(exit_code(&outcomes))
}

/// The sources that are defined; none where there is no folder of them.
pub(super) fn sources(
    global: &Global,
    settings: &Settings,
    definitions: &Definitions,
) -> Result<Vec<Source>, Failure> {
    let Some(folder) = folder(global, settings) else { return Ok(Vec::new()) };
    let datasets: BTreeSet<&str> =
        definitions.datasets.iter().map(|dataset| dataset.dataset.as_str()).collect();
    let read = definition::read_folder(&folder, &datasets)
        .map_err(|error| Failure::usage(&format!("sources `{}`: {error}", folder.display())))?;
    read.map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let count = if faults.len() == 1 { "1 fault".to_owned() } else { format!("{} faults", faults.len()) };
        Failure::usage(&format!("{count} in the definitions of sources\n{}", lines.join("\n")))
    })
}

fn folder(global: &Global, settings: &Settings) -> Option<PathBuf> {
    if !settings.sources_dir.as_os_str().is_empty() {
        return Some(settings.sources_dir.clone());
    }
    let beside = global.config.as_deref()?.parent().unwrap_or(Path::new("")).join("sources");
    beside.is_dir().then_some(beside)
}

/// What is to be pulled; a source that is not defined is refused.
pub(super) fn wanted(
    sources: &[Source],
    names: &[String],
    years: &[ReportYear],
    now: &str,
) -> Result<Wanted, Failure> {
    if let Some(name) = names.iter().find(|name| sources.iter().all(|source| source.name != **name)) {
        let known: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
        let known = if known.is_empty() { "none is defined".to_owned() } else { known.join(", ") };
        return Err(Failure::usage(&format!("there is no source `{name}`: {known}")));
    }
    let current_year =
        period::report_year_at(now).ok_or_else(|| Failure::internal(&"the clock has no date"))?;
    Ok(Wanted {
        sources: names.iter().cloned().collect(),
        years: years.iter().copied().collect(),
        now: now.to_owned(),
        current_year,
        clock: || jiff::Timestamp::now().as_millisecond(),
    })
}

/// Pulls, under the lock that the caller holds.
pub(super) fn pull_all(
    global: &Global,
    data: &DataRoot,
    sources: &[Source],
    wanted: &Wanted,
) -> Result<Vec<PullOutcome>, Failure> {
    let archive = |bytes: &[u8]| -> io::Result<String> {
        let sha256 = files::sha256(bytes);
        let path = data.landing(&sha256);
        if !path.exists() {
            files::write_whole(&path, bytes, Access::Restricted)?;
        }
        Ok(sha256)
    };
    let archived = |sha256: &str| -> Option<Vec<u8>> {
        let bytes = std::fs::read(data.landing(sha256)).ok()?;
        (files::sha256(&bytes) == sha256).then_some(bytes)
    };
    for folder in data.restricted() {
        files::make_folder(&folder, Access::Restricted).map_err(|error| Failure::internal(&error))?;
    }
    let store =
        Store { files: data.pulled(), state: data.pull_state(), archive: &archive, archived: &archived };
    let lines = Lines::new(global.quiet || global.json);
    let pulled = pull::all(sources, wanted, &store, &lines);
    lines.finish();
    pulled.map_err(|missing| {
        Failure::usage(&missing.join("\n")).hint("nothing was asked of any source: mend this first")
    })
}

/// How pulls ended, as an exit code.
pub(super) fn exit_code(outcomes: &[PullOutcome]) -> ExitCode {
    let failures: BTreeSet<FailureClass> = outcomes.iter().filter_map(PullOutcome::failure).collect();
    if failures.contains(&FailureClass::Definition) {
        ExitCode::Usage
    } else if failures.iter().any(|class| *class != FailureClass::Harmful) {
        ExitCode::Source
    } else if failures.is_empty() {
        ExitCode::Done
    } else {
        ExitCode::Draft
    }
}

/// Prints a line for each pull.
pub(super) fn print_outcomes(outcomes: &[PullOutcome]) {
    for outcome in outcomes {
        let what = match outcome.outcome {
            Outcome::Delivered => "已取回".to_owned(),
            Outcome::Unchanged => "没有变化".to_owned(),
            Outcome::Failed(class) => format!("{}：{}", class.title_zh(), outcome.message),
        };
        let rows = match (outcome.rows, outcome.files) {
            (0, 0) => String::new(),
            (0, files) => format!("，文件 {files} 个"),
            (rows, _) => format!("，{rows} 行"),
        };
        let (source, pull, year) = (&outcome.source, &outcome.pull, outcome.report_year);
        output::line(&format!("来源 {source}  {year}  {pull}  {what}{rows}"));
    }
}

/// A line for each pull under way.
struct Lines {
    quiet: bool,
    all: MultiProgress,
    bars: Mutex<Vec<(String, ProgressBar)>>,
}

impl Lines {
    fn new(quiet: bool) -> Self {
        Lines { quiet, all: MultiProgress::new(), bars: Mutex::default() }
    }

    fn finish(&self) {
        if let Ok(bars) = self.bars.lock() {
            bars.iter().for_each(|(_, bar)| bar.finish_and_clear());
        }
    }
}

impl Watch for Lines {
    fn progress(&self, source: &str, pull: &str, year: ReportYear, done: u64, of: Option<u64>) {
        let name = format!("{source} {pull} {year}");
        let Ok(mut bars) = self.bars.lock() else { return };
        if self.quiet {
            return;
        }
        if !bars.iter().any(|(known, _)| *known == name) {
            let bar = self.all.add(ProgressBar::no_length());
            if let Ok(style) = ProgressStyle::with_template("{msg:32} {bar:20} {pos}/{len} {per_sec} {eta}") {
                bar.set_style(style);
            }
            bar.set_message(name.clone());
            bars.push((name.clone(), bar));
        }
        if let Some((_, bar)) = bars.iter().find(|(known, _)| *known == name) {
            if let Some(of) = of {
                bar.set_length(of);
            }
            bar.set_position(done);
        }
    }
}
