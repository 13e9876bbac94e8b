//! The workbooks as spreadsheet programs take them: numbers that add up, pages that print, and what is said in
//! print about what is missing.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use nianbao::number::Decimal;
use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};

use crate::support::{City, HONGTONG, Village, YAODU, decimal, files, get, sheets, whole_city};

fn part(book: &Path, name: &str) -> String {
    let mut archive = zip::ZipArchive::new(File::open(book).unwrap()).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

/// The elements of a part: name and attributes, with the text of those that hold some.
fn elements(xml: &str) -> Vec<(String, BTreeMap<String, String>, String)> {
    let mut reader = Reader::from_str(xml);
    let mut found: Vec<(String, BTreeMap<String, String>, String)> = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(element) | Event::Empty(element) => {
                let name = element.name().as_ref().to_owned();
                let attributes = element.attributes().map(Result::unwrap);
                let attributes = attributes.map(|attribute| {
                    let name = attribute.key.as_ref().to_owned();
                    (name, attribute.normalized_value(XmlVersion::Implicit1_0).unwrap().into_owned())
                });
                found.push((name, attributes.collect(), String::new()));
            }
            Event::Text(text) => {
                if let Some(last) = found.last_mut() {
                    last.2 += &text;
                }
            }
            Event::Eof => return found,
            _ => {}
        }
    }
}

/// The number formats of a workbook by the style of a cell.
fn number_formats(book: &Path) -> Vec<String> {
    let mut codes: BTreeMap<String, String> =
        [("0", "General"), ("1", "0"), ("2", "0.00")].map(|(id, code)| (id.into(), code.into())).into();
    let all = elements(&part(book, "xl/styles.xml"));
    for (_, attributes, _) in all.iter().filter(|(name, ..)| name == "numFmt") {
        codes.insert(attributes["numFmtId"].clone(), attributes["formatCode"].clone());
    }
    let cells = all.iter().skip_while(|(name, ..)| name != "cellXfs").skip(1);
    let cells = cells.take_while(|(name, ..)| name != "cellStyles");
    let xfs = cells.filter(|(name, ..)| name == "xf");
    xfs.map(|(_, attributes, _)| codes[&attributes["numFmtId"]].clone()).collect()
}

/// The cells of a sheet that are numbers, by reference: the value as it is in the file, and its format.
fn numbers(book: &Path, sheet: usize) -> BTreeMap<String, (String, String)> {
    let formats = number_formats(book);
    let all = elements(&part(book, &format!("xl/worksheets/sheet{sheet}.xml")));
    let mut found = BTreeMap::new();
    for pair in all.windows(2) {
        let [(cell, attributes, _), (value, _, text)] = pair else { continue };
        if cell == "c" && value == "v" && !attributes.contains_key("t") {
            let style: usize = attributes["s"].parse().unwrap();
            found.insert(attributes["r"].clone(), (text.clone(), formats[style].clone()));
        }
    }
    found
}

/// What a cell with this number and one of our formats prints.
fn shown(value: &str, format: &str) -> String {
    let decimals = format.strip_prefix("0.").map_or(0, str::len);
    assert!(format == "0" || format == format!("0.{}", "0".repeat(decimals)), "{format}");
    format!("{:.decimals$}", value.parse::<f64>().unwrap())
}

fn reports(city: &City, year: &str) -> Vec<PathBuf> {
    let all = files(&city.data().join("reports").join(year)).into_iter();
    all.filter(|path| path.to_string_lossy().contains("数据表")).collect()
}

fn city_workbook(city: &City) -> PathBuf {
    city.data().join("reports/2024/临汾市2024年度质量报告数据表.xlsx")
}

