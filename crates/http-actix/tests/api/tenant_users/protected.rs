//! The last holder of a protected role stays (R4).

use serde_json::json;

use super::{ACME, user};
use crate::support::{App, AppOptions};

const KEPT: &str = "409 last_protected_role_holder";

/// A second owner of acme.
fn with_otto(blocked: bool) -> AppOptions {
    let people = json!({
        "id": "auth0|otto", "email": "otto@acme.example", "blocked": blocked,
        "homeTenant": "acme", "tenants": {"acme": "owner"},
    });
    AppOptions { users: people.to_string(), ..AppOptions::default() }
}

#[tokio::test]
async fn the_last_owner_cannot_be_demoted() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    for role in ["admin", "viewer", "member"] {
        let answer = acme.put(&user("acme", "olga"), json!({"role": role})).await;
        assert_eq!(answer.outcome(), KEPT, "{role}");
    }
    assert_eq!(acme.get(&user("acme", "olga")).await.json()["tenantRole"], "owner");
}

#[tokio::test]
async fn a_refused_demotion_leaves_the_name_too() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let body = json!({"role": "admin", "name": "Another"});
    assert_eq!(acme.put(&user("acme", "olga"), body).await.outcome(), KEPT);

    assert_eq!(acme.get(&user("acme", "olga")).await.json()["name"], "Olga O.");
}

#[tokio::test]
async fn the_last_owner_cannot_be_removed() {
    let app = App::start().await;

    for actor in [app.tenant("acme"), app.member("olga"), app.operator()] {
        assert_eq!(actor.delete(&user("acme", "olga")).await.outcome(), KEPT);
    }
    assert_eq!(app.tenant("acme").get(&user("acme", "olga")).await.outcome(), "200");
}

#[tokio::test]
async fn the_last_owner_can_be_renamed_and_stay_an_owner() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    for role in [json!(null), json!("owner")] {
        let body = json!({"role": role, "name": "Olga Anew"});
        assert_eq!(acme.put(&user("acme", "olga"), body).await.outcome(), "200");
    }
}

#[tokio::test]
async fn one_of_two_owners_can_be_demoted_and_then_the_other_cannot() {
    let app = App::start_with(with_otto(false)).await;
    let acme = app.tenant("acme");

    let first = acme.put(&user("acme", "olga"), json!({"role": "admin"})).await;
    let second = acme.put(&user("acme", "otto"), json!({"role": "admin"})).await;

    assert_eq!([first, second].map(|answer| answer.outcome()), ["200", KEPT]);
}

#[tokio::test]
async fn a_blocked_owner_counts_for_nothing() {
    let app = App::start_with(with_otto(true)).await;
    let acme = app.tenant("acme");

    assert_eq!(acme.put(&user("acme", "olga"), json!({"role": "admin"})).await.outcome(), KEPT);
    assert_eq!(acme.delete(&user("acme", "olga")).await.outcome(), KEPT);
}

#[tokio::test]
async fn a_blocked_owner_can_be_demoted_and_removed() {
    let app = App::start_with(with_otto(true)).await;
    let acme = app.tenant("acme");

    let demoted = acme.put(&user("acme", "otto"), json!({"role": "member"})).await;
    let removed = acme.delete(&user("acme", "otto")).await;

    assert_eq!([demoted, removed].map(|answer| answer.outcome()), ["200", "204"]);
}

#[tokio::test]
async fn an_owner_of_another_tenant_counts_for_nothing_here() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    acme.post(ACME, json!({"email": "gina@globex.example", "role": "admin"})).await;

    let answer = acme.delete(&user("acme", "olga")).await;

    assert_eq!(answer.outcome(), KEPT);
}

#[tokio::test]
async fn of_two_owners_demoted_at_once_one_stays() {
    let app = App::start_with(with_otto(false)).await;
    let acme = app.tenant("acme");
    let (olga, otto) = (user("acme", "olga"), user("acme", "otto"));

    let (first, second) =
        tokio::join!(acme.put(&olga, json!({"role": "admin"})), acme.delete(&otto));

    let mut outcomes = [first.outcome(), second.outcome()];
    outcomes.sort();
    assert_eq!(outcomes[1], KEPT, "{outcomes:?}");
    assert!(outcomes[0].starts_with('2'), "{outcomes:?}");
}

#[tokio::test]
async fn the_ceiling_is_looked_at_before_the_last_owner() {
    let app = App::start().await;

    let answer = app.member("adam").delete(&user("acme", "olga")).await;

    assert_eq!(answer.outcome(), "403 insufficient_permission");
}
