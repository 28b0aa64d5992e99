//! The order of calls: a look at the account before each change to it, and no change after a
//! refusal.

use conformance::Caller;
use domain::{AccountScope, ListQuery, Page, Refusal, TenantScope, User};
use mockall::Sequence;
use ports::{AccountUpdate, AttachOutcome, Conflict, PortError};

use crate::support::{
    Bench, acme, assert_hidden, assert_refused, globex, new_password, newcomer, recruit,
    to_address, to_role, user,
};

fn writes() -> TenantScope {
    Caller::of([acme()]).writes(&acme())
}

fn changes() -> AccountScope {
    Caller::of([acme()]).changes()
}

/// A bench that is asked for the account first, and the sequence for what follows.
fn first_found(user: &User) -> (Bench, Sequence) {
    let mut bench = Bench::default();
    let mut sequence = Sequence::new();
    let found = user.clone();
    bench
        .directory
        .expect_find()
        .withf(|_, id| id.as_str() == "auth0|ann")
        .times(1)
        .in_sequence(&mut sequence)
        .returning(move |_, _| Ok(Some(found.clone())));
    (bench, sequence)
}

fn ann() -> User {
    user("ann", &[("acme", "admin")])
}

#[tokio::test]
async fn a_member_is_looked_at_before_a_change() {
    let ann = ann();
    let (mut bench, mut sequence) = first_found(&ann);
    let snapshot = ann.clone();
    bench
        .directory
        .expect_change_membership()
        .withf(move |scope, given, change| {
            *scope == writes() && *given == snapshot && *change == to_role("viewer")
        })
        .times(1)
        .in_sequence(&mut sequence)
        .returning(|_, snapshot, _| Ok(snapshot.clone()));
    let users = bench.services().tenant_users;
    users.change(&writes(), &ann.id, to_role("viewer")).await.unwrap();
}

#[tokio::test]
async fn a_member_is_looked_at_before_being_detached() {
    let ann = ann();
    let (mut bench, mut sequence) = first_found(&ann);
    let snapshot = ann.clone();
    bench
        .directory
        .expect_detach()
        .withf(move |scope, given| *scope == writes() && *given == snapshot)
        .times(1)
        .in_sequence(&mut sequence)
        .returning(|_, _| Ok(()));
    bench.services().tenant_users.detach(&writes(), &ann.id).await.unwrap();
}

#[tokio::test]
async fn an_account_is_looked_at_before_a_change() {
    let ann = ann();
    let (mut bench, mut sequence) = first_found(&ann);
    let snapshot = ann.clone();
    bench
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
    let users = bench.services().users;
    users.change(&changes(), &ann.id, to_address("an@example.com")).await.unwrap();
}

#[tokio::test]
async fn an_account_is_looked_at_before_its_deletion() {
    let ann = ann();
    let (mut bench, mut sequence) = first_found(&ann);
    let snapshot = ann.clone();
    bench
        .directory
        .expect_delete()
        .withf(move |scope, given| *scope == changes() && *given == snapshot)
        .times(1)
        .in_sequence(&mut sequence)
        .returning(|_, _| Ok(()));
    bench.services().users.delete(&changes(), &ann.id).await.unwrap();
}

#[tokio::test]
async fn who_is_not_there_is_hidden_and_nothing_is_changed() {
    let bench = || {
        let mut bench = Bench::default();
        bench.directory.expect_find().returning(|_, _| Ok(None));
        bench.services()
    };
    let id = &ann().id;
    assert_hidden(bench().tenant_users.get(&writes(), id).await);
    assert_hidden(bench().tenant_users.change(&writes(), id, to_role("viewer")).await);
    assert_hidden(bench().tenant_users.detach(&writes(), id).await);
    assert_hidden(bench().users.get(&changes(), id).await);
    assert_hidden(bench().users.change(&changes(), id, to_address("an@example.com")).await);
    assert_hidden(bench().users.delete(&changes(), id).await);
    assert_hidden(bench().passwords.set(&changes(), id, new_password()).await);
}

/// A directory that shows more than the scope sees must not be believed.
#[tokio::test]
async fn who_is_shown_by_mistake_is_hidden_and_not_changed() {
    let stranger = user("ann", &[("globex", "member")]);
    let services = || Bench::finding(&stranger).services();
    let id = &stranger.id;
    assert_hidden(services().tenant_users.change(&writes(), id, to_role("viewer")).await);
    assert_hidden(services().tenant_users.detach(&writes(), id).await);
    assert_hidden(services().users.change(&changes(), id, to_address("an@example.com")).await);
    assert_hidden(services().users.delete(&changes(), id).await);
    assert_hidden(services().passwords.set(&changes(), id, new_password()).await);
}

