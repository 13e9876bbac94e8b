//! Three people sign a year: nothing of it is open when they sign, it stays what they signed, and
//! a frozen year cannot be changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;

use crate::support::{City, HONGTONG, PROVINCIAL, Village, YAODU, files, get, save, sheets, text};

pub const PEOPLE: [(&str, &str); 3] =
    [("preparer", "李老师"), ("reviewer", "王科长"), ("responsible", "张局长")];

pub fn described(output: &Output) -> String {
    let code = output.status.code().unwrap();
    format!("exit {code}\n--- stdout\n{}--- stderr\n{}", text(&output.stdout), text(&output.stderr))
}

/// A school's filing, which differs from its rows.
fn filing(school: &str, students: &str) -> String {
    format!(
        "表6 落实政策表\n名称：某校({school})\n序号,指标,单位,2023年,2024年\n1,全日制在校生人数,人,,{students}\n"
    )
}

/// Two years of the village. In 2024 the schools filed, one of them other than its rows say.
fn village() -> City {
    let city = City::empty();
    Village::new().deliver(&city);
    for file in ["schools/register.csv", "students/all.csv", "staff/all.csv"] {
        let this_year = fs::read_to_string(city.drop_folder().join("2024").join(file)).unwrap();
        let fewer = usize::from(!file.starts_with("schools"));
        let lines: Vec<&str> = this_year.lines().collect();
        let earlier = lines[..lines.len() - fewer].join("\n").replace(",202409,", ",202309,");
        city.deliver(&format!("2023/{file}"), earlier);
    }
    city.deliver("2024/filings/a.csv", filing(YAODU, "5"));
    city.deliver("2024/filings/b.csv", filing(HONGTONG, "3"));
    city.deliver("2024/filings/c.csv", filing(PROVINCIAL, "2"));
    city.run();
    city
}

pub fn sign(city: &City, year: &str, role: &str, by: &str, more: &[&str]) -> Output {
    city.nianbao(&[&["sign", "--year", year, "--as", role, "--by", by], more].concat())
}

fn open(city: &City, year: &str) -> Vec<Value> {
    let output = sign(city, year, "preparer", "李老师", &["--json"]);
    if output.status.code() == Some(0) {
        return Vec::new();
    }
    assert_eq!(output.status.code(), Some(20), "{}", text(&output.stderr));
    let refused: Value = serde_json::from_slice(&output.stdout).unwrap();
    refused["open"].as_array().unwrap().clone()
}

/// Answers everything that is open of a year, each in its own way, and runs.
fn answer_all(city: &City, year: &str) {
    let mut keys: Vec<String> = Vec::new();
    for rule in open(city, year) {
        let questions = rule["questions"].as_array().unwrap().iter();
        keys.extend(questions.map(|question| question["key"].as_str().unwrap().to_owned()));
    }
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let answer = [&["override", "answer"], &keys[..], &["--by", "王科长", "--why", "已核实"]].concat();
    let answered = city.nianbao(&answer);
    assert_eq!(answered.status.code(), Some(0), "{}", text(&answered.stderr));
    note_differences(city, year);
    confirm_rows(city, year);
    city.run_with(&["--year", year]);
}

/// Says in the workbook of a year why every two differ.
fn note_differences(city: &City, year: &str) {
    let folder = city.data().join("reports").join(year);
    let Some(path) = files(&folder).into_iter().find(|path| path.display().to_string().contains("差异表"))
    else {
        return;
    };
    let mut book = sheets(&path);
    for (_, rows) in &mut book {
        let find = |head: &str| rows.iter().find_map(|row| row.iter().position(|cell| cell == head));
        let columns: Option<Vec<usize>> = ["代码", "处理说明", "处理人"].into_iter().map(find).collect();
        let Some(columns) = columns else { continue };
        let (code, said, who) = (columns[0], columns[1], columns[2]);
        for row in rows.iter_mut().filter(|row| row[code].len() == 10 && row[code].starts_with("36")) {
            (row[said], row[who]) = ("口径不同".to_owned(), "王科长".to_owned());
        }
    }
    let filled = city.path().join("filled.xlsx");
    save(&book, &filled);
    let read = city.nianbao(&["override", "read", filled.to_str().unwrap()]);
    assert_eq!(read.status.code(), Some(0), "{}{}", text(&read.stdout), text(&read.stderr));
}

