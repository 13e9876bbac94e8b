//! What goes wrong, each under a name, with what a client must make of it.

use std::fmt;

use serde::Serialize;

use crate::numbers::rng::Rng;

/// How a night with the fault must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Tried again within bounds, then the source failed; the earlier delivery stays.
    Transient,
    /// One attempt, and no other until a person changed something.
    Auth,
    /// Asked for once more, then refused: what came cannot be shown to be all.
    Unproven,
    /// Proven and set aside.
    Harmful,
    /// Nothing new, and known to be so.
    Unchanged,
    /// Published; the figures are those of the truth wherever no row had to be kept out.
    Fine,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transient => "transient",
            Self::Auth => "auth",
            Self::Unproven => "unproven",
            Self::Harmful => "harmful",
            Self::Unchanged => "unchanged",
            Self::Fine => "fine",
        })
    }
}

#[derive(Debug, Serialize)]
pub struct Case {
    pub name: &'static str,
    /// What the server does, and to which answers.
    pub happens: &'static str,
    /// While the fault lasts; the first is the best, the others are right too.
    pub outcomes: &'static [Outcome],
    pub client: &'static str,
}

use Outcome::{Auth, Fine, Harmful, Transient, Unchanged, Unproven};

const fn case(
    name: &'static str,
    outcomes: &'static [Outcome],
    happens: &'static str,
    client: &'static str,
) -> Case {
    Case { name, happens, outcomes, client }
}

const RETRIES: &str = "tries again a bounded number of times, never counts a row twice";
const REFUSES: &str = "asks once more, then refuses the delivery";
const NEVER_FOLLOWS: &str = "does not follow, sends no credential there, does not try again";
const ONE_LOGIN: &str = "one attempt, then waits for another secret";
const KEPT_OUT: &str = "these rows are kept out and the others loaded";
const SET_ASIDE: &str = "set aside; the earlier delivery stays";

/// HTTP itself: strikes pages and files of every dialect.
#[rustfmt::skip]
const WIRE: &[Case] = &[
    case("silent", &[Transient], "accepts the request and never answers", "gives up at its deadline"),
    case("close-early", &[Transient], "closes the connection without an answer", RETRIES),
    case("reset", &[Transient], "resets the connection in the middle of the body", RETRIES),
    case("length-long", &[Transient], "Content-Length is larger than the body", RETRIES),
    case("length-short", &[Unproven, Transient], "Content-Length is half of the body", REFUSES),
    case("length-twice", &[Transient, Unproven], "two Content-Length headers that differ", REFUSES),
    case("no-length-cut", &[Unproven, Transient], "no length, closed after half of the body", REFUSES),
    case("chunked-cut", &[Transient], "chunked, closed in the middle of a chunk", RETRIES),
    case("dribble", &[Transient], "one byte a second", "gives up below its minimum rate"),
    case("headers-many", &[Transient], "100,000 response headers", "gives up, memory bounded"),
    case("gzip-cut", &[Transient, Unproven], "gzip stream cut, with the length of what is sent", RETRIES),
    case("gzip-crc", &[Transient, Unproven], "gzip with a wrong CRC", RETRIES),
    case("gzip-junk", &[Fine, Unproven], "8 bytes of junk after the gzip stream", "never reads the junk as data"),
    case("gzip-twice", &[Fine, Unproven], "compressed twice under one Content-Encoding", "content decides"),
    case("gzip-bomb", &[Unproven, Transient], "1.3 MB of gzip, 1.4 GB of blanks", "stops at its cap of decoded bytes"),
    case("500", &[Transient], "500 with a page of HTML", RETRIES),
    case("503", &[Transient], "503", RETRIES),
    case("401", &[Auth], "401", "signs in anew once at most"),
    case("403", &[Auth], "403", ONE_LOGIN),
    case("404", &[Unproven, Transient], "404", "does not try again"),
    case("429", &[Transient], "429 without Retry-After", "waits a while of its own, bounded"),
    case("429-seconds", &[Transient], "429 with Retry-After: 1", "waits that long"),
    case("429-date", &[Transient], "429 with Retry-After as a date in 2 seconds", "waits that long"),
    case("429-minus", &[Transient], "429 with Retry-After: -1", "waits a while of its own"),
    case("429-huge", &[Transient], "429 with Retry-After: 1000000000", "caps the wait, or gives up at once"),
    case("redirect-host", &[Unproven, Auth, Transient], "302 to an origin that is not allowed", NEVER_FOLLOWS),
    case("redirect-file", &[Unproven, Auth, Transient], "302 to file:///etc/passwd", NEVER_FOLLOWS),
    case("redirect-metadata", &[Unproven, Auth, Transient], "302 to http://169.254.169.254/", NEVER_FOLLOWS),
    case("redirect-v6", &[Unproven, Auth, Transient], "302 to http://[::1]/", NEVER_FOLLOWS),
    case("redirect-hex", &[Unproven, Auth, Transient], "302 to http://0x7f000001/", NEVER_FOLLOWS),
    case("redirect-plain", &[Unproven, Auth, Transient], "302 to the same address without TLS", NEVER_FOLLOWS),
    case("redirect-loop", &[Unproven, Auth, Transient], "302 to itself", "ends, at its cap of redirects at the latest"),
    case("login-page", &[Auth, Unproven], "200 with the login page as HTML", "never data; signs in anew once at most"),
];

