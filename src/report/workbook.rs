//! The report's tables as a workbook, for people who live in Excel.
//!
//! One sheet a table, laid out as the printed report has it: serial, label, unit, last year,
//! this year, what stands beside the years, and the list under the table. To the right of that,
//! outside the printed area, stand the basis, the parts of ratios and the schools missed.
//! Figures are written as text exactly as printed, so that no program rounds them again.

use std::collections::BTreeSet;

use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, IgnoreError, Workbook, Worksheet,
    XlsxError,
};

use super::cells::ReportCell;
use crate::indicators::State;
use crate::layout::{Basis, Delivered, Layout, Level, ListLayout, TableKind, TableLayout};
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
    pub footnotes: Vec<Footnote>,
}

/// What is printed under a table that has a figure which a person set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Footnote {
    pub year: ReportYear,
    pub region_code: String,
    pub school_code: String,
    pub stands_for: Delivered,
    /// The indicator that was set, and those made of it.
    pub indicators: BTreeSet<String>,
    pub text: String,
}

impl Footnote {
    fn is_of(&self, cell: &ReportCell) -> bool {
        cell.basis == Basis::Adjusted(self.stands_for)
            && cell.column_year == self.year
            && self.indicators.contains(&cell.indicator_id)
            && match cell.unit.level {
                Level::School => cell.unit.school_code == self.school_code,
                Level::County => cell.unit.region_code == self.region_code,
                Level::City => true,
            }
    }
}

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
/// When the workbook cannot be made: a fault of the program.
pub fn workbook(cells: &[&ReportCell], layout: &Layout, heading: &Heading) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let created = ExcelDateTime::parse_from_str(&heading.created)?;
    book.set_properties(&DocProperties::new().set_title(&heading.name).set_creation_datetime(&created));
    let style = Style::new();
    for cells in cells.chunk_by(|a, b| a.report_table == b.report_table) {
        let Some(table) = layout.table(&cells[0].report_table) else { continue };
        // As the printed captions have it; with a blank, every program quotes the name and finds the print area.
        let name = match table.kind {
            TableKind::Official => table.id.clone(),
            TableKind::Body => table.id.replacen('表', "表 ", 1),
        };
        let sheet = book.add_worksheet().set_name(&name)?;
        Sheet { page: sheet, table, style: &style, heading, at: 0 }.write(cells)?;
    }
    book.save_to_buffer()
}

/// A printed row: its cells, last year first, and those beside the years.
struct Printed<'a> {
    years: Vec<&'a ReportCell>,
    beside: Vec<&'a ReportCell>,
}

/// The printed rows of a table, without the list under it.
fn printed_rows<'a>(table: &TableLayout, cells: &[&'a ReportCell]) -> Vec<Printed<'a>> {
    let mut rows: Vec<Printed<'a>> = Vec::new();
    for &cell in cells.iter().filter(|cell| !is_listed(table, cell)) {
        let beside = table.beside.contains(&cell.measure);
        let same = |row: &&mut Printed<'a>| {
            let first = row.years[0];
            first.report_path == cell.report_path && (beside || first.measure == cell.measure)
        };
        match rows.last_mut().filter(same) {
            Some(row) if beside => row.beside.push(cell),
            Some(row) => row.years.push(cell),
            None => rows.push(Printed { years: vec![cell], beside: Vec::new() }),
        }
    }
    rows
}

/// Whether a cell is of the list under its table.
fn is_listed(table: &TableLayout, cell: &ReportCell) -> bool {
    table.list.as_ref().is_some_and(|list| list.indicator == cell.indicator_id)
}

/// The columns of one table's sheet.
struct Columns<'a> {
    serial: bool,
    measure: bool,
    years: Vec<ReportYear>,
    beside: &'a [String],
    /// How many schools are missed in this year's figures.
    missing: bool,
}

