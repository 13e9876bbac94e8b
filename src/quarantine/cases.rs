//! The cases of a release: quarantined rows of its deliveries and queries of its findings, with their states.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::sync::Arc;

use super::{Case, CaseAnswer, CaseFilter, Problem, QuarantineError, State, in_sheet};
use crate::decisions::Override;
use crate::decisions::corrections::{self, Correction, FileKey, Kind};
use crate::finding::{self, Finding, Rule, Severity};
use crate::normalise::{KeptRow, Rejects};
use crate::period::ReportYear;
use crate::position::redact;
use crate::tables;
use crate::warehouse::files;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::{CountedDelivery, Manifest};

/// Whether a rule keeps a whole sheet out, whose rows have no known columns to correct.
fn is_of_sheet(rule: &str) -> bool {
    [finding::HEADER_UNKNOWN, finding::HEADER_MISSING, finding::HEADER_UNIT]
        .iter()
        .any(|known| known.id == rule)
}

/// Every case of the current release, including answered ones, ordered by year, school and place.
///
/// # Errors
/// When a file of the release or of the quarantine cannot be read.
pub fn cases(
    data: &DataRoot,
    manifest: &Manifest,
    recorded: &[&Override],
    filter: &CaseFilter,
) -> Result<Vec<Case>, QuarantineError> {
    let mut all = Vec::new();
    for &year in manifest.years.iter().filter(|year| filter.year.is_none_or(|wanted| wanted == **year)) {
        let applied = match manifest.table(data, "override", year) {
            Some(path) => tables::decision::numbers(&path)?,
            None => BTreeSet::new(),
        };
        let findings = match manifest.table(data, "finding", year) {
            Some(path) => tables::finding::read(&path)?,
            None => Vec::new(),
        };
        let accepted: Vec<&CountedDelivery> =
            manifest.accepted.iter().filter(|accepted| accepted.report_year == year).collect();
        let mut found = Vec::new();
        for accepted in &accepted {
            let path = data.rejects(&accepted.fragment);
            match fs::read(&path) {
                Ok(lines) => {
                    let cases = of_delivery(accepted, Rejects::read(&lines)).into_iter();
                    let bare =
                        |case: Case| if filter.cells { case } else { Case { cells: Vec::new(), ..case } };
                    found.extend(cases.map(bare));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(QuarantineError::Io { path, source }),
            }
        }
        let queries = queries(year, findings, &accepted, &found);
        found.extend(queries);
        let decisions = recorded.iter().copied().filter(|decision| decision.report_year == year);
        let answers = corrections::newest(decisions);
        settle(&mut found, &answers, &applied, &manifest.lapsed);
        all.extend(found);
    }
    let is_wanted =
        |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|wanted| wanted == value);
    all.retain(|case| {
        is_wanted(&filter.school, &case.school_code) && is_wanted(&filter.dataset, &case.dataset)
    });
    all.sort_by(|a, b| {
        let order = |case: &'_ Case| {
            (
                case.report_year,
                case.school_code.clone(),
                case.is_query,
                case.dataset.clone(),
                case.file.clone(),
            )
        };
        (order(a), &a.sheet, a.row, &a.id).cmp(&(order(b), &b.sheet, b.row, &b.id))
    });
    Ok(all)
}

/// The school of a delivery of one school, to which its rows without a school belong.
fn only_school(accepted: &CountedDelivery) -> &str {
    let mut units = accepted.units.keys();
    match (units.next(), units.next()) {
        (Some(unit), None) => unit,
        _ => "",
    }
}

fn file_key(accepted: &CountedDelivery) -> FileKey {
    (accepted.report_year, accepted.dataset.clone(), accepted.sha256.clone())
}

fn problem(rule: &Rule, column: u32, headers: &[String]) -> Problem {
    let header = usize::try_from(column).ok().and_then(|column| headers.get(column.checked_sub(1)?));
    Problem {
        rule: rule.id.to_owned(),
        message: rule.title.to_owned(),
        remedy: rule.remedy.to_owned(),
        column,
        header: header.map(|header| redact(header)).unwrap_or_default(),
    }
}

