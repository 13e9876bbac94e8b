//! The origin of a figure: definition, formula with its numbers, schools, and rows in their files.
//!
//! Everything is read from a published release, so that a figure can be explained as long as its
//! release is kept. People are never named: a row is named by file, sheet and row.
//!
//! - [`reader`]: reads everything that all explanations of a year need.
//! - [`derivation`]: how a value was computed.
//! - [`concerns`]: checks, decisions and the previous release.
//! - [`wording`]: the formula in words.

mod reader;

mod derivation;

mod concerns;

mod wording;

use arrow::error::ArrowError;
use polars::prelude::PolarsError;
use serde::Serialize;

use crate::figure::{Basis, Level, Unit};
use crate::figures::{IndicatorValue, Subject, ValueKey};
use crate::number::Decimal;
use crate::period::ReportYear;
use crate::report::catalogue::{self, Entry};
use crate::tables::decision::DecisionRow;
use crate::tables::parquet_file::TableFileError;
use crate::warehouse::publish::PublishError;

pub use reader::Explainer;

/// Why a figure could not be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    #[error("there is no indicator `{0}`")]
    NoIndicator(String),
    #[error("the release has no {0}")]
    NoUnit(String),
    #[error(transparent)]
    Table(#[from] TableFileError),
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error("polars: {0}")]
    Polars(#[from] PolarsError),
    #[error("arrow: {0}")]
    Arrow(#[from] ArrowError),
}

/// One figure at one place of the hierarchy, explained.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    pub release: u32,
    pub report_year: ReportYear,
    pub level: &'static str,
    pub region_code: String,
    pub school_code: String,
    pub unit_name: String,
    pub catalogue: Entry,
    /// Each basis on which it has a value.
    pub bases: Vec<Derivation>,
    /// Between every two of them.
    pub differences: Vec<Difference>,
    pub printed: Vec<CellPlace>,
    /// Checks of it, and their findings.
    pub checks: Vec<CheckResult>,
    pub overrides: Vec<Decision>,
    /// Its value in the previous release, where that is kept.
    pub before: Vec<EarlierValue>,
}

/// How a value was computed.
#[derive(Debug, Clone, Serialize)]
pub struct Derivation {
    pub indicator_id: String,
    pub title_zh: String,
    pub unit: String,
    pub basis: &'static str,
    /// For adjusted values: the basis whose value it replaces.
    pub stands_for: &'static str,
    pub level: &'static str,
    pub region_code: String,
    /// `count`, `sum`, `max`, `count_distinct`, `sum_of`, `ratio`, `weighted_mean`, `list`.
    pub kind: &'static str,
    pub state: &'static str,
    pub value: Option<String>,
    pub words: Option<String>,
    pub numerator: Option<String>,
    pub denominator: Option<String>,
    pub factor: i64,
    /// Whether everything is in it that should be.
    pub complete: bool,
    /// Schools whose part is in it, and those whose part should be but is not; see `indicator_value`.
    pub n_schools: u32,
    pub n_missing: u32,
    pub share: Option<String>,
    /// The same for people; nothing where it is complete.
    pub incomplete: Option<String>,
    /// Code and name of each school whose part is not in it.
    pub missing_schools: Vec<MissingSchool>,
    /// In words, with its numbers.
    pub formula: String,
    pub table: String,
    pub condition: String,
    pub column: String,
    pub schools: Vec<SchoolPart>,
    pub rows: Vec<CountedRow>,
    pub excluded: Vec<ExcludedRows>,
    pub made_of: Vec<Derivation>,
}

/// The contribution of one school to a value.
#[derive(Debug, Clone, Serialize)]
pub struct SchoolPart {
    pub school_code: String,
    pub school_name: String,
    pub state: &'static str,
    pub value: Option<String>,
    pub weight: Option<String>,
    pub words: Option<String>,
    pub at: Option<FilePlace>,
}

/// A school whose part should be in a value but is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissingSchool {
    pub school_code: String,
    pub school_name: String,
}

/// A place in a delivered file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FilePlace {
    pub file: String,
    pub sheet: String,
    pub row: i32,
}

/// A row that counts, with its value in the column that is summed, compared or distinguished.
#[derive(Debug, Clone, Serialize)]
pub struct CountedRow {
    pub school_code: String,
    #[serde(flatten)]
    pub at: FilePlace,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// Rows of the same schools that are not in the value, by reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExcludedRows {
    pub reason: String,
    pub rows: u64,
}

#[derive(Debug, Clone, Serialize)]
pub struct Difference {
    pub basis_a: &'static str,
    pub basis_b: &'static str,
    pub value_a: String,
    pub value_b: String,
    pub difference: String,
}

