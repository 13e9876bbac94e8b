//! The differences of a year as a workbook, in which people explain them; it is read back.
//!
//! A row for each pair that differs or has one side only, schools on one sheet, city and counties on
//! another. People fill in 处理说明 and 处理人. Reading goes by the heads and by the codes in a row,
//! whatever was sorted, filtered or moved, and returns the row's values too: a note applies to
//! those only. Where one basis has 0 and the other a dash, one row stands for all of them, with one note; which
//! they are is on a sheet of its own.

use std::collections::{BTreeMap, BTreeSet};

use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, IgnoreError, Workbook, Worksheet,
    XlsxError,
};

use super::paper;
use super::printed_number;
use super::sheet::Heading;
use crate::decisions::values::note_key;
use crate::decode::{Cell, Row};
use crate::definitions::Definitions;
use crate::definitions::layout::Layout;
use crate::figure::{Delivered, Level, State};
use crate::figures::reconcile::{Agreement, Difference, PairKey, Side};
use crate::figures::{shown, text_of_shown};
use crate::number::{Decimal, Ratio};
use crate::period::ReportYear;
use crate::position;
use crate::warehouse::files;

/// Names for codes.
#[derive(Debug, Default)]
pub struct Names {
    pub regions: BTreeMap<String, String>,
    pub schools: BTreeMap<String, String>,
}

impl Names {
    fn region<'a>(&'a self, code: &'a str) -> &'a str {
        self.regions.get(code).map_or(code, String::as_str)
    }
}

const HEADS: [(&str, f64); 18] = [
    ("年度", 6.0),
    ("县（市、区）", 12.0),
    ("代码", 13.0),
    ("名称", 20.0),
    ("指标代码", 18.0),
    ("指标", 26.0),
    ("单位", 8.0),
    ("口径甲", 8.0),
    ("数值甲", 12.0),
    ("口径乙", 8.0),
    ("数值乙", 12.0),
    ("差（乙－甲）", 12.0),
    ("相对差（%）", 11.0),
    ("允许差", 9.0),
    ("比对结果", 12.0),
    ("印于", 18.0),
    (NOTE, 30.0),
    (BY, 12.0),
];
pub const NOTE: &str = "处理说明";
pub const BY: &str = "处理人";
/// Columns of figures, which are numbers where they are not words.
const FIGURES: [&str; 5] = ["数值甲", "数值乙", "差（乙－甲）", "相对差（%）", "允许差"];
/// Columns by which a row is identified when it is read back, and those that people fill in.
const READ: [&str; 9] = ["年度", "代码", "指标代码", "口径甲", "数值甲", "口径乙", "数值乙", NOTE, BY];

/// Rows above the data: title, explanation, heads.
const ROWS_ABOVE: u32 = 3;

struct Style {
    title: Format,
    plain: Format,
    head: Format,
    text: Format,
    figure: Format,
    to_fill: Format,
}

impl Style {
    fn new() -> Self {
        let font = || Format::new().set_font_name("宋体").set_font_size(11);
        let cell = || font().set_border(FormatBorder::Thin).set_align(FormatAlign::VerticalCenter);
        Style {
            title: font().set_bold().set_font_size(14),
            plain: font().set_font_size(9),
            head: cell().set_bold().set_align(FormatAlign::Center).set_background_color(0x00DD_E8F3),
            text: cell().set_text_wrap(),
            figure: cell().set_align(FormatAlign::Right),
            to_fill: cell().set_text_wrap().set_background_color(0x00FF_F2CC),
        }
    }
}

