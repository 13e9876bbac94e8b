//! Intake makes the same of files as when its version was last raised: old fragments are reused by version
//! alone, so a change without a new version would leave old rows in new releases.
//!
//! `INTAKE=write cargo test --test it intake` records anew, for another version or other sample files.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use nianbao::ingest::INTAKE_VERSION;
use nianbao::warehouse::files::sha256;

use crate::support::{City, files, read, whole_city};

/// The first file of each dataset and format of the sample city's newest year, under a key that is known.
fn one_of_each() -> City {
    let city = City::empty();
    let drop = whole_city().drop_folder();
    let mut first: BTreeMap<(String, String), String> = BTreeMap::new();
    for path in files(&drop.join("2024")) {
        let below = path.strip_prefix(&drop).unwrap().to_string_lossy().into_owned();
        let dataset = below.split('/').nth(1).unwrap().to_owned();
        let format = below.rsplit('.').next().unwrap().to_owned();
        first.entry((dataset, format)).or_insert(below);
    }
    for below in first.values() {
        city.deliver(below, fs::read(drop.join(below)).unwrap());
    }
    let identity = city.data().join("identity");
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&identity).unwrap();
    let key = identity.join("pseudonym.key");
    let mut options = fs::OpenOptions::new();
    let mut key = options.write(true).create_new(true).mode(0o600).open(key).unwrap();
    std::io::Write::write_all(&mut key, format!("{}\n", "0b".repeat(32)).as_bytes()).unwrap();
    city
}

/// SHA-256 over the rows and findings of a fragment, whatever program wrote the Parquet file.
fn digest(fragment: &Path) -> String {
    let mut content = String::new();
    for row in read(&fragment.join("rows.parquet")) {
        writeln!(content, "{row:?}").unwrap();
    }
    let description = fs::read(fragment.join("fragment.json")).unwrap();
    let mut description: serde_json::Value = serde_json::from_slice(&description).unwrap();
    let fields = description.as_object_mut().unwrap();
    for of_bytes in ["key", "rows_sha256", "rejects_sha256", "people_sha256"] {
        fields.remove(of_bytes);
    }
    write!(content, "{description}").unwrap();
    sha256(content.as_bytes())[..16].to_owned()
}

/// A line a file: its name, its own hash, and what it became.
fn taken_in(city: &City) -> Vec<String> {
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(city.release().join("manifest.json")).unwrap()).unwrap();
    let fragments = city.data().join("staging/fragments");
    let mut lines: Vec<String> = Vec::new();
    for accepted in manifest["accepted"].as_array().unwrap() {
        let text = |field: &str| accepted[field].as_str().unwrap();
        let fragment = fragments.join(&text("fragment")[..2]).join(text("fragment"));
        lines.push(format!("{} {} {}", text("file"), &text("sha256")[..16], digest(&fragment)));
    }
    lines.sort();
    lines
}

#[test]
fn the_results_of_intake_change_with_its_version_alone() {
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/intake.txt");
    let city = one_of_each();
    fs::write(city.path().join("site.toml"), "max_missing_schools = 1000\n").unwrap();
    city.run_with(&["--config", "site.toml"]);
    let lines = taken_in(&city);
    assert!(lines.len() > 20, "{lines:?}");
    let record = format!("{INTAKE_VERSION}\n{}\n", lines.join("\n"));
    let known = fs::read_to_string(&recorded).unwrap_or_default();
    let (version, known_lines) = known.split_once('\n').unwrap_or_default();
    let file_of = |line: &str| line.rsplit_once(' ').map(|(file, _)| file.to_owned());
    let changed: Vec<&str> = known_lines
        .lines()
        .filter(|line| !lines.iter().any(|known| known == line))
        .filter(|line| lines.iter().any(|known| file_of(known) == file_of(line)))
        .collect();
    assert!(
        changed.is_empty() || version != INTAKE_VERSION,
        "the same files give other rows: raise INTAKE_VERSION in src/intake.rs\n{}",
        changed.join("\n")
    );
    if std::env::var("INTAKE").is_ok_and(|asked| asked == "write") {
        fs::write(&recorded, &record).unwrap();
    } else {
        assert!(record == known, "record it: INTAKE=write cargo test --locked --test it intake");
    }
}
