//! Reads all definitions and checks them together.
//!
//! A file that is not TOML, or has an unknown key, gives one fault. When all
//! files parse, every inconsistency between them is reported at once, each with its
//! file and line.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::Definitions;
use super::code_table::{CodeTable, CodeTableDefinition, CodeTables};
use super::contract::fields::staged_fields;
use super::contract::{Dataset, Role, Shape};
use super::indicator::{Indicator, IndicatorFile};
use super::layout::extension::{Extension, Source, WrittenRow};
use super::layout::{Layout, title_in};
use super::predicate::Predicate;
use super::relation::kind::RelationKind;
use super::relation::limits::Limits;
use super::relation::{
    AuditDefinitions, AuditFile, Partition, ROWS, RelationDefinition, RuleText, TableTitle,
};
use super::source::{DefinitionFile, Fault, below, content_digest, digest, folder_of};
use crate::period::ReportYear;
use crate::tables::filing::FilingRow;
use crate::tables::row;

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
    let audit = reader.audit.checked();
    let layouts = reader.layouts.into_iter();
    let mut layouts: Vec<Layout> =
        layouts.map(|(_, layout)| layout.map_rows(|written| written.row).dated()).collect();
    layouts.sort_by_key(|layout| layout.year);
    Ok(Definitions {
        audit,
        codes: reader.codes,
        datasets: reader.datasets.into_iter().map(|(_, dataset)| dataset).collect(),
        indicators: reader.indicators.into_iter().map(|(_, indicator)| indicator).collect(),
        layouts,
        partitions: reader.partitions.into_iter().map(|(_, partition)| partition).collect(),
        digest: digest(files.iter()),
        contents: files.iter().map(|(name, text)| (below(name), content_digest(text))).collect(),
        code_files: reader.code_files,
        layout_files: reader.layout_files,
    })
}

/// The file and line of a definition, for faults that are found later.
type FileLine = (String, usize);

#[derive(Default)]
struct Reader {
    codes: CodeTables,
    code_files: BTreeMap<String, String>,
    datasets: Vec<(FileLine, Dataset)>,
    indicators: Vec<(FileLine, Indicator)>,
    /// With their files; a layout comes after the one it extends.
    layouts: Vec<(String, Layout<WrittenRow>)>,
    extensions: Vec<(String, Extension)>,
    layout_files: BTreeMap<ReportYear, Vec<String>>,
    partitions: Vec<(FileLine, Partition)>,
    audit: AuditReader,
    texts: BTreeMap<String, String>,
    faults: Vec<Fault>,
}

/// The contents of the files in `audit/`, before they are checked.
#[derive(Default)]
struct AuditReader {
    limits: Vec<(FileLine, Limits)>,
    school_limits: Vec<(FileLine, Limits)>,
    rules: Vec<(FileLine, RuleText)>,
    tables: Vec<TableTitle>,
    relations: Vec<(FileLine, RelationDefinition)>,
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

