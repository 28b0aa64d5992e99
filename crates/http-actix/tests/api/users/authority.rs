//! Permission to change an account: home authority (R2) and the role ceiling (R3).

use serde_json::{Value, json};

use super::{ZED, change, user_path};
use crate::support::{App, AppOptions, Client};

const MANAGED: &str = "403 managed_by_another_tenant";
const FORBIDDEN: &str = "403 insufficient_permission";
const NOT_FOUND: &str = "404 user_not_found";

/// The outcomes of every call that changes an account: update, both password changes, delete.
async fn apply_all_changes(actor: &Client<'_>, name: &str, current_password: &str) -> [String; 4] {
    let v1 = user_path(name) + "/change-password";
    let v2 = v1.replace("v1", "v2");
    let passwords = json!({"currentPassword": current_password, "newPassword": "another-password"});
    let responses = [
        actor.put(&user_path(name), change("changed@acme.example", "Some", "Body")).await,
        actor.patch(&v2, passwords.clone()).await,
        actor.patch(&v1, passwords).await,
        actor.delete(&user_path(name)).await,
    ];
    responses.map(|response| response.outcome())
}

async fn view(actor: &Client<'_>, name: &str) -> Value {
    actor.get(&user_path(name)).await.json()
}

async fn has_password(app: &App, name: &str, password: &str) -> bool {
    let path = user_path(name).replace("v1", "v2") + "/change-password";
    let body = json!({"currentPassword": password, "newPassword": password});
    app.operator().patch(&path, body).await.status == 200
}

#[tokio::test]
async fn tenant_cannot_change_account_of_guest() {
    let app = App::start().await;

    let outcomes = apply_all_changes(&app.tenant("acme"), "gus", "guss-password").await;

    assert_eq!(outcomes, [MANAGED; 4]);
}

#[tokio::test]
async fn refused_change_is_invisible_to_the_home_tenant() {
    let app = App::start().await;
    let before = view(&app.tenant("globex"), "gus").await;

    apply_all_changes(&app.tenant("acme"), "gus", "guss-password").await;

    assert_eq!(view(&app.tenant("globex"), "gus").await, before);
    assert!(has_password(&app, "gus", "guss-password").await);
}

#[tokio::test]
async fn attaching_gives_no_authority_over_the_account() {
    let app = App::start().await;
    let initech = app.tenant("initech");
    let body = json!({"email": "mia@acme.example", "name": "Mine now", "role": "owner"});
    assert_eq!(initech.post("/api/initech/admin/users", body).await.status, 201);
    let acme = app.tenant("acme");
    let before = view(&acme, "mia").await;

    let outcomes = apply_all_changes(&initech, "mia", "mias-password").await;

    assert_eq!(outcomes, [MANAGED; 4]);
    assert_eq!(view(&acme, "mia").await, before);
    assert!(has_password(&app, "mia", "mias-password").await);
}

#[tokio::test]
async fn home_tenant_can_change_account_attached_elsewhere() {
    let app = App::start().await;

    let outcomes = apply_all_changes(&app.tenant("acme"), "adam", "adams-password").await;

    assert_eq!(outcomes, ["200", "200", "200", "204"]);
}

#[tokio::test]
async fn token_covering_home_tenant_has_home_authority() {
    let app = App::start().await;

    let outcomes =
        apply_all_changes(&app.tenants(&["acme", "globex"]), "gus", "guss-password").await;

    assert_eq!(outcomes, ["200", "200", "200", "204"]);
}

#[tokio::test]
async fn operator_can_change_every_account() {
    let app = App::start().await;

    let outcomes = apply_all_changes(&app.operator(), "gus", "guss-password").await;

    assert_eq!(outcomes, ["200", "200", "200", "204"]);
}

#[tokio::test]
async fn only_operators_can_change_account_without_home() {
    let users = r#"{"id":"auth0|hank","email":"hank@nowhere.example","password":"hanks-password","tenants":{"acme":"member"}}"#;
    let app =
        App::start_with(AppOptions { users: users.to_owned(), ..AppOptions::default() }).await;

    let by_tenant = apply_all_changes(&app.tenant("acme"), "hank", "hanks-password").await;
    let by_admin = apply_all_changes(&app.member("adam"), "hank", "hanks-password").await;
    let by_operator = apply_all_changes(&app.operator(), "hank", "hanks-password").await;

    assert_eq!((by_tenant, by_admin), ([MANAGED; 4].map(Into::into), [MANAGED; 4].map(Into::into)));
    assert_eq!(by_operator, ["200", "200", "200", "204"]);
}

