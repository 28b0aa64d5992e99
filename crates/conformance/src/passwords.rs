//! Passwords: how they are checked and set, and by which callers.

#![allow(missing_docs, reason = "the name of a case says what it tests")]

use domain::{
    AccountChange, AccountScope, CurrentPassword, MembershipChange, NewMember, NewUser, Refusal,
    SubjectKind, User,
};
use ports::PasswordVerdict::{Match, Mismatch};
use ports::PortError::{NotFound, Refused, Rejected};
use ports::{PasswordVerdict, PortResult, RejectedValue};

use crate::caller::{Caller, acme, changes, globex, ranked_changes, writes};
use crate::catalogue::role;
use crate::subject::{StoredAccount, Subject, assert_fails};
use crate::values::{new_member, new_user, valid};

const FIRST: &str = "correct-horse";
const SECOND: &str = "battery-staple";

async fn verify(
    subject: &Subject,
    scope: &AccountScope,
    user: &User,
    offered: &str,
) -> PortResult<PasswordVerdict> {
    let offered = CurrentPassword::offered(offered.to_owned());
    let client = Some("192.0.2.7".parse().unwrap());
    subject.passwords.verify(scope, user, offered, client).await
}

/// Returns the verdict of a check by the user.
async fn check(subject: &Subject, user: &User, offered: &str) -> PasswordVerdict {
    verify(subject, &own(user), user, offered).await.unwrap()
}

/// Returns the scope of a user who changes the own password with a token of one tenant.
fn own(user: &User) -> AccountScope {
    let tenants = user.memberships.keys().next().cloned();
    Caller::of([tenants.unwrap()]).without_permissions(&user.id).proves(&user.id)
}

async fn set(
    subject: &Subject,
    scope: &AccountScope,
    user: &User,
    password: &str,
) -> PortResult<User> {
    subject.directory.set_password(scope, user, valid(password)).await
}

// Checked.

pub async fn only_own_password_matches(subject: &Subject) {
    let ada = subject.create_with_password(&acme(), "ada", FIRST).await;
    let bob = subject.create_with_password(&globex(), "bob", SECOND).await;
    assert_eq!(check(subject, &ada, FIRST).await, Match);
    assert_eq!(check(subject, &bob, SECOND).await, Match);
    assert_eq!(check(subject, &ada, SECOND).await, Mismatch);
    assert_eq!(check(subject, &bob, FIRST).await, Mismatch);
    assert_eq!(check(subject, &ada, "Correct-Horse").await, Mismatch);
    assert_eq!(check(subject, &ada, "correct-horse ").await, Mismatch);
    assert_eq!(check(subject, &ada, "correct-hors").await, Mismatch);
}

pub async fn invalid_password_text_is_a_mismatch(subject: &Subject) {
    let ada = subject.create_with_password(&acme(), "ada", FIRST).await;
    let bare = subject.create(&globex(), "bare", "member").await;
    for offered in ["", " ", "\0", "päßwörter", &"x".repeat(73), &"x".repeat(5000)] {
        assert_eq!(check(subject, &ada, offered).await, Mismatch);
        assert_eq!(check(subject, &bare, offered).await, Mismatch);
    }
}

pub async fn account_without_password_never_matches(subject: &Subject) {
    let created = subject.create(&acme(), "ada", "member").await;
    let scope = writes(&globex());
    let attached =
        subject.directory.attach_or_create(&scope, new_member("bob", "member")).await.unwrap().user;
    for user in [created, attached] {
        assert_eq!(check(subject, &user, FIRST).await, Mismatch);
        assert_eq!(check(subject, &user, "").await, Mismatch);
        // Then one is set.
        let home = changes(user.home.as_ref().unwrap());
        let user = set(subject, &home, &user, FIRST).await.unwrap();
        assert_eq!(check(subject, &user, FIRST).await, Match);
    }
}

