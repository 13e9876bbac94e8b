//! School values → county and city values, and ratios of them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::measure::{Additivity, AnswersBySchool, Measurement, answers, measure, measured_on};
use super::parts::{self, Combined, Holdings, Part, Parts};
use super::{Coverage, IndicatorValue, State, Subject, Unit, ValueKey};
use crate::definitions::indicator::{Calculation, Combination, Indicator, SurveyMeasure};
use crate::definitions::layout::Layout;
use crate::figure::{Basis, Delivered, Level};
use crate::figures::combinations::TableError;
use crate::number::{Decimal, ONE, Ratio};
use crate::period::ReportYear;

/// One school of the register, with its attributes by column.
#[derive(Debug, Clone, Default)]
pub struct School {
    pub region_code: String,
    pub name: String,
    pub attributes: BTreeMap<String, String>,
}

/// A figure that a school filed about its own year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiledFigure {
    pub state: State,
    pub value: Option<Decimal>,
    /// The text of a cell that holds words.
    pub words: Option<String>,
}

/// Values that named persons set, by indicator, basis and school.
pub type SetValues = BTreeMap<(String, Delivered, String), Decimal>;

/// Everything one year is computed from.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    pub year: ReportYear,
    /// File of each table.
    pub tables: BTreeMap<String, PathBuf>,
    /// The tables of the register and of the filings.
    pub register_table: String,
    pub filing_table: String,
    /// Column names of each table.
    pub columns: BTreeMap<String, Vec<String>>,
    /// The register, by school code.
    pub schools: BTreeMap<String, School>,
    /// Schools that delivered rows of each table.
    pub delivered: BTreeMap<String, BTreeSet<String>>,
    /// Filed values by indicator and school.
    pub filed: BTreeMap<(String, String), FiledFigure>,
    /// Values in place of a school's own; empty where delivered values are computed.
    pub set: SetValues,
    /// All counties of the city; the residual is added.
    pub counties: Vec<String>,
    pub city: String,
    pub residual: String,
}

/// All values of one year, sorted by their keys.
///
/// # Errors
/// When a table cannot be read.
pub fn compute(
    indicators: &[Indicator],
    layout: Option<&Layout>,
    inputs: &Inputs,
) -> Result<Vec<IndicatorValue>, TableError> {
    let units = Units::of(inputs);
    let valid = indicators.iter().filter(|indicator| indicator.valid_in(inputs.year));
    let holdings = Holdings::of(valid);
    let mut computer = Computer { indicators, layout, inputs, units, holdings, values: BTreeMap::new() };
    computer.system_measures()?;
    computer.survey_answers()?;
    computer.filed_sums();
    computer.made_of_others();
    Ok(computer.values.into_values().collect())
}

/// The set values of one indicator on one basis.
fn set_values<'a>(
    inputs: &'a Inputs,
    indicator: &'a str,
    basis: Delivered,
) -> impl Iterator<Item = (&'a (String, Delivered, String), &'a Decimal)> {
    inputs.set.iter().filter(move |((id, set_basis, _), _)| id == indicator && *set_basis == basis)
}

/// The state of a unit without schools: zero, if there are schools elsewhere; blank, if all of
/// those are blank; missing, if there are no schools at all.
fn empty_state(parts: &Parts) -> State {
    if parts.is_empty() {
        State::Missing
    } else if parts.values().all(|part| part.state == State::Blank) {
        State::Blank
    } else {
        State::Value
    }
}

/// The state of a value that is not a sum: a unit without schools has none to give.
fn state_without_sum(of_unit: &[(&String, &Part)], parts: &Parts) -> State {
    if !of_unit.is_empty() {
        return State::combined(of_unit.iter().map(|(_, part)| part.state));
    }
    match empty_state(parts) {
        State::Value => State::Dash,
        state => state,
    }
}

fn subject_of(indicator: &Indicator, basis: Basis, (breakdown, code): (&str, &str)) -> Arc<Subject> {
    let (breakdown, breakdown_code) = (breakdown.to_owned(), code.to_owned());
    Arc::new(Subject { breakdown, breakdown_code, ..Subject::whole(&indicator.id, basis) })
}

