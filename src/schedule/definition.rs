//! `schedule.toml`, checked, with the line of what is wrong.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use toml::Spanned;

use super::calendar::{Dense, Entry, Span};
use super::cron::Pattern;
use crate::period::ReportYear;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    zone: Option<Spanned<String>>,
    #[serde(default)]
    entry: Vec<Written>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: Spanned<String>,
    cron: Spanned<String>,
    zone: Option<Spanned<String>>,
    #[serde(default)]
    quiet: Vec<Spanned<String>>,
    #[serde(default)]
    dense: Vec<WrittenDense>,
    #[serde(default)]
    sources: Vec<Spanned<String>>,
    #[serde(default)]
    years: Vec<Spanned<ReportYear>>,
    #[serde(default = "yes")]
    pull: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenDense {
    days: Spanned<String>,
    cron: Spanned<String>,
}

fn yes() -> bool {
    true
}

/// Faults as they are found: line and message.
type Faults = Vec<(usize, String)>;

/// Reads a schedule. `sources` are those that are defined.
///
/// # Errors
/// Everything that is wrong, each with its line.
pub fn read(text: &str, sources: &BTreeSet<&str>) -> Result<Vec<Entry>, Faults> {
    let line = |at: usize| text.get(..at).unwrap_or(text).split('\n').count();
    let file: File = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(1, |span| line(span.start));
        vec![(at, error.message().to_owned())]
    })?;
    let mut faults = Faults::new();
    let mut entries: Vec<Entry> = Vec::new();
    if file.entry.is_empty() {
        faults.push((1, "there is no [[entry]]".to_owned()));
    }
    for written in &file.entry {
        let mut refuse = |at: usize, message: String| faults.push((line(at), message));
        let name = written.name.get_ref();
        let at = written.name.span().start;
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            refuse(at, "an entry has a name".to_owned());
        }
        if entries.iter().any(|entry| entry.name == *name) {
            refuse(at, format!("there are two entries `{name}`"));
        }
        for source in &written.sources {
            if !sources.contains(source.get_ref().as_str()) {
                refuse(source.span().start, format!("there is no source `{}`", source.get_ref()));
            }
        }
        if !written.pull && !written.sources.is_empty() {
            refuse(at, format!("`{name}` names sources and pulls none"));
        }
        for year in written.years.iter().filter(|year| !(2000..=2100).contains(year.get_ref())) {
            refuse(year.span().start, format!("{} is no report year", year.get_ref()));
        }
        let mut spans: Vec<Span> = Vec::new();
        let mut span = |text: &Spanned<String>, faults: &mut Faults| {
            let read =
                read_span(text.get_ref()).and_then(|span| match spans.iter().find(|o| meet(**o, span)) {
                    Some(other) => Err(format!("{} and {} have days in common", span.text(), other.text())),
                    None => Ok(span),
                });
            let read = read.map_err(|message| faults.push((line(text.span().start), message))).ok();
            spans.extend(read);
            read
        };
        let quiet = written.quiet.iter().filter_map(|text| span(text, &mut faults)).collect();
        let cron = |text: &Spanned<String>, faults: &mut Faults| {
            Pattern::read(text.get_ref())
                .map_err(|message| faults.push((line(text.span().start), message)))
                .ok()
        };
        let mut dense = Vec::new();
        for text in &written.dense {
            if let (Some(span), Some(cron)) = (span(&text.days, &mut faults), cron(&text.cron, &mut faults)) {
                dense.push(Dense { span, cron });
            }
        }
        let zone = match written.zone.as_ref().or(file.zone.as_ref()) {
            None => {
                faults.push((line(at), format!("`{name}` has no zone: zone = \"Asia/Shanghai\"")));
                None
            }
            Some(zone) => TimeZone::get(zone.get_ref())
                .map_err(|_| {
                    let message = format!("there is no time zone `{}`", zone.get_ref());
                    faults.push((line(zone.span().start), message));
                })
                .ok(),
        };
        let cron = cron(&written.cron, &mut faults);
        if let (Some(cron), Some(zone)) = (cron, zone) {
            entries.push(Entry {
                name: name.clone(),
                cron,
                zone,
                quiet,
                dense,
                sources: written.sources.iter().map(|source| source.get_ref().clone()).collect(),
                years: written.years.iter().map(|year| *year.get_ref()).collect(),
                pull: written.pull,
            });
        }
    }
    faults.sort();
    faults.dedup();
    if faults.is_empty() { Ok(entries) } else { Err(faults) }
}

fn meet(one: Span, other: Span) -> bool {
    one.has(other.from) || other.has(one.from)
}

fn read_span(text: &str) -> Result<Span, String> {
    let day = |text: &str| -> Option<(i8, i8)> {
        let (month, day) = text.trim().split_once('-')?;
        let (month, day) = (month.parse().ok()?, day.parse().ok()?);
        // A leap year, so that 02-29 is a day.
        Date::new(2000, month, day).ok().map(|_| (month, day))
    };
    let ends = text.split_once("..").and_then(|(from, to)| Some((day(from)?, day(to)?)));
    let (from, to) = ends.ok_or_else(|| format!("`{text}` is no span of days: 07-01..08-31"))?;
    Ok(Span { from, to })
}
