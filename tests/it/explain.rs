//! Every printed figure can be recomputed from what `explain` lists.

use std::collections::BTreeSet;
use std::fs;

use nianbao::definitions::indicator;
use nianbao::definitions::{self, Definitions};
use nianbao::explain::{City as Named, Derivation, Explainer, Place};
use nianbao::number::{Decimal, ONE};
use nianbao::warehouse::layout::DataRoot;
use nianbao::warehouse::publish;

use serde_json::Value;

use crate::reconcile::filing;
use crate::support::{City, HONGTONG, Village, YAODU, get, identity, text, whole_city};

fn definitions() -> Definitions {
    let files = definitions::embedded().into_iter();
    let files: Vec<_> = files.map(|(name, text)| (name, text.replace("{residual}", "141099"))).collect();
    definitions::load(&files).unwrap()
}

/// Half up to so many places, in whole numbers, the long way.
fn rounded(numerator: i128, denominator: i128, decimals: u32) -> String {
    let scaled = numerator * 10_i128.pow(decimals);
    let mut whole = scaled / denominator;
    if (scaled % denominator) * 2 >= denominator {
        whole += 1;
    }
    let digits = format!("{whole:0>width$}", width = decimals as usize + 1);
    if decimals == 0 {
        digits
    } else {
        let (left, right) = digits.split_at(digits.len() - decimals as usize);
        format!("{left}.{right}")
    }
}

fn parsed(text: &str) -> i128 {
    Decimal::parse(text).unwrap_or_else(|| panic!("`{text}` is no decimal")).0
}

/// Numerator and denominator recomputed from what is listed, never from the explained value.
fn recomputed(derivation: &Derivation) -> Option<(i128, i128)> {
    let rows = || derivation.rows.iter().filter_map(|row| row.value.as_deref());
    let filed = || {
        derivation.schools.iter().filter(|school| school.state == "value").filter_map(|s| s.value.as_deref())
    };
    let exact = |value: i128| Some((value, ONE));
    match (derivation.kind, derivation.basis) {
        ("count", _) => exact(i128::try_from(derivation.rows.len()).unwrap() * ONE),
        ("sum", "system" | "survey") => exact(rows().map(parsed).sum()),
        ("max", "system") => exact(rows().map(parsed).max()?),
        ("count_distinct", _) => exact(i128::try_from(rows().collect::<BTreeSet<_>>().len()).unwrap() * ONE),
        ("sum_of", _) => {
            let parts: Option<Vec<_>> = derivation.made_of.iter().map(recomputed).collect();
            exact(parts?.into_iter().map(|(value, _)| value).sum())
        }
        ("ratio", _) => {
            let [part, whole] = derivation.made_of.as_slice() else {
                panic!("{} has no parts", derivation.indicator_id)
            };
            let (part, whole) = (recomputed(part)?, recomputed(whole)?);
            (whole.0 != 0).then(|| (part.0 * i128::from(derivation.factor), whole.0))
        }
        ("sum", "filed") => exact(filed().map(parsed).sum()),
        ("max", "filed") => exact(filed().map(parsed).max()?),
        ("as_filed", _) => exact(parsed(filed().next()?)),
        ("weighted_mean", _) => {
            let both = derivation.schools.iter().filter(|school| school.state == "value");
            let both = both.filter_map(|school| Some((school.value.as_deref()?, school.weight.as_deref()?)));
            let both: Vec<_> = both.map(|(value, weight)| (parsed(value), parsed(weight))).collect();
            let whole: i128 = both.iter().map(|(_, weight)| weight).sum();
            (whole != 0).then(|| (both.iter().map(|(value, weight)| value * (weight / ONE)).sum(), whole))
        }
        other => panic!("{} is a {other:?}", derivation.indicator_id),
    }
}

