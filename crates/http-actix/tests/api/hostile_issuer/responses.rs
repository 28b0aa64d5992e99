//! Invalid responses: callers of the issuer get 503 until it recovers.

use std::time::Duration;

use serde_json::json;

use super::fixture::Fixture;
use super::issuer::{DOCUMENT, KEYS, Reply, discovery_document, http_response, json_response};
use crate::support::SigningKey;

/// A description and the response.
type InvalidResponse = (&'static str, fn() -> Reply);

/// Responses that are neither a discovery document nor a key set.
const INVALID_RESPONSES: [InvalidResponse; 18] = [
    ("401", || http_response(401, "WWW-Authenticate: Basic\r\n", b"secret")),
    ("500", || http_response(500, "", br#"{"keys":[]}"#)),
    ("503", || http_response(503, "Retry-After: 100000\r\n", b"")),
    ("204", || Reply::Bytes(b"HTTP/1.1 204 X\r\n\r\n".to_vec())),
    ("206", || http_response(206, "", br#"{"keys":[]}"#)),
    ("an empty body", || http_response(200, "", b"")),
    ("garbage", || http_response(200, "", &[0xfe; 4096])),
    ("HTML", || http_response(200, "Content-Type: text/html\r\n", b"<html>secret</html>")),
    ("a JSON string", || json_response(&json!("secret"))),
    ("invalid UTF-8", || {
        http_response(200, "", b"{\"keys\":[],\"issuer\":\"\xff\",\"jwks_uri\":\"\xff\"}")
    }),
    ("deep nesting", || http_response(200, "", "[".repeat(200_000).as_bytes())),
    ("two documents", || http_response(200, "", b"{\"keys\":[]}{\"keys\":[]}")),
    ("duplicate members", || {
        http_response(200, "", br#"{"keys":[],"keys":[],"issuer":"a","issuer":"b","jwks_uri":"c"}"#)
    }),
    // Compression was not requested and is not decoded.
    ("a compressed body", || {
        http_response(
            200,
            "Content-Encoding: gzip\r\n",
            b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03secret",
        )
    }),
    ("a truncated body", || {
        Reply::Bytes(b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\n{\"keys\":[]".to_vec())
    }),
    ("a truncated chunk", || {
        let head = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n{\"keys\":[]}";
        Reply::Bytes(head.to_vec())
    }),
    ("a protocol other than HTTP", || Reply::Bytes(b"SSH-2.0-secret\r\n".to_vec())),
    ("an empty response", || Reply::Bytes(Vec::new())),
];

#[tokio::test]
async fn invalid_key_set_costs_503_and_one_fetch() {
    let fixture = Fixture::start().await;
    for (description, response) in INVALID_RESPONSES {
        let case = fixture.new_case();
        fixture.hostile.serve_keys(response);
        fixture.assert_case_unavailable(&case, description).await;
        fixture.assert_case_unavailable(&case, description).await;
        assert_eq!(fixture.case_requests(&case), [DOCUMENT, KEYS], "{description}");
        fixture.assert_other_callers_served().await;
        // The issuer recovers and is asked again after the back-off.
        fixture.hostile.publish(&[&SigningKey::shared()]);
        fixture.app.clock.advance(Duration::from_secs(1));
        let token = fixture.case_token(&case, &SigningKey::shared());
        assert_eq!(fixture.case_outcome(&case, &token).await, "200", "{description}");
        assert_eq!(fixture.case_requests(&case), [DOCUMENT, KEYS, DOCUMENT, KEYS], "{description}");
    }
}

#[tokio::test]
async fn invalid_discovery_document_costs_503_and_one_request() {
    let fixture = Fixture::start().await;
    for (description, response) in INVALID_RESPONSES {
        let case = fixture.new_case();
        fixture.hostile.respond_with(move |_| response());
        fixture.assert_case_unavailable(&case, description).await;
        assert_eq!(fixture.case_requests(&case), [DOCUMENT], "{description}");
        fixture.assert_other_callers_served().await;
    }
}

#[tokio::test]
async fn issuer_that_responds_not_found_does_not_exist() {
    let fixture = Fixture::start().await;
    for status in [404, 410] {
        for is_discovery in [true, false] {
            let case = fixture.new_case();
            if is_discovery {
                fixture.hostile.respond_with(move |_| http_response(status, "", b"secret"));
            } else {
                fixture.hostile.serve_keys(move || http_response(status, "", b"secret"));
            }
            let token = fixture.case_token(&case, &SigningKey::shared());
            for _ in 0..2 {
                assert_eq!(fixture.case_outcome(&case, &token).await, "401 invalid_token");
            }
            let requests: &[&str] = if is_discovery { &[DOCUMENT] } else { &[DOCUMENT, KEYS] };
            assert_eq!(fixture.case_requests(&case), requests, "{status}");
            // A fixed issuer exists, whatever it responds.
            fixture.advance_past_cooldown();
            fixture.assert_unavailable(&fixture.token(), "a fixed issuer").await;
            fixture.assert_other_callers_served().await;
            // The tenant is created.
            fixture.hostile.publish(&[&SigningKey::shared()]);
            fixture.advance_past_cooldown();
            assert_eq!(fixture.case_outcome(&case, &token).await, "200");
        }
    }
}

#[tokio::test]
async fn forbidden_discovery_targets_are_not_requested() {
    let fixture = Fixture::start().await;
    let other_issuer = fixture.healthy.name();
    let mut documents = 0;
    for jwks_uri in [
        format!("http://user:secret@127.0.0.1:{}/keys", fixture.healthy.port()),
        format!("http://user@127.0.0.1:{}/keys", fixture.healthy.port()),
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/".to_owned(),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "http://metadata.google.internal/computeMetadata/v1/".to_owned(),
        "https://10.0.0.1/keys".to_owned(),
        "https://8.8.8.8/keys".to_owned(),
        "https://[fe80::1]/keys".to_owned(),
        "http://0.0.0.0/keys".to_owned(),
        "http://example.com/keys".to_owned(),
        format!("ftp://127.0.0.1:{}/keys", fixture.healthy.port()),
        format!("gopher://127.0.0.1:{}/keys", fixture.healthy.port()),
        "file:///etc/passwd".to_owned(),
        "data:application/json,{\"keys\":[]}".to_owned(),
        "javascript:alert(1)".to_owned(),
        "/keys".to_owned(),
        "//127.0.0.1/keys".to_owned(),
        String::new(),
    ] {
        let name = fixture.hostile.name();
        let body = json!({"issuer": name, "jwks_uri": jwks_uri});
        fixture.hostile.respond_with(move |_| json_response(&body));
        fixture.assert_unavailable(&fixture.token(), &jwks_uri).await;
        documents += 1;
        assert_eq!(fixture.hostile.requested_paths(), vec![DOCUMENT; documents], "{jwks_uri}");
        fixture.advance_past_cooldown();
    }
    // The name of another issuer, or one that resembles its own.
    for issuer in [
        other_issuer,
        format!("{}/", fixture.hostile.name()),
        fixture.hostile.name().to_uppercase(),
        fixture.hostile.name().replace("127.0.0.1", "localhost"),
        String::new(),
    ] {
        let body =
            json!({"issuer": issuer, "jwks_uri": format!("{}{KEYS}", fixture.hostile.name())});
        fixture.hostile.respond_with(move |_| json_response(&body));
        fixture.assert_unavailable(&fixture.token(), &issuer).await;
        documents += 1;
        assert_eq!(fixture.hostile.requested_paths(), vec![DOCUMENT; documents], "{issuer}");
        fixture.advance_past_cooldown();
    }
    assert_eq!(fixture.healthy.connections(), 0);
    fixture.assert_other_callers_served().await;
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let fixture = Fixture::start().await;
    let mut requests = 0;
    for status in [300, 301, 302, 303, 307, 308] {
        for target in [
            format!("{}{KEYS}", fixture.healthy.name()),
            format!("{}{KEYS}", fixture.hostile.name()),
            KEYS.to_owned(),
            "http://169.254.169.254/latest/meta-data/".to_owned(),
        ] {
            let location = format!("Location: {target}\r\n");
            fixture.hostile.respond_with(move |_| http_response(status, &location, b""));
            fixture.assert_unavailable(&fixture.token(), &target).await;
            requests += 1;
            assert_eq!(
                fixture.hostile.requested_paths(),
                vec![DOCUMENT; requests],
                "{status} {target}"
            );
            fixture.advance_past_cooldown();
        }
    }
    // Nor may the key set redirect.
    let (name, location) =
        (fixture.hostile.name(), format!("Location: {}{KEYS}\r\n", fixture.healthy.name()));
    fixture.hostile.respond_with(move |path| match path {
        DOCUMENT => discovery_document(&name, ""),
        _ => http_response(302, &location, b""),
    });
    fixture.assert_unavailable(&fixture.token(), "a key set that moved").await;
    assert_eq!(fixture.healthy.connections(), 0);
    fixture.assert_other_callers_served().await;
}

#[tokio::test]
async fn key_fetch_ignores_media_type_and_requests_no_compression() {
    let fixture = Fixture::start().await;
    let set = json!({"keys": [SigningKey::shared().jwk()]}).to_string();
    fixture
        .hostile
        .serve_keys(move || http_response(200, "Content-Type: text/html\r\n", set.as_bytes()));
    assert_eq!(fixture.outcome(&fixture.token()).await, "200");
    for head in fixture.hostile.request_heads() {
        let head = head.to_lowercase();
        assert!(!head.contains("accept-encoding"), "{head}");
        // Nor are headers of the caller forwarded.
        assert!(!head.contains("authorization") && !head.contains("cookie"), "{head}");
        assert!(!head.contains("referer"), "{head}");
    }
}
