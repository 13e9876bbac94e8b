//! Fragments of a dataset and year → its table: duplicates are removed, and it is decided which rows count.
//!
//! Polars evaluates the conditions of the contract, on the distinct combinations of the columns in them.
//! Relations between rows (duplicates, one person in two rows) are decided on numbers that represent
//! their texts. The rows themselves go from Parquet to Parquet as Arrow batches.

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

use super::alike::{self, Alike, Unkeyed};
use crate::definitions::contract::fields::{STAGING_FIELDS, staged_fields};
use crate::definitions::contract::{Dataset, Shape};
use crate::definitions::predicate::Condition;
use crate::figures::combinations::{Combinations, TableError};
use crate::tables::column::{FieldKind, FieldSpec, schema};
use crate::tables::filing::FilingRow;
use crate::tables::parquet_file::{self, TableWriter};
use crate::tables::row;

/// The decision on a staged row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    Counted,
    /// Its own columns exclude it: on leave, left, closed.
    NotCounted,
    /// The same person counts at another school.
    OtherSchool,
    /// The same person counts in another row of the school.
    Repeated,
    /// The same row, delivered twice.
    Duplicate,
    /// One number with two names at one school: it is unknown whose it is.
    SharedId,
    /// The row is of a school whose rows of this delivery do not count.
    SetAside,
}

impl Decision {
    /// The reason why a row of the table does not count; `None` when it does, or is not in the table.
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

/// A fragment, and the schools whose rows of it count.
#[derive(Debug)]
pub struct Source {
    pub path: PathBuf,
    pub rows: u64,
    pub schools: BTreeSet<String>,
    /// The schools whose rows of it another fragment has as well.
    pub repeated: BTreeSet<String>,
}

/// Rows without a key of their own that are equal: the fragment, sheet and row of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EqualRows {
    pub school_code: String,
    pub rows: Vec<(usize, String, u32)>,
}

/// A staged row that must be reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowOut {
    pub decision: Decision,
    /// The position of its fragment among those given.
    pub fragment: usize,
    pub school_code: String,
    pub sheet: String,
    pub row: u32,
}

/// A table put together from fragments.
#[derive(Debug)]
pub struct AssembledTable {
    pub path: PathBuf,
    pub rows: u64,
    /// Duplicates in each fragment.
    pub duplicates: Vec<u64>,
    /// Rows of each fragment whose number is also another person's.
    pub shared: Vec<u64>,
    /// Rows of each fragment of schools whose rows of it do not count.
    pub set_aside: Vec<u64>,
    /// Rows taken out or not counted because of another row.
    pub rows_out: Vec<RowOut>,
    /// Equal rows that stay in the table.
    pub equal: Vec<EqualRows>,
}

