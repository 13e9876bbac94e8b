//! Decisions of named persons, kept apart from the data they are about.
//!
//! An override accepts what a rule holds back: it names the rule, the key (which delivery), the
//! value (the hash of its bytes), who decided, when and why. It holds for that value alone: when
//! the delivery changes, it no longer applies. Records are only ever added; withdrawing one is a
//! record of its own.
//!
//! A decision can also be about values ([`values`]): it sets one, or says why two of them differ;
//! about single rows of a delivery ([`corrections`]); or about a finding ([`findings`]): it says why
//! the doubted content is right. The people responsible for a year sign it ([`signatures`]).
//!
//! Each record has the account that it was made from beside the name ([`origin`]); names are checked against the
//! bureau's list of persons, where it keeps one ([`persons`]).

pub mod findings;

pub mod values;

pub mod corrections;

pub mod signatures;

pub mod spellings;

pub mod origin;

pub mod persons;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use self::origin::Origin;
use crate::finding;
use crate::period::ReportYear;
use crate::tables::decision::DecisionRow;
use crate::warehouse::files::{self, Access};
use crate::warehouse::layout::DataRoot;

/// Format of a record. A newer one is refused. 1 had no decisions about values, 2 none about rows and
/// findings, 3 no origin.
const FORMAT: u32 = 4;

/// A decision, as kept in `ledger/overrides/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    pub format: u32,
    pub id: u32,
    pub report_year: ReportYear,
    /// Id of the rule whose finding it answers.
    pub rule: String,
    /// The subject: `2024/students/甲.xlsx`, or the place of a value.
    pub key: String,
    /// SHA-256 of the delivery it is about; the value that is set; the two values that differ.
    pub value: String,
    pub who: String,
    pub when: String,
    pub reason: String,
    /// The id of an earlier record that this one withdraws.
    pub withdraws: Option<u32>,
    /// The values it is about; `None` for a decision about a delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<values::About>,
    /// The row it is about; `None` for a decision about a whole delivery or a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction: Option<corrections::Correction>,
    /// `None` in records of earlier formats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

#[derive(Debug, thiserror::Error)]
pub enum DecisionError {
    #[error("`{}`: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("`{}` does not parse: {message}", path.display())]
    Damaged { path: PathBuf, message: String },
    #[error("`{}` is of format {found}; this program reads up to {known}", path.display())]
    Newer { path: PathBuf, found: u32, known: u32 },
}

impl From<&Override> for DecisionRow {
    fn from(decision: &Override) -> Self {
        let about = decision.about.as_ref();
        let correction = decision.correction.as_ref();
        let school =
            about.map(|about| &about.school_code).or(correction.map(|correction| &correction.school_code));
        let of_values = about.filter(|about| about.relation.is_empty());
        let under = of_values.and_then(|about| about.under.iter().next());
        // A decision about a finding is about several figures, each by its name.
        let figures = about.filter(|about| !about.relation.is_empty()).map(|about| {
            let each = about.under.iter().map(|(name, printed)| format!("{name} {printed}"));
            each.collect::<Vec<_>>().join("；")
        });
        DecisionRow {
            report_year: decision.report_year,
            rule: decision.rule.clone(),
            key: decision.key.clone(),
            value: decision.value.clone(),
            decided_by: decision.who.clone(),
            decided_at: decision.when.clone(),
            reason: decision.reason.clone(),
            indicator_id: about.map_or_else(String::new, |about| about.indicator_id.clone()),
            school_code: school.cloned().unwrap_or_default(),
            stands_for: under.map_or_else(String::new, |(basis, _)| basis.clone()),
            value_under: figures.or(under.map(|(_, value)| value.clone())).unwrap_or_default(),
            decision: Some(decision.id),
            case_id: correction.map_or_else(String::new, |correction| correction.case.clone()),
        }
    }
}

/// Every record, oldest first.
///
/// # Errors
/// When one cannot be read, is damaged, or is of a newer format: a decision is never skipped.
pub fn all(data: &DataRoot) -> Result<Vec<Override>, DecisionError> {
    let mut records: Vec<Override> = read_folder(&data.overrides(), FORMAT)?;
    records.sort_by_key(|record| record.id);
    for record in &mut records {
        record.rule = finding::current_id(&record.rule).to_owned();
        if let Some(correction) = &mut record.correction {
            correction.rule = finding::current_id(&correction.rule).to_owned();
        }
    }
    Ok(records)
}

/// Every record of a folder, in no particular order.
fn read_folder<T: DeserializeOwned>(folder: &Path, known: u32) -> Result<Vec<T>, DecisionError> {
    #[derive(Deserialize)]
    struct Versioned {
        format: u32,
    }
    let io_error = |path: &Path| {
        let path = path.to_owned();
        move |source| DecisionError::Io { path, source }
    };
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut records = Vec::new();
    for entry in fs::read_dir(folder).map_err(io_error(folder))? {
        let path = entry.map_err(io_error(folder))?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let bytes = fs::read(&path).map_err(io_error(&path))?;
        let damaged = |error: serde_json::Error| DecisionError::Damaged {
            path: path.clone(),
            message: error.to_string(),
        };
        let Versioned { format } = serde_json::from_slice(&bytes).map_err(damaged)?;
        if format > known {
            return Err(DecisionError::Newer { path, found: format, known });
        }
        records.push(serde_json::from_slice(&bytes).map_err(damaged)?);
    }
    Ok(records)
}

