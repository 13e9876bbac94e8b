//! A row of a published table as a value: its columns, writing it, and reading it back.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{Decimal128Type, Int32Type, Int64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use crate::figure::{Delivered, Level, State};
use crate::number::Decimal;
use crate::tables::column::{FieldKind, FieldSpec, TableBuilder, Value};
use crate::tables::parquet_file::{self, TableFileError, TableWriter};

/// A column of a published table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnSpec {
    pub name: &'static str,
    pub kind: FieldKind,
    pub title_zh: &'static str,
    /// The unit of measurement; empty where the column has none, or another column names it.
    pub unit: &'static str,
    pub description: &'static str,
}

impl ColumnSpec {
    fn field(&self) -> FieldSpec {
        FieldSpec { unit: self.unit.to_owned(), ..FieldSpec::new(self.name, self.kind, self.title_zh) }
    }
}

/// A row of a published table, implemented by [`row!`](crate::tables::row!).
pub trait Row: Sized {
    /// The folder of its files below `tables/`.
    const TABLE: &'static str;
    const COLUMNS: &'static [ColumnSpec];

    /// The row's values, one for each column.
    fn into_values(self) -> Vec<Value>;

    /// Reads a row; `None` where a column has a word that this program does not know.
    fn from_cells(cells: &Cells<'_>, row: usize) -> Option<Self>;
}

/// The columns of a batch, in the order of a row type's columns; `None` where the file lacks one.
pub struct Cells<'b>(Vec<Option<&'b ArrayRef>>);

impl<'b> Cells<'b> {
    #[must_use]
    pub fn of<R: Row>(batch: &'b RecordBatch) -> Self {
        Cells(R::COLUMNS.iter().map(|column| batch.column_by_name(column.name)).collect())
    }

    pub fn iter(&self) -> impl Iterator<Item = Option<&'b ArrayRef>> {
        self.0.iter().copied()
    }
}

/// A type that a column can have.
pub trait Cell: Sized {
    const KIND: FieldKind;

    fn into_value(self) -> Value;

    /// Reads a value. A column that the file lacks, as in releases of earlier programs, is empty or 0.
    fn from_cell(column: Option<&ArrayRef>, row: usize) -> Option<Self>;
}

fn valid(column: Option<&ArrayRef>, row: usize) -> Option<&ArrayRef> {
    column.filter(|column| column.is_valid(row))
}

impl Cell for String {
    const KIND: FieldKind = FieldKind::Text;

    fn into_value(self) -> Value {
        Value::Text(self)
    }

    fn from_cell(column: Option<&ArrayRef>, row: usize) -> Option<Self> {
        Some(Option::<String>::from_cell(column, row)?.unwrap_or_default())
    }
}

impl Cell for Option<String> {
    const KIND: FieldKind = FieldKind::Text;

    fn into_value(self) -> Value {
        self.map_or(Value::Null, Value::Text)
    }

    fn from_cell(column: Option<&ArrayRef>, row: usize) -> Option<Self> {
        Some(valid(column, row).map(|column| column.as_string::<i32>().value(row).to_owned()))
    }
}

impl Cell for i32 {
    const KIND: FieldKind = FieldKind::Int32;

    fn into_value(self) -> Value {
        Value::Int(self.into())
    }

    fn from_cell(column: Option<&ArrayRef>, row: usize) -> Option<Self> {
        Some(Option::<i32>::from_cell(column, row)?.unwrap_or_default())
    }
}

impl Cell for Option<i32> {
    const KIND: FieldKind = FieldKind::Int32;

    fn into_value(self) -> Value {
        self.map_or(Value::Null, |number| Value::Int(number.into()))
    }

    fn from_cell(column: Option<&ArrayRef>, row: usize) -> Option<Self> {
        Some(valid(column, row).map(|column| column.as_primitive::<Int32Type>().value(row)))
    }
}

impl Cell for u64 {
    const KIND: FieldKind = FieldKind::Int64;

    fn into_value(self) -> Value {
        Value::Int(i64::try_from(self).unwrap_or(i64::MAX))
    }

    fn from_cell(column: Option<&ArrayRef>, row: usize) -> Option<Self> {
        let number = valid(column, row).map(|column| column.as_primitive::<Int64Type>().value(row));
        Some(number.unwrap_or_default().unsigned_abs())
    }
}

impl Cell for Option<u32> {
    const KIND: FieldKind = FieldKind::Int64;

    fn into_value(self) -> Value {
        self.map_or(Value::Null, |number| Value::Int(number.into()))
    }

