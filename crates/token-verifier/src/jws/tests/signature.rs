//! Signatures, and attempts to do without one.

use ports::KeyMaterial;

use super::*;

#[test]
fn unsigned_token_is_refused() {
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let token = TokenBuilder::new().header("alg", alg);
        let message =
            format!("{}.{}", base64(token.header.to_string()), base64(token.claims.to_string()));
        assert_eq!(verify(&format!("{message}.")).unwrap_err(), Reason::Algorithm, "{alg}");
        assert_eq!(outcome(&token), Some(Reason::Algorithm), "{alg}");
    }
    let valid = TokenBuilder::new().signed_by(rsa());
    let (message, _) = valid.rsplit_once('.').unwrap();
    assert_eq!(verify(&format!("{message}.")).unwrap_err(), Reason::Signature);
}

#[test]
fn public_key_is_not_an_hmac_secret() {
    let KeyMaterial::Rsa { n: modulus, .. } = rsa().material() else { panic!("not an RSA key") };
    let secrets = [rsa().public_key_bytes(), modulus];
    for secret in secrets {
        for (alg, kind) in [
            ("HS256", aws_lc_rs::hmac::HMAC_SHA256),
            ("HS384", aws_lc_rs::hmac::HMAC_SHA384),
            ("HS512", aws_lc_rs::hmac::HMAC_SHA512),
        ] {
            let token = TokenBuilder::new().header("alg", alg);
            let (header, claims) = (token.header.to_string(), token.claims.to_string());
            let message = format!("{}.{}", base64(header), base64(claims));
            let key = aws_lc_rs::hmac::Key::new(kind, &secret);
            let tag = aws_lc_rs::hmac::sign(&key, message.as_bytes());
            let token = format!("{message}.{}", base64(tag));
            assert_eq!(verify(&token).unwrap_err(), Reason::Algorithm);
        }
    }
}

#[test]
fn key_of_wrong_type_is_refused() {
    let token = TokenBuilder::new().header("alg", "ES256").signed_by(p256());
    assert_eq!(verify(&token).unwrap_err(), Reason::KeyMismatch);
    let token = TokenBuilder::new().signed_by(rsa());
    let reason =
        verify_with(&token, p256(), &expectations(), timestamp(START_SECONDS)).unwrap_err();
    assert_eq!(reason, Reason::KeyMismatch);
}

#[test]
fn key_with_other_kid_is_refused() {
    let token = TokenBuilder::new().header("kid", "key-2").signed_by(rsa());
    assert_eq!(verify(&token).unwrap_err(), Reason::KeyMismatch);
}

#[test]
fn signature_by_another_key_is_refused() {
    assert_eq!(verify(&TokenBuilder::new().signed_by(other_rsa())).unwrap_err(), Reason::Signature);
}

#[test]
fn tampered_token_is_refused() {
    let valid = TokenBuilder::new().signed_by(rsa());
    let parts: Vec<_> = valid.split('.').collect();
    let claims = TokenBuilder::new().claim("sub", "auth0|eve").claims.to_string();
    let token = format!("{}.{}.{}", parts[0], base64(claims), parts[2]);
    assert_eq!(verify(&token).unwrap_err(), Reason::Signature);
    let header = TokenBuilder::new().header("typ", "at+jwt").header.to_string();
    let token = format!("{}.{}.{}", base64(header), parts[1], parts[2]);
    assert_eq!(verify(&token).unwrap_err(), Reason::Signature);
}

#[test]
fn signature_has_one_valid_encoding() {
    let valid = TokenBuilder::new().signed_by(rsa());
    // The last character of 256 encoded bytes has four unused bits.
    let (start, last) = valid.split_at(valid.len() - 1);
    let others = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for other in others.chars().filter(|other| !last.contains(*other)) {
        assert!(verify(&format!("{start}{other}")).is_err());
    }
}

proptest! {
    #[test]
    fn arbitrary_signature_never_verifies(
        signature in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let valid = TokenBuilder::new().signed_by(rsa());
        let (message, _) = valid.rsplit_once('.').unwrap();
        let token = format!("{message}.{}", base64(signature));
        prop_assert!(verify(&token).is_err());
    }

    #[test]
    fn flipped_bit_invalidates_the_token(position in any::<proptest::sample::Index>(), bit in 0..7) {
        let mut bytes = TokenBuilder::new().signed_by(rsa()).into_bytes();
        let position = position.index(bytes.len());
        bytes[position] ^= 1u8 << bit;
        let token = String::from_utf8(bytes).unwrap();
        prop_assert!(verify(&token).is_err());
    }
}
