//! URLs that requests may be sent to.

use ports::{KeySourceError, is_localhost, is_loopback_host};
use url::{Host, Url};

use crate::network_policy::NetworkPolicy;

/// A URL that a request may be sent to, with the network policy for its resolved addresses.
///
/// The scheme is https, or http on loopback: over plain http to another host, anyone on the path
/// could substitute keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AllowedUrl {
    url: Url,
    policy: NetworkPolicy,
}

impl AllowedUrl {
    /// Parses the URL of an issuer, which has neither query nor fragment (OpenID Connect Discovery
    /// 1.0 §3).
    pub(crate) fn for_issuer(text: &str, private_network: bool) -> Result<Self, KeySourceError> {
        let issuer = Self::for_key_set(text, private_network)?;
        if issuer.url.query().is_some() || issuer.url.fragment().is_some() {
            return Err(rejected("an issuer must have neither query nor fragment"));
        }
        Ok(issuer)
    }

    /// Parses the URL of a configured key set; its network policy follows from its host.
    pub(crate) fn for_key_set(text: &str, private_network: bool) -> Result<Self, KeySourceError> {
        let url = parse(text)?;
        let policy = match (is_loopback(&url), private_network) {
            (true, _) => NetworkPolicy::Loopback,
            (false, true) => NetworkPolicy::Private,
            (false, false) => NetworkPolicy::Public,
        };
        Self::with_policy(url, policy)
    }

    /// Parses a URL that an issuer has published. The issuer's network policy applies, but a private
    /// issuer may use only its own host in private networks.
    pub(crate) fn for_discovered(issuer: &Self, text: &str) -> Result<Self, KeySourceError> {
        let url = parse(text)?;
        let policy = match issuer.policy {
            NetworkPolicy::Private if url.host() != issuer.url.host() => NetworkPolicy::Public,
            policy @ (NetworkPolicy::Public | NetworkPolicy::Private | NetworkPolicy::Loopback) => {
                policy
            }
        };
        let discovered = Self::with_policy(url, policy)?;
        // A document fetched over TLS must not downgrade to plain http.
        if issuer.url.scheme() == "https" && discovered.url.scheme() != "https" {
            return Err(rejected("an https issuer must not refer to http"));
        }
        Ok(discovered)
    }

