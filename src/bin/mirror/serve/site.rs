//! What the server remembers: the city, which faults are on, who is signed in, the log.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::{Value, json};

use crate::national::dataset::Dataset;
use crate::printed::years::YEARS;
use crate::serve::cases::{Active, all};
use crate::serve::http::{Kind, Request};
use crate::serve::rows::{self, Served};
use crate::world::World;

pub const SID: &str = "sid-1";
pub const KEY: &str = "key-1";
pub const APPID: &str = "app-1";
pub const SECRET: &str = "secret-1";
pub const USER: &str = "bureau";
pub const PASSWORD: &str = "pass-1";

/// 2025-01-02 00:00 in China; files change a day later with each revision.
const FIRST_CHANGE_MS: i64 = 1_735_747_200_000;
const DAY_MS: i64 = 86_400_000;
/// Counts of this beginning start again with other faults.
pub const ANEW: &str = "answers to ";
const ELEVEN_MINUTES_MS: i64 = 660_000;

/// The three places that answer.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    pub main: String,
    /// Where finished jobs put their files.
    pub files: String,
    /// Allowed by no definition.
    pub stranger: String,
}

/// One city, one server.
pub struct Site {
    pub seed: u64,
    pub years: Vec<u16>,
    pub origins: Origins,
    state: Mutex<State>,
    log: Mutex<Option<File>>,
}

/// What changes while it runs.
pub struct State {
    pub revision: u32,
    pub clock_offset_ms: i64,
    pub faults: Vec<Active>,
    world: Option<Arc<World>>,
    records: BTreeMap<(Dataset, u16), Arc<Vec<String>>>,
    files: BTreeMap<(Dataset, u16), Arc<Vec<Served>>>,
    /// By name: hash, and when it got it.
    stamps: BTreeMap<String, (String, i64)>,
    pub nonces: BTreeSet<String>,
    /// The one token that is good, and how many pages it still gives.
    pub token: Option<(String, u32)>,
    pub session: Option<String>,
    pub failed_logins: u32,
    pub jobs: Vec<Job>,
    /// Tickets of URLs, with how many answers they still give.
    pub tickets: BTreeMap<String, u32>,
    /// How often the row that waits came or went.
    pub rows_inserted: u32,
    /// How often something happened.
    counts: BTreeMap<String, u32>,
}

#[derive(Debug, Clone)]
pub struct Job {
    pub id: String,
    pub dataset: Dataset,
    pub year: u16,
    pub polls: u32,
    /// A job holds the data of its time.
    pub revision: u32,
}

impl State {
    /// What happened before is forgotten, so that other faults start anew.
    pub fn set_faults(&mut self, faults: Vec<Active>) {
        self.faults = faults;
        self.rows_inserted = 0;
        self.counts.retain(|name, _| !name.starts_with(ANEW));
    }

    /// The next number under a name, from 1.
    pub fn count(&mut self, name: &str) -> u32 {
        let count = self.counts.entry(name.to_owned()).or_default();
        *count += 1;
        *count
    }
}

