use super::*;
use crate::testing::{KID, ed25519, other_rsa, p256, p384, rsa};

fn set(keys: Vec<PublicKey>) -> KeySet {
    KeySet::default().updated(keys)
}

fn query(kid: Option<&str>, algorithm: Algorithm) -> KeyQuery<'_> {
    KeyQuery { kid, algorithm }
}

fn without_kid(key: PublicKey) -> PublicKey {
    PublicKey { kid: None, ..key }
}

fn restricted(key: PublicKey, algorithm: &str) -> PublicKey {
    PublicKey { algorithm: Some(algorithm.to_owned()), ..key }
}

/// Returns the keys that are found for [`KID`].
fn found(keys: &KeySet, algorithm: Algorithm) -> Vec<PublicKey> {
    match keys.find(&query(Some(KID), algorithm)) {
        KeyLookup::Found(keys) => keys.iter().map(|key| key.public.clone()).collect(),
        KeyLookup::NotFound | KeyLookup::Unsuitable(_) => Vec::new(),
    }
}

#[test]
fn key_is_found_by_kid() {
    let keys = set(vec![other_rsa().public_as("other"), rsa().public_as(KID)]);
    assert_eq!(found(&keys, Algorithm::Rs256), [rsa().public_as(KID)]);
}

#[test]
fn unknown_kid_never_falls_back_to_another_key() {
    let keys = set(vec![rsa().public_as("other"), without_kid(rsa().public_as(KID))]);
    for kid in [KID, ""] {
        let found = keys.find(&query(Some(kid), Algorithm::Rs256));
        assert!(matches!(found, KeyLookup::NotFound), "{kid}");
    }
}

#[test]
fn key_of_wrong_type_is_unsuitable() {
    let keys = set(vec![rsa().public_as(KID), p256().public_as("ec"), ed25519().public_as("ed")]);
    for (kid, algorithm) in [
        (KID, Algorithm::Es256),
        (KID, Algorithm::EdDsa),
        ("ec", Algorithm::Rs256),
        ("ec", Algorithm::Es384),
        ("ed", Algorithm::Es256),
    ] {
        let found = keys.find(&query(Some(kid), algorithm));
        assert!(matches!(found, KeyLookup::Unsuitable(Reason::KeyMismatch)), "{kid} {algorithm}");
    }
}

#[test]
fn key_is_bound_to_its_declared_algorithm() {
    let keys = set(vec![restricted(rsa().public_as(KID), "RS512")]);
    let find = |algorithm| keys.find(&query(Some(KID), algorithm));
    assert!(matches!(find(Algorithm::Rs512), KeyLookup::Found(_)));
    assert!(matches!(find(Algorithm::Rs256), KeyLookup::Unsuitable(Reason::KeyMismatch)));
    assert!(matches!(find(Algorithm::Ps512), KeyLookup::Unsuitable(Reason::KeyMismatch)));
    for other in ["rs256", "RSA-OAEP", ""] {
        let keys = set(vec![restricted(rsa().public_as(KID), other)]);
        assert!(found(&keys, Algorithm::Rs256).is_empty(), "{other}");
    }
}

#[test]
fn fully_specified_algorithm_of_a_key_is_eddsa() {
    for name in ["EdDSA", "Ed25519"] {
        let key = restricted(ed25519().public_as(KID), name);
        assert_eq!(found(&set(vec![key.clone()]), Algorithm::EdDsa), [key], "{name}");
    }
    let other = restricted(ed25519().public_as(KID), "Ed448");
    assert!(found(&set(vec![other]), Algorithm::EdDsa).is_empty());
}

#[test]
fn kid_may_be_shared_by_keys_of_different_types() {
    let (ec, rsa) = (p256().public_as(KID), rsa().public_as(KID));
    for keys in [vec![ec.clone(), rsa.clone()], vec![rsa.clone(), ec.clone()]] {
        let keys = set(keys);
        assert_eq!(found(&keys, Algorithm::Rs256), std::slice::from_ref(&rsa));
        assert_eq!(found(&keys, Algorithm::Es256), std::slice::from_ref(&ec));
        assert!(found(&keys, Algorithm::EdDsa).is_empty());
    }
}

#[test]
fn kid_may_be_shared_by_keys_of_one_type() {
    let [first, second] = [rsa(), other_rsa()].map(|key| key.public_as(KID));
    let keys = set(vec![first.clone(), second.clone()]);
    assert_eq!(found(&keys, Algorithm::Rs256), [first.clone(), second.clone()]);
    let keys = set(vec![restricted(first, "PS256"), restricted(second.clone(), "RS256")]);
    assert_eq!(found(&keys, Algorithm::Rs256), [restricted(second, "RS256")]);
}

