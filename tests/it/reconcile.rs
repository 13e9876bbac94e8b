//! One figure on several bases: what differs, what persons say of it, and what they set instead.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use nianbao::number::Decimal;
use serde_json::Value;

use crate::support::{
    City, HONGTONG, PROVINCIAL, Record, Sheets, Village, YAODU, a_year_before, decimal, files, get, save,
    sheets, text, whole_city,
};

/// A school's filing: rows of 表1 and of 表6, last year and this year.
pub fn filing(school: &str, graduates: &str, students: &str, funding: &str) -> String {
    format!(
        "表1 人才培养质量计分卡\n名称：某校({school})\n序号,指标,单位,2023年,2024年\n1,毕业生人数,人,,{graduates}\n\
         表6 落实政策表\n名称：某校({school})\n序号,指标,单位,2023年,2024年\n1,全日制在校生人数,人,,{students}\n\
         2,年生均财政拨款水平,元,,{funding}\n"
    )
}

/// The village with filings: by the rows 4, 3 and 2 students, and 3, 2 and 1 graduates.
fn village() -> City {
    let city = City::empty();
    Village::new().deliver(&city);
    city.deliver("2024/filings/a.csv", filing(YAODU, "3", "5", "1000"));
    city.deliver("2024/filings/b.csv", filing(HONGTONG, "2", "3", "2000"));
    city.deliver("2024/filings/c.csv", filing(PROVINCIAL, "-", "2", "4000"));
    city
}

fn differences(city: &City, indicator: &str) -> Vec<Record> {
    let mut rows = city.table("difference");
    rows.retain(|row| get(row, "indicator_id") == indicator);
    rows
}

fn at<'a>(rows: &'a [Record], place: &str) -> &'a Record {
    let is_there = |row: &&Record| {
        get(row, "school_code") == place
            || get(row, "school_code").is_empty() && get(row, "region_code") == place
    };
    rows.iter().find(is_there).unwrap_or_else(|| panic!("nothing at {place}"))
}

fn findings(city: &City, rule: &str) -> Vec<Record> {
    let mut rows = city.table("finding");
    rows.retain(|row| get(row, "rule") == rule);
    rows
}

/// The workbook of differences, or the other one, of a year.
fn workbook(city: &City, year: &str, kind: &str) -> PathBuf {
    let folder = city.data().join("reports").join(year);
    files(&folder).into_iter().find(|path| path.display().to_string().contains(kind)).unwrap()
}

/// The column of a head, in the row that has it.
fn column(rows: &[Vec<String>], head: &str) -> usize {
    rows.iter().find_map(|row| row.iter().position(|cell| cell == head)).unwrap()
}

/// The produced workbook with a note in the row of one school's indicator.
fn filled(city: &City, place: &str, indicator: &str, note: &str, by: &str) -> Sheets {
    let mut sheets = sheets(&workbook(city, "2024", "差异表"));
    let mut written = 0;
    for (_, rows) in &mut sheets {
        let columns = ["代码", "指标代码", "处理说明", "处理人"].map(|head| column(rows, head));
        let [code, id, message, who] = columns;
        for row in rows.iter_mut().filter(|row| row[code] == place && row[id] == indicator) {
            (row[message], row[who]) = (note.to_owned(), by.to_owned());
            written += 1;
        }
    }
    assert_eq!(written, 1, "{place} {indicator}");
    sheets
}

