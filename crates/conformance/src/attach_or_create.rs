//! Attaching or creating: a known address is attached, an unknown one is created.

#![allow(missing_docs, reason = "the name of a case says what it tests")]

use std::sync::Arc;

use domain::{
    AccountChange, ListQuery, Membership, MembershipChange, NewMember, Refusal, RoleCatalogue,
    TenantId, User,
};
use ports::PortError::{Conflict as Conflicts, NotFound, Refused};
use ports::{AttachOutcome, Clock, Conflict};

use crate::caller::{Caller, acme, changes, globex, ranked_writes, writes};
use crate::catalogue::{catalogue_with, definitions, role};
use crate::subject::{StoredAccount, Subject, assert_fails, select};
use crate::values::{address, new_member, valid};

fn to_role(name: &str) -> MembershipChange {
    MembershipChange { role: Some(role(name)), name: None }
}

fn named_member(name: &str, display_name: &str) -> NewMember {
    NewMember { name: Some(valid(display_name)), ..new_member(name, "member") }
}

fn shown(user: &User, tenant: &TenantId) -> Option<String> {
    user.name_in(tenant).map(|name| name.as_str().to_owned())
}

// Attached or created.

pub async fn unknown_address_creates_account_at_home_here(subject: &Subject) {
    let new_member = NewMember { role: role("viewer"), ..named_member("Ada", "Ada L.") };
    let AttachOutcome { user: ada, created } =
        subject.directory.attach_or_create(&writes(&acme()), new_member).await.unwrap();
    assert!(created);
    assert_eq!(ada.email.as_str(), "ada@example.com");
    assert_eq!(ada.home, Some(acme()));
    assert_eq!(ada.memberships.len(), 1);
    assert_eq!(ada.role_in(&acme()), Some(&role("viewer")));
    assert_eq!(shown(&ada, &acme()), Some("Ada L.".to_owned()));
    assert_eq!((&ada.username, &ada.given_name, &ada.family_name), (&None, &None, &None));
    assert!(!ada.blocked && !ada.service_user);
    assert_eq!(ada.created_at, subject.clock.now());
    assert_eq!(subject.found_in(&acme(), &ada.id).await.as_ref(), Some(&ada));
    assert_eq!(subject.found_in(&globex(), &ada.id).await, None);
    // The name is the account's own, and so visible to every tenant that attaches it.
    let ada = subject.attach(&globex(), "ada", "member").await;
    assert_eq!(shown(&ada, &globex()), Some("Ada L.".to_owned()));
}

pub async fn known_address_attaches_its_account(subject: &Subject) {
    let ada = subject.create(&acme(), "ada", "owner").await;
    let ada = subject.vouch(&ada).await;
    let new_member = new_member("ADA", "viewer");
    let attached =
        subject.directory.attach_or_create(&writes(&globex()), new_member).await.unwrap();
    assert!(!attached.created);
    let attachment = attached.user.memberships[&globex()].attachment.clone().unwrap();
    assert_eq!((attachment.since, &attachment.email), (subject.clock.now(), &ada.email));
    let mut expected = User { updated_at: attached.user.updated_at, ..ada };
    let membership = Membership { attachment: Some(attachment), ..Membership::new(role("viewer")) };
    expected.memberships.insert(globex(), membership);
    assert_eq!(attached.user, expected);
    assert_eq!(subject.found_in(&acme(), &expected.id).await.as_ref(), Some(&expected));
    assert_eq!(subject.found_in(&globex(), &expected.id).await.as_ref(), Some(&expected));
}

pub async fn attaching_foreign_account_names_membership_only(subject: &Subject) {
    let new_member = named_member("ada", "Ada of Acme");
    let ada = subject.directory.attach_or_create(&writes(&acme()), new_member).await.unwrap().user;
    let new_member = named_member("ada", "Ada of Globex");
    let attached =
        subject.directory.attach_or_create(&writes(&globex()), new_member).await.unwrap().user;
    assert_eq!(shown(&attached, &globex()), Some("Ada of Globex".to_owned()));
    let found = subject.found_in(&acme(), &ada.id).await.unwrap();
    assert_eq!(shown(&found, &acme()), Some("Ada of Acme".to_owned()));
    assert_eq!(found.display_name, ada.display_name);
}

