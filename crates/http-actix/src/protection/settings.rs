//! Settings of the limits, as plain values without imports from this crate.

use std::num::NonZeroU32;
use std::time::Duration;

use ports::QuotaOwner;

/// How many requests a caller may make per minute, in bursts of any size; `None` means unlimited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LimitSettings {
    /// Requests that change something.
    pub writes: Option<NonZeroU32>,
    /// Requests that verify a current password.
    pub password_checks: Option<NonZeroU32>,
    /// Requests that change nothing.
    pub reads: Option<NonZeroU32>,
}

/// How many requests are processed at the same time, and how many may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverloadSettings {
    /// Requests in flight, in total.
    pub concurrent: usize,
    /// Requests in flight per tenant. A caller whose token names no single tenant is limited to a
    /// quarter of it, because there may be many such callers.
    pub concurrent_per_tenant: usize,
    /// Requests in the queue.
    pub queued: usize,
    /// The longest time a request waits in the queue, and the longest time a full list waits for
    /// memory.
    pub wait: Duration,
    /// Memory for full lists, in bytes.
    pub list_bytes: usize,
}

/// The memory for full lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ListMemorySettings {
    /// The memory in bytes.
    pub(crate) limit: usize,
    /// The longest time a list waits for memory.
    pub(crate) wait: Duration,
}

impl OverloadSettings {
    /// Returns the settings of the memory for full lists.
    pub(crate) fn list_memory(&self) -> ListMemorySettings {
        ListMemorySettings { limit: self.list_bytes, wait: self.wait }
    }

    /// Returns how many permits one quota owner may hold.
    pub(crate) fn permits_per_owner(&self, quota_owner: &QuotaOwner) -> usize {
        match quota_owner {
            QuotaOwner::Tenant(_) => self.concurrent_per_tenant,
            QuotaOwner::Caller(_) | QuotaOwner::Unattributed => {
                self.concurrent_per_tenant.div_ceil(4)
            }
        }
    }
}
