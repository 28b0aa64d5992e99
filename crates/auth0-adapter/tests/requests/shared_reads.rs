//! Equal reads in flight share one call.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use auth0_sim::{Fault, FaultKind};
use conformance::{Caller, acme, globex};
use domain::{ListQuery, Page, PageRequest, Sort, TenantId, User, UserId};
use ports::{CallContext, PortError, PortResult, QuotaOwner, UserDirectory};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::world::{GET, SEARCH, World, account, calls, to_role};

type Found = PortResult<Option<Arc<User>>>;

/// Lets the stand-in hold responses to the route, or requests to it, until they are released.
fn hold(world: &World, route: &str, times: u64, kind: FaultKind) {
    let route = Some(route.to_owned());
    world.control().add_fault(Fault { route, skip: 0, times: Some(times), kind });
}

/// A world with this account, whose directory has a token.
async fn world_with(name: &str, tenants: &[TenantId]) -> (World, UserId) {
    let world = World::new().await;
    let mut user = account(name, []);
    for tenant in tenants {
        user["app_metadata"][format!("usher_tenant_{tenant}")] =
            serde_json::json!({ "role": "member" });
    }
    let id = world.seed(user);
    world.find(&id).await.unwrap();
    world.take_calls();
    (world, id)
}

/// Starts a look-up by a caller of the tenant, as a part of the call if there is one.
fn spawn_find(
    world: &World,
    tenant: TenantId,
    id: &UserId,
    call: Option<CallContext>,
) -> JoinHandle<Found> {
    let (directory, id) = (Arc::clone(&world.directory), id.clone());
    let find = async move { directory.find(&Caller::of([tenant]).views(), &id).await };
    tokio::spawn(async move {
        match call {
            Some(call) => call.scope(find).await,
            None => find.await,
        }
    })
}

/// Lets tasks that were spawned before run until they wait.
async fn settle() {
    tokio::task::yield_now().await;
}

fn call_of(owner: QuotaOwner) -> CallContext {
    let call = CallContext::new("shared".into(), Instant::now() + Duration::from_mins(1));
    call.set_quota_owner(owner);
    call
}

#[tokio::test]
async fn equal_lookups_in_flight_are_one_call() {
    let (world, id) = world_with("ada", &[acme()]).await;
    hold(&world, GET, 1, FaultKind::Hold);
    let contexts: Vec<_> = (0..64).map(|_| call_of(QuotaOwner::Tenant(acme()))).collect();
    let tasks: Vec<_> =
        contexts.iter().map(|call| spawn_find(&world, acme(), &id, Some(call.clone()))).collect();
    world.control().wait_for_calls(GET, 1).await;
    world.control().release_held();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap().unwrap().id, id);
    }
    assert_eq!(world.take_calls(), calls([(GET, 1)]));
    // It counts for the call that made it.
    assert_eq!(contexts.iter().map(CallContext::upstream_calls).sum::<u32>(), 1);
    assert!(world.find(&id).await.is_some());
    assert_eq!(world.take_calls(), calls([(GET, 1)]));
}

#[tokio::test]
async fn shared_lookup_shows_each_scope_its_own() {
    let (world, id) = world_with("ada", &[acme()]).await;
    hold(&world, GET, 1, FaultKind::Hold);
    let seen = spawn_find(&world, acme(), &id, None);
    let hidden = spawn_find(&world, globex(), &id, None);
    world.control().wait_for_calls(GET, 1).await;
    world.control().release_held();
    assert!(seen.await.unwrap().unwrap().is_some());
    assert!(hidden.await.unwrap().unwrap().is_none());
    assert_eq!(world.take_calls(), calls([(GET, 1)]));
}

#[tokio::test]
async fn quota_owners_share_no_lookup() {
    let (world, id) = world_with("ada", &[acme(), globex()]).await;
    hold(&world, GET, 2, FaultKind::Hold);
    let [one, other] = [acme(), globex()].map(|tenant| {
        let call = call_of(QuotaOwner::Tenant(tenant.clone()));
        spawn_find(&world, tenant, &id, Some(call))
    });
    world.control().wait_for_calls(GET, 2).await;
    world.control().release_held();
    for task in [one, other] {
        assert!(task.await.unwrap().unwrap().is_some());
    }
}

#[tokio::test]
async fn lookup_after_a_write_joins_no_earlier_one() {
    let (world, id) = world_with("ada", &[acme()]).await;
    let seen = world.find(&id).await.unwrap();
    hold(&world, GET, 1, FaultKind::HoldAfter);
    let before = spawn_find(&world, acme(), &id, None);
    world.control().wait_for_calls(GET, 2).await;
    let writes = Caller::of([acme()]).writes(&acme());
    world.directory.change_membership(&writes, &seen, to_role("viewer")).await.unwrap();
    let role = |found: Found| {
        let found = found.unwrap().unwrap();
        found.role_in(&acme()).unwrap().name().to_string()
    };
    let after = world.directory.find(&Caller::of([acme()]).views(), &id).await;
    assert_eq!(role(after), "viewer");
    world.control().release_held();
    assert_eq!(role(before.await.unwrap()), "member");
}

