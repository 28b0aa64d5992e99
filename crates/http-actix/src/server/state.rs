//! What every handler shares.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use actix_web::web;
use application::Services;
use domain::RoleCatalogue;
use tokio::sync::Notify;

use crate::metrics::Metrics;
use crate::protection::admission::Admission;
use crate::protection::head_size::HeadLimits;
use crate::protection::rate_limit::RateLimits;
use crate::request::trusted_proxies::TrustedProxies;
use crate::response::api_error::ApiError;
use crate::response::code::ErrorCode;
use crate::response::links::PublicUrl;
use ports::error_chain;
use token_verifier::TokenVerifier;

/// The state of the service, one for all its threads.
#[derive(Debug)]
pub(crate) struct AppState {
    /// The use cases.
    pub(crate) services: Services,
    /// What can change while the service runs.
    pub(crate) reloadable: RwLock<Arc<ReloadableState>>,
    /// How often who may call.
    pub(crate) limits: RateLimits,
    /// How much is done at once.
    pub(crate) admission: Admission,
    /// Where clients reach the service.
    pub(crate) public_url: PublicUrl,
    /// Whose word about client addresses is believed.
    pub(crate) trusted_proxies: TrustedProxies,
    /// The most that a head may have.
    pub(crate) head: HeadLimits,
    /// The most that a body may have.
    pub(crate) max_body_bytes: usize,
    /// How long a request may take.
    pub(crate) request_timeout: Duration,
    /// Whether traces are exported.
    pub(crate) traced: bool,
    /// Counts.
    pub(crate) metrics: Metrics,
    /// Whether the service goes on.
    pub(crate) in_flight: InFlight,
    /// What was said last of being ready: nothing yet, that it is, or why not.
    pub(crate) readiness: Mutex<Option<Result<(), ErrorCode>>>,
}

/// What the settings say that can be read again while the service runs. It changes as a whole.
#[derive(Debug)]
pub(crate) struct ReloadableState {
    /// Who may call.
    pub(crate) verifier: TokenVerifier,
    /// The roles that there are.
    pub(crate) roles: Arc<RoleCatalogue>,
    /// The OpenAPI document, with these roles in it.
    pub(crate) document: web::Bytes,
}

impl ReloadableState {
    /// Combines what one version of the settings results in; `document` is the OpenAPI document.
    pub(crate) fn new(
        verifier: TokenVerifier,
        roles: Arc<RoleCatalogue>,
        document: impl Into<web::Bytes>,
    ) -> Self {
        Self { verifier, roles, document: document.into() }
    }
}

impl AppState {
    /// Records whether the service is ready; the log says so when it changes, and not at each probe.
    pub(crate) fn record_readiness(&self, outcome: &Result<(), ApiError>) {
        self.metrics.ready.set(i64::from(outcome.is_ok()));
        let now = outcome.as_ref().map(|&()| ()).map_err(ApiError::code);
        let mut said = self.readiness.lock().unwrap_or_else(PoisonError::into_inner);
        if said.replace(now) == Some(now) {
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

    /// What the settings say at this moment. Who needs more than one thing of it should take it
    /// once, lest it changes in between.
    pub(crate) fn reloadable(&self) -> Arc<ReloadableState> {
        Arc::clone(&self.reloadable.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on the settings say this.
    pub(crate) fn set_reloadable(&self, live: ReloadableState) {
        *self.reloadable.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(live);
    }
}

/// Whether the service goes on, or is about to end.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    stopping: AtomicBool,
    count: AtomicUsize,
    /// Is told when nothing is under way any more.
    empty: Notify,
}

impl InFlight {
    /// It is about to end: it says that it is not ready, and asks clients to connect elsewhere.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// A request has come in.
    pub(crate) fn began(&self) {
        self.count.fetch_add(1, Ordering::AcqRel);
    }

    /// A request is gone, with its answer or without.
    pub(crate) fn ended(&self) {
        if self.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.empty.notify_waiters();
        }
    }

    /// How many requests there are at this moment.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Waits until there are none.
    pub(crate) async fn wait_until_idle(&self) {
        let mut empty = pin!(self.empty.notified());
        empty.as_mut().enable();
        while self.count() > 0 {
            empty.as_mut().await;
            empty.set(self.empty.notified());
            empty.as_mut().enable();
        }
    }

    /// Whether it is about to end.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}
