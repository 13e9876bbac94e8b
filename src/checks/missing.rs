//! A dataset that a year should have and that no school delivered: one finding, not one for every school.

use std::collections::BTreeSet;

use crate::definitions::Definitions;
use crate::definitions::contract::{Dataset, Role};
use crate::definitions::indicator::{Calculation, Indicator};
use crate::figure::Basis;
use crate::finding::{self, Finding};
use crate::period::ReportYear;

/// Why a year should have a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Its contract asks every school for it.
    OfEverySchool,
    /// An earlier year that the report prints has it.
    AsIn(ReportYear),
}

/// Why the report of a year needs a dataset; `None` where it can do without. `earlier` are the years printed in
/// it that have the dataset. Later years say nothing: what begins in a year was not missing before.
#[must_use]
pub fn expected(
    definitions: &Definitions,
    dataset: &Dataset,
    year: ReportYear,
    earlier: impl Iterator<Item = ReportYear>,
) -> Option<Expected> {
    definitions.layout(year)?;
    if dataset.every_school {
        return Some(Expected::OfEverySchool);
    }
    let earlier = earlier.max()?;
    (!dependents(definitions, dataset, year).is_empty()).then_some(Expected::AsIn(earlier))
}

/// The finding that nothing of a dataset counts in a year, and what depends on it.
#[must_use]
pub fn finding(
    definitions: &Definitions,
    dataset: &Dataset,
    year: ReportYear,
    expected: Expected,
    schools: usize,
) -> Finding {
    /// Titles enough to know what it is about; the finding lists the ids of all.
    const SHOWN: usize = 5;
    let dependents = dependents(definitions, dataset, year);
    let why = match expected {
        Expected::OfEverySchool => "各校都应报送".to_owned(),
        Expected::AsIn(earlier) => format!("{earlier}年有报送"),
    };
    let titles: Vec<&str> =
        dependents.iter().take(SHOWN).map(|indicator| indicator.title_zh.as_str()).collect();
    let more = if dependents.len() > SHOWN { "等" } else { "" };
    let of_indicators = match dependents.len() {
        0 => String::new(),
        count => format!("；由它得出的指标 {count} 个（{}{more}）全部缺报", titles.join("、")),
    };
    let tables = printed_in(definitions, dataset, year, &dependents);
    let of_tables =
        if tables.is_empty() { String::new() } else { format!("；涉及印刷表 {}", tables.join("、")) };
    let detail =
        format!("{}（{year}年，{schools} 所学校，{why}）{of_indicators}{of_tables}", dataset.title_zh);
    let ids = dependents.iter().map(|indicator| indicator.id.as_str());
    Finding::new(finding::DATASET_MISSING, year, &dataset.dataset, &detail).about(ids)
}

/// The indicators of a year that are computed from a dataset, on any basis.
fn dependents<'d>(definitions: &'d Definitions, dataset: &Dataset, year: ReportYear) -> Vec<&'d Indicator> {
    let indicators = definitions.indicators.iter().filter(|indicator| indicator.valid_in(year));
    indicators.filter(|indicator| !bases(definitions, dataset, indicator).is_empty()).collect()
}

/// The bases on which an indicator is computed from a dataset.
fn bases(definitions: &Definitions, dataset: &Dataset, indicator: &Indicator) -> Vec<Basis> {
    let is_filed = dataset.role == Some(Role::Filing) && indicator.filed.is_some();
    let is_survey = indicator.survey.as_ref().is_some_and(|survey| survey.table() == dataset.table);
    let found = [
        (Basis::System, reads(definitions, indicator, &dataset.table)),
        (Basis::Survey, is_survey),
        (Basis::Filed, is_filed),
    ];
    found.into_iter().filter(|(_, is_read)| *is_read).map(|(basis, _)| basis).collect()
}

/// Whether the system value of an indicator, or of one that it is made of, is computed from a table.
fn reads(definitions: &Definitions, indicator: &Indicator, table: &str) -> bool {
    match &indicator.system {
        Some(Calculation::Count(rows)) => rows.table == table,
        Some(Calculation::Sum(column) | Calculation::Max(column) | Calculation::CountDistinct(column)) => {
            column.table == table
        }
        Some(Calculation::SumOf(_) | Calculation::Ratio(_)) => {
            let parts = indicator.made_of().into_iter().filter_map(|id| definitions.indicator(id));
            parts.into_iter().any(|part| reads(definitions, part, table))
        }
        None => false,
    }
}

/// The printed tables that have any of the indicators on a basis that is computed from the dataset.
fn printed_in(
    definitions: &Definitions,
    dataset: &Dataset,
    year: ReportYear,
    dependents: &[&Indicator],
) -> Vec<String> {
    let concerned: BTreeSet<(&str, Basis)> = dependents
        .iter()
        .flat_map(|indicator| {
            let of_indicator = |basis| (indicator.id.as_str(), basis);
            bases(definitions, dataset, indicator).into_iter().map(of_indicator)
        })
        .collect();
    let tables = definitions.layout(year).into_iter().flat_map(|layout| &layout.tables);
    let prints = |rows: &[crate::definitions::layout::RowLayout]| {
        rows.iter().any(|row| concerned.contains(&(row.indicator.as_str(), row.basis)))
    };
    tables.filter(|table| prints(&table.rows)).map(|table| table.id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions;

    fn asked(dataset: &str, year: ReportYear, earlier: &[ReportYear]) -> Option<Expected> {
        let definitions = definitions::load(&definitions::embedded()).unwrap();
        let dataset = definitions.dataset(dataset).unwrap();
        expected(&definitions, dataset, year, earlier.iter().copied())
    }

    #[test]
    fn what_the_contract_or_an_earlier_year_has_is_expected_in_a_year_with_a_report() {
        assert_eq!(asked("staff", 2024, &[]), Some(Expected::OfEverySchool));
        assert_eq!(asked("finance", 2024, &[2022, 2023]), Some(Expected::AsIn(2023)));
        assert_eq!(asked("finance", 2024, &[]), None);
        assert_eq!(asked("staff", 2022, &[2021]), None);
    }

    #[test]
    fn the_finding_names_the_dataset_the_year_and_what_depends_on_it() {
        let definitions = definitions::load(&definitions::embedded()).unwrap();
        let of = |dataset: &str, expected| {
            finding(&definitions, definitions.dataset(dataset).unwrap(), 2024, expected, 45)
        };
        let staff = of("staff", Expected::OfEverySchool);
        assert!(staff.message.contains("教职工（2024年，45 所学校，各校都应报送）"), "{}", staff.message);
        assert!(staff.message.contains("表1.4"), "{}", staff.message);
        for id in ["teachers_full_time", "dual_share", "student_teacher_ratio"] {
            assert!(staff.indicators.iter().any(|of| of == id), "{id}");
        }
        assert!(!staff.indicators.iter().any(|id| id == "students"));
        let finance = of("finance", Expected::AsIn(2023));
        assert!(
            finance.message.contains("经费收支（2024年，45 所学校，2023年有报送）"),
            "{}",
            finance.message
        );
        assert!(finance.indicators.iter().any(|id| id == "funding_per_student"));
        // Printed from the filings alone, which are there.
        assert!(!finance.message.contains("印刷表"), "{}", finance.message);
        let surveys = of("surveys", Expected::AsIn(2023));
        assert!(surveys.message.contains("涉及印刷表"), "{}", surveys.message);
        assert!(of("filings", Expected::OfEverySchool).indicators.len() > 100);
    }
}
