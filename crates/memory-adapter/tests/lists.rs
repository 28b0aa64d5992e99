//! Lists of short and long tenants while accounts change: each is a list of one moment.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed step ends the test")]

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use conformance::{Caller, ManualClock, acme, catalogue, globex};
use domain::{AccountChange, ListQuery, NewUser, PageRequest, Sort, SortField, User, UserView};
use futures_util::StreamExt as _;
use memory_adapter::MemoryDirectory;
use ports::UserDirectory;
use serde_json::json;

const FIRST_NAMES: [&str; 5] = ["Ada", "ada", "Bob", "", "Öz"];

/// Returns a directory with this many users of acme, every third of them also of globex.
fn directory(count: usize) -> Arc<MemoryDirectory> {
    let directory = MemoryDirectory::new(catalogue(), Arc::new(ManualClock::new()));
    let mut seed = String::new();
    for number in 0..count {
        // In no order, with ties and with both cases.
        let shuffled = number * 7919 % 1_000_003;
        let tenants = if number % 3 == 0 {
            json!({"acme": "member", "globex": "viewer"})
        } else {
            json!({"acme": "member"})
        };
        let line = json!({
            "id": format!("auth0|{shuffled:024x}"),
            "email": format!("user{number}@acme.example"),
            "username": (number % 5 == 0).then(|| format!("name{shuffled}")),
            "firstName": FIRST_NAMES[number % FIRST_NAMES.len()],
            "lastName": "0",
            "createdAt": format!("2026-01-01T00:{:02}:00Z", shuffled % 60),
            "homeTenant": "acme",
            "tenants": tenants,
        });
        seed += &line.to_string();
        seed.push('\n');
    }
    directory.load_seed(seed.as_bytes()).unwrap();
    Arc::new(directory)
}

fn every_sort() -> impl Iterator<Item = Sort> {
    let both = |field| [false, true].map(|descending| Sort { field, descending });
    SortField::ALL.into_iter().flat_map(both)
}

async fn full(directory: &MemoryDirectory, sort: Sort) -> Vec<UserView<'static>> {
    let list = directory.list_all(&Caller::of([acme()]).reads(&acme()), sort).await.unwrap();
    let total = list.total();
    let users = list.collect().await.unwrap().users;
    assert_eq!(users.len() as u64, total);
    users
}

/// Asserts that the users are in this order, which is total, and that none occurs twice.
fn assert_ordered(users: &[UserView<'static>], sort: Sort) {
    let query = ListQuery { sort, page: None };
    let sorted = query.select(users);
    assert!(users.iter().zip(sorted).all(|(user, sorted)| user.id == sorted.id), "{sort}");
    let mut ids: Vec<_> = users.iter().map(|user| &user.id).collect();
    ids.sort_unstable();
    assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "{sort}");
}

/// Renames the users one after the other, so that at each moment the first have been renamed once
/// more than the others; between that, others come and go.
async fn change(directory: &MemoryDirectory, users: &[User], rounds: usize) {
    let changes = Caller::of([acme()]).changes();
    let writes = Caller::of([acme()]).writes(&acme());
    for round in 1..=rounds {
        for (index, user) in users.iter().enumerate() {
            let change = AccountChange {
                email: user.email.clone(),
                given_name: user.given_name.clone(),
                family_name: Some(round.to_string().parse().unwrap()),
            };
            directory.change_account(&changes, user, change).await.unwrap();
            if index % 8 == 0 {
                let new = guest(&format!("guest{round}.{index}@acme.example"));
                let guest = directory.create(&writes, new).await.unwrap();
                directory.delete(&changes, &guest).await.unwrap();
            }
            tokio::task::yield_now().await;
        }
    }
}

/// Returns a user to create with this address.
fn guest(email: &str) -> NewUser {
    NewUser {
        email: email.parse().unwrap(),
        username: None,
        given_name: Some("Guest".parse().unwrap()),
        family_name: None,
        display_name: None,
        service_user: false,
        role: catalogue().default_role().clone(),
        password: None,
    }
}

