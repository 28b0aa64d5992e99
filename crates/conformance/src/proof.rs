//! Whether the memberships of foreign accounts have force, and what changes that.

#![allow(missing_docs, reason = "the name of a case says what it tests")]

use std::time::Duration;

use domain::Standing::{Active, Pending};
use domain::{AccountChange, MembershipChange, NewMember, NewUser, Refusal, User};
use ports::PortError::{Conflict as Conflicts, Refused};
use ports::{Clock, Conflict};

use crate::caller::{Caller, acme, changes, globex, operates, ranked_writes, writes};
use crate::catalogue::role;
use crate::subject::{StoreEvent, StoredAccount, Subject, assert_fails};
use crate::values::{address, new_member, new_user, valid};

const PASSWORD: &str = "correct-horse";

/// Asserts the standing at home, in acme, which is always active, and in globex.
async fn assert_standing(subject: &Subject, user: &User, in_globex: domain::Standing) {
    assert_eq!(subject.standing(&acme(), user).await, Some(Active));
    assert_eq!(subject.standing(&globex(), user).await, Some(in_globex));
}

fn to_address(user: &User, name: &str) -> AccountChange {
    AccountChange {
        email: valid(&address(name)),
        given_name: user.given_name.clone(),
        family_name: user.family_name.clone(),
    }
}

// Attached.

pub async fn unverified_account_is_attached_pending(subject: &Subject) {
    subject.create(&acme(), "ada", "owner").await;
    let ada = subject.attach_unproven(&globex(), "ada", "owner").await;
    assert_standing(subject, &ada, Pending).await;
    assert_eq!(ada.role_in(&globex()), Some(&role("owner")));
    subject.store.happen(&ada.id, StoreEvent::EmailVerified).await;
    assert_standing(subject, &ada, Active).await;
}

pub async fn verified_account_is_attached_active(subject: &Subject) {
    let ada = subject.create(&acme(), "ada", "member").await;
    subject.store.happen(&ada.id, StoreEvent::EmailVerified).await;
    let ada = subject.attach_unproven(&globex(), "ada", "member").await;
    assert_standing(subject, &ada, Active).await;
}

pub async fn account_without_home_is_attached_pending(subject: &Subject) {
    // A stored membership without the record of how it came about needs no verified address.
    let cy = subject.insert(StoredAccount::named("cy").with_role(acme(), "member")).await;
    let attached = subject.attach_unproven(&globex(), "cy", "member").await;
    assert_eq!(attached.id, cy.id);
    assert_standing(subject, &cy, Pending).await;
}

pub async fn attaching_pending_account_again_confirms_it(subject: &Subject) {
    subject.create(&acme(), "ada", "member").await;
    let named = NewMember { name: Some(valid("Eve")), ..new_member("ada", "viewer") };
    let first = subject.directory.attach_or_create(&writes(&globex()), named).await.unwrap().user;
    let attachment = |user: &User| user.memberships[&globex()].attachment.clone().unwrap();

    subject.clock.advance(Duration::from_mins(5));
    let second = subject.attach_unproven(&globex(), "ada", "member").await;
    assert_eq!(attachment(&second).since, subject.clock.now());
    assert_ne!(attachment(&second).id, attachment(&first).id);
    assert_eq!(second.role_in(&globex()), Some(&role("member")));
    // The name stays unless another is given.
    assert_eq!(second.name_in(&globex()), Some(&valid("Eve")));
    let renamed = NewMember { name: Some(valid("Ada")), ..new_member("ada", "member") };
    let third = subject.directory.attach_or_create(&writes(&globex()), renamed).await.unwrap().user;
    assert_eq!(third.name_in(&globex()), Some(&valid("Ada")));
    assert_eq!(subject.found_in(&acme(), &third.id).await.unwrap().display_name, None);

    // Under its new address.
    let change = to_address(&third, "countess");
    let moved = subject.directory.change_account(&operates(), &third, change).await.unwrap().user;
    let moved = subject.vouch(&moved).await;
    assert_standing(subject, &moved, Pending).await;
    let confirmed = subject.attach_unproven(&globex(), "countess", "member").await;
    assert_eq!(attachment(&confirmed).email, moved.email);
    assert_standing(subject, &confirmed, Active).await;
    assert_fails!(
        subject
            .directory
            .attach_or_create(&writes(&globex()), new_member("countess", "member"))
            .await,
        Conflicts(Conflict::AlreadyAttached)
    );
}

