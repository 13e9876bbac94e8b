//! Whether a stated date belongs to the report's year, and is not too old (时效性).
//!
//! A stated time is a span of days: a day, a month, a year, a school year, or a range. It belongs to
//! the year when it begins within the allowed span: the named reference time ([`ReferenceTime`]), the
//! given days, or else everything that a report of year Y covers, 1 September of Y-1 to 31 December
//! of Y. A time that only overlaps this span is a question.

use jiff::civil::Date;
use jiff::{Span, ToSpan};

use crate::checks::quantity::{Reading, fold};
use crate::checks::relation::{Context, Judgement, Obstacle, Operands, Verdict};
use crate::period::{ReferenceTime, ReportYear};

/// A stated time, from its first day to its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct StatedTime {
    first: Date,
    last: Date,
    /// Whether both ends are stated.
    is_range: bool,
}

impl std::fmt::Display for StatedTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.first == self.last {
            return write!(f, "{}", self.first);
        }
        write!(f, "{} 至 {}", self.first, self.last)
    }
}

/// Checks that the time of an operand lies where the report's year allows it, and is not too old.
pub fn freshness(operands: &Operands, context: &Context<'_>) -> Result<Judgement, Obstacle> {
    let figure = operands.figure("stated")?;
    match figure.printed {
        Reading::Blank => return Err(Obstacle::absent(format!("“{}”为空", figure.name))),
        Reading::Dash => return Err(Obstacle::absent(format!("“{}”没有时间", figure.name))),
        Reading::Number(_) | Reading::Unreadable => {}
    }
    let text = figure.text.trim();
    let judged = |verdict, message: String, allowed: &str| {
        Ok(Judgement::new(verdict, message).printed(text).interval(allowed))
    };
    let stated = read(text, context.year)?;
    let allowed = allowed(operands, context)?;
    if let Some(allowed) = allowed {
        let within = (allowed.first..=allowed.last).contains(&stated.first);
        let beyond = stated.is_range && stated.last > allowed.last;
        let reaches = stated.first <= allowed.last && stated.last >= allowed.first;
        let shown = allowed.to_string();
        if !within || beyond {
            let (verdict, wording) = match (reaches, stated.first > allowed.last) {
                (true, _) => (Verdict::ToConfirm, "只有一部分在允许的时间之内"),
                (false, true) => (Verdict::Inconsistent, "晚于允许的时间"),
                (false, false) => (Verdict::Inconsistent, "早于允许的时间"),
            };
            return judged(verdict, format!("“{text}”（{stated}）{wording}：{shown}"), &shown);
        }
    }
    let Some(oldest) = oldest(operands, context)? else {
        let shown = allowed.map(|allowed| allowed.to_string()).unwrap_or_default();
        return judged(Verdict::Holds, format!("“{text}”在允许的时间之内"), &shown);
    };
    let AgeLimit { at, from, wording } = oldest;
    let shown = format!("{from} 至 {at}");
    if stated.first > at {
        return judged(Verdict::Inconsistent, format!("“{text}”（{stated}）晚于 {at}"), &shown);
    }
    if stated.last < from {
        let days = days(stated.last, at);
        let message = format!("“{text}”（{stated}）距 {at} 已 {days} 天，超过 {wording}");
        return judged(Verdict::Inconsistent, message, &shown);
    }
    judged(Verdict::Holds, format!("“{text}”距 {at} 不超过 {wording}"), &shown)
}

