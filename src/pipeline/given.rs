//! What a run is given, and what was published and decided before: no stage changes it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::assembly::AssembledYear;
use super::plan::{self, Before, Makers, PlannedYear};
use super::recorded::Recorded;
use super::survey::Inventory;
use super::{ByYear, PROGRAM, Request, RunError, Watch};
use crate::decisions::Override;
use crate::decisions::corrections::{self, FileKey, OfFile};
use crate::definitions::Definitions;
use crate::normalise::identity::PseudonymKey;
use crate::period::ReportYear;
use crate::settings::Settings;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::Manifest;

pub(super) struct Given<'a> {
    pub settings: &'a Settings,
    pub definitions: &'a Definitions,
    pub request: &'a Request,
    pub watch: &'a dyn Watch,
    pub data: DataRoot,
    pub key: PseudonymKey,
    pub last: Option<Manifest>,
    /// Decisions of named persons that stand and apply.
    pub overrides: Vec<Override>,
    /// All that stand, those that no longer apply too.
    pub recorded: Vec<Override>,
    /// Ids of those that the release before found to hold no longer.
    pub lapsed: BTreeSet<u32>,
    /// What they say of single rows, by delivery.
    pub corrections: BTreeMap<FileKey, OfFile>,
    /// Years that anything was ever decided about, also what was taken back since.
    pub decided_years: BTreeSet<ReportYear>,
    /// Years that change only when somebody lifts the freeze.
    pub frozen: BTreeSet<ReportYear>,
    /// Whether a year is asked for: nobody asks for a frozen one.
    pub wanted: Box<dyn Fn(ReportYear) -> bool + Sync>,
}

impl<'a> Given<'a> {
    /// Without what was said of single rows: no plan needs it.
    pub fn new(
        settings: &'a Settings,
        definitions: &'a Definitions,
        request: &'a Request,
        watch: &'a dyn Watch,
        data: DataRoot,
        key: PseudonymKey,
        recorded: Recorded,
    ) -> Self {
        let Recorded { last, standing, overrides, lapsed, decided_years, frozen } = recorded;
        let (asked, closed) = (request.years.clone(), frozen.clone());
        let wanted = move |year| !closed.contains(&year) && (asked.is_empty() || asked.contains(&year));
        Given {
            corrections: BTreeMap::new(),
            settings,
            definitions,
            request,
            watch,
            data,
            key,
            last,
            overrides,
            recorded: standing,
            lapsed,
            decided_years,
            frozen,
            wanted: Box::new(wanted),
        }
    }

    /// With what was said of single rows.
    ///
    /// # Errors
    /// When the cells of a correction are gone or damaged.
    pub fn with_corrections(self) -> Result<Self, RunError> {
        let corrections = corrections::by_file(&self.data, &self.key, &self.overrides)?;
        Ok(Given { corrections, ..self })
    }

    /// The years that are planned, by what decides them.
    pub fn plan(&self, inventory: &Inventory) -> ByYear<PlannedYear> {
        let before = Before {
            last: self.last.as_ref(),
            recorded: &self.recorded,
            decided_years: &self.decided_years,
            frozen: &self.frozen,
        };
        let key = self.key.check_value();
        let makers =
            Makers { settings: self.settings, definitions: self.definitions, program: PROGRAM, key: &key };
        plan::plan(inventory, before, makers)
    }

    /// The years that are asked for and not as they were published.
    pub fn years_to_do(&self, planned: &ByYear<PlannedYear>) -> Vec<ReportYear> {
        let to_do = planned.iter().filter(|(year, of)| (self.wanted)(**year) && !of.why.is_empty());
        to_do.map(|(year, _)| *year).collect()
    }

    /// The file of a table of a year: of this run, else of the release that stands.
    pub fn table_of(&self, made: &ByYear<AssembledYear>, table: &str, year: ReportYear) -> Option<PathBuf> {
        match made.get(&year) {
            Some(of) => of.tables.get(table).map(|table| table.path.clone()),
            None => self.last.as_ref()?.table(&self.data, table, year),
        }
    }
}
