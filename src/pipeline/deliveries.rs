//! Which files there are, which are new, and their rows.

use std::fs;
use std::io;

use super::survey::{Hashed, Survey, is_too_large, year_of};
use super::{Given, Run, RunError, io_error, parallel};
use crate::decode::worker::{Decoder, Limits};
use crate::finding::{self, Finding, Rule};
use crate::intake::{self, Delivered, Intake, Outcome, TakenIn};
use crate::normalise::Context;
use crate::period::ReportYear;
use crate::position::Place;
use crate::settings::Settings;
use crate::sources::drop_folder;
use crate::warehouse::files::{self, Access};
use crate::warehouse::publish::Accepted;

impl Given<'_> {
    /// Every file with its hash; what is new is copied to landing, if it is to be.
    pub(super) fn survey(&self, lands: bool) -> Survey<'_> {
        Survey {
            settings: self.settings,
            data: &self.data,
            key: &self.key,
            wanted: &*self.wanted,
            lands,
            watch: self.watch,
        }
    }

    pub(super) fn decoder(&self) -> Decoder {
        Decoder::new(&self.request.decode_program, decode_limits(self.settings))
    }

    pub(super) fn take_in_one(
        &self,
        input: &Hashed,
        decoder: &mut Decoder,
    ) -> Result<Vec<TakenIn>, RunError> {
        let file = &input.file;
        if is_too_large(self.settings, file) {
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

impl Run<'_> {
    /// Every file decoded and normalised, on all threads, in the order of the listing.
    pub(super) fn take_in(
        &mut self,
        inputs: &[Hashed],
        unopened: &[(String, &'static Rule)],
        years: &[ReportYear],
    ) -> Result<Vec<TakenIn>, RunError> {
        let wanted: Vec<&Hashed> =
            inputs.iter().filter(|input| input.file.year.is_none_or(|year| years.contains(&year))).collect();
        self.given.watch.stage("decode and normalise", wanted.len());
        let results = parallel::each(
            self.given.settings.threads(),
            &wanted,
            || self.given.decoder(),
            |decoder, input| {
                let result = self.given.take_in_one(input, decoder);
                self.given.watch.step();
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
        for (refused, rule) in unopened {
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
}

/// What the process that reads a delivery may use.
pub(super) fn decode_limits(settings: &Settings) -> Limits {
    Limits { memory_mb: settings.decode_memory_max_mb, cpu_seconds: settings.decode_cpu_max_seconds }
}
