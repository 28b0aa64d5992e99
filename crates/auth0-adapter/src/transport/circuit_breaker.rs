//! Leaves an Auth0 that fails alone for a while: each kind of call by itself, since searches can fail
//! where reads do not.
//!
//! Closed, every send goes through. After enough failures in a row, over more than a moment, the
//! circuit opens, and nothing is sent. When its time is over, one send at a time is let through as
//! a trial: the first that succeeds closes the circuit, one that fails opens it for twice as long.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ports::{CircuitState, UpstreamObserver};
use tokio::time::Instant;

use crate::config::CircuitBreakerConfig;
use crate::transport::call_kind::CallKind;

/// The circuit breaker of one kind of call.
#[derive(Debug)]
pub(crate) struct CircuitBreaker {
    kind: &'static str,
    config: CircuitBreakerConfig,
    observer: Arc<dyn UpstreamObserver>,
    state: Mutex<BreakerState>,
}

#[derive(Debug)]
struct BreakerState {
    phase: Phase,
    /// Counts changes of phase: what began in an earlier phase says nothing about this one.
    epoch: u64,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// The failures in a row, and when the first of them was.
    Closed {
        failures: u32,
        since: Option<Instant>,
    },
    Open {
        until: Instant,
        duration: Duration,
    },
    HalfOpen {
        trial_under_way: bool,
        duration: Duration,
    },
}

/// What the send said about Auth0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// Auth0 is well, whatever it answered.
    Healthy,
    /// It failed.
    Failing,
    /// It says nothing.
    Unknown,
}

/// Lets one send through. Dropped without a word it says nothing, so that a caller who goes away
/// does not block the next trial.
#[derive(Debug)]
pub(crate) struct CircuitPermit<'a> {
    breaker: &'a CircuitBreaker,
    epoch: u64,
    health: Health,
}

impl CircuitBreaker {
    /// A closed one, which tells the watch of each of its states.
    pub(crate) fn new(
        kind: CallKind,
        config: CircuitBreakerConfig,
        observer: Arc<dyn UpstreamObserver>,
    ) -> Self {
        let kind = kind.as_str();
        observer.record_circuit(kind, CircuitState::Closed);
        let state = Mutex::new(BreakerState { phase: Phase::CLOSED, epoch: 0 });
        Self { kind, config, observer, state }
    }

    /// Lets a send through, or says how long to wait.
    pub(crate) fn admit(&self) -> Result<CircuitPermit<'_>, Duration> {
        let mut state = self.lock();
        if let Phase::Open { until, duration } = state.phase
            && until <= Instant::now()
        {
            self.enter(&mut state, Phase::HalfOpen { trial_under_way: false, duration });
        }
        match &mut state.phase {
            Phase::Closed { .. } => {}
            Phase::Open { until, .. } => return Err(*until - Instant::now()),
            // How the trial ends is not known, but soon will be.
            Phase::HalfOpen { trial_under_way: true, .. } => return Err(self.config.open_duration),
            Phase::HalfOpen { trial_under_way, .. } => *trial_under_way = true,
        }
        Ok(CircuitPermit { breaker: self, epoch: state.epoch, health: Health::Unknown })
    }

    /// For how long nothing is sent, if the circuit is open.
    pub(crate) fn open_for(&self) -> Option<Duration> {
        match self.lock().phase {
            Phase::Open { until, .. } => {
                Some(until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
            }
            Phase::Closed { .. } | Phase::HalfOpen { .. } => None,
        }
    }

    /// Whether sends go through as usual.
    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.lock().phase, Phase::Closed { .. })
    }

    fn settle(&self, epoch: u64, health: Health) {
        let mut state = self.lock();
        if state.epoch != epoch {
            return;
        }
        match (&mut state.phase, health) {
            (phase @ Phase::Closed { .. }, Health::Healthy) => *phase = Phase::CLOSED,
            (Phase::Closed { failures, since }, Health::Failing) => {
                *failures = failures.saturating_add(1);
                let since = *since.get_or_insert_with(Instant::now);
                if *failures >= self.config.failure_threshold
                    && since.elapsed() >= self.config.min_failure_span
                {
                    self.open(&mut state, self.config.open_duration);
                }
            }
            (Phase::HalfOpen { .. }, Health::Healthy) => {
                tracing::info!(kind = self.kind, "Auth0 answers again");
                self.enter(&mut state, Phase::CLOSED);
            }
            (Phase::HalfOpen { duration, .. }, Health::Failing) => {
                let longer = duration.saturating_mul(2).min(self.config.max_open_duration);
                self.open(&mut state, longer);
            }
            (Phase::HalfOpen { trial_under_way, .. }, Health::Unknown) => *trial_under_way = false,
            (Phase::Closed { .. }, Health::Unknown) | (Phase::Open { .. }, _) => {}
        }
    }

    fn open(&self, state: &mut BreakerState, duration: Duration) {
        let (kind, failures) = (self.kind, self.config.failure_threshold);
        tracing::warn!(kind, lasting = ?duration, failures, "Auth0 fails and is left alone");
        self.enter(state, Phase::Open { until: Instant::now() + duration, duration });
    }

    fn enter(&self, state: &mut BreakerState, phase: Phase) {
        state.phase = phase;
        state.epoch = state.epoch.wrapping_add(1);
        self.observer.record_circuit(self.kind, phase.circuit());
    }

    fn lock(&self) -> MutexGuard<'_, BreakerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Phase {
    /// Nothing has failed.
    const CLOSED: Self = Self::Closed { failures: 0, since: None };

    fn circuit(self) -> CircuitState {
        match self {
            Self::Closed { .. } => CircuitState::Closed,
            Self::Open { .. } => CircuitState::Open,
            Self::HalfOpen { .. } => CircuitState::HalfOpen,
        }
    }
}

impl CircuitPermit<'_> {
    /// Says what the send said about Auth0.
    pub(crate) fn settle(mut self, health: Health) {
        self.health = health;
    }
}

impl Drop for CircuitPermit<'_> {
    fn drop(&mut self) {
        self.breaker.settle(self.epoch, self.health);
    }
}

#[cfg(test)]
mod tests;
