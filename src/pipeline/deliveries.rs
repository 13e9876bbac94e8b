//! Which files there are, which are new, and their rows.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;

use rustix::io::Errno;

use super::{Hashed, PROGRAM, Run, RunError, io_error, parallel};
use crate::decode::Format;
use crate::decode::sniff::sniff;
use crate::decode::worker::{Decoder, Limits};
use crate::finding::{self, Finding, Rule};
use crate::intake::{self, Delivered, Intake, Outcome, TakenIn};
use crate::normalise::Context;
use crate::period::ReportYear;
use crate::position::Place;
use crate::runs::Seen;
use crate::sources::drop_folder::{self, Dropped, Listing};
use crate::warehouse::files::{self, Access};
use crate::warehouse::publish::Accepted;

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

impl Run<'_> {
    pub(super) fn list(&mut self) -> Result<Listing, RunError> {
        let drop = &self.settings.drop_dir;
        let listing = drop_folder::list(drop, &|name| self.key.label(name))
            .map_err(|source| RunError::Source { path: drop.clone(), source })?;
        for file in &listing.files {
            let Some(waiting) = file.year.and_then(|year| self.frozen.get_mut(&year)) else { continue };
            let mut inputs = self.last.iter().flat_map(|last| &last.inputs);
            let is_known = inputs.any(|input| input.file == file.label && input.bytes == file.bytes);
            *waiting += usize::from(!is_known);
        }
        let refused = listing.refused.iter().cloned();
        self.unopened = refused.map(|label| (label, finding::FILE_UNOPENED)).collect();
        Ok(listing)
    }

    /// The hash of every file of the years asked for; what is new is copied to landing.
    pub(super) fn hash(&mut self, dropped: &[Dropped]) -> Result<Vec<Hashed>, RunError> {
        let mut seen = Seen::load(&self.data);
        self.watch.stage("hash", dropped.len());
        let looked = parallel::each(
            self.settings.threads(),
            dropped,
            || (),
            |(), file| {
                let looked = self.look_at(file, &seen);
                self.watch.step();
                looked
            },
        );
        let mut hashed = Vec::with_capacity(dropped.len());
        let mut landed = Vec::new();
        for (file, looked) in dropped.iter().zip(looked) {
            match looked? {
                Looked::NotWanted => {}
                Looked::Unopened(rule) => self.unopened.push((file.label.clone(), rule)),
                Looked::Hashed { sha256, new } => {
                    landed.extend(new);
                    seen.remember(file, &sha256);
                    hashed.push(Hashed { file: file.clone(), sha256 });
                }
            }
        }
        // What lies under no year is told with the newest.
        let newest = hashed.iter().filter_map(|input| input.file.year).max();
        for input in &mut hashed {
            if input.file.year.is_none() {
                input.file.dataset.clear();
                input.file.year = newest;
            }
        }
        hashed.retain(|input| input.file.year.is_some());
        // One wait for the disk for all of them: what counts is in landing before anything counts on it.
        files::make_durable(&landed).map_err(io_error(self.data.path()))?;
        seen.save(&self.data).map_err(io_error(&self.data.seen()))?;
        Ok(hashed)
    }

    fn is_too_large(&self, file: &Dropped) -> bool {
        file.bytes > self.settings.file_size_max_mb << 20
    }

    /// A frozen year is nobody's to ask for: what lies in its folder is not even hashed.
    pub(super) fn is_asked(&self, year: ReportYear) -> bool {
        !self.frozen.contains_key(&year)
            && (self.request.years.is_empty() || self.request.years.contains(&year))
    }

    /// The hash of a file, known or new; what is new is copied to landing.
    fn look_at(&self, file: &Dropped, seen: &Seen) -> Result<Looked, RunError> {
        if file.year.is_some_and(|year| !self.is_asked(year)) || is_no_table(file) {
            return Ok(Looked::NotWanted);
        }
        if let Some(sha256) = seen.sha256(file).filter(|sha256| self.data.landing(sha256).exists()) {
            return Ok(Looked::Hashed { sha256: sha256.to_owned(), new: None });
        }
        // It will be rejected for its size: it has a name in the books, and no copy.
        if self.is_too_large(file) {
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
    fn land(&self, file: &Dropped) -> Result<Option<(String, Option<PathBuf>)>, RunError> {
        let bytes = drop_folder::read(file).map_err(io_error(&file.path))?;
        let Some(bytes) = bytes else { return Ok(None) };
        let sha256 = files::sha256(&bytes);
        let path = self.data.landing(&sha256);
        if path.exists() {
            return Ok(Some((sha256, None)));
        }
        files::write_derived(&path, &bytes, Access::Restricted).map_err(io_error(&path))?;
        Ok(Some((sha256, Some(path))))
    }

    /// Years whose own inputs, or those of the years before that it prints, are not those of the
    /// release that stands.
    pub(super) fn years_to_do(&mut self, inputs: &[Hashed]) -> Vec<ReportYear> {
        let mut found: BTreeSet<ReportYear> = inputs.iter().filter_map(|input| input.file.year).collect();
        // A decision about a year acts on it, whatever lies in its folder now.
        let published = self.last.iter().flat_map(|last| &last.years);
        found.extend(published.filter(|year| self.decided_years.contains(year)));
        // What decided a frozen year is what the release that stands says of it.
        found.retain(|year| !self.frozen.contains_key(year));
        for &year in &found {
            let own = self.fingerprint(inputs, year);
            self.own_fingerprints.insert(year, own);
        }
        let last = self.last.as_ref();
        for (year, own) in &self.own_fingerprints {
            let before = (1..=self.definitions.earlier_years(*year)).map(|back| {
                let standing = last.and_then(|last| last.own_fingerprints.get(&(year - back)));
                self.own_fingerprints.get(&(year - back)).or(standing).map_or("", String::as_str)
            });
            let all: Vec<&str> = std::iter::once(own.as_str()).chain(before).collect();
            self.fingerprints.insert(*year, files::sha256(all.join(" ").as_bytes()));
        }
        let changed = |year: &ReportYear| {
            last.is_none_or(|last| last.fingerprints.get(year) != self.fingerprints.get(year))
        };
        found.into_iter().filter(|&year| self.is_asked(year)).filter(changed).collect()
    }

    /// SHA-256 over what decides one year: its deliveries, definitions, settings, program, key.
    pub(super) fn fingerprint(&self, inputs: &[Hashed], year: ReportYear) -> String {
        let mut lines: Vec<String> = inputs
            .iter()
            .filter(|input| input.file.year == Some(year))
            .map(|input| format!("{} {}", input.file.dataset, input.sha256))
            .collect();
        let unopened = self.unopened.iter().filter(|(label, _)| year_of(label) == Some(year));
        lines.extend(unopened.map(|(label, rule)| format!("{} {label}", rule.id)));
        let decisions = self.recorded.iter().filter(|decision| decision.report_year == year);
        lines.extend(decisions.map(|decision| match (&decision.about, &decision.correction) {
            (None, None) => format!("{} {}", decision.rule, decision.value),
            // Which decision it is tells everything of it.
            _ => format!("{} {}", decision.rule, decision.id),
        }));
        lines.sort();
        lines.dedup();
        let settings = [
            &self.settings.city_code,
            &self.settings.residual_region_code,
            &self.settings.residual_region_name,
            &self.settings.city_name,
        ];
        lines.extend(settings.into_iter().cloned());
        let Limits { memory_mb, cpu_seconds } = self.decode_limits();
        lines.extend([self.settings.file_size_max_mb, memory_mb, cpu_seconds].map(|limit| limit.to_string()));
        lines.extend([PROGRAM.to_owned(), self.definitions.digest.clone(), self.key.check_value()]);
        files::sha256(lines.join("\n").as_bytes())
    }

    /// Every file decoded and normalised, on all threads, in the order of the listing.
    pub(super) fn take_in(
        &mut self,
        inputs: &[Hashed],
        years: &[ReportYear],
    ) -> Result<Vec<TakenIn>, RunError> {
        let wanted: Vec<&Hashed> =
            inputs.iter().filter(|input| input.file.year.is_none_or(|year| years.contains(&year))).collect();
        self.watch.stage("decode and normalise", wanted.len());
        let results = parallel::each(
            self.settings.threads(),
            &wanted,
            || self.decoder(),
            |decoder, input| {
                let result = self.take_in_one(input, decoder);
                self.watch.step();
                result
            },
        );
        let mut taken = Vec::new();
        for result in results {
            taken.extend(result?);
        }
        // A year that was looked at is in the release, even where nothing of it could be read.
        for &year in years {
            self.year(year);
        }
        for (refused, rule) in &self.unopened {
            if let Some(year) = year_of(refused).filter(|year| years.contains(year)) {
                let place = Place { file: refused.clone(), ..Place::default() };
                let finding = Finding::new(rule, year, "", "").at(place);
                taken.push(TakenIn {
                    label: refused.clone(),
                    year,
                    dataset: refused.split('/').nth(1).unwrap_or_default().to_owned(),
                    // It was never opened: its name stands for it.
                    sha256: files::sha256(refused.as_bytes()),
                    landing: String::new(),
                    outcome: Outcome::Rejected(Box::new(finding)),
                    try_again: false,
                });
            }
        }
        Ok(taken)
    }

    pub(super) fn decoder(&self) -> Decoder {
        Decoder::new(&self.request.decode_program, self.decode_limits())
    }

    fn decode_limits(&self) -> Limits {
        Limits {
            memory_mb: self.settings.decode_memory_max_mb,
            cpu_seconds: self.settings.decode_cpu_max_seconds,
        }
    }

    pub(super) fn take_in_one(
        &self,
        input: &Hashed,
        decoder: &mut Decoder,
    ) -> Result<Vec<TakenIn>, RunError> {
        let file = &input.file;
        if self.is_too_large(file) {
            let place = Place { file: file.label.clone(), ..Place::default() };
            let year = file.year.unwrap_or_default();
            let detail = format!("{} MB", self.settings.file_size_max_mb);
            let finding = Finding::new(finding::FILE_LIMIT, year, &file.dataset, &detail).at(place);
            return Ok(vec![TakenIn {
                label: file.label.clone(),
                year,
                dataset: file.dataset.clone(),
                sha256: input.sha256.clone(),
                landing: input.sha256.clone(),
                outcome: Outcome::Rejected(Box::new(finding)),
                try_again: false,
            }]);
        }
        let landed = self.data.landing(&input.sha256);
        let mut bytes = fs::read(&landed).map_err(io_error(&landed))?;
        if files::sha256(&bytes) != input.sha256 {
            // The kept copy was damaged: it is taken again, if the file is still what it was.
            let again = drop_folder::read(file).map_err(io_error(&file.path))?;
            bytes = again
                .filter(|again| files::sha256(again) == input.sha256)
                .ok_or_else(|| RunError::Damaged(landed.clone()))?;
            files::write_whole(&landed, &bytes, Access::Restricted).map_err(io_error(&landed))?;
        }
        let intake = self.intake();
        let delivered = Delivered {
            label: &file.label,
            year: file.year,
            dataset: &file.dataset,
            sha256: &input.sha256,
            landing: &input.sha256,
            bytes: &bytes,
        };
        Ok(intake::take_in(intake, decoder, delivered)?)
    }

    /// A delivery that counts already, from the bytes that landing kept; nothing when they are gone.
    pub(super) fn take_in_landed(
        &self,
        accepted: &Accepted,
        decoder: &mut Decoder,
    ) -> Result<Vec<TakenIn>, RunError> {
        let landed = self.data.landing(&accepted.landing);
        let bytes = match fs::read(&landed) {
            Ok(bytes) if files::sha256(&bytes) == accepted.landing => bytes,
            Ok(_) => return Ok(Vec::new()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io_error(&landed)(error)),
        };
        let intake = self.intake();
        let delivered = Delivered {
            label: &accepted.file,
            year: Some(accepted.report_year),
            dataset: &accepted.dataset,
            sha256: &accepted.landing,
            landing: &accepted.landing,
            bytes: &bytes,
        };
        Ok(intake::take_in(intake, decoder, delivered)?)
    }

    fn intake(&self) -> Intake<'_> {
        Intake {
            data: &self.data,
            definitions: self.definitions,
            context: self.context(),
            corrections: &self.corrections,
            member_max: self.settings.file_size_max_mb << 20,
        }
    }

    pub(super) fn context(&self) -> Context<'_> {
        Context {
            codes: &self.definitions.codes,
            key: &self.key,
            city_code: &self.settings.city_code,
            residual_code: &self.settings.residual_region_code,
        }
    }
}

/// A file beside the year folders that is no table at all (notes, a truth file) is no delivery.
fn is_no_table(file: &Dropped) -> bool {
    if file.label.contains('/') {
        return false;
    }
    let mut head = vec![0; 4096];
    let read = fs::File::open(&file.path).and_then(|mut open| io::Read::read(&mut open, &mut head));
    // What cannot be opened is told when it is to be taken.
    let Ok(read) = read else { return false };
    // Objects beside the year folders are the words of another program, such as the truth of a mirror.
    matches!(sniff(&head[..read]), Err(_) | Ok(Format::Json))
}

/// The year folder of a label.
fn year_of(label: &str) -> Option<ReportYear> {
    label.split('/').next()?.parse().ok()
}
