//! A staged release → a published one.
//!
//! A release folder is made exclusively and never changed: unchanged files are
//! linked from the last release, the others moved in, everything synced, the
//! manifest written last. Then `CURRENT.json` is replaced by write, sync, rename.
//! A reader that resolves `CURRENT.json` once sees one release, always.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files::{self, Access};
use super::layout::{DataRoot, TABLES, is_of_year, release_name, table_folder};
use crate::checks::CheckCount;
use crate::delivery::RowCounts;
use crate::figure::Level;
use crate::figures::reconcile::ReconciliationCounts;
use crate::finding::Severity;
use crate::period::ReportYear;
use crate::tables::delivery_status::DeliveryStatusRow;
use crate::tables::region::RegionRow;
use crate::tables::row::{self, Row};

/// Format of manifest and pointer. Newer ones are refused. Format 1 had neither fragments nor hashes
/// of manifests.
pub const FORMAT: u32 = 2;

/// The file that makes a folder a release; written when everything else is there.
pub const MANIFEST: &str = "manifest.json";

/// The beginning of the name of a release that is being removed.
const REMOVED: &str = "removed-";

/// The description of a release, written when everything else is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    pub release: u32,
    /// The release's own time, which documents made from it carry.
    pub created: String,
    pub program: String,
    pub definitions: String,
    /// The definitions that each year was made with, older ones where a year was left as it was. A year
    /// that is not here was made with those of the release.
    #[serde(default)]
    pub made_with: BTreeMap<ReportYear, String>,
    pub key: KeyId,
    /// For each year, the SHA-256 over what decided it: inputs, definitions, settings, program, key.
    pub fingerprints: BTreeMap<ReportYear, String>,
    /// The same for the year alone; a year's fingerprint includes the previous year's.
    pub own_fingerprints: BTreeMap<ReportYear, String>,
    /// What decided each year besides its deliveries, part by part. A year that is not here was made by a
    /// program that did not record it.
    #[serde(default)]
    pub parts: BTreeMap<ReportYear, Vec<Part>>,
    /// SHA-256 over names and contents of the table files: the same inputs give the same digest.
    pub digest: String,
    pub outcome: ReleaseOutcome,
    pub years: Vec<ReportYear>,
    pub inputs: Vec<Input>,
    /// The deliveries that the release is based on; some may be from earlier runs.
    #[serde(default)]
    pub accepted: Vec<CountedDelivery>,
    /// Ids of decisions that no longer apply, as what they were about has changed.
    #[serde(default)]
    pub lapsed: BTreeSet<u32>,
    /// Keys of the normalised files that each year was made from. A year that is not here was made by
    /// a program that did not record them.
    #[serde(default)]
    pub fragments: BTreeMap<ReportYear, BTreeSet<String>>,
    /// SHA-256 of the manifests of the releases that existed when this one was made.
    #[serde(default)]
    pub earlier: BTreeMap<u32, String>,
    pub files: Vec<ReleaseFile>,
    pub summary: Summary,
}

/// Something that decides a year, besides its deliveries.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Part {
    pub kind: PartKind,
    /// The file of a definition, the key of a setting, the rule of a decision.
    pub name: String,
    /// The value itself, or its SHA-256.
    pub value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    /// A file in the drop folder that cannot be read.
    Unopened,
    Decision,
    Definition,
    Setting,
    Program,
    Key,
}

impl PartKind {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            PartKind::Unopened => "unopened",
            PartKind::Decision => "decision",
            PartKind::Definition => "definition",
            PartKind::Setting => "setting",
            PartKind::Program => "program",
            PartKind::Key => "key",
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyId {
    pub id: String,
    pub check_value: String,
}

impl Manifest {
    /// The file of a year of a table, if the release has it.
    #[must_use]
    pub fn table(&self, data: &DataRoot, table: &str, year: ReportYear) -> Option<PathBuf> {
        let folder = table_folder(table, Some(year));
        let file = self.files.iter().find(|file| Path::new(&file.path).starts_with(&folder))?;
        Some(data.release(self.release).join(&file.path))
    }

    /// Code and name of the city of the release; `None` where no year of it has them.
    #[must_use]
    pub fn city(&self, data: &DataRoot) -> Option<(String, String)> {
        let part = |name: &str| {
            let parts = self.parts.values().flatten();
            let mut settings = parts.filter(|part| part.kind == PartKind::Setting && part.name == name);
            settings.next().map(|part| part.value.clone())
        };
        if let (Some(code), Some(name)) = (part("city_code"), part("city_name")) {
            return Some((code, name));
        }
        // Earlier programs recorded the city only in a table.
        let file = self.files.iter().find(|file| file.path.starts_with("tables/dim_region/"))?;
        let mut regions = row::read::<RegionRow>(&data.release(self.release).join(&file.path)).ok()?;
        let city = regions.find_map(|region| region.ok().filter(|region| region.level == Level::City))?;
        Some((city.region_code, city.region_name))
    }

