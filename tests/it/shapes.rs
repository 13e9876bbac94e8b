//! The committed example of every shape is read, and says what it is.

use std::fs;
use std::path::Path;

use crate::support::{City, Village, get};

#[test]
fn content_decides_the_format_never_the_name() {
    let city = City::empty();
    Village::new().deliver(&city);
    let students = city.drop_folder().join("2024/students/all.csv");
    let roster = fs::read_to_string(&students).unwrap();
    let rows: Vec<String> = roster
        .lines()
        .map(|line| format!("<tr><td>{}</td></tr>\n", line.replace(',', "</td><td>")))
        .collect();
    let rows = rows.concat();
    let page = format!("<html><meta charset=\"gb2312\"><body><table>{rows}</table></body></html>");
    let (page, _, _) = encoding_rs::GBK.encode(&page);
    fs::remove_file(&students).unwrap();
    city.deliver("2024/students/roster.xlsx", page);
    city.run();
    let deliveries = city.table("delivery");
    let delivery = deliveries.iter().find(|row| get(row, "dataset") == "students").unwrap();
    assert_eq!((get(delivery, "format"), get(delivery, "encoding")), ("html", "gb18030"));
    assert_eq!(get(delivery, "rows_loaded"), "9");
}

#[test]
fn unreadable_files_are_rejected_by_name_and_the_rest_goes_on() {
    let city = City::empty();
    Village::new().deliver(&city);
    city.deliver("2024/students/empty.xlsx", "");
    city.deliver("2024/students/login.xls", "<html><body>会话超时，请重新登录</body></html>");
    city.deliver("2024/students/cut.xls", "<table><tr><td>学校标识码</td></tr>");
    city.deliver("2024/staff/header.csv", "学校标识码,姓名,身份证件类型,身份证件号,教职工类别,当前状态\n");
    city.deliver("2024/students/photo.xls", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    city.deliver(
        "2024/staff/students.csv",
        fs::read(city.drop_folder().join("2024/students/all.csv")).unwrap(),
    );
    city.deliver("2024/pupils/x.csv", "a,b\n1,2\n");
    city.deliver("2024/loose.csv", "a,b\n1,2\n");
    let summary = city.run();
    assert_eq!(summary["summary"]["files"]["rejected"], 8);
    let findings = city.table("finding");
    let rule = |file: &str| {
        let row = findings.iter().find(|row| get(row, "file") == file);
        row.map(|row| (get(row, "rule").to_owned(), get(row, "message").to_owned())).unwrap()
    };
    for (file, expected) in [
        ("2024/students/empty.xlsx", "E-EMPTY-FILE"),
        ("2024/students/login.xls", "E-NOT-DATA"),
        ("2024/students/cut.xls", "E-TRUNC"),
        ("2024/staff/header.csv", "E-EMPTY"),
        ("2024/students/photo.xls", "E-FMT"),
        ("2024/staff/students.csv", "E-FOLDER"),
        ("2024/pupils/x.csv", "E-FOLDER"),
        ("2024/loose.csv", "E-FOLDER"),
    ] {
        assert_eq!(rule(file).0, expected, "{file}");
    }
    assert!(rule("2024/staff/students.csv").1.contains("2024/students/"));
    let students = city.table("indicator_value");
    let city_row =
        students.iter().find(|row| get(row, "indicator_id") == "students" && get(row, "level") == "city");
    assert_eq!(get(city_row.unwrap(), "value"), "9.0000000000");
}

#[test]
fn another_years_file_is_a_fault_of_period() {
    let city = City::empty();
    Village::new().deliver(&city);
    let graduates = city.drop_folder().join("2024/graduates/all.csv");
    let last_year = fs::read_to_string(&graduates).unwrap().replace(",2024,", ",2023,");
    fs::write(&graduates, last_year).unwrap();
    let summary = city.run();
    assert_eq!(summary["summary"]["files"]["rejected"], 1);
    assert!(city.table("finding").iter().any(|row| get(row, "rule") == "E-PERIOD"));
}

#[test]
fn the_committed_examples_of_all_shapes_load() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/shapes");
    let city = City::empty();
    let mut delivered = 0;
    for (dataset, mark) in [
        ("students", "students"),
        ("graduates", "graduates"),
        ("graduate_stats", "毕业出口统计"),
        ("staff", "staff"),
        ("schools", "schools"),
        ("majors", "majors"),
        ("filings", "filing"),
        ("conditions", "conditions"),
        ("finance", "finance"),
        ("certificates_1x", "certificates-1x"),
    ] {
        for entry in fs::read_dir(&samples).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name.starts_with(mark) {
                city.deliver(&format!("2024/{dataset}/{name}"), fs::read(&path).unwrap());
                delivered += 1;
            }
        }
    }
    assert!(delivered >= 14, "only {delivered} examples");
    let config = city.path().join("site.toml");
    // The examples are cut from a city's exports: most schools of its register deliver nothing here.
    fs::write(&config, "max_missing_schools = 100\n").unwrap();
    let summary = city.run_with(&["--config", config.to_str().unwrap()]);
    assert_eq!(summary["summary"]["files"]["rejected"], 0);
    let formats: std::collections::BTreeSet<String> =
        city.table("delivery").iter().map(|row| get(row, "format").to_owned()).collect();
    assert_eq!(formats.into_iter().collect::<Vec<_>>(), ["csv", "html", "xls", "xlsx"]);
    for delivery in city.table("delivery") {
        assert_ne!(get(&delivery, "rows_loaded"), "0", "{}", get(&delivery, "file"));
    }
}
