//! Rows and files that are equal: one thing delivered twice, or two things. And cells that say nothing, or the same
//! in another way.

use std::fs;

use nianbao::number::Decimal;

use crate::support::{
    City, HONGTONG, Record, Village, YAODU, decimal, get, identity, name, save, sheets, text,
};

fn village() -> City {
    let city = City::empty();
    Village::new().deliver(&city);
    city
}

/// The value of an indicator on a basis: of a school, or of the city.
fn value(city: &City, indicator: &str, unit: &str, basis: &str) -> String {
    let values = city.table("indicator_value");
    let found = values.iter().find(|row| {
        get(row, "indicator_id") == indicator
            && get(row, "basis") == basis
            && get(row, "report_year") == "2024"
            && get(row, "breakdown").is_empty()
            && (get(row, "school_code") == unit
                || (get(row, "school_code").is_empty() && get(row, "region_code") == unit))
    });
    let row = found.unwrap_or_else(|| panic!("no {indicator} of {unit}"));
    match get(row, "state") {
        "value" => decimal(get(row, "value")).to_string(),
        state => state.to_owned(),
    }
}

fn found(city: &City, rule: &str) -> Vec<Record> {
    city.table("finding").into_iter().filter(|row| get(row, "rule") == rule).collect()
}

/// Outcome and rows of each delivery of a dataset: `b.csv repeated 0+0+2+1`, in the order of names.
fn books(city: &City, dataset: &str) -> Vec<String> {
    let of_dataset = |row: &Record| get(row, "dataset") == dataset;
    let mut lines: Vec<String> = city
        .table("delivery")
        .iter()
        .filter(|row| of_dataset(row))
        .map(|row| {
            let counts = ["rows_loaded", "rows_quarantined", "rows_duplicate", "rows_structural"];
            let counts = counts.map(|column| get(row, column));
            let sum: u64 = counts.iter().map(|count| count.parse::<u64>().unwrap()).sum();
            assert_eq!(sum.to_string(), get(row, "rows_physical"));
            let file = get(row, "file").rsplit('/').next().unwrap_or_default();
            format!("{file} {} {}", get(row, "outcome"), counts.join("+"))
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn two_equal_payments_are_two_and_asked_about() {
    let city = village();
    let pay = |rows: &[&str]| {
        let rows: String = rows.iter().map(|amount| format!("{YAODU},年财政专项经费,{amount}\n")).collect();
        format!("学校标识码,项目,金额（万元）\n{rows}")
    };
    city.deliver("2024/finance/a.csv", pay(&["839.57", "12", "839.57", "0.5", "12", "839.57"]));
    city.run();
    assert_eq!(value(&city, "special_funds", YAODU, "system"), "2543.21");
    assert_eq!(books(&city, "finance"), ["a.csv decoded 6+0+0+1"]);
    let asked = found(&city, "Q-EQUAL-ROWS");
    assert_eq!(asked.len(), 1, "one question for a file and school");
    assert_eq!(
        (get(&asked[0], "count"), get(&asked[0], "row"), get(&asked[0], "severity")),
        ("5", "2", "S2")
    );
    let message = get(&asked[0], "message");
    assert!(message.ends_with("共 2 组 5 行：第 2 行、第 4 行、第 7 行；第 3 行、第 6 行"), "{message}");
    // It is answered by its key, and stays answered.
    let key = get(&asked[0], "key").to_owned();
    let output = city.nianbao(&["override", "answer", &key, "--who", "王科长", "--reason", "确是三笔"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    city.run();
    assert_eq!(get(&found(&city, "Q-EQUAL-ROWS")[0], "severity"), "S3");
    assert_eq!(value(&city, "special_funds", YAODU, "system"), "2543.21");
}

#[test]
fn a_number_of_its_own_or_the_contract_tells_that_a_row_came_twice() {
    let city = village();
    let prize = |certificate: &str| format!("{YAODU},短视频制作,一等奖,{certificate}\n");
    let rows: String = ["", "无", "SX01", "SX01", "SX02"].map(prize).concat();
    city.deliver("2024/contest_prizes/a.csv", format!("学校标识码,赛项,等第,证书编号\n{rows}{}", prize("")));
    // One kind and standard of aid is one row of a school.
    let aid = format!("{YAODU},国家助学金,一档,20,4\n");
    city.deliver("2024/aid/a.csv", format!("学校标识码,资助类别,档次,资助人次,资助金额（万元）\n{aid}{aid}"));
    city.run();
    assert_eq!(books(&city, "contest_prizes"), ["a.csv decoded 5+0+1+1"]);
    assert_eq!(value(&city, "contest_prizes", YAODU, "system"), "5");
    assert_eq!(books(&city, "aid"), ["a.csv decoded 1+0+1+1"]);
    assert_eq!(value(&city, "aid_grants", YAODU, "system"), "4");
    let asked = found(&city, "Q-EQUAL-ROWS");
    assert_eq!(asked.len(), 1);
    assert!(get(&asked[0], "message").ends_with("共 1 组 2 行：第 2 行、第 7 行"), "{asked:?}");
}

#[test]
fn an_export_that_comes_again_with_more_rows_counts_once() {
    let city = village();
    let mentors = |rows: &[&str]| {
        let rows: String = rows.iter().map(|hours| format!("{YAODU},劳动模范,{hours}\n")).collect();
        format!("学校标识码,导师类别,年课时\n{rows}")
    };
    city.deliver("2024/mentors/a.csv", mentors(&["10", "20", "10"]));
    city.deliver("2024/mentors/b.csv", mentors(&["20", "10", "30", "10"]));
    city.run();
    assert_eq!(value(&city, "mentors", YAODU, "system"), "4");
    assert_eq!(books(&city, "mentors"), ["a.csv decoded 0+0+3+1", "b.csv decoded 4+0+0+1"]);
    // Where each has what the other lacks, equal rows may be two things.
    city.deliver("2024/mentors/a.csv", mentors(&["10", "20", "40"]));
    city.run();
    assert_eq!(value(&city, "mentors", YAODU, "system"), "7");
    let asked = found(&city, "Q-EQUAL-ROWS");
    assert_eq!((asked.len(), get(&asked[0], "count")), (1, "5"), "three of 10, two of 20");
}

#[test]
fn the_same_content_in_other_bytes_is_one_delivery() {
    let city = village();
    let majors = "学校标识码,专业代码,专业状态\n3614000001,710201,招生\n3614000001,710202,招生\n";
    let reversed = "专业状态\t学校标识码\t专业代码\n招生\t3614000001\t710202\n招生\t3614000001\t710201\n";
    city.deliver("2024/majors/a.csv", majors);
    city.deliver("2024/majors/b.csv", reversed);
    let rows = majors.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect();
    save(&vec![("Sheet1".to_owned(), rows)], &city.drop_folder().join("2024/majors/c.xlsx"));
    // Of a roster too: no person is asked about twice.
    let roster = fs::read_to_string(city.drop_folder().join("2024/students/all.csv")).unwrap();
    city.deliver("2024/students/again.csv", roster.replace(',', "\t"));
    city.run();
    assert_eq!(value(&city, "majors", YAODU, "system"), "2");
    assert_eq!(value(&city, "students", "141000", "system"), "9");
    let outcomes = |dataset: &str| -> Vec<String> {
        let mut outcomes: Vec<String> =
            books(&city, dataset).iter().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect();
        outcomes.sort();
        outcomes
    };
    assert_eq!(outcomes("majors"), ["decoded 2+0+0+1", "repeated 0+0+2+1", "repeated 0+0+2+1"]);
    assert_eq!(outcomes("students"), ["decoded 9+0+0+1", "repeated 0+0+9+1"]);
    assert_eq!(found(&city, "W-SAME-ROWS").len(), 3);
    for rule in ["E-TWO-FILES", "Q-TWO-FILES", "Q-TWICE"] {
        assert_eq!(found(&city, rule).len(), 0, "{rule}");
    }
    // What really differs is still for a person to choose: the delivery that counts stays.
    city.deliver("2024/majors/d.csv", reversed.replace("710202", "710203"));
    city.run();
    assert_eq!(value(&city, "majors", YAODU, "system"), "2");
    assert_eq!(found(&city, "E-TWO-FILES").len(), 1);
}

#[test]
fn a_form_saved_again_is_one_filing() {
    let city = City::mirrored(1);
    let folder = city.drop_folder().join("2024/filings");
    let filings: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let xlsx = filings.iter().find(|path| path.extension().is_some_and(|ending| ending == "xlsx")).unwrap();
    save(&sheets(xlsx), &folder.join("again.xlsx"));
    city.run();
    let repeated: Vec<String> =
        books(&city, "filings").into_iter().filter(|line| line.contains(" repeated ")).collect();
    assert_eq!(repeated.len(), 1, "{repeated:?}");
    assert_eq!(value(&city, "students", "141000", "filed"), "27534");
}

#[test]
fn of_two_columns_of_one_meaning_the_filled_one_counts_in_each_row() {
    let city = village();
    let mut roster = String::from("学校标识码,姓名,身份证件号,专业简称,专业名称,学生当前状态\n");
    let cells = [
        ("", "护理"),
        ("护理", ""),
        ("护理", "/"),
        ("护理", "NULL"),
        ("计应", "计算机应用"),
        ("护理", "计算机应用"),
        ("", ""),
        ("无", ""),
    ];
    for (serial, (short, title)) in (0..).zip(cells) {
        let (id, ..) = identity(serial);
        roster += &format!("{HONGTONG},{},{id},{short},{title},在读\n", name(serial));
    }
    city.deliver("2024/students/all.csv", roster);
    city.run();
    let majors: Vec<(String, String)> = city
        .table("student")
        .iter()
        .map(|row| (get(row, "source_row").to_owned(), get(row, "major_class").to_owned()))
        .collect();
    let classes: Vec<&str> = majors.iter().map(|(_, class)| class.as_str()).collect();
    assert_eq!(classes, ["72", "72", "72", "72", "71", "71", "", ""]);
    let asked = found(&city, "Q-ALTERNATIVES");
    assert_eq!(asked.len(), 1, "an abbreviation that is in no catalogue contradicts nothing");
    assert_eq!((get(&asked[0], "row"), get(&asked[0], "column")), ("7", "D"));
    let unknown = found(&city, "Q-MAJOR-EMPTY");
    assert_eq!((unknown.len(), get(&unknown[0], "count")), (1, "2"));
    assert!(get(&unknown[0], "message").ends_with("共 2 行：第 8、9 行"), "{unknown:?}");
}

#[test]
fn land_in_mu_is_kept_and_adds_up() {
    let city = village();
    let condition = |school: &str, area: &str| format!("{school},{area},100,100,100\n");
    city.deliver(
        "2024/conditions/a.csv",
        format!(
            "学校标识码,占地面积（亩）,教学科研仪器设备值（万元）,互联网出口带宽（Mbps）,校园网主干最大带宽（Mbps）\n{}{}{}{}",
            condition(YAODU, "1"),
            condition(YAODU, "1.00"),
            condition(YAODU, "1.0"),
            condition(HONGTONG, "25.3"),
        ),
    );
    city.run();
    assert_eq!(found(&city, "E-CELL").len(), 0);
    let of = |school: &str, column: &str| -> Vec<Decimal> {
        let rows = city.table("condition");
        let rows = rows.iter().filter(|row| get(row, "school_code") == school);
        rows.map(|row| decimal(get(row, column))).collect()
    };
    assert_eq!(of(HONGTONG, "site_area"), [decimal("16866.6666666667")]);
    assert_eq!(of(HONGTONG, "site_area_thirds"), [decimal("50600")]);
    let thirds: Decimal = of(YAODU, "site_area_thirds").into_iter().sum();
    assert_eq!(thirds, decimal("6000"), "three times 2000 square metres");
    let said = found(&city, "W-UNIT-ROUNDED");
    assert_eq!(said.iter().map(|row| get(row, "count")).collect::<Vec<_>>(), ["3", "1"]);
}
