//! Tables → values → printed cells, and the checks on them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use arrow::array::Array;
use arrow::datatypes::{Decimal128Type, Int32Type};

use super::checked::{self, Before};
use super::examined::{self, Examined, Figures, FiledPlaces, Standing, examine_release};
use super::noted::Noted;
use super::reconciled::Decisions;
use super::{Given, Run, RunError, Used, documents, parallel};
use crate::contract::{Dataset, Role};
use crate::decisions::values::SetValue;
use crate::finding::{self, Finding};
use crate::indicators::compute::{self, Filed, Inputs};
use crate::indicators::{IndicatorValue, State, shown};
use crate::number::Decimal;
use crate::period::ReportYear;
use crate::reconcile::Difference;
use crate::report::cells::{Lines, ReportCell, Values};
use crate::table_file::{self as parquet_file, text_at};
use crate::tables;
use crate::warehouse::assemble;

/// A year's values.
#[derive(Debug, Default)]
struct Computed {
    values: Vec<IndicatorValue>,
    /// Values that persons set, and that hold.
    set: Vec<SetValue>,
    differences: Vec<Difference>,
    /// Ids of decisions about values that hold no longer.
    lapsed: Vec<u32>,
}

impl Run<'_> {
    /// Values of each year, then the printed cells, whose last-year column is last year's release.
    pub(super) fn compute(&mut self) -> Result<(), RunError> {
        let years: Vec<ReportYear> = self.years.keys().copied().collect();
        let threads = self.given.settings.threads();
        let computed = parallel::each(threads, &years, || (), |(), &year| self.computed(year));
        for (&year, computed) in years.iter().zip(computed) {
            let Noted { value, findings, decisions } = computed?;
            self.lapsed_values.extend(value.lapsed);
            let of = self.year(year);
            (of.values, of.set, of.differences) = (value.values, value.set, value.differences);
            of.findings.extend(findings);
            of.overrides.extend(decisions);
        }
        let print = |(): &mut (), &year: &ReportYear| {
            let mut earlier = Vec::new();
            let mut read = Vec::new();
            for back in 1..=self.given.definitions.earlier_years(year) {
                match self.years.get(&(year - back)) {
                    Some(of) => earlier.push(&of.values),
                    None => read.push(self.values_of(year - back)?),
                }
            }
            let of_year = self.years[&year].values.iter();
            let all = of_year.chain(earlier.into_iter().flatten()).chain(read.iter().flatten());
            self.cells_of(year, &tables::indexed(all))
        };
        for (&year, cells) in years.iter().zip(parallel::each(threads, &years, || (), print)) {
            self.cells.insert(year, cells?);
        }
        Ok(())
    }

    /// The values of a year as delivered and as persons set them, and where its bases differ.
    fn computed(&self, year: ReportYear) -> Result<Noted<Computed>, RunError> {
        let inputs = self.inputs(year)?;
        let definitions = self.given.definitions;
        let mut values = compute::compute(&definitions.indicators, definitions.layout(year), &inputs)?;
        let Given { recorded, lapsed, .. } = &self.given;
        let decisions = Decisions { year, definitions, recorded, lapsed };
        let adjusted = decisions.adjust(&inputs, &values)?;
        values.extend(adjusted.value.values);
        values.sort_by(|a, b| a.key.cmp(&b.key));
        let reconciled = decisions.reconcile(&values, &adjusted.value.set);
        let mut findings = adjusted.findings;
        findings.extend(reconciled.findings);
        findings.extend(self.compare_last_year(year)?);
        Ok(Noted {
            value: Computed {
                values,
                set: adjusted.value.set,
                differences: reconciled.value.differences,
                lapsed: [adjusted.value.lapsed, reconciled.value.lapsed].concat(),
            },
            findings,
            decisions: adjusted.decisions,
        })
    }

    fn inputs(&self, year: ReportYear) -> Result<Inputs, RunError> {
        let of = &self.years[&year];
        let mut delivered: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for dataset in &self.given.definitions.datasets {
            let fragments = of.fragments.get(&dataset.dataset).into_iter().flatten();
            let schools = fragments.flat_map(Used::schools).cloned();
            let schools_of = delivered.entry(dataset.table.clone()).or_default();
            schools_of.extend(schools);
            // Whoever is not in the city's export has none of it.
            if dataset.whole_city && !schools_of.is_empty() {
                schools_of.extend(of.schools.keys().cloned());
            }
        }
        let filed = match of.tables.get(self.given.definitions.table_of_role(Role::Filing)) {
            Some((path, _)) => filed_values(path, year)?,
            None => BTreeMap::new(),
        };
        Ok(Inputs {
            year,
            columns: self.table_columns(),
            register_table: self.given.definitions.table_of_role(Role::Register).to_owned(),
            filing_table: self.given.definitions.table_of_role(Role::Filing).to_owned(),
            tables: of.tables.iter().map(|(table, (path, _))| (table.clone(), path.clone())).collect(),
            schools: of.schools.clone(),
            delivered,
            filed,
            counties: documents::counties(self.given.settings, self.given.definitions, year),
            city: self.given.settings.city_code.clone(),
            residual: self.given.settings.residual_region_code.clone(),
            set: compute::SetValues::new(),
        })
    }

    fn table_columns(&self) -> BTreeMap<String, Vec<String>> {
        let columns = |dataset: &Dataset| {
            let fields = assemble::published_fields(dataset);
            (dataset.table.clone(), fields.into_iter().map(|field| field.name).collect())
        };
        self.given.definitions.datasets.iter().map(columns).collect()
    }

    pub(super) fn values_of(&self, year: ReportYear) -> Result<Vec<IndicatorValue>, RunError> {
        if let Some(of) = self.years.get(&year) {
            return Ok(of.values.clone());
        }
        match self.table_of("indicator_value", year) {
            Some(path) => Ok(tables::read_indicator_values(&path, self.given.definitions)?),
            None => Ok(Vec::new()),
        }
    }

    /// A filing repeats last year's figures: they are compared with last year's filing, never printed.
    fn compare_last_year(&self, year: ReportYear) -> Result<Vec<Finding>, RunError> {
        let mut found = Vec::new();
        let Some(filing) = self.given.definitions.of_role(Role::Filing) else { return Ok(found) };
        let of = |year| self.table_of(&filing.table, year);
        let (Some(this), Some(last)) = (of(year), of(year - 1)) else {
            return Ok(found);
        };
        let repeated = filed_values(&this, year - 1)?;
        let original = filed_values(&last, year - 1)?;
        for ((indicator, school), said) in &repeated {
            let Some(before) = original.get(&(indicator.clone(), school.clone())) else { continue };
            if said != before {
                let title =
                    self.given.definitions.indicator(indicator).map_or(indicator.as_str(), |of| &of.title_zh);
                let detail = format!(
                    "{title}（{}年）：本年填报的上年数 {}，上年填报 {}",
                    year - 1,
                    shown_filed(said),
                    shown_filed(before)
                );
                let finding = Finding::new(finding::FILING_LAST_YEAR, year, &filing.dataset, &detail);
                found.push(finding.of_school(school).about([&**indicator]));
            }
        }
        Ok(found)
    }

    pub(super) fn cells_of(
        &self,
        year: ReportYear,
        values: &Values<'_>,
    ) -> Result<Vec<ReportCell>, RunError> {
        let schools: Vec<(String, String)> = self.years[&year]
            .schools
            .iter()
            .map(|(code, school)| (code.clone(), school.region_code.clone()))
            .collect();
        let lines = match self.table_of(self.given.definitions.table_of_role(Role::Filing), year) {
            Some(path) => documents::filed_lines(&path, self.given.definitions, year)?,
            None => Lines::new(),
        };
        Ok(documents::printed_cells(
            self.given.settings,
            self.given.definitions,
            year,
            &schools,
            values,
            &lines,
        ))
    }

    /// Everything that must hold before anybody sees a figure, and what persons said of it.
    pub(super) fn check(&mut self) -> Result<(), RunError> {
        let years: Vec<ReportYear> = self.years.keys().copied().collect();
        for year in years {
            let mut examined = self.examined(year)?;
            if self.given.definitions.audit.relations.iter().any(|relation| relation.ratchet)
                && let Some(last) = self.given.last.as_ref().filter(|last| last.years.contains(&year))
            {
                let standing = Standing::Published(last);
                examined.forget(&examine_release(
                    self.given.settings,
                    self.given.definitions,
                    standing,
                    year,
                )?);
            }
            let filed = self.filed_places(year)?;
            let findings = std::mem::take(&mut self.year(year).findings);
            let of = &self.years[&year];
            let deliveries = of.deliveries.iter();
            let labels: Vec<(&str, &str)> =
                deliveries.map(|delivery| (delivery.file.as_str(), delivery.sha256.as_str())).collect();
            let before = Before {
                year,
                definitions: self.given.definitions,
                findings,
                recorded: &self.given.recorded,
                lapsed: &self.given.lapsed,
                schools: &of.schools,
                files: &labels,
                filed: &filed,
            };
            let Noted { value, findings, decisions } = checked::check(examined, before);
            self.checks.extend(value.counts.iter().cloned());
            self.lapsed_values.extend(value.lapsed);
            let of = self.year(year);
            of.findings = findings;
            of.checks = value.counts;
            of.overrides.extend(decisions);
        }
        Ok(())
    }

    fn examined(&self, year: ReportYear) -> Result<Examined, RunError> {
        let of = &self.years[&year];
        let schools = of.schools.iter().map(|(code, school)| (code.clone(), school.name.clone())).collect();
        let cells = self.cells.get(&year).map(Vec::as_slice).unwrap_or_default();
        let table = |table: &str, year: ReportYear| self.table_of(table, year);
        let deliveries = examined::of_deliveries(self.given.definitions, &self.accepted(), &table, year)?;
        let figures = Figures { year, values: &of.values, cells, schools: &schools, deliveries: &deliveries };
        Ok(examined::examine(self.given.settings, self.given.definitions, figures))
    }

    fn filed_places(&self, year: ReportYear) -> Result<FiledPlaces, RunError> {
        let files: HashMap<&str, &str> = self.years[&year]
            .deliveries
            .iter()
            .map(|delivery| (delivery.sha256.as_str(), delivery.file.as_str()))
            .collect();
        match self.table_of(self.given.definitions.table_of_role(Role::Filing), year) {
            Some(path) => examined::filed_places(&path, self.given.definitions, year, &files),
            None => Ok(FiledPlaces::default()),
        }
    }
}

