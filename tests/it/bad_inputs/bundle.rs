//! Bundles, with the names of their members (J04).

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;

use super::{Case, Roster, check, gbk, patched, zip};

fn case(id: &'static str, input: &'static str, bytes: Vec<u8>, expected: &'static str) -> Case {
    Case { id, input, file: "名册.zip", dataset: "students", bytes, expected }
}

fn csv(id: &str) -> Vec<u8> {
    Roster::of(id, 1_000).csv().into_bytes()
}

const CLEAN: &str = "decoded 1000+0+0+1";

#[test]
fn a_bundle_gives_its_members_and_leads_nowhere() {
    let mut linked = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    linked.start_file("a.csv", options).unwrap();
    linked.write_all(&csv("J04d")).unwrap();
    linked.add_symlink("b.csv", "/etc/passwd", options).unwrap();
    let linked = linked.finish().unwrap().into_inner();
    // Names are replaced in the bytes, as a writer would set the flag for UTF-8.
    let in_gbk = patched(&zip(&[("abcdefgh.csv", &csv("J04e"))]), b"abcdefgh", &gbk("学生名册"));
    check(
        "J04",
        &[
            case("J04", "a name that leads upwards", zip(&[("../../e.csv", &csv("J04"))]), CLEAN),
            case("J04b", "an absolute name", zip(&[("/abs.csv", &csv("J04b"))]), CLEAN),
            case("J04c", "a name with a drive", zip(&[("C:\\x.csv", &csv("J04c"))]), CLEAN),
            case("J04d", "a link", linked, "decoded 1000+0+0+1 / rejected E-FMT"),
            case("J04e", "names in GBK", in_gbk, CLEAN),
            case(
                "J04f",
                "two entries that come to one name",
                zip(&[("../e.csv", &csv("J04f")), ("e.csv", b"x")]),
                "rejected E-ZIP-DUP",
            ),
            case("J04g", "no members", zip(&[("empty/", b"")]), "rejected E-EMPTY-FILE"),
        ],
    );
}
