//! Indicator values → printed cells → documents.
//!
//! Every printed cell is first a row of `report_cell`; documents only lay these out.

pub mod catalogue;

pub mod cells;

pub mod figures;

pub mod printed_number;

pub mod signing;

pub mod incomplete;

pub mod page;

pub mod paper;

pub mod sheet;

pub mod workbook;

pub mod differences;

pub mod findings;

/// A name in a form that is allowed in file names everywhere.
#[must_use]
pub fn file_name(name: &str) -> String {
    const MOST: usize = 40;
    let bad = |c: char| c.is_control() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    name.chars().filter(|&c| !bad(c)).take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_have_nothing_that_some_system_forbids() {
        assert_eq!(file_name("云丘/职业:中学*?\u{7}"), "云丘职业中学");
        assert_eq!(file_name(&"长".repeat(90)).chars().count(), 40);
    }
}
