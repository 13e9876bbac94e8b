//! A published report as JSON: the six tables, tables of the body, figures of the text, claims.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::audit::printing::{PrintedFigure, path_key, year_in};
use crate::audit::recogniser::Recogniser;
use crate::audit::report::{CellAt, Report, column_name};
use crate::audit::{claims, grid, titles};
use crate::definitions::Definitions;
use crate::definitions::layout::label_key;
use crate::definitions::relation::Source;

/// Whether the object is of this form.
#[must_use]
pub fn is_form(object: &Value) -> bool {
    ["six_tables", "body_tables", "text_figures"].iter().any(|part| object.get(part).is_some())
}

/// Reads the form.
///
/// # Errors
/// A sentence on what does not follow the form.
pub fn read_report(object: &Value, definitions: &Definitions) -> Result<Report, String> {
    let title = [&object["title"], &object["source"]["report"], &object["report"]]
        .iter()
        .find_map(|title| title.as_str());
    let title = title.unwrap_or_default().to_owned();
    let has_tables = object.get("six_tables").is_some();
    let mut report = Report { title, takes_definitions: true, has_tables, ..Report::default() };
    for (at, table) in array(object, "six_tables")?.iter().enumerate() {
        six_table(table, &format!("six_tables[{at}]"), definitions, &mut report)?;
    }
    for table in array(object, "body_tables")? {
        body_table(table, &mut report.figures);
    }
    report.year = object["year"]
        .as_i64()
        .and_then(|year| i32::try_from(year).ok())
        .or_else(|| report.years().last().copied())
        .or_else(|| year_in(&report.title))
        .unwrap_or_default();
    for figure in array(object, "text_figures")? {
        let figure = text_figure(figure, report.year);
        report.figures.extend(figure);
    }
    for (at, claim) in array(object, "claims")?.iter().enumerate() {
        match claims::instances(at, claim, &report.figures) {
            Ok(instances) => report.stated.extend(instances.into_iter().map(Ok)),
            Err(unasked) => report.stated.push(Err(unasked)),
        }
    }
    Ok(report)
}

/// An array, which may be missing but not of another type.
fn array<'a>(object: &'a Value, name: &str) -> Result<&'a [Value], String> {
    match &object[name] {
        Value::Null => Ok(&[]),
        Value::Array(values) => Ok(values),
        _ => Err(format!("`{name}` is not an array")),
    }
}

/// A string, a number, or the `printed` of an object.
fn printed(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Object(_) => printed(&value["printed"]),
        _ => String::new(),
    }
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().map(Vec::as_slice).unwrap_or_default().iter().map(printed).collect()
}

fn six_table(table: &Value, at: &str, definitions: &Definitions, report: &mut Report) -> Result<(), String> {
    let title = table["title"].as_str().unwrap_or_default();
    let id = table["table"].as_str().map(label_key).filter(|id| !id.is_empty());
    let id = id
        .or_else(|| titles::table_id(title, definitions))
        .ok_or_else(|| format!("`{at}` has neither `table` nor a known `title`"))?;
    let header = strings(&table["header"]);
    let rows = array(table, "rows")?;
    let cells: Vec<Vec<String>> = rows.iter().map(|row| strings(&row["cells_printed"])).collect();
    let columns = grid::columns(&header);
    let units = columns.as_ref().map(|columns| columns.units(&cells)).unwrap_or_default();
    let mut recogniser = Recogniser::new(&id, definitions);
    let mut read_rows = Vec::new();
    for (number, (row, cells)) in rows.iter().zip(&cells).enumerate() {
        let read = match &columns {
            Some(columns) if !cells.is_empty() => columns.read(cells, &units),
            _ => of_values(row),
        };
        let (path, measure) = match &row["path"] {
            Value::Array(_) => (strings(&row["path"]).join("/"), measure_of(row)),
            Value::String(path) => (path.clone(), measure_of(row)),
            _ => {
                let place = recogniser.place(&read.label, &read.unit);
                (place.path, place.measure)
            }
        };
        recogniser.seen(&path, &read.unit);
        report.figures.extend(grid::figures(&id, &path, &measure, &read, &BTreeSet::new()));
        for value in read.values.iter().filter(|value| value.measure == "值") {
            let year = value.year.map_or_else(String::new, |year| format!(" {year}"));
            report.cells.count(&value.text, || CellAt {
                sheet: id.clone(),
                row: u32::try_from(number + 1).unwrap_or(u32::MAX),
                column: column_name(value.column),
                figure: format!("{id} {path}{year}"),
                text: value.text.clone(),
            });
        }
        if !cells.is_empty() {
            read_rows.push((path, read, cells.as_slice()));
        }
    }
    let read_rows: Vec<_> =
        read_rows.iter().map(|(path, read, cells)| (path.clone(), read, *cells)).collect();
    report.stated.extend(grid::shifts(&id, &read_rows).into_iter().map(Ok));
    if let Value::Object(parts) = table {
        for part in parts.values().filter(|part| part.is_object()) {
            list(&id, part, &mut report.figures);
        }
    }
    Ok(())
}

