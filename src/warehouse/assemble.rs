//! Fragments of one dataset and year → its table: duplicates out, who counts decided.
//!
//! Polars evaluates the conditions of the contract; what rows have to do with each other (the same
//! row twice, one person in two rows) is decided on numbers that stand for their texts. The rows
//! themselves go from Parquet to Parquet as Arrow batches, which keep their field metadata.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, BooleanBuilder, RecordBatch, StringArray, StringBuilder,
};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Int32Type, SchemaRef};
use arrow::error::ArrowError;
use polars::prelude::{DataFrame, Expr, LazyFrame, PlRefPath, PolarsError, ScanArgsParquet, col, lit, when};
use sha2::{Digest, Sha256};

use super::table_file::{self, TableFileError, TableWriter};
use crate::contract::{Dataset, Shape};
use crate::normalise::form;
use crate::normalise::table::{FieldKind, FieldSpec, STAGING_FIELDS, schema, staged_fields};
use crate::predicate;

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
pub struct Told {
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
    pub told: Vec<Told>,
}

#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    #[error(transparent)]
    Table(#[from] TableFileError),
    #[error("polars: {0}")]
    Polars(#[from] PolarsError),
    #[error("arrow: {0}")]
    Arrow(#[from] ArrowError),
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
) -> Result<Assembled, AssembleError> {
    let published = schema(&published_fields(dataset));
    let decisions = match dataset.shape {
        Shape::Form => Vec::new(),
        Shape::Rows => decide(dataset, sources)?,
    };
    let mut writer = TableWriter::create(to, Arc::clone(&published))?;
    let mut duplicates = vec![0; sources.len()];
    let mut shared = vec![0; sources.len()];
    let mut set_aside = vec![0; sources.len()];
    let mut told = Vec::new();
    let mut next = 0;
    for (fragment, source) in sources.iter().enumerate() {
        for batch in table_file::read(&source.path)? {
            let batch = batch?;
            let decided = match dataset.shape {
                Shape::Form => vec![Decision::Counted; batch.num_rows()],
                Shape::Rows => decisions[next..next + batch.num_rows()].to_vec(),
            };
            next += batch.num_rows();
            let count = |wanted: Decision| decided.iter().filter(|&&d| d == wanted).count() as u64;
            duplicates[fragment] += count(Decision::Duplicate);
            shared[fragment] += count(Decision::SharedId);
            set_aside[fragment] += count(Decision::SetAside);
            tell(&batch, &decided, fragment, &mut told);
            writer.write(&publish(&batch, &decided, regions, &published)?)?;
        }
    }
    let rows = writer.finish()?;
    Ok(Assembled { path: to.to_owned(), rows, duplicates, shared, set_aside, told })
}

fn text<'a>(batch: &'a RecordBatch, column: &str) -> Option<&'a StringArray> {
    batch.column_by_name(column).map(AsArray::as_string::<i32>)
}

