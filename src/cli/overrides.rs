//! `nianbao override`: a named person accepts a delivery, sets a value, or explains a difference or a finding.

use std::collections::BTreeSet;

use super::decision::{Decider, Desk, refuse_frozen};
use super::values::ValueSet;
use super::{
    ExitCode, Failure, Global, check, data_root, load, load_settings, now, output, under_lock, values,
};
use crate::decisions::values::set_rule;
use crate::decisions::{self, Override, findings};
use crate::delivery::{Delivery, DeliveryOutcome, RunOutcome};
use crate::figures::shown;
use crate::finding::{self, Finding, Rule, Severity};
use crate::ledger;
use crate::period::ReportYear;
use crate::pipeline::{Examination, ReleaseSource};
use crate::position::Place;
use crate::settings::Overrides;
use crate::tables;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Accept a delivery that a rule has set aside; valid for exactly these bytes
    Accept(AcceptArgs),
    /// Set a value of a school in place of the delivered one; valid until the delivered value changes
    Set(values::SetArgs),
    /// Read the notes in a filled-in workbook of differences; each is valid until its values change
    Read(values::ReadArgs),
    /// Answer questions: say why what is asked about is right; valid until it changes
    Answer(AnswerArgs),
    /// List all decisions, oldest first
    List,
    /// Withdraw a decision
    Withdraw(WithdrawArgs),
}

#[derive(Debug, clap::Args)]
struct AcceptArgs {
    /// The rule named in the finding: E-VOLUME
    #[arg(long)]
    rule: String,
    /// The delivery: its path as given in the finding, or at least the first 8 digits of its SHA-256
    #[arg(long, value_name = "FILE|SHA256")]
    file: String,
    /// Its report year, needed if several years have the file
    #[arg(long)]
    year: Option<i32>,
    #[command(flatten)]
    decider: Decider,
}

#[derive(Debug, clap::Args)]
struct AnswerArgs {
    /// The keys of the findings, as `nianbao check` prints them (`2024/further_study_is_placed/3614000001`)
    /// or the table `finding` has them in its column `key`; several keys share one reason
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,
    #[command(flatten)]
    decider: Decider,
}

#[derive(Debug, clap::Args)]
struct WithdrawArgs {
    /// The number of the decision
    id: u32,
    #[command(flatten)]
    decider: Decider,
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let settings = load_settings(global, Overrides::default())?;
    let data = data_root(&settings)?;
    if let Command::List = args.command {
        return list(global, &data);
    }
    ledger::refuse_newer(&data)?;
    let now = now();
    let desk = Desk::open(global, &settings, &data, &now)?;
    under_lock(&data, "override", &now, || {
        let mut decisions = match &args.command {
            Command::Accept(accept) => vec![acceptance(&data, accept, &now)?],
            Command::Withdraw(withdraw) => vec![withdrawal(&data, withdraw, &now)?],
            Command::Set(set) => {
                let (settings, definitions) = load(global, Overrides::default())?;
                let set = values::set(&settings, &data, &definitions, set, &now)?;
                return record_set(global, &data, &desk, set);
            }
            Command::Answer(answer) => answers(global, &data, answer, &now)?,
            Command::Read(read) => return values::read(global, &settings, &data, &desk, read, &now),
            Command::List => return Ok(ExitCode::Done),
        };
        for decision in &mut decisions {
            decision.who = desk.decider(&decision.who)?;
            refuse_frozen(&data, decision.report_year)?;
        }
        for decision in decisions::add_all(&data, desk.origin(), decisions)? {
            print(global, &decision)?;
        }
        Ok(ExitCode::Done)
    })
}

/// Records a value that is set, and shows it as it was and as it is.
fn record_set(global: &Global, data: &DataRoot, desk: &Desk, mut set: ValueSet) -> Result<ExitCode, Failure> {
    let decision = Override { who: desk.decider(&set.decision.who)?, ..set.decision.clone() };
    refuse_frozen(data, decision.report_year)?;
    set.decision = decisions::add(data, desk.origin(), decision)?;
    if global.json {
        output::json(&set)?;
    } else {
        output::line(&set.text());
        print(global, &set.decision)?;
    }
    Ok(ExitCode::Done)
}

