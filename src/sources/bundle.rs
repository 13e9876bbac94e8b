//! Zip bundles of workbooks, whose names are often bare GBK bytes, and zip containers as such.
//!
//! A bundle is read to its end before anything in it is used: the sizes that its
//! entries claim are not believed, their bytes are counted.

use std::collections::HashSet;
use std::io::{Cursor, Read};

use encoding_rs::GB18030;
use memchr::memmem;
use zip::ZipArchive;
use zip::result::ZipError;

use super::drop_folder::{is_not_delivery, redacted_name};

/// A file inside a bundle.
#[derive(Debug, PartialEq, Eq)]
pub struct Member {
    /// As shown to people; never used as a path.
    pub name: String,
    /// `None` for anything but a file: a link to somewhere else is not followed.
    pub bytes: Option<Vec<u8>>,
    /// The member is larger than a delivery may be, and `bytes` are not all of it.
    pub too_large: bool,
}

/// Files that a container may hold, and bytes they may unpack to.
pub const ENTRIES_MAX: usize = 2_000;
/// Where no setting says otherwise.
pub const UNPACKED_MAX: u64 = 2 << 30;
/// Text packs 10 to 20 times smaller, blank formatted rows 100 times; zeros 1,000 times.
pub const RATIO_MAX: u64 = 200;
/// Below this size no ratio does harm.
const RATIO_EXEMPT: u64 = 10 << 20;

#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum BundleError {
    #[error("cut short")]
    Truncated,
    #[error("damaged: {0}")]
    Damaged(String),
    #[error("an entry fails its checksum")]
    Checksum,
    #[error("unpacks to {size} bytes, more than {most}")]
    Unpacked { size: u64, most: u64 },
    #[error("{0} entries")]
    Entries(usize),
    #[error("unpacks to more than {RATIO_MAX} times its size")]
    Ratio,
    #[error("two entries have one name")]
    Twice,
    #[error("locked with a password")]
    Encrypted,
    #[error("packed by a method that is not read")]
    Method,
}

/// A checked bundle; its members are unpacked one at a time.
#[derive(Debug)]
pub struct Bundle<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// Index and name of every member, in the order of the bundle.
    members: Vec<(usize, String)>,
}

impl<'a> Bundle<'a> {
    /// Reads a bundle to its end.
    ///
    /// # Errors
    /// When an entry fails its checksum, the bundle is too large, or two members share a name.
    pub fn open(bytes: &'a [u8], unpacked_max: u64) -> Result<Self, BundleError> {
        let mut archive = open(bytes)?;
        unpack::<BundleError>(&mut archive, bytes.len(), unpacked_max, |_, _| Ok(()))?;
        let mut members = Vec::new();
        let mut names = HashSet::new();
        for index in 0..archive.len() {
            let entry = archive.by_index(index).map_err(unreadable)?;
            let name = member_name(entry.name_raw());
            if entry.is_dir() || is_not_delivery(&name) {
                continue;
            }
            if !names.insert(name.clone()) {
                return Err(BundleError::Twice);
            }
            members.push((index, name));
        }
        Ok(Bundle { archive, members })
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The members, in the order of the bundle.
    /// No more than `bytes_max` of each is unpacked.
    pub fn members(&mut self, bytes_max: u64) -> impl Iterator<Item = Result<Member, BundleError>> + '_ {
        let Bundle { archive, members } = self;
        members.iter().map(move |(index, name)| {
            let entry = archive.by_index(*index).map_err(unreadable)?;
            let mut bytes = None;
            if entry.is_file() {
                let mut content = Vec::new();
                entry.take(bytes_max + 1).read_to_end(&mut content).map_err(|_| BundleError::Checksum)?;
                bytes = Some(content);
            }
            let too_large = bytes.as_ref().is_some_and(|content| content.len() as u64 > bytes_max);
            Ok(Member { name: name.clone(), bytes, too_large })
        })
    }
}

fn unreadable(error: ZipError) -> BundleError {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => BundleError::Encrypted,
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => BundleError::Method,
        error => BundleError::Damaged(error.to_string()),
    }
}

