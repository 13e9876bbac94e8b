//! Text that people write into the program's documents is kept, whatever the program does next.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::reconcile::filing;
use crate::support::{City, HONGTONG, Sheets, Village, YAODU, files, identity, register, save, sheets, text};

const NEW: &str = "（新版，原件已填写或正打开）.xlsx";

fn village() -> City {
    let city = City::empty();
    Village::new().deliver(&city);
    city.deliver("2024/filings/a.csv", filing(YAODU, "3", "5", "1000"));
    city
}

/// A roster with some students less makes another release.
fn deliver_fewer(city: &City, less: usize) {
    let mut fewer = Village::new();
    fewer.students.truncate(fewer.students.len() - less);
    fewer.deliver(city);
}

fn document(city: &City, ending: &str) -> PathBuf {
    let found = files(&city.data().join("reports/2024"));
    let mut found = found.into_iter().filter(|path| path.to_string_lossy().ends_with(ending));
    let path = found.next().unwrap_or_else(|| panic!("no document {ending}"));
    assert_eq!(found.next(), None);
    path
}

fn new_version(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap().to_string_lossy();
    path.with_file_name(format!("{stem}{NEW}"))
}

/// Writes a note into the first row of differences, as a person's spreadsheet program would save it.
fn fill_in(path: &Path) -> Vec<u8> {
    let mut book: Sheets = sheets(path);
    let (_, rows) = &mut book[0];
    let heads = rows.iter().position(|row| row.iter().any(|cell| cell == "处理说明")).unwrap();
    let column = |head: &str| rows[heads].iter().position(|cell| cell == head).unwrap();
    let [note, by] = ["处理说明", "处理人"].map(column);
    (rows[heads + 1][note], rows[heads + 1][by]) = ("本年度未填报".to_owned(), "王科长".to_owned());
    save(&book, path);
    fs::read(path).unwrap()
}

