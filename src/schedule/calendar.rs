//! The slots of an entry: its cron, or that of a dense span, and none in quiet spans.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::cron::Pattern;
use crate::period::ReportYear;

/// Days of every year, both ends included; one that ends before it begins goes over the new year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub from: (i8, i8),
    pub to: (i8, i8),
}

impl Span {
    #[must_use]
    pub fn has(&self, month_day: (i8, i8)) -> bool {
        if self.from <= self.to {
            self.from <= month_day && month_day <= self.to
        } else {
            self.from <= month_day || month_day <= self.to
        }
    }

    #[must_use]
    pub fn text(&self) -> String {
        format!("{:02}-{:02}..{:02}-{:02}", self.from.0, self.from.1, self.to.0, self.to.1)
    }
}

/// Days with a cron of their own, as before a deadline.
#[derive(Debug, Clone)]
pub struct Dense {
    pub span: Span,
    pub cron: Pattern,
}

/// What runs, and when.
#[derive(Debug, Clone)]
pub struct Entry {
    pub name: String,
    pub cron: Pattern,
    pub zone: TimeZone,
    pub quiet: Vec<Span>,
    pub dense: Vec<Dense>,
    /// Empty for all that are defined.
    pub sources: Vec<String>,
    /// Empty for those that a run takes when it is asked for none.
    pub years: Vec<ReportYear>,
    pub pull: bool,
}

/// Which rule a day is under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    Quiet(Span),
    Dense(Span),
}

/// More changes of the rule than there are in the eight years between two leap days across 2100.
const CHANGES_MAX: usize = 1000;
const DAYS_MAX: usize = 367;

impl Entry {
    fn date(&self, time: Timestamp) -> Date {
        time.to_zoned_datetime(self.zone.clone()).date()
    }

    fn start(&self, date: Date) -> Option<Timestamp> {
        date.to_zoned_datetime(self.zone.clone()).ok().map(|start| start.timestamp())
    }

    fn guard_of(&self, date: Date) -> Option<Guard> {
        let day = (date.month(), date.day());
        let quiet = self.quiet.iter().find(|span| span.has(day)).map(|span| Guard::Quiet(*span));
        quiet.or_else(|| self.dense.iter().find(|d| d.span.has(day)).map(|d| Guard::Dense(d.span)))
    }

    fn cron_of(&self, guard: Option<Guard>) -> Option<&Pattern> {
        match guard {
            None => Some(&self.cron),
            Some(Guard::Quiet(_)) => None,
            Some(Guard::Dense(span)) => self.dense.iter().find(|d| d.span == span).map(|d| &d.cron),
        }
    }

    /// The rule at a time.
    #[must_use]
    pub fn guard(&self, time: Timestamp) -> Option<Guard> {
        self.guard_of(self.date(time))
    }

    /// The instant at which the next rule begins; `None` where there is one rule all year.
    #[must_use]
    pub fn next_rule(&self, time: Timestamp) -> Option<Timestamp> {
        let first = self.date(time);
        let guard = self.guard_of(first);
        let mut date = first;
        for _ in 0..DAYS_MAX {
            date = date.tomorrow().ok()?;
            if self.guard_of(date) != guard {
                return self.start(date);
            }
        }
        None
    }

    /// The instant at which the rule at a time began.
    fn rule_began(&self, time: Timestamp) -> Option<Timestamp> {
        let mut date = self.date(time);
        let guard = self.guard_of(date);
        for _ in 0..DAYS_MAX {
            let before = date.yesterday().ok()?;
            if self.guard_of(before) != guard {
                return self.start(date);
            }
            date = before;
        }
        None
    }

    /// The first slot after a time.
    #[must_use]
    pub fn next(&self, time: Timestamp) -> Option<Timestamp> {
        let mut from = time;
        let mut rule_at = time;
        for _ in 0..CHANGES_MAX {
            let end = self.next_rule(rule_at);
            let found = self.cron_of(self.guard(rule_at)).and_then(|cron| cron.after(from, &self.zone));
            match (found, end) {
                (Some(found), Some(end)) if found < end => return Some(found),
                (found, None) => return found,
                // The second before, so that a slot at the very beginning is found, also one moved out of a gap.
                (_, Some(end)) => {
                    (from, rule_at) = (end.checked_sub(SignedDuration::from_secs(1)).ok()?, end);
                }
            }
        }
        None
    }

    /// The last slot that is not after a time, if no quiet day has been since: what was missed before a quiet span
    /// is not made up for within it or after it.
    #[must_use]
    pub fn last(&self, time: Timestamp) -> Option<Timestamp> {
        let mut at = time;
        for _ in 0..CHANGES_MAX {
            let found = self.cron_of(self.guard(at))?.until(at, &self.zone);
            match (found, self.rule_began(at)) {
                (Some(found), Some(start)) if found >= start => return Some(found),
                (found, None) => return found,
                (_, Some(start)) => at = start.checked_sub(SignedDuration::from_secs(1)).ok()?,
            }
        }
        None
    }
}
