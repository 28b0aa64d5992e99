//! A panic in a task of the adapter is a failed call, and the next one goes through.

use std::sync::Arc;
use std::time::Duration;

use auth0_adapter::{Auth0Directory, Tasks};
use conformance::{Caller, ManualClock, acme, catalogue};
use domain::Access;
use ports::{PortError, UserDirectory};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use crate::world::{World, newcomer, to_role};

/// Breaks the clock, which then panics; or mends it, two milliseconds late.
fn turn(clock: &ManualClock) {
    clock.advance(Duration::from_millis(i64::MAX.unsigned_abs()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_task_fails_the_call_and_holds_up_nobody_after_it() {
    let world = World::new().await;
    let ann = world.create("ann", "member").await;
    let (clock, writes) = (Arc::new(ManualClock::new()), TaskTracker::new());
    let tasks = Tasks {
        runtime: Handle::current(),
        writes: writes.clone(),
        watch: Arc::new(ports::NoopObserver),
    };
    let directory =
        Auth0Directory::new(world.config.clone(), catalogue(), clock.clone(), tasks).unwrap();
    let scope = Caller::of([acme()]).writes(&acme());
    // More often than failures open the circuit.
    turn(&clock);
    for _ in 0..12 {
        let changed = directory.change_membership(&scope, &ann, to_role("admin")).await;
        let Err(PortError::Failed { source }) = changed else { unreachable!("{changed:?}") };
        // It says that something was given up, and nothing of what the panic said.
        assert_eq!(source.to_string(), "a task did not come to its end");
        let listed = directory.create(&scope, newcomer("ben", "member")).await;
        assert!(matches!(listed, Err(PortError::Failed { .. })), "{listed:?}");
    }
    turn(&clock);
    let changed = directory.change_membership(&scope, &ann, to_role("admin")).await.unwrap();
    assert!(changed.role_in(&acme()).unwrap().allows(Access::Write));
    directory.create(&scope, newcomer("cat", "member")).await.unwrap();
    // Nothing is left under way.
    writes.close();
    writes.wait().await;
}