pub async fn password_check_respects_the_scope(subject: &Subject) {
    let ada = subject.create_with_password(&acme(), "ada", FIRST).await;
    let home = changes(&acme());
    assert_eq!(verify(subject, &home, &ada, FIRST).await.unwrap(), Match);
    assert_fails!(verify(subject, &changes(&globex()), &ada, FIRST).await, NotFound);
    let ada = subject.attach(&globex(), "ada", "member").await;
    assert_fails!(
        verify(subject, &changes(&globex()), &ada, FIRST).await,
        Refused(Refusal::ManagedByAnotherTenant)
    );
    assert_fails!(
        verify(subject, &Caller::of([acme()]).views(), &ada, FIRST).await,
        Refused(Refusal::MissingPermission(_))
    );
    let operator = Caller::operator().changes();
    assert_eq!(verify(subject, &operator, &ada, FIRST).await.unwrap(), Match);
    subject.directory.delete(&home, &ada).await.unwrap();
    assert_fails!(verify(subject, &home, &ada, FIRST).await, NotFound);
}

pub async fn stored_password_matches(subject: &Subject) {
    let planted = StoredAccount::named("ada").at_home_in(acme()).with_role(globex(), "member");
    let ada = subject.insert(planted.with_password(FIRST)).await;
    assert_eq!(check(subject, &ada, FIRST).await, Match);
    assert_eq!(check(subject, &ada, SECOND).await, Mismatch);
}

// Set.

pub async fn new_password_replaces_old_one(subject: &Subject) {
    let ada = subject.create_with_password(&acme(), "ada", FIRST).await;
    let bob = subject.create_with_password(&globex(), "bob", FIRST).await;
    let after = set(subject, &changes(&acme()), &ada, SECOND).await.unwrap();
    // The directory may record when, as it does the time of the change.
    let (updated_at, credentials) = (ada.updated_at, ada.credentials.clone());
    assert_eq!(User { updated_at, credentials, ..after.clone() }, ada);
    assert_eq!(subject.current(&ada.id).await, Some(after));
    assert_eq!(check(subject, &ada, SECOND).await, Match);
    assert_eq!(check(subject, &ada, FIRST).await, Mismatch);
    // Other passwords are unchanged.
    assert_eq!(check(subject, &bob, FIRST).await, Match);
    assert_eq!(check(subject, &bob, SECOND).await, Mismatch);
}

pub async fn weak_password_is_rejected_and_old_one_stays(subject: &Subject) {
    for tenant in [acme(), globex()] {
        let user = subject.create_with_password(&tenant, &format!("ada.{tenant}"), FIRST).await;
        for scope in [changes(&tenant), own(&user)] {
            assert_fails!(
                set(subject, &scope, &user, "short").await,
                Rejected(RejectedValue::WeakPassword)
            );
        }
        assert_eq!(check(subject, &user, FIRST).await, Match);
        assert_eq!(check(subject, &user, "short").await, Mismatch);
    }
}

pub async fn only_home_tenant_sets_a_password(subject: &Subject) {
    subject.create_with_password(&acme(), "ada", FIRST).await;
    let ada = subject.attach(&globex(), "ada", "member").await;
    // Other callers do not even learn that the password is weak.
    for password in [SECOND, "short"] {
        assert_fails!(
            set(subject, &changes(&globex()), &ada, password).await,
            Refused(Refusal::ManagedByAnotherTenant)
        );
    }
    assert_eq!(check(subject, &ada, FIRST).await, Match);
    set(subject, &changes(&acme()), &ada, SECOND).await.unwrap();
    assert_eq!(check(subject, &ada, SECOND).await, Match);
}

pub async fn hidden_account_password_cannot_be_set(subject: &Subject) {
    let ada = subject.create_with_password(&acme(), "ada", FIRST).await;
    for password in [SECOND, "short"] {
        assert_fails!(set(subject, &changes(&globex()), &ada, password).await, NotFound);
    }
    let home = changes(&acme());
    let unknown = User { id: valid("auth0|000000000000000000000000"), ..ada.clone() };
    assert_fails!(set(subject, &home, &unknown, SECOND).await, NotFound);
    // A home that detached the account is like any other tenant.
    let ada = subject.attach(&globex(), "ada", "member").await;
    subject.directory.detach(&writes(&acme()), &ada).await.unwrap();
    let ada = subject.current(&ada.id).await.unwrap();
    assert_fails!(set(subject, &home, &ada, SECOND).await, NotFound);
    assert_eq!(check(subject, &ada, FIRST).await, Match);
}

