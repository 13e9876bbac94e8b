//! Checks on the values a run computed: they add up, and a value printed on two bases is the same on both.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::definitions::layout::Layout;
use crate::definitions::relation::Partition;
use crate::figure::{Basis, Level, State, Unit};
use crate::figures::{IndicatorValue, Subject};
use crate::finding::{self, Finding};
use crate::number::Decimal;
use crate::period::ReportYear;

/// The outcome of one check, with how much it looked at. A check that looked at nothing says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckOutcome {
    pub check: &'static str,
    /// What must hold, in Chinese; a finding says what does not.
    #[serde(skip)]
    pub title: &'static str,
    pub examined: u64,
    #[serde(skip)]
    pub findings: Vec<Finding>,
}

/// The counts and verdicts of a check, or a rule kind, in a year.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckCount {
    pub check: String,
    /// Number of figures.
    pub examined: u64,
    pub inconsistent: u64,
    pub to_confirm: u64,
    pub rounding: u64,
}

impl From<&CheckOutcome> for CheckCount {
    fn from(checked: &CheckOutcome) -> Self {
        CheckCount {
            check: checked.check.to_owned(),
            examined: checked.examined,
            inconsistent: checked.findings.len() as u64,
            ..CheckCount::default()
        }
    }
}

/// Counties and residual add up to the city, for every additive value.
#[must_use]
pub fn counties_and_residual_sum_to_city(
    year: ReportYear,
    values: &[IndicatorValue],
    additive: &dyn Fn(&str, Basis) -> bool,
) -> CheckOutcome {
    let mut sums: BTreeMap<_, (Decimal, Option<Decimal>)> = BTreeMap::new();
    for value in values.iter().filter(|value| additive(&value.key.indicator_id, value.key.basis)) {
        let sum = sums.entry(&*value.key.subject).or_default();
        match value.key.unit.level {
            Level::County => sum.0 += value.value.unwrap_or_default(),
            Level::City => sum.1 = value.value,
            Level::School => {}
        }
    }
    let mut findings = Vec::new();
    for (subject, (counties, city)) in &sums {
        if *counties != city.unwrap_or_default() {
            let Subject { indicator_id, basis, breakdown, breakdown_code } = subject;
            let detail = format!("{indicator_id} {} {breakdown} {breakdown_code}", basis.label());
            let finding = Finding::new(finding::SUM_BROKEN, year, "", detail.trim());
            findings.push(finding.about([&**indicator_id]));
        }
    }
    CheckOutcome {
        check: "counties_and_residual_sum_to_city",
        title: "各县（市、区）加未分县等于全市",
        examined: sums.len() as u64,
        findings,
    }
}

/// Schools, summed by county, make the county: an independent sum.
#[must_use]
pub fn schools_sum_to_county(
    year: ReportYear,
    values: &[IndicatorValue],
    additive: &dyn Fn(&str, Basis) -> bool,
) -> CheckOutcome {
    let mut sums: BTreeMap<_, (Decimal, Option<Decimal>)> = BTreeMap::new();
    for value in values.iter().filter(|value| additive(&value.key.indicator_id, value.key.basis)) {
        let unit = &value.key.unit;
        let key = (&*value.key.subject, &unit.region_code);
        match unit.level {
            Level::School => sums.entry(key).or_default().0 += value.value.unwrap_or_default(),
            Level::County => sums.entry(key).or_default().1 = value.value,
            Level::City => {}
        }
    }
    let mut findings = Vec::new();
    for ((subject, _), (schools, county)) in &sums {
        if *schools != county.unwrap_or_default() {
            let detail = format!("{} {}", subject.indicator_id, subject.basis.label());
            let finding = Finding::new(finding::SUM_BROKEN, year, "", &detail);
            findings.push(finding.about([&*subject.indicator_id]));
        }
    }
    CheckOutcome {
        check: "schools_sum_to_county",
        title: "各校之和等于所属县（市、区）",
        examined: sums.len() as u64,
        findings,
    }
}

/// The parts of each partition add up to the whole, for every unit that has all of them.
#[must_use]
pub fn parts_sum_to_whole(
    year: ReportYear,
    partitions: &[Partition],
    values: &[IndicatorValue],
) -> CheckOutcome {
    let plain =
        values.iter().filter(|value| value.key.basis == Basis::System && value.key.breakdown.is_empty());
    let by_unit: HashMap<(&str, &Unit), Decimal> = plain
        .filter_map(|value| Some(((value.key.indicator_id.as_str(), &*value.key.unit), value.value?)))
        .collect();
    let mut examined = 0;
    let mut findings = Vec::new();
    for partition in partitions {
        for ((indicator, unit), total) in &by_unit {
            if *indicator != partition.whole {
                continue;
            }
            let parts: Option<Vec<Decimal>> =
                partition.parts.iter().map(|part| by_unit.get(&(part.as_str(), *unit)).copied()).collect();
            let Some(parts) = parts else { continue };
            examined += 1;
            let sum: Decimal = parts.into_iter().sum();
            if sum != *total {
                let detail = format!("{}（{}）：分项 {sum}，总数 {total}", partition.id, unit.region_code);
                let finding = Finding::new(finding::PARTS_BROKEN, year, "", &detail);
                let mut finding = finding.of_school(&unit.school_code).about([&*partition.whole]);
                finding.region_code.clone_from(&unit.region_code);
                findings.push(finding.about(partition.parts.iter().map(String::as_str)));
            }
        }
    }
    CheckOutcome { check: "parts_sum_to_whole", title: "分项之和等于总数", examined, findings }
}

