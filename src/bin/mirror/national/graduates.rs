//! The graduates as a sheet, student by student.

use crate::city::people;
use crate::city::schools::{COUNTIES, School};
use crate::faults::Fault;
use crate::national::person_cells::{
    birth_cell, document_kind, make_names_rare, number_cell, written_number,
};
use crate::numbers::rng::Rng;
use crate::printed::years::YEAR_BEFORE;
use crate::rosters::graduates::{Destination, Graduate};
use crate::rosters::roster::{Entry, Roster};
use crate::sheets::cell::Cell;
use crate::sheets::sheet::{Line, plant_duplicates};
use crate::sheets::style::Style;

pub const COLUMNS: [&str; 24] = [
    "学校标识码",
    "学校名称",
    "毕业年份",
    "学籍号",
    "姓名",
    "性别",
    "出生日期",
    "身份证件类型",
    "身份证件号",
    "民族",
    "入学年月",
    "毕业年月",
    "专业代码",
    "专业名称",
    "学制",
    "毕业去向",
    "就业形式",
    "升学层次",
    "是否对口就业",
    "社会单位性质",
    "单位所在地区划码",
    "就业产业",
    "单位名称",
    "联系电话",
];
const NAME_COLUMN: usize = 4;

/// The rows of a roster. `rare_names` is for files whose encoding reaches beyond GBK.
pub fn lines(
    school: &School,
    year: u16,
    roster: &Roster<Graduate>,
    rare_names: bool,
    rng: &mut Rng,
) -> Vec<Line> {
    let writer = Writer {
        school,
        year,
        style: Style::draw(rng),
        college: rng.pick(&["高职（专科）", "高职（专科）", "专科"]),
        contract: rng.pick(&["签订合同或协议", "签订合同或协议", "签定合同或就业协议"]),
    };
    let entries = roster.entries.iter();
    let mut lines: Vec<Line> =
        entries.map(|entry| Line::new(writer.cells(entry, rng), entry.mark())).collect();
    if rare_names {
        make_names_rare(&mut lines, Some(NAME_COLUMN), rng);
    }
    plant_duplicates(&mut lines, roster.duplicates, rng);
    lines
}

struct Writer<'a> {
    school: &'a School,
    year: u16,
    style: Style,
    college: &'static str,
    contract: &'static str,
}

impl Writer<'_> {
    fn cells(&self, entry: &Entry<Graduate>, rng: &mut Rng) -> Vec<Cell> {
        let mut cells = Vec::with_capacity(COLUMNS.len());
        self.identity(entry, rng, &mut cells);
        self.course(&entry.record, rng, &mut cells);
        cells.push(self.destination(entry));
        self.employment(&entry.record, rng, &mut cells);
        let phone = people::phone(rng);
        cells.push(self.style.digits(rng, &phone));
        cells
    }

    fn identity(&self, entry: &Entry<Graduate>, rng: &mut Rng, cells: &mut Vec<Cell>) {
        let style = &self.style;
        let person = &entry.person;
        let prefix = if person.is_resident() { "G" } else { "L" };
        let year = match entry.fault {
            Some(Fault::YearOther) => YEAR_BEFORE.to_string(),
            _ => self.year.to_string(),
        };
        cells.push(style.digits(rng, &self.school.code));
        cells.push(style.text(rng, &self.school.name));
        cells.push(year.into());
        cells.push(format!("{prefix}{}", written_number(person, entry.fault)).into());
        cells.push(style.text(rng, &person.name));
        cells.push(style.sex(person.male));
        cells.push(birth_cell(style, person, entry.fault, rng));
        cells.push(document_kind(style, person, rng));
        cells.push(number_cell(style, person, entry.fault, rng));
        cells.push(style.ethnicity.write(person.ethnicity.0, person.ethnicity.1));
    }

    fn course(&self, graduate: &Graduate, rng: &mut Rng, cells: &mut Vec<Cell>) {
        let kept = graduate.major.for_intake(graduate.intake);
        let month = if rng.chance(0.1) { 6 } else { 7 };
        cells.push(self.style.month(rng, graduate.intake, 9));
        cells.push(self.style.month(rng, self.year, month));
        cells.push(kept.code.into());
        cells.push(self.style.text(rng, kept.title));
        cells.push("三年制".into());
    }

    fn destination(&self, entry: &Entry<Graduate>) -> Cell {
        if entry.fault == Some(Fault::DestinationUnknown) {
            return "去向不明".into();
        }
        let (code, label) = match entry.record.destination {
            Destination::Bachelor | Destination::College => ("10", "升学"),
            Destination::Contract | Destination::Flexible | Destination::Startup => ("20", "就业"),
            Destination::Enlisted => ("30", "参军"),
            Destination::Seeking => ("60", "待就业"),
            Destination::Other => ("99", "其他"),
        };
        self.style.status.write(code, label)
    }

    fn employment(&self, graduate: &Graduate, rng: &mut Rng, cells: &mut Vec<Cell>) {
        let (form, level) = match graduate.destination {
            Destination::Contract => (self.contract, ""),
            Destination::Flexible => ("灵活就业", ""),
            Destination::Startup => ("自主创业", ""),
            Destination::Bachelor => ("", "本科"),
            Destination::College => ("", self.college),
            Destination::Enlisted | Destination::Seeking | Destination::Other => ("", ""),
        };
        cells.push(form.into());
        cells.push(level.into());
        if graduate.is_direct() {
            self.employer(graduate, rng, cells);
        } else {
            cells.extend(std::iter::repeat_n(Cell::Empty, 5));
        }
    }

    fn employer(&self, graduate: &Graduate, rng: &mut Rng, cells: &mut Vec<Cell>) {
        const EMPLOYERS: [&str; 5] = ["机关", "事业单位", "国有企业", "民营企业", "其他"];
        const INDUSTRIES: [&str; 3] = ["第一产业", "第二产业", "第三产业"];
        const TRADES: [&str; 6] = ["商贸", "机械", "餐饮", "科技", "物流", "农业"];
        const NAMES: [&str; 6] = ["云帆", "晨曦", "恒泰", "和顺", "新禾", "远达"];
        let county = rng.pick(&COUNTIES);
        let place = match graduate.place {
            0 => self.style.region(rng, county),
            1 => self.style.region(rng, ("610104", "莲湖区")),
            // There is no code for a place abroad.
            _ => Cell::Empty,
        };
        let company = format!("{}{}有限公司", rng.pick(&NAMES), rng.pick(&TRADES));
        cells.push(self.style.yes_no(graduate.matched));
        cells.push(EMPLOYERS[graduate.employer].into());
        cells.push(place);
        cells.push(INDUSTRIES[graduate.industry].into());
        cells.push(match graduate.destination {
            Destination::Enlisted => "部队".into(),
            Destination::Startup => "个体".into(),
            _ => company.into(),
        });
    }
}
