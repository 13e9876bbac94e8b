//! Correction sheets: a row that is kept out is exported, mended in a spreadsheet, read back, counted.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::privacy::disguises;
use crate::support::{
    City, HONGTONG, PROVINCIAL, Record, Sheets, Village, YAODU, files, get, identity, name, read, save,
    sheets, text, whole_city,
};

/// A village of which three rows are kept out, each for a reason of its own: the fourth line of the
/// roster has an ID that is too short, the sixth an unknown sex, the seventh an impossible birth date.
fn village() -> City {
    let city = City::empty();
    Village::new().deliver(&city);
    // The two others are asked where theirs are.
    city.deliver("2024/majors/all.csv", format!("学校标识码,专业代码,专业状态\n{YAODU},710201,招生\n"));
    damage(&city);
    city
}

fn damage(city: &City) {
    let file = city.drop_folder().join("2024/students/all.csv");
    let roster = fs::read_to_string(&file).unwrap();
    let lines: Vec<String> = roster
        .lines()
        .enumerate()
        .map(|(index, line)| match index {
            3 => line.replacen(&identity(2).0, &identity(2).0[..17], 1),
            5 => line.replacen(&format!(",{},", identity(4).2), ",男性别,", 1),
            6 => line.replacen("2008-03-06", "2008-02-31", 1),
            _ => line.to_owned(),
        })
        .collect();
    let damaged = lines.join("\n") + "\n";
    assert_eq!(damaged.lines().zip(roster.lines()).filter(|(a, b)| a != b).count(), 3);
    fs::write(file, damaged).unwrap();
}

fn students(city: &City, unit: &str) -> String {
    let values = city.table("indicator_value");
    let found = values.iter().find(|row| {
        get(row, "indicator_id") == "students"
            && get(row, "breakdown").is_empty()
            && get(row, "basis") == "system"
            && if unit.len() == 10 {
                get(row, "school_code") == unit
            } else {
                get(row, "school_code").is_empty() && get(row, "region_code") == unit
            }
    });
    get(found.unwrap(), "value").split('.').next().unwrap().to_owned()
}

/// Loaded, quarantined, duplicate, structural; they add up to the physical rows.
fn rows(city: &City, file: &str) -> [u64; 4] {
    let deliveries = city.table("delivery");
    let delivery = deliveries.iter().find(|row| get(row, "file") == file).unwrap();
    let number = |column: &str| get(delivery, column).parse::<u64>().unwrap();
    let parts = ["rows_loaded", "rows_quarantined", "rows_duplicate", "rows_structural"].map(number);
    assert_eq!(number("rows_physical"), parts.iter().sum::<u64>());
    parts
}

fn findings(city: &City, rule: &str) -> Vec<Record> {
    city.table("finding").into_iter().filter(|row| get(row, "rule") == rule).collect()
}

fn done(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn cases(city: &City, more: &[&str]) -> Vec<Value> {
    let listed = done(&city.nianbao(&[&["quarantine", "list", "--json"], more].concat()));
    serde_json::from_str(&listed).unwrap()
}

/// Rows that are kept out, without queries: place, rule, state.
fn states(city: &City) -> Vec<String> {
    let rows = cases(city, &["--dataset", "students"]).into_iter().filter(|case| case["is_query"] == false);
    rows.map(|case| {
        let text = |key: &str| case[key].as_str().unwrap().to_owned();
        let rule = case["problems"][0]["rule"].as_str().unwrap().to_owned();
        format!("{} {} {rule} {}", text("school_code"), case["row"], text("state"))
    })
    .collect()
}

fn export(city: &City) -> Vec<PathBuf> {
    let written: Vec<Value> =
        serde_json::from_str(&done(&city.nianbao(&["quarantine", "export", "--json"]))).unwrap();
    written.iter().map(|workbook| city.path().join(workbook["path"].as_str().unwrap())).collect()
}

fn sheet_of(city: &City, school: &str) -> PathBuf {
    let found = files(&city.data().join("quarantine/sheets"));
    let is_it = |path: &&PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(school);
    found.iter().find(is_it).unwrap_or_else(|| panic!("no sheet of {school}")).clone()
}

/// The row of a sheet that is of a line of the delivered file.
fn line<'a>(book: &'a mut Sheets, sheet: &str, number: u32) -> &'a mut Vec<String> {
    let (_, rows) = book.iter_mut().find(|(name, _)| name == sheet).unwrap();
    let place = format!("第 {number} 行");
    rows.iter_mut().find(|row| row[6].ends_with(&place)).unwrap_or_else(|| panic!("no line {number}"))
}

