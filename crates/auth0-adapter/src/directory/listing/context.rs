//! What is known about a tenant's users.

use std::collections::BTreeMap;

use domain::{TenantId, TenantScope, Timestamp, UserId};

use super::anomalies::PagingAnomalies;
use super::scan_cache::ScanCache;
use crate::directory::recent_writes::WrittenState;

/// What is known about a tenant's users before its index is queried.
#[derive(Debug)]
pub(crate) struct ListContext<'a> {
    /// What the tenant may see.
    pub(crate) scope: &'a TenantScope,
    /// The recent writes to its current and former members.
    pub(crate) written: BTreeMap<UserId, WrittenState>,
    /// The tenants whose pages cannot be used.
    pub(crate) anomalies: &'a PagingAnomalies,
    /// The full scans that lists share.
    pub(crate) scans: &'a ScanCache,
    /// The time of the list.
    pub(crate) now: Timestamp,
    /// Writes after this moment are recent.
    pub(crate) recent_since: Timestamp,
}

impl ListContext<'_> {
    pub(crate) fn tenant(&self) -> &TenantId {
        self.scope.tenant()
    }
}
