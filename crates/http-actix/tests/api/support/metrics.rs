//! The service's metrics.

use std::time::Duration;

use super::App;

/// Requests and changes that hold a permit.
pub(crate) const IN_FLIGHT: &str = "usher_http_requests_in_flight";
/// Requests that wait for a permit.
pub(crate) const QUEUED: &str = "usher_http_requests_queued";
/// Requests whose client left before the response.
pub(crate) const ABANDONED: &str = "usher_http_requests_abandoned_total";

fn value(text: &str, name: &str) -> u64 {
    let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok();
    text.lines().find_map(value).unwrap_or(0)
}

impl App {
    /// Returns the value of a series; 0 if it does not exist yet.
    pub(crate) async fn metric(&self, name: &str) -> u64 {
        value(&self.anonymous().get("/metrics").await.text, name)
    }

    /// As [`App::metric`], on a new connection: those of the pool may be idle for too long.
    pub(crate) fn metric_on_new_connection(&self, name: &str) -> u64 {
        value(&self.exchange(&self.head("GET /metrics", &[])).text, name)
    }

    /// Scrapes `/metrics` until the series has this value; a gauge has no event to wait for.
    pub(crate) async fn wait_for_metric(&self, name: &str, value: u64) {
        let mut pause = tokio::time::interval(Duration::from_millis(2));
        let reached = async {
            while self.metric(name).await != value {
                pause.tick().await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(30), reached).await;
        assert!(in_time.is_ok(), "{name} did not become {value}");
    }
}
