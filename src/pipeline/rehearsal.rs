//! What a run would do and result in: the same survey and plan, and, when figures are asked for, the same run
//! in a copy of the data root that shares its bytes and is removed afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::history::History;
use super::plan::Change;
use super::{Request, RunContext, RunEnd, RunError, Watch, io_error, key, run};
use crate::definitions::Definitions;
use crate::figure::Level;
use crate::figures::{IndicatorValue, ValueKey, stored};
use crate::number::Decimal;
use crate::period::ReportYear;
use crate::settings::Settings;
use crate::warehouse::files::{self, Access};
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish;

/// The plan of a run.
#[derive(Debug, Default, Serialize)]
pub struct RunPlan {
    /// Every year that has deliveries or decisions, with the reasons to make it again; none where it stays.
    pub years: BTreeMap<ReportYear, Vec<Change>>,
    /// Frozen years, with how many files in the folder of each it was not made from.
    pub frozen: BTreeMap<ReportYear, usize>,
    /// The figures that would change, when they were asked for.
    pub figures: Option<Figures>,
}

impl RunPlan {
    /// Whether anything would be done.
    #[must_use]
    pub fn is_anything(&self) -> bool {
        self.years.values().any(|why| !why.is_empty())
    }
}

/// The figures of city and counties, before and after.
#[derive(Debug, Default, Serialize)]
pub struct Figures {
    /// `published`, `held_back`, `nothing_to_do`: how the run would end.
    pub outcome: &'static str,
    pub compared: usize,
    /// Figures that would change, the largest move first.
    pub moved: Vec<MovedFigure>,
}

/// A figure before and after; `None` where there is no value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MovedFigure {
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
/// Those of a run, as far as it would get.
pub fn rehearse(
    settings: &Settings,
    definitions: &Definitions,
    request: &Request,
    with_figures: bool,
    watch: &dyn Watch,
) -> Result<RunPlan, RunError> {
    let data = DataRoot::new(&settings.data_dir);
    let history = History::read(&data)?;
    let key = match key::read(&data, history.last.as_ref())? {
        Some(key) => key,
        None => key::temporary()?,
    };
    let context = RunContext::new(settings, definitions, request, watch, data, key, history);
    let survey = context.survey(false);
    let listing = survey.list()?;
    let frozen = super::files_waiting(&listing, context.last.as_ref(), &context.frozen);
    let years = context.plan(&survey.hash(listing)?).into_iter();
    let years =
        years.filter(|(year, _)| (context.wanted)(*year)).map(|(year, plan)| (year, plan.why)).collect();
    let mut planned = RunPlan { years, frozen, figures: None };
    if with_figures {
        planned.figures = Some(figures(settings, definitions, request, &context.data, watch)?);
    }
    Ok(planned)
}

/// A folder that is removed when this is dropped.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // The next plan clears whatever is left.
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
        RunEnd::Published(manifest) => manifest.years.clone(),
        RunEnd::HeldBack { .. } => there.staged_years(),
        RunEnd::NothingToDo(_) | RunEnd::NothingFound => Vec::new(),
    };
    let current = publish::current(data)?;
    let mut found = Figures { outcome: report.outcome.outcome().name(), ..Figures::default() };
    for year in years {
        let after = match &report.outcome {
            RunEnd::Published(manifest) => manifest.table(&there, "indicator_value", year),
            _ => there.staged_table("indicator_value", year),
        };
        let before = current.as_ref().and_then(|current| current.table(data, "indicator_value", year));
        let read = |path: Option<PathBuf>| -> Result<Vec<IndicatorValue>, RunError> {
            path.map_or(Ok(Vec::new()), |path| Ok(stored::read(&path, &definitions.indicators)?))
        };
        compare(&read(before)?, &read(after)?, &mut found);
    }
    found.moved.sort_by_key(|moved| std::cmp::Reverse(size(moved)));
    Ok(found)
}

/// Compares the figures of city and counties, without breakdowns.
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
        found.moved.push(MovedFigure {
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

/// How far a figure moved, in ten-thousandths of its old value; one that appeared or vanished moved furthest.
fn size(moved: &MovedFigure) -> u128 {
    let parsed = |text: &Option<String>| text.as_deref().and_then(Decimal::parse);
    match (parsed(&moved.before), parsed(&moved.change)) {
        (Some(before), Some(change)) if before.0 != 0 => {
            change.0.unsigned_abs().saturating_mul(10_000) / before.0.unsigned_abs()
        }
        _ => u128::MAX,
    }
}

/// Links every file of a folder below another; copies them where the file systems differ.
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
            // Another run removed it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            shared => shared.map_err(io_error(&path))?,
        }
    }
    Ok(())
}

/// Removes the folders of plans whose process is gone.
fn clear_abandoned(data: &DataRoot) -> io::Result<()> {
    for (folder, process) in data.scratches() {
        if process != std::process::id() && !Path::new("/proc").join(process.to_string()).exists() {
            fs::remove_dir_all(folder)?;
        }
    }
    Ok(())
}
