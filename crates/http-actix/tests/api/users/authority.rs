//! Who may change what is the account's own: home authority (R2) and the role ceiling (R3).

use serde_json::{Value, json};

use super::{ZED, change, user};
use crate::support::{App, AppOptions, Client};

const MANAGED: &str = "403 managed_by_another_tenant";
const FORBIDDEN: &str = "403 insufficient_permission";
const UNKNOWN: &str = "404 user_not_found";

/// Everything that changes an account: its own, its password in both ways, its end.
async fn change_all(actor: &Client<'_>, name: &str, current_password: &str) -> [String; 4] {
    let v1 = user(name) + "/change-password";
    let v2 = v1.replace("v1", "v2");
    let passwords = json!({"currentPassword": current_password, "newPassword": "another-password"});
    let answers = [
        actor.put(&user(name), change("changed@acme.example", "Some", "Body")).await,
        actor.patch(&v2, passwords.clone()).await,
        actor.patch(&v1, passwords).await,
        actor.delete(&user(name)).await,
    ];
    answers.map(|answer| answer.outcome())
}

async fn shown(actor: &Client<'_>, name: &str) -> Value {
    actor.get(&user(name)).await.json()
}

async fn has_password(app: &App, name: &str, password: &str) -> bool {
    let path = user(name).replace("v1", "v2") + "/change-password";
    let body = json!({"currentPassword": password, "newPassword": password});
    app.operator().patch(&path, body).await.status == 200
}

#[tokio::test]
async fn a_guest_s_account_is_not_ours_to_change() {
    let app = App::start().await;

    let outcomes = change_all(&app.tenant("acme"), "gus", "guss-password").await;

    assert_eq!(outcomes, [MANAGED; 4]);
}

#[tokio::test]
async fn a_refused_change_cannot_be_seen_by_the_home_tenant() {
    let app = App::start().await;
    let before = shown(&app.tenant("globex"), "gus").await;

    change_all(&app.tenant("acme"), "gus", "guss-password").await;

    assert_eq!(shown(&app.tenant("globex"), "gus").await, before);
    assert!(has_password(&app, "gus", "guss-password").await);
}

#[tokio::test]
async fn attaching_a_stranger_gives_no_authority_over_the_account() {
    let app = App::start().await;
    let initech = app.tenant("initech");
    let body = json!({"email": "mia@acme.example", "name": "Mine now", "role": "owner"});
    assert_eq!(initech.post("/api/initech/admin/users", body).await.status, 201);
    let acme = app.tenant("acme");
    let before = shown(&acme, "mia").await;

    let outcomes = change_all(&initech, "mia", "mias-password").await;

    assert_eq!(outcomes, [MANAGED; 4]);
    assert_eq!(shown(&acme, "mia").await, before);
    assert!(has_password(&app, "mia", "mias-password").await);
}

#[tokio::test]
async fn the_home_tenant_changes_an_account_that_is_attached_elsewhere_too() {
    let app = App::start().await;

    let outcomes = change_all(&app.tenant("acme"), "adam", "adams-password").await;

    assert_eq!(outcomes, ["200", "200", "200", "204"]);
}

#[tokio::test]
async fn a_token_that_covers_the_home_among_others_has_its_authority() {
    let app = App::start().await;

    let outcomes = change_all(&app.tenants(&["acme", "globex"]), "gus", "guss-password").await;

    assert_eq!(outcomes, ["200", "200", "200", "204"]);
}

#[tokio::test]
async fn an_operator_has_authority_over_every_account() {
    let app = App::start().await;

    let outcomes = change_all(&app.operator(), "gus", "guss-password").await;

    assert_eq!(outcomes, ["200", "200", "200", "204"]);
}

#[tokio::test]
async fn an_account_without_a_home_is_the_operators_alone() {
    let people = r#"{"id":"auth0|hank","email":"hank@nowhere.example","password":"hanks-password","tenants":{"acme":"member"}}"#;
    let app =
        App::start_with(AppOptions { users: people.to_owned(), ..AppOptions::default() }).await;

    let by_tenant = change_all(&app.tenant("acme"), "hank", "hanks-password").await;
    let by_admin = change_all(&app.member("adam"), "hank", "hanks-password").await;
    let by_operator = change_all(&app.operator(), "hank", "hanks-password").await;

    assert_eq!((by_tenant, by_admin), ([MANAGED; 4].map(Into::into), [MANAGED; 4].map(Into::into)));
    assert_eq!(by_operator, ["200", "200", "200", "204"]);
}