/// The columns of a table in a release.
#[must_use]
pub fn published_fields(dataset: &Dataset) -> Vec<FieldSpec> {
    let mut fields = match dataset.shape {
        Shape::Form => return row::fields::<FilingRow>(),
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

/// Puts the table of a dataset and year together from its fragments, in their order.
///
/// `regions` has the region of each school code, and the region of schools that it does not have.
///
/// # Errors
/// When a fragment cannot be read, or the table cannot be written.
pub fn assemble(
    dataset: &Dataset,
    sources: &[Source],
    regions: (&BTreeMap<String, String>, &str),
    to: &Path,
) -> Result<AssembledTable, TableError> {
    let published = schema(&published_fields(dataset));
    let all_rows: u64 = sources.iter().map(|source| source.rows).sum();
    let mut in_memory: Option<Vec<Vec<RecordBatch>>> = (all_rows <= IN_MEMORY_ROWS_MAX).then(Vec::new);
    let decisions = match dataset.shape {
        Shape::Form => None,
        Shape::Rows => Some(decide(dataset, sources, regions.0, in_memory.as_mut())?),
    };
    let (decisions, groups) = decisions.unzip();
    let groups: Vec<Vec<usize>> = groups.unwrap_or_default();
    let mut equal = vec![EqualRows { school_code: String::new(), rows: Vec::new() }; groups.len()];
    let numbers = groups.iter().enumerate();
    let group_of: HashMap<usize, usize> =
        numbers.flat_map(|(number, rows)| rows.iter().map(move |row| (*row, number))).collect();
    let mut writer = TableWriter::create(to, Arc::clone(&published))?;
    let mut duplicates = vec![0; sources.len()];
    let mut shared = vec![0; sources.len()];
    let mut set_aside = vec![0; sources.len()];
    let mut rows_out = Vec::new();
    let mut next = 0;
    for (fragment, source) in sources.iter().enumerate() {
        let batches: Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>>> =
            match in_memory.as_mut().and_then(|in_memory| in_memory.get_mut(fragment)) {
                Some(in_memory) => Box::new(std::mem::take(in_memory).into_iter().map(Ok)),
                None => Box::new(parquet_file::read_plain(&source.path, None)?),
            };
        for batch in batches {
            let batch = batch?;
            let rows = next..next + batch.num_rows();
            next = rows.end;
            let decided = match &decisions {
                None => vec![Decision::Counted; rows.len()],
                Some(decisions) => decisions[rows.clone()].to_vec(),
            };
            if !group_of.is_empty() {
                note_equal(&batch, rows.start, fragment, &group_of, &mut equal);
            }
            let count = |decision: Decision| decided.iter().filter(|&&d| d == decision).count() as u64;
            duplicates[fragment] += count(Decision::Duplicate);
            shared[fragment] += count(Decision::SharedId);
            set_aside[fragment] += count(Decision::SetAside);
            note_rows_out(&batch, &decided, fragment, &mut rows_out);
            writer.write(&publish(&batch, &decided, regions, &published)?)?;
        }
    }
    let rows = writer.finish()?;
    Ok(AssembledTable { path: to.to_owned(), rows, duplicates, shared, set_aside, rows_out, equal })
}

/// Notes the places of equal rows.
fn note_equal(
    batch: &RecordBatch,
    first: usize,
    fragment: usize,
    group_of: &HashMap<usize, usize>,
    equal: &mut [EqualRows],
) {
    for (index, place) in places(batch).enumerate() {
        let group = group_of.get(&(first + index)).and_then(|&group| equal.get_mut(group));
        if let Some(group) = group {
            let (school, sheet, row) = place;
            group.school_code = school;
            group.rows.push((fragment, sheet, row));
        }
    }
}

/// School, sheet and row of each row of a batch.
fn places(batch: &RecordBatch) -> impl Iterator<Item = (String, String, u32)> {
    let columns = text(batch, "school_code").zip(text(batch, "source_sheet"));
    let rows = batch.column_by_name("source_row").map(AsArray::as_primitive::<Int32Type>);
    columns.zip(rows).into_iter().flat_map(|((schools, sheets), rows)| {
        (0..rows.len()).map(|at| {
            (schools.value(at).to_owned(), sheets.value(at).to_owned(), rows.value(at).unsigned_abs())
        })
    })
}

fn text<'a>(batch: &'a RecordBatch, column: &str) -> Option<&'a StringArray> {
    batch.column_by_name(column).map(AsArray::as_string::<i32>)
}

fn note_rows_out(batch: &RecordBatch, decided: &[Decision], fragment: usize, rows_out: &mut Vec<RowOut>) {
    let is_out =
        |decision| matches!(decision, Decision::OtherSchool | Decision::Repeated | Decision::SharedId);
    if decided.iter().copied().any(is_out) {
        let out = places(batch).zip(decided).filter(|(_, decision)| is_out(**decision));
        rows_out.extend(out.map(|((school_code, sheet, row), &decision)| RowOut {
            decision,
            fragment,
            school_code,
            sheet,
            row,
        }));
    }
}

/// The rows of the table, without staging columns, with their region and whether they count.
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

/// Tables with at most so many rows are read once and kept in memory. Of larger ones the columns that
/// decide are read first, and everything again when the table is written.
const IN_MEMORY_ROWS_MAX: u64 = 100_000;

/// 128 bits that represent a text.
type Digest128 = [u8; 16];

