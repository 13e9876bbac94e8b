//! A defined relation → the relations between the figures that a report prints.

use std::collections::{HashMap, HashSet};

use crate::audit::answer::{RelationAnswer, RelationInstance, UnaskedRelation};
use crate::audit::printing::{PrintedFigure, RowKey, path_key};
use crate::audit::report::Report;
use crate::checks::count::count;
use crate::checks::quantity::read;
use crate::checks::relation::{Figure, Operand, Operands};
use crate::checks::rules::items;
use crate::definitions::code_table::CodeTables;
use crate::definitions::layout::label_key;
use crate::definitions::relation::kind::RelationKind;
use crate::definitions::relation::{Names, PrintedPlace, RelationDefinition, Source};

/// The item that a definition is repeated for.
#[derive(Clone)]
enum Binding<'a> {
    Nothing,
    /// A row of the six tables.
    Row(&'a PrintedFigure),
    /// A row of a list.
    Line(usize),
    /// The word that replaces `{table}`.
    Word(String),
}

/// A definition with its places parsed, once for all reports.
pub struct Relation<'d> {
    pub definition: &'d RelationDefinition,
    pub kind: RelationKind,
    fields: Vec<(&'d str, Vec<SoughtPlace>)>,
}

/// A place, with its labels in the form in which they are compared.
struct SoughtPlace {
    place: PrintedPlace,
    keys: Vec<String>,
    /// A label has a `{table}` in it.
    pattern: bool,
}

impl SoughtPlace {
    fn parse(name: &str) -> Option<Self> {
        let place = PrintedPlace::parse(name)?;
        let keys = place.labels.iter().map(|label| path_key(label)).collect();
        let pattern = place.labels.iter().any(|label| label.contains('{'));
        Some(SoughtPlace { place, keys, pattern })
    }
}

/// The definitions as relations; those with an unknown kind or place were refused on reading.
#[must_use]
pub fn relations(definitions: &[RelationDefinition]) -> Vec<Relation<'_>> {
    fn read(definition: &RelationDefinition) -> Option<Relation<'_>> {
        let fields = definition.operands.iter().map(|(field, names)| {
            let sought: Option<Vec<SoughtPlace>> =
                names.all().iter().map(|name| SoughtPlace::parse(name)).collect();
            Some((field.as_str(), sought?))
        });
        Some(Relation {
            definition,
            kind: RelationKind::named(&definition.kind)?,
            fields: fields.collect::<Option<_>>()?,
        })
    }
    definitions.iter().filter_map(read).collect()
}

/// An index of a report's figures by their labels.
pub struct Finder<'a> {
    report: &'a Report,
    codes: &'a CodeTables,
    years: Vec<i32>,
    latest: i32,
    /// By key; a figure of the body also by its key without the unit in brackets.
    by_key: HashMap<&'a str, Vec<usize>>,
    /// Figures of the six tables by their last label.
    by_last: HashMap<&'a str, Vec<usize>>,
}

/// The figures found for a place.
struct FoundFigures {
    figures: Vec<Figure>,
    /// Whether a list takes them all; otherwise it takes the first, as a figure may be stated several times.
    all: bool,
}

impl Relation<'_> {
    /// Every instance, in every year of the report.
    #[must_use]
    pub fn instances(&self, finder: &Finder<'_>) -> Vec<RelationInstance> {
        let years = finder.years.as_slice();
        let latest = finder.latest;
        let mut found: Vec<RelationInstance> = match self.definition.each.as_deref() {
            None => years.iter().flat_map(|year| finder.instances(self, *year, &Binding::Nothing)).collect(),
            Some("row") => finder
                .rows()
                .flat_map(|row| {
                    let named = |found| RelationInstance { row: Some(row.row_key()), ..found };
                    finder.instances(self, latest, &Binding::Row(row)).into_iter().map(named)
                })
                .collect(),
            Some("list") => (1..=finder.lines())
                .flat_map(|line| {
                    let row = RowKey {
                        table: "清单".to_owned(),
                        label: line.to_string(),
                        measure: "值".to_owned(),
                    };
                    let named = move |found| RelationInstance { row: Some(row.clone()), ..found };
                    finder.instances(self, latest, &Binding::Line(line)).into_iter().map(named)
                })
                .collect(),
            Some("repeated") => finder.repeated(self),
            Some(_) => {
                let mut all = Vec::new();
                for year in years {
                    for word in finder.words(self, *year) {
                        all.extend(finder.instances(self, *year, &Binding::Word(word)));
                    }
                }
                all
            }
        };
        if years.len() > 1 {
            // The same figures may be found for two years, where they name none.
            let mut known: HashSet<Vec<(String, String)>> = HashSet::new();
            found.retain(|instance| {
                let figures = instance.operands.named();
                known.insert(
                    figures
                        .map(|(field, figure)| (field.to_owned(), figure.name.clone() + &figure.text))
                        .collect(),
                )
            });
        }
        found
    }

    fn sought(&self) -> impl Iterator<Item = &SoughtPlace> {
        self.fields.iter().flat_map(|(_, sought)| sought)
    }
}

