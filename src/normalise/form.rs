//! A school's filing: its own copy of the printed tables, read by row label.
//!
//! A workbook is a school. Each table begins with its title and the line
//! 名称：…(code); the header has the years over their columns. Blank, `-` and
//! zero are three different answers and stay so.

use std::collections::{BTreeMap, BTreeSet};

use arrow::error::ArrowError;

use super::text;
use super::{Normalised, People, Rejects, Unusable};
use crate::decode::{Cell, Event, Row};
use crate::definitions::layout::{Layout, RowLayout, TableKind, TableLayout, label_key};
use crate::delivery::RowCounts;
use crate::figure::State;
use crate::finding::{self, Finding, Findings, PushResult, RowAnswers};
use crate::number::{Decimal, ONE};
use crate::period::ReportYear;
use crate::personal;
use crate::position::{Place, redact};
use crate::tables::column::TableBuilder;
use crate::tables::filing::FilingRow;
use crate::tables::row::{self, Row as _};

/// Takes the events of one filing.
pub struct FormNormaliser<'a> {
    layout: &'a Layout,
    dataset: &'a str,
    source_file: &'a str,
    builder: TableBuilder,
    rejects: Rejects,
    findings: Findings,
    counts: RowCounts,
    given_up: u64,
    school: Option<String>,
    sheet: String,
    /// The last row read, and the row before the sheet's first.
    last_row: u32,
    base: u32,
    rows_read: u64,
    table: Option<OpenTable<'a>>,
    tables_read: usize,
    /// The lines read of the list of each table.
    listed: BTreeMap<&'a str, u32>,
    filed: Vec<FiledFigure<'a>>,
    fault: Option<Unusable>,
}

/// A filed number, to be compared with others of the filing.
struct FiledFigure<'a> {
    table: &'a TableLayout,
    row: &'a RowLayout,
    year: ReportYear,
    value: Decimal,
    place: Place,
}

/// The table being read.
struct OpenTable<'a> {
    layout: &'a TableLayout,
    /// The label keys of each row, computed once: every label of a filing is compared with all.
    keys: Vec<Vec<String>>,
    columns: Option<Columns>,
    /// The position in the layout of the next expected row.
    next: usize,
    /// The positions of rows found so far.
    found: BTreeSet<usize>,
    /// The list under the table, once its header was found: the cell of each of its columns.
    list: Option<Vec<usize>>,
    lines: u32,
}

impl<'a> OpenTable<'a> {
    fn new(layout: &'a TableLayout) -> Self {
        OpenTable {
            layout,
            keys: layout.rows.iter().map(RowLayout::label_keys).collect(),
            columns: None,
            next: 0,
            found: BTreeSet::new(),
            list: None,
            lines: 0,
        }
    }
}

#[derive(Clone)]
struct Columns {
    label: usize,
    unit: Option<usize>,
    /// Cell, and the year in its header.
    years: Vec<(usize, ReportYear)>,
    /// Cell, and the measure, of columns next to the years.
    beside: Vec<(usize, String)>,
}

impl Columns {
    /// Those of a list, which has no figures by year.
    fn none() -> Self {
        Columns { label: 0, unit: None, years: Vec::new(), beside: Vec::new() }
    }
}

impl<'a> FormNormaliser<'a> {
    #[must_use]
    pub fn new(layout: &'a Layout, dataset: &'a str, source_file: &'a str) -> Self {
        FormNormaliser {
            layout,
            dataset,
            source_file,
            builder: TableBuilder::new(&row::fields::<FilingRow>()),
            rejects: Rejects::default(),
            findings: Findings::default(),
            counts: RowCounts::default(),
            given_up: 0,
            school: None,
            sheet: String::new(),
            last_row: 0,
            base: 0,
            rows_read: 0,
            table: None,
            tables_read: 0,
            listed: BTreeMap::new(),
            filed: Vec::new(),
            fault: None,
        }
    }

    /// Adds what persons answered about the filing's rows.
    #[must_use]
    pub fn answered(self, answers: &RowAnswers) -> Self {
        FormNormaliser { findings: Findings::answered(answers), ..self }
    }

