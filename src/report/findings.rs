//! The findings of a year as a workbook, in which people answer the questions; it is read back.
//!
//! Questions that are answered here are on one sheet, everything else that was found is on another, each row
//! saying where it is answered. People fill in 处理说明 and 处理人, as in the workbook of differences. Reading
//! goes by the heads and by the key in a row, and returns what the row says too: an answer holds for that only.

use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, IgnoreError, Workbook, Worksheet,
    XlsxError,
};

use super::differences::{BY, Fault, NOTE, Names};
use super::paper;
use super::sheet::Heading;
use crate::decode::{Cell, Row};
use crate::definitions::Definitions;
use crate::finding::{self, Finding, Rule, Severity};
use crate::period::ReportYear;
use crate::position;

const HEADS: [(&str, f64); 16] = [
    ("年度", 6.0),
    ("级别", 6.0),
    ("县（市、区）", 10.0),
    ("学校代码", 12.0),
    ("学校", 16.0),
    ("规则", 14.0),
    ("数据", 9.0),
    (MESSAGE, 44.0),
    ("处理办法", 26.0),
    ("位置", 20.0),
    ("处数", 6.0),
    ("运行人员可以", 16.0),
    ("在何处答复", 10.0),
    (KEY, 18.0),
    (NOTE, 26.0),
    (BY, 9.0),
];
const MESSAGE: &str = "问题";
const KEY: &str = "答复编号";
const YEAR: &str = "年度";
/// Columns by which a row is identified when it is read back, and those that people fill in.
const READ: [&str; 5] = [YEAR, KEY, MESSAGE, NOTE, BY];
/// Stands where nothing is filled in.
const NOT_HERE: &str = "—";

/// Rows above the data: title, explanation, heads.
const ROWS_ABOVE: u32 = 3;

/// A finding, and the answer that a person gave to it.
#[derive(Debug, Clone)]
pub struct AnsweredFinding<'a> {
    pub finding: &'a Finding,
    /// Reason and name.
    pub answer: Option<(String, String)>,
}

impl AnsweredFinding<'_> {
    /// Whether it is answered in this workbook.
    fn is_answered_here(&self) -> bool {
        self.answer.is_some() || self.finding.severity == Severity::S2 && !self.finding.key.is_empty()
    }

    /// Where a person answers it.
    fn answered_in(&self) -> &'static str {
        let rule = finding::rule(&self.finding.rule);
        let is = |wanted: &Rule| rule.is_some_and(|rule| rule.id == wanted.id);
        if self.is_answered_here() {
            "本表"
        } else if self.finding.severity == Severity::S3 {
            "无需答复"
        } else if is(finding::BASES_DIFFER) {
            "差异表"
        } else if rule.is_some_and(Rule::is_answered_by_override) {
            "重新报送，或由负责人批准"
        } else if self.finding.place.row > 0
            && rule.is_some_and(|rule| rule.may_be_confirmed() || rule.takes_out())
            || is(finding::CORRECTION_UNFIT)
        {
            "更正表"
        } else {
            "按处理办法"
        }
    }
}

struct Style {
    title: Format,
    plain: Format,
    head: Format,
    text: Format,
    to_fill: Format,
    closed: Format,
}

impl Style {
    fn new() -> Self {
        let font = || Format::new().set_font_name("宋体").set_font_size(11);
        let cell = || font().set_border(FormatBorder::Thin).set_align(FormatAlign::VerticalCenter);
        Style {
            title: font().set_bold().set_font_size(14),
            plain: font().set_font_size(9),
            head: cell().set_bold().set_align(FormatAlign::Center).set_background_color(0x00DD_E8F3),
            text: cell().set_text_wrap(),
            to_fill: cell().set_text_wrap().set_background_color(0x00FF_F2CC),
            closed: cell().set_background_color(0x00D9_D9D9),
        }
    }
}