#[test]
fn number_of_keys_tried_is_limited() {
    let keys = set(vec![ed25519().public_as(KID); 100]);
    assert_eq!(found(&keys, Algorithm::EdDsa).len(), MAX_CANDIDATES);
}

#[test]
fn missing_kid_requires_exactly_one_suitable_key() {
    let keys = set(vec![rsa().public_as(KID), p256().public_as("ec")]);
    assert!(matches!(keys.find(&query(None, Algorithm::Rs256)), KeyLookup::Found(_)));
    assert!(matches!(keys.find(&query(None, Algorithm::Es256)), KeyLookup::Found(_)));
    let missing = keys.find(&query(None, Algorithm::EdDsa));
    assert!(matches!(missing, KeyLookup::NotFound));

    let keys = set(vec![rsa().public_as(KID), without_kid(other_rsa().public_as(KID))]);
    let found = keys.find(&query(None, Algorithm::Rs256));
    assert!(matches!(found, KeyLookup::Unsuitable(Reason::AmbiguousKey)));

    let keys = set(vec![rsa().public_as(KID), restricted(other_rsa().public_as("other"), "PS256")]);
    assert!(matches!(keys.find(&query(None, Algorithm::Rs256)), KeyLookup::Found(_)));
}

#[test]
fn unchanged_key_keeps_its_arc() {
    let before = set(vec![rsa().public_as(KID), p256().public_as("ec")]);
    let after = before.updated(vec![other_rsa().public_as(KID), p256().public_as("ec")]);
    assert!(!after.contains(&before.0[0]));
    assert!(after.contains(&before.0[1]));
    let renamed = after.updated(vec![p256().public_as("other")]);
    assert!(!renamed.contains(&before.0[1]));
}

#[test]
fn key_with_wrong_coordinate_length_is_rejected() {
    let ec = |x, y| KeyMaterial::Ec { curve: Curve::P256, x: vec![1; x], y: vec![1; y] };
    for material in [ec(31, 32), ec(32, 33), ec(0, 64)] {
        let public = PublicKey { kid: None, algorithm: None, material };
        assert!(VerifyingKey::new(public).is_none());
    }
}

#[test]
fn algorithm_verifies_only_its_own_signatures() {
    for algorithm in Algorithm::ALL {
        let test_keys = [rsa(), p256(), p384(), ed25519()];
        let key = test_keys
            .into_iter()
            .find(|key| algorithm.is_compatible_with(&key.material()))
            .unwrap();
        let verifying = VerifyingKey::new(key.public_as(KID)).unwrap();
        let signature = key.sign_bytes(algorithm, b"message");
        assert!(verifying.verifies(algorithm, b"message", &signature), "{algorithm}");
        assert!(!verifying.verifies(algorithm, b"massage", &signature), "{algorithm}");
        assert!(!verifying.verifies(algorithm, b"message", &[]), "{algorithm}");
        for other in Algorithm::ALL.into_iter().filter(|other| *other != algorithm) {
            assert!(!verifying.verifies(other, b"message", &signature), "{algorithm} {other}");
        }
    }
}

#[test]
fn malformed_key_material_verifies_nothing() {
    for material in [
        KeyMaterial::Rsa { n: vec![], e: vec![] },
        KeyMaterial::Rsa { n: vec![0xff; 256], e: vec![1] },
        KeyMaterial::Rsa { n: vec![0xff; 64], e: vec![1, 0, 1] },
        KeyMaterial::Ec { curve: Curve::P256, x: vec![0; 32], y: vec![0; 32] },
        KeyMaterial::Ed25519 { x: vec![] },
    ] {
        let public = PublicKey { kid: None, algorithm: None, material };
        let key = VerifyingKey::new(public).unwrap();
        for algorithm in Algorithm::ALL {
            assert!(!key.verifies(algorithm, b"", &[]));
            assert!(!key.verifies(algorithm, b"message", &[0; 64]));
            assert!(!key.verifies(algorithm, b"message", &[0; 256]));
        }
    }
}

#[test]
fn key_debug_output_hides_material() {
    let key = VerifyingKey::new(PublicKey {
        kid: None,
        algorithm: None,
        material: KeyMaterial::Ed25519 { x: vec![123; 32] },
    });
    assert!(!format!("{key:?}").contains("123"));
}
