//! `mirror serve`: the city over real sockets, asked by plain TCP, so that what breaks HTTP is seen as it is.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::text;

pub struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        Self::of(folder, "session=staff", arguments)
    }

    /// A server that writes `log.jsonl` and `sources.toml` into a folder.
    pub fn of(folder: &Path, sources: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mirror"))
            .args(["serve", "--until-stdin-closes", "--sources", sources, "--log"])
            .arg(folder.join("log.jsonl"))
            .arg("--write-sources")
            .arg(folder.join("sources.toml"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let address = ready["base"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
        Server { child, address }
    }

    /// Everything that comes back, and whether the connection ended as it should.
    fn raw(&self, request: &str, body: &str) -> (Vec<u8>, bool) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let length = body.len();
        let sent =
            format!("{request}\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(sent.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let ended = stream.read_to_end(&mut answer).is_ok();
        (answer, ended)
    }

    fn ask(&self, request: &str, body: &str) -> (String, Vec<u8>) {
        let (answer, _) = self.raw(request, body);
        let at = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        (text(&answer[..at]), answer[at + 4..].to_vec())
    }

    fn json(&self, request: &str, body: &str) -> Value {
        serde_json::from_slice(&self.ask(request, body).1).unwrap()
    }

    pub fn control(&self, change: &Value) -> Value {
        self.json("POST /control HTTP/1.1", &change.to_string())
    }

    fn faults(&self, name: &str) {
        assert_eq!(
            self.control(&json!({ "faults": [name] }))["faults"].as_array().unwrap().len(),
            1,
            "{name}"
        );
    }

    fn login(&self) -> String {
        let (head, _) = self.ask("POST /session/login HTTP/1.1", "username=bureau&password=pass-1");
        let from = head.find("JSESSIONID=").unwrap();
        head[from..].split(';').next().unwrap().to_owned()
    }

    fn page_request(cookie: &str, topic: &str, page: usize) -> String {
        format!(
            "GET /session/{topic}/page?xn=2024&pageNumber={page}&pageSize=1000 HTTP/1.1\r\nCookie: {cookie}"
        )
    }

    fn page(&self, cookie: &str, topic: &str, page: usize) -> Value {
        self.json(&Self::page_request(cookie, topic, page), "")
    }

    /// What the truth says of the city's students, and how many rows are served of them.
    fn students(&self, cookie: &str) -> (u64, u64) {
        let (_, truth) = self.ask("GET /control/truth HTTP/1.1", "");
        let truth = text(&truth);
        let values = truth.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let is_of_city = |value: &Value| {
            (
                &value["report_year"],
                &value["level"],
                &value["indicator_id"],
                &value["basis"],
                &value["breakdown"],
            ) == (&json!(2024), &json!("city"), &json!("students"), &json!("system"), &json!(""))
        };
        let counted =
            values.into_iter().find(is_of_city).unwrap()["value"].as_str().unwrap().parse().unwrap();
        (counted, self.page(cookie, "xs", 1)["result"]["totalElements"].as_u64().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

fn length(head: &str) -> usize {
    let line = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
    line.parse().unwrap()
}

#[test]
fn the_city_is_served_whole_and_broken_as_said() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let cookie = server.login();
    let mut keys = BTreeSet::new();
    let mut page = 1;
    let total = loop {
        let answer = server.page(&cookie, "jzg", page);
        assert_eq!(answer["success"], true, "{answer}");
        let rows = answer["result"]["records"].as_array().unwrap();
        if rows.is_empty() {
            break answer["result"]["totalElements"].as_u64().unwrap();
        }
        keys.extend(rows.iter().map(|row| row["jzgid"].as_str().unwrap().to_owned()));
        page += 1;
    };
    assert_eq!(u64::try_from(keys.len()).unwrap(), total);

    // Once, and then no more.
    let request = Server::page_request(&cookie, "jzg", 1);
    let whole = server.ask(&request, "").1.len();
    server.faults("length-long:1");
    let (head, body) = server.ask(&request, "");
    assert_eq!((length(&head), body.len()), (whole + 1000, whole));
    let (head, body) = server.ask(&request, "");
    assert_eq!((length(&head), body.len()), (whole, whole));
    server.faults("reset");
    let (answer, ended) = server.raw(&request, "");
    assert!(!ended && answer.len() < whole, "{} of {whole}", answer.len());
    server.faults("length-short");
    assert!(length(&server.ask(&request, "").0) < whole);
    server.faults("429-seconds@/login");
    assert!(server.ask("POST /session/login HTTP/1.1", "").0.contains("Retry-After: 1"));
    server.faults("one-twice");
    let answer = server.page(&cookie, "jzg", 1);
    let rows = answer["result"]["records"].as_array().unwrap();
    assert_eq!(rows[3], rows[6]);
    assert_eq!(answer["result"]["totalElements"], total);
    server.faults("masked");
    assert!(server.page(&cookie, "jzg", 1)["result"]["records"][0]["xm"].as_str().unwrap().ends_with('*'));
    server.faults("session-kicked");
    assert_eq!(server.page(&cookie, "jzg", 1)["success"], false);
    assert!(
        server.ask("POST /control HTTP/1.1", "{\"faults\":[\"nonsense\"]}").0.starts_with("HTTP/1.1 400")
    );

    let log = fs::read_to_string(folder.path().join("log.jsonl")).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let struck = |name: &str| lines.iter().filter(|line| line["faults"] == json!([name])).count();
    assert_eq!((struck("length-long"), struck("reset"), struck("session-kicked")), (1, 1, 1));
    assert!(!log.contains("pass-1"));
}

#[test]
fn a_revision_changes_what_is_served_and_the_truth_alike() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &["--years", "2024"]);
    let cookie = server.login();
    let before = server.students(&cookie);
    assert_eq!(server.control(&json!({ "revision": 2 }))["revision"], 2);
    let after = server.students(&cookie);
    assert_eq!(after, (before.0 + 2, before.1 + 2));
    server.control(&json!({ "revision": 0 }));
    assert_eq!(server.students(&cookie), before);
    let sources: toml::Table =
        fs::read_to_string(folder.path().join("sources.toml")).unwrap().parse().unwrap();
    let source = &sources["source"]["session"];
    assert_eq!(source["base"].as_str().unwrap(), format!("http://{}/session", server.address));
    assert_eq!(source["pull"][0]["rename"]["sfzjh"].as_str().unwrap(), "身份证件号");
}

#[test]
fn every_fault_has_a_name_and_an_outcome() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_mirror")).args(["serve", "--list-faults"]).output().unwrap();
    let names: BTreeSet<String> = text(&output.stdout)
        .lines()
        .map(|line| {
            let case: Value = serde_json::from_str(line).unwrap();
            assert!(!case["outcomes"].as_array().unwrap().is_empty(), "{case}");
            case["name"].as_str().unwrap().to_owned()
        })
        .collect();
    assert!(names.len() >= 100, "{}", names.len());
}
