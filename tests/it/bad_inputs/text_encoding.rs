//! Section A: text encoding.

use super::{Case, HEADER, Roster, check, gbk};

fn case(id: &'static str, input: &'static str, bytes: impl Into<Vec<u8>>, expected: &'static str) -> Case {
    Case { id, input, file: "名册.csv", dataset: "students", bytes: bytes.into(), expected }
}

const ID: usize = 5;
const NAME: usize = 1;
const CLEAN: &str = "decoded 1000+0+0+1";

fn roster(id: &str) -> Roster {
    Roster::of(id, 1_000)
}

/// A roster with some cells changed: row from 0, column, text.
fn with(id: &str, cells: &[(usize, usize, &str)]) -> String {
    let mut roster = roster(id);
    for (row, column, text) in cells {
        (*text).clone_into(&mut roster.rows[*row][*column]);
    }
    roster.csv()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn gb18030(text: &str) -> Vec<u8> {
    encoding_rs::GB18030.encode(text).0.into_owned()
}

/// GBK, with the bytes of a mark in the text replaced.
fn gbk_with(text: &str, mark: &str, bytes: &[u8]) -> Vec<u8> {
    let encoded = gbk(text);
    let mark = gbk(mark);
    let mut out = Vec::new();
    let mut rest = encoded.as_slice();
    while let Some(at) = rest.windows(mark.len()).position(|window| window == mark) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(bytes);
        rest = &rest[at + mark.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// A roster in two halves, with something between them.
fn halves(id: &str) -> (String, String) {
    let whole = roster(id);
    let (first, second) = whole.rows.split_at(500);
    let part = |rows: &[Vec<String>]| Roster { header: whole.header.clone(), rows: rows.to_vec() }.csv();
    (part(first), part(second))
}

#[test]
fn a_text_file_is_read_in_its_own_encoding_or_not_at_all() {
    let mut cases = encodings();
    cases.extend(characters());
    check("A", &cases);
}

fn encodings() -> Vec<Case> {
    let cut = gbk(&roster("A07").csv());
    let (first, second) = halves("A05");
    let (utf8_half, gbk_half) = halves("A06");
    vec![
        case("A01", "GBK without a mark", gbk(&roster("A01").csv()), CLEAN),
        case("A02", "UTF-8 with a byte order mark", ["\u{feff}", &roster("A02").csv()].concat(), CLEAN),
        case(
            "A03",
            "UTF-16LE with a mark, tabs",
            utf16(&["\u{feff}", &roster("A03").csv().replace(',', "\t")].concat()),
            CLEAN,
        ),
        case("A04", "UTF-16LE without a mark", utf16(&roster("A04").csv()), CLEAN),
        case(
            "A05",
            "mark and header again in the middle",
            [first, "\u{feff}".to_owned(), second].concat(),
            "decoded 1000+0+0+2",
        ),
        case(
            "A06",
            "half UTF-8, half GBK",
            [utf8_half.into_bytes(), gbk(&gbk_half)].concat(),
            "rejected E-ENC-UNKNOWN",
        ),
        case(
            "A06b",
            "GBK, two rows in a hundred damaged",
            {
                let cells: Vec<_> = (0..1_000).step_by(50).map(|row| (row, NAME, "囧囧")).collect();
                gbk_with(&with("A06b", &cells), "囧囧", b"\xff\xff")
            },
            "rejected E-ENC-UNKNOWN",
        ),
        case(
            "A07",
            "GBK, cut within a character",
            cut[..cut.len() - 2].to_vec(),
            "set_aside 0+1000+0+1 E-ENC@1001 E-TRUNC@1001",
        ),
        case(
            "A08",
            "four-byte names in GB18030",
            gb18030(&with("A08", &[(0, NAME, "𠮷文"), (1, NAME, "㛃文"), (2, NAME, "䶮文")])),
            CLEAN,
        ),
        case(
            "A09",
            "a character of the user area",
            gbk_with(&with("A09", &[(3, NAME, "欧囧")]), "囧", b"\xaa\xa1"),
            "decoded 1000+0+0+1 W-PUA@5",
        ),
        case(
            "A10",
            "one rare character in two codes",
            {
                let two = gbk_with(&with("A10", &[(3, NAME, "欧囧"), (4, NAME, "欧囡")]), "囧", b"\xfe\x59");
                let place = two.windows(2).position(|pair| pair == gbk("囡").as_slice()).unwrap();
                [&two[..place], b"\x82\x35\x90\x37", &two[place + 2..]].concat()
            },
            CLEAN,
        ),
    ]
}

fn characters() -> Vec<Case> {
    let full_width = |text: &str| -> String {
        text.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect()
    };
    let wide_id = full_width(&roster("A18").rows[3][ID]);
    let marked_id = roster("A17").rows[3][ID].replace("141002", "\u{202e}141\u{200b}002\u{2060}");
    let mut preallocated = roster("A16").csv().into_bytes();
    preallocated.extend([0; 5_000]);
    vec![
        case(
            "A11",
            "names that an encoding destroyed",
            with("A11", &[(3, NAME, "锟斤拷"), (4, NAME, "烫烫烫")]),
            "decoded 998+2+0+1 E-MOJIBAKE@5 E-MOJIBAKE@6",
        ),
        case(
            "A12",
            "UTF-8 read as GBK by the sender",
            with("A12", &[(3, NAME, "寮犱笁")]),
            "decoded 999+1+0+1 E-MOJIBAKE@5",
        ),
        case(
            "A13",
            "Big5",
            {
                let text = roster("A13").csv().replace("学校标识码", "學校標識碼");
                let text = text.replace(&HEADER[2..].join(","), "性別");
                encoding_rs::BIG5.encode(&text).0.into_owned()
            },
            "rejected E-ENC-UNEXPECTED",
        ),
        case(
            "A15",
            "a byte 0xff in a name",
            gbk_with(&with("A15", &[(3, NAME, "囧文")]), "囧", b"\xff"),
            "decoded 999+1+0+1 E-ENC@5",
        ),
        case("A16", "NUL bytes at the end", preallocated, "set_aside 0+1000+0+1 E-TRUNC"),
        case("A16b", "nothing but NUL bytes", vec![0; 20_000], "rejected E-TRUNC"),
        case("A17", "invisible characters in a number", with("A17", &[(3, ID, &marked_id)]), CLEAN),
        case("A18", "full-width digits", with("A18", &[(3, ID, &wide_id), (4, 8, "２０２３０９")]), CLEAN),
        case(
            "A19",
            "blanks in names",
            with("A19", &[(3, NAME, "张　三"), (4, NAME, " 张三丰 "), (5, NAME, "买买提 ·艾力")]),
            CLEAN,
        ),
        case(
            "A20",
            "other separators in names",
            with("A20", &[(3, NAME, "买买提•艾力"), (4, NAME, "阿依・古丽"), (5, NAME, "伊力.哈木")]),
            CLEAN,
        ),
        case("A21", "a compatibility ideograph", with("A21", &[(3, NAME, "\u{2f800}文")]), CLEAN),
        case(
            "A22",
            "headers with line breaks, stars and prompts",
            roster("A22").csv().replacen(
                "姓名,性别,出生日期,身份证件类型,身份证件号",
                "*姓名,性别（必填）,出生日期,身份证件类型,\"身份\n证件号\"",
                1,
            ),
            "decoded 1000+0+0+2",
        ),
        case(
            "A22b",
            "an unknown header",
            roster("A22b").csv().replacen("身份证件号,", "居民编码,", 1),
            "rejected E-HDR-MISSING",
        ),
    ]
}
