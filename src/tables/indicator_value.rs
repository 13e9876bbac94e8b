//! `indicator_value`: the value of an indicator at a place, on a basis.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use crate::figure::{Basis, Level};
use crate::figure::{State, Unit};
use crate::number::Decimal;
use crate::period::ReportYear;

super::row::row! {
    /// Sorted by year, indicator, basis, breakdown and unit.
    IndicatorValueRow, "indicator_value", {
        /// The report year that the value is of.
        report_year: ReportYear = "报告年度",
        /// See `dim_indicator`.
        indicator_id: String = "指标",
        /// `city`, `county` or `school`.
        level: Level = "层级",
        /// The city, the county, or the county of the school.
        region_code: String = "县（市、区）代码",
        /// Empty above the school.
        school_code: String = "学校标识码",
        /// The attribute that the value is a part by; empty for the whole.
        breakdown: String = "分组",
        /// The code of that attribute.
        breakdown_code: String = "分组代码",
        /// `system`, `filed`, `survey`; `adjusted` where a person set a value.
        basis: String = "口径",
        /// Of an adjusted value, the basis in whose place it is.
        stands_for: String = "核定值所代替的口径",
        /// `value`, `blank`, `dash` or `missing`.
        state: State = "状态",
        /// In `unit`, rounded to ten places; null where there is none.
        value: Option<Decimal> = "数值",
        /// Of a ratio that has a value: over the schools that have both parts, in the unit of what is summed.
        numerator: Option<Decimal> = "分子",
        /// Of a ratio that has a value: over the schools that have both parts, in the unit of what is summed.
        denominator: Option<Decimal> = "分母",
        /// What was filed, where it is words and no number.
        words: Option<String> = "文字",
        /// Whether everything is in the value that should be: no school is missing.
        complete: bool = "是否完整",
        /// Schools whose part is in the value; of a ratio, those that have both parts.
        n_schools: i32 = "所含学校数" in "所",
        /// Schools whose part should be in the value and is not, or not wholly.
        n_missing: i32 = "缺报学校数" in "所",
        /// Of an incomplete ratio: what its schools have of all that is known of its parts, of the part that they have less of. Null where nothing is known of the others, and for sums.
        share: Option<Decimal> = "所含学校占已知数的份额" in "1",
        /// Unit of measurement.
        unit: String = "单位",
        /// The day or the period that the value is of.
        reference_time: String = "时点或时期",
    }
}

impl IndicatorValueRow {
    /// The basis. Rows from before there were adjusted values name it in `basis` alone.
    #[must_use]
    pub fn basis(&self) -> Basis {
        Basis::named(&self.basis, &self.stands_for).unwrap_or(Basis::System)
    }

    #[must_use]
    pub fn place(&self) -> Unit {
        Unit {
            level: self.level,
            region_code: self.region_code.clone(),
            school_code: self.school_code.clone(),
        }
    }
}

/// The basis in whose place an adjusted value is; empty for what was delivered.
#[must_use]
pub fn stands_for(basis: Basis) -> &'static str {
    if basis.is_adjusted() { basis.delivered().name() } else { "" }
}

/// Values that many rows share, each kept once.
#[derive(Debug)]
pub struct SharedValues<T>(HashSet<Arc<T>>);

impl<T> Default for SharedValues<T> {
    fn default() -> Self {
        SharedValues(HashSet::new())
    }
}

impl<T: Eq + Hash> SharedValues<T> {
    /// The known value that equals `value`, or else `value` itself, known from now on.
    pub fn share(&mut self, value: T) -> Arc<T> {
        if let Some(known) = self.0.get(&value) {
            return Arc::clone(known);
        }
        let value = Arc::new(value);
        self.0.insert(Arc::clone(&value));
        value
    }
}
