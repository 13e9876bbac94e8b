//! A delivered file → a fragment: its typed rows as Parquet, and its findings.
//!
//! A fragment is keyed by what decides it: the bytes, the contract, the program, the pseudonym key
//! and what persons said about its rows. A file that was already normalised is not read again.
//!
//! Corrected cells replace the delivered ones between decoding and normalising: the row is read by
//! the same contract as its neighbours, keeps its place, and is counted once.

pub mod contents;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use parquet::errors::ParquetError;
use serde::{Deserialize, Serialize};

use crate::decisions::corrections::{self, FileCorrections, FileKey};
use crate::decode::worker::{self, Death, Decoder, Limits, WorkerError};
use crate::decode::{self, DecodeError, Event, Format, Limit, Row};
use crate::definitions::Definitions;
use crate::definitions::contract::{Dataset, Shape};
use crate::definitions::layout::Layout;
use crate::delivery::RowCounts;
use crate::finding::{self, Finding, Findings, RowAnswers, Rule};
use crate::normalise::binding::{self, BindError};
use crate::normalise::form::FormNormaliser;
use crate::normalise::identity::PseudonymKey;
use crate::normalise::rows::RowsNormaliser;
use crate::normalise::{Context, Normalised, Unusable};
use crate::period::ReportYear;
use crate::personal;
use crate::position::{Place, column_letters, redact};
use crate::sources::bundle::{Bundle, BundleError, ENTRIES_MAX, RATIO_MAX};
use crate::sources::drop_folder;
use crate::tables::parquet_file::{self, TableBytes, TableFileError};
use crate::warehouse::files::{self, Access};
use crate::warehouse::layout::DataRoot;
use contents::Contents;

/// Must change when the same file would give other rows: it is part of every fragment's key.
pub const INTAKE_VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "/8");

/// What intake needs besides the file.
#[derive(Debug, Clone, Copy)]
pub struct Intake<'a> {
    pub data: &'a DataRoot,
    pub definitions: &'a Definitions,
    pub context: Context<'a>,
    /// What persons said about single rows, by delivery.
    pub corrections: &'a BTreeMap<FileKey, FileCorrections>,
    /// The most bytes that a member of a bundle may have: as many as a file.
    pub member_max: u64,
    /// The most bytes that a bundle may unpack to.
    pub unpacked_max: u64,
}

/// A file to take in: its place in the drop folder, and its bytes.
#[derive(Debug, Clone, Copy)]
pub struct DeliveredFile<'a> {
    pub label: &'a str,
    pub year: Option<ReportYear>,
    pub dataset: &'a str,
    /// SHA-256 of `bytes`.
    pub sha256: &'a str,
    /// SHA-256 of the file as dropped: of the bundle, for a member.
    pub landing: &'a str,
    pub bytes: &'a [u8],
}

/// A file that was taken in, and its outcome.
#[derive(Debug, Clone)]
pub struct IntakeResult {
    pub label: String,
    pub year: ReportYear,
    pub dataset: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// SHA-256 of the file as dropped: of the bundle, for a member.
    pub landing: String,
    pub outcome: Outcome,
    /// The failure may not be the file's own fault: the next run tries the same file again.
    pub try_again: bool,
}

#[derive(Debug, Clone)]
pub enum Outcome {
    Normalised(Box<Fragment>),
    Rejected(Box<Finding>),
}

/// A normalised file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fragment {
    pub key: String,
    pub format: Format,
    pub encoding: String,
    pub counts: RowCounts,
    /// The quarantined rows that a named person gave up.
    #[serde(default)]
    pub given_up: u64,
    /// Rows of the table by school.
    pub schools: BTreeMap<String, u64>,
    /// Independent of the order of rows; empty for forms. Equal digests mean the same rows.
    pub rows_digest: String,
    /// Of each school: what its rows say, whatever their order and spelling.
    #[serde(default)]
    pub contents: BTreeMap<String, String>,
    rows_sha256: String,
    rejects_sha256: String,
    people_sha256: String,
    /// Without the label of the file, which may be renamed.
    pub findings: Vec<Finding>,
}

