//! Which addresses may be asked at all.

use ports::KeySourceError;
use url::{Host, Url};

/// An address that may be asked: https, or http on this very machine.
///
/// Plain http to another machine would let anybody on the way hand out keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SafeUrl(Url);

impl SafeUrl {
    /// The address of an issuer, which has neither query nor fragment (OpenID Connect Discovery
    /// 1.0 §3).
    pub(crate) fn of_issuer(text: &str) -> Result<Self, KeySourceError> {
        let url = Self::of_key_set(text)?;
        if url.0.query().is_some() || url.0.fragment().is_some() {
            return Err(refused("an issuer has neither query nor fragment"));
        }
        Ok(url)
    }

    /// The address of a key set.
    pub(crate) fn of_key_set(text: &str) -> Result<Self, KeySourceError> {
        let url = Url::parse(text).map_err(|_| refused("it is not a URL"))?;
        let allowed = match url.scheme() {
            "https" => url.has_host(),
            "http" => is_loopback(&url),
            _ => false,
        };
        if !allowed {
            return Err(refused("it is neither https nor http on loopback"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("it holds user information"));
        }
        Ok(Self(url))
    }

    /// Whether what is fetched here is protected on its way.
    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The address as a URL.
    pub(crate) fn into_url(self) -> Url {
        self.0
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

/// Whether a name is this machine's by RFC 6761 §6.3.
pub(crate) fn is_localhost(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

/// Why an address is not asked. It is not repeated: a discovery document may have named it.
fn refused(why: &str) -> KeySourceError {
    KeySourceError::Invalid(format!("an address must not be asked: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_and_loopback_may_be_asked() {
        for text in [
            "https://tenant.eu.auth0.com/",
            "https://10.0.0.1:8443/issuer",
            "http://127.0.0.1:8080/",
            "http://127.8.9.1/",
            "http://[::1]:8080",
            "http://localhost/",
            "http://LOCALHOST/",
            "http://central-manager.acme.localhost:8080/",
        ] {
            assert!(SafeUrl::of_issuer(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn other_addresses_may_not_be_asked() {
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
            "http://[::ffff:10.0.0.1]/",
            "https://user@example.com/",
            "https://:secret@example.com/",
            "http://127.0.0.1@example.com/",
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
            "data:application/json,{}",
        ] {
            assert!(SafeUrl::of_key_set(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_issuer_has_neither_query_nor_fragment() {
        assert!(SafeUrl::of_issuer("https://example.com/?a=b").is_err());
        assert!(SafeUrl::of_issuer("https://example.com/#a").is_err());
        assert!(SafeUrl::of_key_set("https://example.com/keys?policy=b").is_ok());
    }

    #[test]
    fn a_refusal_does_not_repeat_the_address() {
        let refusal = SafeUrl::of_key_set("http://secret.example.com/").unwrap_err();
        assert!(!format!("{refusal} {refusal:?}").contains("secret"));
    }
}
