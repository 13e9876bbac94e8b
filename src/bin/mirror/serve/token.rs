//! A platform with short-lived tokens, or requests signed by MD5 or SM3; pages are counted from 0.

use md5::{Digest, Md5};
use serde_json::json;
use sm3::Sm3;

use crate::serve::http::{Kind, Request, Response};
use crate::serve::pages::{self, Dialect};
use crate::serve::site::{APPID, SECRET, Visit};

/// Pages that a token gives.
const PAGES_A_TOKEN: u32 = 50;
const PAGES_A_SHORT_TOKEN: u32 = 7;

pub fn answer(visit: &Visit, path: &str) -> Response {
    if path == "/auth/token" {
        return token(visit);
    }
    let is_known = match visit.request.parameter("sign") {
        Some(algorithm) => is_signed(visit.request, &algorithm),
        None => has_token(visit),
    };
    if !is_known || visit.strikes("token-dead") {
        return Dialect::Token.error(Kind::Page, "401", "token无效或已过期");
    }
    match path.trim_matches('/').split_once('/') {
        Some((topic, "page")) => pages::answer(visit, Dialect::Token, topic, ("pageIndex", "limit"), 0),
        _ => Response::html(404, Kind::Word, "404"),
    }
}

/// A new token, which ends the one before.
fn token(visit: &Visit) -> Response {
    let request = visit.request;
    let is_right = request.parameter("appid").as_deref() == Some(APPID)
        && request.parameter("secret").as_deref() == Some(SECRET);
    if visit.strikes("captcha") {
        return Dialect::Token.error(Kind::Word, "405", "请输入验证码");
    }
    if !is_right || request.method != "POST" || visit.strikes("login-refused") {
        return Dialect::Token.error(Kind::Word, "403", "应用密钥错误");
    }
    let short = visit.strikes("token-expires");
    let mut state = visit.site.state();
    let token = format!("t-{}-{}", visit.site.seed, state.count("token"));
    state.token = Some((token.clone(), if short { PAGES_A_SHORT_TOKEN } else { PAGES_A_TOKEN }));
    Dialect::Token.success(Kind::Word, &json!({ "token": token, "expires_in": 600 }).to_string())
}

fn has_token(visit: &Visit) -> bool {
    let sent = visit.request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    match &mut visit.site.state().token {
        Some((token, left @ 1..)) if Some(token.as_str()) == sent => {
            *left -= 1;
            true
        }
        _ => false,
    }
}

/// The sign is the hash of appid, ms, nonce and secret.
fn is_signed(request: &Request, algorithm: &str) -> bool {
    let header = |name: &str| request.header(name).unwrap_or_default();
    let text = format!("{APPID}{}{}{SECRET}", header("x-ms"), header("x-nonce"));
    let sign = match algorithm {
        "md5" => hex(&Md5::digest(text)),
        "sm3" => hex(&Sm3::digest(text)),
        _ => return false,
    };
    header("x-appid") == APPID && header("x-sign").eq_ignore_ascii_case(&sign)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
