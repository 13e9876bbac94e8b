//! A relation between printed figures, and the answer to it.
//!
//! Kinds are a closed set; what each needs is in one table, so that definitions and reports
//! name its operands alike. Rules are general: which figures stand in which relation is said by
//! `pipelines/audit/`, or by the report itself.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::checks::audit_rules::Limits;
use crate::checks::printed::{Printed, Quantity};
use crate::checks::{
    attainable, bounds, change, freshness, listed, mean, names, outlier, part_whole, ratio, same_figure,
    shares, states, stock_flow, sums, volume,
};
use crate::normalise::CodeTables;

/// What is said of a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Inconsistent,
    ToConfirm,
    Rounding,
    NotExamined,
    Holds,
}

impl Verdict {
    pub const ALL: [Verdict; 5] =
        [Verdict::Inconsistent, Verdict::ToConfirm, Verdict::Rounding, Verdict::NotExamined, Verdict::Holds];

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Verdict::Inconsistent => "不一致",
            Verdict::ToConfirm => "待确认",
            Verdict::Rounding => "舍入",
            Verdict::NotExamined => "未检查",
            Verdict::Holds => "成立",
        }
    }
}

macro_rules! kinds {
    ($($kind:ident $name:literal $(also $alias:literal)* : $one:expr, $many:expr, $optional:expr, $judge:path;)*) => {
        /// A rule kind.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($kind),* }

        impl Kind {
            pub const ALL: &[Kind] = &[$(Kind::$kind),*];

            /// The kind of a name, or of one of its other names.
            #[must_use]
            pub fn named(name: &str) -> Option<Kind> {
                $(if name == $name $(|| name == $alias)* { return Some(Kind::$kind); })*
                None
            }

            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Kind::$kind => $name),* }
            }

            /// Operands that are one figure, those that are several, and those that may be missing.
            #[must_use]
            pub fn operands(self) -> (&'static [&'static str], &'static [&'static str], &'static [&'static str]) {
                match self { $(Kind::$kind => (&$one, &$many, &$optional)),* }
            }

            fn judge(self, asked: &Asked, context: &Context<'_>) -> Result<Judgement, Unexamined> {
                match self { $(Kind::$kind => $judge(asked, context)),* }
            }
        }
    };
}

kinds! {
    SumOfParts "sum_of_parts" : ["total"], ["parts"], [], sums::sum_of_parts;
    SumOfPartsLe "sum_of_parts_le" also "sum_of_disjoint_subsets_le" : ["total"], ["parts"], [], sums::sum_of_parts_le;
    SubsetLeSuperset "subset_le_superset" also "part_le_whole" also "funnel_monotone" : ["subset", "superset"], [], [], part_whole::subset_le_superset;
    ZeroImpliesZero "zero_implies_zero" : ["whole"], ["parts"], [], part_whole::zero_implies_zero;
    SameFigure "same_figure" also "same_indicator_two_places" also "text_vs_table" also "cross_table_identity" : ["a", "b"], [], [], same_figure::same_figure;
    Ratio "ratio" : ["numerator", "denominator", "printed"], [], [], ratio::ratio;
    RatioPercent "ratio_percent" : ["part", "whole", "printed_pct"], [], [], ratio::ratio_percent;
    AttainablePercent "attainable_percent" also "grim_attainable_percent" : ["printed_pct", "whole"], [], [], attainable::attainable_percent;
    ImpliedDenominator "implied_denominator" : [], ["parts", "printed_pcts"], [], attainable::implied_denominator;
    MeanWithinParts "mean_within_parts" also "mean_within_bounds" : ["mean"], ["parts"], ["weights"], mean::mean_within_parts;
    SharesSumTo100 "shares_sum_to_100" : [], ["shares"], [], shares::shares_sum_to_100;
    GrowthPercent "growth_percent" : ["earlier", "later", "claim"], [], [], change::growth_percent;
    PercentagePointChange "percentage_point_change" : ["earlier", "later", "claim"], [], [], change::percentage_point_change;
    TrendClaim "trend_claim" : ["earlier", "later", "claim"], [], [], change::trend_claim;
    YoyOutlier "yoy_outlier" : ["a", "b"], [], ["peers_a", "peers_b"], outlier::yoy_outlier;
    IdenticalBlock "identical_block" : [], ["earlier", "later"], [], outlier::identical_block;
    StockFlow "stock_flow" : ["opening", "closing"], ["inflows"], ["outflows"], stock_flow::stock_flow;
    UnitRateInRange "unit_rate_in_range" : ["numerator", "denominator"], [], ["at_least", "at_most"], bounds::unit_rate_in_range;
    Threshold "threshold" also "catalogue_bound" : ["value"], [], ["at_least", "at_most"], bounds::threshold;
    CountOfListedItems "count_of_listed_items" : ["count"], ["listed"], [], listed::count_of_listed_items;
    CatalogueName "catalogue_name" also "catalogue_lookup" : ["catalogue"], ["names"], [], names::catalogue_name;
    EntityAlias "entity_alias" : [], ["names"], [], names::entity_alias;
    RepeatedValue "repeated_value" : [], ["names"], [], names::repeated_value;
    MissingTotal "missing_total" : ["total"], ["parts"], [], states::missing_total;
    SameState "same_state" also "missing_value_mixed" : ["a", "b"], [], [], states::same_state;
    FormatMix "format_mix" : ["a", "b"], [], [], states::format_mix;
    ColumnShift "column_shift" : ["row"], [], [], states::column_shift;
    DuplicateKey "duplicate_key" : ["a", "b"], [], [], states::duplicate_key;
    Freshness "freshness" : ["stated"], [], ["reference", "earliest", "latest", "at", "at_most_days", "at_most_years"], freshness::freshness;
    Volume "volume" : ["count"], [], ["before", "peers", "at_least", "at_most"], volume::volume;
}

