//! `nianbao override set` and `override read`: decisions about values of the release that stands.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::overrides::{named, refuse_frozen};
use super::{ExitCode, Failure, Global, output, published};
use crate::decisions::values::{self, About};
use crate::decisions::{self, Override};
use crate::decode::worker::{Decoder, Limits, OWN_PROGRAM};
use crate::decode::{DecodeError, Event, Row};
use crate::definition::Definitions;
use crate::documents::Register;
use crate::figure::State;
use crate::indicators::{IndicatorValue, adjust, shown, stored};
use crate::layout::{Delivered, Level};
use crate::number::Decimal;
use crate::period::ReportYear;
use crate::position;
use crate::reconcile::{self, Answer, Difference};
use crate::report::differences::{self, Noted};
use crate::settings::Settings;
use crate::warehouse::layout::DataRoot;
use crate::warehouse::publish::Manifest;

#[derive(Debug, clap::Args)]
pub struct Set {
    /// The indicator, as the table `dim_indicator` names it: `graduates_placed`
    indicator: String,
    /// The report year
    #[arg(long)]
    year: i32,
    /// The school's code of ten digits
    #[arg(long, value_name = "CODE")]
    school: String,
    /// The basis that the value stands for: filed or system
    #[arg(long, default_value = "filed")]
    basis: String,
    /// The value, in the indicator's unit: 612 or 88.01
    #[arg(long, allow_hyphen_values = true)]
    value: String,
    /// Who decides
    #[arg(long, visible_alias = "who", value_name = "NAME")]
    by: String,
    /// Why
    #[arg(long, visible_alias = "reason", value_name = "TEXT")]
    why: String,
}

#[derive(Debug, clap::Args)]
pub struct Read {
    /// The workbook …填报与系统差异表.xlsx, filled in
    file: PathBuf,
    /// Who decides, where a row does not say
    #[arg(long, visible_alias = "who", value_name = "NAME")]
    by: Option<String>,
}

fn usage(message: &str) -> Failure {
    Failure::new(ExitCode::Usage, message)
}

fn internal(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(ExitCode::Internal, &error.to_string())
}

fn current(data: &DataRoot) -> Result<Manifest, Failure> {
    published(data, "`nianbao run` publishes a release, whose values are decided about")
}

/// The value that a person sets, with what is delivered under it in the release that stands.
pub fn set(data: &DataRoot, definitions: &Definitions, set: &Set, when: String) -> Result<Override, Failure> {
    named(&set.by, &set.why)?;
    let Some(basis) = Delivered::named(&set.basis) else {
        return Err(usage(&format!("`{}` is no basis: filed or system", set.basis)));
    };
    let Some(indicator) = definitions.indicator(&set.indicator) else {
        return Err(usage(&format!("there is no indicator `{}`", set.indicator))
            .hint("the table `dim_indicator` has them all"));
    };
    if let Some(why) = adjust::refusal(indicator, basis) {
        return Err(usage(&why));
    }
    let value = Decimal::parse(&set.value)
        .ok_or_else(|| usage(&format!("`{}` is no number in plain decimals", set.value)))?;
    if let Some(fault) = adjust::value_fault(indicator, basis, value) {
        return Err(usage(&fault));
    }
    let under = delivered(data, definitions, set, basis)?;
    let told = under.told();
    if under.state == State::Blank
        && definitions
            .layout(set.year)
            .is_none_or(|layout| !layout.filed_rows().any(|(_, row)| row.indicator == set.indicator))
    {
        return Err(usage(&format!("`{}` was not asked in {}", set.indicator, set.year)));
    }
    if told == value.to_string() {
        return Err(usage(&format!("{told} is what was delivered: there is nothing to set")));
    }
    Ok(Override {
        format: 0,
        id: 0,
        report_year: set.year,
        rule: values::set_rule().to_owned(),
        key: values::set_key(set.year, &set.indicator, basis, &set.school),
        value: value.to_string(),
        who: set.by.trim().to_owned(),
        when,
        reason: set.why.trim().to_owned(),
        withdraws: None,
        about: Some(About {
            indicator_id: set.indicator.clone(),
            relation: String::new(),
            level: Level::School,
            region_code: under.key.unit.region_code.clone(),
            school_code: set.school.clone(),
            under: BTreeMap::from([(basis.name().to_owned(), told)]),
        }),
        correction: None,
    })
}

