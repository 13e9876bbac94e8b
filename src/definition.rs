//! What `pipelines/` says, read and checked whole.
//!
//! A file that is no TOML, or has a key nobody knows, gives one fault; when all
//! files read, everything wrong between them is told together, each with its
//! file and line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::checks::audit_rules::{
    AuditDefinitions, AuditFile, Limits, ROWS, RelationDefinition, RuleText, TableTitle,
};
use crate::checks::relation::Kind;
use crate::checks::{Partition, PartitionFile};
use crate::code_table::{CodeTable, CodeTableDefinition};
use crate::contract::{Dataset, Shape};
use crate::indicators::definition::{Calculation, Indicator, IndicatorFile};
use crate::layout::Layout;
use crate::normalise::{CodeTables, form, identity::hex, table};
use crate::period::ReportYear;

/// Everything defined, consistent.
#[derive(Debug)]
pub struct Definitions {
    pub codes: CodeTables,
    pub datasets: Vec<Dataset>,
    pub indicators: Vec<Indicator>,
    pub layouts: Vec<Layout>,
    pub partitions: Vec<Partition>,
    pub audit: AuditDefinitions,
    /// SHA-256 over names and contents of all files.
    pub digest: String,
    /// SHA-256 over the files that decide what rows become: contracts, code tables, layouts.
    pub rows_digest: String,
}

/// Something wrong in a definition file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    pub file: String,
    /// From 1; 0 when the whole file is meant.
    pub line: usize,
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "{}:{}: {}", self.file, self.line, self.message)
        } else {
            write!(f, "{}: {}", self.file, self.message)
        }
    }
}

static EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/embedded_pipelines.rs"));

/// A definition file: its name as told in faults, and its text.
pub type DefinitionFile = (String, String);

