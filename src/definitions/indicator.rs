//! Indicators as written in `pipelines/indicators/*.toml`.
//!
//! An indicator says for each basis how it is computed. Numerator and
//! denominator are indicators of their own, so that a ratio at county or city
//! comes from summed parts and never from an average of ratios.

use serde::Deserialize;

use crate::definitions::code_table::Status;
use crate::definitions::predicate::Condition;
use crate::figure::Basis;
use crate::number::{Decimal, ONE};
use crate::period::{ReferenceTime, ReportYear};

/// A file of indicators.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndicatorFile {
    #[serde(rename = "indicator")]
    pub indicators: Vec<toml::Spanned<Indicator>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    pub id: String,
    pub title_zh: String,
    pub title_en: String,
    pub unit: String,
    pub reference_time: ReferenceTime,
    pub definition: String,
    pub status: Status,
    pub citation: String,
    pub first_year: Option<ReportYear>,
    pub last_year: Option<ReportYear>,
    /// From rows of the national systems.
    pub system: Option<Calculation>,
    /// From what the schools filed.
    pub filed: Option<Combination>,
    /// From the answers to a questionnaire.
    pub survey: Option<SurveyMeasure>,
    /// Attributes by which the system value is broken down: columns of its table, or of the school register.
    #[serde(default)]
    pub breakdowns: Vec<String>,
    /// The lowest level at which it is computed.
    #[serde(default = "school")]
    pub from_level: crate::figure::Level,
    /// The distance at which two bases still agree.
    pub tolerance: Option<Tolerance>,
}

/// Two values agree within either limit; an absent limit allows no difference.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// In the indicator's unit.
    #[serde(default)]
    pub absolute: ExactDecimal,
    /// A share of the reference: `0.01` for one percent.
    #[serde(default)]
    pub relative: ExactDecimal,
}

/// A decimal written as text, because TOML's own numbers are not exact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ExactDecimal(pub Decimal);

impl TryFrom<String> for ExactDecimal {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parsed = Decimal::parse(&text).filter(|value| *value >= Decimal::ZERO);
        parsed.map(ExactDecimal).ok_or_else(|| format!("`{text}` is not a decimal of 0 or more"))
    }
}

fn school() -> crate::figure::Level {
    crate::figure::Level::School
}

/// The computation of a system value from one table, or from other indicators.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Calculation {
    /// Rows that count and meet the condition.
    Count(RowMeasure),
    /// Sum of a column over those rows.
    Sum(ColumnMeasure),
    /// Greatest value of a column among those rows.
    Max(ColumnMeasure),
    /// Number of different values of a column among those rows, per level.
    CountDistinct(ColumnMeasure),
    /// Sum of other indicators.
    SumOf(Vec<String>),
    /// `factor × numerator ÷ denominator`.
    Ratio(RatioParts),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowMeasure {
    pub table: String,
    #[serde(rename = "where", default = "Condition::always")]
    pub condition: Condition,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnMeasure {
    pub table: String,
    pub column: String,
    #[serde(rename = "where", default = "Condition::always")]
    pub condition: Condition,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatioParts {
    pub numerator: String,
    pub denominator: String,
    /// 100 for percentages.
    pub factor: i64,
    /// The level of the denominator where it is not the numerator's: a county's share of the city.
    pub denominator_level: Option<crate::figure::Level>,
}

/// The computation of a survey's value from rows that each represent several answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SurveyMeasure {
    /// Sum of a column.
    Sum(ColumnMeasure),
    /// Σ value × weight ÷ Σ weight.
    WeightedMean(MeanMeasure),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeanMeasure {
    pub table: String,
    pub value: String,
    /// A column of whole numbers.
    pub weight: String,
    #[serde(rename = "where", default = "Condition::always")]
    pub condition: Condition,
}

impl SurveyMeasure {
    #[must_use]
    pub fn table(&self) -> &str {
        match self {
            SurveyMeasure::Sum(measure) => &measure.table,
            SurveyMeasure::WeightedMean(measure) => &measure.table,
        }
    }

    /// The column of the answers, where they are weighted.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        match self {
            SurveyMeasure::Sum(_) => None,
            SurveyMeasure::WeightedMean(measure) => Some(&measure.value),
        }
    }

    /// The column that is added up, and the condition on its rows.
    #[must_use]
    pub fn summed(&self) -> (&str, &Condition) {
        match self {
            SurveyMeasure::Sum(measure) => (&measure.column, &measure.condition),
            SurveyMeasure::WeightedMean(measure) => (&measure.weight, &measure.condition),
        }
    }
}

