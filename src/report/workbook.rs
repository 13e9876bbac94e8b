//! Sheets as a workbook, for users of Excel.
//!
//! Figures are numbers, as they are printed and no longer: nothing that reads them rounds them again.

use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, IgnoreError, Workbook, Worksheet,
    XlsxError,
};

use super::cells::ReportCell;
use super::page::{self, PageFoot};
use super::printed_number;
use super::sheet::{self, FigureKind, Heading, Line, Sheet};
use super::signing::Signing;
use crate::definitions::layout::Layout;

/// Points of the letters of cells, and of notes.
const SIZE: f64 = 11.0;
const NOTE_SIZE: f64 = 9.0;

struct Style {
    title: Format,
    note: Format,
    plain: Format,
    signing: Format,
    head: Format,
    aside: Format,
    text: Format,
    figure: Format,
    partial: Format,
    missing: Format,
    apart: Format,
}

impl Style {
    fn new() -> Self {
        let font = || Format::new().set_font_name("宋体").set_font_size(SIZE);
        let middle = || font().set_align(FormatAlign::VerticalCenter);
        let cell = || middle().set_border(FormatBorder::Thin);
        let head = || cell().set_bold().set_align(FormatAlign::Center).set_text_wrap();
        let figure = || cell().set_align(FormatAlign::Right);
        Style {
            title: middle().set_bold().set_font_size(14).set_align(FormatAlign::Center),
            note: font().set_font_size(NOTE_SIZE).set_text_wrap().set_align(FormatAlign::Top),
            plain: middle(),
            signing: middle().set_text_wrap(),
            head: head().set_background_color(0x00DD_E8F3),
            aside: head().set_background_color(0x00ED_EDED).set_font_color(0x0059_5959),
            text: cell().set_text_wrap(),
            figure: figure(),
            partial: figure().set_background_color(0x00FF_F2CC),
            missing: figure().set_background_color(0x00FF_E699),
            apart: figure().set_font_color(0x0059_5959),
        }
    }

    fn of(&self, kind: FigureKind) -> &Format {
        match kind {
            FigureKind::Number => &self.figure,
            FigureKind::Partial => &self.partial,
            FigureKind::Words => &self.text,
            FigureKind::Missing => &self.missing,
        }
    }
}

/// The workbook of one unit from its cells in printed order, as bytes.
///
/// # Errors
/// When the workbook cannot be made, through a fault of the program.
pub fn workbook(
    cells: &[&ReportCell],
    layout: &Layout,
    heading: &Heading,
    signing: &Signing,
) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let created = ExcelDateTime::parse_from_str(&heading.created)?;
    book.set_properties(&DocProperties::new().set_title(&heading.name).set_creation_datetime(&created));
    let style = Style::new();
    for sheet in &sheet::sheets(cells, layout, heading, signing) {
        let page = book.add_worksheet().set_name(&sheet.name)?;
        Writer { page, style: &style, widths: widths(sheet), at: 0 }.write(sheet, heading)?;
    }
    book.save_to_buffer()
}

/// A sheet under construction.
struct Writer<'a> {
    page: &'a mut Worksheet,
    style: &'a Style,
    /// The widths of the printed columns.
    widths: Vec<u16>,
    /// The next row.
    at: u32,
}

impl Writer<'_> {
    fn write(&mut self, sheet: &Sheet, heading: &Heading) -> Result<(), XlsxError> {
        let last_printed = column(sheet.heads.len().saturating_sub(1));
        self.page.merge_range(0, 0, 0, last_printed, &sheet.title, &self.style.title)?;
        self.page.set_row_height(0, TITLE_HEIGHT)?;
        self.page.write_with_format(1, 0, &sheet.unit, &self.style.plain)?;
        self.page.set_row_height(1, UNIT_HEIGHT)?;
        self.at = 2;
        if let Some(caption) = &sheet.caption {
            self.merged(caption, &self.style.note, NOTE_SIZE)?;
        }
        let heads = self.at;
        for (at, head) in (0..).zip(&sheet.heads) {
            self.page.write_with_format(heads, at, head, &self.style.head)?;
        }
        self.page.set_row_height(heads, head_height(sheet, &self.widths))?;
        let first_aside = last_printed + 2;
        for (at, head) in (first_aside..).zip(&sheet.aside_heads) {
            self.page.write_with_format(heads, at, *head, &self.style.aside)?;
        }
        self.at += 1;
        let mut above: Option<&Line> = None;
        for line in &sheet.lines {
            self.line(line, above, first_aside)?;
            above = Some(line);
        }
        // Labels and serials may be digits; they are no figures.
        let labels = sheet.lines.first().map_or(0, |line| line.labels.len().saturating_sub(1));
        self.page.ignore_error_range(heads, 0, self.at, column(labels), IgnoreError::NumberStoredAsText)?;
        if let Some(note) = sheet.aside_note {
            self.page.write_with_format(self.at, first_aside, note, &self.style.plain)?;
        }
        self.at += 1;
        for note in &sheet.notes {
            self.merged(note, &self.style.note, NOTE_SIZE)?;
        }
        // One row, which no page break tears apart.
        self.merged(&signing(sheet), &self.style.signing, SIZE)?;
        for (at, width) in (0..).zip(&self.widths) {
            self.page.set_column_width(at, *width)?;
        }
        if !sheet.aside_heads.is_empty() {
            self.page.set_column_width(first_aside - 1, 2)?;
        }
        for (at, head) in (first_aside..).zip(&sheet.aside_heads) {
            self.page.set_column_width(at, if *head == "口径" { 9 } else { 16 })?;
        }
        self.page.set_freeze_panes(heads + 1, 0)?;
        self.page.set_print_area(0, 0, self.at.saturating_sub(1), last_printed)?;
        let foot = PageFoot { left: &heading.name, right: &heading.release };
        page::set_up(self.page, is_lengthwise(sheet), (0, heads), foot)
    }

    /// A row that goes over all printed columns.
    fn merged(&mut self, text: &str, format: &Format, size: f64) -> Result<(), XlsxError> {
        let last = column(self.widths.len().saturating_sub(1));
        self.page.merge_range(self.at, 0, self.at, last, text, format)?;
        self.page.set_row_height(self.at, page::height([(text, self.widths.iter().sum())], size))?;
        self.at += 1;
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
            let format = self.style.of(figure.kind);
            if figure.kind == FigureKind::Words {
                self.page.write_with_format(self.at, at, &figure.text, format)?;
            } else {
                printed_number::write(self.page, self.at, at, &figure.text, format)?;
            }
        }
        for (at, text) in (first_aside..).zip(&line.aside) {
            printed_number::write(self.page, self.at, at, text, &self.style.apart)?;
        }
        self.page.set_row_height(self.at, line_height(line, &self.widths))?;
        self.at += 1;
        Ok(())
    }
}

