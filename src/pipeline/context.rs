//! The inputs of a run, and the releases and decisions before it: no stage changes them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::assembly::AssembledYear;
use super::history::History;
use super::plan::{self, Environment, PastState, PlannedYear};
use super::survey::Inventory;
use super::{ByYear, PROGRAM, Request, RunError, Watch};
use crate::decisions::Override;
use crate::decisions::corrections::{self, FileCorrections, FileKey};
use crate::definitions::Definitions;
use crate::normalise::identity::PseudonymKey;
use crate::period::ReportYear;
use crate::settings::Settings;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::Manifest;

pub(super) struct RunContext<'a> {
    pub settings: &'a Settings,
    pub definitions: &'a Definitions,
    pub request: &'a Request,
    pub watch: &'a dyn Watch,
    pub data: DataRoot,
    pub key: PseudonymKey,
    pub last: Option<Manifest>,
    /// Decisions of named persons that apply.
    pub overrides: Vec<Override>,
    /// All decisions that were not withdrawn, including those that no longer apply.
    pub recorded: Vec<Override>,
    /// Ids of those that had lapsed by the release before.
    pub lapsed: BTreeSet<u32>,
    /// Decisions about single rows, by delivery.
    pub corrections: BTreeMap<FileKey, FileCorrections>,
    /// Years with any decision, including withdrawn ones.
    pub decided_years: BTreeSet<ReportYear>,
    /// Years that change only when the freeze is lifted.
    pub frozen: BTreeSet<ReportYear>,
    /// Whether a year is to be made, if need be: frozen ones never are.
    pub wanted: Box<dyn Fn(ReportYear) -> bool + Sync>,
}

impl<'a> RunContext<'a> {
    /// Without decisions about single rows, which a plan does not need.
    pub fn new(
        settings: &'a Settings,
        definitions: &'a Definitions,
        request: &'a Request,
        watch: &'a dyn Watch,
        data: DataRoot,
        key: PseudonymKey,
        history: History,
    ) -> Self {
        let History { last, recorded, overrides, lapsed, decided_years, frozen } = history;
        let (asked, closed) = (request.years.clone(), frozen.clone());
        let wanted = move |year| !closed.contains(&year) && (asked.is_empty() || asked.contains(&year));
        RunContext {
            corrections: BTreeMap::new(),
            settings,
            definitions,
            request,
            watch,
            data,
            key,
            last,
            overrides,
            recorded,
            lapsed,
            decided_years,
            frozen,
            wanted: Box::new(wanted),
        }
    }

    /// Adds the decisions about single rows.
    ///
    /// # Errors
    /// When the cells of a correction are gone or damaged.
    pub fn with_corrections(self) -> Result<Self, RunError> {
        let corrections = corrections::by_file(&self.data, &self.key, &self.overrides)?;
        Ok(RunContext { corrections, ..self })
    }

    /// Plans the years by everything that decides them.
    pub fn plan(&self, inventory: &Inventory) -> ByYear<PlannedYear> {
        let before = PastState {
            last: self.last.as_ref(),
            recorded: &self.recorded,
            decided_years: &self.decided_years,
            frozen: &self.frozen,
        };
        let key = self.key.check_value();
        let environment = Environment {
            settings: self.settings,
            definitions: self.definitions,
            program: PROGRAM,
            key: &key,
        };
        plan::plan(inventory, before, environment)
    }

    /// The wanted years that differ from what was published.
    pub fn years_to_do(&self, planned: &ByYear<PlannedYear>) -> Vec<ReportYear> {
        let to_do = planned.iter().filter(|(year, plan)| (self.wanted)(**year) && !plan.why.is_empty());
        to_do.map(|(year, _)| *year).collect()
    }

    /// The file of a table of a year: this run's, else the current release's.
    pub fn table_of(&self, made: &ByYear<AssembledYear>, table: &str, year: ReportYear) -> Option<PathBuf> {
        match made.get(&year) {
            Some(assembled) => assembled.tables.get(table).map(|table| table.path.clone()),
            None => self.last.as_ref()?.table(&self.data, table, year),
        }
    }
}
