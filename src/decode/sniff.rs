//! Which format a file really is.

use std::io::Cursor;

use serde::{Deserialize, Serialize};

use super::DecodeError;

/// The formats that deliveries come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Xlsx,
    /// BIFF in an OLE container.
    Xls,
    /// A table in a web page, commonly saved as `.xls`.
    Html,
    /// Comma or tab separated text.
    Text,
    /// A bundle of other files.
    Zip,
}

impl Format {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::Xlsx => "xlsx",
            Format::Xls => "xls",
            Format::Html => "html",
            Format::Text => "csv",
            Format::Zip => "zip",
        }
    }
}

const OLE_MAGIC: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
/// Bytes looked at to tell a page from a text table.
const HEAD: usize = 4096;

/// Tells the format from the first bytes.
///
/// # Errors
/// `Empty` for no bytes, `UnknownFormat` for formats that are recognised but not read.
pub fn sniff(bytes: &[u8]) -> Result<Format, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        // OpenDocument and the like name themselves in their first entry.
        if bytes.get(30..38) == Some(b"mimetype") {
            return Err(DecodeError::UnknownFormat("ods".into()));
        }
        return Ok(if is_workbook(bytes) { Format::Xlsx } else { Format::Zip });
    }
    if bytes.starts_with(OLE_MAGIC) {
        return Ok(Format::Xls);
    }
    for (magic, name) in [
        (&b"%PDF"[..], "pdf"),
        (b"Rar!", "rar"),
        (b"7z\xbc\xaf", "7z"),
        (b"\x1f\x8b", "gzip"),
        (b"PAR1", "parquet"),
    ] {
        if bytes.starts_with(magic) {
            return Err(DecodeError::UnknownFormat(name.into()));
        }
    }
    sniff_text(&bytes[..bytes.len().min(HEAD)])
}

/// A workbook is a zip with `[Content_Types].xml` among its own entries; a bundle may hold
/// workbooks uncompressed, so that the name alone somewhere in the bytes tells nothing.
/// What is no readable zip counts as a workbook when it has the name: it is a damaged one.
fn is_workbook(bytes: &[u8]) -> bool {
    const CONTENT_TYPES: &str = "[Content_Types].xml";
    match zip::ZipArchive::new(Cursor::new(bytes)) {
        Ok(archive) => archive.index_for_name(CONTENT_TYPES).is_some(),
        Err(_) => contains(bytes, CONTENT_TYPES.as_bytes()),
    }
}

fn sniff_text(head: &[u8]) -> Result<Format, DecodeError> {
    let utf16 = head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]);
    if !utf16 && head.contains(&0) {
        return Err(DecodeError::UnknownFormat("binary".into()));
    }
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    if start.starts_with(b"<") {
        let lower = start.to_ascii_lowercase();
        if contains(&lower, b"urn:schemas-microsoft-com:office:spreadsheet") {
            return Err(DecodeError::UnknownFormat("SpreadsheetML 2003".into()));
        }
        return Ok(Format::Html);
    }
    if start.starts_with(b"{") || start.starts_with(b"[") {
        return Err(DecodeError::UnknownFormat("json".into()));
    }
    Ok(Format::Text)
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides() {
        assert_eq!(sniff(b"<html><table>"), Ok(Format::Html));
        assert_eq!(sniff(b"\xef\xbb\xbfa,b\r\n1,2"), Ok(Format::Text));
        assert_eq!(sniff(OLE_MAGIC), Ok(Format::Xls));
        assert_eq!(sniff(b""), Err(DecodeError::Empty));
        assert!(matches!(sniff(b"%PDF-1.7"), Err(DecodeError::UnknownFormat(_))));
    }
}
