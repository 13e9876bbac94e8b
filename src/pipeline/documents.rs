//! Printed cells of a release, and the documents made from them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::plan::made_with_these;
use super::{RunContext, RunError, io_error, parallel, questions, reconciled};
use crate::decisions::signatures;
use crate::definitions::Definitions;
use crate::definitions::contract::Role;
use crate::documents::{self as written, DocumentKind, Draft, PlacedDocument, Register};
use crate::figure::Level;
use crate::figure::Unit;
use crate::figures::{IndicatorValue, stored};
use crate::period::ReportYear;
use crate::report::cells::{self, Lines, ReportCell, Values, indexed};
use crate::report::sheet::Heading;
use crate::report::signing::Signing;
use crate::report::workbook;
use crate::report::{catalogue, file_name};
use crate::settings::Settings;
use crate::tables::filing::FilingRow;
use crate::tables::row;
use crate::tables::school::SchoolRow;
use crate::warehouse::files::{self, Access};
use crate::warehouse::layout::{DataRoot, release_name};
use crate::warehouse::publish::Manifest;

/// The counties of the city in one year.
pub(super) fn counties(settings: &Settings, definitions: &Definitions, year: ReportYear) -> Vec<String> {
    let regions =
        definitions.regions().map(crate::definitions::code_table::CodeTable::codes).unwrap_or_default();
    let is_county = |code: &&crate::definitions::code_table::Code| {
        code.parent.as_deref() == Some(settings.city_code.as_str()) && code.valid_in(year)
    };
    regions.iter().filter(is_county).map(|code| code.code.clone()).collect()
}

/// The cells of one year for the city, its counties, the residual and its schools (code and region).
pub(super) fn printed_cells(
    settings: &Settings,
    definitions: &Definitions,
    year: ReportYear,
    schools: &[(String, String)],
    values: &Values<'_>,
    lines: &Lines,
) -> Vec<ReportCell> {
    let above =
        |level, region: &str| Unit { level, region_code: region.to_owned(), school_code: String::new() };
    let counties = counties(settings, definitions, year);
    let counties: Vec<Unit> = counties.iter().map(|region| above(Level::County, region)).collect();
    let mut units = vec![above(Level::City, &settings.city_code)];
    units.extend(counties.iter().cloned());
    units.push(above(Level::County, &settings.residual_region_code));
    units.extend(schools.iter().map(|(code, region)| Unit {
        level: Level::School,
        region_code: region.clone(),
        school_code: code.clone(),
    }));
    let of_last_year =
        values.keys().filter(|(value_year, key)| *value_year == year - 1 && key.unit.level == Level::School);
    let last_regions: BTreeMap<String, String> =
        of_last_year.map(|(_, key)| (key.unit.school_code.clone(), key.unit.region_code.clone())).collect();
    let sources = cells::Sources {
        values,
        layouts: &definitions.layouts,
        units: &units,
        counties: &counties,
        regions: definitions.regions(),
        major_classes: definitions.codes.get("major_class"),
        year,
        last_regions: &last_regions,
        lines,
    };
    cells::cells(sources)
}

/// The lists that schools filed under tables, from the table `filing` of one year.
pub(super) fn filed_lines(
    path: &Path,
    definitions: &Definitions,
    year: ReportYear,
) -> Result<Lines, RunError> {
    let mut lines = Lines::new();
    let Some(layout) = definitions.layout(year) else { return Ok(lines) };
    for row in row::read(path)? {
        let row: FilingRow = row?;
        let Some(list) = layout.table(&row.report_table).and_then(|table| table.list.as_ref()) else {
            continue;
        };
        let number = row.report_path.strip_prefix(&list.title).and_then(|rest| rest.strip_prefix('/'));
        let number = number.and_then(|number| number.parse::<usize>().ok());
        let column = list.columns.iter().position(|column| *column == row.measure);
        let (Some(number), Some(column)) = (number, column) else { continue };
        let of_school = lines.entry((row.report_table, row.school_code)).or_default();
        let empty = vec![String::new(); list.columns.len()];
        of_school.resize(of_school.len().max(number), empty);
        if let Some(words) = number.checked_sub(1).and_then(|line| of_school[line].get_mut(column)) {
            *words = row.printed_text.unwrap_or_default();
        }
    }
    Ok(lines)
}

/// Writes the documents of one year again, from the tables of its release.
///
/// # Errors
/// When a file of the release cannot be read, or a document cannot be written.
pub fn report_again(
    settings: &Settings,
    definitions: &Definitions,
    manifest: &Manifest,
    year: ReportYear,
) -> Result<(), RunError> {
    let data = DataRoot::new(&settings.data_dir);
    let table = |table: &str, year: ReportYear| manifest.table(&data, table, year);
    let (cells, _) = cells_again(settings, definitions, &table, year)?;
    let cells = BTreeMap::from([(year, cells)]);
    write_reports(settings, definitions, &data, manifest, &cells)
}

