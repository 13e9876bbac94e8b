//! `sources/*.toml`: what a source is, and what is pulled from it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use reqwest::Url;
use serde::Deserialize;

use super::json_path::JsonPath;
use super::limits::{Limits, Span};
use super::secret::Given;
use super::sign::Signature;
use super::template::Template;
use crate::period::ReportYear;

/// A source.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    #[serde(skip)]
    pub name: String,
    /// All paths are below it, and credentials go to its origin alone.
    pub base: Address,
    /// Other origins from which files are fetched, without credentials.
    #[serde(default)]
    pub file_origins: Vec<Address>,
    /// Certificates that are trusted instead of those of the system.
    pub ca_file: Option<PathBuf>,
    #[serde(default)]
    pub limits: Limits,
    /// What an answer says when it is one. Without it the status decides alone.
    pub ok: Option<Says>,
    /// What other answers mean, the first that fits.
    #[serde(default)]
    pub error: Vec<ErrorRule>,
    /// The server's clock, where it is not in the header `Date`.
    pub clock: Option<Clock>,
    pub sign: Option<Signature>,
    pub login: Option<Login>,
    /// Variables with one value, which may be secrets.
    #[serde(default)]
    pub vars: BTreeMap<String, Given>,
    /// Sent with every request to the origin of `base`.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    #[serde(default, rename = "pull")]
    pub pulls: Vec<Pull>,
}

/// An `http` or `https` address without user, query or fragment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Address(pub Url);

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let url = Url::parse(&text).map_err(|error| format!("`{text}` is not an address: {error}"))?;
        let is_plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() || !is_plain {
            return Err(format!("`{text}` is not an address of http or https without user and query"));
        }
        Ok(Address(url))
    }
}

/// A value in an answer, compared as text.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Says {
    pub path: JsonPath,
    #[serde(rename = "in")]
    pub values: Vec<String>,
}

/// What an answer that is not `ok` means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorRule {
    pub path: JsonPath,
    /// The value is one of these.
    #[serde(default, rename = "in")]
    pub values: Vec<String>,
    /// The value has this text in it.
    pub has: Option<String>,
    pub is: ErrorKind,
}

/// What a platform means by an answer that is not `ok`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// The login has ended: log in once more.
    Reauth,
    /// Too many requests: wait.
    Slow,
    /// No more requests today.
    Quota,
    /// The credentials are refused; a person must look.
    Denied,
    /// A person must solve a captcha.
    Captcha,
    /// A job of this kind exists.
    Exists,
    /// The platform is not working now.
    Down,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    pub get: Template,
    /// Milliseconds since 1970.
    pub path: JsonPath,
}

/// How a session begins.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    pub post: Template,
    pub json: Option<BTreeMap<String, Given>>,
    pub form: Option<BTreeMap<String, Given>>,
    /// Where the answer has the token.
    pub token: Option<JsonPath>,
    /// Where the answer says for how many seconds.
    pub lasts: Option<JsonPath>,
    /// The header that carries the token.
    pub header: Option<String>,
    pub value: Option<Template>,
    /// The cookie that carries the session instead.
    pub cookie: Option<String>,
}

/// A request, as it is written down.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    pub get: Option<Template>,
    pub post: Option<Template>,
    #[serde(default)]
    pub query: BTreeMap<String, Template>,
    pub json: Option<BTreeMap<String, Template>>,
    pub form: Option<BTreeMap<String, Template>>,
}

/// What is pulled: one dataset, a year at a time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pull {
    /// The dataset, where it is left out.
    #[serde(default)]
    pub name: String,
    pub dataset: String,
    pub years: Years,
    pub get: Option<Template>,
    pub post: Option<Template>,
    #[serde(default)]
    pub query: BTreeMap<String, Template>,
    pub json: Option<BTreeMap<String, Template>>,
    pub form: Option<BTreeMap<String, Template>>,
    pub page: Option<Paging>,
    pub echo: Option<Echo>,
    /// Names of the answer's members → headers of the export.
    #[serde(default)]
    pub rename: BTreeMap<String, String>,
    /// A year may have no rows at all; otherwise none is an answer to doubt.
    #[serde(default)]
    pub may_be_empty: bool,
    pub create: Option<Create>,
    pub find: Option<Find>,
    pub poll: Option<Poll>,
    pub list: Option<Ask>,
    pub files: Option<Files>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paging {
    /// The number of the first page.
    #[serde(default = "one")]
    pub first: u64,
    /// The rows asked for on a page.
    pub size: u64,
    pub rows: JsonPath,
    pub total: JsonPath,
    /// The member that is different in every row.
    pub key: JsonPath,
}

