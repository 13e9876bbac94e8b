//! `nianbao status`: the last run, what is published, what is open, and who has not delivered.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::Serialize;
use serde_json::json;

use super::output::{self, left, right, width};
use super::units::Units;
use super::{ExitCode, Failure, Global, data_root, ledger_failure, load, open};
use crate::decisions::signatures;
use crate::definitions::Definitions;
use crate::delivery::StatusOutcome;
use crate::ledger;
use crate::period::ReportYear;
use crate::quarantine::Names;
use crate::settings::{Overrides, Settings};
use crate::sources::http::store::SourceState;
use crate::tables::delivery_status::DeliveryStatusRow;
use crate::tables::row::{self, Row};
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::{self, Manifest, ReleaseOutcome};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The report year [default: the newest of the release]
    #[arg(long, value_name = "YEAR")]
    year: Option<i32>,
    /// The schools of one county, by its code or name
    #[arg(long, value_name = "COUNTY")]
    county: Option<String>,
    /// One school, by its code or name, with its files
    #[arg(long, value_name = "SCHOOL", conflicts_with = "county")]
    school: Option<String>,
}

/// How a year of the release stands.
#[derive(Debug, Serialize)]
struct YearState {
    report_year: ReportYear,
    signed_by: Vec<&'static str>,
    frozen: bool,
    /// The number of open questions by region; the empty code where none is known.
    open: BTreeMap<String, u64>,
}

/// A source that is not asked until its credentials are others.
#[derive(Debug, Serialize)]
struct Circuit {
    source: String,
    since: String,
    message: String,
}

/// A row of `delivery_status`.
#[derive(Debug, Serialize)]
struct Status {
    region_code: String,
    school_code: String,
    school_name: String,
    dataset: String,
    expected: bool,
    outcome: StatusOutcome,
    rows_loaded: u64,
    rows_quarantined: u64,
    files: u64,
    first_file: String,
    first_seen: String,
    last_file: String,
    last_seen: String,
    deadline: String,
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let (settings, definitions) = load(global, Overrides::default())?;
    let data = data_root(&settings)?;
    let runs = ledger::entries(&data).map_err(|error| ledger_failure(&error))?;
    let last_run = runs.iter().rev().find_map(|entry| entry.run.as_deref().ok());
    let circuits = circuits(&data)?;
    let manifest = publish::current(&data)?;
    let Some(manifest) = manifest else {
        if global.json {
            output::json(
                &json!({ "last_run": last_run.map(run_json), "circuits": circuits, "release": null }),
            )?;
        } else {
            print_run(last_run);
            print_sources(last_run, &circuits);
            output::line("当前版本  无：尚未发布");
        }
        return Ok(ExitCode::Done);
    };
    let newest = manifest.years.last().copied().unwrap_or_default();
    let year = args.year.unwrap_or(newest);
    let units = Units::of_year(&settings, &data, &definitions, &manifest, year)?;
    let county = args.county.as_deref().map(|county| units.region(county)).transpose()?;
    let county = county.filter(|county| *county != settings.city_code);
    let school = args.school.as_deref().map(|school| units.school(school)).transpose()?;
    let names = names(&settings, &data, &definitions, &manifest, year)?;
    let states = states(&data, &manifest, &names)?;
    let all = statuses(&data, &manifest, &names, year)?;
    let is_wanted = |status: &&Status| {
        county.as_ref().is_none_or(|county| status.region_code == *county)
            && school.as_ref().is_none_or(|school| status.school_code == *school)
    };
    let wanted: Vec<&Status> = all.iter().flatten().filter(is_wanted).collect();
    if global.json {
        output::json(&json!({
            "last_run": last_run.map(run_json),
            "circuits": circuits,
            "release": manifest.release,
            "draft": manifest.outcome == ReleaseOutcome::Draft,
            "years": states,
            "report_year": year,
            "delivery_status": all.as_ref().map(|_| wanted),
        }))?;
        return Ok(ExitCode::Done);
    }
    print_run(last_run);
    print_sources(last_run, &circuits);
    let draft = if manifest.outcome == ReleaseOutcome::Draft { "（草稿）" } else { "" };
    output::line(&format!("当前版本  {:06}{draft}", manifest.release));
    for state in &states {
        print_state(state);
    }
    print_open(&states, &names, year);
    output::line("");
    if all.is_none() {
        output::line(&format!("报送情况  {year}  此版本没有 delivery_status：下一次 nianbao run 会写入"));
        return Ok(ExitCode::Done);
    }
    let columns = columns(&definitions, &wanted);
    if school.is_some() {
        print_school(&definitions, year, &wanted);
    } else if county.is_some() {
        print_county(&columns, year, &wanted, &names);
    } else {
        print_city(&columns, year, &wanted, &names);
    }
    Ok(ExitCode::Done)
}

