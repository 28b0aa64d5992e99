//! Issuer, audience, claim types, profiles and machine clients.

use super::*;

#[test]
fn valid_token_yields_its_claims() {
    let claims = verify(&TokenBuilder::new().signed_by(rsa())).unwrap();
    assert_eq!(claims.issuer, ISSUER);
    assert_eq!(claims.audiences, [AUDIENCE]);
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
        ("scope", json!(1)),
        ("scope", json!([1])),
        ("scope", json!([null])),
        ("scope", json!({"tenant.access:read": true})),
        ("permissions", json!("tenant.access:read")),
        ("permissions", json!([1])),
        ("permissions", json!([["tenant.access:read"]])),
        ("permissions", json!({"tenant.access:read": true})),
    ] {
        let token = TokenBuilder::new().claim(name, value.clone());
        assert_eq!(outcome(&token), Some(Reason::MalformedClaims), "{name} {value}");
    }
}

#[test]
fn null_of_an_optional_claim_means_absent() {
    for name in ["sub", "scope", "permissions"] {
        assert_eq!(outcome(&TokenBuilder::new().claim(name, json!(null))), None, "{name}");
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
    // Versions of Keycloak before 24 put it into access tokens too.
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
