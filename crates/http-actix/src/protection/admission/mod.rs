//! Admission control: how many requests are processed at the same time, and which ones wait.
//!
//! After its token is verified, a request acquires a permit. Permits are limited in total and per
//! quota owner, usually a tenant. Without a free permit, a request waits in a [`concurrency`] queue
//! for a bounded time. If the queue is full, the newest waiter of the longest queue is evicted. So
//! memory is bounded, rejections are fast, and one tenant's load cannot starve the others.
//!
//! A request releases its permit while it waits for a slow body (`request/caller.rs`), because
//! holding it would cost the client nothing. It holds the permit until the last chunk of the
//! response is sent (`permit_body.rs`), because a response that waits for a slow reader uses
//! memory.

mod quota_owner;

use std::sync::Arc;

use concurrency::FairQueue;
use parking_lot::{Mutex, MutexGuard};
use ports::QuotaOwner;
use tokio::sync::oneshot;

use crate::metrics::{HttpMetrics, ShedReason};
use crate::protection::settings::OverloadSettings;

pub(crate) use quota_owner::quota_owner_of;

/// The permits and the queue. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Admission(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: OverloadSettings,
    queue: Mutex<FairQueue<QuotaOwner, oneshot::Sender<Permit>>>,
    metrics: HttpMetrics,
}

/// A permit to process one request; dropping it releases it.
#[derive(Debug)]
pub(crate) struct Permit {
    admission: Admission,
    quota_owner: QuotaOwner,
}

impl Admission {
    /// Creates the admission control with all permits free.
    pub(crate) fn new(settings: OverloadSettings, metrics: HttpMetrics) -> Self {
        Self(Arc::new(Inner { settings, queue: Mutex::default(), metrics }))
    }

    /// Waits for a permit.
    pub(crate) async fn acquire(&self, quota_owner: QuotaOwner) -> Result<Permit, ShedReason> {
        let outcome = match self.acquire_or_enqueue(quota_owner) {
            Ok(permit) => return Ok(permit),
            Err(None) => Err(ShedReason::QueueFull),
            Err(Some(permit)) => {
                let _queued = QueuedGuard::count(&self.0.metrics);
                match tokio::time::timeout(self.0.settings.wait, permit).await {
                    Ok(permit) => permit.map_err(|_evicted| ShedReason::QueueFull),
                    Err(_elapsed) => Err(ShedReason::WaitedTooLong),
                }
            }
        };
        outcome.inspect_err(|reason| self.0.metrics.shed(*reason))
    }

    /// Returns a free permit, or else a waiter in the queue; `None` if the queue is full.
    fn acquire_or_enqueue(
        &self,
        quota_owner: QuotaOwner,
    ) -> Result<Permit, Option<oneshot::Receiver<Permit>>> {
        let OverloadSettings { concurrent, queued, .. } = self.0.settings;
        let most = self.0.settings.permits_per_owner(&quota_owner);
        let mut queue = self.lock();
        // No waiter is overtaken: a released permit goes to an eligible waiter at once.
        if queue.held() < concurrent && queue.try_grant(&quota_owner, most) {
            drop(queue);
            return Ok(self.permit(quota_owner));
        }
        if queue.waiting() >= queued {
            // Cancelled waiters are removed first.
            queue.retain(|waiter| !waiter.is_closed());
        }
        if queue.waiting() >= queued && queue.evict(&quota_owner).is_none() {
            return Err(None);
        }
        let (waiter, permit) = oneshot::channel();
        queue.enqueue(&quota_owner, waiter);
        Err(Some(permit))
    }

    fn permit(&self, quota_owner: QuotaOwner) -> Permit {
        self.0.metrics.in_flight.inc();
        Permit { admission: self.clone(), quota_owner }
    }

    /// Releases a permit and hands free permits to the next waiters.
    fn release(&self, quota_owner: &QuotaOwner) {
        let settings = self.0.settings;
        let mut queue = self.lock();
        queue.release(quota_owner);
        let mut given = Vec::new();
        while queue.waiting() > 0 && queue.held() < settings.concurrent {
            let next = queue.grant_next(
                |quota_owner| settings.permits_per_owner(quota_owner),
                |waiter| !waiter.is_closed(),
            );
            let Some(next) = next else { break };
            given.push(next);
        }
        drop(queue);
        for (quota_owner, waiter) in given {
            // If the waiter is cancelled, sending drops the permit, which releases it.
            let _ = waiter.send(self.permit(quota_owner));
        }
    }

    fn lock(&self) -> MutexGuard<'_, FairQueue<QuotaOwner, oneshot::Sender<Permit>>> {
        self.0.queue.lock()
    }
}

impl Permit {
    /// Returns the quota owner that the permit counts for.
    pub(crate) fn quota_owner(&self) -> &QuotaOwner {
        &self.quota_owner
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.admission.0.metrics.in_flight.dec();
        self.admission.release(&self.quota_owner);
    }
}

/// Counts a request as queued until it is dropped.
struct QueuedGuard<'a>(&'a HttpMetrics);

impl<'a> QueuedGuard<'a> {
    fn count(metrics: &'a HttpMetrics) -> Self {
        metrics.queued.inc();
        Self(metrics)
    }
}

impl Drop for QueuedGuard<'_> {
    fn drop(&mut self) {
        self.0.queued.dec();
    }
}

#[cfg(test)]
mod tests;
