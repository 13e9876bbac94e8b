//! A defined relation → the relations between the figures that a report prints.

use crate::audit::printing::{Printing, Report, Unasked, path_key};
use crate::audit::{Answer, Stated};
use crate::checks::audit_rules::{Names, Place, RelationDefinition, Source};
use crate::checks::items;
use crate::checks::printed::{count, read};
use crate::checks::relation::{Asked, Figure, Kind, Operand};
use crate::layout::label_key;
use crate::normalise::CodeTables;

/// What a definition is repeated over.
#[derive(Clone)]
enum Bound<'a> {
    Nothing,
    /// A row of the six tables.
    Row(&'a Printing),
    /// A row of a list.
    Line(usize),
    /// What stands for `{table}`.
    Word(String),
}

struct Finder<'a> {
    report: &'a Report,
    codes: &'a CodeTables,
    latest: i32,
}

/// The figures that a place means.
struct Found {
    figures: Vec<Figure>,
    /// A list takes them all; of a figure that is stated several times it takes the first.
    all: bool,
}

/// Every instance of a definition, in every year of the report.
pub fn of(definition: &RelationDefinition, report: &Report, codes: &CodeTables) -> Vec<Stated> {
    let Some(kind) = Kind::named(&definition.kind) else { return Vec::new() };
    let years = report.years();
    let Some(&latest) = years.last() else { return Vec::new() };
    let finder = Finder { report, codes, latest };
    let mut found: Vec<Stated> = match definition.each.as_deref() {
        None => {
            years.iter().flat_map(|year| finder.instances(definition, kind, *year, &Bound::Nothing)).collect()
        }
        Some("row") => finder
            .rows()
            .into_iter()
            .flat_map(|row| finder.instances(definition, kind, latest, &Bound::Row(row)))
            .collect(),
        Some("list") => (1..=finder.lines())
            .flat_map(|line| finder.instances(definition, kind, latest, &Bound::Line(line)))
            .collect(),
        Some("repeated") => finder.repeated(definition, kind),
        Some(_) => {
            let mut all = Vec::new();
            for year in &years {
                for word in finder.words(definition, *year) {
                    all.extend(finder.instances(definition, kind, *year, &Bound::Word(word)));
                }
            }
            all
        }
    };
    // The same figures may be found in two years, where they name none.
    let mut known: Vec<Vec<(String, String)>> = Vec::new();
    found.retain(|stated| {
        let told: Vec<(String, String)> = stated
            .asked
            .told()
            .map(|(field, figure)| (field.to_owned(), figure.name.clone() + &figure.text))
            .collect();
        let new = !known.contains(&told);
        known.push(told);
        new
    });
    found
}

/// The finding that a definition examined nothing. What is asked of every row needs no such finding.
pub fn nothing(definition: &RelationDefinition, why: &str) -> Option<Answer> {
    let named: Vec<&str> = definition.of.values().flat_map(Names::all).map(String::as_str).collect();
    let answer = Unasked {
        id: definition.id.clone(),
        kind: Kind::named(&definition.kind)?.name().to_owned(),
        place: named.join("；"),
        note: definition.note.clone(),
        why: why.to_owned(),
    }
    .answer();
    Some(Answer { open: false, ..answer })
}

