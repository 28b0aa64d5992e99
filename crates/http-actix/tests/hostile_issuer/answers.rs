//! Answers that are none: each costs its issuer's callers a 503, until it comes to its senses.

use std::time::Duration;

use serde_json::json;

use crate::issuer::{DOCUMENT, KEYS, Reply, answer, document, json_answer};
use crate::support::SigningKey;
use crate::world::World;

/// What an issuer answers instead of what it should.
type Bad = (&'static str, fn() -> Reply);

/// Answers that are neither a discovery document nor a key set.
const NONSENSE: [Bad; 19] = [
    ("404", || answer(404, "", b"secret")),
    ("401", || answer(401, "WWW-Authenticate: Basic\r\n", b"secret")),
    ("500", || answer(500, "", br#"{"keys":[]}"#)),
    ("503", || answer(503, "Retry-After: 100000\r\n", b"")),
    ("204", || Reply::Bytes(b"HTTP/1.1 204 X\r\n\r\n".to_vec())),
    ("206", || answer(206, "", br#"{"keys":[]}"#)),
    ("an empty body", || answer(200, "", b"")),
    ("garbage", || answer(200, "", &[0xfe; 4096])),
    ("HTML", || answer(200, "Content-Type: text/html\r\n", b"<html>secret</html>")),
    ("a text", || json_answer(&json!("secret"))),
    ("invalid UTF-8", || {
        answer(200, "", b"{\"keys\":[],\"issuer\":\"\xff\",\"jwks_uri\":\"\xff\"}")
    }),
    ("deep nesting", || answer(200, "", "[".repeat(200_000).as_bytes())),
    ("two documents", || answer(200, "", b"{\"keys\":[]}{\"keys\":[]}")),
    ("members that stand twice", || {
        answer(200, "", br#"{"keys":[],"keys":[],"issuer":"a","issuer":"b","jwks_uri":"c"}"#)
    }),
    // Nobody has asked for it, and nobody unpacks it.
    ("a packed body", || {
        answer(200, "Content-Encoding: gzip\r\n", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03secret")
    }),
    ("a body that is cut short", || {
        Reply::Bytes(b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\n{\"keys\":[]".to_vec())
    }),
    ("a chunk that is cut short", || {
        let head = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n{\"keys\":[]}";
        Reply::Bytes(head.to_vec())
    }),
    ("no HTTP", || Reply::Bytes(b"SSH-2.0-secret\r\n".to_vec())),
    ("nothing", || Reply::Bytes(Vec::new())),
];

#[tokio::test]
async fn a_key_set_that_is_none_costs_a_503_and_one_fetch() {
    let world = World::start().await;
    for (why, bad) in NONSENSE {
        let case = world.case();
        world.bad.serve_keys(bad);
        world.assert_unavailable_in(&case, why).await;
        world.assert_unavailable_in(&case, why).await;
        assert_eq!(world.asked_in(&case), [DOCUMENT, KEYS], "{why}");
        world.assert_others_served().await;
        // It comes to its senses, and is heard as soon as the pause is over.
        world.bad.publish(&[&SigningKey::shared()]);
        world.app.clock.advance(Duration::from_secs(1));
        let token = world.token_in(&case, &SigningKey::shared());
        assert_eq!(world.outcome_in(&case, &token).await, "200", "{why}");
        assert_eq!(world.asked_in(&case), [DOCUMENT, KEYS, DOCUMENT, KEYS], "{why}");
    }
}

#[tokio::test]
async fn a_discovery_document_that_is_none_costs_a_503_and_one_request() {
    let world = World::start().await;
    for (why, bad) in NONSENSE {
        let case = world.case();
        world.bad.script(move |_| bad());
        world.assert_unavailable_in(&case, why).await;
        assert_eq!(world.asked_in(&case), [DOCUMENT], "{why}");
        world.assert_others_served().await;
    }
}

#[tokio::test]
async fn a_discovery_document_that_leads_astray_is_not_followed() {
    let world = World::start().await;
    let elsewhere = world.good.name();
    let mut documents = 0;
    for jwks_uri in [
        format!("http://user:secret@127.0.0.1:{}/keys", world.good.port()),
        format!("http://user@127.0.0.1:{}/keys", world.good.port()),
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/".to_owned(),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "http://metadata.google.internal/computeMetadata/v1/".to_owned(),
        "https://10.0.0.1/keys".to_owned(),
        "https://8.8.8.8/keys".to_owned(),
        "https://[fe80::1]/keys".to_owned(),
        "http://0.0.0.0/keys".to_owned(),
        "http://example.com/keys".to_owned(),
        format!("ftp://127.0.0.1:{}/keys", world.good.port()),
        format!("gopher://127.0.0.1:{}/keys", world.good.port()),
        "file:///etc/passwd".to_owned(),
        "data:application/json,{\"keys\":[]}".to_owned(),
        "javascript:alert(1)".to_owned(),
        "/keys".to_owned(),
        "//127.0.0.1/keys".to_owned(),
        String::new(),
    ] {
        let name = world.bad.name();
        let body = json!({"issuer": name, "jwks_uri": jwks_uri});
        world.bad.script(move |_| json_answer(&body));
        world.assert_unavailable(&world.token(), &jwks_uri).await;
        documents += 1;
        assert_eq!(world.bad.asked(), vec![DOCUMENT; documents], "{jwks_uri}");
        world.pass_cooldown();
    }
    // Another issuer's name, or one that only looks like its own.
    for issuer in [
        elsewhere,
        format!("{}/", world.bad.name()),
        world.bad.name().to_uppercase(),
        world.bad.name().replace("127.0.0.1", "localhost"),
        String::new(),
    ] {
        let body = json!({"issuer": issuer, "jwks_uri": format!("{}{KEYS}", world.bad.name())});
        world.bad.script(move |_| json_answer(&body));
        world.assert_unavailable(&world.token(), &issuer).await;
        documents += 1;
        assert_eq!(world.bad.asked(), vec![DOCUMENT; documents], "{issuer}");
        world.pass_cooldown();
    }
    assert_eq!(world.good.knocks(), 0);
    world.assert_others_served().await;
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let world = World::start().await;
    let mut requests = 0;
    for status in [300, 301, 302, 303, 307, 308] {
        for target in [
            format!("{}{KEYS}", world.good.name()),
            format!("{}{KEYS}", world.bad.name()),
            KEYS.to_owned(),
            "http://169.254.169.254/latest/meta-data/".to_owned(),
        ] {
            let location = format!("Location: {target}\r\n");
            world.bad.script(move |_| answer(status, &location, b""));
            world.assert_unavailable(&world.token(), &target).await;
            requests += 1;
            assert_eq!(world.bad.asked(), vec![DOCUMENT; requests], "{status} {target}");
            world.pass_cooldown();
        }
    }
    // The key set may not lead away either.
    let (name, location) = (world.bad.name(), format!("Location: {}{KEYS}\r\n", world.good.name()));
    world.bad.script(move |path| match path {
        DOCUMENT => document(&name, ""),
        _ => answer(302, &location, b""),
    });
    world.assert_unavailable(&world.token(), "a key set that moved").await;
    assert_eq!(world.good.knocks(), 0);
    world.assert_others_served().await;
}

#[tokio::test]
async fn the_media_type_does_not_matter_and_nothing_packed_is_asked_for() {
    let world = World::start().await;
    let set = json!({"keys": [SigningKey::shared().jwk()]}).to_string();
    world.bad.serve_keys(move || answer(200, "Content-Type: text/html\r\n", set.as_bytes()));
    assert_eq!(world.outcome(&world.token()).await, "200");
    for head in world.bad.heads() {
        let head = head.to_lowercase();
        assert!(!head.contains("accept-encoding"), "{head}");
        // Nor does anything of the caller go along.
        assert!(!head.contains("authorization") && !head.contains("cookie"), "{head}");
        assert!(!head.contains("referer"), "{head}");
    }
}
