//! Zip bundles of workbooks, whose names are often bare GBK bytes.

use std::io::{Cursor, Read};

use encoding_rs::GB18030;
use zip::ZipArchive;

use super::drop_folder::{is_no_delivery, told};

/// A file inside a bundle.
#[derive(Debug, PartialEq, Eq)]
pub struct Member {
    /// As told to people; never used as a path.
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Files that one bundle may hold, and bytes they may unpack to.
const MEMBERS_MAX: usize = 2_000;
const UNPACKED_MAX: u64 = 512 << 20;

#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error("damaged: {0}")]
    Damaged(String),
    #[error("over the limit: {0}")]
    Limit(String),
    #[error("two members have one name")]
    Twice,
}

/// Reads all members, in the order of the bundle.
///
/// # Errors
/// When an entry fails its checksum, the bundle is too large, or two entries share a name.
pub fn members(bytes: &[u8]) -> Result<Vec<Member>, BundleError> {
    let mut archive = open(bytes)?;
    if archive.len() > MEMBERS_MAX {
        return Err(BundleError::Limit(format!("{} members", archive.len())));
    }
    let mut left = UNPACKED_MAX;
    let mut members: Vec<Member> = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| damaged(&error))?;
        let name = member_name(entry.name_raw());
        if entry.is_dir() || is_no_delivery(&name) {
            continue;
        }
        let mut content = Vec::new();
        // One byte more than is left shows that there is more.
        entry.take(left + 1).read_to_end(&mut content).map_err(|error| damaged(&error))?;
        left = left
            .checked_sub(content.len() as u64)
            .ok_or_else(|| BundleError::Limit(format!("unpacks to more than {} MB", UNPACKED_MAX >> 20)))?;
        if members.iter().any(|member| member.name == name) {
            return Err(BundleError::Twice);
        }
        members.push(Member { name, bytes: content });
    }
    Ok(members)
}

fn damaged(error: &dyn std::fmt::Display) -> BundleError {
    BundleError::Damaged(error.to_string())
}

/// Opens a zip, of which every entry must be readable by its name: of two entries with one
/// name some readers take the first and others the last.
///
/// # Errors
/// When it is no zip, or names an entry twice.
pub fn open(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, BundleError> {
    let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    let declared = bytes
        .windows(4)
        .rposition(|window| window == END_OF_DIRECTORY)
        .and_then(|at| Some(u16::from_le_bytes([*bytes.get(at + 10)?, *bytes.get(at + 11)?])));
    match declared {
        // 0xffff refers to the longer record of large archives.
        Some(declared) if declared != u16::MAX && usize::from(declared) != archive.len() => {
            Err(BundleError::Twice)
        }
        _ => Ok(archive),
    }
}

const END_OF_DIRECTORY: &[u8] = b"PK\x05\x06";

/// UTF-8 when the bytes are, else GBK; control characters escaped, as names are printed.
fn member_name(raw: &[u8]) -> String {
    let name = match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) => GB18030.decode(raw).0.into_owned(),
    };
    told(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_gbk_are_read() {
        let (raw, _, _) = encoding_rs::GBK.encode("学生名册.xlsx");
        assert_eq!(member_name(&raw), "学生名册.xlsx");
        assert_eq!(member_name("a\u{1b}b".as_bytes()), "a\\u{1b}b");
    }
}
