//! A layout written as its differences from another year's: most of a report is printed
//! as the year before, and the differences should be easy to see.

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::Spanned;

use super::{Basis, Each, HeadlineLayout, Layout, Level, ListLayout, RowLayout, TableKind, TableLayout};
use crate::definitions::code_table::Status;
use crate::period::ReportYear;

/// `pipelines/layouts/<year>.toml` with `extends`. Removals are applied first, then changes, then inserts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    pub year: ReportYear,
    pub extends: Spanned<ReportYear>,
    pub status: Status,
    pub source: String,
    /// Ids of tables.
    #[serde(default)]
    remove: Vec<Spanned<String>>,
    #[serde(rename = "change", default)]
    changes: Vec<TableChange>,
    #[serde(rename = "insert", default)]
    inserts: Vec<TableInsert>,
    /// All headlines, where they differ.
    #[serde(rename = "headline")]
    headlines: Option<Vec<HeadlineLayout>>,
}

/// The differences in a table; everything that is not named stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TableChange {
    table: Spanned<String>,
    title: Option<String>,
    kind: Option<TableKind>,
    last_year: Option<bool>,
    earlier_years: Option<u8>,
    levels: Option<Vec<Level>>,
    beside: Option<Vec<String>>,
    list: Option<ListLayout>,
    #[serde(default)]
    remove: Vec<Spanned<RowRemoval>>,
    #[serde(default)]
    rows: Vec<Spanned<RowChange>>,
    #[serde(rename = "insert", default)]
    inserts: Vec<RowInsert>,
}

/// Rows that are no longer printed: all of a path, or only one measure of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RowRemoval {
    path: String,
    measure: Option<String>,
}

/// The differences in a row; everything that is not named stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RowChange {
    path: String,
    #[serde(default = "super::value_measure")]
    measure: String,
    serial: Option<String>,
    label: Option<String>,
    unit: Option<String>,
    indicator: Option<String>,
    basis: Option<Basis>,
    decimals: Option<u32>,
    text: Option<bool>,
    aliases: Option<Vec<String>>,
    breakdown: Option<String>,
    breakdown_code: Option<String>,
    each: Option<Each>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RowInsert {
    /// The path of the row before them, whose measures all come first; empty at the start of the table.
    after: Spanned<String>,
    #[serde(rename = "row")]
    rows: Vec<Spanned<RowLayout>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TableInsert {
    /// The id of the table before them; empty at the start of the report.
    after: Spanned<String>,
    #[serde(rename = "table")]
    tables: Vec<Spanned<TableLayout<Spanned<RowLayout>>>>,
}

/// A row, and where it is written.
#[derive(Debug, Clone)]
pub struct WrittenRow {
    pub file: String,
    pub line: usize,
    pub row: RowLayout,
}

/// The file of an extension.
pub struct Source<'a> {
    pub file: &'a str,
    /// The line of an offset.
    pub line: &'a dyn Fn(usize) -> usize,
}

impl Source<'_> {
    #[must_use]
    pub fn written(&self, row: Spanned<RowLayout>) -> WrittenRow {
        WrittenRow { file: self.file.to_owned(), line: self.line_of(&row), row: row.into_inner() }
    }

    fn line_of<T>(&self, what: &Spanned<T>) -> usize {
        (self.line)(what.span().start)
    }
}

/// Faults of an extension, each with its line.
struct Faults<'a> {
    source: &'a Source<'a>,
    base: ReportYear,
    found: Vec<(usize, String)>,
}

impl Faults<'_> {
    fn add<T>(&mut self, at: &Spanned<T>, message: String) {
        self.found.push((self.source.line_of(at), message));
    }
}

