//! Accounts: lookup and creation.

#![allow(missing_docs, reason = "the name of a case says what it tests")]

use std::time::Duration;

use std::sync::Arc;

use domain::{AccountChange, MembershipChange, NewUser, Refusal, User};
use ports::PortError::{Conflict as Conflicts, Refused, Rejected};
use ports::{Clock, Conflict, RejectedValue};

use crate::caller::{Caller, acme, globex, ranked_writes, writes};
use crate::catalogue::role;
use crate::subject::{StoredAccount, Subject, assert_fails};
use crate::values::{new_member, new_user, valid};

// Found.

pub async fn account_is_found_through_covered_tenants_only(subject: &Subject) {
    let ada = subject.create(&acme(), "ada", "member").await;
    let bob = subject.create(&globex(), "bob", "member").await;
    let find = async |caller: Caller, user: &User| {
        let found = subject.directory.find(&caller.views(), &user.id).await.unwrap();
        found.map(Arc::unwrap_or_clone)
    };
    assert_eq!(find(Caller::of([acme()]), &ada).await.as_ref(), Some(&ada));
    assert_eq!(find(Caller::of([acme()]), &bob).await, None);
    assert_eq!(find(Caller::of([globex()]), &ada).await, None);
    assert_eq!(find(Caller::of([acme(), globex()]), &ada).await, Some(ada.clone()));
    assert_eq!(find(Caller::of([acme(), globex()]), &bob).await, Some(bob.clone()));
    assert_eq!(find(Caller::of([]), &ada).await, None);
    assert_eq!(find(Caller::operator(), &ada).await, Some(ada));
    assert_eq!(find(Caller::operator(), &bob).await, Some(bob));
}

pub async fn account_is_found_where_role_may_read(subject: &Subject) {
    let ada = subject.create(&acme(), "ada", "member").await;
    let bob = subject.create(&globex(), "bob", "member").await;
    let scope = Caller::ranked([(acme(), "member"), (globex(), "viewer")]).views();
    assert_eq!(subject.directory.find(&scope, &ada.id).await.unwrap(), None);
    assert_eq!(subject.directory.find(&scope, &bob.id).await.unwrap().as_deref(), Some(&bob));
}

pub async fn unknown_id_is_not_found(subject: &Subject) {
    subject.create(&acme(), "ada", "member").await;
    let unknown = valid("auth0|000000000000000000000000");
    assert_eq!(subject.found_in(&acme(), &unknown).await, None);
    assert_eq!(subject.found_in(&globex(), &unknown).await, None);
    assert_eq!(subject.current(&unknown).await, None);
}

pub async fn unattached_account_is_found_by_operators_only(subject: &Subject) {
    let lost = subject.insert(StoredAccount::named("lost").at_home_in(acme())).await;
    assert_eq!(lost.memberships, [].into());
    assert_eq!(subject.found_in(&acme(), &lost.id).await, None);
    assert_eq!(subject.found_in(&globex(), &lost.id).await, None);
}

pub async fn directory_is_ready(subject: &Subject) {
    subject.directory.check_ready().await.unwrap();
}

// Created.

pub async fn new_account_is_attached_to_its_home_only(subject: &Subject) {
    let ada = subject.create(&acme(), "ada", "viewer").await;
    assert_eq!(ada.home, Some(acme()));
    assert_eq!(ada.memberships.keys().collect::<Vec<_>>(), [&acme()]);
    assert_eq!(ada.role_in(&acme()), Some(&role("viewer")));
    assert_eq!(ada.memberships[&acme()].name, None);
    assert_eq!(subject.found_in(&acme(), &ada.id).await.as_ref(), Some(&ada));
    assert_eq!(subject.found_in(&globex(), &ada.id).await, None);
}

pub async fn new_account_has_the_given_values(subject: &Subject) {
    let new = NewUser {
        username: Some(valid("Ada.L")),
        given_name: Some(valid("Ada")),
        family_name: Some(valid("Lovelace")),
        display_name: Some(valid("Ada Lovelace, Countess")),
        service_user: true,
        password: Some(valid("correct-horse")),
        ..new_user("Ada", "admin")
    };
    let full = subject.directory.create(&writes(&acme()), new.clone()).await.unwrap();
    assert_eq!(
        (&full.email, &full.username, &full.given_name, &full.family_name, &full.display_name),
        (&new.email, &new.username, &new.given_name, &new.family_name, &new.display_name)
    );
    assert!(full.service_user && !full.blocked);
    assert_eq!(full.last_login, None);
    assert_eq!(subject.found_in(&acme(), &full.id).await.as_ref(), Some(&full));

    let bare = subject.create(&globex(), "bare", "member").await;
    assert_eq!(
        (&bare.username, &bare.given_name, &bare.family_name, &bare.display_name),
        (&None, &None, &None, &None)
    );
    assert!(!bare.service_user && !bare.blocked);
    assert_eq!(subject.found_in(&globex(), &bare.id).await.as_ref(), Some(&bare));
    assert_ne!(full.id, bare.id);
}

pub async fn addresses_and_usernames_are_lower_case(subject: &Subject) {
    let new = NewUser { username: Some(valid("AdaL")), ..new_user("Ada.Lovelace", "member") };
    let ada = subject.directory.create(&writes(&acme()), new).await.unwrap();
    let found = subject.found_in(&acme(), &ada.id).await.unwrap();
    assert_eq!(found.email.as_str(), "ada.lovelace@example.com");
    assert_eq!(found.username.unwrap().as_str(), "adal");

    let again = new_user("ADA.lovelace", "member");
    assert_fails!(
        subject.directory.create(&writes(&globex()), again).await,
        Conflicts(Conflict::EmailTaken)
    );
    let again = NewUser { username: Some(valid("aDAl")), ..new_user("other", "member") };
    assert_fails!(
        subject.directory.create(&writes(&globex()), again).await,
        Conflicts(Conflict::UsernameTaken)
    );
}

