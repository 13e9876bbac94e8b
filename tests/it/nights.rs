//! Several runs on one data root: what stays, what is reported again, what is refused.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::support::{City, HONGTONG, Village, YAODU, a_year_before, files, get, register, text};

/// Two years of the village; in 2023 one student's row is bad, and one of the staff is not there.
fn two_years() -> City {
    let city = City::empty();
    let mut village = Village::new();
    village.deliver(&city);
    for (from, to) in
        [("schools/register.csv", "schools"), ("students/all.csv", "students"), ("staff/all.csv", "staff")]
    {
        let this_year = fs::read_to_string(city.drop_folder().join("2024").join(from)).unwrap();
        let bad = match to {
            "students" => this_year.replacen(YAODU, "361400", 1),
            "staff" => this_year.trim_end().rsplit_once('\n').unwrap().0.to_owned(),
            _ => this_year,
        };
        city.deliver(&format!("2023/{from}"), a_year_before(&bad));
    }
    village.students.pop();
    city
}

fn cell(city: &City, path: &str, column: &str) -> String {
    let cells = city.table("report_cell");
    let found = cells.iter().find(|row| {
        get(row, "report_year") == "2024"
            && get(row, "report_table") == "表1.3"
            && get(row, "report_path") == path
            && get(row, "column_year") == column
            && get(row, "level") == "city"
    });
    get(found.unwrap(), "printed_text").to_owned()
}

fn shorten(city: &City, file: &str) {
    let path = city.drop_folder().join(file);
    let lines: Vec<String> = fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
    fs::write(&path, lines[..lines.len() - 1].join("\n")).unwrap();
}

fn value(city: &City, indicator: &str, unit: &str) -> (String, String) {
    let values = city.table("indicator_value");
    let row = values.iter().find(|row| {
        get(row, "indicator_id") == indicator
            && get(row, "breakdown").is_empty()
            && [get(row, "school_code"), get(row, "region_code")].contains(&unit)
            && (get(row, "school_code").is_empty() || get(row, "school_code") == unit)
    });
    let row = row.unwrap_or_else(|| panic!("{indicator} {unit} is not there"));
    (get(row, "state").to_owned(), get(row, "value").trim_end_matches('0').trim_end_matches('.').to_owned())
}

#[test]
fn questions_of_a_kept_year_stay_open() {
    let city = two_years();
    let first = city.run();
    assert_eq!(first["summary"]["rows"]["quarantined"], 1);
    shorten(&city, "2024/students/all.csv");
    let second = city.run();
    assert_eq!((&second["exit_code"], &second["summary"]["rows"]["quarantined"]), (&10.into(), &1.into()));
    assert_eq!(second["summary"]["years"]["2023"], first["summary"]["years"]["2023"]);
}

#[test]
fn last_years_column_follows_last_years_release() {
    let city = two_years();
    city.run();
    assert_eq!(cell(&city, "在校生", "2023"), "8");
    shorten(&city, "2023/students/all.csv");
    city.run_with(&["--year", "2023"]);
    // A year run alone leaves the others as they are; the next run of all brings them up.
    assert_eq!(cell(&city, "在校生", "2023"), "8");
    assert_eq!(city.run()["outcome"], "published");
    assert_eq!(cell(&city, "在校生", "2023"), "7");
    assert_eq!(city.run()["outcome"], "nothing_to_do");
}

#[test]
fn a_year_without_a_register_is_held_back() {
    let city = City::empty();
    Village::new().deliver(&city);
    city.deliver("2024/schools/register.csv", "学校,名称\n1,2\n");
    let output = city.nianbao(&["run"]);
    assert_eq!(output.status.code(), Some(20), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("E-REGISTER"));
}

#[test]
fn neither_of_two_different_deliveries_is_used() {
    let city = City::empty();
    Village::new().deliver(&city);
    let majors = |school: &str, titles: &[&str]| {
        let mut text = String::from("学校标识码,专业代码,专业状态\n");
        for title in titles {
            text += &format!("{school},{title},招生\n");
        }
        text
    };
    city.deliver("2024/majors/a.csv", majors(YAODU, &["710201", "710202"]));
    city.deliver("2024/majors/b.csv", majors(HONGTONG, &["710201"]));
    city.deliver("2024/majors/c.csv", majors(YAODU, &["710201"]));
    city.run();
    assert_eq!(value(&city, "majors", YAODU).0, "missing");
    assert_eq!(value(&city, "majors", HONGTONG), ("value".into(), "1".into()));
    assert_eq!(city.table("finding").iter().filter(|row| get(row, "rule") == "E-TWO-FILES").count(), 2);
    for delivery in city.table("delivery") {
        let number = |column: &str| get(&delivery, column).parse::<u64>().unwrap();
        let parts = ["rows_loaded", "rows_quarantined", "rows_duplicate", "rows_structural"].map(number);
        assert_eq!(number("rows_physical"), parts.iter().sum::<u64>());
    }
}

