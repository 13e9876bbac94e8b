//! Answers on the wire, whole or broken.

use std::io::{self, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use socket2::SockRef;

use crate::serve::http::{Kind, Response, reason};
use crate::serve::site::{Visit, http_date};

/// How long a server that never answers keeps the connection.
const SILENCE: Duration = Duration::from_mins(10);
const MANY_HEADERS: usize = 100_000;
const BOMB_BYTES: usize = 1_400_000_000;
/// From here on text is worth compressing.
const WORTH_GZIP: usize = 1_024;

/// The two ends that an answer needs: what writes, and the socket below it.
pub struct Line<'a> {
    pub out: &'a mut dyn Write,
    pub socket: &'a TcpStream,
}

/// Faults that put another answer in the place of the right one.
fn instead(visit: &Visit, answer: Response) -> Response {
    let kind = answer.kind;
    let strikes = |name: &str| visit.is_open_to(kind, name) && visit.strikes(name);
    for (name, status) in [("500", 500), ("503", 503), ("401", 401), ("403", 403), ("404", 404)] {
        if strikes(name) {
            return Response::html(status, kind, name);
        }
    }
    let later = http_date(visit.site.now_ms() + 2_000);
    let waits = [
        ("429", None),
        ("429-seconds", Some("1")),
        ("429-date", Some(later.as_str())),
        ("429-minus", Some("-1")),
        ("429-huge", Some("1000000000")),
    ];
    for (name, wait) in waits {
        if strikes(name) {
            let refused = Response::html(429, kind, "Too Many Requests");
            return wait.into_iter().fold(refused, |refused, wait| refused.with("Retry-After", wait));
        }
    }
    let stranger = format!("{}/stolen", visit.site.origins.stranger);
    let again = format!("{}?{}", visit.request.path, visit.request.query);
    let plain = format!("{}{again}", visit.site.origins.main.replacen("https:", "http:", 1));
    let places = [
        ("redirect-host", stranger.as_str()),
        ("redirect-file", "file:///etc/passwd"),
        ("redirect-metadata", "http://169.254.169.254/latest/meta-data/"),
        ("redirect-v6", "http://[::1]/"),
        ("redirect-hex", "http://0x7f000001/"),
        ("redirect-plain", plain.as_str()),
        ("redirect-loop", again.as_str()),
    ];
    for (name, place) in places {
        if strikes(name) {
            return Response::html(302, kind, "302").with("Location", place);
        }
    }
    if strikes("login-page") { Response::html(200, kind, "用户登录") } else { answer }
}

/// Sends an answer; returns whether the connection can be used again, and the status for the log.
pub fn send(visit: &Visit, origin: &str, answer: Response, line: &mut Line) -> io::Result<bool> {
    let mut answer = instead(visit, answer);
    let kind = answer.kind;
    let strikes = |name: &str| visit.is_open_to(kind, name) && visit.strikes(name);
    let cuts = Cuts::of(&strikes);
    pack(visit, &mut answer, &strikes)?;
    visit.log(origin, answer.status, answer.body.len());
    if answer.lost || cuts == Some(Cuts::CloseEarly) {
        return Ok(false);
    }
    if cuts == Some(Cuts::Silent) {
        thread::sleep(SILENCE);
        return Ok(false);
    }
    let mut head = format!("HTTP/1.1 {} {}\r\n", answer.status, reason(answer.status)).into_bytes();
    head.extend(format!("Date: {}\r\n", http_date(visit.site.now_ms())).into_bytes());
    for (name, value) in &answer.headers {
        head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    if strikes("headers-many") {
        for number in 0..MANY_HEADERS {
            head.extend(format!("X-{number}: {number}\r\n").into_bytes());
        }
    }
    let closes = cuts.is_some() || answer.cut.is_some();
    if closes {
        head.extend(b"Connection: close\r\n");
    }
    body(&answer, head, cuts, line)?;
    line.out.flush()?;
    Ok(!closes)
}

/// Ways in which a connection ends or an answer is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cuts {
    Silent,
    CloseEarly,
    Reset,
    LengthLong,
    LengthShort,
    LengthTwice,
    NoLength,
    Chunked,
    Dribble,
}