fn names(
    settings: &Settings,
    data: &DataRoot,
    definitions: &Definitions,
    manifest: &Manifest,
    year: ReportYear,
) -> Result<Names, Failure> {
    let residual = (settings.residual_region_code.as_str(), settings.residual_region_name.as_str());
    Ok(Names::read(data, definitions, manifest, year, residual)?)
}

fn run_json(run: &ledger::Run) -> serde_json::Value {
    let failed: Vec<_> = run.pulls.iter().filter(|pull| pull.failure().is_some()).collect();
    json!({
        "id": run.id,
        "started": run.started,
        "finished": run.finished,
        "outcome": run.outcome,
        "exit_code": run.exit_code,
        "error": run.error,
        "release": run.release,
        "pulls_failed": failed,
    })
}

/// The sources whose credentials were refused.
fn circuits(data: &DataRoot) -> Result<Vec<Circuit>, Failure> {
    let folder = data.pull_state();
    let mut circuits = Vec::new();
    if !folder.exists() {
        return Ok(circuits);
    }
    for entry in fs::read_dir(&folder).map_err(|error| Failure::internal(&error))? {
        let entry = entry.map_err(|error| Failure::internal(&error))?;
        // A source that was never asked has no state; one that cannot be read is said by the next pull.
        let Ok(bytes) = fs::read(entry.path().join("source.json")) else { continue };
        let Ok(state) = serde_json::from_slice::<SourceState>(&bytes) else { continue };
        let source = entry.file_name().to_string_lossy().into_owned();
        let circuit = |open: crate::sources::http::circuit::OpenCircuit| Circuit {
            source,
            since: open.since,
            message: open.message,
        };
        circuits.extend(state.circuit.map(circuit));
    }
    circuits.sort_by(|a, b| a.source.cmp(&b.source));
    Ok(circuits)
}

/// How each year of the release stands, the newest first.
fn states(data: &DataRoot, manifest: &Manifest, names: &Names) -> Result<Vec<YearState>, Failure> {
    let records = signatures::all(data)?;
    let frozen = signatures::frozen(&records);
    let mut states = Vec::new();
    for &year in manifest.years.iter().rev() {
        let digest = manifest.year_digest(year).unwrap_or_default();
        let holding = signatures::holding(&records, year, &digest);
        let mut open_by_region: BTreeMap<String, u64> = BTreeMap::new();
        for rule in open::of_year(data, manifest, year)?.open {
            // The unit is a school where one is known, else a region.
            let region = if names.schools.contains_key(&rule.unit) {
                names.region_of(&rule.unit).to_owned()
            } else if names.regions.contains_key(&rule.unit) {
                rule.unit
            } else {
                String::new()
            };
            *open_by_region.entry(region).or_default() += rule.count;
        }
        states.push(YearState {
            report_year: year,
            signed_by: holding.keys().map(|role| role.label()).collect(),
            frozen: frozen.contains_key(&year),
            open: open_by_region,
        });
    }
    Ok(states)
}