    /// Takes the next event of the file.
    pub fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Sheet(name) => {
                self.end_sheet();
                self.base = if name.is_empty() { self.base } else { 0 };
                self.last_row = self.base;
                self.sheet = redact(name);
            }
            Event::Row(row) => {
                self.last_row = self.last_row.max(row.number);
                self.rows_read += 1;
                self.row(row);
            }
            Event::BadRow { number, problem } => {
                let rule = problem.rule();
                self.last_row = self.last_row.max(*number);
                self.rows_read += 1;
                self.counts.quarantined += 1;
                let row = Row { number: *number, cells: Vec::new() };
                self.keep(rule, &row, 0);
                let place = Place { sheet: self.sheet.clone(), row: *number, ..Place::default() };
                let school = self.school.clone().unwrap_or_default();
                let finding = self.finding(rule, "").at(place).of_school(&school).keeping_out(1);
                if self.findings.push(finding) == PushResult::Answered {
                    self.given_up += 1;
                }
            }
        }
    }

    /// The normalised filing.
    ///
    /// # Errors
    /// [`Unusable`] when it names no school, holds no known table, or is of another year.
    ///
    /// # Panics
    /// When a row was lost or counted twice: a fault of the program.
    pub fn finish(mut self) -> Result<Result<Normalised, Unusable>, ArrowError> {
        self.end_sheet();
        if let Some(fault) = self.fault {
            return Ok(Err(fault));
        }
        if self.tables_read == 0 {
            return Ok(Err(Unusable::Form("找不到表1至表6的标题和表头".to_owned())));
        }
        self.compare_filed();
        assert!(self.counts.holds(), "rows were lost or counted twice: {:?}", self.counts);
        Ok(Ok(Normalised {
            rows: self.builder.finish()?,
            people: People::default(),
            rejects: self.rejects,
            findings: self.findings.finish(),
            counts: self.counts,
            given_up: self.given_up,
        }))
    }

    fn end_sheet(&mut self) {
        let physical = u64::from(self.last_row - self.base).max(self.rows_read);
        self.counts.physical += physical;
        self.counts.structural += physical - self.rows_read;
        self.base = self.last_row;
        self.rows_read = 0;
        self.end_table();
    }

    fn row(&mut self, row: &Row<'_>) {
        let first = row.cells.iter().find(|cell| !cell.is_blank()).map(|cell| cell.text());
        let first = first.unwrap_or_default();
        if let Some(layout) = self.titled(&first) {
            self.end_table();
            self.table = Some(OpenTable::new(layout));
            self.counts.structural += 1;
            return;
        }
        if let Some((layout, cells)) = self.list_of_its_own(row) {
            let lines = self.listed.get(layout.id.as_str()).copied().unwrap_or_default();
            let (columns, list) = (Some(Columns::none()), Some(cells));
            self.table = Some(OpenTable { columns, list, lines, ..OpenTable::new(layout) });
            self.counts.structural += 1;
            return;
        }
        if text::compact(&first).starts_with("名称:") {
            self.name_line(&first);
            self.counts.structural += 1;
            return;
        }
        let Some(mut table) = self.table.take() else {
            self.counts.structural += 1;
            return;
        };
        match &table.columns {
            None => {
                table.columns = header(row, table.layout);
                self.counts.structural += 1;
                if let Some(columns) = &table.columns {
                    self.tables_read += 1;
                    let newest = columns.years.iter().map(|(_, year)| *year).max();
                    if newest != Some(self.layout.year) {
                        self.fault = Some(Unusable::Period);
                    }
                }
            }
            Some(_) => self.indicator_row(&mut table, row),
        }
        self.table = Some(table);
    }

    /// The official table with this title.
    fn titled(&self, text: &str) -> Option<&'a TableLayout> {
        let text = text::compact(text);
        let mut official = self.layout.tables.iter().filter(|table| table.kind == TableKind::Official);
        official.find(|table| {
            let rest = text.strip_prefix(&table.id);
            let title = text::compact(&table.title);
            let title = title.strip_prefix(&table.id).unwrap_or(&title);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(title))
        })
    }

    /// The table whose list has its header in this row, on a sheet of its own.
    fn list_of_its_own(&self, row: &Row<'_>) -> Option<(&'a TableLayout, Vec<usize>)> {
        let official = self.layout.tables.iter().filter(|table| table.kind == TableKind::Official);
        let mut lists =
            official.filter_map(|table| Some((table, list_header(row, &table.list.as_ref()?.columns)?)));
        lists.next().filter(|_| self.table.is_none())
    }

    /// Reports a title without a header under it: its table was not read.
    fn end_table(&mut self) {
        let ended = self.table.take();
        if let Some(table) = ended.as_ref().filter(|table| table.list.is_some()) {
            self.listed.insert(&table.layout.id, table.lines);
        }
        if let Some(table) = ended.filter(|table| table.columns.is_none()) {
            let place = Place { sheet: self.sheet.clone(), ..Place::default() };
            let school = self.school.clone().unwrap_or_default();
            let finding = self.finding(finding::HEADER_UNKNOWN, &table.layout.id).at(place);
            self.findings.push(finding.of_school(&school));
        }
    }

    /// `名称：某校(3614000001)`.
    fn name_line(&mut self, line: &str) {
        let line = text::compact(line);
        let code = line.rsplit_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
        let code = code.and_then(|code| text::school_code(&Cell::Text(code.into())).ok());
        match (&self.school, code) {
            (_, None) => self.fault = Some(Unusable::Form("“名称”一行没有学校标识码".to_owned())),
            (Some(known), Some(code)) if *known != code => {
                self.fault = Some(Unusable::Form("各表的学校标识码不一致".to_owned()));
            }
            (_, Some(code)) => {
                self.school = Some(code);
            }
        }
    }

    fn indicator_row(&mut self, table: &mut OpenTable<'a>, row: &Row<'_>) {
        let Some(columns) = table.columns.clone() else { return };
        let Some(school) = self.school.clone() else {
            self.fault.get_or_insert(Unusable::Form("表内没有“名称”一行".to_owned()));
            self.counts.structural += 1;
            return;
        };
        if let Some(cells) = table.layout.list.as_ref().and_then(|list| list_header(row, &list.columns)) {
            table.list = Some(cells);
            self.counts.structural += 1;
            return;
        }
        if table.list.is_some() {
            self.list_line(table, row, &school);
            return;
        }
        let text_at = |index: usize| row.cells.get(index).map(|cell| cell.text().into_owned());
        let label = text_at(columns.label).unwrap_or_default();
        let figures = columns.years.iter().filter_map(|(index, _)| row.cells.get(*index));
        let has_figures = figures.into_iter().any(|cell| !cell.is_blank());
        let first = row.cells.iter().find(|cell| !cell.is_blank()).map(|cell| text::compact(&cell.text()));
        let is_note = first.is_none_or(|first| first.starts_with(['注', '说']) || is_foot(&first));
        if !has_figures && is_note {
            self.counts.structural += 1;
            return;
        }
        let unit = columns.unit.and_then(text_at).unwrap_or_default();
        let mut years = columns.years.clone();
        let mut position = find_row(table, &label, &unit);
        if position.is_none()
            && let Some((shifted, shifted_years)) = shifted_row(table, &columns, row)
        {
            let place = self.place_of(row, columns.label);
            self.findings.push(self.finding(finding::FILING_SHIFTED, "").at(place).of_school(&school));
            (position, years) = (Some(shifted), shifted_years);
        }
        let Some(position) = position else {
            self.put_aside(finding::FILING_ROW_UNKNOWN, row, columns.label, &school);
            return;
        };
        if !table.found.insert(position) {
            self.put_aside(finding::FILING_ROW_TWICE, row, columns.label, &school);
            return;
        }
        table.next = position + 1;
        let form = table.layout;
        let layout = &form.rows[position];
        for (index, year) in years {
            let cell = row.cells.get(index).unwrap_or(&Cell::Empty);
            self.filed_value(form, layout, row, (index, year), cell, &school);
        }
        for (index, measure) in &columns.beside {
            if let Some(layout) = form.row(&layout.path, measure) {
                let cell = row.cells.get(*index).unwrap_or(&Cell::Empty);
                self.filed_value(form, layout, row, (*index, self.layout.year), cell, &school);
            }
        }
        self.counts.loaded += 1;
    }

    /// Reads a line of the list under a table: every cell holds words, as filed.
    fn list_line(&mut self, table: &mut OpenTable<'a>, row: &Row<'_>, school: &str) {
        let (Some(list), Some(cells)) = (&table.layout.list, &table.list) else { return };
        let texts: Vec<(usize, &Cell<'_>)> =
            cells.iter().map(|&index| (index, row.cells.get(index).unwrap_or(&Cell::Empty))).collect();
        let is_total = row.cells.iter().any(|cell| matches!(&*text::compact(&cell.text()), "合计" | "总计"));
        if is_total
            || texts.iter().all(|(_, cell)| filed_text(cell, "").0 != State::Value && !is_unreadable(cell))
        {
            self.counts.structural += 1;
            return;
        }
        table.lines += 1;
        let path = format!("{}/{}", list.title, table.lines);
        for ((index, cell), measure) in texts.into_iter().zip(&list.columns) {
            let (state, words, fault) = filed_text(cell, school);
            let value = Decimal::parse(&words);
            let at = (&*table.layout.id, &*path, &**measure, &*list.indicator);
            self.push_filed(at, (state, words, value), self.layout.year, row.number, school);
            if let Some(rule) = fault {
                let place = self.place_of(row, index);
                let place = Place { header: measure.clone(), ..place };
                let finding = self.finding(rule, &path).at(place).of_school(school);
                self.findings.push(finding.about([&*list.indicator]).printed_in(&table.layout.id, &path));
                self.keep(rule, row, u32::try_from(index + 1).unwrap_or_default());
            }
        }
        self.counts.loaded += 1;
    }

    fn filed_value(
        &mut self,
        table: &'a TableLayout,
        layout: &'a RowLayout,
        row: &Row<'_>,
        (index, year): (usize, ReportYear),
        cell: &Cell<'_>,
        school: &str,
    ) {
        let (state, printed, value, fault) = if layout.text {
            let (state, words, fault) = filed_text(cell, school);
            (state, words, None, fault)
        } else {
            let (state, value) = filed_state(cell);
            let fault = (state == State::Missing).then_some(finding::FILING_CELL);
            (state, cell.text().into_owned(), value, fault)
        };
        let header = if table.is_beside(layout) { layout.measure.clone() } else { format!("{year}年") };
        let place = Place { header, ..self.place_of(row, index) };
        if let Some(value) = value {
            self.filed.push(FiledFigure { table, row: layout, year, value, place });
        } else if let Some(rule) = fault {
            let finding = self.finding(rule, &layout.path).at(place).of_school(school);
            self.findings.push(finding.about([&*layout.indicator]).printed_in(&table.id, &layout.path));
        }
        let at = (&*table.id, &*layout.path, &*layout.measure, &*layout.indicator);
        self.push_filed(at, (state, printed, value), year, row.number, school);
        if let Some(rule) = fault {
            self.keep(rule, row, u32::try_from(index + 1).unwrap_or_default());
        }
    }

    /// Adds a row to the table `filing`.
    fn push_filed(
        &mut self,
        (table, path, measure, indicator): (&str, &str, &str, &str),
        (state, printed, value): (State, String, Option<Decimal>),
        value_year: ReportYear,
        row: u32,
        school: &str,
    ) {
        let filed = FilingRow {
            report_year: self.layout.year,
            school_code: school.to_owned(),
            report_table: table.to_owned(),
            report_path: path.to_owned(),
            measure: measure.to_owned(),
            indicator_id: indicator.to_owned(),
            filed_in_year: self.layout.year,
            value_year,
            state,
            // Anything but a number, dash or blank may be personal: it stays in quarantine.
            printed_text: (state != State::Missing).then_some(printed),
            value,
            source_file: self.source_file.to_owned(),
            source_sheet: self.sheet.clone(),
            source_row: i32::try_from(row).unwrap_or(i32::MAX),
        };
        self.builder.push(filed.into_values());
    }

    /// Compares the numbers of a filing with each other: this year with last year, parts with wholes.
    fn compare_filed(&mut self) {
        let filed = std::mem::take(&mut self.filed);
        let year = self.layout.year;
        let of_this_year: Vec<&FiledFigure<'_>> = filed.iter().filter(|figure| figure.year == year).collect();
        let mut found = Vec::new();
        for this in &of_this_year {
            let last = filed.iter().find(|other| other.year == year - 1 && std::ptr::eq(other.row, this.row));
            if last.is_some_and(|last| units_apart(&this.row.unit, this.value, last.value)) {
                found.push((finding::UNIT_CHANGED, *this));
            }
            if of_this_year.iter().any(|whole| is_part(this, whole) && this.value > whole.value) {
                found.push((finding::FILING_PART, *this));
            }
        }
        // A cell shown as 95% holds 0.95: if every share of the year is at most 1, all are fractions.
        let mut shares = of_this_year.iter().filter(|figure| figure.row.unit == "%" && figure.value.0 > 0);
        let first = shares.clone().next();
        if let Some(first) = first.filter(|_| shares.clone().count() > 1)
            && shares.all(|share| share.value.0 <= ONE)
        {
            found.push((finding::UNIT_CHANGED, *first));
        }
        let school = self.school.clone().unwrap_or_default();
        for (rule, figure) in found {
            let finding = self.finding(rule, &figure.row.path).at(figure.place.clone()).of_school(&school);
            let finding = finding.about([&*figure.row.indicator]);
            self.findings.push(finding.printed_in(&figure.table.id, &figure.row.path));
        }
    }

    fn put_aside(&mut self, rule: &finding::Rule, row: &Row<'_>, column: usize, school: &str) {
        let place = self.place_of(row, column);
        self.keep(rule, row, place.column);
        let finding = self.finding(rule, "").at(place).of_school(school).keeping_out(1);
        if self.findings.push(finding) == PushResult::Answered {
            self.given_up += 1;
        }
        self.counts.quarantined += 1;
    }

    fn place_of(&self, row: &Row<'_>, column: usize) -> Place {
        Place {
            sheet: self.sheet.clone(),
            row: row.number,
            column: u32::try_from(column + 1).unwrap_or_default(),
            header: "指标".to_owned(),
            ..Place::default()
        }
    }

    fn keep(&mut self, rule: &finding::Rule, row: &Row<'_>, column: u32) {
        let school = self.school.as_deref().unwrap_or_default();
        self.rejects.push(rule, &self.sheet, row, column, school);
    }

    fn finding(&self, rule: &finding::Rule, detail: &str) -> Finding {
        Finding::new(rule, self.layout.year, self.dataset, detail)
    }
}