#[cfg(test)]
impl Fragment {
    /// A fragment with so many rows of each school, all of them loaded.
    #[must_use]
    pub fn of_schools<const N: usize>(rows: [(&str, u64); N]) -> Self {
        let loaded = rows.iter().map(|(_, rows)| rows).sum();
        Fragment {
            key: String::new(),
            format: Format::Text,
            encoding: String::new(),
            counts: RowCounts { physical: loaded, loaded, ..RowCounts::default() },
            given_up: 0,
            schools: rows.map(|(school, rows)| (school.to_owned(), rows)).into(),
            rows_digest: String::new(),
            contents: BTreeMap::new(),
            rows_sha256: String::new(),
            rejects_sha256: String::new(),
            people_sha256: String::new(),
            findings: Vec::new(),
        }
    }
}

/// A failure of the machine: never bad data.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    #[error("`{}`: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Table(#[from] TableFileError),
    #[error("a normalised batch does not fit its schema: {0}")]
    Batch(#[from] ArrowError),
    #[error("a normalised batch cannot be written: {0}")]
    Written(#[from] ParquetError),
    #[error(transparent)]
    Worker(#[from] WorkerError),
    #[error("a record does not serialise: {0}")]
    Record(#[from] serde_json::Error),
}

/// Takes in a dropped file; a bundle gives a result for each member.
///
/// # Errors
/// Only when something cannot be written; any fault of the file is an [`Outcome`].
pub fn take_in(
    intake: Intake<'_>,
    decoder: &mut Decoder,
    delivered: DeliveredFile<'_>,
) -> Result<Vec<IntakeResult>, IntakeError> {
    if decode::sniff::sniff(delivered.bytes) != Ok(Format::Zip) {
        return Ok(vec![take_in_one(intake, decoder, delivered)?]);
    }
    let rejected = |rule: &Rule, detail: &str| {
        Ok(vec![intake_result(delivered, Outcome::Rejected(Box::new(file_finding(delivered, rule, detail))))])
    };
    let limits = decoder.limits();
    let fault = |error: BundleError| decode_fault(DecodeError::from(error), limits);
    let mut bundle = match Bundle::open(delivered.bytes, intake.unpacked_max) {
        Ok(bundle) => bundle,
        Err(error) => {
            let Fault { rule, detail, .. } = fault(error);
            return rejected(rule, &detail);
        }
    };
    if bundle.is_empty() {
        return rejected(finding::FILE_EMPTY, "压缩包里没有文件");
    }
    let mut results = Vec::new();
    for member in bundle.members(intake.member_max) {
        let member = match member {
            Ok(member) => member,
            // The bundle unpacked a moment ago, and no longer does: none of it is used.
            Err(error) => {
                let Fault { rule, detail, .. } = fault(error);
                return rejected(rule, &detail);
            }
        };
        let name = drop_folder::without_numbers(&member.name, &|name| intake.context.key.label(name));
        let label = format!("{}!{name}", delivered.label);
        let bytes = member.bytes.as_deref().unwrap_or(b"");
        let sha256 = files::sha256(bytes);
        let delivered = DeliveredFile { label: &label, sha256: &sha256, bytes, ..delivered };
        results.push(if member.too_large {
            let detail = too_large_words(bytes.len() as u64, intake.member_max);
            let finding = file_finding(delivered, finding::FILE_LIMIT, &detail);
            intake_result(delivered, Outcome::Rejected(Box::new(finding)))
        } else if member.bytes.is_some() {
            take_in_one(intake, decoder, delivered)?
        } else {
            let finding = file_finding(delivered, finding::FILE_FORMAT, "链接，不是文件");
            intake_result(delivered, Outcome::Rejected(Box::new(finding)))
        });
    }
    Ok(results)
}

fn intake_result(delivered: DeliveredFile<'_>, outcome: Outcome) -> IntakeResult {
    IntakeResult {
        label: delivered.label.to_owned(),
        year: delivered.year.unwrap_or_default(),
        dataset: delivered.dataset.to_owned(),
        sha256: delivered.sha256.to_owned(),
        landing: delivered.landing.to_owned(),
        outcome,
        try_again: false,
    }
}

fn file_finding(delivered: DeliveredFile<'_>, rule: &Rule, detail: &str) -> Finding {
    let place = Place { file: delivered.label.to_owned(), ..Place::default() };
    Finding::new(rule, delivered.year.unwrap_or_default(), delivered.dataset, detail).at(place)
}

fn take_in_one(
    intake: Intake<'_>,
    decoder: &mut Decoder,
    delivered: DeliveredFile<'_>,
) -> Result<IntakeResult, IntakeError> {
    let reject = |rule: &Rule, detail: &str| {
        intake_result(delivered, Outcome::Rejected(Box::new(file_finding(delivered, rule, detail))))
    };
    let Some(year) = delivered.year else {
        return Ok(reject(finding::FOLDER_WRONG, "应放在 <年份>/<数据集>/ 之下"));
    };
    let definitions = intake.definitions;
    let Some(dataset) = definitions.dataset(delivered.dataset) else {
        let known: Vec<_> = definitions.datasets.iter().map(|dataset| dataset.dataset.as_str()).collect();
        return Ok(reject(finding::FOLDER_WRONG, &format!("数据集文件夹应为 {} 之一", known.join("、"))));
    };
    let sha256 = delivered.sha256;
    let corrections = intake.corrections.get(&(year, dataset.dataset.clone(), sha256.to_owned()));
    let key = fragment_key(intake, dataset, year, sha256, corrections);
    if let Some(fragment) = known_fragment(intake.data, &key) {
        return Ok(intake_result(delivered, Outcome::Normalised(Box::new(fragment))));
    }
    let content = match read(intake, decoder, (dataset, year, sha256), corrections, delivered.bytes)? {
        Ok(content) => content,
        Err(Fault { rule, detail, try_again }) => {
            return Ok(IntakeResult { try_again, ..reject(rule, &detail) });
        }
    };
    let fragment = keep(intake.data, key, content)?;
    Ok(intake_result(delivered, Outcome::Normalised(Box::new(fragment))))
}

fn fragment_key(
    intake: Intake<'_>,
    dataset: &Dataset,
    year: ReportYear,
    sha256: &str,
    corrections: Option<&FileCorrections>,
) -> String {
    let parts = [
        sha256,
        &dataset.dataset,
        &year.to_string(),
        &intake.definitions.contract_digest(dataset, year),
        INTAKE_VERSION,
        &intake.context.key.check_value(),
        intake.context.city_code,
        intake.context.residual_code,
        corrections.map_or("", |corrections| &corrections.digest),
    ];
    files::sha256(parts.join("|").as_bytes())
}

/// The fragment of an earlier run, if all its files match its description.
fn known_fragment(data: &DataRoot, key: &str) -> Option<Fragment> {
    let folder = data.fragment(key);
    let fragment: Fragment = serde_json::from_slice(&fs::read(folder.join("fragment.json")).ok()?).ok()?;
    let whole = fragment
        .files(data)
        .into_iter()
        .all(|(path, sha256)| sha256.is_empty() || files::sha256_of_file(&path).is_ok_and(|is| is == sha256));
    whole.then_some(fragment)
}

impl Fragment {
    /// The fragment's files and their hashes; an empty hash for a file that it does not have.
    fn files(&self, data: &DataRoot) -> [(PathBuf, &str); 3] {
        [
            (data.fragment(&self.key).join("rows.parquet"), self.rows_sha256.as_str()),
            (data.rejects(&self.key), &self.rejects_sha256),
            (data.people(&self.key), &self.people_sha256),
        ]
    }
}

/// A fault of a file as a whole.
#[derive(Debug)]
struct Fault {
    rule: &'static Rule,
    detail: String,
    /// The system stopped the reader: another attempt may succeed.
    try_again: bool,
}

impl Fault {
    fn new(rule: &'static Rule, detail: impl Into<String>) -> Self {
        Fault { rule, detail: detail.into(), try_again: false }
    }
}

/// A file that was read to its end.
struct FileContent {
    /// Without rows, which are in `parts`.
    normalised: Normalised,
    decoded: decode::Decoded,
    parts: Parts,
}

/// The rows of a file as a table.
struct Rows {
    bytes: Vec<u8>,
    schools: BTreeMap<String, u64>,
    digest: String,
    contents: BTreeMap<String, String>,
}

/// The rows of a file, written batch by batch, with their schools and digest.
#[derive(Default)]
struct Parts {
    written: Option<TableBytes>,
    schools: BTreeMap<String, u64>,
    /// The sum of all rows' digests, which does not depend on their order, and the number of rows.
    digests: (u128, u64),
    contents: Contents,
    failed: Option<IntakeError>,
}

impl Parts {
    /// Takes a batch that is ready. A failure is kept until the end: a decoder cannot be asked to stop.
    fn take(&mut self, ready: Result<Option<RecordBatch>, ArrowError>) {
        let added = match ready {
            Ok(None) => return,
            Ok(Some(batch)) => self.add(&batch),
            Err(error) => Err(error.into()),
        };
        if let Err(error) = added {
            self.failed.get_or_insert(error);
        }
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<(), IntakeError> {
        for row in 0..batch.num_rows() {
            *self.schools.entry(parquet_file::text_at(batch, "school_code", row)).or_default() += 1;
        }
        if batch.column_by_name("row_digest").is_some() {
            for row in 0..batch.num_rows() {
                let digest = u128::from_str_radix(&parquet_file::text_at(batch, "row_digest", row), 16);
                self.digests.0 = self.digests.0.wrapping_add(digest.unwrap_or_default());
                self.digests.1 += 1;
            }
        }
        self.contents.add(batch)?;
        let written = match &mut self.written {
            Some(written) => written,
            none => none.insert(TableBytes::new(batch.schema())?),
        };
        Ok(written.write(batch)?)
    }

    /// The bytes of the table, its rows by school, and a digest that ignores their order: empty for forms.
    fn finish(self) -> Result<Rows, IntakeError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let (sum, rows) = self.digests;
        let digest =
            if rows == 0 { String::new() } else { files::sha256(format!("{rows} {sum:032x}").as_bytes()) };
        let bytes = self.written.map(TableBytes::finish).transpose()?.unwrap_or_default();
        Ok(Rows { bytes, schools: self.schools, digest, contents: self.contents.finish() })
    }
}

/// Decodes and normalises; a fault of the file as a whole is a [`Fault`].
fn read(
    intake: Intake<'_>,
    reader: &mut Decoder,
    (dataset, year, sha256): (&Dataset, ReportYear, &str),
    corrections: Option<&FileCorrections>,
    bytes: &[u8],
) -> Result<Result<FileContent, Fault>, IntakeError> {
    let no_contract = || Ok(Err(Fault::new(finding::FILE_PERIOD, format!("没有 {year} 年的数据约定"))));
    let Some(version) = dataset.version(year) else { return no_contract() };
    let key = intake.context.key;
    let no_answers = RowAnswers::default();
    let answers = corrections.map_or(&no_answers, |corrections| &corrections.answers);
    let (decoded, finished, mut parts, corrector) = match dataset.shape {
        Shape::Rows => {
            let new = || {
                let rows = RowsNormaliser::new(intake.context, dataset, version, year, sha256);
                (rows.answered(answers), Parts::default(), Corrector::new(corrections))
            };
            let take = |(rows, parts, corrector): &mut (RowsNormaliser<'_>, Parts, Corrector<'_>),
                        event: &Event<'_>| {
                corrector.hand_on(event, |event| rows.event(event));
                parts.take(rows.ready());
            };
            let ((rows, parts, corrector), decoded) = decode_into(reader, bytes, key, new, take)?;
            match decoded {
                Ok(decoded) => (decoded, rows.finish()?, parts, corrector),
                Err(error) => return Ok(Err(decode_fault(error, reader.limits()))),
            }
        }
        Shape::Form => {
            let layout: Option<&Layout> = intake.definitions.layout(year);
            let Some(layout) = layout else { return no_contract() };
            let new = || {
                let form = FormNormaliser::new(layout, &dataset.dataset, sha256);
                (form.answered(answers), Corrector::new(corrections))
            };
            let take = |(form, corrector): &mut (FormNormaliser<'_>, Corrector<'_>), event: &Event<'_>| {
                corrector.hand_on(event, |event| form.event(event));
            };
            let ((form, corrector), decoded) = decode_into(reader, bytes, key, new, take)?;
            match decoded {
                Ok(decoded) => (decoded, form.finish()?, Parts::default(), corrector),
                Err(error) => return Ok(Err(decode_fault(error, reader.limits()))),
            }
        }
    };
    Ok(match finished {
        Ok(mut normalised) => {
            for note in &decoded.notes {
                let Some(rule) = finding::rule(&note.rule) else { continue };
                let place = Place { sheet: note.sheet.clone(), row: note.row, ..Place::default() };
                let finding = Finding::new(rule, year, &dataset.dataset, &note.detail).at(place);
                normalised.findings.push(finding);
            }
            normalised.findings.extend(corrector.findings(dataset, year, &normalised));
            parts.take(Ok(Some(std::mem::replace(
                &mut normalised.rows,
                RecordBatch::new_empty(Arc::new(Schema::empty())),
            ))));
            Ok(FileContent { normalised, decoded, parts })
        }
        // A file that was cut short may have nothing left that could be used.
        Err(_) if decoded.notes.iter().any(|note| note.rule == finding::FILE_TRUNCATED.id) => {
            Err(Fault::new(finding::FILE_TRUNCATED, ""))
        }
        Err(unusable) => Err(unusable_fault(intake.definitions, dataset, year, unusable)),
    })
}

/// Puts corrected cells in their rows on the way to the normaliser.
struct Corrector<'a> {
    corrections: Option<&'a FileCorrections>,
    sheet: String,
    /// Rows that were the same as when they were corrected.
    corrected: BTreeSet<(String, u32)>,
}

