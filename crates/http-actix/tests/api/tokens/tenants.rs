//! Which tenants a token covers, by each of the four ways in which it may tell.

use serde_json::{Value, json};

use super::{LIST, USERS, assert_refused};
use crate::support::{
    ALL_PERMISSIONS, App, AppOptions, CLAIM_ISSUER, Client, MEMBER_ISSUER, OPERATOR_ISSUER,
    SigningKey,
};

const GLOBEX: &str = "/api/globex/admin/users";

/// What somebody gets in acme and in globex.
async fn reach(client: &Client<'_>) -> [String; 2] {
    [client.get(LIST).await.outcome(), client.get(GLOBEX).await.outcome()]
}

const BOTH: [&str; 2] = ["200", "200"];
const ACME: [&str; 2] = ["200", "403 tenant_forbidden"];
const NEITHER: [&str; 2] = ["403 tenant_forbidden", "403 tenant_forbidden"];

#[tokio::test]
async fn the_issuer_s_name_tells_one_tenant() {
    let app = App::start().await;
    assert_eq!(reach(&app.tenant("acme")).await, ACME);
    // A claim with that purpose elsewhere has none here.
    let claims = app.claims(&super::issuer_of("acme")).permissions(&ALL_PERMISSIONS);
    let claims = claims.with("tenants", json!(["globex"])).with("sub", json!("auth0|gina"));
    assert_eq!(reach(&app.bearer(claims.sign(&SigningKey::shared()))).await, ACME);
    // Tenants need no registration.
    let answer = app.tenant("initech").get("/api/initech/admin/users").await;
    assert_eq!((answer.outcome().as_str(), answer.text.as_str()), ("200", "[]"));
}

#[tokio::test]
async fn an_operator_s_token_covers_all() {
    let app = App::start().await;
    assert_eq!(reach(&app.operator()).await, BOTH);
    let answer = app.operator().get("/api/nobody-has-heard-of-it/admin/users").await;
    assert_eq!(answer.text, "[]");
    assert_eq!(app.operator().get("/api/No-Tenant/admin/users").await.status, 403);
    let claims = app.claims(OPERATOR_ISSUER).permissions(&ALL_PERMISSIONS);
    let claims = claims.with("tenants", json!([]));
    assert_eq!(reach(&app.bearer(claims.sign(&SigningKey::shared()))).await, BOTH);
}

fn with_claim<'a>(app: &'a App, tenants: &Value) -> Client<'a> {
    let claims = app.claims(CLAIM_ISSUER).permissions(&ALL_PERMISSIONS);
    app.bearer(claims.with("tenants", tenants.clone()).sign(&SigningKey::shared()))
}

#[tokio::test]
async fn a_claim_tells_some_tenants() {
    let app = App::start().await;
    assert_eq!(reach(&with_claim(&app, &json!(["acme", "globex"]))).await, BOTH);
    assert_eq!(reach(&with_claim(&app, &json!(["acme"]))).await, ACME);
    assert_eq!(reach(&with_claim(&app, &json!("acme"))).await, ACME);
    assert_eq!(reach(&with_claim(&app, &json!(["acme", "acme", "initech"]))).await, ACME);
}

#[tokio::test]
async fn a_claim_without_tenants_covers_none() {
    let app = App::start().await;
    for tenants in [json!([]), json!(""), json!(["initech"]), json!([""])] {
        assert_eq!(reach(&with_claim(&app, &tenants)).await, NEITHER, "{tenants}");
    }
    let claims = app.claims(CLAIM_ISSUER).permissions(&ALL_PERMISSIONS);
    assert_eq!(reach(&app.bearer(claims.sign(&SigningKey::shared()))).await, NEITHER);
    // A claim of another name, or of the same name elsewhere, is none.
    for (name, value) in [
        ("tenant", json!(["acme"])),
        ("Tenants", json!(["acme"])),
        ("https://example.com/tenants", json!(["acme"])),
        ("org_id", json!("acme")),
        ("app_metadata", json!({"tenants": ["acme"]})),
    ] {
        let claims = claims.clone().with(name, value);
        assert_eq!(reach(&app.bearer(claims.sign(&SigningKey::shared()))).await, NEITHER, "{name}");
    }
}

#[tokio::test]
async fn malformed_names_in_the_claim_cover_nothing() {
    let app = App::start().await;
    for name in [
        "ACME",
        "acme ",
        " acme",
        "acme.",
        ".acme",
        "acme/",
        "acme,globex",
        "acme globex",
        "*",
        "%",
        "{tenant}",
        "-acme",
        "acme\u{0}",
        "\u{430}cme",
        "acme/../globex",
        "[\"acme\"]",
    ] {
        assert_eq!(reach(&with_claim(&app, &json!(name))).await, NEITHER, "{name:?}");
        // They do not take the others away either.
        assert_eq!(reach(&with_claim(&app, &json!([name, "acme"]))).await, ACME, "{name:?}");
    }
}

