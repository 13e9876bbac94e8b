//! How one file of an export is made up: its shape, its units, its columns, and what people call it.

use crate::exports::export::Export;
use crate::exports::units::Units;
use crate::numbers::rng::Rng;
use crate::sheets::shapes::Shape;
use crate::sheets::sheet::Frame;

/// The choices made for one file.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    pub shape: Shape,
    pub frame: Frame,
    pub units: Units,
    /// Whether units stand in the line above the header and not in it.
    pub unit_line: bool,
    /// Whether people named the file after another export.
    swapped: bool,
}

impl Manner {
    pub fn draw(export: Export, year: u16, part: usize, seed: u64) -> Self {
        let mut rng = Rng::stream(seed, &format!("manner of {} {year}", export.dataset()), part);
        let (shape, frame) = match export {
            Export::Surveys => (Shape::Xlsx, Frame::Noted),
            Export::Certificates1X => (Shape::Html, Frame::Plain),
            Export::Fitness => (Shape::Xlsx, Frame::Provincial),
            Export::Certificates => (Shape::CsvGb18030, Frame::Plain),
            Export::Courses => rng.pick(&[
                (Shape::Xlsx, Frame::Plain),
                (Shape::Xlsx, Frame::Titled),
                (Shape::Xlsx, Frame::Repeated),
                (Shape::Html, Frame::Plain),
                (Shape::CsvGb18030, Frame::Noted),
            ]),
            Export::Finance => rng.pick(&[
                (Shape::Xlsx, Frame::Titled),
                (Shape::Xlsx, Frame::Titled),
                (Shape::Html, Frame::Titled),
            ]),
            _ => (Shape::Xlsx, Frame::Titled),
        };
        let mut units = Units::draw(&mut rng);
        // The city's files change their unit from year to year, and the counties differ in one year.
        match export {
            Export::Mentors | Export::Aid => units.yuan = year.is_multiple_of(2),
            Export::Finance => units.yuan = part.is_multiple_of(2),
            _ => {}
        }
        Self { shape, frame, units, unit_line: rng.chance(0.5), swapped: part % 15 == 4 }
    }
}

/// The columns after 序号 and the school.
pub fn columns(export: Export, manner: Manner) -> Vec<String> {
    let money = |title: &str| {
        let stated = !(manner.unit_line && manner.frame == Frame::Titled);
        if stated { format!("{title}（{}）", manner.units.money_name()) } else { title.to_owned() }
    };
    let plain = |titles: &[&str]| titles.iter().map(|&title| title.to_owned()).collect::<Vec<_>>();
    match export {
        Export::Surveys => plain(&["调查对象", "题项", "调查方式", "有效答卷", "满意度（%）"]),
        Export::Courses => plain(&[
            "课程代码",
            "课程名称",
            " 学时",
            "是否课证融通",
            "是否网络教学",
            "是否校企合作",
            "备注",
            "备注",
        ]),
        Export::Resources => plain(&[
            "资源类别",
            "资源名称",
            "建设级别",
            "是否接入国家智慧教育平台",
            "学时",
            "学习人数",
            "是否国家规划教材",
            "是否校企合作编写",
            "是否新形态教材",
        ]),
        Export::Finance => [plain(&["收支项目", "摘要"]), vec![money("金额")]].concat(),
        Export::Service => plain(&["事项", "名称", "培训学时", "其中：公益学时"]),
        Export::International => plain(&["国际交流事项", "国别（地区）", "数量", "计量单位"]),
        Export::Mentors => [plain(&["导师类别", "所在行业", "年课时"]), vec![money("年课酬")]].concat(),
        Export::Fitness => plain(&["年级", "应测人数", "参测人数", "及格及以上人数"]),
        Export::Certificates => plain(&["职业（工种）名称", "技能等级", "评价机构", "获证人数"]),
        Export::Certificates1X => plain(&[
            "证书名称",
            "证书等级",
            "培训评价组织",
            "已发放证书数",
            "已完成考核待发放",
            "考核站点待签发",
            "培训评价组织待签发",
        ]),
        Export::Prizes => plain(&["大赛名称", "赛项名称", "参赛形式", "获奖等级", "证书编号"]),
        Export::Aid => [plain(&["资助项目", "资助档次", "受助人次"]), vec![money("发放金额")]].concat(),
        Export::Conditions => Vec::new(),
    }
}

/// What people call it.
pub fn topic(export: Export) -> &'static str {
    match export {
        Export::Surveys => "满意度调查结果",
        Export::Courses => "课程",
        Export::Resources => "教学资源建设情况",
        Export::Conditions => "办学条件",
        Export::Finance => "经费收支",
        Export::Service => "社会服务与校企合作",
        Export::International => "国际交流登记",
        Export::Mentors => "行业导师",
        Export::Fitness => "体质健康测试汇总",
        Export::Certificates => "技能等级证书",
        Export::Certificates1X => "1+X证书统计",
        Export::Prizes => "技能大赛获奖名单",
        Export::Aid => "学生资助发放",
    }
}

/// The topic in a file's name: of a few files, that of another export.
pub fn named_after(export: Export, manner: Manner) -> &'static str {
    match (manner.swapped, export) {
        (true, Export::Courses) => topic(Export::Conditions),
        (true, Export::Conditions | Export::Finance) => topic(Export::Courses),
        _ => topic(export),
    }
}