/// The units of a year, each kept once.
struct Units {
    schools: BTreeMap<String, Arc<Unit>>,
    /// With the residual.
    counties: Vec<Arc<Unit>>,
    city: Arc<Unit>,
}

impl Units {
    /// Schools of the register, and those that delivered without being in it.
    fn of(inputs: &Inputs) -> Self {
        let above = |level, region: &str| {
            Arc::new(Unit { level, region_code: region.to_owned(), school_code: String::new() })
        };
        let schools = inputs.delivered.values().flatten().chain(inputs.schools.keys());
        let regions = inputs.counties.iter().chain([&inputs.residual]);
        Units {
            schools: schools.map(|code| (code.clone(), Arc::new(school_unit(inputs, code)))).collect(),
            counties: regions.map(|region| above(Level::County, region)).collect(),
            city: above(Level::City, &inputs.city),
        }
    }
}

/// A school's unit; one that is not in the register is under no county.
fn school_unit(inputs: &Inputs, code: &str) -> Unit {
    let known = inputs.schools.get(code);
    let region = known.map_or(&inputs.residual, |school| &school.region_code);
    Unit { level: Level::School, region_code: region.clone(), school_code: code.to_owned() }
}

/// The parts of a unit, by school.
type SchoolParts<'p, P> = Vec<(&'p String, &'p P)>;

struct Computer<'a> {
    indicators: &'a [Indicator],
    layout: Option<&'a Layout>,
    inputs: &'a Inputs,
    units: Units,
    holdings: Holdings<'a>,
    values: BTreeMap<ValueKey, IndicatorValue>,
}

