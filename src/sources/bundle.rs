//! Zip bundles of workbooks, whose names are often bare GBK bytes.

use std::io::{Cursor, Read};

use encoding_rs::GB18030;

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
    #[error("two members have the name `{0}`")]
    Twice(String),
}

/// Reads all members, in the order of the bundle.
///
/// # Errors
/// When an entry fails its checksum, the bundle is too large, or two entries share a name.
pub fn members(bytes: &[u8]) -> Result<Vec<Member>, BundleError> {
    let damaged = |error: &dyn std::fmt::Display| BundleError::Damaged(error.to_string());
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    if archive.len() > MEMBERS_MAX {
        return Err(BundleError::Limit(format!("{} members", archive.len())));
    }
    let mut left = UNPACKED_MAX;
    let mut members: Vec<Member> = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| damaged(&error))?;
        if entry.is_dir() {
            continue;
        }
        let name = member_name(entry.name_raw());
        let mut content = Vec::new();
        // One byte more than is left shows that there is more.
        entry.take(left + 1).read_to_end(&mut content).map_err(|error| damaged(&error))?;
        left = left
            .checked_sub(content.len() as u64)
            .ok_or_else(|| BundleError::Limit(format!("unpacks to more than {} MB", UNPACKED_MAX >> 20)))?;
        if members.iter().any(|member| member.name == name) {
            return Err(BundleError::Twice(name));
        }
        members.push(Member { name, bytes: content });
    }
    Ok(members)
}

/// UTF-8 when the bytes are, else GBK; control characters escaped, as names are printed.
fn member_name(raw: &[u8]) -> String {
    let name = match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) => GB18030.decode(raw).0.into_owned(),
    };
    name.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
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
