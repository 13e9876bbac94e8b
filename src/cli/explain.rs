//! `nianbao explain`: one figure, down to its rows.

use std::collections::BTreeMap;

use super::catalogue::indicator;
use super::units::Units;
use super::{ExitCode, Failure, Global, data_root, load, output, published_year};
use crate::explain::{City, CountedRow, Derivation, ExplainError, Explainer, Explanation, Place};
use crate::figure::{Basis, Delivered};
use crate::report::catalogue;
use crate::settings::Overrides;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The indicator, by its id or title
    indicator: String,
    /// The report year
    #[arg(long, value_name = "YEAR")]
    year: i32,
    /// The county, by its code or name [default: the whole city]
    #[arg(long, value_name = "CODE|NAME", conflicts_with = "school")]
    region: Option<String>,
    /// The school, by its code or its name in the register of that year
    #[arg(long, value_name = "CODE|NAME")]
    school: Option<String>,
}

pub fn run(global: &Global, args: &Args) -> Result<ExitCode, Failure> {
    let (settings, definitions) = load(global, Overrides::default())?;
    let data = data_root(&settings)?;
    let manifest = published_year(&data, &definitions, args.year)?;
    let city = City {
        code: &settings.city_code,
        name: &settings.city_name,
        residual_code: &settings.residual_region_code,
        residual_name: &settings.residual_region_name,
    };
    let indicator = indicator(&definitions, &args.indicator)?;
    let units = Units::of_year(&settings, &data, &definitions, &manifest, args.year)?;
    let region = args.region.as_deref().map(|region| units.region(region)).transpose()?;
    let school = args.school.as_deref().map(|school| units.school(school)).transpose()?;
    let place = match (&region, &school) {
        (Some(code), _) => Place::Region(code),
        (_, Some(code)) => Place::School(code),
        _ => Place::City,
    };
    let explainer = Explainer::new(&data, &manifest, &definitions, city, args.year)?;
    let unit = explainer.unit(place)?;
    let explanation = explainer.explain(&indicator.id, &unit)?;
    if global.json {
        output::json(&explanation)?;
    } else {
        print(&explanation);
    }
    Ok(ExitCode::Done)
}

impl From<ExplainError> for Failure {
    fn from(error: ExplainError) -> Self {
        match &error {
            ExplainError::NoIndicator(_) => {
                Failure::new(ExitCode::Usage, &error).hint("`nianbao catalogue` lists all indicators")
            }
            ExplainError::NoUnit(_) => Failure::new(ExitCode::Usage, &error)
                .hint("`nianbao units --year Y` lists regions and schools"),
            _ => Failure::new(ExitCode::Internal, &error),
        }
    }
}

fn print(explanation: &Explanation) {
    let entry = &explanation.catalogue;
    output::line(&format!(
        "{}（{}）  {}年  {}  第 {:06} 版",
        entry.title_zh, entry.unit, explanation.report_year, explanation.unit_name, explanation.release
    ));
    output::line(&format!("定义  {}", entry.definition));
    output::line(&format!("依据  {}：{}", entry.status, entry.citation));
    output::line(&format!("时期  {}", entry.reference_time));
    let years = catalogue::years(entry);
    if !years.is_empty() {
        output::line(&format!("年度  {years}"));
    }
    for derivation in &explanation.bases {
        output::line("");
        print_derivation(derivation, 0);
    }
    section("口径之间", &explanation.differences, |difference| {
        format!(
            "{} {}，{} {}，相差 {}",
            difference.basis_a,
            difference.value_a,
            difference.basis_b,
            difference.value_b,
            difference.difference
        )
    });
    section("印于", &explanation.printed, |place| {
        let text = place.printed_text.as_deref().unwrap_or("缺报");
        let measure = if place.measure == "值" { String::new() } else { format!(" {}", place.measure) };
        let shown = format!("{} {}{measure}  {text}", place.report_table, place.report_path);
        format!("{shown}（当年版式规定该处印{}口径，{} 位小数）", basis(&place.basis), place.decimals)
    });
    section("校验", &explanation.checks, |check| {
        let found = if check.found.is_empty() { "无问题".to_owned() } else { check.found.join("；") };
        format!("{}：{found}", check.check)
    });
    section("人工决定", &explanation.overrides, |decision| {
        format!(
            "{} {} {}：{}（{}，{}）",
            decision.rule,
            decision.key,
            decision.value,
            decision.reason,
            decision.decided_by,
            decision.decided_at
        )
    });
    section("与上一版比", &explanation.before, |before| {
        let value = before.value.as_deref().unwrap_or_else(|| state(before.state));
        let changed = if before.changed { "已变" } else { "未变" };
        format!("第 {:06} 版{} {value}，{changed}", before.release, basis(before.basis))
    });
}

