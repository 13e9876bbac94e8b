//! The stages of a run, how long each took, and how much went in and came out: for the run's record and its
//! progress display.

use std::time::Instant;

use super::Watch;
use crate::ledger::Stage;

pub(super) struct Stages<'a> {
    watch: &'a dyn Watch,
    ended: Vec<Stage>,
}

impl<'a> Stages<'a> {
    pub fn new(watch: &'a dyn Watch) -> Self {
        Stages { watch, ended: Vec::new() }
    }

    pub fn timed<T>(&mut self, stage: &str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let done = work();
        let milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let stage = Stage { stage: stage.to_owned(), milliseconds, taken: None, given: None };
        self.watch.ended(&stage);
        self.ended.push(stage);
        done
    }

    /// Notes how much went into the stage that has just ended, and how much came out.
    pub fn count(&mut self, taken: (usize, &str), given: (usize, &str)) {
        if let Some(stage) = self.ended.last_mut() {
            (stage.taken, stage.given) = (Some(taken.into()), Some(given.into()));
        }
    }

    pub fn ended(self) -> Vec<Stage> {
        self.ended
    }
}