#[test]
fn every_printed_number_is_a_number_that_prints_as_it_was_printed() {
    let city = whole_city();
    let cells = city.table("report_cell");
    let of_schools = files(&city.data().join("reports/2024/学校"));
    let school: String = of_schools[0].file_name().unwrap().to_string_lossy().chars().take(10).collect();
    let some = ["临汾市2024", "141002", &school];
    let books = reports(city, "2024").into_iter().filter(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        some.iter().any(|beginning| name.starts_with(beginning))
    });
    let mut looked_at = 0;
    for book in books {
        let name = book.file_name().unwrap().to_string_lossy().into_owned();
        let is_of = |cell: &BTreeMap<String, String>| match name.as_str() {
            name if name.starts_with("临汾市") => get(cell, "level") == "city",
            name if name.starts_with("141002") => {
                get(cell, "level") == "county" && get(cell, "region_code") == "141002"
            }
            _ => get(cell, "school_code") == school,
        };
        for (at, (sheet, rows)) in (1..).zip(sheets(&book)) {
            let heads = rows.iter().position(|row| ["序号", "指标"].contains(&row[0].as_str())).unwrap();
            let is_figure = |head: &String| {
                head.strip_suffix('年').is_some_and(|year| year.parse::<u16>().is_ok())
                    || head == "调查人次"
                    || head.ends_with("（个）")
            };
            let columns: Vec<char> =
                ('A'..='Z').zip(&rows[heads]).filter(|(_, head)| is_figure(head)).map(|(at, _)| at).collect();
            let is_list = sheet.ends_with("专业群清单");
            let table = sheet.split(' ').next().unwrap();
            let table = if table == "表" { sheet.replace(' ', "") } else { table.to_owned() };
            let printed = cells.iter().filter(|cell| {
                let listed = get(cell, "report_path").starts_with("专业群清单");
                let counts = !listed || get(cell, "measure").ends_with("（个）");
                let words = get(cell, "measure") == "调查方式";
                get(cell, "report_year") == "2024"
                    && get(cell, "report_table") == table
                    && listed == is_list
                    && counts
                    && !words
                    && is_of(cell)
            });
            let texts = printed.map(|cell| get(cell, "printed_text"));
            let mut expected: Vec<&str> = texts.filter(|text| Decimal::parse(text).is_some()).collect();
            let numbers = numbers(&book, at);
            let of_figures = numbers.iter().filter(|(at, _)| columns.contains(&at.chars().next().unwrap()));
            let mut found: Vec<String> =
                of_figures.clone().map(|(_, (value, format))| shown(value, format)).collect();
            expected.sort_unstable();
            found.sort_unstable();
            assert_eq!(found, expected, "{name} {sheet}");
            // What `=SUM` adds up is what is printed.
            let sum: Decimal = of_figures.map(|(_, (value, _))| decimal(value)).sum();
            assert_eq!(sum, expected.iter().map(|text| decimal(text)).sum(), "{name} {sheet}");
            looked_at += found.len();
        }
    }
    assert!(looked_at > 1000, "{looked_at}");
}

#[test]
fn the_differences_are_numbers_too() {
    let folder = whole_city().data().join("reports/2024");
    let book = files(&folder).into_iter().find(|path| path.to_string_lossy().contains("差异表")).unwrap();
    let rows = sheets(&book).swap_remove(0).1;
    let numbers = numbers(&book, 1);
    let heads = rows.iter().position(|row| row.iter().any(|cell| cell == "数值甲")).unwrap();
    for head in ["数值甲", "数值乙", "允许差"] {
        let at = rows[heads].iter().position(|cell| cell == head).unwrap();
        let column = ('A'..='Z').nth(at).unwrap();
        for (number, row) in (1..).zip(&rows).skip(heads + 1) {
            let is_number = numbers.contains_key(&format!("{column}{number}"));
            assert_eq!(is_number, Decimal::parse(&row[at]).is_some(), "{column}{number} {}", row[at]);
        }
    }
    // Codes and years are names.
    assert!(!numbers.keys().any(|at| at.starts_with('A') || at.starts_with('C')));
}

#[test]
fn every_sheet_is_a_numbered_form_on_a4_with_its_heads_on_every_page() {
    let city = whole_city();
    let catalogue = city.data().join("reports/2024/指标目录.xlsx");
    for book in [city_workbook(city), catalogue] {
        let names: Vec<String> = sheets(&book).into_iter().map(|(name, _)| name).collect();
        let workbook = elements(&part(&book, "xl/workbook.xml"));
        let defined = |wanted: &str| {
            let names = workbook.iter().filter(|(name, ..)| name == "definedName");
            names.filter(|(_, attributes, _)| attributes["name"] == wanted).count()
        };
        assert_eq!(defined("_xlnm.Print_Titles"), names.len());
        assert_eq!(defined("_xlnm.Print_Area"), names.len());
        for at in 1..=names.len() {
            let all = elements(&part(&book, &format!("xl/worksheets/sheet{at}.xml")));
            let one = |wanted: &str| all.iter().find(|(name, ..)| name == wanted).unwrap();
            let setup = &one("pageSetup").1;
            assert_eq!((setup["paperSize"].as_str(), setup["fitToHeight"].as_str()), ("9", "0"));
            assert_eq!(one("pageSetUpPr").1["fitToPage"], "1");
            let foot = part(&book, &format!("xl/worksheets/sheet{at}.xml"));
            assert!(foot.contains("第 &amp;P 页 共 &amp;N 页"), "{}", names[at - 1]);
            // No row is left to a program that does not make room for wrapped words.
            let rows = all.iter().filter(|(name, attributes, _)| {
                name == "row" && attributes.get("customHeight").is_none() && attributes["r"] != "1"
            });
            assert!(rows.count() <= 1, "{}", names[at - 1]);
        }
    }
    // The widest of the six tables lies on its side.
    let names: Vec<String> = sheets(&city_workbook(city)).into_iter().map(|(name, _)| name).collect();
    let orientation = |sheet: &str| {
        let at = names.iter().position(|name| name == sheet).unwrap() + 1;
        let all = elements(&part(&city_workbook(city), &format!("xl/worksheets/sheet{at}.xml")));
        let setup = all.into_iter().find(|(name, ..)| name == "pageSetup").unwrap().1;
        setup["orientation"].clone()
    };
    assert_eq!([orientation("表2"), orientation("表3")], ["landscape", "portrait"]);
}