/// The column of a delivered header.
fn column(book: &Sheets, sheet: &str, header: &str) -> usize {
    let (_, rows) = book.iter().find(|(name, _)| name == sheet).unwrap();
    rows[2].iter().position(|text| text == header).unwrap()
}

/// Says something of a line, and changes a cell of it.
fn fill(book: &mut Sheets, number: u32, action: &str, cell: Option<(&str, &str)>) {
    let at = cell.map(|(header, value)| (column(book, "学生学籍", header), value));
    let row = line(book, "学生学籍", number);
    (row[1], row[2]) = (action.to_owned(), "李老师".to_owned());
    if let Some((at, value)) = at {
        value.clone_into(&mut row[at]);
    }
}

fn release(city: &City, book: &Sheets) -> Output {
    let path = city.path().join("filled.xlsx");
    save(book, &path);
    city.nianbao(&["quarantine", "release", path.to_str().unwrap()])
}

/// Runs with one line of the roster corrected.
fn correct(city: &City, school: &str, number: u32, header: &str, value: &str) {
    export(city);
    let mut book = sheets(&sheet_of(city, school));
    fill(&mut book, number, "更正", Some((header, value)));
    let printed = done(&release(city, &book));
    assert!(printed.contains("1 corrected, 0 given up, 0 confirmed, 0 known already"), "{printed}");
}

const ROSTER: &str = "2024/students/all.csv";

#[test]
fn a_corrected_row_comes_back_and_the_figures_change_by_it_alone() {
    let city = village();
    let first = city.run();
    assert_eq!((students(&city, YAODU), students(&city, "141000")), ("3".into(), "6".into()));
    assert_eq!(rows(&city, ROSTER), [6, 3, 0, 1]);
    assert_eq!(
        states(&city),
        [
            format!("{YAODU} 4 E-ID-FORMAT open"),
            format!("{HONGTONG} 6 E-CODE open"),
            format!("{HONGTONG} 7 E-DATE open")
        ]
    );
    assert_eq!(first["correction_sheets"], 3);
    let values = city.table("indicator_value");
    let landed = city.data().join("landing");
    let before: Vec<Vec<u8>> = files(&landed).iter().map(|path| fs::read(path).unwrap()).collect();
    let rejects = city.data().join("quarantine/rows");
    let rejected: Vec<Vec<u8>> = files(&rejects).iter().map(|path| fs::read(path).unwrap()).collect();

    correct(&city, YAODU, 4, "身份证件号", &identity(2).0);
    assert_eq!(states(&city)[0], format!("{YAODU} 4 E-ID-FORMAT recorded"));
    let second = city.run();
    assert_eq!(second["outcome"], "published");
    assert_eq!((students(&city, YAODU), students(&city, "141000")), ("4".into(), "7".into()));
    assert_eq!(students(&city, HONGTONG), "1");
    assert_eq!(rows(&city, ROSTER), [7, 2, 0, 1]);
    assert_eq!(findings(&city, "E-ID-FORMAT"), Vec::<Record>::new());
    let used = findings(&city, "W-CORRECTED");
    assert_eq!(used.len(), 1);
    assert_eq!(
        ["severity", "file", "row", "school_code"].map(|column| get(&used[0], column)),
        ["S3", ROSTER, "4", YAODU]
    );
    // It is the row of the delivery, at its own place.
    let of_line_4: Vec<Record> =
        city.table("student").into_iter().filter(|row| get(row, "source_row") == "4").collect();
    assert_eq!(of_line_4.len(), 1);
    let bytes = fs::read(city.drop_folder().join(ROSTER)).unwrap();
    assert_eq!(get(&of_line_4[0], "source_file"), nianbao::warehouse::files::sha256(&bytes));
    // Nothing of another school moved.
    let values_of = |values: &[Record], school: &str| {
        values.iter().filter(|row| get(row, "school_code") == school).cloned().collect::<Vec<_>>()
    };
    for school in [HONGTONG, PROVINCIAL] {
        assert_eq!(values_of(&values, school), values_of(&city.table("indicator_value"), school));
    }
    // Delivered bytes, and the rows kept in quarantine, stay as they were.
    let after: Vec<Vec<u8>> = files(&landed).iter().map(|path| fs::read(path).unwrap()).collect();
    assert_eq!(before, after);
    let kept: Vec<Vec<u8>> = files(&rejects).iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(rejected.iter().all(|bytes| kept.contains(bytes)));

    assert_eq!(states(&city)[0], format!("{YAODU} 4 E-ID-FORMAT closed"));
    let listed = done(&city.nianbao(&["quarantine", "list", "--school", YAODU]));
    assert!(listed.contains("closed (1 更正 李老师)"), "{listed}");
    let shown = done(&city.nianbao(&["runs", "show", "latest"]));
    assert!(shown.contains("2024  used 1, still wrong 0, given up 0, confirmed 0"), "{shown}");
    let decisions = city.table("override");
    assert_eq!(
        ["rule", "decided_by", "school_code", "decision"].map(|column| get(&decisions[0], column)),
        ["W-CORRECTED", "李老师", YAODU, "1"]
    );
    // A second export has no such row, and nothing else of the school is open.
    let again = export(&city);
    let is_of = |path: &&PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(YAODU);
    assert_eq!(again.iter().find(is_of), None);
    assert!(sheets(&sheet_of(&city, HONGTONG)).iter().any(|(name, _)| name == "学生学籍"));

    // An unchanged night does nothing.
    assert_eq!(city.run()["outcome"], "nothing_to_do");
    // Withdrawn, everything is as without an answer; recorded again, as it was.
    let withdraw = ["override", "withdraw", "1", "--by", "王科长", "--why", "学校撤回"];
    done(&city.nianbao(&withdraw));
    let third = city.run();
    assert_eq!(third["digest"], first["digest"]);
    assert_eq!(states(&city)[0], format!("{YAODU} 4 E-ID-FORMAT open"));
}

