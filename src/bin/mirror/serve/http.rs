//! As much of HTTP/1.1 as a server needs that also breaks it.

use std::io::{self, BufRead};

use serde_json::Value;

const MOST_HEADERS: usize = 100;
const MOST_HEAD: usize = 64 * 1024;
const MOST_BODY: usize = 1024 * 1024;

#[derive(Debug, Default)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// As sent, after the `?`.
    pub query: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// `None` where the other side is done.
    pub fn read(stream: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read_until(b'\n', &mut head)? == 0 || head.len() > MOST_HEAD {
                return Ok(None);
            }
        }
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        parsed.parse(&head).map_err(io::Error::other)?;
        let target = parsed.path.unwrap_or("/");
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut request = Self {
            method: parsed.method.unwrap_or_default().to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: parsed.headers.iter().map(|h| (h.name.to_lowercase(), text(h.value))).collect(),
            body: Vec::new(),
        };
        let length = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        if length > MOST_BODY {
            return Ok(None);
        }
        request.body = vec![0; length];
        stream.read_exact(&mut request.body)?;
        Ok(Some(request))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// A parameter of the query, of a form, or of the top of a JSON body.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let within = |text: &[u8]| {
            let mut pairs = form_urlencoded::parse(text);
            pairs.find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
        };
        within(self.query.as_bytes()).or_else(|| match serde_json::from_slice::<Value>(&self.body) {
            Ok(json) => match &json[name] {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            },
            Err(_) => within(&self.body),
        })
    }

    pub fn number(&self, name: &str) -> Option<usize> {
        self.parameter(name)?.parse().ok()
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let cookies = self.header("cookie")?.split(';').map(str::trim);
        cookies
            .filter_map(|cookie| cookie.split_once('='))
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value)
    }
}

/// Which faults an answer is subject to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Page,
    File,
    /// A login, a list, the state of a job.
    Word,
    /// What tests use to steer the server: nothing goes wrong here.
    Control,
}

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub kind: Kind,
    pub headers: Vec<(&'static str, Vec<u8>)>,
    pub body: Vec<u8>,
    /// The connection is dropped instead of answering.
    pub lost: bool,
    /// So many bytes of the body are sent, and then nothing.
    pub cut: Option<usize>,
}

impl Response {
    pub fn new(status: u16, kind: Kind, media: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Content-Type", media.as_bytes().to_vec())];
        Self { status, kind, headers, body: body.into(), lost: false, cut: None }
    }

    pub fn json(kind: Kind, body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, kind, "application/json;charset=utf-8", body)
    }

    pub fn html(status: u16, kind: Kind, title: &str) -> Self {
        let body =
            format!("<!DOCTYPE html><html><head><title>{title}</title></head><body>{title}</body></html>");
        Self::new(status, kind, "text/html;charset=utf-8", body)
    }

    pub fn lost() -> Self {
        Self { lost: true, ..Self::json(Kind::Word, "") }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

pub fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        302 => "Found",
        400 => "Bad Request",
        304 => "Not Modified",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_come_by_query_form_and_json() {
        let mut sent: &[u8] =
            b"POST /xs/page?xn=2024&q=%E4%B8%AD HTTP/1.1\r\nHost: x\r\nCookie: a=1; JSESSIONID=s\r\n\
            Content-Length: 12\r\n\r\n{\"page\": 3} ";
        let request = Request::read(&mut sent).unwrap().unwrap();
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/xs/page"));
        assert_eq!(request.parameter("q").unwrap(), "中");
        assert_eq!((request.number("xn"), request.number("page")), (Some(2024), Some(3)));
        assert_eq!(request.cookie("JSESSIONID"), Some("s"));
        let form = Request { body: b"username=bureau&password=pass-1".to_vec(), ..Request::default() };
        assert_eq!(form.parameter("password").unwrap(), "pass-1");
        assert!(Request::read(&mut &b"GET / HTT"[..]).unwrap().is_none());
    }
}
