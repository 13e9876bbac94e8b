//! `nianbao releases`: lists releases, prints the path of one, and removes old ones.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use super::{ExitCode, Failure, Global, data_root, load_settings, now, output};
use crate::decisions::signatures;
use crate::ledger;
use crate::period::ReportYear;
use crate::pipeline;
use crate::settings::{Overrides, Settings};
use crate::warehouse::layout::{DataRoot, release_name};
use crate::warehouse::publish::{self, PublishError, StagedFile};
use crate::warehouse::retention::{self, Policy};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// All complete releases, oldest first; years that all three signed have a ✓
    List,
    /// The folder of the current release, resolved once
    Path {
        /// SQL views with absolute paths instead
        #[arg(long)]
        sql: bool,
        /// Another release than the current one
        #[arg(long, value_name = "NUMBER")]
        release: Option<u32>,
    },
    /// Remove old releases, and what only they needed; the current one and signed ones always stay
    Prune {
        /// Keep so many of the newest [default: the setting `release_keep`]
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
        keep: Option<u32>,
        /// Keep a release for so many days after another took its place [default: the setting
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
        Command::Path { sql, release } => path(&data, sql, release)?,
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
            "outcome": manifest.outcome,
            "digest": manifest.digest,
        }));
    }
    if global.json {
        output::json(&listed)?;
    }
    Ok(code)
}

fn path(data: &DataRoot, sql: bool, release: Option<u32>) -> Result<(), Failure> {
    let manifest = match release {
        Some(release) => Some(publish::read_manifest(data, release)?),
        None => publish::current(data)?,
    };
    let Some(manifest) = manifest else {
        return Err(Failure::new(ExitCode::Internal, "nothing is published yet")
            .hint("`nianbao run` publishes a release"));
    };
    let folder = data.release(manifest.release);
    let folder = std::path::absolute(&folder).unwrap_or(folder);
    if sql {
        let files: Vec<StagedFile> = manifest
            .files
            .iter()
            .map(|file| StagedFile { path: (&file.path).into(), rows: file.rows, in_digest: true })
            .collect();
        output::line(pipeline::catalogue_sql(&files, &format!("{}/", folder.display())).trim_end());
    } else {
        output::line(&folder.display().to_string());
    }
    Ok(())
}