/// The delivered value of one school in the release that stands.
fn delivered(
    data: &DataRoot,
    definitions: &Definitions,
    set: &Set,
    basis: Delivered,
) -> Result<IndicatorValue, Failure> {
    let manifest = current(data)?;
    let Some(path) = manifest.table(data, "indicator_value", set.year) else {
        return Err(usage(&format!("release {:06} has no year {}", manifest.release, set.year)));
    };
    let values = stored::read(&path, &definitions.indicators).map_err(|error| internal(&error))?;
    let mut of_school =
        values.into_iter().filter(|value| value.key.unit.school_code == set.school).peekable();
    if of_school.peek().is_none() {
        return Err(usage(&format!("there is no school `{}` in {}", position::told(&set.school), set.year)));
    }
    let is_it = |value: &IndicatorValue| {
        let key = &value.key;
        key.indicator_id == set.indicator && key.basis == basis.basis() && key.breakdown.is_empty()
    };
    of_school.find(is_it).ok_or_else(|| {
        usage(&format!("`{}` has no value on basis {} in {}", set.indicator, basis.name(), set.year))
    })
}

/// What became of a workbook's notes.
#[derive(Debug, Default, Serialize)]
struct Taken {
    recorded: Vec<Override>,
    /// Rows that say what is recorded already.
    known: usize,
    not_recorded: Vec<NotRecorded>,
}

#[derive(Debug, Serialize)]
struct NotRecorded {
    sheet: String,
    row: u32,
    why: String,
}

/// Records the notes of a filled-in workbook; those whose values changed since are told.
pub fn read(
    global: &Global,
    settings: &Settings,
    data: &DataRoot,
    read: &Read,
    when: &str,
) -> Result<ExitCode, Failure> {
    let (rows, sha256) = noted_rows(settings, &read.file)?;
    let manifest = current(data)?;
    let all = decisions::all(data)?;
    // The newest about each difference; a key has its year.
    let notes: BTreeMap<&str, &Override> = decisions::standing(&all)
        .into_iter()
        .filter(|decision| decision.rule == values::note_rule())
        .map(|note| (note.key.as_str(), note))
        .collect();
    let mut years: BTreeMap<ReportYear, Vec<Difference>> = BTreeMap::new();
    let mut taken = Taken::default();
    let mut records = Vec::new();
    for row in rows {
        if let std::collections::btree_map::Entry::Vacant(entry) = years.entry(row.year) {
            let path = manifest.table(data, "difference", row.year);
            let read = path.map(|path| reconcile::read(&path)).transpose();
            entry.insert(read.map_err(|error| internal(&error))?.unwrap_or_default());
        }
        let by = match (row.by.is_empty(), &read.by) {
            (true, by) => by.clone().unwrap_or_default().trim().to_owned(),
            (false, _) => row.by.clone(),
        };
        match decision(&row, &years[&row.year], &by, when) {
            Err(why) => {
                taken.not_recorded.push(NotRecorded { sheet: position::told(&row.sheet), row: row.row, why });
            }
            Ok(None) => taken.known += 1,
            Ok(Some(record)) if is_known(&record, &notes, &manifest) => taken.known += 1,
            Ok(Some(record)) => records.push(record),
        }
    }
    records.iter().try_for_each(|record| refuse_frozen(data, record.report_year))?;
    taken.recorded = decisions::add_all(data, records)?;
    // What was not recorded stands in the workbook alone.
    if taken.not_recorded.is_empty() {
        Register::load(data)?.read_back(sha256)?;
    }
    told(global, &taken)?;
    Ok(if taken.not_recorded.is_empty() { ExitCode::Done } else { ExitCode::Draft })
}

/// The rows with a note, read as every delivery is, and the SHA-256 of the file.
fn noted_rows(settings: &Settings, file: &Path) -> Result<(Vec<Noted>, String), Failure> {
    let (sheets, sha256) = sheets_of(settings, file, &|error| error.to_string())?;
    let rows = differences::read(&sheets).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        usage(&format!("`{}` is not taken\n{}", file.display(), lines.join("\n")))
            .hint("nothing was recorded; mend the workbook, or fill in the one in reports/ anew")
    })?;
    Ok((rows, sha256))
}