/// The workbook, as bytes.
///
/// # Errors
/// When it cannot be made, through a fault of the program.
pub fn workbook(
    differences: &[Difference],
    definitions: &Definitions,
    names: &Names,
    heading: &Heading,
) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let created = ExcelDateTime::parse_from_str(&heading.created)?;
    book.set_properties(&DocProperties::new().set_title(&heading.name).set_creation_datetime(&created));
    let style = Style::new();
    let layout = definitions.layout(heading.year);
    let (mut schools, mut above): (Vec<&Difference>, Vec<&Difference>) = differences
        .iter()
        .filter(|pair| pair.answer != Agreement::Agrees)
        .partition(|pair| pair.key.unit.level == Level::School);
    // By school, since the work is divided that way.
    schools.sort_by(|a, b| (&a.key.unit, &a.key).cmp(&(&b.key.unit, &b.key)));
    above.sort_by(|a, b| (b.key.unit.level, &a.key).cmp(&(a.key.unit.level, &b.key)));
    let all_zeros = zeros(differences);
    for (name, rows) in [("学校", schools), ("市县", above)] {
        let sheet = book.add_worksheet().set_name(name)?;
        let of_zeros = all_zeros.iter().filter(|_| name == "学校").map(|zeros| row_of_zeros(zeros, names));
        let single = rows.into_iter().filter(|pair| !is_zero_and_dash(pair));
        let single = single.map(|pair| row(pair, definitions, layout, names));
        let rows: Vec<[String; HEADS.len()]> = of_zeros.chain(single).collect();
        write_sheet(sheet, name, &rows, heading, &style)?;
    }
    if !all_zeros.is_empty() {
        write_zeros(book.add_worksheet().set_name(ZEROS)?, &all_zeros, definitions, names, &style)?;
    }
    book.save_to_buffer()
}

fn row(
    pair: &Difference,
    definitions: &Definitions,
    layout: Option<&Layout>,
    names: &Names,
) -> [String; HEADS.len()] {
    let PairKey { indicator_id, unit, basis_a, basis_b } = &pair.key;
    let indicator = definitions.indicator(indicator_id);
    let (code, name) = if unit.school_code.is_empty() {
        (&unit.region_code, names.region(&unit.region_code))
    } else {
        (&unit.school_code, names.schools.get(&unit.school_code).map_or("不在名册", String::as_str))
    };
    let percent = pair
        .difference()
        .zip(pair.a.value)
        .and_then(|(numerator, denominator)| Ratio { numerator, denominator, factor: 100 }.printed(2));
    [
        pair.report_year.to_string(),
        names.region(&unit.region_code).to_owned(),
        code.clone(),
        name.to_owned(),
        indicator_id.clone(),
        indicator.map_or(indicator_id.clone(), |indicator| indicator.title_zh.clone()),
        indicator.map_or(String::new(), |indicator| indicator.unit.clone()),
        basis_a.label().to_owned(),
        shown(&pair.a.as_text()).to_owned(),
        basis_b.label().to_owned(),
        shown(&pair.b.as_text()).to_owned(),
        pair.difference().map(|value| value.to_string()).unwrap_or_default(),
        percent.unwrap_or_default(),
        pair.tolerance.to_string(),
        pair.answer.label(),
        layout.map(|layout| printed_in(layout, indicator_id)).unwrap_or_default(),
        pair.closed.as_ref().map(|closed| closed.note.clone()).unwrap_or_default(),
        pair.closed.as_ref().map(|closed| closed.by.clone()).unwrap_or_default(),
    ]
}

/// The sheet that lists what [`row_of_zeros`] stands for.
const ZEROS: &str = "零与短横";
/// In place of the code in such a row, and of its bases.
const ALL_ZEROS: &str = "零与短横";
const EITHER: &str = "各口径";

/// Differences that are 0 on one basis and a dash on the other, with one note about all of them, or with none.
#[derive(Debug, Clone)]
pub struct Zeros<'a> {
    pub year: ReportYear,
    pub pairs: Vec<&'a Difference>,
    /// Which differences these are: others have another.
    pub digest: String,
    /// Note and name.
    pub closed: Option<(String, String)>,
}

fn is_zero_and_dash(pair: &Difference) -> bool {
    let is_zero = |side: &Side| side.value == Some(Decimal::ZERO);
    let is_dash = |side: &Side| side.state == State::Dash;
    is_zero(&pair.a) && is_dash(&pair.b) || is_dash(&pair.a) && is_zero(&pair.b)
}

