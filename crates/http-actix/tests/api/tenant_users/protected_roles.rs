//! The last holder of a protected role cannot be demoted or detached (R4).

use serde_json::json;

use super::{ACME, user_path};
use crate::support::{App, AppOptions};

const LAST_HOLDER: &str = "409 last_protected_role_holder";

/// Adds a second owner of acme.
fn with_second_owner(blocked: bool) -> AppOptions {
    let users = json!({
        "id": "auth0|otto", "email": "otto@acme.example", "blocked": blocked,
        "homeTenant": "acme", "tenants": {"acme": "owner"},
    });
    AppOptions { users: users.to_string(), ..AppOptions::default() }
}

#[tokio::test]
async fn last_owner_cannot_be_demoted() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    for role in ["admin", "viewer", "member"] {
        let response = acme.put(&user_path("acme", "olga"), json!({"role": role})).await;
        assert_eq!(response.outcome(), LAST_HOLDER, "{role}");
    }
    assert_eq!(acme.get(&user_path("acme", "olga")).await.json()["tenantRole"], "owner");
}

#[tokio::test]
async fn refused_demotion_keeps_the_name() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let body = json!({"role": "admin", "name": "Another"});
    assert_eq!(acme.put(&user_path("acme", "olga"), body).await.outcome(), LAST_HOLDER);

    assert_eq!(acme.get(&user_path("acme", "olga")).await.json()["name"], "Olga O.");
}

#[tokio::test]
async fn last_owner_cannot_be_detached() {
    let app = App::start().await;

    for actor in [app.tenant("acme"), app.member("olga"), app.operator()] {
        assert_eq!(actor.delete(&user_path("acme", "olga")).await.outcome(), LAST_HOLDER);
    }
    assert_eq!(app.tenant("acme").get(&user_path("acme", "olga")).await.outcome(), "200");
}

#[tokio::test]
async fn last_owner_can_be_renamed() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    for role in [json!(null), json!("owner")] {
        let body = json!({"role": role, "name": "Olga Anew"});
        assert_eq!(acme.put(&user_path("acme", "olga"), body).await.outcome(), "200");
    }
}

#[tokio::test]
async fn only_one_of_two_owners_can_be_demoted() {
    let app = App::start_with(with_second_owner(false)).await;
    let acme = app.tenant("acme");

    let first = acme.put(&user_path("acme", "olga"), json!({"role": "admin"})).await;
    let second = acme.put(&user_path("acme", "otto"), json!({"role": "admin"})).await;

    assert_eq!([first, second].map(|response| response.outcome()), ["200", LAST_HOLDER]);
}

#[tokio::test]
async fn blocked_owner_does_not_count_as_holder() {
    let app = App::start_with(with_second_owner(true)).await;
    let acme = app.tenant("acme");

    assert_eq!(
        acme.put(&user_path("acme", "olga"), json!({"role": "admin"})).await.outcome(),
        LAST_HOLDER
    );
    assert_eq!(acme.delete(&user_path("acme", "olga")).await.outcome(), LAST_HOLDER);
}

#[tokio::test]
async fn blocked_owner_can_be_demoted_and_detached() {
    let app = App::start_with(with_second_owner(true)).await;
    let acme = app.tenant("acme");

    let demoted = acme.put(&user_path("acme", "otto"), json!({"role": "member"})).await;
    let detached = acme.delete(&user_path("acme", "otto")).await;

    assert_eq!([demoted, detached].map(|response| response.outcome()), ["200", "204"]);
}

#[tokio::test]
async fn owner_of_another_tenant_is_no_holder() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    acme.post(ACME, json!({"email": "gina@globex.example", "role": "admin"})).await;

    let response = acme.delete(&user_path("acme", "olga")).await;

    assert_eq!(response.outcome(), LAST_HOLDER);
}

#[tokio::test]
async fn concurrent_demotion_and_detach_keep_one_owner() {
    let app = App::start_with(with_second_owner(false)).await;
    let acme = app.tenant("acme");
    let (olga, otto) = (user_path("acme", "olga"), user_path("acme", "otto"));

    let (first, second) =
        tokio::join!(acme.put(&olga, json!({"role": "admin"})), acme.delete(&otto));

    let mut outcomes = [first.outcome(), second.outcome()];
    outcomes.sort();
    assert_eq!(outcomes[1], LAST_HOLDER, "{outcomes:?}");
    assert!(outcomes[0].starts_with('2'), "{outcomes:?}");
}

#[tokio::test]
async fn role_ceiling_is_checked_before_last_owner() {
    let app = App::start().await;

    let response = app.member("adam").delete(&user_path("acme", "olga")).await;

    assert_eq!(response.outcome(), "403 insufficient_permission");
}