    /// Digest of the definitions that a year was made with.
    #[must_use]
    pub fn definitions_of(&self, year: ReportYear) -> &str {
        self.made_with.get(&year).unwrap_or(&self.definitions)
    }

    /// SHA-256 over names and contents of a year's files and the definitions that it was made with: equal
    /// in all releases in which the year is the same, byte for byte. When deliveries arrived is not part of it.
    /// `None` without such files.
    #[must_use]
    pub fn year_digest(&self, year: ReportYear) -> Option<String> {
        let arrivals = table_folder(DeliveryStatusRow::TABLE, None);
        let of_year = self.files.iter().filter(|file| is_of_year(&file.path, year));
        let of_year = of_year.filter(|file| !Path::new(&file.path).starts_with(&arrivals));
        let mut lines: Vec<String> = of_year.map(|file| format!("{} {}", file.path, file.sha256)).collect();
        if lines.is_empty() {
            return None;
        }
        lines.sort();
        lines.push(format!("definitions {}", self.definitions_of(year)));
        Some(files::sha256(lines.join("\n").as_bytes()))
    }
}

/// The status of a release.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseOutcome {
    /// Nothing is open.
    #[default]
    Clean,
    /// Published with quarantine, rejected files or open queries.
    Draft,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Input {
    pub report_year: ReportYear,
    pub dataset: String,
    pub file: String,
    pub sha256: String,
    pub bytes: u64,
}

/// A delivery that counts, until a sound one replaces it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CountedDelivery {
    pub report_year: ReportYear,
    pub dataset: String,
    /// Path as delivered; a member of a bundle follows a `!`.
    pub file: String,
    /// SHA-256 of the file as dropped, under which landing keeps it.
    pub landing: String,
    /// SHA-256 of the delivery's bytes.
    pub sha256: String,
    /// Key of its normalised fragment.
    pub fragment: String,
    /// Equal digests mean the same rows.
    pub rows_digest: String,
    /// Rows of each school for which it counts; the register counts as a whole, without a school.
    pub units: BTreeMap<String, u64>,
    /// Ids of the decisions without which it would not count.
    #[serde(default)]
    pub under: Vec<u32>,
    /// The deliveries that counted before those decisions, and count again when one is withdrawn.
    #[serde(default)]
    pub former: Vec<CountedDelivery>,
}

impl CountedDelivery {
    /// This delivery, and all those that may count again in its place.
    #[must_use]
    pub fn with_former(&self) -> Vec<&CountedDelivery> {
        std::iter::once(self).chain(self.former.iter().flat_map(CountedDelivery::with_former)).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReleaseFile {
    pub path: String,
    pub rows: u64,
    pub bytes: u64,
    pub sha256: String,
}

/// Counts of files and rows by where they went, and of findings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    pub files: FileCounts,
    pub rows: RowCounts,
    /// The quarantined rows that a named person gave up.
    #[serde(default)]
    pub given_up: u64,
    pub datasets: Vec<DatasetSummary>,
    /// Findings by severity.
    pub findings: BTreeMap<Severity, u64>,
    /// Findings by rule, with title.
    pub rules: Vec<RuleCount>,
    pub headlines: Vec<Headline>,
    /// Each year's part in the sums above.
    pub years: BTreeMap<ReportYear, YearSummary>,
}

/// The part of one year.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct YearSummary {
    pub files: FileCounts,
    pub rows: RowCounts,
    pub rules: Vec<RuleCount>,
    /// Its schools' figures on different bases.
    #[serde(default)]
    pub reconciled: ReconciliationCounts,
    /// The checks before publishing, with counts.
    #[serde(default)]
    pub checks: Vec<CheckCount>,
    /// What named persons said about single rows.
    #[serde(default)]
    pub corrections: Corrections,
    /// Datasets that are asked of a school, and of which nothing came from it, over all schools.
    #[serde(default)]
    pub missing: u64,
}

/// Rows and queries for which a release relies on a person's word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Corrections {
    /// Rows that are used as corrected.
    pub corrected: u64,
    /// Corrected rows that are still kept out.
    pub still_wrong: u64,
    /// Quarantined rows, and cells, that were given up.
    pub given_up: u64,
    /// Queries that were confirmed.
    pub confirmed: u64,
    /// The quarantined rows among those given up.
    pub rows_given_up: u64,
}

