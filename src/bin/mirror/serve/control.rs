//! What tests steer a running server by.

use serde::Deserialize;
use serde_json::json;

use crate::printed::years::FIRST_YEAR;
use crate::serve::cases;
use crate::serve::http::{Kind, Request, Response};
use crate::serve::site::Site;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// In place of those before; one may be a seed.
    faults: Option<Vec<String>>,
    revision: Option<u32>,
    clock_offset_ms: Option<i64>,
}

pub fn answer(site: &Site, request: &Request) -> Response {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/control/truth") => truth(site),
        ("GET", "/control") => state(site),
        ("POST", "/control") => match change(site, &request.body) {
            Ok(()) => state(site),
            Err(message) => Response::new(400, Kind::Control, "text/plain;charset=utf-8", message),
        },
        _ => Response::html(404, Kind::Control, "404"),
    }
}

fn change(site: &Site, body: &[u8]) -> Result<(), String> {
    let change: Change = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if let Some(faults) = change.faults {
        let faults: Result<Vec<_>, String> = faults.iter().map(|text| cases::parse(text)).collect();
        let faults = faults?.concat();
        site.state().set_faults(faults);
    }
    if let Some(revision) = change.revision {
        site.revise(revision);
    }
    if let Some(offset) = change.clock_offset_ms {
        site.state().clock_offset_ms = offset;
    }
    Ok(())
}

fn state(site: &Site) -> Response {
    let state = site.state();
    let text = json!({
        "faults": state.faults,
        "revision": state.revision,
        "clock_offset_ms": state.clock_offset_ms,
        "jobs": state.jobs.len(),
    });
    Response::json(Kind::Control, text.to_string())
}

/// The values of `truth.jsonl` for the data as they are now.
fn truth(site: &Site) -> Response {
    let world = site.world();
    let before = if site.years.contains(&FIRST_YEAR) { world.values_before() } else { Vec::new() };
    let values = before.into_iter().chain(site.years.iter().flat_map(|&year| world.values(year)));
    let lines = values.filter_map(|value| serde_json::to_string(&value).ok()).map(|line| line + "\n");
    Response::new(200, Kind::Control, "application/x-ndjson", lines.collect::<String>())
}