/// Says in every school's correction sheet that what is asked about its rows is true.
fn confirm_rows(city: &City, year: &str) {
    let written = city.nianbao(&["quarantine", "export", "--year", year, "--json"]);
    let written: Vec<Value> = serde_json::from_slice(&written.stdout).unwrap();
    for path in written.iter().map(|workbook| city.path().join(workbook["path"].as_str().unwrap())) {
        let mut book = sheets(&path);
        let Some((_, rows)) = book.iter_mut().find(|(name, _)| name == "查询") else { continue };
        let mut said = 0;
        for row in rows.iter_mut().filter(|row| row[0].starts_with('Q') && row[1].is_empty()) {
            (row[1], row[2]) = ("属实".to_owned(), "李老师".to_owned());
            said += 1;
        }
        if said > 0 {
            let filled = city.path().join("filled.xlsx");
            save(&book, &filled);
            let released = city.nianbao(&["quarantine", "release", filled.to_str().unwrap()]);
            assert_eq!(released.status.code(), Some(0), "{}", text(&released.stderr));
        }
    }
}

fn sign_all(city: &City, year: &str) {
    for (role, by) in PEOPLE {
        let output = sign(city, year, role, by, &[]);
        assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    }
}

/// The village with nothing open in 2023.
pub fn village_answered() -> City {
    let city = village();
    answer_all(&city, "2023");
    city
}

/// 2023 of the village, signed by all three.
pub fn signed() -> City {
    let city = village_answered();
    sign_all(&city, "2023");
    city
}

fn freeze(city: &City, more: &[&str]) -> Output {
    city.nianbao(&[&["freeze", "--year", "2023", "--by", "张局长", "--why", "已上报"], more].concat())
}

/// Files of one year in the current release, by path.
fn of_year(city: &City, year: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let release = city.release();
    let tables = files(&release.join("tables"));
    let of_year = tables
        .into_iter()
        .filter(|path| path.display().to_string().contains(&format!("report_year={year}/")));
    of_year.map(|path| (path.strip_prefix(&release).unwrap().to_owned(), fs::read(&path).unwrap())).collect()
}

/// Takes the last row of a roster away.
fn shorten(city: &City, file: &str) {
    let path = city.drop_folder().join(file);
    let lines: Vec<String> = fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
    fs::write(&path, lines[..lines.len() - 1].join("\n")).unwrap();
}

fn states(city: &City) -> Vec<String> {
    let listed: Vec<Value> =
        serde_json::from_slice(&city.nianbao(&["sign", "--list", "--json"]).stdout).unwrap();
    listed.iter().map(|record| record["state"].as_str().unwrap_or("-").to_owned()).collect()
}

/// Times and digests differ from run to run.
fn masked(said: &str) -> String {
    let word = |word: &str| match word {
        word if word.len() == 25 && word.as_bytes()[10] == b'T' => "<TIME>".to_owned(),
        word if word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            "<DIGEST>".to_owned()
        }
        word => word.to_owned(),
    };
    // The account and the machine are those that the tests run on.
    let account = |line: &str| match line.split_once("name not checked, ") {
        Some((before, after)) => {
            format!("{before}name not checked, <ACCOUNT>{}", &after[after.rfind(')').unwrap()..])
        }
        None => line.to_owned(),
    };
    let line = |line: &str| account(line).split(' ').map(word).collect::<Vec<_>>().join(" ");
    said.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_year_with_open_questions_is_not_signed() {
    let city = village();
    insta::assert_snapshot!(described(&sign(&city, "2024", "preparer", "李老师", &[])));
    assert!(!city.data().join("ledger/signatures").exists());
    let output = freeze(&city, &[]);
    assert_eq!(output.status.code(), Some(20));
    assert!(text(&output.stderr).contains("is not frozen"), "{}", text(&output.stderr));
}

#[test]
fn a_delivery_that_is_set_aside_is_accepted_before_anybody_signs() {
    let city = signed();
    // One row of each school is left of eight.
    let path = city.drop_folder().join("2023/students/all.csv");
    let lines: Vec<String> = fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
    fs::write(&path, [0, 1, 5, 8].map(|at| lines[at].as_str()).join("\n")).unwrap();
    city.run_with(&["--year", "2023"]);
    let open = open(&city, "2023");
    let aside = open.iter().find(|open| open["rule"] == "E-VOLUME").unwrap();
    assert!(aside["answered_by"].as_str().unwrap().contains("override accept --rule E-VOLUME"), "{aside}");
    assert_eq!(aside["files"][0], "2023/students/all.csv");
}

