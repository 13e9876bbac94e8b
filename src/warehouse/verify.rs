//! Whether what was published is still what was published.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::files;
use super::layout::{DataRoot, release_name};
use super::publish::{self, MANIFEST, Manifest, PublishError};

/// A difference between what was published and what lies there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Damage {
    /// 0 for the pointer.
    pub release: u32,
    pub path: String,
    /// `missing`, `changed`, `extra`, or `unreadable`.
    pub kind: String,
    /// More about it, where there is more.
    pub detail: String,
}

/// What was looked at, and what is wrong with it.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    pub releases: Vec<u32>,
    pub damages: Vec<Damage>,
    /// Folders of releases that were never completed, or not wholly removed: no damage, and nobody
    /// is pointed at them.
    pub incomplete: Vec<String>,
}

/// Compares every file of the releases, or of one of them, with the manifests, and these with what
/// the pointer and later manifests say of them.
///
/// # Errors
/// When a folder cannot be listed, or a newer program wrote what is read.
pub fn verify(data: &DataRoot, only: Option<u32>) -> Result<Verified, PublishError> {
    let mut verified = Verified { incomplete: publish::incomplete(data)?, ..Verified::default() };
    match publish::current(data) {
        Err(error @ PublishError::Newer { .. }) => return Err(error),
        Err(error) => verified.damages.push(Damage {
            release: 0,
            path: "CURRENT.json".to_owned(),
            kind: "unreadable".to_owned(),
            detail: error.to_string(),
        }),
        Ok(None) if !publish::releases(data)?.is_empty() => verified.damages.push(Damage {
            release: 0,
            path: "CURRENT.json".to_owned(),
            kind: "missing".to_owned(),
            detail: String::new(),
        }),
        Ok(_) => {}
    }
    let lost =
        publish::without_manifest(data)?.into_iter().filter(|&lost| only.is_none_or(|only| only == lost));
    verified.damages.extend(lost.map(|release| damage(release, MANIFEST, "missing")));
    // Later releases vouch for the manifests of earlier ones.
    let mut vouched: BTreeMap<u32, String> = BTreeMap::new();
    for release in publish::releases(data)?.into_iter().rev() {
        let wanted = only.is_none_or(|only| only == release);
        let manifest = match publish::read_manifest(data, release) {
            Ok(manifest) => manifest,
            Err(error @ PublishError::Newer { .. }) => return Err(error),
            // It was removed while this ran.
            Err(_) if !data.release(release).exists() => continue,
            Err(error) => {
                if wanted {
                    verified.releases.push(release);
                    let damage = damage(release, MANIFEST, "unreadable");
                    verified.damages.push(Damage { detail: error.to_string(), ..damage });
                }
                continue;
            }
        };
        if wanted {
            verified.releases.push(release);
            if let Some(known) = vouched.get(&release)
                && *known != publish::manifest_sha256(data, release)?
            {
                verified.damages.push(damage(release, MANIFEST, "changed"));
            }
            compare(data, &manifest, &mut verified.damages);
        }
        for (earlier, sha256) in manifest.earlier {
            vouched.entry(earlier).or_insert(sha256);
        }
    }
    verified.releases.reverse();
    verified.damages.sort();
    Ok(verified)
}

fn damage(release: u32, path: &str, kind: &str) -> Damage {
    Damage { release, path: path.to_owned(), kind: kind.to_owned(), detail: String::new() }
}

fn compare(data: &DataRoot, manifest: &Manifest, damages: &mut Vec<Damage>) {
    let release = manifest.release;
    let folder = data.release(release);
    let mut expected = BTreeSet::from([folder.join(MANIFEST)]);
    for file in &manifest.files {
        let path = folder.join(&file.path);
        let kind = match files::sha256_of_file(&path) {
            _ if path.is_symlink() => Some("changed"),
            Ok(sha256) => (sha256 != file.sha256).then_some("changed"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some("missing"),
            Err(_) => Some("unreadable"),
        };
        damages.extend(kind.map(|kind| damage(release, &file.path, kind)));
        expected.extend(path.ancestors().take_while(|above| *above != folder).map(Path::to_owned));
    }
    let mut found = Vec::new();
    if let Err(error) = below(&folder, &mut found) {
        let damage = damage(release, &release_name(release), "unreadable");
        damages.push(Damage { detail: error.to_string(), ..damage });
    }
    for path in found.iter().filter(|path| !expected.contains(*path)) {
        let path = path.strip_prefix(&folder).unwrap_or(path).display().to_string();
        damages.push(damage(release, &path, "extra"));
    }
}

/// Everything below a folder, links unfollowed.
fn below(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            below(&entry.path(), found)?;
        }
        found.push(entry.path());
    }
    Ok(())
}
