//! `nianbao run`: the main job.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::decision::refuse_frozen;
use super::output::{self, Progress, left, right};
use super::{ExitCode, Failure, Global, absolute, documents, ledger_failure, load, now, pull, quarantine};
use crate::checks::CheckCount;
use crate::decode::worker::OWN_PROGRAM;
use crate::definitions::Definitions;
use crate::delivery::Delivery;
use crate::delivery::RunOutcome;
use crate::figures::reconcile::ReconciliationCounts;
use crate::finding::Finding;
use crate::ledger::{self, DeliveredFile, Process, Scheduled};
use crate::period::ReportYear;
use crate::pipeline::{self, PROGRAM, Request, RunEnd, RunError, RunReport};
use crate::schedule::calendar::Entry;
use crate::settings::{Overrides, Settings};
use crate::sources::drop_folder;
use crate::sources::http::pull::PullOutcome;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::{self, Corrections, Manifest, ReleaseOutcome, Summary, YearSummary};
use crate::warehouse::{files, ground};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this report year; may be repeated [default: every year found that is not frozen]
    #[arg(long, value_name = "YEAR")]
    year: Vec<i32>,
    /// The drop folder to read, instead of the one in the settings
    #[arg(long, value_name = "DIR")]
    drop: Option<PathBuf>,
    /// Ask only this source; may be given several times [default: every source that is defined]
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// Ask no source: what was pulled before stays
    #[arg(long, conflicts_with = "source")]
    no_pull: bool,
    /// Run what the schedule says is due and was not done, or say why nothing is
    #[arg(long, conflicts_with_all = ["year", "source", "no_pull"])]
    pub(super) due: bool,
}

impl Args {
    /// What a scheduled run is asked for.
    pub(super) fn of(drop: Option<PathBuf>, entry: &Entry) -> Self {
        let (year, source) = (entry.years.clone(), entry.sources.clone());
        Args { year, drop, source, no_pull: !entry.pull, due: false }
    }

    pub(super) fn drop_folder(&self) -> Option<PathBuf> {
        self.drop.clone()
    }
}

/// What a run was started for, and whether it still is to be once nothing else can run.
pub(super) struct Called<'a> {
    pub scheduled: Scheduled,
    pub is_still_due: &'a dyn Fn() -> Result<bool, Failure>,
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    run_called(global, args, None)
}

