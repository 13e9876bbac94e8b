//! `nianbao report`: every document of a year again, from the published release.

use super::{ExitCode, Failure, Global, load_definitions, load_settings, output};
use crate::pipeline;
use crate::settings::Overrides;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish;

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
    let Some(manifest) = publish::current(&data)? else {
        return Err(Failure::new(ExitCode::Usage, "nothing is published yet")
            .hint("`nianbao run` publishes a release"));
    };
    if !manifest.years.contains(&args.year) {
        let years: Vec<String> = manifest.years.iter().map(ToString::to_string).collect();
        return Err(Failure::new(
            ExitCode::Usage,
            &format!(
                "release {:06} has no year {}; it has {}",
                manifest.release,
                args.year,
                years.join(", ")
            ),
        ));
    }
    if manifest.definitions != definitions.digest {
        return Err(Failure::new(
            ExitCode::Usage,
            &format!("release {:06} was made with other definitions", manifest.release),
        )
        .hint("name them with --pipelines DIR, or `nianbao run` for a release with these"));
    }
    pipeline::report_again(&settings, &definitions, &manifest, args.year)?;
    output::line(&data.reports(args.year).display().to_string());
    Ok(ExitCode::Done)
}