impl Extension {
    /// The whole layout.
    ///
    /// # Errors
    /// Whatever the base does not have, or already has, each with its line.
    pub fn apply(
        self,
        base: Layout<WrittenRow>,
        source: &Source<'_>,
    ) -> Result<Layout<WrittenRow>, Vec<(usize, String)>> {
        let mut faults = Faults { source, base: base.year, found: Vec::new() };
        let mut tables = base.tables;
        for id in self.remove {
            match position(&tables, id.get_ref()) {
                Some(place) => drop(tables.remove(place)),
                None => faults.add(&id, no_table(&tables, id.get_ref(), base.year)),
            }
        }
        let mut changed = BTreeSet::new();
        for change in self.changes {
            let id = change.table.get_ref();
            if !changed.insert(id.clone()) {
                faults.add(
                    &change.table,
                    format!("`{id}` is changed twice: write its changes in one [[change]]"),
                );
                continue;
            }
            match position(&tables, id) {
                Some(place) => change.apply(&mut tables[place], &mut faults),
                None => faults.add(&change.table, no_table(&tables, id, base.year)),
            }
        }
        for insert in self.inserts {
            insert.apply(&mut tables, &mut faults);
        }
        if !faults.found.is_empty() {
            return Err(faults.found);
        }
        Ok(Layout {
            year: self.year,
            status: self.status,
            source: self.source,
            tables,
            headlines: self.headlines.unwrap_or(base.headlines),
        })
    }
}

fn position(tables: &[TableLayout<WrittenRow>], id: &str) -> Option<usize> {
    tables.iter().position(|table| table.id == id)
}

fn no_table(tables: &[TableLayout<WrittenRow>], id: &str, base: ReportYear) -> String {
    let known: Vec<&str> = tables.iter().map(|table| table.id.as_str()).collect();
    format!("there is no table `{id}` in the layout of {base}: name one of {}", known.join(", "))
}

impl TableInsert {
    fn apply(self, tables: &mut Vec<TableLayout<WrittenRow>>, faults: &mut Faults<'_>) {
        let mut place = match (self.after.get_ref().as_str(), position(tables, self.after.get_ref())) {
            ("", _) => 0,
            (_, Some(before)) => before + 1,
            (id, None) => {
                faults.add(&self.after, no_table(tables, id, faults.base) + ", or \"\" for the first place");
                return;
            }
        };
        for table in self.tables {
            let id = &table.get_ref().id;
            if position(tables, id).is_some() {
                let message = format!(
                    "the layout of {} has a table `{id}`: change it in [[change]], or remove it first",
                    faults.base
                );
                faults.add(&table, message);
                continue;
            }
            tables.insert(place, table.into_inner().map_rows(|row| faults.source.written(row)));
            place += 1;
        }
    }
}

impl TableChange {
    fn apply(self, table: &mut TableLayout<WrittenRow>, faults: &mut Faults<'_>) {
        set(&mut table.title, self.title);
        set(&mut table.kind, self.kind);
        if self.last_year.is_some() {
            table.earlier_years = None;
        }
        set(&mut table.last_year, self.last_year);
        table.earlier_years = self.earlier_years.or(table.earlier_years);
        set(&mut table.levels, self.levels);
        set(&mut table.beside, self.beside);
        table.list = self.list.or(table.list.take());
        for removal in self.remove {
            let RowRemoval { path, measure } = removal.get_ref();
            let goes = |row: &RowLayout| {
                row.path == *path && measure.as_ref().is_none_or(|measure| row.measure == *measure)
            };
            if table.rows.iter().any(|written| goes(&written.row)) {
                table.rows.retain(|written| !goes(&written.row));
            } else {
                faults.add(&removal, no_row(table, path, measure.as_deref(), faults.base));
            }
        }
        let mut changed = BTreeSet::new();
        for change in self.rows {
            let RowChange { path, measure, .. } = change.get_ref();
            let found = table
                .rows
                .iter()
                .position(|WrittenRow { row, .. }| row.path == *path && row.measure == *measure);
            let Some(place) = found else {
                faults.add(&change, no_row(table, path, Some(measure), faults.base));
                continue;
            };
            if !changed.insert(place) {
                let message = format!(
                    "`{}` row `{path}` {measure} is changed twice: write its changes together",
                    table.id
                );
                faults.add(&change, message);
                continue;
            }
            let written = &mut table.rows[place];
            faults.source.file.clone_into(&mut written.file);
            written.line = faults.source.line_of(&change);
            change.into_inner().apply(&mut written.row);
        }
        for insert in self.inserts {
            insert.apply(table, faults);
        }
    }
}

