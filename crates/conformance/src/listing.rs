//! Lists: their users, order and pages.

#![allow(missing_docs, reason = "the name of a case says what it tests")]

use std::cmp::Reverse;
use std::num::NonZeroU32;
use std::time::Duration;

use domain::{
    AccountChange, ListQuery, MembershipChange, NewMember, NewUser, Page, PageRequest, Sort,
    SortField, TenantId, User, UserId,
};

use crate::caller::{Caller, acme, changes, globex, writes};
use crate::catalogue::role;
use crate::subject::{StoredAccount, Subject, shown};
use crate::values::{new_member, new_user, valid};

fn ids<U: AsRef<User>>(users: &[U]) -> Vec<UserId> {
    users.iter().map(|user| user.as_ref().id.clone()).collect()
}

fn page_request(number: u64, size: u32) -> PageRequest {
    PageRequest { number, size: NonZeroU32::new(size).unwrap() }
}

/// Creates users that every sort order puts differently: letters of both cases and beyond ASCII,
/// missing and equal names, missing usernames, equal times.
async fn populate(subject: &Subject, tenant: &TenantId) {
    let people = [
        ("delta", None, Some("ada"), Some("Byron")),
        ("Alpha", Some("zoe"), Some("Ada"), Some("byron")),
        ("echo", Some("Yan"), Some("ADA"), None),
        ("bravo", None, None, Some("Öz")),
        ("foxtrot", Some("alpha"), None, Some("öz")),
        ("charlie", Some("_x"), Some("Émile"), Some("Zola")),
        ("golf", None, Some("émile"), Some("zola")),
        ("hotel", None, Some("Zoë"), Some("zola")),
        ("india", Some("-x"), Some("Ada"), Some("Byron")),
        ("juliet", None, Some("Straße"), Some("STRASSE")),
        ("kilo", None, Some("Ada Augusta"), Some("O'Neil")),
    ];
    for (index, (name, username, given, family)) in people.into_iter().enumerate() {
        let new = NewUser {
            username: username.map(|username| valid(&format!("{username}{tenant}"))),
            given_name: given.map(valid),
            family_name: family.map(valid),
            ..new_user(&format!("{name}.{tenant}"), "member")
        };
        if index % 3 == 0 {
            subject.clock.advance(Duration::from_millis(1500));
        }
        subject.directory.create(&writes(tenant), new).await.unwrap();
    }
}

/// Returns the expected order, by a second implementation.
fn expected(users: &[User], sort: Sort) -> Vec<UserId> {
    fn text(text: &str) -> (String, String) {
        (text.to_lowercase(), text.to_owned())
    }
    let key = |user: &User| match sort.field {
        SortField::Id => text(user.id.as_str()),
        SortField::Username => {
            text(user.username.as_ref().map_or(user.email.as_str(), |name| name.as_str()))
        }
        SortField::Email => text(user.email.as_str()),
        SortField::FirstName => text(user.given_name.as_ref().map_or("", |name| name.as_str())),
        SortField::LastName => text(user.family_name.as_ref().map_or("", |name| name.as_str())),
        SortField::CreatedAt => text(&user.created_at.to_string()),
    };
    let mut users = users.to_vec();
    // Stable sorts, the tie-breaker first.
    users.sort_by_key(|user| text(user.id.as_str()));
    if sort.descending {
        users.sort_by_key(|user| Reverse(key(user)));
    } else {
        users.sort_by_key(key);
    }
    ids(&users)
}

fn every_sort() -> impl Iterator<Item = Sort> {
    let both = |field| [false, true].map(|descending| Sort { field, descending });
    SortField::ALL.into_iter().flat_map(both)
}

pub async fn list_contains_all_users_of_the_tenant_only(subject: &Subject) {
    let ada = subject.create(&acme(), "ada", "member").await;
    let bob = subject.create(&globex(), "bob", "member").await;
    let shared = subject.create_shared(&acme(), &globex(), "shared").await;
    let planted = StoredAccount::named("cy").at_home_in(acme()).with_role(acme(), "member");
    let blocked = subject.insert(planted.blocked()).await;
    let left = subject.create_shared(&acme(), &globex(), "left").await;
    subject.directory.detach(&writes(&acme()), &left).await.unwrap();
    let left = subject.current(&left.id).await.unwrap();

    for (tenant, people) in
        [(acme(), vec![ada, shared.clone(), blocked]), (globex(), vec![bob, shared, left])]
    {
        let page = subject.page(&tenant, ListQuery::default()).await;
        assert_eq!(page.total, 3);
        let mut people = people;
        people.sort_by(|left, right| left.id.cmp(&right.id));
        assert_eq!(shown(&page), people);
    }
}

pub async fn tenant_without_users_has_empty_list(subject: &Subject) {
    subject.create(&globex(), "bob", "member").await;
    for page_request in [None, Some(page_request(0, 10)), Some(page_request(3, 10))] {
        let page =
            subject.page(&acme(), ListQuery { page: page_request, ..ListQuery::default() }).await;
        assert_eq!(page, Page { users: vec![], total: 0 });
    }
}