/// Writes the record with the number `id`, durably.
fn write_record<T: Serialize>(folder: &Path, id: u32, record: &T) -> Result<(), DecisionError> {
    let path = record_path(folder, id);
    let json = serde_json::to_vec_pretty(record).map_err(io::Error::other);
    json.and_then(|json| files::write_whole(&path, &json, Access::Open))
        .map_err(|source| DecisionError::Io { path, source })
}

fn record_path(folder: &Path, id: u32) -> PathBuf {
    folder.join(format!("{id:06}.json"))
}

/// The decisions that were not withdrawn, without the withdrawals themselves.
#[must_use]
pub fn not_withdrawn(all: &[Override]) -> Vec<&Override> {
    let withdrawn: Vec<u32> = all.iter().filter_map(|record| record.withdraws).collect();
    all.iter().filter(|record| record.withdraws.is_none() && !withdrawn.contains(&record.id)).collect()
}

/// Adds a record under the next free number, and returns it.
///
/// # Errors
/// When the file system fails.
pub fn add(data: &DataRoot, origin: &Origin, record: Override) -> Result<Override, DecisionError> {
    let added = add_all(data, origin, vec![record])?;
    added.into_iter().next().ok_or_else(|| DecisionError::Io {
        path: data.overrides(),
        source: io::Error::other("nothing was recorded"),
    })
}

/// Adds records under the next free numbers, in their order. When one fails, those before it stay.
///
/// # Errors
/// When the file system fails.
pub fn add_all(
    data: &DataRoot,
    origin: &Origin,
    mut records: Vec<Override>,
) -> Result<Vec<Override>, DecisionError> {
    let last = all(data)?.last().map_or(0, |last| last.id);
    for (id, record) in (last + 1..).zip(&mut records) {
        record.format = FORMAT;
        record.id = id;
        record.origin = Some(origin.clone());
        write_record(&data.overrides(), id, record)?;
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(rule: &str) -> Override {
        Override {
            format: 0,
            id: 0,
            report_year: 2024,
            rule: rule.to_owned(),
            key: "2024/students/a.csv".into(),
            value: "ab".repeat(32),
            who: "王科长".into(),
            when: "2024-10-08T09:00:00+08:00".into(),
            reason: "学校合并".into(),
            withdraws: None,
            about: None,
            correction: None,
            origin: None,
        }
    }

    #[test]
    fn a_withdrawn_decision_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataRoot::new(folder.path());
        assert_eq!(all(&data).unwrap(), []);
        let first = add(&data, &Origin::default(), record("E-VOLUME")).unwrap();
        let second = add(&data, &Origin::default(), record("E-TRUNC")).unwrap();
        add(&data, &Origin::default(), Override { withdraws: Some(first.id), ..record("E-VOLUME") }).unwrap();
        let records = all(&data).unwrap();
        assert_eq!(records.len(), 3);
        assert_eq!(not_withdrawn(&records), [&second]);
    }

    #[test]
    fn a_record_of_the_first_format_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataRoot::new(folder.path());
        let text = r#"{"format": 1, "id": 1, "report_year": 2024, "rule": "E-VOLUME", "key": "2024/students/a.csv",
            "value": "ab", "who": "王科长", "when": "2024-10-08T09:00:00+08:00", "reason": "合并", "withdraws": null}"#;
        files::write_whole(&data.overrides().join("000001.json"), text.as_bytes(), Access::Open).unwrap();
        let first = &all(&data).unwrap()[0];
        assert_eq!((&first.about, &first.origin), (&None, &None));
        assert_eq!(add(&data, &Origin::default(), record("E-TRUNC")).unwrap().id, 2);
    }

    #[test]
    fn a_record_of_a_rule_by_its_former_id_is_of_the_rule() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataRoot::new(folder.path());
        add(&data, &Origin::default(), record("W-ROWLIMIT")).unwrap();
        assert_eq!(all(&data).unwrap()[0].rule, finding::ROW_LIMIT.id);
        assert_eq!(finding::rule("Q-SCHOOL-UNKNOWN"), Some(finding::SCHOOL_UNKNOWN));
    }

    #[test]
    fn a_newer_or_damaged_record_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataRoot::new(folder.path());
        let path = data.overrides().join("000001.json");
        for (text, newer) in [(r#"{"format": 5}"#, true), ("{\"format\": 1,", false)] {
            files::write_whole(&path, text.as_bytes(), Access::Open).unwrap();
            let error = all(&data).unwrap_err();
            assert_eq!(matches!(error, DecisionError::Newer { .. }), newer, "{error}");
        }
    }
}
