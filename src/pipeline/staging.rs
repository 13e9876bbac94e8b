//! Every file of a release, put in its place under the staged folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchReader, new_null_array};
use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;

use super::{Run, RunError, dimensions, io_error};
use crate::contract::Column;
use crate::indicators;
use crate::period::ReportYear;
use crate::reconcile;
use crate::table_file::{self as parquet_file};
use crate::tables::decision::DecisionRow;
use crate::tables::delivery::DeliveryRow;
use crate::tables::finding::FindingRow;
use crate::tables::report_cell::ReportCellRow;
use crate::tables::row::{self, Row};
use crate::tables::school::{self, Attribute, SchoolRow};
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
            let indicators = &definitions.indicators;
            let mut written = vec![
                self.write_rows(year, indicators::stored::rows(&of.values, indicators))?,
                self.write_rows(year, of.findings.iter().map(FindingRow::from))?,
                self.write_rows(year, of.deliveries.iter().map(DeliveryRow::from))?,
                self.write_schools(year)?,
                self.write_rows(year, of.overrides.iter().map(DecisionRow::from))?,
                self.write_rows(year, reconcile::rows(&of.differences, indicators))?,
            ];
            if let Some(cells) = self.cells.get(&year) {
                written.push(self.write_rows(year, cells.iter().map(ReportCellRow::from))?);
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
        let (definitions, city) = (self.given.definitions, &self.given.settings.city_code);
        self.stage_dimension(dimensions::regions(definitions, city, residual))?;
        self.stage_dimension(dimensions::majors(definitions))?;
        self.stage_dimension(dimensions::indicators(definitions))?;
        self.carry_over()
    }

    fn stage_dimension<R: Row>(&mut self, rows: Vec<R>) -> Result<(), RunError> {
        let path = self.staged_path(R::TABLE, None);
        let rows = row::write(&path, rows.into_iter())?;
        self.stage_file(R::TABLE, None, &path, rows)
    }

    fn write_schools(&self, year: ReportYear) -> Result<(&'static str, PathBuf, u64), RunError> {
        let attribute =
            |column: &Column| Attribute { name: column.name.clone(), title_zh: column.title_zh.clone() };
        let attributes: Vec<Attribute> = self.given.definitions.school_attributes().map(attribute).collect();
        let schools = self.years[&year].schools.iter().map(|(code, school)| {
            let code_of =
                |column: &Attribute| school.attributes.get(&column.name).cloned().unwrap_or_default();
            let row = SchoolRow {
                report_year: year,
                school_code: code.clone(),
                school_name: school.name.clone(),
                region_code: school.region_code.clone(),
            };
            (row, attributes.iter().map(code_of).collect())
        });
        let path = self.staged_path(SchoolRow::TABLE, Some(year));
        let rows = school::write(&path, &attributes, schools)?;
        Ok((SchoolRow::TABLE, path, rows))
    }

    fn staged_path(&self, table: &str, year: Option<ReportYear>) -> PathBuf {
        self.given.data.staged_release().join(format!("{table}-{}.parquet", year.unwrap_or_default()))
    }

    fn write_rows<R: Row>(
        &self,
        year: ReportYear,
        rows: impl Iterator<Item = R>,
    ) -> Result<(&'static str, PathBuf, u64), RunError> {
        let path = self.staged_path(R::TABLE, Some(year));
        let rows = row::write(&path, rows)?;
        Ok((R::TABLE, path, rows))
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
