//! Every file of a release, put in its place under the staged folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchReader, new_null_array};
use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;

use super::arrivals::KnownArrivals;
use super::delivery_status::{self, KnownDeliveries};
use super::enrolled::YearTable;
use super::result::{MadeYear, Results, YearResult};
use super::survey::Inventory;
use super::{RunContext, RunError, dimensions, io_error, parallel};
use crate::definitions::Definitions;
use crate::definitions::contract::Column;
use crate::delivery::StatusOutcome;
use crate::figures;
use crate::figures::compute::School;
use crate::figures::reconcile;
use crate::period::ReportYear;
use crate::tables::decision::DecisionRow;
use crate::tables::delivery::DeliveryRow;
use crate::tables::delivery_status::DeliveryStatusRow;
use crate::tables::finding::FindingRow;
use crate::tables::parquet_file::{self};
use crate::tables::report_cell::ReportCellRow;
use crate::tables::row::{self, Row};
use crate::tables::school::{self, Attribute, SchoolRow};
use crate::warehouse::files::{self, Access};
use crate::warehouse::layout::{flat_file, is_of_year, table_file, table_folder};
use crate::warehouse::publish::StagedFile;

/// Puts every table of the years in its place below the staged folder, several years at once. Staged tables are
/// on disk: of a year, only its result stays in memory.
///
/// # Errors
/// When the file system fails.
pub(super) fn stage_years(
    context: &RunContext<'_>,
    inventory: &Inventory,
    years: Vec<MadeYear<'_>>,
) -> Result<Results, RunError> {
    let arrivals = KnownArrivals::read(context, inventory)?;
    let staged = parallel::all(context.settings.threads(), years, |made| {
        let status = delivery_status(context, &made, &arrivals)?;
        let missing = status.iter().filter(|row| row.outcome == StatusOutcome::Missing).count() as u64;
        let files = stage_year(context, &made, status)?;
        let year = made.year;
        let mut result =
            YearResult::of(context.settings, context.definitions, &context.overrides, made, files);
        result.summary.missing = missing;
        Ok((year, result))
    });
    staged.into_iter().collect()
}

/// Who has delivered what of a year.
fn delivery_status(
    context: &RunContext<'_>,
    made: &MadeYear<'_>,
    arrivals: &KnownArrivals,
) -> Result<Vec<DeliveryStatusRow>, RunError> {
    let MadeYear { assembled, checked, year, .. } = made;
    let rows = assembled.tables.iter().map(|(table, made)| Ok((table.clone(), rows_by_school(&made.path)?)));
    let rows = rows.collect::<Result<BTreeMap<_, _>, RunError>>()?;
    let last = context.last.as_ref();
    let before = match last.and_then(|last| last.table(&context.data, DeliveryStatusRow::TABLE, *year)) {
        Some(path) => row::read(&path)?.collect::<Result<Vec<DeliveryStatusRow>, _>>()?,
        None => Vec::new(),
    };
    let known = KnownDeliveries {
        year: *year,
        schools: &assembled.schools,
        deliveries: &assembled.deliveries,
        rows: &rows,
        findings: &checked.findings,
        arrivals: &arrivals.of(*year),
        before: &before,
    };
    Ok(delivery_status::rows(context.definitions, &context.settings.deadlines, &known))
}

fn rows_by_school(path: &Path) -> Result<BTreeMap<String, u64>, RunError> {
    let mut rows: BTreeMap<String, u64> = BTreeMap::new();
    for batch in parquet_file::read(path)? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            *rows.entry(parquet_file::text_at(&batch, "school_code", row)).or_default() += 1;
        }
    }
    Ok(rows)
}

fn stage_year(
    context: &RunContext<'_>,
    made: &MadeYear<'_>,
    status: Vec<DeliveryStatusRow>,
) -> Result<Vec<StagedFile>, RunError> {
    let MadeYear { assembled, computed, checked, cells, year } = made;
    let year = *year;
    let definitions = context.definitions;
    let folder = Folder(context.data.staged_release());
    let indicators = &definitions.indicators;
    let mut files = vec![
        folder.write(year, figures::stored::rows(&computed.values, indicators))?,
        folder.write(year, checked.findings.iter().map(FindingRow::from))?,
        folder.write(year, assembled.deliveries.all.iter().map(DeliveryRow::from))?,
        folder.write_status(year, status)?,
        folder.write_schools(year, definitions, &assembled.schools)?,
        folder.write(year, checked.decisions.iter().map(DecisionRow::from))?,
        folder.write(year, reconcile::rows(&computed.differences, indicators))?,
        folder.write(year, cells.iter().map(ReportCellRow::from))?,
    ];
    for (table, YearTable { path, rows }) in &assembled.tables {
        files.push(folder.place(table, Some(year), path, *rows)?);
    }
    Ok(files)
}

