//! What there is to know about one Auth0 tenant, checked where it is made.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;
use thiserror::Error;
use url::{Host, Url};

/// How to reach one Auth0 tenant, and what of it to use.
///
/// `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Auth0Config {
    /// Where Auth0 answers.
    pub domain: Domain,
    /// The identifier of the Management API, which stays the one of the canonical domain when
    /// `domain` is a custom one.
    pub audience: String,
    /// The application that Usher is to Auth0.
    pub client_id: String,
    /// That application's secret.
    pub client_secret: SecretString,
    /// The name of the database connection that holds the accounts.
    pub connection: String,
    /// Below which names `app_metadata` holds what Usher knows of an account.
    pub metadata_prefix: MetadataPrefix,
    /// How long one send may take, from the first step to the last byte.
    pub timeout: Duration,
    /// How long a call of a port may take in all, where no [`ports::CallContext`] says it.
    pub deadline: Duration,
    /// One or more certificates in PEM to trust beside those of the machine.
    pub ca_pem: Option<Vec<u8>>,
    /// What a person gets who was created without a password.
    pub invite: Invite,
    /// Whether Auth0 asks the owner of a new address to confirm it.
    pub verify_email: bool,
    /// When to stop asking an Auth0 that fails.
    pub circuit_breaker: CircuitBreakerConfig,
    /// For how long the process remembers what it wrote, since Auth0's search lags behind.
    pub recent_writes_ttl: Duration,
}

impl Auth0Config {
    /// A configuration with the usual audience and limits.
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
            metadata_prefix: MetadataPrefix::default(),
            timeout: Duration::from_secs(5),
            deadline: Duration::from_secs(10),
            ca_pem: None,
            invite: Invite::None,
            verify_email: false,
            circuit_breaker: CircuitBreakerConfig::default(),
            recent_writes_ttl: Duration::from_mins(1),
        }
    }
}

/// What a person gets who was created without a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Invite {
    /// Nothing: somebody else tells them how to get in.
    #[default]
    None,
    /// Auth0's mail with a link to set a password.
    ResetEmail,
}

/// When to stop asking an Auth0 that fails, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CircuitBreakerConfig {
    /// After how many failed sends in a row.
    pub failure_threshold: u32,
    /// How long the first of them must lie before the last at least: a moment in which many sends
    /// are under way breaks all of them at once, and is over by then.
    pub min_failure_span: Duration,
    /// For how long at first. It doubles with each trial that fails.
    pub open_duration: Duration,
    /// For how long at most.
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

/// Where Auth0 answers: the origin of an https address, or of an http one on this very machine.
///
/// Plain http to another machine would hand the client's secret to anybody on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain(Url);

/// Why a text is not a [`Domain`]. It is not repeated, since it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidDomain {
    /// It is neither a host name nor an address.
    #[error("must be a host name, or an address that begins with https://")]
    Syntax,
    /// Everybody on the way could read along.
    #[error("must be https, or http on loopback")]
    Insecure,
    /// It names more than a host and a port.
    #[error("must have no user, path, query or fragment")]
    NotAnOrigin,
}

impl Domain {
    /// The address as a URL, whose path is `/`.
    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// Whether it is on this very machine, and so a stand-in.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// The address below it with these path segments, each of them percent-encoded.
    pub(crate) fn url_for(&self, segments: &[&str]) -> Url {
        let path: Vec<_> = segments
            .iter()
            .map(|segment| percent_encoding::utf8_percent_encode(segment, SEGMENT).to_string())
            .collect();
        let mut url = self.0.clone();
        url.set_path(&path.join("/"));
        url
    }

    /// Its host, if that is one of the machine's own names (RFC 6761 §6.3).
    pub(crate) fn localhost_name(&self) -> Option<&str> {
        self.0.host_str().filter(|name| is_localhost(name))
    }
}

/// Everything but the unreserved characters of RFC 3986 §2.3.
const SEGMENT: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl FromStr for Domain {
    type Err = InvalidDomain;

    /// Takes `acme.eu.auth0.com`, as Auth0 shows it, for `https://acme.eu.auth0.com`.
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
    match url.host() {
        Some(Host::Domain(name)) => is_localhost(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn is_localhost(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

/// The name of Usher's own key in `app_metadata`, and the beginning of one for each tenant.
///
/// 1 to 30 lower-case letters, digits and underscores, with a letter first: a name of this form
/// needs no escaping in Auth0's query language.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MetadataPrefix(String);

/// Why a text is not a [`MetadataPrefix`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidMetadataPrefix {
    /// It has not the form of one.
    #[error("must be 1 to 30 lower-case letters, digits and underscores, a letter first")]
    Syntax,
    /// Auth0 keeps the name for itself (metadata field names and data types).
    #[error("must not be a name that Auth0 keeps for itself")]
    Reserved,
    /// It could be the key of a tenant below another prefix.
    #[error("must not hold `_tenant_`")]
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

    /// The prefix as text.
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
        } else if text.contains("_tenant_") {
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
