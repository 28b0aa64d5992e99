//! What every handler shares.

use std::sync::Arc;
use std::time::Duration;

use application::Services;
use domain::RoleCatalogue;

use crate::auth::TokenVerifier;
use crate::client_address::TrustedProxies;
use crate::head_size::HeadLimits;
use crate::limits::Limits;
use crate::links::PublicUrl;
use crate::metrics::Metrics;

/// The state of the service, one for all its threads.
#[derive(Debug)]
pub(crate) struct Api {
    /// The use cases.
    pub(crate) services: Services,
    /// Who may call.
    pub(crate) verifier: TokenVerifier,
    /// And how often.
    pub(crate) limits: Limits,
    /// The roles that there are.
    pub(crate) roles: Arc<RoleCatalogue>,
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
    /// Counts.
    pub(crate) metrics: Metrics,
}
