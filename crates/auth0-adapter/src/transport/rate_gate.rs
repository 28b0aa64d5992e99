//! Rate gates: queue calls while Auth0's rate limit is exhausted, fairly among tenants.
//!
//! Auth0's limits apply to all tenants of Usher together. While a limit is exhausted, calls of that
//! kind wait in one queue for each [`QuotaOwner`] and continue as quota is refilled. The next
//! permit goes to the owner with the fewest calls in flight and, among those, to the one that has
//! waited longest since its last permit. So one tenant's load delays itself, and another tenant's
//! single call by one call at most.
//!
//! If Auth0 reports no limits, or enough quota remains, no call waits. A call that cannot get a
//! permit before its deadline fails at once, with the time of the refill if Auth0 has reported it.

mod window;

use std::sync::Arc;
use std::time::Duration;

use concurrency::FairQueue;
use parking_lot::{Mutex, MutexGuard};
use ports::{CallContext, QuotaOwner, UpstreamObserver};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

pub(crate) use self::window::RateFeedback;
use self::window::RateWindow;
use crate::error::RequestError;
use crate::transport::backoff::sleep;
use crate::transport::call_kind::CallKind;

/// The maximum number of waiting calls of one kind. Above it, the newest waiter of the longest
/// queue is evicted.
const MAX_WAITING: usize = 1000;
/// The shortest Retry-After that is returned.
const MIN_RETRY_AFTER: Duration = Duration::from_secs(1);

/// The queue of one kind of call.
#[derive(Debug)]
pub(crate) struct RateGate {
    kind: &'static str,
    /// The runtime of the wake-up task.
    runtime: Handle,
    observer: Arc<dyn UpstreamObserver>,
    state: Mutex<GateState>,
}

#[derive(Debug)]
struct GateState {
    window: RateWindow,
    /// The waiting calls, and the number of calls in flight of each owner.
    queue: FairQueue<QuotaOwner, Waiter>,
    /// When the wake-up task runs, if there is one.
    wakes_at: Option<Instant>,
    /// The number of waiting calls last reported to the observer.
    reported_waiting: usize,
    /// Whether the exhausted quota has been logged.
    is_logged: bool,
}

/// A call in the queue.
#[derive(Debug)]
struct Waiter {
    /// Grants the permit, and passes the epoch of the window.
    grant: oneshot::Sender<u64>,
    deadline: Instant,
}

/// A permit to send one attempt, which reports its result. Dropped without a report it counts as
/// [`RateFeedback::NoInformation`].
#[derive(Debug)]
#[must_use]
pub(crate) struct RatePermit<'a> {
    gate: &'a Arc<RateGate>,
    owner: QuotaOwner,
    epoch: u64,
    feedback: RateFeedback,
}

/// An entry in the queue, removed when it is dropped.
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
        observer.set_waiting(kind, 0);
        Arc::new(Self { kind, runtime, observer, state: Mutex::new(state) })
    }

    /// Waits for a permit, if it can be granted before the deadline.
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
            // The waiter was evicted, or the deadline passed.
            Ok(Err(_)) | Err(_) => Err(self.lock().rate_limited(Instant::now())),
        }
    }

    /// Returns whether Auth0 has reported that the quota is exhausted.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.lock().window.is_exhausted(Instant::now())
    }

    /// Returns the epoch if the call can start at once, and else the receiver of its permit.
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
            state.queue.grant(owner);
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
        state.queue.enqueue(owner, Waiter { grant, deadline });
        self.grant_permits(state, now);
        Ok(Err(granted))
    }

    /// Records the end of a call, or of a permit that was not used.
    fn finish(self: &Arc<Self>, owner: &QuotaOwner, epoch: u64, feedback: RateFeedback) {
        let now = Instant::now();
        let state = &mut *self.lock();
        state.queue.release(owner);
        let others_wait = state.queue.waiting() > 0;
        state.window.finish(epoch, feedback, others_wait, now);
        if state.window.is_exhausted(now) {
            // Dropping the senders informs the removed waiters.
            let retry_at = state.window.retry_at();
            state.queue.retain(|waiter| retry_at < waiter.deadline);
        } else if !others_wait {
            state.is_logged = false;
        }
        self.grant_permits(state, now);
    }

    /// Removes waiters whose receiver is closed.
    fn remove_closed(self: &Arc<Self>) {
        let state = &mut *self.lock();
        state.queue.retain(|waiter| !waiter.grant.is_closed());
        self.observe_waiting(state);
    }

    /// Grants as many permits as there is capacity for, and schedules a wake-up for the others.
    fn grant_permits(self: &Arc<Self>, state: &mut GateState, now: Instant) {
        while state.queue.waiting() > 0 && state.window.has_capacity(now) {
            let next = state.queue.grant_next(|_| usize::MAX, |waiter| !waiter.grant.is_closed());
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

    /// Schedules the wake-up, unless an earlier one is scheduled.
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

    /// Logs the exhausted quota, once until the queue is empty.
    fn log_exhausted(&self, state: &mut GateState, now: Instant) {
        if !state.is_logged {
            state.is_logged = true;
            let wait = state.window.retry_at().saturating_duration_since(now);
            tracing::warn!(kind = self.kind, ?wait, "rate limit of Auth0 exhausted");
        }
    }

    fn observe_waiting(&self, state: &mut GateState) {
        let waiting = state.queue.waiting();
        if state.reported_waiting != waiting {
            state.reported_waiting = waiting;
            self.observer.set_waiting(self.kind, waiting);
        }
    }

    fn permit(self: &Arc<Self>, owner: QuotaOwner, epoch: u64) -> RatePermit<'_> {
        RatePermit { gate: self, owner, epoch, feedback: RateFeedback::NoInformation }
    }

    fn lock(&self) -> MutexGuard<'_, GateState> {
        self.state.lock()
    }
}

impl GateState {
    fn rate_limited(&self, now: Instant) -> RequestError {
        let wait = self.window.refills_at().saturating_duration_since(now);
        RequestError::RateLimited { retry_after: Some(wait.max(MIN_RETRY_AFTER)) }
    }
}

impl RatePermit<'_> {
    /// Reports what the attempt showed about the quota.
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
        // The permit may have been granted just now.
        match self.granted.try_recv() {
            Ok(epoch) => self.gate.finish(&self.owner, epoch, RateFeedback::NotSent),
            Err(_) => self.gate.remove_closed(),
        }
    }
}

#[cfg(test)]
mod tests;
