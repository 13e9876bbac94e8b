//! The workbooks for clerks: for each school the rows to correct, and the questions.
//!
//! A row that is kept out is shown as it was delivered, under its delivered heads, the offending cell
//! red, with a note that says what is wrong and how to correct it. It is corrected in place. Each sheet
//! says what it is of and how it is filled in, and prints without the delivered cells: who is meant and what was
//! delivered is beside the fault.
//! The sheets have personal data: they are written into restricted folders only.

use std::collections::BTreeMap;

use rust_xlsxwriter::{
    Color, DataValidation, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, IgnoreError,
    Note, Workbook, Worksheet, XlsxError,
};

use super::{Case, Names};
use crate::decisions::corrections::Kind;
use crate::decode::cell::is_blank;
use crate::period::ReportYear;
use crate::report::paper;

/// The heads before the delivered cells of a row, and how many of them sheets before 0.6.0 have.
pub const ROW_HEADS: [&str; 9] = [ID, ACTION, BY, "规则", "问题", "处理办法", "位置", WHO, WAS];
pub const ROW_HEADS_BEFORE: usize = 7;
/// The heads of the sheet of queries.
pub const QUERY_HEADS: [&str; 9] = [ID, ACTION, BY, "规则", "问题", "处理办法", "位置", "数据", WHO];
pub const QUERY_HEADS_BEFORE: usize = 8;
/// Whom a case is about; not the head 姓名, which the delivered cells may have.
pub const WHO: &str = "涉及人员";
pub const WAS: &str = "报送的值";
pub const ID: &str = "编号";
pub const ACTION: &str = "处理";
pub const BY: &str = "处理人";

/// The sheet that named the year and school before 0.6.0; now each sheet does.
pub const ABOUT: &str = "说明";
pub const QUERIES: &str = "查询";
pub const YEAR: &str = "年度";
pub const SCHOOL: &str = "学校标识码";
/// Replaces a school's code and name where the school of rows is unknown.
pub const UNKNOWN_SCHOOL: &str = "未定学校";

/// Rows above the data of a sheet: title, explanation, heads.
pub(super) const ROWS_ABOVE: u32 = 3;
/// Widths of the columns before the delivered cells.
const WIDTHS: [f64; 9] = [13.0, 7.0, 12.0, 13.0, 30.0, 30.0, 28.0, 10.0, 22.0];
/// Characters of the delivered values that are shown beside the fault.
const VALUE_SHOWN: usize = 120;

const HOW_TO_CORRECT: &str = "红色单元格有问题，鼠标停在上面可看到原因。能更正的：在右侧原单元格中直接改成正确的值（可以改同一行的其他单元格），“处理”选“更正”，不必重新报送。不应报送、无法更正的：不改单元格，“处理”选“放弃”，该行不计入；只是单元格未采用的行照常计入，该单元格按空值处理。“处理人”填经办人姓名。没有处理的行留空，不必删除；可以排序、筛选，请勿增删列，勿改灰色单元格。填好后交市教育局。含个人信息，请勿外传，用后删除。";
const HOW_TO_ANSWER: &str = "所列内容已经入库，但存疑。核实无误的：“处理”填“属实”。“处理”为“—”的不在本表答复，请按处理办法办理。“处理人”填经办人姓名。没有处理的行留空，不必删除；可以排序、筛选，请勿增删列，勿改灰色单元格。填好后交市教育局。含个人信息，请勿外传，用后删除。";
/// Columns of a delivered row that are shown; what lies beyond them is left as it was delivered.
pub const COLUMNS_SHOWN: usize = 1000;
/// Characters of a delivered cell that are shown.
const TEXT_SHOWN: usize = 30_000;

/// A delivered text as a cell can show it: invisible characters become `�`, lines are joined.
#[must_use]
pub fn shown(text: &str) -> String {
    let visible = |c: char| match c {
        '\n' | '\r' | '\t' => ' ',
        c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => '\u{fffd}',
        c => c,
    };
    let text: String = text.chars().take(TEXT_SHOWN).map(visible).collect();
    text.trim_matches(is_blank).to_owned()
}

