//! The exchange platform of a province: every request is signed, pages are counted from 1.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::serve::http::{Kind, Response};
use crate::serve::pages::{self, Dialect};
use crate::serve::site::{KEY, SID, Visit};

/// How far a request's clock may be off.
const MOST_SKEW_MS: i64 = 300_000;

pub fn answer(visit: &Visit, path: &str) -> Response {
    if path == "/time" {
        let data = format!("{{\"ms\":{}}}", visit.site.now_ms());
        return Dialect::Gateway.success(Kind::Word, &data);
    }
    if let Err(refused) = signed(visit, Kind::Page) {
        return refused;
    }
    match path.trim_matches('/').split_once('/') {
        Some((topic, "page")) => pages::answer(visit, Dialect::Gateway, topic, ("pageNo", "pageSize"), 1),
        _ => Response::html(404, Kind::Word, "404"),
    }
}

/// Whether a request is signed as agreed, now, and for the first time.
pub fn signed(visit: &Visit, kind: Kind) -> Result<(), Response> {
    let header = |name: &str| visit.request.header(name).unwrap_or_default();
    let refused = |code, message| Err(Dialect::Gateway.error(kind, code, message));
    let (sid, rid, ms) = (header("gjgxjhpt_sid"), header("gjgxjhpt_rid"), header("gjgxjhpt_ms"));
    if sid != SID
        || signature(&format!("{sid}{rid}{ms}")) != header("gjgxjhpt_sign")
        || visit.strikes("sign-refused")
    {
        return refused("403", "签名错误");
    }
    let skew = ms.parse().unwrap_or(0i64).abs_diff(visit.site.now_ms());
    if skew > MOST_SKEW_MS.unsigned_abs() {
        // Which fault this is of, if any, is for the log.
        visit.strikes("clock-11");
        return refused("401", "时间戳已过期");
    }
    let nonce = header("nonce");
    let is_used = nonce.is_empty() || !visit.site.state().nonces.insert(nonce.to_owned());
    if is_used || visit.strikes("nonce-refused") {
        return refused("402", "随机数已使用");
    }
    Ok(())
}

fn signature(text: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()) else { return String::new() };
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_openssl() {
        // printf sid-1rid-11700000000000 | openssl dgst -sha256 -hmac key-1 -binary | base64
        assert_eq!(signature("sid-1rid-11700000000000"), "CbA9Stvfd1A6oTqTuVcu8BMQx/dUwp/J3RYKf5u8D7s=");
    }
}
