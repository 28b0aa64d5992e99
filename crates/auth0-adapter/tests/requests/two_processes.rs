//! Two processes on one Auth0: what the second look after a change finds, and how often races are
//! lost at a latency of 50 ms.

use std::sync::Arc;

use auth0_adapter::Auth0Directory;
use auth0_sim::{Fault, FaultKind};
use conformance::{Caller, acme, catalogue};
use domain::{MembershipChange, TenantScope, User, UserId};
use ports::{Conflict, PortError, PortResult, UserDirectory};
use serde_json::{Value, json};

use crate::world::{DELETE, GET, PATCH, World, account, new_member, to_role};

fn writes() -> TenantScope {
    Caller::of([acme()]).writes(&acme())
}

fn renamed() -> MembershipChange {
    MembershipChange { role: None, name: Some("Ada A.".parse().unwrap()) }
}

/// Holds the next request to the route.
fn hold_next(world: &World, route: &str) {
    let route = Some(route.to_owned());
    world.control().add_fault(Fault { route, skip: 0, times: Some(1), kind: FaultKind::Hold });
}

/// A stand-in with two directories, and two owners of acme.
struct Race {
    world: World,
    other: Auth0Directory,
    ada: User,
    bob: User,
}

impl Race {
    async fn new() -> Self {
        let world = World::new().await;
        let other = world.another_directory(catalogue());
        let seed = |name| {
            let mut owner = account(name, [("acme", "owner")]);
            owner["app_metadata"]["usher"] = json!({ "home": "acme" });
            world.seed(owner)
        };
        let (ada, bob) = (seed("ada"), seed("bob"));
        let (ada, bob) = (world.find(&ada).await.unwrap(), world.find(&bob).await.unwrap());
        world.take_calls();
        Self { world, other, ada, bob }
    }

    /// Runs a change of the first directory, whose next request to the route is held while
    /// `meanwhile` runs.
    async fn held<T: Send + 'static>(
        &self,
        route: &str,
        change: impl Future<Output = PortResult<T>> + Send + 'static,
        meanwhile: impl Future<Output = ()>,
    ) -> PortResult<T> {
        hold_next(&self.world, route);
        let calls = self.world.control().calls().get(route).copied().unwrap_or_default();
        let changing = tokio::spawn(change);
        self.world.control().wait_for_calls(route, calls + 1).await;
        meanwhile.await;
        self.world.control().release_held();
        changing.await.unwrap()
    }

    fn directory(&self) -> Arc<Auth0Directory> {
        Arc::clone(&self.world.directory)
    }

    async fn role_of(&self, id: &UserId) -> Option<String> {
        let user = self.world.find(id).await?;
        user.role_in(&acme()).map(|role| role.name().to_string())
    }
}

fn assert_last<T: std::fmt::Debug>(result: &PortResult<T>) {
    assert!(
        matches!(result, Err(PortError::Conflict(Conflict::LastProtectedRoleHolder(_)))),
        "{result:?}"
    );
}

#[tokio::test]
async fn last_owners_removed_by_two_processes_leave_one() {
    let race = Race::new().await;
    let (directory, ada) = (race.directory(), race.ada.clone());
    let detaching = async move { directory.detach(&writes(), &ada).await };
    let result = race
        .held(PATCH, detaching, async {
            race.other.detach(&writes(), &race.bob).await.unwrap();
        })
        .await;
    // Bob was an owner when that was checked, and is none after the change.
    assert_last(&result);
    assert_eq!(race.role_of(&race.ada.id).await.as_deref(), Some("owner"));
    assert_eq!(race.role_of(&race.bob.id).await, None);
}

#[tokio::test]
async fn last_owners_demoted_by_two_processes_leave_one() {
    let race = Race::new().await;
    let (directory, ada) = (race.directory(), race.ada.clone());
    let demoting =
        async move { directory.change_membership(&writes(), &ada, to_role("member")).await };
    let result = race
        .held(PATCH, demoting, async {
            race.other.change_membership(&writes(), &race.bob, to_role("admin")).await.unwrap();
        })
        .await;
    assert_last(&result);
    assert_eq!(race.role_of(&race.ada.id).await.as_deref(), Some("owner"));
}

#[tokio::test]
async fn last_owner_is_not_deleted_beside_another_process() {
    let race = Race::new().await;
    let (directory, ada) = (race.directory(), race.ada.clone());
    let deleting = async move { directory.delete(&Caller::of([acme()]).changes(), &ada).await };
    let result = race
        .held(PATCH, deleting, async {
            race.other.detach(&writes(), &race.bob).await.unwrap();
        })
        .await;
    assert_last(&result);
    assert_eq!(race.role_of(&race.ada.id).await.as_deref(), Some("owner"));
    assert_eq!(race.world.take_calls().get(DELETE), None);
}

#[tokio::test]
async fn detachment_undone_by_another_process_is_repeated() {
    let race = Race::new().await;
    let older = race.world.seed(account("cy", [("acme", "member")]));
    let newer = race.world.seed(account("guest", []));
    let attached = new_member("guest", "member");
    race.world.directory.attach_or_create(&writes(), attached).await.unwrap();
    for id in [older, newer] {
        let seen = race.world.find(&id).await.unwrap();
        let (directory, stale) = (race.directory(), seen.clone());
        let detaching = async move { directory.detach(&writes(), &seen).await };
        // The other process has read the account before the detachment, and writes after it.
        let result = race
            .held(GET, detaching, async {
                let scope = writes();
                let changing = race.other.change_membership(&scope, &stale, to_role("viewer"));
                assert!(changing.await.unwrap().memberships.contains_key(&acme()));
            })
            .await;
        result.unwrap();
        assert_eq!(race.role_of(&id).await, None);
    }
}

