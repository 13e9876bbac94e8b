//! `nianbao verify`: is what was published still what was published.

use super::{ExitCode, Failure, Global, load_settings, output};
use crate::settings::Overrides;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this release [default: all]
    #[arg(long, value_name = "NUMBER")]
    release: Option<u32>,
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let settings = load_settings(global, Overrides::default())?;
    let data = DataRoot::new(&settings.data_dir);
    let releases = match args.release {
        Some(release) => vec![release],
        None => publish::releases(&data)?,
    };
    // The pointer must read, and name a release that is there.
    publish::current(&data)?;
    let mut damages = Vec::new();
    for &release in &releases {
        damages.extend(publish::verify(&data, release)?);
    }
    if global.json {
        output::json(&damages)?;
    } else {
        for damage in &damages {
            output::line(&format!("{:06} {} {}", damage.release, damage.kind, damage.path));
        }
        output::note(&format!("{} releases, {} damaged files", releases.len(), damages.len()));
    }
    Ok(if damages.is_empty() { ExitCode::Done } else { ExitCode::Internal })
}
