//! Leaves an Auth0 that fails alone for a while.
//!
//! Closed, every send goes through. After enough failures in a row, over more than a moment, the
//! circuit opens, and nothing is sent. When its time is over, one send at a time is let through as a trial: the first that
//! succeeds closes the circuit, one that fails opens it for twice as long.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::CircuitConfig;

/// The circuit breaker of one Auth0 tenant.
#[derive(Debug)]
pub(crate) struct Breaker {
    config: CircuitConfig,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
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
        lasting: Duration,
    },
    HalfOpen {
        on_trial: bool,
        lasting: Duration,
    },
}

/// What the send said about Auth0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// Auth0 is well, whatever it answered.
    Well,
    /// It failed.
    Failing,
    /// It says nothing.
    Unknown,
}

/// Lets one send through. Dropped without a word it says nothing, so that a caller who goes away
/// does not block the next trial.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    breaker: &'a Breaker,
    epoch: u64,
    health: Health,
}

impl Breaker {
    pub(crate) fn new(config: CircuitConfig) -> Self {
        Self { config, state: Mutex::new(State { phase: Phase::WELL, epoch: 0 }) }
    }

    /// Lets a send through, or says how long to wait.
    pub(crate) fn admit(&self) -> Result<Permit<'_>, Duration> {
        let mut state = self.lock();
        if let Phase::Open { until, lasting } = state.phase
            && until <= Instant::now()
        {
            state.enter(Phase::HalfOpen { on_trial: false, lasting });
        }
        match &mut state.phase {
            Phase::Closed { .. } => {}
            Phase::Open { until, .. } => return Err(*until - Instant::now()),
            // How the trial ends is not known, but soon will be.
            Phase::HalfOpen { on_trial: true, .. } => return Err(self.config.open),
            Phase::HalfOpen { on_trial, .. } => *on_trial = true,
        }
        Ok(Permit { breaker: self, epoch: state.epoch, health: Health::Unknown })
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
            (phase @ Phase::Closed { .. }, Health::Well) => *phase = Phase::WELL,
            (Phase::Closed { failures, since }, Health::Failing) => {
                *failures = failures.saturating_add(1);
                let since = *since.get_or_insert_with(Instant::now);
                if *failures >= self.config.failures && since.elapsed() >= self.config.span {
                    self.open(&mut state, self.config.open);
                }
            }
            (Phase::HalfOpen { .. }, Health::Well) => {
                tracing::info!("Auth0 answers again");
                state.enter(Phase::WELL);
            }
            (Phase::HalfOpen { lasting, .. }, Health::Failing) => {
                let longer = lasting.saturating_mul(2).min(self.config.max_open);
                self.open(&mut state, longer);
            }
            (Phase::HalfOpen { on_trial, .. }, Health::Unknown) => *on_trial = false,
            (Phase::Closed { .. }, Health::Unknown) | (Phase::Open { .. }, _) => {}
        }
    }

    fn open(&self, state: &mut State, lasting: Duration) {
        tracing::warn!(?lasting, failures = self.config.failures, "Auth0 fails and is left alone");
        state.enter(Phase::Open { until: Instant::now() + lasting, lasting });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Phase {
    /// Nothing has failed.
    const WELL: Self = Self::Closed { failures: 0, since: None };
}

impl State {
    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.epoch = self.epoch.wrapping_add(1);
    }
}

impl Permit<'_> {
    /// Says what the send said about Auth0.
    pub(crate) fn settle(mut self, health: Health) {
        self.health = health;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.breaker.settle(self.epoch, self.health);
    }
}

#[cfg(test)]
mod tests;