fn one() -> u64 {
    1
}

/// What every row must say, so that a parameter that the platform ignores is noticed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Echo {
    pub row: JsonPath,
    pub equals: Template,
}

/// The request that begins an export job.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    pub post: Template,
    #[serde(default)]
    pub query: BTreeMap<String, Template>,
    pub json: Option<BTreeMap<String, Template>>,
    pub form: Option<BTreeMap<String, Template>>,
    pub id: JsonPath,
}

/// The request that lists jobs, by which one that was begun is found again.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Find {
    pub get: Template,
    #[serde(default)]
    pub query: BTreeMap<String, Template>,
    pub rows: JsonPath,
    pub id: JsonPath,
    /// Where a job says its state: one that failed is not gone on with.
    pub state: Option<JsonPath>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    pub get: Template,
    #[serde(default)]
    pub query: BTreeMap<String, Template>,
    pub state: JsonPath,
    pub done: Vec<String>,
    #[serde(default)]
    pub failed: Vec<String>,
    #[serde(default = "two_seconds")]
    pub every: Span,
    #[serde(default = "ten_minutes")]
    pub most: Span,
    /// The number of files of the job.
    pub count: Option<JsonPath>,
}

fn two_seconds() -> Span {
    Span(Duration::from_secs(2))
}

fn ten_minutes() -> Span {
    Span(Duration::from_mins(10))
}

/// Where an answer lists files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    pub rows: JsonPath,
    pub url: JsonPath,
    pub name: JsonPath,
    pub size: Option<JsonPath>,
    pub sha256: Option<JsonPath>,
    pub count: Option<JsonPath>,
}

/// The years of a pull: `2024`, `2021..2023`, `2021..`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Years {
    pub first: ReportYear,
    pub last: Option<ReportYear>,
}

impl TryFrom<String> for Years {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let fault = || format!("`{text}` is no span of years: 2024, 2021..2023, 2021..");
        let year = |text: &str| {
            text.parse::<ReportYear>().ok().filter(|year| (2000..=2100).contains(year)).ok_or_else(fault)
        };
        let years = match text.split_once("..") {
            None => Years { first: year(&text)?, last: Some(year(&text)?) },
            Some((first, "")) => Years { first: year(first)?, last: None },
            Some((first, last)) => Years { first: year(first)?, last: Some(year(last)?) },
        };
        if years.last.is_some_and(|last| last < years.first) { Err(fault()) } else { Ok(years) }
    }
}

impl Years {
    #[must_use]
    pub fn has(&self, year: ReportYear) -> bool {
        self.first <= year && self.last.is_none_or(|last| year <= last)
    }
}

