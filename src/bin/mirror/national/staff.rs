//! The staff register as a sheet.

use crate::city::people;
use crate::city::schools::School;
use crate::faults::Fault;
use crate::national::person_cells::{birth_cell, document_kind, make_names_rare, number_cell};
use crate::numbers::rng::Rng;
use crate::rosters::roster::{Entry, Roster};
use crate::rosters::staff::{Employee, Post};
use crate::sheets::cell::Cell;
use crate::sheets::sheet::{Line, plant_duplicates};
use crate::sheets::style::Style;

pub const COLUMNS: [&str; 21] = [
    "学校标识码",
    "学校名称",
    "教职工号",
    "姓名",
    "性别",
    "出生日期",
    "身份证件类型",
    "身份证件号",
    "民族",
    "政治面貌",
    "学历",
    "教职工类别",
    "编制情况",
    "专业技术职务级别",
    "是否“双师型”教师",
    "双师型教师等级",
    "任教课程类别",
    "是否班主任",
    "当前状态",
    "来校年月",
    "联系电话",
];
const NAME_COLUMN: usize = 3;
const DUAL_COLUMN: usize = 14;

const DUAL_SPELLINGS: [&str; 4] = ["是否“双师型”教师", "是否\"双师型\"教师", "是否双师型教师", "双师型"];

/// The header and the rows; the spelling of 双师型 is the school's own.
pub fn lines(
    school: &School,
    roster: &Roster<Employee>,
    rare_names: bool,
    rng: &mut Rng,
) -> (Vec<&'static str>, Vec<Line>) {
    let mut header = COLUMNS.to_vec();
    header[DUAL_COLUMN] = rng.pick(&DUAL_SPELLINGS);
    let writer = Writer { school, style: Style::draw(rng) };
    let entries = roster.entries.iter();
    let mut lines: Vec<Line> =
        entries.map(|entry| Line::new(writer.cells(entry, rng), entry.mark())).collect();
    if rare_names {
        make_names_rare(&mut lines, Some(NAME_COLUMN), rng);
    }
    plant_duplicates(&mut lines, roster.duplicates, rng);
    (header, lines)
}

struct Writer<'a> {
    school: &'a School,
    style: Style,
}

impl Writer<'_> {
    fn cells(&self, entry: &Entry<Employee>, rng: &mut Rng) -> Vec<Cell> {
        let mut cells = Vec::with_capacity(COLUMNS.len());
        self.identity(entry, rng, &mut cells);
        self.post(&entry.record.post, rng, &mut cells);
        let (year, month) = entry.record.joined;
        let phone = people::phone(rng);
        cells.push(self.status(entry));
        cells.push(self.style.month(rng, year, month));
        cells.push(self.style.digits(rng, &phone));
        cells
    }

    fn identity(&self, entry: &Entry<Employee>, rng: &mut Rng, cells: &mut Vec<Cell>) {
        let style = &self.style;
        let person = &entry.person;
        cells.push(style.digits(rng, &self.school.code));
        cells.push(style.text(rng, &self.school.name));
        cells.push(entry.record.number.as_str().into());
        cells.push(style.text(rng, &person.name));
        cells.push(style.sex(person.male));
        cells.push(birth_cell(style, person, entry.fault, rng));
        cells.push(document_kind(style, person, rng));
        cells.push(number_cell(style, person, entry.fault, rng));
        cells.push(style.ethnicity.write(person.ethnicity.0, person.ethnicity.1));
        cells.push(rng.pick(&["群众", "群众", "中共党员", "民盟盟员"]).into());
        cells.push(rng.pick(&["本科", "本科", "本科", "硕士研究生", "专科"]).into());
    }

    fn post(&self, post: &Post, rng: &mut Rng, cells: &mut Vec<Cell>) {
        let (code, label) = post.category;
        let established = !self.school.private && rng.chance(0.9);
        cells.push(self.style.category.write(code, label));
        cells.push(if established { "在编" } else { "非在编" }.into());
        cells.push(post.title.into());
        cells.push(self.style.yes_no(post.dual));
        cells.push(post.dual_level.into());
        cells.push(post.subject.into());
        cells.push(self.style.yes_no(post.class_teacher));
    }

    fn status(&self, entry: &Entry<Employee>) -> Cell {
        let (code, label) = match entry.fault {
            Some(Fault::Retired) => ("01", "退休"),
            Some(Fault::MovedAway) => ("05", "调出"),
            Some(Fault::Resigned) => ("06", "辞职"),
            _ => ("11", "在职"),
        };
        self.style.status.write(code, label)
    }
}