pub async fn reattaching_at_home_renames_the_account(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    subject.directory.detach(&writes(&acme()), &ada).await.unwrap();
    let new_member = named_member("ada", "Ada Again");
    let attached = subject.directory.attach_or_create(&writes(&acme()), new_member).await.unwrap();
    assert!(!attached.created);
    assert_eq!(attached.user.display_name, Some(valid("Ada Again")));
    let found = subject.found_in(&globex(), &ada.id).await.unwrap();
    assert_eq!(shown(&found, &globex()), Some("Ada Again".to_owned()));
}

pub async fn attaching_account_without_home_names_membership_only(subject: &Subject) {
    let cy = subject.insert(StoredAccount::named("cy").with_role(globex(), "member")).await;
    let new_member = named_member("cy", "Cy of Acme");
    let attached =
        subject.directory.attach_or_create(&writes(&acme()), new_member).await.unwrap().user;
    assert_eq!((attached.home, attached.display_name), (None, None));
    let found = subject.found_in(&globex(), &cy.id).await.unwrap();
    assert_eq!(shown(&found, &globex()), None);
}

pub async fn attaching_twice_is_a_conflict(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    for tenant in [acme(), globex()] {
        let again = NewMember { role: role("owner"), ..named_member("ada", "Eve") };
        assert_fails!(
            subject.directory.attach_or_create(&writes(&tenant), again).await,
            Conflicts(Conflict::AlreadyAttached)
        );
    }
    subject.assert_untouched(&ada).await;
}

pub async fn attaching_above_callers_role_is_refused(subject: &Subject) {
    let ada = subject.create(&globex(), "ada", "member").await;
    let scope = ranked_writes(&acme(), "admin");
    for name in ["ada", "new"] {
        assert_fails!(
            subject.directory.attach_or_create(&scope, new_member(name, "owner")).await,
            Refused(Refusal::RoleAboveOwn)
        );
    }
    subject.assert_untouched(&ada).await;
    assert_eq!(subject.users_of(&acme()).await, []);
    subject.directory.attach_or_create(&scope, new_member("ada", "admin")).await.unwrap();
    assert!(
        subject
            .directory
            .attach_or_create(&scope, new_member("new", "admin"))
            .await
            .unwrap()
            .created
    );
}

pub async fn attached_blocked_account_stays_blocked(subject: &Subject) {
    let planted = StoredAccount::named("bob").at_home_in(globex()).with_role(globex(), "member");
    subject.insert(planted.blocked()).await;
    let bob = subject.attach(&acme(), "bob", "member").await;
    assert!(bob.blocked);
    assert_eq!(subject.found_in(&globex(), &bob.id).await, Some(bob));
}

// A stored role outside the catalogue.

pub async fn unknown_stored_role_is_no_membership(subject: &Subject) {
    let planted = StoredAccount::named("ada").at_home_in(acme()).with_role(acme(), "retired");
    let ada = subject.insert(planted.with_role(globex(), "member")).await;
    assert_eq!(ada.memberships.keys().collect::<Vec<_>>(), [&globex()]);
    assert_eq!(subject.found_in(&acme(), &ada.id).await, None);
    let page = subject.page(&acme(), ListQuery::default()).await;
    assert_eq!((page.users, page.total), (vec![], 0));
    assert_eq!(subject.users_of(&globex()).await, std::slice::from_ref(&ada));

    let (tenant, account) = (writes(&acme()), changes(&acme()));
    let directory = &subject.directory;
    assert_fails!(directory.change_membership(&tenant, &ada, to_role("member")).await, NotFound);
    assert_fails!(directory.detach(&tenant, &ada).await, NotFound);
    let change = AccountChange { email: valid("eve@x.test"), given_name: None, family_name: None };
    assert_fails!(directory.change_account(&account, &ada, change).await, NotFound);
    assert_fails!(directory.set_password(&account, &ada, valid("correct-horse")).await, NotFound);
    assert_fails!(directory.delete(&account, &ada).await, NotFound);
    subject.assert_untouched(&ada).await;
}

