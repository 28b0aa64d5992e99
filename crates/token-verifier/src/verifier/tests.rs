use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::testing::{
    AUDIENCE, ISSUER, KID, START_SECONDS, SigningKey, TokenBuilder, base64, ed25519, other_rsa,
    p256, p384, rsa, signed,
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
        limits: TimeLimits { leeway: Duration::from_secs(5), max_lifetime: DAY },
    }
}

fn timestamp(seconds: i64) -> Timestamp {
    Timestamp::from_unix_millis(seconds * 1000).unwrap()
}

fn verify_with(
    token: &str,
    key: &SigningKey,
    expected: &Expectations<'_>,
    now: Timestamp,
) -> Result<Claims, Reason> {
    let key = VerifyingKey::new(key.public(KID)).unwrap();
    UnverifiedToken::parse(token)?.check(expected, now)?.verify_signature(&key)
}

fn verify(token: &str) -> Result<Claims, Reason> {
    verify_with(token, rsa(), &expectations(), timestamp(START_SECONDS))
}

fn outcome(token: &TokenBuilder) -> Option<Reason> {
    verify(&token.signed_by(rsa())).err()
}

#[test]
fn valid_token_yields_its_claims() {
    let claims = verify(&TokenBuilder::new().signed_by(rsa())).unwrap();
    assert_eq!(claims.issuer, ISSUER);
    assert_eq!(claims.audiences, [AUDIENCE]);
}

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
    let (modulus, _) = rsa().modulus_and_exponent();
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
fn keys_embedded_in_the_token_are_ignored() {
    let (n, e) = other_rsa().modulus_and_exponent();
    for (name, value) in [
        ("jku", json!("https://evil.test/keys")),
        ("x5u", json!("https://evil.test/certificate")),
        ("jwk", json!({"kty": "RSA", "kid": KID, "n": base64(n), "e": base64(e)})),
        ("x5c", json!([base64(other_rsa().public_key_bytes())])),
    ] {
        let token = TokenBuilder::new().header(name, value);
        assert_eq!(verify(&token.signed_by(other_rsa())).unwrap_err(), Reason::Signature);
        // They do no harm to a token that is good without them.
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
    for typ in ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+JWT"] {
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

#[test]
fn issuer_and_audience_are_compared_exactly() {
    for iss in ["https://issuer.example", "https://ISSUER.example/", "https://issuer.example/ "] {
        assert_eq!(outcome(&TokenBuilder::new().claim("iss", iss)), Some(Reason::UnknownIssuer));
    }
    for aud in [json!("User-Management"), json!("user-management/"), json!([]), json!(["a", "b"])] {
        assert_eq!(outcome(&TokenBuilder::new().claim("aud", aud)), Some(Reason::WrongAudience));
    }
    assert_eq!(outcome(&TokenBuilder::new().claim("aud", json!(["other", AUDIENCE]))), None);
}

#[test]
fn missing_required_claim_is_refused() {
    for name in ["iss", "aud", "exp"] {
        assert_eq!(outcome(&TokenBuilder::new().without_claim(name)), Some(Reason::MissingClaim));
    }
    for name in ["sub", "iat", "scope"] {
        assert_eq!(outcome(&TokenBuilder::new().without_claim(name)), None, "{name}");
    }
}

#[test]
fn claim_of_wrong_type_is_refused() {
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
        let token = TokenBuilder::new().claim(name, value.clone());
        assert_eq!(outcome(&token), Some(Reason::MalformedClaims), "{name} {value}");
    }
}

#[test]
fn expired_token_is_refused() {
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
        let found = outcome(&TokenBuilder::new().without_claim("iat").claim("exp", exp.clone()));
        assert_eq!(found, expired.then_some(Reason::Expired), "{exp}");
    }
}

#[test]
fn token_over_max_lifetime_is_refused() {
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
        let token = TokenBuilder::new().claim("exp", exp.clone());
        let token = match &iat {
            Some(iat) => token.claim("iat", iat.clone()),
            None => token.without_claim("iat"),
        };
        let expected = refused.then_some(Reason::LifetimeTooLong);
        assert_eq!(outcome(&token), expected, "{iat:?} {exp}");
    }
}

#[test]
fn token_from_the_future_is_refused() {
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
            let found = outcome(&TokenBuilder::new().claim(name, moment.clone()));
            assert_eq!(found, refused.then_some(reason), "{name} {moment}");
        }
    }
}

#[test]
fn leeway_is_configurable() {
    let token = TokenBuilder::new().claim("exp", START_SECONDS).signed_by(rsa());
    let with = |leeway| Expectations {
        limits: TimeLimits { leeway, max_lifetime: DAY },
        ..expectations()
    };
    let strict = with(Duration::ZERO);
    let now = timestamp(START_SECONDS);
    assert_eq!(verify_with(&token, rsa(), &strict, now).unwrap_err(), Reason::Expired);
    let lenient = with(Duration::MAX);
    assert!(verify_with(&token, rsa(), &lenient, now).is_ok());
}

