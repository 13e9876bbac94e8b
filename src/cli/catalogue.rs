//! `nianbao catalogue`: the meaning of every indicator, where it comes from, and where it is printed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;

use super::{ExitCode, Failure, Global, absolute, load_definitions, load_settings, now, output};
use crate::decisions::spellings::is_one_name;
use crate::definitions::Definitions;
use crate::definitions::indicator::Indicator;
use crate::position::redact;
use crate::report::catalogue::{self, Entry};
use crate::settings::Overrides;
use crate::spelling::{alike, did_you_mean};
use crate::warehouse::files::{self, Access};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show this indicator in full, by its id or title
    indicator: Option<String>,
    /// Write the catalogue as a workbook (.xlsx)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let settings = load_settings(global, Overrides::default())?;
    let definitions = load_definitions(global)?;
    let mut entries = catalogue::entries(&definitions);
    if let Some(wanted) = &args.indicator {
        let indicator = indicator(&definitions, wanted)?;
        entries.retain(|entry| entry.indicator_id == indicator.id);
    }
    if let Some(path) = &args.out {
        if std::fs::symlink_metadata(path).is_ok() {
            let message = format!("`{}` is there already, and may be a person's work", path.display());
            return Err(Failure::new(ExitCode::Usage, &message).hint("name another file, or move it away"));
        }
        if absolute(path).starts_with(absolute(&settings.data_dir)) {
            let message = format!("`{}` lies in the data root, which is the program's own", path.display());
            return Err(Failure::new(ExitCode::Usage, &message));
        }
        let created = now();
        let bytes = catalogue::workbook(&entries, created.get(..19).unwrap_or(&created))
            .map_err(|error| Failure::new(ExitCode::Internal, &format!("catalogue: {error}")))?;
        files::write_whole(path, &bytes, Access::Open)
            .map_err(|error| Failure::new(ExitCode::Usage, &format!("{}: {error}", path.display())))?;
        if global.json {
            output::json(&json!({ "path": path, "indicators": entries.len() }))?;
        } else {
            output::note(&format!("{} indicators written to {}", entries.len(), path.display()));
        }
        return Ok(ExitCode::Done);
    }
    if global.json {
        output::json(&entries)?;
    } else if args.indicator.is_some() {
        entries.iter().for_each(print_in_full);
    } else {
        print_list(&entries);
    }
    Ok(ExitCode::Done)
}

/// The indicator that is meant by an id or a title.
pub(super) fn indicator<'a>(definitions: &'a Definitions, typed: &str) -> Result<&'a Indicator, Failure> {
    let all = &definitions.indicators;
    let is_meant = |indicator: &&Indicator| {
        [&indicator.id, &indicator.title_zh].iter().any(|own| is_one_name(own, typed))
    };
    let text = |indicator: &Indicator| format!("{} {}", indicator.id, indicator.title_zh);
    match all.iter().filter(is_meant).collect::<Vec<_>>().as_slice() {
        [indicator] => Ok(indicator),
        [] => {
            let names = all.iter().flat_map(|indicator| [indicator.id.as_str(), &indicator.title_zh]);
            let alike = alike(typed, names);
            let mut candidates: Vec<String> = alike
                .into_iter()
                .flat_map(|name| all.iter().filter(move |of| of.id == name || of.title_zh == name))
                .map(text)
                .collect();
            candidates.dedup();
            let message = format!("there is no indicator `{}`{}", redact(typed), did_you_mean(&candidates));
            Err(Failure::usage(&message).hint("`nianbao catalogue` lists all indicators"))
        }
        several => {
            let texts: Vec<String> = several.iter().map(|indicator| text(indicator)).collect();
            let message = format!("`{typed}` is {} indicators: {}", several.len(), texts.join(", "));
            Err(Failure::usage(&message).hint("name one by its id"))
        }
    }
}

fn print_list(entries: &[Entry]) {
    let mut census: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for entry in entries {
        let bases: Vec<&str> = entry.bases.iter().map(|basis| basis.basis).collect();
        output::line(&format!(
            "{} {} {} {}（{}）",
            output::left(&entry.indicator_id, 44),
            output::left(entry.status, 8),
            output::left(&bases.join(", "), 16),
            entry.title_zh,
            entry.unit
        ));
        *census.entry(("status", entry.status)).or_default() += 1;
        for basis in &entry.bases {
            *census.entry(("basis", basis.basis)).or_default() += 1;
            *census.entry(("combination", basis.combination)).or_default() += 1;
        }
        let printed = if entry.printed.is_empty() { "not printed" } else { "printed" };
        *census.entry(("place", printed)).or_default() += 1;
    }
    let counts: Vec<String> =
        census.iter().map(|((kind, name), count)| format!("{kind} {name} {count}")).collect();
    output::note(&format!("{} indicators: {}", entries.len(), counts.join(", ")));
}

fn print_in_full(entry: &Entry) {
    let line = |title: &str, text: &str| {
        if !text.is_empty() {
            output::line(&format!("  {title}  {text}"));
        }
    };
    output::line(&format!("{}  {}  {}", entry.indicator_id, entry.title_zh, entry.title_en));
    line("单位", &entry.unit);
    line("时期", entry.reference_time);
    line("定义", &entry.definition);
    line("依据", &format!("{}：{}", entry.status, entry.citation));
    line("年度", &catalogue::years(entry));
    line("分组", &entry.breakdowns.join("、"));
    for basis in &entry.bases {
        line(
            "口径",
            &format!("{}：{}；{}；{}", basis.basis, basis.computed_from, basis.combination, basis.missing),
        );
    }
    for place in &entry.printed {
        line(
            "印于",
            &format!("{} {} {} {}（{}）", place.year, place.table, place.path, place.measure, place.basis),
        );
    }
}
