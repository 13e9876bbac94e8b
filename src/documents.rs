//! Documents that people open, fill in and save, and when the program may replace them.
//!
//! A document may be replaced or removed while it is, byte for byte, as it was written. One that was filled
//! in and read back is moved to a folder next to it, as it may contain more than what was read. Anything else
//! in its place is a person's work: it stays, and the new document is written next to it, under a name that
//! says so. The same holds while a program has the document open.
//!
//! The hash of a document is noted before the document takes its place, so that it is known as the
//! program's own even when its writer died.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::warehouse::files::{self, Access};
use crate::warehouse::layout::DataRoot;

/// The purpose of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// Only read by people.
    Report,
    /// Differences between bases, with room for notes.
    Differences,
    /// A school's rows to correct.
    Corrections,
    /// Findings, with room for answers.
    Findings,
}

impl DocumentKind {
    /// The command that reads the filled-in document.
    #[must_use]
    pub fn read_by(self) -> Option<&'static str> {
        match self {
            DocumentKind::Report => None,
            DocumentKind::Differences | DocumentKind::Findings => Some("nianbao override read"),
            DocumentKind::Corrections => Some("nianbao quarantine release"),
        }
    }
}

/// A document that is written, but not yet in its place.
#[derive(Debug)]
pub struct Draft {
    /// Where it belongs.
    path: PathBuf,
    temporary: PathBuf,
    sha256: String,
    kind: DocumentKind,
}

/// Writes a document next to its place.
///
/// # Errors
/// File system errors.
pub fn draft(path: PathBuf, bytes: &[u8], kind: DocumentKind, access: Access) -> io::Result<Draft> {
    let temporary = files::write_temporary(&path, bytes, access, false)?;
    Ok(Draft { sha256: files::sha256(bytes), path, temporary, kind })
}

/// A document in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedDocument {
    /// Where it belongs.
    pub path: PathBuf,
    /// Where it is: elsewhere when a person's work is where it belongs.
    pub lies_at: PathBuf,
}

/// The state in which a document is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentState {
    AsWritten,
    /// A person changed it, and it was not read back.
    FilledIn,
    /// A person changed it, and it was read back.
    ReadBack,
    /// A program has it open.
    Open,
}

/// A document of the register as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FoundDocument {
    pub path: PathBuf,
    pub kind: DocumentKind,
    pub state: DocumentState,
    /// The newer version that was written next to it.
    pub newer: Option<PathBuf>,
    /// The document whose newer version this is, and which waits.
    pub stands_in_for: Option<PathBuf>,
}

impl FoundDocument {
    /// Whether it holds a person's work that was not read back.
    #[must_use]
    pub fn waits(&self) -> bool {
        matches!(self.state, DocumentState::FilledIn | DocumentState::Open)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // The file is gone when the draft took its place; otherwise it is not a document.
        let _ = fs::remove_file(&self.temporary);
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    kind: DocumentKind,
    /// SHA-256 of what the program wrote there; two while one document replaces another.
    made: Vec<String>,
    /// The file's metadata when it was written, so that an unchanged file is not read again.
    #[serde(default)]
    stamp: Option<Stamp>,
    /// The path of the document next to which it was written.
    #[serde(default)]
    stands_in_for: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    bytes: u64,
    /// Seconds and nanoseconds of the last change, by the file system's clock.
    changed: (i64, i64),
    inode: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Stamp {
            bytes: metadata.len(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
        }
    }
}

/// 1 had no workbook of findings.
const FORMAT: u32 = 2;

#[derive(Deserialize)]
struct Versioned {
    format: u32,
}

/// The content of `ledger/documents.json`. Paths below the data root are relative to it.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    format: u32,
    documents: BTreeMap<String, Entry>,
    /// SHA-256 of filled-in documents that were read back.
    read: BTreeSet<String>,
}

/// Every document that was written, by its path. Its writer must hold the lock.
#[derive(Debug)]
pub struct Register {
    data: DataRoot,
    root: PathBuf,
    documents: BTreeMap<String, Entry>,
    read: BTreeSet<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    #[error("`{}`: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("`{}` is damaged: {message}", path.display())]
    Damaged { path: PathBuf, message: String },
    #[error("`{}`: it is of format {format}; this program reads up to {FORMAT}", path.display())]
    Newer { path: PathBuf, format: u32 },
    #[error("`{}` and every name beside it hold a person's work: move one of them away", .0.display())]
    NoPlace(PathBuf),
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> DocumentError + '_ {
    move |source| DocumentError::Io { path: path.to_owned(), source }
}

