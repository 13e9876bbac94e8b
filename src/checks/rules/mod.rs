//! The rules: for every kind of relation a function that checks it. Rules are general; the relations
//! between particular figures are defined in `pipelines/audit/`, or by the report itself.

mod peers;

mod recomputed;

mod sums;

mod part_whole;

mod same_figure;

mod ratio;

mod attainable;

mod mean;

mod shares;

mod change;

mod outlier;

mod stock_flow;

mod bounds;

mod listed;

mod names;

mod states;

mod freshness;

mod volume;

pub use names::items;

use crate::checks::relation::{Context, Judgement, Obstacle, Operands};
use crate::definitions::relation::kind::RelationKind;

/// Checks a relation by its rule.
pub fn judge(kind: RelationKind, operands: &Operands, context: &Context<'_>) -> Result<Judgement, Obstacle> {
    let (single, several, _) = kind.operands();
    let needed = single.iter().chain(several);
    if let Some(missing) =
        needed.copied().find(|field| operands.by_field.get(*field).is_none_or(Vec::is_empty))
    {
        return Err(Obstacle::faulty(format!("缺少 {missing}")));
    }
    let rule = match kind {
        RelationKind::SumOfParts => sums::sum_of_parts,
        RelationKind::SumOfPartsLe => sums::sum_of_parts_le,
        RelationKind::SubsetLeSuperset => part_whole::subset_le_superset,
        RelationKind::ZeroImpliesZero => part_whole::zero_implies_zero,
        RelationKind::SameFigure => same_figure::same_figure,
        RelationKind::Ratio => ratio::ratio,
        RelationKind::RatioPercent => ratio::ratio_percent,
        RelationKind::AttainablePercent => attainable::attainable_percent,
        RelationKind::ImpliedDenominator => attainable::implied_denominator,
        RelationKind::MeanWithinParts => mean::mean_within_parts,
        RelationKind::SharesSumTo100 => shares::shares_sum_to_100,
        RelationKind::GrowthPercent => change::growth_percent,
        RelationKind::PercentagePointChange => change::percentage_point_change,
        RelationKind::TrendClaim => change::trend_claim,
        RelationKind::YoyOutlier => outlier::yoy_outlier,
        RelationKind::IdenticalBlock => outlier::identical_block,
        RelationKind::StockFlow => stock_flow::stock_flow,
        RelationKind::UnitRateInRange => bounds::unit_rate_in_range,
        RelationKind::Threshold => bounds::threshold,
        RelationKind::CountOfListedItems => listed::count_of_listed_items,
        RelationKind::CatalogueName => names::catalogue_name,
        RelationKind::EntityAlias => names::entity_alias,
        RelationKind::RepeatedValue => names::repeated_value,
        RelationKind::MissingTotal => states::missing_total,
        RelationKind::SameState => states::same_state,
        RelationKind::FormatMix => states::format_mix,
        RelationKind::ColumnShift => states::column_shift,
        RelationKind::DuplicateKey => states::duplicate_key,
        RelationKind::Freshness => freshness::freshness,
        RelationKind::Volume => volume::volume,
    };
    rule(operands, context)
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::checks::quantity::read;
    use crate::checks::relation::{Figure, Operand, Verdict};
    use crate::definitions::code_table::CodeTables;
    use crate::definitions::relation::limits::Limits;

    /// `part=5` or `parts=1|2|3`, with a unit after a blank: `part=12 万元`.
    pub fn read_operands(operands: &[(&str, &str)]) -> Operands {
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
        Operands { by_field: operands.iter().map(|(field, text)| ((*field).to_owned(), all(text))).collect() }
    }

    pub fn judged(kind: RelationKind, operands: &[(&str, &str)]) -> Result<Judgement, Obstacle> {
        let (limits, codes) = (Limits::default(), CodeTables::default());
        judge(kind, &read_operands(operands), &Context { limits: &limits, codes: &codes, year: 2024 })
    }

    pub fn verdict(kind: RelationKind, operands: &[(&str, &str)]) -> Verdict {
        judged(kind, operands).map_or(Verdict::NotExamined, |judgement| judgement.verdict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::relation::Verdict;
    use crate::checks::rules::testing::{judged, verdict};

    #[test]
    fn a_relation_that_cannot_be_examined_says_why() {
        let why = |operands: &[(&str, &str)]| judged(RelationKind::SubsetLeSuperset, operands).unwrap_err();
        assert_eq!(why(&[("subset", "5")]), Obstacle::faulty("缺少 superset"));
        assert_eq!(why(&[("subset", "5"), ("superset", "?")]).why, "没有名为“k”的数字（superset）");
        assert!(why(&[("subset", "5"), ("superset", "九成")]).faulty);
        assert!(!why(&[("subset", "5"), ("superset", "-")]).faulty);
        assert_eq!(
            verdict(RelationKind::SubsetLeSuperset, &[("subset", "5"), ("superset", "6")]),
            Verdict::Holds
        );
    }
}
