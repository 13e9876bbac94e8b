//! The true value of every indicator for every school, county and the city.

use crate::city::schools::{CITY, COUNTIES, RESIDUAL, SCHOOLS, School};
use crate::exports::facts::{FactValue, Facts};
use crate::filings::filing::Filing;
use crate::numbers::decimal;
use crate::printed::layout::{Combination, ROWS};
use crate::printed::surveys::SURVEYS;
use crate::printed::value::Value;
use crate::truth::records::{TrueValue, Truth};
use crate::truth::tally::Tally;

/// Id, numerator, denominator and factor.
const RATIOS: [(&str, &str, &str, u128); 12] = [
    ("placement_rate", "graduates_placed", "graduates", 100),
    ("further_study_rate", "graduates_further_study", "graduates", 100),
    ("direct_employment_rate", "graduates_employed_direct", "graduates", 100),
    ("matched_employment_rate", "graduates_matched", "graduates_employed_direct", 100),
    ("share_contract", "graduates_contract", "graduates_employed_direct", 100),
    ("share_flexible", "graduates_flexible", "graduates_employed_direct", 100),
    ("startup_rate", "graduates_startup", "graduates_employed_direct", 100),
    ("share_enlisted", "graduates_enlisted", "graduates_employed_direct", 100),
    ("student_teacher_ratio", "students", "teachers_full_time", 1),
    ("dual_share", "teachers_dual", "teachers_full_time", 100),
    ("dual_senior_share", "teachers_dual_senior", "teachers_full_time", 100),
    ("senior_title_share", "teachers_senior_title", "teachers_full_time", 100),
];

/// A place that values are of, with the schools in it.
struct Place<'a> {
    level: &'static str,
    region: &'static str,
    school_code: &'a str,
    schools: Vec<usize>,
}

/// All levels: each school, each county and the residual, the city.
fn places(schools: &[School]) -> Vec<Place<'_>> {
    let mut places: Vec<Place> = schools
        .iter()
        .enumerate()
        .map(|(index, school)| Place {
            level: "school",
            region: school.region(),
            school_code: &school.code,
            schools: vec![index],
        })
        .collect();
    let counties = COUNTIES.iter().map(|(code, _)| *code);
    places.extend(counties.chain([RESIDUAL]).map(|region| Place {
        level: "county",
        region,
        school_code: "",
        schools: (0..schools.len()).filter(|&i| schools[i].region() == region).collect(),
    }));
    places.push(Place {
        level: "city",
        region: CITY,
        school_code: "",
        schools: (0..schools.len()).collect(),
    });
    places
}

/// Every value of one year. `filings` are those of one copy of the city, by base; none where
/// nothing was filed.
pub fn values(
    year: u16,
    schools: &[School],
    tallies: &[Tally],
    filings: &[&Filing],
    facts: &[Facts],
) -> Vec<Truth> {
    let in_counties = schools.iter().filter(|school| school.county.is_some()).count();
    let mut truths = Vec::new();
    for place in places(schools) {
        let mut tally = Tally::default();
        for &school in &place.schools {
            tally.merge(&tallies[school]);
        }
        system(year, &place, &tally, &mut truths);
        let mut place_facts = Facts::default();
        for &school in &place.schools {
            place_facts.merge(&facts[school]);
        }
        truths.extend(
            place_facts.values(tally.get("students")).into_iter().map(|value| fact(year, &place, value)),
        );
        if place.level != "school" {
            let inside = place.schools.iter().filter(|&&i| schools[i].county.is_some()).count();
            truths.push(ratio(year, &place, "county_school_share", inside, in_counties, 100));
        }
        if filings.is_empty() {
            continue;
        }
        let filed: Vec<&Filing> = place.schools.iter().map(|&i| filings[i % SCHOOLS]).collect();
        filed_rows(year, &place, &filed, &mut truths);
    }
    truths
}

fn system(year: u16, place: &Place, tally: &Tally, truths: &mut Vec<Truth>) {
    for ((id, breakdown, code), count) in tally.counts() {
        truths.push(Truth::Value(TrueValue {
            breakdown,
            breakdown_code: code.to_owned(),
            ..value(year, place, id, "system", "value", count.to_string())
        }));
    }
    for (id, numerator, denominator, factor) in RATIOS {
        if !tally.has(denominator) {
            continue;
        }
        let (numerator, denominator) = (tally.get(numerator), tally.get(denominator));
        truths.push(ratio(year, place, id, numerator, denominator, factor));
    }
}