pub(super) fn run_called(global: &Global, args: &Args, called: Option<&Called>) -> Result<ExitCode, Failure> {
    let overrides = Overrides { drop_dir: args.drop.clone(), ..Overrides::default() };
    let (settings, definitions) = load(global, overrides)?;
    let now = now();
    let data = DataRoot::new(&settings.data_dir);
    ledger::refuse_newer(&data)?;
    args.year.iter().try_for_each(|&year| refuse_frozen(&data, year))?;
    let sources = if args.no_pull { Vec::new() } else { pull::sources(global, &settings, &definitions)? };
    let wanted = pull::wanted(&sources, &args.source, &args.year, &now)?;
    let new_root = if sources.is_empty() { check_before(&settings, &data, &args.year)? } else { None };
    if let Some(root) = &new_root {
        output::note(&format!("new data root: {}", root.display()));
        output::note(&format!("of the city: {} ({})", settings.city_name, settings.city_code));
    }
    let lock = ledger::lock(&data, "run", &now)?;
    let internal = |error: std::io::Error| Failure::new(ExitCode::Internal, &error);
    if let Some(called) = called
        && !(called.is_still_due)()?
    {
        if !lock.was_left_behind() {
            lock.give_back().map_err(internal)?;
        }
        output::note(&format!("{}: another run has just done it", called.scheduled.entry));
        return Ok(ExitCode::Done);
    }
    if lock.was_left_behind() {
        files::remove_half_written(data.path()).map_err(internal)?;
        ground::clear(&data).map_err(internal)?;
    }
    ledger::settle(&data, PROGRAM)?;
    let request = Request { years: args.year.clone(), now, decode_program: OWN_PROGRAM.into() };
    let record = begin(&data, &definitions, &request, called.map(|called| called.scheduled.clone()))?;
    let pulls = if sources.is_empty() {
        Vec::new()
    } else {
        pull::pull_all(global, &data, &sources, &wanted).inspect_err(|failure| {
            let failed = ledger::Run { error: Some(failure.message.clone()), ..record.clone() };
            if let Err(ledger) = end(&data, failed, RunOutcome::Failed, failure.code) {
                output::note(&ledger.message);
            }
        })?
    };
    let record = ledger::Run { pulls: pulls.clone(), ..record };
    let progress = Progress::new(global.quiet || global.json);
    let result = pipeline::run(&settings, &definitions, &request, &progress);
    progress.finish();
    let report = match result {
        Ok(report) => report,
        Err(error) => {
            let (stages, text) = (progress.stages(), error.to_string());
            let failure = Failure::from(error);
            let failed = ledger::Run { stages, error: Some(text), ..record };
            // The cause of the failure matters more than a ledger that cannot be written.
            if let Err(ledger) = end(&data, failed, RunOutcome::Failed, failure.code) {
                output::note(&ledger.message);
            }
            return Err(failure);
        }
    };
    let code = with_pulls(exit_code(&report.outcome), &pulls);
    end(&data, with_report(record, &report), report.outcome.outcome(), code)?;
    lock.give_back().map_err(internal)?;
    if !report.frozen.is_empty() && args.year.is_empty() && !global.quiet {
        let files = |waiting: usize| match waiting {
            0 => String::new(),
            1 => " (1 file in its folder is none of those it was made of)".to_owned(),
            _ => format!(" ({waiting} files in its folder are none of those it was made of)"),
        };
        let year = |(year, waiting): (&i32, &usize)| format!("{year}{}", files(*waiting));
        let years: Vec<String> = report.frozen.iter().map(year).collect();
        output::note(&format!("frozen, and left as it was published: {}", years.join(", ")));
    }
    if global.json {
        print_json(global, &settings, &report, &pulls, new_root.as_deref(), code)?;
    } else {
        pull::print_outcomes(&pulls);
        print_text(&settings, &report);
        documents::print_waiting(global, &data)?;
        if let Some(root) = &new_root {
            output::line("");
            output::line(&format!("New data root: {}", root.display()));
        }
    }
    Ok(code)
}

/// Checks, before anything is written, that there is something to run on. Returns the path of the data root
/// where this run makes it.
pub(super) fn check_before(
    settings: &Settings,
    data: &DataRoot,
    wanted: &[ReportYear],
) -> Result<Option<PathBuf>, Failure> {
    if data.exists() && wanted.is_empty() {
        return Ok(None);
    }
    let drop = &settings.drop_dir;
    let listing = drop_folder::list(drop, &|_| String::new())
        .map_err(|source| RunError::Source { path: drop.clone(), source })?;
    let mut found: BTreeMap<ReportYear, usize> = BTreeMap::new();
    for year in listing.files.iter().filter_map(|file| file.year) {
        *found.entry(year).or_default() += 1;
    }
    let published = publish::current(data)?.map(|manifest| manifest.years).unwrap_or_default();
    let there: Vec<String> = found
        .iter()
        .map(|(year, files)| format!("{year} ({files} {})", if *files == 1 { "file" } else { "files" }))
        .collect();
    let there = if there.is_empty() {
        format!("`{}` has no deliveries", drop.display())
    } else {
        format!("`{}` has {}", drop.display(), there.join(", "))
    };
    if let Some(year) = wanted.iter().find(|year| !found.contains_key(year) && !published.contains(year)) {
        let other_years: Vec<String> = published.iter().map(ToString::to_string).collect();
        let other_years = match other_years.as_slice() {
            [] => String::new(),
            years => format!("; published: {}", years.join(", ")),
        };
        return Err(Failure::new(
            ExitCode::Usage,
            &format!("there is nothing of {year}: {there}{other_years}"),
        )
        .hint("a report year is a folder of four digits: DROP/2024/students/…"));
    }
    if data.exists() {
        return Ok(None);
    }
    let root = absolute(data.path());
    if found.is_empty() {
        let message = format!("{there}, and there is no data root at `{}`", root.display());
        return Err(Failure::new(ExitCode::Usage, &message)
            .hint("look at --drop and --data; deliveries lie under a year: DROP/2024/students/…"));
    }
    Ok(Some(root))
}