/// What a school filed, in a message: a number, or that there is none. Words may name somebody.
fn shown_filed(filed: &Filed) -> String {
    match (filed.value, &filed.words) {
        (Some(value), _) => value.to_string(),
        (None, Some(_)) => "文字".to_owned(),
        (None, None) => shown(filed.state.name()).to_owned(),
    }
}

/// Values of one year in a table `filing`, by indicator and school.
pub(super) fn filed_values(
    path: &Path,
    year: ReportYear,
) -> Result<BTreeMap<(String, String), Filed>, RunError> {
    let mut filed = BTreeMap::new();
    for batch in parquet_file::read(path)? {
        let batch = batch?;
        let years = batch.column_by_name("value_year").map(arrow::array::AsArray::as_primitive::<Int32Type>);
        let values = batch.column_by_name("value").map(arrow::array::AsArray::as_primitive::<Decimal128Type>);
        let (Some(years), Some(values)) = (years, values) else { continue };
        for row in (0..batch.num_rows()).filter(|row| years.value(*row) == year) {
            let state = State::named(&text_at(&batch, "state", row));
            let value = values.is_valid(row).then(|| Decimal(values.value(row)));
            let key = (text_at(&batch, "indicator_id", row), text_at(&batch, "school_code", row));
            let words =
                (value.is_none() && state == State::Value).then(|| text_at(&batch, "printed_text", row));
            filed.entry(key).or_insert(Filed { state, value, words });
        }
    }
    Ok(filed)
}
