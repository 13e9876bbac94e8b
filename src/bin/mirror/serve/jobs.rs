//! Exports that are ordered, take a while, and then lie on another origin.

use serde_json::json;

use crate::national::dataset::Dataset;
use crate::serve::files;
use crate::serve::gateway::signed;
use crate::serve::http::{Kind, Response};
use crate::serve::pages::Dialect;
use crate::serve::rows;
use crate::serve::site::{Job, Visit};

/// Polls until a job is done.
const POLLS: u32 = 2;
/// Tickets that end in the middle begin with this.
const SHORT: char = 'x';

pub fn answer(visit: &Visit, path: &str) -> Response {
    if let Err(refused) = signed(visit, Kind::Word) {
        return refused;
    }
    let request = visit.request;
    if path == "/export/status" {
        return request.parameter("taskId").map_or_else(unknown, |id| status(visit, &id));
    }
    let dataset = request.parameter("type").and_then(|topic| rows::dataset(&topic));
    let year = request.number("xn").and_then(|year| u16::try_from(year).ok());
    let (Some(dataset), Some(year)) = (dataset, year) else { return unknown() };
    match path {
        "/export/create" if request.method == "POST" => create(visit, dataset, year),
        "/export/list" => list(visit, dataset, year),
        _ => Response::html(404, Kind::Word, "404"),
    }
}

fn unknown() -> Response {
    Dialect::Gateway.error(Kind::Word, "500", "任务不存在或参数错误")
}

fn create(visit: &Visit, dataset: Dataset, year: u16) -> Response {
    let exists = visit.strikes("job-exists");
    let lost = visit.strikes("create-lost");
    let mut state = visit.site.state();
    let of = (dataset, year, state.revision);
    let is_running = |job: &Job| (job.dataset, job.year, job.revision) == of && job.polls < POLLS;
    let refuses = exists || state.jobs.iter().any(is_running);
    let id = format!("task-{}", state.count("job"));
    if !state.jobs.iter().any(is_running) {
        let revision = state.revision;
        state.jobs.push(Job { id: id.clone(), dataset, year, polls: 0, revision });
    }
    if lost {
        return Response::lost();
    }
    if refuses {
        return Dialect::Gateway.error(Kind::Word, "409", "已有任务正在执行");
    }
    Dialect::Gateway.success(Kind::Word, &json!({ "taskId": id }).to_string())
}

/// Jobs of the data as they are now, the newest first.
fn list(visit: &Visit, dataset: Dataset, year: u16) -> Response {
    let state = visit.site.state();
    let jobs = state.jobs.iter().rev();
    let own = jobs.filter(|job| (job.dataset, job.year, job.revision) == (dataset, year, state.revision));
    let entry = |job: &Job| {
        let name = if job.polls < POLLS { "RUNNING" } else { "SUCCESS" };
        json!({ "taskId": job.id, "state": name, "type": rows::topic(dataset), "xn": year.to_string() })
    };
    let list: Vec<_> = own.map(entry).collect();
    Dialect::Gateway.success(Kind::Word, &json!({ "list": list }).to_string())
}

fn status(visit: &Visit, id: &str) -> Response {
    let forever = visit.strikes("job-forever");
    let failed = visit.strikes("job-failed");
    let job = {
        let mut state = visit.site.state();
        let revision = state.revision;
        let Some(job) = state.jobs.iter_mut().find(|job| job.id == id && job.revision == revision) else {
            return unknown();
        };
        if !forever {
            job.polls += 1;
        }
        job.clone()
    };
    if failed {
        return Dialect::Gateway.success(Kind::Word, "{\"state\":\"FAILED\",\"reason\":\"系统繁忙\"}");
    }
    if forever || job.polls < POLLS {
        return Dialect::Gateway.success(Kind::Word, "{\"state\":\"RUNNING\"}");
    }
    let short = visit.strikes("url-expires");
    let mut files = files::listed(visit, job.dataset, job.year, |name| {
        let mut state = visit.site.state();
        let prefix = if short { SHORT } else { 't' };
        let ticket = format!("{prefix}{}", state.count("ticket"));
        state.tickets.insert(ticket.clone(), if short { 1 } else { u32::MAX });
        format!("{}/download/{ticket}/{name}", visit.site.origins.files)
    });
    let count = files.len();
    if visit.strikes("job-two-of-three") {
        files.pop();
    }
    let data = json!({ "state": "SUCCESS", "fileCount": count, "files": files });
    Dialect::Gateway.success(Kind::Word, &data.to_string())
}

/// A file under a ticket, which is all it takes.
pub fn fetch(visit: &Visit, path: &str) -> Response {
    let Some((ticket, name)) = path.split_once('/') else { return Response::html(404, Kind::File, "404") };
    let is_good = match visit.site.state().tickets.get_mut(ticket) {
        Some(left @ 1..) => {
            *left -= 1;
            true
        }
        _ => false,
    };
    if !is_good {
        return Response::html(403, Kind::File, "链接已过期");
    }
    if visit.strikes("job-404") {
        return Response::html(404, Kind::File, "404");
    }
    files::download(visit, name, ticket.starts_with(SHORT))
}
