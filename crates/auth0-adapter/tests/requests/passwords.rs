//! Passwords: set without losing a block, and checked without asking when that is of no use.

use auth0_sim::{Fault, FaultKind};
use conformance::{Caller, acme};
use domain::{CurrentPassword, User};
use ports::{PasswordCheck, PasswordVerdict, PortError, RejectedValue, UserDirectory};
use serde_json::{Value, json};

use crate::world::{GET, LOG_IN, PATCH, World, account, calls, impatient};

async fn planted(world: &World, changes: Value) -> User {
    let mut bob = account("bob", [("acme", "member")]);
    bob["app_metadata"]["usher"] = json!({ "home": "acme" });
    bob["password"] = json!("correct-horse");
    for (member, value) in changes.as_object().unwrap() {
        bob[member] = value.clone();
    }
    let id = world.seed(bob);
    let bob = world.now(&id).await.unwrap();
    world.calls();
    bob
}

fn is_blocked(world: &World, user: &User) -> bool {
    world.control().user(user.id.as_str()).unwrap()["blocked"] == json!(true)
}

async fn set(world: &World, user: &User, password: &str) -> ports::PortResult<User> {
    let scope = Caller::of([acme()]).changes();
    world.directory.set_password(&scope, user, password.parse().unwrap()).await
}

async fn verify(world: &World, user: &User, offered: &str) -> ports::PortResult<PasswordVerdict> {
    let scope = Caller::of([acme()]).changes();
    let client = Some("192.0.2.7".parse().unwrap());
    let offered = CurrentPassword::offered(offered.to_owned());
    world.directory.verify(&scope, user, offered, client).await
}

fn fault(skip: u64, times: u64, kind: FaultKind) -> Fault {
    Fault { route: Some(PATCH.to_owned()), skip, times: Some(times), kind }
}

#[tokio::test]
async fn a_password_is_sent_with_its_connection_and_nothing_else() {
    let world = World::new().await;
    let bob = planted(&world, json!({})).await;
    set(&world, &bob, "battery-staple").await.unwrap();
    let requests = world.control().requests();
    assert_eq!(
        requests[0].body,
        Some(json!({
            "connection": "Username-Password-Authentication",
            "password": "[redacted]",
        }))
    );
    assert_eq!(world.calls(), calls([(PATCH, 1)]));
}

#[tokio::test]
async fn who_was_blocked_is_blocked_again() {
    let world = World::new().await;
    let bob = planted(&world, json!({ "blocked": true })).await;
    let after = set(&world, &bob, "battery-staple").await.unwrap();
    assert!(after.blocked && is_blocked(&world, &bob));
    assert_eq!(world.calls(), calls([(PATCH, 2)]));
}

#[tokio::test]
async fn who_was_blocked_is_blocked_again_also_if_the_answer_is_lost() {
    for loss in [
        FaultKind::ResetAfter,
        FaultKind::HangAfter,
        FaultKind::Malformed,
        FaultKind::Truncated,
        FaultKind::Status { status: 500, retry_after: None },
    ] {
        let world = World::with(|_| (), impatient).await;
        let bob = planted(&world, json!({ "blocked": true })).await;
        world.control().fault(fault(0, 1, loss.clone()));
        let result = set(&world, &bob, "battery-staple").await;
        assert!(result.is_err(), "{loss:?}: whether the password was set is not known");
        assert!(is_blocked(&world, &bob), "{loss:?}");
        // The password itself is not sent twice.
        assert_eq!(world.calls(), calls([(PATCH, 2)]), "{loss:?}");
    }
}

#[tokio::test]
async fn blocking_again_is_tried_again() {
    let world = World::with(|_| (), impatient).await;
    let bob = planted(&world, json!({ "blocked": true })).await;
    world.control().fault(fault(1, 2, FaultKind::ResetBefore));
    assert!(set(&world, &bob, "battery-staple").await.unwrap().blocked);
    assert!(is_blocked(&world, &bob));
    assert_eq!(world.calls(), calls([(PATCH, 4)]));
}

#[tokio::test]
async fn a_block_that_could_not_be_put_back_is_an_error() {
    let world = World::with(|_| (), impatient).await;
    let bob = planted(&world, json!({ "blocked": true })).await;
    world.control().fault(fault(1, 3, FaultKind::ResetBefore));
    let result = set(&world, &bob, "battery-staple").await;
    assert!(matches!(result, Err(PortError::Failed { .. })), "{result:?}");
    assert_eq!(world.calls(), calls([(PATCH, 4)]));
}

#[tokio::test]
async fn a_block_that_could_not_be_put_back_comes_with_the_next_password() {
    let world = World::new().await;
    let bob = planted(&world, json!({ "blocked": true })).await;
    world.control().fault(fault(1, 3, FaultKind::Status { status: 500, retry_after: None }));
    assert!(set(&world, &bob, "battery-staple").await.is_err());
    assert!(!is_blocked(&world, &bob));
    // Auth0 says by now that nobody blocks the account.
    let bob = world.now(&bob.id).await.unwrap();
    assert!(!bob.blocked);
    let after = set(&world, &bob, "battery-staple-2").await.unwrap();
    assert!(after.blocked && is_blocked(&world, &bob));
}

#[tokio::test]
async fn a_block_that_could_not_be_put_back_is_put_back_later() {
    let world = World::with(|_| (), impatient).await;
    let bob = planted(&world, json!({ "blocked": true })).await;
    world.control().fault(fault(1, 4, FaultKind::Status { status: 500, retry_after: None }));
    assert!(set(&world, &bob, "battery-staple").await.is_err());
    let waiting = async {
        while !is_blocked(&world, &bob) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_mins(1), waiting).await.expect("never blocked");
}

