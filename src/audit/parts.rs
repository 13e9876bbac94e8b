//! A printed ratio and its parts, which stand beside it in documents of this program.

use crate::audit::answer::RelationInstance;
use crate::audit::grid::GridRow;
use crate::audit::printing;
use crate::checks::quantity::{Reading, fold, read};
use crate::checks::relation::{Figure, Operand, Operands};
use crate::definitions::layout::label_key;
use crate::definitions::relation::kind::RelationKind;
use crate::figure::Delivered;

/// The relation that a ratio printed here must satisfy: its numerator over its denominator.
pub const RECOMPUTED: &str = "printed_is_recomputed";

/// The columns next to a table that are for checking it.
#[derive(Debug, Clone, Copy)]
pub struct PartColumns {
    basis: usize,
    numerator: usize,
    denominator: usize,
}

impl PartColumns {
    #[must_use]
    pub fn of(header: &[String]) -> Option<Self> {
        let at = |name: &str| header.iter().position(|cell| label_key(cell) == name);
        Some(PartColumns { basis: at("口径")?, numerator: at("分子")?, denominator: at("分母")? })
    }

    /// The relation of this year's ratio with its parts; a row without parts has none.
    #[must_use]
    pub fn relation(
        &self,
        table: &str,
        path: &str,
        row: &GridRow,
        cells: &[String],
    ) -> Option<RelationInstance> {
        let cell = |index: usize| cells.get(index).map_or("", String::as_str);
        let part = |name: &str, index: usize| {
            let (text, printed) = (cell(index).to_owned(), read(cell(index), ""));
            let figure = Figure { name: name.to_owned(), text, unit: String::new(), printed };
            matches!(figure.printed, Reading::Number(_)).then_some(figure)
        };
        let (numerator, denominator) = (part("分子", self.numerator)?, part("分母", self.denominator)?);
        let value = row.values.iter().filter(|value| value.measure == "值").max_by_key(|value| value.year)?;
        let unit = fold(&row.unit);
        let basis = Delivered::labelled(cell(self.basis))?;
        // What schools filed is weighted, in its own unit; other units of the systems differ by a factor.
        let (kind, fields, unit) = match basis {
            Delivered::System if unit == "%" => {
                (RelationKind::RatioPercent, ["part", "whole", "printed_pct"], row.unit.clone())
            }
            Delivered::System if !unit.contains(':') => return None,
            // A quotient, and so rounded even where it is whole.
            _ => (RelationKind::Ratio, ["numerator", "denominator", "printed"], ":".to_owned()),
        };
        // Weighted percentages are counted in percent, whether the cell has the sign or its heading.
        let folded = fold(&value.text);
        let text = if kind == RelationKind::Ratio { folded.trim_end_matches('%') } else { &folded };
        let printed = read(text, &unit);
        if !matches!(printed, Reading::Number(_)) {
            return None;
        }
        let name = printing::name(table, path, "值", 0, value.year);
        let figures = [numerator, denominator, Figure { name, text: value.text.clone(), unit, printed }];
        let operands = fields.into_iter().zip(figures);
        Some(RelationInstance {
            id: RECOMPUTED.to_owned(),
            kind,
            place: format!("{table} {path}"),
            note: String::new(),
            operands: Operands {
                by_field: operands
                    .map(|(field, figure)| (field.to_owned(), vec![Operand::Figure(figure)]))
                    .collect(),
            },
            interpretation: false,
            looked_at: 0,
            row: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::grid;

    fn relation(cells: &str) -> Option<RelationInstance> {
        let row = |text: &str| text.split('|').map(str::to_owned).collect::<Vec<_>>();
        let header = row("序号|指标|单位|2023年|2024年||口径|分子|分母");
        let cells = row(cells);
        let columns = grid::columns(&header).unwrap();
        let units = columns.units(std::slice::from_ref(&cells));
        let read = columns.read(&cells, &units);
        PartColumns::of(&header).unwrap().relation("表1", &read.label, &read, &cells)
    }

    #[test]
    fn a_ratio_is_held_against_the_parts_beside_it() {
        let share = relation("6|自主创业率|%|0.49|2.66||系统|58|2181").unwrap();
        assert_eq!(share.kind, RelationKind::RatioPercent);
        let named: Vec<&str> = share.operands.named().map(|(_, figure)| figure.text.as_str()).collect();
        assert_eq!(named, ["58", "2.66", "2181"]);
        let filed = |text: &str| relation(&format!("3|去向落实率|%|83|{text}||填报|821221.34|9331")).unwrap();
        assert_eq!(filed("88.01").kind, RelationKind::Ratio);
        let number = |text: &str| filed(text).operands.number("printed").unwrap().value;
        assert_eq!(number("88.01"), number("88.01%"));
    }

    #[test]
    fn a_count_a_dash_and_a_unit_with_a_factor_have_no_such_relation() {
        assert!(relation("1|毕业生人数|人|7800|9397||填报||").is_none());
        assert!(relation("3|教职工满意度|%|-|-||填报|0|0").is_none());
        assert!(relation("2|经费|万元|1|2||系统|20000|1").is_none());
        assert!(relation("2|经费|%|1|2||核定|20000|1").is_none());
    }
}
