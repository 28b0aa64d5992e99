//! Behaviour with issuers that redirect, send oversized or malformed bodies, stall or impersonate.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed step ends the test")]

use std::error::Error;
use std::sync::OnceLock;
use std::time::Duration;

use oidc_adapter::{OidcKeySource, OidcSettings};
use ports::{KeySetLocation, KeySource, KeySourceError, PublicKey};
use wiremock::matchers::{any, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const DOCUMENT: &str = "/.well-known/openid-configuration";
const KEYS: &str = "/keys";

/// One Ed25519 key and one key of an unsupported type.
const KEY_SET: &str = r#"{"keys":[
    {"kty":"OKP","crv":"Ed25519","kid":"one","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
    {"kty":"unsupported","kid":"two"}
]}"#;

fn source_with(settings: OidcSettings) -> OidcKeySource {
    OidcKeySource::new(settings)
}

/// Returns the default source, built once because loading root certificates is slow.
fn source() -> OidcKeySource {
    static SOURCE: OnceLock<OidcKeySource> = OnceLock::new();
    SOURCE.get_or_init(|| source_with(OidcSettings::default())).clone()
}

fn with_discovery(server: &MockServer) -> KeySetLocation {
    KeySetLocation { issuer: server.uri(), jwks_uri: None, private_network: false }
}

fn with_jwks_uri(server: &MockServer) -> KeySetLocation {
    KeySetLocation {
        issuer: "https://issuer.example/".to_owned(),
        jwks_uri: Some(format!("{}{KEYS}", server.uri())),
        private_network: false,
    }
}

fn document(issuer: &str, jwks_uri: &str) -> ResponseTemplate {
    let body = format!(r#"{{"issuer":"{issuer}","jwks_uri":"{jwks_uri}","other":[1]}}"#);
    ResponseTemplate::new(200).set_body_raw(body, "application/json")
}

fn key_set() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(KEY_SET, "application/json")
}

async fn serve(server: &MockServer, url_path: &str, response: ResponseTemplate) {
    Mock::given(method("GET")).and(path(url_path)).respond_with(response).mount(server).await;
}

/// Starts a server that fails the test if it receives a request.
async fn server_expecting_no_request() -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(key_set()).expect(0).mount(&server).await;
    server
}

async fn requested_paths(server: &MockServer) -> Vec<String> {
    let requests = server.received_requests().await.unwrap();
    requests.iter().map(|request| request.url.path().to_owned()).collect()
}

fn kids(keys: &[PublicKey]) -> Vec<Option<&str>> {
    keys.iter().map(|key| key.kid.as_deref()).collect()
}

