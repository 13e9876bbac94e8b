//! The open questions of a year, and the commands that answer them: a year is not signed while any is open.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Failure;
use super::output::{self, left, right};
use crate::figures::reconcile;
use crate::finding::{self, Finding, Rule, Severity};
use crate::period::ReportYear;
use crate::tables;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::{Manifest, YearSummary};

/// The open questions of one rule at one place.
#[derive(Debug, Serialize)]
pub struct OpenRule {
    pub rule: String,
    pub severity: &'static str,
    pub title: String,
    /// The school, or else the county or the city; empty where none is named.
    pub unit: String,
    pub count: u64,
    /// Questions that are answered one by one.
    pub questions: Vec<Question>,
    /// Deliveries that the questions are about.
    pub files: Vec<String>,
    pub answered_by: String,
}

/// One question, and the key that an answer names it by.
#[derive(Debug, Serialize)]
pub struct Question {
    pub key: String,
    pub asks: String,
}

impl Question {
    /// The question of a finding that has a key, without the rule's title, which is printed above it.
    fn of(finding: &Finding, title: &str) -> Option<Question> {
        if finding.key.is_empty() {
            return None;
        }
        let text = finding.message.strip_prefix(title).unwrap_or(&finding.message);
        Some(Question { key: finding.key.clone(), asks: text.trim_start_matches('：').to_owned() })
    }
}

/// A year of a release as its signers must see it.
#[derive(Debug, Serialize)]
pub struct OpenYear {
    pub report_year: ReportYear,
    pub release: u32,
    pub open: Vec<OpenRule>,
    /// Rows that were kept out, which need no answer: they are reported, and do not count.
    pub rows_kept_out: u64,
    pub files_rejected: u64,
}

impl OpenYear {
    #[must_use]
    pub fn count(&self) -> u64 {
        self.open.iter().map(|open| open.count).sum()
    }
}

/// Whether a finding waits for an answer: every question (S2) does, and every delivery that is set aside until
/// a person accepts it.
fn waits(finding: &Finding) -> bool {
    let answered = || finding::rule(&finding.rule).is_some_and(Rule::is_answered_by_override);
    match finding.severity {
        Severity::S2 => true,
        Severity::S0 | Severity::S1 => answered(),
        Severity::S3 => false,
    }
}

/// The commands that answer a rule, for the reader to complete.
pub fn answered_by(rule: &str, year: ReportYear) -> String {
    let by_key = "nianbao override answer KEY… --by NAME --why TEXT".to_owned();
    let Some(known) = finding::rule(rule) else { return by_key };
    if known.is_answered_by_key() && !known.is_answered_by_override() {
        return by_key;
    }
    let is_rule = |rule: &Rule| known.id == rule.id;
    if is_rule(finding::BASES_DIFFER) {
        format!(
            "fill in the workbook …填报与系统差异表.xlsx of reports/{year}/, then nianbao override read FILE; or \
             nianbao override set"
        )
    } else if is_rule(finding::TWO_DELIVERIES) {
        format!(
            "nianbao override accept --rule {rule} --file FILE --by NAME --why TEXT for the one that counts; \
             then take the other away, or {by_key}"
        )
    } else if known.is_answered_by_override() {
        format!("nianbao override accept --rule {rule} --file FILE --by NAME --why TEXT, or a new delivery")
    } else if known.may_be_confirmed() || known.takes_out() {
        format!("nianbao quarantine export --year {year}; filled in, nianbao quarantine release FILE")
    } else if is_rule(finding::VALUE_LAPSED) {
        "nianbao override set anew, or nianbao override withdraw NUMBER".to_owned()
    } else if is_rule(finding::CORRECTION_UNFIT) {
        "nianbao override withdraw NUMBER, then answer the new correction sheet".to_owned()
    } else {
        "nianbao run, when the file is whole".to_owned()
    }
}