fn measure_of(row: &Value) -> String {
    row["measure"].as_str().unwrap_or("值").to_owned()
}

/// A row with values by year instead of cells.
fn of_values(row: &Value) -> grid::GridRow {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let years = row["values"].as_object();
    let value = |measure: &str, year: Option<i32>, text: String| grid::GridValue {
        measure: measure.to_owned(),
        year,
        text,
        column: 0,
    };
    let mut values: Vec<grid::GridValue> = years
        .into_iter()
        .flatten()
        .filter_map(|(year, text)| Some(value("值", Some(year_in(year)?), printed(text))))
        .collect();
    let latest = values.iter().filter_map(|value| value.year).max();
    if !row["调查人次"].is_null() {
        values.push(value("调查人次", latest, printed(&row["调查人次"])));
    }
    grid::GridRow { label: text("indicator_printed"), unit: text("unit"), values, shifted: false }
}

/// A list under a table: a header, and rows keyed by its names.
fn list(table: &str, part: &Value, figures: &mut Vec<PrintedFigure>) {
    let header = strings(&part["header"]);
    let names: Vec<String> = header.iter().map(|name| label_key(name)).collect();
    let row = |row: &Value| -> Vec<String> {
        if row.is_array() {
            return strings(row);
        }
        let cell = |name: &String| {
            let is_named = |(key, _): &(&String, &Value)| {
                let key = label_key(key);
                key == *name || name.starts_with(&format!("{key}("))
            };
            row.as_object()
                .and_then(|row| row.iter().find(is_named))
                .map(|(_, value)| printed(value))
                .unwrap_or_default()
        };
        names.iter().map(cell).collect()
    };
    let rows: Vec<Vec<String>> =
        part["rows"].as_array().map(Vec::as_slice).unwrap_or_default().iter().map(row).collect();
    figures.extend(grid::list(table, &header, &rows));
}

fn body_table(table: &Value, figures: &mut Vec<PrintedFigure>) {
    let name = table["table"].as_str().or(table["title"].as_str()).unwrap_or_default();
    let header = strings(&table["header"]);
    let row = |row: &Value| -> Vec<String> {
        let cells = if row["cells"].is_null() { row } else { &row["cells"] };
        if cells.is_array() {
            strings(cells)
        } else {
            header.iter().map(|name| printed(&cells[name])).collect()
        }
    };
    let rows: Vec<Vec<String>> =
        table["rows"].as_array().map(Vec::as_slice).unwrap_or_default().iter().map(row).collect();
    figures.extend(grid::body(name, &header, &rows));
}

fn text_figure(figure: &Value, year: i32) -> Option<PrintedFigure> {
    let item = figure["item"].as_str()?;
    let mut text = printed(figure);
    if figure["approx"].as_bool() == Some(true) && !text.starts_with('约') {
        text.insert(0, '约');
    }
    let in_digits = figure["year"].as_i64().and_then(|year| i32::try_from(year).ok());
    Some(PrintedFigure {
        source: Source::Text,
        table: String::new(),
        label: item.to_owned(),
        key: path_key(item),
        measure: "值".to_owned(),
        year: in_digits.or_else(|| year_in(&printed(&figure["year"]))).or(Some(year)),
        unit: figure["unit"].as_str().unwrap_or_default().to_owned(),
        text,
        row: 0,
    })
}
