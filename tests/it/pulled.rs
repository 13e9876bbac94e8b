//! Sources over HTTP: what a night with each fault of a platform brings.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::served::Server;
use crate::support::{City, files, text};

const SECRETS: [(&str, &str); 6] = [
    ("MIRROR_SID", "sid-1"),
    ("MIRROR_KEY", "key-1"),
    ("MIRROR_APPID", "app-1"),
    ("MIRROR_SECRET", "secret-1"),
    ("MIRROR_USER", "bureau"),
    ("MIRROR_PASSWORD", "pass-1"),
];

/// A platform, and a bureau that pulls from it.
struct Bureau {
    folder: TempDir,
    server: Server,
}

impl Bureau {
    fn new(sources: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::of(folder.path(), sources, &["--years", "2024"]);
        let bureau = Bureau { folder, server };
        fs::create_dir(bureau.path("sources")).unwrap();
        let definitions = fs::read_to_string(bureau.path("sources.toml")).unwrap();
        // Waits are short, so that a fault that is tried again and again does not take a night.
        let definitions =
            definitions.replace("min_rate = 1000 }", "min_rate = 1000, attempts = 3, wait = \"1500ms\" }");
        let definitions = definitions
            .replace("total = \"60s\"", "total = \"12s\"")
            .replace("idle = \"5s\"", "idle = \"2s\"");
        assert!(definitions.contains("attempts = 3") && definitions.contains("12s"), "{definitions}");
        fs::write(bureau.path("sources/platform.toml"), definitions).unwrap();
        fs::write(bureau.path("site.toml"), "").unwrap();
        bureau
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, data: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nianbao"));
        command
            .args(arguments)
            .arg("--config")
            .arg(self.path("site.toml"))
            .arg("--data")
            .arg(data)
            .envs(SECRETS);
        command
    }

    fn pull(&self, data: &Path) -> (Value, Option<i32>) {
        let output = self.command(data, &["pull", "--year", "2024", "--json"]).output().unwrap();
        (answer(&output)["pulls"].clone(), output.status.code())
    }

    fn with_fault(&self, fault: &str) {
        self.server.control(&json!({ "faults": [fault] }));
    }

    fn without_faults(&self) {
        self.server.control(&json!({ "faults": [] }));
    }

    /// The requests so far that are not the test's own.
    fn requests(&self) -> Vec<Value> {
        let log = fs::read_to_string(self.path("log.jsonl")).unwrap();
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["path"].as_str().is_some_and(|path| !path.starts_with("/control"))).collect()
    }
}

fn answer(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("exit {:?}: {}", output.status.code(), text(&output.stderr)))
}

/// `delivered`, `unchanged`, or the class of the failure.
fn outcome(pull: &Value) -> &str {
    pull["outcome"].as_str().or_else(|| pull["outcome"]["failed"].as_str()).unwrap()
}

