//! What lies in quarantine: rows kept out and queries, each with an id, until somebody mends them.
//!
//! A case is a row of a delivery that counts in the release that stands, with everything that keeps
//! it or a cell of it out; or a query about something that did load. Rows are told with their cells
//! only where the reader is the restricted quarantine itself ([`sheets`]); everything else goes by
//! place and rule. A clerk's answers come back by [`filled`] and are decisions from then on; what a
//! release made of them is the state of the case.

pub mod sheets;

pub mod filled;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use crate::decisions::Override;
use crate::decisions::corrections::{self, Correction, FileKey, Kind};
use crate::definition::Definitions;
use crate::finding::{self, Finding, Rule, Severity};
use crate::normalise::{KeptRow, Rejects};
use crate::period::ReportYear;
use crate::position::{Place, column_letters, told};
use crate::table_file::TableFileError;
use crate::tables::school::SchoolRow;
use crate::tables::{self, row};
use crate::warehouse::files;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::{Accepted, Manifest};

/// What is asked for; nothing for everything.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    pub year: Option<ReportYear>,
    pub school: Option<String>,
    pub dataset: Option<String>,
    /// Rows with their cells: for the restricted sheets, and what comes back of them.
    pub cells: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum QuarantineError {
    #[error("`{}`: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Table(#[from] TableFileError),
}

/// How a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Open,
    /// A correction was used, and the row is still kept out.
    StillWrong,
    /// Answered; the next run acts on it.
    Recorded,
    /// Answered, and the release stands on it.
    Closed,
    /// Answered, of a delivery that another took the place of.
    Lapsed,
}

impl State {
    /// Whether somebody must still do something.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, State::Open | State::StillWrong)
    }
}

/// What a person said of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    pub decision: u32,
    pub kind: Kind,
    pub by: String,
    pub at: String,
}

/// One thing that is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub rule: String,
    /// What is wrong, in Chinese, without personal values.
    pub message: String,
    pub remedy: String,
    /// From 1; 0 when the whole row is meant.
    pub column: u32,
    pub header: String,
}

/// A row that is kept out, or a query.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    pub id: String,
    pub report_year: ReportYear,
    pub dataset: String,
    /// Empty where nobody can say whose it is.
    pub school_code: String,
    pub file: String,
    /// SHA-256 of the delivery; empty where a query is about none.
    pub sha256: String,
    pub sheet: String,
    /// 0 for a whole sheet, or no row at all.
    pub row: u32,
    pub problems: Vec<Problem>,
    /// A query: something that loaded, or is missing.
    pub is_query: bool,
    /// How many rows or places it stands for.
    pub count: u64,
    /// What may be answered.
    pub answers: Vec<Kind>,
    pub state: State,
    pub answer: Option<Answer>,
    /// The row as the run saw it. Personal: for the restricted sheets only.
    #[serde(skip)]
    pub cells: Vec<String>,
    #[serde(skip)]
    pub headers: Arc<Vec<String>>,
}

impl Case {
    /// `2024/students/甲.xlsx 工作表 sheet1 第 17 行`.
    #[must_use]
    pub fn place_text(&self) -> String {
        let mut text = self.file.clone();
        if !self.sheet.is_empty() {
            text += &format!(" 工作表 {}", self.sheet);
        }
        if self.row > 0 {
            text += &format!(" 第 {} 行", self.row);
        }
        text
    }

    /// `E-CELL、E-DATE`.
    #[must_use]
    pub fn rules(&self) -> String {
        self.distinct(|problem| problem.rule.clone(), "、")
    }

    /// `H 列（身份证件号）：证件号码位数或格式不对`.
    #[must_use]
    pub fn messages(&self) -> String {
        let message = |problem: &Problem| match problem.column {
            0 => problem.message.clone(),
            column => format!("{} 列（{}）：{}", column_letters(column), problem.header, problem.message),
        };
        self.distinct(message, "；")
    }

    #[must_use]
    pub fn remedies(&self) -> String {
        self.distinct(|problem| problem.remedy.clone(), "；")
    }

    fn distinct(&self, text: impl Fn(&Problem) -> String, between: &str) -> String {
        let mut texts: Vec<String> = Vec::new();
        for one in self.problems.iter().map(text) {
            if !texts.contains(&one) {
                texts.push(one);
            }
        }
        texts.join(between)
    }

