//! Paged JSON: which rows a page holds, how an envelope is spelt, and what goes wrong with both.

use std::sync::Arc;

use encoding_rs::GBK;
use jiff::civil;
use jiff::tz::TimeZone;

use crate::national::dataset::Dataset;
use crate::printed::years::{FIRST_YEAR, YEARS};
use crate::serve::http::{Kind, Response};
use crate::serve::rows;
use crate::serve::site::Visit;

/// How a dialect spells its answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Gateway,
    Token,
    Session,
}

impl Dialect {
    /// The sign of success.
    fn good(self) -> &'static str {
        match self {
            Self::Gateway => "\"code\":\"0\",",
            Self::Token => "\"code\":0,",
            Self::Session => "\"success\":true,",
        }
    }

    fn rows(self) -> &'static str {
        match self {
            Self::Gateway => "datas",
            Self::Token => "rows",
            Self::Session => "records",
        }
    }

    fn total(self) -> &'static str {
        match self {
            Self::Gateway => "totalDataCount",
            Self::Token => "total",
            Self::Session => "totalElements",
        }
    }

    fn data(self) -> &'static str {
        if self == Self::Session { "result" } else { "data" }
    }

    /// An answer with something in it.
    pub fn envelope(self, good: &str, data: &str) -> String {
        format!("{{{good}\"msg\":\"成功\",\"{}\":{data}}}", self.data())
    }

    pub fn success(self, kind: Kind, data: &str) -> Response {
        Response::json(kind, self.envelope(self.good(), data))
    }

    /// A refusal, of HTTP status 200 as is the custom.
    pub fn error(self, kind: Kind, code: &str, message: &str) -> Response {
        let empty = format!("{{\"{}\":[],\"{}\":0}}", self.rows(), self.total());
        let data = self.data();
        Response::json(
            kind,
            match self {
                Self::Gateway => format!("{{\"code\":\"{code}\",\"msg\":\"{message}\",\"{data}\":{empty}}}"),
                Self::Token => format!("{{\"code\":{code},\"msg\":\"{message}\",\"{data}\":{empty}}}"),
                Self::Session => {
                    format!(
                        "{{\"success\":false,\"code\":\"{code}\",\"msg\":\"{message}\",\"{data}\":{empty}}}"
                    )
                }
            },
        )
    }
}

/// One page that is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    pub dataset: Dataset,
    pub year: u16,
    /// From 0.
    pub page: usize,
    pub size: usize,
}

const MOST_ROWS_A_PAGE: usize = 2_000;
/// Every so many rows one is spoilt.
const SPOILT: usize = 500;

/// Answers for a topic of the platform: page and size are in parameters of these names.
pub fn answer(visit: &Visit, dialect: Dialect, topic: &str, names: (&str, &str), first: usize) -> Response {
    let request = visit.request;
    let page = request.number(names.0).and_then(|page| page.checked_sub(first));
    let asked = (rows::dataset(topic), request.number("xn"), page, request.number(names.1));
    let (Some(dataset), Some(year), Some(page), Some(size @ 1..)) = asked else {
        return dialect.error(Kind::Page, "500", "查询无数据或参数错误");
    };
    let year = u16::try_from(year).unwrap_or_default();
    let asked = Asked { dataset, year, page, size: size.min(MOST_ROWS_A_PAGE) };
    refusal(visit, dialect).unwrap_or_else(|| page_of(visit, dialect, asked))
}

/// What is no page, although HTTP says that all is well.
fn refusal(visit: &Visit, dialect: Dialect) -> Option<Response> {
    let cases = [
        ("error-200", "500", "系统异常"),
        ("one-text", "500", "查询无数据或参数错误"),
        ("throttle-200", "429", "请求过于频繁，请稍后再试"),
        ("quota", "430", "今日调用次数超过配额"),
    ];
    let (_, code, message) = cases.into_iter().find(|(name, ..)| visit.strikes(name))?;
    Some(dialect.error(Kind::Page, code, message))
}

