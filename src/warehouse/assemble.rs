//! Fragments of one dataset and year → its table: duplicates out, who counts decided.
//!
//! Polars evaluates the conditions of the contract, on the different combinations of what they look
//! at; what rows have to do with each other (the same row twice, one person in two rows) is decided on
//! numbers that stand for their texts. The rows themselves go from Parquet to Parquet as Arrow batches.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, BooleanBuilder, RecordBatch, StringArray, StringBuilder,
};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Int32Type, SchemaRef};
use arrow::error::ArrowError;
use polars::prelude::{DataFrame, DataType, Expr, IntoLazy, PolarsError, lit, when};
use sha2::{Digest, Sha256};

use crate::definitions::contract::fields::{STAGING_FIELDS, staged_fields};
use crate::definitions::contract::{Dataset, Shape};
use crate::definitions::predicate::Condition;
use crate::figures::combinations::{Combinations, TableError};
use crate::normalise::form;
use crate::tables::column::{FieldKind, FieldSpec, schema};
use crate::tables::parquet_file::{self, TableWriter};

/// What becomes of a staged row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    Counted,
    /// Its own columns say so: on leave, left, closed.
    NotCounted,
    /// The same person counts at another school.
    OtherSchool,
    /// The same person counts in another row of the school.
    Repeated,
    /// The very same row, delivered twice.
    Duplicate,
    /// One number, two names, one school: nobody can tell whose it is.
    SharedId,
    /// Of a school whose rows of this delivery do not count.
    SetAside,
}

impl Decision {
    /// Why a row of the table does not count; `None` when it does, or is not in the table.
    fn reason(self) -> Option<&'static str> {
        match self {
            Decision::NotCounted => Some("status"),
            Decision::OtherSchool => Some("counted_at_other_school"),
            Decision::Repeated => Some("counted_in_other_row"),
            Decision::Counted | Decision::Duplicate | Decision::SharedId | Decision::SetAside => None,
        }
    }

    fn in_table(self) -> bool {
        !matches!(self, Decision::Duplicate | Decision::SharedId | Decision::SetAside)
    }
}

/// A fragment, and whose rows of it count.
#[derive(Debug)]
pub struct Source {
    pub path: PathBuf,
    pub rows: u64,
    pub schools: BTreeSet<String>,
}

/// A staged row that somebody must hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowOut {
    pub decision: Decision,
    /// Which of the fragments given.
    pub fragment: usize,
    pub school_code: String,
    pub sheet: String,
    pub row: u32,
}

/// A table put together.
#[derive(Debug)]
pub struct Assembled {
    pub path: PathBuf,
    pub rows: u64,
    /// Duplicates in each fragment.
    pub duplicates: Vec<u64>,
    /// Rows of each fragment whose number is somebody else's too.
    pub shared: Vec<u64>,
    /// Rows of each fragment that are of schools whose rows of it do not count.
    pub set_aside: Vec<u64>,
    /// Rows taken out or not counted because of another row.
    pub rows_out: Vec<RowOut>,
}

/// The columns of a table in a release.
#[must_use]
pub fn published_fields(dataset: &Dataset) -> Vec<FieldSpec> {
    let mut fields = match dataset.shape {
        Shape::Form => return form::fields(),
        Shape::Rows => staged_fields(dataset),
    };
    fields.retain(|field| STAGING_FIELDS.iter().all(|(name, ..)| *name != field.name));
    if !fields.iter().any(|field| field.name == "region_code") {
        fields.push(FieldSpec::new("region_code", FieldKind::Text, "县（市、区）代码"));
    }
    fields.push(FieldSpec::new("counted", FieldKind::Boolean, "是否计入"));
    fields.push(FieldSpec::new("not_counted_because", FieldKind::Text, "不计入的原因"));
    fields
}

