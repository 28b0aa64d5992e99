//! Rule R4: a tenant keeps a holder of each protected role that has holders.

#![allow(missing_docs, reason = "the name of a case says what it tests")]

use domain::{MembershipChange, Refusal, Standing, TenantId, User};
use ports::Conflict::LastProtectedRoleHolder;
use ports::PortError::{Conflict as Conflicts, NotFound, Refused};

use crate::caller::{Caller, acme, changes, globex, ranked_changes, ranked_writes, writes};
use crate::catalogue::role;
use crate::subject::{StoredAccount, Subject, assert_fails};
use crate::values::valid;

fn to_role(name: &str) -> MembershipChange {
    MembershipChange { role: Some(role(name)), name: None }
}

/// Asserts that no caller can take the role from the user.
async fn assert_kept(subject: &Subject, tenant: &TenantId, user: &User) {
    let (scope, directory) = (writes(tenant), &subject.directory);
    assert_fails!(
        directory.change_membership(&scope, user, to_role("member")).await,
        Conflicts(LastProtectedRoleHolder(_))
    );
    assert_fails!(directory.detach(&scope, user).await, Conflicts(LastProtectedRoleHolder(_)));
    for account in [changes(user.home.as_ref().unwrap()), Caller::operator().changes()] {
        assert_fails!(
            directory.delete(&account, user).await,
            Conflicts(LastProtectedRoleHolder(_))
        );
    }
    subject.assert_untouched(user).await;
}

pub async fn last_holder_cannot_be_demoted_detached_or_deleted(subject: &Subject) {
    let ada = subject.create(&acme(), "ada", "owner").await;
    subject.create(&acme(), "bob", "admin").await;
    // Holders in another tenant do not count, even if they are members of this one.
    subject.create(&globex(), "cy", "owner").await;
    subject.attach(&acme(), "cy", "admin").await;
    assert_kept(subject, &acme(), &ada).await;
}

pub async fn holder_can_leave_while_another_remains(subject: &Subject) {
    for tenant in [acme(), globex()] {
        let scope = writes(&tenant);
        subject.create(&tenant, &format!("{tenant}-stays"), "owner").await;
        let ada = subject.create(&tenant, &format!("{tenant}-ada"), "owner").await;
        subject.directory.change_membership(&scope, &ada, to_role("admin")).await.unwrap();
        let bob = subject.create(&tenant, &format!("{tenant}-bob"), "owner").await;
        subject.directory.detach(&scope, &bob).await.unwrap();
        let cy = subject.create(&tenant, &format!("{tenant}-cy"), "owner").await;
        subject.directory.delete(&changes(&tenant), &cy).await.unwrap();
    }
}

pub async fn remaining_holder_becomes_the_last(subject: &Subject) {
    let ada = subject.create(&acme(), "ada", "owner").await;
    subject.create(&globex(), "bob", "owner").await;
    let bob = subject.attach(&acme(), "bob", "owner").await;
    subject.directory.change_membership(&writes(&acme()), &bob, to_role("admin")).await.unwrap();
    assert_kept(subject, &acme(), &ada).await;
}

pub async fn blocked_holders_do_not_count(subject: &Subject) {
    let planted =
        StoredAccount::named("cy").at_home_in(acme()).with_role(acme(), "owner").blocked();
    let cy = subject.insert(planted.with_role(globex(), "owner")).await;
    let ada = subject.create(&acme(), "ada", "owner").await;
    assert_kept(subject, &acme(), &ada).await;
    // So a blocked holder is never the last one: globex has no other.
    let scope = writes(&globex());
    let cy = subject.directory.change_membership(&scope, &cy, to_role("member")).await.unwrap();
    subject.directory.detach(&scope, &cy).await.unwrap();
    let cy = subject.current(&cy.id).await.unwrap();
    subject.directory.delete(&changes(&acme()), &cy).await.unwrap();
}

pub async fn unknown_stored_role_does_not_count(subject: &Subject) {
    let ada = subject.create(&acme(), "ada", "owner").await;
    subject.insert(StoredAccount::named("bob").with_role(acme(), "retired")).await;
    // Names are compared exactly.
    subject.insert(StoredAccount::named("cy").with_role(acme(), "Owner")).await;
    subject.insert(StoredAccount::named("di").with_role(globex(), "owner")).await;
    assert_kept(subject, &acme(), &ada).await;
}

pub async fn home_deletes_last_holder_of_another_tenant(subject: &Subject) {
    subject.create(&acme(), "ada", "member").await;
    let ada = subject.attach(&globex(), "ada", "owner").await;
    // Globex itself must keep its last owner, but attaching does not make an account undeletable.
    let demotion = to_role("member");
    assert_fails!(
        subject.directory.change_membership(&writes(&globex()), &ada, demotion).await,
        Conflicts(LastProtectedRoleHolder(_))
    );
    subject.directory.delete(&changes(&acme()), &ada).await.unwrap();
    assert_eq!(subject.current(&ada.id).await, None);
    assert_eq!(subject.users_of(&globex()).await, []);
}

pub async fn home_cannot_delete_its_own_last_holder(subject: &Subject) {
    subject.create(&acme(), "ada", "owner").await;
    subject.create(&globex(), "bob", "owner").await;
    let ada = subject.attach_unproven(&globex(), "ada", "owner").await;
    let deleted = subject.directory.delete(&changes(&acme()), &ada).await;
    let acmes = domain::LastProtectedRoleHolder { tenant: acme() };
    assert_fails!(deleted, Conflicts(LastProtectedRoleHolder(last)) if *last == acmes);
    subject.assert_untouched(&ada).await;
}

