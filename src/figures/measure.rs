//! Counts, sums and sets from one table, per school, in one scan.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use arrow::array::RecordBatchReader;
use arrow::datatypes::SchemaRef;
use polars::prelude::{DataFrame, DataType, Expr, IntoLazy, NULL, PolarsError, col, lit, when};

use crate::definitions::contract::fields::thirds_of;
use crate::definitions::contract::unit;
use crate::definitions::indicator::{Calculation, Indicator, SurveyMeasure};
use crate::definitions::predicate::Condition;
use crate::figures::combinations::{self, Combinations, TableError};
use crate::number::{Decimal, ONE, SCALE};
use crate::tables::parquet_file;

/// Columns that every table of rows has.
const SCHOOL: &str = "school_code";

/// School code, then the codes of the table's breakdown columns.
pub type Group = (String, Vec<String>);

/// The measurement of one indicator on a table: a value for each group, additive or greatest.
#[derive(Debug, Default)]
pub struct Measurement {
    pub values: BTreeMap<Group, Decimal>,
    /// For distinct counts: the values themselves.
    pub sets: BTreeMap<Group, BTreeSet<String>>,
}

/// How the parts of schools make the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Additivity {
    Sum,
    Greatest,
    Union,
}

/// The table an indicator is measured on, and how its parts combine; `None` for those computed from others.
#[must_use]
pub fn measured_on(indicator: &Indicator) -> Option<(&str, Additivity)> {
    match indicator.system.as_ref()? {
        Calculation::Count(rows) => Some((&rows.table, Additivity::Sum)),
        Calculation::Sum(measure) => Some((&measure.table, Additivity::Sum)),
        Calculation::Max(measure) => Some((&measure.table, Additivity::Greatest)),
        Calculation::CountDistinct(measure) => Some((&measure.table, Additivity::Union)),
        Calculation::SumOf(_) | Calculation::Ratio(_) => None,
    }
}

/// Key columns of a scan, and the columns that it adds up.
type ScanColumns = (BTreeSet<String>, BTreeSet<String>);

/// Name shared by the indicators that add up; the others have a name of their own.
const ADDITIVE: &str = "";

/// Measures all `indicators` (all of one table) per school and breakdown columns, in one scan.
///
/// # Errors
/// When the table cannot be read.
pub fn measure(
    path: &Path,
    breakdowns: &[String],
    indicators: &[&Indicator],
) -> Result<BTreeMap<String, Measurement>, TableError> {
    let exact = ExactColumns(parquet_file::read(path)?.schema());
    let mut wanted: BTreeMap<&str, ScanColumns> = BTreeMap::new();
    for indicator in indicators {
        let Some(calculation) = indicator.system.as_ref() else { continue };
        let (name, condition) = match calculation {
            Calculation::Count(rows) => (ADDITIVE, &rows.condition),
            Calculation::Sum(measure) | Calculation::Max(measure) => (ADDITIVE, &measure.condition),
            Calculation::CountDistinct(measure) => (indicator.id.as_str(), &measure.condition),
            Calculation::SumOf(_) | Calculation::Ratio(_) => continue,
        };
        let (keys, summed) = wanted.entry(name).or_default();
        keys.insert(SCHOOL.to_owned());
        keys.extend(breakdowns.iter().cloned());
        keys.extend(condition.columns());
        match calculation {
            Calculation::Sum(measure) | Calculation::Max(measure) => {
                summed.insert(exact.name(&measure.column));
            }
            Calculation::CountDistinct(measure) => {
                keys.insert(measure.column.clone());
            }
            _ => {}
        }
    }
    let found = combinations::scan(path, &wanted)?;
    let frame_of = |name: &str| found.get(name).map(Combinations::frame).transpose();
    let keys: Vec<Expr> = std::iter::once(SCHOOL)
        .chain(breakdowns.iter().map(String::as_str))
        .map(|name| col(name).fill_null(lit("")))
        .collect();
    let additive: Vec<Expr> =
        indicators.iter().filter_map(|indicator| aggregate(indicator, &exact)).collect();
    let frame = match frame_of(ADDITIVE)? {
        Some(frame) => Some(frame.lazy().group_by(keys.clone()).agg(additive).collect()?),
        None => None,
    };
    let groups_of_frame = frame.as_ref().map(|frame| groups(frame, breakdowns)).transpose()?;
    let mut measured = BTreeMap::new();
    for indicator in indicators {
        let measurement = if let Some(Calculation::CountDistinct(measure)) = indicator.system.as_ref() {
            let Some(frame) = frame_of(&indicator.id)? else { continue };
            let distinct = frame
                .lazy()
                .filter(of_schools(&measure.condition))
                .group_by([keys.clone(), vec![col(measure.column.as_str()).alias("distinct_value")]].concat())
                .agg([])
                .collect()?;
            Measurement { sets: sets(&distinct, breakdowns)?, ..Measurement::default() }
        } else {
            let (Some(frame), Some(groups)) = (&frame, &groups_of_frame) else { continue };
            let mut values = values(frame, groups, &indicator.id)?;
            if exact.is_in_thirds(indicator) {
                for value in values.values_mut() {
                    *value = unit::third(*value).unwrap_or_default();
                }
            }
            Measurement { values, ..Measurement::default() }
        };
        measured.insert(indicator.id.clone(), measurement);
    }
    Ok(measured)
}

