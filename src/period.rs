//! Report years and their reference times.
//!
//! A report of year Y counts students, staff and assets at 1 September of Y,
//! and graduates from 1 September of Y-1 to 31 August of Y. One report mixes
//! both, so every indicator states its reference time.

use serde::{Deserialize, Serialize};

/// The year a report is about, as printed on its cover. INT32 in every table.
pub type ReportYear = i32;

/// The report year at a time as the clock writes it, `2024-10-08T02:00:00+08:00`: that of the last 1 September.
#[must_use]
pub fn report_year_at(now: &str) -> Option<ReportYear> {
    let year: ReportYear = now.get(..4)?.parse().ok()?;
    let month: u8 = now.get(5..7)?.parse().ok()?;
    Some(if month >= 9 { year } else { year - 1 })
}

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
    fn a_report_year_begins_in_september() {
        assert_eq!(report_year_at("2024-09-01T00:00:00+08:00"), Some(2024));
        assert_eq!(report_year_at("2025-08-31T23:59:59+08:00"), Some(2024));
        assert_eq!(report_year_at(""), None);
    }

    #[test]
    fn graduates_are_counted_over_the_school_year_before_the_census_day() {
        assert_eq!(ReferenceTime::SchoolYear.in_year(2024), "2023-09-01/2024-08-31");
        assert_eq!(ReferenceTime::StockAtSeptember.in_year(2024), "2024-09-01");
    }
}
