//! `nianbao plan`: shows what a run would do and why; changes nothing.

use std::path::PathBuf;

use serde_json::json;

use super::output::{self, Progress};
use super::{ExitCode, Failure, Global, load, now};
use crate::decode::worker::OWN_PROGRAM;
use crate::definitions::Definitions;
use crate::figure::Basis;
use crate::ledger;
use crate::period::ReportYear;
use crate::pipeline::{self, Change, ChangeKind, MovedFigure, PlannedFigures, Request, RunPlan};
use crate::settings::{Overrides, Settings};
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::PartKind;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this report year; may be repeated [default: every year found that is not frozen]
    #[arg(long, value_name = "YEAR")]
    year: Vec<ReportYear>,
    /// The drop folder to read, instead of the one in the settings
    #[arg(long, value_name = "DIR")]
    drop: Option<PathBuf>,
    /// Also compute the figures, and show which of those of the city and its counties would change
    #[arg(long)]
    figures: bool,
    /// Exit with 10 if anything would be done
    #[arg(long)]
    exit_code: bool,
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let overrides = Overrides { drop_dir: args.drop.clone(), ..Overrides::default() };
    let (settings, definitions) = load(global, overrides)?;
    let data = DataRoot::new(&settings.data_dir);
    ledger::refuse_newer(&data)?;
    super::run::check_before(&settings, &data, &args.year)?;
    let request = Request { years: args.year.clone(), now: now(), decode_program: OWN_PROGRAM.into() };
    let progress = Progress::new(global.quiet || global.json || !args.figures);
    let planned = pipeline::rehearse(&settings, &definitions, &request, args.figures, &progress);
    progress.finish();
    let planned = planned?;
    if global.json {
        output::json(&json!({
            "would_run": planned.is_anything(),
            "years": planned.years,
            "frozen": planned.frozen,
            "figures": planned.figures,
        }))?;
    } else {
        print(&settings, &definitions, &planned);
    }
    let draft = args.exit_code && planned.is_anything();
    Ok(if draft { ExitCode::Draft } else { ExitCode::Done })
}

/// Examples of one kind that are printed; the rest are counted.
const SHOWN: usize = 10;

fn print(settings: &Settings, definitions: &Definitions, planned: &RunPlan) {
    for (year, why) in &planned.years {
        if why.is_empty() {
            output::line(&format!("{year}  stays as it is"));
            continue;
        }
        output::line(&format!("{year}  would be made again"));
        let described: Vec<(String, &str)> = why.iter().map(describe).collect();
        let mut kinds: Vec<&str> = Vec::new();
        for (kind, _) in &described {
            if !kinds.contains(&kind.as_str()) {
                kinds.push(kind);
            }
        }
        for kind in kinds {
            let names: Vec<&str> =
                described.iter().filter(|(of_kind, _)| of_kind == kind).map(|(_, name)| *name).collect();
            for name in names.iter().take(SHOWN) {
                output::line(&format!("  {kind}{}{name}", if name.is_empty() { "" } else { ": " }));
            }
            if names.len() > SHOWN {
                output::line(&format!("  {kind}: … {} more", names.len() - SHOWN));
            }
        }
    }
    for (year, waiting) in &planned.frozen {
        let files = if *waiting == 1 { "file is" } else { "files are" };
        output::line(&format!("{year}  is frozen; {waiting} {files} none of those it was made of"));
    }
    if planned.years.is_empty() && planned.frozen.is_empty() {
        output::line(&format!("nothing lies in `{}`", settings.drop_dir.display()));
    }
    if let Some(figures) = &planned.figures {
        print_figures(settings, definitions, figures);
    }
}

/// The kind of a change in words, and the name of the thing that changed, if it has one.
fn describe(change: &Change) -> (String, &str) {
    let change_text = |how: &ChangeKind| match how {
        ChangeKind::New => "new",
        ChangeKind::Changed => "changed",
        ChangeKind::Gone => "gone",
    };
    let plain = |text: &str| (text.to_owned(), "");
    match change {
        Change::NewYear => plain("it was never published"),
        Change::Delivery { file, how, .. } => (format!("delivery {}", change_text(how)), file),
        Change::Part { kind, name, how } => {
            let text = match (kind, how) {
                (PartKind::Definition, how) => format!("definition {}", change_text(how)),
                (PartKind::Setting, how) => format!("setting {}", change_text(how)),
                (PartKind::Decision, ChangeKind::New) => "decision recorded, of rule".to_owned(),
                (PartKind::Decision, ChangeKind::Gone) => "decision withdrawn, of rule".to_owned(),
                (PartKind::Decision, ChangeKind::Changed) => "another decision, of rule".to_owned(),
                (PartKind::Unopened, ChangeKind::Gone) => "no longer a file that cannot be opened".to_owned(),
                (PartKind::Unopened, _) => "file that cannot be opened".to_owned(),
                (PartKind::Program, _) => format!("another program than {}", pipeline::PROGRAM),
                (PartKind::Key, _) => "another pseudonym key".to_owned(),
            };
            (text, name)
        }
        Change::EarlierYear { year } => (format!("{year} changes, which it prints beside its own year"), ""),
        Change::Unread => plain("a reader was stopped from outside, and is tried again"),
        Change::Unknown => plain("the release does not say of what it was made"),
    }
}

fn print_figures(settings: &Settings, definitions: &Definitions, figures: &PlannedFigures) {
    output::line("");
    output::line(&format!(
        "the run would end as {}; {} of {} figures of city and counties would move",
        figures.outcome,
        figures.moved.len(),
        figures.compared
    ));
    for moved in figures.moved.iter().take(2 * SHOWN) {
        output::line(&format!("  {}", describe_move(settings, definitions, moved)));
    }
    if figures.moved.len() > 2 * SHOWN {
        output::line(&format!("  … {} more; --json has all", figures.moved.len() - 2 * SHOWN));
    }
}

/// `2024 尧都区 全日制在校生人数（系统） 4012 → 4011 (-1)`.
fn describe_move(settings: &Settings, definitions: &Definitions, moved: &MovedFigure) -> String {
    let MovedFigure { report_year, indicator_id, basis, region_code, before, after, change, .. } = moved;
    let name = match region_code.as_str() {
        code if code == settings.city_code => settings.city_name.as_str(),
        code if code == settings.residual_region_code => settings.residual_region_name.as_str(),
        code => definitions.region_name(code, *report_year),
    };
    let title =
        definitions.indicator(indicator_id).map_or(indicator_id.as_str(), |indicator| &indicator.title_zh);
    let basis = Basis::named(basis, "").map_or(*basis, Basis::label);
    let value = |value: &Option<String>| value.as_deref().map_or("无", crate::figures::shown).to_owned();
    let change = change.as_ref().map_or(String::new(), |change| {
        format!(" ({}{change})", if change.starts_with('-') { "" } else { "+" })
    });
    format!("{report_year} {name} {title}（{basis}） {} → {}{change}", value(before), value(after))
}