/// Pages of the paged dialects: how they are written.
#[rustfmt::skip]
const TEXT: &[Case] = &[
    case("bom", &[Fine], "a byte order mark before the JSON", "reads over it"),
    case("gbk", &[Fine, Unproven], "GBK under charset=utf-8", "names are right, or the pull is refused"),
    case("gbk-page", &[Fine, Unproven], "the second page in GBK, all under charset=utf-8", "as gbk"),
    case("json-cut", &[Unproven, Transient], "the array of rows ends in its middle, of the length said", REFUSES),
    case("json-nan", &[Unproven, Transient], "NaN as a value", REFUSES),
    case("json-comma", &[Unproven, Transient], "a comma after the last row", REFUSES),
    case("json-two", &[Unproven, Transient], "two documents, one after the other", REFUSES),
    case("json-deep", &[Unproven, Transient], "200 nested arrays", "refuses; its stack holds"),
    case("long-line", &[Fine], "64 MiB of blanks within the answer", "memory stays bounded"),
    case("code-number", &[Fine], "`code` is 0 where it was \"0\"", "compares as text"),
    case("code-absent", &[Transient, Unproven], "no `code`", "an error, never 0 rows"),
    case("data-text", &[Fine], "`data` is JSON within a string", "reads what is in it, where the source says `inner`"),
    case("error-200", &[Transient, Unproven], "code 500 and no rows, within a 200", "never 0 rows"),
    case("one-text", &[Transient, Unproven], "`查询无数据或参数错误` and no rows", "never 0 rows"),
    case("throttle-200", &[Transient], "`请求过于频繁` within a 200", "slows down and tries again"),
    case("quota", &[Transient], "`今日调用次数超过配额` within a 200", "asks no more today"),
];

