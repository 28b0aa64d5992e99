//! Tenants that a token covers, for each of the four sources of tenants.

use serde_json::{Value, json};

use super::{LIST, USERS, assert_rejected};
use crate::support::{
    ALL_PERMISSIONS, App, AppOptions, CLAIM_ISSUER, Client, MEMBER_ISSUER, OPERATOR_ISSUER,
    SigningKey,
};

const GLOBEX: &str = "/api/globex/admin/users";

/// The outcomes of listing the users of acme and globex.
async fn tenant_outcomes(client: &Client<'_>) -> [String; 2] {
    [client.get(LIST).await.outcome(), client.get(GLOBEX).await.outcome()]
}

const BOTH: [&str; 2] = ["200", "200"];
const ACME_ONLY: [&str; 2] = ["200", "403 tenant_forbidden"];
const NEITHER: [&str; 2] = ["403 tenant_forbidden", "403 tenant_forbidden"];

#[tokio::test]
async fn issuer_template_names_one_tenant() {
    let app = App::start().await;
    assert_eq!(tenant_outcomes(&app.tenant("acme")).await, ACME_ONLY);
    // The claims of other sources are ignored.
    let claims = app.claims(&super::issuer_of("acme")).permissions(&ALL_PERMISSIONS);
    let claims = claims.with("tenants", json!(["globex"])).with("sub", json!("auth0|gina"));
    assert_eq!(tenant_outcomes(&app.bearer(claims.sign(&SigningKey::shared()))).await, ACME_ONLY);
    // Tenants need no registration.
    let response = app.tenant("initech").get("/api/initech/admin/users").await;
    assert_eq!((response.outcome().as_str(), response.text.as_str()), ("200", "[]"));
}

#[tokio::test]
async fn operator_token_covers_all_tenants() {
    let app = App::start().await;
    assert_eq!(tenant_outcomes(&app.operator()).await, BOTH);
    let response = app.operator().get("/api/unregistered/admin/users").await;
    assert_eq!(response.text, "[]");
    assert_eq!(app.operator().get("/api/No-Tenant/admin/users").await.status, 403);
    let claims = app.claims(OPERATOR_ISSUER).permissions(&ALL_PERMISSIONS);
    let claims = claims.with("tenants", json!([]));
    assert_eq!(tenant_outcomes(&app.bearer(claims.sign(&SigningKey::shared()))).await, BOTH);
}

fn client_with_claim<'a>(app: &'a App, tenants: &Value) -> Client<'a> {
    let claims = app.claims(CLAIM_ISSUER).permissions(&ALL_PERMISSIONS);
    app.bearer(claims.with("tenants", tenants.clone()).sign(&SigningKey::shared()))
}

#[tokio::test]
async fn claim_lists_covered_tenants() {
    let app = App::start().await;
    assert_eq!(tenant_outcomes(&client_with_claim(&app, &json!(["acme", "globex"]))).await, BOTH);
    assert_eq!(tenant_outcomes(&client_with_claim(&app, &json!(["acme"]))).await, ACME_ONLY);
    assert_eq!(tenant_outcomes(&client_with_claim(&app, &json!("acme"))).await, ACME_ONLY);
    assert_eq!(
        tenant_outcomes(&client_with_claim(&app, &json!(["acme", "acme", "initech"]))).await,
        ACME_ONLY
    );
}

#[tokio::test]
async fn claim_without_tenants_covers_none() {
    let app = App::start().await;
    for tenants in [json!([]), json!(""), json!(["initech"]), json!([""])] {
        assert_eq!(tenant_outcomes(&client_with_claim(&app, &tenants)).await, NEITHER, "{tenants}");
    }
    let claims = app.claims(CLAIM_ISSUER).permissions(&ALL_PERMISSIONS);
    assert_eq!(tenant_outcomes(&app.bearer(claims.sign(&SigningKey::shared()))).await, NEITHER);
    // Claims of other names or in other places are ignored.
    for (name, value) in [
        ("tenant", json!(["acme"])),
        ("Tenants", json!(["acme"])),
        ("https://example.com/tenants", json!(["acme"])),
        ("org_id", json!("acme")),
        ("app_metadata", json!({"tenants": ["acme"]})),
    ] {
        let claims = claims.clone().with(name, value);
        assert_eq!(
            tenant_outcomes(&app.bearer(claims.sign(&SigningKey::shared()))).await,
            NEITHER,
            "{name}"
        );
    }
}

