//! Section C: workbooks, put together part by part.

use std::fmt::Write;

use jiff::civil::date;
use nianbao::decode::{self, Event};

use super::{Case, HEADER, Roster, check, patched, zip};

fn case(id: &'static str, input: &'static str, bytes: Vec<u8>, expected: &'static str) -> Case {
    Case { id, input, file: "名册.xlsx", dataset: "students", bytes, expected }
}

const CLEAN: &str = "decoded 1000+0+0+1";
const NAME: usize = 1;
const ID: usize = 5;
const NATION: usize = 6;

fn roster(id: &str) -> Roster {
    Roster::of(id, 1_000)
}

fn letter(column: usize) -> char {
    char::from(b'A' + u8::try_from(column).unwrap())
}

/// `<c>` with text within.
fn cell(row: usize, column: usize, text: &str) -> String {
    format!("<c r=\"{}{row}\" t=\"inlineStr\"><is><t>{text}</t></is></c>", letter(column))
}

/// The rows of a roster, an element each, header first.
fn rows(roster: &Roster) -> Vec<String> {
    let row = |(index, cells): (usize, &Vec<String>)| {
        let number = index + 1;
        let cells = cells.iter().enumerate().map(|(column, text)| cell(number, column, text));
        format!("<row r=\"{number}\">{}</row>", cells.collect::<String>())
    };
    std::iter::once(&roster.header).chain(&roster.rows).enumerate().map(row).collect()
}

fn sheet(rows: &[String], after: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><worksheet xmlns=\"http://schemas.openxmlformats.org/\
         spreadsheetml/2006/main\"><sheetData>{}</sheetData>{after}</worksheet>",
        rows.concat()
    )
}

/// A workbook of some sheets: name, attributes, XML; and other parts.
fn book_of(sheets: &[(&str, &str, String)], workbook: &str, parts: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut listed, mut related) = (String::new(), String::new());
    let mut entries = Vec::new();
    for (index, (name, attributes, xml)) in sheets.iter().enumerate() {
        let id = index + 1;
        write!(listed, "<sheet name=\"{name}\" sheetId=\"{id}\" r:id=\"rId{id}\" {attributes}/>").unwrap();
        write!(
            related,
            "<Relationship Id=\"rId{id}\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/\
             relationships/worksheet\" Target=\"worksheets/sheet{id}.xml\"/>"
        )
        .unwrap();
        entries.push((format!("xl/worksheets/sheet{id}.xml"), xml.clone().into_bytes()));
    }
    let relationships = |inner: &str| {
        format!(
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{inner}</Relationships>"
        )
    };
    let types = "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>";
    let root = relationships(
        "<Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/\
         officeDocument\" Target=\"xl/workbook.xml\"/>",
    );
    let workbook = format!(
        "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:r=\"http://schemas.\
         openxmlformats.org/officeDocument/2006/relationships\">{workbook}<sheets>{listed}</sheets></workbook>"
    );
    let related = relationships(&related);
    let mut all: Vec<(&str, &[u8])> = vec![
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", root.as_bytes()),
        ("xl/workbook.xml", workbook.as_bytes()),
        ("xl/_rels/workbook.xml.rels", related.as_bytes()),
    ];
    all.extend(entries.iter().map(|(name, xml)| (name.as_str(), xml.as_slice())));
    all.extend(parts);
    zip(&all)
}

fn book(xml: String) -> Vec<u8> {
    book_of(&[("sheet1", "", xml)], "", &[])
}

/// A roster with one cell written otherwise: row as Excel counts, column, and the new `<c>`.
fn changed(roster: &Roster, row: usize, column: usize, written: &str) -> String {
    let mut rows = rows(roster);
    let text = if row == 1 { &roster.header[column] } else { &roster.rows[row - 2][column] };
    let before = cell(row, column, text);
    assert!(rows[row - 1].contains(&before));
    rows[row - 1] = rows[row - 1].replace(&before, written);
    sheet(&rows, "")
}

#[test]
fn a_workbook_is_read_or_refused_and_never_believed() {
    let mut cases = bombs();
    cases.extend(containers());
    cases.extend(sheets());
    cases.extend(merges());
    cases.extend(cells());
    cases.extend(grids());
    cases.extend(spellings());
    check("C", &cases);
}

