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
use crate::openapi::served;
use crate::protection::admission::Admission;
use crate::protection::head_size::HeadLimits;
use crate::protection::rate_limit::Limits;
use crate::request::client_address::TrustedProxies;
use crate::response::api_error::Fault;
use crate::response::code::Code;
use crate::response::links::PublicUrl;
use ports::error_chain;
use token_verifier::TokenVerifier;

/// The state of the service, one for all its threads.
#[derive(Debug)]
pub(crate) struct Api {
    /// The use cases.
    pub(crate) services: Services,
    /// What can change while the service runs.
    pub(crate) live: RwLock<Arc<Live>>,
    /// How often who may call.
    pub(crate) limits: Limits,
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
    pub(crate) phase: Phase,
    /// What was said last of being ready: nothing yet, that it is, or why not.
    pub(crate) readiness: Mutex<Option<Result<(), Code>>>,
}

/// What the settings say that can be read again while the service runs. It changes as a whole.
#[derive(Debug)]
pub(crate) struct Live {
    /// Who may call.
    pub(crate) verifier: TokenVerifier,
    /// The roles that there are.
    pub(crate) roles: Arc<RoleCatalogue>,
    /// The OpenAPI document, with these roles in it.
    pub(crate) document: web::Bytes,
}

impl Live {
    /// What these settings say.
    ///
    /// # Errors
    /// When the document cannot be written.
    pub(crate) fn new(
        verifier: TokenVerifier,
        roles: Arc<RoleCatalogue>,
        least_password: Option<usize>,
    ) -> serde_json::Result<Self> {
        let document = served::text(served::Configured { roles: &roles, least_password })?;
        Ok(Self { verifier, roles, document: document.into() })
    }
}

impl Api {
    /// Notes whether the service is ready; the log says so when it changes, and not at each probe.
    pub(crate) fn note_readiness(&self, outcome: &Result<(), Fault>) {
        self.metrics.ready.set(i64::from(outcome.is_ok()));
        let now = outcome.as_ref().map(|&()| ()).map_err(Fault::code);
        let mut said = self.readiness.lock().unwrap_or_else(PoisonError::into_inner);
        if said.replace(now) == Some(now) {
            return;
        }
        match outcome {
            Ok(()) => tracing::info!("ready"),
            Err(fault) => {
                let cause = fault.cause().map(error_chain);
                tracing::warn!(code = fault.code().as_str(), cause, "not ready");
            }
        }
    }

    /// What the settings say at this moment. Who needs more than one thing of it should take it
    /// once, lest it changes in between.
    pub(crate) fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on the settings say this.
    pub(crate) fn set_live(&self, live: Live) {
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(live);
    }
}

/// Whether the service goes on, or is about to end.
#[derive(Debug, Default)]
pub(crate) struct Phase {
    stopping: AtomicBool,
    under_way: AtomicUsize,
    /// Is told when nothing is under way any more.
    empty: Notify,
}

impl Phase {
    /// It is about to end: it says that it is not ready, and asks clients to connect elsewhere.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// A request has come in.
    pub(crate) fn began(&self) {
        self.under_way.fetch_add(1, Ordering::AcqRel);
    }

    /// A request is gone, with its answer or without.
    pub(crate) fn ended(&self) {
        if self.under_way.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.empty.notify_waiters();
        }
    }

    /// How many requests there are at this moment.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Acquire)
    }

    /// Waits until there are none.
    pub(crate) async fn nothing_is_under_way(&self) {
        let mut empty = pin!(self.empty.notified());
        empty.as_mut().enable();
        while self.under_way() > 0 {
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
