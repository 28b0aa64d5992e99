//! Deleting users.

use serde_json::json;

use super::{USERS, nina, user_path};
use crate::support::{App, AppOptions};

const LAST_HOLDER: &str = "409 last_protected_role_holder";

fn with_user(user: &str) -> AppOptions {
    AppOptions { users: user.to_owned(), ..AppOptions::default() }
}

const OTTO: &str = r#"{"id":"auth0|otto","email":"otto@acme.example","homeTenant":"acme","tenants":{"acme":"owner"}}"#;

#[tokio::test]
async fn deleted_user_is_not_found() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let response = acme.delete(&user_path("mia")).await;

    assert_eq!((response.status.as_u16(), response.text.as_str()), (204, ""));
    assert_eq!(acme.get(&user_path("mia")).await.outcome(), "404 user_not_found");
    assert_eq!(app.operator().get(&user_path("mia")).await.outcome(), "404 user_not_found");
}

#[tokio::test]
async fn deleted_user_is_removed_from_every_tenant() {
    let app = App::start().await;

    app.tenant("acme").delete(&user_path("adam")).await;

    let list = app.tenant("globex").get("/api/globex/admin/users").await.json();
    assert_eq!((&list[0]["id"], list.as_array().unwrap().len()), (&json!("auth0|gina"), 2));
}

#[tokio::test]
async fn second_delete_is_not_found() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    acme.delete(&user_path("mia")).await;

    assert_eq!(acme.delete(&user_path("mia")).await.outcome(), "404 user_not_found");
}

#[tokio::test]
async fn delete_frees_email_and_username() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    acme.delete(&user_path("mia")).await;
    let mut body = nina();
    (body["email"], body["username"]) = (json!("mia@acme.example"), json!("mia"));

    let response = acme.post(USERS, body).await;

    assert_eq!(response.status, 201);
    assert_ne!(response.json()["id"], "auth0|mia");
}

#[tokio::test]
async fn last_owner_cannot_be_deleted() {
    let app = App::start().await;

    for actor in [app.tenant("acme"), app.member("olga"), app.operator()] {
        assert_eq!(actor.delete(&user_path("olga")).await.outcome(), LAST_HOLDER);
    }
    assert_eq!(app.tenant("acme").get(&user_path("olga")).await.outcome(), "200");
}

#[tokio::test]
async fn only_one_of_two_owners_can_be_deleted() {
    let app = App::start_with(with_user(OTTO)).await;
    let acme = app.tenant("acme");

    let (first, second) =
        (acme.delete(&user_path("olga")).await, acme.delete(&user_path("otto")).await);

    assert_eq!([first.outcome(), second.outcome()], ["204", LAST_HOLDER]);
}

#[tokio::test]
async fn concurrent_deletes_keep_one_owner() {
    let app = App::start_with(with_user(OTTO)).await;
    let acme = app.tenant("acme");
    let (olga, otto) = (user_path("olga"), user_path("otto"));

    let (first, second) = tokio::join!(acme.delete(&olga), acme.delete(&otto));

    let mut outcomes = [first.outcome(), second.outcome()];
    outcomes.sort();
    assert_eq!(outcomes, ["204", LAST_HOLDER]);
}

#[tokio::test]
async fn home_tenant_can_delete_last_owner_elsewhere() {
    let app = App::start_with(with_user(
        r#"{"id":"auth0|zoe","email":"zoe@acme.example","homeTenant":"acme","tenants":{"acme":"member","initech":"owner"}}"#,
    ))
    .await;

    assert_eq!(app.operator().delete(&user_path("zoe")).await.outcome(), LAST_HOLDER);

    assert_eq!(app.tenant("acme").delete(&user_path("zoe")).await.outcome(), "204");
}

#[tokio::test]
async fn blocked_owner_does_not_count_as_holder() {
    let app = App::start_with(with_user(
        r#"{"id":"auth0|otto","email":"otto@acme.example","blocked":true,"homeTenant":"acme","tenants":{"acme":"owner"}}"#,
    ))
    .await;
    let acme = app.tenant("acme");

    let (olga, otto) =
        (acme.delete(&user_path("olga")).await, acme.delete(&user_path("otto")).await);

    assert_eq!([olga.outcome(), otto.outcome()], [LAST_HOLDER, "204"]);
}