/// The kind of a pull, with what only it has.
#[derive(Debug, Clone, Copy)]
pub enum Kind<'a> {
    Paged { paging: &'a Paging },
    Job { create: &'a Create, poll: &'a Poll, files: &'a Files },
    Listed { list: &'a Ask, files: &'a Files },
}

impl Pull {
    /// Its kind; `None` where what it has is of no kind or of several. Definitions with such a pull are refused.
    #[must_use]
    pub fn kind(&self) -> Option<Kind<'_>> {
        let asks = usize::from(self.get.is_some()) + usize::from(self.post.is_some());
        match (&self.page, &self.create, &self.poll, &self.list, &self.files) {
            (Some(paging), None, None, None, None) if asks == 1 && self.find.is_none() => {
                Some(Kind::Paged { paging })
            }
            (None, Some(create), Some(poll), None, Some(files)) if asks == 0 => {
                Some(Kind::Job { create, poll, files })
            }
            (None, None, None, Some(list), Some(files)) if asks == 0 && self.find.is_none() => {
                (list.get.is_some() != list.post.is_some()).then_some(Kind::Listed { list, files })
            }
            _ => None,
        }
    }

    /// The request of a paged pull.
    #[must_use]
    pub fn ask(&self) -> Ask {
        Ask {
            get: self.get.clone(),
            post: self.post.clone(),
            query: self.query.clone(),
            json: self.json.clone(),
            form: self.form.clone(),
        }
    }

    /// The templates that become part of an address.
    fn addresses(&self) -> Vec<&Template> {
        let mut found: Vec<&Template> =
            self.get.iter().chain(&self.post).chain(self.query.values()).collect();
        found.extend(self.create.iter().flat_map(|ask| std::iter::once(&ask.post).chain(ask.query.values())));
        found.extend(self.find.iter().flat_map(|ask| std::iter::once(&ask.get).chain(ask.query.values())));
        found.extend(self.poll.iter().flat_map(|ask| std::iter::once(&ask.get).chain(ask.query.values())));
        found.extend(
            self.list.iter().flat_map(|ask| ask.get.iter().chain(&ask.post).chain(ask.query.values())),
        );
        found
    }

    fn templates(&self) -> Vec<(&Template, &'static [&'static str])> {
        const PAGE: &[&str] = &["year", "page", "size"];
        const YEAR: &[&str] = &["year"];
        const JOB: &[&str] = &["year", "job"];
        let mut found: Vec<(&Template, &'static [&'static str])> = Vec::new();
        let page = self.get.iter().chain(&self.post).chain(self.query.values());
        let bodies = self.json.iter().chain(&self.form).flat_map(BTreeMap::values);
        found.extend(page.chain(bodies).map(|template| (template, PAGE)));
        found.extend(self.echo.iter().map(|echo| (&echo.equals, YEAR)));
        if let Some(create) = &self.create {
            let bodies = create.json.iter().chain(&create.form).flat_map(BTreeMap::values);
            let all = std::iter::once(&create.post).chain(create.query.values()).chain(bodies);
            found.extend(all.map(|template| (template, YEAR)));
        }
        if let Some(find) = &self.find {
            found.extend(std::iter::once(&find.get).chain(find.query.values()).map(|t| (t, YEAR)));
        }
        if let Some(poll) = &self.poll {
            found.extend(std::iter::once(&poll.get).chain(poll.query.values()).map(|t| (t, JOB)));
        }
        if let Some(list) = &self.list {
            let bodies = list.json.iter().chain(&list.form).flat_map(BTreeMap::values);
            let all = list.get.iter().chain(&list.post).chain(list.query.values()).chain(bodies);
            found.extend(all.map(|template| (template, YEAR)));
        }
        found
    }
}

/// Something wrong in the definition of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub file: String,
    /// From 1; 0 for the whole file.
    pub line: usize,
    pub message: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.message),
            line => write!(f, "{}:{line}: {}", self.file, self.message),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceFile {
    #[serde(default)]
    source: BTreeMap<String, Source>,
}

/// Reads all `.toml` files of a folder, in order of their names.
///
/// # Errors
/// When the folder cannot be read.
pub fn read_folder(folder: &Path, datasets: &BTreeSet<&str>) -> io::Result<Result<Vec<Source>, Vec<Fault>>> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    let texts = files.iter().map(|path| Ok((path.display().to_string(), fs::read_to_string(path)?)));
    Ok(read(&texts.collect::<io::Result<Vec<_>>>()?, datasets))
}

/// Reads the texts of files, each with its name. `datasets` are those that definitions know.
///
/// # Errors
/// All faults of all files.
pub fn read(files: &[(String, String)], datasets: &BTreeSet<&str>) -> Result<Vec<Source>, Vec<Fault>> {
    let mut sources: Vec<Source> = Vec::new();
    let mut faults = Vec::new();
    for (file, text) in files {
        let parsed: SourceFile = match toml::from_str(text.strip_prefix('\u{feff}').unwrap_or(text)) {
            Ok(parsed) => parsed,
            Err(error) => {
                let line = error.span().map_or(0, |span| line_at(text, span.start));
                faults.push(Fault { file: file.clone(), line, message: error.message().to_owned() });
                continue;
            }
        };
        for (name, mut source) in parsed.source {
            for pull in &mut source.pulls {
                if pull.name.is_empty() {
                    pull.name.clone_from(&pull.dataset);
                }
            }
            source.name = name;
            let mut found = faults_of(&source, text, datasets);
            if sources.iter().any(|known| known.name == source.name) {
                found.push((
                    head_line(text, &source.name),
                    format!("source `{}` is defined twice", source.name),
                ));
            }
            faults.extend(found.into_iter().map(|(line, message)| Fault {
                file: file.clone(),
                line,
                message,
            }));
            sources.push(source);
        }
    }
    if faults.is_empty() { Ok(sources) } else { Err(faults) }
}

fn line_at(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|&&byte| byte == b'\n').count() + 1
}

/// The line of the first of `wanted` in the text; 0 where there is none.
fn line_of(text: &str, wanted: &str) -> usize {
    line_after(text, wanted, 0)
}

