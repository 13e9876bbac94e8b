//! From definitions to values at school, county and city, on every basis.
//!
//! Engines return whole numbers and sums only. Everything additive is taken per
//! school in one scan of each table and rolled up here, so that counties and
//! residual add up to the city by construction; ratios are kept as numerator and
//! denominator until they are printed.

pub mod combinations;

pub mod measure;

pub mod parts;

pub mod compute;

pub mod adjust;

pub mod stored;

pub mod reconcile;

use std::cmp::Ordering;
use std::ops::Deref;
use std::sync::Arc;

use crate::figure::{Basis, State, Unit};
use crate::number::{Decimal, Ratio};
use crate::period::ReportYear;

/// The subject of a value, whichever unit has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    pub indicator_id: String,
    pub basis: Basis,
    /// Empty, or the attribute and its code.
    pub breakdown: String,
    pub breakdown_code: String,
}

impl Subject {
    /// An indicator as a whole.
    #[must_use]
    pub fn whole(indicator: &str, basis: Basis) -> Self {
        Subject {
            indicator_id: indicator.to_owned(),
            basis,
            breakdown: String::new(),
            breakdown_code: String::new(),
        }
    }
}

/// The key of `indicator_value`. Both halves are shared: a city has a million values, but only some
/// thousand subjects and units.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ValueKey {
    pub subject: Arc<Subject>,
    pub unit: Arc<Unit>,
}

impl ValueKey {
    #[must_use]
    pub fn new(subject: Subject, unit: Unit) -> Self {
        ValueKey { subject: Arc::new(subject), unit: Arc::new(unit) }
    }

    /// The same subject on another basis.
    #[must_use]
    pub fn on(&self, basis: Basis) -> Self {
        let subject = Subject { basis, ..Subject::clone(&self.subject) };
        ValueKey { subject: Arc::new(subject), unit: Arc::clone(&self.unit) }
    }
}

impl Deref for ValueKey {
    type Target = Subject;

    fn deref(&self) -> &Subject {
        &self.subject
    }
}

impl Ord for ValueKey {
    fn cmp(&self, other: &Self) -> Ordering {
        // Neighbouring keys mostly share one half.
        let subjects = || self.subject.cmp(&other.subject);
        let units = || self.unit.cmp(&other.unit);
        let by_subject =
            if Arc::ptr_eq(&self.subject, &other.subject) { Ordering::Equal } else { subjects() };
        by_subject.then_with(|| if Arc::ptr_eq(&self.unit, &other.unit) { Ordering::Equal } else { units() })
    }
}

impl PartialOrd for ValueKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The text of [`IndicatorValue::as_text`] for people: `缺报` for `missing`.
#[must_use]
pub fn shown(text: &str) -> &str {
    let states = [State::Blank, State::Dash, State::Missing];
    let state = states.into_iter().find(|state| state.name() == text);
    state.map_or(text, |state| state.mark())
}

/// The inverse of [`shown`]; `None` for a text that shows no value.
#[must_use]
pub fn text_of_shown(shown: &str) -> Option<String> {
    let mut states = [State::Blank, State::Dash, State::Missing].into_iter();
    let state = states.find(|state| state.mark() == shown).map(|state| state.name().to_owned());
    state.or_else(|| Decimal::parse(shown).map(|value| value.to_string()))
}

/// One row of `indicator_value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndicatorValue {
    pub report_year: ReportYear,
    pub key: ValueKey,
    pub state: State,
    /// Rounded to ten places; exact text comes from [`IndicatorValue::printed`].
    pub value: Option<Decimal>,
    pub ratio: Option<Ratio>,
    /// The text, where it is words and not a number.
    pub words: Option<String>,
    pub coverage: Coverage,
}

/// How much of what belongs in a value is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Schools whose part is in it; of a ratio, those that have both of its parts.
    pub schools: u32,
    /// Schools whose part should be in it but is not, or not wholly.
    pub missing: u32,
    /// Of a ratio that is not complete: the share that its schools have of what is known of its parts, of the one
    /// that they have less of. None where nothing is known of the other schools, and for a sum.
    pub share: Option<Box<Decimal>>,
}

