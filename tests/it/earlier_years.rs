//! Years of which no report is made: what is delivered of them is computed, printed beside later
//! years, and nothing else of them is missed. And exports of the whole city.

use crate::support::{City, HONGTONG, Village, YAODU, get, register};

fn certificates(issued: u32) -> String {
    format!(
        "学校标识码,证书名称,已发放,已完成考核待发放,考核站点待签发,培训组织待签发\n\
         {YAODU},幼儿照护,{issued},2,,\n{HONGTONG},智能财税,5,,,1\n"
    )
}

/// 2024 whole, and the register and certificates of 2022.
fn two_years_apart() -> City {
    let city = City::empty();
    Village::new().deliver(&city);
    city.deliver("2024/certificates_1x/1.csv", certificates(30));
    city.deliver("2022/schools/register.csv", register());
    city.deliver("2022/certificates_1x/1.csv", certificates(10));
    city
}

/// The city's 已发放证书 as 2024's 表6.1 prints it for a year.
fn issued(city: &City, year: &str) -> (String, String) {
    let cells = city.table("report_cell");
    let cell = cells.iter().find(|cell| {
        get(cell, "report_table") == "表6.1"
            && get(cell, "report_path") == "已发放证书"
            && get(cell, "level") == "city"
            && get(cell, "column_year") == year
    });
    let cell = cell.unwrap_or_else(|| panic!("{year} is not printed"));
    (get(cell, "state").to_owned(), get(cell, "printed_text").to_owned())
}

fn value(text: &str) -> (String, String) {
    ("value".to_owned(), text.to_owned())
}

#[test]
fn a_year_without_a_report_is_computed_printed_later_and_misses_nothing() {
    let city = two_years_apart();
    let summary = city.run();
    assert_eq!(issued(&city, "2024"), value("35"));
    assert_eq!(issued(&city, "2022"), value("15"));
    assert_eq!(issued(&city, "2023").0, "missing");
    let findings = city.table("finding");
    let of_2022 = findings.iter().filter(|finding| get(finding, "report_year") == "2022");
    assert_eq!(of_2022.count(), 0);
    let values = city.table("indicator_value");
    let of_2022: Vec<_> = values.iter().filter(|value| get(value, "report_year") == "2022").collect();
    assert!(!of_2022.is_empty() && of_2022.iter().all(|value| get(value, "state") != "missing"));
    let lines = summary["summary"]["datasets"].as_array().unwrap().iter();
    assert_eq!(lines.filter(|line| line["report_year"] == 2022).count(), 2);
    assert!(!city.data().join("reports/2022").exists());
}

#[test]
fn a_year_is_done_again_when_the_oldest_that_it_prints_changes() {
    let city = two_years_apart();
    city.run();
    city.deliver("2022/certificates_1x/1.csv", certificates(11));
    city.run();
    assert_eq!(issued(&city, "2022"), value("16"));
    let again = city.nianbao(&["run"]);
    assert!(String::from_utf8_lossy(&again.stdout).starts_with("Nothing to do"));
}

#[test]
fn a_year_made_alone_is_printed_next_to_the_published_ones() {
    let city = two_years_apart();
    city.run_with(&["--year", "2022"]);
    city.run_with(&["--year", "2024"]);
    assert_eq!(issued(&city, "2022"), value("15"));
}

#[test]
fn a_school_that_is_no_longer_in_the_citys_export_has_none() {
    let city = two_years_apart();
    city.run();
    let certificates_of = |city: &City, school: &str| {
        let values = city.table("indicator_value");
        let row = values.iter().find(|value| {
            get(value, "indicator_id") == "certificates_1x"
                && get(value, "report_year") == "2024"
                && get(value, "school_code") == school
        });
        row.map(|row| (get(row, "state").to_owned(), get(row, "value").to_owned())).unwrap()
    };
    assert_eq!(certificates_of(&city, HONGTONG), value("6.0000000000"));
    let text = certificates(30);
    let without: Vec<&str> = text.lines().filter(|line| !line.starts_with(HONGTONG)).collect();
    let more = format!("{}\n{YAODU},网店运营推广,1,,,\n", without.join("\n"));
    city.deliver("2024/certificates_1x/1.csv", more);
    city.run();
    assert_eq!(certificates_of(&city, HONGTONG), value("0.0000000000"));
    assert_eq!(certificates_of(&city, YAODU), value("33.0000000000"));
    assert!(city.table("finding").iter().all(|finding| get(finding, "dataset") != "certificates_1x"));
}