fn fact(year: u16, place: &Place, fact: FactValue) -> Truth {
    let FactValue { id, basis, parts, text } = fact;
    let state = if text.is_some() { "value" } else { "dash" };
    let [numerator, denominator] =
        parts.filter(|_| text.is_some()).map_or([None, None], |parts| parts.map(Some));
    Truth::Value(TrueValue {
        numerator,
        denominator,
        ..value(year, place, id, basis, state, text.unwrap_or_default())
    })
}

fn ratio(
    year: u16,
    place: &Place,
    id: &'static str,
    numerator: usize,
    denominator: usize,
    factor: u128,
) -> Truth {
    // What has no quotient has no parts either.
    if denominator == 0 {
        return Truth::Value(value(year, place, id, "system", "dash", String::new()));
    }
    let text = decimal::ratio(numerator as u128 * factor, denominator as u128);
    Truth::Value(TrueValue {
        numerator: Some(numerator.to_string()),
        denominator: Some(denominator.to_string()),
        ..value(year, place, id, "system", "value", text)
    })
}

fn value(
    report_year: u16,
    place: &Place,
    indicator_id: &'static str,
    basis: &'static str,
    state: &'static str,
    text: String,
) -> TrueValue {
    TrueValue {
        report_year,
        level: place.level,
        region_code: place.region.to_owned(),
        school_code: place.school_code.to_owned(),
        indicator_id,
        basis,
        breakdown: "",
        breakdown_code: String::new(),
        state,
        numerator: None,
        denominator: None,
        text,
    }
}

fn filed_rows(year: u16, place: &Place, filings: &[&Filing], truths: &mut Vec<Truth>) {
    for row in &ROWS {
        let (state, text) = match (filings, row.combination) {
            ([filing], _) if place.level == "school" => filed(filing.get(row.id)),
            (_, Combination::Sum) => fold(filings, row.id, |sum, amount| sum + amount),
            (_, Combination::Max) => fold(filings, row.id, u64::max),
            (_, Combination::Mean(weight)) => mean(filings, row.id, weight),
        };
        truths.push(Truth::Value(value(year, place, row.id, "filed", state, text)));
    }
    for survey in &SURVEYS {
        let (state, text) = match filings {
            [filing] if place.level == "school" => filed(filing.get(survey.respondents)),
            _ => fold(filings, survey.respondents, |sum, amount| sum + amount),
        };
        truths.push(Truth::Value(value(year, place, survey.respondents, "filed", state, text)));
    }
}

fn filed(value: Value) -> (&'static str, String) {
    match value {
        Value::Blank => ("blank", String::new()),
        Value::Dash => ("dash", String::new()),
        other => ("value", other.text()),
    }
}

fn was_asked(filings: &[&Filing], id: &str) -> bool {
    filings.iter().any(|filing| filing.get(id) != Value::Blank)
}

/// One figure of all that was filed; nothing but dashes makes a dash.
fn fold(filings: &[&Filing], id: &str, combine: impl Fn(u64, u64) -> u64) -> (&'static str, String) {
    if !was_asked(filings, id) {
        return ("blank", String::new());
    }
    if filings.iter().all(|filing| filing.get(id) == Value::Dash) {
        return ("dash", String::new());
    }
    let amounts = filings.iter().filter_map(|filing| filing.get(id).amount());
    ("value", decimal::hundredths(amounts.fold(0, combine)))
}

fn mean(filings: &[&Filing], id: &str, weight: &str) -> (&'static str, String) {
    if !was_asked(filings, id) {
        return ("blank", String::new());
    }
    let (mut sum, mut weights) = (0u128, 0u128);
    for filing in filings {
        if let (Some(rate), Value::Count(weight)) = (filing.get(id).amount(), filing.get(weight)) {
            sum += u128::from(rate) * weight as u128;
            weights += weight as u128;
        }
    }
    if weights == 0 {
        return ("dash", String::new());
    }
    ("value", decimal::ratio(sum, weights * 100))
}
