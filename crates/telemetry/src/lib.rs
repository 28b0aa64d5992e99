//! Telemetry of a service: its log, its traces and its metrics.
//!
//! - [`start_log`] starts the log: one line for each event of `tracing`, written by a separate
//!   thread. [`LogFilter`] changes its filter while the service runs; [`set_panic_hook`] logs panics
//!   without their messages. [`EntryKind`] writes entries that every request has, without `tracing`.
//! - [`Traces`] exports spans of `tracing` to a collector by OTLP over HTTP. The exporter is that of
//!   `opentelemetry-otlp`; variables of OpenTelemetry apply as [`OtlpSettings`] says.
//! - [`TraceParent`] is the W3C header of that name. [`TraceSampler`] decides which requests have a
//!   span; [`place_span`] and [`rename_span`] connect that span to the trace.
//! - [`MetricsRegistry`] encodes metrics for Prometheus, with those of the process and of the log.
//! - `testing` is a collector in the process of a test, behind the feature of the same name.
//!
//! Telemetry never delays a request. Ending a span and logging a line wait for nothing: lines that
//! cannot be written and spans that the collector does not accept are lost and counted.
//!
//! Not here: HTTP servers, settings files, and the names of the service's spans and metrics. Neither
//! events nor spans of other crates or below `info` are exported, since they may hold personal data.
//!
//! ```
//! use std::time::Duration;
//!
//! use telemetry::{LogFormat, LogSettings, OtlpSettings, Traces};
//! use tracing_subscriber::layer::Identity;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
//! let traces = OtlpSettings {
//!     endpoint: "http://127.0.0.1:4318/v1/traces".parse()?,
//!     service_name: Some("example".to_owned()),
//!     service_version: "1.0.0".to_owned(),
//!     sample_ratio: Some(0.1.try_into()?),
//!     timeout: Duration::from_secs(5),
//!     max_queue_size: OtlpSettings::DEFAULT_MAX_QUEUE_SIZE,
//! };
//! let log = LogSettings {
//!     format: LogFormat::Text,
//!     filter: "info".to_owned(),
//!     default_directives: "",
//!     own_crates: &["my_crate"],
//!     entry_kinds: &[],
//!     request_id: || None,
//! };
//! let traces = Traces::start(&traces, runtime.handle())?;
//! let (filter, log_guard) = telemetry::start_log(&log, Some(&traces), Identity::new());
//! tracing::info!(port = 8080, "serving");
//! filter.set("debug"); // … and then serve requests …
//! traces.finish();
//! drop(log_guard);
//! # Ok(())
//! # }
//! ```

#![warn(clippy::future_not_send)]

mod hex;
mod ids;
mod log;
mod metrics;
#[cfg(feature = "testing")]
pub mod testing;
mod trace_parent;
mod trace_sampler;
mod traces;

pub use hex::hex_digits;
pub use log::{
    EntryFields, EntryKind, LogFilter, LogFormat, LogGuard, LogSettings, set_panic_hook,
    spans_are_logged, start_log,
};
pub use metrics::{DURATION_BUCKETS, Label, MetricsRegistry, register_counter};
pub use trace_parent::{
    TraceParent, TraceParentError, place_span, rename_span, set_parent, traceparent_of,
};
pub use trace_sampler::TraceSampler;
pub use traces::{
    Endpoint, EndpointError, OtlpError, OtlpSettings, SampleRatio, SampleRatioError, Traces,
};
