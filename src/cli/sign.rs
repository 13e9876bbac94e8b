//! `nianbao sign`: three people answer for what a release has of a year.

use clap::ValueEnum;
use serde::Serialize;
use serde_json::json;

use super::open::{self, Unanswered};
use super::{ExitCode, Failure, Global, data_root, load_settings, now, output, published};
use crate::decisions::signatures::{self, Act, Record, Role, State};
use crate::period::ReportYear;
use crate::position;
use crate::runs;
use crate::settings::Overrides;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::{self, Manifest};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The report year
    #[arg(long, value_name = "YEAR", required_unless_present = "list")]
    year: Option<i32>,
    /// In what capacity: preparer (填报人), reviewer (审核人), responsible (负责人)
    #[arg(long = "as", value_name = "ROLE", required_unless_present = "list")]
    role: Option<RoleName>,
    /// Who signs; three different people
    #[arg(long, visible_alias = "who", value_name = "NAME", required_unless_present = "list")]
    by: Option<String>,
    /// Another release than the one that stands
    #[arg(long, value_name = "NUMBER", conflicts_with = "withdraw")]
    release: Option<u32>,
    /// Take the signature of that role back, on record
    #[arg(long, requires = "why", conflicts_with = "list")]
    withdraw: bool,
    /// Why it is taken back
    #[arg(long, visible_alias = "reason", value_name = "TEXT", requires = "withdraw")]
    why: Option<String>,
    /// Who signed what, and whether it holds in the release that stands
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

fn usage(message: &str) -> Failure {
    Failure::new(ExitCode::Usage, message)
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let settings = load_settings(global, Overrides::default())?;
    let data = data_root(&settings)?;
    let (Some(year), Some(role), Some(by)) = (args.year, args.role, &args.by) else {
        return list(global, &data, args.year);
    };
    let (role, by) = (Role::from(role), named(by)?);
    runs::refuse_newer(&data)?;
    let now = now();
    let lock = runs::lock(&data, "sign", &now)?;
    let done = if args.withdraw {
        withdrawn(global, &data, (year, role), &by, args.why.as_deref().unwrap_or_default(), now)
    } else {
        signed(global, &data, (year, role), &by, args.release, now)
    };
    if !lock.was_left_behind() {
        lock.give_back().map_err(|error| Failure::new(ExitCode::Internal, &error))?;
    }
    done
}

/// A name that may stand in a record.
pub(super) fn named(by: &str) -> Result<String, Failure> {
    let by = by.trim();
    if by.is_empty() {
        return Err(usage("a signature needs a name"));
    }
    if position::told(by) != by {
        return Err(usage("the name has a long number: nobody's number belongs there"));
    }
    Ok(by.to_owned())
}

/// A reason that may stand in a record; `missing` says what wants one.
pub(super) fn reason(why: &str, missing: &str) -> Result<String, Failure> {
    let why = why.trim();
    if why.is_empty() {
        return Err(usage(missing));
    }
    if position::told(why) != why {
        return Err(usage("the reason has a long number: nobody's number belongs there"));
    }
    Ok(why.to_owned())
}

/// The release that is meant, with the digest of its year.
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
        Some(release) => {
            return Err(usage(&format!("there is no release {release:06}"))
                .hint("`nianbao releases list` names them"));
        }
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
    (by, at): (&str, String),
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
        at,
        why: String::new(),
        withdraws: None,
        seal: String::new(),
    })
}

fn signed(
    global: &Global,
    data: &DataRoot,
    (year, role): (ReportYear, Role),
    by: &str,
    release: Option<u32>,
    at: String,
) -> Result<ExitCode, Failure> {
    let of = release_of(data, year, release)?;
    let all = signatures::all(data)?;
    let holding = signatures::holding(&all, year, &of.1);
    let known = holding.get(&role).copied();
    if let Some(other) = known.filter(|known| !signatures::is_same_person(&known.by, by)) {
        let message = format!("`{}` signed {year} as {} already", other.by, told(role));
        return Err(usage(&message).hint(
            "`sign --year Y --as ROLE --withdraw --by NAME --why TEXT` takes a signature back, on record",
        ));
    }
    if let Some((other, _)) =
        holding.iter().find(|(other, one)| **other != role && signatures::is_same_person(&one.by, by))
    {
        let message = format!("`{by}` signed {year} as {}: the three are different people", told(*other));
        return Err(usage(&message).hint("教育统计管理规定 art. 27: statistician, checker, head of the unit"));
    }
    let unanswered = open::of_year(data, &of.0, year)?;
    if unanswered.count() > 0 {
        return refused(global, &unanswered, "is not signed");
    }
    let record = if let Some(known) = known {
        known.clone()
    } else {
        let record = record_of(data, &of, year, Act::Sign, (by, at))?;
        signatures::add(data, Record { role: Some(role), ..record })?
    };
    let all = signatures::all(data)?;
    let now = signatures::holding(&all, year, &of.1);
    let left: Vec<Role> = Role::ALL.into_iter().filter(|role| !now.contains_key(role)).collect();
    if global.json {
        output::json(&json!({
            "signature": record,
            "recorded": known.is_none(),
            "still_to_sign": left.iter().map(|role| role.name()).collect::<Vec<_>>(),
            "rows_kept_out": unanswered.rows_kept_out,
            "files_rejected": unanswered.files_rejected,
        }))?;
        return Ok(ExitCode::Done);
    }
    let verb = if known.is_none() { "recorded" } else { "on record already" };
    let release = of.0.release;
    output::line(&format!(
        "Signature {} is {verb}: {year} of release {release:06}, by {} as {}.",
        record.id,
        record.by,
        told(role)
    ));
    output::line(&open::kept_out(&unanswered));
    if left.is_empty() {
        output::line("All three signed: `nianbao freeze` keeps the year as it is.");
    } else {
        let left: Vec<String> = left.into_iter().map(told).collect();
        output::line(&format!("Still to sign: {}.", left.join(", ")));
    }
    Ok(ExitCode::Done)
}

