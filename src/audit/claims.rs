//! Sentences of a report that make a claim about its figures.

use serde_json::Value;

use crate::audit::answer::{RelationInstance, UnaskedRelation};
use crate::audit::printing::{PrintedFigure, year_in};
use crate::checks::claim::claim;
use crate::checks::quantity::{fold, read};
use crate::checks::relation::{Figure, Operand, Operands};
use crate::definitions::layout::label_key;
use crate::definitions::relation::kind::RelationKind;

/// The relations of one claim.
pub fn instances(
    at: usize,
    value: &Value,
    figures: &[PrintedFigure],
) -> Result<Vec<RelationInstance>, UnaskedRelation> {
    let text = value["text"].as_str().unwrap_or_default();
    let place = value["place"].as_str().unwrap_or_default().to_owned();
    let id = format!("claim_{}", at + 1);
    let new = |kind: RelationKind, operands: Vec<(&str, Vec<Operand>)>| RelationInstance {
        id: id.clone(),
        kind,
        place: place.clone(),
        note: String::new(),
        operands: Operands {
            by_field: operands.into_iter().map(|(field, all)| (field.to_owned(), all)).collect(),
        },
        interpretation: false,
        looked_at: 0,
        row: None,
    };
    if let Some(listed) = value["listed"].as_array() {
        let items = listed.iter().filter_map(Value::as_str).map(|item| words("", item)).collect();
        return Ok(vec![new(
            RelationKind::CountOfListedItems,
            vec![("count", vec![words(&place, text)]), ("listed", items)],
        )]);
    }
    if let Some(pair) = value["figures"].as_array() {
        let mut dated: Vec<(i32, Figure)> = pair.iter().filter_map(dated).collect();
        dated.sort_by_key(|(year, _)| *year);
        if let [(_, earlier), (_, later)] = dated.as_slice() {
            let kind = if claim(text).amount.is_some() {
                RelationKind::GrowthPercent
            } else {
                RelationKind::TrendClaim
            };
            let operands = vec![
                ("earlier", vec![Operand::Figure(earlier.clone())]),
                ("later", vec![Operand::Figure(later.clone())]),
                ("claim", vec![words(&place, text)]),
            ];
            return Ok(vec![new(kind, operands)]);
        }
    }
    if let Some(table) = value["table"].as_str() {
        let found = quoted_cells(table, text, figures);
        if !found.is_empty() {
            let pairs = found.iter().map(|pair| {
                let operands = vec![
                    ("a", vec![pair.quoted.clone()]),
                    ("b", vec![Operand::Figure(pair.printed.clone())]),
                ];
                new(RelationKind::SameFigure, operands)
            });
            let mut instances: Vec<RelationInstance> = pairs.collect();
            let block: Option<Vec<Operand>> =
                found.iter().map(|pair| pair.last_year.clone().map(Operand::Figure)).collect();
            if let Some(block) = block {
                let quoted = found.iter().map(|pair| pair.quoted.clone()).collect();
                instances
                    .push(new(RelationKind::IdenticalBlock, vec![("earlier", block), ("later", quoted)]));
            }
            return Ok(instances);
        }
    }
    let why = format!("“{text}”没有可以对照的数");
    Err(UnaskedRelation {
        id,
        kind: RelationKind::TrendClaim.name().to_owned(),
        place,
        note: String::new(),
        why,
    })
}

fn words(name: &str, text: &str) -> Operand {
    Operand::Figure(Figure {
        name: name.to_owned(),
        text: text.to_owned(),
        unit: String::new(),
        printed: read(text, ""),
    })
}

/// `合计 2024 4305`, or an object with `year` and `printed`.
fn dated(value: &Value) -> Option<(i32, Figure)> {
    let figure = |name: &str, text: &str, unit: &str| Figure {
        name: name.to_owned(),
        text: text.to_owned(),
        unit: unit.to_owned(),
        printed: read(text, unit),
    };
    if let Some(text) = value.as_str() {
        let (name, printed) = text.trim().rsplit_once(char::is_whitespace)?;
        return Some((year_in(name)?, figure(name, printed, "")));
    }
    let printed = value["printed"].as_str()?;
    let year = year_in(&value["year"].to_string())?;
    let unit = value["unit"].as_str().unwrap_or_default();
    let name = value["item"].as_str().or(value["label"].as_str()).unwrap_or_default();
    Some((year, figure(&format!("{name} {year}"), printed, unit)))
}

/// A number in a sentence with the cell it quotes.
struct CellInSentence {
    quoted: Operand,
    printed: Figure,
    last_year: Option<Figure>,
}

fn quoted_cells(table: &str, text: &str, figures: &[PrintedFigure]) -> Vec<CellInSentence> {
    let Some(year) = year_in(text) else { return Vec::new() };
    let folded = fold(text);
    let cells = |year: i32| {
        figures
            .iter()
            .filter(move |cell| label_key(&cell.table) == label_key(table) && cell.year == Some(year))
    };
    let mut found = Vec::new();
    for cell in cells(year) {
        // Of 一等奖 and 省一等奖 the sentence means the one right before a number.
        let quoted = folded.match_indices(cell.key.as_str()).find_map(|(at, word)| {
            let after = &folded[at + word.len()..];
            let end = after.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(after.len());
            (end > 0).then(|| after[..end].to_owned())
        });
        let Some(quoted) = quoted else { continue };
        let last_year = cells(year - 1).find(|other| other.key == cell.key).map(PrintedFigure::figure);
        let name = format!("正文 {} {year}", cell.label);
        found.push(CellInSentence { quoted: words(&name, &quoted), printed: cell.figure(), last_year });
    }
    found
}