#[tokio::test]
async fn malformed_tenants_in_the_claim_are_ignored() {
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
        assert_eq!(
            tenant_outcomes(&client_with_claim(&app, &json!(name))).await,
            NEITHER,
            "{name:?}"
        );
        // Valid names next to it still count.
        assert_eq!(
            tenant_outcomes(&client_with_claim(&app, &json!([name, "acme"]))).await,
            ACME_ONLY,
            "{name:?}"
        );
    }
}

#[tokio::test]
async fn mistyped_tenant_claim_is_malformed() {
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
        let client = client_with_claim(&app, &tenants);
        assert_rejected(&app, client.token().unwrap(), "the claims of the token are malformed")
            .await;
    }
}

/// Issuer templates with a second source of tenants, which can only narrow the first.
const TENANT_ISSUERS: &str = r#"
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
async fn claim_cannot_widen_a_tenant_issuer() {
    let app =
        App::start_with(AppOptions { settings: TENANT_ISSUERS, ..AppOptions::default() }).await;
    let issuer = "https://login.example.net/acme/";
    app.keys.publish(issuer, vec![SigningKey::shared().public()]);
    let claims = app.claims(issuer).permissions(&ALL_PERMISSIONS);
    for (tenants, expected) in [
        (json!(["acme"]), ACME_ONLY),
        (json!("acme"), ACME_ONLY),
        (json!(["acme", "globex"]), ACME_ONLY),
        (json!(["globex"]), NEITHER),
        (json!([]), NEITHER),
    ] {
        let client =
            app.bearer(claims.clone().with("tenants", tenants).sign(&SigningKey::shared()));
        assert_eq!(tenant_outcomes(&client).await, expected);
    }
    assert_eq!(tenant_outcomes(&app.bearer(claims.sign(&SigningKey::shared()))).await, NEITHER);
    // The path must be exactly one tenant.
    for path in ["acme", "acme/globex/", "../acme/", "acme//", "acme%2f/", "/", "ACME/", ""] {
        let issuer = format!("https://login.example.net/{path}");
        app.keys.publish(&issuer, vec![SigningKey::shared().public()]);
        let claims = app.claims(&issuer).permissions(&ALL_PERMISSIONS);
        let token = claims.with("tenants", json!(["acme"])).sign(&SigningKey::shared());
        assert_rejected(&app, &token, "the issuer of the token is not trusted").await;
        assert_eq!(app.keys.fetches(&issuer), 0);
    }
}

#[tokio::test]
async fn memberships_cannot_widen_a_tenant_issuer() {
    let app =
        App::start_with(AppOptions { settings: TENANT_ISSUERS, ..AppOptions::default() }).await;
    for tenant in ["acme", "globex"] {
        let issuer = format!("https://{tenant}.people.example.net");
        app.keys.publish(&issuer, vec![SigningKey::shared().public()]);
    }
    let member = |tenant: &str, subject: &str| {
        let claims = app.claims(&format!("https://{tenant}.people.example.net"));
        let claims = claims.permissions(&ALL_PERMISSIONS).with("sub", json!(subject));
        app.bearer(claims.sign(&SigningKey::shared()))
    };
    // Adam is an admin of acme and a viewer of globex.
    assert_eq!(tenant_outcomes(&member("acme", "auth0|adam")).await, ACME_ONLY);
    assert_eq!(
        tenant_outcomes(&member("globex", "auth0|adam")).await,
        ["403 tenant_forbidden", "200"]
    );
    assert_eq!(tenant_outcomes(&member("globex", "auth0|olga")).await, NEITHER);
    // A token of globex gives no access to acme.
    let read = member("globex", "auth0|adam").get("/api/v1/users/auth0%7Cmia").await;
    assert_eq!(read.outcome(), "404 user_not_found");
    let deleted = member("globex", "auth0|adam").delete("/api/v1/users/auth0%7Cmia").await;
    assert_eq!(deleted.outcome(), "403 insufficient_permission");
}

#[tokio::test]
async fn member_access_depends_on_role() {
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
        // The user is unknown, so that nothing is deleted.
        let deleted = member.delete("/api/acme/admin/users/auth0%7Cunknown").await;
        assert_eq!(deleted.outcome(), write, "{name}");
    }
}

