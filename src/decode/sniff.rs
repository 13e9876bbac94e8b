//! The real format of a file.

use std::io::Cursor;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use memchr::memmem;
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
    /// An array of objects, or an object a line.
    Json,
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
            Format::Json => "json",
            Format::Zip => "zip",
        }
    }
}

const OLE_MAGIC: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
/// Bytes looked at to distinguish a page from a text table.
const HEAD: usize = 4096;

/// Recognises the format by the bytes.
///
/// # Errors
/// `Empty` for no bytes, `UnknownFormat` for formats that are recognised but not read.
pub fn sniff(bytes: &[u8]) -> Result<Format, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return sniff_zip(bytes);
    }
    if is_container(bytes) {
        return Ok(Format::Xls);
    }
    if is_protected(bytes) {
        return Err(DecodeError::Protected);
    }
    for (magic, name) in [
        (&b"%PDF"[..], "pdf"),
        // The first record of a workbook without a container.
        (b"\x09\x00\x04\x00", "Excel 2"),
        (b"\x09\x02\x06\x00", "Excel 3"),
        (b"\x09\x04\x06\x00", "Excel 4"),
        (b"\x09\x08\x08\x00", "Excel 5"),
        (b"\x09\x08\x10\x00", "Excel 97"),
        (b"Rar!", "rar"),
        (b"7z\xbc\xaf", "7z"),
        (b"\x1f\x8b", "gzip"),
        (b"PAR1", "parquet"),
        (b"MIME-Version:", "MHTML"),
    ] {
        if bytes.starts_with(magic) {
            return Err(DecodeError::UnknownFormat(name.into()));
        }
    }
    if is_sylk(bytes) {
        return Err(DecodeError::UnknownFormat("SYLK".into()));
    }
    if is_dbase(bytes) {
        return Err(DecodeError::UnknownFormat("DBF".into()));
    }
    sniff_text(&bytes[..bytes.len().min(HEAD)])
}

/// Whether the bytes are an OLE container.
pub(super) fn is_container(bytes: &[u8]) -> bool {
    bytes.starts_with(OLE_MAGIC)
}

/// Whether a program on the sender's computer, against leaks, encrypted the file when it left.
fn is_protected(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(512)];
    bytes.starts_with(b"\x62\x14\x23\x65")
        || bytes.starts_with(b"%TSD-Header")
        || memmem::find(head, b"E-SafeNet").is_some()
}

/// A record of every line: its letter and a semicolon. The header of a table may begin alike.
fn is_sylk(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(HEAD)];
    let mut lines = head.split(|byte| matches!(byte, b'\n' | b'\r')).filter(|line| !line.is_empty());
    lines.next().is_some_and(|first| first == b"ID" || first.starts_with(b"ID;"))
        && lines.next().is_some_and(|second| {
            ["P;", "B;", "C;", "F;", "O;", "W;", "NN;", "NE;"]
                .iter()
                .any(|kind| second.starts_with(kind.as_bytes()))
        })
}

/// A dBASE table: its version, a date, and the mark after the descriptions of its fields, within its header.
fn is_dbase(bytes: &[u8]) -> bool {
    const FIELD: usize = 32;
    const VERSIONS: [u8; 17] = [
        0x02, 0x03, 0x04, 0x05, 0x07, 0x30, 0x31, 0x32, 0x43, 0x63, 0x7b, 0x83, 0x87, 0x8b, 0x8c, 0xf5, 0xfb,
    ];
    let is_known = bytes.first().is_some_and(|version| VERSIONS.contains(version));
    let is_date = |date: &[u8]| (0..=12).contains(&date[0]) && (0..=31).contains(&date[1]);
    if !is_known || !bytes.get(2..4).is_some_and(is_date) {
        return false;
    }
    let length = bytes.get(8..10).map_or(0, |length| usize::from(u16::from_le_bytes([length[0], length[1]])));
    let header = bytes.get(..length).unwrap_or_default();
    // dBASE 7 describes a field in 48 bytes, after 68 others.
    let ends =
        |first: usize, field: usize| (first..length).step_by(field).any(|at| header.get(at) == Some(&b'\r'));
    ends(2 * FIELD, FIELD) || ends(68 + 48, 48)
}

pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A workbook is a zip with `[Content_Types].xml` among its own entries. The name somewhere in the
/// bytes proves nothing, as a bundle may hold workbooks uncompressed; but an unreadable zip with the
/// name in it counts as a damaged workbook.
fn sniff_zip(bytes: &[u8]) -> Result<Format, DecodeError> {
    const CONTENT_TYPES: &str = "[Content_Types].xml";
    // OpenDocument and the like name themselves in their first entry.
    if bytes.get(30..38) == Some(b"mimetype") {
        return Err(DecodeError::UnknownFormat("ods".into()));
    }
    let Ok(archive) = zip::ZipArchive::new(Cursor::new(bytes)) else {
        let is_workbook = memmem::find(bytes, CONTENT_TYPES.as_bytes()).is_some();
        return Ok(if is_workbook { Format::Xlsx } else { Format::Zip });
    };
    if archive.index_for_name(CONTENT_TYPES).is_none() {
        return Ok(Format::Zip);
    }
    for (entry, name) in
        [("xl/workbook.bin", "xlsb"), ("word/document.xml", "docx"), ("ppt/presentation.xml", "pptx")]
    {
        if archive.index_for_name(entry).is_some() {
            return Err(DecodeError::UnknownFormat(name.into()));
        }
    }
    Ok(Format::Xlsx)
}

fn sniff_text(head: &[u8]) -> Result<Format, DecodeError> {
    let marked = Encoding::for_bom(head);
    let wide = marked.filter(|(encoding, _)| *encoding != UTF_8).or_else(|| Some((wide(head)?, 0)));
    if wide.is_none() {
        refuse_binary(head)?;
    }
    let narrow = wide.map(|(encoding, mark)| encoding.decode_without_bom_handling(&head[mark..]).0);
    let head = narrow.as_ref().map_or(head, |text| text.as_bytes());
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    if start.starts_with(b"<") {
        let lower = start.to_ascii_lowercase();
        if memmem::find(&lower, b"urn:schemas-microsoft-com:office:spreadsheet").is_some() {
            return Err(DecodeError::UnknownFormat("SpreadsheetML 2003".into()));
        }
        return Ok(Format::Html);
    }
    Ok(if is_json(start) { Format::Json } else { Format::Text })
}

/// An object starts with a name, an array of rows with a row; other brackets may be those of a title.
fn is_json(start: &[u8]) -> bool {
    let Some((first, rest)) = start.split_first() else { return false };
    let next = rest.trim_ascii_start().first();
    match first {
        b'{' => matches!(next, None | Some(b'"' | b'}')),
        b'[' => matches!(next, None | Some(b'{' | b'[' | b']')),
        _ => false,
    }
}

/// The encoding of text of two bytes a character that has no mark: where one kind of place has the NUL bytes.
/// One in a cell, and a run at the end, are for the reader to judge.
pub(super) fn wide(bytes: &[u8]) -> Option<&'static Encoding> {
    let (even, odd, length) = nul_bytes(bytes);
    let is_many = |count: usize| count * 100 > length;
    let is_wide = even.max(odd) * 10 > length && !is_many(even.min(odd));
    is_wide.then_some(if odd > even { UTF_16LE } else { UTF_16BE })
}

/// More than a few bytes that no text has mean that it is none; all kinds of bytes alike are what encryption,
/// or packing, leaves.
fn refuse_binary(head: &[u8]) -> Result<(), DecodeError> {
    const NOISE_MIN: usize = 512;
    let (even, odd, length) = nul_bytes(head);
    let head = &head[..length];
    let is_control = |byte: &&u8| **byte < b' ' && !matches!(**byte, b'\t'..=b'\r' | 0x1a..=0x1f);
    let controls = head.iter().filter(is_control).count();
    if (even + odd) * 100 <= length && controls * 25 <= length {
        return Ok(());
    }
    let mut kinds = [0_usize; 256];
    for &byte in head {
        kinds[usize::from(byte)] += 1;
    }
    let most = kinds.iter().max().copied().unwrap_or_default();
    let is_noise = length >= NOISE_MIN && most * 256 < length * 8;
    Err(if is_noise { DecodeError::Noise } else { DecodeError::UnknownFormat("binary".into()) })
}