/// The workbook, as bytes.
///
/// # Errors
/// When it cannot be made, through a fault of the program.
pub fn workbook(
    findings: &[AnsweredFinding<'_>],
    definitions: &Definitions,
    names: &Names,
    heading: &Heading,
) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let created = ExcelDateTime::parse_from_str(&heading.created)?;
    book.set_properties(&DocProperties::new().set_title(&heading.name).set_creation_datetime(&created));
    let style = Style::new();
    let (mut here, mut elsewhere): (Vec<_>, Vec<_>) =
        findings.iter().partition(|answered| answered.is_answered_here());
    let order = |answered: &&AnsweredFinding<'_>| {
        let Finding { severity, region_code, school_code, rule, key, .. } = answered.finding;
        (*severity, region_code.clone(), school_code.clone(), rule.clone(), key.clone())
    };
    // The open ones first; a sort that keeps the order of places.
    here.sort_by_key(|answered| (answered.answer.is_some(), order(answered)));
    elsewhere.sort_by_key(order);
    let sheets = [
        ("疑问", here, "请在处理说明中写明为什么属实，并填处理人；不填的行留空"),
        ("问题", elsewhere, "不在本表答复，列此备查"),
    ];
    for (name, rows, how) in sheets {
        let sheet = book.add_worksheet().set_name(name)?;
        write_sheet(sheet, (name, how), &rows, definitions, names, heading, &style)?;
    }
    book.save_to_buffer()
}

fn write_sheet(
    sheet: &mut Worksheet,
    (name, how): (&str, &str),
    rows: &[&AnsweredFinding<'_>],
    definitions: &Definitions,
    names: &Names,
    heading: &Heading,
    style: &Style,
) -> Result<(), XlsxError> {
    let title = format!("{} {}年 {name}（{} 行）", heading.name, heading.year, rows.len());
    sheet.write_with_format(0, 0, &title, &style.title)?;
    let explained = format!(
        "{}；{how}。可以排序、筛选，请勿改其他各列。所说的数不变时说明一直有效。请勿写学生、教职工的姓名和证件号码。",
        heading.release
    );
    sheet.write_with_format(1, 0, explained, &style.plain)?;
    for (column, (head, width)) in (0..).zip(HEADS) {
        sheet.write_with_format(ROWS_ABOVE - 1, column, head, &style.head)?;
        sheet.set_column_width(column, width)?;
    }
    let mut at = ROWS_ABOVE;
    for answered in rows {
        let texts = texts(answered, definitions, names);
        for ((column, text), (head, _)) in (0..).zip(&texts).zip(HEADS) {
            let is_filled_in = [NOTE, BY].contains(&head);
            let format = match (is_filled_in, answered.is_answered_here()) {
                (false, _) => &style.text,
                (true, true) => &style.to_fill,
                (true, false) => &style.closed,
            };
            // Deliberately text, as everywhere: the text that is read back is the text that was written.
            sheet.write_string_with_format(at, column, text, format)?;
        }
        let widths = HEADS.map(|(_, width)| width);
        sheet.set_row_height(at, paper::height(texts.iter().map(String::as_str).zip(widths)))?;
        at += 1;
    }
    let last_row = at.saturating_sub(1).max(ROWS_ABOVE - 1);
    let last_column = u16::try_from(HEADS.len() - 1).unwrap_or(u16::MAX);
    sheet.ignore_error_range(ROWS_ABOVE, 0, at, last_column, IgnoreError::NumberStoredAsText)?;
    sheet.autofilter(ROWS_ABOVE - 1, 0, last_row, last_column)?;
    sheet.set_freeze_panes(ROWS_ABOVE, 5)?;
    paper::set_up(sheet, ROWS_ABOVE - 1, last_row, last_column, &title)
}

fn texts(answered: &AnsweredFinding<'_>, definitions: &Definitions, names: &Names) -> [String; HEADS.len()] {
    let AnsweredFinding { finding, answer } = answered;
    let school = &finding.school_code;
    let school_name = match names.schools.get(school) {
        Some(name) => name,
        None if school.is_empty() => "",
        None => "不在名册",
    };
    let dataset = definitions.dataset(&finding.dataset).map(|dataset| dataset.title_zh.clone());
    let (note, by) = match answer {
        Some((note, by)) => (note.clone(), by.clone()),
        None if answered.is_answered_here() => (String::new(), String::new()),
        None => (NOT_HERE.to_owned(), NOT_HERE.to_owned()),
    };
    let region = &finding.region_code;
    [
        finding.report_year.to_string(),
        finding.severity.label().to_owned(),
        names.regions.get(region).unwrap_or(region).clone(),
        school.clone(),
        school_name.to_owned(),
        finding.rule.clone(),
        dataset.unwrap_or_default(),
        finding.message.clone(),
        finding.remedy.clone(),
        finding.place_text(),
        finding.count.to_string(),
        finding::rule(&finding.rule).map_or("", |rule| rule.operator).to_owned(),
        answered.answered_in().to_owned(),
        if answered.is_answered_here() { finding.key.clone() } else { String::new() },
        note,
        by,
    ]
}

/// A row that was filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilledFinding {
    pub sheet: String,
    pub row: u32,
    pub year: ReportYear,
    /// Empty where the row is not answered in this workbook.
    pub key: String,
    /// What the row says.
    pub message: String,
    pub note: String,
    /// Empty where the row names no one.
    pub by: String,
}