#[test]
fn a_run_with_the_same_corrections_gives_the_same_bytes() {
    let city = village();
    city.run();
    correct(&city, YAODU, 4, "身份证件号", &identity(2).0);
    let first = city.run();
    // Everything derived is gone, and made again.
    fs::remove_dir_all(city.data().join("staging")).unwrap();
    fs::remove_dir_all(city.data().join("quarantine/rows")).unwrap();
    fs::remove_dir_all(city.data().join("warehouse")).unwrap();
    assert_eq!(city.run()["digest"], first["digest"]);
    assert_eq!(students(&city, YAODU), "4");
}

#[test]
fn the_sheet_shows_the_row_as_delivered_with_the_bad_cell_marked() {
    let city = village();
    city.run();
    export(&city);
    let path = sheet_of(&city, YAODU);
    assert!(path.ends_with(format!("quarantine/sheets/2024/学校/{YAODU}云岭职业学校2024年更正表.xlsx")));
    let mut book = sheets(&path);
    let names: Vec<&str> = book.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["学生学籍"]);
    for (_, rows) in &book {
        assert_eq!(rows[1][..4], ["年度", "2024", "学校标识码", YAODU]);
    }
    let delivered = fs::read_to_string(city.drop_folder().join(ROSTER)).unwrap();
    let lines: Vec<Vec<&str>> = delivered.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(book[0].1[2][9..], lines[0]);
    let at = column(&book, "学生学籍", "身份证件号");
    let row = line(&mut book, "学生学籍", 4).clone();
    assert_eq!(row[9..], lines[3]);
    let shown = (row[7].as_str(), row[8].as_str());
    assert_eq!(shown, (name(2).as_str(), &identity(2).0[..17]));
    assert_eq!((row[1].as_str(), row[2].as_str(), row[3].as_str()), ("", "", "E-ID-FORMAT"));
    assert_eq!(row[4], "F 列（身份证件号）：证件号码位数或格式不对");
    assert_eq!(row[5], "请核对证件后更正");
    assert_eq!(row[6], "2024/students/all.csv 第 4 行");
    // Its one row is the fourth of the sheet.
    let cell = format!("{}4", nianbao::position::column_letters(u32::try_from(at + 1).unwrap()));
    let part = |name: &str| {
        let mut zip = zip::ZipArchive::new(fs::File::open(&path).unwrap()).unwrap();
        let mut content = String::new();
        zip.by_name(name).unwrap().read_to_string(&mut content).unwrap();
        content
    };
    let comments = part("xl/comments1.xml");
    assert!(comments.contains(&format!("ref=\"{cell}\"")) && comments.contains("证件号码位数或格式不对"));
    let sheet = part("xl/worksheets/sheet1.xml");
    let style = |cell: &str| -> usize {
        let from = sheet.split(&format!("<c r=\"{cell}\" s=\"")).nth(1).unwrap();
        from.split('"').next().unwrap().parse().unwrap()
    };
    let styles = part("xl/styles.xml");
    let fill_of = |style: usize| {
        let xf = styles.split("<cellXfs").nth(1).unwrap().split("<xf ").nth(style + 1).unwrap();
        let fill: usize = xf.split("fillId=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
        styles.split("<fill>").nth(fill + 1).unwrap().contains("FFFF7C80")
    };
    assert!(fill_of(style(&cell)));
    let cell_after = format!("{}4", nianbao::position::column_letters(u32::try_from(at + 2).unwrap()));
    assert!(!fill_of(style(&cell_after)));
}