/// NUL bytes in even and in odd places of a head, and its length without those at its end.
fn nul_bytes(bytes: &[u8]) -> (usize, usize, usize) {
    let head = &bytes[..bytes.len().min(HEAD)];
    let end = head.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let head = &head[..end];
    let nuls = |first: usize| head.iter().skip(first).step_by(2).filter(|&&byte| byte == 0).count();
    (nuls(0), nuls(1), head.len())
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
        for (bytes, name) in [
            (&b"%PDF-1.7"[..], "pdf"),
            (b"\x09\x00\x04\x00\x02\x00\x10\x00", "Excel 2"),
            (b"\x09\x08\x10\x00\x00\x06\x05\x00", "Excel 97"),
            (b"ID;PWXL;N;E\r\nP;PGeneral", "SYLK"),
            (&[&b"\x03\x7c\x09\x01\0\0\0\0\x41\0"[..], &[0; 54], &b"\r"[..]].concat(), "DBF"),
        ] {
            assert_eq!(sniff(bytes), Err(DecodeError::UnknownFormat(name.into())));
        }
        assert_eq!(sniff(b"ID;PERSON;NAME\n1;2;3"), Ok(Format::Text));
        for version in [0x02_u8, 0x30, 0xf5, 0xfb] {
            let fields = [&[0; 52][..], b"\r", &[0; 263]].concat();
            let table = [&[version, 0x7c, 9, 1, 0, 0, 0, 0, 0x48, 1, 0, 0], &fields[..]].concat();
            assert_eq!(sniff(&table), Err(DecodeError::UnknownFormat("DBF".into())), "{version}");
        }
        // Every kind of byte as often as the others.
        let noise: Vec<u8> = (0..4096_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[2]).collect();
        assert_eq!(sniff(&noise), Err(DecodeError::Noise));
        for bytes in [&b"\x62\x14\x23\x65\xa9\x01"[..], b"%TSD-Header-###%xyz", b"\0\0E-SafeNet\0LOCK"] {
            assert_eq!(sniff(bytes), Err(DecodeError::Protected));
        }
    }

    #[test]
    fn json_is_distinguished_from_titles_in_brackets() {
        for text in ["{\"a\":1}", "[{\"a\":1}]", " [ ]", "[[1]]", "\u{feff}{}"] {
            assert_eq!(sniff(text.as_bytes()), Ok(Format::Json), "{text}");
        }
        for text in ["[2024] 名册,", "{附件} 名册,a", "姓名,[备注]"] {
            assert_eq!(sniff(text.as_bytes()), Ok(Format::Text), "{text}");
        }
    }

    #[test]
    fn two_bytes_a_character_are_distinguished_from_bytes_that_are_not_text() {
        let wide = utf16("姓名,3614000001,2024-09-01\n");
        assert_eq!(sniff(&wide), Ok(Format::Text));
        assert_eq!(super::wide(&wide), Some(UTF_16LE));
        assert_eq!(super::wide(&[&[0], &wide[..wide.len() - 1]].concat()), Some(UTF_16BE));
        assert_eq!(sniff(&utf16("<html><table>")), Ok(Format::Html));
        let photo = sniff(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
        assert_eq!(photo, Err(DecodeError::UnknownFormat("binary".into())));
        let text = "a,b\n".repeat(100);
        for end in ["\0", "\0x\n", "\0\0\0\0"] {
            assert_eq!(sniff(format!("{text}{end}").as_bytes()), Ok(Format::Text));
        }
    }
}
