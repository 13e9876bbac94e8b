//! The signatures of the people responsible for a year's figures, and years that are frozen.
//!
//! 教育统计管理规定 (MOE order 44) art. 27: figures are signed by the statistician (填报人), the checker
//! (审核人) and the head of the unit (负责人). Here these are three different people, and each signs what
//! a release has of one year, byte for byte: the signature holds in every later release in which the
//! year is the same, and lapses, still on record, when it changes. A year that all three signed can be
//! frozen; runs then leave it as it is, until the freeze is lifted.
//!
//! All of it is one journal of records, which are only ever added. Each has a seal over itself and the
//! one before it, so that an edited or removed record is found. The seals have no key: they
//! show mistakes and simple tampering, not a forgery that rewrites all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::{Deserialize, Serialize};

use super::origin::Origin;
use super::{DecisionError, read_folder, record_path, write_record};
use crate::period::ReportYear;
use crate::warehouse::files;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish;
use crate::warehouse::verify::Damage;

/// Format of a record. A newer one is refused. 1 had no origin.
const FORMAT: u32 = 2;

/// The capacity in which a person signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Preparer,
    Reviewer,
    Responsible,
}

impl Role {
    pub const ALL: [Role; 3] = [Role::Preparer, Role::Reviewer, Role::Responsible];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Role::Preparer => "preparer",
            Role::Reviewer => "reviewer",
            Role::Responsible => "responsible",
        }
    }

    /// The name in art. 27 and on the cover of a report.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Role::Preparer => "填报人",
            Role::Reviewer => "审核人",
            Role::Responsible => "负责人",
        }
    }
}

/// The effect of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    Sign,
    /// Withdraws a signature.
    Withdraw,
    Freeze,
    /// Opens a frozen year again.
    Lift,
}

/// One record, as kept in `ledger/signatures/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub format: u32,
    pub id: u32,
    pub act: Act,
    pub report_year: ReportYear,
    /// The role of the signature, or of the signature that is withdrawn.
    pub role: Option<Role>,
    /// The release that the person signed, and its manifest.
    pub release: u32,
    pub manifest_sha256: String,
    /// Digest of the release's files of the year.
    pub year_digest: String,
    pub by: String,
    pub at: String,
    /// Empty for a signature, which needs no reason.
    pub why: String,
    /// The id of the signature that is withdrawn.
    pub withdraws: Option<u32>,
    /// `None` in records of the first format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// SHA-256 over all of the above and the seal of the record before.
    pub seal: String,
}

impl Record {
    /// Whether the name was checked against the bureau's list of persons.
    #[must_use]
    pub fn name_was_checked(&self) -> bool {
        self.origin.as_ref().is_some_and(|origin| origin.name_checked)
    }

    fn sealed_after(&self, before: &str) -> io::Result<String> {
        let open = Record { seal: before.to_owned(), ..self.clone() };
        Ok(files::sha256(&serde_json::to_vec(&open).map_err(io::Error::other)?))
    }
}

/// The state of a signature with respect to a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The release has the year as it was signed.
    Holds,
    /// The year has changed since.
    Lapsed,
    Withdrawn,
}

impl State {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            State::Holds => "holds",
            State::Lapsed => "lapsed",
            State::Withdrawn => "withdrawn",
        }
    }
}

/// Every record, oldest first.
///
/// # Errors
/// When one cannot be read, is damaged, or is of a newer format: none is skipped.
pub fn all(data: &DataRoot) -> Result<Vec<Record>, DecisionError> {
    let mut records: Vec<Record> = read_folder(&data.signatures(), FORMAT)?;
    records.sort_by_key(|record| record.id);
    Ok(records)
}

/// Adds a record under the next free number, with a seal over it and the one before. The lock must be held.
///
/// # Errors
/// When the file system fails.
pub fn add(data: &DataRoot, origin: &Origin, record: Record) -> Result<Record, DecisionError> {
    let all = all(data)?;
    let (id, before) = all.last().map_or((0, ""), |last| (last.id, last.seal.as_str()));
    let mut record =
        Record { format: FORMAT, id: id + 1, origin: Some(origin.clone()), seal: String::new(), ..record };
    record.seal = record
        .sealed_after(before)
        .map_err(|source| DecisionError::Io { path: data.signatures(), source })?;
    write_record(&data.signatures(), record.id, &record)?;
    Ok(record)
}

