//! The same figure on different bases: filed against system, system against survey, survey against filed.
//!
//! Every two bases that an indicator has in a year are compared at every school, at every county and
//! at the city. A pair agrees, differs, or has a value on one side only. Where neither side has a value
//! there is nothing to compare. A basis that the indicator does not have, or for which no one delivered
//! anything that year, is not a side. Delivered values are compared; a value that a person set is an
//! answer to a difference, not a basis of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::definitions::indicator::{Calculation, Combination, Indicator};
use crate::definitions::layout::Layout;
use crate::figure::{Delivered, Level, State, Unit};
use crate::figures::IndicatorValue;
use crate::finding::{self, Finding};
use crate::number::{Decimal, ONE, Ratio};
use crate::period::ReportYear;
use crate::tables::difference::DifferenceRow;
use crate::tables::indicator_value::SharedValues;
use crate::tables::parquet_file::TableFileError;
use crate::tables::row;

/// The result of comparing two bases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    Agrees,
    Differs,
    /// Only this basis has a value; the other is asked and has none.
    Only(Delivered),
}

impl Agreement {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Agreement::Agrees => "agrees",
            Agreement::Differs => "differs",
            Agreement::Only(Delivered::System) => "only_system",
            Agreement::Only(Delivered::Filed) => "only_filed",
            Agreement::Only(Delivered::Survey) => "only_survey",
        }
    }

    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let only = Delivered::ALL.map(Agreement::Only);
        [Agreement::Agrees, Agreement::Differs].into_iter().chain(only).find(|answer| answer.name() == name)
    }

    /// For people.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Agreement::Agrees => "一致".to_owned(),
            Agreement::Differs => "不一致".to_owned(),
            Agreement::Only(basis) => format!("仅{}有数", basis.label()),
        }
    }
}

/// The key of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PairKey {
    pub indicator_id: String,
    pub unit: Arc<Unit>,
    /// The reference, in the order of [`Delivered::ALL`].
    pub basis_a: Delivered,
    pub basis_b: Delivered,
}

/// One side of a pair, as delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side {
    pub state: State,
    pub value: Option<Decimal>,
}

impl Side {
    /// The answer as it is stored and compared: the exact value, or the name of the state.
    #[must_use]
    pub fn as_text(&self) -> String {
        match (self.state, self.value) {
            (State::Value, Some(value)) => value.to_string(),
            (state, _) => state.name().to_owned(),
        }
    }
}

/// A named person's explanation of a difference between these two values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// Number of the decision.
    pub decision: u32,
    pub note: String,
    pub by: String,
    pub at: String,
}

/// One row of `difference`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub report_year: ReportYear,
    pub key: PairKey,
    pub answer: Agreement,
    pub a: Side,
    pub b: Side,
    /// The greatest distance at which the two still agree, in the indicator's unit.
    pub tolerance: Decimal,
    pub closed: Option<Closing>,
}

impl Difference {
    /// b − a, where both have a value.
    #[must_use]
    pub fn difference(&self) -> Option<Decimal> {
        Some(Decimal(self.b.value?.0 - self.a.value?.0))
    }

    /// (b − a) ÷ a; none where a is 0.
    #[must_use]
    pub fn relative(&self) -> Option<Decimal> {
        Ratio { numerator: self.difference()?, denominator: self.a.value?, factor: 1 }.value()
    }

    /// Whether a person must still explain it: a school's, not a sum's, and not yet explained.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.answer != Agreement::Agrees && self.key.unit.level == Level::School && self.closed.is_none()
    }
}