/// Puts the table of one dataset and year together from its fragments, in their order.
///
/// `regions` gives the region of a school code, and that of schools not in it.
///
/// # Errors
/// When a fragment cannot be read or the table not be written.
pub fn assemble(
    dataset: &Dataset,
    sources: &[Source],
    regions: (&BTreeMap<String, String>, &str),
    to: &Path,
) -> Result<Assembled, TableError> {
    let published = schema(&published_fields(dataset));
    let all_rows: u64 = sources.iter().map(|source| source.rows).sum();
    let mut held: Option<Vec<Vec<RecordBatch>>> = (all_rows <= HELD_ROWS).then(Vec::new);
    let decisions = match dataset.shape {
        Shape::Form => None,
        Shape::Rows => Some(decide(dataset, sources, regions.0, held.as_mut())?),
    };
    let mut writer = TableWriter::create(to, Arc::clone(&published))?;
    let mut duplicates = vec![0; sources.len()];
    let mut shared = vec![0; sources.len()];
    let mut set_aside = vec![0; sources.len()];
    let mut rows_out = Vec::new();
    let mut next = 0;
    for (fragment, source) in sources.iter().enumerate() {
        let batches: Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>>> =
            match held.as_mut().and_then(|held| held.get_mut(fragment)) {
                Some(held) => Box::new(std::mem::take(held).into_iter().map(Ok)),
                None => Box::new(parquet_file::read_plain(&source.path, None)?),
            };
        for batch in batches {
            let batch = batch?;
            let rows = next..next + batch.num_rows();
            next = rows.end;
            let decided = match &decisions {
                None => vec![Decision::Counted; rows.len()],
                Some(decisions) => decisions[rows].to_vec(),
            };
            let count = |wanted: Decision| decided.iter().filter(|&&d| d == wanted).count() as u64;
            duplicates[fragment] += count(Decision::Duplicate);
            shared[fragment] += count(Decision::SharedId);
            set_aside[fragment] += count(Decision::SetAside);
            note_rows_out(&batch, &decided, fragment, &mut rows_out);
            writer.write(&publish(&batch, &decided, regions, &published)?)?;
        }
    }
    let rows = writer.finish()?;
    Ok(Assembled { path: to.to_owned(), rows, duplicates, shared, set_aside, rows_out })
}

fn text<'a>(batch: &'a RecordBatch, column: &str) -> Option<&'a StringArray> {
    batch.column_by_name(column).map(AsArray::as_string::<i32>)
}

fn note_rows_out(batch: &RecordBatch, decided: &[Decision], fragment: usize, rows_out: &mut Vec<RowOut>) {
    let (Some(schools), Some(sheets)) = (text(batch, "school_code"), text(batch, "source_sheet")) else {
        return;
    };
    let Some(rows) = batch.column_by_name("source_row") else { return };
    let rows = rows.as_primitive::<Int32Type>();
    for (index, &decision) in decided.iter().enumerate() {
        if matches!(decision, Decision::OtherSchool | Decision::Repeated | Decision::SharedId) {
            rows_out.push(RowOut {
                decision,
                fragment,
                school_code: schools.value(index).to_owned(),
                sheet: sheets.value(index).to_owned(),
                row: rows.value(index).unsigned_abs(),
            });
        }
    }
}

/// The rows that stay, without staging columns, with region and whether they count.
fn publish(
    batch: &RecordBatch,
    decided: &[Decision],
    (region_of, residual): (&BTreeMap<String, String>, &str),
    published: &SchemaRef,
) -> Result<RecordBatch, ArrowError> {
    let mask: BooleanArray = decided.iter().map(|decision| Some(decision.in_table())).collect();
    let kept = filter_record_batch(batch, &mask)?;
    let decided: Vec<Decision> = decided.iter().copied().filter(|decision| decision.in_table()).collect();
    let columns = published.fields().iter().map(|field| -> Result<ArrayRef, ArrowError> {
        if let Some(column) = kept.column_by_name(field.name()) {
            return Ok(Arc::clone(column));
        }
        Ok(match field.name().as_str() {
            "region_code" => regions(&kept, region_of, residual),
            "counted" => {
                let mut counted = BooleanBuilder::new();
                for decision in &decided {
                    counted.append_value(*decision == Decision::Counted);
                }
                Arc::new(counted.finish())
            }
            "not_counted_because" => {
                let mut reasons = StringBuilder::new();
                for decision in &decided {
                    reasons.append_option(decision.reason());
                }
                Arc::new(reasons.finish())
            }
            other => return Err(ArrowError::SchemaError(format!("no column `{other}` was staged"))),
        })
    });
    RecordBatch::try_new(Arc::clone(published), columns.collect::<Result<_, _>>()?)
}

