//! All pulls of all sources.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use super::circuit::OpenCircuit;
use super::client::{Client, Clock};
use super::definition::{Kind, Pull, Source};
use super::failure::{Failure, FailureClass};
use super::job::Job;
use super::listed;
use super::paged::{self, Pulled};
use super::session::{Secrets, Session};
use super::store::{PullState, SourceState, Store};
use crate::period::ReportYear;

/// What is to be pulled.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Empty for all sources.
    pub sources: BTreeSet<String>,
    /// Empty for the report year that the clock says.
    pub years: BTreeSet<ReportYear>,
    /// The clock, read once by the caller: `2024-10-08T02:00:00+08:00`.
    pub now: String,
    /// The report year at that time.
    pub current_year: ReportYear,
    /// The clock as it goes on, for signatures and waits.
    pub clock: Clock,
}

impl Wanted {
    fn years_of(&self, pull: &Pull) -> Vec<ReportYear> {
        if self.years.is_empty() {
            let newest = pull.years.last.unwrap_or(self.current_year).min(self.current_year);
            return if pull.years.has(newest) { vec![newest] } else { Vec::new() };
        }
        self.years.iter().copied().filter(|year| pull.years.has(*year)).collect()
    }
}

/// A pull of a year, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullOutcome {
    pub source: String,
    pub pull: String,
    pub dataset: String,
    pub report_year: ReportYear,
    pub outcome: Outcome,
    /// Rows of a paged pull; 0 for files, whose rows the intake counts.
    pub rows: u64,
    pub files: usize,
    pub message: String,
}

/// How a pull ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Delivered for the first time, or other than before.
    Delivered,
    /// Proven, and what was delivered before.
    Unchanged,
    Failed(FailureClass),
}

impl PullOutcome {
    #[must_use]
    pub fn failure(&self) -> Option<FailureClass> {
        match self.outcome {
            Outcome::Failed(class) => Some(class),
            Outcome::Delivered | Outcome::Unchanged => None,
        }
    }
}

/// Receives how far each pull is: source and pull, rows or files, and of how many.
pub trait Watch: Sync {
    fn progress(&self, source: &str, pull: &str, year: ReportYear, done: u64, of: Option<u64>);
}

/// Pulls everything that is wanted: sources side by side, each within its limits.
///
/// # Errors
/// What is missing before anything can start: secrets, certificates, state that cannot be read.
pub fn all(
    sources: &[Source],
    wanted: &Wanted,
    store: &Store<'_>,
    watch: &dyn Watch,
) -> Result<Vec<PullOutcome>, Vec<String>> {
    let mut missing = Vec::new();
    let mut ready = Vec::new();
    for source in sources.iter().filter(|s| wanted.sources.is_empty() || wanted.sources.contains(&s.name)) {
        let state = store.source(&source.name).map_err(|error| vec![error.to_string()])?;
        let made_today = if state.day == day(&wanted.now) { state.requests } else { 0 };
        match (Secrets::resolve(source), Client::new(source, made_today, wanted.clock)) {
            (Ok(secrets), Ok(client)) => ready.push((source, secrets, client, state)),
            (secrets, client) => {
                missing.extend(secrets.err().unwrap_or_default());
                missing.extend(client.err().map(|failure| format!("source `{}`: {failure}", source.name)));
            }
        }
    }
    if !missing.is_empty() {
        return Err(missing);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| vec![error.to_string()])?;
    let pulls = ready.iter().map(|(source, secrets, client, state)| {
        of_source(source, secrets, client, state, wanted, store, watch)
    });
    Ok(runtime.block_on(join_all(pulls)).into_iter().flatten().collect())
}

async fn of_source(
    source: &Source,
    secrets: &Secrets,
    client: &Client<'_>,
    state: &SourceState,
    wanted: &Wanted,
    store: &Store<'_>,
    watch: &dyn Watch,
) -> Vec<PullOutcome> {
    let fingerprint = secrets.fingerprint();
    let open = state.circuit.as_ref().filter(|circuit| circuit.is_open_for(&fingerprint));
    if let Some(circuit) = open {
        let message = format!("not tried: since {} {}", circuit.since, circuit.message);
        let failure = Failure::auth(message);
        let pulls = source.pulls.iter();
        let all = pulls.flat_map(|pull| wanted.years_of(pull).into_iter().map(move |year| (pull, year)));
        return all.map(|(pull, year)| outcome(source, pull, year, Err(failure.clone()))).collect();
    }
    let session = Session::new(source, secrets, client);
    let pulls = source.pulls.iter().map(|pull| of_pull(&session, source, pull, wanted, store, watch));
    let mut outcomes: Vec<PullOutcome> = join_all(pulls).await.into_iter().flatten().collect();
    let refused = outcomes.iter().find(|outcome| outcome.failure() == Some(FailureClass::Auth));
    let circuit = refused.map(|outcome| OpenCircuit {
        since: wanted.now.clone(),
        fingerprint,
        message: outcome.message.clone(),
    });
    let requests = source.limits.per_day.saturating_sub(client.left_today());
    let state = SourceState { circuit, day: day(&wanted.now).to_owned(), requests };
    if let Err(error) = store.keep_source(&source.name, &state) {
        let failed = Failure::transient(format!("the state of the source cannot be kept: {error}"));
        for outcome in &mut outcomes {
            outcome.message.clone_from(&failed.message);
            outcome.outcome = Outcome::Failed(failed.class);
        }
    }
    outcomes
}