/// The rows of differences in the table `difference`.
pub fn rows<'a>(
    differences: &'a [Difference],
    indicators: &'a [Indicator],
) -> impl Iterator<Item = DifferenceRow> + 'a {
    let unit = |id: &str| {
        indicators.iter().find(|indicator| indicator.id == id).map(|indicator| indicator.unit.clone())
    };
    differences.iter().map(move |difference| {
        let PairKey { indicator_id, unit: place, basis_a, basis_b } = &difference.key;
        let closed = difference.closed.as_ref();
        DifferenceRow {
            report_year: difference.report_year,
            indicator_id: indicator_id.clone(),
            level: place.level,
            region_code: place.region_code.clone(),
            school_code: place.school_code.clone(),
            basis_a: *basis_a,
            basis_b: *basis_b,
            answer: difference.answer.name().to_owned(),
            state_a: difference.a.state,
            value_a: difference.a.value,
            state_b: difference.b.state,
            value_b: difference.b.value,
            difference: difference.difference(),
            relative_difference: difference.relative(),
            tolerance: Some(difference.tolerance),
            unit: unit(indicator_id).unwrap_or_default(),
            closing_note: closed.map(|closed| closed.note.clone()),
            closed_by: closed.map(|closed| closed.by.clone()),
            closed_at: closed.map(|closed| closed.at.clone()),
            closed_decision: closed.map(|closed| closed.decision),
            finding_rule: if difference.is_open() {
                finding::BASES_DIFFER.id.to_owned()
            } else {
                String::new()
            },
        }
    })
}

/// The differences of a file of the table `difference`.
///
/// # Errors
/// When the file cannot be read.
pub fn read(path: &Path) -> Result<Vec<Difference>, TableFileError> {
    let mut units = SharedValues::default();
    let differences = row::read(path)?.map(|row| row.map(|row| stored(row, &mut units)));
    differences.filter_map(Result::transpose).collect()
}

/// `None` where this program does not know the answer.
fn stored(row: DifferenceRow, units: &mut SharedValues<Unit>) -> Option<Difference> {
    let closed = row.closed_decision.map(|decision| Closing {
        decision,
        note: row.closing_note.unwrap_or_default(),
        by: row.closed_by.unwrap_or_default(),
        at: row.closed_at.unwrap_or_default(),
    });
    let unit = Unit { level: row.level, region_code: row.region_code, school_code: row.school_code };
    Some(Difference {
        report_year: row.report_year,
        key: PairKey {
            indicator_id: row.indicator_id,
            unit: units.share(unit),
            basis_a: row.basis_a,
            basis_b: row.basis_b,
        },
        answer: Agreement::named(&row.answer)?,
        a: Side { state: row.state_a, value: row.value_a },
        b: Side { state: row.state_b, value: row.value_b },
        tolerance: row.tolerance.unwrap_or_default(),
        closed,
    })
}

/// Results for the schools of a year.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconciliationCounts {
    pub compared: u64,
    pub agree: u64,
    pub differ: u64,
    pub one_side: u64,
    /// Those that differ or have one side only and were explained, or answered with a set value.
    pub closed: u64,
}

impl ReconciliationCounts {
    #[must_use]
    pub fn of(differences: &[Difference]) -> Self {
        let mut counts = ReconciliationCounts::default();
        for difference in differences.iter().filter(|pair| pair.key.unit.level == Level::School) {
            counts.compared += 1;
            match difference.answer {
                Agreement::Agrees => counts.agree += 1,
                Agreement::Differs => counts.differ += 1,
                Agreement::Only(_) => counts.one_side += 1,
            }
            counts.closed += u64::from(difference.answer != Agreement::Agrees && difference.closed.is_some());
        }
        counts
    }
}

