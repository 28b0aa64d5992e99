//! The order of calls: the account is read before each change, and a refused change is not made.

use std::sync::Arc;

use conformance::Caller;
use domain::{AccountScope, Page, Refusal, Sort, TenantScope, User};
use mockall::Sequence;
use ports::{AccountUpdate, AttachOutcome, Conflict, FullList, PortError};

use crate::support::{
    TestPorts, acme, assert_hidden, assert_refused, first_page, globex, new_member, new_password,
    new_user, to_address, to_role, user,
};

fn writes() -> TenantScope {
    Caller::of([acme()]).writes(&acme())
}

fn changes() -> AccountScope {
    Caller::of([acme()]).changes()
}

/// Returns ports that find the account first, and the sequence for the calls that follow.
fn first_found(user: &User) -> (TestPorts, Sequence) {
    let mut ports = TestPorts::default();
    let mut sequence = Sequence::new();
    let found = user.clone();
    ports
        .directory
        .expect_find()
        .withf(|_, id| id.as_str() == "auth0|ann")
        .times(1)
        .in_sequence(&mut sequence)
        .returning(move |_, _| Ok(Some(Arc::new(found.clone()))));
    (ports, sequence)
}

fn ann() -> User {
    user("ann", &[("acme", "admin")])
}

#[tokio::test]
async fn member_is_read_before_change() {
    let ann = ann();
    let (mut ports, mut sequence) = first_found(&ann);
    let snapshot = ann.clone();
    ports
        .directory
        .expect_change_membership()
        .withf(move |scope, given, change| {
            *scope == writes() && *given == snapshot && *change == to_role("viewer")
        })
        .times(1)
        .in_sequence(&mut sequence)
        .returning(|_, snapshot, _| Ok(snapshot.clone()));
    let users = ports.services().tenant_users;
    users.change(&writes(), &ann.id, to_role("viewer")).await.unwrap();
}

#[tokio::test]
async fn member_is_read_before_detach() {
    let ann = ann();
    let (mut ports, mut sequence) = first_found(&ann);
    let snapshot = ann.clone();
    ports
        .directory
        .expect_detach()
        .withf(move |scope, given| *scope == writes() && *given == snapshot)
        .times(1)
        .in_sequence(&mut sequence)
        .returning(|_, _| Ok(()));
    ports.services().tenant_users.detach(&writes(), &ann.id).await.unwrap();
}

#[tokio::test]
async fn account_is_read_before_change() {
    let ann = ann();
    let (mut ports, mut sequence) = first_found(&ann);
    let snapshot = ann.clone();
    ports
        .directory
        .expect_change_account()
        .withf(move |scope, given, change| {
            *scope == changes() && *given == snapshot && *change == to_address("an@example.com")
        })
        .times(1)
        .in_sequence(&mut sequence)
        .returning(|_, snapshot, _| {
            Ok(AccountUpdate { user: snapshot.clone(), failures: Vec::new() })
        });
    let users = ports.services().users;
    users.change(&changes(), &ann.id, to_address("an@example.com")).await.unwrap();
}

#[tokio::test]
async fn account_is_read_before_deletion() {
    let ann = ann();
    let (mut ports, mut sequence) = first_found(&ann);
    let snapshot = ann.clone();
    ports
        .directory
        .expect_delete()
        .withf(move |scope, given| *scope == changes() && *given == snapshot)
        .times(1)
        .in_sequence(&mut sequence)
        .returning(|_, _| Ok(()));
    ports.services().users.delete(&changes(), &ann.id).await.unwrap();
}

