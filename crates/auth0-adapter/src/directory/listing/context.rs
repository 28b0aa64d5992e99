//! What is known about a tenant's users.

use std::collections::BTreeMap;

use domain::{TenantId, UserId};

use super::anomalies::PagingAnomalies;
use crate::directory::recent_writes::WrittenState;

/// What is known about a tenant's users before its index is queried.
#[derive(Debug)]
pub(crate) struct ListContext<'a> {
    pub(crate) tenant: &'a TenantId,
    /// The recent writes to its current and former members.
    pub(crate) written: BTreeMap<UserId, WrittenState>,
    /// The tenants whose pages cannot be used.
    pub(crate) anomalies: &'a PagingAnomalies,
}
