//! The 专业点 of each school.

use crate::city::majors::MAJORS;
use crate::city::schools::School;
use crate::faults::Fault;
use crate::numbers::rng::Rng;
use crate::plan::offers::Offer;
use crate::plan::school::SchoolPlan;
use crate::printed::years::YEARS;
use crate::sheets::cell::Cell;
use crate::sheets::sheet::{Line, Mark, plant_duplicates};
use crate::sheets::style::Style;

pub const MAJOR_COLUMNS: [&str; 7] =
    ["学校标识码", "学校名称", "专业代码", "专业名称", "学制", "设置年份", "专业状态"];

/// The 专业点 a school had in a year: those it offered then.
pub fn offered(plan: &SchoolPlan, year: usize) -> impl Iterator<Item = &Offer> {
    plan.offers.iter().filter(move |offer| !offer.since_2024 || YEARS[year] >= 2024)
}

/// The rows of a school's list of majors, with the faults planted in them.
pub fn major_lines(
    school: &School,
    plan: &SchoolPlan,
    year: usize,
    faults: &[Fault],
    rng: &mut Rng,
) -> Vec<Line> {
    let style = Style::draw(rng);
    let mut lines: Vec<Line> = offered(plan, year)
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
    match (offer.since_2024, offer.is_new_class()) {
        (true, _) => 2024,
        (false, true) => 2022,
        (false, false) => rng.between(2004, 2020),
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
