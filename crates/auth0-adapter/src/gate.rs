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

use concurrency::FairQueue;
use ports::{CallContext, QuotaOwner, UpstreamObserver};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

pub(crate) use self::window::News;
use self::window::Window;
use crate::error::Failure;
use crate::kind::Kind;
use crate::retry::pause;

/// How many wait at most, of one kind. Beyond it, the longest line loses its last.
const MOST_WAITING: usize = 1000;
/// What is told at least to those who are to come again.
const SOON: Duration = Duration::from_secs(1);

/// The way to Auth0 for one kind of call.
#[derive(Debug)]
pub(crate) struct Gate {
    kind: &'static str,
    /// What its timer runs on.
    runtime: Handle,
    watch: Arc<dyn UpstreamObserver>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    window: Window,
    /// Who waits, and who is under way.
    queue: FairQueue<QuotaOwner, Waiter>,
    /// When the timer goes off, if there is one.
    wakes: Option<Instant>,
    /// How many wait, as the watch was told.
    reported: usize,
    /// The log has been told that nothing is left.
    logged: bool,
}

/// Somebody in line.
#[derive(Debug)]
struct Waiter {
    /// Lets it go, in this epoch of the window.
    go: oneshot::Sender<u64>,
    deadline: Instant,
}

/// Lets one send go, and tells what came of it. Dropped without a word, it tells of nothing.
#[derive(Debug)]
#[must_use]
pub(crate) struct Pass<'a> {
    gate: &'a Arc<Gate>,
    share: QuotaOwner,
    epoch: u64,
    news: News,
}

/// A place in line, given up when it is dropped.
#[derive(Debug)]
struct Place<'a> {
    gate: &'a Arc<Gate>,
    share: QuotaOwner,
    turn: oneshot::Receiver<u64>,
    taken: bool,
}

impl Gate {
    pub(crate) fn new(kind: Kind, runtime: Handle, watch: Arc<dyn UpstreamObserver>) -> Arc<Self> {
        let state = State {
            window: Window::new(Instant::now()),
            queue: FairQueue::default(),
            wakes: None,
            reported: 0,
            logged: false,
        };
        let kind = kind.as_str();
        watch.set_waiting(kind, 0);
        Arc::new(Self { kind, runtime, watch, state: Mutex::new(state) })
    }

