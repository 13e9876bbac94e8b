//! The 专业点 of each school.

use crate::city::majors::MAJORS;
use crate::city::schools::School;
use crate::faults::Fault;
use crate::numbers::rng::Rng;
use crate::plan::graduates::YEAR_OF_NEW_CLASSES;
use crate::plan::offers::Offer;
use crate::plan::school::SchoolPlan;
use crate::sheets::cell::Cell;
use crate::sheets::sheet::{Line, Mark, plant_duplicates};
use crate::sheets::style::Style;

pub const MAJOR_COLUMNS: [&str; 7] =
    ["学校标识码", "学校名称", "专业代码", "专业名称", "学制", "设置年份", "专业状态"];

/// The rows of a school's list of majors, with the faults planted in them.
pub fn major_lines(
    school: &School,
    plan: &SchoolPlan,
    year: u16,
    faults: &[Fault],
    rng: &mut Rng,
) -> Vec<Line> {
    let style = Style::draw(rng);
    let mut lines: Vec<Line> = plan
        .offered(year)
        .map(|offer| {
            let founded = founded(offer, rng);
            let cells = major_cells(school, (offer.major.code, offer.major.title), founded, &style, rng);
            Line::new(cells, Mark::Sound)
        })
        .collect();
    let mut given_up: Vec<_> = MAJORS
        .iter()
        .filter(|major| plan.offers.iter().all(|offer| offer.major.code != major.code))
        .collect();
    rng.shuffle(&mut given_up);
    let stopped = faults.iter().filter(|fault| **fault == Fault::AdmissionStopped);
    for (&fault, major) in stopped.zip(given_up) {
        let mut cells = major_cells(school, (major.code, major.title), 2015, &style, rng);
        cells[MAJOR_COLUMNS.len() - 1] = "停招".into();
        let line = Line::new(cells, Mark::Planted(fault));
        lines.insert(rng.below(lines.len() + 1), line);
    }
    let duplicates = faults.iter().filter(|fault| **fault == Fault::DuplicateRow);
    plant_duplicates(&mut lines, duplicates.count(), rng);
    lines
}

fn founded(offer: &Offer, rng: &mut Rng) -> usize {
    match offer.opened {
        Some(year) => year.into(),
        None if offer.is_new_class() => YEAR_OF_NEW_CLASSES.into(),
        None => rng.between(2004, 2020),
    }
}

fn major_cells(
    school: &School,
    (code, title): (&str, &str),
    founded: usize,
    style: &Style,
    rng: &mut Rng,
) -> Vec<Cell> {
    vec![
        style.digits(rng, &school.code),
        style.text(rng, &school.name),
        code.into(),
        style.text(rng, title),
        "三年制".into(),
        founded.to_string().into(),
        "招生".into(),
    ]
}
