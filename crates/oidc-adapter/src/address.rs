//! Which addresses may be asked at all.

use ports::KeySourceError;
use url::{Host, Url};

use crate::reach::Reach;

/// An address that may be asked: https, or http on this very machine. And how far asking it may
/// lead, once its name is looked up.
///
/// Plain http to another machine would let anybody on the way hand out keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SafeUrl {
    url: Url,
    reach: Reach,
}

impl SafeUrl {
    /// The address of an issuer, which has neither query nor fragment (OpenID Connect Discovery
    /// 1.0 §3).
    pub(crate) fn of_issuer(text: &str, private_network: bool) -> Result<Self, KeySourceError> {
        let address = Self::of_key_set(text, private_network)?;
        if address.url.query().is_some() || address.url.fragment().is_some() {
            return Err(refused("an issuer has neither query nor fragment"));
        }
        Ok(address)
    }

    /// The address of a key set that the operator has named: it says itself how far it leads.
    pub(crate) fn of_key_set(text: &str, private_network: bool) -> Result<Self, KeySourceError> {
        let url = parse(text)?;
        let reach = match (is_loopback(&url), private_network) {
            (true, _) => Reach::Loopback,
            (false, true) => Reach::Private,
            (false, false) => Reach::Public,
        };
        Self::within(url, reach)
    }

    /// The address of something that an issuer has named: it leads no further than the issuer's,
    /// and in private networks to the issuer's own host alone.
    pub(crate) fn named_by(issuer: &Self, text: &str) -> Result<Self, KeySourceError> {
        let url = parse(text)?;
        let reach = match issuer.reach {
            Reach::Private if url.host() != issuer.url.host() => Reach::Public,
            reach @ (Reach::Public | Reach::Private | Reach::Loopback) => reach,
        };
        let address = Self::within(url, reach)?;
        // What was fetched under protection must not lead to what is not.
        if issuer.url.scheme() == "https" && address.url.scheme() != "https" {
            return Err(refused("an https issuer points to http"));
        }
        Ok(address)
    }

    fn within(url: Url, reach: Reach) -> Result<Self, KeySourceError> {
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
        // A literal is never looked up, and so nothing else would stop it.
        let outside = match url.host() {
            Some(Host::Ipv4(address)) => !reach.allows(address.into()),
            Some(Host::Ipv6(address)) => !reach.allows(address.into()),
            Some(Host::Domain(name)) => is_localhost(name) && reach != Reach::Loopback,
            None => true,
        };
        if outside {
            return Err(refused(reach.objection()));
        }
        Ok(Self { url, reach })
    }

    /// How far asking it may lead.
    pub(crate) fn reach(&self) -> Reach {
        self.reach
    }

    /// The address as a URL.
    pub(crate) fn into_url(self) -> Url {
        self.url
    }
}

fn parse(text: &str) -> Result<Url, KeySourceError> {
    Url::parse(text).map_err(|_| refused("it is not a URL"))
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

    fn public(text: &str) -> Result<SafeUrl, KeySourceError> {
        SafeUrl::of_key_set(text, false)
    }

    #[test]
    fn https_and_loopback_may_be_asked() {
        for (text, reach) in [
            ("https://tenant.eu.auth0.com/", Reach::Public),
            ("https://8.8.8.8:8443/issuer", Reach::Public),
            ("http://127.0.0.1:8080/", Reach::Loopback),
            ("https://127.0.0.1:8080/", Reach::Loopback),
            ("http://127.8.9.1/", Reach::Loopback),
            ("http://[::1]:8080", Reach::Loopback),
            ("http://localhost/", Reach::Loopback),
            ("https://localhost/", Reach::Loopback),
            ("http://LOCALHOST/", Reach::Loopback),
            ("http://central-manager.acme.localhost:8080/", Reach::Loopback),
        ] {
            assert_eq!(SafeUrl::of_issuer(text, false).unwrap().reach(), reach, "{text}");
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
            "http://10.0.0.1/",
            "http://[::ffff:10.0.0.1]/",
            "https://user@example.com/",
            "https://:secret@example.com/",
            "http://127.0.0.1@example.com/",
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
            "data:application/json,{}",
        ] {
            assert!(SafeUrl::of_key_set(text, false).is_err(), "{text}");
            assert!(SafeUrl::of_key_set(text, true).is_err(), "{text}");
        }
    }

    #[test]
    fn literals_are_held_to_what_names_are_held_to() {
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
            assert!(SafeUrl::of_key_set(text, false).is_err(), "{text}");
            assert_eq!(SafeUrl::of_key_set(text, true).is_ok(), in_private_network, "{text}");
        }
    }

    #[test]
    fn an_issuer_leads_no_further_than_it_stands_itself() {
        let issuer = |text| SafeUrl::of_issuer(text, false).unwrap();
        let inside = SafeUrl::of_issuer("https://login.internal/", true).unwrap();
        let outside = issuer("https://tenant.eu.auth0.com/");
        let here = issuer("http://127.0.0.1:8080/");
        for (text, by_outside, by_inside, by_here) in [
            ("https://keys.example.com/keys", true, true, true),
            ("https://8.8.8.8/keys", true, true, false),
            ("https://10.0.0.1/keys", false, false, false),
            ("https://127.0.0.1/keys", false, false, true),
            ("https://localhost/keys", false, false, true),
            ("http://127.0.0.1:8080/keys", false, false, true),
            ("https://169.254.169.254/keys", false, false, false),
            ("http://keys.example.com/keys", false, false, false),
        ] {
            assert_eq!(SafeUrl::named_by(&outside, text).is_ok(), by_outside, "{text}");
            assert_eq!(SafeUrl::named_by(&inside, text).is_ok(), by_inside, "{text}");
            assert_eq!(SafeUrl::named_by(&here, text).is_ok(), by_here, "{text}");
        }
        // Within a private network, an issuer names nobody but itself.
        let reach = |text| SafeUrl::named_by(&inside, text).unwrap().reach();
        assert_eq!(reach("https://login.internal:8443/keys"), Reach::Private);
        assert_eq!(reach("https://other.internal/keys"), Reach::Public);
        // Whether a name leads out of bounds, only looking it up tells.
        let named = SafeUrl::named_by(&here, "https://keys.example.com/keys").unwrap();
        assert_eq!(named.reach(), Reach::Loopback);
        let https_here = issuer("https://localhost:8443/");
        assert!(SafeUrl::named_by(&https_here, "http://localhost/keys").is_err());
    }

    #[test]
    fn an_issuer_has_neither_query_nor_fragment() {
        assert!(SafeUrl::of_issuer("https://example.com/?a=b", false).is_err());
        assert!(SafeUrl::of_issuer("https://example.com/#a", false).is_err());
        assert!(public("https://example.com/keys?policy=b").is_ok());
    }

    #[test]
    fn a_refusal_does_not_repeat_the_address() {
        let refusal = public("http://secret.example.com/").unwrap_err();
        assert!(!format!("{refusal} {refusal:?}").contains("secret"));
    }
}
