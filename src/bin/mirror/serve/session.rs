//! A platform for people: a form to sign in with, a cookie, one session at a time.

use crate::serve::http::{Kind, Response};
use crate::serve::pages::{self, Dialect};
use crate::serve::site::{PASSWORD, USER, Visit};

/// After so many wrong passwords a picture is asked for, until the server forgets.
const MOST_FAILED_LOGINS: u32 = 5;

pub fn answer(visit: &Visit, path: &str) -> Response {
    if path == "/login" {
        return login(visit);
    }
    let sent = visit.request.cookie("JSESSIONID");
    if visit.strikes("session-kicked") {
        visit.site.state().session = None;
    }
    if sent.is_none() || visit.site.state().session.as_deref() != sent {
        return Dialect::Session.error(Kind::Page, "401", "登录已失效，您的账号在其他地方登录");
    }
    match path.trim_matches('/').split_once('/') {
        Some((topic, "page")) => pages::answer(visit, Dialect::Session, topic, ("pageNumber", "pageSize"), 1),
        _ => Response::html(404, Kind::Word, "404"),
    }
}

/// A new session, which ends the one before.
fn login(visit: &Visit) -> Response {
    let request = visit.request;
    let is_right = request.parameter("username").as_deref() == Some(USER)
        && request.parameter("password").as_deref() == Some(PASSWORD);
    let picture = visit.strikes("captcha");
    let refused = visit.strikes("login-refused");
    let mut state = visit.site.state();
    if picture || state.failed_logins >= MOST_FAILED_LOGINS {
        return Dialect::Session.error(Kind::Word, "405", "请输入验证码");
    }
    if !is_right || refused || request.method != "POST" {
        state.failed_logins += 1;
        return Dialect::Session.error(Kind::Word, "403", "用户名或密码错误");
    }
    state.failed_logins = 0;
    let id = format!("s-{}-{}", visit.site.seed, state.count("session"));
    state.session = Some(id.clone());
    Dialect::Session
        .success(Kind::Word, "{}")
        .with("Set-Cookie", format!("JSESSIONID={id}; Path=/session; HttpOnly"))
}
