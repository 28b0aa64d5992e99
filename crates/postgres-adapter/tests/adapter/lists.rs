//! Lists: exactly the order of the domain, by indexes.

use std::num::NonZeroU32;

use conformance::{Caller, acme, globex, new_user};
use domain::{ListQuery, NewUser, PageRequest, PersonName, Sort, SortField, User};
use ports::UserDirectory as _;

use crate::world::World;

/// Names whose order differs between byte order, Unicode lower case, and locales.
const NAMES: [&str; 14] = [
    "Ada",
    "ada",
    "ADA",
    "Ädа",
    "Zoë",
    "zoe",
    "ΑΣ",
    "ας",
    "İlker",
    "ilker",
    "\u{212a}elvin",
    "kelvin",
    "ß",
    "SS",
];

async fn world() -> Option<World> {
    let world = World::new()?;
    let directory = world.standard_directory().await;
    let (in_acme, in_globex) =
        (Caller::operator().writes(&acme()), Caller::operator().writes(&globex()));
    for number in 0..84 {
        let name: PersonName = NAMES[number % NAMES.len()].parse().unwrap();
        let user = NewUser {
            given_name: (number % 3 > 0).then(|| name.clone()),
            family_name: (number % 4 > 0).then_some(name),
            username: (number % 5 == 0).then(|| format!("name{number}").parse().unwrap()),
            ..new_user(&format!("user{}", number * 37 % 84), "member")
        };
        let scope = if number % 7 == 0 { &in_globex } else { &in_acme };
        directory.create(scope, user).await.unwrap();
    }
    // Some of the other tenant are attached, and pending.
    for number in (0..84).step_by(14) {
        let member = conformance::new_member(&format!("user{}", number * 37 % 84), "viewer");
        directory.attach_or_create(&in_acme, member).await.unwrap();
    }
    Some(world)
}

fn sorts() -> impl Iterator<Item = Sort> {
    SortField::ALL
        .into_iter()
        .flat_map(|field| [false, true].map(|descending| Sort { field, descending }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_of_every_order_is_that_of_a_plain_sort() {
    let Some(world) = world().await else { return };
    let directory = world.standard_directory().await;
    let scope = Caller::of([acme()]).reads(&acme());
    let all = directory.list_all(&scope, Sort::default()).await.unwrap().collect().await.unwrap();
    let all: Vec<User> = all.users.iter().map(|view| User::clone(view)).collect();
    assert_eq!(all.len(), 72 + 6);
    for sort in sorts() {
        for size in [1, 7, 20, 100] {
            for number in 0..=all.len() as u64 / size + 1 {
                let size = NonZeroU32::new(u32::try_from(size).unwrap()).unwrap();
                let page = PageRequest { number, size };
                let expected = ListQuery { sort, page: Some(page) }.select(&all);
                let found = directory.list_page(&scope, sort, page).await.unwrap();
                assert_eq!(found.total, all.len() as u64);
                let found: Vec<User> = found.users.iter().map(|view| User::clone(view)).collect();
                assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{sort} {page:?}");
            }
        }
        let expected = ListQuery { sort, page: None }.select(&all);
        let list = directory.list_all(&scope, sort).await.unwrap().collect().await.unwrap();
        let list: Vec<User> = list.users.iter().map(|view| User::clone(view)).collect();
        assert_eq!(list.iter().collect::<Vec<_>>(), expected, "{sort}");
    }
}

/// A list of more than one batch is read by a cursor, and shows one moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_list_shows_one_moment() {
    let Some(world) = World::new() else { return };
    let directory = world.standard_directory().await;
    world
        .database
        .execute(
            "INSERT INTO usher.account (id, email, service_user, blocked, home, email_verified, \
             stamp_sets_address, created_at, version) \
             SELECT 'usher|' || n, n || '@acme.example', false, false, 'acme', false, false, now(), 1 \
             FROM generate_series(1, 1000) AS n; \
             INSERT INTO usher.membership (tenant, account, role, suspended, id_key, username_key, \
             email_key, first_name_key, last_name_key, created_key) \
             SELECT 'acme', id, 'member', false, '', '', '', '', '', created_at FROM usher.account; \
             DELETE FROM usher.setting",
        )
        .unwrap();
    assert_eq!(directory.prepare().await.unwrap(), 1000);
    let scope = Caller::of([acme()]).reads(&acme());
    let list = directory.list_all(&scope, Sort::default()).await.unwrap();
    world.database.execute("DELETE FROM usher.account WHERE id LIKE '%5'").unwrap();
    let listed = list.collect().await.unwrap();
    assert_eq!((listed.users.len(), listed.total), (1000, 1000));
    let list = directory.list_all(&scope, Sort::default()).await.unwrap();
    assert_eq!(list.total(), 900);
}