fn page_of(visit: &Visit, dialect: Dialect, mut asked: Asked) -> Response {
    if visit.strikes("page-capped") {
        asked.size = asked.size.min(100);
    }
    let records = records(visit, asked);
    let list = listed(visit, &records, asked.page);
    let total = total(visit, list.len(), asked.page);
    let rows = spoilt(visit, sliced(visit, &list, asked), asked);
    let data = format!(
        "{{\"{}\":[{}{}]{}}}",
        dialect.rows(),
        rows.join(","),
        if visit.strikes("json-comma") { "," } else { "" },
        total.map(|total| format!(",\"{}\":{total}", dialect.total())).unwrap_or_default()
    );
    written(visit, dialect, &data, asked.page)
}

/// The rows of the year that is asked for, or what the platform takes for it.
fn records(visit: &Visit, asked: Asked) -> Arc<Vec<String>> {
    let site = visit.site;
    if visit.strikes("year-ignored") {
        let years = YEARS.map(|year| site.records(asked.dataset, year));
        return Arc::new(years.iter().flat_map(|records| records.iter().cloned()).collect());
    }
    if visit.strikes("last-year") {
        return site.records(asked.dataset, FIRST_YEAR);
    }
    if site.years.contains(&asked.year) { site.records(asked.dataset, asked.year) } else { Arc::default() }
}

/// The rows that there are.
fn listed<'a>(visit: &Visit, records: &'a [String], page: usize) -> Vec<&'a str> {
    let mut list: Vec<&str> = records.iter().map(String::as_str).collect();
    if visit.strikes("empty") {
        list.clear();
    }
    if visit.strikes("half") {
        list.truncate(list.len() / 2);
    }
    if visit.strikes("school-missing") {
        let school = |record: &str| record.find("\"xxmc\":").map(|at| record[at..].to_owned());
        let name = list
            .first()
            .and_then(|first| school(first))
            .and_then(|rest| rest.split('"').nth(3).map(str::trim).map(str::to_owned));
        list.retain(|record| name.as_ref().is_none_or(|name| !record.contains(name.as_str())));
    }
    if visit.strikes("order-other") {
        let middle = list.len() / 2;
        list.rotate_left(middle);
    }
    if visit.strikes("window") {
        list.truncate(window(list.len()));
    }
    if list.len() > SPOILT && visit.strikes("one-twice") {
        list[6] = list[3];
    }
    // The last row comes in late, before all others.
    let waits = visit.site.state().faults.iter().any(|fault| fault.name == "row-inserted");
    if waits && let Some(late) = list.pop() {
        let inserted = page > 0 && visit.strikes("row-inserted");
        let mut state = visit.site.state();
        if inserted {
            state.rows_inserted += 1;
        }
        if state.rows_inserted % 2 == 1 {
            list.insert(0, late);
        }
    }
    list
}

/// As far as a search index gives rows.
fn window(rows: usize) -> usize {
    if rows > 10_000 { 10_000 } else { rows / 3 }
}

fn total(visit: &Visit, rows: usize, page: usize) -> Option<String> {
    if visit.strikes("total-absent") {
        return None;
    }
    if page > 0 && visit.strikes("total-null") {
        return Some("null".to_owned());
    }
    if visit.strikes("total-stuck") {
        return Some(window(rows).to_string());
    }
    if visit.strikes("total-changes") {
        return Some((rows + visit.site.state().count("total-changes") as usize).to_string());
    }
    if rows >= 1_000 && visit.strikes("total-comma") {
        return Some(format!("\"{},{:03}\"", rows / 1_000, rows % 1_000));
    }
    Some(rows.to_string())
}