/// How the filed values of schools combine.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Combination {
    Sum,
    Max,
    /// A filed ratio has no parts: each school's value is weighted by another filed row.
    WeightedMean {
        weight: String,
    },
    /// Words: the different ones, those of most schools first.
    List,
    /// Lines of a list: each is printed as it was filed; they have no common value.
    Lines,
}

impl Indicator {
    #[must_use]
    pub fn valid_in(&self, year: ReportYear) -> bool {
        self.first_year.is_none_or(|first| first <= year) && self.last_year.is_none_or(|last| year <= last)
    }

    /// Whether it is computed on a basis.
    #[must_use]
    pub fn is_on(&self, basis: Basis) -> bool {
        match basis {
            Basis::System => self.system.is_some(),
            Basis::Filed => self.filed.is_some(),
            Basis::Survey => self.survey.is_some(),
            Basis::Adjusted(replaced) => self.is_on(replaced.basis()),
        }
    }

    /// The indicators that its system value is made of.
    #[must_use]
    pub fn made_of(&self) -> Vec<&str> {
        match &self.system {
            Some(Calculation::SumOf(parts)) => parts.iter().map(String::as_str).collect(),
            Some(Calculation::Ratio(ratio)) => vec![&ratio.numerator, &ratio.denominator],
            _ => Vec::new(),
        }
    }

    /// The faults of the definition by itself; `columns` returns the columns of a table.
    #[must_use]
    pub fn faults(
        &self,
        is_indicator: &dyn Fn(&str) -> bool,
        columns: &dyn Fn(&str) -> Option<Vec<String>>,
        register: &str,
    ) -> Vec<String> {
        let mut faults = Vec::new();
        if self.system.is_none() && self.filed.is_none() && self.survey.is_none() {
            faults.push("has none of `system`, `filed` and `survey`".to_owned());
        }
        if self.tolerance.as_ref().is_some_and(|tolerance| tolerance.relative.0 > Decimal(ONE)) {
            faults.push("tolerance: `relative` is a share, 1 at most".to_owned());
        }
        let mut on_table = |table: &str, column: Option<&str>, condition: &Condition| {
            let Some(known) = columns(table) else {
                faults.push(format!("there is no table `{table}`"));
                return;
            };
            let named = column.into_iter().chain(self.breakdowns.iter().map(String::as_str));
            let of_school = columns(register).unwrap_or_default();
            for name in named {
                let attribute = Some(name) != column && of_school.iter().any(|known| known == name);
                if !known.iter().any(|known| known == name) && !attribute {
                    faults.push(format!("table `{table}` has no column `{name}`"));
                }
            }
            match condition.predicate() {
                Err(error) => faults.push(format!("where: {error}")),
                Ok(predicate) => {
                    for name in predicate.columns() {
                        if !known.iter().any(|known| known == name) {
                            faults.push(format!("where: table `{table}` has no column `{name}`"));
                        }
                    }
                }
            }
        };
        match &self.survey {
            Some(SurveyMeasure::Sum(measure)) => {
                on_table(&measure.table, Some(&measure.column), &measure.condition);
            }
            Some(SurveyMeasure::WeightedMean(measure)) => {
                for column in [&measure.value, &measure.weight] {
                    on_table(&measure.table, Some(column), &measure.condition);
                }
            }
            None => {}
        }
        let mut named = Vec::new();
        match &self.system {
            Some(Calculation::Count(rows)) => on_table(&rows.table, None, &rows.condition),
            Some(
                Calculation::Sum(measure) | Calculation::Max(measure) | Calculation::CountDistinct(measure),
            ) => {
                on_table(&measure.table, Some(&measure.column), &measure.condition);
            }
            Some(Calculation::SumOf(parts)) => named.extend(parts),
            Some(Calculation::Ratio(ratio)) => named.extend([&ratio.numerator, &ratio.denominator]),
            None => {}
        }
        if let Some(Combination::WeightedMean { weight }) = &self.filed {
            named.push(weight);
        }
        for id in named {
            if !is_indicator(id) {
                faults.push(format!("there is no indicator `{id}`"));
            }
        }
        faults
    }
}
