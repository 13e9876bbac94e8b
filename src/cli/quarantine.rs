//! `nianbao quarantine`: lists the rows kept out, exports correction sheets, and reads them back.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::corrections;
use super::decision::Desk;
use super::output::{self, left};
use super::units::Units;
use super::{
    ExitCode, Failure, Global, data_root, documents, load, load_settings, now, open, published, under_lock,
};
use crate::decisions;
use crate::decisions::spellings::is_one_name;
use crate::definitions::Definitions;
use crate::documents::{self as written, Draft, Register};
use crate::ledger;
use crate::normalise::text;
use crate::period::ReportYear;
use crate::quarantine::sheets::{self, SheetContext};
use crate::quarantine::summary::{self, Tally};
use crate::quarantine::{self, Case, CaseFilter, Names, QuarantineError, State};
use crate::report::file_name;
use crate::settings::{Overrides, Settings};
use crate::spelling::{alike, did_you_mean};
use crate::warehouse::files::{self, Access};
use crate::warehouse::layout::{DataRoot, release_name};
use crate::warehouse::publish::{Manifest, ReleaseOutcome};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the rows in quarantine and the questions about rows, with their answers: place and rule, no cell contents
    List(ListArgs),
    /// Write a correction sheet for each school, and summaries for the counties and the city
    Export(ExportArgs),
    /// Read a filled-in workbook, or all of a folder: what they say is recorded, and the next run acts on it
    Release(corrections::ReleaseArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Only this report year
    #[arg(long)]
    year: Option<ReportYear>,
    /// Only this school, by its code or name
    #[arg(long, value_name = "CODE|NAME")]
    school: Option<String>,
    /// Only this dataset, by its id or title: `students`, 学生学籍
    #[arg(long, value_name = "DATASET")]
    dataset: Option<String>,
}

