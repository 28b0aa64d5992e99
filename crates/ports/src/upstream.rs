//! Who is told of the calls that adapters make outside.

#![cfg_attr(
    feature = "mock",
    expect(
        clippy::struct_field_names,
        reason = "mockall names the mock's fields after the methods"
    )
)]

use std::fmt::Debug;
use std::time::Duration;

/// Is told what adapters do outside, for metrics. Adapters ask nothing of it.
///
/// `kind` is the adapter's own word for a kind of call, of a few that are fixed: such as `search` or
/// `read`. Methods are called on the way of requests, and so must neither wait nor fail.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait UpstreamObserver: Debug + Send + Sync {
    /// One request was sent, and this came of it.
    fn record_request(&self, sent: UpstreamRequest);

    /// The other side has said what it will take of this kind for now.
    fn record_quota(&self, kind: &'static str, allowance: Quota);

    /// How many calls of this kind wait at the moment for the other side to take more.
    fn set_waiting(&self, kind: &'static str, calls: usize);

    /// The circuit breaker of this kind is in this state from now on.
    fn set_circuit(&self, kind: &'static str, circuit: CircuitState);
}

/// One request that was sent outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpstreamRequest {
    /// What kind of call it was.
    pub kind: &'static str,
    /// Which one it was for the same thing, from 1: later ones are retries.
    pub attempt: u32,
    /// What came of it.
    pub outcome: RequestOutcome,
    /// How long that took.
    pub took: Duration,
}

/// What came of a request that was sent outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestOutcome {
    /// An answer of this HTTP status.
    Status(u16),
    /// No connection.
    Unreachable,
    /// The connection broke before the answer was there, or the answer was none.
    Broken,
    /// No answer in time.
    TimedOut,
    /// Nobody waited for the answer any more.
    Abandoned,
}

/// What the other side will take of one kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How many at once, when nothing was taken for a while.
    pub limit: u64,
    /// How many are left.
    pub remaining: u64,
}

/// The state of a circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CircuitState {
    /// Calls go through.
    Closed,
    /// One call at a time goes through, on trial.
    HalfOpen,
    /// No call goes through.
    Open,
}

/// Nobody is told anything.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoopObserver;

impl UpstreamObserver for NoopObserver {
    fn record_request(&self, _: UpstreamRequest) {}
    fn record_quota(&self, _: &'static str, _: Quota) {}
    fn set_waiting(&self, _: &'static str, _: usize) {}
    fn set_circuit(&self, _: &'static str, _: CircuitState) {}
}
