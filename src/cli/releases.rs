//! `nianbao releases`: lists releases, prints the path of one, and removes old ones.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use super::sign::no_release;
use super::{ExitCode, Failure, Global, data_root, load_definitions, load_settings, now, output, published};
use crate::decisions::signatures::{self, Record};
use crate::ledger;
use crate::period::ReportYear;
use crate::pipeline;
use crate::settings::{Overrides, Settings};
use crate::warehouse::layout::{DataRoot, release_name};
use crate::warehouse::publish::{self, Manifest, PublishError, StagedFile};
use crate::warehouse::retention::{self, Policy};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the complete releases, oldest first; a year that all three have signed is marked ✓
    List,
    /// Print the folder of the current release
    Path {
        /// Print SQL for views of its tables instead, with absolute paths
        #[arg(long)]
        sql: bool,
        /// This release instead of the current one
        #[arg(long, value_name = "NUMBER")]
        release: Option<u32>,
    },
    /// Remove old releases and the files that only they need; the current release and signed ones are always kept
    Prune {
        /// How many of the newest releases to keep [default: the setting `release_keep`]
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
        keep: Option<u32>,
        /// How many days to keep a release after another has replaced it [default: the setting
        /// `release_grace_days`]
        #[arg(long, value_name = "DAYS")]
        grace_days: Option<u32>,
        /// Only list what would be removed
        #[arg(long)]
        dry_run: bool,
    },
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let settings = load_settings(global, Overrides::default())?;
    let data = data_root(&settings)?;
    match args.command {
        Command::List => return list(global, &data),
        Command::Path { sql, release } => path(global, &data, sql, release)?,
        Command::Prune { keep, grace_days, dry_run } => {
            // Called under the lock, so that no release is signed while it is being removed.
            let policy = |signed| policy(&settings, keep, grace_days, signed);
            prune(global, &data, &policy, dry_run)?;
        }
    }
    Ok(ExitCode::Done)
}

fn policy(settings: &Settings, keep: Option<u32>, grace_days: Option<u32>, signed: BTreeSet<u32>) -> Policy {
    Policy {
        keep: keep.unwrap_or(settings.release_keep),
        grace_days: grace_days.unwrap_or(settings.release_grace_days),
        signed,
    }
}

fn prune(
    global: &Global,
    data: &DataRoot,
    policy: &dyn Fn(BTreeSet<u32>) -> Policy,
    dry_run: bool,
) -> Result<(), Failure> {
    ledger::refuse_newer(data)?;
    let lock = ledger::lock(data, "releases prune", &now())?;
    let policy = policy(signatures::final_releases(&signatures::all(data)?));
    let plan = retention::plan(data, &policy, Timestamp::now())?;
    if !dry_run {
        retention::remove(data, &plan)?;
    }
    if !lock.was_left_behind() {
        lock.give_back().map_err(|error| Failure::new(ExitCode::Internal, &error))?;
    }
    if global.json {
        return output::json(&plan);
    }
    let verb = if dry_run { "would remove" } else { "removed" };
    for name in retention::describe(&plan) {
        output::line(&format!("{verb} {name}"));
    }
    if plan.fragments_unknown {
        output::note(
            "normalised files stay: a release that an older program made does not say which it needs",
        );
    }
    output::note(&format!(
        "{} releases, {} files that only they needed",
        plan.releases.len(),
        plan.unneeded.len()
    ));
    Ok(())
}

fn list(global: &Global, data: &DataRoot) -> Result<ExitCode, Failure> {
    let mut code = ExitCode::Done;
    let mut report = |error: &PublishError| {
        output::error(&error.to_string(), None);
        code = ExitCode::Internal;
    };
    let current = match publish::current(data) {
        Ok(current) => current.map(|manifest| manifest.release),
        Err(error) => {
            report(&error);
            None
        }
    };
    let records = signatures::all(data)?;
    let mut listed = Vec::new();
    let mut not_checked = BTreeSet::new();
    for release in publish::releases(data)? {
        let manifest = match publish::read_manifest(data, release) {
            Ok(manifest) => manifest,
            Err(error) => {
                report(&error);
                continue;
            }
        };
        let signed: Vec<ReportYear> = manifest
            .years
            .iter()
            .copied()
            .filter(|&year| {
                let digest = manifest.year_digest(year);
                digest.is_some_and(|digest| signatures::is_signed(&records, year, &digest))
            })
            .collect();
        let unchecked: Vec<ReportYear> =
            signed.iter().copied().filter(|&year| !names_checked(&records, &manifest, year)).collect();
        not_checked.extend(unchecked.iter().copied());
        if !global.json {
            let mark = if current == Some(release) { "*" } else { " " };
            let signed = |year| if signed.contains(year) { "✓" } else { "" };
            let years: Vec<String> =
                manifest.years.iter().map(|year| format!("{year}{}", signed(year))).collect();
            output::line(&format!(
                "{mark} {}  {}  {}  {} files  {}",
                release_name(release),
                manifest.created,
                years.join(","),
                manifest.files.len(),
                manifest.digest.get(..12).unwrap_or(&manifest.digest)
            ));
        }
        listed.push(json!({
            "release": release,
            "current": current == Some(release),
            "created": manifest.created,
            "years": manifest.years,
            "signed_years": signed,
            "signed_by_unchecked_names": unchecked,
            "outcome": manifest.outcome,
            "digest": manifest.digest,
        }));
    }
    if global.json {
        output::json(&listed)?;
    } else if !not_checked.is_empty() {
        let years: Vec<String> = not_checked.iter().map(ToString::to_string).collect();
        output::note(&format!(
            "✓ {}: names under these signatures were not checked against a list of persons",
            years.join(", ")
        ));
    }
    Ok(code)
}

/// Whether all names under the signatures of a year were on the bureau's list.
fn names_checked(records: &[Record], manifest: &Manifest, year: ReportYear) -> bool {
    let digest = manifest.year_digest(year).unwrap_or_default();
    signatures::holding(records, year, &digest).values().all(|record| record.name_was_checked())
}

fn path(global: &Global, data: &DataRoot, sql: bool, release: Option<u32>) -> Result<(), Failure> {
    let manifest = match release {
        Some(release) if publish::releases(data)?.contains(&release) => {
            publish::read_manifest(data, release)?
        }
        Some(release) => return Err(no_release(release)),
        None => published(data, "`nianbao run` publishes a release")?,
    };
    let folder = data.release(manifest.release);
    let folder = std::path::absolute(&folder).unwrap_or(folder);
    if sql {
        let files: Vec<StagedFile> = manifest
            .files
            .iter()
            .map(|file| StagedFile { path: (&file.path).into(), rows: file.rows, in_digest: true })
            .collect();
        let definitions = load_definitions(global)?;
        let prefix = format!("{}/", folder.display());
        let sql = pipeline::catalogue_sql(&files, &prefix, &definitions.tables_of_persons());
        if global.json {
            return output::json(&json!({ "release": manifest.release, "path": folder, "sql": sql }));
        }
        output::line(sql.trim_end());
    } else if global.json {
        output::json(&json!({ "release": manifest.release, "path": folder }))?;
    } else {
        output::line(&folder.display().to_string());
    }
    Ok(())
}