/// A decision and its state, for machines.
#[derive(serde::Serialize)]
struct ListedDecision<'a> {
    #[serde(flatten)]
    decision: &'a Override,
    state: String,
}

fn list(global: &Global, data: &DataRoot) -> Result<ExitCode, Failure> {
    let all = decisions::all(data)?;
    let lapsed = publish::current(data)?.map(|current| current.lapsed).unwrap_or_default();
    let listed: Vec<ListedDecision<'_>> = all
        .iter()
        .map(|decision| ListedDecision { decision, state: state(decision, &all, &lapsed) })
        .collect();
    if global.json {
        output::json(&listed)?;
    } else {
        for decision in &listed {
            output::line(&line(decision));
        }
    }
    Ok(ExitCode::Done)
}

/// The state of a decision, as far as the current release shows.
fn state(decision: &Override, all: &[Override], lapsed: &BTreeSet<u32>) -> String {
    if let Some(id) = decision.withdraws {
        return format!("withdraws {id}");
    }
    let is_in_force = |other: &&Override| other.withdraws.is_none() && !is_withdrawn(other, all);
    let case = |decision: &Override| decision.correction.as_ref().map(|correction| correction.case.clone());
    let newer = |other: &&Override| {
        let same_value = other.about.is_some() && other.rule == decision.rule && other.key == decision.key;
        let same_row = other.correction.is_some() && case(other) == case(decision);
        other.id > decision.id && (same_value || same_row)
    };
    if is_withdrawn(decision, all) {
        "withdrawn".to_owned()
    } else if let Some(newer) = all.iter().filter(is_in_force).find(newer) {
        format!("replaced by {}", newer.id)
    } else if lapsed.contains(&decision.id) {
        "lapsed".to_owned()
    } else {
        "in force".to_owned()
    }
}

fn is_withdrawn(decision: &Override, all: &[Override]) -> bool {
    all.iter().any(|other| other.withdraws == Some(decision.id))
}

fn print(global: &Global, decision: &Override) -> Result<(), Failure> {
    if global.json {
        return output::json(decision);
    }
    output::line(&format!("Decision {} is recorded; the next run acts on it.", decision.id));
    Ok(())
}

fn acceptance(data: &DataRoot, accept: &AcceptArgs, when: &str) -> Result<Override, Failure> {
    accept.decider.check()?;
    let rule = finding::rule(&accept.rule).filter(|rule| rule.is_answered_by_override());
    let Some(rule) = rule else {
        let known: Vec<&str> =
            finding::RULES.iter().filter(|rule| rule.is_answered_by_override()).map(|rule| rule.id).collect();
        let message = format!("`{}` is not a rule that can be accepted: {}", accept.rule, known.join(", "));
        return Err(Failure::usage(&message));
    };
    // A file that is set aside may have the same name as the one that is kept meanwhile.
    let kept = rule.id == finding::DELIVERY_KEPT.id;
    let prefix = accept.file.to_ascii_lowercase();
    let mut found = known_deliveries(data)?;
    found.retain(|delivery| {
        accept.year.is_none_or(|year| year == delivery.report_year)
            && (delivery.outcome == DeliveryOutcome::Kept) == kept
            && (delivery.file == accept.file || (prefix.len() >= 8 && delivery.sha256.starts_with(&prefix)))
    });
    // The same bytes under several names are one delivery.
    found.sort_by(|a, b| (a.report_year, &a.sha256).cmp(&(b.report_year, &b.sha256)));
    found.dedup_by(|a, b| (a.report_year, &a.sha256) == (b.report_year, &b.sha256));
    if let [delivery] = found.as_slice()
        && !is_open(data, rule.id, delivery)?
    {
        let message = format!("`{}` waits for no answer to {}", delivery.file, rule.id);
        return Err(Failure::usage(&message)
            .hint("the table `finding` of the release has what is open; run first when the file is new"));
    }
    match found.as_slice() {
        [delivery] => Ok(Override {
            rule: rule.id.to_owned(),
            key: delivery.file.clone(),
            value: delivery.sha256.clone(),
            ..accept.decider.record(delivery.report_year, when)
        }),
        [] => Err(Failure::usage(&format!("no delivery is called `{}`", accept.file))
            .hint("the finding names the file and the first digits of its SHA-256; both are in the table `delivery`")),
        several => Err(Failure::new(
            ExitCode::Usage,
            &format!("`{}` is {} deliveries: name one by its SHA-256 and --year", accept.file, several.len()),
        )),
    }
}

