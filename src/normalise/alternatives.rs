//! Columns that say the same thing, such as 专业名称 and 专业简称: of each row the first that is filled counts, and
//! two that contradict each other are asked about.

use super::binding::{Binding, Fallback};
use crate::decode::{Cell, Row};
use crate::definitions::code_table::CodeTables;
use crate::definitions::contract::unit::Conversion;
use crate::definitions::contract::{Column, ColumnType};
use crate::period::ReportYear;
use crate::tables::column::Value;

/// Whether a cell says something: it is not blank, nor a word for nothing.
#[must_use]
pub fn is_filled(cell: &Cell<'_>, column: &Column) -> bool {
    !cell.is_blank() && !is_null_word(cell) && !column.says_none(&cell.text())
}

/// What programs write for nothing.
#[must_use]
pub fn is_null_word(cell: &Cell<'_>) -> bool {
    const WORDS: [&str; 14] = [
        "\\N",
        "NULL",
        "(NULL)",
        "<NULL>",
        "[NULL]",
        "{NULL}",
        "NAN",
        "NAT",
        "NONE",
        "NIL",
        "UNDEFINED",
        "<NA>",
        "N/A",
        "#N/A",
    ];
    let Cell::Text(text) = cell else { return false };
    let text = text.trim();
    text.starts_with(['\\', '(', '<', '[', '{', '#', 'N', 'n', 'U', 'u'])
        && WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// The cell of a column that counts in a row, with the conversion of its numbers: the first filled one, else the
/// first.
#[must_use]
pub fn chosen(
    binding: &Binding,
    position: usize,
    column: &Column,
    row: &Row<'_>,
) -> Option<(usize, Option<Conversion>)> {
    let first = binding.cells.get(position).copied().flatten()?;
    let first = (first, binding.conversions.get(position).copied().flatten());
    let fallbacks = fallbacks(binding, position);
    if fallbacks.is_empty() {
        return Some(first);
    }
    let mut all = std::iter::once(first).chain(fallbacks.iter().map(|other| (other.cell, other.conversion)));
    all.find(|(cell, _)| row.cells.get(*cell).is_some_and(|cell| is_filled(cell, column))).or(Some(first))
}

/// The other filled cells of a column in a row, after the one that counts.
#[must_use]
pub fn others(binding: &Binding, position: usize, column: &Column, row: &Row<'_>) -> Vec<Fallback> {
    let Some((counts, _)) = chosen(binding, position, column, row) else { return Vec::new() };
    let is_other = |other: &&Fallback| {
        other.cell != counts && row.cells.get(other.cell).is_some_and(|cell| is_filled(cell, column))
    };
    let fallbacks = fallbacks(binding, position).iter();
    fallbacks.skip_while(|other| other.cell == counts).filter(is_other).copied().collect()
}

fn fallbacks(binding: &Binding, position: usize) -> &[Fallback] {
    binding.fallbacks.get(position).map(Vec::as_slice).unwrap_or_default()
}

/// Whether the values of two cells contradict each other: two majors of one title, from two catalogues, do not,
/// and what is in no catalogue contradicts nothing.
#[must_use]
pub fn contradict(
    column: &Column,
    (first, other): (&[Value], &[Value]),
    codes: &CodeTables,
    year: ReportYear,
) -> bool {
    if column.kind != ColumnType::Major {
        return first != other;
    }
    let (Some(Value::Text(first)), Some(Value::Text(other))) = (first.first(), other.first()) else {
        return false;
    };
    let label = |code: &str| {
        let found = codes.get("major").and_then(|table| table.look_up_any_year(code, year));
        found.map(|found| found.label.clone())
    };
    first != other && label(first) != label(other)
}
