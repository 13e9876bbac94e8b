//! `nianbao check`: what is published, and what was held back, held against everything that must hold.

use super::{ExitCode, Failure, Global, audit, data_root, load, output};
use crate::audit::AuditOutcome;
use crate::decisions::findings::Answers;
use crate::decisions::{self, Override};
use crate::definitions::Definitions;
use crate::period::ReportYear;
use crate::pipeline::{self, Examination, Standing};
use crate::settings::{Overrides, Settings};
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::{self, Manifest};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this report year; may be given several times [default: every year there is]
    #[arg(long, value_name = "YEAR")]
    year: Vec<i32>,
}

/// A year of a release.
pub(super) struct ReleaseYear<'a> {
    pub standing: Standing<'a>,
    pub year: ReportYear,
}

/// What can be checked: the current release, and one that was held back and still lies there.
pub(super) fn releases<'a>(data: &DataRoot, manifest: Option<&'a Manifest>) -> Vec<ReleaseYear<'a>> {
    let published = manifest.into_iter().flat_map(|manifest| {
        manifest.years.iter().map(|&year| ReleaseYear { standing: Standing::Published(manifest), year })
    });
    let held = data.staged_years().into_iter().map(|year| ReleaseYear { standing: Standing::HeldBack, year });
    published.chain(held).collect()
}

/// Everything about one year of a release, with what persons said of it.
pub(super) fn examined(
    settings: &Settings,
    definitions: &Definitions,
    release: &ReleaseYear<'_>,
    recorded: &[Override],
    manifest: Option<&Manifest>,
) -> Result<Examination, Failure> {
    let mut examined = pipeline::examine_release(settings, definitions, release.standing, release.year)?;
    let lapsed = manifest.map(|manifest| manifest.lapsed.clone()).unwrap_or_default();
    examined.settle(Answers::of(release.year, recorded, &lapsed));
    Ok(examined)
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let (settings, definitions) = load(global, Overrides::default())?;
    let data = data_root(&settings)?;
    let manifest = publish::current(&data)?;
    let all = decisions::all(&data)?;
    let recorded: Vec<Override> = decisions::standing(&all).into_iter().cloned().collect();
    let mut asked = releases(&data, manifest.as_ref());
    asked.retain(|release| args.year.is_empty() || args.year.contains(&release.year));
    if asked.is_empty() {
        return Err(Failure::usage("there is nothing to check")
            .hint("`nianbao run` makes a release; `nianbao releases list` tells its years"));
    }
    let mut worst = ExitCode::Done;
    for (index, release) in asked.iter().enumerate() {
        let examined = examined(&settings, &definitions, release, &recorded, manifest.as_ref())?;
        let name = match release.standing {
            Standing::Published(manifest) => format!("第 {:06} 版", manifest.release),
            Standing::HeldBack => "未发布的版本".to_owned(),
        };
        let report = examined.into_audit(format!("{} 年度，{name}", release.year), &definitions);
        if global.json {
            audit::print_json(&report)?;
        } else {
            if index > 0 {
                output::line("");
            }
            audit::print(&report);
        }
        worst = match (report.outcome(), worst) {
            (AuditOutcome::Inconsistent, _) | (_, ExitCode::HeldBack) => ExitCode::HeldBack,
            (AuditOutcome::Open, _) | (_, ExitCode::Draft) => ExitCode::Draft,
            _ => ExitCode::Done,
        };
    }
    Ok(worst)
}