#[tokio::test]
async fn a_home_that_let_the_account_go_sees_it_no_more() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    acme.delete("/api/acme/admin/users/auth0%7Cadam").await;

    let outcomes = change_all(&acme, "adam", "adams-password").await;

    assert_eq!(acme.get(&user("adam")).await.outcome(), UNKNOWN);
    assert_eq!(outcomes, [UNKNOWN; 4]);
}

#[tokio::test]
async fn an_account_that_its_home_let_go_is_nobody_else_s_either() {
    let app = App::start().await;
    app.tenant("acme").delete("/api/acme/admin/users/auth0%7Cadam").await;

    let outcomes = change_all(&app.tenant("globex"), "adam", "adams-password").await;

    assert_eq!(outcomes, [MANAGED; 4]);
}

#[tokio::test]
async fn a_token_of_home_and_another_still_changes_what_home_let_go() {
    let app = App::start().await;
    app.tenant("acme").delete("/api/acme/admin/users/auth0%7Cadam").await;

    let body = change("new@acme.example", "Adam", "Anew");
    let answer = app.tenants(&["acme", "globex"]).put(&user("adam"), body).await;

    assert_eq!(answer.outcome(), "200");
}

#[tokio::test]
async fn a_home_that_takes_the_account_back_has_its_authority_again() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    acme.delete("/api/acme/admin/users/auth0%7Cadam").await;
    let body = json!({"email": "adam@acme.example", "role": "member"});
    acme.post("/api/acme/admin/users", body).await;

    let outcomes = change_all(&acme, "adam", "adams-password").await;

    assert_eq!(outcomes, ["200", "200", "200", "204"]);
}

#[tokio::test]
async fn an_admin_does_not_change_an_owner_s_account() {
    let people = r#"{"id":"auth0|otto","email":"otto@acme.example","password":"ottos-password","homeTenant":"acme","tenants":{"acme":"owner"}}"#;
    let app =
        App::start_with(AppOptions { users: people.to_owned(), ..AppOptions::default() }).await;

    let outcomes = change_all(&app.member("adam"), "otto", "ottos-password").await;

    assert_eq!(outcomes, [FORBIDDEN; 4]);
}

#[tokio::test]
async fn an_admin_changes_accounts_up_to_its_own_role() {
    let app = App::start().await;

    let equal = change_all(&app.member("adam"), "bob", "bobs-password").await;
    let below = change_all(&app.member("adam"), "mia", "mias-password").await;

    assert_eq!((&equal, &below), (&below, &["200", "200", "200", "204"].map(Into::into)));
}

#[tokio::test]
async fn an_owner_changes_an_owner_s_account() {
    let people = r#"{"id":"auth0|otto","email":"otto@acme.example","password":"ottos-password","homeTenant":"acme","tenants":{"acme":"owner"}}"#;
    let app =
        App::start_with(AppOptions { users: people.to_owned(), ..AppOptions::default() }).await;

    let outcomes = change_all(&app.member("olga"), "otto", "ottos-password").await;

    assert_eq!(outcomes, ["200", "200", "200", "204"]);
}

#[tokio::test]
async fn a_role_elsewhere_gives_no_authority_at_home() {
    // Max may write in globex only; adam is at home in acme.
    let people = r#"{"id":"auth0|max","email":"max@globex.example","tenants":{"globex":"owner"}}"#;
    let app =
        App::start_with(AppOptions { users: people.to_owned(), ..AppOptions::default() }).await;

    let outcomes = change_all(&app.member("max"), "adam", "adams-password").await;

    assert_eq!(outcomes, [MANAGED; 4]);
}

#[tokio::test]
async fn the_home_is_looked_at_before_the_ceiling_and_that_before_the_last_owner() {
    let people = r#"{"id":"auth0|zoe","email":"zoe@initech.example","homeTenant":"initech","tenants":{"acme":"owner"}}"#;
    let app =
        App::start_with(AppOptions { users: people.to_owned(), ..AppOptions::default() }).await;
    let adam = app.member("adam");

    let owner_of_another_home = adam.delete(&user("zoe")).await;
    app.operator().delete("/api/acme/admin/users/auth0%7Czoe").await;
    let last_owner = adam.delete(&user("olga")).await;

    assert_eq!([owner_of_another_home.outcome(), last_owner.outcome()], [MANAGED, FORBIDDEN]);
}

#[tokio::test]
async fn a_guest_of_several_tenants_belongs_to_its_home_alone() {
    let app = App::start_with(AppOptions { users: ZED.to_owned(), ..AppOptions::default() }).await;

    let guests = change_all(&app.tenants(&["acme", "globex"]), "zed", "zeds-password").await;
    let home = change_all(&app.tenant("initech"), "zed", "zeds-password").await;

    assert_eq!(
        (guests, home),
        ([MANAGED; 4].map(Into::into), ["200", "200", "200", "204"].map(Into::into))
    );
}
