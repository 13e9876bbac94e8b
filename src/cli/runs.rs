//! `nianbao runs`: the records of the ledger.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;

use super::output::{self, left, right};
use super::{ExitCode, Failure, Global, data_root, ledger_failure, load_settings, now};
use crate::delivery::RowCounts;
use crate::finding::Severity;
use crate::ledger::{self, Amount, Entry, Run};
use crate::period::ReportYear;
use crate::settings::{Overrides, RUN_KEEP_DAYS_MIN, Settings};
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::{Corrections, FileCounts};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the runs, oldest first
    List {
        /// How many of the newest runs to list
        #[arg(long, value_name = "NUMBER", default_value_t = 50)]
        last: usize,
        /// List all runs
        #[arg(long, conflicts_with = "last")]
        all: bool,
    },
    /// Show one run: its files, stages, counts and findings
    Show {
        /// Its number, `latest`, `latest-1`, or the beginning of its start time: `2026-11-24T02`
        run: String,
    },
    /// Remove the records of old runs; the newest record is always kept
    Prune {
        /// How many days to keep records [default: the setting `run_keep_days`]
        #[arg(long, value_name = "DAYS")]
        keep_days: Option<u32>,
        /// Only list what would be removed
        #[arg(long)]
        dry_run: bool,
    },
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let settings = load_settings(global, Overrides::default())?;
    let data = data_root(&settings)?;
    match &args.command {
        Command::List { last, all } => list(global, &data, if *all { usize::MAX } else { *last }),
        Command::Show { run } => show(global, &data, run),
        Command::Prune { keep_days, dry_run } => prune(global, &settings, &data, *keep_days, *dry_run),
    }
}

fn damaged(entry: &Entry, message: &str) -> String {
    format!("the record of run {} is damaged: `{}`: {message}", entry.id, entry.path.display())
}

/// A run in a listing: what it was and how it ended. `runs show` has all of it.
#[derive(Serialize)]
struct ListedRun<'a> {
    id: u32,
    command: &'a str,
    years: &'a [ReportYear],
    started: &'a str,
    finished: &'a str,
    seconds: Option<i64>,
    outcome: &'a str,
    exit_code: Option<u8>,
    error: Option<&'a str>,
    release_before: u32,
    release: u32,
    files: FileCounts,
    rows: RowCounts,
    /// Findings by severity.
    findings: &'a BTreeMap<Severity, u64>,
}

impl<'a> From<&'a Run> for ListedRun<'a> {
    fn from(run: &'a Run) -> Self {
        ListedRun {
            id: run.id,
            command: &run.command,
            years: &run.years,
            started: &run.started,
            finished: &run.finished,
            seconds: run.duration().map(|duration| duration.as_secs()),
            outcome: run.outcome.name(),
            exit_code: run.exit_code,
            error: run.error.as_deref(),
            release_before: run.release_before,
            release: run.release,
            files: run.summary.files,
            rows: run.summary.rows,
            findings: &run.summary.findings,
        }
    }
}

fn list(global: &Global, data: &DataRoot, last: usize) -> Result<ExitCode, Failure> {
    let entries = ledger::entries(data).map_err(|error| ledger_failure(&error))?;
    let all = entries.len();
    let entries = &entries[all.saturating_sub(last)..];
    let readable: Vec<&Run> = entries.iter().filter_map(|entry| entry.run.as_deref().ok()).collect();
    if entries.len() < all {
        output::note(&format!("the newest {} of {all} runs; `runs list --all` has them all", entries.len()));
    }
    if global.json {
        output::json(&readable.into_iter().map(ListedRun::from).collect::<Vec<_>>())?;
    } else if !readable.is_empty() {
        output::line(&line(
            ["run", "started", "took", "outcome", "exit", "release", "files", "rows", "open"]
                .map(str::to_owned),
        ));
        for run in readable {
            output::line(&line(columns(run)));
        }
    }
    let mut code = ExitCode::Done;
    for entry in entries {
        if let Err(message) = &entry.run {
            output::error(&damaged(entry, message), None);
            code = ExitCode::Internal;
        }
    }
    Ok(code)
}

fn columns(run: &Run) -> [String; 9] {
    let summary = &run.summary;
    let open = summary.findings.iter().filter(|(severity, _)| **severity <= Severity::S2);
    [
        run.id.to_string(),
        run.started.clone(),
        run.duration().map_or_else(|| "-".to_owned(), took),
        run.outcome.name().to_owned(),
        run.exit_code.map_or_else(|| "-".to_owned(), |code| code.to_string()),
        release(run.release),
        summary.files.files.to_string(),
        summary.rows.physical.to_string(),
        open.map(|(_, count)| count).sum::<u64>().to_string(),
    ]
}

fn release(number: u32) -> String {
    if number == 0 { "-".to_owned() } else { format!("{number:06}") }
}

