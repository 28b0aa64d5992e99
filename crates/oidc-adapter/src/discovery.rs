//! Where the key set of an issuer is: OpenID Connect Discovery 1.0 §4.

use ports::KeySourceError;
use serde::Deserialize;

use crate::address::SafeUrl;
use crate::client::Client;

/// What is read of a discovery document.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    jwks_uri: String,
}

/// The address of the issuer's key set, as its discovery document says.
///
/// `name` is the issuer as tokens spell it, `issuer` the same as an address.
pub(crate) async fn key_set_of(
    client: &Client,
    name: &str,
    issuer: &SafeUrl,
) -> Result<SafeUrl, KeySourceError> {
    let body = client.get(document_of(name, issuer)?).await?;
    read(&body, name, issuer)
}

/// §4.1: "any terminating / MUST be removed" before the well-known path is appended.
fn document_of(name: &str, issuer: &SafeUrl) -> Result<SafeUrl, KeySourceError> {
    let base = name.strip_suffix('/').unwrap_or(name);
    SafeUrl::named_by(issuer, &format!("{base}/.well-known/openid-configuration"))
}

/// §4.3: the document's issuer must be exactly the one that was asked for, else one issuer could
/// speak for another.
fn read(body: &str, name: &str, issuer: &SafeUrl) -> Result<SafeUrl, KeySourceError> {
    // The parser's own error would repeat parts of the body.
    let document: Document = serde_json::from_str(body).map_err(|_| {
        KeySourceError::Invalid(
            "it is not a discovery document with issuer and jwks_uri".to_owned(),
        )
    })?;
    if document.issuer != name {
        return Err(KeySourceError::Invalid("the document is another issuer's".to_owned()));
    }
    // Google, for one, keeps its keys on another host; but not on any.
    SafeUrl::named_by(issuer, &document.jwks_uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SafeUrl {
        SafeUrl::of_key_set(text, false).unwrap()
    }

    fn read_for(issuer: &str, body: &str) -> Result<SafeUrl, KeySourceError> {
        read(body, issuer, &address(issuer))
    }

    #[test]
    fn the_document_lies_below_the_issuer() {
        for (issuer, document) in [
            ("https://a.example", "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/", "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/t/b", "https://a.example/t/b/.well-known/openid-configuration"),
            ("https://a.example/t/b/", "https://a.example/t/b/.well-known/openid-configuration"),
        ] {
            assert_eq!(document_of(issuer, &address(issuer)).unwrap(), address(document));
        }
    }

    #[test]
    fn the_issuer_is_compared_exactly() {
        let body = r#"{"issuer":"https://a.example/","jwks_uri":"https://b.example/keys"}"#;
        let key_set = read_for("https://a.example/", body).unwrap();
        assert_eq!(key_set, address("https://b.example/keys"));
        for other in ["https://a.example", "https://A.example/", "https://a.example:443/"] {
            assert!(read_for(other, body).is_err(), "{other}");
        }
    }

    #[test]
    fn an_https_issuer_must_not_point_to_http() {
        let body = r#"{"issuer":"https://a.example","jwks_uri":"http://127.0.0.1/keys"}"#;
        assert!(read_for("https://a.example", body).is_err());
        let body = r#"{"issuer":"http://127.0.0.1","jwks_uri":"http://127.0.0.1/keys"}"#;
        assert!(read_for("http://127.0.0.1", body).is_ok());
    }

    #[test]
    fn a_document_that_names_a_member_twice_is_refused() {
        let body = r#"{"issuer":"https://a.example","issuer":"https://a.example",
            "jwks_uri":"https://a.example/keys"}"#;
        assert!(read_for("https://a.example", body).is_err());
    }

    #[test]
    fn a_refusal_repeats_nothing_of_the_document() {
        for body in [
            r#"{"issuer":"secret"}"#,
            r#"{"issuer":"secret","jwks_uri":"secret"}"#,
            r#"{"issuer":"https://a.example","jwks_uri":"http://secret"}"#,
        ] {
            let refusal = read_for("https://a.example", body).unwrap_err();
            assert!(!format!("{refusal} {refusal:?}").contains("secret"));
        }
    }
}