/// The word for a basis.
fn basis(name: &str) -> &str {
    match Basis::named(name, Delivered::Filed.name()) {
        Some(basis) => basis.label(),
        None => name,
    }
}

/// The word for a state.
fn state(name: &str) -> &str {
    match name {
        "value" => "有值",
        "blank" => "当年未问",
        "dash" => "无数可填",
        "missing" => "缺报",
        other => other,
    }
}

fn section<T>(title: &str, items: &[T], line: impl Fn(&T) -> String) {
    if items.is_empty() {
        return;
    }
    output::line("");
    output::line(title);
    for item in items {
        output::line(&format!("  {}", line(item)));
    }
}

fn print_derivation(derivation: &Derivation, depth: usize) {
    let indent = "  ".repeat(depth);
    let line = |text: &str| output::line(&format!("{indent}{text}"));
    let stands_for = if derivation.stands_for.is_empty() {
        String::new()
    } else {
        format!("（代{}）", basis(derivation.stands_for))
    };
    line(&format!(
        "{}口径{stands_for}：{}（{}）",
        basis(derivation.basis),
        derivation.title_zh,
        state(derivation.state)
    ));
    line(&format!("  公式  {}", derivation.formula));
    if let Some(note) = &derivation.incomplete {
        line(&format!("  不完整  {note}"));
        for school in &derivation.missing_schools {
            line(&format!("    缺 {} {}", school.school_code, school.school_name));
        }
    }
    let with_value = derivation.schools.iter().filter(|school| school.state == "value").count();
    if derivation.schools.len() > 1 {
        line(&format!("  学校  {} 所，其中有值的 {with_value} 所", derivation.schools.len()));
    }
    for school in &derivation.schools {
        let value = school.value.as_deref().or(school.words.as_deref()).filter(|text| !text.is_empty());
        let weight = school.weight.as_ref().map(|weight| format!("，权数 {weight}")).unwrap_or_default();
        let at = school.at.as_ref().map(|at| format!("  {} {} 第 {} 行", at.file, at.sheet, at.row));
        line(&format!(
            "    {} {}  {}{weight}{}",
            school.school_code,
            school.school_name,
            value.unwrap_or_else(|| state(school.state)),
            at.unwrap_or_default()
        ));
    }
    if !derivation.rows.is_empty() {
        line(&format!("  计入的行  {} 行", derivation.rows.len()));
        for (file, sheet, rows) in by_file(&derivation.rows) {
            line(&format!("    {file} {sheet} 第 {rows} 行"));
        }
    }
    for excluded in &derivation.excluded {
        line(&format!("  未计入  {}：{} 行", excluded.reason, excluded.rows));
    }
    for part in &derivation.made_of {
        print_derivation(part, depth + 1);
    }
}

/// File, sheet, and their rows as spans: `3–614、620`.
fn by_file(rows: &[CountedRow]) -> Vec<(&str, &str, String)> {
    let mut files: BTreeMap<(&str, &str), Vec<i32>> = BTreeMap::new();
    for row in rows {
        files.entry((&row.at.file, &row.at.sheet)).or_default().push(row.at.row);
    }
    files.into_iter().map(|((file, sheet), rows)| (file, sheet, spans(rows))).collect()
}

fn spans(mut rows: Vec<i32>) -> String {
    rows.sort_unstable();
    let spans: Vec<String> = rows
        .chunk_by(|a, b| a + 1 == *b)
        .map(|span| match span {
            [only] => only.to_string(),
            [first, .., last] => format!("{first}–{last}"),
            [] => String::new(),
        })
        .collect();
    spans.join("、")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consecutive_rows_are_shown_as_spans() {
        assert_eq!(spans(vec![5, 3, 4, 9, 11, 12]), "3–5、9、11–12");
        assert_eq!(spans(Vec::new()), "");
    }
}
