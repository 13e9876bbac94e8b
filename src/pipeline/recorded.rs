//! What was published and decided before: read, and nothing written.

use std::collections::BTreeSet;

use super::RunError;
use crate::decisions::{self, Override, signatures};
use crate::period::ReportYear;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::{self, Manifest};

#[derive(Debug, Default)]
pub(super) struct Recorded {
    /// The release that is current.
    pub last: Option<Manifest>,
    /// Decisions of named persons that were not taken back, those that no longer apply too.
    pub standing: Vec<Override>,
    /// Those that apply.
    pub overrides: Vec<Override>,
    /// Ids of those that the release found to hold no longer.
    pub lapsed: BTreeSet<u32>,
    /// Years that anything was ever decided about, also what was taken back since.
    pub decided_years: BTreeSet<ReportYear>,
    /// Years that change only when somebody lifts the freeze.
    pub frozen: BTreeSet<ReportYear>,
}

impl Recorded {
    /// # Errors
    /// When a manifest or a record cannot be read.
    pub fn read(data: &DataRoot) -> Result<Self, RunError> {
        let last = publish::current(data)?;
        let all = decisions::all(data)?;
        let standing: Vec<Override> = decisions::standing(&all).into_iter().cloned().collect();
        let lapsed = last.as_ref().map(|last| last.lapsed.clone()).unwrap_or_default();
        let applies = |decision: &&Override| !lapsed.contains(&decision.id);
        Ok(Recorded {
            overrides: standing.iter().filter(applies).cloned().collect(),
            decided_years: all.iter().map(|decision| decision.report_year).collect(),
            frozen: signatures::frozen(&signatures::all(data)?).into_keys().collect(),
            lapsed,
            standing,
            last,
        })
    }
}
