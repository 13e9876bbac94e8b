//! Section C: BIFF workbooks, written here record by record.

use nianbao::decode::{self, DecodeError, Event};

use super::{Case, Roster, check, gbk};

const SECTOR: usize = 512;
const END_OF_CHAIN: u32 = 0xffff_fffe;

/// An OLE container with one stream.
pub fn container(name: &str, stream: &[u8]) -> Vec<u8> {
    let sectors = stream.len().max(4_096).div_ceil(SECTOR);
    let tables = (1..=sectors).find(|tables| tables * 128 >= sectors + 1 + tables).unwrap();
    let word = |value: usize| u32::try_from(value).unwrap();
    let mut header = vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    header.extend([0; 16]);
    header.extend([0x3e, 0, 3, 0, 0xfe, 0xff, 9, 0, 6, 0, 0, 0, 0, 0, 0, 0]);
    for value in [0, word(tables), word(tables), 0, 4_096, END_OF_CHAIN, 0, END_OF_CHAIN, 0] {
        header.extend(value.to_le_bytes());
    }
    for table in 0..109 {
        let sector = if table < tables { word(table) } else { u32::MAX };
        header.extend(sector.to_le_bytes());
    }
    let mut fat = vec![u32::MAX; tables * 128];
    fat[..tables].fill(0xffff_fffd);
    fat[tables] = END_OF_CHAIN;
    for sector in 0..sectors {
        let at = tables + 1 + sector;
        fat[at] = if sector + 1 == sectors { END_OF_CHAIN } else { word(at + 1) };
    }
    let mut bytes = header;
    bytes.extend(fat.iter().flat_map(|entry| entry.to_le_bytes()));
    bytes.extend(directory_entry("Root Entry", 5, 1, END_OF_CHAIN, 0));
    bytes.extend(directory_entry(name, 2, u32::MAX, word(tables + 1), word(stream.len().max(4_096))));
    bytes.extend([0; 256]);
    bytes.extend(stream);
    bytes.resize(SECTOR * (1 + tables + 1 + sectors), 0);
    bytes
}

fn directory_entry(name: &str, kind: u8, child: u32, start: u32, size: u32) -> Vec<u8> {
    let mut entry: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let length = u16::try_from(entry.len() + 2).unwrap();
    entry.resize(64, 0);
    entry.extend(length.to_le_bytes());
    entry.extend([kind, 1]);
    for link in [u32::MAX, u32::MAX, child] {
        entry.extend(link.to_le_bytes());
    }
    entry.extend([0; 36]);
    entry.extend(start.to_le_bytes());
    entry.extend(size.to_le_bytes());
    entry.extend([0; 4]);
    entry
}

fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap();
    [kind.to_le_bytes().as_slice(), &length.to_le_bytes(), data].concat()
}

fn bof(version: u16, kind: u16) -> Vec<u8> {
    let words: Vec<u8> = [version, kind, 0x0dbb, 1996].iter().flat_map(|word| word.to_le_bytes()).collect();
    let rest: &[u8] = if version == 0x0600 { &[0; 8] } else { &[] };
    record(0x0809, &[words.as_slice(), rest].concat())
}

