//! Rule R1: what callers of one tenant do is not observed by callers of another, unless the first
//! is the account's home.

#![allow(missing_docs, reason = "the name of a case says what it tests")]

use domain::{
    AccountChange, DisplayName, EmailAddress, MembershipChange, NewMember, PersonName, Role,
    TenantId, Timestamp, User, UserId, Username,
};

use crate::caller::{Caller, acme, changes, globex, writes};
use crate::catalogue::role;
use crate::subject::{Planted, Subject, newcomer, recruit, valid};

/// An account as a tenant sees it: without what it is elsewhere, and without the times that a
/// directory moves by itself.
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

/// Everything that callers of the tenant can observe.
async fn observed(subject: &Subject, tenant: &TenantId, others: &[UserId]) -> Vec<View> {
    let mut views = Vec::new();
    for user in subject.people_of(tenant).await {
        let found = subject.found_in(tenant, &user.id).await;
        assert_eq!(found.as_ref(), Some(&user), "who is listed can be found");
        views.push(View::of(user, tenant));
    }
    for id in others {
        views.extend(subject.found_in(tenant, id).await.map(|user| View::of(user, tenant)));
    }
    views
}

/// Does everything that callers of acme can try on an account, and asserts after each that globex
/// sees what it saw.
async fn try_everything(subject: &Subject, user: &User, strangers: &[UserId]) {
    let before = observed(subject, &globex(), strangers).await;
    let directory = &subject.directory;
    let (tenant, account) = (writes(&acme()), changes(&acme()));
    let name = user.email.as_str().split_once('@').unwrap().0;
    for attempt in 0..10 {
        // Some of these are refused; that, too, must not be seen.
        let said = match attempt {
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
                let named = NewMember { name: Some(valid("Again")), ..recruit(name, "member") };
                directory.attach_or_create(&tenant, named).await.map(drop)
            }
            9 => directory.attach_or_create(&tenant, recruit(name, "owner")).await.map(drop),
            _ => unreachable!("no such attempt"),
        };
        let after = observed(subject, &globex(), strangers).await;
        assert_eq!(after, before, "globex saw attempt {attempt}, which came to {said:?}");
    }
}

pub async fn nothing_done_to_anothers_account_is_seen_at_its_home(subject: &Subject) {
    let ada = subject.share(&globex(), &acme(), "ada").await;
    try_everything(subject, &ada, &[]).await;
    // Not even that it was attached at all, nor that it could not be.
    let bob = subject.create(&globex(), "bob", "member").await;
    try_everything(subject, &bob, &[]).await;
}

pub async fn nothing_done_to_an_account_without_a_home_is_seen_elsewhere(subject: &Subject) {
    let planted = Planted::named("cy").with_role(acme(), "member").with_role(globex(), "member");
    let cy = subject.plant(planted).await;
    try_everything(subject, &cy, &[]).await;
}

pub async fn nothing_done_among_ones_own_people_is_seen_elsewhere(subject: &Subject) {
    subject.create(&globex(), "bob", "owner").await;
    let ada = subject.create(&acme(), "ada", "member").await;
    try_everything(subject, &ada, std::slice::from_ref(&ada.id)).await;
    let before = observed(subject, &globex(), &[]).await;
    let dan = subject.directory.create(&writes(&acme()), newcomer("dan", "owner")).await.unwrap();
    assert_eq!(observed(subject, &globex(), std::slice::from_ref(&dan.id)).await, before);
}

pub async fn the_home_changes_neither_role_nor_name_of_another_tenants_own(subject: &Subject) {
    subject.create(&acme(), "ada", "member").await;
    let named = NewMember { name: Some(valid("Eve")), ..recruit("ada", "viewer") };
    let ada = subject.directory.attach_or_create(&writes(&globex()), named).await.unwrap().user;
    let before = observed(subject, &globex(), &[]).await;
    let tenant = writes(&acme());
    let change = MembershipChange { role: Some(role("owner")), name: Some(valid("Ada")) };
    let ada = subject.directory.change_membership(&tenant, &ada, change).await.unwrap();
    assert_eq!(observed(subject, &globex(), &[]).await, before);
    subject.create(&acme(), "spare", "owner").await;
    subject.directory.detach(&tenant, &ada).await.unwrap();
    assert_eq!(observed(subject, &globex(), &[]).await, before);
}

pub async fn a_caller_of_both_tenants_changes_one_membership_at_a_time(subject: &Subject) {
    let ada = subject.share(&globex(), &acme(), "ada").await;
    let before = observed(subject, &globex(), &[]).await;
    let scope = Caller::of([acme(), globex()]).writes(&acme());
    let change = MembershipChange { role: Some(role("admin")), name: Some(valid("Ada")) };
    let ada = subject.directory.change_membership(&scope, &ada, change).await.unwrap();
    subject.directory.detach(&scope, &ada).await.unwrap();
    assert_eq!(observed(subject, &globex(), &[]).await, before);
}