/// The columns that numbers are taken from: where a number may be rounded, a column beside it has three times the
/// exact one.
struct ExactColumns(SchemaRef);

impl ExactColumns {
    fn name(&self, column: &str) -> String {
        let thirds = thirds_of(column);
        if self.0.field_with_name(&thirds).is_ok() { thirds } else { column.to_owned() }
    }

    fn is_in_thirds(&self, indicator: &Indicator) -> bool {
        match &indicator.system {
            Some(Calculation::Sum(measure) | Calculation::Max(measure)) => {
                self.name(&measure.column) != measure.column
            }
            _ => false,
        }
    }
}

/// For each school the sum and, for means, the sum of weights.
pub type AnswersBySchool = BTreeMap<String, (Decimal, Decimal)>;

/// The values of a survey's `measures` (all of one table) for each school, in one scan. Weights are summed
/// for each different answer, so that the products are taken here, exactly.
///
/// # Errors
/// When the table cannot be read.
pub fn answers(path: &Path, measures: &[&SurveyMeasure]) -> Result<Vec<AnswersBySchool>, TableError> {
    let mut wanted: BTreeMap<&str, ScanColumns> = BTreeMap::new();
    for measure in measures {
        let value = measure.value().unwrap_or_default();
        let (column, condition) = measure.summed();
        let (keys, summed) = wanted.entry(value).or_default();
        keys.insert(SCHOOL.to_owned());
        keys.extend((!value.is_empty()).then(|| value.to_owned()));
        keys.extend(condition.columns());
        summed.insert(column.to_owned());
    }
    let mut given = vec![AnswersBySchool::new(); measures.len()];
    for (value, found) in combinations::scan(path, &wanted)? {
        let value = (!value.is_empty()).then_some(value);
        let indices: Vec<usize> =
            (0..measures.len()).filter(|&index| measures[index].value() == value).collect();
        let keys: Vec<Expr> = std::iter::once(SCHOOL).chain(value).map(col).collect();
        let sum = |&index: &usize| {
            let (column, condition) = measures[index].summed();
            taken(&combinations::sum_of(column), condition).sum().alias(index.to_string())
        };
        let sums: Vec<Expr> = indices.iter().map(sum).collect();
        let frame = found.frame()?.lazy().group_by(keys).agg(sums).collect()?;
        let schools = frame.column(SCHOOL)?.str()?;
        let values = value.map(|value| decimals(&frame, value)).transpose()?;
        for index in indices {
            let sums = decimals(&frame, &index.to_string())?;
            for (row, school) in schools.iter().enumerate() {
                let (Some(school), Some(sum)) = (school, sums[row]) else { continue };
                let parts = given[index].entry(school.to_owned()).or_default();
                match &values {
                    None => parts.0 += Decimal(sum),
                    Some(values) => {
                        let Some(value) = values[row] else { continue };
                        parts.0 += Decimal(value * (sum / ONE));
                        parts.1 += Decimal(sum);
                    }
                }
            }
        }
    }
    Ok(given)
}