/// All files of a folder with their bytes.
fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    files(folder).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Tries each fault on a bureau that has pulled once without it, and on one that never has.
fn try_faults(sources: &str, faults: &[Value]) {
    let bureau = Bureau::new(sources);
    let mut wrong = Vec::new();
    for fault in faults {
        let name = fault["name"].as_str().unwrap();
        let data = bureau.path(&format!("var-{name}"));
        bureau.without_faults();
        let (pulls, code) = bureau.pull(&data);
        assert_eq!((outcome(&pulls[0]), code), ("delivered", Some(0)), "{name}: {pulls}");
        let before = tree(&data.join("pulled/files"));
        bureau.with_fault(name);
        let (pulls, code) = bureau.pull(&data);
        let got = outcome(&pulls[0]);
        let wanted: Vec<&str> =
            fault["outcomes"].as_array().unwrap().iter().map(|o| o.as_str().unwrap()).collect();
        // Rows that are whole and harmful are the intake's to see, and are delivered here.
        let is_right = wanted.iter().any(|wanted| match *wanted {
            "fine" | "unchanged" => ["delivered", "unchanged"].contains(&got),
            "harmful" => got == "harmful" || SEEN_BY_INTAKE.contains(&name) && got == "delivered",
            wanted => wanted == got,
        });
        let keeps = got == "delivered" || tree(&data.join("pulled/files")) == before;
        let exits = match got {
            "delivered" | "unchanged" => code == Some(0),
            "harmful" => code == Some(10),
            _ => code == Some(30),
        };
        if !(is_right && keeps && exits) {
            wrong.push(format!(
                "{name}: wanted {wanted:?}, got {got}, exit {code:?}, kept {keeps}: {}",
                pulls[0]["message"]
            ));
        }
        let said = pulls.to_string();
        assert!(!SECRETS.iter().any(|(_, secret)| said.contains(secret)), "{name}: {said}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Faults in the rows themselves, which are proven to be all that the platform has.
const SEEN_BY_INTAKE: [&str; 4] = ["half", "school-missing", "masked", "window"];

fn all_faults() -> Vec<Value> {
    let output =
        Command::new(env!("CARGO_BIN_EXE_mirror")).args(["serve", "--list-faults"]).output().unwrap();
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The faults between two names, in the order of the list.
fn faults_between(first: &str, last: &str) -> Vec<Value> {
    let all = all_faults();
    let place = |name: &str| all.iter().position(|fault| fault["name"] == name).unwrap();
    all[place(first)..=place(last)].to_vec()
}

fn faults_named(names: &[&str]) -> Vec<Value> {
    all_faults().into_iter().filter(|fault| names.contains(&fault["name"].as_str().unwrap())).collect()
}

#[test]
fn faults_of_the_transport_end_as_they_must() {
    try_faults("gateway=staff", &faults_between("silent", "login-page"));
}

#[test]
fn faults_of_answers_end_as_they_must() {
    try_faults("gateway=staff", &faults_between("bom", "quota"));
}

#[test]
fn faults_of_pages_end_as_they_must() {
    try_faults("gateway=staff", &faults_between("page-repeated", "ms-times"));
}

#[test]
fn faults_of_signatures_end_as_they_must() {
    try_faults("gateway=staff", &faults_named(&["clock-11", "nonce-refused", "sign-refused"]));
}

#[test]
fn faults_of_tokens_end_as_they_must() {
    try_faults("token=staff", &faults_named(&["token-expires", "token-dead", "login-refused"]));
}

#[test]
fn faults_of_sessions_end_as_they_must() {
    try_faults("session=staff", &faults_named(&["login-refused", "captcha", "session-kicked"]));
}

#[test]
fn faults_of_jobs_end_as_they_must() {
    try_faults(
        "jobs=graduates",
        &faults_named(&[
            "job-exists",
            "create-lost",
            "job-failed",
            "job-two-of-three",
            "url-expires",
            "sha-wrong",
            "size-wrong",
            "cut-resumable",
            "range-ignored",
            "range-other",
            "etag-between",
            "disposition",
        ]),
    );
}

#[test]
fn faults_of_lists_end_as_they_must() {
    try_faults(
        "files=staff",
        &faults_named(&[
            "cut-resumable",
            "range-ignored",
            "range-other",
            "etag-between",
            "304-always",
            "stamp-new",
            "disposition",
            "sha-wrong",
            "size-wrong",
            "list-empty",
            "same-size-time",
        ]),
    );
}

#[test]
fn credentials_that_are_refused_are_not_tried_again_until_they_are_others() {
    let bureau = Bureau::new("session=staff");
    let data = bureau.path("var");
    bureau.with_fault("login-refused");
    let (pulls, code) = bureau.pull(&data);
    assert_eq!((outcome(&pulls[0]), code), ("auth", Some(30)), "{pulls}");
    let logins = |bureau: &Bureau| {
        bureau.requests().iter().filter(|line| line["path"].as_str().unwrap().ends_with("/login")).count()
    };
    assert_eq!(logins(&bureau), 1);
    bureau.without_faults();
    let (pulls, _) = bureau.pull(&data);
    assert_eq!((outcome(&pulls[0]), logins(&bureau)), ("auth", 1), "{pulls}");
    let other = bureau
        .command(&data, &["pull", "--year", "2024", "--json"])
        .env("MIRROR_PASSWORD", "pass-2")
        .output()
        .unwrap();
    assert_eq!((outcome(&answer(&other)["pulls"][0]), logins(&bureau)), ("auth", 2));
}

#[test]
fn a_missing_secret_ends_a_run_before_anything_starts() {
    let bureau = Bureau::new("gateway=staff,files=graduates");
    let before = bureau.requests().len();
    let output = bureau
        .command(&bureau.path("var"), &["pull", "--year", "2024"])
        .env_remove("MIRROR_KEY")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("MIRROR_KEY"), "{}", text(&output.stderr));
    assert_eq!(bureau.requests().len(), before);
}

#[test]
fn what_is_pulled_gives_the_figures_of_the_truth_and_an_unchanged_night_publishes_nothing() {
    let city = City::mirrored(1);
    for year in ["2023", "2024"] {
        fs::remove_dir_all(city.drop_folder().join(year).join("students")).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let server = Server::of(folder.path(), "gateway=students", &[]);
    let sources = city.path().join("sources");
    fs::create_dir(&sources).unwrap();
    fs::copy(folder.path().join("sources.toml"), sources.join("platform.toml")).unwrap();
    fs::write(city.path().join("site.toml"), "").unwrap();
    let run = |more: &[&str]| -> (Value, Option<i32>) {
        let config = city.path().join("site.toml");
        let arguments = [&["run", "--json", "--config", config.to_str().unwrap()], more].concat();
        let output = Command::new(env!("CARGO_BIN_EXE_nianbao"))
            .args(arguments)
            .arg("--data")
            .arg(city.data())
            .env("NIANBAO_DROP_DIR", city.drop_folder())
            .envs(SECRETS)
            .output()
            .unwrap();
        (answer(&output), output.status.code())
    };
    let (first, code) = run(&["--year", "2023", "--year", "2024"]);
    assert_eq!(code, Some(10), "{first}");
    let pulls = first["pulls"].as_array().unwrap();
    assert_eq!(pulls.iter().map(outcome).collect::<Vec<_>>(), ["delivered", "delivered"], "{pulls:?}");
    let students = |year: &str| -> String {
        let values = city.table("indicator_value");
        let found = values.iter().find(|value| {
            let is = |column: &str, text: &str| value.get(column).map_or("", String::as_str) == text;
            is("report_year", year)
                && is("indicator_id", "students")
                && is("level", "city")
                && is("basis", "system")
                && is("breakdown", "")
        });
        found.unwrap()["value"].trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    let truth = fs::read_to_string(city.drop_folder().join("truth.jsonl")).unwrap();
    for year in ["2023", "2024"] {
        let line = truth.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).find(|value| {
            (
                &value["report_year"],
                &value["level"],
                &value["indicator_id"],
                &value["basis"],
                &value["breakdown"],
            ) == (
                &json!(year.parse::<i32>().unwrap()),
                &json!("city"),
                &json!("students"),
                &json!("system"),
                &json!(""),
            )
        });
        assert_eq!(students(year), line.unwrap()["value"].as_str().unwrap(), "{year}");
    }
    // The same rows, in another order: nothing new.
    server.control(&json!({ "faults": ["order-other"] }));
    let release = city.release();
    let (again, code) = run(&["--year", "2023", "--year", "2024"]);
    assert_eq!(
        again["pulls"].as_array().unwrap().iter().map(outcome).collect::<Vec<_>>(),
        ["unchanged", "unchanged"]
    );
    assert_eq!(
        (again["outcome"].as_str(), code, city.release()),
        (Some("nothing_to_do"), Some(10), release.clone())
    );
    // A night on which the platform is down: what was pulled before counts, and the run says that it was.
    server.control(&json!({ "faults": ["empty"] }));
    let (down, code) = run(&["--year", "2024"]);
    assert_eq!((outcome(&down["pulls"][0]), code, city.release()), ("harmful", Some(10), release));
}
