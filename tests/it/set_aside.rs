//! Deliveries that would do harm: set aside until a named person accepts them, while what the
//! school delivered last stays.

use std::fs;
use std::ops::Range;

use crate::support::{City, HONGTONG, Village, YAODU, files, get, identity, name, text};

/// A village whose students come in a file a school.
fn village() -> City {
    let city = City::empty();
    Village::new().deliver(&city);
    fs::remove_file(city.drop_folder().join("2024/students/all.csv")).unwrap();
    city.deliver("2024/students/yaodu.csv", roster(YAODU, 0..20));
    city.deliver("2024/students/hongtong.csv", roster(HONGTONG, 300..320));
    city
}

fn roster(school: &str, serials: Range<u32>) -> String {
    let mut text =
        String::from("学校标识码,姓名,性别,身份证件类型,身份证件号,入学年月,专业名称,学生当前状态\n");
    for serial in serials {
        let (id, _, sex) = identity(serial);
        text += &format!("{school},{},{sex},居民身份证,{id},202309,护理,在读\n", name(serial));
    }
    text
}

fn students(city: &City, unit: &str, year: &str) -> String {
    let values = city.table("indicator_value");
    let found = values.iter().find(|row| {
        get(row, "indicator_id") == "students"
            && get(row, "report_year") == year
            && get(row, "breakdown").is_empty()
            && (get(row, "school_code") == unit
                || (get(row, "school_code").is_empty() && get(row, "region_code") == unit))
    });
    let row = found.unwrap();
    match get(row, "state") {
        "value" => get(row, "value").split('.').next().unwrap().to_owned(),
        state => state.to_owned(),
    }
}

/// Outcome and rows of a delivery: `set_aside 0+14+0+1`.
fn delivery(city: &City, file: &str) -> Vec<String> {
    let of_file = |row: &&crate::support::Record| get(row, "file") == file;
    let deliveries = city.table("delivery");
    let lines = deliveries.iter().filter(of_file).map(|row| {
        let counts = ["rows_loaded", "rows_quarantined", "rows_duplicate", "rows_structural"];
        let counts = counts.map(|column| get(row, column));
        let sum: u64 = counts.iter().map(|count| count.parse::<u64>().unwrap()).sum();
        assert_eq!(sum.to_string(), get(row, "rows_physical"));
        format!("{} {}", get(row, "outcome"), counts.join("+"))
    });
    lines.collect()
}

fn rules(city: &City) -> Vec<String> {
    let mut rules: Vec<String> = city
        .table("finding")
        .iter()
        .map(|row| format!("{} {}", get(row, "severity"), get(row, "rule")))
        .collect();
    rules.retain(|rule| {
        ["E-VOLUME", "Q-KEPT", "E-REPEATS-YEAR", "E-TWO-FILES", "E-LANDING", "E-EMPTY"]
            .iter()
            .any(|id| rule.ends_with(id))
    });
    rules.sort();
    rules.dedup();
    rules
}

