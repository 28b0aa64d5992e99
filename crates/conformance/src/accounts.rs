//! The account's own data: changes and deletion.

#![allow(missing_docs, reason = "the name of a case says what it tests")]

use std::time::Duration;

use domain::{AccountChange, NewUser, Refusal, User};
use ports::PortError::{Conflict as Conflicts, NotFound, Refused};
use ports::{AccountUpdate, Clock, Conflict};

use crate::caller::{Caller, acme, changes, globex, ranked_changes, writes};
use crate::subject::{StoredAccount, Subject, assert_fails};
use crate::values::{address, new_user, valid};

/// Returns a change that sets the account's data to what it is.
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

pub async fn account_change_is_visible_in_every_tenant(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    let change = AccountChange {
        email: ada.email.clone(),
        given_name: Some(valid("Ada")),
        family_name: Some(valid("Lovelace")),
    };
    let scope = changes(&acme());
    let AccountUpdate { user, failures } =
        subject.directory.change_account(&scope, &ada, change.clone()).await.unwrap();
    assert_eq!(failures, []);
    let expected = User {
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

pub async fn changed_address_is_stored_in_lower_case(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    let change = AccountChange { email: valid("Countess@Example.com"), ..same(&ada) };
    let applied = subject.directory.change_account(&changes(&acme()), &ada, change).await.unwrap();
    assert_eq!(applied.failures, []);
    assert_eq!(applied.user.email.as_str(), "countess@example.com");
    assert_eq!(subject.current(&ada.id).await.as_ref(), Some(&applied.user));
    assert_eq!(subject.found_in(&acme(), &ada.id).await, Some(applied.user));
}

pub async fn change_sets_updated_at_only(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    subject.clock.advance(Duration::from_mins(1));
    let change = with_given_name(&ada, "Ada");
    let applied = subject.directory.change_account(&changes(&acme()), &ada, change).await.unwrap();
    assert_eq!(applied.user.updated_at, Some(subject.clock.now()));
    assert_eq!(applied.user.created_at, ada.created_at);
    assert_eq!(applied.user.last_login, ada.last_login);
}

pub async fn replaced_address_is_free_again(subject: &Subject) {
    let ada = subject.create(&acme(), "ada", "member").await;
    let change = with_email(&ada, "countess");
    subject.directory.change_account(&changes(&acme()), &ada, change).await.unwrap();
    let new = subject.create(&globex(), "ada", "member").await;
    assert_ne!(new.id, ada.id);
    assert_fails!(
        subject.directory.create(&writes(&globex()), new_user("countess", "member")).await,
        Conflicts(Conflict::EmailTaken)
    );
}

pub async fn taken_address_with_new_names_changes_names_only(subject: &Subject) {
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

pub async fn taken_address_alone_is_a_conflict(subject: &Subject) {
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

pub async fn own_address_is_not_taken(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    for change in [same(&ada), with_given_name(&ada, "Ada")] {
        let scope = changes(&acme());
        let applied = subject.directory.change_account(&scope, &ada, change).await.unwrap();
        assert_eq!(applied.failures, []);
        assert_eq!(applied.user.email, ada.email);
    }
}

// Rules R1 to R3 for the account's own data.

/// Asserts that a change and a deletion fail with this error.
macro_rules! assert_refused {
    ($subject:expr, $scope:expr, $user:expr, $error:pat) => {{
        let (subject, scope, user): (&Subject, _, &User) = ($subject, $scope, $user);
        let before = subject.current(&user.id).await.unwrap();
        let change =
            AccountChange { email: valid("eve@example.com"), ..with_given_name(user, "Eve") };
        assert_fails!(subject.directory.change_account(&scope, user, change).await, $error);
        assert_fails!(subject.directory.delete(&scope, user).await, $error);
        subject.assert_untouched(&before).await;
    }};
}

pub async fn only_home_tenant_changes_an_account(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    assert_refused!(subject, changes(&globex()), &ada, Refused(Refusal::ManagedByAnotherTenant));
    let both = Caller::of([acme(), globex()]).changes();
    let change = with_given_name(&ada, "Ada");
    let ada = subject.directory.change_account(&both, &ada, change).await.unwrap().user;
    assert_eq!(ada.given_name_or_empty(), "Ada");
    subject.directory.delete(&changes(&acme()), &ada).await.unwrap();
}

pub async fn operator_changes_every_account(subject: &Subject) {
    let operator = Caller::operator().changes();
    let shared = subject.create_shared(&acme(), &globex(), "ada").await;
    let homeless = subject.insert(StoredAccount::named("cy").with_role(globex(), "member")).await;
    let lost = subject.insert(StoredAccount::named("lost")).await;
    for user in [shared, homeless, lost] {
        let change = with_given_name(&user, "Changed");
        let user = subject.directory.change_account(&operator, &user, change).await.unwrap().user;
        assert_eq!(user.given_name_or_empty(), "Changed");
        subject.directory.delete(&operator, &user).await.unwrap();
        assert_eq!(subject.current(&user.id).await, None);
    }
}

pub async fn only_operators_change_account_without_home(subject: &Subject) {
    let planted =
        StoredAccount::named("cy").with_role(acme(), "member").with_role(globex(), "member");
    let cy = subject.insert(planted).await;
    assert_eq!(cy.home, None);
    for tenant in [acme(), globex()] {
        assert_refused!(subject, changes(&tenant), &cy, Refused(Refusal::ManagedByAnotherTenant));
    }
}

pub async fn account_of_another_tenant_is_not_found(subject: &Subject) {
    let ada = subject.create(&acme(), "ada", "member").await;
    assert_refused!(subject, changes(&globex()), &ada, NotFound);
    assert_refused!(subject, Caller::of([]).changes(), &ada, NotFound);
    assert_refused!(subject, ranked_changes(&globex(), "owner"), &ada, NotFound);
}

pub async fn detached_account_is_not_found_by_its_home(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    subject.directory.detach(&writes(&acme()), &ada).await.unwrap();
    let ada = subject.current(&ada.id).await.unwrap();
    assert_eq!(ada.home, Some(acme()));
    assert_refused!(subject, changes(&acme()), &ada, NotFound);
    assert_refused!(subject, changes(&globex()), &ada, Refused(Refusal::ManagedByAnotherTenant));
}

pub async fn deleted_account_cannot_be_changed(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    subject.directory.delete(&changes(&acme()), &ada).await.unwrap();
    let change = with_given_name(&ada, "Ada");
    assert_fails!(
        subject.directory.change_account(&changes(&acme()), &ada, change).await,
        NotFound
    );
    assert_eq!(subject.current(&ada.id).await, None);
}

pub async fn holder_of_higher_role_is_refused(subject: &Subject) {
    subject.create(&acme(), "spare", "owner").await;
    let ada = subject.create(&acme(), "ada", "owner").await;
    assert_refused!(
        subject,
        ranked_changes(&acme(), "admin"),
        &ada,
        Refused(Refusal::RoleAboveOwn)
    );
    // Also if the higher role is in another tenant of the caller.
    subject.create(&globex(), "boss", "owner").await;
    subject.create(&acme(), "bob", "member").await;
    let bob = subject.attach(&globex(), "bob", "owner").await;
    let both = Caller::ranked([(acme(), "owner"), (globex(), "admin")]);
    assert_refused!(subject, both.changes(), &bob, Refused(Refusal::RoleAboveOwn));
    subject.directory.delete(&ranked_changes(&acme(), "owner"), &ada).await.unwrap();
}

// Deleted.

pub async fn deleted_account_is_gone_in_every_tenant(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    let bob = subject.create_shared(&globex(), &acme(), "bob").await;
    subject.directory.delete(&changes(&acme()), &ada).await.unwrap();
    assert_eq!(subject.current(&ada.id).await, None);
    for tenant in [acme(), globex()] {
        assert_eq!(subject.found_in(&tenant, &ada.id).await, None);
        assert_eq!(subject.users_of(&tenant).await, std::slice::from_ref(&bob));
    }
}

pub async fn deletion_frees_address_and_username(subject: &Subject) {
    let new = NewUser { username: Some(valid("ada")), ..new_user("ada", "member") };
    let ada = subject.directory.create(&writes(&acme()), new.clone()).await.unwrap();
    subject.directory.delete(&changes(&acme()), &ada).await.unwrap();
    let again = subject.directory.create(&writes(&globex()), new).await.unwrap();
    assert_ne!(again.id, ada.id);
    assert_eq!(again.home, Some(globex()));
    assert_eq!(subject.users_of(&acme()).await, []);
}
