//! Asking a platform in its own dialect: logins, tokens, signatures, its clock.

use std::collections::BTreeMap;
use std::sync::Mutex as Lock;
use std::sync::PoisonError;

use reqwest::header::HeaderMap;
use reqwest::{Method, Url};
use serde_json::Value;
use tokio::sync::Mutex;

use super::client::{Answer, Client, Refusal, Request};
use super::definition::{Ask, ErrorKind, Login, Source};
use super::failure::{Cause, Failure, FailureClass};
use super::limits::http_date;
use super::reply::{self, Reply};
use super::secret::Secret;
use super::sign;
use super::template::{Template, Variables};

/// How often one question may lead to a new login.
const LOGINS_MAX: u32 = 2;
/// How often an answer that is no JSON is asked for again.
const UNREADABLE_MAX: u32 = 3;

/// The values that a source needs and that are not in its definition.
#[derive(Debug)]
pub struct Secrets {
    vars: BTreeMap<String, Secret>,
    sign: Option<Secret>,
    login: BTreeMap<String, Secret>,
}

impl Secrets {
    /// Reads all secrets of a source, before anything starts.
    ///
    /// # Errors
    /// What is missing, without values.
    pub fn resolve(source: &Source) -> Result<Self, Vec<String>> {
        let mut missing = Vec::new();
        let mut values = |given: &BTreeMap<String, super::secret::Given>| {
            let mut found = BTreeMap::new();
            for (name, given) in given {
                match given.resolve() {
                    Ok(secret) => drop(found.insert(name.clone(), secret)),
                    Err(fault) => missing.push(format!("source `{}`: {fault}", source.name)),
                }
            }
            found
        };
        let vars = values(&source.vars);
        let fields = source.login.as_ref().and_then(|login| login.json.as_ref().or(login.form.as_ref()));
        let login = fields.map(&mut values).unwrap_or_default();
        let key = source.sign.as_ref().map(|sign| BTreeMap::from([("key".to_owned(), sign.key.clone())]));
        let sign = key.as_ref().map(&mut values).and_then(|mut found| found.remove("key"));
        if missing.is_empty() { Ok(Secrets { vars, sign, login }) } else { Err(missing) }
    }

    /// Digits that are others when any of the secrets is another.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let all = self.vars.values().chain(&self.sign).chain(self.login.values());
        all.map(Secret::fingerprint).collect::<Vec<_>>().join("-")
    }
}

/// What a login brought.
#[derive(Debug, Default, Clone)]
struct Current {
    /// Counts logins, so that one that another has renewed is not renewed again.
    number: u32,
    token: String,
    cookie: String,
    /// Milliseconds since 1970.
    expires: Option<i64>,
}

/// A session with a platform.
pub struct Session<'s> {
    source: &'s Source,
    secrets: &'s Secrets,
    client: &'s Client<'s>,
    current: Mutex<Current>,
    /// What the server's clock is ahead, in milliseconds; `None` until it is known.
    ahead: Lock<Option<i64>>,
    /// Why the credentials were refused: then nothing more is asked, by no pull.
    refused: Lock<Option<Failure>>,
}

impl<'s> Session<'s> {
    #[must_use]
    pub fn new(source: &'s Source, secrets: &'s Secrets, client: &'s Client<'s>) -> Self {
        Session {
            source,
            secrets,
            client,
            current: Mutex::default(),
            ahead: Lock::default(),
            refused: Lock::default(),
        }
    }

    /// Asks, and reads the answer as JSON that the platform says is good.
    ///
    /// # Errors
    /// Every class of failure.
    pub async fn ask(&self, ask: &Ask, variables: &Variables) -> Result<Value, Failure> {
        Ok(self.ask_raw(ask, variables).await?.0)
    }

    /// As [`ask`](Self::ask), with the answer as it came.
    ///
    /// # Errors
    /// Every class of failure.
    pub async fn ask_raw(&self, ask: &Ask, variables: &Variables) -> Result<(Value, Answer), Failure> {
        let asked = self.ask_until_answered(ask, variables).await;
        asked.inspect_err(|failure| self.note_refusal(failure))
    }

