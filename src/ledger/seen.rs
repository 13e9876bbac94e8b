//! The files seen before, so that an unchanged file is not read again. A cache: losing it only costs time.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use serde::{Deserialize, Serialize};

use crate::sources::drop_folder::DroppedFile;
use crate::warehouse::files::{self, Access};
use crate::warehouse::layout::DataRoot;

/// Format of the file. Format 1 was the map alone.
const FORMAT: u32 = 2;

/// Hashes of files by path, size and time of change.
#[derive(Debug, Default)]
pub struct SeenFiles(BTreeMap<String, SeenFile>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SeenFile {
    bytes: u64,
    modified_ns: u128,
    changed: (i64, i64),
    inode: u64,
    sha256: String,
}

#[derive(Serialize, Deserialize)]
struct CacheFile {
    format: u32,
    /// SHA-256 over `files`, so that an edited hash cannot pass one file off as another.
    sha256: String,
    files: BTreeMap<String, SeenFile>,
}

impl SeenFiles {
    /// Loads the cache; it is empty when lost, edited or of another format.
    #[must_use]
    pub fn load(data: &DataRoot) -> Self {
        let bytes = fs::read(data.seen()).unwrap_or_default();
        let Ok(found) = serde_json::from_slice::<CacheFile>(&bytes) else { return SeenFiles::default() };
        let sound = found.format == FORMAT && digest(&found.files).is_ok_and(|sha256| sha256 == found.sha256);
        SeenFiles(if sound { found.files } else { BTreeMap::new() })
    }

    /// # Errors
    /// When the file system fails.
    pub fn save(&self, data: &DataRoot) -> io::Result<()> {
        let cache = CacheFile { format: FORMAT, sha256: digest(&self.0)?, files: self.0.clone() };
        let json = serde_json::to_vec(&cache).map_err(io::Error::other)?;
        files::write_whole(&data.seen(), &json, Access::Restricted)
    }

    /// The hash of a file, if it has not changed since it was seen.
    #[must_use]
    pub fn sha256(&self, file: &DroppedFile) -> Option<&str> {
        let seen = self.0.get(&file.label)?;
        (*seen == SeenFile::of(file, &seen.sha256)).then_some(seen.sha256.as_str())
    }

    pub fn remember(&mut self, file: &DroppedFile, sha256: &str) {
        self.0.insert(file.label.clone(), SeenFile::of(file, sha256));
    }
}

impl SeenFile {
    fn of(file: &DroppedFile, sha256: &str) -> Self {
        SeenFile {
            bytes: file.bytes,
            modified_ns: file.modified_ns,
            changed: file.changed,
            inode: file.inode,
            sha256: sha256.to_owned(),
        }
    }
}

fn digest(files: &BTreeMap<String, SeenFile>) -> io::Result<String> {
    Ok(files::sha256(&serde_json::to_vec(files).map_err(io::Error::other)?))
}
