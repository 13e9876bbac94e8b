//! What stands in a cell of the printed tables, and of those that schools fill in.

use crate::numbers::decimal;

/// One printed or filed cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    Count(usize),
    /// Money and rates, in hundredths.
    Hundredths(u64),
    /// Asked, but there is nothing to give: the rate has no base.
    Dash,
    /// Not asked that year.
    Blank,
}

impl Value {
    /// As hundredths, for sums and means; `None` where nothing was filed.
    pub fn amount(self) -> Option<u64> {
        match self {
            Self::Count(count) => Some(count as u64 * 100),
            Self::Hundredths(value) => Some(value),
            Self::Dash | Self::Blank => None,
        }
    }

    pub fn text(self) -> String {
        match self {
            Self::Dash => "-".to_owned(),
            other => other.amount().map(decimal::hundredths).unwrap_or_default(),
        }
    }
}
