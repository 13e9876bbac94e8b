//! The manifest of a release, read from its folder: what is read is written as it was.

#![no_main]

use std::fs;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use nianbao::warehouse::layout::DataRoot;
use nianbao::warehouse::publish::read_manifest;
use tempfile::TempDir;

fuzz_target!(|data: &[u8]| {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let root = DataRoot::new(FOLDER.get_or_init(|| tempfile::tempdir().unwrap()).path());
    let folder = root.release(1);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("manifest.json"), data).unwrap();
    if let Ok(manifest) = read_manifest(&root, 1) {
        let text = serde_json::to_vec(&manifest).unwrap();
        fs::write(folder.join("manifest.json"), &text).unwrap();
        let again = read_manifest(&root, 1).unwrap();
        assert_eq!(serde_json::to_vec(&again).unwrap(), text);
    }
});
