//! How a sheet comes out of a printer: A4, as wide as the page, numbered, with rows high enough for their words.

use rust_xlsxwriter::Worksheet;

/// A4, as spreadsheet programs number paper.
const A4: u8 = 9;

/// Widths that fit upright on A4 at full size, in the units of columns; wider sheets are printed lengthwise.
pub const UPRIGHT: u16 = 96;
pub const LENGTHWISE: u16 = 142;

/// What stands at the foot of every page.
#[derive(Debug, Clone, Copy)]
pub struct PageFoot<'a> {
    /// Whose document it is, and from which release.
    pub left: &'a str,
    pub right: &'a str,
}

/// Sets the page up: `width` is that of the printed columns, `heads` the rows that every page repeats.
///
/// # Errors
/// When the sheet does not take it, through a fault of the program.
pub fn set_up(
    sheet: &mut Worksheet,
    width: u16,
    heads: (u32, u32),
    foot: PageFoot<'_>,
) -> Result<(), rust_xlsxwriter::XlsxError> {
    sheet.set_paper_size(A4).set_print_fit_to_pages(1, 0).set_print_center_horizontally(true);
    sheet.set_margins(0.5, 0.5, 0.6, 0.7, 0.3, 0.35);
    if width > UPRIGHT {
        sheet.set_landscape();
    } else {
        sheet.set_portrait();
    }
    sheet.set_repeat_rows(heads.0, heads.1)?;
    sheet.set_footer(footer(foot));
    Ok(())
}

/// `&L…&C第 X 页 共 Y 页&R…`. A footer has at most 255 characters.
fn footer(foot: PageFoot<'_>) -> String {
    const MOST: usize = 60;
    // The blank keeps a digit at the beginning apart from the size of the font.
    let part = |text: &str| format!("&9 {}", text.chars().take(MOST).collect::<String>().replace('&', "&&"));
    format!("&L{}&C&9 第 &P 页 共 &N 页&R{}", part(foot.left), part(foot.right))
}

/// A row of one line.
pub const LINE: f64 = 15.0;
/// What is above and below the words of a cell.
const PADDING: f64 = 4.0;

/// Rows are at most this high.
const HIGHEST: f64 = 400.0;

/// The height of a row whose cells are wrapped, from each cell's text and width. Too high looks loose; too low
/// hides words: characters count as wide as in the widest common fonts.
#[must_use]
pub fn height<'a>(cells: impl IntoIterator<Item = (&'a str, u16)>, size: f64) -> f64 {
    let lines = cells.into_iter().map(|(text, width)| lines(text, width, size)).max().unwrap_or_default();
    let line = LINE * size / 11.0;
    (line * f64::from(lines.max(1)) + PADDING).min(HIGHEST)
}

/// How many lines a text takes in a cell: of tenths of a unit, a character of words takes 21 and any other 12
/// at 11 points.
fn lines(text: &str, width: u16, size: f64) -> u16 {
    let room = (f64::from(width.saturating_sub(1).max(2)) * 10.0 * 11.0 / size).max(21.0);
    let taken = |line: &str| {
        let mut taken = 0.0;
        let mut lines = 1_u16;
        for c in line.chars() {
            let wide = if c.is_ascii() { 12.0 } else { 21.0 };
            if taken + wide > room {
                (lines, taken) = (lines.saturating_add(1), 0.0);
            }
            taken += wide;
        }
        lines
    };
    text.lines().map(taken).fold(0, u16::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_grow_with_the_words_in_them() {
        assert!((height([("毕业生人数", 46)], 11.0) - 19.0).abs() < 0.01);
        assert!((height([], 11.0) - 19.0).abs() < 0.01);
        // 24 units hold eleven characters of words.
        assert!((height([("电气设备运行与控制、新", 24), ("一", 6)], 11.0) - 19.0).abs() < 0.01);
        assert!((height([("电气设备运行与控制、新能", 24)], 11.0) - 34.0).abs() < 0.01);
        assert!((height([("甲\n乙\n丙", 24)], 11.0) - 49.0).abs() < 0.01);
        // Smaller letters take less.
        assert!(height([("电气设备运行与控制、新能", 24)], 9.0) < 20.0);
        assert!(height([("长".repeat(9000).as_str(), 24)], 11.0) <= 400.0);
    }

    #[test]
    fn every_page_says_its_number_and_whose_it_is() {
        let foot = footer(PageFoot { left: "3学&校", right: "第 000001 版（草稿）" });
        assert_eq!(foot, "&L&9 3学&&校&C&9 第 &P 页 共 &N 页&R&9 第 000001 版（草稿）");
        let long = "校".repeat(200);
        assert!(footer(PageFoot { left: &long, right: &long }).chars().count() < 255);
    }
}
