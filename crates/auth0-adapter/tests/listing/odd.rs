//! Odd accounts among a tenant's people: each is left out by itself, or spoils no place of another.

use std::time::Duration;

use auth0_sim::{Fault, FaultKind};
use conformance::{Caller, acme};
use domain::{ListQuery, Sort, SortField};
use ports::UserDirectory;
use serde_json::json;

use crate::tenant::{assert_listed, tenant, window};
use crate::world::{SEARCH, World, account, to_role};

/// The ids on all pages one after another, and the totals that were told.
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
async fn ids_of_either_case_are_all_on_one_page_each() {
    let world = World::new().await;
    let name = |n: u64| if n.is_multiple_of(2) { format!("a{n:04}") } else { format!("B{n:04}") };
    for number in 0..150 {
        world.seed(account(&name(number), [("acme", "member")]));
    }
    let mut expected: Vec<_> = (0..150).map(|number| format!("auth0|{}", name(number))).collect();
    expected.sort_by_key(|id| id.to_lowercase());
    assert_eq!(pages(&world, 20).await, (expected.clone(), vec![150]));
    // And with writes of which the search knows nothing.
    world.control().update(|switches| switches.search_lag_millis = 2000);
    let scope = Caller::of([acme()]).writes(&acme());
    for id in ["auth0|a0010", "auth0|B0101"] {
        let seen = world.now(&id.parse().unwrap()).await.unwrap();
        world.directory.change_membership(&scope, &seen, to_role("viewer")).await.unwrap();
    }
    expected.push(world.create("zzz", "member").await.id.to_string());
    expected.sort_by_key(|id| id.to_lowercase());
    for size in [10, 33] {
        assert_eq!(pages(&world, size).await, (expected.clone(), vec![151]));
    }
}

#[tokio::test]
async fn an_account_that_cannot_be_read_takes_nobodys_place() {
    let world = World::new().await;
    for number in 0..150 {
        let mut person = account(&format!("{number:04}"), [("acme", "member")]);
        if number == 5 {
            person["email"] = json!("\"odd one\"@example.com");
        }
        world.seed(person);
    }
    let others = (0..150).filter(|number| *number != 5);
    let expected: Vec<_> = others.map(|number| format!("auth0|{number:04}")).collect();
    for size in [7, 20] {
        assert_eq!(pages(&world, size).await, (expected.clone(), vec![149]));
    }
}

#[tokio::test]
async fn an_odd_name_does_not_keep_its_account_or_others_off_the_list() {
    let world = World::new().await;
    let odd = world.control().seed(json!({
        "user_id": "auth0|odd",
        "email": "odd@example.com",
        "given_name": ["a", "b"],
        "app_metadata": { "usher_tenant_acme": { "role": "member" } },
    }));
    world.seed(account("ada", [("acme", "member")]));
    let page = world.list(&acme(), ListQuery::default()).await;
    let ids: Vec<_> = page.users.iter().map(|user| user.id.as_str()).collect();
    assert_eq!(ids, ["auth0|ada", &odd.unwrap()]);
}

#[tokio::test]
async fn the_search_may_learn_of_a_write_while_a_list_is_made() {
    for (number, asked) in [(0, 1), (0, 2), (7, 1)] {
        let (world, mut people) = tenant(150, 100, |number| number * 1009 + 1).await;
        people.push(world.create("zzz", "member").await);
        // The last question waits, and meanwhile the search learns of her.
        world.control().fault(Fault {
            route: Some(SEARCH.to_owned()),
            skip: asked,
            times: Some(1),
            kind: FaultKind::Delay { millis: 100 },
        });
        let page = ListQuery { page: window(number, 20), ..ListQuery::default() };
        let mut list = Box::pin(assert_listed(&world, &people, page));
        let learning = async {
            while world.control().calls().get(SEARCH).copied().unwrap_or_default() <= asked {
                tokio::task::yield_now().await;
            }
            world.control().catch_up();
        };
        tokio::select! { () = &mut list => {} () = learning => list.await }
    }
}

#[tokio::test]
async fn an_account_that_was_made_again_is_on_the_list() {
    let world = World::new().await;
    let id = world.seed(account("ada", [("acme", "member")]));
    let seen = world.now(&id).await.unwrap();
    world.directory.delete(&Caller::operator().changes(), &seen).await.unwrap();
    world.clock.advance(Duration::from_secs(3));
    world.seed(account("ada", [("acme", "member")]));
    assert!(world.now(&id).await.is_some());
    let sort = Sort { field: SortField::Email, descending: false };
    let page = world.list(&acme(), ListQuery { sort, page: None }).await;
    assert_eq!((page.users.len(), page.total), (1, 1));
}
