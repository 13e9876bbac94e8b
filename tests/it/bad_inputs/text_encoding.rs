//! Section A: text encoding.

use super::{Case, Roster, check, gbk};

fn case(id: &'static str, input: &'static str, bytes: impl Into<Vec<u8>>, expected: &'static str) -> Case {
    Case { id, input, file: "名册.csv", dataset: "students", bytes: bytes.into(), expected }
}

#[test]
fn a_text_file_is_read_in_its_own_encoding_or_not_at_all() {
    check(
        "A",
        &[
            case("A01", "GBK without a mark", gbk(&Roster::of("A01", 1_000).csv()), "decoded 1000+0+0+1"),
            case(
                "A02",
                "UTF-8 with a byte order mark",
                ["\u{feff}", &Roster::of("A02", 1_000).csv()].concat(),
                "decoded 1000+0+0+1",
            ),
        ],
    );
}
