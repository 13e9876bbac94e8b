//! Ways to spoil a clean roster, for the sections that are about its rows.

use rust_xlsxwriter::{Formula, Workbook};

use super::{Case, Roster};

pub const SCHOOL: usize = 0;
pub const NAME: usize = 1;
pub const SEX: usize = 2;
pub const BIRTH: usize = 3;
pub const ID_TYPE: usize = 4;
pub const ID: usize = 5;
pub const ETHNICITY: usize = 6;
pub const ENROLMENT: usize = 7;
pub const ENTRY: usize = 8;
pub const MAJOR: usize = 9;
pub const STATUS: usize = 10;

/// The data row that most cases spoil; it is physical row 5.
pub const ROW: usize = 3;

pub fn case(
    id: &'static str,
    input: &'static str,
    bytes: impl Into<Vec<u8>>,
    expected: &'static str,
) -> Case {
    Case { id, input, file: "名册.csv", dataset: "students", bytes: bytes.into(), expected }
}

/// A roster of 1,000 as CSV, after `spoil`.
pub fn spoiled(
    id: &'static str,
    input: &'static str,
    spoil: impl FnOnce(&mut Roster),
    expected: &'static str,
) -> Case {
    let mut roster = Roster::of(id, 1_000);
    spoil(&mut roster);
    case(id, input, roster.csv(), expected)
}

/// The same with other texts in one column, from row 5 on.
pub fn with_cells(
    id: &'static str,
    input: &'static str,
    column: usize,
    texts: &[&str],
    expected: &'static str,
) -> Case {
    let spoil = |roster: &mut Roster| {
        for (row, text) in roster.rows[ROW..].iter_mut().zip(texts) {
            (*text).clone_into(&mut row[column]);
        }
    };
    spoiled(id, input, spoil, expected)
}

/// The values other than text that a cell of a workbook can have.
pub enum Special {
    Number(f64),
    /// A formula with the value that its program stored for it.
    Formula(&'static str),
    Text(&'static str),
}

/// A roster of 1,000 as a workbook with other cells: data row, column, content.
pub fn workbook(
    id: &'static str,
    input: &'static str,
    cells: &[(usize, usize, Special)],
    expected: &'static str,
) -> Case {
    let bytes = workbook_bytes(&Roster::of(id, 1_000), "sheet1", cells);
    Case { file: "名册.xlsx", ..case(id, input, bytes, expected) }
}

pub fn workbook_bytes(roster: &Roster, sheet: &str, cells: &[(usize, usize, Special)]) -> Vec<u8> {
    let mut book = Workbook::new();
    let page = book.add_worksheet().set_name(sheet).unwrap();
    for (row, texts) in std::iter::once(&roster.header).chain(&roster.rows).enumerate() {
        for (column, text) in texts.iter().enumerate() {
            page.write_string(u32::try_from(row).unwrap(), u16::try_from(column).unwrap(), text).unwrap();
        }
    }
    for (row, column, special) in cells {
        let (row, column) = (u32::try_from(row + 1).unwrap(), u16::try_from(*column).unwrap());
        match special {
            Special::Number(number) => page.write_number(row, column, *number).unwrap(),
            Special::Text(text) => page.write_string(row, column, *text).unwrap(),
            Special::Formula(value) => {
                page.write_formula(row, column, Formula::new("=A1").set_result(*value)).unwrap()
            }
        };
    }
    book.save_to_buffer().unwrap()
}