#[test]
fn three_different_people_sign_what_is_answered() {
    let city = village();
    answer_all(&city, "2024");
    assert_eq!(open(&city, "2024"), Vec::<Value>::new());
    let mut said = String::new();
    for (role, by) in [("填报人", "李 老师"), ("reviewer", "李老师"), ("preparer", "赵老师")] {
        said += &described(&sign(&city, "2024", role, by, &[]));
    }
    for (role, by) in &PEOPLE[1..] {
        said += &described(&sign(&city, "2024", role, by, &[]));
    }
    said += &described(&city.nianbao(&["sign", "--list"]));
    insta::assert_snapshot!(masked(&said));
    let listed = text(&city.nianbao(&["releases", "list"]).stdout);
    assert!(listed.lines().last().unwrap().contains("2023,2024✓"), "{listed}");
    // A dataset that nobody delivered is still missing: only the question is closed.
    let findings = city.table("finding");
    let answered = findings
        .iter()
        .find(|row| get(row, "rule") == "Q-DATASET-MISSING" && get(row, "report_year") == "2024")
        .unwrap();
    assert!(get(answered, "severity") == "S3" && get(answered, "message").contains("王科长已说明"));
}

/// Nothing that a run asks is without an answer: a whole city comes to its signatures.
#[test]
fn a_whole_city_can_be_answered_signed_and_frozen() {
    let city = City::mirrored(1);
    city.run();
    let before = open(&city, "2023");
    let rules: Vec<&str> = before.iter().map(|open| open["rule"].as_str().unwrap()).collect();
    for rule in ["C-RATIO", "Q-DIFFERENCE", "Q-ID-CHECK", "Q-TWO-BASES", "Q-TWO-SCHOOLS"] {
        assert!(rules.contains(&rule), "{rules:?}");
    }
    answer_all(&city, "2023");
    assert_eq!(open(&city, "2023"), Vec::<Value>::new());
    sign_all(&city, "2023");
    assert_eq!(freeze(&city, &[]).status.code(), Some(0));
    // The rows that were kept out stay so, and do not prevent a signature.
    let output = sign(&city, "2023", "preparer", "李老师", &[]);
    assert!(text(&output.stdout).contains("69 rows in quarantine"), "{}", text(&output.stdout));
}

#[test]
fn a_signature_is_taken_back_on_record_and_given_anew() {
    let city = signed();
    let more = ["--withdraw", "--why", "看错了"];
    assert_eq!(sign(&city, "2023", "reviewer", "王科长", &["--withdraw"]).status.code(), Some(2));
    let output = sign(&city, "2023", "reviewer", "王科长", &more);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(sign(&city, "2023", "reviewer", "王科长", &more).status.code(), Some(2));
    assert_eq!(freeze(&city, &[]).status.code(), Some(20));
    assert_eq!(sign(&city, "2023", "reviewer", "陈科长", &[]).status.code(), Some(0));
    assert_eq!(states(&city), ["holds", "withdrawn", "holds", "-", "holds"]);
    assert_eq!(city.nianbao(&["verify"]).status.code(), Some(0));
}

#[test]
fn a_signature_holds_while_its_year_is_the_same_and_lapses_when_a_value_changes() {
    let city = signed();
    let digest = || city.nianbao(&["sign", "--list", "--json"]).stdout;
    let before = digest();
    shorten(&city, "2024/staff/all.csv");
    city.run();
    assert_eq!(states(&city), ["holds", "holds", "holds"], "another year's run does not touch it");
    shorten(&city, "2023/staff/all.csv");
    city.run();
    assert_eq!(states(&city), ["lapsed", "lapsed", "lapsed"]);
    assert_ne!(before, digest());
    let listed: Vec<Value> =
        serde_json::from_slice(&city.nianbao(&["releases", "list", "--json"]).stdout).unwrap();
    let signed: Vec<usize> =
        listed.iter().map(|release| release["signed_years"].as_array().unwrap().len()).collect();
    assert_eq!(signed, [0, 1, 1, 0]);
    assert_eq!(city.nianbao(&["verify"]).status.code(), Some(0));
}

