//! What is counted, summed or collected from one table, per school, in one scan.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use polars::prelude::{
    DataFrame, DataType, Expr, LazyFrame, NULL, PlRefPath, PolarsError, ScanArgsParquet, col, lit, when,
};

use crate::indicators::definition::{Answers, Calculation, Indicator};
use crate::number::{Decimal, ONE, SCALE};
use crate::predicate;

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

/// Measures all `indicators` (all of one table) per school and breakdown columns.
///
/// # Errors
/// When the table cannot be read.
pub fn measure(
    path: &Path,
    has_counted: bool,
    breakdowns: &[String],
    indicators: &[&Indicator],
) -> Result<BTreeMap<String, Measured>, PolarsError> {
    let path = PlRefPath::try_from_path(path)?;
    let scan = LazyFrame::scan_parquet(path, ScanArgsParquet::default())?;
    let scan = if has_counted { scan.filter(col("counted")) } else { scan };
    let by: Vec<Expr> = std::iter::once("school_code")
        .chain(breakdowns.iter().map(String::as_str))
        .map(|name| col(name).fill_null(lit("")))
        .collect();
    let additive: Vec<Expr> = indicators.iter().filter_map(|indicator| aggregate(indicator)).collect();
    let frame = scan.clone().group_by(by.clone()).agg(additive).collect()?;
    let mut measured = BTreeMap::new();
    for indicator in indicators {
        let of = match indicator.system.as_ref() {
            Some(Calculation::CountDistinct(of)) => {
                let distinct = scan
                    .clone()
                    .filter(condition(&of.condition))
                    .group_by([by.clone(), vec![col(of.column.as_str()).alias("distinct_value")]].concat())
                    .agg([])
                    .collect()?;
                Measured { sets: sets(&distinct, breakdowns)?, ..Measured::default() }
            }
            _ => Measured { values: values(&frame, breakdowns, &indicator.id)?, ..Measured::default() },
        };
        measured.insert(indicator.id.clone(), of);
    }
    Ok(measured)
}

/// Of each school the sum, and for means the weight under it.
pub type AnswersBySchool = BTreeMap<String, (Decimal, Decimal)>;

/// What a survey's rows give each school, for each of `of` (all of one table). Weights are summed for
/// each different value, so that their product is taken here, and exactly.
///
/// # Errors
/// When the table cannot be read.
pub fn answers(path: &Path, has_counted: bool, of: &[&Answers]) -> Result<Vec<AnswersBySchool>, PolarsError> {
    let path = PlRefPath::try_from_path(path)?;
    let scan = LazyFrame::scan_parquet(path, ScanArgsParquet::default())?;
    let scan = if has_counted { scan.filter(col("counted")) } else { scan };
    let value_of = |answers: &Answers| match answers {
        Answers::Sum(_) => None,
        Answers::WeightedMean(of) => Some(of.value.clone()),
    };
    let values: BTreeSet<Option<String>> = of.iter().map(|answers| value_of(answers)).collect();
    let mut given = vec![AnswersBySchool::new(); of.len()];
    for value in values {
        let own: Vec<usize> = (0..of.len()).filter(|&index| value_of(of[index]) == value).collect();
        let by: Vec<Expr> = std::iter::once("school_code").chain(value.as_deref()).map(col).collect();
        let sum = |&index: &usize| {
            let (column, condition) = match of[index] {
                Answers::Sum(of) => (&of.column, &of.condition),
                Answers::WeightedMean(of) => (&of.weight, &of.condition),
            };
            taken(column, condition).sum().alias(index.to_string())
        };
        let sums: Vec<Expr> = own.iter().map(sum).collect();
        let frame = scan.clone().group_by(by).agg(sums).collect()?;
        let schools = frame.column("school_code")?.str()?;
        let values = value.as_deref().map(|value| decimals(&frame, value)).transpose()?;
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

/// Counts are cast first: Polars counts in u32, and differences of those wrap around.
fn aggregate(indicator: &Indicator) -> Option<Expr> {
    let expression = match indicator.system.as_ref()? {
        Calculation::Count(rows) => condition(&rows.condition).cast(DataType::Int64).sum(),
        Calculation::Sum(of) => taken(&of.column, &of.condition).sum(),
        Calculation::Max(of) => taken(&of.column, &of.condition).max(),
        Calculation::CountDistinct(_) | Calculation::SumOf(_) | Calculation::Ratio(_) => return None,
    };
    Some(expression.alias(indicator.id.as_str()))
}

fn taken(column: &str, text: &str) -> Expr {
    when(condition(text)).then(col(column)).otherwise(lit(NULL))
}

/// A condition as a column: a bare literal would be one value, and its sum 1 for a whole group.
fn condition(text: &str) -> Expr {
    col("school_code").is_not_null().and(predicate::expression(text))
}

fn values(
    frame: &DataFrame,
    breakdowns: &[String],
    column: &str,
) -> Result<BTreeMap<Group, Decimal>, PolarsError> {
    let groups = groups(frame, breakdowns)?;
    let numbers = decimals(frame, column)?;
    Ok(groups.into_iter().zip(numbers).filter_map(|(group, value)| Some((group, Decimal(value?)))).collect())
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
