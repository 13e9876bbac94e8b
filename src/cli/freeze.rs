//! `nianbao freeze`: a year that all three signed is left alone by every run, until that is lifted.

use super::sign::{self, record_of, release_of, told};
use super::{ExitCode, Failure, Global, data_root, load_settings, now, open, output};
use crate::decisions::signatures::{self, Act, Record, Role};
use crate::runs;
use crate::settings::Overrides;
use crate::warehouse::layout::DataRoot;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The report year
    #[arg(long, value_name = "YEAR")]
    year: i32,
    /// Open it again, on record
    #[arg(long)]
    lift: bool,
    /// Who decides
    #[arg(long, visible_alias = "who", value_name = "NAME")]
    by: String,
    /// Why
    #[arg(long, visible_alias = "reason", value_name = "TEXT")]
    why: String,
}

fn usage(message: &str) -> Failure {
    Failure::new(ExitCode::Usage, message)
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let settings = load_settings(global, Overrides::default())?;
    let data = data_root(&settings)?;
    let by = sign::named(&args.by)?;
    let why = sign::reason(&args.why, "a decision needs a reason")?;
    runs::refuse_newer(&data)?;
    let now = now();
    let lock = runs::lock(&data, "freeze", &now)?;
    let done = if args.lift {
        lifted(&data, args.year, &by, &why, now)
    } else {
        frozen(global, &data, args.year, &by, &why, now)
    };
    if !lock.was_left_behind() {
        lock.give_back().map_err(|error| Failure::new(ExitCode::Internal, &error))?;
    }
    let record = done?;
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

fn frozen(
    global: &Global,
    data: &DataRoot,
    year: i32,
    by: &str,
    why: &str,
    at: String,
) -> Result<Record, Failure> {
    let all = signatures::all(data)?;
    if let Some(known) = signatures::frozen(&all).remove(&year) {
        return Err(usage(&format!("{year} is frozen already, by {} at {}", known.by, known.at)));
    }
    let of = release_of(data, year, None)?;
    let unanswered = open::of_year(data, &of.0, year)?;
    if unanswered.count() > 0 {
        sign::refused(global, &unanswered, "is not frozen")?;
    }
    let holding = signatures::holding(&all, year, &of.1);
    let missing: Vec<String> =
        Role::ALL.into_iter().filter(|role| !holding.contains_key(role)).map(told).collect();
    if !missing.is_empty() {
        let message = format!(
            "{year} of release {:06} is not frozen: no signature of {} holds on it",
            of.0.release,
            missing.join(", ")
        );
        return Err(Failure::new(ExitCode::HeldBack, &message).hint(
            "`nianbao sign --year Y --as ROLE --by NAME`; `nianbao sign --list` tells who signed what",
        ));
    }
    let record = record_of(data, &of, year, Act::Freeze, (by, at))?;
    Ok(signatures::add(data, Record { why: why.to_owned(), ..record })?)
}

fn lifted(data: &DataRoot, year: i32, by: &str, why: &str, at: String) -> Result<Record, Failure> {
    let all = signatures::all(data)?;
    let Some(known) = signatures::frozen(&all).remove(&year) else {
        return Err(
            usage(&format!("{year} is not frozen")).hint("`nianbao sign --list` tells which years are")
        );
    };
    let record = Record { act: Act::Lift, by: by.to_owned(), at, why: why.to_owned(), ..known.clone() };
    Ok(signatures::add(data, record)?)
}