impl Site {
    pub fn new(
        seed: u64,
        years: Vec<u16>,
        faults: Vec<Active>,
        origins: Origins,
        log: Option<&Path>,
    ) -> Result<Self, Box<dyn Error>> {
        let log = log.map(|path| OpenOptions::new().create(true).append(true).open(path)).transpose()?;
        let state = State {
            revision: 0,
            clock_offset_ms: 0,
            faults,
            world: None,
            records: BTreeMap::new(),
            files: BTreeMap::new(),
            stamps: BTreeMap::new(),
            nonces: BTreeSet::new(),
            token: None,
            session: None,
            failed_logins: 0,
            jobs: Vec::new(),
            tickets: BTreeMap::new(),
            rows_inserted: 0,
            counts: BTreeMap::new(),
        };
        Ok(Self { seed, years, origins, state: Mutex::new(state), log: Mutex::new(log) })
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another version of the data: what was made of the one before is made anew, so that no request waits.
    pub fn revise(&self, revision: u32) {
        let (records, files) = {
            let mut state = self.state();
            if state.revision == revision {
                return;
            }
            state.revision = revision;
            state.world = None;
            (std::mem::take(&mut state.records), std::mem::take(&mut state.files))
        };
        for (dataset, year) in records.into_keys() {
            self.records(dataset, year);
        }
        for (dataset, year) in files.into_keys() {
            self.files(dataset, year);
        }
    }

    pub fn world(&self) -> Arc<World> {
        self.world_within(&mut self.state())
    }

    fn world_within(&self, state: &mut State) -> Arc<World> {
        let revision = state.revision;
        let make = || Arc::new(rows::revised(World::new(self.seed, 1), revision));
        state.world.get_or_insert_with(make).clone()
    }

    /// The records of a year, served or not.
    pub fn records(&self, dataset: Dataset, year: u16) -> Arc<Vec<String>> {
        if !YEARS.contains(&year) {
            return Arc::default();
        }
        let mut state = self.state();
        let world = self.world_within(&mut state);
        let make = || Arc::new(rows::records(&world, dataset, year));
        state.records.entry((dataset, year)).or_insert_with(make).clone()
    }

    pub fn files(&self, dataset: Dataset, year: u16) -> Arc<Vec<Served>> {
        if !YEARS.contains(&year) {
            return Arc::default();
        }
        let mut state = self.state();
        let world = self.world_within(&mut state);
        let make = || Arc::new(rows::export(&world, dataset, year).unwrap_or_default());
        state.files.entry((dataset, year)).or_insert_with(make).clone()
    }

    /// When a file last changed.
    pub fn changed_ms(&self, file: &Served) -> i64 {
        let mut state = self.state();
        let now = FIRST_CHANGE_MS + i64::from(state.revision) * DAY_MS;
        let stamp = state.stamps.entry(file.name.clone()).or_insert_with(|| (file.sha256.clone(), now));
        if stamp.0 != file.sha256 {
            *stamp = (file.sha256.clone(), now);
        }
        stamp.1
    }

    /// The clock of the server.
    pub fn now_ms(&self) -> i64 {
        let state = self.state();
        let ahead = state.faults.iter().any(|fault| fault.name == "clock-11" && fault.left != Some(0));
        let offset = state.clock_offset_ms + if ahead { ELEVEN_MINUTES_MS } else { 0 };
        Timestamp::now().as_millisecond() + offset
    }

    pub fn log(&self, line: &Value) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = log.as_mut() {
            // A log that cannot be written to is seen to be short by those who count in it.
            let _ = writeln!(file, "{line}");
        }
    }
}

/// A time as HTTP writes it.
pub fn http_date(ms: i64) -> String {
    let time = Timestamp::from_millisecond(ms).unwrap_or_default();
    DateTimePrinter::new().timestamp_to_rfc9110_string(&time).unwrap_or_default()
}

/// One request with what struck it.
pub struct Visit<'a> {
    pub site: &'a Site,
    pub request: &'a Request,
    struck: Mutex<Vec<&'static str>>,
}

impl<'a> Visit<'a> {
    pub fn new(site: &'a Site, request: &'a Request) -> Self {
        Self { site, request, struck: Mutex::default() }
    }

    /// Whether a fault strikes here; if so, it is one time nearer to its end.
    pub fn strikes(&self, name: &str) -> bool {
        debug_assert!(all().any(|case| case.name == name), "{name}");
        let target = format!("{}?{}", self.request.path, self.request.query);
        let mut state = self.site.state();
        let fits = |fault: &&mut Active| {
            fault.name == name
                && fault.left != Some(0)
                && fault.only.as_ref().is_none_or(|only| target.contains(only.as_str()))
        };
        let Some(fault) = state.faults.iter_mut().find(fits) else { return false };
        fault.left = fault.left.map(|left| left - 1);
        self.mark(fault.name);
        true
    }

    /// Faults of HTTP that are on for this answer; those with a place strike every kind there.
    pub fn is_open_to(&self, kind: Kind, name: &str) -> bool {
        let state = self.site.state();
        let placed = state.faults.iter().any(|fault| fault.name == name && fault.only.is_some());
        matches!(kind, Kind::Page | Kind::File) || placed && kind != Kind::Control
    }

    /// Notes a fault that strikes without being counted.
    pub fn mark(&self, name: &'static str) {
        self.struck.lock().unwrap_or_else(PoisonError::into_inner).push(name);
    }

    pub fn log(&self, origin: &str, status: u16, bytes: usize) {
        let request = self.request;
        let credentials = ["authorization", "cookie", "gjgxjhpt_sign", "gjgxjhpt_sid", "x-sign", "x-appid"];
        let struck = self.struck.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.site.log(&json!({
            "at": self.site.now_ms(),
            "origin": origin,
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "status": status,
            "bytes": bytes,
            "faults": struck,
            "credentials": credentials.iter().any(|name| request.header(name).is_some()),
            "referer": request.header("referer").is_some(),
            "conditional": request.header("if-none-match").is_some() || request.header("if-modified-since").is_some(),
            "range": request.header("range"),
        }));
    }
}
