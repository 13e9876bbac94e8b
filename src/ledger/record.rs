//! The records of runs: each is written when its run begins and completed when it ends.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::lock;
use crate::decisions::origin::host;
use crate::delivery::RowCounts;
use crate::delivery::{DeliveryOutcome, RunOutcome};
use crate::period::ReportYear;
use crate::sources::http::pull::PullOutcome;
use crate::warehouse::files::{self, Access};
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::Summary;

/// Format of a run's record. Records of format 1 were written only when a run ended.
pub(super) const FORMAT: u32 = 2;

/// The record of one run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub format: u32,
    pub id: u32,
    #[serde(default)]
    pub command: String,
    /// The report years asked for; empty for all.
    #[serde(default)]
    pub years: Vec<ReportYear>,
    #[serde(default)]
    pub process: Option<Process>,
    /// What the schedule started it for; `None` for a run that a person started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled: Option<Scheduled>,
    #[serde(default)]
    pub program: String,
    /// Digest of the definitions.
    #[serde(default)]
    pub definitions: String,
    pub started: String,
    /// Empty for a run that has not ended.
    pub finished: String,
    pub outcome: RunOutcome,
    /// `None` for a run that has not ended.
    pub exit_code: Option<u8>,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<String>,
    /// The current release before the run; 0 for none.
    #[serde(default)]
    pub release_before: u32,
    /// The current release after the run; 0 for none.
    pub release: u32,
    pub stages: Vec<Stage>,
    /// The files that this run took in.
    #[serde(default)]
    pub files: Vec<DeliveredFile>,
    /// How the pulls of its sources ended.
    #[serde(default)]
    pub pulls: Vec<PullOutcome>,
    pub summary: Summary,
}

/// An entry of the schedule, and the time it was due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduled {
    pub entry: String,
    pub slot: Timestamp,
}

/// The process of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    pub id: u32,
    pub host: String,
    pub boot_id: String,
}

impl Process {
    /// This process.
    #[must_use]
    pub fn own() -> Self {
        Process { id: std::process::id(), host: host(), boot_id: lock::boot_id() }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    pub stage: String,
    pub milliseconds: u64,
    /// How much went in, where that is counted.
    #[serde(default)]
    pub taken: Option<Amount>,
    /// How much came out.
    #[serde(default)]
    pub given: Option<Amount>,
}

/// A number of files, rows or values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    pub count: usize,
    pub unit: String,
}

impl From<(usize, &str)> for Amount {
    fn from((count, unit): (usize, &str)) -> Self {
        Amount { count, unit: unit.to_owned() }
    }
}

/// A delivered file by its label, and where its rows went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveredFile {
    pub label: String,
    pub sha256: String,
    pub dataset: String,
    pub report_year: ReportYear,
    pub outcome: DeliveryOutcome,
    pub rows: RowCounts,
}

impl Run {
    /// The time at which it began, if the record has a valid one.
    #[must_use]
    pub fn began(&self) -> Option<Timestamp> {
        self.started.parse().ok()
    }

    /// How long it took; `None` for a run that did not end.
    #[must_use]
    pub fn duration(&self) -> Option<SignedDuration> {
        let finished: Timestamp = self.finished.parse().ok()?;
        Some(finished.duration_since(self.began()?))
    }
}

/// A record of the ledger, readable or not.
#[derive(Debug)]
pub struct Entry {
    pub id: u32,
    pub path: PathBuf,
    /// The record, or why it cannot be read.
    pub run: Result<Box<Run>, String>,
}

/// Writes the record of a run that begins, under the next free number. The lock must be held.
///
/// # Errors
/// When the file system fails.
pub fn begin(data: &DataRoot, begun: Run) -> io::Result<Run> {
    files::make_folder(&data.runs(), Access::Open)?;
    let id = numbers(data)?.last().copied().unwrap_or_default() + 1;
    let outcome = RunOutcome::Running;
    let run = Run { format: FORMAT, id, outcome, release: begun.release_before, ..begun };
    write(data, &run)?;
    Ok(run)
}

/// Completes the record of a run.
///
/// # Errors
/// When the file system fails.
pub fn end(data: &DataRoot, run: &Run) -> io::Result<()> {
    write(data, run)
}

