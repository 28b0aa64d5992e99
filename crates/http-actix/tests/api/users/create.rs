//! Creating users.

use serde_json::{Value, json};

use super::{USERS, location, nina, wrong};
use crate::support::{App, Client};

async fn create(actor: &Client<'_>, body: Value) -> Value {
    let answer = actor.post(USERS, body).await;
    assert_eq!(answer.outcome(), "201", "{answer:?}");
    answer.json()
}

/// How contract A shows a user to acme.
async fn in_acme(app: &App, user: &Value) -> Value {
    let path = format!("/api/acme/admin/users/{}", user["id"].as_str().unwrap());
    app.tenant("acme").get(&path).await.json()
}

#[tokio::test]
async fn a_user_is_created_with_what_was_sent() {
    let app = App::start().await;

    let mut created = create(&app.tenant("acme"), nina()).await;

    assert!(created["id"].take().as_str().unwrap().starts_with("auth0|"));
    let expected = json!({
        "id": null,
        "email": "nina@acme.example",
        "serviceUser": false,
        "tenantName": "acme",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "updatedAt": "2026-01-01T00:00:00.000Z",
        "username": "nina",
        "firstName": "Nina",
        "lastName": "New",
        "lastLogin": null,
    });
    assert_eq!(created, expected);
}

#[tokio::test]
async fn the_location_can_be_followed() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let answer = acme.post(USERS, nina()).await;

    assert_eq!(acme.get(&location(&answer)).await.json(), answer.json());
}

#[tokio::test]
async fn the_bar_in_a_location_is_escaped() {
    let app = App::start().await;

    let answer = app.tenant("acme").post(USERS, nina()).await;

    assert!(location(&answer).starts_with("/api/v1/users/auth0%7C"));
}

#[tokio::test]
async fn whoever_was_created_is_on_the_next_list() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let created = create(&acme, nina()).await;

    let list = acme.get(&format!("{USERS}?filter[tenant]=acme")).await.json();
    assert!(list["data"].as_array().unwrap().contains(&created));
}

#[tokio::test]
async fn a_user_is_created_with_the_default_role_and_not_blocked() {
    let app = App::start().await;

    let created = create(&app.tenant("acme"), nina()).await;

    let shown = in_acme(&app, &created).await;
    assert_eq!((&shown["tenantRole"], &shown["blocked"]), (&json!("member"), &json!(false)));
}

#[tokio::test]
async fn a_user_is_created_with_the_default_role_of_the_settings() {
    let settings = r#"
        [[roles]]
        name = "boss"
        may = ["read", "write"]
        [[roles]]
        name = "reader"
        may = ["read"]
        default = true
        [[roles]]
        name = "guest"
    "#;
    let app = App::start_with(crate::support::AppOptions { settings, ..Default::default() }).await;

    let created = create(&app.tenant("acme"), nina()).await;

    assert_eq!(in_acme(&app, &created).await["tenantRole"], "reader");
}

#[tokio::test]
async fn a_service_user_is_created_as_one() {
    let app = App::start().await;
    let mut body = nina();
    body["serviceUser"] = json!(true);

    let created = create(&app.tenant("acme"), body).await;

    assert_eq!(created["serviceUser"], true);
}

#[tokio::test]
async fn address_and_username_are_kept_in_lower_case() {
    let app = App::start().await;
    let mut body = nina();
    (body["email"], body["username"]) = (json!("Nina@ACME.example"), json!("NiNa"));

    let created = create(&app.tenant("acme"), body).await;

    let kept = (&created["email"], &created["username"]);
    assert_eq!(kept, (&json!("nina@acme.example"), &json!("nina")));
}

#[tokio::test]
async fn a_password_is_set_and_never_returned() {
    let app = App::start().await;
    let mut body = nina();
    body["password"] = json!("ninas-password");

    let answer = app.tenant("acme").post(USERS, body).await;

    assert!(!answer.text.to_lowercase().contains("password"), "{}", answer.text);
    let body = json!({"currentPassword": "ninas-password", "newPassword": "another-password"});
    let path = location(&answer).replace("v1", "v2") + "/change-password";
    assert_eq!(app.tenant("acme").patch(&path, body).await.outcome(), "200");
}

#[tokio::test]
async fn a_password_made_by_chance_is_never_returned() {
    let app = App::start().await;

    let answer = app.tenant("acme").post(USERS, nina()).await;

    assert_eq!(answer.status, 201);
    assert!(!answer.text.to_lowercase().contains("password"), "{}", answer.text);
}

#[tokio::test]
async fn a_password_made_by_chance_is_none_that_could_be_guessed() {
    let app = App::start().await;
    let answer = app.tenant("acme").post(USERS, nina()).await;
    let path = location(&answer).replace("v1", "v2") + "/change-password";

    for guess in ["", "nina", "nina@acme.example", "password", "null"] {
        let body = json!({"currentPassword": guess, "newPassword": "another-password"});
        let answer = app.tenant("acme").patch(&path, body).await;
        assert_eq!(answer.outcome(), "422 current_password_mismatch", "{guess}");
    }
}

#[tokio::test]
async fn the_address_of_another_account_is_taken() {
    let app = App::start().await;

    for email in ["mia@acme.example", "MIA@acme.EXAMPLE", "gina@globex.example"] {
        let mut body = nina();
        body["email"] = json!(email);
        let answer = app.tenant("acme").post(USERS, body).await;
        assert_eq!(answer.outcome(), "409 email_taken", "{email}");
        assert_eq!(wrong(&answer), ["email email_taken"], "{email}");
    }
}

#[tokio::test]
async fn the_username_of_another_account_is_taken() {
    let app = App::start().await;

    for username in ["mia", "MIA", "gina"] {
        let mut body = nina();
        body["username"] = json!(username);
        let answer = app.tenant("acme").post(USERS, body).await;
        assert_eq!(answer.outcome(), "409 username_taken", "{username}");
        assert_eq!(wrong(&answer), ["username username_taken"], "{username}");
    }
}

#[tokio::test]
async fn a_refused_creation_creates_nothing() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    let mut body = nina();
    body["username"] = json!("mia");
    assert_eq!(acme.post(USERS, body).await.outcome(), "409 username_taken");

    let again = acme.post(USERS, nina()).await;

    assert_eq!(again.outcome(), "201");
}

#[tokio::test]
async fn a_user_is_created_only_in_a_tenant_that_the_token_covers() {
    let app = App::start().await;

    for tenant in ["globex", "unheard-of"] {
        let mut body = nina();
        body["tenantName"] = json!(tenant);
        let answer = app.tenant("acme").post(USERS, body).await;
        assert_eq!(answer.outcome(), "403 tenant_forbidden", "{tenant}");
    }
}

#[tokio::test]
async fn an_operator_creates_users_in_any_tenant() {
    let app = App::start().await;
    let mut body = nina();
    body["tenantName"] = json!("brand-new");

    let created = create(&app.operator(), body).await;

    assert_eq!(created["tenantName"], "brand-new");
}

#[tokio::test]
async fn an_admin_creates_users_in_its_own_tenant_only() {
    let app = App::start().await;
    let mut elsewhere = nina();
    elsewhere["tenantName"] = json!("globex");

    let there = app.member("adam").post(USERS, elsewhere).await;
    let here = app.member("adam").post(USERS, nina()).await;

    assert_eq!(there.outcome(), "403 insufficient_permission");
    assert_eq!(here.outcome(), "201");
}