/// The cells of one year and its values, from the tables of a release.
pub(super) fn cells_again(
    settings: &Settings,
    definitions: &Definitions,
    table: &dyn Fn(&str, ReportYear) -> Option<PathBuf>,
    year: ReportYear,
) -> Result<(Vec<ReportCell>, Vec<IndicatorValue>), RunError> {
    let values = values_of_table(table("indicator_value", year), definitions)?;
    let mut before = Vec::new();
    for year in year - definitions.earlier_years(year)..year {
        before.extend(values_of_table(table("indicator_value", year), definitions)?);
    }
    let mut schools = Vec::new();
    if let Some(path) = table("dim_school", year) {
        for school in row::read(&path)? {
            let school: SchoolRow = school?;
            schools.push((school.school_code, school.region_code));
        }
    }
    let indexed = indexed(values.iter().chain(&before));
    let lines = match table(definitions.table_of_role(Role::Filing), year) {
        Some(path) => filed_lines(&path, definitions, year)?,
        None => Lines::new(),
    };
    let cells = printed_cells(settings, definitions, year, &schools, &indexed, &lines);
    Ok((cells, values))
}

fn values_of_table(
    path: Option<PathBuf>,
    definitions: &Definitions,
) -> Result<Vec<IndicatorValue>, RunError> {
    match path {
        Some(path) => Ok(stored::read(&path, &definitions.indicators)?),
        None => Ok(Vec::new()),
    }
}

/// Whether the documents are those of a release, with the signatures of today.
pub(super) fn are_of(data: &DataRoot, manifest: &Manifest) -> Result<bool, RunError> {
    Ok(noted(data) == Some(Printed::of(data, manifest)?))
}

/// What documents are printed from: a release, and the last record about who signed its years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Printed {
    release: u32,
    record: u32,
}

impl Printed {
    fn of(data: &DataRoot, manifest: &Manifest) -> Result<Self, RunError> {
        let record = signatures::all(data)?.last().map_or(0, |record| record.id);
        Ok(Printed { release: manifest.release, record })
    }

    /// `000003`, or `000003 12` where there are records.
    fn text(self) -> String {
        let release = release_name(self.release);
        if self.record == 0 { format!("{release}\n") } else { format!("{release} {}\n", self.record) }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let release = words.next()?.parse().ok()?;
        let record = words.next().map_or(Some(0), |record| record.parse().ok())?;
        Some(Printed { release, record })
    }
}

/// What the documents were last printed from.
fn noted(data: &DataRoot) -> Option<Printed> {
    Printed::parse(&fs::read_to_string(data.reported_release()).ok()?)
}

/// Writes the documents of a year again after one record was added about who signed it. Where the others were
/// not those of the release either, all are written.
///
/// # Errors
/// When a document cannot be written: the next run writes it.
pub fn report_signed(
    settings: &Settings,
    definitions: &Definitions,
    manifest: &Manifest,
    year: ReportYear,
) -> Result<(), RunError> {
    let data = DataRoot::new(&settings.data_dir);
    let now = Printed::of(&data, manifest)?;
    let before = noted(&data);
    if before == Some(now) {
        return Ok(());
    }
    let are_others_right =
        before.is_some_and(|before| Printed { record: before.record + 1, ..before } == now);
    let years = manifest.years.iter().copied().filter(|other| !are_others_right || *other == year);
    // These definitions cannot write a frozen year that was made with others.
    let mut years = years.filter(|year| made_with_these(manifest, definitions, *year));
    let written = years.try_for_each(|year| report_again(settings, definitions, manifest, year));
    note_documents(&data, manifest, written)
}

/// Writes the documents of a release: of the years this run made, or of all years where those of the release
/// before were not finished. Until it is noted that they are written, the next run writes them.
///
/// # Errors
/// When a document cannot be written.
pub(super) fn write_documents(
    context: &RunContext<'_>,
    manifest: &Manifest,
    cells: &BTreeMap<ReportYear, Vec<ReportCell>>,
) -> Result<(), RunError> {
    let are_behind = match &context.last {
        Some(last) => !are_of(&context.data, last)?,
        None => false,
    };
    if are_behind {
        return write_all_documents(context, manifest);
    }
    let written = write_reports(context.settings, context.definitions, &context.data, manifest, cells);
    note_documents(&context.data, manifest, written)
}

/// Writes the documents of every year of a release.
///
/// # Errors
/// When a document cannot be written.
pub(super) fn write_all_documents(context: &RunContext<'_>, manifest: &Manifest) -> Result<(), RunError> {
    // These definitions cannot write a frozen year that was made with others.
    let made_with_these = |year: &&ReportYear| made_with_these(manifest, context.definitions, **year);
    let mut years = manifest.years.iter().filter(made_with_these);
    let written =
        years.try_for_each(|&year| report_again(context.settings, context.definitions, manifest, year));
    note_documents(&context.data, manifest, written)
}