#[tokio::test]
async fn membership_of_a_later_attaching_is_not_removed() {
    let race = Race::new().await;
    let member = race.world.seed(account("cy", [("acme", "member")]));
    let cy = race.world.find(&member).await.unwrap();
    let (directory, seen) = (race.directory(), cy.clone());
    let detaching = async move { directory.detach(&writes(), &seen).await };
    // The look after the change sees that another process has attached the account anew.
    let result = race
        .held(GET, detaching, async {
            let anew = new_member("cy", "viewer");
            race.other.attach_or_create(&writes(), anew).await.unwrap();
        })
        .await;
    result.unwrap();
    assert_eq!(race.role_of(&member).await.as_deref(), Some("viewer"));
}

#[tokio::test]
async fn failed_second_look_does_not_fail_a_detachment() {
    let race = Race::new().await;
    let member = race.world.seed(account("cy", [("acme", "member")]));
    let cy = race.world.find(&member).await.unwrap();
    let kind = FaultKind::Status { status: 400, retry_after: None };
    let route = Some(GET.to_owned());
    race.world.control().add_fault(Fault { route, skip: 0, times: None, kind });
    race.world.directory.detach(&writes(), &cy).await.unwrap();
    race.world.control().clear_faults();
    assert_eq!(race.role_of(&member).await, None);
}

#[tokio::test]
async fn rename_by_another_process_restores_nothing() {
    let race = Race::new().await;
    let seen = {
        let id = race.world.seed(account("guest", []));
        let scope = writes();
        let attached = race.world.directory.attach_or_create(&scope, new_member("guest", "admin"));
        assert_eq!(attached.await.unwrap().user.id, id);
        race.world.find(&id).await.unwrap()
    };
    race.world.directory.change_membership(&writes(), &seen, to_role("member")).await.unwrap();
    race.other.change_membership(&writes(), &seen, renamed()).await.unwrap();
    assert_eq!(race.role_of(&seen.id).await.as_deref(), Some("member"));
    race.world.directory.detach(&writes(), &seen).await.unwrap();
    let again = MembershipChange { role: None, name: Some("Ada B.".parse().unwrap()) };
    let late = race.other.change_membership(&writes(), &seen, again).await;
    assert!(matches!(late, Err(PortError::NotFound)), "{late:?}");
    assert_eq!(race.role_of(&seen.id).await, None);
    let metadata: Value = race.world.control().user(seen.id.as_str()).unwrap();
    assert_eq!(metadata["app_metadata"].get("usher_tenant_acme"), None);
}

const ROUNDS: usize = 40;

impl Race {
    /// Adds a member, gives both processes a token, and delays every call by 50 ms.
    async fn with_guest() -> (Self, UserId) {
        let race = Self::new().await;
        let id = race.world.seed(account("guest", []));
        let attached = new_member("guest", "member");
        race.world.directory.attach_or_create(&writes(), attached).await.unwrap();
        race.find_elsewhere(&id).await;
        race.world.control().update_switches(|switches| switches.latency_millis = 50);
        (race, id)
    }

    async fn find_elsewhere(&self, id: &UserId) -> User {
        let found = self.other.find(&Caller::operator().views(), id).await.unwrap();
        Arc::unwrap_or_clone(found.unwrap())
    }

    /// Detaches the guest here and changes it there at once. Returns whether it is still attached.
    async fn is_undone_by(&self, id: &UserId, change: MembershipChange) -> bool {
        let (here, _) = tokio::join!(
            async {
                let seen = self.world.find(id).await.unwrap();
                self.world.directory.detach(&writes(), &seen).await
            },
            async {
                let seen = self.find_elsewhere(id).await;
                self.other.change_membership(&writes(), &seen, change).await
            },
        );
        here.unwrap();
        self.role_of(id).await.is_some()
    }
}

/// Measures how many races two processes lose at a latency of 50 ms; `docs/security.md` has the
/// numbers.
///
/// `cargo test -p auth0-adapter --test directory -- --ignored --nocapture races_at_50_ms`
#[tokio::test]
#[ignore = "a measurement, which takes about a minute"]
#[expect(clippy::print_stdout, reason = "it prints what it has measured")]
async fn races_at_50_ms() {
    let (mut by_rename, mut by_role) = (0, 0);
    for _ in 0..ROUNDS {
        let (race, id) = Race::with_guest().await;
        by_rename += usize::from(race.is_undone_by(&id, renamed()).await);
        let (race, id) = Race::with_guest().await;
        by_role += usize::from(race.is_undone_by(&id, to_role("viewer")).await);
    }
    let (mut lost, mut both_refused) = (0, 0);
    for _ in 0..ROUNDS {
        let (race, _) = Race::with_guest().await;
        let scope = writes();
        let (here, there) = tokio::join!(
            race.world.directory.detach(&scope, &race.ada),
            race.other.detach(&scope, &race.bob),
        );
        both_refused += usize::from(here.is_err() && there.is_err());
        let owners = [race.role_of(&race.ada.id).await, race.role_of(&race.bob.id).await];
        lost += usize::from(owners.iter().all(Option::is_none));
    }
    println!(
        "of {ROUNDS}: {by_rename} detachments undone by a rename, {by_role} by a change of role; \
         {lost} tenants without an owner, {both_refused} with both detachments refused"
    );
    assert_eq!((by_rename, lost), (0, 0));
}