fn no_row(table: &TableLayout<WrittenRow>, path: &str, measure: Option<&str>, base: ReportYear) -> String {
    let of_path = table.rows.iter().filter(|written| written.row.path == path);
    let measures: Vec<&str> = of_path.map(|written| written.row.measure.as_str()).collect();
    let (id, measure) = (&table.id, measure.unwrap_or_default());
    if measures.is_empty() {
        return format!(
            "`{id}` has no row `{path}` in the layout of {base}: write its path as it is there, \
             or add the row with [[change.insert]]"
        );
    }
    let measures = measures.join(", ");
    format!("`{id}` row `{path}` has no measure `{measure}` in the layout of {base}: name one of {measures}")
}

impl RowInsert {
    fn apply(self, table: &mut TableLayout<WrittenRow>, faults: &mut Faults<'_>) {
        let after = self.after.get_ref();
        let last = table.rows.iter().rposition(|written| written.row.path == *after);
        let mut place = match last {
            _ if after.is_empty() => 0,
            Some(before) => before + 1,
            None => {
                let id = &table.id;
                let message = format!(
                    "`{id}` has no row `{after}` to follow: write the path of a row that it has by then, \
                     or \"\" for the first place"
                );
                faults.add(&self.after, message);
                return;
            }
        };
        for row in self.rows {
            let RowLayout { path, measure, .. } = row.get_ref();
            if table.rows.iter().any(|WrittenRow { row, .. }| row.path == *path && row.measure == *measure) {
                let message = format!(
                    "`{}` has a row `{path}` {measure}: change it in `rows`, or remove it first",
                    table.id
                );
                faults.add(&row, message);
                continue;
            }
            table.rows.insert(place, faults.source.written(row));
            place += 1;
        }
    }
}

impl RowChange {
    fn apply(self, row: &mut RowLayout) {
        let RowChange {
            path: _,
            measure: _,
            serial,
            label,
            unit,
            indicator,
            basis,
            decimals,
            text,
            aliases,
            breakdown,
            breakdown_code,
            each,
        } = self;
        set(&mut row.serial, serial);
        set(&mut row.label, label);
        set(&mut row.unit, unit);
        set(&mut row.indicator, indicator);
        set(&mut row.basis, basis);
        set(&mut row.decimals, decimals);
        set(&mut row.text, text);
        set(&mut row.aliases, aliases);
        set(&mut row.breakdown, breakdown);
        set(&mut row.breakdown_code, breakdown_code);
        row.each = each.or(row.each);
    }
}

