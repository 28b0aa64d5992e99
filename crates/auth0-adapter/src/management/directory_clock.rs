//! Auth0's clock.

use std::time::Duration;

use domain::Timestamp;
use parking_lot::Mutex;
use reqwest::header::{DATE, HeaderMap, HeaderValue};
use tokio::time::Instant;

use crate::transport::rate_limit_headers::date_header;

/// The time by Auth0's clock, from the `Date` header (RFC 9110 §6.6.1) of its latest response.
///
/// A time that is compared with one that Auth0 has set must be by the same clock. The header has
/// whole seconds, so that the time is up to a second behind.
#[derive(Debug, Default)]
pub(crate) struct DirectoryClock(Mutex<Option<Observation>>);

/// The time of a response.
#[derive(Debug)]
struct Observation {
    /// The header, which most responses of one second share.
    header: HeaderValue,
    date: Timestamp,
    at: Instant,
}

impl DirectoryClock {
    /// Records the time of a response that has just arrived.
    pub(crate) fn observe(&self, headers: &HeaderMap) {
        let (Some(header), at) = (headers.get(DATE), Instant::now()) else { return };
        let mut latest = self.0.lock();
        if let Some(latest) = &mut *latest
            && latest.header == *header
        {
            latest.at = at;
        } else if let Some(date) = date_header(headers) {
            *latest = Some(Observation { header: header.clone(), date, at });
        }
    }

    /// Returns the present time, if a response has shown it.
    pub(crate) fn now(&self) -> Option<Timestamp> {
        let latest = self.0.lock();
        let Observation { date, at, .. } = latest.as_ref()?;
        Some(date.plus_millis(millis(at.elapsed())))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn time_advances_from_the_latest_date_header() {
        let clock = DirectoryClock::default();
        clock.observe(&HeaderMap::new());
        assert_eq!(clock.now(), None);
        for (date, shown) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:39.000Z"),
            ("Sun, 06 Nov 1994 08:49:30 GMT", "1994-11-06T08:49:32.000Z"),
        ] {
            let headers = [(DATE, HeaderValue::from_static(date))].into_iter().collect();
            clock.observe(&headers);
            tokio::time::advance(Duration::from_secs(2)).await;
            assert_eq!(clock.now().unwrap().to_string(), shown);
        }
    }
}