#[test]
fn every_printed_figure_is_recomputed_from_what_is_listed() {
    let city = whole_city();
    let (data, definitions) = (DataRoot::new(&city.data()), definitions());
    let manifest = publish::current(&data).unwrap().unwrap();
    let named = Named { code: "141000", name: "某市", residual_code: "141099", residual_name: "未分县" };
    let (mut derived, mut printed, mut rows) = (BTreeSet::new(), 0, 0);
    for year in [2023, 2024] {
        let explainer = Explainer::new(&data, &manifest, &definitions, named, year).unwrap();
        let places = [
            Place::City,
            Place::Region("141024"),
            Place::Region("141099"),
            Place::School("3614000018"),
            Place::School("3614000051"),
        ];
        for place in places {
            let unit = explainer.unit(place).unwrap();
            for indicator in &definitions.indicators {
                let explanation = explainer.explain(&indicator.id, &unit).unwrap();
                for derivation in &explanation.bases {
                    let what = format!("{} {} {year} {place:?}", derivation.indicator_id, derivation.basis);
                    derived.insert((derivation.indicator_id.clone(), derivation.basis, derivation.level));
                    rows += derivation.rows.len();
                    let places =
                        || explanation.printed.iter().filter(|place| place.basis == derivation.basis);
                    if derivation.kind == "list" {
                        let words: BTreeSet<&str> =
                            derivation.schools.iter().filter_map(|school| school.words.as_deref()).collect();
                        assert_eq!(
                            words,
                            derivation.words.iter().flat_map(|words| words.split('；')).collect(),
                            "{what}"
                        );
                        continue;
                    }
                    match (derivation.state, recomputed(derivation)) {
                        ("value", Some((numerator, denominator))) => {
                            let listed = parsed(derivation.value.as_deref().unwrap());
                            assert_eq!(
                                rounded(numerator, denominator, 10),
                                rounded(listed, ONE, 10),
                                "{what}"
                            );
                            for place in places() {
                                let again = rounded(numerator, denominator, place.decimals);
                                assert_eq!(
                                    place.printed_text.as_deref(),
                                    Some(again.as_str()),
                                    "{what} {place:?}"
                                );
                                printed += 1;
                            }
                        }
                        ("value", None) => panic!("{what}: a value of nothing that is listed"),
                        ("dash", _) => {
                            assert!(places().all(|p| p.printed_text.as_deref() == Some("-")), "{what}");
                        }
                        ("blank", _) => {
                            assert!(places().all(|p| p.printed_text.as_deref() == Some("")), "{what}");
                        }
                        (state, _) => panic!("{what} is {state}"),
                    }
                }
            }
        }
    }
    // Every indicator of the catalogue on every basis, at three levels; what is listed only is printed as it is.
    let expected = definitions.indicators.iter().map(|indicator| {
        let lines = matches!(indicator.filed, Some(indicator::Combination::Lines));
        let from = if indicator.from_level == nianbao::figure::Level::School { 3 } else { 2 };
        let bases =
            [indicator.system.is_some(), indicator.filed.is_some() && !lines, indicator.survey.is_some()];
        from * bases.into_iter().filter(|is_there| *is_there).count()
    });
    assert_eq!(derived.len(), expected.sum::<usize>());
    assert!(printed > 1_000, "{printed} printed figures");
    assert!(rows > 100_000, "{rows} rows");
}

#[test]
fn a_figure_is_explained_in_words_and_for_programs() {
    let city = City::empty();
    Village::new().deliver(&city);
    city.run();
    let explained = city.nianbao(&["explain", "placement_rate", "--year", "2024"]);
    assert_eq!(explained.status.code(), Some(0));
    insta::assert_snapshot!("explain", text(&explained.stdout));
    let json: Value = serde_json::from_slice(
        &city.nianbao(&["explain", "students", "--year", "2024", "--school", YAODU, "--json"]).stdout,
    )
    .unwrap();
    assert_eq!(json["bases"][0]["value"], "4");
    assert_eq!(json["bases"][0]["rows"].as_array().unwrap().len(), 4);
    assert_eq!(json["bases"][0]["rows"][0]["file"], "2024/students/all.csv");
    for (arguments, said) in [
        (vec!["explain", "nothing", "--year", "2024"], "there is no indicator `nothing`"),
        (vec!["explain", "students", "--year", "2024", "--school", "1"], "no school `1`"),
        (vec!["explain", "students", "--year", "1999"], "no year 1999"),
    ] {
        let output = city.nianbao(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(said), "{}", text(&output.stderr));
    }
}

#[test]
fn the_catalogue_lists_every_indicator_and_shows_one() {
    let city = City::empty();
    let listed: Value = serde_json::from_slice(&city.nianbao(&["catalogue", "--json"]).stdout).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), definitions().indicators.len());
    let printed = text(&city.nianbao(&["catalogue", "dual_share"]).stdout);
    assert!(printed.contains("100 × teachers_dual ÷ teachers_full_time"), "{printed}");
    assert!(printed.contains("印于  2024 表3 “双师型”教师比例"), "{printed}");
    let file = city.path().join("catalogue.xlsx");
    let written = city.nianbao(&["catalogue", "--out", file.to_str().unwrap()]);
    assert_eq!(written.status.code(), Some(0));
    assert!(fs::metadata(file).unwrap().len() > 10_000);
    assert_eq!(city.nianbao(&["catalogue", "nothing"]).status.code(), Some(2));
}

