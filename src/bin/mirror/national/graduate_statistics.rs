//! 毕业出口统计信息: the graduates summed by major, as the national system exports it.

use std::collections::BTreeMap;
use std::error::Error;

use rust_xlsxwriter::Format;

use crate::city::schools::School;
use crate::numbers::apportion::float;
use crate::rosters::graduates::{Destination, Graduate};
use crate::rosters::roster::Roster;
use crate::sheets::cell::Cell;
use crate::sheets::sheet::{Line, Mark, Sheet};
use crate::sheets::xlsx;

/// The leading columns of the export, each merged over the two header rows; the first two are ours.
pub const STATISTICS_LEADING: [&str; 8] =
    ["学校标识码", "学校名称", "毕业年份", "专业名称", "毕业生数", "直接就业数", "升学数", "未就业数"];

/// Groups of the first header row with the columns under them.
pub const STATISTICS_GROUPS: [(&str, &[&str]); 9] = [
    (
        "直接就业情况",
        &["签定合同或就业协议数", "对口就业人数", "应征义务兵人数", "自主创业人数", "灵活就业人数"],
    ),
    (
        "按社会就业单位性质",
        &["机关就业数", "事业单位就业数", "国有企业就业数", "民营企业就业数", "其他单位就业数"],
    ),
    ("按就业产业性质", &["第一产业就业数", "第二产业就业数", "第三产业就业数"]),
    ("按就业地类型", &["本省就业数", "外省就业数", "境外就业数"]),
    ("按就业渠道情况", &["学校推荐就业数", "中介介绍就业数", "其他渠道就业数"]),
    ("合同或协议签定情况", &["一年及以下人数", "1-2（含）年人数", "2-3（含）年人数", "3年以上人数"]),
    ("就业薪酬情况", &["2000以下人数", "2001-3000人数", "3001-4000人数", "4000以上"]),
    (
        "升学情况",
        &[
            "普通高考升学人数",
            "职教高考升学人数",
            "出国、出境升学人数",
            "贯通培养升学人数",
            "5年一贯",
            "升入专科数",
        ],
    ),
    ("未就业情况", &["待就业人数", "不就业拟升学人数", "其他暂不就业人数"]),
];

/// Counts of one major, column by column from 毕业生数 on.
pub const STATISTICS_COUNTS: usize = 40;

/// 毕业出口统计信息: one row for each major, of the graduates that count.
pub fn statistics_sheet(school: &School, year: u16, roster: &Roster<Graduate>) -> Sheet {
    let mut by_title: BTreeMap<&str, [usize; STATISTICS_COUNTS]> = BTreeMap::new();
    for entry in roster.counted() {
        let graduate = &entry.record;
        let title = graduate.major.for_intake(graduate.intake).title;
        let counts = by_title.entry(title).or_insert([0; STATISTICS_COUNTS]);
        for column in columns(graduate) {
            counts[column] += 1;
        }
    }
    let mut lines = header_lines();
    lines.extend(by_title.into_iter().map(|(title, counts)| {
        let mut cells: Vec<Cell> = vec![school.code.as_str().into(), school.name.as_str().into()];
        cells.push(year.to_string().into());
        cells.push(title.into());
        cells.extend(counts.map(number_or_empty));
        Line::new(cells, Mark::Sound)
    }));
    Sheet { name: "Sheet1", lines }
}

/// The export leaves zeros out.
fn number_or_empty(count: usize) -> Cell {
    if count == 0 { Cell::Empty } else { Cell::Number(float(count)) }
}

fn header_lines() -> Vec<Line> {
    let mut groups: Vec<Cell> = STATISTICS_LEADING.map(Cell::from).to_vec();
    let mut leaves: Vec<Cell> = vec![Cell::Empty; STATISTICS_LEADING.len()];
    for (group, columns) in STATISTICS_GROUPS {
        groups.push(group.into());
        groups.extend(std::iter::repeat_n(Cell::Empty, columns.len() - 1));
        leaves.extend(columns.iter().map(|&column| column.into()));
    }
    vec![Line::new(groups, Mark::Frame), Line::new(leaves, Mark::Frame)]
}

/// The columns a graduate is counted in, from 毕业生数 as 0.
fn columns(graduate: &Graduate) -> Vec<usize> {
    let mut columns = vec![0];
    if graduate.is_direct() {
        columns.push(1);
        columns.push(match graduate.destination {
            Destination::Contract => 4,
            Destination::Enlisted => 6,
            Destination::Startup => 7,
            _ => 8,
        });
        columns.extend(graduate.matched.then_some(5));
        columns.extend([
            9 + graduate.employer,
            14 + graduate.industry,
            17 + graduate.place,
            20 + graduate.channel,
            27 + graduate.pay,
        ]);
        columns.extend((graduate.destination == Destination::Contract).then_some(23 + graduate.term));
    } else if graduate.is_further_study() {
        columns.extend([2, 31 + graduate.route]);
        columns.extend((graduate.destination == Destination::College).then_some(36));
    } else {
        columns.extend([3, 37 + graduate.reason]);
    }
    columns
}

/// 毕业出口统计信息.xlsx: header groups merged as the system merges them, and a styled empty cell
/// far out, so that the declared range is A1:CZ5000 whatever the data.
pub fn statistics_bytes(sheet: &Sheet) -> Result<Vec<u8>, Box<dyn Error>> {
    const LAST_CELL: (u32, u16) = (4_999, 103);
    let mut workbook = xlsx::empty()?;
    let worksheet = workbook.add_worksheet();
    worksheet.set_name(sheet.name)?;
    let format = Format::new().set_bold();
    for (column, name) in (0..).zip(STATISTICS_LEADING) {
        worksheet.merge_range(0, column, 1, column, name, &format)?;
    }
    let mut column = 8;
    for (group, columns) in STATISTICS_GROUPS {
        let next = column + u16::try_from(columns.len())?;
        worksheet.merge_range(0, column, 0, next - 1, group, &format)?;
        column = next;
    }
    xlsx::write_lines(worksheet, sheet)?;
    worksheet.write_blank(LAST_CELL.0, LAST_CELL.1, &format)?;
    Ok(workbook.save_to_buffer()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Read};
    use zip::ZipArchive;

    #[test]
    fn the_export_has_its_42_columns_after_our_two() {
        let leaves: usize = STATISTICS_GROUPS.iter().map(|(_, columns)| columns.len()).sum();
        assert_eq!(STATISTICS_LEADING.len() + leaves, 44);
        assert_eq!(STATISTICS_COUNTS, leaves + 4);
        assert_eq!(header_lines()[1].cells.len(), 44);
    }

    #[test]
    fn the_statistics_declare_their_whole_range() {
        let lines =
            ["学校标识码", "", "3614000011"].map(|text| Line::new(vec![text.into()], Mark::Sound)).to_vec();
        let bytes = statistics_bytes(&Sheet { name: "sheet1", lines }).unwrap();
        let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut xml = String::new();
        let mut part = archive.by_name("xl/worksheets/sheet1.xml").unwrap();
        part.read_to_string(&mut xml).unwrap();
        assert!(xml.contains("<dimension ref=\"A1:CZ5000\"/>"));
        assert!(xml.contains("<c r=\"CZ5000\" s=\"1\"/>"));
    }
}
