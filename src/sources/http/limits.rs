//! How often a source is asked, for how long, and how much is taken from it.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Deserialize;

/// The limits of a source.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests at a time.
    pub parallel: usize,
    pub per_minute: u32,
    pub per_day: u32,
    /// To connect.
    pub connect: Span,
    /// Without a byte.
    pub idle: Span,
    /// For one answer with all its attempts.
    pub total: Span,
    /// Bytes a second that an answer must bring, once it has taken ten seconds.
    pub min_rate: u64,
    /// Of one answer, as sent.
    pub wire: Amount,
    /// Of one answer, unpacked.
    pub decoded: Amount,
    /// Attempts for one answer.
    pub attempts: u32,
    /// The longest wait before another attempt, whatever the server asks for.
    pub wait: Span,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = |seconds| Span(Duration::from_secs(seconds));
        Limits {
            parallel: 2,
            per_minute: 120,
            per_day: 20_000,
            connect: seconds(10),
            idle: seconds(60),
            total: seconds(1800),
            min_rate: 1000,
            wire: Amount(1 << 30),
            decoded: Amount(1 << 30),
            attempts: 5,
            wait: seconds(120),
        }
    }
}

/// A length of time: `500ms`, `30s`, `10m`, `2h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Span(pub Duration);

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let millis = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => 0,
        };
        let length = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(millis));
        match length {
            Some(millis) if millis > 0 => Ok(Span(Duration::from_millis(millis))),
            _ => Err(format!("`{text}` is not a length of time: 500ms, 30s, 10m, 2h")),
        }
    }
}

/// A number of bytes: `512KiB`, `20MiB`, `1GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Amount(pub u64);

impl TryFrom<String> for Amount {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let factor = match unit {
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => 0,
        };
        match digits.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)) {
            Some(bytes) if bytes > 0 => Ok(Amount(bytes)),
            _ => Err(format!("`{text}` is not an amount of bytes: 512KiB, 20MiB, 1GiB")),
        }
    }
}

/// When the requests of the last minute were, so that the next is not too early. Time is in milliseconds since
/// any beginning.
#[derive(Debug, Default)]
pub struct Minute(VecDeque<u64>);

impl Minute {
    /// How long a request must wait, and notes that it is made after that.
    pub fn take(&mut self, now: u64, per_minute: u32) -> Duration {
        while self.0.front().is_some_and(|&then| then + 60_000 <= now) {
            self.0.pop_front();
        }
        let most = usize::try_from(per_minute.max(1)).unwrap_or(usize::MAX);
        let at = match self.0.len().checked_sub(most).and_then(|index| self.0.get(index)) {
            Some(&then) => now.max(then + 60_000),
            None => now,
        };
        self.0.push_back(at);
        Duration::from_millis(at - now)
    }
}

/// The wait before attempt `next` (the second is 2): what the server asked for, or else twice as long each time,
/// never longer than `most`. `jitter` is from 0 to 1.
#[must_use]
pub fn wait_before(next: u32, asked: Option<Duration>, most: Duration, jitter: f64) -> Duration {
    let doubling = Duration::from_millis(500).saturating_mul(1 << next.saturating_sub(2).min(16));
    let wait = asked.unwrap_or_else(|| doubling.mul_f64(0.5 + jitter.clamp(0.0, 1.0)));
    wait.min(most)
}

/// What a `Retry-After` asks for: seconds, or the time until a date. What makes no sense is as if it were not there.
#[must_use]
pub fn retry_after(header: &str, now_seconds: i64) -> Option<Duration> {
    if let Ok(seconds) = header.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let then = http_date(header)?;
    Some(Duration::from_secs(u64::try_from(then - now_seconds).unwrap_or_default()))
}

/// Seconds since 1970 of a date as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
#[must_use]
pub fn http_date(text: &str) -> Option<i64> {
    let text = text.trim().strip_suffix("GMT")?;
    let time =
        jiff::fmt::strtime::parse("%a, %d %b %Y %H:%M:%S", text.trim_end()).ok()?.to_datetime().ok()?;
    Some(jiff::tz::TimeZone::UTC.to_timestamp(time).ok()?.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_minute_has_more_requests_than_it_may() {
        let mut minute = Minute::default();
        let mut now = 0;
        let mut made = Vec::new();
        for step in 0..500_u64 {
            now += step * 37 % 900;
            let at = now + u64::try_from(minute.take(now, 7).as_millis()).unwrap();
            made.push(at);
        }
        made.sort_unstable();
        for (index, &at) in made.iter().enumerate() {
            let within = made[index..].iter().take_while(|&&later| later < at + 60_000).count();
            assert!(within <= 7, "{within} requests from {at}");
        }
    }

    #[test]
    fn waits_grow_and_are_bounded() {
        let most = Duration::from_mins(2);
        let waits: Vec<u128> = (2..=12).map(|next| wait_before(next, None, most, 0.5).as_millis()).collect();
        assert_eq!(waits[..4], [500, 1000, 2000, 4000]);
        assert_eq!(waits[10], 120_000);
        assert_eq!(wait_before(2, Some(Duration::from_secs(5)), most, 0.9), Duration::from_secs(5));
        assert_eq!(wait_before(2, Some(Duration::from_secs(1_000_000_000)), most, 0.9), most);
    }

    #[test]
    fn a_server_may_ask_for_seconds_or_a_date() {
        let now = http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(now, 784_111_777);
        assert_eq!(retry_after("5", now), Some(Duration::from_secs(5)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:50:37 GMT", now), Some(Duration::from_mins(1)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!([retry_after("-1", now), retry_after("soon", now)], [None, None]);
    }

    #[test]
    fn amounts_have_a_unit() {
        assert_eq!(Amount::try_from("1GiB".to_owned()), Ok(Amount(1 << 30)));
        assert!(
            ["1", "1GB", "0KiB", "99999999999GiB"].iter().all(|t| Amount::try_from((*t).to_owned()).is_err())
        );
    }
}
