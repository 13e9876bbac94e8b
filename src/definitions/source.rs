//! The files of definitions: those embedded in the program, or those of a folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use sha2::{Digest, Sha256};

use super::code_table::CodeTableDefinition;

static EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/embedded_pipelines.rs"));

/// A definition file: its name as shown in faults, and its text.
pub type DefinitionFile = (String, String);

/// The definitions embedded in the program.
#[must_use]
pub fn embedded() -> Vec<DefinitionFile> {
    EMBEDDED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

/// All `.toml` files below a folder, in order of their names.
///
/// # Errors
/// When the folder cannot be read.
pub fn read_folder(folder: &Path) -> io::Result<Vec<DefinitionFile>> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    files
        .into_iter()
        .map(|path| {
            Ok((
                Path::new("pipelines").join(path.strip_prefix(folder).unwrap_or(&path)).display().to_string(),
                fs::read_to_string(&path)?,
            ))
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    Ok(())
}

/// Something wrong in a definition file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    pub file: String,
    /// From 1; 0 for the whole file.
    pub line: usize,
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "{}:{}: {}", self.file, self.line, self.message)
        } else {
            write!(f, "{}: {}", self.file, self.message)
        }
    }
}

/// Code and name of the one city that has all the regions of some definition files; `None` where there are
/// several cities, or none.
#[must_use]
pub fn only_city(files: &[DefinitionFile]) -> Option<(String, String)> {
    let (_, text) = files.iter().find(|(name, _)| below(name) == "codes/region.toml")?;
    let regions: CodeTableDefinition = toml::from_str(text).ok()?;
    let is_above = |code: &str| regions.codes.iter().any(|other| other.parent.as_deref() == Some(code));
    let counties = regions.codes.iter().filter(|code| !is_above(&code.code));
    let cities: BTreeSet<&str> = counties.filter_map(|county| county.parent.as_deref()).collect();
    let [only] = cities.into_iter().collect::<Vec<_>>()[..] else { return None };
    let city = regions.codes.iter().find(|code| code.code == only)?;
    Some((city.code.clone(), city.label.clone()))
}

pub(super) fn digest<'a>(files: impl Iterator<Item = &'a DefinitionFile>) -> String {
    let mut hash = Sha256::new();
    for (name, text) in files {
        hash.update(name.as_bytes());
        hash.update([0]);
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    hex::encode(hash.finalize())
}

/// `pipelines/codes/sex.toml` → `codes/sex.toml`.
pub(super) fn below(name: &str) -> String {
    let name = Path::new(name);
    let file = name.file_name().unwrap_or_default().to_string_lossy();
    match name.parent().and_then(Path::file_name) {
        Some(folder) => format!("{}/{file}", folder.to_string_lossy()),
        None => file.into_owned(),
    }
}

/// SHA-256 of a file's content without blank lines and comments on lines of their own.
pub(super) fn content_digest(text: &str) -> String {
    // Inside a multi-line string nothing is a comment.
    let plain = !text.contains("\"\"\"") && !text.contains("'''");
    let mut hash = Sha256::new();
    for line in text.lines() {
        let content = line.trim();
        if !plain || !(content.is_empty() || content.starts_with('#')) {
            hash.update(line.trim_end());
            hash.update("\n");
        }
    }
    hex::encode(hash.finalize())
}

pub(super) fn folder_of(name: &str) -> Option<&str> {
    Path::new(name).parent()?.file_name()?.to_str()
}