/// The line of the first of `wanted` from a line on; 0 where there is none.
fn line_after(text: &str, wanted: &str, from: usize) -> usize {
    let mut lines = text.lines().enumerate().skip(from.saturating_sub(1));
    lines.find(|(_, line)| line.contains(wanted)).map_or(0, |(index, _)| index + 1)
}

fn head_line(text: &str, source: &str) -> usize {
    line_of(text, &format!("[source.{source}]"))
}

/// The line of the head of a pull, by its place among those of its source.
fn pull_line(text: &str, source: &str, index: usize) -> usize {
    let head = format!("[[source.{source}.pull]]");
    let mut heads = text.lines().enumerate().filter(|(_, line)| line.trim().starts_with(&head));
    heads.nth(index).map_or(0, |(line, _)| line + 1)
}

fn is_name(name: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    !name.is_empty() && name.len() <= 40 && name.bytes().all(allowed)
}

fn faults_of(source: &Source, text: &str, datasets: &BTreeSet<&str>) -> Vec<(usize, String)> {
    let mut faults = Vec::new();
    let head = head_line(text, &source.name);
    let name = &source.name;
    if !is_name(name) || name == "drop" {
        faults.push((
            head,
            format!("`{name}`: a source is named by small letters, digits, - and _, and not `drop`"),
        ));
    }
    if source.pulls.is_empty() {
        faults.push((head, format!("source `{name}` has no [[source.{name}.pull]]")));
    }
    if source.base.0.scheme() == "http" && !is_local(&source.base.0) {
        let line = line_of(text, source.base.0.as_str().trim_end_matches('/'));
        faults.push((
            line,
            "credentials and persons' data go over https, but for this machine itself".to_owned(),
        ));
    }
    if let Some(login) = &source.login {
        let line = line_of(text, login.post.as_written());
        if login.json.is_some() == login.form.is_some() {
            faults.push((line, "a login sends either `json` or `form`".to_owned()));
        }
        let carries_token = login.token.is_some() && login.header.is_some() && login.value.is_some();
        if carries_token == login.cookie.is_some() {
            faults.push((line, "a login gives `token`, `header` and `value`, or a `cookie`".to_owned()));
        }
    }
    let own: Vec<&str> = source.vars.keys().map(String::as_str).collect();
    let known = |template: &Template, more: &[&str]| -> Vec<String> {
        let is_known =
            |name: &str| ["ms", "nonce"].contains(&name) || own.contains(&name) || more.contains(&name);
        template.variables().filter(|name| !is_known(name)).map(str::to_owned).collect()
    };
    let mut check_from = |from: usize, template: &Template, more: &[&str]| {
        for unknown in known(template, more) {
            let message = format!("`{}`: there is no variable `{unknown}` here", template.as_written());
            faults.push((line_after(text, template.as_written(), from), message));
        }
    };
    for (index, pull) in source.pulls.iter().enumerate() {
        let from = pull_line(text, name, index);
        pull.templates().into_iter().for_each(|(template, more)| check_from(from, template, more));
    }
    let mut check = |template: &Template, more: &[&str]| check_from(0, template, more);
    source.headers.values().for_each(|template| check(template, &["token"]));
    source.clock.iter().for_each(|clock| check(&clock.get, &[]));
    source.sign.iter().for_each(|sign| check(&sign.text, &["body", "path", "query", "key"]));
    if let Some(login) = &source.login {
        check(&login.post, &[]);
        login.value.iter().for_each(|value| check(value, &["token"]));
    }
    // Addresses are written to the logs of every server on the way.
    let is_secret = |name: &str| source.vars.get(name).is_some_and(|given| !given.is_plain());
    let own = source.login.iter().map(|login| &login.post).chain(source.clock.iter().map(|clock| &clock.get));
    let pulls = source.pulls.iter().enumerate();
    let of_pulls = pulls.flat_map(|(index, pull)| {
        let from = pull_line(text, name, index);
        pull.addresses().into_iter().map(move |template| (from, template))
    });
    for (from, template) in of_pulls.chain(own.map(|template| (0, template))) {
        for secret in template.variables().filter(|name| is_secret(name)) {
            let message =
                format!("`{}`: the secret `{secret}` must not be in an address", template.as_written());
            faults.push((line_after(text, template.as_written(), from), message));
        }
    }
    let mut names = BTreeSet::new();
    for (index, pull) in source.pulls.iter().enumerate() {
        let line = pull_line(text, name, index);
        if !is_name(&pull.name) {
            faults
                .push((line, format!("`{}`: a pull is named by small letters, digits, - and _", pull.name)));
        }
        if !names.insert(&pull.name) {
            faults.push((line, format!("pull `{}` is defined twice: give one of them a `name`", pull.name)));
        }
        if !datasets.contains(pull.dataset.as_str()) {
            faults.push((line, format!("there is no dataset `{}`", pull.dataset)));
        }
        if pull.kind().is_none() {
            let message = format!(
                "pull `{}` is of no kind, or of several: `get` or `post` with `page`; `create`, `poll` and `files`; \
                 or `list` and `files`",
                pull.name
            );
            faults.push((line, message));
        }
        if let Some(paging) = &pull.page {
            let asked: Vec<&str> = pull.templates().iter().flat_map(|(t, _)| t.variables()).collect();
            if paging.size == 0 || !asked.contains(&"page") {
                faults.push((line, "a page has at least one row, and the request names `{page}`".to_owned()));
            }
        }
    }
    faults
}