impl Cuts {
    fn of(strikes: &dyn Fn(&str) -> bool) -> Option<Self> {
        let cases = [
            ("silent", Self::Silent),
            ("close-early", Self::CloseEarly),
            ("reset", Self::Reset),
            ("length-long", Self::LengthLong),
            ("length-short", Self::LengthShort),
            ("length-twice", Self::LengthTwice),
            ("no-length-cut", Self::NoLength),
            ("chunked-cut", Self::Chunked),
            ("dribble", Self::Dribble),
        ];
        cases.into_iter().find(|(name, _)| strikes(name)).map(|(_, cuts)| cuts)
    }
}

fn body(answer: &Response, mut head: Vec<u8>, cuts: Option<Cuts>, line: &mut Line) -> io::Result<()> {
    let bytes = answer.body.as_slice();
    let half = &bytes[..bytes.len() / 2];
    let length = match cuts {
        Some(Cuts::LengthLong) => Some(bytes.len() + 1_000),
        Some(Cuts::LengthShort) => Some(half.len()),
        Some(Cuts::NoLength | Cuts::Chunked) => None,
        // There is no body to have a length.
        _ if answer.status == 304 => None,
        _ => Some(bytes.len()),
    };
    if let Some(length) = length {
        head.extend(format!("Content-Length: {length}\r\n").into_bytes());
    }
    match cuts {
        Some(Cuts::LengthTwice) => head.extend(format!("Content-Length: {}\r\n", half.len()).into_bytes()),
        Some(Cuts::Chunked) => {
            head.extend(format!("Transfer-Encoding: chunked\r\n\r\n{:x}", bytes.len()).into_bytes());
        }
        _ => {}
    }
    head.extend(b"\r\n");
    let sent = match cuts {
        Some(Cuts::Reset | Cuts::NoLength | Cuts::Chunked) => half,
        _ => &bytes[..answer.cut.unwrap_or(bytes.len())],
    };
    line.out.write_all(&head)?;
    match cuts {
        Some(Cuts::Dribble) => {
            for byte in sent {
                line.out.write_all(&[*byte])?;
                line.out.flush()?;
                thread::sleep(Duration::from_secs(1));
            }
        }
        Some(Cuts::Reset) => {
            line.out.write_all(sent)?;
            line.out.flush()?;
            // What was sent arrives before the reset.
            thread::sleep(Duration::from_millis(50));
            SockRef::from(line.socket).set_linger(Some(Duration::ZERO))?;
        }
        _ => line.out.write_all(sent)?,
    }
    Ok(())
}

const GZIP: [&str; 5] = ["gzip-cut", "gzip-crc", "gzip-junk", "gzip-twice", "gzip-bomb"];

/// Compresses what is worth it where the client takes it, and everything where a fault needs it.
fn pack(visit: &Visit, answer: &mut Response, strikes: &dyn Fn(&str) -> bool) -> io::Result<()> {
    let takes = visit.request.header("accept-encoding").is_some_and(|takes| takes.contains("gzip"));
    let is_page = answer.kind == Kind::Page && answer.status == 200 && answer.body.len() >= WORTH_GZIP;
    let fault = GZIP.into_iter().find(|name| strikes(name));
    if fault.is_none() && !(takes && is_page) {
        return Ok(());
    }
    let mut packed = if fault == Some("gzip-bomb") { bomb()? } else { gzip(&answer.body)? };
    match fault {
        Some("gzip-cut") => packed.truncate(packed.len() / 2),
        Some("gzip-crc") => {
            // The last eight bytes are CRC and length.
            let crc = packed.len() - 8;
            packed[crc] ^= 0xff;
        }
        Some("gzip-junk") => packed.extend(b"junkjunk"),
        Some("gzip-twice") => packed = gzip(&packed)?,
        _ => {}
    }
    answer.headers.push(("Content-Encoding", b"gzip".to_vec()));
    answer.body = packed;
    Ok(())
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn bomb() -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let blanks = vec![b' '; 1 << 20];
    for _ in 0..BOMB_BYTES >> 20 {
        encoder.write_all(&blanks)?;
    }
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use std::io::Read;

    #[test]
    fn a_bomb_is_small_until_it_goes_off() {
        let bomb = bomb().unwrap();
        assert!(bomb.len() < 2_000_000, "{}", bomb.len());
        let mut beginning = [0; 4];
        GzDecoder::new(&bomb[..]).read_exact(&mut beginning).unwrap();
        assert_eq!(&beginning, b"    ");
    }
}
