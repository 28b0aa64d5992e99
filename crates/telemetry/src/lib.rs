//! Telemetry of a service: traces, sent to a collector by OTLP over HTTP.
//!
//! - [`Traces`] gives the layer that makes OpenTelemetry spans of `tracing` spans, and ends the
//!   export. The exporter is that of `opentelemetry-otlp`; most of its `OTEL_…` variables apply
//!   ([`OtlpSettings`]).
//! - [`TraceParent`] is the W3C header of that name; [`adopt_parent`], [`traceparent_of`] and
//!   [`rename`] connect the span of a request to it.
//! - `testing` is a collector in the process of a test, behind the feature of the same name.
//!
//! The export never delays a request: ending a span waits for nothing, and spans that the collector
//! does not accept in time are lost. The log reports how many, once a minute at most.
//!
//! Not here: HTTP servers, settings files, and the names of spans and their fields. Neither events
//! nor spans of other crates or below `info` are exported, since those may hold personal data.
//!
//! ```
//! use std::time::Duration;
//!
//! use telemetry::{OtlpSettings, Traces};
//! use tracing_subscriber::layer::SubscriberExt as _;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
//! let settings = OtlpSettings {
//!     endpoint: "http://127.0.0.1:4318/v1/traces".parse()?,
//!     service_name: Some("example".to_owned()),
//!     service_version: "1.0.0".to_owned(),
//!     sample_ratio: Some(0.1.try_into()?),
//!     timeout: Duration::from_secs(5),
//!     max_queue_size: OtlpSettings::DEFAULT_MAX_QUEUE_SIZE,
//! };
//! let traces = Traces::start(&settings, runtime.handle())?;
//! let subscriber = tracing_subscriber::registry().with(traces.layer(&["my_crate"]));
//! tracing::subscriber::with_default(subscriber, || {
//!     // … serve requests …
//! });
//! traces.finish();
//! # Ok(())
//! # }
//! ```

#![warn(clippy::future_not_send)]

#[cfg(feature = "testing")]
pub mod testing;
mod trace_parent;
mod traces;

pub use trace_parent::{TraceParent, TraceParentError, adopt_parent, rename, traceparent_of};
pub use traces::Traces;
pub use traces::{Endpoint, EndpointError, OtlpError, OtlpSettings, SampleRatio, SampleRatioError};