/// Rows by sheet.
type FilledSheets = Vec<(String, Vec<Row<'static>>)>;

/// The rows of a workbook that somebody filled in, by sheet, and the SHA-256 of its bytes. `words` is what
/// may be told of a fault.
pub(super) fn sheets_of(
    settings: &Settings,
    file: &Path,
    words: &dyn Fn(&DecodeError) -> String,
) -> Result<(FilledSheets, String), Failure> {
    let name = file.display();
    let bytes = match fs::metadata(file) {
        Ok(found) if found.len() > settings.file_size_max_mb << 20 => {
            return Err(usage(&format!("`{name}` is over {} MB", settings.file_size_max_mb)));
        }
        Ok(_) => fs::read(file),
        Err(error) => Err(error),
    };
    let bytes = bytes.map_err(|error| usage(&format!("`{name}`: {error}")))?;
    let limits =
        Limits { memory_mb: settings.decode_memory_max_mb, cpu_seconds: settings.decode_cpu_max_seconds };
    let mut sheets = FilledSheets::new();
    let mut bad = None;
    let mut decoder = Decoder::new(Path::new(OWN_PROGRAM), limits);
    let outcome = decoder.decode(&bytes, &mut |event| match event {
        Event::Sheet(name) => sheets.push((name.to_owned(), Vec::new())),
        Event::Row(row) => {
            if sheets.is_empty() {
                sheets.push((String::new(), Vec::new()));
            }
            if let Some((_, rows)) = sheets.last_mut() {
                rows.push(row.to_owned_row());
            }
        }
        Event::BadRow { number, .. } => bad = bad.or(Some(number)),
    });
    let outcome = outcome.map_err(|error| internal(&error))?;
    outcome.map_err(|error| usage(&format!("`{name}`: {}", words(&error))))?;
    match bad {
        Some(row) => Err(usage(&format!("`{name}`: row {row} does not split into cells"))),
        None => Ok((sheets, crate::warehouse::files::sha256(&bytes))),
    }
}

/// The record of a note, if its row is of a difference that the release has, with the same values;
/// none where it says what the release was published with: an earlier note, or why a value was set.
fn decision(
    row: &Noted,
    differences: &[Difference],
    by: &str,
    when: &str,
) -> Result<Option<Override>, String> {
    if by.is_empty() {
        return Err("nobody is named: fill in 处理人, or give --by".to_owned());
    }
    let [(basis_a, told_a), (basis_b, told_b)] = &row.sides;
    let found = differences.iter().find(|one| {
        let unit = &one.key.unit;
        let code = if unit.school_code.is_empty() { &unit.region_code } else { &unit.school_code };
        one.key.indicator_id == row.indicator_id
            && *code == row.code
            && (one.key.basis_a, one.key.basis_b) == (*basis_a, *basis_b)
    });
    let Some(found) = found else {
        let (id, code) = (position::told(&row.indicator_id), position::told(&row.code));
        return Err(format!("the release compares no `{id}` of {code} in {}", row.year));
    };
    for (basis, told, side) in [(basis_a, told_a, &found.a), (basis_b, told_b, &found.b)] {
        if *told != side.told() {
            let (now, then) = (side.told(), shown(told));
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
        format: 0,
        id: 0,
        report_year: row.year,
        rule: values::note_rule().to_owned(),
        key: values::note_key(row.year, &found.key),
        value: format!("{told_a} {told_b}"),
        who: by.to_owned(),
        when: when.to_owned(),
        reason: row.note.clone(),
        withdraws: None,
        about: Some(About {
            indicator_id: row.indicator_id.clone(),
            relation: String::new(),
            level: found.key.unit.level,
            region_code: found.key.unit.region_code.clone(),
            school_code: found.key.unit.school_code.clone(),
            under: values::under(found),
        }),
        correction: None,
    }))
}

/// Whether the newest note about the same difference says the same, and holds.
fn is_known(record: &Override, notes: &BTreeMap<&str, &Override>, manifest: &Manifest) -> bool {
    notes.get(record.key.as_str()).is_some_and(|known| {
        !manifest.lapsed.contains(&known.id)
            && (&known.who, &known.reason, &known.about) == (&record.who, &record.reason, &record.about)
    })
}

fn told(global: &Global, taken: &Taken) -> Result<(), Failure> {
    if global.json {
        return output::json(taken);
    }
    for NotRecorded { sheet, row, why } in &taken.not_recorded {
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
