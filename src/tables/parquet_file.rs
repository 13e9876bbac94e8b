//! Arrow batches ↔ Parquet files.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use bytes::Bytes;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::reader::ChunkReader;

/// The reason why a Parquet file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum TableFileError {
    #[error("`{}`: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("`{}`: {source}", path.display())]
    Parquet { path: PathBuf, source: ParquetError },
    #[error("`{}`: {source}", path.display())]
    Arrow { path: PathBuf, source: ArrowError },
}

/// Rows in a row group: parallel readers take one each.
const ROW_GROUP_ROWS: usize = 131_072;

fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::SNAPPY)
        .set_created_by("nianbao".to_owned())
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .build()
}

/// A Parquet file being written. The same rows give the same bytes.
pub struct TableWriter {
    writer: ArrowWriter<File>,
    path: PathBuf,
    rows: u64,
}

impl TableWriter {
    /// # Errors
    /// When the file cannot be made.
    pub fn create(path: &Path, schema: SchemaRef) -> Result<Self, TableFileError> {
        let file =
            File::create(path).map_err(|source| TableFileError::Io { path: path.to_owned(), source })?;
        let writer = ArrowWriter::try_new(file, schema, Some(properties()))
            .map_err(|source| TableFileError::Parquet { path: path.to_owned(), source })?;
        Ok(TableWriter { writer, path: path.to_owned(), rows: 0 })
    }

    /// # Errors
    /// File system errors, or when the batch is not of the file's schema.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), TableFileError> {
        self.rows += batch.num_rows() as u64;
        let written = self.writer.write(batch);
        written.map_err(|source| TableFileError::Parquet { path: self.path.clone(), source })
    }

    /// Writes the footer and syncs; returns the number of rows.
    ///
    /// # Errors
    /// File system errors.
    pub fn finish(self) -> Result<u64, TableFileError> {
        let TableWriter { writer, path, rows } = self;
        let file =
            writer.into_inner().map_err(|source| TableFileError::Parquet { path: path.clone(), source })?;
        file.sync_all().map_err(|source| TableFileError::Io { path, source })?;
        Ok(rows)
    }
}

/// A Parquet file of few rows, being written in memory: without the metadata of fields, and without
/// statistics and dictionaries, which only help to search many rows.
#[derive(Debug)]
pub struct TableBytes(ArrowWriter<Vec<u8>>);

impl TableBytes {
    /// # Errors
    /// When the schema cannot be written: a fault of the program. The same holds for the other functions.
    pub fn new(schema: SchemaRef) -> Result<Self, ParquetError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by("nianbao".to_owned())
            .set_statistics_enabled(EnabledStatistics::None)
            .set_dictionary_enabled(false)
            .build();
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        ArrowWriter::try_new_with_options(Vec::new(), schema, options).map(TableBytes)
    }

    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        self.0.write(batch)
    }

    pub fn finish(self) -> Result<Vec<u8>, ParquetError> {
        self.0.into_inner()
    }
}

/// Writes a batch as a file.
///
/// # Errors
/// File system errors.
pub fn write(path: &Path, batch: &RecordBatch) -> Result<u64, TableFileError> {
    let mut writer = TableWriter::create(path, batch.schema())?;
    writer.write(batch)?;
    writer.finish()
}

/// Opens a file for reading in batches.
///
/// # Errors
/// File system errors, or when it is not a Parquet file.
pub fn read(path: &Path) -> Result<ParquetRecordBatchReader, TableFileError> {
    open(path, &ArrowReaderOptions::new(), None)
}

/// Like [`read`], without the metadata of fields, and only with the named columns, if any are named;
/// columns that the file lacks are left out. For files of few rows this saves most of the work.
///
/// # Errors
/// Those of [`read`].
pub fn read_plain(
    path: &Path,
    columns: Option<&BTreeSet<String>>,
) -> Result<ParquetRecordBatchReader, TableFileError> {
    open(path, &ArrowReaderOptions::new().with_skip_arrow_metadata(true), columns)
}

fn open(
    path: &Path,
    options: &ArrowReaderOptions,
    columns: Option<&BTreeSet<String>>,
) -> Result<ParquetRecordBatchReader, TableFileError> {
    let io_error = |source| TableFileError::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(io_error)?;
    let bytes = file.metadata().map_err(io_error)?.len();
    let reader = if bytes > READ_WHOLE_MAX {
        build(file, options, columns)
    } else {
        // A reader of a file opens it again for every column of every page.
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(io_error)?;
        build(Bytes::from(content), options, columns)
    };
    reader.map_err(|source| TableFileError::Parquet { path: path.to_owned(), source })
}

fn build<T: ChunkReader + 'static>(
    content: T,
    options: &ArrowReaderOptions,
    columns: Option<&BTreeSet<String>>,
) -> Result<ParquetRecordBatchReader, ParquetError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(content, options.clone())?;
    let Some(columns) = columns else { return builder.build() };
    let schema = builder.parquet_schema();
    let names = schema.columns().iter().map(|column| column.name());
    let indices = names.enumerate().filter(|(_, name)| columns.contains(*name)).map(|(index, _)| index);
    let mask = ProjectionMask::leaves(schema, indices.collect::<Vec<_>>());
    builder.with_projection(mask).build()
}

/// Files up to this size are read as a whole.
const READ_WHOLE_MAX: u64 = 4 << 20;

/// A text of a batch; empty for null and for columns that it lacks.
#[must_use]
pub fn text_at(batch: &RecordBatch, column: &str, row: usize) -> String {
    let column = batch.column_by_name(column).map(arrow::array::AsArray::as_string::<i32>);
    column
        .filter(|column| column.is_valid(row))
        .map(|column| column.value(row).to_owned())
        .unwrap_or_default()
}
