//! Lists: the order is total, and pages are slices of it.

#![allow(clippy::expect_used, reason = "a test that cannot be set up should stop")]

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::num::NonZeroU32;

use domain::{ListQuery, PageRequest, Sort, SortField, Timestamp, User};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Names that are equal, equal but for their case, or longer in lower case.
const NAMES: [&str; 18] = [
    "a", "A", "ab", "Ab", "aB", "aΣ", "Aσ", "aς", "k", "K", "\u{212a}", "ß", "SS", "É", "é", "İ",
    "i\u{307}", "語",
];

/// Generates a user whose fields often equal those of others. The number makes the id unique, though
/// its lower case may not be.
fn any_user() -> impl Strategy<Value = User> {
    let name = || option::of(select(NAMES.to_vec()));
    let username = option::of(select(vec!["a", "b", "a@b", "mail0"]));
    (select(vec!['u', 'U']), 0..40_u8, username, name(), name(), 0..5_i64).prop_map(
        |(letter, number, username, given, family, created)| {
            let id = format!("{letter}{number}").parse().expect("an id");
            let email = format!("mail{number}@example.com").parse().expect("an address");
            let created = Timestamp::from_unix_millis(created).expect("a moment");
            User {
                username: username.map(|text| text.parse().expect("a username")),
                given_name: given.map(|text| text.parse().expect("a name")),
                family_name: family.map(|text| text.parse().expect("a name")),
                ..User::builder(id, email).created_at(created).build()
            }
        },
    )
}

/// Generates users with different ids, in any order.
fn users() -> impl Strategy<Value = Vec<User>> {
    vec(any_user(), 0..60).prop_map(|users| {
        let mut seen = BTreeSet::new();
        users.into_iter().filter(|user| seen.insert(user.id.clone())).collect()
    })
}

fn sorts() -> impl Strategy<Value = Sort> {
    (select(SortField::ALL.to_vec()), any::<bool>())
        .prop_map(|(field, descending)| Sort { field, descending })
}

fn page_requests() -> impl Strategy<Value = PageRequest> {
    let number = prop_oneof![6 => 0..8_u64, 1 => any::<u64>(), 1 => Just(u64::MAX)];
    let size = prop_oneof![6 => 1..20_u32, 1 => 1..=u32::MAX, 1 => Just(u32::MAX)];
    (number, size).prop_map(|(number, size)| page_request(number, size))
}

fn page_request(number: u64, size: u32) -> PageRequest {
    PageRequest { number, size: NonZeroU32::new(size).expect("at least one") }
}

fn select_all(sort: Sort, users: &[User]) -> Vec<&User> {
    ListQuery { sort, page: None }.select(users)
}

/// Returns the sort key of a text: its lower case, then its bytes.
fn folded(text: &str) -> (String, Vec<u8>) {
    (text.to_lowercase(), text.as_bytes().to_vec())
}

/// Compares two users by a second implementation of the order.
fn compare(sort: Sort, left: &User, right: &User) -> Ordering {
    let by_text = |shown: fn(&User) -> &str| folded(shown(left)).cmp(&folded(shown(right)));
    let by_id = by_text(|user| user.id.as_str());
    let by_field = match sort.field {
        SortField::Id => by_id,
        SortField::Username => by_text(|user| {
            user.username.as_ref().map_or(user.email.as_str(), |username| username.as_str())
        }),
        SortField::Email => by_text(|user| user.email.as_str()),
        SortField::FirstName => {
            by_text(|user| user.given_name.as_ref().map_or("", |name| name.as_str()))
        }
        SortField::LastName => {
            by_text(|user| user.family_name.as_ref().map_or("", |name| name.as_str()))
        }
        SortField::CreatedAt => left.created_at.cmp(&right.created_at),
    };
    if sort.descending { by_field.reverse().then(by_id) } else { by_field.then(by_id) }
}