/// The definitions that come with the program.
#[must_use]
pub fn embedded() -> Vec<DefinitionFile> {
    EMBEDDED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

/// All `.toml` files below a folder, in order of their names.
///
/// # Errors
/// When the folder cannot be read.
pub fn read_folder(folder: &Path) -> io::Result<Vec<DefinitionFile>> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    files
        .into_iter()
        .map(|path| {
            Ok((
                Path::new("pipelines").join(path.strip_prefix(folder).unwrap_or(&path)).display().to_string(),
                fs::read_to_string(&path)?,
            ))
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    Ok(())
}

/// Reads and checks all definitions.
///
/// # Errors
/// Every fault found, sorted by file and line.
pub fn load(files: &[DefinitionFile]) -> Result<Definitions, Vec<Fault>> {
    let mut reader = Reader::default();
    for (name, text) in files {
        reader.file(name, text);
    }
    if reader.faults.is_empty() {
        reader.check();
    }
    if !reader.faults.is_empty() {
        reader.faults.sort();
        return Err(reader.faults);
    }
    let rows = |name: &str| {
        !folder_of(name).is_some_and(|folder| matches!(folder, "indicators" | "checks" | "audit"))
    };
    let audit = reader.audit.checked();
    Ok(Definitions {
        audit,
        codes: reader.codes,
        datasets: reader.datasets.into_iter().map(|(_, dataset)| dataset).collect(),
        indicators: reader.indicators.into_iter().map(|(_, indicator)| indicator).collect(),
        layouts: reader.layouts.into_iter().map(|(_, layout)| layout).collect(),
        partitions: reader.partitions.into_iter().map(|(_, partition)| partition).collect(),
        digest: digest(files.iter()),
        rows_digest: digest(files.iter().filter(|(name, _)| rows(name))),
    })
}

fn digest<'a>(files: impl Iterator<Item = &'a DefinitionFile>) -> String {
    let mut hash = Sha256::new();
    for (name, text) in files {
        hash.update(name.as_bytes());
        hash.update([0]);
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    hex(&hash.finalize())
}

fn folder_of(name: &str) -> Option<&str> {
    Path::new(name).parent()?.file_name()?.to_str()
}

/// Where a definition stands, for faults that are found later.
type At = (String, usize);

#[derive(Default)]
struct Reader {
    codes: CodeTables,
    datasets: Vec<(At, Dataset)>,
    indicators: Vec<(At, Indicator)>,
    layouts: Vec<(At, Layout)>,
    partitions: Vec<(At, Partition)>,
    audit: AuditReader,
    texts: BTreeMap<String, String>,
    faults: Vec<Fault>,
}

/// What the files of `audit/` say, before it is checked.
#[derive(Default)]
struct AuditReader {
    limits: Vec<(At, Limits)>,
    school_limits: Vec<(At, Limits)>,
    rules: Vec<(At, RuleText)>,
    tables: Vec<TableTitle>,
    relations: Vec<(At, RelationDefinition)>,
}

impl AuditReader {
    fn file(&mut self, name: &str, text: &str, file: AuditFile) {
        let at = |span: std::ops::Range<usize>| (name.to_owned(), line_of(text, span.start));
        self.limits.extend(file.limits.map(|limits| ((name.to_owned(), 0), limits)));
        self.school_limits.extend(file.school_limits.map(|limits| ((name.to_owned(), 0), limits)));
        self.rules.extend(file.rules.into_iter().map(|rule| (at(rule.span()), rule.into_inner())));
        self.tables.extend(file.tables);
        let relations = file.relations.into_iter();
        self.relations.extend(relations.map(|relation| (at(relation.span()), relation.into_inner())));
    }

    fn faults(&self, is_code_table: &dyn Fn(&str) -> bool) -> Vec<(At, String)> {
        let mut faults = Vec::new();
        let mut kinds = BTreeSet::new();
        for (at, rule) in &self.rules {
            faults.extend(rule.faults().into_iter().map(|message| (at.clone(), message)));
            if !kinds.insert(&rule.kind) {
                faults.push((at.clone(), format!("the rule `{}` is defined twice", rule.kind)));
            }
        }
        let mut ids = BTreeSet::new();
        for (at, relation) in &self.relations {
            let message = |message| format!("relation `{}`: {message}", relation.id);
            let told = relation.faults(is_code_table).into_iter().map(message);
            faults.extend(told.map(|message| (at.clone(), message)));
            if !ids.insert(&relation.id) {
                faults.push((at.clone(), format!("the relation `{}` is defined twice", relation.id)));
            }
        }
        if let Some((at, _)) = self.limits.get(1).or(self.school_limits.get(1)) {
            faults.push((at.clone(), "the limits are defined twice".to_owned()));
        }
        // A folder without audit/ is a folder of a city that audits nothing.
        if let Some((at, _)) = self.rules.first().map(|(at, rule)| (at, rule)) {
            let untold = Kind::ALL.iter().filter(|kind| !kinds.iter().any(|known| *known == kind.name()));
            faults.extend(
                untold.map(|kind| ((at.0.clone(), 0), format!("no rule tells of `{}`", kind.name()))),
            );
        }
        faults
    }

    fn checked(self) -> AuditDefinitions {
        let rule = |(_, rule): (At, RuleText)| Some((Kind::named(&rule.kind)?, rule));
        let limits: Limits = self.limits.into_iter().next().map(|(_, limits)| limits).unwrap_or_default();
        let of_schools = self.school_limits.into_iter().next().map(|(_, limits)| limits);
        AuditDefinitions {
            school_limits: of_schools.unwrap_or_else(|| limits.clone()),
            limits,
            rules: self.rules.into_iter().filter_map(rule).collect(),
            tables: self.tables,
            relations: self.relations.into_iter().map(|(_, relation)| relation).collect(),
        }
    }
}

impl Reader {
    fn file(&mut self, name: &str, text: &str) {
        self.texts.insert(name.to_owned(), text.to_owned());
        match folder_of(name) {
            Some("codes") => {
                if let Some(definition) = self.parse::<CodeTableDefinition>(name, text) {
                    self.code_table(name, definition);
                }
            }
            Some("datasets") => {
                if let Some(dataset) = self.parse::<Dataset>(name, text) {
                    self.datasets.push(((name.to_owned(), 0), dataset));
                }
            }
            Some("indicators") => {
                if let Some(file) = self.parse::<IndicatorFile>(name, text) {
                    for indicator in file.indicators {
                        let line = line_of(text, indicator.span().start);
                        self.indicators.push(((name.to_owned(), line), indicator.into_inner()));
                    }
                }
            }
            Some("layouts") => {
                if let Some(layout) = self.parse::<Layout>(name, text) {
                    self.layouts.push(((name.to_owned(), 0), layout));
                }
            }
            Some("checks") => {
                if let Some(file) = self.parse::<PartitionFile>(name, text) {
                    let at = (name.to_owned(), 0);
                    self.partitions
                        .extend(file.partitions.into_iter().map(|partition| (at.clone(), partition)));
                }
            }
            Some("audit") => {
                if let Some(file) = self.parse::<AuditFile>(name, text) {
                    self.audit.file(name, text, file);
                }
            }
            _ => {
                let message =
                    "is in none of codes/, datasets/, indicators/, layouts/, checks/, audit/".to_owned();
                self.fault(name, 0, message);
            }
        }
    }

    fn parse<T: DeserializeOwned>(&mut self, name: &str, text: &str) -> Option<T> {
        match toml::from_str(text) {
            Ok(value) => Some(value),
            Err(error) => {
                let line = error.span().map_or(0, |span| line_of(text, span.start));
                self.fault(name, line, error.message().to_owned());
                None
            }
        }
    }

    fn code_table(&mut self, name: &str, definition: CodeTableDefinition) {
        let id = definition.id.clone();
        match CodeTable::new(definition) {
            Ok(table) => {
                if self.codes.insert(id.clone(), table).is_some() {
                    self.fault(name, 0, format!("the code table `{id}` is defined twice"));
                }
            }
            Err(clashes) => clashes.into_iter().for_each(|clash| self.fault(name, 0, clash)),
        }
    }

    fn fault(&mut self, file: &str, line: usize, message: String) {
        self.faults.push(Fault { file: file.to_owned(), line, message });
    }

    /// What no file can know by itself.
    fn check(&mut self) {
        let mut faults = self.dataset_faults();
        faults.extend(self.indicator_faults());
        faults.extend(self.layout_faults());
        faults.extend(self.partition_faults());
        faults.extend(self.audit.faults(&|table| self.codes.contains_key(table)));
        faults.extend(self.delivery_faults());
        for ((file, line), message) in faults {
            self.fault(&file, line, message);
        }
    }

    /// Relations between deliveries that name no dataset, or none of its columns.
    fn delivery_faults(&self) -> Vec<(At, String)> {
        let mut faults = Vec::new();
        for (at, relation) in &self.audit.relations {
            for (title, measure) in relation.deliveries() {
                let dataset = self.datasets.iter().find(|(_, dataset)| dataset.title_zh == title);
                let known = dataset.is_some_and(|(_, dataset)| {
                    measure == ROWS || dataset.columns.iter().any(|column| column.title_zh == measure)
                });
                if !known {
                    let message =
                        format!("relation `{}`: no dataset has `{title}` with `{measure}`", relation.id);
                    faults.push((at.clone(), message));
                }
            }
        }
        faults
    }

    fn dataset_faults(&self) -> Vec<(At, String)> {
        let mut faults = Vec::new();
        let mut seen = BTreeSet::new();
        for (at, dataset) in &self.datasets {
            if !seen.insert(&dataset.dataset) {
                faults.push((at.clone(), format!("the dataset `{}` is defined twice", dataset.dataset)));
            }
            let known = |id: &str| self.codes.contains_key(id);
            for message in dataset.faults(&known).into_iter().chain(self.condition_faults(dataset)) {
                let line = self.mentioned(&at.0, &message);
                faults.push(((at.0.clone(), line), message));
            }
        }
        faults
    }

    /// Columns that a dataset's own conditions and key name, and its table has not.
    fn condition_faults(&self, dataset: &Dataset) -> Vec<String> {
        let columns = self.columns(&dataset.table).unwrap_or_default();
        let conditions = dataset.one_row.iter().flat_map(|rule| &rule.prefer).chain([&dataset.counts_when]);
        let parsed: Vec<_> = conditions.filter_map(|text| crate::predicate::parse(text).ok()).collect();
        let named = parsed.iter().flat_map(crate::predicate::Predicate::columns);
        let keys = dataset.one_row.iter().map(|rule| rule.key.as_str());
        named
            .chain(keys)
            .filter(|name| !columns.iter().any(|column| column == name))
            .map(|name| format!("there is no column `{name}`"))
            .collect()
    }

    fn indicator_faults(&self) -> Vec<(At, String)> {
        let mut faults = Vec::new();
        let mut seen = BTreeSet::new();
        let is_indicator = |id: &str| self.indicators.iter().any(|(_, indicator)| indicator.id == id);
        let columns = |table: &str| self.columns(table);
        for (at, indicator) in &self.indicators {
            if !seen.insert(&indicator.id) {
                faults.push((at.clone(), format!("the indicator `{}` is defined twice", indicator.id)));
            }
            for message in indicator.faults(&is_indicator, &columns) {
                faults.push((at.clone(), format!("indicator `{}` {message}", indicator.id)));
            }
            if self.depends_on_itself(indicator) {
                faults.push((at.clone(), format!("indicator `{}` depends on itself", indicator.id)));
            }
        }
        faults
    }

    fn depends_on_itself(&self, indicator: &Indicator) -> bool {
        let mut open: Vec<&str> = parts(indicator);
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            if id == indicator.id {
                return true;
            }
            if seen.insert(id)
                && let Some((_, other)) = self.indicators.iter().find(|(_, other)| other.id == id)
            {
                open.extend(parts(other));
            }
        }
        false
    }

    fn layout_faults(&self) -> Vec<(At, String)> {
        let mut faults = Vec::new();
        let mut years: BTreeSet<ReportYear> = BTreeSet::new();
        for (at, layout) in &self.layouts {
            if !years.insert(layout.year) {
                faults.push((at.clone(), format!("the layout of {} is defined twice", layout.year)));
            }
            let mut places = BTreeSet::new();
            for list in layout.tables.iter().filter_map(|table| table.list.as_ref()) {
                if !self.indicators.iter().any(|(_, indicator)| indicator.id == list.indicator) {
                    let message = format!("list: there is no indicator `{}`", list.indicator);
                    faults.push((at.clone(), message));
                }
            }
            for headline in &layout.headlines {
                if !self.indicators.iter().any(|(_, indicator)| indicator.id == headline.indicator) {
                    let message = format!("headline: there is no indicator `{}`", headline.indicator);
                    faults.push((at.clone(), message));
                }
            }
            for (table, row) in
                layout.tables.iter().flat_map(|table| table.rows.iter().map(move |row| (table, row)))
            {
                let place = format!("`{}` row `{}` {}", table.id, row.path, row.measure);
                let line = self.mentioned(&at.0, &format!("`{}`", row.indicator));
                let known = self.indicators.iter().find(|(_, indicator)| indicator.id == row.indicator);
                match known {
                    None => {
                        let message = format!("{place}: there is no indicator `{}`", row.indicator);
                        faults.push(((at.0.clone(), line), message));
                    }
                    Some((_, indicator)) if !indicator.is_on(row.basis) => {
                        let basis = row.basis.name();
                        let message = format!("{place}: `{}` is not computed on {basis}", row.indicator);
                        faults.push(((at.0.clone(), line), message));
                    }
                    Some(_) => {}
                }
                if !places.insert((table.id.clone(), row.path.clone(), row.measure.clone())) {
                    faults.push((at.clone(), format!("{place} is defined twice")));
                }
            }
        }
        faults
    }

    fn partition_faults(&self) -> Vec<(At, String)> {
        let mut faults = Vec::new();
        for ((file, _), partition) in &self.partitions {
            for id in std::iter::once(&partition.whole).chain(&partition.parts) {
                if !self.indicators.iter().any(|(_, indicator)| indicator.id == *id) {
                    let line = self.mentioned(file, &format!("`{id}`"));
                    let message = format!("partition `{}`: there is no indicator `{id}`", partition.id);
                    faults.push(((file.clone(), line), message));
                }
            }
        }
        faults
    }

    /// The columns a table has once put together.
    fn columns(&self, table: &str) -> Option<Vec<String>> {
        let (_, dataset) = self.datasets.iter().find(|(_, dataset)| dataset.table == table)?;
        let fields = match dataset.shape {
            Shape::Rows => table::staged_fields(dataset),
            Shape::Form => form::fields(),
        };
        let mut columns: Vec<String> = fields.into_iter().map(|field| field.name).collect();
        columns.push("region_code".to_owned());
        Some(columns)
    }

    /// The line where the first quoted word of a message stands in its file; 0 when nowhere.
    fn mentioned(&self, file: &str, message: &str) -> usize {
        let Some(word) = message.split('`').nth(1) else { return 0 };
        let Some(text) = self.texts.get(file) else { return 0 };
        let quoted = format!("\"{word}\"");
        text.lines().position(|line| line.contains(&quoted)).map_or(0, |index| index + 1)
    }
}

/// Indicators that another is computed from.
#[must_use]
fn parts(indicator: &Indicator) -> Vec<&str> {
    match &indicator.system {
        Some(Calculation::SumOf(parts)) => parts.iter().map(String::as_str).collect(),
        Some(Calculation::Ratio(ratio)) => vec![&ratio.numerator, &ratio.denominator],
        _ => Vec::new(),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset.min(text.len())].matches('\n').count() + 1
}

impl Definitions {
    #[must_use]
    pub fn dataset(&self, name: &str) -> Option<&Dataset> {
        self.datasets.iter().find(|dataset| dataset.dataset == name)
    }

    #[must_use]
    pub fn indicator(&self, id: &str) -> Option<&Indicator> {
        self.indicators.iter().find(|indicator| indicator.id == id)
    }

    #[must_use]
    pub fn layout(&self, year: ReportYear) -> Option<&Layout> {
        self.layouts.iter().find(|layout| layout.year == year)
    }

    /// How many years before a year its report prints; last year's filings are compared in any case.
    #[must_use]
    pub fn earlier_years(&self, year: ReportYear) -> ReportYear {
        self.layout(year).map_or(1, Layout::earlier_years).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, change: impl Fn(&str) -> String) -> Vec<DefinitionFile> {
        let mut files = embedded();
        let file = files.iter_mut().find(|(file, _)| file.ends_with(name)).unwrap();
        file.1 = change(&file.1);
        files
    }

    fn faults(files: &[DefinitionFile]) -> Vec<String> {
        load(files).err().unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_comes_with_the_program_is_consistent() {
        assert_eq!(faults(&embedded()), Vec::<String>::new());
    }

    #[test]
    fn an_unknown_key_is_told_with_its_line() {
        let files = with("codes/sex.toml", |text| format!("colour = 'red'\n{text}"));
        let faults = faults(&files);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("pipelines/codes/sex.toml:1: unknown field `colour`"), "{}", faults[0]);
    }

    #[test]
    fn relations_of_an_audit_are_checked_with_the_rest() {
        let files = with("audit/table1.toml", |text| {
            text.replacen("kind = \"subset_le_superset\"", "kind = \"subset\"", 1)
        });
        let faults = faults(&files);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].ends_with("there is no rule kind `subset`"), "{}", faults[0]);
        assert!(faults[0].starts_with("pipelines/audit/table1.toml:"), "{}", faults[0]);
        assert!(!faults[0].contains(".toml: "), "no line: {}", faults[0]);
    }

    #[test]
    fn a_relation_between_deliveries_names_a_dataset_and_a_column_of_it() {
        let files = with("audit/deliveries.toml", |text| {
            text.replacen("报送:毕业生#行数", "报送:毕业生名册#行数", 1).replacen("#入学年月", "#入学月", 1)
        });
        let faults = faults(&files);
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].ends_with("no dataset has `学生学籍` with `入学月`"), "{}", faults[0]);
        assert!(faults[1].ends_with("no dataset has `毕业生名册` with `行数`"), "{}", faults[1]);
    }

    #[test]
    fn all_faults_between_files_are_told_together() {
        let mut files = with("indicators/students.toml", |text| {
            text.replacen("table = \"student\"", "table = \"pupil\"", 1)
        });
        let layout = files.iter_mut().find(|(file, _)| file.ends_with("layouts/2024.toml")).unwrap();
        layout.1 = layout.1.replacen("indicator = \"graduates\"", "indicator = \"leavers\"", 1);
        let faults = faults(&files);
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].contains("there is no table `pupil`"), "{}", faults[0]);
        assert!(faults[1].contains("there is no indicator `leavers`"), "{}", faults[1]);
        assert!(faults.iter().all(|fault| !fault.contains(".toml: ")), "no line: {faults:?}");
    }
}
