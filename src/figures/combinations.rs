//! The different combinations of values in some columns of a table, each with its number of rows.
//!
//! Conditions use a few columns with few different values: a million students have some thousand
//! combinations. A scan finds them, and Polars evaluates conditions and groups on these, each with
//! its number of rows, instead of on the rows. Numbers are summed for each combination.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchReader};
use arrow::datatypes::{DataType, Decimal128Type, Int32Type, Int64Type, Schema};
use arrow::error::ArrowError;
use polars::prelude::{
    Column, DataFrame, Expr, Int128Chunked, IntoColumn, IntoLazy, IntoSeries, NamedFrom, PolarsError, Series,
};

use crate::number::{ONE, SCALE};
use crate::tables::parquet_file::{self, TableFileError};

/// The column of a frame with the number of rows of each combination.
pub const ROWS: &str = "#rows";

/// The columns of a frame with the sum of a column, as DECIMAL(38,10), and with its greatest value.
#[must_use]
pub fn sum_of(column: &str) -> String {
    format!("#sum {column}")
}

#[must_use]
pub fn greatest_of(column: &str) -> String {
    format!("#greatest {column}")
}

/// Why a table's combinations could not be found or used.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error(transparent)]
    Table(#[from] TableFileError),
    #[error("polars: {0}")]
    Polars(#[from] PolarsError),
    #[error("arrow: {0}")]
    Arrow(#[from] ArrowError),
}

/// Values of one column, one for each combination.
#[derive(Debug)]
enum Values {
    Text(Vec<Option<String>>),
    Int32(Vec<Option<i32>>),
    Int64(Vec<Option<i64>>),
    Boolean(Vec<Option<bool>>),
    Decimal(Vec<Option<i128>>),
}

impl Values {
    fn new(kind: &DataType) -> Result<Self, ArrowError> {
        Ok(match kind {
            DataType::Utf8 => Values::Text(Vec::new()),
            DataType::Int32 => Values::Int32(Vec::new()),
            DataType::Int64 => Values::Int64(Vec::new()),
            DataType::Boolean => Values::Boolean(Vec::new()),
            DataType::Decimal128(..) => Values::Decimal(Vec::new()),
            other => return Err(ArrowError::SchemaError(format!("no table has columns of {other}"))),
        })
    }

    fn push(&mut self, column: &ArrayRef, row: usize) {
        let is_there = column.is_valid(row);
        match self {
            Values::Text(values) => {
                values.push(is_there.then(|| column.as_string::<i32>().value(row).to_owned()));
            }
            Values::Int32(values) => {
                values.push(is_there.then(|| column.as_primitive::<Int32Type>().value(row)));
            }
            Values::Int64(values) => {
                values.push(is_there.then(|| column.as_primitive::<Int64Type>().value(row)));
            }
            Values::Boolean(values) => values.push(is_there.then(|| column.as_boolean().value(row))),
            Values::Decimal(values) => {
                values.push(is_there.then(|| column.as_primitive::<Decimal128Type>().value(row)));
            }
        }
    }

    fn column(&self, name: &str) -> Result<Column, PolarsError> {
        Ok(match self {
            Values::Text(values) => Series::new(name.into(), values).into_column(),
            Values::Int32(values) => Series::new(name.into(), values).into_column(),
            Values::Int64(values) => Series::new(name.into(), values).into_column(),
            Values::Boolean(values) => Series::new(name.into(), values).into_column(),
            Values::Decimal(values) => decimals(name, values)?,
        })
    }
}

/// A column of DECIMAL(38,10), from units of 10⁻¹⁰.
fn decimals(name: &str, values: &[Option<i128>]) -> Result<Column, PolarsError> {
    let whole = Int128Chunked::new(name.into(), values);
    Ok(whole.into_decimal(38, SCALE as usize)?.into_series().into_column())
}

/// A column whose values are added up for each combination.
#[derive(Debug)]
struct SummedColumn {
    name: String,
    sums: Vec<i128>,
    greatest: Vec<Option<i128>>,
}

/// Combinations under construction, batch by batch.
#[derive(Debug)]
pub struct Combinations {
    keys: Vec<(String, Values)>,
    summed: Vec<SummedColumn>,
    rows: Vec<i64>,
    known: HashMap<Vec<u8>, u32>,
    /// The row being looked at, reused from row to row.
    key: Vec<u8>,
}

impl Combinations {
    /// Combinations of the columns `keys` in tables of one schema, with `summed` added up.
    ///
    /// # Errors
    /// When the schema lacks a column.
    pub fn new(
        schema: &Schema,
        keys: &BTreeSet<String>,
        summed: &BTreeSet<String>,
    ) -> Result<Self, ArrowError> {
        let key = |name: &String| Ok((name.clone(), Values::new(schema.field_with_name(name)?.data_type())?));
        let sum = |name: &String| SummedColumn { name: name.clone(), sums: Vec::new(), greatest: Vec::new() };
        Ok(Combinations {
            keys: keys.iter().map(key).collect::<Result<_, ArrowError>>()?,
            summed: summed.iter().map(sum).collect(),
            rows: Vec::new(),
            known: HashMap::new(),
            key: Vec::new(),
        })
    }

    /// Adds the rows of a batch, or only those that `counted` marks; returns the number of each row's
    /// combination, in the order of rows (0 for rows left out).
    ///
    /// # Errors
    /// When the batch lacks a column.
    pub fn add(
        &mut self,
        batch: &RecordBatch,
        counted: Option<&BooleanArray>,
    ) -> Result<Vec<u32>, ArrowError> {
        let column = |name: &str| {
            let missing = || ArrowError::SchemaError(format!("no column `{name}`"));
            batch.column_by_name(name).ok_or_else(missing)
        };
        let keys: Vec<&ArrayRef> =
            self.keys.iter().map(|(name, _)| column(name)).collect::<Result<_, _>>()?;
        let summed: Vec<Vec<Option<i128>>> = self
            .summed
            .iter()
            .map(|summed| column(&summed.name).and_then(numbers))
            .collect::<Result<_, _>>()?;
        let mut numbers = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            if counted.is_some_and(|counted| !(counted.is_valid(row) && counted.value(row))) {
                numbers.push(0);
                continue;
            }
            self.key.clear();
            for column in &keys {
                append(&mut self.key, column, row);
            }
            let number = match self.known.get(self.key.as_slice()) {
                Some(&number) => number,
                None => self.begin(&keys, row),
            };
            let at = number as usize;
            self.rows[at] += 1;
            for (column, values) in self.summed.iter_mut().zip(&summed) {
                if let Some(value) = values[row] {
                    column.sums[at] += value;
                    column.greatest[at] = column.greatest[at].max(Some(value));
                }
            }
            numbers.push(number);
        }
        Ok(numbers)
    }

    /// Adds a new combination.
    fn begin(&mut self, keys: &[&ArrayRef], row: usize) -> u32 {
        let number = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.known.insert(self.key.clone(), number);
        self.rows.push(0);
        for ((_, values), column) in self.keys.iter_mut().zip(keys) {
            values.push(column, row);
        }
        for column in &mut self.summed {
            column.sums.push(0);
            column.greatest.push(None);
        }
        number
    }

    /// One row for each combination, in the order of their numbers: the key columns, [`ROWS`], and
    /// [`sum_of`] and [`greatest_of`] each summed column.
    ///
    /// # Errors
    /// When a number has more digits than a column takes.
    pub fn frame(&self) -> Result<DataFrame, PolarsError> {
        let mut columns = Vec::new();
        for (name, values) in &self.keys {
            columns.push(values.column(name)?);
        }
        columns.push(Series::new(ROWS.into(), &self.rows).into_column());
        for column in &self.summed {
            let sums: Vec<Option<i128>> = column.sums.iter().copied().map(Some).collect();
            columns.push(decimals(&sum_of(&column.name), &sums)?);
            columns.push(decimals(&greatest_of(&column.name), &column.greatest)?);
        }
        DataFrame::new(self.rows.len(), columns)
    }

    /// Whether a condition holds for each combination, in the order of their numbers.
    ///
    /// # Errors
    /// When it cannot be evaluated on the key columns.
    pub fn which_meet(&self, condition: Expr) -> Result<Vec<bool>, PolarsError> {
        let frame = self.frame()?.lazy().with_column(condition.alias("#meets")).collect()?;
        let meets = frame.column("#meets")?.bool()?.iter();
        Ok(meets.map(Option::unwrap_or_default).collect())
    }
}

/// A cell as bytes that no other value of its column has.
fn append(key: &mut Vec<u8>, column: &ArrayRef, row: usize) {
    if column.is_null(row) {
        key.push(0);
        return;
    }
    key.push(1);
    match column.data_type() {
        DataType::Int32 => key.extend(column.as_primitive::<Int32Type>().value(row).to_le_bytes()),
        DataType::Int64 => key.extend(column.as_primitive::<Int64Type>().value(row).to_le_bytes()),
        DataType::Boolean => key.push(u8::from(column.as_boolean().value(row))),
        DataType::Decimal128(..) => {
            key.extend(column.as_primitive::<Decimal128Type>().value(row).to_le_bytes());
        }
        _ => {
            let text = column.as_string::<i32>().value(row);
            key.extend(text.len().to_le_bytes());
            key.extend(text.as_bytes());
        }
    }
}

/// The numbers of a column, in units of 10⁻¹⁰.
fn numbers(column: &ArrayRef) -> Result<Vec<Option<i128>>, ArrowError> {
    let whole = |number: i64| i128::from(number) * ONE;
    Ok(match column.data_type() {
        DataType::Int32 => {
            let numbers = column.as_primitive::<Int32Type>();
            numbers.iter().map(|number| number.map(i64::from).map(whole)).collect()
        }
        DataType::Int64 => {
            column.as_primitive::<Int64Type>().iter().map(|number| number.map(whole)).collect()
        }
        DataType::Decimal128(..) => column.as_primitive::<Decimal128Type>().iter().collect(),
        other => return Err(ArrowError::SchemaError(format!("{other} does not add up"))),
    })
}

/// Finds combinations in one scan of a table: for each entry of `wanted`, by its name, those of its key
/// columns, with its summed columns. Only rows with a true `counted` are used, where the table has it.
///
/// # Errors
/// When the table cannot be read, or lacks a column.
pub fn scan<'w>(
    path: &Path,
    wanted: &BTreeMap<&'w str, (BTreeSet<String>, BTreeSet<String>)>,
) -> Result<BTreeMap<&'w str, Combinations>, TableError> {
    const COUNTED: &str = "counted";
    let mut columns: BTreeSet<String> = wanted.values().flat_map(|(keys, summed)| keys | summed).collect();
    columns.insert(COUNTED.to_owned());
    let reader = parquet_file::read_plain(path, Some(&columns))?;
    let schema = reader.schema();
    let mut found = BTreeMap::new();
    for (&name, (keys, summed)) in wanted {
        found.insert(name, Combinations::new(&schema, keys, summed)?);
    }
    for batch in reader {
        let batch = batch?;
        let counted = batch.column_by_name(COUNTED).map(AsArray::as_boolean);
        for combinations in found.values_mut() {
            combinations.add(&batch, counted)?;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int32Array, Int64Array, StringArray};
    use arrow::datatypes::Field;
    use proptest::prelude::*;

    use super::*;

    type Key = (Option<String>, Option<i32>);
    type Row = (Option<String>, Option<i32>, Option<i64>, bool);
    /// Number of rows, their sum, their greatest value.
    type Totals = (i64, i128, Option<i128>);

    fn batch(rows: &[Row]) -> (RecordBatch, BooleanArray) {
        let fields = [("sex", DataType::Utf8), ("grade", DataType::Int32), ("hours", DataType::Int64)];
        let fields: Vec<Field> = fields.map(|(name, kind)| Field::new(name, kind, true)).to_vec();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(rows.iter().map(|row| row.0.as_deref()).collect::<StringArray>()),
            Arc::new(rows.iter().map(|row| row.1).collect::<Int32Array>()),
            Arc::new(rows.iter().map(|row| row.2).collect::<Int64Array>()),
        ];
        let counted = rows.iter().map(|row| Some(row.3)).collect();
        (RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap(), counted)
    }

    fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
        names.map(str::to_owned).into()
    }

    /// The combinations of `sex` and `grade` with the sum and the greatest of `hours`, as in a frame.
    fn found(combinations: &Combinations) -> BTreeMap<Key, Totals> {
        let frame = combinations.frame().unwrap();
        let column = |name: &str| frame.column(name).unwrap().clone();
        let decimals = |name: String| -> Vec<Option<i128>> {
            column(&name).decimal().unwrap().physical().iter().collect()
        };
        let (sexes, grades, rows) = (column("sex"), column("grade"), column(ROWS));
        let (sums, greatest) = (decimals(sum_of("hours")), decimals(greatest_of("hours")));
        let totals = (0..frame.height()).map(|at| {
            let key = (sexes.str().unwrap().get(at).map(str::to_owned), grades.i32().unwrap().get(at));
            (key, (rows.i64().unwrap().get(at).unwrap(), sums[at].unwrap(), greatest[at]))
        });
        totals.collect()
    }

    #[test]
    fn a_missing_value_differs_from_an_empty_one() {
        let row = |sex: Option<&str>, hours| (sex.map(str::to_owned), None, hours, true);
        let (batch, _) =
            batch(&[row(None, Some(3)), row(Some(""), None), row(None, Some(4)), row(Some("1"), None)]);
        let keys = names(["sex", "grade"]);
        let mut combinations = Combinations::new(&batch.schema(), &keys, &names(["hours"])).unwrap();
        assert_eq!(combinations.add(&batch, None).unwrap(), [0, 1, 0, 2]);
        let found = found(&combinations);
        assert_eq!(found[&(None, None)], (2, 7 * ONE, Some(4 * ONE)));
        assert_eq!(found[&(Some(String::new()), None)], (1, 0, None));
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn without_key_columns_all_rows_are_one_combination() {
        let rows = vec![(None, Some(1), None, true); 3];
        let (batch, _) = batch(&rows);
        let none = BTreeSet::new();
        let mut combinations = Combinations::new(&batch.schema(), &none, &none).unwrap();
        assert_eq!(combinations.add(&batch, None).unwrap(), [0, 0, 0]);
        assert_eq!(combinations.frame().unwrap().height(), 1);
        assert!(Combinations::new(&batch.schema(), &names(["age"]), &none).is_err());
    }

    proptest! {
        #[test]
        fn they_match_a_pass_over_all_rows(
            rows in prop::collection::vec(
                (
                    prop::option::of("[12]{0,2}"),
                    prop::option::of(0..3_i32),
                    prop::option::of(-5..5_i64),
                    any::<bool>(),
                ),
                0..60,
            ),
            cut in 0..60_usize,
        ) {
            let mut slow = BTreeMap::new();
            for (sex, grade, hours, _) in rows.iter().filter(|row| row.3) {
                let totals: &mut Totals = slow.entry((sex.clone(), *grade)).or_default();
                totals.0 += 1;
                totals.1 += i128::from(hours.unwrap_or_default()) * ONE;
                totals.2 = totals.2.max(hours.map(|hours| i128::from(hours) * ONE));
            }
            let parts = rows.split_at(cut.min(rows.len()));
            let (first, counted) = batch(parts.0);
            let (keys, summed) = (names(["sex", "grade"]), names(["hours"]));
            let mut combinations = Combinations::new(&first.schema(), &keys, &summed).unwrap();
            combinations.add(&first, Some(&counted)).unwrap();
            let (second, counted) = batch(parts.1);
            combinations.add(&second, Some(&counted)).unwrap();
            prop_assert_eq!(found(&combinations), slow);
        }
    }
}
