//! A cell as its file has it, and a row of cells.

use std::borrow::Cow;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A cell. `Number` is anything a spreadsheet stores as a number, whatever it shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub enum Cell<'a> {
    #[default]
    Empty,
    #[serde(borrow)]
    Text(Cow<'a, str>),
    Number(f64),
    Date(Date),
    Bool(bool),
    /// `#N/A`, `#REF!` and their like.
    Error(String),
}

impl Cell<'_> {
    /// The cell's text with white space trimmed at both ends; numbers as their shortest decimal form.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Cell::Empty => Cow::Borrowed(""),
            Cell::Text(text) => Cow::Borrowed(text.trim_matches(is_blank)),
            Cell::Number(number) => Cow::Owned(number_text(*number)),
            Cell::Date(date) => Cow::Owned(date.to_string()),
            Cell::Bool(true) => Cow::Borrowed("是"),
            Cell::Bool(false) => Cow::Borrowed("否"),
            Cell::Error(text) => Cow::Borrowed(text),
        }
    }

    /// True when the cell is empty, or holds only white space.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        match self {
            Cell::Empty => true,
            Cell::Text(text) => text.chars().all(is_blank),
            _ => false,
        }
    }

    #[must_use]
    pub fn into_owned(self) -> Cell<'static> {
        match self {
            Cell::Empty => Cell::Empty,
            Cell::Text(text) => Cell::Text(Cow::Owned(text.into_owned())),
            Cell::Number(number) => Cell::Number(number),
            Cell::Date(date) => Cell::Date(date),
            Cell::Bool(value) => Cell::Bool(value),
            Cell::Error(text) => Cell::Error(text),
        }
    }
}

/// A text without the mark before it that makes a spreadsheet keep a code as text: `'0012`. In files of other
/// programs the mark is one of the cell's own characters.
#[must_use]
pub(super) fn unprefixed(text: &str) -> &str {
    const MARKS: [char; 8] = ['\'', '’', '‘', '‛', '＇', '`', '´', '′'];
    let bare = text.trim_start_matches(is_blank).strip_prefix(MARKS);
    // A mark at both ends quotes what is between them.
    bare.filter(|bare| !bare.is_empty() && !bare.ends_with(MARKS)).unwrap_or(text)
}

/// The day that a date with a time of day means. Programs that take local time for that of Shanghai's old
/// meridian (8 h 5 min 43 s) write midnight as 23:59:17 or 23:54:17 of the day before; 23:59:59 is the end of a
/// day, as people write it.
#[must_use]
pub fn day_meant(date: Date, second_of_day: u32) -> Date {
    const FIRST: u32 = 86_400 - 343;
    const LAST: u32 = 86_399;
    let is_next = (FIRST..LAST).contains(&second_of_day) || second_of_day >= 86_400;
    if is_next { date.tomorrow().unwrap_or(date) } else { date }
}

/// The error of a formula cell whose result is not in the file: no program computed it.
pub const NO_RESULT: &str = "formula without a result";

/// White space as people leave it in cells, including ideographic and no-break
/// spaces, zero-width characters, and a byte order mark that was pasted along.
#[must_use]
pub fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}')
}

/// A whole number without a decimal point, anything else as Rust prints it.
pub(super) fn number_text(number: f64) -> String {
    /// Beyond this an f64 no longer holds every integer.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        return format!("{number:.0}");
    }
    // Spreadsheets keep and show 15 digits; further digits of an f64 are noise from sums.
    let before_point = number.abs().log10().floor().max(0.0) + 1.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 14")]
    let places = (15.0 - before_point).clamp(0.0, 14.0) as usize;
    let text = format!("{number:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A row with at least one cell that is not blank.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Row<'a> {
    /// Physical row, from 1.
    pub number: u32,
    #[serde(borrow)]
    pub cells: Vec<Cell<'a>>,
}

impl Row<'_> {
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.cells.iter().all(Cell::is_blank)
    }

    #[must_use]
    pub fn to_owned_row(&self) -> Row<'static> {
        Row { number: self.number, cells: self.cells.iter().cloned().map(Cell::into_owned).collect() }
    }

    /// Number of cells that are not blank.
    #[must_use]
    pub fn filled(&self) -> usize {
        self.cells.iter().filter(|cell| !cell.is_blank()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_print_without_a_point() {
        assert_eq!(Cell::Number(1200.0).text(), "1200");
        assert_eq!(Cell::Number(11157.41).text(), "11157.41");
        assert_eq!(Cell::Number(12_345.670_000_000_002).text(), "12345.67");
        assert_eq!(Cell::Number(0.1 + 0.2).text(), "0.3");
    }

    #[test]
    fn some_seconds_before_midnight_mean_the_next_day() {
        let day = Date::constant(2008, 2, 29);
        for (seconds, is_next) in [(0, false), (43, false), (86_057, true), (86_357, true), (86_399, false)] {
            let meant = if is_next { Date::constant(2008, 3, 1) } else { day };
            assert_eq!(day_meant(day, seconds), meant, "{seconds}");
        }
    }

    #[test]
    fn a_mark_before_a_text_is_none_of_it() {
        for text in ["'0012", "’0012", "＇0012", " `0012"] {
            assert_eq!(unprefixed(text), "0012", "{text}");
        }
        for text in ["0012", "'", "'甲'", "‘甲’", "O'Neil"] {
            assert_eq!(unprefixed(text), text);
        }
    }

    #[test]
    fn ideographic_and_zero_width_spaces_are_blank() {
        assert!(Cell::Text("　\u{200b} ".into()).is_blank());
        assert_eq!(Cell::Text("　张三 ".into()).text(), "张三");
    }
}