/// Paths, conditions and commands of the documents that wait.
fn waiting(city: &City) -> Vec<(PathBuf, String, String)> {
    let output = city.nianbao(&["documents", "--waiting", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let found: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let entry = |found: &Value| {
        let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
        (PathBuf::from(text("path")), text("condition"), text("read_by"))
    };
    found.iter().map(entry).collect()
}

#[test]
fn notes_survive_every_command_until_they_are_read_back() {
    let city = village();
    city.run();
    let path = document(&city, "差异表.xlsx");
    let filled = fill_in(&path);
    deliver_fewer(&city, 1);
    let output = city.nianbao(&["run"]);
    let printed = text(&output.stdout);
    for expected in ["已填写，未读回", "新版写在", "nianbao override read", "差异表.xlsx"] {
        assert!(printed.contains(expected), "{expected} in {printed}");
    }
    assert_eq!(fs::read(&path).unwrap(), filled);
    let new = new_version(&path);
    assert!(new.exists());
    deliver_fewer(&city, 2);
    let commands: [&[&str]; 6] = [
        &["run"],
        &["report", "--year", "2024"],
        &["quarantine", "export"],
        &["releases", "prune", "--keep", "1", "--grace-days", "0"],
        &["check"],
        &["run"],
    ];
    for command in commands {
        let output = city.nianbao(command);
        assert!(matches!(output.status.code(), Some(0 | 10 | 20)), "{command:?} {}", text(&output.stderr));
        assert_eq!(fs::read(&path).unwrap(), filled, "{command:?}");
    }
    assert_eq!(
        files(path.parent().unwrap()).iter().filter(|path| path.to_string_lossy().contains("差异表")).count(),
        2
    );
    let [(waits, condition, command)] = waiting(&city).try_into().unwrap();
    assert_eq!((city.path().join(waits), condition.as_str()), (path.clone(), "filled_in"));
    assert!(command.starts_with("nianbao override read --data "), "{command}");
    // Reading it in, and only that, lets the next run replace it.
    let read = city.nianbao(&["override", "read", path.to_str().unwrap()]);
    assert_eq!(read.status.code(), Some(0), "{}{}", text(&read.stdout), text(&read.stderr));
    assert!(text(&read.stdout).starts_with("1 note recorded"), "{}", text(&read.stdout));
    assert_eq!(fs::read(&path).unwrap(), filled);
    city.run();
    assert_ne!(fs::read(&path).unwrap(), filled);
    assert!(!new.exists());
    assert_eq!(waiting(&city), []);
    // The note is in the new version.
    assert!(sheets(&path)[0].1.iter().any(|row| row.iter().any(|cell| cell == "本年度未填报")));
}

#[test]
fn notes_that_could_not_be_recorded_keep_their_workbook() {
    let city = village();
    city.run();
    let path = document(&city, "差异表.xlsx");
    let mut book: Sheets = sheets(&path);
    let (_, rows) = &mut book[0];
    let heads = rows.iter().position(|row| row.iter().any(|cell| cell == "处理说明")).unwrap();
    let column = |head: &str| rows[heads].iter().position(|cell| cell == head).unwrap();
    let [note, value] = ["处理说明", "数值甲"].map(column);
    (rows[heads + 1][note], rows[heads + 1][value]) = ("按以前的数写的".to_owned(), "99999".to_owned());
    save(&book, &path);
    let filled = fs::read(&path).unwrap();
    let read = city.nianbao(&["override", "read", path.to_str().unwrap(), "--by", "王科长"]);
    assert_eq!(read.status.code(), Some(10));
    assert!(text(&read.stderr).contains("the workbook stays as it is"), "{}", text(&read.stderr));
    deliver_fewer(&city, 1);
    city.run();
    assert_eq!(fs::read(&path).unwrap(), filled);
    assert!(new_version(&path).exists());
}

#[test]
fn a_workbook_that_was_read_and_said_nothing_is_replaced_on_a_night_with_nothing_new() {
    let city = village();
    city.run();
    let path = document(&city, "差异表.xlsx");
    let made = fs::read(&path).unwrap();
    save(&sheets(&path), &path);
    assert_ne!(fs::read(&path).unwrap(), made);
    city.nianbao(&["report", "--year", "2024"]);
    assert!(new_version(&path).exists());
    let read = city.nianbao(&["override", "read", path.to_str().unwrap()]);
    assert_eq!(read.status.code(), Some(0), "{}", text(&read.stderr));
    assert_eq!(city.run()["outcome"], "nothing_to_do");
    assert_eq!(fs::read(&path).unwrap(), made);
    assert!(!new_version(&path).exists());
}

#[test]
fn a_document_that_is_open_is_written_beside() {
    let city = village();
    city.run();
    let path = document(&city, "临汾市2024年度质量报告数据表.xlsx");
    let lock = path.with_file_name(format!("~${}", path.file_name().unwrap().to_string_lossy()));
    fs::write(&lock, "").unwrap();
    let before = fs::read(&path).unwrap();
    deliver_fewer(&city, 1);
    let summary = city.run();
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(summary["documents_waiting"][0]["condition"], "open");
    fs::remove_file(lock).unwrap();
    city.run();
    assert_ne!(fs::read(&path).unwrap(), before);
    assert!(!new_version(&path).exists());
}

#[test]
fn a_filled_in_workbook_of_a_school_that_is_gone_stays() {
    let city = village();
    let others: String = (1..=8)
        .map(|serial| {
            format!("36140001{serial:02},北山职业学校{serial},职业高中学校,公办,县属,141002,正常,9\n")
        })
        .collect();
    city.deliver("2024/schools/register.csv", register() + &others);
    fs::write(city.path().join("site.toml"), "max_missing_schools = 1000\n").unwrap();
    let run = || city.run_with(&["--config", "site.toml"]);
    run();
    let [yaodu, hongtong] = [YAODU, HONGTONG].map(|school| {
        let found = files(&city.data().join("reports/2024/学校"));
        found
            .into_iter()
            .find(|path| path.file_name().unwrap().to_string_lossy().starts_with(school))
            .unwrap()
    });
    fs::write(&hongtong, "notes").unwrap();
    fs::write(yaodu.with_file_name("汇总.xlsx"), "a person's own").unwrap();
    let gone = |line: &&str| !line.contains("云岭") && !line.contains("晴川");
    let left: Vec<String> = register().lines().filter(gone).map(str::to_owned).collect();
    city.deliver("2024/schools/register.csv", left.join("\n") + "\n" + &others);
    run();
    assert!(!yaodu.exists());
    assert_eq!(fs::read_to_string(&hongtong).unwrap(), "notes");
    assert_eq!(fs::read_to_string(yaodu.with_file_name("汇总.xlsx")).unwrap(), "a person's own");
    let [(waits, ..)] = waiting(&city).try_into().unwrap();
    assert_eq!(city.path().join(waits), hongtong);
}

#[test]
fn correction_sheets_that_were_filled_in_are_not_exported_over() {
    let city = village();
    let file = city.drop_folder().join("2024/students/all.csv");
    let roster = fs::read_to_string(&file).unwrap();
    fs::write(&file, roster.replacen(&identity(2).0, &identity(2).0[..17], 1)).unwrap();
    city.run();
    let export = || {
        let output = city.nianbao(&["quarantine", "export"]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    export();
    let sheet = files(&city.data().join("quarantine/sheets/2024/学校"))
        .into_iter()
        .find(|path| path.file_name().unwrap().to_string_lossy().starts_with(YAODU))
        .unwrap();
    let mut book = sheets(&sheet);
    let (_, rows) = book.iter_mut().find(|(name, _)| name == "学生学籍").unwrap();
    let id = rows[2].iter().position(|head| head == "身份证件号").unwrap();
    (rows[3][1], rows[3][2], rows[3][id]) = ("更正".to_owned(), "李老师".to_owned(), identity(2).0);
    save(&book, &sheet);
    let filled = fs::read(&sheet).unwrap();
    let printed = export();
    assert_eq!(fs::read(&sheet).unwrap(), filled);
    assert!(new_version(&sheet).exists());
    for expected in ["已填写，未读回", "nianbao quarantine release"] {
        assert!(printed.contains(expected), "{expected} in {printed}");
    }
    // Nor by a run, which says so too.
    city.deliver("2024/staff/more.csv", "x,y\n1,2\n");
    assert!(text(&city.nianbao(&["run"]).stdout).contains("nianbao quarantine release"));
    let read = city.nianbao(&["quarantine", "release", sheet.to_str().unwrap()]);
    assert_eq!(read.status.code(), Some(0), "{}", text(&read.stderr));
    city.run();
    export();
    assert!(!new_version(&sheet).exists());
    assert!(!sheet.exists() || fs::read(&sheet).unwrap() != filled);
    assert_eq!(waiting(&city), []);
}

#[test]
fn the_same_holds_for_sheets_that_are_exported_elsewhere() {
    let city = village();
    let file = city.drop_folder().join("2024/students/all.csv");
    let roster = fs::read_to_string(&file).unwrap();
    fs::write(&file, roster.replacen(&identity(2).0, &identity(2).0[..17], 1)).unwrap();
    city.run();
    let out = city.path().join("stick");
    let export = || {
        let output = city.nianbao(&["quarantine", "export", "--out", out.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    };
    export();
    let sheet = files(&out.join("2024/学校")).remove(0);
    fs::write(&sheet, "filled in").unwrap();
    export();
    assert_eq!(fs::read_to_string(&sheet).unwrap(), "filled in");
    assert!(new_version(&sheet).exists());
}

#[test]
fn a_catalogue_is_not_written_over_a_file() {
    let city = village();
    let path = city.path().join("catalogue.xlsx");
    fs::write(&path, "mine").unwrap();
    let output = city.nianbao(&["catalogue", "--out", path.to_str().unwrap()]);
    assert_eq!((output.status.code(), fs::read_to_string(&path).unwrap().as_str()), (Some(2), "mine"));
}

#[test]
fn without_a_register_of_documents_all_of_them_stay() {
    let city = village();
    city.run();
    // As a program before 0.3.0 left it.
    fs::remove_file(city.data().join("ledger/documents.json")).unwrap();
    let path = document(&city, "差异表.xlsx");
    let filled = fill_in(&path);
    deliver_fewer(&city, 1);
    city.run();
    assert_eq!(fs::read(&path).unwrap(), filled);
    assert!(new_version(&path).exists());
}

#[test]
fn text_next_to_the_notes_is_kept_when_they_are_read() {
    let city = village();
    city.run();
    let path = document(&city, "差异表.xlsx");
    fill_in(&path);
    let mut book = sheets(&path);
    book[0].1[0].push("局长批示：下周再报".to_owned());
    save(&book, &path);
    let filled = fs::read(&path).unwrap();
    assert_eq!(city.nianbao(&["override", "read", path.to_str().unwrap()]).status.code(), Some(0));
    city.run();
    let kept = path.with_file_name("已读回").join(path.file_name().unwrap());
    assert_eq!(fs::read(kept).unwrap(), filled);
}

#[test]
fn sheets_are_exported_to_no_folder_that_other_commands_empty() {
    let city = village();
    city.run();
    for folder in ["landing/x", "staging/release", "quarantine/rows", "identity/people", "reports/x", ""] {
        let out = city.data().join(folder);
        let output = city.nianbao(&["quarantine", "export", "--out", out.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2), "{folder}: {}", text(&output.stderr));
    }
    for folder in ["warehouse/releases/000001/c.xlsx", "reports/c.xlsx"] {
        let out = city.data().join(folder);
        let output = city.nianbao(&["catalogue", "--out", out.to_str().unwrap()]);
        assert_eq!((output.status.code(), out.exists()), (Some(2), false), "{folder}");
    }
}
