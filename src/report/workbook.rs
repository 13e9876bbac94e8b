//! The report's tables as a workbook, for people who live in Excel.
//!
//! One sheet a table: serial, label, unit, last year, this year, and beside them
//! on which basis the figure stands and the numerator and denominator of ratios.
//! Figures are written as text exactly as printed, so that no program rounds them again.

use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, IgnoreError, Workbook, Worksheet,
    XlsxError,
};

use super::cells::{ReportCell, by_table};
use crate::indicators::{State, Unit};
use crate::layout::Layout;
use crate::number::Decimal;
use crate::period::ReportYear;

/// What the workbook is headed with.
#[derive(Debug, Clone)]
pub struct Heading {
    pub year: ReportYear,
    /// `临汾市(141000)`.
    pub name: String,
    /// `第 000017 版（草稿）`.
    pub release: String,
    /// The release's time, which makes the bytes the same every time.
    pub created: String,
}

struct Style {
    title: Format,
    note: Format,
    plain: Format,
    head: Format,
    text: Format,
    figure: Format,
    missing: Format,
}

impl Style {
    fn new() -> Self {
        let font = || Format::new().set_font_name("宋体").set_font_size(11);
        let cell = || font().set_border(FormatBorder::Thin).set_align(FormatAlign::VerticalCenter);
        Style {
            title: font().set_bold().set_font_size(14).set_align(FormatAlign::Center),
            note: font().set_font_size(9).set_text_wrap(),
            plain: font(),
            head: cell().set_bold().set_align(FormatAlign::Center).set_background_color(0x00DD_E8F3),
            text: cell().set_text_wrap(),
            figure: cell().set_align(FormatAlign::Right),
            missing: cell().set_align(FormatAlign::Right).set_background_color(0x00FF_E699),
        }
    }
}

/// The workbook of one unit, as bytes.
///
/// # Errors
/// When the workbook cannot be made: a fault of the program.
pub fn workbook(
    cells: &[ReportCell],
    unit: &Unit,
    layout: &Layout,
    heading: &Heading,
) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let created = ExcelDateTime::parse_from_str(&heading.created)?;
    book.set_properties(&DocProperties::new().set_title(&heading.name).set_creation_datetime(&created));
    let style = Style::new();
    for (table, cells) in by_table(cells, unit) {
        let title = layout.table(&table).map_or(table.clone(), |layout| layout.title.clone());
        let sheet = book.add_worksheet().set_name(&table)?;
        write_table(sheet, &title, &cells, heading, &style)?;
    }
    book.save_to_buffer()
}

/// A printed row: its cells, last year first.
fn printed_rows<'a>(cells: &[&'a ReportCell]) -> Vec<Vec<&'a ReportCell>> {
    let mut rows: Vec<Vec<&ReportCell>> = Vec::new();
    for &cell in cells {
        let same =
            |row: &Vec<&ReportCell>| row[0].report_path == cell.report_path && row[0].measure == cell.measure;
        match rows.last_mut().filter(|row| same(row)) {
            Some(row) => row.push(cell),
            None => rows.push(vec![cell]),
        }
    }
    rows
}

/// The columns of one table's sheet.
struct Columns {
    serial: bool,
    measure: bool,
    years: Vec<ReportYear>,
    /// How many schools are missed in this year's figures.
    missing: bool,
}

impl Columns {
    fn of(rows: &[Vec<&ReportCell>]) -> Self {
        let years = rows.first().map(|row| row.iter().map(|cell| cell.column_year).collect());
        Columns {
            serial: rows.iter().any(|row| !row[0].serial.is_empty()),
            measure: rows.iter().any(|row| row[0].measure != "值"),
            years: years.unwrap_or_default(),
            missing: rows.iter().any(|row| row[row.len() - 1].n_missing > 0),
        }
    }