/// Whether a line at the foot of a form is one for a signature, or says what a person set: no row of figures.
fn is_foot(line: &str) -> bool {
    const BEGINNINGS: [&str; 9] =
        ["填报人", "审核人", "负责人", "填表人", "制表人", "单位负责人", "签字", "盖章", "核定"];
    let line = line.trim_start_matches('(');
    let rest = BEGINNINGS.iter().find_map(|beginning| line.strip_prefix(beginning));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '(', ')']))
}

/// Whether the values of two years are so far apart that one must be in another unit: 元 and 万元, a
/// share as a fraction and in percent. The factor may be half or twice the exact one, as values change.
fn units_apart(unit: &str, this: Decimal, last: Decimal) -> bool {
    let (small, large) = (this.min(last).0, this.max(last).0);
    let times = |low: i128, high: i128| (small * low..=small * high).contains(&large);
    match unit {
        _ if small <= 0 => false,
        "%" => small <= ONE && times(50, 200),
        _ if unit.starts_with(['元', '万']) => times(5_000, 20_000),
        _ => false,
    }
}

/// Whether a row is a part of `whole`.
fn is_part(part: &FiledFigure<'_>, whole: &FiledFigure<'_>) -> bool {
    let below = part.row.path.strip_prefix(whole.row.path.as_str());
    // Shares are not parts: their whole is a mean, and may be smaller than one of them.
    std::ptr::eq(part.table, whole.table)
        && part.row.unit == whole.row.unit
        && part.row.unit != "%"
        && part.row.measure == whole.row.measure
        && below.is_some_and(|rest| rest.starts_with('/'))
}

