//! What is special about signatures by elliptic curves: two integers, of which neither is 0.

use super::*;

/// The order of P-256 (SEC 2 §2.4.2).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
    0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

fn verify_es256(token: &str) -> Result<Claims, Reason> {
    verify_with(token, p256(), &expectations(), at(START_SECONDS))
}

/// A good token, as its message and the two halves of its signature.
fn good() -> (String, [u8; 32], [u8; 32]) {
    let token = Token::new().header("alg", "ES256").signed_by(p256());
    assert!(verify_es256(&token).is_ok());
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let (r, s) = signature.split_at(32);
    (message.to_owned(), r.try_into().unwrap(), s.try_into().unwrap())
}

fn with_signature(message: &str, parts: &[&[u8]]) -> String {
    format!("{message}.{}", base64(parts.concat()))
}

/// The order less a number below it.
fn order_minus(number: &[u8; 32]) -> [u8; 32] {
    let mut result = ORDER;
    let mut borrow = false;
    for (digit, less) in result.iter_mut().zip(number).rev() {
        let (once, first) = digit.overflowing_sub(*less);
        let (twice, second) = once.overflowing_sub(u8::from(borrow));
        (*digit, borrow) = (twice, first || second);
    }
    result
}

#[test]
fn a_signature_of_nothing_is_refused() {
    let (message, r, s) = good();
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
fn a_signature_has_one_length() {
    let (message, r, s) = good();
    let zero = [0_u8];
    // Leading zeros, one half, both and a rest, and the form that certificates have.
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

/// Who has one signature can make a second of the same message (RFC 8725 says nothing of it, and
/// FIPS 186-5 allows both). It says nothing that the first did not say, and nothing here takes the
/// text of a token for its identity.
#[test]
fn the_twin_of_a_signature_says_the_same() {
    let (message, r, s) = good();
    let twin = with_signature(&message, &[&r, &order_minus(&s)]);
    assert!(verify_es256(&twin).is_ok());
}

#[test]
fn a_token_for_rsa_is_not_verified_with_a_curve() {
    let claims = Token::new().claims.to_string();
    let header = Token::new().header("alg", "RS256").header.to_string();
    let token = signed(&header, &claims, p256(), Algorithm::Rs256);
    assert_eq!(verify_es256(&token).unwrap_err(), Reason::KeyMismatch);
    let header = Token::new().header("alg", "ES384").header.to_string();
    let token = signed(&header, &claims, p256(), Algorithm::Es256);
    assert_eq!(verify_es256(&token).unwrap_err(), Reason::Algorithm);
}
