//! `nianbao quarantine release`: what clerks wrote in correction sheets, one workbook or a folder of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::decision::{Desk, RowDecider, record, refuse_frozen};
use super::filled::{self as book, FilledSheets};
use super::{ExitCode, Failure, Global, output, published};
use crate::decisions::corrections::{self, Change, Correction, Kind};
use crate::decisions::{self, Override};
use crate::definitions::Definitions;
use crate::documents::{DocumentKind, DocumentState, Register};
use crate::normalise::identity::PseudonymKey;
use crate::period::ReportYear;
use crate::pipeline;
use crate::position;
use crate::quarantine::filled::{self, FilledRow};
use crate::quarantine::{self, CaseFilter, summary};
use crate::settings::Settings;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::Manifest;

#[derive(Debug, clap::Args)]
pub struct ReleaseArgs {
    /// The workbook …更正表.xlsx, filled in; or a folder, of which every workbook is read
    #[arg(value_name = "FILE|FOLDER")]
    file: PathBuf,
    #[command(flatten)]
    decider: RowDecider,
}

/// The outcome for a workbook's rows.
#[derive(Debug, Default, Serialize)]
struct RowsTaken {
    report_year: ReportYear,
    school_code: String,
    recorded: Vec<Override>,
    /// Rows whose answers are recorded already.
    known: usize,
}

/// What became of one workbook of a folder.
#[derive(Debug, Serialize)]
struct FolderEntry {
    file: PathBuf,
    outcome: EntryOutcome,
    #[serde(flatten)]
    taken: Option<RowsTaken>,
    #[serde(skip_serializing_if = "String::is_empty")]
    why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum EntryOutcome {
    Taken,
    NotTaken,
    /// As the program wrote it, or a summary: there is nothing to read.
    PassedOver,
}

/// Answers of one reading: which workbook answered each case, and how.
type AnswersRead = BTreeMap<String, (PathBuf, Kind, Vec<Change>)>;

struct Reader<'a> {
    settings: &'a Settings,
    definitions: &'a Definitions,
    data: &'a DataRoot,
    desk: &'a Desk,
    manifest: Manifest,
    key: PseudonymKey,
    by: Option<&'a str>,
    when: &'a str,
}

pub fn release(
    global: &Global,
    settings: &Settings,
    definitions: &Definitions,
    (data, desk): (&DataRoot, &Desk),
    args: &ReleaseArgs,
    when: &str,
) -> Result<ExitCode, Failure> {
    let manifest = published(data, "`nianbao run` publishes a release, and says what it kept out")?;
    let key = pipeline::pseudonym_key(data, Some(&manifest))?;
    let by = args.decider.by.as_deref();
    let reader = Reader { settings, definitions, data, desk, manifest, key, by, when };
    if args.file.is_dir() {
        return reader.folder(global, &args.file);
    }
    let taken = reader.workbook(&args.file, &mut AnswersRead::new())?;
    if global.json {
        output::json(&taken)?;
    } else {
        print(&taken);
    }
    Ok(ExitCode::Done)
}

