//! OpenID Connect Discovery 1.0 §4: finds the key set of an issuer.

use ports::KeySourceError;
use serde::Deserialize;

use crate::allowed_url::AllowedUrl;
use crate::client::Client;

/// The members of a discovery document that are used.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    jwks_uri: String,
}

/// Fetches the discovery document of an issuer and returns the URL of its key set.
///
/// `name` is the issuer as tokens spell it, `issuer` the same as a URL.
pub(crate) async fn discover_key_set(
    client: &Client,
    name: &str,
    issuer: &AllowedUrl,
) -> Result<AllowedUrl, KeySourceError> {
    let body = client.get(discovery_url(name, issuer)?).await?;
    parse(&body, name, issuer)
}

/// Returns the URL of the discovery document. §4.1: "any terminating / MUST be removed" before the
/// well-known path is appended.
fn discovery_url(name: &str, issuer: &AllowedUrl) -> Result<AllowedUrl, KeySourceError> {
    let base = name.strip_suffix('/').unwrap_or(name);
    AllowedUrl::for_discovered(issuer, &format!("{base}/.well-known/openid-configuration"))
}

/// Returns `jwks_uri`. §4.3: `issuer` must equal the requested issuer exactly, or one issuer could
/// impersonate another.
fn parse(body: &str, name: &str, issuer: &AllowedUrl) -> Result<AllowedUrl, KeySourceError> {
    // The error of serde_json quotes the body.
    let document: Document = serde_json::from_str(body).map_err(|_| {
        KeySourceError::Invalid("not a discovery document with `issuer` and `jwks_uri`".to_owned())
    })?;
    if document.issuer != name {
        return Err(KeySourceError::Invalid(
            "the discovery document names another issuer".to_owned(),
        ));
    }
    // The key set may be on another host, as Google's is, within the network policy.
    AllowedUrl::for_discovered(issuer, &document.jwks_uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> AllowedUrl {
        AllowedUrl::for_key_set(text, false).unwrap()
    }

    fn read_for(issuer: &str, body: &str) -> Result<AllowedUrl, KeySourceError> {
        parse(body, issuer, &address(issuer))
    }

    #[test]
    fn discovery_url_is_below_the_issuer() {
        for (issuer, document) in [
            ("https://a.example", "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/", "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/t/b", "https://a.example/t/b/.well-known/openid-configuration"),
            ("https://a.example/t/b/", "https://a.example/t/b/.well-known/openid-configuration"),
        ] {
            assert_eq!(discovery_url(issuer, &address(issuer)).unwrap(), address(document));
        }
    }

    #[test]
    fn discovery_issuer_is_compared_exactly() {
        let body = r#"{"issuer":"https://a.example/","jwks_uri":"https://b.example/keys"}"#;
        let key_set = read_for("https://a.example/", body).unwrap();
        assert_eq!(key_set, address("https://b.example/keys"));
        for other in ["https://a.example", "https://A.example/", "https://a.example:443/"] {
            assert!(read_for(other, body).is_err(), "{other}");
        }
    }

    #[test]
    fn https_issuer_cannot_name_an_http_key_set() {
        let body = r#"{"issuer":"https://a.example","jwks_uri":"http://127.0.0.1/keys"}"#;
        assert!(read_for("https://a.example", body).is_err());
        let body = r#"{"issuer":"http://127.0.0.1","jwks_uri":"http://127.0.0.1/keys"}"#;
        assert!(read_for("http://127.0.0.1", body).is_ok());
    }

    #[test]
    fn discovery_document_with_duplicate_member_is_rejected() {
        let body = r#"{"issuer":"https://a.example","issuer":"https://a.example",
            "jwks_uri":"https://a.example/keys"}"#;
        assert!(read_for("https://a.example", body).is_err());
    }

    #[test]
    fn discovery_errors_omit_document_content() {
        for body in [
            r#"{"issuer":"secret"}"#,
            r#"{"issuer":"secret","jwks_uri":"secret"}"#,
            r#"{"issuer":"https://a.example","jwks_uri":"http://secret"}"#,
        ] {
            let error = read_for("https://a.example", body).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("secret"));
        }
    }
}
