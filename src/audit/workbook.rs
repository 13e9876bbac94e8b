//! A workbook with the six tables: recognised by their titles, and their rows by their labels.

use crate::audit::grid;
use crate::audit::printing::{PrintedFigure, path_key, year_in};
use crate::audit::report::Report;
use crate::checks::quantity::fold;
use crate::decode::Event;
use crate::definitions::Definitions;
use crate::definitions::layout::{TableKind, label_key};
use crate::definitions::relation::{Names, PrintedPlace, Source};

/// Sheets of rows of text cells, as decoded.
#[derive(Debug, Default)]
pub struct Sheets {
    sheets: Vec<(String, Vec<Vec<String>>)>,
}

impl Sheets {
    /// Collects what a decoder emits.
    pub fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Sheet(name) => self.sheets.push(((*name).to_owned(), Vec::new())),
            Event::Row(row) => {
                if self.sheets.is_empty() {
                    self.sheets.push((String::new(), Vec::new()));
                }
                let cells = row.cells.iter().map(|cell| cell.text().into_owned()).collect();
                if let Some((_, rows)) = self.sheets.last_mut() {
                    rows.push(cells);
                }
            }
            Event::BadRow { .. } => {}
        }
    }
}

/// A header and the rows under it.
struct Section {
    kind: SectionKind,
    /// The name of the sheet, and the lines before the header.
    titles: Vec<String>,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SectionKind {
    Official,
    List,
    Body,
}

/// Reads a workbook; one without figures is not a report.
#[must_use]
pub fn read_report(sheets: &Sheets, definitions: &Definitions) -> Report {
    let mut report = Report { takes_definitions: true, decimals_unknown: true, ..Report::default() };
    let mut table = String::new();
    for section in sheets.sheets.iter().flat_map(|(name, rows)| sections(name, rows)) {
        match section.kind {
            SectionKind::Official => table = official(&section, definitions, &mut report),
            SectionKind::List => report.figures.extend(grid::list(&table, &section.header, &section.rows)),
            SectionKind::Body => {
                report.figures.extend(grid::body(section.name(), &section.header, &section.rows));
            }
        }
    }
    report.year = report.years().last().copied().unwrap_or_default();
    report
}

fn kind_of(row: &[String]) -> Option<SectionKind> {
    if grid::columns(row).is_some() {
        return Some(SectionKind::Official);
    }
    let names: Vec<String> = row.iter().map(|cell| label_key(cell)).collect();
    let has = |name: &str| names.iter().any(|known| known == name);
    if has("专业群名称") {
        return Some(SectionKind::List);
    }
    let first = names.first().map_or("", String::as_str);
    let body = ["年份", "年度"].contains(&first)
        || (first == "项目" && row.iter().any(|cell| year_in(cell).is_some()));
    (body && names.len() > 1).then_some(SectionKind::Body)
}

fn sections(sheet: &str, rows: &[Vec<String>]) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut titles = vec![sheet.to_owned()];
    let mut open = false;
    for row in rows {
        let filled: Vec<&String> = row.iter().filter(|cell| !cell.trim().is_empty()).collect();
        if let Some(kind) = kind_of(row) {
            let titles = std::mem::take(&mut titles);
            sections.push(Section { kind, titles, header: row.clone(), rows: Vec::new() });
            open = true;
        } else if let [alone] = filled.as_slice() {
            // A line of its own is the title of what follows, unless it is a note.
            if !["说明", "注"].iter().any(|word| fold(alone).starts_with(word)) {
                titles.push((*alone).clone());
                open = false;
            }
        } else if open && let Some(section) = sections.last_mut() {
            section.rows.push(row.clone());
        }
    }
    sections
}

impl Section {
    /// The number of its table in the title: 表1.4, or else the title.
    fn name(&self) -> &str {
        let numbered = self.titles.iter().find(|title| is_numbered(title));
        let name = numbered.or(self.titles.last()).map_or("", String::as_str);
        name.split_whitespace().next().unwrap_or(name)
    }

    /// The one of the six tables it is. A table with a number of its own is never one.
    fn id(&self, labels: &[String], definitions: &Definitions) -> Option<String> {
        let titled = self.titles.iter().find_map(|title| table_id(title, definitions));
        let numbered = self.titles.iter().any(|title| is_numbered(title));
        titled.or_else(|| if numbered { None } else { by_labels(labels, definitions) })
    }
}