fn tell(batch: &RecordBatch, decided: &[Decision], fragment: usize, told: &mut Vec<Told>) {
    let (Some(schools), Some(sheets)) = (text(batch, "school_code"), text(batch, "source_sheet")) else {
        return;
    };
    let Some(rows) = batch.column_by_name("source_row") else { return };
    let rows = rows.as_primitive::<Int32Type>();
    for (index, &decision) in decided.iter().enumerate() {
        if matches!(decision, Decision::OtherSchool | Decision::Repeated | Decision::SharedId) {
            told.push(Told {
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

/// What decides on one staged row. Texts are told by 128 bits of their hash: millions of rows of
/// one file fit, which as joined columns of text took gigabytes.
struct Staged {
    school: u32,
    digest: u128,
    /// Nothing for rows without a name.
    name: Option<u128>,
    /// Nothing where each row is a thing of its own.
    key: Option<u128>,
    counts: bool,
    rank: i64,
    /// Its school counts in its fragment: other rows are nobody's double.
    open: bool,
}

/// One decision for each staged row, in the order of the fragments.
fn decide(dataset: &Dataset, sources: &[Source]) -> Result<Vec<Decision>, AssembleError> {
    let has_key = dataset.one_row.is_some();
    let rows = staged(&staged_rows(dataset, sources)?, sources, has_key)?;
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
    let mut names: HashMap<(u128, u32), (u128, bool)> = HashMap::new();
    for row in candidates.iter().map(|&index| &rows[index]) {
        if let (Some(key), Some(name)) = (row.key, row.name) {
            let known = names.entry((key, row.school)).or_insert((name, false));
            known.1 |= known.0 != name;
        }
    }
    let is_shared = |row: &Staged| {
        row.key.is_some_and(|key| names.get(&(key, row.school)).is_some_and(|(_, shared)| *shared))
    };
    // A row whose number is somebody else's too is no candidate to count.
    let mut best: HashMap<u128, (i64, u32)> = HashMap::new();
    for row in candidates.iter().map(|&index| &rows[index]).filter(|row| row.counts && !is_shared(row)) {
        if let Some(key) = row.key {
            let known = best.entry(key).or_insert((row.rank, row.school));
            *known = (*known).min((row.rank, row.school));
        }
    }
    for index in candidates {
        let row = &rows[index];
        decisions[index] = if is_shared(row) {
            Decision::SharedId
        } else if !row.counts {
            Decision::NotCounted
        } else {
            match row.key.and_then(|key| best.get(&key)) {
                Some((rank, _)) if *rank == row.rank => Decision::Counted,
                Some((_, school)) if *school == row.school => Decision::Repeated,
                Some(_) => Decision::OtherSchool,
                None => Decision::Counted,
            }
        };
    }
    Ok(decisions)
}

/// The staged rows in their order, with texts as numbers.
fn staged(rows: &DataFrame, sources: &[Source], has_key: bool) -> Result<Vec<Staged>, PolarsError> {
    let texts = |name: &str| rows.column(name).and_then(|column| column.str());
    let (schools, digests, names, keys) =
        (texts("school_code")?, texts("row_digest")?, texts("name_digest")?, texts("key")?);
    let (counts, ranks) = (rows.column("counts")?.bool()?, rows.column("rank")?.i64()?);
    let mut of_row = sources.iter().flat_map(|source| {
        std::iter::repeat_n(&source.schools, usize::try_from(source.rows).unwrap_or_default())
    });
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    let mut staged = Vec::with_capacity(rows.height());
    for row in 0..rows.height() {
        let school = schools.get(row).unwrap_or_default();
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        staged.push(Staged {
            school: *numbers.entry(school).or_insert(next),
            digest: digests.get(row).map(number).unwrap_or_default(),
            name: names.get(row).map(number),
            key: keys.get(row).filter(|_| has_key).map(number),
            counts: counts.get(row).unwrap_or_default(),
            rank: ranks.get(row).unwrap_or(i64::MAX),
            open: of_row.next().is_some_and(|counting| counting.contains(school)),
        });
    }
    Ok(staged)
}

/// 128 bits of a text: a pseudonym or digest has just them, of others they are taken from a hash.
fn number(text: &str) -> u128 {
    if text.len() == 32
        && let Ok(number) = u128::from_str_radix(text, 16)
    {
        return number;
    }
    Sha256::digest(text).iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
}

/// The columns that decisions are made from, with the order of rows and the rank among equals.
fn staged_rows(dataset: &Dataset, sources: &[Source]) -> Result<DataFrame, PolarsError> {
    let paths: Vec<PlRefPath> =
        sources.iter().map(|source| PlRefPath::try_from_path(&source.path)).collect::<Result<_, _>>()?;
    let counts = predicate::expression(&dataset.counts_when);
    let key = match &dataset.one_row {
        None => lit(""),
        // What has no key is nothing else's double.
        Some(rule) if rule.per_school => {
            col("school_code") + lit("|") + col(rule.key.as_str()).fill_null(col("row_digest"))
        }
        Some(rule) => col(rule.key.as_str()),
    };
    let scan = LazyFrame::scan_parquet_files(paths.into(), ScanArgsParquet::default())?;
    scan.with_row_index("order", None)
        .with_column(col("order").cast(polars::prelude::DataType::Int64))
        .select([
            col("school_code"),
            col("row_digest"),
            col("name_digest"),
            key.alias("key"),
            counts.alias("counts"),
            (preference(dataset) * lit(RANK_STEP) + col("order")).alias("rank"),
        ])
        .collect()
}

/// Rows that a table may have before ranks of different preference would touch.
const RANK_STEP: i64 = 1 << 40;

/// 0 for rows of the first preference that holds, and so on.
fn preference(dataset: &Dataset) -> Expr {
    let conditions = dataset.one_row.iter().flat_map(|rule| &rule.prefer);
    let mut expression = lit(i64::MAX / RANK_STEP / 2);
    for (position, text) in conditions.enumerate().collect::<Vec<_>>().into_iter().rev() {
        let place = i64::try_from(position).unwrap_or(i64::MAX / RANK_STEP / 2);
        expression = when(predicate::expression(text)).then(lit(place)).otherwise(expression);
    }
    expression
}