fn aggregate(indicator: &Indicator, exact: &ExactColumns) -> Option<Expr> {
    let expression = match indicator.system.as_ref()? {
        Calculation::Count(rows) => taken(combinations::ROWS, &rows.condition).sum(),
        Calculation::Sum(measure) => {
            taken(&combinations::sum_of(&exact.name(&measure.column)), &measure.condition).sum()
        }
        Calculation::Max(measure) => {
            taken(&combinations::greatest_of(&exact.name(&measure.column)), &measure.condition).max()
        }
        Calculation::CountDistinct(_) | Calculation::SumOf(_) | Calculation::Ratio(_) => return None,
    };
    Some(expression.alias(indicator.id.as_str()))
}

fn taken(column: &str, condition: &Condition) -> Expr {
    when(of_schools(condition)).then(col(column)).otherwise(lit(NULL))
}

/// A condition as a column: a bare literal would be one value for a whole group.
fn of_schools(condition: &Condition) -> Expr {
    col(SCHOOL).is_not_null().and(condition.expression())
}

fn values(
    frame: &DataFrame,
    groups: &[Group],
    column: &str,
) -> Result<BTreeMap<Group, Decimal>, PolarsError> {
    let numbers = decimals(frame, column)?;
    let of_groups = groups.iter().cloned().zip(numbers);
    Ok(of_groups.filter_map(|(group, value)| Some((group, Decimal(value?)))).collect())
}

/// The numbers of a column in units of 10⁻¹⁰.
fn decimals(frame: &DataFrame, column: &str) -> Result<Vec<Option<i128>>, PolarsError> {
    let column = frame.column(column)?;
    Ok(if let DataType::Decimal(..) = column.dtype() {
        // Sums of DECIMAL(38,10) keep their scale.
        let scaled = column.cast(&DataType::Decimal(38, SCALE as usize))?;
        scaled.decimal()?.physical().iter().collect()
    } else {
        let whole = column.cast(&DataType::Int64)?;
        whole.i64()?.iter().map(|value| value.map(|value| i128::from(value) * ONE)).collect()
    })
}

fn sets(frame: &DataFrame, breakdowns: &[String]) -> Result<BTreeMap<Group, BTreeSet<String>>, PolarsError> {
    let mut sets: BTreeMap<Group, BTreeSet<String>> = BTreeMap::new();
    let column = frame.column("distinct_value")?.cast(&DataType::String)?;
    for (group, value) in groups(frame, breakdowns)?.into_iter().zip(column.str()?.iter()) {
        if let Some(value) = value {
            sets.entry(group).or_default().insert(value.to_owned());
        }
    }
    Ok(sets)
}

fn groups(frame: &DataFrame, breakdowns: &[String]) -> Result<Vec<Group>, PolarsError> {
    let text = |name: &str| -> Result<Vec<String>, PolarsError> {
        let column = frame.column(name)?.str()?;
        Ok(column.iter().map(|value| value.unwrap_or_default().to_owned()).collect())
    };
    let schools = text("school_code")?;
    let columns: Vec<Vec<String>> = breakdowns.iter().map(|name| text(name)).collect::<Result<_, _>>()?;
    let codes = |row: usize| columns.iter().map(|column| column[row].clone()).collect();
    Ok(schools.into_iter().enumerate().map(|(row, school)| (school, codes(row))).collect())
}
