//! `nianbao override set` and `override read`: decisions about values of the current release.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::catalogue::indicator;
use super::decision::{Decider, Desk, RowDecider, record, refuse_frozen};
use super::filled::{NotesTaken, UnrecordedNote, name_of, sheets_of};
use super::units::Units;
use super::{ExitCode, Failure, Global, answers, open, output, published};
use crate::decisions::values::{self, About};
use crate::decisions::{self, Override};
use crate::definitions::Definitions;
use crate::definitions::indicator::Indicator;
use crate::documents::Register;
use crate::figure::State;
use crate::figure::{Delivered, Level};
use crate::figures::reconcile::{self, Agreement, Closing, Difference};
use crate::figures::{IndicatorValue, adjust, shown, stored};
use crate::number::Decimal;
use crate::period::ReportYear;
use crate::position;
use crate::report::differences::{self, DifferenceNote, Fault, NotedDifference};
use crate::report::findings;
use crate::settings::Settings;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::Manifest;

#[derive(Debug, clap::Args)]
pub struct SetArgs {
    /// The indicator, by its id or title: `graduates_placed`, 毕业去向落实人数
    indicator: String,
    /// The report year
    #[arg(long)]
    year: i32,
    /// The school, by its code or its name in the register of that year
    #[arg(long, value_name = "CODE|NAME")]
    school: String,
    /// The basis whose value is replaced: filed (填报) or system (系统)
    #[arg(long, default_value = "filed")]
    basis: String,
    /// The new value, in the indicator's unit: 612 or 88.01
    #[arg(long, allow_hyphen_values = true)]
    value: String,
    #[command(flatten)]
    decider: Decider,
}

#[derive(Debug, clap::Args)]
pub struct ReadArgs {
    /// The workbook …填报与系统差异表.xlsx or …问题与疑问表.xlsx, filled in
    file: PathBuf,
    #[command(flatten)]
    decider: RowDecider,
}

fn current(data: &DataRoot) -> Result<Manifest, Failure> {
    published(data, "`nianbao run` publishes a release, whose values are decided about")
}

/// A value that is set, as the person who sets it must see it.
#[derive(Debug, Serialize)]
pub struct ValueSet {
    #[serde(flatten)]
    pub decision: Override,
    title_zh: String,
    unit: String,
    school_name: String,
    basis: &'static str,
    /// The delivered value, or the name of its state.
    before: String,
    after: String,
    /// The decision in force that this one replaces, and its value.
    replaces: Option<(u32, String)>,
}

impl ValueSet {
    /// `全日制在校生人数 of 3614000001 …, 2024, on basis filed (填报): 610 人 → 612 人`.
    pub fn text(&self) -> String {
        let in_unit = |value: &str| match State::named(value) {
            State::Missing if value != State::Missing.name() => format!("{value} {}", self.unit),
            state => format!("{} ({})", shown(value), state.name()),
        };
        let basis = Delivered::named(self.basis).map_or("", Delivered::label);
        let school = self.decision.about.as_ref().map_or("", |about| about.school_code.as_str());
        let replaces = self
            .replaces
            .as_ref()
            .map(|(id, value)| format!("; this replaces decision {id}, which set {}", in_unit(value)));
        format!(
            "{} of {school} {}, {}, on basis {} ({basis}): {} → {}{}",
            self.title_zh,
            self.school_name,
            self.decision.report_year,
            self.basis,
            in_unit(&self.before),
            in_unit(&self.after),
            replaces.unwrap_or_default()
        )
    }
}

