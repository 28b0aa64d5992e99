use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::testing::{
    AUDIENCE, ISSUER, KID, START_SECONDS, TestKey, Token, base64, ed25519, other_rsa, p256, p384,
    rsa, signed,
};

mod ecdsa;

const DAY: Duration = Duration::from_hours(24);
const DAY_SECONDS: i64 = 86_400;

fn expectations() -> Expectations<'static> {
    Expectations {
        issuer: ISSUER,
        audience: AUDIENCE,
        algorithms: &[Algorithm::Rs256, Algorithm::Es256],
        profile: Profile::Any,
        machine_clients: true,
        limits: Limits { leeway: Duration::from_secs(5), max_lifetime: DAY },
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_millis(seconds * 1000).unwrap()
}

fn verify_with(
    token: &str,
    key: &TestKey,
    expected: &Expectations<'_>,
    now: Timestamp,
) -> Result<Claims, Reason> {
    let key = VerifyingKey::new(key.public(KID)).unwrap();
    Unverified::read(token)?.checked(expected, now)?.verified_by(&key)
}

fn verify(token: &str) -> Result<Claims, Reason> {
    verify_with(token, rsa(), &expectations(), at(START_SECONDS))
}

fn outcome(token: &Token) -> Option<Reason> {
    verify(&token.signed_by(rsa())).err()
}

#[test]
fn a_good_token_gives_its_claims() {
    let claims = verify(&Token::new().signed_by(rsa())).unwrap();
    assert_eq!(claims.issuer, ISSUER);
    assert_eq!(claims.audiences, [AUDIENCE]);
}

#[test]
fn each_algorithm_can_be_used_where_it_is_configured() {
    for algorithm in Algorithm::ALL {
        let kinds = [rsa(), p256(), p384(), ed25519()];
        let key = kinds.into_iter().find(|key| algorithm.fits(&key.material())).unwrap();
        let token = Token::new().header("alg", algorithm.as_str()).signed_by(key);
        let expected = Expectations { algorithms: &[algorithm], ..expectations() };
        assert!(verify_with(&token, key, &expected, at(START_SECONDS)).is_ok(), "{algorithm}");
        let others: Vec<_> = Algorithm::ALL.into_iter().filter(|it| *it != algorithm).collect();
        let expected = Expectations { algorithms: &others, ..expectations() };
        let reason = verify_with(&token, key, &expected, at(START_SECONDS)).unwrap_err();
        assert_eq!(reason, Reason::Algorithm, "{algorithm}");
    }
}

#[test]
fn a_token_without_a_signature_is_refused() {
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let token = Token::new().header("alg", alg);
        let message =
            format!("{}.{}", base64(token.header.to_string()), base64(token.claims.to_string()));
        assert_eq!(verify(&format!("{message}.")).unwrap_err(), Reason::Algorithm, "{alg}");
        assert_eq!(outcome(&token), Some(Reason::Algorithm), "{alg}");
    }
    let good = Token::new().signed_by(rsa());
    let (message, _) = good.rsplit_once('.').unwrap();
    assert_eq!(verify(&format!("{message}.")).unwrap_err(), Reason::Signature);
}