/// The most documents next to one that was not read back; no one fills in so many copies.
const NEWER_VERSIONS_MAX: usize = 50;

/// The folder for documents that were read back and replaced.
const READ_BACK: &str = "已读回";

impl Register {
    /// Reads the register. A file that is in a document's place and not in the register, as after a program
    /// that kept none, is treated as a person's work.
    ///
    /// # Errors
    /// File system errors, or when the register does not read.
    pub fn load(data: &DataRoot) -> Result<Register, DocumentError> {
        let root = std::path::absolute(data.path()).map_err(at(data.path()))?;
        let register =
            Register { data: data.clone(), root, documents: BTreeMap::new(), read: BTreeSet::new() };
        let path = data.documents();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(register),
            Err(source) => return Err(DocumentError::Io { path, source }),
        };
        let damaged = |error: serde_json::Error| DocumentError::Damaged {
            path: data.documents(),
            message: error.to_string(),
        };
        let Versioned { format } = serde_json::from_slice(&bytes).map_err(damaged)?;
        if format > FORMAT {
            return Err(DocumentError::Newer { path, format });
        }
        let Stored { documents, read, .. } = serde_json::from_slice(&bytes).map_err(damaged)?;
        Ok(Register { documents, read, ..register })
    }

    fn key(&self, path: &Path) -> String {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        path.strip_prefix(&self.root).unwrap_or(&path).to_string_lossy().into_owned()
    }

    fn path(&self, key: &str) -> PathBuf {
        // As people gave the data root; an absolute key stays as it is.
        self.data.path().join(key)
    }

    fn save(&self, durable: bool) -> Result<(), DocumentError> {
        let path = self.data.documents();
        let stored = Stored { format: FORMAT, documents: self.documents.clone(), read: self.read.clone() };
        let mut json = serde_json::to_vec_pretty(&stored).map_err(io::Error::other).map_err(at(&path))?;
        json.push(b'\n');
        let write = if durable { files::write_whole } else { files::write_derived };
        write(&path, &json, Access::Open).map_err(at(&path))
    }

    /// The state of a document; `None` where there is none.
    fn state(&self, path: &Path) -> Result<Option<DocumentState>, DocumentError> {
        let metadata = match fs::symlink_metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(at(path)(error)),
        };
        if is_open(path) {
            return Ok(Some(DocumentState::Open));
        }
        // Anything but a file under a document's name was put there by a person.
        if !metadata.is_file() {
            return Ok(Some(DocumentState::FilledIn));
        }
        let entry = self.documents.get(&self.key(path));
        if entry.is_some_and(|entry| entry.stamp == Some(Stamp::of(&metadata))) {
            return Ok(Some(DocumentState::AsWritten));
        }
        let sha256 = files::sha256_of_file(path).map_err(at(path))?;
        let state = if entry.is_some_and(|entry| entry.made.contains(&sha256)) {
            DocumentState::AsWritten
        } else if self.read.contains(&sha256) {
            DocumentState::ReadBack
        } else {
            DocumentState::FilledIn
        };
        Ok(Some(state))
    }

    /// The kind and state of a document of the register; `None` for any other file.
    ///
    /// # Errors
    /// File system errors.
    pub fn state_of(&self, path: &Path) -> Result<Option<(DocumentKind, DocumentState)>, DocumentError> {
        let Some(entry) = self.documents.get(&self.key(path)) else { return Ok(None) };
        Ok(self.state(path)?.map(|state| (entry.kind, state)))
    }

    fn may_replace(&self, path: &Path) -> Result<bool, DocumentError> {
        Ok(matches!(self.state(path)?, None | Some(DocumentState::AsWritten | DocumentState::ReadBack)))
    }

    /// Puts documents where they belong, or next to a person's work that is there, and makes them durable.
    ///
    /// # Errors
    /// File system errors. Documents placed before the error are known as the program's own.
    pub fn place(&mut self, drafts: &[Draft]) -> Result<Vec<PlacedDocument>, DocumentError> {
        let mut placed = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let lies_at = self.free_place(&draft.path)?;
            self.intend(draft, &lies_at)?;
            placed.push(PlacedDocument { path: draft.path.clone(), lies_at });
        }
        self.save(true)?;
        for (draft, placed) in drafts.iter().zip(&mut placed) {
            // A person may have saved it since it was looked at.
            while !self.take_place(draft, &placed.lies_at)? {
                placed.lies_at = self.free_place(&draft.path)?;
                self.intend(draft, &placed.lies_at)?;
                self.save(true)?;
            }
            self.remove_stale(placed)?;
        }
        let written: Vec<PathBuf> = placed.iter().map(|placed| placed.lies_at.clone()).collect();
        files::make_durable(&written).map_err(at(self.data.path()))?;
        for (draft, placed) in drafts.iter().zip(&placed) {
            let stamp = fs::metadata(&placed.lies_at).map_err(at(&placed.lies_at))?;
            if let Some(entry) = self.documents.get_mut(&self.key(&placed.lies_at)) {
                (entry.made, entry.stamp) = (vec![draft.sha256.clone()], Some(Stamp::of(&stamp)));
            }
        }
        // If this is lost, every document is hashed the next time, and recognised all the same.
        self.save(false)?;
        Ok(placed)
    }

    /// The path to write a document to: where it belongs, or next to what must not be replaced there.
    fn free_place(&self, path: &Path) -> Result<PathBuf, DocumentError> {
        let names = std::iter::once(path.to_owned())
            .chain((1..=NEWER_VERSIONS_MAX).map(|at| newer_version(path, at)));
        for name in names {
            if self.may_replace(&name)? {
                return Ok(name);
            }
        }
        Err(DocumentError::NoPlace(path.to_owned()))
    }

    /// Moves a draft to its place, unless what is there must not be replaced. The two swap names in one step,
    /// so that whatever was there can be examined and put back.
    fn take_place(&self, draft: &Draft, lies_at: &Path) -> Result<bool, DocumentError> {
        match self.state(lies_at)? {
            None => return renamed_to_free_name(&draft.temporary, lies_at),
            Some(DocumentState::FilledIn | DocumentState::Open) => return Ok(false),
            Some(DocumentState::ReadBack) => {
                keep_aside(lies_at)?;
                return renamed_to_free_name(&draft.temporary, lies_at);
            }
            Some(DocumentState::AsWritten) => {}
        }
        let exchange = |a: &Path, b: &Path| renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE);
        match exchange(&draft.temporary, lies_at) {
            Ok(()) => {}
            // The file system cannot swap: replace what was examined an instant ago.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                fs::rename(&draft.temporary, lies_at).map_err(at(lies_at))?;
                return Ok(true);
            }
            Err(Errno::NOENT) => return renamed_to_free_name(&draft.temporary, lies_at),
            Err(error) => return Err(at(lies_at)(error.into())),
        }
        let replaced = files::sha256_of_file(&draft.temporary).map_err(at(&draft.temporary))?;
        let entry = self.documents.get(&self.key(lies_at));
        if entry.is_some_and(|entry| entry.made.contains(&replaced)) {
            fs::remove_file(&draft.temporary).map_err(at(&draft.temporary))?;
            return Ok(true);
        }
        exchange(&draft.temporary, lies_at).map_err(|error| at(lies_at)(error.into()))?;
        Ok(false)
    }

    /// Removes documents that were written next to one that is in its place again.
    fn remove_stale(&mut self, placed: &PlacedDocument) -> Result<(), DocumentError> {
        let belongs_at = self.key(&placed.path);
        let lies_at = self.key(&placed.lies_at);
        let stale = self
            .documents
            .iter()
            .filter(|(key, entry)| entry.stands_in_for.as_ref() == Some(&belongs_at) && **key != lies_at);
        let stale: Vec<PathBuf> = stale.map(|(key, _)| self.path(key)).collect();
        for path in stale {
            match self.state(&path)? {
                Some(DocumentState::AsWritten) => self.remove(&path)?,
                None => drop(self.documents.remove(&self.key(&path))),
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Notes that a document is about to take its place.
    fn intend(&mut self, draft: &Draft, lies_at: &Path) -> Result<(), DocumentError> {
        let mut made = vec![draft.sha256.clone()];
        if self.state(lies_at)? == Some(DocumentState::AsWritten) {
            made.push(files::sha256_of_file(lies_at).map_err(at(lies_at))?);
        }
        let belongs_at = self.key(&draft.path);
        let key = self.key(lies_at);
        let stands_in_for = (key != belongs_at).then(|| belongs_at.clone());
        if stands_in_for.is_some() {
            // Whatever is there is in the register from now on, as something that waits.
            let entry = Entry { kind: draft.kind, made: Vec::new(), stamp: None, stands_in_for: None };
            self.documents.entry(belongs_at).or_insert(entry);
        }
        self.documents.insert(key, Entry { kind: draft.kind, made, stamp: None, stands_in_for });
        Ok(())
    }

    /// Removes documents of a folder that are no longer made, as they would be mistaken for new ones. A
    /// person's work stays.
    ///
    /// # Errors
    /// File system errors.
    pub fn forget_others(&mut self, folder: &Path, made: &[PlacedDocument]) -> Result<(), DocumentError> {
        let folder = self.key(folder);
        let made: BTreeSet<String> = made.iter().map(|placed| self.key(&placed.path)).collect();
        let is_old = |(key, entry): &(&String, &Entry)| {
            let belongs_at = entry.stands_in_for.as_ref().unwrap_or(key);
            Path::new(key).parent() == Some(Path::new(&folder)) && !made.contains(belongs_at)
        };
        let old: Vec<String> = self.documents.iter().filter(is_old).map(|(key, _)| key.clone()).collect();
        for key in &old {
            let path = self.path(key);
            match self.state(&path)? {
                None => {
                    self.documents.remove(key);
                }
                Some(DocumentState::AsWritten) => self.remove(&path)?,
                Some(DocumentState::ReadBack) => {
                    keep_aside(&path)?;
                    self.documents.remove(key);
                }
                Some(DocumentState::FilledIn | DocumentState::Open) => {}
            }
        }
        if old.is_empty() { Ok(()) } else { self.save(true) }
    }

    fn remove(&mut self, path: &Path) -> Result<(), DocumentError> {
        fs::remove_file(path).map_err(at(path))?;
        self.documents.remove(&self.key(path));
        Ok(())
    }

    /// Notes that the document with this SHA-256 was read back: while unchanged, it may be replaced.
    ///
    /// # Errors
    /// File system errors.
    pub fn read_back(&mut self, sha256: String) -> Result<(), DocumentError> {
        self.read.insert(sha256);
        self.save(true)
    }

    /// Every document of the register that exists, by path.
    ///
    /// # Errors
    /// File system errors.
    pub fn all(&self) -> Result<Vec<FoundDocument>, DocumentError> {
        let mut found = Vec::new();
        for (key, entry) in &self.documents {
            let path = self.path(key);
            let Some(state) = self.state(&path)? else { continue };
            let newer = self.documents.iter().find(|(newer, other)| {
                other.stands_in_for.as_ref() == Some(key) && self.path(newer).exists()
            });
            found.push(FoundDocument {
                path,
                kind: entry.kind,
                state,
                newer: newer.map(|(newer, _)| self.path(newer)),
                stands_in_for: entry.stands_in_for.as_ref().map(|key| self.path(key)),
            });
        }
        Ok(found)
    }

    /// Whether a document below a folder is next to its place, and could take it now.
    ///
    /// # Errors
    /// File system errors.
    pub fn is_behind(&self, folder: &Path) -> Result<bool, DocumentError> {
        for (key, entry) in &self.documents {
            let Some(belongs_at) = &entry.stands_in_for else { continue };
            let (path, belongs_at) = (self.path(key), self.path(belongs_at));
            if path.starts_with(folder) && path.exists() && self.may_replace(&belongs_at)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Moves a document that was read back to a folder next to it.
fn keep_aside(path: &Path) -> Result<(), DocumentError> {
    let folder = path.with_file_name(READ_BACK);
    let mode = fs::metadata(path.parent().unwrap_or(Path::new("."))).map(|found| found.mode() & 0o777);
    if let Err(error) = fs::DirBuilder::new().mode(mode.unwrap_or(0o700)).create(&folder)
        && error.kind() != io::ErrorKind::AlreadyExists
    {
        return Err(at(&folder)(error));
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    for number in 1.. {
        let number = if number == 1 { String::new() } else { format!("（{number}）") };
        if renamed_to_free_name(path, &folder.join(format!("{stem}{number}.{extension}")))? {
            break;
        }
    }
    files::sync_folder(&folder).map_err(at(&folder))
}

/// Moves a file to a free name; false where the name is taken.
fn renamed_to_free_name(from: &Path, to: &Path) -> Result<bool, DocumentError> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(true),
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) if fs::symlink_metadata(to).is_err() => {
            fs::rename(from, to).map_err(at(to))?;
            Ok(true)
        }
        Err(Errno::EXIST | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(false),
        Err(error) => Err(at(to)(error.into())),
    }
}

/// The name of a new document next to one that must not be replaced.
fn newer_version(path: &Path, number: usize) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    let number = if number == 1 { String::new() } else { number.to_string() };
    path.with_file_name(format!("{stem}（新版{number}，原件已填写或正打开）.{extension}"))
}

/// Whether a spreadsheet program has a document open, by the lock file that it puts next to it.
fn is_open(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let without_two: String = name.chars().skip(2).collect();
    // Excel, Word and WPS; WPS on Linux; LibreOffice.
    let locks =
        [format!("~${name}"), format!("~${without_two}"), format!(".~{name}"), format!(".~lock.{name}#")];
    locks.iter().any(|lock| fs::symlink_metadata(path.with_file_name(lock)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Desk {
        folder: tempfile::TempDir,
    }

    impl Desk {
        fn new() -> Self {
            let desk = Desk { folder: tempfile::tempdir().unwrap() };
            fs::create_dir_all(desk.path("ledger")).unwrap();
            desk
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn register(&self) -> Register {
            Register::load(&DataRoot::new(self.folder.path())).unwrap()
        }

        /// Writes a document and returns the name that it got.
        fn write(&self, text: &str) -> String {
            let draft =
                draft(self.path("reports/a.xlsx"), text.as_bytes(), DocumentKind::Differences, Access::Open)
                    .unwrap();
            let placed = self.register().place(&[draft]).unwrap();
            placed[0].lies_at.file_name().unwrap().to_string_lossy().into_owned()
        }

        fn fill_in(&self, name: &str, text: &str) {
            fs::write(self.path("reports").join(name), text).unwrap();
        }

        /// Names and contents of all documents.
        fn contents(&self) -> Vec<(String, String)> {
            let read = |path: PathBuf| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, fs::read_to_string(path).unwrap())
            };
            let entries = fs::read_dir(self.path("reports")).unwrap().map(|entry| entry.unwrap().path());
            let mut contents: Vec<_> = entries
                .filter(|path| path.is_file() && path.extension().is_some_and(|e| e == "xlsx"))
                .map(read)
                .collect();
            contents.sort();
            contents
        }

        fn waiting(&self) -> Vec<String> {
            let found = self.register().all().unwrap();
            let name = |found: FoundDocument| found.path.file_name().unwrap().to_string_lossy().into_owned();
            found.into_iter().filter(FoundDocument::waits).map(name).collect()
        }
    }

    const NEW: &str = "a（新版，原件已填写或正打开）.xlsx";
    const NEW_2: &str = "a（新版2，原件已填写或正打开）.xlsx";

    fn pair(name: &str, text: &str) -> (String, String) {
        (name.to_owned(), text.to_owned())
    }

    #[test]
    fn a_document_is_replaced_while_it_is_as_written() {
        let desk = Desk::new();
        assert_eq!([desk.write("one"), desk.write("two")], ["a.xlsx", "a.xlsx"]);
        assert_eq!((desk.contents(), desk.waiting()), (vec![pair("a.xlsx", "two")], vec![]));
    }

    #[test]
    fn what_was_filled_in_stays_until_it_is_read_back() {
        let desk = Desk::new();
        desk.write("one");
        desk.fill_in("a.xlsx", "one, filled in");
        assert_eq!([desk.write("two"), desk.write("three")], [NEW, NEW]);
        assert_eq!(desk.contents(), [pair("a.xlsx", "one, filled in"), pair(NEW, "three")]);
        assert_eq!(desk.waiting(), ["a.xlsx"]);
        // The new one is filled in as well: neither is lost.
        desk.fill_in(NEW, "three, filled in");
        assert_eq!(desk.write("four"), NEW_2);
        assert_eq!(desk.waiting(), ["a.xlsx", NEW]);
        let reports = desk.path("reports");
        assert!(!desk.register().is_behind(&reports).unwrap());
        desk.register().read_back(files::sha256(b"one, filled in")).unwrap();
        assert_eq!(desk.waiting(), [NEW]);
        assert!(desk.register().is_behind(&reports).unwrap());
        assert_eq!(desk.write("five"), "a.xlsx");
        assert_eq!(desk.contents(), [pair("a.xlsx", "five"), pair(NEW, "three, filled in")]);
        let kept = fs::read_to_string(reports.join(READ_BACK).join("a.xlsx")).unwrap();
        assert_eq!(kept, "one, filled in");
        // Only these bytes were read, not later ones.
        desk.fill_in("a.xlsx", "five, filled in");
        assert_eq!(desk.write("six"), NEW_2);
    }

    #[test]
    fn an_open_document_is_not_replaced() {
        for lock in ["~$a.xlsx", "~$xlsx", ".~a.xlsx", ".~lock.a.xlsx#"] {
            let desk = Desk::new();
            desk.write("one");
            fs::write(desk.path("reports").join(lock), "").unwrap();
            assert_eq!(desk.write("two"), NEW, "{lock}");
            assert_eq!(desk.waiting(), ["a.xlsx"]);
            fs::remove_file(desk.path("reports").join(lock)).unwrap();
            assert_eq!(desk.write("three"), "a.xlsx");
            assert_eq!(desk.contents(), [pair("a.xlsx", "three")]);
        }
    }

    #[test]
    fn documents_that_are_no_longer_made_are_removed_unless_a_person_wrote_in_them() {
        let desk = Desk::new();
        let folder = desk.path("reports");
        let mut register = desk.register();
        let write = |register: &mut Register, names: &[&str]| {
            let draft =
                |name: &&str| draft(folder.join(name), b"x", DocumentKind::Report, Access::Open).unwrap();
            register.place(&names.iter().map(draft).collect::<Vec<_>>()).unwrap()
        };
        let placed = write(&mut register, &["a.xlsx", "b.xlsx", "c.xlsx"]);
        desk.fill_in("b.xlsx", "mine");
        desk.fill_in("theirs.xlsx", "never ours");
        register.forget_others(&folder, &placed[..1]).unwrap();
        assert_eq!(
            desk.contents(),
            [pair("a.xlsx", "x"), pair("b.xlsx", "mine"), pair("theirs.xlsx", "never ours")]
        );
        assert_eq!(desk.waiting(), ["b.xlsx"]);
    }

    #[test]
    fn a_document_whose_writer_died_is_known_as_its_own() {
        let desk = Desk::new();
        desk.write("one");
        let draft = draft(desk.path("reports/a.xlsx"), b"two", DocumentKind::Report, Access::Open).unwrap();
        let mut register = desk.register();
        register.intend(&draft, &desk.path("reports/a.xlsx")).unwrap();
        register.save(true).unwrap();
        for text in ["one", "two"] {
            desk.fill_in("a.xlsx", text);
            assert_eq!(desk.waiting(), Vec::<String>::new(), "{text}");
        }
        desk.fill_in("a.xlsx", "three");
        assert_eq!(desk.waiting(), ["a.xlsx"]);
    }

    #[test]
    fn without_a_register_everything_may_be_a_persons_work() {
        let desk = Desk::new();
        desk.write("one");
        fs::remove_file(desk.path("ledger/documents.json")).unwrap();
        assert_eq!(desk.write("two"), NEW);
        assert_eq!(desk.contents(), [pair("a.xlsx", "one"), pair(NEW, "two")]);
        assert_eq!(desk.waiting(), ["a.xlsx"]);
    }

    #[test]
    fn a_document_that_is_saved_while_a_new_one_is_placed_is_put_back() {
        let desk = Desk::new();
        desk.write("one");
        let path = desk.path("reports/a.xlsx");
        let draft = draft(path.clone(), b"two", DocumentKind::Report, Access::Open).unwrap();
        let mut register = desk.register();
        register.intend(&draft, &path).unwrap();
        desk.fill_in("a.xlsx", "saved in between");
        assert!(!register.take_place(&draft, &path).unwrap());
        assert_eq!(desk.contents(), [pair("a.xlsx", "saved in between")]);
        let placed = register.place(&[draft]).unwrap();
        assert!(placed[0].lies_at.ends_with(NEW));
    }

    #[test]
    fn a_new_document_beside_another_is_removed_whatever_its_number() {
        let desk = Desk::new();
        desk.write("one");
        desk.fill_in("a.xlsx", "filled in");
        desk.write("two");
        desk.fill_in(NEW, "filled in too");
        assert_eq!(desk.write("three"), NEW_2);
        fs::remove_file(desk.path("reports").join(NEW)).unwrap();
        fs::remove_file(desk.path("reports/a.xlsx")).unwrap();
        assert_eq!(desk.write("four"), "a.xlsx");
        assert_eq!(desk.contents(), [pair("a.xlsx", "four")]);
        assert!(!desk.register().is_behind(&desk.path("reports")).unwrap());
    }
}
