//! `nianbao override set` and `override read`: decisions about values of the current release.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::catalogue::indicator;
use super::decision::{Decider, Desk, RowDecider, record, refuse_frozen};
use super::filled::sheets_of;
use super::units::Units;
use super::{ExitCode, Failure, Global, open, output, published};
use crate::decisions::values::{self, About};
use crate::decisions::{self, Override};
use crate::definitions::Definitions;
use crate::definitions::indicator::Indicator;
use crate::documents::Register;
use crate::figure::State;
use crate::figure::{Delivered, Level};
use crate::figures::reconcile::{self, Answer, Difference};
use crate::figures::{IndicatorValue, adjust, shown, stored};
use crate::number::Decimal;
use crate::period::ReportYear;
use crate::position;
use crate::report::differences::{self, DifferenceNote};
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
    /// The filled-in workbook …填报与系统差异表.xlsx
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

/// The outcome for a workbook's notes.
#[derive(Debug, Default, Serialize)]
struct NotesTaken {
    recorded: Vec<Override>,
    /// Rows whose notes are recorded already.
    known: usize,
    not_recorded: Vec<UnrecordedNote>,
}

#[derive(Debug, Serialize)]
struct UnrecordedNote {
    sheet: String,
    row: u32,
    why: String,
}

/// Records the notes of a filled-in workbook; those whose values changed since are reported.
pub fn read(
    global: &Global,
    settings: &Settings,
    data: &DataRoot,
    desk: &Desk,
    read: &ReadArgs,
    when: &str,
) -> Result<ExitCode, Failure> {
    let (rows, sha256) = noted_rows(settings, &read.file)?;
    let manifest = current(data)?;
    let all = decisions::all(data)?;
    // The newest note about each difference; the year is part of the key.
    let notes: BTreeMap<&str, &Override> = decisions::not_withdrawn(&all)
        .into_iter()
        .filter(|decision| decision.rule == values::note_rule())
        .map(|note| (note.key.as_str(), note))
        .collect();
    let mut years: BTreeMap<ReportYear, Vec<Difference>> = BTreeMap::new();
    let mut taken = NotesTaken::default();
    let mut records = Vec::new();
    for row in rows {
        if let std::collections::btree_map::Entry::Vacant(entry) = years.entry(row.year) {
            let path = manifest.table(data, "difference", row.year);
            let read = path.map(|path| reconcile::read(&path)).transpose();
            entry.insert(read.map_err(|error| Failure::internal(&error))?.unwrap_or_default());
        }
        let by = match (row.by.is_empty(), &read.decider.by) {
            (true, by) => by.clone().unwrap_or_default().trim().to_owned(),
            (false, _) => row.by.clone(),
        };
        let admitted = if by.is_empty() {
            Err("no name is given: fill in 处理人, or give --by".to_owned())
        } else {
            desk.decider(&by).map_err(|refusal| refusal.to_string())
        };
        match admitted.and_then(|by| decision(&row, &years[&row.year], &by, when)) {
            Err(why) => {
                taken.not_recorded.push(UnrecordedNote {
                    sheet: position::redact(&row.sheet),
                    row: row.row,
                    why,
                });
            }
            Ok(None) => taken.known += 1,
            Ok(Some(record)) if is_known(&record, &notes, &manifest) => taken.known += 1,
            Ok(Some(record)) => records.push(record),
        }
    }
    records.iter().try_for_each(|record| refuse_frozen(data, record.report_year))?;
    taken.recorded = decisions::add_all(data, desk.origin(), records)?;
    // Notes that were not recorded are in the workbook alone.
    if taken.not_recorded.is_empty() {
        Register::load(data)?.read_back(sha256)?;
    }
    print(global, &taken)?;
    Ok(if taken.not_recorded.is_empty() { ExitCode::Done } else { ExitCode::Draft })
}

/// Reads the rows with a note, in the same way as a delivery, and the SHA-256 of the file.
fn noted_rows(settings: &Settings, file: &Path) -> Result<(Vec<DifferenceNote>, String), Failure> {
    let (sheets, sha256) = sheets_of(settings, file, &|error| error.to_string())?;
    let rows = differences::read(&sheets).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Failure::usage(&format!("`{}` is not taken\n{}", file.display(), lines.join("\n")))
            .hint("nothing was recorded; mend the workbook, or fill in the one in reports/ anew")
    })?;
    Ok((rows, sha256))
}

/// The record of a note, if its row is about a difference in the release, with the same values; `None` where
/// the note only repeats what closed the difference: an earlier note, or why a value was set.
fn decision(
    row: &DifferenceNote,
    differences: &[Difference],
    by: &str,
    when: &str,
) -> Result<Option<Override>, String> {
    let [(basis_a, value_a), (basis_b, value_b)] = &row.sides;
    let found = differences.iter().find(|difference| {
        let key = &difference.key;
        let unit = &key.unit;
        let code = if unit.school_code.is_empty() { &unit.region_code } else { &unit.school_code };
        key.indicator_id == row.indicator_id
            && *code == row.code
            && (key.basis_a, key.basis_b) == (*basis_a, *basis_b)
    });
    let Some(found) = found else {
        let (id, code) = (position::redact(&row.indicator_id), position::redact(&row.code));
        return Err(format!("the release compares no `{id}` of {code} in {}", row.year));
    };
    for (basis, value, side) in [(basis_a, value_a, &found.a), (basis_b, value_b, &found.b)] {
        if *value != side.as_text() {
            let (now, then) = (side.as_text(), shown(value));
            return Err(format!("{} is {} now, the row has {then}", basis.label(), shown(&now)));
        }
    }
    if found.answer == Answer::Agrees {
        return Err("the two agree: there is nothing to say".to_owned());
    }
    if found
        .closed
        .as_ref()
        .is_some_and(|closed| (closed.note.as_str(), closed.by.as_str()) == (&row.note, by))
    {
        return Ok(None);
    }
    Ok(Some(Override {
        rule: values::note_rule().to_owned(),
        key: values::note_key(row.year, &found.key),
        value: format!("{value_a} {value_b}"),
        about: Some(About {
            indicator_id: row.indicator_id.clone(),
            relation: String::new(),
            level: found.key.unit.level,
            region_code: found.key.unit.region_code.clone(),
            school_code: found.key.unit.school_code.clone(),
            under: values::under(found),
        }),
        ..record(row.year, by, &row.note, when)
    }))
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
