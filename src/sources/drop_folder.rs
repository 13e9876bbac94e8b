//! The drop folder: `DROP/<report year>/<dataset>/…`. File names mean nothing.

use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rustix::fs::OFlags;
use sha2::{Digest as _, Sha256};

use crate::period::ReportYear;
use crate::personal;

/// A file found in the drop folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DroppedFile {
    pub year: Option<ReportYear>,
    /// The folder under the year; empty when there is none.
    pub dataset: String,
    /// Path below the drop folder, as shown to people.
    pub label: String,
    pub path: PathBuf,
    pub bytes: u64,
    /// Last change, in nanoseconds since 1970, as its writer set it.
    pub modified_ns: u128,
    /// Last change by the file system's clock, in seconds and nanoseconds: a copy may keep the
    /// modification time of the original.
    pub changed: (i64, i64),
    pub inode: u64,
}

/// The contents of a drop folder.
#[derive(Debug, Default)]
pub struct Listing {
    pub files: Vec<DroppedFile>,
    /// Office lock files, thumbnails, hidden files: not deliveries.
    pub ignored: u64,
    /// Links, pipes, devices: never opened.
    pub refused: Vec<String>,
}

/// A keyed digest that distinguishes redacted names.
pub type Digest<'a> = &'a dyn Fn(&str) -> String;

/// Lists all files below the drop folder in order of their labels. `digest` distinguishes names that
/// are shown without the numbers in them.
///
/// # Errors
/// When a folder cannot be read.
pub fn list(drop: &Path, digest: Digest<'_>) -> io::Result<Listing> {
    let mut listing = Listing::default();
    walk(drop, drop, digest, &mut listing)?;
    listing.files.sort_by(|a, b| a.label.cmp(&b.label));
    Ok(listing)
}

/// The bytes of a listed file, opened once; `None` when it changes while it is read, or lacks the
/// content that a `.sha256` file next to it promises. A link that took its place is not followed, a
/// pipe is not waited for.
///
/// # Errors
/// When it cannot be read, or is no longer an ordinary file.
pub fn read(file: &DroppedFile) -> io::Result<Option<Vec<u8>>> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
    let mut open = fs::OpenOptions::new().read(true).custom_flags(flags).open(&file.path)?;
    if !open.metadata()?.is_file() {
        return Err(io::Error::other("it is not an ordinary file"));
    }
    let mut bytes = Vec::new();
    open.read_to_end(&mut bytes)?;
    let after = open.metadata()?;
    let same = after.len() == file.bytes
        && after.len() == bytes.len() as u64
        && (after.ctime(), after.ctime_nsec()) == file.changed;
    Ok((same && keeps_its_promise(file, &bytes)).then_some(bytes))
}

/// A slow copy may be announced by the hash of what will be there, as `sha256sum` writes it.
fn keeps_its_promise(file: &DroppedFile, bytes: &[u8]) -> bool {
    let mut promise = file.path.clone().into_os_string();
    promise.push(".sha256");
    let Ok(promised) = fs::read_to_string(Path::new(&promise)) else { return true };
    let promised = promised.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    let digest = Sha256::digest(bytes);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    promised.len() == 64 && promised.as_bytes().chunks(2).map(byte).eq(digest.iter().map(|&byte| Some(byte)))
}

/// Lists a folder below the drop folder. One that is closed to us, or went away, is not the end of the others.
fn enter(drop: &Path, folder: &Path, digest: Digest<'_>, listing: &mut Listing) -> io::Result<()> {
    match walk(drop, folder, digest, listing) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            listing.refused.push(label(drop, folder, digest));
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        listed => listed,
    }
}

/// Files of a folder that holds no deliveries; one that cannot be entered counts as one.
fn files_below(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 1 };
    let files = entries.filter_map(Result::ok).map(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => files_below(&entry.path()),
        _ => 1,
    });
    files.sum()
}