/// A figure that a relation names.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Its key, or where it is printed.
    pub name: String,
    pub text: String,
    pub unit: String,
    pub printed: Printed,
}

/// What stands where a relation needs a figure.
#[derive(Debug, Clone)]
pub enum Operand {
    Figure(Figure),
    /// Nobody printed it: the key as named.
    Unknown(String),
    /// The key stands for several figures.
    Ambiguous(String),
}

/// A relation with its operands found.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    pub operands: BTreeMap<String, Vec<Operand>>,
}

/// What rules know beside the figures.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub limits: &'a Limits,
    pub codes: &'a CodeTables,
    pub year: i32,
}

/// Why a relation was not examined, in Chinese.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unexamined {
    pub why: String,
    /// The relation itself is wrong: an unknown key or kind, a string nobody can read.
    pub faulty: bool,
}

impl Unexamined {
    /// The report does not print it.
    pub fn absent(why: impl Into<String>) -> Self {
        Unexamined { why: why.into(), faulty: false }
    }

    pub fn faulty(why: impl Into<String>) -> Self {
        Unexamined { why: why.into(), faulty: true }
    }

    #[must_use]
    pub fn too_large() -> Self {
        Unexamined::faulty("数字过大，无法计算")
    }
}

/// What a rule says.
#[derive(Debug, Clone)]
pub struct Judgement {
    pub verdict: Verdict,
    pub printed: String,
    pub recomputed: String,
    pub interval: String,
    pub message: String,
}

impl Judgement {
    #[must_use]
    pub fn new(verdict: Verdict, message: impl Into<String>) -> Self {
        Judgement {
            verdict,
            printed: String::new(),
            recomputed: String::new(),
            interval: String::new(),
            message: message.into(),
        }
    }

    #[must_use]
    pub fn printed(mut self, printed: impl Into<String>) -> Self {
        self.printed = printed.into();
        self
    }

    #[must_use]
    pub fn recomputed(mut self, recomputed: impl Into<String>) -> Self {
        self.recomputed = recomputed.into();
        self
    }

    #[must_use]
    pub fn interval(mut self, interval: impl Into<String>) -> Self {
        self.interval = interval.into();
        self
    }
}

impl Asked {
    fn figures<'a>(&'a self, field: &str) -> Result<Vec<&'a Figure>, Unexamined> {
        let operands = self.operands.get(field).map(Vec::as_slice).unwrap_or_default();
        let figure = |operand: &'a Operand| match operand {
            Operand::Figure(figure) => Ok(figure),
            Operand::Unknown(key) => Err(Unexamined::faulty(format!("没有名为“{key}”的数字（{field}）"))),
            Operand::Ambiguous(key) => {
                Err(Unexamined::faulty(format!("“{key}”出现多次且数值不同（{field}）")))
            }
        };
        operands.iter().map(figure).collect()
    }

    /// The one figure of an operand.
    pub fn figure(&self, field: &str) -> Result<&Figure, Unexamined> {
        match self.figures(field)?.as_slice() {
            [figure] => Ok(figure),
            [] => Err(Unexamined::faulty(format!("缺少 {field}"))),
            _ => Err(Unexamined::faulty(format!("{field} 只能有一个"))),
        }
    }

    pub fn text(&self, field: &str) -> Result<&str, Unexamined> {
        Ok(&self.figure(field)?.text)
    }

    pub fn texts(&self, field: &str) -> Result<Vec<&str>, Unexamined> {
        Ok(self.figures(field)?.into_iter().map(|figure| figure.text.as_str()).collect())
    }

    pub fn number(&self, field: &str) -> Result<&Quantity, Unexamined> {
        number(self.figure(field)?)
    }

    /// Where a figure may be left out.
    pub fn number_if_any(&self, field: &str) -> Result<Option<&Quantity>, Unexamined> {
        if self.operands.get(field).is_none_or(Vec::is_empty) {
            return Ok(None);
        }
        self.number(field).map(Some)
    }

    /// All figures of an operand, which must be numbers.
    pub fn numbers(&self, field: &str) -> Result<Vec<Quantity>, Unexamined> {
        self.figures(field)?.into_iter().map(|figure| number(figure).cloned()).collect()
    }

    /// All figures of an operand, whatever they say; at least one.
    pub fn all(&self, field: &str) -> Result<Vec<&Figure>, Unexamined> {
        let figures = self.figures(field)?;
        if figures.is_empty() {
            return Err(Unexamined::faulty(format!("缺少 {field}")));
        }
        Ok(figures)
    }

    /// How many figures the relation names that say something.
    #[must_use]
    pub fn examined(&self) -> usize {
        let says = |operand: &&Operand| matches!(operand, Operand::Figure(figure) if figure.printed != Printed::Blank);
        self.operands.values().flatten().filter(says).count()
    }

    /// Names and strings of all operands, in the order of their fields.
    pub fn told(&self) -> impl Iterator<Item = (&str, &Figure)> {
        let each = self.operands.iter();
        each.flat_map(|(field, operands)| operands.iter().map(move |operand| (field.as_str(), operand)))
            .filter_map(|(field, operand)| match operand {
                Operand::Figure(figure) => Some((field, figure)),
                _ => None,
            })
    }
}

