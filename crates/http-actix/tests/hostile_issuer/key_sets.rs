//! Key sets that are well-formed, and hold what no key set should.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::issuer::key_set;
use crate::support::{ALL_PERMISSIONS, SigningKey};
use crate::world::World;

fn base64(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn with(mut key: Value, member: &str, value: impl Into<Value>) -> Value {
    key[member] = value.into();
    key
}

#[tokio::test]
async fn a_shared_secret_in_a_key_set_signs_nothing() {
    let world = World::start().await;
    let secret = [7; 32];
    let shared =
        move |kid: &str| json!({"kty": "oct", "kid": kid, "alg": "HS256", "k": base64(&secret)});
    world.bad.serve_keys(move || key_set(&[shared("usual"), shared("shared")]));
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let header = Header { kid: Some("shared".to_owned()), ..Header::new(algorithm) };
        let claims = world.app.claims(&world.bad.name()).permissions(&ALL_PERMISSIONS);
        let secret = EncodingKey::from_secret(&secret);
        let token = jsonwebtoken::encode(&header, claims.json(), &secret).unwrap();
        assert_eq!(world.outcome(&token).await, "401 invalid_token");
    }
    assert_eq!(world.bad.fetches(), 0, "that much is clear without keys");
    // The secret under the name of a real key is none either.
    assert_eq!(world.outcome(&world.token()).await, "401 invalid_token");
    world.assert_others_served().await;
}

#[tokio::test]
async fn keys_that_prove_nothing_are_not_used() {
    let world = World::start().await;
    let usual = SigningKey::shared().jwk();
    let rsa = SigningKey::rsa("usual");
    let weak = |bytes: usize| json!({"kty": "RSA", "kid": "usual", "n": base64(&vec![0xc5; bytes]), "e": "AQAB"});
    for (why, key) in [
        // Everybody can sign with a key whose secret half is published.
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
        ("another kty", with(usual.clone(), "kty", "EC")),
        ("a kty in small letters", with(usual.clone(), "kty", "okp")),
        ("another curve", with(usual.clone(), "crv", "X25519")),
        ("a point of wrong length", with(usual.clone(), "x", base64(&[1; 31]))),
        ("a key for encryption", with(usual.clone(), "use", "enc")),
        ("a key that only signs", with(usual.clone(), "key_ops", json!(["sign"]))),
        ("a key of another name", with(usual.clone(), "kid", "Usual")),
        ("a name that is no text", with(usual.clone(), "kid", 1)),
    ] {
        let case = world.case();
        world.bad.serve_keys(move || key_set(std::slice::from_ref(&key)));
        for signer in [&SigningKey::shared(), &rsa] {
            let token = world.token_in(&case, signer);
            assert_eq!(world.outcome_in(&case, &token).await, "401 invalid_token", "{why}");
        }
        assert!(world.asked_in(&case).len() <= 4, "{why}");
        world.assert_others_served().await;
    }
}

#[tokio::test]
async fn a_signature_by_an_exponent_of_one_is_none() {
    // With e = 1 the padded digest is its own signature: no secret is needed to make one.
    let world = World::start().await;
    let rsa = with(SigningKey::rsa("usual").jwk(), "e", "AQ");
    world.bad.serve_keys(move || key_set(std::slice::from_ref(&rsa)));
    let good = world.token_by(&SigningKey::rsa("usual"));
    let (message, _) = good.rsplit_once('.').unwrap();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, message.as_bytes());
    // RFC 8017 §9.2.
    let info = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
    let padding = vec![0xff; 256 - 3 - info.len() - 32];
    let padded = [&[0, 1][..], &padding, &[0], info, digest.as_ref()].concat();
    let token = format!("{message}.{}", base64(&padded));
    assert_eq!(world.outcome(&token).await, "401 invalid_token");
}

#[tokio::test]
async fn of_two_keys_of_one_name_the_first_counts() {
    let world = World::start().await;
    let second = SigningKey::ed25519("usual");
    let keys = [SigningKey::shared().jwk(), second.jwk()];
    world.bad.serve_keys(move || key_set(&keys));
    assert_eq!(world.outcome(&world.token()).await, "200");
    assert_eq!(world.outcome(&world.token_by(&second)).await, "401 invalid_token");
    assert_eq!(world.bad.fetches(), 1);
}

#[tokio::test]
async fn ten_thousand_keys_are_none() {
    let world = World::start().await;
    for count in [101, 10_000] {
        let mut keys = vec![json!({"kid": "a"}); count];
        keys[0] = SigningKey::shared().jwk();
        world.bad.serve_keys(move || key_set(&keys));
        world.assert_unavailable(&world.token(), "so many keys").await;
        world.pass_cooldown();
    }
    world.assert_others_served().await;
}

#[tokio::test]
async fn keys_that_change_each_time_cost_no_more_than_others() {
    let world = World::start().await;
    let count = Arc::<AtomicUsize>::default();
    world.bad.serve_keys(move || {
        let fresh = SigningKey::ed25519(&format!("key-{}", count.fetch_add(1, Ordering::SeqCst)));
        key_set(&[fresh.jwk()])
    });
    for round in 0..3 {
        for kid in 0..20 {
            let token = world.token_by(&SigningKey::ed25519(&format!("{round}-{kid}")));
            assert_eq!(world.outcome(&token).await, "401 invalid_token");
        }
        // One to begin with, and one in each cooldown.
        assert_eq!(world.bad.fetches(), round + 2);
        world.pass_cooldown();
    }
    world.assert_others_served().await;
}

#[tokio::test]
async fn an_issuer_that_withdraws_its_keys_is_believed_and_one_that_breaks_is_not() {
    let world = World::start().await;
    let token = world.token();
    assert_eq!(world.outcome(&token).await, "200");
    // What breaks now is no reason to turn away whom the keys of before let in.
    world.bad.script(|_| crate::issuer::answer(500, "", b""));
    world.app.clock.advance(Duration::from_mins(59));
    assert_eq!(world.outcome(&token).await, "200");
    // But not for ever.
    world.app.clock.advance(Duration::from_mins(1));
    world.assert_unavailable(&world.token(), "an hour without keys").await;
    world.assert_unavailable(&token, "an hour without keys, remembered or not").await;
    // It is back, and has no key any more.
    world.bad.serve_keys(|| key_set(&[]));
    world.pass_cooldown();
    assert_eq!(world.outcome(&world.token()).await, "401 invalid_token");
    world.assert_good_served().await;
}