fn sliced(visit: &Visit, list: &[&str], asked: Asked) -> Vec<String> {
    let Asked { mut page, size, .. } = asked;
    let pages = list.len().div_ceil(size).max(1);
    let at = |page: usize| {
        let start = (page * size).min(list.len());
        list[start..(start + size).min(list.len())].iter().map(|&row| row.to_owned()).collect::<Vec<_>>()
    };
    if page >= pages {
        if visit.strikes("past-end-last") {
            return at(pages - 1);
        }
        if visit.strikes("past-end-first") {
            return at(0);
        }
        if visit.strikes("endless-pages") {
            let fresh = |row: String| row.replacen(":\"", &format!(":\"Z{page}-"), 1);
            return at(0).into_iter().map(fresh).collect();
        }
        return Vec::new();
    }
    if page == 2 && visit.strikes("page-repeated") {
        page = 1;
    } else if page >= 2 && visit.strikes("page-skipped") {
        page += 1;
    }
    at(page)
}

/// Rows as they are sent.
fn spoilt(visit: &Visit, mut rows: Vec<String>, asked: Asked) -> Vec<String> {
    // A strike is a page, not a row.
    let mut each = |name: &str, step: usize, change: &dyn Fn(usize, &str) -> String| {
        if !rows.is_empty() && visit.strikes(name) {
            for (index, row) in rows.iter_mut().enumerate() {
                let place = asked.page * asked.size + index;
                if place.is_multiple_of(step) {
                    *row = change(place, row);
                }
            }
        }
    };
    each("masked", 1, &|_, row| masked(row));
    each("id-number", SPOILT, &|_, row| match value(row, "sfzjh") {
        Some(id) if id.chars().all(|c| c.is_ascii_digit()) && !id.is_empty() => {
            replaced(row, "sfzjh", Some(&id))
        }
        _ => row.to_owned(),
    });
    each("id-float", SPOILT, &|_, row| match value(row, "sfzjh") {
        Some(id) if id.len() == 18 && id.is_ascii() => {
            replaced(row, "sfzjh", Some(&format!("{}.{}E17", &id[..1], &id[1..15])))
        }
        _ => row.to_owned(),
    });
    each("key-twice", SPOILT, &|_, row| added(row, "\"xm\":\"另一人\""));
    each("field-new", 1, &|_, row| added(row, "\"xzzd\":\"新\""));
    each("nulls", 1, &|place, row| {
        let none = [Some("null"), None, Some("\"\""), Some("\"无\""), Some("\"/\""), Some("\"—\"")];
        replaced(row, "lxdh", none[place % none.len()])
    });
    each("ms-times", 1, &|_, row| match value(row, "csrq").and_then(|text| midnight_ms(&text)) {
        Some(ms) => replaced(row, "csrq", Some(&ms.to_string())),
        None => row.to_owned(),
    });
    if !rows.is_empty() && visit.strikes("key-absent") {
        rows[0] = replaced(&rows[0], &rows::key(asked.dataset), None);
    }
    rows
}

fn masked(row: &str) -> String {
    let stars = |field: &str, first: usize, last: usize, row: &str| {
        let Some(text) = value(row, field).filter(|text| text.chars().count() > first + last) else {
            return row.to_owned();
        };
        let count = text.chars().count();
        let star = |(index, c)| if index < first || index >= count - last { c } else { '*' };
        let starred: String = text.chars().enumerate().map(star).collect();
        replaced(row, field, Some(&format!("\"{starred}\"")))
    };
    stars("sfzjh", 4, 4, &stars("xm", 1, 0, row))
}

/// The text of a field that has one.
fn value(row: &str, field: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(row).ok()?;
    value[field].as_str().map(str::to_owned)
}

/// A record with another value, as JSON, of a field; without the field if there is none.
fn replaced(row: &str, field: &str, value: Option<&str>) -> String {
    let name = format!("\"{field}\":");
    let Some(start) = row.find(&name) else { return row.to_owned() };
    let from = start + name.len();
    let rest = &row[from..];
    let end = if let Some(text) = rest.strip_prefix('"') {
        let mut escaped = false;
        let closes = |c: char| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        };
        text.find(closes).map_or(rest.len(), |at| at + 2)
    } else {
        rest.find([',', '}']).unwrap_or(rest.len())
    };
    match value {
        Some(value) => format!("{}{value}{}", &row[..from], &rest[end..]),
        // A field has a comma on one side.
        None if rest[end..].starts_with(',') => format!("{}{}", &row[..start], &rest[end + 1..]),
        None => format!("{}{}", &row[..start - 1], &rest[end..]),
    }
}