#[tokio::test]
async fn lookup_after_a_deletion_joins_no_earlier_one() {
    let (world, id) = world_with("ada", &[acme()]).await;
    let seen = world.find(&id).await.unwrap();
    hold(&world, GET, 1, FaultKind::HoldAfter);
    let before = spawn_find(&world, acme(), &id, None);
    world.control().wait_for_calls(GET, 2).await;
    let changes = Caller::operator().changes();
    world.directory.delete(&changes, &seen).await.unwrap();
    assert!(world.find(&id).await.is_none());
    world.control().release_held();
    assert!(before.await.unwrap().unwrap().is_some());
}

#[tokio::test]
async fn cancelled_lookup_leaves_its_call_to_others() {
    let (world, id) = world_with("ada", &[acme()]).await;
    hold(&world, GET, 1, FaultKind::Hold);
    let first = spawn_find(&world, acme(), &id, None);
    world.control().wait_for_calls(GET, 1).await;
    let second = spawn_find(&world, acme(), &id, None);
    settle().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    world.control().release_held();
    assert_eq!(second.await.unwrap().unwrap().unwrap().id, id);
    assert_eq!(world.take_calls(), calls([(GET, 1)]));
}

#[tokio::test]
async fn joined_lookup_ends_at_its_own_deadline() {
    let (world, id) = world_with("ada", &[acme()]).await;
    hold(&world, GET, 1, FaultKind::Hold);
    let first = spawn_find(&world, acme(), &id, None);
    world.control().wait_for_calls(GET, 1).await;
    let hurried = CallContext::new("hurried".into(), Instant::now() + Duration::from_millis(20));
    let second = spawn_find(&world, acme(), &id, Some(hurried)).await.unwrap();
    assert!(matches!(second, Err(PortError::Timeout)), "{second:?}");
    world.control().release_held();
    assert!(first.await.unwrap().unwrap().is_some());
}

#[tokio::test]
async fn hurried_lookup_does_not_fail_those_that_joined_it() {
    let (world, id) = world_with("ada", &[acme()]).await;
    hold(&world, GET, 1, FaultKind::Hold);
    let hurried = CallContext::new("hurried".into(), Instant::now() + Duration::from_millis(50));
    let first = spawn_find(&world, acme(), &id, Some(hurried));
    world.control().wait_for_calls(GET, 1).await;
    let second = spawn_find(&world, acme(), &id, None);
    assert!(first.await.unwrap().is_err());
    assert_eq!(second.await.unwrap().unwrap().unwrap().id, id);
}

#[tokio::test]
async fn failure_is_shared() {
    let (world, id) = world_with("ada", &[acme()]).await;
    let kind = FaultKind::Status { status: 400, retry_after: None };
    let route = Some(GET.to_owned());
    world.control().add_fault(Fault { route, skip: 0, times: None, kind });
    let tasks: Vec<_> = (0..8).map(|_| spawn_find(&world, acme(), &id, None)).collect();
    for task in tasks {
        let found = task.await.unwrap();
        assert!(matches!(found, Err(PortError::Failed { .. })), "{found:?}");
    }
    assert_eq!(world.take_calls(), calls([(GET, 1)]));
}

#[tokio::test]
async fn equal_pages_in_flight_are_one_call() {
    let (world, _) = world_with("ada", &[acme()]).await;
    hold(&world, SEARCH, 1, FaultKind::Hold);
    let window = PageRequest { number: 0, size: NonZeroU32::new(20).unwrap() };
    let spawn = |tenant: TenantId| {
        let directory = Arc::clone(&world.directory);
        let reads = Caller::of([tenant.clone()]).reads(&tenant);
        let list = async move { directory.list_page(&reads, Sort::default(), window).await };
        tokio::spawn(call_of(QuotaOwner::Tenant(tenant)).scope(list))
    };
    let tasks: Vec<JoinHandle<PortResult<Page>>> = (0..16).map(|_| spawn(acme())).collect();
    let other = spawn(globex());
    world.control().wait_for_calls(SEARCH, 2).await;
    world.control().release_held();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap().total, 1);
    }
    assert_eq!(other.await.unwrap().unwrap().total, 0);
    assert_eq!(world.take_calls(), calls([(SEARCH, 2)]));
}

#[tokio::test]
async fn page_after_a_write_joins_no_earlier_one() {
    let (world, id) = world_with("ada", &[acme()]).await;
    let seen = world.find(&id).await.unwrap();
    hold(&world, SEARCH, 1, FaultKind::HoldAfter);
    let directory = Arc::clone(&world.directory);
    let listing = async move {
        let reads = Caller::of([acme()]).reads(&acme());
        directory.list_all(&reads, Sort::default()).await.map(|list| list.total())
    };
    let before = tokio::spawn(listing);
    world.control().wait_for_calls(SEARCH, 1).await;
    let writes = Caller::of([acme()]).writes(&acme());
    world.directory.detach(&writes, &seen).await.unwrap();
    assert_eq!(world.list(&acme(), ListQuery::default()).await.total, 0);
    world.control().release_held();
    assert_eq!(before.await.unwrap().unwrap(), 1);
}
