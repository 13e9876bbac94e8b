//! `nianbao validate`: everything wrong with the definitions, at once.

use super::{ExitCode, Failure, Global, load_definitions, output};

pub fn run(global: &Global) -> Result<ExitCode, Failure> {
    let definitions = load_definitions(global)?;
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