/// Whether the current release has a finding of the rule about the delivery; assumed after a run
/// that was held back, whose findings are not known.
fn is_open(data: &DataRoot, rule: &str, delivery: &Delivery) -> Result<bool, Failure> {
    let entries = ledger::entries(data).map_err(|error| Failure::internal(&error))?;
    let last = entries.last().and_then(|entry| entry.run.as_ref().ok());
    if last.is_some_and(|run| run.outcome == RunOutcome::HeldBack) {
        return Ok(true);
    }
    let Some(path) =
        publish::current(data)?.and_then(|current| current.table(data, "finding", delivery.report_year))
    else {
        return Ok(false);
    };
    let findings = tables::finding::read(&path).map_err(|error| Failure::internal(&error))?;
    Ok(findings.iter().any(|finding| finding.rule == rule && finding.place.file == delivery.file))
}

/// The deliveries of the current release, and of the last run, which may have been held back.
fn known_deliveries(data: &DataRoot) -> Result<Vec<Delivery>, Failure> {
    let mut known = Vec::new();
    if let Some(current) = publish::current(data)? {
        for path in current.years.iter().filter_map(|&year| current.table(data, "delivery", year)) {
            known.extend(tables::delivery::read(&path).map_err(|error| Failure::internal(&error))?);
        }
    }
    let entries = ledger::entries(data).map_err(|error| Failure::internal(&error))?;
    let last = entries.into_iter().rev().find_map(|entry| entry.run.ok().filter(|run| !run.files.is_empty()));
    known.extend(last.into_iter().flat_map(|run| run.files).map(|file| Delivery {
        report_year: file.report_year,
        dataset: file.dataset,
        file: file.label,
        sha256: file.sha256,
        format: String::new(),
        encoding: String::new(),
        outcome: file.outcome,
        rows: file.rows,
    }));
    Ok(known)
}

/// The answers to findings, each with the finding's current content; all of them, or none.
fn answers(
    global: &Global,
    data: &DataRoot,
    answer: &AnswerArgs,
    when: &str,
) -> Result<Vec<Override>, Failure> {
    answer.decider.check()?;
    let (settings, definitions) = load(global, Overrides::default())?;
    let manifest = publish::current(data)?;
    // A release that was held back is newer than the published one.
    let mut releases = check::releases(data, manifest.as_ref());
    releases.reverse();
    let mut examinations: Vec<(usize, Examination)> = Vec::new();
    let mut decisions = Vec::new();
    for key in &answer.keys {
        let year: Option<i32> = key.split('/').next().and_then(|year| year.parse().ok());
        let mut decision = None;
        for (at, release) in releases.iter().enumerate().filter(|(_, release)| Some(release.year) == year) {
            if !examinations.iter().any(|(known, _)| *known == at) {
                examinations.push((at, check::examine(&settings, &definitions, release, &[], None)?));
            }
            let examined = examinations.iter().find(|(known, _)| *known == at);
            let found =
                examined.and_then(|(_, examined)| examined.found.iter().find(|found| found.key == *key));
            decision = match found {
                Some(found) if found.severity != Severity::S2 => {
                    return Err(needs_no_answer(key, found.severity));
                }
                Some(found) => Some(Override {
                    rule: found.rule.clone(),
                    value: found.answer.printed.clone(),
                    about: Some(findings::about(&found.answer, &found.unit)),
                    ..answer_to(key, release.year, answer, when)
                }),
                None => question(data, release, key)?.map(|question| Override {
                    rule: question.rule.clone(),
                    about: Some(findings::about_question(&question)),
                    ..answer_to(key, release.year, answer, when)
                }),
            };
            if decision.is_some() {
                break;
            }
        }
        decisions.push(decision.ok_or_else(|| {
            Failure::usage(&format!("nothing asks about `{key}`")).hint(
                "`nianbao check` names what it found; a finding of the table `finding` has it in its column `key`",
            )
        })?);
    }
    Ok(decisions)
}

