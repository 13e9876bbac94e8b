//! The records of the ledger, retention, and the checks of a data root.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::support::{City, PROVINCIAL, Village, files, get, text};

fn village() -> City {
    let city = City::empty();
    Village::new().deliver(&city);
    city
}

/// Two releases: one student left between them.
fn two_releases() -> City {
    let city = village();
    city.run();
    let mut fewer = Village::new();
    fewer.students.pop();
    fewer.deliver(&city);
    city.run();
    city
}

/// Exit code and both streams; what differs from run to run is filtered by [`assert_described`].
fn described(city: &City, output: &Output) -> String {
    let code = output.status.code().unwrap();
    let folder = city.path().display().to_string();
    let clean = |bytes: &[u8]| text(bytes).replace(&folder, "<CITY>");
    format!("exit {code}\n--- stdout\n{}--- stderr\n{}", clean(&output.stdout), clean(&output.stderr))
}

fn assert_described(name: &str, described: &str) {
    insta::with_settings!({filters => vec![
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", "<TIME>"),
        (r"(process +)\d+", "${1}<PID>"),
        (r" on \S+, boot \S*", " on <HOST>, boot <BOOT>"),
        (r" on \S+ since", " on <HOST> since"),
        (r" +\d+ (s|ms)\b", " <N> $1"),
        (r"took +<N>", "took <N>"),
        (r"\b[0-9a-f]{64}\b", "<SHA256>"),
        (r"\b[0-9a-f]{12}\b", "<HASH>"),
    ]}, { insta::assert_snapshot!(name, described); });
}

fn run_code(city: &City) -> (Option<i32>, String) {
    let output = city.nianbao(&["run"]);
    (output.status.code(), text(&output.stderr))
}

fn record(city: &City, run: u32) -> PathBuf {
    city.data().join(format!("ledger/runs/{run:06}.json"))
}

fn edit(path: &Path, from: &str, to: &str) {
    let before = fs::read_to_string(path).unwrap();
    let after = before.replacen(from, to, 1);
    assert_ne!(before, after, "{} has no {from}", path.display());
    fs::write(path, after).unwrap();
}

/// Every file of the data root but the lock's text, with its bytes.
fn everything(city: &City) -> BTreeMap<PathBuf, Vec<u8>> {
    files(&city.data()).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn runs_are_listed_and_shown() {
    let city = two_releases();
    city.run_with(&["--year", "2024"]);
    assert_described("runs_list", &described(&city, &city.nianbao(&["runs", "list"])));
    assert_described("runs_show", &described(&city, &city.nianbao(&["runs", "show", "latest-1"])));
    assert_described(
        "runs_show_nothing_to_do",
        &described(&city, &city.nianbao(&["runs", "show", "000003"])),
    );
    let output = city.nianbao(&["runs", "show", "2", "--json"]);
    let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&shown["release_before"], &shown["release"]), (&1.into(), &2.into()));
    let files = shown["files"].as_array().unwrap();
    let rows_of = |file: &serde_json::Value, count: &str| file["rows"][count].as_u64().unwrap();
    for file in files {
        let parts = ["loaded", "quarantined", "duplicate", "structural"].map(|part| rows_of(file, part));
        assert_eq!(rows_of(file, "physical"), parts.iter().sum::<u64>());
    }
    let physical: u64 = files.iter().map(|file| rows_of(file, "physical")).sum();
    assert_eq!(Some(physical), shown["summary"]["rows"]["physical"].as_u64());
}

