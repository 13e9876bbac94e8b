//! The definition parser: one of the files that come with the program is replaced by the input.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use nianbao::definition::{self, DefinitionFile};

fn shipped() -> &'static [DefinitionFile] {
    static SHIPPED: OnceLock<Vec<DefinitionFile>> = OnceLock::new();
    // The catalogue of majors is long, and makes nothing else possible.
    SHIPPED.get_or_init(|| definition::embedded().into_iter().filter(|(name, _)| !name.ends_with("codes/major.toml")).collect())
}

fuzz_target!(|data: &[u8]| {
    let Some((which, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let mut files = shipped().to_vec();
    let place = usize::from(*which) % files.len();
    files[place].1 = text.to_owned();
    let lines = |file: &str| files.iter().find(|(name, _)| name == file).map(|(_, text)| text.lines().count());
    match (definition::load(&files), definition::load(&files)) {
        (Ok(first), Ok(second)) => assert_eq!(first.digest, second.digest),
        (Err(first), Err(second)) => {
            assert_eq!(first, second, "the faults are told otherwise a second time");
            assert!(!first.is_empty() && first.is_sorted());
            for fault in first {
                let lines = lines(&fault.file).unwrap_or_else(|| panic!("no file `{}`", fault.file));
                assert!(fault.line <= lines + 1, "{fault}");
            }
        }
        _ => panic!("good once, and bad another time"),
    }
});
