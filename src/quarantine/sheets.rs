//! The workbooks for clerks: for each school the rows to correct, for each county and the city the
//! numbers of them.
//!
//! A row that is kept out is shown as it was delivered, under its delivered heads, the offending cell
//! red, with a note that says what is wrong and how to correct it. It is corrected in place.
//! The sheets have personal data: they are written into restricted folders only.

use std::collections::BTreeMap;

use rust_xlsxwriter::{
    Color, DataValidation, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, IgnoreError,
    Note, Workbook, Worksheet, XlsxError,
};

use super::{Case, Names, State};
use crate::decisions::corrections::Kind;
use crate::decode::cell::is_blank;
use crate::period::ReportYear;

/// The heads before the delivered cells of a row.
pub const ROW_HEADS: [&str; 7] = [ID, ACTION, BY, "规则", "问题", "处理办法", "位置"];
/// The heads of the sheet of queries.
pub const QUERY_HEADS: [&str; 8] = [ID, ACTION, BY, "规则", "问题", "处理办法", "位置", "数据"];
pub const ID: &str = "编号";
pub const ACTION: &str = "处理";
pub const BY: &str = "处理人";

/// The sheet that names the year and school, and explains how to fill in the workbook.
pub const ABOUT: &str = "说明";
pub const QUERIES: &str = "查询";
pub const YEAR: &str = "年度";
pub const SCHOOL: &str = "学校标识码";
/// Replaces a school's code and name where the school of rows is unknown.
pub const UNKNOWN_SCHOOL: &str = "未定学校";

/// Rows above the data of a sheet: title, explanation, heads.
const ROWS_ABOVE: u32 = 3;
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

struct Style {
    title: Format,
    plain: Format,
    head: Format,
    text: Format,
    given: Format,
    bad: Format,
    to_fill: Format,
    closed: Format,
}

