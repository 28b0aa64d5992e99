//! Full scans that lists share.

use conformance::{Caller, acme};
use domain::{ListQuery, Sort, SortField};
use ports::UserDirectory;
use serde_json::json;

use super::tenant::window;
use crate::world::{SEARCH, World, account, calls, to_role};

async fn long_list() -> World {
    let world = World::new().await;
    for number in 0..250 {
        let mut user = account(&format!("{number:04}"), [("acme", "member")]);
        user["created_at"] = json!(format!("2025-01-01T00:00:00.{number:03}Z"));
        world.seed(user);
    }
    world.take_calls();
    world
}

fn by_name(number: u64) -> ListQuery {
    let sort = Sort { field: SortField::LastName, descending: false };
    ListQuery { sort, page: window(number, 20) }
}

#[tokio::test]
async fn lists_of_a_tenant_share_a_scan() {
    let world = long_list().await;
    let tenant = acme();
    let list = |number| world.list(&tenant, by_name(number));
    let (one, other, third, fourth) = tokio::join!(list(0), list(1), list(2), list(0));
    for page in [&one, &other, &third, &fourth] {
        assert_eq!((page.total, page.users.len()), (250, 20));
    }
    assert_eq!(one, fourth);
    // They share the first page, which shows that a scan is needed, of two more calls.
    assert_eq!(world.take_calls(), calls([(SEARCH, 1 + 2)]));
    world.list(&acme(), by_name(0)).await;
    assert_eq!(world.take_calls(), calls([]));
}

#[tokio::test]
async fn own_write_is_listed_after_a_shared_scan() {
    let world = long_list().await;
    world.control().update_switches(|switches| switches.search_lag_millis = 2000);
    assert_eq!(world.list(&acme(), by_name(0)).await.total, 250);
    let scope = Caller::of([acme()]).writes(&acme());
    let seen = world.find(&"auth0|0007".parse().unwrap()).await.unwrap();
    world.directory.change_membership(&scope, &seen, to_role("viewer")).await.unwrap();
    world.create("new", "member").await;
    let gone = world.find(&"auth0|0008".parse().unwrap()).await.unwrap();
    world.directory.detach(&scope, &gone).await.unwrap();
    world.take_calls();
    let page = world.list(&acme(), ListQuery::default()).await;
    assert_eq!((page.total, page.users.len()), (250, 250));
    let role = |id: &str| {
        let user = page.users.iter().find(|user| user.id.as_str() == id)?;
        Some(user.role_in(&acme())?.name().to_string())
    };
    assert_eq!(role("auth0|0007").as_deref(), Some("viewer"));
    assert_eq!(role("auth0|0008"), None);
    assert!(world.take_calls()[SEARCH] >= 3, "the scan is from before the writes");
}