/// The heights of the rows above the heads.
const TITLE_HEIGHT: f64 = 28.0;
const UNIT_HEIGHT: f64 = 20.0;

fn head_height(sheet: &Sheet, widths: &[u16]) -> f64 {
    page::height(sheet.heads.iter().map(String::as_str).zip(widths.iter().copied()), SIZE)
}

fn line_height(line: &Line, widths: &[u16]) -> f64 {
    // An indent takes the room of a character.
    let labels = line.labels.iter().map(|label| (label.text.as_str(), u16::from(label.depth) * 2));
    let figures = line.figures.iter().map(|figure| (figure.text.as_str(), 0));
    let cells = labels.chain(figures).zip(widths);
    page::height(cells.map(|((text, indent), width)| (text, width.saturating_sub(indent))), SIZE)
}

/// The lines for signatures, with room to write.
fn signing(sheet: &Sheet) -> String {
    sheet.signing.join("\n\n")
}

/// The height of a whole sheet.
fn height(sheet: &Sheet, widths: &[u16]) -> f64 {
    let all = widths.iter().sum();
    let small = sheet.caption.iter().chain(&sheet.notes);
    let small: f64 = small.map(|note| page::height([(note.as_str(), all)], NOTE_SIZE)).sum();
    let lines: f64 = sheet.lines.iter().map(|line| line_height(line, widths)).sum();
    let block = page::height([(signing(sheet).as_str(), all)], SIZE);
    TITLE_HEIGHT + UNIT_HEIGHT + head_height(sheet, widths) + lines + page::LINE + small + block
}

/// The least widths of a sheet's printed columns.
fn least_widths(sheet: &Sheet) -> Vec<u16> {
    let labels = sheet.lines.first().map_or(1, |line| line.labels.len());
    let longest = |at: usize| {
        let texts = sheet.lines.iter().filter_map(|line| line.figures.get(at.checked_sub(labels)?));
        let texts = texts.filter(|figure| figure.kind != FigureKind::Words);
        texts.map(|figure| column(figure.text.len())).max().unwrap_or_default()
    };
    let width = |(at, head): (usize, &String)| match head.as_str() {
        "序号" => 6,
        LABELS => 34,
        "度量" | "缺报校数" => 10,
        "单位" => 9,
        "调查方式" => 30,
        _ if sheet.caption.is_some() => 22,
        _ => longest(at).saturating_add(2).clamp(13, 22),
    };
    sheet.heads.iter().enumerate().map(width).collect()
}

const LABELS: &str = "指标";

fn is_lengthwise(sheet: &Sheet) -> bool {
    least_widths(sheet).iter().sum::<u16>() > page::UPRIGHT
}

/// The widths of a sheet's printed columns: labels get the room that figures leave on the page.
fn widths(sheet: &Sheet) -> Vec<u16> {
    const SPARE_MOST: u16 = 30;
    let mut widths = least_widths(sheet);
    let sum: u16 = widths.iter().sum();
    let page = if sum > page::UPRIGHT { page::LENGTHWISE } else { page::UPRIGHT };
    let spare = page.saturating_sub(sum).min(SPARE_MOST);
    let Some(at) = sheet.heads.iter().position(|head| head == LABELS) else { return widths };
    widths[at] += spare;
    let wanted = page::width_for(sum + spare, height(sheet, &widths));
    widths[at] += wanted - (sum + spare);
    widths
}

fn column(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}