/// The position in the layout of a filed row. A row without a label is a further measure of the row
/// above, recognised by its unit. A label of several rows means the next of them whose whole was found
/// before; `None` where there is no such row.
fn find_row(table: &OpenTable<'_>, label: &str, unit: &str) -> Option<usize> {
    let rows = &table.layout.rows;
    let key = label_key(label);
    let is_labelled = |at: usize| table.keys[at].contains(&key);
    let above = table.next.checked_sub(1).filter(|above| *above < rows.len());
    // Where the cell above is merged over both rows, its label is repeated here.
    let no_label = text::compact(label).is_empty();
    if let Some(above) = above.filter(|&above| no_label || is_labelled(above)) {
        let above = &rows[above];
        let further = |row: &RowLayout| {
            row.path == above.path && row.label.is_empty() && text::compact(&row.unit) == text::compact(unit)
        };
        let further = rows[table.next..].iter().position(|row| !table.layout.is_beside(row) && further(row));
        if let Some(at) = further {
            return Some(at + table.next);
        }
    }
    if no_label {
        return None;
    }
    let means = |at: usize| !rows[at].label.is_empty() && is_labelled(at);
    let candidates: Vec<usize> =
        (0..rows.len()).filter(|&at| !table.layout.is_beside(&rows[at]) && means(at)).collect();
    if let [only] = candidates.as_slice() {
        return Some(*only);
    }
    let whole_was_found = |at: &usize| {
        let whole = rows[*at].path.rsplit_once('/').map(|(whole, _)| whole);
        whole.is_none_or(|whole| table.found.iter().any(|&found| rows[found].path == whole))
    };
    candidates.into_iter().filter(|&at| at >= table.next).find(whole_was_found)
}