fn accept(city: &City, rule: &str, file: &str) {
    let arguments =
        ["override", "accept", "--rule", rule, "--file", file, "--who", "王科长", "--reason", "已核实"];
    let output = city.nianbao(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn a_delivery_a_third_short_is_set_aside_until_a_named_person_accepts_it() {
    let city = village();
    city.run();
    assert_eq!(students(&city, YAODU, "2024"), "20");
    city.deliver("2024/students/yaodu.csv", roster(YAODU, 0..14));
    let run = city.run();
    assert_eq!(run["exit_code"], 10);
    assert_eq!(students(&city, YAODU, "2024"), "20");
    assert_eq!(students(&city, "141000", "2024"), "40");
    assert_eq!(delivery(&city, "2024/students/yaodu.csv"), ["set_aside 0+14+0+1", "kept 20+0+0+0"]);
    assert_eq!(rules(&city), ["S1 E-VOLUME", "S2 Q-KEPT"]);
    let files = &run["summary"]["files"];
    assert_eq!(
        (&files["set_aside"], &files["kept"], &files["files"]),
        (&1.into(), &1.into(), &files["decoded"])
    );
    assert_eq!(city.run()["outcome"], "nothing_to_do");

    accept(&city, "E-VOLUME", "2024/students/yaodu.csv");
    city.run();
    assert_eq!(students(&city, YAODU, "2024"), "14");
    assert_eq!(delivery(&city, "2024/students/yaodu.csv"), ["decoded 14+0+0+1"]);
    assert_eq!(rules(&city), ["S3 E-VOLUME"]);
    let decisions = city.table("override");
    assert_eq!((get(&decisions[0], "decided_by"), get(&decisions[0], "rule")), ("王科长", "E-VOLUME"));
    assert_eq!(city.run()["outcome"], "nothing_to_do");

    // The decision was about those bytes; now 14 rows count.
    city.deliver("2024/students/yaodu.csv", roster(YAODU, 0..5));
    city.run();
    assert_eq!(students(&city, YAODU, "2024"), "14");
    // The 14 rows still depend on it, and the release says so.
    assert_eq!(rules(&city), ["S1 E-VOLUME", "S2 Q-KEPT", "S3 E-VOLUME"]);
}

#[test]
fn a_fall_of_less_is_taken() {
    let city = village();
    city.run();
    city.deliver("2024/students/yaodu.csv", roster(YAODU, 0..15));
    city.run();
    assert_eq!(students(&city, YAODU, "2024"), "15");
    assert_eq!(rules(&city), Vec::<String>::new());
}

#[test]
fn one_short_school_in_a_file_of_several_does_not_cost_the_others() {
    let city = City::empty();
    Village::new().deliver(&city);
    let both = |yaodu: u32, hongtong: u32| {
        let second = roster(HONGTONG, 300..300 + hongtong);
        roster(YAODU, 0..yaodu) + second.split_once('\n').unwrap().1
    };
    city.deliver("2024/students/all.csv", both(40, 20));
    city.run();
    city.deliver("2024/students/all.csv", both(45, 10));
    city.run();
    assert_eq!(students(&city, YAODU, "2024"), "45");
    assert_eq!(students(&city, HONGTONG, "2024"), "20");
    assert_eq!(delivery(&city, "2024/students/all.csv"), ["decoded 45+10+0+1", "kept 20+0+0+0"]);
}

#[test]
fn an_empty_or_damaged_replacement_deletes_no_school() {
    for bad in [&b""[..], roster(YAODU, 0..0).as_bytes(), b"PK\x03\x04cut", "<html>会话超时".as_bytes()] {
        let city = village();
        city.run();
        city.deliver("2024/students/yaodu.csv", bad);
        let run = city.run();
        assert_eq!((&run["exit_code"], &run["summary"]["files"]["rejected"]), (&10.into(), &1.into()));
        assert_eq!(students(&city, YAODU, "2024"), "20");
        assert!(rules(&city).contains(&"S2 Q-KEPT".to_owned()));
    }
}

#[test]
fn a_school_whose_file_is_gone_keeps_what_it_delivered_until_a_person_says_otherwise() {
    let city = village();
    city.run();
    fs::remove_file(city.drop_folder().join("2024/students/yaodu.csv")).unwrap();
    city.run();
    assert_eq!(students(&city, YAODU, "2024"), "20");
    assert_eq!(city.run()["outcome"], "nothing_to_do");
    // From the landed bytes, whatever is left of the normalised ones.
    fs::remove_dir_all(city.data().join("staging")).unwrap();
    city.deliver("2024/students/hongtong.csv", roster(HONGTONG, 300..321));
    city.run();
    assert_eq!(students(&city, "141000", "2024"), "41");
    accept(&city, "Q-KEPT", "2024/students/yaodu.csv");
    city.run();
    assert_eq!(students(&city, YAODU, "2024"), "missing");
}

#[test]
fn a_kept_delivery_whose_bytes_are_lost_is_missed_and_said_so() {
    let city = village();
    city.run();
    fs::remove_file(city.drop_folder().join("2024/students/yaodu.csv")).unwrap();
    for path in files(&city.data().join("landing")) {
        fs::remove_file(path).unwrap();
    }
    city.run();
    assert_eq!(students(&city, YAODU, "2024"), "missing");
    assert_eq!(rules(&city), ["S1 E-LANDING"]);
}

#[test]
fn last_years_file_again_is_set_aside() {
    let city = village();
    let register = fs::read(city.drop_folder().join("2024/schools/register.csv")).unwrap();
    city.deliver("2023/schools/register.csv", register);
    city.deliver("2023/students/yaodu.csv", roster(YAODU, 0..20));
    city.run();
    assert_eq!(
        (students(&city, YAODU, "2023").as_str(), students(&city, YAODU, "2024").as_str()),
        ("20", "missing")
    );
    assert!(rules(&city).contains(&"S1 E-REPEATS-YEAR".to_owned()));
    let file = "2024/students/yaodu.csv";
    accept(&city, "E-REPEATS-YEAR", file);
    city.run();
    assert_eq!(students(&city, YAODU, "2024"), "20");

    // When a year is backfilled later, the new file is doubted, not the one that counts.
    city.deliver("2023/students/hongtong.csv", roster(HONGTONG, 300..320));
    city.run();
    assert_eq!(students(&city, HONGTONG, "2023"), "missing");
    assert_eq!(students(&city, HONGTONG, "2024"), "20");
}

#[test]
fn between_two_different_deliveries_the_one_that_counts_stays() {
    let city = City::empty();
    Village::new().deliver(&city);
    let majors = |titles: &[&str]| {
        let rows: String = titles.iter().map(|title| format!("{YAODU},{title},招生\n")).collect();
        format!("学校标识码,专业代码,专业状态\n{rows}")
    };
    let count = |city: &City| city.table("major_offering").len();
    city.deliver("2024/majors/a.csv", majors(&["710201", "710202"]));
    city.run();
    city.deliver("2024/majors/b.csv", majors(&["710201", "710202", "710203"]));
    city.run();
    assert_eq!(count(&city), 2);
    assert_eq!(rules(&city), ["S1 E-TWO-FILES"]);
    accept(&city, "E-TWO-FILES", "2024/majors/b.csv");
    city.run();
    assert_eq!(count(&city), 3);
}

#[test]
fn a_decision_needs_a_rule_a_delivery_a_name_and_a_reason() {
    let city = village();
    city.run();
    city.deliver("2024/students/yaodu.csv", roster(YAODU, 0..3));
    city.run();
    let refused = |arguments: &[&str]| {
        let output = city.nianbao(&[&["override", "accept"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
        text(&output.stderr)
    };
    let file = "2024/students/yaodu.csv";
    let message = refused(&["--rule", "E-DATE", "--file", file, "--who", "王", "--reason", "x"]);
    assert!(message.contains("E-VOLUME"), "{message}");
    let message = refused(&["--rule", "E-VOLUME", "--file", "2024/none.csv", "--who", "王", "--reason", "x"]);
    assert!(message.contains("no delivery is called"), "{message}");
    let message = refused(&["--rule", "E-VOLUME", "--file", file, "--who", " ", "--reason", "x"]);
    assert!(message.contains("a name and a reason"), "{message}");
    let sound = "2024/students/hongtong.csv";
    let message = refused(&["--rule", "E-VOLUME", "--file", sound, "--who", "王", "--reason", "x"]);
    assert!(message.contains("waits for no answer"), "{message}");
}

#[test]
fn a_decision_taken_back_no_longer_holds_and_what_was_before_counts_again() {
    let city = village();
    city.run();
    city.deliver("2024/students/yaodu.csv", roster(YAODU, 0..10));
    city.run();
    accept(&city, "E-VOLUME", "2024/students/yaodu.csv");
    city.run();
    assert_eq!(students(&city, YAODU, "2024"), "10");
    // Every release that depends on the decision says so, whatever it was made for.
    city.deliver("2024/students/hongtong.csv", roster(HONGTONG, 300..321));
    city.run();
    assert_eq!(
        (students(&city, YAODU, "2024").as_str(), rules(&city)),
        ("10", vec!["S3 E-VOLUME".to_owned()])
    );
    assert_eq!(city.table("override").len(), 1);
    let listed = city.nianbao(&["override", "list"]);
    assert!(text(&listed.stdout).contains("in force"), "{}", text(&listed.stdout));
    let withdraw = ["override", "withdraw", "1", "--who", "李局长", "--reason", "误批"];
    let taken_back = city.nianbao(&withdraw);
    assert_eq!(taken_back.status.code(), Some(0), "{}", text(&taken_back.stderr));
    city.run();
    assert_eq!(students(&city, YAODU, "2024"), "20");
    assert_eq!(rules(&city), ["S1 E-VOLUME", "S2 Q-KEPT"]);
    assert_eq!(city.run()["outcome"], "nothing_to_do");
    assert_eq!(city.nianbao(&withdraw).status.code(), Some(2));
}

#[test]
fn a_decision_lapses_when_what_it_was_about_is_replaced() {
    let city = village();
    let file = "2024/students/yaodu.csv";
    city.run();
    city.deliver(file, roster(YAODU, 0..10));
    city.run();
    accept(&city, "E-VOLUME", file);
    city.run();
    city.deliver(file, roster(YAODU, 0..90));
    city.run();
    assert_eq!(students(&city, YAODU, "2024"), "90");
    assert_eq!(city.run()["outcome"], "nothing_to_do");
    // The file of ten rows again, by accident: no one decided that it may replace ninety.
    city.deliver(file, roster(YAODU, 0..10));
    city.run();
    assert_eq!(students(&city, YAODU, "2024"), "90");
}

#[test]
fn each_of_several_files_of_a_school_stays_until_it_is_replaced() {
    let city = village();
    let file = |n: u32| format!("2024/students/yaodu{n}.csv");
    fs::remove_file(city.drop_folder().join("2024/students/yaodu.csv")).unwrap();
    for n in 0..4 {
        city.deliver(&file(n), roster(YAODU, n * 10..n * 10 + 10));
    }
    city.run();
    assert_eq!(students(&city, YAODU, "2024"), "40");
    fs::remove_file(city.drop_folder().join(file(2))).unwrap();
    city.run();
    assert_eq!(students(&city, YAODU, "2024"), "40");
    assert_eq!(rules(&city), ["S2 Q-KEPT"]);
    // One comes damaged, another corrected: the old of the one, the new of the other.
    city.deliver(&file(2), "<html>会话超时");
    city.deliver(&file(3), roster(YAODU, 30..39));
    city.run();
    assert_eq!(students(&city, YAODU, "2024"), "39");
    // One short file is set aside, and does not affect the others, even when it is accepted.
    city.deliver(&file(2), roster(YAODU, 20..30));
    city.deliver(&file(0), roster(YAODU, 0..0) + roster(YAODU, 0..1).lines().nth(1).unwrap() + "\n");
    city.deliver(&file(1), roster(YAODU, 10..12));
    city.run();
    assert_eq!(students(&city, YAODU, "2024"), "39");
    accept(&city, "E-VOLUME", &file(1));
    city.run();
    assert_eq!(students(&city, YAODU, "2024"), "31");
    assert_eq!(city.run()["outcome"], "nothing_to_do");
}

#[test]
fn a_school_out_of_the_register_for_a_night_is_there_again_the_next() {
    let city = village();
    city.run();
    let register = fs::read_to_string(city.drop_folder().join("2024/schools/register.csv")).unwrap();
    let more: String = (1..=5)
        .map(|n| format!("361400001{n},云岭{n}学校,职业高中学校,公办,县属,141002,正常,30\n"))
        .collect();
    city.deliver("2024/schools/register.csv", register.clone() + &more);
    fs::remove_file(city.drop_folder().join("2024/students/hongtong.csv")).unwrap();
    city.run_with(&["--year", "2024"]);
    assert_eq!(students(&city, HONGTONG, "2024"), "20");
    let without: String = (register.clone() + &more)
        .lines()
        .filter(|line| !line.starts_with(HONGTONG))
        .map(|l| format!("{l}\n"))
        .collect();
    city.deliver("2024/schools/register.csv", without);
    city.run();
    assert!(city.table("finding").iter().any(|row| get(row, "rule") == "Q-UNREGISTERED"));
    city.deliver("2024/schools/register.csv", register + &more);
    city.run();
    assert_eq!(students(&city, HONGTONG, "2024"), "20");
}

#[test]
fn questions_in_a_kept_delivery_stay_open_and_a_clean_up_keeps_it() {
    let city = village();
    let (id, _, _) = identity(305);
    let last = if id.ends_with('1') { "2" } else { "1" };
    let wrong = roster(HONGTONG, 300..320).replace(&id, &format!("{}{last}", &id[..17]));
    city.deliver("2024/students/hongtong.csv", wrong);
    city.run();
    let asked =
        |city: &City| city.table("finding").iter().filter(|row| get(row, "rule") == "Q-ID-CHECK").count();
    assert_eq!(asked(&city), 1);
    fs::remove_file(city.drop_folder().join("2024/students/hongtong.csv")).unwrap();
    city.run();
    assert_eq!(asked(&city), 1);
    city.deliver("2024/students/yaodu.csv", roster(YAODU, 0..21));
    city.run();
    let pruned = city.nianbao(&["releases", "prune", "--keep", "1", "--grace-days", "0"]);
    assert_eq!(pruned.status.code(), Some(0), "{}", text(&pruned.stderr));
    fs::remove_dir_all(city.data().join("staging")).unwrap();
    city.deliver("2024/students/yaodu.csv", roster(YAODU, 0..22));
    city.run();
    assert_eq!(students(&city, HONGTONG, "2024"), "20");
}
