//! Lists of files, and files with everything that HTTP has for them: `ETag`, Last-Modified, ranges.

use std::sync::Arc;

use encoding_rs::GBK;
use serde_json::json;

use crate::national::dataset::Dataset;
use crate::printed::years::FIRST_YEAR;
use crate::serve::gateway::signed;
use crate::serve::http::{Kind, Response};
use crate::serve::pages::Dialect;
use crate::serve::rows::{self, Served};
use crate::serve::site::{ANEW, Visit, http_date};

pub fn answer(visit: &Visit, path: &str) -> Response {
    let kind = if path == "/index" { Kind::Word } else { Kind::File };
    if let Err(refused) = signed(visit, kind) {
        return refused;
    }
    if path == "/index" {
        return index(visit);
    }
    match path.strip_prefix("/data/") {
        Some(name) if !visit.strikes("file-gone") => download(visit, name, false),
        _ => Response::html(404, Kind::File, "404"),
    }
}

fn index(visit: &Visit) -> Response {
    let request = visit.request;
    let dataset = request.parameter("type").and_then(|topic| rows::dataset(&topic));
    let year = request.number("xn").and_then(|year| u16::try_from(year).ok());
    let (Some(dataset), Some(year)) = (dataset, year) else {
        return Dialect::Gateway.error(Kind::Word, "500", "查询无数据或参数错误");
    };
    let mut files = listed(visit, dataset, year, |name| format!("/files/data/{name}"));
    if visit.strikes("list-empty") {
        files.clear();
    }
    Dialect::Gateway.success(Kind::Word, &json!({ "files": files }).to_string())
}

/// What a list says of the files of a year.
pub fn listed(
    visit: &Visit,
    dataset: Dataset,
    year: u16,
    mut url: impl FnMut(&str) -> String,
) -> Vec<serde_json::Value> {
    let hides_hash = visit.strikes("same-size-time");
    let files = content(visit, dataset, year);
    let entry = |file: &Served| {
        let mut sha256 = file.sha256.clone();
        if visit.strikes("sha-wrong") {
            sha256 = rows::sha256(b"another file");
        }
        let size = file.bytes.len() + usize::from(visit.strikes("size-wrong"));
        let rows = file.rows + usize::from(visit.strikes("rows-wrong"));
        let mut entry = json!({
            "name": file.name,
            "url": url(&file.name),
            "size": size,
            "rows": rows,
            "modified": visit.site.changed_ms(file),
        });
        if !hides_hash {
            entry["sha256"] = sha256.into();
        }
        entry
    };
    files.iter().map(entry).collect()
}

/// The files of a year; under a fault those of another year under the names of this one.
fn content(visit: &Visit, dataset: Dataset, year: u16) -> Arc<Vec<Served>> {
    if year != FIRST_YEAR && visit.strikes("last-year") {
        let mut files = visit.site.files(dataset, FIRST_YEAR).as_ref().clone();
        for file in &mut files {
            file.name = file.name.replace(&FIRST_YEAR.to_string(), &year.to_string());
        }
        return Arc::new(files);
    }
    if visit.site.years.contains(&year) { visit.site.files(dataset, year) } else { Arc::default() }
}

/// A file by the name that a list gave; `expires` is of a URL that ends in the middle.
pub fn download(visit: &Visit, name: &str, expires: bool) -> Response {
    let mut parts = name.split('-');
    let dataset = parts.next().and_then(rows::dataset);
    let year = parts.next().and_then(|year| year.parse().ok());
    let file = dataset.zip(year).and_then(|(dataset, year)| {
        content(visit, dataset, year).iter().find(|file| file.name == name).cloned()
    });
    let Some(mut file) = file else { return Response::html(404, Kind::File, "404") };
    let mut changed = visit.site.changed_ms(&file);
    if visit.strikes("stamp-new") {
        changed = visit.site.now_ms();
        // The ETag is made of it.
        file.sha256 = rows::sha256(changed.to_string().as_bytes());
    }
    if visit.strikes("same-size-time") {
        let revision = visit.site.state().revision;
        change_in_place(&mut file.bytes, revision);
        file.sha256 = rows::sha256(&file.bytes);
    }
    let request = visit.request;
    let is_same = match request.header("if-none-match") {
        Some(etags) => etags.contains(&file.etag()),
        None => request.header("if-modified-since") == Some(http_date(changed).as_str()),
    };
    if is_same || visit.strikes("304-always") {
        return Response::new(304, Kind::File, "text/csv", "").with("ETag", file.etag());
    }
    let mut answer = body(visit, file, expires).with("Last-Modified", http_date(changed));
    if visit.strikes("disposition") {
        let name = GBK.encode("../../etc/cron.d/名单.csv").0.into_owned();
        answer =
            answer.with("Content-Disposition", [b"attachment; filename=\"", name.as_slice(), b"\""].concat());
    }
    answer
}

