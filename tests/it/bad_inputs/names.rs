//! Section A, what is decided of characters: names are kept, codes are folded, ruins are refused.

use super::rows::{BIRTH, ENTRY, ETHNICITY, ID, NAME, ROW, SCHOOL, case, spoiled, with_cells};
use super::{Case, Roster, check, gbk};

#[test]
fn names_are_kept_codes_are_folded_and_ruins_are_refused() {
    let mut cases = ruins();
    cases.extend(spellings());
    cases.extend(headers());
    check("A-characters", &cases);
}

/// A GBK roster in which the name of row 5 is these bytes.
fn named_in_gbk(id: &'static str, input: &'static str, name: &[u8], expected: &'static str) -> Case {
    let mut roster = Roster::of(id, 1_000);
    "占位".clone_into(&mut roster.rows[ROW][NAME]);
    let (bytes, place) = (gbk(&roster.csv()), gbk("占位"));
    let at = bytes.windows(place.len()).position(|window| window == place).unwrap();
    case(id, input, [&bytes[..at], name, &bytes[at + place.len()..]].concat(), expected)
}

fn ruins() -> Vec<Case> {
    let two_spellings = |roster: &mut Roster| {
        let mut row = roster.rows[ROW].clone();
        "欧阳\u{e863}".clone_into(&mut row[NAME]);
        roster.rows.push(row);
    };
    vec![
        with_cells(
            "A09",
            "a character of one system only",
            NAME,
            &["张\u{e863}"],
            "decoded 1000+0+0+1 W-PUA@5",
        ),
        named_in_gbk("A09b", "the same in the user area of GBK", b"\xaa\xa1", "decoded 1000+0+0+1 W-PUA@5"),
        spoiled(
            "A09c",
            "such a name is compared with no other",
            two_spellings,
            "decoded 1001+0+0+1 Q-TWICE@1002 W-PUA@1002",
        ),
        with_cells(
            "A11",
            "what a wrong encoding left",
            NAME,
            &["锟斤拷", "烫烫烫", "张\u{fffd}"],
            "decoded 997+3+0+1 E-ENC@7 E-MOJIBAKE@5 E-MOJIBAKE@6",
        ),
        with_cells("A12", "UTF-8 that was read as GBK", NAME, &["寮犱笁"], "decoded 999+1+0+1 E-MOJIBAKE@5"),
        named_in_gbk("A15", "the lone byte 80", b"\xd5\xc5\x80", "decoded 999+1+0+1 E-MOJIBAKE@5"),
        // Far enough below that the head of the file is text.
        spoiled(
            "A16",
            "a NUL in a cell",
            |roster| roster.rows[900][NAME].push('\0'),
            "decoded 999+1+0+1 E-CTRL@902",
        ),
    ]
}

fn spellings() -> Vec<Case> {
    let invisible = |roster: &mut Roster| {
        roster.rows[ROW][ID].insert(3, '\u{200b}');
        roster.rows[ROW][SCHOOL].push('\u{202e}');
        roster.rows[ROW][ETHNICITY].insert(0, '\u{2060}');
    };
    let wide = |roster: &mut Roster| {
        for column in [SCHOOL, BIRTH, ID, ENTRY] {
            let cell = &mut roster.rows[ROW][column];
            *cell = cell.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect();
        }
        "欧阳①".clone_into(&mut roster.rows[ROW][NAME]);
    };
    let separators = |roster: &mut Roster| {
        "买买提·艾力".clone_into(&mut roster.rows[ROW][NAME]);
        let mut row = roster.rows[ROW].clone();
        "买买提 •艾力".clone_into(&mut row[NAME]);
        roster.rows.push(row);
    };
    vec![
        spoiled("A17", "invisible characters in an ID and in codes", invisible, "decoded 1000+0+0+1"),
        with_cells("A17b", "the same in a name", NAME, &["欧\u{200b}阳"], "decoded 1000+0+0+1 W-INVISIBLE@5"),
        spoiled("A18", "full-width digits, and ① in a name", wide, "decoded 1000+0+0+1"),
        with_cells(
            "A19",
            "blanks in names",
            NAME,
            &["张　三", " 张三 ", "买买提 ·艾力"],
            "decoded 1000+0+0+1",
        ),
        // One name, so not two people under one number.
        spoiled("A20", "one name with two separators", separators, "decoded 1001+0+0+1 Q-TWICE@1002"),
        with_cells("A21", "a compatibility ideograph", NAME, &["\u{2f800}"], "decoded 1000+0+0+1"),
    ]
}

fn headers() -> Vec<Case> {
    let header = |old: &'static str, new: &'static str| {
        move |roster: &mut Roster| {
            let cell = roster.header.iter_mut().find(|header| *header == old).unwrap();
            new.clone_into(cell);
        }
    };
    let spelled = |roster: &mut Roster| {
        header("身份证件号", "\"身份\n证号码（必填）\"")(roster);
        header("姓名", "*姓名")(roster);
        header("出生日期", " 出 生 日 期 ")(roster);
    };
    let unknown = |roster: &mut Roster| {
        for cell in &mut roster.header {
            cell.insert(0, '原');
        }
    };
    vec![
        spoiled("A22", "headers with breaks, stars and remarks", spelled, "decoded 1000+0+0+2"),
        spoiled(
            "A22b",
            "an unknown header for a required column",
            header("身份证件号", "公民证件号"),
            "rejected E-HDR-MISSING",
        ),
        spoiled("A22c", "headers none of which is known", unknown, "rejected E-HDR-UNKNOWN"),
    ]
}