/// A printed cell that shows it, in this year's column.
#[derive(Debug, Clone, Serialize)]
pub struct CellPlace {
    pub report_table: String,
    pub report_path: String,
    pub measure: String,
    pub basis: String,
    pub decimals: u32,
    pub printed_text: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct CheckResult {
    pub check: String,
    pub found: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Decision {
    pub rule: String,
    pub key: String,
    pub value: String,
    pub decided_by: String,
    pub decided_at: String,
    pub reason: String,
}

impl From<&DecisionRow> for Decision {
    fn from(row: &DecisionRow) -> Self {
        Decision {
            rule: row.rule.clone(),
            key: row.key.clone(),
            value: row.value.clone(),
            decided_by: row.decided_by.clone(),
            decided_at: row.decided_at.clone(),
            reason: row.reason.clone(),
        }
    }
}

#[derive(Debug, Clone, Serialize)]
pub struct EarlierValue {
    pub release: u32,
    pub basis: &'static str,
    pub state: &'static str,
    pub value: Option<String>,
    pub changed: bool,
}

/// The unit whose figure is requested.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    City,
    Region(&'a str),
    School(&'a str),
}

/// Codes and names of the whole city, and of the schools under no county.
#[derive(Debug, Clone, Copy)]
pub struct City<'a> {
    pub code: &'a str,
    pub name: &'a str,
    pub residual_code: &'a str,
    pub residual_name: &'a str,
}

impl Explainer<'_> {
    /// The unit at this place.
    ///
    /// # Errors
    /// When the release has no such school or region.
    pub fn unit(&self, place: Place<'_>) -> Result<Unit, ExplainError> {
        let unit = |level, region: &str, school: &str| Unit {
            level,
            region_code: region.to_owned(),
            school_code: school.to_owned(),
        };
        match place {
            Place::City => Ok(unit(Level::City, self.city.code, "")),
            Place::Region(code) if code == self.city.code => Ok(unit(Level::City, code, "")),
            Place::Region(code) => {
                let region = unit(Level::County, code, "");
                let known = self.values.keys().any(|key| *key.unit == region);
                if known { Ok(region) } else { Err(ExplainError::NoUnit(format!("region `{code}`"))) }
            }
            Place::School(code) => match self.schools.get(code) {
                Some(school) => Ok(unit(Level::School, &school.region_code, code)),
                None => Err(ExplainError::NoUnit(format!("school `{code}`"))),
            },
        }
    }

    /// Explains one indicator of one unit.
    ///
    /// # Errors
    /// When there is no such indicator, or a table of the release cannot be read.
    pub fn explain(&self, id: &str, unit: &Unit) -> Result<Explanation, ExplainError> {
        let indicators = &self.definitions.indicators;
        let indicator = indicators.iter().find(|indicator| indicator.id == id || indicator.title_zh == id);
        let Some(indicator) = indicator else { return Err(ExplainError::NoIndicator(id.to_owned())) };
        let mut bases = Vec::new();
        for basis in [Basis::System, Basis::Filed, Basis::Survey] {
            bases.extend(self.derivation(indicator, basis, unit)?);
            bases.extend(self.derivation(indicator, basis.adjusted(), unit)?);
        }
        let cells = self.cells.iter().filter(|cell| cell.indicator_id == indicator.id && cell.unit == *unit);
        Ok(Explanation {
            release: self.manifest.release,
            report_year: self.year,
            level: unit.level.name(),
            region_code: unit.region_code.clone(),
            school_code: unit.school_code.clone(),
            unit_name: self.name_of(unit),
            differences: differences(&bases),
            printed: cells.map(|cell| cell.printed.clone()).collect(),
            checks: self.checks(indicator, unit),
            overrides: self.decisions_on(indicator, unit),
            before: self.before(indicator, unit)?,
            catalogue: catalogue::entry(indicator, &self.definitions.layouts),
            bases,
        })
    }

    fn name_of(&self, unit: &Unit) -> String {
        match unit.level {
            Level::City => self.city.name.to_owned(),
            Level::County if unit.region_code == self.city.residual_code => {
                self.city.residual_name.to_owned()
            }
            Level::County => self.definitions.region_name(&unit.region_code, self.year).to_owned(),
            Level::School => self.school_name(&unit.school_code),
        }
    }

    fn school_name(&self, code: &str) -> String {
        self.schools.get(code).map(|school| school.name.clone()).unwrap_or_default()
    }

    fn is_in(&self, school: &str, unit: &Unit) -> bool {
        match unit.level {
            Level::School => school == unit.school_code,
            Level::County => {
                let region = self.schools.get(school).map(|school| school.region_code.as_str());
                region.unwrap_or(self.city.residual_code) == unit.region_code
            }
            Level::City => true,
        }
    }

    fn value(&self, indicator: &str, basis: Basis, unit: &Unit) -> Option<&IndicatorValue> {
        let key = ValueKey::new(Subject::whole(indicator, basis), unit.clone());
        self.values.get(&key)
    }
}

fn differences(bases: &[Derivation]) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (index, a) in bases.iter().enumerate() {
        for b in &bases[index + 1..] {
            let number = |derivation: &Derivation| derivation.value.as_deref().and_then(Decimal::parse);
            if let (Some(value_a), Some(value_b)) = (number(a), number(b)) {
                differences.push(Difference {
                    basis_a: a.basis,
                    basis_b: b.basis,
                    value_a: value_a.to_string(),
                    value_b: value_b.to_string(),
                    difference: Decimal(value_b.0 - value_a.0).to_string(),
                });
            }
        }
    }
    differences
}
