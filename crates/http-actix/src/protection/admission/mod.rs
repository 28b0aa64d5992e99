//! How many requests are worked on at once, and who waits for a place.
//!
//! After its token is verified, a request takes a place. There are so many, and of them so many for
//! one share: a tenant, as a rule. Who finds none waits in line, but not for long, and not behind
//! everybody else's storm: places are given out by [`fair_share`], and where too many wait, the
//! longest line loses its last. So memory is bounded, whoever comes too much is told so quickly,
//! and one tenant's storm leaves room for the others.
//!
//! No place is held while a body is waited for that a client sends slowly (`caller.rs`): it would
//! cost the client nothing to hold all of them.
//! A place is held until the answer has gone out, but for its last piece (`paced.rs`): what waits
//! for a slow reader takes up memory too.

mod paced;
mod share;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fair_share::FairQueue;
use ports::QuotaOwner;
use tokio::sync::oneshot;

use crate::metrics::{HttpMetrics, Shed};

pub(crate) use paced::Paced;
pub(crate) use share::share_of;

/// How much is done at once, and how much may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverloadSettings {
    /// Requests that are worked on.
    pub concurrent: usize,
    /// Of those, the ones of one tenant. A caller whose token does not say for which one tenant it
    /// speaks has a quarter of it: there may be many of them.
    pub concurrent_per_tenant: usize,
    /// Requests that wait.
    pub queued: usize,
    /// How long one may wait.
    pub wait: Duration,
}

/// The places of the service. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Admission(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: OverloadSettings,
    queue: Mutex<FairQueue<QuotaOwner, oneshot::Sender<Place>>>,
    metrics: HttpMetrics,
}

/// A place in the service, which is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    admission: Admission,
    share: QuotaOwner,
}

impl OverloadSettings {
    /// How many places one share has at most.
    fn most(&self, share: &QuotaOwner) -> usize {
        match share {
            QuotaOwner::Tenant(_) => self.concurrent_per_tenant,
            QuotaOwner::Caller(_) | QuotaOwner::Unattributed => {
                self.concurrent_per_tenant.div_ceil(4)
            }
        }
    }
}

impl Admission {
    /// As many places as the settings say, all of them free.
    pub(crate) fn new(settings: OverloadSettings, metrics: HttpMetrics) -> Self {
        Self(Arc::new(Inner { settings, queue: Mutex::default(), metrics }))
    }

    /// A place, when there is one.
    pub(crate) async fn enter(&self, share: QuotaOwner) -> Result<Place, Shed> {
        let outcome = match self.join(share) {
            Ok(place) => return Ok(place),
            Err(None) => Err(Shed::QueueFull),
            Err(Some(place)) => {
                let _queued = Queued::count(&self.0.metrics);
                match tokio::time::timeout(self.0.settings.wait, place).await {
                    Ok(place) => place.map_err(|_evicted| Shed::QueueFull),
                    Err(_elapsed) => Err(Shed::WaitedTooLong),
                }
            }
        };
        outcome.inspect_err(|reason| self.0.metrics.shed(*reason))
    }

    /// A free place, or else one to wait for, unless too many wait already.
    fn join(&self, share: QuotaOwner) -> Result<Place, Option<oneshot::Receiver<Place>>> {
        let OverloadSettings { concurrent, queued, .. } = self.0.settings;
        let most = self.0.settings.most(&share);
        let mut queue = self.lock();
        // Nobody who could have a place waits: each place that becomes free is given away at once.
        if queue.held() < concurrent && queue.held_by(&share) < most {
            queue.take(&share);
            drop(queue);
            return Ok(self.place(share));
        }
        if queue.waiting() >= queued {
            // Those who went away in the meantime make room first.
            queue.retain(|waiter| !waiter.is_closed());
        }
        if queue.waiting() >= queued && queue.evict(&share).is_none() {
            return Err(None);
        }
        let (waiter, place) = oneshot::channel();
        queue.join(&share, waiter);
        Err(Some(place))
    }

    fn place(&self, share: QuotaOwner) -> Place {
        self.0.metrics.in_flight.inc();
        Place { admission: self.clone(), share }
    }

    /// Gives what has become free to whoever is next.
    fn leave(&self, share: &QuotaOwner) {
        let settings = self.0.settings;
        let mut queue = self.lock();
        queue.release(share);
        let mut given = Vec::new();
        while queue.held() < settings.concurrent {
            let next = queue.next(|share| settings.most(share), |waiter| !waiter.is_closed());
            let Some(next) = next else { break };
            given.push(next);
        }
        drop(queue);
        for (share, waiter) in given {
            // One that is not wanted any more is free again as it is dropped.
            let _ = waiter.send(self.place(share));
        }
    }

    fn lock(&self) -> MutexGuard<'_, FairQueue<QuotaOwner, oneshot::Sender<Place>>> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Whose share it is of.
    pub(crate) fn share(&self) -> &QuotaOwner {
        &self.share
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.admission.0.metrics.in_flight.dec();
        self.admission.leave(&self.share);
    }
}

/// Somebody waits as long as this is there.
struct Queued<'a>(&'a HttpMetrics);

impl<'a> Queued<'a> {
    fn count(metrics: &'a HttpMetrics) -> Self {
        metrics.queued.inc();
        Self(metrics)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.queued.dec();
    }
}

#[cfg(test)]
mod tests;
