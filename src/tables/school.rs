//! `dim_school`: each year's register, so that a year is read with its own schools.

use std::path::Path;

use super::row::{Row, fields, write_values};
use crate::period::ReportYear;
use crate::tables::column::{FieldKind, FieldSpec, Value};
use crate::tables::parquet_file::TableFileError;

super::row::row! {
    /// Its further columns are the attributes of the register, each as a code.
    SchoolRow, "dim_school", {
        /// The year of the register.
        report_year: ReportYear = "报告年度",
        /// Ten digits.
        school_code: String = "学校标识码",
        /// As in that year's register.
        school_name: String = "学校名称",
        /// The county that the school is under.
        region_code: String = "县（市、区）代码",
    }
}

/// A column that the register's contract adds: its name, and its title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    pub name: String,
    pub title_zh: String,
}

/// Writes schools, each with its codes in the order of `attributes`.
///
/// # Errors
/// File system errors.
pub fn write(
    path: &Path,
    attributes: &[Attribute],
    schools: impl Iterator<Item = (SchoolRow, Vec<String>)>,
) -> Result<u64, TableFileError> {
    let mut fields = fields::<SchoolRow>();
    fields.extend(attributes.iter().map(|attribute| {
        FieldSpec::new(&attribute.name, FieldKind::Text, &format!("{}代码", attribute.title_zh))
    }));
    let rows = schools.map(|(school, codes)| {
        let mut values = school.into_values();
        values.extend(codes.into_iter().map(Value::Text));
        values
    });
    write_values(path, &fields, rows)
}
