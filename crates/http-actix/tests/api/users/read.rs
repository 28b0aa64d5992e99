//! The view of a user, and the tenant shown in it.

use std::time::Duration;

use ports::Clock as _;
use serde_json::json;

use super::{USERS, ZED, change, user_path};
use crate::ON_AUTH0;
use crate::support::{App, AppOptions};

#[tokio::test]
async fn user_is_shown_with_every_field() {
    let app = App::start().await;

    let olga = app.tenant("acme").get(&user_path("olga")).await;

    let expected = json!({
        "id": "auth0|olga",
        "email": "olga@acme.example",
        "serviceUser": false,
        "tenantName": "acme",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "updatedAt": "2026-01-02T00:00:00.000Z",
        "username": "olga",
        "firstName": "Olga",
        "lastName": "Owner",
        "lastLogin": "2026-02-01T10:00:00.500Z",
        "managedHere": true,
        "status": "active",
    });
    assert_eq!((olga.status.as_u16(), olga.json()), (200, expected));
}

#[tokio::test]
async fn missing_required_texts_are_filled_in() {
    let app = App::start().await;

    let hal = app.tenant("acme").get(&user_path("hal")).await.json();

    assert_eq!(hal["username"], "hal@nowhere.example");
    assert_eq!((&hal["firstName"], &hal["lastName"]), (&json!(""), &json!("")));
}

#[tokio::test]
async fn unknown_times_are_null() {
    let app = App::start().await;

    let hal = app.tenant("acme").get(&user_path("hal")).await.json();

    // Auth0 has this time for every account.
    let updated_at = if ON_AUTH0 { json!(app.clock.now().to_string()) } else { json!(null) };
    assert_eq!(hal.get("updatedAt"), Some(&updated_at));
    assert_eq!(hal.get("lastLogin"), Some(&json!(null)));
}

#[tokio::test]
async fn change_sets_updated_at() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    app.clock.advance(Duration::from_millis(61_001));

    let body = change("mia@acme.example", "Mia", "Married");
    let response = acme.put(&user_path("mia"), body).await;

    assert_eq!(response.json()["updatedAt"], "2026-01-01T00:01:01.001Z");
}

#[tokio::test]
async fn service_user_is_shown_as_service_user() {
    let users = r#"{"id":"auth0|bot","email":"bot@acme.example","serviceUser":true,"tenants":{"acme":"member"}}"#;
    let app =
        App::start_with(AppOptions { users: users.to_owned(), ..AppOptions::default() }).await;

    let bot = app.tenant("acme").get(&user_path("bot")).await;

    assert_eq!(bot.json()["serviceUser"], true);
}

#[tokio::test]
async fn list_entry_equals_single_user_response() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let list = acme.get(&format!("{USERS}?filter[tenant]=acme")).await.json();

    assert_eq!(list["data"][5], acme.get(&user_path("olga")).await.json());
}

#[tokio::test]
async fn list_shows_the_tenant_of_the_filter() {
    let app = App::start().await;

    let list = app.operator().get(&format!("{USERS}?filter[tenant]=globex")).await.json();

    for entry in list["data"].as_array().unwrap() {
        assert_eq!(entry["tenantName"], "globex", "{entry}");
    }
}

#[tokio::test]
async fn home_tenant_is_shown_if_token_covers_it() {
    let app = App::start().await;
    let both = app.tenants(&["acme", "globex"]);

    let (adam, gus) = (both.get(&user_path("adam")).await, both.get(&user_path("gus")).await);

    assert_eq!(adam.json()["tenantName"], "acme");
    assert_eq!(gus.json()["tenantName"], "globex");
}

#[tokio::test]
async fn first_covered_tenant_is_shown_without_home() {
    let app = App::start_with(AppOptions { users: ZED.to_owned(), ..AppOptions::default() }).await;

    for (tenants, expected) in [
        (["globex", "acme"], "acme"),
        (["globex", "hooli"], "globex"),
        (["globex", "initech"], "initech"),
    ] {
        let zed = app.tenants(&tenants).get(&user_path("zed")).await;
        assert_eq!(zed.json()["tenantName"], expected, "{tenants:?}");
    }
}

#[tokio::test]
async fn tenant_token_shows_guest_in_that_tenant() {
    let app = App::start().await;

    let gus = app.tenant("acme").get(&user_path("gus")).await;

    assert_eq!(gus.json()["tenantName"], "acme");
}

#[tokio::test]
async fn operator_sees_user_in_home_tenant() {
    let app = App::start_with(AppOptions { users: ZED.to_owned(), ..AppOptions::default() }).await;

    let zed = app.operator().get(&user_path("zed")).await;

    assert_eq!(zed.json()["tenantName"], "initech");
}

#[tokio::test]
async fn operator_sees_detached_user_in_first_tenant() {
    let app = App::start_with(AppOptions { users: ZED.to_owned(), ..AppOptions::default() }).await;
    app.operator().delete("/api/initech/admin/users/auth0%7Czed").await;

    let zed = app.operator().get(&user_path("zed")).await;

    assert_eq!(zed.json()["tenantName"], "acme");
}

#[tokio::test]
async fn operator_sees_user_without_tenant() {
    let app = App::start().await;

    let ivy = app.operator().get(&user_path("ivy")).await;

    assert_eq!((ivy.status.as_u16(), &ivy.json()["tenantName"]), (200, &json!("")));
}

#[tokio::test]
async fn member_sees_user_in_tenant_it_can_read() {
    let users = r#"{"id":"auth0|max","email":"max@globex.example","homeTenant":"globex","tenants":{"acme":"member","globex":"viewer"}}"#;
    let app =
        App::start_with(AppOptions { users: users.to_owned(), ..AppOptions::default() }).await;

    let adam = app.member("max").get(&user_path("adam")).await;

    assert_eq!(adam.json()["tenantName"], "globex");
}

#[tokio::test]
async fn invisible_user_is_indistinguishable_from_unknown() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let unknown = acme.get(&user_path("unknown")).await;

    assert_eq!(unknown.outcome(), "404 user_not_found");
    for name in ["gina", "ivy", "%20", "%2Fmia"] {
        let response = acme.get(&user_path(name)).await;
        assert_eq!(response.without_request_id(), unknown.without_request_id(), "{name}");
    }
}

#[tokio::test]
async fn user_with_unknown_stored_role_is_hidden() {
    let users = r#"{"id":"auth0|zoe","email":"zoe@acme.example","homeTenant":"acme","tenants":{"acme":"superhero"}}"#;
    let app =
        App::start_with(AppOptions { users: users.to_owned(), ..AppOptions::default() }).await;
    let acme = app.tenant("acme");

    let list = acme.get(&format!("{USERS}?filter[tenant]=acme")).await;

    assert_eq!(acme.get(&user_path("zoe")).await.outcome(), "404 user_not_found");
    assert_eq!(list.json()["data"].as_array().unwrap().len(), 7);
}