/// Pages of the paged dialects: which rows they hold, and what is in them.
#[rustfmt::skip]
const PAGES: &[Case] = &[
    case("page-repeated", &[Unproven], "the third page is the second again", REFUSES),
    case("page-skipped", &[Unproven], "the third page is left out", REFUSES),
    case("page-capped", &[Fine], "pages of 100 rows at most, whatever is asked", "goes by what comes"),
    case("endless-pages", &[Unproven], "after the end come rows that the total does not count", REFUSES),
    case("past-end-last", &[Fine], "after the end comes the last page again", "a repeat is an end"),
    case("past-end-first", &[Fine], "after the end comes the first page again", "a repeat is an end"),
    case("total-changes", &[Unproven], "another total in every answer", "restarts twice at most, then refuses"),
    case("total-stuck", &[Unproven], "the total is never above 10,000, or a third of the rows", REFUSES),
    case("window", &[Harmful, Unproven], "total and rows both end at 10,000, or a third of the rows", SET_ASIDE),
    case("total-comma", &[Fine, Unproven], "the total as \"1,234\"", "reads it as a number"),
    case("total-null", &[Fine, Unproven], "the total is null after the first page", "never taken as 0"),
    case("total-absent", &[Unproven], "no total at all", REFUSES),
    case("one-twice", &[Unproven], "the total is right, one pupil is there twice and one is missing", REFUSES),
    case("row-inserted", &[Unproven], "a row comes in before the first between two pages, or goes", "restarts twice at most"),
    case("key-absent", &[Unproven], "a row without its id", REFUSES),
    case("year-ignored", &[Unproven, Harmful], "all years at once whatever is asked", "sees it by the echo"),
    case("last-year", &[Unproven, Harmful], "the oldest year whatever is asked, in files too", "sees it by the echo, or E-PERIOD"),
    case("empty", &[Harmful, Unproven], "no rows, total 0, everything right", SET_ASIDE),
    case("half", &[Harmful], "the first half of the rows with its total", SET_ASIDE),
    case("school-missing", &[Harmful], "no row of one school, with the total of the others", SET_ASIDE),
    case("masked", &[Harmful], "names and IDs starred out", "E-MASKED, set aside"),
    case("id-number", &[Fine], "the ID of every 500th row as a JSON number", KEPT_OUT),
    case("id-float", &[Fine], "the ID of every 500th row as 1.42601200901011E17", KEPT_OUT),
    case("key-twice", &[Fine, Unproven], "a name twice in every 500th row, with two values", KEPT_OUT),
    case("field-new", &[Fine], "a field that no definition has", "W-SCHEMA-NEW"),
    case("nulls", &[Fine], "a phone number as null, absent, empty, 无, / or —", "all of them are no value"),
    case("order-other", &[Unchanged, Fine], "the rows of before in another order", "sees that nothing changed"),
    case("ms-times", &[Fine], "dates of birth in ms, local midnight", "the day in China, never the day before"),
];

/// Who one is.
#[rustfmt::skip]
const SIGNING: &[Case] = &[
    case("clock-11", &[Fine], "the server's clock is 11 minutes ahead", "learns the offset and signs by it"),
    case("nonce-refused", &[Transient, Auth, Unproven], "says the nonce was used", "takes another for another attempt"),
    case("sign-refused", &[Auth], "says the signature is wrong", ONE_LOGIN),
    case("token-expires", &[Fine], "a token lasts 7 pages, and a new one ends all others", "one refresh at a time"),
    case("token-dead", &[Auth], "every token is refused at once", "signs in anew once, then stops"),
    case("login-refused", &[Auth], "the password is wrong", ONE_LOGIN),
    case("captcha", &[Auth], "the login asks for a picture", ONE_LOGIN),
    case("session-kicked", &[Auth], "another login ended the session", "signs in anew, a bounded number of times"),
];

/// Jobs, lists of files, and files.
#[rustfmt::skip]
const FILES: &[Case] = &[
    case("job-exists", &[Fine], "`已有任务` on create, and the list has it", "adopts it"),
    case("create-lost", &[Fine, Transient], "the job is made and the answer lost", "finds it, and makes no second"),
    case("job-failed", &[Transient, Unproven], "the job ends as FAILED", "says so, within bounds"),
    case("job-forever", &[Transient], "the job never ends", "stops at its longest wait"),
    case("job-two-of-three", &[Unproven], "SUCCESS with one file less than it counts", REFUSES),
    case("job-404", &[Transient, Unproven], "done, but every file is 404: for a while with a number of times", "waits a while"),
    case("url-expires", &[Fine, Transient], "each URL is good for half a download", "polls again for another URL"),
    case("cut-resumable", &[Fine], "the first answer to each file is cut, ranges are served", "goes on by Range"),
    case("range-ignored", &[Fine], "cut, and a range is answered with the whole", "starts again, nothing doubled"),
    case("range-other", &[Fine, Unproven], "cut, and a range is answered with another range", "starts again"),
    case("etag-between", &[Fine], "cut, and the ETag is another when asked for the rest", "starts again"),
    case("304-always", &[Unproven, Transient], "304 although nothing was asked about", "never taken as unchanged"),
    case("stamp-new", &[Unchanged, Fine], "new ETag and Last-Modified, the bytes of before", "sees that nothing changed"),
    case("disposition", &[Fine], "Content-Disposition ../../etc/cron.d/x.csv in GBK", "a label, never a path"),
    case("sha-wrong", &[Unproven], "the list has another SHA-256", REFUSES),
    case("size-wrong", &[Unproven], "the list has another length", REFUSES),
    case("rows-wrong", &[Unproven], "the list counts one row more", REFUSES),
    case("list-empty", &[Unproven, Harmful], "the list has no file", "never nothing where there was something"),
    case("file-gone", &[Unproven, Transient], "a file of the list is 404", "refuses the delivery"),
    case("same-size-time", &[Fine], "a file changes, its size and time in the list do not", "sees the change"),
];