/// The decision that sets a value, with the value that is delivered in the current release.
pub fn set(
    settings: &Settings,
    data: &DataRoot,
    definitions: &Definitions,
    set: &SetArgs,
    when: &str,
) -> Result<ValueSet, Failure> {
    set.decider.check()?;
    let Some(basis) = Delivered::named(&set.basis).or_else(|| Delivered::labelled(&set.basis)) else {
        return Err(Failure::usage(&format!(
            "`{}` is not a basis: filed (填报) or system (系统)",
            set.basis
        )));
    };
    let indicator = indicator(definitions, &set.indicator)?;
    if let Some(why) = adjust::refusal(indicator, basis) {
        return Err(Failure::usage(&why));
    }
    let value = Decimal::parse(&set.value)
        .ok_or_else(|| Failure::usage(&format!("`{}` is not a number in plain decimals", set.value)))?;
    if let Some(fault) = adjust::value_fault(indicator, basis, value) {
        return Err(Failure::usage(&fault));
    }
    let manifest = current(data)?;
    let units = Units::of_year(settings, data, definitions, &manifest, set.year)?;
    let school = units.school(&set.school)?;
    let replaced = delivered((data, &manifest), definitions, (indicator, set.year), &school, basis)?;
    let delivered = replaced.as_text();
    if replaced.state == State::Blank
        && definitions
            .layout(set.year)
            .is_none_or(|layout| !layout.filed_rows().any(|(_, row)| row.indicator == indicator.id))
    {
        return Err(Failure::usage(&format!("`{}` was not asked in {}", indicator.id, set.year)));
    }
    if delivered == value.to_string() {
        return Err(Failure::usage(&format!(
            "{delivered} {} is what was delivered on basis {} ({}): there is nothing to set",
            indicator.unit,
            basis.name(),
            basis.label()
        )));
    }
    let key = values::set_key(set.year, &indicator.id, basis, &school);
    let all = decisions::all(data)?;
    let newest = decisions::not_withdrawn(&all).into_iter().rfind(|known| {
        known.rule == values::set_rule() && known.key == key && !manifest.lapsed.contains(&known.id)
    });
    Ok(ValueSet {
        title_zh: indicator.title_zh.clone(),
        unit: indicator.unit.clone(),
        school_name: units.school_name(&school).to_owned(),
        basis: basis.name(),
        before: delivered.clone(),
        after: value.to_string(),
        replaces: newest.map(|known| (known.id, known.value.clone())),
        decision: Override {
            rule: values::set_rule().to_owned(),
            key,
            value: value.to_string(),
            about: Some(About {
                indicator_id: indicator.id.clone(),
                relation: String::new(),
                level: Level::School,
                region_code: replaced.key.unit.region_code.clone(),
                school_code: school,
                under: BTreeMap::from([(basis.name().to_owned(), delivered)]),
            }),
            ..set.decider.record(set.year, when)
        },
    })
}

/// The delivered value of one school in the current release.
fn delivered(
    (data, manifest): (&DataRoot, &Manifest),
    definitions: &Definitions,
    (indicator, year): (&Indicator, ReportYear),
    school: &str,
    basis: Delivered,
) -> Result<IndicatorValue, Failure> {
    let Some(path) = manifest.table(data, "indicator_value", year) else {
        return Err(open::no_year(manifest, year));
    };
    let values = stored::read(&path, &definitions.indicators).map_err(|error| Failure::internal(&error))?;
    let of_school = |value: &&IndicatorValue| {
        let key = &value.key;
        key.unit.school_code == school && key.indicator_id == indicator.id && key.breakdown.is_empty()
    };
    let found = values.iter().filter(of_school).find(|value| value.key.basis == basis.basis());
    found.cloned().ok_or_else(|| {
        let others = Delivered::ALL.into_iter().filter(|other| {
            adjust::refusal(indicator, *other).is_none()
                && values.iter().filter(of_school).any(|value| value.key.basis == other.basis())
        });
        let others: Vec<String> = others.map(|other| format!("--basis {}", other.name())).collect();
        let has = if others.is_empty() {
            String::new()
        } else {
            format!("; it has one with {}", others.join(", "))
        };
        Failure::usage(&format!("`{}` has no value on basis {} in {year}{has}", indicator.id, basis.name()))
    })
}

