//! `nianbao check`: checks the published release, and one that was held back, by every check of a run.

use super::{ExitCode, Failure, Global, audit, data_root, load, output};
use crate::audit::{AuditOutcome, RelationAnswer};
use crate::decisions::findings::FindingAnswers;
use crate::decisions::{self, Override};
use crate::definitions::Definitions;
use crate::finding::Severity;
use crate::period::ReportYear;
use crate::pipeline::{self, Examination, ReleaseSource};
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
    pub source: ReleaseSource<'a>,
    pub year: ReportYear,
}

/// The years that can be checked: of the current release, and of one that was held back and is still there.
pub(super) fn releases<'a>(data: &DataRoot, manifest: Option<&'a Manifest>) -> Vec<ReleaseYear<'a>> {
    let published = manifest.into_iter().flat_map(|manifest| {
        manifest.years.iter().map(|&year| ReleaseYear { source: ReleaseSource::Published(manifest), year })
    });
    let held_back =
        data.staged_years().into_iter().map(|year| ReleaseYear { source: ReleaseSource::HeldBack, year });
    published.chain(held_back).collect()
}

/// Examines one year of a release, with the answers of named persons.
pub(super) fn examine(
    settings: &Settings,
    definitions: &Definitions,
    release: &ReleaseYear<'_>,
    recorded: &[Override],
    manifest: Option<&Manifest>,
) -> Result<Examination, Failure> {
    let mut examined = pipeline::examine_release(settings, definitions, release.source, release.year)?;
    let lapsed = manifest.map(|manifest| manifest.lapsed.clone()).unwrap_or_default();
    examined.settle(FindingAnswers::of(release.year, recorded, &lapsed));
    Ok(examined)
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let (settings, definitions) = load(global, Overrides::default())?;
    let data = data_root(&settings)?;
    let manifest = publish::current(&data)?;
    let all = decisions::all(&data)?;
    let recorded: Vec<Override> = decisions::not_withdrawn(&all).into_iter().cloned().collect();
    let mut wanted = releases(&data, manifest.as_ref());
    wanted.retain(|release| args.year.is_empty() || args.year.contains(&release.year));
    if wanted.is_empty() {
        return Err(Failure::usage("there is nothing to check")
            .hint("`nianbao run` makes a release; `nianbao releases list` shows its years"));
    }
    let mut worst = ExitCode::Done;
    for (index, release) in wanted.iter().enumerate() {
        let examined = examine(&settings, &definitions, release, &recorded, manifest.as_ref())?;
        let name = match release.source {
            ReleaseSource::Published(manifest) => format!("第 {:06} 版", manifest.release),
            ReleaseSource::HeldBack => "未发布的版本".to_owned(),
        };
        let report = examined.into_audit(format!("{} 年度，{name}", release.year), &definitions);
        if global.json {
            audit::print_json(&report)?;
        } else {
            if index > 0 {
                output::line("");
            }
            audit::print(&report);
            let asks =
                |answer: &RelationAnswer| answer.at.as_ref().is_some_and(|at| at.does == Severity::S2.code());
            if report.answers.iter().any(asks) {
                output::line(
                    "确属实情的，用 nianbao override answer KEY… --by NAME --why TEXT 说明，或填 reports/ 中的问题与疑问表",
                );
            }
        }
        worst = match (report.outcome(), worst) {
            (AuditOutcome::Inconsistent, _) | (_, ExitCode::HeldBack) => ExitCode::HeldBack,
            (AuditOutcome::Open, _) | (_, ExitCode::Draft) => ExitCode::Draft,
            _ => ExitCode::Done,
        };
    }
    Ok(worst)
}