#[test]
fn only_a_signed_year_is_frozen_and_no_run_touches_it() {
    let city = village();
    answer_all(&city, "2023");
    let unsigned = freeze(&city, &[]);
    assert_eq!(unsigned.status.code(), Some(20));
    assert!(text(&unsigned.stderr).contains("填报人"), "{}", text(&unsigned.stderr));
    sign_all(&city, "2023");
    assert_eq!(freeze(&city, &[]).status.code(), Some(0));
    assert_eq!(freeze(&city, &[]).status.code(), Some(2));
    let before = of_year(&city, "2023");
    assert!(before.len() > 5);

    // Its own files change, and its neighbour's: the neighbour is done, on the year as it was signed.
    shorten(&city, "2023/students/all.csv");
    shorten(&city, "2024/students/all.csv");
    let output = city.nianbao(&["run"]);
    assert_eq!(output.status.code(), Some(10), "{}", text(&output.stderr));
    assert!(
        text(&output.stderr).contains("frozen, and left as it was published: 2023 (1 file in"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(of_year(&city, "2023"), before);
    assert_eq!(states(&city)[..3], ["holds", "holds", "holds"]);
    let again = city.run();
    assert_eq!((&again["outcome"], &again["frozen_years"][0]), (&"nothing_to_do".into(), &2023.into()));

    let asked = city.nianbao(&["run", "--year", "2023"]);
    assert_eq!(asked.status.code(), Some(2));
    assert!(text(&asked.stderr).contains("freeze --year Y --lift"), "{}", text(&asked.stderr));
    let set = [
        "override", "set", "students", "--year", "2023", "--school", YAODU, "--basis", "system", "--value",
        "9", "--by", "王", "--why", "x",
    ];
    assert_eq!(city.nianbao(&set).status.code(), Some(2));
    assert_eq!(
        sign(&city, "2023", "reviewer", "王科长", &["--withdraw", "--why", "x"]).status.code(),
        Some(2)
    );

    // Other definitions do every other year again.
    let pipelines = city.path().join("pipelines");
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    for path in files(&from) {
        let to = pipelines.join(path.strip_prefix(&from).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(&path, to).unwrap();
    }
    let rules = pipelines.join("audit/rules.toml");
    let said = fs::read_to_string(&rules).unwrap();
    fs::write(&rules, said.replacen("title = \"", "title = \"再查：", 1)).unwrap();
    let with = ["--pipelines", pipelines.to_str().unwrap()];
    assert_eq!(city.run_with(&with)["outcome"], "published");
    assert_eq!(of_year(&city, "2023"), before);
    assert_eq!(states(&city)[..3], ["holds", "holds", "holds"]);
    let report = city.nianbao(&[&["report", "--year", "2023"][..], &with].concat());
    assert_eq!(report.status.code(), Some(2), "it is printed with the definitions that it was made with");
    assert_eq!(city.nianbao(&["report", "--year", "2023"]).status.code(), Some(0));

    let lifted = freeze(&city, &["--lift"]);
    assert_eq!(lifted.status.code(), Some(0), "{}", text(&lifted.stderr));
    assert_eq!(city.run_with(&with)["outcome"], "published");
    assert_ne!(of_year(&city, "2023"), before);
    assert_eq!(states(&city), ["lapsed", "lapsed", "lapsed", "-", "-"]);
    assert_eq!(freeze(&city, &["--lift"]).status.code(), Some(2));
}

#[test]
fn a_signed_release_is_never_pruned() {
    let city = signed();
    let release = |more: &[&str]| city.run_with(more)["release"].as_u64().unwrap();
    shorten(&city, "2023/staff/all.csv");
    release(&[]);
    city.deliver("2024/filings/a.csv", filing(YAODU, "6"));
    let last = release(&[]);
    let pruned = city.nianbao(&["releases", "prune", "--keep", "1", "--grace-days", "0"]);
    assert_eq!(pruned.status.code(), Some(0), "{}", text(&pruned.stderr));
    let listed: Vec<Value> =
        serde_json::from_slice(&city.nianbao(&["releases", "list", "--json"]).stdout).unwrap();
    let left: Vec<u64> = listed.iter().map(|release| release["release"].as_u64().unwrap()).collect();
    assert_eq!((left, last), (vec![2, 4], 4), "2 was signed by all three, though that has lapsed");
    assert_eq!(city.nianbao(&["verify"]).status.code(), Some(0));
}

#[test]
fn verify_finds_an_edited_signature() {
    let city = signed();
    let path = city.data().join("ledger/signatures/000002.json");
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, whole.replace("王科长", "王主任")).unwrap();
    let verified = city.nianbao(&["verify"]);
    assert_eq!(verified.status.code(), Some(1));
    let said = text(&verified.stdout);
    assert!(said.starts_with("000002 changed ledger/signatures/000002.json: its seal"), "{said}");
    // Another manifest than the one that lay before them.
    let manifest: Value = serde_json::from_str(&whole).unwrap();
    let other = whole.replace(manifest["manifest_sha256"].as_str().unwrap(), &"0".repeat(64));
    fs::write(&path, other).unwrap();
    let said = text(&city.nianbao(&["verify"]).stdout);
    assert!(said.contains("release 000002 is not what it names"), "{said}");
    fs::write(&path, "{").unwrap();
    assert_eq!(city.nianbao(&["verify"]).status.code(), Some(1));
    assert_eq!(city.nianbao(&["run"]).status.code(), Some(1), "nothing of the journal is passed over");
}

/// Every text in a workbook of a year's report.
fn report_texts(city: &City, year: &str, name: &str) -> Vec<String> {
    let folder = city.data().join("reports").join(year);
    let path = files(&folder).into_iter().find(|path| {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        file.contains("数据表") && file.contains(name)
    });
    sheets(&path.unwrap()).into_iter().flat_map(|(_, rows)| rows.concat()).collect()
}

fn says(texts: &[String], what: &str) -> bool {
    texts.iter().any(|text| text.contains(what))
}

#[test]
fn documents_are_drafts_until_the_year_is_signed_and_say_who_signed() {
    let city = village();
    answer_all(&city, "2023");
    let whole = |year: &str| report_texts(&city, year, "临汾市");
    assert!(says(&whole("2023"), "（草稿）") && says(&whole("2023"), "填报人：＿＿"));
    for (role, by) in &PEOPLE[..2] {
        assert_eq!(sign(&city, "2023", role, by, &[]).status.code(), Some(0));
    }
    let two = whole("2023");
    assert!(says(&two, "（草稿）") && says(&two, "审核人：王科长") && says(&two, "负责人：＿＿"));
    assert_eq!(sign(&city, "2023", PEOPLE[2].0, PEOPLE[2].1, &[]).status.code(), Some(0));
    let signed = whole("2023");
    assert!(!says(&signed, "草稿") && says(&signed, "（已签字）") && !says(&signed, "＿＿"));
    let line = signed.iter().find(|text| text.contains("填报人：李老师")).unwrap();
    assert!(line.contains("日期：20") && line.contains("负责人：张局长"), "{line}");
    // The other year is a draft as before; schools sign their own tables by hand.
    assert!(says(&whole("2024"), "（草稿）"));
    let school = report_texts(&city, "2023", YAODU);
    assert!(
        !says(&school, "草稿") && says(&school, "填报人：＿＿") && says(&school, "临汾市签字：填报人 李老师")
    );

    assert_eq!(freeze(&city, &[]).status.code(), Some(0));
    assert!(says(&whole("2023"), "（已签字，已封存）"));
    city.run();
    assert!(says(&whole("2023"), "（已签字，已封存）"));
    assert_eq!(freeze(&city, &["--lift"]).status.code(), Some(0));
    assert!(says(&whole("2023"), "（已签字）"));

    let more = ["--withdraw", "--why", "看错了"];
    assert_eq!(sign(&city, "2023", "reviewer", "王科长", &more).status.code(), Some(0));
    assert!(says(&whole("2023"), "（草稿）") && says(&whole("2023"), "审核人：＿＿"));
    assert_eq!(sign(&city, "2023", "reviewer", "王科长", &[]).status.code(), Some(0));
    assert!(!says(&whole("2023"), "草稿"));
    // Signatures lapse with the figures that they were for.
    shorten(&city, "2023/staff/all.csv");
    city.run();
    assert_eq!(states(&city).iter().filter(|state| *state == "lapsed").count(), 3);
    assert!(says(&whole("2023"), "（草稿）") && !says(&whole("2023"), "李老师"));
}

#[test]
fn documents_that_were_not_written_after_a_signature_are_written_by_the_next_run() {
    let city = signed();
    city.run();
    let folder = city.data().join("reports");
    let noted = fs::read_to_string(folder.join(".release")).unwrap();
    let release = noted.split_whitespace().next().unwrap();
    assert_ne!(noted.trim(), release, "the last signature is noted");
    fs::write(folder.join(".release"), release).unwrap();
    let book = files(&folder.join("2023")).into_iter().find(|path| path.to_string_lossy().contains("数据表"));
    fs::remove_file(book.unwrap()).unwrap();
    assert_eq!(city.run()["outcome"], "nothing_to_do");
    assert!(says(&report_texts(&city, "2023", "临汾市"), "（已签字）"));
}
