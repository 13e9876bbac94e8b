//! Every file of a release, put in its place under the staged folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchReader, new_null_array};
use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;

use super::{Run, RunError, io_error};
use crate::contract::Column;
use crate::indicators::compute::School;
use crate::period::ReportYear;
use crate::table_file::{self as parquet_file};
use crate::tables::{self, SchoolRow};
use crate::warehouse::files::{self, Access};
use crate::warehouse::layout::{flat_file, is_of_year, table_file};
use crate::warehouse::publish::StagedFile;

impl Run<'_> {
    /// Puts every file of the release in its place under the staged folder.
    pub(super) fn stage(&mut self) -> Result<(), RunError> {
        let years: Vec<ReportYear> = self.years.keys().copied().collect();
        for year in years {
            let of = &self.years[&year];
            let definitions = self.given.definitions;
            let values = |rows: &[_]| tables::indicator_values(rows, definitions);
            let differences = |rows: &[_]| tables::differences(rows, definitions);
            let attributes: Vec<&Column> = self.given.definitions.school_attributes().collect();
            let schools = |schools: &[SchoolRow]| tables::dim_school(schools, &attributes);
            let mut written = vec![
                self.write_rows("indicator_value", year, &of.values, values)?,
                self.write_rows("finding", year, &of.findings, tables::findings)?,
                self.write_rows("delivery", year, &of.deliveries, tables::deliveries)?,
                self.write_rows("dim_school", year, &self.school_rows(year), schools)?,
                self.write_rows("override", year, &of.overrides, tables::overrides)?,
                self.write_rows("difference", year, &of.differences, differences)?,
            ];
            if let Some(cells) = self.cells.get(&year) {
                written.push(self.write_rows("report_cell", year, cells, tables::report_cells)?);
            }
            let assembled = of.tables.clone();
            for (table, path, rows) in written {
                self.stage_file(table, Some(year), &path, rows)?;
            }
            for (table, (path, rows)) in assembled {
                self.stage_file(&table, Some(year), &path, rows)?;
            }
        }
        let residual = (
            self.given.settings.residual_region_code.as_str(),
            self.given.settings.residual_region_name.as_str(),
        );
        let dims = [
            (
                "dim_region",
                tables::dim_region(self.given.definitions, &self.given.settings.city_code, residual)?,
            ),
            ("dim_major", tables::dim_major(self.given.definitions)?),
            ("dim_indicator", tables::dim_indicator(self.given.definitions)?),
        ];
        for (table, batch) in dims {
            let path = self.staged_path(table, None);
            let rows = parquet_file::write(&path, &batch)?;
            self.stage_file(table, None, &path, rows)?;
        }
        self.carry_over()
    }

    pub(super) fn school_rows(&self, year: ReportYear) -> Vec<SchoolRow> {
        let attributes: Vec<&Column> = self.given.definitions.school_attributes().collect();
        let attribute =
            |school: &School, name: &str| school.attributes.get(name).cloned().unwrap_or_default();
        let row = |(code, school): (&String, &School)| SchoolRow {
            report_year: year,
            school_code: code.clone(),
            school_name: school.name.clone(),
            region_code: school.region_code.clone(),
            attributes: attributes.iter().map(|column| attribute(school, &column.name)).collect(),
        };
        self.years[&year].schools.iter().map(row).collect()
    }

    fn staged_path(&self, table: &str, year: Option<ReportYear>) -> PathBuf {
        self.given.data.staged_release().join(format!("{table}-{}.parquet", year.unwrap_or_default()))
    }

    /// Writes the rows of a table, some at a time: as columns, all would be there twice.
    fn write_rows<T>(
        &self,
        table: &'static str,
        year: ReportYear,
        rows: &[T],
        batch: impl Fn(&[T]) -> Result<RecordBatch, ArrowError>,
    ) -> Result<(&'static str, PathBuf, u64), RunError> {
        const AT_A_TIME: usize = 65_536;
        let path = self.staged_path(table, Some(year));
        let (first, rest) = rows.split_at(rows.len().min(AT_A_TIME));
        let first = batch(first)?;
        let mut writer = parquet_file::TableWriter::create(&path, first.schema())?;
        writer.write(&first)?;
        for rows in rest.chunks(AT_A_TIME) {
            writer.write(&batch(rows)?)?;
        }
        let rows = writer.finish()?;
        Ok((table, path, rows))
    }

    /// Moves a finished table file under the name that its content gives it.
    pub(super) fn stage_file(
        &mut self,
        table: &str,
        year: Option<ReportYear>,
        path: &Path,
        rows: u64,
    ) -> Result<(), RunError> {
        let sha256 = files::sha256_of_file(path).map_err(io_error(path))?;
        let below = table_file(table, year, &sha256);
        let to = self.given.data.staged_release().join(&below);
        let folder = to.parent().unwrap_or(path);
        files::make_folder(folder, Access::Open).map_err(io_error(folder))?;
        fs::rename(path, &to).map_err(io_error(&to))?;
        self.staged.push(StagedFile { path: below, rows, in_digest: true });
        if let Some(of) = year.and_then(|year| self.years.get_mut(&year)) {
            of.tables.insert(table.to_owned(), (to, rows));
        }
        Ok(())
    }

    /// Years that were not done again keep the files of the release that stands.
    pub(super) fn carry_over(&mut self) -> Result<(), RunError> {
        let Some(last) = &self.given.last else { return Ok(()) };
        for year in last.years.iter().filter(|year| !self.years.contains_key(year)) {
            for file in last.files.iter().filter(|file| is_of_year(&file.path, *year)) {
                let from = self.given.data.release(last.release).join(&file.path);
                // A file that rotted is not passed on as if it were sound.
                if files::sha256_of_file(&from).map_err(io_error(&from))? != file.sha256 {
                    return Err(RunError::Damaged(from));
                }
                let to = self.given.data.staged_release().join(&file.path);
                let folder = to.parent().unwrap_or(&to);
                files::make_folder(folder, Access::Open).map_err(io_error(folder))?;
                if fs::hard_link(&from, &to).is_err() {
                    fs::copy(&from, &to).map_err(io_error(&to))?;
                }
                self.staged.push(StagedFile {
                    path: PathBuf::from(&file.path),
                    rows: file.rows,
                    in_digest: true,
                });
            }
        }
        Ok(())
    }

    /// One file for each small table, all years together.
    pub(super) fn stage_flat(&mut self) -> Result<(), RunError> {
        // A row a person: too large for readers that take one path, and of no use to them without a key.
        let is_personal = |table: &str| {
            self.given.definitions.datasets.iter().any(|dataset| dataset.personal && dataset.table == table)
        };
        let mut by_table: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for file in &self.staged {
            if let Some(table) = table_name(&file.path).filter(|table| !is_personal(table)) {
                by_table.entry(table.to_owned()).or_default().push(file.path.clone());
            }
        }
        let staged = self.given.data.staged_release();
        files::make_folder(&staged.join("flat"), Access::Open).map_err(io_error(&staged))?;
        for (table, mut paths) in by_table {
            paths.sort();
            let below = flat_file(&table);
            let mut fields: Vec<FieldRef> = Vec::new();
            for path in &paths {
                let schema = parquet_file::read(&staged.join(path))?.schema();
                for field in schema.fields() {
                    if !fields.iter().any(|known| known.name() == field.name()) {
                        fields.push(Arc::clone(field));
                    }
                }
            }
            // A year whose definitions had a column less has nulls in it.
            let schema = Arc::new(Schema::new(fields));
            let mut writer = parquet_file::TableWriter::create(&staged.join(&below), Arc::clone(&schema))?;
            for path in paths {
                for batch in parquet_file::read(&staged.join(path))? {
                    writer.write(&by_name(&batch?, &schema)?)?;
                }
            }
            let rows = writer.finish()?;
            self.staged.push(StagedFile { path: below, rows, in_digest: true });
        }
        Ok(())
    }
}

