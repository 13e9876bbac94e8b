//! A position in a delivered file, in the terms that its reader uses.

use serde::{Deserialize, Serialize};

use crate::personal;

/// File, sheet, row and column of a cell. Empty or zero where it does not apply.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// Path below the drop folder; a member of a bundle follows a `!`.
    pub file: String,
    /// Sheet name; empty for text and HTML files.
    pub sheet: String,
    /// Physical row, from 1: the row number Excel shows, the line of a text file, the `<tr>` of a page.
    pub row: u32,
    /// Column from 1; 0 when the whole row is meant.
    pub column: u32,
    /// Header text of that column, as delivered.
    pub header: String,
}

/// Column letters as Excel shows them: 1 is `A`, 27 is `AA`. Empty for 0.
#[must_use]
pub fn column_letters(mut column: u32) -> String {
    let mut letters = Vec::new();
    while column > 0 {
        let digit = u8::try_from((column - 1) % 26).unwrap_or_default();
        letters.push(b'A' + digit);
        column = (column - 1) / 26;
    }
    letters.reverse();
    letters.iter().map(|&b| char::from(b)).collect()
}

/// The number of a column by its letters: `AA` is 27. 0 for none.
#[must_use]
pub fn column_number(letters: &str) -> u32 {
    letters.bytes().fold(0, |column, letter| column * 26 + u32::from(letter.saturating_sub(b'A')) + 1)
}

/// A header, or a person's words, as they may be shown: without numbers of persons and the names next
/// to them.
#[must_use]
pub fn redact(text: &str) -> String {
    personal::redacted(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_those_of_a_spreadsheet() {
        let letters = |column| column_letters(column);
        assert_eq!(
            [letters(0), letters(1), letters(26), letters(27), letters(104)],
            ["", "A", "Z", "AA", "CZ"]
        );
        assert!([0, 1, 26, 27, 104, 16_384].into_iter().all(|n| column_number(&letters(n)) == n));
    }
}
