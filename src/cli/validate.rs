//! `nianbao validate`: everything wrong with the definitions, at once.

use super::{ExitCode, Failure, Global, load_definitions, load_settings, output};
use crate::settings::Overrides;

pub fn run(global: &Global) -> Result<ExitCode, Failure> {
    let settings = load_settings(global, Overrides::default())?;
    let definitions = load_definitions(&settings)?;
    output::note(&format!(
        "{} datasets, {} code tables, {} indicators, {} layouts, {} relations to audit: no faults",
        definitions.datasets.len(),
        definitions.codes.len(),
        definitions.indicators.len(),
        definitions.layouts.len(),
        definitions.audit.relations.len()
    ));
    Ok(ExitCode::Done)
}