/// The finding that a definition examined nothing. A relation repeated over rows needs none.
pub fn nothing(definition: &RelationDefinition, why: &str) -> Option<RelationAnswer> {
    let named: Vec<&str> = definition.operands.values().flat_map(Names::all).map(String::as_str).collect();
    let answer = UnaskedRelation {
        id: definition.id.clone(),
        kind: RelationKind::named(&definition.kind)?.name().to_owned(),
        place: named.join("；"),
        note: definition.note.clone(),
        why: why.to_owned(),
    }
    .answer();
    Some(RelationAnswer { open: false, ..answer })
}

impl<'a> Finder<'a> {
    #[must_use]
    pub fn new(report: &'a Report, codes: &'a CodeTables) -> Self {
        let years = if report.own_report.is_some() { vec![report.year] } else { report.years() };
        let mut finder = Finder {
            report,
            codes,
            latest: years.last().copied().unwrap_or_default(),
            years,
            by_key: HashMap::new(),
            by_last: HashMap::new(),
        };
        for (at, figure) in report.figures.iter().enumerate() {
            finder.by_key.entry(&figure.key).or_default().push(at);
            if figure.source == Source::Body
                && !figure.unit.is_empty()
                && let Some(bare) = figure.key.strip_suffix(&format!("({})", figure.unit))
            {
                finder.by_key.entry(bare).or_default().push(at);
            }
            if report.own_report.is_none() && matches!(figure.source, Source::Official(_)) {
                finder.by_last.entry(last(&figure.key)).or_default().push(at);
            }
        }
        finder
    }

    /// Rows of the six tables, each once.
    fn rows(&self) -> impl Iterator<Item = &'a PrintedFigure> + use<'a> {
        let latest = self.latest;
        self.report.figures.iter().filter(move |figure| {
            // Tables of the body repeat the six.
            let official = matches!(figure.source, Source::Official(_));
            official && figure.year == Some(latest) && !figure.table.contains('.')
        })
    }

    fn lines(&self) -> usize {
        let list = self.report.figures.iter().filter(|figure| figure.source == Source::List);
        list.map(|figure| figure.row).max().unwrap_or(0)
    }

    /// Figures of the text with the same name, unit and year, each compared with the first of them.
    fn repeated(&self, relation: &Relation<'_>) -> Vec<RelationInstance> {
        let text: Vec<&PrintedFigure> =
            self.report.figures.iter().filter(|figure| figure.source == Source::Text).collect();
        let mut found = Vec::new();
        for (at, figure) in text.iter().enumerate() {
            let same = |other: &&&PrintedFigure| {
                other.key == figure.key && other.unit == figure.unit && other.year == figure.year
            };
            if let Some(first) = text[..at].iter().find(same) {
                let operands = [("a", first), ("b", figure)];
                let operands = operands
                    .into_iter()
                    .map(|(field, figure)| (field.to_owned(), vec![Operand::Figure(figure.figure())]))
                    .collect();
                found.push(instance(relation, Operands { by_field: operands }));
            }
        }
        found
    }

