//! What a run would do, and what would come of it: the same survey and plan, and, when figures are asked for,
//! the same run in a copy of the data root that shares its bytes and is gone afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::plan::Change;
use super::recorded::Recorded;
use super::{Ended, Given, Request, RunError, Watch, io_error, key, run};
use crate::definitions::Definitions;
use crate::figure::Level;
use crate::figures::{IndicatorValue, ValueKey, stored};
use crate::number::Decimal;
use crate::period::ReportYear;
use crate::settings::Settings;
use crate::warehouse::files::{self, Access};
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish;

/// What a run would do.
#[derive(Debug, Default, Serialize)]
pub struct Planned {
    /// Every year that lies there or was decided about, with why it would be made again; nothing where it
    /// stays as it is.
    pub years: BTreeMap<ReportYear, Vec<Change>>,
    /// Years that nobody may change, with how many files in the folder of each are none of those it was made
    /// of.
    pub frozen: BTreeMap<ReportYear, usize>,
    /// What would change, when that was asked for.
    pub figures: Option<Figures>,
}

impl Planned {
    /// Whether anything would be done.
    #[must_use]
    pub fn is_anything(&self) -> bool {
        self.years.values().any(|why| !why.is_empty())
    }
}

/// The figures of city and counties, before and after.
#[derive(Debug, Default, Serialize)]
pub struct Figures {
    /// `published`, `held_back`, `nothing_to_do`: what would come of the run.
    pub outcome: &'static str,
    pub compared: usize,
    /// Those that would not be as they are, the largest move first.
    pub moved: Vec<Moved>,
}

/// A figure before and after; none where there is no value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moved {
    pub report_year: ReportYear,
    pub indicator_id: String,
    pub basis: &'static str,
    pub level: &'static str,
    pub region_code: String,
    pub before: Option<String>,
    pub after: Option<String>,
    /// After − before.
    pub change: Option<String>,
}

/// Plans a run, and changes nothing.
///
/// # Errors
/// As of a run, as far as it would get.
pub fn rehearse(
    settings: &Settings,
    definitions: &Definitions,
    request: &Request,
    with_figures: bool,
    watch: &dyn Watch,
) -> Result<Planned, RunError> {
    let data = DataRoot::new(&settings.data_dir);
    let recorded = Recorded::read(&data)?;
    let key = match key::read(&data, recorded.last.as_ref())? {
        Some(key) => key,
        None => key::temporary()?,
    };
    let given = Given::new(settings, definitions, request, watch, data, key, recorded);
    let survey = given.survey(false);
    let listing = survey.list()?;
    let frozen = super::waiting(&listing, given.last.as_ref(), &given.frozen);
    let years = given.plan(&survey.hash(listing)?).into_iter();
    let years = years.filter(|(year, _)| (given.wanted)(*year)).map(|(year, of)| (year, of.why)).collect();
    let mut planned = Planned { years, frozen, figures: None };
    if with_figures {
        planned.figures = Some(figures(settings, definitions, request, &given.data, watch)?);
    }
    Ok(planned)
}

/// A folder that is gone when it is let go.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays is cleared by the next plan.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn figures(
    settings: &Settings,
    definitions: &Definitions,
    request: &Request,
    data: &DataRoot,
    watch: &dyn Watch,
) -> Result<Figures, RunError> {
    let scratch = Scratch(data.scratch(std::process::id()));
    clear_abandoned(data).map_err(io_error(data.path()))?;
    files::make_folder(&scratch.0, Access::Restricted).map_err(io_error(&scratch.0))?;
    for folder in ["landing", "identity", "quarantine/rows", "quarantine/corrections", "staging/fragments"] {
        share(&data.path().join(folder), &scratch.0.join(folder))?;
    }
    for folder in ["warehouse", "ledger/overrides", "ledger/signatures"] {
        share(&data.path().join(folder), &scratch.0.join(folder))?;
    }
    let settings = Settings { data_dir: scratch.0.clone(), ..settings.clone() };
    let report = run(&settings, definitions, request, watch)?;
    let there = DataRoot::new(&scratch.0);
    let years = match &report.outcome {
        Ended::Published(manifest) => manifest.years.clone(),
        Ended::HeldBack { .. } => there.staged_years(),
        Ended::NothingToDo(_) | Ended::NothingFound => Vec::new(),
    };
    let stood = publish::current(data)?;
    let mut found = Figures { outcome: report.outcome.outcome().name(), ..Figures::default() };
    for year in years {
        let after = match &report.outcome {
            Ended::Published(manifest) => manifest.table(&there, "indicator_value", year),
            _ => there.staged_table("indicator_value", year),
        };
        let before = stood.as_ref().and_then(|stood| stood.table(data, "indicator_value", year));
        let read = |path: Option<PathBuf>| -> Result<Vec<IndicatorValue>, RunError> {
            path.map_or(Ok(Vec::new()), |path| Ok(stored::read(&path, &definitions.indicators)?))
        };
        compare(&read(before)?, &read(after)?, &mut found);
    }
    found.moved.sort_by_key(|moved| std::cmp::Reverse(size(moved)));
    Ok(found)
}

