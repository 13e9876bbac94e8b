//! Report years and their reference times.
//!
//! A report of year Y counts students, staff and assets at 1 September of Y,
//! and graduates from 1 September of Y-1 to 31 August of Y. One report mixes
//! both, so every indicator states its reference time.

use serde::{Deserialize, Serialize};

/// The year a report is about, as printed on its cover. INT32 in every table.
pub type ReportYear = i32;

/// The time at which, or the period over which, an indicator counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferenceTime {
    /// 1 September of the report year: students, staff, assets.
    StockAtSeptember,
    /// 1 September of the year before to 31 August of the report year: graduates.
    SchoolYear,
    /// 1 January to 31 December of the report year: money.
    CalendarYear,
}

impl ReferenceTime {
    /// The name in definitions.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ReferenceTime::StockAtSeptember => "stock_at_september",
            ReferenceTime::SchoolYear => "school_year",
            ReferenceTime::CalendarYear => "calendar_year",
        }
    }

    /// The dates for one year, as printed in tables: `2024-09-01`, or `2023-09-01/2024-08-31`.
    #[must_use]
    pub fn in_year(self, year: ReportYear) -> String {
        match self {
            ReferenceTime::StockAtSeptember => format!("{year}-09-01"),
            ReferenceTime::SchoolYear => format!("{}-09-01/{year}-08-31", year - 1),
            ReferenceTime::CalendarYear => format!("{year}-01-01/{year}-12-31"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graduates_are_counted_over_the_school_year_before_the_census_day() {
        assert_eq!(ReferenceTime::SchoolYear.in_year(2024), "2023-09-01/2024-08-31");
        assert_eq!(ReferenceTime::StockAtSeptember.in_year(2024), "2024-09-01");
    }
}