/// Reasons and numbers of rows that are not in a figure on the system basis.
fn excluded(city: &City, place: &[&str]) -> Vec<(String, u64)> {
    let arguments = ["explain", "students", "--year", "2024", "--json"];
    let output = city.nianbao(&[&arguments[..], place].concat());
    let explained: Value = serde_json::from_slice(&output.stdout).unwrap();
    let bases = explained["bases"].as_array().unwrap();
    let system = bases.iter().find(|basis| basis["basis"] == "system").unwrap();
    let line = |line: &Value| (line["reason"].as_str().unwrap().to_owned(), line["rows"].as_u64().unwrap());
    system["excluded"].as_array().unwrap().iter().map(line).collect()
}

#[test]
fn only_rows_that_are_out_are_listed_as_out() {
    let city = City::empty();
    Village::new().deliver(&city);
    let file = city.drop_folder().join("2024/students/all.csv");
    let roster = fs::read_to_string(&file).unwrap();
    // A row that is out, and one that counts without a cell of it.
    let damaged = roster.replacen(&identity(1).0, &identity(1).0[..17], 1).replacen(",汉族,", ",不详,", 1);
    fs::write(&file, &damaged).unwrap();
    city.run();
    assert!(city.table("finding").iter().any(|row| get(row, "rule") == "E-CELL"));
    let out = vec![("隔离 E-ID-FORMAT 证件号码位数或格式不对".to_owned(), 1)];
    assert_eq!(excluded(&city, &[]), out);
    assert_eq!(excluded(&city, &["--school", YAODU]), out);
    assert_eq!(excluded(&city, &["--school", HONGTONG]), []);
    // A roster that is set aside takes no row out of what counts: the one before stays.
    fs::write(&file, damaged + "共100条\n").unwrap();
    city.run();
    assert!(city.table("finding").iter().any(|row| get(row, "rule") == "E-COUNT"));
    assert_eq!(excluded(&city, &[]), out);
}

#[test]
fn decisions_and_findings_of_another_indicator_are_not_listed() {
    let city = City::empty();
    Village::new().deliver(&city);
    city.deliver("2024/filings/a.csv", filing(YAODU, "3", "5", "1000"));
    city.run();
    let set = ["override", "set", "graduates_placed", "--year", "2024", "--school", YAODU, "--value", "2"];
    let output = city.nianbao(&[&set[..], &["--by", "王科长", "--why", "核实"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    city.run();
    let counts = |indicator: &str, school: &str| {
        let arguments = ["explain", indicator, "--year", "2024", "--school", school, "--json"];
        let output = city.nianbao(&arguments);
        let explained: Value = serde_json::from_slice(&output.stdout).unwrap();
        let checks = explained["checks"].as_array().unwrap().clone();
        let adjusted = |check: &&Value| check["check"].as_str().unwrap().starts_with("W-ADJUSTED");
        (explained["overrides"].as_array().unwrap().len(), checks.iter().filter(adjusted).count())
    };
    assert_eq!(counts("graduates_placed", YAODU), (1, 1));
    // Its id is a part of the other's.
    assert_eq!(counts("graduates", YAODU), (0, 0));
    assert_eq!(counts("graduates_placed", HONGTONG), (0, 0));
}

#[test]
fn every_finding_of_a_check_is_listed_with_the_figures_it_is_about() {
    let city = whole_city();
    let findings = city.table("finding");
    let asked = findings
        .iter()
        .filter(|row| get(row, "rule").starts_with("C-") && !get(row, "indicators").is_empty());
    let mut explained_findings = 0;
    for row in asked.filter(|row| get(row, "severity") == "S2" && get(row, "report_year") == "2024").take(12)
    {
        assert!(!get(row, "key").is_empty() && !get(row, "message").contains('〔'), "{row:?}");
        assert!(!get(row, "report_table").is_empty(), "{row:?}");
        let place = match get(row, "school_code") {
            "" => vec!["--region", get(row, "region_code")],
            school => vec!["--school", school],
        };
        let id = get(row, "indicators").split(',').next().unwrap();
        let output = city.nianbao(&[&["explain", id, "--year", "2024", "--json"], &place[..]].concat());
        let explained: Value = serde_json::from_slice(&output.stdout).unwrap();
        let checks = explained["checks"].as_array().unwrap();
        let check =
            checks.iter().find(|check| check["check"].as_str().unwrap().starts_with(get(row, "rule")));
        let found = check.unwrap_or_else(|| panic!("{id} {place:?} {row:?}"))["found"].as_array().unwrap();
        assert!(
            found.iter().any(|message| message.as_str().unwrap().starts_with(get(row, "message"))),
            "{row:?}"
        );
        explained_findings += 1;
    }
    assert!(explained_findings > 5, "{explained_findings}");
}
