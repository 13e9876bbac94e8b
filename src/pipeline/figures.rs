//! Tables → values → printed cells.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::acceptance::AcceptedDelivery;
use super::assembly::AssembledYear;
use super::noted::Noted;
use super::reconciled::Decisions;
use super::{ByYear, RunContext, RunError, documents, parallel};
use crate::definitions::Definitions;
use crate::definitions::contract::{Dataset, Role};
use crate::figures::compute::{self, FiledFigure, Inputs};
use crate::figures::reconcile::Difference;
use crate::figures::{IndicatorValue, shown, stored};
use crate::finding::{self, Finding};
use crate::period::ReportYear;
use crate::report::cells::{Lines, ReportCell, indexed};
use crate::tables::filing::FilingRow;
use crate::tables::row;
use crate::warehouse::assemble;

/// A year's values.
#[derive(Debug, Default)]
pub(super) struct ComputedYear {
    /// Delivered values, and those that persons set.
    pub values: Vec<IndicatorValue>,
    pub differences: Vec<Difference>,
    /// Ids of decisions about values that have lapsed.
    pub lapsed: Vec<u32>,
}

/// Computes the values of each year, several years at once.
///
/// # Errors
/// When a table cannot be read.
pub(super) fn compute(
    context: &RunContext<'_>,
    years: &ByYear<AssembledYear>,
) -> Result<ByYear<Noted<ComputedYear>>, RunError> {
    let computed = parallel::all(context.settings.threads(), years, |(&year, assembled)| {
        let mut noted = compute_year(context, year, assembled)?;
        noted.findings.extend(compare_last_year(context, years, year)?);
        Ok((year, noted))
    });
    computed.into_iter().collect()
}

/// Prints the cells of each year. Columns of earlier years have the values of this run, else of the release.
///
/// # Errors
/// When a table cannot be read.
pub(super) fn print(
    context: &RunContext<'_>,
    years: &ByYear<AssembledYear>,
    computed: &ByYear<ComputedYear>,
) -> Result<ByYear<Vec<ReportCell>>, RunError> {
    let printed = parallel::all(context.settings.threads(), computed, |(&year, of_year)| {
        let before = (1..=context.definitions.earlier_years(year)).map(|back| year - back);
        let (made, published): (Vec<ReportYear>, _) = before.partition(|year| computed.contains_key(year));
        let mut read = Vec::new();
        for year in published {
            if let Some(path) = context.table_of(years, "indicator_value", year) {
                read.extend(stored::read(&path, &context.definitions.indicators)?);
            }
        }
        let made = made.iter().flat_map(|year| &computed[year].values);
        let values = indexed(of_year.values.iter().chain(made).chain(&read));
        let lines = match context.table_of(years, context.definitions.table_of_role(Role::Filing), year) {
            Some(path) => documents::filed_lines(&path, context.definitions, year)?,
            None => Lines::new(),
        };
        let schools = years.get(&year).into_iter().flat_map(|assembled| &assembled.schools);
        let schools: Vec<(String, String)> =
            schools.map(|(code, school)| (code.clone(), school.region_code.clone())).collect();
        let cells =
            documents::printed_cells(context.settings, context.definitions, year, &schools, &values, &lines);
        Ok((year, cells))
    });
    printed.into_iter().collect()
}

/// Computes the values of a year, delivered ones and those that persons set, and where its bases differ.
fn compute_year(
    context: &RunContext<'_>,
    year: ReportYear,
    assembled: &AssembledYear,
) -> Result<Noted<ComputedYear>, RunError> {
    let inputs = inputs(context, year, assembled)?;
    let definitions = context.definitions;
    let mut values = compute::compute(&definitions.indicators, definitions.layout(year), &inputs)?;
    let decisions = Decisions { year, definitions, recorded: &context.recorded, lapsed: &context.lapsed };
    let mut noted = Noted::default();
    let adjusted = noted.take(decisions.adjust(&inputs, &values)?);
    values.extend(adjusted.values);
    values.sort_by(|a, b| a.key.cmp(&b.key));
    let reconciled = noted.take(decisions.reconcile(&values, &adjusted.set));
    noted.value = ComputedYear {
        values,
        differences: reconciled.differences,
        lapsed: [adjusted.lapsed, reconciled.lapsed].concat(),
    };
    Ok(noted)
}

fn inputs(context: &RunContext<'_>, year: ReportYear, assembled: &AssembledYear) -> Result<Inputs, RunError> {
    let (settings, definitions) = (context.settings, context.definitions);
    let filed = match assembled.tables.get(definitions.table_of_role(Role::Filing)) {
        Some(table) => filed_values(&table.path, year)?,
        None => BTreeMap::new(),
    };
    Ok(Inputs {
        year,
        columns: table_columns(definitions),
        register_table: definitions.table_of_role(Role::Register).to_owned(),
        filing_table: definitions.table_of_role(Role::Filing).to_owned(),
        tables: assembled.tables.iter().map(|(name, table)| (name.clone(), table.path.clone())).collect(),
        schools: assembled.schools.clone(),
        delivered: delivered(definitions, assembled),
        filed,
        counties: documents::counties(settings, definitions, year),
        city: settings.city_code.clone(),
        residual: settings.residual_region_code.clone(),
        set: compute::SetValues::new(),
    })
}