#[tokio::test]
async fn missing_account_is_hidden_and_not_changed() {
    let ports = || {
        let mut ports = TestPorts::default();
        ports.directory.expect_find().returning(|_, _| Ok(None));
        ports.services()
    };
    let id = &ann().id;
    assert_hidden(ports().tenant_users.get(&writes(), id).await);
    assert_hidden(ports().tenant_users.change(&writes(), id, to_role("viewer")).await);
    assert_hidden(ports().tenant_users.detach(&writes(), id).await);
    assert_hidden(ports().users.get(&changes(), id).await);
    assert_hidden(ports().users.change(&changes(), id, to_address("an@example.com")).await);
    assert_hidden(ports().users.delete(&changes(), id).await);
    assert_hidden(ports().passwords.set(&changes(), id, new_password()).await);
}

/// A directory that returns more than the scope sees must not be trusted.
#[tokio::test]
async fn account_outside_scope_is_hidden_and_not_changed() {
    let outsider = user("ann", &[("globex", "member")]);
    let services = || TestPorts::finding(&outsider).services();
    let id = &outsider.id;
    assert_hidden(services().tenant_users.change(&writes(), id, to_role("viewer")).await);
    assert_hidden(services().tenant_users.detach(&writes(), id).await);
    assert_hidden(services().users.change(&changes(), id, to_address("an@example.com")).await);
    assert_hidden(services().users.delete(&changes(), id).await);
    assert_hidden(services().passwords.set(&changes(), id, new_password()).await);
}

#[tokio::test]
async fn holder_of_higher_role_is_not_changed() {
    let owner = user("ann", &[("acme", "owner")]);
    let services = || TestPorts::finding(&owner).services();
    let admin = Caller::ranked([(acme(), "admin")]);
    let (writes, changes) = (admin.writes(&acme()), admin.changes());
    let id = &owner.id;
    let above = Refusal::RoleAboveOwn;
    assert_refused(services().tenant_users.change(&writes, id, to_role("viewer")).await, above);
    assert_refused(services().tenant_users.detach(&writes, id).await, above);
    let change = to_address("an@example.com");
    assert_refused(services().users.change(&changes, id, change).await, above);
    assert_refused(services().users.delete(&changes, id).await, above);
    assert_refused(services().passwords.set(&changes, id, new_password()).await, above);
}

#[tokio::test]
async fn role_above_own_is_not_granted() {
    let admin = Caller::ranked([(acme(), "admin")]).writes(&acme());
    let above = Refusal::RoleAboveOwn;
    let member = user("ann", &[("acme", "member")]);
    let services = TestPorts::finding(&member).services();
    let refused = services.tenant_users.change(&admin, &member.id, to_role("owner")).await;
    assert_refused(refused, above);
    // A new user needs no read: no call is made at all.
    let services = TestPorts::default().services();
    assert_refused(
        services.tenant_users.attach_or_create(&admin, new_member("owner")).await,
        above,
    );
    assert_refused(services.users.create(&admin, new_user("owner")).await, above);
}

#[tokio::test]
async fn account_of_another_home_is_not_changed() {
    let guest = user("ann", &[("globex", "member"), ("acme", "member")]);
    let services = || TestPorts::finding(&guest).services();
    let id = &guest.id;
    let foreign = Refusal::ManagedByAnotherTenant;
    let change = to_address("an@example.com");
    assert_refused(services().users.change(&changes(), id, change).await, foreign);
    assert_refused(services().users.delete(&changes(), id).await, foreign);
    assert_refused(services().passwords.set(&changes(), id, new_password()).await, foreign);
}

#[tokio::test]
async fn read_scope_changes_nothing() {
    let ann = ann();
    let services = || TestPorts::finding(&ann).services();
    let reads = Caller::of([acme()]).reads(&acme());
    let views = Caller::of([acme()]).views();
    let refused = |result: Result<(), application::UseCaseError>| {
        assert!(matches!(result, Err(application::UseCaseError::Refused(_))), "{result:?}");
    };
    refused(services().tenant_users.change(&reads, &ann.id, to_role("viewer")).await.map(drop));
    refused(services().tenant_users.detach(&reads, &ann.id).await);
    let change = to_address("an@example.com");
    refused(services().users.change(&views, &ann.id, change).await.map(drop));
    refused(services().users.delete(&views, &ann.id).await);
    refused(services().passwords.set(&views, &ann.id, new_password()).await.map(drop));
    let services = TestPorts::default().services();
    refused(services.tenant_users.attach_or_create(&reads, new_member("member")).await.map(drop));
    refused(services.users.create(&reads, new_user("member")).await.map(drop));
}

