//! The caller's own rights and memberships.

use ports::Clock as _;
use serde_json::{Value, json};

use super::{NIA_ID, app_with_nia, attach_nia, vouch};
use crate::support::App;

#[tokio::test]
async fn me_shows_rights_and_memberships_of_a_member() {
    let app = app_with_nia().await;
    attach_nia(&app.tenant("acme"), "viewer").await;
    let since = app.clock.now().to_string();
    let nia = app.member_with("nia", &["tenant.access:read", "tenant.access:write"]);
    let me = nia.get("/api/v1/me");
    assert_eq!(
        me.await.json(),
        json!({
            "issuer": "https://login.example.com/", "subject": "auth0|nia", "allTenants": false,
            "permissions": ["tenant.access:read", "tenant.access:write"],
            "tenants": [{"tenant": "globex", "role": "admin", "may": ["read", "write"]}],
            "memberships": [
                {"tenant": "acme", "role": "viewer", "status": "pending", "managedHere": false,
                 "since": since},
                {"tenant": "globex", "role": "admin", "status": "active", "managedHere": true,
                 "since": null},
            ],
        })
    );
}

#[tokio::test]
async fn me_of_a_program_has_no_memberships() {
    let app = App::start().await;
    let me = app.tenant_with("acme", &["VIEW_USERS_AND_GROUPS"]).get("/api/v1/me").await.json();
    assert_eq!(me["tenants"], json!([{"tenant": "acme", "role": null, "may": ["read"]}]));
    assert_eq!(me.get("memberships"), None);
    let me = app.operator().get("/api/v1/me").await.json();
    assert_eq!((&me["allTenants"], &me["tenants"]), (&json!(true), &json!([])));
    assert_eq!(me.get("memberships"), None);
    assert_eq!(app.anonymous().get("/api/v1/me").await.outcome(), "401 missing_token");
    let answer = app.operator().get("/api/v1/me?x=1").await;
    assert_eq!(answer.outcome(), "400 unknown_parameter");
}

#[tokio::test]
async fn person_leaves_a_tenant_once() {
    let app = app_with_nia().await;
    vouch(&app, NIA_ID, true).await;
    attach_nia(&app.tenant("acme"), "viewer").await;
    let nia = app.member_with("nia", &[]);
    let path = "/api/v1/me/memberships/acme";
    assert_eq!(nia.delete(path).await.outcome(), "204");
    assert_eq!(nia.delete(path).await.outcome(), "404 not_found");
    let answer = app.tenant("acme").get(&format!("/api/acme/admin/users/{NIA_ID}")).await;
    assert_eq!(answer.outcome(), "404 user_not_found");
    let me = nia.get("/api/v1/me").await.json();
    assert_eq!(me["memberships"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn person_leaves_a_tenant_where_it_is_pending() {
    let app = app_with_nia().await;
    attach_nia(&app.tenant("acme"), "owner").await;
    let answer = app.member("nia").delete("/api/v1/me/memberships/acme").await;
    assert_eq!(answer.outcome(), "204");
}

#[tokio::test]
async fn last_owner_cannot_leave() {
    let app = App::start().await;
    let answer = app.member("olga").delete("/api/v1/me/memberships/acme").await;
    assert_eq!(answer.outcome(), "409 last_protected_role_holder");
}

#[tokio::test]
async fn blocked_person_cannot_leave() {
    let app = App::start().await;
    let answer = app.member("bob").delete("/api/v1/me/memberships/acme").await;
    assert_eq!(answer.outcome(), "403 insufficient_permission");
}

#[tokio::test]
async fn subject_without_account_cannot_leave() {
    let app = App::start().await;
    let path = "/api/v1/me/memberships/acme";
    for client in [app.tenant("acme"), app.operator(), app.member("nobody")] {
        assert_eq!(client.delete(path).await.outcome(), "403 subject_not_an_account");
    }
    let gina = app.member("gina");
    assert_eq!(gina.delete(path).await.outcome(), "404 not_found");
    assert_eq!(gina.delete("/api/v1/me/memberships/No-Label").await.outcome(), "404 not_found");
    let me: Value = app.member("nobody").get("/api/v1/me").await.json();
    assert_eq!((&me["tenants"], me.get("memberships")), (&json!([]), None));
}