fn is_numbered(title: &str) -> bool {
    label_key(title).strip_prefix('表').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Reads a section as one of the six tables, and returns which; any other is a table of the body.
fn official(section: &Section, definitions: &Definitions, report: &mut Report) -> String {
    let Some(columns) = grid::columns(&section.header) else { return String::new() };
    let units = columns.units(&section.rows);
    let read: Vec<grid::GridRow> = section.rows.iter().map(|row| columns.read(row, &units)).collect();
    let labels: Vec<String> = read.iter().map(|row| label_key(&row.label)).collect();
    let Some(id) = section.id(&labels, definitions) else {
        report.figures.extend(read.iter().flat_map(|row| grid::items(section.name(), row)));
        return String::new();
    };
    let mut recogniser = Recogniser::new(&id, definitions);
    let mut placed: Vec<(String, &grid::GridRow, &[String])> = Vec::new();
    for (row, cells) in read.iter().zip(&section.rows) {
        if row.label.is_empty() && row.unit.is_empty() {
            continue;
        }
        let (path, measure) = recogniser.place(&row.label, &row.unit);
        recogniser.seen(&path);
        report.figures.extend(grid::figures(&id, &path, &measure, row));
        placed.push((path, row, cells));
    }
    report.stated.extend(grid::shifts(&id, &placed).into_iter().map(Ok));
    id
}

/// The table with this title.
#[must_use]
pub fn table_id(title: &str, definitions: &Definitions) -> Option<String> {
    let title = label_key(title);
    let titled = |titles: &[String]| titles.iter().any(|name| title.contains(&label_key(name)));
    if let Some(table) = definitions.audit.tables.iter().find(|table| titled(&table.titles)) {
        return Some(table.id.clone());
    }
    let numbered = definitions.audit.tables.iter().find(|table| {
        title
            .strip_prefix(&table.id)
            .is_some_and(|rest| !rest.starts_with(|c: char| c == '.' || c.is_ascii_digit()))
    });
    numbered.map(|table| table.id.clone())
}

/// The table to which most of the labels belong.
fn by_labels(labels: &[String], definitions: &Definitions) -> Option<String> {
    let count = |id: &str| {
        let known = known_paths(id, definitions);
        let is_known = |label: &&String| {
            !label.is_empty() && known.iter().any(|(path, _)| path.rsplit('/').next() == Some(label.as_str()))
        };
        labels.iter().filter(is_known).count()
    };
    let best = definitions.audit.tables.iter().max_by_key(|table| count(&table.id))?;
    (count(&best.id) * 2 > labels.iter().filter(|label| !label.is_empty()).count()).then(|| best.id.clone())
}

/// A path in the form in which it is compared, and as written.
type KnownPath = (String, String);

/// Paths of a table named in the layouts and the relations.
fn known_paths(id: &str, definitions: &Definitions) -> Vec<KnownPath> {
    let mut paths: Vec<KnownPath> = Vec::new();
    let mut add = |path: &str| {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        for end in ends {
            let known = (path_key(&path[..end]), path[..end].to_owned());
            if !paths.iter().any(|(key, _)| *key == known.0) {
                paths.push(known);
            }
        }
    };
    for layout in &definitions.layouts {
        let tables = layout.tables.iter().filter(|table| table.kind == TableKind::Official && table.id == id);
        tables.flat_map(|table| &table.rows).for_each(|row| add(&row.path));
    }
    let named = definitions.audit.relations.iter().flat_map(|relation| relation.operands.values());
    for place in named.flat_map(Names::all).filter_map(|name| PrintedPlace::parse(name)) {
        if place.source == Source::Official(id.to_owned()) {
            place.labels.iter().for_each(|label| add(label));
        }
    }
    paths
}

/// Finds the path of a row from its label and the rows above it: a printed table has no indentation.
#[derive(Debug)]
pub struct Recogniser {
    known: Vec<KnownPath>,
    /// Labels in the form in which they are compared, and as written.
    seen: Vec<KnownPath>,
}

impl Recogniser {
    #[must_use]
    pub fn new(id: &str, definitions: &Definitions) -> Self {
        Recogniser { known: known_paths(id, definitions), seen: Vec::new() }
    }

    pub fn seen(&mut self, path: &str) {
        self.seen.push((path_key(path), path.to_owned()));
    }

    /// Path and measure of the next row. A row without a label is a further measure of the row above.
    #[must_use]
    pub fn place(&self, label: &str, unit: &str) -> (String, String) {
        let key = label_key(label);
        if key.is_empty() {
            let measure = if unit.is_empty() { "值" } else { unit };
            return (self.seen.last().map(|(_, path)| path.clone()).unwrap_or_default(), measure.to_owned());
        }
        // Of several paths with this label, the one whose parent was seen last.
        let parent_seen = |path: &str| {
            let (parent, _) = path.rsplit_once('/')?;
            self.seen.iter().rposition(|(seen, _)| seen == parent)
        };
        let named = self.known.iter().filter(|(path, _)| path.rsplit('/').next() == Some(key.as_str()));
        let best = named.max_by_key(|(path, _)| (parent_seen(path), !path.contains('/')));
        let bare = label.trim().trim_start_matches("其中").trim_start_matches(['：', ':']);
        (best.map_or_else(|| bare.to_owned(), |(_, path)| path.clone()), "值".to_owned())
    }
}

/// Whether anything was recognised.
#[must_use]
pub fn has_tables(figures: &[PrintedFigure]) -> bool {
    figures.iter().any(|figure| matches!(figure.source, Source::Official(_)))
}
