use serde_json::json;

use super::*;

fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Returns a well-formed public key without a known private key.
fn rsa_key(kid: &str) -> Value {
    json!({"kty": "RSA", "kid": kid, "n": base64(&[0xc5; 256]), "e": "AQAB"})
}

fn with(mut key: Value, member: &str, value: impl Into<Value>) -> Value {
    key[member] = value.into();
    key
}

fn without(mut key: Value, member: &str) -> Value {
    key.as_object_mut().unwrap().remove(member);
    key
}

fn parse_keys(keys: &[Value]) -> Vec<PublicKey> {
    parse(&json!({ "keys": keys }).to_string()).unwrap()
}

fn is_kept(key: Value) -> bool {
    !parse_keys(&[key]).is_empty()
}

#[test]
fn every_supported_key_type_is_read() {
    let keys = parse_keys(&[
        with(rsa_key("a"), "alg", "RS256"),
        json!({"kty": "EC", "crv": "P-256", "x": base64(&[1; 32]), "y": base64(&[2; 32])}),
        json!({"kty": "EC", "crv": "P-384", "x": base64(&[1; 48]), "y": base64(&[2; 48])}),
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "d", "x": base64(&[3; 32])}),
    ]);
    let key_without_kid = |material| PublicKey { kid: None, algorithm: None, material };
    let expected = [
        PublicKey {
            kid: Some("a".to_owned()),
            algorithm: Some("RS256".to_owned()),
            material: KeyMaterial::Rsa { n: vec![0xc5; 256], e: vec![1, 0, 1] },
        },
        key_without_kid(KeyMaterial::Ec { curve: Curve::P256, x: vec![1; 32], y: vec![2; 32] }),
        key_without_kid(KeyMaterial::Ec { curve: Curve::P384, x: vec![1; 48], y: vec![2; 48] }),
        PublicKey {
            kid: Some("d".to_owned()),
            algorithm: None,
            material: KeyMaterial::Ed25519 { x: vec![3; 32] },
        },
    ];
    assert_eq!(keys, expected);
}

#[test]
fn unsupported_key_types_are_skipped() {
    let ec = json!({"kty": "EC", "x": base64(&[1; 32]), "y": base64(&[2; 32])});
    for key in [
        json!({"kty": "oct", "k": base64(&[7; 32])}),
        json!({"kty": "rsa", "n": base64(&[0xc5; 256]), "e": "AQAB"}),
        json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": base64(&[7; 32])}),
        with(ec.clone(), "crv", "secp256k1"),
        with(ec.clone(), "crv", "P-521"),
        ec,
        json!({"kty": "OKP", "crv": "Ed448", "x": base64(&[3; 57])}),
        json!({"kty": "OKP", "crv": "X25519", "x": base64(&[3; 32])}),
    ] {
        assert!(!is_kept(key.clone()), "{key}");
    }
}

#[test]
fn malformed_keys_are_skipped_individually() {
    let ec = json!({"kty": "EC", "crv": "P-256", "x": base64(&[1; 32]), "y": base64(&[2; 32])});
    let keys = [
        json!(null),
        json!("key"),
        json!([]),
        json!({}),
        without(rsa_key("a"), "kty"),
        without(rsa_key("a"), "n"),
        without(rsa_key("a"), "e"),
        with(rsa_key("a"), "n", 5),
        with(rsa_key("a"), "kid", 5),
        with(rsa_key("a"), "n", ""),
        with(rsa_key("a"), "n", format!("{}=", base64(&[0xc5; 256]))),
        with(rsa_key("a"), "n", format!("+/{}", base64(&[0xc5; 256]))),
        with(rsa_key("a"), "e", ""),
        with(rsa_key("a"), "e", "AA"),
        with(rsa_key("a"), "e", "AQ"),
        with(rsa_key("a"), "e", "Ag"),
        with(rsa_key("a"), "e", base64(&[1; 5])),
        with(ec.clone(), "x", base64(&[1; 31])),
        with(ec.clone(), "y", base64(&[1; 33])),
        without(ec, "y"),
        json!({"kty": "OKP", "crv": "Ed25519", "x": base64(&[3; 31])}),
        rsa_key("good"),
    ];
    let kids: Vec<_> = parse_keys(&keys).into_iter().map(|key| key.kid).collect();
    assert_eq!(kids, [Some("good".to_owned())]);
}

