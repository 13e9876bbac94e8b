//! Whether a run is due, and if not, why.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::calendar::{Entry, Guard};

/// A run of the past, or one under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRun {
    pub id: u32,
    /// The entry and slot that it was for; `None` for one that a person started.
    pub scheduled: Option<(String, Timestamp)>,
    pub started: Timestamp,
    pub state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    UnderWay,
    /// It came to its end, whatever it published.
    Done,
    /// It failed or died.
    Failed,
}

/// What is to happen now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Verdict {
    /// The newest slot was not served; earlier ones that were missed are made up for by it.
    Due {
        slot: Timestamp,
    },
    /// No slot since the schedule or its last quiet span.
    NotYet {
        next: Option<Timestamp>,
    },
    Quiet {
        until: Option<Timestamp>,
    },
    Done {
        slot: Timestamp,
        run: u32,
        at: Timestamp,
        next: Option<Timestamp>,
    },
    UnderWay {
        run: u32,
        since: Timestamp,
    },
    /// The run of this slot failed, and is tried again.
    Again {
        run: u32,
        at: Timestamp,
    },
    /// It failed as often as it is tried.
    GivenUp {
        run: u32,
        attempts: usize,
        next: Option<Timestamp>,
    },
}

/// How often the run of a slot is tried.
pub const ATTEMPTS: usize = 3;
/// How long after the beginning of a run that failed it is tried again.
pub const PAUSE: SignedDuration = SignedDuration::from_mins(30);
/// How far a clock may be set back without a run being done twice. Records further in the future are of a clock that
/// was wrong, and must not silence the schedule until then.
const SET_BACK_MAX: SignedDuration = SignedDuration::from_hours(26);

/// Whether an entry is due.
#[must_use]
pub fn due(entry: &Entry, history: &[PastRun], now: Timestamp) -> Verdict {
    if let Some(run) = history.iter().find(|run| run.state == State::UnderWay) {
        return Verdict::UnderWay { run: run.id, since: run.started };
    }
    if let Some(Guard::Quiet(_)) = entry.guard(now) {
        return Verdict::Quiet { until: entry.next_rule(now) };
    }
    let next = entry.next(now);
    let Some(slot) = entry.last(now) else { return Verdict::NotYet { next } };
    let served = |run: &&PastRun| {
        run.scheduled.as_ref().is_some_and(|(name, of)| {
            *name == entry.name && *of >= slot && of.duration_since(now) <= SET_BACK_MAX
        })
    };
    let attempts: Vec<&PastRun> = history.iter().filter(served).collect();
    if let Some(run) = attempts.iter().find(|run| run.state == State::Done) {
        return Verdict::Done { slot, run: run.id, at: run.started, next };
    }
    let Some(failed) = attempts.last() else { return Verdict::Due { slot } };
    if attempts.len() >= ATTEMPTS {
        return Verdict::GivenUp { run: failed.id, attempts: attempts.len(), next };
    }
    // A clock that was set back does not make the wait longer than it is.
    let waited = now.duration_since(failed.started);
    match failed.started.checked_add(PAUSE) {
        Ok(at) if waited < PAUSE && !waited.is_negative() => Verdict::Again { run: failed.id, at },
        _ => Verdict::Due { slot },
    }
}

impl Verdict {
    /// When to ask again; `None` for at once or never.
    #[must_use]
    pub fn wakes(&self) -> Option<Timestamp> {
        match *self {
            Verdict::Due { .. } | Verdict::UnderWay { .. } => None,
            Verdict::NotYet { next } | Verdict::Done { next, .. } | Verdict::GivenUp { next, .. } => next,
            Verdict::Quiet { until } => until,
            Verdict::Again { at, .. } => Some(at),
        }
    }
}