#[tokio::test]
async fn a_claim_of_a_wrong_type_is_malformed() {
    let app = App::start().await;
    for tenants in [
        json!(null),
        json!(1),
        json!(true),
        json!({"acme": "owner"}),
        json!({"0": "acme"}),
        json!(["acme", 1]),
        json!(["acme", null]),
        json!([["acme"]]),
        json!([{"id": "acme"}]),
    ] {
        let client = with_claim(&app, &tenants);
        assert_refused(&app, client.token().unwrap(), "the claims of the token are malformed")
            .await;
    }
}

/// Issuers of one tenant that also have another source: neither may widen the other.
const NARROW: &str = r#"
[[auth.issuers]]
issuer = "https://login.example.net/{tenant}/"
audience = "user-management"
algorithms = ["EdDSA"]
tenants = { claim = "tenants" }

[[auth.issuers]]
issuer = "https://{tenant}.people.example.net"
audience = "user-management"
algorithms = ["EdDSA"]
tenants = "membership"
"#;

#[tokio::test]
async fn a_claim_of_a_tenant_s_issuer_covers_that_tenant_at_most() {
    let app = App::start_with(AppOptions { settings: NARROW, ..AppOptions::default() }).await;
    let issuer = "https://login.example.net/acme/";
    app.keys.publish(issuer, vec![SigningKey::shared().public()]);
    let claims = app.claims(issuer).permissions(&ALL_PERMISSIONS);
    for (tenants, expected) in [
        (json!(["acme"]), ACME),
        (json!("acme"), ACME),
        (json!(["acme", "globex"]), ACME),
        (json!(["globex"]), NEITHER),
        (json!([]), NEITHER),
    ] {
        let client =
            app.bearer(claims.clone().with("tenants", tenants).sign(&SigningKey::shared()));
        assert_eq!(reach(&client).await, expected);
    }
    assert_eq!(reach(&app.bearer(claims.sign(&SigningKey::shared()))).await, NEITHER);
    // Whose path holds more than a tenant is no such issuer.
    for path in ["acme", "acme/globex/", "../acme/", "acme//", "acme%2f/", "/", "ACME/", ""] {
        let issuer = format!("https://login.example.net/{path}");
        app.keys.publish(&issuer, vec![SigningKey::shared().public()]);
        let claims = app.claims(&issuer).permissions(&ALL_PERMISSIONS);
        let token = claims.with("tenants", json!(["acme"])).sign(&SigningKey::shared());
        assert_refused(&app, &token, "the issuer of the token is not trusted").await;
        assert_eq!(app.keys.fetches(&issuer), 0);
    }
}

#[tokio::test]
async fn memberships_of_a_tenant_s_issuer_are_that_tenant_s() {
    let app = App::start_with(AppOptions { settings: NARROW, ..AppOptions::default() }).await;
    for tenant in ["acme", "globex"] {
        let issuer = format!("https://{tenant}.people.example.net");
        app.keys.publish(&issuer, vec![SigningKey::shared().public()]);
    }
    let by = |tenant: &str, subject: &str| {
        let claims = app.claims(&format!("https://{tenant}.people.example.net"));
        let claims = claims.permissions(&ALL_PERMISSIONS).with("sub", json!(subject));
        app.bearer(claims.sign(&SigningKey::shared()))
    };
    // Adam is an admin of acme and a viewer of globex.
    assert_eq!(reach(&by("acme", "auth0|adam")).await, ACME);
    assert_eq!(reach(&by("globex", "auth0|adam")).await, ["403 tenant_forbidden", "200"]);
    assert_eq!(reach(&by("globex", "auth0|olga")).await, NEITHER);
    // Through globex, his rights in acme do not count.
    let seen = by("globex", "auth0|adam").get("/api/v1/users/auth0%7Cmia").await;
    assert_eq!(seen.outcome(), "404 user_not_found");
    let deleted = by("globex", "auth0|adam").delete("/api/v1/users/auth0%7Cmia").await;
    assert_eq!(deleted.outcome(), "403 insufficient_permission");
}

#[tokio::test]
async fn the_role_decides_what_a_member_may_do() {
    let app = App::start().await;
    let refused = "403 insufficient_permission";
    for (name, read, write) in [
        ("olga", "200", "404 user_not_found"),
        ("adam", "200", "404 user_not_found"),
        ("vera", "200", refused),
        ("mia", refused, refused),
        ("gus", refused, refused),
        ("bob", "403 tenant_forbidden", "403 tenant_forbidden"),
        ("gina", "403 tenant_forbidden", "403 tenant_forbidden"),
        ("ivy", "403 tenant_forbidden", "403 tenant_forbidden"),
    ] {
        let member = app.member(name);
        assert_eq!(member.get(LIST).await.outcome(), read, "{name}");
        assert_eq!(member.get(USERS).await.outcome(), read, "{name}");
        // Of somebody who is not there, so that nobody is missing afterwards.
        let gone = member.delete("/api/acme/admin/users/auth0%7Cnobody").await;
        assert_eq!(gone.outcome(), write, "{name}");
    }
}

