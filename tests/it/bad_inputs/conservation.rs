//! Any roster, however messy: every physical row ends in the place that its truth says.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use arrow::array::AsArray;
use nianbao::decode;
use nianbao::definitions::{self, Definitions};
use nianbao::delivery::RowCounts;
use nianbao::normalise::identity::PseudonymKey;
use nianbao::normalise::rows::RowsNormaliser;
use nianbao::normalise::{Context, Normalised, Rejects};
use proptest::prelude::*;

use super::Roster;
use super::rows::{BIRTH, ID, NAME, SCHOOL, SEX, STATUS};

/// The kinds of physical lines.
#[derive(Debug, Clone, Copy)]
enum Line {
    Good,
    /// A good row above, once more.
    Again(usize),
    /// A cell of a good row replaced by what puts the row aside.
    Bad(usize, &'static str),
    /// A field too many.
    Wide,
    /// A quote that is never closed.
    OpenQuote,
    /// No data: blank, header again, subtotal, note.
    NoData(&'static str),
}

fn line() -> impl Strategy<Value = Line> {
    prop_oneof![
        6 => Just(Line::Good),
        1 => (0_usize..100).prop_map(Line::Again),
        3 => prop_oneof![
            Just((ID, "1.42601E+17")),
            Just((ID, "14260120090101123")),
            Just((ID, "")),
            Just((BIRTH, "2008-02-30")),
            Just((BIRTH, "08-3-4")),
            Just((SEX, "待定")),
            Just((STATUS, "")),
            Just((STATUS, "在逃")),
            Just((SCHOOL, "361499999")),
            Just((NAME, "锟斤拷")),
            Just((NAME, "张\u{1}")),
            Just((NAME, "张\u{fffd}")),
        ].prop_map(|(column, text)| Line::Bad(column, text)),
        1 => Just(Line::Wide),
        1 => Just(Line::OpenQuote),
        2 => prop_oneof![
            Just(""),
            Just("  "),
            Just(",,,,,,,,,,"),
            Just("{header}"),
            Just("小计,12"),
            Just("填报人：教务处"),
        ].prop_map(Line::NoData),
    ]
}

/// A roster, and the truth about it.
struct Written {
    text: String,
    counts: RowCounts,
    ids: Vec<String>,
}

fn write(titles: usize, lines: &[Line], total_off_by: usize) -> Written {
    let clean = Roster::of("A50", lines.len() + 1);
    let header = clean.header.join(",");
    let mut written =
        Written { text: "学生名册\n".repeat(titles), counts: RowCounts::default(), ids: Vec::new() };
    written.text += &format!("{header}\n");
    written.counts.structural = titles as u64 + 1;
    let mut good: Vec<Vec<String>> = Vec::new();
    for (line, row) in std::iter::once(&Line::Good).chain(lines).zip(&clean.rows) {
        let mut row = row.clone();
        match *line {
            Line::Good => good.push(row.clone()),
            Line::Again(index) => row.clone_from(&good[index % good.len()]),
            Line::Bad(column, text) => text.clone_into(&mut row[column]),
            Line::Wide => row.push("多余".into()),
            Line::OpenQuote => row[NAME].insert(0, '"'),
            Line::NoData(text) => row = vec![text.replace("{header}", &header)],
        }
        match line {
            Line::Good => written.counts.loaded += 1,
            Line::Again(_) => written.counts.duplicate += 1,
            Line::NoData(_) => written.counts.structural += 1,
            _ => written.counts.quarantined += 1,
        }
        if matches!(line, Line::Good | Line::Again(_)) {
            written.ids.push(row[ID].clone());
        }
        written.text += &format!("{}\n", row.join(","));
    }
    let data = written.counts.loaded + written.counts.duplicate + written.counts.quarantined;
    written.text += &format!("共{}条\n", data + total_off_by as u64);
    written.counts.structural += 1;
    written.counts.physical = written.text.lines().count() as u64;
    written
}

fn definitions() -> &'static Definitions {
    static DEFINITIONS: OnceLock<Definitions> = OnceLock::new();
    DEFINITIONS.get_or_init(|| definitions::load(&definitions::embedded()).unwrap())
}

fn normalised(text: &str) -> Normalised {
    let key = PseudonymKey::new(&[7; 32]);
    let definitions = definitions();
    let context =
        Context { codes: &definitions.codes, key: &key, city_code: "141000", residual_code: "141099" };
    let dataset = definitions.dataset("students").unwrap();
    let mut rows = RowsNormaliser::new(context, dataset, dataset.version(2024).unwrap(), 2024, "file");
    decode::decode(text.as_bytes(), &mut |event| rows.event(&event)).unwrap();
    rows.finish().unwrap().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn rows_in_are_rows_out_whatever_is_among_them(
        titles in 0_usize..4,
        lines in prop::collection::vec(line(), 0..60),
        total_off_by in 0_usize..2,
    ) {
        let written = write(titles, &lines, total_off_by);
        prop_assert!(written.counts.holds());
        let mut got = normalised(&written.text);
        let digests = got.rows.column_by_name("row_digest").unwrap().as_string::<i32>();
        let different: BTreeSet<&str> = digests.iter().flatten().collect();
        // Which of equal rows stays is decided once the table is put together.
        got.counts.duplicate = digests.iter().count() as u64 - different.len() as u64;
        got.counts.loaded -= got.counts.duplicate;
        prop_assert_eq!(got.counts, written.counts, "{}", written.text);
        // The row counts without a cell that cannot be read, which is kept too.
        let rejects = Rejects::read(&got.rejects.into_lines());
        let rows = rejects.iter().filter(|kept| kept.reject.rule != "E-CELL").count();
        prop_assert_eq!(rows as u64, written.counts.quarantined);
        let people = String::from_utf8(got.people.into_lines()).unwrap();
        let id_of = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["id_number"].clone();
        let ids: Vec<String> = people.lines().map(|line| id_of(line).as_str().unwrap().to_owned()).collect();
        prop_assert_eq!(ids, written.ids);
        let wrong_total = got.findings.iter().any(|finding| finding.rule == "E-COUNT");
        prop_assert_eq!(wrong_total, total_off_by > 0);
    }
}
