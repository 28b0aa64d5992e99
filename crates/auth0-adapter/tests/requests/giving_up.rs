//! Callers who go away, and deadlines.

use std::sync::Arc;
use std::time::Duration;

use auth0_sim::{Fault, FaultKind};
use conformance::{Caller, acme};
use ports::{CallContext, PortError, UserDirectory};
use tokio::time::Instant;

use crate::world::{CREATE, PATCH, World, account, newcomer, to_role};

fn writes() -> domain::TenantScope {
    Caller::of([acme()]).writes(&acme())
}

fn delay(route: &str) -> Fault {
    let kind = FaultKind::Delay { millis: 100 };
    Fault { route: Some(route.to_owned()), skip: 0, times: Some(1), kind }
}

/// Waits until something has come about, for longer than that may take on a busy machine.
async fn until(come_about: impl Fn() -> bool) {
    let waiting = async {
        while !come_about() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), waiting).await.expect("it does not come about");
}

/// Waits until the stand-in was asked this.
async fn asked(world: &World, route: &str, count: u64) {
    until(|| world.control().calls().get(route).is_some_and(|calls| *calls >= count)).await;
}

/// Begins to create somebody, and goes away while Auth0 is at it.
async fn create_and_go_away(world: &World) {
    world.control().fault(delay(CREATE));
    let directory = Arc::clone(&world.directory);
    let caller = tokio::spawn(async move {
        let scope = writes();
        directory.create(&scope, newcomer("ada", "owner")).await
    });
    asked(world, CREATE, 1).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn a_caller_who_goes_away_leaves_nothing_half_done() {
    let world = World::new().await;
    create_and_go_away(&world).await;
    // The account is made all the same, and known as a write of this process.
    until(|| !world.control().users().is_empty()).await;
    let result = world.directory.create(&writes(), newcomer("ada", "owner")).await;
    assert!(matches!(result, Err(PortError::Conflict(_))), "{result:?}");
    assert_eq!(world.list(&acme(), domain::ListQuery::default()).await.total, 1);
}

#[tokio::test]
async fn a_block_is_put_back_even_if_nobody_waits_for_it() {
    let world = World::new().await;
    let mut bob = account("bob", [("acme", "member")]);
    bob["blocked"] = true.into();
    let bob = world.seed(bob);
    let bob = world.now(&bob).await.unwrap();
    world.control().fault(delay(PATCH));
    let directory = Arc::clone(&world.directory);
    let seen = bob.clone();
    let caller = tokio::spawn(async move {
        let scope = Caller::operator().changes();
        directory.set_password(&scope, &seen, "battery-staple".parse().unwrap()).await
    });
    asked(&world, PATCH, 1).await;
    caller.abort();
    asked(&world, PATCH, 2).await;
    // The next change waits for the lock, and so until the block is there again.
    let after = world.directory.change_membership(&writes(), &bob, to_role("viewer")).await;
    assert!(after.unwrap().blocked);
}

#[tokio::test]
async fn a_lock_is_not_let_go_while_a_write_is_under_way() {
    let world = World::new().await;
    let ada = world.seed(account("ada", [("acme", "owner")]));
    let bob = world.seed(account("bob", [("acme", "owner")]));
    let (ada, bob) = (world.now(&ada).await.unwrap(), world.now(&bob).await.unwrap());
    world.control().fault(delay(PATCH));
    let directory = Arc::clone(&world.directory);
    let caller = tokio::spawn(async move {
        let scope = writes();
        directory.detach(&scope, &ada).await
    });
    asked(&world, PATCH, 1).await;
    caller.abort();
    // Ada is on her way out, so bob is the last one.
    let result = world.directory.detach(&writes(), &bob).await;
    assert!(matches!(result, Err(PortError::Conflict(_))), "{result:?}");
}

#[tokio::test]
async fn nobody_waits_for_a_lock_past_the_deadline() {
    let world = World::new().await;
    let ada = world.seed(account("ada", [("acme", "member")]));
    let ada = world.now(&ada).await.unwrap();
    let kind = FaultKind::Hang;
    let hang = Fault { route: Some(PATCH.to_owned()), skip: 0, times: Some(1), kind };
    world.control().fault(hang);
    let directory = Arc::clone(&world.directory);
    let seen = ada.clone();
    let first = tokio::spawn(async move {
        let scope = writes();
        directory.change_membership(&scope, &seen, to_role("viewer")).await
    });
    asked(&world, PATCH, 1).await;
    let call = CallContext::new("in-a-hurry".into(), Instant::now() + Duration::from_millis(50));
    let scope = writes();
    let second = world.directory.change_membership(&scope, &ada, to_role("admin"));
    let result = call.scope(second).await;
    assert!(matches!(result, Err(PortError::Timeout)), "{result:?}");
    assert_eq!(world.control().calls()[PATCH], 1);
    first.abort();
}

#[tokio::test]
async fn what_a_call_is_named_goes_along_with_its_writes() {
    let world = World::new().await;
    let call = CallContext::new("request-7".into(), Instant::now() + Duration::from_secs(5));
    call.scope(async { world.create("ada", "member").await }).await;
    let requests = world.control().requests();
    let create = requests.iter().find(|request| request.route == CREATE).unwrap();
    assert_eq!(create.headers["x-correlation-id"], "request-7");
}

#[tokio::test]
async fn the_end_waits_for_a_write_whose_caller_is_gone() {
    let world = World::new().await;
    create_and_go_away(&world).await;
    world.end().await;
    assert_eq!(world.control().users().len(), 1);
}
