//! Memberships: changes and detachment.

#![allow(missing_docs, reason = "the name of a case says what it tests")]

use domain::{MembershipChange, NewMember, Refusal, TenantId, User};
use ports::PortError::{NotFound, Refused};

use crate::caller::{acme, globex, ranked_writes, writes};
use crate::catalogue::role;
use crate::subject::{Subject, assert_fails};
use crate::values::{new_member, valid};

fn to_role(name: &str) -> MembershipChange {
    MembershipChange { role: Some(role(name)), name: None }
}

fn to_name(name: &str) -> MembershipChange {
    MembershipChange { role: None, name: Some(valid(name)) }
}

fn named_member(name: &str, display_name: &str) -> NewMember {
    NewMember { name: Some(valid(display_name)), ..new_member(name, "member") }
}

fn shown(user: &User, tenant: &TenantId) -> Option<String> {
    user.name_in(tenant).map(|name| name.as_str().to_owned())
}

// Changed.

pub async fn role_change_affects_one_tenant_only(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    for tenant in [acme(), globex()] {
        let before = subject.current(&ada.id).await.unwrap();
        let scope = writes(&tenant);
        let changed =
            subject.directory.change_membership(&scope, &before, to_role("viewer")).await.unwrap();
        let mut expected = User { updated_at: changed.updated_at, ..before };
        expected.memberships.get_mut(&tenant).unwrap().role = role("viewer");
        assert_eq!(changed, expected);
        assert_eq!(subject.found_in(&tenant, &ada.id).await, Some(changed));
    }
}

pub async fn home_tenant_renames_the_account(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    let scope = writes(&acme());
    let ada = subject.directory.change_membership(&scope, &ada, to_name("Ada")).await.unwrap();
    assert_eq!(ada.display_name, Some(valid("Ada")));
    assert_eq!(ada.role_in(&acme()), Some(&role("member")), "the role stays");
    let found = subject.found_in(&globex(), &ada.id).await.unwrap();
    assert_eq!(shown(&found, &globex()), Some("Ada".to_owned()));
    assert_eq!(found, ada);
}

pub async fn foreign_tenant_renames_its_membership_only(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    let scope = writes(&acme());
    let ada = subject.directory.change_membership(&scope, &ada, to_name("Ada")).await.unwrap();
    let scope = writes(&globex());
    let renamed = subject.directory.change_membership(&scope, &ada, to_name("Eve")).await.unwrap();
    assert_eq!(shown(&renamed, &globex()), Some("Eve".to_owned()));
    let found = subject.found_in(&acme(), &ada.id).await.unwrap();
    assert_eq!(shown(&found, &acme()), Some("Ada".to_owned()));
    assert_eq!(found.display_name, ada.display_name);
    assert_eq!(subject.found_in(&globex(), &ada.id).await, Some(renamed.clone()));
    // The membership's own name survives a change of the role and of the account's name.
    let changed =
        subject.directory.change_membership(&scope, &renamed, to_role("viewer")).await.unwrap();
    assert_eq!(shown(&changed, &globex()), Some("Eve".to_owned()));
    let scope = writes(&acme());
    let ada = subject.directory.change_membership(&scope, &changed, to_name("A")).await.unwrap();
    assert_eq!(shown(&ada, &globex()), Some("Eve".to_owned()));
}

pub async fn absent_membership_fields_stay(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    for tenant in [acme(), globex()] {
        let nothing = MembershipChange::default();
        let scope = writes(&tenant);
        let after = subject.directory.change_membership(&scope, &ada, nothing).await.unwrap();
        assert_eq!(User { updated_at: ada.updated_at, ..after }, ada);
    }
}

pub async fn membership_of_another_tenant_is_not_found(subject: &Subject) {
    let ada = subject.create(&acme(), "ada", "member").await;
    let scope = writes(&globex());
    let directory = &subject.directory;
    for change in [to_role("owner"), to_name("Eve"), MembershipChange::default()] {
        assert_fails!(directory.change_membership(&scope, &ada, change).await, NotFound);
    }
    assert_fails!(directory.detach(&scope, &ada).await, NotFound);
    let unknown = User { id: valid("auth0|000000000000000000000000"), ..ada.clone() };
    let scope = writes(&acme());
    assert_fails!(directory.change_membership(&scope, &unknown, to_name("Eve")).await, NotFound);
    assert_fails!(directory.detach(&scope, &unknown).await, NotFound);
    subject.assert_untouched(&ada).await;
}