#[test]
fn max_lifetime_is_configurable() {
    let token = TokenBuilder::new().signed_by(rsa());
    let with = |max_lifetime| Expectations {
        limits: TimeLimits { leeway: Duration::ZERO, max_lifetime },
        ..expectations()
    };
    let now = timestamp(START_SECONDS);
    let short = with(Duration::from_millis(3_599_999));
    assert_eq!(verify_with(&token, rsa(), &short, now).unwrap_err(), Reason::LifetimeTooLong);
    for enough in [Duration::from_hours(1), Duration::MAX] {
        assert!(verify_with(&token, rsa(), &with(enough), now).is_ok());
    }
}

#[test]
fn profile_restricts_type_and_claims() {
    let full = TokenBuilder::new().claim("client_id", "program").claim("jti", "1");
    let with_type = |typ: &str| full.clone().header("typ", typ);
    let outcome_with_profile = |profile, token: &TokenBuilder| {
        let expected = Expectations { profile, ..expectations() };
        verify_with(&token.signed_by(rsa()), rsa(), &expected, timestamp(START_SECONDS)).err()
    };
    let wrong = Some(Reason::Type);
    assert_eq!(outcome_with_profile(Profile::Jwt, &with_type("JWT")), None);
    assert_eq!(outcome_with_profile(Profile::Jwt, &full.clone().without_header("typ")), None);
    assert_eq!(outcome_with_profile(Profile::Jwt, &with_type("at+jwt")), wrong);
    assert_eq!(outcome_with_profile(Profile::Rfc9068, &with_type("at+jwt")), None);
    assert_eq!(outcome_with_profile(Profile::Rfc9068, &with_type("application/at+jwt")), None);
    assert_eq!(outcome_with_profile(Profile::Rfc9068, &with_type("JWT")), wrong);
    assert_eq!(outcome_with_profile(Profile::Rfc9068, &full.clone().without_header("typ")), wrong);
    for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        let token = with_type("at+jwt").without_claim(name);
        assert_eq!(
            outcome_with_profile(Profile::Rfc9068, &token),
            Some(Reason::MissingClaim),
            "{name}"
        );
    }
}

#[test]
fn id_token_is_refused_by_its_hash_claims() {
    for name in ["at_hash", "c_hash"] {
        for value in [json!("77QmUPtjPfzWtF2AnpK9RQ"), json!(null)] {
            let outcome = outcome(&TokenBuilder::new().claim(name, value));
            assert_eq!(outcome, Some(Reason::Type), "{name}");
        }
    }
    // Keycloak before its version 24 puts it into access tokens too.
    assert_eq!(outcome(&TokenBuilder::new().claim("nonce", "n-0S6_WzA2Mj")), None);
}

#[test]
fn machine_clients_can_be_refused() {
    let without_machine_clients = Expectations { machine_clients: false, ..expectations() };
    for (token, machine) in [
        (TokenBuilder::new(), false),
        (TokenBuilder::new().without_claim("sub"), false),
        (TokenBuilder::new().claim("sub", "program@clients"), true),
        (TokenBuilder::new().claim("sub", "@clients"), true),
        (TokenBuilder::new().claim("sub", "auth0|program@clients.example"), false),
        (TokenBuilder::new().claim("sub", "auth0|@CLIENTS"), false),
        (TokenBuilder::new().claim("gty", "client-credentials"), true),
        (TokenBuilder::new().claim("gty", json!(["refresh_token", "client-credentials"])), true),
        (TokenBuilder::new().claim("gty", "password"), false),
        (TokenBuilder::new().claim("gty", json!(["refresh_token", "password"])), false),
        (TokenBuilder::new().claim("gty", json!(null)), false),
        (TokenBuilder::new().without_claim("sub").claim("gty", "client-credentials"), true),
        (TokenBuilder::new().claim("client_id", "auth0|anna"), true),
        (TokenBuilder::new().claim("azp", "auth0|anna"), true),
        (TokenBuilder::new().claim("client_id", "program").claim("azp", "program"), false),
        (TokenBuilder::new().without_claim("sub").claim("client_id", "program"), false),
    ] {
        let signed = token.signed_by(rsa());
        let found =
            verify_with(&signed, rsa(), &without_machine_clients, timestamp(START_SECONDS)).err();
        assert_eq!(found, machine.then_some(Reason::MachineClient), "{token:?}");
        assert!(verify(&signed).is_ok(), "where programs are let in");
    }
}

#[test]
fn number_out_of_range_is_refused() {
    let claims = TokenBuilder::new().claims.to_string().replace("1800003600", "1e400");
    let token = signed(&TokenBuilder::new().header.to_string(), &claims, rsa(), Algorithm::Rs256);
    assert_eq!(verify(&token).unwrap_err(), Reason::MalformedClaims);
}

