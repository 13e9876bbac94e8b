//! Cells about a person, spoilt where a fault is planted.

use crate::city::people::{Document, Person, RARE_CHARACTERS};
use crate::faults::Fault;
use crate::numbers::rng::Rng;
use crate::sheets::cell::Cell;
use crate::sheets::sheet::{Line, Mark};
use crate::sheets::style::{Coding, Style};

/// Names made rare in one file.
const RARE_NAMES: usize = 3;

/// The document's number as the row has it, check digit and length spoilt where planted.
pub fn written_number(person: &Person, fault: Option<Fault>) -> String {
    let number = person.document.number();
    match fault {
        Some(Fault::CheckDigitWrong) => {
            let wrong = if number.ends_with('5') { '6' } else { '5' };
            format!("{}{wrong}", &number[..17])
        }
        Some(Fault::IdShort) => number[..17].to_owned(),
        _ => number.to_owned(),
    }
}

pub fn number_cell(style: &Style, person: &Person, fault: Option<Fault>, rng: &mut Rng) -> Cell {
    let number = written_number(person, fault);
    match fault {
        Some(Fault::IdBlank) => Cell::Empty,
        Some(Fault::IdNumeric) => fifteen_digits(&number).map_or(Cell::Empty, Cell::Number),
        _ => style.number(rng, &number),
    }
}

/// The number a spreadsheet makes of an ID: digits after the fifteenth become zero.
fn fifteen_digits(number: &str) -> Option<f64> {
    format!("{}e3", number.get(..15)?).parse().ok()
}

pub fn birth_cell(style: &Style, person: &Person, fault: Option<Fault>, rng: &mut Rng) -> Cell {
    let birth = person.birth;
    match fault {
        Some(Fault::DateImpossible) => format!("{}-02-30", birth.year).into(),
        Some(Fault::DateTwoDigitYear) => {
            format!("{:02}-{}-{}", birth.year % 100, birth.month, birth.day).into()
        }
        _ => style.date(rng, birth),
    }
}

pub fn document_kind(style: &Style, person: &Person, rng: &mut Rng) -> Cell {
    match person.document {
        Document::Temporary(_) => "其他".into(),
        Document::HongKong(_) => "香港特区护照/身份证明".into(),
        Document::Passport(_) => "护照".into(),
        Document::Resident(_) => match style.document {
            Coding::Label if rng.chance(0.05) => "身份证".into(),
            coding => coding.write("1", "居民身份证"),
        },
    }
}

/// Gives a few sound rows a name that GBK cannot write.
pub fn make_names_rare(lines: &mut [Line], column: Option<usize>, rng: &mut Rng) {
    let Some(column) = column else { return };
    for rare in RARE_CHARACTERS.iter().take(RARE_NAMES) {
        let line = rng.below(lines.len().max(1));
        if let Some(Line { cells, mark: Mark::Sound }) = lines.get_mut(line) {
            let surname: String = cells[column].display().trim().chars().take(1).collect();
            cells[column] = format!("{surname}{rare}").into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifteen_digits_of_an_id_are_left() {
        assert_eq!(fifteen_digits("142601200901011234"), Some(142_601_200_901_011_000.0));
    }
}