#[test]
fn the_list_of_groups_is_under_its_own_heads() {
    let book = sheets(&city_workbook(whole_city()));
    let at = book.iter().position(|(name, _)| name == "表3 专业群清单").unwrap();
    assert_eq!(book[at - 1].0, "表3");
    let (_, rows) = &book[at];
    assert_eq!(rows[0][0], "表3 专业群清单");
    assert_eq!(rows[3], ["序号", "专业群名称", "对接的区域产业", "核心专业名称", "包含专业数量（个）"]);
    assert_eq!(rows[4..].iter().take_while(|row| !row[1].is_empty()).count(), 23);
}

fn filing(school: &str, students: &str) -> String {
    format!(
        "表6 落实政策表\n名称：某校({school})\n序号,指标,单位,2023年,2024年\n1,全日制在校生人数,人,,{students}\n"
    )
}

/// The village in 2024 alone; one of its three schools filed nothing.
fn incomplete_village() -> City {
    let city = City::empty();
    Village::new().deliver(&city);
    city.deliver("2024/filings/a.csv", filing(YAODU, "5"));
    city.deliver("2024/filings/b.csv", filing(HONGTONG, "3"));
    city.run();
    city
}

/// The rows of a sheet within its print area.
fn printed_rows(book: &Path, sheet: &str) -> Vec<Vec<String>> {
    let all = sheets(book);
    let workbook = elements(&part(book, "xl/workbook.xml"));
    let at = all.iter().position(|(name, _)| name == sheet).unwrap();
    let areas = workbook
        .iter()
        .filter(|(name, attributes, _)| name == "definedName" && attributes["name"] == "_xlnm.Print_Area");
    let area =
        areas.map(|(.., text)| text).find(|text| text.split('!').next().unwrap().trim_matches('\'') == sheet);
    let last = area.unwrap().rsplit('$').collect::<Vec<_>>();
    let (rows, columns) = (last[0].parse::<usize>().unwrap(), last[1].trim_end_matches('$').to_owned());
    let width = usize::from(columns.as_bytes()[0] - b'A') + 1;
    all[at].1.iter().take(rows).map(|row| row[..width].to_vec()).collect()
}

#[test]
fn what_lacks_schools_says_so_in_print() {
    let city = incomplete_village();
    let rows = printed_rows(&city_workbook(&city), "表6");
    let missed = rows[2].iter().position(|head| head == "缺报校数").unwrap();
    let students = rows.iter().find(|row| row[1] == "全日制在校生人数").unwrap();
    assert_eq!((students[4].as_str(), students[missed].as_str()), ("8", "1"));
    let note = rows.iter().map(|row| &row[0]).find(|text| text.contains("不是全部学校的数")).unwrap();
    assert!(note.contains("缺 1 校"), "{note}");
    // Of the students on roll all schools delivered: nothing is said.
    let whole = printed_rows(&city_workbook(&city), "表 1.3");
    assert!(!whole.iter().flatten().any(|text| text.contains("缺报") || text.contains("缺 ")), "{whole:?}");
}

#[test]
fn a_year_that_was_never_delivered_is_said_once() {
    let city = incomplete_village();
    for book in reports(&city, "2024") {
        for (sheet, rows) in sheets(&book) {
            let Some(last_year) = rows[2].iter().position(|head| head == "2023年") else { continue };
            assert!(rows[3..].iter().all(|row| row[last_year].is_empty()), "{} {sheet}", book.display());
            let notes = rows.iter().filter(|row| row[0].starts_with("注：2023年没有报送")).count();
            assert_eq!(notes, 1, "{} {sheet}", book.display());
        }
    }
}
