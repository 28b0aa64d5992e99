//! Traces, sent to a collector by OTLP over HTTP.
//!
//! - [`Traces`] gives the layer that makes `OpenTelemetry` spans of `tracing` spans, and ends the
//!   export.
//! - [`TraceParent`] is the W3C header of that name; [`adopt_parent`], [`traceparent_of`] and
//!   [`rename`] are what the edge of the service needs to say about a span.
//! - `settings.rs` says what may be set; `queue.rs` takes spans that have ended, and drops them
//!   when it is full; `export.rs` sends them in batches, and complains now and then; `client.rs`
//!   builds the HTTP client and has the one function that sends.
//! - `testing` is a collector in the process of a test, behind the feature of the same name.
//!
//! The export never gets in the way of a request: no span waits for anything, and what the
//! collector does not take in time is lost. The log says how much, once a minute at most.
//!
//! Not here: events, since anything may stand in one; spans of other crates, or below `info`;
//! metrics and logs; gRPC; compression; a second attempt for a batch that failed; headers with
//! credentials; any setting from the environment. Of a span go out its name, its times and its
//! own fields, and so no field of a span may hold what the log may not.

#![warn(clippy::future_not_send)]

mod client;
mod context;
mod export;
mod queue;
mod settings;
#[cfg(feature = "testing")]
pub mod testing;
mod traces;

pub use context::{TraceParent, TraceParentError, adopt_parent, rename, traceparent_of};
pub use settings::{Endpoint, EndpointError, OtlpSettings, SampleRatio, SampleRatioError};
pub use traces::{OtlpError, Traces};