impl Reader<'_> {
    /// Reads every workbook of a folder. One that is not taken stops none of the others.
    fn folder(&self, global: &Global, folder: &Path) -> Result<ExitCode, Failure> {
        let mut files = Vec::new();
        workbooks(folder, &mut files)
            .map_err(|error| Failure::usage(&format!("`{}`: {error}", folder.display())))?;
        if files.is_empty() {
            return Err(Failure::usage(&format!("there is no workbook in `{}`", folder.display())));
        }
        let register = Register::load(self.data)?;
        let mut read = AnswersRead::new();
        let mut entries = Vec::new();
        for file in files {
            let (outcome, taken, why) = if is_unchanged(&register, &file)? {
                (EntryOutcome::PassedOver, None, "no one changed it".to_owned())
            } else {
                match self.workbook(&file, &mut read) {
                    Ok(taken) => (EntryOutcome::Taken, Some(taken), String::new()),
                    Err(failure) if failure.code != ExitCode::Usage => return Err(failure),
                    Err(_) if self.is_summary(&file) => {
                        (EntryOutcome::PassedOver, None, "it is a summary".to_owned())
                    }
                    Err(failure) => (EntryOutcome::NotTaken, None, failure.message),
                }
            };
            let entry = FolderEntry { file, outcome, taken, why };
            if !global.json {
                print_entry(&entry);
            }
            entries.push(entry);
        }
        let count = |outcome: EntryOutcome| entries.iter().filter(|entry| entry.outcome == outcome).count();
        let [taken, not_taken, passed_over] =
            [EntryOutcome::Taken, EntryOutcome::NotTaken, EntryOutcome::PassedOver].map(count);
        if global.json {
            output::json(&entries)?;
        } else {
            output::line(&format!(
                "{} workbooks: {taken} taken, {not_taken} not taken, {passed_over} with nothing to read.",
                entries.len()
            ));
        }
        Ok(if not_taken == 0 { ExitCode::Done } else { ExitCode::Draft })
    }

    fn is_summary(&self, file: &Path) -> bool {
        self.sheets(file).is_ok_and(|(sheets, _)| summary::is_summary(&sheets))
    }

    /// The sheets of a workbook. A parser's message may quote the file.
    fn sheets(&self, file: &Path) -> Result<(FilledSheets, String), Failure> {
        book::sheets_of(self.settings, file, &|_| "it does not read as a workbook".to_owned())
    }

    /// Records the answers of one workbook: all of them, or none.
    fn workbook(&self, file: &Path, read: &mut AnswersRead) -> Result<RowsTaken, Failure> {
        let (sheets, sha256) = self.sheets(file)?;
        let refused = |lines: &[String]| {
            Failure::usage(&format!("`{}` is not taken\n{}", file.display(), lines.join("\n")))
                .hint("nothing was recorded; mend the workbook, or fill in one that is exported anew")
        };
        let texts = |faults: &[filled::Fault]| faults.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (year, school) = filled::about(&sheets).map_err(|fault| refused(&texts(&[fault])))?;
        let (data, manifest) = (self.data, &self.manifest);
        if !manifest.years.contains(&year) {
            return Err(Failure::usage(&format!("release {:06} has no year {year}", manifest.release)));
        }
        refuse_frozen(data, year)?;
        let all = decisions::all(data)?;
        let recorded = decisions::not_withdrawn(&all);
        let of_year = CaseFilter { year: Some(year), cells: true, ..CaseFilter::default() };
        let mut cases = quarantine::cases(data, manifest, &recorded, &of_year)?;
        quarantine::name_people(data, self.definitions, manifest, (year, Some(&school)), &mut cases)?;
        let answers = filled::read(&sheets, &cases, self.definitions, self.by)
            .map_err(|faults| refused(&texts(&faults)))?;
        let contradicted = answers.rows.iter().filter_map(|row| {
            let (other, kind, changes) = read.get(&row.case.id)?;
            let is_other = (*kind, changes) != (row.kind, &row.changes);
            is_other.then(|| format!("{} is answered otherwise in `{}`", row.case.id, other.display()))
        });
        let contradicted: Vec<String> = contradicted.collect();
        if !contradicted.is_empty() {
            return Err(refused(&contradicted));
        }
        let holding = recorded.into_iter().filter(|decision| !manifest.lapsed.contains(&decision.id));
        let newest = corrections::newest(holding);
        let mut taken = RowsTaken {
            report_year: year,
            school_code: answers.school_code.clone(),
            known: answers.known,
            ..RowsTaken::default()
        };
        let mut records = Vec::new();
        for row in &answers.rows {
            let known = newest.get(row.case.id.as_str()).copied();
            let row = &FilledRow { by: admitted(self.desk, row)?, ..row.clone() };
            let record = decision(data, &self.key, row, known, self.when)?;
            if known.is_some_and(|(known, _)| {
                (&known.who, &known.correction) == (&record.who, &record.correction)
            }) {
                taken.known += 1;
            } else {
                records.push(record);
            }
            read.insert(row.case.id.clone(), (file.to_owned(), row.kind, row.changes.clone()));
        }
        taken.recorded = decisions::add_all(data, self.desk.origin(), records)?;
        Register::load(data)?.read_back(sha256)?;
        Ok(taken)
    }
}

/// Whether a document is as the program wrote it.
fn is_unchanged(register: &Register, file: &Path) -> Result<bool, Failure> {
    let is_read = |kind| matches!(kind, DocumentKind::Corrections | DocumentKind::Report);
    let state = register.state_of(file)?;
    Ok(state.is_some_and(|(kind, state)| is_read(kind) && state == DocumentState::AsWritten))
}