/// The span in which the time must lie; none where only its age is checked.
fn allowed(operands: &Operands, context: &Context<'_>) -> Result<Option<StatedTime>, Obstacle> {
    let year = context.year;
    if let Some(name) = text_if_any(operands, "reference")? {
        let time = [ReferenceTime::StockAtSeptember, ReferenceTime::SchoolYear, ReferenceTime::CalendarYear]
            .into_iter()
            .find(|time| time.name() == name.trim());
        let time = time.ok_or_else(|| Obstacle::faulty(format!("没有名为“{name}”的时点（reference）")))?;
        return read(&time.in_year(known(year)?), year).map(Some);
    }
    let (earliest, latest) = (text_if_any(operands, "earliest")?, text_if_any(operands, "latest")?);
    let ages = ["at_most_days", "at_most_years"].iter().any(|field| operands.by_field.contains_key(*field));
    if earliest.is_none() && latest.is_none() {
        return if ages { Ok(None) } else { of_report(known(year)?).map(Some) };
    }
    let first = earliest.map(|text| read(text, year)).transpose()?.map_or(Date::MIN, |day| day.first);
    let last = latest.map(|text| read(text, year)).transpose()?.map_or(Date::MAX, |day| day.last);
    Ok(Some(StatedTime { first, last, is_range: true }))
}

/// The span that a report of a year covers.
fn of_report(year: ReportYear) -> Result<StatedTime, Obstacle> {
    Ok(StatedTime { first: day(year - 1, 9, 1)?, last: day(year, 12, 31)?, is_range: true })
}

/// The oldest time allowed.
struct AgeLimit {
    at: Date,
    from: Date,
    wording: String,
}

fn oldest(operands: &Operands, context: &Context<'_>) -> Result<Option<AgeLimit>, Obstacle> {
    let spans = [("at_most_days", "天"), ("at_most_years", "年")];
    let Some((field, unit)) = spans.into_iter().find(|(field, _)| operands.by_field.contains_key(*field))
    else {
        return Ok(None);
    };
    let most = operands.number(field)?.value;
    let count = i32::try_from(most.floor()).map_err(|_| Obstacle::too_large())?;
    // By default, age is measured at the end of the report's year.
    let at = match text_if_any(operands, "at")? {
        Some(text) => read(text, context.year)?.last,
        None => day(known(context.year)?, 12, 31)?,
    };
    let back: Span = if unit == "天" { count.days() } else { count.years() };
    let from = at.checked_sub(back).map_err(|_| Obstacle::too_large())?;
    Ok(Some(AgeLimit { at, from, wording: format!("{} {unit}", most.shown(0)) }))
}

fn days(from: Date, to: Date) -> i32 {
    from.until(to).map(|span| span.get_days()).unwrap_or_default()
}

fn text_if_any<'a>(operands: &'a Operands, field: &str) -> Result<Option<&'a str>, Obstacle> {
    if operands.by_field.contains_key(field) { operands.text(field).map(Some) } else { Ok(None) }
}

fn known(year: ReportYear) -> Result<ReportYear, Obstacle> {
    if year > 0 { Ok(year) } else { Err(Obstacle::faulty("报告没有写明年度")) }
}

fn day(year: ReportYear, month: i8, day: i8) -> Result<Date, Obstacle> {
    let year = i16::try_from(year).map_err(|_| Obstacle::too_large())?;
    Date::new(year, month, day).map_err(|_| Obstacle::faulty("没有这一天"))
}

/// Reads `2023年9月1日`, `截至2023-09-01`, `2023年9月`, `2023学年`, `2023-2024学年`, `2023年`, `9月1日` of the
/// report's year, and spans between two of them: `2023-09-01/2024-08-31`, `2023年9月至2024年8月`.
fn read(text: &str, year: ReportYear) -> Result<StatedTime, Obstacle> {
    let faulty = || Obstacle::faulty(format!("“{text}”读不出时间"));
    let plain = fold(text).replace('号', "日");
    if let Some(before) = plain.split("学年").next().filter(|_| plain.contains("学年")) {
        return school_year(before).ok_or_else(faulty);
    }
    let dashed = plain.replace('/', "-");
    let halves = [("至", &plain), ("到", &plain), ("~", &plain), ("—", &plain)];
    let slashed = plain.split_once('/').filter(|(first, _)| first.contains('-'));
    let range = halves.iter().find_map(|(word, text)| text.split_once(*word)).filter(|(first, last)| {
        // 截至 is not a range.
        first.chars().any(|c| c.is_ascii_digit()) && last.chars().any(|c| c.is_ascii_digit())
    });
    if let Some((first, last)) = range.or(slashed) {
        let first = moment(first, year).ok_or_else(faulty)?;
        // 2023年9月1日至12月31日: the year is stated once.
        let named = ReportYear::from(first.first.year());
        let last = moment(last, named).ok_or_else(faulty)?;
        return Ok(StatedTime { first: first.first, last: last.last, is_range: true });
    }
    moment(&dashed, year).ok_or_else(faulty)
}