impl Computer<'_> {
    /// One scan for each table: everything measured on it, by school and breakdown columns.
    fn system_measures(&mut self) -> Result<(), TableError> {
        let mut by_table: BTreeMap<&str, Vec<&Indicator>> = BTreeMap::new();
        let year = self.inputs.year;
        for indicator in self.indicators.iter().filter(|indicator| indicator.valid_in(year)) {
            if let Some((table, _)) = measured_on(indicator) {
                by_table.entry(table).or_default().push(indicator);
            }
        }
        for (table, indicators) in by_table {
            if !self.is_wanted(table) {
                continue;
            }
            let columns = self.inputs.columns.get(table).cloned().unwrap_or_default();
            let breakdowns: Vec<String> = indicators
                .iter()
                .flat_map(|indicator| indicator.breakdowns.iter())
                .filter(|name| table != self.inputs.register_table && columns.contains(name))
                .cloned()
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect();
            let mut measured = match self.inputs.tables.get(table) {
                Some(path) => measure(path, &breakdowns, &indicators)?,
                None => BTreeMap::new(),
            };
            for indicator in indicators {
                let measurement = measured.remove(&indicator.id).unwrap_or_default();
                self.roll_up_measured(indicator, table, &breakdowns, &measurement);
            }
        }
        Ok(())
    }

    /// In a year without a report only delivered values are kept: nothing else is missing.
    fn is_wanted(&self, table: &str) -> bool {
        self.layout.is_some() || self.inputs.tables.contains_key(table)
    }

    /// Sums and means of answers: one scan for each table.
    fn survey_answers(&mut self) -> Result<(), TableError> {
        let (year, indicators) = (self.inputs.year, self.indicators);
        let mut by_table: BTreeMap<&str, Vec<(&Indicator, &SurveyMeasure)>> = BTreeMap::new();
        for indicator in indicators.iter().filter(|indicator| indicator.valid_in(year)) {
            if let Some(survey) = indicator.survey.as_ref().filter(|survey| self.is_wanted(survey.table())) {
                by_table.entry(survey.table()).or_default().push((indicator, survey));
            }
        }
        for (table, wanted) in by_table {
            let measures: Vec<&SurveyMeasure> = wanted.iter().map(|(_, survey)| *survey).collect();
            let given = match self.inputs.tables.get(table) {
                Some(path) => answers(path, &measures)?,
                None => vec![AnswersBySchool::new(); measures.len()],
            };
            for ((indicator, survey), given) in wanted.into_iter().zip(given) {
                self.roll_up_answers(indicator, survey, &given);
            }
        }
        Ok(())
    }

    /// Each unit's answers, from the sums of its own schools.
    fn roll_up_answers(&mut self, indicator: &Indicator, survey: &SurveyMeasure, given: &AnswersBySchool) {
        let table = survey.table();
        let part = |school: String| {
            let sums = given.get(&school).copied().unwrap_or_default();
            let sums = self.has_delivered(table, &school).then_some(sums);
            (school, sums)
        };
        let parts: BTreeMap<String, Option<(Decimal, Decimal)>> =
            self.schools_of(table).into_iter().map(part).collect();
        let subject = subject_of(indicator, Basis::Survey, ("", ""));
        for (unit, of_unit) in self.units_with_parts(&parts) {
            let delivered: Vec<&(Decimal, Decimal)> =
                of_unit.iter().filter_map(|(_, part)| part.as_ref()).collect();
            let missing = of_unit.len() - delivered.len();
            let coverage = Coverage::of(delivered.len(), missing);
            let sum: Decimal = delivered.iter().map(|(sum, _)| *sum).sum();
            let weight: Decimal = delivered.iter().map(|(_, weight)| *weight).sum();
            let combined = match survey {
                _ if delivered.is_empty() && (missing > 0 || parts.is_empty()) => Combined::missing(coverage),
                SurveyMeasure::Sum(_) => Combined::value(sum, coverage),
                SurveyMeasure::WeightedMean(_) => {
                    Combined::divided(Ratio { numerator: sum, denominator: weight, factor: 1 }, coverage)
                }
            };
            self.put(&subject, unit, combined);
        }
    }

    fn roll_up_measured(
        &mut self,
        indicator: &Indicator,
        table: &str,
        columns: &[String],
        measurement: &Measurement,
    ) {
        let additivity = measured_on(indicator).map_or(Additivity::Sum, |(_, additivity)| additivity);
        let mut all: BTreeMap<(String, String), Parts> = BTreeMap::new();
        all.entry(<_>::default()).or_default();
        // A school that delivered has a part even where none of its rows count.
        for school in self.schools_of(table) {
            let state = if self.has_delivered(table, &school) { State::Value } else { State::Missing };
            let empty = Part { state, value: Decimal::ZERO, set: BTreeSet::new() };
            all.entry(<_>::default()).or_default().insert(school, empty);
        }
        let groups: BTreeSet<_> = measurement.values.keys().chain(measurement.sets.keys()).collect();
        for group in groups {
            let (school, codes) = group;
            let value = measurement.values.get(group).copied().unwrap_or_default();
            let set = measurement.sets.get(group).cloned().unwrap_or_default();
            for breakdown in self.places(indicator, school, columns, codes) {
                let part = all.entry(breakdown).or_default().entry(school.clone());
                let part =
                    part.or_insert(Part { state: State::Value, value: Decimal::ZERO, set: BTreeSet::new() });
                part.state = State::Value;
                match additivity {
                    Additivity::Greatest => part.value = part.value.max(value),
                    _ => part.value += value,
                }
                part.set.extend(set.iter().cloned());
            }
        }
        self.put_set_values(indicator, columns, &mut all);
        let whole = all.get(&<(String, String)>::default()).into_iter().flatten();
        let missing: Parts = whole
            .filter(|(_, part)| part.state == State::Missing)
            .map(|(school, part)| (school.clone(), part.clone()))
            .collect();
        for ((breakdown, code), mut parts) in all {
            if !breakdown.is_empty() {
                parts.retain(|_, part| part.value != Decimal::ZERO || !part.set.is_empty());
                // A school that delivered nothing is missing in every part of the whole.
                parts.extend(missing.iter().map(|(school, part)| (school.clone(), part.clone())));
            }
            if !parts.is_empty() || breakdown.is_empty() {
                self.roll_up(indicator, Basis::System, (&breakdown, &code), &parts, additivity);
            }
            if breakdown.is_empty() {
                self.holdings.add(&indicator.id, additivity, parts);
            }
        }
    }

    /// A school's set value is its whole, and the part of every attribute that the school itself has; how it
    /// divides over the columns of the rows is unknown.
    fn put_set_values(
        &self,
        indicator: &Indicator,
        columns: &[String],
        all: &mut BTreeMap<(String, String), Parts>,
    ) {
        for ((_, _, school), value) in set_values(self.inputs, &indicator.id, Delivered::System) {
            let part = Part { state: State::Value, value: *value, set: BTreeSet::new() };
            let no_codes = vec![String::new(); columns.len()];
            for place in self.places(indicator, school, columns, &no_codes) {
                if !columns.contains(&place.0) {
                    all.entry(place).or_default().insert(school.clone(), part.clone());
                }
            }
        }
    }

    /// The breakdown codes a group belongs to: none, each requested column, each requested attribute.
    fn places(
        &self,
        indicator: &Indicator,
        school: &str,
        columns: &[String],
        codes: &[String],
    ) -> Vec<(String, String)> {
        let mut places = vec![<_>::default()];
        for name in &indicator.breakdowns {
            let code = if let Some(position) = columns.iter().position(|column| column == name) {
                codes[position].clone()
            } else {
                let school = self.inputs.schools.get(school);
                school.and_then(|school| school.attributes.get(name)).cloned().unwrap_or_default()
            };
            places.push((name.clone(), if code.is_empty() { "unknown".to_owned() } else { code }));
        }
        places
    }

    /// Schools that are in the register, or delivered to the table without being in it.
    fn schools_of(&self, table: &str) -> BTreeSet<String> {
        let registered = self.inputs.schools.keys().cloned();
        registered.chain(self.inputs.delivered.get(table).into_iter().flatten().cloned()).collect()
    }

    fn has_delivered(&self, table: &str, school: &str) -> bool {
        self.inputs.delivered.get(table).is_some_and(|schools| schools.contains(school))
    }

    fn region_of(&self, school: &str) -> &str {
        self.inputs.schools.get(school).map_or(self.inputs.residual.as_str(), |school| &school.region_code)
    }

    /// Groups parts by the region of their schools, so that each unit is made from its own alone.
    fn by_region<'p, P>(&self, parts: &'p BTreeMap<String, P>) -> BTreeMap<&str, SchoolParts<'p, P>> {
        let mut by_region: BTreeMap<&str, SchoolParts<'_, P>> = BTreeMap::new();
        for (school, part) in parts {
            by_region.entry(self.region_of(school)).or_default().push((school, part));
        }
        by_region
    }

    /// The units that have any of `parts` below them or represent a region, each with its parts.
    fn units_with_parts<'p, P>(
        &self,
        parts: &'p BTreeMap<String, P>,
    ) -> Vec<(Arc<Unit>, SchoolParts<'p, P>)> {
        let mut by_region = self.by_region(parts);
        let school = |(code, part): (&'p String, &'p P)| {
            let known = self.units.schools.get(code).cloned();
            (known.unwrap_or_else(|| Arc::new(school_unit(self.inputs, code))), vec![(code, part)])
        };
        let mut units: Vec<_> = parts.iter().map(school).collect();
        for county in &self.units.counties {
            let of_county = by_region.remove(county.region_code.as_str()).unwrap_or_default();
            units.push((Arc::clone(county), of_county));
        }
        units.push((Arc::clone(&self.units.city), parts.iter().collect()));
        units
    }

    fn roll_up(
        &mut self,
        indicator: &Indicator,
        basis: Basis,
        breakdown: (&str, &str),
        parts: &Parts,
        additivity: Additivity,
    ) {
        let subject = subject_of(indicator, basis, breakdown);
        for (unit, of_unit) in self.units_with_parts(parts) {
            if unit.level < indicator.from_level {
                continue;
            }
            let of_unit: Vec<&Part> = of_unit.into_iter().map(|(_, part)| part).collect();
            let state = if of_unit.is_empty() {
                empty_state(parts)
            } else {
                State::combined(of_unit.iter().map(|part| part.state))
            };
            let value = parts::combined(additivity, of_unit.iter().copied());
            let coverage = coverage(of_unit.iter().copied());
            self.put(&subject, unit, Combined { state, value: Some(value), ratio: None, coverage });
        }
    }

    /// The different words that the schools filed, those of most schools first.
    fn listed(&mut self, indicator: &Indicator, parts: &Parts) {
        let subject = subject_of(indicator, Basis::Filed, ("", ""));
        for (unit, of_unit) in self.units_with_parts(parts) {
            let state = state_without_sum(&of_unit, parts);
            let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
            let filed = of_unit.iter().filter(|(_, part)| part.state == State::Value);
            for words in filed.flat_map(|(_, part)| &part.set) {
                *counted.entry(words).or_default() += 1;
            }
            let mut order: Vec<(&str, usize)> = counted.into_iter().collect();
            order.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
            let words: Vec<&str> = order.into_iter().map(|(words, _)| words).collect();
            let words = words.join("；");
            let coverage = coverage(of_unit.iter().map(|(_, part)| *part));
            let value = self.put(&subject, unit, Combined { state, value: None, ratio: None, coverage });
            value.words = (state == State::Value).then_some(words);
        }
    }

    /// Only a value has a number, and only a value has parts.
    fn put(&mut self, subject: &Arc<Subject>, unit: Arc<Unit>, combined: Combined) -> &mut IndicatorValue {
        let Combined { state, value, ratio, coverage } = combined;
        let key = ValueKey { subject: Arc::clone(subject), unit };
        let is_value = state == State::Value;
        let row = IndicatorValue {
            report_year: self.inputs.year,
            key: key.clone(),
            state,
            value: value.filter(|_| is_value),
            ratio: ratio.filter(|_| is_value),
            words: None,
            coverage,
        };
        match self.values.entry(key) {
            Entry::Vacant(place) => place.insert(row),
            Entry::Occupied(place) => {
                let known = place.into_mut();
                *known = row;
                known
            }
        }
    }

    /// Sums of filed values that add up, the greatest of those that do not, and weighted filed ratios.
    fn filed_sums(&mut self) {
        let (Some(layout), indicators) = (self.layout, self.indicators) else { return };
        let asked: BTreeSet<&str> = layout.filed_rows().map(|(_, row)| row.indicator.as_str()).collect();
        for indicator in indicators {
            let Some(combination) = &indicator.filed else { continue };
            let is_asked = asked.contains(indicator.id.as_str()) && indicator.valid_in(self.inputs.year);
            let parts = self.filed_parts(&indicator.id, is_asked);
            match combination {
                Combination::Sum => self.roll_up(indicator, Basis::Filed, ("", ""), &parts, Additivity::Sum),
                Combination::Max => {
                    self.roll_up(indicator, Basis::Filed, ("", ""), &parts, Additivity::Greatest);
                }
                Combination::WeightedMean { weight } => self.weighted_mean(indicator, &parts, weight),
                Combination::List => self.listed(indicator, &parts),
                Combination::Lines => {}
            }
        }
    }

    fn filed_parts(&self, indicator: &str, is_asked: bool) -> Parts {
        let part = |school: String| {
            let filed = self.inputs.filed.get(&(indicator.to_owned(), school.clone()));
            let set = (indicator.to_owned(), Delivered::Filed, school.clone());
            let (state, value) = match filed {
                _ if !is_asked => (State::Blank, None),
                _ if self.inputs.set.contains_key(&set) => (State::Value, self.inputs.set.get(&set).copied()),
                Some(filed) => (filed.state, filed.value),
                None => (State::Missing, None),
            };
            let words = filed.filter(|_| is_asked).and_then(|filed| filed.words.clone());
            (school, Part { state, value: value.unwrap_or_default(), set: words.into_iter().collect() })
        };
        self.schools_of(&self.inputs.filing_table).into_iter().map(part).collect()
    }

    /// Σ value × weight ÷ Σ weight over the schools that filed both: the numerator is reconstructed.
    fn weighted_mean(&mut self, indicator: &Indicator, parts: &Parts, weight: &str) {
        let weights = self.filed_parts(weight, true);
        let subject = subject_of(indicator, Basis::Filed, ("", ""));
        for (unit, of_unit) in self.units_with_parts(parts) {
            let state = state_without_sum(&of_unit, parts);
            let coverage = coverage(of_unit.iter().map(|(_, part)| *part));
            // A school's own is as it was filed.
            let combined = if unit.level == Level::School {
                let value = of_unit.first().map(|(_, part)| part.value);
                Combined { state, value, ratio: None, coverage }
            } else if state == State::Value {
                mean(&of_unit, &weights)
            } else {
                Combined { state, value: None, ratio: None, coverage }
            };
            self.put(&subject, unit, combined);
        }
    }

    /// Sums and ratios of other indicators.
    fn made_of_others(&mut self) {
        let year = self.inputs.year;
        for indicator in self.indicators.iter().filter(|indicator| indicator.valid_in(year)) {
            let subject = subject_of(indicator, Basis::System, ("", ""));
            for (unit, combined) in self.made_values(indicator) {
                if unit.level >= indicator.from_level {
                    self.put(&subject, unit, combined);
                }
            }
        }
    }

    /// The values of an indicator that is made of others, if it is one and they are there.
    fn made_values(&self, indicator: &Indicator) -> Vec<(Arc<Unit>, Combined)> {
        let holdings = &self.holdings;
        let known = match &indicator.system {
            Some(Calculation::SumOf(_)) if holdings.has(&indicator.id) => holdings.schools(&indicator.id),
            Some(Calculation::Ratio(ratio))
                if holdings.has(&ratio.numerator) && holdings.has(&ratio.denominator) =>
            {
                holdings.schools(&indicator.id)
            }
            _ => return Vec::new(),
        };
        let schools: BTreeMap<String, &str> =
            known.iter().map(|&school| (school.to_owned(), school)).collect();
        let all: Vec<&str> = known.into_iter().collect();
        let units = self.units_with_parts(&schools).into_iter();
        let combined = |(unit, of_unit): (Arc<Unit>, SchoolParts<'_, &str>)| {
            let schools: Vec<&str> = of_unit.iter().map(|(_, school)| **school).collect();
            let combined = match &indicator.system {
                Some(Calculation::Ratio(ratio)) => {
                    let whole = if ratio.denominator_level == Some(Level::City) { &all } else { &schools };
                    holdings.ratio(ratio, &schools, whole)
                }
                _ => holdings.sum(&indicator.id, &schools),
            };
            (unit, combined)
        };
        units.map(combined).collect()
    }
}

