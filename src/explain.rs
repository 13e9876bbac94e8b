//! Where a figure comes from: definition, formula with its numbers, schools, and rows in their files.
//!
//! Everything is read from a published release, so that a figure can be explained as long as its
//! release is kept. People are never named: a row is told by file, sheet and row.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatchReader};
use arrow::datatypes::{DataType, Decimal128Type, Int32Type, Int64Type};
use arrow::error::ArrowError;
use polars::prelude::{PolarsError, col};
use serde::Serialize;

use crate::checks::kind::RelationKind;
use crate::combinations::Combinations;
use crate::contract::Role;
use crate::decisions::findings;
use crate::definition::Definitions;
use crate::finding::{self, Finding};
use crate::indicators::definition::{Answers, Calculation, Combination, Indicator};
use crate::indicators::{IndicatorValue, State, Subject, Unit, ValueKey};
use crate::layout::{Basis, Delivered, Each, Level};
use crate::number::{Decimal, ONE};
use crate::period::ReportYear;
use crate::predicate::Condition;
use crate::report::catalogue::{self, Entry};
use crate::table_file::{self, TableFileError, text_at};
use crate::tables;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::{Manifest, PublishError, read_manifest, releases};

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
    /// On every basis that it has a value on.
    pub bases: Vec<Derivation>,
    /// Between each two of them.
    pub differences: Vec<Difference>,
    pub printed: Vec<PrintedAt>,
    /// Checks that look at it, and what they found.
    pub checks: Vec<CheckedBy>,
    pub overrides: Vec<OverrideTold>,
    /// What the release before this one had, where that is kept.
    pub before: Vec<Before>,
}

/// How a value comes about.
#[derive(Debug, Clone, Serialize)]
pub struct Derivation {
    pub indicator_id: String,
    pub title_zh: String,
    pub unit: String,
    pub basis: &'static str,
    /// For adjusted values: the basis that it stands for.
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
    /// In words, with its numbers.
    pub formula: String,
    pub table: String,
    pub condition: String,
    pub column: String,
    pub schools: Vec<SchoolPart>,
    pub rows: Vec<RowAt>,
    pub excluded: Vec<Excluded>,
    pub made_of: Vec<Derivation>,
}

/// What one school gave to a value.
#[derive(Debug, Clone, Serialize)]
pub struct SchoolPart {
    pub school_code: String,
    pub school_name: String,
    pub state: &'static str,
    pub value: Option<String>,
    pub weight: Option<String>,
    pub words: Option<String>,
    pub at: Option<At>,
}

/// A place in a delivered file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct At {
    pub file: String,
    pub sheet: String,
    pub row: i32,
}

