//! Accounts that are malformed or sort differently at Auth0: they do not affect the places of
//! others.

use std::time::Duration;

use auth0_sim::{Fault, FaultKind};
use conformance::{Caller, acme};
use domain::{ListQuery, Sort, SortField};
use ports::UserDirectory;
use serde_json::json;

use super::tenant::{assert_listed, tenant, window};
use crate::world::{SEARCH, World, account, to_role};

/// Returns the ids on all pages in order, and the distinct totals.
async fn pages(world: &World, size: u32) -> (Vec<String>, Vec<u64>) {
    let (mut ids, mut totals) = (Vec::new(), Vec::new());
    for number in 0.. {
        let listing = ListQuery { page: window(number, size), ..ListQuery::default() };
        let page = world.list(&acme(), listing).await;
        totals.push(page.total);
        if page.users.is_empty() {
            break;
        }
        ids.extend(page.users.iter().map(|user| user.id.to_string()));
    }
    totals.dedup();
    (ids, totals)
}

#[tokio::test]
async fn ids_of_either_case_appear_on_one_page_each() {
    let world = World::new().await;
    let name = |n: u64| if n.is_multiple_of(2) { format!("a{n:04}") } else { format!("B{n:04}") };
    for number in 0..150 {
        world.seed(account(&name(number), [("acme", "member")]));
    }
    let mut expected: Vec<_> = (0..150).map(|number| format!("auth0|{}", name(number))).collect();
    expected.sort_by_key(|id| id.to_lowercase());
    assert_eq!(pages(&world, 20).await, (expected.clone(), vec![150]));
    // And with recent writes that the search does not show.
    world.control().update_switches(|switches| switches.search_lag_millis = 2000);
    let scope = Caller::of([acme()]).writes(&acme());
    for id in ["auth0|a0010", "auth0|B0101"] {
        let seen = world.find(&id.parse().unwrap()).await.unwrap();
        world.directory.change_membership(&scope, &seen, to_role("viewer")).await.unwrap();
    }
    expected.push(world.create("zzz", "member").await.id.to_string());
    expected.sort_by_key(|id| id.to_lowercase());
    for size in [10, 33] {
        assert_eq!(pages(&world, size).await, (expected.clone(), vec![151]));
    }
}

#[tokio::test]
async fn account_without_a_usable_id_takes_no_place_on_a_page() {
    let world = World::new().await;
    for number in 0..150 {
        let mut user = account(&format!("{number:04}"), [("acme", "member")]);
        if number == 5 {
            user["user_id"] = json!("auth0|0005\n");
        }
        world.control().seed(user).unwrap();
    }
    let others = (0..150).filter(|number| *number != 5);
    let expected: Vec<_> = others.map(|number| format!("auth0|{number:04}")).collect();
    for size in [7, 20] {
        assert_eq!(pages(&world, size).await, (expected.clone(), vec![149]));
    }
}

#[tokio::test]
async fn malformed_name_hides_no_account() {
    let world = World::new().await;
    let malformed = world.control().seed(json!({
        "user_id": "auth0|odd",
        "email": "odd@example.com",
        "given_name": ["a", "b"],
        "app_metadata": { "usher_tenant_acme": { "role": "member" } },
    }));
    world.seed(account("ada", [("acme", "member")]));
    let page = world.list(&acme(), ListQuery::default()).await;
    let ids: Vec<_> = page.users.iter().map(|user| user.id.as_str()).collect();
    assert_eq!(ids, ["auth0|ada", &malformed.unwrap()]);
}

#[tokio::test]
async fn index_update_during_a_list_is_tolerated() {
    for (number, calls_before) in [(0, 1), (0, 2), (7, 1)] {
        let (world, mut users) = tenant(150, 100, |number| number * 1009 + 1).await;
        users.push(world.create("zzz", "member").await);
        // The last query is delayed, and meanwhile the search index catches up.
        world.control().add_fault(Fault {
            route: Some(SEARCH.to_owned()),
            skip: calls_before,
            times: Some(1),
            kind: FaultKind::Delay { millis: 100 },
        });
        let page = ListQuery { page: window(number, 20), ..ListQuery::default() };
        let mut list = Box::pin(assert_listed(&world, &users, page));
        let catching_up = async {
            world.control().wait_for_calls(SEARCH, calls_before + 1).await;
            world.control().catch_up();
        };
        tokio::select! { () = &mut list => {} () = catching_up => list.await }
    }
}

#[tokio::test]
async fn recreated_account_is_listed() {
    let world = World::new().await;
    let id = world.seed(account("ada", [("acme", "member")]));
    let seen = world.find(&id).await.unwrap();
    world.directory.delete(&Caller::operator().changes(), &seen).await.unwrap();
    world.clock.advance(Duration::from_secs(3));
    world.seed(account("ada", [("acme", "member")]));
    assert!(world.find(&id).await.is_some());
    let sort = Sort { field: SortField::Email, descending: false };
    let page = world.list(&acme(), ListQuery { sort, page: None }).await;
    assert_eq!((page.users.len(), page.total), (1, 1));
}
