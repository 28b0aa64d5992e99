//! A panic in a task of the adapter fails that call only.

use std::sync::Arc;
use std::time::Duration;

use auth0_adapter::{Auth0Directory, Tasks};
use conformance::{Caller, ManualClock, acme, catalogue};
use domain::Access;
use ports::{PortError, UserDirectory};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use crate::world::{World, new_user, to_role};

/// Moves the clock out of range, so that it panics; or back, two milliseconds late.
fn toggle_clock(clock: &ManualClock) {
    clock.advance(Duration::from_millis(i64::MAX.unsigned_abs()));
}

#[tokio::test(flavor = "multi_thread")]
async fn panic_fails_only_its_own_call() {
    let world = World::new().await;
    let ann = world.create("ann", "member").await;
    let (clock, writes) = (Arc::new(ManualClock::new()), TaskTracker::new());
    let tasks = Tasks {
        runtime: Handle::current(),
        writes: writes.clone(),
        observer: Arc::new(ports::NoopObserver),
    };
    let directory =
        Auth0Directory::new(world.config.clone(), catalogue(), clock.clone(), tasks).unwrap();
    let scope = Caller::of([acme()]).writes(&acme());
    // More often than failures that open the circuit.
    toggle_clock(&clock);
    for _ in 0..12 {
        let changed = directory.change_membership(&scope, &ann, to_role("admin")).await;
        let Err(PortError::Failed { source }) = changed else { unreachable!("{changed:?}") };
        // The error says that the task failed, without the message of the panic.
        assert_eq!(source.to_string(), "a task panicked or was cancelled");
        let listed = directory.create(&scope, new_user("ben", "member")).await;
        assert!(matches!(listed, Err(PortError::Failed { .. })), "{listed:?}");
    }
    toggle_clock(&clock);
    let changed = directory.change_membership(&scope, &ann, to_role("admin")).await.unwrap();
    assert!(changed.role_in(&acme()).unwrap().allows(Access::Write));
    directory.create(&scope, new_user("cat", "member")).await.unwrap();
    // No write is left in flight.
    writes.close();
    writes.wait().await;
}
