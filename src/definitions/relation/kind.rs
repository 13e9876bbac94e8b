//! The kinds of relations: a closed set, so that definitions and reports name them and their operands alike.

macro_rules! kinds {
    ($($kind:ident $name:literal $(also $alias:literal)* : $single:expr, $several:expr, $optional:expr;)*) => {
        /// A rule kind.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RelationKind { $($kind),* }

        impl RelationKind {
            pub const ALL: &[RelationKind] = &[$(RelationKind::$kind),*];

            /// The kind with this name or alias.
            #[must_use]
            pub fn named(name: &str) -> Option<RelationKind> {
                $(if name == $name $(|| name == $alias)* { return Some(RelationKind::$kind); })*
                None
            }

            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(RelationKind::$kind => $name),* }
            }

            /// Operands that are one figure, operands that are several, and optional operands.
            #[must_use]
            pub fn operands(self) -> (&'static [&'static str], &'static [&'static str], &'static [&'static str]) {
                match self { $(RelationKind::$kind => (&$single, &$several, &$optional)),* }
            }
        }
    };
}

kinds! {
    SumOfParts "sum_of_parts" : ["total"], ["parts"], [];
    SumOfPartsLe "sum_of_parts_le" also "sum_of_disjoint_subsets_le" : ["total"], ["parts"], [];
    SubsetLeSuperset "subset_le_superset" also "part_le_whole" also "funnel_monotone" : ["subset", "superset"], [], [];
    ZeroImpliesZero "zero_implies_zero" : ["whole"], ["parts"], [];
    SameFigure "same_figure" also "same_indicator_two_places" also "text_vs_table" also "cross_table_identity" : ["a", "b"], [], [];
    Ratio "ratio" : ["numerator", "denominator", "printed"], [], [];
    RatioPercent "ratio_percent" : ["part", "whole", "printed_pct"], [], [];
    AttainablePercent "attainable_percent" also "grim_attainable_percent" : ["printed_pct", "whole"], [], [];
    ImpliedDenominator "implied_denominator" : [], ["parts", "printed_pcts"], [];
    MeanWithinParts "mean_within_parts" also "mean_within_bounds" : ["mean"], ["parts"], ["weights"];
    SharesSumTo100 "shares_sum_to_100" : [], ["shares"], [];
    GrowthPercent "growth_percent" : ["earlier", "later", "claim"], [], [];
    PercentagePointChange "percentage_point_change" : ["earlier", "later", "claim"], [], [];
    TrendClaim "trend_claim" : ["earlier", "later", "claim"], [], [];
    YoyOutlier "yoy_outlier" : ["a", "b"], [], ["peers_a", "peers_b"];
    IdenticalBlock "identical_block" : [], ["earlier", "later"], [];
    StockFlow "stock_flow" : ["opening", "closing"], ["inflows"], ["outflows"];
    UnitRateInRange "unit_rate_in_range" : ["numerator", "denominator"], [], ["at_least", "at_most"];
    Threshold "threshold" also "catalogue_bound" : ["value"], [], ["at_least", "at_most"];
    CountOfListedItems "count_of_listed_items" : ["count"], ["listed"], [];
    CatalogueName "catalogue_name" also "catalogue_lookup" : ["catalogue"], ["names"], [];
    EntityAlias "entity_alias" : [], ["names"], [];
    RepeatedValue "repeated_value" : [], ["names"], [];
    MissingTotal "missing_total" : ["total"], ["parts"], [];
    SameState "same_state" also "missing_value_mixed" : ["a", "b"], [], [];
    FormatMix "format_mix" : ["a", "b"], [], [];
    ColumnShift "column_shift" : ["row"], [], [];
    DuplicateKey "duplicate_key" : ["a", "b"], [], [];
    Freshness "freshness" : ["stated"], [], ["reference", "earliest", "latest", "at", "at_most_days", "at_most_years"];
    Volume "volume" : ["count"], [], ["before", "peers", "at_least", "at_most"];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_belongs_to_its_kind() {
        for kind in RelationKind::ALL {
            assert_eq!(RelationKind::named(kind.name()), Some(*kind));
        }
        assert_eq!(RelationKind::named("sum_of_disjoint_subsets_le"), Some(RelationKind::SumOfPartsLe));
        assert_eq!(RelationKind::named("sums"), None);
    }
}
