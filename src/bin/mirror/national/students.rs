//! The roster of students as a sheet.

use crate::city::majors::short_form;
use crate::city::people::{self, Document};
use crate::city::schools::{Kind, School};
use crate::faults::Fault;
use crate::national::person_cells::{
    birth_cell, document_kind, make_names_rare, number_cell, written_number,
};
use crate::numbers::dates::Date;
use crate::numbers::rng::Rng;
use crate::rosters::roster::{Entry, Roster};
use crate::rosters::students::Student;
use crate::sheets::cell::Cell;
use crate::sheets::sheet::{Line, plant_duplicates};
use crate::sheets::style::Style;

pub const COLUMNS: [&str; 78] = [
    "学校标识码",
    "学校名称",
    "学籍号",
    "姓名",
    "性别",
    "出生日期",
    "身份证件类型",
    "身份证件号",
    "姓名拼音",
    "班级名称",
    "学号",
    "学生类别",
    "学习形式",
    "入学方式",
    "就读方式",
    "国籍/地区",
    "港澳台侨外",
    "婚姻状况",
    "乘火车区间",
    "是否随迁子女",
    "生源地行政区划码",
    "出生地行政区划码",
    "籍贯地行政区划码",
    "户口所在地区县以下详细地址",
    "所属派出所",
    "户口所在地行政区划码",
    "户口性质",
    "学生居住地类型",
    "入学年月",
    "专业简称",
    "学制",
    "民族",
    "政治面貌",
    "健康状况",
    "学生来源",
    "招生对象",
    "联系电话",
    "是否建档立卡贫困户",
    "招生方式",
    "联招合作类型",
    "准考证号",
    "考生号",
    "考试总分",
    "联招合作办学形式",
    "联招合作学校代码",
    "校外教学点",
    "分段培养方式",
    "英文姓名",
    "电子信箱/其他联系方式",
    "家庭现地址",
    "家庭邮政编码",
    "家庭电话",
    "成员1姓名",
    "成员1关系",
    "成员1是否监护人",
    "成员1联系电话",
    "成员1出生年月",
    "成员1身份证件类型",
    "成员1身份证件号",
    "成员1民族",
    "成员1政治面貌",
    "成员1健康状况",
    "成员1工作或学习单位",
    "成员1职务",
    "成员2姓名",
    "成员2关系",
    "成员2是否监护人",
    "成员2联系电话",
    "成员2出生年月",
    "成员2身份证件类型",
    "成员2身份证件号",
    "成员2民族",
    "成员2政治面貌",
    "成员2健康状况",
    "成员2工作或学习单位",
    "成员2职务",
    "年级",
    "学生当前状态",
];

/// Added in the layout of a province; the first takes the title, for which 专业简称 is too short.
const PROVINCIAL_COLUMNS: [&str; 6] =
    ["专业名称", "专业方向", "来自军队", "是否注册入学", "是否为第一志愿", "专项招生类型"];
const MAJOR_COLUMN: usize = 29;

/// The columns of a layout, in its order.
pub fn header(provincial: bool) -> Vec<&'static str> {
    if !provincial {
        return COLUMNS.to_vec();
    }
    let renamed = COLUMNS.map(|column| match column {
        "是否建档立卡贫困户" => "是否建档立卡贫困家庭",
        other => other,
    });
    provincial_order(&[renamed.as_slice(), &PROVINCIAL_COLUMNS].concat())
}

/// A fixed permutation: 37 and the 84 columns have no common divisor.
fn provincial_order<T: Clone>(columns: &[T]) -> Vec<T> {
    (0..columns.len()).map(|index| columns[(index * 37 + 5) % columns.len()].clone()).collect()
}

/// The rows of a roster. `rare_names` is for files whose encoding reaches beyond GBK.
pub fn lines(
    school: &School,
    year: u16,
    roster: &Roster<Student>,
    provincial: bool,
    rare_names: bool,
    rng: &mut Rng,
) -> Vec<Line> {
    let writer = Writer { school, year, style: Style::draw(rng) };
    let mut lines: Vec<Line> =
        roster.entries.iter().map(|entry| writer.line(entry, provincial, rng)).collect();
    if rare_names {
        let column = header(provincial).iter().position(|name| *name == "姓名");
        make_names_rare(&mut lines, column, rng);
    }
    plant_duplicates(&mut lines, roster.duplicates, rng);
    lines
}

struct Writer<'a> {
    school: &'a School,
    year: u16,
    style: Style,
}