impl<'a> Columns<'a> {
    fn of(table: &'a TableLayout, rows: &[Printed<'_>]) -> Self {
        let years = rows.first().map(|row| row.years.iter().map(|cell| cell.column_year).collect());
        // In the six tables a second measure is a row of its own, told by its unit.
        let measure = table.kind == TableKind::Body && rows.iter().any(|row| row.years[0].measure != "值");
        Columns {
            serial: table.kind == TableKind::Official,
            measure,
            years: years.unwrap_or_default(),
            beside: &table.beside,
            missing: rows.iter().any(|row| row.years[row.years.len() - 1].n_missing > 0),
        }
    }

    /// Heads of what the printed report has.
    fn printed(&self) -> Vec<String> {
        let named = [("序号", self.serial), ("指标", true), ("度量", self.measure), ("单位", true)];
        let named = named.into_iter().filter(|(_, shown)| *shown).map(|(head, _)| head.to_owned());
        let years = self.years.iter().map(|year| format!("{year}年"));
        named.chain(years).chain(self.beside.iter().cloned()).collect()
    }

    /// Heads of what stands right of it.
    fn aside(&self) -> Vec<&'static str> {
        let missing = self.missing.then_some("缺报校数");
        ["口径", "分子", "分母"].into_iter().chain(missing).collect()
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

/// A sheet being written.
struct Sheet<'a> {
    page: &'a mut Worksheet,
    table: &'a TableLayout,
    style: &'a Style,
    heading: &'a Heading,
    /// The next row.
    at: u32,
}

