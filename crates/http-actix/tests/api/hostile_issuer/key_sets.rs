//! Well-formed key sets with unsuitable content.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::fixture::Fixture;
use super::issuer::key_set;
use crate::support::{ALL_PERMISSIONS, SigningKey};

fn base64(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn with(mut key: Value, member: &str, value: impl Into<Value>) -> Value {
    key[member] = value.into();
    key
}

#[tokio::test]
async fn symmetric_key_in_key_set_verifies_nothing() {
    let fixture = Fixture::start().await;
    let secret = [7; 32];
    let shared =
        move |kid: &str| json!({"kty": "oct", "kid": kid, "alg": "HS256", "k": base64(&secret)});
    fixture.hostile.serve_keys(move || key_set(&[shared("usual"), shared("shared")]));
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let header = Header { kid: Some("shared".to_owned()), ..Header::new(algorithm) };
        let claims = fixture.app.claims(&fixture.hostile.name()).permissions(&ALL_PERMISSIONS);
        let secret = EncodingKey::from_secret(&secret);
        let token = jsonwebtoken::encode(&header, claims.json(), &secret).unwrap();
        assert_eq!(fixture.outcome(&token).await, "401 invalid_token");
    }
    assert_eq!(fixture.hostile.fetches(), 0, "the algorithm is rejected without keys");
    // The secret under the `kid` of a real key verifies nothing either.
    assert_eq!(fixture.outcome(&fixture.token()).await, "401 invalid_token");
    fixture.assert_other_callers_served().await;
}

#[tokio::test]
async fn unsuitable_keys_are_not_used() {
    let fixture = Fixture::start().await;
    let usual = SigningKey::shared().jwk();
    let rsa = SigningKey::rsa("usual");
    let weak = |bytes: usize| json!({"kty": "RSA", "kid": "usual", "n": base64(&vec![0xc5; bytes]), "e": "AQAB"});
    for (description, key) in [
        // A published private part lets anyone sign.
        ("a private key", with(usual.clone(), "d", base64(&[1; 32]))),
        ("an RSA key of 512 bits", weak(64)),
        ("an RSA key of 1024 bits", weak(128)),
        (
            "an RSA key of 2047 bits",
            with(weak(256), "n", base64(&[&[0x7f][..], &[0xc5; 255]].concat())),
        ),
        ("an exponent of 1", with(rsa.jwk(), "e", "AQ")),
        ("an exponent of 2", with(rsa.jwk(), "e", "Ag")),
        ("an exponent of 0", with(rsa.jwk(), "e", "AA")),
        ("a huge exponent", with(rsa.jwk(), "e", base64(&[0xff; 256]))),
        ("a huge modulus", with(rsa.jwk(), "n", base64(&[0xff; 2049]))),
        ("a different kty", with(usual.clone(), "kty", "EC")),
        ("a lowercase kty", with(usual.clone(), "kty", "okp")),
        ("a different curve", with(usual.clone(), "crv", "X25519")),
        ("a point of wrong length", with(usual.clone(), "x", base64(&[1; 31]))),
        ("a key for encryption", with(usual.clone(), "use", "enc")),
        ("a key that only signs", with(usual.clone(), "key_ops", json!(["sign"]))),
        ("a kid in different case", with(usual.clone(), "kid", "Usual")),
        ("a kid that is not a string", with(usual.clone(), "kid", 1)),
    ] {
        let case = fixture.new_case();
        fixture.hostile.serve_keys(move || key_set(std::slice::from_ref(&key)));
        for signer in [&SigningKey::shared(), &rsa] {
            let token = fixture.case_token(&case, signer);
            assert_eq!(
                fixture.case_outcome(&case, &token).await,
                "401 invalid_token",
                "{description}"
            );
        }
        assert!(fixture.case_requests(&case).len() <= 4, "{description}");
        fixture.assert_other_callers_served().await;
    }
}