#[test]
fn a_correction_that_is_still_wrong_stays_and_is_mended_again() {
    let city = village();
    city.run();
    correct(&city, HONGTONG, 7, "出生日期", "2008-02-30");
    let run = city.run();
    assert_eq!(run["summary"]["years"]["2024"]["corrections"]["still_wrong"], 1);
    assert_eq!(rows(&city, ROSTER), [6, 3, 0, 1]);
    assert_eq!(states(&city)[2], format!("{HONGTONG} 7 E-DATE still_wrong"));
    assert_eq!(findings(&city, "W-CORRECTED"), Vec::<Record>::new());
    // The sheet shows what was printed last, and another cell of the row is found wrong.
    export(&city);
    let mut book = sheets(&sheet_of(&city, HONGTONG));
    let birth = column(&book, "学生学籍", "出生日期");
    assert_eq!(line(&mut book, "学生学籍", 7)[birth], "2008-02-30");
    fill(&mut book, 7, "更正", Some(("出生日期", "2008-03-06")));
    fill(&mut book, 7, "更正", Some(("性别", "两样")));
    done(&release(&city, &book));
    city.run();
    assert_eq!(states(&city)[2], format!("{HONGTONG} 7 E-CODE still_wrong"));
    correct(&city, HONGTONG, 7, "性别", identity(5).2);
    city.run();
    assert_eq!(states(&city)[2], format!("{HONGTONG} 7 E-CODE closed"));
    assert_eq!(rows(&city, ROSTER), [7, 2, 0, 1]);
    let student = city.table("student").into_iter().find(|row| get(row, "source_row") == "7").unwrap();
    assert_eq!((get(&student, "birth_year"), get(&student, "sex")), ("2008", "1"));
    let listed = done(&city.nianbao(&["override", "list"]));
    assert_eq!(listed.matches("replaced by").count(), 2, "{listed}");
}