    /// The words that replace the `{table}` of the first operand that has one.
    fn words(&self, relation: &Relation<'_>, year: i32) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        for sought in relation.sought().filter(|sought| sought.pattern) {
            for label in sought.place.labels.iter().filter(|label| label.contains('{')) {
                for figure in self.candidates(sought, year, &Binding::Nothing) {
                    if let Some(word) = self.word(label, figure)
                        && !words.contains(&word)
                    {
                        words.push(word);
                    }
                }
            }
        }
        words
    }

    /// Instances in one year: one for each combination of figures that single operands may be.
    fn instances(&self, relation: &Relation<'_>, year: i32, bound: &Binding<'_>) -> Vec<RelationInstance> {
        const MOST: usize = 8;
        let (single, several, optional) = relation.kind.operands();
        let mut instances = vec![Operands::default()];
        for (field, places) in &relation.fields {
            let mut found: Vec<FoundFigures> = Vec::with_capacity(places.len());
            for sought in places {
                let figures = self.find(sought, year, bound);
                let absent = figures.figures.is_empty();
                found.push(figures);
                if absent {
                    break;
                }
            }
            if found.last().is_none_or(|found| found.figures.is_empty()) {
                // A comparison with other deliveries says nothing where there are none.
                let of_deliveries = places.iter().any(|sought| sought.place.source == Source::Deliveries);
                if optional.contains(field) && !of_deliveries {
                    continue;
                }
                return Vec::new();
            }
            if single.contains(field) || (optional.contains(field) && found.len() == 1) {
                let choices: Vec<Figure> = found.into_iter().flat_map(|found| found.figures).collect();
                instances = instances
                    .iter()
                    .flat_map(|operands| {
                        choices.iter().map(|figure| with(operands, field, vec![figure.clone()]))
                    })
                    .take(MOST)
                    .collect();
            } else if several.contains(field) || optional.contains(field) {
                let take = |found: FoundFigures| {
                    found.figures.into_iter().take(if found.all { usize::MAX } else { 1 })
                };
                let figures: Vec<Figure> = found.into_iter().flat_map(take).collect();
                instances = instances.iter().map(|operands| with(operands, field, figures.clone())).collect();
            }
        }
        instances.into_iter().map(|operands| instance(relation, operands)).collect()
    }

    /// The figures of a place.
    fn find(&self, sought: &SoughtPlace, year: i32, bound: &Binding<'_>) -> FoundFigures {
        let place = &sought.place;
        if place.source == Source::Literal {
            let text = place.labels.first().cloned().unwrap_or_default();
            let printed = read(&text, "");
            let figure = Figure { name: String::new(), text, unit: String::new(), printed };
            return FoundFigures { figures: vec![figure], all: false };
        }
        let year = year + place.years_after;
        let mut all = sought.pattern || place.source == Source::List;
        let mut figures: Vec<Figure> = Vec::new();
        for candidate in self.candidates(sought, year, bound) {
            let Some(times) = self.matches(sought, candidate, bound) else { continue };
            let mut figure = candidate.figure();
            if place.measure == "项数" {
                figure.text = items(&candidate.text).count().to_string();
                figure.printed = read(&figure.text, "");
            }
            all |= place.source == Source::Body && candidate.year.is_none();
            let again = !all && figures.iter().any(|known| known.text == figure.text);
            if !again {
                figures.extend(std::iter::repeat_n(figure, times));
            }
        }
        if figures.is_empty() && matches!(place.source, Source::Official(_)) {
            figures = self.by_last_label(sought, year);
        }
        FoundFigures { figures, all }
    }

    /// The only row of the six tables with the last label of the place: a report may nest its rows
    /// differently, or not at all.
    fn by_last_label(&self, sought: &SoughtPlace, year: i32) -> Vec<Figure> {
        let named: Vec<usize> =
            sought.keys.iter().filter_map(|key| self.by_last.get(last(key))).flatten().copied().collect();
        let named = self.of_place(sought, year, sorted(named));
        let named: Vec<&PrintedFigure> =
            named.filter(|figure| figure.measure == sought.place.measure).collect();
        match named.as_slice() {
            [figure] => vec![figure.figure()],
            _ => Vec::new(),
        }
    }

    /// Figures that may belong to a place: of its source, unit and year, and with one of its labels.
    fn candidates<'p>(
        &self,
        sought: &'p SoughtPlace,
        year: i32,
        bound: &'p Binding<'_>,
    ) -> impl Iterator<Item = &'a PrintedFigure> + use<'a, 'p> {
        let keys: &[String] = match bound {
            Binding::Row(row) if sought.place.source == Source::AnyOfficial => std::slice::from_ref(&row.key),
            _ => &sought.keys,
        };
        let nowhere =
            self.report.own_report.is_some() && matches!(sought.place.source, Source::Text | Source::Body);
        let found: Vec<usize> = if nowhere {
            Vec::new()
        } else if sought.pattern && !matches!(bound, Binding::Row(_)) {
            (0..self.report.figures.len()).collect()
        } else {
            sorted(keys.iter().filter_map(|key| self.by_key.get(key.as_str())).flatten().copied().collect())
        };
        self.of_place(sought, year, found)
    }

    fn of_place<'p>(
        &self,
        sought: &'p SoughtPlace,
        year: i32,
        found: Vec<usize>,
    ) -> impl Iterator<Item = &'a PrintedFigure> + use<'a, 'p> {
        let (latest, place) = (self.latest, &sought.place);
        let of_year = move |figure: &PrintedFigure| match figure.year {
            Some(printed) => printed == year,
            None => year == latest,
        };
        let figures = &self.report.figures;
        found.into_iter().filter_map(|at| figures.get(at)).filter(move |figure| {
            let source = match &place.source {
                Source::AnyOfficial => matches!(figure.source, Source::Official(_)),
                source => figure.source == *source,
            };
            let unit = place.unit.as_ref().is_none_or(|unit| label_key(unit) == label_key(&figure.unit));
            source && unit && of_year(figure)
        })
    }

    /// How often the figure counts for the place; `None` when it does not match.
    fn matches(&self, sought: &SoughtPlace, figure: &PrintedFigure, bound: &Binding<'_>) -> Option<usize> {
        let place = &sought.place;
        if let Binding::Line(line) = bound
            && place.source == Source::List
            && figure.row != *line
        {
            return None;
        }
        if let Binding::Row(row) = bound
            && place.source == Source::AnyOfficial
        {
            let same = figure.table == row.table && figure.key == row.key && figure.measure == row.measure;
            return same.then_some(1);
        }
        if place.measure != figure.measure && place.measure != "项数" {
            return None;
        }
        place.labels.iter().zip(&sought.keys).find_map(|(label, key)| match bound {
            _ if !label.contains('{') => is_labelled(figure, key).then_some(1),
            Binding::Word(bound) => (self.word(label, figure)? == *bound).then_some(1),
            _ => {
                let word = self.word(label, figure)?;
                let times = if is_group(&word) { count(&word)? } else { 1 };
                usize::try_from(times).ok().filter(|times| *times <= 1000)
            }
        })
    }

    /// The word in place of `{table}` in the figure's label, if the code table knows it: 尧都区 of
    /// 尧都区占比 for `{region}占比`. 其余14县各 counts for fourteen.
    fn word(&self, label: &str, figure: &PrintedFigure) -> Option<String> {
        let (before, rest) = label.split_once('{')?;
        let (table, after) = rest.split_once('}')?;
        let word = figure.key.strip_prefix(&label_key(before))?.strip_suffix(&label_key(after))?;
        let table = self.codes.get(table)?;
        let known = table.look_up_any_year(word, self.latest).is_some();
        // 县 of 其余14县各 ends the names of counties, but not of classes of majors.
        let of_these = |word: &str| {
            let noun = word.trim_end_matches('各').chars().last();
            noun.is_some_and(|noun| table.codes().iter().any(|code| code.label.ends_with(noun)))
        };
        (known || (is_group(word) && of_these(word))).then(|| word.to_owned())
    }
}

