//! Decisions about values: a value that replaces a delivered one, and notes that close a
//! difference. Each holds for the delivered values it was made for, and for those alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Override;
use crate::definitions::indicator::Indicator;
use crate::figure::{Delivered, Level, Unit};
use crate::figures::IndicatorValue;
use crate::figures::adjust;
use crate::figures::compute::SetValues;
use crate::figures::reconcile::{Agreement, Closing, Difference, PairKey};
use crate::finding;
use crate::number::Decimal;
use crate::period::ReportYear;
use crate::tables::decision::DecisionRow;
use crate::tables::parquet_file::TableFileError;
use crate::tables::row;

/// The values that a decision is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Empty for a decision about a finding of a check.
    pub indicator_id: String,
    /// The relation whose finding it is about; empty for a decision about values.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub relation: String,
    pub level: Level,
    pub region_code: String,
    /// Empty above the school.
    pub school_code: String,
    /// The delivered values at the time of the decision, by basis: the exact value, or the name of the state.
    pub under: BTreeMap<String, String>,
}

/// A value that a person set and that a release was computed with, from its table `override`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedValue {
    pub report_year: ReportYear,
    pub indicator_id: String,
    pub school_code: String,
    pub stands_for: Delivered,
    /// The value that was set, and the one that was delivered.
    pub value: String,
    pub under: String,
    pub who: String,
    pub when: String,
    pub reason: String,
}

/// Reads the set values from a file of the table `override`; decisions about deliveries are skipped.
///
/// # Errors
/// When the file cannot be read.
pub fn read_applied(path: &Path) -> Result<Vec<AppliedValue>, TableFileError> {
    let applied = row::read(path)?.map(|row| row.map(AppliedValue::of_row));
    applied.filter_map(Result::transpose).collect()
}

impl AppliedValue {
    fn of_row(row: DecisionRow) -> Option<Self> {
        Some(AppliedValue {
            report_year: row.report_year,
            stands_for: Delivered::named(&row.stands_for)?,
            indicator_id: row.indicator_id,
            school_code: row.school_code,
            value: row.value,
            under: row.value_under,
            who: row.decided_by,
            when: row.decided_at,
            reason: row.reason,
        })
    }
}

/// The rule that a set value is recorded under.
#[must_use]
pub fn set_rule() -> &'static str {
    finding::VALUE_SET.id
}

/// The rule that a closing note is recorded under.
#[must_use]
pub fn note_rule() -> &'static str {
    finding::BASES_DIFFER.id
}

/// `2024/students/filed/3614000001`.
#[must_use]
pub fn set_key(year: ReportYear, indicator: &str, basis: Delivered, school: &str) -> String {
    format!("{year}/{indicator}/{}/{school}", basis.name())
}

/// `2024/students/system-filed/3614000001`; above the school its region.
#[must_use]
pub fn note_key(year: ReportYear, pair: &PairKey) -> String {
    let Unit { region_code, school_code, .. } = &*pair.unit;
    let place = if school_code.is_empty() { region_code } else { school_code };
    format!("{year}/{}/{}-{}/{place}", pair.indicator_id, pair.basis_a.name(), pair.basis_b.name())
}

/// The newest decision of a rule about each key of a year, which replaces those before it.
#[must_use]
pub fn newest<'a>(recorded: &'a [Override], rule: &str, year: ReportYear) -> BTreeMap<&'a str, &'a Override> {
    let of_year = recorded.iter().filter(|decision| decision.rule == rule && decision.report_year == year);
    of_year.map(|decision| (decision.key.as_str(), decision)).collect()
}

/// A set value that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetValue {
    pub decision: Override,
    pub indicator_id: String,
    pub basis: Delivered,
    pub school_code: String,
    pub value: Decimal,
    /// The delivered value at the time, as text.
    pub under: String,
}

/// The set values of a year that hold, and those that lapsed, each with the value delivered now.
#[derive(Debug, Default)]
pub struct Judgement {
    pub holding: Vec<SetValue>,
    pub lapsed: Vec<(Override, String)>,
}

impl Judgement {
    /// The values that the year is computed with.
    #[must_use]
    pub fn set_values(&self) -> SetValues {
        let key = |set: &SetValue| (set.indicator_id.clone(), set.basis, set.school_code.clone());
        self.holding.iter().map(|set| (key(set), set.value)).collect()
    }
}

