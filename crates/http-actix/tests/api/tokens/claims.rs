//! Claims: audience, times, scopes, and claims that are missing, duplicate or mistyped.

use std::time::Duration;

use ports::Clock as _;
use serde_json::{Value, json};

use super::{LIST, USERS, assert_fetches, assert_rejected, header, signed_token, valid_claims};
use crate::support::{ALL_PERMISSIONS, App, AppOptions, SigningKey, TokenClaims};

const MALFORMED: &str = "the claims of the token are malformed";
const MISSING: &str = "the token lacks a required claim";
const EXPIRED: &str = "the token has expired";
const EARLY: &str = "the token is not valid yet";

fn now(app: &App) -> i64 {
    app.clock.now().as_unix_seconds()
}

#[tokio::test]
async fn token_for_another_audience_is_rejected() {
    let app = App::start().await;
    for audience in [
        json!("other-service"),
        json!("USER-MANAGEMENT"),
        json!("user-management/"),
        json!("user-management "),
        json!(" user-management"),
        json!("user-management other"),
        json!("user-managemen"),
        json!(""),
        json!([]),
        json!(["other-service"]),
        json!(["user", "management"]),
    ] {
        let token = signed_token(&header(), valid_claims(&app).with("aud", audience).json());
        assert_rejected(&app, &token, "the token is for another audience").await;
    }
    for audience in
        [json!(1), json!(null), json!({"user-management": 1}), json!([["user-management"]])]
    {
        let token = signed_token(&header(), valid_claims(&app).with("aud", audience).json());
        assert_rejected(&app, &token, MALFORMED).await;
    }
    assert_fetches(&app, 0);
    let audiences = valid_claims(&app).with("aud", json!(["other-service", "user-management"]));
    let response = app.bearer(signed_token(&header(), audiences.json())).get(LIST).await;
    assert_eq!(response.outcome(), "200");
}

#[tokio::test]
async fn missing_required_claim_is_rejected() {
    let app = App::start().await;
    for name in ["iss", "aud", "exp"] {
        let token = signed_token(&header(), valid_claims(&app).without(name).json());
        assert_rejected(&app, &token, MISSING).await;
    }
    for claims in [json!({}), json!({"sub": "auth0|olga"})] {
        assert_rejected(&app, &signed_token(&header(), &claims), MISSING).await;
    }
    assert_fetches(&app, 0);
    for name in ["sub", "iat"] {
        let token = signed_token(&header(), valid_claims(&app).without(name).json());
        assert_eq!(app.bearer(token).get(LIST).await.outcome(), "200", "{name} may be missing");
    }
}

#[tokio::test]
async fn expired_token_is_rejected() {
    let app = App::start().await;
    for exp in [json!(now(&app) - 5), json!(now(&app) - 86400), json!(0), json!(-1), json!(-1e300)]
    {
        let token = signed_token(&header(), valid_claims(&app).with("exp", exp).json());
        assert_rejected(&app, &token, EXPIRED).await;
    }
    assert_fetches(&app, 0);
    // The leeway for clock skew is five seconds.
    let token = signed_token(&header(), valid_claims(&app).with("exp", json!(now(&app))).json());
    assert_eq!(app.bearer(&token).get(LIST).await.outcome(), "200");
    app.clock.advance(Duration::from_millis(4_999));
    assert_eq!(app.bearer(&token).get(LIST).await.outcome(), "200");
    app.clock.advance(Duration::from_millis(1));
    assert_rejected(&app, &token, EXPIRED).await;
}

#[tokio::test]
async fn accepted_token_still_expires() {
    let app = App::start().await;
    let token = signed_token(&header(), valid_claims(&app).json());
    for _ in 0..3 {
        assert_eq!(app.bearer(&token).get(LIST).await.outcome(), "200");
    }
    app.clock.advance(Duration::from_secs(3605));
    assert_rejected(&app, &token, EXPIRED).await;
    // Expiry does not trigger another key fetch.
    assert_fetches(&app, 1);
}