/// A row whose label is left of its column, as when an empty 序号 was lost. Its figures follow the
/// label in order, if there are exactly as many figures as years.
fn shifted_row(
    table: &OpenTable<'_>,
    columns: &Columns,
    row: &Row<'_>,
) -> Option<(usize, Vec<(usize, ReportYear)>)> {
    let left = row.cells.iter().take(columns.label);
    let (at, position) = left.enumerate().find_map(|(at, cell)| {
        let label = cell.text();
        let found = (!cell.is_blank()).then(|| find_row(table, &label, ""))?;
        Some((at, found?))
    })?;
    let unit = text::compact(&table.layout.rows[position].unit);
    let after = row.cells.iter().enumerate().skip(at + 1);
    let filled: Vec<usize> = after
        .filter(|(_, cell)| !cell.is_blank() && text::compact(&cell.text()) != unit)
        .map(|(index, _)| index)
        .collect();
    let years = columns.years.iter().map(|(_, year)| *year);
    (filled.len() == columns.years.len()).then(|| (position, filled.into_iter().zip(years).collect()))
}

/// The header row: 指标, years as `2024年`, and the measures next to them.
fn header(row: &Row<'_>, table: &TableLayout) -> Option<Columns> {
    let texts: Vec<String> = row.cells.iter().map(|cell| text::compact(&cell.text())).collect();
    let label = texts.iter().position(|text| text.starts_with("指标"))?;
    let unit = texts.iter().position(|text| text.starts_with("单位"));
    let year = |text: &String| text.strip_suffix('年').unwrap_or(text).parse::<ReportYear>().ok();
    let years: Vec<_> = texts
        .iter()
        .enumerate()
        .filter_map(|(index, text)| Some((index, year(text).filter(|year| (2000..2100).contains(year))?)))
        .collect();
    let found =
        |name: &String| Some((texts.iter().position(|text| *text == text::compact(name))?, name.clone()));
    let beside = table.beside.iter().filter_map(found).collect();
    (!years.is_empty()).then_some(Columns { label, unit, years, beside })
}

