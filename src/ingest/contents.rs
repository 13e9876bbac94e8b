//! What a file says, whatever its bytes: a digest of each school's rows that depends neither on their order nor on
//! where they stand. Two files of the same digest are one delivery, saved twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::{is_not_null, nullif};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use sha2::{Digest, Sha256};

use crate::definitions::contract::fields::SOURCE_FIELDS;
use crate::tables::parquet_file;
use crate::warehouse::files;

/// The rows so far: for each school their number, and the sum of their digests.
#[derive(Debug, Default)]
pub struct Contents {
    by_school: BTreeMap<String, (u64, u128)>,
}

impl Contents {
    /// Adds the rows of a batch.
    ///
    /// # Errors
    /// When the rows cannot be compared: a fault of the program.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let columns = said(batch)?;
        let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
        let rows = RowConverter::new(fields)?.convert_columns(&columns)?;
        for (index, row) in rows.iter().enumerate() {
            let mut digest = [0; 16];
            digest.copy_from_slice(&Sha256::digest(row)[..16]);
            let school = parquet_file::text_at(batch, "school_code", index);
            let sum = self.by_school.entry(school).or_default();
            *sum = (sum.0 + 1, sum.1.wrapping_add(u128::from_be_bytes(digest)));
        }
        Ok(())
    }

    /// The digest of each school's rows.
    #[must_use]
    pub fn finish(self) -> BTreeMap<String, String> {
        let digest = |(rows, sum): (u64, u128)| files::sha256(format!("{rows} {sum:032x}").as_bytes());
        self.by_school.into_iter().map(|(school, sum)| (school, digest(sum))).collect()
    }
}

/// The columns of a batch without where its rows stand and how they are written.
fn said(batch: &RecordBatch) -> Result<Vec<ArrayRef>, ArrowError> {
    let is_place =
        |name: &str| name == "row_digest" || SOURCE_FIELDS.iter().any(|(place, ..)| *place == name);
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns());
    let columns = columns.filter(|(field, _)| !is_place(field.name()));
    columns
        .map(|(field, column)| match batch.column_by_name("value") {
            // 88.01 and 88.01% are one number.
            Some(value) if field.name() == "printed_text" => nullif(column, &is_not_null(value)?),
            _ => Ok(Arc::clone(column)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tables::column::{FieldKind, FieldSpec, TableBuilder, Value};

    /// Rows of school, amount, and the text of the cell.
    type Rows = Vec<(u8, i64, String)>;

    fn digests(rows: &[(u8, i64, String)], batches: usize) -> BTreeMap<String, String> {
        let fields = [
            FieldSpec::new("school_code", FieldKind::Text, ""),
            FieldSpec::new("amount", FieldKind::Int64, ""),
            FieldSpec::new("source_row", FieldKind::Int32, ""),
            FieldSpec::new("row_digest", FieldKind::Text, ""),
        ];
        let mut contents = Contents::default();
        for part in rows.chunks(rows.len().div_ceil(batches).max(1)) {
            let mut builder = TableBuilder::new(&fields);
            for (place, (school, amount, text)) in part.iter().enumerate() {
                builder.push(vec![
                    Value::Text(school.to_string()),
                    Value::Int(*amount),
                    Value::Int(i64::try_from(place).unwrap()),
                    Value::Text(text.clone()),
                ]);
            }
            contents.add(&builder.finish().unwrap()).unwrap();
        }
        contents.finish()
    }

    /// What the digests stand for: for each school its amounts, sorted.
    fn said(rows: &Rows) -> BTreeMap<u8, Vec<i64>> {
        let mut said: BTreeMap<u8, Vec<i64>> = BTreeMap::new();
        for (school, amount, _) in rows {
            said.entry(*school).or_default().push(*amount);
        }
        for amounts in said.values_mut() {
            amounts.sort_unstable();
        }
        said
    }

    fn rows() -> impl Strategy<Value = Rows> {
        prop::collection::vec((0_u8..3, 0_i64..3, "[ab]"), 0..6)
    }

    proptest! {
        #[test]
        fn digests_are_equal_exactly_where_the_same_is_said(one in rows(), other in rows(), batches in 1_usize..4) {
            prop_assert_eq!(digests(&one, batches) == digests(&other, 1), said(&one) == said(&other));
        }
    }

    #[test]
    fn a_number_is_one_however_it_is_written() {
        let digest = |value: Option<i128>, text: &str| {
            let fields = [
                FieldSpec::new("school_code", FieldKind::Text, ""),
                FieldSpec::new("printed_text", FieldKind::Text, ""),
                FieldSpec::new("value", FieldKind::Decimal, ""),
            ];
            let mut builder = TableBuilder::new(&fields);
            let value = value.map_or(Value::Null, Value::Decimal);
            builder.push(vec![Value::Text("1".to_owned()), Value::Text(text.to_owned()), value]);
            let mut contents = Contents::default();
            contents.add(&builder.finish().unwrap()).unwrap();
            contents.finish()
        };
        assert_eq!(digest(Some(8801), "88.01"), digest(Some(8801), "88.01%"));
        assert_ne!(digest(Some(8801), "88.01"), digest(Some(8802), "88.01"));
        assert_ne!(digest(None, "教师问卷"), digest(None, "学生问卷"));
    }
}
