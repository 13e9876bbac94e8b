//! What is due is run once, and what is not says why.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{City, text};

/// Due since the last new year, and not again until the next.
const YEARLY: &str = "zone = 'Asia/Shanghai'\n\n[[entry]]\nname = 'nightly'\ncron = '0 0 1 1 *'\n";

fn planned(schedule: &str) -> City {
    let city = City::empty();
    fs::write(city.path().join("site.toml"), "city_code = '141000'\ncity_name = '临汾市'\n").unwrap();
    fs::write(city.path().join("schedule.toml"), schedule).unwrap();
    city.deliver("2024/students/甲校.csv", "学号\n1\n");
    city
}

fn nianbao(city: &City, arguments: &[&str]) -> Output {
    city.nianbao(&[arguments, &["--config", "site.toml"]].concat())
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)))
}

fn runs(city: &City) -> Vec<Value> {
    json(&nianbao(city, &["runs", "list", "--json"])).as_array().unwrap().clone()
}

fn record(city: &City, run: u32) -> Value {
    serde_json::from_slice(&fs::read(city.data().join(format!("ledger/runs/{run:06}.json"))).unwrap())
        .unwrap()
}

#[test]
fn what_is_due_runs_once_and_then_says_why_not() {
    let city = planned(YEARLY);
    let before = json(&nianbao(&city, &["schedule", "next", "--json"]));
    assert_eq!(before["entries"][0]["verdict"]["is"], "due", "{before}");
    assert_eq!(before["entries"][0]["last_success"], Value::Null);
    let first = nianbao(&city, &["run", "--due"]);
    assert!(text(&first.stderr).contains("nightly: due since"), "{}", text(&first.stderr));
    assert_eq!(runs(&city).len(), 1);
    assert_eq!(record(&city, 1)["scheduled"]["entry"], "nightly");
    let again = nianbao(&city, &["run", "--due"]);
    assert_eq!(again.status.code(), Some(0));
    let said = text(&again.stdout);
    assert!(
        said.starts_with("nightly: already done at ") && said.contains(" by run 1; not due until "),
        "{said}"
    );
    assert_eq!(runs(&city).len(), 1);
    let next = json(&nianbao(&city, &["schedule", "next", "--json"]));
    let entry = &next["entries"][0];
    assert_eq!(
        (&entry["verdict"]["is"], &entry["last_success"]["run"]),
        (&"done".into(), &1.into()),
        "{next}"
    );
    assert!(text(&nianbao(&city, &["schedule", "next"]).stdout).contains("last success  2"));
}

#[test]
fn entries_that_are_due_at_once_run_one_after_another() {
    let other = "\n[[entry]]\nname = 'second'\ncron = '0 0 1 1 *'\nyears = [2024]\npull = false\n";
    let city = planned(&format!("{YEARLY}{other}"));
    nianbao(&city, &["run", "--due"]);
    let entries: Vec<Value> = (1..=2).map(|run| record(&city, run)["scheduled"]["entry"].clone()).collect();
    assert_eq!(entries, ["nightly", "second"]);
    assert_eq!(record(&city, 2)["years"], serde_json::json!([2024]));
}

#[test]
fn in_a_quiet_span_nothing_runs() {
    let city = planned(&format!("{YEARLY}quiet = ['01-01..12-31']\n"));
    let output = nianbao(&city, &["run", "--due"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).starts_with("nightly: a quiet span"), "{}", text(&output.stdout));
    assert!(!city.data().exists());
}

#[test]
fn a_wrong_schedule_is_refused_with_file_and_line() {
    let city = planned(&YEARLY.replace("0 0 1", "0 25 1"));
    for command in [&["run", "--due"][..], &["schedule"], &["schedule", "next"]] {
        let output = nianbao(&city, command);
        assert_eq!(output.status.code(), Some(2));
        assert!(
            text(&output.stderr).contains("schedule.toml:5: `0 25 1 1 *` is not cron"),
            "{}",
            text(&output.stderr)
        );
    }
    fs::remove_file(city.path().join("schedule.toml")).unwrap();
    assert!(text(&nianbao(&city, &["run", "--due"]).stderr).contains("there is no schedule"));
}

#[test]
fn the_daemon_runs_what_is_due_and_ends_politely() {
    let city = planned(YEARLY);
    let socket = UnixDatagram::bind(city.path().join("notify")).unwrap();
    socket.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let receive = || {
        let mut bytes = [0; 64];
        let read = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..read]).into_owned()
    };
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_nianbao"))
        .args(["schedule", "--config", "site.toml", "--data"])
        .arg(city.data())
        .env("NIANBAO_DROP_DIR", city.drop_folder())
        .env("NOTIFY_SOCKET", city.path().join("notify"))
        .env("WATCHDOG_USEC", "1000000")
        .current_dir(city.path())
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    assert_eq!(receive(), "READY=1");
    assert_eq!(receive(), "WATCHDOG=1");
    let begun = Instant::now();
    let ended = |city: &City| {
        let path = city.data().join("ledger/runs/000001.json");
        path.exists() && record(city, 1)["finished"] != ""
    };
    while !ended(&city) {
        assert!(begun.elapsed() < Duration::from_mins(1));
        std::thread::sleep(Duration::from_millis(100));
    }
    let killed = Command::new("kill").args(["-TERM", &daemon.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert!(daemon.wait().unwrap().success());
    let mut last = String::new();
    socket.set_nonblocking(true).unwrap();
    let mut bytes = [0; 64];
    while let Ok(read) = socket.recv(&mut bytes) {
        last = String::from_utf8_lossy(&bytes[..read]).into_owned();
    }
    assert_eq!(last, "STOPPING=1");
    assert_eq!(runs(&city).len(), 1);
}