    /// The head over a cell as it stands in a sheet: the delivered text, or the column's letters.
    #[must_use]
    pub fn head(&self, index: usize) -> String {
        let header = self.headers.get(index).filter(|header| !header.is_empty());
        let letters = || format!("{} 列", column_letters(u32::try_from(index + 1).unwrap_or_default()));
        header.map_or_else(letters, |header| sheets::shown(header))
    }
}

/// Rules under which a whole sheet is kept out: its rows have no columns to mend.
fn is_of_sheet(rule: &str) -> bool {
    [finding::HEADER_UNKNOWN, finding::HEADER_MISSING, finding::HEADER_UNIT].iter().any(|own| own.id == rule)
}

/// Every case of the release that stands, answered ones too, in the order of years, schools and places.
///
/// # Errors
/// When a file of the release or of the quarantine cannot be read.
pub fn cases(
    data: &DataRoot,
    manifest: &Manifest,
    standing: &[&Override],
    asked: &Asked,
) -> Result<Vec<Case>, QuarantineError> {
    let mut all = Vec::new();
    for &year in manifest.years.iter().filter(|year| asked.year.is_none_or(|asked| asked == **year)) {
        let applied = match manifest.table(data, "override", year) {
            Some(path) => tables::decision::numbers(&path)?,
            None => BTreeSet::new(),
        };
        let findings = match manifest.table(data, "finding", year) {
            Some(path) => tables::finding::read(&path)?,
            None => Vec::new(),
        };
        let accepted: Vec<&Accepted> =
            manifest.accepted.iter().filter(|accepted| accepted.report_year == year).collect();
        let mut found = Vec::new();
        for accepted in &accepted {
            let path = data.rejects(&accepted.fragment);
            match fs::read(&path) {
                Ok(lines) => {
                    let own = of_delivery(accepted, Rejects::read(&lines)).into_iter();
                    let bare =
                        |case: Case| if asked.cells { case } else { Case { cells: Vec::new(), ..case } };
                    found.extend(own.map(bare));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(QuarantineError::Io { path, source }),
            }
        }
        let queries = queries(year, findings, &accepted, &found);
        found.extend(queries);
        let decisions = standing.iter().copied().filter(|decision| decision.report_year == year);
        let answers = corrections::newest(decisions);
        settle(&mut found, &answers, &applied, &manifest.lapsed);
        all.extend(found);
    }
    let is = |asked: &Option<String>, own: &str| asked.as_ref().is_none_or(|asked| asked == own);
    all.retain(|case| is(&asked.school, &case.school_code) && is(&asked.dataset, &case.dataset));
    all.sort_by(|a, b| {
        let of = |case: &'_ Case| {
            (
                case.report_year,
                case.school_code.clone(),
                case.is_query,
                case.dataset.clone(),
                case.file.clone(),
            )
        };
        (of(a), &a.sheet, a.row, &a.id).cmp(&(of(b), &b.sheet, b.row, &b.id))
    });
    Ok(all)
}

/// The school of a delivery that has one; rows that do not say whose they are are its own.
fn only_school(accepted: &Accepted) -> &str {
    let mut units = accepted.units.keys();
    match (units.next(), units.next()) {
        (Some(unit), None) => unit,
        _ => "",
    }
}

fn file_key(accepted: &Accepted) -> FileKey {
    (accepted.report_year, accepted.dataset.clone(), accepted.sha256.clone())
}

fn problem(rule: &Rule, column: u32, headers: &[String]) -> Problem {
    let header = usize::try_from(column).ok().and_then(|column| headers.get(column.checked_sub(1)?));
    Problem {
        rule: rule.id.to_owned(),
        message: rule.title.to_owned(),
        remedy: rule.remedy.to_owned(),
        column,
        header: header.map(|header| told(header)).unwrap_or_default(),
    }
}