/// The cells of the columns of the list under a table, if the row is the list's header: all must be there.
fn list_header(row: &Row<'_>, columns: &[String]) -> Option<Vec<usize>> {
    let key = |text: &str| text::compact(text).split('(').next().unwrap_or_default().to_owned();
    let texts: Vec<String> = row.cells.iter().map(|cell| key(&cell.text())).collect();
    columns.iter().map(|column| texts.iter().position(|text| *text == key(column))).collect()
}

/// The most characters that words in a cell may have.
const WORDS_MAX: usize = 80;

/// Blank, dash, words, or something that is not allowed, with the rule: long texts, and numbers of persons.
fn filed_text(cell: &Cell<'_>, school: &str) -> (State, String, Option<&'static finding::Rule>) {
    if cell.is_blank() {
        return (State::Blank, String::new(), None);
    }
    let words = cell.text().trim().to_owned();
    if matches!(text::compact(&words).as_str(), "-" | "--" | "/" | "无") {
        return (State::Dash, words, None);
    }
    if personal::is_in_words(&words, school) {
        return (State::Missing, String::new(), Some(finding::CELL_PERSONAL));
    }
    if words.chars().count() > WORDS_MAX || words.contains(['\n', '\r']) {
        return (State::Missing, String::new(), Some(finding::FILING_CELL));
    }
    (State::Value, words, None)
}

