//! The exports without people as files: their headers, titles, units and frames.

use std::error::Error;

use crate::city::schools::{COUNTIES, RESIDUAL};
use crate::exports::export::Export;
use crate::exports::manner::{Manner, columns, named_after, topic};
use crate::exports::writer::Rows;
use crate::faults::Fault;
use crate::numbers::decimal;
use crate::numbers::rng::Rng;
use crate::sheets::cell::Cell;
use crate::sheets::shapes;
use crate::sheets::sheet::{Line, Mark, Sheet};
use crate::sheets::xlsx::{self, Merge};

/// A school and its rows.
pub struct SchoolRows<'a> {
    pub code: &'a str,
    pub name: &'a str,
    pub rows: Rows,
}

/// One file: its name, its bytes, and its sheets as a reader should take them.
pub struct ExportFile {
    pub name: String,
    pub bytes: Vec<u8>,
    pub sheets: Vec<Sheet>,
}

/// A file of an export that holds the rows of `schools`; `place` names the school or county.
///
/// # Errors
/// When the bytes cannot be made.
pub fn export_file(
    (export, year): (Export, u16),
    place: &str,
    schools: Vec<SchoolRows>,
    manner: Manner,
    seed: u64,
) -> Result<ExportFile, Box<dyn Error>> {
    if export == Export::Conditions {
        return conditions(place, schools, manner);
    }
    let mut rng = Rng::stream(seed, &format!("frame of {} {year}", export.dataset()), schools.len());
    let mut lines = Vec::new();
    for SchoolRows { code, name, rows } in schools {
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
    let name = format!("{place}{}.{}", named_after(export, manner), manner.shape.extension());
    Ok(ExportFile { name, bytes, sheets: vec![sheet] })
}

/// 合计 of persons and amounts, in the unit of the file.
fn aid_total(lines: &[Line], width: usize) -> Line {
    let sum = |column: usize| {
        let texts = lines.iter().filter_map(|line| line.cells.get(column)).map(Cell::display);
        let amounts = texts.filter_map(|text| hundred_millionths(&text));
        decimal::scaled(amounts.sum(), 8)
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
fn conditions(place: &str, schools: Vec<SchoolRows>, manner: Manner) -> Result<ExportFile, Box<dyn Error>> {
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
    for SchoolRows { code, name, rows } in schools {
        for Line { cells, mark } in rows.lines {
            campuses.push(Line::new([code.into(), name.into()].into_iter().chain(cells).collect(), mark));
        }
    }
    let mut total = vec![Cell::Empty; 10];
    total[0] = "总    计".into();
    for (column, cell) in total.iter_mut().enumerate().take(8).skip(3) {
        let texts = campuses.iter().map(|line| line.cells[column].display());
        *cell = decimal::scaled(texts.filter_map(|text| hundred_millionths(&text)).sum(), 8).into();
    }
    let mut lines = vec![frame(vec!["学校办学条件".into()]), frame(line), frame(upper), frame(lower)];
    lines.extend([frame(numbers), frame(total)]);
    lines.extend(campuses);
    let cover =
        ["中等职业学校统计报表", place, "填报人：办公室"].map(|text| frame(vec![text.into()])).to_vec();
    let contents = vec![frame(vec!["目录".into()]), frame(vec!["教基5377".into(), "学校办学条件".into()])];
    let sheets = vec![
        Sheet { name: "封面", lines: cover },
        Sheet { name: "目录", lines: contents },
        Sheet { name: "教基5377", lines },
    ];
    let merges = [Merge { sheet: 2, row: 0, columns: (0, 9) }, Merge { sheet: 2, row: 2, columns: (8, 9) }];
    let bytes = xlsx::merged(&sheets, &merges)?;
    let name = format!("{place}{}.xlsx", named_after(Export::Conditions, manner));
    Ok(ExportFile { name, bytes, sheets })
}

/// Who gathers the finance of a region's schools.
pub fn gathered_by(region: &str) -> &'static str {
    let county = COUNTIES.iter().find(|(code, _)| *code == region);
    county.map_or(if region == RESIDUAL { "省属学校" } else { "全市" }, |(_, name)| name)
}