impl<'a> Corrector<'a> {
    fn new(corrections: Option<&'a FileCorrections>) -> Self {
        Corrector {
            corrections: corrections.filter(|corrections| !corrections.rows.is_empty()),
            sheet: String::new(),
            corrected: BTreeSet::new(),
        }
    }

    fn hand_on(&mut self, event: &Event<'_>, mut each: impl FnMut(&Event<'_>)) {
        let Some(corrections) = self.corrections else { return each(event) };
        match event {
            Event::Sheet(name) => (*name).clone_into(&mut self.sheet),
            Event::Row(row) => {
                let place = (self.sheet.clone(), row.number);
                let corrected = corrections
                    .rows
                    .get(&place)
                    .and_then(|correction| corrections::mended(row, &correction.changes));
                if let Some(corrected) = corrected {
                    self.corrected.insert(place);
                    return each(&Event::Row(&corrected));
                }
            }
            Event::BadRow { .. } => {}
        }
        each(event);
    }

    /// Corrected rows that are used, and corrections that no longer fit their rows. A row that is still
    /// kept out has a finding of its own.
    fn findings(&self, dataset: &Dataset, year: ReportYear, normalised: &Normalised) -> Vec<Finding> {
        let Some(corrections) = self.corrections else { return Vec::new() };
        let out = normalised.rejects.places();
        let mut findings = Findings::default();
        for (at, correction) in &corrections.rows {
            let rule = match (self.corrected.contains(at), out.contains(at)) {
                (true, true) => continue,
                (true, false) => finding::ROW_CORRECTED,
                (false, _) => finding::CORRECTION_UNFIT,
            };
            let place = Place { sheet: at.0.clone(), row: at.1, ..Place::default() };
            let mut finding =
                Finding::new(rule, year, &dataset.dataset, "").at(place).of_school(&correction.school_code);
            finding.message += &correction.words;
            findings.push(finding);
        }
        findings.finish()
    }
}