/// The signatures that were not withdrawn, oldest first.
fn not_withdrawn(all: &[Record]) -> impl Iterator<Item = &Record> {
    let withdrawn: BTreeSet<u32> = all.iter().filter_map(|record| record.withdraws).collect();
    all.iter().filter(move |record| record.act == Act::Sign && !withdrawn.contains(&record.id))
}

/// The signatures that hold for a year with this digest, by role.
#[must_use]
pub fn holding<'a>(all: &'a [Record], year: ReportYear, digest: &str) -> BTreeMap<Role, &'a Record> {
    let of_year =
        not_withdrawn(all).filter(|record| record.report_year == year && record.year_digest == digest);
    of_year.filter_map(|record| Some((record.role?, record))).collect()
}

/// Whether all three signed a year with this digest.
#[must_use]
pub fn is_signed(all: &[Record], year: ReportYear, digest: &str) -> bool {
    holding(all, year, digest).len() == Role::ALL.len()
}

/// The state of a signature when the year's digest is `digest`, or when there is no such year.
#[must_use]
pub fn state(record: &Record, all: &[Record], digest: Option<&str>) -> State {
    if all.iter().any(|other| other.withdraws == Some(record.id)) {
        State::Withdrawn
    } else if digest == Some(record.year_digest.as_str()) {
        State::Holds
    } else {
        State::Lapsed
    }
}

/// The frozen years, each with the record that froze it.
#[must_use]
pub fn frozen(all: &[Record]) -> BTreeMap<ReportYear, &Record> {
    let mut frozen = BTreeMap::new();
    for record in all {
        match record.act {
            Act::Freeze => {
                frozen.insert(record.report_year, record);
            }
            Act::Lift => {
                frozen.remove(&record.report_year);
            }
            Act::Sign | Act::Withdraw => {}
        }
    }
    frozen
}

/// The releases on which all three signed a year, whether the signatures hold or have lapsed: final
/// releases, which are kept for ever. Also the releases on which frozen years were frozen.
#[must_use]
pub fn final_releases(all: &[Record]) -> BTreeSet<u32> {
    let mut signed: BTreeMap<(ReportYear, &str), BTreeMap<Role, BTreeSet<u32>>> = BTreeMap::new();
    for record in not_withdrawn(all) {
        let roles = signed.entry((record.report_year, &record.year_digest)).or_default();
        if let Some(role) = record.role {
            roles.entry(role).or_default().insert(record.release);
        }
    }
    let complete = signed.into_values().filter(|roles| roles.len() == Role::ALL.len());
    let frozen = frozen(all).into_values().map(|record| record.release);
    complete.flat_map(BTreeMap::into_values).flatten().chain(frozen).collect()
}

/// Damage to the journal: a seal that does not fit, a missing number, a signature that does not
/// fit the release that it names, and a frozen year that has changed.
///
/// # Errors
/// When a record is of a newer format, or releases cannot be listed.
pub fn verify(data: &DataRoot) -> Result<Vec<Damage>, DecisionError> {
    let damage = |release: u32, id: u32, kind: &str, detail: String| Damage {
        release,
        path: shown_path(data, id),
        kind: kind.to_owned(),
        detail,
    };
    let all = match all(data) {
        Ok(all) => all,
        Err(error @ DecisionError::Newer { .. }) => return Err(error),
        Err(error) => return Ok(vec![damage(0, 0, "unreadable", error.to_string())]),
    };
    let mut damages = Vec::new();
    let mut before = "";
    for (expected, record) in (1..).zip(&all) {
        let path = record_path(&data.signatures(), record.id);
        let sealed = record.sealed_after(before).map_err(|source| DecisionError::Io { path, source })?;
        if record.id != expected {
            let detail = format!("record {expected} is not there");
            damages.push(damage(record.release, record.id, "changed", detail));
            break;
        }
        if sealed != record.seal {
            let detail = "its seal does not fit: it, or the record before it, was edited".to_owned();
            damages.push(damage(record.release, record.id, "changed", detail));
        }
        before = &record.seal;
    }
    for record in &all {
        // A removed or unreadable release proves nothing here; it is reported elsewhere.
        let Ok(manifest) = publish::read_manifest(data, record.release) else { continue };
        let manifest_sha256 = publish::manifest_sha256(data, record.release).unwrap_or_default();
        let same_year = manifest.year_digest(record.report_year).as_deref() == Some(&record.year_digest);
        if manifest_sha256 != record.manifest_sha256 || !same_year {
            let detail = format!("release {:06} is not what it names", record.release);
            damages.push(damage(record.release, record.id, "changed", detail));
        }
    }
    if let Ok(Some(current)) = publish::current(data) {
        for (year, record) in frozen(&all) {
            if current.year_digest(year).as_deref() != Some(&record.year_digest) {
                let detail = format!("{year} is frozen, and release {:06} has another", current.release);
                damages.push(damage(current.release, record.id, "changed", detail));
            }
        }
    }
    Ok(damages)
}

