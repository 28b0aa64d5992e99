//! Passwords: set without losing a block, and checked without a call where that is useless.

use auth0_sim::{Connection, Fault, FaultKind};
use conformance::{Caller, acme};
use domain::{CurrentPassword, User};
use ports::{
    AccountField, PasswordCheck, PasswordVerdict, PortError, RejectedValue, UserDirectory,
};
use serde_json::{Value, json};

use crate::world::{GET, LOG_IN, PATCH, World, account, calls, short_timeout};

async fn planted(world: &World, changes: Value) -> User {
    let mut bob = account("bob", [("acme", "member")]);
    bob["app_metadata"]["usher"] = json!({ "home": "acme" });
    bob["password"] = json!("correct-horse");
    for (member, value) in changes.as_object().unwrap() {
        bob[member] = value.clone();
    }
    let id = world.seed(bob);
    let bob = world.find(&id).await.unwrap();
    world.take_calls();
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
async fn password_patch_sends_password_connection_and_stamp() {
    let world = World::new().await;
    let bob = planted(&world, json!({})).await;
    set(&world, &bob, "battery-staple").await.unwrap();
    let requests = world.control().requests();
    let mut sent = requests[0].body.clone().unwrap();
    let stamp = sent.as_object_mut().unwrap().remove("app_metadata").unwrap();
    assert!(stamp["usher_credentials"].as_str().unwrap().ends_with(" acme"), "{stamp}");
    assert_eq!(
        sent,
        json!({
            "connection": "Username-Password-Authentication",
            "password": "[redacted]",
        })
    );
    assert_eq!(world.take_calls(), calls([(PATCH, 1)]));
}

#[tokio::test]
async fn blocked_user_is_reblocked_after_a_new_password() {
    let world = World::new().await;
    let bob = planted(&world, json!({ "blocked": true })).await;
    let after = set(&world, &bob, "battery-staple").await.unwrap();
    assert!(after.blocked && is_blocked(&world, &bob));
    assert_eq!(world.take_calls(), calls([(PATCH, 2)]));
}

#[tokio::test]
async fn blocked_user_is_reblocked_after_a_lost_response() {
    for loss in [
        FaultKind::ResetAfter,
        FaultKind::HangAfter,
        FaultKind::Malformed,
        FaultKind::Truncated,
        FaultKind::Status { status: 500, retry_after: None },
    ] {
        let world = World::with(|_| (), short_timeout).await;
        let bob = planted(&world, json!({ "blocked": true })).await;
        world.control().add_fault(fault(0, 1, loss.clone()));
        let result = set(&world, &bob, "battery-staple").await;
        assert!(result.is_err(), "{loss:?}: whether the password was set is not known");
        assert!(is_blocked(&world, &bob), "{loss:?}");
        // The password itself is not sent twice.
        assert_eq!(world.take_calls(), calls([(PATCH, 2)]), "{loss:?}");
    }
}

#[tokio::test]
async fn reblock_is_retried() {
    let world = World::with(|_| (), short_timeout).await;
    let bob = planted(&world, json!({ "blocked": true })).await;
    world.control().add_fault(fault(1, 2, FaultKind::ResetBefore));
    assert!(set(&world, &bob, "battery-staple").await.unwrap().blocked);
    assert!(is_blocked(&world, &bob));
    assert_eq!(world.take_calls(), calls([(PATCH, 4)]));
}

#[tokio::test]
async fn failed_reblock_is_an_error() {
    let world = World::with(|_| (), short_timeout).await;
    let bob = planted(&world, json!({ "blocked": true })).await;
    world.control().add_fault(fault(1, 3, FaultKind::ResetBefore));
    let result = set(&world, &bob, "battery-staple").await;
    assert!(matches!(result, Err(PortError::Failed { .. })), "{result:?}");
    assert_eq!(world.take_calls(), calls([(PATCH, 4)]));
}

#[tokio::test]
async fn failed_reblock_is_repeated_with_the_next_password() {
    let world = World::new().await;
    let bob = planted(&world, json!({ "blocked": true })).await;
    world.control().add_fault(fault(1, 3, FaultKind::Status { status: 500, retry_after: None }));
    assert!(set(&world, &bob, "battery-staple").await.is_err());
    assert!(!is_blocked(&world, &bob));
    // By now Auth0 shows the account as not blocked.
    let bob = world.find(&bob.id).await.unwrap();
    assert!(!bob.blocked);
    let after = set(&world, &bob, "battery-staple-2").await.unwrap();
    assert!(after.blocked && is_blocked(&world, &bob));
}

#[tokio::test]
async fn failed_reblock_is_repeated_later() {
    let world = World::with(|_| (), short_timeout).await;
    let bob = planted(&world, json!({ "blocked": true })).await;
    world.control().add_fault(fault(1, 4, FaultKind::Status { status: 500, retry_after: None }));
    assert!(set(&world, &bob, "battery-staple").await.is_err());
    let waiting = world.finish_writes();
    tokio::time::timeout(std::time::Duration::from_mins(1), waiting).await.expect("still pending");
    assert!(is_blocked(&world, &bob));
}

#[tokio::test]
async fn rejected_password_changes_no_block() {
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
        assert_eq!(world.take_calls(), calls([(PATCH, 1)]));
        assert_eq!(is_blocked(&world, &bob), blocked);
    }
}

