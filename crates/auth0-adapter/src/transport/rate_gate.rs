//! Where calls wait while Auth0 takes no more, fairly among those on whose behalf they are made.
//!
//! Auth0's limits are for all tenants of Usher together. While nothing is left of one, calls of that
//! kind stand in line, a line for each [`QuotaOwner`], and go as Auth0 takes them again: next is who has
//! least under way, and of those who waited longest since their last turn. A storm of one tenant so
//! holds up itself, and costs another tenant's single call a turn.
//!
//! Where Auth0 says nothing of limits, or enough is left, nobody waits. Who cannot have a turn before
//! the deadline is told so at once, as far as Auth0 has said when there is more.

mod window;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fair_share::FairQueue;
use ports::{CallContext, QuotaOwner, UpstreamObserver};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

pub(crate) use self::window::RateFeedback;
use self::window::RateWindow;
use crate::error::RequestError;
use crate::transport::backoff::sleep;
use crate::transport::call_kind::CallKind;

/// How many wait at most, of one kind. Beyond it, the longest line loses its last.
const MAX_WAITING: usize = 1000;
/// What is told at least to those who are to come again.
const MIN_RETRY_AFTER: Duration = Duration::from_secs(1);

/// The way to Auth0 for one kind of call.
#[derive(Debug)]
pub(crate) struct RateGate {
    kind: &'static str,
    /// What its timer runs on.
    runtime: Handle,
    observer: Arc<dyn UpstreamObserver>,
    state: Mutex<GateState>,
}

#[derive(Debug)]
struct GateState {
    window: RateWindow,
    /// Who waits, and who is under way.
    queue: FairQueue<QuotaOwner, Waiter>,
    /// When the timer goes off, if there is one.
    wakes_at: Option<Instant>,
    /// How many wait, as the watch was told.
    reported_waiting: usize,
    /// The log has been told that nothing is left.
    is_logged: bool,
}

/// Somebody in line.
#[derive(Debug)]
struct Waiter {
    /// Lets it go, in this epoch of the window.
    grant: oneshot::Sender<u64>,
    deadline: Instant,
}

/// Lets one send go, and tells what came of it. Dropped without a word, it tells of nothing.
#[derive(Debug)]
#[must_use]
pub(crate) struct RatePermit<'a> {
    gate: &'a Arc<RateGate>,
    owner: QuotaOwner,
    epoch: u64,
    feedback: RateFeedback,
}

/// A place in line, given up when it is dropped.
#[derive(Debug)]
struct QueueEntry<'a> {
    gate: &'a Arc<RateGate>,
    owner: QuotaOwner,
    granted: oneshot::Receiver<u64>,
    is_granted: bool,
}

impl RateGate {
    pub(crate) fn new(
        kind: CallKind,
        runtime: Handle,
        observer: Arc<dyn UpstreamObserver>,
    ) -> Arc<Self> {
        let state = GateState {
            window: RateWindow::new(Instant::now()),
            queue: FairQueue::default(),
            wakes_at: None,
            reported_waiting: 0,
            is_logged: false,
        };
        let kind = kind.as_str();
        observer.record_waiting(kind, 0);
        Arc::new(Self { kind, runtime, observer, state: Mutex::new(state) })
    }

