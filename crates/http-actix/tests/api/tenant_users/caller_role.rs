//! The caller's own role: what it allows, and the highest role it can grant or change (R3).

use serde_json::json;

use super::{ACME, user_path};
use crate::support::{App, AppOptions};

const FORBIDDEN: &str = "403 insufficient_permission";

#[tokio::test]
async fn admin_cannot_grant_role_above_own() {
    let app = App::start().await;
    let adam = app.member("adam");

    let created = adam.post(ACME, json!({"email": "new@acme.example", "role": "owner"})).await;
    let attached = adam.post(ACME, json!({"email": "ivy@nowhere.example", "role": "owner"})).await;
    let promoted = adam.put(&user_path("acme", "mia"), json!({"role": "owner"})).await;

    assert_eq!([created, attached, promoted].map(|response| response.outcome()), [FORBIDDEN; 3]);
}

#[tokio::test]
async fn admin_can_grant_roles_up_to_own() {
    let app = App::start().await;
    let adam = app.member("adam");

    let created = adam.post(ACME, json!({"email": "new@acme.example", "role": "admin"})).await;
    let promoted = adam.put(&user_path("acme", "mia"), json!({"role": "admin"})).await;

    assert_eq!([created, promoted].map(|response| response.outcome()), ["201", "200"]);
}

#[tokio::test]
async fn admin_cannot_change_or_detach_owner() {
    let app = App::start_with(AppOptions {
        users: r#"{"id":"auth0|otto","email":"otto@acme.example","tenants":{"acme":"owner"}}"#
            .to_owned(),
        ..AppOptions::default()
    })
    .await;
    let adam = app.member("adam");
    let olga = user_path("acme", "olga");

    let demoted = adam.put(&olga, json!({"role": "viewer"})).await;
    let renamed = adam.put(&olga, json!({"role": null, "name": "Another"})).await;
    let detached = adam.delete(&olga).await;

    assert_eq!([demoted, renamed, detached].map(|response| response.outcome()), [FORBIDDEN; 3]);
    let user = adam.get(&olga).await.json();
    assert_eq!((&user["tenantRole"], &user["name"]), (&json!("owner"), &json!("Olga O.")));
}

#[tokio::test]
async fn admin_can_change_and_detach_admin() {
    let app = App::start().await;
    let adam = app.member("adam");

    let demoted = adam.put(&user_path("acme", "bob"), json!({"role": "viewer"})).await;
    let detached = adam.delete(&user_path("acme", "bob")).await;

    assert_eq!([demoted, detached].map(|response| response.outcome()), ["200", "204"]);
}

#[tokio::test]
async fn owner_can_grant_every_role() {
    let app = App::start().await;
    let olga = app.member("olga");

    for role in ["owner", "admin", "viewer", "member"] {
        let response = olga.put(&user_path("acme", "mia"), json!({"role": role})).await;
        assert_eq!(response.json()["tenantRole"], role);
    }
}

#[tokio::test]
async fn program_without_role_can_grant_every_role() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let response = acme.put(&user_path("acme", "mia"), json!({"role": "owner"})).await;

    assert_eq!(response.outcome(), "200");
}

#[tokio::test]
async fn viewer_can_read_but_not_write() {
    let app = App::start().await;
    let vera = app.member("vera");

    let read = [vera.get(ACME).await, vera.get(&user_path("acme", "olga")).await];
    let written = [
        vera.post(ACME, json!({"email": "new@acme.example", "role": "member"})).await,
        vera.put(&user_path("acme", "mia"), json!({"role": "member"})).await,
        vera.delete(&user_path("acme", "mia")).await,
    ];

    assert_eq!(read.map(|response| response.outcome()), ["200"; 2]);
    assert_eq!(written.map(|response| response.outcome()), [FORBIDDEN; 3]);
}

#[tokio::test]
async fn member_role_allows_nothing_despite_token_permissions() {
    let app = App::start().await;
    let mia = app.member("mia");

    assert_eq!(mia.get(ACME).await.outcome(), FORBIDDEN);
    assert_eq!(mia.get(&user_path("acme", "mia")).await.outcome(), FORBIDDEN);
    assert_eq!(mia.delete(&user_path("acme", "vera")).await.outcome(), FORBIDDEN);
}

#[tokio::test]
async fn admin_role_requires_the_write_scope() {
    let app = App::start().await;
    let adam = app.member_with("adam", &["tenant.access:read"]);

    let response = adam.delete(&user_path("acme", "mia")).await;

    assert_eq!(response.outcome(), FORBIDDEN);
}

#[tokio::test]
async fn role_applies_in_its_own_tenant_only() {
    let app = App::start().await;
    let adam = app.member("adam");

    assert_eq!(adam.get("/api/globex/admin/users").await.outcome(), "200");
    assert_eq!(adam.delete(&user_path("globex", "gus")).await.outcome(), FORBIDDEN);
    assert_eq!(adam.get("/api/initech/admin/users").await.outcome(), "403 tenant_forbidden");
}

#[tokio::test]
async fn blocked_caller_is_forbidden() {
    let app = App::start().await;

    let response = app.member("bob").get(ACME).await;

    assert_eq!(response.outcome(), "403 tenant_forbidden");
}

#[tokio::test]
async fn lowered_role_applies_to_the_next_call() {
    let app = App::start().await;
    let adam = app.member("adam");
    assert_eq!(adam.get(ACME).await.outcome(), "200");

    app.tenant("acme").put(&user_path("acme", "adam"), json!({"role": "member"})).await;

    assert_eq!(adam.get(ACME).await.outcome(), FORBIDDEN);
}
