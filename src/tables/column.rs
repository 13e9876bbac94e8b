//! The typed columns of a table, and rows being turned into them.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Decimal128Builder, Int32Builder, Int64Builder, RecordBatch, StringBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;

use crate::number::SCALE;

/// A value ready for its column.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Text(String),
    Int(i64),
    Decimal(i128),
    Boolean(bool),
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldSpec {
    pub name: String,
    pub kind: FieldKind,
    pub title_zh: String,
    pub unit: String,
    pub source: String,
}

/// The types that tables are made of (DECIMAL is DECIMAL(38,10)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    Text,
    Int32,
    Int64,
    Decimal,
    Boolean,
}

impl FieldKind {
    #[must_use]
    pub fn arrow(self) -> DataType {
        match self {
            FieldKind::Text => DataType::Utf8,
            FieldKind::Int32 => DataType::Int32,
            FieldKind::Int64 => DataType::Int64,
            #[expect(clippy::cast_possible_truncation, reason = "the scale is ten")]
            FieldKind::Decimal => DataType::Decimal128(38, SCALE as i8),
            FieldKind::Boolean => DataType::Boolean,
        }
    }
}

impl FieldSpec {
    #[must_use]
    pub fn new(name: &str, kind: FieldKind, title_zh: &str) -> Self {
        FieldSpec {
            name: name.to_owned(),
            kind,
            title_zh: title_zh.to_owned(),
            unit: String::new(),
            source: String::new(),
        }
    }

    fn arrow(&self) -> Field {
        let pairs = [("title_zh", &self.title_zh), ("unit", &self.unit), ("source", &self.source)];
        let metadata: HashMap<String, String> = pairs
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(key, text)| (key.to_owned(), text.clone()))
            .collect();
        Field::new(&self.name, self.kind.arrow(), true).with_metadata(metadata)
    }
}

/// The Arrow schema of columns, with title, unit and source in each field's metadata.
#[must_use]
pub fn schema(fields: &[FieldSpec]) -> SchemaRef {
    Arc::new(Schema::new(fields.iter().map(FieldSpec::arrow).collect::<Vec<_>>()))
}

enum Builder {
    Text(StringBuilder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Decimal(Decimal128Builder),
    Boolean(BooleanBuilder),
}

/// Rows being turned into Arrow columns.
pub struct TableBuilder {
    schema: SchemaRef,
    builders: Vec<Builder>,
    rows: usize,
}

/// The number of rows that are handed on together, so that all rows of a large file are never in memory.
const ROWS_READY: usize = 65_536;

impl TableBuilder {
    #[must_use]
    pub fn new(fields: &[FieldSpec]) -> Self {
        let builder = |field: &FieldSpec| match field.kind {
            FieldKind::Int32 => Builder::Int32(Int32Builder::new()),
            FieldKind::Int64 => Builder::Int64(Int64Builder::new()),
            FieldKind::Decimal => {
                Builder::Decimal(Decimal128Builder::new().with_data_type(field.kind.arrow()))
            }
            FieldKind::Text => Builder::Text(StringBuilder::new()),
            FieldKind::Boolean => Builder::Boolean(BooleanBuilder::new()),
        };
        TableBuilder { schema: schema(fields), builders: fields.iter().map(builder).collect(), rows: 0 }
    }

    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Appends a row, with its values in the order of the fields.
    ///
    /// # Panics
    /// When a value is not of its column's type: a fault of the program.
    pub fn push(&mut self, values: Vec<Value>) {
        assert_eq!(values.len(), self.builders.len(), "a row has one value for each column");
        self.rows += 1;
        for (builder, value) in self.builders.iter_mut().zip(values) {
            match (builder, value) {
                (Builder::Text(column), Value::Text(text)) => column.append_value(text),
                (Builder::Text(column), Value::Null) => column.append_null(),
                #[expect(clippy::cast_possible_truncation, reason = "years and row numbers fit")]
                (Builder::Int32(column), Value::Int(number)) => column.append_value(number as i32),
                (Builder::Int32(column), Value::Null) => column.append_null(),
                (Builder::Int64(column), Value::Int(number)) => column.append_value(number),
                (Builder::Int64(column), Value::Null) => column.append_null(),
                (Builder::Decimal(column), Value::Decimal(number)) => column.append_value(number),
                (Builder::Decimal(column), Value::Null) => column.append_null(),
                (Builder::Boolean(column), Value::Boolean(truth)) => column.append_value(truth),
                (Builder::Boolean(column), Value::Null) => column.append_null(),
                (_, value) => unreachable!("{value:?} is not of its column's type"),
            }
        }
    }

    /// Takes out the rows so far, once there are enough of them.
    ///
    /// # Errors
    /// Those of [`TableBuilder::finish`].
    pub fn ready(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        if self.rows < ROWS_READY { Ok(None) } else { self.finish().map(Some) }
    }

    /// The rows since the last batch, as a batch.
    ///
    /// # Errors
    /// When the columns do not fit the schema: a fault of the program.
    pub fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        self.rows = 0;
        let arrays = self.builders.iter_mut().map(|builder| -> ArrayRef {
            match builder {
                Builder::Text(column) => Arc::new(column.finish()),
                Builder::Int32(column) => Arc::new(column.finish()),
                Builder::Int64(column) => Arc::new(column.finish()),
                Builder::Decimal(column) => Arc::new(column.finish()),
                Builder::Boolean(column) => Arc::new(column.finish()),
            }
        });
        RecordBatch::try_new(Arc::clone(&self.schema), arrays.collect())
    }
}
