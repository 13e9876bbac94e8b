//! The common part of all commands that record a decision: who and why, no frozen year, the record.

use super::Failure;
use crate::decisions::{DecisionError, Override, signatures};
use crate::period::ReportYear;
use crate::position;
use crate::warehouse::layout::DataRoot;

/// The person who decides, and the reason.
#[derive(Debug, clap::Args)]
pub struct Decider {
    /// Who decides
    #[arg(long, alias = "who", value_name = "NAME")]
    pub by: String,
    /// Why
    #[arg(long, alias = "reason", value_name = "TEXT")]
    pub why: String,
}

/// The person who decides, for a workbook whose rows may name persons themselves.
#[derive(Debug, clap::Args)]
pub struct RowDecider {
    /// Who decides, where a row does not say
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
