//! Lifetime limits, token profiles and machine clients.

use std::time::Duration;

use ports::Clock as _;
use serde_json::{Value, json};

use super::{
    assert_fetches, assert_rejected, header, issuer_of, outcome, signed_token, valid_claims,
};
use crate::support::{ALL_PERMISSIONS, App, AppOptions, SigningKey, TokenClaims};

const TOO_LONG: &str = "the lifetime of the token is too long";
const NOT_AN_ACCESS_TOKEN: &str = "the token is not an access token";
const MISSING: &str = "the token lacks a required claim";
const NOT_A_PERSON: &str = "the token belongs to a machine client";
const MONTH: i64 = 30 * 86_400;

/// Issuers with further requirements.
const STRICT_ISSUERS: &str = r#"
[[auth.issuers]]
issuer = "https://rfc9068.example.com/"
audience = "user-management"
algorithms = ["EdDSA"]
tenants = "all"
profile = "rfc9068"

[[auth.issuers]]
issuer = "https://jwt.example.com/"
audience = "user-management"
algorithms = ["EdDSA"]
tenants = "all"
profile = "jwt"

[[auth.issuers]]
issuer = "https://people.example.com/"
audience = "user-management"
algorithms = ["EdDSA"]
tenants = "all"
machine_clients = false
"#;

const RFC_9068: &str = "https://rfc9068.example.com/";
const JWT: &str = "https://jwt.example.com/";
const PEOPLE: &str = "https://people.example.com/";

async fn start_strict() -> App {
    let app =
        App::start_with(AppOptions { settings: STRICT_ISSUERS, ..AppOptions::default() }).await;
    for issuer in [RFC_9068, JWT, PEOPLE] {
        app.keys.publish(issuer, vec![SigningKey::shared().public()]);
    }
    app
}

/// Claims that include all claims required by RFC 9068.
fn complete_claims(app: &App, issuer: &str) -> TokenClaims {
    let claims = app.claims(issuer).permissions(&ALL_PERMISSIONS);
    claims
        .with("sub", json!("auth0|olga"))
        .with("client_id", json!("program"))
        .with("jti", json!("1"))
}

fn token_of_type(typ: Option<&str>, claims: &TokenClaims) -> String {
    let mut header = header();
    match typ {
        Some(typ) => header["typ"] = json!(typ),
        None => drop(header.as_object_mut().unwrap().remove("typ")),
    }
    signed_token(&header, claims.json())
}

#[tokio::test]
async fn token_lifetime_is_limited_to_thirty_days() {
    let app = App::start().await;
    let now = app.clock.now().as_unix_seconds();
    let token = |iat: Option<i64>, exp: Value| {
        let claims = valid_claims(&app).with("exp", exp);
        let claims = match iat {
            Some(iat) => claims.with("iat", json!(iat)),
            None => claims.without("iat"),
        };
        signed_token(&header(), claims.json())
    };
    for (iat, exp) in [
        (Some(now), json!(now + MONTH + 1)),
        (Some(now - 3600), json!(now - 3600 + MONTH + 1)),
        (Some(now - MONTH), json!(now + 1)),
        (Some(0), json!(now + 60)),
        (None, json!(now + MONTH + 6)),
        (None, json!(i64::MAX)),
        (None, json!(u64::MAX)),
        (None, json!(1e300)),
    ] {
        assert_rejected(&app, &token(iat, exp), TOO_LONG).await;
    }
    assert_fetches(&app, 0);
    for (iat, exp) in [
        (Some(now), json!(now + MONTH)),
        (Some(now - MONTH + 60), json!(now + 60)),
        (None, json!(now + MONTH + 5)),
    ] {
        assert_eq!(outcome(&app, &token(iat, exp)).await, "200");
    }
}

#[tokio::test]
async fn token_lifetime_limit_is_configurable() {
    // The `[auth]` section may follow its issuers.
    let settings = "[auth]\nmax_token_lifetime_ms = 3600000\n";
    let app = App::start_with(AppOptions { settings, ..AppOptions::default() }).await;
    let now = app.clock.now().as_unix_seconds();
    let token =
        |exp: i64| signed_token(&header(), valid_claims(&app).with("exp", json!(exp)).json());
    assert_eq!(outcome(&app, &token(now + 3600)).await, "200");
    assert_rejected(&app, &token(now + 3601), TOO_LONG).await;
}

