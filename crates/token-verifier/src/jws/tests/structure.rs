//! The three parts, their encoding and their JSON.

use super::*;

#[test]
fn duplicate_header_member_or_claim_is_refused() {
    let (header, claims) =
        (TokenBuilder::new().header.to_string(), TokenBuilder::new().claims.to_string());
    let with_member = |text: &str, member: &str| text.replacen('{', &format!("{{{member},"), 1);
    let token =
        rsa().sign_text_with(Algorithm::Rs256, &with_member(&header, r#""alg":"none""#), &claims);
    assert_eq!(verify(&token).unwrap_err(), Reason::MalformedHeader);
    for member in [
        r#""iss":"https://evil.test/""#,
        r#""exp":1"#,
        r#""\u0073ub":"auth0|eve""#,
        r#""other":{"a":1,"a":1}"#,
    ] {
        let token = rsa().sign_text_with(Algorithm::Rs256, &header, &with_member(&claims, member));
        assert_eq!(verify(&token).unwrap_err(), Reason::MalformedClaims, "{member}");
    }
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
fn header_and_claims_must_be_json_objects() {
    let (header, claims) =
        (TokenBuilder::new().header.to_string(), TokenBuilder::new().claims.to_string());
    for other in ["", "null", "[]", "1", "\"text\"", "{", "{}}", "<a/>"] {
        let token = rsa().sign_text_with(Algorithm::Rs256, other, &claims);
        assert_eq!(verify(&token).unwrap_err(), Reason::MalformedHeader, "{other}");
        let token = rsa().sign_text_with(Algorithm::Rs256, &header, other);
        assert_eq!(verify(&token).unwrap_err(), Reason::MalformedClaims, "{other}");
    }
}

#[test]
fn token_debug_output_is_redacted() {
    let token = TokenBuilder::new().signed_by(rsa());
    let decoded = DecodedToken::decode(&token).unwrap();
    let unverified = decoded.parse().unwrap();
    assert_eq!(format!("{unverified:?}"), "UnverifiedToken { .. }");
    let checked = unverified.check(&expectations(), timestamp(START_SECONDS)).unwrap();
    assert_eq!(format!("{checked:?}"), "CheckedToken { .. }");
    assert_eq!(verify(&token).unwrap().debug, "Claims { .. }");
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
}
