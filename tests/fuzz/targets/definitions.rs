//! The definition parser: one of the files that come with the program is replaced by the input.
//!
//! The first byte says which, and whether it is read alone or with the others.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use nianbao::definitions::{self, DefinitionFile, Definitions, Fault};

fn shipped() -> &'static [DefinitionFile] {
    static SHIPPED: OnceLock<Vec<DefinitionFile>> = OnceLock::new();
    // The catalogue of majors is long, and makes nothing else possible.
    SHIPPED.get_or_init(|| {
        definitions::embedded().into_iter().filter(|(name, _)| !name.ends_with("codes/major.toml")).collect()
    })
}

fuzz_target!(|data: &[u8]| {
    let Some((which, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    // By itself a file is read a hundred times faster; with the others more of it holds.
    let (alone, place) = (which & 0x80 == 0, usize::from(which & 0x7f) % shipped().len());
    let mut files = if alone { vec![shipped()[place].clone()] } else { shipped().to_vec() };
    files[if alone { 0 } else { place }].1 = text.to_owned();
    let loaded = definitions::load(&files);
    if let Err(faults) = &loaded {
        assert!(!faults.is_empty() && faults.is_sorted());
        for fault in faults {
            let file = files.iter().find(|(name, _)| *name == fault.file);
            let (_, text) = file.unwrap_or_else(|| panic!("no file `{}`", fault.file));
            assert!(fault.line <= text.lines().count() + 1, "{fault}");
        }
    }
    if alone {
        let digest = |loaded: Result<Definitions, Vec<Fault>>| loaded.map(|definitions| definitions.digest);
        assert_eq!(digest(loaded), digest(definitions::load(&files)), "reported otherwise a second time");
    }
});
