//! Who has delivered: the table `delivery_status` and `nianbao status`.

use std::collections::BTreeMap;
use std::fs;

use crate::support::{City, HONGTONG, PROVINCIAL, Village, YAODU, get, identity, name, text, whole_city};

fn students(school: &str, first: u32, count: u32) -> String {
    let mut text =
        String::from("学校标识码,姓名,性别,身份证件类型,身份证件号,入学年月,专业名称,学生当前状态\n");
    for serial in first..first + count {
        let (id, _, sex) = identity(serial);
        text += &format!("{school},{},{sex},居民身份证,{id},202409,护理,在读\n", name(serial));
    }
    text
}

fn majors(school: &str, codes: &[&str]) -> String {
    let mut text = String::from("学校标识码,专业代码,专业状态\n");
    for code in codes {
        text += &format!("{school},{code},招生\n");
    }
    text
}

/// Outcome, first day and last file by school and dataset.
fn outcomes(city: &City) -> BTreeMap<(String, String), String> {
    let rows = city.table("delivery_status");
    let of_row = |row: &crate::support::Record| {
        let key = (get(row, "school_code").to_owned(), get(row, "dataset").to_owned());
        (key, get(row, "outcome").to_owned())
    };
    let all: BTreeMap<_, _> = rows.iter().map(of_row).collect();
    assert_eq!(all.len(), rows.len(), "a school and a dataset have one row");
    all
}

fn outcome(city: &City, school: &str, dataset: &str) -> String {
    outcomes(city)[&(school.to_owned(), dataset.to_owned())].clone()
}

