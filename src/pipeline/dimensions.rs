//! The meanings of codes, as tables of a release.

use crate::definitions::Definitions;
use crate::definitions::code_table::{Code, CodeTable, Status};
use crate::definitions::indicator::{Calculation, Combination, Indicator};
use crate::figure::Level;
use crate::tables::indicator::IndicatorRow;
use crate::tables::major::MajorRow;
use crate::tables::region::RegionRow;

fn codes(table: Option<&CodeTable>) -> &[Code] {
    table.map(CodeTable::codes).unwrap_or_default()
}

/// The city, its counties, and the residual, given by code and name.
pub(super) fn regions(definitions: &Definitions, city: &str, residual: (&str, &str)) -> Vec<RegionRow> {
    let of_city = |code: &&Code| code.code == city || code.parent.as_deref() == Some(city);
    let known = codes(definitions.regions()).iter().filter(of_city).map(|code| RegionRow {
        region_code: code.code.clone(),
        region_name: code.label.clone(),
        parent_code: code.parent.clone().unwrap_or_default(),
        level: if code.code == city { Level::City } else { Level::County },
        first_year: code.first_year,
        last_year: code.last_year,
    });
    let residual = RegionRow {
        region_code: residual.0.to_owned(),
        region_name: residual.1.to_owned(),
        parent_code: city.to_owned(),
        level: Level::County,
        first_year: None,
        last_year: None,
    };
    known.chain([residual]).collect()
}

pub(super) fn majors(definitions: &Definitions) -> Vec<MajorRow> {
    let classes = definitions.codes.get("major_class");
    let row = |major: &Code| {
        let class = major.parent.clone().unwrap_or_default();
        let known = classes.and_then(|table| table.look_up_any_year(&class, 0));
        MajorRow {
            major_code: major.code.clone(),
            major_title: major.label.clone(),
            major_class_title: known.map_or_else(String::new, |class| class.label.clone()),
            major_class: class,
            first_entry_year: major.first_year,
            last_entry_year: major.last_year,
            status: major.status.map_or("assumed", Status::name).to_owned(),
        }
    };
    codes(definitions.codes.get("major")).iter().map(row).collect()
}

pub(super) fn indicators(definitions: &Definitions) -> Vec<IndicatorRow> {
    let row = |indicator: &Indicator| IndicatorRow {
        indicator_id: indicator.id.clone(),
        title_zh: indicator.title_zh.clone(),
        title_en: indicator.title_en.clone(),
        unit: indicator.unit.clone(),
        definition: indicator.definition.clone(),
        status: indicator.status.name().to_owned(),
        citation: indicator.citation.clone(),
        system_combination: indicator.system.as_ref().map_or("", system_combination).to_owned(),
        filed_combination: indicator.filed.as_ref().map(filed_combination).unwrap_or_default(),
        first_year: indicator.first_year,
        last_year: indicator.last_year,
    };
    definitions.indicators.iter().map(row).collect()
}

/// How the value of a whole follows from those of its parts: only sums may be added up.
fn system_combination(calculation: &Calculation) -> &'static str {
    match calculation {
        Calculation::Count(_) | Calculation::Sum(_) | Calculation::SumOf(_) => "sum",
        Calculation::Max(_) => "max",
        Calculation::CountDistinct(_) => "count_distinct",
        Calculation::Ratio(_) => "ratio_of_sums",
    }
}

fn filed_combination(combination: &Combination) -> String {
    match combination {
        Combination::Sum => "sum".to_owned(),
        Combination::Max => "max".to_owned(),
        Combination::WeightedMean { weight } => format!("mean weighted by {weight}"),
        Combination::List => "list of different words".to_owned(),
        Combination::Lines => "line by line".to_owned(),
    }
}