pub async fn every_sort_order_is_respected(subject: &Subject) {
    populate(subject, &acme()).await;
    populate(subject, &globex()).await;
    for tenant in [acme(), globex()] {
        let users = subject.users_of(&tenant).await;
        assert_eq!(users.len(), 11);
        for sort in every_sort() {
            let page = subject.page(&tenant, ListQuery { sort, page: None }).await;
            assert_eq!(ids(&page.users), expected(&users, sort), "{tenant} by {sort}");
        }
    }
}

pub async fn ties_are_ordered_by_ascending_id(subject: &Subject) {
    for tenant in [acme(), globex()] {
        for number in 0..6 {
            // They differ in the address only.
            subject.create(&tenant, &format!("p{number}.{tenant}"), "member").await;
        }
    }
    for tenant in [acme(), globex()] {
        let by_id = ids(&subject.users_of(&tenant).await);
        assert!(by_id.is_sorted());
        for field in [SortField::FirstName, SortField::LastName, SortField::CreatedAt] {
            for descending in [false, true] {
                let query = ListQuery { sort: Sort { field, descending }, page: None };
                let page = subject.page(&tenant, query).await;
                assert_eq!(ids(&page.users), by_id, "{}", query.sort);
            }
        }
    }
}

pub async fn pages_contain_each_user_once_in_order(subject: &Subject) {
    populate(subject, &acme()).await;
    populate(subject, &globex()).await;
    for sort in every_sort() {
        let whole = subject.page(&acme(), ListQuery { sort, page: None }).await;
        for size in [1, 2, 3, 7, 11, 12, 100] {
            let mut pages = Vec::new();
            for number in 0..=11 / u64::from(size) {
                let query = ListQuery { sort, page: Some(page_request(number, size)) };
                let page = subject.page(&acme(), query).await;
                assert_eq!(page.total, 11);
                assert!(page.users.len() <= size as usize);
                pages.extend(page.users);
            }
            assert_eq!(pages, whole.users, "pages of {size} by {sort}");
        }
    }
}

pub async fn page_past_the_end_is_empty_with_total(subject: &Subject) {
    populate(subject, &acme()).await;
    subject.create(&globex(), "bob", "member").await;
    for (number, size) in [
        (11, 1),
        (2, 10),
        (1, 11),
        (1, u32::MAX),
        (u64::MAX, 1),
        (u64::MAX, u32::MAX),
        (1 << 63, 2),
        (1 << 32, 100),
    ] {
        let query = ListQuery { sort: Sort::default(), page: Some(page_request(number, size)) };
        let page = subject.page(&acme(), query).await;
        assert_eq!(page, Page { users: vec![], total: 11 }, "page {number} of {size}");
    }
    let all = ListQuery { sort: Sort::default(), page: Some(page_request(0, u32::MAX)) };
    assert_eq!(subject.page(&acme(), all).await.users.len(), 11);
}

/// Asserts that the lists of both tenants contain the account exactly where it is a member.
async fn assert_listed(subject: &Subject, user: &User, after: &str) {
    for tenant in [acme(), globex()] {
        let listed: Vec<_> = subject
            .users_of(&tenant)
            .await
            .into_iter()
            .filter(|listed| listed.id == user.id)
            .collect();
        let expected = Caller::of([tenant.clone()]).reads(&tenant);
        let expected = expected.view(user).map(|view| User::clone(&view));
        assert_eq!(listed, expected.into_iter().collect::<Vec<_>>(), "in {tenant} after {after}");
    }
}

pub async fn list_contains_earlier_changes(subject: &Subject) {
    let directory = &subject.directory;
    let scope = writes(&acme());
    subject.create(&globex(), "bystander", "owner").await;

    let ada = subject.create(&acme(), "ada", "member").await;
    assert_listed(subject, &ada, "its creation").await;
    let ada = subject.attach(&globex(), "ada", "member").await;
    assert_listed(subject, &ada, "its attachment").await;
    let change = MembershipChange { role: Some(role("viewer")), name: Some(valid("Ada")) };
    let ada = directory.change_membership(&scope, &ada, change).await.unwrap();
    assert_listed(subject, &ada, "a change of its membership").await;
    let change = AccountChange {
        email: valid("countess@example.com"),
        given_name: Some(valid("Ada")),
        family_name: None,
    };
    let ada = directory.change_account(&changes(&acme()), &ada, change).await.unwrap().user;
    assert_listed(subject, &ada, "a change of the account").await;
    let password = valid("correct-horse");
    let ada = directory.set_password(&changes(&acme()), &ada, password).await.unwrap();
    assert_listed(subject, &ada, "a change of its password").await;
    directory.detach(&scope, &ada).await.unwrap();
    let ada = subject.current(&ada.id).await.unwrap();
    assert_listed(subject, &ada, "its detachment").await;
    let back = NewMember { name: Some(valid("Back")), ..new_member("countess", "member") };
    let ada = directory.attach_or_create(&scope, back).await.unwrap().user;
    assert_listed(subject, &ada, "its second attachment").await;
    directory.delete(&changes(&acme()), &ada).await.unwrap();
    let gone = User { memberships: [].into(), ..ada };
    assert_listed(subject, &gone, "its deletion").await;
}
