//! The bytes of an answer as JSON, and what the platform says of it.

use encoding_rs::GB18030;
use serde_json::Value;

use super::definition::{ErrorKind, Source};

/// What an answer is.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    Good(Value),
    /// The platform says that it failed, in words that the definition knows.
    Known(ErrorKind),
    /// It says that it failed, in other words; `code` is what stands where `ok` looks.
    Refused {
        code: String,
    },
    /// Not JSON: a login page, a page of an intermediary, half an answer.
    NotJson {
        what: &'static str,
    },
}

/// Reads an answer. The bytes decide the encoding, as headers often lie: UTF-8 where they are, GB 18030 where they
/// are not and can be.
#[must_use]
pub fn read(source: &Source, bytes: &[u8]) -> Reply {
    let Some(text) = decoded(bytes) else { return Reply::NotJson { what: "bytes that are no text" } };
    let text = text.trim_start_matches('\u{feff}').trim();
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => {
            let what = if text.is_empty() {
                "nothing"
            } else if text.starts_with('<') {
                "a page"
            } else if error.is_eof() {
                "JSON that is cut off"
            } else {
                "no JSON"
            };
            return Reply::NotJson { what };
        }
    };
    judge(source, value)
}

fn decoded(bytes: &[u8]) -> Option<String> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Some(text.to_owned());
    }
    GB18030.decode_without_bom_handling_and_without_replacement(bytes).map(std::borrow::Cow::into_owned)
}

fn judge(source: &Source, value: Value) -> Reply {
    let Some(ok) = &source.ok else { return Reply::Good(value) };
    let said = ok.path.text(&value).unwrap_or_default();
    if ok.values.contains(&said) {
        return Reply::Good(value);
    }
    for rule in &source.error {
        let Some(text) = rule.path.text(&value) else { continue };
        if rule.values.contains(&text) || rule.has.as_ref().is_some_and(|has| text.contains(has.as_str())) {
            return Reply::Known(rule.is);
        }
    }
    // A code is shown, other words are not: they may quote a row.
    let is_code =
        said.len() <= 12 && said.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    Reply::Refused { code: if is_code { said } else { "…".to_owned() } }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::super::definition;
    use super::*;

    fn source() -> Source {
        let text = r#"
[source.a]
base = "https://a.example"
ok = { path = "code", in = ["0", "00"] }
error = [{ path = "code", in = ["401"], is = "reauth" }, { path = "msg", has = "频繁", is = "slow" }]
[[source.a.pull]]
dataset = "students"
years = "2024"
get = "/x"
query = { p = "{page}" }
page = { size = 10, rows = "data", total = "total", key = "id" }
"#;
        let files = [("a.toml".to_owned(), text.to_owned())];
        definition::read(&files, &BTreeSet::from(["students"])).unwrap().remove(0)
    }

    #[test]
    fn only_a_code_that_is_listed_is_good() {
        let read = |text: &str| read(&source(), text.as_bytes());
        assert!(matches!(read(r#"{"code":"0"}"#), Reply::Good(_)));
        assert!(matches!(read(r#"{"code":0}"#), Reply::Good(_)));
        assert_eq!(read(r#"{"data":[]}"#), Reply::Refused { code: String::new() });
        assert_eq!(read(r#"{"code":500,"msg":"x","data":[]}"#), Reply::Refused { code: "500".to_owned() });
        assert_eq!(read(r#"{"code":1,"msg":"操作过于频繁"}"#), Reply::Known(ErrorKind::Slow));
        assert_eq!(read(r#"{"code":401}"#), Reply::Known(ErrorKind::Reauth));
        assert_eq!(read(r#"{"code":"王小明 不存在"}"#), Reply::Refused { code: "…".to_owned() });
    }

    #[test]
    fn bytes_decide_the_encoding() {
        let (bytes, _, _) = GB18030.encode(r#"{"code":"0","data":"临汾"}"#);
        assert_eq!(read(&source(), &bytes), Reply::Good(json!({"code": "0", "data": "临汾"})));
        assert_eq!(read(&source(), b"\xef\xbb\xbf{\"code\":0}"), Reply::Good(json!({"code": 0})));
    }

    #[test]
    fn a_page_and_half_an_answer_are_not_data() {
        let what = |text: &str| match read(&source(), text.as_bytes()) {
            Reply::NotJson { what } => what,
            reply => panic!("{reply:?}"),
        };
        assert_eq!(what("<html>登录</html>"), "a page");
        assert_eq!(what("{\"code\":\"0\",\"da"), "JSON that is cut off");
        assert_eq!(what(" "), "nothing");
        assert_eq!(what("ok"), "no JSON");
    }
}