pub fn all() -> impl Iterator<Item = &'static Case> {
    [WIRE, TEXT, PAGES, SIGNING, FILES].into_iter().flatten()
}

/// A fault that is switched on: `NAME[:TIMES][@TEXT]`.
#[derive(Debug, Clone, Serialize)]
pub struct Active {
    pub name: &'static str,
    /// How often it still strikes; always if absent.
    pub left: Option<u32>,
    /// Only where the path and query have this; pages and files otherwise.
    pub only: Option<String>,
    pub outcomes: &'static [Outcome],
}

impl Active {
    fn of(case: &'static Case, left: Option<u32>, only: Option<String>) -> Self {
        Self { name: case.name, left, only, outcomes: case.outcomes }
    }
}

/// Faults by name, or drawn by a seed.
pub fn parse(text: &str) -> Result<Vec<Active>, String> {
    // Statuses are numbers too.
    if let Ok(seed) = text.parse()
        && !all().any(|case| case.name == text)
    {
        return Ok(drawn(seed));
    }
    text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(parse_one).collect()
}

fn parse_one(text: &str) -> Result<Active, String> {
    let (rest, only) = text.split_once('@').map_or((text, None), |(rest, only)| (rest, Some(only)));
    let (name, times) = rest.split_once(':').map_or((rest, None), |(name, times)| (name, Some(times)));
    let case = all()
        .find(|case| case.name == name)
        .ok_or_else(|| format!("no fault `{name}`: see --list-faults"))?;
    let left = times.map(|times| times.parse().map_err(|_| format!("`{times}` is no number of times")));
    Ok(Active::of(case, left.transpose()?, only.map(str::to_owned)))
}

/// One or two faults that strike once to three times each.
fn drawn(seed: u64) -> Vec<Active> {
    let mut rng = Rng::stream(seed, "faults of the server", 0);
    let mut cases: Vec<&Case> = all().collect();
    rng.shuffle(&mut cases);
    let count = rng.between(1, 2);
    cases.into_iter().take(count).map(|case| Active::of(case, Some([1, 2, 3][rng.below(3)]), None)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_fault_has_one_name_and_the_server_knows_it() {
        let names: BTreeSet<&str> = all().map(|case| case.name).collect();
        assert_eq!(names.len(), all().count());
        let server = [
            include_str!("wire.rs"),
            include_str!("pages.rs"),
            include_str!("gateway.rs"),
            include_str!("token.rs"),
            include_str!("session.rs"),
            include_str!("jobs.rs"),
            include_str!("files.rs"),
            include_str!("site.rs"),
        ]
        .concat();
        for case in all() {
            assert!(server.contains(&format!("\"{}\"", case.name)), "{} never strikes", case.name);
            assert!(!case.outcomes.is_empty());
        }
    }

    #[test]
    fn faults_are_read_with_times_and_places() {
        let faults = parse("503:2@/xs/page, 404").unwrap();
        assert_eq!(
            (faults[0].name, faults[0].left, faults[0].only.as_deref()),
            ("503", Some(2), Some("/xs/page"))
        );
        assert_eq!((faults[1].name, faults[1].left), ("404", None));
        assert_eq!(parse("404").unwrap()[0].name, "404");
        assert!(parse("50x").unwrap_err().contains("50x"));
        let drawn = |seed: &str| parse(seed).unwrap().into_iter().map(|fault| fault.name).collect::<Vec<_>>();
        assert_eq!(drawn("7"), drawn("7"));
        assert_ne!(drawn("7"), drawn("8"));
    }
}
