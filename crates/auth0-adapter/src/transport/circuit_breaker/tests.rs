use super::*;

const MILLI: Duration = Duration::from_millis(1);

fn breaker() -> Breaker {
    let (open, max_open) = (Duration::from_secs(1), Duration::from_secs(3));
    of(CircuitConfig { failures: 3, span: Duration::ZERO, open, max_open })
}

fn of(config: CircuitConfig) -> Breaker {
    Breaker::new(Kind::Read, config, Arc::new(ports::NoopObserver))
}

fn send(breaker: &Breaker, health: Health) {
    breaker.admit().unwrap().settle(health);
}

fn fail(breaker: &Breaker, times: u32) {
    for _ in 0..times {
        send(breaker, Health::Failing);
    }
}

#[tokio::test(start_paused = true)]
async fn failures_in_a_row_open_it_for_a_while() {
    let breaker = breaker();
    fail(&breaker, 2);
    assert_eq!(breaker.open_for(), None);
    fail(&breaker, 1);
    assert_eq!(breaker.admit().unwrap_err(), Duration::from_secs(1));
    assert_eq!(breaker.open_for(), Some(Duration::from_secs(1)));
    tokio::time::advance(Duration::from_millis(999)).await;
    assert_eq!(breaker.admit().unwrap_err(), MILLI);
    tokio::time::advance(MILLI).await;
    assert_eq!(breaker.open_for(), None);
    assert!(breaker.admit().is_ok());
}

#[tokio::test(start_paused = true)]
async fn one_success_makes_failures_forgotten() {
    let breaker = breaker();
    for _ in 0..5 {
        fail(&breaker, 2);
        send(&breaker, Health::Well);
    }
    fail(&breaker, 2);
    send(&breaker, Health::Unknown);
    assert!(breaker.is_closed());
    fail(&breaker, 1);
    assert!(!breaker.is_closed());
}

#[tokio::test(start_paused = true)]
async fn one_trial_at_a_time_decides() {
    let breaker = breaker();
    fail(&breaker, 3);
    tokio::time::advance(Duration::from_secs(1)).await;
    let trial = breaker.admit().unwrap();
    assert!(breaker.admit().is_err());
    assert!(!breaker.is_closed());
    trial.settle(Health::Well);
    assert!(breaker.is_closed());
    fail(&breaker, 2);
    assert!(breaker.is_closed());
}

#[tokio::test(start_paused = true)]
async fn each_trial_that_fails_doubles_the_time_up_to_a_bound() {
    let breaker = breaker();
    fail(&breaker, 3);
    for seconds in [1, 2, 3, 3] {
        assert_eq!(breaker.open_for(), Some(Duration::from_secs(seconds)));
        tokio::time::advance(Duration::from_secs(seconds)).await;
        fail(&breaker, 1);
    }
    tokio::time::advance(Duration::from_secs(3)).await;
    send(&breaker, Health::Well);
    fail(&breaker, 3);
    assert_eq!(breaker.open_for(), Some(Duration::from_secs(1)));
}

#[tokio::test(start_paused = true)]
async fn a_trial_whose_caller_goes_away_makes_room_for_the_next() {
    let breaker = breaker();
    fail(&breaker, 3);
    tokio::time::advance(Duration::from_secs(1)).await;
    drop(breaker.admit().unwrap());
    assert!(breaker.admit().is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_began_before_says_nothing_about_now() {
    let breaker = breaker();
    let (slow, slower) = (breaker.admit().unwrap(), breaker.admit().unwrap());
    fail(&breaker, 3);
    slow.settle(Health::Well);
    assert!(breaker.admit().is_err());
    tokio::time::advance(Duration::from_secs(1)).await;
    let trial = breaker.admit().unwrap();
    slower.settle(Health::Failing);
    trial.settle(Health::Well);
    assert!(breaker.is_closed());
}

#[tokio::test(start_paused = true)]
async fn what_breaks_in_one_moment_does_not_open_it() {
    let span = Duration::from_millis(200);
    let (failures, open, max_open) = (3, Duration::from_secs(1), Duration::from_secs(3));
    let breaker = of(CircuitConfig { failures, span, open, max_open });
    fail(&breaker, 20);
    tokio::time::advance(Duration::from_millis(199)).await;
    fail(&breaker, 1);
    assert!(breaker.is_closed());
    // What goes on failing does, and what fails after a success begins anew.
    send(&breaker, Health::Well);
    tokio::time::advance(MILLI).await;
    fail(&breaker, 20);
    assert!(breaker.is_closed());
    tokio::time::advance(span).await;
    fail(&breaker, 1);
    assert!(!breaker.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_few_failures_do_not_open_it_however_long_they_take() {
    let span = Duration::from_millis(200);
    let (failures, open, max_open) = (3, Duration::from_secs(1), Duration::from_secs(3));
    let breaker = of(CircuitConfig { failures, span, open, max_open });
    fail(&breaker, 1);
    tokio::time::advance(Duration::from_mins(1)).await;
    fail(&breaker, 1);
    assert!(breaker.is_closed());
}