/// The workbooks in a folder and below it, in the order of their names: no lock files of spreadsheet programs,
/// nothing hidden, no other files.
fn workbooks(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    const ENDINGS: [&str; 7] = ["xlsx", "xlsm", "xlsb", "xls", "et", "ods", "csv"];
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        if name.starts_with(['.', '~']) {
            continue;
        }
        if path.is_dir() {
            workbooks(&path, found)?;
        } else if ENDINGS.contains(&ending.as_str()) {
            found.push(path);
        }
    }
    Ok(())
}

fn print_entry(entry: &FolderEntry) {
    let file = entry.file.display();
    match &entry.taken {
        Some(taken) => {
            output::line(&format!("{file}"));
            print(taken);
        }
        None if entry.outcome == EntryOutcome::PassedOver => {
            output::line(&format!("{file}: nothing to read, {}", entry.why));
        }
        None => output::line(&entry.why),
    }
}

/// The name that the record of a row's answer has. The id of the row finds the name in the workbook.
fn admitted(desk: &Desk, row: &FilledRow<'_>) -> Result<String, Failure> {
    desk.decider(&row.by).map_err(|refusal| {
        let failure = Failure::usage(&format!("{}: {refusal}", row.case.id));
        failure.hint("nothing was recorded; who keeps the list of persons adds names, roles and accounts")
    })
}

/// The record of a row's answer. Its cells are stored in the restricted quarantine first, so that no record
/// lacks them.
fn decision(
    data: &DataRoot,
    key: &PseudonymKey,
    row: &FilledRow<'_>,
    known: Option<(&Override, &Correction)>,
    when: &str,
) -> Result<Override, Failure> {
    let case = row.case;
    let cells = if row.kind == Kind::Corrected {
        let earlier = match known {
            Some((_, correction)) if correction.kind == Kind::Corrected => {
                corrections::read_cells(data, key, correction)?
            }
            _ => Vec::new(),
        };
        let changes = merge_changes(&earlier, &row.changes);
        corrections::keep_cells(data, key, &case.id, &changes).map_err(|error| Failure::internal(&error))?
    } else {
        String::new()
    };
    let place = quarantine::place_of(case);
    let why = format!("更正表 {}：{}", case.id, row.kind.label());
    Ok(Override {
        rule: row.kind.rule().to_owned(),
        key: case.file.clone(),
        value: case.sha256.clone(),
        correction: Some(Correction {
            case: case.id.clone(),
            kind: row.kind,
            dataset: case.dataset.clone(),
            school_code: case.school_code.clone(),
            rule: case.problems.first().map(|problem| problem.rule.clone()).unwrap_or_default(),
            place,
            cells,
        }),
        ..record(case.report_year, &row.by, &why, when)
    })
}

/// Merges the changes of a row that was corrected before: the new values count, compared with the delivered ones.
fn merge_changes(earlier: &[Change], now: &[Change]) -> Vec<Change> {
    let mut columns: BTreeMap<u32, Change> =
        earlier.iter().map(|change| (change.column, change.clone())).collect();
    for change in now {
        let known = columns.get(&change.column);
        let was = known.map_or_else(|| change.was.clone(), |known| known.was.clone());
        columns.insert(change.column, Change { was, ..change.clone() });
    }
    columns.into_values().collect()
}

fn print(taken: &RowsTaken) {
    let count = |kind: Kind| {
        let kinds = taken.recorded.iter().filter_map(|decision| decision.correction.as_ref());
        kinds.filter(|correction| correction.kind == kind).count()
    };
    for decision in &taken.recorded {
        let Some(correction) = &decision.correction else { continue };
        output::line(&format!(
            "decision {}: {} {} {}",
            decision.id,
            correction.case,
            correction.kind.label(),
            position::redact(&decision.who)
        ));
    }
    let then = if taken.recorded.is_empty() { "" } else { "; the next run acts on them" };
    output::line(&format!(
        "{} corrected, {} given up, {} confirmed, {} known already{then}.",
        count(Kind::Corrected),
        count(Kind::GivenUp),
        count(Kind::Confirmed),
        taken.known
    ));
}
