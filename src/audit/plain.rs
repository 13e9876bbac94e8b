//! The plain form: figures by key, and relations between keys.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::audit::answer::{RelationInstance, UnaskedRelation};
use crate::audit::printing::year_in;
use crate::audit::report::Report;
use crate::checks::quantity::{Reading, fold, read};
use crate::checks::relation::{Figure, Operand, Operands};
use crate::definitions::relation::kind::RelationKind;

/// Whether the object is of this form.
#[must_use]
pub fn is_form(object: &Value) -> bool {
    object.get("figures").is_some() && object.get("relations").is_some()
}

/// Reads the form.
///
/// # Errors
/// A sentence on what does not follow the form.
pub fn read_report(object: &Value) -> Result<Report, String> {
    let figures = object["figures"].as_array().ok_or("`figures` is not an array")?;
    let relations = object["relations"].as_array().ok_or("`relations` is not an array")?;
    let mut keys: BTreeMap<String, Vec<Figure>> = BTreeMap::new();
    for (at, figure) in figures.iter().enumerate() {
        let key = figure["key"].as_str().ok_or_else(|| format!("`figures[{at}]` has no `key`"))?;
        let printed = figure.get("printed").and_then(printed);
        let printed = printed.ok_or_else(|| format!("`figures[{at}]` (`{key}`) has no `printed`"))?;
        let unit = text(&figure["unit"]).unwrap_or_default();
        let read = read(&printed, &unit);
        keys.entry(key.to_owned()).or_default().push(Figure {
            name: key.to_owned(),
            text: printed,
            unit,
            printed: read,
        });
    }
    let mut report = Report {
        title: text(&object["title"]).unwrap_or_default(),
        year: text(&object["year"]).and_then(|year| year_in(&year)).unwrap_or_default(),
        keyed: figures.len(),
        ..Report::default()
    };
    for (at, relation) in relations.iter().enumerate() {
        if !relation.is_object() {
            return Err(format!("`relations[{at}]` is not an object"));
        }
        report.stated.push(instance(relation, &keys));
    }
    report.stated.extend(keys.values().filter_map(|figures| duplicate(figures)).map(Ok));
    Ok(report)
}

/// The printed text; `null` is blank.
fn printed(value: &Value) -> Option<String> {
    if value.is_null() { Some(String::new()) } else { text(value) }
}

/// Strings and numbers, as their text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn instance(
    relation: &Value,
    keys: &BTreeMap<String, Vec<Figure>>,
) -> Result<RelationInstance, UnaskedRelation> {
    let field = |name: &str| text(&relation[name]).unwrap_or_default();
    let named = field("kind");
    let Some(kind) = RelationKind::named(&named) else {
        let why = if named.is_empty() {
            "没有写明 kind".to_owned()
        } else {
            format!("没有名为“{named}”的规则")
        };
        return Err(UnaskedRelation {
            id: field("id"),
            kind: named,
            place: field("place"),
            note: field("note"),
            why,
        });
    };
    let (single, several, optional) = kind.operands();
    let mut all = Operands::default();
    for name in single.iter().chain(several).chain(optional) {
        let aliased =
            || OTHER_NAMES.iter().filter(|(known, _)| known == name).map(|(_, alias)| &relation[*alias]);
        let value = std::iter::once(&relation[*name]).chain(aliased()).find(|value| !value.is_null());
        let mut operands = value.map(|value| operands(value, keys)).unwrap_or_default();
        if WORDS.contains(name) {
            operands.iter_mut().for_each(as_words);
        }
        if !operands.is_empty() {
            all.by_field.insert((*name).to_owned(), operands);
        }
    }
    let interpretation = relation["interpretation"].as_bool() == Some(true)
        || relation["confidence"].as_str() == Some("possible");
    let (place, note) = (field("place"), field("note"));
    Ok(RelationInstance {
        id: field("id"),
        kind,
        place,
        note,
        operands: all,
        interpretation,
        looked_at: 0,
        row: None,
    })
}

