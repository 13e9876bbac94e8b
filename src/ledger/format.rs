//! Whether this program may write a data root, and whether its file system supports what a run does.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::record;
use crate::decisions::origin::host;
use crate::warehouse::files::{self, Access};
use crate::warehouse::ground::{self, GroundError};
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::{self, PublishError};

/// Format of the data root as a whole. Format 1 had no format file.
const FORMAT: u32 = 2;

/// `ledger/format.json`.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct DataFormat {
    format: u32,
    program: String,
    /// The machine and place where the file system was tested; elsewhere it is tested again.
    host: String,
    path: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    #[error("`{}`: {what}", path.display())]
    Newer { path: PathBuf, what: String },
    #[error("`{}` does not parse: {message}", path.display())]
    Damaged { path: PathBuf, message: String },
    #[error(transparent)]
    Publish(PublishError),
    #[error(transparent)]
    Ground(#[from] GroundError),
    #[error("`{}`: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// Refuses a data root in which a newer program wrote anything, before anything is written.
///
/// # Errors
/// `Newer`, or `Damaged` for a format file that cannot be read.
pub fn refuse_newer(data: &DataRoot) -> Result<(), FormatError> {
    read(data)?;
    if let Err(error @ PublishError::Newer { .. }) = publish::current(data) {
        return Err(FormatError::Publish(error));
    }
    let ids = record::numbers(data).map_err(io_error(&data.runs()))?;
    if let Some((path, found)) = ids.last().and_then(|&id| record::newer_format(data, id)) {
        return Err(FormatError::Newer { path, what: record::newer(found) });
    }
    Ok(())
}

/// Tests the file system of a data root that has not been tested here, and notes that it was.
///
/// # Errors
/// `Ground` when the file system does not support what a run does.
pub fn settle(data: &DataRoot, program: &str) -> Result<(), FormatError> {
    let path = std::path::absolute(data.path()).unwrap_or_else(|_| data.path().to_owned());
    let here = DataFormat { format: FORMAT, program: program.to_owned(), host: host(), path };
    let known = read(data)?;
    if known.as_ref() == Some(&here) {
        return Ok(());
    }
    if known.is_none_or(|known| (known.host, known.path) != (here.host.clone(), here.path.clone())) {
        ground::test(data)?;
    }
    let path = data.format();
    let mut json = serde_json::to_vec_pretty(&here).map_err(io::Error::other).map_err(io_error(&path))?;
    json.push(b'\n');
    files::write_whole(&path, &json, Access::Open).map_err(io_error(&path))
}

fn read(data: &DataRoot) -> Result<Option<DataFormat>, FormatError> {
    #[derive(Deserialize)]
    struct Versioned {
        format: u32,
    }
    let path = data.format();
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(FormatError::Io { path, source }),
    };
    let damaged =
        |error: serde_json::Error| FormatError::Damaged { path: data.format(), message: error.to_string() };
    let Versioned { format } = serde_json::from_slice(&bytes).map_err(damaged)?;
    if format > FORMAT {
        let what = format!("the data root is of format {format}; this program reads up to {FORMAT}");
        return Err(FormatError::Newer { path, what });
    }
    serde_json::from_slice(&bytes).map(Some).map_err(damaged)
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> FormatError + '_ {
    move |source| FormatError::Io { path: path.to_owned(), source }
}