/// The differences between 0 and a dash: those that no one explained, then those with the same explanation.
#[must_use]
pub fn zeros(differences: &[Difference]) -> Vec<Zeros<'_>> {
    type Explained = Option<(String, String)>;
    let mut grouped: BTreeMap<(ReportYear, Explained), Vec<&Difference>> = BTreeMap::new();
    for pair in differences.iter().filter(|pair| is_zero_and_dash(pair)) {
        let closed = pair.closed.as_ref().map(|closed| (closed.note.clone(), closed.by.clone()));
        grouped.entry((pair.report_year, closed)).or_default().push(pair);
    }
    let mut all = Vec::new();
    for ((year, closed), pairs) in grouped {
        let key = |pair: &&Difference| format!("{} {}", note_key(year, &pair.key), pair.a.as_text());
        let mut keys: Vec<String> = pairs.iter().map(key).collect();
        keys.sort_unstable();
        let digest = files::sha256(keys.join("\n").as_bytes())[..10].to_owned();
        all.push(Zeros { year, pairs, digest, closed });
    }
    all
}

/// One row for all of them.
fn row_of_zeros(zeros: &Zeros<'_>, names: &Names) -> [String; HEADS.len()] {
    let schools = zeros.pairs.iter().filter(|pair| pair.key.unit.level == Level::School).count();
    let (note, by) = zeros.closed.clone().unwrap_or_default();
    let regions: BTreeSet<&str> =
        zeros.pairs.iter().map(|pair| names.region(&pair.key.unit.region_code)).collect();
    let region = if regions.len() == 1 { regions.into_iter().collect() } else { "多个".to_owned() };
    let mut row = [const { String::new() }; HEADS.len()];
    let texts = [
        ("年度", zeros.year.to_string()),
        ("县（市、区）", region),
        ("代码", ALL_ZEROS.to_owned()),
        ("名称", format!("学校 {schools} 处，市县 {} 处，见“{ZEROS}”表", zeros.pairs.len() - schools)),
        ("指标代码", zeros.digest.clone()),
        ("指标", "一方为 0、另一方填“-”的全部差异：一条说明即可".to_owned()),
        ("口径甲", EITHER.to_owned()),
        ("数值甲", "0".to_owned()),
        ("口径乙", EITHER.to_owned()),
        ("数值乙", State::Dash.mark().to_owned()),
        ("比对结果", "0 与 -".to_owned()),
        (NOTE, note),
        (BY, by),
    ];
    for (head, text) in texts {
        if let Some(at) = HEADS.iter().position(|(known, _)| *known == head) {
            row[at] = text;
        }
    }
    row
}