#[test]
fn the_public_key_is_no_secret_for_hmac() {
    let (modulus, _) = rsa().modulus_and_exponent();
    let secrets = [rsa().public_bytes(), modulus];
    for secret in secrets {
        for (alg, kind) in [
            ("HS256", aws_lc_rs::hmac::HMAC_SHA256),
            ("HS384", aws_lc_rs::hmac::HMAC_SHA384),
            ("HS512", aws_lc_rs::hmac::HMAC_SHA512),
        ] {
            let token = Token::new().header("alg", alg);
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
fn the_algorithm_is_compared_with_its_case() {
    for alg in ["rs256", "Rs256", "RS256 ", " RS256", "RS256\0", "RSA256", "ES256K", "RS1"] {
        assert_eq!(outcome(&Token::new().header("alg", alg)), Some(Reason::Algorithm), "{alg}");
    }
}

#[test]
fn the_algorithm_must_be_there_and_be_text() {
    assert_eq!(outcome(&Token::new().without_header("alg")), Some(Reason::MalformedHeader));
    for alg in [json!(null), json!(256), json!(["RS256"]), json!({"RS256": true})] {
        assert_eq!(outcome(&Token::new().header("alg", alg)), Some(Reason::MalformedHeader));
    }
}

#[test]
fn a_key_of_another_kind_is_refused() {
    let token = Token::new().header("alg", "ES256").signed_by(p256());
    assert_eq!(verify(&token).unwrap_err(), Reason::KeyMismatch);
    let token = Token::new().signed_by(rsa());
    let reason = verify_with(&token, p256(), &expectations(), at(START_SECONDS)).unwrap_err();
    assert_eq!(reason, Reason::KeyMismatch);
}

#[test]
fn a_key_of_another_name_is_refused() {
    let token = Token::new().header("kid", "key-2").signed_by(rsa());
    assert_eq!(verify(&token).unwrap_err(), Reason::KeyMismatch);
}

#[test]
fn a_signature_of_another_key_is_refused() {
    assert_eq!(verify(&Token::new().signed_by(other_rsa())).unwrap_err(), Reason::Signature);
}

#[test]
fn keys_that_a_token_brings_along_are_not_used() {
    let (n, e) = other_rsa().modulus_and_exponent();
    for (name, value) in [
        ("jku", json!("https://evil.test/keys")),
        ("x5u", json!("https://evil.test/certificate")),
        ("jwk", json!({"kty": "RSA", "kid": KID, "n": base64(n), "e": base64(e)})),
        ("x5c", json!([base64(other_rsa().public_bytes())])),
    ] {
        let token = Token::new().header(name, value);
        assert_eq!(verify(&token.signed_by(other_rsa())).unwrap_err(), Reason::Signature);
        // They do no harm to a token that is good without them.
        assert!(verify(&token.signed_by(rsa())).is_ok());
    }
}

#[test]
fn critical_extensions_are_refused() {
    for crit in [json!(["b64"]), json!(["exp"]), json!([]), json!(null), json!("b64")] {
        let token = Token::new().header("crit", crit).header("b64", true);
        assert_eq!(outcome(&token), Some(Reason::CriticalExtension));
    }
}

#[test]
fn the_type_is_that_of_an_access_token() {
    assert_eq!(outcome(&Token::new().without_header("typ")), None);
    for typ in ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+JWT"] {
        assert_eq!(outcome(&Token::new().header("typ", typ)), None, "{typ}");
    }
    for typ in ["", "JOSE", "logout+jwt", "dpop+jwt", "secevent+jwt", "id+jwt", "JWT "] {
        assert_eq!(outcome(&Token::new().header("typ", typ)), Some(Reason::Type), "{typ}");
    }
    for typ in [json!(null), json!(1), json!(["JWT"])] {
        assert_eq!(outcome(&Token::new().header("typ", typ)), Some(Reason::MalformedHeader));
    }
}

#[test]
fn the_name_of_the_key_is_a_short_text() {
    let long = "k".repeat(257);
    for kid in [json!(null), json!(1), json!([KID]), json!(long)] {
        assert_eq!(outcome(&Token::new().header("kid", kid)), Some(Reason::MalformedHeader));
    }
    for kid in ["key\n1", "key\u{1}", "key\u{7f}", "key\u{80}", "kéy", "\u{202e}1-yek", "\u{1f511}"]
    {
        let outcome = outcome(&Token::new().header("kid", kid));
        assert_eq!(outcome, Some(Reason::MalformedHeader), "{kid:?}");
    }
    let longest = "k".repeat(256);
    for kid in ["", " ", "~", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}", &longest] {
        assert_eq!(outcome(&Token::new().header("kid", kid)), Some(Reason::KeyMismatch), "{kid}");
    }
    assert_eq!(outcome(&Token::new().without_header("kid")), None);
}

#[test]
fn issuer_and_audience_are_compared_exactly() {
    for iss in ["https://issuer.example", "https://ISSUER.example/", "https://issuer.example/ "] {
        assert_eq!(outcome(&Token::new().claim("iss", iss)), Some(Reason::UnknownIssuer));
    }
    for aud in [json!("User-Management"), json!("user-management/"), json!([]), json!(["a", "b"])] {
        assert_eq!(outcome(&Token::new().claim("aud", aud)), Some(Reason::WrongAudience));
    }
    assert_eq!(outcome(&Token::new().claim("aud", json!(["other", AUDIENCE]))), None);
}

#[test]
fn required_claims_must_be_there() {
    for name in ["iss", "aud", "exp"] {
        assert_eq!(outcome(&Token::new().without_claim(name)), Some(Reason::MissingClaim));
    }
    for name in ["sub", "iat", "scope"] {
        assert_eq!(outcome(&Token::new().without_claim(name)), None, "{name}");
    }
}

#[test]
fn claims_must_be_of_their_types() {
    for (name, value) in [
        ("iss", json!(1)),
        ("iss", json!([ISSUER])),
        ("aud", json!(1)),
        ("aud", json!(null)),
        ("aud", json!([AUDIENCE, 1])),
        ("aud", json!([[AUDIENCE]])),
        ("exp", json!("1900000000")),
        ("exp", json!(null)),
        ("exp", json!(true)),
        ("nbf", json!("0")),
        ("nbf", json!(null)),
        ("iat", json!([0])),
        ("sub", json!(1)),
        ("sub", json!(null)),
        ("scope", json!(["tenant.access:read"])),
        ("scope", json!(null)),
        ("permissions", json!("tenant.access:read")),
        ("permissions", json!([1])),
        ("permissions", json!({"tenant.access:read": true})),
        ("permissions", json!(null)),
    ] {
        let token = Token::new().claim(name, value.clone());
        assert_eq!(outcome(&token), Some(Reason::MalformedClaims), "{name} {value}");
    }
}

#[test]
fn a_token_expires() {
    for (exp, expired) in [
        (json!(START_SECONDS), false),
        (json!(START_SECONDS - 4), false),
        (json!(START_SECONDS - 5), true),
        (json!(START_SECONDS - 3600), true),
        (json!(1_799_999_995.5), false),
        (json!(1_799_999_994.999), true),
        (json!(0), true),
        (json!(-1), true),
        (json!(i64::MIN), true),
        (json!(-1e300), true),
        (json!(f64::MIN_POSITIVE), true),
    ] {
        let found = outcome(&Token::new().without_claim("iat").claim("exp", exp.clone()));
        assert_eq!(found, expired.then_some(Reason::Expired), "{exp}");
    }
}

#[test]
fn a_token_is_not_good_for_too_long() {
    let now = START_SECONDS;
    for (iat, exp, refused) in [
        // From when it was issued, to the millisecond.
        (Some(json!(now)), json!(now + DAY_SECONDS), false),
        (Some(json!(now)), json!(now + DAY_SECONDS + 1), true),
        (Some(json!(now - 600)), json!(now - 600 + DAY_SECONDS), false),
        (Some(json!(now - 600)), json!(now - 600 + DAY_SECONDS + 1), true),
        (Some(json!(now - DAY_SECONDS)), json!(now), false),
        (Some(json!(now - DAY_SECONDS - 1)), json!(now), true),
        (Some(json!(1_800_000_000.5)), json!(now + DAY_SECONDS + 1), true),
        (Some(json!(1_799_999_999.999)), json!(now + DAY_SECONDS), true),
        (Some(json!(1_800_000_000.001)), json!(now + DAY_SECONDS), false),
        (Some(json!(now + 5)), json!(now + DAY_SECONDS + 5), false),
        (Some(json!(0)), json!(now + 60), true),
        (Some(json!(i64::MIN)), json!(now + 60), true),
        (Some(json!(-1e300)), json!(now + 60), true),
        // From now, for one that does not tell, with the leeway.
        (None, json!(now + DAY_SECONDS + 5), false),
        (None, json!(now + DAY_SECONDS + 6), true),
        (None, json!(1_800_086_405.001), true),
        (None, json!(i64::MAX), true),
        (None, json!(u64::MAX), true),
        (None, json!(1e300), true),
        (None, json!(f64::MAX), true),
    ] {
        let token = Token::new().claim("exp", exp.clone());
        let token = match &iat {
            Some(iat) => token.claim("iat", iat.clone()),
            None => token.without_claim("iat"),
        };
        let expected = refused.then_some(Reason::LivesTooLong);
        assert_eq!(outcome(&token), expected, "{iat:?} {exp}");
    }
}

#[test]
fn a_token_may_not_be_from_the_future() {
    for (name, reason) in [("nbf", Reason::NotYetValid), ("iat", Reason::IssuedInFuture)] {
        for (moment, refused) in [
            (json!(START_SECONDS), false),
            (json!(START_SECONDS + 5), false),
            (json!(START_SECONDS + 6), true),
            (json!(1_800_000_005.001), true),
            (json!(1_800_000_004.999), false),
            (json!(START_SECONDS - 60), false),
            (json!(i64::MAX), true),
            (json!(u64::MAX), true),
            (json!(1e300), true),
        ] {
            let found = outcome(&Token::new().claim(name, moment.clone()));
            assert_eq!(found, refused.then_some(reason), "{name} {moment}");
        }
    }
}

#[test]
fn the_leeway_is_a_choice() {
    let token = Token::new().claim("exp", START_SECONDS).signed_by(rsa());
    let with =
        |leeway| Expectations { limits: Limits { leeway, max_lifetime: DAY }, ..expectations() };
    let strict = with(Duration::ZERO);
    let now = at(START_SECONDS);
    assert_eq!(verify_with(&token, rsa(), &strict, now).unwrap_err(), Reason::Expired);
    let lenient = with(Duration::MAX);
    assert!(verify_with(&token, rsa(), &lenient, now).is_ok());
}

#[test]
fn the_longest_life_is_a_choice() {
    let token = Token::new().signed_by(rsa());
    let with = |max_lifetime| Expectations {
        limits: Limits { leeway: Duration::ZERO, max_lifetime },
        ..expectations()
    };
    let now = at(START_SECONDS);
    let short = with(Duration::from_millis(3_599_999));
    assert_eq!(verify_with(&token, rsa(), &short, now).unwrap_err(), Reason::LivesTooLong);
    for enough in [Duration::from_hours(1), Duration::MAX] {
        assert!(verify_with(&token, rsa(), &with(enough), now).is_ok());
    }
}

#[test]
fn an_issuer_may_be_held_to_one_profile() {
    let full = Token::new().claim("client_id", "program").claim("jti", "1");
    let with_type = |typ: &str| full.clone().header("typ", typ);
    let under = |profile, token: &Token| {
        let expected = Expectations { profile, ..expectations() };
        verify_with(&token.signed_by(rsa()), rsa(), &expected, at(START_SECONDS)).err()
    };
    let wrong = Some(Reason::Type);
    assert_eq!(under(Profile::Jwt, &with_type("JWT")), None);
    assert_eq!(under(Profile::Jwt, &full.clone().without_header("typ")), None);
    assert_eq!(under(Profile::Jwt, &with_type("at+jwt")), wrong);
    assert_eq!(under(Profile::Rfc9068, &with_type("at+jwt")), None);
    assert_eq!(under(Profile::Rfc9068, &with_type("application/at+jwt")), None);
    assert_eq!(under(Profile::Rfc9068, &with_type("JWT")), wrong);
    assert_eq!(under(Profile::Rfc9068, &full.clone().without_header("typ")), wrong);
    for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        let token = with_type("at+jwt").without_claim(name);
        assert_eq!(under(Profile::Rfc9068, &token), Some(Reason::MissingClaim), "{name}");
    }
}