fn exit_code(outcome: &RunEnd) -> ExitCode {
    match outcome {
        RunEnd::Published(manifest) | RunEnd::NothingToDo(manifest) => match manifest.outcome {
            ReleaseOutcome::Clean => ExitCode::Done,
            ReleaseOutcome::Draft => ExitCode::Draft,
        },
        RunEnd::HeldBack { .. } => ExitCode::HeldBack,
        RunEnd::NothingFound => ExitCode::Done,
    }
}

/// The exit code with that of the pulls: a source that failed goes before a draft and a release held back.
fn with_pulls(code: ExitCode, pulls: &[PullOutcome]) -> ExitCode {
    match (code, pull::exit_code(pulls)) {
        (_, ExitCode::Source) => ExitCode::Source,
        (ExitCode::Done, pulls) => pulls,
        (code, _) => code,
    }
}

fn parts(outcome: &RunEnd) -> (Option<&Manifest>, Option<&Summary>) {
    match outcome {
        RunEnd::Published(manifest) | RunEnd::NothingToDo(manifest) => {
            (Some(manifest), Some(&manifest.summary))
        }
        RunEnd::HeldBack { summary, .. } => (None, Some(summary)),
        RunEnd::NothingFound => (None, None),
    }
}

/// Records the beginning of a run in the ledger, so that a killed run is known.
fn begin(
    data: &DataRoot,
    definitions: &Definitions,
    request: &Request,
    scheduled: Option<Scheduled>,
) -> Result<ledger::Run, Failure> {
    let record = ledger::Run {
        command: "run".to_owned(),
        years: request.years.clone(),
        process: Some(Process::own()),
        scheduled,
        program: PROGRAM.to_owned(),
        definitions: definitions.digest.clone(),
        started: request.now.clone(),
        release_before: current_release(data),
        ..ledger::Run::default()
    };
    ledger::begin(data, record).map_err(|error| ledger_failure(&error))
}

/// Completes the record of a run, also of one that failed, with the current release after it.
fn end(data: &DataRoot, record: ledger::Run, outcome: RunOutcome, code: ExitCode) -> Result<(), Failure> {
    let record = ledger::Run {
        finished: now(),
        outcome,
        exit_code: Some(code as u8),
        release: current_release(data),
        ..record
    };
    ledger::end(data, &record).map_err(|error| ledger_failure(&error))
}

/// The number of the current release; 0 where there is none or it cannot be read.
fn current_release(data: &DataRoot) -> u32 {
    publish::current(data).ok().flatten().map_or(0, |manifest| manifest.release)
}

fn with_report(record: ledger::Run, report: &RunReport) -> ledger::Run {
    let file = |delivery: &Delivery| DeliveredFile {
        label: delivery.file.clone(),
        sha256: delivery.sha256.clone(),
        dataset: delivery.dataset.clone(),
        report_year: delivery.report_year,
        outcome: delivery.outcome,
        rows: delivery.rows,
    };
    ledger::Run {
        stages: report.stages.clone(),
        files: report.deliveries.iter().map(file).collect(),
        summary: parts(&report.outcome).1.cloned().unwrap_or_default(),
        ..record
    }
}

