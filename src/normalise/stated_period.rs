//! The period that a title above the header, or a sheet's name, states.
//!
//! Only school years and 年度 state one: `2023-2024学年`, `2023-24学年`, `2024学年`, `2024年度`. A date
//! (制表时间：2025年1月3日), an intake (2023级) or a class of graduates (2024届) says nothing about the
//! year of the rows. For the report year Y:
//!
//! - Things counted at 1 September of Y are of the school year that begins then: `Y-(Y+1)学年`, `Y学年`.
//! - Things counted from 1 September of Y-1 to 31 August of Y are of the school year `(Y-1)-Y`; with a
//!   single year it is `(Y-1)学年` by its beginning, and `Y学年` where people name it by its end.
//! - `Y年度` is Y, whatever the rows are.
//!
//! A file is of another period when it states periods, and none of them can be that of the delivery.

use super::text;
use crate::period::{ReferenceTime, ReportYear};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StatedPeriod {
    /// `Y-(Y+1)学年`, by its first year.
    SchoolYear(ReportYear),
    /// `Y学年`.
    SchoolYearByOne(ReportYear),
    /// `Y年度`.
    Year(ReportYear),
}

/// Whether texts state periods, none of which a delivery for `year` can be of.
#[must_use]
pub fn is_another<'a>(
    texts: impl Iterator<Item = &'a str>,
    reference: ReferenceTime,
    year: ReportYear,
) -> bool {
    let stated: Vec<StatedPeriod> = texts.flat_map(stated).collect();
    !stated.is_empty() && !stated.iter().any(|period| period.fits(reference, year))
}

impl StatedPeriod {
    fn fits(self, reference: ReferenceTime, year: ReportYear) -> bool {
        match (self, reference) {
            (StatedPeriod::SchoolYear(first), ReferenceTime::SchoolYear) => first == year - 1,
            (StatedPeriod::SchoolYearByOne(named), ReferenceTime::SchoolYear) => {
                named == year - 1 || named == year
            }
            (StatedPeriod::SchoolYear(first) | StatedPeriod::SchoolYearByOne(first), _) => first == year,
            (StatedPeriod::Year(named), _) => named == year,
        }
    }
}

fn stated(text: &str) -> Vec<StatedPeriod> {
    if !text.contains(['年', '度']) {
        return Vec::new();
    }
    let text = text::compact(text);
    let found = ["学年", "年度"].iter().flat_map(|word| {
        text.match_indices(word).filter_map(|(at, word)| {
            let (first, second) = years_before(&text[..at]);
            match (first, second, word) {
                (Some(first), Some(second), _) => {
                    (second == first + 1).then_some(StatedPeriod::SchoolYear(first))
                }
                (None, Some(named), "学年") => Some(StatedPeriod::SchoolYearByOne(named)),
                (None, Some(named), _) => Some(StatedPeriod::Year(named)),
                _ => None,
            }
        })
    });
    found.collect()
}

/// The year a text ends with, and the one joined to it: `2023-2024`, `2023-24`, `2024`.
fn years_before(text: &str) -> (Option<ReportYear>, Option<ReportYear>) {
    let (before, last) = trailing_digits(text);
    let joined = before.strip_suffix(['-', '~', '/', '至', '到']);
    let first = joined.and_then(|before| year(trailing_digits(before).1));
    let last = match (last.len(), first) {
        (2, Some(first)) => last.parse().ok().map(|short: ReportYear| first / 100 * 100 + short),
        _ => year(last),
    };
    (first, last)
}

fn trailing_digits(text: &str) -> (&str, &str) {
    let before = text.trim_end_matches(|c: char| c.is_ascii_digit());
    (before, &text[before.len()..])
}

fn year(digits: &str) -> Option<ReportYear> {
    let year = digits.parse().ok().filter(|_| digits.len() == 4);
    year.filter(|year| (1990..2100).contains(year))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn another(text: &str, reference: ReferenceTime, year: ReportYear) -> bool {
        is_another(std::iter::once(text), reference, year)
    }

    #[test]
    fn counts_in_september_are_of_the_school_year_that_begins() {
        let september = |text, year| another(text, ReferenceTime::StockAtSeptember, year);
        for text in [
            "2024学年学生名册",
            "2024-2025学年度第一学期",
            "２０２４—２０２５ 学年",
            "2024-25学年",
            "2024年度",
        ] {
            assert!(!september(text, 2024), "{text}");
            assert!(september(text, 2023) && september(text, 2025), "{text}");
        }
    }

    #[test]
    fn graduates_are_of_the_school_year_that_ends() {
        let graduates = |text, year| another(text, ReferenceTime::SchoolYear, year);
        assert!(!graduates("2023-2024学年毕业生", 2024));
        assert!(graduates("2024-2025学年毕业生", 2024));
        assert!(!graduates("2023学年", 2024) && !graduates("2024学年", 2024));
        assert!(graduates("2022学年", 2024) && graduates("2025学年", 2024));
        assert!(graduates("2023年度", 2024));
    }

    #[test]
    fn dates_intakes_and_spans_of_years_state_no_period() {
        for text in [
            "制表时间：2025年1月3日",
            "2021级学生",
            "2022届毕业生",
            "2020-2024学年",
            "第12学年",
            "学年",
            "",
            "20240901学年",
        ] {
            assert!(!another(text, ReferenceTime::StockAtSeptember, 2024), "{text}");
        }
        let both = ["2024学年", "（2023学年困难认定）"];
        assert!(!is_another(both.into_iter(), ReferenceTime::StockAtSeptember, 2024));
    }
}