fn write(data: &DataRoot, run: &Run) -> io::Result<()> {
    let mut json = serde_json::to_vec_pretty(run).map_err(io::Error::other)?;
    json.push(b'\n');
    files::write_whole(&path_of(data, run.id), &json, Access::Open)
}

fn path_of(data: &DataRoot, id: u32) -> PathBuf {
    data.runs().join(format!("{id:06}.json"))
}

/// Numbers of all records, including damaged ones: a number is never given twice.
pub(super) fn numbers(data: &DataRoot) -> io::Result<Vec<u32>> {
    let folder = data.runs();
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number: Option<u32> = name.to_str().and_then(|name| name.strip_suffix(".json")?.parse().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// All records, oldest first. A run whose process is gone without completing its record has died.
///
/// # Errors
/// When the folder cannot be listed; a record that cannot be read becomes an entry that says so.
pub fn entries(data: &DataRoot) -> io::Result<Vec<Entry>> {
    let entry = |id| {
        let path = path_of(data, id);
        let run = read(&path, id).map(|mut run| {
            if run.outcome == RunOutcome::Running && !is_alive(data, &run) {
                run.outcome = RunOutcome::Died;
            }
            Box::new(run)
        });
        Entry { id, path, run }
    };
    Ok(numbers(data)?.into_iter().map(entry).collect())
}

fn is_alive(data: &DataRoot, run: &Run) -> bool {
    let process = run.process.as_ref();
    process.is_some_and(|process| lock::is_held_by(data, process.id, &run.started))
}

pub(super) fn read(path: &Path, id: u32) -> Result<Run, String> {
    #[derive(Deserialize)]
    struct Versioned {
        format: u32,
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    let Versioned { format } = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    if format > FORMAT {
        return Err(newer(format));
    }
    let run: Run = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    if run.id == id { Ok(run) } else { Err(format!("it is of run {}", run.id)) }
}

/// The path and format of a record that a newer program wrote.
pub(super) fn newer_format(data: &DataRoot, id: u32) -> Option<(PathBuf, u32)> {
    let path = path_of(data, id);
    let value: serde_json::Value = serde_json::from_slice(&fs::read(&path).ok()?).ok()?;
    let found = u32::try_from(value.get("format")?.as_u64()?).ok()?;
    (found > FORMAT).then_some((path, found))
}

pub(super) fn newer(found: u32) -> String {
    format!("it is of format {found}; this program reads up to {FORMAT}")
}

/// Numbers of the runs that began more than `keep_days` before `now`; never the newest, and never
/// one of unknown age.
#[must_use]
pub fn outdated(entries: &[Entry], keep_days: u32, now: Timestamp) -> Vec<u32> {
    let limit = SignedDuration::from_hours(24 * i64::from(keep_days));
    let newest = entries.last().map(|entry| entry.id);
    let old = |entry: &&Entry| {
        let started = entry.run.as_ref().ok().and_then(|run| run.began());
        started.is_some_and(|started| now.duration_since(started) > limit) && newest != Some(entry.id)
    };
    entries.iter().filter(old).map(|entry| entry.id).collect()
}

/// Removes the record of a run. The lock must be held.
///
/// # Errors
/// When the file system fails.
pub fn remove(data: &DataRoot, id: u32) -> io::Result<()> {
    fs::remove_file(path_of(data, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: u32, started: &str) -> Entry {
        let run = Run { id, started: started.to_owned(), ..Run::default() };
        Entry { id, path: PathBuf::new(), run: Ok(Box::new(run)) }
    }

    #[test]
    fn old_records_are_outdated_and_the_newest_never() {
        let mut entries = vec![
            entry(1, "2024-01-01T00:00:00+08:00"),
            entry(2, "no time"),
            entry(3, "2024-06-01T00:00:00+08:00"),
        ];
        entries.insert(2, Entry { run: Err("damaged".to_owned()), ..entry(7, "") });
        let now = |text: &str| text.parse().unwrap();
        assert_eq!(outdated(&entries, 200, now("2024-07-19T00:00:00+08:00")), Vec::<u32>::new());
        assert_eq!(outdated(&entries, 200, now("2024-07-20T00:00:00+08:00")), [1]);
        assert_eq!(outdated(&entries, 200, now("2034-07-20T00:00:00+08:00")), [1]);
    }
}
