//! Sheets as people print them: A4 on its side, one page wide, the heads on every page, pages numbered, and rows
//! as high as their text.

use rust_xlsxwriter::{Worksheet, XlsxError};

const A4: u8 = 9;
/// The height of a line of 11 points, in points.
const LINE: f64 = 15.0;
/// The most that a spreadsheet allows a row, in points.
const ROW_MAX: f64 = 409.0;

/// Sets a sheet up for printing: down to `last_row`, as wide as `last_column`, below heads in the row `heads`.
///
/// # Errors
/// When the cells lie outside of a sheet, which is a fault of the program.
pub fn set_up(
    sheet: &mut Worksheet,
    heads: u32,
    last_row: u32,
    last_column: u16,
    footer: &str,
) -> Result<(), XlsxError> {
    // An ampersand begins a code.
    let footer = footer.replace('&', "&&");
    sheet.set_paper_size(A4).set_landscape().set_print_fit_to_pages(1, 0);
    sheet.set_margins(0.4, 0.4, 0.5, 0.6, 0.3, 0.3);
    sheet.set_footer(format!("&L&9{footer}&R&9第 &P 页，共 &N 页"));
    sheet.set_repeat_rows(heads, heads)?;
    sheet.set_print_area(0, 0, last_row.max(heads), last_column)?;
    Ok(())
}

/// The height of a row whose texts are wrapped in columns of these widths.
#[must_use]
pub fn height<'t>(cells: impl IntoIterator<Item = (&'t str, f64)>) -> f64 {
    let most = cells.into_iter().map(|(text, width)| lines(text, width)).max().unwrap_or_default();
    let most = u32::try_from(most.max(1)).unwrap_or(u32::MAX);
    (f64::from(most) * LINE + 3.0).min(ROW_MAX)
}

/// The lines of a text in a column, whose width is in digits.
fn lines(text: &str, width: f64) -> usize {
    text.split('\n').map(|line| lines_of(line, width)).sum()
}

fn lines_of(line: &str, width: f64) -> usize {
    // The cell has a border and a margin, and no program breaks lines quite as another.
    let room = (width * 0.92 - 1.0).max(2.0);
    let (mut lines, mut filled) = (1, 0.0);
    let mut word = 0.0;
    for c in line.chars() {
        let wide = char_width(c);
        let joins = c.is_ascii() && c != ' ';
        // A word that does not fit goes to the next line as a whole, if it can.
        word = if joins { word + wide } else { 0.0 };
        if filled + wide > room {
            lines += 1;
            filled = if joins && word < room { word } else { wide };
            if word >= room {
                word = wide;
            }
        } else {
            filled += wide;
        }
    }
    lines
}

/// The width of a character in digits: Han characters and their punctuation take two and a little.
fn char_width(c: char) -> f64 {
    if c.is_ascii() { 1.0 } else { 2.1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_as_high_as_its_longest_text() {
        let line = height([("短", 20.0)]);
        assert!((line - 18.0).abs() < f64::EPSILON, "{line}");
        let han = "证件号码位数或格式不对，请核对证件后更正";
        assert_eq!(lines(han, 20.0), 3);
        assert_eq!(lines("2024/students/a-long-name-of-a-file.xlsx 第 4 行", 20.0), 3);
        assert_eq!(lines("一\n二", 20.0), 2);
        assert!(height([("短", 20.0), (han, 20.0)]) > height([(han, 40.0)]));
        assert!(height([(&*"长".repeat(30_000), 20.0)]) <= ROW_MAX);
    }
}
