//! What is counted, summed or collected from one table, per school, in one scan.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use polars::prelude::{DataFrame, DataType, Expr, IntoLazy, NULL, PolarsError, col, lit, when};

use crate::definitions::indicator::{Answers, Calculation, Indicator};
use crate::definitions::predicate::Condition;
use crate::figures::combinations::{self, Combinations, TableError};
use crate::number::{Decimal, ONE, SCALE};

/// What every table of rows has.
const SCHOOL: &str = "school_code";

/// School code, then the codes of the table's breakdown columns.
pub type Group = (String, Vec<String>);

/// What a table gave for one indicator: a value for each group, additive or greatest.
#[derive(Debug, Default)]
pub struct Measured {
    pub values: BTreeMap<Group, Decimal>,
    /// For distinct counts: the values themselves.
    pub sets: BTreeMap<Group, BTreeSet<String>>,
}

/// How school parts of a measure make the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Additivity {
    Sum,
    Greatest,
    Union,
}

/// The table an indicator is measured on, and how its parts combine; `None` for those made of others.
#[must_use]
pub fn measured_on(indicator: &Indicator) -> Option<(&str, Additivity)> {
    match indicator.system.as_ref()? {
        Calculation::Count(rows) => Some((&rows.table, Additivity::Sum)),
        Calculation::Sum(of) => Some((&of.table, Additivity::Sum)),
        Calculation::Max(of) => Some((&of.table, Additivity::Greatest)),
        Calculation::CountDistinct(of) => Some((&of.table, Additivity::Union)),
        Calculation::SumOf(_) | Calculation::Ratio(_) => None,
    }
}

/// The columns that a scan keeps apart, and those that it adds up.
type Wanted = (BTreeSet<String>, BTreeSet<String>);

/// Of the indicators that add up; the others have a name of their own.
const ADDITIVE: &str = "";

/// Measures all `indicators` (all of one table) per school and breakdown columns, in one scan.
///
/// # Errors
/// When the table cannot be read.
pub fn measure(
    path: &Path,
    breakdowns: &[String],
    indicators: &[&Indicator],
) -> Result<BTreeMap<String, Measured>, TableError> {
    let mut wanted: BTreeMap<&str, Wanted> = BTreeMap::new();
    for indicator in indicators {
        let Some(calculation) = indicator.system.as_ref() else { continue };
        let (name, condition) = match calculation {
            Calculation::Count(rows) => (ADDITIVE, &rows.condition),
            Calculation::Sum(of) | Calculation::Max(of) => (ADDITIVE, &of.condition),
            Calculation::CountDistinct(of) => (indicator.id.as_str(), &of.condition),
            Calculation::SumOf(_) | Calculation::Ratio(_) => continue,
        };
        let (keys, summed) = wanted.entry(name).or_default();
        keys.insert(SCHOOL.to_owned());
        keys.extend(breakdowns.iter().cloned());
        keys.extend(condition.columns());
        match calculation {
            Calculation::Sum(of) | Calculation::Max(of) => drop(summed.insert(of.column.clone())),
            Calculation::CountDistinct(of) => drop(keys.insert(of.column.clone())),
            _ => {}
        }
    }
    let found = combinations::scan(path, &wanted)?;
    let frame_of = |name: &str| found.get(name).map(Combinations::frame).transpose();
    let by: Vec<Expr> = std::iter::once(SCHOOL)
        .chain(breakdowns.iter().map(String::as_str))
        .map(|name| col(name).fill_null(lit("")))
        .collect();
    let additive: Vec<Expr> = indicators.iter().filter_map(|indicator| aggregate(indicator)).collect();
    let frame = match frame_of(ADDITIVE)? {
        Some(frame) => Some(frame.lazy().group_by(by.clone()).agg(additive).collect()?),
        None => None,
    };
    let groups_of_frame = frame.as_ref().map(|frame| groups(frame, breakdowns)).transpose()?;
    let mut measured = BTreeMap::new();
    for indicator in indicators {
        let of = if let Some(Calculation::CountDistinct(of)) = indicator.system.as_ref() {
            let Some(frame) = frame_of(&indicator.id)? else { continue };
            let distinct = frame
                .lazy()
                .filter(of_schools(&of.condition))
                .group_by([by.clone(), vec![col(of.column.as_str()).alias("distinct_value")]].concat())
                .agg([])
                .collect()?;
            Measured { sets: sets(&distinct, breakdowns)?, ..Measured::default() }
        } else {
            let (Some(frame), Some(groups)) = (&frame, &groups_of_frame) else { continue };
            Measured { values: values(frame, groups, &indicator.id)?, ..Measured::default() }
        };
        measured.insert(indicator.id.clone(), of);
    }
    Ok(measured)
}

/// Of each school the sum, and for means the weight under it.
pub type AnswersBySchool = BTreeMap<String, (Decimal, Decimal)>;

/// What a survey's rows give each school, for each of `of` (all of one table), in one scan. Weights are
/// summed for each different value, so that their product is taken here, and exactly.
///
/// # Errors
/// When the table cannot be read.
pub fn answers(path: &Path, of: &[&Answers]) -> Result<Vec<AnswersBySchool>, TableError> {
    let mut wanted: BTreeMap<&str, Wanted> = BTreeMap::new();
    for answers in of {
        let value = answers.value().unwrap_or_default();
        let (column, condition) = answers.summed();
        let (keys, summed) = wanted.entry(value).or_default();
        keys.insert(SCHOOL.to_owned());
        keys.extend((!value.is_empty()).then(|| value.to_owned()));
        keys.extend(condition.columns());
        summed.insert(column.to_owned());
    }
    let mut given = vec![AnswersBySchool::new(); of.len()];
    for (value, found) in combinations::scan(path, &wanted)? {
        let value = (!value.is_empty()).then_some(value);
        let own: Vec<usize> = (0..of.len()).filter(|&index| of[index].value() == value).collect();
        let by: Vec<Expr> = std::iter::once(SCHOOL).chain(value).map(col).collect();
        let sum = |&index: &usize| {
            let (column, condition) = of[index].summed();
            taken(&combinations::sum_of(column), condition).sum().alias(index.to_string())
        };
        let sums: Vec<Expr> = own.iter().map(sum).collect();
        let frame = found.frame()?.lazy().group_by(by).agg(sums).collect()?;
        let schools = frame.column(SCHOOL)?.str()?;
        let values = value.map(|value| decimals(&frame, value)).transpose()?;
        for index in own {
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

fn aggregate(indicator: &Indicator) -> Option<Expr> {
    let expression = match indicator.system.as_ref()? {
        Calculation::Count(rows) => taken(combinations::ROWS, &rows.condition).sum(),
        Calculation::Sum(of) => taken(&combinations::sum_of(&of.column), &of.condition).sum(),
        Calculation::Max(of) => taken(&combinations::greatest_of(&of.column), &of.condition).max(),
        Calculation::CountDistinct(_) | Calculation::SumOf(_) | Calculation::Ratio(_) => return None,
    };
    Some(expression.alias(indicator.id.as_str()))
}

fn taken(column: &str, condition: &Condition) -> Expr {
    when(of_schools(condition)).then(col(column)).otherwise(lit(NULL))
}

/// A condition as a column: a bare literal would be one value, for a whole group.
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
