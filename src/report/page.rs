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

/// The height of an upright page between its margins, in points, with some room to spare.
const PAGE: f64 = 735.0;
/// Letters are not printed smaller than this to save a page.
const SMALLEST: f64 = 0.7;

/// The width at which a sheet that is as wide as a page is printed: one that is a little higher than the page is
/// made wider, so that it is printed smaller and its last rows do not stand on a page of their own.
#[must_use]
pub fn width_for(width: u16, height: f64) -> u16 {
    let scale = PAGE / height.max(PAGE);
    if width > UPRIGHT || scale < SMALLEST {
        return width;
    }
    let wanted = (f64::from(UPRIGHT) / scale).ceil();
    (width..=LENGTHWISE).find(|width| f64::from(*width) >= wanted).unwrap_or(width)
}

/// Sets the page up; `heads` are the rows that every page repeats.
///
/// # Errors
/// When the sheet does not take it, through a fault of the program.
pub fn set_up(
    sheet: &mut Worksheet,
    is_lengthwise: bool,
    heads: (u32, u32),
    foot: PageFoot<'_>,
) -> Result<(), rust_xlsxwriter::XlsxError> {
    sheet.set_paper_size(A4).set_print_fit_to_pages(1, 0).set_print_center_horizontally(true);
    sheet.set_margins(0.5, 0.5, 0.6, 0.7, 0.3, 0.35);
    if is_lengthwise {
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
pub const LINE: f64 = 14.0;
/// What is above and below the words of a cell.
const PADDING: f64 = 3.0;

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
        assert!((height([("毕业生人数", 46)], 11.0) - 17.0).abs() < 0.01);
        assert!((height([], 11.0) - 17.0).abs() < 0.01);
        // 24 units hold ten characters of words.
        assert!((height([("电气设备运行与控制、", 24), ("一", 6)], 11.0) - 17.0).abs() < 0.01);
        assert!((height([("电气设备运行与控制、新", 24)], 11.0) - 31.0).abs() < 0.01);
        assert!((height([("甲\n乙\n丙", 24)], 11.0) - 45.0).abs() < 0.01);
        // Smaller letters take less.
        assert!(height([("电气设备运行与控制、新", 24)], 9.0) < 18.0);
        assert!(height([("长".repeat(9000).as_str(), 24)], 11.0) <= 400.0);
    }

    #[test]
    fn a_sheet_a_little_higher_than_a_page_is_printed_smaller() {
        assert_eq!(width_for(96, 500.0), 96);
        assert_eq!(width_for(96, 919.0), 121);
        // Two pages are two pages, and a sheet across the page stays as it is.
        assert_eq!(width_for(96, 1200.0), 96);
        assert_eq!(width_for(142, 919.0), 142);
    }

    #[test]
    fn every_page_says_its_number_and_whose_it_is() {
        let foot = footer(PageFoot { left: "3学&校", right: "第 000001 版（草稿）" });
        assert_eq!(foot, "&L&9 3学&&校&C&9 第 &P 页 共 &N 页&R&9 第 000001 版（草稿）");
        let long = "校".repeat(200);
        assert!(footer(PageFoot { left: &long, right: &long }).chars().count() < 255);
    }
}
