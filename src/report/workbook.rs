//! Sheets as a workbook, for users of Excel.
//!
//! Figures are written as text exactly as printed, so that no program rounds them again.

use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, IgnoreError, Workbook, Worksheet,
    XlsxError,
};

use super::cells::ReportCell;
use super::sheet::{self, FigureKind, Heading, Line, List, Sheet};
use crate::definitions::layout::Layout;

struct Style {
    title: Format,
    note: Format,
    plain: Format,
    head: Format,
    aside: Format,
    text: Format,
    figure: Format,
    missing: Format,
    apart: Format,
}

impl Style {
    fn new() -> Self {
        let font = || Format::new().set_font_name("宋体").set_font_size(11);
        let cell = || font().set_border(FormatBorder::Thin).set_align(FormatAlign::VerticalCenter);
        let head = || cell().set_bold().set_align(FormatAlign::Center).set_text_wrap();
        Style {
            title: font().set_bold().set_font_size(14).set_align(FormatAlign::Center),
            note: font().set_font_size(9).set_text_wrap().set_align(FormatAlign::Top),
            plain: font(),
            head: head().set_background_color(0x00DD_E8F3),
            aside: head().set_background_color(0x00ED_EDED).set_font_color(0x0059_5959),
            text: cell().set_text_wrap(),
            figure: cell().set_align(FormatAlign::Right),
            missing: cell().set_align(FormatAlign::Right).set_background_color(0x00FF_E699),
            apart: cell().set_align(FormatAlign::Right).set_font_color(0x0059_5959),
        }
    }
}

/// The workbook of one unit from its cells in printed order, as bytes.
///
/// # Errors
/// When the workbook cannot be made, through a fault of the program.
pub fn workbook(cells: &[&ReportCell], layout: &Layout, heading: &Heading) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let created = ExcelDateTime::parse_from_str(&heading.created)?;
    book.set_properties(&DocProperties::new().set_title(&heading.name).set_creation_datetime(&created));
    let style = Style::new();
    for sheet in &sheet::sheets(cells, layout, heading) {
        let page = book.add_worksheet().set_name(&sheet.name)?;
        Writer { page, style: &style, at: 0 }.write(sheet)?;
    }
    book.save_to_buffer()
}

/// A sheet under construction.
struct Writer<'a> {
    page: &'a mut Worksheet,
    style: &'a Style,
    /// The next row.
    at: u32,
}

impl Writer<'_> {
    fn write(&mut self, sheet: &Sheet) -> Result<(), XlsxError> {
        let last_printed = column(sheet.heads.len().saturating_sub(1));
        self.page.merge_range(0, 0, 0, last_printed, &sheet.title, &self.style.title)?;
        self.page.write_with_format(1, 0, &sheet.unit, &self.style.plain)?;
        for (at, head) in (0..).zip(&sheet.heads) {
            self.page.write_with_format(2, at, head, &self.style.head)?;
        }
        let first_aside = last_printed + 2;
        for (at, head) in (first_aside..).zip(&sheet.aside_heads) {
            self.page.write_with_format(2, at, *head, &self.style.aside)?;
        }
        self.at = 3;
        let mut above: Option<&Line> = None;
        for line in &sheet.lines {
            self.line(line, above, first_aside)?;
            above = Some(line);
        }
        if let Some(list) = &sheet.list {
            self.list(list)?;
        }
        for note in &sheet.notes {
            self.at += 1;
            self.page.merge_range(self.at, 0, self.at, last_printed, note, &self.style.note)?;
            self.page.set_row_height(self.at, 42)?;
        }
        // Deliberately text: Excel need not offer to convert it to numbers.
        let last = first_aside + column(sheet.aside_heads.len());
        self.page.ignore_error_range(3, 0, self.at, last, IgnoreError::NumberStoredAsText)?;
        self.widths(sheet, first_aside)?;
        self.page.set_freeze_panes(3, 0)?;
        self.page.set_print_area(0, 0, self.at, last_printed)?;
        self.page.set_repeat_rows(0, 2)?;
        self.page.set_print_fit_to_pages(1, 0);
        Ok(())
    }

    fn line(&mut self, line: &Line, above: Option<&Line>, first_aside: u16) -> Result<(), XlsxError> {
        for (at, label) in (0_u16..).zip(&line.labels) {
            let format = self.style.text.clone().set_indent(label.depth);
            match above {
                Some(above) if label.goes_on => {
                    let text = &above.labels[usize::from(at)].text;
                    self.page.merge_range(self.at - 1, at, self.at, at, text, &format)?;
                }
                _ => {
                    self.page.write_with_format(self.at, at, &label.text, &format)?;
                }
            }
        }
        for (at, figure) in (column(line.labels.len())..).zip(&line.figures) {
            let format = match figure.kind {
                FigureKind::Missing => &self.style.missing,
                FigureKind::Words => &self.style.text,
                FigureKind::Number => &self.style.figure,
            };
            self.page.write_with_format(self.at, at, &figure.text, format)?;
        }
        for (at, note) in (first_aside..).zip(&line.aside) {
            self.page.write_with_format(self.at, at, note, &self.style.apart)?;
        }
        self.at += 1;
        Ok(())
    }

    fn list(&mut self, list: &List) -> Result<(), XlsxError> {
        self.at += 1;
        self.page.write_with_format(self.at, 0, &list.caption, &self.style.plain)?;
        self.at += 1;
        for (at, head) in (0..).zip(&list.heads) {
            self.page.write_with_format(self.at, at, head, &self.style.head)?;
        }
        self.at += 1;
        for line in &list.lines {
            for (at, words) in (0..).zip(line) {
                self.page.write_with_format(self.at, at, words, &self.style.text)?;
            }
            // A character takes two of the units that columns are measured in.
            let height = |words: &String| (words.chars().count() * 2).div_ceil(usize::from(LIST_WIDTH));
            let most = line[1..].iter().map(height).max().unwrap_or_default().max(1);
            self.page.set_row_height(self.at, column(most * 15))?;
            self.at += 1;
        }
        Ok(())
    }

    fn widths(&mut self, sheet: &Sheet, first_aside: u16) -> Result<(), XlsxError> {
        let listed = sheet.list.is_some();
        for (at, head) in (0..).zip(&sheet.heads) {
            let width: u16 = match head.as_str() {
                "序号" => 6,
                "指标" => 46,
                // The industries of the list are printed under it.
                "单位" if listed => LIST_WIDTH,
                "度量" | "单位" => 9,
                "调查方式" => 28,
                _ if listed => LIST_WIDTH,
                _ => 14,
            };
            self.page.set_column_width(at, width)?;
        }
        self.page.set_column_width(first_aside - 1, 2)?;
        for (at, head) in (first_aside..).zip(&sheet.aside_heads) {
            self.page.set_column_width(at, if *head == "口径" { 9 } else { 14 })?;
        }
        Ok(())
    }
}

/// The width of the columns of a list.
const LIST_WIDTH: u16 = 24;

fn column(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}