impl<'a> Finder<'a> {
    /// Rows of the six tables, each once.
    fn rows(&self) -> Vec<&'a Printing> {
        let official =
            self.report.figures.iter().filter(|figure| matches!(figure.source, Source::Official(_)));
        official.filter(|figure| figure.year == Some(self.latest)).collect()
    }

    fn lines(&self) -> usize {
        let list = self.report.figures.iter().filter(|figure| figure.source == Source::List);
        list.map(|figure| figure.row).max().unwrap_or(0)
    }

    /// Figures of the text with one name, unit and year, held against the first of them.
    fn repeated(&self, definition: &RelationDefinition, kind: Kind) -> Vec<Stated> {
        let text: Vec<&Printing> =
            self.report.figures.iter().filter(|figure| figure.source == Source::Text).collect();
        let mut found = Vec::new();
        for (at, figure) in text.iter().enumerate() {
            let same = |other: &&&Printing| {
                other.key == figure.key && other.unit == figure.unit && other.year == figure.year
            };
            if let Some(first) = text[..at].iter().find(same) {
                let operands = [("a", first), ("b", figure)];
                let operands = operands
                    .into_iter()
                    .map(|(field, figure)| (field.to_owned(), vec![Operand::Figure(figure.figure())]))
                    .collect();
                found.push(stated(definition, kind, Asked { operands }));
            }
        }
        found
    }

    /// What stands for the `{table}` of the first operand that has one.
    fn words(&self, definition: &RelationDefinition, year: i32) -> Vec<String> {
        let places = definition.of.values().flat_map(Names::all).filter_map(|name| Place::parse(name));
        let mut words: Vec<String> = Vec::new();
        for place in places {
            for label in place.labels.iter().filter(|label| label.contains('{')) {
                for figure in self.candidates(&place, year) {
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

    /// Instances in one year: one, or one for each of several figures that an operand may be.
    fn instances(
        &self,
        definition: &RelationDefinition,
        kind: Kind,
        year: i32,
        bound: &Bound<'_>,
    ) -> Vec<Stated> {
        const MOST: usize = 8;
        let (one, many, optional) = kind.operands();
        let mut instances = vec![Asked::default()];
        for (field, names) in &definition.of {
            let places: Option<Vec<Place>> = names.all().iter().map(|name| Place::parse(name)).collect();
            let Some(places) = places else { return Vec::new() };
            let found: Vec<Found> = places.iter().map(|place| self.find(place, year, bound)).collect();
            let all_found = found.iter().all(|found| !found.figures.is_empty());
            if !all_found {
                if optional.contains(&field.as_str()) {
                    continue;
                }
                return Vec::new();
            }
            if one.contains(&field.as_str()) || (optional.contains(&field.as_str()) && found.len() == 1) {
                let choices: Vec<Figure> = found.into_iter().flat_map(|found| found.figures).collect();
                instances = instances
                    .iter()
                    .flat_map(|asked| choices.iter().map(|figure| with(asked, field, vec![figure.clone()])))
                    .take(MOST)
                    .collect();
            } else if many.contains(&field.as_str()) || optional.contains(&field.as_str()) {
                let take =
                    |found: Found| found.figures.into_iter().take(if found.all { usize::MAX } else { 1 });
                let figures: Vec<Figure> = found.into_iter().flat_map(take).collect();
                instances = instances.iter().map(|asked| with(asked, field, figures.clone())).collect();
            }
        }
        instances.into_iter().map(|asked| stated(definition, kind, asked)).collect()
    }

    /// The figures that a place means.
    fn find(&self, place: &Place, year: i32, bound: &Bound<'_>) -> Found {
        if place.source == Source::Literal {
            let text = place.labels.first().cloned().unwrap_or_default();
            let printed = read(&text, "");
            let figure = Figure { name: String::new(), text, unit: String::new(), printed };
            return Found { figures: vec![figure], all: false };
        }
        let year = year + place.years_after;
        let pattern = place.labels.iter().any(|label| label.contains('{'));
        let mut all = pattern || place.source == Source::List;
        let mut figures: Vec<Figure> = Vec::new();
        for candidate in self.candidates(place, year) {
            let Some(times) = self.matches(place, candidate, bound) else { continue };
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
            figures = self.by_last_label(place, year);
        }
        Found { figures, all }
    }

    /// The row of the six tables that alone has the last label of the place: a report may nest its
    /// rows in another way, or not at all.
    fn by_last_label(&self, place: &Place, year: i32) -> Vec<Figure> {
        fn last(path: &str) -> &str {
            path.rsplit('/').next().unwrap_or(path)
        }
        let keys: Vec<String> = place.labels.iter().map(|label| path_key(label)).collect();
        let named: Vec<&Printing> = self
            .candidates(place, year)
            .filter(|figure| figure.measure == place.measure)
            .filter(|figure| keys.iter().any(|key| last(key) == last(&figure.key)))
            .collect();
        match named.as_slice() {
            [figure] => vec![figure.figure()],
            _ => Vec::new(),
        }
    }

    /// Figures of the place's source, unit and year.
    fn candidates<'p>(
        &self,
        place: &'p Place,
        year: i32,
    ) -> impl Iterator<Item = &'a Printing> + use<'a, 'p> {
        let latest = self.latest;
        let of_year = move |figure: &Printing| match figure.year {
            Some(own) => own == year,
            None => year == latest,
        };
        self.report.figures.iter().filter(move |figure| {
            let source = match &place.source {
                Source::AnyOfficial => matches!(figure.source, Source::Official(_)),
                source => figure.source == *source,
            };
            let unit = place.unit.as_ref().is_none_or(|unit| label_key(unit) == label_key(&figure.unit));
            source && unit && of_year(figure)
        })
    }

    /// How often the figure stands for the place; `None` when it does not.
    fn matches(&self, place: &Place, figure: &Printing, bound: &Bound<'_>) -> Option<usize> {
        if let Bound::Line(line) = bound
            && place.source == Source::List
            && figure.row != *line
        {
            return None;
        }
        if let Bound::Row(row) = bound
            && place.source == Source::AnyOfficial
        {
            let same = figure.table == row.table && figure.key == row.key && figure.measure == row.measure;
            return same.then_some(1);
        }
        if place.measure != figure.measure && place.measure != "项数" {
            return None;
        }
        place.labels.iter().find_map(|label| match bound {
            _ if !label.contains('{') => is_labelled(figure, &path_key(label)).then_some(1),
            Bound::Word(bound) => (self.word(label, figure)? == *bound).then_some(1),
            _ => {
                let word = self.word(label, figure)?;
                let times = if is_group(&word) { count(&word)? } else { 1 };
                usize::try_from(times).ok().filter(|times| *times <= 1000)
            }
        })
    }

    /// What stands for `{table}` in the figure's label, where the code table knows it: 尧都区 of
    /// 尧都区占比 for `{region}占比`. 其余14县各 stands for fourteen.
    fn word(&self, label: &str, figure: &Printing) -> Option<String> {
        let (before, rest) = label.split_once('{')?;
        let (table, after) = rest.split_once('}')?;
        let word = figure.key.strip_prefix(&label_key(before))?.strip_suffix(&label_key(after))?;
        let table = self.codes.get(table)?;
        let known = table.look_up_any_year(word, self.latest).is_some();
        // 县 of 其余14县各 ends the names of counties, and of no class of majors.
        let of_these = |word: &str| {
            let noun = word.trim_end_matches('各').chars().last();
            noun.is_some_and(|noun| table.codes().iter().any(|code| code.label.ends_with(noun)))
        };
        (known || (is_group(word) && of_these(word))).then(|| word.to_owned())
    }
}

/// Whether the figure has this label; in a table of the body a unit in brackets may follow it.
fn is_labelled(figure: &Printing, key: &str) -> bool {
    let with_unit = || figure.source == Source::Body && figure.key == format!("{key}({})", figure.unit);
    figure.key == key || (!figure.unit.is_empty() && with_unit())
}

fn is_group(word: &str) -> bool {
    ["其余", "其他", "其它"].iter().any(|start| word.starts_with(start)) && word.ends_with('各')
}

fn with(asked: &Asked, field: &str, figures: Vec<Figure>) -> Asked {
    let mut asked = asked.clone();
    asked.operands.insert(field.to_owned(), figures.into_iter().map(Operand::Figure).collect());
    asked
}

fn stated(definition: &RelationDefinition, kind: Kind, asked: Asked) -> Stated {
    let note = [definition.note.as_str(), definition.source.as_str()];
    let note: Vec<&str> = note.into_iter().filter(|part| !part.is_empty()).collect();
    Stated {
        id: definition.id.clone(),
        kind,
        place: String::new(),
        note: note.join("；"),
        asked,
        interpretation: definition.interpretation,
        looked_at: 0,
    }
}