/// Decodes into a new normaliser. A worker may have been killed because of another process: the file is
/// then tried once more, and everything read so far is thrown away.
fn decode_into<N>(
    reader: &mut Decoder,
    bytes: &[u8],
    key: &PseudonymKey,
    new: impl Fn() -> N,
    take: impl Fn(&mut N, &Event<'_>),
) -> Result<(N, Result<decode::Decoded, DecodeError>), IntakeError> {
    let mut attempt = || -> Result<_, IntakeError> {
        let mut normaliser = new();
        let mut decoded = reader.decode(bytes, &mut |event| match event {
            // From here on a sheet has only its redacted name.
            Event::Sheet(name) => take(&mut normaliser, &Event::Sheet(&sheet_name(name, key))),
            event => take(&mut normaliser, &event),
        })?;
        for note in decoded.iter_mut().flat_map(|decoded| &mut decoded.notes) {
            note.sheet = sheet_name(&note.sheet, key);
        }
        Ok((normaliser, decoded))
    };
    match attempt()? {
        (_, Err(DecodeError::ReaderDied(Death::Killed))) => attempt(),
        done => Ok(done),
    }
}

/// A sheet's name without the numbers of persons in it, distinct from others.
fn sheet_name(name: &str, key: &PseudonymKey) -> String {
    personal::redacted_apart(name, &|name| key.label(name))
}

fn decode_fault(error: DecodeError, limits: Limits) -> Fault {
    let rule = match &error {
        DecodeError::Empty => finding::FILE_EMPTY,
        DecodeError::UnknownFormat(_) | DecodeError::Noise => finding::FILE_FORMAT,
        DecodeError::Damaged(_) | DecodeError::Cell { .. } | DecodeError::Syntax { .. } => {
            finding::FILE_DAMAGED
        }
        DecodeError::NotData => finding::FILE_NOT_DATA,
        DecodeError::Truncated(_) => finding::FILE_TRUNCATED,
        DecodeError::Limit(_) => finding::FILE_LIMIT,
        DecodeError::ReaderDied(_) => finding::FILE_PARSER_DIED,
        DecodeError::NoRows => finding::FILE_NO_ROWS,
        DecodeError::Encoding(_) => finding::FILE_ENCODING,
        DecodeError::OtherEncoding(_) => finding::FILE_ENCODING_OTHER,
        DecodeError::Dialect => finding::FILE_DIALECT,
        DecodeError::Encrypted => finding::FILE_ENCRYPTED,
        DecodeError::Protected => finding::FILE_PROTECTED,
        DecodeError::SheetTwice(_) => finding::SHEET_TWICE,
        DecodeError::Ratio => finding::FILE_RATIO,
        DecodeError::Checksum => finding::FILE_CHECKSUM,
        DecodeError::Twice => finding::FILE_ENTRY_TWICE,
        DecodeError::Grid => finding::FILE_GRID,
        DecodeError::Workbook(_) => finding::FILE_WORKBOOK_LIMIT,
        DecodeError::Entities => finding::FILE_ENTITIES,
    };
    let try_again = matches!(error, DecodeError::ReaderDied(Death::Killed));
    // A parser's message may quote the file: only this program's own words are shown.
    let detail = match error {
        DecodeError::UnknownFormat(name) | DecodeError::Encoding(name) | DecodeError::OtherEncoding(name) => {
            name
        }
        DecodeError::Cell { sheet, row, column } => {
            let after = column_letters(column);
            format!("工作表“{}”中 {after}{row} 之后的一个单元格", redact(&sheet))
        }
        DecodeError::Syntax { line, column } => format!("第 {line} 行第 {column} 个字符处"),
        DecodeError::ReaderDied(death) => death_words(death, limits),
        DecodeError::Noise => {
            "内容像是经过加密（如防泄密软件）或压缩，请在报送单位的电脑上解密、解压后再报送".to_owned()
        }
        DecodeError::Limit(limit) => limit_words(limit),
        DecodeError::Ratio => format!("超过压缩后大小的 {RATIO_MAX} 倍"),
        _ => String::new(),
    };
    Fault { rule, detail, try_again }
}

fn death_words(death: Death, limits: Limits) -> String {
    match death {
        Death::Aborted => {
            format!("所需内存超出上限 {} MB（设置项 decode_memory_max_mb）", limits.memory_mb)
        }
        Death::Time => {
            format!("所需时间超出上限 {} 秒（设置项 decode_cpu_max_seconds）", limits.cpu_seconds)
        }
        Death::Killed => "被系统终止".to_owned(),
        Death::Fault => "读取程序出错".to_owned(),
    }
}

fn limit_words(limit: Limit) -> String {
    match limit {
        Limit::Unpacked { size, most } => {
            format!("解压后 {}，上限 {}（设置项 unpacked_max_mb）", megabytes(size), megabytes(most))
        }
        Limit::Entries(count) => format!("压缩包内有 {count} 个文件，上限 {ENTRIES_MAX} 个"),
        Limit::Rows => format!("超过 {} 行", decode::ROWS_MAX),
        Limit::Columns => format!("一行超过 {} 列", decode::COLUMNS_MAX),
        Limit::Cell => format!("一个单元格或一行文字超过 {}", megabytes(decode::LINE_MAX as u64)),
        Limit::Row => format!("一行超过 {}", megabytes(worker::ROW_MAX as u64)),
        Limit::AllRows => format!("各行合计超过 {}", megabytes(worker::EVENTS_MAX)),
    }
}

/// A file that is larger than a file may be, in words.
#[must_use]
pub fn too_large_words(size: u64, most: u64) -> String {
    format!("文件 {}，上限 {}（设置项 file_size_max_mb）", megabytes(size), megabytes(most))
}

/// Rounded up, so that what is over a limit is seen to be.
fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1 << 20))
}

