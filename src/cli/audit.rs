//! `nianbao audit`: checks a published report, or any figures, for consistency.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{ExitCode, Failure, Global, coverage, load_definitions, load_settings, output};
use crate::audit::coverage::Coverage;
use crate::audit::report::Report;
use crate::audit::workbook::Sheets;
use crate::audit::{
    Audit, AuditOutcome, RelationAnswer, Tally, audit, plain, published, signature, workbook,
};
use crate::checks::relation::Verdict;
use crate::decode::Format;
use crate::decode::worker::{Decoder, Limits, OWN_PROGRAM};
use crate::definitions::Definitions;
use crate::settings::{Overrides, Settings};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The report: a workbook with the six tables, JSON of a published report, or JSON of figures and relations
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What an earlier `audit --json` printed: questions that were asked there do not count again, where their rule has a ratchet
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
}

const FORMS: &str = "samples/published/README.md describes the two JSON forms; a workbook needs the six tables with their headers";

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let settings = load_settings(global, Overrides::default())?;
    let definitions = load_definitions(global)?;
    let report = read(&args.file, &settings, &definitions)?;
    let mut audit = audit(&report, &definitions);
    if let Some(path) = &args.baseline {
        audit.forget(&baseline(path)?);
    }
    if global.json {
        print_json(&audit)?;
    } else {
        print(&audit);
    }
    Ok(match audit.outcome() {
        AuditOutcome::Clean => ExitCode::Done,
        AuditOutcome::Open => ExitCode::Draft,
        AuditOutcome::Inconsistent => ExitCode::HeldBack,
    })
}

fn unusable(path: &Path, why: &(impl ToString + ?Sized)) -> Failure {
    Failure::new(ExitCode::Usage, &format!("`{}`: {}", path.display(), why.to_string())).hint(FORMS)
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::new(ExitCode::Usage, &format!("`{}`: {error}", path.display())))
}

fn read(path: &Path, settings: &Settings, definitions: &Definitions) -> Result<Report, Failure> {
    let bytes = bytes_of(path)?;
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    if text.trim_ascii_start().starts_with(b"{") {
        let object: Value =
            serde_json::from_slice(text).map_err(|error| unusable(path, &format!("no JSON: {error}")))?;
        let report = if plain::is_form(&object) {
            plain::read_report(&object)
        } else if published::is_form(&object) {
            published::read_report(&object, definitions)
        } else {
            Err("JSON of no known form: neither `figures` and `relations` nor `six_tables`".to_owned())
        };
        return report.map_err(|why| unusable(path, &why));
    }
    let limits = Limits::of(settings);
    let mut sheets = Sheets::default();
    let mut reader = Decoder::new(Path::new(OWN_PROGRAM), limits).as_printed();
    let decoded = reader.decode(&bytes, &mut |event| sheets.event(&event));
    let decoded = decoded
        .map_err(|error| Failure::new(ExitCode::Internal, &error))?
        .map_err(|error| unusable(path, &error))?;
    let decimals_unknown = decoded.format == Format::Xls;
    let report = workbook::read_report(&sheets, decimals_unknown, definitions);
    if !workbook::has_tables(&report.figures) {
        return Err(unusable(path, "no table of the report was recognised"));
    }
    Ok(report)
}

/// Reads the signatures of the findings that an earlier audit printed, one object per line.
fn baseline(path: &Path) -> Result<BTreeSet<String>, Failure> {
    let bytes = bytes_of(path)?;
    let mut known = BTreeSet::new();
    for answer in serde_json::Deserializer::from_slice(&bytes).into_iter::<Value>() {
        let answer = answer.map_err(|error| unusable(path, &format!("no JSON: {error}")))?;
        let field = |name: &str| answer[name].as_str().unwrap_or_default();
        known.insert(signature(
            field("kind"),
            field("id"),
            field("place"),
            field("printed"),
            field("recomputed"),
        ));
    }
    Ok(known)
}

