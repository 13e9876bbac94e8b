//! `nianbao schedule`, `nianbao schedule next` and `nianbao run --due`: what is due, and why not.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use super::{ExitCode, Failure, Global, daemon, ledger_failure, load, output, pull, run};
use crate::delivery::RunOutcome;
use crate::ledger::{self, Scheduled};
use crate::schedule::calendar::{Entry, Guard};
use crate::schedule::definition;
use crate::schedule::due::{PastRun, State, Verdict, due};
use crate::settings::{Overrides, Settings};
use crate::warehouse::layout::DataRoot;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show for each entry when it is next due, its last success, its guard, and whether it is due now
    Next,
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let (entries, data) = read(global)?;
    match args.command {
        Some(Command::Next) => next(global, &entries, &data),
        None => daemon::run(global, &|now| {
            // Read each time: what a person changes holds from the next slot.
            let (entries, data) = read(global)?;
            let history = history(&data)?;
            Ok(entries.iter().map(|entry| (entry.name.clone(), due(entry, &history, now))).collect())
        }),
    }
}

/// Runs every entry that is due, one after another, or says why none is.
pub fn run_due(global: &Global, args: &run::Args) -> Result<ExitCode, Failure> {
    let (entries, data) = read(global)?;
    let now = Timestamp::now();
    let mut worst = ExitCode::Done;
    let mut idle = Vec::new();
    for entry in &entries {
        // Asked anew, as a run before it may have taken hours.
        let verdict = due(entry, &history(&data)?, Timestamp::now());
        let Verdict::Due { slot } = verdict else {
            idle.push((entry, verdict));
            continue;
        };
        if !global.quiet {
            output::note(&format!("{}: due since {}", entry.name, shown(slot, &entry.zone)));
        }
        let is_still_due =
            || Ok(matches!(due(entry, &history(&data)?, Timestamp::now()), Verdict::Due { .. }));
        let scheduled = Scheduled { entry: entry.name.clone(), slot };
        let called = run::Called { scheduled, is_still_due: &is_still_due };
        let code = run::run_called(global, &run::Args::of(args.drop_folder(), entry), Some(&called))?;
        if rank(code) > rank(worst) {
            worst = code;
        }
    }
    if idle.len() == entries.len() && global.json {
        let says: Vec<_> = idle.iter().map(|(entry, verdict)| as_json(entry, verdict, now)).collect();
        output::json(&json!({ "outcome": "not_due", "exit_code": 0, "entries": says }))?;
    } else if !global.json {
        for (entry, verdict) in idle {
            output::line(&format!("{}: {}", entry.name, says(&verdict, &entry.zone)));
        }
    }
    Ok(worst)
}

fn rank(code: ExitCode) -> u8 {
    match code {
        ExitCode::Done => 0,
        ExitCode::Draft => 1,
        ExitCode::HeldBack => 2,
        ExitCode::Source => 3,
        ExitCode::Locked => 4,
        ExitCode::Usage => 5,
        ExitCode::Internal => 6,
    }
}

fn next(global: &Global, entries: &[Entry], data: &DataRoot) -> Result<ExitCode, Failure> {
    let history = history(data)?;
    let now = Timestamp::now();
    let mut all = Vec::new();
    for entry in entries {
        let verdict = due(entry, &history, now);
        let success = history.iter().rev().find(|run| {
            run.state == State::Done && run.scheduled.as_ref().is_some_and(|(name, _)| *name == entry.name)
        });
        if global.json {
            let mut says = as_json(entry, &verdict, now);
            says["last_success"] = json!(success.map(|run| json!({ "run": run.id, "started": run.started })));
            all.push(says);
            continue;
        }
        let at = |time: Option<Timestamp>| time.map_or("never".to_owned(), |time| shown(time, &entry.zone));
        output::line(&entry.name);
        output::line(&format!("  next          {}", at(entry.next(now))));
        let success = success
            .map_or("none".to_owned(), |run| format!("{}, run {}", shown(run.started, &entry.zone), run.id));
        output::line(&format!("  last success  {success}"));
        let guard = match entry.guard(now) {
            None => "none now".to_owned(),
            Some(Guard::Quiet(span)) => format!("quiet {}", span.text()),
            Some(Guard::Dense(span)) => format!("dense {}", span.text()),
        };
        output::line(&format!("  guard         {guard}"));
        output::line(&format!("  now           {}", says(&verdict, &entry.zone)));
    }
    if global.json {
        output::json(&json!({ "entries": all }))?;
    }
    Ok(ExitCode::Done)
}