fn error_chain(error: &KeySourceError) -> String {
    let mut text = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[tokio::test]
async fn key_set_is_found_by_discovery() {
    let server = MockServer::start().await;
    serve(&server, DOCUMENT, document(&server.uri(), &format!("{}{KEYS}", server.uri()))).await;
    serve(&server, KEYS, key_set()).await;

    let keys = source().fetch(&with_discovery(&server)).await.unwrap();

    assert_eq!(kids(&keys), [Some("one")]);
    assert_eq!(requested_paths(&server).await, [DOCUMENT, KEYS]);
}

#[tokio::test]
async fn issuer_with_trailing_slash_is_supported() {
    let server = MockServer::start().await;
    let issuer = format!("{}/tenant/", server.uri());
    let below = format!("/tenant{DOCUMENT}");
    serve(&server, &below, document(&issuer, &format!("{}{KEYS}", server.uri()))).await;
    serve(&server, KEYS, key_set()).await;

    let address = KeySetLocation { issuer, jwks_uri: None, private_network: false };
    assert_eq!(kids(&source().fetch(&address).await.unwrap()), [Some("one")]);
}

#[tokio::test]
async fn configured_jwks_uri_skips_discovery() {
    let server = MockServer::start().await;
    serve(&server, KEYS, key_set()).await;

    let keys = source().fetch(&with_jwks_uri(&server)).await.unwrap();

    assert_eq!(kids(&keys), [Some("one")]);
    assert_eq!(requested_paths(&server).await, [KEYS]);
}

#[tokio::test]
async fn every_fetch_sends_a_request() {
    let server = MockServer::start().await;
    serve(&server, KEYS, key_set()).await;
    let source = source();
    source.fetch(&with_jwks_uri(&server)).await.unwrap();
    source.fetch(&with_jwks_uri(&server)).await.unwrap();
    assert_eq!(requested_paths(&server).await.len(), 2);
}

#[tokio::test]
async fn requests_carry_the_usher_user_agent() {
    let server = MockServer::start().await;
    Mock::given(header("user-agent", concat!("usher/", env!("CARGO_PKG_VERSION"))))
        .respond_with(key_set())
        .mount(&server)
        .await;
    assert!(source().fetch(&with_jwks_uri(&server)).await.is_ok());
}

#[tokio::test]
async fn redirects_are_refused() {
    let target = server_expecting_no_request().await;
    for status in [301, 302, 303, 307, 308] {
        let server = MockServer::start().await;
        let response = ResponseTemplate::new(status)
            .insert_header("location", format!("{}{KEYS}", target.uri()));
        serve(&server, KEYS, response.clone()).await;
        serve(&server, DOCUMENT, response).await;

        for address in [with_jwks_uri(&server), with_discovery(&server)] {
            let error = source().fetch(&address).await.unwrap_err();
            assert!(matches!(error, KeySourceError::Unreachable(_)), "{status}");
        }
    }
}

#[tokio::test]
async fn statuses_other_than_200_are_rejected() {
    for status in [201, 203, 204, 206, 400, 401, 403, 404, 410, 429, 500, 503] {
        let server = MockServer::start().await;
        let body = if status == 204 { "" } else { KEY_SET };
        serve(&server, KEYS, ResponseTemplate::new(status).set_body_string(body)).await;
        let error = source().fetch(&with_jwks_uri(&server)).await.unwrap_err();
        let is_missing = matches!(error, KeySourceError::NotFound(_));
        assert_eq!(is_missing, [404, 410].contains(&status), "{error:?}");
        assert!(is_missing || matches!(error, KeySourceError::Unreachable(_)), "{status}");
        assert!(error_chain(&error).contains(&status.to_string()));
    }
}

#[tokio::test]
async fn failed_discovery_tries_no_other_path() {
    let server = MockServer::start().await;
    serve(&server, DOCUMENT, ResponseTemplate::new(404)).await;
    let error = source().fetch(&with_discovery(&server)).await.unwrap_err();
    assert!(matches!(error, KeySourceError::NotFound(_)), "{error:?}");
    assert_eq!(requested_paths(&server).await, [DOCUMENT]);
}

#[tokio::test]
async fn oversized_body_is_rejected() {
    let server = MockServer::start().await;
    let padded = format!("{KEY_SET}{}", " ".repeat(300 * 1024));
    serve(&server, KEYS, ResponseTemplate::new(200).set_body_string(padded)).await;
    let error = source().fetch(&with_jwks_uri(&server)).await.unwrap_err();
    assert!(matches!(error, KeySourceError::Invalid(_)), "{error:?}");
}

#[tokio::test]
async fn body_of_exactly_max_bytes_is_accepted() {
    let server = MockServer::start().await;
    serve(&server, KEYS, key_set()).await;
    let limited = |max_bytes| source_with(OidcSettings { max_bytes, ..OidcSettings::default() });
    assert!(limited(KEY_SET.len()).fetch(&with_jwks_uri(&server)).await.is_ok());
    assert!(limited(KEY_SET.len() - 1).fetch(&with_jwks_uri(&server)).await.is_err());
}

#[tokio::test]
async fn slow_response_is_a_timeout() {
    let server = MockServer::start().await;
    serve(&server, KEYS, key_set().set_delay(Duration::from_mins(1))).await;
    let settings = OidcSettings { timeout: Duration::from_millis(50), ..OidcSettings::default() };
    let error = source_with(settings).fetch(&with_jwks_uri(&server)).await.unwrap_err();
    assert!(matches!(error, KeySourceError::Timeout), "{error:?}");
}

#[tokio::test]
async fn refused_connection_is_unreachable() {
    // Bound and released, so that nothing listens on the port.
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .unwrap();
    let address =
        KeySetLocation { issuer: format!("http://{free}"), jwks_uri: None, private_network: false };
    let error = source().fetch(&address).await.unwrap_err();
    assert!(matches!(error, KeySourceError::Unreachable(_)), "{error:?}");
}

#[tokio::test]
async fn discovery_document_of_another_issuer_is_rejected() {
    let keys = server_expecting_no_request().await;
    let server = MockServer::start().await;
    for issuer in [
        format!("{}/", server.uri()),
        server.uri().to_uppercase(),
        "https://other.example".to_owned(),
        String::new(),
    ] {
        server.reset().await;
        serve(&server, DOCUMENT, document(&issuer, &format!("{}{KEYS}", keys.uri()))).await;
        let error = source().fetch(&with_discovery(&server)).await.unwrap_err();
        assert!(matches!(error, KeySourceError::Invalid(_)), "{issuer}");
    }
}

#[tokio::test]
async fn forbidden_jwks_uri_in_discovery_is_rejected() {
    let server = MockServer::start().await;
    for jwks_uri in [
        "http://keys.example/keys".to_owned(),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        format!("http://user@{}{KEYS}", server.address()),
        "file:///etc/passwd".to_owned(),
        KEYS.to_owned(),
        String::new(),
    ] {
        server.reset().await;
        serve(&server, DOCUMENT, document(&server.uri(), &jwks_uri)).await;
        let error = source().fetch(&with_discovery(&server)).await.unwrap_err();
        assert!(matches!(error, KeySourceError::Invalid(_)), "{jwks_uri}");
        assert_eq!(requested_paths(&server).await, [DOCUMENT]);
    }
}

#[tokio::test]
async fn plain_http_to_remote_host_is_never_requested() {
    for issuer in
        ["http://issuer.example", "http://192.0.2.1", "http://localhost.example.com", "ftp://x"]
    {
        let address =
            KeySetLocation { issuer: issuer.to_owned(), jwks_uri: None, private_network: false };
        // If a request were sent, the error would be `Unreachable` or `Timeout`.
        let error = source().fetch(&address).await.unwrap_err();
        assert!(matches!(error, KeySourceError::Invalid(_)), "{issuer}");
    }
}

#[tokio::test]
async fn forbidden_issuer_is_rejected_despite_allowed_jwks_uri() {
    let server = server_expecting_no_request().await;
    let issuer = "http://issuer.example".to_owned();
    let address = KeySetLocation { issuer, ..with_jwks_uri(&server) };
    let error = source().fetch(&address).await.unwrap_err();
    assert!(matches!(error, KeySourceError::Invalid(_)), "{error:?}");
}

#[tokio::test]
async fn forbidden_jwks_uri_is_never_requested() {
    let server = server_expecting_no_request().await;
    let jwks_uri = Some("http://192.0.2.1/keys".to_owned());
    let error =
        source().fetch(&KeySetLocation { jwks_uri, ..with_discovery(&server) }).await.unwrap_err();
    assert!(matches!(error, KeySourceError::Invalid(_)), "{error:?}");
}

#[tokio::test]
async fn malformed_bodies_are_rejected_without_being_quoted() {
    for garbage in [
        "",
        "secret",
        r#""secret""#,
        r#"{"keys":"secret"}"#,
        r#"{"issuer":"secret","jwks_uri":5}"#,
        "\u{0}secret\u{7}",
    ] {
        let server = MockServer::start().await;
        serve(&server, KEYS, ResponseTemplate::new(200).set_body_string(garbage)).await;
        serve(&server, DOCUMENT, ResponseTemplate::new(200).set_body_string(garbage)).await;
        for address in [with_jwks_uri(&server), with_discovery(&server)] {
            let error = source().fetch(&address).await.unwrap_err();
            assert!(matches!(error, KeySourceError::Invalid(_)), "{garbage}");
            assert!(!error_chain(&error).contains("secret"));
        }
    }
}

#[tokio::test]
async fn error_response_body_is_not_quoted() {
    let server = MockServer::start().await;
    serve(&server, KEYS, ResponseTemplate::new(500).set_body_string("secret")).await;
    let error = source().fetch(&with_jwks_uri(&server)).await.unwrap_err();
    assert!(!error_chain(&error).contains("secret"));
}
