//! Accounts that other software has made: whoever has access in a tenant is listed, and can be
//! detached.

use conformance::{Caller, acme};
use domain::{ListQuery, MembershipChange, Sort, SortField};
use ports::UserDirectory;
use serde_json::{Value, json};

use super::tenant::window;
use crate::world::{SEARCH, World, account, calls, to_role};

/// Ids that other identity providers make.
const ODD_IDS: [&str; 8] = [
    r"samlp|corp|CORP\jane",
    "waad|a/b#c?d=e%2F",
    "oidc|corp|\"Doe, Jane\" <jane@corp.example>",
    "adfs|CN=Jörg Müller,OU=Vertrieb",
    "custom|日本 ",
    "google-apps|jane@corp.example",
    "auth0|a/.../b",
    "auth0|/users",
];

async fn listed_ids(world: &World, listing: ListQuery) -> Vec<String> {
    let page = world.list(&acme(), listing).await;
    page.users.iter().map(|user| user.id.to_string()).collect()
}

/// Checks that the account is listed, found, changed and detached.
async fn assert_manageable(world: &World, id: &str) {
    let scope = Caller::of([acme()]).writes(&acme());
    assert!(listed_ids(world, ListQuery::default()).await.contains(&id.to_owned()), "{id}");
    let found = world.find(&id.parse().unwrap()).await.unwrap();
    let change = MembershipChange { name: Some("Jane".parse().unwrap()), ..to_role("viewer") };
    let changed = world.directory.change_membership(&scope, &found, change).await.unwrap();
    assert_eq!(changed.role_in(&acme()).unwrap().name().as_str(), "viewer", "{id}");
    assert!(listed_ids(world, ListQuery::default()).await.contains(&id.to_owned()), "{id}");
    world.directory.detach(&scope, &changed).await.unwrap();
    assert!(!listed_ids(world, ListQuery::default()).await.contains(&id.to_owned()), "{id}");
    assert_eq!(world.control().user(id).unwrap()["user_id"], id);
}

#[tokio::test]
async fn account_with_an_id_of_any_provider_is_manageable() {
    let world = World::new().await;
    for (number, id) in ODD_IDS.into_iter().enumerate() {
        let mut user = account(&format!("p{number}"), [("acme", "member")]);
        user["user_id"] = json!(id);
        world.seed(user);
    }
    for id in ODD_IDS {
        assert_manageable(&world, id).await;
    }
}

#[tokio::test]
async fn recent_writes_to_odd_ids_do_not_break_pages() {
    let world = World::new().await;
    world.control().update_switches(|switches| switches.search_lag_millis = 2000);
    for number in 0..150 {
        let mut user = account(&format!("{number:04}"), [("acme", "member")]);
        if let Some(id) = ODD_IDS.get(number) {
            user["user_id"] = json!(id);
        }
        world.seed(user);
    }
    let scope = Caller::of([acme()]).writes(&acme());
    for id in ODD_IDS {
        let found = world.find(&id.parse().unwrap()).await.unwrap();
        world.directory.change_membership(&scope, &found, to_role("viewer")).await.unwrap();
    }
    let sort = Sort { field: SortField::Email, descending: false };
    for number in 0..8 {
        let page = world.list(&acme(), ListQuery { sort, page: window(number, 20) }).await;
        let expected: Vec<_> = page.users.iter().map(|user| user.email.as_str()).collect();
        assert!(expected.is_sorted(), "page {number}");
        assert_eq!(page.total, 150);
    }
}

#[tokio::test]
async fn account_with_an_odd_address_is_manageable() {
    let addresses = [
        json!("\"odd one\"@example.com"),
        json!("jörg@müller.example"),
        json!("jane@localhost"),
        json!("Jane@Corp.Example"),
        json!("no address"),
        json!(7),
        Value::Null,
    ];
    let world = World::new().await;
    for (number, address) in addresses.iter().enumerate() {
        let mut user = account("x", [("acme", "member")]);
        user["user_id"] = json!(format!("sms|{number}"));
        user["email"] = address.clone();
        world.seed(user);
    }
    for number in 0..addresses.len() {
        assert_manageable(&world, &format!("sms|{number}")).await;
    }
}

#[tokio::test]
async fn members_of_odd_types_hide_nobody() {
    let odd = [
        json!({ "blocked": "true" }),
        json!({ "blocked": 1 }),
        json!({ "given_name": ["a"], "family_name": 7, "name": {} }),
        json!({ "name": "x\ny".repeat(500), "given_name": "\u{0}" }),
        json!({ "username": "with a blank" }),
    ];
    let world = World::new().await;
    for (number, odd) in odd.iter().enumerate() {
        let mut user = account(&format!("{number}"), [("acme", "member")]);
        for (name, value) in odd.as_object().unwrap() {
            user[name] = value.clone();
        }
        world.seed(user);
    }
    let page = world.list(&acme(), ListQuery::default()).await;
    assert_eq!(page.users.len(), odd.len());
    let blocked: Vec<_> = page.users.iter().map(|user| user.blocked).collect();
    assert_eq!(blocked, [true, true, false, false, false]);
    let name = page.users.iter().find_map(|user| user.display_name.clone()).unwrap();
    assert_eq!(name.as_str().chars().count(), 300);
}

#[tokio::test]
async fn accounts_with_much_metadata_are_listed_in_smaller_pages() {
    let world = World::new().await;
    for number in 0..100 {
        let mut user = account(&format!("{number:04}"), [("acme", "member")]);
        user["created_at"] = json!(format!("2025-01-01T00:00:00.{number:03}Z"));
        user["app_metadata"]["other"] = json!("x".repeat(50_000));
        world.seed(user);
    }
    world.take_calls();
    assert_eq!(listed_ids(&world, ListQuery::default()).await.len(), 100);
    assert_eq!(world.take_calls(), calls([(SEARCH, 3)]));
    let listing = ListQuery { page: window(1, 30), ..ListQuery::default() };
    let expected: Vec<_> = (30..60).map(|number| format!("auth0|{number:04}")).collect();
    assert_eq!(listed_ids(&world, listing).await, expected);
}