/// The path of a record below the data root; the folder's for 0.
fn shown_path(data: &DataRoot, id: u32) -> String {
    let folder = data.signatures();
    let path = if id == 0 { folder } else { record_path(&folder, id) };
    path.strip_prefix(data.path()).unwrap_or(&path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(act: Act, role: Option<Role>, by: &str, digest: &str, release: u32) -> Record {
        Record {
            format: 0,
            id: 0,
            act,
            report_year: 2024,
            role,
            release,
            manifest_sha256: String::new(),
            year_digest: digest.into(),
            by: by.into(),
            at: "2024-11-08T09:00:00+08:00".into(),
            why: String::new(),
            withdraws: None,
            origin: None,
            seal: String::new(),
        }
    }

    fn sign(role: Role, by: &str, digest: &str, release: u32) -> Record {
        record(Act::Sign, Some(role), by, digest, release)
    }

    fn journal(records: Vec<Record>) -> (tempfile::TempDir, DataRoot, Vec<Record>) {
        let folder = tempfile::tempdir().unwrap();
        let data = DataRoot::new(folder.path());
        let records =
            records.into_iter().map(|record| add(&data, &Origin::default(), record).unwrap()).collect();
        (folder, data, records)
    }

    #[test]
    fn three_signatures_hold_for_one_digest_until_one_is_withdrawn() {
        let (_folder, data, _) = journal(vec![
            sign(Role::Preparer, "李老师", "a", 3),
            sign(Role::Reviewer, "王科长", "a", 3),
            sign(Role::Responsible, "张局长", "a", 5),
            sign(Role::Preparer, "李老师", "b", 6),
        ]);
        let before = all(&data).unwrap();
        assert!(is_signed(&before, 2024, "a") && !is_signed(&before, 2024, "b"));
        assert!(!is_signed(&before, 2023, "a"));
        assert_eq!(final_releases(&before), BTreeSet::from([3, 5]));
        assert_eq!(state(&before[0], &before, Some("a")), State::Holds);
        assert_eq!(state(&before[0], &before, Some("b")), State::Lapsed);
        let back =
            Record { withdraws: Some(2), ..record(Act::Withdraw, Some(Role::Reviewer), "王", "a", 3) };
        add(&data, &Origin::default(), back).unwrap();
        let after = all(&data).unwrap();
        assert_eq!(holding(&after, 2024, "a").len(), 2);
        assert_eq!(state(&after[1], &after, Some("a")), State::Withdrawn);
        assert_eq!(final_releases(&after), BTreeSet::new());
    }

    #[test]
    fn a_year_is_frozen_until_that_is_lifted() {
        let (_folder, _, records) = journal(vec![
            record(Act::Freeze, None, "张局长", "a", 3),
            record(Act::Lift, None, "张局长", "a", 3),
            record(Act::Freeze, None, "张局长", "b", 4),
        ]);
        assert_eq!(frozen(&records[..1]).len(), 1);
        assert_eq!(frozen(&records[..2]).len(), 0);
        assert_eq!(frozen(&records)[&2024].release, 4);
    }

    #[test]
    fn an_edited_or_removed_record_is_found() {
        let records = || (1..=3).map(|release| sign(Role::Preparer, "李老师", "a", release)).collect();
        let (_folder, data, _) = journal(records());
        assert_eq!(verify(&data).unwrap(), []);
        let path = record_path(&data.signatures(), 2);
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, whole.replace("李老师", "李主任")).unwrap();
        let found = verify(&data).unwrap();
        assert_eq!((found.len(), found[0].path.as_str()), (1, "ledger/signatures/000002.json"));
        std::fs::remove_file(&path).unwrap();
        assert!(verify(&data).unwrap()[0].detail.contains("record 2 is not there"));
        std::fs::write(&path, "{").unwrap();
        assert_eq!(verify(&data).unwrap()[0].kind, "unreadable");
        std::fs::write(&path, r#"{"format": 3}"#).unwrap();
        assert!(matches!(verify(&data), Err(DecisionError::Newer { .. })));
    }
}
