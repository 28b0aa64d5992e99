//! Creating users.

use serde_json::{Value, json};

use super::{USERS, field_errors, location, nina};
use crate::support::{App, Client};

async fn create(actor: &Client<'_>, body: Value) -> Value {
    let response = actor.post(USERS, body).await;
    assert_eq!(response.outcome(), "201", "{response:?}");
    response.json()
}

/// The user as contract A shows it in acme.
async fn view_in_acme(app: &App, user: &Value) -> Value {
    let path = format!("/api/acme/admin/users/{}", user["id"].as_str().unwrap());
    app.tenant("acme").get(&path).await.json()
}

#[tokio::test]
async fn created_user_has_the_sent_fields() {
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
        "managedHere": true,
        "status": "active",
    });
    assert_eq!(created, expected);
}

#[tokio::test]
async fn location_resolves_to_the_created_user() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let response = acme.post(USERS, nina()).await;

    assert_eq!(acme.get(&location(&response)).await.json(), response.json());
}

#[tokio::test]
async fn bar_in_location_is_percent_encoded() {
    let app = App::start().await;

    let response = app.tenant("acme").post(USERS, nina()).await;

    assert!(location(&response).starts_with("/api/v1/users/auth0%7C"));
}

#[tokio::test]
async fn created_user_is_on_the_next_list() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let created = create(&acme, nina()).await;

    let list = acme.get(&format!("{USERS}?filter[tenant]=acme")).await.json();
    assert!(list["data"].as_array().unwrap().contains(&created));
}

#[tokio::test]
async fn created_user_has_default_role_and_is_unblocked() {
    let app = App::start().await;

    let created = create(&app.tenant("acme"), nina()).await;

    let user = view_in_acme(&app, &created).await;
    assert_eq!((&user["tenantRole"], &user["blocked"]), (&json!("member"), &json!(false)));
}

#[tokio::test]
async fn created_user_has_the_configured_default_role() {
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

    assert_eq!(view_in_acme(&app, &created).await["tenantRole"], "reader");
}

#[tokio::test]
async fn service_user_can_be_created() {
    let app = App::start().await;
    let mut body = nina();
    body["serviceUser"] = json!(true);

    let created = create(&app.tenant("acme"), body).await;

    assert_eq!(created["serviceUser"], true);
}

#[tokio::test]
async fn email_and_username_are_stored_in_lower_case() {
    let app = App::start().await;
    let mut body = nina();
    (body["email"], body["username"]) = (json!("Nina@ACME.example"), json!("NiNa"));

    let created = create(&app.tenant("acme"), body).await;

    let stored = (&created["email"], &created["username"]);
    assert_eq!(stored, (&json!("nina@acme.example"), &json!("nina")));
}

#[tokio::test]
async fn sent_password_is_set_and_not_returned() {
    let app = App::start().await;
    let mut body = nina();
    body["password"] = json!("ninas-password");

    let response = app.tenant("acme").post(USERS, body).await;

    assert!(!response.text.to_lowercase().contains("password"), "{}", response.text);
    let body = json!({"currentPassword": "ninas-password", "newPassword": "another-password"});
    let path = location(&response).replace("v1", "v2") + "/change-password";
    assert_eq!(app.tenant("acme").patch(&path, body).await.outcome(), "200");
}

#[tokio::test]
async fn generated_password_is_not_returned() {
    let app = App::start().await;

    let response = app.tenant("acme").post(USERS, nina()).await;

    assert_eq!(response.status, 201);
    assert!(!response.text.to_lowercase().contains("password"), "{}", response.text);
}

#[tokio::test]
async fn generated_password_cannot_be_guessed() {
    let app = App::start().await;
    let response = app.tenant("acme").post(USERS, nina()).await;
    let path = location(&response).replace("v1", "v2") + "/change-password";

    for guess in ["", "nina", "nina@acme.example", "password", "null"] {
        let body = json!({"currentPassword": guess, "newPassword": "another-password"});
        let response = app.tenant("acme").patch(&path, body).await;
        assert_eq!(response.outcome(), "422 current_password_mismatch", "{guess}");
    }
}

#[tokio::test]
async fn email_of_another_account_is_taken() {
    let app = App::start().await;

    for email in ["mia@acme.example", "MIA@acme.EXAMPLE", "gina@globex.example"] {
        let mut body = nina();
        body["email"] = json!(email);
        let response = app.tenant("acme").post(USERS, body).await;
        assert_eq!(response.outcome(), "409 email_taken", "{email}");
        assert_eq!(field_errors(&response), ["email email_taken"], "{email}");
    }
}

#[tokio::test]
async fn username_of_another_account_is_taken() {
    let app = App::start().await;

    for username in ["mia", "MIA", "gina"] {
        let mut body = nina();
        body["username"] = json!(username);
        let response = app.tenant("acme").post(USERS, body).await;
        assert_eq!(response.outcome(), "409 username_taken", "{username}");
        assert_eq!(field_errors(&response), ["username username_taken"], "{username}");
    }
}

#[tokio::test]
async fn refused_create_changes_nothing() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    let mut body = nina();
    body["username"] = json!("mia");
    assert_eq!(acme.post(USERS, body).await.outcome(), "409 username_taken");

    let again = acme.post(USERS, nina()).await;

    assert_eq!(again.outcome(), "201");
}

#[tokio::test]
async fn user_cannot_be_created_in_uncovered_tenant() {
    let app = App::start().await;

    for tenant in ["globex", "unregistered"] {
        let mut body = nina();
        body["tenantName"] = json!(tenant);
        let response = app.tenant("acme").post(USERS, body).await;
        assert_eq!(response.outcome(), "403 tenant_forbidden", "{tenant}");
    }
}

#[tokio::test]
async fn operator_can_create_users_in_any_tenant() {
    let app = App::start().await;
    let mut body = nina();
    body["tenantName"] = json!("brand-new");

    let created = create(&app.operator(), body).await;

    assert_eq!(created["tenantName"], "brand-new");
}

#[tokio::test]
async fn admin_can_create_users_in_own_tenant_only() {
    let app = App::start().await;
    let mut globex_user = nina();
    globex_user["tenantName"] = json!("globex");

    let in_globex = app.member("adam").post(USERS, globex_user).await;
    let in_acme = app.member("adam").post(USERS, nina()).await;

    assert_eq!(in_globex.outcome(), "403 insufficient_permission");
    assert_eq!(in_acme.outcome(), "201");
}
