//! 学校基本信息: the register of schools.

use crate::city::people;
use crate::city::schools::School;
use crate::numbers::apportion::float;
use crate::numbers::rng::Rng;
use crate::plan::school::SchoolPlan;
use crate::sheets::cell::Cell;
use crate::sheets::sheet::{Line, Mark, Sheet};
use crate::sheets::style::Style;

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

/// 学校基本信息: one sheet for the city, with a title, a total and a note.
pub fn school_register(schools: &[School], plans: &[SchoolPlan], year: u16, rng: &mut Rng) -> Sheet {
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
        people::address(rng, seat).into(),
        format!("041{}", rng.digits(3)).into(),
        format!("0357-{}", rng.digits(7)).into(),
    ]
}
