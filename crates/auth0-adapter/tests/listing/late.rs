//! Lists that hold what was written a moment ago, while the search does not know it yet.

use conformance::{Caller, acme, catalogue};
use domain::{AccountChange, ListQuery, User};
use ports::UserDirectory;

use crate::tenant::{assert_listed, sorts, tenant, window};
use crate::world::{SEARCH, World, calls, email, newcomer, to_role};

/// Makes writes of every kind to a tenant, and answers its people as they are then.
async fn write(world: &World, mut people: Vec<User>) -> Vec<User> {
    let (tenant, account) = (Caller::of([acme()]).writes(&acme()), Caller::operator().changes());
    let directory = &world.directory;
    for name in ["0000", "8888", "zzzz"] {
        people.push(directory.create(&tenant, newcomer(name, "admin")).await.unwrap());
    }
    let middle = people.len() / 2;
    for (position, name) in [(middle, "00"), (5, "zz"), (middle + 5, "77")] {
        let seen = world.now(&people[position].id).await.unwrap();
        let given_name = Some(name.parse().unwrap());
        let change = AccountChange { email: email(name), given_name, family_name: None };
        let applied = directory.change_account(&account, &seen, change).await.unwrap();
        people[position] = applied.user;
    }
    for position in [middle + 7, 9] {
        let seen = world.now(&people[position].id).await.unwrap();
        people[position] =
            directory.change_membership(&tenant, &seen, to_role("viewer")).await.unwrap();
    }
    let gone = people.swap_remove(2);
    directory.delete(&account, &world.now(&gone.id).await.unwrap()).await.unwrap();
    let gone = people.swap_remove(middle - 7);
    directory.detach(&tenant, &world.now(&gone.id).await.unwrap()).await.unwrap();
    people
}

#[tokio::test]
async fn short_lists_hold_late_writes_at_no_further_cost() {
    let (world, people) = tenant(80, 100, |number| number * 1009 + 1).await;
    let people = write(&world, people).await;
    world.calls();
    let mut lists = 0;
    for sort in sorts() {
        for window in [None, window(0, 7), window(7, 10), window(18, 5)] {
            assert_listed(&world, &people, ListQuery { sort, page: window }).await;
            lists += 1;
        }
    }
    assert_eq!(world.calls(), calls([(SEARCH, lists)]));
}

#[tokio::test]
async fn long_lists_hold_late_writes() {
    let (world, people) = tenant(230, 100, |number| number * 1009 + 1).await;
    let people = write(&world, people).await;
    for sort in sorts() {
        for number in 0..=231 / 33 + 1 {
            assert_listed(&world, &people, ListQuery { sort, page: window(number, 33) }).await;
        }
        assert_listed(&world, &people, ListQuery { sort, page: None }).await;
    }
    // The search catches up, and nothing changes.
    world.control().catch_up();
    for sort in sorts() {
        for number in [0, 2, 3, 6] {
            assert_listed(&world, &people, ListQuery { sort, page: window(number, 33) }).await;
        }
    }
}

#[tokio::test]
async fn a_page_costs_one_call_more_after_a_late_write_and_one_again_after_a_while() {
    let (world, people) = tenant(230, 100, |number| number * 1009 + 1).await;
    let page = ListQuery { page: window(3, 50), ..ListQuery::default() };
    let people = write(&world, people).await;
    world.calls();
    assert_listed(&world, &people, page).await;
    assert_eq!(world.calls(), calls([(SEARCH, 2)]));
    world.clock.advance(std::time::Duration::from_secs(61));
    assert_listed(&world, &people, page).await;
    assert_eq!(world.calls(), calls([(SEARCH, 1)]));
}

#[tokio::test]
async fn very_long_lists_hold_late_writes() {
    let (world, people) = tenant(1050, 100, |number| number * 1009 + 1).await;
    let people = write(&world, people).await;
    for sort in sorts().step_by(3) {
        for number in [0, 4, 9, 10, 11] {
            assert_listed(&world, &people, ListQuery { sort, page: window(number, 100) }).await;
        }
    }
}

#[tokio::test]
async fn what_another_process_wrote_is_on_the_list_when_the_search_knows_it() {
    let (world, mut people) = tenant(20, 100, |number| number * 1009 + 1).await;
    let other = world.another(catalogue());
    let scope = Caller::of([acme()]).writes(&acme());
    let first = world.now(&people[0].id).await.unwrap();
    people[0] = world.directory.change_membership(&scope, &first, to_role("viewer")).await.unwrap();
    assert_listed(&world, &people, ListQuery::default()).await;
    world.clock.advance(std::time::Duration::from_secs(1));
    let second = other.change_membership(&scope, &people[0], to_role("admin")).await.unwrap();
    // Not yet: the own write is the newest that is known.
    assert_listed(&world, &people, ListQuery::default()).await;
    world.control().catch_up();
    people[0] = second;
    assert_listed(&world, &people, ListQuery::default()).await;
}
