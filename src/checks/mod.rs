//! What must hold before anybody sees a figure. Reads no files.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::finding::{self, Finding};
use crate::indicators::{IndicatorValue, State, ValueKey};
use crate::layout::{Basis, Layout, Level};
use crate::number::Decimal;
use crate::period::ReportYear;

/// One check: what was looked at, and what was found. A check that looked at nothing says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    pub check: &'static str,
    pub examined: u64,
    #[serde(skip)]
    pub findings: Vec<Finding>,
}

/// Counties and residual add up to the city, for every additive value.
#[must_use]
pub fn counties_and_residual_sum_to_city(
    year: ReportYear,
    values: &[IndicatorValue],
    additive: &dyn Fn(&str, Basis) -> bool,
) -> Checked {
    let mut sums: BTreeMap<(&str, Basis, &str, &str), (Decimal, Option<Decimal>)> = BTreeMap::new();
    for value in values.iter().filter(|value| additive(&value.key.indicator_id, value.key.basis)) {
        let ValueKey { indicator_id, basis, breakdown, breakdown_code, unit } = &value.key;
        let sum = sums.entry((indicator_id, *basis, breakdown, breakdown_code)).or_default();
        match unit.level {
            Level::County => sum.0 += value.value.unwrap_or_default(),
            Level::City => sum.1 = value.value,
            Level::School => {}
        }
    }
    let mut findings = Vec::new();
    for ((indicator, basis, breakdown, code), (counties, city)) in &sums {
        if *counties != city.unwrap_or_default() {
            let detail = format!("{indicator} {} {breakdown} {code}", basis.label());
            findings.push(Finding::new(finding::SUM_BROKEN, year, "", detail.trim()));
        }
    }
    Checked { check: "counties_and_residual_sum_to_city", examined: sums.len() as u64, findings }
}

/// Schools, summed by county, make the county: the independent way up.
#[must_use]
pub fn schools_sum_to_county(
    year: ReportYear,
    values: &[IndicatorValue],
    additive: &dyn Fn(&str, Basis) -> bool,
) -> Checked {
    let mut sums: BTreeMap<_, (Decimal, Option<Decimal>)> = BTreeMap::new();
    for value in values.iter().filter(|value| additive(&value.key.indicator_id, value.key.basis)) {
        let ValueKey { indicator_id, basis, breakdown, breakdown_code, unit } = &value.key;
        let key = (indicator_id, *basis, breakdown, breakdown_code, &unit.region_code);
        match unit.level {
            Level::School => sums.entry(key).or_default().0 += value.value.unwrap_or_default(),
            Level::County => sums.entry(key).or_default().1 = value.value,
            Level::City => {}
        }
    }
    let mut findings = Vec::new();
    for ((indicator, basis, ..), (schools, county)) in &sums {
        if *schools != county.unwrap_or_default() {
            findings.push(Finding::new(finding::SUM_BROKEN, year, "", &format!("{indicator} {}", basis.label())));
        }
    }
    Checked { check: "schools_sum_to_county", examined: sums.len() as u64, findings }
}

/// Parts that partition a whole on the system basis, at the city.
#[must_use]
pub fn parts_sum_to_whole(year: ReportYear, values: &[IndicatorValue]) -> Checked {
    const PARTITIONS: [(&str, &[&str]); 2] = [
        ("graduates", &["graduates_placed", "graduates_unemployed"]),
        (
            "graduates_employed_direct",
            &["graduates_contract", "graduates_flexible", "graduates_startup", "graduates_enlisted"],
        ),
    ];
    let city = |indicator: &str| {
        let value = values.iter().find(|value| {
            let key = &value.key;
            key.indicator_id == indicator
                && key.basis == Basis::System
                && key.breakdown.is_empty()
                && key.unit.level == Level::City
        })?;
        value.value
    };
    let mut examined = 0;
    let mut findings = Vec::new();
    for (whole, parts) in PARTITIONS {
        let values: Option<Vec<Decimal>> = parts.iter().map(|part| city(part)).collect();
        let (Some(total), Some(values)) = (city(whole), values) else { continue };
        examined += 1;
        let sum: Decimal = values.into_iter().sum();
        if sum != total {
            findings.push(Finding::new(finding::PARTS_BROKEN, year, "", &format!("{whole}：{sum} 与 {total}")));
        }
    }
    Checked { check: "parts_sum_to_whole", examined, findings }
}

/// An indicator that the year's layout prints on two bases must have one value, or somebody must say why.
#[must_use]
pub fn printed_on_one_basis(year: ReportYear, layout: &Layout, values: &[IndicatorValue]) -> Checked {
    let mut places: BTreeMap<&str, BTreeMap<Basis, &str>> = BTreeMap::new();
    for table in &layout.tables {
        for row in table.rows.iter().filter(|row| row.breakdown.is_empty() && row.each.is_none()) {
            places.entry(&row.indicator).or_default().entry(row.basis).or_insert(&table.id);
        }
    }
    let city = |indicator: &str, basis: Basis| {
        values.iter().find(|value| {
            let key = &value.key;
            key.indicator_id == indicator
                && key.basis == basis
                && key.breakdown.is_empty()
                && key.unit.level == Level::City
                && value.state == State::Value
        })
    };
    let mut examined = 0;
    let mut findings = Vec::new();
    for (indicator, bases) in places.iter().filter(|(_, bases)| bases.len() > 1) {
        let (Some(system), Some(filed)) = (city(indicator, Basis::System), city(indicator, Basis::Filed)) else {
            continue;
        };
        examined += 1;
        if let (Some(a), Some(b)) = (system.value, filed.value)
            && a != b
        {
            let detail = format!(
                "{indicator}：{} 印系统数 {a}，{} 印填报数 {b}",
                bases[&Basis::System], bases[&Basis::Filed]
            );
            findings.push(Finding::new(finding::PRINTED_TWO_BASES, year, "", &detail));
        }
    }
    Checked { check: "printed_on_one_basis", examined, findings }
}