#[test]
fn rsa_keys_outside_2048_to_8192_bits_are_skipped() {
    let mut modulus = [0xff; 256];
    modulus[0] = 0x80;
    assert!(is_kept(with(rsa_key("a"), "n", base64(&modulus))));
    modulus[0] = 0x7f;
    assert!(!is_kept(with(rsa_key("a"), "n", base64(&modulus))));
    assert!(!is_kept(with(rsa_key("a"), "n", base64(&[0xff; 128]))));
    assert!(is_kept(with(rsa_key("a"), "n", base64(&[0xff; 1024]))));
    assert!(!is_kept(with(rsa_key("a"), "n", base64(&[0xff; 1025]))));
}

#[test]
fn leading_zero_octets_of_a_modulus_are_stripped() {
    let padded = [&[0; 2][..], &[0xc5; 256]].concat();
    let keys = parse_keys(&[with(rsa_key("a"), "n", base64(&padded))]);
    assert_eq!(keys, parse_keys(&[rsa_key("a")]));
    let short = [&[0; 200][..], &[0xc5; 56]].concat();
    assert!(!is_kept(with(rsa_key("a"), "n", base64(&short))));
}

#[test]
fn only_signature_keys_are_kept() {
    assert!(is_kept(rsa_key("a")));
    assert!(is_kept(with(rsa_key("a"), "use", "sig")));
    assert!(!is_kept(with(rsa_key("a"), "use", "enc")));
    assert!(!is_kept(with(rsa_key("a"), "use", "other")));
    assert!(is_kept(with(rsa_key("a"), "key_ops", json!(["verify"]))));
    assert!(is_kept(with(rsa_key("a"), "key_ops", json!(["sign", "verify"]))));
    assert!(!is_kept(with(rsa_key("a"), "key_ops", json!(["encrypt"]))));
    assert!(!is_kept(with(rsa_key("a"), "key_ops", json!([]))));
    let contradictory = with(rsa_key("a"), "key_ops", json!(["verify"]));
    assert!(!is_kept(with(contradictory, "use", "enc")));
}

#[test]
fn key_with_published_private_part_is_skipped() {
    let ed25519 = json!({"kty": "OKP", "crv": "Ed25519", "x": base64(&[3; 32])});
    for key in [rsa_key("a"), ed25519] {
        assert!(is_kept(key.clone()));
        assert!(!is_kept(with(key, "d", base64(&[1; 32]))));
    }
}

#[test]
fn kid_over_256_characters_is_skipped() {
    assert!(is_kept(rsa_key(&"ü".repeat(256))));
    assert!(!is_kept(rsa_key(&"a".repeat(257))));
}

#[test]
fn keys_sharing_a_kid_are_all_kept() {
    let other = with(rsa_key("a"), "n", base64(&[0xd5; 256]));
    let ed25519 = json!({"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": base64(&[3; 32])});
    let shared = [rsa_key("a"), ed25519, other, with(rsa_key("a"), "alg", "PS256")];
    let keys = parse_keys(&shared);
    assert_eq!(keys.len(), shared.len());
    assert!(keys.iter().all(|key| key.kid.as_deref() == Some("a")));
    let encryption = with(with(rsa_key("a"), "n", base64(&[0xe5; 256])), "use", "enc");
    assert_eq!(parse_keys(&[&[encryption], shared.as_slice()].concat()), keys);
}

#[test]
fn repeated_key_is_kept_once() {
    for key in [rsa_key("a"), without(rsa_key("a"), "kid")] {
        assert_eq!(parse_keys(&[key.clone(), key]).len(), 1);
    }
    let others = [
        without(rsa_key("a"), "kid"),
        with(without(rsa_key("a"), "kid"), "n", base64(&[0xd5; 256])),
    ];
    assert_eq!(parse_keys(&others).len(), 2);
}

#[test]
fn key_set_over_100_keys_is_rejected() {
    let set = |count| json!({ "keys": vec![json!({}); count] }).to_string();
    assert!(parse(&set(100)).is_ok());
    assert!(parse(&set(101)).is_err());
}

#[test]
fn malformed_key_set_is_rejected() {
    for body in [
        "",
        "<html>",
        "null",
        "[]",
        "{}",
        r#"{"keys":null}"#,
        r#"{"keys":{}}"#,
        r#"{"keys":[]"#,
        r#"{"keys":[]}{}"#,
        r#"{"keys":[],"keys":[]}"#,
        &format!(r#"{{"keys":[{}"#, "[".repeat(100_000)),
    ] {
        let error = parse(body).unwrap_err();
        assert!(matches!(error, KeySourceError::Invalid(_)));
    }
}

#[test]
fn empty_key_set_is_accepted() {
    assert!(parse_keys(&[]).is_empty());
}
