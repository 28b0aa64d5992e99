//! Cancelled callers and deadlines.

use std::sync::Arc;
use std::time::Duration;

use auth0_sim::{Fault, FaultKind};
use conformance::{Caller, acme};
use ports::{CallContext, PortError, UserDirectory};
use tokio::time::Instant;

use crate::world::{CREATE, PATCH, World, account, new_user, to_role};

fn writes() -> domain::TenantScope {
    Caller::of([acme()]).writes(&acme())
}

fn delay(route: &str) -> Fault {
    let kind = FaultKind::Delay { millis: 100 };
    Fault { route: Some(route.to_owned()), skip: 0, times: Some(1), kind }
}

/// Waits until the stand-in has received this many requests to the route.
async fn wait_for_calls(world: &World, route: &str, count: u64) {
    let waiting = world.control().wait_for_calls(route, count);
    tokio::time::timeout(Duration::from_mins(1), waiting).await.expect("the request was not sent");
}

/// Starts to create a user, and cancels the call while Auth0 processes it.
async fn create_and_cancel(world: &World) {
    world.control().add_fault(delay(CREATE));
    let directory = Arc::clone(&world.directory);
    let caller = tokio::spawn(async move {
        let scope = writes();
        directory.create(&scope, new_user("ada", "owner")).await
    });
    wait_for_calls(world, CREATE, 1).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn cancelled_create_is_completed() {
    let world = World::new().await;
    create_and_cancel(&world).await;
    // The account is created all the same, and known as a recent write.
    world.finish_writes().await;
    assert_eq!(world.control().users().len(), 1);
    let result = world.directory.create(&writes(), new_user("ada", "owner")).await;
    assert!(matches!(result, Err(PortError::Conflict(_))), "{result:?}");
    assert_eq!(world.list(&acme(), domain::ListQuery::default()).await.total, 1);
}

#[tokio::test]
async fn reblock_completes_after_the_caller_left() {
    let world = World::new().await;
    let mut bob = account("bob", [("acme", "member")]);
    bob["blocked"] = true.into();
    let bob = world.seed(bob);
    let bob = world.find(&bob).await.unwrap();
    world.control().add_fault(delay(PATCH));
    let directory = Arc::clone(&world.directory);
    let seen = bob.clone();
    let caller = tokio::spawn(async move {
        let scope = Caller::operator().changes();
        directory.set_password(&scope, &seen, "battery-staple".parse().unwrap()).await
    });
    wait_for_calls(&world, PATCH, 1).await;
    caller.abort();
    wait_for_calls(&world, PATCH, 2).await;
    // The next change waits for the lock, and so for the re-block.
    let after = world.directory.change_membership(&writes(), &bob, to_role("viewer")).await;
    assert!(after.unwrap().blocked);
}

#[tokio::test]
async fn lock_is_held_until_a_cancelled_write_ends() {
    let world = World::new().await;
    let ada = world.seed(account("ada", [("acme", "owner")]));
    let bob = world.seed(account("bob", [("acme", "owner")]));
    let (ada, bob) = (world.find(&ada).await.unwrap(), world.find(&bob).await.unwrap());
    world.control().add_fault(delay(PATCH));
    let directory = Arc::clone(&world.directory);
    let caller = tokio::spawn(async move {
        let scope = writes();
        directory.detach(&scope, &ada).await
    });
    wait_for_calls(&world, PATCH, 1).await;
    caller.abort();
    // Ada is being detached, so Bob is the last owner.
    let result = world.directory.detach(&writes(), &bob).await;
    assert!(matches!(result, Err(PortError::Conflict(_))), "{result:?}");
}

#[tokio::test]
async fn lock_wait_ends_at_the_deadline() {
    let world = World::new().await;
    let ada = world.seed(account("ada", [("acme", "member")]));
    let ada = world.find(&ada).await.unwrap();
    let kind = FaultKind::Hang;
    let hang = Fault { route: Some(PATCH.to_owned()), skip: 0, times: Some(1), kind };
    world.control().add_fault(hang);
    let directory = Arc::clone(&world.directory);
    let seen = ada.clone();
    let first = tokio::spawn(async move {
        let scope = writes();
        directory.change_membership(&scope, &seen, to_role("viewer")).await
    });
    wait_for_calls(&world, PATCH, 1).await;
    let call = CallContext::new("in-a-hurry".into(), Instant::now() + Duration::from_millis(50));
    let scope = writes();
    let second = world.directory.change_membership(&scope, &ada, to_role("admin"));
    let result = call.scope(second).await;
    assert!(matches!(result, Err(PortError::Timeout)), "{result:?}");
    assert_eq!(world.control().calls()[PATCH], 1);
    first.abort();
}

#[tokio::test]
async fn writes_carry_the_request_id() {
    let world = World::new().await;
    let call = CallContext::new("request-7".into(), Instant::now() + Duration::from_secs(5));
    call.scope(async { world.create("ada", "member").await }).await;
    let requests = world.control().requests();
    let create = requests.iter().find(|request| request.route == CREATE).unwrap();
    assert_eq!(create.headers["x-correlation-id"], "request-7");
}

#[tokio::test]
async fn shutdown_waits_for_a_cancelled_write() {
    let world = World::new().await;
    create_and_cancel(&world).await;
    world.finish_writes().await;
    assert_eq!(world.control().users().len(), 1);
}