#[tokio::test]
async fn password_check_is_one_log_in_for_the_client_address() {
    let world = World::new().await;
    let bob = planted(&world, json!({})).await;
    assert_eq!(verify(&world, &bob, "correct-horse").await.unwrap(), PasswordVerdict::Match);
    assert_eq!(verify(&world, &bob, "battery-staple").await.unwrap(), PasswordVerdict::Mismatch);
    let requests = world.control().requests();
    let log_in = requests.iter().find(|request| request.route == LOG_IN).unwrap();
    assert_eq!(log_in.headers["auth0-forwarded-for"], "192.0.2.7");
    assert_eq!(world.take_calls(), calls([(LOG_IN, 2)]));
}

#[tokio::test]
async fn impossible_password_is_a_mismatch_without_a_call() {
    let world = World::new().await;
    let bob = planted(&world, json!({})).await;
    for offered in ["", " ", "with space", "é", &"x".repeat(73)] {
        assert_eq!(verify(&world, &bob, offered).await.unwrap(), PasswordVerdict::Mismatch);
    }
    assert_eq!(world.take_calls(), calls([]));
}

#[tokio::test]
async fn password_of_another_provider_is_not_checked() {
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
    let social = world.find(&id).await.unwrap();
    world.take_calls();
    let verdict = verify(&world, &social, "correct-horse").await;
    let expected = RejectedValue::Unsupported(vec![AccountField::Password]);
    assert!(
        matches!(&verdict, Err(PortError::Rejected(value)) if *value == expected),
        "{verdict:?}"
    );
    assert_eq!(world.take_calls(), calls([]));
}

#[tokio::test]
async fn blocked_attempts_are_too_many_attempts() {
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
    assert_eq!(world.take_calls(), calls([(LOG_IN, 11)]));
}

#[tokio::test]
async fn mfa_prompt_means_correct_password() {
    let world = World::new().await;
    let bob = planted(&world, json!({})).await;
    world.control().update_switches(|switches| {
        switches.mfa_users.insert(bob.id.to_string());
    });
    assert_eq!(verify(&world, &bob, "correct-horse").await.unwrap(), PasswordVerdict::Match);
    assert_eq!(verify(&world, &bob, "battery-staple").await.unwrap(), PasswordVerdict::Mismatch);
}

#[tokio::test]
async fn unset_password_needs_no_reblock() {
    for kind in [
        FaultKind::Status { status: 429, retry_after: Some(60) },
        FaultKind::Status { status: 403, retry_after: None },
        FaultKind::Status { status: 400, retry_after: None },
    ] {
        let world = World::with(|_| (), short_timeout).await;
        let bob = planted(&world, json!({ "blocked": true })).await;
        world.control().add_fault(fault(0, 1, kind.clone()));
        assert!(set(&world, &bob, "battery-staple").await.is_err());
        world.finish_writes().await;
        assert_eq!(world.take_calls(), calls([(PATCH, 1)]), "{kind:?}");
    }
}

#[tokio::test]
async fn late_password_change_is_followed_by_a_reblock() {
    let world = World::with(|_| (), short_timeout).await;
    let bob = planted(&world, json!({ "blocked": true })).await;
    world.control().add_fault(fault(0, 1, FaultKind::Hang));
    assert!(set(&world, &bob, "battery-staple").await.is_err());
    assert!(is_blocked(&world, &bob));
    // The password was set after the call had timed out and the account was re-blocked.
    world.control().remove_user(bob.id.as_str());
    let bob = planted(&world, json!({ "blocked": false })).await;
    world.finish_writes().await;
    assert!(is_blocked(&world, &bob));
    assert_eq!(world.take_calls(), calls([(PATCH, 1), (GET, 1)]));
}

#[tokio::test]
async fn log_in_denied_by_an_action_is_a_match() {
    let world = World::new().await;
    let bob = planted(&world, json!({})).await;
    world.control().update_switches(|switches| {
        switches.denied_users.insert(bob.id.to_string(), "Please verify your address".to_owned());
    });
    assert_eq!(verify(&world, &bob, "correct-horse").await.unwrap(), PasswordVerdict::Match);
    assert_eq!(verify(&world, &bob, "battery-staple").await.unwrap(), PasswordVerdict::Mismatch);
}

#[tokio::test]
async fn password_of_another_database_is_checked_and_set_there() {
    let world = World::new().await;
    let staff = Connection {
        id: "con_0000000000000002".to_owned(),
        name: "staff".to_owned(),
        ..Connection::default()
    };
    world.control().set_connection(staff);
    // The same address in the configured connection, with another password.
    world.seed(json!({
        "user_id": "auth0|other", "email": "bob@example.com", "password": "other-password",
    }));
    let bob = planted(&world, json!({ "connection": "staff" })).await;
    assert_eq!(verify(&world, &bob, "other-password").await.unwrap(), PasswordVerdict::Mismatch);
    assert_eq!(verify(&world, &bob, "correct-horse").await.unwrap(), PasswordVerdict::Match);
    set(&world, &bob, "battery-staple").await.unwrap();
    assert_eq!(verify(&world, &bob, "battery-staple").await.unwrap(), PasswordVerdict::Match);
    assert_eq!(world.take_calls(), calls([(LOG_IN, 3), (PATCH, 1)]));
}
