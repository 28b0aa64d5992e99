//! Full, partial and refused updates of users.

use serde_json::json;

use super::{USERS, change, field_errors, user_path};
use crate::support::App;

#[tokio::test]
async fn email_and_names_change_together() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let response = acme.put(&user_path("mia"), change("New@ACME.example", "Maria", "Moved")).await;

    let expected = json!({
        "id": "auth0|mia",
        "email": "new@acme.example",
        "serviceUser": false,
        "tenantName": "acme",
        "createdAt": "2026-01-04T00:00:00.000Z",
        "updatedAt": "2026-01-01T00:00:00.000Z",
        "username": "mia",
        "firstName": "Maria",
        "lastName": "Moved",
        "lastLogin": null,
        "managedHere": true,
        "status": "active",
    });
    assert_eq!((response.status.as_u16(), response.json()), (200, expected.clone()));
    assert_eq!(acme.get(&user_path("mia")).await.json(), expected);
}

#[tokio::test]
async fn change_is_visible_on_the_next_list() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let changed = acme.put(&user_path("adam"), change("a@acme.example", "A", "B")).await.json();

    let list = acme.get(&format!("{USERS}?filter[tenant]=acme")).await.json();
    assert_eq!(list["data"][0], changed);
}

#[tokio::test]
async fn old_email_becomes_available() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    acme.put(&user_path("mia"), change("new@acme.example", "Mia", "Member")).await;

    let response = acme.put(&user_path("vera"), change("mia@acme.example", "Vera", "Viewer")).await;

    assert_eq!(response.outcome(), "200");
}

#[tokio::test]
async fn unchanged_values_are_accepted() {
    let app = App::start().await;

    for email in ["mia@acme.example", "MIA@acme.example"] {
        let response =
            app.tenant("acme").put(&user_path("mia"), change(email, "Mia", "Member")).await;
        assert_eq!(response.status, 200);
        assert_eq!(response.json()["email"], "mia@acme.example");
    }
}

#[tokio::test]
async fn empty_names_are_accepted() {
    let app = App::start().await;

    let response =
        app.tenant("acme").put(&user_path("mia"), change("mia@acme.example", "", "")).await;

    assert_eq!(response.status, 200);
    let user = response.json();
    assert_eq!((&user["firstName"], &user["lastName"]), (&json!(""), &json!("")));
}

#[tokio::test]
async fn taken_email_still_changes_the_names() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let response =
        acme.put(&user_path("mia"), change("olga@acme.example", "Maria", "Member")).await;

    assert_eq!(response.status, 207);
    let mut user = response.json();
    user.as_object_mut().unwrap().remove("errors");
    assert_eq!((&user["email"], &user["firstName"]), (&json!("mia@acme.example"), &json!("Maria")));
    assert_eq!(acme.get(&user_path("mia")).await.json(), user);
}

#[tokio::test]
async fn partial_change_reports_the_unchanged_field() {
    let app = App::start().await;

    let body = change("olga@acme.example", "Mia", "Married");
    let response = app.tenant("acme").put(&user_path("mia"), body).await;

    let errors = response.json()["errors"].clone();
    assert_eq!(errors.as_array().unwrap().len(), 1);
    assert_eq!(errors[0]["code"], "email_taken");
    assert!(errors[0]["detail"].is_string());
    let meta = json!({"field": "email", "requestId": response.header("x-request-id")});
    assert_eq!(errors[0]["meta"], meta);
}

#[tokio::test]
async fn email_taken_in_another_tenant_is_taken() {
    let app = App::start().await;

    let body = change("GINA@globex.example", "Maria", "Member");
    let response = app.tenant("acme").put(&user_path("mia"), body).await;

    assert_eq!(response.status, 207);
}

#[tokio::test]
async fn taken_email_with_equal_names_is_a_conflict() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    let before = acme.get(&user_path("mia")).await.json();

    let response = acme.put(&user_path("mia"), change("olga@acme.example", "Mia", "Member")).await;

    assert_eq!(response.outcome(), "409 email_taken");
    assert_eq!(field_errors(&response), ["email email_taken"]);
    assert_eq!(acme.get(&user_path("mia")).await.json(), before);
}

#[tokio::test]
async fn empty_names_equal_missing_names() {
    let app = App::start().await;

    let response = app.operator().put(&user_path("hal"), change("olga@acme.example", "", "")).await;

    assert_eq!(response.outcome(), "409 email_taken");
}

#[tokio::test]
async fn change_keeps_role_and_username() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let changed = acme.put(&user_path("adam"), change("new@acme.example", "A", "B")).await.json();

    let user = acme.get("/api/acme/admin/users/auth0%7Cadam").await.json();
    assert_eq!((&changed["username"], &user["tenantRole"]), (&json!("adam"), &json!("admin")));
}

#[tokio::test]
async fn missing_username_is_shown_as_new_email() {
    let app = App::start().await;

    let body = change("new@acme.example", "Vera", "Viewer");
    let response = app.tenant("acme").put(&user_path("vera"), body).await;

    assert_eq!(response.json()["username"], "new@acme.example");
}

#[tokio::test]
async fn user_of_another_tenant_is_indistinguishable_from_unknown() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    let body = change("new@acme.example", "A", "B");

    let of_other_tenant = acme.put(&user_path("gina"), body.clone()).await;
    let unknown = acme.put(&user_path("unknown"), body).await;

    assert_eq!(of_other_tenant.outcome(), "404 user_not_found");
    assert_eq!(of_other_tenant.without_request_id(), unknown.without_request_id());
}
