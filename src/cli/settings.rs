//! `nianbao settings show`: every setting and the layer that gave it.

use super::{ExitCode, Failure, Global, output};
use crate::settings::{self, Overrides};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Print every setting
    Show,
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let Command::Show = args.command;
    let overrides = Overrides {
        data_dir: global.data.clone(),
        pipelines_dir: global.pipelines.clone(),
        ..Overrides::default()
    };
    let (_, origins) = settings::load(global.config.as_deref(), &overrides)?;
    if global.json {
        output::json(&origins)?;
    } else {
        for origin in origins {
            output::line(&format!("{:24} = {:24} # {}", origin.key, origin.value, origin.from));
        }
    }
    Ok(ExitCode::Done)
}
