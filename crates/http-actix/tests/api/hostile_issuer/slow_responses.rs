//! Slow and endless responses: callers wait for a bounded time.

use serde_json::json;

use super::fixture::Fixture;
use super::issuer::{DOCUMENT, KEYS, Reply};
use crate::support::SigningKey;

const HEAD: &[u8] = b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\n";

fn endless_head() -> Vec<u8> {
    [HEAD, b"X-Padding: "].concat()
}

fn chunked(body: &[u8]) -> Vec<u8> {
    // One chunk with a huge declared size.
    [HEAD, b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n", body].concat()
}

fn with_content_length(length: u64, body: &[u8]) -> Vec<u8> {
    [HEAD, format!("Content-Length: {length}\r\n\r\n").as_bytes(), body].concat()
}

fn until_close(body: &[u8]) -> Vec<u8> {
    [HEAD, b"\r\n", body].concat()
}

type SlowResponse = (&'static str, fn() -> Reply);

const SLOW_RESPONSES: [SlowResponse; 10] = [
    ("silence", || Reply::Silence),
    ("a slow head", || Reply::Drip(endless_head())),
    ("a slow body", || Reply::Drip(with_content_length(100_000, b"{\"keys\":["))),
    ("a slow chunk", || Reply::Drip(chunked(b"{\"keys\":["))),
    ("a slow body until close", || Reply::Drip(until_close(b"{\"keys\":["))),
    ("an endless head", || Reply::Flood(endless_head())),
    ("an endless body", || Reply::Flood(until_close(b"{\"keys\":["))),
    ("an endless chunk", || Reply::Flood(chunked(b"{\"keys\":["))),
    ("a huge body", || Reply::Flood(with_content_length(u64::MAX / 2, b"{\"keys\":["))),
    ("a body longer than declared", || Reply::Flood(with_content_length(9, b"{\"keys\":["))),
];

#[tokio::test]
async fn slow_key_set_ends_in_503() {
    let fixture = Fixture::start_with_short_timeout().await;
    for (description, slow_response) in SLOW_RESPONSES {
        let case = fixture.new_case();
        fixture.hostile.serve_keys(slow_response);
        fixture.assert_case_unavailable(&case, description).await;
        // On a busy machine the discovery request alone may time out.
        let paths = fixture.case_requests(&case);
        assert!(
            [DOCUMENT, KEYS].starts_with(&paths.iter().map(String::as_str).collect::<Vec<_>>())
        );
        fixture.assert_other_callers_served().await;
    }
}

#[tokio::test]
async fn slow_discovery_document_ends_in_503() {
    let fixture = Fixture::start_with_short_timeout().await;
    for (description, slow_response) in SLOW_RESPONSES {
        let case = fixture.new_case();
        fixture.hostile.respond_with(move |_| slow_response());
        fixture.assert_case_unavailable(&case, description).await;
        assert_eq!(fixture.case_requests(&case), [DOCUMENT], "{description}");
        fixture.assert_other_callers_served().await;
    }
}

#[tokio::test]
async fn key_set_over_256_kib_is_rejected() {
    let fixture = Fixture::start().await;
    let padded_key_set = |length: usize| {
        let mut set = json!({"keys": [SigningKey::shared().jwk()]}).to_string().into_bytes();
        set.resize(length, b' ');
        move || super::issuer::http_response(200, "", &set)
    };
    fixture.hostile.serve_keys(padded_key_set(256 * 1024 + 1));
    fixture.assert_unavailable(&fixture.token(), "one byte too many").await;
    fixture.hostile.serve_keys(padded_key_set(256 * 1024));
    fixture.advance_past_cooldown();
    assert_eq!(fixture.outcome(&fixture.token()).await, "200");
    assert_eq!(fixture.hostile.requested_paths(), [DOCUMENT, KEYS, DOCUMENT, KEYS]);
}

#[tokio::test]
async fn callers_of_a_slow_issuer_share_one_fetch() {
    let fixture = Fixture::start_with_short_timeout().await;
    fixture.assert_other_callers_served().await;
    fixture.hostile.respond_with(|_| Reply::Silence);
    let token = fixture.token();
    let calls = (0..50).map(|_| fixture.outcome(&token));
    let outcomes = futures_util::future::join_all(calls).await;
    assert!(outcomes.iter().all(|outcome| outcome == "503 keys_unavailable"), "{outcomes:?}");
    assert_eq!(fixture.hostile.requested_paths(), [DOCUMENT]);
    fixture.assert_other_callers_served().await;
}
