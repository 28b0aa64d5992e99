//! A tenant with as many people as a test wants, and what its lists have to be.

use std::num::NonZeroU32;

use conformance::{Caller, ManualClock, acme, catalogue};
use domain::{ListQuery, PageRequest, Sort, SortField, User};
use ports::{Clock, UserDirectory};
use serde_json::json;

use crate::world::{World, account, lagging};

/// A page, as a listing takes it.
pub(crate) fn window(number: u64, size: u32) -> Option<PageRequest> {
    NonZeroU32::new(size).map(|size| PageRequest { number, size })
}

pub(crate) fn sorts() -> impl Iterator<Item = Sort> {
    let both = |field| [false, true].map(|descending| Sort { field, descending });
    SortField::ALL.into_iter().flat_map(both)
}

/// A world whose acme has so many people, with a bystander in another tenant for each fifth of
/// them. The `created` of a number is when that one was created, in milliseconds before now.
pub(crate) async fn tenant(
    count: u64,
    pages_of: u64,
    created: impl Fn(u64) -> u64,
) -> (World, Vec<User>) {
    let settings = |settings: &mut auth0_sim::Config| {
        lagging(settings);
        settings.switches.max_per_page = pages_of;
    };
    let world = World::with(settings, |_| ()).await;
    let now = ManualClock::new().now();
    let mut people = Vec::new();
    for number in 0..count {
        let scrambled = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let moment = now.plus_millis(-i64::try_from(created(number)).unwrap()).to_string();
        let mut person = account(&format!("{scrambled:016x}"), [("acme", "member")]);
        person["email"] = json!(format!("{:016x}@example.com", scrambled.rotate_left(23)));
        person["created_at"] = json!(moment);
        person["updated_at"] = json!(moment);
        if !number.is_multiple_of(3) {
            person["given_name"] = json!(format!("N{}", number % 17));
        }
        if number.is_multiple_of(4) {
            person["username"] = json!(format!("x{:013x}", scrambled >> 12));
        }
        person["family_name"] = json!(format!("f{}", scrambled % 1000));
        people.push(user(&person));
        world.seed(person);
        if number.is_multiple_of(5) {
            world.seed(account(&format!("bystander{number}"), [("globex", "member")]));
        }
    }
    (world, people)
}

/// The account as it has to be read; written down a second time, since the lists of a test must not
/// be held against what the lists themselves read.
fn user(account: &serde_json::Value) -> User {
    let text = |member: &str| account[member].as_str();
    let moment = text("created_at").unwrap().parse().unwrap();
    let role = catalogue().resolve("member").unwrap().clone();
    let id = text("user_id").unwrap().parse().unwrap();
    let builder = User::builder(id, text("email").unwrap().parse().unwrap())
        .created_at(moment)
        .updated_at(moment)
        .membership(acme(), role);
    User {
        username: text("username").map(|name| name.parse().unwrap()),
        given_name: text("given_name").map(|name| name.parse().unwrap()),
        family_name: text("family_name").map(|name| name.parse().unwrap()),
        ..builder.build()
    }
}

/// Asserts that the list is what it would be if everybody were in memory.
pub(crate) async fn assert_listed(world: &World, people: &[User], listing: ListQuery) {
    let page = world.list(&acme(), listing).await;
    let expected: Vec<_> = listing.select(people).into_iter().cloned().collect();
    assert_eq!(page.total, people.len() as u64, "{listing:?}");
    // Ids first, since they are what a failure can be read from.
    let ids = |users: &[User]| users.iter().map(|user| user.id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(&page.users), ids(&expected), "{listing:?}");
    assert!(page.users == expected, "somebody is not as expected: {listing:?}");
}

pub(crate) async fn fails(world: &World, listing: ListQuery) -> bool {
    let scope = Caller::of([acme()]).reads(&acme());
    world.directory.list(&scope, &listing).await.is_err()
}
