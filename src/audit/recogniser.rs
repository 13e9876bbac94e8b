//! The path of a row, found by its label, its unit and the rows above it: a printed table has no indentation.

use std::collections::BTreeMap;

use crate::audit::printing::path_key;
use crate::checks::quantity::fold;
use crate::definitions::Definitions;
use crate::definitions::layout::{Each, RowLayout, label_key};
use crate::definitions::relation::{Names, PrintedPlace, Source};

/// A path as it is written, by the forms in which it is compared.
type KnownPath = (String, String);

/// The rows that a table has in some year.
#[derive(Debug)]
pub struct Recogniser<'d> {
    definitions: &'d Definitions,
    known: Vec<KnownPath>,
    /// Measures by path and unit.
    measures: BTreeMap<(String, String), String>,
    /// Paths of rows that are repeated over the words of a code table.
    repeated: Vec<(&'static str, String)>,
    /// Paths met so far, in the form in which they are compared, and as written.
    seen: Vec<KnownPath>,
    last_unit: String,
}

/// The place of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub path: String,
    pub measure: String,
    /// Whether a layout or a relation names it.
    pub is_known: bool,
}

impl<'d> Recogniser<'d> {
    #[must_use]
    pub fn new(id: &str, definitions: &'d Definitions) -> Self {
        let mut recogniser = Recogniser {
            definitions,
            known: Vec::new(),
            measures: BTreeMap::new(),
            repeated: Vec::new(),
            seen: Vec::new(),
            last_unit: String::new(),
        };
        let tables = definitions.layouts.iter().flat_map(|layout| &layout.tables);
        for row in tables.filter(|table| table.id == id).flat_map(|table| &table.rows) {
            recogniser.learn(row);
        }
        let named = definitions.audit.relations.iter().flat_map(|relation| relation.operands.values());
        for place in named.flat_map(Names::all).filter_map(|name| PrintedPlace::parse(name)) {
            if place.source == Source::Official(id.to_owned()) {
                place
                    .labels
                    .iter()
                    .filter(|label| !label.contains('{'))
                    .for_each(|label| recogniser.know(label));
            }
        }
        recogniser
    }

    fn learn(&mut self, row: &RowLayout) {
        if let Some(each) = row.each {
            let table = match each {
                Each::County => "region",
                Each::MajorClass => "major_class",
            };
            self.repeated.push((table, row.path.clone()));
            let unit = fold(&row.unit);
            self.measures.entry((path_key(&row.path), unit)).or_insert_with(|| row.measure.clone());
            return;
        }
        self.know(&row.path);
        if !row.unit.is_empty() {
            let unit = fold(&row.unit);
            self.measures.entry((path_key(&row.path), unit)).or_insert_with(|| row.measure.clone());
        }
        let parent = row.path.rsplit_once('/').map(|(parent, _)| path_key(parent));
        for alias in &row.aliases {
            let alias = label_key(alias);
            let key = parent.as_ref().map_or(alias.clone(), |parent| format!("{parent}/{alias}"));
            self.add(key, &row.path);
        }
    }

    /// A path and those above it.
    fn know(&mut self, path: &str) {
        let ends: Vec<usize> = path.match_indices('/').map(|(at, _)| at).chain([path.len()]).collect();
        for end in ends {
            self.add(path_key(&path[..end]), &path[..end]);
        }
    }

    fn add(&mut self, key: String, path: &str) {
        if !self.known.iter().any(|(known, _)| *known == key) {
            self.known.push((key, path.to_owned()));
        }
    }

    /// Whether some row has this label.
    #[must_use]
    pub fn knows(&self, label: &str) -> bool {
        let key = label_key(label);
        !key.is_empty() && self.known.iter().any(|(known, _)| known.rsplit('/').next() == Some(key.as_str()))
    }

    pub fn seen(&mut self, path: &str, unit: &str) {
        self.seen.push((path_key(path), path.to_owned()));
        fold(unit).clone_into(&mut self.last_unit);
    }

