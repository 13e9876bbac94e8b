//! A year's rows, page by page.

use std::collections::BTreeMap;

use serde_json::Value;

use super::definition::{Paging, Pull, Source};
use super::failure::Failure;
use super::records;
use super::session::Session;
use super::store::{KeptFile, PullState};
use super::template::Variables;
use super::walk::{Page, Step, Walk};
use crate::period::ReportYear;

/// How often a year is read anew when its rows change while they are read.
const RESTARTS_MAX: u32 = 2;

/// What a pull brought: its new state, the bytes of its files, and the answers that they were made of.
#[derive(Debug)]
pub struct Pulled {
    pub state: PullState,
    pub bytes: BTreeMap<String, Vec<u8>>,
    pub answers: Vec<Vec<u8>>,
}

/// Reports how far a pull is: rows or files, and of how many.
pub type Progress<'p> = &'p (dyn Fn(u64, Option<u64>) + Sync);

/// Pulls a year.
///
/// # Errors
/// Every class of failure.
pub async fn pull(
    session: &Session<'_>,
    source: &Source,
    pull: &Pull,
    paging: &Paging,
    year: ReportYear,
    progress: Progress<'_>,
) -> Result<Pulled, Failure> {
    let mut changed = 0;
    let mut doubted = false;
    loop {
        let mut answers = Vec::new();
        let (step, walk) = read_pages(session, pull, paging, year, progress, &mut answers).await?;
        let failure = match step {
            Step::Ask(_) | Step::Complete => return delivered(source, pull, year, walk.into_rows(), answers),
            Step::Changed(why) => {
                changed += 1;
                if changed <= RESTARTS_MAX {
                    continue;
                }
                Failure::unproven(format!("{why}; it was read {changed} times"))
            }
            Step::Unproven(why) => {
                if !doubted {
                    doubted = true;
                    continue;
                }
                Failure::unproven(why)
            }
        };
        return Err(failure);
    }
}

async fn read_pages(
    session: &Session<'_>,
    pull: &Pull,
    paging: &Paging,
    year: ReportYear,
    progress: Progress<'_>,
    answers: &mut Vec<Vec<u8>>,
) -> Result<(Step, Walk), Failure> {
    let mut walk = Walk::new(paging.first);
    let mut step = walk.begin();
    let ask = pull.ask();
    while let Step::Ask(number) = step {
        let mut variables = Variables::from([("year".to_owned(), year.to_string())]);
        variables.insert("page".to_owned(), number.to_string());
        variables.insert("size".to_owned(), paging.size.to_string());
        let (value, answer) = session.ask_raw(&ask, &variables).await?;
        answers.push(answer.body);
        step = walk.take(page(pull, paging, year, &value)?);
        let (known, total) = walk.progress();
        progress(known, total);
    }
    Ok((step, walk))
}

/// A page of an answer, with the rows as objects.
fn page(pull: &Pull, paging: &Paging, year: ReportYear, value: &Value) -> Result<Page, Failure> {
    let list = paging
        .rows
        .list(value)
        .or_else(|| paging.rows.find(value).is_some_and(|found| found.is_null()).then(Vec::new))
        .ok_or_else(|| Failure::unproven("an answer has no rows where `rows` looks"))?;
    let variables = Variables::from([("year".to_owned(), year.to_string())]);
    let mut rows = Vec::with_capacity(list.len());
    for row in list {
        let key = paging
            .key
            .text(&row)
            .filter(|key| !key.is_empty())
            .ok_or_else(|| Failure::unproven("a row has no key where `key` looks"))?;
        if let Some(echo) = &pull.echo
            && echo.row.text(&row).as_deref() != Some(echo.equals.fill(&variables).as_str())
        {
            return Err(Failure::harmful(format!(
                "asked for {year}, the platform gives rows of another year"
            )));
        }
        rows.push((key, row));
    }
    Ok(Page { rows, total: paging.total.count(value) })
}

fn delivered(
    source: &Source,
    pull: &Pull,
    year: ReportYear,
    rows: Vec<Value>,
    answers: Vec<Vec<u8>>,
) -> Result<Pulled, Failure> {
    let count = rows.len() as u64;
    if count == 0 && !pull.may_be_empty {
        return Err(Failure::harmful(format!("the platform has no rows of {year}")));
    }
    let bytes = records::canonical(rows, &pull.rename).map_err(Failure::unproven)?;
    let identity = records::identity(&bytes);
    let file = KeptFile {
        file: format!("{}.json", &identity[..16]),
        sha256: identity.clone(),
        label: format!("{}/{}", source.name, pull.name),
        ..KeptFile::default()
    };
    let bytes = BTreeMap::from([(file.file.clone(), bytes)]);
    // A year without rows delivers nothing.
    let files = if count == 0 { Vec::new() } else { vec![file] };
    let bytes = if count == 0 { BTreeMap::new() } else { bytes };
    let state = PullState { identity, rows: count, files, ..PullState::default() };
    Ok(Pulled { state, bytes, answers })
}
