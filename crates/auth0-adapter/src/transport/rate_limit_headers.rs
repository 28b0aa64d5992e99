//! Rate-limit headers of Auth0's responses.

use std::time::Duration;

use domain::Timestamp;
use ports::Quota;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// The longest wait that is taken from a header.
pub(crate) const MAX_RETRY_AFTER: Duration = Duration::from_hours(24);

/// Returns the limit and the remaining quota.
pub(crate) fn quota(headers: &HeaderMap) -> Option<Quota> {
    let number = |name| text(headers, name)?.parse().ok();
    let (limit, remaining) = (number("x-ratelimit-limit")?, number("x-ratelimit-remaining")?);
    Some(Quota { limit, remaining })
}

/// Returns how long to wait after a 429: by `Retry-After`, which Auth0 seldom sends, or else until
/// `x-ratelimit-reset`, the Unix second of the refill.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    retry_after_header(headers, now).or_else(|| reset(headers, now).map(|(_, wait)| wait))
}

/// Returns the Unix second of the refill, and the time until then.
pub(crate) fn reset(headers: &HeaderMap, now: Timestamp) -> Option<(i64, Duration)> {
    let reset: i64 = text(headers, "x-ratelimit-reset")?.parse().ok()?;
    // The reset is a time of Auth0's own clock.
    let now = date_header(headers).unwrap_or(now).as_unix_millis();
    Some((reset, until(reset.saturating_mul(1000), now)))
}

/// Returns the value of `Retry-After`: seconds, or a date (RFC 9110 §10.2.3).
pub(crate) fn retry_after_header(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = text(headers, RETRY_AFTER.as_str())?;
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER));
    }
    let now = date_header(headers).unwrap_or(now).as_unix_millis();
    Some(until(http_date(value)?.as_unix_millis(), now))
}

fn until(then: i64, now: i64) -> Duration {
    let millis = u64::try_from(then.saturating_sub(now)).unwrap_or(0);
    Duration::from_millis(millis).min(MAX_RETRY_AFTER)
}

/// Returns the time of the server's clock.
pub(crate) fn date_header(headers: &HeaderMap) -> Option<Timestamp> {
    http_date(text(headers, DATE.as_str())?)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// Parses a date in the current HTTP format: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
fn http_date(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut parts = text.split_once(", ")?.1.split(' ');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let (time, zone) = (parts.next()?, parts.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    (zone == "GMT").then(|| format!("{year}-{month:02}-{day}T{time}Z").parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
