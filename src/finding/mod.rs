//! Something wrong or worth asking, and where. Bad data is a value of this kind, never an `Err`.
//!
//! A finding never carries a delivered value of a personal column: it names the
//! place, the rule and the remedy, and the reader opens the file.

pub mod rules;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::period::ReportYear;
use crate::position::{Place, column_letters};

pub use rules::*;

/// One thing found, at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub rule: String,
    pub severity: Severity,
    pub dimension: String,
    pub report_year: ReportYear,
    pub dataset: String,
    /// The county, or the city; empty where unknown.
    #[serde(default)]
    pub region_code: String,
    /// Empty when the school is unknown, or none is meant.
    pub school_code: String,
    pub place: Place,
    /// The message in Chinese, without personal values.
    pub message: String,
    pub remedy: String,
    /// How many places it represents: more than 1 where examples were enough.
    #[serde(default = "one_place")]
    pub count: u64,
    /// Number of rows that it keeps from counting: none for a cell taken out of a row, for a question, or
    /// for a delivery that does not count itself.
    #[serde(default)]
    pub rows_out: u64,
    /// The key by which it is answered; empty where it has none.
    #[serde(default)]
    pub key: String,
    /// Ids of the indicators whose figures it is about.
    #[serde(default)]
    pub indicators: Vec<String>,
    /// The printed row that it is about, if any.
    #[serde(default)]
    pub printed: PrintedRow,
    /// Other files that it names, besides its own place.
    #[serde(default)]
    pub other_files: Vec<String>,
}

/// A row of a printed table: `表1` and the labels of its rows joined by `/`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrintedRow {
    pub report_table: String,
    pub report_path: String,
}

fn one_place() -> u64 {
    1
}

impl Finding {
    /// A finding of `rule` with its own title as the message; `detail` is appended when not empty.
    #[must_use]
    pub fn new(rule: &Rule, report_year: ReportYear, dataset: &str, detail: &str) -> Self {
        let message =
            if detail.is_empty() { rule.title.to_owned() } else { format!("{}：{detail}", rule.title) };
        Finding {
            rule: rule.id.to_owned(),
            severity: rule.severity,
            dimension: rule.dimension.to_owned(),
            report_year,
            dataset: dataset.to_owned(),
            region_code: String::new(),
            school_code: String::new(),
            place: Place::default(),
            message,
            remedy: rule.remedy.to_owned(),
            count: 1,
            rows_out: 0,
            key: String::new(),
            indicators: Vec::new(),
            printed: PrintedRow::default(),
            other_files: Vec::new(),
        }
    }

    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    #[must_use]
    pub fn of_school(mut self, school_code: &str) -> Self {
        school_code.clone_into(&mut self.school_code);
        self
    }

    /// Sets the indicators whose figures it is about.
    #[must_use]
    pub fn about<'i>(mut self, indicators: impl IntoIterator<Item = &'i str>) -> Self {
        self.indicators.extend(indicators.into_iter().map(str::to_owned));
        self
    }

    /// Sets the printed row it is about.
    #[must_use]
    pub fn printed_in(mut self, report_table: &str, report_path: &str) -> Self {
        let (report_table, report_path) = (report_table.to_owned(), report_path.to_owned());
        self.printed = PrintedRow { report_table, report_path };
        self
    }

    /// Sets the number of rows that it keeps out of the tables.
    #[must_use]
    pub fn keeping_out(mut self, rows: u64) -> Self {
        self.rows_out = rows;
        self
    }

    /// The place in Chinese: `2024/students/甲.xlsx 工作表 sheet1 第 17 行 E 列（身份证件号）`.
    #[must_use]
    pub fn place_text(&self) -> String {
        let place = &self.place;
        let mut text = place.file.clone();
        if !place.sheet.is_empty() {
            text += &format!(" 工作表 {}", place.sheet);
        }
        if place.row > 0 {
            text += &format!(" 第 {} 行", place.row);
        }
        if place.column > 0 {
            text += &format!(" {} 列（{}）", column_letters(place.column), place.header);
        }
        if text.is_empty() {
            let printed = format!("{} {}", self.printed.report_table, self.printed.report_path);
            printed.trim().clone_into(&mut text);
        }
        text
    }
}

/// Maximum number of examples of one rule kept for one file; the rest are only counted.
pub const EXAMPLES_MAX: u64 = 100;

/// Answers of named persons to findings about the rows of one file; the text says who answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowAnswers {
    /// Rows that are given up, by sheet and row; row 0 means the whole sheet.
    pub given_up: BTreeMap<(String, u32), String>,
    /// Queries confirmed as true: rule, sheet, row, column.
    pub confirmed: BTreeMap<(String, String, u32, u32), String>,
}

impl RowAnswers {
    /// Marks a finding as answered: it is no longer a question.
    pub fn answer(&self, finding: &mut Finding) -> bool {
        let place = &finding.place;
        let confirmed =
            self.confirmed.get(&(finding.rule.clone(), place.sheet.clone(), place.row, place.column));
        let given_up = self
            .given_up
            .get(&(place.sheet.clone(), place.row))
            .filter(|_| rule(&finding.rule).is_some_and(Rule::takes_out));
        let Some(words) = confirmed.or(given_up).cloned() else { return false };
        finding.severity = Severity::S3;
        finding.message += &words;
        true
    }
}