#[tokio::test]
async fn a_role_that_is_too_low_asks_for_no_other_token() {
    let app = App::start().await;
    let answer = app.member("mia").get(LIST).await;
    assert_eq!(answer.outcome(), "403 insufficient_permission");
    assert_eq!(answer.header("www-authenticate"), None);
}

#[tokio::test]
async fn members_need_scope_and_role_both() {
    let app = App::start().await;
    let body = || json!({"email": "new@acme.example", "role": "member"});
    // The role without the scope.
    let olga = app.member_with("olga", &["tenant.access:read"]);
    assert_eq!(olga.get(LIST).await.outcome(), "200");
    let answer = olga.post(LIST, body()).await;
    assert_eq!(answer.outcome(), "403 insufficient_permission");
    let challenge = "Bearer error=\"insufficient_scope\", scope=\"tenant.access:write\"";
    assert_eq!(answer.header("www-authenticate"), Some(challenge));
    // Write does not imply read, not even for an owner.
    let olga = app.member_with("olga", &["tenant.access:write"]);
    assert_eq!(olga.get(LIST).await.outcome(), "403 insufficient_permission");
    assert_eq!(olga.post(LIST, body()).await.outcome(), "201");
    // The scope without the role.
    let vera = app.member("vera");
    assert_eq!(vera.post(LIST, body()).await.outcome(), "403 insufficient_permission");
    // Without any scope, not even the tenant's existence is told apart.
    let nobody = app.member_with("olga", &[]);
    for path in [LIST, GLOBEX, "/api/no-such-tenant/admin/users"] {
        assert_eq!(nobody.get(path).await.outcome(), "403 insufficient_permission");
    }
}

#[tokio::test]
async fn subjects_without_an_account_act_nowhere() {
    let app = App::start().await;
    let claims = app.claims(MEMBER_ISSUER).permissions(&ALL_PERMISSIONS);
    for subject in [
        "auth0|nobody",
        "olga",
        "OLGA",
        "auth0|OLGA",
        "auth0|olga ",
        " auth0|olga",
        "auth0|olga\0",
        "auth0|olga/../auth0|olga",
        "auth0%7Colga",
        "olga@acme.example",
        "*",
        "",
        "a-program@clients",
    ] {
        let token = claims.clone().with("sub", json!(subject)).sign(&SigningKey::shared());
        assert_eq!(reach(&app.bearer(token)).await, NEITHER, "{subject:?}");
    }
    let token = claims.without("sub").sign(&SigningKey::shared());
    let nobody = app.bearer(token);
    assert_eq!(reach(&nobody).await, NEITHER);
    let one = nobody.get("/api/v1/users/auth0%7Colga").await;
    assert_eq!(one.outcome(), "403 insufficient_permission");
}

#[tokio::test]
async fn a_change_of_membership_acts_on_the_next_call() {
    let app = App::start().await;
    let (adam, operator) = (app.member("adam"), app.operator());
    let adams = "/api/acme/admin/users/auth0%7Cadam";
    let to = |role: &str| json!({"role": role, "name": null});
    let write = async || adam.delete("/api/acme/admin/users/auth0%7Cnobody").await.outcome();
    assert_eq!(write().await, "404 user_not_found");
    assert_eq!(operator.put(adams, to("viewer")).await.outcome(), "200");
    assert_eq!(write().await, "403 insufficient_permission");
    assert_eq!(reach(&adam).await, BOTH);
    assert_eq!(operator.put(adams, to("member")).await.outcome(), "200");
    assert_eq!(reach(&adam).await, ["403 insufficient_permission", "200"]);
    assert_eq!(operator.delete(adams).await.outcome(), "204");
    assert_eq!(reach(&adam).await, ["403 tenant_forbidden", "200"]);
    assert_eq!(write().await, "403 tenant_forbidden");
    let back = json!({"email": "adam@acme.example", "role": "owner"});
    assert_eq!(operator.post(LIST, back).await.outcome(), "201");
    assert_eq!(write().await, "404 user_not_found");
    assert_eq!(operator.delete("/api/v1/users/auth0%7Cadam").await.outcome(), "204");
    assert_eq!(reach(&adam).await, NEITHER);
}

#[tokio::test]
async fn a_role_outside_the_catalogue_is_no_access() {
    let people = r#"{"id":"auth0|rex","email":"rex@acme.example","homeTenant":"acme","tenants":{"acme":"king","globex":"OWNER"}}"#;
    let app =
        App::start_with(AppOptions { users: people.to_owned(), ..AppOptions::default() }).await;
    assert_eq!(reach(&app.member("rex")).await, NEITHER);
}
