//! The state that all handlers share.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use application::Services;
use domain::RoleCatalogue;
use parking_lot::{Mutex, RwLock};
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::metrics::Metrics;
use crate::protection::admission::Admission;
use crate::protection::head_size::HeadLimits;
use crate::protection::list_memory::ListMemory;
use crate::protection::rate_limit::RateLimits;
use crate::request::trusted_proxies::TrustedProxies;
use crate::response::api_error::ApiError;
use crate::response::code::ErrorCode;
use crate::response::links::PublicUrl;
use crate::server::lazy_text::LazyText;
use crate::server::path_table::PathTable;
use ports::error_chain;
use telemetry::TraceSampler;
use token_verifier::TokenVerifier;

/// The state of the service, shared by all threads.
#[derive(Debug)]
pub(crate) struct AppState {
    /// The use cases.
    pub(crate) services: Services,
    /// The part that changes with a reload.
    pub(crate) reloadable: RwLock<Arc<ReloadableState>>,
    /// The rate limits.
    pub(crate) limits: RateLimits,
    /// The admission control.
    pub(crate) admission: Admission,
    /// The memory for full lists.
    pub(crate) list_memory: ListMemory,
    /// The base URL for clients.
    pub(crate) public_url: PublicUrl,
    /// Whether the base URL is configured. Otherwise, clients may reach the service under others.
    pub(crate) is_public_url_configured: bool,
    /// The proxies whose `X-Forwarded-For` and `Forwarded` are trusted.
    pub(crate) trusted_proxies: TrustedProxies,
    /// The maximum size of a request's head.
    pub(crate) head: HeadLimits,
    /// The maximum size of a body.
    pub(crate) max_body_bytes: usize,
    /// The maximum duration of a request.
    pub(crate) request_timeout: Duration,
    /// Decides which requests are traced, if traces are exported.
    pub(crate) sampler: Option<TraceSampler>,
    /// The path templates of all operations, because failed requests need them.
    pub(crate) templates: PathTable<String>,
    /// The runtime of the thread on which changes are made to their end, once the server runs.
    pub(crate) runtime: OnceLock<Handle>,
    /// The metrics.
    pub(crate) metrics: Metrics,
    /// The requests in flight, and whether the service is shutting down.
    pub(crate) in_flight: InFlight,
    /// The readiness that was last logged: ready, or the reason why not.
    pub(crate) readiness: Mutex<Option<Result<(), ErrorCode>>>,
}

/// The state that depends on settings which can be reloaded. It is replaced as a whole.
#[derive(Debug)]
pub(crate) struct ReloadableState {
    /// Verifies tokens.
    pub(crate) verifier: TokenVerifier,
    /// The role catalogue.
    pub(crate) roles: Arc<RoleCatalogue>,
    /// The OpenAPI document with these roles.
    pub(crate) document: LazyText,
}

impl ReloadableState {
    /// Combines the results of one version of the settings; `document` is the OpenAPI document.
    pub(crate) fn new(
        verifier: TokenVerifier,
        roles: Arc<RoleCatalogue>,
        document: LazyText,
    ) -> Self {
        Self { verifier, roles, document }
    }
}

impl AppState {
    /// Records the readiness, and logs it when it changes.
    pub(crate) fn record_readiness(&self, outcome: &Result<(), ApiError>) {
        self.metrics.ready.set(i64::from(outcome.is_ok()));
        let current = outcome.as_ref().map(|&()| ()).map_err(ApiError::code);
        let mut last = self.readiness.lock();
        if last.replace(current) == Some(current) {
            return;
        }
        match outcome {
            Ok(()) => tracing::info!("ready"),
            Err(api_error) => {
                let cause = api_error.cause().map(error_chain);
                tracing::warn!(code = api_error.code().as_str(), cause, "not ready");
            }
        }
    }

    /// Returns the current state. A request that needs several parts must call this once, because a
    /// reload may come in between.
    pub(crate) fn reloadable(&self) -> Arc<ReloadableState> {
        Arc::clone(&self.reloadable.read())
    }

    /// Replaces the state.
    pub(crate) fn set_reloadable(&self, state: ReloadableState) {
        *self.reloadable.write() = Arc::new(state);
    }
}

/// The requests in flight, and whether the service is shutting down.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    stopping: AtomicBool,
    count: AtomicUsize,
    /// The changes that are being made, some of them after their client has left.
    changes: AtomicUsize,
    /// Notified when no request and no change is in flight.
    empty: Notify,
}

impl InFlight {
    /// Starts the shutdown: readiness fails, and responses close their connections.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Counts a request that has arrived.
    pub(crate) fn start_request(&self) {
        self.count.fetch_add(1, Ordering::AcqRel);
    }

    /// Counts a request that has ended, with or without a response.
    pub(crate) fn finish_request(&self) {
        if self.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.empty.notify_waiters();
        }
    }

    /// Counts a change that starts.
    pub(crate) fn start_change(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    /// Counts a change that has ended.
    pub(crate) fn finish_change(&self) {
        if self.changes.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.empty.notify_waiters();
        }
    }

    fn is_idle(&self) -> bool {
        self.work() == 0
    }

    /// Returns the number of requests in flight, or that of changes if it is greater: the clients
    /// of some changes may have left.
    pub(crate) fn work(&self) -> usize {
        self.count.load(Ordering::Acquire).max(self.changes.load(Ordering::Acquire))
    }

    /// Waits until no request and no change is in flight.
    pub(crate) async fn wait_until_idle(&self) {
        let mut empty = pin!(self.empty.notified());
        empty.as_mut().enable();
        while !self.is_idle() {
            empty.as_mut().await;
            empty.set(self.empty.notified());
            empty.as_mut().enable();
        }
    }

    /// Returns whether the service is shutting down.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}
