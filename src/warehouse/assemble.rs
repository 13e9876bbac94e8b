//! Fragments of one dataset and year → its table: duplicates out, who counts decided.
//!
//! Polars finds what is columnar (the same row twice, one person in two rows);
//! the rows themselves go from Parquet to Parquet as Arrow batches, which keep
//! their field metadata.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, BooleanBuilder, RecordBatch, StringArray, StringBuilder,
};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Int32Type, SchemaRef};
use arrow::error::ArrowError;
use polars::prelude::{
    BooleanChunked, DataFrame, Expr, IntoLazy, JoinArgs, JoinType, LazyFrame, NewChunkedArray, PlRefPath,
    PolarsError, ScanArgsParquet, SortMultipleOptions, col, lit, when,
};

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
    fn from_code(code: i32) -> Self {
        match code {
            0 => Decision::Counted,
            1 => Decision::NotCounted,
            2 => Decision::OtherSchool,
            3 => Decision::Repeated,
            4 => Decision::Duplicate,
            5 => Decision::SharedId,
            _ => Decision::SetAside,
        }
    }

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

/// One decision for each staged row, in the order of the fragments. Rows that do not count are
/// nobody's double: they are left out before anything is compared.
fn decide(dataset: &Dataset, sources: &[Source]) -> Result<Vec<Decision>, AssembleError> {
    let rows = staged_rows(dataset, sources)?;
    let total = rows.height();
    let counting = counting(&rows, sources)?;
    let rows = rows.filter(&counting)?;
    // The first of several equal rows stays.
    let first = rows
        .clone()
        .lazy()
        .group_by([col("school_code"), col("row_digest")])
        .agg([col("order").min().alias("first")]);
    let mut frame = rows
        .lazy()
        .join(
            first,
            [col("school_code"), col("row_digest")],
            [col("school_code"), col("row_digest")],
            JoinArgs::new(JoinType::Left),
        )
        .with_column(col("order").neq(col("first")).alias("duplicate"));
    frame = if dataset.one_row.is_some() {
        with_one_row(frame.collect()?)
    } else {
        frame.with_columns([
            lit(false).alias("shared"),
            col("rank").alias("best"),
            col("school_code").alias("best_school"),
        ])
    };
    let code = |decision: Decision| lit(decision as i32);
    let decision = when(col("duplicate"))
        .then(code(Decision::Duplicate))
        .when(col("shared"))
        .then(code(Decision::SharedId))
        .when(col("counts").not())
        .then(code(Decision::NotCounted))
        .when(col("rank").eq(col("best")))
        .then(code(Decision::Counted))
        .when(col("school_code").eq(col("best_school")))
        .then(code(Decision::Repeated))
        .otherwise(code(Decision::OtherSchool));
    let decided = frame
        .select([col("order"), decision.alias("decision")])
        .sort(["order"], SortMultipleOptions::default())
        .collect()?;
    let codes = decided.column("decision")?.i32()?.into_no_null_iter();
    let orders = decided.column("order")?.i64()?.into_no_null_iter();
    let mut decisions = vec![Decision::SetAside; total];
    for (order, code) in orders.zip(codes) {
        if let Some(decision) = usize::try_from(order).ok().and_then(|order| decisions.get_mut(order)) {
            *decision = Decision::from_code(code);
        }
    }
    Ok(decisions)
}

/// Which staged rows are of schools that count in their fragment.
fn counting(rows: &DataFrame, sources: &[Source]) -> Result<BooleanChunked, PolarsError> {
    let schools = rows.column("school_code")?.str()?;
    let of_row = sources.iter().flat_map(|source| {
        std::iter::repeat_n(&source.schools, usize::try_from(source.rows).unwrap_or_default())
    });
    let mask = schools.iter().zip(of_row);
    let mask = mask.map(|(school, counts)| school.is_some_and(|school| counts.contains(school)));
    Ok(BooleanChunked::from_iter_values("counting".into(), mask))
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
            col("order"),
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

/// Adds `shared`, `best` and `best_school`: for each key the rank of the row that counts.
fn with_one_row(frame: DataFrame) -> LazyFrame {
    let on = || [col("key")];
    let names =
        frame.clone().lazy().filter(col("duplicate").not()).group_by([col("key"), col("school_code")]).agg([
            col("name_digest").drop_nulls().n_unique().cast(polars::prelude::DataType::Int64).alias("names"),
        ]);
    let keys = || [col("key"), col("school_code")];
    let with_shared = frame
        .lazy()
        .join(names, keys(), keys(), JoinArgs::new(JoinType::Left))
        .with_column(col("names").gt(lit(1_i64)).fill_null(lit(false)).alias("shared"));
    // A row whose number is somebody else's too is no candidate.
    let best = with_shared
        .clone()
        .filter(col("duplicate").not().and(col("shared").not()).and(col("counts")))
        .group_by(on())
        .agg([col("rank").min().alias("best")]);
    let schools =
        with_shared.clone().select([col("rank").alias("best"), col("school_code").alias("best_school")]);
    let best = best.join(schools, [col("best")], [col("best")], JoinArgs::new(JoinType::Left));
    with_shared.join(best, on(), on(), JoinArgs::new(JoinType::Left))
}
