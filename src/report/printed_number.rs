//! Printed texts as cells: a number where the text is one, so that spreadsheets can add it up.
//!
//! The number is the printed one, already rounded, and its format prints it with the same decimals: every
//! program shows the text that was printed. Formats are `0`, `0.0`, `0.00` and so on, without groups, percent
//! signs or words.

use rust_xlsxwriter::{Format, Worksheet, XlsxError};

/// Significant digits that every spreadsheet program keeps.
const DIGITS_MAX: usize = 15;

/// A number as printed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PrintedNumber {
    pub value: f64,
    pub decimals: usize,
}

impl PrintedNumber {
    /// The number that a text prints; `None` where a cell with it would show another text: words, signs,
    /// leading zeros, more digits than a spreadsheet keeps.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (digits, ""),
        };
        let is_plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let padded = whole.len() > 1 && whole.starts_with('0');
        if whole.is_empty() || padded || !is_plain(whole) || !is_plain(fraction) {
            return None;
        }
        let value: f64 = text.parse().ok()?;
        let is_negative_zero = value == 0.0 && text.starts_with('-');
        let fits = whole.len() + fraction.len() <= DIGITS_MAX;
        (fits && !is_negative_zero).then_some(PrintedNumber { value, decimals: fraction.len() })
    }

    /// The number format that prints it.
    #[must_use]
    pub fn format(self) -> String {
        match self.decimals {
            0 => "0".to_owned(),
            decimals => format!("0.{}", "0".repeat(decimals)),
        }
    }
}

/// Writes a printed text: as a number where it is one, else as text.
///
/// # Errors
/// When the cell cannot be written, through a fault of the program.
pub fn write(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    text: &str,
    format: &Format,
) -> Result<(), XlsxError> {
    match PrintedNumber::of(text) {
        Some(number) => {
            let format = format.clone().set_num_format(number.format());
            sheet.write_number_with_format(row, column, number.value, &format)?;
        }
        None => {
            sheet.write_string_with_format(row, column, text, format)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_number_keeps_its_decimals() {
        for (text, format) in [
            ("0", "0"),
            ("9397", "0"),
            ("92.80", "0.00"),
            ("0.0", "0.0"),
            ("-3.50", "0.00"),
            ("307208127.01", "0.00"),
            ("123456789012345", "0"),
        ] {
            let number = PrintedNumber::of(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(number.format(), format, "{text}");
            assert_eq!(format!("{:.*}", number.decimals, number.value), text);
        }
    }

    #[test]
    fn what_a_cell_would_print_otherwise_stays_text() {
        let texts = [
            "",
            "-",
            "缺报",
            "12/3",
            "007",
            "+5",
            "-0.00",
            "5.",
            ".5",
            "1,234",
            "1e3",
            "92.8%",
            "１２",
            "inf",
            "1234567890123456",
            "5、7",
        ];
        for text in texts {
            assert_eq!(PrintedNumber::of(text), None, "{text}");
        }
    }
}
