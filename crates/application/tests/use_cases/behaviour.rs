//! The use cases over the memory adapter, end to end.

use std::sync::Arc;

use application::{AttemptLimit, Ports, Services, UseCaseError};
use conformance::{ManualClock, catalogue};
use domain::{
    AccountRules, CallerKey, CurrentPassword, LastProtectedRoleHolder, NewUser, Operation, Refusal,
    Sort,
};
use memory_adapter::MemoryDirectory;
use ports::Conflict;

use crate::support::{
    acme, assert_hidden, assert_refused, globex, listed, member, new_member, new_user, operator,
    to_address, to_role, valid, without_permissions,
};

fn services() -> Services {
    let clock = Arc::new(ManualClock::new());
    let directory = Arc::new(MemoryDirectory::new(catalogue(), clock.clone()));
    let seed = r#"
{"id":"auth0|olga","email":"olga@example.com","homeTenant":"acme","tenants":{"acme":"owner"}}
{"id":"auth0|adam","email":"adam@example.com","homeTenant":"acme","tenants":{"acme":"admin"}}
{"id":"auth0|gina","email":"gina@example.com","homeTenant":"globex","tenants":{"globex":"owner"}}
"#;
    directory.load_seed(seed.as_bytes()).unwrap();
    let ports = Ports { directory: directory.clone(), password_check: directory, clock };
    Services::new(ports, AttemptLimit::default(), AccountRules::default())
}

#[tokio::test]
async fn member_is_attached_promoted_and_detached() {
    let services = services();
    let authorizer = &services.authorizer;
    let writes = authorizer
        .tenant(&member("olga"), Operation::WriteTenantUsers, Some(&acme()))
        .await
        .unwrap();
    let reads = authorizer
        .tenant(&member("olga"), Operation::ReadTenantUsers, Some(&acme()))
        .await
        .unwrap();
    let created = services.tenant_users.attach_or_create(&writes, new_member("member")).await;
    let created = created.unwrap();
    assert!(created.is_managed_here());
    let id = created.id.clone();
    services.tenant_users.change(&writes, &id, to_role("admin")).await.unwrap();
    let page = services.tenant_users.list_all(&reads, Sort::default()).await.unwrap();
    assert_eq!(page.total(), 3);
    services.tenant_users.detach(&writes, &id).await.unwrap();
    assert_hidden(services.tenant_users.get(&reads, &id).await);
    assert_hidden(services.tenant_users.detach(&writes, &id).await);
}

#[tokio::test]
async fn demoted_caller_loses_rights_at_once() {
    let services = services();
    let adam = member("adam");
    let authorizer = &services.authorizer;
    let olgas = authorizer
        .tenant(&member("olga"), Operation::WriteTenantUsers, Some(&acme()))
        .await
        .unwrap();
    authorizer.tenant(&adam, Operation::WriteTenantUsers, Some(&acme())).await.unwrap();
    let id = valid("auth0|adam");
    services.tenant_users.change(&olgas, &id, to_role("viewer")).await.unwrap();
    let refused = authorizer.tenant(&adam, Operation::WriteTenantUsers, Some(&acme())).await;
    assert_refused(refused, Refusal::InsufficientRole);
    authorizer.tenant(&adam, Operation::ReadTenantUsers, Some(&acme())).await.unwrap();
    services.tenant_users.detach(&olgas, &id).await.unwrap();
    let refused = authorizer.tenant(&adam, Operation::ReadTenantUsers, Some(&acme())).await;
    assert_refused(refused, Refusal::TenantNotCovered);
}

/// A stale scope must not help: the change checks the scope again.
#[tokio::test]
async fn stale_scope_does_not_reach_moved_account() {
    let services = services();
    let of_acme = listed(&["acme"]);
    let changes = services.authorizer.account(&of_acme, Operation::ModifyUsers).await.unwrap();
    let id = valid("auth0|adam");
    let everything =
        services.authorizer.account(&operator(), Operation::ModifyUsers).await.unwrap();
    services.users.delete(&everything, &id).await.unwrap();
    assert_hidden(services.users.change(&changes, &id, to_address("x@example.com")).await);
}

#[tokio::test]
async fn last_owner_cannot_be_removed_by_any_caller() {
    let services = services();
    let id = valid("auth0|olga");
    let writes = services
        .authorizer
        .tenant(&operator(), Operation::WriteTenantUsers, Some(&acme()))
        .await
        .unwrap();
    let changes = services.authorizer.account(&operator(), Operation::ModifyUsers).await.unwrap();
    let conflict = |result: Result<(), UseCaseError>| {
        let last = LastProtectedRoleHolder { tenant: acme() };
        let last = Conflict::LastProtectedRoleHolder(last);
        assert!(
            matches!(&result, Err(UseCaseError::Conflict(conflict)) if *conflict == last),
            "{result:?}"
        );
    };
    let change = services.tenant_users.change(&writes, &id, to_role("admin")).await;
    conflict(change.map(drop));
    conflict(services.tenant_users.detach(&writes, &id).await);
    conflict(services.users.delete(&changes, &id).await);
}

#[tokio::test]
async fn user_changes_own_password_with_current_one() {
    let services = services();
    let globex = globex();
    let writes = services
        .authorizer
        .tenant(&operator(), Operation::ModifyUsers, Some(&globex))
        .await
        .unwrap();
    let new = NewUser { password: Some(valid("first-password")), ..new_user("member") };
    let id = services.users.create(&writes, new).await.unwrap().id.clone();

    let bearer =
        domain::Bearer { subject: Some(id.clone()), ..without_permissions(member("anybody")) };
    let scope = services.authorizer.own_password(&bearer, Some(&id)).await.unwrap();
    let change = async |current: &str, new: &str| {
        let current = CurrentPassword::offered(current.to_owned());
        let caller = CallerKey::new([0; 32]);
        services.passwords.change(&scope, &id, caller, (current, valid(new)), None).await
    };
    let wrong = change("some-password", "second-password").await;
    assert!(matches!(wrong, Err(UseCaseError::CurrentPasswordMismatch)), "{wrong:?}");
    change("first-password", "second-password").await.unwrap();
    let old = change("first-password", "third-password").await;
    assert!(matches!(old, Err(UseCaseError::CurrentPasswordMismatch)), "{old:?}");
    change("second-password", "third-password").await.unwrap();
}