#[test]
fn a_time_that_several_runs_share_is_reported_with_their_numbers() {
    let city = two_releases();
    for run in [1, 2] {
        let path = record(&city, run);
        let began: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        edit(&path, began["started"].as_str().unwrap(), &format!("2026-10-0{run}T02:00:00+08:00"));
    }
    let show = |typed: &str| city.nianbao(&["runs", "show", typed]);
    assert!(text(&show("2026-10-02").stdout).starts_with("run          2\n"));
    insta::assert_snapshot!(described(&city, &show("2026-10")), @r"
    exit 2
    --- stdout
    --- stderr
    error: `2026-10` may be any of 2 runs: 1, 2
    hint: `nianbao runs list` names them, with the time they began
    ");
}

#[test]
fn a_run_that_failed_says_why_in_the_ledger() {
    let city = village();
    city.run();
    fs::write(city.data().join("identity/pseudonym.key"), "no key\n").unwrap();
    assert_eq!(run_code(&city).0, Some(2));
    assert_described("a_run_that_failed", &described(&city, &city.nianbao(&["runs", "show", "latest"])));
}

#[test]
fn a_damaged_record_is_named_and_the_others_are_shown() {
    for (content, message) in
        [(&b""[..], "EOF"), (b"{\"format\": 2,", "EOF"), (b"{\"format\": 9}", "format 9")]
    {
        let city = two_releases();
        fs::write(record(&city, 1), content).unwrap();
        let output = city.nianbao(&["runs", "list"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stdout).lines().nth(1).unwrap().trim().starts_with("2 "));
        let error = text(&output.stderr);
        assert!(error.contains("the record of run 1 is damaged") && error.contains(message), "{error}");
        assert_eq!(city.nianbao(&["runs", "show", "1"]).status.code(), Some(1));
        assert_eq!(city.nianbao(&["runs", "show", "2"]).status.code(), Some(0));
        assert_eq!(city.run()["outcome"], "nothing_to_do");
        assert!(record(&city, 3).exists());
    }
}

#[test]
fn old_records_go_and_their_numbers_are_not_given_again() {
    let city = village();
    for _ in 0..3 {
        city.run();
    }
    for run in 1..=3 {
        let path = record(&city, run);
        let began: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        edit(&path, began["started"].as_str().unwrap(), &format!("2020-01-0{run}T02:00:00+08:00"));
    }
    let prune = |arguments: &[&str]| city.nianbao(&[&["runs", "prune"], arguments].concat());
    insta::assert_snapshot!(described(&city, &prune(&["--keep-days", "179"])), @r"
    exit 2
    --- stdout
    --- stderr
    error: records of runs are kept for 180 days at least, not 179
    hint: 网络安全法 (2016) art. 21 asks for logs of six months
    ");
    insta::assert_snapshot!(described(&city, &prune(&["--dry-run"])), @r"
    exit 0
    --- stdout
    would remove run 1, of 2020-01-01T02:00:00+08:00
    would remove run 2, of 2020-01-02T02:00:00+08:00
    --- stderr
    2 of 3 records of runs
    ");
    assert!(record(&city, 1).exists());
    assert_eq!(prune(&[]).status.code(), Some(0));
    assert_eq!([1, 2, 3].map(|run| record(&city, run).exists()), [false, false, true]);
    city.run();
    assert!(record(&city, 4).exists());
}

/// A run that waits for ever where it reads what it has seen, with the lock held.
fn stuck_run(city: &City) -> Child {
    let seen = city.data().join("ledger/seen.json");
    fs::create_dir_all(seen.parent().unwrap()).unwrap();
    assert!(Command::new("mkfifo").arg(&seen).status().unwrap().success());
    let mut child = Command::new(env!("CARGO_BIN_EXE_nianbao"))
        .args(["run", "--quiet", "--data"])
        .arg(city.data())
        .arg("--drop")
        .arg(city.drop_folder())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while !record(city, 1).exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it waited");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child
}

#[test]
fn a_run_is_named_while_it_runs_and_has_died_when_it_was_killed() {
    let city = village();
    let mut first = stuck_run(&city);
    let listed = city.nianbao(&["runs", "list"]);
    assert!(text(&listed.stdout).contains("  running "), "{}", text(&listed.stdout));
    let second = city.nianbao(&["run"]);
    assert!(text(&second.stderr).contains(&format!("process {} (nianbao run) on ", first.id())));
    assert_described("a_second_run", &described(&city, &second));
    assert_eq!(city.nianbao(&["releases", "prune"]).status.code(), Some(75));
    first.kill().unwrap();
    first.wait().unwrap();
    fs::remove_file(city.data().join("ledger/seen.json")).unwrap();
    assert_described("a_killed_run", &described(&city, &city.nianbao(&["runs", "list"])));
    assert_eq!(city.run()["release"], 1);
    let listed = text(&city.nianbao(&["runs", "list"]).stdout);
    assert!(listed.contains("  died ") && listed.contains("  published "), "{listed}");
}

#[test]
fn only_unneeded_records_are_removed() {
    let city = two_releases();
    let old = city.data().join("warehouse/releases/000001");
    let reading = fs::File::open(&files(&old.join("tables/student"))[0]).unwrap();
    let prune = |arguments: &[&str]| city.nianbao(&[&["releases", "prune"], arguments].concat());
    let before = everything(&city);
    for arguments in [&[][..], &["--keep", "1"], &["--keep", "2", "--grace-days", "0"]] {
        assert_eq!(
            described(&city, &prune(arguments)),
            "exit 0\n--- stdout\n--- stderr\n0 releases, 0 files that only they needed\n"
        );
    }
    assert_eq!(prune(&["--keep", "1", "--grace-days", "0", "--dry-run"]).status.code(), Some(0));
    let lock = city.data().join("ledger/lock");
    let without_lock = |mut all: BTreeMap<PathBuf, Vec<u8>>| all.remove(&lock).map(|_| all);
    assert!(without_lock(everything(&city)) == without_lock(before));
    assert_eq!(prune(&["--keep", "0"]).status.code(), Some(2));
    // A clean-up that died is finished.
    let died = city.data().join("warehouse/releases/removed-000000");
    fs::create_dir_all(died.join("tables")).unwrap();
    assert!(text(&city.nianbao(&["verify"]).stdout).starts_with("removed-000000 incomplete"));
    let output = prune(&["--keep", "1", "--grace-days", "0"]);
    assert_eq!(output.status.code(), Some(0));
    let gone = text(&output.stdout);
    assert!(gone.contains("removed release 000001\nremoved leftover removed-000000\n"), "{gone}");
    for folder in ["landing/", "staging/fragments/", "identity/people/"] {
        assert_eq!(gone.lines().filter(|line| line.contains(folder)).count(), 1, "{folder} {gone}");
    }
    assert!(!old.exists() && !died.exists());
    assert!(reading.metadata().unwrap().len() > 0);
    assert_eq!(city.nianbao(&["verify"]).status.code(), Some(0));
    assert_eq!(city.run()["outcome"], "nothing_to_do");
}

mod model {
    //! Random releases, ages and clean-ups against what must hold after each.

    use super::*;
    use jiff::{SignedDuration, Timestamp};
    use nianbao::city as city_of;
    use nianbao::definitions::{self, Definitions};
    use nianbao::pipeline::{self, Request, RunEnd, Watch};
    use nianbao::settings::{self, Overrides, Settings};
    use nianbao::warehouse::layout::DataRoot;
    use nianbao::warehouse::publish;
    use nianbao::warehouse::retention::{self, Policy};
    use nianbao::warehouse::verify;
    use proptest::prelude::*;

    struct Silent;

    impl Watch for Silent {
        fn stage(&self, _: &str, _: usize) {}
        fn step(&self) {}
    }

    fn run(settings: &Settings, definitions: &Definitions, now: Timestamp) -> (u32, String) {
        let decode_program = env!("CARGO_BIN_EXE_nianbao").into();
        let request = Request { years: Vec::new(), now: format!("{now:.0}"), decode_program };
        let report = pipeline::run(settings, definitions, &request, &Silent).unwrap();
        match report.outcome {
            RunEnd::Published(manifest) | RunEnd::NothingToDo(manifest) => {
                (manifest.release, manifest.digest)
            }
            other => panic!("{other:?}"),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn kept_releases_stay_whole(
            steps in prop::collection::vec((0..4_usize, 0..40_i64, 1..4_u32, 0..30_u32), 4..9)
        ) {
            let city = City::empty();
            let overrides = Overrides {
                drop_dir: Some(city.drop_folder()),
                data_dir: Some(city.data()),
                ..Overrides::default()
            };
            let (mut settings, _) = settings::load(None, &overrides).unwrap();
            city_of::settle(&mut settings, &definitions::embedded()).unwrap();
            let files: Vec<_> = definitions::embedded()
                .into_iter()
                .map(|(name, text)| (name, text.replace("{residual}", &settings.residual_region_code)))
                .collect();
            let definitions = definitions::load(&files).unwrap();
            let data = DataRoot::new(&settings.data_dir);
            // Far from the clock of this machine: whatever is not needed is old enough to go.
            let mut now: Timestamp = "2040-01-01T00:00:00Z".parse().unwrap();
            let mut digests: BTreeMap<usize, String> = BTreeMap::new();
            let mut replaced: BTreeMap<u32, Timestamp> = BTreeMap::new();
            let mut last = 0;
            for (on_leave, days, keep, grace_days) in steps {
                now += SignedDuration::from_hours(24 * days + 1);
                let mut village = Village::new();
                for student in &mut village.students[..on_leave] {
                    student.status = "休学";
                }
                village.deliver(&city);
                let (release, digest) = run(&settings, &definitions, now);
                // The same deliveries give the same release, whatever was removed before.
                prop_assert_eq!(digests.entry(on_leave).or_insert_with(|| digest.clone()), &digest);
                if release != last {
                    replaced.insert(last, now);
                    last = release;
                }
                now += SignedDuration::from_hours(24 * (days % 7));
                let before = publish::releases(&data).unwrap();
                let policy = Policy { keep, grace_days, ..Policy::default() };
                let plan = retention::plan(&data, &policy, now).unwrap();
                retention::remove(&data, &plan).unwrap();
                let after = publish::releases(&data).unwrap();
                for (place, release) in before.iter().rev().enumerate() {
                    let in_grace = replaced
                        .get(release)
                        .is_none_or(|at| now.duration_since(*at).as_hours() <= 24 * i64::from(grace_days));
                    let kept = place < usize::try_from(keep).unwrap() || in_grace;
                    prop_assert_eq!(after.contains(release), kept, "release {} at {}", release, now);
                }
                let verified = verify::verify(&data, None).unwrap();
                prop_assert!(verified.damages.is_empty() && verified.incomplete.is_empty());
                // Everything that a kept release names is there, so that it can be made again.
                for release in after {
                    let manifest = publish::read_manifest(&data, release).unwrap();
                    for input in &manifest.inputs {
                        prop_assert!(data.landing(&input.sha256).exists());
                    }
                    for key in manifest.fragments.values().flatten() {
                        prop_assert!(data.fragment(key).join("fragment.json").exists());
                    }
                }
                prop_assert_eq!(run(&settings, &definitions, now), (release, digest));
            }
        }
    }
}

/// The data root that the first version of the program left.
fn oldest() -> City {
    let city = City::empty();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/data-root/0.1.0.zip");
    let mut archive = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let to = city.path().join(file.name().unwrap().as_ref());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::io::copy(&mut file, &mut fs::File::create(to).unwrap()).unwrap();
    }
    city
}

#[test]
fn a_data_root_of_the_first_version_is_read_and_gone_on_from() {
    let city = oldest();
    let code = |arguments: &[&str]| city.nianbao(arguments).status.code();
    assert_eq!(code(&["verify"]), Some(0));
    let listed = city.nianbao(&["runs", "list"]);
    assert_eq!((listed.status.code(), text(&listed.stdout).lines().count()), (Some(0), 4));
    assert_eq!(code(&["runs", "show", "2"]), Some(0));
    let releases = city.nianbao(&["releases", "list"]);
    assert_eq!((releases.status.code(), text(&releases.stdout).lines().count()), (Some(0), 2));
    let keys = |city: &City| -> Vec<String> {
        city.table("student").iter().map(|row| get(row, "student_key").to_owned()).collect()
    };
    let before = keys(&city);
    assert_eq!(run_code(&city).0, Some(10));
    let staff = city.drop_folder().join("2024/staff/all.csv");
    let fewer: Vec<String> = fs::read_to_string(&staff)
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with(PROVINCIAL))
        .map(str::to_owned)
        .collect();
    fs::write(&staff, fewer.join("\n")).unwrap();
    assert!(city.run()["release"].as_u64() > Some(2));
    assert_eq!(keys(&city), before, "the same people under the same pseudonyms");
    assert_eq!(code(&["verify"]), Some(0));
    // An edited old manifest is found, although the program that wrote it kept no hash of it.
    edit(&city.data().join("warehouse/releases/000001/manifest.json"), "\"bytes\": 1", "\"bytes\": 2");
    let verified = city.nianbao(&["verify"]);
    assert_eq!(text(&verified.stdout), "000001 changed manifest.json\n");
    // The first version did not say what it needs: nothing of it is taken for unneeded.
    let fragments = files(&city.data().join("staging/fragments")).len();
    assert_eq!(code(&["releases", "prune", "--grace-days", "0"]), Some(0));
    assert_eq!(files(&city.data().join("staging/fragments")).len(), fragments);
}

/// Files that say what state the data root is in.
const STATE: [&str; 4] = [
    "ledger/format.json",
    "ledger/runs/000002.json",
    "warehouse/CURRENT.json",
    "warehouse/releases/000002/manifest.json",
];

#[test]
fn data_of_a_newer_program_is_refused_and_left_as_it_is() {
    for state in STATE {
        let city = two_releases();
        edit(&city.data().join(state), "\"format\": 2", "\"format\": 99");
        let before = everything(&city);
        let (code, error) = run_code(&city);
        assert_eq!(code, Some(1), "{state} {error}");
        assert!(error.contains("of format 99; this program reads up to 2"), "{state} {error}");
        assert_eq!(city.nianbao(&["releases", "prune"]).status.code(), Some(1), "{state}");
        assert!(everything(&city) == before, "{state} was refused, and something was written");
    }
    let city = two_releases();
    edit(&city.data().join("ledger/seen.json"), "\"format\":2", "\"format\":99");
    assert_eq!(city.run()["outcome"], "nothing_to_do");
}

#[test]
fn state_that_was_edited_cut_or_emptied_is_refused_and_nothing_begins_anew() {
    for state in STATE.into_iter().filter(|state| !state.contains("runs")) {
        for harm in ["empty", "cut", "edited"] {
            let city = two_releases();
            let path = city.data().join(state);
            let content = fs::read(&path).unwrap();
            match harm {
                "empty" => fs::write(&path, "").unwrap(),
                "cut" => fs::write(&path, &content[..content.len() / 2]).unwrap(),
                _ if state.contains("format") => edit(&path, "\"format\": 2", "\"format\": two"),
                _ if state.contains("CURRENT") => edit(&path, "releases/000002", "releases/000001"),
                _ => edit(&path, "\"rows\": 1", "\"rows\": 2"),
            }
            let harmed = fs::read(&path).unwrap();
            let mut changed = Village::new();
            changed.students.truncate(5);
            changed.deliver(&city);
            let (code, error) = run_code(&city);
            assert_eq!(code, Some(1), "{state} {harm} {error}");
            let named = Path::new(state).file_name().unwrap().to_str().unwrap();
            assert!(error.contains(named) || error.contains("CURRENT.json"), "{state} {harm} {error}");
            assert_eq!(fs::read(&path).unwrap(), harmed, "{state} {harm}");
            assert!(!city.data().join("warehouse/releases/000003").exists(), "{state} {harm}");
        }
    }
}

#[test]
fn an_edited_cache_never_makes_one_file_stand_for_another() {
    let city = two_releases();
    let digest = city.run()["digest"].clone();
    let path = city.data().join("ledger/seen.json");
    let seen: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let hash = |file: &str| seen["files"][file]["sha256"].as_str().unwrap().to_owned();
    edit(&path, &hash("2024/staff/all.csv"), &hash("2024/students/all.csv"));
    assert_eq!(city.run()["digest"], digest);
    for content in
        ["", "{", "[]", "{\"2024/staff/all.csv\":{\"bytes\":1,\"modified_ns\":1,\"sha256\":\"x\"}}"]
    {
        fs::write(&path, content).unwrap();
        assert_eq!(city.run()["outcome"], "nothing_to_do");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of harms, and what must be said of each")]
fn verify_names_everything_that_is_not_as_it_was_published() {
    type Harm = fn(&Path);
    let releases = "warehouse/releases";
    let cases: &[(&str, Harm, &[&str])] = &[
        (
            "a folder is gone",
            |data| fs::remove_dir_all(data.join("warehouse/releases/000002/flat")).unwrap(),
            &["000002 missing flat/"],
        ),
        (
            "two files swapped",
            |data| {
                let flat = data.join("warehouse/releases/000002/flat");
                let (a, b) = (flat.join("finding.parquet"), flat.join("delivery.parquet"));
                fs::rename(&a, flat.join("x")).unwrap();
                fs::rename(&b, &a).unwrap();
                fs::rename(flat.join("x"), &b).unwrap();
            },
            &["000002 changed flat/delivery.parquet", "000002 changed flat/finding.parquet"],
        ),
        (
            "a file beside the manifest",
            |data| fs::write(data.join("warehouse/releases/000001/notes.txt"), "x").unwrap(),
            &["000001 extra notes.txt"],
        ),
        (
            "an empty folder",
            |data| fs::create_dir(data.join("warehouse/releases/000001/tables/other")).unwrap(),
            &["000001 extra tables/other"],
        ),
        (
            "a link in place of a file",
            |data| {
                let file = data.join("warehouse/releases/000002/catalog.sql");
                fs::rename(&file, data.join("catalog.sql")).unwrap();
                std::os::unix::fs::symlink(data.join("catalog.sql"), &file).unwrap();
            },
            &["000002 changed catalog.sql"],
        ),
        (
            "a folder in place of a file",
            |data| {
                let file = data.join("warehouse/releases/000002/catalog.sql");
                fs::remove_file(&file).unwrap();
                fs::create_dir(&file).unwrap();
            },
            &["000002 unreadable catalog.sql"],
        ),
        (
            "the manifest of an old release edited",
            |data| edit(&data.join("warehouse/releases/000001/manifest.json"), "\"rows\": 1", "\"rows\": 2"),
            &["000001 changed manifest.json"],
        ),
        (
            "the manifest of an old release cut",
            |data| fs::write(data.join("warehouse/releases/000001/manifest.json"), "{").unwrap(),
            &["000001 unreadable manifest.json"],
        ),
        (
            "the manifest of an old release gone",
            |data| fs::remove_file(data.join("warehouse/releases/000001/manifest.json")).unwrap(),
            &["000001 missing manifest.json"],
        ),
        (
            "the manifest of the current release edited",
            |data| edit(&data.join("warehouse/releases/000002/manifest.json"), "\"rows\": 1", "\"rows\": 2"),
            &["pointer unreadable CURRENT.json"],
        ),
        (
            "the manifest of the current release gone",
            |data| fs::remove_file(data.join("warehouse/releases/000002/manifest.json")).unwrap(),
            &["pointer unreadable CURRENT.json"],
        ),
        (
            "the pointer points at the old release",
            |data| edit(&data.join("warehouse/CURRENT.json"), "\"release\": 2", "\"release\": 1"),
            &["pointer unreadable CURRENT.json"],
        ),
        (
            "the pointer is gone",
            |data| fs::remove_file(data.join("warehouse/CURRENT.json")).unwrap(),
            &["pointer missing CURRENT.json"],
        ),
    ];
    let city = two_releases();
    assert_eq!(
        described(&city, &city.nianbao(&["verify"])),
        "exit 0\n--- stdout\n--- stderr\n2 releases, 0 damaged files\n"
    );
    for (name, harm, expected) in cases {
        let kept = city.path().join("kept");
        let copied = Command::new("cp").arg("-a").arg(city.data()).arg(&kept).status().unwrap();
        assert!(copied.success());
        harm(&city.data());
        let output = city.nianbao(&["verify"]);
        let lines: Vec<String> = text(&output.stdout).lines().map(str::to_owned).collect();
        let found = lines
            .iter()
            .filter(|line| !line.contains(" incomplete: "))
            .cloned()
            .collect::<Vec<_>>()
            .join("\n");
        assert_eq!(output.status.code(), Some(1), "{name}: {found}");
        for line in *expected {
            assert!(found.contains(line), "{name}: {found}");
        }
        if expected[0].ends_with('/') {
            assert!(found.lines().all(|line| line.starts_with(expected[0])), "{name}: {found}");
        } else {
            assert_eq!(found.lines().count(), expected.len(), "{name}: {found}");
        }
        let output = city.nianbao(&["verify", "--json"]);
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json["damages"].as_array().unwrap().len(), found.lines().count(), "{name}");
        fs::remove_dir_all(city.data()).unwrap();
        fs::rename(&kept, city.data()).unwrap();
    }
    fs::create_dir(city.data().join(releases).join("000003")).unwrap();
    let output = city.nianbao(&["verify"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).starts_with("000003 incomplete"));
    assert_eq!(city.nianbao(&["verify", "--release", "1"]).status.code(), Some(0));
    assert_eq!(city.nianbao(&["verify", "--release", "7"]).status.code(), Some(2));
}

#[test]
fn a_key_that_is_none_is_refused() {
    let city = village();
    city.run();
    let key = city.data().join("identity/pseudonym.key");
    let good = fs::read_to_string(&key).unwrap();
    for (harm, message) in [
        (Some(String::new()), "holds no key of 64 hexadecimal digits"),
        (Some(good[..63].to_owned()), "holds no key of 64 hexadecimal digits"),
        (Some(good.replacen(|_: char| true, "+", 1)), "holds no key of 64 hexadecimal digits"),
        (Some("00".repeat(32)), "is not the one the published release was made with"),
        (None, "is gone"),
    ] {
        match &harm {
            Some(text) => fs::write(&key, text).unwrap(),
            None => fs::remove_file(&key).unwrap(),
        }
        let (code, error) = run_code(&city);
        assert_eq!(code, Some(2), "{harm:?}");
        assert!(error.contains(message) && !error.contains(good.trim()), "{harm:?} {error}");
        assert_eq!(fs::read_to_string(&key).ok(), harm);
    }
    fs::write(&key, good).unwrap();
    assert_eq!(run_code(&city).0, Some(10));
}

#[test]
fn faults_of_settings_are_reported_with_file_line_and_key() {
    let city = village();
    let site = city.path().join("site.toml");
    for (content, parts) in [
        (&b"threads = 1\nthread = 1\n"[..], &["line 2, column 1", "unknown field `thread`"][..]),
        (b"threads = 1\nthreads = 2\n", &["line 2, column 1", "threads", "duplicate key"]),
        (b"threads = 'x'\n", &["line 1, column 11", "threads", "invalid type"]),
        (b"file_size_max_mb = -1\n", &["line 1, column 20", "file_size_max_mb", "-1"]),
        (b"max_missing_schools = -1\n", &["line 1, column 23", "max_missing_schools", "-1"]),
        (b"threads = 1\ncity_name = \"\xc1\xd9\xb7\xda\"\n", &["line 2 is not UTF-8"]),
        (b"[threads]\n", &["line 1, column 1", "threads"]),
        (b"threads = \n", &["line 1, column 1", "threads"]),
        (b"run_keep_days = 30\n", &["`run_keep_days` is 30, and must not be under 180"]),
        (b"release_keep = 0\n", &["`release_keep` is 0, and must not be under 1"]),
    ] {
        fs::write(&site, content).unwrap();
        let output = city.nianbao(&["run", "--config", site.to_str().unwrap()]);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        for part in parts {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert!(error.contains("site.toml") || error.contains("must not be under"), "{error}");
        assert!(!city.data().exists());
    }
    fs::write(&site, b"\xef\xbb\xbfthreads = 1\r\n").unwrap();
    let shown = city.nianbao(&["settings", "show", "--config", site.to_str().unwrap()]);
    assert!(
        text(&shown.stdout).lines().any(|line| line.starts_with("threads") && line.ends_with("site.toml"))
    );
    let environment = Command::new(env!("CARGO_BIN_EXE_nianbao"))
        .args(["settings", "show"])
        .env("NIANBAO_THREADS", "many")
        .output()
        .unwrap();
    assert_eq!(environment.status.code(), Some(2));
    assert!(text(&environment.stderr).contains("`threads` in the environment"));
}

#[test]
fn a_file_system_that_cannot_bear_a_run_is_refused_at_its_start() {
    let city = village();
    let output = Command::new(env!("CARGO_BIN_EXE_nianbao"))
        .args(["run", "--data", "/proc/nianbao", "--drop"])
        .arg(city.drop_folder())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(error.contains("error: lock `/proc/nianbao/ledger/lock`:"), "{error}");
}

/// Runs as cron does, and gives what was printed and the modes of all that was written.
fn by_cron(umask: &str) -> (String, BTreeMap<PathBuf, u32>) {
    let city = village();
    let output = Command::new("/bin/sh")
        .args(["-c", &format!("umask {umask}; exec \"$0\" run --data var --drop drop")])
        .arg(env!("CARGO_BIN_EXE_nianbao"))
        .env_clear()
        .env("LANG", "C")
        .env("PATH", "/usr/bin:/bin")
        .current_dir(city.path())
        .output()
        .unwrap();
    let mut modes = BTreeMap::new();
    let mut folders = vec![city.data()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            if path.is_dir() {
                folders.push(path.clone());
            }
            modes.insert(path.strip_prefix(city.data()).unwrap().to_owned(), mode);
        }
    }
    (described(&city, &output), modes)
}

#[test]
fn cron_gives_the_same_output_and_keeps_private_what_is() {
    let usual = village();
    let output = Command::new(env!("CARGO_BIN_EXE_nianbao"))
        .args(["run", "--data", "var", "--drop", "drop"])
        .current_dir(usual.path())
        .output()
        .unwrap();
    for umask in ["022", "000", "077"] {
        let (printed, modes) = by_cron(umask);
        assert_eq!(printed, described(&usual, &output), "umask {umask}");
        assert!(modes.len() > 50);
        for (path, mode) in modes {
            let top = path.components().next().unwrap().as_os_str().to_str().unwrap().to_owned();
            let restricted = ["landing", "identity", "quarantine", "staging"].contains(&top.as_str());
            let is_folder = mode & 0o100 != 0;
            if restricted || path.ends_with("seen.json") {
                assert_eq!(mode, if is_folder { 0o700 } else { 0o600 }, "umask {umask} {}", path.display());
            } else {
                assert_eq!(mode & 0o022, 0, "umask {umask}: others can write to {}", path.display());
            }
        }
    }
}