/// The result of pushing a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushResult {
    /// Kept with its place.
    Example,
    /// Only counted.
    Beyond,
    /// Already answered.
    Answered,
}

/// The findings of one file: counts are complete, examples are capped. Answered findings are
/// counted separately, so that they take no open one's place.
#[derive(Debug, Default)]
pub struct Findings {
    answers: RowAnswers,
    examples: Vec<Finding>,
    /// By rule and severity: the number found, and for those beyond the examples one per school, with
    /// the school's counts.
    seen: BTreeMap<(String, Severity), (u64, BTreeMap<String, Finding>)>,
}

impl Findings {
    /// Answers to findings of this file.
    #[must_use]
    pub fn answered(answers: &RowAnswers) -> Self {
        Findings { answers: answers.clone(), ..Findings::default() }
    }

    pub fn push(&mut self, mut finding: Finding) -> PushResult {
        let answered = self.answers.answer(&mut finding);
        let (seen, beyond) = self.seen.entry((finding.rule.clone(), finding.severity)).or_default();
        *seen += finding.count;
        let example = *seen <= EXAMPLES_MAX;
        if example {
            self.examples.push(finding);
        } else if let Some(rest) = beyond.get_mut(&finding.school_code) {
            rest.count += finding.count;
            rest.rows_out += finding.rows_out;
        } else {
            beyond.insert(finding.school_code.clone(), finding);
        }
        match (answered, example) {
            (true, _) => PushResult::Answered,
            (false, true) => PushResult::Example,
            (false, false) => PushResult::Beyond,
        }
    }

    /// The examples, and for each rule with more findings one per school that represents the others.
    #[must_use]
    pub fn finish(mut self) -> Vec<Finding> {
        let beyond = self.seen.into_values().flat_map(|(_, beyond)| beyond.into_values());
        for mut finding in beyond {
            finding.place = Place { file: finding.place.file, ..Place::default() };
            finding.indicators.clear();
            finding.printed = PrintedRow::default();
            finding.message = format!("{}：另有 {} 处，不逐条列出", finding.message, finding.count);
            self.examples.push(finding);
        }
        self.examples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_capped_and_counts_are_complete() {
        let mut findings = Findings::default();
        for row in 1..=250 {
            findings.push(Finding::new(ROW_DATE, 2024, "d", "").at(Place { row, ..Place::default() }));
        }
        findings.push(Finding::new(ROW_CODE, 2024, "d", ""));
        let found = findings.finish();
        assert_eq!(found.len(), 102);
        assert_eq!(found.iter().map(|finding| finding.count).sum::<u64>(), 251);
        let rest = found.last().unwrap();
        assert_eq!((rest.place.row, rest.count), (0, 150));
    }

    #[test]
    fn findings_beyond_the_examples_are_counted_school_by_school() {
        let mut findings = Findings::default();
        for row in 1..=250 {
            let school = if row % 5 == 0 { "3614000002" } else { "3614000001" };
            let finding = Finding::new(ROW_DATE, 2024, "d", "").of_school(school).keeping_out(1);
            findings.push(finding.at(Place { row, ..Place::default() }));
        }
        let found = findings.finish();
        let rest: Vec<_> = found[100..]
            .iter()
            .map(|finding| (finding.school_code.as_str(), finding.count, finding.rows_out))
            .collect();
        assert_eq!(rest, [("3614000001", 120, 120), ("3614000002", 30, 30)]);
        assert_eq!(found.iter().map(|finding| finding.rows_out).sum::<u64>(), 250);
    }

    #[test]
    fn answered_findings_are_no_longer_questions_and_take_no_place() {
        let mut answers = RowAnswers::default();
        for row in 1..=EXAMPLES_MAX + 50 {
            let row = u32::try_from(row).unwrap();
            answers.confirmed.insert((ID_SEX.id.into(), String::new(), row, 3), "（属实）".into());
        }
        answers.given_up.insert((String::new(), 900), "（放弃）".into());
        let mut findings = Findings::answered(&answers);
        let at =
            |rule, row| Finding::new(rule, 2024, "d", "").at(Place { row, column: 3, ..Place::default() });
        for row in 1..=EXAMPLES_MAX + 51 {
            findings.push(at(ID_SEX, u32::try_from(row).unwrap()));
        }
        assert_eq!(findings.push(at(ROW_DATE, 900)), PushResult::Answered);
        // A query about a row that is given up was not itself given up.
        assert_eq!(findings.push(at(ID_BIRTH, 900)), PushResult::Example);
        let found = findings.finish();
        let open: Vec<(&str, u32)> = found
            .iter()
            .filter(|finding| finding.severity < Severity::S3)
            .map(|finding| (finding.rule.as_str(), finding.place.row))
            .collect();
        assert_eq!(open, [(ID_SEX.id, 151), (ID_BIRTH.id, 900)]);
        assert!(found[0].message.ends_with("（属实）"));
    }

    #[test]
    fn a_place_reads_naturally() {
        let place = Place {
            file: "2024/students/a.xlsx".into(),
            sheet: "sheet1".into(),
            row: 17,
            column: 8,
            header: "身份证件号".into(),
        };
        let finding = Finding::new(ROW_ID_NUMERIC, 2024, "students", "").at(place);
        assert_eq!(finding.place_text(), "2024/students/a.xlsx 工作表 sheet1 第 17 行 H 列（身份证件号）");
    }
}
