//! Cell text → a typed value, or the rule that it breaks. Nothing is guessed.

use std::sync::LazyLock;

use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use jiff::{Span, Timestamp};

use crate::decode::Cell;
use crate::decode::cell::{day_meant, is_blank};
use crate::definitions::code_table::narrow;
use crate::finding::{self, Rule};
use crate::number::Decimal;

/// A code, number or date as typed, in ASCII: width folded, all blanks removed.
#[must_use]
pub fn compact(text: &str) -> String {
    text.chars().filter(|&c| !is_blank(c)).map(narrow).collect()
}

/// A date written `20080304`, `2008-3-4`, `2008/3/4`, `2008.3.4`, `2008年3月4日`, with or without a
/// time of day; a date cell; or the number of days that a spreadsheet keeps for a date.
///
/// # Errors
/// `E-DATE`: impossible dates, and years of two digits, which are never completed.
pub fn date(cell: &Cell<'_>) -> Result<Date, &'static Rule> {
    match cell {
        Cell::Date(date) => return within_reach(*date),
        Cell::Number(serial) if DAY_NUMBERS.contains(serial) => return day_number(*serial),
        _ => {}
    }
    let text = cell.text();
    if let Ok(instant) = text.parse::<Timestamp>() {
        // Exports in universal time: the day it was in China, where summers had a time of their own until 1991.
        let there = CHINA.to_datetime(instant);
        return within_reach(day_meant(there.date(), second_of_day(there.time())));
    }
    let (day, time) = day_and_time(&text);
    let text = compact(day);
    let date = match parts(&text).as_slice() {
        [whole] if whole.len() == 8 => civil(&whole[..4], &whole[4..6], &whole[6..]),
        [year, month, day] if year.len() == 4 => civil(year, month, day),
        _ => Err(finding::ROW_DATE),
    };
    let time: Option<Time> = time.and_then(|time| time.trim().parse().ok());
    date.map(|date| time.map_or(date, |time| day_meant(date, second_of_day(time))))
}

/// Of the table that comes with the program, so that a date is the same on every machine.
static CHINA: LazyLock<TimeZone> = LazyLock::new(|| {
    let bundled = TimeZoneDatabase::bundled().get("Asia/Shanghai");
    bundled.unwrap_or_else(|_| TimeZone::fixed(Offset::constant(8)))
});

fn second_of_day(time: Time) -> u32 {
    let [hour, minute, second] =
        [time.hour(), time.minute(), time.second()].map(|part| u32::from(part.unsigned_abs()));
    hour * 3600 + minute * 60 + second
}

/// Day numbers from 1927 to 2064: no year, month or `YYYYMMDD` is among them.
const DAY_NUMBERS: std::ops::Range<f64> = 10_000.0..60_000.0;

/// Whether a cell holds a date as the number that a spreadsheet keeps for it.
#[must_use]
pub fn is_day_number(cell: &Cell<'_>) -> bool {
    matches!(cell, Cell::Number(serial) if DAY_NUMBERS.contains(serial))
}

/// Whether a code consists of digits alone, blanks and width aside.
#[must_use]
pub fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.chars().filter(|&c| !is_blank(c)).all(|c| narrow(c).is_ascii_digit())
}

fn day_number(serial: f64) -> Result<Date, &'static Rule> {
    if serial.fract() != 0.0 {
        return Err(finding::ROW_DATE);
    }
    #[expect(clippy::cast_possible_truncation, reason = "between 10,000 and 60,000")]
    let days = Span::new().days(serial as i64);
    Date::constant(1899, 12, 30).checked_add(days).map_err(|_| finding::ROW_DATE)
}

/// A day and the time of day after it, if one is there: `2008-03-04 00:00:00`, `2008/3/4 0:00`.
fn day_and_time(text: &str) -> (&str, Option<&str>) {
    let parts = text.split_once(['T', ' ']).filter(|(_, time)| time.contains(':'));
    parts.map_or((text, None), |(day, time)| (day, Some(time)))
}

