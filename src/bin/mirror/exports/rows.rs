//! The rows of the exports without people, school by school.
//!
//! What a school filed is what its rows say, but for a few rows that it forgot to file. Ratios
//! come from whole numbers, so that a school's is as near its filed one as those allow.

use crate::city::schools::SCHOOLS;
use crate::exports::export::Export;
use crate::exports::facts::Facts;
use crate::exports::units::Units;
use crate::exports::writer::{Rows, Source, Writer, yes_no};
use crate::faults::Fault;
use crate::numbers::rng::Rng;
use crate::sheets::cell::Cell;
use crate::sheets::sheet::{Line, Mark};

const UNFILED_YEAR: u16 = 2024;
/// Schools that have something they did not file, in `UNFILED_YEAR`.
const UNFILED: [(Export, usize); 4] =
    [(Export::Courses, 12), (Export::Courses, 29), (Export::Certificates, 8), (Export::Service, 20)];

pub fn export_rows(export: Export, source: &Source, units: Units) -> Rows {
    let purpose = format!("{} {}", export.dataset(), source.year);
    let index = source.school.copy * SCHOOLS + source.school.base;
    let mut writer = Writer {
        source,
        units,
        rng: Rng::stream(source.seed, &purpose, index),
        lines: Vec::new(),
        facts: Facts::default(),
    };
    match export {
        Export::Surveys => writer.surveys(),
        Export::Courses => writer.courses(),
        Export::Resources => writer.resources(),
        Export::Conditions => writer.conditions(),
        Export::Finance => writer.finance(),
        Export::Service => writer.service(),
        Export::International => writer.international(),
        Export::Mentors => writer.mentors(),
        Export::Fitness => writer.fitness(),
        Export::Certificates => writer.certificates(),
        Export::Certificates1X => writer.certificates_1x(),
        Export::Prizes => writer.prizes(),
        Export::Aid => writer.aid(),
    }
    if source.year == UNFILED_YEAR && UNFILED.contains(&(export, source.school.base)) {
        writer.unfiled(export);
    }
    Rows { lines: writer.lines, facts: writer.facts }
}

impl Writer<'_> {
    /// One thing more than the school filed.
    fn unfiled(&mut self, export: Export) {
        let cells = match export {
            Export::Courses => {
                self.facts.count("courses", 1);
                self.facts.count("course_hours", 36);
                let cells = ["K900001", "创新创业教育"].map(Cell::from).into_iter();
                cells.chain([self.units.count(36)]).chain([false; 3].map(yes_no)).collect()
            }
            Export::Certificates => {
                self.facts.count("certificates", 8);
                let cells = ["茶艺师", "五级", "省职业技能鉴定指导中心"].map(Cell::from).into_iter();
                cells.chain([self.units.count(8)]).collect()
            }
            _ => {
                self.facts.count("integration_centres", 1);
                ["产教融合实践中心", "校企共建中心"].map(Cell::from).to_vec()
            }
        };
        self.lines.push(Line::new(cells, Mark::Planted(Fault::NotFiled)));
    }
}