fn unusable_fault(
    definitions: &Definitions,
    dataset: &Dataset,
    year: ReportYear,
    unusable: Unusable,
) -> Fault {
    let (rule, detail) = match unusable {
        Unusable::Period => (finding::FILE_PERIOD, format!("应为 {year} 年")),
        Unusable::Mangled => (finding::FILE_IDS_MANGLED, String::new()),
        Unusable::Empty => (finding::FILE_NO_ROWS, String::new()),
        Unusable::Form(detail) => (finding::HEADER_UNKNOWN, detail),
        Unusable::Header { error, head } => {
            if let Some(other) = fitting_dataset(definitions, dataset, year, &head) {
                let detail = format!("表头像是“{}”，应放在 {year}/{}/", other.title_zh, other.dataset);
                return Fault::new(finding::FOLDER_WRONG, detail);
            }
            match error {
                BindError::Missing(titles) => (finding::HEADER_MISSING, titles.join("、")),
                BindError::Twice(title) => (finding::HEADER_TWICE, title),
                BindError::Unit(detail) => (finding::HEADER_UNIT, detail),
                // The texts of a row that is not a header may be personal data.
                BindError::NoHeader { .. } => (finding::HEADER_UNKNOWN, String::new()),
            }
        }
    };
    Fault::new(rule, detail)
}

