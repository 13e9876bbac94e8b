//! The figures of a year that change where named persons set a school's value.
//!
//! Delivered values are never edited. The set value takes the place of the school's part, and
//! everything that depends on this part is computed again by the same rules: the county and the
//! city, sums and ratios of it, means that it is the weight of. The results are separate values
//! on the basis `adjusted`; the delivered ones stay.

use std::collections::{BTreeMap, BTreeSet};

use super::compute::{Inputs, SetValues, compute};
use super::{IndicatorValue, Unit, ValueKey};
use crate::definitions::indicator::{Calculation, Combination, Indicator};
use crate::definitions::layout::Layout;
use crate::figure::{Delivered, Level};
use crate::figures::combinations::TableError;
use crate::normalise::text::COUNT_MAX;
use crate::number::{Decimal, ONE};

/// Why a person cannot set a value of an indicator on a basis; `None` where they can.
#[must_use]
pub fn refusal(indicator: &Indicator, basis: Delivered) -> Option<String> {
    let id = &indicator.id;
    let computed = |parts: Vec<&str>| {
        Some(format!("`{id}` is computed from {} on basis system: set one of those", parts.join(" and ")))
    };
    match (basis, &indicator.system, &indicator.filed) {
        (Delivered::System, Some(Calculation::Count(_) | Calculation::Sum(_) | Calculation::Max(_)), _) => {
            None
        }
        (Delivered::System, Some(Calculation::SumOf(parts)), _) => {
            computed(parts.iter().map(String::as_str).collect())
        }
        (Delivered::System, Some(Calculation::Ratio(ratio)), _) => {
            computed(vec![&ratio.numerator, &ratio.denominator])
        }
        (Delivered::System, Some(_), _) => {
            Some(format!("`{id}` lists or counts different things, which one number does not say"))
        }
        (
            Delivered::Filed,
            _,
            Some(Combination::Sum | Combination::Max | Combination::WeightedMean { .. }),
        ) => None,
        (Delivered::Filed, _, Some(_)) => Some(format!("`{id}` is words and cannot be a number")),
        (Delivered::Survey, ..) => {
            Some("values of a survey are answers of many: none of them is set by a person".to_owned())
        }
        _ => Some(format!("`{id}` has no values on basis {}", basis.name())),
    }
}

/// Why a value cannot be set; `None` where it can.
#[must_use]
pub fn value_fault(indicator: &Indicator, basis: Delivered, value: Decimal) -> Option<String> {
    /// Units of things that are counted one by one.
    const COUNTED: [&str; 4] = ["人", "个", "所", "人次"];
    if !(0..=COUNT_MAX * ONE).contains(&value.0) {
        return Some(format!("{value} is not between 0 and {COUNT_MAX}"));
    }
    let is_count = COUNTED.contains(&indicator.unit.as_str())
        || basis == Delivered::System && matches!(indicator.system, Some(Calculation::Count(_)));
    (is_count && value.0 % ONE != 0)
        .then(|| format!("{value} is not a whole number of {}", indicator.title_zh))
}

/// The indicators whose values change with `id` on a basis: itself, and those computed from it.
#[must_use]
pub fn dependents(indicators: &[Indicator], id: &str, basis: Delivered) -> BTreeSet<String> {
    let mut found = BTreeSet::from([id.to_owned()]);
    loop {
        let is_made_of_found = |indicator: &&Indicator| match basis {
            Delivered::System => indicator.made_of().iter().any(|part| found.contains(*part)),
            Delivered::Filed => weight(indicator).is_some_and(|weight| found.contains(weight)),
            Delivered::Survey => false,
        };
        let more: Vec<String> =
            indicators.iter().filter(is_made_of_found).map(|indicator| indicator.id.clone()).collect();
        let before = found.len();
        found.extend(more);
        if found.len() == before {
            return found;
        }
    }
}

fn weight(indicator: &Indicator) -> Option<&str> {
    match &indicator.filed {
        Some(Combination::WeightedMean { weight }) => Some(weight),
        _ => None,
    }
}

