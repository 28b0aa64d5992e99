//! Rule R1: changes by callers of one tenant are invisible to callers of another, unless the first
//! tenant is the account's home.

#![allow(missing_docs, reason = "the name of a case says what it tests")]

use domain::{
    AccountChange, DisplayName, EmailAddress, MembershipChange, NewMember, PersonName, Role,
    TenantId, Timestamp, User, UserId, Username,
};

use crate::caller::{Caller, acme, changes, globex, writes};
use crate::catalogue::role;
use crate::subject::{StoredAccount, Subject};
use crate::values::{new_member, new_user, valid};

/// An account as a tenant sees it: without other memberships, and without the times that a directory
/// changes by itself.
#[derive(Debug, PartialEq)]
struct View {
    id: UserId,
    email: EmailAddress,
    username: Option<Username>,
    person: (Option<PersonName>, Option<PersonName>),
    name: Option<DisplayName>,
    role: Option<Role>,
    flags: (bool, bool),
    created_at: Timestamp,
    home: Option<TenantId>,
}

impl View {
    fn of(user: User, tenant: &TenantId) -> Self {
        Self {
            name: user.name_in(tenant).cloned(),
            role: user.role_in(tenant).cloned(),
            id: user.id,
            email: user.email,
            username: user.username,
            person: (user.given_name, user.family_name),
            flags: (user.service_user, user.blocked),
            created_at: user.created_at,
            home: user.home,
        }
    }
}

/// Returns everything that callers of the tenant can observe.
async fn observe(subject: &Subject, tenant: &TenantId, others: &[UserId]) -> Vec<View> {
    let mut views = Vec::new();
    for user in subject.users_of(tenant).await {
        let found = subject.found_in(tenant, &user.id).await;
        assert_eq!(found.as_ref(), Some(&user), "a listed user can be found");
        views.push(View::of(user, tenant));
    }
    for id in others {
        views.extend(subject.found_in(tenant, id).await.map(|user| View::of(user, tenant)));
    }
    views
}

/// Tries every change that callers of acme can make to an account, and asserts after each that globex
/// observes the same as before.
async fn assert_changes_are_invisible(subject: &Subject, user: &User, others: &[UserId]) {
    let before = observe(subject, &globex(), others).await;
    let directory = &subject.directory;
    let (tenant, account) = (writes(&acme()), changes(&acme()));
    let name = user.email.as_str().split_once('@').unwrap().0;
    for attempt in 0..10 {
        // Some of these are refused, which must be invisible too.
        let result = match attempt {
            0 => {
                let change = MembershipChange { role: Some(role("admin")), name: None };
                directory.change_membership(&tenant, user, change).await.map(drop)
            }
            1 => {
                let change = MembershipChange { role: None, name: Some(valid("Renamed")) };
                directory.change_membership(&tenant, user, change).await.map(drop)
            }
            2 => {
                let change = AccountChange {
                    email: valid("renamed@example.com"),
                    given_name: Some(valid("Renamed")),
                    family_name: None,
                };
                directory.change_account(&account, user, change).await.map(drop)
            }
            3 => directory.set_password(&account, user, valid("correct-horse")).await.map(drop),
            4 => directory.delete(&account, user).await,
            5 | 8 => directory.detach(&tenant, user).await,
            6 | 7 => {
                let named = NewMember { name: Some(valid("Again")), ..new_member(name, "member") };
                directory.attach_or_create(&tenant, named).await.map(drop)
            }
            9 => directory.attach_or_create(&tenant, new_member(name, "owner")).await.map(drop),
            _ => unreachable!("no such attempt"),
        };
        let after = observe(subject, &globex(), others).await;
        assert_eq!(after, before, "globex observed attempt {attempt} with {result:?}");
    }
}

pub async fn changes_by_foreign_tenant_are_invisible_at_home(subject: &Subject) {
    let ada = subject.create_shared(&globex(), &acme(), "ada").await;
    assert_changes_are_invisible(subject, &ada, &[]).await;
    // Attaching it, or failing to, is invisible too.
    let bob = subject.create(&globex(), "bob", "member").await;
    assert_changes_are_invisible(subject, &bob, &[]).await;
}

pub async fn changes_to_account_without_home_are_invisible_elsewhere(subject: &Subject) {
    let planted =
        StoredAccount::named("cy").with_role(acme(), "member").with_role(globex(), "member");
    let cy = subject.insert(planted).await;
    assert_changes_are_invisible(subject, &cy, &[]).await;
}

pub async fn changes_to_own_users_are_invisible_elsewhere(subject: &Subject) {
    subject.create(&globex(), "bob", "owner").await;
    let ada = subject.create(&acme(), "ada", "member").await;
    assert_changes_are_invisible(subject, &ada, std::slice::from_ref(&ada.id)).await;
    let before = observe(subject, &globex(), &[]).await;
    let dan = subject.directory.create(&writes(&acme()), new_user("dan", "owner")).await.unwrap();
    assert_eq!(observe(subject, &globex(), std::slice::from_ref(&dan.id)).await, before);
}

pub async fn home_cannot_change_memberships_of_other_tenants(subject: &Subject) {
    subject.create(&acme(), "ada", "member").await;
    let named = NewMember { name: Some(valid("Eve")), ..new_member("ada", "viewer") };
    let ada = subject.directory.attach_or_create(&writes(&globex()), named).await.unwrap().user;
    let before = observe(subject, &globex(), &[]).await;
    let tenant = writes(&acme());
    let change = MembershipChange { role: Some(role("owner")), name: Some(valid("Ada")) };
    let ada = subject.directory.change_membership(&tenant, &ada, change).await.unwrap();
    assert_eq!(observe(subject, &globex(), &[]).await, before);
    subject.create(&acme(), "spare", "owner").await;
    subject.directory.detach(&tenant, &ada).await.unwrap();
    assert_eq!(observe(subject, &globex(), &[]).await, before);
}

pub async fn caller_of_both_tenants_changes_one_membership(subject: &Subject) {
    let ada = subject.create_shared(&globex(), &acme(), "ada").await;
    let before = observe(subject, &globex(), &[]).await;
    let scope = Caller::of([acme(), globex()]).writes(&acme());
    let change = MembershipChange { role: Some(role("admin")), name: Some(valid("Ada")) };
    let ada = subject.directory.change_membership(&scope, &ada, change).await.unwrap();
    subject.directory.detach(&scope, &ada).await.unwrap();
    assert_eq!(observe(subject, &globex(), &[]).await, before);
}
