//! The workbook of a year's findings, in which people answer the questions.

use std::collections::BTreeMap;

use super::{RunError, io_error, reconciled};
use crate::definitions::Definitions;
use crate::documents::{self, DocumentKind, Draft};
use crate::report::findings::{self, AnsweredFinding};
use crate::report::sheet::Heading;
use crate::settings::Settings;
use crate::tables;
use crate::tables::decision::DecisionRow;
use crate::tables::row;
use crate::warehouse::files::Access;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::Manifest;

/// Drafts the workbook of a year's findings from its release; nothing for releases without them.
pub(super) fn write_findings(
    settings: &Settings,
    definitions: &Definitions,
    data: &DataRoot,
    manifest: &Manifest,
    heading: &Heading,
) -> Result<Option<Draft>, RunError> {
    let year = heading.year;
    let Some(path) = manifest.table(data, "finding", year) else { return Ok(None) };
    let found = tables::finding::read(&path)?;
    let mut answers: BTreeMap<(String, String), (String, String)> = BTreeMap::new();
    if let Some(path) = manifest.table(data, "override", year) {
        for decision in row::read(&path)? {
            let DecisionRow { rule, key, reason, decided_by, .. } = decision?;
            answers.insert((rule, key), (reason, decided_by));
        }
    }
    let answered = |finding| AnsweredFinding { finding, answer: None };
    let mut rows: Vec<AnsweredFinding<'_>> = found.iter().map(answered).collect();
    for row in rows.iter_mut().filter(|row| !row.finding.key.is_empty()) {
        row.answer = answers.get(&(row.finding.rule.clone(), row.finding.key.clone())).cloned();
    }
    let (names, _) = reconciled::names(settings, definitions, data, manifest, year)?;
    let bytes = findings::workbook(&rows, definitions, &names, heading)?;
    let path = data.reports(year).join(format!("{}{year}年度问题与疑问表.xlsx", settings.city_name));
    let draft = documents::draft(path.clone(), &bytes, DocumentKind::Findings, Access::Open);
    Ok(Some(draft.map_err(io_error(&path))?))
}