/// Every pair of bases of a year, sorted by indicator and place.
#[must_use]
pub fn differences(
    year: ReportYear,
    indicators: &[Indicator],
    layout: Option<&Layout>,
    values: &[IndicatorValue],
) -> Vec<Difference> {
    let mut sides: BTreeMap<&str, BTreeMap<Delivered, BTreeMap<&Arc<Unit>, Side>>> = BTreeMap::new();
    for value in values.iter().filter(|value| value.key.breakdown.is_empty()) {
        let key = &value.key;
        if !key.basis.is_adjusted() {
            let units = sides.entry(&key.indicator_id).or_default().entry(key.basis.delivered()).or_default();
            units.insert(&key.unit, Side { state: value.state, value: value.value });
        }
    }
    let mut found = Vec::new();
    for (id, mut bases) in sides {
        // A basis that was not asked that year, or on which no one delivered, is not a side; that a school
        // delivered nothing is reported for the school.
        bases.retain(|_, units| is_answered(units));
        let Some(indicator) = indicators.iter().find(|indicator| indicator.id == id) else { continue };
        let all: Vec<Delivered> =
            Delivered::ALL.into_iter().filter(|basis| bases.contains_key(basis)).collect();
        let allowed = AllowedDistance::of(indicator, layout);
        for (index, &basis_a) in all.iter().enumerate() {
            for &basis_b in &all[index + 1..] {
                let (of_a, of_b) = (&bases[&basis_a], &bases[&basis_b]);
                let units: BTreeSet<&Arc<Unit>> = of_a.keys().chain(of_b.keys()).copied().collect();
                found.extend(units.into_iter().filter_map(|unit| {
                    // A place that only one of them knows has no value on the other.
                    let missing = Side { state: State::Missing, value: None };
                    let a = of_a.get(unit).copied().unwrap_or(missing);
                    let b = of_b.get(unit).copied().unwrap_or(missing);
                    let tolerance = allowed.at(a.value.unwrap_or_default());
                    let answer = answer((basis_a, a), (basis_b, b), tolerance)?;
                    let key =
                        PairKey { indicator_id: id.to_owned(), unit: Arc::clone(unit), basis_a, basis_b };
                    Some(Difference { report_year: year, key, answer, a, b, tolerance, closed: None })
                }));
            }
        }
    }
    found.sort_by(|a, b| a.key.cmp(&b.key));
    found
}

/// Whether a school gave a value or a dash; a county without schools does not count.
fn is_answered(units: &BTreeMap<&Arc<Unit>, Side>) -> bool {
    let has_schools = units.keys().any(|unit| unit.level == Level::School);
    units.iter().any(|(unit, side)| {
        (!has_schools || unit.level == Level::School) && matches!(side.state, State::Value | State::Dash)
    })
}

fn answer(
    (basis_a, a): (Delivered, Side),
    (basis_b, b): (Delivered, Side),
    tolerance: Decimal,
) -> Option<Agreement> {
    match (a.value, b.value) {
        (Some(a), Some(b)) if (b.0 - a.0).abs() <= tolerance.0 => Some(Agreement::Agrees),
        (Some(_), Some(_)) => Some(Agreement::Differs),
        (Some(_), None) => Some(Agreement::Only(basis_a)),
        (None, Some(_)) => Some(Agreement::Only(basis_b)),
        (None, None) => None,
    }
}

/// The distance at which two values of an indicator still agree.
struct AllowedDistance {
    absolute: Decimal,
    relative: Decimal,
}

impl AllowedDistance {
    /// As the definition says. By default: counts and sums to the unit; a ratio or a mean, which is
    /// rounded when it is filled in, to half a unit of the last decimal that the year prints.
    fn of(indicator: &Indicator, layout: Option<&Layout>) -> Self {
        if let Some(tolerance) = &indicator.tolerance {
            return AllowedDistance { absolute: tolerance.absolute.0, relative: tolerance.relative.0 };
        }
        let rows = layout.into_iter().flat_map(|layout| &layout.tables).flat_map(|table| &table.rows);
        // Printed with two decimals in one place and none in another: the coarser was filled in.
        let decimals = rows.filter(|row| row.indicator == indicator.id).map(|row| row.decimals).min();
        let is_rounded = matches!(indicator.system, Some(Calculation::Ratio(_)))
            || matches!(indicator.filed, Some(Combination::WeightedMean { .. }));
        let half = decimals.filter(|_| is_rounded).and_then(|decimals| 10_i128.checked_pow(decimals));
        AllowedDistance { absolute: Decimal(half.map_or(0, |unit| ONE / unit / 2)), relative: Decimal::ZERO }
    }

    /// The tolerance at a reference value: the larger of the two.
    fn at(&self, reference: Decimal) -> Decimal {
        let reference = reference.0.abs();
        let share = reference
            .checked_mul(self.relative.0)
            .map_or_else(|| reference / ONE * self.relative.0, |product| product / ONE);
        self.absolute.max(Decimal(share))
    }
}

