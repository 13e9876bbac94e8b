//! The catalogue of indicators: their meaning, their origin, and where they are printed.

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, XlsxError};
use serde::Serialize;

use super::page::{self, PageFoot};
use crate::definitions::Definitions;
use crate::definitions::indicator::{Calculation, Combination, Indicator, SurveyMeasure};
use crate::definitions::layout::Layout;
use crate::definitions::predicate::Condition;
use crate::figure::Basis;
use crate::period::{ReferenceTime, ReportYear};

/// One indicator, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    pub indicator_id: String,
    pub title_zh: String,
    pub title_en: String,
    pub unit: String,
    /// 9月1日时点, 学年, 自然年.
    pub reference_time: &'static str,
    pub definition: String,
    /// Whether the definition was found, inferred or assumed, and from what.
    pub status: &'static str,
    pub citation: String,
    pub first_year: Option<ReportYear>,
    pub last_year: Option<ReportYear>,
    pub breakdowns: Vec<String>,
    pub bases: Vec<BasisEntry>,
    pub printed: Vec<PrintedPosition>,
}

/// The computation of an indicator on one basis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BasisEntry {
    pub basis: &'static str,
    pub computed_from: String,
    /// `sum`, `max`, `count_distinct`, `ratio_of_sums`, `weighted_mean`, `list`, `lines`.
    pub combination: &'static str,
    /// The effect of a school without data.
    pub missing: &'static str,
}

/// A place in the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PrintedPosition {
    pub year: ReportYear,
    pub table: String,
    pub path: String,
    pub measure: String,
    pub basis: &'static str,
    pub decimals: u32,
}

const LEFT_OUT: &str = "缺报的学校不计入，另列缺报校数";

/// Every indicator, in the order of its definition.
#[must_use]
pub fn entries(definitions: &Definitions) -> Vec<Entry> {
    definitions.indicators.iter().map(|indicator| entry(indicator, &definitions.layouts)).collect()
}

/// One indicator, with its places in the layouts.
#[must_use]
pub fn entry(indicator: &Indicator, layouts: &[Layout]) -> Entry {
    let system = indicator.system.as_ref().map(on_system);
    let filed = indicator.filed.as_ref().map(on_filed);
    let survey = indicator.survey.as_ref().map(on_survey);
    Entry {
        indicator_id: indicator.id.clone(),
        title_zh: indicator.title_zh.clone(),
        title_en: indicator.title_en.clone(),
        unit: indicator.unit.clone(),
        reference_time: match indicator.reference_time {
            ReferenceTime::StockAtSeptember => "9月1日时点",
            ReferenceTime::SchoolYear => "学年（上年9月1日至本年8月31日）",
            ReferenceTime::CalendarYear => "自然年",
        },
        definition: indicator.definition.clone(),
        status: indicator.status.name(),
        citation: indicator.citation.clone(),
        first_year: indicator.first_year,
        last_year: indicator.last_year,
        breakdowns: indicator.breakdowns.clone(),
        bases: system.into_iter().chain(filed).chain(survey).collect(),
        printed: layouts.iter().flat_map(|layout| printed(indicator, layout)).collect(),
    }
}

fn every(condition: &Condition) -> String {
    match condition.text() {
        "TRUE" => "计入的各行".to_owned(),
        text => format!("满足 {text} 的各行"),
    }
}

fn on_survey(survey: &SurveyMeasure) -> BasisEntry {
    let (computed_from, combination, missing) = match survey {
        SurveyMeasure::Sum(measure) => (
            format!("{} 中{}的 {} 之和", measure.table, every(&measure.condition), measure.column),
            "sum",
            LEFT_OUT,
        ),
        SurveyMeasure::WeightedMean(measure) => (
            format!(
                "{} 中{}的 {} 以 {} 加权平均",
                measure.table,
                every(&measure.condition),
                measure.value,
                measure.weight
            ),
            "weighted_mean",
            "缺报的学校不计入，另列缺报校数；无人作答时印短横",
        ),
    };
    BasisEntry { basis: Basis::Survey.name(), computed_from, combination, missing }
}

