//! Shares full scans: equal ones in flight, and for some seconds after they end.
//!
//! A scan of a large tenant takes hundreds of calls, and everything that a list is made of is the
//! same for all callers of the tenant. A write of this process to the tenant ends the sharing, so
//! that its caller does not get a scan from before it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use domain::TenantId;
use parking_lot::Mutex;
use ports::{CallContext, PortError, PortResult};
use tokio::time::{Instant, timeout_at};

use super::index::IndexPage;
use crate::transport::backoff::sleep;

/// The maximum number of rows that are kept after their scans, of all tenants together: some tens
/// of megabytes.
const MAX_KEPT_ROWS: usize = 50_000;

/// The scans in flight and those that are kept.
#[derive(Debug)]
pub(crate) struct ScanCache {
    ttl: Duration,
    slots: Mutex<HashMap<TenantId, Weak<Slot>>>,
    kept_rows: Arc<AtomicUsize>,
}

/// The place of one scan. Whoever locks it first scans, while the others wait.
#[derive(Debug, Default)]
struct Slot(tokio::sync::Mutex<Option<Scan>>);

#[derive(Debug, Clone)]
struct Scan {
    found: Arc<IndexPage>,
    ended: Instant,
}

impl ScanCache {
    /// Keeps scans for this long.
    pub(crate) fn new(ttl: Duration) -> Self {
        Self { ttl, slots: Mutex::default(), kept_rows: Arc::default() }
    }

    /// Returns the kept scan of the tenant, if there is one.
    pub(super) fn kept(&self, tenant: &TenantId) -> Option<Arc<IndexPage>> {
        let slot = self.slots.lock().get(tenant).and_then(Weak::upgrade)?;
        let scan = slot.0.try_lock().ok()?.clone()?;
        (scan.ended.elapsed() < self.ttl).then_some(scan.found)
    }

    /// Returns whether a scan of the tenant is in flight or kept.
    pub(super) fn has_scan(&self, tenant: &TenantId) -> bool {
        self.slots.lock().get(tenant).is_some_and(|slot| slot.strong_count() > 0)
    }

    /// Returns the tenant's scan in flight or the kept one, else the result of this one. If the scan
    /// in flight fails, the next one that waits for it scans.
    pub(super) async fn share(
        &self,
        tenant: &TenantId,
        scan: impl Future<Output = PortResult<IndexPage>> + Send,
    ) -> PortResult<Arc<IndexPage>> {
        let arrival = Instant::now();
        let slot = self.slot(tenant);
        let waiting = slot.0.lock();
        let mut result = match CallContext::current() {
            Some(call) => {
                timeout_at(call.deadline(), waiting).await.map_err(|_| PortError::Timeout)?
            }
            None => waiting.await,
        };
        if let Some(scan) = &*result
            && (scan.ended >= arrival || scan.ended.elapsed() < self.ttl)
        {
            return Ok(Arc::clone(&scan.found));
        }
        let found = Arc::new(scan.await?);
        *result = Some(Scan { found: Arc::clone(&found), ended: Instant::now() });
        drop(result);
        self.keep(slot, found.rows.len());
        Ok(found)
    }

    /// Ends the sharing of scans of these tenants, which have changed.
    pub(crate) fn forget<'a>(&self, tenants: impl IntoIterator<Item = &'a TenantId>) {
        let mut slots = self.slots.lock();
        for tenant in tenants {
            slots.remove(tenant);
        }
    }

    /// Ends the sharing of all scans.
    pub(crate) fn forget_all(&self) {
        self.slots.lock().clear();
    }

    fn slot(&self, tenant: &TenantId) -> Arc<Slot> {
        let mut slots = self.slots.lock();
        if let Some(slot) = slots.get(tenant).and_then(Weak::upgrade) {
            return slot;
        }
        slots.retain(|_, slot| slot.strong_count() > 0);
        let slot = Arc::default();
        slots.insert(tenant.clone(), Arc::downgrade(&slot));
        slot
    }

    /// Keeps the scan for a while, unless too many rows are kept already.
    fn keep(&self, slot: Arc<Slot>, rows: usize) {
        let kept_rows = Arc::clone(&self.kept_rows);
        if self.ttl.is_zero() || kept_rows.load(Ordering::Relaxed) + rows > MAX_KEPT_ROWS {
            return;
        }
        kept_rows.fetch_add(rows, Ordering::Relaxed);
        let ttl = self.ttl;
        tokio::spawn(async move {
            sleep(ttl).await;
            drop(slot);
            kept_rows.fetch_sub(rows, Ordering::Relaxed);
        });
    }
}

#[cfg(test)]
mod tests;