/// Folders in which storage systems, file systems and programs that synchronise keep old versions, thumbnails
/// and what was thrown away.
const NO_DELIVERY_FOLDERS: [&str; 14] = [
    "#recycle",
    "#snapshot",
    "@eadir",
    "@recycle",
    "@recently-snapshot",
    "@tmp",
    "$recycle.bin",
    "recycler",
    "recycled",
    "system volume information",
    "lost+found",
    "~snapshot",
    "__macosx",
    "found.000",
];

fn is_not_delivery_folder(name: &str) -> bool {
    name.starts_with('.') || NO_DELIVERY_FOLDERS.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Endings of files that are being copied or downloaded, and of what systems write beside a file.
const NO_DELIVERY_ENDINGS: [&str; 20] = [
    ".tmp",
    ".temp",
    ".part",
    ".partial",
    ".filepart",
    ".crdownload",
    ".crswap",
    ".download",
    ".downloading",
    ".opdownload",
    ".aria2",
    ".td",
    ".td.cfg",
    ".xltd",
    ".sha256",
    ".done",
    ":zone.identifier",
    ".zone.identifier",
    "@synoeastream",
    "@synoresource",
];

fn walk(drop: &Path, folder: &Path, digest: Digest<'_>, listing: &mut Listing) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if is_not_delivery_folder(&entry.file_name().to_string_lossy()) {
                listing.ignored += files_below(&path);
            } else {
                enter(drop, &path, digest, listing)?;
            }
            continue;
        }
        if !kind.is_file() {
            listing.refused.push(label(drop, &path, digest));
        } else if is_not_delivery(&entry.file_name().to_string_lossy()) {
            listing.ignored += 1;
        } else {
            match entry.metadata() {
                Ok(metadata) => listing.files.push(dropped(drop, path, &metadata, digest)),
                // Taken away while the folder was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// Office lock files, thumbnails, hidden and half-copied files; also inside bundles.
pub(super) fn is_not_delivery(path: &str) -> bool {
    let mut parts = path.split(['/', '\\']);
    let name = parts.next_back().unwrap_or(path).to_ascii_lowercase();
    name.starts_with("~$")
        || name.starts_with('.')
        || ["thumbs.db", "desktop.ini"].contains(&name.as_str())
        || NO_DELIVERY_ENDINGS.iter().any(|ending| name.ends_with(ending))
        || parts.any(is_not_delivery_folder)
}

/// Report years that a folder may name.
const YEARS: std::ops::RangeInclusive<ReportYear> = 2000..=2100;

fn dropped(drop: &Path, path: PathBuf, metadata: &fs::Metadata, digest: Digest<'_>) -> DroppedFile {
    let label = label(drop, &path, digest);
    let mut folders = label.split('/');
    let year = folders.next().filter(|year| label.contains('/') && year.len() == 4);
    let year = year.and_then(|year| year.parse().ok()).filter(|year| YEARS.contains(year));
    // The last part is the file's own name.
    let dataset = if label.matches('/').count() >= 2 { folders.next().unwrap_or_default() } else { "" };
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    DroppedFile {
        year,
        dataset: dataset.to_owned(),
        path,
        bytes: metadata.len(),
        modified_ns: modified.map_or(0, |since| since.as_nanos()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
        inode: metadata.ino(),
        label,
    }
}

/// The path below the drop folder, with different labels for different paths: bytes that are not
/// text are escaped, and so are characters that would change how a line is shown.
fn label(drop: &Path, path: &Path, digest: Digest<'_>) -> String {
    let below = path.strip_prefix(drop).unwrap_or(path).as_os_str().as_bytes();
    let mut label = String::new();
    for chunk in below.utf8_chunks() {
        label += &redacted_name(chunk.valid());
        label.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    without_numbers(&label, digest)
}

/// A path without the numbers of persons and the names next to them; redacted parts stay distinct.
pub fn without_numbers(path: &str, digest: Digest<'_>) -> String {
    let part = |part: &str| match part.rsplit_once('.') {
        // The extension stays.
        Some((stem, ending)) if is_ending(ending) => {
            format!("{}.{ending}", personal::redacted_apart(stem, digest))
        }
        _ => personal::redacted_apart(part, digest),
    };
    // A number may be spread over several folders.
    let across = personal::numbers(path);
    let mut start = 0;
    let parts = path.split('/').map(|text| {
        let span = start..start + text.len();
        start = span.end + 1;
        let spread = across.iter().any(|number| {
            let touches = number.start < span.end && span.start < number.end;
            touches && !(span.start <= number.start && number.end <= span.end)
        });
        if spread { format!("…~{}", digest(text)) } else { part(text) }
    });
    parts.collect::<Vec<_>>().join("/")
}

fn is_ending(ending: &str) -> bool {
    let digits = ending.bytes().filter(u8::is_ascii_digit).count();
    ending.len() <= 5
        && digits <= 1
        && ending.starts_with(|c: char| c.is_ascii_alphabetic())
        && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A name with control characters and directional marks escaped.
pub(super) fn redacted_name(name: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
    };
    name.chars().flat_map(|c| if hidden(c) { c.escape_default().collect() } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn year_and_dataset_are_the_first_two_folders() {
        let drop = tempfile::tempdir().unwrap();
        for path in [
            "2024/students/a.xls",
            "2024/graduate_stats/3614000001/b.xlsx",
            "2024/c.xlsx",
            "d.txt",
            "2024/students/~$a.xls",
        ] {
            let path = drop.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        std::os::unix::fs::symlink("/etc/passwd", drop.path().join("2024/students/link.xls")).unwrap();
        let listing = list(drop.path(), &|_| String::new()).unwrap();
        let seen: Vec<_> =
            listing.files.iter().map(|f| (f.label.as_str(), f.year, f.dataset.as_str())).collect();
        assert_eq!(
            seen,
            [
                ("2024/c.xlsx", Some(2024), ""),
                ("2024/graduate_stats/3614000001/b.xlsx", Some(2024), "graduate_stats"),
                ("2024/students/a.xls", Some(2024), "students"),
                ("d.txt", None, ""),
            ]
        );
        assert_eq!((listing.ignored, listing.refused.len()), (1, 1));
    }

    #[test]
    fn what_programs_keep_beside_deliveries_is_ignored_and_counted() {
        let drop = tempfile::tempdir().unwrap();
        for path in [
            "2024/students/a.csv",
            "2024/students/#recycle/a.csv",
            "2024/students/$RECYCLE.BIN/S-1-5-21/$R1A2B3C.csv",
            "2024/students/.stversions/a~20240903.csv",
            "2024/students/a.csv:Zone.Identifier",
            "2024/students/b.xlsx.filepart",
            "lost+found/x.csv",
        ] {
            let path = drop.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        let listing = list(drop.path(), &|_| String::new()).unwrap();
        let labels: Vec<&str> = listing.files.iter().map(|file| file.label.as_str()).collect();
        assert_eq!((labels, listing.ignored), (vec!["2024/students/a.csv"], 6));
        for path in ["@eaDir/a.xlsx", "x/__MACOSX/a.xlsx", "a.xlsx.crswap"] {
            assert!(is_not_delivery(path), "{path}");
        }
        assert!(!is_not_delivery("#1/a.xlsx") && !is_not_delivery("std.xlsx"));
    }

    #[test]
    fn names_that_are_not_text_stay_distinct() {
        use std::ffi::OsStr;
        let named = |bytes: &[u8]| {
            label(Path::new("drop"), &Path::new("drop").join(OsStr::from_bytes(bytes)), &|_| {
                "0a1b".to_owned()
            })
        };
        assert_eq!(named(b"a\xcf\xe7.csv"), "a\\xcf\\xe7.csv");
        assert_ne!(named(b"\xcf\xe7.csv"), named(b"\xbb\xf4.csv"));
        assert_eq!(named("甲\u{202e}xslx.csv".as_bytes()), "甲\\u{202e}xslx.csv");
        assert_eq!(
            named("2024/students/班13800138000/王小明 137-1234-6003.tar.gz".as_bytes()),
            "2024/students/…~0a1b/…~0a1b.gz"
        );
    }
}
