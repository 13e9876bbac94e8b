//! `nianbao runs`: what the ledger says.

use super::{ExitCode, Failure, Global, load_settings, output};
use crate::runs::{self, Run};
use crate::settings::Overrides;
use crate::warehouse::layout::DataRoot;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// All runs, oldest first
    List,
    /// One run: stages and counts
    Show {
        /// Its number, or `latest`
        run: String,
    },
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let settings = load_settings(global, Overrides::default())?;
    let data = DataRoot::new(&settings.data_dir);
    let internal = |error: std::io::Error| Failure::new(ExitCode::Internal, &format!("ledger: {error}"));
    let all = runs::all(&data).map_err(internal)?;
    match &args.command {
        Command::List if global.json => output::json(&all)?,
        Command::List => all.iter().for_each(|run| output::line(&line(run))),
        Command::Show { run } => {
            let found = if run == "latest" {
                all.last()
            } else {
                all.iter().find(|known| run.parse() == Ok(known.id))
            };
            let Some(found) = found else {
                return Err(Failure::new(ExitCode::Usage, &format!("there is no run `{run}`"))
                    .hint("`nianbao runs list` names them"));
            };
            if global.json {
                output::json(found)?;
            } else {
                show(found);
            }
        }
    }
    Ok(ExitCode::Done)
}

fn line(run: &Run) -> String {
    let rows = &run.summary.rows;
    format!(
        "{:>6}  {}  {:14}  exit {:>2}  release {:06}  rows {} = {} + {} + {} + {}",
        run.id,
        run.started,
        run.outcome,
        run.exit_code,
        run.release,
        rows.physical,
        rows.loaded,
        rows.quarantined,
        rows.duplicate,
        rows.structural
    )
}

fn show(run: &Run) {
    output::line(&line(run));
    for stage in &run.stages {
        output::line(&format!("        {:22} {:>7} ms", stage.stage, stage.milliseconds));
    }
}
