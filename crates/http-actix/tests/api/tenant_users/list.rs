//! The list of a tenant's users and the view of a single one.

use std::fmt::Write as _;

use serde_json::json;

use super::{ACME, field_errors, names, user_path};
use crate::support::{App, AppOptions};

#[tokio::test]
async fn list_contains_all_members_sorted_by_id() {
    let app = App::start().await;

    let list = app.tenant("acme").get(ACME).await;

    assert_eq!(names(&list), ["adam", "bob", "gus", "hal", "mia", "olga", "vera"]);
}

#[tokio::test]
async fn list_without_parameters_is_not_paged() {
    let mut users = String::new();
    for number in 0..120 {
        let line =
            json!({"email": format!("{number}@initech.example"), "tenants": {"initech": "member"}});
        writeln!(users, "{line}").unwrap();
    }
    let app = App::start_with(AppOptions { users, ..AppOptions::default() }).await;

    let list = app.tenant("initech").get("/api/initech/admin/users").await;

    assert_eq!(list.json().as_array().unwrap().len(), 120);
    assert_eq!(list.header("link"), None);
}

#[tokio::test]
async fn list_of_tenant_without_users_is_empty() {
    let app = App::start().await;

    let list = app.tenant("initech").get("/api/initech/admin/users").await;

    assert_eq!((list.status.as_u16(), list.text.as_str()), (200, "[]"));
}

#[tokio::test]
async fn user_is_shown_with_every_field() {
    let app = App::start().await;

    let olga = app.tenant("acme").get(&user_path("acme", "olga")).await;

    let expected = json!({
        "id": "auth0|olga",
        "email": "olga@acme.example",
        "name": "Olga O.",
        "blocked": false,
        "lastLogin": "2026-02-01T10:00:00.500Z",
        "tenantRole": "owner",
        "managedHere": true,
        "status": "active",
    });
    assert_eq!(olga.json(), expected);
}

#[tokio::test]
async fn missing_user_fields_are_null() {
    let app = App::start().await;

    let vera = app.tenant("acme").get(&user_path("acme", "vera")).await.json();

    assert_eq!((&vera["name"], &vera["lastLogin"]), (&json!(null), &json!(null)));
    assert!(vera.get("name").is_some() && vera.get("lastLogin").is_some());
}

#[tokio::test]
async fn list_entry_equals_single_user_response() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let list = acme.get(ACME).await.json();

    assert_eq!(list[2], acme.get(&user_path("acme", "gus")).await.json());
}

#[tokio::test]
async fn blocked_account_is_shown_as_blocked() {
    let app = App::start().await;

    let bob = app.tenant("acme").get(&user_path("acme", "bob")).await;

    assert_eq!(bob.json()["blocked"], true);
}

#[tokio::test]
async fn user_role_is_shown_per_tenant() {
    let app = App::start().await;

    let in_acme = app.tenant("acme").get(&user_path("acme", "adam")).await;
    let in_globex = app.tenant("globex").get(&user_path("globex", "adam")).await;

    let roles = (&in_acme.json()["tenantRole"], &in_globex.json()["tenantRole"]);
    assert_eq!(roles, (&json!("admin"), &json!("viewer")));
}

#[tokio::test]
async fn bar_in_path_need_not_be_percent_encoded() {
    let app = App::start().await;

    let olga = app.tenant("acme").get("/api/acme/admin/users/auth0|olga").await;

    assert_eq!(olga.json()["id"], "auth0|olga");
}

#[tokio::test]
async fn list_can_be_sorted_without_paging() {
    let app = App::start().await;

    let list = app.tenant("acme").get(&format!("{ACME}?sort=-createdAt")).await;

    assert_eq!(names(&list), ["hal", "gus", "bob", "mia", "vera", "adam", "olga"]);
}

#[tokio::test]
async fn filter_can_name_the_path_tenant() {
    let app = App::start().await;

    let list = app.tenant("acme").get(&format!("{ACME}?filter[tenant]=acme")).await;

    assert_eq!(names(&list).len(), 7);
}

#[tokio::test]
async fn filter_cannot_name_another_tenant() {
    let app = App::start().await;
    let both = app.tenants(&["acme", "globex"]);

    for (filter, status, code) in [
        ("globex", 403, "tenant_forbidden"),
        ("unregistered", 403, "tenant_forbidden"),
        ("Not%20One", 400, "malformed_request"),
        ("", 400, "malformed_request"),
    ] {
        let list = both.get(&format!("{ACME}?filter[tenant]={filter}")).await;
        assert_eq!(list.outcome(), format!("{status} {code}"), "{filter}");
        assert_eq!(field_errors(&list), [format!("filter[tenant] {code}")], "{filter}");
    }
}

#[tokio::test]
async fn malformed_path_tenant_is_forbidden_even_to_operators() {
    let app = App::start().await;

    for tenant in ["ACME", "-acme", "ac.me", "a%20b", "%00", "a".repeat(64).as_str()] {
        let list = app.operator().get(&format!("/api/{tenant}/admin/users")).await;
        assert_eq!(list.outcome(), "403 tenant_forbidden", "{tenant}");
    }
}

#[tokio::test]
async fn operator_can_list_users_of_any_tenant() {
    let app = App::start().await;

    let list = app.operator().get("/api/globex/admin/users").await;

    assert_eq!(names(&list), ["adam", "gina", "gus"]);
}

#[tokio::test]
async fn invalid_user_id_is_not_found() {
    let app = App::start().await;
    let unknown = app.tenant("acme").get(&user_path("acme", "unknown")).await;

    for id in ["%20", "a%2Fb", "%2E%2E%2Fvera", "%ff", "auth0%7Cm%C3%AFa"] {
        let response = app.tenant("acme").get(&format!("{ACME}/{id}")).await;
        assert_eq!(response.without_request_id(), unknown.without_request_id(), "{id}");
    }
}