/// Schools that delivered rows of each table.
fn delivered(definitions: &Definitions, assembled: &AssembledYear) -> BTreeMap<String, BTreeSet<String>> {
    let mut delivered: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for dataset in &definitions.datasets {
        let accepted = assembled.deliveries.of(dataset).iter();
        let schools = delivered.entry(dataset.table.clone()).or_default();
        schools.extend(accepted.flat_map(AcceptedDelivery::schools).cloned());
        // A school that is not in the city's export has no rows.
        if dataset.whole_city && !schools.is_empty() {
            schools.extend(assembled.schools.keys().cloned());
        }
    }
    delivered
}

fn table_columns(definitions: &Definitions) -> BTreeMap<String, Vec<String>> {
    let columns = |dataset: &Dataset| {
        let fields = assemble::published_fields(dataset);
        (dataset.table.clone(), fields.into_iter().map(|field| field.name).collect())
    };
    definitions.datasets.iter().map(columns).collect()
}

type FiledValues = BTreeMap<(String, String), FiledFigure>;

/// Compares last year's figures, which a filing repeats, with last year's filing; they are never printed.
fn compare_last_year(
    context: &RunContext<'_>,
    years: &ByYear<AssembledYear>,
    year: ReportYear,
) -> Result<Vec<Finding>, RunError> {
    let Some(filing) = context.definitions.of_role(Role::Filing) else { return Ok(Vec::new()) };
    let filing_of = |year| context.table_of(years, &filing.table, year);
    let (Some(this), Some(last)) = (filing_of(year), filing_of(year - 1)) else { return Ok(Vec::new()) };
    let (repeated, original) = (filed_values(&this, year - 1)?, filed_values(&last, year - 1)?);
    Ok(repeated_otherwise(context.definitions, filing, year, &repeated, &original))
}

/// Findings for figures of last year that a filing repeats with another value.
fn repeated_otherwise(
    definitions: &Definitions,
    filing: &Dataset,
    year: ReportYear,
    repeated: &FiledValues,
    original: &FiledValues,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for (key, again) in repeated {
        let Some(before) = original.get(key).filter(|before| *before != again) else { continue };
        let (indicator, school) = key;
        let title =
            definitions.indicator(indicator).map_or(indicator.as_str(), |indicator| &indicator.title_zh);
        let detail = format!(
            "{title}（{}年）：本年填报的上年数 {}，上年填报 {}",
            year - 1,
            shown_filed(again),
            shown_filed(before)
        );
        let finding = Finding::new(finding::FILING_LAST_YEAR, year, &filing.dataset, &detail);
        found.push(finding.of_school(school).about([&**indicator]));
    }
    found
}

/// A filed value for a message: a number, or that there is none. Texts may name a person.
fn shown_filed(filed: &FiledFigure) -> String {
    match (filed.value, &filed.words) {
        (Some(value), _) => value.to_string(),
        (None, Some(_)) => "文字".to_owned(),
        (None, None) => shown(filed.state.name()).to_owned(),
    }
}

/// Values of one year in a table `filing`, by indicator and school.
fn filed_values(path: &Path, year: ReportYear) -> Result<FiledValues, RunError> {
    let mut filed = BTreeMap::new();
    for row in row::read(path)? {
        let row: FilingRow = row?;
        if row.value_year == year {
            let figure = FiledFigure { state: row.state, value: row.value, words: row.words() };
            filed.entry((row.indicator_id, row.school_code)).or_insert(figure);
        }
    }
    Ok(filed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions;
    use crate::figure::State;
    use crate::number::Decimal;

    const A: &str = "1114000001";
    const B: &str = "1114000002";

    fn filed<const N: usize>(figures: [(&str, &str, i64); N]) -> FiledValues {
        let figure = |(indicator, school, value): (&str, &str, i64)| {
            let value = Decimal::parse(&value.to_string());
            (
                (indicator.to_owned(), school.to_owned()),
                FiledFigure { state: State::Value, value, words: None },
            )
        };
        figures.map(figure).into()
    }

    #[test]
    fn last_years_figures_in_a_filing_are_compared_with_last_years_filing() {
        let definitions = definitions::load(&definitions::embedded()).unwrap();
        let filing = definitions.of_role(Role::Filing).unwrap();
        let original = filed([("students", A, 610), ("students", B, 40), ("majors", A, 8)]);
        let repeated = filed([("students", A, 612), ("students", B, 40), ("staff", A, 5)]);
        let found = repeated_otherwise(&definitions, filing, 2024, &repeated, &original);
        assert_eq!(found.len(), 1, "a figure that is the same, or was not filed, is not a question");
        assert_eq!(
            (found[0].rule.as_str(), found[0].school_code.as_str()),
            (finding::FILING_LAST_YEAR.id, A)
        );
        assert_eq!(found[0].indicators, ["students"]);
        assert!(found[0].message.contains("612") && found[0].message.contains("610"), "{}", found[0].message);
    }

    #[test]
    fn a_school_that_is_not_in_an_export_of_the_whole_city_has_no_rows() {
        let definitions = definitions::load(&definitions::embedded()).unwrap();
        let schools = [A, B].map(|code| (code.to_owned(), compute::School::default())).into();
        let mut assembled = AssembledYear { schools, ..AssembledYear::default() };
        let city = definitions.datasets.iter().find(|dataset| dataset.whole_city).unwrap();
        for dataset in ["students", &city.dataset] {
            let accepted = vec![AcceptedDelivery::of_schools("a", [(A, 3)])];
            assembled.deliveries.accepted.insert(dataset.to_owned(), accepted);
        }
        let delivered = delivered(&definitions, &assembled);
        let count = |dataset: &str| delivered[&definitions.dataset(dataset).unwrap().table].len();
        assert_eq!((count("students"), count(&city.dataset), count("staff")), (1, 2, 0));
    }
}
