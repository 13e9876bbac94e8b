//! `nianbao freeze`: runs leave a year that all three signed alone, until the freeze is lifted.

use super::decision::{Decider, Desk, reason, signer};
use super::report::after_signing;
use super::sign::{record_of, refuse, release_of, role_text};
use super::{ExitCode, Failure, Global, data_root, load_settings, now, open, output, under_lock};
use crate::decisions::persons;
use crate::decisions::signatures::{self, Act, Record, Role};
use crate::ledger;
use crate::settings::Overrides;
use crate::warehouse::layout::DataRoot;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The report year
    #[arg(long, value_name = "YEAR")]
    year: i32,
    /// Lift the freeze; this is put on record
    #[arg(long)]
    lift: bool,
    #[command(flatten)]
    decider: Decider,
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let settings = load_settings(global, Overrides::default())?;
    let data = data_root(&settings)?;
    let by = signer(&args.decider.by)?;
    let why = reason(&args.decider.why, "a decision needs a reason")?;
    ledger::refuse_newer(&data)?;
    let now = now();
    let desk = Desk::open(global, &settings, &data, &now)?;
    let by = desk.admit(&by, &[persons::Role::Decider, persons::Role::Signer(Role::Responsible)])?;
    let record = under_lock(&data, "freeze", &now, || {
        if args.lift {
            lift_freeze((&data, &desk), args.year, &by, &why, &now)
        } else {
            freeze_year(global, (&data, &desk), args.year, &by, &why, &now)
        }
    })?;
    after_signing(global, &data, args.year);
    if global.json {
        output::json(&record)?;
    } else {
        let Record { report_year: year, release, .. } = record;
        output::line(&match record.act {
            Act::Lift => format!("{year} is open again: the next run does what has changed since."),
            _ => format!("{year} is frozen as release {release:06} has it: runs leave it as it is."),
        });
    }
    Ok(ExitCode::Done)
}

fn freeze_year(
    global: &Global,
    (data, desk): (&DataRoot, &Desk),
    year: i32,
    by: &str,
    why: &str,
    at: &str,
) -> Result<Record, Failure> {
    let all = signatures::all(data)?;
    if let Some(known) = signatures::frozen(&all).remove(&year) {
        return Err(Failure::usage(&format!("{year} is frozen already, by {} at {}", known.by, known.at)));
    }
    let release = release_of(data, year, None)?;
    let open_year = open::of_year(data, &release.0, year)?;
    if open_year.count() > 0 {
        refuse(global, &open_year, "is not frozen")?;
    }
    let holding = signatures::holding(&all, year, &release.1);
    let missing: Vec<String> =
        Role::ALL.into_iter().filter(|role| !holding.contains_key(role)).map(role_text).collect();
    if !missing.is_empty() {
        let message = format!(
            "{year} of release {:06} is not frozen: no signature of {} holds on it",
            release.0.release,
            missing.join(", ")
        );
        return Err(Failure::new(ExitCode::HeldBack, &message).hint(
            "`nianbao sign --year Y --as ROLE --by NAME`; `nianbao sign --list` shows who signed what",
        ));
    }
    let record = record_of(data, &release, year, Act::Freeze, (by, at))?;
    Ok(signatures::add(data, desk.origin(), Record { why: why.to_owned(), ..record })?)
}

fn lift_freeze(
    (data, desk): (&DataRoot, &Desk),
    year: i32,
    by: &str,
    why: &str,
    at: &str,
) -> Result<Record, Failure> {
    let all = signatures::all(data)?;
    let Some(known) = signatures::frozen(&all).remove(&year) else {
        return Err(Failure::usage(&format!("{year} is not frozen"))
            .hint("`nianbao sign --list` shows which years are"));
    };
    let record =
        Record { act: Act::Lift, by: by.to_owned(), at: at.to_owned(), why: why.to_owned(), ..known.clone() };
    Ok(signatures::add(data, desk.origin(), record)?)
}