#[tokio::test]
async fn token_not_valid_yet_is_rejected() {
    let app = App::start().await;
    let later = [json!(now(&app) + 6), json!(now(&app) + 86400), json!(1e300)];
    for later in &later {
        let claims = valid_claims(&app).with("nbf", later.clone());
        assert_rejected(&app, &signed_token(&header(), claims.json()), EARLY).await;
    }
    assert_fetches(&app, 0);
    let claims = valid_claims(&app).with("nbf", json!(now(&app) + 5));
    let token = signed_token(&header(), claims.json());
    assert_eq!(app.bearer(token).get(LIST).await.outcome(), "200");
    // Alone, a time of issue in the future is no reason: clocks differ.
    for later in later {
        let token = signed_token(&header(), valid_claims(&app).with("iat", later).json());
        assert_eq!(app.bearer(token).get(LIST).await.outcome(), "200");
    }
    // The token becomes valid with time.
    let token =
        signed_token(&header(), valid_claims(&app).with("nbf", json!(now(&app) + 60)).json());
    assert_rejected(&app, &token, EARLY).await;
    app.clock.advance(Duration::from_secs(55));
    assert_eq!(app.bearer(token).get(LIST).await.outcome(), "200");
}

#[tokio::test]
async fn non_numeric_time_claim_is_malformed() {
    let app = App::start().await;
    for claim in ["exp", "nbf", "iat"] {
        let expiry = now(&app) + 600;
        for value in
            [json!(expiry.to_string()), json!([expiry]), json!({}), json!(true), json!(null)]
        {
            let token = signed_token(&header(), valid_claims(&app).with(claim, value).json());
            assert_rejected(&app, &token, MALFORMED).await;
        }
    }
    assert_fetches(&app, 0);
    // RFC 7519 §2 allows fractions.
    let claims = valid_claims(&app).with("exp", json!(600.5)).json().to_string();
    let claims = claims.replace("600.5", &format!("{}.5", now(&app) + 600));
    let token = SigningKey::shared().sign_text(&header().to_string(), &claims);
    assert_eq!(app.bearer(token).get(LIST).await.outcome(), "200");
}

#[tokio::test]
async fn claims_that_are_not_an_object_are_malformed() {
    let app = App::start().await;
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(500), "]".repeat(500));
    for claims in ["", "null", "[]", "\"claims\"", "1", "{", "{}}", "{'iss':1}", "\0", &deep] {
        let token = SigningKey::shared().sign_text(&header().to_string(), claims);
        assert_rejected(&app, &token, MALFORMED).await;
    }
    assert_fetches(&app, 0);
}

#[tokio::test]
async fn duplicate_claims_are_malformed() {
    let app = App::start().await;
    let valid = valid_claims(&app).json().to_string();
    for duplicate in [
        r#""iss":"https://central-manager.globex.pcm.example.com""#,
        r#""iss":"https://central-manager.acme.pcm.example.com""#,
        r#""\u0069ss":"https://central-manager.globex.pcm.example.com""#,
        r#""aud":"other-service""#,
        r#""exp":9999999999"#,
        r#""sub":"auth0|olga""#,
        r#""scope":"tenant.access:write""#,
        r#""permissions":[]"#,
        r#""x":{"y":1,"y":2}"#,
    ] {
        let first = valid.replacen('{', &format!("{{{duplicate},"), 1);
        let last = format!("{},{duplicate}}}", valid.strip_suffix('}').unwrap());
        for claims in [first, last] {
            let token = SigningKey::shared().sign_text(&header().to_string(), &claims);
            assert_rejected(&app, &token, MALFORMED).await;
        }
    }
    assert_fetches(&app, 0);
}