impl Style {
    fn new() -> Self {
        let font = || Format::new().set_font_name("宋体").set_font_size(11);
        // Text, so that what is typed over it stays text: an ID as a number loses its last digits.
        let cell = || {
            font().set_border(FormatBorder::Thin).set_align(FormatAlign::VerticalCenter).set_num_format("@")
        };
        Style {
            title: font().set_bold().set_font_size(14),
            plain: font().set_text_wrap().set_align(FormatAlign::Top),
            head: cell().set_bold().set_align(FormatAlign::Center).set_background_color(0x00DD_E8F3),
            text: cell().set_text_wrap().set_background_color(0x00F2_F2F2),
            given: cell(),
            bad: cell().set_background_color(0x00FF_7C80).set_font_color(Color::Black).set_bold(),
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
    fn title<'t>(&'t self, dataset: &'t str) -> &'t str {
        self.titles.get(dataset).map_or(dataset, String::as_str)
    }
}

fn new_book(title: &str, created: &str) -> Result<Workbook, XlsxError> {
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
    write_about(book.add_worksheet().set_name(ABOUT)?, context, school, &title, &style)?;
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
        write_rows(book.add_worksheet().set_name(&name)?, title, &cases, &style)?;
    }
    let queries: Vec<&Case> = cases.iter().copied().filter(|case| case.is_query).collect();
    if !queries.is_empty() {
        write_queries(book.add_worksheet().set_name(QUERIES)?, context, &queries, &style)?;
    }
    book.save_to_buffer()
}

fn write_about(
    sheet: &mut Worksheet,
    context: SheetContext<'_>,
    school: &str,
    title: &str,
    style: &Style,
) -> Result<(), XlsxError> {
    sheet.set_column_width(0, 16)?.set_column_width(1, 90)?;
    sheet.write_with_format(0, 0, title, &style.title)?;
    let year = context.year.to_string();
    let code = if school.is_empty() { UNKNOWN_SCHOOL } else { school };
    let facts = [
        (YEAR, year.as_str()),
        (SCHOOL, code),
        ("学校", context.names.school(school)),
        ("数据版次", context.release),
    ];
    let steps = [
        (
            "一",
            "各数据表列出未能入库的行（或行中未能采用的单元格），单元格为报送时的原样；红色单元格有问题，鼠标停在上面可看到原因和处理办法。",
        ),
        ("二", "能更正的：直接在原单元格中改成正确的值（可以改同一行的其他单元格），“处理”选“更正”。"),
        (
            "三",
            "不应报送、无法更正的：不改单元格，“处理”选“放弃”。该行不计入；只是单元格未采用的行照常计入，该单元格按空值处理。",
        ),
        (
            "四",
            "“查询”表列出已入库但存疑的内容：核实无误的，“处理”填“属实”；“处理”为“—”的不能在此答复，请按处理办法处理或重新报送。",
        ),
        (
            "五",
            "“处理人”填写经办人姓名。没有处理的行请留空，不必删除；可以排序、筛选，请勿增删列，勿改编号和灰色单元格。",
        ),
        (
            "六",
            "填好后交市教育局，由 nianbao quarantine release 读回，下一次运行采用。也可以在原系统中更正后重新报送，重新报送后本表作废。",
        ),
        ("七", "本表含个人信息，请勿外传，用后删除。"),
    ];
    for (at, (name, text)) in (2..).zip(facts.into_iter().chain(steps)) {
        sheet.write_string_with_format(at, 0, name, &style.plain)?;
        sheet.write_string_with_format(at, 1, text, &style.plain)?;
    }
    Ok(())
}

fn write_heads(
    sheet: &mut Worksheet,
    title: &str,
    explained: &str,
    heads: &[String],
    style: &Style,
) -> Result<(), XlsxError> {
    sheet.write_with_format(0, 0, title, &style.title)?;
    sheet.write_string(1, 0, explained)?;
    for (column, head) in (0..).zip(heads) {
        sheet.write_string_with_format(ROWS_ABOVE - 1, column, head, &style.head)?;
        sheet.set_column_width(column, 14)?;
    }
    for (column, width) in [(0, 14), (1, 8), (2, 10), (3, 14), (4, 34), (5, 34), (6, 34)] {
        sheet.set_column_width(column, width)?;
    }
    sheet.set_freeze_panes(ROWS_ABOVE, 3)?;
    Ok(())
}

/// Writes the columns before the delivered cells; 处理 is `—` where no answer is allowed.
fn write_fixed(
    sheet: &mut Worksheet,
    at: u32,
    case: &Case,
    extra: &[&str],
    style: &Style,
) -> Result<(), XlsxError> {
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
    let texts = texts.iter().map(String::as_str).chain(extra.iter().copied());
    for (column, text) in (3..).zip(texts) {
        sheet.write_string_with_format(at, column, text, &style.text)?;
    }
    Ok(())
}

/// The place of a case, and the number of places if it represents several.
#[must_use]
pub fn place_and_count(case: &Case) -> String {
    match case.count {
        1 => case.place_text(),
        count => format!("{}（共 {count} 处）", case.place_text()),
    }
}

fn write_rows(sheet: &mut Worksheet, title: &str, cases: &[&Case], style: &Style) -> Result<(), XlsxError> {
    let width = cases.iter().map(|case| case.cells.len().max(case.headers.len())).max().unwrap_or_default();
    let width = width.min(COLUMNS_SHOWN);
    let mut heads: Vec<String> = ROW_HEADS.iter().map(|head| (*head).to_owned()).collect();
    heads.extend(cases.first().into_iter().flat_map(|case| (0..width).map(|index| case.head(index))));
    let explained = format!("共 {} 行；白色和红色单元格为报送的原样，可以更正", cases.len());
    write_heads(sheet, title, &explained, &heads, style)?;
    let first = u16::try_from(ROW_HEADS.len()).unwrap_or_default();
    let last = u16::try_from(heads.len()).unwrap_or_default();
    let below = ROWS_ABOVE + u32::try_from(cases.len()).unwrap_or_default();
    sheet.ignore_error_range(ROWS_ABOVE, 0, below, last, IgnoreError::NumberStoredAsText)?;
    for (at, case) in (ROWS_ABOVE..).zip(cases) {
        write_fixed(sheet, at, case, &[], style)?;
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
            sheet.write_string_with_format(at, 4, case.messages(), &style.bad)?;
        }
    }
    Ok(())
}

fn write_queries(
    sheet: &mut Worksheet,
    context: SheetContext<'_>,
    cases: &[&Case],
    style: &Style,
) -> Result<(), XlsxError> {
    let heads: Vec<String> = QUERY_HEADS.iter().map(|head| (*head).to_owned()).collect();
    let explained = format!("共 {} 条；核实无误的填“属实”", cases.len());
    write_heads(sheet, QUERIES, &explained, &heads, style)?;
    for (at, case) in (ROWS_ABOVE..).zip(cases) {
        write_fixed(sheet, at, case, &[context.title(&case.dataset)], style)?;
    }
    Ok(())
}

/// Counts of rows and queries by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows, or cells of rows, that wait for a correction.
    pub rows: u64,
    pub queries: u64,
    /// Answered; the next run acts on it.
    pub recorded: u64,
    pub closed: u64,
}

