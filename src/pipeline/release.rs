//! Held back or published, and what is said of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::plan::AGAIN;
use super::{Ended, Hashed, PROGRAM, Run, RunError, Year, catalogue_sql, corrected, io_error};
use crate::contract::Role;
use crate::decisions::findings;
use crate::definition::Definitions;
use crate::delivery::DeliveryOutcome;
use crate::finding::{self, Finding, RULES, Severity};
use crate::layout::{Basis, HeadlineLayout, Level};
use crate::normalise::Counts;
use crate::period::ReportYear;
use crate::reconcile::Reconciled;
use crate::sources::drop_folder::Listing;
use crate::tables::row;
use crate::tables::run::RunRow;
use crate::warehouse::files::{self, Access};
use crate::warehouse::publish::{
    self, DatasetSummary, FORMAT, FileCounts, Headline, Input, KeyId, Manifest, PartKind, ReleaseOutcome,
    RuleCount, StagedFile, Summary, YearSummary,
};

impl Run<'_> {
    /// S0 findings, or too many schools that delivered nothing.
    pub(super) fn held_back(&self, listing: &Listing) -> Option<Ended> {
        let stops = |finding: &&Finding| finding.severity == Severity::S0;
        let mut findings: Vec<Finding> =
            self.years.values().flat_map(|of| of.findings.iter().filter(stops)).cloned().collect();
        // Of a year without a report only some things may ever be delivered.
        let reported = self.years.iter().filter(|(year, _)| self.given.definitions.layout(**year).is_some());
        let register = self.given.definitions.of_role(Role::Register).map(|dataset| dataset.dataset.as_str());
        for (&year, of) in reported {
            let silent = of.schools.keys().filter(|school| {
                !of.fragments.iter().any(|(dataset, fragments)| {
                    Some(dataset.as_str()) != register
                        && fragments.iter().any(|used| used.units.contains(*school))
                })
            });
            let silent: Vec<&String> = silent.collect();
            if silent.len() > self.given.settings.max_missing_schools as usize {
                let detail = format!("{} 所学校没有任何报送，超过 max_missing_schools", silent.len());
                let mut finding = Finding::new(finding::SCHOOL_MISSING, year, "", &detail);
                finding.severity = Severity::S0;
                findings.push(finding);
            }
        }
        if findings.is_empty() {
            return None;
        }
        Some(Ended::HeldBack { findings, summary: Box::new(self.summary(listing)) })
    }

    pub(super) fn publish(&mut self, listing: &Listing, inputs: &[Hashed]) -> Result<Manifest, RunError> {
        let staged = self.given.data.staged_release();
        let number = publish::releases(&self.given.data)?.last().copied().unwrap_or_default() + 1;
        let summary = self.summary(listing);
        self.stage_flat()?;
        let run = RunRow {
            release: Some(number),
            created: self.given.request.now.clone(),
            program: PROGRAM.to_owned(),
            definitions: self.given.definitions.digest.clone(),
            rows_physical: summary.rows.physical,
            rows_loaded: summary.rows.loaded,
            rows_quarantined: summary.rows.quarantined,
            rows_duplicate: summary.rows.duplicate,
            rows_structural: summary.rows.structural,
        };
        let path = staged.join("tables/run/run.parquet");
        files::make_folder(&staged.join("tables/run"), Access::Open).map_err(io_error(&staged))?;
        row::write(&path, [run].into_iter())?;
        self.staged.push(StagedFile { path: "tables/run/run.parquet".into(), rows: 1, in_digest: false });
        let catalogue = staged.join("catalog.sql");
        fs::write(&catalogue, catalogue_sql(&self.staged, "")).map_err(io_error(&catalogue))?;
        self.staged.push(StagedFile { path: "catalog.sql".into(), rows: 0, in_digest: true });
        self.staged.sort_by(|a, b| a.path.cmp(&b.path));
        let (files, digest) = publish::describe(&staged, &self.staged)?;
        let outcome = if summary.is_open() { ReleaseOutcome::Draft } else { ReleaseOutcome::Clean };
        let last = self.given.last.clone().unwrap_or_default();
        let (mut fingerprints, mut own_fingerprints) = (last.fingerprints, last.own_fingerprints);
        let mut parts = last.parts;
        for (&year, of) in &self.years {
            let Some(planned) = self.planned.get(&year) else { continue };
            // One that no inputs have: the year is made again.
            let again = if of.try_again { AGAIN } else { "" };
            fingerprints.insert(year, format!("{}{again}", planned.fingerprint));
            own_fingerprints.insert(year, planned.own_fingerprint.clone());
            parts.insert(year, planned.parts.clone());
        }
        let manifest = Manifest {
            format: FORMAT,
            release: number,
            created: self.given.request.now.clone(),
            program: PROGRAM.to_owned(),
            definitions: self.given.definitions.digest.clone(),
            made_with: self.made_with(),
            key: KeyId { id: self.given.key.id(), check_value: self.given.key.check_value() },
            years: fingerprints.keys().copied().collect(),
            fingerprints,
            own_fingerprints,
            parts,
            digest,
            outcome,
            inputs: self.manifest_inputs(inputs),
            accepted: self.accepted(),
            lapsed: self.lapsed(),
            fragments: self.manifest_fragments(),
            earlier: publish::earlier_manifests(&self.given.data, self.given.last.as_ref())?,
            files,
            summary,
        };
        publish::publish(&self.given.data, &staged, &manifest, self.given.last.as_ref())?;
        // What is left of it is cleared by the next run.
        let _ = fs::remove_dir_all(&staged);
        Ok(manifest)
    }

    /// The definitions that each year was made with: these, or those of a year that is kept.
    fn made_with(&self) -> BTreeMap<ReportYear, String> {
        let last = self.given.last.iter().flat_map(|last| last.years.iter().map(move |year| (last, year)));
        let mut made_with: BTreeMap<ReportYear, String> =
            last.map(|(last, &year)| (year, last.definitions_of(year).to_owned())).collect();
        made_with.extend(self.years.keys().map(|year| (*year, self.definitions_read_by(*year))));
        made_with
    }

    /// SHA-256 over what a year reads of the definitions.
    fn definitions_read_by(&self, year: ReportYear) -> String {
        let parts = self.planned.get(&year).map(|planned| planned.parts.as_slice()).unwrap_or_default();
        let read = parts.iter().filter(|part| part.kind == PartKind::Definition);
        let lines: Vec<String> = read.map(|part| format!("{} {}", part.name, part.value)).collect();
        files::sha256(lines.join("\n").as_bytes())
    }

    /// What each year was normalised into; of a year that is kept, what the release that stands says.
    fn manifest_fragments(&self) -> BTreeMap<ReportYear, BTreeSet<String>> {
        let mut fragments = self.given.last.as_ref().map(|last| last.fragments.clone()).unwrap_or_default();
        for year in self.years.keys() {
            let kept = self.years[year].fragments.values().flatten().map(|used| used.fragment.key.clone());
            let mut of_year: BTreeSet<String> = self.fragments.get(year).cloned().unwrap_or_default();
            of_year.extend(kept);
            fragments.insert(*year, of_year);
        }
        fragments
    }

    pub(super) fn manifest_inputs(&self, inputs: &[Hashed]) -> Vec<Input> {
        let kept = self.given.last.iter().flat_map(|last| &last.inputs);
        let mut all: Vec<Input> =
            kept.filter(|input| !self.years.contains_key(&input.report_year)).cloned().collect();
        all.extend(inputs.iter().filter_map(|input| {
            let report_year = input.file.year.filter(|year| self.years.contains_key(year))?;
            Some(Input {
                report_year,
                dataset: input.file.dataset.clone(),
                file: input.file.label.clone(),
                sha256: input.sha256.clone(),
                bytes: input.file.bytes,
            })
        }));
        all.sort();
        all
    }

    pub(super) fn summary(&self, listing: &Listing) -> Summary {
        let mut summary = Summary::default();
        let carried = self
            .given
            .last
            .as_ref()
            .filter(|last| last.years.iter().any(|year| !self.years.contains_key(year)));
        if let Some(last) = carried {
            let kept = |year: &ReportYear| !self.years.contains_key(year);
            summary.datasets =
                last.summary.datasets.iter().filter(|d| kept(&d.report_year)).cloned().collect();
            summary.headlines =
                last.summary.headlines.iter().filter(|h| kept(&h.report_year)).cloned().collect();
            for (&year, part) in last.summary.years.iter().filter(|(year, _)| kept(year)) {
                summary.add_year(year, part.clone());
            }
        }
        for (&year, of) in &self.years {
            for dataset in &self.given.definitions.datasets {
                let own = of.deliveries.iter().filter(|delivery| delivery.dataset == dataset.dataset);
                let mut line = DatasetSummary {
                    report_year: year,
                    dataset: dataset.dataset.clone(),
                    title_zh: dataset.title_zh.clone(),
                    files: 0,
                    rows: Counts::default(),
                };
                for delivery in own {
                    line.files += u64::from(delivery.outcome != DeliveryOutcome::Kept);
                    line.rows += delivery.rows;
                }
                // What every school delivers for a report is told where nobody did, too.
                let is_wanted = (dataset.every_school || dataset.role == Some(Role::Register))
                    && self.given.definitions.layout(year).is_some();
                if line.files > 0 || line.rows.physical > 0 || is_wanted {
                    summary.datasets.push(line);
                }
            }
            summary.headlines.extend(self.headlines(year));
            summary.add_year(year, year_summary(of, self.given.definitions));
        }
        summary.datasets.sort_by_key(|line| line.report_year);
        summary.headlines.sort_by_key(|line| line.report_year);
        summary.files.ignored = listing.ignored;
        assert!(summary.rows.holds(), "rows were lost or counted twice: {:?}", summary.rows);
        let FileCounts { files, decoded, rejected, repeated, .. } = summary.files;
        assert_eq!(files, decoded + rejected + repeated, "files were lost or counted twice");
        summary
    }

    /// The figures a statistician looks at first.
    pub(super) fn headlines(&self, year: ReportYear) -> Vec<Headline> {
        let Some(layout) = self.given.definitions.layout(year) else { return Vec::new() };
        let city = |id: &str, basis: Basis| {
            let of = |basis: Basis| {
                self.years[&year].values.iter().find(|value| {
                    let key = &value.key;
                    key.indicator_id == id
                        && key.basis == basis
                        && key.breakdown.is_empty()
                        && key.unit.level == Level::City
                })
            };
            of(basis.adjusted()).or_else(|| of(basis))
        };
        let headline = |line: &HeadlineLayout| {
            let indicator = self.given.definitions.indicator(&line.indicator)?;
            let value = city(&line.indicator, line.basis)?;
            let text = value.printed(line.decimals)?;
            Some(Headline {
                report_year: year,
                indicator_id: line.indicator.clone(),
                title_zh: indicator.title_zh.clone(),
                basis: value.key.basis.label().to_owned(),
                text,
                unit: indicator.unit.clone(),
            })
        };
        layout.headlines.iter().filter_map(headline).collect()
    }
}