pub(super) struct Style {
    pub title: Format,
    plain: Format,
    explained: Format,
    pub head: Format,
    text: Format,
    pub given: Format,
    bad: Format,
    bad_text: Format,
    to_fill: Format,
    closed: Format,
}

impl Style {
    pub fn new() -> Self {
        let font = || Format::new().set_font_name("宋体").set_font_size(11);
        // Text, so that what is typed over it stays text: an ID as a number loses its last digits.
        let cell = || {
            font().set_border(FormatBorder::Thin).set_align(FormatAlign::VerticalCenter).set_num_format("@")
        };
        Style {
            title: font().set_bold().set_font_size(14),
            plain: font().set_font_size(9).set_align(FormatAlign::Top),
            explained: font().set_font_size(9).set_text_wrap().set_align(FormatAlign::Top),
            head: cell().set_bold().set_align(FormatAlign::Center).set_background_color(0x00DD_E8F3),
            text: cell().set_text_wrap().set_background_color(0x00F2_F2F2),
            given: cell(),
            bad: cell().set_background_color(0x00FF_7C80).set_font_color(Color::Black).set_bold(),
            bad_text: cell().set_text_wrap().set_background_color(0x00FF_7C80).set_font_color(Color::Black),
            to_fill: cell().set_background_color(0x00FF_F2CC),
            closed: cell().set_background_color(0x00D9_D9D9),
        }
    }
}

/// The facts that all workbooks of one year share.
#[derive(Debug, Clone, Copy)]
pub struct SheetContext<'a> {
    pub year: ReportYear,
    pub names: &'a Names,
    /// Titles of datasets.
    pub titles: &'a BTreeMap<String, String>,
    /// `第 000001 版`, and its time.
    pub release: &'a str,
    pub created: &'a str,
}

impl SheetContext<'_> {
    pub(super) fn title<'t>(&'t self, dataset: &'t str) -> &'t str {
        self.titles.get(dataset).map_or(dataset, String::as_str)
    }
}

pub(super) fn new_book(title: &str, created: &str) -> Result<Workbook, XlsxError> {
    let mut book = Workbook::new();
    let created = ExcelDateTime::parse_from_str(created.get(..19).unwrap_or(created))?;
    book.set_properties(&DocProperties::new().set_title(title).set_creation_datetime(&created));
    Ok(book)
}

/// The correction sheets of one school: its open cases.
///
/// # Errors
/// When the workbook cannot be made, which is a fault of the program; the same for all functions here.
pub fn school_workbook(
    context: SheetContext<'_>,
    school: &str,
    cases: &[&Case],
) -> Result<Vec<u8>, XlsxError> {
    let name = context.names.school(school);
    let title = format!("{name} {}年更正表", context.year);
    let mut book = new_book(&title, context.created)?;
    let style = Style::new();
    let page = Page { context, school, style: &style };
    let mut groups: Vec<(&str, &[String], Vec<&Case>)> = Vec::new();
    for &case in cases.iter().filter(|case| !case.is_query) {
        let headers = case.headers.as_slice();
        match groups.iter_mut().find(|(dataset, group, _)| *dataset == case.dataset && *group == headers) {
            Some((.., group)) => group.push(case),
            None => groups.push((&case.dataset, headers, vec![case])),
        }
    }
    let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
    for (dataset, _, cases) in groups {
        let number = numbers.entry(dataset).or_default();
        *number += 1;
        let title = context.title(dataset);
        let name = if *number == 1 { title.to_owned() } else { format!("{title}{number}") };
        page.rows(book.add_worksheet().set_name(&name)?, title, &cases)?;
    }
    let queries: Vec<&Case> = cases.iter().copied().filter(|case| case.is_query).collect();
    if !queries.is_empty() {
        page.queries(book.add_worksheet().set_name(QUERIES)?, &queries)?;
    }
    book.save_to_buffer()
}

/// What the sheets of one workbook share.
struct Page<'a> {
    context: SheetContext<'a>,
    school: &'a str,
    style: &'a Style,
}