#[tokio::test]
async fn nobody_above_the_caller_is_changed() {
    let owner = user("ann", &[("acme", "owner")]);
    let services = || Bench::finding(&owner).services();
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
async fn a_role_above_the_caller_s_own_is_granted_to_nobody() {
    let admin = Caller::ranked([(acme(), "admin")]).writes(&acme());
    let above = Refusal::RoleAboveOwn;
    let member = user("ann", &[("acme", "member")]);
    let services = Bench::finding(&member).services();
    let refused = services.tenant_users.change(&admin, &member.id, to_role("owner")).await;
    assert_refused(refused, above);
    // For somebody new there is nobody to look at: no call at all is made.
    let services = Bench::default().services();
    assert_refused(services.tenant_users.attach_or_create(&admin, recruit("owner")).await, above);
    assert_refused(services.users.create(&admin, newcomer("owner")).await, above);
}

#[tokio::test]
async fn accounts_of_another_home_are_left_alone() {
    let guest = user("ann", &[("globex", "member"), ("acme", "member")]);
    let services = || Bench::finding(&guest).services();
    let id = &guest.id;
    let foreign = Refusal::ManagedByAnotherTenant;
    let change = to_address("an@example.com");
    assert_refused(services().users.change(&changes(), id, change).await, foreign);
    assert_refused(services().users.delete(&changes(), id).await, foreign);
    assert_refused(services().passwords.set(&changes(), id, new_password()).await, foreign);
}

#[tokio::test]
async fn a_scope_for_seeing_changes_nothing() {
    let ann = ann();
    let services = || Bench::finding(&ann).services();
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
    let services = Bench::default().services();
    refused(services.tenant_users.attach_or_create(&reads, recruit("member")).await.map(drop));
    refused(services.users.create(&reads, newcomer("member")).await.map(drop));
}

#[tokio::test]
async fn who_goes_away_between_the_look_and_the_change_is_hidden() {
    let ann = ann();
    let mut bench = Bench::finding(&ann);
    bench.directory.expect_detach().times(1).returning(|_, _| Err(PortError::NotFound));
    assert_hidden(bench.services().tenant_users.detach(&writes(), &ann.id).await);
    let mut bench = Bench::finding(&ann);
    bench.directory.expect_delete().times(1).returning(|_, _| Err(PortError::NotFound));
    assert_hidden(bench.services().users.delete(&changes(), &ann.id).await);
}

#[tokio::test]
async fn a_tenant_s_look_at_somebody_is_through_that_tenant() {
    let ann = ann();
    let mut bench = Bench::default();
    let (found, here, elsewhere) = (ann.clone(), ann.clone(), user("ann", &[("globex", "owner")]));
    bench
        .directory
        .expect_find()
        .withf(move |scope, _| scope.can_see(&here) && !scope.can_see(&elsewhere))
        .times(1)
        .returning(move |_, _| Ok(Some(found.clone())));
    let operator = Caller::operator().reads(&acme());
    assert_eq!(bench.services().tenant_users.get(&operator, &ann.id).await.unwrap(), ann);
}

#[tokio::test]
async fn lists_and_newcomers_cost_one_call_under_the_caller_s_scope() {
    let reads = Caller::of([acme(), globex()]).reads(&acme());
    let mut bench = Bench::default();
    let expected = reads.clone();
    bench
        .directory
        .expect_list()
        .withf(move |scope, listing| *scope == expected && *listing == ListQuery::default())
        .times(2)
        .returning(|_, _| Ok(Page { users: Vec::new(), total: 0 }));
    bench
        .directory
        .expect_attach_or_create()
        .withf(|scope, new_member| *scope == writes() && *new_member == recruit("owner"))
        .times(1)
        .returning(|_, _| Ok(AttachOutcome { user: ann(), created: false }));
    bench
        .directory
        .expect_create()
        .withf(|scope, new| *scope == writes() && *new == newcomer("owner"))
        .times(1)
        .returning(|_, _| Ok(ann()));
    let services = bench.services();
    services.tenant_users.list(&reads, &ListQuery::default()).await.unwrap();
    services.users.list(&reads, &ListQuery::default()).await.unwrap();
    let enlisted =
        services.tenant_users.attach_or_create(&writes(), recruit("owner")).await.unwrap();
    assert!(!enlisted.created);
    services.users.create(&writes(), newcomer("owner")).await.unwrap();
}

#[tokio::test]
async fn what_was_applied_and_what_failed_are_both_told() {
    let ann = ann();
    let mut bench = Bench::finding(&ann);
    bench.directory.expect_change_account().returning(|_, snapshot, _| {
        Ok(AccountUpdate { user: snapshot.clone(), failures: vec![Conflict::EmailTaken] })
    });
    let change = to_address("taken@example.com");
    let applied = bench.services().users.change(&changes(), &ann.id, change).await.unwrap();
    assert_eq!(applied, AccountUpdate { user: ann, failures: vec![Conflict::EmailTaken] });
}