/// Figures of city and counties, as a whole, that are not what they were.
fn compare(before: &[IndicatorValue], after: &[IndicatorValue], found: &mut Figures) {
    let is_compared =
        |value: &&IndicatorValue| value.key.unit.level != Level::School && value.key.breakdown.is_empty();
    let by_key = |values: &'_ [IndicatorValue]| -> BTreeMap<ValueKey, IndicatorValue> {
        values.iter().filter(is_compared).map(|value| (value.key.clone(), value.clone())).collect()
    };
    let (before, after) = (by_key(before), by_key(after));
    let keys: std::collections::BTreeSet<&ValueKey> = before.keys().chain(after.keys()).collect();
    found.compared += keys.len();
    for key in keys {
        let (was, is) = (before.get(key), after.get(key));
        let shown = |value: Option<&IndicatorValue>| value.map(IndicatorValue::as_text);
        if shown(was) == shown(is) {
            continue;
        }
        let number = |value: Option<&IndicatorValue>| value.and_then(|value| value.value);
        let change = number(was).zip(number(is)).map(|(was, is)| Decimal(is.0 - was.0).to_string());
        let year = was.or(is).map(|value| value.report_year).unwrap_or_default();
        found.moved.push(Moved {
            report_year: year,
            indicator_id: key.indicator_id.clone(),
            basis: key.basis.name(),
            level: key.unit.level.name(),
            region_code: key.unit.region_code.clone(),
            before: shown(was),
            after: shown(is),
            change,
        });
    }
}

/// How far a figure moved, in ten thousandths of what it was; one that came or went moved furthest.
fn size(moved: &Moved) -> u128 {
    let parsed = |text: &Option<String>| text.as_deref().and_then(Decimal::parse);
    match (parsed(&moved.before), parsed(&moved.change)) {
        (Some(before), Some(change)) if before.0 != 0 => {
            change.0.unsigned_abs().saturating_mul(10_000) / before.0.unsigned_abs()
        }
        _ => u128::MAX,
    }
}

/// Links every file of a folder below another; copies where they lie on different file systems.
fn share(from: &Path, to: &Path) -> Result<(), RunError> {
    let entries = match fs::read_dir(from) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io_error(from)(error)),
    };
    files::make_folder(to, Access::Restricted).map_err(io_error(to))?;
    for entry in entries {
        let entry = entry.map_err(io_error(from))?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().map_err(io_error(&path))?.is_dir() {
            share(&path, &to)?;
            continue;
        }
        match fs::hard_link(&path, &to).or_else(|_| fs::copy(&path, &to).map(drop)) {
            // A run that goes on meanwhile took it away.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            shared => shared.map_err(io_error(&path))?,
        }
    }
    Ok(())
}

/// Removes what plans left whose process is gone.
fn clear_abandoned(data: &DataRoot) -> io::Result<()> {
    for (folder, process) in data.scratches() {
        if process != std::process::id() && !Path::new("/proc").join(process.to_string()).exists() {
            fs::remove_dir_all(folder)?;
        }
    }
    Ok(())
}