/// What decides on a staged row. Texts are represented by 128 bits of their hash, so that millions of
/// rows fit into memory, which took gigabytes as joined columns of text.
struct StagedRow {
    school: u32,
    digest: Digest128,
    /// `None` for rows without a name.
    name: Option<Digest128>,
    /// `None` where each row is a separate thing.
    key: Option<Digest128>,
    /// The number of its combination of values in the conditions' columns.
    combination: u32,
    /// Rows of schools that are set aside are never duplicates.
    school_rows: SchoolRows,
    /// It has a key: an equal one is the same row, delivered twice.
    has_key: bool,
    fragment: usize,
    /// The register of the year has its school.
    is_registered: bool,
}

/// What is done with the rows of a school in a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SchoolRows {
    Open,
    /// Another fragment has the same rows of it.
    Repeated,
    SetAside,
}

/// The result of the contract's conditions for a combination.
#[derive(Clone, Copy)]
struct Judgement {
    counts: bool,
    /// 0 when the first preference holds, and so on.
    preference: u32,
}

/// The decision on each staged row, in the order of the fragments, and the equal rows that stay.
fn decide(
    dataset: &Dataset,
    sources: &[Source],
    region_of: &BTreeMap<String, String>,
    in_memory: Option<&mut Vec<Vec<RecordBatch>>>,
) -> Result<(Vec<Decision>, Vec<Vec<usize>>), TableError> {
    let per_school = dataset.one_row.as_ref().is_some_and(|rule| rule.per_school);
    let (rows, judgements) = staged(dataset, sources, region_of, in_memory)?;
    let judgement = |row: &StagedRow| judgements[row.combination as usize];
    // Rows are the same thing where their keys are, in one school or in all.
    let thing = |row: &StagedRow| Some((if per_school { row.school } else { 0 }, row.key?));
    let mut decisions = vec![Decision::SetAside; rows.len()];
    let unkeyed =
        rows.iter().enumerate().filter(|(_, row)| row.school_rows == SchoolRows::Open && !row.has_key);
    let unkeyed: Vec<Unkeyed> = unkeyed
        .map(|(index, row)| Unkeyed { index, school: row.school, file: row.fragment, digest: row.digest })
        .collect();
    let Alike { delivered_again, groups } = alike::compare(&unkeyed);
    drop(unkeyed);
    let mut seen = HashSet::with_capacity(rows.len());
    // The first of several equal rows stays.
    let mut candidates = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let is_duplicate = match row.school_rows {
            SchoolRows::SetAside => continue,
            SchoolRows::Repeated => true,
            SchoolRows::Open if row.has_key => !seen.insert((row.school, row.digest)),
            SchoolRows::Open => delivered_again.contains(&index),
        };
        if is_duplicate {
            decisions[index] = Decision::Duplicate;
        } else {
            candidates.push(index);
        }
    }
    drop(seen);
    // Names under a number at a school: the first, and whether there is another.
    let mut names: HashMap<(Digest128, u32), (Digest128, bool)> = HashMap::new();
    for row in candidates.iter().map(|&index| &rows[index]) {
        if let (Some(key), Some(name)) = (row.key, row.name) {
            let known = names.entry((key, row.school)).or_insert((name, false));
            known.1 |= known.0 != name;
        }
    }
    names.retain(|_, (_, shared)| *shared);
    names.shrink_to_fit();
    let is_shared = |row: &StagedRow| row.key.is_some_and(|key| names.contains_key(&(key, row.school)));
    // A row whose number is another person's too cannot count.
    let mut best: HashMap<(u32, Digest128), (bool, u32, usize)> = HashMap::new();
    for &index in &candidates {
        let row = &rows[index];
        if let Some(thing) = thing(row).filter(|_| judgement(row).counts && !is_shared(row)) {
            // A school that the register does not have does not count a person who is at a registered school too.
            let rank = (!row.is_registered, judgement(row).preference, index);
            let known = best.entry(thing).or_insert(rank);
            *known = (*known).min(rank);
        }
    }
    for index in candidates {
        let row = &rows[index];
        decisions[index] = if is_shared(row) {
            Decision::SharedId
        } else if !judgement(row).counts {
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
    Ok((decisions, groups))
}

/// The staged rows in order, with texts as numbers, and the judgement on each combination.
fn staged(
    dataset: &Dataset,
    sources: &[Source],
    region_of: &BTreeMap<String, String>,
    mut in_memory: Option<&mut Vec<Vec<RecordBatch>>>,
) -> Result<(Vec<StagedRow>, Vec<Judgement>), TableError> {
    const TEXTS: [&str; 4] = ["school_code", "row_digest", "name_digest", "own_key"];
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
    let columns = if in_memory.is_some() { None } else { Some(&needed) };
    let fields = schema(&staged_fields(dataset));
    let mut combinations = Combinations::new(&fields, &looked_at, &BTreeSet::new())?;
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut rows = Vec::new();
    for (fragment, source) in sources.iter().enumerate() {
        let mut batches = Vec::new();
        for batch in parquet_file::read_plain(&source.path, columns)? {
            let batch = batch?;
            let batch_combinations = combinations.add(&batch, None)?;
            let [schools, digests, names, own_keys] = TEXTS.map(|name| texts(&batch, name));
            let (schools, digests, names, own_keys) = (schools?, digests?, names?, own_keys?);
            let keys = rule.map(|rule| texts(&batch, &rule.key)).transpose()?;
            for (row, combination) in batch_combinations.into_iter().enumerate() {
                let school = schools.value(row);
                let number_of_school = if let Some(&known) = numbers.get(school) {
                    known
                } else {
                    let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                    *numbers.entry(school.to_owned()).or_insert(next)
                };
                let digest = number(digests.value(row));
                let key = keys.filter(|keys| keys.is_valid(row)).map(|keys| number(keys.value(row)));
                rows.push(StagedRow {
                    school: number_of_school,
                    digest,
                    name: names.is_valid(row).then(|| number(names.value(row))),
                    // Within a school, a row without a key is a thing by itself.
                    key: key.or_else(|| rule.is_some_and(|rule| rule.per_school).then_some(digest)),
                    combination,
                    school_rows: if source.schools.contains(school) {
                        SchoolRows::Open
                    } else if source.repeated.contains(school) {
                        SchoolRows::Repeated
                    } else {
                        SchoolRows::SetAside
                    },
                    has_key: dataset.has_key() || own_keys.is_valid(row),
                    fragment,
                    is_registered: region_of.contains_key(school),
                });
            }
            batches.push(batch);
            if in_memory.is_none() {
                batches.clear();
            }
        }
        if let Some(in_memory) = &mut in_memory {
            in_memory.push(batches);
        }
    }
    Ok((rows, judge(dataset, combinations.frame()?)?))
}

/// A column of text that staged fragments always have.
fn texts<'a>(batch: &'a RecordBatch, column: &str) -> Result<&'a StringArray, ArrowError> {
    let missing = || ArrowError::SchemaError(format!("no column of text `{column}`"));
    batch.column_by_name(column).and_then(|column| column.as_string_opt()).ok_or_else(missing)
}