fn needs_no_answer(key: &str, severity: Severity) -> Failure {
    let message = format!("`{key}` is {}: it waits for no answer", severity.code());
    Failure::usage(&message)
}

fn answer_to(key: &str, year: ReportYear, answer: &AnswerArgs, when: &str) -> Override {
    Override { key: key.to_owned(), ..answer.decider.record(year, when) }
}

/// The question with a key in a release, other than those of checks.
fn question(
    data: &DataRoot,
    release: &check::ReleaseYear<'_>,
    key: &str,
) -> Result<Option<Finding>, Failure> {
    let path = match release.source {
        ReleaseSource::Published(manifest) => manifest.table(data, "finding", release.year),
        ReleaseSource::HeldBack => data.staged_table("finding", release.year),
    };
    let Some(path) = path else { return Ok(None) };
    let found = tables::finding::read(&path).map_err(|error| Failure::internal(&error))?;
    let answered_by_key = |found: &Finding| finding::rule(&found.rule).is_some_and(Rule::is_answered_by_key);
    let question = found.into_iter().find(|finding| answered_by_key(finding) && finding.key == key);
    match question {
        Some(question) if question.severity != Severity::S2 => Err(needs_no_answer(key, question.severity)),
        question => Ok(question),
    }
}

fn withdrawal(data: &DataRoot, withdraw: &WithdrawArgs, when: &str) -> Result<Override, Failure> {
    withdraw.decider.check()?;
    let all = decisions::all(data)?;
    let in_force = decisions::not_withdrawn(&all);
    let Some(decision) = in_force.iter().find(|decision| decision.id == withdraw.id) else {
        return Err(Failure::usage(&format!("there is no decision in force {}", withdraw.id))
            .hint("`nianbao override list` names them"));
    };
    let Override { who, when, reason, .. } = withdraw.decider.record(decision.report_year, when);
    Ok(Override { who, when, reason, withdraws: Some(decision.id), ..(*decision).clone() })
}

/// `sheet1 17`: the place of the row that a decision is about.
fn row_text(place: &Place) -> String {
    format!("{} {}", place.sheet, place.row).trim_start().to_owned()
}

fn line(ListedDecision { decision, state }: &ListedDecision<'_>) -> String {
    let value = match &decision.about {
        None if decision.correction.is_some() => {
            decision.correction.as_ref().map(|correction| row_text(&correction.place)).unwrap_or_default()
        }
        None => decision.value[..decision.value.len().min(12)].to_owned(),
        Some(about) => {
            let under: Vec<String> =
                about.under.iter().map(|(basis, value)| format!("{basis} {}", shown(value))).collect();
            let set = decision.rule == set_rule();
            under.join(", ") + &if set { format!(" → {}", decision.value) } else { String::new() }
        }
    };
    format!(
        "{:>6}  {}  {:14}  {}  {}  {} {}  {}：{}",
        decision.id,
        decision.when,
        state,
        decision.report_year,
        decision.rule,
        decision.key,
        value,
        decision.who,
        decision.reason
    )
}