impl Sheet<'_> {
    fn write(&mut self, cells: &[&ReportCell]) -> Result<(), XlsxError> {
        let rows = printed_rows(self.table, cells);
        let columns = Columns::of(self.table, &rows);
        let (printed, aside) = (columns.printed(), columns.aside());
        let last_printed = column(printed.len().saturating_sub(1));
        self.page.merge_range(0, 0, 0, last_printed, &self.table.title, &self.style.title)?;
        let name = format!("名称：{}", self.heading.name);
        self.page.write_with_format(1, 0, name, &self.style.plain)?;
        for (at, head) in (0..).zip(&printed) {
            self.page.write_with_format(2, at, head, &self.style.head)?;
        }
        let first_aside = last_printed + 2;
        for (at, head) in (first_aside..).zip(&aside) {
            self.page.write_with_format(2, at, *head, &self.style.aside)?;
        }
        self.at = 3;
        for (index, row) in rows.iter().enumerate() {
            let above = index.checked_sub(1).map(|above| &rows[above]);
            self.row(row, above.filter(|above| is_second_measure(row, above)), &columns, first_aside)?;
        }
        let listed: Vec<&ReportCell> =
            cells.iter().copied().filter(|cell| is_listed(self.table, cell)).collect();
        if let Some(list) = &self.table.list {
            self.list(list, &listed)?;
        }
        let note = format!(
            "{}；右侧为核对用：口径：系统＝全国系统逐条数据汇总，填报＝各校填报汇总，调查＝问卷调查，核定＝负责人核定后的数（见下）；分子、分母为本年数，填报比率的分子由各校填报值乘以权数还原。",
            self.heading.release
        );
        self.at += 1;
        self.page.merge_range(self.at, 0, self.at, last_printed, &note, &self.style.note)?;
        self.page.set_row_height(self.at, 42)?;
        let is_of = |note: &&Footnote| cells.iter().any(|cell| note.is_of(cell));
        for footnote in self.heading.footnotes.iter().filter(is_of) {
            self.at += 1;
            self.page.merge_range(self.at, 0, self.at, last_printed, &footnote.text, &self.style.note)?;
            self.page.set_row_height(self.at, 42)?;
        }
        // Text on purpose: Excel need not offer to turn it into numbers.
        let last = first_aside + column(aside.len());
        self.page.ignore_error_range(3, 0, self.at, last, IgnoreError::NumberStoredAsText)?;
        self.widths(&printed, first_aside, &aside)?;
        self.page.set_freeze_panes(3, 0)?;
        self.page.set_print_area(0, 0, self.at, last_printed)?;
        self.page.set_repeat_rows(0, 2)?;
        self.page.set_print_fit_to_pages(1, 0);
        Ok(())
    }

    fn row(
        &mut self,
        row: &Printed<'_>,
        above: Option<&Printed<'_>>,
        columns: &Columns<'_>,
        first_aside: u16,
    ) -> Result<(), XlsxError> {
        let this_year = row.years[row.years.len() - 1];
        let mut at = 0;
        for (text, depth) in columns.left(this_year) {
            let format = self.style.text.clone().set_indent(depth);
            match above {
                // Serial and label span the measures of one row.
                Some(above) if text.is_empty() => {
                    let spanning = columns.left(above.years[0]).swap_remove(usize::from(at)).0;
                    self.page.merge_range(self.at - 1, at, self.at, at, &spanning, &format)?;
                }
                _ => {
                    self.page.write_with_format(self.at, at, text, &format)?;
                }
            }
            at += 1;
        }
        let beside =
            columns.beside.iter().map(|measure| row.beside.iter().find(|cell| cell.measure == *measure));
        for cell in row.years.iter().map(Some).chain(beside) {
            let state = cell.map_or(State::Blank, |cell| cell.state);
            let words = cell.is_some_and(|cell| columns.beside.last() == Some(&cell.measure));
            let format = match state {
                State::Missing => &self.style.missing,
                _ if words => &self.style.text,
                _ => &self.style.figure,
            };
            let text = cell.map_or(Some(""), |cell| cell.printed_text.as_deref()).unwrap_or("缺报");
            self.page.write_with_format(self.at, at, text, format)?;
            at += 1;
        }
        let decimal = |value: Option<Decimal>| value.map(|value| value.to_string()).unwrap_or_default();
        let mut aside = vec![
            this_year.basis.label().to_owned(),
            decimal(this_year.parts.as_ref().map(|parts| parts.0)),
            decimal(this_year.parts.as_ref().map(|parts| parts.1)),
        ];
        if columns.missing {
            aside.push(this_year.n_missing.to_string());
        }
        for (at, note) in (first_aside..).zip(aside) {
            self.page.write_with_format(self.at, at, note, &self.style.apart)?;
        }
        self.at += 1;
        Ok(())
    }

    fn list(&mut self, list: &ListLayout, cells: &[&ReportCell]) -> Result<(), XlsxError> {
        self.at += 1;
        self.page.write_with_format(
            self.at,
            0,
            format!("{}　{}", list.title, list.note),
            &self.style.plain,
        )?;
        self.at += 1;
        let heads = std::iter::once("序号").chain(list.columns.iter().map(String::as_str));
        for (at, head) in (0..).zip(heads) {
            self.page.write_with_format(self.at, at, head, &self.style.head)?;
        }
        self.at += 1;
        for line in cells.chunk_by(|a, b| a.report_path == b.report_path) {
            self.page.write_with_format(self.at, 0, &line[0].serial, &self.style.text)?;
            let mut most = 1;
            for (at, cell) in (1..).zip(line) {
                let words = cell.printed_text.as_deref().unwrap_or("缺报");
                self.page.write_with_format(self.at, at, words, &self.style.text)?;
                // A character takes two of the units that columns are measured in.
                most = most.max((words.chars().count() * 2).div_ceil(usize::from(LIST_WIDTH)));
            }
            self.page.set_row_height(self.at, column(most * 15))?;
            self.at += 1;
        }
        Ok(())
    }

    fn widths(&mut self, printed: &[String], first_aside: u16, aside: &[&str]) -> Result<(), XlsxError> {
        let listed = self.table.list.is_some();
        for (at, head) in (0..).zip(printed) {
            let width: u16 = match head.as_str() {
                "序号" => 6,
                "指标" => 46,
                // The industries of the list stand under it.
                "单位" if listed => LIST_WIDTH,
                "度量" | "单位" => 9,
                "调查方式" => 28,
                _ if listed => LIST_WIDTH,
                _ => 14,
            };
            self.page.set_column_width(at, width)?;
        }
        self.page.set_column_width(first_aside - 1, 2)?;
        for (at, head) in (first_aside..).zip(aside) {
            self.page.set_column_width(at, if *head == "口径" { 9 } else { 14 })?;
        }
        Ok(())
    }
}

/// The width of the columns that a list stands in.
const LIST_WIDTH: u16 = 24;

/// Whether a row is a further measure of the row above it.
fn is_second_measure(row: &Printed<'_>, above: &Printed<'_>) -> bool {
    let (this, above) = (row.years[0], above.years[0]);
    this.label.is_empty() && this.report_path == above.report_path
}

fn column(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}

/// How many rows above a row it is part of.
fn depth(cell: &ReportCell) -> u8 {
    u8::try_from(cell.report_path.matches('/').count()).unwrap_or(u8::MAX)
}
