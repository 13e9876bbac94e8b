//! The rows of one school in one export: what they are drawn from, and what they add up to.

use crate::city::schools::School;
use crate::exports::facts::Facts;
use crate::exports::programmes::Programmes;
use crate::exports::units::Units;
use crate::filings::filing::Filing;
use crate::numbers::apportion::apportion;
use crate::numbers::rng::Rng;
use crate::printed::value::Value;
use crate::sheets::cell::Cell;
use crate::sheets::sheet::{Line, Mark};

/// What the rows of one school are drawn from.
pub struct Source<'a> {
    pub school: &'a School,
    pub year: u16,
    pub filing: &'a Filing,
    /// Of the student system.
    pub students: usize,
    pub programmes: &'a Programmes,
    pub seed: u64,
}

/// Rows of one school, without the cells that name it.
pub struct Rows {
    pub lines: Vec<Line>,
    pub facts: Facts,
}

pub struct Writer<'a> {
    pub source: &'a Source<'a>,
    pub units: Units,
    pub rng: Rng,
    pub lines: Vec<Line>,
    pub facts: Facts,
}

/// A total in so many random parts.
pub fn split(total: usize, parts: usize, rng: &mut Rng) -> Vec<usize> {
    let weights: Vec<f64> = (0..parts).map(|_| rng.within(0.5, 1.5)).collect();
    if parts == 0 { Vec::new() } else { apportion(total, &weights, &vec![total; parts]) }
}

pub fn yes_no(yes: bool) -> Cell {
    if yes { "是" } else { "否" }.into()
}

impl Writer<'_> {
    pub fn count(&self, id: &str) -> usize {
        self.source.filing.count(id)
    }

    /// Filed money, which is in hundredths of 万元, in 分.
    pub fn fen(&self, id: &str) -> usize {
        self.hundredths(id) * 10_000
    }

    #[allow(clippy::cast_possible_truncation)]
    pub fn hundredths(&self, id: &str) -> usize {
        self.source.filing.get(id).amount().unwrap_or_default() as usize
    }

    pub fn is_asked(&self, id: &str) -> bool {
        self.source.filing.get(id) != Value::Blank
    }

    pub fn line(&mut self, cells: Vec<Cell>) {
        self.lines.push(Line::new(cells, Mark::Sound));
    }
}
