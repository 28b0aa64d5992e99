//! How long a token may be good for, what it must look like, and whether programs are let in.

use std::time::Duration;

use ports::Clock as _;
use serde_json::{Value, json};

use super::{LIST, assert_fetches, assert_refused, good, header, issuer_of, signed};
use crate::support::{ALL_PERMISSIONS, App, AppOptions, SigningKey, TokenClaims};

const TOO_LONG: &str = "the token is good for too long";
const NO_ACCESS_TOKEN: &str = "the token is not an access token";
const MISSING: &str = "the token lacks a required claim";
const NO_PERSON: &str = "the token is not a person's";
const MONTH: i64 = 30 * 86_400;

/// Issuers that are held to more than the others.
const STRICT: &str = r#"
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

async fn strict() -> App {
    let app = App::start_with(AppOptions { settings: STRICT, ..AppOptions::default() }).await;
    for issuer in [RFC_9068, JWT, PEOPLE] {
        app.keys.publish(issuer, vec![SigningKey::shared().public()]);
    }
    app
}

/// Claims with all that RFC 9068 asks for.
fn full(app: &App, issuer: &str) -> TokenClaims {
    let claims = app.claims(issuer).permissions(&ALL_PERMISSIONS);
    claims
        .with("sub", json!("auth0|olga"))
        .with("client_id", json!("program"))
        .with("jti", json!("1"))
}

fn of_type(typ: Option<&str>, claims: &TokenClaims) -> String {
    let mut header = header();
    match typ {
        Some(typ) => header["typ"] = json!(typ),
        None => drop(header.as_object_mut().unwrap().remove("typ")),
    }
    signed(&header, claims.json())
}

async fn outcome(app: &App, token: &str) -> String {
    app.bearer(token).get(LIST).await.outcome()
}

