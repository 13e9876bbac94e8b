//! What each school has of an indicator on the system basis, and totals and ratios over the schools that have it.
//!
//! A ratio is of the schools that have both of its parts, and of no other: pupils whose teachers are not
//! there would make a ratio that is of no school's. How many schools that is, of how many, is in its
//! [`Coverage`].

use std::collections::{BTreeMap, BTreeSet};

use super::measure::Additivity;
use super::{Coverage, State};
use crate::definitions::indicator::{Calculation, Indicator, RatioParts};
use crate::number::{Decimal, Ratio};

/// One school's part of a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    pub state: State,
    pub value: Decimal,
    pub set: BTreeSet<String>,
}

/// Parts of one indicator, basis and breakdown code, by school.
pub type Parts = BTreeMap<String, Part>;

/// A value with the parts that it was divided from, and what is in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Combined {
    pub state: State,
    pub value: Option<Decimal>,
    pub ratio: Option<Ratio>,
    pub coverage: Coverage,
}

impl Combined {
    #[must_use]
    pub fn missing(coverage: Coverage) -> Self {
        Combined { state: State::Missing, value: None, ratio: None, coverage }
    }

    #[must_use]
    pub fn value(value: Decimal, coverage: Coverage) -> Self {
        Combined { state: State::Value, value: Some(value), ratio: None, coverage }
    }

    /// The quotient. Without one it is missing where anything is, since that could be what to divide by;
    /// else there is none to give.
    #[must_use]
    pub fn divided(ratio: Ratio, coverage: Coverage) -> Self {
        let value = ratio.value();
        let state = match value {
            Some(_) => State::Value,
            None if coverage.missing > 0 => State::Missing,
            None => State::Dash,
        };
        Combined { state, value, ratio: Some(ratio), coverage }
    }
}

/// What a school has of an indicator that is measured on rows or made of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Whole,
    /// Something of it should be there and is not.
    Lacking,
}

/// What all schools have of the indicators that others are made of.
#[derive(Debug, Default)]
pub struct Holdings<'a> {
    indicators: BTreeMap<&'a str, &'a Indicator>,
    measured: BTreeMap<String, (Additivity, Parts)>,
}

impl<'a> Holdings<'a> {
    /// Of the indicators of a year; what is measured is added with [`Holdings::add`].
    #[must_use]
    pub fn of(indicators: impl Iterator<Item = &'a Indicator>) -> Self {
        Holdings {
            indicators: indicators.map(|indicator| (indicator.id.as_str(), indicator)).collect(),
            measured: BTreeMap::new(),
        }
    }

    /// Adds what schools have of an indicator, if others are made of it.
    pub fn add(&mut self, indicator: &str, additivity: Additivity, parts: Parts) {
        if self.indicators.values().any(|other| other.made_of().contains(&indicator)) {
            self.measured.insert(indicator.to_owned(), (additivity, parts));
        }
    }

