//! A check that published files are unchanged.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::files;
use super::layout::{DataRoot, release_name};
use super::publish::{self, MANIFEST, Manifest, PublishError};

/// A difference between what was published and what is there now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Damage {
    /// 0 for the pointer.
    pub release: u32,
    pub path: String,
    /// `missing`, `changed`, `extra`, or `unreadable`.
    pub kind: String,
    /// An error's message, if there is one.
    pub detail: String,
}

/// The releases that were checked, and the damage found.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verification {
    pub releases: Vec<u32>,
    pub damages: Vec<Damage>,
    /// Folders of releases that were never completed, or not wholly removed: not damage, as nothing points
    /// at them.
    pub incomplete: Vec<String>,
}

/// Compares the files of all releases, or of one, with the manifests, and the manifests with the hashes
/// in the pointer and in later manifests.
///
/// # Errors
/// When a folder cannot be listed, or something was written by a newer program.
pub fn verify(data: &DataRoot, only: Option<u32>) -> Result<Verification, PublishError> {
    let mut verification = Verification { incomplete: publish::incomplete(data)?, ..Verification::default() };
    match publish::current(data) {
        Err(error @ PublishError::Newer { .. }) => return Err(error),
        Err(error) => verification.damages.push(Damage {
            release: 0,
            path: "CURRENT.json".to_owned(),
            kind: "unreadable".to_owned(),
            detail: error.to_string(),
        }),
        Ok(None) if !publish::releases(data)?.is_empty() => verification.damages.push(Damage {
            release: 0,
            path: "CURRENT.json".to_owned(),
            kind: "missing".to_owned(),
            detail: String::new(),
        }),
        Ok(_) => {}
    }
    let lost =
        publish::without_manifest(data)?.into_iter().filter(|&lost| only.is_none_or(|only| only == lost));
    verification.damages.extend(lost.map(|release| damage(release, MANIFEST, "missing")));
    // Later releases vouch for the manifests of earlier ones.
    let mut vouched: BTreeMap<u32, String> = BTreeMap::new();
    for release in publish::releases(data)?.into_iter().rev() {
        let is_selected = only.is_none_or(|only| only == release);
        let manifest = match publish::read_manifest(data, release) {
            Ok(manifest) => manifest,
            Err(error @ PublishError::Newer { .. }) => return Err(error),
            // It was removed while this ran.
            Err(_) if !data.release(release).exists() => continue,
            Err(error) => {
                if is_selected {
                    verification.releases.push(release);
                    let damage = damage(release, MANIFEST, "unreadable");
                    verification.damages.push(Damage { detail: error.to_string(), ..damage });
                }
                continue;
            }
        };
        if is_selected {
            verification.releases.push(release);
            if let Some(known) = vouched.get(&release)
                && *known != publish::manifest_sha256(data, release)?
            {
                verification.damages.push(damage(release, MANIFEST, "changed"));
            }
            compare(data, &manifest, &mut verification.damages);
        }
        for (earlier, sha256) in manifest.earlier {
            vouched.entry(earlier).or_insert(sha256);
        }
    }
    verification.releases.reverse();
    verification.damages.sort();
    Ok(verification)
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

/// Everything below a folder, without following links.
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
