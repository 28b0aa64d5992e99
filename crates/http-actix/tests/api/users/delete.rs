//! Deleting users.

use serde_json::json;

use super::{USERS, nina, user};
use crate::support::{App, AppOptions};

const KEPT: &str = "409 last_protected_role_holder";

fn with(people: &str) -> AppOptions {
    AppOptions { users: people.to_owned(), ..AppOptions::default() }
}

const OTTO: &str = r#"{"id":"auth0|otto","email":"otto@acme.example","homeTenant":"acme","tenants":{"acme":"owner"}}"#;

#[tokio::test]
async fn a_deleted_user_is_gone() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let answer = acme.delete(&user("mia")).await;

    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    assert_eq!(acme.get(&user("mia")).await.outcome(), "404 user_not_found");
    assert_eq!(app.operator().get(&user("mia")).await.outcome(), "404 user_not_found");
}

#[tokio::test]
async fn a_deleted_user_is_gone_from_every_tenant() {
    let app = App::start().await;

    app.tenant("acme").delete(&user("adam")).await;

    let list = app.tenant("globex").get("/api/globex/admin/users").await.json();
    assert_eq!((&list[0]["id"], list.as_array().unwrap().len()), (&json!("auth0|gina"), 2));
}

#[tokio::test]
async fn nobody_is_deleted_twice() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    acme.delete(&user("mia")).await;

    assert_eq!(acme.delete(&user("mia")).await.outcome(), "404 user_not_found");
}

#[tokio::test]
async fn deletion_frees_address_and_username() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    acme.delete(&user("mia")).await;
    let mut body = nina();
    (body["email"], body["username"]) = (json!("mia@acme.example"), json!("mia"));

    let answer = acme.post(USERS, body).await;

    assert_eq!(answer.status, 201);
    assert_ne!(answer.json()["id"], "auth0|mia");
}

#[tokio::test]
async fn the_last_owner_cannot_be_deleted() {
    let app = App::start().await;

    for actor in [app.tenant("acme"), app.member("olga"), app.operator()] {
        assert_eq!(actor.delete(&user("olga")).await.outcome(), KEPT);
    }
    assert_eq!(app.tenant("acme").get(&user("olga")).await.outcome(), "200");
}

#[tokio::test]
async fn one_of_two_owners_can_be_deleted_and_then_the_other_cannot() {
    let app = App::start_with(with(OTTO)).await;
    let acme = app.tenant("acme");

    let (first, second) = (acme.delete(&user("olga")).await, acme.delete(&user("otto")).await);

    assert_eq!([first.outcome(), second.outcome()], ["204", KEPT]);
}

#[tokio::test]
async fn of_two_owners_deleted_at_once_one_stays() {
    let app = App::start_with(with(OTTO)).await;
    let acme = app.tenant("acme");
    let (olga, otto) = (user("olga"), user("otto"));

    let (first, second) = tokio::join!(acme.delete(&olga), acme.delete(&otto));

    let mut outcomes = [first.outcome(), second.outcome()];
    outcomes.sort();
    assert_eq!(outcomes, ["204", KEPT]);
}

#[tokio::test]
async fn the_last_owner_of_another_tenant_cannot_be_deleted_at_home() {
    let app = App::start_with(with(
        r#"{"id":"auth0|zoe","email":"zoe@acme.example","homeTenant":"acme","tenants":{"acme":"member","initech":"owner"}}"#,
    ))
    .await;

    assert_eq!(app.tenant("acme").delete(&user("zoe")).await.outcome(), KEPT);

    assert_eq!(app.tenant("initech").get(&user("zoe")).await.outcome(), "200");
}

#[tokio::test]
async fn a_blocked_owner_counts_for_nothing() {
    let app = App::start_with(with(
        r#"{"id":"auth0|otto","email":"otto@acme.example","blocked":true,"homeTenant":"acme","tenants":{"acme":"owner"}}"#,
    ))
    .await;
    let acme = app.tenant("acme");

    let (olga, otto) = (acme.delete(&user("olga")).await, acme.delete(&user("otto")).await);

    assert_eq!([olga.outcome(), otto.outcome()], [KEPT, "204"]);
}