fn set<T>(field: &mut T, change: Option<T>) {
    if let Some(value) = change {
        *field = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = r#"
        year = 2023
        status = "found"
        source = "a report"

        [[table]]
        id = "表1"
        title = "表1 {year}年"
        kind = "official"
        earlier_years = 2

        [[table.row]]
        label = "甲"
        path = "甲"
        unit = "人"
        indicator = "a"
        basis = "filed"
        decimals = 0

        [[table.row]]
        label = ""
        path = "甲"
        measure = "学时"
        indicator = "a_hours"
        basis = "filed"
        decimals = 0

        [[table.row]]
        label = "乙"
        path = "甲/乙"
        indicator = "b"
        basis = "filed"
        decimals = 0

        [[table]]
        id = "表2"
        title = "表2"
        kind = "body"
        row = [{ label = "丙", path = "丙", indicator = "c", basis = "system", decimals = 2 }]

        [[headline]]
        indicator = "a"
        basis = "filed"
        decimals = 0
    "#;

    const HEAD: &str = "year = 2024\nextends = 2023\nstatus = \"inferred\"\nsource = \"another\"\n";

    fn source<T>(text: &str, with: impl FnOnce(&Source<'_>) -> T) -> T {
        let line = |offset: usize| text[..offset].matches('\n').count() + 1;
        with(&Source { file: "2024.toml", line: &line })
    }

    fn base() -> Layout<WrittenRow> {
        let layout: Layout<Spanned<RowLayout>> = toml::from_str(BASE).unwrap();
        source(BASE, |source| layout.map_rows(|row| source.written(row)))
    }

    fn extended(differences: &str) -> Result<Layout, Vec<String>> {
        let text = HEAD.to_owned() + differences;
        let extension: Extension = toml::from_str(&text).map_err(|error| vec![error.to_string()])?;
        let applied = source(&text, |source| extension.apply(base(), source));
        let described = |faults: Vec<(usize, String)>| {
            faults.into_iter().map(|(line, fault)| format!("{line}: {fault}")).collect()
        };
        applied.map(|layout| layout.map_rows(|written| written.row)).map_err(described)
    }

    fn rows(layout: &Layout, table: &str) -> Vec<String> {
        let rows = &layout.table(table).unwrap().rows;
        rows.iter().map(|row| format!("{} {} {}", row.path, row.measure, row.indicator)).collect()
    }

    fn row(path: &str, more: &str) -> String {
        format!("{{ label = '丁', path = '{path}', indicator = 'd', basis = 'system', decimals = 1 {more} }}")
    }

    #[test]
    fn without_differences_it_is_the_layout_of_another_year() {
        let before = base().map_rows(|written| written.row);
        let (status, source) = (Status::Inferred, "another".to_owned());
        assert_eq!(extended(""), Ok(Layout { year: 2024, status, source, ..before }));
    }

    #[test]
    fn named_properties_of_a_row_change_and_the_rest_stays() {
        let layout = extended(
            "change = [{ table = '表1', rows = [
               { path = '甲', decimals = 2, unit = '％', aliases = ['假'] },
               { path = '甲', measure = '学时', indicator = 'hours', basis = 'system' },
             ] }]",
        )
        .unwrap();
        let table = layout.table("表1").unwrap();
        let before = base().map_rows(|written| written.row);
        let mut rows = before.table("表1").unwrap().rows.clone();
        (rows[0].decimals, rows[0].unit, rows[0].aliases) = (2, "％".to_owned(), vec!["假".to_owned()]);
        (rows[1].indicator, rows[1].basis) = ("hours".to_owned(), Basis::System);
        assert_eq!(table.rows, rows);
        assert_eq!(layout.table("表2"), before.table("表2"));
    }

    #[test]
    fn rows_are_removed_and_inserted_after_all_measures_of_a_row() {
        let (first, second) = (row("丁", ""), row("丁", ", measure = '学时'"));
        let layout = extended(&format!(
            "change = [{{ table = '表1', insert = [{{ after = '甲', row = [{first}, {second}] }}] }}]"
        ));
        let (a, hours, b) = ("甲 值 a", "甲 学时 a_hours", "甲/乙 值 b");
        assert_eq!(rows(&layout.unwrap(), "表1"), [a, hours, "丁 值 d", "丁 学时 d", b]);
        let layout = extended(&format!(
            "change = [{{ table = '表1', insert = [{{ after = '', row = [{first}] }}, {{ after = '丁', row = [{second}] }}],
               remove = [{{ path = '甲' }}] }}]"
        ));
        assert_eq!(rows(&layout.unwrap(), "表1"), ["丁 值 d", "丁 学时 d", b]);
        let layout = extended("change = [{ table = '表1', remove = [{ path = '甲', measure = '学时' }] }]");
        assert_eq!(rows(&layout.unwrap(), "表1"), [a, b]);
        // To move it: remove, then insert again.
        let moved = row("甲/乙", "");
        let layout = extended(&format!(
            "change = [{{ table = '表1', remove = [{{ path = '甲/乙' }}], insert = [{{ after = '', row = [{moved}] }}] }}]"
        ));
        assert_eq!(rows(&layout.unwrap(), "表1"), ["甲/乙 值 d", a, hours]);
    }

    #[test]
    fn a_table_is_changed_removed_or_inserted() {
        let new = format!("{{ id = '表3', title = '表3', kind = 'body', row = [{}] }}", row("丁", ""));
        let layout = extended(&format!(
            "remove = ['表2']
             change = [{{ table = '表1', title = '表1 {{year}}', kind = 'body', last_year = false, levels = ['school'],
               beside = ['学时'], list = {{ title = '清单', note = '', indicator = 'a', columns = ['名称'] }} }}]
             insert = [{{ after = '', table = [{new}] }}]"
        ))
        .unwrap();
        assert_eq!(layout.tables.iter().map(|table| table.id.as_str()).collect::<Vec<_>>(), ["表3", "表1"]);
        let table = layout.dated().table("表1").unwrap().clone();
        assert_eq!(
            (table.title.as_str(), table.kind, table.earlier_years()),
            ("表1 2024", TableKind::Body, 0)
        );
        assert_eq!((table.levels, table.beside), (vec![Level::School], vec!["学时".to_owned()]));
        assert_eq!(table.list.unwrap().title, "清单");
        // To replace it entirely: remove, then insert again.
        let again = new.replace("表3", "表2");
        let layout =
            extended(&format!("remove = ['表2']\ninsert = [{{ after = '表1', table = [{again}] }}]"))
                .unwrap();
        assert_eq!(rows(&layout, "表2"), ["丁 值 d"]);
    }

    #[test]
    fn headlines_are_those_of_the_other_year_or_replaced_as_a_whole() {
        let headlines = |text| -> Vec<String> {
            extended(text).unwrap().headlines.into_iter().map(|headline| headline.indicator).collect()
        };
        assert_eq!(headlines(""), ["a"]);
        assert_eq!(headlines("headline = []"), Vec::<String>::new());
        assert_eq!(headlines("[[headline]]\nindicator = 'b'\nbasis = 'filed'\ndecimals = 0"), ["b"]);
    }

    #[test]
    fn changes_that_do_not_fit_the_other_year_are_refused_with_their_line() {
        let faults = extended(&format!(
            "remove = ['表9']
             [[change]]
             table = '表8'
             [[change]]
             table = '表1'
             remove = [{{ path = '乙' }}]
             rows = [
               {{ path = '甲' }},
               {{ path = '甲', measure = '课' }},
               {{ path = '丙', label = '丁' }},
               {{ path = '甲', serial = '1' }},
             ]
             [[change.insert]]
             after = '戊'
             row = [{new}]
             [[change.insert]]
             after = '甲'
             row = [
               {known}]
             [[change]]
             table = '表1'
             [[insert]]
             after = '表7'
             table = []
             [[insert]]
             after = '表1'
             table = [{{ id = '表2', title = '', kind = 'body', row = [] }}]",
            new = row("丁", ""),
            known = row("甲", ""),
        ));
        let (no_row, add) = ("in the layout of 2023: write its path as it is there", "[[change.insert]]");
        assert_eq!(
            faults.unwrap_err(),
            [
                "5: there is no table `表9` in the layout of 2023: name one of 表1, 表2".to_owned(),
                "7: there is no table `表8` in the layout of 2023: name one of 表1, 表2".to_owned(),
                format!("10: `表1` has no row `乙` {no_row}, or add the row with {add}"),
                "13: `表1` row `甲` has no measure `课` in the layout of 2023: name one of 值, 学时".to_owned(),
                format!("14: `表1` has no row `丙` {no_row}, or add the row with {add}"),
                "15: `表1` row `甲` 值 is changed twice: write its changes together".to_owned(),
                "18: `表1` has no row `戊` to follow: write the path of a row that it has by then, \
                 or \"\" for the first place"
                    .to_owned(),
                "23: `表1` has a row `甲` 值: change it in `rows`, or remove it first".to_owned(),
                "25: `表1` is changed twice: write its changes in one [[change]]".to_owned(),
                "27: there is no table `表7` in the layout of 2023: name one of 表1, 表2, or \"\" for the first place"
                    .to_owned(),
                "31: the layout of 2023 has a table `表2`: change it in [[change]], or remove it first".to_owned(),
            ]
        );
    }

    #[test]
    fn an_unknown_key_is_refused() {
        for (text, key) in [
            ("tables = []", "tables"),
            ("change = [{ table = '表1', row = [] }]", "row"),
            ("change = [{ table = '表1', rows = [{ path = '甲', decimal = 1 }] }]", "decimal"),
            ("change = [{ table = '表1', insert = [{ behind = '甲', row = [] }] }]", "behind"),
        ] {
            let faults = extended(text).unwrap_err();
            assert!(faults[0].contains(&format!("unknown field `{key}`")), "{faults:?}");
        }
    }
}
