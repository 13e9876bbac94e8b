//! What one cell of a file holds.

use crate::numbers::dates::Date;

#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Text(String),
    Number(f64),
    Date(Date),
    Empty,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(text.to_owned()) }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(text) }
    }
}

impl Cell {
    /// The text a spreadsheet writes for the cell when it saves as CSV or HTML.
    pub fn display(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) if number.abs() >= 1e11 => scientific(*number),
            Self::Number(number) => number.to_string(),
            Self::Date(date) => format!("{}/{}/{}", date.year, date.month, date.day),
            Self::Empty => String::new(),
        }
    }
}

/// The `General` number format shows long numbers with five decimals and an exponent.
fn scientific(number: f64) -> String {
    let text = format!("{number:.5e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => format!("{mantissa}E+{exponent:0>2}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_number_is_shown_as_a_spreadsheet_shows_it() {
        assert_eq!(Cell::Number(1.426_012_009_010_11e17).display(), "1.42601E+17");
        assert_eq!(Cell::Number(12.5).display(), "12.5");
    }
}