    /// Waits for its turn, if there is one before the deadline.
    pub(crate) async fn enter(
        self: &Arc<Self>,
        deadline: Instant,
    ) -> Result<RatePermit<'_>, RequestError> {
        let owner =
            CallContext::current().map_or(QuotaOwner::Unattributed, |call| call.quota_owner());
        let granted = match self.try_start(&owner, deadline)? {
            Ok(epoch) => return Ok(self.permit(owner, epoch)),
            Err(granted) => granted,
        };
        let mut entry = QueueEntry { gate: self, owner, granted, is_granted: false };
        match timeout_at(deadline, &mut entry.granted).await {
            Ok(Ok(epoch)) => {
                entry.is_granted = true;
                Ok(self.permit(entry.owner.clone(), epoch))
            }
            // Put out of the line, or out of time.
            Ok(Err(_)) | Err(_) => Err(self.lock().rate_limited(Instant::now())),
        }
    }

    /// Whether Auth0 has said that it takes no more for now.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.lock().window.is_exhausted(Instant::now())
    }

    /// Goes through, or stands in line.
    fn try_start(
        self: &Arc<Self>,
        owner: &QuotaOwner,
        deadline: Instant,
    ) -> Result<Result<u64, oneshot::Receiver<u64>>, RequestError> {
        let now = Instant::now();
        if deadline <= now {
            return Err(RequestError::DeadlineExceeded);
        }
        let state = &mut *self.lock();
        if state.queue.waiting() == 0 && state.window.has_capacity(now) {
            state.queue.take(owner);
            return Ok(Ok(state.window.start()));
        }
        if state.window.is_exhausted(now) {
            self.log_exhausted(state, now);
            if deadline <= state.window.retry_at() {
                return Err(state.rate_limited(now));
            }
        }
        if state.queue.waiting() >= MAX_WAITING && state.queue.evict(owner).is_none() {
            return Err(state.rate_limited(now));
        }
        let (grant, granted) = oneshot::channel();
        state.queue.join(owner, Waiter { grant, deadline });
        self.grant_permits(state, now);
        Ok(Err(granted))
    }

    /// One is back, or has given up its turn.
    fn finish(self: &Arc<Self>, owner: &QuotaOwner, epoch: u64, feedback: RateFeedback) {
        let now = Instant::now();
        let state = &mut *self.lock();
        state.queue.release(owner);
        let others_wait = state.queue.waiting() > 0;
        state.window.finish(epoch, feedback, others_wait, now);
        if state.window.is_exhausted(now) {
            // Their senders are dropped, by which they know.
            let retry_at = state.window.retry_at();
            state.queue.retain(|waiter| retry_at < waiter.deadline);
        } else if !others_wait {
            state.is_logged = false;
        }
        self.grant_permits(state, now);
    }

    /// One has left the line.
    fn remove_closed(self: &Arc<Self>) {
        let state = &mut *self.lock();
        state.queue.retain(|waiter| !waiter.grant.is_closed());
        self.observe_waiting(state);
    }

    /// Lets go as many as may, and sees to it that the others are looked after later.
    fn grant_permits(self: &Arc<Self>, state: &mut GateState, now: Instant) {
        while state.queue.waiting() > 0 && state.window.has_capacity(now) {
            let next = state.queue.next(|_| usize::MAX, |waiter| !waiter.grant.is_closed());
            let Some((owner, waiter)) = next else { break };
            let epoch = state.window.start();
            if waiter.grant.send(epoch).is_err() {
                state.queue.release(&owner);
                state.window.finish(epoch, RateFeedback::NotSent, true, now);
            }
        }
        if state.queue.waiting() > 0 {
            if state.window.is_exhausted(now) {
                self.log_exhausted(state, now);
            }
            self.schedule_wake(state, now);
        }
        self.observe_waiting(state);
    }

    /// Sets the timer, unless it goes off by then anyway.
    fn schedule_wake(self: &Arc<Self>, state: &mut GateState, now: Instant) {
        let retry_at = state.window.retry_at();
        if state.wakes_at.is_some_and(|wakes_at| wakes_at <= retry_at) {
            return;
        }
        state.wakes_at = Some(retry_at);
        let gate = Arc::downgrade(self);
        self.runtime.spawn(async move {
            sleep(retry_at.saturating_duration_since(now)).await;
            let Some(gate) = gate.upgrade() else { return };
            let state = &mut *gate.lock();
            state.wakes_at = state.wakes_at.filter(|wakes_at| *wakes_at != retry_at);
            gate.grant_permits(state, Instant::now());
        });
    }

    /// Says that nothing is left, once until nobody waits any more.
    fn log_exhausted(&self, state: &mut GateState, now: Instant) {
        if !state.is_logged {
            state.is_logged = true;
            let wait = state.window.retry_at().saturating_duration_since(now);
            tracing::warn!(kind = self.kind, ?wait, "Auth0 takes no more for now");
        }
    }

    fn observe_waiting(&self, state: &mut GateState) {
        let waiting = state.queue.waiting();
        if state.reported_waiting != waiting {
            state.reported_waiting = waiting;
            self.observer.record_waiting(self.kind, waiting);
        }
    }

    fn permit(self: &Arc<Self>, owner: QuotaOwner, epoch: u64) -> RatePermit<'_> {
        RatePermit { gate: self, owner, epoch, feedback: RateFeedback::NoInformation }
    }

    /// Nothing in here panics half-way, so a poisoned lock is taken all the same.
    fn lock(&self) -> MutexGuard<'_, GateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GateState {
    fn rate_limited(&self, now: Instant) -> RequestError {
        let wait = self.window.refills_at().saturating_duration_since(now);
        RequestError::RateLimited { retry_after: Some(wait.max(MIN_RETRY_AFTER)) }
    }
}

impl RatePermit<'_> {
    /// Tells what came of the send.
    pub(crate) fn report(mut self, feedback: RateFeedback) {
        self.feedback = feedback;
    }
}

impl Drop for RatePermit<'_> {
    fn drop(&mut self) {
        self.gate.finish(&self.owner, self.epoch, self.feedback);
    }
}

impl Drop for QueueEntry<'_> {
    fn drop(&mut self) {
        if self.is_granted {
            return;
        }
        self.granted.close();
        // The turn may have come in this very moment.
        match self.granted.try_recv() {
            Ok(epoch) => self.gate.finish(&self.owner, epoch, RateFeedback::NotSent),
            Err(_) => self.gate.remove_closed(),
        }
    }
}

#[cfg(test)]
mod tests;
