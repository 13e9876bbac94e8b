//! A filled-in correction workbook → its answers, or everything that is wrong with it.
//!
//! A workbook is taken whole or not at all. Rows are found by their ids, however they were sorted or
//! filtered. Besides the cells to fill in, only the delivered cells of a row may differ from what
//! was exported. Faults name sheet and row, never the content of a cell.

use std::collections::{BTreeMap, BTreeSet};

use super::sheets::{
    self, ABOUT, ACTION, BY, ID, QUERY_HEADS, QUERY_HEADS_BEFORE, ROW_HEADS, ROW_HEADS_BEFORE, SCHOOL,
    UNKNOWN_SCHOOL, YEAR,
};
use super::{Case, State};
use crate::decisions::corrections::{Change, Kind};
use crate::decode::{Cell, Row};
use crate::definitions::Definitions;
use crate::definitions::contract::ColumnType;
use crate::definitions::contract::header::header_key;
use crate::normalise::text;
use crate::period::ReportYear;
use crate::position::{self, column_letters};
pub use crate::report::differences::Fault;

/// A row of the workbook with an answer.
#[derive(Debug, Clone)]
pub struct FilledRow<'a> {
    pub case: &'a Case,
    pub kind: Kind,
    pub by: String,
    /// Cells that differ from what was exported.
    pub changes: Vec<Change>,
}

/// The answers in a workbook.
#[derive(Debug, Clone)]
pub struct FilledWorkbook<'a> {
    pub year: ReportYear,
    pub school_code: String,
    pub rows: Vec<FilledRow<'a>>,
    /// Rows that repeat an answer that is closed.
    pub known: usize,
}

/// The content of one row of a workbook.
enum RowReading<'a> {
    Nothing,
    Known,
    Answered(FilledRow<'a>),
}

/// Sheets by name, as a decoder gave them.
pub type Sheets = [(String, Vec<Row<'static>>)];

fn cell_text(row: &Row<'_>, index: usize) -> String {
    row.cells.get(index).map(|cell| cell.text().into_owned()).unwrap_or_default()
}

/// The heads of the cases in a sheet.
fn heads_of<'r>(rows: &'r [Row<'static>]) -> Option<&'r Row<'static>> {
    rows.iter().find(|row| cell_text(row, 0) == ID)
}

/// The year and the school that the sheets of a workbook name, above their cases.
///
/// # Errors
/// When none names them, or two name others.
pub fn about(book: &Sheets) -> Result<(ReportYear, String), Fault> {
    let mut named: BTreeMap<&str, String> = BTreeMap::new();
    for (sheet, rows) in book {
        let heads = heads_of(rows).map_or(u32::MAX, |heads| heads.number);
        for row in rows.iter().filter(|row| row.number < heads) {
            for (index, name) in row.cells.iter().enumerate() {
                let Some(name) = [YEAR, SCHOOL].into_iter().find(|known| *known == name.text()) else {
                    continue;
                };
                let value = cell_text(row, index + 1);
                if *named.entry(name).or_insert_with(|| value.clone()) != value {
                    let sheet = position::redact(sheet);
                    let message = format!("its {name} is not that of the sheets before it");
                    return Err(Fault { sheet, row: row.number, message });
                }
            }
        }
    }
    let fault = |message: String| Fault { sheet: String::new(), row: 0, message };
    let value = |name: &str| {
        let none =
            || fault(format!("no sheet has {name} above its heads: this is not a correction workbook"));
        named.get(name).cloned().ok_or_else(none)
    };
    let year = value(YEAR)?.parse().map_err(|_| fault(format!("{YEAR} is not a year")))?;
    let school = value(SCHOOL)?;
    if school == UNKNOWN_SCHOOL {
        return Ok((year, String::new()));
    }
    let code = text::school_code(&Cell::Text(school.into()));
    Ok((year, code.map_err(|_| fault(format!("{SCHOOL} is not a code of ten digits")))?))
}

/// Reads the answers in a workbook, and checks them against the cases of its year.
///
/// # Errors
/// Every fault; then nothing of the workbook is taken.
pub fn read<'a>(
    book: &Sheets,
    cases: &'a [Case],
    definitions: &Definitions,
    by: Option<&str>,
) -> Result<FilledWorkbook<'a>, Vec<Fault>> {
    let (year, school_code) = about(book).map_err(|fault| vec![fault])?;
    let by_id: BTreeMap<&str, &Case> = cases.iter().map(|case| (case.id.as_str(), case)).collect();
    let reader = Reader { year, school: &school_code, cases: by_id, definitions, by };
    let mut known = 0;
    let mut faults = Vec::new();
    let mut answered = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, rows) in book.iter().filter(|(name, rows)| name != ABOUT && !rows.is_empty()) {
        let fault = |row: u32, message: String| Fault { sheet: position::redact(name), row, message };
        let Some(heads) = heads_of(rows) else {
            faults.push(fault(0, format!("no row begins with the head {ID}")));
            continue;
        };
        for row in rows.iter().filter(|row| row.number > heads.number && !row.is_blank()) {
            let read = reader.row(heads, row).and_then(|filled| {
                let id = cell_text(row, 0);
                if seen.insert(id.clone()) { Ok(filled) } else { Err(format!("{id} is here a second time")) }
            });
            match read {
                Ok(RowReading::Answered(filled)) => answered.push(filled),
                Ok(RowReading::Known) => known += 1,
                Ok(RowReading::Nothing) => {}
                Err(message) => faults.push(fault(row.number, message)),
            }
        }
    }
    if faults.is_empty() {
        Ok(FilledWorkbook { year, school_code, rows: answered, known })
    } else {
        Err(faults)
    }
}