/// The rows of one delivery that are kept out, or that have a cell that is.
fn of_delivery(accepted: &CountedDelivery, kept: Vec<KeptRow>) -> Vec<Case> {
    let mut cases: BTreeMap<(String, u32), Case> = BTreeMap::new();
    for KeptRow { reject, headers } in kept {
        let Some(rule) = finding::rule(&reject.rule) else { continue };
        let whole_sheet = is_of_sheet(rule.id);
        // Tables that only lay out a page are not data.
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
        // A row that did not split into cells has none to correct.
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
            person: String::new(),
            headers,
        };
        cases.insert((case.sheet.clone(), row), case);
    }
    for case in cases.values_mut().filter(|case| case.answers.contains(&Kind::Corrected)) {
        for problem in &mut case.problems {
            in_sheet::remedy(&problem.rule).clone_into(&mut problem.remedy);
        }
    }
    cases.into_values().collect()
}

/// The queries, in addition to the rows that are kept out.
fn queries(
    year: ReportYear,
    findings: Vec<Finding>,
    accepted: &[&CountedDelivery],
    rows: &[Case],
) -> Vec<Case> {
    let taken_out: BTreeSet<(&str, &str, &str, u32)> = rows
        .iter()
        .map(|case| (case.dataset.as_str(), case.file.as_str(), case.sheet.as_str(), case.row))
        .collect();
    let mut queries = Vec::new();
    for found in findings.into_iter().filter(|found| found.severity <= Severity::S2) {
        let rule = finding::rule(&found.rule);
        let place = &found.place;
        let is_listed = taken_out.contains(&(&found.dataset, &place.file, &place.sheet, place.row));
        let of_sheet = is_of_sheet(&found.rule) || found.rule == finding::SHEET_ODD.id;
        if is_listed && (of_sheet || rule.is_some_and(|rule| rule.takes_out() && !rule.sets_aside())) {
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
        // Without a school and a file it is a matter for the city.
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
            person: String::new(),
            headers: Arc::default(),
        });
    }
    queries
}

/// Sets the answer and state of each case, and adds answered cases that the release no longer has.
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
            person: String::new(),
            headers: Arc::default(),
        });
    }
}

fn answer(decision: &Override, correction: &Correction) -> CaseAnswer {
    CaseAnswer {
        decision: decision.id,
        kind: correction.kind,
        by: decision.who.clone(),
        at: decision.when.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise::Reject;
    use crate::position::Place;
    use State::{Closed, Lapsed, Open, Recorded, StillWrong};

    fn accepted(schools: &[&str]) -> CountedDelivery {
        CountedDelivery {
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
            origin: None,
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
        let described: Vec<(&str, u32, u64, usize, &[Kind])> = found
            .iter()
            .map(|case| (&*case.sheet, case.row, case.count, case.problems.len(), &*case.answers))
            .collect();
        assert_eq!(
            described,
            [
                ("s", 4, 1, 2, &[Kind::Corrected, Kind::GivenUp][..]),
                ("s", 7, 1, 1, &[Kind::GivenUp]),
                ("备注", 0, 2, 1, &[Kind::GivenUp]),
            ]
        );
        assert_eq!(found[0].messages().matches("列（").count(), 2);
        assert_eq!((found[0].rules().as_str(), found[0].head(1).as_str()), ("E-CELL", "出生日期"));
        assert!(found.iter().all(|case| case.school_code == "3614000001"));
        // In a file of two schools, the school of a row without a code is unknown.
        let of_two = of_delivery(&accepted(&["3614000001", "3614000002"]), rows());
        assert!(of_two.iter().all(|case| case.school_code.is_empty()));
        assert_eq!(of_two[0].id, found[0].id);
    }

    #[test]
    fn the_state_of_a_case_follows_from_its_answer_and_its_outcome() {
        let states = |answers: &[(u32, usize, Kind)], applied: &[u32], lapsed: &[u32]| {
            let mut found = of_delivery(&accepted(&["3614000001"]), rows());
            let ids: Vec<String> =
                found.iter().map(|case| case.id.clone()).chain(["R0".to_owned()]).collect();
            let all: Vec<Override> =
                answers.iter().map(|(id, at, kind)| decision(*id, &ids[*at], *kind)).collect();
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
