//! One exchange with a source: its limits, its attempts, and nothing sent to where it does not belong.

use std::io::Read;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Method, Url, redirect};
use tokio::sync::Semaphore;

use super::definition::Source;
use super::failure::{Cause, Failure};
use super::limits::{self, Minute};

/// A request that is ready to be sent.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    pub url: Url,
    pub headers: Vec<(String, String)>,
    /// Content type and bytes.
    pub body: Option<(&'static str, Vec<u8>)>,
    /// What has come of a file that was cut off, to go on from.
    pub partial: Option<Partial>,
}

/// The beginning of a file, and by what the server knows which one it is.
#[derive(Debug, Clone)]
pub struct Partial {
    bytes: Vec<u8>,
    validator: String,
}

/// What came back. The status is 200 or 304.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// The transport says that the body is whole: its length was stated, or it came in chunks.
    pub is_framed: bool,
}

impl Answer {
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Why an exchange brought no answer.
#[derive(Debug)]
pub enum Refusal {
    /// The status says that the session is not accepted, or redirects, which a platform does when one has ended.
    Session(u16, HeaderMap),
    Failed(Failure),
}

/// Milliseconds since 1970.
pub type Clock = fn() -> i64;

/// The client of one source.
pub struct Client<'s> {
    source: &'s Source,
    http: reqwest::Client,
    clock: Clock,
    parallel: Semaphore,
    begun: Instant,
    minute: Mutex<Minute>,
    /// Requests that may still be made today.
    left_today: Mutex<u32>,
}