impl Writer<'_> {
    fn line(&self, entry: &Entry<Student>, provincial: bool, rng: &mut Rng) -> Line {
        let mut cells = self.cells(entry, rng);
        if provincial {
            let title = std::mem::replace(&mut cells[MAJOR_COLUMN], Cell::Empty);
            cells[MAJOR_COLUMN] = short_form(&title.display()).into();
            cells.push(title);
            cells.push(Cell::Empty);
            cells.extend([false, false].map(|yes| self.style.yes_no(yes)));
            cells.push(self.style.yes_no(rng.chance(0.7)));
            cells.push("无".into());
            cells = provincial_order(&cells);
        }
        Line::new(cells, entry.mark())
    }

    fn cells(&self, entry: &Entry<Student>, rng: &mut Rng) -> Vec<Cell> {
        let mut cells = Vec::with_capacity(COLUMNS.len() + PROVINCIAL_COLUMNS.len());
        self.identity(entry, rng, &mut cells);
        self.enrolment(entry, rng, &mut cells);
        self.origin(rng, &mut cells);
        self.course(entry, rng, &mut cells);
        self.admission(entry, rng, &mut cells);
        self.contact(rng, &mut cells);
        self.relative(rng, true, entry.record.intake, &mut cells);
        self.relative(rng, false, entry.record.intake, &mut cells);
        cells.push(self.grade(&entry.record));
        cells.push(self.status(entry));
        cells
    }

    fn identity(&self, entry: &Entry<Student>, rng: &mut Rng, cells: &mut Vec<Cell>) {
        let style = &self.style;
        let person = &entry.person;
        let number = written_number(person, entry.fault);
        let prefix = if person.is_resident() { "G" } else { "L" };
        cells.push(style.digits(rng, &self.school.code));
        cells.push(style.text(rng, &self.school.name));
        cells.push(format!("{prefix}{number}").into());
        cells.push(style.text(rng, &person.name));
        cells.push(style.sex(person.male));
        cells.push(birth_cell(style, person, entry.fault, rng));
        cells.push(document_kind(style, person, rng));
        cells.push(number_cell(style, person, entry.fault, rng));
        cells.push(Cell::Empty);
    }

    fn enrolment(&self, entry: &Entry<Student>, rng: &mut Rng, cells: &mut Vec<Cell>) {
        let student = &entry.record;
        let class = format!("{}级{}班", student.intake, rng.between(1, 9));
        cells.push(class.into());
        cells.push(format!("{}{}", student.intake, rng.digits(5)).into());
        cells.push(self.category(rng));
        cells.push("全日制".into());
        cells.push(if entry.record.by_transfer {
            "外校转入".into()
        } else {
            "统一招生考试/普通入学".into()
        });
        cells.push(rng.pick(&["住校", "住校", "住校", "走读"]).into());
        let (nation, foreign) = match entry.person.document {
            Document::Passport(_) => ("缅甸", "外国人"),
            Document::HongKong(_) => ("中国", "香港同胞"),
            Document::Resident(_) | Document::Temporary(_) => ("中国", self.style.not_foreign),
        };
        cells.push(nation.into());
        cells.push(foreign.into());
        cells.push("未婚".into());
        cells.push(Cell::Empty);
        cells.push(self.style.yes_no(rng.chance(0.05)));
    }

    fn category(&self, rng: &mut Rng) -> Cell {
        match (rng.below(20), self.school.kind) {
            (0, _) => "调整后中职学生".into(),
            (_, Kind::Technical) => "普通中专学生".into(),
            (_, Kind::VocationalHigh) => "职业高中学生".into(),
        }
    }

    fn origin(&self, rng: &mut Rng, cells: &mut Vec<Cell>) {
        let home = self.school.county.unwrap_or(("141002", "尧都区"));
        let regions = [(); 4].map(|()| people::any_region(rng, home));
        cells.extend(regions[..3].iter().map(|region| self.style.region(rng, *region)));
        cells.push(people::address(rng, regions[3].1).into());
        cells.push(format!("{}派出所", regions[3].1).into());
        cells.push(self.style.region(rng, regions[3]));
        cells.push(rng.pick(&["农业家庭户口", "农业家庭户口", "非农业家庭户口"]).into());
        cells.push(rng.pick(&["村庄", "镇中心区", "主城区"]).into());
    }

    fn course(&self, entry: &Entry<Student>, rng: &mut Rng, cells: &mut Vec<Cell>) {
        let student = &entry.record;
        let person = &entry.person;
        let title = student.major.for_intake(student.intake).title;
        cells.push(self.style.month(rng, student.intake, 9));
        cells.push(self.style.text(rng, title));
        cells.push(if student.five_year { "五年制" } else { "三年制" }.into());
        cells.push(self.style.ethnicity.write(person.ethnicity.0, person.ethnicity.1));
        cells.push(rng.pick(&["群众", "群众", "共青团员"]).into());
        cells.push("健康或良好".into());
    }

    fn admission(&self, entry: &Entry<Student>, rng: &mut Rng, cells: &mut Vec<Cell>) {
        let staged = if entry.record.five_year {
            "五年一贯制"
        } else {
            rng.pick(&["非分段培养", "非分段培养", "非分段培养", "中高职3+2"])
        };
        cells.push(rng.pick(&["农村应届", "农村应届", "城镇应届"]).into());
        cells.push(rng.pick(&["应届初中毕业生", "应届初中毕业生", "往届初中毕业生"]).into());
        let phone = people::phone(rng);
        cells.push(self.style.digits(rng, &phone));
        cells.push(self.style.yes_no(rng.chance(0.08)));
        cells.push("统一招生".into());
        cells.push("非联合办学".into());
        cells.push(rng.digits(10).into());
        cells.push(format!("14{}", rng.digits(12)).into());
        cells.push(rng.between(180, 620).to_string().into());
        cells.extend([Cell::Empty, Cell::Empty, Cell::Empty]);
        cells.push(staged.into());
        cells.push(Cell::Empty);
    }

    fn contact(&self, rng: &mut Rng, cells: &mut Vec<Cell>) {
        let county = self.school.county.map_or("尧都区", |(_, name)| name);
        cells.push(Cell::Empty);
        cells.push(people::address(rng, county).into());
        cells.push(format!("041{}", rng.digits(3)).into());
        let phone = people::phone(rng);
        cells.push(self.style.digits(rng, &phone));
    }

    /// One member of the family, in twelve columns.
    fn relative(&self, rng: &mut Rng, first: bool, intake: u16, cells: &mut Vec<Cell>) {
        let male = first != rng.chance(0.2);
        let birth = Date::in_year(intake - 15 - rng.between_u16(23, 38), rng);
        let number = people::resident_number(rng.pick(&people::OLD_REGIONS).0, birth, male, rng);
        cells.push(people::name(rng, male).into());
        cells.push(if male { "父亲" } else { "母亲" }.into());
        cells.push(self.style.yes_no(first));
        cells.push(people::phone(rng).into());
        cells.push(self.style.month(rng, birth.year, birth.month));
        cells.push(self.style.document.write("1", "居民身份证"));
        cells.push(number.into());
        cells.push(self.style.ethnicity.write("01", "汉族"));
        cells.push("群众".into());
        cells.push("健康或良好".into());
        cells.push(rng.pick(&["务农", "个体经营", "建筑公司", "运输队", "县医院", "无"]).into());
        cells.push(rng.pick(&["无", "无", "职工"]).into());
    }

    fn grade(&self, student: &Student) -> Cell {
        const NAMES: [&str; 5] = ["一年级", "二年级", "三年级", "四年级", "五年级"];
        let grade = usize::from(self.year.saturating_sub(student.intake)).min(4);
        match self.style.grade {
            0 => format!("{}级", student.intake).into(),
            1 => NAMES[grade].into(),
            _ => (grade + 1).to_string().into(),
        }
    }

    fn status(&self, entry: &Entry<Student>) -> Cell {
        let (code, label) = match entry.fault {
            Some(Fault::StatusUnknown) => return "在读中".into(),
            Some(Fault::OnLeave) => ("02", "休学"),
            Some(Fault::Withdrawn) => ("03", "退学"),
            Some(Fault::Graduated) => ("07", "毕业"),
            _ => ("01", "在读"),
        };
        self.style.status.write(code, label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_province_has_all_columns_in_another_order() {
        let national: BTreeSet<_> = header(false).into_iter().collect();
        let provincial: BTreeSet<_> = header(true).into_iter().collect();
        assert_eq!(provincial.len(), COLUMNS.len() + PROVINCIAL_COLUMNS.len());
        let gone: Vec<_> = national.difference(&provincial).collect();
        assert_eq!(gone, [&"是否建档立卡贫困户"]);
    }
}