fn added(row: &str, field: &str) -> String {
    format!("{},{field}}}", &row[..row.len() - 1])
}

/// Midnight in China of a date in any of the spellings of schools.
fn midnight_ms(text: &str) -> Option<i64> {
    let ascii: String = text
        .chars()
        .map(|c| match c {
            '０'..='９' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            c if c.is_ascii_digit() => c,
            _ => ' ',
        })
        .collect();
    let parts: Vec<&str> = ascii.split_whitespace().collect();
    let (year, month, day) = match parts[..] {
        [all] if all.len() == 8 => (&all[..4], &all[4..6], &all[6..]),
        [year, month, day] if year.len() == 4 => (year, month, day),
        _ => return None,
    };
    let date = civil::Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
    let zone = TimeZone::get("Asia/Shanghai").ok()?;
    Some(zone.to_timestamp(date.at(0, 0, 0, 0)).ok()?.as_millisecond())
}

/// The answer as text, and what goes wrong with that.
fn written(visit: &Visit, dialect: Dialect, data: &str, page: usize) -> Response {
    let good = match dialect {
        _ if visit.strikes("code-absent") => "",
        Dialect::Gateway if visit.strikes("code-number") => "\"code\":0,",
        _ => dialect.good(),
    };
    let mut body = if visit.strikes("data-text") {
        dialect.envelope(good, &serde_json::Value::from(data).to_string())
    } else {
        dialect.envelope(good, data)
    };
    // What is different in every answer says nothing about the rows.
    body.insert_str(1, &format!("\"timestamp\":{},", visit.site.now_ms()));
    if visit.strikes("json-nan") {
        body.insert_str(1, "\"cost\":NaN,");
    }
    if visit.strikes("json-deep") {
        body.insert_str(1, &format!("\"deep\":{}{},", "[".repeat(200), "]".repeat(200)));
    }
    if visit.strikes("long-line") {
        body.insert_str(1, &" ".repeat(64 << 20));
    }
    if visit.strikes("json-two") {
        body = format!("{body}{body}");
    }
    if visit.strikes("json-cut") {
        body.truncate(body.floor_char_boundary(body.len() / 2));
    }
    if visit.strikes("bom") {
        body.insert(0, '\u{feff}');
    }
    if visit.strikes("gbk") || page == 1 && visit.strikes("gbk-page") {
        return Response::json(Kind::Page, GBK.encode(&body).0.into_owned());
    }
    Response::json(Kind::Page, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_field_of_a_record_is_replaced() {
        let row = r#"{"xsid":"a\"1","xm":"王小","n":5,"lxdh":"1"}"#;
        assert_eq!(replaced(row, "xm", Some("null")), r#"{"xsid":"a\"1","xm":null,"n":5,"lxdh":"1"}"#);
        assert_eq!(replaced(row, "xsid", None), r#"{"xm":"王小","n":5,"lxdh":"1"}"#);
        assert_eq!(replaced(row, "lxdh", None), r#"{"xsid":"a\"1","xm":"王小","n":5}"#);
        assert_eq!(replaced(row, "n", Some("6")), r#"{"xsid":"a\"1","xm":"王小","n":6,"lxdh":"1"}"#);
        assert_eq!(
            masked(r#"{"xm":"王小明","sfzjh":"142601200901011234"}"#),
            r#"{"xm":"王**","sfzjh":"1426**********1234"}"#
        );
    }

    #[test]
    fn midnight_in_china_is_the_day_before_elsewhere() {
        assert_eq!(midnight_ms("2012年3月4日"), Some(1_330_790_400_000));
        assert_eq!(midnight_ms("２０１２０３０４"), midnight_ms("2012/3/4"));
        // Clocks were an hour ahead in the summers of some years.
        assert_eq!(midnight_ms("1988-06-01"), Some(581_094_000_000));
        assert_eq!(midnight_ms("2012-02-30"), None);
        assert_eq!(midnight_ms("08-3-4"), None);
    }
}
