//! What lies in the drop folder: every file with the hash of its bytes. The first step of a run, and of a plan,
//! which copies nothing.

use std::path::PathBuf;

use rustix::io::Errno;

use super::{RunError, Watch, io_error, parallel};
use crate::decode::Format;
use crate::decode::sniff::sniff;
use crate::finding::{self, Rule};
use crate::ledger::Seen;
use crate::normalise::identity::PseudonymKey;
use crate::period::ReportYear;
use crate::settings::Settings;
use crate::sources::drop_folder::{self, DroppedFile, Listing};
use crate::warehouse::files::{self, Access};
use crate::warehouse::layout::DataRoot;

/// One delivery in the drop folder, with the hash of its bytes.
#[derive(Debug, Clone)]
pub(super) struct DroppedDelivery {
    pub file: DroppedFile,
    pub sha256: String,
}

/// What a survey found.
#[derive(Debug, Default)]
pub struct Inventory {
    pub(super) listing: Listing,
    /// The deliveries of the years asked for; what lies under no year is of the newest.
    pub(super) inputs: Vec<DroppedDelivery>,
    /// What lies in the drop folder and was not taken: links, pipes, files closed to us or growing.
    pub(super) unopened: Vec<(String, &'static Rule)>,
    /// The newest year of which there is a delivery.
    pub(super) newest: Option<ReportYear>,
}

impl Inventory {
    /// What was not taken of a year; what lies under no year is of the newest.
    pub(super) fn unopened_of(&self, year: ReportYear) -> impl Iterator<Item = &(String, &'static Rule)> {
        let newest = self.newest;
        self.unopened.iter().filter(move |(label, _)| year_of(label).or(newest) == Some(year))
    }
}

impl Inventory {
    /// The deliveries of some years.
    pub(super) fn of_years(&self, years: &[ReportYear]) -> impl Iterator<Item = &DroppedDelivery> {
        self.inputs.iter().filter(|input| input.file.year.is_none_or(|year| years.contains(&year)))
    }
}

/// Where a survey looks, and for what.
#[derive(Clone, Copy)]
pub(super) struct Survey<'a> {
    pub settings: &'a Settings,
    pub data: &'a DataRoot,
    pub key: &'a PseudonymKey,
    /// Whether a year's files are wanted: nobody asks for those of a frozen one.
    pub wanted: &'a (dyn Fn(ReportYear) -> bool + Sync),
    /// Whether new bytes are copied to landing.
    pub lands: bool,
    pub watch: &'a dyn Watch,
}

/// What came of looking at a dropped file.
enum Looked {
    NotWanted,
    Unopened(&'static Rule),
    /// With its new copy in landing, which is not durable yet.
    Hashed {
        sha256: String,
        new: Option<PathBuf>,
    },
}

impl Survey<'_> {
    /// # Errors
    /// When the drop folder cannot be read.
    pub fn list(&self) -> Result<Listing, RunError> {
        let drop = &self.settings.drop_dir;
        drop_folder::list(drop, &|name| self.key.label(name))
            .map_err(|source| RunError::Source { path: drop.clone(), source })
    }