/// Records the notes of a filled-in workbook; those about something that changed since are reported.
pub fn read(
    global: &Global,
    settings: &Settings,
    data: &DataRoot,
    desk: &Desk,
    read: &ReadArgs,
    when: &str,
) -> Result<ExitCode, Failure> {
    let (sheets, sha256) = sheets_of(settings, &read.file, &|error| error.to_string())?;
    let manifest = current(data)?;
    let refused = |faults: &[Fault]| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Failure::usage(&format!("`{}` is not taken\n{}", read.file.display(), lines.join("\n")))
            .hint("nothing was recorded; mend the workbook, or fill in the one in reports/ anew")
    };
    let by = read.decider.by.as_deref();
    let mut taken = if findings::is_workbook(&sheets) {
        let rows = findings::read(&sheets).map_err(|faults| refused(&faults))?;
        answers::of_rows(global, (data, desk), &manifest, rows, by, when)?
    } else {
        let rows = differences::read(&sheets).map_err(|faults| refused(&faults))?;
        of_differences((data, desk), &manifest, rows, by, when)?
    };
    let records = std::mem::take(&mut taken.recorded);
    records.iter().try_for_each(|record| refuse_frozen(data, record.report_year))?;
    taken.recorded = decisions::add_all(data, desk.origin(), records)?;
    // Notes that were not recorded are in the workbook alone.
    if taken.not_recorded.is_empty() {
        Register::load(data)?.read_back(sha256)?;
    }
    print(global, &taken)?;
    Ok(if taken.not_recorded.is_empty() { ExitCode::Done } else { ExitCode::Draft })
}

/// The records of the notes about differences.
fn of_differences(
    (data, desk): (&DataRoot, &Desk),
    manifest: &Manifest,
    rows: Vec<DifferenceNote>,
    by: Option<&str>,
    when: &str,
) -> Result<NotesTaken, Failure> {
    let all = decisions::all(data)?;
    // The newest note about each difference; the year is part of the key.
    let notes: BTreeMap<&str, &Override> = decisions::not_withdrawn(&all)
        .into_iter()
        .filter(|decision| decision.rule == values::note_rule())
        .map(|note| (note.key.as_str(), note))
        .collect();
    let mut years: BTreeMap<ReportYear, Vec<Difference>> = BTreeMap::new();
    let mut taken = NotesTaken::default();
    for row in rows {
        if let std::collections::btree_map::Entry::Vacant(entry) = years.entry(row.year) {
            let path = manifest.table(data, "difference", row.year);
            let read = path.map(|path| reconcile::read(&path)).transpose();
            entry.insert(read.map_err(|error| Failure::internal(&error))?.unwrap_or_default());
        }
        let made = name_of(desk, &row.by, by).and_then(|by| decisions_of(&row, &years[&row.year], &by, when));
        match made {
            Err(why) => {
                taken.not_recorded.push(UnrecordedNote {
                    sheet: position::redact(&row.sheet),
                    row: row.row,
                    why,
                });
            }
            Ok(made) => {
                let new: Vec<Override> =
                    made.into_iter().filter(|record| !is_known(record, &notes, manifest)).collect();
                taken.known += usize::from(new.is_empty());
                taken.recorded.extend(new);
            }
        }
    }
    Ok(taken)
}

/// The records of a row: of one difference, or of all that it stands for; none where its note only repeats
/// what closed them.
fn decisions_of(
    row: &DifferenceNote,
    differences: &[Difference],
    by: &str,
    when: &str,
) -> Result<Vec<Override>, String> {
    if row.note.is_empty() {
        return Err("处理人 is filled in and 处理说明 is empty".to_owned());
    }
    match &row.about {
        NotedDifference::One { code, indicator_id, sides } => {
            let found = one(row.year, code, indicator_id, sides, differences)?;
            Ok(decision(row, found, by, when).into_iter().collect())
        }
        NotedDifference::Zeros { digest } => {
            let all = differences::zeros(differences);
            let zeros = all.iter().find(|zeros| zeros.digest == *digest);
            let zeros = zeros.ok_or("other differences are 0 against - now: fill in the new workbook")?;
            Ok(zeros.pairs.iter().filter_map(|found| decision(row, found, by, when)).collect())
        }
    }
}

