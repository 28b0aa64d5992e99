//! What is known of a tenant's people.

use std::collections::BTreeMap;

use domain::{TenantId, UserId};

use super::anomalies::PagingAnomalies;
use crate::directory::recent_writes::WrittenState;

/// What is known of a tenant's people before they are asked for.
#[derive(Debug)]
pub(crate) struct ListContext<'a> {
    pub(crate) tenant: &'a TenantId,
    /// What this process wrote of late of who is, or was, among them.
    pub(crate) written: BTreeMap<UserId, WrittenState>,
    /// Which tenants have people of whom Auth0's pages are of no use.
    pub(crate) anomalies: &'a PagingAnomalies,
}