    /// Waits for its turn, if there is one before the deadline.
    pub(crate) async fn enter(self: &Arc<Self>, deadline: Instant) -> Result<Pass<'_>, Failure> {
        let share =
            CallContext::current().map_or(QuotaOwner::Unattributed, |call| call.quota_owner());
        let turn = match self.arrive(&share, deadline)? {
            Ok(epoch) => return Ok(self.pass(share, epoch)),
            Err(turn) => turn,
        };
        let mut place = Place { gate: self, share, turn, taken: false };
        match timeout_at(deadline, &mut place.turn).await {
            Ok(Ok(epoch)) => {
                place.taken = true;
                Ok(self.pass(place.share.clone(), epoch))
            }
            // Put out of the line, or out of time.
            Ok(Err(_)) | Err(_) => Err(self.lock().limited(Instant::now())),
        }
    }

    /// Whether Auth0 has said that it takes no more for now.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().window.is_closed(Instant::now())
    }

    /// Goes through, or stands in line.
    fn arrive(
        self: &Arc<Self>,
        share: &QuotaOwner,
        deadline: Instant,
    ) -> Result<Result<u64, oneshot::Receiver<u64>>, Failure> {
        let now = Instant::now();
        if deadline <= now {
            return Err(Failure::NoTime);
        }
        let state = &mut *self.lock();
        if state.queue.waiting() == 0 && state.window.has_room(now) {
            state.queue.grant(share);
            return Ok(Ok(state.window.go()));
        }
        if state.window.is_closed(now) {
            self.log(state, now);
            if deadline <= state.window.opens() {
                return Err(state.limited(now));
            }
        }
        if state.queue.waiting() >= MOST_WAITING && state.queue.evict(share).is_none() {
            return Err(state.limited(now));
        }
        let (go, turn) = oneshot::channel();
        state.queue.enqueue(share, Waiter { go, deadline });
        self.let_go(state, now);
        Ok(Err(turn))
    }

    /// One is back, or has given up its turn.
    fn back(self: &Arc<Self>, share: &QuotaOwner, epoch: u64, news: News) {
        let now = Instant::now();
        let state = &mut *self.lock();
        state.queue.release(share);
        let others_wait = state.queue.waiting() > 0;
        state.window.back(epoch, news, others_wait, now);
        if state.window.is_closed(now) {
            // Their senders are dropped, by which they know.
            let opens = state.window.opens();
            state.queue.retain(|waiter| opens < waiter.deadline);
        } else if !others_wait {
            state.logged = false;
        }
        self.let_go(state, now);
    }

    /// One has left the line.
    fn gone(self: &Arc<Self>) {
        let state = &mut *self.lock();
        state.queue.retain(|waiter| !waiter.go.is_closed());
        self.report(state);
    }

    /// Lets go as many as may, and sees to it that the others are looked after later.
    fn let_go(self: &Arc<Self>, state: &mut State, now: Instant) {
        while state.queue.waiting() > 0 && state.window.has_room(now) {
            let next = state.queue.grant_next(|_| usize::MAX, |waiter| !waiter.go.is_closed());
            let Some((share, waiter)) = next else { break };
            let epoch = state.window.go();
            if waiter.go.send(epoch).is_err() {
                state.queue.release(&share);
                state.window.back(epoch, News::Unsent, true, now);
            }
        }
        if state.queue.waiting() > 0 {
            if state.window.is_closed(now) {
                self.log(state, now);
            }
            self.wake_at(state, now);
        }
        self.report(state);
    }

    /// Sets the timer, unless it goes off by then anyway.
    fn wake_at(self: &Arc<Self>, state: &mut State, now: Instant) {
        let opens = state.window.opens();
        if state.wakes.is_some_and(|wakes| wakes <= opens) {
            return;
        }
        state.wakes = Some(opens);
        let gate = Arc::downgrade(self);
        self.runtime.spawn(async move {
            pause(opens.saturating_duration_since(now)).await;
            let Some(gate) = gate.upgrade() else { return };
            let state = &mut *gate.lock();
            state.wakes = state.wakes.filter(|wakes| *wakes != opens);
            gate.let_go(state, Instant::now());
        });
    }

    /// Says that nothing is left, once until nobody waits any more.
    fn log(&self, state: &mut State, now: Instant) {
        if !state.logged {
            state.logged = true;
            let wait = state.window.opens().saturating_duration_since(now);
            tracing::warn!(kind = self.kind, ?wait, "Auth0 takes no more for now");
        }
    }

    fn report(&self, state: &mut State) {
        let waiting = state.queue.waiting();
        if state.reported != waiting {
            state.reported = waiting;
            self.watch.set_waiting(self.kind, waiting);
        }
    }

    fn pass(self: &Arc<Self>, share: QuotaOwner, epoch: u64) -> Pass<'_> {
        Pass { gate: self, share, epoch, news: News::Nothing }
    }

    /// Nothing in here panics half-way, so a poisoned lock is taken all the same.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn limited(&self, now: Instant) -> Failure {
        let wait = self.window.told().saturating_duration_since(now);
        Failure::Limited { retry_after: Some(wait.max(SOON)) }
    }
}

impl Pass<'_> {
    /// Tells what came of the send.
    pub(crate) fn tell(mut self, news: News) {
        self.news = news;
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.gate.back(&self.share, self.epoch, self.news);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.taken {
            return;
        }
        self.turn.close();
        // The turn may have come in this very moment.
        match self.turn.try_recv() {
            Ok(epoch) => self.gate.back(&self.share, epoch, News::Unsent),
            Err(_) => self.gate.gone(),
        }
    }
}

#[cfg(test)]
mod tests;
