//! Sections C and E, what is decided of cells: errors, formulas without a value, cells that say nothing.

use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::rows::{
    ENROLMENT, ENTRY, ETHNICITY, MAJOR, NAME, ROW, STATUS, Special, case, spoiled, with_cells, workbook,
    workbook_bytes,
};
use super::{Case, Roster, check};

#[test]
fn a_cell_without_a_value_costs_what_its_column_says() {
    let nothing = |roster: &mut Roster| {
        for (row, (column, text)) in roster.rows.iter_mut().zip([
            (ETHNICITY, "无"),
            (ENROLMENT, "/"),
            (ENTRY, "—"),
            (MAJOR, "-"),
            (ETHNICITY, "null"),
            (ENROLMENT, "NULL"),
            (ETHNICITY, ""),
        ]) {
            text.clone_into(&mut row[column]);
        }
    };
    check(
        "C-cells",
        &[
            not_computed("C19", "a formula that no program computed", "decoded 999+1+0+1 E-XL-NOCACHE@5"),
            workbook(
                "C21",
                "#N/A where a value must be, and #REF! where it may",
                &[(ROW, STATUS, Special::Formula("#N/A")), (4, ETHNICITY, Special::Formula("#REF!"))],
                "decoded 999+1+0+1 E-CELL@6 E-XL-ERRCELL@5 W-FORMULA@5",
            ),
            workbook(
                "C24",
                "carriage returns in cells",
                &[(ROW, NAME, Special::Text("欧\r阳\r\n")), (ROW, STATUS, Special::Text("在读\r"))],
                "decoded 1000+0+0+1",
            ),
            spoiled(
                "E09",
                "words for nothing in optional columns",
                nothing,
                "decoded 1000+0+0+1 Q-MAJOR-EMPTY@5",
            ),
            with_cells(
                "E09b",
                "such a word in a required column",
                STATUS,
                &["无"],
                "decoded 999+1+0+1 E-CODE@5",
            ),
            with_cells("E09c", "another word", ETHNICITY, &["不详"], "decoded 1000+0+0+1 E-CELL@5"),
        ],
    );
}

/// A workbook whose formula in the status of row 5 has no value stored, as scripts write them.
fn not_computed(id: &'static str, input: &'static str, expected: &'static str) -> Case {
    let bytes = workbook_bytes(&Roster::of(id, 1_000), "sheet1", &[(ROW, STATUS, Special::Formula("在读"))]);
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let name = entry.name().unwrap().into_owned();
        writer.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        if name == "xl/worksheets/sheet1.xml" {
            let text = String::from_utf8(content).unwrap();
            let without = text.replace("<v>在读</v>", "");
            assert_ne!(without, text);
            content = without.into_bytes();
        }
        writer.write_all(&content).unwrap();
    }
    let bytes = writer.finish().unwrap().into_inner();
    Case { file: "名册.xlsx", ..case(id, input, bytes, expected) }
}