#[tokio::test]
async fn a_refused_password_blocks_nobody_and_costs_one_call() {
    let world = World::new().await;
    for blocked in [false, true] {
        let name = format!("auth0|{blocked}");
        let email = format!("{blocked}@example.com");
        let changes = json!({ "blocked": blocked, "user_id": name, "email": email });
        let bob = planted(&world, changes).await;
        let result = set(&world, &bob, "short").await;
        assert!(
            matches!(result, Err(PortError::Rejected(RejectedValue::WeakPassword))),
            "{result:?}"
        );
        assert_eq!(world.calls(), calls([(PATCH, 1)]));
        assert_eq!(is_blocked(&world, &bob), blocked);
    }
}

#[tokio::test]
async fn a_check_is_one_log_in_on_behalf_of_the_caller() {
    let world = World::new().await;
    let bob = planted(&world, json!({})).await;
    assert_eq!(verify(&world, &bob, "correct-horse").await.unwrap(), PasswordVerdict::Match);
    assert_eq!(verify(&world, &bob, "battery-staple").await.unwrap(), PasswordVerdict::Mismatch);
    let requests = world.control().requests();
    let log_in = requests.iter().find(|request| request.route == LOG_IN).unwrap();
    assert_eq!(log_in.headers["auth0-forwarded-for"], "192.0.2.7");
    assert_eq!(world.calls(), calls([(LOG_IN, 2)]));
}

#[tokio::test]
async fn what_can_be_no_password_is_not_asked_about() {
    let world = World::new().await;
    let bob = planted(&world, json!({})).await;
    for offered in ["", " ", "with space", "é", &"x".repeat(73)] {
        assert_eq!(verify(&world, &bob, offered).await.unwrap(), PasswordVerdict::Mismatch);
    }
    assert_eq!(world.calls(), calls([]));
}

#[tokio::test]
async fn the_password_of_another_provider_is_not_that_of_an_account_with_the_same_address() {
    let world = World::new().await;
    planted(&world, json!({})).await;
    let changes = json!({
        "user_id": "google-oauth2|1",
        "identities": [{
            "connection": "google-oauth2", "provider": "google-oauth2", "user_id": "1",
            "isSocial": true,
        }],
        "password": null,
    });
    let mut changes = changes.as_object().unwrap().clone();
    changes.remove("password");
    let mut bob = account("bob", [("acme", "member")]);
    bob["app_metadata"]["usher"] = json!({ "home": "acme" });
    for (member, value) in changes {
        bob[member.as_str()] = value;
    }
    let id = world.seed(bob);
    let social = world.now(&id).await.unwrap();
    world.calls();
    assert_eq!(verify(&world, &social, "correct-horse").await.unwrap(), PasswordVerdict::Mismatch);
    assert_eq!(world.calls(), calls([]));
}

#[tokio::test]
async fn when_auth0_stops_attempts_there_are_too_many() {
    let world = World::new().await;
    let bob = planted(&world, json!({})).await;
    for _ in 0..10 {
        assert_eq!(
            verify(&world, &bob, "battery-staple").await.unwrap(),
            PasswordVerdict::Mismatch
        );
    }
    let result = verify(&world, &bob, "correct-horse").await;
    assert!(matches!(result, Err(PortError::TooManyAttempts { .. })), "{result:?}");
    assert_eq!(world.calls(), calls([(LOG_IN, 11)]));
}

#[tokio::test]
async fn a_second_factor_comes_after_the_right_password() {
    let world = World::new().await;
    let bob = planted(&world, json!({})).await;
    world.control().update(|switches| {
        switches.mfa_users.insert(bob.id.to_string());
    });
    assert_eq!(verify(&world, &bob, "correct-horse").await.unwrap(), PasswordVerdict::Match);
    assert_eq!(verify(&world, &bob, "battery-staple").await.unwrap(), PasswordVerdict::Mismatch);
}

#[tokio::test]
async fn a_password_that_was_certainly_not_set_lifts_no_block() {
    for kind in [
        FaultKind::Status { status: 429, retry_after: Some(60) },
        FaultKind::Status { status: 403, retry_after: None },
        FaultKind::Status { status: 400, retry_after: None },
    ] {
        let world = World::with(|_| (), impatient).await;
        let bob = planted(&world, json!({ "blocked": true })).await;
        world.control().fault(fault(0, 1, kind.clone()));
        assert!(set(&world, &bob, "battery-staple").await.is_err());
        world.end().await;
        assert_eq!(world.calls(), calls([(PATCH, 1)]), "{kind:?}");
    }
}

#[tokio::test]
async fn a_password_that_is_set_late_does_not_lift_the_block_for_good() {
    let world = World::with(|_| (), impatient).await;
    let bob = planted(&world, json!({ "blocked": true })).await;
    world.control().fault(fault(0, 1, FaultKind::Hang));
    assert!(set(&world, &bob, "battery-staple").await.is_err());
    assert!(is_blocked(&world, &bob));
    // Carried out after it was given up, and after the account was blocked again.
    world.control().remove_user(bob.id.as_str());
    let bob = planted(&world, json!({ "blocked": false })).await;
    world.end().await;
    assert!(is_blocked(&world, &bob));
    assert_eq!(world.calls(), calls([(PATCH, 1), (GET, 1)]));
}

#[tokio::test]
async fn a_log_in_that_an_action_denies_had_the_right_password() {
    let world = World::new().await;
    let bob = planted(&world, json!({})).await;
    world.control().update(|switches| {
        switches.denied_users.insert(bob.id.to_string(), "Please verify your address".to_owned());
    });
    assert_eq!(verify(&world, &bob, "correct-horse").await.unwrap(), PasswordVerdict::Match);
    assert_eq!(verify(&world, &bob, "battery-staple").await.unwrap(), PasswordVerdict::Mismatch);
}
