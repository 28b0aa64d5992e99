//! Lists that show recent writes before the search does.

use conformance::{Caller, acme, catalogue};
use domain::{AccountChange, ListQuery, User};
use ports::UserDirectory;

use super::tenant::{assert_listed, sorts, tenant, window};
use crate::world::{SEARCH, World, calls, email, new_user, to_role};

/// Makes writes of every kind to a tenant, and returns its users afterwards.
async fn write(world: &World, mut users: Vec<User>) -> Vec<User> {
    let (tenant, account) = (Caller::of([acme()]).writes(&acme()), Caller::operator().changes());
    let directory = &world.directory;
    for name in ["0000", "8888", "zzzz"] {
        users.push(directory.create(&tenant, new_user(name, "admin")).await.unwrap());
    }
    let middle = users.len() / 2;
    for (position, name) in [(middle, "00"), (5, "zz"), (middle + 5, "77")] {
        let seen = world.find(&users[position].id).await.unwrap();
        let given_name = Some(name.parse().unwrap());
        let change = AccountChange { email: email(name), given_name, family_name: None };
        let applied = directory.change_account(&account, &seen, change).await.unwrap();
        users[position] = applied.user;
    }
    for position in [middle + 7, 9] {
        let seen = world.find(&users[position].id).await.unwrap();
        users[position] =
            directory.change_membership(&tenant, &seen, to_role("viewer")).await.unwrap();
    }
    let gone = users.swap_remove(2);
    directory.delete(&account, &world.find(&gone.id).await.unwrap()).await.unwrap();
    let gone = users.swap_remove(middle - 7);
    directory.detach(&tenant, &world.find(&gone.id).await.unwrap()).await.unwrap();
    users
}

#[tokio::test]
async fn short_list_shows_recent_writes_in_one_call() {
    let (world, users) = tenant(80, 100, |number| number * 1009 + 1).await;
    let users = write(&world, users).await;
    world.take_calls();
    let mut lists = 0;
    for sort in sorts() {
        for window in [None, window(0, 7), window(7, 10), window(18, 5)] {
            assert_listed(&world, &users, ListQuery { sort, page: window }).await;
            lists += 1;
        }
    }
    assert_eq!(world.take_calls(), calls([(SEARCH, lists)]));
}

#[tokio::test]
async fn long_list_shows_recent_writes() {
    let (world, users) = tenant(230, 100, |number| number * 1009 + 1).await;
    let users = write(&world, users).await;
    for sort in sorts() {
        for number in 0..=231 / 33 + 1 {
            assert_listed(&world, &users, ListQuery { sort, page: window(number, 33) }).await;
        }
        assert_listed(&world, &users, ListQuery { sort, page: None }).await;
    }
    // After the search has caught up, the lists are the same.
    world.control().catch_up();
    for sort in sorts() {
        for number in [0, 2, 3, 6] {
            assert_listed(&world, &users, ListQuery { sort, page: window(number, 33) }).await;
        }
    }
}

#[tokio::test]
async fn recent_write_costs_one_more_call() {
    let (world, users) = tenant(230, 100, |number| number * 1009 + 1).await;
    let page = ListQuery { page: window(3, 50), ..ListQuery::default() };
    let users = write(&world, users).await;
    world.take_calls();
    assert_listed(&world, &users, page).await;
    assert_eq!(world.take_calls(), calls([(SEARCH, 2)]));
    world.clock.advance(std::time::Duration::from_secs(61));
    assert_listed(&world, &users, page).await;
    assert_eq!(world.take_calls(), calls([(SEARCH, 1)]));
}

#[tokio::test]
async fn very_long_list_shows_recent_writes() {
    let (world, users) = tenant(1050, 100, |number| number * 1009 + 1).await;
    let users = write(&world, users).await;
    for sort in sorts().step_by(3) {
        for number in [0, 4, 9, 10, 11] {
            assert_listed(&world, &users, ListQuery { sort, page: window(number, 100) }).await;
        }
    }
}

#[tokio::test]
async fn write_of_another_process_is_listed_once_indexed() {
    let (world, mut users) = tenant(20, 100, |number| number * 1009 + 1).await;
    let other = world.another_directory(catalogue());
    let scope = Caller::of([acme()]).writes(&acme());
    let first = world.find(&users[0].id).await.unwrap();
    users[0] = world.directory.change_membership(&scope, &first, to_role("viewer")).await.unwrap();
    assert_listed(&world, &users, ListQuery::default()).await;
    world.clock.advance(std::time::Duration::from_secs(1));
    let second = other.change_membership(&scope, &users[0], to_role("admin")).await.unwrap();
    // Not yet: the own write is the latest known state.
    assert_listed(&world, &users, ListQuery::default()).await;
    world.control().catch_up();
    users[0] = second;
    assert_listed(&world, &users, ListQuery::default()).await;
}
