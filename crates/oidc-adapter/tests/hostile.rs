//! Issuers that lead astray, flood, stall or lie, and what the source makes of them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop")]

use std::error::Error;
use std::sync::OnceLock;
use std::time::Duration;

use oidc_adapter::{OidcKeySource, OidcSettings};
use ports::{KeySetLocation, KeySource, KeySourceError, PublicKey};
use wiremock::matchers::{any, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const DOCUMENT: &str = "/.well-known/openid-configuration";
const KEYS: &str = "/keys";

/// One Ed25519 key and one of a kind that nobody knows.
const KEY_SET: &str = r#"{"keys":[
    {"kty":"OKP","crv":"Ed25519","kid":"one","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
    {"kty":"unheard-of","kid":"two"}
]}"#;

fn source_with(settings: OidcSettings) -> OidcKeySource {
    OidcKeySource::new(settings).unwrap()
}

/// As it is by default, made once: reading the machine's root certificates takes its time.
fn source() -> OidcKeySource {
    static SOURCE: OnceLock<OidcKeySource> = OnceLock::new();
    SOURCE.get_or_init(|| source_with(OidcSettings::default())).clone()
}

fn by_discovery(server: &MockServer) -> KeySetLocation {
    KeySetLocation { issuer: server.uri(), jwks_uri: None, private_network: false }
}

fn by_address(server: &MockServer) -> KeySetLocation {
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

async fn serve(server: &MockServer, at: &str, answer: ResponseTemplate) {
    Mock::given(method("GET")).and(path(at)).respond_with(answer).mount(server).await;
}

/// A server that fails the test when it is asked anything.
async fn untouched() -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(key_set()).expect(0).mount(&server).await;
    server
}

async fn paths_asked(server: &MockServer) -> Vec<String> {
    let requests = server.received_requests().await.unwrap();
    requests.iter().map(|request| request.url.path().to_owned()).collect()
}

fn kids(keys: &[PublicKey]) -> Vec<Option<&str>> {
    keys.iter().map(|key| key.kid.as_deref()).collect()
}

fn everything_said(error: &KeySourceError) -> String {
    let mut said = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(cause) = source {
        said.push_str(&cause.to_string());
        source = cause.source();
    }
    said
}

#[tokio::test]
async fn a_key_set_is_found_by_discovery() {
    let server = MockServer::start().await;
    serve(&server, DOCUMENT, document(&server.uri(), &format!("{}{KEYS}", server.uri()))).await;
    serve(&server, KEYS, key_set()).await;

    let keys = source().fetch(&by_discovery(&server)).await.unwrap();

    assert_eq!(kids(&keys), [Some("one")]);
    assert_eq!(paths_asked(&server).await, [DOCUMENT, KEYS]);
}

#[tokio::test]
async fn an_issuer_may_end_in_a_slash() {
    let server = MockServer::start().await;
    let issuer = format!("{}/tenant/", server.uri());
    let below = format!("/tenant{DOCUMENT}");
    serve(&server, &below, document(&issuer, &format!("{}{KEYS}", server.uri()))).await;
    serve(&server, KEYS, key_set()).await;

    let address = KeySetLocation { issuer, jwks_uri: None, private_network: false };
    assert_eq!(kids(&source().fetch(&address).await.unwrap()), [Some("one")]);
}

#[tokio::test]
async fn a_configured_address_makes_discovery_needless() {
    let server = MockServer::start().await;
    serve(&server, KEYS, key_set()).await;

    let keys = source().fetch(&by_address(&server)).await.unwrap();

    assert_eq!(kids(&keys), [Some("one")]);
    assert_eq!(paths_asked(&server).await, [KEYS]);
}

#[tokio::test]
async fn every_fetch_asks_again() {
    let server = MockServer::start().await;
    serve(&server, KEYS, key_set()).await;
    let source = source();
    source.fetch(&by_address(&server)).await.unwrap();
    source.fetch(&by_address(&server)).await.unwrap();
    assert_eq!(paths_asked(&server).await.len(), 2);
}

#[tokio::test]
async fn usher_says_who_asks() {
    let server = MockServer::start().await;
    Mock::given(header("user-agent", concat!("usher/", env!("CARGO_PKG_VERSION"))))
        .respond_with(key_set())
        .mount(&server)
        .await;
    assert!(source().fetch(&by_address(&server)).await.is_ok());
}