#[derive(Debug, clap::Args)]
struct ExportArgs {
    /// Only this report year
    #[arg(long)]
    year: Option<ReportYear>,
    /// Only this school, by its code or name, and no summaries
    #[arg(long, value_name = "CODE|NAME")]
    school: Option<String>,
    /// The folder to write to [default: quarantine/sheets/ in the data root]; the sheets contain personal data
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl From<QuarantineError> for Failure {
    fn from(error: QuarantineError) -> Self {
        Failure::new(ExitCode::Internal, &error)
    }
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let settings = load_settings(global, Overrides::default())?;
    let data = data_root(&settings)?;
    if let Command::List(args) = &args.command {
        let (settings, definitions) = load(global, Overrides::default())?;
        return list(global, &settings, &definitions, &data, args);
    }
    ledger::refuse_newer(&data)?;
    let (settings, definitions) = load(global, Overrides::default())?;
    let now = now();
    under_lock(&data, "quarantine", &now, || match &args.command {
        Command::Export(args) => export(global, &settings, &definitions, &data, args),
        Command::Release(args) => {
            let desk = Desk::open(global, &settings, &data, &now)?;
            corrections::release(global, &settings, &definitions, (&data, &desk), args, &now)
        }
        Command::List(_) => Ok(ExitCode::Done),
    })
}

fn refuse_no_year(manifest: &Manifest, year: Option<ReportYear>) -> Result<(), Failure> {
    match year.filter(|year| !manifest.years.contains(year)) {
        Some(year) => Err(open::no_year(manifest, year)),
        None => Ok(()),
    }
}

fn current(data: &DataRoot) -> Result<Manifest, Failure> {
    published(data, "`nianbao run` publishes a release, and says what it kept out")
}

/// The school that is meant: of the registers, or one that cases name and no register has.
fn school_meant(
    settings: &Settings,
    definitions: &Definitions,
    data: &DataRoot,
    manifest: &Manifest,
    year: Option<ReportYear>,
    typed: &str,
) -> Result<String, Failure> {
    let units = Units::of_years(settings, data, definitions, manifest, year)?;
    if typed.trim() == sheets::UNKNOWN_SCHOOL {
        return Ok(String::new());
    }
    units.school(typed).or_else(|failure| {
        let all = decisions::all(data)?;
        let of_year = CaseFilter { year, ..CaseFilter::default() };
        let cases = quarantine::cases(data, manifest, &decisions::not_withdrawn(&all), &of_year)?;
        let code = text::compact(typed);
        let is_named = !code.is_empty() && cases.iter().any(|case| case.school_code == code);
        if is_named { Ok(code) } else { Err(failure) }
    })
}

/// The dataset that is meant by an id or a title.
fn dataset_meant(definitions: &Definitions, typed: &str) -> Result<String, Failure> {
    let all = &definitions.datasets;
    let is_meant = |name: &str| is_one_name(name, typed);
    let found = all.iter().find(|dataset| is_meant(&dataset.dataset) || is_meant(&dataset.title_zh));
    found.map(|dataset| dataset.dataset.clone()).ok_or_else(|| {
        let ids = || all.iter().map(|dataset| dataset.dataset.as_str());
        let titles = all.iter().map(|dataset| dataset.title_zh.as_str());
        let alike = alike(typed, ids().chain(titles));
        let known = ids().collect::<Vec<_>>().join(", ");
        let which = if alike.is_empty() { format!(": {known}") } else { did_you_mean(&alike) };
        Failure::usage(&format!("there is no dataset `{typed}`{which}"))
    })
}

fn list(
    global: &Global,
    settings: &Settings,
    definitions: &Definitions,
    data: &DataRoot,
    args: &ListArgs,
) -> Result<ExitCode, Failure> {
    let manifest = current(data)?;
    refuse_no_year(&manifest, args.year)?;
    let all = decisions::all(data)?;
    let school = |typed: &String| school_meant(settings, definitions, data, &manifest, args.year, typed);
    let filter = CaseFilter {
        year: args.year,
        school: args.school.as_ref().map(school).transpose()?,
        dataset: args.dataset.as_ref().map(|typed| dataset_meant(definitions, typed)).transpose()?,
        cells: false,
    };
    let cases = quarantine::cases(data, &manifest, &decisions::not_withdrawn(&all), &filter)?;
    if global.json {
        output::json(&cases)?;
        return Ok(ExitCode::Done);
    }
    for case in &cases {
        output::line(&format!(
            "{}  {}  {}  {}  {}  {}  {}：{}",
            case.id,
            case.report_year,
            left(&case.dataset, 14),
            left(if case.school_code.is_empty() { "-" } else { &case.school_code }, 10),
            left(&state_text(case), 12),
            left(&case.rules(), 14),
            sheets::place_and_count(case),
            case.messages()
        ));
    }
    Ok(ExitCode::Done)
}

/// `open`, `closed (3 更正 李老师)`.
fn state_text(case: &Case) -> String {
    let state = match case.state {
        State::Open => "open",
        State::StillWrong => "still wrong",
        State::Recorded => "recorded",
        State::Closed => "closed",
        State::Lapsed => "lapsed",
    };
    match &case.answer {
        Some(answer) => format!("{state} ({} {} {})", answer.decision, answer.kind.label(), answer.by),
        None => state.to_owned(),
    }
}

/// Open rows and queries by school, of each year.
pub type OpenSheets = Vec<(ReportYear, BTreeMap<String, Tally>)>;

fn open_by_school(cases: &[Case]) -> OpenSheets {
    let mut years: BTreeMap<ReportYear, BTreeMap<String, Tally>> = BTreeMap::new();
    for case in cases.iter().filter(|case| case.state.is_open()) {
        let schools = years.entry(case.report_year).or_default();
        schools.entry(case.school_code.clone()).or_default().add(case);
    }
    years.into_iter().collect()
}

/// The open cases of a release that can be exported.
pub fn open_of(data: &DataRoot, manifest: &Manifest) -> Result<OpenSheets, Failure> {
    let all = decisions::all(data)?;
    let cases = quarantine::cases(data, manifest, &decisions::not_withdrawn(&all), &CaseFilter::default())?;
    Ok(open_by_school(&cases))
}

/// Prints how many sheets there are to write, in a run's summary.
pub fn print_open(open: &OpenSheets) {
    for (index, (year, schools)) in open.iter().enumerate() {
        if index == 0 {
            output::line("");
            output::line("更正表（用 nianbao quarantine export 写出）");
        }
        let mut sum = Tally::default();
        for tally in schools.values() {
            sum += *tally;
        }
        let Tally { rows, queries, .. } = sum;
        output::line(&format!("  {year}  {} 份：待更正 {rows} 行，待答复 {queries} 处", schools.len()));
    }
}

/// A workbook that was written.
#[derive(Debug, Serialize)]
struct WrittenWorkbook {
    /// Next to its own place, where a person's work is in that place.
    path: PathBuf,
    report_year: ReportYear,
    /// Empty for a summary.
    school_code: String,
    rows: u64,
    queries: u64,
}

fn export(
    global: &Global,
    settings: &Settings,
    definitions: &Definitions,
    data: &DataRoot,
    args: &ExportArgs,
) -> Result<ExitCode, Failure> {
    let manifest = current(data)?;
    refuse_no_year(&manifest, args.year)?;
    let school = |typed: &String| school_meant(settings, definitions, data, &manifest, args.year, typed);
    let school = args.school.as_ref().map(school).transpose()?;
    let all = decisions::all(data)?;
    if let Some(out) = &args.out {
        refuse_open_folder(data, out)?;
    }
    let mut written = Vec::new();
    for &year in manifest.years.iter().filter(|year| args.year.is_none_or(|wanted| wanted == **year)) {
        let of_year = CaseFilter { year: Some(year), school: school.clone(), dataset: None, cells: true };
        let mut cases = quarantine::cases(data, &manifest, &decisions::not_withdrawn(&all), &of_year)?;
        quarantine::name_people(data, definitions, &manifest, (year, None), &mut cases)?;
        let residual = (settings.residual_region_code.as_str(), settings.residual_region_name.as_str());
        let names = Names::read(data, definitions, &manifest, year, residual)?;
        let folder = match &args.out {
            Some(out) => out.join(year.to_string()),
            None => data.correction_sheets(year),
        };
        let whole = args.school.is_none();
        let (mut workbooks, drafts): (Vec<WrittenWorkbook>, Vec<Draft>) =
            write_year(settings, definitions, &manifest, (year, &names), &cases, &folder, whole)?
                .into_iter()
                .unzip();
        let mut register = Register::load(data)?;
        let placed = register.place(&drafts)?;
        // An old sheet next to new ones would be trusted; files in other folders are not ours to remove.
        if whole && args.out.is_none() {
            for folder in [folder.clone(), folder.join(COUNTIES), folder.join(SCHOOLS)] {
                register.forget_others(&folder, &placed)?;
            }
        }
        for (workbook, placed) in workbooks.iter_mut().zip(placed) {
            workbook.path = placed.lies_at;
        }
        written.extend(workbooks);
    }
    if global.json {
        output::json(&written)?;
    } else {
        for workbook in &written {
            let counts = if workbook.school_code.is_empty() {
                String::new()
            } else {
                format!("  {} rows, {} queries", workbook.rows, workbook.queries)
            };
            output::line(&format!("{}{counts}", workbook.path.display()));
        }
        let sheets = written.iter().filter(|workbook| !workbook.school_code.is_empty()).count();
        output::note(&format!("{sheets} correction sheets: they hold people's data, hand them on with care"));
        documents::print_waiting(global, data)?;
    }
    Ok(ExitCode::Done)
}

/// Refuses a folder of the data root that is not for sheets, which have personal data.
fn refuse_open_folder(data: &DataRoot, out: &Path) -> Result<(), Failure> {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let real = |path: &Path| {
        let path = absolute(path);
        let known = path.ancestors().find_map(|above| Some((above, fs::canonicalize(above).ok()?)));
        known.map_or(path.clone(), |(above, real)| {
            real.join(path.strip_prefix(above).unwrap_or(Path::new("")))
        })
    };
    let (root, out) = (real(data.path()), real(out));
    let below_dots = out.components().any(|part| part == std::path::Component::ParentDir);
    // Other folders of the data root are readable by others, or emptied by other commands.
    if below_dots || out.starts_with(&root) && !out.starts_with(real(&data.all_correction_sheets())) {
        return Err(Failure::usage(&format!(
            "`{}` is a folder of the data root that is not for sheets",
            out.display()
        ))
        .hint("leave --out away: the sheets go to quarantine/sheets/, which is closed to others"));
    }
    Ok(())
}

const COUNTIES: &str = "县（市、区）";
const SCHOOLS: &str = "学校";

/// Writes the sheets of the schools with open cases, and, for a whole year, the summaries.
fn write_year(
    settings: &Settings,
    definitions: &Definitions,
    manifest: &Manifest,
    (year, names): (ReportYear, &Names),
    cases: &[Case],
    folder: &Path,
    whole: bool,
) -> Result<Vec<(WrittenWorkbook, Draft)>, Failure> {
    let titles: BTreeMap<String, String> = definitions
        .datasets
        .iter()
        .map(|dataset| (dataset.dataset.clone(), dataset.title_zh.clone()))
        .collect();
    let draft = if manifest.outcome == ReleaseOutcome::Draft { "（草稿）" } else { "" };
    let release = format!("第 {} 版{draft}", release_name(manifest.release));
    let context =
        SheetContext { year, names, titles: &titles, release: &release, created: &manifest.created };
    let mut all_written = Vec::new();
    let mut write = |path: PathBuf, bytes: &[u8], school: &str, tally: Tally| -> Result<(), Failure> {
        let kind = if school.is_empty() {
            written::DocumentKind::Report
        } else {
            written::DocumentKind::Corrections
        };
        let draft = draft_restricted(folder, &path, bytes, kind)
            .map_err(|error| Failure::internal(&format!("`{}`: {error}", path.display())))?;
        let Tally { rows, queries, .. } = tally;
        let workbook =
            WrittenWorkbook { path, report_year: year, school_code: school.to_owned(), rows, queries };
        all_written.push((workbook, draft));
        Ok(())
    };
    let mut by_school: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    for case in cases.iter().filter(|case| case.state.is_open()) {
        by_school.entry(&case.school_code).or_default().push(case);
    }
    for (school, school_cases) in by_school {
        let bytes = sheets::school_workbook(context, school, &school_cases)
            .map_err(|error| Failure::internal(&error))?;
        let mut tally = Tally::default();
        for case in &school_cases {
            tally.add(case);
        }
        let file = format!("{school}{}{year}年更正表.xlsx", file_name(names.school(school)));
        let code = if school.is_empty() { sheets::UNKNOWN_SCHOOL } else { school };
        write(folder.join(SCHOOLS).join(file), &bytes, code, tally)?;
    }
    if !whole || cases.is_empty() {
        return Ok(all_written);
    }
    let tallies = summary::tallies(cases);
    let mut regions: Vec<&str> = tallies.keys().map(|(school, _)| names.region_of(school)).collect();
    regions.sort_unstable();
    regions.dedup();
    for region in regions {
        let name = names.region(region);
        let bytes = summary::summary_workbook(context, Some(region), name, &tallies)
            .map_err(|error| Failure::internal(&error))?;
        let file = format!("{region}{}{year}年更正汇总.xlsx", file_name(name));
        write(folder.join(COUNTIES).join(file), &bytes, "", Tally::default())?;
    }
    let city = &settings.city_name;
    let bytes = summary::summary_workbook(context, None, city, &tallies)
        .map_err(|error| Failure::internal(&error))?;
    write(folder.join(format!("{}{year}年更正汇总.xlsx", file_name(city))), &bytes, "", Tally::default())?;
    Ok(all_written)
}

/// Drafts a document that only its owner can read, in folders that only their owner can enter.
fn draft_restricted(
    folder: &Path,
    path: &Path,
    bytes: &[u8],
    kind: written::DocumentKind,
) -> std::io::Result<Draft> {
    for folder in [Some(folder), path.parent()].into_iter().flatten() {
        files::make_folder(folder, Access::Restricted)?;
        // It may have existed before, open to others.
        fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    }
    written::draft(path.to_owned(), bytes, kind, Access::Restricted)
}
