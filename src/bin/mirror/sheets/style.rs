//! The many ways in which schools spell the same value.

use crate::numbers::dates::Date;
use crate::numbers::rng::Rng;
use crate::sheets::cell::Cell;

/// How a coded value is written.
#[derive(Debug, Clone, Copy)]
pub enum Coding {
    Label,
    Code,
    CodeAndLabel,
}

#[derive(Debug, Clone, Copy)]
enum Days {
    Compact,
    Dashes,
    Slashes,
    Dots,
    Characters,
    True,
}

#[derive(Debug, Clone, Copy)]
enum Months {
    Compact,
    Dash,
    Slash,
    Characters,
}

#[derive(Debug, Clone, Copy)]
enum Regions {
    Six,
    Twelve,
    Named,
}

/// The habits of one school in one file.
#[derive(Debug, Clone)]
pub struct Style {
    days: Days,
    months: Months,
    regions: Regions,
    sexes: [&'static str; 2],
    booleans: [&'static str; 2],
    pub not_foreign: &'static str,
    pub ethnicity: Coding,
    pub status: Coding,
    pub category: Coding,
    pub document: Coding,
    /// 0 `2024级`, 1 `一年级`, 2 `1`.
    pub grade: usize,
    lower_case_x: bool,
    /// How often digits come full-width, in cells where they may.
    full_width: f64,
    stray_space: f64,
}

impl Style {
    pub fn draw(rng: &mut Rng) -> Self {
        const DAYS: [Days; 6] =
            [Days::Compact, Days::Dashes, Days::Slashes, Days::Dots, Days::Characters, Days::True];
        const MONTHS: [Months; 4] = [Months::Compact, Months::Dash, Months::Slash, Months::Characters];
        const REGIONS: [Regions; 3] = [Regions::Six, Regions::Twelve, Regions::Named];
        const SEXES: [[&str; 2]; 4] = [["男", "女"], ["男", "女"], ["1", "2"], ["男性", "女性"]];
        Self {
            days: rng.pick(&DAYS),
            months: rng.pick(&MONTHS),
            regions: rng.pick(&REGIONS),
            sexes: rng.pick(&SEXES),
            booleans: rng.pick(&[["是", "否"], ["是", "否"], ["1", "0"]]),
            not_foreign: rng.pick(&["否", "非港澳台侨", "无", ""]),
            ethnicity: coding(rng),
            status: coding(rng),
            category: coding(rng),
            document: coding(rng),
            grade: rng.below(3),
            lower_case_x: rng.chance(0.2),
            full_width: if rng.chance(0.25) { 0.03 } else { 0.0 },
            stray_space: if rng.chance(0.3) { 0.02 } else { 0.0 },
        }
    }

    pub fn date(&self, rng: &mut Rng, date: Date) -> Cell {
        let Date { year, month, day } = date;
        let text = match self.days {
            Days::Compact => date.compact(),
            Days::Dashes => format!("{year}-{month:02}-{day:02}"),
            Days::Slashes => format!("{year}/{month}/{day}"),
            Days::Dots => format!("{year}.{month}.{day}"),
            Days::Characters => format!("{year}年{month}月{day}日"),
            Days::True => return Cell::Date(date),
        };
        self.digits(rng, &text)
    }

    pub fn month(&self, rng: &mut Rng, year: u16, month: u16) -> Cell {
        let text = match self.months {
            Months::Compact => format!("{year}{month:02}"),
            Months::Dash => format!("{year}-{month:02}"),
            Months::Slash => format!("{year}/{month:02}"),
            Months::Characters => format!("{year}年{month}月"),
        };
        self.digits(rng, &text)
    }

    pub fn region(&self, rng: &mut Rng, (code, name): (&str, &str)) -> Cell {
        let text = match self.regions {
            Regions::Six => code.to_owned(),
            Regions::Twelve => format!("{code}000000"),
            Regions::Named => return format!("{name}({code})").into(),
        };
        self.digits(rng, &text)
    }

    /// An identity number or the like, with a lower-case `x` where the school writes so.
    pub fn number(&self, rng: &mut Rng, number: &str) -> Cell {
        let text = if self.lower_case_x { number.to_lowercase() } else { number.to_owned() };
        self.digits(rng, &text)
    }

    /// Text made of digits: now and then full-width, or with a stray space.
    pub fn digits(&self, rng: &mut Rng, text: &str) -> Cell {
        if rng.chance(self.full_width) {
            return full_width(text).into();
        }
        self.text(rng, text)
    }

    pub fn text(&self, rng: &mut Rng, text: &str) -> Cell {
        if text.is_empty() || !rng.chance(self.stray_space) {
            return text.into();
        }
        match rng.below(3) {
            0 => format!(" {text}").into(),
            1 => format!("{text}\u{3000}").into(),
            _ => format!("{text} ").into(),
        }
    }

    pub fn sex(&self, male: bool) -> Cell {
        self.sexes[usize::from(!male)].into()
    }

    pub fn yes_no(&self, yes: bool) -> Cell {
        self.booleans[usize::from(!yes)].into()
    }
}

fn coding(rng: &mut Rng) -> Coding {
    match rng.below(5) {
        0 => Coding::Code,
        1 => Coding::CodeAndLabel,
        _ => Coding::Label,
    }
}

impl Coding {
    pub fn write(self, code: &str, label: &str) -> Cell {
        match self {
            Self::Label => label.into(),
            Self::Code => code.into(),
            Self::CodeAndLabel => format!("{code}-{label}").into(),
        }
    }
}

/// Digits and the letter X in their full-width forms, everything else as it is.
fn full_width(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '0'..='9' | 'X' | 'x' => char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c),
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_width_digits_are_full_width() {
        assert_eq!(full_width("14X-年"), "１４Ｘ-年");
    }
}