impl<'s> Client<'s> {
    /// A client that has made `made_today` requests before.
    ///
    /// # Errors
    /// A CA file that cannot be read or is none.
    pub fn new(source: &'s Source, made_today: u32, clock: Clock) -> Result<Self, Failure> {
        install_crypto();
        let limits = &source.limits;
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("nianbao/", env!("CARGO_PKG_VERSION")))
            .no_proxy()
            .referer(false)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .http1_only()
            .connect_timeout(limits.connect.0)
            .read_timeout(limits.idle.0);
        if let Some(path) = &source.ca_file {
            http = http.tls_certs_only(certificates(path)?);
        }
        let http = http.build().map_err(|error| Failure::definition(cause(&error)))?;
        Ok(Client {
            source,
            http,
            clock,
            parallel: Semaphore::new(limits.parallel.max(1)),
            begun: Instant::now(),
            minute: Mutex::default(),
            left_today: Mutex::new(limits.per_day.saturating_sub(made_today)),
        })
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        (self.clock)()
    }

    /// The number of requests that may still be made today.
    #[must_use]
    pub fn left_today(&self) -> u32 {
        *self.left_today.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request until it is answered, it may not be tried again, or the limits are reached. `make` is called
    /// for each attempt, as signatures have a time in them.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn exchange(&self, make: &(dyn Fn() -> Request + Sync)) -> Result<Answer, Refusal> {
        let limits = &self.source.limits;
        let begun = Instant::now();
        let mut attempt = 1;
        let mut partial = None;
        loop {
            let request = Request { partial: partial.take(), ..make() };
            let (message, retry_after) = match self.attempt(request, begun).await? {
                Attempt::Answered(answer) => return Ok(answer),
                Attempt::Failed { message, retry_after } => (message, retry_after),
                Attempt::Cut { message, kept } => {
                    partial = kept;
                    (message, None)
                }
            };
            attempt += 1;
            let wait = limits::wait_before(attempt, retry_after, limits.wait.0, jitter());
            if attempt > limits.attempts || begun.elapsed() + wait > limits.total.0 {
                let tried = attempt - 1;
                return Err(Refusal::Failed(Failure::transient(format!("{message} (tried {tried} times)"))));
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt(&self, request: Request, begun: Instant) -> Result<Attempt, Refusal> {
        let _turn =
            self.parallel.acquire().await.map_err(|_| Refusal::Failed(Failure::transient("it was ended")))?;
        self.wait_for_turn().await?;
        let limits = &self.source.limits;
        let left = limits.total.0.saturating_sub(begun.elapsed());
        match tokio::time::timeout(left, self.send(request)).await {
            Ok(sent) => sent,
            Err(_) => Err(Refusal::Failed(Failure::transient(format!(
                "no whole answer within {} s",
                limits.total.0.as_secs_f64()
            )))),
        }
    }

    async fn wait_for_turn(&self) -> Result<(), Refusal> {
        {
            let mut left = self.left_today.lock().unwrap_or_else(PoisonError::into_inner);
            let per_day = self.source.limits.per_day;
            *left = left.checked_sub(1).ok_or_else(|| {
                Refusal::Failed(Failure::transient(format!(
                    "{per_day} requests were made today, and no more may be"
                )))
            })?;
        }
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let wait = self
            .minute
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(now, self.source.limits.per_minute);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    async fn send(&self, request: Request) -> Result<Attempt, Refusal> {
        let mut builder = self.http.request(request.method, request.url);
        for (name, value) in &request.headers {
            let header = HeaderName::try_from(name.as_str()).ok().zip(HeaderValue::from_str(value).ok());
            let Some((name, mut value)) = header else {
                return Err(Refusal::Failed(Failure::definition(format!(
                    "`{name}` is not a header that can be sent"
                ))));
            };
            value.set_sensitive(true);
            builder = builder.header(name, value);
        }
        if let Some(partial) = &request.partial {
            builder = builder
                .header("range", format!("bytes={}-", partial.bytes.len()))
                .header("if-range", partial.validator.as_str());
        }
        if let Some((content_type, bytes)) = request.body {
            builder = builder.header("content-type", content_type).body(bytes);
        }
        let response = match builder.send().await {
            Ok(response) => response,
            Err(error) => return failed_to_send(&error),
        };
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let refused = |failure| Err(Refusal::Failed(failure));
        match status {
            200 => self.read(response, Vec::new(), headers).await,
            206 => match request.partial {
                Some(partial) if continues(&headers, &partial) => {
                    self.read(response, partial.bytes, headers).await
                }
                // Another part than was asked for: the whole file is asked for again.
                _ => Ok(Attempt::Failed {
                    message: "another part of a file than was asked for".to_owned(),
                    retry_after: None,
                }),
            },
            304 => Ok(Attempt::Answered(Answer { status, headers, body: Vec::new(), is_framed: true })),
            408 | 429 | 500 | 502 | 503 | 504 => {
                let retry_after = headers.get("retry-after").and_then(|value| value.to_str().ok());
                let retry_after = retry_after.and_then(|text| limits::retry_after(text, self.now() / 1000));
                Ok(Attempt::Failed { message: format!("status {status}"), retry_after })
            }
            301..=303 | 307 | 308 | 401 | 403 => Err(Refusal::Session(status, headers)),
            416 => Ok(Attempt::Failed { message: "status 416".to_owned(), retry_after: None }),
            404 | 410 => {
                let failure =
                    Failure::transient(format!("status {status}: there is nothing at this address"));
                refused(failure.because(Cause::Status(status)))
            }
            _ => refused(Failure::unproven(format!("status {status}, which is no answer"))),
        }
    }

    async fn read(
        &self,
        mut response: reqwest::Response,
        mut body: Vec<u8>,
        headers: HeaderMap,
    ) -> Result<Attempt, Refusal> {
        let limits = &self.source.limits;
        let begun = Instant::now();
        let is_framed = response.content_length().is_some() || headers.contains_key("transfer-encoding");
        loop {
            let chunk = match response.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                Err(error) => return Ok(Attempt::Cut { message: cause(&error), kept: kept(body, &headers) }),
            };
            body.extend_from_slice(&chunk);
            if body.len() as u64 > limits.wire.0 {
                let most = limits.wire.0;
                return Err(Refusal::Failed(Failure::unproven(format!(
                    "an answer of more than {most} bytes"
                ))));
            }
            let seconds = begun.elapsed().as_secs();
            if seconds >= 10 && (body.len() as u64) < seconds * limits.min_rate {
                let message = format!("slower than {} bytes a second", limits.min_rate);
                return Ok(Attempt::Failed { message, retry_after: None });
            }
        }
        let is_packed = headers.get("content-encoding").is_some_and(|value| value == "gzip");
        match unpacked(body, is_packed, limits.decoded.0) {
            Ok(body) => Ok(Attempt::Answered(Answer { status: 200, headers, body, is_framed })),
            Err(Unpacking::TooLarge) => {
                let most = limits.decoded.0;
                Err(Refusal::Failed(Failure::unproven(format!(
                    "an answer of more than {most} bytes, unpacked"
                ))))
            }
            Err(Unpacking::Broken) => Ok(Attempt::Failed {
                message: "a packed answer that is cut off or damaged".to_owned(),
                retry_after: None,
            }),
        }
    }
}

enum Attempt {
    Answered(Answer),
    Failed {
        message: String,
        retry_after: Option<Duration>,
    },
    /// The body ended too early.
    Cut {
        message: String,
        kept: Option<Partial>,
    },
}

/// What came of a file, where the server says by what it can be recognised when it goes on.
fn kept(bytes: Vec<u8>, headers: &HeaderMap) -> Option<Partial> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let etag = text("etag").filter(|etag| !etag.starts_with("W/"));
    let validator = etag.or_else(|| text("last-modified"))?.to_owned();
    (!bytes.is_empty() && !headers.contains_key("content-encoding")).then_some(Partial { bytes, validator })
}

/// Whether a part of a file begins where what came before ends, and is of the same file.
fn continues(headers: &HeaderMap, partial: &Partial) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let begins = format!("bytes {}-", partial.bytes.len());
    let same =
        text("etag").is_none_or(|etag| !partial.validator.starts_with('"') || etag == partial.validator);
    same && text("content-range").is_some_and(|range| range.starts_with(&begins))
}

