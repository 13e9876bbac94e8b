//! Workbooks that people answer in: read back in bulk, nothing that they wrote lost, nothing they never saw answered.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{City, HONGTONG, Sheets, Village, YAODU, files, get, identity, save, sheets, text};

/// A village with three students whose check digit, birth date or sex is wrong, and one whose ID is too short.
fn village() -> City {
    let city = City::empty();
    Village::new().deliver(&city);
    let file = city.drop_folder().join("2024/students/all.csv");
    let roster = fs::read_to_string(&file).unwrap();
    fs::write(file, roster.replacen(&identity(2).0, &identity(2).0[..17], 1)).unwrap();
    city
}

fn document(folder: &Path, ending: &str) -> PathBuf {
    let found = files(folder).into_iter().find(|path| path.to_string_lossy().ends_with(ending));
    found.unwrap_or_else(|| panic!("no document {ending}"))
}

fn column(rows: &[Vec<String>], head: &str) -> usize {
    rows[2].iter().position(|text| text == head).unwrap_or_else(|| panic!("no head {head}"))
}

fn fill(rows: &mut [Vec<String>], row: usize, note: &str, by: &str) {
    let [at_note, at_by] = ["处理说明", "处理人"].map(|head| column(rows, head));
    let last = at_note.max(at_by) + 1;
    let length = rows[row].len().max(last);
    rows[row].resize(length, String::new());
    (rows[row][at_note], rows[row][at_by]) = (note.to_owned(), by.to_owned());
}