/// The difference that a row is about, if it is in the release with the same values.
fn one<'a>(
    year: ReportYear,
    code: &str,
    indicator_id: &str,
    sides: &[(Delivered, String); 2],
    differences: &'a [Difference],
) -> Result<&'a Difference, String> {
    let [(basis_a, value_a), (basis_b, value_b)] = sides;
    let found = differences.iter().find(|difference| {
        let key = &difference.key;
        let unit = &key.unit;
        let unit_code = if unit.school_code.is_empty() { &unit.region_code } else { &unit.school_code };
        key.indicator_id == indicator_id
            && unit_code == code
            && (key.basis_a, key.basis_b) == (*basis_a, *basis_b)
    });
    let Some(found) = found else {
        let (id, code) = (position::redact(indicator_id), position::redact(code));
        return Err(format!("the release compares no `{id}` of {code} in {year}"));
    };
    for (basis, value, side) in [(basis_a, value_a, &found.a), (basis_b, value_b, &found.b)] {
        if *value != side.as_text() {
            let (now, then) = (side.as_text(), shown(value));
            return Err(format!("{} is {} now, the row has {then}", basis.label(), shown(&now)));
        }
    }
    if found.answer == Agreement::Agrees {
        return Err("the two agree: there is nothing to say".to_owned());
    }
    Ok(found)
}

/// The record of a note about a difference; `None` where the note only repeats what closed it: an earlier
/// note, or why a value was set.
fn decision(row: &DifferenceNote, found: &Difference, by: &str, when: &str) -> Option<Override> {
    let said = |closed: &Closing| (closed.note.as_str(), closed.by.as_str()) == (&row.note, by);
    if found.closed.as_ref().is_some_and(said) {
        return None;
    }
    Some(Override {
        rule: values::note_rule().to_owned(),
        key: values::note_key(row.year, &found.key),
        value: format!("{} {}", found.a.as_text(), found.b.as_text()),
        about: Some(About {
            indicator_id: found.key.indicator_id.clone(),
            relation: String::new(),
            level: found.key.unit.level,
            region_code: found.key.unit.region_code.clone(),
            school_code: found.key.unit.school_code.clone(),
            under: values::under(found),
        }),
        ..record(row.year, by, &row.note, when)
    })
}

/// Whether the newest note about the same difference says the same, and holds.
fn is_known(record: &Override, notes: &BTreeMap<&str, &Override>, manifest: &Manifest) -> bool {
    notes.get(record.key.as_str()).is_some_and(|known| {
        !manifest.lapsed.contains(&known.id)
            && (&known.who, &known.reason, &known.about) == (&record.who, &record.reason, &record.about)
    })
}

fn print(global: &Global, taken: &NotesTaken) -> Result<(), Failure> {
    if global.json {
        return output::json(taken);
    }
    for UnrecordedNote { sheet, row, why } in &taken.not_recorded {
        output::line(&format!("not recorded: sheet `{sheet}`, row {row}: {why}"));
    }
    if !taken.not_recorded.is_empty() {
        output::note("the workbook stays as it is, as it alone has what was not recorded");
    }
    let notes = |count: usize| if count == 1 { "1 note".to_owned() } else { format!("{count} notes") };
    let recorded = taken.recorded.len();
    let then = if recorded > 0 { "; the next run shows them" } else { "" };
    output::line(&format!(
        "{} recorded, {} known already, {} not recorded{then}.",
        notes(recorded),
        taken.known,
        taken.not_recorded.len()
    ));
    Ok(())
}
