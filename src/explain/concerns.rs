//! Everything else that concerns a figure: checks, decisions, and its value in the previous release.

use std::collections::BTreeSet;

use super::{CheckResult, Decision, EarlierValue, ExplainError, Explainer};
use crate::decisions::findings;
use crate::definitions::contract::Role;
use crate::definitions::indicator::{Calculation, Combination, Indicator};
use crate::definitions::relation::kind::RelationKind;
use crate::figure::{Level, Unit};
use crate::figures::stored;
use crate::finding::{self, Finding};
use crate::tables::decision::DecisionRow;
use crate::warehouse::publish::{read_manifest, releases};

impl Explainer<'_> {
    /// Whether a finding is about one of the unit's schools, the unit itself, or the city as a whole. A row
    /// whose school is unknown belongs to the city alone.
    pub(super) fn concerns(&self, finding: &Finding, unit: &Unit) -> bool {
        match (finding.school_code.as_str(), finding.region_code.as_str()) {
            ("", "") => unit.level == Level::City,
            ("", region) => unit.level == Level::City || region == unit.region_code,
            (school, _) => self.is_in(school, unit),
        }
    }

    /// The checks of the figure, and the findings about it: of the unit, and of schools in it.
    pub(super) fn checks(&self, indicator: &Indicator, unit: &Unit) -> Vec<CheckResult> {
        let findings: Vec<&Finding> = self
            .findings
            .iter()
            .filter(|finding| finding.indicators.contains(&indicator.id) && self.concerns(finding, unit))
            .collect();
        let text = |finding: &&&Finding| match finding.place_text().as_str() {
            "" => finding.message.clone(),
            place => format!("{}（{place}）", finding.message),
        };
        let found = |rule: &str| -> Vec<String> {
            findings.iter().filter(|finding| finding.rule == rule).map(|finding| text(&finding)).collect()
        };
        let mut checks = Vec::new();
        let mut known = BTreeSet::from([finding::SUM_BROKEN.id, finding::PARTS_BROKEN.id]);
        let additive = matches!(
            indicator.system,
            Some(Calculation::Count(_) | Calculation::Sum(_) | Calculation::SumOf(_))
        ) || matches!(indicator.filed, Some(Combination::Sum));
        if additive {
            checks.push(CheckResult {
                check: "各县与未分县之和等于全市；各校之和等于其县".to_owned(),
                found: found(finding::SUM_BROKEN.id),
            });
        }
        for partition in &self.definitions.partitions {
            if partition.whole == indicator.id || partition.parts.contains(&indicator.id) {
                let of_partition = |finding: &&&Finding| {
                    finding.rule == finding::PARTS_BROKEN.id && finding.indicators.contains(&partition.whole)
                };
                checks.push(CheckResult {
                    check: format!("{} = {}", partition.whole, partition.parts.join(" + ")),
                    found: findings.iter().filter(of_partition).map(|finding| text(&finding)).collect(),
                });
            }
        }
        for finding in &findings {
            if known.insert(&finding.rule) {
                let check = format!("{} {}", finding.rule, self.title_of(&finding.rule));
                checks.push(CheckResult { check, found: found(&finding.rule) });
            }
        }
        checks
    }

    /// What a finding of a rule of deliveries, or of a kind of check, says.
    fn title_of(&self, rule: &str) -> &str {
        let of_kind = || {
            let kind = RelationKind::ALL.iter().find(|kind| findings::rule(**kind) == rule)?;
            Some(self.definitions.audit.rules.get(kind)?.broken.as_str())
        };
        finding::rule(rule).map(|rule| rule.title).or_else(of_kind).unwrap_or_default()
    }

    /// Decisions about the figure, and about the deliveries it is computed from.
    pub(super) fn decisions_on(&self, indicator: &Indicator, unit: &Unit) -> Vec<Decision> {
        let made_of = self.tables_of(indicator);
        let of_delivery = |sha256: &str| {
            let mut accepted = self.manifest.accepted.iter().filter(|accepted| accepted.sha256 == sha256);
            accepted.any(|accepted| {
                let table = self.definitions.dataset(&accepted.dataset).map(|dataset| dataset.table.as_str());
                accepted.report_year == self.year
                    && table.is_some_and(|table| made_of.contains(table))
                    && accepted.units.keys().any(|school| school.is_empty() || self.is_in(school, unit))
            })
        };
        let concerns = |row: &&DecisionRow| {
            let in_unit = row.school_code.is_empty() || self.is_in(&row.school_code, unit);
            match row.indicator_id.as_str() {
                "" => in_unit && of_delivery(&row.value),
                id => in_unit && id == indicator.id,
            }
        };
        self.decisions.iter().filter(concerns).map(Decision::from).collect()
    }

    /// The tables that an indicator is computed from, also through other indicators.
    fn tables_of(&self, indicator: &Indicator) -> BTreeSet<&str> {
        let mut tables = BTreeSet::new();
        let mut left = vec![indicator.id.as_str()];
        let mut seen = BTreeSet::new();
        while let Some(id) = left.pop() {
            if !seen.insert(id.to_owned()) {
                continue;
            }
            let Some(indicator) = self.definitions.indicator(id) else { continue };
            match &indicator.system {
                Some(Calculation::Count(rows)) => drop(tables.insert(rows.table.as_str())),
                Some(
                    Calculation::Sum(measure)
                    | Calculation::Max(measure)
                    | Calculation::CountDistinct(measure),
                ) => {
                    tables.insert(measure.table.as_str());
                }
                Some(Calculation::SumOf(parts)) => left.extend(parts.iter().map(String::as_str)),
                Some(Calculation::Ratio(ratio)) => {
                    left.extend([ratio.numerator.as_str(), ratio.denominator.as_str()]);
                }
                None => {}
            }
            if indicator.filed.is_some() {
                tables.insert(self.definitions.table_of_role(Role::Filing));
            }
            if let Some(survey) = &indicator.survey {
                tables.insert(survey.table());
            }
        }
        tables
    }

    /// The value in the newest earlier release that is kept and has the year.
    pub(super) fn before(
        &self,
        indicator: &Indicator,
        unit: &Unit,
    ) -> Result<Vec<EarlierValue>, ExplainError> {
        let earlier = releases(self.data)?.into_iter().filter(|number| *number < self.manifest.release);
        for number in earlier.collect::<Vec<_>>().into_iter().rev() {
            let manifest = read_manifest(self.data, number)?;
            let Some(path) = manifest.table(self.data, "indicator_value", self.year) else { continue };
            let values = stored::read(&path, &self.definitions.indicators)?;
            let of_unit = values.into_iter().filter(|value| {
                let key = &value.key;
                key.indicator_id == indicator.id && key.breakdown.is_empty() && *key.unit == *unit
            });
            let before = of_unit.map(|before| {
                let now = self.value(&indicator.id, before.key.basis, unit);
                EarlierValue {
                    release: number,
                    basis: before.key.basis.name(),
                    state: before.state.name(),
                    value: before.value.map(|value| value.to_string()),
                    changed: now.is_none_or(|now| (now.state, now.value) != (before.state, before.value)),
                }
            });
            return Ok(before.collect());
        }
        Ok(Vec::new())
    }
}