/// The open differences, one finding for each indicator: its schools are in the table `difference`.
#[must_use]
pub fn findings(year: ReportYear, indicators: &[Indicator], differences: &[Difference]) -> Vec<Finding> {
    let mut by_indicator: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
    for difference in differences.iter().filter(|difference| difference.is_open()) {
        let counts = by_indicator.entry(&difference.key.indicator_id).or_default();
        counts[usize::from(difference.answer != Agreement::Differs)] += 1;
    }
    let finding = |(id, [differ, one_side]): (&str, [u64; 2])| {
        let title = indicators.iter().find(|indicator| indicator.id == id);
        let title = title.map_or(id, |indicator| &indicator.title_zh);
        let detail = format!("{title}（{id}）{differ} 处不一致，{one_side} 处只有一方有数");
        let mut finding = Finding::new(finding::BASES_DIFFER, year, "", &detail).about([id]);
        finding.count = differ + one_side;
        finding
    };
    by_indicator.into_iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions;
    use crate::figure::Basis;
    use crate::figures::{Coverage, Subject, ValueKey};

    fn value(id: &str, basis: Basis, school: &str, text: &str) -> IndicatorValue {
        let level = if school.is_empty() { Level::City } else { Level::School };
        let number = Decimal::parse(text);
        IndicatorValue {
            report_year: 2024,
            key: ValueKey::new(
                Subject::whole(id, basis),
                Unit { level, region_code: "141002".into(), school_code: school.into() },
            ),
            state: if number.is_some() { State::Value } else { State::named(text) },
            value: number,
            ratio: None,
            words: None,
            coverage: Coverage::default(),
        }
    }

    fn indicators(change: impl Fn(&str) -> String) -> Vec<Indicator> {
        let mut files = definitions::embedded();
        for (name, text) in &mut files {
            if name.contains("/indicators/") {
                *text = change(text);
            }
        }
        definitions::load(&files).unwrap().indicators
    }

    fn lines(indicators: &[Indicator], values: &[IndicatorValue]) -> Vec<String> {
        let definitions = definitions::load(&definitions::embedded()).unwrap();
        let found = differences(2024, indicators, definitions.layout(2024), values);
        let line = |pair: &Difference| {
            let PairKey { unit, basis_a, basis_b, .. } = &pair.key;
            let (a, b) = (pair.a.as_text(), pair.b.as_text());
            format!(
                "{} {}={a} {}={b} {}",
                unit.school_code,
                basis_a.name(),
                basis_b.name(),
                pair.answer.name()
            )
        };
        found.iter().map(line).collect()
    }

    #[test]
    fn each_pair_agrees_differs_or_has_one_side_only() {
        let plain = indicators(str::to_owned);
        let mut values = vec![];
        for (school, system, filed) in [
            ("1", "10", "10"),
            ("2", "10", "11"),
            ("3", "10", "missing"),
            ("4", "dash", "0"),
            ("5", "missing", "blank"),
        ] {
            values.push(value("students", Basis::System, school, system));
            values.push(value("students", Basis::Filed, school, filed));
        }
        values.push(value("students", Basis::System, "6", "4"));
        assert_eq!(
            lines(&plain, &values),
            [
                "1 system=10 filed=10 agrees",
                "2 system=10 filed=11 differs",
                "3 system=10 filed=missing only_system",
                "4 system=dash filed=0 only_filed",
                "6 system=4 filed=missing only_system",
            ]
        );
    }

    #[test]
    fn a_basis_without_answers_is_not_compared() {
        let plain = indicators(str::to_owned);
        let values = [
            value("students", Basis::System, "1", "10"),
            value("students", Basis::Filed, "1", "blank"),
            value("students", Basis::Filed, "", "blank"),
            value("majors", Basis::System, "1", "3"),
            value("staff", Basis::System, "1", "3"),
            value("staff", Basis::Filed, "1", "missing"),
            value("staff", Basis::Filed, "", "0"),
        ];
        assert_eq!(lines(&plain, &values), Vec::<String>::new());
    }

    #[test]
    fn with_a_survey_every_two_of_the_three_are_compared() {
        let plain = indicators(str::to_owned);
        let values = [
            value("students", Basis::System, "1", "10"),
            value("students", Basis::Filed, "1", "10"),
            value("students", Basis::Survey, "1", "12"),
            value("students", Basis::Adjusted(Delivered::Filed), "1", "99"),
        ];
        assert_eq!(
            lines(&plain, &values),
            ["1 system=10 survey=12 differs", "1 system=10 filed=10 agrees", "1 survey=12 filed=10 differs",]
        );
    }

    #[test]
    fn a_ratio_agrees_with_its_rounded_value() {
        let plain = indicators(str::to_owned);
        for (filed, answer) in [("2.66", "agrees"), ("2.665", "agrees"), ("2.67", "differs")] {
            let values = [
                value("startup_rate", Basis::System, "1", "2.66"),
                value("startup_rate", Basis::Filed, "1", filed),
            ];
            assert!(lines(&plain, &values)[0].ends_with(answer), "{filed}");
        }
    }

    #[test]
    fn tolerance_is_defined_and_the_wider_limit_applies() {
        let with = |tolerance: &str| {
            indicators(|text| {
                text.replacen("id = \"students\"\n", &format!("id = \"students\"\n{tolerance}\n"), 1)
            })
        };
        let answers = |indicators: &[Indicator]| {
            let pair = |school: &str, system: &str, filed: &str| {
                let side = |basis, text| value("students", basis, school, text);
                [side(Basis::System, system), side(Basis::Filed, filed)]
            };
            let values = [pair("1", "1000", "1010"), pair("2", "10", "12"), pair("3", "1000", "1011")];
            let found: Vec<String> = lines(indicators, &values.concat());
            found.iter().map(|line| line.rsplit(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let relative = with("tolerance = { relative = \"0.01\" }");
        assert_eq!(answers(&relative), ["agrees", "differs", "differs"]);
        let both = with("tolerance = { absolute = \"2\", relative = \"0.01\" }");
        assert_eq!(answers(&both), ["agrees", "agrees", "differs"]);
        let bad = |tolerance: &str| {
            let mut files = definitions::embedded();
            let file = files.iter_mut().find(|(name, _)| name.ends_with("indicators/students.toml")).unwrap();
            file.1 = file.1.replacen("id = \"students\"\n", &format!("id = \"students\"\n{tolerance}\n"), 1);
            definitions::load(&files).unwrap_err()[0].to_string()
        };
        assert!(bad("tolerance = { relative = 0.01 }").contains("string"));
        assert!(bad("tolerance = { relative = \"-1\" }").contains("not a decimal of 0 or more"));
        assert!(bad("tolerance = { relative = \"5\" }").contains("a share"));
    }

    #[test]
    fn open_differences_are_reported_once_per_indicator_and_counted() {
        let plain = indicators(str::to_owned);
        let mut values = Vec::new();
        for (school, filed) in [("1", "11"), ("2", "12"), ("3", "missing"), ("", "23")] {
            values.push(value("students", Basis::System, school, "10"));
            values.push(value("students", Basis::Filed, school, filed));
        }
        let mut found = differences(2024, &plain, None, &values);
        let by = Closing { decision: 1, note: "已核实".into(), by: "王科长".into(), at: String::new() };
        found.iter_mut().find(|pair| pair.key.unit.school_code == "2").unwrap().closed = Some(by);
        assert_eq!(
            ReconciliationCounts::of(&found),
            ReconciliationCounts { compared: 3, agree: 0, differ: 2, one_side: 1, closed: 1 }
        );
        let findings = findings(2024, &plain, &found);
        assert_eq!(findings.len(), 1);
        assert_eq!((findings[0].rule.as_str(), findings[0].count), ("Q-DIFFERENCE", 2));
        assert!(findings[0].message.contains("1 处不一致，1 处只有一方有数"), "{}", findings[0].message);
    }

    #[test]
    fn differences_are_relative_to_the_reference() {
        let plain = indicators(str::to_owned);
        let values = [value("students", Basis::System, "1", "10"), value("students", Basis::Filed, "1", "8")];
        let found = differences(2024, &plain, None, &values);
        assert_eq!(found[0].difference().unwrap().to_string(), "-2");
        assert_eq!(found[0].relative().unwrap().to_string(), "-0.2");
    }
}