/// Files, rows and findings of one year.
fn year_summary(of: &Year, definitions: &Definitions) -> YearSummary {
    let mut part = YearSummary::default();
    for delivery in &of.deliveries {
        let files = &mut part.files;
        files.files += u64::from(delivery.outcome != DeliveryOutcome::Kept);
        match delivery.outcome {
            DeliveryOutcome::Decoded => files.decoded += 1,
            DeliveryOutcome::SetAside => {
                files.decoded += 1;
                files.set_aside += 1;
            }
            DeliveryOutcome::Kept => files.kept += 1,
            DeliveryOutcome::Rejected => files.rejected += 1,
            DeliveryOutcome::Repeated => files.repeated += 1,
        }
        part.rows += delivery.rows;
    }
    let mut rules: BTreeMap<(Severity, &str), u64> = BTreeMap::new();
    for finding in &of.findings {
        *rules.entry((finding.severity, &finding.rule)).or_default() += finding.count;
    }
    let title = |rule: &str| {
        let known = RULES.iter().find(|known| known.id == rule).map(|known| known.title);
        let mut kinds = definitions.audit.rules.iter();
        known.or_else(|| {
            kinds.find(|(kind, _)| findings::rule(**kind) == rule).map(|(_, text)| text.title.as_str())
        })
    };
    let count = |((severity, rule), count): ((Severity, &str), u64)| RuleCount {
        rule: rule.to_owned(),
        severity,
        title: title(rule).unwrap_or_default().to_owned(),
        count,
    };
    part.rules = rules.into_iter().map(count).collect();
    part.reconciled = Reconciled::of(&of.differences);
    part.corrections = corrected::counts(of);
    part.checks.clone_from(&of.checks);
    part
}