fn on_system(calculation: &Calculation) -> BasisEntry {
    let (computed_from, combination, missing) = match calculation {
        Calculation::Count(rows) => {
            (format!("{} 中{}的行数", rows.table, every(&rows.condition)), "sum", LEFT_OUT)
        }
        Calculation::Sum(measure) => {
            let from = format!("{} 中{}的 {} 之和", measure.table, every(&measure.condition), measure.column);
            (from, "sum", LEFT_OUT)
        }
        Calculation::Max(measure) => {
            let from =
                format!("{} 中{}的 {} 的最大值", measure.table, every(&measure.condition), measure.column);
            (from, "max", LEFT_OUT)
        }
        Calculation::CountDistinct(measure) => {
            let from = format!(
                "{} 中{}的 {} 的不同值个数",
                measure.table,
                every(&measure.condition),
                measure.column
            );
            (from, "count_distinct", LEFT_OUT)
        }
        Calculation::SumOf(parts) => (parts.join(" + "), "sum", LEFT_OUT),
        Calculation::Ratio(ratio) => {
            let factor = if ratio.factor == 1 { String::new() } else { format!("{} × ", ratio.factor) };
            let from = format!("{factor}{} ÷ {}", ratio.numerator, ratio.denominator);
            (from, "ratio_of_sums", "分子或分母缺报即缺报；分母为零时印短横")
        }
    };
    BasisEntry { basis: Basis::System.name(), computed_from, combination, missing }
}

fn on_filed(combination: &Combination) -> BasisEntry {
    let (computed_from, combination, missing) = match combination {
        Combination::Sum => ("各校填报值之和".to_owned(), "sum", LEFT_OUT),
        Combination::Max => ("各校填报值的最大值".to_owned(), "max", LEFT_OUT),
        Combination::WeightedMean { weight } => (
            format!("各校填报值以 {weight} 加权平均"),
            "weighted_mean",
            "缺报的、没有权数的学校不计入，另列缺报校数",
        ),
        Combination::List => ("各校填报的文字，不同的逐一列出".to_owned(), "list", "缺报的学校不列"),
        Combination::Lines => ("各校填报的各行，逐行列出".to_owned(), "lines", "缺报的学校不列"),
    };
    BasisEntry { basis: Basis::Filed.name(), computed_from, combination, missing }
}

fn printed<'a>(indicator: &'a Indicator, layout: &'a Layout) -> impl Iterator<Item = PrintedPosition> + 'a {
    let rows = layout.tables.iter().flat_map(|table| table.rows.iter().map(move |row| (table, row)));
    let rows = rows.filter(|(_, row)| row.indicator == indicator.id).map(|(table, row)| PrintedPosition {
        year: layout.year,
        table: table.id.clone(),
        path: row.path.clone(),
        measure: row.measure.clone(),
        basis: row.basis.name(),
        decimals: row.decimals,
    });
    let lists = layout.tables.iter().filter_map(|table| Some((table, table.list.as_ref()?)));
    let lists =
        lists.filter(|(_, list)| list.indicator == indicator.id).map(|(table, list)| PrintedPosition {
            year: layout.year,
            table: table.id.clone(),
            path: list.title.clone(),
            measure: list.columns.join("、"),
            basis: Basis::Filed.name(),
            decimals: 0,
        });
    rows.chain(lists)
}

