//! Cron on the clock of a time zone: `croner` searches, jiff knows the zone.

use std::cmp::Ordering;

use croner::Cron;
use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};
use croner::time::{CivilDate, CivilDateTime, CivilTime, CronDateTime, Resolution, Weekday};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ZonedDateTime};

/// A time in a zone. `croner` knows the jiff before 1.0 only, so the trait is filled in here.
#[derive(Debug, Clone)]
struct Local(ZonedDateTime);

impl CronDateTime for Local {
    fn to_civil(&self) -> CivilDateTime {
        let time = self.0.datetime();
        let part = |part: i8| u32::from(part.unsigned_abs());
        CivilDateTime::new(
            CivilDate::from_parts_unchecked(i32::from(time.year()), part(time.month()), part(time.day())),
            CivilTime::from_parts_unchecked(part(time.hour()), part(time.minute()), part(time.second())),
        )
    }

    fn civil_weekday(&self) -> Weekday {
        Weekday::from_days_from_sunday(u32::from(self.0.weekday().to_sunday_zero_offset().unsigned_abs()))
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        let part = |part: u32| i8::try_from(part).map_err(|_| CronError::InvalidDate);
        let time = DateTime::new(
            i16::try_from(civil.year()).map_err(|_| CronError::InvalidDate)?,
            part(civil.month())?,
            part(civil.day())?,
            part(civil.hour())?,
            part(civil.minute())?,
            part(civil.second())?,
            0,
        );
        let time = time.map_err(|_| CronError::InvalidDate)?;
        let zone = self.0.time_zone();
        let ambiguous = zone.to_ambiguous_timestamp(time);
        let local = |found: Result<Timestamp, jiff::Error>| match found {
            Ok(found) => Ok(Local(found.to_zoned_datetime(zone.clone()))),
            Err(_) => Err(CronError::InvalidTime),
        };
        Ok(match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => Resolution::Single(local(ambiguous.unambiguous())?),
            AmbiguousOffset::Fold { .. } => {
                Resolution::Ambiguous(local(ambiguous.earlier())?, local(ambiguous.later())?)
            }
            AmbiguousOffset::Gap { .. } => Resolution::Gap,
        })
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        self.0.checked_add(SignedDuration::from_secs(seconds)).ok().map(Local)
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.0.timestamp().cmp(&other.0.timestamp())
    }
}

/// Five fields of cron.
#[derive(Debug, Clone)]
pub struct Pattern(Cron);

impl Pattern {
    /// # Errors
    /// What is wrong with the text, also where it names no day that there ever is.
    pub fn read(text: &str) -> Result<Self, String> {
        if text.split_whitespace().count() != 5 {
            return Err(format!(
                "`{text}` is not cron of five fields: minute, hour, day of month, month, day of week"
            ));
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let pattern = Pattern(parser.parse(text).map_err(|error| format!("`{text}` is not cron: {error}"))?);
        match pattern.after(Timestamp::UNIX_EPOCH, &TimeZone::UTC) {
            Some(_) => Ok(pattern),
            None => Err(format!("`{text}` is never: there is no such day")),
        }
    }

    /// The first time after this one.
    #[must_use]
    pub fn after(&self, time: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let from = Local(time.to_zoned_datetime(zone.clone()));
        self.0.find_next_occurrence(&from, false).ok().map(|found| found.0.timestamp())
    }

    /// The last time that is this one or before it.
    #[must_use]
    pub fn until(&self, time: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let from = Local(time.to_zoned_datetime(zone.clone()));
        self.0.find_previous_occurrence(&from, true).ok().map(|found| found.0.timestamp())
    }
}