/// The table whose file lies at a path below a release.
pub(super) fn table_name(path: &Path) -> Option<&str> {
    path.strip_prefix("tables").ok()?.iter().next()?.to_str()
}

/// Views over all tables, in paths below `prefix`; hive partitioning off, as the year is in the files.
#[must_use]
pub fn catalogue_sql(staged: &[StagedFile], prefix: &str) -> String {
    let mut by_table: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for file in staged {
        if let Some(table) = table_name(&file.path) {
            let path = format!("{prefix}{}", file.path.display()).replace('\'', "''");
            by_table.entry(table).or_default().push(format!("'{path}'"));
        }
    }
    let mut sql = String::new();
    for (table, mut paths) in by_table {
        paths.sort();
        sql += &format!(
            "CREATE OR REPLACE VIEW \"{table}\" AS SELECT * FROM read_parquet([{}], hive_partitioning = false, union_by_name = true);\n",
            paths.join(", ")
        );
    }
    sql
}

/// The columns of a schema, found in a batch by name.
fn by_name(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let column = |field: &FieldRef| match batch.column_by_name(field.name()) {
        Some(column) => Arc::clone(column),
        None => new_null_array(field.data_type(), batch.num_rows()),
    };
    RecordBatch::try_new(Arc::clone(schema), schema.fields().iter().map(column).collect())
}