#[tokio::test]
async fn too_long_lifetime_stays_rejected_after_waiting() {
    let app = App::start().await;
    let claims = valid_claims(&app);
    let exp = app.clock.now().as_unix_seconds() + MONTH + 3600;
    let token = signed_token(&header(), claims.with("exp", json!(exp)).json());
    assert_rejected(&app, &token, TOO_LONG).await;
    app.clock.advance(Duration::from_hours(2));
    assert_rejected(&app, &token, TOO_LONG).await;
}

#[tokio::test]
async fn issuer_profile_is_enforced() {
    let app = start_strict().await;
    let [jwt, rfc_9068] = [JWT, RFC_9068].map(|issuer| complete_claims(&app, issuer));
    for typ in [Some("at+jwt"), Some("application/at+jwt")] {
        assert_rejected(&app, &token_of_type(typ, &jwt), NOT_AN_ACCESS_TOKEN).await;
    }
    for typ in [Some("JWT"), None] {
        assert_rejected(&app, &token_of_type(typ, &rfc_9068), NOT_AN_ACCESS_TOKEN).await;
    }
    for name in ["sub", "client_id", "iat", "jti"] {
        let claims = rfc_9068.clone().without(name);
        assert_rejected(&app, &token_of_type(Some("at+jwt"), &claims), MISSING).await;
        // The other profile does not require the claim.
        let claims = jwt.clone().without(name);
        assert_eq!(outcome(&app, &token_of_type(Some("JWT"), &claims)).await, "200", "{name}");
    }
    assert_eq!(app.keys.fetches(RFC_9068), 0);
    for typ in [Some("at+jwt"), Some("application/at+jwt"), Some("AT+JWT")] {
        assert_eq!(outcome(&app, &token_of_type(typ, &rfc_9068)).await, "200", "{typ:?}");
    }
    for typ in [Some("JWT"), Some("jwt"), None] {
        assert_eq!(outcome(&app, &token_of_type(typ, &jwt)).await, "200", "{typ:?}");
    }
}

#[tokio::test]
async fn id_token_is_rejected() {
    let app = App::start().await;
    for hash in ["at_hash", "c_hash"] {
        let claims = valid_claims(&app).with(hash, json!("77QmUPtjPfzWtF2AnpK9RQ"));
        assert_rejected(&app, &signed_token(&header(), claims.json()), NOT_AN_ACCESS_TOKEN).await;
    }
    // Auth0 issues ID tokens for the application, not for an API.
    let claims = valid_claims(&app).with("aud", json!("the-application")).with("nonce", json!("1"));
    let token = signed_token(&header(), claims.json());
    assert_rejected(&app, &token, "the token is for another audience").await;
    assert_fetches(&app, 0);
    let claims = valid_claims(&app).with("nonce", json!("1"));
    assert_eq!(outcome(&app, &signed_token(&header(), claims.json())).await, "200");
}

#[tokio::test]
async fn machine_clients_can_be_rejected_per_issuer() {
    let app = start_strict().await;
    let person = complete_claims(&app, PEOPLE);
    for program in [
        person.clone().with("sub", json!("program@clients")),
        person.clone().with("sub", json!("program")),
        person.clone().with("azp", json!("auth0|olga")),
        person.clone().with("gty", json!("client-credentials")),
        person.clone().with("gty", json!(["client-credentials"])),
        person.clone().without("sub").with("gty", json!("client-credentials")),
    ] {
        assert_rejected(&app, &signed_token(&header(), program.json()), NOT_A_PERSON).await;
    }
    assert_eq!(app.keys.fetches(PEOPLE), 0);
    for gty in ["password", "refresh_token"] {
        let token = signed_token(&header(), person.clone().with("gty", json!(gty)).json());
        assert_eq!(outcome(&app, &token).await, "200", "{gty}");
    }
    // Other issuers accept machine clients.
    let program = valid_claims(&app).with("sub", json!("program@clients"));
    let program = program.with("gty", json!("client-credentials"));
    assert_eq!(outcome(&app, &signed_token(&header(), program.json())).await, "200");
    assert_eq!(app.keys.fetches(&issuer_of("acme")), 1);
}
