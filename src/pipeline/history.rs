//! The current release and the decisions on record. Writes nothing.

use std::collections::BTreeSet;

use super::RunError;
use crate::decisions::{self, Override, signatures};
use crate::period::ReportYear;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::{self, Manifest};

#[derive(Debug, Default)]
pub(super) struct History {
    /// The release that is current.
    pub last: Option<Manifest>,
    /// Decisions of named persons that were not withdrawn, including those that no longer apply.
    pub recorded: Vec<Override>,
    /// Those that apply.
    pub overrides: Vec<Override>,
    /// Ids of those that had lapsed by the current release.
    pub lapsed: BTreeSet<u32>,
    /// Years with any decision, including withdrawn ones.
    pub decided_years: BTreeSet<ReportYear>,
    /// Years that change only when the freeze is lifted.
    pub frozen: BTreeSet<ReportYear>,
}

impl History {
    /// # Errors
    /// When a manifest or a record cannot be read.
    pub fn read(data: &DataRoot) -> Result<Self, RunError> {
        let last = publish::current(data)?;
        let all = decisions::all(data)?;
        let recorded: Vec<Override> = decisions::not_withdrawn(&all).into_iter().cloned().collect();
        let lapsed = last.as_ref().map(|last| last.lapsed.clone()).unwrap_or_default();
        let applies = |decision: &&Override| !lapsed.contains(&decision.id);
        Ok(History {
            overrides: recorded.iter().filter(applies).cloned().collect(),
            decided_years: all.iter().map(|decision| decision.report_year).collect(),
            frozen: signatures::frozen(&signatures::all(data)?).into_keys().collect(),
            lapsed,
            recorded,
            last,
        })
    }
}