proptest! {
    #[test]
    fn list_contains_all_users_in_order(users in users(), sort in sorts()) {
        let mut sorted: Vec<&User> = users.iter().collect();
        sorted.sort_by(|left, right| compare(sort, left, right));
        prop_assert_eq!(select_all(sort, &users), sorted);
    }

    #[test]
    fn page_is_a_slice_of_the_list(users in users(), sort in sorts(), page_request in page_requests()) {
        let size = usize::try_from(page_request.size.get()).expect("a small page");
        let skipped = u128::from(page_request.number) * u128::from(page_request.size.get());
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        let slice: Vec<&User> =
            select_all(sort, &users).into_iter().skip(skipped).take(size).collect();
        prop_assert_eq!(ListQuery { sort, page: Some(page_request) }.select(&users), slice);
    }

    #[test]
    fn pages_concatenate_to_the_list(users in users(), sort in sorts(), size in 1..20_u32) {
        let total = u64::try_from(users.len()).expect("a short list");
        let page = |number| {
            ListQuery { sort, page: Some(page_request(number, size)) }.select(&users)
        };
        let last = page_request(0, size).last_page(total);
        let pages: Vec<&User> = (0..=last).flat_map(page).collect();
        prop_assert_eq!(pages, select_all(sort, &users));
        prop_assert!(users.is_empty() || !page(last).is_empty());
        prop_assert!(page(last + 1).is_empty());
    }

    #[test]
    fn order_is_total(users in users(), sort in sorts()) {
        for pair in select_all(sort, &users).windows(2) {
            let [first, second] = pair else { continue };
            prop_assert_eq!(compare(sort, first, second), Ordering::Less);
        }
    }

    #[test]
    fn order_does_not_depend_on_input_order(
        users in users(), sort in sorts(), rotation in any::<Index>(), page_request in page_requests(),
    ) {
        let mut rotated = users.clone();
        rotated.rotate_left(rotation.index(users.len().max(1)).min(users.len()));
        rotated.reverse();
        let query = ListQuery { sort, page: Some(page_request) };
        prop_assert_eq!(query.select(&rotated), query.select(&users));
    }
}

fn ids(sort: &str, users: &[User]) -> Vec<String> {
    let sort = sort.parse().expect("a sort");
    select_all(sort, users).into_iter().map(|user| user.id.to_string()).collect()
}

fn named(id: &str, given: Option<&str>, username: Option<&str>) -> User {
    let email = format!("{id}@example.com").parse().expect("an address");
    User {
        username: username.map(|text| text.parse().expect("a username")),
        given_name: given.map(|text| text.parse().expect("a name")),
        ..User::builder(id.parse().expect("an id"), email).build()
    }
}

#[test]
fn ties_are_broken_by_ascending_id() {
    let users = ["b", "c", "a"].map(|id| named(id, Some("Same"), None));
    assert_eq!(ids("firstName", &users), ["a", "b", "c"]);
    assert_eq!(ids("-firstName", &users), ["a", "b", "c"]);
    assert_eq!(ids("-id", &users), ["c", "b", "a"]);
}

#[test]
fn case_breaks_ties_only() {
    let users = [("1", "b"), ("2", "B"), ("3", "a"), ("4", "C")]
        .map(|(id, name)| named(id, Some(name), None));
    assert_eq!(ids("firstName", &users), ["3", "2", "1", "4"]);
    assert_eq!(ids("-firstName", &users), ["4", "1", "2", "3"]);
}

#[test]
fn missing_names_sort_as_shown() {
    let users = [
        named("m", None, None),
        named("z", Some("A"), Some("a")),
        named("a", Some("B"), Some("n")),
    ];
    assert_eq!(ids("firstName", &users), ["m", "z", "a"]);
    assert_eq!(ids("username", &users), ["z", "m", "a"]);
}

#[test]
fn page_with_overflowing_start_is_empty() {
    let users = ["a", "b", "c"].map(|id| named(id, None, None));
    for (number, size) in [(1 << 63, 2), (1 << 62, 4), (u64::MAX, 1), (u64::MAX, u32::MAX)] {
        let query = ListQuery { sort: Sort::default(), page: Some(page_request(number, size)) };
        assert!(query.select(&users).is_empty(), "page {number} of {size}");
    }
}

#[test]
fn last_page_of_empty_list_is_zero() {
    for (total, size, last) in [(0, 1, 0), (1, 1, 0), (2, 1, 1), (50, 50, 0), (51, 50, 1)] {
        assert_eq!(page_request(7, size).last_page(total), last, "{total} by {size}");
    }
    assert_eq!(page_request(0, 1).last_page(u64::MAX), u64::MAX - 1);
}
