//! Whom a case is about, for the restricted sheets: a clerk finds a person by name, not by a row of a file.

use std::collections::HashMap;
use std::fs;
use std::io;

use super::{Case, QuarantineError};
use crate::definitions::Definitions;
use crate::definitions::contract::header::header_key;
use crate::definitions::contract::{ColumnType, Dataset};
use crate::normalise;
use crate::period::ReportYear;
use crate::quarantine::sheets;
use crate::tables::dataset::DatasetRow;
use crate::tables::row;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::Manifest;

/// Sets the name of the person in each case of a year, or of one school of it: of a row that is kept out from its
/// cells, of a row that was loaded from the restricted list of the people of its delivery.
///
/// # Errors
/// When a file of the release or of the restricted folders cannot be read.
pub fn name_people(
    data: &DataRoot,
    definitions: &Definitions,
    manifest: &Manifest,
    (year, school): (ReportYear, Option<&str>),
    cases: &mut [Case],
) -> Result<(), QuarantineError> {
    for dataset in &definitions.datasets {
        let mut asked: HashMap<(String, String, i32), Vec<usize>> = HashMap::new();
        for (index, case) in cases.iter_mut().enumerate() {
            let is_wanted =
                case.report_year == year && school.is_none_or(|school| case.school_code == school);
            if !is_wanted || case.dataset != dataset.dataset || case.row == 0 {
                continue;
            }
            case.person = name_in(dataset, case);
            if case.person.is_empty() && !case.sha256.is_empty() {
                let row = i32::try_from(case.row).unwrap_or(i32::MAX);
                asked.entry((case.sha256.clone(), case.sheet.clone(), row)).or_default().push(index);
            }
        }
        let id = dataset.column_of_type(ColumnType::IdNumber);
        let (Some(id), Some(path)) = (id, manifest.table(data, &dataset.table, year)) else { continue };
        if asked.is_empty() {
            continue;
        }
        let mut found: Vec<(usize, String)> = Vec::new();
        row::scan(&path, &[&id.name], |row: DatasetRow, texts| {
            let place = (row.source_file, row.source_sheet, row.source_row);
            if let (Some(indices), Some(key)) = (asked.get(&place), texts[0]) {
                found.extend(indices.iter().map(|index| (*index, key.to_owned())));
            }
        })?;
        let mut people: HashMap<String, HashMap<String, String>> = HashMap::new();
        for (index, key) in found {
            let Some(case) = cases.get_mut(index) else { continue };
            let mut accepted = manifest.accepted.iter().filter(|accepted| {
                accepted.report_year == year
                    && accepted.dataset == case.dataset
                    && accepted.sha256 == case.sha256
            });
            let Some(accepted) = accepted.next() else { continue };
            if !people.contains_key(&accepted.fragment) {
                people.insert(accepted.fragment.clone(), names_of(data, &accepted.fragment)?);
            }
            let name = people.get(&accepted.fragment).and_then(|names| names.get(&key));
            case.person = name.cloned().unwrap_or_default();
        }
    }
    Ok(())
}

/// The name in the cells of a row as delivered.
fn name_in(dataset: &Dataset, case: &Case) -> String {
    let Some(column) = dataset.column_of_type(ColumnType::PersonName) else { return String::new() };
    let keys: Vec<String> =
        column.names.iter().chain(&column.fallback_names).map(|name| header_key(name)).collect();
    let at = case.headers.iter().position(|header| keys.contains(&header_key(header)));
    at.and_then(|at| case.cells.get(at)).map(|name| sheets::shown(name)).unwrap_or_default()
}

fn names_of(data: &DataRoot, fragment: &str) -> Result<HashMap<String, String>, QuarantineError> {
    let path = data.people(fragment);
    match fs::read(&path) {
        Ok(lines) => Ok(normalise::names_of_people(&lines)),
        // Of a dataset without people.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(HashMap::new()),
        Err(source) => Err(QuarantineError::Io { path, source }),
    }
}
