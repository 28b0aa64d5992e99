//! Rule R4 where the search is behind and other processes write, too.

use std::time::Duration;

use conformance::{Caller, acme, catalogue};
use ports::{Conflict, PortError, UserDirectory};
use serde_json::json;

use crate::world::{DELETE, GET, PATCH, SEARCH, World, account, calls, lagging, to_role};

fn writes() -> domain::TenantScope {
    Caller::of([acme()]).writes(&acme())
}

macro_rules! assert_last {
    ($result:expr) => {{
        let result = $result;
        assert!(
            matches!(result, Err(PortError::Conflict(Conflict::LastProtectedRoleHolder))),
            "{result:?}"
        );
    }};
}

#[tokio::test]
async fn it_costs_calls_only_if_a_protected_role_is_at_stake() {
    let world = World::new().await;
    let ada = world.seed(account("ada", [("acme", "owner")]));
    let bob = world.seed(account("bob", [("acme", "owner")]));
    let (ada, bob) = (world.now(&ada).await.unwrap(), world.now(&bob).await.unwrap());
    world.calls();
    // Found by search, and confirmed.
    let demoted = world.directory.change_membership(&writes(), &ada, to_role("admin")).await;
    assert_eq!(world.calls(), calls([(SEARCH, 1), (GET, 1), (PATCH, 1)]));
    // Who is not protected goes for one call.
    world.directory.detach(&writes(), &demoted.unwrap()).await.unwrap();
    assert_eq!(world.calls(), calls([(PATCH, 1)]));
    assert_last!(world.directory.detach(&writes(), &bob).await);
    assert_eq!(world.calls(), calls([(SEARCH, 1)]));
    // A holder who was made here a moment ago is known without a search.
    world.create("cy", "owner").await;
    world.calls();
    world.directory.delete(&Caller::operator().changes(), &bob).await.unwrap();
    assert_eq!(world.calls(), calls([(GET, 1), (DELETE, 1)]));
}

#[tokio::test]
async fn a_holder_whom_the_search_shows_but_who_is_none_any_more_does_not_count() {
    let world = World::with(lagging, |_| ()).await;
    let other = world.another(catalogue());
    let seed = |name| world.seed(account(name, [("acme", "owner")]));
    let (ada, bob, cy, di) = (seed("ada"), seed("bob"), seed("cy"), seed("di"));
    let find = async |id| world.now(&id).await.unwrap();
    let (ada, bob, cy, di) = (find(ada).await, find(bob).await, find(cy).await, find(di).await);
    world.clock.advance(Duration::from_secs(1));
    // Another process takes the role from three of them in three ways.
    other.change_membership(&writes(), &bob, to_role("member")).await.unwrap();
    other.detach(&writes(), &cy).await.unwrap();
    other.delete(&Caller::operator().changes(), &di).await.unwrap();
    // The search still shows all of them.
    world.calls();
    assert_last!(world.directory.detach(&writes(), &ada).await);
    assert_eq!(world.calls(), calls([(SEARCH, 1), (GET, 3)]));
    // With one more who does hold it, she may go.
    let eve = world.seed(account("eve", [("acme", "owner")]));
    world.directory.detach(&writes(), &ada).await.unwrap();
    assert!(world.now(&eve).await.unwrap().role_in(&acme()).is_some());
}

#[tokio::test]
async fn a_holder_who_is_blocked_meanwhile_does_not_count() {
    let world = World::with(lagging, |_| ()).await;
    let ada = world.create("ada", "owner").await;
    let bob = world.create("bob", "owner").await;
    // An administrator blocks bob at Auth0; the own write of a moment ago knows nothing of it.
    world.clock.advance(Duration::from_secs(1));
    let mut blocked = world.control().user(bob.id.as_str()).unwrap();
    blocked["blocked"] = json!(true);
    blocked["updated_at"] = json!(ports::Clock::now(&*world.clock).to_string());
    assert!(world.control().remove_user(bob.id.as_str()));
    world.seed(blocked);
    assert_last!(world.directory.detach(&writes(), &ada).await);
}

#[tokio::test]
async fn a_holder_whom_the_search_does_not_show_yet_counts_if_made_here() {
    let world = World::with(lagging, |_| ()).await;
    let ada = world.create("ada", "owner").await;
    let bob = world.create("bob", "member").await;
    assert_last!(world.directory.detach(&writes(), &ada).await);
    world.directory.change_membership(&writes(), &bob, to_role("owner")).await.unwrap();
    world.directory.detach(&writes(), &ada).await.unwrap();
    assert_last!(world.directory.detach(&writes(), &bob).await);
}

#[tokio::test]
async fn a_holder_counts_however_many_come_before_who_are_blocked() {
    for pages_of in [100, 50] {
        let world = World::with(|settings| settings.switches.max_per_page = pages_of, |_| ()).await;
        for number in 0..230 {
            let mut blocked = account(&format!("b{number:03}"), [("acme", "owner")]);
            blocked["blocked"] = json!(true);
            world.seed(blocked);
        }
        let seed = |name| world.seed(account(name, [("acme", "owner")]));
        let (one, two) = (seed("one"), seed("two"));
        let find = async |id| world.now(&id).await.unwrap();
        let (one, two) = (find(one).await, find(two).await);
        world.directory.detach(&writes(), &one).await.unwrap();
        assert_last!(world.directory.detach(&writes(), &two).await);
    }
}

#[tokio::test]
async fn a_holder_whom_the_search_shows_counts_however_many_late_writes_do_not() {
    let world = World::with(lagging, |_| ()).await;
    let ada = world.seed(account("ada", [("acme", "owner")]));
    world.seed(account("zoe", [("acme", "owner")]));
    world.control().catch_up();
    let mut late = Vec::new();
    for number in 0..5 {
        late.push(world.create(&format!("late{number}"), "owner").await);
    }
    // Another process takes the role from all of them.
    let other = world.another(catalogue());
    world.clock.advance(Duration::from_secs(1));
    for user in &late {
        other.change_membership(&writes(), user, to_role("member")).await.unwrap();
    }
    let ada = world.now(&ada).await.unwrap();
    world.directory.detach(&writes(), &ada).await.unwrap();
}