/// Judges which set values hold: those whose delivered value has not changed, and that never lapsed before.
#[must_use]
pub fn judge(
    year: ReportYear,
    recorded: &[Override],
    lapsed: &BTreeSet<u32>,
    indicators: &[Indicator],
    values: &[IndicatorValue],
) -> Judgement {
    let newest = newest(recorded, set_rule(), year);
    let mut judgement = Judgement::default();
    if newest.is_empty() {
        return judgement;
    }
    let mut delivered: HashMap<(&str, Delivered, &str), String> = HashMap::new();
    for value in values.iter().filter(|value| !value.key.basis.is_adjusted()) {
        let key = &value.key;
        if key.breakdown.is_empty() && key.unit.level == Level::School {
            let place = (key.indicator_id.as_str(), key.basis.delivered(), key.unit.school_code.as_str());
            delivered.insert(place, value.as_text());
        }
    }
    for decision in newest.into_values() {
        let Some(set) = set_value(decision, indicators) else {
            judgement.lapsed.push((decision.clone(), "missing".to_owned()));
            continue;
        };
        let place = (set.indicator_id.as_str(), set.basis, set.school_code.as_str());
        let now = delivered.get(&place).map_or("missing", String::as_str).to_owned();
        if delivered.contains_key(&place) && now == set.under && !lapsed.contains(&decision.id) {
            judgement.holding.push(set);
        } else {
            judgement.lapsed.push((decision.clone(), now));
        }
    }
    judgement
}

/// The value that a record sets; `None` where the definitions no longer have such a value.
fn set_value(decision: &Override, indicators: &[Indicator]) -> Option<SetValue> {
    let about = decision.about.as_ref()?;
    let (basis, under) = about.under.iter().next()?;
    let basis = Delivered::named(basis)?;
    let indicator = indicators.iter().find(|indicator| indicator.id == about.indicator_id)?;
    adjust::refusal(indicator, basis).is_none().then_some(())?;
    Some(SetValue {
        decision: decision.clone(),
        indicator_id: about.indicator_id.clone(),
        basis,
        school_code: about.school_code.clone(),
        value: Decimal::parse(&decision.value)?,
        under: under.clone(),
    })
}

/// Closes each difference that is explained: by a note about its two values, or by a value that was
/// set for one of them. Returns the notes that lapsed because one of their values changed.
pub fn close(
    differences: &mut [Difference],
    year: ReportYear,
    recorded: &[Override],
    lapsed: &BTreeSet<u32>,
    set: &[SetValue],
) -> Vec<Override> {
    let mut notes = newest(recorded, note_rule(), year);
    let set: HashMap<(&str, Delivered, &str), &SetValue> = set
        .iter()
        .map(|set| ((set.indicator_id.as_str(), set.basis, set.school_code.as_str()), set))
        .collect();
    let mut lapsed_notes = Vec::new();
    for difference in differences {
        let note = notes.remove(note_key(year, &difference.key).as_str());
        let holds = note.is_some_and(|note| !lapsed.contains(&note.id) && is_about(note, difference));
        if let Some(note) = note
            && !holds
        {
            lapsed_notes.push(note.clone());
        }
        if difference.answer == Agreement::Agrees {
            continue;
        }
        let PairKey { indicator_id, unit, basis_a, basis_b } = &difference.key;
        let set = [basis_a, basis_b]
            .into_iter()
            .find_map(|basis| set.get(&(indicator_id.as_str(), *basis, unit.school_code.as_str())));
        difference.closed = match (note.filter(|_| holds), set) {
            (Some(note), _) => Some(closed(note, note.reason.clone())),
            (None, Some(set)) => {
                let text = format!("{}核定为 {}：{}", set.basis.label(), set.value, set.decision.reason);
                Some(closed(&set.decision, text))
            }
            (None, None) => None,
        };
    }
    // Notes about values that are no longer compared.
    lapsed_notes.extend(notes.into_values().cloned());
    lapsed_notes
}

fn closed(decision: &Override, note: String) -> Closing {
    Closing { decision: decision.id, note, by: decision.who.clone(), at: decision.when.clone() }
}

/// Whether a note is about the two values that a difference has now.
#[must_use]
pub fn is_about(note: &Override, difference: &Difference) -> bool {
    note.about.as_ref().is_some_and(|about| about.under == under(difference))
}