/// The rows of one delivery that are kept out, or have a cell that is.
fn of_delivery(accepted: &Accepted, kept: Vec<KeptRow>) -> Vec<Case> {
    let mut cases: BTreeMap<(String, u32), Case> = BTreeMap::new();
    for KeptRow { reject, headers } in kept {
        let Some(rule) = finding::rule(&reject.rule) else { continue };
        let whole_sheet = is_of_sheet(rule.id);
        // Tables that a page has for its looks are no data.
        if whole_sheet && reject.sheet.is_empty() {
            continue;
        }
        let row = if whole_sheet { 0 } else { reject.row };
        let problem = problem(rule, reject.column, &headers);
        if let Some(known) = cases.get_mut(&(reject.sheet.to_string(), row)) {
            if whole_sheet {
                known.count += 1;
            } else {
                known.problems.push(problem);
            }
            continue;
        }
        let school = if reject.school.is_empty() { only_school(accepted) } else { &reject.school };
        let cells: Vec<String> = if whole_sheet {
            Vec::new()
        } else {
            reject.cells.iter().map(|cell| cell.clone().into_owned()).collect()
        };
        // A row that did not split into cells has none to mend.
        let answers =
            if cells.is_empty() { vec![Kind::GivenUp] } else { vec![Kind::Corrected, Kind::GivenUp] };
        let case = Case {
            id: corrections::row_id(&file_key(accepted), &reject.sheet, row),
            report_year: accepted.report_year,
            dataset: accepted.dataset.clone(),
            school_code: school.to_owned(),
            file: accepted.file.clone(),
            sha256: accepted.sha256.clone(),
            sheet: reject.sheet.to_string(),
            row,
            problems: vec![problem],
            is_query: false,
            count: 1,
            answers,
            state: State::Open,
            answer: None,
            cells,
            headers,
        };
        cases.insert((case.sheet.clone(), row), case);
    }
    cases.into_values().collect()
}

/// What is asked beside the rows that are kept out.
fn queries(year: ReportYear, findings: Vec<Finding>, accepted: &[&Accepted], rows: &[Case]) -> Vec<Case> {
    let taken_out: BTreeSet<(&str, &str, &str, u32)> = rows
        .iter()
        .map(|case| (case.dataset.as_str(), case.file.as_str(), case.sheet.as_str(), case.row))
        .collect();
    let mut queries = Vec::new();
    for found in findings.into_iter().filter(|found| found.severity <= Severity::S2) {
        let rule = finding::rule(&found.rule);
        let place = &found.place;
        let is_told = taken_out.contains(&(&found.dataset, &place.file, &place.sheet, place.row));
        let of_sheet = is_of_sheet(&found.rule) || found.rule == finding::SHEET_ODD.id;
        if is_told && (of_sheet || rule.is_some_and(|rule| rule.takes_out() && !rule.sets_aside())) {
            continue;
        }
        let mut of_file = accepted.iter().filter(|accepted| {
            accepted.dataset == found.dataset && accepted.file == place.file && !place.file.is_empty()
        });
        let delivery = match (of_file.next(), of_file.next()) {
            (Some(only), None) => Some(*only),
            _ => None,
        };
        let may_be_confirmed = rule.is_some_and(Rule::may_be_confirmed) && place.row > 0 && found.count == 1;
        let id = match delivery {
            Some(delivery) if place.row > 0 => corrections::query_id(&file_key(delivery), &found.rule, place),
            _ => {
                let text = format!(
                    "{year}|{}|{}|{}|{}",
                    found.dataset,
                    found.rule,
                    found.school_code,
                    found.place_text()
                );
                format!("Q{}", &files::sha256(format!("{text}|{}", found.message).as_bytes())[..10])
            }
        };
        let school = match delivery {
            Some(delivery) if found.school_code.is_empty() => only_school(delivery).to_owned(),
            _ => found.school_code.clone(),
        };
        // Of no school and no file: a matter of the city's.
        if school.is_empty() && place.file.is_empty() {
            continue;
        }
        queries.push(Case {
            id,
            report_year: year,
            dataset: found.dataset.clone(),
            school_code: school,
            file: place.file.clone(),
            sha256: delivery.map(|delivery| delivery.sha256.clone()).unwrap_or_default(),
            sheet: place.sheet.clone(),
            row: place.row,
            problems: vec![Problem {
                rule: found.rule.clone(),
                message: found.message.clone(),
                remedy: found.remedy.clone(),
                column: place.column,
                header: place.header.clone(),
            }],
            is_query: true,
            count: found.count,
            answers: if delivery.is_some() && may_be_confirmed { vec![Kind::Confirmed] } else { Vec::new() },
            state: State::Open,
            answer: None,
            cells: Vec::new(),
            headers: Arc::default(),
        });
    }
    queries
}