/// A month written `202409`, `2024-9`, `2024/09`, `2024年9月`, or any date: `2024-09`.
///
/// # Errors
/// `E-DATE`. A number such as 2023.1 is refused: it may have been October.
pub fn year_month(cell: &Cell<'_>) -> Result<String, &'static Rule> {
    if let Ok(date) = date(cell) {
        return Ok(format!("{:04}-{:02}", date.year(), date.month()));
    }
    if let Some(month) = number_shown_as_date(cell).filter(|month| (190_001..=210_012).contains(month)) {
        return year_month(&Cell::Text(month.to_string().into()));
    }
    if matches!(cell, Cell::Number(number) if number.fract() != 0.0) {
        return Err(finding::ROW_DATE);
    }
    let text = compact(&cell.text());
    let month = match parts(&text).as_slice() {
        [whole] if whole.len() == 6 => civil(&whole[..4], &whole[4..], "1")?,
        [year, month] if year.len() == 4 => civil(year, month, "1")?,
        _ => return Err(finding::ROW_DATE),
    };
    Ok(format!("{:04}-{:02}", month.year(), month.month()))
}

/// The number in a cell that a spreadsheet shows as a date: 2024 is kept there, and shown as 1905-07-16.
#[must_use]
pub fn number_shown_as_date(cell: &Cell<'_>) -> Option<i32> {
    let Cell::Date(date) = cell else { return None };
    date.since(Date::constant(1899, 12, 30)).ok().map(|span| span.get_days())
}

/// The digits between `-`, `/`, `.`, `年`, `月`, `日`; empty where there is anything else.
fn parts(text: &str) -> Vec<&str> {
    let text = text.strip_suffix(['日', '月', '号']).unwrap_or(text);
    let parts: Vec<&str> = text.split(['-', '/', '.', '年', '月']).collect();
    let digits = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if parts.iter().all(digits) { parts } else { Vec::new() }
}

fn civil(year: &str, month: &str, day: &str) -> Result<Date, &'static Rule> {
    let bad = |_| finding::ROW_DATE;
    let year: i16 = year.parse().map_err(bad)?;
    let (month, day) = (month.parse::<i8>().map_err(bad)?, day.parse::<i8>().map_err(bad)?);
    Date::new(year, month, day).map_err(|_| finding::ROW_DATE).and_then(within_reach)
}

/// Refuses dates further away than any date of a person or school.
fn within_reach(date: Date) -> Result<Date, &'static Rule> {
    if (1900..=2100).contains(&date.year()) { Ok(date) } else { Err(finding::ROW_DATE) }
}