/// `preparer (填报人)`.
pub(super) fn told(role: Role) -> String {
    format!("{} ({})", role.name(), role.label())
}

/// Tells what is open, and that nothing was recorded.
pub(super) fn refused(global: &Global, unanswered: &Unanswered, what: &str) -> Result<ExitCode, Failure> {
    if global.json {
        output::json(unanswered)?;
    } else {
        open::print(unanswered);
        output::line(&open::kept_out(unanswered));
    }
    let Unanswered { report_year: year, release, .. } = unanswered;
    let message = format!("{year} of release {release:06} {what}: {} questions are open", unanswered.count());
    Err(Failure::new(ExitCode::HeldBack, &message)
        .hint("answer them, `nianbao run` for a release that has the answers, then sign that"))
}

fn withdrawn(
    global: &Global,
    data: &DataRoot,
    (year, role): (ReportYear, Role),
    by: &str,
    why: &str,
    at: String,
) -> Result<ExitCode, Failure> {
    let why = reason(why, "taking a signature back needs a reason")?;
    super::overrides::refuse_frozen(data, year)?;
    let (_, digest) = release_of(data, year, None)?;
    let all = signatures::all(data)?;
    let Some(known) = signatures::holding(&all, year, &digest).remove(&role) else {
        return Err(usage(&format!("no signature of the {} holds on {year}", told(role)))
            .hint("`nianbao sign --list` has them all; one that has lapsed needs no withdrawal"));
    };
    let record =
        Record { act: Act::Withdraw, by: by.to_owned(), at, why, withdraws: Some(known.id), ..known.clone() };
    let record = signatures::add(data, record)?;
    if global.json {
        output::json(&record)?;
    } else {
        output::line(&format!("Signature {} is taken back, by record {}.", known.id, record.id));
    }
    Ok(ExitCode::Done)
}

#[derive(Serialize)]
struct Listed<'a> {
    #[serde(flatten)]
    record: &'a Record,
    /// Of a signature: `holds`, `lapsed`, `withdrawn`.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<State>,
}

fn list(global: &Global, data: &DataRoot, year: Option<ReportYear>) -> Result<ExitCode, Failure> {
    let all = signatures::all(data)?;
    let current = publish::current(data)?;
    let digest = |year| current.as_ref().and_then(|manifest| manifest.year_digest(year));
    let listed: Vec<Listed<'_>> = all
        .iter()
        .filter(|record| year.is_none_or(|year| record.report_year == year))
        .map(|record| {
            let of = (record.act == Act::Sign)
                .then(|| signatures::state(record, &all, digest(record.report_year).as_deref()));
            Listed { record, state: of }
        })
        .collect();
    if global.json {
        output::json(&listed)?;
        return Ok(ExitCode::Done);
    }
    for one in &listed {
        output::line(&line(one));
    }
    for (year, record) in signatures::frozen(&all) {
        output::note(&format!("{year} is frozen as release {:06} has it", record.release));
    }
    Ok(ExitCode::Done)
}

fn line(Listed { record, state }: &Listed<'_>) -> String {
    let Record { id, act, report_year, role, release, by, at, why, withdraws, year_digest, .. } = record;
    let did = match (act, withdraws) {
        (Act::Sign, _) => state.map_or("", State::name).to_owned(),
        (Act::Withdraw, Some(id)) => format!("takes back {id}"),
        (Act::Withdraw, None) => "takes back".to_owned(),
        (Act::Freeze, _) => "freezes".to_owned(),
        (Act::Lift, _) => "lifts".to_owned(),
    };
    let role = role.map(told).unwrap_or_default();
    let why = if why.is_empty() { String::new() } else { format!("：{why}") };
    let digest = year_digest.get(..12).unwrap_or(year_digest);
    format!(
        "{id:>6}  {at}  {}  {report_year}  release {release:06}  {digest}  {}  {by}{why}",
        output::left(&did, 13),
        output::left(&role, 20)
    )
}