/// The rows of a year; `None` where the release has none, as an earlier program made it.
fn statuses(
    data: &DataRoot,
    manifest: &Manifest,
    names: &Names,
    year: ReportYear,
) -> Result<Option<Vec<Status>>, Failure> {
    let Some(path) = manifest.table(data, DeliveryStatusRow::TABLE, year) else { return Ok(None) };
    let rows = row::read::<DeliveryStatusRow>(&path).map_err(|error| Failure::internal(&error))?;
    let status = |row: DeliveryStatusRow| Status {
        school_name: names.school(&row.school_code).to_owned(),
        region_code: row.region_code,
        school_code: row.school_code,
        dataset: row.dataset,
        expected: row.expected,
        outcome: row.outcome,
        rows_loaded: row.rows_loaded,
        rows_quarantined: row.rows_quarantined,
        files: row.files,
        first_file: row.first_file,
        first_seen: row.first_seen,
        last_file: row.last_file,
        last_seen: row.last_seen,
        deadline: row.deadline,
    };
    let rows: Result<Vec<Status>, _> = rows.map(|row| row.map(status)).collect();
    Ok(Some(rows.map_err(|error| Failure::internal(&error))?))
}

fn print_run(run: Option<&ledger::Run>) {
    let Some(run) = run else {
        output::line("上次运行  无");
        return;
    };
    let ended =
        if run.finished.is_empty() { "未结束".to_owned() } else { format!("{} 结束", run.finished) };
    let code = run.exit_code.map_or_else(String::new, |code| format!("（退出码 {code}）"));
    output::line(&format!(
        "上次运行  第 {} 次  {} 开始，{ended}  {}{code}",
        run.id,
        run.started,
        run.outcome.name()
    ));
    if let Some(error) = &run.error {
        output::line(&format!("          {error}"));
    }
}

fn print_sources(run: Option<&ledger::Run>, circuits: &[Circuit]) {
    let pulls = run.map(|run| run.pulls.as_slice()).unwrap_or_default();
    for pull in pulls {
        if let Some(class) = pull.failure() {
            let (source, pull, year, message) = (&pull.source, &pull.pull, pull.report_year, &pull.message);
            output::line(&format!("取数失败  {source}  {year}  {pull}  {}：{message}", class.title_zh()));
        }
    }
    for Circuit { source, since, message } in circuits {
        output::line(&format!("停止取数  {source}  自 {since}：{message}；更换凭据后恢复"));
    }
}

fn print_state(state: &YearState) {
    let signed = match state.signed_by.as_slice() {
        _ if state.frozen => "已封存".to_owned(),
        [] => "草稿，无人签字".to_owned(),
        roles if roles.len() == signatures::Role::ALL.len() => "三方已签字".to_owned(),
        roles => format!("草稿，已签字：{}", roles.join("、")),
    };
    let open: u64 = state.open.values().sum();
    let open = if open == 0 { "没有待答疑问".to_owned() } else { format!("待答疑问 {open}") };
    output::line(&format!("  {}  {signed}；{open}", state.report_year));
}

fn print_open(states: &[YearState], names: &Names, year: ReportYear) {
    let Some(state) = states.iter().find(|state| state.report_year == year) else { return };
    if state.open.is_empty() {
        return;
    }
    output::line("");
    output::line(&format!("待答疑问  {year}  按县（市、区）；nianbao sign --year {year} --as … 逐条列出"));
    for (region, count) in &state.open {
        output::line(&format!("  {}{}", left(names.region(region), 20), right(&count.to_string(), 6)));
    }
}

/// The datasets to print: name and title of those that are asked of anyone.
fn columns<'d>(definitions: &'d Definitions, statuses: &[&Status]) -> Vec<(&'d str, &'d str)> {
    let asked: BTreeSet<&str> =
        statuses.iter().filter(|status| status.expected).map(|status| status.dataset.as_str()).collect();
    let datasets = definitions.datasets.iter().filter(|dataset| asked.contains(dataset.dataset.as_str()));
    datasets.map(|dataset| (dataset.dataset.as_str(), dataset.title_zh.as_str())).collect()
}

/// The outcomes of what is asked, in the order of a cell.
const OUTCOMES: [StatusOutcome; 5] = [
    StatusOutcome::Delivered,
    StatusOutcome::Late,
    StatusOutcome::SetAside,
    StatusOutcome::Rejected,
    StatusOutcome::Missing,
];

/// `12/1/0/0/2`, in the order of [`OUTCOMES`].
fn cell(statuses: &[&Status]) -> String {
    let count = |outcome: StatusOutcome| {
        let is_one = |status: &&&Status| status.expected && status.outcome == outcome;
        statuses.iter().filter(is_one).count().to_string()
    };
    OUTCOMES.map(count).join("/")
}