async fn of_pull(
    session: &Session<'_>,
    source: &Source,
    pull: &Pull,
    wanted: &Wanted,
    store: &Store<'_>,
    watch: &dyn Watch,
) -> Vec<PullOutcome> {
    let mut outcomes = Vec::new();
    // One year after another, so that two years with the same rows are noticed.
    for year in wanted.years_of(pull) {
        let pulled = of_year(session, source, pull, year, wanted, store, watch).await;
        outcomes.push(outcome(source, pull, year, pulled));
    }
    outcomes
}

async fn of_year(
    session: &Session<'_>,
    source: &Source,
    pull: &Pull,
    year: ReportYear,
    wanted: &Wanted,
    store: &Store<'_>,
    watch: &dyn Watch,
) -> Result<(bool, PullState), Failure> {
    let io = |error: std::io::Error| Failure::transient(format!("what is kept of the source: {error}"));
    store.tidy(&source.name, &pull.dataset, &pull.name, year).map_err(io)?;
    let before = store.pull(&source.name, &pull.name, year).map_err(io)?;
    let progress = |done: u64, of: Option<u64>| watch.progress(&source.name, &pull.name, year, done, of);
    let pulled = match pull.kind() {
        Some(Kind::Paged { paging }) => paged::pull(session, source, pull, paging, year, &progress).await?,
        Some(Kind::Job { create, poll, files }) => {
            let job = Job { source: &source.name, pull, create, poll, files, year, now: &wanted.now };
            job.run(session, &before, store, &progress).await?
        }
        Some(Kind::Listed { list, files }) => {
            listed::pull(session, pull, (list, files), year, &before, store, &progress).await?
        }
        None => return Err(Failure::definition("a pull of no kind")),
    };
    let Pulled { state, bytes, answers } = pulled;
    let same_year = other_year_with(source, pull, year, &state, store).map_err(io)?;
    if let Some(other) = same_year {
        return Err(Failure::harmful(format!(
            "asked for {year}, the platform gives exactly what it gave for {other}"
        )));
    }
    let is_changed = state.identity != before.identity
        || !store.is_delivered(&source.name, &pull.dataset, &pull.name, year, &before);
    let changed = if is_changed { wanted.now.clone() } else { before.changed.clone() };
    let mut state = PullState { proven: wanted.now.clone(), changed, ..state };
    if is_changed {
        for answer in &answers {
            state.answers.push((store.archive)(answer).map_err(io)?);
        }
        store.deliver((&source.name, &pull.dataset, &pull.name, year), &state, &bytes).map_err(io)?;
    } else {
        state.answers.clone_from(&before.answers);
        store.keep_state(&source.name, &pull.name, year, &state).map_err(io)?;
    }
    Ok((is_changed, state))
}

/// Another year of which the same rows or files were pulled: then the platform does not look at the year.
fn other_year_with(
    source: &Source,
    pull: &Pull,
    year: ReportYear,
    state: &PullState,
    store: &Store<'_>,
) -> std::io::Result<Option<ReportYear>> {
    if state.files.is_empty() {
        return Ok(None);
    }
    for other in [year - 1, year + 1] {
        if store.pull(&source.name, &pull.name, other)?.identity == state.identity {
            return Ok(Some(other));
        }
    }
    Ok(None)
}

fn outcome(
    source: &Source,
    pull: &Pull,
    year: ReportYear,
    pulled: Result<(bool, PullState), Failure>,
) -> PullOutcome {
    let (outcome, rows, files, message) = match pulled {
        Ok((true, state)) => (Outcome::Delivered, state.rows, state.files.len(), String::new()),
        Ok((false, state)) => (Outcome::Unchanged, state.rows, state.files.len(), String::new()),
        Err(failure) => (Outcome::Failed(failure.class), 0, 0, failure.message),
    };
    PullOutcome {
        source: source.name.clone(),
        pull: pull.name.clone(),
        dataset: pull.dataset.clone(),
        report_year: year,
        outcome,
        rows,
        files,
        message,
    }
}

/// The day of a time: its first ten characters.
fn day(now: &str) -> &str {
    now.get(..10).unwrap_or(now)
}