fn regions(batch: &RecordBatch, region_of: &BTreeMap<String, String>, residual: &str) -> ArrayRef {
    let mut regions = StringBuilder::new();
    if let Some(schools) = text(batch, "school_code") {
        for index in 0..schools.len() {
            let region = region_of.get(schools.value(index)).map_or(residual, String::as_str);
            regions.append_value(region);
        }
    }
    Arc::new(regions.finish())
}

/// Rows of a table up to which they are read once and held; of a larger one those columns that
/// decide are read first, and the rest as it is written.
const HELD_ROWS: u64 = 100_000;

/// 128 bits that stand for a text.
type Digest128 = [u8; 16];

/// What decides on one staged row. Texts are told by 128 bits of their hash: millions of rows of
/// one file fit, which as joined columns of text took gigabytes.
struct Staged {
    school: u32,
    digest: Digest128,
    /// Nothing for rows without a name.
    name: Option<Digest128>,
    /// Nothing where each row is a thing of its own.
    key: Option<Digest128>,
    /// The number of the combination of what conditions look at.
    combination: u32,
    /// Its school counts in its fragment: other rows are nobody's double.
    open: bool,
    /// The register of the year has its school.
    is_registered: bool,
}

/// What the conditions of the contract say of one combination.
#[derive(Clone, Copy)]
struct Judged {
    counts: bool,
    /// 0 for rows of the first preference that holds, and so on.
    preference: u32,
}

/// One decision for each staged row, in the order of the fragments.
fn decide(
    dataset: &Dataset,
    sources: &[Source],
    region_of: &BTreeMap<String, String>,
    held: Option<&mut Vec<Vec<RecordBatch>>>,
) -> Result<Vec<Decision>, TableError> {
    let per_school = dataset.one_row.as_ref().is_some_and(|rule| rule.per_school);
    let (rows, judged) = staged(dataset, sources, region_of, held)?;
    let judged = |row: &Staged| judged[row.combination as usize];
    // Rows are the same thing where their keys are, in one school or in all.
    let thing = |row: &Staged| Some((if per_school { row.school } else { 0 }, row.key?));
    let mut decisions = vec![Decision::SetAside; rows.len()];
    let mut seen = HashSet::with_capacity(rows.len());
    // The first of several equal rows stays.
    let mut candidates = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate().filter(|(_, row)| row.open) {
        if seen.insert((row.school, row.digest)) {
            candidates.push(index);
        } else {
            decisions[index] = Decision::Duplicate;
        }
    }
    drop(seen);
    // Names under one number at one school: the first, and whether there is another.
    let mut names: HashMap<(Digest128, u32), (Digest128, bool)> = HashMap::new();
    for row in candidates.iter().map(|&index| &rows[index]) {
        if let (Some(key), Some(name)) = (row.key, row.name) {
            let known = names.entry((key, row.school)).or_insert((name, false));
            known.1 |= known.0 != name;
        }
    }
    names.retain(|_, (_, shared)| *shared);
    names.shrink_to_fit();
    let is_shared = |row: &Staged| row.key.is_some_and(|key| names.contains_key(&(key, row.school)));
    // A row whose number is somebody else's too is no candidate to count.
    let mut best: HashMap<(u32, Digest128), (bool, u32, usize)> = HashMap::new();
    for &index in &candidates {
        let row = &rows[index];
        if let Some(thing) = thing(row).filter(|_| judged(row).counts && !is_shared(row)) {
            // A school that the register does not have counts nobody whom one of its schools has too.
            let rank = (!row.is_registered, judged(row).preference, index);
            let known = best.entry(thing).or_insert(rank);
            *known = (*known).min(rank);
        }
    }
    for index in candidates {
        let row = &rows[index];
        decisions[index] = if is_shared(row) {
            Decision::SharedId
        } else if !judged(row).counts {
            Decision::NotCounted
        } else {
            match thing(row).and_then(|thing| best.get(&thing)) {
                Some((.., first)) if *first == index => Decision::Counted,
                Some((.., first)) if rows[*first].school == row.school => Decision::Repeated,
                Some(_) => Decision::OtherSchool,
                None => Decision::Counted,
            }
        };
    }
    Ok(decisions)
}

