//! How many requests are worked on at once, and who waits for a permit.
//!
//! After its token is verified, a request takes a permit. There are so many, and of them so many for
//! one quota owner: a tenant, as a rule. Who finds none waits in line, but not for long, and not behind
//! everybody else's storm: places are given out by [`fair_share`], and where too many wait, the
//! longest line loses its last. So memory is bounded, whoever comes too much is told so quickly,
//! and one tenant's storm leaves room for the others.
//!
//! No permit is held while a body is waited for that a client sends slowly (`caller.rs`): it would
//! cost the client nothing to hold all of them.
//! A permit is held until the answer has gone out, but for its last piece (`permit_body.rs`): what waits
//! for a slow reader takes up memory too.

mod quota_owner;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fair_share::FairQueue;
use ports::QuotaOwner;
use tokio::sync::oneshot;

use crate::metrics::{HttpMetrics, ShedReason};
use crate::protection::settings::OverloadSettings;

pub(crate) use quota_owner::quota_owner_of;

/// The places of the service. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Admission(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: OverloadSettings,
    queue: Mutex<FairQueue<QuotaOwner, oneshot::Sender<Permit>>>,
    metrics: HttpMetrics,
}

/// A permit in the service, which is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    admission: Admission,
    quota_owner: QuotaOwner,
}

impl Admission {
    /// As many places as the settings say, all of them free.
    pub(crate) fn new(settings: OverloadSettings, metrics: HttpMetrics) -> Self {
        Self(Arc::new(Inner { settings, queue: Mutex::default(), metrics }))
    }

    /// A permit, when there is one.
    pub(crate) async fn enter(&self, quota_owner: QuotaOwner) -> Result<Permit, ShedReason> {
        let outcome = match self.join(quota_owner) {
            Ok(permit) => return Ok(permit),
            Err(None) => Err(ShedReason::QueueFull),
            Err(Some(permit)) => {
                let _queued = Queued::count(&self.0.metrics);
                match tokio::time::timeout(self.0.settings.wait, permit).await {
                    Ok(permit) => permit.map_err(|_evicted| ShedReason::QueueFull),
                    Err(_elapsed) => Err(ShedReason::WaitedTooLong),
                }
            }
        };
        outcome.inspect_err(|reason| self.0.metrics.shed(*reason))
    }

    /// A free permit, or else one to wait for, unless too many wait already.
    fn join(&self, quota_owner: QuotaOwner) -> Result<Permit, Option<oneshot::Receiver<Permit>>> {
        let OverloadSettings { concurrent, queued, .. } = self.0.settings;
        let most = self.0.settings.permits_per_owner(&quota_owner);
        let mut queue = self.lock();
        // Nobody who could have a permit waits: each permit that becomes free is given away at once.
        if queue.held() < concurrent && queue.held_by(&quota_owner) < most {
            queue.take(&quota_owner);
            drop(queue);
            return Ok(self.permit(quota_owner));
        }
        if queue.waiting() >= queued {
            // Those who went away in the meantime make room first.
            queue.retain(|waiter| !waiter.is_closed());
        }
        if queue.waiting() >= queued && queue.evict(&quota_owner).is_none() {
            return Err(None);
        }
        let (waiter, permit) = oneshot::channel();
        queue.join(&quota_owner, waiter);
        Err(Some(permit))
    }

    fn permit(&self, quota_owner: QuotaOwner) -> Permit {
        self.0.metrics.in_flight.inc();
        Permit { admission: self.clone(), quota_owner }
    }

    /// Gives what has become free to whoever is next.
    fn leave(&self, quota_owner: &QuotaOwner) {
        let settings = self.0.settings;
        let mut queue = self.lock();
        queue.release(quota_owner);
        let mut given = Vec::new();
        while queue.held() < settings.concurrent {
            let next = queue.next(
                |quota_owner| settings.permits_per_owner(quota_owner),
                |waiter| !waiter.is_closed(),
            );
            let Some(next) = next else { break };
            given.push(next);
        }
        drop(queue);
        for (quota_owner, waiter) in given {
            // One that is not wanted any more is free again as it is dropped.
            let _ = waiter.send(self.permit(quota_owner));
        }
    }

    fn lock(&self) -> MutexGuard<'_, FairQueue<QuotaOwner, oneshot::Sender<Permit>>> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// Whose quota owner it is of.
    pub(crate) fn quota_owner(&self) -> &QuotaOwner {
        &self.quota_owner
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.admission.0.metrics.in_flight.dec();
        self.admission.leave(&self.quota_owner);
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