    fn faults(&self, is_code_table: &dyn Fn(&str) -> bool) -> Vec<(FileLine, String)> {
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
            let messages = relation.faults(is_code_table).into_iter().map(message);
            faults.extend(messages.map(|message| (at.clone(), message)));
            if !ids.insert(&relation.id) {
                faults.push((at.clone(), format!("the relation `{}` is defined twice", relation.id)));
            }
        }
        if let Some((at, _)) = self.limits.get(1).or(self.school_limits.get(1)) {
            faults.push((at.clone(), "the limits are defined twice".to_owned()));
        }
        // A folder without audit/ belongs to a city that audits nothing.
        if let Some((at, _)) = self.rules.first().map(|(at, rule)| (at, rule)) {
            let undefined =
                RelationKind::ALL.iter().filter(|kind| !kinds.iter().any(|known| *known == kind.name()));
            faults.extend(
                undefined.map(|kind| ((at.0.clone(), 0), format!("no rule describes `{}`", kind.name()))),
            );
        }
        faults
    }

    fn checked(self) -> AuditDefinitions {
        let rule = |(_, rule): (FileLine, RuleText)| Some((RelationKind::named(&rule.kind)?, rule));
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
            Some("layouts") => self.layout(name, text),
            // A folder copied before partitions moved has them in `checks/`.
            Some("audit" | "checks") => {
                if let Some(mut file) = self.parse::<AuditFile>(name, text) {
                    let partitions = std::mem::take(&mut file.partitions);
                    let at = |partition| ((name.to_owned(), 0), partition);
                    self.partitions.extend(partitions.into_iter().map(at));
                    self.audit.file(name, text, file);
                }
            }
            _ => {
                let message = "is in none of codes/, datasets/, indicators/, layouts/, audit/".to_owned();
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

    fn layout(&mut self, name: &str, text: &str) {
        #[derive(Deserialize)]
        struct ExtendsKey {
            extends: Option<IgnoredAny>,
        }
        let year = match self.parse(name, text) {
            None => return,
            Some(ExtendsKey { extends: Some(_) }) => {
                let Some(extension) = self.parse::<Extension>(name, text) else { return };
                let year = extension.year;
                self.extensions.push((name.to_owned(), extension));
                year
            }
            Some(ExtendsKey { extends: None }) => {
                let Some(layout) = self.parse::<Layout<_>>(name, text) else { return };
                let source = Source { file: name, line: &|offset| line_of(text, offset) };
                let year = layout.year;
                self.layouts.push((name.to_owned(), layout.map_rows(|row| source.written(row))));
                year
            }
        };
        if self.layout_files.insert(year, vec![below(name)]).is_some() {
            self.fault(name, 0, format!("the layout of {year} is defined twice"));
        }
    }

    /// Applies every extension, bases before the layouts that extend them.
    fn extend_layouts(&mut self) {
        let mut open = std::mem::take(&mut self.extensions);
        let bases: BTreeMap<ReportYear, ReportYear> =
            open.iter().map(|(_, extension)| (extension.year, *extension.extends.get_ref())).collect();
        loop {
            let is_there = |year: ReportYear| self.layouts.iter().any(|(_, layout)| layout.year == year);
            let (ready, waiting): (Vec<_>, Vec<_>) =
                open.into_iter().partition(|(_, extension)| is_there(*extension.extends.get_ref()));
            open = waiting;
            if ready.is_empty() {
                break;
            }
            for (name, extension) in ready {
                self.extend_layout(name, extension);
            }
        }
        for (name, extension) in open {
            let base = *extension.extends.get_ref();
            let message = if let Some(circle) = circle(&bases, extension.year) {
                format!("{circle}: write one of these layouts whole, without `extends`")
            } else if !self.layout_files.contains_key(&base) {
                let others = self.layout_files.keys().filter(|year| **year != extension.year);
                let others: Vec<String> = others.map(ToString::to_string).collect();
                let others = others.join(", ");
                format!(
                    "there is no layout of {base} to extend: write it, or extend one of those of {others}"
                )
            } else {
                // The base has a fault, which is reported.
                continue;
            };
            let line = self.line(&name, extension.extends.span().start);
            self.fault(&name, line, message);
        }
    }

    fn extend_layout(&mut self, name: String, extension: Extension) {
        let (year, base_year) = (extension.year, *extension.extends.get_ref());
        let Some((_, base)) = self.layouts.iter().find(|(_, layout)| layout.year == base_year) else {
            return;
        };
        let source = Source { file: &name, line: &|offset| self.line(&name, offset) };
        match extension.apply(base.clone(), &source) {
            Ok(layout) => {
                let of_base = self.layout_files.get(&base_year).cloned().unwrap_or_default();
                self.layout_files.entry(year).or_default().extend(of_base);
                self.layouts.push((name, layout));
            }
            Err(faults) => faults.into_iter().for_each(|(line, message)| self.fault(&name, line, message)),
        }
    }

    fn line(&self, name: &str, offset: usize) -> usize {
        self.texts.get(name).map_or(0, |text| line_of(text, offset))
    }

    fn code_table(&mut self, name: &str, definition: CodeTableDefinition) {
        let id = definition.id.clone();
        self.code_files.insert(id.clone(), below(name));
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

    /// Faults that no single file shows.
    fn check(&mut self) {
        self.extend_layouts();
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

    /// Relations that name deliveries of an unknown dataset or column.
    fn delivery_faults(&self) -> Vec<(FileLine, String)> {
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

    fn dataset_faults(&self) -> Vec<(FileLine, String)> {
        let mut faults = Vec::new();
        let mut seen = BTreeSet::new();
        for role in [Role::Register, Role::Filing] {
            let mut further = self.datasets.iter().filter(|(_, dataset)| dataset.role == Some(role)).skip(1);
            if let Some((at, dataset)) = further.next() {
                let message = format!("`{}` has a role that another dataset has", dataset.dataset);
                faults.push((at.clone(), message));
            }
        }
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

    /// Columns that a dataset's conditions and key name but its table does not have.
    fn condition_faults(&self, dataset: &Dataset) -> Vec<String> {
        let columns = self.columns(&dataset.table).unwrap_or_default();
        let conditions = dataset.one_row.iter().flat_map(|rule| &rule.prefer).chain([&dataset.counts_when]);
        let parsed = conditions.filter_map(|condition| condition.predicate().ok());
        let named = parsed.flat_map(Predicate::columns);
        let keys = dataset.one_row.iter().map(|rule| rule.key.as_str());
        named
            .chain(keys)
            .filter(|name| !columns.iter().any(|column| column == name))
            .map(|name| format!("there is no column `{name}`"))
            .collect()
    }

    fn indicator_faults(&self) -> Vec<(FileLine, String)> {
        let mut faults = Vec::new();
        let mut seen = BTreeSet::new();
        let is_indicator = |id: &str| self.indicators.iter().any(|(_, indicator)| indicator.id == id);
        let columns = |table: &str| self.columns(table);
        let register = self.datasets.iter().find(|(_, dataset)| dataset.role == Some(Role::Register));
        let register = register.map_or(String::new(), |(_, dataset)| dataset.table.clone());
        for (at, indicator) in &self.indicators {
            if !seen.insert(&indicator.id) {
                faults.push((at.clone(), format!("the indicator `{}` is defined twice", indicator.id)));
            }
            for message in indicator.faults(&is_indicator, &columns, &register) {
                faults.push((at.clone(), format!("indicator `{}` {message}", indicator.id)));
            }
            if self.depends_on_itself(indicator) {
                faults.push((at.clone(), format!("indicator `{}` depends on itself", indicator.id)));
            }
        }
        faults
    }

    fn depends_on_itself(&self, indicator: &Indicator) -> bool {
        let mut open = indicator.made_of();
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            if id == indicator.id {
                return true;
            }
            if seen.insert(id)
                && let Some((_, other)) = self.indicators.iter().find(|(_, other)| other.id == id)
            {
                open.extend(other.made_of());
            }
        }
        false
    }

    fn layout_faults(&self) -> Vec<(FileLine, String)> {
        let mut faults: Vec<(FileLine, String)> = Vec::new();
        for (file, layout) in &self.layouts {
            for message in self.faults_outside_rows(layout) {
                let line = self.mentioned(file, &message);
                // A fault inherited from the extended layout is reported there.
                if line > 0 || !faults.iter().any(|(_, known)| *known == message) {
                    faults.push(((file.clone(), line), message));
                }
            }
            let mut places = BTreeSet::new();
            for (table, written) in
                layout.tables.iter().flat_map(|table| table.rows.iter().map(move |row| (table, row)))
            {
                let row = &written.row;
                let is_new = places.insert((&table.id, &row.path, &row.measure));
                if written.file != *file {
                    continue;
                }
                let place = format!("`{}` row `{}` {}", table.id, row.path, row.measure);
                let at = (file.clone(), written.line);
                match self.indicators.iter().find(|(_, indicator)| indicator.id == row.indicator) {
                    None => {
                        let message = format!("{place}: there is no indicator `{}`", row.indicator);
                        faults.push((at.clone(), message));
                    }
                    Some((_, indicator)) if !indicator.is_on(row.basis) => {
                        let basis = row.basis.name();
                        let message = format!("{place}: `{}` is not computed on {basis}", row.indicator);
                        faults.push((at.clone(), message));
                    }
                    Some(_) => {}
                }
                if !is_new {
                    faults.push((at, format!("{place} is defined twice")));
                }
            }
        }
        faults
    }

    fn faults_outside_rows(&self, layout: &Layout<WrittenRow>) -> Vec<String> {
        let is_indicator = |id: &str| self.indicators.iter().any(|(_, indicator)| indicator.id == id);
        let mut faults = Vec::new();
        let mut ids = BTreeSet::new();
        for table in &layout.tables {
            if !ids.insert(&table.id) {
                faults.push(format!("table `{}` is defined twice", table.id));
            }
            if title_in(&table.title, layout.year).contains(['{', '}']) {
                faults.push(format!("title `{}`: a year is `{{year}}` or `{{year-1}}`", table.title));
            }
            if let Some(list) = table.list.as_ref().filter(|list| !is_indicator(&list.indicator)) {
                faults.push(format!("list: there is no indicator `{}`", list.indicator));
            }
        }
        for headline in layout.headlines.iter().filter(|headline| !is_indicator(&headline.indicator)) {
            faults.push(format!("headline: there is no indicator `{}`", headline.indicator));
        }
        faults
    }

    fn partition_faults(&self) -> Vec<(FileLine, String)> {
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

    /// The columns of a table once assembled.
    fn columns(&self, table: &str) -> Option<Vec<String>> {
        let (_, dataset) = self.datasets.iter().find(|(_, dataset)| dataset.table == table)?;
        let fields = match dataset.shape {
            Shape::Rows => staged_fields(dataset),
            Shape::Form => row::fields::<FilingRow>(),
        };
        let mut columns: Vec<String> = fields.into_iter().map(|field| field.name).collect();
        columns.push("region_code".to_owned());
        Some(columns)
    }

    /// The line of a file with the first quoted word of a message; 0 if there is none.
    fn mentioned(&self, file: &str, message: &str) -> usize {
        let Some(word) = message.split('`').nth(1) else { return 0 };
        let Some(text) = self.texts.get(file) else { return 0 };
        let quoted = format!("\"{word}\"");
        text.lines().position(|line| line.contains(&quoted)).map_or(0, |index| index + 1)
    }
}

/// The circle by which a year's layout extends itself: `2023 extends 2024 extends 2023`.
fn circle(bases: &BTreeMap<ReportYear, ReportYear>, year: ReportYear) -> Option<String> {
    let mut passed = vec![year];
    let mut chain = year.to_string();
    loop {
        let base = *passed.last().and_then(|last| bases.get(last))?;
        chain += &format!(" extends {base}");
        if base == year {
            return Some(chain);
        }
        if passed.contains(&base) {
            return None;
        }
        passed.push(base);
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset.min(text.len())].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions::{embedded, only_city};

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
    fn the_embedded_definitions_are_consistent() {
        assert_eq!(faults(&embedded()), Vec::<String>::new());
    }

    #[test]
    fn partitions_in_their_former_folder_are_read() {
        let mut files = embedded();
        for (name, _) in &mut files {
            *name = name.replace("pipelines/audit/partitions.toml", "pipelines/checks/partitions.toml");
        }
        let known = |files: &[DefinitionFile]| load(files).unwrap().partitions.len();
        assert!(known(&embedded()) > 0);
        assert_eq!(known(&files), known(&embedded()));
    }

    #[test]
    fn definitions_of_one_city_name_it() {
        let city = |files: &[DefinitionFile]| only_city(files).map(|(code, name)| format!("{code} {name}"));
        assert_eq!(city(&embedded()).as_deref(), Some("141000 临汾市"));
        let other = "\n[[code]]\ncode = \"140902\"\nlabel = \"忻府区\"\nparent = \"140900\"\n\
                     [[code]]\ncode = \"140900\"\nlabel = \"忻州市\"\nparent = \"140000\"\n";
        assert_eq!(city(&with("codes/region.toml", |text| text.to_owned() + other)), None);
    }

    #[test]
    fn an_unknown_key_is_reported_with_its_line() {
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
    fn a_relation_between_deliveries_names_a_dataset_and_one_of_its_columns() {
        let files = with("audit/deliveries.toml", |text| {
            text.replacen("报送:毕业生#行数", "报送:毕业生名册#行数", 1).replacen("#入学年月", "#入学月", 1)
        });
        let faults = faults(&files);
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].ends_with("no dataset has `学生学籍` with `入学月`"), "{}", faults[0]);
        assert!(faults[1].ends_with("no dataset has `毕业生名册` with `行数`"), "{}", faults[1]);
    }

    #[test]
    fn all_faults_between_files_are_reported_together() {
        let mut files = with("indicators/students.toml", |text| {
            text.replacen("table = \"student\"", "table = \"pupil\"", 1)
        });
        let layout = files.iter_mut().find(|(file, _)| file.ends_with("layouts/2023.toml")).unwrap();
        layout.1 = layout.1.replacen("indicator = \"graduates\"", "indicator = \"leavers\"", 1);
        let faults = faults(&files);
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].contains("there is no table `pupil`"), "{}", faults[0]);
        assert!(faults[1].contains("there is no indicator `leavers`"), "{}", faults[1]);
        assert!(faults.iter().all(|fault| !fault.contains(".toml: ")), "no line: {faults:?}");
    }

    /// The embedded definitions with these layouts added.
    fn with_layouts(layouts: &[(&str, &str)]) -> Vec<DefinitionFile> {
        let mut files = embedded();
        files.retain(|(file, _)| !layouts.iter().any(|(name, _)| file.ends_with(&format!("/{name}"))));
        let file = |(name, text): &(&str, &str)| {
            let head = "status = \"found\"\nsource = \"a report\"\n";
            (format!("pipelines/layouts/{name}"), format!("{head}{text}"))
        };
        files.extend(layouts.iter().map(file));
        files
    }

    #[test]
    fn a_layout_extends_one_that_extends_another() {
        let change = |decimals| {
            format!("change = [{{ table = '表1', rows = [{{ path = '月收入', decimals = {decimals} }}] }}]")
        };
        // The file whose base comes later is listed first.
        let files = with_layouts(&[
            ("2021.toml", &format!("year = 2021\nextends = 2026\n{}", change(4))),
            ("2026.toml", &format!("year = 2026\nextends = 2024\n{}", change(3))),
        ]);
        let definitions = load(&files).unwrap();
        let decimals = |year| {
            definitions.layout(year).unwrap().table("表1").unwrap().row("月收入", "值").unwrap().decimals
        };
        assert_eq!([2021, 2023, 2024, 2026].map(decimals), [4, 0, 2, 3]);
        let title = |year| definitions.layout(year).unwrap().table("表6.1").unwrap().title.as_str();
        assert_eq!(title(2026), "表6.1 2024年至2026年 1+X 证书情况");
        let years: Vec<ReportYear> = definitions.layouts.iter().map(|layout| layout.year).collect();
        assert_eq!(years, [2021, 2023, 2024, 2026]);
    }

    #[test]
    fn circles_of_layouts_and_missing_bases_are_refused() {
        let files = with_layouts(&[
            ("2025.toml", "year = 2025\nextends = 2027"),
            ("2026.toml", "year = 2026\nextends = 2025"),
            ("2027.toml", "year = 2027\nextends = 2026"),
            // One leads into the circle, the others extend a refused one: the fault is reported once.
            ("2028.toml", "year = 2028\nextends = 2027"),
            ("2029.toml", "year = 2029\nextends = 2029"),
            ("2030.toml", "year = 2030\n\nextends = 2020"),
            ("2031.toml", "year = 2031\nextends = 2030"),
            ("2032.toml", "year = 2032\nextends = 2024\nremove = ['表9']"),
            ("2033.toml", "year = 2033\nextends = 2032"),
        ]);
        let whole = "write one of these layouts whole, without `extends`";
        let others = "2023, 2024, 2025, 2026, 2027, 2028, 2029, 2031, 2032, 2033";
        let tables =
            "表1, 表2, 表3, 表4, 表5, 表6, 表1.1, 表1.2, 表1.3, 表1.4, 表2.3, 表2.4, 表2.5, 表6.1, 表7.1";
        assert_eq!(
            faults(&files),
            [
                format!(
                    "pipelines/layouts/2025.toml:4: 2025 extends 2027 extends 2026 extends 2025: {whole}"
                ),
                format!(
                    "pipelines/layouts/2026.toml:4: 2026 extends 2025 extends 2027 extends 2026: {whole}"
                ),
                format!(
                    "pipelines/layouts/2027.toml:4: 2027 extends 2026 extends 2025 extends 2027: {whole}"
                ),
                format!("pipelines/layouts/2029.toml:4: 2029 extends 2029: {whole}"),
                format!(
                    "pipelines/layouts/2030.toml:5: there is no layout of 2020 to extend: write it, or extend \
                     one of those of {others}"
                ),
                format!(
                    "pipelines/layouts/2032.toml:5: there is no table `表9` in the layout of 2024: name one of {tables}"
                ),
            ]
        );
    }

    #[test]
    fn ids_of_layouts_tables_and_rows_are_unique() {
        let twice = faults(&with_layouts(&[("again.toml", "year = 2024\nextends = 2023")]));
        assert_eq!(twice, ["pipelines/layouts/again.toml: the layout of 2024 is defined twice"]);
        let row =
            "[[table.row]]\nlabel = ''\npath = 'x'\nindicator = 'students'\nbasis = 'filed'\ndecimals = 0\n";
        let table = format!("[[table]]\nid = \"表1\"\ntitle = '{{yaer}}'\nkind = 'body'\n{row}");
        let twice = faults(&with_layouts(&[("2020.toml", &format!("year = 2020\n{table}{row}{table}"))]));
        assert_eq!(
            twice,
            [
                "pipelines/layouts/2020.toml: title `{yaer}`: a year is `{year}` or `{year-1}`",
                "pipelines/layouts/2020.toml:5: table `表1` is defined twice",
                "pipelines/layouts/2020.toml:14: `表1` row `x` 值 is defined twice",
                "pipelines/layouts/2020.toml:24: `表1` row `x` 值 is defined twice",
            ]
        );
    }

    #[test]
    fn a_fault_of_a_layout_is_reported_where_it_is_written() {
        let misspelt = |text: &str| {
            text.replacen("indicator = \"monthly_income\"", "indicator = \"income\"", 1).replacen(
                "[[headline]]\nindicator = \"schools\"",
                "[[headline]]\nindicator = \"school\"",
                1,
            )
        };
        let mut files = with("layouts/2023.toml", misspelt);
        let changed = "year = 2026\nextends = 2023\nheadline = [{ indicator = 'no', basis = 'filed', decimals = 0 }]\n\
             change = [{ table = '表1', rows = [\n{ path = '毕业生人数', indicator = 'leavers' },\n] }]";
        files.extend(with_layouts(&[("2026.toml", changed)]).pop());
        let faults = faults(&files);
        let is_reported = |file: &str, what: &str| {
            faults
                .iter()
                .any(|fault| fault.starts_with(&format!("pipelines/layouts/{file}")) && fault.ends_with(what))
        };
        assert_eq!(faults.len(), 5, "{faults:?}");
        assert!(is_reported("2023.toml:", "there is no indicator `income`"), "{faults:?}");
        assert!(
            is_reported("2024.toml:", "there is no indicator `income`"),
            "its own difference in that row: {faults:?}"
        );
        assert!(is_reported("2023.toml:", "headline: there is no indicator `school`"), "{faults:?}");
        assert!(is_reported("2026.toml:", "headline: there is no indicator `no`"), "{faults:?}");
        assert!(is_reported("2026.toml:7", "there is no indicator `leavers`"), "{faults:?}");
    }

    #[test]
    fn the_base_of_a_layout_decides_its_year_and_no_other() {
        let layouts = |title: &str| {
            let base =
                format!("year = 2020\nextends = 2023\nchange = [{{ table = '表1', title = '{title}' }}]");
            load(&with_layouts(&[
                ("2020.toml", &base),
                ("2026.toml", "year = 2026\nextends = 2020"),
                ("2030.toml", "year = 2030\nextends = 2024"),
            ]))
            .unwrap()
        };
        let (before, after) = (layouts("一"), layouts("二"));
        let years = [2020, 2021, 2023, 2024, 2026, 2027, 2030, 2031];
        let moved: Vec<ReportYear> = years
            .into_iter()
            .filter(|year| {
                let read = |definitions: &Definitions| definitions.read_by(*year, &BTreeSet::new());
                read(&before) != read(&after)
            })
            .collect();
        assert_eq!(moved, [2020, 2021, 2026, 2027], "each with the year that prints it beside its own");
        let read: Vec<String> = before
            .read_by(2026, &BTreeSet::new())
            .into_keys()
            .filter(|file| file.starts_with("layouts/"))
            .collect();
        assert_eq!(read, ["layouts/2020.toml", "layouts/2023.toml", "layouts/2026.toml"]);
        let form = before.of_role(Role::Filing).unwrap();
        let moved: Vec<ReportYear> = years
            .into_iter()
            .filter(|year| before.contract_digest(form, *year) != after.contract_digest(form, *year))
            .collect();
        assert_eq!(moved, [2020, 2026]);
    }
    #[test]
    fn the_layout_in_the_guide_is_valid() {
        for guide in [
            include_str!("../../docs/guide/definitions.md"),
            include_str!("../../docs/guide/zh-CN/definitions.md"),
        ] {
            let shown = guide.split("```toml\n").find(|block| block.starts_with("year = 2025\n")).unwrap();
            // The guide defines this indicator in another example.
            let shown = shown.split("```").next().unwrap().replace("boarding_share", "students");
            let mut files = embedded();
            files.push(("pipelines/layouts/2025.toml".to_owned(), shown));
            let definitions = load(&files).unwrap();
            let rows = &definitions.layout(2025).unwrap().table("表1.3").unwrap().rows;
            let paths: Vec<&str> = rows.iter().take(3).map(|row| row.path.as_str()).collect();
            assert_eq!(paths, ["在校生", "在校生/住校生占比", "在校生/职业高中（中专）"]);
        }
    }
}