/// Prints what was expected and found, then one object per answer, each on a line.
pub(super) fn print_json(audit: &Audit) -> Result<(), Failure> {
    #[derive(serde::Serialize)]
    struct Examined<'a> {
        coverage: &'a Coverage,
    }
    let line = |line: serde_json::Result<String>| -> Result<(), Failure> {
        output::line(&line.map_err(|error| Failure::internal(&error))?);
        Ok(())
    };
    if let Some(coverage) = &audit.coverage {
        line(serde_json::to_string(&Examined { coverage }))?;
    }
    audit.answers.iter().try_for_each(|answer| line(serde_json::to_string(answer)))
}

pub(super) fn print(audit: &Audit) {
    let title = if audit.title.is_empty() { "报告" } else { &audit.title };
    output::line(&format!("{title}：数字 {} 个，关系 {} 条", audit.figures, audit.relations()));
    if let Some(coverage) = &audit.coverage {
        coverage::print(coverage);
    }
    for verdict in Verdict::ALL {
        let answers: Vec<&RelationAnswer> =
            audit.answers.iter().filter(|answer| answer.verdict == verdict).collect();
        if answers.is_empty() || verdict == Verdict::Holds {
            continue;
        }
        output::line(&format!("\n{} {}", verdict.label(), audit.count(verdict)));
        if verdict == Verdict::NotExamined {
            print_unexamined(&answers);
            continue;
        }
        for answer in answers {
            print_answer(answer);
        }
    }
    output::line("\n检查情况");
    let columns = ["关系", "数字", "不一致", "待确认", "舍入", "未检查", "成立"];
    let row = |name: &str, cells: &[String]| {
        let cells: String = cells.iter().map(|cell| output::right(cell, 8)).collect();
        output::line(&format!("  {}{cells}", output::left(name, 52)));
    };
    row("规则", &columns.map(str::to_owned));
    for tally in &audit.tallies {
        row(&format!("{} {}", output::left(&tally.kind, 26), tally.title), &cells(tally));
    }
    let idle: Vec<&str> =
        audit.tallies.iter().filter(|tally| tally.examined == 0).map(|tally| tally.kind.as_str()).collect();
    if !idle.is_empty() {
        output::line(&format!("\n没有检查到任何数字的规则：{}", idle.join("、")));
    }
    let counted = |verdict: Verdict| format!("{} {}", verdict.label(), audit.count(verdict));
    output::line(&format!("\n合计：{}", Verdict::ALL.map(counted).join("，")));
}

fn cells(tally: &Tally) -> Vec<String> {
    let verdicts = Verdict::ALL.iter().map(|verdict| tally.verdicts.get(verdict).copied().unwrap_or(0));
    [tally.relations, tally.examined].into_iter().chain(verdicts).map(|count| count.to_string()).collect()
}

/// Prints one line per reason, with the first relations that have it; `--json` lists them all.
fn print_unexamined(answers: &[&RelationAnswer]) {
    const NAMED: usize = 6;
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for answer in answers {
        let name = if answer.id.is_empty() { &answer.kind } else { &answer.id };
        let names = reasons.entry(&answer.message).or_default();
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    for (reason, names) in reasons {
        let more = if names.len() > NAMED { format!(" 等 {} 条", names.len()) } else { String::new() };
        let named = &names[..names.len().min(NAMED)];
        output::line(&format!("  {reason}：{}{more}", named.join("、")));
    }
}

fn print_answer(answer: &RelationAnswer) {
    let known = if answer.known { "（已知）" } else { "" };
    let name = if answer.id.is_empty() { &answer.kind } else { &answer.id };
    output::line(&format!("  {name}{known}  {}", answer.place));
    let words = answer.rule.as_ref().map_or_else(String::new, |rule| format!("{}：", rule.title));
    output::line(&format!("      {words}{}", answer.message));
    // The severity is said once: in a run's finding before the key that answers it.
    let severity = match &answer.at {
        Some(at) => {
            output::line(&format!("      {} {}", at.does, at.key));
            String::new()
        }
        None => answer.rule.as_ref().map_or_else(String::new, |rule| format!("{} ", rule.severity)),
    };
    let Some(rule) = &answer.rule else { return };
    let note = if answer.note.is_empty() { String::new() } else { format!("（{}）", answer.note) };
    output::line(&format!("      {severity}{}·{}：{}{note}", rule.dimension, rule.owner, rule.remedy));
}
