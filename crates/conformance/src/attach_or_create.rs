//! People enlisted: attached if they are known, else created.

#![allow(missing_docs, reason = "the name of a case says what it tests")]

use std::sync::Arc;

use domain::{
    Access, AccountChange, ListQuery, Membership, MembershipChange, NewMember, Refusal, Role,
    RoleCatalogue, RoleDefinition, TenantId, User,
};
use ports::PortError::{Conflict as Conflicts, NotFound, Refused};
use ports::{AttachOutcome, Clock, Conflict};

use crate::caller::{Caller, acme, changes, globex, ranked_writes, writes};
use crate::catalogue::{catalogue, role};
use crate::subject::{Planted, Subject, address, assert_fails, recruit, valid};

fn to_role(name: &str) -> MembershipChange {
    MembershipChange { role: Some(role(name)), name: None }
}

fn named_recruit(name: &str, display_name: &str) -> NewMember {
    NewMember { name: Some(valid(display_name)), ..recruit(name, "member") }
}

fn shown(user: &User, tenant: &TenantId) -> Option<String> {
    user.name_in(tenant).map(|name| name.as_str().to_owned())
}

fn definitions() -> Vec<RoleDefinition> {
    let define = |role: &Role| RoleDefinition {
        name: role.name().clone(),
        access: [Access::Read, Access::Write]
            .into_iter()
            .filter(|access| role.allows(*access))
            .collect(),
        protected: role.is_protected(),
        default: false,
    };
    catalogue().roles().iter().map(define).collect()
}

/// The catalogue with one role more.
fn with_retired() -> Arc<RoleCatalogue> {
    let name = valid("retired");
    let retired = RoleDefinition { name, access: [].into(), protected: false, default: false };
    let roles = definitions().into_iter().chain([retired]);
    Arc::new(RoleCatalogue::new(roles.collect()).unwrap())
}

// AttachOutcome.

pub async fn enlisting_an_unknown_address_creates_an_account_at_home_here(subject: &Subject) {
    let recruit = NewMember { role: role("viewer"), ..named_recruit("Ada", "Ada L.") };
    let AttachOutcome { user: ada, created } =
        subject.directory.attach_or_create(&writes(&acme()), recruit).await.unwrap();
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
    // The name is the account's own, for every tenant that comes to see it.
    let ada = subject.attach(&globex(), "ada", "member").await;
    assert_eq!(shown(&ada, &globex()), Some("Ada L.".to_owned()));
}

pub async fn enlisting_a_known_address_attaches_its_account(subject: &Subject) {
    let ada = subject.create(&acme(), "ada", "owner").await;
    let recruit = recruit("ADA", "viewer");
    let enlisted = subject.directory.attach_or_create(&writes(&globex()), recruit).await.unwrap();
    assert!(!enlisted.created);
    let mut expected = User { updated_at: enlisted.user.updated_at, ..ada };
    expected.memberships.insert(globex(), Membership { role: role("viewer"), name: None });
    assert_eq!(enlisted.user, expected);
    assert_eq!(subject.found_in(&acme(), &expected.id).await.as_ref(), Some(&expected));
    assert_eq!(subject.found_in(&globex(), &expected.id).await.as_ref(), Some(&expected));
}

pub async fn enlisting_a_stranger_names_the_membership_alone(subject: &Subject) {
    let recruit = named_recruit("ada", "Ada of Acme");
    let ada = subject.directory.attach_or_create(&writes(&acme()), recruit).await.unwrap().user;
    let recruit = named_recruit("ada", "Ada of Globex");
    let enlisted =
        subject.directory.attach_or_create(&writes(&globex()), recruit).await.unwrap().user;
    assert_eq!(shown(&enlisted, &globex()), Some("Ada of Globex".to_owned()));
    let seen = subject.found_in(&acme(), &ada.id).await.unwrap();
    assert_eq!(shown(&seen, &acme()), Some("Ada of Acme".to_owned()));
    assert_eq!(seen.display_name, ada.display_name);
}

pub async fn enlisting_an_account_at_its_home_again_renames_the_account(subject: &Subject) {
    let ada = subject.share(&acme(), &globex(), "ada").await;
    subject.directory.detach(&writes(&acme()), &ada).await.unwrap();
    let recruit = named_recruit("ada", "Ada Again");
    let enlisted = subject.directory.attach_or_create(&writes(&acme()), recruit).await.unwrap();
    assert!(!enlisted.created);
    assert_eq!(enlisted.user.display_name, Some(valid("Ada Again")));
    let seen = subject.found_in(&globex(), &ada.id).await.unwrap();
    assert_eq!(shown(&seen, &globex()), Some("Ada Again".to_owned()));
}

pub async fn enlisting_an_account_without_a_home_names_the_membership_alone(subject: &Subject) {
    let cy = subject.plant(Planted::named("cy").with_role(globex(), "member")).await;
    let recruit = named_recruit("cy", "Cy of Acme");
    let enlisted =
        subject.directory.attach_or_create(&writes(&acme()), recruit).await.unwrap().user;
    assert_eq!((enlisted.home, enlisted.display_name), (None, None));
    let seen = subject.found_in(&globex(), &cy.id).await.unwrap();
    assert_eq!(shown(&seen, &globex()), None);
}

pub async fn nobody_is_attached_twice(subject: &Subject) {
    let ada = subject.share(&acme(), &globex(), "ada").await;
    for tenant in [acme(), globex()] {
        let again = NewMember { role: role("owner"), ..named_recruit("ada", "Eve") };
        assert_fails!(
            subject.directory.attach_or_create(&writes(&tenant), again).await,
            Conflicts(Conflict::AlreadyAttached)
        );
    }
    subject.assert_untouched(&ada).await;
}