impl Tally {
    pub fn add(&mut self, case: &Case) {
        match case.state {
            State::Open | State::StillWrong if case.is_query => self.queries += case.count,
            State::Open | State::StillWrong => self.rows += case.count,
            State::Recorded => self.recorded += case.count,
            State::Closed => self.closed += case.count,
            State::Lapsed => {}
        }
    }

    fn texts(self) -> [u64; 4] {
        [self.rows, self.queries, self.recorded, self.closed]
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.rows += other.rows;
        self.queries += other.queries;
        self.recorded += other.recorded;
        self.closed += other.closed;
    }
}

/// By school and dataset.
pub type Tallies = BTreeMap<(String, String), Tally>;

#[must_use]
pub fn tallies<'a>(cases: impl IntoIterator<Item = &'a Case>) -> Tallies {
    let mut tallies = Tallies::new();
    for case in cases {
        tallies.entry((case.school_code.clone(), case.dataset.clone())).or_default().add(case);
    }
    tallies
}

const COUNTS: [&str; 4] = ["待更正", "待答复的查询", "已答复，待运行", "已处理"];

/// The workbook of how many rows and queries each school has: in one county, or in all of them with their sums.
///
/// # Errors
/// See [`school_workbook`].
pub fn summary_workbook(
    context: SheetContext<'_>,
    region: Option<&str>,
    name: &str,
    tallies: &Tallies,
) -> Result<Vec<u8>, XlsxError> {
    let title = format!("{name} {}年更正汇总", context.year);
    let mut book = new_book(&title, context.created)?;
    let style = Style::new();
    let is_in = |school: &str| region.is_none_or(|region| context.names.region_of(school) == region);
    let included: Vec<(&(String, String), &Tally)> =
        tallies.iter().filter(|((school, _), _)| is_in(school)).collect();
    if region.is_none() {
        let mut counties: BTreeMap<&str, Tally> = BTreeMap::new();
        for ((school, _), tally) in &included {
            *counties.entry(context.names.region_of(school)).or_default() += **tally;
        }
        let lines: Vec<([String; 2], Tally)> = counties
            .into_iter()
            .map(|(code, tally)| ([code.to_owned(), context.names.region(code).to_owned()], tally))
            .collect();
        let sheet = book.add_worksheet().set_name("县（市、区）")?;
        write_summary(sheet, &title, context.release, ["代码", "县（市、区）"], &lines, &style)?;
    }
    let mut lines: Vec<([String; 5], Tally)> = included
        .into_iter()
        .map(|((school, dataset), tally)| {
            let region = context.names.region_of(school);
            let texts = [
                region.to_owned(),
                context.names.region(region).to_owned(),
                school.clone(),
                context.names.school(school).to_owned(),
                context.title(dataset).to_owned(),
            ];
            (texts, *tally)
        })
        .collect();
    lines.sort_by(|a, b| a.0.cmp(&b.0));
    let sheet = book.add_worksheet().set_name("学校")?;
    let heads = ["代码", "县（市、区）", SCHOOL, "学校", "数据"];
    write_summary(sheet, &title, context.release, heads, &lines, &style)?;
    book.save_to_buffer()
}

fn write_summary<const N: usize>(
    sheet: &mut Worksheet,
    title: &str,
    release: &str,
    heads: [&str; N],
    lines: &[([String; N], Tally)],
    style: &Style,
) -> Result<(), XlsxError> {
    sheet.write_with_format(0, 0, title, &style.title)?;
    sheet.write_string(1, 0, release)?;
    for (column, head) in (0..).zip(heads.into_iter().chain(COUNTS)) {
        sheet.write_string_with_format(ROWS_ABOVE - 1, column, head, &style.head)?;
        sheet.set_column_width(column, 18)?;
    }
    let first = u16::try_from(N).unwrap_or_default();
    let mut sum = Tally::default();
    let mut at = ROWS_ABOVE;
    for (texts, tally) in lines {
        for (column, text) in (0..).zip(texts) {
            sheet.write_string_with_format(at, column, text, &style.given)?;
        }
        for (column, count) in (first..).zip(tally.texts()) {
            sheet.write_number(at, column, u32::try_from(count).unwrap_or(u32::MAX))?;
        }
        sum += *tally;
        at += 1;
    }
    sheet.write_string_with_format(at, 0, "合计", &style.head)?;
    for (column, count) in (first..).zip(sum.texts()) {
        sheet.write_number(at, column, u32::try_from(count).unwrap_or(u32::MAX))?;
    }
    sheet.set_freeze_panes(ROWS_ABOVE, 0)?;
    Ok(())
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