fn failed_to_send(error: &reqwest::Error) -> Result<Attempt, Refusal> {
    let message = cause(error);
    // A certificate that is refused will be refused again.
    if message.contains("certificate") || message.contains("tls") || message.contains("TLS") {
        return Err(Refusal::Failed(Failure::auth(message)));
    }
    if error.is_builder() {
        return Err(Refusal::Failed(Failure::definition(message)));
    }
    Ok(Attempt::Failed { message, retry_after: None })
}

/// The cause of an error, without the address, which may have values in it.
fn cause(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let innermost_is_error = innermost.to_string() == error.to_string();
    let kind = if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "no connection"
    } else if error.is_body() || error.is_decode() {
        "the answer was cut off"
    } else {
        "the exchange failed"
    };
    if innermost_is_error { kind.to_owned() } else { format!("{kind}: {innermost}") }
}

#[derive(Debug, PartialEq, Eq)]
enum Unpacking {
    TooLarge,
    Broken,
}

/// The body, unpacked where its header says so, twice where it was packed twice.
fn unpacked(mut body: Vec<u8>, is_packed: bool, most: u64) -> Result<Vec<u8>, Unpacking> {
    let mut layers = if is_packed { 2 } else { 0 };
    while layers > 0 && body.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        GzDecoder::new(&body[..]).take(most + 1).read_to_end(&mut plain).map_err(|_| Unpacking::Broken)?;
        if plain.len() as u64 > most {
            return Err(Unpacking::TooLarge);
        }
        body = plain;
        layers -= 1;
    }
    if body.len() as u64 > most { Err(Unpacking::TooLarge) } else { Ok(body) }
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, Failure> {
    let fault = |message: String| Failure::definition(format!("ca_file `{}`: {message}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| fault(error.to_string()))?;
    let certificates = Certificate::from_pem_bundle(&bytes).map_err(|error| fault(cause(&error)))?;
    if certificates.is_empty() { Err(fault("no certificate in it".to_owned())) } else { Ok(certificates) }
}

fn install_crypto() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        // It fails only where one is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// A number from 0 to 1, so that many clients do not come back at once.
fn jitter() -> f64 {
    let mut byte = [0; 1];
    match getrandom::fill(&mut byte) {
        Ok(()) => f64::from(byte[0]) / 255.0,
        Err(_) => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_body_is_unpacked_within_bounds() {
        let text = b"{\"code\":0}".to_vec();
        assert_eq!(unpacked(packed(&text), true, 100).unwrap(), text);
        assert_eq!(unpacked(packed(&packed(&text)), true, 100).unwrap(), text);
        // A file that is itself packed stays as it is.
        assert_eq!(unpacked(packed(&text), false, 100).unwrap(), packed(&text));
        assert_eq!(unpacked(packed(&vec![0; 1 << 20]), true, 1000), Err(Unpacking::TooLarge));
        let mut cut = packed(&text);
        cut.truncate(cut.len() - 4);
        assert_eq!(unpacked(cut, true, 100), Err(Unpacking::Broken));
    }
}