    /// The place of the next row. A row without a label, or with that of the row above and another unit, is a
    /// further measure of that row: its label goes on, in a merged cell or not.
    #[must_use]
    pub fn place(&self, label: &str, unit: &str) -> Place {
        let key = label_key(label);
        let above = self.seen.last().map(|(_, path)| path.as_str()).unwrap_or_default();
        if key.is_empty() {
            return self.measured(above.to_owned(), unit, true);
        }
        // Of several paths with this label, the one whose parent was seen last.
        let parent_seen = |path: &str| {
            let (parent, _) = path.rsplit_once('/')?;
            self.seen.iter().rposition(|(seen, _)| seen == parent)
        };
        let named = self.known.iter().filter(|(path, _)| path.rsplit('/').next() == Some(key.as_str()));
        let best = named.max_by_key(|(path, _)| (parent_seen(path), !path.contains('/')));
        if let Some((_, path)) = best {
            let goes_on = path == above && fold(unit) != self.last_unit;
            return self.measured(path.clone(), unit, goes_on);
        }
        if let Some(pattern) = self.repeated(label) {
            let path = pattern.replace("{}", label.trim());
            let measure = self.measure(pattern, unit).unwrap_or("值").to_owned();
            return Place { path, measure, is_known: true };
        }
        let bare = label.trim().trim_start_matches("其中").trim_start_matches(['：', ':']);
        let goes_on = bare == above && fold(unit) != self.last_unit;
        Place { is_known: false, ..self.measured(bare.to_owned(), unit, goes_on) }
    }

    /// The measure that a layout has for a row of this unit.
    fn measure(&self, path: &str, unit: &str) -> Option<&str> {
        self.measures.get(&(path_key(path), fold(unit))).map(String::as_str)
    }

    fn measured(&self, path: String, unit: &str, goes_on: bool) -> Place {
        let own = if goes_on && !unit.is_empty() { unit } else { "值" };
        let measure = self.measure(&path, unit).unwrap_or(own).to_owned();
        Place { path, measure, is_known: true }
    }

    fn repeated(&self, label: &str) -> Option<&str> {
        let is_word = |table: &str| {
            let table = self.definitions.codes.get(table);
            table.is_some_and(|table| table.look_up_any_year(label.trim(), 0).is_some())
        };
        self.repeated.iter().find(|(table, _)| is_word(table)).map(|(_, path)| path.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions::{embedded, load};

    fn places(table: &str, rows: &[(&str, &str)]) -> Vec<(String, String)> {
        let definitions = load(&embedded()).unwrap();
        let mut recogniser = Recogniser::new(table, &definitions);
        let place = |(label, unit): &(&str, &str)| {
            let place = recogniser.place(label, unit);
            recogniser.seen(&place.path, unit);
            (place.path, place.measure)
        };
        rows.iter().map(place).collect()
    }

    fn text(path: &str, measure: &str) -> (String, String) {
        (path.to_owned(), measure.to_owned())
    }

    #[test]
    fn a_label_that_goes_on_over_rows_of_other_units_is_one_row() {
        let expected = [text("教学计划内课程总数", "值"), text("教学计划内课程总数", "学时")];
        for label in ["", "教学计划内课程总数"] {
            assert_eq!(places("表3", &[("教学计划内课程总数", "门"), (label, "学时")]), expected);
        }
        // A row that no definition names has several units too.
        let unnamed = places("表3", &[("实训室", "间"), ("实训室", "平方米"), ("实训室", "平方米")]);
        assert_eq!(unnamed[0], text("实训室", "值"));
        assert_eq!(unnamed[1], text("实训室", "平方米"));
    }

    #[test]
    fn one_label_under_several_rows_is_that_of_the_row_seen_last() {
        let rows = [("在线精品课程数", "门"), ("其中：省级数量", "门"), ("省级数量", "学时")];
        let found = places("表3", &rows);
        assert_eq!(found[1], text("在线精品课程数/省级数量", "值"));
        assert_eq!(found[2], text("在线精品课程数/省级数量", "学时"));
    }

    #[test]
    fn rows_of_a_code_table_have_its_words() {
        assert_eq!(places("表1.1", &[("合计", "所"), ("洪洞县", "%")])[1], text("洪洞县", "占比"));
        let class = places("表2.4", &[("毕业生", "人"), ("电子与信息大类", "人")]);
        assert_eq!(class[1], text("专业大类/电子与信息大类", "值"));
    }
}