/// Other names of operands.
const OTHER_NAMES: [(&str, &str); 14] = [
    ("printed_pct", "printed"),
    ("printed", "printed_ratio"),
    ("a", "first"),
    ("a", "earlier"),
    ("b", "second"),
    ("b", "later"),
    ("earlier", "a"),
    ("later", "b"),
    ("subset", "part"),
    ("superset", "whole"),
    ("superset", "total"),
    ("part", "subset"),
    ("whole", "superset"),
    ("total", "whole"),
];

/// Operands that may be plain words.
const WORDS: [&str; 10] =
    ["claim", "count", "listed", "names", "catalogue", "stated", "reference", "earliest", "latest", "at"];

fn as_words(operand: &mut Operand) {
    if let Operand::Unknown(text) = operand {
        *operand = literal(text);
    }
}

/// A key, a literal, `14×key`, an object with `key` and `times`, or an array of these.
fn operands(value: &Value, keys: &BTreeMap<String, Vec<Figure>>) -> Vec<Operand> {
    match value {
        Value::Array(values) => values.iter().flat_map(|value| operands(value, keys)).collect(),
        Value::Object(object) => {
            let times = object.get("times").and_then(Value::as_u64).unwrap_or(1);
            object.get("key").map_or_else(Vec::new, |key| repeated(&operands(key, keys), times))
        }
        Value::String(text) => {
            if !keys.contains_key(text)
                && let Some((times, key)) = text.split_once(['×', '*'])
                && let Ok(times) = times.trim().parse()
            {
                return repeated(&[operand(key.trim(), keys)], times);
            }
            vec![operand(text, keys)]
        }
        Value::Number(number) => vec![literal(&number.to_string())],
        _ => Vec::new(),
    }
}

fn repeated(operands: &[Operand], times: u64) -> Vec<Operand> {
    const TIMES_MAX: u64 = 10_000;
    (0..times.min(TIMES_MAX)).flat_map(|_| operands.to_vec()).collect()
}

fn operand(text: &str, keys: &BTreeMap<String, Vec<Figure>>) -> Operand {
    match keys.get(text).map(Vec::as_slice) {
        Some([figure]) => Operand::Figure(figure.clone()),
        Some([figure, others @ ..]) if others.iter().all(|other| is_same(figure, other)) => {
            Operand::Figure(figure.clone())
        }
        Some(_) => Operand::Ambiguous(text.to_owned()),
        // Text that reads as a figure is a literal.
        None if is_literal(text) => literal(text),
        None => Operand::Unknown(text.to_owned()),
    }
}

fn is_same(a: &Figure, b: &Figure) -> bool {
    a.printed == b.printed
}

fn is_literal(text: &str) -> bool {
    let folded = fold(text);
    let starts =
        folded.trim_start_matches(['+', '-', '约', '近', '超']).starts_with(|c: char| c.is_ascii_digit());
    starts && matches!(read(text, ""), Reading::Number(_))
}

fn literal(text: &str) -> Operand {
    Operand::Figure(Figure {
        name: text.to_owned(),
        text: text.to_owned(),
        unit: String::new(),
        printed: read(text, ""),
    })
}

fn duplicate(figures: &[Figure]) -> Option<RelationInstance> {
    let other = figures.iter().skip(1).find(|other| !is_same(figures.first().unwrap_or(other), other))?;
    let figure = |figure: &Figure| vec![Operand::Figure(figure.clone())];
    let operands = [("a".to_owned(), figure(figures.first()?)), ("b".to_owned(), figure(other))];
    Some(RelationInstance {
        id: String::new(),
        kind: RelationKind::DuplicateKey,
        place: other.name.clone(),
        note: String::new(),
        operands: Operands { by_field: operands.into_iter().collect() },
        interpretation: false,
        looked_at: 0,
        row: None,
    })
}
