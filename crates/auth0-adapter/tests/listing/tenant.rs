//! A tenant of any size, and its expected lists.

use std::num::NonZeroU32;
use std::time::Duration;

use conformance::{Caller, ManualClock, acme, catalogue, select};
use domain::{ListQuery, PageRequest, Sort, SortField, User};
use ports::Clock;
use serde_json::json;

use crate::world::{World, account, lagging_search};

/// Returns the page request of a list.
pub(crate) fn window(number: u64, size: u32) -> Option<PageRequest> {
    NonZeroU32::new(size).map(|size| PageRequest { number, size })
}

pub(crate) fn sorts() -> impl Iterator<Item = Sort> {
    let both = |field| [false, true].map(|descending| Sort { field, descending });
    SortField::ALL.into_iter().flat_map(both)
}

/// A world whose acme has this many users, and another tenant with a fifth of that. `created` maps
/// a user's number to its creation time, in milliseconds before now.
pub(crate) async fn tenant(
    count: u64,
    pages_of: u64,
    created: impl Fn(u64) -> u64,
) -> (World, Vec<User>) {
    let settings = |settings: &mut auth0_sim::Config| {
        lagging_search(settings);
        settings.switches.max_per_page = pages_of;
    };
    let world = World::with(settings, |config| config.scan_ttl = Duration::ZERO).await;
    let now = ManualClock::new().now();
    let mut users = Vec::new();
    for number in 0..count {
        let scrambled = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let moment = now.plus_millis(-i64::try_from(created(number)).unwrap()).to_string();
        let mut user_json = account(&format!("{scrambled:016x}"), [("acme", "member")]);
        user_json["email"] = json!(format!("{:016x}@example.com", scrambled.rotate_left(23)));
        user_json["created_at"] = json!(moment);
        user_json["updated_at"] = json!(moment);
        if !number.is_multiple_of(3) {
            user_json["given_name"] = json!(format!("N{}", number % 17));
        }
        if number.is_multiple_of(4) {
            user_json["username"] = json!(format!("x{:013x}", scrambled >> 12));
        }
        user_json["family_name"] = json!(format!("f{}", scrambled % 1000));
        users.push(user(&user_json));
        world.seed(user_json);
        if number.is_multiple_of(5) {
            world.seed(account(&format!("bystander{number}"), [("globex", "member")]));
        }
    }
    (world, users)
}

/// The expected account, written independently of the code under test.
fn user(account: &serde_json::Value) -> User {
    let text = |member: &str| account[member].as_str();
    let moment = text("created_at").unwrap().parse().unwrap();
    let role = catalogue().resolve("member").unwrap().clone();
    User {
        id: text("user_id").unwrap().parse().unwrap(),
        email: text("email").unwrap().parse().unwrap(),
        username: text("username").map(|name| name.parse().unwrap()),
        given_name: text("given_name").map(|name| name.parse().unwrap()),
        family_name: text("family_name").map(|name| name.parse().unwrap()),
        display_name: None,
        service_user: false,
        blocked: false,
        created_at: moment,
        updated_at: Some(moment),
        last_login: None,
        home: None,
        credentials: domain::Credentials::default(),
        memberships: [(acme(), domain::Membership::new(role))].into(),
    }
}

/// Asserts that the list equals one made from all users in memory.
pub(crate) async fn assert_listed(world: &World, users: &[User], listing: ListQuery) {
    let page = world.list(&acme(), listing).await;
    let expected: Vec<_> = listing.select(users).into_iter().cloned().collect();
    assert_eq!(page.total, users.len() as u64, "{listing:?}");
    // Ids first, since they make a failure readable.
    let ids = |users: &[User]| users.iter().map(|user| user.id.to_string()).collect::<Vec<_>>();
    let found: Vec<User> = page.users.iter().map(|view| view.as_ref().clone()).collect();
    assert_eq!(ids(&found), ids(&expected), "{listing:?}");
    assert!(found == expected, "a user is not as expected: {listing:?}");
}

pub(crate) async fn fails(world: &World, listing: ListQuery) -> bool {
    let scope = Caller::of([acme()]).reads(&acme());
    select(&*world.directory, &scope, listing).await.is_err()
}
