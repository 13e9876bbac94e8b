//! `nianbao validate`: everything wrong with the definitions, at once.

use serde_json::json;

use super::{ExitCode, Failure, Global, load_definitions, output};

pub fn run(global: &Global) -> Result<ExitCode, Failure> {
    let definitions = load_definitions(global)?;
    if global.json {
        output::json(&json!({
            "datasets": definitions.datasets.len(),
            "code_tables": definitions.codes.len(),
            "indicators": definitions.indicators.len(),
            "layouts": definitions.layouts.len(),
            "relations": definitions.audit.relations.len(),
        }))?;
        return Ok(ExitCode::Done);
    }
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
