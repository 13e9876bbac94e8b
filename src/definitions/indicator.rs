//! Indicators as written in `pipelines/indicators/*.toml`.
//!
//! An indicator says, for each basis, how it is computed: numerator and
//! denominator each an indicator of its own, so that a ratio at county or city
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
    pub survey: Option<Answers>,
    /// Attributes the system value is broken down by: columns of its table, or of the school register.
    #[serde(default)]
    pub breakdowns: Vec<String>,
    /// The narrowest level it is computed at.
    #[serde(default = "school")]
    pub from_level: crate::figure::Level,
    /// How far two bases may lie apart and still agree.
    pub tolerance: Option<Tolerance>,
}

/// Two values agree within either of these; one that is not given allows nothing.
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

/// A decimal that is written as text, as TOML's own numbers are not exact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ExactDecimal(pub Decimal);

impl TryFrom<String> for ExactDecimal {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parsed = Decimal::parse(&text).filter(|value| *value >= Decimal::ZERO);
        parsed.map(ExactDecimal).ok_or_else(|| format!("`{text}` is no decimal of 0 or more"))
    }
}

fn school() -> crate::figure::Level {
    crate::figure::Level::School
}

/// How a system value is computed from one table, or from other indicators.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Calculation {
    /// Rows that count and meet the condition.
    Count(RowMeasure),
    /// Sum of a column over them.
    Sum(ColumnMeasure),
    /// Greatest value of a column among them.
    Max(ColumnMeasure),
    /// Number of different values of a column among them, per level.
    CountDistinct(ColumnMeasure),
    /// Sum of other indicators.
    SumOf(Vec<String>),
    /// `factor × numerator ÷ denominator`.
    Ratio(RatioOf),
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
pub struct RatioOf {
    pub numerator: String,
    pub denominator: String,
    /// 100 for percentages.
    pub factor: i64,
    /// Where the denominator is taken when it is not the same place: a county's share of the city.
    pub denominator_level: Option<crate::figure::Level>,
}

/// How a survey's value is computed from rows that each stand for several answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Answers {
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

impl Answers {
    #[must_use]
    pub fn table(&self) -> &str {
        match self {
            Answers::Sum(of) => &of.table,
            Answers::WeightedMean(of) => &of.table,
        }
    }

    /// The column of the answers, where they are weighted.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        match self {
            Answers::Sum(_) => None,
            Answers::WeightedMean(of) => Some(&of.value),
        }
    }

    /// The column that is added up, and of which rows.
    #[must_use]
    pub fn summed(&self) -> (&str, &Condition) {
        match self {
            Answers::Sum(of) => (&of.column, &of.condition),
            Answers::WeightedMean(of) => (&of.weight, &of.condition),
        }
    }
}

/// How filed school values combine.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Combination {
    Sum,
    Max,
    /// A filed ratio has no parts: each school's value counts by another filed row.
    WeightedMean {
        weight: String,
    },
    /// Words: the different ones, those of the most schools first.
    List,
    /// Lines of a list: each is printed as it was filed, and no value is made of them.
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
            Basis::Adjusted(of) => self.is_on(of.basis()),
        }
    }

    /// What is wrong with the definition by itself; `columns` gives the columns of a table.
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
            Some(Answers::Sum(of)) => on_table(&of.table, Some(&of.column), &of.condition),
            Some(Answers::WeightedMean(of)) => {
                for column in [&of.value, &of.weight] {
                    on_table(&of.table, Some(column), &of.condition);
                }
            }
            None => {}
        }
        let mut named = Vec::new();
        match &self.system {
            Some(Calculation::Count(rows)) => on_table(&rows.table, None, &rows.condition),
            Some(Calculation::Sum(of) | Calculation::Max(of) | Calculation::CountDistinct(of)) => {
                on_table(&of.table, Some(&of.column), &of.condition);
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