    fn from_cell(column: Option<&ArrayRef>, row: usize) -> Option<Self> {
        let number = valid(column, row).map(|column| column.as_primitive::<Int64Type>().value(row));
        Some(number.and_then(|number| u32::try_from(number).ok()))
    }
}

impl Cell for bool {
    const KIND: FieldKind = FieldKind::Boolean;

    fn into_value(self) -> Value {
        Value::Boolean(self)
    }

    fn from_cell(column: Option<&ArrayRef>, row: usize) -> Option<Self> {
        Some(valid(column, row).is_some_and(|column| column.as_boolean().value(row)))
    }
}

impl Cell for Option<Decimal> {
    const KIND: FieldKind = FieldKind::Decimal;

    fn into_value(self) -> Value {
        self.map_or(Value::Null, |number| Value::Decimal(number.0))
    }

    fn from_cell(column: Option<&ArrayRef>, row: usize) -> Option<Self> {
        let number = |column: &ArrayRef| Decimal(column.as_primitive::<Decimal128Type>().value(row));
        Some(valid(column, row).map(number))
    }
}

/// Lets a column have a type whose values are stored as their names.
macro_rules! named_cell {
    ($type:ty, $name:ident, $named:expr) => {
        impl $crate::tables::row::Cell for $type {
            const KIND: $crate::tables::column::FieldKind = $crate::tables::column::FieldKind::Text;

            fn into_value(self) -> $crate::tables::column::Value {
                $crate::tables::column::Value::Text(self.$name().to_owned())
            }

            fn from_cell(column: Option<&arrow::array::ArrayRef>, row: usize) -> Option<Self> {
                let named = $named;
                named(&<String as $crate::tables::row::Cell>::from_cell(column, row)?)
            }
        }
    };
}
pub(super) use named_cell;

