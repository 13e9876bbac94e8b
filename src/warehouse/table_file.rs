//! Arrow batches ↔ Parquet files.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::reader::ChunkReader;

/// Why a Parquet file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum TableFileError {
    #[error("`{}`: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("`{}`: {source}", path.display())]
    Parquet { path: PathBuf, source: ParquetError },
    #[error("`{}`: {source}", path.display())]
    Arrow { path: PathBuf, source: ArrowError },
}

/// Rows in a row group: readers in parallel take one each.
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
    /// Of the file system, or when the batch is not of the file's schema.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), TableFileError> {
        self.rows += batch.num_rows() as u64;
        let written = self.writer.write(batch);
        written.map_err(|source| TableFileError::Parquet { path: self.path.clone(), source })
    }

    /// Writes the footer and syncs; returns the number of rows.
    ///
    /// # Errors
    /// Of the file system.
    pub fn finish(self) -> Result<u64, TableFileError> {
        let TableWriter { writer, path, rows } = self;
        let file =
            writer.into_inner().map_err(|source| TableFileError::Parquet { path: path.clone(), source })?;
        file.sync_all().map_err(|source| TableFileError::Io { path, source })?;
        Ok(rows)
    }
}

/// A Parquet file being written in memory.
#[derive(Debug)]
pub struct TableBytes(ArrowWriter<Vec<u8>>);

impl TableBytes {
    /// # Errors
    /// When the schema cannot be written: a fault of the program. So for all of it.
    pub fn new(schema: SchemaRef) -> Result<Self, ParquetError> {
        ArrowWriter::try_new(Vec::new(), schema, Some(properties())).map(TableBytes)
    }

    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        self.0.write(batch)
    }

    pub fn finish(self) -> Result<Vec<u8>, ParquetError> {
        self.0.into_inner()
    }
}

/// One batch as the bytes of a file.
///
/// # Errors
/// When the batch cannot be written: a fault of the program.
pub fn to_bytes(batch: &RecordBatch) -> Result<Vec<u8>, ParquetError> {
    let mut bytes = TableBytes::new(batch.schema())?;
    bytes.write(batch)?;
    bytes.finish()
}

/// Writes one batch as a file.
///
/// # Errors
/// Of the file system.
pub fn write(path: &Path, batch: &RecordBatch) -> Result<u64, TableFileError> {
    let mut writer = TableWriter::create(path, batch.schema())?;
    writer.write(batch)?;
    writer.finish()
}

/// Opens a file for reading in batches.
///
/// # Errors
/// Of the file system, or when it is no Parquet file.
pub fn read(path: &Path) -> Result<ParquetRecordBatchReader, TableFileError> {
    open(path, None)
}

/// As [`read`], and of the columns only some: what a wide table has beside them is not decoded.
///
/// # Errors
/// See [`read`].
pub fn read_columns(path: &Path, columns: &[&str]) -> Result<ParquetRecordBatchReader, TableFileError> {
    open(path, Some(columns))
}

fn open(path: &Path, columns: Option<&[&str]>) -> Result<ParquetRecordBatchReader, TableFileError> {
    let io_error = |source| TableFileError::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(io_error)?;
    let bytes = file.metadata().map_err(io_error)?.len();
    let reader = if bytes > READ_WHOLE_MAX {
        ParquetRecordBatchReaderBuilder::try_new(file).and_then(|builder| only(builder, columns).build())
    } else {
        // A reader of a file opens it again for every column of every page.
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(io_error)?;
        let content = Bytes::from(content);
        ParquetRecordBatchReaderBuilder::try_new(content).and_then(|builder| only(builder, columns).build())
    };
    reader.map_err(|source| TableFileError::Parquet { path: path.to_owned(), source })
}

fn only<T: ChunkReader>(
    builder: ParquetRecordBatchReaderBuilder<T>,
    columns: Option<&[&str]>,
) -> ParquetRecordBatchReaderBuilder<T> {
    let Some(columns) = columns else { return builder };
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
    builder.with_projection(mask)
}

/// Files up to this size are read at once.
const READ_WHOLE_MAX: u64 = 4 << 20;

/// A text of a batch; empty for null and for columns it has not.
#[must_use]
pub fn text_at(batch: &RecordBatch, column: &str, row: usize) -> String {
    let column = batch.column_by_name(column).map(arrow::array::AsArray::as_string::<i32>);
    column
        .filter(|column| column.is_valid(row))
        .map(|column| column.value(row).to_owned())
        .unwrap_or_default()
}
