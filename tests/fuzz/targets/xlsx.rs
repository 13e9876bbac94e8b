//! Workbooks: the parts of one, put into a sound zip, as mutated zips end at their checksums.
//!
//! The parts are divided by a byte 0, which XML cannot have.

#![no_main]

use std::io::{Cursor, Write};

use libfuzzer_sys::fuzz_target;
use nianbao_fuzz::{caught_panics_are_no_finding, holds};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const PARTS: [&str; 5] = [
    "xl/worksheets/sheet1.xml",
    "xl/sharedStrings.xml",
    "xl/workbook.xml",
    "xl/styles.xml",
    "xl/_rels/workbook.xml.rels",
];
/// Replacements for parts that the input does not have.
const USUAL: [&str; 5] = [
    "<worksheet><sheetData/></worksheet>",
    "<sst/>",
    "<workbook xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets><sheet name=\"a\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>",
    "<styleSheet/>",
    "<Relationships><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>",
];

fuzz_target!(init: caught_panics_are_no_finding(), |data: &[u8]| {
    let mut given = data.split(|byte| *byte == 0);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    archive.start_file("[Content_Types].xml", stored).unwrap();
    archive.write_all(b"<Types/>").unwrap();
    for (part, usual) in PARTS.into_iter().zip(USUAL) {
        archive.start_file(part, stored).unwrap();
        let content = given.next().filter(|content| !content.is_empty()).unwrap_or(usual.as_bytes());
        archive.write_all(content).unwrap();
    }
    let _ = holds(&archive.finish().unwrap().into_inner(), &mut |_| {});
});