/// Declares the row of a published table: each column by its description, name, type, title and, after
/// `in`, unit.
macro_rules! row {
    ($(#[$meta:meta])* $name:ident, $table:literal, {
        $($(#[doc = $description:literal])* $field:ident: $type:ty = $title:literal $(in $unit:literal)?,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $($(#[doc = $description])* pub $field: $type,)*
        }

        impl $crate::tables::row::Row for $name {
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [$crate::tables::row::ColumnSpec] = &[
                $($crate::tables::row::ColumnSpec {
                    name: stringify!($field),
                    kind: <$type as $crate::tables::row::Cell>::KIND,
                    title_zh: $title,
                    unit: concat!($($unit)?),
                    description: concat!($($description),*),
                },)*
            ];

            fn into_values(self) -> Vec<$crate::tables::column::Value> {
                vec![$($crate::tables::row::Cell::into_value(self.$field),)*]
            }

            fn from_cells(cells: &$crate::tables::row::Cells<'_>, row: usize) -> Option<Self> {
                let mut columns = cells.iter();
                Some($name {
                    $($field: $crate::tables::row::Cell::from_cell(columns.next().flatten(), row)?,)*
                })
            }
        }
    };
}
pub(super) use row;

named_cell!(Level, name, |name: &str| Some(Level::named(name)));
named_cell!(Delivered, name, Delivered::named);
named_cell!(State, name, |name: &str| Some(State::named(name)));

/// The columns of a row, as those of a table.
#[must_use]
pub fn fields<R: Row>() -> Vec<FieldSpec> {
    R::COLUMNS.iter().map(ColumnSpec::field).collect()
}

/// Writes the rows of a table, some at a time, as all of them would be in memory twice.
///
/// # Errors
/// File system errors.
pub fn write<R: Row>(path: &Path, rows: impl Iterator<Item = R>) -> Result<u64, TableFileError> {
    write_values(path, &fields::<R>(), rows.map(R::into_values))
}

pub(super) fn write_values(
    path: &Path,
    fields: &[FieldSpec],
    rows: impl Iterator<Item = Vec<Value>>,
) -> Result<u64, TableFileError> {
    let arrow_error = |source| TableFileError::Arrow { path: path.to_owned(), source };
    let mut builder = TableBuilder::new(fields);
    let mut writer = TableWriter::create(path, builder.schema())?;
    for row in rows {
        builder.push(row);
        if let Some(batch) = builder.ready().map_err(arrow_error)? {
            writer.write(&batch)?;
        }
    }
    writer.write(&builder.finish().map_err(arrow_error)?)?;
    writer.finish()
}

/// The rows of a file, one by one.
///
/// # Errors
/// File system errors, or when it is not a Parquet file.
pub fn read<R: Row>(path: &Path) -> Result<Rows<R>, TableFileError> {
    let columns: BTreeSet<String> = R::COLUMNS.iter().map(|column| column.name.to_owned()).collect();
    Ok(Rows {
        batches: parquet_file::read_plain(path, Some(&columns))?,
        path: path.to_owned(),
        ready: Vec::new().into_iter(),
    })
}

/// Passes each row of a file to `each`, with its texts in the named columns of a contract.
///
/// # Errors
/// Those of [`read`].
pub fn scan<R: Row>(
    path: &Path,
    named: &[&str],
    mut each: impl FnMut(R, &[Option<&str>]),
) -> Result<(), TableFileError> {
    let row_columns = R::COLUMNS.iter().map(|column| column.name);
    let columns: BTreeSet<String> = row_columns.chain(named.iter().copied()).map(str::to_owned).collect();
    for batch in parquet_file::read_plain(path, Some(&columns))? {
        let batch = batch.map_err(|source| TableFileError::Arrow { path: path.to_owned(), source })?;
        let cells = Cells::of::<R>(&batch);
        let texts: Vec<Option<&StringArray>> =
            named.iter().map(|name| batch.column_by_name(name)?.as_string_opt()).collect();
        for row in 0..batch.num_rows() {
            let Some(value) = R::from_cells(&cells, row) else { continue };
            let valid = texts.iter().map(|column| column.filter(|column| column.is_valid(row)));
            let texts: Vec<Option<&str>> = valid.map(|column| Some(column?.value(row))).collect();
            each(value, &texts);
        }
    }
    Ok(())
}

/// See [`read`]. Rows with words that this program does not know are skipped.
pub struct Rows<R> {
    batches: ParquetRecordBatchReader,
    path: PathBuf,
    ready: std::vec::IntoIter<R>,
}

impl<R: Row> Iterator for Rows<R> {
    type Item = Result<R, TableFileError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.ready.next() {
                return Some(Ok(row));
            }
            match self.batches.next()? {
                Ok(batch) => {
                    let cells = Cells::of::<R>(&batch);
                    let rows = (0..batch.num_rows()).filter_map(|row| R::from_cells(&cells, row));
                    self.ready = rows.collect::<Vec<R>>().into_iter();
                }
                Err(source) => {
                    return Some(Err(TableFileError::Arrow { path: self.path.clone(), source }));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    row! {
        /// A row of all types.
        Sample, "sample", {
            /// Which one.
            name: String = "名称",
            year: i32 = "年度",
            until: Option<i32> = "终止年度",
            rows: u64 = "行数",
            words: Option<String> = "文字",
            value: Option<Decimal> = "数值",
            decision: Option<u32> = "编号",
            counted: bool = "是否计入",
        }
    }

    row! {
        /// A row as an earlier program wrote it.
        EarlierSample, "sample", {
            year: i32 = "年度",
        }
    }

    fn sample() -> Sample {
        Sample {
            name: "甲".to_owned(),
            year: 2024,
            until: None,
            rows: 7,
            words: Some(String::new()),
            value: Decimal::parse("12.5"),
            decision: Some(3),
            counted: true,
        }
    }

    fn empty() -> Sample {
        let name = String::new();
        Sample {
            name,
            year: 0,
            until: None,
            rows: 0,
            words: None,
            value: None,
            decision: None,
            counted: false,
        }
    }

    fn read_all<R: Row>(path: &Path) -> Vec<R> {
        read(path).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample.parquet");
        let rows = [sample(), empty(), Sample { until: Some(2025), words: None, ..sample() }];
        assert_eq!(write(&path, rows.iter().cloned()).unwrap(), 3);
        assert_eq!(read_all::<Sample>(&path), rows);
        assert_eq!(write::<Sample>(&path, std::iter::empty()).unwrap(), 0);
        assert_eq!(read_all::<Sample>(&path), Vec::new());
    }

    #[test]
    fn columns_that_an_earlier_program_did_not_write_are_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample.parquet");
        write(&path, [EarlierSample { year: 2023 }].into_iter()).unwrap();
        assert_eq!(read_all::<Sample>(&path), [Sample { year: 2023, ..empty() }]);
    }

    #[test]
    fn a_column_is_described_where_it_is_declared() {
        assert_eq!(Sample::COLUMNS[0].description, " Which one.");
        assert_eq!(Sample::COLUMNS[0].name, "name");
        assert_eq!(Sample::COLUMNS[3].kind, FieldKind::Int64);
    }
}