/// Which differences between 0 and a dash there are, a row for each indicator and pair of bases.
fn write_zeros(
    sheet: &mut Worksheet,
    all: &[Zeros<'_>],
    definitions: &Definitions,
    names: &Names,
    style: &Style,
) -> Result<(), XlsxError> {
    const COLUMNS: [(&str, f64); 6] = [
        ("指标", 34.0),
        ("口径甲", 8.0),
        ("数值甲", 8.0),
        ("口径乙", 8.0),
        ("数值乙", 8.0),
        ("学校和市县", 90.0),
    ];
    sheet.write_with_format(0, 0, "一方为 0、另一方填“-”的差异", &style.title)?;
    sheet.write_with_format(1, 0, "列此备查，不在本表填写：说明写在“学校”表的那一行", &style.plain)?;
    for (column, (head, width)) in (0..).zip(COLUMNS) {
        sheet.write_with_format(ROWS_ABOVE - 1, column, head, &style.head)?;
        sheet.set_column_width(column, width)?;
    }
    let mut listed: BTreeMap<[&str; 5], Vec<&str>> = BTreeMap::new();
    let texts: Vec<(&Difference, [String; 2])> = all
        .iter()
        .flat_map(|zeros| &zeros.pairs)
        .map(|pair| (*pair, [pair.a.as_text(), pair.b.as_text()]))
        .collect();
    for (pair, [a, b]) in &texts {
        let PairKey { indicator_id, unit, basis_a, basis_b } = &pair.key;
        let indicator = definitions.indicator(indicator_id);
        let title = indicator.map_or(indicator_id, |indicator| &indicator.title_zh);
        let name = match names.schools.get(&unit.school_code) {
            Some(name) => name,
            None if unit.school_code.is_empty() => names.region(&unit.region_code),
            None => &unit.school_code,
        };
        let line = [title, basis_a.label(), shown(a), basis_b.label(), shown(b)];
        listed.entry(line).or_default().push(name);
    }
    let mut at = ROWS_ABOVE;
    for (line, units) in listed {
        let units = units.join("、");
        for (column, text) in (0..).zip(line.into_iter().chain([units.as_str()])) {
            sheet.write_string_with_format(at, column, text, &style.text)?;
        }
        sheet.set_row_height(at, paper::height([(line[0], COLUMNS[0].1), (&units, COLUMNS[5].1)]))?;
        at += 1;
    }
    sheet.ignore_error_range(ROWS_ABOVE, 0, at, 5, IgnoreError::NumberStoredAsText)?;
    paper::set_up(sheet, ROWS_ABOVE - 1, at - 1, 5, ZEROS)
}

/// `表1（填报）、表2.4（系统）`.
fn printed_in(layout: &Layout, indicator: &str) -> String {
    let mut places: Vec<String> = Vec::new();
    for table in layout.tables.iter().filter(|table| !table.levels.is_empty()) {
        for row in table.rows.iter().filter(|row| row.indicator == indicator) {
            let place = format!("{}（{}）", table.id, row.basis.label());
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    places.join("、")
}

fn write_sheet(
    sheet: &mut Worksheet,
    name: &str,
    rows: &[[String; HEADS.len()]],
    heading: &Heading,
    style: &Style,
) -> Result<(), XlsxError> {
    let title = format!("{} {}年 不同口径的差异（{name}）", heading.name, heading.year);
    sheet.write_with_format(0, 0, &title, &style.title)?;
    let explained = format!(
        "{}；只列不一致和只有一方有数的行，共 {} 行。请填写处理说明和处理人，填好后存回原处；两侧数值不变时说明一直有效。请勿写学生、教职工的姓名和证件号码。",
        heading.release,
        rows.len()
    );
    sheet.write_with_format(1, 0, explained, &style.plain)?;
    for (column, (head, width)) in (0..).zip(HEADS) {
        sheet.write_with_format(ROWS_ABOVE - 1, column, head, &style.head)?;
        sheet.set_column_width(column, width)?;
    }
    let mut at = ROWS_ABOVE;
    for row in rows {
        for ((column, text), (head, _)) in (0..).zip(row).zip(HEADS) {
            let format = if [NOTE, BY].contains(&head) { &style.to_fill } else { &style.text };
            if FIGURES.contains(&head) {
                printed_number::write(sheet, at, column, text, &style.figure)?;
            } else {
                sheet.write_string_with_format(at, column, text, format)?;
            }
        }
        let widths = HEADS.map(|(_, width)| width);
        sheet.set_row_height(at, paper::height(row.iter().map(String::as_str).zip(widths)))?;
        at += 1;
    }
    let last_row = at.saturating_sub(1).max(ROWS_ABOVE - 1);
    let last_column = u16::try_from(HEADS.len() - 1).unwrap_or(u16::MAX);
    sheet.ignore_error_range(ROWS_ABOVE, 0, at, last_column, IgnoreError::NumberStoredAsText)?;
    sheet.autofilter(ROWS_ABOVE - 1, 0, last_row, last_column)?;
    sheet.set_freeze_panes(ROWS_ABOVE, 4)?;
    paper::set_up(sheet, ROWS_ABOVE - 1, last_row, last_column, &title)
}

/// What a row with a note is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotedDifference {
    One {
        /// The code of a school or a region.
        code: String,
        indicator_id: String,
        /// Each basis with the value that the row shows for it.
        sides: [(Delivered, String); 2],
    },
    /// All differences between 0 and a dash that make up this digest.
    Zeros { digest: String },
}

/// A row with a note, or with a name and no note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DifferenceNote {
    pub sheet: String,
    pub row: u32,
    pub year: ReportYear,
    pub about: NotedDifference,
    pub note: String,
    /// Empty where the row names no one.
    pub by: String,
}

/// Why a workbook is refused, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("sheet `{sheet}`{}: {message}", if *row > 0 { format!(", row {row}") } else { String::new() })]
pub struct Fault {
    pub sheet: String,
    /// 0 for the whole sheet.
    pub row: u32,
    pub message: String,
}

/// The rows of a workbook that have a note.
///
/// # Errors
/// All faults that keep it from being read: a sheet without the heads, a row with changed codes or
/// values. Rows without a note and a name are ignored.
pub fn read(sheets: &[(String, Vec<Row<'static>>)]) -> Result<Vec<DifferenceNote>, Vec<Fault>> {
    let mut noted = Vec::new();
    let mut faults = Vec::new();
    for (sheet, rows) in sheets.iter().filter(|(name, rows)| !rows.is_empty() && name != ZEROS) {
        let fault = |row: u32, message: String| Fault { sheet: position::redact(sheet), row, message };
        let Some((header, columns)) = rows.iter().find_map(|row| Some((row.number, columns(row)?))) else {
            faults.push(fault(0, format!("no row has the heads {}", READ.join("、"))));
            continue;
        };
        for row in rows.iter().filter(|row| row.number > header) {
            let get = |head: &str| {
                let column = READ.iter().position(|known| *known == head).map(|index| columns[index]);
                column
                    .and_then(|column| row.cells.get(column))
                    .map(Cell::text)
                    .unwrap_or_default()
                    .into_owned()
            };
            if get(NOTE).is_empty() && get(BY).is_empty() {
                continue;
            }
            match noted_row(sheet, row.number, &get) {
                Ok(row) => noted.push(row),
                Err(message) => faults.push(fault(row.number, message)),
            }
        }
    }
    if sheets.iter().all(|(_, rows)| rows.is_empty()) {
        faults.push(Fault { sheet: String::new(), row: 0, message: "the file has no rows".to_owned() });
    }
    if faults.is_empty() { Ok(noted) } else { Err(faults) }
}

/// The column of each of [`READ`], when the row has them all.
fn columns(row: &Row<'_>) -> Option<[usize; READ.len()]> {
    let texts: Vec<_> = row.cells.iter().map(Cell::text).collect();
    let mut columns = [0; READ.len()];
    for (column, head) in columns.iter_mut().zip(READ) {
        *column = texts.iter().position(|text| *text == head)?;
    }
    Some(columns)
}

fn noted_row(sheet: &str, row: u32, get: &dyn Fn(&str) -> String) -> Result<DifferenceNote, String> {
    let described = |head: &str| format!("{head} is `{}`", position::redact(&get(head)));
    let side = |basis: &str, value: &str| {
        let delivered =
            Delivered::labelled(&get(basis)).ok_or_else(|| format!("{}: no basis", described(basis)))?;
        let value = text_of_shown(&get(value)).ok_or_else(|| format!("{}: no value", described(value)))?;
        Ok::<_, String>((delivered, value))
    };
    let note = get(NOTE);
    if position::redact(&note) != note || position::redact(&get(BY)) != get(BY) {
        return Err(format!("{NOTE} or {BY} has a long number: personal numbers must not be written there"));
    }
    let year = get("年度").parse().map_err(|_| format!("{}: no year", described("年度")))?;
    let code = Some(get("代码")).filter(|code| !code.is_empty()).ok_or("代码 is empty")?;
    let id = Some(get("指标代码")).filter(|id| !id.is_empty()).ok_or("指标代码 is empty")?;
    let about = if code == ALL_ZEROS {
        NotedDifference::Zeros { digest: id }
    } else {
        let sides = [side("口径甲", "数值甲")?, side("口径乙", "数值乙")?];
        NotedDifference::One { code, indicator_id: id, sides }
    };
    Ok(DifferenceNote { sheet: sheet.to_owned(), row, year, about, note, by: get(BY) })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::decode::{self, Event};
    use crate::definitions;
    use crate::figure::Unit;
    use crate::figures::reconcile::Closing;

    fn difference(school: &str, filed: Option<i64>) -> Difference {
        let level = if school.is_empty() { Level::County } else { Level::School };
        let side = |number: Option<i64>| Side {
            state: if number.is_some() { State::Value } else { State::Missing },
            value: number.map(Decimal::from_int),
        };
        Difference {
            report_year: 2024,
            key: PairKey {
                indicator_id: "students".into(),
                unit: Arc::new(Unit { level, region_code: "141002".into(), school_code: school.into() }),
                basis_a: Delivered::System,
                basis_b: Delivered::Filed,
            },
            answer: match filed {
                Some(10) => Agreement::Agrees,
                Some(_) => Agreement::Differs,
                None => Agreement::Only(Delivered::System),
            },
            a: side(Some(10)),
            b: side(filed),
            tolerance: Decimal::ZERO,
            closed: None,
        }
    }

    fn rows(book: &[u8]) -> Vec<(String, Vec<Row<'static>>)> {
        let mut sheets: Vec<(String, Vec<Row<'static>>)> = Vec::new();
        decode::decode(book, &mut |event| match event {
            Event::Sheet(name) => sheets.push((name.to_owned(), Vec::new())),
            Event::Row(row) => sheets.last_mut().unwrap().1.push(row.to_owned_row()),
            Event::BadRow { .. } => panic!("a bad row"),
        })
        .unwrap();
        sheets
    }

    fn written(differences: &[Difference]) -> Vec<(String, Vec<Row<'static>>)> {
        let definitions = definitions::load(&definitions::embedded()).unwrap();
        let heading = Heading {
            year: 2024,
            name: "某市(141000)".into(),
            release: "第 000001 版".into(),
            created: "2024-10-08T02:00:00".into(),
            footnotes: Vec::new(),
        };
        let names = Names {
            regions: BTreeMap::from([("141002".into(), "尧都区".into())]),
            schools: BTreeMap::from([("3614000001".into(), "云岭职业学校".into())]),
        };
        rows(&workbook(differences, &definitions, &names, &heading).unwrap())
    }

    #[test]
    fn rows_that_agree_are_left_out_and_notes_are_read_back() {
        let by =
            Closing { decision: 7, note: "转出二人".into(), by: "王科长".into(), at: String::new() };
        let mut all = vec![
            difference("3614000001", Some(12)),
            difference("3614000002", Some(10)),
            difference("3614000003", None),
            difference("", Some(22)),
        ];
        let sheets = written(&all);
        let counts: Vec<usize> = sheets.iter().map(|(_, rows)| rows.len() - 3).collect();
        assert_eq!(counts, [2, 1]);
        let texts: Vec<String> = sheets[0].1[3].cells.iter().map(|cell| cell.text().into_owned()).collect();
        assert_eq!(texts[2..6], ["3614000001", "云岭职业学校", "students", "全日制在校生人数"]);
        assert_eq!(texts[7..12], ["系统", "10", "填报", "12", "2"]);
        assert_eq!(Decimal::parse(&texts[12]), Decimal::parse("20.00"));
        assert_eq!(texts[13..16], ["0", "不一致", "表6（填报）、表1.3（系统）"]);
        assert_eq!(sheets[0].1[4].cells[10].text(), "缺报");
        assert_eq!(read(&sheets), Ok(Vec::new()));
        all[2].closed = Some(by.clone());
        all[3].closed = Some(by);
        let noted = read(&written(&all)).unwrap();
        assert_eq!(noted.len(), 2);
        assert_eq!((noted[0].sheet.as_str(), noted[0].row), ("学校", 5));
        let sides = [(Delivered::System, "10".to_owned()), (Delivered::Filed, "missing".to_owned())];
        let about =
            NotedDifference::One { code: "3614000003".into(), indicator_id: "students".into(), sides };
        assert_eq!(
            (&noted[0].about, noted[0].note.as_str(), noted[0].by.as_str()),
            (&about, "转出二人", "王科长")
        );
        assert_eq!(noted[1].sheet, "市县");
        assert!(matches!(&noted[1].about, NotedDifference::One { code, .. } if code == "141002"));
    }

    #[test]
    fn zero_against_a_dash_is_one_row_for_all() {
        let zero = |school: &str| {
            let (a, b) = (
                Side { state: State::Value, value: Some(Decimal::ZERO) },
                Side { state: State::Dash, value: None },
            );
            Difference { a, b, answer: Agreement::Only(Delivered::System), ..difference(school, None) }
        };
        let all = [
            zero("3614000001"),
            zero("3614000002"),
            zero("3614000003"),
            zero(""),
            difference("3614000001", Some(12)),
        ];
        let mut sheets = written(&all);
        let counts: Vec<(&str, usize)> =
            sheets.iter().map(|(name, rows)| (&**name, rows.len() - 3)).collect();
        assert_eq!(counts, [("学校", 2), ("市县", 0), (ZEROS, 1)]);
        let note = HEADS.iter().position(|(head, _)| *head == NOTE).unwrap();
        let cells = &mut sheets[0].1[3].cells;
        cells.resize(HEADS.len(), Cell::Empty);
        cells[note] = Cell::Text("没有的项目".into());
        let noted = read(&sheets).unwrap();
        let digest = zeros(&all)[0].digest.clone();
        assert_eq!((noted.len(), &noted[0].about), (1, &NotedDifference::Zeros { digest: digest.clone() }));
        // Another set is another row: a note is never about what nobody saw.
        assert_ne!(zeros(&all[1..])[0].digest, digest);
        assert_eq!((zeros(&all)[0].pairs.len(), zeros(&all[4..]).len()), (4, 0));
    }

    #[test]
    fn unreadable_rows_are_reported_with_sheet_and_row() {
        let text = |text: &str| Cell::Text(text.to_owned().into());
        let row = |number: u32, texts: &[&str]| Row {
            number,
            cells: texts.iter().map(|cell| text(cell)).collect(),
        };
        let read_row = |values: &[&str]| {
            let rows = vec![row(1, &READ), row(2, values)];
            read(&[("学校".to_owned(), rows)]).map_err(|faults| faults[0].to_string())
        };
        let good = ["2024", "3614000001", "students", "系统", "10", "填报", "12", "已核实", ""];
        assert_eq!(read_row(&good).unwrap().len(), 1);
        for (column, value, message) in [
            (0, "今年", "sheet `学校`, row 2: 年度 is `今年`: no year"),
            (1, "", "sheet `学校`, row 2: 代码 is empty"),
            (3, "报表", "sheet `学校`, row 2: 口径甲 is `报表`: no basis"),
            (6, "约12", "sheet `学校`, row 2: 数值乙 is `约12`: no value"),
            (
                7,
                "见14100220080302123X",
                "sheet `学校`, row 2: 处理说明 or 处理人 has a long number: personal numbers must not be written there",
            ),
        ] {
            let mut values = good;
            values[column] = value;
            assert_eq!(read_row(&values).unwrap_err(), message);
        }
        let faults = read(&[("其他".to_owned(), vec![row(1, &["年度", "代码"])])]).unwrap_err();
        assert!(
            faults[0].to_string().starts_with("sheet `其他`: no row has the heads 年度、代码"),
            "{}",
            faults[0]
        );
        assert!(read(&[]).unwrap_err()[0].message.contains("no rows"));
    }
}
