//! The workbook in which a school files its own copy of the six tables.

use std::error::Error;

use crate::city::schools::School;
use crate::faults::Fault;
use crate::filings::history::Filings;
use crate::filings::slips::{SHIFTED, SLIP_YEAR};
use crate::numbers::apportion::float;
use crate::numbers::rng::Rng;
use crate::printed::layout::{RESOURCES_SHEET, ROWS, SHEETS, SURVEYS_SHEET};
use crate::printed::major_groups::groups;
use crate::printed::surveys::SURVEYS;
use crate::printed::value::Value;
use crate::sheets::cell::Cell;
use crate::sheets::sheet::{Line, Mark, Sheet};
use crate::sheets::xlsx::{self, Merge};

/// The sheets of a school's own workbook.
pub fn filing_sheets(
    school: &School,
    filings: &Filings,
    year: u16,
    slip: Option<&'static str>,
    rng: &mut Rng,
) -> [Sheet; SHEETS.len()] {
    let as_text = rng.chance(0.4);
    let mut sheets = SHEETS.map(|(name, title)| Sheet { name, lines: head(school, title, year) });
    let this_year = filings.filing(school.base, year);
    let last_year = filings.last_year(school.base, year);
    for row in ROWS.iter().filter(|row| row.is_asked(year)) {
        let mut before = last_year.get(row.id);
        let slipped = slip == Some(row.id) && year == SLIP_YEAR;
        if let (true, Value::Count(count)) = (slipped, before) {
            before = Value::Count(count + rng.between(1, 20));
        }
        let mut mark = if slipped { Mark::Planted(Fault::LastYearDiffers) } else { Mark::Sound };
        let mut cells: Vec<Cell> = [row.serial, row.label, row.unit].map(Cell::from).to_vec();
        // An empty cell that was lost pulls the whole row to the left, and the unit with it.
        if slip.is_some() && year == SLIP_YEAR && SHIFTED.contains(&row.id) {
            cells = vec![row.label.into()];
            mark = Mark::Planted(Fault::RowShifted);
        }
        cells.push(cell(before, as_text));
        cells.push(cell(this_year.get(row.id), as_text));
        if let Some(survey) = SURVEYS.iter().find(|survey| survey.id == row.id) {
            cells.push(cell(this_year.get(survey.respondents), as_text));
            cells.push(survey.method.into());
        }
        sheets[row.sheet].lines.push(Line::new(cells, mark));
    }
    sheets[RESOURCES_SHEET].lines.extend(group_list(school, year));
    sheets
}

/// Each sheet's title is merged over its five columns.
pub fn filing_bytes(sheets: &[Sheet]) -> Result<Vec<u8>, Box<dyn Error>> {
    let merges: Vec<Merge> =
        (0..sheets.len()).map(|sheet| Merge { sheet, row: 0, columns: (0, 4) }).collect();
    xlsx::merged(sheets, &merges)
}

/// The list under 表3: note, header, and a line for each group of majors.
fn group_list(school: &School, year: u16) -> Vec<Line> {
    const NOTE: &str = "说明：请逐一列出学校专业群及核心专业，并选择对接产业链";
    const HEADER: [&str; 5] = ["序号", "专业群名称", "对接的区域产业", "核心专业名称", "包含专业数量（个）"];
    let frame = |cells: Vec<Cell>| Line::new(cells, Mark::Frame);
    let mut lines = vec![frame(vec![NOTE.into()]), frame(HEADER.map(Cell::from).to_vec())];
    for (number, group) in (1..).zip(groups(school.base, year)) {
        let name = format!("{}{}", school.name, group.name);
        let words = [number.to_string(), name, group.industry.to_owned(), group.majors.to_owned()];
        let mut cells: Vec<Cell> = words.iter().map(|words| words.as_str().into()).collect();
        cells.push(Cell::Number(float(group.count)));
        lines.push(Line::new(cells, Mark::Sound));
    }
    lines
}

/// Title, name line and header; the title is merged over all columns.
fn head(school: &School, title: &str, year: u16) -> Vec<Line> {
    let name = format!("名称：{}({})", school.name, school.code);
    let years = [year - 1, year].map(|year| format!("{year}年"));
    let mut header: Vec<Cell> = ["序号", "指标", "单位"].map(Cell::from).to_vec();
    header.extend(years.map(Cell::from));
    if title.starts_with(SHEETS[SURVEYS_SHEET].0) {
        header.extend(["调查人次", "调查方式"].map(Cell::from));
    }
    [vec![title.into()], vec![name.into()], header].map(|cells| Line::new(cells, Mark::Frame)).to_vec()
}

/// A count or rate as a number or as text, as the school's workbook has it.
#[allow(clippy::cast_precision_loss)]
fn cell(value: Value, as_text: bool) -> Cell {
    match (value, value.amount()) {
        (Value::Count(count), Some(_)) if !as_text => Cell::Number(float(count)),
        (_, Some(amount)) if !as_text => Cell::Number(amount as f64 / 100.0),
        _ => value.text().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::city::schools::schools;
    use crate::plan::school::plan;
    use crate::sheets::sheet::Counts;

    #[test]
    fn a_filing_has_six_sheets_and_repeats_the_year_before() {
        let plans = plan(3);
        let filings = Filings::new(&plans, 3);
        let school = &schools(1)[7];
        let file = |year| {
            let mut rng = Rng::stream(3, "filing", 0);
            filing_sheets(school, &filings, year, None, &mut rng)
        };
        let years = [file(2023), file(2024)];
        // Ten rows are asked since 2024, and the school has three groups of majors.
        for (sheets, loaded) in years.iter().zip([113 + 3, 123 + 3]) {
            let names = ["表1", "表2", "表3", "表4", "表5", "表6"];
            assert_eq!(sheets.each_ref().map(|sheet| sheet.name), names);
            let counts = Counts::of(sheets);
            assert_eq!((counts.structural, counts.loaded), (6 * 3 + 2, loaded));
        }
        let [before, now] = years.map(|[.., policy]| policy.lines);
        assert_eq!(now[0].cells, [Cell::from("表6 落实政策表")]);
        let printed = ["1", "全日制在校生人数", "人"];
        assert_eq!(now[3].cells[..3], printed.map(Cell::from));
        assert_eq!(now[3].cells[3].display(), before[3].cells[4].display());
    }
}