/// The number of a figure, or why there is none.
pub fn number(figure: &Figure) -> Result<&Quantity, Unexamined> {
    let name = &figure.name;
    match &figure.printed {
        Printed::Number(quantity) => Ok(quantity.as_ref()),
        Printed::Dash => Err(Unexamined::absent(format!("“{name}”印为“{}”，没有数", figure.text))),
        Printed::Blank => Err(Unexamined::absent(format!("“{name}”为空"))),
        Printed::Unreadable => Err(Unexamined::faulty(format!("“{name}”印为“{}”，读不出数", figure.text))),
    }
}

/// Holds the figures against the rule.
pub fn judge(kind: Kind, asked: &Asked, context: &Context<'_>) -> Result<Judgement, Unexamined> {
    let (one, many, _) = kind.operands();
    let needed = one.iter().chain(many);
    if let Some(missing) = needed.copied().find(|field| asked.operands.get(*field).is_none_or(Vec::is_empty))
    {
        return Err(Unexamined::faulty(format!("缺少 {missing}")));
    }
    kind.judge(asked, context)
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::checks::printed::read;

    /// `part=5` or `parts=1|2|3`, with a unit after a blank: `part=12 万元`.
    pub fn asked(operands: &[(&str, &str)]) -> Asked {
        let figure = |text: &str| {
            let (text, unit) = text.split_once(' ').unwrap_or((text, ""));
            if text == "?" {
                return Operand::Unknown("k".to_owned());
            }
            Operand::Figure(Figure {
                name: text.to_owned(),
                text: text.to_owned(),
                unit: unit.to_owned(),
                printed: read(text, unit),
            })
        };
        let all = |text: &str| text.split('|').map(figure).collect();
        Asked { operands: operands.iter().map(|(field, text)| ((*field).to_owned(), all(text))).collect() }
    }

    pub fn judged(kind: Kind, operands: &[(&str, &str)]) -> Result<Judgement, Unexamined> {
        let (limits, codes) = (Limits::default(), CodeTables::default());
        judge(kind, &asked(operands), &Context { limits: &limits, codes: &codes, year: 2024 })
    }

    pub fn verdict(kind: Kind, operands: &[(&str, &str)]) -> Verdict {
        judged(kind, operands).map_or(Verdict::NotExamined, |judgement| judgement.verdict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::relation::testing::{judged, verdict};

    #[test]
    fn every_name_leads_to_its_kind() {
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.name()), Some(*kind));
        }
        assert_eq!(Kind::named("sum_of_disjoint_subsets_le"), Some(Kind::SumOfPartsLe));
        assert_eq!(Kind::named("sums"), None);
    }

    #[test]
    fn what_cannot_be_examined_says_why() {
        let why = |operands: &[(&str, &str)]| judged(Kind::SubsetLeSuperset, operands).unwrap_err();
        assert_eq!(why(&[("subset", "5")]), Unexamined::faulty("缺少 superset"));
        assert_eq!(why(&[("subset", "5"), ("superset", "?")]).why, "没有名为“k”的数字（superset）");
        assert!(why(&[("subset", "5"), ("superset", "九成")]).faulty);
        assert!(!why(&[("subset", "5"), ("superset", "-")]).faulty);
        assert_eq!(verdict(Kind::SubsetLeSuperset, &[("subset", "5"), ("superset", "6")]), Verdict::Holds);
    }
}