#[test]
fn file_names_that_are_not_text_stay_distinct() {
    let city = City::empty();
    Village::new().deliver(&city);
    let folder = city.drop_folder().join("2024/students");
    let roster = fs::read_to_string(folder.join("all.csv")).unwrap();
    fs::remove_file(folder.join("all.csv")).unwrap();
    let (head, rows) = roster.split_once('\n').unwrap();
    for (name, school) in [(&b"\xcf\xe7.csv"[..], YAODU), (b"\xbb\xf4.csv", HONGTONG)] {
        let of_school: Vec<&str> = rows.lines().filter(|row| row.starts_with(school)).take(3).collect();
        fs::write(folder.join(OsStr::from_bytes(name)), format!("{head}\n{}\n", of_school.join("\n")))
            .unwrap();
    }
    city.run();
    assert_eq!(value(&city, "students", "141000"), ("value".into(), "6".into()));
}

#[test]
fn a_number_that_two_names_share_does_not_uncount_its_owner_elsewhere() {
    let city = City::empty();
    let mut village = Village::new();
    let mut elsewhere = village.students[0].clone();
    elsewhere.school = HONGTONG;
    village.students.push(elsewhere);
    village.deliver(&city);
    let file = city.drop_folder().join("2024/students/all.csv");
    let roster = fs::read_to_string(&file).unwrap();
    let first = roster.lines().nth(1).unwrap().to_owned();
    let other_name = first.replacen("欧阳", "司马", 1);
    fs::write(&file, roster.replacen(&first, &format!("{first}\n{other_name}"), 1)).unwrap();
    city.run();
    assert_eq!(value(&city, "students", YAODU).1, "3");
    assert_eq!(value(&city, "students", HONGTONG).1, "4");
}

#[test]
fn a_cell_of_words_where_a_date_must_be_costs_a_cell() {
    let city = City::empty();
    Village::new().deliver(&city);
    let file = city.drop_folder().join("2024/students/all.csv");
    let roster = fs::read_to_string(&file).unwrap().replacen(",202409,", ",未知,", 1);
    fs::write(&file, roster).unwrap();
    city.run();
    assert_eq!(value(&city, "students", "141000").1, "9");
    assert!(
        city.table("finding")
            .iter()
            .any(|row| get(row, "rule") == "E-CELL" && get(row, "header") == "入学年月")
    );
}

#[test]
fn a_roster_whose_numbers_a_spreadsheet_rounded_is_rejected_whole() {
    let city = City::empty();
    Village::new().deliver(&city);
    let file = city.drop_folder().join("2024/students/all.csv");
    let roster = fs::read_to_string(&file).unwrap();
    let rounded: Vec<String> = roster
        .lines()
        .map(|line| match line.find("14100220080") {
            Some(at) => format!("{}000{}", &line[..at + 15], &line[at + 18..]),
            None => line.to_owned(),
        })
        .collect();
    fs::write(&file, rounded.join("\n")).unwrap();
    assert_eq!(city.run()["summary"]["files"]["rejected"], 1);
    assert!(city.table("finding").iter().any(|row| get(row, "rule") == "E-ID-MANGLED"));
}

#[test]
fn a_school_that_delivered_nothing_is_missed_in_every_part() {
    let city = City::empty();
    let mut village = Village::new();
    village.students.retain(|student| student.school != HONGTONG);
    village.deliver(&city);
    city.run();
    assert_eq!(value(&city, "students", "141000"), ("value".into(), "6".into()));
    assert_eq!(value(&city, "students", HONGTONG).0, "missing");
    let values = city.table("indicator_value");
    let of_city = |row: &&crate::support::Record| {
        get(row, "indicator_id") == "students" && get(row, "basis") == "system" && get(row, "level") == "city"
    };
    let missed: Vec<&str> = values.iter().filter(of_city).map(|row| get(row, "n_missing")).collect();
    assert!(missed.len() > 3 && missed.iter().all(|missed| *missed == "1"), "{missed:?}");
}

