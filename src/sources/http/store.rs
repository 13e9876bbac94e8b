//! What is kept of pulls between nights: what was delivered, how it was proven, jobs that were begun.
//!
//! A pull's files are written beside those before, then its state, which names them, and then all others are removed:
//! a process that dies leaves one of the two.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::circuit::OpenCircuit;
use crate::period::ReportYear;

/// The folders of pulls, and the archive of all bytes as received.
pub struct Store<'a> {
    /// The delivered files, in the layout of a drop folder: `2024/students/@source/pull/…`.
    pub files: PathBuf,
    pub state: PathBuf,
    /// Archives bytes, and gives their SHA-256.
    pub archive: &'a (dyn Fn(&[u8]) -> io::Result<String> + Sync),
    /// The archived bytes with a SHA-256.
    pub archived: &'a (dyn Fn(&str) -> Option<Vec<u8>> + Sync),
}

/// What is known of a pull of a year.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PullState {
    /// When it was last proven, and when it last changed.
    pub proven: String,
    pub changed: String,
    /// SHA-256 of its records or files.
    pub identity: String,
    pub rows: u64,
    pub files: Vec<KeptFile>,
    /// SHA-256 of the answers that it came from, in the archive.
    pub answers: Vec<String>,
    /// An export job that was begun, and is not done.
    pub job: Option<JobIntent>,
}

/// A delivered file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptFile {
    /// Its name in the folder of the pull.
    pub file: String,
    pub sha256: String,
    /// The name that the platform gives it.
    pub label: String,
    pub etag: String,
    pub last_modified: String,
}

/// A job, written down before it is begun.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobIntent {
    pub begun: String,
    /// `None` between the request and its answer.
    pub id: Option<String>,
}

/// What is known of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceState {
    pub circuit: Option<OpenCircuit>,
    /// The day of `requests`.
    pub day: String,
    pub requests: u32,
}

impl Store<'_> {
    fn state_file(&self, source: &str, pull: &str, year: ReportYear) -> PathBuf {
        self.state.join(source).join(format!("{pull}-{year}.json"))
    }

    fn folder(&self, source: &str, year: ReportYear, dataset: &str, pull: &str) -> PathBuf {
        self.files.join(year.to_string()).join(dataset).join(format!("@{source}")).join(pull)
    }

    /// What is known of a pull of a year; nothing where it was never done.
    ///
    /// # Errors
    /// When the file cannot be read or is not as it was written.
    pub fn pull(&self, source: &str, pull: &str, year: ReportYear) -> io::Result<PullState> {
        read(&self.state_file(source, pull, year))
    }

    /// # Errors
    /// As [`pull`](Self::pull).
    pub fn source(&self, source: &str) -> io::Result<SourceState> {
        read(&self.state.join(source).join("source.json"))
    }

    /// # Errors
    /// When it cannot be written.
    pub fn keep_source(&self, source: &str, state: &SourceState) -> io::Result<()> {
        write(&self.state.join(source).join("source.json"), &serde_json::to_vec_pretty(state)?)
    }

    /// Notes a job, with everything else as it is.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_state(
        &self,
        source: &str,
        pull: &str,
        year: ReportYear,
        state: &PullState,
    ) -> io::Result<()> {
        write(&self.state_file(source, pull, year), &serde_json::to_vec_pretty(state)?)
    }

    /// Delivers files in the place of those before.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn deliver(
        &self,
        (source, dataset, pull, year): (&str, &str, &str, ReportYear),
        state: &PullState,
        bytes: &BTreeMap<String, Vec<u8>>,
    ) -> io::Result<()> {
        let folder = self.folder(source, year, dataset, pull);
        for (name, bytes) in bytes {
            write(&folder.join(name), bytes)?;
        }
        self.keep_state(source, pull, year, state)?;
        remove_others(&folder, state)
    }

    /// Whether all files of a pull are in their place.
    #[must_use]
    pub fn is_delivered(
        &self,
        source: &str,
        dataset: &str,
        pull: &str,
        year: ReportYear,
        state: &PullState,
    ) -> bool {
        let folder = self.folder(source, year, dataset, pull);
        !state.identity.is_empty() && state.files.iter().all(|file| folder.join(&file.file).is_file())
    }

    /// Removes what a process that died left beside the delivered files of a pull.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn tidy(&self, source: &str, dataset: &str, pull: &str, year: ReportYear) -> io::Result<()> {
        remove_others(&self.folder(source, year, dataset, pull), &self.pull(source, pull, year)?)
    }
}

fn remove_others(folder: &Path, state: &PullState) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    let kept: BTreeSet<&str> = state.files.iter().map(|file| file.file.as_str()).collect();
    for entry in entries {
        let entry = entry?;
        if !kept.contains(entry.file_name().to_string_lossy().as_ref()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn read<T: Default + for<'de> Deserialize<'de>>(path: &Path) -> io::Result<T> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(T::default()),
        bytes => serde_json::from_slice(&bytes?)
            .map_err(|error| io::Error::other(format!("`{}`: {error}", path.display()))),
    }
}

/// Writes a file that only its owner reads, whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or_else(|| io::Error::other("no folder"))?;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let half = folder.join(format!(".{}.half", path.file_name().unwrap_or_default().to_string_lossy()));
    let mut file = File::options().create(true).write(true).truncate(true).mode(0o600).open(&half)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&half, path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(root: &Path) -> Store<'static> {
        Store {
            files: root.join("files"),
            state: root.join("state"),
            archive: &|_| Ok(String::new()),
            archived: &|_| None,
        }
    }

    fn state(file: &str) -> PullState {
        let files = vec![KeptFile { file: file.to_owned(), ..KeptFile::default() }];
        PullState { identity: file.to_owned(), files, ..PullState::default() }
    }

    #[test]
    fn a_delivery_takes_the_place_of_the_one_before() {
        let root = tempfile::tempdir().unwrap();
        let store = store(root.path());
        let place = ("a", "students", "students", 2024);
        for name in ["1.json", "2.json"] {
            let bytes = BTreeMap::from([(name.to_owned(), b"[]".to_vec())]);
            store.deliver(place, &state(name), &bytes).unwrap();
        }
        let folder = root.path().join("files/2024/students/@a/students");
        let names = || -> Vec<String> {
            fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
        };
        assert_eq!(names(), ["2.json"]);
        assert!(store.is_delivered("a", "students", "students", 2024, &state("2.json")));
        // A process that died before it wrote the state left a file that nobody knows.
        fs::write(folder.join("3.json"), "[]").unwrap();
        store.tidy("a", "students", "students", 2024).unwrap();
        assert_eq!(names(), ["2.json"]);
        assert_eq!(store.pull("a", "students", 2024).unwrap(), state("2.json"));
        assert_eq!(store.pull("a", "students", 2023).unwrap(), PullState::default());
    }
}
