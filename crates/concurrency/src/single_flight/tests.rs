use std::cell::Cell;
use std::time::Duration;

use tokio::time::sleep_until;

use super::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RequestError {
    Shared,
    OwnDeadline,
}

fn single_flight() -> SingleFlight<RequestError> {
    SingleFlight::new(|failure| *failure == RequestError::Shared)
}

fn in_a_second() -> Instant {
    Instant::now() + Duration::from_secs(1)
}

fn in_a_minute() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

#[tokio::test(start_paused = true)]
async fn waiters_share_a_failure_and_later_tasks_retry() {
    let (flight, fetches) = (single_flight(), Cell::new(0));
    let join = || {
        flight.join(in_a_minute(), || None::<()>, async {
            fetches.set(fetches.get() + 1);
            sleep_until(in_a_second()).await;
            Err(RequestError::Shared)
        })
    };
    let (a, b, c) = tokio::join!(join(), join(), join());
    for outcome in [a, b, c] {
        assert_eq!(outcome, Err(JoinError::Failed(RequestError::Shared)));
    }
    assert_eq!(fetches.get(), 1);
    tokio::time::advance(Duration::from_millis(1)).await;
    join().await.unwrap_err();
    assert_eq!(fetches.get(), 2);
}

#[tokio::test(start_paused = true)]
async fn waiters_take_the_cached_value() {
    let (flight, cache) = (single_flight(), Cell::new(None));
    let join = |value| {
        let cache = &cache;
        flight.join(in_a_minute(), || cache.get(), async move {
            sleep_until(in_a_second()).await;
            cache.set(Some(value));
            Ok(value)
        })
    };
    assert_eq!(tokio::join!(join(1), join(2), join(3)), (Ok(1), Ok(1), Ok(1)));
}

#[tokio::test(start_paused = true)]
async fn unshared_failure_makes_the_next_waiter_fetch() {
    let (flight, fetches) = (single_flight(), Cell::new(0));
    let join = |failure: RequestError| {
        let fetches = &fetches;
        flight.join(in_a_minute(), || None::<()>, async move {
            fetches.set(fetches.get() + 1);
            sleep_until(in_a_second()).await;
            Err(failure)
        })
    };
    let outcomes = tokio::join!(join(RequestError::OwnDeadline), join(RequestError::Shared));
    assert_eq!(outcomes.0, Err(JoinError::Failed(RequestError::OwnDeadline)));
    assert_eq!(outcomes.1, Err(JoinError::Failed(RequestError::Shared)));
    assert_eq!(fetches.get(), 2);
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_at_the_deadline() {
    let flight = single_flight();
    let slow = flight.join(in_a_minute(), || None::<()>, async {
        sleep_until(in_a_minute()).await;
        Ok(())
    });
    let hasty = flight.join(in_a_second(), || None::<()>, async { Ok(()) });
    let start = Instant::now();
    let hasty = async {
        let outcome = hasty.await;
        (outcome, start.elapsed())
    };
    let (slow, (hasty, waited)) = tokio::join!(slow, hasty);
    assert_eq!((slow, hasty), (Ok(()), Err(JoinError::DeadlineExceeded)));
    assert_eq!(waited, Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn cancelled_fetch_lets_the_next_waiter_fetch() {
    let flight = single_flight();
    let cancelled = flight.join(in_a_minute(), || None::<()>, std::future::pending());
    let next = flight.join(in_a_minute(), || None::<()>, async { Ok(()) });
    let (cancelled, next) = tokio::join!(timeout_at(in_a_second(), cancelled), next);
    assert!(cancelled.is_err());
    assert_eq!(next, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn failure_is_shared_until_its_ttl_ends() {
    let flight = single_flight().with_failure_ttl(Duration::from_secs(1));
    let fetches = Cell::new(0);
    let join = || {
        flight.join(in_a_minute(), || None::<()>, async {
            fetches.set(fetches.get() + 1);
            Err(RequestError::Shared)
        })
    };
    for (after, expected) in [(0, 1), (1000, 1), (1, 2), (999, 2)] {
        tokio::time::advance(Duration::from_millis(after)).await;
        join().await.unwrap_err();
        assert_eq!(fetches.get(), expected, "{after}");
    }
}
