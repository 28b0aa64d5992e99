//! For directories that read and write in one step: the caller's snapshot does not matter.
//!
//! A directory that cannot do so may rely on the snapshot, and does not run these cases.

#![allow(missing_docs, reason = "the name of a case says what it tests")]

use domain::{AccountChange, MembershipChange, Refusal, User};
use ports::PortError::{NotFound, Refused};

use crate::caller::{acme, changes, globex, ranked_changes, ranked_writes, writes};
use crate::catalogue::role;
use crate::subject::{Subject, assert_fails};
use crate::values::valid;

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

pub async fn user_promoted_after_read_cannot_be_changed(subject: &Subject) {
    subject.create(&acme(), "spare", "owner").await;
    let snapshot = subject.create_shared(&acme(), &globex(), "ada").await;
    let directory = &subject.directory;
    let promoted = directory.change_membership(&writes(&acme()), &snapshot, to_role("owner")).await;
    let promoted = promoted.unwrap();

    let (tenant, account) = (ranked_writes(&acme(), "admin"), ranked_changes(&acme(), "admin"));
    assert_fails!(
        directory.change_membership(&tenant, &snapshot, to_role("viewer")).await,
        Refused(Refusal::RoleAboveOwn)
    );
    assert_fails!(directory.detach(&tenant, &snapshot).await, Refused(Refusal::RoleAboveOwn));
    assert_fails!(
        directory.change_account(&account, &snapshot, to_given_name(&snapshot, "Eve")).await,
        Refused(Refusal::RoleAboveOwn)
    );
    assert_fails!(
        directory.set_password(&account, &snapshot, valid("correct-horse")).await,
        Refused(Refusal::RoleAboveOwn)
    );
    assert_fails!(directory.delete(&account, &snapshot).await, Refused(Refusal::RoleAboveOwn));
    subject.assert_untouched(&promoted).await;
}

pub async fn user_detached_after_read_is_not_found(subject: &Subject) {
    let snapshot = subject.create_shared(&acme(), &globex(), "ada").await;
    let directory = &subject.directory;
    directory.detach(&writes(&acme()), &snapshot).await.unwrap();
    let kept = subject.current(&snapshot.id).await.unwrap();

    let (tenant, account) = (writes(&acme()), changes(&acme()));
    assert_fails!(directory.detach(&tenant, &snapshot).await, NotFound);
    assert_fails!(
        directory.change_membership(&tenant, &snapshot, to_role("owner")).await,
        NotFound
    );
    assert_fails!(
        directory.change_account(&account, &snapshot, to_given_name(&snapshot, "Eve")).await,
        NotFound
    );
    assert_fails!(
        directory.set_password(&account, &snapshot, valid("correct-horse")).await,
        NotFound
    );
    assert_fails!(directory.delete(&account, &snapshot).await, NotFound);
    subject.assert_untouched(&kept).await;
}

pub async fn user_deleted_after_read_is_not_found(subject: &Subject) {
    let snapshot = subject.create_shared(&acme(), &globex(), "ada").await;
    let directory = &subject.directory;
    directory.delete(&changes(&acme()), &snapshot).await.unwrap();
    let (tenant, account) = (writes(&globex()), changes(&acme()));
    assert_fails!(directory.detach(&tenant, &snapshot).await, NotFound);
    assert_fails!(
        directory.change_membership(&tenant, &snapshot, to_role("owner")).await,
        NotFound
    );
    assert_fails!(
        directory.set_password(&account, &snapshot, valid("correct-horse")).await,
        NotFound
    );
    assert_fails!(directory.delete(&account, &snapshot).await, NotFound);
    assert_eq!(subject.current(&snapshot.id).await, None);
}

pub async fn change_keeps_concurrent_changes_to_other_fields(subject: &Subject) {
    let snapshot = subject.create_shared(&acme(), &globex(), "ada").await;
    let directory = &subject.directory;
    directory.change_membership(&writes(&globex()), &snapshot, to_role("admin")).await.unwrap();
    let change = to_given_name(&snapshot, "Ada");
    directory.change_account(&changes(&acme()), &snapshot, change).await.unwrap();
    directory.change_membership(&writes(&acme()), &snapshot, to_role("viewer")).await.unwrap();
    let now = subject.current(&snapshot.id).await.unwrap();
    assert_eq!(now.role_in(&globex()), Some(&role("admin")));
    assert_eq!(now.role_in(&acme()), Some(&role("viewer")));
    assert_eq!(now.given_name_or_empty(), "Ada");
}

pub async fn only_snapshot_id_is_used(subject: &Subject) {
    let ada = subject.create(&acme(), "ada", "member").await;
    // A forged snapshot claims that ada is a member of globex, and at home there.
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