/// Whether a workbook is of findings, as far as its heads say.
#[must_use]
pub fn is_workbook(sheets: &[(String, Vec<Row<'static>>)]) -> bool {
    sheets.iter().flat_map(|(_, rows)| rows).any(|row| row.cells.iter().any(|cell| cell.text() == KEY))
}

/// The rows of a workbook that were filled in, wholly or in part.
///
/// # Errors
/// All faults that keep it from being read: a sheet without the heads, a row without its year.
pub fn read(sheets: &[(String, Vec<Row<'static>>)]) -> Result<Vec<FilledFinding>, Vec<Fault>> {
    let mut filled = Vec::new();
    let mut faults = Vec::new();
    for (sheet, rows) in sheets.iter().filter(|(_, rows)| !rows.is_empty()) {
        let fault = |row: u32, message: String| Fault { sheet: position::redact(sheet), row, message };
        let Some((header, columns)) = rows.iter().find_map(|row| Some((row.number, columns(row)?))) else {
            faults.push(fault(0, format!("no row has the heads {}", READ.join("、"))));
            continue;
        };
        for row in rows.iter().filter(|row| row.number > header) {
            let [year, key, message, note, by] =
                columns.map(|column| row.cells.get(column).map(Cell::text).unwrap_or_default().into_owned());
            let is_empty = |text: &str| ["", NOT_HERE].contains(&text);
            if is_empty(&note) && is_empty(&by) {
                continue;
            }
            if [&note, &by].into_iter().any(|text| position::redact(text) != *text) {
                let message =
                    format!("{NOTE} or {BY} has a long number: personal numbers must not be written there");
                faults.push(fault(row.number, message));
                continue;
            }
            let Ok(year) = year.parse() else {
                faults.push(fault(row.number, format!("{YEAR} is not a year")));
                continue;
            };
            let kept = |text: String| if is_empty(&text) { String::new() } else { text };
            let (note, by) = (kept(note), kept(by));
            filled.push(FilledFinding {
                sheet: sheet.clone(),
                row: row.number,
                year,
                key,
                message,
                note,
                by,
            });
        }
    }
    if faults.is_empty() { Ok(filled) } else { Err(faults) }
}

/// The column of each of [`READ`], when the row has them all.
fn columns(row: &Row<'_>) -> Option<[usize; READ.len()]> {
    let texts: Vec<_> = row.cells.iter().map(Cell::text).collect();
    let mut columns = [0; READ.len()];
    for (column, head) in columns.iter_mut().zip(READ) {
        *column = texts.iter().position(|text| *text == head)?;
    }
    Some(columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{self, Event};
    use crate::definitions;
    use crate::position::Place;

    fn rows(book: &[u8]) -> Vec<(String, Vec<Row<'static>>)> {
        let mut sheets: Vec<(String, Vec<Row<'static>>)> = Vec::new();
        decode::decode(book, &mut |event| match event {
            Event::Sheet(name) => sheets.push((name.to_owned(), Vec::new())),
            Event::Row(row) => sheets.last_mut().unwrap().1.push(row.to_owned_row()),
            Event::BadRow { .. } => panic!("a bad row"),
        })
        .unwrap();
        sheets
    }

    #[test]
    fn questions_are_answered_in_the_workbook_and_other_findings_elsewhere() {
        let definitions = definitions::load(&definitions::embedded()).unwrap();
        let heading = Heading {
            year: 2024,
            name: "某市(141000)".into(),
            release: "第 000001 版".into(),
            created: "2024-10-08T02:00:00".into(),
            footnotes: Vec::new(),
        };
        let missing = Finding::new(finding::SCHOOL_MISSING, 2024, "students", "学生").of_school("3614000001");
        let missing = Finding { key: "2024/Q-SCHOOL-MISSING/x".into(), ..missing };
        let said = Finding { severity: Severity::S3, key: "2024/Q-TWO-BASES/y".into(), ..missing.clone() };
        let place = Place { row: 4, ..Place::default() };
        let date = Finding::new(finding::ROW_DATE, 2024, "students", "").at(place);
        let short = Finding::new(finding::DELIVERY_SHORT, 2024, "students", "");
        let answer = Some(("停招".to_owned(), "王科长".to_owned()));
        let all = [
            AnsweredFinding { finding: &said, answer },
            AnsweredFinding { finding: &date, answer: None },
            AnsweredFinding { finding: &missing, answer: None },
            AnsweredFinding { finding: &short, answer: None },
        ];
        let book = workbook(&all, &definitions, &Names::default(), &heading).unwrap();
        let mut sheets = rows(&book);
        assert!(is_workbook(&sheets));
        let text = |sheet: &(String, Vec<Row<'static>>), row: usize, head: &str| {
            let column = HEADS.iter().position(|(known, _)| *known == head).unwrap();
            sheet.1[row].cells.get(column).map(|cell| cell.text().into_owned()).unwrap_or_default()
        };
        assert_eq!(
            sheets.iter().map(|(name, rows)| (&**name, rows.len())).collect::<Vec<_>>(),
            [("疑问", 5), ("问题", 5)]
        );
        assert_eq!(text(&sheets[0], 3, KEY), "2024/Q-SCHOOL-MISSING/x", "the open ones come first");
        assert_eq!(text(&sheets[0], 4, NOTE), "停招");
        let elsewhere = [3, 4].map(|row| text(&sheets[1], row, "在何处答复"));
        assert_eq!(elsewhere, ["更正表", "重新报送，或由负责人批准"]);
        assert_eq!(text(&sheets[1], 3, KEY), "");
        // Only what somebody wrote is read, wholly or in part.
        assert_eq!(read(&sheets).unwrap().len(), 1);
        let fill = |sheets: &mut Vec<(String, Vec<Row<'static>>)>, head: &str, words: &'static str| {
            let column = HEADS.iter().position(|(known, _)| *known == head).unwrap();
            let cells = &mut sheets[0].1[3].cells;
            cells.resize(HEADS.len(), Cell::Empty);
            cells[column] = Cell::Text(words.into());
        };
        fill(&mut sheets, BY, "李老师");
        let half = read(&sheets).unwrap();
        assert_eq!((half.len(), half[0].note.as_str(), half[0].by.as_str()), (2, "", "李老师"));
        fill(&mut sheets, NOTE, "见14100220080302123X");
        assert!(read(&sheets).unwrap_err()[0].message.contains("long number"));
    }
}