/// Puts to each case what was said of it; what was answered and is no case any more is one again, closed.
fn settle(
    cases: &mut Vec<Case>,
    answers: &BTreeMap<&str, (&Override, &Correction)>,
    applied: &BTreeSet<u32>,
    lapsed: &BTreeSet<u32>,
) {
    let mut left = answers.clone();
    for case in cases.iter_mut() {
        let Some((decision, correction)) = left.remove(case.id.as_str()) else { continue };
        if lapsed.contains(&decision.id) {
            continue;
        }
        case.answer = Some(answer(decision, correction));
        case.state = match (applied.contains(&decision.id), correction.kind) {
            (false, _) => State::Recorded,
            (true, Kind::GivenUp) => State::Closed,
            (true, _) => State::StillWrong,
        };
    }
    for (decision, correction) in left.into_values() {
        let state = if lapsed.contains(&decision.id) {
            State::Lapsed
        } else if applied.contains(&decision.id) {
            State::Closed
        } else {
            State::Recorded
        };
        let place = &correction.place;
        let rule = finding::rule(&correction.rule);
        cases.push(Case {
            id: correction.case.clone(),
            report_year: decision.report_year,
            dataset: correction.dataset.clone(),
            school_code: correction.school_code.clone(),
            file: decision.key.clone(),
            sha256: decision.value.clone(),
            sheet: place.sheet.clone(),
            row: place.row,
            problems: vec![Problem {
                rule: correction.rule.clone(),
                message: rule.map_or("", |rule| rule.title).to_owned(),
                remedy: rule.map_or("", |rule| rule.remedy).to_owned(),
                column: place.column,
                header: place.header.clone(),
            }],
            is_query: correction.kind == Kind::Confirmed,
            count: 1,
            answers: Vec::new(),
            state,
            answer: Some(answer(decision, correction)),
            cells: Vec::new(),
            headers: Arc::default(),
        });
    }
}

fn answer(decision: &Override, correction: &Correction) -> Answer {
    Answer {
        decision: decision.id,
        kind: correction.kind,
        by: decision.who.clone(),
        at: decision.when.clone(),
    }
}

/// What codes are called in one year, and where schools are.
#[derive(Debug, Clone, Default)]
pub struct Names {
    pub regions: BTreeMap<String, String>,
    /// Name and region.
    pub schools: BTreeMap<String, (String, String)>,
}

impl Names {
    /// As a release has them; `residual` is the region of schools under no county.
    ///
    /// # Errors
    /// When the register cannot be read.
    pub fn read(
        data: &DataRoot,
        definitions: &Definitions,
        manifest: &Manifest,
        year: ReportYear,
        residual: (&str, &str),
    ) -> Result<Names, QuarantineError> {
        let mut names = Names::default();
        let regions = definitions.regions().map(crate::code_table::CodeTable::codes);
        for code in regions.into_iter().flatten().filter(|code| code.valid_in(year)) {
            names.regions.insert(code.code.clone(), code.label.clone());
        }
        names.regions.insert(residual.0.to_owned(), residual.1.to_owned());
        let Some(path) = manifest.table(data, "dim_school", year) else { return Ok(names) };
        for school in row::read(&path)? {
            let SchoolRow { school_code, school_name, region_code, .. } = school?;
            names.schools.insert(school_code, (school_name, region_code));
        }
        Ok(names)
    }

    #[must_use]
    pub fn school(&self, code: &str) -> &str {
        match self.schools.get(code) {
            Some((name, _)) => name,
            None if code.is_empty() => sheets::NOBODYS,
            None => "不在名册",
        }
    }

    /// The region of a school; empty where it is in no register.
    #[must_use]
    pub fn region_of(&self, school: &str) -> &str {
        self.schools.get(school).map_or("", |(_, region)| region)
    }

    #[must_use]
    pub fn region<'a>(&'a self, code: &'a str) -> &'a str {
        if code.is_empty() { "未定" } else { self.regions.get(code).map_or(code, String::as_str) }
    }
}