/// The judgement on each combination, in the order of their numbers.
fn judge(dataset: &Dataset, combinations: DataFrame) -> Result<Vec<Judgement>, PolarsError> {
    let results = combinations
        .lazy()
        .with_columns([
            dataset.counts_when.expression().alias("#counts"),
            preference(dataset).cast(DataType::UInt32).alias("#preference"),
        ])
        .collect()?;
    let counts = results.column("#counts")?.bool()?.iter();
    let preferences = results.column("#preference")?.u32()?.iter();
    let judgements = counts.zip(preferences).map(|(counts, preference)| Judgement {
        counts: counts.unwrap_or_default(),
        preference: preference.unwrap_or(u32::MAX),
    });
    Ok(judgements.collect())
}

/// 128 bits for a text: the text itself where it is a pseudonym or digest, else from its hash.
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

/// 0 for rows for which the first preference holds, and so on.
fn preference(dataset: &Dataset) -> Expr {
    let conditions = dataset.one_row.iter().flat_map(|rule| &rule.prefer);
    let mut expression = lit(u32::MAX);
    for (position, condition) in conditions.enumerate().collect::<Vec<_>>().into_iter().rev() {
        let place = u32::try_from(position).unwrap_or(u32::MAX);
        expression = when(condition.expression()).then(lit(place)).otherwise(expression);
    }
    expression
}