/// Opens a zip whose entries all have different names: of two with the same name, some
/// readers take the first and others the last.
///
/// # Errors
/// When it is not a zip, was cut short, or names an entry twice.
pub fn open(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, BundleError> {
    // The directory is at the end: without it the end is missing.
    let end = memmem::rfind(bytes, END_OF_DIRECTORY).ok_or(BundleError::Truncated)?;
    let archive = ZipArchive::new(Cursor::new(bytes)).map_err(unreadable)?;
    let declared = bytes.get(end + 10..end + 12).map(|count| u16::from_le_bytes([count[0], count[1]]));
    match declared {
        // 0xffff refers to the longer record of large archives.
        Some(declared) if declared != u16::MAX && usize::from(declared) != archive.len() => {
            Err(BundleError::Twice)
        }
        _ if archive.len() > ENTRIES_MAX => Err(BundleError::Entries(archive.len())),
        _ => Ok(archive),
    }
}

const END_OF_DIRECTORY: &[u8] = b"PK\x05\x06";

/// Reads every entry to its end, which verifies its checksum, and passes its name and bytes to
/// `each`, chunk by chunk; the last chunk of an entry is empty.
///
/// # Errors
/// [`BundleError::Unpacked`] and [`BundleError::Ratio`] when too much was unpacked, as counted and
/// not as claimed; and whatever `each` returns.
pub fn unpack<E: From<BundleError>>(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    packed: usize,
    unpacked_max: u64,
    mut each: impl FnMut(&str, &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut buffer = vec![0; 1 << 16];
    let mut all = 0;
    let mut claimed = 0_u64;
    for index in 0..archive.len() {
        claimed = claimed.saturating_add(archive.by_index_raw(index).map_err(unreadable)?.size());
    }
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(unreadable)?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let entry_packed = entry.compressed_size();
        let mut unpacked = 0;
        loop {
            let read = entry.read(&mut buffer).map_err(|_| BundleError::Checksum)?;
            unpacked += read as u64;
            all += read as u64;
            // Each of several overlapping entries looks harmless.
            if is_blown_up(unpacked, entry_packed) || is_blown_up(all, packed as u64) {
                return Err(BundleError::Ratio.into());
            }
            if all > unpacked_max {
                return Err(BundleError::Unpacked { size: claimed.max(all), most: unpacked_max }.into());
            }
            each(&name, &buffer[..read])?;
            if read == 0 {
                break;
            }
        }
    }
    Ok(())
}

fn is_blown_up(unpacked: u64, packed: u64) -> bool {
    unpacked > RATIO_EXEMPT && unpacked / RATIO_MAX > packed
}

/// UTF-8 when the bytes are, else GBK; without anything that would lead out of a folder;
/// control characters escaped, as names are printed.
fn member_name(raw: &[u8]) -> String {
    let name = match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) => GB18030.decode(raw).0.into_owned(),
    };
    let is_drive = |part: &str| part.len() == 2 && part.ends_with(':');
    let parts: Vec<&str> = name
        .split(['/', '\\'])
        .filter(|part| !part.is_empty() && !matches!(*part, "." | "..") && !is_drive(part))
        .collect();
    redacted_name(&parts.join("/"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn names_in_gbk_are_read() {
        let (raw, _, _) = encoding_rs::GBK.encode("学生名册.xlsx");
        assert_eq!(member_name(&raw), "学生名册.xlsx");
        assert_eq!(member_name("a\u{1b}b".as_bytes()), "a\\u{1b}b");
    }

    #[test]
    fn no_name_leads_out_of_a_folder() {
        for name in ["../../e.csv", "/e.csv", "C:\\e.csv", "./e.csv", "..\\e.csv"] {
            assert_eq!(member_name(name.as_bytes()), "e.csv");
        }
        let bytes = zip(&[("../e.csv", b"1"), ("e.csv", b"2")]);
        assert_eq!(Bundle::open(&bytes, UNPACKED_MAX).err(), Some(BundleError::Twice));
    }

    #[test]
    fn members_are_unpacked_in_order() {
        let bytes = zip(&[("b.csv", b"1"), ("~$b.csv", b"x"), ("a.csv", b"2")]);
        let mut bundle = Bundle::open(&bytes, UNPACKED_MAX).unwrap();
        let members: Vec<_> = bundle.members(1 << 20).map(|member| member.unwrap().name).collect();
        assert_eq!(members, ["b.csv", "a.csv"]);
    }

    #[test]
    fn what_blows_up_is_refused_and_what_is_small_is_not() {
        let bytes = zip(&[("a", &vec![0; 11 << 20])]);
        assert_eq!(Bundle::open(&bytes, UNPACKED_MAX).err(), Some(BundleError::Ratio));
        let bytes = zip(&[("a", &vec![0; 9 << 20])]);
        assert!(Bundle::open(&bytes, UNPACKED_MAX).is_ok());
    }

    #[test]
    fn a_cut_and_a_flipped_bit_are_distinguished() {
        let whole = zip(&[("a.csv", b"one,two,three")]);
        assert_eq!(
            Bundle::open(&whole[..whole.len() - 30], UNPACKED_MAX).err(),
            Some(BundleError::Truncated)
        );
        let mut flipped = whole;
        flipped[40] ^= 4;
        assert!(matches!(
            Bundle::open(&flipped, UNPACKED_MAX).err(),
            Some(BundleError::Checksum | BundleError::Damaged(_))
        ));
    }
}
