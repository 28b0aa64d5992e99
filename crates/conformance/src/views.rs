//! What a tenant sees: lists are selected from views, so that nothing hidden decides an order.

#![allow(missing_docs, reason = "the name of a case says what it tests")]

use std::num::NonZeroU32;
use std::time::Duration;

use domain::{
    AccountChange, ListQuery, MembershipChange, NewMember, NewUser, PageRequest, Sort, SortField,
    Standing, User,
};
use ports::Clock;

use crate::caller::{Caller, acme, changes, globex, writes};
use crate::subject::{Subject, shown};
use crate::values::{address, new_member, new_user, valid};

fn every_sort() -> impl Iterator<Item = Sort> {
    let both = |field| [false, true].map(|descending| Sort { field, descending });
    SortField::ALL.into_iter().flat_map(both)
}

/// Creates accounts at home in globex and attaches them to acme without proof, between users of acme.
async fn populate(subject: &Subject) -> Vec<User> {
    let mut pending = Vec::new();
    for number in 0..4 {
        let new = |name: &str, prefix: &str| NewUser {
            username: Some(valid(&format!("{prefix}{number}"))),
            given_name: Some(valid(&format!("{prefix}{number}"))),
            family_name: Some(valid(&format!("{prefix}{number}"))),
            ..new_user(&format!("{name}{number}"), "member")
        };
        let directory = &subject.directory;
        directory.create(&writes(&globex()), new("p", "hidden")).await.unwrap();
        subject.clock.advance(Duration::from_secs(1));
        directory.create(&writes(&acme()), new("u", "seen")).await.unwrap();
        subject.clock.advance(Duration::from_secs(1));
        pending.push(subject.attach_unproven(&acme(), &format!("p{number}"), "viewer").await);
    }
    pending
}

/// Returns the lists of acme by every sort key.
async fn lists(subject: &Subject) -> Vec<Vec<User>> {
    let mut lists = Vec::new();
    for sort in every_sort() {
        lists.push(shown(&subject.page(&acme(), ListQuery { sort, page: None }).await));
    }
    lists
}

pub async fn pending_user_shows_only_what_its_tenant_entered(subject: &Subject) {
    let new = NewUser {
        username: Some(valid("countess")),
        given_name: Some(valid("Ada")),
        family_name: Some(valid("Lovelace")),
        display_name: Some(valid("Ada Lovelace")),
        service_user: true,
        ..new_user("ada", "owner")
    };
    subject.directory.create(&writes(&globex()), new).await.unwrap();
    subject.clock.advance(Duration::from_mins(1));
    let named = NewMember { name: Some(valid("Guest")), ..new_member("ada", "viewer") };
    let scope = writes(&acme());
    let attached = subject.directory.attach_or_create(&scope, named).await.unwrap().user;

    let page = subject.page(&acme(), ListQuery::default()).await;
    let [view] = page.users.as_slice() else { panic!("one user is listed") };
    assert_eq!((view.standing(), view.is_managed_here()), (Some(Standing::Pending), false));
    assert_eq!(view.tenant(), Some(&acme()));
    assert_eq!((&view.id, view.email.as_str()), (&attached.id, address("ada").as_str()));
    assert_eq!(view.role_in(&acme()), attached.role_in(&acme()));
    assert_eq!(view.name_in(&acme()), Some(&valid("Guest")));
    assert_eq!((&view.username, &view.given_name, &view.family_name), (&None, &None, &None));
    assert_eq!(view.username_or_email(), address("ada"));
    assert_eq!((view.service_user, view.blocked), (false, false));
    assert_eq!((view.updated_at, view.last_login), (None, None));
    assert_eq!(view.created_at, subject.clock.now());
    assert_eq!((&view.display_name, view.memberships.len()), (&None, 1));

    subject.vouch(&attached).await;
    let seen = subject.found_in(&acme(), &attached.id).await.unwrap();
    assert_eq!(seen.username, Some(valid("countess")));
}

pub async fn lists_do_not_depend_on_what_pending_hides(subject: &Subject) {
    let pending = populate(subject).await;
    let before = lists(subject).await;
    let home = changes(&globex());
    // Reverse every hidden key.
    for (number, user) in pending.iter().rev().enumerate() {
        let change = AccountChange {
            email: valid(&address(&format!("zz{number}"))),
            given_name: Some(valid(&format!("A{number}"))),
            family_name: Some(valid(&format!("Zz{number}"))),
        };
        let user = subject.directory.change_account(&home, user, change).await.unwrap().user;
        let name = MembershipChange { role: None, name: Some(valid("Changed")) };
        subject.directory.change_membership(&writes(&globex()), &user, name).await.unwrap();
    }
    assert_eq!(lists(subject).await, before);
    // Nor do the pages.
    for sort in every_sort() {
        let whole = shown(&subject.page(&acme(), ListQuery { sort, page: None }).await);
        let mut pages = Vec::new();
        for number in 0..3 {
            let size = NonZeroU32::new(3).unwrap();
            let page = Some(PageRequest { number, size });
            let page = subject.page(&acme(), ListQuery { sort, page }).await;
            assert_eq!(page.total, 8);
            pages.extend(shown(&page));
        }
        assert_eq!(pages, whole, "by {sort}");
    }
}

pub async fn list_equals_what_is_found(subject: &Subject) {
    let pending = populate(subject).await;
    subject.vouch(&pending[1]).await;
    let scope = Caller::of([acme()]).reads(&acme());
    for view in subject.page(&acme(), ListQuery::default()).await.users {
        let found = subject.current(&view.id).await.unwrap();
        assert_eq!(scope.view(&found).as_ref(), Some(&view));
    }
}

pub async fn unchanged_values_leave_updated_at(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    let named = MembershipChange { role: None, name: Some(valid("Ada")) };
    let directory = &subject.directory;
    directory.change_membership(&writes(&acme()), &ada, named.clone()).await.unwrap();
    let ada = subject.current(&ada.id).await.unwrap();
    subject.clock.advance(Duration::from_mins(1));
    let same = AccountChange {
        email: ada.email.clone(),
        given_name: ada.given_name.clone(),
        family_name: ada.family_name.clone(),
    };
    let changed = directory.change_account(&changes(&acme()), &ada, same).await.unwrap();
    assert_eq!(changed.user, ada);
    for tenant in [acme(), globex()] {
        let role = ada.role_in(&tenant).cloned();
        for change in [MembershipChange { role, name: None }, MembershipChange::default()] {
            let after = directory.change_membership(&writes(&tenant), &ada, change).await.unwrap();
            assert_eq!(after, ada);
        }
    }
    let after = directory.change_membership(&writes(&acme()), &ada, named).await.unwrap();
    assert_eq!(after, ada);
    subject.assert_untouched(&ada).await;
}