/// The adjusted values of one year, sorted by key; `values` are the delivered ones.
///
/// The school that a value is set for, its county and the city always have one; other units, and
/// other indicators, where their value changes.
///
/// # Errors
/// When a table cannot be read.
pub fn adjusted(
    indicators: &[Indicator],
    layout: Option<&Layout>,
    inputs: &Inputs,
    set: &SetValues,
    values: &[IndicatorValue],
) -> Result<Vec<IndicatorValue>, TableError> {
    if set.is_empty() {
        return Ok(Vec::new());
    }
    let changing: BTreeSet<(Delivered, String)> = set
        .keys()
        .flat_map(|(id, basis, _)| dependents(indicators, id, *basis).into_iter().map(|id| (*basis, id)))
        .collect();
    let needed = with_parts(indicators, changing.iter().map(|(_, id)| id.as_str()));
    let inputs = Inputs { set: set.clone(), ..inputs.clone() };
    let again = compute(&needed, layout, &inputs)?;
    let delivered: BTreeMap<&ValueKey, &IndicatorValue> =
        values.iter().map(|value| (&value.key, value)).collect();
    let is_set_in = |key: &ValueKey| {
        key.breakdown.is_empty()
            && set.keys().any(|(id, basis, school)| {
                *id == key.indicator_id
                    && *basis == key.basis.delivered()
                    && holds(&key.unit, school, &inputs)
            })
    };
    let mut adjusted: Vec<IndicatorValue> = again
        .into_iter()
        .filter(|value| {
            let key = &value.key;
            changing.contains(&(key.basis.delivered(), key.indicator_id.clone()))
                && (is_set_in(key) || delivered.get(key) != Some(&value))
        })
        .collect();
    for value in &mut adjusted {
        value.key = value.key.on(value.key.basis.adjusted());
    }
    adjusted.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(adjusted)
}

/// The values of a year with the adjusted ones in place of those that they replace: printed
/// figures must add up as delivered ones do.
#[must_use]
pub fn as_printed(values: &[IndicatorValue]) -> Vec<IndicatorValue> {
    let delivered = |key: &ValueKey| {
        if key.basis.is_adjusted() { key.on(key.basis.delivered().basis()) } else { key.clone() }
    };
    let (adjusted, raw): (Vec<&IndicatorValue>, Vec<&IndicatorValue>) =
        values.iter().partition(|value| value.key.basis.is_adjusted());
    let mut printed: BTreeMap<ValueKey, IndicatorValue> = BTreeMap::new();
    for value in raw.into_iter().chain(adjusted) {
        let key = delivered(&value.key);
        printed.insert(key.clone(), IndicatorValue { key, ..value.clone() });
    }
    printed.into_values().collect()
}

/// The given indicators, and all that they are computed from.
fn with_parts<'a>(indicators: &'a [Indicator], ids: impl Iterator<Item = &'a str>) -> Vec<Indicator> {
    let mut open: Vec<&str> = ids.collect();
    let mut needed = BTreeSet::new();
    while let Some(id) = open.pop() {
        if needed.insert(id)
            && let Some(indicator) = indicators.iter().find(|indicator| indicator.id == id)
        {
            open.extend(indicator.made_of());
        }
    }
    indicators.iter().filter(|indicator| needed.contains(indicator.id.as_str())).cloned().collect()
}

