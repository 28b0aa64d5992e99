//! The configuration of one Auth0 tenant, validated on construction.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use ports::{is_localhost, is_loopback_host};
use secrecy::SecretString;
use thiserror::Error;
use url::Url;

/// The configuration of the adapter: an Auth0 tenant and how to use it.
///
/// `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Auth0Config {
    /// The domain of the tenant.
    pub domain: Domain,
    /// The identifier of the Management API, which is the one of the canonical domain even if
    /// `domain` is a custom one.
    pub audience: String,
    /// The client id of Usher's application.
    pub client_id: String,
    /// The client secret of that application.
    pub client_secret: SecretString,
    /// The name of the database connection that holds the accounts.
    pub connection: String,
    /// The names of the connections whose accounts may be attached, besides `connection`, which is
    /// always one of them. An address is unique over all of them.
    pub attach_connections: Vec<String>,
    /// The prefix of Usher's keys in `app_metadata`.
    pub metadata_prefix: MetadataPrefix,
    /// The timeout of one attempt, from the first step to the last byte.
    pub timeout: Duration,
    /// The deadline of a port call without a [`ports::CallContext`].
    pub deadline: Duration,
    /// One or more PEM certificates to trust in addition to those of the machine.
    pub ca_pem: Option<Vec<u8>>,
    /// What a user gets who is created without a password.
    pub invite: Invite,
    /// Whether Auth0 asks the owner of a new address to verify it.
    pub verify_email: bool,
    /// When to stop calling an Auth0 that fails.
    pub circuit_breaker: CircuitBreakerConfig,
    /// For how long recent writes are remembered, since Auth0's search is eventually consistent.
    pub recent_writes_ttl: Duration,
    /// For how long lists of a tenant share the result of a full scan. Changes of other processes
    /// appear that much later.
    pub scan_ttl: Duration,
}

impl Auth0Config {
    /// A configuration with the default audience and limits.
    pub fn new(
        domain: Domain,
        client_id: String,
        client_secret: SecretString,
        connection: String,
    ) -> Self {
        Self {
            audience: domain.url_for(&["api", "v2", ""]).into(),
            domain,
            client_id,
            client_secret,
            connection,
            attach_connections: Vec::new(),
            metadata_prefix: MetadataPrefix::default(),
            timeout: Duration::from_secs(5),
            deadline: Duration::from_secs(10),
            ca_pem: None,
            invite: Invite::None,
            verify_email: false,
            circuit_breaker: CircuitBreakerConfig::default(),
            recent_writes_ttl: Duration::from_mins(1),
            scan_ttl: Duration::from_secs(3),
        }
    }

    /// Returns the names of all connections whose accounts may be attached, each once.
    pub(crate) fn all_attach_connections(&self) -> Vec<String> {
        let mut names = vec![self.connection.clone()];
        for name in &self.attach_connections {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }
}

/// What a user gets who is created without a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Invite {
    /// Nothing: the user is told by other means how to log in.
    #[default]
    None,
    /// An e-mail of Auth0 with a link to set a password.
    ResetEmail,
}

/// When the circuit opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CircuitBreakerConfig {
    /// The number of consecutive failed attempts that opens the circuit.
    pub failure_threshold: u32,
    /// The minimum time between the first and the last of them: an interruption of a moment breaks
    /// many attempts in flight at once, and is over by then.
    pub min_failure_span: Duration,
    /// How long the circuit is open at first. It doubles with each failed trial.
    pub open_duration: Duration,
    /// How long the circuit is open at most.
    pub max_open_duration: Duration,
}

impl Default for CircuitBreakerConfig {
    fn default() -> Self {
        Self {
            failure_threshold: 20,
            min_failure_span: Duration::from_millis(200),
            open_duration: Duration::from_secs(1),
            max_open_duration: Duration::from_secs(30),
        }
    }
}

/// The origin of an Auth0 tenant: an https URL, or an http one on loopback.
///
/// Plain http to another machine would expose the client secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain(Url);