fn read(city: &City, sheets: &Sheets, arguments: &[&str]) -> (Option<i32>, String) {
    let path = city.path().join("filled.xlsx");
    save(sheets, &path);
    let path = path.display().to_string();
    let output = city.nianbao(&[&["override", "read", &path], arguments].concat());
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

fn set(city: &City, indicator: &str, school: &str, value: &str, more: &[&str]) -> (Option<i32>, String) {
    let arguments = ["override", "set", indicator, "--year", "2024", "--school", school, "--value", value];
    let named = ["--by", "王科长", "--why", "两人已转出，学校更正"];
    let output = city.nianbao(&[&arguments[..], &named, more].concat());
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

fn listed(city: &City) -> Vec<String> {
    text(&city.nianbao(&["override", "list"]).stdout).lines().map(str::to_owned).collect()
}

/// Every printed cell: its place, and how it is printed.
fn cells(city: &City) -> BTreeMap<String, (String, String)> {
    let place = |row: &Record| {
        let keys = ["report_year", "report_table", "report_path", "measure", "column_year", "region_code"];
        let unit = if get(row, "school_code").is_empty() { "" } else { get(row, "school_code") };
        format!("{} {unit}", keys.map(|key| get(row, key)).join(" ")).trim().to_owned()
    };
    let printed = |row: &Record| (get(row, "basis").to_owned(), get(row, "printed_text").to_owned());
    city.table("report_cell").iter().map(|row| (place(row), printed(row))).collect()
}

/// Cells that are not printed as before, and how they are printed now.
fn changed(before: &BTreeMap<String, (String, String)>, city: &City) -> Vec<String> {
    let after = cells(city);
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    let other = after.iter().filter(|(place, cell)| before[*place] != **cell);
    other.map(|(place, (basis, printed))| format!("{place} {basis} {printed}")).collect()
}

/// How far apart two answers agree: what is a ratio of system rows is filed as it is printed.
fn tolerance(year: &str, id: &str) -> i128 {
    const RATES: [&str; 9] = [
        "startup_rate",
        "dual_share",
        "dual_senior_share",
        "senior_title_share",
        "student_teacher_ratio",
        "practice_places_per_student",
        "equipment_value_per_student",
        "funding_per_student",
        "fitness_pass_rate",
    ];
    match (id, year) {
        ("online_course_mean_students", _) | ("equipment_value_per_student", "2023") => 5_000_000_000,
        _ if RATES.contains(&id) => 50_000_000,
        _ => 0,
    }
}

#[test]
fn differences_of_the_city_are_those_its_truth_implies() {
    let city = whole_city();
    let truth = fs::read_to_string(city.drop_folder().join("truth.jsonl")).unwrap();
    let string = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let mut values: BTreeMap<(String, String, String), BTreeMap<String, Option<Decimal>>> = BTreeMap::new();
    let mut answered: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for line in truth.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        if line["kind"] != "value" || !string(&line, "breakdown").is_empty() {
            continue;
        }
        let school = string(&line, "school_code");
        let place = if school.is_empty() { string(&line, "region_code") } else { school };
        let (year, id, basis) =
            (line["report_year"].to_string(), string(&line, "indicator_id"), string(&line, "basis"));
        let value = Some(string(&line, "value")).filter(|value| !value.is_empty());
        if line["level"] == "school" && ["value", "dash"].contains(&string(&line, "state").as_str()) {
            answered.entry((year.clone(), id.clone())).or_default().insert(basis.clone());
        }
        values.entry((year, id, place)).or_default().insert(basis, value.map(|value| decimal(&value)));
    }
    // The reference first: system, survey, filed.
    let two_bases = |year: &str, id: &str| {
        let bases = answered.get(&(year.to_owned(), id.to_owned()))?;
        let known = ["system", "survey", "filed"].into_iter().filter(|basis| bases.contains(*basis));
        <[&str; 2]>::try_from(known.collect::<Vec<_>>()).ok()
    };
    let mut expected = BTreeMap::new();
    for (key, sides) in &values {
        let side = |basis: &str| sides.get(basis).copied().flatten();
        let Some([basis_a, basis_b]) = two_bases(&key.0, &key.1) else { continue };
        let answer = match (side(basis_a), side(basis_b)) {
            (None, None) => continue,
            (Some(_), None) => format!("only_{basis_a}"),
            (None, Some(_)) => format!("only_{basis_b}"),
            (Some(a), Some(b)) if (a.0 - b.0).abs() <= tolerance(&key.0, &key.1) => "agrees".to_owned(),
            _ => "differs".to_owned(),
        };
        expected.insert(key.clone(), answer);
    }
    let rows = city.table("difference");
    let mut found = BTreeMap::new();
    for row in &rows {
        let place = if get(row, "school_code").is_empty() { "region_code" } else { "school_code" };
        let key = ["report_year", "indicator_id", place].map(|column| get(row, column).to_owned());
        let [year, id, place] = key;
        if let Some(bases) = two_bases(&year, &id) {
            assert_eq!([get(row, "basis_a"), get(row, "basis_b")], bases);
            let before = found.insert((year, id, place), get(row, "answer").to_owned());
            assert_eq!(before, None, "two rows of one pair");
        }
        // The row's own figures say what it answers.
        if let (Some(a), Some(b)) = (row.get("value_a"), row.get("value_b")) {
            let difference = decimal(b).0 - decimal(a).0;
            assert_eq!(decimal(get(row, "difference")).0, difference);
            let agrees = difference.abs() <= decimal(get(row, "tolerance")).0;
            assert_eq!(agrees, get(row, "answer") == "agrees");
        }
    }
    assert!(expected.len() > 1500, "{}", expected.len());
    assert!(expected.values().filter(|answer| *answer == "differs").count() > 100);
    let other: Vec<_> = expected.iter().filter(|(key, answer)| found.get(*key) != Some(*answer)).collect();
    assert!(other.is_empty(), "{} of {}: {other:?}", other.len(), expected.len());
    assert_eq!(found.len(), expected.len());

    // Open differences are reported once per indicator, and the workbooks list those that do not agree.
    let open = rows.iter().filter(|row| get(row, "finding_rule") == "Q-DIFFERENCE").count();
    let found = findings(city, "Q-DIFFERENCE");
    let counted: usize = found.iter().map(|row| get(row, "count").parse::<usize>().unwrap()).sum();
    assert_eq!(counted, open);
    let messages: BTreeSet<_> =
        found.iter().map(|row| (get(row, "report_year"), get(row, "message"))).collect();
    assert_eq!(messages.len(), found.len());
    for year in ["2023", "2024"] {
        let of_year =
            rows.iter().filter(|row| get(row, "report_year") == year && get(row, "answer") != "agrees");
        let is_zero = |row: &Record, side: &str| {
            let text = get(row, &format!("value_{side}"));
            !text.is_empty() && decimal(text) == decimal("0")
        };
        let is_dash = |row: &Record, side: &str| get(row, &format!("state_{side}")) == "dash";
        let (zeros, others): (Vec<_>, Vec<_>) = of_year.partition(|row| {
            (is_zero(row, "a") && is_dash(row, "b")) || (is_dash(row, "a") && is_zero(row, "b"))
        });
        let book = sheets(&workbook(city, year, "差异表"));
        let listed: usize = book[..2].iter().map(|(_, rows)| rows.len() - 3).sum();
        // All 0 against - are one row.
        assert_eq!(listed, others.len() + usize::from(!zeros.is_empty()));
    }
}

#[test]
fn a_pair_agrees_differs_or_has_one_side() {
    let city = village();
    let run = city.run();
    let students = differences(&city, "students");
    let answers = |rows: &[Record], place: &str| {
        let row = at(rows, place);
        ["answer", "value_a", "value_b", "difference"].map(|column| {
            let cell = get(row, column);
            if column == "answer" || cell.is_empty() { cell.to_owned() } else { decimal(cell).to_string() }
        })
    };
    assert_eq!(answers(&students, YAODU), ["differs", "4", "5", "1"]);
    assert_eq!(answers(&students, HONGTONG), ["agrees", "3", "3", "0"]);
    assert_eq!(answers(&students, "141000"), ["differs", "9", "10", "1"]);
    let graduates = differences(&city, "graduates");
    assert_eq!(answers(&graduates, PROVINCIAL), ["only_system", "1", "", ""]);
    assert_eq!(get(at(&graduates, PROVINCIAL), "state_b"), "dash");
    // Not filed, or not asked for at all: no pair.
    assert_eq!(differences(&city, "staff"), Vec::<Record>::new());
    assert_eq!(differences(&city, "schools"), Vec::<Record>::new());
    let counts = &run["summary"]["years"]["2024"]["reconciled"];
    let count = |key: &str| counts[key].as_u64().unwrap();
    assert_eq!(count("compared"), count("agree") + count("differ") + count("one_side"));
    assert_eq!((count("differ"), count("closed")), (1, 0));
    // A run says so to people too.
    let other = village();
    let output = text(&other.nianbao(&["run"]).stdout);
    let line = format!(
        "口径比对（各校各指标）\n  2024  比对 {}：一致 {}，不一致 1，只有一方有数 {}；已处理 0\n",
        count("compared"),
        count("agree"),
        count("one_side")
    );
    assert!(output.contains(&line), "{output}");
}

#[test]
fn a_note_written_in_the_workbook_closes_its_difference_until_a_value_changes() {
    let city = village();
    city.run();
    let open = findings(&city, "Q-DIFFERENCE").len();
    let note = filled(&city, YAODU, "students", "一名学生休学，系统未更新", "李老师");
    let (code, printed) = read(&city, &note, &[]);
    assert_eq!(
        (code, printed.as_str()),
        (Some(0), "1 note recorded, 0 known already, 0 not recorded; the next run shows them.\n")
    );
    let (code, printed) = read(&city, &note, &[]);
    assert_eq!((code, printed.as_str()), (Some(0), "0 notes recorded, 1 known already, 0 not recorded.\n"));

    let run = city.run();
    let row = at(&differences(&city, "students"), YAODU).clone();
    let closed = ["answer", "closing_note", "closed_by", "closed_decision", "finding_rule"];
    assert_eq!(
        closed.map(|column| get(&row, column)),
        ["differs", "一名学生休学，系统未更新", "李老师", "1", ""]
    );
    assert_eq!(run["summary"]["years"]["2024"]["reconciled"]["closed"], 1);
    assert_eq!(findings(&city, "Q-DIFFERENCE").len(), open - 1);
    assert_eq!(city.run()["outcome"], "nothing_to_do");
    // The workbook that is written now has the note; read back as it is, it says nothing new.
    let produced = sheets(&workbook(&city, "2024", "差异表"));
    assert!(produced[0].1.iter().flatten().any(|cell| cell == "一名学生休学，系统未更新"));
    assert_eq!(read(&city, &produced, &[]).1, "0 notes recorded, 1 known already, 0 not recorded.\n");

    // Another value on one side: the note was not of this difference.
    city.deliver("2024/filings/a.csv", filing(YAODU, "3", "6", "1000"));
    city.run();
    let row = at(&differences(&city, "students"), YAODU).clone();
    assert_eq!(["closing_note", "finding_rule"].map(|column| get(&row, column)), ["", "Q-DIFFERENCE"]);
    assert_eq!(findings(&city, "W-NOTE-LAPSED").len(), 1);
    assert!(listed(&city)[0].contains("lapsed"), "{:?}", listed(&city));
    let (code, printed) = read(&city, &produced, &[]);
    assert_eq!(code, Some(10));
    assert!(printed.starts_with("not recorded: sheet `学校`, row "), "{printed}");
    assert!(
        printed
            .contains(": 填报 is 6 now, the row has 5\n0 notes recorded, 0 known already, 1 not recorded.\n"),
        "{printed}"
    );
    // The old value does not bring the note back; a person does.
    city.deliver("2024/filings/a.csv", filing(YAODU, "3", "5", "1000"));
    city.run();
    assert_eq!(get(at(&differences(&city, "students"), YAODU), "closing_note"), "");
    let (code, printed) = read(&city, &note, &[]);
    assert_eq!((code, printed.starts_with("1 note recorded")), (Some(0), true), "{printed}");
    city.run();
    assert_eq!(get(at(&differences(&city, "students"), YAODU), "closed_by"), "李老师");
    assert_eq!(findings(&city, "W-NOTE-LAPSED"), Vec::<Record>::new());
}

#[test]
fn a_workbook_that_is_not_one_is_refused_whole() {
    let city = village();
    city.run();
    let refused = |sheets: &Sheets, arguments: &[&str]| {
        let (code, printed) = read(&city, sheets, arguments);
        assert_eq!(code, Some(2), "{printed}");
        assert!(!city.data().join("ledger/overrides/000001.json").exists());
        printed
    };
    let none = vec![("学校".to_owned(), vec![vec!["年度".to_owned()]])];
    assert!(refused(&none, &[]).contains("sheet `学校`: no row has the heads 年度、代码"));
    let good = filled(&city, YAODU, "students", "已核实", "李老师");
    let with = |head: &str, value: &str| {
        let mut sheets = good.clone();
        let [message, wanted] = ["处理说明", head].map(|head| column(&sheets[0].1, head));
        let row = sheets[0].1.iter_mut().find(|row| row[message] == "已核实").unwrap();
        value.clone_into(&mut row[wanted]);
        sheets
    };
    for (head, value, expected) in [
        ("年度", "今年", "年度 is `今年`: no year"),
        ("口径乙", "上报", "口径乙 is `上报`: no basis"),
        ("数值甲", "约4", "数值甲 is `约4`: no value"),
        ("处理说明", "见14100220080302123X", "has a long number"),
    ] {
        let message = refused(&with(head, value), &[]);
        assert!(message.contains("sheet `学校`, row ") && message.contains(expected), "{message}");
        assert!(message.contains("hint: nothing was recorded"), "{message}");
        assert!(!message.contains("14100220080302123X"));
    }
    // No one is named: the row is reported, and a name on the command line is enough.
    let (code, printed) = read(&city, &with("处理人", ""), &[]);
    assert!(
        code == Some(10) && printed.contains("no name is given: fill in 处理人, or give --by"),
        "{printed}"
    );
    let (code, printed) = read(&city, &with("代码", "3614000009"), &[]);
    assert!(
        code == Some(10) && printed.contains("compares no `students` of 3614000009 in 2024"),
        "{printed}"
    );
    let (code, printed) = read(&city, &with("处理人", ""), &["--by", "王科长"]);
    assert!(code == Some(0) && printed.starts_with("1 note recorded"), "{printed}");
    let missing = city.nianbao(&["override", "read", "nowhere.xlsx"]);
    assert_eq!(missing.status.code(), Some(2), "{}", text(&missing.stderr));
    fs::write(city.path().join("page.xlsx"), "<html>请登录</html>").unwrap();
    let page = city.nianbao(&["override", "read", "page.xlsx"]);
    assert_eq!(page.status.code(), Some(2), "{}", text(&page.stderr));
}

#[test]
fn a_set_value_is_printed_where_it_takes_part_and_nowhere_else() {
    let city = village();
    let first = city.run();
    let before = cells(&city);
    let values = city.table("indicator_value");
    let (code, printed) = set(&city, "students", YAODU, "8", &[]);
    let said = "全日制在校生人数 of 3614000001 云岭职业学校, 2024, on basis filed (填报): 5 人 → 8 人\n\
                Decision 1 is recorded; the next run acts on it.\n";
    assert_eq!((code, printed.as_str()), (Some(0), said));
    city.run();
    // A mean that the students are the weight of follows above the school:
    // (1000 × 8 + 2000 × 3 + 4000 × 2) ÷ 13.
    assert_eq!(
        changed(&before, &city),
        [
            "2024 表6 全日制在校生人数 值 2024 141000 adjusted 13",
            "2024 表6 全日制在校生人数 值 2024 141002 adjusted 8",
            "2024 表6 全日制在校生人数 值 2024 141002 3614000001 adjusted 8",
            "2024 表6 年生均财政拨款水平 值 2024 141000 adjusted 1692.31",
            "2024 表6 年生均财政拨款水平 值 2024 141002 adjusted 1000.00",
        ]
    );
    // Delivered values stay as they are, next to the adjusted ones.
    let mut after = city.table("indicator_value");
    assert!(
        after
            .iter()
            .filter(|row| get(row, "basis") == "adjusted")
            .all(|row| get(row, "stands_for") == "filed")
    );
    after.retain(|row| get(row, "basis") != "adjusted");
    assert_eq!(after, values);
    let applied = city.table("override");
    let columns =
        ["indicator_id", "school_code", "stands_for", "value", "value_under", "decided_by", "reason"];
    assert_eq!(
        columns.map(|column| get(&applied[0], column)),
        ["students", YAODU, "filed", "8", "5", "王科长", "两人已转出，学校更正"]
    );
    // The difference is answered by it; the finding says so of the figure.
    let row = at(&differences(&city, "students"), YAODU).clone();
    assert_eq!(get(&row, "closing_note"), "填报核定为 8：两人已转出，学校更正");
    assert_eq!(get(&row, "finding_rule"), "");
    assert_eq!(decimal(get(&row, "value_b")), decimal("5"));
    let adjusted = findings(&city, "W-ADJUSTED");
    assert!(
        get(&adjusted[0], "message").contains("（填报）原数 5，核定 8（王科长：两人已转出，学校更正）"),
        "{adjusted:?}"
    );
    // Printed with the figure: the basis, and under the table who, why, when and instead of what.
    let table =
        sheets(&workbook(&city, "2024", "数据表")).into_iter().find(|(name, _)| name == "表6").unwrap().1;
    let row = table.iter().find(|row| row.iter().any(|cell| cell == "全日制在校生人数")).unwrap();
    assert!(row.contains(&"核定".to_owned()) && row.contains(&"13".to_owned()), "{row:?}");
    let footnote = table.iter().flatten().find(|cell| cell.starts_with("核定：")).unwrap();
    assert!(
        footnote.starts_with(
            "核定：云岭职业学校(3614000001) 2024年“全日制在校生人数”（填报）原数 5，核定 8：两人已转出，学校更正（王科长，"
        ),
        "{footnote}"
    );
    let other =
        sheets(&workbook(&city, "2024", "数据表")).into_iter().find(|(name, _)| name == "表 1.3").unwrap().1;
    assert!(!other.iter().flatten().any(|cell| cell.starts_with("核定：")));
    let written = fs::read(workbook(&city, "2024", "数据表")).unwrap();
    assert_eq!(city.nianbao(&["report", "--year", "2024"]).status.code(), Some(0));
    assert_eq!(fs::read(workbook(&city, "2024", "数据表")).unwrap(), written);
    assert_eq!(city.run()["outcome"], "nothing_to_do");

    // Taken back, the tables are what they were, to the byte.
    let withdraw = ["override", "withdraw", "1", "--by", "李局长", "--why", "误设"];
    assert_eq!(city.nianbao(&withdraw).status.code(), Some(0));
    let back = city.run();
    assert_eq!((&back["outcome"], &back["digest"]), (&"published".into(), &first["digest"]));
    assert!(listed(&city)[0].contains("withdrawn"));
}

#[test]
fn ratios_and_parts_by_school_follow_a_set_value_of_the_rows() {
    let city = village();
    city.run();
    let before = cells(&city);
    let (code, printed) = set(&city, "students", YAODU, "6", &["--basis", "system"]);
    assert_eq!(code, Some(0), "{printed}");
    let run = city.run();
    let headlines = run["summary"]["headlines"].as_array().unwrap();
    let students = headlines.iter().find(|line| line["indicator_id"] == "students").unwrap();
    assert_eq!((&students["basis"], &students["text"]), (&"核定".into(), &"11".into()));
    // Two teachers there; 11 students and 4 teachers in the city. 云岭 is a 职业高中.
    assert_eq!(
        changed(&before, &city),
        [
            "2024 表1.3 在校生 值 2024 141000 adjusted 11",
            "2024 表1.3 在校生 值 2024 141002 adjusted 6",
            "2024 表1.3 在校生 值 2024 141002 3614000001 adjusted 6",
            "2024 表1.3 在校生/职业高中（中专） 值 2024 141000 adjusted 9",
            "2024 表1.3 在校生/职业高中（中专） 值 2024 141002 adjusted 6",
            "2024 表1.3 在校生/职业高中（中专） 值 2024 141002 3614000001 adjusted 6",
            "2024 表1.4 生师比 值 2024 141000 adjusted 2.75",
            "2024 表1.4 生师比 值 2024 141002 adjusted 3.00",
            "2024 表1.4 生师比 值 2024 141002 3614000001 adjusted 3.00",
            "2024 表3 生师比 值 2024 141000 adjusted 2.75",
            "2024 表3 生师比 值 2024 141002 adjusted 3.00",
            "2024 表3 生师比 值 2024 141002 3614000001 adjusted 3.00",
        ]
    );
    let adjusted = findings(&city, "W-ADJUSTED");
    assert!(get(&adjusted[0], "message").ends_with("；按专业大类等的分组仍为原数"), "{adjusted:?}");
    // One indicator on two bases: each is printed where its own basis is.
    assert_eq!(set(&city, "students", HONGTONG, "7", &[]).0, Some(0));
    let before = cells(&city);
    city.run();
    let changed = changed(&before, &city);
    assert!(changed.iter().all(|cell| cell.contains(" 表6 ")), "{changed:?}");
    assert!(
        changed.contains(&"2024 表6 全日制在校生人数 值 2024 141000 adjusted 14".to_owned()),
        "{changed:?}"
    );
}

#[test]
fn a_set_value_can_make_two_printed_figures_one() {
    let city = village();
    city.run();
    let two_bases = |city: &City| -> Vec<String> {
        let found = findings(city, "Q-TWO-BASES");
        let messages = found.iter().map(|row| get(row, "message").to_owned());
        messages.filter(|message| message.contains("students")).collect()
    };
    let before = two_bases(&city);
    assert!(before.len() == 1 && before[0].contains("印系统数 9，表6 印填报数 10"), "{before:?}");
    assert_eq!(set(&city, "students", YAODU, "4", &[]).0, Some(0));
    let run = city.run();
    assert_eq!(two_bases(&city), Vec::<String>::new());
    let reconciled = &run["summary"]["years"]["2024"]["reconciled"];
    assert_eq!((&reconciled["differ"], &reconciled["closed"]), (&1.into(), &1.into()));
    // Printed values were checked like delivered ones.
    let checks = run["checks"].as_array().unwrap();
    let sums = checks.iter().filter(|check| check["check"] == "counties_and_residual_sum_to_city");
    assert_eq!(sums.count(), 2);
    let listed: Value =
        serde_json::from_slice(&city.nianbao(&["override", "list", "--json"]).stdout).unwrap();
    assert_eq!(
        (&listed[0]["state"], &listed[0]["about"]["under"]["filed"]),
        (&"in force".into(), &"5".into())
    );
    // The workbook of differences shows the set value; read back as it is, it is not a note.
    let produced = sheets(&workbook(&city, "2024", "差异表"));
    assert!(produced[0].1.iter().flatten().any(|cell| cell.starts_with("填报核定为 4：")));
    assert_eq!(read(&city, &produced, &[]).1, "0 notes recorded, 1 known already, 0 not recorded.\n");
}

#[test]
fn a_set_value_lapses_when_what_is_under_it_changes() {
    let city = village();
    city.run();
    let raw = cells(&city);
    assert_eq!(set(&city, "graduates", PROVINCIAL, "1", &[]).0, Some(0));
    city.run();
    assert!(changed(&raw, &city).contains(&"2024 表1 毕业生人数 值 2024 141000 adjusted 6".to_owned()));
    // The school files after all.
    city.deliver("2024/filings/c.csv", filing(PROVINCIAL, "2", "2", "4000"));
    city.run();
    let printed = cells(&city);
    assert_eq!(printed["2024 表1 毕业生人数 值 2024 141000"], ("filed".into(), "7".into()));
    assert!(printed.values().all(|(basis, _)| basis != "adjusted"));
    let adjusted = findings(&city, "Q-ADJUSTED-LAPSED");
    assert!(
        get(&adjusted[0], "message").contains("核定 1 时原数为 -，现为 2（第 1 号决定，王科长）"),
        "{adjusted:?}"
    );
    assert_eq!(city.table("override"), Vec::<Record>::new());
    assert!(listed(&city)[0].contains("lapsed"));
    // With the old value it does not come back by itself; a new decision takes its place.
    city.deliver("2024/filings/c.csv", filing(PROVINCIAL, "-", "2", "4000"));
    city.run();
    assert_eq!(cells(&city)["2024 表1 毕业生人数 值 2024 141000"], ("filed".into(), "5".into()));
    assert_eq!(set(&city, "graduates", PROVINCIAL, "1", &[]).0, Some(0));
    city.run();
    assert_eq!(cells(&city)["2024 表1 毕业生人数 值 2024 141000"], ("adjusted".into(), "6".into()));
    assert_eq!(findings(&city, "Q-ADJUSTED-LAPSED"), Vec::<Record>::new());
    assert!(listed(&city)[0].contains("replaced by 2"), "{:?}", listed(&city));
}

#[test]
fn an_adjusted_last_year_stays_adjusted_in_the_next_report() {
    let city = village();
    let last = City::empty();
    Village::new().deliver(&last);
    for file in ["schools/register.csv", "students/all.csv"] {
        let content = fs::read_to_string(last.drop_folder().join("2024").join(file)).unwrap();
        city.deliver(&format!("2023/{file}"), a_year_before(&content));
    }
    city.run();
    let before = cells(&city);
    let arguments = ["override", "set", "students", "--year", "2023", "--school", YAODU, "--value", "40"];
    let named = ["--basis", "system", "--by", "王科长", "--why", "漏报一班"];
    let output = city.nianbao(&[&arguments[..], &named].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let not_asked = ["override", "set", "funding_per_student", "--year", "2023", "--school", YAODU];
    let output =
        city.nianbao(&[&not_asked[..], &["--value", "9", "--by", "王科长", "--why", "更正"]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("was not asked in 2023"), "{}", text(&output.stderr));
    city.run();
    let changed = changed(&before, &city);
    assert!(changed.contains(&"2023 表1.3 在校生 值 2023 141000 adjusted 45".to_owned()), "{changed:?}");
    assert!(changed.contains(&"2024 表1.3 在校生 值 2023 141000 adjusted 45".to_owned()), "{changed:?}");
    assert!(changed.iter().all(|cell| cell.contains(" 2023 ")), "{changed:?}");
    let table =
        sheets(&workbook(&city, "2024", "数据表")).into_iter().find(|(name, _)| name == "表 1.3").unwrap().1;
    assert!(
        table
            .iter()
            .flatten()
            .any(|cell| cell.contains("2023年“全日制在校生人数”（系统）原数 4，核定 40：漏报一班"))
    );
}

#[test]
fn a_value_that_cannot_be_set_is_refused_with_the_reason() {
    let city = village();
    let refused = |arguments: &[&str], expected: &str| {
        let named = ["--by", "王科长", "--why", "更正"];
        let output = city.nianbao(&[&["override", "set"], arguments, &named].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(expected), "{arguments:?}: {}", text(&output.stderr));
    };
    let good = ["students", "--year", "2024", "--school", YAODU, "--value", "8"];
    refused(&good, "there is no data root");
    city.run();
    let with = |index: usize, value: &'static str| {
        let mut arguments = good;
        arguments[index] = value;
        arguments
    };
    refused(&with(0, "pupils"), "there is no indicator `pupils`");
    refused(&with(2, "2021"), "release 000001 has no year 2021");
    refused(&with(4, "3614000099"), "there is no school `3614000099` in 2024");
    refused(&with(6, "-3"), "-3 is not between 0 and");
    refused(&with(6, "8.5"), "8.5 is not a whole number of 全日制在校生人数");
    refused(&with(6, "八"), "`八` is not a number in plain decimals");
    refused(&with(6, "5"), "5 人 is what was delivered on basis filed (填报): there is nothing to set");
    refused(&with(0, "schools"), "`schools` has no values on basis filed");
    refused(
        &[&with(0, "placement_rate")[..], &["--basis", "system"]].concat(),
        "computed from graduates_placed and graduates",
    );
    refused(&[&good[..], &["--basis", "survey"]].concat(), "none of them is set by a person");
    refused(
        &[&good[..], &["--basis", "adjusted"]].concat(),
        "`adjusted` is not a basis: filed (填报) or system",
    );
    let unnamed = ["override", "set", "--by", " ", "--why", "更正"];
    assert_eq!(city.nianbao(&[&unnamed[..], &good].concat()).status.code(), Some(2));
    let number = ["override", "set", "--by", "王科长", "--why", "14100220080302123X 转出"];
    let output = city.nianbao(&[&number[..], &good].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("a long number"), "{}", text(&output.stderr));
    assert!(!city.data().join("ledger/overrides").exists());
}

#[test]
fn the_year_of_a_decision_is_done_again_even_when_its_folder_is_empty() {
    let city = village();
    let first = city.run();
    assert_eq!(set(&city, "students", YAODU, "8", &[]).0, Some(0));
    for file in files(&city.drop_folder()) {
        fs::remove_file(file).unwrap();
    }
    city.run();
    let printed = "2024 表6 全日制在校生人数 值 2024 141000";
    assert_eq!(cells(&city)[printed], ("adjusted".into(), "13".into()));
    assert_eq!(
        city.nianbao(&["override", "withdraw", "1", "--by", "王科长", "--why", "误设"]).status.code(),
        Some(0)
    );
    assert_eq!(city.run()["outcome"], "published");
    assert_eq!(cells(&city)[printed], ("filed".into(), "10".into()));
    assert_eq!(first["outcome"], "published");
}