#[tokio::test]
async fn account_removed_before_write_is_hidden() {
    let ann = ann();
    let mut ports = TestPorts::finding(&ann);
    ports.directory.expect_detach().times(1).returning(|_, _| Err(PortError::NotFound));
    assert_hidden(ports.services().tenant_users.detach(&writes(), &ann.id).await);
    let mut ports = TestPorts::finding(&ann);
    ports.directory.expect_delete().times(1).returning(|_, _| Err(PortError::NotFound));
    assert_hidden(ports.services().users.delete(&changes(), &ann.id).await);
}

#[tokio::test]
async fn tenant_read_uses_scope_of_that_tenant() {
    let ann = ann();
    let mut ports = TestPorts::default();
    let (found, here, elsewhere) = (ann.clone(), ann.clone(), user("ann", &[("globex", "owner")]));
    ports
        .directory
        .expect_find()
        .withf(move |scope, _| scope.can_see(&here) && !scope.can_see(&elsewhere))
        .times(1)
        .returning(move |_, _| Ok(Some(Arc::new(found.clone()))));
    let operator = Caller::operator().reads(&acme());
    assert_eq!(*ports.services().tenant_users.get(&operator, &ann.id).await.unwrap(), ann);
}

#[tokio::test]
async fn list_and_create_make_one_call_each() {
    let reads = Caller::of([acme(), globex()]).reads(&acme());
    let mut ports = TestPorts::default();
    let expected = reads.clone();
    ports
        .directory
        .expect_list_page()
        .withf(move |scope, sort, page| {
            *scope == expected && *sort == Sort::default() && *page == first_page()
        })
        .times(2)
        .returning(|_, _, _| Ok(Page { users: Vec::new(), total: 0 }));
    let expected = reads.clone();
    ports
        .directory
        .expect_list_all()
        .withf(move |scope, sort| *scope == expected && *sort == Sort::default())
        .times(1)
        .returning(|_, _| Ok(FullList::from_users(Vec::new())));
    ports
        .directory
        .expect_attach_or_create()
        .withf(|scope, member| *scope == writes() && *member == new_member("owner"))
        .times(1)
        .returning(|_, _| Ok(AttachOutcome { user: ann(), created: false }));
    ports
        .directory
        .expect_create()
        .withf(|scope, new| *scope == writes() && *new == new_user("owner"))
        .times(1)
        .returning(|_, _| Ok(ann()));
    let services = ports.services();
    services.tenant_users.list_all(&reads, Sort::default()).await.unwrap();
    services.tenant_users.list_page(&reads, Sort::default(), first_page()).await.unwrap();
    services.users.list_page(&reads, Sort::default(), first_page()).await.unwrap();
    let attached = services.tenant_users.attach_or_create(&writes(), new_member("owner")).await;
    assert_eq!(*attached.unwrap(), ann());
    services.users.create(&writes(), new_user("owner")).await.unwrap();
}

#[tokio::test]
async fn partial_update_reports_user_and_failures() {
    let ann = ann();
    let mut ports = TestPorts::finding(&ann);
    ports.directory.expect_change_account().returning(|_, snapshot, _| {
        Ok(AccountUpdate { user: snapshot.clone(), failures: vec![Conflict::EmailTaken] })
    });
    let change = to_address("taken@example.com");
    let applied = ports.services().users.change(&changes(), &ann.id, change).await.unwrap();
    assert_eq!((&*applied.user, applied.failures), (&ann, vec![Conflict::EmailTaken]));
}