#[test]
fn a_link_is_never_opened_and_is_reported_until_it_is_gone() {
    let city = City::empty();
    Village::new().deliver(&city);
    let link = city.drop_folder().join("2024/students/link.csv");
    std::os::unix::fs::symlink("/etc/hostname", &link).unwrap();
    assert_eq!(city.run()["summary"]["files"]["rejected"], 1);
    fs::remove_file(link).unwrap();
    let after = city.run();
    assert_eq!((&after["outcome"], &after["summary"]["files"]["rejected"]), (&"published".into(), &0.into()));
}

#[test]
fn an_empty_bundle_is_rejected_once_and_the_next_night_is_quiet() {
    let city = City::empty();
    Village::new().deliver(&city);
    city.deliver("2024/students/empty.zip", b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    assert_eq!(city.run()["summary"]["files"]["rejected"], 1);
    assert_eq!(city.run()["outcome"], "nothing_to_do");
}

#[test]
fn a_lost_pointer_is_restored_and_nothing_begins_anew() {
    let city = City::empty();
    Village::new().deliver(&city);
    let digest = city.run()["digest"].clone();
    let pointer = city.data().join("warehouse/CURRENT.json");
    fs::remove_file(&pointer).unwrap();
    let again = city.run();
    assert_eq!((&again["outcome"], &again["digest"]), (&"nothing_to_do".into(), &digest));
    fs::remove_file(&pointer).unwrap();
    fs::remove_file(city.data().join("identity/pseudonym.key")).unwrap();
    assert_eq!(city.nianbao(&["run"]).status.code(), Some(2));
}

#[test]
fn a_pointer_that_names_another_release_is_refused() {
    let city = City::empty();
    Village::new().deliver(&city);
    city.run();
    let pointer = city.data().join("warehouse/CURRENT.json");
    let edited = fs::read_to_string(&pointer).unwrap().replace("releases/000001", "releases/000009");
    fs::write(&pointer, edited).unwrap();
    let output = city.nianbao(&["run"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("CURRENT.json"), "{}", text(&output.stderr));
}

#[test]
fn a_file_that_rotted_is_not_passed_on() {
    let city = two_years();
    city.run();
    let student = files(&city.release().join("tables/student/report_year=2023")).remove(0);
    let mut bytes = fs::read(&student).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&student, bytes).unwrap();
    shorten(&city, "2024/students/all.csv");
    let output = city.nianbao(&["run"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("is not what it was when it was written"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn a_damaged_copy_in_landing_is_taken_again() {
    let city = City::empty();
    Village::new().deliver(&city);
    city.run();
    for path in files(&city.data().join("landing")) {
        fs::write(path, "x").unwrap();
    }
    fs::remove_dir_all(city.data().join("staging")).unwrap();
    city.deliver("2024/schools/register.csv", register().replace("晴川", "晴岚"));
    city.run();
    assert_eq!(value(&city, "students", "141000"), ("value".into(), "9".into()));
}

#[test]
fn a_file_still_being_written_waits_for_the_next_run() {
    let city = City::empty();
    Village::new().deliver(&city);
    let file = city.drop_folder().join("2024/students/all.csv");
    let whole = fs::read(&file).unwrap();
    // The copying program has announced the final size.
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let digits = nianbao::warehouse::files::sha256(&whole);
    city.deliver("2024/students/all.csv.sha256", format!("{digits}  all.csv\n"));
    city.run();
    let growing =
        |city: &City| city.table("finding").iter().filter(|row| get(row, "rule") == "Q-GROWING").count();
    assert_eq!((growing(&city), value(&city, "students", "141000").0), (1, "missing".into()));
    fs::write(&file, &whole).unwrap();
    city.run();
    assert_eq!((growing(&city), value(&city, "students", "141000").1), (0, "9".into()));
}

#[test]
fn pipes_and_devices_are_refused_and_nothing_waits_for_them() {
    let city = City::empty();
    Village::new().deliver(&city);
    let pipe = city.drop_folder().join("2024/students/pipe.csv");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    assert_eq!(city.run()["summary"]["files"]["rejected"], 1);
    let findings = city.table("finding");
    assert!(
        findings.iter().any(|row| get(row, "rule") == "E-UNOPENED" && get(row, "file").ends_with("pipe.csv"))
    );
}

#[test]
fn a_copy_that_keeps_length_and_time_is_seen() {
    let city = City::empty();
    Village::new().deliver(&city);
    city.run();
    let file = city.drop_folder().join("2024/schools/register.csv");
    let time = fs::metadata(&file).unwrap().modified().unwrap();
    fs::write(&file, register().replace("晴川", "晴岚")).unwrap();
    fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
    assert_eq!(city.run()["outcome"], "published");
}