    /// The parts of an indicator that there are this year.
    fn parts(&self, id: &str) -> Vec<&'a str> {
        let indicator = self.indicators.get(id).copied();
        let parts = indicator.map(Indicator::made_of).unwrap_or_default();
        parts.into_iter().filter(|part| self.has(part)).collect()
    }

    /// Whether the year has the indicator at all.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.measured.contains_key(id) || !self.parts(id).is_empty()
    }

    /// The schools that have, or should have, something of an indicator.
    #[must_use]
    pub fn schools(&self, id: &str) -> BTreeSet<&str> {
        match self.measured.get(id) {
            Some((_, parts)) => parts.keys().map(String::as_str).collect(),
            None => self.parts(id).into_iter().flat_map(|part| self.schools(part)).collect(),
        }
    }

    /// `None` where the school is not one of those that should have it.
    fn held(&self, id: &str, school: &str) -> Option<Held> {
        if let Some((_, parts)) = self.measured.get(id) {
            let whole = |part: &Part| if part.state == State::Value { Held::Whole } else { Held::Lacking };
            return parts.get(school).map(whole);
        }
        let parts: Vec<_> = self.parts(id).into_iter().map(|part| self.held(part, school)).collect();
        if parts.iter().all(Option::is_none) {
            return None;
        }
        let is_whole = parts.iter().all(|part| *part == Some(Held::Whole));
        Some(if is_whole { Held::Whole } else { Held::Lacking })
    }

    /// Whether a school has any part of an indicator.
    fn has_any(&self, id: &str, school: &str) -> bool {
        match self.measured.get(id) {
            Some((_, parts)) => parts.get(school).is_some_and(|part| part.state == State::Value),
            None => self.parts(id).into_iter().any(|part| self.has_any(part, school)),
        }
    }

    /// What the schools have together; nothing where it is a ratio of nothing.
    fn total(&self, id: &str, schools: &[&str]) -> Option<Decimal> {
        if let Some((additivity, parts)) = self.measured.get(id) {
            let parts = || schools.iter().filter_map(|school| parts.get(*school));
            return Some(combined(*additivity, parts()));
        }
        match self.indicators.get(id)?.system.as_ref()? {
            Calculation::SumOf(_) => {
                Some(self.parts(id).into_iter().filter_map(|part| self.total(part, schools)).sum())
            }
            Calculation::Ratio(ratio) => Ratio {
                numerator: self.total(&ratio.numerator, schools)?,
                denominator: self.total(&ratio.denominator, schools)?,
                factor: ratio.factor,
            }
            .value(),
            _ => None,
        }
    }

    /// Whether the total of schools is the sum of what each has.
    fn is_additive(&self, id: &str) -> bool {
        match (self.measured.get(id), self.indicators.get(id).and_then(|known| known.system.as_ref())) {
            (Some((additivity, _)), _) => *additivity == Additivity::Sum,
            (None, Some(Calculation::SumOf(_))) => {
                self.parts(id).into_iter().all(|part| self.is_additive(part))
            }
            _ => false,
        }
    }

    /// A sum of other indicators over the schools of a unit: of everything that is there.
    #[must_use]
    pub fn sum(&self, id: &str, schools: &[&str]) -> Combined {
        let whole = schools.iter().filter(|school| self.held(id, school) == Some(Held::Whole)).count();
        let coverage = Coverage::of(whole, schools.len() - whole);
        // Where there are no schools, the sum is zero, if there are schools elsewhere.
        let is_value = match schools {
            [] => !self.schools(id).is_empty(),
            schools => schools.iter().any(|school| self.has_any(id, school)),
        };
        let state = if is_value { State::Value } else { State::Missing };
        Combined { state, value: self.total(id, schools), ratio: None, coverage }
    }

    /// A ratio whose numerator is of the schools of a unit, and its denominator of those of `whole`, which are
    /// the same or more: only of those that have both parts.
    #[must_use]
    pub fn ratio<'s>(&self, ratio: &RatioParts, schools: &[&'s str], whole: &[&'s str]) -> Combined {
        let has_both = |school: &&str| {
            [&ratio.numerator, &ratio.denominator].iter().all(|id| self.held(id, school) == Some(Held::Whole))
        };
        let with_both = |schools: &[&'s str]| schools.iter().copied().filter(has_both).collect::<Vec<_>>();
        let (above, below) = (with_both(schools), with_both(whole));
        let mut coverage = Coverage::of(below.len(), whole.len() - below.len());
        let lacks_all = above.is_empty() && !schools.is_empty();
        let is_of_nothing = || {
            whole.is_empty()
                && self.schools(&ratio.numerator).is_empty()
                && self.schools(&ratio.denominator).is_empty()
        };
        if coverage.missing > 0 && (below.is_empty() || lacks_all) || is_of_nothing() {
            return Combined::missing(coverage);
        }
        let total = |id: &str, schools: &[&str]| self.total(id, schools).unwrap_or_default();
        let divided = Ratio {
            numerator: total(&ratio.numerator, &above),
            denominator: total(&ratio.denominator, &below),
            factor: ratio.factor,
        };
        if coverage.missing > 0 {
            let parts = [(&ratio.numerator, &above, schools), (&ratio.denominator, &below, whole)];
            coverage.share = parts
                .into_iter()
                .filter(|(id, ..)| self.is_additive(id))
                .filter_map(|(id, included, all)| share(total(id, included), total(id, all)))
                .min()
                .map(Box::new);
        }
        Combined::divided(divided, coverage)
    }
}

/// The part of all that is known; nothing where no more is known than what is included.
#[must_use]
pub fn share(included: Decimal, known: Decimal) -> Option<Decimal> {
    let share = Ratio { numerator: included, denominator: known, factor: 1 };
    share.value().filter(|_| included < known)
}