    /// The hash of every file that is wanted; what is new is copied to landing, if it is to be.
    ///
    /// # Errors
    /// When the source fails, or landing cannot be written.
    pub fn hash(&self, listing: Listing) -> Result<Inventory, RunError> {
        let mut seen = Seen::load(self.data);
        self.watch.stage("hash", listing.files.len());
        let looked = parallel::each(
            self.settings.threads(),
            &listing.files,
            || (),
            |(), file| {
                let looked = self.look_at(file, &seen);
                self.watch.step();
                looked
            },
        );
        let refused = listing.refused.iter().cloned();
        let mut unopened: Vec<(String, &'static Rule)> =
            refused.map(|label| (label, finding::FILE_UNOPENED)).collect();
        let mut inputs = Vec::with_capacity(listing.files.len());
        let mut landed = Vec::new();
        for (file, looked) in listing.files.iter().zip(looked) {
            match looked? {
                Looked::NotWanted => {}
                Looked::Unopened(rule) => unopened.push((file.label.clone(), rule)),
                Looked::Hashed { sha256, new } => {
                    landed.extend(new);
                    seen.remember(file, &sha256);
                    inputs.push(DroppedDelivery { file: file.clone(), sha256 });
                }
            }
        }
        let newest = inputs.iter().filter_map(|input| input.file.year).max();
        for input in &mut inputs {
            if input.file.year.is_none() {
                input.file.dataset.clear();
                input.file.year = newest;
            }
        }
        inputs.retain(|input| input.file.year.is_some());
        if self.lands {
            // One wait for the disk for all of them: what counts is in landing before anything counts on it.
            files::make_durable(&landed).map_err(io_error(self.data.path()))?;
            seen.save(self.data).map_err(io_error(&self.data.seen()))?;
        }
        Ok(Inventory { listing, inputs, unopened, newest })
    }

    fn look_at(&self, file: &DroppedFile, seen: &Seen) -> Result<Looked, RunError> {
        if file.year.is_some_and(|year| !(self.wanted)(year)) || is_no_table(file) {
            return Ok(Looked::NotWanted);
        }
        if let Some(sha256) = seen.sha256(file).filter(|sha256| self.data.landing(sha256).exists()) {
            return Ok(Looked::Hashed { sha256: sha256.to_owned(), new: None });
        }
        // It will be rejected for its size: it has a name in the books, and no copy.
        if is_too_large(self.settings, file) {
            return Ok(match files::sha256_of_file(&file.path) {
                Ok(sha256) => Looked::Hashed { sha256, new: None },
                Err(_) => Looked::Unopened(finding::FILE_UNOPENED),
            });
        }
        match self.land(file) {
            Ok(Some((sha256, new))) => Ok(Looked::Hashed { sha256, new }),
            Ok(None) => Ok(Looked::Unopened(finding::FILE_GROWING)),
            // A disk that fails says nothing of the file: the whole source is in doubt.
            Err(RunError::Io { path, source })
                if path == file.path && source.raw_os_error() == Some(Errno::IO.raw_os_error()) =>
            {
                Err(RunError::Source { path, source })
            }
            // Gone since it was listed, or closed to us: one file, not the whole run.
            Err(RunError::Io { path, .. }) if path == file.path => {
                Ok(Looked::Unopened(finding::FILE_UNOPENED))
            }
            Err(error) => Err(error),
        }
    }

    /// Keeps the bytes as received under their hash; nothing of a file that is still being written.
    /// A new copy is not durable yet when this returns.
    fn land(&self, file: &DroppedFile) -> Result<Option<(String, Option<PathBuf>)>, RunError> {
        let bytes = drop_folder::read(file).map_err(io_error(&file.path))?;
        let Some(bytes) = bytes else { return Ok(None) };
        let sha256 = files::sha256(&bytes);
        let path = self.data.landing(&sha256);
        if !self.lands || path.exists() {
            return Ok(Some((sha256, None)));
        }
        files::write_derived(&path, &bytes, Access::Restricted).map_err(io_error(&path))?;
        Ok(Some((sha256, Some(path))))
    }
}

pub(super) fn is_too_large(settings: &Settings, file: &DroppedFile) -> bool {
    file.bytes > settings.file_size_max_mb << 20
}

/// A file beside the year folders that is no table at all (notes, a truth file) is no delivery.
fn is_no_table(file: &DroppedFile) -> bool {
    if file.label.contains('/') {
        return false;
    }
    let mut head = vec![0; 4096];
    let read = std::fs::File::open(&file.path).and_then(|mut open| std::io::Read::read(&mut open, &mut head));
    // What cannot be opened is reported when it is to be taken.
    let Ok(read) = read else { return false };
    // Objects beside the year folders are the words of another program, such as the truth of a mirror.
    matches!(sniff(&head[..read]), Err(_) | Ok(Format::Json))
}

/// The year folder of a label.
pub(super) fn year_of(label: &str) -> Option<ReportYear> {
    label.split('/').next()?.parse().ok()
}