impl Corrections {
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.corrected + self.still_wrong + self.given_up + self.confirmed > 0
    }
}

impl Summary {
    /// Adds a year to the sums.
    pub fn add_year(&mut self, year: ReportYear, part: YearSummary) {
        self.files += part.files;
        self.rows += part.rows;
        self.given_up += part.corrections.rows_given_up;
        for rule in &part.rules {
            *self.findings.entry(rule.severity).or_default() += rule.count;
            match self
                .rules
                .iter_mut()
                .find(|known| known.rule == rule.rule && known.severity == rule.severity)
            {
                Some(known) => known.count += rule.count,
                None => self.rules.push(rule.clone()),
            }
        }
        self.rules.sort_by(|a, b| (a.severity, &a.rule).cmp(&(b.severity, &b.rule)));
        self.years.insert(year, part);
    }

    /// Whether anything waits for an answer: rejected files, quarantined rows that were not given up,
    /// open queries.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.files.rejected > 0
            || self.rows.quarantined > self.given_up
            || self.findings.iter().any(|(severity, count)| *severity <= Severity::S2 && *count > 0)
    }
}

/// files = decoded + rejected + repeated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCounts {
    pub files: u64,
    pub decoded: u64,
    pub rejected: u64,
    pub repeated: u64,
    pub ignored: u64,
    /// Decoded files that were set aside, as using them may do harm.
    #[serde(default)]
    pub set_aside: u64,
    /// Files of earlier runs, not included in `files`, that still count because nothing sound came since.
    #[serde(default)]
    pub kept: u64,
}

impl std::ops::AddAssign for FileCounts {
    fn add_assign(&mut self, other: FileCounts) {
        self.files += other.files;
        self.decoded += other.decoded;
        self.rejected += other.rejected;
        self.repeated += other.repeated;
        self.ignored += other.ignored;
        self.set_aside += other.set_aside;
        self.kept += other.kept;
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetSummary {
    pub report_year: ReportYear,
    pub dataset: String,
    pub title_zh: String,
    pub files: u64,
    pub rows: RowCounts,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCount {
    pub rule: String,
    pub severity: Severity,
    pub title: String,
    pub count: u64,
}

/// A figure worth seeing at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headline {
    pub report_year: ReportYear,
    pub indicator_id: String,
    pub title_zh: String,
    pub basis: String,
    pub text: String,
    pub unit: String,
}

/// `CURRENT.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Current {
    pub format: u32,
    pub release: u32,
    /// Below the warehouse folder.
    pub path: String,
    pub digest: String,
    /// SHA-256 of the release's manifest; empty where an older program wrote this.
    #[serde(default)]
    pub manifest_sha256: String,
}

#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error("`{}`: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("`{}` is of format {found}; this program reads up to {FORMAT}", path.display())]
    Newer { path: PathBuf, found: u32 },
    #[error("`{}` does not parse: {message}", path.display())]
    Damaged { path: PathBuf, message: String },
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> PublishError + '_ {
    move |source| PublishError::Io { path: path.to_owned(), source }
}

/// A file of a staged release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedFile {
    /// Below the release folder.
    pub path: PathBuf,
    pub rows: u64,
    /// Whether the file is part of the digest: tables are, files with the time of the run are not.
    pub in_digest: bool,
}

/// Hashes the files of a staged release.
///
/// # Errors
/// File system errors.
pub fn describe(
    staged: &Path,
    staged_files: &[StagedFile],
) -> Result<(Vec<ReleaseFile>, String), PublishError> {
    let mut described = Vec::new();
    let mut digested = String::new();
    for file in staged_files {
        let path = staged.join(&file.path);
        let sha256 = files::sha256_of_file(&path).map_err(io_error(&path))?;
        let bytes = fs::metadata(&path).map_err(io_error(&path))?.len();
        let name = file.path.display().to_string();
        if file.in_digest {
            digested += &format!("{name} {sha256}\n");
        }
        described.push(ReleaseFile { path: name, rows: file.rows, bytes, sha256 });
    }
    described.sort();
    Ok((described, files::sha256(digested.as_bytes())))
}