/// Puts the tables that are of no year in their places.
///
/// # Errors
/// When the file system fails.
pub(super) fn stage_dimensions(context: &RunContext<'_>) -> Result<Vec<StagedFile>, RunError> {
    let RunContext { settings, definitions, .. } = context;
    let folder = Folder(context.data.staged_release());
    let residual = (settings.residual_region_code.as_str(), settings.residual_region_name.as_str());
    Ok(vec![
        folder.write_dimension(dimensions::regions(definitions, &settings.city_code, residual))?,
        folder.write_dimension(dimensions::majors(definitions))?,
        folder.write_dimension(dimensions::indicators(definitions))?,
    ])
}

/// Carries over the files of the current release for years that were not made again.
///
/// # Errors
/// When the file system fails, or a file was damaged.
pub(super) fn carry_over(
    context: &RunContext<'_>,
    is_made: &dyn Fn(ReportYear) -> bool,
) -> Result<Vec<StagedFile>, RunError> {
    let mut carried = Vec::new();
    let Some(last) = &context.last else { return Ok(carried) };
    for year in last.years.iter().filter(|year| !is_made(**year)) {
        for file in last.files.iter().filter(|file| is_of_year(&file.path, *year)) {
            let from = context.data.release(last.release).join(&file.path);
            // A damaged file is not passed on as if it were sound.
            if files::sha256_of_file(&from).map_err(io_error(&from))? != file.sha256 {
                return Err(RunError::Damaged(from));
            }
            let to = context.data.staged_release().join(&file.path);
            let folder = to.parent().unwrap_or(&to);
            files::make_folder(folder, Access::Open).map_err(io_error(folder))?;
            if fs::hard_link(&from, &to).is_err() {
                fs::copy(&from, &to).map_err(io_error(&to))?;
            }
            let path = PathBuf::from(&file.path);
            let in_digest = is_in_digest(&path);
            carried.push(StagedFile { path, rows: file.rows, in_digest });
        }
    }
    Ok(carried)
}

/// Writes one file for each small table, all years together.
///
/// # Errors
/// When the file system fails.
pub(super) fn stage_flat(
    context: &RunContext<'_>,
    staged: &[StagedFile],
) -> Result<Vec<StagedFile>, RunError> {
    // Tables with a row for each person are too large for readers that take one path, and useless to them
    // without a key.
    let of_persons = context.definitions.tables_of_persons();
    let mut by_table: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for file in staged {
        if let Some(table) = table_name(&file.path).filter(|table| !of_persons.contains(table)) {
            by_table.entry(table.to_owned()).or_default().push(file.path.clone());
        }
    }
    let folder = context.data.staged_release();
    files::make_folder(&folder.join("flat"), Access::Open).map_err(io_error(&folder))?;
    let mut flat = Vec::new();
    for (table, mut paths) in by_table {
        paths.sort();
        let below = flat_file(&table);
        let mut fields: Vec<FieldRef> = Vec::new();
        for path in &paths {
            let schema = parquet_file::read(&folder.join(path))?.schema();
            for field in schema.fields() {
                if !fields.iter().any(|known| known.name() == field.name()) {
                    fields.push(Arc::clone(field));
                }
            }
        }
        // A year whose definitions lacked a column has nulls in it.
        let schema = Arc::new(Schema::new(fields));
        let mut writer = parquet_file::TableWriter::create(&folder.join(&below), Arc::clone(&schema))?;
        for path in paths {
            for batch in parquet_file::read(&folder.join(path))? {
                writer.write(&by_name(&batch?, &schema)?)?;
            }
        }
        let rows = writer.finish()?;
        let in_digest = table != DeliveryStatusRow::TABLE;
        flat.push(StagedFile { path: below, rows, in_digest });
    }
    Ok(flat)
}

/// The folder that a release is put together in.
struct Folder(PathBuf);

impl Folder {
    /// The path of a table before its content gives it a name.
    fn unnamed(&self, table: &str, year: Option<ReportYear>) -> PathBuf {
        self.0.join(format!("{table}-{}.parquet", year.unwrap_or_default()))
    }