/// The two values of a difference, by basis.
#[must_use]
pub fn under(difference: &Difference) -> BTreeMap<String, String> {
    let PairKey { basis_a, basis_b, .. } = &difference.key;
    let sides = [(basis_a, &difference.a), (basis_b, &difference.b)];
    sides.into_iter().map(|(basis, side)| (basis.name().to_owned(), side.as_text())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions;
    use crate::figure::Basis;
    use crate::figure::State;
    use crate::figures::reconcile;
    use crate::figures::{Coverage, Subject, ValueKey};

    fn value(basis: Basis, school: &str, number: i64) -> IndicatorValue {
        IndicatorValue {
            report_year: 2024,
            key: ValueKey::new(
                Subject::whole("students", basis),
                Unit { level: Level::School, region_code: "141002".into(), school_code: school.into() },
            ),
            state: State::Value,
            value: Some(Decimal::from_int(number)),
            ratio: None,
            words: None,
            coverage: Coverage::default(),
        }
    }

    fn record(id: u32, rule: &str, key: String, value: &str, under: &[(&str, &str)]) -> Override {
        let under = under.iter().map(|(basis, value)| ((*basis).to_owned(), (*value).to_owned())).collect();
        Override {
            format: 2,
            id,
            report_year: 2024,
            rule: rule.into(),
            key,
            value: value.into(),
            who: "王科长".into(),
            when: "2024-10-08T09:00:00+08:00".into(),
            reason: "转出三人".into(),
            withdraws: None,
            about: Some(About {
                indicator_id: "students".into(),
                relation: String::new(),
                level: Level::School,
                region_code: "141002".into(),
                school_code: "a".into(),
                under,
            }),
            correction: None,
            origin: None,
        }
    }

    fn set(id: u32, value: &str, under: &str) -> Override {
        let key = set_key(2024, "students", Delivered::Filed, "a");
        record(id, set_rule(), key, value, &[("filed", under)])
    }

    fn ids(judgement: &Judgement) -> (Vec<u32>, Vec<u32>) {
        let holding = judgement.holding.iter().map(|set| set.decision.id).collect();
        (holding, judgement.lapsed.iter().map(|(decision, _)| decision.id).collect())
    }

    #[test]
    fn the_newest_set_value_holds_until_what_is_under_it_changes() {
        let indicators = definitions::load(&definitions::embedded()).unwrap().indicators;
        let records = [set(1, "8", "10"), set(2, "9", "10")];
        let judged = |number, lapsed: &[u32]| {
            let values = [value(Basis::Filed, "a", number), value(Basis::System, "a", 99)];
            let lapsed = lapsed.iter().copied().collect();
            ids(&judge(2024, &records, &lapsed, &indicators, &values))
        };
        assert_eq!(judged(10, &[]), (vec![2], vec![]));
        assert_eq!(judged(11, &[]), (vec![], vec![2]));
        // It does not come back with the old value.
        assert_eq!(judged(10, &[2]), (vec![], vec![2]));
        let without_values = judge(2024, &records, &BTreeSet::new(), &indicators, &[]);
        assert_eq!(ids(&without_values), (vec![], vec![2]));
        let values = [value(Basis::Filed, "a", 10)];
        assert_eq!(ids(&judge(2023, &records, &BTreeSet::new(), &indicators, &values)), (vec![], vec![]));
    }

    #[test]
    fn a_note_closes_its_own_two_values_and_lapses_with_them() {
        let indicators = definitions::load(&definitions::embedded()).unwrap().indicators;
        let closed = |system, filed, records: &[Override], sets: &[SetValue]| {
            let values = [value(Basis::System, "a", system), value(Basis::Filed, "a", filed)];
            let mut found = reconcile::differences(2024, &indicators, None, &values);
            let lapsed_notes = close(&mut found, 2024, records, &BTreeSet::new(), sets);
            let note = found[0].closed.as_ref().map(|closed| closed.note.clone()).unwrap_or_default();
            (note, lapsed_notes.len())
        };
        let pair = PairKey {
            indicator_id: "students".into(),
            unit: value(Basis::Filed, "a", 0).key.unit,
            basis_a: Delivered::System,
            basis_b: Delivered::Filed,
        };
        let note = record(3, note_rule(), note_key(2024, &pair), "", &[("system", "10"), ("filed", "12")]);
        let notes = std::slice::from_ref(&note);
        assert_eq!(closed(10, 12, notes, &[]), ("转出三人".into(), 0));
        assert_eq!(closed(10, 13, notes, &[]), (String::new(), 1));
        assert_eq!(closed(11, 12, notes, &[]), (String::new(), 1));
        assert_eq!(closed(12, 12, notes, &[]), (String::new(), 1));
        let judgement = judge(
            2024,
            &[set(4, "10", "12")],
            &BTreeSet::new(),
            &indicators,
            &[value(Basis::Filed, "a", 12)],
        );
        assert_eq!(closed(10, 12, &[], &judgement.holding).0, "填报核定为 10：转出三人");
        assert_eq!(closed(10, 10, &[], &judgement.holding).0, "");
    }
}