/// Publishes a staged release as its manifest says, and points `CURRENT.json` at it.
///
/// # Errors
/// File system errors; then the current release is untouched.
pub fn publish(
    data: &DataRoot,
    staged: &Path,
    manifest: &Manifest,
    last: Option<&Manifest>,
    of_persons: &BTreeSet<&str>,
) -> Result<(), PublishError> {
    let folder = data.release(manifest.release);
    files::make_folder(&data.releases(), Access::Open).map_err(io_error(&data.releases()))?;
    // A folder without a manifest was left behind by a run that died.
    if folder.exists() && !folder.join(MANIFEST).exists() {
        fs::remove_dir_all(&folder).map_err(io_error(&folder))?;
    }
    DirBuilder::new().mode(0o755).create(&folder).map_err(io_error(&folder))?;
    let known: BTreeMap<&str, &ReleaseFile> =
        last.iter().flat_map(|last| &last.files).map(|file| (file.sha256.as_str(), file)).collect();
    let mut folders = vec![folder.clone(), data.releases()];
    for file in &manifest.files {
        let to = folder.join(&file.path);
        let parent = to.parent().unwrap_or(&folder).to_owned();
        let closed =
            of_persons.iter().any(|table| Path::new(&file.path).starts_with(table_folder(table, None)));
        if closed {
            let tables = folder.join(TABLES);
            files::make_folder(&tables, Access::Open).map_err(io_error(&tables))?;
        }
        let access = if closed { Access::Group } else { Access::Open };
        files::make_folder(&parent, access).map_err(io_error(&parent))?;
        let unchanged = last.zip(known.get(file.sha256.as_str()));
        let linked = unchanged.is_some_and(|(last, known)| {
            let published = data.release(last.release).join(&known.path);
            // A file that was damaged since is not passed on.
            let sound = files::sha256_of_file(&published).is_ok_and(|sha256| sha256 == file.sha256);
            sound && fs::hard_link(published, &to).is_ok()
        });
        if !linked {
            bring(&staged.join(&file.path), &to, access).map_err(io_error(&to))?;
        }
        folders.extend(parent.ancestors().take_while(|above| above.starts_with(&folder)).map(Path::to_owned));
    }
    folders.sort();
    folders.dedup();
    for folder in folders.iter().rev() {
        files::sync_folder(folder).map_err(io_error(folder))?;
    }
    write_json(&folder.join(MANIFEST), manifest)?;
    point_at(data, manifest)
}

/// Moves a staged file in, or copies it where staging is on another file system.
fn bring(from: &Path, to: &Path, access: Access) -> io::Result<()> {
    if access != Access::Open {
        files::close_to_others(from)?;
    }
    if fs::rename(from, to).is_err() {
        fs::copy(from, to)?;
    }
    // Others may not write to a release, whatever the umask allows.
    let mode = fs::metadata(to)?.permissions().mode();
    fs::set_permissions(to, Permissions::from_mode(mode & !0o022))?;
    fs::File::open(to)?.sync_all()
}

fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), PublishError> {
    let mut json = serde_json::to_vec_pretty(value).map_err(io::Error::other).map_err(io_error(path))?;
    json.push(b'\n');
    files::write_whole(path, &json, Access::Open).map_err(io_error(path))
}

/// The manifest that `CURRENT.json` points at; `None` before the first release.
///
/// # Errors
/// When pointer or manifest cannot be read, are of a newer format, or do not fit each other.
pub fn current(data: &DataRoot) -> Result<Option<Manifest>, PublishError> {
    let path = data.current();
    if !path.exists() {
        return Ok(None);
    }
    let current: Current = read_json(&path)?;
    let manifest = read_manifest(data, current.release)?;
    let sound = current.manifest_sha256.is_empty()
        || current.manifest_sha256 == manifest_sha256(data, current.release)?;
    if !sound || current.path != release_path(current.release) || current.digest != manifest.digest {
        let message = format!("it does not name release {:06} as it is", current.release);
        return Err(PublishError::Damaged { path, message });
    }
    Ok(Some(manifest))
}

/// Points at the newest complete release where there is no pointer: the run that made the release died
/// between its last two writes, or the pointer was removed. Numbering does not start again.
///
/// # Errors
/// File system errors.
pub fn restore_pointer(data: &DataRoot) -> Result<(), PublishError> {
    if data.current().exists() {
        return Ok(());
    }
    match releases(data)?.last() {
        Some(&release) => point_at(data, &read_manifest(data, release)?),
        None => Ok(()),
    }
}

fn release_path(release: u32) -> String {
    format!("releases/{}", release_name(release))
}

fn point_at(data: &DataRoot, manifest: &Manifest) -> Result<(), PublishError> {
    let current = Current {
        format: FORMAT,
        release: manifest.release,
        path: release_path(manifest.release),
        digest: manifest.digest.clone(),
        manifest_sha256: manifest_sha256(data, manifest.release)?,
    };
    write_json(&data.current(), &current)
}