impl Coverage {
    #[must_use]
    pub fn of(schools: usize, missing: usize) -> Self {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Coverage { schools: count(schools), missing: count(missing), share: None }
    }

    /// For people, beside a value that is not complete.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        let Coverage { schools, missing, share } = self;
        if *missing == 0 {
            return None;
        }
        // Releases of earlier programs do not say how many schools are in a value.
        let included = match (schools, missing) {
            (0, 1) => "数据不全".to_owned(),
            (0, missing) => format!("缺 {missing} 所学校"),
            (schools, missing) => {
                format!("应含 {} 所学校，实含 {schools} 所，缺 {missing} 所", schools + missing)
            }
        };
        let percent = |share: &Decimal| Decimal(share.0 * 100).printed(2);
        let of_known = share.as_ref().map(|share| format!("（占已知数的 {}%）", percent(share)));
        Some(included + &of_known.unwrap_or_default())
    }
}

impl IndicatorValue {
    /// Whether everything is in it that should be.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.coverage.missing == 0 && self.state != State::Missing
    }

    /// What is in it, where that is not everything. What is missing altogether says so by its state.
    #[must_use]
    pub fn incomplete(&self) -> Option<&Coverage> {
        Some(&self.coverage).filter(|coverage| coverage.missing > 0 && self.state != State::Missing)
    }

    /// The answer as it is stored and compared: the exact value, or the name of the state.
    #[must_use]
    pub fn as_text(&self) -> String {
        match (self.state, self.value) {
            (State::Value, Some(value)) => value.to_string(),
            (state, _) => state.name().to_owned(),
        }
    }

    /// The printed text, in one rounding from numerator and denominator. `-` for a dash,
    /// empty for a blank, `None` where there is nothing to print.
    #[must_use]
    pub fn printed(&self, decimals: u32) -> Option<String> {
        match (self.state, &self.ratio) {
            (State::Blank, _) => Some(String::new()),
            (State::Dash, _) => Some("-".to_owned()),
            (State::Missing, _) => None,
            (State::Value, Some(ratio)) => ratio.printed(decimals),
            (State::Value, None) => {
                self.value.map(|value| value.printed(decimals)).or_else(|| self.words.clone())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A large city has forty thousand times forty of them.
    #[test]
    fn a_value_takes_no_more_than_160_bytes() {
        assert!(size_of::<IndicatorValue>() <= 160, "{}", size_of::<IndicatorValue>());
    }

    #[test]
    fn what_is_in_a_value_is_said_only_where_something_is_not() {
        let note = |schools, missing, share: Option<i128>| {
            Coverage { schools, missing, share: share.map(Decimal).map(Box::new) }.note()
        };
        assert_eq!(note(45, 0, None), None);
        assert_eq!(note(44, 1, None).as_deref(), Some("应含 45 所学校，实含 44 所，缺 1 所"));
        let known = note(44, 1, Some(9_662_235_781)).unwrap();
        assert_eq!(known, "应含 45 所学校，实含 44 所，缺 1 所（占已知数的 96.62%）");
        // A school's own sum; a value of a release that did not count the schools in it.
        assert_eq!(note(0, 1, None).as_deref(), Some("数据不全"));
        assert_eq!(note(0, 3, None).as_deref(), Some("缺 3 所学校"));
    }

    #[test]
    fn shown_texts_are_read_back_unchanged() {
        for text in ["missing", "dash", "blank", "0", "12.5"] {
            assert_eq!(text_of_shown(shown(text)).as_deref(), Some(text));
        }
        assert_eq!(text_of_shown("612.0").as_deref(), Some("612"));
        assert_eq!(text_of_shown("约600"), None);
        assert_eq!(text_of_shown(""), None);
    }
}
