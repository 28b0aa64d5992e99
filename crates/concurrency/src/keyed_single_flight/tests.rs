use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::Semaphore;
use tokio::task::yield_now;

use super::*;

const LONG: Duration = Duration::from_mins(1);

/// Calls that wait for a permit each, and return their number.
#[derive(Default)]
struct Fixture {
    flight: KeyedSingleFlight<&'static str, u32>,
    gate: Arc<Gate>,
}

struct Gate {
    started: AtomicU32,
    permits: Semaphore,
}

impl Default for Gate {
    fn default() -> Self {
        Self { started: AtomicU32::new(0), permits: Semaphore::new(0) }
    }
}

impl Fixture {
    /// Returns whether the call was this task's own, and its number.
    async fn join(&self, key: &'static str) -> (bool, u32) {
        let gate = Arc::clone(&self.gate);
        let call = || async move {
            let number = gate.started.fetch_add(1, Ordering::SeqCst);
            gate.permits.acquire().await.unwrap().forget();
            number
        };
        let flight = self.flight.join(key, LONG, call);
        (flight.is_own(), flight.await)
    }

    fn started(&self) -> u32 {
        self.gate.started.load(Ordering::SeqCst)
    }
}

/// Starts a task that joins, and waits until it does.
async fn spawn(fixture: &Arc<Fixture>, key: &'static str) -> tokio::task::JoinHandle<(bool, u32)> {
    let task = Arc::clone(fixture);
    let handle = tokio::spawn(async move { task.join(key).await });
    yield_now().await;
    handle
}

#[tokio::test]
async fn equal_calls_in_flight_are_one() {
    let fixture = Arc::new(Fixture::default());
    let mut tasks = Vec::new();
    for _ in 0..64 {
        tasks.push(spawn(&fixture, "a").await);
    }
    assert_eq!((fixture.started(), fixture.flight.len()), (1, 1));
    fixture.gate.permits.add_permits(1);
    for (number, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.await.unwrap(), (number == 0, 0));
    }
    assert!(fixture.flight.is_empty());
    fixture.gate.permits.add_permits(1);
    assert_eq!(fixture.join("a").await, (true, 1));
}

#[tokio::test]
async fn calls_with_other_keys_are_separate() {
    let fixture = Arc::new(Fixture::default());
    let (a, b) = (spawn(&fixture, "a").await, spawn(&fixture, "b").await);
    assert_eq!(fixture.started(), 2);
    fixture.gate.permits.add_permits(2);
    assert_eq!(a.await.unwrap(), (true, 0));
    assert_eq!(b.await.unwrap(), (true, 1));
}

#[tokio::test]
async fn cancelled_first_task_leaves_the_call_to_others() {
    let fixture = Arc::new(Fixture::default());
    let first = spawn(&fixture, "a").await;
    let second = spawn(&fixture, "a").await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let third = spawn(&fixture, "a").await;
    fixture.gate.permits.add_permits(1);
    assert_eq!(second.await.unwrap(), (false, 0));
    assert_eq!(third.await.unwrap(), (false, 0));
    assert_eq!(fixture.started(), 1);
    assert!(fixture.flight.is_empty());
}

#[tokio::test]
async fn call_is_dropped_with_its_last_task() {
    let fixture = Arc::new(Fixture::default());
    let (first, second) = (spawn(&fixture, "a").await, spawn(&fixture, "a").await);
    for task in [first, second] {
        assert_eq!(Arc::strong_count(&fixture.gate), 2);
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }
    assert_eq!(Arc::strong_count(&fixture.gate), 1);
    assert!(fixture.flight.is_empty());
}

#[tokio::test]
async fn forgotten_call_is_not_joined() {
    let fixture = Arc::new(Fixture::default());
    let before = spawn(&fixture, "a").await;
    fixture.flight.forget(|key| *key == "b");
    assert_eq!(fixture.flight.len(), 1);
    fixture.flight.forget(|key| *key == "a");
    let after = spawn(&fixture, "a").await;
    assert_eq!(fixture.started(), 2);
    fixture.gate.permits.add_permits(1);
    assert_eq!(before.await.unwrap(), (true, 0));
    // The end of the forgotten call does not end the sharing of the later one.
    let joined = spawn(&fixture, "a").await;
    fixture.gate.permits.add_permits(1);
    assert_eq!(after.await.unwrap(), (true, 1));
    assert_eq!(joined.await.unwrap(), (false, 1));
}

#[tokio::test(start_paused = true)]
async fn old_call_is_not_joined() {
    let fixture = Arc::new(Fixture::default());
    let first = spawn(&fixture, "a").await;
    tokio::time::advance(LONG).await;
    let second = spawn(&fixture, "a").await;
    tokio::time::advance(Duration::from_millis(1)).await;
    let third = spawn(&fixture, "a").await;
    assert_eq!(fixture.started(), 2);
    fixture.gate.permits.add_permits(2);
    assert_eq!(first.await.unwrap(), (true, 0));
    assert_eq!(second.await.unwrap(), (false, 0));
    assert_eq!(third.await.unwrap(), (true, 1));
}
