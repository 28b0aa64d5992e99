//! Operations that each permission and role allows.

use serde_json::json;

use super::{USERS, change, nina, user_path};
use crate::support::{Answer, App, Client};

const FORBIDDEN: &str = "403 insufficient_permission";

async fn read(actor: &Client<'_>) -> [String; 2] {
    let list = actor.get(&format!("{USERS}?filter[tenant]=acme")).await;
    [list, actor.get(&user_path("mia")).await].map(|response: Answer| response.outcome())
}

async fn write(actor: &Client<'_>) -> [String; 5] {
    let v1 = user_path("mia") + "/change-password";
    let v2 = v1.replace("v1", "v2");
    let passwords = json!({"currentPassword": "mias-password", "newPassword": "another-password"});
    let responses = [
        actor.post(USERS, nina()).await,
        actor.put(&user_path("mia"), change("mia@acme.example", "Mia", "Married")).await,
        actor.patch(&v2, passwords.clone()).await,
        actor.patch(&v1, passwords).await,
        actor.delete(&user_path("mia")).await,
    ];
    responses.map(|response| response.outcome())
}

#[tokio::test]
async fn view_permission_allows_reading() {
    let app = App::start().await;

    let outcomes = read(&app.tenant_with("acme", &["VIEW_USERS_AND_GROUPS"])).await;

    assert_eq!(outcomes, ["200"; 2]);
}

#[tokio::test]
async fn view_permission_does_not_allow_writing() {
    let app = App::start().await;

    let outcomes = write(&app.tenant_with("acme", &["VIEW_USERS_AND_GROUPS"])).await;

    assert_eq!(outcomes, [FORBIDDEN; 5]);
}

#[tokio::test]
async fn modify_permission_allows_reading() {
    let app = App::start().await;

    let outcomes = read(&app.tenant_with("acme", &["MODIFY_USERS_AND_GROUPS"])).await;

    assert_eq!(outcomes, ["200"; 2]);
}

#[tokio::test]
async fn modify_permission_allows_writing() {
    let app = App::start().await;

    let outcomes = write(&app.tenant_with("acme", &["MODIFY_USERS_AND_GROUPS"])).await;

    assert_eq!(outcomes, ["201", "200", "200", "200", "204"]);
}

#[tokio::test]
async fn contract_a_scopes_allow_nothing() {
    let app = App::start().await;
    let actor = app.tenant_with("acme", &["tenant.access:read", "tenant.access:write"]);

    assert_eq!(read(&actor).await, [FORBIDDEN; 2]);
    assert_eq!(write(&actor).await, [FORBIDDEN; 5]);
}

#[tokio::test]
async fn viewer_role_allows_reading_only() {
    let app = App::start().await;
    let vera = app.member("vera");

    assert_eq!(read(&vera).await, ["200"; 2]);
    assert_eq!(write(&vera).await, [FORBIDDEN; 5]);
}

#[tokio::test]
async fn member_role_allows_nothing() {
    let app = App::start().await;
    let hal = app.member("hal");

    assert_eq!(read(&hal).await, [FORBIDDEN; 2]);
    assert_eq!(write(&hal).await, [FORBIDDEN; 5]);
}
