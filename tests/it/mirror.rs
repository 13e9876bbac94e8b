//! The generator of samples leaves files alone that it did not write.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::text;

fn generate(out: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mirror"));
    command.args(["generate", "--year", "2024", "--out"]).arg(out).args(more);
    command.output().unwrap()
}

#[test]
fn files_that_mirror_did_not_write_are_never_removed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("drop");
    assert!(generate(&out, &[]).status.success());
    let roster = out.join("2024/students/mine.csv");
    fs::write(&roster, "a person's roster").unwrap();
    let refused = generate(&out, &[]);
    assert_eq!(refused.status.code(), Some(1));
    let message = text(&refused.stderr);
    assert!(message.contains("1 files that mirror did not write: 2024/students/mine.csv"), "{message}");
    assert_eq!(fs::read_to_string(&roster).unwrap(), "a person's roster");
    let forced = generate(&out, &["--force", "--seed", "2"]);
    assert!(forced.status.success(), "{}", text(&forced.stderr));
    assert!(text(&forced.stderr).contains("kept, as mirror did not write it: 2024/students/mine.csv"));
    assert_eq!(fs::read_to_string(&roster).unwrap(), "a person's roster");
    fs::remove_file(roster).unwrap();
    assert!(generate(&out, &[]).status.success());
}