/// What was delivered in the cells that are wrong, each under its head where there are several.
#[must_use]
pub fn delivered(case: &Case) -> String {
    let mut columns: Vec<usize> = Vec::new();
    for problem in &case.problems {
        let column = usize::try_from(problem.column).ok().and_then(|column| column.checked_sub(1));
        columns.extend(column.filter(|column| !columns.contains(column)));
    }
    let text = |index: &usize| {
        let text = case.cells.get(*index).map(|cell| shown(cell)).unwrap_or_default();
        let text = if text.is_empty() { "（空）".to_owned() } else { text };
        if columns.len() > 1 { format!("{}：{text}", case.head(*index)) } else { text }
    };
    let all = columns.iter().map(text).collect::<Vec<_>>().join("；");
    let more = if all.chars().nth(VALUE_SHOWN).is_some() { "…" } else { "" };
    all.chars().take(VALUE_SHOWN).collect::<String>() + more
}

impl Page<'_> {
    /// Title, what the sheet is of, how it is filled in, and heads.
    fn top(&self, sheet: &mut Worksheet, title: &str, how: &str, heads: &[String]) -> Result<(), XlsxError> {
        let SheetContext { year, names, release, .. } = self.context;
        let last = u16::try_from(WIDTHS.len() - 1).unwrap_or_default();
        let title = format!("{} {year}年更正表　{title}　{release}", names.school(self.school));
        sheet.write_with_format(0, 0, title, &self.style.title)?;
        let code = if self.school.is_empty() { UNKNOWN_SCHOOL } else { self.school };
        for (column, text) in (0..).zip([YEAR, &year.to_string(), SCHOOL, code]) {
            sheet.write_string_with_format(1, column, text, &self.style.plain)?;
        }
        sheet.merge_range(1, 4, 1, last, how, &self.style.explained)?;
        // Nine points are smaller than what heights are reckoned in.
        let room = WIDTHS[4..].iter().sum::<f64>() * 1.15;
        sheet.set_row_height(1, paper::height([(how, room)]) * 0.85)?;
        for (column, head) in (0..).zip(heads) {
            sheet.write_string_with_format(ROWS_ABOVE - 1, column, head, &self.style.head)?;
            sheet.set_column_width(column, WIDTHS.get(usize::from(column)).copied().unwrap_or(14.0))?;
        }
        sheet.set_freeze_panes(ROWS_ABOVE, 3)?;
        Ok(())
    }

    /// How the sheet prints.
    fn print(&self, sheet: &mut Worksheet, cases: usize) -> Result<(), XlsxError> {
        let last_row = ROWS_ABOVE - 1 + u32::try_from(cases).unwrap_or_default();
        let last_column = u16::try_from(WIDTHS.len() - 1).unwrap_or_default();
        let footer = format!("{}　含个人信息，请勿外传", self.context.names.school(self.school));
        paper::set_up(sheet, ROWS_ABOVE - 1, last_row, last_column, &footer)
    }

    /// Writes the columns before the delivered cells; 处理 is `—` where no answer is allowed.
    fn fixed(&self, sheet: &mut Worksheet, at: u32, case: &Case, more: [&str; 2]) -> Result<(), XlsxError> {
        let style = self.style;
        let texts = [case.rules(), case.messages(), case.remedies(), place_and_count(case)];
        sheet.write_string_with_format(at, 0, &case.id, &style.text)?;
        if case.answers.is_empty() {
            sheet.write_string_with_format(at, 1, "—", &style.closed)?;
            sheet.write_string_with_format(at, 2, "", &style.closed)?;
        } else {
            sheet.write_string_with_format(at, 1, "", &style.to_fill)?;
            sheet.write_string_with_format(at, 2, "", &style.to_fill)?;
            let labels: Vec<&str> = case.answers.iter().map(|kind| kind.label()).collect();
            let list = DataValidation::new().allow_list_strings(&labels)?;
            sheet.add_data_validation(at, 1, at, 1, &list)?;
        }
        let texts: Vec<&str> = texts.iter().map(String::as_str).chain(more).collect();
        for (column, text) in (3..).zip(&texts) {
            sheet.write_string_with_format(at, column, *text, &style.text)?;
        }
        let widths = WIDTHS.iter().skip(3).copied();
        sheet.set_row_height(at, paper::height(texts.into_iter().zip(widths)))?;
        Ok(())
    }

    fn rows(&self, sheet: &mut Worksheet, title: &str, cases: &[&Case]) -> Result<(), XlsxError> {
        let style = self.style;
        let width =
            cases.iter().map(|case| case.cells.len().max(case.headers.len())).max().unwrap_or_default();
        let width = width.min(COLUMNS_SHOWN);
        let mut heads: Vec<String> = ROW_HEADS.iter().map(|head| (*head).to_owned()).collect();
        heads.extend(cases.first().into_iter().flat_map(|case| (0..width).map(|index| case.head(index))));
        self.top(sheet, &format!("{title} {} 行", cases.len()), HOW_TO_CORRECT, &heads)?;
        let first = u16::try_from(ROW_HEADS.len()).unwrap_or_default();
        let last = u16::try_from(heads.len()).unwrap_or_default();
        let below = ROWS_ABOVE + u32::try_from(cases.len()).unwrap_or_default();
        sheet.ignore_error_range(ROWS_ABOVE, 0, below, last, IgnoreError::NumberStoredAsText)?;
        for (at, case) in (ROWS_ABOVE..).zip(cases) {
            let was = delivered(case);
            self.fixed(sheet, at, case, [&case.person, &was])?;
            if !was.is_empty() {
                sheet.write_string_with_format(at, first - 1, &was, &style.bad_text)?;
            }
            for (index, column) in (0..width).zip(first..) {
                let number = u32::try_from(index + 1).unwrap_or_default();
                let wrong: Vec<String> = case
                    .problems
                    .iter()
                    .filter(|problem| problem.column == number)
                    .map(|problem| format!("{}：{}。{}", problem.rule, problem.message, problem.remedy))
                    .collect();
                let text = case.cells.get(index).map(|text| shown(text)).unwrap_or_default();
                let format = if wrong.is_empty() { &style.given } else { &style.bad };
                // Written as text on purpose: it is read back unchanged.
                sheet.write_string_with_format(at, column, text, format)?;
                if !wrong.is_empty() {
                    let note =
                        Note::new(wrong.join("\n")).add_author_prefix(false).set_width(260).set_height(110);
                    sheet.insert_note(at, column, &note)?;
                }
            }
            // The whole row is meant.
            if case.problems.iter().any(|problem| problem.column == 0) {
                sheet.write_string_with_format(at, 4, case.messages(), &style.bad_text)?;
            }
        }
        self.print(sheet, cases.len())
    }

    fn queries(&self, sheet: &mut Worksheet, cases: &[&Case]) -> Result<(), XlsxError> {
        let heads: Vec<String> = QUERY_HEADS.iter().map(|head| (*head).to_owned()).collect();
        self.top(sheet, &format!("{QUERIES} {} 条", cases.len()), HOW_TO_ANSWER, &heads)?;
        for (at, case) in (ROWS_ABOVE..).zip(cases) {
            self.fixed(sheet, at, case, [self.context.title(&case.dataset), &case.person])?;
        }
        self.print(sheet, cases.len())
    }
}

/// The place of a case, and the number of places if it represents several.
#[must_use]
pub fn place_and_count(case: &Case) -> String {
    match case.count {
        1 => case.place_text(),
        count => format!("{}（共 {count} 处）", case.place_text()),
    }
}

/// The words that may be written under 处理.
#[must_use]
pub fn may_say(case: &Case) -> String {
    let labels: Vec<&str> = case.answers.iter().copied().map(Kind::label).collect();
    if labels.is_empty() { "nothing".to_owned() } else { labels.join(" or ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_are_shown() {
        assert_eq!(shown(" 张\u{0}三\n李四\u{200b}"), "张\u{fffd}三 李四");
        assert_eq!(shown(&"长".repeat(40_000)).chars().count(), TEXT_SHOWN);
    }
}
