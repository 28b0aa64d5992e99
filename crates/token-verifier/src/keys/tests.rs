use super::*;
use crate::testing::{KID, ed25519, other_rsa, p256, p384, rsa};

fn set(keys: Vec<PublicKey>) -> KeySet {
    KeySet::default().renewed(keys)
}

fn wanted(kid: Option<&str>, algorithm: Algorithm) -> Wanted<'_> {
    Wanted { kid, algorithm }
}

fn unnamed(key: PublicKey) -> PublicKey {
    PublicKey { kid: None, ..key }
}

fn restricted(key: PublicKey, algorithm: &str) -> PublicKey {
    PublicKey { algorithm: Some(algorithm.to_owned()), ..key }
}

#[test]
fn a_named_key_is_found_by_its_name() {
    let keys = set(vec![other_rsa().public("other"), rsa().public(KID)]);
    let Found::Key(key) = keys.find(&wanted(Some(KID), Algorithm::Rs256)) else { panic!() };
    assert_eq!(key.public, rsa().public(KID));
}

#[test]
fn an_unknown_name_finds_nothing_though_another_key_would_do() {
    let keys = set(vec![rsa().public("other"), unnamed(rsa().public(KID))]);
    assert!(matches!(keys.find(&wanted(Some(KID), Algorithm::Rs256)), Found::Nothing));
    assert!(matches!(keys.find(&wanted(Some(""), Algorithm::Rs256)), Found::Nothing));
}

#[test]
fn a_named_key_of_another_kind_is_unfit() {
    let keys = set(vec![rsa().public(KID), p256().public("ec"), ed25519().public("ed")]);
    for (kid, algorithm) in [
        (KID, Algorithm::Es256),
        (KID, Algorithm::EdDsa),
        ("ec", Algorithm::Rs256),
        ("ec", Algorithm::Es384),
        ("ed", Algorithm::Es256),
    ] {
        let found = keys.find(&wanted(Some(kid), algorithm));
        assert!(matches!(found, Found::Unfit(Reason::KeyMismatch)), "{kid} {algorithm}");
    }
}

#[test]
fn a_key_keeps_to_its_own_algorithm() {
    let keys = set(vec![restricted(rsa().public(KID), "RS512")]);
    let find = |algorithm| keys.find(&wanted(Some(KID), algorithm));
    assert!(matches!(find(Algorithm::Rs512), Found::Key(_)));
    assert!(matches!(find(Algorithm::Rs256), Found::Unfit(Reason::KeyMismatch)));
    assert!(matches!(find(Algorithm::Ps512), Found::Unfit(Reason::KeyMismatch)));
    let keys = set(vec![restricted(rsa().public(KID), "rs256")]);
    let found = keys.find(&wanted(Some(KID), Algorithm::Rs256));
    assert!(matches!(found, Found::Unfit(Reason::KeyMismatch)));
}

#[test]
fn of_keys_with_the_same_name_the_first_counts() {
    let keys = set(vec![p256().public(KID), rsa().public(KID)]);
    let found = keys.find(&wanted(Some(KID), Algorithm::Rs256));
    assert!(matches!(found, Found::Unfit(Reason::KeyMismatch)));
}

#[test]
fn without_a_name_there_must_be_exactly_one_key() {
    let keys = set(vec![rsa().public(KID), p256().public("ec")]);
    assert!(matches!(keys.find(&wanted(None, Algorithm::Rs256)), Found::Key(_)));
    assert!(matches!(keys.find(&wanted(None, Algorithm::Es256)), Found::Key(_)));
    assert!(matches!(keys.find(&wanted(None, Algorithm::EdDsa)), Found::Nothing));

    let keys = set(vec![rsa().public(KID), unnamed(other_rsa().public(KID))]);
    let found = keys.find(&wanted(None, Algorithm::Rs256));
    assert!(matches!(found, Found::Unfit(Reason::AmbiguousKey)));

    let keys = set(vec![rsa().public(KID), restricted(other_rsa().public("other"), "PS256")]);
    assert!(matches!(keys.find(&wanted(None, Algorithm::Rs256)), Found::Key(_)));
}

#[test]
fn a_key_that_stays_keeps_its_place_in_memory() {
    let before = set(vec![rsa().public(KID), p256().public("ec")]);
    let after = before.renewed(vec![other_rsa().public(KID), p256().public("ec")]);
    assert!(!after.holds(&before.0[0]));
    assert!(after.holds(&before.0[1]));
    let renamed = after.renewed(vec![p256().public("other")]);
    assert!(!renamed.holds(&before.0[1]));
}

#[test]
fn parts_that_make_no_key_are_left_out() {
    let ec = |x, y| KeyMaterial::Ec { curve: Curve::P256, x: vec![1; x], y: vec![1; y] };
    for material in [ec(31, 32), ec(32, 33), ec(0, 64)] {
        let public = PublicKey { kid: None, algorithm: None, material };
        assert!(VerifyingKey::new(public).is_none());
    }
}

#[test]
fn each_algorithm_verifies_its_own_signatures() {
    for algorithm in Algorithm::ALL {
        let kinds = [rsa(), p256(), p384(), ed25519()];
        let key = kinds.into_iter().find(|key| algorithm.fits(&key.material())).unwrap();
        let verifying = VerifyingKey::new(key.public(KID)).unwrap();
        let signature = key.sign(algorithm, b"message");
        assert!(verifying.verifies(algorithm, b"message", &signature), "{algorithm}");
        assert!(!verifying.verifies(algorithm, b"massage", &signature), "{algorithm}");
        assert!(!verifying.verifies(algorithm, b"message", &vec![]), "{algorithm}");
        for other in Algorithm::ALL.into_iter().filter(|other| *other != algorithm) {
            assert!(!verifying.verifies(other, b"message", &signature), "{algorithm} {other}");
        }
    }
}

#[test]
fn parts_that_are_nonsense_verify_nothing() {
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
            assert!(!key.verifies(algorithm, b"", &vec![]));
            assert!(!key.verifies(algorithm, b"message", &vec![0; 64]));
            assert!(!key.verifies(algorithm, b"message", &vec![0; 256]));
        }
    }
}

#[test]
fn debug_does_not_show_the_key() {
    let key = VerifyingKey::new(PublicKey {
        kid: None,
        algorithm: None,
        material: KeyMaterial::Ed25519 { x: vec![123; 32] },
    });
    assert!(!format!("{key:?}").contains("123"));
}
