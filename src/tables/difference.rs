//! `difference`: the values of an indicator at a place on two bases, compared.

use crate::figure::State;
use crate::figure::{Delivered, Level};
use crate::number::Decimal;
use crate::period::ReportYear;

super::row::row! {
    /// At every school, county and at the city.
    DifferenceRow, "difference", {
        /// The report year that both values are of.
        report_year: ReportYear = "报告年度",
        /// See `dim_indicator`.
        indicator_id: String = "指标",
        /// `city`, `county` or `school`.
        level: Level = "层级",
        /// The city, the county, or the county of the school.
        region_code: String = "县（市、区）代码",
        /// Empty above the school.
        school_code: String = "学校标识码",
        /// The basis that is the reference.
        basis_a: Delivered = "口径甲",
        /// The basis that is held against it.
        basis_b: Delivered = "口径乙",
        /// `agrees`, `differs`, or the only basis that has a value.
        answer: String = "比对结果",
        /// State on basis a.
        state_a: State = "甲的状态",
        /// Value on basis a, in `unit`.
        value_a: Option<Decimal> = "甲的数值",
        /// State on basis b.
        state_b: State = "乙的状态",
        /// Value on basis b, in `unit`.
        value_b: Option<Decimal> = "乙的数值",
        /// b − a, in `unit`.
        difference: Option<Decimal> = "差（乙减甲）",
        /// (b − a) ÷ a; null where a is 0.
        relative_difference: Option<Decimal> = "相对差（差除以甲）" in "1",
        /// The greatest distance at which the two agree, in `unit`.
        tolerance: Option<Decimal> = "允许差",
        /// Unit of measurement.
        unit: String = "单位",
        /// Why the two differ, as a named person said; null until one did.
        closing_note: Option<String> = "处理说明",
        /// Who said so.
        closed_by: Option<String> = "处理人",
        /// When.
        closed_at: Option<String> = "处理时间",
        /// The number of that decision.
        closed_decision: Option<u32> = "处理记录编号",
        /// The rule that asks about it; empty once it is answered or where the two agree.
        finding_rule: String = "仍待处理时的规则",
    }
}
