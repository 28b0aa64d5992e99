//! For directories that read and write in one step: what the caller saw before does not matter.
//!
//! A directory that cannot do so may rely on what the caller saw, and does not run these.

#![allow(missing_docs, reason = "the name of a case says what it tests")]

use domain::{AccountChange, MembershipChange, Refusal, User};
use ports::PortError::{NotFound, Refused};

use crate::caller::{acme, changes, globex, ranked_changes, ranked_writes, writes};
use crate::catalogue::role;
use crate::subject::{Subject, assert_fails, valid};

fn to_role(name: &str) -> MembershipChange {
    MembershipChange { role: Some(role(name)), name: None }
}

fn to_given_name(user: &User, name: &str) -> AccountChange {
    AccountChange {
        email: user.email.clone(),
        given_name: Some(valid(name)),
        family_name: user.family_name.clone(),
    }
}

pub async fn who_rose_since_the_caller_looked_is_out_of_reach(subject: &Subject) {
    subject.create(&acme(), "spare", "owner").await;
    let seen = subject.share(&acme(), &globex(), "ada").await;
    let directory = &subject.directory;
    let risen = directory.change_membership(&writes(&acme()), &seen, to_role("owner")).await;
    let risen = risen.unwrap();

    let (tenant, account) = (ranked_writes(&acme(), "admin"), ranked_changes(&acme(), "admin"));
    assert_fails!(
        directory.change_membership(&tenant, &seen, to_role("viewer")).await,
        Refused(Refusal::RoleAboveOwn)
    );
    assert_fails!(directory.detach(&tenant, &seen).await, Refused(Refusal::RoleAboveOwn));
    assert_fails!(
        directory.change_account(&account, &seen, to_given_name(&seen, "Eve")).await,
        Refused(Refusal::RoleAboveOwn)
    );
    assert_fails!(
        directory.set_password(&account, &seen, valid("correct-horse")).await,
        Refused(Refusal::RoleAboveOwn)
    );
    assert_fails!(directory.delete(&account, &seen).await, Refused(Refusal::RoleAboveOwn));
    subject.assert_untouched(&risen).await;
}

pub async fn who_was_detached_since_the_caller_looked_is_not_found(subject: &Subject) {
    let seen = subject.share(&acme(), &globex(), "ada").await;
    let directory = &subject.directory;
    directory.detach(&writes(&acme()), &seen).await.unwrap();
    let kept = subject.now(&seen.id).await.unwrap();

    let (tenant, account) = (writes(&acme()), changes(&acme()));
    assert_fails!(directory.detach(&tenant, &seen).await, NotFound);
    assert_fails!(directory.change_membership(&tenant, &seen, to_role("owner")).await, NotFound);
    assert_fails!(
        directory.change_account(&account, &seen, to_given_name(&seen, "Eve")).await,
        NotFound
    );
    assert_fails!(directory.set_password(&account, &seen, valid("correct-horse")).await, NotFound);
    assert_fails!(directory.delete(&account, &seen).await, NotFound);
    subject.assert_untouched(&kept).await;
}

pub async fn who_was_deleted_since_the_caller_looked_is_not_found(subject: &Subject) {
    let seen = subject.share(&acme(), &globex(), "ada").await;
    let directory = &subject.directory;
    directory.delete(&changes(&acme()), &seen).await.unwrap();
    let (tenant, account) = (writes(&globex()), changes(&acme()));
    assert_fails!(directory.detach(&tenant, &seen).await, NotFound);
    assert_fails!(directory.change_membership(&tenant, &seen, to_role("owner")).await, NotFound);
    assert_fails!(directory.set_password(&account, &seen, valid("correct-horse")).await, NotFound);
    assert_fails!(directory.delete(&account, &seen).await, NotFound);
    assert_eq!(subject.now(&seen.id).await, None);
}

pub async fn a_change_leaves_what_changed_since_the_caller_looked(subject: &Subject) {
    let seen = subject.share(&acme(), &globex(), "ada").await;
    let directory = &subject.directory;
    directory.change_membership(&writes(&globex()), &seen, to_role("admin")).await.unwrap();
    let change = to_given_name(&seen, "Ada");
    directory.change_account(&changes(&acme()), &seen, change).await.unwrap();
    directory.change_membership(&writes(&acme()), &seen, to_role("viewer")).await.unwrap();
    let now = subject.now(&seen.id).await.unwrap();
    assert_eq!(now.role_in(&globex()), Some(&role("admin")));
    assert_eq!(now.role_in(&acme()), Some(&role("viewer")));
    assert_eq!(now.given_name_or_empty(), "Ada");
}

pub async fn only_the_id_of_what_the_caller_saw_matters(subject: &Subject) {
    let ada = subject.create(&acme(), "ada", "member").await;
    // Somebody claims to have seen ada among globex's people, and at home there.
    let forged = User {
        home: Some(globex()),
        memberships: [(globex(), ada.memberships[&acme()].clone())].into(),
        ..ada.clone()
    };
    let directory = &subject.directory;
    let (tenant, account) = (writes(&globex()), changes(&globex()));
    assert_fails!(directory.detach(&tenant, &forged).await, NotFound);
    assert_fails!(directory.change_membership(&tenant, &forged, to_role("owner")).await, NotFound);
    assert_fails!(
        directory.change_account(&account, &forged, to_given_name(&ada, "Eve")).await,
        NotFound
    );
    assert_fails!(
        directory.set_password(&account, &forged, valid("correct-horse")).await,
        NotFound
    );
    assert_fails!(directory.delete(&account, &forged).await, NotFound);
    subject.assert_untouched(&ada).await;
}
