//! When the bytes of a delivery arrived: by the records of earlier runs, and by the drop folder.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::fmt::temporal::Pieces;
use jiff::tz::{Offset, TimeZone};

use super::delivery_status::Arrivals;
use super::survey::Inventory;
use super::{RunContext, RunError, io_error};
use crate::ledger;
use crate::period::ReportYear;

/// The arrivals of all years.
pub(super) struct KnownArrivals {
    /// The day of the first run that took in these bytes, by year, dataset and SHA-256.
    taken_in: BTreeMap<(ReportYear, String, String), String>,
    /// The day on which a file of the drop folder took its present form, by label; never after the run.
    dropped: BTreeMap<String, String>,
}

impl KnownArrivals {
    /// # Errors
    /// When the records of runs cannot be listed; those that cannot be read say nothing.
    pub fn read(context: &RunContext<'_>, inventory: &Inventory) -> Result<Self, RunError> {
        let entries = ledger::entries(&context.data).map_err(io_error(&context.data.runs()))?;
        let mut taken_in: BTreeMap<(ReportYear, String, String), String> = BTreeMap::new();
        for run in entries.iter().filter_map(|entry| entry.run.as_ref().ok()) {
            let Some(day) = run.began().and_then(|_| run.started.get(..10)) else { continue };
            for file in &run.files {
                let key = (file.report_year, file.dataset.clone(), file.sha256.clone());
                let known = taken_in.entry(key).or_insert_with(|| day.to_owned());
                if day < known.as_str() {
                    day.clone_into(known);
                }
            }
        }
        let now = &context.request.now;
        let zone = zone_of(now);
        let today = now.get(..10).unwrap_or_default();
        let day = |seconds: i64| match Timestamp::from_second(seconds) {
            Ok(changed) => changed.to_zoned_datetime(zone.clone()).date().to_string().min(today.to_owned()),
            Err(_) => today.to_owned(),
        };
        let dropped =
            inventory.inputs.iter().map(|input| (input.file.label.clone(), day(input.file.changed.0)));
        Ok(KnownArrivals { taken_in, dropped: dropped.collect() })
    }

    /// The arrivals of one year.
    pub fn of(&self, year: ReportYear) -> YearArrivals<'_> {
        YearArrivals { known: self, year }
    }
}

/// The zone of a time as the clock writes it.
fn zone_of(now: &str) -> TimeZone {
    let offset = Pieces::parse(now).ok().and_then(|pieces| pieces.to_numeric_offset());
    TimeZone::fixed(offset.unwrap_or(Offset::UTC))
}

pub(super) struct YearArrivals<'a> {
    known: &'a KnownArrivals,
    year: ReportYear,
}

impl Arrivals for YearArrivals<'_> {
    fn day(&self, dataset: &str, file: &str, sha256: &str) -> Option<String> {
        let key = (self.year, dataset.to_owned(), sha256.to_owned());
        let taken_in = self.known.taken_in.get(&key);
        // A member came with its bundle.
        let bundle = || file.split_once('!').map_or(file, |(bundle, _)| bundle);
        let dropped = self.known.dropped.get(file).or_else(|| self.known.dropped.get(bundle()));
        [taken_in, dropped].into_iter().flatten().min().cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_arrived_when_a_run_took_them_in_or_when_they_were_dropped_before() {
        let known = KnownArrivals {
            taken_in: [((2024, "students".to_owned(), "a".to_owned()), "2024-10-08".to_owned())].into(),
            dropped: [
                ("x.csv".to_owned(), "2024-10-07".to_owned()),
                ("b.zip".to_owned(), "2024-10-09".to_owned()),
            ]
            .into(),
        };
        let day = |dataset: &str, file: &str, sha256: &str| {
            known.of(2024).day(dataset, file, sha256).unwrap_or_default()
        };
        assert_eq!(day("students", "x.csv", "a"), "2024-10-07");
        assert_eq!(day("students", "gone.csv", "a"), "2024-10-08");
        assert_eq!(day("staff", "gone.csv", "a"), "", "other rows of the same bytes");
        assert_eq!(day("students", "b.zip!甲.csv", "c"), "2024-10-09");
        assert_eq!(known.of(2023).day("students", "gone.csv", "a"), None);
    }

    #[test]
    fn days_are_those_of_the_clock() {
        let date = |now: &str| {
            Timestamp::from_second(1_728_316_800).unwrap().to_zoned_datetime(zone_of(now)).date().to_string()
        };
        assert_eq!(date("2024-10-08T02:00:00+08:00"), "2024-10-08");
        assert_eq!(date("2024-10-07T12:00:00-05:00"), "2024-10-07");
    }
}
