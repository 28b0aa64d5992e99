//! What is the account's own: changed, and deleted.

#![allow(missing_docs, reason = "the name of a case says what it tests")]

use std::time::Duration;

use domain::{AccountChange, NewUser, Refusal, User};
use ports::PortError::{Conflict as Conflicts, NotFound, Refused};
use ports::{AccountUpdate, Clock, Conflict};

use crate::caller::{Caller, acme, changes, globex, ranked_changes, writes};
use crate::subject::{Planted, Subject, address, assert_fails, newcomer, valid};

/// The account's own things as they are, to change some of them.
fn same(user: &User) -> AccountChange {
    AccountChange {
        email: user.email.clone(),
        given_name: user.given_name.clone(),
        family_name: user.family_name.clone(),
    }
}

fn with_email(user: &User, name: &str) -> AccountChange {
    AccountChange { email: valid(&address(name)), ..same(user) }
}

fn with_given_name(user: &User, name: &str) -> AccountChange {
    AccountChange { given_name: Some(valid(name)), ..same(user) }
}

// Changed.

pub async fn an_account_change_sets_all_of_it_for_every_tenant(subject: &Subject) {
    let ada = subject.share(&acme(), &globex(), "ada").await;
    let change = AccountChange {
        email: valid("Countess@Example.com"),
        given_name: Some(valid("Ada")),
        family_name: Some(valid("Lovelace")),
    };
    let scope = changes(&acme());
    let AccountUpdate { user, failures } =
        subject.directory.change_account(&scope, &ada, change.clone()).await.unwrap();
    assert_eq!(failures, []);
    assert_eq!(user.email.as_str(), "countess@example.com");
    let expected = User {
        email: change.email,
        given_name: change.given_name,
        family_name: change.family_name,
        updated_at: user.updated_at,
        ..ada
    };
    assert_eq!(user, expected);
    assert_eq!(subject.found_in(&acme(), &user.id).await.as_ref(), Some(&user));
    assert_eq!(subject.found_in(&globex(), &user.id).await.as_ref(), Some(&user));

    let change = AccountChange { given_name: None, family_name: None, email: user.email.clone() };
    let applied = subject.directory.change_account(&scope, &user, change).await.unwrap();
    assert_eq!((applied.failures, applied.user.given_name), (vec![], None));
    let found = subject.found_in(&globex(), &user.id).await.unwrap();
    assert_eq!((found.given_name, found.family_name), (None, None));
}

pub async fn a_change_is_dated_and_moves_no_other_date(subject: &Subject) {
    let ada = subject.share(&acme(), &globex(), "ada").await;
    subject.clock.advance(Duration::from_mins(1));
    let change = with_given_name(&ada, "Ada");
    let applied = subject.directory.change_account(&changes(&acme()), &ada, change).await.unwrap();
    assert_eq!(applied.user.updated_at, Some(subject.clock.now()));
    assert_eq!(applied.user.created_at, ada.created_at);
    assert_eq!(applied.user.last_login, ada.last_login);
}

pub async fn an_address_that_was_changed_is_free_again(subject: &Subject) {
    let ada = subject.create(&acme(), "ada", "member").await;
    let change = with_email(&ada, "countess");
    subject.directory.change_account(&changes(&acme()), &ada, change).await.unwrap();
    let new = subject.create(&globex(), "ada", "member").await;
    assert_ne!(new.id, ada.id);
    assert_fails!(
        subject.directory.create(&writes(&globex()), newcomer("countess", "member")).await,
        Conflicts(Conflict::EmailTaken)
    );
}

pub async fn a_taken_address_with_other_names_changes_the_names_alone(subject: &Subject) {
    let ada = subject.create(&acme(), "ada", "member").await;
    let bob = subject.create(&globex(), "bob", "member").await;
    let change = AccountChange { given_name: Some(valid("Ada")), ..with_email(&ada, "BOB") };
    let applied = subject.directory.change_account(&changes(&acme()), &ada, change).await.unwrap();
    assert_eq!(applied.failures, [Conflict::EmailTaken]);
    assert_eq!(applied.user.email, ada.email);
    assert_eq!(applied.user.given_name_or_empty(), "Ada");
    assert_eq!(subject.found_in(&acme(), &ada.id).await, Some(applied.user));
    subject.assert_untouched(&bob).await;
}

pub async fn a_taken_address_and_nothing_else_is_a_conflict(subject: &Subject) {
    let ada = subject.create(&acme(), "ada", "member").await;
    let bob = subject.create(&globex(), "bob", "member").await;
    let change = with_email(&ada, "bob");
    assert_fails!(
        subject.directory.change_account(&changes(&acme()), &ada, change).await,
        Conflicts(Conflict::EmailTaken)
    );
    subject.assert_untouched(&ada).await;
    subject.assert_untouched(&bob).await;
}

pub async fn an_accounts_own_address_is_not_taken(subject: &Subject) {
    let ada = subject.share(&acme(), &globex(), "ada").await;
    for change in [same(&ada), with_given_name(&ada, "Ada")] {
        let scope = changes(&acme());
        let applied = subject.directory.change_account(&scope, &ada, change).await.unwrap();
        assert_eq!(applied.failures, []);
        assert_eq!(applied.user.email, ada.email);
    }
}

// Rules R1 to R3, for what is the account's own.

/// Asserts that neither a change nor a deletion is let through.
macro_rules! assert_out_of_reach {
    ($subject:expr, $scope:expr, $user:expr, $error:pat) => {{
        let (subject, scope, user): (&Subject, _, &User) = ($subject, $scope, $user);
        let before = subject.now(&user.id).await.unwrap();
        let change =
            AccountChange { email: valid("eve@example.com"), ..with_given_name(user, "Eve") };
        assert_fails!(subject.directory.change_account(&scope, user, change).await, $error);
        assert_fails!(subject.directory.delete(&scope, user).await, $error);
        subject.assert_untouched(&before).await;
    }};
}