#[tokio::test]
async fn mistyped_scope_permissions_or_subject_is_malformed() {
    let app = App::start().await;
    for scope in [json!([1]), json!([["tenant.access:read"]]), json!(1), json!({}), json!(true)] {
        let token = signed_token(&header(), valid_claims(&app).with("scope", scope).json());
        assert_rejected(&app, &token, MALFORMED).await;
    }
    for permissions in [
        json!("VIEW_USERS_AND_GROUPS"),
        json!({"VIEW_USERS_AND_GROUPS": true}),
        json!([1]),
        json!([["VIEW_USERS_AND_GROUPS"]]),
        json!(["VIEW_USERS_AND_GROUPS", null]),
    ] {
        let token =
            signed_token(&header(), valid_claims(&app).with("permissions", permissions).json());
        assert_rejected(&app, &token, MALFORMED).await;
    }
    for subject in [json!(1), json!(["auth0|olga"])] {
        let token = signed_token(&header(), valid_claims(&app).with("sub", subject).json());
        assert_rejected(&app, &token, MALFORMED).await;
    }
    assert_fetches(&app, 0);
}

#[tokio::test]
async fn null_scope_permissions_or_subject_means_absent() {
    let app = App::start().await;
    for (claim, expected) in
        [("scope", (403, 200)), ("permissions", (200, 403)), ("sub", (200, 200))]
    {
        let token = signed_token(&header(), valid_claims(&app).with(claim, json!(null)).json());
        let client = app.bearer(token);
        let statuses =
            (client.get(LIST).await.status.as_u16(), client.get(USERS).await.status.as_u16());
        assert_eq!(statuses, expected, "{claim}");
    }
}

#[tokio::test]
async fn names_of_permission_claims_are_configurable() {
    let settings = r#"
[[auth.issuers]]
issuer = "https://directory.example.com/"
audience = "user-management"
algorithms = ["EdDSA"]
tenants = "all"
scope_claims = ["scp"]
permission_claims = ["roles", "https://example.com/roles"]
"#;
    let app = App::start_with(AppOptions { settings, ..AppOptions::default() }).await;
    app.keys.publish("https://directory.example.com/", vec![SigningKey::shared().public()]);
    let claims = app.claims("https://directory.example.com/").without("scope");
    let statuses = async |claims: TokenClaims| {
        let client = app.bearer(claims.sign(&SigningKey::shared()));
        (client.get(LIST).await.status.as_u16(), client.get(USERS).await.status.as_u16())
    };
    let usual = claims.clone().permissions(&ALL_PERMISSIONS);
    assert_eq!(statuses(usual).await, (403, 403));
    let scp = claims.clone().with("scp", json!(["tenant.access:read"]));
    assert_eq!(statuses(scp).await, (200, 403));
    let scp = claims.clone().with("scp", json!("openid tenant.access:read"));
    assert_eq!(statuses(scp).await, (200, 403));
    for name in ["roles", "https://example.com/roles"] {
        let roles = claims.clone().with(name, json!(["VIEW_USERS_AND_GROUPS"]));
        assert_eq!(statuses(roles).await, (403, 200), "{name}");
    }
}

#[tokio::test]
async fn scopes_and_permissions_are_combined() {
    let app = App::start().await;
    let call = async |scope: Value, permissions: Value| {
        let claims = valid_claims(&app).with("scope", scope).with("permissions", permissions);
        let client = app.bearer(signed_token(&header(), claims.json()));
        (client.get(LIST).await.status.as_u16(), client.get(USERS).await.status.as_u16())
    };
    let (read, view) = ("tenant.access:read", "VIEW_USERS_AND_GROUPS");
    assert_eq!(call(json!(read), json!([view])).await, (200, 200));
    assert_eq!(call(json!(view), json!([read])).await, (200, 200));
    assert_eq!(call(json!(format!("openid {read}  {view} email")), json!([])).await, (200, 200));
    assert_eq!(call(json!(""), json!([read, view])).await, (200, 200));
    assert_eq!(call(json!([read, view]), json!([])).await, (200, 200));
    assert_eq!(call(json!([format!("{read} {view}")]), json!([])).await, (403, 403));
    assert_eq!(call(json!(""), json!([format!("{read} {view}")])).await, (403, 403));
    // RFC 6749 §3.3: only spaces separate scopes.
    for separator in [",", ";", "\t", "\n", "\u{a0}", "+", "%20"] {
        let joined = format!("{read}{separator}{view}");
        assert_eq!(call(json!(joined), json!([])).await, (403, 403), "{separator:?}");
    }
}
