//! How many rows and queries wait at each school, and the workbooks that say so for a county and the city.

use std::collections::BTreeMap;

use rust_xlsxwriter::{Worksheet, XlsxError};

use super::sheets::{ROWS_ABOVE, SCHOOL, SheetContext, Style, new_book};
use super::{Case, State};
use crate::decode::Row;
use crate::report::paper;

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
    let last_column = first + u16::try_from(COUNTS.len()).unwrap_or_default() - 1;
    paper::set_up(sheet, ROWS_ABOVE - 1, at, last_column, title)
}

/// Whether a workbook is such a summary: there is nothing in it to read back.
#[must_use]
pub fn is_summary(sheets: &[(String, Vec<Row<'static>>)]) -> bool {
    let is_headed =
        |row: &Row<'_>| COUNTS.iter().all(|count| row.cells.iter().any(|cell| cell.text() == *count));
    !sheets.is_empty() && sheets.iter().all(|(_, rows)| rows.iter().any(is_headed))
}