/// Errors that make a text an invalid [`Domain`]. They do not repeat it, since it may hold a
/// password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidDomain {
    /// It is neither a host name nor a URL.
    #[error("must be a host name or a URL that starts with https://")]
    Syntax,
    /// It is plain http to another machine.
    #[error("must be https, or http on loopback")]
    Insecure,
    /// It contains more than a host and a port.
    #[error("must not have a user, path, query or fragment")]
    NotAnOrigin,
}

impl Domain {
    /// Returns the URL, whose path is `/`.
    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// Returns whether it is on this machine, and so a stand-in for Auth0.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// Returns the URL of these path segments, each of them percent-encoded.
    pub(crate) fn url_for(&self, segments: &[&str]) -> Url {
        let mut path = String::with_capacity(64);
        for (index, segment) in segments.iter().enumerate() {
            if index > 0 {
                path.push('/');
            }
            path.extend(percent_encoding::utf8_percent_encode(segment, SEGMENT));
        }
        let mut url = self.0.clone();
        url.set_path(&path);
        url
    }

    /// Returns the host, if it is one of the machine's own names (RFC 6761 §6.3).
    pub(crate) fn localhost_name(&self) -> Option<&str> {
        self.0.host_str().filter(|name| is_localhost(name))
    }
}

/// All characters except the unreserved ones of RFC 3986 §2.3.
const SEGMENT: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl FromStr for Domain {
    type Err = InvalidDomain;

    /// Parses a URL or a host name: `acme.eu.auth0.com`, as Auth0 shows it, means
    /// `https://acme.eu.auth0.com`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = if text.contains("://") {
            Url::parse(text)
        } else {
            Url::parse(&format!("https://{text}"))
        };
        let url = url.map_err(|_| InvalidDomain::Syntax)?;
        let protected = match url.scheme() {
            "https" => true,
            "http" => is_loopback(&url),
            _ => return Err(InvalidDomain::Syntax),
        };
        if !protected {
            return Err(InvalidDomain::Insecure);
        }
        let bare = url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none();
        if bare { Ok(Self(url)) } else { Err(InvalidDomain::NotAnOrigin) }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(is_loopback_host)
}

/// The name of Usher's own key in `app_metadata`, and the prefix of one key for each tenant.
///
/// 1 to 30 lower-case letters, digits and underscores, starting with a letter: such a name needs no
/// escaping in Auth0's query language.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MetadataPrefix(String);

/// Errors that make a text an invalid [`MetadataPrefix`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidMetadataPrefix {
    /// It is not of that form.
    #[error("must be 1 to 30 lower-case letters, digits and underscores, a letter first")]
    Syntax,
    /// Auth0 reserves the name (metadata field names and data types).
    #[error("must not be a name reserved by Auth0")]
    Reserved,
    /// It could be another of Usher's keys under another prefix.
    #[error("must not contain `_tenant_`, `_name_` or `_life_`, nor end in `_credentials`")]
    Ambiguous,
}

impl MetadataPrefix {
    const MAX_LENGTH: usize = 30;
    const RESERVED: [&str; 11] = [
        "blocked",
        "created_at",
        "email",
        "email_verified",
        "global_client_id",
        "identities",
        "metadata",
        "multifactor",
        "multifactor_last_modified",
        "updated_at",
        "user_id",
    ];

    /// What tells Usher's keys apart.
    const INFIXES: [&str; 3] = ["_tenant_", "_name_", "_life_"];

    /// Returns the prefix as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for MetadataPrefix {
    fn default() -> Self {
        Self("usher".to_owned())
    }
}

impl FromStr for MetadataPrefix {
    type Err = InvalidMetadataPrefix;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if text.len() > Self::MAX_LENGTH
            || !text.starts_with(|c: char| c.is_ascii_lowercase())
            || !text.bytes().all(allowed)
        {
            Err(InvalidMetadataPrefix::Syntax)
        } else if Self::RESERVED.contains(&text) {
            Err(InvalidMetadataPrefix::Reserved)
        } else if Self::INFIXES.iter().any(|infix| text.contains(infix))
            || text.ends_with("_credentials")
        {
            Err(InvalidMetadataPrefix::Ambiguous)
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl fmt::Display for MetadataPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