pub async fn unknown_stored_role_does_not_prevent_attaching(subject: &Subject) {
    let planted = StoredAccount::named("ada").at_home_in(acme()).with_role(globex(), "retired");
    let ada = subject.insert(planted.with_role(acme(), "member")).await;
    let attached = subject.attach(&globex(), "ada", "viewer").await;
    assert_eq!(attached.role_in(&globex()), Some(&role("viewer")));
    assert_eq!(attached.role_in(&acme()), Some(&role("member")));
    assert_eq!(subject.found_in(&globex(), &ada.id).await.as_ref(), Some(&attached));
    // The old role is gone and cannot come back with another catalogue.
    let directory = subject.store.reopen(catalogue_with("retired")).await;
    let views = Caller::of([globex()]).views();
    assert_eq!(directory.find(&views, &ada.id).await.unwrap().as_deref(), Some(&attached));
}

pub async fn role_added_to_catalogue_restores_membership(subject: &Subject) {
    let planted = StoredAccount::named("ada").at_home_in(acme()).with_role(globex(), "retired");
    subject.insert(planted.with_role(acme(), "member")).await;
    // A stored role survives unrelated changes.
    let change = MembershipChange { role: Some(role("viewer")), name: Some(valid("Ada")) };
    let ada = subject.users_of(&acme()).await.remove(0);
    subject.directory.change_membership(&writes(&acme()), &ada, change).await.unwrap();

    let directory = subject.store.reopen(catalogue_with("retired")).await;
    let scope = Caller::of([globex()]).reads(&globex());
    let page = select(&*directory, &scope, ListQuery::default()).await.unwrap();
    assert_eq!(page.total, 1);
    let ada = &page.users[0];
    assert_eq!(ada.role_in(&globex()).unwrap().name().as_str(), "retired");
    assert_eq!(ada.role_in(&acme()), Some(&role("viewer")));
}

pub async fn role_removed_from_catalogue_ends_membership(subject: &Subject) {
    subject.create(&globex(), "bob", "owner").await;
    let bob = subject.attach(&acme(), "bob", "admin").await;
    let gone = subject.create(&acme(), "gone", "owner").await;
    let roles = definitions().into_iter().filter(|role| role.name.as_str() != "owner");
    let smaller = Arc::new(RoleCatalogue::new(roles.collect()).unwrap());
    let directory = subject.store.reopen(smaller).await;

    let list = async |tenant| {
        let scope = Caller::of([acme(), globex()]).reads(&tenant);
        let page = select(&*directory, &scope, ListQuery::default()).await.unwrap();
        let names = page.users.iter().map(|user| user.email.as_str().to_owned());
        (names.collect::<Vec<_>>(), page.total)
    };
    assert_eq!(list(acme()).await, (vec![address("bob")], 1));
    assert_eq!(list(globex()).await, (vec![], 0));
    let views = Caller::of([acme()]).views();
    let found = directory.find(&views, &bob.id).await.unwrap().unwrap();
    assert_eq!(found.memberships.keys().collect::<Vec<_>>(), [&acme()]);
    assert_eq!(directory.find(&views, &gone.id).await.unwrap(), None);
    let attached =
        directory.attach_or_create(&writes(&acme()), new_member("gone", "viewer")).await.unwrap();
    assert!(!attached.created);
    assert_eq!(attached.user.id, gone.id);
    assert_eq!(directory.find(&views, &gone.id).await.unwrap().as_deref(), Some(&attached.user));
}