    fn note_refusal(&self, failure: &Failure) {
        if failure.class == FailureClass::Auth {
            let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
            refused.get_or_insert_with(|| failure.clone());
        }
    }

    fn refusal(&self) -> Option<Failure> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn ask_until_answered(&self, ask: &Ask, variables: &Variables) -> Result<(Value, Answer), Failure> {
        if let Some(refusal) = self.refusal() {
            return Err(refusal);
        }
        self.learn_clock().await?;
        let (mut logins, mut slow, mut unreadable) = (0, 0, 0);
        loop {
            let current = self.logged_in().await?;
            let ahead_before = self.ahead();
            let (again, failure) = match self.exchange(ask, variables, &current).await {
                Ok(answer) => match reply::read(self.source, &answer.body) {
                    Reply::Good(value) => return Ok((value, answer)),
                    Reply::Known(kind) => self.known(kind, &mut slow).await?,
                    Reply::Refused { code } => {
                        return Err(Failure::unproven(format!("the platform answers with code `{code}`")));
                    }
                    Reply::NotJson { what } => {
                        unreadable += 1;
                        let failure = Failure::unproven(format!("an answer is {what}, and not data"));
                        // A page where data should be is what a session that has ended brings.
                        let is_login_page = what == "a page" && self.source.login.is_some();
                        let again = if is_login_page { Again::LoggedIn } else { Again::AsIs };
                        if unreadable > UNREADABLE_MAX {
                            return Err(failure);
                        }
                        (again, failure)
                    }
                },
                Err(Refusal::Failed(failure)) => return Err(failure),
                Err(Refusal::Session(status, headers)) => {
                    self.note_clock(&headers);
                    (Again::LoggedIn, refused(status))
                }
            };
            match again {
                Again::AsIs => {}
                Again::LoggedIn => {
                    logins += 1;
                    let learned =
                        ahead_before.is_none() && self.ahead().is_some_and(|ahead| ahead.abs() > 30_000);
                    if logins > LOGINS_MAX || (self.source.login.is_none() && !learned) {
                        return Err(failure);
                    }
                    self.forget(current.number).await;
                }
            }
        }
    }

    async fn known(&self, kind: ErrorKind, slow: &mut u32) -> Result<(Again, Failure), Failure> {
        match kind {
            ErrorKind::Reauth => {
                Ok((Again::LoggedIn, Failure::auth("the platform does not accept the session")))
            }
            ErrorKind::Slow | ErrorKind::Down => {
                *slow += 1;
                let failure = Failure::transient("the platform asks to come back later");
                let limits = &self.source.limits;
                if *slow >= limits.attempts {
                    return Err(failure);
                }
                tokio::time::sleep(super::limits::wait_before(*slow + 1, None, limits.wait.0, 0.5)).await;
                Ok((Again::AsIs, failure))
            }
            ErrorKind::Quota => Err(Failure::transient("the platform's quota of today is used up")),
            ErrorKind::Denied => Err(Failure::auth("the platform refuses the credentials or the signature")),
            ErrorKind::Captcha => Err(Failure::auth("the platform asks for a captcha: a person must log in")),
            ErrorKind::Exists => {
                let failure = Failure::transient("the platform says that such a job exists");
                Err(failure.because(Cause::Said(kind)))
            }
        }
    }

    async fn exchange(&self, ask: &Ask, variables: &Variables, current: &Current) -> Result<Answer, Refusal> {
        let parts = Parts::of(self.source, ask, variables).map_err(Refusal::Failed)?;
        let answer = self.client.exchange(&|| self.request(&parts, current)).await?;
        self.note_clock(&answer.headers);
        Ok(answer)
    }