/// Changes a digit in the last cell of a CSV file, so that its length stays.
fn change_in_place(bytes: &mut [u8], revision: u32) {
    let is_digits = |window: &[u8]| window.iter().all(u8::is_ascii_digit);
    let end = (4..bytes.len()).rev().find(|&end| bytes[end] == b'\r' && is_digits(&bytes[end - 4..end]));
    if let Some(end) = end {
        let digit = u32::from(bytes[end - 1] - b'0') + revision;
        bytes[end - 1] = b"0123456789"[digit as usize % 10];
    }
}

/// The whole file or the range that is asked for, with what goes wrong in between.
fn body(visit: &Visit, file: Served, expires: bool) -> Response {
    const CUT: [&str; 4] = ["cut-resumable", "range-ignored", "range-other", "etag-between"];
    let request = visit.request;
    let length = file.bytes.len();
    let range = request.header("range").and_then(|range| range_of(range, length));
    let is_first = visit.site.state().count(&format!("{ANEW}{}", file.name)) == 1;
    let mut etag = file.etag();
    if !is_first && visit.strikes("etag-between") {
        etag = format!("\"{}\"", &rows::sha256(etag.as_bytes())[..16]);
    }
    let is_asked_of = request.header("if-range").is_none_or(|of| of == etag);
    let media = if file.name.ends_with("xlsx") { "application/octet-stream" } else { "text/csv" };
    let answer = |status, bytes: Vec<u8>| {
        Response::new(status, Kind::File, media, bytes)
            .with("ETag", etag.clone())
            .with("Accept-Ranges", "bytes")
    };
    if let Some(range) = range.filter(|_| is_asked_of)
        && !visit.strikes("range-ignored")
    {
        let (mut start, end) = range;
        if start == end {
            return answer(416, Vec::new()).with("Content-Range", format!("bytes */{length}"));
        }
        if visit.strikes("range-other") {
            start /= 2;
        }
        let content = format!("bytes {start}-{}/{length}", end - 1);
        return answer(206, file.bytes[start..end].to_vec()).with("Content-Range", content);
    }
    let is_cut = is_first && (expires || CUT.into_iter().any(|name| visit.strikes(name)));
    let mut answer = answer(200, file.bytes);
    answer.cut = is_cut.then_some(length / 2);
    answer
}

/// Start and end of one range; both are equal if there is nothing there.
fn range_of(header: &str, length: usize) -> Option<(usize, usize)> {
    let (start, end) = header.strip_prefix("bytes=")?.split_once('-')?;
    let start = start.parse::<usize>().ok()?.min(length);
    let end = if end.is_empty() { length } else { end.parse::<usize>().ok()?.saturating_add(1).min(length) };
    Some((start, end.max(start)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_within_the_file() {
        assert_eq!(range_of("bytes=5-", 10), Some((5, 10)));
        assert_eq!(range_of("bytes=0-3", 10), Some((0, 4)));
        assert_eq!(range_of("bytes=10-", 10), Some((10, 10)));
        assert_eq!(range_of("bytes=-5", 10), None);
    }

    #[test]
    fn a_file_changes_and_keeps_its_length() {
        let mut bytes = b"a,13900001234\r\nb,\r\n".to_vec();
        change_in_place(&mut bytes, 7);
        assert_eq!(bytes, b"a,13900001231\r\nb,\r\n");
    }
}
