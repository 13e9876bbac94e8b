//! The units in which one file writes amounts.

use crate::numbers::decimal;
use crate::numbers::rng::Rng;
use crate::sheets::cell::Cell;

/// How one file writes amounts.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools)]
pub struct Units {
    /// 元 where not 万元.
    pub yuan: bool,
    /// bps where not Mbps.
    pub bps: bool,
    /// 亩 where not 平方米.
    pub mu: bool,
    /// Numbers as text.
    pub text: bool,
}

impl Units {
    pub fn draw(rng: &mut Rng) -> Self {
        Self { yuan: rng.chance(0.5), bps: rng.chance(0.3), mu: rng.chance(0.3), text: rng.chance(0.6) }
    }

    pub fn money_name(self) -> &'static str {
        if self.yuan { "元" } else { "万元" }
    }

    pub fn bandwidth_name(self) -> &'static str {
        if self.bps { "bps" } else { "Mbps" }
    }

    pub fn area_name(self) -> &'static str {
        if self.mu { "亩" } else { "平方米" }
    }

    /// Nothing is an empty cell.
    pub fn money(self, fen: usize) -> Cell {
        let places = if self.yuan { 2 } else { 6 };
        self.number(if fen == 0 { String::new() } else { decimal::scaled(fen as u128, places) })
    }

    pub fn bandwidth(self, mbps: usize) -> Cell {
        self.number(if self.bps { format!("{mbps}000000") } else { mbps.to_string() })
    }

    /// Three 亩 are 2000 ㎡, so that a third of this is a whole number of square metres.
    pub fn area(self, three_mu: usize) -> Cell {
        self.number(if self.mu { (three_mu * 3).to_string() } else { (three_mu * 2_000).to_string() })
    }

    pub fn count(self, count: usize) -> Cell {
        self.number(count.to_string())
    }

    fn number(self, text: String) -> Cell {
        match text.parse() {
            Ok(number) if !self.text => Cell::Number(number),
            _ => text.into(),
        }
    }
}
