//! The files of the drop folder, which of them are new, and their rows.

use std::fs;
use std::io;

use super::survey::{DroppedDelivery, Inventory, Survey, is_too_large};
use super::{RunContext, RunError, io_error, parallel};
use crate::decode::worker::{Decoder, Limits};
use crate::finding::{self, Finding, Rule};
use crate::ingest::{self, DeliveredFile, Intake, IntakeResult, Outcome};
use crate::normalise::Context;
use crate::period::ReportYear;
use crate::position::Place;
use crate::sources::drop_folder;
use crate::warehouse::files::{self, Access};
use crate::warehouse::publish::CountedDelivery;

impl RunContext<'_> {
    /// A survey of every file with its hash; with `lands`, new bytes are copied to landing.
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
        Decoder::new(&self.request.decode_program, Limits::of(self.settings))
    }

    pub(super) fn take_in_one(
        &self,
        input: &DroppedDelivery,
        decoder: &mut Decoder,
    ) -> Result<Vec<IntakeResult>, RunError> {
        let file = &input.file;
        if is_too_large(self.settings, file) {
            let place = Place { file: file.label.clone(), ..Place::default() };
            let year = file.year.unwrap_or_default();
            let detail = ingest::too_large_words(file.bytes, self.settings.file_size_max_mb << 20);
            let finding = Finding::new(finding::FILE_LIMIT, year, &file.dataset, &detail).at(place);
            return Ok(vec![IntakeResult {
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
            // The kept copy is damaged: it is made again if the file has not changed.
            let again = drop_folder::read(file).map_err(io_error(&file.path))?;
            bytes = again
                .filter(|again| files::sha256(again) == input.sha256)
                .ok_or_else(|| RunError::Damaged(landed.clone()))?;
            files::write_whole(&landed, &bytes, Access::Restricted).map_err(io_error(&landed))?;
        }
        let intake = self.intake();
        let delivered = DeliveredFile {
            label: &file.label,
            year: file.year,
            dataset: &file.dataset,
            sha256: &input.sha256,
            landing: &input.sha256,
            bytes: &bytes,
        };
        Ok(ingest::take_in(intake, decoder, delivered)?)
    }

    /// Takes in a delivery that counts already, from its bytes in landing; nothing when they are gone.
    pub(super) fn take_in_landed(
        &self,
        accepted: &CountedDelivery,
        decoder: &mut Decoder,
    ) -> Result<Vec<IntakeResult>, RunError> {
        let landed = self.data.landing(&accepted.landing);
        let bytes = match fs::read(&landed) {
            Ok(bytes) if files::sha256(&bytes) == accepted.landing => bytes,
            Ok(_) => return Ok(Vec::new()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io_error(&landed)(error)),
        };
        let intake = self.intake();
        let delivered = DeliveredFile {
            label: &accepted.file,
            year: Some(accepted.report_year),
            dataset: &accepted.dataset,
            sha256: &accepted.landing,
            landing: &accepted.landing,
            bytes: &bytes,
        };
        Ok(ingest::take_in(intake, decoder, delivered)?)
    }

    fn intake(&self) -> Intake<'_> {
        Intake {
            data: &self.data,
            definitions: self.definitions,
            context: self.normalise_context(),
            corrections: &self.corrections,
            member_max: self.settings.file_size_max_mb << 20,
            unpacked_max: self.settings.unpacked_max_mb << 20,
        }
    }

    pub(super) fn normalise_context(&self) -> Context<'_> {
        Context {
            codes: &self.definitions.codes,
            key: &self.key,
            city_code: &self.settings.city_code,
            residual_code: &self.settings.residual_region_code,
        }
    }
}

/// Decodes and normalises every file of some years, on all threads; results are in the order of the listing.
///
/// # Errors
/// When the file system fails.
pub(super) fn take_in(
    context: &RunContext<'_>,
    inventory: &Inventory,
    years: &[ReportYear],
) -> Result<Vec<IntakeResult>, RunError> {
    let inputs: Vec<&DroppedDelivery> = inventory.of_years(years).collect();
    context.watch.stage("decode and normalise", inputs.len());
    let results = parallel::each(
        context.settings.threads(),
        inputs,
        || context.decoder(),
        |decoder, input| {
            let result = context.take_in_one(input, decoder);
            context.watch.step();
            result
        },
    );
    let mut taken = Vec::new();
    for result in results {
        taken.extend(result?);
    }
    for &year in years {
        taken.extend(inventory.unopened_of(year).map(|(label, rule)| unopened(label, year, rule)));
    }
    Ok(taken)
}

/// The entry of a file that was never opened.
fn unopened(label: &str, year: ReportYear, rule: &'static Rule) -> IntakeResult {
    let place = Place { file: label.to_owned(), ..Place::default() };
    IntakeResult {
        label: label.to_owned(),
        year,
        dataset: label.split('/').nth(1).unwrap_or_default().to_owned(),
        // The name replaces the content, which was not read.
        sha256: files::sha256(label.as_bytes()),
        landing: String::new(),
        outcome: Outcome::Rejected(Box::new(Finding::new(rule, year, "", "").at(place))),
        try_again: false,
    }
}
