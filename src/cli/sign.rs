//! `nianbao sign`: three people take responsibility for a year of a release.

use clap::ValueEnum;
use serde::Serialize;
use serde_json::json;

use super::decision::{Desk, reason, refuse_frozen, signer};
use super::open::{self, OpenYear};
use super::report::after_signing;
use super::{ExitCode, Failure, Global, data_root, load_settings, now, output, published, under_lock};
use crate::decisions::persons;
use crate::decisions::signatures::{self, Act, Record, Role, State};
use crate::ledger;
use crate::period::ReportYear;
use crate::settings::Overrides;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::{self, Manifest};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The report year
    #[arg(long, value_name = "YEAR", required_unless_present = "list")]
    year: Option<i32>,
    /// The role: preparer (填报人), reviewer (审核人) or responsible (负责人)
    #[arg(long = "as", value_name = "ROLE", required_unless_present = "list")]
    role: Option<RoleName>,
    /// Who signs; the three signers are different people
    #[arg(long, alias = "who", value_name = "NAME", required_unless_present = "list")]
    by: Option<String>,
    /// This release instead of the current one
    #[arg(long, value_name = "NUMBER", conflicts_with = "withdraw")]
    release: Option<u32>,
    /// Withdraw the signature in that role; it stays on record
    #[arg(long, requires = "why", conflicts_with = "list")]
    withdraw: bool,
    /// The reason for withdrawing it
    #[arg(long, alias = "reason", value_name = "TEXT", requires = "withdraw")]
    why: Option<String>,
    /// List all signatures, and whether they hold for the current release
    #[arg(long, conflicts_with_all = ["role", "by", "release"])]
    list: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleName {
    #[value(alias = "填报人")]
    Preparer,
    #[value(alias = "审核人")]
    Reviewer,
    #[value(alias = "负责人")]
    Responsible,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Preparer => Role::Preparer,
            RoleName::Reviewer => Role::Reviewer,
            RoleName::Responsible => Role::Responsible,
        }
    }
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let settings = load_settings(global, Overrides::default())?;
    let data = data_root(&settings)?;
    let (Some(year), Some(role), Some(by)) = (args.year, args.role, &args.by) else {
        return list(global, &data, args.year);
    };
    let (role, by) = (Role::from(role), signer(by)?);
    ledger::refuse_newer(&data)?;
    let now = now();
    let desk = Desk::open(global, &settings, &data, &now)?;
    let by = desk.admit(&by, &[persons::Role::Signer(role)])?;
    let done = under_lock(&data, "sign", &now, || {
        if args.withdraw {
            let why = args.why.as_deref().unwrap_or_default();
            withdraw_signature(global, (&data, &desk), (year, role), &by, why, &now)
        } else {
            sign_year(global, (&data, &desk), (year, role), &by, args.release, &now)
        }
    })?;
    after_signing(global, &data, year);
    Ok(done)
}

pub(super) fn no_release(release: u32) -> Failure {
    Failure::usage(&format!("there is no release {release:06}")).hint("`nianbao releases list` names them")
}

/// The wanted release, with the digest of the year in it.
pub(super) fn release_of(
    data: &DataRoot,
    year: ReportYear,
    release: Option<u32>,
) -> Result<(Manifest, String), Failure> {
    let manifest = match release {
        None => published(data, "`nianbao run` publishes a release, which can be signed")?,
        Some(release) if publish::releases(data)?.contains(&release) => {
            publish::read_manifest(data, release)?
        }
        Some(release) => return Err(no_release(release)),
    };
    let digest = manifest.year_digest(year).ok_or_else(|| open::no_year(&manifest, year))?;
    Ok((manifest, digest))
}

/// A record about a year of a release, to be completed.
pub(super) fn record_of(
    data: &DataRoot,
    (manifest, digest): &(Manifest, String),
    year: ReportYear,
    act: Act,
    (by, at): (&str, &str),
) -> Result<Record, Failure> {
    Ok(Record {
        format: 0,
        id: 0,
        act,
        report_year: year,
        role: None,
        release: manifest.release,
        manifest_sha256: publish::manifest_sha256(data, manifest.release)?,
        year_digest: digest.clone(),
        by: by.to_owned(),
        at: at.to_owned(),
        why: String::new(),
        withdraws: None,
        origin: None,
        seal: String::new(),
    })
}

fn sign_year(
    global: &Global,
    (data, desk): (&DataRoot, &Desk),
    (year, role): (ReportYear, Role),
    by: &str,
    release: Option<u32>,
    at: &str,
) -> Result<ExitCode, Failure> {
    let release = release_of(data, year, release)?;
    let all = signatures::all(data)?;
    let holding = signatures::holding(&all, year, &release.1);
    let known = holding.get(&role).copied();
    if let Some(other) = known.filter(|known| !desk.is_same_person(&known.by, by)) {
        let message = format!("`{}` signed {year} as {} already", other.by, role_text(role));
        return Err(Failure::usage(&message).hint(
            "`sign --year Y --as ROLE --withdraw --by NAME --why TEXT` withdraws a signature, on record",
        ));
    }
    if let Some((other, _)) =
        holding.iter().find(|(other, record)| **other != role && desk.is_same_person(&record.by, by))
    {
        let message =
            format!("`{by}` signed {year} as {}: the three are different people", role_text(*other));
        return Err(Failure::usage(&message)
            .hint("教育统计管理规定 art. 27: statistician, checker, head of the unit"));
    }
    let open_year = open::of_year(data, &release.0, year)?;
    if open_year.count() > 0 {
        return refuse(global, &open_year, "is not signed");
    }
    let record = if let Some(known) = known {
        known.clone()
    } else {
        let record = record_of(data, &release, year, Act::Sign, (by, at))?;
        signatures::add(data, desk.origin(), Record { role: Some(role), ..record })?
    };
    let all = signatures::all(data)?;
    let now = signatures::holding(&all, year, &release.1);
    let left: Vec<Role> = Role::ALL.into_iter().filter(|role| !now.contains_key(role)).collect();
    if global.json {
        output::json(&json!({
            "signature": record,
            "recorded": known.is_none(),
            "still_to_sign": left.iter().map(|role| role.name()).collect::<Vec<_>>(),
            "rows_kept_out": open_year.rows_kept_out,
            "files_rejected": open_year.files_rejected,
        }))?;
        return Ok(ExitCode::Done);
    }
    let verb = if known.is_none() { "recorded" } else { "on record already" };
    let number = release.0.release;
    output::line(&format!(
        "Signature {} is {verb}: {year} of release {number:06}, by {} as {}.",
        record.id,
        record.by,
        role_text(role)
    ));
    if !record.name_was_checked() {
        output::line(NOT_CHECKED);
    }
    output::line(&open::kept_out(&open_year));
    if left.is_empty() {
        output::line("All three signed: `nianbao freeze` keeps the year as it is.");
    } else {
        let left: Vec<String> = left.into_iter().map(role_text).collect();
        output::line(&format!("Still to sign: {}.", left.join(", ")));
    }
    Ok(ExitCode::Done)
}