fn print_json(
    global: &Global,
    settings: &Settings,
    report: &RunReport,
    pulls: &[PullOutcome],
    new_root: Option<&Path>,
    code: ExitCode,
) -> Result<(), Failure> {
    let (manifest, summary) = parts(&report.outcome);
    let stops: Vec<&Finding> = match &report.outcome {
        RunEnd::HeldBack { findings, .. } => findings.iter().collect(),
        _ => Vec::new(),
    };
    let data = DataRoot::new(&settings.data_dir);
    let published = manifest.filter(|_| matches!(report.outcome, RunEnd::Published(_)));
    let open = published.and_then(|manifest| quarantine::open_of(&data, manifest).ok());
    let sheets = open.map(|open| open.iter().map(|(_, schools)| schools.len()).sum::<usize>());
    output::json(&json!({
        "outcome": report.outcome.outcome(),
        "exit_code": code as u8,
        "release": manifest.map(|manifest| manifest.release),
        "digest": manifest.map(|manifest| manifest.digest.clone()),
        "summary": summary,
        "correction_sheets": sheets,
        "held_back_by": stops,
        "pulls": pulls,
        "stages": report.stages,
        "checks": report.checks,
        "frozen_years": report.frozen.keys().collect::<Vec<_>>(),
        "frozen_files_waiting": report.frozen.values().sum::<usize>(),
        "documents_waiting": documents::waiting_json(global, &data)?,
        "new_data_root": new_root,
    }))
}

fn print_text(settings: &Settings, report: &RunReport) {
    match &report.outcome {
        RunEnd::Published(manifest) => {
            print_summary(&manifest.summary);
            let data = DataRoot::new(&settings.data_dir);
            if let Ok(open) = quarantine::open_of(&data, manifest) {
                quarantine::print_open(&open);
            }
            output::line("");
            let draft = if manifest.outcome == ReleaseOutcome::Draft {
                ", a draft: see what needs attention"
            } else {
                ""
            };
            let data = settings.data_dir.display();
            output::line(&format!("Published release {:06}{draft}.", manifest.release));
            output::line(&format!(
                "  tables   {data}/warehouse/releases/{:06}/ (read it through {data}/warehouse/CURRENT.json)",
                manifest.release
            ));
            // A year that no layout prints has no documents.
            let reports = DataRoot::new(&settings.data_dir);
            for year in manifest.years.iter().filter(|year| reports.reports(**year).exists()) {
                output::line(&format!("  report   {data}/reports/{year}/"));
            }
            output::line(&format!(
                "  findings {data}/warehouse/releases/{:06}/flat/finding.parquet",
                manifest.release
            ));
        }
        RunEnd::NothingToDo(manifest) => {
            let draft = if manifest.outcome == ReleaseOutcome::Draft { " (a draft)" } else { "" };
            output::line(&format!("Nothing to do: release {:06}{draft} is still current.", manifest.release));
        }
        RunEnd::NothingFound => {
            output::line(&format!("Nothing found in `{}`.", settings.drop_dir.display()));
        }
        RunEnd::HeldBack { findings, summary } => {
            print_summary(summary);
            output::line("");
            output::line("Held back: what was published stays.");
            for finding in findings {
                output::line(&format!("  {} {} {}", finding.rule, finding.message, finding.place_text()));
            }
        }
    }
}

fn print_summary(summary: &Summary) {
    let files = &summary.files;
    let mut line = format!(
        "文件 {}：读入 {}，退回 {}，重复 {}，忽略 {}",
        files.files, files.decoded, files.rejected, files.repeated, files.ignored
    );
    if files.set_aside > 0 {
        line += &format!("；读入的文件中搁置 {}", files.set_aside);
    }
    if files.kept > 0 {
        line += &format!("；另沿用以前的文件 {}", files.kept);
    }
    output::line(&line);
    output::line("");
    output::line(&row(
        ["年度", "数据", "文件", "物理行", "入库", "隔离", "重复", "结构行"].map(str::to_owned)
    ));
    for line in &summary.datasets {
        let rows = &line.rows;
        let numbers =
            [line.files, rows.physical, rows.loaded, rows.quarantined, rows.duplicate, rows.structural];
        let [files, physical, loaded, quarantined, duplicate, structural] = numbers.map(|n| n.to_string());
        output::line(&row([
            line.report_year.to_string(),
            line.title_zh.clone(),
            files,
            physical,
            loaded,
            quarantined,
            duplicate,
            structural,
        ]));
    }
    output::line("");
    output::line("主要指标");
    let mut years: Vec<i32> = summary.headlines.iter().map(|headline| headline.report_year).collect();
    years.sort_unstable();
    years.dedup();
    for year in years {
        let of_year = summary.headlines.iter().filter(|headline| headline.report_year == year);
        let texts: Vec<String> =
            of_year.map(|h| format!("{}（{}）{} {}", h.title_zh, h.basis, h.text, h.unit)).collect();
        for (index, texts) in texts.chunks(4).enumerate() {
            let head = if index == 0 { year.to_string() } else { "    ".to_owned() };
            output::line(&format!("  {head}  {}", texts.join("  ")));
        }
    }
    print_reconciled(summary);
    print_corrections(summary);
    print_missing(summary);
    print_checks(summary);
    if !summary.rules.is_empty() {
        output::line("");
        output::line("需要处理");
        for rule in &summary.rules {
            output::line(&format!(
                "  {} {}  {} {}",
                rule.severity.label(),
                right(&rule.count.to_string(), 6),
                left(&rule.rule, 22),
                rule.title
            ));
        }
    }
}

