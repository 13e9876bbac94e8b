//! The exports without people as files: their headers, titles, units and frames.

use std::error::Error;

use crate::cells::Cell;
use crate::city::{COUNTIES, RESIDUAL};
use crate::exports::{Export, Rows, Units};
use crate::planted::Fault;
use crate::rng::Rng;
use crate::shapes::{self, Merge, Shape};
use crate::sheet::{Frame, Line, Mark, Sheet};

/// A school and its rows.
pub type OfSchool<'a> = (&'a str, &'a str, Rows);

/// One file: its name, its bytes, and its sheets as a reader should take them.
pub struct Written {
    pub name: String,
    pub bytes: Vec<u8>,
    pub sheets: Vec<Sheet>,
}

/// How one file of an export is made up.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    pub shape: Shape,
    pub frame: Frame,
    pub units: Units,
    /// Whether units stand in the line above the header and not in it.
    unit_line: bool,
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
fn columns(export: Export, manner: Manner) -> Vec<String> {
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
fn topic(export: Export) -> &'static str {
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
fn named_after(export: Export, manner: Manner) -> &'static str {
    match (manner.swapped, export) {
        (true, Export::Courses) => topic(Export::Conditions),
        (true, Export::Conditions | Export::Finance) => topic(Export::Courses),
        _ => topic(export),
    }
}

/// A file of an export that holds the rows of `schools`; `of` names the school or county.
///
/// # Errors
/// When the bytes cannot be made.
pub fn file(
    (export, year): (Export, u16),
    of: &str,
    schools: Vec<OfSchool>,
    manner: Manner,
    seed: u64,
) -> Result<Written, Box<dyn Error>> {
    if export == Export::Conditions {
        return conditions(of, schools, manner);
    }
    let mut rng = Rng::stream(seed, &format!("frame of {} {year}", export.dataset()), schools.len());
    let mut lines = Vec::new();
    for (code, name, rows) in schools {
        for Line { cells, mark } in rows.lines {
            let number = (lines.len() + 1).to_string();
            let school = [number.into(), code.into(), name.into()];
            lines.push(Line::new(school.into_iter().chain(cells).collect(), mark));
        }
    }
    let header = columns(export, manner);
    let head = ["序号", "学校标识码", "学校名称"].map(str::to_owned);
    let header: Vec<String> = head.into_iter().chain(header).collect();
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let has_money = matches!(export, Export::Finance | Export::Mentors | Export::Aid);
    let unit = if has_money && manner.unit_line {
        format!("单位：{}、人", manner.units.money_name())
    } else {
        "导出".to_owned()
    };
    let titles = [topic(export).to_owned(), unit];
    if export == Export::Aid {
        lines.push(aid_total(&lines, header.len()));
    }
    let mut sheet = Sheet::framed(&header, lines, manner.frame, &titles, &mut rng);
    let bytes = shapes::bytes(&sheet, manner.shape)?;
    if !manner.shape.has_sheets() {
        sheet.name = "";
    }
    let name = format!("{of}{}.{}", named_after(export, manner), manner.shape.extension());
    Ok(Written { name, bytes, sheets: vec![sheet] })
}

/// 合计 of persons and amounts, in the unit of the file.
fn aid_total(lines: &[Line], width: usize) -> Line {
    let sum = |column: usize| {
        let texts = lines.iter().filter_map(|line| line.cells.get(column)).map(Cell::display);
        let amounts = texts.filter_map(|text| hundred_millionths(&text));
        crate::decimal::scaled(amounts.sum(), 8)
    };
    let mut cells = vec![Cell::Empty; width];
    cells[0] = "合　　计".into();
    cells[width - 2] = sum(width - 2).into();
    cells[width - 1] = sum(width - 1).into();
    Line::new(cells, Mark::Planted(Fault::TotalRow))
}

fn hundred_millionths(text: &str) -> Option<u128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<8}").parse().ok()
}

/// A workbook in the manner of the statistics: cover, contents, and a sheet with a merged title, a
/// line with units, two header rows, a line that numbers the columns, 总计 and the campuses.
fn conditions(of: &str, schools: Vec<OfSchool>, manner: Manner) -> Result<Written, Box<dyn Error>> {
    let frame = |cells: Vec<Cell>| Line::new(cells, Mark::Frame);
    let units = manner.units;
    let with_unit = |title: &str, unit: &str| {
        if manner.unit_line { Cell::from(title) } else { Cell::from(format!("{title}（{unit}）")) }
    };
    let stated = if manner.unit_line {
        let names = [units.area_name(), units.money_name(), units.bandwidth_name()];
        format!("单位：{}", names.join("、"))
    } else {
        "单位：见各栏".to_owned()
    };
    let mut line: Vec<Cell> = vec![Cell::Empty; 10];
    line[0] = "教基5377".into();
    line[7] = stated.into();
    let mut upper: Vec<Cell> = ["学校标识码", "学校名称", "校区"].map(Cell::from).to_vec();
    upper.extend([
        with_unit("占地面积", units.area_name()),
        with_unit("教学科研仪器设备\n资产值", units.money_name()),
        with_unit("其中：企业提供的校内实践教学设备值", units.money_name()),
        "实践教学工位数（个）".into(),
        " 图书（册）".into(),
        "网络带宽".into(),
    ]);
    let mut lower = vec![Cell::Empty; 8];
    lower.extend([
        with_unit("互联网出口", units.bandwidth_name()),
        with_unit("校园网主干", units.bandwidth_name()),
    ]);
    let numbers = ["甲", "乙", "丙", "1", "2", "3", "4", "5", "6", "7"].map(Cell::from).to_vec();
    let mut campuses = Vec::new();
    for (code, name, rows) in schools {
        for Line { cells, mark } in rows.lines {
            campuses.push(Line::new([code.into(), name.into()].into_iter().chain(cells).collect(), mark));
        }
    }
    let mut total = vec![Cell::Empty; 10];
    total[0] = "总    计".into();
    for (column, cell) in total.iter_mut().enumerate().take(8).skip(3) {
        let texts = campuses.iter().map(|line| line.cells[column].display());
        *cell = crate::decimal::scaled(texts.filter_map(|text| hundred_millionths(&text)).sum(), 8).into();
    }
    let mut lines = vec![frame(vec!["学校办学条件".into()]), frame(line), frame(upper), frame(lower)];
    lines.extend([frame(numbers), frame(total)]);
    lines.extend(campuses);
    let cover = ["中等职业学校统计报表", of, "填报人：办公室"].map(|text| frame(vec![text.into()])).to_vec();
    let contents = vec![frame(vec!["目录".into()]), frame(vec!["教基5377".into(), "学校办学条件".into()])];
    let sheets = vec![
        Sheet { name: "封面", lines: cover },
        Sheet { name: "目录", lines: contents },
        Sheet { name: "教基5377", lines },
    ];
    let merges = [Merge { sheet: 2, row: 0, columns: (0, 9) }, Merge { sheet: 2, row: 2, columns: (8, 9) }];
    let bytes = shapes::merged(&sheets, &merges)?;
    let name = format!("{of}{}.xlsx", named_after(Export::Conditions, manner));
    Ok(Written { name, bytes, sheets })
}

/// Who gathers the finance of a region's schools.
pub fn gathered_by(region: &str) -> &'static str {
    let county = COUNTIES.iter().find(|(code, _)| *code == region);
    county.map_or(if region == RESIDUAL { "省属学校" } else { "全市" }, |(_, name)| name)
}
