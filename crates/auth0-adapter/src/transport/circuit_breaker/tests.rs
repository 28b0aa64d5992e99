use super::*;

const MILLI: Duration = Duration::from_millis(1);

fn breaker() -> CircuitBreaker {
    let (open_duration, max_open_duration) = (Duration::from_secs(1), Duration::from_secs(3));
    of(CircuitBreakerConfig {
        failure_threshold: 3,
        min_failure_span: Duration::ZERO,
        open_duration,
        max_open_duration,
    })
}

fn of(config: CircuitBreakerConfig) -> CircuitBreaker {
    CircuitBreaker::new(CallKind::Read, config, Arc::new(ports::NoopObserver))
}

fn send(breaker: &CircuitBreaker, health: Health) {
    breaker.admit().unwrap().settle(health);
}

fn fail(breaker: &CircuitBreaker, times: u32) {
    for _ in 0..times {
        send(breaker, Health::Failing);
    }
}

#[tokio::test(start_paused = true)]
async fn consecutive_failures_open_the_circuit() {
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
async fn success_resets_the_failure_count() {
    let breaker = breaker();
    for _ in 0..5 {
        fail(&breaker, 2);
        send(&breaker, Health::Healthy);
    }
    fail(&breaker, 2);
    send(&breaker, Health::Unknown);
    assert!(breaker.is_closed());
    fail(&breaker, 1);
    assert!(!breaker.is_closed());
}

#[tokio::test(start_paused = true)]
async fn half_open_circuit_admits_one_trial() {
    let breaker = breaker();
    fail(&breaker, 3);
    tokio::time::advance(Duration::from_secs(1)).await;
    let trial = breaker.admit().unwrap();
    assert!(breaker.admit().is_err());
    assert!(!breaker.is_closed());
    trial.settle(Health::Healthy);
    assert!(breaker.is_closed());
    fail(&breaker, 2);
    assert!(breaker.is_closed());
}

#[tokio::test(start_paused = true)]
async fn failed_trials_double_the_open_time() {
    let breaker = breaker();
    fail(&breaker, 3);
    for seconds in [1, 2, 3, 3] {
        assert_eq!(breaker.open_for(), Some(Duration::from_secs(seconds)));
        tokio::time::advance(Duration::from_secs(seconds)).await;
        fail(&breaker, 1);
    }
    tokio::time::advance(Duration::from_secs(3)).await;
    send(&breaker, Health::Healthy);
    fail(&breaker, 3);
    assert_eq!(breaker.open_for(), Some(Duration::from_secs(1)));
}

#[tokio::test(start_paused = true)]
async fn cancelled_trial_admits_the_next() {
    let breaker = breaker();
    fail(&breaker, 3);
    tokio::time::advance(Duration::from_secs(1)).await;
    drop(breaker.admit().unwrap());
    assert!(breaker.admit().is_ok());
}

#[tokio::test(start_paused = true)]
async fn results_of_an_earlier_phase_are_ignored() {
    let breaker = breaker();
    let (slow, slower) = (breaker.admit().unwrap(), breaker.admit().unwrap());
    fail(&breaker, 3);
    slow.settle(Health::Healthy);
    assert!(breaker.admit().is_err());
    tokio::time::advance(Duration::from_secs(1)).await;
    let trial = breaker.admit().unwrap();
    slower.settle(Health::Failing);
    trial.settle(Health::Healthy);
    assert!(breaker.is_closed());
}

#[tokio::test(start_paused = true)]
async fn simultaneous_failures_do_not_open_the_circuit() {
    let span = Duration::from_millis(200);
    let breaker = of(CircuitBreakerConfig {
        failure_threshold: 3,
        min_failure_span: span,
        open_duration: Duration::from_secs(1),
        max_open_duration: Duration::from_secs(3),
    });
    fail(&breaker, 20);
    tokio::time::advance(Duration::from_millis(199)).await;
    fail(&breaker, 1);
    assert!(breaker.is_closed());
    // What goes on failing does, and what fails after a success begins anew.
    send(&breaker, Health::Healthy);
    tokio::time::advance(MILLI).await;
    fail(&breaker, 20);
    assert!(breaker.is_closed());
    tokio::time::advance(span).await;
    fail(&breaker, 1);
    assert!(!breaker.is_closed());
}

#[tokio::test(start_paused = true)]
async fn few_slow_failures_do_not_open_the_circuit() {
    let span = Duration::from_millis(200);
    let breaker = of(CircuitBreakerConfig {
        failure_threshold: 3,
        min_failure_span: span,
        open_duration: Duration::from_secs(1),
        max_open_duration: Duration::from_secs(3),
    });
    fail(&breaker, 1);
    tokio::time::advance(Duration::from_mins(1)).await;
    fail(&breaker, 1);
    assert!(breaker.is_closed());
}
