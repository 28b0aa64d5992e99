//! Rule R4 with a stale search and writes of other processes.

use std::time::Duration;

use conformance::{Caller, acme, catalogue};
use ports::{Conflict, PortError, UserDirectory};
use serde_json::json;

use crate::world::{DELETE, GET, PATCH, SEARCH, World, account, calls, lagging_search, to_role};

fn writes() -> domain::TenantScope {
    Caller::of([acme()]).writes(&acme())
}

macro_rules! assert_last {
    ($result:expr) => {{
        let result = $result;
        assert!(
            matches!(result, Err(PortError::Conflict(Conflict::LastProtectedRoleHolder(_)))),
            "{result:?}"
        );
    }};
}

#[tokio::test]
async fn holder_check_costs_calls_only_for_protected_roles() {
    let world = World::new().await;
    let ada = world.seed(account("ada", [("acme", "owner")]));
    let bob = world.seed(account("bob", [("acme", "owner")]));
    let (ada, bob) = (world.find(&ada).await.unwrap(), world.find(&bob).await.unwrap());
    world.take_calls();
    // Found by search, and confirmed by a read. After the change, both are read once more.
    let demoted = world.directory.change_membership(&writes(), &ada, to_role("admin")).await;
    assert_eq!(world.take_calls(), calls([(SEARCH, 1), (GET, 3), (PATCH, 1)]));
    // Detaching a user without a protected role needs no search.
    world.directory.detach(&writes(), &demoted.unwrap()).await.unwrap();
    assert_eq!(world.take_calls(), calls([(GET, 1), (PATCH, 1)]));
    assert_last!(world.directory.detach(&writes(), &bob).await);
    assert_eq!(world.take_calls(), calls([(SEARCH, 1)]));
    // A recently created holder is known without a search. A deletion cannot be undone, so the role
    // is removed first.
    world.create("cy", "owner").await;
    world.take_calls();
    world.directory.delete(&Caller::operator().changes(), &bob).await.unwrap();
    assert_eq!(world.take_calls(), calls([(GET, 3), (PATCH, 1), (DELETE, 1)]));
}

#[tokio::test]
async fn stale_search_result_is_no_holder() {
    let world = World::with(lagging_search, |_| ()).await;
    let other = world.another_directory(catalogue());
    let seed = |name| world.seed(account(name, [("acme", "owner")]));
    let (ada, bob, cy, di) = (seed("ada"), seed("bob"), seed("cy"), seed("di"));
    let find = async |id| world.find(&id).await.unwrap();
    let (ada, bob, cy, di) = (find(ada).await, find(bob).await, find(cy).await, find(di).await);
    world.clock.advance(Duration::from_secs(1));
    // Another process removes the role of three of them in three ways.
    other.change_membership(&writes(), &bob, to_role("member")).await.unwrap();
    other.detach(&writes(), &cy).await.unwrap();
    other.delete(&Caller::operator().changes(), &di).await.unwrap();
    // The search still shows all of them.
    world.take_calls();
    assert_last!(world.directory.detach(&writes(), &ada).await);
    assert_eq!(world.take_calls(), calls([(SEARCH, 1), (GET, 3)]));
    // With another actual holder the user can be detached.
    let eve = world.seed(account("eve", [("acme", "owner")]));
    world.directory.detach(&writes(), &ada).await.unwrap();
    assert!(world.find(&eve).await.unwrap().role_in(&acme()).is_some());
}

#[tokio::test]
async fn blocked_holder_does_not_count() {
    let world = World::with(lagging_search, |_| ()).await;
    let ada = world.create("ada", "owner").await;
    let bob = world.create("bob", "owner").await;
    // An administrator blocks Bob at Auth0; the own recent write does not show it.
    world.clock.advance(Duration::from_secs(1));
    let mut blocked = world.control().user(bob.id.as_str()).unwrap();
    blocked["blocked"] = json!(true);
    blocked["updated_at"] = json!(ports::Clock::now(&*world.clock).to_string());
    assert!(world.control().remove_user(bob.id.as_str()));
    world.seed(blocked);
    assert_last!(world.directory.detach(&writes(), &ada).await);
}

#[tokio::test]
async fn recently_written_holder_counts() {
    let world = World::with(lagging_search, |_| ()).await;
    let ada = world.create("ada", "owner").await;
    let bob = world.create("bob", "member").await;
    assert_last!(world.directory.detach(&writes(), &ada).await);
    world.directory.change_membership(&writes(), &bob, to_role("owner")).await.unwrap();
    world.directory.detach(&writes(), &ada).await.unwrap();
    assert_last!(world.directory.detach(&writes(), &bob).await);
}

#[tokio::test]
async fn holder_behind_many_blocked_ones_counts() {
    for pages_of in [100, 50] {
        let world = World::with(|settings| settings.switches.max_per_page = pages_of, |_| ()).await;
        for number in 0..230 {
            let mut blocked = account(&format!("b{number:03}"), [("acme", "owner")]);
            blocked["blocked"] = json!(true);
            world.seed(blocked);
        }
        let seed = |name| world.seed(account(name, [("acme", "owner")]));
        let (one, two) = (seed("one"), seed("two"));
        let find = async |id| world.find(&id).await.unwrap();
        let (one, two) = (find(one).await, find(two).await);
        world.directory.detach(&writes(), &one).await.unwrap();
        assert_last!(world.directory.detach(&writes(), &two).await);
    }
}

#[tokio::test]
async fn indexed_holder_counts_despite_stale_recent_writes() {
    let world = World::with(lagging_search, |_| ()).await;
    let ada = world.seed(account("ada", [("acme", "owner")]));
    world.seed(account("zoe", [("acme", "owner")]));
    world.control().catch_up();
    let mut late = Vec::new();
    for number in 0..5 {
        late.push(world.create(&format!("late{number}"), "owner").await);
    }
    // Another process removes the role of all of them.
    let other = world.another_directory(catalogue());
    world.clock.advance(Duration::from_secs(1));
    for user in &late {
        other.change_membership(&writes(), user, to_role("member")).await.unwrap();
    }
    let ada = world.find(&ada).await.unwrap();
    world.directory.detach(&writes(), &ada).await.unwrap();
}