struct Reader<'a, 'r> {
    year: ReportYear,
    school: &'r str,
    cases: BTreeMap<&'r str, &'a Case>,
    definitions: &'r Definitions,
    by: Option<&'r str>,
}

impl<'a> Reader<'a, '_> {
    /// Reads one row, and checks it against its case.
    fn row(&self, heads: &Row<'_>, row: &Row<'_>) -> Result<RowReading<'a>, String> {
        let id = cell_text(row, 0);
        if id.is_empty() {
            return Err(format!("{ID} is empty"));
        }
        let Some(&case) = self.cases.get(id.as_str()) else {
            return Err(format!(
                "`{}` is not an id in the quarantine of {}",
                position::redact(&id),
                self.year
            ));
        };
        if case.report_year != self.year || case.school_code != self.school {
            return Err(format!("`{id}` is of another school or year"));
        }
        let action = cell_text(row, 1);
        let kind = match action.as_str() {
            "" | "—" => None,
            _ => {
                Some(Kind::labelled(&action).ok_or_else(|| format!("{ACTION} is none of 更正、放弃、属实"))?)
            }
        };
        // A closed case has only its record left; the same answer again changes nothing.
        if case.state == State::Closed && case.cells.is_empty() && case.answers.is_empty() {
            let is_same_answer =
                case.answer.as_ref().is_some_and(|answer| kind.is_none_or(|kind| kind == answer.kind));
            return if is_same_answer {
                Ok(if kind.is_some() { RowReading::Known } else { RowReading::Nothing })
            } else {
                Err(format!("`{id}` is closed already: take its decision back first"))
            };
        }
        let changes = self.changes(case, heads, row)?;
        let Some(kind) = kind else {
            return if changes.is_empty() {
                Ok(RowReading::Nothing)
            } else {
                Err(format!("a cell was changed and {ACTION} is empty: it must say 更正"))
            };
        };
        if !case.answers.contains(&kind) {
            return Err(format!("{ACTION} says {}; here it may say {}", kind.label(), sheets::may_say(case)));
        }
        match (kind, changes.is_empty()) {
            (Kind::Corrected, true) => return Err("it says 更正, and no cell was changed".to_owned()),
            (Kind::GivenUp | Kind::Confirmed, false) => {
                return Err(format!("it says {}, and a cell was changed", kind.label()));
            }
            _ => {}
        }
        Ok(RowReading::Answered(FilledRow { case, kind, by: self.name(row)?, changes }))
    }

    fn name(&self, row: &Row<'_>) -> Result<String, String> {
        let in_row = cell_text(row, 2);
        let name = if in_row.is_empty() { self.by.unwrap_or_default().trim().to_owned() } else { in_row };
        if name.is_empty() {
            return Err(format!("no name is given: fill in {BY}, or give --by"));
        }
        // Only a name is allowed: it is printed wherever the decision is.
        if position::redact(&name) != name
            || name.chars().count() > NAME_MAX
            || name.chars().any(char::is_control)
        {
            return Err(format!("{BY} is not a name"));
        }
        Ok(name)
    }

    /// The cells of a row that were changed; a fault where a cell may not be changed.
    fn changes(&self, case: &Case, heads: &Row<'_>, row: &Row<'_>) -> Result<Vec<Change>, String> {
        let (fixed, before): (&[&str], usize) =
            if case.is_query { (&QUERY_HEADS, QUERY_HEADS_BEFORE) } else { (&ROW_HEADS, ROW_HEADS_BEFORE) };
        let is_headed = |fixed: &[&str]| (0..).zip(fixed).all(|(at, head)| cell_text(heads, at) == *head);
        let known = [fixed, &fixed[..before]].into_iter().find(|fixed| is_headed(fixed));
        let first = known.ok_or("the heads over it are not those that were exported").map(<[&str]>::len)?;
        // Not the words beside them, which another version of the program may put otherwise.
        for (index, text) in [(3, case.rules()), (6, sheets::place_and_count(case))] {
            if !is_same(&cell_text(row, index), &sheets::shown(&text)) {
                return Err(format!("{} is not what was exported", fixed[index]));
            }
        }
        // What is written there would be lost.
        let beside = if case.is_query {
            vec![(8, case.person.clone())]
        } else {
            vec![(7, case.person.clone()), (8, sheets::delivered(case))]
        };
        for (index, text) in beside.into_iter().filter(|(index, _)| *index < first) {
            if !is_same(&cell_text(row, index), &sheets::shown(&text)) {
                let only = if case.is_query { "" } else { ": the delivered cells are corrected" };
                return Err(format!("{} is not what was exported{only}", fixed[index]));
            }
        }
        if case.is_query {
            return Ok(Vec::new());
        }
        let mut changes = Vec::new();
        let width = case.cells.len().max(case.headers.len()).min(sheets::COLUMNS_SHOWN);
        if (0..width).any(|index| !is_same(&cell_text(heads, first + index), &case.head(index))) {
            return Err("the heads over it are not those that were exported".to_owned());
        }
        for (index, cell) in row.cells.iter().enumerate().skip(first + width) {
            if !cell.is_blank() {
                let letters = column_letters(u32::try_from(index + 1).unwrap_or_default());
                return Err(format!("column {letters} lies outside of the delivered row"));
            }
        }
        for index in 0..width {
            let was = case.cells.get(index).map(String::as_str).unwrap_or_default();
            let cell = row.cells.get(first + index).unwrap_or(&Cell::Empty);
            let now = cell.text();
            if is_same(&now, &sheets::shown(was)) {
                continue;
            }
            let column = u32::try_from(index + 1).unwrap_or_default();
            let at = column_letters(u32::try_from(first + index + 1).unwrap_or_default());
            match cell {
                Cell::Error(_) => return Err(format!("column {at} holds an error of Excel")),
                Cell::Number(number) if number.abs() >= EXACT => {
                    return Err(format!(
                        "column {at} holds a number of more than 15 digits: write it as text"
                    ));
                }
                _ => {}
            }
            self.stays_of_school(case, index, &now).map_err(|why| format!("column {at} {why}"))?;
            changes.push(Change { column, was: was.to_owned(), now: now.into_owned() });
        }
        Ok(changes)
    }

    /// Refuses a correction that moves a row to another school.
    fn stays_of_school(&self, case: &Case, index: usize, now: &str) -> Result<(), String> {
        let dataset = self.definitions.dataset(&case.dataset);
        let column = dataset.and_then(|dataset| dataset.column_of_type(ColumnType::SchoolCode));
        let key = case.headers.get(index).map(|header| header_key(header)).unwrap_or_default();
        let is_it = column.is_some_and(|column| {
            column.names.iter().chain(&column.fallback_names).any(|name| header_key(name) == key)
        });
        if !is_it || self.school.is_empty() {
            return Ok(());
        }
        let code = text::school_code(&Cell::Text(now.to_owned().into()));
        if code.is_ok_and(|code| code == self.school) {
            Ok(())
        } else {
            Err("is not the code of the school that the workbook is of".to_owned())
        }
    }
}

