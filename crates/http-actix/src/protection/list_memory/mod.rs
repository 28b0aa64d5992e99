//! The memory for full lists: how many large ones are read and sent at the same time.
//!
//! A full list is rendered piece by piece as its client reads it, but an adapter may have to hold
//! all its users until then. Of a large tenant, they take more memory than all other requests
//! together, until a slow client has received the list. So a list reserves memory before the
//! directory is called: what the tenant's last list held, or a share of the limit if there was none.
//! Then it keeps reserved what it holds, which becomes less as it is sent.
//!
//! Small lists, and lists that an adapter computes while they are sent, reserve nothing and never
//! wait. Waiting requests hold a permit, so that their number is limited; after a bounded time they
//! are rejected.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use domain::TenantId;
use parking_lot::Mutex;
use ports::QuotaOwner;
use tokio::sync::oneshot;

use crate::metrics::{HttpMetrics, ShedReason};
use crate::protection::settings::ListMemorySettings;

/// The size up to which a list reserves nothing.
const SMALL_LIST_BYTES: usize = 256 * 1024;
/// The share of the limit that a list of unknown size reserves.
const UNKNOWN_SHARE: usize = 8;
/// The maximum number of tenants whose list sizes are known.
const MAX_KNOWN_TENANTS: usize = 10_000;

/// The memory for full lists. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct ListMemory(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limit: usize,
    wait: Duration,
    metrics: HttpMetrics,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    reserved: usize,
    by_owner: HashMap<QuotaOwner, usize>,
    /// What the last list of a tenant held once it was read.
    sizes: HashMap<TenantId, usize>,
    waiters: VecDeque<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    owner: QuotaOwner,
    tenant: TenantId,
    sender: oneshot::Sender<ListReservation>,
}

/// Memory reserved for one list, until it is dropped.
#[derive(Debug)]
pub(crate) struct ListReservation {
    memory: ListMemory,
    owner: QuotaOwner,
    tenant: TenantId,
    bytes: usize,
}

/// Whether a list can be read now.
enum Step {
    /// With this reservation.
    Granted(usize),
    /// It waits for other lists of its quota owner; other owners do not wait for it.
    OwnerWaits,
    /// It waits for memory, and so do all that come later: otherwise a large list could wait for
    /// ever.
    AllWait,
}

/// Returns how much of the limit one quota owner can use, so that its slow clients leave memory for
/// others.
fn owner_limit(limit: usize) -> usize {
    limit / 4 * 3
}

impl ListMemory {
    /// Creates the memory with nothing reserved.
    pub(crate) fn new(settings: ListMemorySettings, metrics: HttpMetrics) -> Self {
        let ListMemorySettings { limit, wait } = settings;
        Self(Arc::new(Inner { limit, wait, metrics, state: Mutex::default() }))
    }

    /// Reserves memory for a full list of the tenant, and waits for it if necessary.
    pub(crate) async fn reserve(
        &self,
        owner: QuotaOwner,
        tenant: &TenantId,
    ) -> Result<ListReservation, ShedReason> {
        let waiting = {
            let mut state = self.0.state.lock();
            let needed = state.needed(self.0.limit, tenant);
            let step = if state.waiters.is_empty() || needed == 0 {
                state.step(self.0.limit, &owner, needed)
            } else {
                Step::AllWait
            };
            if let Step::Granted(bytes) = step {
                state.change(&owner, 0, bytes);
                drop(state);
                return Ok(self.reservation(owner, tenant.clone(), bytes));
            }
            let (sender, reservation) = oneshot::channel();
            state.waiters.push_back(Waiter { owner, tenant: tenant.clone(), sender });
            reservation
        };
        // Waiters before it may have given up, or wait for their own quota owner only.
        self.grant_waiters();
        if let Ok(Ok(reservation)) = tokio::time::timeout(self.0.wait, waiting).await {
            return Ok(reservation);
        }
        self.0.metrics.shed(ShedReason::ListMemory);
        Err(ShedReason::ListMemory)
    }

