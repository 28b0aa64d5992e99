//! The JOSE header: `alg`, `typ`, `kid`, `crit` and embedded keys.

use ports::KeyMaterial;

use super::*;

#[test]
fn algorithm_is_accepted_only_where_configured() {
    for algorithm in Algorithm::ALL {
        let keys = [rsa(), p256(), p384(), ed25519()];
        let key =
            keys.into_iter().find(|key| algorithm.is_compatible_with(&key.material())).unwrap();
        let token = TokenBuilder::new().header("alg", algorithm.as_str()).signed_by(key);
        let expected = Expectations { algorithms: &[algorithm], ..expectations() };
        assert!(
            verify_with(&token, key, &expected, timestamp(START_SECONDS)).is_ok(),
            "{algorithm}"
        );
        let others: Vec<_> = Algorithm::ALL.into_iter().filter(|it| *it != algorithm).collect();
        let expected = Expectations { algorithms: &others, ..expectations() };
        let reason = verify_with(&token, key, &expected, timestamp(START_SECONDS)).unwrap_err();
        assert_eq!(reason, Reason::Algorithm, "{algorithm}");
    }
}

#[test]
fn algorithm_name_is_case_sensitive() {
    for alg in ["rs256", "Rs256", "RS256 ", " RS256", "RS256\0", "RSA256", "ES256K", "RS1"] {
        assert_eq!(
            outcome(&TokenBuilder::new().header("alg", alg)),
            Some(Reason::Algorithm),
            "{alg}"
        );
    }
}

#[test]
fn algorithm_must_be_a_string() {
    assert_eq!(outcome(&TokenBuilder::new().without_header("alg")), Some(Reason::MalformedHeader));
    for alg in [json!(null), json!(256), json!(["RS256"]), json!({"RS256": true})] {
        assert_eq!(outcome(&TokenBuilder::new().header("alg", alg)), Some(Reason::MalformedHeader));
    }
}

#[test]
fn keys_embedded_in_the_token_are_ignored() {
    let KeyMaterial::Rsa { n, e } = other_rsa().material() else { panic!("not an RSA key") };
    for (name, value) in [
        ("jku", json!("https://evil.test/keys")),
        ("x5u", json!("https://evil.test/certificate")),
        ("jwk", json!({"kty": "RSA", "kid": KID, "n": base64(n), "e": base64(e)})),
        ("x5c", json!([base64(other_rsa().public_key_bytes())])),
    ] {
        let token = TokenBuilder::new().header(name, value);
        assert_eq!(verify(&token.signed_by(other_rsa())).unwrap_err(), Reason::Signature);
        // A valid token stays valid with them.
        assert!(verify(&token.signed_by(rsa())).is_ok());
    }
}

#[test]
fn critical_extensions_are_refused() {
    for crit in [json!(["b64"]), json!(["exp"]), json!([]), json!(null), json!("b64")] {
        let token = TokenBuilder::new().header("crit", crit).header("b64", true);
        assert_eq!(outcome(&token), Some(Reason::CriticalExtension));
    }
}

#[test]
fn type_must_be_that_of_an_access_token() {
    assert_eq!(outcome(&TokenBuilder::new().without_header("typ")), None);
    for typ in [
        "JWT",
        "jwt",
        "application/jwt",
        "at+jwt",
        "AT+JWT",
        "application/at+jwt",
        "Application/AT+JWT",
    ] {
        assert_eq!(outcome(&TokenBuilder::new().header("typ", typ)), None, "{typ}");
    }
    for typ in ["", "JOSE", "logout+jwt", "dpop+jwt", "secevent+jwt", "id+jwt", "JWT "] {
        assert_eq!(outcome(&TokenBuilder::new().header("typ", typ)), Some(Reason::Type), "{typ}");
    }
    for typ in [json!(null), json!(1), json!(["JWT"])] {
        assert_eq!(outcome(&TokenBuilder::new().header("typ", typ)), Some(Reason::MalformedHeader));
    }
}

#[test]
fn kid_must_be_short_printable_ascii() {
    let long = "k".repeat(257);
    for kid in [json!(null), json!(1), json!([KID]), json!(long)] {
        assert_eq!(outcome(&TokenBuilder::new().header("kid", kid)), Some(Reason::MalformedHeader));
    }
    for kid in ["key\n1", "key\u{1}", "key\u{7f}", "key\u{80}", "kéy", "\u{202e}1-yek", "\u{1f511}"]
    {
        let outcome = outcome(&TokenBuilder::new().header("kid", kid));
        assert_eq!(outcome, Some(Reason::MalformedHeader), "{kid:?}");
    }
    let longest = "k".repeat(256);
    for kid in ["", " ", "~", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}", &longest] {
        assert_eq!(
            outcome(&TokenBuilder::new().header("kid", kid)),
            Some(Reason::KeyMismatch),
            "{kid}"
        );
    }
    assert_eq!(outcome(&TokenBuilder::new().without_header("kid")), None);
}