/// Whether the figure has this label; in a table of the body a unit in brackets may follow it.
fn is_labelled(figure: &PrintedFigure, key: &str) -> bool {
    let with_unit = || figure.source == Source::Body && figure.key == format!("{key}({})", figure.unit);
    figure.key == key || (!figure.unit.is_empty() && with_unit())
}

fn is_group(word: &str) -> bool {
    ["其余", "其他", "其它"].iter().any(|start| word.starts_with(start)) && word.ends_with('各')
}

fn with(operands: &Operands, field: &str, figures: Vec<Figure>) -> Operands {
    let mut operands = operands.clone();
    operands.by_field.insert(field.to_owned(), figures.into_iter().map(Operand::Figure).collect());
    operands
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn sorted(mut at: Vec<usize>) -> Vec<usize> {
    at.sort_unstable();
    at.dedup();
    at
}

fn instance(relation: &Relation<'_>, operands: Operands) -> RelationInstance {
    let definition = relation.definition;
    let note = [definition.note.as_str(), definition.source.as_str()];
    let note: Vec<&str> = note.into_iter().filter(|part| !part.is_empty()).collect();
    RelationInstance {
        id: definition.id.clone(),
        kind: relation.kind,
        place: String::new(),
        note: note.join("；"),
        operands,
        interpretation: definition.interpretation,
        looked_at: 0,
        row: None,
    }
}
