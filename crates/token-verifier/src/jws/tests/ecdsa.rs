//! ECDSA signatures: two integers in a fixed-length encoding.

use super::*;

/// The order of P-256 (SEC 2 §2.4.2).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
    0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

fn verify_es256(token: &str) -> Result<VerifiedClaims, Reason> {
    verify_with(token, p256(), &expectations(), timestamp(START_SECONDS))
}

/// Returns the message of a valid token and both halves of its signature.
fn valid_token() -> (String, [u8; 32], [u8; 32]) {
    let token = TokenBuilder::new().header("alg", "ES256").signed_by(p256());
    assert!(verify_es256(&token).is_ok());
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let (r, s) = signature.split_at(32);
    (message.to_owned(), r.try_into().unwrap(), s.try_into().unwrap())
}

fn with_signature(message: &str, parts: &[&[u8]]) -> String {
    format!("{message}.{}", base64(parts.concat()))
}

/// Returns the order minus a smaller number.
fn order_minus(number: &[u8; 32]) -> [u8; 32] {
    let mut result = ORDER;
    let mut borrow = false;
    for (digit, less) in result.iter_mut().zip(number).rev() {
        let (once, first) = digit.overflowing_sub(*less);
        let (with_member, second) = once.overflowing_sub(u8::from(borrow));
        (*digit, borrow) = (with_member, first || second);
    }
    result
}

#[test]
fn degenerate_ecdsa_signature_is_refused() {
    let (message, r, s) = valid_token();
    let zero = [0; 32];
    let one = order_minus(&order_minus(&{
        let mut one = zero;
        one[31] = 1;
        one
    }));
    for [r, s] in [[zero, zero], [zero, s], [r, zero], [ORDER, s], [r, ORDER], [one, one], [s, r]] {
        let token = with_signature(&message, &[&r, &s]);
        assert_eq!(verify_es256(&token).unwrap_err(), Reason::Signature);
    }
}

#[test]
fn ecdsa_signature_must_have_exact_length() {
    let (message, r, s) = valid_token();
    let zero = [0_u8];
    // Extra zeros, one half, a truncated half, and the DER encoding of certificates.
    let der = [&[0x30, 68, 2, 32][..], &r, &[2, 32], &s].concat();
    for parts in [
        vec![&zero[..], &r, &s],
        vec![&r[..], &zero, &s],
        vec![&r[..], &s, &zero],
        vec![&r[..]],
        vec![&r[..], &s[..31]],
        vec![&der[..]],
        vec![],
    ] {
        let token = with_signature(&message, &parts);
        assert_eq!(verify_es256(&token).unwrap_err(), Reason::Signature);
    }
}

/// From one signature, a second one of the same message can be computed (FIPS 186-5 allows both,
/// and RFC 8725 does not mention it). It is harmless, because nothing here identifies a token by
/// its text.
#[test]
fn mirrored_ecdsa_signature_is_accepted() {
    let (message, r, s) = valid_token();
    let mirrored = with_signature(&message, &[&r, &order_minus(&s)]);
    assert!(verify_es256(&mirrored).is_ok());
}

#[test]
fn rsa_token_is_not_verified_with_ecdsa_key() {
    let claims = TokenBuilder::new().claims.to_string();
    let header = TokenBuilder::new().header("alg", "RS256").header.to_string();
    let token = p256().sign_text_with(Algorithm::Rs256, &header, &claims);
    assert_eq!(verify_es256(&token).unwrap_err(), Reason::KeyMismatch);
    let header = TokenBuilder::new().header("alg", "ES384").header.to_string();
    let token = p256().sign_text_with(Algorithm::Es256, &header, &claims);
    assert_eq!(verify_es256(&token).unwrap_err(), Reason::Algorithm);
}
