//! The folder of an output: what mirror wrote is replaced, what it did not write is nobody's to remove.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::truth::records::{Truth, WrittenFile};

/// Says of every file that it was written, before it is; in the end also what is true of it.
const TRUTH_FILE: &str = "truth.jsonl";
/// The truth in the making.
const UNFINISHED: &str = "truth.jsonl.tmp";
/// Files of somebody else that a refusal names.
const NAMED: usize = 5;

/// A folder that is written to.
pub struct Folder {
    path: PathBuf,
    /// What lies there and is not ours, below the folder.
    kept: Vec<PathBuf>,
    journal: Mutex<Journal>,
}

struct Journal {
    file: File,
    written: Vec<WrittenFile>,
}

impl Folder {
    /// Empties a previous output. Anything else in the folder is somebody's work: it is refused, or left as
    /// it is.
    pub fn cleared(path: &Path, force: bool) -> Result<Folder, Box<dyn Error>> {
        fs::create_dir_all(path)?;
        let known = written(path)?;
        let (mut ours, mut kept) = (Vec::new(), Vec::new());
        for file in files(path, Path::new(""))? {
            let is_truth = [TRUTH_FILE, UNFINISHED].iter().any(|name| file == Path::new(name));
            let is_ours = is_truth && holds_only_truths(&path.join(&file))?
                || known
                    .get(&*file.to_string_lossy())
                    .is_some_and(|sha256| has_bytes(&path.join(&file), sha256));
            if is_ours { ours.push(file) } else { kept.push(file) }
        }
        // Where the truth is to be written nothing can be left as it is.
        if let Some(truth) =
            kept.iter().find(|file| [TRUTH_FILE, UNFINISHED].iter().any(|name| **file == Path::new(name)))
        {
            return Err(format!("{} is not mirror's: move it away", path.join(truth).display()).into());
        }
        if !kept.is_empty() && !force {
            let named: Vec<String> = kept.iter().take(NAMED).map(|file| file.display().to_string()).collect();
            let more = if kept.len() > NAMED { ", …" } else { "" };
            return Err(format!(
                "{} has {} files that mirror did not write: {}{more}\nhint: --force writes beside them, and leaves them as they are",
                path.display(),
                kept.len(),
                named.join(", ")
            )
            .into());
        }
        for file in &ours {
            fs::remove_file(path.join(file))?;
            // Folders that are empty now; others stay.
            for above in file.ancestors().skip(1).filter(|above| above.parent().is_some()) {
                if fs::remove_dir(path.join(above)).is_err() {
                    break;
                }
            }
        }
        let file = File::create(path.join(TRUTH_FILE))?;
        let journal = Mutex::new(Journal { file, written: Vec::new() });
        Ok(Folder { path: path.to_owned(), kept, journal })
    }

    /// Writes a file, unless somebody else's lies there. A run cut short leaves a list of what it wrote.
    pub fn write(&self, file: String, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
        let path = self.path.join(&file);
        if self.kept.iter().any(|kept| *kept == Path::new(&file)) {
            return Ok(());
        }
        let written = WrittenFile { path: file, sha256: hex(bytes) };
        let line = serde_json::to_string(&Truth::Written(written.clone()))?;
        {
            let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
            writeln!(journal.file, "{line}")?;
            journal.written.push(written);
        }
        if let Some(above) = path.parent() {
            fs::create_dir_all(above)?;
        }
        fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(())
    }

    /// Writes the truth of it all; returns the paths that are somebody else's.
    pub fn finish(self, truths: Vec<Truth>) -> Result<Vec<PathBuf>, Box<dyn Error>> {
        let mut written = self.journal.into_inner().unwrap_or_else(PoisonError::into_inner).written;
        written.sort_by(|a, b| a.path.cmp(&b.path));
        let mut text = String::new();
        for truth in written.into_iter().map(Truth::Written).chain(truths) {
            text.push_str(&serde_json::to_string(&truth)?);
            text.push('\n');
        }
        fs::write(self.path.join(UNFINISHED), text)?;
        fs::rename(self.path.join(UNFINISHED), self.path.join(TRUTH_FILE))?;
        Ok(self.kept)
    }
}