/// An indicator that the year's layout prints on two bases must have one value, or a person must explain it.
#[must_use]
pub fn printed_on_one_basis(year: ReportYear, layout: &Layout, values: &[IndicatorValue]) -> CheckOutcome {
    let mut places: BTreeMap<&str, BTreeMap<Basis, &str>> = BTreeMap::new();
    for table in &layout.tables {
        for row in table.rows.iter().filter(|row| row.breakdown.is_empty() && row.each.is_none()) {
            places.entry(&row.indicator).or_default().entry(row.basis).or_insert(&table.id);
        }
    }
    let city = |indicator: &str, basis: Basis| {
        let value_on = |basis: Basis| {
            values.iter().find(|value| {
                let key = &value.key;
                key.indicator_id == indicator
                    && key.basis == basis
                    && key.breakdown.is_empty()
                    && key.unit.level == Level::City
                    && value.state == State::Value
            })
        };
        // As printed: a value that a person set takes the place of the one it replaces.
        value_on(basis.adjusted()).or_else(|| value_on(basis))?.value
    };
    let mut examined = 0;
    let mut findings = Vec::new();
    for (indicator, bases) in places.iter().filter(|(_, bases)| bases.len() > 1) {
        let printed: Vec<(Basis, Decimal)> =
            bases.keys().filter_map(|&basis| Some((basis, city(indicator, basis)?))).collect();
        let Some((&(first, a), others)) = printed.split_first().filter(|(_, others)| !others.is_empty())
        else {
            continue;
        };
        examined += 1;
        for &(other, b) in others.iter().filter(|(_, b)| *b != a) {
            let detail = format!(
                "{indicator}：{} 印{}数 {a}，{} 印{}数 {b}",
                bases[&first],
                first.label(),
                bases[&other],
                other.label()
            );
            findings.push(Finding::new(finding::PRINTED_TWO_BASES, year, "", &detail).about([*indicator]));
        }
    }
    CheckOutcome {
        check: "printed_on_one_basis",
        title: "同一指标只按一种口径印出，或两种口径数值相同",
        examined,
        findings,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{Coverage, ValueKey};

    fn value(indicator: &str, level: Level, region: &str, school: &str, number: i64) -> IndicatorValue {
        let unit = Unit { level, region_code: region.to_owned(), school_code: school.to_owned() };
        IndicatorValue {
            report_year: 2024,
            key: ValueKey::new(Subject::whole(indicator, Basis::System), unit),
            state: State::Value,
            value: Some(Decimal::from_int(number)),
            ratio: None,
            words: None,
            coverage: Coverage::default(),
        }
    }

    fn city(counties: [i64; 2], total: i64) -> Vec<IndicatorValue> {
        vec![
            value("students", Level::County, "141002", "", counties[0]),
            value("students", Level::County, "141099", "", counties[1]),
            value("students", Level::City, "141000", "", total),
        ]
    }

    #[test]
    fn a_county_that_does_not_add_up_is_found() {
        let check = |values: &[IndicatorValue]| counties_and_residual_sum_to_city(2024, values, &|_, _| true);
        let sound = check(&city([3, 4], 7));
        assert_eq!((sound.examined, sound.findings.len()), (1, 0));
        assert_eq!(check(&city([3, 4], 8)).findings[0].rule, "E-SUM");
    }

    #[test]
    fn a_school_that_does_not_add_up_is_found() {
        let values = |school| {
            vec![
                value("students", Level::School, "141002", "3614000001", school),
                value("students", Level::County, "141002", "", 5),
            ]
        };
        let check = |values: &[IndicatorValue]| schools_sum_to_county(2024, values, &|_, _| true);
        assert_eq!(check(&values(5)).findings.len(), 0);
        assert_eq!(check(&values(4)).findings.len(), 1);
    }

    #[test]
    fn parts_that_miss_the_whole_are_found_at_their_unit() {
        let partition = Partition {
            id: "p".into(),
            whole: "all".into(),
            parts: vec!["a".into(), "b".into()],
            source: String::new(),
        };
        let values = |b| {
            ["all", "a", "b"]
                .into_iter()
                .zip([9, 5, b])
                .map(|(id, n)| value(id, Level::City, "141000", "", n))
                .collect::<Vec<_>>()
        };
        let check =
            |values: &[IndicatorValue]| parts_sum_to_whole(2024, std::slice::from_ref(&partition), values);
        assert_eq!((check(&values(4)).examined, check(&values(4)).findings.len()), (1, 0));
        assert_eq!(check(&values(3)).findings.len(), 1);
        assert_eq!(check(&values(4)[..2]).examined, 0);
    }
}
