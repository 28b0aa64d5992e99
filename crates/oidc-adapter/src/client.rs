//! The HTTP client, with its limits.

use std::error::Error;
use std::fmt;
use std::iter;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ports::KeySourceError;
use reqwest::{StatusCode, header, redirect};
use thiserror::Error;

use crate::allowed_url::AllowedUrl;
use crate::network_policy::NetworkPolicy;
use crate::resolver::{NameLookup, NameNotFound, Resolver};

/// The limits of a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OidcSettings {
    /// The time limit for connecting.
    pub connect_timeout: Duration,
    /// The time limit for one request, from name resolution to the last byte. A fetch with
    /// discovery takes two requests.
    pub timeout: Duration,
    /// The maximum size of a response body.
    pub max_bytes: usize,
}

impl Default for OidcSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(4),
            // Two requests with discovery fit into the default request timeout.
            timeout: Duration::from_secs(4),
            max_bytes: 256 * 1024,
        }
    }
}

/// An HTTP client could not be built.
#[derive(Debug, Error)]
#[error("cannot build the HTTP client for key sets")]
pub struct ClientError(#[source] reqwest::Error);

/// An HTTP client with limits.
///
/// Each network policy has its own client, because the resolver enforces the policy. Each is built
/// on first use: it loads the machine's root certificates, which takes milliseconds. Plain http has
/// a client without certificates.
#[derive(Debug, Clone)]
pub(crate) struct Client(Arc<LazyClients>);

struct LazyClients {
    settings: OidcSettings,
    lookup: NameLookup,
    public: OnceLock<reqwest::Client>,
    private: OnceLock<reqwest::Client>,
    loopback: OnceLock<reqwest::Client>,
    plain_loopback: OnceLock<reqwest::Client>,
}

impl fmt::Debug for LazyClients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazyClients").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Returns whether the status says that there is nothing at the URL (RFC 9110 §15.5.5, §15.5.11).
fn means_missing(status: StatusCode) -> bool {
    matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE)
}

/// The issuer responded with a status other than 200.
#[derive(Debug, Error)]
#[error("unexpected status {0}")]
struct UnexpectedStatus(u16);

fn build_client(
    policy: NetworkPolicy,
    uses_tls: bool,
    settings: &OidcSettings,
    lookup: &NameLookup,
) -> Result<reqwest::Client, ClientError> {
    let builder = reqwest::Client::builder();
    // Trusts no certificate, and so loads none.
    let builder = if uses_tls { builder } else { builder.tls_certs_only(iter::empty()) };
    builder
        .user_agent(concat!("usher/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(settings.connect_timeout)
        .timeout(settings.timeout)
        // A redirect would bypass the URL check.
        .redirect(redirect::Policy::none())
        .referer(false)
        // HTTP_PROXY must not redirect key fetches, and a proxy would resolve names itself.
        .no_proxy()
        .dns_resolver(Resolver::new(policy, lookup))
        // Fetches are minutes apart and come from any worker; a pooled connection would depend on
        // the runtime of the worker that opened it.
        .pool_max_idle_per_host(0)
        .build()
        .map_err(ClientError)
}

impl Client {
    pub(crate) fn new(settings: OidcSettings, lookup: &NameLookup) -> Self {
        Self(Arc::new(LazyClients {
            settings,
            lookup: Arc::clone(lookup),
            public: OnceLock::new(),
            private: OnceLock::new(),
            loopback: OnceLock::new(),
            plain_loopback: OnceLock::new(),
        }))
    }

    /// Builds the client for TLS over public networks, unless it exists.
    pub(crate) fn prepare_tls(&self) -> Result<(), ClientError> {
        self.client_for(NetworkPolicy::Public, true).map(drop)
    }

    fn client_for(
        &self,
        policy: NetworkPolicy,
        uses_tls: bool,
    ) -> Result<&reqwest::Client, ClientError> {
        let clients = &*self.0;
        let slot = match policy {
            NetworkPolicy::Public => &clients.public,
            NetworkPolicy::Private => &clients.private,
            NetworkPolicy::Loopback if uses_tls => &clients.loopback,
            NetworkPolicy::Loopback => &clients.plain_loopback,
        };
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        let client = build_client(policy, uses_tls, &clients.settings, &clients.lookup)?;
        Ok(slot.get_or_init(|| client))
    }

    /// Returns the body of a 200 response.
    pub(crate) async fn get(&self, url: AllowedUrl) -> Result<String, KeySourceError> {
        let http = self
            .client_for(url.policy(), url.uses_tls())
            .map_err(|error| KeySourceError::Unreachable(error.into()))?;
        let request =
            http.get(url.into_url()).header(header::ACCEPT, "application/json, */*;q=0.1");
        #[expect(clippy::disallowed_methods, reason = "the only function that sends requests")]
        let mut response = request.send().await.map_err(transport_error)?;
        if response.status() != StatusCode::OK {
            let status = response.status();
            let error = UnexpectedStatus(status.as_u16()).into();
            return Err(if means_missing(status) {
                KeySourceError::NotFound(error)
            } else {
                KeySourceError::Unreachable(error)
            });
        }
        let max_bytes = self.0.settings.max_bytes;
        // Content-Length may lie; the received bytes count.
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(transport_error)? {
            if chunk.len() > max_bytes.saturating_sub(body.len()) {
                return Err(KeySourceError::Invalid(format!("the body exceeds {max_bytes} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        // serde_json accepts invalid UTF-8 in members that it skips.
        String::from_utf8(body)
            .map_err(|_| KeySourceError::Invalid("the body is not UTF-8".to_owned()))
    }
}

/// Maps an error of the client, without the URL, which may come from a discovery document.
fn transport_error(error: reqwest::Error) -> KeySourceError {
    if error.is_timeout() {
        KeySourceError::Timeout
    } else if is_caused_by::<NameNotFound>(&error) {
        KeySourceError::NotFound(NameNotFound.into())
    } else {
        KeySourceError::Unreachable(error.without_url().into())
    }
}

fn is_caused_by<E: Error + 'static>(error: &dyn Error) -> bool {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.into_iter().any(<dyn Error>::is::<E>)
}

#[cfg(test)]
mod tests;
