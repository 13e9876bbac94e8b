//! Files with one item a row under a header: rosters, registers, statistics.

use std::borrow::Cow;
use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;

use super::alternatives::{self, is_null_word};
use super::binding::{self, BindError, Binding, Fallback, HEADER_SEARCH_ROWS};
use super::identity::{self, IdKind, IdNumber};
use super::stated_period;
use super::totals::{self, Totals};
use super::{Context, Normalised, People, Rejects, Unusable, cover, name, text};
use crate::decode::cell::NO_RESULT;
use crate::decode::{Cell, Event, Row};
use crate::definitions::contract::fields::{carried_fields, staged_fields, table_columns};
use crate::definitions::contract::unit::{Amount, Conversion};
use crate::definitions::contract::{BadValue, Column, ColumnType, Dataset, NULLS, Version};
use crate::delivery::RowCounts;
use crate::finding::{self, Finding, Findings, PushResult, RowAnswers, Rule};
use crate::period::ReportYear;
use crate::personal;
use crate::position::{Place, redact};
use crate::tables::column::{FieldSpec, TableBuilder, Value};

/// Turns the events of a file into typed rows.
pub struct RowsNormaliser<'a> {
    context: Context<'a>,
    /// The contract of the year.
    dataset: Cow<'a, Dataset>,
    version: &'a Version,
    year: ReportYear,
    source_file: &'a str,
    columns: Positions,
    carried: Vec<CarriedColumn>,
    totals: Totals,
    builder: TableBuilder,
    people: People,
    rejects: Rejects,
    findings: Findings,
    counts: RowCounts,
    given_up: u64,
    sheet: Sheet,
    unbound: Option<(BindError, Vec<Row<'static>>)>,
    /// Rows of unnamed tables without a fitting header.
    unbound_rows: u64,
    bound_sheets: usize,
    data_rows: u64,
    other_period: u64,
    /// Rows with a month after the report year in a column that cannot have one.
    of_later_years: u64,
    /// For each rule, school and column: the rows that are reported together.
    together: BTreeMap<(&'static str, String, usize), Together>,
    /// A title or a sheet's name states a period that cannot be the delivery's.
    period_stated: bool,
}

/// Positions in the contract of the columns that are compared with others of their row.
struct Positions {
    school: Option<usize>,
    school_type: Option<usize>,
    birth: Option<usize>,
    sex: Option<usize>,
    registration: Option<usize>,
}

impl Positions {
    fn new(dataset: &Dataset) -> Self {
        let of_type = |kind| dataset.columns.iter().position(|column| column.kind == kind);
        let of_codes =
            |id: &str| dataset.columns.iter().position(|column| column.codes.as_deref() == Some(id));
        Positions {
            school: of_type(ColumnType::SchoolCode),
            school_type: of_codes("school_type"),
            birth: of_type(ColumnType::BirthDate),
            sex: of_codes("sex"),
            registration: of_type(ColumnType::RegistrationNumber),
        }
    }
}

/// A column of the table: its position in the contract of the year, and its number of fields.
struct CarriedColumn {
    position: Option<usize>,
    fields: usize,
}

/// The sheet being read.
#[derive(Default)]
struct Sheet {
    name: String,
    /// Rows held back until the header is found.
    head: Vec<Row<'static>>,
    binding: Option<Binding>,
    /// The last physical row read, and the row before the sheet's first.
    last_row: u32,
    base: u32,
    /// Rows read so far, and how many of them could not be split: those are quarantined already.
    rows_read: u64,
    broken: u64,
    data_rows: u64,
    given_up: Option<&'static Rule>,
    missing: String,
    /// The sheet has records like the dataset's, under a header that does not fit.
    is_odd: bool,
    /// It has no header that fits, and is a cover, or instructions.
    is_cover: bool,
}

/// Rows that one finding names: how many, the first of them, and the place of the very first.
struct Together {
    rule: &'static Rule,
    count: u64,
    rows: Vec<u32>,
    place: Place,
}

/// Rows that are named in a finding about many.
const ROWS_NAMED: usize = 10;

/// The reason why a row cannot be loaded: the rule, and the column that breaks it.
struct Refusal {
    rule: &'static Rule,
    column: Option<usize>,
}

impl<'a> RowsNormaliser<'a> {
    #[must_use]
    pub fn new(
        context: Context<'a>,
        dataset: &'a Dataset,
        version: &'a Version,
        year: ReportYear,
        source_file: &'a str,
    ) -> Self {
        let fields: Vec<FieldSpec> = staged_fields(dataset);
        let contract = dataset.in_year(year);
        let carried = table_columns(dataset).into_iter().map(|column| CarriedColumn {
            position: contract.columns.iter().position(|known| known.name == column.name && known.carried),
            fields: carried_fields(column).len(),
        });
        RowsNormaliser {
            context,
            carried: carried.collect(),
            version,
            year,
            source_file,
            columns: Positions::new(&contract),
            totals: Totals::new(&contract),
            dataset: contract,
            builder: TableBuilder::new(&fields),
            people: People::default(),
            rejects: Rejects::default(),
            findings: Findings::default(),
            counts: RowCounts::default(),
            given_up: 0,
            sheet: Sheet::default(),
            unbound: None,
            unbound_rows: 0,
            bound_sheets: 0,
            data_rows: 0,
            other_period: 0,
            of_later_years: 0,
            together: BTreeMap::new(),
            period_stated: false,
        }
    }

    /// Adds what persons answered about the file's rows.
    #[must_use]
    pub fn answered(self, answers: &RowAnswers) -> Self {
        RowsNormaliser { findings: Findings::answered(answers), ..self }
    }

    /// Takes the next event of the file.
    pub fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Sheet(name) => {
                let continued = name.is_empty();
                let base = if continued { self.sheet.last_row } else { 0 };
                self.end_sheet();
                self.sheet = Sheet { name: redact(name), base, last_row: base, ..Sheet::default() };
                self.rejects.no_header(&self.sheet.name);
            }
            Event::Row(row) => self.row(row),
            Event::BadRow { number, problem } => {
                self.sheet.last_row = self.sheet.last_row.max(*number);
                self.sheet.rows_read += 1;
                self.sheet.broken += 1;
                let rule = problem.rule();
                self.sheet.data_rows += 1;
                self.totals.add_broken();
                self.refuse(&Row { number: *number, cells: Vec::new() }, &Refusal { rule, column: None });
            }
        }
    }

    /// The rows so far, once there are enough of them to be written.
    ///
    /// # Errors
    /// When they do not fit the schema: a fault of the program.
    pub fn ready(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        self.builder.ready()
    }

    /// The normalised file, without rows that were already handed on.
    ///
    /// # Errors
    /// [`Unusable`] when no sheet has a header that fits, or every row is of another year.
    ///
    /// # Panics
    /// When a row was lost or counted twice: a fault of the program.
    pub fn finish(mut self) -> Result<Result<Normalised, Unusable>, ArrowError> {
        self.end_sheet();
        if self.bound_sheets == 0 {
            let (error, head) =
                self.unbound.unwrap_or((BindError::NoHeader { nearest: Vec::new() }, Vec::new()));
            return Ok(Err(Unusable::Header { error, head }));
        }
        if self.data_rows == 0 {
            return Ok(Err(Unusable::Empty));
        }
        if self.people.are_mangled() {
            return Ok(Err(Unusable::Mangled));
        }
        let other_period = self.other_period > 0 && self.other_period == self.data_rows;
        if self.period_stated || other_period || self.of_later_years * 2 > self.data_rows {
            return Ok(Err(Unusable::Period));
        }
        for statement in std::mem::take(&mut self.totals).finish() {
            let finding = self.finding(statement.rule(), "").at(statement.place);
            self.findings.push(finding);
        }
        for ((_, school, _), rows) in std::mem::take(&mut self.together) {
            let named: Vec<String> = rows.rows.iter().map(u32::to_string).collect();
            let more = if rows.count > ROWS_NAMED as u64 { "等" } else { "" };
            let detail = format!("共 {} 行：第 {}{more} 行", rows.count, named.join("、"));
            let finding = self.finding(rows.rule, &detail).at(rows.place).of_school(&school);
            self.findings.push(Finding { count: rows.count, ..finding });
        }
        self.counts.structural += self.unbound_rows;
        assert!(self.counts.holds(), "rows were lost or counted twice: {:?}", self.counts);
        Ok(Ok(Normalised {
            rows: self.builder.finish()?,
            people: self.people,
            rejects: self.rejects,
            findings: self.findings.finish(),
            counts: self.counts,
            given_up: self.given_up,
        }))
    }

    fn row(&mut self, row: &Row<'_>) {
        self.sheet.last_row = self.sheet.last_row.max(row.number);
        self.sheet.rows_read += 1;
        if self.sheet.binding.is_some() {
            self.bound_row(row);
            return;
        }
        if let Some(rule) = self.sheet.given_up {
            // A cover is not data: none of its rows is quarantined.
            if !self.sheet.is_cover {
                self.keep(rule, row, 0, "");
            }
            return;
        }
        self.sheet.head.push(row.to_owned_row());
        if self.sheet.head.len() == HEADER_SEARCH_ROWS {
            self.bind();
        }
    }

    /// Finds the header among the rows held back, then reads the rows under it.
    fn bind(&mut self) {
        let head = std::mem::take(&mut self.sheet.head);
        match binding::find_header(&self.dataset, self.version, &head) {
            Ok((index, binding)) => {
                self.bound_sheets += 1;
                self.rejects.header(&self.sheet.name, &binding.headers);
                for header in &binding.unknown {
                    let place = Place { row: binding.rows.0, ..self.place() };
                    self.findings.push(self.finding(finding::SCHEMA_NEW, &redact(header)).at(place));
                }
                // Titles above the header, and the header itself.
                let header_rows = head[index..].iter().take_while(|row| row.number <= binding.rows.1).count();
                let first_data = index + header_rows;
                self.period_stated |= self.states_another_period(&head[..index]);
                self.counts.structural += first_data as u64;
                self.sheet.binding = Some(binding);
                for row in &head[first_data..] {
                    self.bound_row(row);
                }
            }
            Err(error) => {
                let rule = match &error {
                    BindError::Missing(titles) => {
                        self.sheet.missing = titles.join("、");
                        finding::HEADER_MISSING
                    }
                    BindError::Unit(detail) => {
                        self.sheet.missing.clone_from(detail);
                        finding::HEADER_UNIT
                    }
                    _ => finding::HEADER_UNKNOWN,
                };
                self.sheet.given_up = Some(rule);
                let required = self.dataset.columns.iter().filter(|column| column.required).count();
                let records = head.iter().filter(|row| row.filled() >= required).count();
                let named = !matches!(error, BindError::NoHeader { .. });
                self.sheet.is_odd = named || (records > 1 && records * 2 > head.len());
                self.sheet.is_cover = self.is_cover(&head);
                if !self.sheet.is_cover {
                    for row in &head {
                        self.keep(rule, row, 0, "");
                    }
                }
                if self.unbound.is_none() {
                    self.unbound = Some((error, head));
                }
            }
        }
    }

    /// Whether titles above the header, or the sheet's name, are of another period.
    fn states_another_period(&self, titles: &[Row<'static>]) -> bool {
        let texts = titles.iter().flat_map(|row| &row.cells).filter_map(|cell| match cell {
            Cell::Text(text) => Some(text.as_ref()),
            _ => None,
        });
        let texts = std::iter::once(self.sheet.name.as_str()).chain(texts);
        stated_period::is_another(texts, self.dataset.reference_time, self.year)
    }

    fn end_sheet(&mut self) {
        if self.sheet.binding.is_none() && self.sheet.given_up.is_none() && !self.sheet.head.is_empty() {
            self.bind();
        }
        // A file whose rows repeat a number has at least as many rows as were read.
        let physical = u64::from(self.sheet.last_row - self.sheet.base).max(self.sheet.rows_read);
        self.counts.physical += physical;
        self.counts.structural += physical - self.sheet.rows_read;
        match self.sheet.given_up {
            // Tables for the layout of a page, and covers of a workbook, are not data where another table is.
            Some(_) if self.sheet.name.is_empty() || self.sheet.is_cover => {
                self.unbound_rows += self.sheet.rows_read - self.sheet.broken;
                if self.sheet.is_cover && !self.is_known_cover() {
                    let finding = self.finding(finding::SHEET_COVER, "").at(self.place());
                    self.findings.push(finding);
                }
            }
            // Rows of a sheet that does not fit are quarantined as a whole, and reported by its name.
            Some(rule) => {
                let aside = self.sheet.rows_read - self.sheet.broken;
                self.counts.quarantined += aside;
                let rule = if self.sheet.is_odd { finding::SHEET_ODD } else { rule };
                let finding = self.finding(rule, &self.sheet.missing).at(self.place()).keeping_out(aside);
                if self.findings.push(finding) == PushResult::Answered {
                    self.given_up += aside;
                }
            }
            None => {}
        }
        self.data_rows += self.sheet.data_rows;
        self.totals.end_sheet();
    }

    /// Whether the sheet, whose header does not fit, is no data: a cover, contents, or instructions.
    fn is_cover(&self, head: &[Row<'static>]) -> bool {
        self.is_known_cover() || (cover::is_named_so(&self.sheet.name) && !cover::holds_items(head))
    }

    /// Whether workbooks of the dataset have the sheet next to their data.
    fn is_known_cover(&self) -> bool {
        let name = text::compact(&self.sheet.name);
        self.version.ignored_sheets.iter().any(|ignored| text::compact(ignored) == name)
    }

    fn bound_row(&mut self, row: &Row<'_>) {
        let Some(binding) = self.sheet.binding.take() else { return };
        if self.is_structural(&binding, row) {
            self.counts.structural += 1;
        } else {
            self.sheet.data_rows += 1;
            self.totals.add(&binding, row);
            match self.typed(&binding, row) {
                Ok(values) => {
                    self.builder.push(values);
                    self.counts.loaded += 1;
                }
                Err(refusal) => {
                    self.sheet.binding = Some(binding);
                    self.refuse(row, &refusal);
                    return;
                }
            }
        }
        self.sheet.binding = Some(binding);
    }

    /// Whether a row is a repeated header, prompt, total or note: known, and not data.
    fn is_structural(&mut self, binding: &Binding, row: &Row<'_>) -> bool {
        if binding::repeats_header(binding, row) || is_prompt(binding, row) || numbers_columns(binding, row) {
            return true;
        }
        if is_filled_down(&self.dataset, binding, row) {
            return true;
        }
        if is_example(binding, row) {
            let place = Place { row: row.number, ..self.place() };
            self.findings.push(self.finding(finding::ROW_EXAMPLE, "").at(place));
            return true;
        }
        let first = totals::first_text(row);
        if totals::is_note(&first, row) || totals::is_total(&first) {
            let place = Place { row: row.number, ..self.place() };
            self.totals.state(&self.dataset, binding, row, &place);
            return true;
        }
        totals::is_subtotal(&first)
    }

    fn typed(&mut self, binding: &Binding, row: &Row<'_>) -> Result<Vec<Value>, Refusal> {
        if row.cells.iter().any(has_replacement) {
            return Err(Refusal { rule: finding::ROW_ENCODING, column: None });
        }
        let read = self.dataset.columns.iter().zip(&binding.cells).enumerate();
        let read = read.filter(|(_, (column, _))| column.carried || column.required);
        let mut read = read.filter_map(|(position, (_, cell))| Some((position, row.cells.get((*cell)?)?)));
        if let Some((position, _)) = read.find(|(_, cell)| has_control(cell)) {
            return Err(Refusal { rule: finding::ROW_CONTROL, column: Some(position) });
        }
        if row.cells.iter().skip(binding.headers.len()).any(|cell| !cell.is_blank()) {
            return Err(Refusal { rule: finding::ROW_COLUMNS, column: None });
        }
        let mut reader = RowReader {
            normaliser: self,
            binding,
            row,
            notes: Vec::new(),
            person: None,
            name: None,
            is_of_later_year: false,
            name_digest: None,
            reading: None,
            together: Vec::new(),
        };
        let values = reader.values()?;
        let RowReader { notes, person, name, is_of_later_year, together, .. } = reader;
        self.of_later_years += u64::from(is_of_later_year);
        let school = self.school_of(binding, row);
        for (rule, position) in together {
            let place = self.cell_place(binding, row, Some(position));
            let first = Together { rule, count: 0, rows: Vec::new(), place };
            let rows = self.together.entry((rule.id, school.clone(), position)).or_insert(first);
            rows.count += 1;
            if rows.rows.len() < ROWS_NAMED {
                rows.rows.push(row.number);
            }
        }
        for Note { rule, column, cell, detail } in notes {
            let place = match cell {
                Some(cell) => self.place_at(binding, row, cell),
                None => self.cell_place(binding, row, column),
            };
            let at = place.column;
            let pushed = self.findings.push(self.finding(rule, &detail).at(place).of_school(&school));
            // The row counts without the cell, which is kept for its correction.
            if finding::TAKES_CELL.contains(&rule) && pushed != PushResult::Beyond {
                self.keep(rule, row, at, &school);
            }
        }
        if let Some((key, id)) = person {
            self.people.push(&key, &id.number, name.as_deref().unwrap_or_default());
        }
        Ok(values)
    }

    fn refuse(&mut self, row: &Row<'_>, refusal: &Refusal) {
        self.counts.quarantined += 1;
        if refusal.rule.id == finding::FILE_PERIOD.id {
            self.other_period += 1;
        }
        let binding = self.sheet.binding.take();
        let school = binding.as_ref().map(|binding| self.school_of(binding, row)).unwrap_or_default();
        let place = match &binding {
            Some(binding) => self.cell_place(binding, row, refusal.column),
            None => Place { row: row.number, ..self.place() },
        };
        self.sheet.binding = binding;
        self.keep(refusal.rule, row, place.column, &school);
        let finding = self.finding(refusal.rule, "").at(place).of_school(&school).keeping_out(1);
        if self.findings.push(finding) == PushResult::Answered {
            self.given_up += 1;
        }
    }

    /// Quarantines a row with all its cells.
    fn keep(&mut self, rule: &Rule, row: &Row<'_>, column: u32, school: &str) {
        self.rejects.push(rule, &self.sheet.name, row, column, school);
    }

    /// The school of a row, empty when its cell is not a school code.
    fn school_of(&self, binding: &Binding, row: &Row<'_>) -> String {
        let cell = self
            .columns
            .school
            .and_then(|position| binding.cells[position])
            .and_then(|index| row.cells.get(index));
        cell.and_then(|cell| text::school_code(cell).ok()).unwrap_or_default()
    }

    fn finding(&self, rule: &Rule, detail: &str) -> Finding {
        Finding::new(rule, self.year, &self.dataset.dataset, detail)
    }

    fn place(&self) -> Place {
        Place { sheet: self.sheet.name.clone(), ..Place::default() }
    }

    fn cell_place(&self, binding: &Binding, row: &Row<'_>, column: Option<usize>) -> Place {
        let chosen = column.and_then(|position| {
            let column = self.dataset.columns.get(position)?;
            alternatives::chosen(binding, position, column, row)
        });
        match chosen {
            Some((cell, _)) => self.place_at(binding, row, cell),
            None => Place { row: row.number, ..self.place() },
        }
    }

    fn place_at(&self, binding: &Binding, row: &Row<'_>, cell: usize) -> Place {
        Place {
            row: row.number,
            column: u32::try_from(cell + 1).unwrap_or_default(),
            header: binding.headers.get(cell).map(|header| redact(header)).unwrap_or_default(),
            ..self.place()
        }
    }
}

/// Bytes that did not decode.
fn has_replacement(cell: &Cell<'_>) -> bool {
    matches!(cell, Cell::Text(text) if text.contains('\u{fffd}'))
}

fn has_control(cell: &Cell<'_>) -> bool {
    // Tabs and line ends are blanks; what follows them in ASCII below the space is not.
    let control = |byte: u8| byte == 0x7f || byte < b' ' && !(b'\t'..=b'\r').contains(&byte);
    matches!(cell, Cell::Text(text) if text.bytes().any(control))
}

/// Whether the row is the sample that a template shows under its header.
fn is_example(binding: &Binding, row: &Row<'_>) -> bool {
    const FIRST_ROWS: u32 = 5;
    const NAMES: [&str; 5] = ["示例", "样例", "范例", "例", "示例数据"];
    const KINDS: [&str; 6] = ["示例", "样例", "范例", "例", "举例", "例如"];
    const WORDS: [&str; 8] =
        ["为示例", "示例行", "示例数据", "样例数据", "样表数据", "删除本行", "删除此行", "导入前请删除"];
    if row.number > binding.rows.1 + FIRST_ROWS {
        return false;
    }
    row.cells.iter().any(|cell| {
        let text = text::compact(&cell.text());
        let bare = text.trim_matches(|c: char| c.is_ascii_digit() || "()[]【】:,。;-".contains(c));
        NAMES.contains(&bare)
            || KINDS.iter().any(|kind| marks(&text, kind))
            || WORDS.iter().any(|words| text.contains(words))
            || bare.eq_ignore_ascii_case("e.g.")
    })
}

/// Whether a text is marked as being of a kind, before it or after it: `（示例）张三`, `样例：张三`, `填写示例`.
fn marks(text: &str, kind: &str) -> bool {
    const REMARK_CHARS: usize = 6;
    let rest = text.trim_start_matches(['(', '[', '【']).strip_prefix(kind);
    let before = rest.is_some_and(|rest| rest.starts_with([')', ']', '】', ':', ',', '，', ';', '。']));
    let ends = text.trim_end_matches([')', ']', '】', ':']);
    let after = ends
        .strip_suffix(kind)
        .is_some_and(|rest| rest.ends_with(['(', '[', '【']) || rest.chars().count() + 2 <= REMARK_CHARS);
    before || (after && kind.chars().count() > 1)
}

/// Whether nothing is in the row but formulas without a result, and none where a value is required: what was
/// filled down below the last row.
fn is_filled_down(dataset: &Dataset, binding: &Binding, row: &Row<'_>) -> bool {
    let is_result = |cell: &Cell<'_>| matches!(cell, Cell::Error(error) if error == NO_RESULT);
    let required = dataset.columns.iter().zip(&binding.cells).filter(|(column, _)| column.required);
    let mut required = required.filter_map(|(_, cell)| row.cells.get((*cell)?));
    row.cells.iter().all(|cell| cell.is_blank() || is_result(cell)) && required.all(Cell::is_blank)
}

/// Whether a row is the instructions that some templates have right under the header.
fn is_prompt(binding: &Binding, row: &Row<'_>) -> bool {
    const STARTS: [&str; 7] = ["必填", "选填", "如:", "例:", "格式", "请", "下拉"];
    if row.number != binding.rows.1 + 1 {
        return false;
    }
    let prompts = row.cells.iter().filter(|cell| {
        let text = text::compact(&cell.text());
        STARTS.iter().any(|start| text.starts_with(start))
    });
    prompts.count() * 2 > row.filled()
}

/// Whether a row is the line under a header of statistics that numbers the columns: `甲 乙 1 2 3 …`.
fn numbers_columns(binding: &Binding, row: &Row<'_>) -> bool {
    const LETTERS: [&str; 6] = ["甲", "乙", "丙", "丁", "戊", "己"];
    if row.number != binding.rows.1 + 1 {
        return false;
    }
    let filled = row.cells.iter().filter(|cell| !cell.is_blank());
    let texts: Vec<String> = filled.map(|cell| text::compact(&cell.text())).collect();
    let letters = texts.iter().zip(LETTERS).take_while(|(text, letter)| *text == letter).count();
    let numbers = texts[letters..].iter().zip(1..).all(|(text, number)| *text == number.to_string());
    letters > 0 && texts.len() > letters && numbers
}

/// Reads the cells of one row, column by column.
struct RowReader<'r, 'a> {
    normaliser: &'r RowsNormaliser<'a>,
    binding: &'r Binding,
    row: &'r Row<'r>,
    /// Findings that do not quarantine the row.
    notes: Vec<Note>,
    person: Option<(String, IdNumber)>,
    /// As delivered.
    name: Option<String>,
    /// The row has a month after the report year in a column that cannot have one.
    is_of_later_year: bool,
    /// Of the name as it is compared; `None` where only one system knows some character of it.
    name_digest: Option<String>,
    /// The cell that is read in place of the one that counts for a column, with the conversion of its numbers.
    reading: Option<Fallback>,
    /// Findings that name many rows at once: rule and column.
    together: Vec<(&'static Rule, usize)>,
}

/// A finding about a row that counts: at the cell that counts for a column, or at another one.
struct Note {
    rule: &'static Rule,
    column: Option<usize>,
    cell: Option<usize>,
    detail: String,
}

static EMPTY: Cell<'static> = Cell::Empty;

impl RowReader<'_, '_> {
    fn values(&mut self) -> Result<Vec<Value>, Refusal> {
        let normaliser = self.normaliser;
        let columns = normaliser.dataset.columns.iter().enumerate();
        let mut read: Vec<Vec<Value>> =
            columns.map(|(position, column)| self.column(position, column)).collect::<Result<_, _>>()?;
        self.compare_alternatives(&read);
        let mut values = vec![Value::Int(i64::from(normaliser.year))];
        for carried in &normaliser.carried {
            match carried.position {
                Some(position) => values.append(&mut read[position]),
                None => values.extend(std::iter::repeat_n(Value::Null, carried.fields)),
            }
        }
        self.compare_with_id();
        self.compare_with_school_type();
        values.push(Value::Text(self.normaliser.source_file.to_owned()));
        values.push(Value::Text(self.normaliser.sheet.name.clone()));
        values.push(Value::Int(i64::from(self.row.number)));
        values.push(Value::Text(self.digest()));
        values.push(self.name_digest.take().map_or(Value::Null, Value::Text));
        values.push(self.own_key().map_or(Value::Null, Value::Text));
        Ok(values)
    }

    /// A keyed digest of the numbers that the thing itself has, such as 证书编号; `None` where none is filled.
    fn own_key(&self) -> Option<String> {
        let cells = self.binding.own_keys.iter().filter_map(|&index| self.row.cells.get(index));
        let filled = cells.filter(|cell| !cell.is_blank() && !is_null_word(cell));
        let texts: Vec<String> = filled.map(|cell| text::compact(&cell.text())).collect();
        let is_number = |text: &String| !NULLS.contains(&text.as_str());
        texts
            .iter()
            .any(is_number)
            .then(|| self.normaliser.context.key.pseudonym("own-key|v1|", &texts.join("\u{1f}")))
    }

    /// Asks about cells of one meaning that contradict each other.
    fn compare_alternatives(&mut self, read: &[Vec<Value>]) {
        let normaliser = self.normaliser;
        for (position, column) in normaliser.dataset.columns.iter().enumerate() {
            if matches!(column.kind, ColumnType::IdNumber | ColumnType::PersonName) {
                continue;
            }
            for other in alternatives::others(self.binding, position, column, self.row) {
                let (notes, together) = (self.notes.len(), self.together.len());
                self.reading = Some(other);
                let values = self.value(position, column);
                self.reading = None;
                self.notes.truncate(notes);
                self.together.truncate(together);
                let Ok(values) = values else { continue };
                let both = (read[position].as_slice(), values.as_slice());
                if alternatives::contradict(column, both, normaliser.context.codes, normaliser.year) {
                    let rule = finding::ALTERNATIVES_DIFFER;
                    let counts = self.chosen(position).and_then(|(cell, _)| self.binding.headers.get(cell));
                    let detail = counts.map(|header| format!("采用“{}”列", redact(header)));
                    let detail = detail.unwrap_or_default();
                    self.notes.push(Note { rule, column: Some(position), cell: Some(other.cell), detail });
                }
            }
        }
    }

    fn cell(&self, position: usize) -> &Cell<'_> {
        let index = self.reading.map(|other| other.cell).or_else(|| Some(self.chosen(position)?.0));
        index.and_then(|index| self.row.cells.get(index)).unwrap_or(&EMPTY)
    }

    /// The cell that counts for a column, and the conversion of its numbers.
    fn chosen(&self, position: usize) -> Option<(usize, Option<Conversion>)> {
        let column = self.normaliser.dataset.columns.get(position)?;
        alternatives::chosen(self.binding, position, column, self.row)
    }

    fn note(&mut self, rule: &'static Rule, position: usize, detail: impl Into<String>) {
        self.notes.push(Note { rule, column: Some(position), cell: None, detail: detail.into() });
    }

    fn cell_named(&self, name: &str) -> &Cell<'_> {
        let position = self.normaliser.dataset.columns.iter().position(|column| column.name == name);
        position.map_or(&EMPTY, |position| self.cell(position))
    }

    /// The code of the row's school, which its words may contain; empty where there is none.
    fn own_school(&self) -> String {
        let cell = self.normaliser.columns.school.map(|position| self.cell(position));
        cell.and_then(|cell| text::school_code(cell).ok()).unwrap_or_default()
    }

    /// The values of a column: as many as it has fields in the table.
    fn column(&mut self, position: usize, column: &Column) -> Result<Vec<Value>, Refusal> {
        let cell = self.cell(position);
        let is_two = matches!(column.kind, ColumnType::IdNumber | ColumnType::Major) || column.has_thirds();
        let blanks = if is_two { 2 } else { 1 };
        let blank = match column.kind {
            ColumnType::PersonName | ColumnType::ReportYear | ColumnType::RegistrationNumber => Vec::new(),
            ColumnType::Integer if column.empty_is_zero => vec![Value::Int(0)],
            ColumnType::Decimal if column.empty_is_zero => vec![Value::Decimal(0); blanks],
            _ => vec![Value::Null; blanks],
        };
        if cell.is_blank() || (column.kind != ColumnType::PersonName && is_null_word(cell)) {
            if column.required {
                return Err(Refusal { rule: finding::ROW_REQUIRED, column: Some(position) });
            }
            if column.kind == ColumnType::Major {
                self.together.push((finding::MAJOR_EMPTY, position));
            }
            return Ok(blank);
        }
        let read = match cell {
            Cell::Error(error) if error == NO_RESULT => Err(finding::ROW_NO_RESULT),
            Cell::Error(_) => Err(finding::ROW_ERROR_CELL),
            _ => self.value(position, column),
        };
        match read {
            Ok(values) => Ok(values),
            Err(_) if column.says_none(&self.cell(position).text()) => Ok(blank),
            // A person's number in a cell is no reason to refuse the row.
            Err(rule) if *rule == *finding::CELL_PERSONAL => {
                self.note(rule, position, "");
                Ok(blank)
            }
            Err(rule) if column.required || column.bad_value == BadValue::DiscardRow => {
                Err(Refusal { rule, column: Some(position) })
            }
            Err(rule) => {
                self.note(finding::CELL_BAD, position, rule.title);
                Ok(blank)
            }
        }
    }

    fn value(&mut self, position: usize, column: &Column) -> Result<Vec<Value>, &'static Rule> {
        let context = self.normaliser.context;
        let year = self.normaliser.year;
        let cell = self.cell(position);
        let single = |text: String| Ok(vec![Value::Text(text)]);
        match column.kind {
            ColumnType::Text if personal::is_in_words(&cell.text(), &self.own_school()) => {
                Err(finding::CELL_PERSONAL)
            }
            ColumnType::Text => single(cell.text().into_owned()),
            ColumnType::SchoolCode => single(text::school_code(cell)?),
            ColumnType::YearMonth => {
                let month = text::year_month(cell)?;
                self.note_day_number(position);
                if column.not_after_report_year {
                    let month_year = month.get(..4).and_then(|year| year.parse::<ReportYear>().ok());
                    self.is_of_later_year |= month_year.is_some_and(|month_year| month_year > year);
                }
                single(month)
            }
            ColumnType::Integer => {
                let amount = self.number(position)?;
                let whole = (!amount.is_rounded).then_some(amount.value).ok_or(finding::ROW_UNIT)?;
                Ok(vec![Value::Int(text::whole(whole)?)])
            }
            ColumnType::Decimal => {
                let amount = self.number(position)?;
                if amount.is_rounded {
                    self.together.push((finding::UNIT_ROUNDED, position));
                }
                let mut values = vec![Value::Decimal(amount.value.0)];
                values.extend(column.has_thirds().then_some(Value::Decimal(amount.thirds.0)));
                Ok(values)
            }
            ColumnType::BirthDate => {
                let date = text::date(cell)?;
                self.note_day_number(position);
                Ok(vec![Value::Int(i64::from(date.year()))])
            }
            ColumnType::Code => {
                let table = column.codes.as_ref().and_then(|id| context.codes.get(id));
                let code = table.and_then(|table| table.look_up(&cell.text(), year));
                single(code.ok_or(finding::ROW_CODE)?.code.clone())
            }
            ColumnType::PersonName => self.person_name(position),
            ColumnType::RegistrationNumber => Ok(Vec::new()),
            ColumnType::ReportYear => {
                let stated = text::compact(&cell.text());
                let stated = stated.trim_end_matches(['年', '度', '届']);
                if stated == year.to_string() || text::number_shown_as_date(cell) == Some(year) {
                    Ok(Vec::new())
                } else {
                    Err(finding::FILE_PERIOD)
                }
            }
            ColumnType::IdNumber => self.id_number(position, column),
            ColumnType::Region => {
                let (code, known) = region(context, &cell.text(), year);
                if !known {
                    self.note(finding::REGION_UNKNOWN, position, "");
                }
                single(code)
            }
            ColumnType::Major => self.major(position, column),
        }
    }

    /// The number in a cell, in the contract's unit.
    fn number(&self, position: usize) -> Result<Amount, &'static Rule> {
        let delivered = text::decimal(self.cell(position))?;
        if delivered.0.abs() > text::AMOUNT_MAX * crate::number::ONE {
            return Err(finding::ROW_NUMBER);
        }
        let conversion = match self.reading {
            Some(other) => other.conversion,
            None => self.chosen(position).and_then(|(_, conversion)| conversion),
        };
        match conversion {
            Some(conversion) => conversion.apply(delivered),
            None => Amount::exact(delivered),
        }
        .ok_or(finding::ROW_UNIT)
    }

    fn note_day_number(&mut self, position: usize) {
        if text::is_day_number(self.cell(position)) {
            self.note(finding::DATE_AS_NUMBER, position, "");
        }
    }

    fn person_name(&mut self, position: usize) -> Result<Vec<Value>, &'static Rule> {
        let cell = self.cell(position);
        let written = cell.text().into_owned();
        let invisible = matches!(cell, Cell::Text(text) if name::has_invisible(text));
        let folded = name::folded(&written);
        if name::is_mojibake(&folded) {
            return Err(finding::ROW_MOJIBAKE);
        }
        if invisible {
            self.note(finding::NAME_INVISIBLE, position, "");
        }
        if name::has_lost(&folded) {
            self.note(finding::NAME_LOST, position, "");
        } else if name::has_private_use(&folded) {
            self.note(finding::NAME_PRIVATE_USE, position, "");
        } else {
            self.name_digest = Some(self.normaliser.context.key.pseudonym("name|v1|", &folded));
        }
        self.name = Some(written);
        Ok(Vec::new())
    }

    fn id_number(&mut self, position: usize, column: &Column) -> Result<Vec<Value>, &'static Rule> {
        let context = self.normaliser.context;
        let id_type = column.id_type.as_ref().and_then(|name| {
            let table = context.codes.get("id_type")?;
            table.look_up(&self.cell_named(name).text(), self.normaliser.year)
        });
        let id_type = id_type.map(|code| code.code.as_str());
        let id = identity::id_number(self.cell(position), id_type, column.fifteen_digits)?;
        if id.kind == IdKind::Unverified {
            self.note(finding::ID_CHECK_DIGIT, position, "");
        }
        // A domain for each kind of person, so that a graduate is recognised as last year's student.
        let domain = format!("{}|v1|", column.name);
        let key = match id.kind {
            // Next year the school may give the number to another person.
            IdKind::Temporary => {
                context.key.pseudonym(&domain, &format!("{}|{}", id.number, self.normaliser.year))
            }
            _ => context.key.pseudonym(&domain, &id.number),
        };
        let values = vec![Value::Text(key.clone()), Value::Text(id.kind.name().to_owned())];
        self.person = Some((key, id));
        Ok(values)
    }

    /// Code and class in the catalogue of the year of entry; empty, with a query, when not in it.
    fn major(&mut self, position: usize, column: &Column) -> Result<Vec<Value>, &'static Rule> {
        let entry = column.entry.as_ref().and_then(|name| text::year_month(self.cell_named(name)).ok());
        let year = entry.and_then(|month| month[..4].parse().ok()).unwrap_or(self.normaliser.year);
        let written = self.cell(position).text();
        let table = self.normaliser.context.codes.get("major");
        if let Some(code) = table.and_then(|table| table.look_up_any_year(&written, year)) {
            Ok(vec![Value::Text(code.code.clone()), code.parent.clone().map_or(Value::Null, Value::Text)])
        } else if column.says_none(&written) {
            self.together.push((finding::MAJOR_EMPTY, position));
            Ok(vec![Value::Null, Value::Null])
        } else if text::is_digits(&written) && text::compact(&written).len() != MAJOR_DIGITS {
            Err(finding::ROW_MAJOR)
        } else {
            let nearest = table.and_then(|table| table.nearest(&written));
            let detail = nearest.map(|code| format!("最接近的是“{}”", code.label)).unwrap_or_default();
            self.note(finding::MAJOR_UNKNOWN, position, detail);
            Ok(vec![Value::Null, Value::Null])
        }
    }

    /// Compares birth date and sex with those in a resident's number, and that number with the 学籍号.
    fn compare_with_id(&mut self) {
        let Some((_, id)) = &self.person else { return };
        let columns = &self.normaliser.columns;
        let mut notes = Vec::new();
        if let Some(position) = columns.birth
            && let Ok(written) = text::date(self.cell(position))
            && id.birth_date() != Some(written)
        {
            if is_default(written, self.normaliser.year) {
                notes.push((finding::DATE_DEFAULT, position));
            } else if id.birth_date().is_some() {
                notes.push((finding::ID_BIRTH, position));
            }
        }
        if let Some(position) = columns.sex
            && let Some(sex) = id.sex()
            && let Some(table) = self.normaliser.context.codes.get("sex")
            && let Some(written) = table.look_up(&self.cell(position).text(), self.normaliser.year)
            && matches!(written.code.as_str(), "1" | "2")
            && sex != written.code
        {
            notes.push((finding::ID_SEX, position));
        }
        if let Some(position) = columns.registration
            && !id.is_in_registration(self.cell(position))
        {
            notes.push((finding::REGISTRATION_DIFFERS, position));
        }
        for (rule, position) in notes {
            self.note(rule, position, "");
        }
    }

    /// Compares the first two digits of the school's code, which are those of its type, with the type.
    fn compare_with_school_type(&mut self) {
        let columns = &self.normaliser.columns;
        let (Some(school), Some(position)) = (columns.school, columns.school_type) else { return };
        let Some(table) = self.normaliser.context.codes.get("school_type") else { return };
        let code = text::school_code(self.cell(school)).unwrap_or_default();
        let kind = table.look_up(&self.cell(position).text(), self.normaliser.year);
        if kind.is_some_and(|kind| kind.code.get(..2) != code.get(..2)) {
            self.note(finding::SCHOOL_TYPE_DIFFERS, school, "");
        }
    }

    /// A keyed digest of everything delivered in the row: rows with equal digests are duplicates.
    fn digest(&self) -> String {
        let mut joined = String::new();
        for cell in &self.row.cells {
            joined.push_str(&cell.text());
            joined.push('\u{1f}');
        }
        let joined = joined.trim_end_matches('\u{1f}');
        self.normaliser.context.key.pseudonym("row|v1|", joined)
    }
}

/// Digits of a code in the catalogues of majors.
const MAJOR_DIGITS: usize = 6;

/// Whether a birth date is one that programs fill in where none was given, or is still to come.
fn is_default(date: jiff::civil::Date, year: ReportYear) -> bool {
    let is_new_year = (date.month(), date.day()) == (1, 1);
    matches!(date.year(), 1900 | 1970) && is_new_year || ReportYear::from(date.year()) > year
}

/// The county of a region code or name, and whether the region is known at all. The city
/// itself, its pseudo-county `…01` and the province are not in any county.
fn region(context: Context<'_>, written: &str, year: ReportYear) -> (String, bool) {
    let residual = context.residual_code.to_owned();
    let Some(table) = context.codes.get("region") else { return (residual, false) };
    let digits = text::region_digits(written);
    let code = table.look_up(digits.as_deref().unwrap_or(written), year);
    if let Some(county) = code.filter(|code| code.parent.as_deref() == Some(context.city_code)) {
        return (county.code.clone(), true);
    }
    let pseudo = format!("{}01", &context.city_code[..4]);
    let above = code.is_some() || digits.as_deref() == Some(pseudo.as_str());
    (residual, above)
}
