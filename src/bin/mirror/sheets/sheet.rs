//! A sheet as its physical lines, each with what a reader should make of it.

use crate::faults::{Fault, Outcome};
use crate::numbers::rng::Rng;
use crate::sheets::cell::Cell;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Headers and titles every file of the dataset has.
    Frame,
    Sound,
    Planted(Fault),
}

impl Mark {
    /// `None` for a row that is simply loaded.
    fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Frame => Some(Outcome::Structural),
            Self::Sound => None,
            Self::Planted(fault) => Some(fault.outcome()),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Line {
    pub cells: Vec<Cell>,
    pub mark: Mark,
}

impl Line {
    pub fn new(cells: Vec<Cell>, mark: Mark) -> Self {
        Self { cells, mark }
    }
}

/// What surrounds the data of a roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// The header in row 1 and nothing else.
    Plain,
    /// Title rows above the header, a note below.
    Titled,
    /// A prompt row under the header and a 合计 row at the end.
    Provincial,
    /// A note and the count at the end, with a blank row before them.
    Noted,
    /// The header again in the middle, as when pages are pasted together.
    Repeated,
}

#[derive(Debug, Clone)]
pub struct Sheet {
    pub name: &'static str,
    pub lines: Vec<Line>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub rows: usize,
    pub loaded: usize,
    pub quarantined: usize,
    pub duplicate: usize,
    pub structural: usize,
}

impl Counts {
    pub fn of(sheets: &[Sheet]) -> Self {
        let mut counts = Self::default();
        for line in sheets.iter().flat_map(|sheet| &sheet.lines) {
            counts.rows += 1;
            match line.mark.outcome() {
                Some(Outcome::Structural) => counts.structural += 1,
                Some(Outcome::Quarantined) => counts.quarantined += 1,
                Some(Outcome::Duplicate) => counts.duplicate += 1,
                Some(Outcome::NotCounted | Outcome::Query) | None => counts.loaded += 1,
            }
        }
        counts
    }
}

impl Sheet {
    /// Puts a frame round data lines.
    pub fn framed(header: &[&str], data: Vec<Line>, frame: Frame, titles: &[String], rng: &mut Rng) -> Self {
        let count = data.len();
        let head = Line::new(header.iter().map(|&name| name.into()).collect(), Mark::Frame);
        let mut lines = Vec::with_capacity(count + 6);
        if frame == Frame::Titled {
            let title_row = |title: &String| structural(vec![title.as_str().into()], Fault::TitleRow);
            lines.extend(titles.iter().map(title_row));
        }
        lines.push(head.clone());
        if frame == Frame::Provincial {
            lines.push(prompt_row(header, rng));
        }
        lines.extend(data);
        match frame {
            Frame::Plain => {}
            Frame::Titled => lines.push(signature()),
            Frame::Provincial => lines.push(total_row(count, rng)),
            Frame::Noted => {
                lines.push(structural(Vec::new(), Fault::BlankRow));
                lines.push(structural(vec![format!("共{count}条").into()], Fault::TotalRow));
                lines.push(signature());
            }
            Frame::Repeated => {
                let middle = lines.len() / 2 + 1;
                lines.insert(middle, structural(head.cells, Fault::RepeatedHeader));
            }
        }
        Self { name: "sheet1", lines }
    }

    /// Every planted line with its row number, counted from 1.
    pub fn planted(&self) -> impl Iterator<Item = (usize, Fault)> {
        self.lines.iter().enumerate().filter_map(|(index, line)| match line.mark {
            Mark::Planted(fault) => Some((index + 1, fault)),
            Mark::Frame | Mark::Sound => None,
        })
    }
}

/// Repeats `count` sound lines, each some way below the first.
pub fn plant_duplicates(lines: &mut Vec<Line>, count: usize, rng: &mut Rng) {
    for _ in 0..count {
        let sound: Vec<usize> = (0..lines.len()).filter(|&index| lines[index].mark == Mark::Sound).collect();
        if sound.is_empty() {
            return;
        }
        let first = rng.pick(&sound);
        let copy = Line::new(lines[first].cells.clone(), Mark::Planted(Fault::DuplicateRow));
        lines.insert(rng.between(first + 1, lines.len()), copy);
    }
}

fn structural(cells: Vec<Cell>, fault: Fault) -> Line {
    Line::new(cells, Mark::Planted(fault))
}

fn signature() -> Line {
    structural(vec!["填报人：教务处　审核人：校长室".into()], Fault::NoteRow)
}

fn total_row(count: usize, rng: &mut Rng) -> Line {
    let amount = if rng.chance(0.5) { format!("共{count}人") } else { count.to_string() };
    structural(vec!["合计".into(), amount.into()], Fault::TotalRow)
}

fn prompt_row(header: &[&str], rng: &mut Rng) -> Line {
    let cells = header.iter().map(|&name| prompt(name, rng).into()).collect();
    structural(cells, Fault::PromptRow)
}

fn prompt(column: &str, rng: &mut Rng) -> &'static str {
    match column {
        "姓名" | "学校标识码" | "身份证件号" => "必填",
        "出生日期" => "必填，格式YYYYMMDD",
        "民族" => "如：汉族",
        "性别" => "如：男",
        _ if column.ends_with("年月") => "必填，格式YYYYMM",
        _ => rng.pick(&["选填", "选填", "必填"]),
    }
}