/// A row that counts, with what of it is summed, compared or told apart.
#[derive(Debug, Clone, Serialize)]
pub struct RowAt {
    pub school_code: String,
    #[serde(flatten)]
    pub at: At,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// Rows of the same schools that are not in the value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Excluded {
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

/// A printed cell that shows it, this year's column.
#[derive(Debug, Clone, Serialize)]
pub struct PrintedAt {
    pub report_table: String,
    pub report_path: String,
    pub measure: String,
    pub basis: String,
    pub decimals: u32,
    pub printed_text: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct CheckedBy {
    pub check: String,
    pub found: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct OverrideTold {
    pub rule: String,
    pub key: String,
    pub value: String,
    pub decided_by: String,
    pub decided_at: String,
    pub reason: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct Before {
    pub release: u32,
    pub basis: &'static str,
    pub state: &'static str,
    pub value: Option<String>,
    pub changed: bool,
}

/// Whose figure is asked for.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    City,
    Region(&'a str),
    School(&'a str),
}

/// The codes that stand for the whole city and for what is under no county.
#[derive(Debug, Clone, Copy)]
pub struct City<'a> {
    pub code: &'a str,
    pub name: &'a str,
    pub residual_code: &'a str,
    pub residual_name: &'a str,
}

/// One year of a release, read for explaining.
pub struct Explainer<'a> {
    data: &'a DataRoot,
    manifest: &'a Manifest,
    definitions: &'a Definitions,
    city: City<'a>,
    year: ReportYear,
    values: HashMap<(ReportYear, ValueKey), IndicatorValue>,
    /// Region and name by code.
    schools: BTreeMap<String, (String, String)>,
    /// File by SHA-256.
    files: HashMap<String, String>,
    /// By indicator and school.
    filed: BTreeMap<(String, String), FiledAt>,
    findings: Vec<Finding>,
    overrides: Vec<OverrideRow>,
    cells: Vec<CellRow>,
}

struct FiledAt {
    state: State,
    value: Option<Decimal>,
    words: String,
    at: At,
}

/// A decision that the release applied, with what it is about.
struct OverrideRow {
    told: OverrideTold,
    indicator_id: String,
    school_code: String,
}

struct CellRow {
    indicator_id: String,
    unit: Unit,
    printed: PrintedAt,
}

impl<'a> Explainer<'a> {
    /// Reads what all explanations of a year need.
    ///
    /// # Errors
    /// When a table of the release cannot be read.
    pub fn new(
        data: &'a DataRoot,
        manifest: &'a Manifest,
        definitions: &'a Definitions,
        city: City<'a>,
        year: ReportYear,
    ) -> Result<Self, ExplainError> {
        let mut explainer = Explainer {
            data,
            manifest,
            definitions,
            city,
            year,
            values: HashMap::new(),
            schools: BTreeMap::new(),
            files: HashMap::new(),
            filed: BTreeMap::new(),
            findings: Vec::new(),
            overrides: Vec::new(),
            cells: Vec::new(),
        };
        if let Some(path) = explainer.path("indicator_value") {
            let values = tables::read_indicator_values(&path, definitions)?;
            explainer.values =
                values.into_iter().map(|value| ((value.report_year, value.key.clone()), value)).collect();
        }
        explainer.each_row("dim_school", |this, get| {
            this.schools.insert(get("school_code"), (get("region_code"), get("school_name")));
        })?;
        explainer.each_row("delivery", |this, get| {
            this.files.entry(get("sha256")).or_insert_with(|| get("file"));
        })?;
        if let Some(path) = explainer.path("finding") {
            explainer.findings = tables::read_findings(&path)?;
        }
        explainer.each_row("override", |this, get| {
            this.overrides.push(OverrideRow {
                told: OverrideTold {
                    rule: get("rule"),
                    key: get("key"),
                    value: get("value"),
                    decided_by: get("decided_by"),
                    decided_at: get("decided_at"),
                    reason: get("reason"),
                },
                indicator_id: get("indicator_id"),
                school_code: get("school_code"),
            });
        })?;
        explainer.read_filed()?;
        explainer.read_cells()?;
        Ok(explainer)
    }

    fn path(&self, table: &str) -> Option<std::path::PathBuf> {
        self.manifest.table(self.data, table, self.year)
    }

    fn each_row(
        &mut self,
        table: &str,
        mut take: impl FnMut(&mut Self, &dyn Fn(&str) -> String),
    ) -> Result<(), ExplainError> {
        let Some(path) = self.path(table) else { return Ok(()) };
        for batch in table_file::read(&path)? {
            let batch = batch?;
            for row in 0..batch.num_rows() {
                // Releases of before lack some columns.
                let get = |name: &str| match batch.column_by_name(name) {
                    Some(_) => text_at(&batch, name, row),
                    None => String::new(),
                };
                take(self, &get);
            }
        }
        Ok(())
    }

    fn read_filed(&mut self) -> Result<(), ExplainError> {
        let filing = self.definitions.table_of_role(Role::Filing);
        let Some(path) = self.path(filing) else { return Ok(()) };
        for batch in table_file::read(&path)? {
            let batch = batch?;
            let ints = |name: &str, row: usize| {
                let column = batch.column_by_name(name).map(AsArray::as_primitive::<Int32Type>);
                column.map(|column| column.value(row)).unwrap_or_default()
            };
            let values = batch.column_by_name("value").map(AsArray::as_primitive::<Decimal128Type>);
            for row in (0..batch.num_rows()).filter(|&row| ints("value_year", row) == self.year) {
                let get = |name: &str| text_at(&batch, name, row);
                let value =
                    values.filter(|values| values.is_valid(row)).map(|values| Decimal(values.value(row)));
                let file = get("source_file");
                let at = At {
                    file: self.files.get(&file).cloned().unwrap_or(file),
                    sheet: get("source_sheet"),
                    row: ints("source_row", row),
                };
                let filed =
                    FiledAt { state: State::named(&get("state")), value, words: get("printed_text"), at };
                self.filed.entry((get("indicator_id"), get("school_code"))).or_insert(filed);
            }
        }
        Ok(())
    }

    fn read_cells(&mut self) -> Result<(), ExplainError> {
        let Some(path) = self.path("report_cell") else { return Ok(()) };
        let layout = self.definitions.layout(self.year);
        for batch in table_file::read(&path)? {
            let batch = batch?;
            let years = batch.column_by_name("column_year").map(AsArray::as_primitive::<Int32Type>);
            let texts = batch.column_by_name("printed_text").map(AsArray::as_string::<i32>);
            let (Some(years), Some(texts)) = (years, texts) else { continue };
            for row in (0..batch.num_rows()).filter(|&row| years.value(row) == self.year) {
                let get = |name: &str| text_at(&batch, name, row);
                // Parts of a breakdown are explained by their whole.
                if !get("breakdown").is_empty() {
                    continue;
                }
                let (table, path, measure) = (get("report_table"), get("report_path"), get("measure"));
                let place = layout.and_then(|layout| layout.table(&table));
                let repeated = |row: &&crate::layout::RowLayout| row.each.is_some() && row.measure == measure;
                let own = place.and_then(|table| {
                    table.row(&path, &measure).or_else(|| table.rows.iter().find(repeated))
                });
                let mut unit = Unit {
                    level: Level::named(&get("level")),
                    region_code: get("region_code"),
                    school_code: get("school_code"),
                };
                // A row of a county in the city's table shows the county's value.
                if let Some(county) = own.filter(|row| row.each == Some(Each::County)) {
                    let label = path.strip_prefix(county.path.split('{').next().unwrap_or_default());
                    let regions = self.definitions.regions();
                    let region =
                        label.zip(regions).and_then(|(label, all)| all.look_up_any_year(label, self.year));
                    if let Some(region) = region {
                        unit = Unit { level: Level::County, region_code: region.code.clone(), ..unit };
                    }
                }
                self.cells.push(CellRow {
                    indicator_id: get("indicator_id"),
                    unit,
                    printed: PrintedAt {
                        report_table: table,
                        report_path: path,
                        measure,
                        basis: get("basis"),
                        decimals: own.map_or(0, |row| row.decimals),
                        printed_text: texts.is_valid(row).then(|| texts.value(row).to_owned()),
                    },
                });
            }
        }
        Ok(())
    }

    /// The unit that is meant.
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
                let known = self.values.keys().any(|(_, key)| *key.unit == region);
                if known { Ok(region) } else { Err(ExplainError::NoUnit(format!("region `{code}`"))) }
            }
            Place::School(code) => match self.schools.get(code) {
                Some((region, _)) => Ok(unit(Level::School, region, code)),
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
            overrides: self.overrides_of(indicator, unit),
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
        self.schools.get(code).map(|(_, name)| name.clone()).unwrap_or_default()
    }

    fn is_in(&self, school: &str, unit: &Unit) -> bool {
        match unit.level {
            Level::School => school == unit.school_code,
            Level::County => {
                let region = self.schools.get(school).map(|(region, _)| region.as_str());
                region.unwrap_or(self.city.residual_code) == unit.region_code
            }
            Level::City => true,
        }
    }

    fn value(&self, indicator: &str, basis: Basis, unit: &Unit) -> Option<&IndicatorValue> {
        let key = ValueKey::new(Subject::whole(indicator, basis), unit.clone());
        self.values.get(&(self.year, key))
    }

    /// How the value on one basis comes about; `None` where there is none.
    fn derivation(
        &self,
        indicator: &Indicator,
        basis: Basis,
        unit: &Unit,
    ) -> Result<Option<Derivation>, ExplainError> {
        let Some(value) = self.value(&indicator.id, basis, unit) else { return Ok(None) };
        let text = |value: Option<Decimal>| value.map(|value| value.to_string());
        let mut derivation = Derivation {
            indicator_id: indicator.id.clone(),
            title_zh: indicator.title_zh.clone(),
            unit: indicator.unit.clone(),
            basis: basis.name(),
            stands_for: if basis.is_adjusted() { basis.delivered().name() } else { "" },
            level: unit.level.name(),
            region_code: unit.region_code.clone(),
            kind: "",
            state: value.state.name(),
            value: text(value.value),
            words: value.words.clone(),
            numerator: text(value.ratio.map(|ratio| ratio.numerator)),
            denominator: text(value.ratio.map(|ratio| ratio.denominator)),
            factor: value.ratio.map_or(1, |ratio| ratio.factor),
            formula: String::new(),
            table: String::new(),
            condition: String::new(),
            column: String::new(),
            schools: Vec::new(),
            rows: Vec::new(),
            excluded: Vec::new(),
            made_of: Vec::new(),
        };
        match basis {
            Basis::System => self.on_system(indicator, unit, &mut derivation)?,
            Basis::Filed => self.on_filed(indicator, unit, &mut derivation),
            Basis::Survey => self.on_survey(indicator, unit, &mut derivation)?,
            Basis::Adjusted(of) => self.on_adjusted(indicator, of, unit, &mut derivation)?,
        }
        derivation.formula = formula(&derivation);
        Ok(Some(derivation))
    }

    fn on_system(
        &self,
        indicator: &Indicator,
        unit: &Unit,
        derivation: &mut Derivation,
    ) -> Result<(), ExplainError> {
        let others = |ids: &[(&String, Unit)]| -> Result<Vec<Derivation>, ExplainError> {
            let mut made_of = Vec::new();
            for (id, unit) in ids {
                if let Some(other) = self.definitions.indicator(id) {
                    made_of.extend(self.derivation(other, Basis::System, unit)?);
                }
            }
            Ok(made_of)
        };
        let (kind, table, condition, column) = match &indicator.system {
            Some(Calculation::Count(of)) => ("count", &of.table, &of.condition, ""),
            Some(Calculation::Sum(of)) => ("sum", &of.table, &of.condition, of.column.as_str()),
            Some(Calculation::Max(of)) => ("max", &of.table, &of.condition, of.column.as_str()),
            Some(Calculation::CountDistinct(of)) => {
                ("count_distinct", &of.table, &of.condition, of.column.as_str())
            }
            Some(Calculation::SumOf(parts)) => {
                derivation.kind = "sum_of";
                let parts: Vec<_> = parts.iter().map(|part| (part, unit.clone())).collect();
                derivation.made_of = others(&parts)?;
                return Ok(());
            }
            Some(Calculation::Ratio(ratio)) => {
                derivation.kind = "ratio";
                let whole = match ratio.denominator_level {
                    Some(Level::City) => self.unit(Place::City)?,
                    _ => unit.clone(),
                };
                derivation.made_of =
                    others(&[(&ratio.numerator, unit.clone()), (&ratio.denominator, whole)])?;
                return Ok(());
            }
            None => return Ok(()),
        };
        derivation.kind = kind;
        derivation.table.clone_from(table);
        condition.text().clone_into(&mut derivation.condition);
        column.clone_into(&mut derivation.column);
        self.measured(indicator, (Basis::System, condition), unit, derivation)
    }

    fn on_survey(
        &self,
        indicator: &Indicator,
        unit: &Unit,
        derivation: &mut Derivation,
    ) -> Result<(), ExplainError> {
        let Some(answers) = &indicator.survey else { return Ok(()) };
        let (kind, condition, column) = match answers {
            Answers::Sum(of) => ("sum", &of.condition, &of.column),
            Answers::WeightedMean(of) => ("weighted_mean", &of.condition, &of.value),
        };
        derivation.kind = kind;
        answers.table().clone_into(&mut derivation.table);
        condition.text().clone_into(&mut derivation.condition);
        derivation.column.clone_from(column);
        self.measured(indicator, (Basis::Survey, condition), unit, derivation)
    }

    /// The rows of a table, those left out, and what each school's come to.
    fn measured(
        &self,
        indicator: &Indicator,
        (basis, condition): (Basis, &Condition),
        unit: &Unit,
        derivation: &mut Derivation,
    ) -> Result<(), ExplainError> {
        if let Some(path) = self.path(&derivation.table) {
            self.measured_rows(&path, condition, unit, derivation)?;
        }
        self.quarantined(unit, derivation);
        let school = |code: &String| Unit {
            level: Level::School,
            region_code: self
                .schools
                .get(code)
                .map_or(self.city.residual_code, |(region, _)| region)
                .to_owned(),
            school_code: code.clone(),
        };
        let counted: BTreeSet<&String> = derivation.rows.iter().map(|row| &row.school_code).collect();
        let schools: BTreeSet<&String> = self.schools.keys().chain(counted).collect();
        derivation.schools = schools
            .into_iter()
            .filter(|code| self.is_in(code, unit))
            .filter_map(|code| {
                let value = self.value(&indicator.id, basis, &school(code))?;
                Some(SchoolPart {
                    school_code: code.clone(),
                    school_name: self.school_name(code),
                    state: value.state.name(),
                    value: value.value.map(|value| value.to_string()),
                    weight: value.ratio.map(|ratio| ratio.denominator.to_string()),
                    words: None,
                    at: None,
                })
            })
            .collect();
        Ok(())
    }

    /// The rows that count, and how many do not, by reason.
    fn measured_rows(
        &self,
        path: &Path,
        condition: &Condition,
        unit: &Unit,
        to: &mut Derivation,
    ) -> Result<(), ExplainError> {
        let looked_at = &condition.columns() | &BTreeSet::from(["school_code".to_owned()]);
        let told = ["source_file", "source_sheet", "source_row", "counted", "not_counted_because"];
        let told = told.into_iter().chain(Some(to.column.as_str()).filter(|column| !column.is_empty()));
        let columns = &looked_at | &told.map(str::to_owned).collect();
        let reader = table_file::read_plain(path, Some(&columns))?;
        let mut combinations = Combinations::new(&reader.schema(), &looked_at, &BTreeSet::new())?;
        let mut batches = Vec::new();
        for batch in reader {
            let batch = batch?;
            let of_rows = combinations.add(&batch, None)?;
            batches.push((batch, of_rows));
        }
        let condition = col("school_code").is_not_null().and(condition.expression());
        let meets = combinations.which_meet(condition)?;
        let mut excluded: BTreeMap<String, u64> = BTreeMap::new();
        for (batch, of_rows) in &batches {
            let counted = batch.column_by_name("counted").map(AsArray::as_boolean);
            let numbers = batch.column_by_name("source_row").map(AsArray::as_primitive::<Int32Type>);
            for (row, &combination) in of_rows.iter().enumerate() {
                let school = text_at(batch, "school_code", row);
                if !self.is_in(&school, unit) {
                    continue;
                }
                if !counted.is_some_and(|counted| counted.is_valid(row) && counted.value(row)) {
                    let reason = text_at(batch, "not_counted_because", row);
                    let reason = match reason.as_str() {
                        "status" => "状态不计入",
                        "counted_at_other_school" => "同一人计在另一所学校",
                        "counted_in_other_row" => "同一对象计在另一行",
                        other => other,
                    };
                    *excluded.entry(reason.to_owned()).or_default() += 1;
                    continue;
                }
                if !meets[combination as usize] {
                    *excluded.entry(format!("不满足 {}", to.condition)).or_default() += 1;
                    continue;
                }
                let file = text_at(batch, "source_file", row);
                to.rows.push(RowAt {
                    school_code: school,
                    at: At {
                        file: self.files.get(file.as_str()).cloned().unwrap_or(file),
                        sheet: text_at(batch, "source_sheet", row),
                        row: numbers.map(|numbers| numbers.value(row)).unwrap_or_default(),
                    },
                    value: batch.column_by_name(&to.column).and_then(|column| told_at(column, row)),
                });
            }
        }
        to.excluded.extend(excluded.into_iter().map(|(reason, rows)| Excluded { reason, rows }));
        Ok(())
    }

    /// Rows of the unit's schools that never came into the table.
    fn quarantined(&self, unit: &Unit, to: &mut Derivation) {
        let datasets = self.definitions.datasets.iter().filter(|dataset| dataset.table == to.table);
        let datasets: BTreeSet<&str> = datasets.map(|dataset| dataset.dataset.as_str()).collect();
        let mut by_rule: BTreeMap<&str, u64> = BTreeMap::new();
        for finding in self.findings.iter().filter(|finding| finding.rows_out > 0) {
            if datasets.contains(finding.dataset.as_str()) && self.concerns(finding, unit) {
                *by_rule.entry(&finding.rule).or_default() += finding.rows_out;
            }
        }
        to.excluded.extend(by_rule.into_iter().map(|(id, rows)| {
            let title = finding::rule(id).map_or("", |rule| rule.title);
            Excluded { reason: format!("隔离 {id} {title}"), rows }
        }));
    }

    fn on_filed(&self, indicator: &Indicator, unit: &Unit, to: &mut Derivation) {
        let weight = match &indicator.filed {
            Some(Combination::WeightedMean { weight }) => Some(weight),
            _ => None,
        };
        to.kind = match &indicator.filed {
            Some(Combination::Sum) => "sum",
            Some(Combination::Max) => "max",
            Some(Combination::WeightedMean { .. }) if unit.level == Level::School => "as_filed",
            Some(Combination::WeightedMean { .. }) => "weighted_mean",
            Some(Combination::List) => "list",
            Some(Combination::Lines) | None => "",
        };
        self.definitions.table_of_role(Role::Filing).clone_into(&mut to.table);
        for (code, (_, name)) in self.schools.iter().filter(|(code, _)| self.is_in(code, unit)) {
            let of = |id: &String| self.filed.get(&(id.clone(), code.clone()));
            let filed = of(&indicator.id);
            to.schools.push(SchoolPart {
                school_code: code.clone(),
                school_name: name.clone(),
                state: filed.map_or(State::Missing, |filed| filed.state).name(),
                value: filed.and_then(|filed| filed.value).map(|value| value.to_string()),
                weight: weight.and_then(of).and_then(|filed| filed.value).map(|value| value.to_string()),
                words: filed.filter(|filed| filed.value.is_none()).map(|filed| filed.words.clone()),
                at: filed.map(|filed| filed.at.clone()),
            });
        }
    }

    /// The schools' values with those that persons set in their places, combined as the others are.
    fn on_adjusted(
        &self,
        indicator: &Indicator,
        of: Delivered,
        unit: &Unit,
        to: &mut Derivation,
    ) -> Result<(), ExplainError> {
        let weight = match (of, &indicator.system, &indicator.filed) {
            (Delivered::System, Some(Calculation::SumOf(_) | Calculation::Ratio(_)), _) => {
                self.on_system(indicator, unit, to)?;
                for part in &mut to.made_of {
                    let adjusted = self.definitions.indicator(&part.indicator_id);
                    let of_unit = Unit {
                        level: Level::named(part.level),
                        region_code: part.region_code.clone(),
                        ..unit.clone()
                    };
                    let adjusted =
                        adjusted.map(|other| self.derivation(other, of.basis().adjusted(), &of_unit));
                    if let Some(adjusted) = adjusted.transpose()?.flatten() {
                        *part = adjusted;
                    }
                }
                return Ok(());
            }
            (Delivered::System, Some(Calculation::Max(_)), _)
            | (Delivered::Filed, _, Some(Combination::Max)) => {
                to.kind = "max";
                None
            }
            (Delivered::Filed, _, Some(Combination::WeightedMean { weight })) => {
                to.kind = if unit.level == Level::School { "as_filed" } else { "weighted_mean" };
                Some(weight)
            }
            _ => {
                to.kind = "sum";
                None
            }
        };
        for (code, (region, name)) in self.schools.iter().filter(|(code, _)| self.is_in(code, unit)) {
            let school =
                Unit { level: Level::School, region_code: region.clone(), school_code: code.clone() };
            let stands = |id: &str| {
                self.value(id, of.basis().adjusted(), &school).or_else(|| self.value(id, of.basis(), &school))
            };
            let value = stands(&indicator.id);
            to.schools.push(SchoolPart {
                school_code: code.clone(),
                school_name: name.clone(),
                state: value.map_or(State::Missing, |value| value.state).name(),
                value: value.and_then(|value| value.value).map(|value| value.to_string()),
                weight: weight.and_then(|id| stands(id)?.value).map(|value| value.to_string()),
                words: None,
                at: None,
            });
        }
        Ok(())
    }

    /// Whether a finding is of one of the unit's schools, of the unit itself, or of the city as a whole. A row
    /// of which nobody knows the school is the city's alone.
    fn concerns(&self, finding: &Finding, unit: &Unit) -> bool {
        match (finding.school_code.as_str(), finding.region_code.as_str()) {
            ("", "") => unit.level == Level::City,
            ("", region) => unit.level == Level::City || region == unit.region_code,
            (school, _) => self.is_in(school, unit),
        }
    }

    /// What must hold of the figure, and what was found about it: of the unit, and of schools in it.
    fn checks(&self, indicator: &Indicator, unit: &Unit) -> Vec<CheckedBy> {
        let own: Vec<&Finding> = self
            .findings
            .iter()
            .filter(|finding| finding.indicators.contains(&indicator.id) && self.concerns(finding, unit))
            .collect();
        let told = |finding: &&&Finding| match finding.place_text().as_str() {
            "" => finding.message.clone(),
            place => format!("{}（{place}）", finding.message),
        };
        let found = |rule: &str| -> Vec<String> {
            own.iter().filter(|finding| finding.rule == rule).map(|finding| told(&finding)).collect()
        };
        let mut checks = Vec::new();
        let mut known = BTreeSet::from([finding::SUM_BROKEN.id, finding::PARTS_BROKEN.id]);
        let additive = matches!(
            indicator.system,
            Some(Calculation::Count(_) | Calculation::Sum(_) | Calculation::SumOf(_))
        ) || matches!(indicator.filed, Some(Combination::Sum));
        if additive {
            checks.push(CheckedBy {
                check: "各县与未分县之和等于全市；各校之和等于其县".to_owned(),
                found: found(finding::SUM_BROKEN.id),
            });
        }
        for partition in &self.definitions.partitions {
            if partition.whole == indicator.id || partition.parts.contains(&indicator.id) {
                let of = |finding: &&&Finding| {
                    finding.rule == finding::PARTS_BROKEN.id && finding.indicators.contains(&partition.whole)
                };
                checks.push(CheckedBy {
                    check: format!("{} = {}", partition.whole, partition.parts.join(" + ")),
                    found: own.iter().filter(of).map(|finding| told(&finding)).collect(),
                });
            }
        }
        for finding in &own {
            if known.insert(&finding.rule) {
                let check = format!("{} {}", finding.rule, self.title_of(&finding.rule));
                checks.push(CheckedBy { check, found: found(&finding.rule) });
            }
        }
        checks
    }

    /// The title of a rule of deliveries, or of a kind of check.
    fn title_of(&self, rule: &str) -> &str {
        let of_kind = || {
            let kind = RelationKind::ALL.iter().find(|kind| findings::rule(**kind) == rule)?;
            Some(self.definitions.audit.rules.get(kind)?.title.as_str())
        };
        finding::rule(rule).map(|rule| rule.title).or_else(of_kind).unwrap_or_default()
    }

    /// Decisions about the figure, and about deliveries that it is made of.
    fn overrides_of(&self, indicator: &Indicator, unit: &Unit) -> Vec<OverrideTold> {
        let made_of = self.tables_of(indicator);
        let of_delivery = |sha256: &str| {
            let mut accepted = self.manifest.accepted.iter().filter(|accepted| accepted.sha256 == sha256);
            accepted.any(|accepted| {
                let table = self.definitions.dataset(&accepted.dataset).map(|dataset| dataset.table.as_str());
                accepted.report_year == self.year
                    && table.is_some_and(|table| made_of.contains(table))
                    && accepted.units.keys().any(|school| school.is_empty() || self.is_in(school, unit))
            })
        };
        let own = |row: &&OverrideRow| {
            let in_unit = row.school_code.is_empty() || self.is_in(&row.school_code, unit);
            match row.indicator_id.as_str() {
                "" => in_unit && of_delivery(&row.told.value),
                id => in_unit && id == indicator.id,
            }
        };
        self.overrides.iter().filter(own).map(|row| row.told.clone()).collect()
    }

    /// The tables that an indicator's values are made of, through the indicators that it is made of.
    fn tables_of(&self, indicator: &Indicator) -> BTreeSet<&str> {
        let mut tables = BTreeSet::new();
        let mut left = vec![indicator.id.as_str()];
        let mut seen = BTreeSet::new();
        while let Some(id) = left.pop() {
            if !seen.insert(id.to_owned()) {
                continue;
            }
            let Some(indicator) = self.definitions.indicator(id) else { continue };
            match &indicator.system {
                Some(Calculation::Count(of)) => drop(tables.insert(of.table.as_str())),
                Some(Calculation::Sum(of) | Calculation::Max(of) | Calculation::CountDistinct(of)) => {
                    tables.insert(of.table.as_str());
                }
                Some(Calculation::SumOf(parts)) => left.extend(parts.iter().map(String::as_str)),
                Some(Calculation::Ratio(of)) => left.extend([of.numerator.as_str(), of.denominator.as_str()]),
                None => {}
            }
            if indicator.filed.is_some() {
                tables.insert(self.definitions.table_of_role(Role::Filing));
            }
            if let Some(answers) = &indicator.survey {
                tables.insert(answers.table());
            }
        }
        tables
    }

    /// What the newest earlier release that is kept and has the year says.
    fn before(&self, indicator: &Indicator, unit: &Unit) -> Result<Vec<Before>, ExplainError> {
        let earlier = releases(self.data)?.into_iter().filter(|number| *number < self.manifest.release);
        for number in earlier.collect::<Vec<_>>().into_iter().rev() {
            let manifest = read_manifest(self.data, number)?;
            let Some(path) = manifest.table(self.data, "indicator_value", self.year) else { continue };
            let values = tables::read_indicator_values(&path, self.definitions)?;
            let own = values.into_iter().filter(|value| {
                let key = &value.key;
                key.indicator_id == indicator.id && key.breakdown.is_empty() && *key.unit == *unit
            });
            let told = own.map(|before| {
                let now = self.value(&indicator.id, before.key.basis, unit);
                Before {
                    release: number,
                    basis: before.key.basis.name(),
                    state: before.state.name(),
                    value: before.value.map(|value| value.to_string()),
                    changed: now.is_none_or(|now| (now.state, now.value) != (before.state, before.value)),
                }
            });
            return Ok(told.collect());
        }
        Ok(Vec::new())
    }
}

/// A cell as it is told; `None` where there is nothing in it.
fn told_at(column: &ArrayRef, row: usize) -> Option<String> {
    let whole = |number: i64| Decimal(i128::from(number) * ONE).to_string();
    column.is_valid(row).then(|| match column.data_type() {
        DataType::Int32 => whole(column.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => whole(column.as_primitive::<Int64Type>().value(row)),
        DataType::Decimal128(..) => Decimal(column.as_primitive::<Decimal128Type>().value(row)).to_string(),
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        _ => column.as_string::<i32>().value(row).to_owned(),
    })
}

/// The formula in words, with its numbers.
fn formula(of: &Derivation) -> String {
    let value = of.value.as_deref().unwrap_or("无");
    let condition =
        if of.condition == "TRUE" { String::new() } else { format!("满足 {} 的", of.condition) };
    match of.kind {
        "count" => format!("{} 表计入的{condition}行数 = {value}", of.table),
        "sum" if matches!(of.basis, "system" | "survey") => {
            format!("{} 表计入的{condition}行的 {} 之和 = {value}", of.table, of.column)
        }
        "max" if of.basis == "system" => {
            format!("{} 表计入的{condition}行的 {} 的最大值 = {value}", of.table, of.column)
        }
        "count_distinct" => {
            format!("{} 表计入的{condition}行的 {} 的不同值个数 = {value}", of.table, of.column)
        }
        "sum_of" => {
            let parts = of
                .made_of
                .iter()
                .map(|part| format!("{} {}", part.title_zh, part.value.as_deref().unwrap_or("无")));
            format!("{} = {value}", parts.collect::<Vec<_>>().join(" + "))
        }
        "ratio" => {
            let factor = if of.factor == 1 { String::new() } else { format!("{} × ", of.factor) };
            let [numerator, denominator] =
                [&of.numerator, &of.denominator].map(|part| part.as_deref().unwrap_or("无"));
            let titles: Vec<&str> = of.made_of.iter().map(|part| part.title_zh.as_str()).collect();
            format!("{factor}{} = {factor}{numerator} ÷ {denominator} = {value}", titles.join(" ÷ "))
        }
        "weighted_mean" if of.basis == "survey" => {
            let [numerator, denominator] =
                [&of.numerator, &of.denominator].map(|part| part.as_deref().unwrap_or("无"));
            format!(
                "{} 表计入的{condition}行：Σ({} × 答卷数) ÷ Σ答卷数 = {numerator} ÷ {denominator} = {value}",
                of.table, of.column
            )
        }
        "weighted_mean" => {
            let [numerator, denominator] =
                [&of.numerator, &of.denominator].map(|part| part.as_deref().unwrap_or("无"));
            format!(
                "Σ(各校值 × 权数) ÷ Σ权数 = {numerator} ÷ {denominator} = {value}（分子由各校填报值还原）"
            )
        }
        "sum" if of.basis == "adjusted" => {
            format!("{} 所学校的值之和（有核定值的取核定值）= {value}", of.schools.len())
        }
        "sum" => format!("{} 所学校填报值之和 = {value}", of.schools.len()),
        "max" => format!("{} 所学校填报值的最大值 = {value}", of.schools.len()),
        "list" => format!("各校填报的文字：{}", of.words.as_deref().unwrap_or_default()),
        _ => format!("填报值 = {value}"),
    }
}

fn differences(bases: &[Derivation]) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (index, a) in bases.iter().enumerate() {
        for b in &bases[index + 1..] {
            let parsed = |of: &Derivation| of.value.as_deref().and_then(Decimal::parse);
            if let (Some(of_a), Some(of_b)) = (parsed(a), parsed(b)) {
                differences.push(Difference {
                    basis_a: a.basis,
                    basis_b: b.basis,
                    value_a: of_a.to_string(),
                    value_b: of_b.to_string(),
                    difference: Decimal(of_b.0 - of_a.0).to_string(),
                });
            }
        }
    }
    differences
}
