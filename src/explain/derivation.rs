//! The derivation of a value: from rows, from filed figures, from other values.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatchReader};
use arrow::datatypes::{DataType, Decimal128Type, Int32Type, Int64Type};
use polars::prelude::col;

use super::reader::School;
use super::wording::formula;
use super::{
    CountedRow, Derivation, ExcludedRows, ExplainError, Explainer, FilePlace, MissingSchool, Place,
    SchoolPart,
};
use crate::definitions::contract::Role;
use crate::definitions::indicator::{Calculation, Combination, Indicator, SurveyMeasure};
use crate::definitions::predicate::Condition;
use crate::figure::{Basis, Delivered, Level, State, Unit};
use crate::figures::Coverage;
use crate::figures::combinations::Combinations;
use crate::finding;
use crate::number::{Decimal, ONE};
use crate::tables::dataset::DatasetRow;
use crate::tables::parquet_file;
use crate::tables::row::{Cells, Row};

impl Explainer<'_> {
    /// The derivation of the value on one basis; `None` where there is none.
    pub(super) fn derivation(
        &self,
        indicator: &Indicator,
        basis: Basis,
        unit: &Unit,
    ) -> Result<Option<Derivation>, ExplainError> {
        let Some(value) = self.value(&indicator.id, basis, unit) else { return Ok(None) };
        let text = |value: Option<Decimal>| value.map(|value| value.to_string());
        let mut derivation = Derivation {
            indicator_id: indicator.id.clone(),
            title_zh: indicator.title_zh.clone(),
            unit: indicator.unit.clone(),
            basis: basis.name(),
            stands_for: if basis.is_adjusted() { basis.delivered().name() } else { "" },
            level: unit.level.name(),
            region_code: unit.region_code.clone(),
            kind: "",
            state: value.state.name(),
            value: text(value.value),
            words: value.words.clone(),
            numerator: text(value.ratio.map(|ratio| ratio.numerator)),
            denominator: text(value.ratio.map(|ratio| ratio.denominator)),
            factor: value.ratio.map_or(1, |ratio| ratio.factor),
            complete: value.is_complete(),
            n_schools: value.coverage.schools,
            n_missing: value.coverage.missing,
            share: text(value.coverage.share.as_deref().copied()),
            incomplete: value.incomplete().and_then(Coverage::note),
            missing_schools: if value.coverage.missing > 0 {
                self.missing_schools(indicator, basis, unit)
            } else {
                Vec::new()
            },
            formula: String::new(),
            table: String::new(),
            condition: String::new(),
            column: String::new(),
            schools: Vec::new(),
            rows: Vec::new(),
            excluded: Vec::new(),
            made_of: Vec::new(),
        };
        match basis {
            Basis::System => self.on_system(indicator, unit, &mut derivation)?,
            Basis::Filed => self.on_filed(indicator, unit, &mut derivation),
            Basis::Survey => self.on_survey(indicator, unit, &mut derivation)?,
            Basis::Adjusted(replaced) => self.on_adjusted(indicator, replaced, unit, &mut derivation)?,
        }
        derivation.formula = formula(&derivation);
        Ok(Some(derivation))
    }

    /// The schools of a unit whose own value lacks something, or that a mean leaves out for want of a weight.
    fn missing_schools(&self, indicator: &Indicator, basis: Basis, unit: &Unit) -> Vec<MissingSchool> {
        let weight = match (basis.delivered(), &indicator.filed) {
            (Delivered::Filed, Some(Combination::WeightedMean { weight })) => Some(weight.as_str()),
            _ => None,
        };
        let of_school = |id: &str, code: &str, region: &str| {
            let place =
                Unit { level: Level::School, region_code: region.to_owned(), school_code: code.to_owned() };
            let own = |basis| self.value(id, basis, &place);
            own(basis).or_else(|| own(basis.delivered().basis()))
        };
        let lacks = |(code, school): &(&String, &School)| {
            let own = of_school(&indicator.id, code, &school.region_code);
            let has_no_weight = || {
                weight.is_some_and(|id| {
                    of_school(id, code, &school.region_code).is_none_or(|value| value.state != State::Value)
                })
            };
            let has_value = own.is_some_and(|value| value.state == State::Value);
            own.is_some_and(|value| value.coverage.missing > 0) || has_value && has_no_weight()
        };
        let schools = self.schools.iter().filter(|(code, _)| self.is_in(code, unit)).filter(lacks);
        let named = |(code, school): (&String, &School)| MissingSchool {
            school_code: code.clone(),
            school_name: school.name.clone(),
        };
        schools.map(named).collect()
    }

    fn on_system(
        &self,
        indicator: &Indicator,
        unit: &Unit,
        derivation: &mut Derivation,
    ) -> Result<(), ExplainError> {
        let others = |ids: &[(&String, Unit)]| -> Result<Vec<Derivation>, ExplainError> {
            let mut made_of = Vec::new();
            for (id, unit) in ids {
                if let Some(part) = self.definitions.indicator(id) {
                    made_of.extend(self.derivation(part, Basis::System, unit)?);
                }
            }
            Ok(made_of)
        };
        let (kind, table, condition, column) = match &indicator.system {
            Some(Calculation::Count(measure)) => ("count", &measure.table, &measure.condition, ""),
            Some(Calculation::Sum(measure)) => {
                ("sum", &measure.table, &measure.condition, measure.column.as_str())
            }
            Some(Calculation::Max(measure)) => {
                ("max", &measure.table, &measure.condition, measure.column.as_str())
            }
            Some(Calculation::CountDistinct(measure)) => {
                ("count_distinct", &measure.table, &measure.condition, measure.column.as_str())
            }
            Some(Calculation::SumOf(parts)) => {
                derivation.kind = "sum_of";
                let parts: Vec<_> = parts.iter().map(|part| (part, unit.clone())).collect();
                derivation.made_of = others(&parts)?;
                return Ok(());
            }
            Some(Calculation::Ratio(ratio)) => {
                derivation.kind = "ratio";
                let whole = match ratio.denominator_level {
                    Some(Level::City) => self.unit(Place::City)?,
                    _ => unit.clone(),
                };
                derivation.made_of =
                    others(&[(&ratio.numerator, unit.clone()), (&ratio.denominator, whole)])?;
                return Ok(());
            }
            None => return Ok(()),
        };
        derivation.kind = kind;
        derivation.table.clone_from(table);
        condition.text().clone_into(&mut derivation.condition);
        column.clone_into(&mut derivation.column);
        self.measured(indicator, (Basis::System, condition), unit, derivation)
    }

    fn on_survey(
        &self,
        indicator: &Indicator,
        unit: &Unit,
        derivation: &mut Derivation,
    ) -> Result<(), ExplainError> {
        let Some(answers) = &indicator.survey else { return Ok(()) };
        let (kind, condition, column) = match answers {
            SurveyMeasure::Sum(measure) => ("sum", &measure.condition, &measure.column),
            SurveyMeasure::WeightedMean(measure) => ("weighted_mean", &measure.condition, &measure.value),
        };
        derivation.kind = kind;
        answers.table().clone_into(&mut derivation.table);
        condition.text().clone_into(&mut derivation.condition);
        derivation.column.clone_from(column);
        self.measured(indicator, (Basis::Survey, condition), unit, derivation)
    }

    /// The rows of a table, those left out, and the total of each school.
    fn measured(
        &self,
        indicator: &Indicator,
        (basis, condition): (Basis, &Condition),
        unit: &Unit,
        derivation: &mut Derivation,
    ) -> Result<(), ExplainError> {
        if let Some(path) = self.path(&derivation.table) {
            self.measured_rows(&path, condition, unit, derivation)?;
        }
        self.quarantined(unit, derivation);
        let school = |code: &String| Unit {
            level: Level::School,
            region_code: self
                .schools
                .get(code)
                .map_or(self.city.residual_code, |school| school.region_code.as_str())
                .to_owned(),
            school_code: code.clone(),
        };
        let counted: BTreeSet<&String> = derivation.rows.iter().map(|row| &row.school_code).collect();
        let schools: BTreeSet<&String> = self.schools.keys().chain(counted).collect();
        derivation.schools = schools
            .into_iter()
            .filter(|code| self.is_in(code, unit))
            .filter_map(|code| {
                let value = self.value(&indicator.id, basis, &school(code))?;
                Some(SchoolPart {
                    school_code: code.clone(),
                    school_name: self.school_name(code),
                    state: value.state.name(),
                    value: value.value.map(|value| value.to_string()),
                    weight: value.ratio.map(|ratio| ratio.denominator.to_string()),
                    words: None,
                    at: None,
                })
            })
            .collect();
        Ok(())
    }

    /// The rows that count, and the number of those that do not, by reason.
    fn measured_rows(
        &self,
        path: &Path,
        condition: &Condition,
        unit: &Unit,
        derivation: &mut Derivation,
    ) -> Result<(), ExplainError> {
        let looked_at = &condition.columns() | &BTreeSet::from(["school_code".to_owned()]);
        let described = DatasetRow::COLUMNS.iter().map(|column| column.name);
        let described = described.chain(Some(derivation.column.as_str()).filter(|column| !column.is_empty()));
        let columns = &looked_at | &described.map(str::to_owned).collect();
        let reader = parquet_file::read_plain(path, Some(&columns))?;
        let mut combinations = Combinations::new(&reader.schema(), &looked_at, &BTreeSet::new())?;
        let mut batches = Vec::new();
        for batch in reader {
            let batch = batch?;
            let of_rows = combinations.add(&batch, None)?;
            batches.push((batch, of_rows));
        }
        let condition = col("school_code").is_not_null().and(condition.expression());
        let meets = combinations.which_meet(condition)?;
        let mut excluded: BTreeMap<String, u64> = BTreeMap::new();
        for (batch, of_rows) in &batches {
            let cells = Cells::of::<DatasetRow>(batch);
            for (index, &combination) in of_rows.iter().enumerate() {
                let Some(row) = DatasetRow::from_cells(&cells, index) else { continue };
                if !self.is_in(&row.school_code, unit) {
                    continue;
                }
                if !row.counted {
                    let reason = match row.not_counted_because.as_str() {
                        "status" => "状态不计入",
                        "counted_at_other_school" => "同一人计在另一所学校",
                        "counted_in_other_row" => "同一对象计在另一行",
                        code => code,
                    };
                    *excluded.entry(reason.to_owned()).or_default() += 1;
                    continue;
                }
                if !meets[combination as usize] {
                    *excluded.entry(format!("不满足 {}", derivation.condition)).or_default() += 1;
                    continue;
                }
                derivation.rows.push(CountedRow {
                    school_code: row.school_code,
                    at: FilePlace {
                        file: self.files.get(&row.source_file).cloned().unwrap_or(row.source_file),
                        sheet: row.source_sheet,
                        row: row.source_row,
                    },
                    value: batch
                        .column_by_name(&derivation.column)
                        .and_then(|column| cell_text(column, index)),
                });
            }
        }
        derivation.excluded.extend(excluded.into_iter().map(|(reason, rows)| ExcludedRows { reason, rows }));
        Ok(())
    }

    /// Rows of the unit's schools that never entered the table.
    fn quarantined(&self, unit: &Unit, derivation: &mut Derivation) {
        let datasets = self.definitions.datasets.iter().filter(|dataset| dataset.table == derivation.table);
        let datasets: BTreeSet<&str> = datasets.map(|dataset| dataset.dataset.as_str()).collect();
        let mut by_rule: BTreeMap<&str, u64> = BTreeMap::new();
        for finding in self.findings.iter().filter(|finding| finding.rows_out > 0) {
            if datasets.contains(finding.dataset.as_str()) && self.concerns(finding, unit) {
                *by_rule.entry(&finding.rule).or_default() += finding.rows_out;
            }
        }
        derivation.excluded.extend(by_rule.into_iter().map(|(id, rows)| {
            let title = finding::rule(id).map_or("", |rule| rule.title);
            ExcludedRows { reason: format!("隔离 {id} {title}"), rows }
        }));
    }

    fn on_filed(&self, indicator: &Indicator, unit: &Unit, derivation: &mut Derivation) {
        let weight = match &indicator.filed {
            Some(Combination::WeightedMean { weight }) => Some(weight),
            _ => None,
        };
        derivation.kind = match &indicator.filed {
            Some(Combination::Sum) => "sum",
            Some(Combination::Max) => "max",
            Some(Combination::WeightedMean { .. }) if unit.level == Level::School => "as_filed",
            Some(Combination::WeightedMean { .. }) => "weighted_mean",
            Some(Combination::List) => "list",
            Some(Combination::Lines) | None => "",
        };
        self.definitions.table_of_role(Role::Filing).clone_into(&mut derivation.table);
        for (code, school) in self.schools.iter().filter(|(code, _)| self.is_in(code, unit)) {
            let figure = |id: &String| self.filed.get(&(id.clone(), code.clone()));
            let filed = figure(&indicator.id);
            derivation.schools.push(SchoolPart {
                school_code: code.clone(),
                school_name: school.name.clone(),
                state: filed.map_or(State::Missing, |filed| filed.state).name(),
                value: filed.and_then(|filed| filed.value).map(|value| value.to_string()),
                weight: weight.and_then(figure).and_then(|filed| filed.value).map(|value| value.to_string()),
                words: filed.filter(|filed| filed.value.is_none()).map(|filed| filed.words.clone()),
                at: filed.map(|filed| filed.at.clone()),
            });
        }
    }

    /// The schools' values, with set values in place of delivered ones, combined like the others.
    fn on_adjusted(
        &self,
        indicator: &Indicator,
        replaced: Delivered,
        unit: &Unit,
        derivation: &mut Derivation,
    ) -> Result<(), ExplainError> {
        let weight = match (replaced, &indicator.system, &indicator.filed) {
            (Delivered::System, Some(Calculation::SumOf(_) | Calculation::Ratio(_)), _) => {
                self.on_system(indicator, unit, derivation)?;
                for part in &mut derivation.made_of {
                    let adjusted = self.definitions.indicator(&part.indicator_id);
                    let of_unit = Unit {
                        level: Level::named(part.level),
                        region_code: part.region_code.clone(),
                        ..unit.clone()
                    };
                    let adjusted =
                        adjusted.map(|other| self.derivation(other, replaced.basis().adjusted(), &of_unit));
                    if let Some(adjusted) = adjusted.transpose()?.flatten() {
                        *part = adjusted;
                    }
                }
                return Ok(());
            }
            (Delivered::System, Some(Calculation::Max(_)), _)
            | (Delivered::Filed, _, Some(Combination::Max)) => {
                derivation.kind = "max";
                None
            }
            (Delivered::Filed, _, Some(Combination::WeightedMean { weight })) => {
                derivation.kind = if unit.level == Level::School { "as_filed" } else { "weighted_mean" };
                Some(weight)
            }
            _ => {
                derivation.kind = "sum";
                None
            }
        };
        for (code, school) in self.schools.iter().filter(|(code, _)| self.is_in(code, unit)) {
            let place = Unit {
                level: Level::School,
                region_code: school.region_code.clone(),
                school_code: code.clone(),
            };
            let current = |id: &str| {
                self.value(id, replaced.basis().adjusted(), &place)
                    .or_else(|| self.value(id, replaced.basis(), &place))
            };
            let value = current(&indicator.id);
            derivation.schools.push(SchoolPart {
                school_code: code.clone(),
                school_name: school.name.clone(),
                state: value.map_or(State::Missing, |value| value.state).name(),
                value: value.and_then(|value| value.value).map(|value| value.to_string()),
                weight: weight.and_then(|id| current(id)?.value).map(|value| value.to_string()),
                words: None,
                at: None,
            });
        }
        Ok(())
    }
}

/// A cell as text; `None` for an empty one.
fn cell_text(column: &ArrayRef, row: usize) -> Option<String> {
    let whole = |number: i64| Decimal(i128::from(number) * ONE).to_string();
    column.is_valid(row).then(|| match column.data_type() {
        DataType::Int32 => whole(column.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => whole(column.as_primitive::<Int64Type>().value(row)),
        DataType::Decimal128(..) => Decimal(column.as_primitive::<Decimal128Type>().value(row)).to_string(),
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        _ => column.as_string::<i32>().value(row).to_owned(),
    })
}
