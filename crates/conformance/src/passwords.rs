//! Passwords: checked, set, and by whom.

#![allow(missing_docs, reason = "the name of a case says what it tests")]

use domain::{
    AccountChange, AccountScope, CurrentPassword, MembershipChange, NewMember, NewUser, Refusal,
    User,
};
use ports::PasswordVerdict::{Match, Mismatch};
use ports::PortError::{NotFound, Refused, Rejected};
use ports::{PasswordVerdict, PortResult, RejectedValue};

use crate::caller::{Caller, acme, changes, globex, ranked_changes, writes};
use crate::catalogue::role;
use crate::subject::{Planted, Subject, assert_fails, newcomer, recruit, valid};

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

/// What a check by the user finds.
async fn check(subject: &Subject, user: &User, offered: &str) -> PasswordVerdict {
    verify(subject, &own(user), user, offered).await.unwrap()
}

/// The scope of a user who changes the own password, by one tenant's token.
fn own(user: &User) -> AccountScope {
    let tenants = user.memberships.keys().next().cloned();
    Caller::of([tenants.unwrap()]).merely(&user.id).proves(&user.id)
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

pub async fn only_the_accounts_own_password_matches(subject: &Subject) {
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

pub async fn what_cannot_be_a_password_is_merely_a_wrong_one(subject: &Subject) {
    let ada = subject.create_with_password(&acme(), "ada", FIRST).await;
    let bare = subject.create(&globex(), "bare", "member").await;
    for offered in ["", " ", "\0", "päßwörter", &"x".repeat(73), &"x".repeat(5000)] {
        assert_eq!(check(subject, &ada, offered).await, Mismatch);
        assert_eq!(check(subject, &bare, offered).await, Mismatch);
    }
}

pub async fn no_password_matches_where_there_is_none(subject: &Subject) {
    let created = subject.create(&acme(), "ada", "member").await;
    let scope = writes(&globex());
    let enlisted =
        subject.directory.attach_or_create(&scope, recruit("bob", "member")).await.unwrap().user;
    for user in [created, enlisted] {
        assert_eq!(check(subject, &user, FIRST).await, Mismatch);
        assert_eq!(check(subject, &user, "").await, Mismatch);
        // Until one is set.
        let home = changes(user.home.as_ref().unwrap());
        let user = set(subject, &home, &user, FIRST).await.unwrap();
        assert_eq!(check(subject, &user, FIRST).await, Match);
    }
}

pub async fn a_password_is_checked_as_the_scope_admits(subject: &Subject) {
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

pub async fn a_planted_password_matches(subject: &Subject) {
    let planted = Planted::named("ada").at_home_in(acme()).with_role(globex(), "member");
    let ada = subject.plant(planted.with_password(FIRST)).await;
    assert_eq!(check(subject, &ada, FIRST).await, Match);
    assert_eq!(check(subject, &ada, SECOND).await, Mismatch);
}

// Set.

pub async fn a_new_password_takes_the_place_of_the_old_one(subject: &Subject) {
    let ada = subject.create_with_password(&acme(), "ada", FIRST).await;
    let bob = subject.create_with_password(&globex(), "bob", FIRST).await;
    let after = set(subject, &changes(&acme()), &ada, SECOND).await.unwrap();
    assert_eq!(User { updated_at: ada.updated_at, ..after.clone() }, ada);
    assert_eq!(subject.now(&ada.id).await, Some(after));
    assert_eq!(check(subject, &ada, SECOND).await, Match);
    assert_eq!(check(subject, &ada, FIRST).await, Mismatch);
    // Nobody else's is touched.
    assert_eq!(check(subject, &bob, FIRST).await, Match);
    assert_eq!(check(subject, &bob, SECOND).await, Mismatch);
}

pub async fn a_weak_password_is_not_taken_and_the_old_one_stays(subject: &Subject) {
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

pub async fn only_callers_of_the_home_tenant_set_a_password(subject: &Subject) {
    subject.create_with_password(&acme(), "ada", FIRST).await;
    let ada = subject.attach(&globex(), "ada", "member").await;
    // Not even the strength of the password is told to others.
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

pub async fn a_strangers_password_cannot_be_set(subject: &Subject) {
    let ada = subject.create_with_password(&acme(), "ada", FIRST).await;
    for password in [SECOND, "short"] {
        assert_fails!(set(subject, &changes(&globex()), &ada, password).await, NotFound);
    }
    let home = changes(&acme());
    let unknown = User { id: valid("auth0|000000000000000000000000"), ..ada.clone() };
    assert_fails!(set(subject, &home, &unknown, SECOND).await, NotFound);
    // A home that let go of the account is a stranger, too.
    let ada = subject.attach(&globex(), "ada", "member").await;
    subject.directory.detach(&writes(&acme()), &ada).await.unwrap();
    let ada = subject.now(&ada.id).await.unwrap();
    assert_fails!(set(subject, &home, &ada, SECOND).await, NotFound);
    assert_eq!(check(subject, &ada, FIRST).await, Match);
}

pub async fn the_password_of_an_account_without_a_home_is_for_operators_to_set(subject: &Subject) {
    let planted = Planted::named("cy").with_role(acme(), "member").with_role(globex(), "member");
    let cy = subject.plant(planted.with_password(FIRST)).await;
    for tenant in [acme(), globex()] {
        assert_fails!(
            set(subject, &changes(&tenant), &cy, SECOND).await,
            Refused(Refusal::ManagedByAnotherTenant)
        );
    }
    set(subject, &Caller::operator().changes(), &cy, SECOND).await.unwrap();
    assert_eq!(check(subject, &cy, SECOND).await, Match);
}

pub async fn the_password_of_the_holder_of_a_higher_role_is_out_of_reach(subject: &Subject) {
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

pub async fn users_set_their_own_password_in_any_of_their_tenants(subject: &Subject) {
    subject.create_with_password(&acme(), "ada", FIRST).await;
    let ada = subject.attach(&globex(), "ada", "member").await;
    // By the token of a tenant that has no authority over the account, without any permission,
    // and in a role that may nothing.
    let by_token = Caller::of([globex()]).merely(&ada.id).proves(&ada.id);
    let by_role = Caller::ranked([(globex(), "member")]).merely(&ada.id).proves(&ada.id);
    for (scope, old, new) in [(by_token, FIRST, SECOND), (by_role, SECOND, FIRST)] {
        assert_eq!(verify(subject, &scope, &ada, old).await.unwrap(), Match);
        set(subject, &scope, &ada, new).await.unwrap();
        assert_eq!(verify(subject, &scope, &ada, new).await.unwrap(), Match);
    }
}

pub async fn ones_own_password_is_out_of_reach_from_a_tenant_one_is_not_in(subject: &Subject) {
    let ada = subject.create_with_password(&acme(), "ada", FIRST).await;
    let scope = Caller::of([globex()]).merely(&ada.id).proves(&ada.id);
    assert_fails!(verify(subject, &scope, &ada, FIRST).await, NotFound);
    assert_fails!(set(subject, &scope, &ada, SECOND).await, NotFound);
    assert_eq!(check(subject, &ada, FIRST).await, Match);
}

pub async fn the_scope_of_the_own_password_opens_nothing_else(subject: &Subject) {
    subject.create_with_password(&acme(), "ada", FIRST).await;
    let ada = subject.attach(&globex(), "ada", "member").await;
    let bob = subject.create_with_password(&acme(), "bob", FIRST).await;
    let scope = own(&ada);
    assert_fails!(set(subject, &scope, &bob, SECOND).await, Refused(_));
    assert_fails!(verify(subject, &scope, &bob, FIRST).await, Refused(_));
    assert_fails!(subject.directory.delete(&scope, &ada).await, Refused(_));
    let change =
        AccountChange { email: valid("eve@example.com"), given_name: None, family_name: None };
    assert_fails!(subject.directory.change_account(&scope, &ada, change).await, Refused(_));
    subject.assert_untouched(&ada).await;
    assert_eq!(check(subject, &bob, FIRST).await, Match);
}

pub async fn blocked_users_neither_prove_nor_set_their_own_password(subject: &Subject) {
    let planted = Planted::named("bob").at_home_in(acme()).with_role(acme(), "member");
    let planted = planted.with_role(globex(), "member").with_password(FIRST);
    let bob = subject.plant(planted.blocked()).await;
    for tenant in [acme(), globex()] {
        let scope = Caller::of([tenant]).merely(&bob.id).proves(&bob.id);
        assert_fails!(verify(subject, &scope, &bob, FIRST).await, Refused(Refusal::AccountBlocked));
        assert_fails!(set(subject, &scope, &bob, SECOND).await, Refused(Refusal::AccountBlocked));
    }
    let home = changes(&acme());
    assert_eq!(verify(subject, &home, &bob, FIRST).await.unwrap(), Match);
}

pub async fn a_blocked_account_with_a_new_password_stays_blocked(subject: &Subject) {
    let planted = Planted::named("bob").at_home_in(acme()).with_role(acme(), "member");
    let bob = subject.plant(planted.with_role(globex(), "member").blocked()).await;
    let home = changes(&acme());
    let after = set(subject, &home, &bob, FIRST).await.unwrap();
    assert!(after.blocked);
    assert_eq!(subject.found_in(&globex(), &bob.id).await, Some(after));
    assert_eq!(verify(subject, &home, &bob, FIRST).await.unwrap(), Match);
}

// Passwords belong to accounts, and to nothing else.

pub async fn a_password_outlives_every_other_change(subject: &Subject) {
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
    let named = NewMember { name: Some(valid("Eve")), ..recruit("countess", "member") };
    let ada = directory.attach_or_create(&writes(&globex()), named).await.unwrap().user;
    directory.detach(&tenant, &ada).await.unwrap();
    let ada = subject.now(&ada.id).await.unwrap();
    assert_eq!(check(subject, &ada, FIRST).await, Match);
    let ada = subject.attach(&acme(), "countess", "member").await;
    assert_eq!(check(subject, &ada, FIRST).await, Match);
}

pub async fn a_deleted_accounts_password_is_not_that_of_its_successor(subject: &Subject) {
    let new = NewUser {
        username: Some(valid("ada")),
        password: Some(valid(FIRST)),
        ..newcomer("ada", "member")
    };
    let ada = subject.directory.create(&writes(&acme()), new.clone()).await.unwrap();
    subject.directory.delete(&changes(&acme()), &ada).await.unwrap();
    let new = NewUser { password: None, ..new };
    let again = subject.directory.create(&writes(&globex()), new).await.unwrap();
    assert_eq!(check(subject, &again, FIRST).await, Mismatch);
}

pub async fn a_failed_creation_leaves_the_other_accounts_password_alone(subject: &Subject) {
    let ada = subject.create_with_password(&acme(), "ada", FIRST).await;
    let eve = NewUser { password: Some(valid(SECOND)), ..newcomer("ada", "member") };
    assert!(subject.directory.create(&writes(&globex()), eve).await.is_err());
    assert_eq!(check(subject, &ada, FIRST).await, Match);
    assert_eq!(check(subject, &ada, SECOND).await, Mismatch);
}