fn bombs() -> Vec<Case> {
    let strings = |id: &str, sst: &str| {
        book_of(
            &[("sheet1", "", sheet(&rows(&roster(id)), ""))],
            "",
            &[("xl/sharedStrings.xml", sst.as_bytes())],
        )
    };
    let apart =
        |number: usize| format!("<row r=\"{number}\"><c r=\"XFD{number}\" t=\"n\"><v>1</v></c></row>");
    let far: Vec<String> = (1..=6_500).map(apart).collect();
    let blank = format!("{}{}", sheet(&rows(&roster("C04")), ""), " ".repeat(30 << 20));
    let long = |id: &str, length: usize| {
        let name = "x".repeat(length);
        book(changed(&roster(id), 5, NAME, &cell(5, NAME, &name)))
    };
    let lying = {
        let honest = book(format!("{}{}", sheet(&rows(&roster("C06c")), ""), " ".repeat(31 << 20)));
        let size = u32::try_from(sheet(&rows(&roster("C06c")), "").len() + (31 << 20)).unwrap();
        patched(&honest, &size.to_le_bytes(), &1_000_u32.to_le_bytes())
    };
    let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">]>\
        <sst><si><t>&b;</t></si></sst>";
    let outside = "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><sst><si><t>&a;</t></si></sst>";
    let many: Vec<String> = (0..2_500).map(|index| format!("xl/media/{index}.png")).collect();
    let mut entries: Vec<(&str, &[u8])> = vec![("[Content_Types].xml", b"")];
    entries.extend(many.iter().map(|name| (name.as_str(), &b"x"[..])));
    let attributes: String = (0..80_000).fold(String::new(), |all, index| all + &format!(" a{index}=\"1\""));
    let wide_tag =
        sheet(&rows(&roster("C09")), "").replacen("<row r=\"1\"", &format!("<row r=\"1\"{attributes}"), 1);
    vec![
        case(
            "C01",
            "the first cell and the last one",
            book(sheet(&["<row r=\"1\"><c r=\"A1\"><v>1</v></c></row>".into(), apart(1_048_576)], "")),
            "rejected E-HDR-UNKNOWN",
        ),
        case("C01b", "the last cell in every row", book(sheet(&far, "")), "rejected E-XL-LIMIT"),
        case(
            "C03",
            "a table of strings that claims too many",
            strings("C03", "<sst uniqueCount=\"999999999999\"></sst>"),
            "rejected E-XL-LIMIT",
        ),
        case("C04", "30 MB of blanks", book(blank), "rejected E-ZIP-RATIO"),
        case("C05", "one string of 60 MB", long("C05", 60 << 20), "rejected E-ZIP-RATIO"),
        case("C05b", "one string of 6 MB", long("C05b", 6 << 20), "rejected E-LIMIT"),
        case("C06", "2,500 entries", zip(&entries), "rejected E-LIMIT"),
        case("C06b", "a bundle in a bundle", zip(&[("a.zip", &zip(&[("b.csv", b"x")]))]), "rejected E-FMT"),
        case("C06c", "an entry that lies about its size", lying, "rejected E-ZIP-CRC"),
        case("C07", "entities of entities", strings("C07", laughs), "rejected E-XML-DTD"),
        case("C08", "an entity from outside", strings("C08", outside), "rejected E-XML-DTD"),
        case("C09", "80,000 attributes on one tag", book(wide_tag), "rejected E-XL-LIMIT"),
    ]
}

fn containers() -> Vec<Case> {
    let plain = |id: &str| sheet(&rows(&roster(id)), "");
    let two = book_of(&[("sheet1", "", plain("C26"))], "", &[("xl/worksheets/sheet9.xml", b"<worksheet/>")]);
    let whole = roster("C11").xlsx();
    vec![
        case("C11", "cut in the middle", whole[..whole.len() / 2].to_vec(), "rejected E-TRUNC"),
        case(
            "C12",
            "a bit flipped",
            {
                let mut bytes = roster("C12").xlsx();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                bytes
            },
            "rejected E-ZIP-CRC",
        ),
        case(
            "C26",
            "two entries of one name",
            patched(&two, b"worksheets/sheet9.xml", b"worksheets/sheet1.xml"),
            "rejected E-ZIP-DUP",
        ),
        case(
            "C30",
            "macros",
            book_of(&[("sheet1", "", plain("C30"))], "", &[("xl/vbaProject.bin", b"x")]),
            "decoded 1000+0+0+1 W-MACRO",
        ),
        case(
            "C31",
            "xlsb",
            zip(&[("[Content_Types].xml", b"<Types/>"), ("xl/workbook.bin", b"x")]),
            "rejected E-FMT",
        ),
        case(
            "C31b",
            "ods",
            zip(&[("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")]),
            "rejected E-FMT",
        ),
    ]
}