/// Whether an address is of this machine, where nothing is sent over a wire.
fn is_local(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"
[source.province]
base = "https://exchange.example/gateway"
vars = { sid = "env:GX_SID" }
headers = { sid = "{sid}", ms = "{ms}" }
ok = { path = "code", in = ["0"] }
error = [{ path = "code", in = ["401"], is = "reauth" }]
sign = { alg = "hmac-sha256", key = "env:GX_KEY", text = "{sid}{ms}", out = "base64", header = "sign" }
limits = { per_minute = 60, total = "30m", decoded = "1GiB" }

[[source.province.pull]]
dataset = "students"
years = "2021.."
get = "/xs/page"
query = { xn = "{year}", pageNo = "{page}", pageSize = "{size}" }
page = { first = 1, size = 500, rows = "data.datas", total = "data.totalDataCount", key = "xsid" }
echo = { row = "xn", equals = "{year}" }
"#;

    fn read_one(text: &str) -> Result<Vec<Source>, Vec<String>> {
        let files = [("sources/a.toml".to_owned(), text.to_owned())];
        read(&files, &BTreeSet::from(["students", "staff"]))
            .map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_source_is_read_whole() {
        let sources = read_one(SOURCE).unwrap();
        let [source] = &sources[..] else { panic!() };
        assert_eq!((source.name.as_str(), source.pulls[0].name.as_str()), ("province", "students"));
        assert!(source.pulls[0].years.has(2030) && !source.pulls[0].years.has(2020));
        assert!(matches!(source.pulls[0].kind(), Some(Kind::Paged { paging }) if paging.size == 500));
        assert_eq!(source.limits.per_minute, 60);
    }

    #[test]
    fn what_is_wrong_is_refused_with_its_line() {
        for (from, to, said) in [
            ("\"students\"", "\"pupils\"", "sources/a.toml:11: there is no dataset `pupils`"),
            (
                "{year}\", pageNo",
                "{jahr}\", pageNo",
                "sources/a.toml:15: `{jahr}`: there is no variable `jahr` here",
            ),
            (
                "{year}\", pageNo",
                "{sid}\", pageNo",
                "sources/a.toml:15: `{sid}`: the secret `sid` must not be in an address",
            ),
            ("\"{page}\"", "\"1\"", "sources/a.toml:11: a page has at least one row"),
            ("https://", "http://", "sources/a.toml:3: credentials and persons' data go over https"),
            ("https://", "ftp://", "sources/a.toml:3: `ftp://exchange.example/gateway` is not an address"),
            ("total = \"30m\"", "total = \"30\"", "sources/a.toml:9: `30` is not a length of time"),
            (
                "years = \"2021..\"",
                "years = \"2021..2019\"",
                "sources/a.toml:13: `2021..2019` is no span of years",
            ),
            ("get = \"/xs", "got = \"/xs", "sources/a.toml:14: unknown field `got`"),
            ("get = \"/xs/page\"", "", "sources/a.toml:11: pull `students` is of no kind"),
            ("is = \"reauth\"", "is = \"again\"", "sources/a.toml:7: unknown variant `again`"),
            ("[source.province]", "[source.Province]", "sources/a.toml:2: `Province`: a source is named"),
        ] {
            let text = SOURCE.replacen(from, to, 1).replace("[[source.province.pull]]", {
                if to == "[source.Province]" {
                    "[[source.Province.pull]]"
                } else {
                    "[[source.province.pull]]"
                }
            });
            let faults = read_one(&text).unwrap_err();
            assert!(faults.iter().any(|fault| fault.starts_with(said)), "{to}: {faults:?}");
        }
    }
}