pub async fn new_account_has_current_creation_time(subject: &Subject) {
    subject.clock.advance(Duration::from_millis(86_400_123));
    let ada = subject.create(&acme(), "ada", "member").await;
    let then = subject.clock.now();
    assert_eq!(ada.created_at, then);
    subject.clock.advance(Duration::from_mins(1));
    let bob = subject.create(&globex(), "bob", "member").await;
    assert_eq!(bob.created_at, subject.clock.now());
    assert_eq!(subject.current(&ada.id).await.unwrap().created_at, then);
}

pub async fn email_is_unique_across_tenants(subject: &Subject) {
    let ada = subject.create(&acme(), "ada", "member").await;
    for tenant in [acme(), globex()] {
        let again = NewUser { username: Some(valid("spare")), ..new_user("ada", "owner") };
        assert_fails!(
            subject.directory.create(&writes(&tenant), again).await,
            Conflicts(Conflict::EmailTaken)
        );
    }
    subject.assert_untouched(&ada).await;
    assert_eq!(subject.users_of(&globex()).await, []);
    // The username was not taken by the attempts.
    let new = NewUser { username: Some(valid("spare")), ..new_user("bob", "member") };
    subject.directory.create(&writes(&globex()), new).await.unwrap();
}

pub async fn username_is_unique_across_tenants(subject: &Subject) {
    let new = NewUser { username: Some(valid("ada")), ..new_user("ada", "member") };
    let ada = subject.directory.create(&writes(&acme()), new).await.unwrap();
    for tenant in [acme(), globex()] {
        let again = NewUser { username: Some(valid("ada")), ..new_user("other", "owner") };
        assert_fails!(
            subject.directory.create(&writes(&tenant), again).await,
            Conflicts(Conflict::UsernameTaken)
        );
    }
    subject.assert_untouched(&ada).await;
    assert_eq!(subject.users_of(&globex()).await, []);
    // The address was not taken by the attempts.
    subject.create(&globex(), "other", "member").await;
}

pub async fn weak_password_prevents_creation(subject: &Subject) {
    for tenant in [acme(), globex()] {
        let new = NewUser { password: Some(valid("short")), ..new_user("ada", "member") };
        assert_fails!(
            subject.directory.create(&writes(&tenant), new).await,
            Rejected(RejectedValue::WeakPassword)
        );
        assert_eq!(subject.users_of(&tenant).await, []);
    }
    subject.create(&globex(), "ada", "member").await;
}

pub async fn creation_above_callers_role_is_refused(subject: &Subject) {
    let scope = ranked_writes(&acme(), "admin");
    assert_fails!(
        subject.directory.create(&scope, new_user("ada", "owner")).await,
        Refused(Refusal::RoleAboveOwn)
    );
    subject.directory.create(&scope, new_user("ada", "admin")).await.unwrap();
    // A role in one tenant means nothing in another.
    let both = Caller::ranked([(acme(), "admin"), (globex(), "owner")]);
    subject.directory.create(&both.writes(&globex()), new_user("bob", "owner")).await.unwrap();
    assert_fails!(
        subject.directory.create(&both.writes(&acme()), new_user("cy", "owner")).await,
        Refused(Refusal::RoleAboveOwn)
    );
}

pub async fn read_scope_changes_nothing(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    let reader = Caller::of([acme(), globex()]);
    let (tenant, account) = (reader.reads(&acme()), reader.views());
    let directory = &subject.directory;
    let new = new_user("bob", "member");
    assert_fails!(directory.create(&tenant, new).await, Refused(Refusal::MissingPermission(_)));
    let new = new_member("bob", "member");
    assert_fails!(
        directory.attach_or_create(&tenant, new).await,
        Refused(Refusal::MissingPermission(_))
    );
    assert_fails!(
        directory.change_membership(&tenant, &ada, MembershipChange::default()).await,
        Refused(Refusal::MissingPermission(_))
    );
    assert_fails!(directory.detach(&tenant, &ada).await, Refused(Refusal::MissingPermission(_)));
    let nothing = AccountChange { email: ada.email.clone(), given_name: None, family_name: None };
    assert_fails!(
        directory.change_account(&account, &ada, nothing).await,
        Refused(Refusal::MissingPermission(_))
    );
    assert_fails!(
        directory.set_password(&account, &ada, valid("correct-horse")).await,
        Refused(Refusal::MissingPermission(_))
    );
    assert_fails!(directory.delete(&account, &ada).await, Refused(Refusal::MissingPermission(_)));
    let account = Caller::operator().views();
    assert_fails!(
        directory.move_home(&account, &ada, None).await,
        Refused(Refusal::MissingPermission(_))
    );
    assert_fails!(
        directory.set_email_verified(&account, &ada, false).await,
        Refused(Refusal::MissingPermission(_))
    );
    assert_fails!(
        directory.send_invitation(&tenant, &ada).await,
        Refused(Refusal::MissingPermission(_))
    );
    assert_fails!(directory.release_tenant(&tenant, 500).await, Refused(Refusal::OperatorsOnly));
    subject.assert_untouched(&ada).await;
    assert_eq!(subject.users_of(&acme()).await, [ada]);
}
