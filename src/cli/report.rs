//! `nianbao report`: every document of a year again, from the published release.

use super::{ExitCode, Failure, Global, load_definitions, load_settings, output, published_year};
use crate::pipeline;
use crate::settings::Overrides;
use crate::warehouse::layout::DataRoot;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The report year
    #[arg(long, value_name = "YEAR")]
    year: i32,
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let settings = load_settings(global, Overrides::default())?;
    let definitions = load_definitions(&settings)?;
    let data = DataRoot::new(&settings.data_dir);
    let manifest = published_year(&data, &definitions, args.year)?;
    pipeline::report_again(&settings, &definitions, &manifest, args.year)?;
    output::line(&data.reports(args.year).display().to_string());
    Ok(ExitCode::Done)
}
