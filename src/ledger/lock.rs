//! One writer at a time. The lock is the operating system's, so it ends with its holder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::decisions::origin::host;
use crate::warehouse::files::{self, Access};
use crate::warehouse::layout::DataRoot;

/// Listing the runs takes the lock for an instant, so a single refusal does not mean another run.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(50);

/// The right to write, held until dropped; the system takes it back when the process dies.
#[derive(Debug)]
pub struct Lock {
    file: File,
    /// The last holder did not give it back.
    left_behind: bool,
}

impl Lock {
    /// Whether the last holder died, or failed, before it had put everything in order.
    #[must_use]
    pub fn was_left_behind(&self) -> bool {
        self.left_behind
    }

    /// Gives it back with everything in order. A lock that is only dropped, as by a failed run,
    /// makes the next holder look for leftovers.
    ///
    /// # Errors
    /// When the file system fails.
    pub fn give_back(self) -> io::Result<()> {
        self.file.set_len(0)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("another run holds the lock: {holder}")]
    Held { holder: String },
    #[error("lock `{}`: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// Takes the lock, and writes into it this process and what it does.
///
/// # Errors
/// `Held` with the text that the holder wrote.
pub fn lock(data: &DataRoot, command: &str, since: &str) -> Result<Lock, LockError> {
    let path = data.lock();
    take(&path, command, since).map_err(|error| match error {
        LockFailure::Held(holder) => LockError::Held { holder },
        LockFailure::Io(source) => LockError::Io { path, source },
    })
}

enum LockFailure {
    Held(String),
    Io(io::Error),
}

impl From<io::Error> for LockFailure {
    fn from(error: io::Error) -> Self {
        LockFailure::Io(error)
    }
}

fn take(path: &Path, command: &str, since: &str) -> Result<Lock, LockFailure> {
    files::make_folder(path.parent().unwrap_or(path), Access::Open)?;
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o644).open(path)?;
    for attempt in 1.. {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if attempt < ATTEMPTS => std::thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder)?;
                return Err(LockFailure::Held(holder.trim().to_owned()));
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
    let mut before = String::new();
    file.read_to_string(&mut before)?;
    // Never empty in between, and on disk before anything else: the next holder learns of this one by it.
    let text = format!("{}\n", holder_text(std::process::id(), command, &host(), since));
    file.rewind()?;
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)?;
    file.sync_all()?;
    Ok(Lock { file, left_behind: !before.trim().is_empty() })
}

fn holder_text(process: u32, command: &str, host: &str, since: &str) -> String {
    format!("process {process} (nianbao {command}) on {host} since {since}")
}

/// Whether the process that began a run at `started` holds the lock now.
#[must_use]
pub fn is_held_by(data: &DataRoot, process: u32, started: &str) -> bool {
    let Ok(mut file) = File::open(data.lock()) else { return false };
    if file.try_lock_shared().is_ok() {
        return false;
    }
    let mut holder = String::new();
    file.read_to_string(&mut holder).is_ok()
        && holder.starts_with(&format!("process {process} "))
        && holder.trim_end().ends_with(&format!(" since {started}"))
}

/// The id of this start of the machine; empty where the system does not say.
#[must_use]
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}
