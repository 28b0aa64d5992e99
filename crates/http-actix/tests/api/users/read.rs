//! How a user is shown, and through which tenant.

use std::time::Duration;

use ports::Clock as _;
use serde_json::json;

use super::{USERS, ZED, change, user};
use crate::support::store::ON_AUTH0;
use crate::support::{App, AppOptions};

#[tokio::test]
async fn a_user_is_shown_whole() {
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
async fn required_texts_that_are_not_known_are_filled_in() {
    let app = App::start().await;

    let hal = app.tenant("acme").get(&user("hal")).await.json();

    assert_eq!(hal["username"], "hal@nowhere.example");
    assert_eq!((&hal["firstName"], &hal["lastName"]), (&json!(""), &json!("")));
}

#[tokio::test]
async fn times_that_are_not_known_are_present_and_null() {
    let app = App::start().await;

    let hal = app.tenant("acme").get(&user("hal")).await.json();

    // Auth0 knows it of every account.
    let changed = if ON_AUTH0 { json!(app.clock.now().to_string()) } else { json!(null) };
    assert_eq!(hal.get("updatedAt"), Some(&changed));
    assert_eq!(hal.get("lastLogin"), Some(&json!(null)));
}

#[tokio::test]
async fn a_change_moves_the_time_of_the_last_change() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    app.clock.advance(Duration::from_millis(61_001));

    let body = change("mia@acme.example", "Mia", "Married");
    let answer = acme.put(&user("mia"), body).await;

    assert_eq!(answer.json()["updatedAt"], "2026-01-01T00:01:01.001Z");
}

#[tokio::test]
async fn a_service_user_is_shown_as_one() {
    let people = r#"{"id":"auth0|bot","email":"bot@acme.example","serviceUser":true,"tenants":{"acme":"member"}}"#;
    let app =
        App::start_with(AppOptions { users: people.to_owned(), ..AppOptions::default() }).await;

    let bot = app.tenant("acme").get(&user("bot")).await;

    assert_eq!(bot.json()["serviceUser"], true);
}

#[tokio::test]
async fn the_list_shows_a_user_as_the_single_answer_does() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let list = acme.get(&format!("{USERS}?filter[tenant]=acme")).await.json();

    assert_eq!(list["data"][5], acme.get(&user("olga")).await.json());
}

#[tokio::test]
async fn the_list_shows_everybody_through_the_tenant_of_the_filter() {
    let app = App::start().await;

    let list = app.operator().get(&format!("{USERS}?filter[tenant]=globex")).await.json();

    for shown in list["data"].as_array().unwrap() {
        assert_eq!(shown["tenantName"], "globex", "{shown}");
    }
}

#[tokio::test]
async fn the_home_tenant_is_shown_if_the_token_covers_it() {
    let app = App::start().await;
    let both = app.tenants(&["acme", "globex"]);

    let (adam, gus) = (both.get(&user("adam")).await, both.get(&user("gus")).await);

    assert_eq!(adam.json()["tenantName"], "acme");
    assert_eq!(gus.json()["tenantName"], "globex");
}

#[tokio::test]
async fn without_the_home_tenant_the_first_covered_by_name_is_shown() {
    let app = App::start_with(AppOptions { users: ZED.to_owned(), ..AppOptions::default() }).await;

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
async fn a_tenant_s_own_token_shows_a_guest_through_that_tenant() {
    let app = App::start().await;

    let gus = app.tenant("acme").get(&user("gus")).await;

    assert_eq!(gus.json()["tenantName"], "acme");
}

#[tokio::test]
async fn an_operator_sees_a_user_through_its_home() {
    let app = App::start_with(AppOptions { users: ZED.to_owned(), ..AppOptions::default() }).await;

    let zed = app.operator().get(&user("zed")).await;

    assert_eq!(zed.json()["tenantName"], "initech");
}

#[tokio::test]
async fn an_operator_sees_a_user_detached_from_home_through_the_first_tenant_by_name() {
    let app = App::start_with(AppOptions { users: ZED.to_owned(), ..AppOptions::default() }).await;
    app.operator().delete("/api/initech/admin/users/auth0%7Czed").await;

    let zed = app.operator().get(&user("zed")).await;

    assert_eq!(zed.json()["tenantName"], "acme");
}

#[tokio::test]
async fn an_operator_sees_a_user_without_any_tenant() {
    let app = App::start().await;

    let ivy = app.operator().get(&user("ivy")).await;

    assert_eq!((ivy.status.as_u16(), &ivy.json()["tenantName"]), (200, &json!("")));
}

#[tokio::test]
async fn a_member_sees_a_user_through_a_tenant_where_its_role_may_read() {
    let people = r#"{"id":"auth0|max","email":"max@globex.example","homeTenant":"globex","tenants":{"acme":"member","globex":"viewer"}}"#;
    let app =
        App::start_with(AppOptions { users: people.to_owned(), ..AppOptions::default() }).await;

    let adam = app.member("max").get(&user("adam")).await;

    assert_eq!(adam.json()["tenantName"], "globex");
}

#[tokio::test]
async fn a_user_seen_through_no_tenant_is_as_unknown_as_nobody() {
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
async fn a_user_whose_stored_role_is_unknown_is_not_seen() {
    let people = r#"{"id":"auth0|zoe","email":"zoe@acme.example","homeTenant":"acme","tenants":{"acme":"superhero"}}"#;
    let app =
        App::start_with(AppOptions { users: people.to_owned(), ..AppOptions::default() }).await;
    let acme = app.tenant("acme");

    let list = acme.get(&format!("{USERS}?filter[tenant]=acme")).await;

    assert_eq!(acme.get(&user("zoe")).await.outcome(), "404 user_not_found");
    assert_eq!(list.json()["data"].as_array().unwrap().len(), 7);
}
