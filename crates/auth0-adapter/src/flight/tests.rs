use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::sleep_until;

use super::*;

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(1)
}

fn late() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

const OPEN: Failure = Failure::Open { retry_after: Duration::ZERO };

#[tokio::test(start_paused = true)]
async fn a_crowd_fails_together_and_the_next_one_tries_again() {
    let (flight, fetches) = (Flight::default(), AtomicU32::new(0));
    let join = || {
        flight.join(late(), || None::<()>, async {
            fetches.fetch_add(1, Ordering::Relaxed);
            sleep_until(soon()).await;
            Err(OPEN)
        })
    };
    let (a, b, c) = tokio::join!(join(), join(), join());
    assert!(a.is_err() && b.is_err() && c.is_err());
    assert_eq!(fetches.load(Ordering::Relaxed), 1);
    tokio::time::advance(Duration::from_millis(1)).await;
    join().await.unwrap_err();
    assert_eq!(fetches.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn the_short_deadline_of_one_is_not_the_failure_of_all() {
    let (flight, fetches) = (Flight::default(), AtomicU32::new(0));
    let join = |failure: Failure| {
        let fetches = &fetches;
        flight.join(late(), || None::<()>, async move {
            fetches.fetch_add(1, Ordering::Relaxed);
            sleep_until(soon()).await;
            Err(failure)
        })
    };
    let _ = tokio::join!(join(Failure::TimedOut { cut_short: true }), join(OPEN));
    assert_eq!(fetches.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_past_the_deadline() {
    let flight = Flight::default();
    let slow = flight.join(late(), || None::<()>, async {
        sleep_until(late()).await;
        Ok(())
    });
    let hasty = flight.join(soon(), || None::<()>, async { Ok(()) });
    let start = Instant::now();
    let hasty = async {
        let outcome = hasty.await;
        (outcome, start.elapsed())
    };
    let (slow, (hasty, waited)) = tokio::join!(slow, hasty);
    assert!(slow.is_ok() && matches!(hasty, Err(Failure::NoTime)));
    assert_eq!(waited, Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn who_goes_away_leaves_the_turn_to_the_next() {
    let flight = Flight::default();
    let gone = flight.join(late(), || None::<()>, std::future::pending());
    assert!(timeout_at(soon(), gone).await.is_err());
    flight.join(late(), || None::<()>, async { Ok(()) }).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_failure_can_hold_for_a_while() {
    let flight = Flight::remembering(Duration::from_secs(1));
    let fetches = AtomicU32::new(0);
    let join = || {
        flight.join(late(), || None::<()>, async {
            fetches.fetch_add(1, Ordering::Relaxed);
            Err(OPEN)
        })
    };
    for (after, expected) in [(0, 1), (1000, 1), (1, 2), (999, 2)] {
        tokio::time::advance(Duration::from_millis(after)).await;
        join().await.unwrap_err();
        assert_eq!(fetches.load(Ordering::Relaxed), expected, "{after}");
    }
}
