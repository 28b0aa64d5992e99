//! Changes that another operation makes while one waits, in an order that held requests determine.

use std::sync::Arc;

use auth0_sim::{Fault, FaultKind};
use conformance::{Caller, acme, globex};
use domain::AccountChange;
use ports::{Conflict, PortError, UserDirectory};
use serde_json::json;
use tokio::task::yield_now;

use crate::world::{BY_EMAIL, GET, PATCH, World, account, email, new_member};

/// Holds the next request of the route.
fn hold_next(world: &World, route: &str, kind: FaultKind) {
    let route = Some(route.to_owned());
    world.control().add_fault(Fault { route, skip: 0, times: Some(1), kind });
}

fn count(world: &World, route: &str) -> u64 {
    world.control().calls().get(route).copied().unwrap_or(0)
}

#[tokio::test]
async fn account_with_another_address_by_now_is_not_attached() {
    let world = World::new().await;
    let id = world.seed(account("ada", [("acme", "member")]));
    let ada = world.find(&id).await.unwrap();
    // The account has been found by its address, and is not locked yet.
    hold_next(&world, BY_EMAIL, FaultKind::HoldAfter);
    let attached = tokio::spawn({
        let directory = Arc::clone(&world.directory);
        async move {
            let scope = Caller::of([globex()]).writes(&globex());
            directory.attach_or_create(&scope, new_member("ada", "member")).await
        }
    });
    world.control().wait_for_calls(BY_EMAIL, 1).await;

    let moved = AccountChange { email: email("moved"), given_name: None, family_name: None };
    let changed =
        world.directory.change_account(&Caller::operator().changes(), &ada, moved).await.unwrap();
    assert_eq!(changed.failures, []);
    let requests = world.control().requests().len();
    world.control().release_held();

    let outcome = attached.await.unwrap().unwrap();
    assert!(outcome.created);
    assert_eq!((&outcome.user.email, &outcome.user.id == &id), (&email("ada"), false));
    // The account was not even attached for a moment.
    let later = &world.control().requests()[requests..];
    let patched = later.iter().filter(|request| request.route == PATCH);
    assert_eq!(patched.filter(|request| request.target.contains("ada")).count(), 0, "{later:?}");
}

#[tokio::test]
async fn tenant_attached_while_a_deletion_waits_keeps_its_last_owner() {
    let world = World::new().await;
    let mut ada = account("ada", [("acme", "member")]);
    ada["app_metadata"]["usher"] = json!({"home": "globex", "service_user": false});
    let ada = world.seed(ada);
    let bob = world.seed(account("bob", [("acme", "member")]));
    let gina = world.seed(account("gina", [("globex", "owner")]));
    let find = async |id| world.find(&id).await.unwrap();
    let (ada, bob, gina) = (find(ada).await, find(bob).await, find(gina).await);
    let scope = Caller::of([acme()]).writes(&acme());
    // A change in acme holds the lock of acme, and the deletion of Ada waits for it.
    hold_next(&world, PATCH, FaultKind::Hold);
    let bob_detached = tokio::spawn({
        let directory = Arc::clone(&world.directory);
        async move { directory.detach(&scope, &bob).await }
    });
    world.control().wait_for_calls(PATCH, 1).await;
    let mut ada_deleted = tokio::spawn({
        let directory = Arc::clone(&world.directory);
        let ada = ada.clone();
        async move { directory.delete(&Caller::operator().changes(), &ada).await }
    });
    for _ in 0..20 {
        yield_now().await;
    }
    // Meanwhile Ada becomes an owner of globex, and the other one is about to be detached there.
    let scope = Caller::of([globex()]).writes(&globex());
    world.directory.attach_or_create(&scope, new_member("ada", "owner")).await.unwrap();
    let (reads, changes) = (count(&world, GET), count(&world, PATCH));
    hold_next(&world, GET, FaultKind::Hold);
    hold_next(&world, PATCH, FaultKind::Hold);
    let gina_detached = tokio::spawn({
        let directory = Arc::clone(&world.directory);
        async move { directory.detach(&scope, &gina).await }
    });
    // Gina's detaching looks whether Ada is an owner, and holds the lock of globex.
    world.control().wait_for_calls(GET, reads + 1).await;
    world.control().release_held();
    bob_detached.await.unwrap().unwrap();
    world.control().wait_for_calls(PATCH, changes + 1).await;

    // The deletion has the lock of acme, and has time for its calls. It must wait for globex, too.
    for _ in 0..20 {
        assert!(!ada_deleted.is_finished(), "{:?}", (&mut ada_deleted).await);
        world.find(&ada.id).await;
    }
    world.control().release_held();
    gina_detached.await.unwrap().unwrap();

    let refused = ada_deleted.await.unwrap();
    assert!(
        matches!(&refused, Err(PortError::Conflict(Conflict::LastProtectedRoleHolder(_)))),
        "{refused:?}"
    );
    assert!(world.find(&ada.id).await.is_some());
}
