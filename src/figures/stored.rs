//! Values as rows of the table `indicator_value`, and back again.

use std::collections::HashMap;
use std::path::Path;

use super::{Coverage, IndicatorValue, Subject, ValueKey};
use crate::definitions::indicator::{Calculation, Indicator};
use crate::figure::Delivered;
use crate::number::Ratio;
use crate::tables::indicator_value::{IndicatorValueRow, SharedValues, stands_for};
use crate::tables::parquet_file::TableFileError;
use crate::tables::row;

/// The first of the indicators with one id.
fn by_id(indicators: &[Indicator]) -> HashMap<&str, &Indicator> {
    indicators.iter().rev().map(|indicator| (indicator.id.as_str(), indicator)).collect()
}

/// The rows of values, in their order.
pub fn rows<'a>(
    values: &'a [IndicatorValue],
    indicators: &'a [Indicator],
) -> impl Iterator<Item = IndicatorValueRow> + 'a {
    let indicators = by_id(indicators);
    values.iter().map(move |value| row(value, indicators.get(&*value.key.indicator_id).copied()))
}

fn row(value: &IndicatorValue, indicator: Option<&Indicator>) -> IndicatorValueRow {
    let (subject, unit) = (&value.key.subject, &value.key.unit);
    let whole = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let time = indicator.map(|indicator| indicator.reference_time.in_year(value.report_year));
    IndicatorValueRow {
        report_year: value.report_year,
        indicator_id: subject.indicator_id.clone(),
        level: unit.level,
        region_code: unit.region_code.clone(),
        school_code: unit.school_code.clone(),
        breakdown: subject.breakdown.clone(),
        breakdown_code: subject.breakdown_code.clone(),
        basis: subject.basis.name().to_owned(),
        stands_for: stands_for(subject.basis).to_owned(),
        state: value.state,
        value: value.value,
        numerator: value.ratio.map(|ratio| ratio.numerator),
        denominator: value.ratio.map(|ratio| ratio.denominator),
        words: value.words.clone(),
        complete: value.is_complete(),
        n_schools: whole(value.coverage.schools),
        n_missing: whole(value.coverage.missing),
        share: value.coverage.share.as_deref().copied(),
        unit: indicator.map_or_else(String::new, |indicator| indicator.unit.clone()),
        reference_time: time.unwrap_or_default(),
    }
}

/// The values of a file of `indicator_value`.
///
/// # Errors
/// When the file cannot be read.
pub fn read(path: &Path, indicators: &[Indicator]) -> Result<Vec<IndicatorValue>, TableFileError> {
    let indicators = by_id(indicators);
    let (mut subjects, mut units) = (SharedValues::default(), SharedValues::default());
    row::read(path)?
        .map(|row| {
            let row: IndicatorValueRow = row?;
            let factor = factor(indicators.get(&*row.indicator_id).copied(), row.basis().delivered());
            let ratio = row.numerator.zip(row.denominator);
            Ok(IndicatorValue {
                report_year: row.report_year,
                state: row.state,
                value: row.value,
                ratio: ratio.map(|(numerator, denominator)| Ratio { numerator, denominator, factor }),
                coverage: Coverage {
                    schools: row.n_schools.unsigned_abs(),
                    missing: row.n_missing.unsigned_abs(),
                    share: row.share.map(Box::new),
                },
                key: ValueKey {
                    unit: units.share(row.place()),
                    subject: subjects.share(Subject {
                        basis: row.basis(),
                        indicator_id: row.indicator_id,
                        breakdown: row.breakdown,
                        breakdown_code: row.breakdown_code,
                    }),
                },
                words: row.words,
            })
        })
        .collect()
}

/// 100 for computed percentages; a filed ratio is a mean of filed values.
fn factor(indicator: Option<&Indicator>, basis: Delivered) -> i64 {
    match indicator.and_then(|indicator| indicator.system.as_ref()) {
        Some(Calculation::Ratio(ratio)) if basis == Delivered::System => ratio.factor,
        _ => 1,
    }
}