    /// The request with the headers of this moment.
    fn request(&self, parts: &Parts, current: &Current) -> Request {
        let mut variables = self.variables(&parts.variables);
        variables.insert("token".to_owned(), current.token.clone());
        let mut headers: Vec<(String, String)> = self
            .source
            .headers
            .iter()
            .map(|(name, template)| (name.clone(), template.fill(&variables)))
            .collect();
        if let (Some(signature), Some(key)) = (&self.source.sign, &self.secrets.sign) {
            variables.insert("query".to_owned(), sorted_query(&parts.url));
            variables.insert("path".to_owned(), parts.url.path().to_owned());
            let body = parts.body.as_ref().map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned());
            variables.insert("body".to_owned(), body.unwrap_or_default());
            headers.push((signature.header.clone(), sign::sign(signature, key, &variables)));
        }
        if let Some(Login { header: Some(header), value: Some(value), .. }) = &self.source.login {
            headers.push((header.clone(), value.fill(&variables)));
        }
        if !current.cookie.is_empty() {
            headers.push(("cookie".to_owned(), current.cookie.clone()));
        }
        Request {
            method: parts.method.clone(),
            url: parts.url.clone(),
            headers,
            body: parts.body.clone(),
            partial: None,
        }
    }

    /// The variables of a request, with the time and a number that comes once.
    fn variables(&self, given: &Variables) -> Variables {
        let mut variables = given.clone();
        for (name, secret) in &self.secrets.vars {
            variables.insert(name.clone(), secret.expose().to_owned());
        }
        let now = self.client.now() + self.ahead().unwrap_or_default();
        variables.insert("ms".to_owned(), now.to_string());
        variables.insert("nonce".to_owned(), nonce());
        variables
    }

    fn ahead(&self) -> Option<i64> {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how far the server's clock is ahead, once.
    fn note_clock(&self, headers: &HeaderMap) {
        let date = headers.get("date").and_then(|value| value.to_str().ok()).and_then(http_date);
        if let (None, Some(seconds), None) = (self.ahead(), date, &self.source.clock) {
            self.set_ahead(seconds * 1000 + 500);
        }
    }

    fn set_ahead(&self, server_ms: i64) {
        let ahead = server_ms - self.client.now();
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead);
    }

    /// Asks for the server's time, where the definition says how.
    async fn learn_clock(&self) -> Result<(), Failure> {
        let Some(clock) = &self.source.clock else { return Ok(()) };
        if self.ahead().is_some() {
            return Ok(());
        }
        let url = address(self.source, &clock.get, &BTreeMap::new(), &Variables::new())?;
        let request = || Request {
            method: Method::GET,
            url: url.clone(),
            headers: Vec::new(),
            body: None,
            partial: None,
        };
        let answer = self.client.exchange(&request).await.map_err(without_session)?;
        let value: Value = serde_json::from_slice(&answer.body)
            .map_err(|_| Failure::unproven("the platform's time is not JSON"))?;
        let time = clock.path.count(&value).and_then(|ms| i64::try_from(ms).ok());
        self.set_ahead(
            time.ok_or_else(|| Failure::unproven("the platform's time is not where `clock` looks"))?,
        );
        Ok(())
    }

    /// The session as it is, or a new one where there is none. One login at a time: two would end each other.
    async fn logged_in(&self) -> Result<Current, Failure> {
        let Some(login) = &self.source.login else { return Ok(Current::default()) };
        let mut current = self.current.lock().await;
        if let Some(refusal) = self.refusal() {
            return Err(refusal);
        }
        let now = self.client.now();
        let is_valid = !current.token.is_empty() || !current.cookie.is_empty();
        if is_valid && current.expires.is_none_or(|expires| now < expires) {
            return Ok(current.clone());
        }
        let renewed = self.log_in(login).await.inspect_err(|failure| self.note_refusal(failure))?;
        *current = Current { number: current.number + 1, ..renewed };
        Ok(current.clone())
    }

    /// Forgets a session, unless another took its place already.
    async fn forget(&self, number: u32) {
        let mut current = self.current.lock().await;
        if current.number == number {
            *current = Current { number, ..Current::default() };
        }
    }

    async fn log_in(&self, login: &Login) -> Result<Current, Failure> {
        let url = address(self.source, &login.post, &BTreeMap::new(), &self.variables(&Variables::new()))?;
        let fields = || self.secrets.login.iter().map(|(name, secret)| (name.as_str(), secret.expose()));
        let body = if login.json.is_some() {
            let object: BTreeMap<&str, &str> = fields().collect();
            ("application/json", serde_json::to_vec(&object).unwrap_or_default())
        } else {
            ("application/x-www-form-urlencoded", encoded(fields()).into_bytes())
        };
        let request = || Request {
            method: Method::POST,
            url: url.clone(),
            headers: Vec::new(),
            body: Some(body.clone()),
            partial: None,
        };
        let answer = self.client.exchange(&request).await.map_err(without_session)?;
        self.note_clock(&answer.headers);
        let value = match reply::read(self.source, &answer.body) {
            Reply::Good(value) => value,
            Reply::Known(ErrorKind::Captcha) => {
                return Err(Failure::auth("the platform asks for a captcha: a person must log in"));
            }
            Reply::Known(ErrorKind::Slow | ErrorKind::Down | ErrorKind::Quota) => {
                return Err(Failure::transient("the platform asks to come back later"));
            }
            Reply::Known(_) | Reply::Refused { .. } | Reply::NotJson { .. } => {
                return Err(Failure::auth("the platform refuses the login"));
            }
        };
        if let Some(name) = &login.cookie {
            let cookie = cookie(&answer.headers, name)
                .ok_or_else(|| Failure::auth(format!("the login brought no cookie `{name}`")))?;
            return Ok(Current { cookie, ..Current::default() });
        }
        let token = login.token.as_ref().and_then(|path| path.text(&value)).filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| Failure::auth("the login brought no token"))?;
        let lasts =
            login.lasts.as_ref().and_then(|path| path.count(&value)).and_then(|s| i64::try_from(s).ok());
        // A token is renewed a little before it ends.
        let expires = lasts.map(|s| self.client.now() + s.saturating_mul(1000) * 9 / 10);
        Ok(Current { token, expires, ..Current::default() })
    }

    /// Fetches a file: from the origin of the source with its credentials, from its file origins without.
    ///
    /// # Errors
    /// Every class of failure; an address elsewhere is refused.
    pub async fn fetch(&self, address: &str, headers: &[(String, String)]) -> Result<Answer, Failure> {
        let base = &self.source.base.0;
        let url = base
            .join(address)
            .map_err(|_| Failure::unproven("the platform gives an address that is none"))?;
        let is_own = url.origin() == base.origin();
        if !is_own && !self.source.file_origins.iter().any(|known| known.0.origin() == url.origin()) {
            let host = url.host_str().unwrap_or_default();
            return Err(Failure::unproven(format!(
                "a file lies at `{host}`, which is not in `file_origins`"
            )));
        }
        let mut logins = 0;
        loop {
            let current = if is_own { self.logged_in().await? } else { Current::default() };
            let parts =
                Parts { method: Method::GET, url: url.clone(), body: None, variables: Variables::new() };
            let make = || {
                let mut request = if is_own {
                    self.request(&parts, &current)
                } else {
                    Request {
                        method: Method::GET,
                        url: url.clone(),
                        headers: Vec::new(),
                        body: None,
                        partial: None,
                    }
                };
                request.headers.extend(headers.iter().cloned());
                request
            };
            match self.client.exchange(&make).await {
                Ok(answer) => {
                    self.note_clock(&answer.headers);
                    return Ok(answer);
                }
                Err(Refusal::Failed(failure)) => return Err(failure),
                Err(Refusal::Session(status, headers)) => {
                    self.note_clock(&headers);
                    logins += 1;
                    if !is_own {
                        // No credentials went there: the address itself is no longer accepted.
                        let failure = Failure::transient(format!(
                            "status {status}: the address of a file is not accepted"
                        ));
                        return Err(failure.because(Cause::Status(status)));
                    }
                    if self.source.login.is_none() || logins > LOGINS_MAX {
                        return Err(refused(status)).inspect_err(|failure| self.note_refusal(failure));
                    }
                    self.forget(current.number).await;
                }
            }
        }
    }
}

