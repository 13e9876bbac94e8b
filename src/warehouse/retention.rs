//! Removing releases that are no longer needed, and everything that only they needed.
//!
//! A release is removed in two steps: its folder gets a name that is not a release's, then its files
//! are deleted. A clean-up that dies leaves a release either whole or recognisably gone, and the next
//! one finishes it. Files shared with other releases are links, and stay with those.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::files;
use super::layout::{DataRoot, release_name};
use super::publish::{self, CountedDelivery, Manifest, PublishError};

/// The rules for what to keep.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// This many of the newest releases stay, whatever their age.
    pub keep: u32,
    /// A release stays this long after another took its place, as it may still be in use.
    pub grace_days: u32,
    /// Signed releases, which stay forever.
    pub signed: BTreeSet<u32>,
}

/// The things that a clean-up removes.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    pub releases: Vec<u32>,
    /// Remains of an interrupted run or clean-up, by folder name.
    pub leftovers: Vec<String>,
    /// Files and folders that no kept release needs, below the data root.
    pub unneeded: Vec<PathBuf>,
    /// Some kept release does not record which normalised files it needs: all of them stay.
    pub fragments_unknown: bool,
}

/// Decides what to remove. Nothing is written.
///
/// # Errors
/// When the pointer or a manifest cannot be read: as long as the needs are unknown, nothing is removed.
pub fn plan(data: &DataRoot, policy: &Policy, now: Timestamp) -> Result<Plan, PublishError> {
    let grace = SignedDuration::from_hours(24 * i64::from(policy.grace_days));
    let Some(current) = publish::current(data)? else { return Ok(Plan::default()) };
    let releases: Vec<Manifest> = publish::releases(data)?
        .into_iter()
        .map(|release| publish::read_manifest(data, release))
        .collect::<Result<_, _>>()?;
    let keep = usize::try_from(policy.keep).unwrap_or(usize::MAX).max(1);
    let newest = releases.len().saturating_sub(keep);
    let mut plan = Plan { leftovers: publish::incomplete(data)?, ..Plan::default() };
    let mut kept = Vec::new();
    for (index, manifest) in releases.iter().enumerate() {
        // A release is in use until the next one takes its place.
        let replaced = releases.get(index + 1).and_then(|next| next.created.parse::<Timestamp>().ok());
        let is_out_of_use = replaced.is_some_and(|replaced| now.duration_since(replaced) > grace);
        let stays = manifest.release == current.release || policy.signed.contains(&manifest.release);
        if index < newest && is_out_of_use && !stays {
            plan.releases.push(manifest.release);
        } else {
            kept.push(manifest);
        }
    }
    let unneeded = Unneeded { data, before: now.checked_sub(grace).unwrap_or(Timestamp::MIN) };
    plan.unneeded = unneeded.landing(&kept).map_err(io_error(data.path()))?;
    plan.fragments_unknown =
        kept.iter().any(|manifest| manifest.years.iter().any(|year| !manifest.fragments.contains_key(year)));
    if !plan.fragments_unknown {
        plan.unneeded.extend(unneeded.fragments(&kept).map_err(io_error(data.path()))?);
    }
    plan.unneeded.sort();
    Ok(plan)
}

/// Removes what was planned. The lock must be held, and have been held since the plan was made.
///
/// # Errors
/// File system errors; the next clean-up continues from there.
pub fn remove(data: &DataRoot, plan: &Plan) -> Result<(), PublishError> {
    let releases = data.releases();
    for &release in &plan.releases {
        let gone = publish::removed_path(data, release);
        fs::rename(data.release(release), &gone).map_err(io_error(&gone))?;
    }
    for leftover in &plan.leftovers {
        remove_all(&releases.join(leftover))?;
    }
    if !plan.releases.is_empty() {
        files::sync_folder(&releases).map_err(io_error(&releases))?;
    }
    for &release in &plan.releases {
        remove_all(&publish::removed_path(data, release))?;
    }
    for path in &plan.unneeded {
        remove_all(&data.path().join(path))?;
    }
    Ok(())
}

fn remove_all(path: &Path) -> Result<(), PublishError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.map_err(io_error(path))
}

/// A search for files that no kept release needs and that are older than the grace period: newer ones
/// may belong to a delivery that waits, or to a run that was held back.
struct Unneeded<'a> {
    data: &'a DataRoot,
    before: Timestamp,
}

impl Unneeded<'_> {
    fn landing(&self, kept: &[&Manifest]) -> io::Result<Vec<PathBuf>> {
        let inputs = kept.iter().flat_map(|manifest| &manifest.inputs).map(|input| input.sha256.as_str());
        // A delivery that still counts may have come in a run whose release is long gone.
        let accepted =
            kept.iter().flat_map(|manifest| &manifest.accepted).flat_map(CountedDelivery::with_former);
        let needed: BTreeSet<&str> =
            inputs.chain(accepted.map(|accepted| accepted.landing.as_str())).collect();
        self.two_deep("landing", |name| needed.contains(name))
    }

    fn fragments(&self, kept: &[&Manifest]) -> io::Result<Vec<PathBuf>> {
        let needed: BTreeSet<&str> = kept
            .iter()
            .flat_map(|manifest| manifest.fragments.values())
            .flatten()
            .map(String::as_str)
            .collect();
        let mut unneeded = self.two_deep("staging/fragments", |name| needed.contains(name))?;
        for folder in ["quarantine/rows", "identity/people"] {
            let of_needed = |name: &str| name.strip_suffix(".jsonl").is_some_and(|key| needed.contains(key));
            unneeded.extend(self.unneeded(Path::new(folder), of_needed)?);
        }
        Ok(unneeded)
    }

    fn two_deep(&self, folder: &str, needed: impl Fn(&str) -> bool) -> io::Result<Vec<PathBuf>> {
        let mut unneeded = Vec::new();
        for name in names(&self.data.path().join(folder))? {
            unneeded.extend(self.unneeded(&Path::new(folder).join(name), &needed)?);
        }
        Ok(unneeded)
    }

    fn unneeded(&self, folder: &Path, needed: impl Fn(&str) -> bool) -> io::Result<Vec<PathBuf>> {
        let mut unneeded = Vec::new();
        for name in names(&self.data.path().join(folder))? {
            let path = folder.join(&name);
            let written = fs::symlink_metadata(self.data.path().join(&path))?.modified()?;
            let old = Timestamp::try_from(written).is_ok_and(|written| written < self.before);
            if old && !needed(&name) {
                unneeded.push(path);
            }
        }
        Ok(unneeded)
    }
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
    fs::read_dir(folder)?.map(name).collect()
}

/// The names of everything in a plan, one a line.
#[must_use]
pub fn describe(plan: &Plan) -> Vec<String> {
    let releases = plan.releases.iter().map(|&release| format!("release {}", release_name(release)));
    let leftovers = plan.leftovers.iter().map(|name| format!("leftover {name}"));
    let unneeded = plan.unneeded.iter().map(|path| path.display().to_string());
    releases.chain(leftovers).chain(unneeded).collect()
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> PublishError + '_ {
    move |source| PublishError::Io { path: path.to_owned(), source }
}