/// How many schools are in a value that is combined from their parts.
fn coverage<'p>(parts: impl Iterator<Item = &'p Part>) -> Coverage {
    let (mut schools, mut missing) = (0, 0);
    for part in parts {
        schools += usize::from(part.state == State::Value);
        missing += usize::from(part.state == State::Missing);
    }
    Coverage::of(schools, missing)
}

/// The mean over the schools that have both a value and its weight.
fn mean(of_unit: &[(&String, &Part)], weights: &Parts) -> Combined {
    let (mut numerator, mut denominator, mut known) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
    let (mut schools, mut missing) = (0, 0);
    for (school, part) in of_unit {
        // Weights are counts of people, so that nothing is rounded here. A value without one
        // cannot be in the mean, and counts as missing.
        let weight = weights.get(*school).filter(|weight| weight.state == State::Value);
        let weight = weight.map(|weight| weight.value).filter(|weight| weight.0 % ONE == 0);
        match (part.state, weight) {
            (State::Value, Some(weight)) => {
                numerator += Decimal(part.value.0 * (weight.0 / ONE));
                denominator += weight;
                schools += 1;
            }
            (State::Value | State::Missing, _) => missing += 1,
            (State::Dash | State::Blank, _) => continue,
        }
        known += weight.unwrap_or_default();
    }
    let mut coverage = Coverage::of(schools, missing);
    if missing > 0 {
        coverage.share = parts::share(denominator, known).map(Box::new);
    }
    Combined::divided(Ratio { numerator, denominator, factor: 1 }, coverage)
}