enum Again {
    AsIs,
    LoggedIn,
}

fn refused(status: u16) -> Failure {
    match status {
        401 | 403 => Failure::auth(format!("status {status}: the credentials are not accepted")),
        _ => Failure::unproven(format!("status {status}: a redirect, which is not followed")),
    }
}

fn without_session(refusal: Refusal) -> Failure {
    match refusal {
        Refusal::Failed(failure) => failure,
        Refusal::Session(status, _) => refused(status),
    }
}

/// What of a request is the same for all attempts.
struct Parts {
    method: Method,
    url: Url,
    body: Option<(&'static str, Vec<u8>)>,
    variables: Variables,
}

impl Parts {
    fn of(source: &Source, ask: &Ask, variables: &Variables) -> Result<Self, Failure> {
        let (method, path) = match (&ask.get, &ask.post) {
            (Some(path), _) => (Method::GET, path),
            (None, Some(path)) => (Method::POST, path),
            (None, None) => return Err(Failure::definition("a request with neither `get` nor `post`")),
        };
        let filled = |fields: &BTreeMap<String, Template>| -> BTreeMap<String, String> {
            fields.iter().map(|(name, value)| (name.clone(), value.fill(variables))).collect()
        };
        let body = match (&ask.json, &ask.form) {
            (Some(fields), _) => {
                Some(("application/json", serde_json::to_vec(&filled(fields)).unwrap_or_default()))
            }
            (None, Some(fields)) => {
                let fields = filled(fields);
                let text = encoded(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())));
                Some(("application/x-www-form-urlencoded", text.into_bytes()))
            }
            (None, None) => None,
        };
        Ok(Parts {
            method,
            url: address(source, path, &ask.query, variables)?,
            body,
            variables: variables.clone(),
        })
    }
}

