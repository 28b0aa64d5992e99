//! The registry of metrics, and what every service has in it.

mod process;

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeMetric as _, LabelSetEncoder,
};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::registry::Registry;

use self::process::ProcessCollector;
use crate::log::dropped_lines;

/// Upper bounds of durations for histograms, in seconds.
pub const DURATION_BUCKETS: [f64; 13] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Labels whose values are fixed in the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Label<const N: usize>(pub [(&'static str, &'static str); N]);

impl<const N: usize> EncodeLabelSet for Label<N> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        self.0.encode(encoder)
    }
}

/// The metrics of a service, of its log and of its process.
///
/// ```
/// use prometheus_client::metrics::counter::Counter;
/// use telemetry::MetricsRegistry;
///
/// let mut metrics = MetricsRegistry::new("example");
/// let requests = Counter::<u64>::default();
/// metrics.service().register("requests", "Requests so far", requests.clone());
/// requests.inc();
/// assert!(metrics.text()?.contains("\nexample_requests_total 1\n"));
/// # Ok::<(), std::fmt::Error>(())
/// ```
#[derive(Debug)]
pub struct MetricsRegistry {
    process: Registry,
    service: Registry,
}

impl MetricsRegistry {
    /// The media type of [`MetricsRegistry::text`].
    pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// Returns a registry with the metrics of the process and of the log. The names of the latter,
    /// and those that the service registers, get this prefix.
    pub fn new(prefix: &str) -> Self {
        let mut process = Registry::default();
        process.register_collector(Box::new(ProcessCollector::default()));
        let mut service = Registry::with_prefix(prefix);
        register_counter(
            &mut service,
            "log_lines_dropped",
            "Lines of the log that could not be written, or came faster than they could be",
            dropped_lines,
        );
        Self { process, service }
    }

    /// Returns where the service registers its metrics.
    pub fn service(&mut self) -> &mut Registry {
        &mut self.service
    }

    /// Returns all metrics in the `OpenMetrics` text format.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.process)?;
        encode_registry(&mut text, &self.service)?;
        encode_eof(&mut text)?;
        Ok(text)
    }
}

/// Registers a counter whose value is read on each scrape.
pub fn register_counter(
    registry: &mut Registry,
    name: &'static str,
    help: &'static str,
    read: fn() -> u64,
) {
    registry.register_collector(Box::new(ReadCounter { name, help, read }));
}

#[derive(Debug)]
struct ReadCounter {
    name: &'static str,
    help: &'static str,
    read: fn() -> u64,
}

impl Collector for ReadCounter {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let counter = ConstCounter::new((self.read)());
        let metric =
            encoder.encode_descriptor(self.name, self.help, None, counter.metric_type())?;
        counter.encode(metric)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn process_and_log_have_metrics() {
        let text = MetricsRegistry::new("usher").text().unwrap();
        let value = |name: &str| -> f64 {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.unwrap_or_else(|| panic!("{name}: {text}")).parse().unwrap()
        };
        assert!(value("process_resident_memory_bytes") > 1e6);
        assert!(value("process_open_fds") >= 3.0);
        assert!(value("process_max_fds") > value("process_open_fds"));
        assert!(value("process_start_time_seconds") > 1.7e9);
        assert!(value("process_threads") >= 1.0);
        assert!(value("process_cpu_seconds_total") >= 0.0);
        assert!(value("usher_log_lines_dropped_total") >= 0.0);
    }
}