fn read_back(city: &City, book: &Sheets) -> (Option<i32>, Value) {
    let path = city.path().join("filled.xlsx");
    save(book, &path);
    let output = city.nianbao(&["override", "read", "--json", path.to_str().unwrap()]);
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn questions_are_answered_in_bulk_in_the_workbook_of_findings() {
    let city = village();
    city.run();
    let path = document(&city.data().join("reports/2024"), "问题与疑问表.xlsx");
    let good = sheets(&path);
    let asked = good[0].1.len() - 3;
    assert!(asked > 1, "{asked}");
    let mut book = good.clone();
    for row in 3..book[0].1.len() {
        fill(&mut book[0].1, row, "已核实", "王科长");
    }
    let (code, taken) = read_back(&city, &book);
    assert_eq!((code, taken["recorded"].as_array().unwrap().len()), (Some(0), asked), "{taken}");
    // Once more, nothing is new.
    let (code, taken) = read_back(&city, &book);
    assert_eq!((code, taken["recorded"].as_array().unwrap().len()), (Some(0), 0));
    assert_eq!(taken["known"].as_u64().unwrap(), asked as u64);
    city.run();
    let answered =
        city.table("finding").into_iter().filter(|row| get(row, "message").contains("王科长已说明"));
    assert_eq!(answered.count(), asked);
    // The new workbook shows what was said, and the old one is still known.
    let new = sheets(&path);
    let note = column(&new[0].1, "处理说明");
    assert!(new[0].1[3..].iter().all(|row| row[note] == "已核实"));
    assert_eq!(read_back(&city, &book).1["known"].as_u64().unwrap(), asked as u64);
}

#[test]
fn an_answer_that_is_half_or_about_something_else_is_named_and_not_recorded() {
    let city = village();
    city.run();
    let good = sheets(&document(&city.data().join("reports/2024"), "问题与疑问表.xlsx"));
    let refused = |edit: &dyn Fn(&mut Sheets), why: &str| {
        let mut book = good.clone();
        edit(&mut book);
        let (code, taken) = read_back(&city, &book);
        assert_eq!((code, taken["recorded"].as_array().unwrap().len()), (Some(10), 0), "{why}: {taken}");
        let said = taken["not_recorded"][0]["why"].as_str().unwrap();
        assert!(said.contains(why), "{why}: {said}");
    };
    refused(&|book| fill(&mut book[0].1, 3, "", "王科长"), "处理说明 is empty");
    refused(&|book| fill(&mut book[0].1, 3, "已核实", ""), "no name is given");
    refused(&|book| fill(&mut book[1].1, 3, "学校已知", "王科长"), "not answered in this workbook");
    let message = column(&good[0].1, "问题");
    refused(
        &|book| {
            fill(&mut book[0].1, 3, "已核实", "王科长");
            book[0].1[3][message] += "九";
        },
        "says something else",
    );
    let key = column(&good[0].1, "答复编号");
    refused(
        &|book| {
            fill(&mut book[0].1, 3, "已核实", "王科长");
            book[0].1[3][key] = "2024/none".to_owned();
        },
        "nothing asks about `2024/none`",
    );
    // With a number of a person the whole workbook is refused.
    let mut book = good.clone();
    fill(&mut book[0].1, 3, &format!("见{}", identity(2).0), "王科长");
    let path = city.path().join("filled.xlsx");
    save(&book, &path);
    let output = city.nianbao(&["override", "read", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!city.data().join("ledger/overrides").exists());
}

#[test]
fn a_folder_of_correction_sheets_is_read_whatever_is_wrong_with_one() {
    let city = village();
    city.run();
    let export = city.nianbao(&["quarantine", "export"]);
    assert_eq!(export.status.code(), Some(0), "{}", text(&export.stderr));
    let written = city.data().join("quarantine/sheets/2024");
    let sheet = |school: &str| {
        let found = files(&written.join("学校"));
        let is_it = |path: &&PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(school);
        found.iter().find(is_it).unwrap().clone()
    };
    let back = city.path().join("back");
    fs::create_dir_all(back.join("乡镇")).unwrap();
    let mut book = sheets(&sheet(YAODU));
    let roster = book.iter_mut().find(|(name, _)| name == "学生学籍").unwrap();
    (roster.1[3][1], roster.1[3][2]) = ("放弃".to_owned(), "李老师".to_owned());
    save(&book, &back.join("乡镇/尧都.xlsx"));
    // Another copy says otherwise of the same row.
    let roster = book.iter_mut().find(|(name, _)| name == "学生学籍").unwrap();
    let id = roster.1[2].iter().position(|head| head == "身份证件号").unwrap();
    (roster.1[3][1], roster.1[3][id]) = ("更正".to_owned(), identity(2).0);
    save(&book, &back.join("乡镇/尧都（副本）.xlsx"));
    let mut bad = sheets(&sheet(HONGTONG));
    bad[0].1[3][1] = "改".to_owned();
    save(&bad, &back.join("洪洞.xlsx"));
    fs::copy(document(&written, "更正汇总.xlsx"), back.join("汇总.xlsx")).unwrap();
    fs::write(back.join("~$洪洞.xlsx"), "lock").unwrap();
    fs::write(back.join("坏.xlsx"), "PK").unwrap();
    let output = city.nianbao(&["quarantine", "release", "--json", back.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(10), "{}", text(&output.stderr));
    let entries: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let outcomes: Vec<(String, &str)> = entries
        .iter()
        .map(|entry| {
            let file = Path::new(entry["file"].as_str().unwrap()).file_name().unwrap();
            (file.to_string_lossy().into_owned(), entry["outcome"].as_str().unwrap())
        })
        .collect();
    let outcome = |file: &str| outcomes.iter().find(|(known, _)| known == file).unwrap().1;
    assert_eq!(outcomes.len(), 5, "{outcomes:?}");
    assert_eq!(["尧都.xlsx", "尧都（副本）.xlsx"].map(outcome), ["taken", "not_taken"]);
    assert_eq!(["洪洞.xlsx", "坏.xlsx", "汇总.xlsx"].map(outcome), ["not_taken", "not_taken", "passed_over"]);
    assert_eq!(fs::read_dir(city.data().join("ledger/overrides")).unwrap().count(), 1);
    // The sheets as they were written have nothing to read.
    let output = city.nianbao(&["quarantine", "release", written.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let empty = city.path().join("empty");
    fs::create_dir(&empty).unwrap();
    assert_eq!(city.nianbao(&["quarantine", "release", empty.to_str().unwrap()]).status.code(), Some(2));
}

#[test]
fn sheets_for_clerks_print_on_a_page_each_and_name_no_commands() {
    let city = village();
    city.run();
    assert_eq!(city.nianbao(&["quarantine", "export"]).status.code(), Some(0));
    let mut looked_at = 0;
    for path in files(&city.data().join("quarantine/sheets/2024/学校")) {
        let mut zip = zip::ZipArchive::new(fs::File::open(&path).unwrap()).unwrap();
        for index in 0..zip.len() {
            let mut part = zip.by_index(index).unwrap();
            let name = part.name().unwrap().into_owned();
            if name.ends_with('/') || !name.ends_with("xml") {
                continue;
            }
            let mut content = String::new();
            part.read_to_string(&mut content).unwrap();
            for words in ["nianbao", "override", "pipelines"] {
                assert!(!content.contains(words), "{words} in {name}");
            }
            if name.starts_with("xl/worksheets/sheet") {
                looked_at += 1;
                for set in
                    ["fitToPage=\"1\"", "paperSize=\"9\"", "fitToHeight=\"0\"", "第 &amp;P 页，共 &amp;N 页"]
                {
                    assert!(content.contains(set), "{set} in {name}");
                }
            }
            if name == "xl/workbook.xml" {
                assert!(content.contains("_xlnm.Print_Titles") && content.contains("$A$1:$I$"), "{content}");
            }
        }
        for (sheet, rows) in sheets(&path).iter().filter(|(sheet, _)| sheet != "查询") {
            let at = column(rows, "处理办法");
            assert!(rows[3..].iter().all(|row| !row[at].contains("重新报送")), "{sheet}");
        }
    }
    assert!(looked_at > 2, "{looked_at}");
}