pub async fn only_callers_of_the_home_tenant_change_an_account(subject: &Subject) {
    let ada = subject.share(&acme(), &globex(), "ada").await;
    assert_out_of_reach!(
        subject,
        changes(&globex()),
        &ada,
        Refused(Refusal::ManagedByAnotherTenant)
    );
    let both = Caller::of([acme(), globex()]).changes();
    let change = with_given_name(&ada, "Ada");
    let ada = subject.directory.change_account(&both, &ada, change).await.unwrap().user;
    assert_eq!(ada.given_name_or_empty(), "Ada");
    subject.directory.delete(&changes(&acme()), &ada).await.unwrap();
}

pub async fn operators_change_every_account(subject: &Subject) {
    let operator = Caller::operator().changes();
    let shared = subject.share(&acme(), &globex(), "ada").await;
    let homeless = subject.plant(Planted::named("cy").with_role(globex(), "member")).await;
    let lost = subject.plant(Planted::named("lost")).await;
    for user in [shared, homeless, lost] {
        let change = with_given_name(&user, "Changed");
        let user = subject.directory.change_account(&operator, &user, change).await.unwrap().user;
        assert_eq!(user.given_name_or_empty(), "Changed");
        subject.directory.delete(&operator, &user).await.unwrap();
        assert_eq!(subject.now(&user.id).await, None);
    }
}

pub async fn an_account_without_a_home_is_for_operators_to_change(subject: &Subject) {
    let planted = Planted::named("cy").with_role(acme(), "member").with_role(globex(), "member");
    let cy = subject.plant(planted).await;
    assert_eq!(cy.home, None);
    for tenant in [acme(), globex()] {
        assert_out_of_reach!(
            subject,
            changes(&tenant),
            &cy,
            Refused(Refusal::ManagedByAnotherTenant)
        );
    }
}

pub async fn a_strangers_account_does_not_exist(subject: &Subject) {
    let ada = subject.create(&acme(), "ada", "member").await;
    assert_out_of_reach!(subject, changes(&globex()), &ada, NotFound);
    assert_out_of_reach!(subject, Caller::of([]).changes(), &ada, NotFound);
    assert_out_of_reach!(subject, ranked_changes(&globex(), "owner"), &ada, NotFound);
}

pub async fn to_a_home_that_detached_it_an_account_does_not_exist(subject: &Subject) {
    let ada = subject.share(&acme(), &globex(), "ada").await;
    subject.directory.detach(&writes(&acme()), &ada).await.unwrap();
    let ada = subject.now(&ada.id).await.unwrap();
    assert_eq!(ada.home, Some(acme()));
    assert_out_of_reach!(subject, changes(&acme()), &ada, NotFound);
    assert_out_of_reach!(
        subject,
        changes(&globex()),
        &ada,
        Refused(Refusal::ManagedByAnotherTenant)
    );
}

pub async fn an_account_that_is_gone_cannot_be_changed(subject: &Subject) {
    let ada = subject.share(&acme(), &globex(), "ada").await;
    subject.directory.delete(&changes(&acme()), &ada).await.unwrap();
    let change = with_given_name(&ada, "Ada");
    assert_fails!(
        subject.directory.change_account(&changes(&acme()), &ada, change).await,
        NotFound
    );
    assert_eq!(subject.now(&ada.id).await, None);
}

pub async fn the_holder_of_a_higher_role_is_out_of_reach(subject: &Subject) {
    subject.create(&acme(), "spare", "owner").await;
    let ada = subject.create(&acme(), "ada", "owner").await;
    assert_out_of_reach!(
        subject,
        ranked_changes(&acme(), "admin"),
        &ada,
        Refused(Refusal::RoleAboveOwn)
    );
    // Also where the higher role is one in another tenant of the caller's.
    subject.create(&globex(), "boss", "owner").await;
    subject.create(&acme(), "bob", "member").await;
    let bob = subject.attach(&globex(), "bob", "owner").await;
    let both = Caller::ranked([(acme(), "owner"), (globex(), "admin")]);
    assert_out_of_reach!(subject, both.changes(), &bob, Refused(Refusal::RoleAboveOwn));
    subject.directory.delete(&ranked_changes(&acme(), "owner"), &ada).await.unwrap();
}

// Deleted.

pub async fn a_deleted_account_is_gone_for_every_tenant(subject: &Subject) {
    let ada = subject.share(&acme(), &globex(), "ada").await;
    let bob = subject.share(&globex(), &acme(), "bob").await;
    subject.directory.delete(&changes(&acme()), &ada).await.unwrap();
    assert_eq!(subject.now(&ada.id).await, None);
    for tenant in [acme(), globex()] {
        assert_eq!(subject.found_in(&tenant, &ada.id).await, None);
        assert_eq!(subject.people_of(&tenant).await, std::slice::from_ref(&bob));
    }
}

pub async fn a_deleted_account_frees_its_address_and_username(subject: &Subject) {
    let new = NewUser { username: Some(valid("ada")), ..newcomer("ada", "member") };
    let ada = subject.directory.create(&writes(&acme()), new.clone()).await.unwrap();
    subject.directory.delete(&changes(&acme()), &ada).await.unwrap();
    let again = subject.directory.create(&writes(&globex()), new).await.unwrap();
    assert_ne!(again.id, ada.id);
    assert_eq!(again.home, Some(globex()));
    assert_eq!(subject.people_of(&acme()).await, []);
}