pub async fn confirming_does_not_lift_the_role_ceiling(subject: &Subject) {
    subject.create(&acme(), "ada", "member").await;
    let ada = subject.attach_unproven(&globex(), "ada", "owner").await;
    let admin = ranked_writes(&globex(), "admin");
    let directory = &subject.directory;
    for held in ["owner", "admin"] {
        let confirmed = directory.attach_or_create(&admin, new_member("ada", held)).await;
        if held == "owner" {
            assert_fails!(confirmed, Refused(Refusal::RoleAboveOwn));
            subject.assert_untouched(&ada).await;
        } else {
            // The role of a pending membership is not above anybody's.
            assert_eq!(confirmed.unwrap().user.role_in(&globex()), Some(&role("admin")));
        }
    }
}

pub async fn pending_role_is_not_above_the_callers(subject: &Subject) {
    subject.create(&globex(), "spare", "owner").await;
    subject.create(&acme(), "ada", "member").await;
    let ada = subject.attach_unproven(&globex(), "ada", "owner").await;
    let admin = ranked_writes(&globex(), "admin");
    let directory = &subject.directory;
    let rename = MembershipChange { role: None, name: Some(valid("Eve")) };
    let ada = directory.change_membership(&admin, &ada, rename.clone()).await.unwrap();
    let raise = MembershipChange { role: Some(role("owner")), name: None };
    assert_fails!(
        directory.change_membership(&admin, &ada, raise).await,
        Refused(Refusal::RoleAboveOwn)
    );
    let ada = subject.vouch(&ada).await;
    assert_fails!(
        directory.change_membership(&admin, &ada, rename).await,
        Refused(Refusal::RoleAboveOwn)
    );
    assert_fails!(directory.detach(&admin, &ada).await, Refused(Refusal::RoleAboveOwn));
    subject.assert_untouched(&ada).await;
}

// Credential stamps.

pub async fn password_given_at_creation_leaves_foreign_membership_pending(subject: &Subject) {
    let ada = subject.create_with_password(&acme(), "ada", PASSWORD).await;
    subject.store.happen(&ada.id, StoreEvent::EmailVerified).await;
    let ada = subject.attach_unproven(&globex(), "ada", "owner").await;
    assert_standing(subject, &ada, Pending).await;
    // An operator's leaves none.
    let password = Some(valid(PASSWORD));
    let new = NewUser { password, ..new_user("bob", "member") };
    let scope = Caller::operator().writes(&acme());
    let bob = subject.directory.create(&scope, new).await.unwrap();
    subject.store.happen(&bob.id, StoreEvent::EmailVerified).await;
    let bob = subject.attach_unproven(&globex(), "bob", "owner").await;
    assert_standing(subject, &bob, Active).await;
}

pub async fn password_set_by_home_makes_foreign_membership_pending(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    assert_standing(subject, &ada, Active).await;
    let set = subject.directory.set_password(&changes(&acme()), &ada, valid(PASSWORD)).await;
    let set = set.unwrap();
    // By the same write: the answer has it already.
    assert!(set.credentials.open_stamp().is_some());
    assert_eq!(set.credentials.stamp.as_ref().unwrap().by, Some(acme()));
    assert_standing(subject, &ada, Pending).await;
    let legacy = StoredAccount::named("cy").at_home_in(acme()).with_role(acme(), "member");
    let cy = subject.insert(legacy.with_role(globex(), "owner")).await;
    assert_standing(subject, &cy, Active).await;
    subject.directory.set_password(&changes(&acme()), &cy, valid(PASSWORD)).await.unwrap();
    assert_standing(subject, &cy, Pending).await;
}

pub async fn address_set_by_home_makes_foreign_membership_pending(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    let directory = &subject.directory;
    let scope = changes(&acme());
    // The same address leaves no stamp, and neither do names.
    let names = AccountChange { given_name: Some(valid("Ada")), ..to_address(&ada, "ada") };
    let ada = directory.change_account(&scope, &ada, names).await.unwrap().user;
    assert_standing(subject, &ada, Active).await;
    let moved = directory.change_account(&scope, &ada, to_address(&ada, "eve")).await.unwrap().user;
    assert!(moved.credentials.open_stamp().is_some());
    assert_standing(subject, &ada, Pending).await;
    // Back at the old address, the membership stays pending: the home could have read its mail.
    let back =
        directory.change_account(&scope, &moved, to_address(&ada, "ada")).await.unwrap().user;
    subject.store.happen(&back.id, StoreEvent::EmailVerified).await;
    assert_standing(subject, &back, Pending).await;
}