fn sheets() -> Vec<Case> {
    let whole = roster("C25");
    let part = |range: std::ops::Range<usize>| Roster {
        header: whole.header.clone(),
        rows: whole.rows[range].to_vec(),
    };
    let mut odd = part(600..1_000);
    "备注".clone_into(&mut odd.header[ID]);
    let classes = [
        ("一班", "", sheet(&rows(&part(0..300)), "")),
        ("二班", "", sheet(&rows(&odd), "")),
        ("三班", "", sheet(&rows(&part(300..600)), "")),
    ];
    let notes = ["<row r=\"1\"><c r=\"A1\" t=\"str\"><v>填表说明</v></c></row>".to_owned()];
    vec![
        case(
            "C15",
            "hidden sheets",
            book_of(
                &[
                    ("sheet1", "", sheet(&rows(&roster("C15")), "")),
                    ("旧版", "state=\"hidden\"", sheet(&rows(&roster("C15b")), "")),
                    ("字典", "state=\"veryHidden\"", sheet(&rows(&roster("C15c")), "")),
                ],
                "",
                &[],
            ),
            "decoded 1000+0+0+1 W-HIDDEN-SHEET",
        ),
        case(
            "C16",
            "hidden rows",
            book(sheet(&rows(&roster("C16")), "").replace("<row r=\"5\"", "<row r=\"5\" hidden=\"1\"")),
            "decoded 1000+0+0+1 W-HIDDEN-ROWS@5",
        ),
        case(
            "C25",
            "a class with another header",
            book_of(&classes, "", &[]),
            "set_aside 0+1001+0+2 E-SHEET",
        ),
        case(
            "C25b",
            "a sheet of notes",
            book_of(
                &[("sheet1", "", sheet(&rows(&roster("C25b")), "")), ("说明", "", sheet(&notes, ""))],
                "",
                &[],
            ),
            "decoded 1000+0+0+2 W-COVER",
        ),
    ]
}

fn merges() -> Vec<Case> {
    let c17 = {
        let clean = roster("C17");
        let mut groups = vec![String::new(); HEADER.len()];
        groups[0].clone_from(&clean.header[0]);
        "基本信息".clone_into(&mut groups[1]);
        let mut under = clean.header.clone();
        under[0].clear();
        let shifted = Roster { header: groups, rows: [vec![under], clean.rows].concat() };
        sheet(
            &rows(&shifted),
            "<mergeCells><mergeCell ref=\"A1:A2\"/><mergeCell ref=\"B1:K1\"/></mergeCells>",
        )
    };
    let c18 = |id: &str, ranges: &str| {
        let mut clean = roster(id);
        for row in clean.rows.iter_mut().skip(1).take(3) {
            row[0].clear();
        }
        book(sheet(&rows(&clean), ranges))
    };
    vec![
        case("C17", "a header of two rows, merged", book(c17), "decoded 1000+0+0+2"),
        case(
            "C18",
            "the school merged over four rows",
            c18("C18", "<mergeCells><mergeCell ref=\"A2:A5\"/></mergeCells>"),
            CLEAN,
        ),
        case(
            "C18b",
            "the school left out, and nothing merged",
            c18("C18b", ""),
            "decoded 997+3+0+1 E-REQUIRED@3 E-REQUIRED@4 E-REQUIRED@5",
        ),
    ]
}

