//! `nianbao releases`: which there are, and where one lies.

use serde_json::json;

use super::{ExitCode, Failure, Global, load_settings, output};
use crate::pipeline;
use crate::settings::Overrides;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::{self, StagedFile};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// All complete releases, oldest first
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
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let settings = load_settings(global, Overrides::default())?;
    let data = DataRoot::new(&settings.data_dir);
    match args.command {
        Command::List => list(global, &data)?,
        Command::Path { sql, release } => path(&data, sql, release)?,
    }
    Ok(ExitCode::Done)
}

fn list(global: &Global, data: &DataRoot) -> Result<(), Failure> {
    let current = publish::current(data)?.map(|manifest| manifest.release);
    let mut listed = Vec::new();
    for release in publish::releases(data)? {
        let manifest = publish::read_manifest(data, release)?;
        if !global.json {
            let mark = if current == Some(release) { "*" } else { " " };
            let years: Vec<String> = manifest.years.iter().map(ToString::to_string).collect();
            output::line(&format!(
                "{mark} {release:06}  {}  {}  {} files  {}",
                manifest.created,
                years.join(","),
                manifest.files.len(),
                &manifest.digest[..12]
            ));
        }
        listed.push(json!({
            "release": release,
            "current": current == Some(release),
            "created": manifest.created,
            "years": manifest.years,
            "outcome": manifest.outcome,
            "digest": manifest.digest,
        }));
    }
    if global.json { output::json(&listed) } else { Ok(()) }
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
