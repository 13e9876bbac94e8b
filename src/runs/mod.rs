//! The ledger: one writer at a time, what each run did, and which files were seen.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;

use serde::{Deserialize, Serialize};

use crate::sources::drop_folder::Dropped;
use crate::warehouse::files::{self, Access};
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::Summary;

/// Format of a run's record.
const FORMAT: u32 = 1;

/// The right to write, held until dropped; the system takes it back when the process dies.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held for its lock")] File);

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("another run holds the lock: {holder}")]
    Held { holder: String },
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Takes the lock, and names this process in it.
///
/// # Errors
/// `Held` with what the holder wrote of itself.
pub fn lock(data: &DataRoot, since: &str) -> Result<Lock, LockError> {
    let path = data.lock();
    files::make_folder(path.parent().unwrap_or(data.path()), Access::Open)?;
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o644).open(&path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            file.read_to_string(&mut holder)?;
            return Err(LockError::Held { holder: holder.trim().to_owned() });
        }
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "process {} since {since}", std::process::id())?;
    Ok(Lock(file))
}

/// What one run did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub format: u32,
    pub id: u32,
    pub started: String,
    pub finished: String,
    pub outcome: String,
    pub exit_code: u8,
    /// The release that stands after the run; 0 for none.
    pub release: u32,
    pub stages: Vec<Stage>,
    pub summary: Summary,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    pub stage: String,
    pub milliseconds: u64,
}

/// Writes a run's record under the next free number, and returns it.
///
/// # Errors
/// Of the file system.
pub fn record(data: &DataRoot, mut run: Run) -> io::Result<u32> {
    let folder = data.runs();
    files::make_folder(&folder, Access::Open)?;
    let known = fs::read_dir(&folder)?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".json")?.parse::<u32>().ok());
    run.id = known.max().unwrap_or_default() + 1;
    run.format = FORMAT;
    let json = serde_json::to_vec_pretty(&run).map_err(io::Error::other)?;
    files::write_whole(&folder.join(format!("{:06}.json", run.id)), &json, Access::Open)?;
    Ok(run.id)
}

/// Hashes of files by path, size and time of change, so that an unchanged file is not read again.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Seen(BTreeMap<String, SeenFile>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SeenFile {
    bytes: u64,
    modified_ns: u128,
    sha256: String,
}

impl Seen {
    /// What is remembered; nothing when there is no memory, which only costs time.
    #[must_use]
    pub fn load(data: &DataRoot) -> Self {
        let bytes = fs::read(data.seen()).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// # Errors
    /// Of the file system.
    pub fn save(&self, data: &DataRoot) -> io::Result<()> {
        let json = serde_json::to_vec(self).map_err(io::Error::other)?;
        files::write_whole(&data.seen(), &json, Access::Restricted)
    }

    /// The hash of a file that has not changed since it was seen.
    #[must_use]
    pub fn sha256(&self, file: &Dropped) -> Option<&str> {
        let seen = self.0.get(&file.label)?;
        let same = seen.bytes == file.bytes && seen.modified_ns == file.modified_ns;
        same.then_some(seen.sha256.as_str())
    }

    pub fn remember(&mut self, file: &Dropped, sha256: &str) {
        let seen = SeenFile { bytes: file.bytes, modified_ns: file.modified_ns, sha256: sha256.to_owned() };
        self.0.insert(file.label.clone(), seen);
    }
}

/// All runs of the ledger, oldest first.
///
/// # Errors
/// Of the file system, or when a record does not parse or is of a newer format.
pub fn all(data: &DataRoot) -> io::Result<Vec<Run>> {
    let folder = data.runs();
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut runs = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let run: Run = serde_json::from_slice(&fs::read(&path)?).map_err(io::Error::other)?;
        if run.format > FORMAT {
            return Err(io::Error::other(format!("`{}` is of a newer format", path.display())));
        }
        runs.push(run);
    }
    runs.sort_by_key(|run| run.id);
    Ok(runs)
}