/// Prints a table whose columns after the first are as wide as their widest text.
fn print_table(lines: &[Vec<String>]) {
    let columns = lines.iter().map(Vec::len).max().unwrap_or_default();
    let widest =
        |column: usize| lines.iter().filter_map(|line| line.get(column)).map(|text| width(text)).max();
    let widths: Vec<usize> = (0..columns).map(|column| widest(column).unwrap_or_default()).collect();
    for line in lines {
        let cells: Vec<String> = line.iter().zip(&widths).map(|(text, width)| left(text, *width)).collect();
        output::line(format!("  {}", cells.join("  ")).trim_end());
    }
}

fn print_city(columns: &[(&str, &str)], year: ReportYear, statuses: &[&Status], names: &Names) {
    let words = OUTCOMES.map(StatusOutcome::label).join("/");
    output::line(&format!("报送情况  {year}  每格为学校数：{words}；--county、--school 看到各校"));
    if columns.is_empty() {
        output::line("  这一年不要求各校报送");
        return;
    }
    let head = ["县（市、区）"].into_iter().chain(columns.iter().map(|(_, title)| *title));
    let mut lines = vec![head.map(str::to_owned).collect::<Vec<_>>()];
    let regions: BTreeSet<&str> = statuses.iter().map(|status| status.region_code.as_str()).collect();
    let line = |name: &str, region: Option<&str>| {
        let of_dataset = |(dataset, _): &(&str, &str)| {
            let is_of = |status: &&&Status| {
                status.dataset == *dataset && region.is_none_or(|region| status.region_code == region)
            };
            cell(&statuses.iter().filter(is_of).copied().collect::<Vec<_>>())
        };
        std::iter::once(name.to_owned()).chain(columns.iter().map(of_dataset)).collect::<Vec<_>>()
    };
    lines.extend(regions.iter().map(|region| line(names.region(region), Some(region))));
    lines.push(line("全市", None));
    print_table(&lines);
}

fn print_county(columns: &[(&str, &str)], year: ReportYear, statuses: &[&Status], names: &Names) {
    let county = statuses.first().map_or("", |status| names.region(&status.region_code));
    output::line(&format!("报送情况  {year}  {county}；--school 看到文件"));
    let head = ["学校", ""].into_iter().chain(columns.iter().map(|(_, title)| *title));
    let mut lines = vec![head.map(str::to_owned).collect::<Vec<_>>()];
    let schools: BTreeMap<&str, &str> =
        statuses.iter().map(|status| (status.school_code.as_str(), status.school_name.as_str())).collect();
    for (code, name) in schools {
        let of_dataset = |(dataset, _): &(&str, &str)| {
            let found =
                statuses.iter().find(|status| status.school_code == code && status.dataset == *dataset);
            found.map_or("", |status| status.outcome.label()).to_owned()
        };
        let texts = [code.to_owned(), name.to_owned()].into_iter();
        lines.push(texts.chain(columns.iter().map(of_dataset)).collect());
    }
    print_table(&lines);
}

fn print_school(definitions: &Definitions, year: ReportYear, statuses: &[&Status]) {
    let Some(first) = statuses.first() else { return };
    output::line(&format!("报送情况  {year}  {} {}", first.school_code, first.school_name));
    let head = ["数据", "情况", "入库", "隔离", "截止", "首次计入", "最近", "文件"];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    let shown = |status: &&&Status| status.outcome != StatusOutcome::NotAsked;
    for status in statuses.iter().filter(shown) {
        let title = definitions.dataset(&status.dataset).map_or("", |dataset| dataset.title_zh.as_str());
        let or_dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
        lines.push(vec![
            title.to_owned(),
            status.outcome.label().to_owned(),
            status.rows_loaded.to_string(),
            status.rows_quarantined.to_string(),
            or_dash(&status.deadline),
            or_dash(&status.first_seen),
            or_dash(&status.last_seen),
            or_dash(&status.last_file),
        ]);
    }
    print_table(&lines);
}
