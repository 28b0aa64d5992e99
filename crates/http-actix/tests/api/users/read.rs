//! How a user is shown, and through which tenant.

use std::time::Duration;

use ports::Clock as _;
use serde_json::json;

use super::{USERS, ZED, change, user};
use crate::support::store::ON_AUTH0;
use crate::support::{App, Wishes};

#[tokio::test]
async fn user_is_shown_with_every_field() {
    let app = App::start().await;

    let olga = app.tenant("acme").get(&user("olga")).await;

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
    });
    assert_eq!((olga.status.as_u16(), olga.json()), (200, expected));
}

#[tokio::test]
async fn missing_required_texts_are_filled_in() {
    let app = App::start().await;

    let hal = app.tenant("acme").get(&user("hal")).await.json();

    assert_eq!(hal["username"], "hal@nowhere.example");
    assert_eq!((&hal["firstName"], &hal["lastName"]), (&json!(""), &json!("")));
}

#[tokio::test]
async fn unknown_times_are_null() {
    let app = App::start().await;

    let hal = app.tenant("acme").get(&user("hal")).await.json();

    // Auth0 knows it of every account.
    let changed = if ON_AUTH0 { json!(app.clock.now().to_string()) } else { json!(null) };
    assert_eq!(hal.get("updatedAt"), Some(&changed));
    assert_eq!(hal.get("lastLogin"), Some(&json!(null)));
}

#[tokio::test]
async fn change_sets_updated_at() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    app.clock.advance(Duration::from_millis(61_001));

    let body = change("mia@acme.example", "Mia", "Married");
    let answer = acme.put(&user("mia"), body).await;

    assert_eq!(answer.json()["updatedAt"], "2026-01-01T00:01:01.001Z");
}

#[tokio::test]
async fn service_user_is_shown_as_service_user() {
    let people = r#"{"id":"auth0|bot","email":"bot@acme.example","serviceUser":true,"tenants":{"acme":"member"}}"#;
    let app = App::start_with(Wishes { people: people.to_owned(), ..Wishes::default() }).await;

    let bot = app.tenant("acme").get(&user("bot")).await;

    assert_eq!(bot.json()["serviceUser"], true);
}

#[tokio::test]
async fn list_entry_equals_single_user_response() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let list = acme.get(&format!("{USERS}?filter[tenant]=acme")).await.json();

    assert_eq!(list["data"][5], acme.get(&user("olga")).await.json());
}

#[tokio::test]
async fn list_shows_the_tenant_of_the_filter() {
    let app = App::start().await;

    let list = app.operator().get(&format!("{USERS}?filter[tenant]=globex")).await.json();

    for shown in list["data"].as_array().unwrap() {
        assert_eq!(shown["tenantName"], "globex", "{shown}");
    }
}

#[tokio::test]
async fn home_tenant_is_shown_if_token_covers_it() {
    let app = App::start().await;
    let both = app.tenants(&["acme", "globex"]);

    let (adam, gus) = (both.get(&user("adam")).await, both.get(&user("gus")).await);

    assert_eq!(adam.json()["tenantName"], "acme");
    assert_eq!(gus.json()["tenantName"], "globex");
}

#[tokio::test]
async fn first_covered_tenant_is_shown_without_home() {
    let app = App::start_with(Wishes { people: ZED.to_owned(), ..Wishes::default() }).await;

    for (tenants, shown) in [
        (["globex", "acme"], "acme"),
        (["globex", "hooli"], "globex"),
        (["globex", "initech"], "initech"),
    ] {
        let zed = app.tenants(&tenants).get(&user("zed")).await;
        assert_eq!(zed.json()["tenantName"], shown, "{tenants:?}");
    }
}

#[tokio::test]
async fn tenant_token_shows_guest_in_that_tenant() {
    let app = App::start().await;

    let gus = app.tenant("acme").get(&user("gus")).await;

    assert_eq!(gus.json()["tenantName"], "acme");
}

#[tokio::test]
async fn operator_sees_user_in_home_tenant() {
    let app = App::start_with(Wishes { people: ZED.to_owned(), ..Wishes::default() }).await;

    let zed = app.operator().get(&user("zed")).await;

    assert_eq!(zed.json()["tenantName"], "initech");
}

#[tokio::test]
async fn operator_sees_detached_user_in_first_tenant() {
    let app = App::start_with(Wishes { people: ZED.to_owned(), ..Wishes::default() }).await;
    app.operator().delete("/api/initech/admin/users/auth0%7Czed").await;

    let zed = app.operator().get(&user("zed")).await;

    assert_eq!(zed.json()["tenantName"], "acme");
}

#[tokio::test]
async fn operator_sees_user_without_tenant() {
    let app = App::start().await;

    let ivy = app.operator().get(&user("ivy")).await;

    assert_eq!((ivy.status.as_u16(), &ivy.json()["tenantName"]), (200, &json!("")));
}

#[tokio::test]
async fn member_sees_user_in_tenant_it_can_read() {
    let people = r#"{"id":"auth0|max","email":"max@globex.example","homeTenant":"globex","tenants":{"acme":"member","globex":"viewer"}}"#;
    let app = App::start_with(Wishes { people: people.to_owned(), ..Wishes::default() }).await;

    let adam = app.member("max").get(&user("adam")).await;

    assert_eq!(adam.json()["tenantName"], "globex");
}

#[tokio::test]
async fn invisible_user_is_indistinguishable_from_unknown() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let nobody = acme.get(&user("nobody")).await;

    assert_eq!(nobody.outcome(), "404 user_not_found");
    for name in ["gina", "ivy", "%20", "%2Fmia"] {
        let answer = acme.get(&user(name)).await;
        assert_eq!(answer.without_request_id(), nobody.without_request_id(), "{name}");
    }
}

#[tokio::test]
async fn user_with_unknown_stored_role_is_hidden() {
    let people = r#"{"id":"auth0|zoe","email":"zoe@acme.example","homeTenant":"acme","tenants":{"acme":"superhero"}}"#;
    let app = App::start_with(Wishes { people: people.to_owned(), ..Wishes::default() }).await;
    let acme = app.tenant("acme");

    let list = acme.get(&format!("{USERS}?filter[tenant]=acme")).await;

    assert_eq!(acme.get(&user("zoe")).await.outcome(), "404 user_not_found");
    assert_eq!(list.json()["data"].as_array().unwrap().len(), 7);
}