/// Asserts that a full list is of one moment: of the users that are renamed, the first have been
/// renamed once more than the others.
fn assert_one_moment(users: &[UserView<'static>], renamed: &[User], count: usize) {
    let guests = users.iter().filter(|user| user.given_name_or_empty() == "Guest").count();
    assert!(users.len() - guests == count && guests <= 1);
    let round = |id: &_| -> usize {
        let user = users.iter().find(|user| user.id == *id).unwrap();
        user.family_name_or_empty().parse().unwrap()
    };
    let rounds: Vec<_> = renamed.iter().map(|user| round(&user.id)).collect();
    assert!(rounds.is_sorted_by(|earlier, later| earlier >= later), "{rounds:?}");
    assert!(rounds[0] - rounds[rounds.len() - 1] <= 1, "{rounds:?}");
}

async fn lists_are_exact(count: usize, renamed: usize, rounds: usize) {
    let directory = directory(count);
    let views = Caller::of([acme()]).reads(&acme());
    let first = PageRequest { number: 0, size: NonZeroU32::new(100).unwrap() };
    let by_id = directory.list_page(&views, Sort::default(), first).await.unwrap();
    let renamed: Vec<User> =
        by_id.users.iter().take(renamed).map(|view| User::clone(view)).collect();

    let done = Arc::new(AtomicBool::new(false));
    let changing = tokio::spawn({
        let (directory, done, renamed) = (directory.clone(), done.clone(), renamed.clone());
        async move {
            change(&directory, &renamed, rounds).await;
            done.store(true, Ordering::SeqCst);
        }
    });
    let sorts: Vec<_> = every_sort().collect();
    for (reads, sort) in sorts.into_iter().cycle().enumerate() {
        if done.load(Ordering::SeqCst) && reads >= 12 {
            break;
        }
        let users = full(&directory, sort).await;
        assert_ordered(&users, sort);
        assert_one_moment(&users, &renamed, count);
        for number in [0, count as u64 / 100, count as u64 / 40] {
            let size = NonZeroU32::new(20).unwrap();
            let page = PageRequest { number, size };
            let read = directory.list_page(&views, sort, page).await.unwrap();
            assert_ordered(&read.users, sort);
            let rest = read.total.saturating_sub(number * 20).min(20);
            assert_eq!(read.users.len() as u64, rest);
            assert!((count as u64..=count as u64 + 1).contains(&read.total));
        }
    }
    changing.await.unwrap();

    let all = full(&directory, Sort::default()).await;
    assert_eq!(all.len(), count);
    for sort in every_sort() {
        let users = full(&directory, sort).await;
        let sorted = ListQuery { sort, page: None }.select(&all);
        assert!(users.iter().eq(sorted.iter().copied()), "{sort}");
        let size = NonZeroU32::new(7).unwrap();
        for number in [0, 1, count as u64 / 14, count as u64 / 7, count as u64] {
            let page = PageRequest { number, size };
            let read = directory.list_page(&views, sort, page).await.unwrap();
            let start = users.len().min(usize::try_from(number).unwrap() * 7);
            let end = users.len().min(start + 7);
            assert_eq!(read.users, &users[start..end], "{sort} {number}");
        }
    }
    let globex_users = directory
        .list_all(&Caller::of([globex()]).reads(&globex()), Sort::default())
        .await
        .unwrap();
    assert_eq!(globex_users.total(), count.div_ceil(3) as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_of_one_user_are_exact_while_it_changes() {
    lists_are_exact(1, 1, 300).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_of_999_users_are_exact_while_they_change() {
    lists_are_exact(999, 50, 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_of_30000_users_are_exact_while_they_change() {
    lists_are_exact(30_000, 50, 4).await;
}

/// Takes about a minute in a release build.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes in a debug build"]
async fn lists_of_a_million_users_are_exact_while_they_change() {
    lists_are_exact(100_000, 50, 20).await;
    lists_are_exact(1_000_000, 100, 40).await;
}

#[tokio::test]
async fn dropped_list_holds_nothing() {
    let directory = directory(1000);
    let scope = Caller::of([acme()]).reads(&acme());
    let mut list = directory.list_all(&scope, Sort::default()).await.unwrap();
    let first = list.next().await.unwrap().unwrap();
    let user = first[0].id.clone();
    drop(first);
    let views = Caller::of([acme()]).views();
    let held = directory.find(&views, &user).await.unwrap().unwrap();
    let name = Some("New".parse().unwrap());
    let change = AccountChange { email: held.email.clone(), given_name: None, family_name: name };
    directory.change_account(&Caller::of([acme()]).changes(), &held, change).await.unwrap();
    // The account as it was is held here and by the list.
    let by_list = Arc::strong_count(&held) - 1;
    drop(list);
    assert_eq!((by_list, Arc::strong_count(&held)), (1, 1));
}

/// Each request has a copy of its own of the tenant's id.
#[tokio::test]
async fn created_users_share_the_id_of_their_tenant() {
    let directory = directory(1);
    let mut stored = Vec::new();
    for email in ["one@acme.example", "two@acme.example"] {
        let writes = Caller::of([acme()]).writes(&acme());
        stored.push(directory.create(&writes, guest(email)).await.unwrap());
    }
    let ids = stored.iter().map(|user| {
        let membership = user.memberships.first_key_value();
        [user.home.as_ref(), membership.map(|(tenant, _)| tenant)]
            .map(|tenant| tenant.map(|tenant| tenant.as_str().as_ptr()))
    });
    let ids: Vec<_> = ids.flatten().collect();
    assert!(ids.iter().all(|id| id.is_some() && *id == ids[0]), "{ids:?}");
}
