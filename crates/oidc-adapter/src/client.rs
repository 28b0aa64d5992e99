//! The one place that builds the HTTP client, and the one function that sends.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ports::KeySourceError;
use reqwest::{StatusCode, header, redirect};
use thiserror::Error;

use crate::address::SafeUrl;
use crate::reach::Reach;
use crate::resolver::{NameLookup, Resolver};

/// The limits of a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OidcSettings {
    /// How long a connection may take to stand.
    pub connect_timeout: Duration,
    /// How long one request may take, from the first step to the last byte. A fetch with
    /// discovery is two requests.
    pub timeout: Duration,
    /// How many bytes an answer may have.
    pub max_bytes: usize,
}

impl Default for OidcSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(4),
            // With discovery two of them fit into the time that a request usually has.
            timeout: Duration::from_secs(4),
            max_bytes: 256 * 1024,
        }
    }
}

/// Why there is no HTTP client.
#[derive(Debug, Error)]
#[error("the HTTP client for key sets cannot be set up")]
pub struct ClientError(#[source] reqwest::Error);

/// An HTTP client with limits.
///
/// There is one for each reach, since it is the look-up of names that holds a client to its own.
/// Those for issuers nearby are made when one is asked: each reads the machine's roots of trust,
/// which takes milliseconds of the start.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    public: reqwest::Client,
    nearby: Arc<Nearby>,
}

struct Nearby {
    settings: OidcSettings,
    lookup: NameLookup,
    private: OnceLock<reqwest::Client>,
    loopback: OnceLock<reqwest::Client>,
}

impl fmt::Debug for Nearby {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nearby").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The issuer answered, but not with 200.
#[derive(Debug, Error)]
#[error("the answer has status {0}")]
struct UnexpectedStatus(u16);

fn http(
    reach: Reach,
    settings: &OidcSettings,
    lookup: &NameLookup,
) -> Result<reqwest::Client, ClientError> {
    reqwest::Client::builder()
        .user_agent(concat!("usher/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(settings.connect_timeout)
        .timeout(settings.timeout)
        // A redirect would lead away from the address that was checked.
        .redirect(redirect::Policy::none())
        .referer(false)
        // Whom keys come from is for the configuration to say, not for HTTP_PROXY; and a
        // proxy would look the name up itself.
        .no_proxy()
        .dns_resolver(Resolver::new(reach, lookup))
        // Fetches are minutes apart, and come from whichever worker is at hand: a pooled
        // connection would hang on the runtime of the worker that opened it.
        .pool_max_idle_per_host(0)
        .build()
        .map_err(ClientError)
}

impl Client {
    pub(crate) fn new(settings: OidcSettings, lookup: &NameLookup) -> Result<Self, ClientError> {
        let public = http(Reach::Public, &settings, lookup)?;
        let (private, loopback) = (OnceLock::new(), OnceLock::new());
        let nearby = Nearby { settings, lookup: Arc::clone(lookup), private, loopback };
        Ok(Self { public, nearby: Arc::new(nearby) })
    }

    fn http(&self, reach: Reach) -> Result<&reqwest::Client, ClientError> {
        let Nearby { settings, lookup, private, loopback } = &*self.nearby;
        let made = match reach {
            Reach::Public => return Ok(&self.public),
            Reach::Private => private,
            Reach::Loopback => loopback,
        };
        if let Some(http) = made.get() {
            return Ok(http);
        }
        let http = http(reach, settings, lookup)?;
        Ok(made.get_or_init(|| http))
    }

    /// The body at an address, if it is answered with 200.
    pub(crate) async fn get(&self, address: SafeUrl) -> Result<String, KeySourceError> {
        let http = self
            .http(address.reach())
            .map_err(|error| KeySourceError::Unreachable(error.into()))?;
        let request =
            http.get(address.into_url()).header(header::ACCEPT, "application/json, */*;q=0.1");
        #[expect(clippy::disallowed_methods, reason = "the one function that sends")]
        let mut response = request.send().await.map_err(failed)?;
        if response.status() != StatusCode::OK {
            let status = UnexpectedStatus(response.status().as_u16());
            return Err(KeySourceError::Unreachable(status.into()));
        }
        // Content-Length is only what the other side says: what counts is what comes.
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if chunk.len() > self.nearby.settings.max_bytes.saturating_sub(body.len()) {
                return Err(KeySourceError::Invalid(format!(
                    "it has more than {} bytes",
                    self.nearby.settings.max_bytes
                )));
            }
            body.extend_from_slice(&chunk);
        }
        // A reader of JSON may overlook what is no text where it reads nothing.
        String::from_utf8(body)
            .map_err(|_| KeySourceError::Invalid("it is not in UTF-8".to_owned()))
    }
}

/// The address is left out of the error: a discovery document may have named it.
fn failed(error: reqwest::Error) -> KeySourceError {
    if error.is_timeout() {
        KeySourceError::Timeout
    } else {
        KeySourceError::Unreachable(error.without_url().into())
    }
}

#[cfg(test)]
mod tests;
