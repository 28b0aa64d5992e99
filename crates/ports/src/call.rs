//! The inbound call within which a port is asked.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use domain::{CallerKey, TenantId};
use tokio::time::Instant;

/// What an adapter may know of the inbound call: its name, when it has to be over, and on whose
/// share of what is scarce it draws.
///
/// It travels beside the arguments, as a task-local value, since it changes nothing of what a
/// method means. A task that an adapter spawns has none unless the adapter hands it on.
/// Clones are the same call.
#[derive(Debug, Clone)]
pub struct CallContext(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    request_id: Arc<str>,
    deadline: Instant,
    share: OnceLock<QuotaOwner>,
    upstream_calls: AtomicU32,
}

/// Among whom what is scarce is shared out evenly: places in the service, and what the directory
/// takes in a second.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum QuotaOwner {
    /// Everybody whose token speaks for this tenant.
    Tenant(TenantId),
    /// One caller whose token does not say for which tenant it speaks.
    Caller(CallerKey),
    /// Nobody in particular: what the service does of its own accord, and calls before it is known
    /// who makes them.
    Unattributed,
}

tokio::task_local! {
    static CURRENT: CallContext;
}

impl CallContext {
    /// A call of this name; its answer is of no use after the deadline.
    pub fn new(request_id: Arc<str>, deadline: Instant) -> Self {
        let (share, upstream_calls) = (OnceLock::new(), AtomicU32::new(0));
        Self(Arc::new(Shared { request_id, deadline, share, upstream_calls }))
    }

    /// The call that the running task is part of, if it was told.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Self::clone).ok()
    }

    /// Runs the future as a part of this call.
    pub async fn scope<F: Future>(self, future: F) -> F::Output {
        CURRENT.scope(self, future).await
    }

    /// The request id by which clients, logs and support speak of the call: at most 64 letters,
    /// digits, dots, hyphens and underscores.
    pub fn request_id(&self) -> &str {
        &self.0.request_id
    }

    /// When the answer is of no use any more.
    pub fn deadline(&self) -> Instant {
        self.0.deadline
    }

    /// From now on the call draws on this share. Who is asked first has the say.
    pub fn set_quota_owner(&self, share: QuotaOwner) {
        let _ = self.0.share.set(share);
    }

    /// On whose share the call draws.
    pub fn quota_owner(&self) -> QuotaOwner {
        self.0.share.get().cloned().unwrap_or(QuotaOwner::Unattributed)
    }

    /// An adapter has sent a request to whatever is behind it, on behalf of this call.
    pub fn count_upstream_call(&self) {
        self.0.upstream_calls.fetch_add(1, Ordering::Relaxed);
    }

    /// How many requests adapters have sent on behalf of this call, repetitions included.
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
        assert!(CallContext::current().is_none());
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
