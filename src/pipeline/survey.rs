//! The contents of the drop folder: every file with the hash of its bytes. The first step of a run, and of a
//! plan, which copies nothing.

use std::path::PathBuf;

use rustix::io::Errno;

use super::{RunError, Watch, io_error, parallel};
use crate::decode::Format;
use crate::decode::sniff::sniff;
use crate::finding::{self, Rule};
use crate::ledger::SeenFiles;
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

/// The result of a survey.
#[derive(Debug, Default)]
pub struct Inventory {
    pub(super) listing: Listing,
    /// The deliveries of the wanted years; files under no year are of the newest.
    pub(super) inputs: Vec<DroppedDelivery>,
    /// Entries of the drop folder that were not taken: links, pipes, files that are unreadable or growing.
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

/// The parameters of a survey.
#[derive(Clone, Copy)]
pub(super) struct Survey<'a> {
    pub settings: &'a Settings,
    pub data: &'a DataRoot,
    pub key: &'a PseudonymKey,
    /// Whether a year's files are wanted: those of a frozen one never are.
    pub wanted: &'a (dyn Fn(ReportYear) -> bool + Sync),
    /// Whether new bytes are copied to landing.
    pub lands: bool,
    pub watch: &'a dyn Watch,
}

/// The result of looking at a dropped file.
enum LookResult {
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
        let list = |folder: &PathBuf| {
            drop_folder::list(folder, &|name| self.key.label(name))
                .map_err(|source| RunError::Source { path: folder.clone(), source })
        };
        let (drop, pulled) = (&self.settings.drop_dir, self.data.pulled());
        if !pulled.is_dir() {
            return list(drop);
        }
        let mut listing = list(&pulled)?;
        // Where everything is pulled, there need not be a drop folder.
        if drop.exists() {
            let dropped = list(drop)?;
            listing.files.extend(dropped.files);
            listing.ignored += dropped.ignored;
            listing.refused.extend(dropped.refused);
            listing.files.sort_by(|a, b| a.label.cmp(&b.label));
        }
        Ok(listing)
    }

    /// Hashes every wanted file; with `lands`, new bytes are copied to landing.
    ///
    /// # Errors
    /// When the source fails, or landing cannot be written.
    pub fn hash(&self, listing: Listing) -> Result<Inventory, RunError> {
        let mut seen = SeenFiles::load(self.data);
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
                LookResult::NotWanted => {}
                LookResult::Unopened(rule) => unopened.push((file.label.clone(), rule)),
                LookResult::Hashed { sha256, new } => {
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
            // One wait for the disk for all files: bytes are durable in landing before anything depends on them.
            files::make_durable(&landed).map_err(io_error(self.data.path()))?;
            seen.save(self.data).map_err(io_error(&self.data.seen()))?;
        }
        Ok(Inventory { listing, inputs, unopened, newest })
    }

    fn look_at(&self, file: &DroppedFile, seen: &SeenFiles) -> Result<LookResult, RunError> {
        if file.year.is_some_and(|year| !(self.wanted)(year)) || is_not_a_table(file) {
            return Ok(LookResult::NotWanted);
        }
        if let Some(sha256) = seen.sha256(file).filter(|sha256| self.data.landing(sha256).exists()) {
            return Ok(LookResult::Hashed { sha256: sha256.to_owned(), new: None });
        }
        // It will be rejected for its size: it gets an entry in the books, and no copy.
        if is_too_large(self.settings, file) {
            return Ok(match files::sha256_of_file(&file.path) {
                Ok(sha256) => LookResult::Hashed { sha256, new: None },
                Err(_) => LookResult::Unopened(finding::FILE_UNOPENED),
            });
        }
        match self.land(file) {
            Ok(Some((sha256, new))) => Ok(LookResult::Hashed { sha256, new }),
            Ok(None) => Ok(LookResult::Unopened(finding::FILE_GROWING)),
            // The disk failed, not the file: the whole source is in doubt.
            Err(RunError::Io { path, source })
                if path == file.path && source.raw_os_error() == Some(Errno::IO.raw_os_error()) =>
            {
                Err(RunError::Source { path, source })
            }
            // Gone since it was listed, or unreadable: this affects one file, not the whole run.
            Err(RunError::Io { path, .. }) if path == file.path => {
                Ok(LookResult::Unopened(finding::FILE_UNOPENED))
            }
            Err(error) => Err(error),
        }
    }

    /// Keeps the bytes as received under their hash; `None` for a file that is still being written.
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

/// Whether a file next to the year folders is not a table (notes, a truth file), and so not a delivery.
fn is_not_a_table(file: &DroppedFile) -> bool {
    if file.label.contains('/') {
        return false;
    }
    let mut head = vec![0; 4096];
    let read = std::fs::File::open(&file.path).and_then(|mut open| std::io::Read::read(&mut open, &mut head));
    // A file that cannot be opened is reported when it is to be taken.
    let Ok(read) = read else { return false };
    // JSON next to the year folders is the output of another program, such as the truth of a mirror.
    matches!(sniff(&head[..read]), Err(_) | Ok(Format::Json))
}

/// The report year of a label, from its first folder.
pub(super) fn year_of(label: &str) -> Option<ReportYear> {
    label.split('/').next()?.parse().ok()
}