#[tokio::test]
async fn redirects_are_refused() {
    let target = untouched().await;
    for status in [301, 302, 303, 307, 308] {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(status)
            .insert_header("location", format!("{}{KEYS}", target.uri()));
        serve(&server, KEYS, answer.clone()).await;
        serve(&server, DOCUMENT, answer).await;

        for address in [by_address(&server), by_discovery(&server)] {
            let error = source().fetch(&address).await.unwrap_err();
            assert!(matches!(error, KeySourceError::Unreachable(_)), "{status}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_not_200_is_refused() {
    for status in [201, 203, 204, 206, 400, 401, 404, 429, 500, 503] {
        let server = MockServer::start().await;
        let body = if status == 204 { "" } else { KEY_SET };
        serve(&server, KEYS, ResponseTemplate::new(status).set_body_string(body)).await;
        let error = source().fetch(&by_address(&server)).await.unwrap_err();
        assert!(matches!(error, KeySourceError::Unreachable(_)), "{status}");
        assert!(everything_said(&error).contains(&status.to_string()));
    }
}

#[tokio::test]
async fn a_failing_discovery_is_not_followed_by_a_guess() {
    let server = MockServer::start().await;
    serve(&server, DOCUMENT, ResponseTemplate::new(404)).await;
    assert!(source().fetch(&by_discovery(&server)).await.is_err());
    assert_eq!(paths_asked(&server).await, [DOCUMENT]);
}

#[tokio::test]
async fn a_huge_body_is_cut() {
    let server = MockServer::start().await;
    let padded = format!("{KEY_SET}{}", " ".repeat(300 * 1024));
    serve(&server, KEYS, ResponseTemplate::new(200).set_body_string(padded)).await;
    let error = source().fetch(&by_address(&server)).await.unwrap_err();
    assert!(matches!(error, KeySourceError::Invalid(_)), "{error:?}");
}

#[tokio::test]
async fn the_last_allowed_byte_is_allowed() {
    let server = MockServer::start().await;
    serve(&server, KEYS, key_set()).await;
    let limited = |max_bytes| source_with(OidcSettings { max_bytes, ..OidcSettings::default() });
    assert!(limited(KEY_SET.len()).fetch(&by_address(&server)).await.is_ok());
    assert!(limited(KEY_SET.len() - 1).fetch(&by_address(&server)).await.is_err());
}

#[tokio::test]
async fn a_slow_answer_is_a_timeout() {
    let server = MockServer::start().await;
    serve(&server, KEYS, key_set().set_delay(Duration::from_mins(1))).await;
    let settings = OidcSettings { timeout: Duration::from_millis(50), ..OidcSettings::default() };
    let error = source_with(settings).fetch(&by_address(&server)).await.unwrap_err();
    assert!(matches!(error, KeySourceError::Timeout), "{error:?}");
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    // Bound and let go again, so that nobody listens there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).unwrap();
    let address =
        KeySetLocation { issuer: format!("http://{free}"), jwks_uri: None, private_network: false };
    let error = source().fetch(&address).await.unwrap_err();
    assert!(matches!(error, KeySourceError::Unreachable(_)), "{error:?}");
}

#[tokio::test]
async fn a_document_of_another_issuer_is_refused() {
    let keys = untouched().await;
    let server = MockServer::start().await;
    for issuer in [
        format!("{}/", server.uri()),
        server.uri().to_uppercase(),
        "https://other.example".to_owned(),
        String::new(),
    ] {
        server.reset().await;
        serve(&server, DOCUMENT, document(&issuer, &format!("{}{KEYS}", keys.uri()))).await;
        let error = source().fetch(&by_discovery(&server)).await.unwrap_err();
        assert!(matches!(error, KeySourceError::Invalid(_)), "{issuer}");
    }
}

#[tokio::test]
async fn a_document_must_not_point_to_an_address_that_must_not_be_asked() {
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
        let error = source().fetch(&by_discovery(&server)).await.unwrap_err();
        assert!(matches!(error, KeySourceError::Invalid(_)), "{jwks_uri}");
        assert_eq!(paths_asked(&server).await, [DOCUMENT]);
    }
}

#[tokio::test]
async fn plain_http_to_another_machine_is_refused_without_a_request() {
    for issuer in
        ["http://issuer.example", "http://192.0.2.1", "http://localhost.example.com", "ftp://x"]
    {
        let address =
            KeySetLocation { issuer: issuer.to_owned(), jwks_uri: None, private_network: false };
        // A request would end as unreachable or as a timeout.
        let error = source().fetch(&address).await.unwrap_err();
        assert!(matches!(error, KeySourceError::Invalid(_)), "{issuer}");
    }
}

#[tokio::test]
async fn a_bad_issuer_is_refused_even_if_its_key_set_may_be_asked() {
    let server = untouched().await;
    let issuer = "http://issuer.example".to_owned();
    let address = KeySetLocation { issuer, ..by_address(&server) };
    let error = source().fetch(&address).await.unwrap_err();
    assert!(matches!(error, KeySourceError::Invalid(_)), "{error:?}");
}

#[tokio::test]
async fn a_bad_address_of_a_key_set_is_refused_without_a_request() {
    let server = untouched().await;
    let jwks_uri = Some("http://192.0.2.1/keys".to_owned());
    let error =
        source().fetch(&KeySetLocation { jwks_uri, ..by_discovery(&server) }).await.unwrap_err();
    assert!(matches!(error, KeySourceError::Invalid(_)), "{error:?}");
}

#[tokio::test]
async fn garbage_is_refused_and_not_repeated() {
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
        for address in [by_address(&server), by_discovery(&server)] {
            let error = source().fetch(&address).await.unwrap_err();
            assert!(matches!(error, KeySourceError::Invalid(_)), "{garbage}");
            assert!(!everything_said(&error).contains("secret"));
        }
    }
}

#[tokio::test]
async fn the_body_of_an_error_is_not_repeated() {
    let server = MockServer::start().await;
    serve(&server, KEYS, ResponseTemplate::new(500).set_body_string("secret")).await;
    let error = source().fetch(&by_address(&server)).await.unwrap_err();
    assert!(!everything_said(&error).contains("secret"));
}