/// Prints how the schools' figures on different bases compare.
fn print_reconciled(summary: &Summary) {
    let compared = |(_, year): &(&i32, &YearSummary)| year.reconciled.compared > 0;
    for (index, (year, part)) in summary.years.iter().filter(compared).enumerate() {
        if index == 0 {
            output::line("");
            output::line("口径比对（各校各指标）");
        }
        let ReconciliationCounts { compared, agree, differ, one_side, closed } = part.reconciled;
        output::line(&format!(
            "  {year}  比对 {compared}：一致 {agree}，不一致 {differ}，只有一方有数 {one_side}；已处理 {closed}"
        ));
    }
}

/// Prints the decisions about single rows, and their outcome.
fn print_corrections(summary: &Summary) {
    let any = |(_, year): &(&i32, &YearSummary)| year.corrections.is_any();
    for (index, (year, part)) in summary.years.iter().filter(any).enumerate() {
        if index == 0 {
            output::line("");
            output::line("更正（单行）");
        }
        let Corrections { corrected, still_wrong, given_up, confirmed, .. } = part.corrections;
        output::line(&format!(
            "  {year}  更正后采用 {corrected}，更正后仍有问题 {still_wrong}，放弃 {given_up}，确认属实 {confirmed}"
        ));
    }
}

/// Prints how much of what is asked of schools did not come.
fn print_missing(summary: &Summary) {
    let any = |(_, year): &(&i32, &YearSummary)| year.missing > 0;
    for (index, (year, part)) in summary.years.iter().filter(any).enumerate() {
        if index == 0 {
            output::line("");
        }
        output::line(&format!("未报送 {} 校·项（{year}）：nianbao status --year {year}", part.missing));
    }
}

/// Prints how much each check examined, all years together.
fn print_checks(summary: &Summary) {
    let mut checks: Vec<CheckCount> = Vec::new();
    for check in summary.years.values().flat_map(|year| &year.checks) {
        match checks.iter_mut().find(|known| known.check == check.check) {
            Some(known) => {
                known.examined += check.examined;
                known.inconsistent += check.inconsistent;
                known.to_confirm += check.to_confirm;
                known.rounding += check.rounding;
            }
            None => checks.push(check.clone()),
        }
    }
    if checks.is_empty() {
        return;
    }
    output::line("");
    output::line("发布前的检查");
    let line = |name: &str, counts: [String; 4]| {
        let counts: String = counts.iter().map(|count| right(count, 10)).collect();
        output::line(&format!("  {}{counts}", left(name, 34)));
    };
    line("", ["检查的数", "不一致", "待确认", "舍入"].map(str::to_owned));
    for check in &checks {
        line(
            &check.check,
            [check.examined, check.inconsistent, check.to_confirm, check.rounding].map(|n| n.to_string()),
        );
    }
}

fn row(texts: [String; 8]) -> String {
    let [year, title, numbers @ ..] = texts;
    let mut line = format!("  {}  {}", left(&year, 4), left(&title, 14));
    for number in numbers {
        line += &right(&number, 9);
    }
    line
}