#[test]
fn an_id_token_is_no_access_token() {
    for name in ["at_hash", "c_hash"] {
        for value in [json!("77QmUPtjPfzWtF2AnpK9RQ"), json!(null)] {
            let outcome = outcome(&Token::new().claim(name, value));
            assert_eq!(outcome, Some(Reason::Type), "{name}");
        }
    }
    // Keycloak before its version 24 puts it into access tokens too.
    assert_eq!(outcome(&Token::new().claim("nonce", "n-0S6_WzA2Mj")), None);
}

#[test]
fn programs_may_be_kept_out() {
    let alone = Expectations { machine_clients: false, ..expectations() };
    for (token, machine) in [
        (Token::new(), false),
        (Token::new().without_claim("sub"), false),
        (Token::new().claim("sub", "program@clients"), true),
        (Token::new().claim("sub", "@clients"), true),
        (Token::new().claim("sub", "auth0|program@clients.example"), false),
        (Token::new().claim("sub", "auth0|@CLIENTS"), false),
        (Token::new().claim("gty", "client-credentials"), true),
        (Token::new().claim("gty", json!(["refresh_token", "client-credentials"])), true),
        (Token::new().claim("gty", "password"), false),
        (Token::new().claim("gty", json!(["refresh_token", "password"])), false),
        (Token::new().claim("gty", json!(null)), false),
        (Token::new().without_claim("sub").claim("gty", "client-credentials"), true),
        (Token::new().claim("client_id", "auth0|anna"), true),
        (Token::new().claim("azp", "auth0|anna"), true),
        (Token::new().claim("client_id", "program").claim("azp", "program"), false),
        (Token::new().without_claim("sub").claim("client_id", "program"), false),
    ] {
        let signed = token.signed_by(rsa());
        let found = verify_with(&signed, rsa(), &alone, at(START_SECONDS)).err();
        assert_eq!(found, machine.then_some(Reason::MachineClient), "{token:?}");
        assert!(verify(&signed).is_ok(), "where programs are let in");
    }
}

