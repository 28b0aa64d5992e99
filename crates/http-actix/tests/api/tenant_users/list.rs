//! Who is on the list, and how.

use std::fmt::Write as _;

use serde_json::json;

use super::{ACME, names, user, wrong};
use crate::support::{App, AppOptions};

#[tokio::test]
async fn the_list_holds_everybody_attached_in_the_order_of_their_ids() {
    let app = App::start().await;

    let list = app.tenant("acme").get(ACME).await;

    assert_eq!(names(&list), ["adam", "bob", "gus", "hal", "mia", "olga", "vera"]);
}

#[tokio::test]
async fn without_parameters_the_list_is_whole_however_long_it_is() {
    let mut people = String::new();
    for number in 0..120 {
        let line =
            json!({"email": format!("{number}@initech.example"), "tenants": {"initech": "member"}});
        writeln!(people, "{line}").unwrap();
    }
    let app = App::start_with(AppOptions { users: people, ..AppOptions::default() }).await;

    let list = app.tenant("initech").get("/api/initech/admin/users").await;

    assert_eq!(list.json().as_array().unwrap().len(), 120);
    assert_eq!(list.header("link"), None);
}

#[tokio::test]
async fn the_list_of_a_tenant_without_people_is_empty() {
    let app = App::start().await;

    let list = app.tenant("initech").get("/api/initech/admin/users").await;

    assert_eq!((list.status.as_u16(), list.text.as_str()), (200, "[]"));
}

#[tokio::test]
async fn a_user_is_shown_as_the_tenant_sees_it() {
    let app = App::start().await;

    let olga = app.tenant("acme").get(&user("acme", "olga")).await;

    let expected = json!({
        "id": "auth0|olga",
        "email": "olga@acme.example",
        "name": "Olga O.",
        "blocked": false,
        "lastLogin": "2026-02-01T10:00:00.500Z",
        "tenantRole": "owner",
    });
    assert_eq!(olga.json(), expected);
}

#[tokio::test]
async fn what_is_not_known_of_a_user_is_null() {
    let app = App::start().await;

    let vera = app.tenant("acme").get(&user("acme", "vera")).await.json();

    assert_eq!((&vera["name"], &vera["lastLogin"]), (&json!(null), &json!(null)));
    assert!(vera.get("name").is_some() && vera.get("lastLogin").is_some());
}

#[tokio::test]
async fn the_list_shows_a_user_as_the_single_answer_does() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let list = acme.get(ACME).await.json();

    assert_eq!(list[2], acme.get(&user("acme", "gus")).await.json());
}

#[tokio::test]
async fn a_blocked_account_is_listed_as_blocked() {
    let app = App::start().await;

    let bob = app.tenant("acme").get(&user("acme", "bob")).await;

    assert_eq!(bob.json()["blocked"], true);
}

#[tokio::test]
async fn a_user_has_a_role_of_its_own_in_each_tenant() {
    let app = App::start().await;

    let here = app.tenant("acme").get(&user("acme", "adam")).await;
    let there = app.tenant("globex").get(&user("globex", "adam")).await;

    let roles = (&here.json()["tenantRole"], &there.json()["tenantRole"]);
    assert_eq!(roles, (&json!("admin"), &json!("viewer")));
}

#[tokio::test]
async fn a_bar_in_a_path_need_not_be_escaped() {
    let app = App::start().await;

    let olga = app.tenant("acme").get("/api/acme/admin/users/auth0|olga").await;

    assert_eq!(olga.json()["id"], "auth0|olga");
}

#[tokio::test]
async fn the_list_can_be_sorted_without_being_cut() {
    let app = App::start().await;

    let list = app.tenant("acme").get(&format!("{ACME}?sort=-createdAt")).await;

    assert_eq!(names(&list), ["hal", "gus", "bob", "mia", "vera", "adam", "olga"]);
}

#[tokio::test]
async fn the_filter_may_name_the_tenant_of_the_path() {
    let app = App::start().await;

    let list = app.tenant("acme").get(&format!("{ACME}?filter[tenant]=acme")).await;

    assert_eq!(names(&list).len(), 7);
}

#[tokio::test]
async fn the_filter_cannot_name_another_tenant() {
    let app = App::start().await;
    let both = app.tenants(&["acme", "globex"]);

    for (filter, status, code) in [
        ("globex", 403, "tenant_forbidden"),
        ("unheard-of", 403, "tenant_forbidden"),
        ("Not%20One", 400, "malformed_request"),
        ("", 400, "malformed_request"),
    ] {
        let list = both.get(&format!("{ACME}?filter[tenant]={filter}")).await;
        assert_eq!(list.outcome(), format!("{status} {code}"), "{filter}");
        assert_eq!(wrong(&list), [format!("filter[tenant] {code}")], "{filter}");
    }
}

#[tokio::test]
async fn a_malformed_tenant_in_the_path_is_covered_by_nobody() {
    let app = App::start().await;

    for tenant in ["ACME", "-acme", "ac.me", "a%20b", "%00", "a".repeat(64).as_str()] {
        let list = app.operator().get(&format!("/api/{tenant}/admin/users")).await;
        assert_eq!(list.outcome(), "403 tenant_forbidden", "{tenant}");
    }
}

#[tokio::test]
async fn an_operator_sees_the_people_of_any_tenant() {
    let app = App::start().await;

    let list = app.operator().get("/api/globex/admin/users").await;

    assert_eq!(names(&list), ["adam", "gina", "gus"]);
}

#[tokio::test]
async fn a_text_that_cannot_be_an_id_names_nobody() {
    let app = App::start().await;
    let unknown = app.tenant("acme").get(&user("acme", "nobody")).await;

    for id in ["%20", "a%2Fb", "%2E%2E%2Fvera", "%ff", "auth0%7Cm%C3%AFa"] {
        let answer = app.tenant("acme").get(&format!("{ACME}/{id}")).await;
        assert_eq!(answer.without_request_id(), unknown.without_request_id(), "{id}");
    }
}