pub async fn refused_change_leaves_no_stamp(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    subject.create(&globex(), "bob", "member").await;
    let directory = &subject.directory;
    let (home, foreign) = (changes(&acme()), changes(&globex()));
    assert!(directory.set_password(&foreign, &ada, valid(PASSWORD)).await.is_err());
    assert!(directory.set_password(&home, &ada, valid("short")).await.is_err());
    assert!(directory.change_account(&foreign, &ada, to_address(&ada, "eve")).await.is_err());
    assert!(directory.change_account(&home, &ada, to_address(&ada, "bob")).await.is_err());
    let names = AccountChange { given_name: Some(valid("Ada")), ..to_address(&ada, "bob") };
    directory.change_account(&home, &ada, names).await.unwrap();
    assert_standing(subject, &ada, Active).await;
}

pub async fn operators_password_closes_the_stamp(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    let directory = &subject.directory;
    directory.set_password(&operates(), &ada, valid(PASSWORD)).await.unwrap();
    assert_standing(subject, &ada, Active).await;
    directory.set_password(&changes(&acme()), &ada, valid(PASSWORD)).await.unwrap();
    assert_standing(subject, &ada, Pending).await;
    let set = directory.set_password(&operates(), &ada, valid("battery-staple")).await.unwrap();
    assert_eq!(set.credentials.stamp, None);
    assert_standing(subject, &ada, Active).await;
}

pub async fn own_password_renews_open_stamp_and_opens_none(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    let directory = &subject.directory;
    let own = Caller::of([globex()]).without_permissions(&ada.id).proves(&ada.id);
    let set = directory.set_password(&own, &ada, valid(PASSWORD)).await.unwrap();
    assert_eq!(set.credentials.stamp, None);
    assert_standing(subject, &ada, Active).await;

    directory.set_password(&changes(&acme()), &ada, valid("battery-staple")).await.unwrap();
    subject.clock.advance(Duration::from_mins(5));
    let set = directory.set_password(&own, &ada, valid(PASSWORD)).await.unwrap();
    let stamp = set.credentials.open_stamp().expect("the stamp is open");
    assert_eq!((stamp.at, &stamp.by), (subject.clock.now(), &Some(acme())));
    assert_standing(subject, &ada, Pending).await;
}

pub async fn password_reset_by_mail_closes_the_stamp(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    let home = changes(&acme());
    subject.directory.set_password(&home, &ada, valid(PASSWORD)).await.unwrap();
    // A reset within a minute may be the home's own write, by another clock.
    subject.clock.advance(Duration::from_secs(50));
    subject.store.happen(&ada.id, StoreEvent::PasswordReset).await;
    assert_standing(subject, &ada, Pending).await;
    subject.clock.advance(Duration::from_secs(20));
    subject.store.happen(&ada.id, StoreEvent::PasswordReset).await;
    assert_standing(subject, &ada, Active).await;
    // The next password by the home opens it again.
    subject.directory.set_password(&home, &ada, valid("battery-staple")).await.unwrap();
    assert_standing(subject, &ada, Pending).await;
}

// Proof by operators.

pub async fn operator_vouches_and_withdraws(subject: &Subject) {
    subject.create_with_password(&acme(), "ada", PASSWORD).await;
    let ada = subject.attach_unproven(&globex(), "ada", "owner").await;
    assert_standing(subject, &ada, Pending).await;
    let vouched = subject.vouch(&ada).await;
    assert!(vouched.credentials.email_verified);
    assert_eq!(vouched.credentials.stamp, None);
    assert_standing(subject, &ada, Active).await;
    // Withdrawing is not held by the last owner that the tenant then loses.
    let withdrawn = subject.directory.set_email_verified(&operates(), &ada, false).await.unwrap();
    assert!(!withdrawn.credentials.email_verified);
    assert_standing(subject, &ada, Pending).await;
}

pub async fn only_operators_vouch(subject: &Subject) {
    subject.create(&acme(), "ada", "member").await;
    let ada = subject.attach_unproven(&globex(), "ada", "member").await;
    let directory = &subject.directory;
    for verified in [true, false] {
        let by_home = directory.set_email_verified(&changes(&acme()), &ada, verified).await;
        assert_fails!(by_home, Refused(Refusal::OperatorsOnly));
        let by_other = directory.set_email_verified(&changes(&globex()), &ada, verified).await;
        assert_fails!(by_other, Refused(Refusal::ManagedByAnotherTenant));
        let own = Caller::of([acme()]).without_permissions(&ada.id).proves(&ada.id);
        assert_fails!(directory.set_email_verified(&own, &ada, verified).await, Refused(_));
    }
    subject.assert_untouched(&ada).await;
}
