//! The inbound call on whose behalf a port is called.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use domain::{CallerKey, TenantId};
use tokio::time::Instant;

/// The context of an inbound call: its request id, its deadline, and the owner of its quota.
///
/// It is a task-local value and no argument, because it does not change what a method does. A task
/// that an adapter spawns has none unless the adapter passes it on.
/// Clones refer to the same call.
#[derive(Debug, Clone)]
pub struct CallContext(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    request_id: Arc<str>,
    deadline: Instant,
    quota_owner: OnceLock<QuotaOwner>,
    upstream_calls: AtomicU32,
}

/// The owner of a share of limited capacity, such as permits of the service or the directory's
/// request rate. Capacity is divided evenly among owners.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum QuotaOwner {
    /// All callers whose token covers only this tenant.
    Tenant(TenantId),
    /// One caller whose token does not name a single tenant.
    Caller(CallerKey),
    /// No owner: work of the service itself, and calls whose caller is not known yet.
    Unattributed,
}

tokio::task_local! {
    static CURRENT: CallContext;
}

impl CallContext {
    /// Returns the context of a call with this request id, whose response is useless after the
    /// deadline.
    pub fn new(request_id: Arc<str>, deadline: Instant) -> Self {
        let (quota_owner, upstream_calls) = (OnceLock::new(), AtomicU32::new(0));
        Self(Arc::new(Shared { request_id, deadline, quota_owner, upstream_calls }))
    }

    /// Returns the context of the running task, if it has one.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Self::clone).ok()
    }

    /// Returns the request id of the running task's call, if it has one.
    pub fn current_request_id() -> Option<Arc<str>> {
        CURRENT.try_with(|call| Arc::clone(&call.0.request_id)).ok()
    }

    /// Runs the future with this context.
    pub async fn scope<F: Future>(self, future: F) -> F::Output {
        CURRENT.scope(self, future).await
    }

    /// Returns the request id that clients and logs use for the call: at most 64 letters, digits,
    /// dots, hyphens and underscores.
    pub fn request_id(&self) -> &str {
        &self.0.request_id
    }

    /// Returns the moment after which the response is useless.
    pub fn deadline(&self) -> Instant {
        self.0.deadline
    }

    /// Sets the owner of the call's quota. Only the first call has an effect.
    pub fn set_quota_owner(&self, owner: QuotaOwner) {
        let _ = self.0.quota_owner.set(owner);
    }

    /// Returns the owner of the call's quota.
    pub fn quota_owner(&self) -> QuotaOwner {
        self.0.quota_owner.get().cloned().unwrap_or(QuotaOwner::Unattributed)
    }

    /// Counts a request that an adapter sends on behalf of this call.
    pub fn count_upstream_call(&self) {
        self.0.upstream_calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the number of requests that adapters sent on behalf of this call, with retries.
    pub fn upstream_calls(&self) -> u32 {
        self.0.upstream_calls.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> CallContext {
        CallContext::new("abc".into(), Instant::now())
    }

    #[tokio::test]
    async fn current_call_is_visible_in_its_task_only() {
        let call = call();
        let within = call.clone().scope(async { CallContext::current() }).await.unwrap();
        assert_eq!((within.request_id(), within.deadline()), ("abc", call.deadline()));
        let request_id = call.scope(async { CallContext::current_request_id() }).await;
        assert_eq!(request_id.as_deref(), Some("abc"));
        assert!(CallContext::current().is_none());
        assert_eq!(CallContext::current_request_id(), None);
    }

    #[tokio::test]
    async fn changes_within_the_call_are_visible_outside() {
        let call = call();
        assert_eq!((call.quota_owner(), call.upstream_calls()), (QuotaOwner::Unattributed, 0));
        let acme = QuotaOwner::Tenant("acme".parse().unwrap());
        let within = async {
            let call = CallContext::current().unwrap();
            call.set_quota_owner(acme.clone());
            call.set_quota_owner(QuotaOwner::Tenant("globex".parse().unwrap()));
            call.count_upstream_call();
        };
        call.clone().scope(within).await;
        assert_eq!((call.quota_owner(), call.upstream_calls()), (acme, 1));
    }
}