/// An address below `base`.
fn address(
    source: &Source,
    path: &Template,
    query: &BTreeMap<String, Template>,
    variables: &Variables,
) -> Result<Url, Failure> {
    let base = &source.base.0;
    let text =
        format!("{}/{}", base.as_str().trim_end_matches('/'), path.fill(variables).trim_start_matches('/'));
    let mut url =
        Url::parse(&text).map_err(|_| Failure::definition(format!("`{}` is no path", path.as_written())))?;
    if url.origin() != base.origin() {
        return Err(Failure::definition(format!("`{}` leads away from `base`", path.as_written())));
    }
    if !query.is_empty() {
        let mut pairs = url.query_pairs_mut();
        for (name, value) in query {
            pairs.append_pair(name, &value.fill(variables));
        }
    }
    Ok(url)
}

fn sorted_query(url: &Url) -> String {
    let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Fields as a form sends them.
fn encoded<'f>(fields: impl Iterator<Item = (&'f str, &'f str)>) -> String {
    let Ok(mut url) = Url::parse("http://form.invalid/") else { return String::new() };
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().to_owned()
}

/// `NAME=value` of the cookie that an answer sets.
fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let set = headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    let mut pairs = set.filter_map(|text| text.split(';').next()).map(str::trim);
    pairs
        .find(|pair| pair.split_once('=').is_some_and(|(key, value)| key == name && !value.is_empty()))
        .map(str::to_owned)
}

fn nonce() -> String {
    let mut bytes = [0; 16];
    // Without randomness all nonces are the same, and the platform refuses the second.
    getrandom::fill(&mut bytes).map_or_else(|_| "0".repeat(32), |()| hex::encode(bytes))
}