pub async fn only_operators_set_password_without_home(subject: &Subject) {
    let planted =
        StoredAccount::named("cy").with_role(acme(), "member").with_role(globex(), "member");
    let cy = subject.insert(planted.with_password(FIRST)).await;
    for tenant in [acme(), globex()] {
        assert_fails!(
            set(subject, &changes(&tenant), &cy, SECOND).await,
            Refused(Refusal::ManagedByAnotherTenant)
        );
    }
    set(subject, &Caller::operator().changes(), &cy, SECOND).await.unwrap();
    assert_eq!(check(subject, &cy, SECOND).await, Match);
}

pub async fn password_of_higher_role_holder_cannot_be_set(subject: &Subject) {
    let ada = subject.create_with_password(&acme(), "ada", FIRST).await;
    subject.create(&globex(), "boss", "owner").await;
    let ada = subject
        .directory
        .change_membership(
            &writes(&acme()),
            &ada,
            MembershipChange { role: Some(role("owner")), name: None },
        )
        .await
        .unwrap();
    assert_fails!(
        set(subject, &ranked_changes(&acme(), "admin"), &ada, SECOND).await,
        Refused(Refusal::RoleAboveOwn)
    );
    assert_eq!(check(subject, &ada, FIRST).await, Match);
    set(subject, &ranked_changes(&acme(), "owner"), &ada, SECOND).await.unwrap();
}

// Rule R5.

pub async fn user_sets_own_password_in_any_tenant(subject: &Subject) {
    subject.create_with_password(&acme(), "ada", FIRST).await;
    let ada = subject.attach(&globex(), "ada", "member").await;
    // With a token of a tenant without authority over the account, without any permission, and with a
    // role without access.
    let by_token = Caller::of([globex()]).without_permissions(&ada.id).proves(&ada.id);
    let by_role =
        Caller::ranked([(globex(), "member")]).without_permissions(&ada.id).proves(&ada.id);
    for (scope, old, new) in [(by_token, FIRST, SECOND), (by_role, SECOND, FIRST)] {
        assert_eq!(verify(subject, &scope, &ada, old).await.unwrap(), Match);
        set(subject, &scope, &ada, new).await.unwrap();
        assert_eq!(verify(subject, &scope, &ada, new).await.unwrap(), Match);
    }
}

pub async fn own_password_depends_on_the_kind_of_subject(subject: &Subject) {
    subject.create_with_password(&acme(), "ada", FIRST).await;
    let ada = subject.attach(&globex(), "ada", "member").await;
    let as_subject = |tenant, kind| {
        let caller = Caller::of([tenant]).without_permissions(&ada.id);
        caller.with_subject(&ada.id, kind).proves(&ada.id)
    };
    // The issuer of a tenant other than the home may not name the account, whatever its claims.
    let foreign = as_subject(globex(), SubjectKind::Home);
    assert_fails!(verify(subject, &foreign, &ada, FIRST).await, NotFound);
    assert_fails!(set(subject, &foreign, &ada, SECOND).await, NotFound);
    assert_eq!(check(subject, &ada, FIRST).await, Match);
    let home = as_subject(acme(), SubjectKind::Home);
    set(subject, &home, &ada, SECOND).await.unwrap();
    assert_eq!(verify(subject, &home, &ada, SECOND).await.unwrap(), Match);
    // Nor may that of the home once the account is detached from it.
    subject.directory.detach(&writes(&acme()), &ada).await.unwrap();
    assert_fails!(set(subject, &home, &ada, FIRST).await, NotFound);
    // An issuer of accounts may, whatever the token covers.
    let nowhere = Caller::of([]).without_permissions(&ada.id).proves(&ada.id);
    set(subject, &nowhere, &ada, FIRST).await.unwrap();
    assert_eq!(check(subject, &ada, FIRST).await, Match);
}

