//! A test whether a file system supports what a run does: a clear refusal before any work, instead of
//! a late failure. It recognises shares without locks or access rights.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::files::{self, Access};
use super::layout::DataRoot;

#[derive(Debug, thiserror::Error)]
pub enum GroundError {
    #[error("`{}` cannot be used: {what}: {source}", path.display())]
    Fails { path: PathBuf, what: &'static str, source: io::Error },
    #[error("`{}` cannot be used: {what}", path.display())]
    Lies { path: PathBuf, what: &'static str },
}

/// Tries everything that runs rely on, in the warehouse and in a restricted folder.
///
/// # Errors
/// The first thing that does not work, by name.
pub fn test(data: &DataRoot) -> Result<(), GroundError> {
    let restricted = data.restricted();
    for (folder, access) in
        [(data.warehouse(), Access::Open), (restricted[restricted.len() - 1].clone(), Access::Restricted)]
    {
        let fails = |what| {
            let path = folder.clone();
            move |source| GroundError::Fails { path, what, source }
        };
        files::make_folder(&folder, access).map_err(fails("a folder cannot be made"))?;
        // Always the same name, so that a run clears the remains of one that died here.
        let trial = folder.join(".trial");
        let _ = fs::remove_dir_all(&trial);
        let outcome = try_all(&trial);
        let cleared = fs::remove_dir_all(&trial);
        outcome.map_err(|fault| fault.at(&folder))?;
        cleared.map_err(fails("a folder cannot be removed"))?;
    }
    Ok(())
}

/// Removes the remains of an interrupted test.
///
/// # Errors
/// File system errors.
pub fn clear(data: &DataRoot) -> io::Result<()> {
    let [.., last] = data.restricted();
    for trial in [data.warehouse(), last].map(|folder| folder.join(".trial")) {
        if trial.is_dir() {
            fs::remove_dir_all(trial)?;
        }
    }
    Ok(())
}

enum Fault {
    Fails(&'static str, io::Error),
    Lies(&'static str),
}

impl Fault {
    fn at(self, folder: &Path) -> GroundError {
        let path = folder.to_owned();
        match self {
            Fault::Fails(what, source) => GroundError::Fails { path, what, source },
            Fault::Lies(what) => GroundError::Lies { path, what },
        }
    }
}

fn fails(what: &'static str) -> impl FnOnce(io::Error) -> Fault {
    move |source| Fault::Fails(what, source)
}

fn try_all(trial: &Path) -> Result<(), Fault> {
    fs::create_dir(trial).map_err(fails("a folder cannot be made"))?;
    if fs::create_dir(trial).is_ok() {
        return Err(Fault::Lies("a folder can be made twice, so two runs could publish one release"));
    }
    let (file_path, link_path) = (trial.join("one"), trial.join("other"));
    let new = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file_path);
    let file = new().map_err(fails("a file cannot be made"))?;
    if new().is_ok() {
        return Err(Fault::Lies("a file that must be new can be made twice"));
    }
    let mode = fs::metadata(&file_path)
        .map_err(fails("a file's access rights cannot be read"))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return Err(Fault::Lies("it keeps no access rights, so others could read what is restricted"));
    }
    try_lock(&file, &file_path)?;
    fs::write(&file_path, "new").map_err(fails("a file cannot be written"))?;
    file.sync_all().map_err(fails("a file cannot be synced"))?;
    if fs::hard_link(&file_path, &link_path).is_err() {
        fs::copy(&file_path, &link_path).map_err(fails("a file can neither be linked nor copied"))?;
    }
    fs::write(trial.join("pointer"), "old").map_err(fails("a file cannot be written"))?;
    fs::rename(&file_path, trial.join("pointer")).map_err(fails("a file cannot be moved over another"))?;
    if fs::read(trial.join("pointer")).map_err(fails("a file cannot be read"))? != b"new" {
        return Err(Fault::Lies("a file that was moved over another is not found there"));
    }
    files::sync_folder(trial).map_err(fails("a folder cannot be synced, so a power cut could lose a release"))
}

fn try_lock(file: &File, path: &Path) -> Result<(), Fault> {
    let unlocked = |error| match error {
        TryLockError::WouldBlock => Fault::Lies("a new file is locked already"),
        TryLockError::Error(source) => {
            Fault::Fails("a file cannot be locked, so two runs could write at once", source)
        }
    };
    file.try_lock().map_err(unlocked)?;
    let second = File::open(path).map_err(fails("a file cannot be read"))?;
    match second.try_lock() {
        Err(TryLockError::WouldBlock) => Ok(()),
        _ => Err(Fault::Lies("a locked file can be locked again, so two runs could write at once")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_work_is_named() {
        let folder = tempfile::tempdir().unwrap();
        test(&DataRoot::new(folder.path())).unwrap();
        fs::remove_dir_all(folder.path().join("warehouse")).unwrap();
        fs::write(folder.path().join("warehouse"), "no folder").unwrap();
        let error = test(&DataRoot::new(folder.path())).unwrap_err().to_string();
        assert!(error.contains("warehouse` cannot be used: a folder cannot be made"), "{error}");
        // No user can create files in the kernel's file system.
        let error = test(&DataRoot::new(Path::new("/proc"))).unwrap_err().to_string();
        assert!(error.contains("a folder cannot be made"), "{error}");
    }
}