    fn write<R: Row>(&self, year: ReportYear, rows: impl Iterator<Item = R>) -> Result<StagedFile, RunError> {
        let path = self.unnamed(R::TABLE, Some(year));
        let rows = row::write(&path, rows)?;
        self.place(R::TABLE, Some(year), &path, rows)
    }

    /// Its name does not say what is in it: the same deliveries arrive on different days.
    fn write_status(&self, year: ReportYear, rows: Vec<DeliveryStatusRow>) -> Result<StagedFile, RunError> {
        let table = DeliveryStatusRow::TABLE;
        let below = table_folder(table, Some(year)).join(format!("{table}.parquet"));
        let to = self.0.join(&below);
        let folder = to.parent().unwrap_or(&to);
        files::make_folder(folder, Access::Open).map_err(io_error(folder))?;
        let rows = row::write(&to, rows.into_iter())?;
        Ok(StagedFile { path: below, rows, in_digest: false })
    }

    fn write_dimension<R: Row>(&self, rows: Vec<R>) -> Result<StagedFile, RunError> {
        let path = self.unnamed(R::TABLE, None);
        let rows = row::write(&path, rows.into_iter())?;
        self.place(R::TABLE, None, &path, rows)
    }

    fn write_schools(
        &self,
        year: ReportYear,
        definitions: &Definitions,
        schools: &BTreeMap<String, School>,
    ) -> Result<StagedFile, RunError> {
        let attribute =
            |column: &Column| Attribute { name: column.name.clone(), title_zh: column.title_zh.clone() };
        let attributes: Vec<Attribute> = definitions.school_attributes().map(attribute).collect();
        let rows = schools.iter().map(|(code, school)| {
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
        let path = self.unnamed(SchoolRow::TABLE, Some(year));
        let rows = school::write(&path, &attributes, rows)?;
        self.place(SchoolRow::TABLE, Some(year), &path, rows)
    }

    /// Moves a finished table file under the name that its content gives it.
    fn place(
        &self,
        table: &str,
        year: Option<ReportYear>,
        path: &Path,
        rows: u64,
    ) -> Result<StagedFile, RunError> {
        let sha256 = files::sha256_of_file(path).map_err(io_error(path))?;
        let below = table_file(table, year, &sha256);
        let to = self.0.join(&below);
        let folder = to.parent().unwrap_or(path);
        files::make_folder(folder, Access::Open).map_err(io_error(folder))?;
        fs::rename(path, &to).map_err(io_error(&to))?;
        Ok(StagedFile { path: below, rows, in_digest: true })
    }
}

/// Whether a table is what the inputs make it, whenever they came.
fn is_in_digest(path: &Path) -> bool {
    table_name(path) != Some(DeliveryStatusRow::TABLE)
}

/// The table whose file is at a path below a release.
pub(super) fn table_name(path: &Path) -> Option<&str> {
    path.strip_prefix("tables").ok()?.iter().next()?.to_str()
}

/// SQL views over all tables, with paths below `prefix`; hive partitioning is off, as the year is in the files. Those
/// of persons come last: who may not read them gets the others first.
#[must_use]
pub fn catalogue_sql(staged: &[StagedFile], prefix: &str, of_persons: &BTreeSet<&str>) -> String {
    let mut by_table: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for file in staged {
        if let Some(table) = table_name(&file.path) {
            let path = format!("{prefix}{}", file.path.display()).replace('\'', "''");
            by_table.entry(table).or_default().push(format!("'{path}'"));
        }
    }
    let mut sql = String::new();
    let (closed, open): (Vec<_>, Vec<_>) =
        by_table.into_iter().partition(|(table, _)| of_persons.contains(table));
    for (table, mut paths) in open.into_iter().chain(closed) {
        paths.sort();
        sql += &format!(
            "CREATE OR REPLACE VIEW \"{table}\" AS SELECT * FROM read_parquet([{}], hive_partitioning = false, union_by_name = true);\n",
            paths.join(", ")
        );
    }
    sql
}

/// The columns of a schema, taken from a batch by name.
fn by_name(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let column = |field: &FieldRef| match batch.column_by_name(field.name()) {
        Some(column) => Arc::clone(column),
        None => new_null_array(field.data_type(), batch.num_rows()),
    };
    RecordBatch::try_new(Arc::clone(schema), schema.fields().iter().map(column).collect())
}
