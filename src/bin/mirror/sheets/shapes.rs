//! The shapes a sheet is delivered in, as bytes.

use std::error::Error;
use std::io::{Cursor, Write};

use encoding_rs::{GB18030, GBK};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::sheets::cell::Cell;
use crate::sheets::sheet::Sheet;
use crate::sheets::xlsx;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Xlsx,
    /// An HTML table in GBK under the name `.xls`.
    Html,
    CsvGb18030,
    /// With a byte order mark.
    CsvUtf8,
    /// The committed BIFF8 file.
    Biff8,
}

impl Shape {
    pub fn extension(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Html | Self::Biff8 => "xls",
            Self::CsvGb18030 | Self::CsvUtf8 => "csv",
        }
    }

    pub fn has_sheets(self) -> bool {
        matches!(self, Self::Xlsx | Self::Biff8)
    }

    /// Whether the encoding reaches beyond GBK and is not taken care of by a spreadsheet.
    pub fn takes_rare_names(self) -> bool {
        self == Self::CsvGb18030
    }
}

/// The roster of the BIFF8 school, converted once from what `mirror fixture` writes.
pub const BIFF8_FILE: &[u8] = include_bytes!("../../../../samples/shapes/students-biff8.xls");

pub fn bytes(sheet: &Sheet, shape: Shape) -> Result<Vec<u8>, Box<dyn Error>> {
    match shape {
        Shape::Xlsx => xlsx::single(sheet),
        Shape::Html => Ok(html(sheet)),
        Shape::CsvGb18030 => Ok(GB18030.encode(&csv(sheet)?).0.into_owned()),
        Shape::CsvUtf8 => Ok(format!("\u{feff}{}", csv(sheet)?).into_bytes()),
        Shape::Biff8 => Ok(BIFF8_FILE.to_vec()),
    }
}

fn csv(sheet: &Sheet) -> Result<String, Box<dyn Error>> {
    let width = width(sheet);
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for line in &sheet.lines {
        let cells = line.cells.iter().map(Cell::display);
        let blanks = std::iter::repeat(String::new());
        writer.write_record(cells.chain(blanks).take(width))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn width(sheet: &Sheet) -> usize {
    let widths = sheet.lines.iter().map(|line| line.cells.len());
    widths.max().unwrap_or_default()
}

/// Characters beyond GBK become numeric references, as they do when a spreadsheet saves.
fn html(sheet: &Sheet) -> Vec<u8> {
    let width = width(sheet);
    let mut page = String::from(
        "<html><head><meta http-equiv=Content-Type content=\"text/html; charset=gb2312\">\
         </head><body><table border=1>\r\n",
    );
    for line in &sheet.lines {
        page.push_str("<tr>");
        for index in 0..width {
            let text = line.cells.get(index).map(Cell::display).unwrap_or_default();
            page.push_str("<td style=\"mso-number-format:'\\@'\">");
            page.push_str(&escaped(&text));
            page.push_str("</td>");
        }
        page.push_str("</tr>\r\n");
    }
    page.push_str("</table></body></html>\r\n");
    GBK.encode(&page).0.into_owned()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A zip whose entry names are GBK bytes without the UTF-8 flag, as common archivers on Chinese
/// systems write it. The zip crate sets that flag for any name beyond ASCII, so each entry is
/// written under an ASCII name of the same length, which is then replaced.
pub fn bundle(members: &[(String, Vec<u8>)]) -> Result<Vec<u8>, Box<dyn Error>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default());
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let mut names = Vec::new();
    for (index, (name, bytes)) in members.iter().enumerate() {
        let name = GBK.encode(name).0.into_owned();
        let stand_in = format!("{index:02}{:~<1$}", "", name.len() - 2);
        writer.start_file(&stand_in, options)?;
        writer.write_all(bytes)?;
        names.push((stand_in, name));
    }
    let mut archive = writer.finish()?.into_inner();
    for (stand_in, name) in names {
        replace_all(&mut archive, stand_in.as_bytes(), &name);
    }
    Ok(archive)
}

/// `from` and `to` are of equal length.
fn replace_all(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    let mut start = 0;
    while let Some(found) = bytes[start..].windows(from.len()).position(|window| window == from) {
        let at = start + found;
        bytes[at..at + from.len()].copy_from_slice(to);
        start = at + from.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheets::sheet::{Line, Mark};
    use std::io::Read;
    use zip::ZipArchive;

    fn sheet(rows: &[&[&str]]) -> Sheet {
        let lines =
            rows.iter().map(|row| Line::new(row.iter().map(|&text| text.into()).collect(), Mark::Sound));
        Sheet { name: "sheet1", lines: lines.collect() }
    }

    #[test]
    fn names_in_a_bundle_are_gbk_without_the_utf8_flag() {
        let members = [
            ("云丘学校.xlsx".to_owned(), b"first".to_vec()),
            ("晋水学校.xlsx".to_owned(), b"second".to_vec()),
        ];
        let bytes = bundle(&members).unwrap();
        let flags = u16::from_le_bytes([bytes[6], bytes[7]]);
        assert_eq!(flags & 0x800, 0);
        let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
        for (index, (name, content)) in members.iter().enumerate() {
            let mut file = archive.by_index(index).unwrap();
            assert_eq!(file.name_raw(), &*GBK.encode(name).0);
            let mut read = Vec::new();
            file.read_to_end(&mut read).unwrap();
            assert_eq!(&read, content);
        }
    }

    #[test]
    fn rows_of_a_csv_are_as_wide_as_the_widest() {
        let text = csv(&sheet(&[&["共2条"], &["甲,乙", "丙"], &[]])).unwrap();
        assert_eq!(text, "共2条,\r\n\"甲,乙\",丙\r\n,\r\n");
    }

    #[test]
    fn html_is_whole_and_in_gbk() {
        let bytes = html(&sheet(&[&["姓名", "<甲>"]]));
        let page = GBK.decode(&bytes).0.into_owned();
        assert!(page.contains("&lt;甲&gt;</td></tr>"));
        assert!(page.ends_with("</table></body></html>\r\n"));
    }
}
