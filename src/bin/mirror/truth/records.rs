//! `truth.jsonl`: what a correct pipeline finds in the files.

use serde::Serialize;

use crate::faults::Fault;
use crate::sheets::sheet::Counts;

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Truth {
    Written(WrittenFile),
    Value(TrueValue),
    Planted(PlantedRow),
    File(FileCounts),
}

/// A file that mirror wrote, so that it knows what it may replace.
#[derive(Debug, Clone, Serialize)]
pub struct WrittenFile {
    pub path: String,
    pub sha256: String,
}

#[derive(Debug, Serialize)]
pub struct TrueValue {
    pub report_year: u16,
    pub level: &'static str,
    pub region_code: String,
    pub school_code: String,
    pub indicator_id: &'static str,
    pub basis: &'static str,
    pub breakdown: &'static str,
    pub breakdown_code: String,
    pub state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numerator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denominator: Option<String>,
    #[serde(rename = "value")]
    pub text: String,
}

#[derive(Debug, Serialize)]
pub struct PlantedRow {
    pub report_year: u16,
    pub dataset: &'static str,
    pub file: String,
    pub sheet: String,
    /// Physical row of the sheet, line of the CSV or `tr` of the HTML, from 1.
    pub row: usize,
    pub school_code: String,
    pub fault: &'static str,
    pub outcome: &'static str,
    pub rule: &'static str,
}

impl Truth {
    pub fn planted(
        (report_year, dataset): (u16, &'static str),
        (file, sheet, row): (&str, &str, usize),
        school_code: &str,
        fault: Fault,
    ) -> Self {
        Self::Planted(PlantedRow {
            report_year,
            dataset,
            file: file.to_owned(),
            sheet: sheet.to_owned(),
            row,
            school_code: school_code.to_owned(),
            fault: fault.name(),
            outcome: fault.outcome().name(),
            rule: fault.rule(),
        })
    }
}

#[derive(Debug, Serialize)]
pub struct FileCounts {
    pub report_year: u16,
    pub dataset: &'static str,
    pub file: String,
    pub rows: usize,
    pub loaded: usize,
    pub quarantined: usize,
    pub duplicate: usize,
    pub structural: usize,
}

impl Truth {
    pub fn file(report_year: u16, dataset: &'static str, file: &str, counts: Counts) -> Self {
        Self::File(FileCounts {
            report_year,
            dataset,
            file: file.to_owned(),
            rows: counts.rows,
            loaded: counts.loaded,
            quarantined: counts.quarantined,
            duplicate: counts.duplicate,
            structural: counts.structural,
        })
    }
}