#[tokio::test]
async fn insufficient_role_sends_no_challenge() {
    let app = App::start().await;
    let response = app.member("mia").get(LIST).await;
    assert_eq!(response.outcome(), "403 insufficient_permission");
    assert_eq!(response.header("www-authenticate"), None);
}

#[tokio::test]
async fn members_need_both_scope_and_role() {
    let app = App::start().await;
    let body = || json!({"email": "new@acme.example", "role": "member"});
    // Owner role without the write scope.
    let olga = app.member_with("olga", &["tenant.access:read"]);
    assert_eq!(olga.get(LIST).await.outcome(), "200");
    let response = olga.post(LIST, body()).await;
    assert_eq!(response.outcome(), "403 insufficient_permission");
    let challenge = "Bearer error=\"insufficient_scope\", scope=\"tenant.access:write\"";
    assert_eq!(response.header("www-authenticate"), Some(challenge));
    // Write does not imply read, even for an owner.
    let olga = app.member_with("olga", &["tenant.access:write"]);
    assert_eq!(olga.get(LIST).await.outcome(), "403 insufficient_permission");
    assert_eq!(olga.post(LIST, body()).await.outcome(), "201");
    // Write scope without a role that allows writing.
    let vera = app.member("vera");
    assert_eq!(vera.post(LIST, body()).await.outcome(), "403 insufficient_permission");
    // Without any scope, known and unknown tenants are indistinguishable.
    let without_scope = app.member_with("olga", &[]);
    for path in [LIST, GLOBEX, "/api/no-such-tenant/admin/users"] {
        assert_eq!(without_scope.get(path).await.outcome(), "403 insufficient_permission");
    }
}

#[tokio::test]
async fn subject_without_account_covers_no_tenant() {
    let app = App::start().await;
    let claims = app.claims(MEMBER_ISSUER).permissions(&ALL_PERMISSIONS);
    for subject in [
        "auth0|unknown",
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
        assert_eq!(tenant_outcomes(&app.bearer(token)).await, NEITHER, "{subject:?}");
    }
    let token = claims.without("sub").sign(&SigningKey::shared());
    let without_subject = app.bearer(token);
    assert_eq!(tenant_outcomes(&without_subject).await, NEITHER);
    let single = without_subject.get("/api/v1/users/auth0%7Colga").await;
    assert_eq!(single.outcome(), "403 insufficient_permission");
}

#[tokio::test]
async fn membership_change_applies_to_the_next_call() {
    let app = App::start().await;
    let (adam, operator) = (app.member("adam"), app.operator());
    let adam_path = "/api/acme/admin/users/auth0%7Cadam";
    let role_body = |role: &str| json!({"role": role, "name": null});
    let write = async || adam.delete("/api/acme/admin/users/auth0%7Cunknown").await.outcome();
    assert_eq!(write().await, "404 user_not_found");
    assert_eq!(operator.put(adam_path, role_body("viewer")).await.outcome(), "200");
    assert_eq!(write().await, "403 insufficient_permission");
    assert_eq!(tenant_outcomes(&adam).await, BOTH);
    assert_eq!(operator.put(adam_path, role_body("member")).await.outcome(), "200");
    assert_eq!(tenant_outcomes(&adam).await, ["403 insufficient_permission", "200"]);
    assert_eq!(operator.delete(adam_path).await.outcome(), "204");
    assert_eq!(tenant_outcomes(&adam).await, ["403 tenant_forbidden", "200"]);
    assert_eq!(write().await, "403 tenant_forbidden");
    let reattach = json!({"email": "adam@acme.example", "role": "owner"});
    assert_eq!(operator.post(LIST, reattach).await.outcome(), "201");
    assert_eq!(write().await, "404 user_not_found");
    assert_eq!(operator.delete("/api/v1/users/auth0%7Cadam").await.outcome(), "204");
    assert_eq!(tenant_outcomes(&adam).await, NEITHER);
}

#[tokio::test]
async fn role_outside_the_catalogue_gives_no_access() {
    let users = r#"{"id":"auth0|rex","email":"rex@acme.example","homeTenant":"acme","tenants":{"acme":"king","globex":"OWNER"}}"#;
    let app =
        App::start_with(AppOptions { users: users.to_owned(), ..AppOptions::default() }).await;
    assert_eq!(tenant_outcomes(&app.member("rex")).await, NEITHER);
}