/// `2023`, `2023-2024`, `2023-24`, as before 学年.
fn school_year(before: &str) -> Option<StatedTime> {
    let digits: Vec<&str> =
        before.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty()).collect();
    let named: ReportYear = match digits.as_slice() {
        [.., first, second] if first.len() == 4 && second.len() < 4 => first.parse().ok()?,
        [.., first, second] if first.len() == 4 && second.len() == 4 => {
            let first: ReportYear = first.parse().ok()?;
            (second.parse() == Ok(first + 1)).then_some(first)?
        }
        [.., only] if only.len() == 4 => only.parse().ok()?,
        _ => return None,
    };
    Some(StatedTime { first: day(named, 9, 1).ok()?, last: day(named + 1, 8, 31).ok()?, is_range: false })
}

/// A day, a month or a year.
fn moment(text: &str, year: ReportYear) -> Option<StatedTime> {
    let runs: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty()).collect();
    let number = |run: &str| run.parse::<i8>().ok();
    match runs.as_slice() {
        [whole] if whole.len() == 8 => {
            let year: ReportYear = whole.get(..4)?.parse().ok()?;
            single(year, number(whole.get(4..6)?)?, number(whole.get(6..)?)?)
        }
        [whole] if whole.len() == 6 => month(whole.get(..4)?.parse().ok()?, number(whole.get(4..)?)?),
        [named] if named.len() == 4 => {
            let named: ReportYear = named.parse().ok()?;
            let (first, last) = (day(named, 1, 1).ok()?, day(named, 12, 31).ok()?);
            Some(StatedTime { first, last, is_range: false })
        }
        [named, in_month] if named.len() == 4 => month(named.parse().ok()?, number(in_month)?),
        [named, in_month, at] if named.len() == 4 => {
            single(named.parse().ok()?, number(in_month)?, number(at)?)
        }
        [in_month, at] if text.contains('月') && year > 0 => single(year, number(in_month)?, number(at)?),
        [in_month] if text.contains('月') && year > 0 => month(year, number(in_month)?),
        _ => None,
    }
}

fn single(year: ReportYear, month: i8, at: i8) -> Option<StatedTime> {
    let at = day(year, month, at).ok()?;
    Some(StatedTime { first: at, last: at, is_range: false })
}

