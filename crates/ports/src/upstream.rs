//! Measurements of the requests that adapters send.

use std::fmt::Debug;
use std::time::Duration;

/// Receives measurements of the requests that adapters send, for metrics.
///
/// `kind` is the adapter's name for a kind of call, one of a fixed few such as `search` or `read`.
/// Methods are called while requests are served, and so must neither block nor fail.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait UpstreamObserver: Debug + Send + Sync {
    /// Records a request and its outcome.
    fn record_request(&self, request: UpstreamRequest);

    /// Records the quota that the upstream service states for this kind.
    fn record_quota(&self, kind: &'static str, quota: Quota);

    /// Sets the number of calls of this kind that wait for quota.
    fn set_waiting(&self, kind: &'static str, calls: usize);

    /// Sets the state of the circuit breaker of this kind.
    fn set_circuit(&self, kind: &'static str, state: CircuitState);
}

/// One request that an adapter sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpstreamRequest {
    /// The kind of call.
    pub kind: &'static str,
    /// The attempt, from 1: later ones are retries.
    pub attempt: u32,
    /// The outcome.
    pub outcome: RequestOutcome,
    /// The time until the outcome.
    pub took: Duration,
}

/// The outcome of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestOutcome {
    /// A response with this HTTP status.
    Status(u16),
    /// No connection.
    Unreachable,
    /// The connection broke before the response was complete, or the response was malformed.
    Broken,
    /// No response in time.
    TimedOut,
    /// The caller gave up before the response.
    Abandoned,
}

/// The quota for one kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The maximum burst.
    pub limit: u64,
    /// The calls left now.
    pub remaining: u64,
}

/// The state of a circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CircuitState {
    /// Calls are sent.
    Closed,
    /// One trial call at a time is sent.
    HalfOpen,
    /// Calls are rejected.
    Open,
}

/// An observer that ignores every measurement.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoopObserver;

impl UpstreamObserver for NoopObserver {
    fn record_request(&self, _: UpstreamRequest) {}
    fn record_quota(&self, _: &'static str, _: Quota) {}
    fn set_waiting(&self, _: &'static str, _: usize) {}
    fn set_circuit(&self, _: &'static str, _: CircuitState) {}
}