/// Whether the school is the unit, or part of it.
fn holds(unit: &Unit, school: &str, inputs: &Inputs) -> bool {
    let region = inputs.schools.get(school).map_or(&inputs.residual, |school| &school.region_code);
    match unit.level {
        Level::School => unit.school_code == school,
        Level::County => unit.region_code == *region,
        Level::City => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions;
    use crate::figure::Basis;
    use crate::figure::State;
    use crate::figures::compute::{FiledFigure, School};

    /// Three schools in two counties, and what each filed for one year.
    fn inputs(filed: &[(&str, [i64; 3])]) -> Inputs {
        let school = |region: &str| School { region_code: region.into(), ..School::default() };
        let schools = [("a", "141002"), ("b", "141002"), ("c", "141024")];
        let mut values = BTreeMap::new();
        for (indicator, numbers) in filed {
            for ((code, _), number) in schools.iter().zip(numbers) {
                let value = Some(Decimal::from_int(*number));
                values.insert(
                    ((*indicator).to_owned(), (*code).to_owned()),
                    FiledFigure { state: State::Value, value, words: None },
                );
            }
        }
        Inputs {
            year: 2024,
            schools: schools.iter().map(|(code, region)| ((*code).to_owned(), school(region))).collect(),
            filed: values,
            counties: vec!["141002".into(), "141024".into()],
            city: "141000".into(),
            residual: "141099".into(),
            ..Inputs::default()
        }
    }

    fn changes(inputs: &Inputs, set: &[(&str, &str, i64)]) -> Vec<String> {
        let definitions = definitions::load(&definitions::embedded()).unwrap();
        let layout = definitions.layout(2024).cloned();
        let layout = layout.as_ref();
        let filed: Vec<Indicator> = definitions
            .indicators
            .into_iter()
            .map(|indicator| Indicator { system: None, ..indicator })
            .filter(|indicator| indicator.filed.is_some())
            .collect();
        let set: SetValues = set
            .iter()
            .map(|(id, school, value)| {
                let key = ((*id).to_owned(), Delivered::Filed, (*school).to_owned());
                (key, Decimal::from_int(*value))
            })
            .collect();
        let values = compute(&filed, layout, inputs).unwrap();
        let adjusted = adjusted(&filed, layout, inputs, &set, &values).unwrap();
        assert!(values.iter().all(|value| !value.key.basis.is_adjusted()));
        let printed = as_printed(&[values.clone(), adjusted.clone()].concat());
        assert_eq!(printed.len(), values.len());
        for value in &adjusted {
            assert!(
                printed
                    .iter()
                    .any(|other| other.key.unit == value.key.unit && other.as_text() == value.as_text())
            );
        }
        assert!(adjusted.iter().all(|value| value.key.basis == Basis::Adjusted(Delivered::Filed)));
        adjusted
            .iter()
            .map(|value| {
                let unit = &value.key.unit;
                let place = if unit.school_code.is_empty() { &unit.region_code } else { &unit.school_code };
                format!("{} {place} {}", value.key.indicator_id, value.as_text())
            })
            .collect()
    }

    #[test]
    fn a_set_value_changes_school_county_and_city() {
        let inputs = inputs(&[("certificates", [10, 20, 30])]);
        assert_eq!(
            changes(&inputs, &[("certificates", "a", 15)]),
            ["certificates a 15", "certificates 141002 35", "certificates 141000 65"]
        );
        assert_eq!(changes(&inputs, &[]), Vec::<String>::new());
    }

    #[test]
    fn an_unchanged_greatest_value_is_still_listed() {
        let inputs = inputs(&[("internet_bandwidth", [100, 500, 300])]);
        assert_eq!(
            changes(&inputs, &[("internet_bandwidth", "a", 200)]),
            ["internet_bandwidth a 200", "internet_bandwidth 141002 500", "internet_bandwidth 141000 500"]
        );
    }

    #[test]
    fn a_mean_follows_its_weight_above_the_school() {
        let filed = [("fitness_tested", [100, 100, 200]), ("fitness_pass_rate", [90, 80, 70])];
        let found = changes(&inputs(&filed), &[("fitness_tested", "a", 300)]);
        assert_eq!(
            found,
            [
                "fitness_pass_rate 141002 87.5",
                "fitness_pass_rate 141000 81.6666666667",
                "fitness_tested a 300",
                "fitness_tested 141002 400",
                "fitness_tested 141000 600",
            ]
        );
    }

    #[test]
    fn computed_indicators_are_not_set_but_follow_their_parts() {
        let definitions = definitions::load(&definitions::embedded()).unwrap();
        let reason = |id: &str, basis| refusal(definitions.indicator(id).unwrap(), basis);
        assert!(
            reason("placement_rate", Delivered::System).unwrap().contains("graduates_placed and graduates")
        );
        assert!(reason("graduates_placed", Delivered::System).unwrap().contains("graduates_further_study"));
        assert_eq!(reason("graduates_placed", Delivered::Filed), None);
        assert_eq!(reason("students", Delivered::System), None);
        assert!(reason("monthly_income", Delivered::System).unwrap().contains("no values on basis system"));
        assert!(reason("students", Delivered::Survey).is_some());
        let made = dependents(&definitions.indicators, "graduates_further_study", Delivered::System);
        for id in ["graduates_further_study", "further_study_rate", "graduates_placed", "placement_rate"] {
            assert!(made.contains(id), "{id}");
        }
        assert!(!made.contains("graduates"));
    }

    #[test]
    fn counts_are_whole_and_nothing_is_negative() {
        let definitions = definitions::load(&definitions::embedded()).unwrap();
        let fault = |id: &str, text: &str| {
            value_fault(definitions.indicator(id).unwrap(), Delivered::Filed, Decimal::parse(text).unwrap())
        };
        assert_eq!(fault("students", "12"), None);
        assert!(fault("students", "12.5").is_some());
        assert_eq!(fault("special_funds", "12.5"), None);
        assert!(fault("special_funds", "-1").is_some());
        assert!(fault("special_funds", "1000000000").is_some());
    }
}