    fn with_policy(url: Url, policy: NetworkPolicy) -> Result<Self, KeySourceError> {
        let allowed = match url.scheme() {
            "https" => url.has_host(),
            "http" => is_loopback(&url),
            _ => false,
        };
        if !allowed {
            return Err(rejected("the scheme must be https, or http on loopback"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(rejected("it contains user information"));
        }
        // IP literals bypass the resolver and so must be checked here.
        let forbidden = match url.host() {
            Some(Host::Ipv4(address)) => !policy.allows(address.into()),
            Some(Host::Ipv6(address)) => !policy.allows(address.into()),
            Some(Host::Domain(name)) => is_localhost(name) && policy != NetworkPolicy::Loopback,
            None => true,
        };
        if forbidden {
            return Err(rejected(policy.violation()));
        }
        Ok(Self { url, policy })
    }

    /// Returns the network policy for resolved addresses.
    pub(crate) fn policy(&self) -> NetworkPolicy {
        self.policy
    }

    /// Whether the scheme is https. If not, the network policy is that of loopback.
    pub(crate) fn uses_tls(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Returns the URL.
    pub(crate) fn into_url(self) -> Url {
        self.url
    }
}

fn parse(text: &str) -> Result<Url, KeySourceError> {
    Url::parse(text).map_err(|_| rejected("not a URL"))
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(is_loopback_host)
}

/// Returns an error without the URL, which may come from a discovery document.
fn rejected(why: &str) -> KeySourceError {
    KeySourceError::Invalid(format!("forbidden URL: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(text: &str) -> Result<AllowedUrl, KeySourceError> {
        AllowedUrl::for_key_set(text, false)
    }

    #[test]
    fn https_and_loopback_urls_are_allowed() {
        for (text, policy) in [
            ("https://tenant.eu.auth0.com/", NetworkPolicy::Public),
            ("https://8.8.8.8:8443/issuer", NetworkPolicy::Public),
            ("http://127.0.0.1:8080/", NetworkPolicy::Loopback),
            ("https://127.0.0.1:8080/", NetworkPolicy::Loopback),
            ("http://127.8.9.1/", NetworkPolicy::Loopback),
            ("http://[::1]:8080", NetworkPolicy::Loopback),
            ("http://localhost/", NetworkPolicy::Loopback),
            ("https://localhost/", NetworkPolicy::Loopback),
            ("http://LOCALHOST/", NetworkPolicy::Loopback),
            ("http://central-manager.acme.localhost:8080/", NetworkPolicy::Loopback),
        ] {
            assert_eq!(AllowedUrl::for_issuer(text, false).unwrap().policy(), policy, "{text}");
        }
    }

    #[test]
    fn other_urls_are_rejected() {
        for text in [
            "",
            "issuer",
            "/keys",
            "http://tenant.eu.auth0.com/",
            "http://localhost.example.com/",
            "http://notlocalhost/",
            "http://127.0.0.1.example.com/",
            "http://localhost./",
            "http://0.0.0.0/",
            "http://169.254.169.254/",
            "http://10.0.0.1/",
            "http://[::ffff:10.0.0.1]/",
            "https://user@example.com/",
            "https://:secret@example.com/",
            "http://127.0.0.1@example.com/",
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
            "data:application/json,{}",
        ] {
            assert!(AllowedUrl::for_key_set(text, false).is_err(), "{text}");
            assert!(AllowedUrl::for_key_set(text, true).is_err(), "{text}");
        }
    }

    #[test]
    fn ip_literals_obey_the_network_policy() {
        for (text, in_private_network) in [
            ("https://10.0.0.1:8443/issuer", true),
            ("https://192.168.0.1/", true),
            ("https://[fd00::1]/", true),
            // Other spellings of 10.0.0.1.
            ("https://0xa.0.0.1/", true),
            ("https://167772161/", true),
            ("https://012.0.0.1/", true),
            ("https://[::ffff:10.0.0.1]/", true),
            ("https://169.254.169.254/latest/meta-data", false),
            ("https://[fe80::1]/", false),
            ("https://[::ffff:169.254.169.254]/", false),
            ("https://[64:ff9b::a9fe:a9fe]/", false),
            ("https://0.0.0.0/", false),
            ("https://[::]/", false),
            ("https://224.0.0.1/", false),
        ] {
            assert!(AllowedUrl::for_key_set(text, false).is_err(), "{text}");
            assert_eq!(AllowedUrl::for_key_set(text, true).is_ok(), in_private_network, "{text}");
        }
    }

    #[test]
    fn discovered_url_cannot_widen_the_network_policy() {
        let issuer = |text| AllowedUrl::for_issuer(text, false).unwrap();
        let private_issuer = AllowedUrl::for_issuer("https://login.internal/", true).unwrap();
        let public_issuer = issuer("https://tenant.eu.auth0.com/");
        let loopback_issuer = issuer("http://127.0.0.1:8080/");
        for (text, from_public, from_private, from_loopback) in [
            ("https://keys.example.com/keys", true, true, true),
            ("https://8.8.8.8/keys", true, true, false),
            ("https://10.0.0.1/keys", false, false, false),
            ("https://127.0.0.1/keys", false, false, true),
            ("https://localhost/keys", false, false, true),
            ("http://127.0.0.1:8080/keys", false, false, true),
            ("https://169.254.169.254/keys", false, false, false),
            ("http://keys.example.com/keys", false, false, false),
        ] {
            assert_eq!(
                AllowedUrl::for_discovered(&public_issuer, text).is_ok(),
                from_public,
                "{text}"
            );
            assert_eq!(
                AllowedUrl::for_discovered(&private_issuer, text).is_ok(),
                from_private,
                "{text}"
            );
            assert_eq!(
                AllowedUrl::for_discovered(&loopback_issuer, text).is_ok(),
                from_loopback,
                "{text}"
            );
        }
        // In private networks, only the issuer's own host is allowed.
        let policy = |text| AllowedUrl::for_discovered(&private_issuer, text).unwrap().policy();
        assert_eq!(policy("https://login.internal:8443/keys"), NetworkPolicy::Private);
        assert_eq!(policy("https://other.internal/keys"), NetworkPolicy::Public);
        // The addresses of a name are checked when it is resolved.
        let discovered =
            AllowedUrl::for_discovered(&loopback_issuer, "https://keys.example.com/keys").unwrap();
        assert_eq!(discovered.policy(), NetworkPolicy::Loopback);
        let https_loopback_issuer = issuer("https://localhost:8443/");
        assert!(
            AllowedUrl::for_discovered(&https_loopback_issuer, "http://localhost/keys").is_err()
        );
    }

    #[test]
    fn issuer_with_query_or_fragment_is_rejected() {
        assert!(AllowedUrl::for_issuer("https://example.com/?a=b", false).is_err());
        assert!(AllowedUrl::for_issuer("https://example.com/#a", false).is_err());
        assert!(public("https://example.com/keys?policy=b").is_ok());
    }

    #[test]
    fn rejection_omits_the_url() {
        let error = public("http://secret.example.com/").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}
