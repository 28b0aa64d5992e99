//! Lists: their order is total, and their pages are slices of it.

#![allow(clippy::expect_used, reason = "a test may stop at what cannot be")]

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::num::NonZeroU32;

use domain::{ListQuery, PageRequest, Sort, SortField, Timestamp, User};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Names that collide, in full or but for their case, and lower-case to something longer.
const NAMES: [&str; 12] = ["a", "A", "ab", "Ab", "aB", "ß", "SS", "É", "é", "İ", "i\u{307}", "語"];

/// A user whose shown fields collide with those of others more often than not. Its id is unique
/// by the number, though not always by its lower case.
fn a_user() -> impl Strategy<Value = User> {
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

/// Users with different ids, in any order.
fn users() -> impl Strategy<Value = Vec<User>> {
    vec(a_user(), 0..60).prop_map(|users| {
        let mut seen = BTreeSet::new();
        users.into_iter().filter(|user| seen.insert(user.id.clone())).collect()
    })
}

fn sorts() -> impl Strategy<Value = Sort> {
    (select(SortField::ALL.to_vec()), any::<bool>())
        .prop_map(|(field, descending)| Sort { field, descending })
}

fn windows() -> impl Strategy<Value = PageRequest> {
    let number = prop_oneof![6 => 0..8_u64, 1 => any::<u64>(), 1 => Just(u64::MAX)];
    let size = prop_oneof![6 => 1..20_u32, 1 => 1..=u32::MAX, 1 => Just(u32::MAX)];
    (number, size).prop_map(|(number, size)| window(number, size))
}

fn window(number: u64, size: u32) -> PageRequest {
    PageRequest { number, size: NonZeroU32::new(size).expect("at least one") }
}

fn select_all(sort: Sort, users: &[User]) -> Vec<&User> {
    ListQuery { sort, page: None }.select(users)
}

// --- The same, said naively ---

/// A text as the published order compares it: by its lower case, then by its bytes.
fn folded(text: &str) -> (String, Vec<u8>) {
    (text.to_lowercase(), text.as_bytes().to_vec())
}

fn naively(sort: Sort, left: &User, right: &User) -> Ordering {
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
    fn a_list_is_everybody_in_order(users in users(), sort in sorts()) {
        let mut sorted: Vec<&User> = users.iter().collect();
        sorted.sort_by(|left, right| naively(sort, left, right));
        prop_assert_eq!(select_all(sort, &users), sorted);
    }

    #[test]
    fn a_page_is_a_slice_of_the_list(users in users(), sort in sorts(), window in windows()) {
        let size = usize::try_from(window.size.get()).expect("a small page");
        let skipped = u128::from(window.number) * u128::from(window.size.get());
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        let slice: Vec<&User> =
            select_all(sort, &users).into_iter().skip(skipped).take(size).collect();
        prop_assert_eq!(ListQuery { sort, page: Some(window) }.select(&users), slice);
    }

    #[test]
    fn the_pages_together_are_the_list(users in users(), sort in sorts(), size in 1..20_u32) {
        let total = u64::try_from(users.len()).expect("a short list");
        let page = |number| {
            ListQuery { sort, page: Some(window(number, size)) }.select(&users)
        };
        let last = window(0, size).last_page(total);
        let pages: Vec<&User> = (0..=last).flat_map(page).collect();
        prop_assert_eq!(pages, select_all(sort, &users));
        prop_assert!(users.is_empty() || !page(last).is_empty());
        prop_assert!(page(last + 1).is_empty());
    }

    #[test]
    fn no_two_users_tie(users in users(), sort in sorts()) {
        for pair in select_all(sort, &users).windows(2) {
            let [first, second] = pair else { continue };
            prop_assert_eq!(naively(sort, first, second), Ordering::Less);
        }
    }

    #[test]
    fn the_order_does_not_depend_on_where_users_come_from(
        users in users(), sort in sorts(), turn in any::<Index>(), window in windows(),
    ) {
        let mut turned = users.clone();
        turned.rotate_left(turn.index(users.len().max(1)).min(users.len()));
        turned.reverse();
        let listing = ListQuery { sort, page: Some(window) };
        prop_assert_eq!(listing.select(&turned), listing.select(&users));
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
fn ties_stay_in_ascending_order_of_ids_when_the_key_descends() {
    let users = ["b", "c", "a"].map(|id| named(id, Some("Same"), None));
    assert_eq!(ids("firstName", &users), ["a", "b", "c"]);
    assert_eq!(ids("-firstName", &users), ["a", "b", "c"]);
    assert_eq!(ids("-id", &users), ["c", "b", "a"]);
}

#[test]
fn case_matters_only_between_texts_that_are_otherwise_equal() {
    let users = [("1", "b"), ("2", "B"), ("3", "a"), ("4", "C")]
        .map(|(id, name)| named(id, Some(name), None));
    assert_eq!(ids("firstName", &users), ["3", "2", "1", "4"]);
    assert_eq!(ids("-firstName", &users), ["4", "1", "2", "3"]);
}

#[test]
fn a_missing_name_counts_as_empty_and_a_missing_username_as_the_e_mail_address() {
    let users = [
        named("m", None, None),
        named("z", Some("A"), Some("a")),
        named("a", Some("B"), Some("n")),
    ];
    assert_eq!(ids("firstName", &users), ["m", "z", "a"]);
    assert_eq!(ids("username", &users), ["z", "m", "a"]);
}

#[test]
fn a_page_far_past_the_end_is_empty_even_where_its_start_is_no_number() {
    let users = ["a", "b", "c"].map(|id| named(id, None, None));
    for (number, size) in [(1 << 63, 2), (1 << 62, 4), (u64::MAX, 1), (u64::MAX, u32::MAX)] {
        let listing = ListQuery { sort: Sort::default(), page: Some(window(number, size)) };
        assert!(listing.select(&users).is_empty(), "page {number} of {size}");
    }
}

#[test]
fn the_last_page_of_an_empty_list_is_the_first() {
    for (total, size, last) in [(0, 1, 0), (1, 1, 0), (2, 1, 1), (50, 50, 0), (51, 50, 1)] {
        assert_eq!(window(7, size).last_page(total), last, "{total} by {size}");
    }
    assert_eq!(window(0, 1).last_page(u64::MAX), u64::MAX - 1);
}
