//! When runs are due: functions over values; no clock, no files.
//!
//! - [`cron`]: five fields on the clock of a zone.
//! - [`calendar`]: the slots of an entry, with quiet and dense spans.
//! - [`definition`]: `schedule.toml`.
//! - [`due`]: whether a run is due, and if not, why.

pub mod cron;

pub mod calendar;

pub mod definition;

pub mod due;