/// The manifest of one release.
///
/// # Errors
/// When it cannot be read, is of a newer format, or is damaged.
pub fn read_manifest(data: &DataRoot, release: u32) -> Result<Manifest, PublishError> {
    let path = data.release(release).join(MANIFEST);
    let manifest: Manifest = read_json(&path)?;
    if manifest.release != release {
        let message = format!("it is of release {:06}", manifest.release);
        return Err(PublishError::Damaged { path, message });
    }
    Ok(manifest)
}

/// SHA-256 of the manifest of a release, as it is now.
///
/// # Errors
/// File system errors.
pub fn manifest_sha256(data: &DataRoot, release: u32) -> Result<String, PublishError> {
    let path = data.release(release).join(MANIFEST);
    files::sha256_of_file(&path).map_err(io_error(&path))
}

/// Hashes of the manifests of all existing releases. A hash recorded in `last` is kept, so that an edit
/// is found however many releases come after it.
///
/// # Errors
/// File system errors.
pub fn earlier_manifests(
    data: &DataRoot,
    last: Option<&Manifest>,
) -> Result<BTreeMap<u32, String>, PublishError> {
    let known = |release: &u32| last.and_then(|last| last.earlier.get(release).cloned());
    releases(data)?
        .into_iter()
        .map(|release| Ok((release, known(&release).map_or_else(|| manifest_sha256(data, release), Ok)?)))
        .collect()
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, PublishError> {
    #[derive(Deserialize)]
    struct Versioned {
        format: u32,
    }
    let bytes = fs::read(path).map_err(io_error(path))?;
    let damaged = |error: serde_json::Error| PublishError::Damaged {
        path: path.to_owned(),
        message: error.to_string(),
    };
    let Versioned { format } = serde_json::from_slice(&bytes).map_err(damaged)?;
    if format > FORMAT {
        return Err(PublishError::Newer { path: path.to_owned(), found: format });
    }
    if format == 0 {
        return Err(PublishError::Damaged {
            path: path.to_owned(),
            message: "there is no format 0".to_owned(),
        });
    }
    serde_json::from_slice(&bytes).map_err(damaged)
}

/// Numbers of all complete releases, oldest first.
///
/// # Errors
/// File system errors.
pub fn releases(data: &DataRoot) -> Result<Vec<u32>, PublishError> {
    Ok(numbered(data)?.into_iter().filter_map(|(number, complete)| complete.then_some(number)).collect())
}

/// Numbers of releases whose manifest is lost. The remains of a run that died have a higher number than
/// any completed release.
///
/// # Errors
/// File system errors.
pub fn without_manifest(data: &DataRoot) -> Result<Vec<u32>, PublishError> {
    let newest = releases(data)?.last().copied().unwrap_or_default();
    let lost = |(number, complete): (u32, bool)| (!complete && number < newest).then_some(number);
    Ok(numbered(data)?.into_iter().filter_map(lost).collect())
}

fn numbered(data: &DataRoot) -> Result<Vec<(u32, bool)>, PublishError> {
    let mut numbers = Vec::new();
    for name in folder_names(data)? {
        if let Some(number) = name.parse().ok().filter(|&number| release_name(number) == name) {
            numbers.push((number, data.release(number).join(MANIFEST).exists()));
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn folder_names(data: &DataRoot) -> Result<Vec<String>, PublishError> {
    let folder = data.releases();
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
    fs::read_dir(&folder)
        .and_then(|entries| entries.map(name).collect::<io::Result<_>>())
        .map_err(io_error(&folder))
}

/// The path of a release that is being removed: its name is not a number, so that it is no longer a release.
#[must_use]
pub fn removed_path(data: &DataRoot, release: u32) -> PathBuf {
    data.releases().join(format!("{REMOVED}{}", release_name(release)))
}

/// Names of folders that a run or a clean-up that died left behind.
///
/// # Errors
/// File system errors.
pub fn incomplete(data: &DataRoot) -> Result<Vec<String>, PublishError> {
    let newest = releases(data)?.last().copied().unwrap_or_default();
    let begun = |&(number, complete): &(u32, bool)| !complete && number > newest;
    let begun = numbered(data)?.into_iter().filter(begun).map(|(number, _)| release_name(number));
    let removed = folder_names(data)?.into_iter().filter(|name| name.starts_with(REMOVED));
    Ok(begun.chain(removed).collect())
}