fn month(year: ReportYear, month: i8) -> Option<StatedTime> {
    let first = day(year, month, 1).ok()?;
    Some(StatedTime { first, last: first.last_of_month(), is_range: false })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::rules::testing::{judged, verdict};
    use crate::definitions::relation::kind::RelationKind;

    #[test]
    fn times_are_read_as_people_write_them() {
        let reading = |text: &str| read(text, 2024).map(|stated| stated.to_string());
        for (text, expected) in [
            ("2023年9月1日", "2023-09-01"),
            ("截至2023年9月1日", "2023-09-01"),
            ("２０２３－０９－０１", "2023-09-01"),
            ("2023/9/1", "2023-09-01"),
            ("20230901", "2023-09-01"),
            ("9月1日", "2024-09-01"),
            ("2024年2月", "2024-02-01 至 2024-02-29"),
            ("202402", "2024-02-01 至 2024-02-29"),
            ("2023学年", "2023-09-01 至 2024-08-31"),
            ("2023-2024学年初", "2023-09-01 至 2024-08-31"),
            ("2023-24学年", "2023-09-01 至 2024-08-31"),
            ("2024年度", "2024-01-01 至 2024-12-31"),
            ("2023-09-01/2024-08-31", "2023-09-01 至 2024-08-31"),
            ("2023年9月1日至12月31日", "2023-09-01 至 2023-12-31"),
        ] {
            assert_eq!(reading(text).as_deref(), Ok(expected), "{text}");
        }
        for text in ["上年", "2023年13月", "2023年2月30日", "2023-2025学年", "23年9月"] {
            assert!(reading(text).is_err_and(|why| why.faulty), "{text}");
        }
    }

    fn verdict_on(stated: &str, more: &[(&str, &str)]) -> Verdict {
        verdict(RelationKind::Freshness, &[&[("stated", stated)], more].concat())
    }

    #[test]
    fn a_stated_time_belongs_to_the_report_s_year() {
        for (stated, expected) in [
            ("2024年9月1日", Verdict::Holds),
            ("2023学年", Verdict::Holds),
            ("2024学年", Verdict::Holds),
            ("2024年", Verdict::Holds),
            ("2023年", Verdict::ToConfirm),
            ("2022年9月1日", Verdict::Inconsistent),
            ("2022学年", Verdict::Inconsistent),
            ("2025-01-01", Verdict::Inconsistent),
            ("2023年9月1日至2025年8月31日", Verdict::ToConfirm),
            ("-", Verdict::NotExamined),
            ("近期", Verdict::NotExamined),
        ] {
            assert_eq!(verdict_on(stated, &[]), expected, "{stated}");
        }
    }

    #[test]
    fn a_reference_time_or_days_narrow_the_span() {
        let september = [("reference", "stock_at_september")];
        assert_eq!(verdict_on("2024年9月1日", &september), Verdict::Holds);
        assert_eq!(verdict_on("2024年9月", &september), Verdict::Holds);
        assert_eq!(verdict_on("2023年9月1日", &september), Verdict::Inconsistent, "copied from last year");
        assert_eq!(verdict_on("2024年", &september), Verdict::ToConfirm);
        assert_eq!(verdict_on("2023年9月1日", &[("reference", "school_year")]), Verdict::Holds);
        assert_eq!(verdict_on("2024年9月1日", &[("reference", "school_year")]), Verdict::Inconsistent);
        assert_eq!(verdict_on("2024年9月1日", &[("reference", "september")]), Verdict::NotExamined);
        let days = [("earliest", "2024年5月1日"), ("latest", "2024年6月")];
        assert_eq!(verdict_on("2024年6月30日", &days), Verdict::Holds);
        assert_eq!(verdict_on("2024年7月1日", &days), Verdict::Inconsistent);
    }

    #[test]
    fn a_figure_must_not_be_too_old() {
        let days = [("at", "9月1日"), ("at_most_days", "92")];
        assert_eq!(verdict_on("2024-09", &days), Verdict::Holds);
        assert_eq!(verdict_on("2024-06", &days), Verdict::Holds);
        assert_eq!(verdict_on("2023-09", &days), Verdict::Inconsistent);
        assert_eq!(verdict_on("2024-10", &days), Verdict::Inconsistent);
        let years = [("at_most_years", "5")];
        assert_eq!(verdict_on("2019年12月31日", &years), Verdict::Holds);
        assert_eq!(verdict_on("2019年12月30日", &years), Verdict::Inconsistent);
        let operands = [("stated", "2023-09"), ("at", "9月1日"), ("at_most_days", "92")];
        let found = judged(RelationKind::Freshness, &operands).unwrap();
        assert_eq!(found.message, "“2023-09”（2023-09-01 至 2023-09-30）距 2024-09-01 已 337 天，超过 92 天");
    }
}