/// Whether a cell holds something that is not allowed.
fn is_unreadable(cell: &Cell<'_>) -> bool {
    filed_text(cell, "").0 == State::Missing
}

/// Blank, dash, a number, or missing where it cannot be read.
fn filed_state(cell: &Cell<'_>) -> (State, Option<Decimal>) {
    if cell.is_blank() {
        return (State::Blank, None);
    }
    let compact = text::compact(&cell.text());
    if matches!(compact.as_str(), "-" | "--" | "/" | "无") {
        return (State::Dash, None);
    }
    let number = compact.strip_suffix('%').unwrap_or(&compact);
    match text::decimal(&Cell::Text(number.into())) {
        Ok(value) if (0..=text::COUNT_MAX * ONE).contains(&value.0) => (State::Value, Some(value)),
        _ => (State::Missing, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_dash_and_zero_are_three_answers() {
        let state = |text: &str| filed_state(&Cell::Text(text.to_owned().into()));
        assert_eq!(state("　"), (State::Blank, None));
        assert_eq!(state("—"), (State::Dash, None));
        assert_eq!(state("0"), (State::Value, Some(Decimal::ZERO)));
        assert_eq!(state("８８.01%"), (State::Value, Decimal::parse("88.01")));
        assert_eq!(state("约300"), (State::Missing, None));
        assert_eq!(state("-3"), (State::Missing, None));
        assert_eq!(state("110105194912310021"), (State::Missing, None));
    }

    #[test]
    fn only_a_change_of_unit_sets_two_years_so_far_apart() {
        let apart = |unit, a, b| {
            let [a, b] = [a, b].map(|text| Decimal::parse(text).unwrap());
            (units_apart(unit, a, b), units_apart(unit, b, a))
        };
        assert_eq!(apart("万元", "1234567.8", "120.5"), (true, true));
        assert_eq!(apart("元", "0.62", "5800"), (true, true));
        assert_eq!(apart("元/生", "5800", "58"), (false, false));
        assert_eq!(apart("%", "0.95", "94.1"), (true, true));
        assert_eq!(apart("%", "1.10", "60"), (false, false));
        assert_eq!(apart("%", "0.3", "3"), (false, false));
        assert_eq!(apart("人", "1", "10000"), (false, false));
        assert_eq!(apart("万元", "0", "10000"), (false, false));
    }
}
