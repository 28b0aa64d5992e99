//! The caller's own role, where it is known: what it allows, and the ceiling it is (R3).

use serde_json::json;

use super::{ACME, user};
use crate::support::{App, AppOptions};

const FORBIDDEN: &str = "403 insufficient_permission";

#[tokio::test]
async fn an_admin_grants_no_role_above_its_own() {
    let app = App::start().await;
    let adam = app.member("adam");

    let created = adam.post(ACME, json!({"email": "new@acme.example", "role": "owner"})).await;
    let attached = adam.post(ACME, json!({"email": "ivy@nowhere.example", "role": "owner"})).await;
    let raised = adam.put(&user("acme", "mia"), json!({"role": "owner"})).await;

    assert_eq!([created, attached, raised].map(|answer| answer.outcome()), [FORBIDDEN; 3]);
}

#[tokio::test]
async fn an_admin_grants_roles_up_to_its_own() {
    let app = App::start().await;
    let adam = app.member("adam");

    let created = adam.post(ACME, json!({"email": "new@acme.example", "role": "admin"})).await;
    let raised = adam.put(&user("acme", "mia"), json!({"role": "admin"})).await;

    assert_eq!([created, raised].map(|answer| answer.outcome()), ["201", "200"]);
}

#[tokio::test]
async fn an_admin_does_not_touch_an_owner() {
    let app = App::start_with(AppOptions {
        users: r#"{"id":"auth0|otto","email":"otto@acme.example","tenants":{"acme":"owner"}}"#
            .to_owned(),
        ..AppOptions::default()
    })
    .await;
    let adam = app.member("adam");
    let olga = user("acme", "olga");

    let demoted = adam.put(&olga, json!({"role": "viewer"})).await;
    let renamed = adam.put(&olga, json!({"role": null, "name": "Another"})).await;
    let removed = adam.delete(&olga).await;

    assert_eq!([demoted, renamed, removed].map(|answer| answer.outcome()), [FORBIDDEN; 3]);
    let shown = adam.get(&olga).await.json();
    assert_eq!((&shown["tenantRole"], &shown["name"]), (&json!("owner"), &json!("Olga O.")));
}

#[tokio::test]
async fn an_admin_changes_and_removes_those_of_its_own_role() {
    let app = App::start().await;
    let adam = app.member("adam");

    let demoted = adam.put(&user("acme", "bob"), json!({"role": "viewer"})).await;
    let removed = adam.delete(&user("acme", "bob")).await;

    assert_eq!([demoted, removed].map(|answer| answer.outcome()), ["200", "204"]);
}

#[tokio::test]
async fn an_owner_grants_every_role() {
    let app = App::start().await;
    let olga = app.member("olga");

    for role in ["owner", "admin", "viewer", "member"] {
        let answer = olga.put(&user("acme", "mia"), json!({"role": role})).await;
        assert_eq!(answer.json()["tenantRole"], role);
    }
}

#[tokio::test]
async fn a_program_whose_role_is_unknown_grants_every_role() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let answer = acme.put(&user("acme", "mia"), json!({"role": "owner"})).await;

    assert_eq!(answer.outcome(), "200");
}

#[tokio::test]
async fn a_viewer_reads_and_does_not_write() {
    let app = App::start().await;
    let vera = app.member("vera");

    let read = [vera.get(ACME).await, vera.get(&user("acme", "olga")).await];
    let written = [
        vera.post(ACME, json!({"email": "new@acme.example", "role": "member"})).await,
        vera.put(&user("acme", "mia"), json!({"role": "member"})).await,
        vera.delete(&user("acme", "mia")).await,
    ];

    assert_eq!(read.map(|answer| answer.outcome()), ["200"; 2]);
    assert_eq!(written.map(|answer| answer.outcome()), [FORBIDDEN; 3]);
}

#[tokio::test]
async fn a_member_s_role_allows_nothing_whatever_its_token_says() {
    let app = App::start().await;
    let mia = app.member("mia");

    assert_eq!(mia.get(ACME).await.outcome(), FORBIDDEN);
    assert_eq!(mia.get(&user("acme", "mia")).await.outcome(), FORBIDDEN);
    assert_eq!(mia.delete(&user("acme", "vera")).await.outcome(), FORBIDDEN);
}

#[tokio::test]
async fn an_admin_s_role_allows_nothing_without_the_scope() {
    let app = App::start().await;
    let adam = app.member_with("adam", &["tenant.access:read"]);

    let answer = adam.delete(&user("acme", "mia")).await;

    assert_eq!(answer.outcome(), FORBIDDEN);
}

#[tokio::test]
async fn a_role_counts_in_its_own_tenant_only() {
    let app = App::start().await;
    let adam = app.member("adam");

    assert_eq!(adam.get("/api/globex/admin/users").await.outcome(), "200");
    assert_eq!(adam.delete(&user("globex", "gus")).await.outcome(), FORBIDDEN);
    assert_eq!(adam.get("/api/initech/admin/users").await.outcome(), "403 tenant_forbidden");
}

#[tokio::test]
async fn a_blocked_user_acts_nowhere() {
    let app = App::start().await;

    let answer = app.member("bob").get(ACME).await;

    assert_eq!(answer.outcome(), "403 tenant_forbidden");
}

#[tokio::test]
async fn a_role_taken_away_counts_no_longer() {
    let app = App::start().await;
    let adam = app.member("adam");
    assert_eq!(adam.get(ACME).await.outcome(), "200");

    app.tenant("acme").put(&user("acme", "adam"), json!({"role": "member"})).await;

    assert_eq!(adam.get(ACME).await.outcome(), FORBIDDEN);
}