fn note_documents(
    data: &DataRoot,
    manifest: &Manifest,
    written: Result<(), RunError>,
) -> Result<(), RunError> {
    let path = data.reported_release();
    let noted = written.and_then(|()| {
        let text = Printed::of(data, manifest)?.text();
        files::write_whole(&path, text.as_bytes(), Access::Open).map_err(io_error(&path))
    });
    noted.map_err(|source| RunError::Documents { release: manifest.release, source: Box::new(source) })
}

/// Writes every document of the years given, from a published release: a workbook for the city, each county
/// and each school.
///
/// # Errors
/// When the file system fails.
pub fn write_reports(
    settings: &Settings,
    definitions: &Definitions,
    data: &DataRoot,
    manifest: &Manifest,
    cells: &BTreeMap<ReportYear, Vec<ReportCell>>,
) -> Result<(), RunError> {
    let records = signatures::all(data)?;
    let mut drafts = Vec::new();
    for (&year, cells) in cells {
        let Some(layout) = definitions.layout(year) else { continue };
        let schools = match manifest.table(data, "dim_school", year) {
            Some(path) => school_names(&path)?,
            None => BTreeMap::new(),
        };
        let digest = manifest.year_digest(year).unwrap_or_default();
        let signing = Signing::of(&records, year, &digest, &settings.city_name);
        let footnotes = reconciled::footnotes(settings, definitions, data, manifest, year)?;
        let heading_of = |name: String| Heading {
            year,
            name,
            release: format!("第 {:06} 版{}", manifest.release, signing.mark()),
            created: manifest.created.clone(),
            footnotes: footnotes.clone(),
        };
        let by_unit = cells::by_unit(cells);
        let mut units: Vec<&Unit> = by_unit.keys().copied().collect();
        units.sort();
        let write = |unit: &&Unit| -> Result<Draft, RunError> {
            let (folder, name) = folder_and_name(settings, definitions, &schools, unit, year);
            let heading = heading_of(format!("{name}({})", code(unit)));
            let cells = by_unit.get(*unit).map(Vec::as_slice).unwrap_or_default();
            let bytes = workbook::workbook(cells, layout, &heading, &signing)?;
            let prefix = if unit.level == Level::City { "" } else { code(unit) };
            let file = format!("{prefix}{}{year}年度质量报告数据表.xlsx", file_name(&name));
            let folder = data.reports(year).join(folder);
            files::make_folder(&folder, Access::Open).map_err(io_error(&folder))?;
            report_draft(&folder.join(file), &bytes)
        };
        for written in parallel::all(settings.threads(), &units, write) {
            drafts.push(written?);
        }
        let bytes = catalogue::workbook(&catalogue::entries(definitions), &manifest.created)?;
        drafts.push(report_draft(&data.reports(year).join("指标目录.xlsx"), &bytes)?);
        let heading = heading_of(format!("{}({})", settings.city_name, settings.city_code));
        drafts.extend(reconciled::write_differences(settings, definitions, data, manifest, &heading)?);
        drafts.extend(questions::write_findings(settings, definitions, data, manifest, &heading)?);
    }
    let mut register = Register::load(data)?;
    let placed: Vec<PlacedDocument> = register.place(&drafts)?;
    for &year in cells.keys().filter(|year| definitions.layout(**year).is_some()) {
        for folder in ["", COUNTIES, SCHOOLS] {
            register.forget_others(&data.reports(year).join(folder), &placed)?;
        }
    }
    Ok(())
}

fn report_draft(path: &Path, bytes: &[u8]) -> Result<Draft, RunError> {
    written::draft(path.to_owned(), bytes, DocumentKind::Report, Access::Open).map_err(io_error(path))
}

const COUNTIES: &str = "县（市、区）";
const SCHOOLS: &str = "学校";

/// The folder of a unit's documents below the year's, and its name.
fn folder_and_name(
    settings: &Settings,
    definitions: &Definitions,
    schools: &BTreeMap<String, String>,
    unit: &Unit,
    year: ReportYear,
) -> (&'static str, String) {
    match unit.level {
        Level::City => ("", settings.city_name.clone()),
        Level::County if unit.region_code == settings.residual_region_code => {
            (COUNTIES, settings.residual_region_name.clone())
        }
        Level::County => (COUNTIES, definitions.region_name(&unit.region_code, year).to_owned()),
        Level::School => (SCHOOLS, schools.get(&unit.school_code).cloned().unwrap_or_default()),
    }
}

fn code(unit: &Unit) -> &str {
    if unit.level == Level::School { &unit.school_code } else { &unit.region_code }
}

/// The names of one year's schools, by code.
pub(super) fn school_names(path: &Path) -> Result<BTreeMap<String, String>, RunError> {
    let mut names = BTreeMap::new();
    for school in row::read(path)? {
        let school: SchoolRow = school?;
        names.insert(school.school_code, school.school_name);
    }
    Ok(names)
}