/// What an earlier output says it wrote, with SHA-256.
fn written(folder: &Path) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
    let text = match fs::read_to_string(folder.join(TRUTH_FILE)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error.into()),
    };
    // A line that was cut off is of a file that was not written.
    let lines = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let written = lines.filter(|line| line["kind"] == "written");
    let pair = |line: serde_json::Value| {
        Some((line["path"].as_str()?.to_owned(), line["sha256"].as_str()?.to_owned()))
    };
    Ok(written.filter_map(pair).collect())
}

/// Whether every line of a file is one that mirror writes; the last may be cut off.
fn holds_only_truths(path: &Path) -> io::Result<bool> {
    let text = String::from_utf8_lossy(&fs::read(path)?).into_owned();
    let is_truth = |line: &str| {
        let line: Result<serde_json::Value, _> = serde_json::from_str(line);
        line.is_ok_and(|line| {
            ["written", "value", "planted", "file"].iter().any(|kind| line["kind"] == *kind)
        })
    };
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    Ok(whole.lines().all(is_truth)
        && (text.is_empty() || whole.lines().next().is_some() || text.starts_with("{\"kind\"")))
}

/// Everything below a folder that is no folder.
fn files(folder: &Path, below: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder.join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        if entry.file_type()?.is_dir() { found.extend(files(folder, &path)?) } else { found.push(path) }
    }
    found.sort();
    Ok(found)
}

/// Whether a file has these bytes; a link has none of its own.
fn has_bytes(path: &Path, sha256: &str) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_file())
        && fs::read(path).is_ok_and(|bytes| hex(&bytes) == sha256)
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(folder: &Path) -> Vec<(String, String)> {
        let read = |path: PathBuf| {
            (path.to_string_lossy().into_owned(), fs::read_to_string(folder.join(&path)).unwrap())
        };
        let mut contents: Vec<_> = files(folder, Path::new("")).unwrap().into_iter().map(read).collect();
        contents.retain(|(name, _)| name != TRUTH_FILE);
        contents
    }

    fn pair(name: &str, text: &str) -> (String, String) {
        (name.to_owned(), text.to_owned())
    }

    fn refusal(folder: &Path) -> String {
        Folder::cleared(folder, false).err().unwrap().to_string()
    }

    #[test]
    fn an_earlier_output_is_replaced_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let first = Folder::cleared(path, false).unwrap();
        first.write("2024/a.csv".to_owned(), b"a").unwrap();
        first.write("2023/b.csv".to_owned(), b"b").unwrap();
        assert!(first.finish(Vec::new()).unwrap().is_empty());
        // Cut short: it is not finished.
        let second = Folder::cleared(path, false).unwrap();
        assert!(!path.join("2023").exists());
        second.write("2024/a.csv".to_owned(), b"a2").unwrap();
        drop(second);
        // Replaced by hand, and something of somebody else.
        fs::write(path.join("2024/a.csv"), "mine").unwrap();
        fs::write(path.join("2024/notes.txt"), "mine too").unwrap();
        let message = refusal(path);
        assert!(
            message.contains("2 files that mirror did not write: 2024/a.csv, 2024/notes.txt"),
            "{message}"
        );
        let forced = Folder::cleared(path, true).unwrap();
        forced.write("2024/a.csv".to_owned(), b"a3").unwrap();
        forced.write("2024/c.csv".to_owned(), b"c3").unwrap();
        let kept = forced.finish(Vec::new()).unwrap();
        assert_eq!(kept, [Path::new("2024/a.csv"), Path::new("2024/notes.txt")]);
        let all = [pair("2024/a.csv", "mine"), pair("2024/c.csv", "c3"), pair("2024/notes.txt", "mine too")];
        assert_eq!(contents(path), all);
    }

    #[test]
    fn a_folder_of_somebody_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        assert!(refusal(folder.path()).contains("notes.txt"));
        fs::write(folder.path().join(TRUTH_FILE), "user\n").unwrap();
        assert!(Folder::cleared(folder.path(), true).is_err());
        assert_eq!(fs::read_to_string(folder.path().join(TRUTH_FILE)).unwrap(), "user\n");
        // A truth that names nothing vouches for nothing.
        fs::write(folder.path().join(TRUTH_FILE), "").unwrap();
        assert!(refusal(folder.path()).contains("notes.txt"));
        assert_eq!(contents(folder.path()), [pair("notes.txt", "mine")]);
    }
}