#[tokio::test]
async fn signature_with_exponent_one_is_rejected() {
    // With e = 1 the padded digest is its own signature, and no secret is needed.
    let fixture = Fixture::start().await;
    let rsa = with(SigningKey::rsa("usual").jwk(), "e", "AQ");
    fixture.hostile.serve_keys(move || key_set(std::slice::from_ref(&rsa)));
    let valid_token = fixture.token_signed_by(&SigningKey::rsa("usual"));
    let (message, _) = valid_token.rsplit_once('.').unwrap();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, message.as_bytes());
    // RFC 8017 §9.2.
    let info = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
    let padding = vec![0xff; 256 - 3 - info.len() - 32];
    let padded = [&[0, 1][..], &padding, &[0], info, digest.as_ref()].concat();
    let token = format!("{message}.{}", base64(&padded));
    assert_eq!(fixture.outcome(&token).await, "401 invalid_token");
}

#[tokio::test]
async fn keys_sharing_a_kid_all_verify() {
    let fixture = Fixture::start().await;
    let (second, rsa) = (SigningKey::ed25519("usual"), SigningKey::rsa("usual"));
    let mut encryption = SigningKey::ed25519("usual").jwk();
    encryption["use"] = json!("enc");
    let mut named = second.jwk();
    named["alg"] = json!("Ed25519");
    let keys = [encryption, rsa.jwk(), SigningKey::shared().jwk(), named];
    fixture.hostile.serve_keys(move || key_set(&keys));
    for key in [&SigningKey::shared(), &second, &rsa] {
        assert_eq!(fixture.outcome(&fixture.token_signed_by(key)).await, "200");
    }
    let other = SigningKey::ed25519("usual");
    assert_eq!(fixture.outcome(&fixture.token_signed_by(&other)).await, "401 invalid_token");
    assert_eq!(fixture.hostile.fetches(), 1);
}

#[tokio::test]
async fn key_set_over_100_keys_is_unavailable() {
    let fixture = Fixture::start().await;
    for count in [101, 10_000] {
        let mut keys = vec![json!({"kid": "a"}); count];
        keys[0] = SigningKey::shared().jwk();
        fixture.hostile.serve_keys(move || key_set(&keys));
        fixture.assert_unavailable(&fixture.token(), "too many keys").await;
        fixture.advance_past_cooldown();
    }
    fixture.assert_other_callers_served().await;
}

#[tokio::test]
async fn changing_keys_cost_one_fetch_per_cooldown() {
    let fixture = Fixture::start().await;
    let count = Arc::<AtomicUsize>::default();
    fixture.hostile.serve_keys(move || {
        let fresh = SigningKey::ed25519(&format!("key-{}", count.fetch_add(1, Ordering::SeqCst)));
        key_set(&[fresh.jwk()])
    });
    for round in 0..3 {
        for kid in 0..20 {
            let token = fixture.token_signed_by(&SigningKey::ed25519(&format!("{round}-{kid}")));
            assert_eq!(fixture.outcome(&token).await, "401 invalid_token");
        }
        // One initial fetch, and one per cooldown.
        assert_eq!(fixture.hostile.fetches(), round + 2);
        fixture.advance_past_cooldown();
    }
    fixture.assert_other_callers_served().await;
}

#[tokio::test]
async fn stale_keys_survive_failures_but_not_withdrawal() {
    let fixture = Fixture::start().await;
    let token = fixture.token();
    assert_eq!(fixture.outcome(&token).await, "200");
    // While fetches fail, the stale keys remain valid.
    fixture.hostile.respond_with(|_| super::issuer::http_response(500, "", b""));
    fixture.app.clock.advance(Duration::from_mins(59));
    assert_eq!(fixture.outcome(&token).await, "200");
    // After the stale bound they do not.
    fixture.app.clock.advance(Duration::from_mins(1));
    fixture.assert_unavailable(&fixture.token(), "an hour without keys").await;
    fixture.assert_unavailable(&token, "an hour without keys, with a cached token").await;
    // The issuer recovers and has withdrawn its keys.
    fixture.hostile.serve_keys(|| key_set(&[]));
    fixture.advance_past_cooldown();
    assert_eq!(fixture.outcome(&fixture.token()).await, "401 invalid_token");
    fixture.assert_healthy_issuer_served().await;
}