#[tokio::test]
async fn no_token_is_good_for_more_than_thirty_days() {
    let app = App::start().await;
    let now = app.clock.now().as_unix_seconds();
    let token = |iat: Option<i64>, exp: Value| {
        let claims = good(&app).with("exp", exp);
        let claims = match iat {
            Some(iat) => claims.with("iat", json!(iat)),
            None => claims.without("iat"),
        };
        signed(&header(), claims.json())
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
        assert_refused(&app, &token(iat, exp), TOO_LONG).await;
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
async fn how_long_is_a_setting() {
    // It belongs to `[auth]`, and a section may stand after the issuers.
    let settings = "[auth]\nmax_token_lifetime_ms = 3600000\n";
    let app = App::start_with(AppOptions { settings, ..AppOptions::default() }).await;
    let now = app.clock.now().as_unix_seconds();
    let token = |exp: i64| signed(&header(), good(&app).with("exp", json!(exp)).json());
    assert_eq!(outcome(&app, &token(now + 3600)).await, "200");
    assert_refused(&app, &token(now + 3601), TOO_LONG).await;
}

#[tokio::test]
async fn a_token_that_is_good_for_too_long_does_not_become_good_by_waiting() {
    let app = App::start().await;
    let claims = good(&app);
    let exp = app.clock.now().as_unix_seconds() + MONTH + 3600;
    let token = signed(&header(), claims.with("exp", json!(exp)).json());
    assert_refused(&app, &token, TOO_LONG).await;
    app.clock.advance(Duration::from_hours(2));
    assert_refused(&app, &token, TOO_LONG).await;
}

#[tokio::test]
async fn an_issuer_is_held_to_its_profile() {
    let app = strict().await;
    let [jwt, rfc_9068] = [JWT, RFC_9068].map(|issuer| full(&app, issuer));
    for typ in [Some("at+jwt"), Some("application/at+jwt")] {
        assert_refused(&app, &of_type(typ, &jwt), NO_ACCESS_TOKEN).await;
    }
    for typ in [Some("JWT"), None] {
        assert_refused(&app, &of_type(typ, &rfc_9068), NO_ACCESS_TOKEN).await;
    }
    for name in ["sub", "client_id", "iat", "jti"] {
        let claims = rfc_9068.clone().without(name);
        assert_refused(&app, &of_type(Some("at+jwt"), &claims), MISSING).await;
        // An issuer of the other profile need not have it.
        let claims = jwt.clone().without(name);
        assert_eq!(outcome(&app, &of_type(Some("JWT"), &claims)).await, "200", "{name}");
    }
    assert_eq!(app.keys.fetches(RFC_9068), 0);
    for typ in [Some("at+jwt"), Some("application/at+jwt"), Some("AT+JWT")] {
        assert_eq!(outcome(&app, &of_type(typ, &rfc_9068)).await, "200", "{typ:?}");
    }
    for typ in [Some("JWT"), Some("jwt"), None] {
        assert_eq!(outcome(&app, &of_type(typ, &jwt)).await, "200", "{typ:?}");
    }
}

#[tokio::test]
async fn an_id_token_is_no_access_token() {
    let app = App::start().await;
    for hash in ["at_hash", "c_hash"] {
        let claims = good(&app).with(hash, json!("77QmUPtjPfzWtF2AnpK9RQ"));
        assert_refused(&app, &signed(&header(), claims.json()), NO_ACCESS_TOKEN).await;
    }
    // As Auth0 issues one: for the application, not for an API.
    let claims = good(&app).with("aud", json!("the-application")).with("nonce", json!("1"));
    let token = signed(&header(), claims.json());
    assert_refused(&app, &token, "the token is for another audience").await;
    assert_fetches(&app, 0);
    let claims = good(&app).with("nonce", json!("1"));
    assert_eq!(outcome(&app, &signed(&header(), claims.json())).await, "200");
}

#[tokio::test]
async fn an_issuer_s_programs_may_be_kept_out() {
    let app = strict().await;
    let person = full(&app, PEOPLE);
    for program in [
        person.clone().with("sub", json!("program@clients")),
        person.clone().with("sub", json!("program")),
        person.clone().with("azp", json!("auth0|olga")),
        person.clone().with("gty", json!("client-credentials")),
        person.clone().with("gty", json!(["client-credentials"])),
        person.clone().without("sub").with("gty", json!("client-credentials")),
    ] {
        assert_refused(&app, &signed(&header(), program.json()), NO_PERSON).await;
    }
    assert_eq!(app.keys.fetches(PEOPLE), 0);
    for gty in ["password", "refresh_token"] {
        let token = signed(&header(), person.clone().with("gty", json!(gty)).json());
        assert_eq!(outcome(&app, &token).await, "200", "{gty}");
    }
    // The others let them in.
    let program = good(&app).with("sub", json!("program@clients"));
    let program = program.with("gty", json!("client-credentials"));
    assert_eq!(outcome(&app, &signed(&header(), program.json())).await, "200");
    assert_eq!(app.keys.fetches(&issuer_of("acme")), 1);
}

#[tokio::test]
async fn a_header_without_an_end_or_with_odd_members_gains_nothing() {
    let app = App::start().await;
    let claims = good(&app).json().to_string();
    let sign = |header: &str| SigningKey::shared().sign_text(header, &claims);
    let deep = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"alg":"EdDSA","kid":"usual","x":{open}{close}}}"#)
    };
    let malformed = "the header of the token is malformed";
    assert_refused(&app, &sign(&deep(1000)), malformed).await;
    assert_refused(&app, &sign(&deep(200)), malformed).await;
    for kid in ["us\u{fc}al", "\u{ff55}sual", "usual\u{200b}", "usual\u{7f}"] {
        let header = json!({"alg": "EdDSA", "kid": kid});
        assert_refused(&app, &sign(&header.to_string()), malformed).await;
    }
    // The same name, spelt by escapes, is that name: twice is twice, once is once.
    let twice = r#"{"alg":"EdDSA","\u0061lg":"EdDSA","kid":"usual"}"#;
    assert_refused(&app, &sign(twice), malformed).await;
    assert_fetches(&app, 0);
    for odd in [
        r#"{"\u0061lg":"EdDSA","\u006b\u0069d":"usual"}"#,
        r#"{"alg":"EdDSA","kid":"usual","b64":false}"#,
        r#"{"alg":"EdDSA","kid":"usual","zip":"DEF","enc":"A256GCM"}"#,
        r#"{"alg":"EdDSA","kid":"usual","cty":"JWT"}"#,
        &deep(100),
    ] {
        // None of it has a meaning in a JWS without `crit`, and the signature covers it.
        assert_eq!(outcome(&app, &sign(odd)).await, "200", "{odd}");
    }
    // A token within a token is no claims.
    let inner = sign(r#"{"alg":"EdDSA","kid":"usual"}"#);
    let nested = SigningKey::shared().sign_text(r#"{"alg":"EdDSA","cty":"JWT"}"#, &inner);
    assert_refused(&app, &nested, "the claims of the token are malformed").await;
}