    fn heads(&self) -> Vec<String> {
        let named = [("序号", self.serial), ("指标", true), ("度量", self.measure), ("单位", true)];
        let named = named.into_iter().filter(|(_, shown)| *shown).map(|(head, _)| head.to_owned());
        let years = self.years.iter().map(|year| format!("{year}年"));
        let missing = self.missing.then(|| "缺报校数".to_owned());
        named.chain(years).chain(["口径", "分子", "分母"].map(str::to_owned)).chain(missing).collect()
    }

    /// What stands left of the years: text and how far it stands in.
    fn left(&self, cell: &ReportCell) -> Vec<(String, u8)> {
        let all = [
            (&cell.serial, 0, self.serial),
            (&cell.label, depth(cell), true),
            (&cell.measure, 0, self.measure),
            (&cell.printed_unit, 0, true),
        ];
        let shown = all.into_iter().filter(|(.., shown)| *shown);
        shown.map(|(text, depth, _)| (text.clone(), depth)).collect()
    }
}

fn write_table(
    sheet: &mut Worksheet,
    title: &str,
    cells: &[&ReportCell],
    heading: &Heading,
    style: &Style,
) -> Result<(), XlsxError> {
    let rows = printed_rows(cells);
    let columns = Columns::of(&rows);
    let heads = columns.heads();
    let last_column = u16::try_from(heads.len() - 1).unwrap_or(u16::MAX);
    sheet.merge_range(0, 0, 0, last_column, title, &style.title)?;
    sheet.write_with_format(1, 0, format!("名称：{}", heading.name), &style.plain)?;
    for (column, head) in (0..).zip(&heads) {
        sheet.write_with_format(2, column, head, &style.head)?;
    }
    let mut at = 3;
    for row in &rows {
        write_row(sheet, at, row, &columns, style)?;
        at += 1;
    }
    // Text on purpose: Excel need not offer to turn it into numbers.
    sheet.ignore_error_range(3, 0, at, last_column, IgnoreError::NumberStoredAsText)?;
    let note = format!(
        "{}；口径：系统＝全国系统逐条数据汇总，填报＝各校填报汇总；分子、分母为本年数，填报比率的分子由各校填报值乘以权数还原。",
        heading.release
    );
    sheet.merge_range(at, 0, at, last_column, &note, &style.note)?;
    sheet.set_row_height(at, 28)?;
    set_widths(sheet, &heads)?;
    sheet.set_freeze_panes(3, 0)?;
    sheet.set_print_fit_to_pages(1, 0).set_landscape();
    Ok(())
}

fn write_row(
    sheet: &mut Worksheet,
    at: u32,
    row: &[&ReportCell],
    columns: &Columns,
    style: &Style,
) -> Result<(), XlsxError> {
    let this_year = row[row.len() - 1];
    let mut column = 0;
    for (text, depth) in columns.left(this_year) {
        sheet.write_with_format(at, column, text, &style.text.clone().set_indent(depth))?;
        column += 1;
    }
    for cell in row {
        let format = if cell.state == State::Missing { &style.missing } else { &style.figure };
        sheet.write_with_format(at, column, cell.printed_text.as_deref().unwrap_or("缺报"), format)?;
        column += 1;
    }
    let decimal = |value: Option<Decimal>| value.map(|value| value.to_string()).unwrap_or_default();
    let basis = this_year.basis.label().to_owned();
    for note in [basis, decimal(this_year.numerator), decimal(this_year.denominator)] {
        sheet.write_with_format(at, column, note, &style.figure)?;
        column += 1;
    }
    if columns.missing {
        sheet.write_with_format(at, column, this_year.n_missing.to_string(), &style.figure)?;
    }
    Ok(())
}

/// How many rows above a row it is part of.
fn depth(cell: &ReportCell) -> u8 {
    u8::try_from(cell.report_path.matches('/').count()).unwrap_or(u8::MAX)
}

fn set_widths(sheet: &mut Worksheet, heads: &[String]) -> Result<(), XlsxError> {
    for (column, head) in (0..).zip(heads) {
        let width = match head.as_str() {
            "序号" => 6,
            "指标" => 42,
            "度量" | "单位" | "口径" => 9,
            _ => 14,
        };
        sheet.set_column_width(column, width)?;
    }
    Ok(())
}