pub async fn user_cannot_be_raised_above_callers_role(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    let scope = ranked_writes(&acme(), "admin");
    let directory = &subject.directory;
    assert_fails!(
        directory.change_membership(&scope, &ada, to_role("owner")).await,
        Refused(Refusal::RoleAboveOwn)
    );
    subject.assert_untouched(&ada).await;
    let ada = directory.change_membership(&scope, &ada, to_role("admin")).await.unwrap();
    // A holder of the same role may be changed and demoted.
    directory.change_membership(&scope, &ada, to_role("member")).await.unwrap();
}

pub async fn membership_above_callers_role_cannot_be_changed(subject: &Subject) {
    subject.create(&acme(), "spare", "owner").await;
    subject.create(&globex(), "ada", "member").await;
    let ada = subject.attach(&acme(), "ada", "owner").await;
    let scope = ranked_writes(&acme(), "admin");
    let directory = &subject.directory;
    for change in [to_role("member"), to_name("Eve")] {
        assert_fails!(
            directory.change_membership(&scope, &ada, change).await,
            Refused(Refusal::RoleAboveOwn)
        );
    }
    assert_fails!(directory.detach(&scope, &ada).await, Refused(Refusal::RoleAboveOwn));
    subject.assert_untouched(&ada).await;
    // The role in this tenant does not bind the other tenant's administrators.
    directory.detach(&ranked_writes(&globex(), "admin"), &ada).await.unwrap();
    directory.detach(&ranked_writes(&acme(), "owner"), &ada).await.unwrap();
}

// Detached.

pub async fn detached_account_stays_in_other_tenant(subject: &Subject) {
    for (tenant, other, name) in [(acme(), globex(), "ada"), (globex(), acme(), "bob")] {
        // Once by the home, once by the other tenant.
        let user = subject.create_shared(&acme(), &globex(), name).await;
        subject.directory.detach(&writes(&tenant), &user).await.unwrap();
        assert_eq!(subject.found_in(&tenant, &user.id).await, None);
        assert!(!subject.users_of(&tenant).await.iter().any(|other| other.id == user.id));
        let kept = subject.found_in(&other, &user.id).await.unwrap();
        let mut expected = User { updated_at: kept.updated_at, ..user };
        expected.memberships.remove(&tenant);
        assert_eq!(kept, expected);
    }
}

pub async fn second_detach_is_not_found(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    let scope = writes(&acme());
    subject.directory.detach(&scope, &ada).await.unwrap();
    let ada = subject.current(&ada.id).await.unwrap();
    assert_fails!(subject.directory.detach(&scope, &ada).await, NotFound);
    assert_fails!(
        subject.directory.change_membership(&scope, &ada, to_role("owner")).await,
        NotFound
    );
    subject.assert_untouched(&ada).await;
}

pub async fn account_survives_its_last_membership(subject: &Subject) {
    let ada = subject.create_shared(&acme(), &globex(), "ada").await;
    subject.directory.detach(&writes(&globex()), &ada).await.unwrap();
    let found = subject.current(&ada.id).await.unwrap();
    subject.directory.detach(&writes(&acme()), &found).await.unwrap();
    let lost = subject.current(&ada.id).await.unwrap();
    assert_eq!((&lost.home, lost.memberships.len()), (&Some(acme()), 0));
    let back = subject.attach(&globex(), "ada", "member").await;
    assert_eq!((back.id, back.home), (ada.id, Some(acme())));
}

pub async fn detach_removes_the_membership_name(subject: &Subject) {
    subject.create(&acme(), "ada", "member").await;
    let new_member = named_member("ada", "Eve");
    let ada =
        subject.directory.attach_or_create(&writes(&globex()), new_member).await.unwrap().user;
    subject.directory.detach(&writes(&globex()), &ada).await.unwrap();
    let ada = subject.attach(&globex(), "ada", "member").await;
    assert_eq!(shown(&ada, &globex()), None);
}
