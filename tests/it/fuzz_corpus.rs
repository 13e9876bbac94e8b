//! The seeds of fuzzing, and the files that it found, go through the decoders and the program.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use nianbao::decode::{self, Event};

use crate::support::{City, Village, files, get};

/// Seeds and findings of one fuzz target.
fn inputs(target: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [root.join("tests/fuzz/seeds").join(target), root.join("tests/fixtures/fuzz").join(target)];
    folders.iter().filter(|folder| folder.exists()).flat_map(|folder| files(folder)).collect()
}

/// A digest of all events of a file; its rows must come in order.
fn reading(bytes: &[u8]) -> (u64, String) {
    let mut digest = DefaultHasher::new();
    let mut last = 0;
    let outcome = decode::decode(bytes, &mut |event| {
        format!("{event:?}").hash(&mut digest);
        let number = match event {
            Event::Sheet(_) => {
                last = 0;
                return;
            }
            Event::Row(row) => row.number,
            Event::BadRow { number, .. } => number,
        };
        assert!(number >= last.max(1), "row {number} after row {last}");
        last = number;
    });
    (digest.finish(), format!("{outcome:?}"))
}

#[test]
fn two_readings_of_a_seed_give_the_same() {
    let mut read = 0;
    for target in ["text", "html", "json", "zip"] {
        for path in inputs(target) {
            let bytes = fs::read(&path).unwrap();
            assert_eq!(reading(&bytes), reading(&bytes), "{}", path.display());
            read += 1;
        }
    }
    assert!(read > 10, "{read}");
}

/// Two kinds of files: the reader panics, or follows a cycle of sectors until memory runs out.
#[test]
fn a_workbook_that_its_reader_does_not_survive_is_rejected_and_the_run_goes_on() {
    let city = City::empty();
    Village::new().deliver(&city);
    let found: Vec<PathBuf> =
        inputs("xls").into_iter().filter(|path| path.to_string_lossy().contains("fixtures")).collect();
    assert!(found.len() > 3);
    for path in &found {
        let name = path.file_name().unwrap().to_str().unwrap();
        city.deliver(&format!("2024/students/{name}"), fs::read(path).unwrap());
    }
    // Little memory, so that little of the machine is taken.
    let config = city.path().join("little.toml");
    fs::write(&config, "decode_memory_max_mb = 256\n").unwrap();
    city.run_with(&["--config", config.to_str().unwrap()]);

    let findings = city.table("finding");
    for path in &found {
        let name = path.file_name().unwrap().to_str().unwrap();
        let rules: Vec<&str> = findings
            .iter()
            .filter(|finding| get(finding, "file").ends_with(name))
            .map(|finding| get(finding, "rule"))
            .collect();
        assert!(matches!(rules.as_slice(), ["E-PARSER-DIED" | "E-DAMAGED" | "E-TRUNC"]), "{name}: {rules:?}");
    }
    let delivered = city.table("delivery");
    let rejected = delivered.iter().filter(|file| get(file, "outcome") == "rejected").count();
    assert_eq!(rejected, found.len());
    assert_eq!(city.table("student").len(), Village::new().students.len());
}

#[test]
fn dates_in_universal_time_are_bounded_like_others() {
    use nianbao::decode::Cell;
    use nianbao::normalise::text::date;
    for path in inputs("people") {
        let text = fs::read_to_string(&path).unwrap();
        if let Ok(day) = date(&Cell::Text(text.into())) {
            assert_eq!(date(&Cell::Text(day.to_string().into())), Ok(day), "{}", path.display());
        }
    }
}