/// A number as typed: width, thousands separators and blanks are ignored; words are refused.
///
/// # Errors
/// `E-NUMBER`.
pub fn decimal(cell: &Cell<'_>) -> Result<Decimal, &'static Rule> {
    let text = compact(&cell.text());
    let text = if grouped(&text) { text.replace(',', "") } else { text };
    Decimal::parse(&text).ok_or(finding::ROW_NUMBER)
}

/// Whether all commas are where thousands separators belong.
fn grouped(text: &str) -> bool {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    let mut groups = whole.trim_start_matches('-').split(',');
    let first = groups.next().unwrap_or_default();
    (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3)
}

/// No school counts further: a longer number is a person's number in the wrong column.
pub const COUNT_MAX: i128 = 999_999_999;

/// No school has so many square metres or yuan: a longer number is a phone or an account.
pub const AMOUNT_MAX: i128 = 9_999_999_999;

/// A whole number that is not negative, up to [`COUNT_MAX`].
///
/// # Errors
/// `E-NUMBER`.
pub fn count(cell: &Cell<'_>) -> Result<i64, &'static Rule> {
    whole(decimal(cell)?)
}

/// Like [`count`], for a number that was already read.
///
/// # Errors
/// `E-NUMBER`.
pub fn whole(number: Decimal) -> Result<i64, &'static Rule> {
    let value = number.0;
    let whole = value / crate::number::ONE;
    if value < 0 || value % crate::number::ONE != 0 || whole > COUNT_MAX {
        return Err(finding::ROW_NUMBER);
    }
    i64::try_from(whole).map_err(|_| finding::ROW_NUMBER)
}

/// 学校标识码: ten digits, written as text or as an exact number.
///
/// # Errors
/// `E-SCHOOL-CODE`.
pub fn school_code(cell: &Cell<'_>) -> Result<String, &'static Rule> {
    let text = compact(&cell.text());
    let sound = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    if sound { Ok(text) } else { Err(finding::ROW_SCHOOL) }
}

/// A region code written as 6 or 12 digits or `名称(代码)`; `None` when no code is in it.
#[must_use]
pub fn region_digits(text: &str) -> Option<String> {
    let text = compact(text);
    let inside = text.rsplit_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(&text);
    let digits = inside.bytes().all(|byte| byte.is_ascii_digit());
    (digits && matches!(inside.len(), 6 | 12)).then(|| inside[..6].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str) -> Cell<'_> {
        Cell::Text(text.into())
    }

    #[test]
    fn the_notations_of_one_day_are_one_day() {
        let day = Date::constant(2008, 3, 4);
        for text in ["20080304", "2008-03-04", "2008/3/4", "2008.3.4", "2008年3月4日", "２００８－０３－０４"]
        {
            assert_eq!(date(&cell(text)), Ok(day), "{text}");
        }
        assert_eq!(date(&Cell::Number(20_080_304.0)), Ok(day));
        assert_eq!(date(&Cell::Number(39_511.0)), Ok(day));
        for text in ["2008-03-04 00:00:00", "2008/3/4 0:00", "2008-03-03T16:00:00Z"] {
            assert_eq!(date(&cell(text)), Ok(day), "{text}");
        }
    }

    #[test]
    fn impossible_and_two_digit_dates_are_refused() {
        for text in [
            "2008-02-30",
            "08-3-4",
            "99.09",
            "2008-13-01",
            "1880-01-01",
            "",
            "昨天",
            "不详00",
            "a张三b",
            "2008--4",
        ] {
            assert_eq!(date(&cell(text)).map_err(|rule| rule.id), Err("E-DATE"), "{text}");
        }
    }

    #[test]
    fn months_come_in_as_many_notations() {
        for text in ["202409", "2024-9", "2024/09", "2024年9月", "2024-09-01"] {
            assert_eq!(year_month(&cell(text)).unwrap(), "2024-09", "{text}");
        }
        for text in ["2409", "不详", "未知"] {
            assert!(year_month(&cell(text)).is_err(), "{text}");
        }
        assert!(year_month(&Cell::Number(2023.1)).is_err());
        assert_eq!(year_month(&Cell::Number(202_310.0)).unwrap(), "2023-10");
    }

    #[test]
    fn numbers_are_read_exactly_or_not_at_all() {
        assert_eq!(decimal(&cell("１，２３４.５")).unwrap().to_string(), "1234.5");
        assert_eq!(count(&cell("1,234")), Ok(1234));
        for text in ["1,23", "一百二十", "约300", "12.5人", "", "-"] {
            assert!(decimal(&cell(text)).is_err(), "{text}");
        }
        assert!(count(&cell("12.5")).is_err());
        assert!(count(&cell("-3")).is_err());
    }

    #[test]
    fn region_codes_are_found_in_all_their_notations() {
        for text in ["141002", "141002000000", "尧都区(141002)", "尧都区（１４１００２）"] {
            assert_eq!(region_digits(text).as_deref(), Some("141002"), "{text}");
        }
        assert_eq!(region_digits("尧都区"), None);
    }
}