fn cells() -> Vec<Case> {
    let bad = |id: &str, column, written: &str| book(changed(&roster(id), 5, column, written));
    let linked =
        changed(&roster("C20b"), 5, NAME, "<c r=\"B5\" t=\"str\"><f>[1]Sheet1!A1</f><v>欧阳文文文</v></c>");
    let old = {
        let clean = roster("C22");
        let serial = |day: &str| {
            let day: jiff::civil::Date = day.parse().unwrap();
            day.since(date(1904, 1, 1)).unwrap().get_days()
        };
        let mut rows = rows(&clean);
        for (index, row) in clean.rows.iter().enumerate() {
            let number = index + 2;
            let dated = format!("<c r=\"D{number}\" s=\"1\"><v>{}</v></c>", serial(&row[3]));
            rows[index + 1] = rows[index + 1].replace(&cell(number, 3, &row[3]), &dated);
        }
        let styles = "<styleSheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><cellXfs count=\"2\">\
            <xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>";
        let sheets = [("sheet1", "", sheet(&rows, ""))];
        book_of(&sheets, "<workbookPr date1904=\"1\"/>", &[("xl/styles.xml", styles.as_bytes())])
    };
    vec![
        case(
            "C19",
            "a formula without its result",
            bad("C19", NAME, "<c r=\"B5\"><f>A1&amp;B1</f></c>"),
            "decoded 999+1+0+1 E-XL-NOCACHE@5",
        ),
        case(
            "C20",
            "a formula with its result",
            bad("C20", NAME, "<c r=\"B5\" t=\"str\"><f>A1&amp;B1</f><v>欧阳文文文</v></c>"),
            "decoded 1000+0+0+1 W-FORMULA@5",
        ),
        case(
            "C20b",
            "a formula over another workbook",
            book_of(
                &[("sheet1", "", linked)],
                "",
                &[("xl/externalLinks/externalLink1.xml", b"<externalLink/>")],
            ),
            "decoded 1000+0+0+1 W-FORMULA W-FORMULA@5",
        ),
        case(
            "C21",
            "an error in a name",
            bad("C21", NAME, "<c r=\"B5\" t=\"e\"><v>#N/A</v></c>"),
            "decoded 999+1+0+1 E-XL-ERRCELL@5",
        ),
        case(
            "C21b",
            "an error elsewhere",
            bad("C21b", NATION, "<c r=\"G5\" t=\"e\"><v>#REF!</v></c>"),
            "decoded 1000+0+0+1 E-CELL@5",
        ),
        case("C22", "days since 1904", old, "decoded 1000+0+0+1 W-EPOCH-1904"),
        case("C24", "line ends spelt out", bad("C24", NAME, &cell(5, NAME, "欧阳文_x000D_")), CLEAN),
        case(
            "C28",
            "a truth value of 2",
            bad("C28", NATION, "<c r=\"G5\" t=\"b\"><v>2</v></c>"),
            "rejected E-DAMAGED",
        ),
        case(
            "C28b",
            "a number that is none",
            bad("C28b", NATION, "<c r=\"G5\" t=\"n\"><v>abc</v></c>"),
            "rejected E-DAMAGED",
        ),
        case(
            "C33",
            "a string that is not in the table",
            bad("C33", NAME, "<c r=\"B5\" t=\"s\"><v>7</v></c>"),
            "rejected E-DAMAGED",
        ),
    ]
}

fn grids() -> Vec<Case> {
    let stray = {
        let mut rows = rows(&Roster::of("C02", 500));
        rows.push("<row r=\"1048576\"><c r=\"AN1048576\" t=\"str\"><v> </v></c></row>".to_owned());
        book(sheet(&rows, ""))
    };
    let at = |id: &str, reference: &str| {
        let row = format!("<row r=\"1002\"><c r=\"{reference}\" t=\"n\"><v>1</v></c></row>");
        book(sheet(&[rows(&roster(id)), vec![row]].concat(), ""))
    };
    let to_the_end = {
        let clean = roster("C29");
        let mut rows = rows(&clean);
        let last = rows.pop().unwrap();
        rows.push(last.replace("1001\"", "1048576\""));
        book(sheet(&rows, ""))
    };
    let small =
        sheet(&rows(&roster("C32")), "").replace("<sheetData>", "<dimension ref=\"A1:B2\"/><sheetData>");
    let turned = {
        let mut rows = rows(&roster("C32b"));
        rows[1..].reverse();
        book(sheet(&rows, ""))
    };
    let unnumbered = {
        let xml = sheet(&rows(&roster("C32c")), "");
        let xml: String = xml
            .split(" r=\"")
            .enumerate()
            .map(|(index, part)| if index == 0 { part } else { part.split_once('"').unwrap().1 })
            .collect();
        book(xml)
    };
    vec![
        case("C02", "a blank in the last row", stray, "decoded 500+0+0+1"),
        case("C27", "a cell beyond the last column", at("C27", "XFE1002"), "rejected E-XL-GRID"),
        case("C27b", "a column of eight letters", at("C27b", "AAAAAAAA1"), "rejected E-XL-GRID"),
        case("C27c", "a row beyond the last", at("C27c", "A16777217"), "rejected E-XL-GRID"),
        case("C29", "rows up to the last one", to_the_end, "set_aside 0+1000+0+1047576 E-ROWLIMIT@1048576"),
        case("C32", "dimensions that are wrong", book(small), CLEAN),
        case("C32b", "rows out of order", turned, CLEAN),
        case("C32c", "cells without a place", unnumbered, CLEAN),
    ]
}