/// What is said of a name that was not checked.
const NOT_CHECKED: &str = "The name was not checked: the bureau keeps no list of persons (persons.toml).";

/// `preparer (填报人)`.
pub(super) fn role_text(role: Role) -> String {
    format!("{} ({})", role.name(), role.label())
}

/// Prints what is open, and returns the failure that nothing was recorded.
pub(super) fn refuse(global: &Global, open_year: &OpenYear, what: &str) -> Result<ExitCode, Failure> {
    if global.json {
        output::json(open_year)?;
    } else {
        open::print(open_year);
        output::line(&open::kept_out(open_year));
    }
    let OpenYear { report_year: year, release, .. } = open_year;
    let message = format!("{year} of release {release:06} {what}: {} questions are open", open_year.count());
    Err(Failure::new(ExitCode::HeldBack, &message)
        .hint("answer them, `nianbao run` for a release that has the answers, then sign that"))
}

fn withdraw_signature(
    global: &Global,
    (data, desk): (&DataRoot, &Desk),
    (year, role): (ReportYear, Role),
    by: &str,
    why: &str,
    at: &str,
) -> Result<ExitCode, Failure> {
    let why = reason(why, "withdrawing a signature needs a reason")?;
    refuse_frozen(data, year)?;
    let (_, digest) = release_of(data, year, None)?;
    let all = signatures::all(data)?;
    let Some(known) = signatures::holding(&all, year, &digest).remove(&role) else {
        return Err(Failure::usage(&format!("no signature of the {} holds on {year}", role_text(role)))
            .hint("`nianbao sign --list` has them all; one that has lapsed needs no withdrawal"));
    };
    let record = Record {
        act: Act::Withdraw,
        by: by.to_owned(),
        at: at.to_owned(),
        why,
        withdraws: Some(known.id),
        ..known.clone()
    };
    let record = signatures::add(data, desk.origin(), record)?;
    if global.json {
        output::json(&record)?;
    } else {
        output::line(&format!("Signature {} is withdrawn, by record {}.", known.id, record.id));
    }
    Ok(ExitCode::Done)
}

#[derive(Serialize)]
struct ListedRecord<'a> {
    #[serde(flatten)]
    record: &'a Record,
    /// The state of a signature: `holds`, `lapsed`, `withdrawn`.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<State>,
}

fn list(global: &Global, data: &DataRoot, year: Option<ReportYear>) -> Result<ExitCode, Failure> {
    let all = signatures::all(data)?;
    let current = publish::current(data)?;
    let digest = |year| current.as_ref().and_then(|manifest| manifest.year_digest(year));
    let listed: Vec<ListedRecord<'_>> = all
        .iter()
        .filter(|record| year.is_none_or(|year| record.report_year == year))
        .map(|record| {
            let state = (record.act == Act::Sign)
                .then(|| signatures::state(record, &all, digest(record.report_year).as_deref()));
            ListedRecord { record, state }
        })
        .collect();
    if global.json {
        output::json(&listed)?;
        return Ok(ExitCode::Done);
    }
    for record in &listed {
        output::line(&line(record));
    }
    for (year, record) in signatures::frozen(&all) {
        output::note(&format!("{year} is frozen as release {:06} has it", record.release));
    }
    Ok(ExitCode::Done)
}

fn line(ListedRecord { record, state }: &ListedRecord<'_>) -> String {
    let Record { id, act, report_year, role, release, by, at, why, withdraws, year_digest, .. } = record;
    let checked = if record.name_was_checked() { "name on the list" } else { "name not checked" };
    let account = record.origin.as_ref().map(|origin| format!(", {origin}")).unwrap_or_default();
    let act = match (act, withdraws) {
        (Act::Sign, _) => state.map_or("", State::name).to_owned(),
        (Act::Withdraw, Some(id)) => format!("withdraws {id}"),
        (Act::Withdraw, None) => "withdraws".to_owned(),
        (Act::Freeze, _) => "freezes".to_owned(),
        (Act::Lift, _) => "lifts".to_owned(),
    };
    let role = role.map(role_text).unwrap_or_default();
    let why = if why.is_empty() { String::new() } else { format!("：{why}") };
    let digest = year_digest.get(..12).unwrap_or(year_digest);
    format!(
        "{id:>6}  {at}  {}  {report_year}  release {release:06}  {digest}  {}  {by} ({checked}{account}){why}",
        output::left(&act, 13),
        output::left(&role, 20)
    )
}
