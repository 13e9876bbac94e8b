//! What an audit expected of a report and did not find, and how much of it was examined.

use super::output;
use crate::audit::coverage::Coverage;
use crate::audit::report::CellAt;

pub fn print(coverage: &Coverage) {
    let level = match coverage.level {
        Some("city") => "，全市",
        Some("county") => "，县（市、区）",
        Some(_) => "，学校",
        None => "",
    };
    output::line(&format!("\n应有与实有（{} 年表式{level}）", coverage.tables_of));
    let relations = coverage.relations;
    let row = |name: &str, text: &str| output::line(&format!("  {}{text}", output::left(name, 8)));
    row(
        "关系",
        &format!(
            "应查 {} 条，查了 {} 条；空白或“-”，无数可查 {} 条；缺报或读不出 {} 条；缺表、行、列 {} 条",
            relations.expected,
            relations.examined,
            relations.without_number,
            relations.unreadable,
            relations.lacking
        ),
    );
    for (name, measure, found) in
        [("表", "张", coverage.tables), ("行", "行", coverage.rows), ("列", "列", coverage.columns)]
    {
        row(name, &format!("应有 {} {measure}，有 {} {measure}", found.expected, found.found));
    }
    let cells = &coverage.cells;
    row(
        "单元格",
        &format!(
            "{} 个，读出 {} 个；空白 {} 个，缺报 {} 个，读不出 {} 个",
            cells.all(),
            cells.read,
            cells.blank,
            cells.missing,
            cells.unreadable.len()
        ),
    );
    print_absent(coverage);
    print_cells("读不出的单元格", &cells.unreadable);
    print_cells("表式中没有的行", &cells.unknown_rows);
}

/// Names in a line; `--json` has them all.
const NAMED: usize = 8;

fn print_absent(coverage: &Coverage) {
    let wanted = |relations: usize| {
        if relations > 0 { format!("（用到它的关系 {relations} 条）") } else { String::new() }
    };
    let tables = coverage.absent_tables.iter().map(|table| {
        let header = table.header.as_ref().map_or_else(String::new, |header| {
            let lacks: Vec<String> = header.lacks.iter().map(|column| format!("“{column}”")).collect();
            format!("：工作表“{}”第 {} 行的表头没有{}", header.sheet, header.row, lacks.join("、"))
        });
        format!("{}{header}{}", table.title, wanted(table.relations))
    });
    let columns = coverage
        .absent_columns
        .iter()
        .map(|absent| format!("{} 的“{}”列{}", absent.table, absent.column, wanted(absent.relations)));
    let rows = coverage.absent_rows.iter().map(|absent| {
        let measure =
            if absent.measure == "值" { String::new() } else { format!("（{}）", absent.measure) };
        format!("{} 的“{}”{measure}行{}", absent.table, absent.row, wanted(absent.relations))
    });
    let absent: Vec<String> = tables.chain(columns).chain(rows).collect();
    if absent.is_empty() {
        return;
    }
    output::line("\n没有找到");
    for line in &absent {
        output::line(&format!("  {line}"));
    }
    let lacking: Vec<String> = coverage
        .lacking
        .iter()
        .map(|relation| {
            let times = if relation.times > 1 { format!(" ×{}", relation.times) } else { String::new() };
            format!("{}{times}", relation.id)
        })
        .collect();
    if !lacking.is_empty() {
        let more =
            if lacking.len() > NAMED { format!(" 等 {} 种关系", lacking.len()) } else { String::new() };
        let named = &lacking[..lacking.len().min(NAMED)];
        output::line(&format!("  因此没有检查：{}{more}", named.join("、")));
    }
}

fn print_cells(heading: &str, cells: &[CellAt]) {
    if cells.is_empty() {
        return;
    }
    output::line(&format!("\n{heading} {}", cells.len()));
    for cell in cells {
        output::line(&format!(
            "  工作表“{}” {}{}  {}：“{}”",
            cell.sheet, cell.column, cell.row, cell.figure, cell.text
        ));
    }
}