/// Every row, as it was read.
fn read(bytes: &[u8]) -> Option<Vec<String>> {
    let mut rows = Vec::new();
    let decoded = decode::decode(bytes, &mut |event| {
        if let Event::Row(row) = event {
            rows.push(format!("{row:?}"));
        }
    });
    decoded.is_ok().then_some(rows)
}

#[test]
fn a_cut_or_changed_workbook_never_gives_other_cells() {
    let whole = Roster::of("C11b", 60).xlsx();
    let good = read(&whole).unwrap();
    assert_eq!(good.len(), 61);
    let cuts = (0..whole.len()).step_by(7);
    assert!(cuts.len() > 1_000);
    for length in cuts {
        assert_eq!(read(&whole[..length]), None, "cut at {length}");
    }
    let (mut refused, mut same) = (0, 0);
    for bit in (0..whole.len() * 8).step_by(61) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        match read(&bytes) {
            None => refused += 1,
            Some(rows) => {
                assert_eq!(rows, good, "bit {bit}");
                same += 1;
            }
        }
    }
    assert!(refused + same > 800 && refused > same, "{refused} refused, {same} the same");
}

/// What Excel reads as it reads the usual spelling.
fn spellings() -> Vec<Case> {
    let roster = |id: &str| Roster::of(id, 40);
    // The school stands once, merged down all rows; the fifth is hidden.
    let merged = |id: &str| {
        let roster = roster(id);
        let mut rows = rows(&roster);
        for (index, row) in rows.iter_mut().enumerate().skip(2) {
            *row = row.replace(&cell(index + 1, 0, &roster.rows[index - 1][0]), "");
        }
        rows[4] = rows[4].replace("<row ", "<row hidden=\"1\" ");
        sheet(&rows, "<mergeCells><mergeCell ref=\"A2:A41\"/></mergeCells>")
    };
    let prefixed = |xml: &str| {
        let mut text = String::new();
        for part in xml.split_inclusive('<') {
            text += part;
            if part.ends_with('<') {
                text += "\u{1}";
            }
        }
        let text = text.replace("\u{1}/", "/x:").replace("\u{1}?", "?").replace('\u{1}', "x:");
        text.replace("xmlns=", "xmlns:x=").replace(" r=\"", "\n\t r=\"").replace('"', "'")
    };
    let hidden = "decoded 40+0+0+1 W-HIDDEN-ROWS@5";
    let errors = |id: &str| {
        let roster = roster(id);
        let mut rows = rows(&roster);
        for (row, written) in
            [(2, "<c r=\"G2\" t=\"e\"/>"), (3, "<c r=\"G3\" t=\"e\"><v>#GETTING_DATA</v></c>")]
        {
            rows[row - 1] = rows[row - 1].replace(&cell(row, NATION, &roster.rows[row - 2][NATION]), written);
        }
        sheet(&rows, "").replace("<sheetData>", "<dimension ref=\"A0:K41\"/><sheetData>")
    };
    let twice = {
        let xml = |id: &str| sheet(&rows(&roster(id)), "");
        book_of(&[("sheet1", "", xml("C38")), ("sheet1", "", xml("C39"))], "", &[])
    };
    let filled_down = {
        let mut rows = rows(&roster("C40"));
        for number in 42..=500 {
            let formula =
                |column: char| format!("<c r=\"{column}{number}\"><f>IF(F{number}=\"\",\"\",1)</f></c>");
            rows.push(format!("<row r=\"{number}\">{}{}</row>", formula('C'), formula('D')));
        }
        sheet(&rows, "").replace("=\"\",\"\",1", "=&quot;&quot;,&quot;&quot;,1")
    };
    vec![
        case("C34", "merged down, spelt as usual", book(merged("C34")), hidden),
        case("C35", "prefix, single quotes, line breaks", book(prefixed(&merged("C35"))), hidden),
        case(
            "C36",
            "the grid, spelt otherwise",
            book(prefixed(&sheet(&rows(&roster("C36")), "").replace("r=\"A2\"", "r=\"AAAAAAAA2\""))),
            "rejected E-XL-GRID",
        ),
        case(
            "C37",
            "errors and a dimension that Excel alone knows",
            book(errors("C37")),
            "decoded 40+0+0+1 E-CELL@3",
        ),
        case("C38", "two sheets of one name", twice, "rejected E-XL-SHEET-TWICE"),
        case("C40", "formulas filled down without results", book(filled_down), "decoded 40+0+0+460"),
    ]
}
