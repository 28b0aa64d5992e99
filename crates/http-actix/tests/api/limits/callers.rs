//! Whose quota a request consumes.

use std::time::Duration;

use serde_json::json;

use super::{
    MIA_CHANGE_PASSWORD, RATE_LIMITED, acme_user_path, app_with_limits, empty_update,
    password_change,
};
use crate::support::{
    ALL_PERMISSIONS, CLAIM_ISSUER, Client, MEMBER_ISSUER, OPERATOR_ISSUER, SigningKey,
    TENANT_ISSUER, TokenClaims,
};

fn tenant_issuer(tenant: &str) -> String {
    TENANT_ISSUER.replace("{tenant}", tenant)
}

fn signed_token(claims: &TokenClaims) -> String {
    let claims = claims.clone().with("tenants", json!(["acme"]));
    claims.permissions(&ALL_PERMISSIONS).sign(&SigningKey::shared())
}

async fn write(client: &Client<'_>) -> String {
    client.put(&acme_user_path("mia"), empty_update()).await.outcome()
}

#[tokio::test]
async fn writes_over_limit_are_rejected_until_reset() {
    let app = app_with_limits("writes_per_minute = 3").await;
    let client = app.tenant("acme");
    for _ in 0..3 {
        assert_eq!(write(&client).await, "200");
    }

    let answer = client.put(&acme_user_path("mia"), empty_update()).await;

    assert_eq!(answer.outcome(), RATE_LIMITED);
    assert_eq!(answer.header("retry-after"), Some("20"));
    assert_eq!(client.delete("/api/v1/users/auth0%7Cmia").await.outcome(), RATE_LIMITED);
    assert_eq!(client.post("/api/v1/users", json!({})).await.outcome(), RATE_LIMITED);
    assert_eq!(client.get(&acme_user_path("mia")).await.outcome(), "200");
    app.clock.advance(Duration::from_secs(20));
    assert_eq!(write(&client).await, "200");
    assert_eq!(write(&client).await, RATE_LIMITED);
}

#[tokio::test]
async fn callers_have_independent_quotas() {
    let app = app_with_limits("writes_per_minute = 1").await;
    let acme = app.claims(&tenant_issuer("acme"));
    let exhausted = signed_token(&acme);
    assert_eq!(write(&app.bearer(exhausted.as_str())).await, "200");
    assert_eq!(write(&app.bearer(exhausted.as_str())).await, RATE_LIMITED);

    for other in [
        // The same subject from another tenant's issuer, and from other issuers.
        app.claims(&tenant_issuer("globex")),
        app.claims(CLAIM_ISSUER),
        app.claims(OPERATOR_ISSUER),
        app.claims(MEMBER_ISSUER),
        // Other subjects of the same issuer.
        acme.clone().with("sub", json!("auth0|mia")),
        acme.clone().with("sub", json!("")),
        acme.clone().without("sub"),
        acme.clone().with("sub", json!("a subject that no account can have")),
        acme.clone().with("sub", json!("another subject that no account can have")),
    ] {
        let other = signed_token(&other);
        let first = write(&app.bearer(other.as_str())).await;
        assert_ne!(first, RATE_LIMITED);
        assert_eq!(write(&app.bearer(other.as_str())).await, RATE_LIMITED, "after {first}");
    }
}

#[tokio::test]
async fn tokens_of_one_caller_have_one_quota() {
    let app = app_with_limits("writes_per_minute = 1").await;
    let claims = app.claims(&tenant_issuer("acme"));
    assert_eq!(write(&app.bearer(signed_token(&claims))).await, "200");

    for other in [
        claims.clone().with("exp", json!(claims.json()["exp"].as_i64().unwrap() + 1)),
        claims.clone().with("jti", json!("another")),
        claims.clone().with("azp", json!("another-application")),
        claims.clone().with("aud", json!(["user-management", "another"])),
    ] {
        assert_eq!(write(&app.bearer(signed_token(&other))).await, RATE_LIMITED);
    }
}

#[tokio::test]
async fn reads_and_writes_have_separate_quotas() {
    let app = app_with_limits("writes_per_minute = 1").await;
    for _ in 0..3 {
        assert_eq!(app.tenant("acme").get(&acme_user_path("mia")).await.outcome(), "200");
    }
    let app = app_with_limits("reads_per_minute = 2").await;
    for path in ["/api/acme/admin/users", "/api/v1/users/auth0%7Cmia"] {
        assert_eq!(app.tenant("acme").get(path).await.outcome(), "200");
    }
    for path in [&*acme_user_path("mia"), "/api/v1/users?filter[tenant]=acme"] {
        assert_eq!(app.tenant("acme").get(path).await.outcome(), RATE_LIMITED, "{path}");
    }
    assert_eq!(write(&app.tenant("acme")).await, "200");
}

#[tokio::test]
async fn password_checks_consume_both_quotas() {
    let change = || password_change("mias-password", "mias-password");
    let app = app_with_limits("password_checks_per_minute = 1").await;
    let client = app.tenant("acme");
    assert_eq!(client.patch(MIA_CHANGE_PASSWORD, change()).await.outcome(), "200");
    assert_eq!(client.patch(MIA_CHANGE_PASSWORD, change()).await.outcome(), RATE_LIMITED);
    // Version 1 sets a password without checking one.
    let v1 = MIA_CHANGE_PASSWORD.replace("v2", "v1");
    let new = json!({"newPassword": "mias-password"});
    assert_eq!(client.patch(&v1, new.clone()).await.outcome(), "200");
    assert_eq!(write(&client).await, "200");

    let app = app_with_limits("writes_per_minute = 2\npassword_checks_per_minute = 9").await;
    let client = app.tenant("acme");
    assert_eq!(client.patch(MIA_CHANGE_PASSWORD, change()).await.outcome(), "200");
    assert_eq!(client.patch(&v1, new).await.outcome(), "200");
    assert_eq!(client.patch(MIA_CHANGE_PASSWORD, change()).await.outcome(), RATE_LIMITED);
}

#[tokio::test]
async fn own_password_change_is_rate_limited() {
    let app = app_with_limits("writes_per_minute = 9\npassword_checks_per_minute = 1").await;
    let mia = app.member_with("mia", &[]);
    let change = || password_change("mias-password", "mias-password");
    assert_eq!(mia.patch(MIA_CHANGE_PASSWORD, change()).await.outcome(), "200");
    assert_eq!(mia.patch(MIA_CHANGE_PASSWORD, change()).await.outcome(), RATE_LIMITED);
    assert_eq!(app.operator().patch(MIA_CHANGE_PASSWORD, change()).await.outcome(), "200");
}