    fn reservation(&self, owner: QuotaOwner, tenant: TenantId, bytes: usize) -> ListReservation {
        ListReservation { memory: self.clone(), owner, tenant, bytes }
    }

    /// Hands free memory to waiters, the first ones first.
    fn grant_waiters(&self) {
        let mut granted = Vec::new();
        let mut state = self.0.state.lock();
        state.waiters.retain(|waiter| !waiter.sender.is_closed());
        let mut next = 0;
        while let Some(Waiter { owner, tenant, .. }) = state.waiters.get(next) {
            match state.step(self.0.limit, owner, state.needed(self.0.limit, tenant)) {
                Step::Granted(bytes) => {
                    let Some(waiter) = state.waiters.remove(next) else { break };
                    state.change(&waiter.owner, 0, bytes);
                    let reservation = self.reservation(waiter.owner, waiter.tenant, bytes);
                    granted.push((reservation, waiter.sender));
                }
                Step::OwnerWaits => next += 1,
                Step::AllWait => break,
            }
        }
        drop(state);
        for (reservation, sender) in granted {
            // If the waiter has given up, this drops the reservation, which releases it.
            let _ = sender.send(reservation);
        }
    }
}

impl State {
    /// Returns what a list of the tenant has to reserve.
    fn needed(&self, limit: usize, tenant: &TenantId) -> usize {
        let bytes = self.sizes.get(tenant).copied().unwrap_or(limit / UNKNOWN_SHARE);
        reserved_for(bytes)
    }

    fn step(&self, limit: usize, owner: &QuotaOwner, bytes: usize) -> Step {
        let own = self.by_owner.get(owner).copied().unwrap_or(0);
        // A list that is larger than a share is read alone.
        let has_share = own == 0 || own.saturating_add(bytes) <= owner_limit(limit);
        let has_room = self.reserved == 0 || self.reserved.saturating_add(bytes) <= limit;
        match (bytes == 0, has_share, has_room) {
            (true, _, _) | (false, true, true) => Step::Granted(bytes),
            (false, false, _) => Step::OwnerWaits,
            (false, true, false) => Step::AllWait,
        }
    }

    /// Replaces a reservation by another one.
    fn change(&mut self, owner: &QuotaOwner, before: usize, after: usize) {
        self.reserved = self.reserved - before + after;
        let own = self.by_owner.get(owner).copied().unwrap_or(0) - before + after;
        if own == 0 {
            self.by_owner.remove(owner);
        } else {
            self.by_owner.insert(owner.clone(), own);
        }
    }

    fn set_size(&mut self, tenant: &TenantId, bytes: usize) {
        if !self.sizes.contains_key(tenant)
            && self.sizes.len() >= MAX_KNOWN_TENANTS
            && let Some(evicted) = self.sizes.keys().next().cloned()
        {
            self.sizes.remove(&evicted);
        }
        self.sizes.insert(tenant.clone(), bytes);
    }
}

impl ListReservation {
    /// Reserves what the list holds once it is read, in bytes.
    ///
    /// This never waits, because the list is in memory already; others wait for longer instead.
    pub(crate) fn set_held(&mut self, bytes: usize) {
        self.memory.0.state.lock().set_size(&self.tenant, bytes);
        self.resize(bytes);
    }

    /// Reserves what the list still holds after a part of it was sent, in bytes.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        if reserved_for(bytes) < self.bytes {
            self.resize(bytes);
        }
    }

    fn resize(&mut self, bytes: usize) {
        let bytes = reserved_for(bytes);
        self.memory.0.state.lock().change(&self.owner, self.bytes, bytes);
        self.bytes = bytes;
        self.memory.grant_waiters();
    }
}

impl Drop for ListReservation {
    fn drop(&mut self) {
        self.memory.0.state.lock().change(&self.owner, self.bytes, 0);
        self.memory.grant_waiters();
    }
}

/// Returns what a list of this size reserves: nothing if it is small.
fn reserved_for(bytes: usize) -> usize {
    if bytes <= SMALL_LIST_BYTES { 0 } else { bytes }
}

#[cfg(test)]
mod tests;