pub async fn own_password_scope_allows_nothing_else(subject: &Subject) {
    subject.create_with_password(&acme(), "ada", FIRST).await;
    let ada = subject.attach(&globex(), "ada", "member").await;
    let bob = subject.create_with_password(&acme(), "bob", FIRST).await;
    let scope = own(&ada);
    assert_fails!(set(subject, &scope, &bob, SECOND).await, NotFound);
    assert_fails!(verify(subject, &scope, &bob, FIRST).await, NotFound);
    assert_fails!(subject.directory.delete(&scope, &ada).await, Refused(_));
    let change =
        AccountChange { email: valid("eve@example.com"), given_name: None, family_name: None };
    assert_fails!(subject.directory.change_account(&scope, &ada, change).await, Refused(_));
    subject.assert_untouched(&ada).await;
    assert_eq!(check(subject, &bob, FIRST).await, Match);
}

pub async fn blocked_user_cannot_prove_or_set_own_password(subject: &Subject) {
    let planted = StoredAccount::named("bob").at_home_in(acme()).with_role(acme(), "member");
    let planted = planted.with_role(globex(), "member").with_password(FIRST);
    let bob = subject.insert(planted.blocked()).await;
    for tenant in [acme(), globex()] {
        let scope = Caller::of([tenant]).without_permissions(&bob.id).proves(&bob.id);
        assert_fails!(verify(subject, &scope, &bob, FIRST).await, Refused(Refusal::AccountBlocked));
        assert_fails!(set(subject, &scope, &bob, SECOND).await, Refused(Refusal::AccountBlocked));
    }
    let home = changes(&acme());
    assert_eq!(verify(subject, &home, &bob, FIRST).await.unwrap(), Match);
}

pub async fn new_password_keeps_account_blocked(subject: &Subject) {
    let planted = StoredAccount::named("bob").at_home_in(acme()).with_role(acme(), "member");
    let bob = subject.insert(planted.with_role(globex(), "member").blocked()).await;
    let home = changes(&acme());
    let after = set(subject, &home, &bob, FIRST).await.unwrap();
    assert!(after.blocked);
    assert_eq!(subject.found_in(&acme(), &bob.id).await.as_ref(), Some(&after));
    assert_eq!(subject.current(&bob.id).await, Some(after));
    assert_eq!(verify(subject, &home, &bob, FIRST).await.unwrap(), Match);
}

// Passwords belong to accounts only.

pub async fn password_survives_every_other_change(subject: &Subject) {
    let ada = subject.create_with_password(&acme(), "ada", FIRST).await;
    let directory = &subject.directory;
    let (tenant, account) = (writes(&acme()), changes(&acme()));
    let change = AccountChange {
        email: valid("countess@example.com"),
        given_name: Some(valid("Ada")),
        family_name: None,
    };
    let ada = directory.change_account(&account, &ada, change).await.unwrap().user;
    let change = MembershipChange { role: Some(role("viewer")), name: Some(valid("Ada")) };
    directory.change_membership(&tenant, &ada, change).await.unwrap();
    let named = NewMember { name: Some(valid("Eve")), ..new_member("countess", "member") };
    let ada = directory.attach_or_create(&writes(&globex()), named).await.unwrap().user;
    directory.detach(&tenant, &ada).await.unwrap();
    let ada = subject.current(&ada.id).await.unwrap();
    assert_eq!(check(subject, &ada, FIRST).await, Match);
    let ada = subject.attach(&acme(), "countess", "member").await;
    assert_eq!(check(subject, &ada, FIRST).await, Match);
}

pub async fn successor_account_does_not_inherit_password(subject: &Subject) {
    let new = NewUser {
        username: Some(valid("ada")),
        password: Some(valid(FIRST)),
        ..new_user("ada", "member")
    };
    let ada = subject.directory.create(&writes(&acme()), new.clone()).await.unwrap();
    subject.directory.delete(&changes(&acme()), &ada).await.unwrap();
    let new = NewUser { password: None, ..new };
    let again = subject.directory.create(&writes(&globex()), new).await.unwrap();
    assert_eq!(check(subject, &again, FIRST).await, Mismatch);
}

pub async fn failed_creation_keeps_existing_password(subject: &Subject) {
    let ada = subject.create_with_password(&acme(), "ada", FIRST).await;
    let eve = NewUser { password: Some(valid(SECOND)), ..new_user("ada", "member") };
    assert!(subject.directory.create(&writes(&globex()), eve).await.is_err());
    assert_eq!(check(subject, &ada, FIRST).await, Match);
    assert_eq!(check(subject, &ada, SECOND).await, Mismatch);
}