pub async fn nobody_is_enlisted_above_the_callers_own_role(subject: &Subject) {
    let ada = subject.create(&globex(), "ada", "member").await;
    let scope = ranked_writes(&acme(), "admin");
    for name in ["ada", "new"] {
        assert_fails!(
            subject.directory.attach_or_create(&scope, recruit(name, "owner")).await,
            Refused(Refusal::RoleAboveOwn)
        );
    }
    subject.assert_untouched(&ada).await;
    assert_eq!(subject.people_of(&acme()).await, []);
    subject.directory.attach_or_create(&scope, recruit("ada", "admin")).await.unwrap();
    assert!(
        subject.directory.attach_or_create(&scope, recruit("new", "admin")).await.unwrap().created
    );
}

pub async fn a_blocked_account_is_attached_and_stays_blocked(subject: &Subject) {
    let planted = Planted::named("bob").at_home_in(globex()).with_role(globex(), "member");
    subject.plant(planted.blocked()).await;
    let bob = subject.attach(&acme(), "bob", "member").await;
    assert!(bob.blocked);
    assert_eq!(subject.found_in(&globex(), &bob.id).await, Some(bob));
}

// A stored role outside the catalogue.

pub async fn a_stored_role_outside_the_catalogue_is_no_membership(subject: &Subject) {
    let planted = Planted::named("ada").at_home_in(acme()).with_role(acme(), "retired");
    let ada = subject.plant(planted.with_role(globex(), "member")).await;
    assert_eq!(ada.memberships.keys().collect::<Vec<_>>(), [&globex()]);
    assert_eq!(subject.found_in(&acme(), &ada.id).await, None);
    let page = subject.page(&acme(), ListQuery::default()).await;
    assert_eq!((page.users, page.total), (vec![], 0));
    assert_eq!(subject.people_of(&globex()).await, std::slice::from_ref(&ada));

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

pub async fn a_stored_role_outside_the_catalogue_does_not_stand_against_enlisting(
    subject: &Subject,
) {
    let planted = Planted::named("ada").at_home_in(acme()).with_role(globex(), "retired");
    let ada = subject.plant(planted.with_role(acme(), "member")).await;
    let enlisted = subject.attach(&globex(), "ada", "viewer").await;
    assert_eq!(enlisted.role_in(&globex()), Some(&role("viewer")));
    assert_eq!(enlisted.role_in(&acme()), Some(&role("member")));
    assert_eq!(subject.found_in(&globex(), &ada.id).await.as_ref(), Some(&enlisted));
    // Nothing is left of the old role that could come back with a catalogue.
    let directory = subject.backstage.reopen(with_retired()).await;
    let views = Caller::of([globex()]).views();
    assert_eq!(directory.find(&views, &ada.id).await.unwrap(), Some(enlisted));
}

pub async fn a_role_that_came_to_the_catalogue_is_a_membership_from_then_on(subject: &Subject) {
    let planted = Planted::named("ada").at_home_in(acme()).with_role(globex(), "retired");
    subject.plant(planted.with_role(acme(), "member")).await;
    // A stored role outlives changes that have nothing to do with it.
    let change = MembershipChange { role: Some(role("viewer")), name: Some(valid("Ada")) };
    let ada = subject.people_of(&acme()).await.remove(0);
    subject.directory.change_membership(&writes(&acme()), &ada, change).await.unwrap();

    let directory = subject.backstage.reopen(with_retired()).await;
    let scope = Caller::of([globex()]).reads(&globex());
    let page = directory.list(&scope, &ListQuery::default()).await.unwrap();
    assert_eq!(page.total, 1);
    let ada = &page.users[0];
    assert_eq!(ada.role_in(&globex()).unwrap().name().as_str(), "retired");
    assert_eq!(ada.role_in(&acme()), Some(&role("viewer")));
}

pub async fn a_role_that_left_the_catalogue_is_no_membership_any_more(subject: &Subject) {
    subject.create(&globex(), "bob", "owner").await;
    let bob = subject.attach(&acme(), "bob", "admin").await;
    let gone = subject.create(&acme(), "gone", "owner").await;
    let roles = definitions().into_iter().filter(|role| role.name.as_str() != "owner");
    let smaller = Arc::new(RoleCatalogue::new(roles.collect()).unwrap());
    let directory = subject.backstage.reopen(smaller).await;

    let list = async |tenant| {
        let scope = Caller::of([acme(), globex()]).reads(&tenant);
        let page = directory.list(&scope, &ListQuery::default()).await.unwrap();
        let names = page.users.iter().map(|user| user.email.as_str().to_owned());
        (names.collect::<Vec<_>>(), page.total)
    };
    assert_eq!(list(acme()).await, (vec![address("bob")], 1));
    assert_eq!(list(globex()).await, (vec![], 0));
    let views = Caller::of([acme()]).views();
    let found = directory.find(&views, &bob.id).await.unwrap().unwrap();
    assert_eq!(found.memberships.keys().collect::<Vec<_>>(), [&acme()]);
    assert_eq!(directory.find(&views, &gone.id).await.unwrap(), None);
    let enlisted =
        directory.attach_or_create(&writes(&acme()), recruit("gone", "viewer")).await.unwrap();
    assert!(!enlisted.created);
    assert_eq!(enlisted.user.id, gone.id);
    assert_eq!(directory.find(&views, &gone.id).await.unwrap(), Some(enlisted.user));
}
