//! Logs accounts that no list can show.

use std::collections::HashSet;

use domain::TenantId;
use parking_lot::Mutex;

use crate::digest::digest;

/// The maximum number of remembered accounts. Above it all are forgotten, and logged once more.
const CAPACITY: usize = 10_000;

/// The accounts that were logged. Each is logged once, not with every list.
#[derive(Debug, Default)]
pub(crate) struct SkippedAccounts(Mutex<HashSet<(TenantId, String)>>);

impl SkippedAccounts {
    /// Logs that an account of the tenant has no usable id. The id may be empty.
    pub(super) fn log(&self, tenant: &TenantId, id: &str) {
        let account = if id.is_empty() { String::new() } else { digest(id) };
        let key = (tenant.clone(), account);
        let mut logged = self.0.lock();
        if logged.contains(&key) {
            return;
        }
        tracing::warn!(%tenant, account = key.1, "account without a usable id skipped");
        if logged.len() >= CAPACITY {
            logged.clear();
        }
        logged.insert(key);
    }
}
