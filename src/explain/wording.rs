//! The formula of a value in words, with its numbers.

use super::Derivation;

/// The formula in words, with its numbers.
pub(super) fn formula(derivation: &Derivation) -> String {
    let value = derivation.value.as_deref().unwrap_or("无");
    let condition = if derivation.condition == "TRUE" {
        String::new()
    } else {
        format!("满足 {} 的", derivation.condition)
    };
    match derivation.kind {
        "count" => format!("{} 表计入的{condition}行数 = {value}", derivation.table),
        "sum" if matches!(derivation.basis, "system" | "survey") => {
            format!("{} 表计入的{condition}行的 {} 之和 = {value}", derivation.table, derivation.column)
        }
        "max" if derivation.basis == "system" => {
            format!("{} 表计入的{condition}行的 {} 的最大值 = {value}", derivation.table, derivation.column)
        }
        "count_distinct" => {
            format!(
                "{} 表计入的{condition}行的 {} 的不同值个数 = {value}",
                derivation.table, derivation.column
            )
        }
        "sum_of" => {
            let parts = derivation
                .made_of
                .iter()
                .map(|part| format!("{} {}", part.title_zh, part.value.as_deref().unwrap_or("无")));
            format!("{} = {value}", parts.collect::<Vec<_>>().join(" + "))
        }
        "ratio" => {
            let factor =
                if derivation.factor == 1 { String::new() } else { format!("{} × ", derivation.factor) };
            let [numerator, denominator] =
                [&derivation.numerator, &derivation.denominator].map(|part| part.as_deref().unwrap_or("无"));
            let titles: Vec<&str> = derivation.made_of.iter().map(|part| part.title_zh.as_str()).collect();
            let only = if derivation.complete || derivation.numerator.is_none() {
                String::new()
            } else {
                format!("（只计两项都有的 {} 所学校）", derivation.n_schools)
            };
            format!("{factor}{} = {factor}{numerator} ÷ {denominator} = {value}{only}", titles.join(" ÷ "))
        }
        "weighted_mean" if derivation.basis == "survey" => {
            let [numerator, denominator] =
                [&derivation.numerator, &derivation.denominator].map(|part| part.as_deref().unwrap_or("无"));
            format!(
                "{} 表计入的{condition}行：Σ({} × 答卷数) ÷ Σ答卷数 = {numerator} ÷ {denominator} = {value}",
                derivation.table, derivation.column
            )
        }
        "weighted_mean" => {
            let [numerator, denominator] =
                [&derivation.numerator, &derivation.denominator].map(|part| part.as_deref().unwrap_or("无"));
            format!(
                "Σ(各校值 × 权数) ÷ Σ权数 = {numerator} ÷ {denominator} = {value}（分子由各校填报值还原）"
            )
        }
        "sum" if derivation.basis == "adjusted" => {
            format!("{} 所学校的值之和（有核定值的取核定值）= {value}", derivation.schools.len())
        }
        "sum" => format!("{} 所学校填报值之和 = {value}", derivation.schools.len()),
        "max" => format!("{} 所学校填报值的最大值 = {value}", derivation.schools.len()),
        "list" => format!("各校填报的文字：{}", derivation.words.as_deref().unwrap_or_default()),
        _ => format!("填报值 = {value}"),
    }
}