/// The place of a case as a record has it.
#[must_use]
pub fn place_of(case: &Case) -> Place {
    let first = case.problems.first();
    Place {
        file: case.file.clone(),
        sheet: case.sheet.clone(),
        row: case.row,
        column: first.map(|problem| problem.column).unwrap_or_default(),
        header: first.map(|problem| problem.header.clone()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise::Reject;
    use State::{Closed, Lapsed, Open, Recorded, StillWrong};

    fn accepted(schools: &[&str]) -> Accepted {
        Accepted {
            report_year: 2024,
            dataset: "students".into(),
            file: "2024/students/a.xlsx".into(),
            landing: "ab".repeat(32),
            sha256: "ab".repeat(32),
            fragment: "f".into(),
            rows_digest: String::new(),
            units: schools.iter().map(|school| ((*school).to_owned(), 9)).collect(),
            under: Vec::new(),
            former: Vec::new(),
        }
    }

    fn kept(
        rule: &'static Rule,
        sheet: &'static str,
        row: u32,
        column: u32,
        cells: &[&'static str],
    ) -> KeptRow {
        let reject = Reject {
            rule: rule.id.into(),
            sheet: sheet.into(),
            row,
            column,
            school: "".into(),
            cells: cells.iter().map(|cell| (*cell).into()).collect(),
        };
        KeptRow { reject, headers: Arc::new(vec!["姓名".to_owned(), "出生日期".to_owned()]) }
    }

    fn decision(id: u32, case: &str, kind: Kind) -> Override {
        Override {
            format: 3,
            id,
            report_year: 2024,
            rule: kind.rule().to_owned(),
            key: "2024/students/a.xlsx".into(),
            value: "ab".repeat(32),
            who: "李老师".into(),
            when: "2024-10-08T09:00:00+08:00".into(),
            reason: String::new(),
            withdraws: None,
            about: None,
            correction: Some(Correction {
                case: case.to_owned(),
                kind,
                dataset: "students".into(),
                school_code: "3614000001".into(),
                place: Place::default(),
                rule: finding::ROW_DATE.id.into(),
                cells: String::new(),
            }),
        }
    }

    fn rows() -> Vec<KeptRow> {
        vec![
            kept(finding::CELL_BAD, "s", 4, 1, &["", "x"]),
            kept(finding::CELL_BAD, "s", 4, 2, &["", "x"]),
            kept(finding::ROW_QUOTE, "s", 7, 0, &[]),
            kept(finding::HEADER_UNKNOWN, "备注", 1, 0, &["注一"]),
            kept(finding::HEADER_UNKNOWN, "备注", 2, 0, &["注二"]),
            kept(finding::HEADER_UNKNOWN, "", 1, 0, &["页脚"]),
        ]
    }

    #[test]
    fn a_row_is_one_case_and_a_sheet_that_does_not_fit_is_one() {
        let found = of_delivery(&accepted(&["3614000001"]), rows());
        let told: Vec<(&str, u32, u64, usize, &[Kind])> = found
            .iter()
            .map(|case| (&*case.sheet, case.row, case.count, case.problems.len(), &*case.answers))
            .collect();
        assert_eq!(
            told,
            [
                ("s", 4, 1, 2, &[Kind::Corrected, Kind::GivenUp][..]),
                ("s", 7, 1, 1, &[Kind::GivenUp]),
                ("备注", 0, 2, 1, &[Kind::GivenUp]),
            ]
        );
        assert_eq!(found[0].messages().matches("列（").count(), 2);
        assert_eq!((found[0].rules().as_str(), found[0].head(1).as_str()), ("E-CELL", "出生日期"));
        assert!(found.iter().all(|case| case.school_code == "3614000001"));
        // Of two schools' file nobody knows whose a row is that does not say.
        let of_two = of_delivery(&accepted(&["3614000001", "3614000002"]), rows());
        assert!(of_two.iter().all(|case| case.school_code.is_empty()));
        assert_eq!(of_two[0].id, found[0].id);
    }

    #[test]
    fn a_case_stands_as_what_was_said_and_what_came_of_it() {
        let states = |said: &[(u32, usize, Kind)], applied: &[u32], lapsed: &[u32]| {
            let mut found = of_delivery(&accepted(&["3614000001"]), rows());
            let ids: Vec<String> =
                found.iter().map(|case| case.id.clone()).chain(["R0".to_owned()]).collect();
            let all: Vec<Override> =
                said.iter().map(|(id, at, kind)| decision(*id, &ids[*at], *kind)).collect();
            let set = |ids: &[u32]| ids.iter().copied().collect();
            settle(&mut found, &corrections::newest(&all), &set(applied), &set(lapsed));
            found.iter().map(|case| case.state).collect::<Vec<_>>()
        };
        assert_eq!(states(&[], &[], &[]), [Open; 3]);
        assert_eq!(states(&[(1, 0, Kind::Corrected)], &[], &[]), [Recorded, Open, Open]);
        assert_eq!(states(&[(1, 0, Kind::Corrected)], &[1], &[]), [StillWrong, Open, Open]);
        assert_eq!(states(&[(1, 1, Kind::GivenUp)], &[1], &[]), [Open, Closed, Open]);
        assert_eq!(states(&[(1, 3, Kind::Corrected)], &[1], &[]), [Open, Open, Open, Closed]);
        assert_eq!(states(&[(1, 3, Kind::Corrected)], &[], &[1]), [Open, Open, Open, Lapsed]);
        let twice = [(1, 0, Kind::Corrected), (2, 0, Kind::GivenUp)];
        assert_eq!(states(&twice, &[1], &[]), [Recorded, Open, Open]);
    }
}