#[test]
fn a_workbook_with_a_fault_is_refused_whole_and_its_content_is_not_printed() {
    let city = village();
    city.run();
    export(&city);
    let good = {
        let mut book = sheets(&sheet_of(&city, HONGTONG));
        fill(&mut book, 6, "更正", Some(("性别", "女")));
        fill(&mut book, 7, "更正", Some(("出生日期", "2008-03-06")));
        book
    };
    let id_of_another = cases(&city, &["--school", YAODU, "--dataset", "students"])[0]["id"].clone();
    let refused = |edit: &dyn Fn(&mut Sheets), why: &str| {
        let mut book = good.clone();
        edit(&mut book);
        let output = release(&city, &book);
        let printed = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{why}: {printed}");
        assert!(printed.contains(why), "{why}: {printed}");
        assert!(!printed.contains("欧阳") && !printed.contains("14100220080"), "{printed}");
        assert!(!city.data().join("ledger/overrides").exists());
    };
    let row = |book: &mut Sheets, edit: &dyn Fn(&mut Vec<String>)| edit(line(book, "学生学籍", 7));
    let at = "sheet `学生学籍`, row 5: ";
    refused(
        &|book| row(book, &|row| row[0] = id_of_another.as_str().unwrap().to_owned()),
        &format!("{at}`{}` is of another school or year", id_of_another.as_str().unwrap()),
    );
    refused(&|book| row(book, &|row| row[0] = "R000000".into()), &format!("{at}`R000000` is not an id"));
    refused(&|book| row(book, &|row| row[0].clear()), &format!("{at}编号 is empty"));
    refused(&|book| row(book, &|row| row[1] = "改".into()), &format!("{at}处理 is none of"));
    refused(&|book| row(book, &|row| row[1] = "属实".into()), &format!("{at}处理 says 属实"));
    refused(&|book| row(book, &|row| row[1].clear()), &format!("{at}a cell was changed and 处理 is empty"));
    refused(&|book| row(book, &|row| row[1] = "放弃".into()), &format!("{at}it says 放弃, and a cell"));
    refused(&|book| row(book, &|row| row[2].clear()), &format!("{at}no name is given"));
    refused(&|book| row(book, &|row| row[2] = identity(9).0), &format!("{at}处理人 is not a name"));
    refused(&|book| row(book, &|row| row[6] += "。"), &format!("{at}位置 is not what was exported"));
    refused(
        &|book| row(book, &|row| row[7] = "某".into()),
        &format!("{at}涉及人员 is not what was exported"),
    );
    refused(&|book| row(book, &|row| row[8].clear()), &format!("{at}报送的值 is not what was exported"));
    refused(
        &|book| row(book, &|row| row[12] = "2008-02-31".into()),
        &format!("{at}it says 更正, and no cell was changed"),
    );
    refused(&|book| row(book, &|row| row.push("多余".into())), &format!("{at}column U lies outside"));
    refused(&|book| row(book, &|row| row[9] = YAODU.into()), &format!("{at}column J is not the code"));
    refused(
        &|book| {
            let again = line(book, "学生学籍", 7).clone();
            book[0].1.push(again);
        },
        "a second time",
    );
    refused(&|book| book[0].1[2].swap(10, 11), "the heads over it are not those that were exported");
    refused(&|book| book[0].1.remove(2).clear(), "sheet `学生学籍`: no row begins with the head 编号");
    refused(
        &|book| book.iter_mut().for_each(|(_, rows)| rows[1].clear()),
        "no sheet has 年度 above its heads: this is not a correction workbook",
    );
    refused(&|book| book.iter_mut().for_each(|(_, rows)| rows[1][1] = "2023".into()), "has no year 2023");
    refused(&|book| book.iter_mut().for_each(|(_, rows)| rows[1][3] = YAODU.into()), "is of another school");
    refused(&|book| book[1].1[1][3] = YAODU.into(), "its 学校标识码 is not that of the sheets before it");
    let no_book = city.path().join("no-book.xlsx");
    fs::write(&no_book, format!("\"{}", name(3))).unwrap();
    let output = city.nianbao(&["quarantine", "release", no_book.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!text(&output.stderr).contains("欧阳"));

    // Sorted, filtered, and left in part it is taken, once.
    let mut book = good;
    book[0].1.swap(3, 4);
    assert!(done(&release(&city, &book)).contains("2 corrected, 0 given up, 0 confirmed, 0 known"));
    assert!(done(&release(&city, &book)).contains("0 corrected, 0 given up, 0 confirmed, 2 known already."));
    city.run();
    assert_eq!(students(&city, HONGTONG), "3");
    assert!(done(&release(&city, &book)).contains("2 known already."));
    assert_eq!(city.run()["outcome"], "nothing_to_do");
}

#[test]
fn a_number_that_a_spreadsheet_rounded_is_refused() {
    let city = village();
    city.run();
    export(&city);
    let mut book = sheets(&sheet_of(&city, YAODU));
    fill(&mut book, 4, "更正", None);
    let at = column(&book, "学生学籍", "身份证件号");
    let path = city.path().join("rounded.xlsx");
    let mut out = rust_xlsxwriter::Workbook::new();
    for (name, rows) in &book {
        let sheet = out.add_worksheet().set_name(name).unwrap();
        for (number, row) in (0..).zip(rows) {
            for (column, text) in (0..).zip(row) {
                if name == "学生学籍" && number == 3 && usize::from(column) == at {
                    sheet.write_number(number, column, 141_002_200_803_030_021_f64).unwrap();
                } else {
                    sheet.write_string(number, column, text).unwrap();
                }
            }
        }
    }
    out.save(&path).unwrap();
    let output = city.nianbao(&["quarantine", "release", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("a number of more than 15 digits"), "{}", text(&output.stderr));
}

#[test]
fn a_new_delivery_takes_the_place_of_a_correction() {
    let city = village();
    city.run();
    correct(&city, YAODU, 4, "身份证件号", &identity(2).0);
    city.run();
    // The school delivers anew, and one of the same rows is still bad.
    let file = city.drop_folder().join(ROSTER);
    let roster = fs::read_to_string(&file).unwrap().replacen("2008-02-31", "2008-03-06", 1);
    fs::write(&file, roster).unwrap();
    let run = city.run();
    assert_eq!((students(&city, YAODU), students(&city, HONGTONG)), ("3".into(), "2".into()));
    assert_eq!(run["summary"]["years"]["2024"]["corrections"]["corrected"], 0);
    let lapsed = findings(&city, "W-CORRECTION-LAPSED");
    assert_eq!((lapsed.len(), get(&lapsed[0], "row"), get(&lapsed[0], "severity")), (1, "4", "S3"));
    let states: Vec<String> = states(&city);
    assert!(states.contains(&format!("{YAODU} 4 E-ID-FORMAT open")), "{states:?}");
    assert!(states.contains(&format!("{YAODU} 4 E-ID-FORMAT lapsed")), "{states:?}");
    assert!(done(&city.nianbao(&["override", "list"])).contains("lapsed"));
    // It does not come back with the old file.
    assert_eq!(city.run()["outcome"], "nothing_to_do");
    Village::new().deliver(&city);
    damage(&city);
    city.run();
    assert_eq!(students(&city, YAODU), "3");
}

#[test]
fn a_correction_holds_while_its_delivery_is_kept() {
    let city = village();
    city.run();
    correct(&city, YAODU, 4, "身份证件号", &identity(2).0);
    city.run();
    fs::write(city.drop_folder().join(ROSTER), "").unwrap();
    city.run();
    assert_eq!(students(&city, YAODU), "4");
    assert!(states(&city).contains(&format!("{YAODU} 4 E-ID-FORMAT closed")));
}

/// Definitions under which no school must deliver everything, so that a village can be in order.
fn undemanding(city: &City) -> PathBuf {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    let to = city.path().join("pipelines");
    for path in files(&from) {
        let target = to.join(path.strip_prefix(&from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        let text = fs::read_to_string(&path).unwrap().replace("every_school = true", "every_school = false");
        fs::write(target, text).unwrap();
    }
    to
}

#[test]
fn confirmed_and_given_up_rows_do_not_make_a_release_a_draft() {
    let run_of = |city: &City| {
        let pipelines = undemanding(city);
        city.nianbao(&["run", "--pipelines", pipelines.to_str().unwrap()]).status.code()
    };
    let in_order = City::empty();
    Village::new().deliver(&in_order);
    assert_eq!(run_of(&in_order), Some(0));
    let city = village();
    let run = || run_of(&city);
    let file = city.drop_folder().join(ROSTER);
    let roster = fs::read_to_string(&file).unwrap();
    // The second line's sex is not that of its number.
    let lines: Vec<String> = roster
        .lines()
        .enumerate()
        .map(|(index, line)| if index == 1 { line.replacen(",女,", ",男,", 1) } else { line.to_owned() })
        .collect();
    fs::write(&file, lines.join("\n")).unwrap();
    assert_eq!(run(), Some(10));
    assert_eq!(findings(&city, "Q-ID-SEX").len(), 1);

    export(&city);
    let mut book = sheets(&sheet_of(&city, YAODU));
    fill(&mut book, 4, "放弃", None);
    let query = line(&mut book, "查询", 2);
    assert_eq!(query[3], "Q-ID-SEX");
    (query[1], query[2]) = ("属实".into(), "李老师".into());
    assert!(done(&release(&city, &book)).contains("0 corrected, 1 given up, 1 confirmed"));
    let mut book = sheets(&sheet_of(&city, HONGTONG));
    fill(&mut book, 6, "放弃", None);
    done(&release(&city, &book));
    assert_eq!(run(), Some(10));
    fill(&mut book, 7, "放弃", None);
    assert!(done(&release(&city, &book)).contains("1 given up, 0 confirmed, 1 known already"));
    assert_eq!(run(), Some(0));
    // They stay out, and are counted as what they are.
    assert_eq!(rows(&city, ROSTER), [6, 3, 0, 1]);
    let sex = findings(&city, "Q-ID-SEX");
    assert_eq!(get(&sex[0], "severity"), "S3");
    assert!(
        get(&sex[0], "message").ends_with("（李老师：属实，第 2 号决定）"),
        "{}",
        get(&sex[0], "message")
    );
    let states: Vec<String> =
        cases(&city, &[]).iter().map(|case| case["state"].as_str().unwrap().to_owned()).collect();
    assert_eq!(states, ["closed"; 4]);
    assert!(export(&city).iter().all(|path| !path.to_string_lossy().contains("更正表")));
    done(&city.nianbao(&["override", "withdraw", "2", "--by", "王科长", "--why", "有误"]));
    assert_eq!(run(), Some(10));
}

#[test]
fn a_cell_that_was_not_used_is_mended_too() {
    let city = City::empty();
    Village::new().deliver(&city);
    let file = city.drop_folder().join(ROSTER);
    fs::write(&file, fs::read_to_string(&file).unwrap().replacen(",202409,", ",未知,", 1)).unwrap();
    city.run();
    assert_eq!(rows(&city, ROSTER), [9, 0, 0, 1]);
    assert_eq!(states(&city), [format!("{YAODU} 2 E-CELL open")]);
    let entered = |city: &City| {
        let student = city.table("student").into_iter().find(|row| get(row, "source_row") == "2");
        get(&student.unwrap(), "entry_month").to_owned()
    };
    assert_eq!(entered(&city), "");
    correct(&city, YAODU, 2, "入学年月", "2023-09");
    city.run();
    assert_eq!(entered(&city), "2023-09");
    assert_eq!(findings(&city, "E-CELL"), Vec::<Record>::new());
    assert_eq!(states(&city), [format!("{YAODU} 2 E-CELL closed")]);
    assert_eq!(rows(&city, ROSTER), [9, 0, 0, 1]);
}

#[test]
fn the_summaries_count_what_the_schools_have() {
    let city = village();
    city.run();
    correct(&city, HONGTONG, 7, "出生日期", "2008-03-06");
    city.run();
    export(&city);
    let mut book = sheets(&sheet_of(&city, HONGTONG));
    fill(&mut book, 6, "放弃", None);
    done(&release(&city, &book));
    let written = export(&city);
    let written_sheets = |part: &str| {
        let path = written.iter().find(|path| path.to_string_lossy().contains(part)).unwrap();
        sheets(path)
    };
    let county = written_sheets("141024洪洞县2024年更正汇总");
    assert_eq!(county.len(), 1);
    let rows: BTreeMap<&str, Vec<&str>> = county[0].1[3..]
        .iter()
        .map(|row| (row[4].as_str(), row[2..].iter().map(String::as_str).collect()))
        .collect();
    // One was given up and waits for a run, one was corrected and is closed.
    assert_eq!(rows["学生学籍"], [HONGTONG, "晴川职业学校", "学生学籍", "0", "0", "1", "1"]);
    assert_eq!(rows[""][3..], ["0", "1", "1", "1"]);
    let whole = written_sheets("2024/临汾市2024年更正汇总");
    assert_eq!(whole.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["县（市、区）", "学校"]);
    let counties: Vec<[&str; 5]> =
        whole[0].1[3..].iter().map(|row| [0, 2, 3, 4, 5].map(|at| row[at].as_str())).collect();
    assert_eq!(
        counties,
        [
            ["141002", "1", "0", "0", "0"],
            ["141024", "0", "1", "1", "1"],
            ["141099", "0", "1", "0", "0"],
            ["合计", "1", "2", "1", "1"]
        ]
    );
    // The school with nothing to correct but queries has them, and none of the others' rows.
    let provincial = sheets(&sheet_of(&city, PROVINCIAL));
    assert_eq!(provincial.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["查询"]);
    assert_eq!(provincial[0].1.len(), 4);
}

#[test]
fn the_export_of_a_whole_city_has_all_rows_that_were_kept_out() {
    let city = whole_city();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("sheets");
    done(&city.nianbao(&["quarantine", "export", "--year", "2024", "--out", out.to_str().unwrap()]));
    let listed = cases(city, &["--year", "2024"]);
    let count = |is_counted: &dyn Fn(&Value) -> bool| {
        listed.iter().filter(|case| is_counted(case)).map(|case| case["count"].as_u64().unwrap()).sum::<u64>()
    };
    // Rows that are kept out: not those that count without a cell of theirs.
    let takes_a_cell = |case: &Value| {
        let problems = case["problems"].as_array().unwrap();
        problems.iter().all(|problem| problem["rule"] == "E-CELL" || problem["rule"] == "E-FILING-CELL")
    };
    let rows = count(&|case| case["is_query"] == false && !takes_a_cell(case));
    let shared = count(&|case| case["problems"][0]["rule"] == "E-ID-SHARED");
    let quarantined: u64 = city
        .table("delivery")
        .iter()
        .filter(|row| get(row, "report_year") == "2024" && get(row, "outcome") == "decoded")
        .map(|row| get(row, "rows_quarantined").parse::<u64>().unwrap())
        .sum();
    assert!(rows > 20, "{rows}");
    assert_eq!(rows + shared, quarantined);
    // Every row is in the workbook of its school, once.
    let mut exported = 0;
    for path in files(&out.join("2024/学校")) {
        let book = sheets(&path);
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for (sheet, rows) in book.iter().filter(|(sheet, _)| sheet != "查询") {
            for row in rows.iter().skip(3) {
                let case = listed.iter().find(|case| case["id"] == row[0].as_str()).unwrap();
                let school = case["school_code"].as_str().unwrap();
                assert!(
                    name.starts_with(if school.is_empty() { "未定学校" } else { school }),
                    "{name} {sheet}"
                );
                exported += 1;
            }
        }
    }
    let cases = listed.iter().filter(|case| case["is_query"] == false).count();
    assert_eq!(exported, cases);
}

#[test]
fn sheets_lie_in_no_folder_that_others_read() {
    let city = village();
    city.run();
    for folder in ["reports", "warehouse/x", "ledger", "quarantine/../reports", "."] {
        let out = city.data().join(folder);
        let output = city.nianbao(&["quarantine", "export", "--out", out.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2), "{folder}");
    }
    correct(&city, YAODU, 4, "身份证件号", &identity(2).0);
    let out = city.path().join("elsewhere");
    fs::create_dir_all(out.join("2024")).unwrap();
    fs::set_permissions(out.join("2024"), fs::Permissions::from_mode(0o755)).unwrap();
    done(&city.nianbao(&["quarantine", "export", "--out", out.to_str().unwrap()]));
    let mut looked_at = 0;
    for folder in [city.data().join("quarantine"), out.join("2024")] {
        for path in files(&folder) {
            looked_at += 1;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&path), 0o600, "{}", path.display());
            for above in path.ancestors().skip(1).take_while(|above| above.starts_with(&folder)) {
                assert_eq!(mode(above), 0o700, "{}", above.display());
            }
        }
    }
    assert!(looked_at > 10, "{looked_at}");
}

#[test]
fn no_canary_leaves_the_restricted_folders_by_a_correction() {
    let city = City::empty();
    let mut village = Village::new();
    village.students.truncate(6);
    village.deliver(&city);
    let (wrong, right) = (&identity(777).0[..17], identity(777).0);
    let canaries = ["欧阳金丝雀", wrong, &right, "滨河路七号院", "13912345678"];
    let file = city.drop_folder().join(ROSTER);
    let mut roster = fs::read_to_string(&file).unwrap();
    roster += &format!(
        "{YAODU},{},男,2008-03-22,居民身份证,{wrong},汉族,{},202309,护理,在读\n",
        canaries[0], canaries[3]
    );
    fs::write(&file, roster).unwrap();
    let mut outputs = vec![city.nianbao(&["run"])];
    outputs.push(city.nianbao(&["quarantine", "list"]));
    outputs.push(city.nianbao(&["quarantine", "list", "--json"]));
    outputs.push(city.nianbao(&["quarantine", "export"]));
    let mut book = sheets(&sheet_of(&city, YAODU));
    fill(&mut book, 8, "更正", Some(("身份证件号", canaries[4])));
    outputs.push(release(&city, &book));
    outputs.push(city.nianbao(&["run"]));
    assert_eq!(states(&city), [format!("{YAODU} 8 E-ID-FORMAT still_wrong")]);
    outputs.push(city.nianbao(&["quarantine", "export"]));
    let mut book = sheets(&sheet_of(&city, YAODU));
    fill(&mut book, 8, "更正", Some(("身份证件号", &right)));
    line(&mut book, "学生学籍", 8)[3].clear();
    let refused = release(&city, &book);
    assert_eq!(refused.status.code(), Some(2));
    outputs.push(refused);
    "E-ID-FORMAT".clone_into(&mut line(&mut book, "学生学籍", 8)[3]);
    outputs.push(release(&city, &book));
    outputs.push(city.nianbao(&["run"]));
    outputs.push(city.nianbao(&["override", "list"]));
    outputs.push(city.nianbao(&["runs", "show", "latest", "--json"]));
    fs::remove_file(city.path().join("filled.xlsx")).unwrap();
    // It counts; of a cell that was not looked at before something is to be printed still.
    assert_eq!(states(&city), [format!("{YAODU} 8 E-CELL still_wrong")]);
    assert_eq!(students(&city, YAODU), "5");
    assert_eq!(findings(&city, "W-CORRECTED").len(), 1);

    let mut looked_at: Vec<(String, Vec<u8>)> = Vec::new();
    for output in outputs {
        looked_at.push(("output".into(), [output.stdout, output.stderr].concat()));
    }
    let restricted = ["landing", "identity", "staging", "quarantine"].map(|name| city.data().join(name));
    for path in files(&city.data()) {
        looked_at.push(("name".into(), path.display().to_string().into_bytes()));
        if restricted.iter().any(|folder| path.starts_with(folder)) {
            continue;
        }
        let name = path.display().to_string();
        looked_at.push((name.clone(), fs::read(&path).unwrap()));
        if path.extension().is_some_and(|extension| extension == "parquet") {
            let cells: Vec<String> = read(&path).into_iter().flat_map(BTreeMap::into_values).collect();
            looked_at.push((name, cells.join("\n").into_bytes()));
        } else if path.extension().is_some_and(|extension| extension == "xlsx") {
            let cells: Vec<String> = sheets(&path).into_iter().flat_map(|(_, rows)| rows.concat()).collect();
            looked_at.push((name, cells.join("\n").into_bytes()));
        }
    }
    assert!(looked_at.len() > 80, "{}", looked_at.len());
    let finder = |form: &[u8]| {
        looked_at.iter().find(|(_, bytes)| bytes.windows(form.len()).any(|window| window == form))
    };
    for canary in canaries {
        for form in disguises(canary) {
            assert_eq!(finder(&form).map(|(name, _)| name), None, "{canary} as {}", text(&form));
        }
    }
    assert!(finder(YAODU.as_bytes()).is_some());
    // They did go through: what was delivered and what was corrected is kept where it belongs.
    let kept = files(&city.data().join("quarantine/corrections"));
    let kept: String = kept.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    assert!(kept.contains(wrong) && kept.contains(&right) && kept.contains(canaries[4]));
}