/// Everything that is open in a year of a release.
///
/// # Errors
/// When its tables cannot be read, or it has no such year.
pub fn of_year(data: &DataRoot, manifest: &Manifest, year: ReportYear) -> Result<OpenYear, Failure> {
    let Some(path) = manifest.table(data, "finding", year) else {
        return Err(no_year(manifest, year));
    };
    let found = tables::finding::read(&path).map_err(|error| Failure::internal(&error))?;
    let differences = match manifest.table(data, "difference", year) {
        Some(path) => reconcile::read(&path).map_err(|error| Failure::internal(&error))?,
        None => Vec::new(),
    };
    let empty = YearSummary::default();
    let summary = manifest.summary.years.get(&year).unwrap_or(&empty);
    let title = |rule: &str| {
        let known = summary.rules.iter().find(|known| known.rule == rule);
        known.map_or_else(String::new, |known| known.title.clone())
    };
    let new = |(severity, rule, unit): &(Severity, String, String)| OpenRule {
        rule: rule.clone(),
        severity: severity.code(),
        title: title(rule),
        unit: unit.clone(),
        count: 0,
        questions: Vec::new(),
        files: Vec::new(),
        answered_by: answered_by(rule, year),
    };
    let mut open: BTreeMap<(Severity, String, String), OpenRule> = BTreeMap::new();
    for finding in found.iter().filter(|finding| waits(finding)) {
        // The finding exists once per indicator; the table of differences has the schools.
        if finding.rule == finding::BASES_DIFFER.id {
            continue;
        }
        let unit = [&finding.school_code, &finding.region_code].into_iter().find(|code| !code.is_empty());
        let unit = unit.map_or("", String::as_str);
        let key = (finding.severity, finding.rule.clone(), unit.to_owned());
        let rule = open.entry(key).or_insert_with_key(new);
        rule.count += finding.count;
        rule.questions.extend(Question::of(finding, &rule.title));
        let file = &finding.place.file;
        if rule.questions.is_empty() && !file.is_empty() && !rule.files.contains(file) {
            rule.files.push(file.clone());
        }
    }
    for difference in differences.iter().filter(|difference| difference.is_open()) {
        let key =
            (Severity::S2, finding::BASES_DIFFER.id.to_owned(), difference.key.unit.school_code.clone());
        open.entry(key).or_insert_with_key(new).count += 1;
    }
    Ok(OpenYear {
        report_year: year,
        release: manifest.release,
        open: open.into_values().collect(),
        rows_kept_out: summary.rows.quarantined,
        files_rejected: summary.files.rejected,
    })
}

/// The failure that a release does not have a year.
pub fn no_year(manifest: &Manifest, year: ReportYear) -> Failure {
    let years: Vec<String> = manifest.years.iter().map(ToString::to_string).collect();
    let message = format!("release {:06} has no year {year}; it has {}", manifest.release, years.join(", "));
    Failure::usage(&message)
}

/// Prints what is open, rule by rule, with the units and the command that answers it.
pub fn print(open_year: &OpenYear) {
    /// More units or keys of a rule are counted: `--json` has them all.
    const SHOWN: usize = 12;
    let mut position = 0;
    while let Some(first) = open_year.open.get(position) {
        let is_same = |open: &&OpenRule| (&open.rule, open.severity) == (&first.rule, first.severity);
        let of_rule: Vec<&OpenRule> = open_year.open[position..].iter().take_while(is_same).collect();
        position += of_rule.len();
        let count: u64 = of_rule.iter().map(|open| open.count).sum();
        output::line(&format!(
            "{} {}  {} {}",
            first.severity,
            right(&count.to_string(), 6),
            left(&first.rule, 22),
            first.title
        ));
        let lines: Vec<String> = of_rule.iter().flat_map(|open| lines(open)).collect();
        for line in lines.iter().take(SHOWN) {
            output::line(&format!("             {line}"));
        }
        if lines.len() > SHOWN {
            output::line(&format!("             … {} more", lines.len() - SHOWN));
        }
        output::line(&format!("           → {}", first.answered_by));
    }
}

/// The questions that are answered one by one; else the unit, the number of its questions, and the files.
fn lines(open: &OpenRule) -> Vec<String> {
    const COLUMNS: usize = 60;
    if !open.questions.is_empty() {
        let line = |question: &Question| {
            format!("{}  {}", question.key, cut(&question.asks, COLUMNS)).trim_end().to_owned()
        };
        return open.questions.iter().map(line).collect();
    }
    let unit = if open.unit.is_empty() { "-" } else { &open.unit };
    let count = right(&open.count.to_string(), 5);
    vec![format!("{} {count}  {}", left(unit, 10), open.files.join("、")).trim_end().to_owned()]
}

/// The beginning of a text, at most `columns` wide.
fn cut(text: &str, columns: usize) -> String {
    let mut cut = String::new();
    for c in text.chars() {
        if output::width(&cut) + 2 > columns {
            return cut + "…";
        }
        cut.push(c);
    }
    cut
}

/// A line about the rows and files that were kept out.
#[must_use]
pub fn kept_out(open_year: &OpenYear) -> String {
    format!(
        "kept out, and no obstacle to signing: {} rows in quarantine, {} files rejected (S1)",
        open_year.rows_kept_out, open_year.files_rejected
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_has_a_command_that_answers_it() {
        let run_again = [finding::FILE_GROWING.id];
        for rule in finding::RULES.iter().filter(|rule| rule.severity == Severity::S2) {
            let by = answered_by(rule.id, 2024);
            assert_eq!(by.starts_with("nianbao run"), run_again.contains(&rule.id), "{}: {by}", rule.id);
        }
        assert!(answered_by("C-RATIO", 2024).starts_with("nianbao override answer"));
        assert!(answered_by(finding::DELIVERY_SHORT.id, 2024).contains("--rule E-VOLUME"));
    }
}
