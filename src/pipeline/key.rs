//! The pseudonym key of a data root.

use std::fs;
use std::io;

use super::{RunError, io_error};
use crate::normalise::identity::PseudonymKey;
use crate::warehouse::files::{self, Access};
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::Manifest;

/// Reads the key of this data root, or makes one when there is none and nothing has been published.
///
/// # Errors
/// When the key is gone, damaged, or not the one that the release was made with.
pub fn pseudonym_key(data: &DataRoot, last: Option<&Manifest>) -> Result<PseudonymKey, RunError> {
    match read(data, last)? {
        Some(key) => Ok(key),
        None => make(data),
    }
}

/// Makes a new key in a data root that has none.
pub(super) fn make(data: &DataRoot) -> Result<PseudonymKey, RunError> {
    let path = data.key_file();
    let bytes = random()?;
    let text = format!("{}\n", hex::encode(bytes));
    files::write_whole(&path, text.as_bytes(), Access::Restricted).map_err(io_error(&path))?;
    Ok(PseudonymKey::new(&bytes))
}

/// A key that is not kept.
pub(super) fn temporary() -> Result<PseudonymKey, RunError> {
    Ok(PseudonymKey::new(&random()?))
}

fn random() -> Result<[u8; 32], RunError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| RunError::Key(format!("no randomness: {error}")))?;
    Ok(bytes)
}

/// Reads the key of this data root; `None` when there is none and nothing has been published.
pub(super) fn read(data: &DataRoot, last: Option<&Manifest>) -> Result<Option<PseudonymKey>, RunError> {
    let path = data.key_file();
    let bytes = match fs::read_to_string(&path) {
        Ok(text) => parse_key(&text).ok_or_else(|| {
            RunError::Key(format!("`{}` holds no key of 64 hexadecimal digits", path.display()))
        })?,
        Err(error) if error.kind() == io::ErrorKind::NotFound && last.is_none() => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(RunError::Key(format!(
                "the pseudonym key `{}` is gone; with another key every pseudonym would change: put it back",
                path.display()
            )));
        }
        Err(source) => return Err(RunError::Io { path, source }),
    };
    let key = PseudonymKey::new(&bytes);
    if last.is_some_and(|last| last.key.check_value != key.check_value()) {
        return Err(RunError::Key(format!(
            "the pseudonym key `{}` is not the one the published release was made with: put the right one back",
            path.display()
        )));
    }
    Ok(Some(key))
}

pub(super) fn parse_key(text: &str) -> Option<[u8; 32]> {
    let digits = text.trim();
    let mut key = [0; 32];
    if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[index * 2..index * 2 + 2], 16).ok()?;
    }
    Some(key)
}
