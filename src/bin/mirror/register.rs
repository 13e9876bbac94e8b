//! The register of schools and the 专业点 each offers.

use crate::apportion::float;
use crate::cells::{Cell, Style};
use crate::city::School;
use crate::majors::MAJORS;
use crate::plan::{Offer, SchoolPlan};
use crate::planted::Fault;
use crate::rng::Rng;
use crate::sheet::{Line, Mark, Sheet, plant_duplicates};
use crate::totals::YEARS;

const SCHOOL_COLUMNS: [&str; 15] = [
    "学校标识码",
    "学校名称",
    "办学类型",
    "办学类型代码",
    "举办者性质",
    "隶属层级",
    "属地管理行政区划码",
    "学校状态",
    "教职员工额定编制数",
    "占地面积（平方米）",
    "校舍建筑面积（平方米）",
    "建校年月",
    "学校地址",
    "邮政编码",
    "联系电话",
];
const ESTABLISHMENT_COLUMN: usize = 8;

pub const MAJOR_COLUMNS: [&str; 7] =
    ["学校标识码", "学校名称", "专业代码", "专业名称", "学制", "设置年份", "专业状态"];

/// 学校基本信息: one sheet for the city, with a title, a total and a note.
pub fn schools(schools: &[School], plans: &[SchoolPlan], year: usize, rng: &mut Rng) -> Sheet {
    let establishment = |school: &School| plans[school.base].years[year].establishment;
    let total = schools.iter().map(establishment).sum();
    let mut total_row = vec![Cell::Empty; ESTABLISHMENT_COLUMN + 1];
    total_row[0] = "合计".into();
    total_row[ESTABLISHMENT_COLUMN] = Cell::Number(float(total));
    let mut lines = vec![
        Line::new(vec!["中等职业学校基本信息".into()], Mark::Frame),
        Line::new(SCHOOL_COLUMNS.map(Cell::from).to_vec(), Mark::Frame),
    ];
    lines.extend(schools.iter().map(|school| {
        let students = plans[school.base].years[year].students;
        let cells = school_cells(school, establishment(school), students, rng);
        Line::new(cells, Mark::Sound)
    }));
    lines.push(Line::new(total_row, Mark::Frame));
    let note = "注：编制数以机构编制部门核定数为准。";
    lines.push(Line::new(vec![note.into()], Mark::Frame));
    Sheet { name: "sheet1", lines }
}

fn school_cells(school: &School, establishment: usize, students: usize, rng: &mut Rng) -> Vec<Cell> {
    // A row is typed in by its own school, so that each has a style of its own.
    let style = Style::draw(rng);
    let region = match school.county {
        Some(county) => style.region(rng, county),
        None => rng.pick(&["140000", "山西省(140000)"]).into(),
    };
    let land = students * rng.between(28, 60) + 2_000;
    let buildings = students * rng.between(12, 24) + 1_500;
    let founded = rng.between_u16(1958, 2012);
    let seat = school.county.map_or("尧都区", |(_, name)| name);
    vec![
        school.code.as_str().into(),
        school.name.as_str().into(),
        school.kind.label().into(),
        school.kind.code().into(),
        if school.private { "民办" } else { "公办" }.into(),
        school.level().into(),
        region,
        "正常".into(),
        Cell::Number(float(establishment)),
        Cell::Number(float(land)),
        Cell::Number(float(buildings)),
        style.month(rng, founded, 9),
        crate::people::address(rng, seat).into(),
        format!("041{}", rng.digits(3)).into(),
        format!("0357-{}", rng.digits(7)).into(),
    ]
}

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