#[test]
fn duplicate_header_member_or_claim_is_refused() {
    let (header, claims) =
        (TokenBuilder::new().header.to_string(), TokenBuilder::new().claims.to_string());
    let with_member = |text: &str, member: &str| text.replacen('{', &format!("{{{member},"), 1);
    let token = signed(&with_member(&header, r#""alg":"none""#), &claims, rsa(), Algorithm::Rs256);
    assert_eq!(verify(&token).unwrap_err(), Reason::MalformedHeader);
    for member in [
        r#""iss":"https://evil.test/""#,
        r#""exp":1"#,
        r#""\u0073ub":"auth0|eve""#,
        r#""other":{"a":1,"a":1}"#,
    ] {
        let token = signed(&header, &with_member(&claims, member), rsa(), Algorithm::Rs256);
        assert_eq!(verify(&token).unwrap_err(), Reason::MalformedClaims, "{member}");
    }
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
fn token_must_have_three_parts() {
    let valid = TokenBuilder::new().signed_by(rsa());
    let parts: Vec<_> = valid.split('.').collect();
    for token in [
        String::new(),
        ".".to_owned(),
        parts[0].to_owned(),
        format!("{}.{}", parts[0], parts[1]),
        format!("{valid}."),
        format!(".{valid}"),
        format!("{valid}.{}", parts[2]),
        format!("{}..{}.{}", parts[0], parts[1], parts[2]),
        format!("{}.{}.{}.{}.{}", parts[0], parts[1], parts[1], parts[1], parts[2]),
    ] {
        assert_eq!(verify(&token).unwrap_err(), Reason::NotCompact, "{token}");
    }
    assert_eq!(verify("..").unwrap_err(), Reason::MalformedHeader);
}

#[test]
fn parts_must_be_base64url_without_padding() {
    let valid = TokenBuilder::new().signed_by(rsa());
    let parts: Vec<_> = valid.split('.').collect();
    for position in 0..3 {
        for (from, to) in [("", "="), ("", " "), ("", "\n"), ("", "+"), ("", "é"), ("", "%3D")] {
            let mut changed: Vec<_> = parts.iter().map(|&part| part.to_owned()).collect();
            changed[position] = format!("{from}{}{to}", parts[position]);
            assert_eq!(verify(&changed.join(".")).unwrap_err(), Reason::NotCompact);
        }
    }
    assert_eq!(verify(&format!(" {valid}")).unwrap_err(), Reason::NotCompact);
}

#[test]
fn signature_has_one_valid_encoding() {
    let valid = TokenBuilder::new().signed_by(rsa());
    // 256 bytes leave four bits unused in the last character.
    let (start, last) = valid.split_at(valid.len() - 1);
    let others = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for other in others.chars().filter(|other| !last.contains(*other)) {
        assert!(verify(&format!("{start}{other}")).is_err());
    }
}

#[test]
fn header_and_claims_must_be_json_objects() {
    let (header, claims) =
        (TokenBuilder::new().header.to_string(), TokenBuilder::new().claims.to_string());
    for other in ["", "null", "[]", "1", "\"text\"", "{", "{}}", "<a/>"] {
        let token = signed(other, &claims, rsa(), Algorithm::Rs256);
        assert_eq!(verify(&token).unwrap_err(), Reason::MalformedHeader, "{other}");
        let token = signed(&header, other, rsa(), Algorithm::Rs256);
        assert_eq!(verify(&token).unwrap_err(), Reason::MalformedClaims, "{other}");
    }
}

#[test]
fn oversized_token_is_refused() {
    let pad = |length| TokenBuilder::new().claim("pad", "a".repeat(length)).signed_by(rsa());
    let base = pad(0).len();
    let fits = pad((MAX_TOKEN_BYTES - base) / 4 * 3 - 3);
    assert!(fits.len() <= MAX_TOKEN_BYTES && verify(&fits).is_ok());
    assert_eq!(verify(&pad(MAX_TOKEN_BYTES)).unwrap_err(), Reason::TooLong);
}

#[test]
fn token_debug_output_is_redacted() {
    let token = TokenBuilder::new().signed_by(rsa());
    let unverified = UnverifiedToken::parse(&token).unwrap();
    assert_eq!(format!("{unverified:?}"), "UnverifiedToken { .. }");
    let checked = unverified.check(&expectations(), timestamp(START_SECONDS)).unwrap();
    assert_eq!(format!("{checked:?}"), "CheckedToken { .. }");
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

    #[test]
    fn arbitrary_times_never_panic(exp in any::<f64>(), nbf in any::<f64>(), iat in any::<i64>()) {
        let token = TokenBuilder::new().claim("exp", exp).claim("nbf", nbf).claim("iat", iat);
        let _ = UnverifiedToken::parse(&token.signed_by(ed25519()))
            .and_then(|token| token.check(&expectations(), timestamp(START_SECONDS)));
    }
}