/// A workbook of one sheet; each row with the row number it has, from 0.
fn workbook(rows: &[(u16, &Vec<String>)], biff5: bool) -> Vec<u8> {
    let version = if biff5 { 0x0500 } else { 0x0600 };
    let text = |text: &str| -> (u16, Vec<u8>) {
        if biff5 {
            let bytes = gbk(text);
            (u16::try_from(bytes.len()).unwrap(), bytes)
        } else {
            let units: Vec<u16> = text.encode_utf16().collect();
            let bytes = units.iter().flat_map(|unit| unit.to_le_bytes());
            (u16::try_from(units.len()).unwrap(), std::iter::once(1).chain(bytes).collect())
        }
    };
    let code_page: u16 = if biff5 { 936 } else { 1_200 };
    let mut globals = bof(version, 0x0005);
    globals.extend(record(0x0042, &code_page.to_le_bytes()));
    let (length, name) = text("sheet1");
    let offset = globals.len() + 4 + 7 + name.len() + 4;
    let mut sheet_record = u32::try_from(offset).unwrap().to_le_bytes().to_vec();
    sheet_record.extend([0, 0, u8::try_from(length).unwrap()]);
    sheet_record.extend(name);
    globals.extend(record(0x0085, &sheet_record));
    globals.extend(record(0x000a, &[]));
    assert_eq!(globals.len(), offset);
    let mut stream = globals;
    stream.extend(bof(version, 0x0010));
    for (row, cells) in rows {
        for (column, cell) in cells.iter().enumerate() {
            let (length, bytes) = text(cell);
            let mut label = Vec::new();
            for word in [*row, u16::try_from(column).unwrap(), 0, length] {
                label.extend(word.to_le_bytes());
            }
            label.extend(bytes);
            stream.extend(record(0x0204, &label));
        }
    }
    stream.extend(record(0x000a, &[]));
    container(if biff5 { "Book" } else { "Workbook" }, &stream)
}

fn numbered(roster: &Roster) -> Vec<(u16, &Vec<String>)> {
    (0..).zip(std::iter::once(&roster.header).chain(&roster.rows)).collect()
}

/// A roster as BIFF8, every cell text.
pub fn biff8(roster: &Roster) -> Vec<u8> {
    workbook(&numbered(roster), false)
}

fn case(id: &'static str, input: &'static str, bytes: Vec<u8>, expected: &'static str) -> Case {
    Case { id, input, file: "名册.xls", dataset: "students", bytes, expected }
}

#[test]
fn a_workbook_of_the_old_kind_is_read_or_refused() {
    let roster = |id| Roster::of(id, 1_000);
    let full = roster("C29b");
    let mut to_the_end = numbered(&full);
    to_the_end.last_mut().unwrap().0 = u16::MAX;
    let whole = biff8(&roster("C10"));
    check(
        "C-xls",
        &[
            case("C10", "cut in the middle", whole[..whole.len() / 2].to_vec(), "rejected E-TRUNC"),
            case(
                "C14",
                "locked with a password",
                container("EncryptedPackage", &[7; 5_000]),
                "rejected E-XL-ENCRYPTED",
            ),
            case("C23", "BIFF5 in GBK", workbook(&numbered(&roster("C23")), true), "decoded 1000+0+0+1"),
            case(
                "C29b",
                "rows up to the last one",
                workbook(&to_the_end, false),
                "set_aside 0+1000+0+64536 E-ROWLIMIT@65536",
            ),
            case("C31c", "a text document", container("WordDocument", &[7; 5_000]), "rejected E-FMT"),
        ],
    );
}

fn rows(bytes: &[u8]) -> Result<Vec<String>, DecodeError> {
    let mut rows = Vec::new();
    let decoded = decode::decode(bytes, &mut |event| {
        if let Event::Row(row) = event {
            rows.push(format!("{row:?}"));
        }
    })?;
    rows.extend(decoded.notes.iter().map(|note| note.rule.clone()));
    Ok(rows)
}

#[test]
fn a_cut_workbook_never_gives_some_of_its_rows() {
    let whole = biff8(&Roster::of("C10b", 60));
    let good = rows(&whole).unwrap();
    assert_eq!(good.len(), 61);
    let mut cuts = 0;
    for length in (1..whole.len()).step_by(17) {
        match rows(&whole[..length]) {
            // The last sector is padded: what is missing there may be nothing.
            Ok(read) => assert!(read.len() == 62 && read[61] == "E-TRUNC", "cut at {length}: {}", read.len()),
            Err(DecodeError::Truncated(_)) => cuts += 1,
            Err(error) => assert!(length < 512, "cut at {length}: {error}"),
        }
    }
    assert!(cuts > 1_000, "{cuts} cuts");
}