#[test]
fn numbers_beyond_all_bounds_are_refused() {
    let claims = Token::new().claims.to_string().replace("1800003600", "1e400");
    let token = signed(&Token::new().header.to_string(), &claims, rsa(), Algorithm::Rs256);
    assert_eq!(verify(&token).unwrap_err(), Reason::MalformedClaims);
}

#[test]
fn duplicate_members_are_refused() {
    let (header, claims) = (Token::new().header.to_string(), Token::new().claims.to_string());
    let twice = |text: &str, member: &str| text.replacen('{', &format!("{{{member},"), 1);
    let token = signed(&twice(&header, r#""alg":"none""#), &claims, rsa(), Algorithm::Rs256);
    assert_eq!(verify(&token).unwrap_err(), Reason::MalformedHeader);
    for member in [
        r#""iss":"https://evil.test/""#,
        r#""exp":1"#,
        r#""\u0073ub":"auth0|eve""#,
        r#""other":{"a":1,"a":1}"#,
    ] {
        let token = signed(&header, &twice(&claims, member), rsa(), Algorithm::Rs256);
        assert_eq!(verify(&token).unwrap_err(), Reason::MalformedClaims, "{member}");
    }
}

#[test]
fn a_tampered_token_is_refused() {
    let good = Token::new().signed_by(rsa());
    let parts: Vec<_> = good.split('.').collect();
    let claims = Token::new().claim("sub", "auth0|eve").claims.to_string();
    let token = format!("{}.{}.{}", parts[0], base64(claims), parts[2]);
    assert_eq!(verify(&token).unwrap_err(), Reason::Signature);
    let header = Token::new().header("typ", "at+jwt").header.to_string();
    let token = format!("{}.{}.{}", base64(header), parts[1], parts[2]);
    assert_eq!(verify(&token).unwrap_err(), Reason::Signature);
}

#[test]
fn a_token_has_three_parts() {
    let good = Token::new().signed_by(rsa());
    let parts: Vec<_> = good.split('.').collect();
    for token in [
        String::new(),
        ".".to_owned(),
        parts[0].to_owned(),
        format!("{}.{}", parts[0], parts[1]),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}.{}", parts[2]),
        format!("{}..{}.{}", parts[0], parts[1], parts[2]),
        format!("{}.{}.{}.{}.{}", parts[0], parts[1], parts[1], parts[1], parts[2]),
    ] {
        assert_eq!(verify(&token).unwrap_err(), Reason::NotCompact, "{token}");
    }
    assert_eq!(verify("..").unwrap_err(), Reason::MalformedHeader);
}

#[test]
fn each_part_is_base64url_without_padding() {
    let good = Token::new().signed_by(rsa());
    let parts: Vec<_> = good.split('.').collect();
    for position in 0..3 {
        for (from, to) in [("", "="), ("", " "), ("", "\n"), ("", "+"), ("", "é"), ("", "%3D")] {
            let mut changed: Vec<_> = parts.iter().map(|&part| part.to_owned()).collect();
            changed[position] = format!("{from}{}{to}", parts[position]);
            assert_eq!(verify(&changed.join(".")).unwrap_err(), Reason::NotCompact);
        }
    }
    assert_eq!(verify(&format!(" {good}")).unwrap_err(), Reason::NotCompact);
}

#[test]
fn one_signature_has_one_spelling() {
    let good = Token::new().signed_by(rsa());
    // 256 bytes leave four bits unused in the last character.
    let (start, last) = good.split_at(good.len() - 1);
    let others = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for other in others.chars().filter(|other| !last.contains(*other)) {
        assert!(verify(&format!("{start}{other}")).is_err());
    }
}

#[test]
fn json_of_another_kind_is_refused() {
    let (header, claims) = (Token::new().header.to_string(), Token::new().claims.to_string());
    for other in ["", "null", "[]", "1", "\"text\"", "{", "{}}", "<a/>"] {
        let token = signed(other, &claims, rsa(), Algorithm::Rs256);
        assert_eq!(verify(&token).unwrap_err(), Reason::MalformedHeader, "{other}");
        let token = signed(&header, other, rsa(), Algorithm::Rs256);
        assert_eq!(verify(&token).unwrap_err(), Reason::MalformedClaims, "{other}");
    }
}

#[test]
fn an_oversized_token_is_refused() {
    let pad = |length| Token::new().claim("pad", "a".repeat(length)).signed_by(rsa());
    let base = pad(0).len();
    let fits = pad((MAX_BYTES - base) / 4 * 3 - 3);
    assert!(fits.len() <= MAX_BYTES && verify(&fits).is_ok());
    assert_eq!(verify(&pad(MAX_BYTES)).unwrap_err(), Reason::TooLong);
}

#[test]
fn debug_shows_nothing_of_the_token() {
    let token = Token::new().signed_by(rsa());
    let unverified = Unverified::read(&token).unwrap();
    assert_eq!(format!("{unverified:?}"), "Unverified { .. }");
    let checked = unverified.checked(&expectations(), at(START_SECONDS)).unwrap();
    assert_eq!(format!("{checked:?}"), "Checked { .. }");
    assert_eq!(format!("{:?}", verify(&token).unwrap()), "Claims { .. }");
}

proptest! {
    #[test]
    fn arbitrary_text_never_verifies(text in ".*") {
        prop_assert!(verify(&text).is_err());
    }

    #[test]
    fn three_arbitrary_parts_never_verify(
        header in proptest::collection::vec(any::<u8>(), 0..100),
        claims in proptest::collection::vec(any::<u8>(), 0..100),
        signature in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let token = format!("{}.{}.{}", base64(header), base64(claims), base64(signature));
        prop_assert!(verify(&token).is_err());
    }

    #[test]
    fn an_arbitrary_signature_never_verifies(
        signature in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let good = Token::new().signed_by(rsa());
        let (message, _) = good.rsplit_once('.').unwrap();
        let token = format!("{message}.{}", base64(signature));
        prop_assert!(verify(&token).is_err());
    }

    #[test]
    fn a_flipped_bit_anywhere_spoils_a_token(place in any::<proptest::sample::Index>(), bit in 0..7) {
        let mut bytes = Token::new().signed_by(rsa()).into_bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= 1u8 << bit;
        let token = String::from_utf8(bytes).unwrap();
        prop_assert!(verify(&token).is_err());
    }

    #[test]
    fn any_moment_is_read_without_panic(exp in any::<f64>(), nbf in any::<f64>(), iat in any::<i64>()) {
        let token = Token::new().claim("exp", exp).claim("nbf", nbf).claim("iat", iat);
        let _ = Unverified::read(&token.signed_by(ed25519()))
            .and_then(|token| token.checked(&expectations(), at(START_SECONDS)));
    }
}