/// The parts of schools as one value.
pub fn combined<'p>(additivity: Additivity, parts: impl Iterator<Item = &'p Part>) -> Decimal {
    match additivity {
        Additivity::Sum => parts.map(|part| part.value).sum(),
        Additivity::Greatest => parts.map(|part| part.value).max().unwrap_or_default(),
        Additivity::Union => {
            let all: BTreeSet<&String> = parts.flat_map(|part| &part.set).collect();
            Decimal::from_int(i64::try_from(all.len()).unwrap_or(i64::MAX))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a school has of three indicators, each on a table of its own: a number, nothing that should be there,
    /// or no business with it.
    type Had = [Option<Option<i64>>; 3];

    const COUNTED: [&str; 3] = ["students", "teachers_full_time", "graduates"];

    fn indicator(id: &str, system: &str) -> Indicator {
        let definition = format!(
            "id='{id}'\ntitle_zh=''\ntitle_en=''\nunit=''\nreference_time='school_year'\ndefinition=''\nstatus='assumed'\ncitation=''\nsystem={system}"
        );
        toml::from_str(&definition).unwrap()
    }

    fn indicators() -> Vec<Indicator> {
        let mut all: Vec<Indicator> =
            COUNTED.iter().map(|id| indicator(id, &format!("{{count={{table='{id}'}}}}"))).collect();
        all.push(indicator("both", "{sum_of=['students','graduates']}"));
        all.push(indicator(
            "rate",
            "{ratio={numerator='students',denominator='teachers_full_time',factor=100}}",
        ));
        all.push(indicator(
            "of_both",
            "{ratio={numerator='both',denominator='teachers_full_time',factor=1}}",
        ));
        all
    }

    fn ratio_of<'i>(indicators: &'i [Indicator], id: &str) -> &'i RatioParts {
        let indicator = indicators.iter().find(|indicator| indicator.id == id).unwrap();
        match indicator.system.as_ref().unwrap() {
            Calculation::Ratio(ratio) => ratio,
            other => panic!("{other:?}"),
        }
    }

    fn holdings<'i>(indicators: &'i [Indicator], schools: &[Had]) -> Holdings<'i> {
        let mut holdings = Holdings::of(indicators.iter());
        for (index, id) in COUNTED.iter().enumerate() {
            let part = |(code, had): (usize, &Had)| {
                let number = had[index]?;
                let state = if number.is_some() { State::Value } else { State::Missing };
                let value = Decimal::from_int(number.unwrap_or_default());
                Some((code.to_string(), Part { state, value, set: BTreeSet::new() }))
            };
            holdings.add(id, Additivity::Sum, schools.iter().enumerate().filter_map(part).collect());
        }
        holdings
    }

    fn of_schools(id: &str, schools: &[Had]) -> Combined {
        let indicators = indicators();
        let holdings = holdings(&indicators, schools);
        let codes: Vec<String> = holdings.schools(id).into_iter().map(str::to_owned).collect();
        let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
        if id == "both" {
            holdings.sum(id, &codes)
        } else {
            holdings.ratio(ratio_of(&indicators, id), &codes, &codes)
        }
    }

    fn text(combined: &Combined) -> String {
        let Combined { state, value, ratio, coverage } = combined;
        let number = |number: Option<Decimal>| number.map(|number| number.to_string()).unwrap_or_default();
        format!(
            "{} {} = {} / {}, {} of {}, {}",
            state.name(),
            number(*value),
            number(ratio.map(|ratio| ratio.numerator)),
            number(ratio.map(|ratio| ratio.denominator)),
            coverage.schools,
            coverage.schools + coverage.missing,
            number(coverage.share.as_deref().copied()),
        )
    }

    #[test]
    fn a_ratio_is_of_the_schools_that_have_both_parts() {
        let there = |number| Some(Some(number));
        let (students, staff) = ([there(400), Some(None), None], [there(600), there(40), None]);
        assert_eq!(text(&of_schools("rate", &[students, staff])), "value 1500 = 600 / 40, 1 of 2, 0.6");
        // Nothing is known of the other school, neither its pupils nor its teachers.
        let nothing = [Some(None), Some(None), None];
        assert_eq!(text(&of_schools("rate", &[nothing, staff])), "value 1500 = 600 / 40, 1 of 2, ");
        assert_eq!(text(&of_schools("rate", &[staff])), "value 1500 = 600 / 40, 1 of 1, ");
        // A school that the register does not have delivered pupils: its teachers are missing.
        assert_eq!(
            text(&of_schools("rate", &[[there(200), None, None], staff])),
            "value 1500 = 600 / 40, 1 of 2, 0.75"
        );
        assert_eq!(text(&of_schools("rate", &[students])), "missing  =  / , 0 of 1, ");
        assert_eq!(text(&of_schools("rate", &[])), "missing  =  / , 0 of 0, ");
    }

    #[test]
    fn without_anything_to_divide_by_it_is_a_dash_or_missing() {
        let there = |number| Some(Some(number));
        let idle = [there(5), there(0), None];
        assert_eq!(of_schools("rate", &[idle]).state, State::Dash);
        assert_eq!(of_schools("rate", &[idle, [there(5), Some(None), None]]).state, State::Missing);
    }

    #[test]
    fn a_sum_has_all_that_is_there_and_says_which_school_it_lacks() {
        let (whole, half) = ([Some(Some(3)), None, Some(Some(4))], [Some(Some(5)), None, Some(None)]);
        assert_eq!(text(&of_schools("both", &[whole, half])), "value 12 =  / , 1 of 2, ");
        // What is not the whole of a sum is no part of a ratio.
        let with_staff = |had: Had| [had[0], Some(Some(2)), had[2]];
        let of_both = of_schools("of_both", &[with_staff(whole), with_staff(half)]);
        assert_eq!(text(&of_both), "value 3.5 = 7 / 2, 1 of 2, 0.5");
    }

    #[test]
    fn a_share_of_the_city_is_of_its_schools_that_have_both_parts() {
        let indicators = indicators();
        let there = |number| Some(Some(number));
        let schools =
            [[there(1), there(10), None], [there(2), there(30), None], [there(4), Some(None), None]];
        let holdings = holdings(&indicators, &schools);
        let rate = ratio_of(&indicators, "rate");
        let share = |schools: &[&str]| text(&holdings.ratio(rate, schools, &["0", "1", "2"]));
        assert_eq!(share(&["0"]), "value 2.5 = 1 / 40, 2 of 3, ");
        assert_eq!(share(&[]), "value 0 = 0 / 40, 2 of 3, ");
        assert_eq!(share(&["2"]), "missing  =  / , 2 of 3, ");
    }

    #[test]
    fn what_is_counted_once_is_counted_once_in_a_ratio() {
        let indicators = indicators();
        let mut holdings = Holdings::of(indicators.iter());
        let part = |codes: &[&str]| Part {
            state: State::Value,
            value: Decimal::ZERO,
            set: codes.iter().map(|&code| code.to_owned()).collect(),
        };
        let parts = [("a".to_owned(), part(&["x", "y"])), ("b".to_owned(), part(&["y"]))];
        holdings.add("students", Additivity::Union, parts.into());
        let teachers =
            |number| Part { state: State::Value, value: Decimal::from_int(number), set: BTreeSet::new() };
        let parts = [("a".to_owned(), teachers(1)), ("b".to_owned(), teachers(3))];
        holdings.add("teachers_full_time", Additivity::Sum, parts.into());
        let found = holdings.ratio(ratio_of(&indicators, "rate"), &["a", "b"], &["a", "b"]);
        assert_eq!(text(&found), "value 50 = 2 / 4, 2 of 2, ");
    }

    fn had() -> impl Strategy<Value = Had> {
        let one =
            || prop_oneof![Just(None), Just(Some(None)), (0_i64..4).prop_map(|number| Some(Some(number)))];
        [one(), one(), one()]
    }

    proptest! {
        /// The slow obvious oracle: go through the schools, and add up those that have everything.
        #[test]
        fn ratios_are_what_going_through_the_schools_gives(
            schools in prop::collection::vec(had(), 0..7),
            of_both in any::<bool>(),
        ) {
            let (mut numerator, mut denominator, mut included, mut expected) = (0, 0, 0, 0);
            for [students, staff, graduates] in &schools {
                let above = if of_both { vec![students, graduates] } else { vec![students] };
                if above.iter().all(|had| had.is_none()) && staff.is_none() {
                    continue;
                }
                expected += 1;
                let numbers: Option<Vec<i64>> = above.into_iter().map(|had| (*had).flatten()).collect();
                if let (Some(numbers), Some(staff)) = (numbers, staff.flatten()) {
                    included += 1;
                    numerator += numbers.iter().sum::<i64>();
                    denominator += staff;
                }
            }
            let found = of_schools(if of_both { "of_both" } else { "rate" }, &schools);
            prop_assert_eq!((found.coverage.schools, found.coverage.missing), (included, expected - included));
            let state = match (denominator, expected - included, expected) {
                (1.., ..) => State::Value,
                (_, 1.., _) | (.., 0) => State::Missing,
                _ => State::Dash,
            };
            // A table that no school is concerned with makes no ratio.
            prop_assert_eq!(found.state, state);
            if state == State::Value {
                let ratio = found.ratio.unwrap();
                prop_assert_eq!(ratio.numerator, Decimal::from_int(numerator));
                prop_assert_eq!(ratio.denominator, Decimal::from_int(denominator));
                prop_assert_eq!(found.value, ratio.value());
            }
            if let Some(share) = found.coverage.share {
                prop_assert!(found.coverage.missing > 0);
                prop_assert!((0..crate::number::ONE).contains(&share.0));
            }
        }
    }
}