fn took(duration: SignedDuration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

fn line(texts: [String; 9]) -> String {
    let [id, started, took, outcome, exit, release, files, rows, open] = texts;
    format!(
        "{}  {} {}  {}{}  {}{}{}{}",
        right(&id, 6),
        left(&started, 26),
        right(&took, 12),
        left(&outcome, 13),
        right(&exit, 5),
        left(&release, 7),
        right(&files, 7),
        right(&rows, 10),
        right(&open, 8)
    )
}

fn show(global: &Global, data: &DataRoot, typed: &str) -> Result<ExitCode, Failure> {
    let entries = ledger::entries(data).map_err(|error| ledger_failure(&error))?;
    let entry = ledger::select(&entries, typed).map_err(|error| {
        Failure::new(ExitCode::Usage, &error).hint("`nianbao runs list` names them, with the time they began")
    })?;
    let run = match &entry.run {
        Ok(run) => run,
        Err(message) => return Err(Failure::new(ExitCode::Internal, &damaged(entry, message))),
    };
    if global.json {
        output::json(run)?;
    } else {
        show_text(run);
    }
    Ok(ExitCode::Done)
}

fn show_text(run: &Run) {
    let field = |name: &str, value: &str| {
        if !value.is_empty() {
            output::line(&format!("{}{value}", left(name, 13)));
        }
    };
    field("run", &run.id.to_string());
    field("command", &run.command);
    let years: Vec<String> = run.years.iter().map(ToString::to_string).collect();
    field("years", &years.join(", "));
    field("started", &run.started);
    field("finished", &run.finished);
    field("took", &run.duration().map(took).unwrap_or_default());
    field("outcome", run.outcome.name());
    field("exit", &run.exit_code.map(|code| code.to_string()).unwrap_or_default());
    field("error", run.error.as_deref().unwrap_or_default());
    if run.format > 1 {
        field("release", &format!("{} before, {} after", release(run.release_before), release(run.release)));
    } else {
        field("release", &format!("{} after", release(run.release)));
    }
    field("program", &run.program);
    field("definitions", &run.definitions);
    if let Some(process) = &run.process {
        field("process", &format!("{} on {}, boot {}", process.id, process.host, process.boot_id));
    }
    if !run.stages.is_empty() {
        output::line("\nstages");
    }
    for stage in &run.stages {
        let amount = |amount: &Option<Amount>| {
            amount.as_ref().map(|amount| format!("{} {}", amount.count, amount.unit)).unwrap_or_default()
        };
        let arrow = if stage.given.is_some() { " -> " } else { "" };
        let text = format!(
            "  {}{} ms  {}{arrow}{}",
            left(&stage.stage, 22),
            right(&stage.milliseconds.to_string(), 8),
            right(&amount(&stage.taken), 15),
            amount(&stage.given)
        );
        output::line(text.trim_end());
    }
    show_counts(run);
}

fn show_counts(run: &Run) {
    let numbers = |rows: &RowCounts| {
        [rows.physical, rows.loaded, rows.quarantined, rows.duplicate, rows.structural]
            .map(|count| right(&count.to_string(), 12))
            .concat()
    };
    let heading =
        ["physical", "loaded", "quarantined", "duplicate", "structural"].map(|text| right(text, 12));
    let summary = &run.summary;
    output::line(&format!("\n{}{}", left("rows", 28), heading.concat()));
    output::line(&format!("{}{}", left("  all", 28), numbers(&summary.rows)));
    if !run.files.is_empty() {
        output::line(&format!("\n{}{}", left("files", 28), heading.concat()));
    }
    for file in &run.files {
        let head = format!("  {} {} {}", file.report_year, left(&file.dataset, 14), file.outcome.name());
        let sha256 = file.sha256.get(..12).unwrap_or(&file.sha256);
        output::line(&format!("{}{}  {sha256}  {}", left(&head, 28), numbers(&file.rows), file.label));
    }
    let corrected: Vec<_> = summary.years.iter().filter(|(_, part)| part.corrections.is_any()).collect();
    if !corrected.is_empty() {
        output::line("\ncorrections of rows");
    }
    for (year, part) in corrected {
        let Corrections { corrected, still_wrong, given_up, confirmed, .. } = part.corrections;
        output::line(&format!(
            "  {year}  used {corrected}, still wrong {still_wrong}, given up {given_up}, confirmed {confirmed}"
        ));
    }
    if !summary.rules.is_empty() {
        output::line("\nfindings");
    }
    for rule in &summary.rules {
        output::line(&format!(
            "  {} {}  {} {}",
            rule.severity.code(),
            right(&rule.count.to_string(), 6),
            left(&rule.rule, 22),
            rule.title
        ));
    }
}

fn prune(
    global: &Global,
    settings: &Settings,
    data: &DataRoot,
    keep_days: Option<u32>,
    dry_run: bool,
) -> Result<ExitCode, Failure> {
    let keep_days = keep_days.unwrap_or(settings.run_keep_days);
    if keep_days < RUN_KEEP_DAYS_MIN {
        return Err(Failure::new(
            ExitCode::Usage,
            &format!("records of runs are kept for {RUN_KEEP_DAYS_MIN} days at least, not {keep_days}"),
        )
        .hint("网络安全法 (2016) art. 21 asks for logs of six months"));
    }
    ledger::refuse_newer(data)?;
    let lock = ledger::lock(data, "runs prune", &now())?;
    let entries = ledger::entries(data).map_err(|error| ledger_failure(&error))?;
    let outdated = ledger::outdated(&entries, keep_days, Timestamp::now());
    for entry in entries.iter().filter(|entry| outdated.contains(&entry.id)) {
        if !dry_run {
            ledger::remove(data, entry.id).map_err(|error| ledger_failure(&error))?;
        }
        let begun = entry.run.as_ref().map(|run| run.started.as_str()).unwrap_or_default();
        let verb = if dry_run { "would remove" } else { "removed" };
        if !global.json {
            output::line(&format!("{verb} run {}, of {begun}", entry.id));
        }
    }
    if global.json {
        output::json(&json!({ "runs": outdated, "of": entries.len(), "dry_run": dry_run }))?;
    }
    if !lock.was_left_behind() {
        lock.give_back().map_err(|error| Failure::new(ExitCode::Internal, &error))?;
    }
    output::note(&format!("{} of {} records of runs", outdated.len(), entries.len()));
    Ok(ExitCode::Done)
}