/// The most characters that a name may have.
const NAME_MAX: usize = 40;
/// A spreadsheet number of this size or larger may have lost digits.
const EXACT: f64 = 1e15;

/// Whether a cell that was read back has the text that was written: an underscore may come back escaped.
fn is_same(read: &str, written: &str) -> bool {
    read == written || read.replace("_x005F_", "_") == written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escaped_underscore_is_the_same_text() {
        assert!(is_same("_x005F_x000D_", "_x000D_"));
        assert!(!is_same("a", "b"));
    }

    #[test]
    fn a_workbook_names_its_year_and_school() {
        let text = |text: &str| Cell::Text(text.to_owned().into());
        let row = |number, name: &str, value: &str| Row { number, cells: vec![text(name), text(value)] };
        let about_of = |year: &str, school: &str| {
            about(&[(ABOUT.to_owned(), vec![row(3, YEAR, year), row(4, SCHOOL, school)])])
        };
        assert_eq!(about_of("2024", "3614000001"), Ok((2024, "3614000001".to_owned())));
        assert_eq!(about_of("2024", UNKNOWN_SCHOOL), Ok((2024, String::new())));
        assert!(about_of("今年", "3614000001").is_err() && about_of("2024", "361400").is_err());
        assert!(about(&[("数据".to_owned(), Vec::new())]).unwrap_err().to_string().contains("年度"));
    }
}