/// The catalogue as a workbook, as bytes; `created` makes them reproducible.
///
/// # Errors
/// When the workbook cannot be made, through a fault of the program.
pub fn workbook(entries: &[Entry], created: &str) -> Result<Vec<u8>, XlsxError> {
    const HEADS: [(&str, u16); 14] = [
        ("名称", 20),
        ("单位", 8),
        ("时点或时期", 12),
        ("定义", 34),
        ("口径", 7),
        ("取自", 36),
        ("缺报时", 18),
        ("印于", 26),
        ("指标", 34),
        ("英文名称", 36),
        ("依据", 10),
        ("出处", 30),
        ("汇总方式", 16),
        ("年度", 14),
    ];
    /// What fits on the page; the rest is for the screen.
    const PRINTED: usize = 8;
    const SIZE: f64 = 10.0;
    let font = || Format::new().set_font_name("宋体").set_font_size(SIZE);
    let head = font().set_bold().set_border(FormatBorder::Thin).set_background_color(0x00DD_E8F3);
    let cell = font().set_border(FormatBorder::Thin).set_text_wrap().set_align(FormatAlign::Top);
    let mut book = Workbook::new();
    let created = ExcelDateTime::parse_from_str(created)?;
    book.set_properties(&DocProperties::new().set_title("指标目录").set_creation_datetime(&created));
    let sheet = book.add_worksheet().set_name("指标目录")?;
    for (at, (name, width)) in (0..).zip(HEADS) {
        sheet.write_with_format(0, at, name, &head)?;
        sheet.set_column_width(at, width)?;
    }
    let mut row = 1;
    for entry in entries {
        for basis in &entry.bases {
            let places = entry.printed.iter().filter(|place| place.basis == basis.basis);
            let places: Vec<String> =
                places.map(|place| format!("{} {} {}", place.year, place.table, place.path)).collect();
            let texts: [&str; 14] = [
                &entry.title_zh,
                &entry.unit,
                entry.reference_time,
                &entry.definition,
                basis.basis,
                &basis.computed_from,
                basis.missing,
                &places.join("\n"),
                &entry.indicator_id,
                &entry.title_en,
                entry.status,
                &entry.citation,
                basis.combination,
                &years(entry),
            ];
            for (at, text) in (0..).zip(texts) {
                sheet.write_with_format(row, at, text, &cell)?;
            }
            let printed = texts.into_iter().zip(HEADS.map(|(_, width)| width)).take(PRINTED);
            sheet.set_row_height(row, page::height(printed, SIZE))?;
            row += 1;
        }
    }
    sheet.set_freeze_panes(1, 1)?;
    sheet.autofilter(0, 0, row.saturating_sub(1), 13)?;
    sheet.set_print_area(0, 0, row.saturating_sub(1), u16::try_from(PRINTED - 1).unwrap_or(u16::MAX))?;
    page::set_up(sheet, true, (0, 0), PageFoot { left: "指标目录", right: "" })?;
    book.save_to_buffer()
}

/// The years in which an indicator exists: `2024—`, `—2020`, empty for all.
#[must_use]
pub fn years(entry: &Entry) -> String {
    let year = |year: Option<ReportYear>| year.map(|year| year.to_string()).unwrap_or_default();
    match (entry.first_year, entry.last_year) {
        (None, None) => String::new(),
        (first, last) => format!("{}—{}", year(first), year(last)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions::{embedded, load};

    fn all() -> Vec<Entry> {
        entries(&load(&embedded()).unwrap())
    }

    #[test]
    fn every_entry_says_what_it_is_and_where_it_comes_from() {
        for entry in all() {
            let texts = [&entry.title_zh, &entry.title_en, &entry.definition, &entry.citation];
            assert!(texts.iter().all(|text| !text.is_empty()), "{}", entry.indicator_id);
            assert!(!entry.bases.is_empty(), "{}", entry.indicator_id);
        }
    }

    #[test]
    fn every_printed_place_has_a_computed_basis() {
        for entry in all() {
            for place in &entry.printed {
                let on = |basis: &BasisEntry| basis.basis == place.basis;
                assert!(entry.bases.iter().any(on), "{} {place:?}", entry.indicator_id);
            }
        }
    }

    #[test]
    fn a_ratio_names_its_parts() {
        let all = all();
        let entry = all.iter().find(|entry| entry.indicator_id == "placement_rate").unwrap();
        assert_eq!(entry.bases[0].computed_from, "100 × graduates_placed ÷ graduates");
        let of_2024 = all.iter().find(|entry| entry.indicator_id == "ip_items").unwrap();
        assert_eq!(years(of_2024), "2024—");
    }
}