/// The dataset whose header the rows have.
fn fitting_dataset<'a>(
    definitions: &'a Definitions,
    dataset: &Dataset,
    year: ReportYear,
    head: &[Row<'static>],
) -> Option<&'a Dataset> {
    definitions.datasets.iter().find(|other| {
        let version = other.version(year).filter(|_| other.shape == Shape::Rows);
        other.dataset != dataset.dataset
            && version
                .is_some_and(|version| binding::find_header(&other.in_year(year), version, head).is_ok())
    })
}

/// Writes the files of a fragment; its description, with their hashes, last.
fn keep(data: &DataRoot, key: String, content: FileContent) -> Result<Fragment, IntakeError> {
    let FileContent { normalised, decoded, parts } = content;
    let Rows { bytes: rows, schools, digest: rows_digest, contents } = parts.finish()?;
    let rejects = normalised.rejects.into_lines();
    let people = normalised.people.into_lines();
    let fragment = Fragment {
        format: decoded.format,
        encoding: decoded.encoding,
        counts: normalised.counts,
        given_up: normalised.given_up,
        schools,
        rows_digest,
        contents,
        rows_sha256: files::sha256(&rows),
        rejects_sha256: hash_of(&rejects),
        people_sha256: hash_of(&people),
        findings: normalised.findings,
        key,
    };
    for ((path, sha256), bytes) in fragment.files(data).into_iter().zip([&rows, &rejects, &people]) {
        if !sha256.is_empty() {
            write(&path, bytes)?;
        }
    }
    let path = data.fragment(&fragment.key).join("fragment.json");
    write(&path, &lines(std::slice::from_ref(&fragment))?)?;
    Ok(fragment)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), IntakeError> {
    files::write_derived(path, bytes, Access::Restricted)
        .map_err(|source| IntakeError::Io { path: path.to_owned(), source })
}

/// The hash of a file's bytes; empty for a file that is not written as it would be empty.
fn hash_of(bytes: &[u8]) -> String {
    if bytes.is_empty() { String::new() } else { files::sha256(bytes) }
}

/// Items as JSON, one a line.
fn lines<T: Serialize>(items: &[T]) -> Result<Vec<u8>, serde_json::Error> {
    let mut text = Vec::new();
    for item in items {
        serde_json::to_writer(&mut text, item)?;
        text.push(b'\n');
    }
    Ok(text)
}