#[tokio::test]
async fn home_tenant_cannot_see_detached_account() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    acme.delete("/api/acme/admin/users/auth0%7Cadam").await;

    let outcomes = apply_all_changes(&acme, "adam", "adams-password").await;

    assert_eq!(acme.get(&user_path("adam")).await.outcome(), NOT_FOUND);
    assert_eq!(outcomes, [NOT_FOUND; 4]);
}

#[tokio::test]
async fn guest_tenant_cannot_change_account_detached_from_home() {
    let app = App::start().await;
    app.tenant("acme").delete("/api/acme/admin/users/auth0%7Cadam").await;

    let outcomes = apply_all_changes(&app.tenant("globex"), "adam", "adams-password").await;

    assert_eq!(outcomes, [MANAGED; 4]);
}

#[tokio::test]
async fn token_of_home_and_guest_tenant_changes_detached_account() {
    let app = App::start().await;
    app.tenant("acme").delete("/api/acme/admin/users/auth0%7Cadam").await;

    let body = change("new@acme.example", "Adam", "Anew");
    let response = app.tenants(&["acme", "globex"]).put(&user_path("adam"), body).await;

    assert_eq!(response.outcome(), "200");
}

#[tokio::test]
async fn reattaching_at_home_restores_home_authority() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    acme.delete("/api/acme/admin/users/auth0%7Cadam").await;
    let body = json!({"email": "adam@acme.example", "role": "member"});
    acme.post("/api/acme/admin/users", body).await;

    let outcomes = apply_all_changes(&acme, "adam", "adams-password").await;

    assert_eq!(outcomes, ["200", "200", "200", "204"]);
}

#[tokio::test]
async fn admin_cannot_change_account_of_owner() {
    let users = r#"{"id":"auth0|otto","email":"otto@acme.example","password":"ottos-password","homeTenant":"acme","tenants":{"acme":"owner"}}"#;
    let app =
        App::start_with(AppOptions { users: users.to_owned(), ..AppOptions::default() }).await;

    let outcomes = apply_all_changes(&app.member("adam"), "otto", "ottos-password").await;

    assert_eq!(outcomes, [FORBIDDEN; 4]);
}

#[tokio::test]
async fn admin_can_change_accounts_up_to_own_role() {
    let app = App::start().await;

    let equal = apply_all_changes(&app.member("adam"), "bob", "bobs-password").await;
    let below = apply_all_changes(&app.member("adam"), "mia", "mias-password").await;

    assert_eq!((&equal, &below), (&below, &["200", "200", "200", "204"].map(Into::into)));
}

#[tokio::test]
async fn owner_can_change_account_of_owner() {
    let users = r#"{"id":"auth0|otto","email":"otto@acme.example","password":"ottos-password","homeTenant":"acme","tenants":{"acme":"owner"}}"#;
    let app =
        App::start_with(AppOptions { users: users.to_owned(), ..AppOptions::default() }).await;

    let outcomes = apply_all_changes(&app.member("olga"), "otto", "ottos-password").await;

    assert_eq!(outcomes, ["200", "200", "200", "204"]);
}

#[tokio::test]
async fn role_elsewhere_gives_no_home_authority() {
    // Max is an owner of globex only; the home tenant of adam is acme.
    let users = r#"{"id":"auth0|max","email":"max@globex.example","tenants":{"globex":"owner"}}"#;
    let app =
        App::start_with(AppOptions { users: users.to_owned(), ..AppOptions::default() }).await;

    let outcomes = apply_all_changes(&app.member("max"), "adam", "adams-password").await;

    assert_eq!(outcomes, [MANAGED; 4]);
}

#[tokio::test]
async fn home_then_ceiling_then_last_owner_is_checked() {
    let users = r#"{"id":"auth0|zoe","email":"zoe@initech.example","homeTenant":"initech","tenants":{"acme":"owner"}}"#;
    let app =
        App::start_with(AppOptions { users: users.to_owned(), ..AppOptions::default() }).await;
    let adam = app.member("adam");

    let owner_of_another_home = adam.delete(&user_path("zoe")).await;
    app.operator().delete("/api/acme/admin/users/auth0%7Czoe").await;
    let last_owner = adam.delete(&user_path("olga")).await;

    assert_eq!([owner_of_another_home.outcome(), last_owner.outcome()], [MANAGED, FORBIDDEN]);
}

#[tokio::test]
async fn guest_tenants_together_have_no_home_authority() {
    let app = App::start_with(AppOptions { users: ZED.to_owned(), ..AppOptions::default() }).await;

    let guests = apply_all_changes(&app.tenants(&["acme", "globex"]), "zed", "zeds-password").await;
    let home = apply_all_changes(&app.tenant("initech"), "zed", "zeds-password").await;

    assert_eq!(
        (guests, home),
        ([MANAGED; 4].map(Into::into), ["200", "200", "200", "204"].map(Into::into))
    );
}