pub async fn operator_deletion_is_held_by_every_tenant_unless_forced(subject: &Subject) {
    subject.create(&acme(), "spare", "owner").await;
    let kept = subject.create(&acme(), "ada", "owner").await;
    let ada = subject.attach(&globex(), "ada", "owner").await;
    assert_eq!(ada.id, kept.id);
    let deleted = subject.directory.delete(&Caller::operator().changes(), &ada).await;
    let globexs = domain::LastProtectedRoleHolder { tenant: globex() };
    assert_fails!(deleted, Conflicts(LastProtectedRoleHolder(last)) if *last == globexs);
    subject.assert_untouched(&ada).await;
    let forced = Caller::operator().changes().forced().unwrap();
    subject.directory.delete(&forced, &ada).await.unwrap();
    assert_eq!(subject.current(&ada.id).await, None);
    // Even the last holder of the home.
    let last = subject.users_of(&acme()).await.remove(0);
    assert_fails!(
        subject.directory.delete(&Caller::operator().changes(), &last).await,
        Conflicts(LastProtectedRoleHolder(_))
    );
    subject.directory.delete(&forced, &last).await.unwrap();
    assert_fails!(changes(&acme()).forced(), domain::Denied::Refused(Refusal::OperatorsOnly));
}

pub async fn pending_holders_do_not_count(subject: &Subject) {
    let ada = subject.create(&acme(), "ada", "owner").await;
    subject.create(&globex(), "bob", "member").await;
    let bob = subject.attach_unproven(&acme(), "bob", "owner").await;
    assert_eq!(subject.standing(&acme(), &bob).await, Some(Standing::Pending));
    assert_kept(subject, &acme(), &ada).await;
    // So a pending holder is never the last one.
    let demoted = subject
        .directory
        .change_membership(&writes(&acme()), &bob, to_role("admin"))
        .await
        .unwrap();
    let bob =
        subject.directory.change_membership(&writes(&acme()), &demoted, to_role("owner")).await;
    // Once proven it counts.
    let bob = subject.vouch(&bob.unwrap()).await;
    assert_eq!(subject.standing(&acme(), &bob).await, Some(Standing::Active));
    subject.directory.change_membership(&writes(&acme()), &ada, to_role("member")).await.unwrap();
    assert_fails!(
        subject.directory.detach(&writes(&acme()), &bob).await,
        Conflicts(LastProtectedRoleHolder(_))
    );
}

pub async fn each_protected_role_needs_its_own_holder(subject: &Subject) {
    let ada = subject.create(&acme(), "ada", "owner").await;
    let bob = subject.create(&acme(), "bob", "auditor").await;
    subject.create(&globex(), "cy", "auditor").await;
    assert_kept(subject, &acme(), &ada).await;
    assert_kept(subject, &acme(), &bob).await;
    // Another protected role does not compensate for a demotion.
    assert_fails!(
        subject.directory.change_membership(&writes(&acme()), &ada, to_role("auditor")).await,
        Conflicts(LastProtectedRoleHolder(_))
    );
}

pub async fn promotion_of_last_holder_is_allowed(subject: &Subject) {
    for tenant in [acme(), globex()] {
        let bob = subject.create(&tenant, &format!("{tenant}-bob"), "auditor").await;
        let scope = writes(&tenant);
        let bob = subject.directory.change_membership(&scope, &bob, to_role("owner")).await;
        assert_eq!(bob.unwrap().role_in(&tenant), Some(&role("owner")));
    }
}

pub async fn last_holder_can_be_renamed(subject: &Subject) {
    subject.create(&acme(), "ada", "owner").await;
    let ada = subject.attach(&globex(), "ada", "owner").await;
    for tenant in [acme(), globex()] {
        let scope = writes(&tenant);
        let renaming = MembershipChange { role: None, name: Some(valid("Ada")) };
        subject.directory.change_membership(&scope, &ada, renaming).await.unwrap();
        subject.directory.change_membership(&scope, &ada, to_role("owner")).await.unwrap();
    }
}

pub async fn other_refusals_precede_last_holder_check(subject: &Subject) {
    let ada = subject.create(&acme(), "ada", "owner").await;
    let directory = &subject.directory;
    let (tenant, account) = (ranked_writes(&acme(), "admin"), ranked_changes(&acme(), "admin"));
    assert_fails!(
        directory.change_membership(&tenant, &ada, to_role("member")).await,
        Refused(Refusal::RoleAboveOwn)
    );
    assert_fails!(directory.detach(&tenant, &ada).await, Refused(Refusal::RoleAboveOwn));
    assert_fails!(directory.delete(&account, &ada).await, Refused(Refusal::RoleAboveOwn));
    let (tenant, account) = (writes(&globex()), changes(&globex()));
    assert_fails!(directory.change_membership(&tenant, &ada, to_role("member")).await, NotFound);
    assert_fails!(directory.detach(&tenant, &ada).await, NotFound);
    assert_fails!(directory.delete(&account, &ada).await, NotFound);
    let shared = subject.attach(&globex(), "ada", "member").await;
    assert_fails!(
        directory.delete(&account, &shared).await,
        Refused(Refusal::ManagedByAnotherTenant)
    );
}
