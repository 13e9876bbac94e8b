//! The common part of all commands that record a decision: who and why, no frozen year, the record.

use jiff::civil::Date;

use super::{Failure, Global};
use crate::decisions::origin::Origin;
use crate::decisions::persons::{PersonList, Refusal, Role};
use crate::decisions::spellings::is_one_name;
use crate::decisions::{self, DecisionError, Override, signatures};
use crate::period::ReportYear;
use crate::position;
use crate::settings::Settings;
use crate::warehouse::layout::DataRoot;

/// Where decisions are recorded: the account that records have, and the list that names are checked against.
pub struct Desk {
    persons: Option<PersonList>,
    origin: Origin,
    today: Date,
}

impl Desk {
    /// Reads the bureau's list of persons, where it keeps one.
    pub fn open(global: &Global, settings: &Settings, data: &DataRoot, now: &str) -> Result<Self, Failure> {
        let path = settings.list_of_persons(global.config.as_deref());
        let persons = path.map(|path| PersonList::read(&path)).transpose();
        let persons = persons.map_err(|faults| {
            Failure::usage(&faults.to_string())
                .hint("nothing was recorded; mend the list, or ask who keeps it")
        })?;
        if persons.is_none() && settings.persons_file.as_os_str().is_empty() && had_list(data)? {
            return Err(Failure::usage("names were checked against a list of persons so far, and none is found now")
                .hint("name the settings file it lies beside with --config, or the list with `persons_file`; the value \"none\" gives it up"));
        }
        let today = now.get(..10).and_then(|day| day.parse().ok());
        let today = today.ok_or_else(|| Failure::internal(&format!("`{now}` is no time")))?;
        let origin = Origin { name_checked: persons.is_some(), ..Origin::own() };
        Ok(Desk { persons, origin, today })
    }

    /// The name that the record has, if a person of that name may do it.
    pub fn admit(&self, name: &str, roles: &[Role]) -> Result<String, Refusal> {
        let Some(persons) = &self.persons else { return Ok(name.to_owned()) };
        persons.admit(name, roles, self.today, &self.origin).map(|person| person.name.clone())
    }

    /// The same for a person who decides.
    pub fn decider(&self, name: &str) -> Result<String, Refusal> {
        self.admit(name, &[Role::Decider])
    }

    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    pub fn is_same_person(&self, name: &str, other: &str) -> bool {
        match &self.persons {
            Some(persons) => persons.is_same_person(name, other),
            None => is_one_name(name, other),
        }
    }
}

/// Whether the newest decision or signature was of a name on a list.
fn had_list(data: &DataRoot) -> Result<bool, Failure> {
    let decision = decisions::all(data)?.pop().and_then(|decision| Some((decision.when, decision.origin?)));
    let signature = signatures::all(data)?.pop().and_then(|record| Some((record.at, record.origin?)));
    // Times of one machine, in one form.
    let newest = decision.into_iter().chain(signature).max_by(|(a, _), (b, _)| a.cmp(b));
    Ok(newest.is_some_and(|(_, origin)| origin.name_checked))
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::usage(&refusal.to_string())
            .hint("nothing was recorded; who keeps the list of persons adds names, roles and accounts")
    }
}

/// The person who decides, and the reason.
#[derive(Debug, clap::Args)]
pub struct Decider {
    /// Who decides
    #[arg(long, alias = "who", value_name = "NAME")]
    pub by: String,
    /// The reason
    #[arg(long, alias = "reason", value_name = "TEXT")]
    pub why: String,
}

/// The person who decides, for a workbook whose rows may name persons themselves.
#[derive(Debug, clap::Args)]
pub struct RowDecider {
    /// Who decides, for rows that do not name anyone
    #[arg(long, alias = "who", value_name = "NAME")]
    pub by: Option<String>,
}

impl From<DecisionError> for Failure {
    fn from(error: DecisionError) -> Self {
        Failure::internal(&error)
    }
}

impl Decider {
    /// Refuses a name or a reason that may not be in a record.
    pub fn check(&self) -> Result<(), Failure> {
        if self.by.trim().is_empty() || self.why.trim().is_empty() {
            return Err(Failure::usage("a decision needs a name and a reason"));
        }
        if has_number(&self.by) || has_number(&self.why) {
            return Err(Failure::usage(
                "the name or the reason has a long number: personal numbers must not be written there",
            ));
        }
        Ok(())
    }

    /// A record of the decision, to be completed.
    pub fn record(&self, year: ReportYear, when: &str) -> Override {
        record(year, self.by.trim(), self.why.trim(), when)
    }
}

/// A record of a decision, to be completed.
pub fn record(year: ReportYear, by: &str, why: &str, when: &str) -> Override {
    Override {
        format: 0,
        id: 0,
        report_year: year,
        rule: String::new(),
        key: String::new(),
        value: String::new(),
        who: by.to_owned(),
        when: when.to_owned(),
        reason: why.to_owned(),
        withdraws: None,
        about: None,
        correction: None,
        origin: None,
    }
}

fn has_number(text: &str) -> bool {
    position::redact(text) != text
}

/// Checks the name under a signature.
pub fn signer(by: &str) -> Result<String, Failure> {
    let by = by.trim();
    if by.is_empty() {
        return Err(Failure::usage("a signature needs a name"));
    }
    if has_number(by) {
        return Err(Failure::usage("the name has a long number: personal numbers must not be written there"));
    }
    Ok(by.to_owned())
}

/// Checks the reason in a record; `missing` is the message where there is none.
pub fn reason(why: &str, missing: &str) -> Result<String, Failure> {
    let why = why.trim();
    if why.is_empty() {
        return Err(Failure::usage(missing));
    }
    if has_number(why) {
        return Err(Failure::usage(
            "the reason has a long number: personal numbers must not be written there",
        ));
    }
    Ok(why.to_owned())
}

/// Refuses a decision about a frozen year, which no run would act on.
pub fn refuse_frozen(data: &DataRoot, year: ReportYear) -> Result<(), Failure> {
    let records = signatures::all(data)?;
    let Some(record) = signatures::frozen(&records).remove(&year) else { return Ok(()) };
    Err(Failure::usage(&format!("{year} is frozen, by {} at {}", record.by, record.at))
        .hint("`nianbao freeze --year Y --lift --by NAME --why TEXT` opens it again, on record"))
}