fn as_json(entry: &Entry, verdict: &Verdict, now: Timestamp) -> serde_json::Value {
    let guard = entry.guard(now).map(|guard| match guard {
        Guard::Quiet(span) => json!({ "is": "quiet", "days": span.text() }),
        Guard::Dense(span) => json!({ "is": "dense", "days": span.text() }),
    });
    json!({ "entry": entry.name, "next": entry.next(now), "guard": guard, "verdict": verdict })
}

fn says(verdict: &Verdict, zone: &TimeZone) -> String {
    let at = |time: Timestamp| shown(time, zone);
    let until = |next: &Option<Timestamp>| next.map_or("ever".to_owned(), at);
    match verdict {
        Verdict::Due { slot } => format!("due since {}", at(*slot)),
        Verdict::NotYet { next } => format!("not due until {}", until(next)),
        Verdict::Quiet { until: end } => format!("a quiet span, until {}", until(end)),
        Verdict::Done { run, at: began, next, .. } => {
            format!("already done at {} by run {run}; not due until {}", at(*began), until(next))
        }
        Verdict::UnderWay { run, since } => {
            format!("another run is under way: run {run} since {}", at(*since))
        }
        Verdict::Again { run, at: again } => format!("run {run} failed; tried again at {}", at(*again)),
        Verdict::GivenUp { run, attempts, next } => {
            format!("failed {attempts} times, last as run {run}; not due until {}", until(next))
        }
    }
}

fn shown(time: Timestamp, zone: &TimeZone) -> String {
    time.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// The schedule, and the data root that it is about.
fn read(global: &Global) -> Result<(Vec<Entry>, DataRoot), Failure> {
    let (settings, definitions) = load(global, Overrides::default())?;
    let data = DataRoot::new(&settings.data_dir);
    ledger::refuse_newer(&data)?;
    let path = file(global, &settings).ok_or_else(|| {
        Failure::usage("there is no schedule")
            .hint("write schedule.toml beside the settings file, or set schedule_file")
    })?;
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Failure::usage(&format!("schedule `{}`: {error}", path.display())))?;
    let sources = pull::sources(global, &settings, &definitions)?;
    let names: BTreeSet<&str> = sources.iter().map(|source| source.name.as_str()).collect();
    let entries = definition::read(text.trim_start_matches('\u{feff}'), &names).map_err(|faults| {
        let lines: Vec<String> =
            faults.iter().map(|(line, message)| format!("{}:{line}: {message}", path.display())).collect();
        Failure::usage(&lines.join("\n"))
    })?;
    Ok((entries, data))
}

fn file(global: &Global, settings: &Settings) -> Option<PathBuf> {
    if !settings.schedule_file.as_os_str().is_empty() {
        return Some(settings.schedule_file.clone());
    }
    let beside = global.config.as_deref()?.parent().unwrap_or(Path::new("")).join("schedule.toml");
    // A schedule that is there and cannot be read is refused, not passed over.
    std::fs::symlink_metadata(&beside).is_ok().then_some(beside)
}

/// The runs of the ledger. A record that cannot be read is passed over: what it did is done once more at most.
fn history(data: &DataRoot) -> Result<Vec<PastRun>, Failure> {
    let entries = ledger::entries(data).map_err(|error| ledger_failure(&error))?;
    let past = |entry: &ledger::Entry| {
        let run = entry.run.as_deref().ok()?;
        let state = match run.outcome {
            RunOutcome::Running => State::UnderWay,
            RunOutcome::Failed | RunOutcome::Died => State::Failed,
            RunOutcome::Published
            | RunOutcome::NothingToDo
            | RunOutcome::HeldBack
            | RunOutcome::NothingFound => State::Done,
        };
        let scheduled = run.scheduled.clone().map(|scheduled| (scheduled.entry, scheduled.slot));
        Some(PastRun { id: run.id, scheduled, started: run.began()?, state })
    };
    Ok(entries.iter().filter_map(past).collect())
}