fn status(city: &City, arguments: &[&str]) -> String {
    let output = city.nianbao(&[&["status"], arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// A village in which a student file is missing, one cannot be read, one is set aside, and a list of majors is late.
fn village() -> City {
    let city = City::empty();
    Village::new().deliver(&city);
    fs::remove_file(city.drop_folder().join("2024/students/all.csv")).unwrap();
    city.deliver("2024/students/yaodu.csv", students(YAODU, 0, 20));
    city.deliver(&format!("2024/students/{PROVINCIAL}.xlsx"), b"PK\x03\x04 cut short");
    city.deliver("2024/majors/a.csv", majors(YAODU, &["710201", "710202"]));
    city.deliver("2024/majors/b.csv", majors(YAODU, &["710201"]));
    fs::write(city.path().join("site.toml"), "[deadlines]\nall = '10-15'\n").unwrap();
    run(&city);
    // The first run was in time.
    let record = city.data().join("ledger/runs/000001.json");
    let mut run_record: serde_json::Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
    run_record["started"] = "2024-10-08T02:00:00+08:00".into();
    fs::write(&record, serde_json::to_vec(&run_record).unwrap()).unwrap();
    city.deliver("2024/majors/c.csv", majors(HONGTONG, &["710201"]));
    run(&city);
    city
}

fn run(city: &City) -> String {
    let output = city.nianbao(&["run", "--config", "site.toml"]);
    assert!(matches!(output.status.code(), Some(0 | 10)), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn what_is_missing_unreadable_set_aside_or_late_each_have_their_outcome() {
    let city = village();
    for (school, dataset, expected) in [
        (YAODU, "students", "delivered"),
        (HONGTONG, "students", "missing"),
        (PROVINCIAL, "students", "rejected"),
        (YAODU, "majors", "set_aside"),
        (HONGTONG, "majors", "late"),
        (PROVINCIAL, "majors", "missing"),
        (YAODU, "staff", "delivered"),
        (YAODU, "schools", "delivered"),
        (YAODU, "finance", "not_asked"),
        (YAODU, "filings", "missing"),
    ] {
        assert_eq!(outcome(&city, school, dataset), expected, "{school} {dataset}");
    }
    let rows = city.table("delivery_status");
    let row = |school: &str, dataset: &str| {
        rows.iter().find(|row| get(row, "school_code") == school && get(row, "dataset") == dataset).unwrap()
    };
    let in_time = row(YAODU, "students");
    assert_eq!((get(in_time, "first_seen"), get(in_time, "deadline")), ("2024-10-08", "2024-10-15"));
    assert_eq!((get(in_time, "rows_loaded"), get(in_time, "files")), ("20", "1"));
    assert_eq!(get(row(YAODU, "majors"), "rows_quarantined"), "3");
    assert_eq!(get(row(HONGTONG, "majors"), "first_file"), "2024/majors/c.csv");
    assert_eq!(get(row(PROVINCIAL, "students"), "last_file"), format!("2024/students/{PROVINCIAL}.xlsx"));
}

#[test]
fn status_says_what_is_going_on_and_who_has_not_delivered() {
    let city = village();
    let whole = status(&city, &[]);
    assert!(whole.contains("上次运行  第 2 次") && whole.contains("当前版本  000002（草稿）"), "{whole}");
    assert!(whole.contains("2024  草稿，无人签字；待答疑问"), "{whole}");
    let county = status(&city, &["--county", "洪洞县"]);
    assert!(county.contains(HONGTONG) && !county.contains(YAODU), "{county}");
    let line = county.lines().find(|line| line.contains("晴川职业学校")).unwrap();
    assert!(line.contains("迟报") && line.contains("未报"), "{line}");
    assert_eq!(county, status(&city, &["--county", "141024", "--year", "2024"]));
    let school = status(&city, &["--school", "长风中等专业学校"]);
    assert!(
        school.contains("退回") && school.contains(&format!("2024/students/{PROVINCIAL}.xlsx")),
        "{school}"
    );
    let json: serde_json::Value = serde_json::from_str(&status(&city, &["--json"])).unwrap();
    assert_eq!(json["last_run"]["id"], 2);
    assert_eq!(json["delivery_status"].as_array().unwrap().len(), outcomes(&city).len());
    let missing = outcomes(&city).values().filter(|outcome| *outcome == "missing").count();
    fs::remove_file(city.drop_folder().join("2024/majors/b.csv")).unwrap();
    let said = run(&city);
    assert_eq!(outcome(&city, YAODU, "majors"), "delivered");
    assert!(said.contains(&format!("未报送 {missing} 校·项（2024）：nianbao status --year 2024")), "{said}");
}

#[test]
fn a_deadline_of_no_dataset_or_no_date_is_refused_with_its_line() {
    let city = City::empty();
    city.deliver("2024/schools/register.csv", crate::support::register());
    for (wrong, says) in [
        ("student = '10-15'", "line 3: `deadlines`: there is no dataset `student`; did you mean students"),
        ("students = '10-40'", "line 3"),
    ] {
        fs::write(city.path().join("site.toml"), format!("\n[deadlines]\n{wrong}\n")).unwrap();
        let output = city.nianbao(&["run", "--config", "site.toml"]);
        assert_eq!(output.status.code(), Some(2), "{wrong}");
        assert!(text(&output.stderr).contains(says), "{}", text(&output.stderr));
    }
}

#[test]
fn every_school_of_the_register_has_a_row_for_every_dataset() {
    let city = whole_city();
    let mut schools: BTreeMap<String, usize> = BTreeMap::new();
    for row in city.table("dim_school") {
        *schools.entry(get(&row, "report_year").to_owned()).or_default() += 1;
    }
    let rows = city.table("delivery_status");
    for (year, schools) in schools {
        let of_year: Vec<_> = rows.iter().filter(|row| get(row, "report_year") == year).collect();
        let count = |dataset: &str| of_year.iter().filter(|row| get(row, "dataset") == dataset).count();
        for dataset in
            ["students", "graduates", "staff", "majors", "graduate_stats", "filings", "finance", "schools"]
        {
            assert_eq!(count(dataset), schools, "{year} {dataset}");
        }
        assert_eq!(of_year.len() % schools, 0);
        assert!(of_year.iter().all(|row| get(row, "outcome") != "late"), "no deadline is set");
    }
    let loaded = |table: &str, dataset: &str| {
        let in_status = rows.iter().filter(|row| get(row, "dataset") == dataset);
        let sum: u64 = in_status.map(|row| get(row, "rows_loaded").parse::<u64>().unwrap()).sum();
        assert_eq!(sum, city.table(table).len() as u64, "{dataset}");
    };
    loaded("student", "students");
    loaded("staff", "staff");
}