/// The staged rows in their order, with texts as numbers, and what conditions say of each combination.
fn staged(
    dataset: &Dataset,
    sources: &[Source],
    region_of: &BTreeMap<String, String>,
    mut held: Option<&mut Vec<Vec<RecordBatch>>>,
) -> Result<(Vec<Staged>, Vec<Judged>), TableError> {
    const TEXTS: [&str; 3] = ["school_code", "row_digest", "name_digest"];
    let preferred = dataset.one_row.iter().flat_map(|rule| &rule.prefer);
    let conditions = preferred.clone().chain([&dataset.counts_when]);
    let looked_at: BTreeSet<String> = conditions.flat_map(Condition::columns).collect();
    let rule = dataset.one_row.as_ref();
    let needed: BTreeSet<String> = TEXTS
        .into_iter()
        .chain(rule.map(|rule| rule.key.as_str()))
        .map(str::to_owned)
        .chain(looked_at.iter().cloned())
        .collect();
    let columns = if held.is_some() { None } else { Some(&needed) };
    let fields = schema(&staged_fields(dataset));
    let mut combinations = Combinations::new(&fields, &looked_at, &BTreeSet::new())?;
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut rows = Vec::new();
    for source in sources {
        let mut batches = Vec::new();
        for batch in parquet_file::read_plain(&source.path, columns)? {
            let batch = batch?;
            let of_row = combinations.add(&batch, None)?;
            let [schools, digests, names] = TEXTS.map(|name| texts(&batch, name));
            let (schools, digests, names) = (schools?, digests?, names?);
            let keys = rule.map(|rule| texts(&batch, &rule.key)).transpose()?;
            for (row, combination) in of_row.into_iter().enumerate() {
                let school = schools.value(row);
                let number_of_school = if let Some(&known) = numbers.get(school) {
                    known
                } else {
                    let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                    *numbers.entry(school.to_owned()).or_insert(next)
                };
                let digest = number(digests.value(row));
                let key = keys.filter(|keys| keys.is_valid(row)).map(|keys| number(keys.value(row)));
                rows.push(Staged {
                    school: number_of_school,
                    digest,
                    name: names.is_valid(row).then(|| number(names.value(row))),
                    // In a school, what has no key is nothing else's double.
                    key: key.or_else(|| rule.is_some_and(|rule| rule.per_school).then_some(digest)),
                    combination,
                    open: source.schools.contains(school),
                    is_registered: region_of.contains_key(school),
                });
            }
            batches.push(batch);
            if held.is_none() {
                batches.clear();
            }
        }
        if let Some(held) = &mut held {
            held.push(batches);
        }
    }
    Ok((rows, judge(dataset, combinations.frame()?)?))
}

/// A column of text that staging always has.
fn texts<'a>(batch: &'a RecordBatch, column: &str) -> Result<&'a StringArray, ArrowError> {
    let missing = || ArrowError::SchemaError(format!("no column of text `{column}`"));
    batch.column_by_name(column).and_then(|column| column.as_string_opt()).ok_or_else(missing)
}

/// What the conditions say of each combination, in the order of their numbers.
fn judge(dataset: &Dataset, combinations: DataFrame) -> Result<Vec<Judged>, PolarsError> {
    let judged = combinations
        .lazy()
        .with_columns([
            dataset.counts_when.expression().alias("#counts"),
            preference(dataset).cast(DataType::UInt32).alias("#preference"),
        ])
        .collect()?;
    let counts = judged.column("#counts")?.bool()?.iter();
    let preferences = judged.column("#preference")?.u32()?.iter();
    let judged = counts.zip(preferences).map(|(counts, preference)| Judged {
        counts: counts.unwrap_or_default(),
        preference: preference.unwrap_or(u32::MAX),
    });
    Ok(judged.collect())
}

/// 128 bits of a text: a pseudonym or digest has just them, of others they are taken from a hash.
fn number(text: &str) -> Digest128 {
    if text.len() == 32
        && let Ok(number) = u128::from_str_radix(text, 16)
    {
        return number.to_be_bytes();
    }
    let mut number = Digest128::default();
    number.copy_from_slice(&Sha256::digest(text)[..16]);
    number
}

/// 0 for rows of the first preference that holds, and so on.
fn preference(dataset: &Dataset) -> Expr {
    let conditions = dataset.one_row.iter().flat_map(|rule| &rule.prefer);
    let mut expression = lit(u32::MAX);
    for (position, condition) in conditions.enumerate().collect::<Vec<_>>().into_iter().rev() {
        let place = u32::try_from(position).unwrap_or(u32::MAX);
        expression = when(condition.expression()).then(lit(place)).otherwise(expression);
    }
    expression
}
