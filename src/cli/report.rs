//! `nianbao report`: writes every document of a year again, from the published release.

use serde_json::json;

use super::{ExitCode, Failure, Global, data_root, documents, load, now, output, published_year, under_lock};
use crate::ledger;
use crate::period::ReportYear;
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
    let (settings, definitions) = load(global, Overrides::default())?;
    let data = data_root(&settings)?;
    ledger::refuse_newer(&data)?;
    let lock = ledger::lock(&data, "report", &now())?;
    let manifest = published_year(&data, &definitions, args.year)?;
    if definitions.layout(args.year).is_none() {
        let printed = manifest.years.iter().filter(|year| definitions.layout(**year).is_some());
        let printed: Vec<String> = printed.map(ToString::to_string).collect();
        let message = format!(
            "{} has no documents, as no layout prints it; these years have: {}",
            args.year,
            printed.join(", ")
        );
        return Err(Failure::new(ExitCode::Usage, &message));
    }
    pipeline::report_again(&settings, &definitions, &manifest, args.year)?;
    if !lock.was_left_behind() {
        lock.give_back().map_err(|error| Failure::new(ExitCode::Internal, &error))?;
    }
    if global.json {
        let (path, waiting) = (data.reports(args.year), documents::waiting_json(global, &data)?);
        output::json(&json!({ "path": path, "documents_waiting": waiting }))?;
        return Ok(ExitCode::Done);
    }
    output::line(&data.reports(args.year).display().to_string());
    documents::print_waiting(global, &data)?;
    Ok(ExitCode::Done)
}

/// Writes the documents of a year again, which say who signed it. What was signed is on record by now: a failure
/// does not undo it.
pub(super) fn after_signing(global: &Global, data: &DataRoot, year: ReportYear) {
    let written = load(global, Overrides::default()).and_then(|(settings, definitions)| {
        under_lock(data, "report", &now(), || {
            let manifest = published_year(data, &definitions, year)?;
            Ok(pipeline::report_signed(&settings, &definitions, &manifest, year)?)
        })
    });
    if let Err(Failure { message, hint, .. }) = written {
        output::note(&format!("the documents of {year} do not say so yet: {message}"));
        hint.into_iter().for_each(output::note);
    }
}
